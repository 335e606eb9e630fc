"""Submitting through a batch, played as scripts: each decision, and what is told of it."""

from __future__ import annotations

import json
import pickle
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import httpx
import pytest

from omics_runs import RetryPolicy, RunRef, RunSpec, StartRunRequest, Submission, errors
from omics_runs._batch_request import MOST_RUNS, batch_problems
from omics_runs._env import Env
from omics_runs._submission import batch_request_id_of
from omics_runs._submit_plan import plan_submission
from omics_runs._submit_ways import submit
from omics_runs._submitting import SETTLING

from .script import Reply, Script, answer, make_env, refusal

BASE = StartRunRequest(
    workflow_id="1234567", role_arn="arn:aws:iam::123456789012:role/R", output_uri="s3://b/o"
)
KEY = "cohort-7"
USUAL: dict[str, Any] = {
    "key": KEY,
    "journal": None,
    "rate": "documented",
    "timeout": None,
    "progress": None,
    "via": "batch",
}
ACCEPTED = answer(201, {"id": "7", "uuid": "b7", "status": "CREATING"})
LOST = httpx.ReadError("connection reset")
THROTTLED = refusal(429, "ThrottlingException")
INVALID = refusal(400, "ValidationException", "no such bucket")
DENIED = refusal(403, "AccessDeniedException")
CONFLICT = refusal(409, "ConflictException")


def specs(count: int) -> list[RunSpec]:
    """Return specs that differ in their names."""
    return [RunSpec(f"s{number}", BASE) for number in range(count)]


def batch(status: str = "INPROGRESS", batch_id: str = "7", **members: Any) -> httpx.Response:
    """Return GetBatch's answer."""
    return answer(200, {"id": batch_id, "uuid": f"b{batch_id}", "status": status} | members)


def started(number: int) -> dict[str, Any]:
    """Return the entry of a run that was started."""
    run = {"runId": f"{number}", "runInternalUuid": f"u{number}"}
    return {"runSettingId": f"s{number}", "submissionStatus": "SUCCESS", **run}


def failed(number: int, reason: str | None, message: str | None = "no") -> dict[str, Any]:
    """Return the entry of a run that was not started."""
    entry = {"runSettingId": f"s{number}", "submissionStatus": "FAILED", "runId": ""}
    why = {"submissionFailureReason": reason, "submissionFailureMessage": message}
    return entry | {name: value for name, value in why.items() if value is not None}


def runs(*entries: dict[str, Any], **members: Any) -> httpx.Response:
    """Return ListRunsInBatch's answer."""
    return answer(200, {"runs": entries} | members)


def play(
    given: Iterable[RunSpec], *replies: Reply, env: Env | None = None, **options: Any
) -> tuple[Submission, Script]:
    """Submit specs against a script; return what came of it, and the script."""
    env = env or make_env()
    script = Script(env, replies)
    submission = script.play(submit(plan_submission(given, **{**USUAL, **options}), env))
    assert script.replies == []
    return submission, script


def impatient() -> Env:
    """Return settings with which a call is tried once."""
    return make_env(retry=RetryPolicy(max_attempts=1))


def statuses(submission: Submission) -> list[str]:
    """Return the status of each result."""
    return [one.status for one in submission.results]


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    """Return the place of a journal that is not there yet."""
    return tmp_path / "campaign.journal"


# --- what is sent ---------------------------------------------------------------------------


def test_one_call_one_look_one_list() -> None:
    """Nothing is asked more often than needed, and the map leads from names to runs."""
    submission, script = play(specs(2), ACCEPTED, batch(), runs(started(0), started(1)))
    assert submission.started == {"s0": RunRef("0", "u0"), "s1": RunRef("1", "u1")}
    assert [one.url.path for one in script.sent] == ["/runBatch", "/runBatch/7", "/runBatch/7/run"]
    assert script.sent[2].url.params["maxItems"] == "100"
    assert json.loads(script.sent[0].content) == {
        "requestId": batch_request_id_of(KEY, 1),
        "defaultRunSetting": {"workflowId": "1234567", "roleArn": BASE.role_arn},
        "batchRunSettings": {
            "inlineSettings": [
                {"runSettingId": "s0", "outputUri": "s3://b/o"},
                {"runSettingId": "s1", "outputUri": "s3://b/o"},
            ]
        },
    }


def test_the_request_id_never_changes_its_form() -> None:
    """What identified a batch in an earlier release identifies it in this one."""
    expected = "776808be638291ba6ad94595b50b0f92168f19043c301d101a3da735ec7fefe8"
    assert batch_request_id_of("cohort-7 ü", 1) == expected


