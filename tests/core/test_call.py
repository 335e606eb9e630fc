"""One call, played as a script: what is sent, what is retried, and what the caller learns."""

from __future__ import annotations

import contextlib
import gc
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import attrs
import httpcore
import httpx
import pytest

from omics_runs import (
    CancelRunRequest,
    GetRunRequest,
    ListRunsRequest,
    RetryPolicy,
    StartRunRequest,
    Timeout,
    errors,
)
from omics_runs._clock import VirtualClock
from omics_runs._core import call
from omics_runs._endpoint import Endpoint
from omics_runs._env import Env
from omics_runs._request import Request
from omics_runs._retry import THROTTLING_CODES, TRANSIENT_CODES, RetryQuota

from .script import Reply, Script, answer, make_env, refusal

START = StartRunRequest(
    workflow_id="1234567", role_arn="arn:aws:iam::123456789012:role/R", output_uri="s3://b/o"
)
GET = GetRunRequest(id="1")
STARTED = {"id": "1", "arn": "arn:run/1", "status": "PENDING"}
RUN = {"id": "1", "arn": "arn:run/1", "status": "RUNNING"}
LOST = httpx.ReadError("connection reset")


def run(
    request: Request[Any], *replies: Reply, env: Env | None = None, timeout: Timeout | None = None
) -> tuple[Any, Script]:
    """Play a call of `request`; return its result or its error, and the script."""
    env = env or make_env()
    script = Script(env, replies)
    try:
        result: Any = script.play(call(request, env, timeout or env.timeout, env.retry))
    except errors.CallError as error:
        result = error
    return result, script


def test_a_success_carries_its_metadata() -> None:
    """The answer's model knows ids, status, attempts, headers and the raw JSON."""
    started, _ = run(
        START, answer(201, {**STARTED, "new": [1]}, headers={"x-amzn-RequestId": "r1"})
    )
    metadata = started.response_metadata
    assert (metadata.aws_request_id, metadata.status_code, metadata.attempts) == ("r1", 201, 1)
    assert metadata.raw["new"] == [1]
    assert metadata.raw is not metadata.raw
    assert metadata.content == json.dumps({**STARTED, "new": [1]}).encode()
    assert metadata.headers["x-amzn-requestid"] == "r1"
    assert started.extra == {"new": [1]}


@pytest.mark.parametrize(
    ("failure", "attempts"),
    [
        pytest.param(refusal(500, "InternalServerException"), 3, id="500 is retried"),
        pytest.param(refusal(500), 3, id="500 without a code is retried"),
        pytest.param(answer(502, b"<html>Bad gateway</html>"), 3, id="HTML 502 is retried"),
        pytest.param(refusal(503, "SomethingNew"), 3, id="503 of an unknown code is retried"),
        pytest.param(refusal(504), 3, id="504 is retried"),
        pytest.param(refusal(501), 1, id="501 is not retried"),
        pytest.param(refusal(429, "ThrottlingException"), 3, id="429 is retried"),
        pytest.param(refusal(429), 3, id="429 without a code is retried, by its status"),
        pytest.param(refusal(400, "Throttling"), 3, id="a throttling code on a 400 is retried"),
        pytest.param(
            refusal(429, "ValidationException"), 1, id="429 of another modelled code is not"
        ),
        pytest.param(refusal(408, "RequestTimeoutException"), 3, id="408 is retried"),
        pytest.param(refusal(408), 3, id="408 without a code is retried"),
        pytest.param(refusal(402, "ServiceQuotaExceededException"), 1, id="402 is not retried"),
        pytest.param(refusal(400, "ValidationException"), 1, id="400 is not retried"),
        pytest.param(refusal(403, "AccessDeniedException"), 1, id="403 is not retried"),
        pytest.param(refusal(404, "ResourceNotFoundException"), 1, id="404 is not retried"),
        pytest.param(refusal(409, "ConflictException"), 1, id="409 on a first attempt is not"),
        pytest.param(refusal(403, "UnrecognizedClientException"), 1, id="unknown keys are not"),
        pytest.param(LOST, 3, id="a lost connection is retried"),
        pytest.param(httpx.ConnectError("refused"), 3, id="a refused connection is retried"),
        pytest.param(httpx.ReadTimeout(""), 3, id="a read timeout is retried"),
        pytest.param(answer(200, b'{"id": "1", "sta'), 3, id="cut JSON is retried"),
        pytest.param(answer(200, b""), 3, id="an empty 200 is retried"),
        pytest.param(answer(200, b"<html>login</html>"), 3, id="HTML 200 is retried"),
        pytest.param(answer(200, {"id": 1}), 1, id="JSON of the wrong type is not retried"),
        pytest.param(answer(200, b"[]"), 1, id="a JSON list is not retried"),
        pytest.param(answer(302, b""), 1, id="a redirect is neither followed nor retried"),
    ],
)
def test_which_failures_are_retried(failure: Reply, attempts: int) -> None:
    """Each kind of failure is tried as often as the retry standard says, then raised."""
    error, script = run(GET, *[failure] * 3)
    assert isinstance(error, errors.CallError)
    assert len(script.sent) == len(error.attempts) == attempts
    assert error.max_attempts == 3
    assert not error.may_have_taken_effect, "GetRun changes nothing"


