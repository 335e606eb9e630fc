"""Spans as OpenTelemetry's own SDK records them, in all three colors."""

from __future__ import annotations

import sys
from typing import Any

import httpx
import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from omics_runs import Credentials, OmicsRunsClient, RequestEvent, errors
from omics_runs.emulator import Emulator, Fault

from .conftest import Caller

START: dict[str, Any] = {
    "workflow_id": "1234567",
    "role_arn": "arn:aws:iam::123456789012:role/R",
    "output_uri": "s3://b/o",
}


class Recorder:
    """A tracer provider, and what became of its spans."""

    def __init__(self) -> None:
        self.exporter = InMemorySpanExporter()
        self.provider = TracerProvider()
        self.provider.add_span_processor(SimpleSpanProcessor(self.exporter))

    @property
    def spans(self) -> tuple[ReadableSpan, ...]:
        """The spans that have ended, in the order of their ends."""
        return self.exporter.get_finished_spans()


def test_a_call_is_one_span_with_an_event_per_attempt(caller: Caller) -> None:
    """Names and attributes are those of the conventions for AWS SDKs."""
    recorder, emulator = Recorder(), Emulator()
    emulator.faults.add(Fault("StartRun", status=500))
    client = caller.client(emulator, tracer_provider=recorder.provider)
    started = client.start_run(**START)
    (span,) = recorder.spans
    assert (span.name, span.kind) == ("Omics.StartRun", trace.SpanKind.CLIENT)
    assert dict(span.attributes or {}) == {
        "rpc.system": "aws-api",
        "rpc.service": "Omics",
        "rpc.method": "StartRun",
        "cloud.region": client.wrapped._env.region,
        "server.address": httpx.URL(client.wrapped._env.endpoint.url_for("workflows-")).host,
        "http.response.status_code": 201,
        "http.request.resend_count": 1,
        "aws.request_id": started.response_metadata.aws_request_id,
    }
    assert span.status.status_code is trace.StatusCode.UNSET
    told = [dict(event.attributes or {}) for event in span.events]
    assert [(one["attempt.number"], one["http.response.status_code"]) for one in told] == [
        (1, 500),
        (2, 201),
    ]
    assert told[0]["error.type"] == "InternalServerException"
    client.close()


def test_a_call_for_logs_is_one_of_another_service(caller: Caller) -> None:
    """Its span says which service was called."""
    recorder = Recorder()
    client = caller.client(Emulator(), tracer_provider=recorder.provider)
    client.describe_log_streams(log_group_name="/aws/omics/WorkflowLog")
    (span,) = recorder.spans
    assert span.name == "CloudWatch Logs.DescribeLogStreams"
    assert (span.attributes or {})["rpc.service"] == "CloudWatch Logs"
    client.close()


def test_a_failed_call_has_an_error_status(caller: Caller) -> None:
    """The type of the error is the service's code."""
    recorder = Recorder()
    client = caller.client(Emulator(), tracer_provider=recorder.provider)
    with pytest.raises(errors.ResourceNotFoundError):
        client.get_run("404")
    (span,) = recorder.spans
    assert span.status.status_code is trace.StatusCode.ERROR
    assert (span.attributes or {})["error.type"] == "ResourceNotFoundException"
    client.close()


def test_spans_nest(caller: Caller) -> None:
    """While a call is under way its span is the current one."""
    recorder = Recorder()
    current: list[Any] = []

    def look(event: RequestEvent) -> None:
        current.append(trace.get_current_span().get_span_context().span_id)

    emulator = Emulator()
    client = caller.client(emulator, tracer_provider=recorder.provider, on_request=look)
    started = client.start_run(**START)
    client.wait_until(started)
    assert [span.get_span_context().span_id for span in recorder.spans] == current
    assert {span.name for span in recorder.spans} == {"Omics.StartRun", "Omics.GetRun"}
    assert not trace.get_current_span().get_span_context().is_valid
    client.close()


def test_a_call_that_is_given_up_ends_its_span() -> None:
    """Whatever interrupts a call, its span ends and says so."""
    recorder = Recorder()

    def interrupt(request: httpx.Request) -> httpx.Response:
        raise KeyboardInterrupt

    http = httpx.Client(transport=httpx.MockTransport(interrupt))
    client = OmicsRunsClient(
        "us-west-2", sign=False, http_client=http, tracer_provider=recorder.provider
    )
    with pytest.raises(KeyboardInterrupt):
        client.get_run("1")
    (span,) = recorder.spans
    assert (span.attributes or {})["error.type"] == "interrupted"


def test_a_provider_is_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    """What makes no tracers is refused, and so is tracing without OpenTelemetry."""
    given: Any = "yes"
    with pytest.raises(errors.ConfigurationError, match="must be an OpenTelemetry TracerProvider"):
        OmicsRunsClient("us-west-2", tracer_provider=given)
    monkeypatch.setitem(sys.modules, "opentelemetry.trace", None)
    with pytest.raises(errors.ConfigurationError, match=r"omics-runs\[otel\]"):
        OmicsRunsClient("us-west-2", tracer_provider=Recorder().provider)


def test_a_client_without_a_region_has_spans_too() -> None:
    """An unsigned client of another endpoint may have no region to name."""
    recorder = Recorder()
    http = httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(404)))
    client = OmicsRunsClient(
        endpoint_url="http://localhost",
        sign=False,
        http_client=http,
        tracer_provider=recorder.provider,
    )
    with pytest.raises(errors.ResourceNotFoundError):
        client.get_run("1")
    assert recorder.spans[0].name == "Omics.GetRun"


def test_an_exporter_that_breaks_does_not_hide_a_run(caplog: pytest.LogCaptureFixture) -> None:
    """What it raises reaches the caller with a note of the run that was started."""

    class Broken(SpanProcessor):
        def on_end(self, span: ReadableSpan) -> None:
            msg = "the exporter broke"
            raise RuntimeError(msg)

    provider = TracerProvider()
    provider.add_span_processor(Broken())
    client = Emulator().client(tracer_provider=provider)
    with pytest.raises(RuntimeError, match="the exporter broke") as raised:
        client.start_run(**START)
    client.close()
    assert "StartRun had succeeded" in raised.value.__notes__[0]


def test_a_call_without_keys_has_an_error_status(caller: Caller) -> None:
    """Nothing was sent, and the span says why."""

    def no_keys() -> Credentials:
        msg = "none"
        raise errors.CredentialsError(msg)

    recorder = Recorder()
    client = caller.client(Emulator(), tracer_provider=recorder.provider, credentials=no_keys)
    with pytest.raises(errors.CredentialsError):
        client.get_run("1")
    assert (recorder.spans[0].attributes or {})["error.type"] == "CredentialsError"
    client.close()
