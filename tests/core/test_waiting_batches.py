"""A wait for a batch, played as a script: the table, what ends the wait, and what it tells."""

from __future__ import annotations

import pickle
from typing import Any

import httpx
import pytest

from omics_runs import (
    BATCH_TERMINAL,
    BatchProgress,
    BatchStatus,
    GetRunResponse,
    RunListItem,
    RunStatus,
    StartRunResponse,
    errors,
)
from omics_runs._lifecycle import BATCH_LIFE, Verdict
from omics_runs._wait_plan import plan_batch_wait, plan_run_wait
from omics_runs._waiting import wait_until
from omics_runs.models import (
    BatchListItem,
    GetBatchResponse,
    RunBatchListItem,
    StartRunBatchResponse,
)

from .script import Reply, Script, answer, make_env, refusal

UUID = "96c57683-74bf-9d6d-ae7e-f09b097db14a"
OTHER_UUID = "11111111-74bf-9d6d-ae7e-f09b097db14a"
NOT_FOUND = refusal(404, "ResourceNotFoundException")
MOMENT = "2025-03-15T10:05:00Z"
STARTED = StartRunBatchResponse(id="7", uuid=UUID)


def seen(status: str, **members: Any) -> httpx.Response:
    """Return GetBatch's answer for a batch in some status."""
    return answer(200, {"id": "7", "status": status, "uuid": UUID} | members)


def wait(*replies: Reply, batch: Any = "7", **arguments: Any) -> tuple[Any, Script]:
    """Play a wait; return its result or its error, and the script."""
    env = make_env()
    script = Script(env, replies)
    usual = {"status": "PROCESSED", "timeout": None, "min_delay": 5, "max_delay": 60}
    try:
        plan = plan_batch_wait(batch, **{**usual, "progress": None, **arguments})
        result: Any = script.play(wait_until(plan, env))
    except errors.OmicsRunsError as error:
        result = error
    return result, script


ORDER = [
    "CREATING",
    "PENDING",
    "SUBMITTING",
    "INPROGRESS",
    "STOPPING",
    "PROCESSED",
    "CANCELLED",
    "FAILED",
    "RUNS_DELETING",
    "RUNS_DELETED",
    "RUNS_DELETE_FAILED",
]
TABLE = {
    #      before an end | PROCESSED CANCELLED FAILED | RUNS_DELETING _DELETED _DELETE_FAILED | 404
    "CREATING": "✓ ✓ ✓ ✓ ✓   ✓ ✓ ✓   ✓ ✓ ✓   ✗",
    "PENDING": "… ✓ ✓ ✓ ✓   ✓ ✓ ✗   ✓ ✓ ✓   ✗",
    "SUBMITTING": "… … ✓ ✓ s   ✓ s ✗   s s s   ✗",
    "INPROGRESS": "… … … ✓ a   ✓ a ✗   a a a   ✗",
    "STOPPING": "… … … … ✓   ✗ ✓ ✗   n n n   ✗",
    "PROCESSED": "… … … … …   ✓ ✗ ✗   p p p   ✗",
    "CANCELLED": "… … … … …   ✗ ✓ ✗   n n n   ✗",
    "FAILED": "… … … … …   ✗ ✗ ✓   ✗ ✗ ✗   ✗",
    "RUNS_DELETING": "… … … … …   … … ✗   ✓ ✓ ✓   ✗",
    "RUNS_DELETED": "… … … … …   … … ✗   … ✓ ✗   ✗",
    "RUNS_DELETE_FAILED": "… … … … …   … … ✗   … ✗ ✓   ✗",
}
SIGNS = {"✓": Verdict.REACHED, "…": Verdict.WAIT, "✗": Verdict.UNREACHABLE}
CELLS = [
    pytest.param(wanted, column, sign, id=f"{wanted} wanted, {column} seen")
    for wanted, row in TABLE.items()
    for column, sign in zip([*ORDER, "404"], row.split(), strict=True)
]
NOTHING: dict[str, Any] = {}
SOME = {"submissionSummary": {"successfulStartSubmissionCount": 1}}
REFUSED = {"submissionSummary": {"failedStartSubmissionCount": 1}}
NONE_YET = {
    "submissionSummary": {
        "successfulStartSubmissionCount": 0,
        "failedStartSubmissionCount": 0,
        "pendingStartSubmissionCount": 9,
    }
}
ALL = {"submittedTime": MOMENT}
OVER = {"submittedTime": MOMENT, "processedTime": MOMENT}