def test_delays_double_from_50_ms_after_transient_trouble() -> None:
    """With the jitter at its bound the delays are 50 ms, 100 ms, …, and 20 s at most."""
    env = make_env(retry=RetryPolicy(max_attempts=12), quota=RetryQuota(10_000))
    _, script = run(GET, *[refusal(500)] * 12, env=env)
    assert script.slept == [min(0.05 * 2**n, 20) for n in range(11)]


def test_delays_double_from_1_s_after_throttling() -> None:
    """With the jitter at its bound the delays are 1 s, 2 s, …, and 20 s at most."""
    env = make_env(retry=RetryPolicy(max_attempts=7))
    _, script = run(GET, *[refusal(429, "ThrottlingException")] * 7, env=env)
    assert script.slept == [1, 2, 4, 8, 16, 20]


def test_jitter_is_full() -> None:
    """A random number of 0.25 gives a quarter of the bound."""
    _, script = run(GET, refusal(500), answer(200, RUN), env=make_env(random=lambda: 0.25))
    assert script.slept == [0.0125]


@pytest.mark.parametrize(
    ("header", "delay"),
    [
        pytest.param("1500", 1.5, id="milliseconds"),
        pytest.param("10", 0.05, id="never less than our own delay"),
        pytest.param("60000", 5.05, id="at most 5 s more than our own delay"),
        pytest.param("-5", 0.05, id="negative is ignored"),
        pytest.param("soon", 0.05, id="nonsense is ignored"),
        pytest.param("9" * 400, 0.05, id="beyond all numbers"),
        pytest.param("9" * 5000, 0.05, id="beyond all digits"),
    ],
)
def test_the_service_may_ask_for_a_longer_delay(header: str, delay: float) -> None:
    """`x-amz-retry-after` lengthens the delay, within bounds."""
    failure = refusal(500, **{"x-amz-retry-after": header})
    _, script = run(GET, failure, answer(200, RUN))
    assert script.slept == [delay]


def test_retries_stop_when_the_quota_is_spent() -> None:
    """A retry costs 14 tokens of 500; the 36th is not made, in whichever call."""
    env = make_env()
    sent = sum(len(run(GET, *[refusal(500)] * 3, env=env)[1].sent) for _ in range(20))
    assert sent == 20 + 500 // 14


def test_throttling_costs_less_of_the_quota() -> None:
    """A retry after throttling costs 5 tokens of 500."""
    env = make_env()
    failures = [refusal(429, "ThrottlingException")] * 3
    sent = sum(len(run(GET, *failures, env=env)[1].sent) for _ in range(60))
    assert sent == 60 + 500 // 5


def test_success_gives_tokens_back() -> None:
    """A success returns what its last retry took, or 1 token if there was no retry."""
    env = make_env(quota=RetryQuota(100))
    run(GET, refusal(500), answer(200, RUN), env=env)
    assert env.quota.available == 100
    run(GET, answer(200, RUN), env=env)
    assert env.quota.available == 101


