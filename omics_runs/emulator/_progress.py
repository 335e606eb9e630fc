"""How runs and their tasks move on: what they are is worked out from the clock when asked.

No thread moves anything. A run's course is settled when it starts, as steps at moments of the
emulator's own time, and changed only by those who interfere: CancelRun, or a later plan.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from typing import Any, Generic, Literal, TypeAlias, TypeVar, get_args

import attrs
from attrs import field, frozen

from omics_runs._clock import Clock
from omics_runs._generated.enums import FailureReason, RunStatus, TaskStatus

Ending: TypeAlias = Literal["COMPLETED", "FAILED", "CANCELLED"]


def _an_ending(_: object, attribute: attrs.Attribute[Any], value: object) -> None:
    if value not in get_args(Ending):
        msg = f"{attribute.name} must be one of {', '.join(get_args(Ending))}, got {value!r}"
        raise ValueError(msg)


"""How a run can be planned to end."""

S = TypeVar("S", RunStatus, TaskStatus)


class Time:
    """The emulator's own time: real at its construction, then as fast as its clock's seconds.

    Only `Clock.monotonic` counts, so that a virtual clock's time of day can stay the real one.
    """

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self._epoch = datetime.now(UTC)
        self._zero = clock.monotonic()
        self._running_since: float | None = None

    def now(self) -> float:
        """Return the seconds since the emulator was made."""
        since = self._running_since
        real = 0.0 if since is None else time.monotonic() - since
        return self.clock.monotonic() - self._zero + real

    def run_on(self) -> None:
        """Let real seconds count too, from now on: clients outside move no virtual clock."""
        if self._running_since is None:
            self._running_since = time.monotonic()

    def text(self, moment: float) -> str:
        """Return a moment as the service has written timestamps since 2023."""
        return (self._epoch + timedelta(seconds=moment)).isoformat(timespec="microseconds")


def _check_seconds(_: object, attribute: attrs.Attribute[float], value: float) -> None:
    if not 0 <= value < float("inf"):
        msg = f"{attribute.name} must be a number of seconds from 0 up, got {value}"
        raise ValueError(msg)


@frozen(kw_only=True)
class Durations:
    """How long a run stays in each status, in seconds of the emulator's clock."""

    pending: float = field(default=30.0, validator=_check_seconds)
    """Waiting for a slot."""
    starting: float = field(default=600.0, validator=_check_seconds)
    """Storage and engine being set up; ten minutes is what real runs have been seen to take."""
    running: float = field(default=1800.0, validator=_check_seconds)
    """Import, tasks and export."""
    stopping: float = field(default=60.0, validator=_check_seconds)
    """Resources being given back."""


def _check_window(_: object, __: object, value: tuple[float, float]) -> None:
    begin, end = value
    if not 0 <= begin <= end <= 1:
        msg = f"window must be two fractions with 0 <= begin <= end <= 1, got {value}"
        raise ValueError(msg)


@frozen(kw_only=True)
class TaskPlan:
    """One task of a run: what it asks for, when it runs, and how it ends."""

    name: str
    cpus: int = 2
    memory: int = 4
    """In GiB."""
    gpus: int = 0
    instance_type: str = "omics.c.large"
    image: str | None = None
    """The container image; None makes one up."""
    window: tuple[float, float] = field(default=(0.0, 1.0), validator=_check_window)
    """When it begins and ends, as fractions of the run's time in RUNNING."""
    ends: Literal["COMPLETED", "FAILED"] | None = None
    """How it ends if nothing interrupts it; None completes, or fails if its run is to fail."""
    failure_reason: str | None = None
    status_message: str | None = None


DEFAULT_TASKS = (
    TaskPlan(name="PrepareReads", window=(0.05, 0.3)),
    TaskPlan(
        name="AlignReads", cpus=8, memory=16, instance_type="omics.c.2xlarge", window=(0.3, 0.8)
    ),
    TaskPlan(
        name="CallVariants", cpus=4, memory=16, instance_type="omics.m.xlarge", window=(0.7, 1)
    ),
)
"""The tasks of a run for which no others are planned."""


