"""A wait for a task, played as a script: the table, what ends the wait, and what it tells."""

from __future__ import annotations

import pickle
from typing import Any

import httpx
import pytest

from omics_runs import (
    TASK_TERMINAL,
    GetRunResponse,
    GetRunTaskResponse,
    RunListItem,
    RunRef,
    RunStatus,
    StartRunResponse,
    TaskListItem,
    TaskProgress,
    TaskStatus,
    errors,
)
from omics_runs._lifecycle import TASK_LIFE, Verdict
from omics_runs._wait_plan import plan_task_wait
from omics_runs._waiting import wait_until
from omics_runs.models import GetBatchResponse, RunBatchListItem

from .script import Reply, Script, answer, make_env, refusal

NOT_FOUND = refusal(404, "ResourceNotFoundException")
TASK = GetRunTaskResponse(task_id="7", status=TaskStatus.RUNNING)


def seen(status: str, **members: Any) -> httpx.Response:
    """Return GetRunTask's answer for a task in some status."""
    return answer(200, {"taskId": "7", "status": status} | members)


def wait(*replies: Reply, run: Any = "1", task: Any = "7", **arguments: Any) -> tuple[Any, Script]:
    """Play a wait; return its result or its error, and the script."""
    env = make_env()
    script = Script(env, replies)
    usual = {"status": "COMPLETED", "timeout": None, "min_delay": 5, "max_delay": 60}
    try:
        plan = plan_task_wait(run, task, **{**usual, "progress": None, **arguments})
        result: Any = script.play(wait_until(plan, env))
    except errors.OmicsRunsError as error:
        result = error
    return result, script


