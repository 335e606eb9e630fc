"""Runs that wait for a slot: in run groups, in the account, and until somebody interferes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from omics_runs.emulator import Durations, Emulator, Quotas, TaskPlan, VirtualClock
from omics_runs.models import GetRunResponse
from tests.emulator.conftest import Caller, seconds

BRIEF = Durations(pending=10, starting=20, running=60, stopping=10)
"""A run has its slot from second 10 to second 100."""

SLOT_SECONDS = 90


@pytest.fixture
def emulator(clock: VirtualClock) -> Emulator:
    """Return an emulator in which runs are brief."""
    return Emulator(clock, verify_signatures=False, durations=BRIEF)


def alone(clock: VirtualClock, slots: int = 1) -> Caller:
    """Return plain HTTP to an account that has so few slots."""
    quotas = Quotas(max_active_runs=slots)
    return Caller(Emulator(clock, verify_signatures=False, durations=BRIEF, quotas=quotas))


def statuses(caller: Caller) -> dict[str, str]:
    """Return the status of every run, by its name."""
    return {run.name or "": str(run.status) for run in caller.emulator.runs.values()}


def active(caller: Caller) -> list[str]:
    """Return the names of the runs that have a slot."""
    found = statuses(caller).items()
    return [name for name, status in found if status in {"STARTING", "RUNNING", "STOPPING"}]


def begun(caller: Caller, clock: VirtualClock, names: Sequence[str]) -> list[list[str]]:
    """Return the names of the runs that got a slot together, in the order of time."""
    groups: list[list[str]] = []
    clock.advance(BRIEF.pending)
    for _ in names:
        groups.append(active(caller))
        clock.advance(SLOT_SECONDS)
    return [group for group in groups if group]


def test_two_at_a_time(emulator: Emulator, caller: Caller, clock: VirtualClock) -> None:
    """Runs of a group start as its maximum allows: larger priorities first, then the older."""
    group = emulator.add_run_group(max_runs=2)
    priorities = {"a": 1, "b": 5, "c": 1, "d": 9, "e": 5}
    for name, priority in priorities.items():
        caller.start(name=name, priority=priority, runGroupId=group)
    caller.start(name="none", runGroupId=group)
    names = [*priorities, "none"]
    assert begun(caller, clock, names) == [["b", "d"], ["a", "e"], ["c", "none"]]


def test_times_of_a_run_that_waited(caller: Caller, clock: VirtualClock) -> None:
    """A run that waits is PENDING, with neither times nor tasks; later it takes as long as any."""
    caller = alone(clock)
    caller.start(name="first")
    run_id = caller.start(name="second")["id"]
    clock.advance(99)
    waiting = caller.run(run_id)
    assert waiting["status"] == "PENDING"
    assert not {"startTime", "stopTime"} & set(waiting)
    assert caller.tasks(run_id)["items"] == []
    clock.advance(1000)
    run = GetRunResponse.from_dict(caller.run(run_id))
    assert seconds(run.creation_time, run.start_time) == pytest.approx(120)
    assert seconds(run.start_time, run.stop_time) == pytest.approx(70)
    for task in caller.tasks(run_id)["items"]:
        assert caller.run(run_id)["startTime"] <= task["creationTime"]
        assert task["stopTime"] <= caller.run(run_id)["stopTime"]


def test_dynamic_storage_of_a_run_that_waits(clock: VirtualClock) -> None:
    """A run that waits has used no storage yet."""
    caller = alone(clock)
    caller.start()
    run_id = caller.start(storageType="DYNAMIC")["id"]
    clock.advance(50)
    assert "storageCapacity" not in caller.run(run_id)


def test_account_limit(clock: VirtualClock) -> None:
    """The account's maximum counts over all groups, and priorities do too."""
    caller = alone(clock, slots=2)
    group = caller.emulator.add_run_group(max_runs=1)
    caller.start(name="a", runGroupId=group, priority=9)
    caller.start(name="b", runGroupId=group, priority=8)
    caller.start(name="c")
    caller.start(name="d", priority=7)
    assert begun(caller, clock, "abcd") == [["a", "d"], ["b", "c"]]