@frozen(kw_only=True)
class Plan:
    """How runs of a name are to go."""

    name: str | None = None
    ends: Ending = field(default="COMPLETED", validator=_an_ending)
    failure_reason: str | None = None
    status_message: str | None = None
    after: float | None = field(default=None, validator=attrs.validators.optional(_check_seconds))
    tasks: tuple[TaskPlan, ...] = DEFAULT_TASKS
    durations: Durations | None = None

    def matches(self, name: str | None) -> bool:
        """Return whether it is for runs of this name; `*` and `?` stand for any characters."""
        if self.name is None:
            return True
        return name is not None and (self.name == name or fnmatchcase(name, self.name))


@frozen
class Step(Generic[S]):
    """A status, and the moment from which it holds."""

    at: float
    status: S

    def not_before(self, moment: float) -> Step[S]:
        """Return the step, put off if it came too early."""
        return Step(max(self.at, moment), self.status)

    def not_after(self, moment: float) -> Step[S]:
        """Return the step, brought forward if it came too late."""
        return Step(min(self.at, moment), self.status)


@frozen
class Timeline(Generic[S]):
    """Statuses one after another; of steps at the same moment the last one counts."""

    steps: tuple[Step[S], ...]

    @property
    def end(self) -> Step[S]:
        """The last step, after which nothing changes."""
        return self.steps[-1]

    def until(self, now: float) -> tuple[Step[S], ...]:
        """Return the steps that have been taken."""
        return tuple(step for step in self.steps if step.at <= now)

    def status(self, now: float) -> S:
        """Return the status at a moment that is not before the first step."""
        return self.until(now)[-1].status

    def time_of(self, status: S) -> float | None:
        """Return when a status is entered, past or future, or None."""
        return next((step.at for step in self.steps if step.status == status), None)

    def passed(self, status: S, now: float) -> float | None:
        """Return when a status was entered, or None if that has not happened yet."""
        moment = self.time_of(status)
        return None if moment is None or moment > now else moment

    def spliced(self, fresh: Timeline[S], now: float) -> Timeline[S]:
        """Return the past of this one and the rest of `fresh`, which begins now at the earliest."""
        rank = _rank(self.status(now))
        rest = tuple(step.not_before(now) for step in fresh.steps if _rank(step.status) > rank)
        return Timeline(self.until(now) + rest)

    def ended(self, now: float) -> float | None:
        """Return when the last status was entered, or None if that has not happened yet."""
        return self.end.at if self.end.at <= now else None


_ORDER = ("PENDING", "STARTING", "RUNNING", "STOPPING")


def _rank(status: str) -> int:
    return _ORDER.index(status) if status in _ORDER else len(_ORDER)


@frozen(kw_only=True)
class Course:
    """The way of one run and of its tasks."""

    timeline: Timeline[RunStatus]
    durations: Durations
    plans: tuple[TaskPlan, ...]
    room: float
    """Seconds in RUNNING for which the tasks were laid out; an interruption may shorten it."""
    tasks: tuple[Timeline[TaskStatus] | None, ...] = ()
    """One for each plan; None for a task that the run ends too early for."""

    @property
    def fails_early(self) -> bool:
        """Whether it ends before anything runs."""
        return self.timeline.time_of(RunStatus.RUNNING) is None

    def cancelled(self, now: float) -> Course:
        """Return the course after a CancelRun; asking twice changes nothing.

        Assumption: a cancelled run passes STOPPING, as the service documents for tasks.
        """
        status, end = self.timeline.status(now), self.timeline.end.status
        if status == RunStatus.STOPPING and end == RunStatus.CANCELLED:
            return self
        stopped = now + self.durations.stopping
        steps = (Step(now, RunStatus.STOPPING), Step(stopped, RunStatus.CANCELLED))
        return self._changed(Timeline(steps), now)

    def redirected(self, ends: Ending, after: float | None, now: float) -> Course:
        """Return the course after a change of plan: the past stays, the rest follows the plan."""
        created = self.timeline.steps[0].at
        after = None if after is None else max(after, now - created)
        return self._changed(_run_timeline(created, ends, after, self.durations), now)

    def _changed(self, fresh: Timeline[RunStatus], now: float) -> Course:
        timeline = self.timeline.spliced(fresh, now)
        begun = self.timeline.passed(RunStatus.RUNNING, now) is not None
        room = self.room if begun else _room(timeline, self.durations)
        tasks = _task_timelines(self.plans, timeline, room)
        spliced = tuple(_spliced(old, new, now) for old, new in zip(self.tasks, tasks, strict=True))
        return attrs.evolve(self, timeline=timeline, room=room, tasks=spliced)


