"""What a client tells of each attempt and each wait, and what becomes of what a hook raises."""

from __future__ import annotations

import logging
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import attrs
import httpx
import pytest

from omics_runs import CancelRunRequest, OmicsRunsClient, errors
from omics_runs._core import call
from omics_runs._env import Env
from omics_runs._hooks import Hooks, RequestEvent, ResponseEvent, RetryEvent
from omics_runs._job import Job
from omics_runs._wait_plan import plan_run_wait
from omics_runs._waiting import wait_until

from .script import Script, answer, make_env, refusal
from .test_call import GET, LOST, RUN, START, STARTED, run
from .test_waiting import seen, wait

Event = RequestEvent | ResponseEvent | RetryEvent


class ToldError(Exception):
    """Raised by a hook."""


def listening(**changes: Any) -> tuple[Env, list[Any]]:
    """Return settings whose hooks write down all that they are told."""
    told: list[Any] = []
    hooks = Hooks(on_request=told.append, on_response=told.append, on_retry=told.append)
    return make_env(hooks=hooks, **changes), told


def test_hooks_see_each_attempt() -> None:
    """Before each attempt, after it, and before the wait for the next."""
    env, told = listening()
    refused = refusal(500, **{"x-amzn-RequestId": "r1"})
    answered = answer(201, STARTED, headers={"x-amzn-RequestId": "r2"})
    started, _ = run(START, refused, answered, env=env)
    assert [type(event).__name__ for event in told] == [
        "RequestEvent",
        "ResponseEvent",
        "RetryEvent",
        "RequestEvent",
        "ResponseEvent",
    ]
    assert {event.operation for event in told} == {"StartRun"}
    assert all(event.request is START for event in told)
    first, failed, retried, second, succeeded = told
    assert (first.number, second.number) == (1, 2)
    assert (first.method, first.url) == ("POST", "https://example.test/run")
    assert (failed.attempt.status_code, failed.attempt.aws_request_id) == (500, "r1")
    assert (failed.attempt.delay, failed.response) == (0.05, None)
    assert retried.attempt == failed.attempt
    assert retried.error is failed.error
    assert isinstance(retried.error, errors.InternalServerError)
    assert (succeeded.attempt.number, succeeded.attempt.reason) == (2, None)
    assert (succeeded.attempt.status_code, succeeded.attempt.aws_request_id) == (201, "r2")
    assert succeeded.response is started
    assert succeeded.error is None


def test_hooks_see_an_attempt_without_an_answer() -> None:
    """A lost connection is an attempt like any other, without a status."""
    env, told = listening()
    run(GET, LOST, LOST, LOST, env=env)
    ended = [event.attempt for event in told if isinstance(event, ResponseEvent)]
    assert [(a.number, a.status_code, a.reason) for a in ended] == [
        (n, None, "ReadError") for n in (1, 2, 3)
    ]
    assert sum(isinstance(event, RetryEvent) for event in told) == 2


def test_the_errors_of_hooks_know_what_is_known_so_far() -> None:
    """The error of the second attempt knows of the first, and what the service may have done."""
    texts: list[str] = []
    env = make_env(hooks=Hooks(on_retry=lambda event: texts.append(str(event.error))))
    run(GET, LOST, LOST, answer(200, RUN), env=env)
    run(START, httpx.ConnectError("refused"), refusal(503), answer(201, STARTED), env=env)
    assert texts == [
        "GetRun: ReadError: connection reset [attempt 1 of 3]",
        "GetRun: ReadError: connection reset [attempt 2 of 3]",
        "StartRun: ConnectError: refused [attempt 1 of 3]",
        "StartRun: 503: no [attempt 2 of 3, may have taken effect]",
    ]


@pytest.mark.parametrize("name", ["on_request", "on_response", "on_retry"])
def test_what_a_hook_raises_ends_the_call(name: str) -> None:
    """It reaches the caller unchanged, and nothing more is sent."""

    def refuse(event: Event) -> None:
        raise ToldError(type(event).__name__)

    env = make_env(hooks=Hooks(**{name: refuse}))
    script = Script(env, [refusal(500), answer(200, RUN)])
    with pytest.raises(ToldError):
        script.play(call(GET, env, env.timeout, env.retry))
    assert len(script.sent) == (0 if name == "on_request" else 1)