def test_no_group_holds_up_another(emulator: Emulator, caller: Caller, clock: VirtualClock) -> None:
    """A run that its own group keeps waiting lets runs of others pass, whatever its priority."""
    full = emulator.add_run_group(max_runs=1)
    other = emulator.add_run_group(max_runs=1)
    for name, group in (("a", full), ("b", full), ("c", other)):
        caller.start(name=name, runGroupId=group, priority=9)
    caller.start(name="d", priority=0)
    assert begun(caller, clock, "abcd") == [["a", "c", "d"], ["b"]]


def test_order_within_a_group_is_strict(
    emulator: Emulator, caller: Caller, clock: VirtualClock
) -> None:
    """A small run does not slip past a large one of its group that was there before it."""
    group = emulator.add_run_group(max_cpus=10)
    for name, cpus in (("first", 6), ("large", 8), ("small", 2)):
        emulator.plan(name, tasks=[TaskPlan(name="Task", cpus=cpus)])
        caller.start(name=name, runGroupId=group)
    names = ("first", "large", "small")
    assert begun(caller, clock, names) == [["first"], ["large", "small"]]


@pytest.mark.parametrize(
    ("limits", "tasks", "expected"),
    [
        pytest.param(
            {"max_cpus": 16}, [{"cpus": 8}], [["a", "b"], ["c"]], id="two fit, three do not"
        ),
        pytest.param(
            {"max_cpus": 16},
            [{"cpus": 8, "window": (0, 0.5)}, {"cpus": 6, "window": (0.5, 1)}],
            [["a", "b"], ["c"]],
            id="tasks one after the other",
        ),
        pytest.param(
            {"max_cpus": 16},
            [{"cpus": 8, "window": (0, 0.6)}, {"cpus": 6, "window": (0.5, 1)}],
            [["a"], ["b"], ["c"]],
            id="tasks at the same time",
        ),
        pytest.param(
            {"max_cpus": 16}, [{"cpus": 96}], [["a"], ["b"], ["c"]], id="more than the group has"
        ),
        pytest.param({"max_cpus": 1}, [], [["a", "b", "c"]], id="no tasks"),
        pytest.param({"max_gpus": 4}, [{"gpus": 2}], [["a", "b"], ["c"]], id="gpus"),
        pytest.param({"max_gpus": 1}, [{"cpus": 9}], [["a", "b", "c"]], id="no gpus needed"),
        pytest.param(
            {"max_gpus": 4, "max_cpus": 9, "max_runs": 2},
            [{"gpus": 1, "cpus": 3}],
            [["a", "b"], ["c"]],
            id="the tightest counts",
        ),
    ],
)
def test_resources(
    emulator: Emulator,
    caller: Caller,
    clock: VirtualClock,
    limits: dict[str, Any],
    tasks: list[dict[str, Any]],
    expected: list[list[str]],
) -> None:
    """Runs of a group share its CPUs and GPUs by the most that their tasks need at one time."""
    group = emulator.add_run_group(**limits)
    emulator.plan(tasks=[TaskPlan(name="Task", **task) for task in tasks])
    for name in "abc":
        caller.start(name=name, runGroupId=group)
    assert begun(caller, clock, "abc") == expected


@pytest.mark.parametrize(
    "plan",
    [
        pytest.param({"ends": "FAILED", "after": 5}, id="fails"),
        pytest.param({"ends": "FAILED", "after": 10}, id="fails when it would be STARTING"),
        pytest.param({"ends": "CANCELLED", "after": 15}, id="is cancelled"),
        pytest.param({"ends": "CANCELLED", "after": 20}, id="is cancelled when STARTING"),
        pytest.param({"after": 0}, id="is over at once"),
    ],
)
def test_no_slot_needed(clock: VirtualClock, plan: dict[str, Any]) -> None:
    """A run that ends before it would be STARTING never waits."""
    caller = alone(clock)
    caller.start(name="first")
    caller.emulator.plan(**plan)
    caller.start(name="brief")
    clock.advance(20)
    assert statuses(caller) == {"first": "STARTING", "brief": plan.get("ends", "COMPLETED")}


