"""What becomes of runs and their tasks as virtual time goes by."""

from __future__ import annotations

from typing import Any

import pytest

from omics_runs import TERMINAL, RunStatus
from omics_runs.emulator import Durations, Emulator, TaskPlan, VirtualClock
from omics_runs.models import GetRunResponse, GetRunTaskResponse
from tests.emulator.conftest import START, Caller, code


def seen(caller: Caller, clock: VirtualClock, run_id: str, step: float = 10) -> list[str]:
    """Return the statuses that a poller sees until the run has ended."""
    statuses: list[str] = []
    while not statuses or RunStatus(statuses[-1]) not in TERMINAL:
        status = caller.run(run_id)["status"]
        statuses += [status] if status not in statuses else []
        clock.advance(step)
    return statuses


def seconds(run: dict[str, Any], begin: str, end: str) -> float:
    """Return the seconds between two times of a run."""
    model = GetRunResponse.from_dict(run)
    length = getattr(model, end) - getattr(model, begin)
    return float(length.total_seconds())


def test_whole_way(caller: Caller, clock: VirtualClock) -> None:
    """A run passes every status, as long as it should, and has its times then."""
    run_id = caller.start()["id"]
    statuses = seen(caller, clock, run_id)
    assert statuses == ["PENDING", "STARTING", "RUNNING", "STOPPING", "COMPLETED"]
    run = caller.run(run_id)
    assert seconds(run, "creation_time", "start_time") == pytest.approx(630)
    assert seconds(run, "start_time", "stop_time") == pytest.approx(1860)
    assert "failureReason" not in run


def test_times_appear_when_they_come(caller: Caller, clock: VirtualClock) -> None:
    """A run has no start time before it is RUNNING and no stop time before it has ended."""
    run_id = caller.start()["id"]
    assert "startTime" not in caller.run(run_id)
    clock.advance(700)
    assert "startTime" in caller.run(run_id)
    assert "stopTime" not in caller.run(run_id)


@pytest.mark.parametrize(
    ("plan", "statuses", "length"),
    [
        pytest.param(
            {"ends": "FAILED"}, "PENDING STARTING RUNNING STOPPING FAILED", 2490, id="fails"
        ),
        pytest.param({"ends": "FAILED", "after": 20}, "PENDING FAILED", 20, id="fails in PENDING"),
        pytest.param(
            {"ends": "FAILED", "after": 100}, "PENDING STARTING FAILED", 100, id="fails in STARTING"
        ),
        pytest.param(
            {"ends": "FAILED", "after": 640},
            "PENDING STARTING STOPPING FAILED",
            640,
            id="fails as soon as RUNNING",
        ),
        pytest.param(
            {"ends": "FAILED", "after": 900},
            "PENDING STARTING RUNNING STOPPING FAILED",
            900,
            id="fails early in RUNNING",
        ),
        pytest.param(
            {"ends": "CANCELLED"},
            "PENDING STARTING RUNNING STOPPING CANCELLED",
            2490,
            id="is cancelled",
        ),
        pytest.param(
            {"ends": "CANCELLED", "after": 5000},
            "PENDING STARTING RUNNING STOPPING CANCELLED",
            5000,
            id="is cancelled late",
        ),
        pytest.param(
            {"ends": "CANCELLED", "after": 80},
            "PENDING STOPPING CANCELLED",
            80,
            id="is cancelled in PENDING",
        ),
        pytest.param(
            {"ends": "CANCELLED", "after": 40},
            "STOPPING CANCELLED",
            40,
            id="is cancelled at once",
        ),
        pytest.param(
            {"after": 10_000},
            "PENDING STARTING RUNNING STOPPING COMPLETED",
            10_000,
            id="takes long",
        ),
        pytest.param({"after": 0}, "COMPLETED", 0, id="is over at once"),
        pytest.param({"after": 69}, "PENDING STARTING STOPPING COMPLETED", 69, id="is squeezed"),
        pytest.param(
            {"durations": Durations(pending=10, starting=0, running=20, stopping=0)},
            "PENDING RUNNING COMPLETED",
            30,
            id="has durations of its own",
        ),
    ],
)
def test_plans(
    emulator: Emulator,
    caller: Caller,
    clock: VirtualClock,
    plan: dict[str, Any],
    statuses: str,
    length: float,
) -> None:
    """A planned run goes the way and takes the time that it should."""
    emulator.plan(**plan)
    run_id = caller.start()["id"]
    assert " ".join(seen(caller, clock, run_id, step=max(1, length / 300))) == statuses
    assert seconds(caller.run(run_id), "creation_time", "stop_time") == pytest.approx(length)