@pytest.mark.parametrize(("wanted", "column", "sign"), CELLS)
@pytest.mark.parametrize(
    ("members", "traces"),
    [
        pytest.param(NOTHING, "n", id="no trace"),
        pytest.param(NONE_YET, "n", id="none submitted"),
        pytest.param(SOME, "sn", id="a run submitted"),
        pytest.param(REFUSED, "sn", id="a run refused"),
        pytest.param(ALL, "san", id="all submitted"),
        pytest.param(OVER, "sap", id="processed"),
    ],
)
def test_the_table(
    wanted: str, column: str, sign: str, members: dict[str, Any], traces: str
) -> None:
    """Every cell of the table of wanted and seen statuses is as documented."""
    goal = {BatchStatus(wanted)}
    if sign in "sapn":
        sign = "✓" if sign in traces else "✗"
    if column == "404":
        assert BATCH_LIFE.verdict_gone(goal) is SIGNS[sign]
        return
    batch = GetBatchResponse.from_dict({"id": "7", "status": column} | members)
    assert BATCH_LIFE.verdict(goal, batch) is SIGNS[sign]


def test_the_table_knows_every_status() -> None:
    """A status that the generator learns needs a row and a column here."""
    assert set(ORDER) == set(BatchStatus) == set(TABLE)


def test_the_final_statuses() -> None:
    """`BATCH_TERMINAL` has the statuses in which a batch stays if nobody deletes anything."""
    assert {
        "PROCESSED",
        "CANCELLED",
        "FAILED",
        "RUNS_DELETED",
        "RUNS_DELETE_FAILED",
    } == BATCH_TERMINAL


def test_a_wait_walks_to_its_end() -> None:
    """A batch is polled until it is processed, and its last answer is the result."""
    batch, script = wait(
        seen("CREATING"), seen("SUBMITTING"), seen("INPROGRESS"), seen("PROCESSED"), batch=STARTED
    )
    assert batch.status is BatchStatus.PROCESSED
    assert batch.response_metadata.raw["status"] == "PROCESSED"
    assert [request.url.path for request in script.sent] == ["/runBatch/7"] * 4
    assert script.slept == [5, 10, 20]


def test_processed_is_not_success() -> None:
    """A wait for PROCESSED returns whatever became of the runs; the answer tells."""
    batch, _ = wait(
        seen(
            "PROCESSED",
            totalRuns=96,
            submissionSummary={"failedStartSubmissionCount": 2},
            runSummary={"completedRunCount": 91, "failedRunCount": 3},
        )
    )
    assert (batch.is_success, batch.failed_count) == (False, 5)


