"""A wait, played as a script on a virtual clock: what ends it, and what it rides out."""

from __future__ import annotations

import random
from typing import Any

import httpx
import pytest

from omics_runs import (
    TERMINAL,
    GetRunResponse,
    Progress,
    RunListItem,
    RunRef,
    RunStatus,
    StartRunResponse,
    Timeout,
    errors,
)
from omics_runs._clock import VirtualClock
from omics_runs._env import Env
from omics_runs._lifecycle import RUN_LIFE, Verdict
from omics_runs._pacing import Pacer
from omics_runs._subjects import RunLike
from omics_runs._wait_plan import plan_run_wait
from omics_runs._waiting import wait_until

from .script import Reply, Script, answer, make_env, refusal

UUID = "96c57683-74bf-9d6d-ae7e-f09b097db14a"
OTHER_UUID = "11111111-74bf-9d6d-ae7e-f09b097db14a"
NOT_FOUND = refusal(404, "ResourceNotFoundException")


def seen(status: str, **members: Any) -> httpx.Response:
    """Return GetRun's answer for a run in some status."""
    return answer(200, {"id": "1", "arn": "arn:run/1", "status": status, "uuid": UUID} | members)


def wait(
    *replies: Reply, run: RunLike = "1", env: Env | None = None, **arguments: Any
) -> tuple[Any, Script]:
    """Play a wait; return its result or its error, and the script."""
    env = env or make_env()
    script = Script(env, replies)
    arguments = {"status": RunStatus.COMPLETED, "timeout": None, "min_delay": 5} | arguments
    arguments = {"max_delay": 60, "progress": None} | arguments
    try:
        plan = plan_run_wait(run, **arguments)
        result: Any = script.play(wait_until(plan, env))
    except errors.OmicsRunsError as error:
        result = error
    return result, script


async def async_progress(progress: Progress) -> None:
    """Never be awaited."""


ORDER = [
    "PENDING",
    "STARTING",
    "RUNNING",
    "STOPPING",
    "COMPLETED",
    "FAILED",
    "CANCELLED",
    "DELETED",
]
TABLE = {
    "PENDING": "✓ ✓ ✓ ✓ ✓ ✓ ✓ ✓ ✗",
    "STARTING": "… ✓ ✓ s ✓ s s s ✗",
    "RUNNING": "… … ✓ s ✓ s s s ✗",
    "STOPPING": "… … … ✓ ✓ ✓ ✓ ✓ ✗",
    "COMPLETED": "… … … … ✓ ✗ ✗ ✗ ✗",
    "FAILED": "… … … … ✗ ✓ ✗ ✗ ✗",
    "CANCELLED": "… … … … ✗ ✗ ✓ ✗ ✗",
    "DELETED": "… … … … … … … ✓ ✓",
}
SIGNS = {"✓": Verdict.REACHED, "…": Verdict.WAIT, "✗": Verdict.UNREACHABLE}
CELLS = [
    pytest.param(wanted, column, sign, id=f"{wanted} wanted, {column} seen")
    for wanted, row in TABLE.items()
    for column, sign in zip([*ORDER, "404"], row.split(), strict=True)
]


@pytest.mark.parametrize(("wanted", "column", "sign"), CELLS)
@pytest.mark.parametrize("started", [True, False], ids=["with start time", "without"])
def test_the_table(wanted: str, column: str, sign: str, started: bool) -> None:
    """Every cell of the table of wanted and seen statuses is as documented."""
    goal = {RunStatus(wanted)}
    if sign == "s":
        sign = "✓" if started else "✗"
    if column == "404":
        assert RUN_LIFE.verdict_gone(goal) is SIGNS[sign]
        return
    run = GetRunResponse.from_dict(
        {"id": "1", "arn": "a", "status": column}
        | ({"startTime": "2024-01-01T00:00:00Z"} if started else {})
    )
    assert RUN_LIFE.verdict(goal, run) is SIGNS[sign]


def test_the_table_knows_every_status() -> None:
    """A status that the generator learns needs a row and a column here."""
    assert set(ORDER) == set(RunStatus) == set(TABLE)


