"""When a run's tasks waited and ran, and how much they used of what they had."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeAlias

import attrs
from attrs import field, frozen

from omics_runs import _timeline_page, _timeline_svg
from omics_runs._durations import in_words
from omics_runs._errors import InvalidRequestError
from omics_runs._generated.enums import FailureReason, RunStatus, TaskStatus
from omics_runs._generated.models import (
    GetRunResponse,
    GetRunTaskResponse,
    RunListItem,
    TaskListItem,
)
from omics_runs._manifest import Manifest, RunManifest, TaskManifest, TaskMetrics
from omics_runs._timeline_words import summary_of, title_of

NO_METRICS = TaskMetrics()
Task: TypeAlias = TaskListItem | GetRunTaskResponse | TaskManifest


@frozen(kw_only=True)
class TimelinePhase:
    """A part of a run's life, as far as it can be told from its times and those of its tasks.

    `queueing` is the time until the run begins: the service tells no moment between the waiting for
    a free place and the setting up. `starting` is from there until the first task starts, `running`
    until the last one has stopped, and `finishing` until the run has. Where no task has a time, all
    of it is `running`.
    """

    name: str
    """`queueing`, `starting`, `running` or `finishing`."""
    start: datetime
    """When it began, in UTC."""
    stop: datetime
    """When it ended, in UTC; the timeline's `as_of` for one that has not."""
    is_open: bool
    """Whether it has not ended."""

    @property
    def seconds(self) -> float:
        """How long it took, or has taken so far."""
        return (self.stop - self.start).total_seconds()

    def __str__(self) -> str:
        return f"{self.name} {in_words(self.seconds)}"


@frozen(kw_only=True)
class TimelineTask:
    """A task of a timeline: when it waited and ran, and how much it used of what it had.

    All but the id and the status may be None, where nothing is known of it.
    """

    task_id: str
    """The task's id within its run."""
    name: str | None = None
    """Name of the task in the workflow."""
    status: TaskStatus
    """Where the task is in its life, or how it has ended."""
    failure_reason: FailureReason | None = None
    """Why it failed, as a code; lists of tasks do not tell it, manifests may."""
    is_cached: bool = False
    """Whether its results came from the run cache."""
    instance_type: str | None = None
    """Instance type that the service chose."""
    creation_time: datetime | None = None
    """When the task was created, in UTC: from here on it waited for its start."""
    start_time: datetime | None = None
    """When it started, in UTC."""
    stop_time: datetime | None = None
    """When it ended, in UTC."""
    as_of: datetime | None = None
    """Until when it is drawn if it has not ended; see the timeline's own."""
    cpus: float | None = None
    """CPUs that it asked for."""
    cpus_reserved: float | None = None
    """CPUs that it had."""
    cpus_average: float | None = None
    """CPUs that it kept busy, on average."""
    cpus_maximum: float | None = None
    """CPUs that it kept busy, in its busiest minute."""
    memory_gib: float | None = None
    """Memory that it asked for, in GiB."""
    memory_reserved_gib: float | None = None
    """Memory that it had, in GiB."""
    memory_average_gib: float | None = None
    """Memory that it used, in GiB, on average."""
    memory_maximum_gib: float | None = None
    """Memory that it used, in GiB, in the minute with the most."""
    gpus: float | None = None
    """GPUs that it asked for."""
    gpus_reserved: float | None = None
    """GPUs that it had. Manifests do not tell what a task used of them."""

    @property
    def label(self) -> str:
        """The task's name, or its id if it has none."""
        return self.name or f"task {self.task_id}"

    @property
    def is_open(self) -> bool:
        """Whether it has not ended, so that its durations are those so far."""
        return self.stop_time is None and not self.status.is_terminal

    @property
    def queued_seconds(self) -> float | None:
        """Seconds from its creation to its start, or its end if it never started."""
        return _seconds(self.creation_time, self.start_time or self.end)

    @property
    def running_seconds(self) -> float | None:
        """Seconds from its start to its end."""
        return _seconds(self.start_time, self.end)

    @property
    def end(self) -> datetime | None:
        """When it ended, or until when it is drawn if it has not; None if that is not known."""
        return self.stop_time or (self.as_of if self.is_open else None)

    @property
    def cpu_efficiency(self) -> float | None:
        """The part of its CPUs that it kept busy, on average: 1.0 is all of them, all the time."""
        return _fraction(self.cpus_average, self.cpus_reserved or self.cpus)

    @property
    def memory_efficiency(self) -> float | None:
        """The part of its memory that it used at most: with less than this it would have failed."""
        return _fraction(self.memory_maximum_gib, self.memory_reserved_gib or self.memory_gib)