@pytest.mark.parametrize(
    ("members", "failed", "success"),
    [
        pytest.param({}, 0, False, id="no counts at all"),
        pytest.param({"totalRuns": 2, "runSummary": {"completedRunCount": 2}}, 0, True, id="all"),
        pytest.param(
            {"totalRuns": 2, "runSummary": {"completedRunCount": 1}}, 0, False, id="one missing"
        ),
        pytest.param({"runSummary": {"completedRunCount": 2}}, 0, False, id="of how many?"),
        pytest.param({"totalRuns": 2, "runSummary": {}}, 0, False, id="none counted"),
        pytest.param(
            {
                "totalRuns": 2,
                "runSummary": {"completedRunCount": 2},
                "submissionSummary": {"failedStartSubmissionCount": 1},
            },
            1,
            False,
            id="one refused",
        ),
        pytest.param(
            {"totalRuns": 2, "runSummary": {"completedRunCount": 2, "failedRunCount": 1}},
            1,
            False,
            id="one failed",
        ),
    ],
)
def test_what_the_counts_come_to(members: dict[str, Any], failed: int, success: bool) -> None:
    """A batch is a success if it is processed, and all of its runs have completed."""
    batch = GetBatchResponse.from_dict({"id": "7", "status": "PROCESSED"} | members)
    assert (batch.failed_count, batch.is_success) == (failed, success)
    early = batch.replace(status=BatchStatus.INPROGRESS)
    assert (early.failed_count, early.is_success) == (failed, False)


def test_a_failed_batch_is_raised_at_once() -> None:
    """BatchFailedError has the service's words, which may be all that the answer has."""
    sentence = "Batch has 100001 runs but 100000 runs is the max."
    error, script = wait(
        seen("PENDING"), answer(200, {"id": "7", "status": "FAILED", "failureReason": sentence})
    )
    assert type(error) is errors.BatchFailedError
    assert len(script.sent) == 2
    assert (error.batch.status, error.failure_reason) == ("FAILED", sentence)
    assert error.wanted == {BatchStatus.PROCESSED}
    assert (error.run, error.task) == (None, None)
    assert str(error) == f"batch 7 is FAILED, so PROCESSED can no longer come ({sentence})"


def test_a_cancelled_batch_is_raised_at_its_end() -> None:
    """STOPPING is waited through, and CANCELLED raises with the batch and its name."""
    error, script = wait(seen("STOPPING"), seen("CANCELLED", name="cohort"))
    assert type(error) is errors.BatchCancelledError
    assert len(script.sent) == 2
    assert error.batch.status == "CANCELLED"
    assert str(error) == "batch 7 'cohort' is CANCELLED, so PROCESSED can no longer come"


def test_deleted_runs_hide_a_cancelled_end() -> None:
    """A batch whose runs are deleted was processed only if it has the time of that."""
    batch, _ = wait(seen("RUNS_DELETED", processedTime=MOMENT))
    assert batch.status == "RUNS_DELETED"
    error, _ = wait(seen("RUNS_DELETED"))
    assert type(error) is errors.StatusUnreachableError


@pytest.mark.parametrize(
    "end", ["PROCESSED", "CANCELLED", "FAILED", "RUNS_DELETED", "RUNS_DELETE_FAILED"]
)
def test_terminal_never_raises_for_the_end(end: str) -> None:
    """Waiting for BATCH_TERMINAL returns however the batch ended."""
    batch, _ = wait(seen("INPROGRESS"), seen(end), status=BATCH_TERMINAL)
    assert batch.status == end


def test_a_set_of_statuses() -> None:
    """Any member will do, and the wait is hopeless only when none can come."""
    batch, _ = wait(seen("FAILED"), status={"PROCESSED", BatchStatus.FAILED})
    assert batch.status == "FAILED"
    batch, script = wait(
        seen("CANCELLED"), seen("RUNS_DELETED"), status={"PROCESSED", "RUNS_DELETED"}
    )
    assert (batch.status, len(script.sent)) == ("RUNS_DELETED", 2)
    error, _ = wait(seen("FAILED"), status={"PROCESSED", "RUNS_DELETED"})
    assert type(error) is errors.BatchFailedError
    assert "so PROCESSED or RUNS_DELETED can no longer come" in str(error)


@pytest.mark.parametrize("member", ["processedTime", "failedTime"])
def test_an_unknown_status_keeps_waiting_until_the_batch_has_ended(member: str) -> None:
    """A status newer than the SDK is waited through; after an end nothing more can come."""
    batch, _ = wait(seen("ARCHIVING"), seen("PROCESSED"))
    assert batch.status == "PROCESSED"
    error, _ = wait(seen("ARCHIVED", **{member: MOMENT}))
    assert type(error) is errors.StatusUnreachableError
    assert "ARCHIVED" in str(error)