@pytest.mark.parametrize(
    ("wanted", "status", "expected"),
    [
        pytest.param({"COMPLETED", "FAILED"}, "FAILED", Verdict.REACHED, id="any member will do"),
        pytest.param({"COMPLETED", "FAILED"}, "CANCELLED", Verdict.UNREACHABLE, id="none can come"),
        pytest.param({"COMPLETED", "DELETED"}, "FAILED", Verdict.WAIT, id="one can still come"),
        pytest.param(TERMINAL, "CANCELLED", Verdict.REACHED, id="terminal"),
    ],
)
def test_a_set_of_statuses(wanted: set[str], status: str, expected: Verdict) -> None:
    """A set is reached if any member is, and unreachable only if all are."""
    run = GetRunResponse.from_dict({"id": "1", "arn": "a", "status": status})
    assert RUN_LIFE.verdict({RunStatus(one) for one in wanted}, run) is expected


def test_a_wait_walks_to_its_end() -> None:
    """A run is polled until it has completed, and its last answer is the result, raw included."""
    run, script = wait(seen("PENDING"), seen("RUNNING"), seen("STOPPING"), seen("COMPLETED"))
    assert run.status is RunStatus.COMPLETED
    assert run.response_metadata.raw["status"] == "COMPLETED"
    assert len(script.sent) == 4
    assert {request.url.path for request in script.sent} == {"/run/1"}


def test_delays_grow_to_the_longest() -> None:
    """With the jitter at its bound the delays double from the shortest to the longest."""
    _, script = wait(*[seen("RUNNING")] * 7, seen("COMPLETED"))
    assert script.slept == [5, 10, 20, 40, 60, 60, 60]


def test_delays_are_drawn_between_the_shortest_and_the_bound() -> None:
    """The jitter never goes below the shortest delay."""
    env = make_env(random=random.Random(7).random)
    _, script = wait(*[seen("RUNNING")] * 50, seen("COMPLETED"), env=env)
    assert all(5 <= delay <= 60 for delay in script.slept)
    assert len(set(script.slept)) > 40


def test_polls_without_a_turn_are_tried_again_later() -> None:
    """A poll whose turn is beyond the deadline is no poll; the next try keeps the usual delays."""
    env = make_env(pacer=Pacer.of(None, 0.01))
    wait(seen("COMPLETED"), env=env)
    error, script = wait(env=env, timeout=12)
    assert isinstance(error, errors.WaitTimeoutError)
    assert script.slept == [5, 7]
    assert (script.sent, error.polls) == ([], 0)


def test_a_wait_of_weeks_does_not_overflow() -> None:
    """The growth of the delays has a bound of its own."""
    _, script = wait(*[seen("RUNNING")] * 1100, seen("COMPLETED"))
    assert script.slept[-1] == 60


@pytest.mark.parametrize(
    ("end", "kind"),
    [
        pytest.param("FAILED", errors.RunFailedError, id="failed"),
        pytest.param("CANCELLED", errors.RunCancelledError, id="cancelled"),
        pytest.param("DELETED", errors.RunGoneError, id="deleted"),
    ],
)
def test_an_end_that_was_not_wanted_is_raised_at_once(
    end: str, kind: type[errors.StatusUnreachableError]
) -> None:
    """A run that ended otherwise raises the error of its end, with all that is known."""
    error, script = wait(
        seen("RUNNING"), seen(end, failureReason="IMPORT_FAILED", statusMessage="no such file")
    )
    assert type(error) is kind
    assert len(script.sent) == 2
    assert error.run.status == end
    assert error.wanted == {RunStatus.COMPLETED}
    assert error.run.failure_reason == "IMPORT_FAILED"
    assert "no such file" in str(error)


def test_a_failed_run_says_why() -> None:
    """RunFailedError has the reason as an open enum, and the service's sentence."""
    error, _ = wait(seen("FAILED", failureReason="BRAND_NEW_CODE", statusMessage="m"))
    assert error.failure_reason == "BRAND_NEW_CODE"
    assert not error.failure_reason.is_known
    assert error.status_message == "m"


