"""A refusal for expired keys or a wrong clock is mended once in a call, and tried again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx
import pytest

from omics_runs import GetRunRequest, RetryPolicy, StartRunRequest, errors
from omics_runs._clock import VirtualClock
from omics_runs._env import Env
from omics_runs._request import Request
from omics_runs._skew import ClockOffset

from .script import Reply, Script, answer, make_env, refusal
from .test_call import GET, RUN, START, STARTED, run

OURS = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)
EXPIRED = refusal(403, "ExpiredTokenException")


class Calendar(VirtualClock):
    """A clock with a time of day of its own."""

    def now(self) -> datetime:
        """Return the same day at noon, and the virtual seconds on top."""
        return OURS + timedelta(seconds=self.monotonic())


def dated(reply: httpx.Response, skew: timedelta) -> httpx.Response:
    """Return `reply` with the date of a service whose clock is ahead by `skew`."""
    reply.headers["date"] = format_datetime(OURS + skew, usegmt=True)
    return reply


def signed_for(script: Script) -> list[timedelta]:
    """Return how far each request's signature is ahead of our clock."""
    dates = [request.headers["x-amz-date"] for request in script.sent]
    return [datetime.strptime(date, "%Y%m%dT%H%M%S%z") - OURS for date in dates]


@pytest.mark.parametrize("code", ["ExpiredToken", "ExpiredTokenException"])
@pytest.mark.parametrize("max_attempts", [1, 3])
def test_expired_keys_are_renewed_once(code: str, max_attempts: int) -> None:
    """One forced look-up and one more attempt, at once, and beyond the policy's attempts."""
    env = make_env(retry=RetryPolicy(max_attempts=max_attempts))
    found, script = run(GET, refusal(403, code), answer(200, RUN), env=env)
    assert found.status == "RUNNING"
    assert [keys is not None for keys in script.refused] == [False, True]
    assert (sum(script.slept), len(script.sent)) == (0, 2)
    assert [r.headers["amz-sdk-request"] for r in script.sent] == [
        f"attempt=1; max={max_attempts}",
        f"attempt=2; max={max_attempts + 1}",
    ]


def test_keys_that_expire_again_end_the_call() -> None:
    """A second refusal is raised with both attempts, and the run was surely not started."""
    error, script = run(START, EXPIRED, EXPIRED, answer(201, STARTED))
    assert isinstance(error, errors.AuthenticationError)
    assert len(script.sent) == len(error.attempts) == 2
    assert error.max_attempts == 4
    assert not error.may_have_taken_effect
    assert "attempt 2 of 4" in str(error)


def test_the_renewal_takes_no_attempt_from_the_policy() -> None:
    """After renewed keys, trouble that passes is still tried three times."""
    error, script = run(GET, refusal(500), EXPIRED, refusal(500), refusal(500))
    assert isinstance(error, errors.InternalServerError)
    assert len(script.sent) == 4


def test_each_call_may_renew() -> None:
    """What one call has renewed, another may have to renew again days later."""
    env = make_env()
    for _ in range(2):
        found, script = run(GET, EXPIRED, answer(200, RUN), env=env)
        assert (found.status, script.fetched) == ("RUNNING", 2)


@pytest.mark.parametrize(
    "refused",
    [
        pytest.param(EXPIRED, id="no keys to renew"),
        pytest.param(refusal(403, "InvalidSignatureException"), id="no time to correct"),
    ],
)
def test_an_unsigned_call_has_nothing_to_mend(refused: Reply) -> None:
    """A proxy that refuses an unsigned call would refuse it again."""
    error, script = run(GET, refused, env=make_env(sign=False))
    assert isinstance(error, errors.AuthenticationError)
    assert len(script.sent) == 1


@pytest.mark.parametrize(
    "code",
    [
        "InvalidSignatureException",
        "SignatureDoesNotMatch",
        "AuthFailure",
        "RequestTimeTooSkewed",
        "AccessDeniedException",
    ],
)
@pytest.mark.parametrize("hours", [-30, 2])
def test_a_wrong_clock_is_corrected_once(code: str, hours: int) -> None:
    """The attempt that follows is signed for the service's time, and so is every later call."""
    env = make_env(clock=Calendar(), retry=RetryPolicy(max_attempts=1))
    skew = timedelta(hours=hours)
    found, script = run(
        GET, dated(refusal(403, code), skew), dated(answer(200, RUN), skew), env=env
    )
    assert found.status == "RUNNING"
    assert signed_for(script) == [timedelta(0), skew]
    assert script.slept == [0]
    _, later = run(GET, dated(answer(200, RUN), skew), env=env)
    assert signed_for(later) == [skew]


def test_a_refusal_with_the_right_time_is_final() -> None:
    """A signature that is wrong for another reason is not sent again, nor is one corrected."""
    wrong = refusal(403, "SignatureDoesNotMatch")
    error, script = run(GET, dated(wrong, timedelta(0)), env=make_env(clock=Calendar()))
    assert isinstance(error, errors.AuthenticationError)
    assert len(script.sent) == 1
    skew = timedelta(hours=1)
    refused = [dated(refusal(403, "SignatureDoesNotMatch"), skew * n) for n in (1, 2)]
    error, script = run(GET, *refused, env=make_env(clock=Calendar()))
    assert isinstance(error, errors.AuthenticationError)
    assert len(script.sent) == 2