@pytest.mark.parametrize("kind", [ToldError, KeyboardInterrupt, SystemExit])
def test_a_hook_that_raises_after_a_start_does_not_hide_the_run(
    kind: type[BaseException], caplog: pytest.LogCaptureFixture
) -> None:
    """A note on what it raised, and the log, say which run was started."""

    def refuse(event: ResponseEvent) -> None:
        raise kind

    env = make_env(hooks=Hooks(on_response=refuse))
    script = Script(env, [answer(201, STARTED)])
    with pytest.raises(kind) as raised:
        script.play(call(START, env, env.timeout, env.retry))
    (note,) = raised.value.__notes__
    assert "StartRun had succeeded" in note
    assert "id='1'" in note
    assert note in caplog.text


def raising_at(name: str, number: int) -> Hooks:
    """Return hooks of which one raises, at the attempt of a number."""

    def refuse(event: Event) -> None:
        at = event.number if isinstance(event, RequestEvent) else event.attempt.number
        if at == number:
            raise ToldError

    return Hooks(**{name: refuse})


@pytest.mark.parametrize(
    ("name", "number"),
    [
        pytest.param("on_response", 1, id="on_response of the lost attempt"),
        pytest.param("on_retry", 1, id="on_retry"),
        pytest.param("on_request", 2, id="on_request of the next attempt"),
    ],
)
def test_a_hook_that_raises_after_a_lost_answer_does_not_hide_the_run(
    name: str, number: int, caplog: pytest.LogCaptureFixture
) -> None:
    """The request id is in a note and in the log, and a later conflict is known to be our own."""
    env = make_env(hooks=raising_at(name, number))
    script = Script(env, [LOST])
    with pytest.raises(ToldError) as raised:
        script.play(call(START, env, env.timeout, env.retry))
    assert START.request_id in raised.value.__notes__[0]
    assert START.request_id in caplog.text
    again = attrs.evolve(env, hooks=Hooks())
    conflict = refusal(409, "ConflictException")
    started, _ = run(START, conflict, answer(201, STARTED), env=again)
    assert started.id == "1"


