"""One OpenTelemetry span per call, with an event per attempt.

The names are those that OpenTelemetry's conventions give to the spans of AWS SDKs:
https://opentelemetry.io/docs/specs/semconv/cloud-providers/aws-sdk/. OpenTelemetry is imported
only for a client that was given a tracer provider.
"""

from __future__ import annotations

import importlib
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

import httpx
from attrs import frozen

from omics_runs._errors import ConfigurationError
from omics_runs._version import __version__

if TYPE_CHECKING:
    from omics_runs._errors import Attempt
    from omics_runs._job import Job

SERVICES = {"omics": "Omics", "logs": "CloudWatch Logs"}
"""What AWS calls each service, by what calls are signed for."""


class TracerProvider(Protocol):
    """OpenTelemetry's `TracerProvider`."""

    def get_tracer(
        self, instrumenting_module_name: str, instrumenting_library_version: str | None = None, /
    ) -> Any:
        """Return what starts spans."""
        ...


@frozen
class Tracing:
    """Where a client's spans go, and what all of them say."""

    tracer: Any
    trace: Any
    """The module `opentelemetry.trace`."""
    attributes: Mapping[str, str | int]

    @classmethod
    def of(cls, provider: TracerProvider | None, region: str | None) -> Tracing | None:
        """Return the tracing of a client, None for a client without.

        Raises:
            ConfigurationError: `provider` can't make tracers, or OpenTelemetry is not installed.
        """
        if provider is None:
            return None
        if not callable(getattr(provider, "get_tracer", None)):
            msg = f"tracer_provider must be an OpenTelemetry TracerProvider, got {provider!r}"
            raise ConfigurationError(msg)
        try:
            trace = importlib.import_module("opentelemetry.trace")
        except ImportError as error:
            msg = "tracer_provider needs OpenTelemetry: pip install 'omics-runs[otel]'"
            raise ConfigurationError(msg) from error
        attributes = {"rpc.system": "aws-api"}
        if region is not None:
            attributes["cloud.region"] = region
        return cls(provider.get_tracer("omics_runs", __version__), trace, attributes)

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel to another process without the provider: there, the global one is used."""
        return _of_global_provider, (self.attributes.get("cloud.region"),)

    @contextmanager
    def span(self, job: Job[Any]) -> Generator[None]:
        """Have a span around the whole of a call, its waits between attempts included."""
        operation, service = job.operation.name, SERVICES[job.operation.service]
        with self.tracer.start_as_current_span(
            f"{service}.{operation}",
            kind=self.trace.SpanKind.CLIENT,
            attributes={
                **self.attributes,
                "rpc.service": service,
                "rpc.method": operation,
                "server.address": httpx.URL(job.payload.url).host,
            },
            record_exception=False,  # its text may be long, and the events tell the same
            set_status_on_exception=False,
        ) as span:
            job.on_attempt = lambda attempt: _tell(span, attempt)
            try:
                yield
            except BaseException as error:
                self._mark(span, _kind(error))
                raise
            if job.failure is not None:
                self._mark(span, job.failure)

    def _mark(self, span: Any, kind: str) -> None:
        span.set_attribute("error.type", kind)
        span.set_status(self.trace.StatusCode.ERROR, kind)


def _of_global_provider(region: str | None) -> Tracing | None:
    trace: Any = importlib.import_module("opentelemetry.trace")
    return Tracing.of(trace.get_tracer_provider(), region)


def _kind(error: BaseException) -> str:
    return "interrupted" if isinstance(error, GeneratorExit) else type(error).__name__


def _tell(span: Any, attempt: Attempt) -> None:
    known = {
        "http.response.status_code": attempt.status_code,
        "aws.request_id": attempt.aws_request_id,
    }
    of_call = {name: value for name, value in known.items() if value is not None}
    span.set_attributes(of_call)
    if attempt.number > 1:
        span.set_attribute("http.request.resend_count", attempt.number - 1)
    of_attempt = {
        "attempt.number": attempt.number,
        "attempt.duration": attempt.duration,
        "attempt.delay": attempt.delay,
        "error.type": attempt.reason,
    }
    present = {name: value for name, value in of_attempt.items() if value is not None}
    span.add_event("attempt", {**of_call, **present})