def test_the_quota_never_exceeds_its_size() -> None:
    """A long series of successes doesn't save up for a storm."""
    env = make_env()
    run(GET, answer(200, RUN), env=env)
    assert env.quota.available == 500


def test_each_attempt_says_what_it_is_and_the_token_stays() -> None:
    """All attempts share invocation id and request id; each has its number and signature."""
    _, script = run(START, refusal(500), LOST, answer(201, STARTED))
    assert [r.headers["amz-sdk-request"] for r in script.sent] == [
        "attempt=1; max=3",
        "attempt=2; max=3",
        "attempt=3; max=3",
    ]
    assert len({r.headers["amz-sdk-invocation-id"] for r in script.sent}) == 1
    assert {json.loads(r.content)["requestId"] for r in script.sent} == {START.request_id}
    assert {r.headers["user-agent"] for r in script.sent} == {"test"}
    assert len({id(r) for r in script.sent}) == 3
    assert script.fetched == 3


@pytest.mark.parametrize(
    ("endpoint", "url"),
    [
        pytest.param(
            Endpoint("omics.us-west-2.amazonaws.com"),
            "https://workflows-omics.us-west-2.amazonaws.com/run/1",
            id="AWS, whose hosts have a prefix for each kind of operation",
        ),
        pytest.param(
            Endpoint("https://proxy.test/omics", is_custom=True),
            "https://proxy.test/omics/run/1",
            id="an endpoint of the caller's own",
        ),
    ],
)
def test_where_a_call_goes(endpoint: Endpoint, url: str) -> None:
    """The host of AWS depends on the operation; one of the caller's own is left as it is."""
    _, script = run(GET, answer(200, RUN), env=make_env(endpoint=endpoint))
    assert str(script.sent[0].url) == url


def test_a_conflict_after_a_lost_answer_is_retried() -> None:
    """The 409 may be about our own first attempt, still in flight; then the run is ours."""
    started, script = run(START, LOST, refusal(409, "ConflictException"), answer(201, STARTED))
    assert started.id == "1"
    assert len(script.sent) == 3


@pytest.mark.parametrize(
    "first",
    [
        pytest.param(LOST, id="no answer"),
        pytest.param(refusal(408, "RequestTimeoutException"), id="408"),
        pytest.param(refusal(500), id="500"),
        pytest.param(answer(201, b"{"), id="cut answer"),
    ],
)
def test_a_conflict_that_stays_tells_that_a_run_may_be_there(first: Reply) -> None:
    """After an open first attempt a lasting 409 says that it may have taken effect."""
    conflict = refusal(409, "ConflictException")
    error, _ = run(START, first, conflict, conflict)
    assert isinstance(error, errors.ConflictError)
    assert error.may_have_taken_effect
    assert error.request_id == START.request_id
    assert "may have taken effect" in str(error)


@pytest.mark.parametrize(
    "first",
    [
        pytest.param(httpx.ConnectError("refused"), id="never connected"),
        pytest.param(refusal(429, "ThrottlingException"), id="throttled"),
    ],
)
def test_a_conflict_after_a_harmless_failure_is_final(first: Reply) -> None:
    """If nothing can have happened before, the 409 is about somebody else's run."""
    error, script = run(START, first, refusal(409, "ConflictException"))
    assert len(script.sent) == 2
    assert not error.may_have_taken_effect


def test_a_conflict_without_a_token_is_final() -> None:
    """CancelRun has no idempotency token, so a 409 after a lost answer is raised as it is."""
    error, script = run(CancelRunRequest(id="1"), LOST, refusal(409, "ConflictException"))
    assert len(script.sent) == 2
    assert error.may_have_taken_effect


