"""What a client tells of each attempt and each wait, and what becomes of what a hook raises."""

from __future__ import annotations

import logging
from typing import Any

import attrs
import pytest

from omics_runs import OmicsRunsClient, errors
from omics_runs._core import call
from omics_runs._env import Env
from omics_runs._hooks import Hooks, RequestEvent, ResponseEvent, RetryEvent
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
    started, _ = run(
        START, refusal(500, **{"x-amzn-RequestId": "r1"}), answer(201, STARTED), env=env
    )
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


def test_the_errors_of_hooks_know_the_attempts_so_far() -> None:
    """The error of the second attempt knows of the first."""
    env, told = listening()
    run(GET, LOST, LOST, answer(200, RUN), env=env)
    known = [len(event.error.attempts) for event in told if isinstance(event, RetryEvent)]
    assert known == [1, 2]


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


def test_a_hook_that_raises_after_a_start_does_not_hide_the_run() -> None:
    """The note on what it raised says which run was started."""

    def refuse(event: ResponseEvent) -> None:
        raise ToldError

    env = make_env(hooks=Hooks(on_response=refuse))
    script = Script(env, [answer(201, STARTED)])
    with pytest.raises(ToldError) as raised:
        script.play(call(START, env, env.timeout, env.retry))
    assert "StartRun had succeeded" in raised.value.__notes__[0]
    assert "id='1'" in raised.value.__notes__[0]


async def async_hook(event: Event) -> None:
    """Never be awaited."""


@pytest.mark.parametrize("value", [async_hook, "print", 7])
@pytest.mark.parametrize("name", ["on_request", "on_response", "on_retry"])
def test_a_hook_is_a_plain_function(name: str, value: Any) -> None:
    """Anything else is refused when the client is built."""
    with pytest.raises(errors.ConfigurationError, match=f"{name} must be a plain function"):
        OmicsRunsClient("us-west-2", **{name: value})


def test_each_attempt_is_one_log_line(caplog: pytest.LogCaptureFixture) -> None:
    """It reads well, and its fields are on the record for those who log JSON."""
    with caplog.at_level(logging.DEBUG, logger="omics_runs"):
        run(START, refusal(500, **{"x-amzn-RequestId": "r1"}), answer(201, STARTED))
    assert [record.getMessage() for record in caplog.records] == [
        "StartRun attempt 1 of 3: 500 in 0.000 s [500] [r1]",
        "StartRun attempt 2 of 3: 201 in 0.000 s",
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
        pytest.param("COMPLETED", "reached", "COMPLETED: reached, it is COMPLETED", id="reached"),
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
    assert text in record.getMessage()
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
    assert "interrupted, it is unseen after 1 polls" in caplog.records[-1].getMessage()


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
    assert START.request_id in caplog.records[-1].getMessage()
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