def test_first_answer_is_pending(emulator: Emulator, caller: Caller) -> None:
    """StartRun always answers PENDING, however soon the run is over."""
    emulator.plan(after=0)
    assert caller.start()["status"] == "PENDING"


def test_plans_by_name(emulator: Emulator, caller: Caller, clock: VirtualClock) -> None:
    """Plans are for runs of a name, with wildcards, and the last one that fits counts."""
    emulator.plan("sample-*", ends="FAILED")
    emulator.plan("sample-[1]", ends="CANCELLED")
    emulator.plan("sample-2", ends="CANCELLED")
    names = ("sample-1", "sample-2", "sample-[1]", "other", None)
    started = {name: caller.start(**({"name": name} if name else {}))["id"] for name in names}
    clock.advance(10_000)
    ends = {name: caller.run(run_id)["status"] for name, run_id in started.items()}
    assert ends == {
        "sample-1": "CANCELLED",
        "sample-2": "CANCELLED",
        "sample-[1]": "CANCELLED",
        "other": "COMPLETED",
        None: "COMPLETED",
    }


@pytest.mark.parametrize(
    ("plan", "reason"),
    [
        pytest.param({}, "RUN_TASK_FAILED", id="default"),
        pytest.param({"after": 5}, "ASSUME_ROLE_FAILED", id="default before RUNNING"),
        pytest.param({"failure_reason": "OUT_OF_MEMORY_ERROR"}, "OUT_OF_MEMORY_ERROR", id="given"),
    ],
)
def test_failure_reasons(
    emulator: Emulator, caller: Caller, clock: VirtualClock, plan: dict[str, Any], reason: str
) -> None:
    """A run that has failed says why, and one that is about to does not yet."""
    emulator.plan(ends="FAILED", **plan)
    run_id = caller.start()["id"]
    assert "failureReason" not in caller.run(run_id)
    clock.advance(10_000)
    run = caller.run(run_id)
    assert run["failureReason"] == reason
    assert reason in run["statusMessage"]


def test_status_message(emulator: Emulator, caller: Caller, clock: VirtualClock) -> None:
    """The sentence of a plan is the run's status message."""
    emulator.plan(ends="FAILED", status_message="the disk was full")
    run_id = caller.start()["id"]
    clock.advance(10_000)
    assert caller.run(run_id)["statusMessage"] == "the disk was full"


@pytest.mark.parametrize(
    ("elapsed", "ends", "after", "statuses"),
    [
        pytest.param(0, "FAILED", 0, "FAILED", id="fails from PENDING"),
        pytest.param(100, "FAILED", 0, "FAILED", id="fails from STARTING"),
        pytest.param(1000, "FAILED", 0, "FAILED", id="fails from RUNNING"),
        pytest.param(1000, "FAILED", 1500, "RUNNING STOPPING FAILED", id="fails later"),
        pytest.param(2450, "FAILED", None, "STOPPING FAILED", id="fails from STOPPING"),
        pytest.param(1000, "CANCELLED", 1200, "RUNNING STOPPING CANCELLED", id="is cancelled"),
        pytest.param(100, "COMPLETED", 100, "COMPLETED", id="completes at once"),
        pytest.param(
            100, "COMPLETED", 5000, "STARTING RUNNING STOPPING COMPLETED", id="takes longer"
        ),
    ],
)
def test_change_of_plan(
    emulator: Emulator,
    caller: Caller,
    clock: VirtualClock,
    elapsed: float,
    ends: Any,
    after: float | None,
    statuses: str,
) -> None:
    """A run under way can be led to another end, and keeps its past."""
    run_id = caller.start()["id"]
    clock.advance(elapsed)
    before = caller.run(run_id)
    emulator.plan(run_id=run_id, ends=ends, after=after)
    assert " ".join(seen(caller, clock, run_id, step=25)) == statuses
    now = caller.run(run_id)
    assert {key: now[key] for key in ("creationTime", "startTime") if key in before} == {
        key: before[key] for key in ("creationTime", "startTime") if key in before
    }