def test_a_cancelled_run_has_its_message() -> None:
    """RunCancelledError has the service's sentence."""
    error, _ = wait(seen("CANCELLED", statusMessage="by user"))
    assert error.status_message == "by user"


def test_a_completed_run_can_not_fail() -> None:
    """Waiting for FAILED on a completed run is unreachable, without a kind of its own."""
    error, _ = wait(seen("COMPLETED"), status="FAILED")
    assert type(error) is errors.StatusUnreachableError


def test_terminal_never_raises_for_the_end() -> None:
    """Waiting for TERMINAL returns however the run ended."""
    for end in TERMINAL:
        run, _ = wait(seen("RUNNING"), seen(end), status=TERMINAL)
        assert run.status == end
    run, _ = wait(seen("RUNNING"), NOT_FOUND, status=TERMINAL)
    assert run.status == "RUNNING"


def test_an_unknown_status_keeps_waiting() -> None:
    """A status newer than the SDK is waited through while the run has not stopped."""
    run, _ = wait(seen("PAUSED"), seen("COMPLETED"))
    assert run.status == "COMPLETED"


def test_an_unknown_end_is_unreachable() -> None:
    """A status newer than the SDK on a stopped run ends the wait."""
    error, _ = wait(seen("ABANDONED", stopTime="2024-01-01T00:00:00Z"))
    assert type(error) is errors.StatusUnreachableError
    assert "ABANDONED" in str(error)


def test_deleted_is_satisfied_by_a_404_after_the_run_was_seen() -> None:
    """The result is the run as it was last seen."""
    run, _ = wait(seen("COMPLETED"), NOT_FOUND, status="DELETED")
    assert run.status == "COMPLETED"


def test_a_run_that_vanishes_is_gone() -> None:
    """A 404 after the run was seen raises RunGoneError with the run last seen."""
    error, _ = wait(seen("RUNNING"), NOT_FOUND)
    assert type(error) is errors.RunGoneError
    assert error.run.status == "RUNNING"
    assert isinstance(error.__cause__, errors.ResourceNotFoundError)


def test_a_run_seen_by_the_caller_counts_as_seen() -> None:
    """Waiting by a GetRunResponse, the very first 404 means that the run is gone."""
    known = GetRunResponse(id="1", arn="a", status=RunStatus.RUNNING, uuid=UUID)
    error, _ = wait(NOT_FOUND, run=known)
    assert type(error) is errors.RunGoneError
    assert error.run == known


@pytest.mark.parametrize(
    "run",
    [
        pytest.param("1", id="id"),
        pytest.param(RunRef("1", UUID), id="reference"),
        pytest.param(RunListItem(id="1", arn="a", status=RunStatus.RUNNING), id="list item"),
    ],
)
def test_a_404_at_first_is_raised_as_it_is(run: RunLike) -> None:
    """A run that was never seen is simply not found."""
    error, _ = wait(NOT_FOUND, run=run)
    assert type(error) is errors.ResourceNotFoundError


def test_a_run_just_started_may_not_be_found_for_a_minute() -> None:
    """Waiting by our own StartRun's answer, a 404 is tolerated for 60 s."""
    started = StartRunResponse(id="1", uuid=UUID)
    run, _ = wait(NOT_FOUND, NOT_FOUND, seen("COMPLETED"), run=started)
    assert run.status == "COMPLETED"
    error, script = wait(*[NOT_FOUND] * 9, run=started)
    assert type(error) is errors.ResourceNotFoundError
    assert 60 <= sum(script.slept) < 120
    error, script = wait(NOT_FOUND, NOT_FOUND, run=started, min_delay=60)
    assert type(error) is errors.ResourceNotFoundError
    assert script.slept == [60], "the minute is over"