def course(
    created: float,
    plans: tuple[TaskPlan, ...],
    ends: Ending,
    after: float | None,
    durations: Durations,
) -> Course:
    """Return the way of a run that starts now and is to end so.

    Args:
        created: Moment of its start.
        plans: Its tasks.
        ends: Its final status.
        after: Seconds from its start to its final status; None for all durations in full.
        durations: How long each status lasts, but for what `after` changes.
    """
    timeline = _run_timeline(created, ends, after, durations)
    room = _room(timeline, durations)
    tasks = _task_timelines(plans, timeline, room)
    return Course(timeline=timeline, durations=durations, plans=plans, room=room, tasks=tasks)


def _room(run: Timeline[RunStatus], durations: Durations) -> float:
    """Return the seconds in RUNNING to lay tasks out in; a cancellation comes as a surprise."""
    begin, leave = run.time_of(RunStatus.RUNNING), run.time_of(RunStatus.STOPPING)
    if begin is None or leave is None or run.end.status == RunStatus.CANCELLED:
        return durations.running
    return leave - begin


def _run_timeline(
    created: float, ends: Ending, after: float | None, durations: Durations
) -> Timeline[RunStatus]:
    if ends == "COMPLETED":
        return _whole(created, _fitted(durations, after), RunStatus.COMPLETED)
    if ends == "CANCELLED":
        return _cancelled(created, after, durations)
    if after is not None and after < durations.pending + durations.starting:
        return _failed_early(created, after, durations)
    return _failed(created, after, durations)


def _failed(created: float, after: float | None, durations: Durations) -> Timeline[RunStatus]:
    if after is not None:
        room = after - durations.pending - durations.starting
        stopping = min(durations.stopping, room)
        durations = attrs.evolve(durations, running=room - stopping, stopping=stopping)
    return _whole(created, durations, RunStatus.FAILED)


def _failed_early(created: float, after: float, durations: Durations) -> Timeline[RunStatus]:
    """A wrong role, bucket or parameter makes a run fail before it ever was RUNNING."""
    before = _whole(created, durations, RunStatus.FAILED).until(created + after)
    return Timeline((*before, Step(created + after, RunStatus.FAILED)))


def _cancelled(created: float, after: float | None, durations: Durations) -> Timeline[RunStatus]:
    """As if somebody called CancelRun just in time, before anything else made it stop."""
    end = created + (_length(durations) if after is None else after)
    stop = max(created, end - durations.stopping)
    before = _whole(created, durations, RunStatus.CANCELLED).until(stop)
    return Timeline((*before[:3], Step(stop, RunStatus.STOPPING), Step(end, RunStatus.CANCELLED)))


def _length(durations: Durations) -> float:
    """Return the seconds from StartRun to the end, if nothing interferes."""
    return durations.pending + durations.starting + durations.running + durations.stopping


def _fitted(durations: Durations, total: float | None) -> Durations:
    """Return durations that add up to `total`: RUNNING gives way first, then all the others."""
    if total is None:
        return durations
    others = _length(attrs.evolve(durations, running=0.0))
    if others <= total:
        return attrs.evolve(durations, running=total - others)
    scale = total / others
    return Durations(
        pending=durations.pending * scale,
        starting=durations.starting * scale,
        running=0.0,
        stopping=durations.stopping * scale,
    )