@pytest.mark.parametrize(
    ("failure", "may_have"),
    [
        pytest.param(LOST, True, id="lost answer"),
        pytest.param(httpx.ReadTimeout(""), True, id="read timeout"),
        pytest.param(httpx.RemoteProtocolError("cut"), True, id="connection closed mid-response"),
        pytest.param(httpx.ConnectError(""), False, id="never connected"),
        pytest.param(httpx.ConnectTimeout(""), False, id="connect timeout"),
        pytest.param(httpx.PoolTimeout(""), False, id="no free connection"),
        pytest.param(refusal(500), True, id="500"),
        pytest.param(answer(201, b"nonsense"), True, id="unreadable 201"),
        pytest.param(answer(201, {"id": 7}), True, id="201 of the wrong type"),
        pytest.param(refusal(400, "ValidationException"), False, id="400"),
        pytest.param(refusal(429, "ThrottlingException"), False, id="429"),
    ],
)
def test_what_may_have_taken_effect(failure: Reply, may_have: bool) -> None:
    """After a StartRun the error knows whether a run may have been started."""
    error, _ = run(START, *[failure] * 3)
    assert error.may_have_taken_effect is may_have
    assert error.request is START


@pytest.mark.parametrize("kind", [httpx.ConnectError, httpx.ConnectTimeout])
@pytest.mark.parametrize(
    ("cause", "may_have"),
    [
        pytest.param(httpcore.ConnectError(), False, id="httpcore"),
        pytest.param(ConnectionResetError(), True, id="anything else"),
    ],
)
def test_whose_word_is_taken_for_it(
    kind: type[Exception], cause: Exception, may_have: bool
) -> None:
    """Other transports call a lost connection one that was never made, so that proves nothing."""
    failure = kind("lost")
    failure.__cause__ = cause
    error, _ = run(START, *[failure] * 3)
    assert error.may_have_taken_effect is may_have


def test_attempts_tell_the_whole_story() -> None:
    """Each attempt is on the error, with its status, request id, reason and delay."""
    error, _ = run(
        GET, refusal(500, "InternalServerException", **{"x-amzn-requestid": "a"}), LOST, LOST
    )
    told = [(a.number, a.status_code, a.aws_request_id, a.reason, a.delay) for a in error.attempts]
    assert told == [
        (1, 500, "a", "InternalServerException", 0.05),
        (2, None, None, "ReadError", 0.1),
        (3, None, None, "ReadError", None),
    ]
    assert isinstance(error.__cause__, httpx.ReadError)


@pytest.mark.parametrize(
    ("failure", "text"),
    [
        pytest.param(LOST, "GetRun: ReadError: connection reset", id="with words"),
        pytest.param(httpx.ReadTimeout(""), "GetRun: ReadTimeout", id="without words"),
        pytest.param(OSError("no route"), "GetRun: OSError: no route", id="an error of the system"),
    ],
)
def test_what_the_error_of_a_lost_answer_says(failure: Exception, text: str) -> None:
    """It names the operation and what the HTTP library met, in its words if it has some."""
    error, _ = run(GET, failure, env=make_env(retry=RetryPolicy(max_attempts=1)))
    assert str(error) == f"{text} [attempt 1 of 1]"


def test_an_invalid_request_is_not_sent() -> None:
    """Every problem is named at once and nothing is sent."""
    env = make_env()
    script = Script(env, [])
    bad = StartRunRequest(role_arn="", output_uri="s3://b", priority=-1)
    with pytest.raises(errors.InvalidRequestError) as caught:
        script.play(call(bad, env, env.timeout, env.retry))
    assert [path for path, _ in caught.value.problems] == ["role_arn", "priority", "workflow_id"]
    assert script.sent == []


def test_validation_can_be_turned_off() -> None:
    """A client built with `validate=False` lets the service judge."""
    error, script = run(
        ListRunsRequest(max_results=1000),
        refusal(400, "ValidationException", "too many"),
        env=make_env(validate=False),
    )
    assert isinstance(error, errors.ValidationError)
    assert script.sent[0].url.query == b"maxResults=1000"


def test_unsigned_calls_ask_for_no_credentials() -> None:
    """`sign=False` never touches the credentials."""
    _, script = run(GET, answer(200, RUN), env=make_env(sign=False, region=None))
    assert script.fetched == 0
    assert "authorization" not in script.sent[0].headers


