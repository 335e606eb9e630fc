"""How a run is looked at to say what became of it: the run, its tasks, and their logs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeAlias

import attrs
from attrs import frozen

from omics_runs._core import outcome
from omics_runs._diagnosis import Diagnosis, FailedTask
from omics_runs._errors import InvalidRequestError
from omics_runs._generated.enums import FailureReason, RunStatus, TaskStatus
from omics_runs._generated.models import (
    GetRunResponse,
    GetRunTaskRequest,
    GetRunTaskResponse,
    TaskListItem,
)
from omics_runs._logs import (
    LogExcerpt,
    LogReader,
    engine_stream,
    run_stream,
    stream_in,
    task_stream,
)
from omics_runs._manifest import Manifest, TaskManifest
from omics_runs._manifests import look_or_find
from omics_runs._run_ref import RunRef
from omics_runs._run_tasks import all_tasks
from omics_runs._wait_plan import refuse, run_ref

if TYPE_CHECKING:
    from omics_runs._effects import Flow
    from omics_runs._env import Env
    from omics_runs._subjects import RunLike

MOST = 100
"""The most failed tasks to look at, and the most lines of each log."""

LATEST = datetime.max.replace(tzinfo=UTC)

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
    ref, problems = run_ref(run)
    refuse("diagnose", problems)
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
    if isinstance(seen, GetRunResponse):
        return (yield from _of_run(seen, plan, env))
    return (yield from _of_manifest(seen, plan, env))


def _of_run(run: GetRunResponse, plan: DiagnosisPlan, env: Env) -> Flow[Diagnosis]:
    tasks, trouble = yield from all_tasks(run.id, env)
    failed, logs = failed_tasks(tasks), LogReader(env, run.creation_time, run.stop_time, plan.lines)
    notes = [] if trouble is None else [f"the tasks, or some of them: {trouble}"]
    looked_at: list[FailedTask] = []
    for task in failed[: plan.tasks]:
        closer, why = yield from _closer(run.id, task, logs)
        looked_at.append(closer)
        notes += [] if why is None else [why]
    location = run.log_location
    engine = stream_in(location.engine_log_stream if location else None, engine_stream(run.id))
    told = yield from _logs(run.status, engine, run_stream(run.id), logs)
    return Diagnosis(
        run=run.ref,
        name=run.name,
        status=run.status,
        is_forgotten=False,
        failure_reason=run.failure_reason,
        status_message=run.status_message,
        creation_time=run.creation_time,
        start_time=run.start_time,
        stop_time=run.stop_time,
        output_uri=run.run_output_uri,
        tasks=len(tasks),
        failed_tasks=tuple(looked_at),
        failed_count=len(failed),
        logs=told,
        notes=(*notes, *_unread(looked_at, told)),
    )


def _of_manifest(manifest: Manifest, plan: DiagnosisPlan, env: Env) -> Flow[Diagnosis]:
    run, tasks = manifest.run, manifest.tasks
    assert run is not None  # noqa: S101  (else it would not have been taken for one)
    ref = RunRef(plan.ref.id, run.uuid or plan.ref.uuid)
    failed, logs = failed_tasks(tasks), LogReader(env, run.creation_time, run.stop_time, plan.lines)
    looked_at: list[FailedTask] = []
    for task in failed[: plan.tasks]:
        log = yield from logs.excerpt(task_stream(ref.id, task.task_id))
        looked_at.append(attrs.evolve(task, log=log))
    told = yield from _logs(run.status, engine_stream(ref.id), run_stream(ref.id), logs)
    return Diagnosis(
        run=ref,
        name=run.name,
        status=run.status,
        is_forgotten=True,
        failure_reason=FailureReason(run.failure_reason) if run.failure_reason else None,
        status_message=run.status_message,
        creation_time=run.creation_time,
        start_time=run.start_time,
        stop_time=run.stop_time,
        output_uri=run.run_output_uri,
        tasks=len(tasks),
        failed_tasks=tuple(looked_at),
        failed_count=len(failed),
        logs=told,
        notes=_unread(looked_at, told),
    )


def failed_tasks(tasks: Sequence[Task]) -> list[FailedTask]:
    """Return the failed ones of a run's tasks: those first that nothing has made up for."""
    attempts = Counter(task.name for task in tasks)
    failed = [task for task in tasks if task.status == TaskStatus.FAILED]
    in_order = sorted(failed, key=lambda task: task.stop_time or LATEST)
    found = [
        FailedTask(
            task_id=task.task_id,
            name=task.name,
            failure_reason=_reason_of(task),
            status_message=getattr(task, "status_message", None),
            attempts=attempts[task.name] if task.name else 1,
            is_made_up_for=any(_makes_up_for(other, task) for other in tasks),
            log=None,
        )
        for task in in_order
    ]
    return sorted(found, key=lambda task: task.is_made_up_for)


def _makes_up_for(other: Task, failed: Task) -> bool:
    """Return whether a task is a later try of a failed one, and has completed."""
    if other.status != TaskStatus.COMPLETED or other.name is None or other.name != failed.name:
        return False
    begin, end = other.creation_time, failed.stop_time
    return begin is not None and end is not None and begin >= end


def _reason_of(task: Task) -> FailureReason | None:
    reason = None if isinstance(task, TaskListItem) else task.failure_reason
    return FailureReason(reason) if reason else None


def _closer(run_id: str, task: FailedTask, logs: LogReader) -> Flow[tuple[FailedTask, str | None]]:
    """Ask for one task, since only that tells why it failed, and where its log is."""
    request, env = GetRunTaskRequest(id=run_id, task_id=task.task_id), logs.env
    stream, why = task_stream(run_id, task.task_id), None
    try:
        seen: Any = yield from outcome(request, env, env.timeout, env.retry)
    except InvalidRequestError as error:  # an id that no task can have, as far as is known
        seen = error.with_traceback(None)
    if not isinstance(seen, GetRunTaskResponse):
        why = f"task {task.task_id}: {seen}"
    else:
        stream = stream_in(seen.log_stream, stream)
        task = attrs.evolve(
            task, failure_reason=seen.failure_reason, status_message=seen.status_message
        )
    log = yield from logs.excerpt(stream)
    return attrs.evolve(task, log=log), why


def _logs(
    status: RunStatus, engine: str, run: str, logs: LogReader
) -> Flow[tuple[LogExcerpt, ...]]:
    """Read the engine's log, and where it tells nothing what the service has written."""
    if status != RunStatus.FAILED:
        return ()
    told = yield from logs.excerpt(engine)
    if told.lines:
        return (told,)
    return told, (yield from logs.excerpt(run))


def _unread(tasks: Sequence[FailedTask], logs: Sequence[LogExcerpt]) -> tuple[str, ...]:
    """Return why logs could not be read, each reason once."""
    whys: dict[str, list[str]] = {}
    for one in [*(task.log for task in tasks if task.log), *logs]:
        if one.unread is not None:
            whys.setdefault(one.unread, []).append(one.stream)
    return tuple(f"log {_some(names)}: {why}" for why, names in whys.items())


def _some(names: Sequence[str]) -> str:
    return ", ".join([*names[:3], *(["and more"] if names[3:] else [])])