@pytest.mark.parametrize(
    ("elapsed", "freed"),
    [
        pytest.param(20, 30, id="STARTING"),
        pytest.param(50, 60, id="RUNNING"),
        pytest.param(95, 105, id="STOPPING"),
    ],
)
def test_a_cancelled_run_frees_its_slot(clock: VirtualClock, elapsed: float, freed: float) -> None:
    """A run that is cancelled has its slot, if it had one, until it is CANCELLED."""
    caller = alone(clock)
    run_id = caller.start(name="cancelled", priority=1)["id"]
    caller.start(name="next")
    clock.advance(elapsed)
    caller.cancel(run_id)
    clock.advance(freed - elapsed - 1)
    assert statuses(caller) == {"cancelled": "STOPPING", "next": "PENDING"}
    clock.advance(1)
    assert statuses(caller) == {"cancelled": "CANCELLED", "next": "STARTING"}


def test_cancel_before_it_asks(clock: VirtualClock) -> None:
    """A run that is cancelled before it would ask for a slot takes none from others."""
    caller = alone(clock)
    run_id = caller.start(name="cancelled", priority=1)["id"]
    caller.start(name="next")
    clock.advance(5)
    caller.cancel(run_id)
    clock.advance(5)
    assert statuses(caller) == {"cancelled": "STOPPING", "next": "STARTING"}


def test_cancel_while_waiting(clock: VirtualClock) -> None:
    """A run that is cancelled while it waits ends without a slot, and never gets one."""
    caller = alone(clock)
    caller.start(name="first")
    run_id = caller.start(name="cancelled")["id"]
    caller.start(name="next")
    clock.advance(95)
    assert caller.cancel(run_id).status_code == 202
    clock.advance(5)
    assert statuses(caller) == {"first": "COMPLETED", "cancelled": "STOPPING", "next": "STARTING"}
    clock.advance(5)
    cancelled = caller.run(run_id)
    assert cancelled["status"] == "CANCELLED"
    assert "startTime" not in cancelled
    assert "stopTime" in cancelled


def test_cancelling_the_first_lets_the_second_pass(
    emulator: Emulator, caller: Caller, clock: VirtualClock
) -> None:
    """A run that fits starts as soon as the one that was before it gives up."""
    group = emulator.add_run_group(max_cpus=10)
    started: dict[str, str] = {}
    for name, cpus in (("first", 6), ("large", 8), ("small", 2)):
        emulator.plan(name, tasks=[TaskPlan(name="Task", cpus=cpus)])
        started[name] = caller.start(name=name, runGroupId=group)["id"]
    clock.advance(20)
    caller.cancel(started["large"])
    assert active(caller) == ["first", "large", "small"]
    clock.advance(10)
    assert statuses(caller) == {"first": "RUNNING", "large": "CANCELLED", "small": "STARTING"}


@pytest.mark.parametrize(
    ("plan", "at_once", "waits", "length"),
    [
        pytest.param({"ends": "FAILED", "after": 0}, "FAILED", False, 50, id="fails at once"),
        pytest.param({"after": 0}, "COMPLETED", False, 50, id="completes at once"),
        pytest.param(
            {"ends": "CANCELLED", "after": 0}, "CANCELLED", False, 50, id="is cancelled at once"
        ),
        pytest.param(
            {"ends": "CANCELLED", "after": 15}, "STOPPING", False, 55, id="is cancelled soon"
        ),
        pytest.param({"ends": "FAILED"}, "PENDING", True, 190, id="fails later"),
        pytest.param({"ends": "FAILED", "after": 25}, "PENDING", True, 115, id="fails early"),
        pytest.param({"after": 300}, "PENDING", True, 390, id="takes longer"),
    ],
)
def test_change_of_plan_while_waiting(
    clock: VirtualClock, plan: dict[str, Any], at_once: str, waits: bool, length: float
) -> None:
    """A run that waits can be led to another end, for which time goes on once it has a slot."""
    caller = alone(clock)
    caller.start(name="first")
    run_id = caller.start(name="changed")["id"]
    clock.advance(50)
    caller.emulator.plan(run_id=run_id, **plan)
    assert statuses(caller)["changed"] == at_once
    caller.start(name="third")
    clock.advance(50)
    assert active(caller) == (["changed"] if waits else ["third"])
    clock.advance(1000)
    run = GetRunResponse.from_dict(caller.run(run_id))
    assert run.status == plan.get("ends", "COMPLETED")
    assert seconds(run.creation_time, run.stop_time) == pytest.approx(length)