def test_a_progress_prints_as_one_line() -> None:
    """`progress=print` shows what one wants to know of each poll."""
    told: list[str] = []
    wait(seen("RUNNING"), seen("COMPLETED"), progress=lambda p: told.append(str(p)))
    assert told == [
        "RUNNING    run 1, poll 1 after 0 s, next in 5 s",
        "COMPLETED  run 1, poll 2 after 5 s",
    ]


@pytest.mark.parametrize(
    "run",
    [
        pytest.param(RunRef("1", UUID), id="reference"),
        pytest.param(StartRunResponse(id="1", uuid=UUID), id="start answer"),
        pytest.param("1", id="uuid of the first poll"),
    ],
)
def test_a_reused_id_is_noticed(run: RunLike) -> None:
    """The uuid is pinned: another one under the same id ends the wait."""
    error, _ = wait(seen("RUNNING"), seen("RUNNING", uuid=OTHER_UUID), run=run)
    assert type(error) is errors.RunReplacedError
    assert (error.expected_uuid, error.seen_uuid) == (UUID, OTHER_UUID)
    assert error.run.status == "RUNNING"


def test_a_reused_id_is_noticed_at_the_end_too() -> None:
    """Another run that has completed under the id is not the one that was waited for."""
    error, _ = wait(seen("COMPLETED", uuid=OTHER_UUID), run=RunRef("1", UUID))
    assert type(error) is errors.RunReplacedError


def test_an_answer_about_another_run_is_no_answer() -> None:
    """Whatever a proxy or a cache makes of it, the run must be the one that was asked for."""
    error, _ = wait(seen("COMPLETED", id="999"))
    assert type(error) is errors.UnreadableResponseError
    assert error.path == "$.id"


def test_a_404_that_is_not_the_services_says_nothing_of_the_run() -> None:
    """A proxy's 404 neither deletes a run nor satisfies DELETED."""
    for status in ("COMPLETED", "DELETED"):
        error, _ = wait(seen("RUNNING"), answer(404, b"<html>not here</html>"), status=status)
        assert type(error) is errors.ResourceNotFoundError


def test_the_last_delay_is_no_longer_than_the_longest() -> None:
    """A wait ends on time without a delay beyond `max_delay`."""
    _, script = wait(*[seen("RUNNING")] * 3, timeout=119, min_delay=60)
    assert script.slept == [60, 59]


def test_endless_read_timeouts_do_not_outlast_the_wait() -> None:
    """A poll of a client without timeouts still ends soon after the wait's deadline."""
    env = make_env(timeout=Timeout(connect=float("inf"), read=float("inf")))
    _, script = wait(seen("COMPLETED"), env=env, timeout=4)
    assert script.sent[0].extensions["timeout"]["read"] == 30


def test_what_is_ridden_out_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """A wait that sees nothing but trouble tells so in the log."""
    wait(refusal(501), seen("COMPLETED"))
    (record,) = [r for r in caplog.records if r.levelname == "WARNING"]
    assert record.getMessage().startswith("still waiting for run 1: GetRun: ")


def test_answers_without_a_uuid_are_accepted() -> None:
    """Old answers have no uuid; then there is nothing to pin."""
    run, _ = wait(seen("RUNNING", uuid=None), seen("COMPLETED", uuid=None))
    assert run.uuid is None


@pytest.mark.parametrize(
    "trouble",
    [
        pytest.param([refusal(429, "ThrottlingException")] * 3, id="throttling"),
        pytest.param([refusal(500, "InternalServerException")] * 3, id="500"),
        pytest.param([refusal(501)], id="501"),
        pytest.param([refusal(500, "ValidationException")], id="500, whatever its code"),
        pytest.param([answer(502, b"<html>")] * 3, id="HTML 502"),
        pytest.param([refusal(408, "RequestTimeoutException")] * 3, id="408"),
        pytest.param([httpx.ConnectError("refused")] * 3, id="no connection"),
        pytest.param([httpx.ReadTimeout("")] * 3, id="no answer"),
        pytest.param([answer(200, b'{"id')] * 3, id="cut answer"),
    ],
)
def test_passing_trouble_is_ridden_out(trouble: list[Reply]) -> None:
    """Throttling, server errors and network trouble don't end a wait, before or after sight."""
    run, _ = wait(*trouble, seen("RUNNING"), *trouble, *trouble, seen("COMPLETED"))
    assert run.status == "COMPLETED"