def test_all_pages_are_read() -> None:
    """A run that stands on the second page is found."""
    pages = [runs(started(0), nextToken="t"), runs(started(1))]
    submission, script = play(specs(2), ACCEPTED, batch(), *pages)
    assert statuses(submission) == ["started", "started"]
    assert script.sent[3].url.params["startingToken"] == "t"


# --- what the list says ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reason", "status"),
    [
        ("ValidationException", "refused"),
        ("AccessDeniedException", "refused"),
        ("ResourceNotFoundException", "refused"),
        ("SomethingNew", "refused"),
        (None, "refused"),
        ("ServiceQuotaExceededException", "unsent"),
        ("ThrottlingException", "unsent"),
        ("RequestTimeoutException", "unsent"),
        ("InternalServerException", "unsent"),
        ("ConflictException", "unsent"),
    ],
)
def test_a_run_that_was_not_started(journal: Path, reason: str | None, status: str) -> None:
    """Its own fault or not, it goes into the next batch, and the others are not touched."""
    replies = [ACCEPTED, batch(), runs(started(0), failed(1, reason))]
    submission, _ = play(specs(2), *replies, journal=journal)
    assert statuses(submission) == ["started", status]
    error = submission.results[1].error
    assert isinstance(error, errors.BatchRunError)
    assert (error.reason, error.batch_id) == (reason, "7")
    assert (submission.stopped_by, submission.results[1].may_have_started) == (None, False)
    changed = [*specs(1), RunSpec("s1", BASE.replace(priority=1))]
    again, script = play(changed, ACCEPTED, batch(), runs(started(1)), journal=journal)
    assert [one.adopted for one in again.results] == [True, False]
    assert json.loads(script.sent[0].content)["requestId"] == batch_request_id_of(KEY, 2)


@pytest.mark.parametrize(
    ("entry", "text"),
    [
        (failed(0, "ValidationException", "bad"), "the run: ValidationException: bad"),
        (failed(0, None, None), "the run: no reason given: (no message)"),
    ],
)
def test_why_a_run_was_not_started(entry: dict[str, Any], text: str) -> None:
    """The service's code and sentence are told, as far as there are any."""
    submission, _ = play(specs(1), ACCEPTED, batch(), runs(entry))
    assert str(submission.results[0]).endswith(f"batch 7 could not start {text}")


@pytest.mark.parametrize(
    "entries",
    [
        pytest.param([], id="not there"),
        pytest.param([{"runSettingId": "s0"}], id="no word of it"),
        pytest.param([{"runSettingId": "s0", "submissionStatus": "SUCCESS"}], id="no run"),
        pytest.param([{"runSettingId": "s0", "submissionStatus": "NEW"}], id="unknown"),
    ],
)
@pytest.mark.parametrize("seen", [batch(), batch("RUNS_DELETED", processedTime="2026-01-01")])
def test_a_run_that_the_list_does_not_tell_of(
    journal: Path, entries: list[dict[str, Any]], seen: httpx.Response
) -> None:
    """It may have been started, so it stays in its batch, which is asked again the next time."""
    submission, _ = play(specs(1), ACCEPTED, seen, runs(*entries), journal=journal)
    (result,) = submission.results
    assert (result.status, result.may_have_started) == ("unsent", True)
    assert isinstance(result.error, errors.BatchRunError)
    assert "does not tell what became of the run" in str(result.error)
    assert (result.error.reason, submission.stopped_by) == (None, None)
    again, _ = play(specs(1), batch(), runs(started(0)), journal=journal)
    assert list(again.adopted) == ["s0"]


@pytest.mark.parametrize("status", ["CANCELLED", "RUNS_DELETING", "RUNS_DELETED"])
@pytest.mark.parametrize("entries", [[started(0)], [started(0), {"runSettingId": "s1"}]])
def test_what_a_cancelled_batch_has_not_started(status: str, entries: list[dict[str, Any]]) -> None:
    """Nothing more comes of it, whether the list names it or not."""
    submission, _ = play(specs(2), ACCEPTED, batch(status), runs(*entries))
    assert statuses(submission) == ["started", "unsent"]
    assert isinstance(submission.stopped_by, errors.StatusUnreachableError)
    assert not submission.results[1].may_have_started


def test_a_batch_that_was_cancelled_too_late_has_stopped_nothing() -> None:
    """All of its runs were started by then."""
    submission, _ = play(specs(1), ACCEPTED, batch("CANCELLED"), runs(started(0)))
    assert statuses(submission) == ["started"]
    assert submission.stopped_by is None


