"""What a run has written into its log streams, as it follows from its course and the time.

Assumption: the wording, and which lines are left out at which level. Known are the names of the
streams, when they are there, and that `OFF` writes none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal, TypeAlias

from attrs import frozen

from omics_runs._generated.enums import RunStatus, TaskStatus
from omics_runs.emulator._manifest import records
from omics_runs.emulator._shapes import Shapes
from omics_runs.emulator._store import Run, Task
from omics_runs.emulator._telling import telling
from omics_runs.emulator._timeline import Timeline

Level: TypeAlias = Literal["FATAL", "ERROR", "ALL"]
"""From which level on a line is written."""

LEVELS = ("OFF", "FATAL", "ERROR", "ALL")

APART = 0.001
"""Seconds between lines that come together, so that each has its own millisecond."""


@frozen
class Event:
    """One event of a log stream."""

    at: float
    message: str
    level: Level = "ALL"


def streams(run: Run, shapes: Shapes) -> Mapping[str, Iterator[Event]]:
    """Return the events that a run has written by now, by the names of the streams.

    A stream is made when its events are asked for; one that has none is not there yet.
    """
    return {name: _written(run, shapes, events) for name, events in _all(run, shapes).items()}


def _written(run: Run, shapes: Shapes, events: Iterator[Event]) -> Iterator[Event]:
    level = LEVELS.index(run.members.get("logLevel", "ALL"))
    found = (one for one in events if one.at <= shapes.now and LEVELS.index(one.level) <= level)
    yield from sorted(found, key=lambda event: event.at)


def _all(run: Run, shapes: Shapes) -> Mapping[str, Iterator[Event]]:
    """Return the events of the whole of a run, those to come among them."""
    tasks = [(task, way) for task, way in _tasks(run) if _speaks(run, task, way)]
    return {
        f"run/{run.id}": _run_log(run),
        f"run/{run.id}/engine": _engine_log(run),
        **{f"run/{run.id}/task/{task.id}": _task_log(run, task, way) for task, way in tasks},
        f"manifest/run/{run.id}/{run.uuid}": _manifest(run, shapes),
    }


def _tasks(run: Run) -> Iterator[tuple[Task, Timeline[TaskStatus]]]:
    for task, timeline in zip(run.tasks, run.course.tasks, strict=True):
        if timeline is not None:
            yield task, timeline


def _speaks(run: Run, task: Task, timeline: Timeline[TaskStatus]) -> bool:
    """Return whether a task has a log: because it came to run, or because lines were planned."""
    return timeline.time_of(TaskStatus.RUNNING) is not None or task.plan.name in run.logs


def _run_log(run: Run) -> Iterator[Event]:
    for step in run.timeline.steps:
        if step.status == RunStatus.FAILED:
            text = f"Run {run.id} is FAILED ({run.failure_reason}): {run.status_message}"
            yield Event(step.at, text, "FATAL")
        else:
            yield Event(step.at, f"Run {run.id} is {step.status}")
    yield from _run_log_of_tasks(run)
    begins = run.timeline.time_of(RunStatus.RUNNING) is not None
    own = () if begins else _of_failure(run)
    yield from _told(run.logs.get("run", own), run.course.ends_at)


def _run_log_of_tasks(run: Run) -> Iterator[Event]:
    for task, timeline in _tasks(run):
        for step in timeline.steps:
            is_failure = step.status == TaskStatus.FAILED
            text = f"Task {task.plan.name} ({task.id}) is {step.status}"
            yield Event(step.at, text, "ERROR" if is_failure else "ALL")


def _engine_log(run: Run) -> Iterator[Event]:
    """The engine is there while the run is RUNNING; before that there are only planned lines."""
    begin = run.timeline.time_of(RunStatus.RUNNING)
    if begin is not None:
        yield Event(begin, f"The {run.workflow.engine} engine runs workflow {run.workflow.id}")
    for task, timeline in _tasks(run):
        name = f"{task.plan.name} ({task.id})"
        yield Event(timeline.steps[0].at, f"Submitted task {name}")
        text = f"Task {name} has ended: {timeline.end.status}"
        is_failure = timeline.end.status == TaskStatus.FAILED
        yield Event(timeline.end.at, text, "ERROR" if is_failure else "ALL")
    own = () if begin is None else _of_failure(run)
    stop = run.timeline.time_of(RunStatus.STOPPING)
    yield from _told(run.logs.get("engine", own), run.course.ends_at if stop is None else stop)


def _of_failure(run: Run) -> tuple[str, ...]:
    is_failed = run.timeline.end.status == RunStatus.FAILED
    return telling(run.failure_reason).last if is_failed else ()


def _task_log(run: Run, task: Task, timeline: Timeline[TaskStatus]) -> Iterator[Event]:
    begin, end = timeline.time_of(TaskStatus.RUNNING), timeline.end
    if begin is not None:
        yield Event(begin, f"{task.plan.name}: using {task.plan.cpus} threads")
    if end.status == TaskStatus.COMPLETED:
        yield Event(end.at, f"{task.plan.name}: done")
    yield from _told(_last_of_task(run, task, end.status), end.at)


def _last_of_task(run: Run, task: Task, status: TaskStatus) -> tuple[str, ...]:
    if task.plan.name in run.logs:
        return run.logs[task.plan.name]
    if status != TaskStatus.FAILED:
        return ()
    reason = task.plan.failure_reason or (run.failure_reason if run.course.fails else "")
    return telling(reason).task or ("ERROR: exit status 1",)


def _told(lines: tuple[str, ...], end: float, level: Level = "ERROR") -> Iterator[Event]:
    """Yield the last lines of a stream, one millisecond after the other up to its end."""
    for place, line in enumerate(lines, 1):
        yield Event(end - (len(lines) - place) * APART, line, level)


def _manifest(run: Run, shapes: Shapes) -> Iterator[Event]:
    ended = run.timeline.ended(shapes.now)
    if ended is not None:  # it comes as a whole, however early its events are dated
        yield from _told(tuple(records(run, shapes)), ended, "FATAL")