@pytest.mark.parametrize(
    ("trouble", "kind"),
    [
        pytest.param(refusal(400, "ValidationException"), errors.ValidationError, id="400"),
        pytest.param(refusal(403, "AccessDeniedException"), errors.AccessDeniedError, id="403"),
        pytest.param(
            refusal(403, "UnrecognizedClientException"), errors.AuthenticationError, id="keys"
        ),
        pytest.param(refusal(409, "ConflictException"), errors.ConflictError, id="409"),
        pytest.param(answer(200, {"id": 1}), errors.UnreadableResponseError, id="wrong types"),
    ],
)
def test_lasting_trouble_is_raised(trouble: Reply, kind: type[Exception]) -> None:
    """What time won't mend ends the wait as the error that it is."""
    error, _ = wait(seen("RUNNING"), trouble)
    assert type(error) is kind


def test_time_is_up() -> None:
    """At the deadline the run is asked for once more; then the error carries what was seen."""
    error, script = wait(*[seen("RUNNING")] * 20, timeout=100)
    assert type(error) is errors.WaitTimeoutError
    assert isinstance(error, TimeoutError)
    assert sum(script.slept) == error.elapsed == 100
    assert error.polls == len(script.sent)
    assert error.run.status == "RUNNING"
    assert error.run.response_metadata.raw is None
    assert error.run.response_metadata.status_code == 200
    asked = f"after 100.0 s and {error.polls} polls"
    assert str(error) == f"run 1 was RUNNING {asked}, not COMPLETED; the run goes on"


def test_a_single_poll_is_one_poll() -> None:
    """The text of a wait that has asked once does not speak of polls."""
    error, _ = wait(seen("RUNNING"), timeout=0)
    assert "after 0.0 s and 1 poll, not COMPLETED" in str(error)


def test_time_is_up_while_nothing_was_seen() -> None:
    """The timeout's cause is the trouble that hid the run, and there is no run to show."""
    error, _ = wait(*[refusal(500)] * 60, timeout=60)
    assert type(error) is errors.WaitTimeoutError
    assert error.run is None
    assert isinstance(error.__cause__, errors.InternalServerError)
    assert "never seen" in str(error)


def test_rounding_leaves_no_rest_of_a_wait() -> None:
    """A wait that has slept to its end is over, whatever the clock showed when it began."""
    draws = random.Random(0)
    for _ in range(200):
        clock = VirtualClock()
        clock.advance(draws.uniform(0, 1000))
        env = make_env(clock=clock, random=draws.random)
        error, script = wait(*[seen("RUNNING")] * 9, env=env, timeout=30, min_delay=8)
        assert isinstance(error, errors.WaitTimeoutError)
        assert len(script.sent) <= 5
        assert min(script.slept) >= 0.001


def test_a_timeout_of_zero_polls_once() -> None:
    """`timeout=0` asks once and doesn't wait."""
    error, script = wait(seen("RUNNING"), timeout=0)
    assert type(error) is errors.WaitTimeoutError
    assert (len(script.sent), script.slept) == (1, [])
    run, _ = wait(seen("COMPLETED"), timeout=0)
    assert run.status == "COMPLETED"


def test_a_poll_can_not_outlast_the_wait_by_much() -> None:
    """Near the deadline a poll gets one read timeout; far from it, the client's own bounds."""
    env = make_env(timeout=Timeout(connect=3, read=8))
    _, script = wait(seen("RUNNING"), seen("COMPLETED"), env=env, timeout=4)
    assert [r.extensions["timeout"]["read"] for r in script.sent] == [8, 8]
    env = make_env(timeout=Timeout(connect=3, read=8, total=2))
    _, script = wait(seen("COMPLETED"), env=env, timeout=400)
    assert script.sent[0].extensions["timeout"]["read"] == 2