def test_tasks_of_a_changed_plan(emulator: Emulator, caller: Caller, clock: VirtualClock) -> None:
    """Tasks that have ended stay as they are when their run is led to another end."""
    run_id = caller.start()["id"]
    clock.advance(1500)
    emulator.plan(run_id=run_id, ends="FAILED", after=0, failure_reason="OUT_OF_MEMORY_ERROR")
    tasks = {task["name"]: task["status"] for task in caller.tasks(run_id)["items"]}
    assert tasks == {"PrepareReads": "COMPLETED", "AlignReads": "FAILED"}
    assert caller.run(run_id)["failureReason"] == "OUT_OF_MEMORY_ERROR"


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param({"run_id": "1"}, id="no such run"),
        pytest.param({"name": "x"}, id="with a name"),
        pytest.param({"tasks": ()}, id="with tasks"),
        pytest.param({"durations": Durations()}, id="with durations"),
        pytest.param({"after": -1.0}, id="negative time"),
        pytest.param({"after": 1e9}, id="beyond ten years"),
        pytest.param({"ends": "DELETED"}, id="no such end"),
    ],
)
def test_impossible_plans(emulator: Emulator, caller: Caller, wrong: dict[str, Any]) -> None:
    """A plan that can't be carried out is refused at once."""
    run_id = caller.start()["id"]
    with pytest.raises(ValueError):
        emulator.plan(**({"run_id": run_id} | wrong))


def test_no_plan_for_the_past(emulator: Emulator, caller: Caller, clock: VirtualClock) -> None:
    """A run that has ended can't be led to another end."""
    run_id = caller.start()["id"]
    clock.advance(10_000)
    with pytest.raises(ValueError, match=run_id):
        emulator.plan(run_id=run_id, ends="FAILED")


@pytest.mark.parametrize("ends", ["COMPLETED", "FAILED", "CANCELLED"])
def test_no_plan_for_the_cancelled(
    emulator: Emulator, caller: Caller, clock: VirtualClock, ends: Any
) -> None:
    """A run that is being cancelled can't be led to another end."""
    run_id = caller.start()["id"]
    caller.cancel(run_id)
    with pytest.raises(ValueError, match=run_id):
        emulator.plan(run_id=run_id, ends=ends)
    clock.advance(60)
    assert caller.run(run_id)["status"] == "CANCELLED"


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param(lambda: Durations(running=10 * 365 * 86_400 + 1), id="beyond ten years"),
        pytest.param(lambda: Durations(pending=-1), id="negative"),
        pytest.param(lambda: Durations(running=float("inf")), id="endless"),
        pytest.param(lambda: Durations(running=float("nan")), id="not a number"),
        pytest.param(lambda: TaskPlan(name="x", window=(0.5, 0.2)), id="backwards"),
        pytest.param(lambda: TaskPlan(name="x", window=(0, 2)), id="beyond the run"),
    ],
)
def test_impossible_durations(wrong: Any) -> None:
    """Durations and windows that no run can have are refused at once."""
    with pytest.raises(ValueError):
        wrong()


@pytest.mark.parametrize(
    "elapsed",
    [
        pytest.param(0, id="PENDING"),
        pytest.param(100, id="STARTING"),
        pytest.param(1000, id="RUNNING"),
        pytest.param(2450, id="STOPPING"),
    ],
)
def test_cancel(caller: Caller, clock: VirtualClock, elapsed: float) -> None:
    """A run can be cancelled at any time before its end; asking twice changes nothing."""
    run_id = caller.start()["id"]
    clock.advance(elapsed)
    assert caller.cancel(run_id).status_code == 202
    assert caller.cancel(run_id).content == b""
    clock.advance(59)
    assert caller.run(run_id)["status"] == "STOPPING"
    assert caller.cancel(run_id).status_code == 202
    clock.advance(1)
    run = caller.run(run_id)
    assert run["status"] == "CANCELLED"
    assert ("startTime" in run) is (elapsed >= 1000)
    assert "stopTime" in run


def test_too_late_to_cancel(caller: Caller, clock: VirtualClock) -> None:
    """A run that has ended can't be cancelled."""
    run_id = caller.start()["id"]
    clock.advance(10_000)
    response = caller.cancel(run_id)
    assert (response.status_code, code(response)) == (409, "ConflictException")