@pytest.mark.parametrize(
    "wanted",
    [
        pytest.param("PROCESSED", id="processed"),
        pytest.param("RUNS_DELETED", id="deleted runs"),
        pytest.param(BATCH_TERMINAL, id="any end"),
    ],
)
def test_a_batch_that_vanishes_is_gone(wanted: Any) -> None:
    """A 404 after the batch was seen raises BatchGoneError with the batch last seen."""
    error, _ = wait(seen("INPROGRESS"), NOT_FOUND, status=wanted)
    assert type(error) is errors.BatchGoneError
    assert error.batch.status == "INPROGRESS"
    assert isinstance(error.__cause__, errors.ResourceNotFoundError)
    assert str(error) == "batch 7 is gone (last seen INPROGRESS): it was deleted"


def test_a_batch_seen_by_the_caller_counts_as_seen() -> None:
    """Waiting by a GetBatchResponse, the very first 404 means that the batch is gone."""
    known = GetBatchResponse(id="7", status=BatchStatus.INPROGRESS, uuid=UUID)
    error, _ = wait(NOT_FOUND, batch=known)
    assert type(error) is errors.BatchGoneError
    assert error.batch == known


@pytest.mark.parametrize(
    "batch",
    [
        pytest.param("7", id="id"),
        pytest.param(BatchListItem(id="7", status=BatchStatus.PENDING), id="list item"),
    ],
)
def test_a_404_at_first_is_raised_as_it_is(batch: object) -> None:
    """A batch that was never seen is simply not found."""
    error, script = wait(NOT_FOUND, batch=batch)
    assert type(error) is errors.ResourceNotFoundError
    assert len(script.sent) == 1


def test_a_batch_just_started_may_not_be_found_for_a_minute() -> None:
    """Waiting by our own StartRunBatch's answer, a 404 is tolerated for 60 s."""
    batch, _ = wait(NOT_FOUND, NOT_FOUND, seen("PROCESSED"), batch=STARTED)
    assert batch.status == "PROCESSED"
    error, script = wait(*[NOT_FOUND] * 9, batch=STARTED)
    assert type(error) is errors.ResourceNotFoundError
    assert 60 <= sum(script.slept) < 120


@pytest.mark.parametrize(
    "batch",
    [
        pytest.param(STARTED, id="start answer"),
        pytest.param(
            GetBatchResponse(id="7", status=BatchStatus.PENDING, uuid=UUID), id="batch seen"
        ),
        pytest.param("7", id="uuid of the first poll"),
    ],
)
def test_a_reused_id_is_noticed(batch: object) -> None:
    """The uuid is pinned: under the same id another batch means that this one is gone."""
    error, _ = wait(seen("PENDING"), seen("PROCESSED", uuid=OTHER_UUID), batch=batch)
    assert type(error) is errors.BatchGoneError
    assert (error.batch.status, error.batch.uuid) == ("PENDING", UUID)
    assert f"its id now belongs to another batch, uuid {OTHER_UUID!r}" in str(error)


def test_a_reused_id_is_noticed_at_the_first_poll() -> None:
    """Where this batch was never seen, the error has what was seen in its place."""
    error, _ = wait(seen("PROCESSED", uuid=OTHER_UUID), batch=STARTED)
    assert type(error) is errors.BatchGoneError
    assert error.batch.uuid == OTHER_UUID


def test_answers_without_a_uuid_are_accepted() -> None:
    """A batch that failed early may lack its uuid; then there is nothing to compare."""
    batch, _ = wait(seen("PROCESSED", uuid=None), batch=STARTED)
    assert batch.uuid is None