def _whole(created: float, durations: Durations, ends: RunStatus) -> Timeline[RunStatus]:
    starting = created + durations.pending
    running = starting + durations.starting
    stopping = running + durations.running
    return Timeline(
        (
            Step(created, RunStatus.PENDING),
            Step(starting, RunStatus.STARTING),
            Step(running, RunStatus.RUNNING),
            Step(stopping, RunStatus.STOPPING),
            Step(stopping + durations.stopping, ends),
        )
    )


def _spliced(
    old: Timeline[TaskStatus] | None, fresh: Timeline[TaskStatus] | None, now: float
) -> Timeline[TaskStatus] | None:
    if old is None or fresh is None or old.steps[0].at > now:
        return fresh
    return old.spliced(fresh, now)


def _task_timelines(
    plans: Sequence[TaskPlan], run: Timeline[RunStatus], room: float
) -> tuple[Timeline[TaskStatus] | None, ...]:
    """Return the way of each task; None for one that its run ends too early for.

    Tasks begin and end while their run is RUNNING. A run that fails takes one task down as its
    cause and cancels what else is under way; one that is cancelled cancels all of them.
    """
    begin, leave = run.time_of(RunStatus.RUNNING), run.time_of(RunStatus.STOPPING)
    if begin is None or leave is None:
        return tuple(None for _ in plans)
    whole = tuple(_task_timeline(plan, begin, room) for plan in plans)
    if run.end.status == RunStatus.COMPLETED:
        return tuple(_squeezed(timeline, leave) for timeline in whole)
    culprit = _culprit(plans, whole, leave) if run.end.status == RunStatus.FAILED else None
    return tuple(
        _failing(timeline, leave) if place == culprit else _cut(timeline, leave, run.end.at)
        for place, timeline in enumerate(whole)
    )


def _task_timeline(plan: TaskPlan, begin: float, room: float) -> Timeline[TaskStatus]:
    created, end = (begin + fraction * room for fraction in plan.window)
    length = end - created
    return Timeline(
        (
            Step(created, TaskStatus.PENDING),
            Step(created + 0.1 * length, TaskStatus.STARTING),
            Step(created + 0.2 * length, TaskStatus.RUNNING),
            Step(created + 0.9 * length, TaskStatus.STOPPING),
            Step(end, TaskStatus(plan.ends or "COMPLETED")),
        )
    )


def _squeezed(timeline: Timeline[TaskStatus], leave: float) -> Timeline[TaskStatus]:
    return Timeline(tuple(step.not_after(leave) for step in timeline.steps))


def _culprit(
    plans: Sequence[TaskPlan], whole: Sequence[Timeline[TaskStatus]], leave: float
) -> int | None:
    """Which task fails with its run: the first still under way at its end, else the last one."""
    if any(plan.ends == "FAILED" for plan in plans):
        return None
    under_way = [place for place, timeline in enumerate(whole) if timeline.end.at >= leave]
    return next(iter([*under_way, len(whole) - 1]))


def _failing(timeline: Timeline[TaskStatus], leave: float) -> Timeline[TaskStatus]:
    end = min(timeline.end.at, leave)
    failed = (Step(end, TaskStatus.STOPPING), Step(end, TaskStatus.FAILED))
    return Timeline((*timeline.until(end)[:4], *failed))


def _cut(timeline: Timeline[TaskStatus], leave: float, end: float) -> Timeline[TaskStatus] | None:
    if timeline.end.at <= leave:
        return timeline
    cancelled = (Step(leave, TaskStatus.STOPPING), Step(end, TaskStatus.CANCELLED))
    before = timeline.until(leave)
    return Timeline((*before, *cancelled)) if before else None


def default_reason(course: Course) -> str:
    """Return the failure code of a run whose plan names none."""
    if course.fails_early:
        return FailureReason.ASSUME_ROLE_FAILED.value
    return FailureReason.RUN_TASK_FAILED.value


def default_message(reason: str) -> str:
    """Return the status message of a run whose plan gives none.

    Assumption: the service's own sentence. All that is known is that it often says no more than
    where to look.
    """
    return f"The run failed with {reason}; its logs in CloudWatch say more."
