"""Whatever is done to runs, in whatever order, what is seen of them makes sense."""

from __future__ import annotations

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, multiple, rule

from omics_runs import RunStatus, TaskStatus
from omics_runs._lifecycle import (
    CANCELLABLE,
    DELETABLE,
    RUN_TRANSITIONS,
    TASK_TRANSITIONS,
    TERMINAL,
)
from omics_runs.emulator import Emulator, Quotas, VirtualClock
from tests.emulator.conftest import START, Caller
from tests.examples import examples

ENDS = st.sampled_from(["COMPLETED", "FAILED", "CANCELLED"])
AFTER = st.none() | st.integers(0, 4000)
SECONDS = st.integers(0, 3000) | st.floats(0, 100)


def later(status: Any, transitions: Any) -> set[Any]:
    """Return the statuses that can still be seen after one, the one itself among them."""
    found = {status}
    while more := {after for before in found for after in transitions[before]} - found:
        found |= more
    return found


class Lifecycle(RuleBasedStateMachine):
    """Runs that are started, redirected, cancelled and deleted while time goes by."""

    runs = Bundle("runs")
    quotas = Quotas()

    def __init__(self) -> None:
        super().__init__()
        self.clock = VirtualClock()
        self.emulator = Emulator(self.clock, verify_signatures=False, quotas=self.quotas)
        self.caller = Caller(self.emulator)
        self.seen: dict[str, dict[str, Any]] = {}
        self.tasks: dict[str, dict[str, Any]] = {}
        self.gone: set[str] = set()

    @rule(target=runs, ends=ENDS, after=AFTER)
    def start(self, ends: Any, after: int | None) -> str:
        """Start a run that is to end so."""
        self.emulator.plan(ends=ends, after=after)
        started = self.caller.start()
        self.seen[started["id"]] = self.caller.run(started["id"])
        return str(started["id"])

    @rule(target=runs, run_id=runs)
    def start_again(self, run_id: str) -> Any:
        """Start a duplicate of a run, if it is still there."""
        body = START | {"runId": run_id, "requestId": f"copy {len(self.seen)}"}
        response = self.caller.http.post("/run", json=body)
        assert response.status_code == (404 if run_id in self.gone else 201)
        if run_id in self.gone:
            nothing: Any = multiple()
            return nothing
        copy = response.json()["id"]
        self.seen[copy] = self.caller.run(copy)
        return copy

    @rule(seconds=SECONDS)
    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.clock.advance(seconds)

    @rule(run_id=runs)
    def cancel(self, run_id: str) -> None:
        """Cancel a run, if it can be."""
        expected = 404 if run_id in self.gone else 409
        if run_id not in self.gone and self.status(run_id) in CANCELLABLE:
            expected = 202
        assert self.caller.cancel(run_id).status_code == expected
        if expected == 202:
            assert self.status(run_id) in {RunStatus.STOPPING, RunStatus.CANCELLED}

    @rule(run_id=runs)
    def delete(self, run_id: str) -> None:
        """Delete a run, if it can be."""
        expected = 404 if run_id in self.gone else 409
        if run_id not in self.gone and self.status(run_id) in DELETABLE:
            expected = 202
            self.gone.add(run_id)
        assert self.caller.delete(run_id).status_code == expected

    @rule(run_id=runs, ends=ENDS, after=AFTER)
    def change_plan(self, run_id: str, ends: Any, after: int | None) -> None:
        """Lead a run that is under way to another end, unless it is being cancelled."""
        if run_id in self.gone or (status := self.status(run_id)) not in CANCELLABLE:
            return
        try:
            self.emulator.plan(run_id=run_id, ends=ends, after=after)
        except ValueError:
            assert status == RunStatus.STOPPING
            self.clock.advance(10_000)
            assert self.status(run_id) == RunStatus.CANCELLED

    def status(self, run_id: str) -> RunStatus:
        """Return a run's status."""
        return RunStatus(self.caller.run(run_id)["status"])

    @invariant()
    def every_run_has_moved_on(self) -> None:
        """No run goes back, none that has ended changes, and its times are in order."""
        for run_id in self.seen.keys() - self.gone:
            before, now = self.seen[run_id], self.caller.run(run_id)
            status = RunStatus(now["status"])
            assert status in later(RunStatus(before["status"]), RUN_TRANSITIONS)
            assert before["status"] not in TERMINAL or before == now
            assert ("stopTime" in now) == (status in TERMINAL)
            check_times(before, now)
            self.seen[run_id] = now

    @invariant()
    def every_task_has_moved_on(self) -> None:
        """The same for tasks, which end no later than their runs."""
        for run_id in self.seen.keys() - self.gone:
            found = {task["taskId"]: task for task in self.caller.tasks(run_id)["items"]}
            before = self.tasks.get(run_id, {})
            assert before.keys() <= found.keys()
            for task_id, task in found.items():
                check_task(before.get(task_id, task), task, self.seen[run_id])
            self.tasks[run_id] = found

    @invariant()
    def lists_agree(self) -> None:
        """Lists show what GetRun shows, newest first."""
        listed = self.caller.list()["items"]
        assert {item["id"] for item in listed} == self.seen.keys() - self.gone
        assert [item["id"] for item in listed] == sorted((i["id"] for i in listed), reverse=True)
        for item in listed:
            run = self.caller.run(item["id"])
            assert item == {key: run[key] for key in item}

    @rule(status=st.sampled_from(RunStatus))
    def list_by_status(self, status: RunStatus) -> None:
        """A list by status has the runs that are in it."""
        listed = self.caller.list()["items"]
        ids = [item["id"] for item in listed if item["status"] == status]
        assert [item["id"] for item in self.caller.list(status=status)["items"]] == ids


def check_times(before: dict[str, Any], now: dict[str, Any]) -> None:
    """Expect times in order, and none that changes."""
    times = [now[key] for key in ("creationTime", "startTime", "stopTime") if key in now]
    assert times == sorted(times)
    for key in ("creationTime", "startTime"):
        assert key not in before or before[key] == now[key]


def check_task(before: dict[str, Any], now: dict[str, Any], run: dict[str, Any]) -> None:
    """Expect a task that has moved on, and not beyond its run."""
    status = TaskStatus(now["status"])
    assert status in later(TaskStatus(before["status"]), TASK_TRANSITIONS)
    assert RunStatus(run["status"]) not in TERMINAL or not TASK_TRANSITIONS[status]
    check_times(before, now)
    assert run["startTime"] <= now["creationTime"]
    assert "stopTime" not in run or now["stopTime"] <= run["stopTime"]


class Crowded(Lifecycle):
    """The same in an account where most of the runs have to wait, and time is short."""

    quotas = Quotas(max_active_runs=1, max_run_duration=1500)

    @invariant()
    def no_more_are_active_than_may_be(self) -> None:
        """One run at most is STARTING or RUNNING."""
        statuses = [item["status"] for item in self.caller.list()["items"]]
        assert sum(status in {"STARTING", "RUNNING"} for status in statuses) <= 1


Lifecycle.TestCase.settings = settings(
    max_examples=examples(25), stateful_step_count=20, deadline=None
)
TestLifecycle = Lifecycle.TestCase
Crowded.TestCase.settings = Lifecycle.TestCase.settings
TestCrowded = Crowded.TestCase
