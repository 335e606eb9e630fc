"""Whatever runs and groups there are: at every moment just the right ones have a slot."""

from __future__ import annotations

from typing import Any

from attrs import field, frozen
from hypothesis import given, settings
from hypothesis import strategies as st

from omics_runs import TERMINAL
from omics_runs.emulator import Durations, Emulator, Quotas, TaskPlan, VirtualClock
from omics_runs.models import GetRunResponse
from tests.emulator.conftest import Caller, seconds
from tests.examples import examples

STOPPING = 5
GROUPS = ("100", "200")
LIMITS = ("runs", "cpus", "gpus")


@frozen(kw_only=True)
class Wish:
    """A run that somebody starts, and what becomes of it if nothing interferes."""

    wait: int
    """Seconds since the start before."""
    group: str | None
    priority: int
    pending: int
    running: int
    cpus: int
    gpus: int
    ends: Any
    cancel_after: int | None
    """Seconds after its start at which it is cancelled, if it is still under way."""


@frozen(kw_only=True)
class Seen:
    """What was seen of a run, in seconds: it waited from one moment, and was active from others."""

    wish: Wish
    number: int
    asked: float
    begun: float
    """When it got its slot or, without one, stopped waiting for it."""
    ended: float
    """When it gave its slot back; when it got it, if it never did."""
    use: dict[str, int] = field(factory=dict[str, int])

    @property
    def rank(self) -> tuple[int, int]:
        """Who comes first."""
        return (-self.wish.priority, self.number)


WISHES = st.builds(
    Wish,
    wait=st.integers(0, 30),
    group=st.sampled_from([None, *GROUPS]),
    priority=st.integers(0, 2),
    pending=st.sampled_from([0, 10]),
    running=st.integers(0, 50),
    cpus=st.integers(0, 6),
    gpus=st.integers(0, 2),
    ends=st.sampled_from(["COMPLETED", "FAILED", "CANCELLED"]),
    cancel_after=st.none() | st.integers(0, 200),
)
MAXIMUM = st.none() | st.integers(1, 5)
MAXIMA = st.fixed_dictionaries({f"max_{name}": MAXIMUM for name in LIMITS})


@settings(max_examples=examples(150), deadline=None)
@given(
    wishes=st.lists(WISHES, min_size=1, max_size=14),
    slots=MAXIMUM,
    maxima=st.tuples(MAXIMA, MAXIMA),
)
def test_slots(wishes: list[Wish], slots: int | None, maxima: tuple[Any, Any]) -> None:
    """No more are active than may be, nobody waits while there is room, and every run ends."""
    limits: dict[str, Any] = dict(zip(GROUPS, maxima, strict=True))
    clock = VirtualClock()
    quotas = Quotas(max_active_runs=slots)
    emulator = Emulator(clock, verify_signatures=False, quotas=quotas)
    for group, maximum in limits.items():
        emulator.add_run_group(group, **maximum)
    play(emulator, clock, wishes)
    runs = list(emulator.runs.values())
    assert all(run.status in TERMINAL for run in runs)
    found = seen(wishes, runs, limits)
    for moment in {run.begun for run in found} | {run.asked for run in found} | ends(found):
        check(moment, found, slots, limits)


def play(emulator: Emulator, clock: VirtualClock, wishes: list[Wish]) -> None:
    """Start the runs, cancel some of them, and wait until all is over."""
    caller = Caller(emulator)
    moment, ids = 0, list[str]()
    actions: list[tuple[int, int, int]] = []
    for number, wish in enumerate(wishes):
        moment += wish.wait
        actions.append((moment, 0, number))
        if wish.cancel_after is not None:
            actions.append((moment + wish.cancel_after, 1, number))
    now = 0
    for moment, cancels, number in sorted(actions):
        clock.advance(moment - now)
        now = moment
        if cancels:
            caller.cancel(ids[number])
        else:
            ids.append(start(caller, wishes[number]))
    clock.advance(10_000)


def start(caller: Caller, wish: Wish) -> str:
    """Start a run that is RUNNING as soon as it has its slot: then GetRun tells when that was."""
    caller.emulator.plan(
        ends=wish.ends,
        durations=Durations(
            pending=wish.pending, starting=0, running=wish.running, stopping=STOPPING
        ),
        tasks=[TaskPlan(name="Task", cpus=wish.cpus, gpus=wish.gpus)],
    )
    group = {} if wish.group is None else {"runGroupId": wish.group}
    return str(caller.start(priority=wish.priority, **group)["id"])


def seen(wishes: list[Wish], runs: list[GetRunResponse], limits: dict[str, Any]) -> list[Seen]:
    """Return when each run waited and when it was active, by its times."""
    zero = runs[0].creation_time
    found: list[Seen] = []
    for number, (wish, run) in enumerate(zip(wishes, runs, strict=True)):
        stopped = seconds(zero, run.stop_time)
        asked = seconds(zero, run.creation_time) + wish.pending
        begun = ended = stopped - STOPPING
        if run.start_time is not None:
            begun, ended = seconds(zero, run.start_time), stopped
        use = {"runs": 1, "cpus": wish.cpus, "gpus": wish.gpus}
        for name in LIMITS if wish.group else ():
            maximum = limits[wish.group or ""][f"max_{name}"]
            use[name] = use[name] if maximum is None else min(use[name], maximum)
        found.append(Seen(wish=wish, number=number, asked=asked, begun=begun, ended=ended, use=use))
    return found


def ends(found: list[Seen]) -> set[float]:
    """Return the moments at which slots were given back."""
    return {run.ended for run in found}


def check(moment: float, found: list[Seen], slots: int | None, limits: dict[str, Any]) -> None:
    """Expect that who is active at a moment may be, and who waits must."""
    active = [run for run in found if run.begun <= moment < run.ended]
    assert slots is None or len(active) <= slots
    account_is_full = slots is not None and len(active) == slots
    for group in (None, *GROUPS):
        inside = [run for run in active if run.wish.group == group]
        maximum = limits.get(group or "", {})
        assert fits(inside, maximum)
        waiting = [
            run for run in found if run.wish.group == group and run.asked <= moment < run.begun
        ]
        if waiting:
            first = min(waiting, key=lambda run: run.rank)
            could_start = fits([*inside, first], maximum)
            assert account_is_full or not could_start
            assert not could_start or not overtaken(first, moment, found)


def overtaken(first: Seen, moment: float, found: list[Seen]) -> bool:
    """Return whether a run that had been waiting has seen one of lower rank get a slot.

    Calls at the very moment may come after slots were given, so those moments tell nothing.
    """
    begun = [run for run in found if run.begun == moment]
    called = any(run.begun == run.ended for run in begun) or first.asked == moment
    return not called and any(run.rank > first.rank for run in begun)


def fits(runs: list[Seen], maximum: dict[str, int | None]) -> bool:
    """Return whether runs may be active together in a group."""
    return all(
        (most := maximum.get(f"max_{name}")) is None or sum(run.use[name] for run in runs) <= most
        for name in LIMITS
    )
