"""How a run is looked at to say what became of it: the run, its tasks, and their logs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeAlias

import attrs
from attrs import frozen

from omics_runs._core import outcome
from omics_runs._diagnosis import Diagnosis, FailedTask
from omics_runs._errors import InvalidRequestError
from omics_runs._generated.enums import FailureReason, RunStatus, TaskStatus
from omics_runs._generated.models import GetRunResponse, GetRunTaskRequest, TaskListItem
from omics_runs._logs import LogExcerpt, engine_stream, excerpt, stream_in, task_stream
from omics_runs._manifest import Manifest, TaskManifest, id_in
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
    failed = failed_tasks(tasks)
    looked_at: list[FailedTask] = []
    for task in failed[: plan.tasks]:
        closer = yield from _closer(run.id, task, plan, env)
        looked_at.append(closer)
    stream = stream_in(
        run.log_location.engine_log_stream if run.log_location else None, engine_stream(run.id)
    )
    logs = yield from _logs(run.status, stream, plan, env)
    notes = [] if trouble is None else [f"the tasks, or some of them: {trouble}"]
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
        logs=logs,
        notes=(*notes, *_unread(looked_at, logs)),
    )


def _of_manifest(manifest: Manifest, plan: DiagnosisPlan, env: Env) -> Flow[Diagnosis]:
    run, tasks = manifest.run, manifest.tasks
    assert run is not None  # noqa: S101  (else it would not have been taken for one)
    ref = RunRef(plan.ref.id, run.uuid or plan.ref.uuid)
    failed = failed_tasks(tasks)
    looked_at: list[FailedTask] = []
    for task in failed[: plan.tasks]:
        log = yield from excerpt(task_stream(ref.id, task.task_id), plan.lines, env)
        looked_at.append(attrs.evolve(task, log=log))
    logs = yield from _logs(run.status, engine_stream(ref.id), plan, env)
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
        logs=logs,
        notes=_unread(looked_at, logs),
    )


def failed_tasks(tasks: Sequence[Task]) -> list[FailedTask]:
    """Return the failed ones of a run's tasks, those first that nothing has made up for."""
    attempts = Counter(task.name for task in tasks)
    completed = {task.name for task in tasks if task.status == TaskStatus.COMPLETED}
    failed = [
        FailedTask(
            task_id=_id_of(task),
            name=task.name,
            failure_reason=_reason_of(task),
            status_message=getattr(task, "status_message", None),
            attempts=attempts[task.name] if task.name else 1,
            is_made_up_for=task.name is not None and task.name in completed,
            log=None,
        )
        for task in tasks
        if task.status == TaskStatus.FAILED
    ]
    return sorted(failed, key=lambda task: task.is_made_up_for)


def _id_of(task: Task) -> str:
    return task.task_id if isinstance(task, TaskListItem) else id_in(task.arn)


def _reason_of(task: Task) -> FailureReason | None:
    reason = None if isinstance(task, TaskListItem) else task.failure_reason
    return FailureReason(reason) if reason else None


def _closer(run_id: str, task: FailedTask, plan: DiagnosisPlan, env: Env) -> Flow[FailedTask]:
    """Ask for one task: only that tells why it failed, and where its log is."""
    request = GetRunTaskRequest(id=run_id, task_id=task.task_id)
    seen = yield from outcome(request, env, env.timeout, env.retry)
    stream = task_stream(run_id, task.task_id)
    if isinstance(seen, Exception):
        log = LogExcerpt(stream, unread=f"the task could not be looked at: {seen}")
        return attrs.evolve(task, log=log)
    log = yield from excerpt(stream_in(seen.log_stream, stream), plan.lines, env)
    return attrs.evolve(
        task, failure_reason=seen.failure_reason, status_message=seen.status_message, log=log
    )


def _logs(
    status: RunStatus, engine: str, plan: DiagnosisPlan, env: Env
) -> Flow[tuple[LogExcerpt, ...]]:
    if status != RunStatus.FAILED:
        return ()
    return ((yield from excerpt(engine, plan.lines, env)),)


def _unread(tasks: Sequence[FailedTask], logs: Sequence[LogExcerpt]) -> tuple[str, ...]:
    excerpts = [*(task.log for task in tasks if task.log), *logs]
    return tuple(f"log {one.stream}: {one.unread}" for one in excerpts if one.unread)
