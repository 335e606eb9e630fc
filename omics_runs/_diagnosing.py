"""How a run is looked at to say what became of it: the run, its tasks, and their logs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeAlias

import attrs
from attrs import define, field, frozen

from omics_runs._core import outcome
from omics_runs._diagnosis import Diagnosis, FailedTask
from omics_runs._errors import InvalidRequestError
from omics_runs._generated.enums import RunStatus, TaskStatus
from omics_runs._generated.models import (
    GetRunResponse,
    GetRunTaskRequest,
    GetRunTaskResponse,
    TaskListItem,
)
from omics_runs._logs import (
    LATEST,
    LogExcerpt,
    LogReader,
    engine_stream,
    is_about_all,
    run_stream,
    stream_in,
    task_stream,
    written_until,
)
from omics_runs._manifest import RunManifest, TaskManifest
from omics_runs._manifests import Forgotten, look_or_find
from omics_runs._run_ref import RunRef
from omics_runs._run_tasks import all_tasks
from omics_runs._wait_plan import named_by

if TYPE_CHECKING:
    from omics_runs._effects import Flow
    from omics_runs._env import Env
    from omics_runs._subjects import RunLike

MOST = 100
"""The most failed tasks to look at, and the most lines of each log."""

Run: TypeAlias = GetRunResponse | RunManifest
"""A run, as the service tells of it, or as its manifest does once the service has forgotten it."""
Task: TypeAlias = TaskListItem | TaskManifest


@frozen
class DiagnosisPlan:
    """Which run to look at, and how closely."""

    ref: RunRef
    tasks: int
    """How many failed tasks to look at."""
    lines: int
    """How many lines of each log to tell."""


def plan_diagnosis(run: RunLike, tasks: object, lines: object) -> DiagnosisPlan:
    """Return the checked plan of a diagnosis.

    Raises:
        InvalidRequestError: `run` names no run, or a count is none.
    """
    ref = named_by(run, "diagnose")
    return DiagnosisPlan(ref, _count("tasks", tasks), _count("lines", lines))


def _count(name: str, value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= MOST:
        what = f"must be a whole number from 1 to {MOST}, got {value!r}"
        raise InvalidRequestError("diagnose", [(name, what)])
    return value


def diagnose(plan: DiagnosisPlan, env: Env) -> Flow[Diagnosis]:
    """Look at a run, and at what is left of one that the service has forgotten.

    Raises:
        ResourceNotFoundError: There is no such run, and no manifest of one.
        RunReplacedError: The id belongs to another run, and there is no manifest of this one.
        CallError: The run could not be looked at.
        CredentialsError: There are no keys to sign with.
    """
    seen = yield from look_or_find(plan.ref, env)
    if isinstance(seen, Forgotten):
        logs = _logs_of(seen.run, seen.until, plan, env)
        return (yield from _told(seen.run, seen.tasks, seen.notes, plan, logs))
    tasks, trouble = yield from all_tasks(seen.id, env)
    notes = [] if trouble is None else [f"the tasks, or some of them: {trouble}"]
    return (yield from _told(seen, tasks, notes, plan, _logs_of(seen, None, plan, env)))


def _logs_of(run: Run, successor: datetime | None, plan: DiagnosisPlan, env: Env) -> LogReader:
    return LogReader(env, run.creation_time, written_until(run.stop_time, successor), plan.lines)


def _told(
    seen: Run, tasks: Sequence[Task], notes: Sequence[str], plan: DiagnosisPlan, logs: LogReader
) -> Flow[Diagnosis]:
    """Look closer at what has failed, and tell all that was seen."""
    failed, reader = failed_tasks(tasks), TaskReader(seen, logs)
    looked_at: list[FailedTask] = []
    for task in failed[: plan.tasks]:
        closer = yield from reader.closer(task)
        looked_at.append(closer)
    told = yield from _logs(seen, logs)
    env = logs.env
    return Diagnosis(
        run=RunRef(plan.ref.id, seen.uuid or plan.ref.uuid),
        name=seen.name,
        status=seen.status,
        is_forgotten=isinstance(seen, RunManifest),
        failure_reason=seen.failure_reason,
        status_message=seen.status_message,
        creation_time=seen.creation_time,
        start_time=seen.start_time,
        stop_time=seen.stop_time,
        as_of=env.offset.correct(env.clock.now()),
        output_uri=seen.run_output_uri,
        tasks=len(tasks),
        failed_tasks=tuple(looked_at),
        failed_count=len(failed),
        logs=told,
        notes=(*notes, *reader.notes, *_unread(looked_at, told)),
    )


def failed_tasks(tasks: Sequence[Task]) -> list[FailedTask]:
    """Return the failed ones of a run's tasks: those first that nothing has made up for."""
    attempts, completed = Counter(task.name for task in tasks), _completed(tasks)
    failed = [task for task in tasks if task.status == TaskStatus.FAILED]
    in_order = sorted(failed, key=lambda task: task.stop_time or LATEST)
    found = [
        FailedTask(
            task_id=task.task_id,
            name=task.name,
            failure_reason=None if isinstance(task, TaskListItem) else task.failure_reason,
            status_message=getattr(task, "status_message", None),
            attempts=attempts[task.name] if task.name else 1,
            is_made_up_for=_is_made_up_for(task, completed),
            has_run=task.start_time is not None,
            log=None,
        )
        for task in in_order
    ]
    return sorted(found, key=lambda task: task.is_made_up_for)