@pytest.mark.parametrize(
    "ends", [pytest.param(end, id=end) for end in ("COMPLETED", "FAILED", "CANCELLED")]
)
def test_delete(emulator: Emulator, caller: Caller, clock: VirtualClock, ends: Any) -> None:
    """A run that has ended in any way can be deleted, and is gone from everywhere."""
    emulator.plan(ends=ends)
    run_id = caller.start()["id"]
    clock.advance(10_000)
    assert caller.delete(run_id).status_code == 202
    calls = (
        caller.http.get(f"/run/{run_id}"),
        caller.http.get(f"/run/{run_id}/task"),
        caller.cancel(run_id),
        caller.delete(run_id),
        caller.http.post("/run", json=START | {"runId": run_id}),
    )
    assert {(call.status_code, code(call)) for call in calls} == {
        (404, "ResourceNotFoundException")
    }
    assert caller.list()["items"] == []


def test_too_early_to_delete(caller: Caller) -> None:
    """A run under way can't be deleted."""
    response = caller.delete(caller.start()["id"])
    assert (response.status_code, code(response)) == (409, "ConflictException")


def test_deleted_runs_can_stay(clock: VirtualClock) -> None:
    """If asked to, the emulator goes on showing deleted runs as DELETED."""
    caller = Caller(Emulator(clock, verify_signatures=False, deleted_runs="DELETED"))
    run_id = caller.start()["id"]
    clock.advance(10_000)
    caller.delete(run_id)
    assert caller.run(run_id)["status"] == "DELETED"
    assert [item["status"] for item in caller.list(status="DELETED")["items"]] == ["DELETED"]
    assert caller.delete(run_id).status_code == 409
    assert caller.http.post("/run", json=START | {"runId": run_id}).status_code == 404


@pytest.mark.parametrize(
    "deleted", [pytest.param("404", id="404"), pytest.param("DELETED", id="DELETED")]
)
def test_ids_come_again(clock: VirtualClock, deleted: Any) -> None:
    """If asked to, ids of deleted runs are given to new ones, which have uuids of their own."""
    emulator = Emulator(clock, verify_signatures=False, reuse_ids=True, deleted_runs=deleted)
    caller = Caller(emulator)
    first = caller.start(name="first")
    clock.advance(10_000)
    caller.delete(first["id"])
    second, third = caller.start(name="second"), caller.start(name="third")
    assert second["id"] == first["id"] != third["id"]
    assert second["uuid"] != first["uuid"]
    assert [item["name"] for item in caller.list()["items"]] == ["third", "second"]