def test_a_total_timeout_ends_the_retries() -> None:
    """A retry that would begin after the deadline is not waited for."""
    env = make_env(retry=RetryPolicy(max_attempts=10))
    error, script = run(
        GET, *[refusal(429, "ThrottlingException")] * 10, env=env, timeout=Timeout(total=5)
    )
    assert script.slept == [1, 2]
    assert isinstance(error, errors.TransportTimeoutError)
    assert isinstance(error, TimeoutError)
    assert isinstance(error.__cause__, errors.ThrottlingError)
    assert error.request is GET
    assert len(error.attempts) == 3


@pytest.mark.parametrize("seconds", [5, 6])
def test_credentials_that_take_too_long_end_the_call_before_it_is_sent(seconds: float) -> None:
    """When the time is over by the time that the request is signed, it is not sent any more."""
    env = make_env()
    clock = env.clock
    assert isinstance(clock, VirtualClock)
    script = Script(env, [], on_fetch=lambda: clock.advance(seconds))
    with pytest.raises(errors.TransportTimeoutError, match="total timeout of 5 s") as caught:
        script.play(call(GET, env, Timeout(total=5), env.retry))
    assert script.sent == []
    assert not caught.value.may_have_taken_effect


@pytest.mark.parametrize(
    ("total", "time_left"),
    [
        pytest.param(5, [5, 5, 4, 4], id="what is left of the total"),
        pytest.param(None, [None] * 4, id="no total"),
    ],
)
def test_each_step_may_take_what_is_left(
    total: float | None, time_left: list[float | None]
) -> None:
    """Look-ups of keys and exchanges know how long they may take, after the delays too."""
    throttled = refusal(429, "ThrottlingException")
    _, script = run(GET, throttled, answer(200, RUN), timeout=Timeout(total=total))
    assert script.time_left == time_left


def test_a_total_timeout_bounds_each_phase() -> None:
    """The phases' timeouts shrink to the time left."""
    _, script = run(GET, answer(200, RUN), timeout=Timeout(connect=3, read=30, total=2))
    assert script.sent[0].extensions["timeout"] == {"connect": 2, "read": 2, "write": 2, "pool": 2}


def test_endless_timeouts_are_left_to_the_transport() -> None:
    """An infinite bound is no bound in httpx's terms."""
    _, script = run(GET, answer(200, RUN), timeout=Timeout(connect=float("inf"), read=7))
    assert script.sent[0].extensions["timeout"] == {
        "connect": None,
        "read": 7,
        "write": 7,
        "pool": 7,
    }


def test_a_call_closed_half_way_leaves_nothing_behind() -> None:
    """Closing a flow where it stands runs no further effect and keeps no frame alive."""
    env = make_env()
    flow = call(GET, env, env.timeout, env.retry)
    next(flow)
    flow.close()
    assert flow.gi_frame is None


def test_a_raised_error_leaves_no_cycle() -> None:
    """The frames of a failed call don't keep the error alive once the caller has dropped it."""
    env = make_env()
    script = Script(env, [refusal(400, "ValidationException")])
    gc.collect()
    gc.disable()
    try:
        with contextlib.suppress(errors.ValidationError):
            script.play(call(GET, env, env.timeout, env.retry))
        assert not [o for o in gc.get_objects() if type(o) is errors.ValidationError]
    finally:
        gc.enable()


def test_a_retry_that_can_not_be_signed_still_tells_of_the_first_attempt() -> None:
    """After a lost answer nothing goes wrong without the request, its token and the warning."""
    env = make_env()
    wrong = OSError("the vault is sealed")
    script = Script(env, [LOST], on_fetch=failing_from(2, wrong))
    with pytest.raises(errors.TransportError) as caught:
        script.play(call(START, env, env.timeout, env.retry))
    error = caught.value
    assert error.__cause__ is wrong
    assert error.request is START
    assert error.may_have_taken_effect
    assert [attempt.reason for attempt in error.attempts] == ["ReadError", "OSError"]