def test_a_batch_that_failed_as_a_whole() -> None:
    """Each spec is refused for the batch's reason, and none may have been started."""
    told = batch("FAILED", failureReason="no such file")
    submission, _ = play(specs(2), ACCEPTED, told)
    assert statuses(submission) == ["refused", "refused"]
    assert {one.batch_id for one in submission.results} == {"7"}
    assert "no such file" in str(submission.results[1])


# --- what stops it, and what is ridden out --------------------------------------------------


@pytest.mark.parametrize(
    ("replies", "is_open"),
    [
        pytest.param([DENIED], False, id="sending"),
        pytest.param([LOST, DENIED], True, id="sending again"),
        pytest.param([ACCEPTED, DENIED], True, id="looking"),
        pytest.param([ACCEPTED, batch(), DENIED], True, id="listing"),
    ],
)
def test_what_stops_it(replies: list[Reply], *, is_open: bool) -> None:
    """Without permission all specs remain, and whether they may have been started is told."""
    submission, _ = play(specs(2), *replies)
    assert statuses(submission) == ["unsent", "unsent"]
    assert isinstance(submission.stopped_by, errors.AccessDeniedError)
    assert {one.may_have_started for one in submission.results} == {is_open}


def test_a_conflict_that_remains_refuses_all() -> None:
    """There may be a batch; it is tried for half a minute, then said to be open."""
    submission, script = play(specs(2), *[CONFLICT] * (SETTLING + 1))
    assert statuses(submission) == ["refused", "refused"]
    assert {one.may_have_started for one in submission.results} == {True}
    assert sum(script.slept) == 31


def test_a_page_that_cannot_be_read() -> None:
    """It stops the submission, and the runs are known to be there."""
    submission, _ = play(specs(1), ACCEPTED, batch(), answer(200, {"runs": 7}))
    assert isinstance(submission.stopped_by, errors.UnreadableResponseError)
    assert submission.results[0].may_have_started


@pytest.mark.parametrize("replies", [[THROTTLED] * 3, [ACCEPTED, batch(), *[THROTTLED] * 3]])
def test_a_timeout_says_what_was_being_ridden_out(replies: list[Reply]) -> None:
    """The trouble is its cause; what was accepted may have been started."""
    submission, _ = play(specs(1), *replies, timeout=5)
    assert isinstance(submission.stopped_by, errors.SubmissionTimeoutError)
    assert isinstance(submission.stopped_by.__cause__, errors.ThrottlingError)
    assert submission.results[0].may_have_started == (len(replies) > 3)


def test_a_batch_that_nobody_sees_in_time() -> None:
    """What was ridden out while it was waited for is the cause, too."""
    submission, _ = play(specs(1), ACCEPTED, *[THROTTLED] * 2, timeout=5, env=impatient())
    assert isinstance(submission.stopped_by, errors.SubmissionTimeoutError)
    assert isinstance(submission.stopped_by.__cause__, errors.ThrottlingError)


def test_nobody_looks_once_time_is_up() -> None:
    """An answer that came late leaves the batch to the next submission."""
    env = make_env()

    def late(_: httpx.Request) -> httpx.Response:
        env.clock.sleep(5)
        return ACCEPTED

    submission, _ = play(specs(1), late, env=env, timeout=5)
    assert str(submission.stopped_by) == "the 5 s of the submission are over"
    assert (submission.batch_ids, submission.results[0].may_have_started) == (("7",), True)


def test_a_batch_that_was_never_sent_is_forgotten(journal: Path) -> None:
    """Its specs may change, and the next batch has its number."""
    unreachable = httpx.ConnectError("refused")
    play(specs(1), *[unreachable] * 3, journal=journal, timeout=5)
    changed = [RunSpec("s0", BASE.replace(priority=7))]
    _, script = play(changed, ACCEPTED, batch(), runs(started(0)), journal=journal)
    assert json.loads(script.sent[0].content)["requestId"] == batch_request_id_of(KEY, 1)


@pytest.mark.parametrize(
    ("replies", "options"),
    [
        pytest.param([DENIED], {}, id="denied"),
        pytest.param([], {"timeout": 0}, id="no time"),
        pytest.param([THROTTLED] * 3, {"timeout": 5}, id="in trouble"),
        pytest.param([CONFLICT] * (SETTLING + 1), {}, id="conflict"),
    ],
)
def test_a_batch_that_may_be_there_stays_open(
    journal: Path, replies: list[Reply], options: Any
) -> None:
    """Until an answer about it says otherwise, it is sent again as it was."""
    env = make_env()
    flow = submit(plan_submission(specs(2), **{**USUAL, "journal": journal}), env)
    Script(env, []).until_sent(flow)
    flow.close()
    submission, _ = play(specs(2), *replies, journal=journal, **options)
    assert [one.may_have_started for one in submission.results] == [True, True]
    listed = runs(started(0), started(1))
    again, script = play(specs(1), ACCEPTED, batch(), listed, journal=journal)
    assert statuses(again) == ["started"]
    assert len(json.loads(script.sent[0].content)["batchRunSettings"]["inlineSettings"]) == 2