def test_an_answer_about_another_batch_is_no_answer() -> None:
    """Whatever a proxy makes of it, the batch must be the one that was asked for."""
    error, _ = wait(seen("PROCESSED", id="8"))
    assert type(error) is errors.UnreadableResponseError
    assert (error.operation, error.path) == ("GetBatch", "$.id")
    assert "asked for batch 7, got an answer about batch 8" in str(error)


def test_time_is_up() -> None:
    """At the deadline the batch is asked for once more; then the error carries what was seen."""
    error, script = wait(*[seen("SUBMITTING")] * 9, timeout=20)
    assert type(error) is errors.WaitTimeoutError
    assert sum(script.slept) == error.elapsed == 20
    assert error.polls == len(script.sent) == 3
    assert (error.batch.status, error.run, error.task) == ("SUBMITTING", None, None)
    assert str(error) == (
        "batch 7 was SUBMITTING after 20.0 s and 3 polls, not PROCESSED; the batch goes on"
    )


def test_time_is_up_while_nothing_was_seen() -> None:
    """The timeout says that there is no batch to show, and its cause is why."""
    error, _ = wait(NOT_FOUND, timeout=0, batch=STARTED)
    assert type(error) is errors.WaitTimeoutError
    assert error.batch is None
    assert isinstance(error.__cause__, errors.ResourceNotFoundError)
    assert str(error).startswith("batch 7 was never seen after")


def test_passing_trouble_is_ridden_out(caplog: pytest.LogCaptureFixture) -> None:
    """A wait for a batch rides out what a wait for a run does, and names the batch in the log."""
    batch, _ = wait(refusal(501), seen("PENDING"), refusal(501), seen("PROCESSED"))
    assert batch.status == "PROCESSED"
    told = [r.getMessage() for r in caplog.records if r.levelname == "WARNING"]
    assert [line.startswith("still waiting for batch 7: GetBatch: ") for line in told] == [True] * 2


def test_progress_sees_each_poll() -> None:
    """The callback gets the batch; each of its objects prints as one line."""
    told: list[BatchProgress] = []
    failing = {"submissionSummary": {"failedStartSubmissionCount": 2}}
    wait(seen("INPROGRESS"), seen("PROCESSED", **failing), progress=told.append)
    assert [(p.batch.status, p.changed, p.polls, p.elapsed, p.next_delay) for p in told] == [
        ("INPROGRESS", True, 1, 0, 5),
        ("PROCESSED", True, 2, 5, None),
    ]
    assert [str(p) for p in told] == [
        "INPROGRESS  batch 7, poll 1 after 0 s, next in 5 s",
        "PROCESSED  batch 7, 2 failed, poll 2 after 5 s",
    ]


@pytest.mark.parametrize(
    ("arguments", "path", "fragment"),
    [
        pytest.param({"batch": None}, "batch", "a batch's id or a batch's model", id="no batch"),
        pytest.param({"batch": 7}, "batch", "got 7", id="a number"),
        pytest.param({"batch": "cohort"}, "batch", "got 'cohort'", id="a name"),
        pytest.param({"batch": ""}, "batch", "got ''", id="an empty id"),
        pytest.param(
            {"batch": StartRunResponse(id="7")}, "batch", "got StartRunResponse", id="a run"
        ),
        pytest.param(
            {"batch": GetRunResponse(id="7", arn="a", status=RunStatus.RUNNING)},
            "batch",
            "got GetRunResponse",
            id="a run seen",
        ),
        pytest.param(
            {"batch": RunListItem(id="7", arn="a", status=RunStatus.RUNNING)},
            "batch",
            "got RunListItem",
            id="a run of a list",
        ),
        pytest.param(
            {"batch": RunBatchListItem(run_setting_id="s", run_id="7")},
            "batch",
            "got RunBatchListItem",
            id="a run of a batch",
        ),
        pytest.param({"status": "COMPLETED"}, "status", "got 'COMPLETED'", id="a run's status"),
        pytest.param({"status": ["PROCESSED"]}, "status", "or a set, such as {", id="list"),
        pytest.param({"timeout": "60"}, "timeout", "got '60'", id="timeout as text"),
        pytest.param({"min_delay": 0}, "min_delay", "above 0", id="no delay"),
        pytest.param({"progress": 5}, "progress", "a plain function", id="no function"),
    ],
)
def test_bad_arguments_are_named(arguments: dict[str, Any], path: str, fragment: str) -> None:
    """Each wrong argument is an InvalidRequestError that names it; nothing is sent."""
    error, script = wait(**arguments)
    assert isinstance(error, errors.InvalidRequestError)
    assert str(error).startswith("wait_until_batch was refused")
    ((where, what),) = error.problems
    assert where == path
    assert fragment in what
    assert script.sent == []