def test_credentials_that_fail_at_first_are_the_callers_own_business() -> None:
    """Before anything was sent, what a credentials function raises is passed on unchanged."""
    for wrong in (OSError("sealed"), TimeoutError("slow vault")):
        env = make_env()
        script = Script(env, [], on_fetch=failing_from(1, wrong))
        with pytest.raises(type(wrong)) as caught:
            script.play(call(START, env, env.timeout, env.retry))
        assert caught.value is wrong


def test_credentials_that_the_driver_gives_up_on() -> None:
    """When the total timeout ends a look-up of credentials, the call has timed out."""
    env = make_env()
    clock = env.clock
    assert isinstance(clock, VirtualClock)

    def give_up() -> None:
        clock.advance(6)
        raise TimeoutError

    script = Script(env, [], on_fetch=give_up)
    with pytest.raises(errors.TransportTimeoutError, match="total timeout"):
        script.play(call(GET, env, Timeout(total=5), env.retry))


def failing_from(number: int, error: Exception) -> Callable[[], None]:
    """Return a callback that raises `error` from its nth call on."""
    left = [number]

    def fetch() -> None:
        left[0] -= 1
        if left[0] <= 0:
            raise error

    return fetch


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param(RuntimeError("client has been closed"), id="closed meanwhile"),
        pytest.param(ValueError("from a hook"), id="a hook of the caller"),
        pytest.param(OSError("no route"), id="an error of the system"),
        pytest.param(httpx.InvalidURL("odd"), id="httpx, but none of its transport errors"),
    ],
)
def test_whatever_goes_wrong_while_sending_is_typed(wrong: Exception) -> None:
    """An error of no known kind is a TransportError that is neither retried nor lost."""
    error, script = run(START, wrong)
    assert type(error) is errors.TransportError
    assert error.__cause__ is wrong
    assert error.may_have_taken_effect
    assert error.request_id == START.request_id
    assert len(script.sent) == 1


def test_a_hook_that_raises_for_statuses_changes_nothing() -> None:
    """An injected client may raise HTTPStatusError; the service's error is what is reported."""
    answered = refusal(404, "ResourceNotFoundException")
    raised = httpx.HTTPStatusError("404", request=httpx.Request("GET", "/"), response=answered)
    error, script = run(GET, raised)
    assert type(error) is errors.ResourceNotFoundError
    assert len(script.sent) == 1


def test_the_same_request_sent_again_after_a_lost_answer() -> None:
    """A conflict may be about the lost call before: it is retried, and says so if it stays."""
    env = make_env(retry=RetryPolicy(max_attempts=1))
    lost, _ = run(START, httpx.ReadTimeout(""), env=env)
    assert lost.may_have_taken_effect
    conflict = refusal(409, "ConflictException")
    again, _ = run(lost.request, conflict, env=env)
    assert again.may_have_taken_effect
    patient = attrs.evolve(env, retry=RetryPolicy())
    started, script = run(lost.request, conflict, answer(201, STARTED), env=patient)
    assert (started.id, len(script.sent)) == ("1", 2)
    for before in (None, refusal(400, "ValidationException")):
        if before is not None:
            run(START, before, env=patient)
        settled, script = run(START, conflict, env=patient)
        assert (settled.may_have_taken_effect, len(script.sent)) == (False, 1)


def test_a_conflict_about_the_callers_own_token() -> None:
    """A token that the caller gave may have been used by another process: the run may be there."""
    mine = START.replace(request_id="campaign-7-sample-1")
    error, script = run(mine, refusal(409, "ConflictException"))
    assert error.may_have_taken_effect
    assert len(script.sent) == 1


@pytest.mark.parametrize("code", sorted(THROTTLING_CODES))
def test_every_throttling_code(code: str) -> None:
    """Each code that AWS services use for throttling slows down, whatever its status."""
    _, script = run(GET, *[refusal(400, code)] * 3)
    assert script.slept == [1, 2]


@pytest.mark.parametrize("code", sorted(TRANSIENT_CODES))
def test_every_transient_code(code: str) -> None:
    """Each code of a passing timeout is retried soon, whatever its status."""
    _, script = run(GET, *[refusal(400, code)] * 3)
    assert script.slept == [0.05, 0.1]