def test_what_stopped_one_batch_stops_the_next(journal: Path) -> None:
    """The second is not looked at either, and nothing new is sent; each keeps what is known."""
    second = answer(201, {"id": "8", "uuid": "b8"})
    play(specs(1), ACCEPTED, batch(), runs(), journal=journal)
    given = specs(2)
    play(given, batch(), runs(), second, batch(batch_id="8"), runs(), journal=journal)
    submission, script = play(specs(3), DENIED, journal=journal)
    assert len(script.sent) == 1
    assert [one.batch_id for one in submission.results] == ["7", "8", None]
    assert [one.may_have_started for one in submission.results] == [True, True, False]
    assert {one.error for one in submission.results} == {submission.stopped_by}


def test_what_the_listener_raises_ends_it() -> None:
    """Also while trouble is ridden out, and also if it is an error of ours."""

    def listener(progress: object) -> None:
        if "riding out" in str(progress):
            raise errors.ConfigurationError(str(progress))

    with pytest.raises(errors.ConfigurationError, match="riding out ListRunsInBatch"):
        play(specs(1), ACCEPTED, batch(), THROTTLED, progress=listener)


# --- data and arguments ---------------------------------------------------------------------


def test_a_submission_can_be_pickled() -> None:
    """With its errors, and those keep no frames."""
    replies = [ACCEPTED, batch(), runs(started(0), failed(1, "ValidationException"))]
    submission, _ = play(specs(3), *replies)
    twin = pickle.loads(pickle.dumps(submission))
    assert [str(one) for one in twin.results] == [str(one) for one in submission.results]
    assert twin.batch_ids == ("7",)


@pytest.mark.parametrize(
    ("replies", "timeout"),
    [
        pytest.param([ACCEPTED, batch("FAILED")], None, id="failed"),
        pytest.param([ACCEPTED, *[batch("PENDING")] * 2], 5, id="late"),
        pytest.param([ACCEPTED, DENIED], None, id="denied"),
        pytest.param([ACCEPTED, batch(), DENIED], None, id="no list"),
        pytest.param([INVALID], None, id="refused"),
    ],
)
def test_results_keep_no_frames(replies: list[Reply], timeout: float | None) -> None:
    """They may be kept for long, and nobody has raised their errors."""
    submission, _ = play(specs(1), *replies, timeout=timeout)
    error = submission.results[0].error
    assert error is not None
    assert (error.__traceback__, error.__context__) == (None, None)


def test_there_is_an_end_to_a_batch() -> None:
    """What is larger is refused, whatever can be uploaded."""
    largest = specs(1) * MOST_RUNS
    ((where, what),) = batch_problems([*largest, *specs(1)], can_upload=True)
    assert (where, what[:36]) == ("specs", "100,001 of them have no run yet, and")


@pytest.mark.parametrize(
    ("options", "what"),
    [
        pytest.param({"via": "bus"}, "via: must be 'runs' or 'batch', got 'bus'", id="via"),
        pytest.param({"via": []}, "via: must be 'runs' or 'batch', got []", id="no text"),
        pytest.param({"rate": 1.0}, "rate: leave it out", id="rate"),
        pytest.param({"rate": None}, "rate: leave it out", id="no rate"),
        pytest.param({"via": "runs", "upload": str}, "upload: is for via='batch' only", id="runs"),
        pytest.param({"upload": "s3://b"}, "upload: must be a plain function", id="upload"),
    ],
)
def test_arguments_are_checked(options: Any, what: str) -> None:
    """Nothing is read, opened or sent for arguments that are wrong."""
    with pytest.raises(errors.InvalidRequestError) as caught:
        plan_submission(**{"specs": [], **USUAL, **options})
    assert what in str(caught.value)


def test_an_async_upload_is_refused() -> None:
    """Nobody would await it."""

    async def upload(name: str, data: bytes) -> str:
        raise LookupError

    with pytest.raises(errors.InvalidRequestError, match="upload: must be a plain function"):
        plan_submission([], **USUAL, upload=upload)  # type: ignore[arg-type]