def test_progress_sees_each_poll() -> None:
    """The callback gets the run, whether its status changed, counts, times and the next delay."""
    told: list[Progress] = []
    wait(
        *[refusal(501), seen("PENDING"), seen("PENDING"), refusal(501), seen("COMPLETED")],
        progress=told.append,
    )
    assert [(p.run.status, p.changed, p.polls, p.elapsed, p.next_delay) for p in told] == [
        ("PENDING", True, 2, 5, 10),
        ("PENDING", False, 3, 15, 20),
        ("PENDING", False, 4, 35, 40),
        ("COMPLETED", True, 5, 75, None),
    ]


def test_progress_sees_the_last_poll_of_a_wait_that_fails() -> None:
    """Unreachable and timed-out waits report their last poll as well."""
    told: list[Progress] = []
    wait(seen("FAILED"), progress=told.append)
    wait(seen("RUNNING"), timeout=0, progress=told.append)
    wait(seen("RUNNING"), seen("RUNNING"), timeout=5, progress=told.append)
    assert [(p.run.status, p.changed, p.next_delay) for p in told] == [
        ("FAILED", True, None),
        ("RUNNING", True, None),
        ("RUNNING", True, 5),
        ("RUNNING", False, None),
    ]


def test_what_progress_raises_reaches_the_caller() -> None:
    """An exception of the callback ends the wait unchanged."""
    mine = KeyError("mine")

    def stop(progress: Progress) -> None:
        raise mine

    with pytest.raises(KeyError) as caught:
        wait(seen("RUNNING"), progress=stop)
    assert caught.value is mine


def test_a_progress_that_runs_out() -> None:
    """A StopIteration of the callback is the cause of an error; it ends no wait as a success."""
    with pytest.raises(RuntimeError) as caught:
        wait(seen("RUNNING"), progress=lambda _: next(iter(())))
    assert isinstance(caught.value.__cause__, StopIteration)


def test_a_closed_wait_leaves_nothing_behind() -> None:
    """Closing the flow half-way sends nothing more, no CancelRun above all."""
    env = make_env()
    script = Script(env, [seen("RUNNING")])

    def interrupt(progress: Progress) -> None:
        raise KeyboardInterrupt

    plan = plan_run_wait("1", "COMPLETED", None, 5, 60, interrupt)
    flow = wait_until(plan, env)
    with pytest.raises(KeyboardInterrupt):
        script.play(flow)
    assert flow.gi_frame is None
    assert len(script.sent) == 1


@pytest.mark.parametrize(
    ("arguments", "path"),
    [
        pytest.param({"status": "COMPLETE"}, "status", id="unknown status"),
        pytest.param({"status": {"COMPLETED", "DONE"}}, "status", id="unknown status in a set"),
        pytest.param({"status": {7}}, "status", id="a number in a set"),
        pytest.param({"status": set()}, "status", id="empty set"),
        pytest.param({"status": ["COMPLETED"]}, "status", id="list"),
        pytest.param({"status": None}, "status", id="None"),
        pytest.param({"timeout": -1}, "timeout", id="negative timeout"),
        pytest.param({"timeout": "60"}, "timeout", id="timeout as text"),
        pytest.param({"timeout": float("nan")}, "timeout", id="timeout NaN"),
        pytest.param({"timeout": 10**400}, "timeout", id="timeout beyond all numbers"),
        pytest.param({"min_delay": float("inf")}, "min_delay", id="endless delay"),
        pytest.param({"max_delay": 1e10}, "max_delay", id="a delay of centuries"),
        pytest.param({"progress": 5}, "progress", id="no function"),
        pytest.param({"progress": async_progress}, "progress", id="an async function"),
        pytest.param({"run": None}, "run", id="no run"),
        pytest.param({"min_delay": 0}, "min_delay", id="no delay"),
        pytest.param({"min_delay": -5}, "min_delay", id="negative delay"),
        pytest.param({"max_delay": 1}, "max_delay", id="longest below shortest"),
        pytest.param({"run": "my-run"}, "run", id="an id with letters"),
        pytest.param({"run": ""}, "run", id="an empty id"),
        pytest.param({"run": 7}, "run", id="a number"),
        pytest.param({"run": RunRef("x")}, "run", id="a reference with letters"),
    ],
)
def test_bad_arguments_are_named(arguments: dict[str, Any], path: str) -> None:
    """Each wrong argument is an InvalidRequestError that names it; nothing is sent."""
    error, script = wait(**arguments)
    assert isinstance(error, errors.InvalidRequestError)
    assert [where for where, _ in error.problems] == [path]
    assert script.sent == []