def test_ctrl_c_while_the_answer_is_read_does_not_hide_the_run(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The answer had come, but nobody has seen it: the request id is in the log."""

    class Interrupting(httpx.Response):
        @property
        def content(self) -> bytes:
            raise KeyboardInterrupt

    env = make_env()
    with pytest.raises(KeyboardInterrupt):
        run(START, Interrupting(201), env=env)
    assert START.request_id in caplog.text


def test_an_interrupted_change_without_a_token_is_told_as_well(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """CancelRun has no request id to name."""
    env = make_env()
    flow = call(CancelRunRequest(id="1"), env, env.timeout, env.retry)
    Script(env, []).until_sent(flow)
    flow.close()
    assert caplog.messages == ["CancelRun was interrupted and may have taken effect"]


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(
            errors.ResourceNotFoundError(
                "no group",
                operation="GetRunGroup",
                code="ResourceNotFoundException",
                status_code=404,
            ),
            id="404",
        ),
        pytest.param(
            errors.InternalServerError("x", operation="ListRuns", code="X", status_code=500),
            id="500",
        ),
        pytest.param(errors.CredentialsError("none", is_passing=True), id="keys"),
    ],
)
@pytest.mark.parametrize("name", ["on_request", "on_response"])
def test_what_a_hook_raises_in_a_wait_is_not_the_polls_own(name: str, error: Exception) -> None:
    """A hook that fails for its own reasons ends the wait as that, whatever class it raises."""

    def refuse(event: Event) -> None:
        raise error

    env = make_env(hooks=Hooks(**{name: refuse}))
    found, _ = wait(seen("RUNNING"), seen("COMPLETED"), env=env)
    assert found is error


def test_a_hook_may_end_a_wait_by_the_error_it_was_told() -> None:
    """Who wants no poll repeated raises what the hook is told."""

    def refuse(event: RetryEvent) -> None:
        raise event.error

    found, script = wait(seen("RUNNING"), refusal(503), env=make_env(hooks=Hooks(on_retry=refuse)))
    assert isinstance(found, errors.ServiceError)
    assert len(script.sent) == 2


async def async_hook(event: Event) -> None:
    """Never be awaited."""


class AsyncHook:
    """An object that is called, and whose call must be awaited."""

    async def __call__(self, event: Event) -> None:
        """Never be awaited."""


@pytest.mark.parametrize("value", [async_hook, AsyncHook(), "print", 7])
@pytest.mark.parametrize("name", ["on_request", "on_response", "on_retry"])
def test_a_hook_is_a_plain_function(name: str, value: Any) -> None:
    """Anything else is refused when the client is built."""
    with pytest.raises(errors.ConfigurationError, match=f"{name} must be a plain function"):
        OmicsRunsClient("us-west-2", **{name: value})


class Spans:
    """Stands for a client's tracing: what its spans are around, and the attempts they hear of."""

    def __init__(self) -> None:
        self.told: list[Any] = []

    @contextmanager
    def span(self, job: Job[Any]) -> Generator[None]:
        """Note the beginning, each attempt and the end of a call."""
        self.told.append(f"begin {job.operation.name}")
        job.on_attempt = lambda attempt: self.told.append(attempt.status_code)
        yield
        self.told.append("end")


def test_a_traced_call_is_one_span() -> None:
    """It is around all attempts, and hears of each."""
    spans = Spans()
    run(START, refusal(500), answer(201, STARTED), env=make_env(tracing=spans))
    assert spans.told == ["begin StartRun", 500, 201, "end"]


def test_each_attempt_is_one_log_line(caplog: pytest.LogCaptureFixture) -> None:
    """It reads well, and its fields are on the record for those who log JSON."""
    with caplog.at_level(logging.DEBUG, logger="omics_runs"):
        run(START, refusal(500, **{"x-amzn-RequestId": "r1"}), LOST, answer(201, STARTED))
    assert [record.getMessage() for record in caplog.records] == [
        "StartRun attempt 1 of 3: 500 in 0.000 s [500] [r1]",
        "StartRun attempt 2 of 3: no answer in 0.000 s [ReadError]",
        "StartRun attempt 3 of 3: 201 in 0.000 s",
    ]
    first: Any = caplog.records[0]
    assert first.omics_runs == {
        "operation": "StartRun",
        "number": 1,
        "duration": 0.0,
        "status_code": 500,
        "aws_request_id": "r1",
        "reason": "500",
        "delay": 0.05,
    }


@pytest.mark.parametrize(
    ("status", "outcome", "text"),
    [
        pytest.param("COMPLETED", "reached", "reached, it is COMPLETED", id="reached"),
        pytest.param("FAILED", "RunFailedError", "RunFailedError, it is FAILED", id="unreachable"),
    ],
)
def test_each_wait_is_one_log_line(
    caplog: pytest.LogCaptureFixture, status: str, outcome: str, text: str
) -> None:
    """However a wait ends, one line says how."""
    with caplog.at_level(logging.INFO, logger="omics_runs"):
        wait(seen("PENDING"), seen(status))
    (record,) = caplog.records
    assert record.getMessage() == f"wait for run 1 to be COMPLETED: {text} after 2 polls in 5.0 s"
    told: Any = record
    assert told.omics_runs == {
        "waiting_for": "run 1",
        "wanted": ["COMPLETED"],
        "status": status,
        "polls": 2,
        "elapsed": 5.0,
        "outcome": outcome,
    }


def test_a_wait_that_is_given_up_says_so(caplog: pytest.LogCaptureFixture) -> None:
    """A wait whose caller was cancelled before anything was seen leaves its line, too."""
    env = make_env()
    plan = plan_run_wait("1", "COMPLETED", None, 5, 60, None)
    flow = wait_until(plan, env)
    with caplog.at_level(logging.INFO, logger="omics_runs"):
        Script(env, []).until_sent(flow)
        flow.close()
    last: Any = caplog.records[-1]
    assert "interrupted, it is unseen after 1 polls" in last.getMessage()
    assert last.omics_runs["status"] is None


def test_an_interrupted_start_leaves_its_request_id(caplog: pytest.LogCaptureFixture) -> None:
    """Who cancels a start in the middle can still find out whether there is a run."""
    env = make_env()
    flow = call(START, env, env.timeout, env.retry)
    next(flow)
    flow.close()
    assert not caplog.records, "nothing had been sent"
    flow = call(START, env, env.timeout, env.retry)
    Script(env, []).until_sent(flow)
    flow.close()
    assert caplog.records[-1].getMessage() == (
        f"StartRun was interrupted and may have taken effect; its request id is {START.request_id}"
    )
    assert START.request_id in env.unsettled


def test_an_interrupted_read_is_no_news(caplog: pytest.LogCaptureFixture) -> None:
    """A read changes nothing."""
    env = make_env()
    flow = call(GET, env, env.timeout, env.retry)
    Script(env, []).until_sent(flow)
    flow.close()
    assert not caplog.records


def test_events_show_no_secrets() -> None:
    """Their texts hold neither documents nor keys."""
    env, told = listening()
    request = attrs.evolve(START, parameters={"patient": "jane"}, session_policy="policy-text")
    run(request, answer(201, STARTED), env=env)
    assert "jane" not in repr(told)
    assert "policy-text" not in repr(told)
    assert "secret" not in repr(told)