@pytest.mark.parametrize(
    ("after", "reason"),
    [
        pytest.param(25, "ASSUME_ROLE_FAILED", id="before it runs"),
        pytest.param(None, "RUN_TASK_FAILED", id="later"),
    ],
)
def test_reason_of_a_failure_planned_while_waiting(
    clock: VirtualClock, after: float | None, reason: str
) -> None:
    """A run that is led to its failure while it waits has the reason of its later course."""
    caller = alone(clock)
    caller.start()
    run_id = caller.start()["id"]
    clock.advance(50)
    caller.emulator.plan(run_id=run_id, ends="FAILED", after=after)
    clock.advance(1000)
    assert caller.run(run_id)["failureReason"] == reason


def test_a_plan_that_puts_off_the_wish_for_a_slot(clock: VirtualClock) -> None:
    """A run that waits already starts as soon as it can, though by its new plan it would later."""
    caller = alone(clock)
    first = caller.start(name="first")["id"]
    clock.advance(20)
    caller.emulator.plan("hasty", after=20)
    run_id = caller.start(name="hasty")["id"]
    clock.advance(6)
    caller.emulator.plan(run_id=run_id)
    caller.emulator.plan(run_id=first, after=28)
    clock.advance(2)
    assert statuses(caller) == {"first": "COMPLETED", "hasty": "STARTING"}
    clock.advance(SLOT_SECONDS - 1)
    assert statuses(caller)["hasty"] == "STOPPING"
    clock.advance(1)
    assert statuses(caller)["hasty"] == "COMPLETED"


@pytest.mark.parametrize(
    ("elapsed", "plan", "ends"),
    [
        pytest.param(120, {"ends": "FAILED", "after": 0}, 120, id="ends STARTING at once"),
        pytest.param(150, {"ends": "FAILED", "after": 0}, 150, id="ends RUNNING at once"),
        pytest.param(150, {"ends": "FAILED"}, 190, id="goes its whole way"),
        pytest.param(150, {"after": 200}, 290, id="goes on for longer"),
    ],
)
def test_change_of_plan_of_a_run_that_waited(
    clock: VirtualClock, elapsed: float, plan: dict[str, Any], ends: float
) -> None:
    """The time that a run has waited for its slot does not count when its plan is changed."""
    caller = alone(clock)
    caller.start(name="first")
    run_id = caller.start(name="changed")["id"]
    caller.start(name="next")
    clock.advance(elapsed)
    caller.emulator.plan(run_id=run_id, **plan)
    clock.advance(ends - elapsed - 0.5)
    assert statuses(caller)["next"] == ("PENDING" if ends > elapsed else "STARTING")
    clock.advance(0.5)
    assert statuses(caller) == {
        "first": "COMPLETED",
        "changed": plan.get("ends", "COMPLETED"),
        "next": "STARTING",
    }


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param({"max_runs": 1}, {"max_runs": 3}, id="runs"),
        pytest.param({"max_runs": 1}, {}, id="no maximum any more"),
        pytest.param({"max_cpus": 8}, {"max_cpus": 24}, id="cpus"),
        pytest.param({"max_gpus": 2}, {"max_gpus": 6}, id="gpus"),
    ],
)
def test_raised_maximum(
    emulator: Emulator,
    caller: Caller,
    clock: VirtualClock,
    before: dict[str, Any],
    after: dict[str, Any],
) -> None:
    """Runs that wait start at the moment at which their group may have more."""
    group = emulator.add_run_group(**before)
    emulator.plan(tasks=[TaskPlan(name="Task", cpus=8, gpus=2)])
    for name in "abc":
        caller.start(name=name, runGroupId=group)
    clock.advance(50)
    assert active(caller) == ["a"]
    emulator.add_run_group(group, **after)
    assert statuses(caller) == {"a": "RUNNING", "b": "STARTING", "c": "STARTING"}