@pytest.mark.parametrize("text", ["1/u-1", " 1/u-1\n", "1", "1\n"])
def test_a_reference_survives_a_file(text: str) -> None:
    """White space around a stored reference is no part of it."""
    ref = RunRef.parse(text)
    assert ref.id == "1"
    assert ref.uuid in {None, "u-1"}
    assert RunRef.parse(str(ref)) == ref


@pytest.mark.parametrize("text", ["", "x", "1/", "1/u 1", "1/u/1", "\u0661"])
def test_text_that_is_no_reference(text: str) -> None:
    """What `str(ref)` can't have made is refused."""
    with pytest.raises(ValueError, match="expected 'id' or 'id/uuid'"):
        RunRef.parse(text)


def test_a_reference_as_text_is_pinned_too() -> None:
    """`str(ref)` works wherever an id does, and keeps the uuid."""
    error, script = wait(seen("RUNNING", uuid=OTHER_UUID), run=str(RunRef("1", UUID)))
    assert type(error) is errors.RunReplacedError
    assert script.sent[0].url.path == "/run/1"


def without_keys(*, is_passing: bool, times: int) -> Any:
    """Return a look-up of keys that works once, then fails for a while."""
    looked = 0

    def look_up() -> None:
        nonlocal looked
        looked += 1
        if 1 < looked <= times + 1:
            raise errors.CredentialsError("the agent is away", is_passing=is_passing)

    return look_up


def play_without_keys(*, is_passing: bool, times: int, timeout: float | None = None) -> Any:
    """Wait for a run whose keys can't be had for some polls; return what the wait ends in."""
    env = make_env()
    script = Script(
        env,
        [seen("RUNNING"), seen("COMPLETED")],
        on_fetch=without_keys(is_passing=is_passing, times=times),
    )
    try:
        return script.play(
            wait_until(plan_run_wait("1", RunStatus.COMPLETED, timeout, 5, 60, None), env)
        )
    except errors.OmicsRunsError as error:
        return error


def test_a_passing_want_of_keys_is_ridden_out() -> None:
    """The agent that hands out keys may restart while somebody waits for days."""
    assert play_without_keys(is_passing=True, times=20).status == "COMPLETED"


def test_a_lasting_want_of_keys_ends_the_wait() -> None:
    """A login that has ended needs a human: nobody is left waiting for it."""
    error = play_without_keys(is_passing=False, times=1)
    assert type(error) is errors.CredentialsError


def test_a_deadline_ends_a_wait_for_keys() -> None:
    """The error says why the run was not seen of late, and counts only what was asked."""
    error = play_without_keys(is_passing=True, times=10_000, timeout=300)
    assert type(error) is errors.WaitTimeoutError
    assert "the agent is away" in str(error)
    assert (error.polls, error.run.status) == (1, "RUNNING")
    assert type(error.__cause__) is errors.CredentialsError


def test_a_want_of_keys_between_attempts_is_ridden_out() -> None:
    """Also where a poll had got as far as a first attempt."""
    env = make_env()
    replies = [seen("RUNNING"), refusal(500), seen("COMPLETED")]
    looked = 0

    def look_up() -> None:
        nonlocal looked
        looked += 1
        if looked == 3:
            raise errors.CredentialsError("the agent is away", is_passing=True)

    script = Script(env, replies, on_fetch=look_up)
    plan = plan_run_wait("1", RunStatus.COMPLETED, None, 5, 60, None)
    assert script.play(wait_until(plan, env)).status == "COMPLETED"
    assert looked == 4
