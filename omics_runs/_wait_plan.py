"""From the arguments of a wait to its checked plan; the same for both clients."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from inspect import iscoroutine
from typing import Any, TypeAlias, TypeGuard, TypeVar

from omics_runs._enums import OpenStrEnum
from omics_runs._errors import InvalidRequestError
from omics_runs._generated.enums import BatchStatus, RunStatus, TaskStatus
from omics_runs._generated.models import (
    BatchListItem,
    GetBatchResponse,
    GetRunResponse,
    GetRunTaskResponse,
    RunBatchListItem,
    StartRunBatchResponse,
    StartRunResponse,
    TaskListItem,
)
from omics_runs._narrow import A_TIME, A_TIME_ABOVE_0, LONGEST, is_async, is_time
from omics_runs._progress import BatchProgress, Progress, TaskProgress
from omics_runs._run_ref import RunRef
from omics_runs._subjects import (
    BatchLike,
    BatchSubject,
    RunLike,
    RunSubject,
    TaskLike,
    TaskSubject,
)
from omics_runs._waiting import WaitPlan

S = TypeVar("S", bound=OpenStrEnum)
Problems: TypeAlias = list[tuple[str, str]]
Listener: TypeAlias = Callable[[Any], object] | None


def plan_run_wait(
    run: RunLike,
    status: RunStatus | str | AbstractSet[RunStatus | str],
    timeout: float | None,
    min_delay: float,
    max_delay: float,
    progress: Callable[[Progress], object] | None,
) -> WaitPlan[RunStatus, GetRunResponse]:
    """Return the checked plan of a wait for a run.

    Raises:
        InvalidRequestError: An argument is wrong; the error names all that are.
    """
    ref, problems = run_ref(run)
    wanted, more = _wanted(RunStatus, status)
    problems += [*more, *patience_problems(timeout, min_delay, max_delay, progress)]
    refuse("wait_until", problems)
    return WaitPlan(
        subject=RunSubject(ref),
        wanted=wanted,
        timeout=timeout,
        min_delay=min_delay,
        max_delay=max_delay,
        progress=progress,
        seen=run if isinstance(run, GetRunResponse) else None,
        just_started=isinstance(run, StartRunResponse),
    )


def plan_task_wait(
    run: RunLike,
    task: TaskLike,
    status: TaskStatus | str | AbstractSet[TaskStatus | str],
    timeout: float | None,
    min_delay: float,
    max_delay: float,
    progress: Callable[[TaskProgress], object] | None,
) -> WaitPlan[TaskStatus, GetRunTaskResponse]:
    """Return the checked plan of a wait for a task.

    Raises:
        InvalidRequestError: An argument is wrong; the error names all that are.
    """
    ref, problems = run_ref(run)
    task_id = task.task_id if isinstance(task, (TaskListItem, GetRunTaskResponse)) else task
    problems += _id_problems("task", task_id, task)
    wanted, more = _wanted(TaskStatus, status)
    problems += [*more, *patience_problems(timeout, min_delay, max_delay, progress)]
    refuse("wait_until_task", problems)
    return WaitPlan(
        subject=TaskSubject(ref.id, task_id),
        wanted=wanted,
        timeout=timeout,
        min_delay=min_delay,
        max_delay=max_delay,
        progress=progress,
        seen=task if isinstance(task, GetRunTaskResponse) else None,
        just_started=False,
    )


def plan_batch_wait(
    batch: BatchLike,
    status: BatchStatus | str | AbstractSet[BatchStatus | str],
    timeout: float | None,
    min_delay: float,
    max_delay: float,
    progress: Callable[[BatchProgress], object] | None,
) -> WaitPlan[BatchStatus, GetBatchResponse]:
    """Return the checked plan of a wait for a batch.

    Raises:
        InvalidRequestError: An argument is wrong; the error names all that are.
    """
    models = StartRunBatchResponse, GetBatchResponse, BatchListItem
    batch_id = batch.id if isinstance(batch, models) else batch
    problems = _id_problems("batch", batch_id, batch)
    wanted, more = _wanted(BatchStatus, status)
    problems += [*more, *patience_problems(timeout, min_delay, max_delay, progress)]
    refuse("wait_until_batch", problems)
    return WaitPlan(
        subject=BatchSubject(batch_id, getattr(batch, "uuid", None)),
        wanted=wanted,
        timeout=timeout,
        min_delay=min_delay,
        max_delay=max_delay,
        progress=progress,
        seen=batch if isinstance(batch, GetBatchResponse) else None,
        just_started=isinstance(batch, StartRunBatchResponse),
    )


def named_by(run: RunLike, name: str) -> RunRef:
    """Return what names the run that the method `name` was given.

    Raises:
        InvalidRequestError: `run` names no run.
    """
    ref, problems = run_ref(run)
    refuse(name, problems)
    return ref


def refuse(name: str, problems: Problems) -> None:
    if problems:
        raise InvalidRequestError(name, problems)


def _wanted(
    kind: type[S], status: OpenStrEnum | str | AbstractSet[Any]
) -> tuple[frozenset[S], Problems]:
    given: object = {status} if isinstance(status, str) else status
    if not _is_set(given) or not given:
        what = f"must be a status or a set, such as {{'FAILED', 'CANCELLED'}}, got {status!r}"
        return frozenset(), [("status", what)]
    known = ", ".join(kind)
    problems = [
        ("status", f"must be one of {known}, got {one!r}")
        for one in given
        if not isinstance(one, str) or not kind(one).is_known
    ]
    return frozenset(kind(one) for one in given if not problems), problems


def _is_set(value: object) -> TypeGuard[AbstractSet[Any]]:
    return isinstance(value, AbstractSet)


def run_ref(run: RunLike) -> tuple[RunRef, Problems]:
    if isinstance(run, RunBatchListItem) and not run.run_id:  # the service sends it empty, or not
        why = run.submission_failure_message or run.submission_failure_reason or "no reason given"
        what = f"setting {run.run_setting_id!r} of the batch has no run ({why})"
        return RunRef("0"), [("run", what)]
    try:
        ref = run if isinstance(run, (str, RunRef)) else run.ref
        return RunRef.parse(str(ref)), []
    except (AttributeError, ValueError):
        what = f"must be a run's id, a RunRef or a run's model, got {run!r}{_advice(run)}"
        return RunRef("0"), [("run", what)]


def _advice(given: object) -> str:
    if isinstance(given, (StartRunBatchResponse, GetBatchResponse, BatchListItem)):
        return "; for a batch there is wait_until_batch"
    return "; await it first" if iscoroutine(given) else ""


def _id_problems(name: str, found: object, given: object) -> Problems:
    if isinstance(found, str) and re.fullmatch("[0-9]+", found):
        return []
    return [(name, f"must be a {name}'s id or a {name}'s model, got {given!r}")]


def patience_problems(
    timeout: float | None, min_delay: float, max_delay: float, progress: Listener
) -> Problems:
    problems: Problems = []
    if timeout is not None and not is_time(timeout):
        problems.append(("timeout", f"must be {A_TIME}, or None, got {timeout!r}"))
    if not _is_delay(min_delay):
        problems.append(("min_delay", f"must be {A_TIME_ABOVE_0}, got {min_delay!r}"))
    elif not _is_delay(max_delay) or max_delay < min_delay:
        what = f"must be from min_delay ({min_delay:g}) to {LONGEST:,.0f} seconds"
        problems.append(("max_delay", f"{what}, got {max_delay!r}"))
    if progress is not None and (not callable(progress) or is_async(progress)):
        problems.append(("progress", f"must be a plain function, got {progress!r}"))
    return problems


def _is_delay(value: object) -> bool:
    return is_time(value) and 0 < value < math.inf