@frozen(kw_only=True)
class Timeline:
    """When the tasks of a run waited and ran, and how much they used of what they had.

    A notebook shows it as a picture. `Timeline.of` makes one.
    """

    run_id: str | None = None
    """The run's id; None if nothing is known of the run itself."""
    run_name: str | None = None
    """The run's name; None if it has none."""
    run_status: RunStatus | None = None
    """The run's status; None if nothing is known of the run itself."""
    run_failure_reason: FailureReason | None = None
    """Why the run failed, as a code; None if it has not, or that is not told."""
    creation_time: datetime | None = None
    """When the service accepted the run, in UTC."""
    start_time: datetime | None = None
    """When the run began executing, in UTC."""
    stop_time: datetime | None = None
    """When the run ended, in UTC."""
    as_of: datetime | None = None
    """Until when whatever has not ended is drawn; None only if no time is known at all."""
    tasks: tuple[TimelineTask, ...] = field(default=(), repr=False)
    """The tasks, in the order in which they were created."""
    notes: tuple[str, ...] = ()
    """What could not be looked at, and why; empty if all was seen."""

    @classmethod
    def of(
        cls,
        run: GetRunResponse | RunListItem | RunManifest | Manifest | None,
        tasks: Iterable[Task] = (),
        *,
        as_of: datetime | None = None,
    ) -> Timeline:
        """Return the timeline of a run and its tasks.

        Args:
            run: The run; None if nothing is known of it. A `Manifest` brings its tasks with it.
            tasks: The tasks, from wherever they are known. What is told of one task more than once
                is put together, so that the list of tasks and the manifest complete each other;
                where both know something, the later one is believed.
            as_of: The moment to which the timeline of a run that goes on is drawn, such as now; one
                with a time zone. By default it is the latest moment that is known.

        Returns:
            The timeline.

        Raises:
            InvalidRequestError: `as_of` is no moment, or has no time zone.
        """
        _check_moment(as_of)
        tasks = list(tasks)
        if isinstance(run, Manifest):
            tasks, run = [*tasks, *run.tasks], run.run
        spans = _together(tasks)
        moments = [*_moments(run), *(one for span in spans for one in _moments(span))]
        stop = None if run is None else run.stop_time
        as_of = stop or max([*moments, *([as_of] if as_of else [])], default=None)
        drawn = [attrs.evolve(span, as_of=as_of) for span in spans]
        return cls(
            run_id=run.id if run else None,
            run_name=run.name if run else None,
            run_status=run.status if run else None,
            run_failure_reason=_reason_of(run),
            creation_time=run.creation_time if run else None,
            start_time=run.start_time if run else None,
            stop_time=stop,
            as_of=as_of,
            tasks=tuple(sorted(drawn, key=_order)),
        )

    @property
    def phases(self) -> tuple[TimelinePhase, ...]:
        """The parts of the run's life that can be told apart, in their order; none of no length."""
        return tuple(self._phases())

    @property
    def seconds(self) -> float | None:
        """Seconds from the run's creation to its end, or to `as_of`."""
        return _seconds(self.creation_time, self.stop_time or self.as_of)

    @property
    def cpu_efficiency(self) -> float | None:
        """The part of all tasks' CPU time that was used; None where no task's is known."""
        return _mean((one.cpu_efficiency, one.cpus_reserved or one.cpus, one) for one in self.tasks)

    @property
    def memory_efficiency(self) -> float | None:
        """The mean of the tasks' `memory_efficiency`, each by its memory and time."""
        return _mean(
            (one.memory_efficiency, one.memory_reserved_gib or one.memory_gib, one)
            for one in self.tasks
        )

    def rows(self) -> list[dict[str, Any]]:
        """Return a dict for each task, all with the same keys: `pandas.DataFrame(timeline.rows())`.

        Times are in UTC, durations in seconds, memory is in GiB and an efficiency is a fraction.
        What is not known is None. The durations of a task with `is_open` are those so far.
        """
        return [{"run_id": self.run_id, **_row(one)} for one in self.tasks]

    def to_svg(self) -> str:
        """Return the timeline as a picture: the text of an SVG file that needs nothing else.

        It is 960 pixels wide and never higher than 1,000: many tasks have thin lines, of which only
        some have their name written beside them. Each task tells about itself when it is pointed
        at. It can be read on light and on dark ground.
        """
        return _timeline_svg.draw(self)

    def to_html(self) -> str:
        """Return the timeline as a page: the picture, and a table of the same, without scripts."""
        return _timeline_page.page(self)

    def save(self, path: str | Path) -> None:
        """Write the timeline into a file, in the form that its name's end asks for.

        Args:
            path: The file: `.svg` for a picture, `.html` for a page. One that is there is replaced.

        Raises:
            InvalidRequestError: The name ends otherwise.
            OSError: The file can't be written.
        """
        makers = {".svg": self.to_svg, ".html": self.to_html}
        maker = makers.get(Path(path).suffix.lower())
        if maker is None:
            what = f"must end in .svg or .html, got {str(path)!r}"
            raise InvalidRequestError("Timeline.save", [("path", what)])
        Path(path).write_text(maker(), encoding="utf-8")

    def _repr_html_(self) -> str:
        return self.to_svg() + _timeline_page.notes_of(self)

    def __str__(self) -> str:
        return f"{title_of(self)}: {summary_of(self)}"

    def _phases(self) -> Iterator[TimelinePhase]:
        first = min((one.start_time for one in self.tasks if one.start_time), default=None)
        last = max((one.stop_time for one in self.tasks if one.stop_time), default=None)
        is_starting = bool(self.tasks) and first is None and self.stop_time is None
        marks = [
            ("queueing", self.creation_time),
            ("starting", self.start_time if first or is_starting else None),
            ("running", first or (None if is_starting else self.start_time)),
            ("finishing", last if self.stop_time and first else None),
            ("", self.as_of),
        ]
        known = [(name, at) for name, at in marks if at is not None]
        begun = known[0][1] if known else None
        for (name, at), (following, until) in pairwise(known):
            begun = max(at, begun or at)  # times of tasks may be before those of their run
            if until > begun:
                is_open = following == "" and self.stop_time is None
                yield TimelinePhase(name=name, start=begun, stop=until, is_open=is_open)


