"""The way of one run: settled when it starts, and changed only by those who interfere.

No thread moves anything: where a run is follows from its course and the time. Those who interfere
are CancelRun, a later plan, and the queue in which a run waits for a slot.
"""

from __future__ import annotations

from collections.abc import Sequence

import attrs
from attrs import frozen

from omics_runs._generated.enums import FailureReason, RunStatus, TaskStatus
from omics_runs.emulator._plan import Durations, Plan, TaskPlan
from omics_runs.emulator._telling import BEFORE_TASKS, Strikes, message_of, telling
from omics_runs.emulator._timeline import Step, Timeline

NEVER = float("inf")
"""The moment of what does not happen."""

ROUNDING = 1e-6
"""Seconds by which sums of the same durations may differ."""

IMPORT = 0.04
"""Assumption: what part of its time in RUNNING a run reads its inputs in; then come the tasks."""


@frozen(kw_only=True)
class Course:
    """The way of one run and of its tasks."""

    timeline: Timeline[RunStatus]
    durations: Durations
    plans: tuple[TaskPlan, ...]
    origin: float
    """From when it was laid out: the run's start, later by what it has waited for its slot."""
    limit: float
    """The most seconds that it may be RUNNING."""
    room: float
    """Seconds in RUNNING for which the tasks were laid out; an interruption may shorten it."""
    tasks: tuple[Timeline[TaskStatus] | None, ...]
    """One for each plan; None for a task that the run ends too early for."""
    timed_out: bool
    """Whether the limit is what ends it."""
    strikes: Strikes = "task"
    """What its failure strikes, in case that it fails."""
    rest: Course | None = None
    """While the run is held: its whole course, as if a slot had been free."""

    @property
    def slot_from(self) -> float:
        """When it asks for its slot, which it has to its end; `NEVER` if it ends without one."""
        starting = self.timeline.time_of(RunStatus.STARTING)
        return NEVER if starting is None or starting >= self.timeline.end.at else starting

    @property
    def ends_at(self) -> float:
        """When it ends; `NEVER` while the run is held."""
        return self.timeline.end.at if self.rest is None else NEVER

    @property
    def fails_early(self) -> bool:
        """Whether it ends before anything runs."""
        return (self.rest or self).timeline.time_of(RunStatus.RUNNING) is None

    @property
    def fails(self) -> bool:
        """Whether it ends by the failure that was planned for it."""
        return self.timeline.end.status == RunStatus.FAILED and not self.timed_out

    @property
    def blames_a_task(self) -> bool:
        """Whether it fails by a task."""
        return self.fails and self.strikes in {"task", "task to start"}

    @property
    def has_tasks(self) -> bool:
        """Whether it comes as far as to its tasks."""
        return self.strikes not in BEFORE_TASKS

    def being_cancelled(self, now: float) -> bool:
        """Return whether it is on its last way, from STOPPING to CANCELLED."""
        stopping = self.timeline.status(now) == RunStatus.STOPPING
        return stopping and self.timeline.end.status == RunStatus.CANCELLED

    def held(self) -> Course:
        """Return the course of a run that waits for its slot: PENDING, with no end in sight."""
        pending = Timeline(self.timeline.steps[:1])
        return attrs.evolve(self, timeline=pending, tasks=_no_tasks(self.plans), rest=self)

    def granted(self, moment: float) -> Course:
        """Return the course of a held run that gets its slot: all that was to come is put off."""
        whole = self.rest or self
        return whole.put_off(whole.slot_from, moment)

    def put_off(self, moment: float, to: float) -> Course:
        """Return the course with all that comes after PENDING moved, from one moment to another."""
        first, *rest = self.timeline.steps
        return attrs.evolve(
            self,
            timeline=Timeline((first, *(step.moved(moment, to) for step in rest))),
            origin=to + (self.origin - moment),
            tasks=tuple(None if task is None else task.moved(moment, to) for task in self.tasks),
        )

    def cancelled(self, now: float) -> Course:
        """Return the course after a CancelRun; asking twice changes nothing.

        Assumption: a cancelled run passes STOPPING, as the service documents for tasks.
        """
        if self.being_cancelled(now):
            return self
        stopped = now + self.durations.stopping
        steps = (Step(now, RunStatus.STOPPING), Step(stopped, RunStatus.CANCELLED))
        return self._changed(Timeline(steps), self.strikes, now)

    def redirected(self, plan: Plan, now: float) -> Course:
        """Return the course after a change of plan: the past stays, the rest follows the plan."""
        if self.rest is not None:
            return self._redirected_while_held(plan, self.rest.slot_from, now)
        if plan.after is not None:
            plan = attrs.evolve(plan, after=max(plan.after, now - self.origin))
        begun = self.timeline.passed(RunStatus.RUNNING, now) is not None
        strikes = "run" if begun and _strikes(plan) in BEFORE_TASKS else _strikes(plan)
        return self._led(plan, strikes, now)

    def _redirected_while_held(self, plan: Plan, asked: float, now: float) -> Course:
        """For a held run time has stood still since it asked for its slot."""
        changed = self._led(plan, _strikes(plan), asked)
        return changed.put_off(asked, now) if changed.slot_from == NEVER else changed.held()

    def _led(self, plan: Plan, strikes: Strikes, now: float) -> Course:
        fresh = _run_timeline(self.origin, plan, strikes, self.durations)
        return self._changed(fresh, strikes, now)

    def _changed(self, fresh: Timeline[RunStatus], strikes: Strikes, now: float) -> Course:
        timeline = self.timeline.spliced(fresh, now)
        begun = self.timeline.passed(RunStatus.RUNNING, now) is not None
        room = self.room if begun and self.has_tasks else _room(timeline, self.durations)
        changed = attrs.evolve(
            self, timeline=timeline, strikes=strikes, room=room, timed_out=False, rest=None
        )
        limited = changed.limited()
        tasks = zip(self.tasks, _task_timelines(limited), strict=True)
        return attrs.evolve(limited, tasks=tuple(_spliced(old, new, now) for old, new in tasks))

    def limited(self) -> Course:
        """Return the course, ended in time if it would be RUNNING for too long."""
        begin, leave = _time_running(self.timeline)
        stop = begin + self.limit
        if leave <= stop + ROUNDING:
            return self
        end = stop + self.durations.stopping
        steps = (Step(stop, RunStatus.STOPPING), Step(end, RunStatus.FAILED))
        timeline = Timeline((*self.timeline.until(begin), *steps))
        return attrs.evolve(self, timeline=timeline, timed_out=True)