def test_what_a_raised_maximum_makes_of_the_active(
    emulator: Emulator, caller: Caller, clock: VirtualClock
) -> None:
    """A run that took all that its group had takes all it needs once the group has more."""
    group = emulator.add_run_group(max_cpus=4)
    emulator.plan(tasks=[TaskPlan(name="Task", cpus=8)])
    for name in "abc":
        caller.start(name=name, runGroupId=group)
    clock.advance(50)
    emulator.add_run_group(group, max_cpus=16)
    assert active(caller) == ["a", "b"]


def test_lowered_maximum(emulator: Emulator, caller: Caller, clock: VirtualClock) -> None:
    """Active runs go on when their group may have less, and others wait until enough is free."""
    group = emulator.add_run_group(max_runs=2)
    for name in "abcd":
        caller.start(name=name, runGroupId=group)
    clock.advance(50)
    emulator.add_run_group(group, max_runs=1)
    clock.advance(49)
    assert active(caller) == ["a", "b"]
    clock.advance(1)
    assert active(caller) == ["c"]


def test_a_maximum_lowered_while_the_account_is_full(clock: VirtualClock) -> None:
    """A run that only the account kept waiting, and now its group, lets others pass."""
    caller = alone(clock, slots=2)
    group = caller.emulator.add_run_group(max_runs=2)
    caller.emulator.plan("long", after=1000)
    for name, member in (("a", {}), ("long", {"runGroupId": group}), ("b", {"runGroupId": group})):
        caller.start(name=name, **member)
    caller.start(name="c")
    clock.advance(50)
    caller.emulator.add_run_group(group, max_runs=1)
    clock.advance(50)
    assert active(caller) == ["long", "c"]
    clock.advance(900)
    assert active(caller) == ["b"]


def test_a_late_run_of_higher_priority(clock: VirtualClock) -> None:
    """A run that comes later and is more important is next, ahead of those that wait."""
    caller = alone(clock)
    for name in "ab":
        caller.start(name=name)
    clock.advance(50)
    urgent = caller.start(name="urgent", priority=1)["id"]
    clock.advance(20)
    caller.cancel(urgent)
    caller.start(name="c", priority=1)
    clock.advance(30)
    assert active(caller) == ["c"]
    clock.advance(SLOT_SECONDS)
    assert active(caller) == ["b"]


def test_deleted_runs_leave_nothing_behind(clock: VirtualClock) -> None:
    """A run whose id was that of a deleted one waits and starts like any other."""
    quotas = Quotas(max_active_runs=1)
    caller = Caller(
        Emulator(clock, verify_signatures=False, durations=BRIEF, quotas=quotas, reuse_ids=True)
    )
    run_id = caller.start()["id"]
    caller.cancel(run_id)
    clock.advance(10)
    assert caller.delete(run_id).status_code == 202
    clock.advance(80)
    caller.start(name="first", priority=1)
    caller.start(name="second")
    clock.advance(20)
    assert statuses(caller) == {"first": "STARTING", "second": "PENDING"}
    assert run_id in caller.emulator.runs


def test_a_run_deleted_before_its_turn(clock: VirtualClock) -> None:
    """The turns of a run that was cancelled and deleted come to nothing."""
    caller = alone(clock)
    run_id = caller.start()["id"]
    caller.cancel(run_id)
    clock.advance(10)
    caller.delete(run_id)
    clock.advance(1000)
    assert caller.list()["items"] == []


def test_hundreds_of_runs(emulator: Emulator, caller: Caller, clock: VirtualClock) -> None:
    """A long queue is worked off to its end, in the order in which it came."""
    group = emulator.add_run_group(max_runs=30)
    started = [caller.start(runGroupId=group)["id"] for _ in range(600)]
    clock.advance(20 * SLOT_SECONDS + BRIEF.pending)
    runs = emulator.runs
    assert {str(run.status) for run in runs.values()} == {"COMPLETED"}
    begun_at = [run.start_time for run_id in started if (run := runs[run_id]).start_time]
    assert begun_at == sorted(begun_at)
    assert len(set(begun_at)) == 20