def _check_moment(given: object) -> None:
    if given is not None and not (isinstance(given, datetime) and given.tzinfo):
        what = f"must be a moment with a time zone, such as datetime.now(UTC), got {given!r}"
        raise InvalidRequestError("Timeline.of", [("as_of", what)])


def _span_of(task: Task) -> TimelineTask:
    used, is_cached = NO_METRICS, bool(task.cache_hit)
    if isinstance(task, TaskManifest):
        used, is_cached = task.metrics or NO_METRICS, task.is_cached
    return TimelineTask(
        task_id=task.task_id,
        name=task.name,
        status=task.status,
        failure_reason=_reason_of(task),
        is_cached=is_cached,
        instance_type=task.instance_type,
        creation_time=task.creation_time,
        start_time=task.start_time,
        stop_time=task.stop_time,
        cpus=_size(task.cpus),
        cpus_reserved=_size(used.cpus_reserved),
        cpus_average=_size(used.cpus_average),
        cpus_maximum=_size(used.cpus_maximum),
        memory_gib=_size(task.memory),
        memory_reserved_gib=_size(used.memory_reserved_gib),
        memory_average_gib=_size(used.memory_average_gib),
        memory_maximum_gib=_size(used.memory_maximum_gib),
        gpus=_size(task.gpus),
        gpus_reserved=_size(used.gpus_reserved),
    )