def course(created: float, plan: Plan, durations: Durations, limit: float) -> Course:
    """Return the way of a run if there is a slot for it as soon as it asks.

    Args:
        created: Moment of its start.
        plan: Its tasks, how and when it ends.
        durations: How long each status lasts, but for what the plan's `after` changes.
        limit: The most seconds that it may be RUNNING.
    """
    strikes = _strikes(plan)
    timeline = _run_timeline(created, plan, strikes, durations)
    whole = Course(
        timeline=timeline,
        durations=durations,
        plans=plan.tasks,
        origin=created,
        limit=limit,
        room=_room(timeline, durations),
        tasks=_no_tasks(plan.tasks),
        timed_out=False,
        strikes=strikes,
    )
    limited = whole.limited()
    return attrs.evolve(limited, tasks=_task_timelines(limited))


def _no_tasks(plans: Sequence[TaskPlan]) -> tuple[None, ...]:
    return tuple(None for _ in plans)


def _room(run: Timeline[RunStatus], durations: Durations) -> float:
    """Return the seconds in RUNNING to lay tasks out in; a cancellation comes as a surprise."""
    begin, leave = _time_running(run)
    surprised = begin == NEVER or run.end.status == RunStatus.CANCELLED
    return durations.running if surprised else leave - begin


def _time_running(run: Timeline[RunStatus]) -> tuple[float, float]:
    """Return when a run becomes RUNNING and when it stops; `NEVER` if it never runs."""
    begin, leave = run.time_of(RunStatus.RUNNING), run.time_of(RunStatus.STOPPING)
    return (NEVER, NEVER) if begin is None or leave is None else (begin, leave)


def _strikes(plan: Plan) -> Strikes:
    """Return what the failure of a plan strikes; tasks that were planned do get their turn."""
    strikes = telling(plan.failure_reason or FailureReason.RUN_TASK_FAILED).strikes
    return "run" if plan.tells_of_tasks and strikes in BEFORE_TASKS else strikes


def _run_timeline(
    created: float, plan: Plan, strikes: Strikes, durations: Durations
) -> Timeline[RunStatus]:
    if plan.ends == "COMPLETED":
        return _whole(created, _fitted(durations, plan.after), RunStatus.COMPLETED)
    if plan.ends == "CANCELLED":
        return _cancelled(created, plan.after, durations)
    if plan.after is None:
        return _failed_in_its_time(created, strikes, durations)
    if plan.after < durations.pending + durations.starting:
        return _failed_early(created, plan.after, durations)
    return _failed(created, plan.after, durations)


def _failed_in_its_time(
    created: float, strikes: Strikes, durations: Durations
) -> Timeline[RunStatus]:
    """A failure that has no need of tasks does not wait for them."""
    if strikes == "start":
        return _failed_early(created, durations.pending + durations.starting / 2, durations)
    if strikes == "import":
        durations = attrs.evolve(durations, running=durations.running * IMPORT)
    return _whole(created, durations, RunStatus.FAILED)


def _failed(created: float, after: float, durations: Durations) -> Timeline[RunStatus]:
    room = after - durations.pending - durations.starting
    stopping = min(durations.stopping, room)
    durations = attrs.evolve(durations, running=room - stopping, stopping=stopping)
    return _whole(created, durations, RunStatus.FAILED)