class TestTasks:
    """The tasks of a run."""

    def test_own_windows(self, caller: Caller, clock: VirtualClock) -> None:
        """Tasks appear, run and end at times of their own while their run is RUNNING."""
        run_id = caller.start()["id"]
        clock.advance(600)
        assert caller.tasks(run_id)["items"] == []
        clock.advance(130)
        (first,) = caller.tasks(run_id)["items"]
        assert (first["name"], first["status"]) == ("PrepareReads", "PENDING")
        assert "startTime" not in first
        clock.advance(10_000)
        run, tasks = caller.run(run_id), caller.tasks(run_id)["items"]
        assert [task["status"] for task in tasks] == ["COMPLETED"] * 3
        assert len({task["taskId"] for task in tasks}) == 3
        for task in tasks:
            assert run["startTime"] <= task["creationTime"] <= task["startTime"]
            assert task["startTime"] <= task["stopTime"] <= run["stopTime"]

    def test_status_filter(self, caller: Caller, clock: VirtualClock) -> None:
        """Tasks can be listed by their status."""
        run_id = caller.start()["id"]
        clock.advance(1500)
        names = [task["name"] for task in caller.tasks(run_id, status="COMPLETED")["items"]]
        assert names == ["PrepareReads"]

    def test_failure(self, emulator: Emulator, caller: Caller, clock: VirtualClock) -> None:
        """The task that took its run down says why, and only where one asks for it alone."""
        emulator.plan(ends="FAILED", failure_reason="OUT_OF_MEMORY_ERROR", status_message="oom")
        run_id = caller.start()["id"]
        clock.advance(10_000)
        failed = caller.tasks(run_id)["items"][-1]
        assert failed["status"] == "FAILED"
        assert not {"failureReason", "statusMessage"} & set(failed)
        task = caller.task(run_id, failed["taskId"])
        assert (task["failureReason"], task["statusMessage"]) == ("OUT_OF_MEMORY_ERROR", "oom")

    def test_planned_tasks(self, emulator: Emulator, caller: Caller, clock: VirtualClock) -> None:
        """Planned tasks are the run's tasks; one of them may fail though the run completes."""
        emulator.plan(
            tasks=[
                TaskPlan(name="Try", ends="FAILED", failure_reason="SERVICE_ERROR"),
                TaskPlan(name="Again", gpus=1, image="ecr/image:1", window=(0.5, 1)),
            ]
        )
        run_id = caller.start()["id"]
        clock.advance(10_000)
        first, second = (
            caller.task(run_id, item["taskId"]) for item in caller.tasks(run_id)["items"]
        )
        assert (first["status"], first["failureReason"]) == ("FAILED", "SERVICE_ERROR")
        assert (second["status"], second["imageDetails"]["image"]) == ("COMPLETED", "ecr/image:1")
        assert caller.run(run_id)["accelerators"] == "GPU"

    @pytest.mark.parametrize(
        ("ends", "reasons"),
        [
            pytest.param("COMPLETED", (None, "bad luck"), id="run completes"),
            pytest.param("CANCELLED", (None, "bad luck"), id="run is cancelled"),
            pytest.param("FAILED", ("RUN_TASK_FAILED", "bad luck"), id="run fails"),
        ],
    )
    def test_reasons(
        self,
        emulator: Emulator,
        caller: Caller,
        clock: VirtualClock,
        ends: Any,
        reasons: tuple[str | None, str],
    ) -> None:
        """A task that fails has its planned reasons, and its run's only if it took that down."""
        task = TaskPlan(name="Bad", ends="FAILED", status_message="bad luck", window=(0, 0.5))
        emulator.plan(ends=ends, tasks=[task])
        run_id = caller.start()["id"]
        clock.advance(10_000)
        (item,) = caller.tasks(run_id)["items"]
        failed = caller.task(run_id, item["taskId"])
        assert failed["status"] == "FAILED"
        assert (failed.get("failureReason"), failed.get("statusMessage")) == reasons

    def test_planned_failure(self, emulator: Emulator, caller: Caller, clock: VirtualClock) -> None:
        """If a plan says which task fails, the others of a failed run are left alone."""
        tasks = [TaskPlan(name="Bad", ends="FAILED", window=(0, 0.5)), TaskPlan(name="Good")]
        emulator.plan(ends="FAILED", tasks=tasks)
        run_id = caller.start()["id"]
        clock.advance(10_000)
        statuses = [task["status"] for task in caller.tasks(run_id)["items"]]
        assert statuses == ["FAILED", "COMPLETED"]

    def test_last_task_fails(self, emulator: Emulator, caller: Caller, clock: VirtualClock) -> None:
        """Of tasks that end before their run, the last is the one that failed."""
        tasks = [TaskPlan(name="A", window=(0, 0.4)), TaskPlan(name="B", window=(0.1, 0.6))]
        emulator.plan(ends="FAILED", tasks=tasks)
        run_id = caller.start()["id"]
        clock.advance(10_000)
        statuses = [task["status"] for task in caller.tasks(run_id)["items"]]
        assert statuses == ["COMPLETED", "FAILED"]

    def test_cancelled(self, caller: Caller, clock: VirtualClock) -> None:
        """Tasks under way are cancelled with their run, some before they have started."""
        run_id = caller.start()["id"]
        clock.advance(630 + 0.31 * 1800)
        caller.cancel(run_id)
        assert [task["status"] for task in caller.tasks(run_id)["items"]] == [
            "COMPLETED",
            "STOPPING",
        ]
        clock.advance(10_000)
        done, cancelled = caller.tasks(run_id)["items"]
        assert (done["status"], cancelled["status"]) == ("COMPLETED", "CANCELLED")
        assert "startTime" not in cancelled
        assert cancelled["stopTime"] == caller.run(run_id)["stopTime"]

    @pytest.mark.parametrize(
        "plan",
        [
            pytest.param({"tasks": ()}, id="none planned"),
            pytest.param({"ends": "FAILED", "tasks": ()}, id="none planned to fail"),
            pytest.param({"ends": "FAILED", "after": 1}, id="run fails before"),
            pytest.param({"ends": "CANCELLED", "after": 61}, id="run is cancelled before"),
        ],
    )
    def test_none(
        self, emulator: Emulator, caller: Caller, clock: VirtualClock, plan: dict[str, Any]
    ) -> None:
        """A run without tasks has an empty list of them."""
        emulator.plan(**plan)
        run_id = caller.start()["id"]
        clock.advance(10_000)
        assert caller.tasks(run_id) == {"items": []}

    def test_unknown(self, caller: Caller) -> None:
        """A task that there is not, or not yet, is not found."""
        response = caller.http.get(f"/run/{caller.start()['id']}/task/12345")
        assert (response.status_code, code(response)) == (404, "ResourceNotFoundException")

    def test_model(self, caller: Caller, clock: VirtualClock) -> None:
        """The SDK's model knows every member of a task."""
        run_id = caller.start()["id"]
        clock.advance(10_000)
        task_id = caller.tasks(run_id)["items"][0]["taskId"]
        assert GetRunTaskResponse.from_dict(caller.task(run_id, task_id)).extra == {}