def refused_run(run: Any) -> str:
    """Return what a wait for a run says about its first argument."""
    with pytest.raises(errors.InvalidRequestError) as caught:
        plan_run_wait(run, RunStatus.COMPLETED, None, 5, 60, None)
    ((where, what),) = caught.value.problems
    assert where == "run"
    return what


@pytest.mark.parametrize(
    "batch",
    [
        pytest.param(STARTED, id="start answer"),
        pytest.param(GetBatchResponse(id="7", status=BatchStatus.PENDING), id="batch seen"),
        pytest.param(BatchListItem(id="7", status=BatchStatus.PENDING), id="list item"),
    ],
)
def test_a_batch_is_no_run(batch: object) -> None:
    """A wait for a run refuses a batch, whose id might be some run's too."""
    assert refused_run(batch).startswith("must be a run's id, a RunRef or a run's model, got ")


@pytest.mark.parametrize("run_id", [None, ""], ids=["no run id", "an empty run id"])
@pytest.mark.parametrize(
    ("members", "why"),
    [
        pytest.param(
            {
                "submission_failure_reason": "AccessDeniedException",
                "submission_failure_message": "no access to the bucket",
            },
            "no access to the bucket",
            id="message",
        ),
        pytest.param(
            {"submission_failure_reason": "AccessDeniedException"},
            "AccessDeniedException",
            id="reason",
        ),
        pytest.param({}, "no reason given", id="neither"),
    ],
)
def test_a_setting_without_a_run(run_id: str | None, members: dict[str, str], why: str) -> None:
    """Waiting for a run that was never accepted names its setting and what the service said."""
    item = RunBatchListItem(run_setting_id="sample-1", run_id=run_id, **members)  # type: ignore[arg-type]
    assert refused_run(item) == f"setting 'sample-1' of the batch has no run ({why})"


def test_a_run_of_a_batch_is_waited_for_by_its_item() -> None:
    """The run that a batch has started is waited for by its id, and its uuid is pinned."""
    item = RunBatchListItem(run_setting_id="s", run_id="1", run_internal_uuid=UUID)
    env = make_env()
    other = {"id": "1", "arn": "a", "status": "COMPLETED", "uuid": OTHER_UUID}
    script = Script(env, [answer(200, other)])
    plan = plan_run_wait(item, RunStatus.COMPLETED, None, 5, 60, None)
    with pytest.raises(errors.RunReplacedError):
        script.play(wait_until(plan, env))
    assert script.sent[0].url.path == "/run/1"


@pytest.mark.parametrize(
    "replies",
    [
        pytest.param([seen("FAILED", failureReason="r")], id="failed"),
        pytest.param([seen("CANCELLED")], id="cancelled"),
        pytest.param([seen("PENDING"), NOT_FOUND], id="gone"),
    ],
)
def test_the_errors_pickle(replies: list[Reply]) -> None:
    """An error of a wait for a batch crosses processes with the batch and what was wanted."""
    error, _ = wait(*replies)
    twin = pickle.loads(pickle.dumps(error))
    assert type(twin) is type(error)
    assert (str(twin), twin.batch, twin.wanted) == (str(error), error.batch, error.wanted)