@pytest.mark.parametrize(
    ("minutes", "sent"),
    [
        pytest.param(4, 1, id="4 minutes"),
        pytest.param(-4, 1, id="4 minutes back"),
        pytest.param(5, 2, id="5 minutes"),
        pytest.param(-5, 2, id="5 minutes back"),
    ],
)
def test_a_skew_of_four_minutes_is_left_alone(minutes: int, sent: int) -> None:
    """The service takes signatures that are five minutes off."""
    refused = dated(refusal(403, "InvalidSignatureException"), timedelta(minutes=minutes))
    replies: list[Reply] = [refused, answer(200, RUN)]
    env = make_env(clock=Calendar())
    _, script = run(GET, *replies, env=env)
    assert len(script.sent) == sent
    _, later = run(GET, answer(200, RUN), env=env)
    assert signed_for(later) == [timedelta(minutes=minutes if sent == 2 else 0)]


def test_a_correction_that_is_four_minutes_off_is_left_alone() -> None:
    """A signature for a time so near was refused for another reason."""
    env = make_env(clock=Calendar())
    run(GET, dated(answer(200, RUN), timedelta(minutes=10)), env=env)
    refused = dated(refusal(403, "InvalidSignatureException"), timedelta(minutes=14))
    error, script = run(GET, refused, env=env)
    assert isinstance(error, errors.AuthenticationError)
    assert len(script.sent) == 1


def test_a_clock_that_is_set_right_is_believed_again() -> None:
    """The offset follows every answer, back to none."""
    env = make_env(clock=Calendar())
    run(GET, dated(answer(200, RUN), timedelta(hours=1)), env=env)
    run(GET, dated(answer(200, RUN), timedelta(seconds=3)), env=env)
    _, script = run(GET, answer(200, RUN), env=env)
    assert signed_for(script) == [timedelta(0)]


def test_a_total_timeout_knows_no_skew() -> None:
    """Deadlines are measured on the monotonic clock, whatever the service's date says."""
    env = make_env(clock=Calendar())
    run(GET, dated(answer(200, RUN), timedelta(days=300)), env=env)
    found, _ = run(GET, answer(200, RUN), env=env)
    assert found.status == "RUNNING"


def test_wrong_clock_and_expired_keys_are_both_mended() -> None:
    """One call may need both, and each is done once."""
    env = make_env(clock=Calendar(), retry=RetryPolicy(max_attempts=1))
    skewed = dated(refusal(403, "InvalidSignatureException"), timedelta(hours=9))
    started, script = run(START, skewed, EXPIRED, answer(201, STARTED), env=env)
    assert started.id == "1"
    assert script.sent[-1].headers["amz-sdk-request"] == "attempt=3; max=3"


@pytest.mark.parametrize(
    "date",
    [
        pytest.param(None, id="none"),
        pytest.param("", id="empty"),
        pytest.param("yesterday", id="no date"),
        pytest.param("Fri, 31 Dec 9999 23:59:59 GMT", id="too late"),
        pytest.param("Mon, 01 Jan 0001 00:00:00 +1400", id="too early"),
        pytest.param("Thu, 01 Jan 1970 00:00:00 GMT", id="a clock that was never set"),
        pytest.param("Fri, 99 May 2026 12:00:00 GMT", id="no such day"),
        pytest.param("Fri, 01 May 2026 12:00:00 +99999999", id="no such zone"),
    ],
)
def test_a_date_that_means_nothing_changes_nothing(date: str | None) -> None:
    """Whatever the header holds, our own time stands."""
    offset = ClockOffset()
    offset.observe(date, OURS, OURS)
    assert offset.correct(OURS) == OURS


@pytest.mark.parametrize(
    "date",
    [
        pytest.param("Fri, 01 May 2026 13:00:00 GMT", id="as the service writes it"),
        pytest.param("Fri, 01 May 2026 13:00:00 -0000", id="no zone, which means UTC"),
        pytest.param("Fri, 01 May 2026 18:30:00 +0530", id="another zone"),
    ],
)
def test_the_zone_of_a_date_counts(date: str) -> None:
    """However a proxy may write the moment, it is the same moment."""
    offset = ClockOffset()
    offset.observe(date, OURS, OURS)
    assert offset.correct(OURS) == OURS + timedelta(hours=1)


def test_the_middle_of_the_exchange_is_compared() -> None:
    """The date was written between sending and receiving; half of that time is taken off."""
    offset = ClockOffset()
    date = format_datetime(OURS + timedelta(hours=1), usegmt=True)
    offset.observe(date, OURS, OURS + timedelta(seconds=20))
    assert offset.correct(OURS) == OURS + timedelta(hours=1, seconds=-10)


def env_of(**changes: Any) -> Env:
    """Return settings on a calendar clock."""
    return make_env(clock=Calendar(), **changes)


REQUESTS: list[Request[Any]] = [GetRunRequest(id="1"), START]


@pytest.mark.parametrize("request_model", REQUESTS, ids=lambda request: type(request).__name__)
def test_a_correction_keeps_the_token(request_model: Request[Any]) -> None:
    """The mended attempt is the same request: a start is not made twice."""
    skewed = dated(refusal(403, "InvalidSignatureException"), timedelta(hours=1))
    body = STARTED if isinstance(request_model, StartRunRequest) else RUN
    _, script = run(request_model, skewed, answer(200, body), env=env_of())
    assert script.sent[0].content == script.sent[1].content