def _failed_early(created: float, after: float, durations: Durations) -> Timeline[RunStatus]:
    """A wrong role, bucket or parameter makes a run fail before it ever was RUNNING."""
    before = _whole(created, durations, RunStatus.FAILED).before(created + after)
    return Timeline((*before, Step(created + after, RunStatus.FAILED)))


def _cancelled(created: float, after: float | None, durations: Durations) -> Timeline[RunStatus]:
    """As if somebody called CancelRun just in time, before anything else made it stop."""
    end = created + (_length(durations) if after is None else after)
    stop = max(created, end - durations.stopping)
    before = _whole(created, durations, RunStatus.CANCELLED).before(stop)
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


def _task_timelines(course: Course) -> tuple[Timeline[TaskStatus] | None, ...]:
    """Return the way of each task; None for one that its run ends too early for.

    Tasks begin and end while their run is RUNNING. A run that fails takes one task down as its
    cause, where it has one among them, and cancels what else is under way; one that is cancelled
    cancels all of them. Assumption: so does one that has run out of time.
    """
    begin, leave = _time_running(course.timeline)
    if begin == NEVER or not course.has_tasks:
        return _no_tasks(course.plans)
    whole = tuple(_task_timeline(plan, begin, course.room) for plan in course.plans)
    is_done = course.fails and course.strikes == "export"
    if is_done or course.timeline.end.status == RunStatus.COMPLETED:
        return tuple(_squeezed(timeline, leave) for timeline in whole)
    return _task_timelines_cut(course, whole, leave)


def _task_timelines_cut(
    course: Course, whole: Sequence[Timeline[TaskStatus]], leave: float
) -> tuple[Timeline[TaskStatus] | None, ...]:
    culprit = _culprit(course, whole, leave)
    last = leave - ROUNDING if course.fails and course.strikes == "run" else leave
    return tuple(
        _failing(timeline, leave, course.strikes)
        if place == culprit
        else _cut(timeline, leave if plan.ends else last, leave, course.timeline.end.at)
        for place, (plan, timeline) in enumerate(zip(course.plans, whole, strict=True))
    )


def _task_timeline(plan: TaskPlan, begin: float, room: float) -> Timeline[TaskStatus]:
    created, end = (begin + fraction * room for fraction in plan.window)
    length = end - created
    whole = Timeline(
        (
            Step(created, TaskStatus.PENDING),
            Step(created + 0.1 * length, TaskStatus.STARTING),
            Step(created + 0.2 * length, TaskStatus.RUNNING),
            Step(created + 0.9 * length, TaskStatus.STOPPING),
            Step(end, TaskStatus(plan.ends or "COMPLETED")),
        )
    )
    own = telling(plan.failure_reason or FailureReason.RUN_TASK_FAILED).strikes
    return _failing(whole, end, own) if plan.ends == "FAILED" and own == "task to start" else whole


def _squeezed(timeline: Timeline[TaskStatus], leave: float) -> Timeline[TaskStatus]:
    return Timeline(tuple(step.not_after(leave) for step in timeline.steps))


def _culprit(course: Course, whole: Sequence[Timeline[TaskStatus]], leave: float) -> int | None:
    """Which task fails with its run: the first still under way at its end, else the last one."""
    if not course.blames_a_task or any(plan.ends == "FAILED" for plan in course.plans):
        return None
    under_way = [place for place, timeline in enumerate(whole) if timeline.end.at >= leave]
    return next(iter([*under_way, len(whole) - 1]))


def _failing(
    timeline: Timeline[TaskStatus], leave: float, strikes: Strikes
) -> Timeline[TaskStatus]:
    end = min(timeline.end.at, leave)
    failed = (Step(end, TaskStatus.STOPPING), Step(end, TaskStatus.FAILED))
    reached = 2 if strikes == "task to start" else 4
    return Timeline((*timeline.until(end)[:reached], *failed))


def _cut(
    timeline: Timeline[TaskStatus], last: float, leave: float, end: float
) -> Timeline[TaskStatus] | None:
    """Return the way of a task that is cancelled, unless it was done by `last`."""
    if timeline.end.at <= last:
        return timeline
    cancelled = (Step(leave, TaskStatus.STOPPING), Step(end, TaskStatus.CANCELLED))
    before = timeline.until(leave)[:4]
    return Timeline((*before, *cancelled)) if before else None


def reasons(course: Course, plan: Plan) -> tuple[str, str]:
    """Return the failure reason and the status message of a run, in case that it fails."""
    if course.timed_out:
        message = f"The run was stopped after {course.limit:g} seconds, the most it may run."
        return FailureReason.RUN_TIMED_OUT.value, message
    reason = plan.failure_reason or _default_reason(course)
    return reason, plan.status_message or message_of("run", reason)


def _default_reason(course: Course) -> str:
    if course.fails_early:
        return FailureReason.ASSUME_ROLE_FAILED.value
    return FailureReason.RUN_TASK_FAILED.value