def _reason_of(one: object) -> FailureReason | None:
    """Return why a run or a task failed; lists do not tell it."""
    return getattr(one, "failure_reason", None)


def _together(tasks: Iterable[Task]) -> list[TimelineTask]:
    """Return one span for each task, with all that any source knows of it."""
    found: dict[str, TimelineTask] = {}
    said = {task.task_id: task.cache_hit for task in tasks if task.cache_hit is not None}
    for span in map(_span_of, tasks):
        known = attrs.asdict(span, filter=lambda _, value: value is not None)
        earlier = found.get(span.task_id, span)
        cached = said.get(span.task_id, earlier.is_cached or span.is_cached)
        found[span.task_id] = attrs.evolve(earlier, **known | {"is_cached": cached})
    return list(found.values())


def _size(value: float | None) -> float | None:
    """Return a number that can be reckoned with; None for one that can't."""
    try:
        number = math.nan if value is None else float(value)
    except OverflowError:  # a whole number of hundreds of digits
        return None
    return number if math.isfinite(number) else None


def _moments(one: Any) -> list[datetime]:
    times = (one.creation_time, one.start_time, one.stop_time) if one is not None else ()
    return [moment for moment in times if moment is not None]


def _order(task: TimelineTask) -> tuple[Any, ...]:
    """Return the place of a task: by its first moment; those of which none is known are last."""
    moments = _moments(task)
    return (not moments, min(moments, default=0), len(task.task_id), task.task_id)


def _row(task: TimelineTask) -> dict[str, Any]:
    return {
        "task_id": task.task_id,
        "name": task.name,
        "status": task.status.value,
        "failure_reason": task.failure_reason and task.failure_reason.value,
        "is_cached": task.is_cached,
        "is_open": task.is_open,
        "instance_type": task.instance_type,
        "creation_time": task.creation_time,
        "start_time": task.start_time,
        "stop_time": task.stop_time,
        "queued_seconds": task.queued_seconds,
        "running_seconds": task.running_seconds,
        "cpus": task.cpus,
        "cpus_reserved": task.cpus_reserved,
        "cpus_average": task.cpus_average,
        "cpus_maximum": task.cpus_maximum,
        "cpu_efficiency": task.cpu_efficiency,
        "memory_gib": task.memory_gib,
        "memory_reserved_gib": task.memory_reserved_gib,
        "memory_average_gib": task.memory_average_gib,
        "memory_maximum_gib": task.memory_maximum_gib,
        "memory_efficiency": task.memory_efficiency,
        "gpus": task.gpus,
        "gpus_reserved": task.gpus_reserved,
    }


def _seconds(start: datetime | None, stop: datetime | None) -> float | None:
    if start is None or stop is None:
        return None
    return max((stop - start).total_seconds(), 0.0)


def _fraction(used: float | None, reserved: float | None) -> float | None:
    """Return a part of a whole; None where either is not known, and for a whole of zero."""
    if used is None or not reserved:
        return None
    part = used / reserved
    return part if math.isfinite(part) else None


def _mean(
    parts: Iterable[tuple[float | None, float | None, TimelineTask]],
) -> float | None:
    """Return the mean of tasks' efficiencies, each by what it had and for how long."""
    known = [
        (part, (size or 0) * (task.running_seconds or 0))
        for part, size, task in parts
        if part is not None
    ]
    return _fraction(sum(part * weight for part, weight in known), sum(one for _, one in known))