ORDER = ["PENDING", "STARTING", "RUNNING", "STOPPING", "COMPLETED", "FAILED", "CANCELLED"]
TABLE = {
    "PENDING": "✓ ✓ ✓ ✓ ✓ ✓ ✓ ✗",
    "STARTING": "… ✓ ✓ s ✓ s s ✗",
    "RUNNING": "… … ✓ s ✓ s s ✗",
    "STOPPING": "… … … ✓ ✓ ✓ ✓ ✗",
    "COMPLETED": "… … … … ✓ ✗ ✗ ✗",
    "FAILED": "… … … … ✗ ✓ ✗ ✗",
    "CANCELLED": "… … … … ✗ ✗ ✓ ✗",
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
    goal = {TaskStatus(wanted)}
    if sign == "s":
        sign = "✓" if started else "✗"
    if column == "404":
        assert TASK_LIFE.verdict_gone(goal) is SIGNS[sign]
        return
    times = {"startTime": "2024-01-01T00:00:00Z"} if started else {}
    task = GetRunTaskResponse.from_dict({"taskId": "7", "status": column} | times)
    assert TASK_LIFE.verdict(goal, task) is SIGNS[sign]


def test_the_table_knows_every_status() -> None:
    """A status that the generator learns needs a row and a column here."""
    assert set(ORDER) == set(TaskStatus) == set(TABLE)


def test_the_final_statuses() -> None:
    """`TASK_TERMINAL` has the three statuses in which a task stays."""
    assert {"COMPLETED", "FAILED", "CANCELLED"} == TASK_TERMINAL


def test_a_wait_walks_to_its_end() -> None:
    """A task is polled at the run's path until it has completed; the last answer is the result."""
    task, script = wait(seen("PENDING"), seen("RUNNING"), seen("COMPLETED", logStream="l"))
    assert (task.status, task.log_stream) == (TaskStatus.COMPLETED, "l")
    assert task.response_metadata.raw["status"] == "COMPLETED"
    assert [request.url.path for request in script.sent] == ["/run/1/task/7"] * 3
    assert script.slept == [5, 10]


@pytest.mark.parametrize(
    "run",
    [
        pytest.param("1", id="id"),
        pytest.param("1/u-1", id="reference as text"),
        pytest.param(RunRef("1", "u-1"), id="reference"),
        pytest.param(StartRunResponse(id="1", uuid="u-1"), id="start answer"),
        pytest.param(GetRunResponse(id="1", arn="a", status=RunStatus.RUNNING), id="run"),
        pytest.param(RunListItem(id="1", arn="a", status=RunStatus.RUNNING), id="list item"),
        pytest.param(RunBatchListItem(run_setting_id="s", run_id="1"), id="run of a batch"),
    ],
)
@pytest.mark.parametrize(
    "task",
    [
        pytest.param("7", id="id"),
        pytest.param(TaskListItem(task_id="7", status=TaskStatus.RUNNING), id="list item"),
        pytest.param(TASK, id="task"),
    ],
)
def test_whatever_names_them(run: object, task: object) -> None:
    """Run and task may each be an id or any answer that speaks of them."""
    done, script = wait(seen("COMPLETED"), run=run, task=task)
    assert done.status == "COMPLETED"
    assert script.sent[0].url.path == "/run/1/task/7"


@pytest.mark.parametrize(
    ("end", "kind"),
    [
        pytest.param("FAILED", errors.TaskFailedError, id="failed"),
        pytest.param("CANCELLED", errors.TaskCancelledError, id="cancelled"),
    ],
)
def test_an_end_that_was_not_wanted_is_raised_at_once(
    end: str, kind: type[errors.StatusUnreachableError]
) -> None:
    """A task that ended otherwise raises the error of its end, with all that is known."""
    error, script = wait(
        seen("RUNNING"),
        seen(end, name="align", failureReason="OUT_OF_MEMORY_ERROR", statusMessage="killed"),
    )
    assert type(error) is kind
    assert len(script.sent) == 2
    assert error.task.status == end
    assert error.wanted == {TaskStatus.COMPLETED}
    assert (error.run, error.batch) == (None, None)
    assert str(error) == (
        f"task 7 of run 1 'align' is {end}, so COMPLETED can no longer come "
        "(OUT_OF_MEMORY_ERROR: killed)"
    )


def test_a_failed_task_says_why() -> None:
    """TaskFailedError has the reason as an open enum, and the service's sentence."""
    error, _ = wait(seen("FAILED", failureReason="BRAND_NEW_CODE", statusMessage="m"))
    assert error.failure_reason == "BRAND_NEW_CODE"
    assert not error.failure_reason.is_known
    assert error.status_message == "m"


def test_a_completed_task_can_not_fail() -> None:
    """Waiting for FAILED on a completed task is unreachable, without a kind of its own."""
    error, _ = wait(seen("COMPLETED"), status=TaskStatus.FAILED)
    assert type(error) is errors.StatusUnreachableError
    assert error.task.status == "COMPLETED"


@pytest.mark.parametrize("end", ["COMPLETED", "FAILED", "CANCELLED"])
def test_terminal_never_raises_for_the_end(end: str) -> None:
    """Waiting for TASK_TERMINAL returns however the task ended."""
    task, _ = wait(seen("RUNNING"), seen(end), status=TASK_TERMINAL)
    assert task.status == end


def test_an_unknown_status_keeps_waiting_until_the_task_has_stopped() -> None:
    """A status newer than the SDK is waited through; with a stop time nothing more can come."""
    task, _ = wait(seen("PAUSED"), seen("COMPLETED"))
    assert task.status == "COMPLETED"
    error, _ = wait(seen("ABANDONED", stopTime="2024-01-01T00:00:00Z"))
    assert type(error) is errors.StatusUnreachableError
    assert "ABANDONED" in str(error)


def test_a_task_that_vanishes_is_gone() -> None:
    """A 404 after the task was seen means that its run was deleted, whatever was wanted."""
    for wanted in ("COMPLETED", TASK_TERMINAL):
        error, _ = wait(seen("RUNNING"), NOT_FOUND, status=wanted)
        assert type(error) is errors.TaskGoneError
        assert error.task.status == "RUNNING"
        assert isinstance(error.__cause__, errors.ResourceNotFoundError)
        assert str(error).startswith("task 7 of run 1 is gone (last seen RUNNING): its run was")


def test_a_task_seen_by_the_caller_counts_as_seen() -> None:
    """Waiting by a GetRunTaskResponse, the very first 404 means that the task is gone."""
    error, _ = wait(NOT_FOUND, task=TASK)
    assert type(error) is errors.TaskGoneError
    assert error.task == TASK


@pytest.mark.parametrize(
    "run",
    [pytest.param("1", id="id"), pytest.param(StartRunResponse(id="1"), id="start answer")],
)
def test_a_404_at_first_is_raised_as_it_is(run: object) -> None:
    """A task that was never seen is simply not found, also right after the run's start."""
    error, script = wait(NOT_FOUND, run=run)
    assert type(error) is errors.ResourceNotFoundError
    assert len(script.sent) == 1


def test_an_answer_about_another_task_is_no_answer() -> None:
    """Whatever a proxy makes of it, the task must be the one that was asked for."""
    error, _ = wait(seen("COMPLETED", taskId="8"))
    assert type(error) is errors.UnreadableResponseError
    assert (error.operation, error.path) == ("GetRunTask", "$.taskId")
    assert "asked for task 7 of run 1, got an answer about task 8" in str(error)


def test_time_is_up() -> None:
    """At the deadline the task is asked for once more; then the error carries what was seen."""
    error, script = wait(*[seen("RUNNING")] * 9, timeout=20)
    assert type(error) is errors.WaitTimeoutError
    assert sum(script.slept) == error.elapsed == 20
    assert error.polls == len(script.sent) == 3
    assert (error.task.status, error.run, error.batch) == ("RUNNING", None, None)
    assert str(error) == (
        "task 7 of run 1 was RUNNING after 20.0 s and 3 polls, not COMPLETED; the task goes on"
    )


def test_time_is_up_while_nothing_was_seen() -> None:
    """The timeout says that there is no task to show."""
    error, _ = wait(refusal(501), timeout=0)
    assert error.task is None
    assert str(error).startswith("task 7 of run 1 was never seen after")


def test_progress_sees_each_poll() -> None:
    """The callback gets the task; each of its objects prints as one line."""
    told: list[TaskProgress] = []
    wait(seen("PENDING"), seen("COMPLETED", name="align"), progress=told.append)
    assert [(p.task.status, p.changed, p.polls, p.elapsed, p.next_delay) for p in told] == [
        ("PENDING", True, 1, 0, 5),
        ("COMPLETED", True, 2, 5, None),
    ]
    assert [str(p) for p in told] == [
        "PENDING    task 7, poll 1 after 0 s, next in 5 s",
        "COMPLETED  task 7 align, poll 2 after 5 s",
    ]


@pytest.mark.parametrize(
    ("arguments", "path", "fragment"),
    [
        pytest.param({"task": None}, "task", "a task's id or a task's model", id="no task"),
        pytest.param({"task": 7}, "task", "got 7", id="a number"),
        pytest.param({"task": "align"}, "task", "got 'align'", id="a name"),
        pytest.param({"task": ""}, "task", "got ''", id="an empty id"),
        pytest.param({"task": "7\n"}, "task", "got '7", id="a line"),
        pytest.param(
            {"task": GetRunResponse(id="7", arn="a", status=RunStatus.RUNNING)},
            "task",
            "got GetRunResponse",
            id="a run as task",
        ),
        pytest.param({"run": TASK}, "run", "a run's id", id="a task as run"),
        pytest.param(
            {"run": GetBatchResponse.from_dict({"id": "1", "status": "PENDING"})},
            "run",
            "a run's id",
            id="a batch as run",
        ),
        pytest.param({"status": "DELETED"}, "status", "got 'DELETED'", id="a run's status"),
        pytest.param({"status": frozenset()}, "status", "got frozenset()", id="empty set"),
        pytest.param(
            {"timeout": -1}, "timeout", "from 0 to 1,000,000,000, or None", id="negative timeout"
        ),
        pytest.param(
            {"max_delay": 1}, "max_delay", "from min_delay (5) to 1,000", id="longest too short"
        ),
        pytest.param({"progress": 5}, "progress", "a plain function", id="no function"),
    ],
)
def test_bad_arguments_are_named(arguments: dict[str, Any], path: str, fragment: str) -> None:
    """Each wrong argument is an InvalidRequestError that names it; nothing is sent."""
    error, script = wait(**arguments)
    assert isinstance(error, errors.InvalidRequestError)
    assert str(error).startswith("wait_until_task was refused")
    ((where, what),) = error.problems
    assert where == path
    assert fragment in what
    assert script.sent == []


def test_all_bad_arguments_are_named_at_once() -> None:
    """One error has every argument that is wrong."""
    error, _ = wait(run="x", task="y", status="z", timeout="soon")
    assert [where for where, _ in error.problems] == ["run", "task", "status", "timeout"]


@pytest.mark.parametrize(
    "replies",
    [
        pytest.param([seen("FAILED")], id="failed"),
        pytest.param([seen("CANCELLED")], id="cancelled"),
        pytest.param([seen("RUNNING"), NOT_FOUND], id="gone"),
    ],
)
def test_the_errors_pickle(replies: list[Reply]) -> None:
    """An error of a wait for a task crosses processes with the task and what was wanted."""
    error, _ = wait(*replies)
    twin = pickle.loads(pickle.dumps(error))
    assert type(twin) is type(error)
    assert (str(twin), twin.task, twin.wanted) == (str(error), error.task, error.wanted)