@pytest.mark.parametrize(
    ("wrong", "kind", "words"),
    [
        pytest.param({"failure_reason": "X"}, ValueError, "need ends='FAILED'", id="reason"),
        pytest.param(
            {"status_message": "x", "ends": "CANCELLED"},
            ValueError,
            "not 'CANCELLED'",
            id="message",
        ),
        pytest.param({"durations": {"running": 5}}, TypeError, "type Durations", id="durations"),
        pytest.param({"name": 5}, TypeError, "name must be of the type str", id="name"),
        pytest.param({"tasks": [{"name": "A"}]}, TypeError, r"tasks\[0\] must be", id="task"),
        pytest.param({"tasks": 5}, TypeError, "tasks must be a list of the type Task", id="tasks"),
        pytest.param(
            {"logs": {"engine": "abc"}},
            TypeError,
            r"logs\['engine'\] must be a list of the type str, got 'abc'",
            id="a string for lines",
        ),
        pytest.param(
            {"logs": {"run": ["a", 5]}}, TypeError, r"logs\['run'\]\[1\] must be", id="line"
        ),
        pytest.param({"logs": ["a"]}, TypeError, "logs must be a mapping", id="logs"),
        pytest.param({"logs": {5: []}}, ValueError, "there is no 5; there are run,", id="no log"),
        pytest.param({"after": "soon"}, ValueError, "seconds .*, got 'soon'", id="after"),
        pytest.param(
            {"ends": "FAILED", "failure_reason": 5}, TypeError, "of the type str", id="code"
        ),
        pytest.param({"run_id": []}, TypeError, "run_id must be of the type str", id="run id"),
    ],
)
def test_plans_of_wrong_types(
    emulator: Emulator, wrong: dict[str, Any], kind: type[Exception], words: str
) -> None:
    """A plan that could not be carried out is refused at once, and not when a run starts."""
    with pytest.raises(kind, match=words):
        emulator.plan(**wrong)


@pytest.mark.parametrize(
    ("wrong", "kind", "words"),
    [
        pytest.param({"name": 5}, TypeError, "name must be of the type str", id="name"),
        pytest.param({"cpus": "2"}, ValueError, "cpus must be a whole number", id="cpus"),
        pytest.param({"memory": 10**400}, ValueError, "memory must be .* 1000000", id="memory"),
        pytest.param({"gpus": -1}, ValueError, "gpus must be a whole number from 0", id="gpus"),
        pytest.param({"window": "01"}, ValueError, "window must be two fractions", id="text"),
        pytest.param({"window": (0, 0.5, 1)}, ValueError, "must be two fractions", id="three"),
        pytest.param({"window": (0, "1")}, ValueError, "must be two fractions", id="no number"),
        pytest.param({"ends": "CANCELLED"}, ValueError, "be COMPLETED, FAILED or None", id="end"),
        pytest.param({"image": 5}, TypeError, "image must be of the type str", id="image"),
    ],
)
def test_tasks_of_wrong_types(wrong: dict[str, Any], kind: type[Exception], words: str) -> None:
    """A task that could not be carried out is refused where it is made."""
    with pytest.raises(kind, match=words):
        TaskPlan(**{"name": "A", **wrong})