def _completed(tasks: Sequence[Task]) -> Mapping[str, datetime]:
    """Return when the last one of each name that has completed was created."""
    found: dict[str, datetime] = {}
    for task in tasks:
        begin = task.creation_time
        if task.name and begin and task.status == TaskStatus.COMPLETED:
            found[task.name] = max(begin, found.get(task.name, begin))
    return found


def _is_made_up_for(failed: Task, completed: Mapping[str, datetime]) -> bool:
    """Return whether a later try of a failed task has completed."""
    begin, end = completed.get(failed.name or ""), failed.stop_time
    return begin is not None and end is not None and begin >= end


@define
class TaskReader:
    """Reads what is told of single tasks of a run, and their logs.

    Where tasks can't be asked for at all, none is asked for a second time.
    """

    run: Run
    logs: LogReader
    notes: list[str] = field(factory=list[str], init=False)
    """Why the service could not be asked."""
    _is_given_up: bool = field(default=False, init=False)

    def closer(self, task: FailedTask) -> Flow[FailedTask]:
        """Read a task's log, and ask the service why it failed, unless it has forgotten the run."""
        stream = task_stream(self.run.id, task.task_id)
        if isinstance(self.run, GetRunResponse) and not self._is_given_up:
            seen = yield from self._asked(task.task_id)
            if isinstance(seen, GetRunTaskResponse):
                stream = stream_in(seen.log_stream, stream)
                task = _known_better(task, seen)
        if not task.has_run:
            return task
        log = yield from self.logs.excerpt(stream)
        return attrs.evolve(task, log=log)

    def _asked(self, task_id: str) -> Flow[GetRunTaskResponse | None]:
        """Ask for one task, since only that tells why it failed, and where its log is."""
        request, env = GetRunTaskRequest(id=self.run.id, task_id=task_id), self.logs.env
        try:
            seen: Any = yield from outcome(request, env, env.timeout, env.retry)
        except InvalidRequestError as error:  # an id that no task can have, as far as is known
            seen = error.with_traceback(None)
        if isinstance(seen, GetRunTaskResponse):
            return seen
        self._is_given_up = is_about_all(seen)
        which = "the failed tasks, or some of them" if self._is_given_up else f"task {task_id}"
        self.notes.append(f"{which}: {seen}")
        return None


def _known_better(task: FailedTask, seen: GetRunTaskResponse) -> FailedTask:
    return attrs.evolve(
        task,
        failure_reason=seen.failure_reason,
        status_message=seen.status_message,
        has_run=task.has_run or seen.start_time is not None,
    )


def _logs(seen: Run, logs: LogReader) -> Flow[tuple[LogExcerpt, ...]]:
    """Read the engine's log, and where it tells nothing what the service has written."""
    if seen.status != RunStatus.FAILED:
        return ()
    if seen.start_time is None:  # there was no engine yet
        return ((yield from logs.excerpt(run_stream(seen.id))),)
    location = seen.log_location if isinstance(seen, GetRunResponse) else None
    named = None if location is None else location.engine_log_stream
    told = yield from logs.excerpt(stream_in(named, engine_stream(seen.id)))
    if told.lines:
        return (told,)
    return told, (yield from logs.excerpt(run_stream(seen.id)))


def _unread(tasks: Sequence[FailedTask], logs: Sequence[LogExcerpt]) -> tuple[str, ...]:
    """Return why logs could not be read, each reason once."""
    whys: dict[str, list[str]] = {}
    for one in [*(task.log for task in tasks if task.log), *logs]:
        if one.unread is not None:
            whys.setdefault(one.unread, []).append(one.stream)
    return tuple(f"log {_some(names)}: {why}" for why, names in whys.items())


def _some(names: Sequence[str]) -> str:
    return ", ".join([*names[:3], *(["and more"] if names[3:] else [])])