def test_the_code_decides_before_the_status() -> None:
    """A modelled code wins over the class of the status beside it."""
    error, _ = run(GET, *[refusal(400, "ThrottlingException")] * 3)
    assert type(error) is errors.ThrottlingError


@pytest.mark.parametrize(
    ("failure", "may_have"),
    [
        pytest.param(httpx.WriteError(""), True, id="half written"),
        pytest.param(httpx.WriteTimeout(""), True, id="half written in time"),
        pytest.param(httpx.ProxyError(""), False, id="the proxy refused"),
        pytest.param(httpx.UnsupportedProtocol(""), False, id="no such protocol"),
    ],
)
def test_what_else_may_have_taken_effect(failure: Exception, may_have: bool) -> None:
    """Once a byte may have left, so may the whole request."""
    error, _ = run(START, *[failure] * 3)
    assert error.may_have_taken_effect is may_have


class LateClock(VirtualClock):
    """A clock that shows another day."""

    def now(self) -> datetime:
        return datetime(2031, 2, 3, 4, 5, 6, tzinfo=UTC)


def test_signatures_are_for_the_clients_region_and_by_its_clock() -> None:
    """Region and time of a signature are the client's, in each attempt."""
    env = make_env(region="eu-west-1", clock=LateClock())
    _, script = run(GET, refusal(500), answer(200, RUN), env=env)
    for request in script.sent:
        assert request.headers["x-amz-date"] == "20310203T040506Z"
        assert "/20310203/eu-west-1/omics/aws4_request" in request.headers["authorization"]


def test_a_plain_number_is_the_total_and_keeps_the_rest() -> None:
    """`timeout=5` bounds the call; connecting and reading keep the client's own bounds."""
    bounds = Timeout.of(5, Timeout(connect=1, read=2))
    assert bounds == Timeout(connect=1, read=2, total=5)


def test_a_retry_needs_time_left() -> None:
    """A delay that would end exactly at the deadline leaves no time for the retry."""
    _, script = run(GET, refusal(429, "ThrottlingException"), timeout=Timeout(total=1))
    assert script.slept == []


@pytest.mark.parametrize("thing", [None, "StartRun", 7, answer(200)])
def test_only_requests_can_be_sent(thing: Any) -> None:
    """What is no request model is refused by name."""
    env = make_env()
    with pytest.raises(errors.InvalidRequestError) as refused:
        Script(env, []).play(call(thing, env, env.timeout, env.retry))
    assert str(refused.value) == (
        "send was refused and nothing was sent: request: "
        f"must be a request model such as StartRunRequest, got {type(thing).__name__}"
    )


def test_a_subclass_of_a_request_is_one() -> None:
    """A request class of the caller's own is sent, and checked, as what it is."""

    class Mine(StartRunRequest):
        """A StartRun with a method more."""

    mine = Mine(workflow_id="1", role_arn="arn:r", output_uri="s3://b")
    started, _ = run(mine, answer(201, STARTED))
    assert started.id == "1"
    assert Mine(role_arn="arn:r", output_uri="s3://b").problems() != ()


def test_a_subclass_may_have_the_name_of_what_it_is_made_of() -> None:
    """The first class of that name is not the SDK's, and the next one is."""
    namesake: Any = type("StartRunRequest", (StartRunRequest,), {})
    started, _ = run(namesake.from_dict(START.to_dict()), answer(201, STARTED))
    assert started.id == "1"


def test_a_name_alone_makes_no_request_model() -> None:
    """A stranger's class that is called like one of the SDK's is refused."""
    namesake: Any = type("StartRunRequest", (Request,), {})
    with pytest.raises(errors.InvalidRequestError, match="must be a request model"):
        run(namesake())


def test_the_cause_speaks_for_an_error_without_words() -> None:
    """Some network errors say nothing themselves, as those of TLS on trio."""
    silent = httpx.ConnectError("")
    silent.__cause__ = OSError("certificate has expired")
    error, _ = run(GET, *[silent] * 3)
    assert "ConnectError: certificate has expired" in str(error)
