"""Which status can still follow which. Everything that decides about statuses lives here.

The service documents the order of the statuses of runs, tasks and batches, and which of them are
final (https://docs.aws.amazon.com/omics/latest/dev/monitoring-runs.html, workflow-run-tasks.html,
workflows-batch.html). It doesn't say what a waiter should make of a status that it has missed: a
poller may well see a run go from PENDING to RUNNING without STARTING between. Those cells of the
tables are decided here: a later status counts for an earlier one if it must have been passed, and
where two ways lead to the later status, a trace of the earlier one decides. For STARTING and
RUNNING that is the start time, "when the run began executing".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from enum import Enum
from typing import Any, Generic, TypeVar

from omics_runs._enums import OpenStrEnum
from omics_runs._generated.enums import BatchStatus, RunStatus, TaskStatus
from omics_runs._generated.models import (
    GetBatchResponse,
    GetRunResponse,
    GetRunTaskResponse,
)
from omics_runs._model import Response

TERMINAL: frozenset[RunStatus] = frozenset(status for status in RunStatus if status.is_terminal)
"""The statuses in which a run stays: `COMPLETED`, `FAILED`, `CANCELLED`, `DELETED`."""

TASK_TERMINAL: frozenset[TaskStatus] = frozenset(one for one in TaskStatus if one.is_terminal)
"""The statuses in which a task stays: `COMPLETED`, `FAILED`, `CANCELLED`."""

BATCH_TERMINAL: frozenset[BatchStatus] = frozenset(one for one in BatchStatus if one.is_terminal)
"""The statuses in which a batch stays until somebody has its runs deleted."""

S = TypeVar("S", bound=OpenStrEnum)
Seen = TypeVar("Seen", bound=Response)


class Verdict(Enum):
    """What a look at something means for somebody who waits for it."""

    REACHED = "+"
    WAIT = "."
    UNREACHABLE = "-"


class Lifecycle(Generic[S, Seen]):
    """What each status that may be seen means for each one that may be wanted.

    Args:
        columns: The statuses in the order of the table's columns; a last column, without a
            status, is for what was seen before and now answers 404.
        table: A row of signs for each wanted status: `+` reached, `.` wait, `-` unreachable, or a
            letter of `traces`.
        traces: For each letter, whether what was seen bears the trace of the wanted status; it is
            reached if so, and else unreachable.
        has_ended: Whether nothing can follow, in a status that is newer than this release.
    """

    def __init__(
        self,
        columns: tuple[S, ...],
        table: Mapping[S, str],
        traces: Mapping[str, Callable[[Seen], bool]],
        has_ended: Callable[[Seen], bool],
    ) -> None:
        self.columns = columns
        self.cells = {row: tuple(signs.split()) for row, signs in table.items()}
        self._places: Mapping[str, int] = {s: place for place, s in enumerate(columns)}
        self._traces = traces
        self._has_ended = has_ended

    def verdict(self, wanted: AbstractSet[S], seen: Seen) -> Verdict:
        """Return what `seen` means for a wait for any of the `wanted` statuses."""
        column = self._places.get(status_of(seen))
        if column is None:  # a status newer than this SDK may lead anywhere
            return Verdict.UNREACHABLE if self._has_ended(seen) else Verdict.WAIT
        return _best(self._cell(self.cells[status][column], seen) for status in wanted)

    def verdict_gone(self, wanted: AbstractSet[S]) -> Verdict:
        """Return what it means that something, once seen, is not found any more."""
        return _best(Verdict(self.cells[status][-1]) for status in wanted)

    def _cell(self, sign: str, seen: Seen) -> Verdict:
        if sign not in self._traces:
            return Verdict(sign)
        return Verdict.REACHED if self._traces[sign](seen) else Verdict.UNREACHABLE


def status_of(seen: Any) -> str:
    """Return the status that an answer tells."""
    status: str = seen.status
    return status


def _best(verdicts: Iterable[Verdict]) -> Verdict:
    """A set is reached if any of its members is, and unreachable only if all are."""
    found = set(verdicts)
    if Verdict.REACHED in found:
        return Verdict.REACHED
    return Verdict.WAIT if Verdict.WAIT in found else Verdict.UNREACHABLE


def _has_started(seen: Any) -> bool:
    return seen.start_time is not None


def _has_stopped(seen: Any) -> bool:
    return seen.stop_time is not None


_P, _S, _R, _T = RunStatus.PENDING, RunStatus.STARTING, RunStatus.RUNNING, RunStatus.STOPPING
_C, _F, _X, _D = RunStatus.COMPLETED, RunStatus.FAILED, RunStatus.CANCELLED, RunStatus.DELETED

RUN_LIFE: Lifecycle[RunStatus, GetRunResponse] = Lifecycle(
    columns=(_P, _S, _R, _T, _C, _F, _X, _D),
    table={
        #   PENDING STARTING RUNNING STOPPING COMPLETED FAILED CANCELLED DELETED gone
        _P: "  +        +       +       +         +       +        +        +     -",
        _S: "  .        +       +       s         +       s        s        s     -",
        _R: "  .        .       +       s         +       s        s        s     -",
        _T: "  .        .       .       +         +       +        +        +     -",
        _C: "  .        .       .       .         +       -        -        -     -",
        _F: "  .        .       .       .         -       +        -        -     -",
        _X: "  .        .       .       .         -       -        +        -     -",
        _D: "  .        .       .       .         .       .        .        +     +",
    },
    traces={"s": _has_started},
    has_ended=_has_stopped,
)
"""Runs; `s` is a start time."""

_TASK_COLUMNS = (
    TaskStatus.PENDING,
    TaskStatus.STARTING,
    TaskStatus.RUNNING,
    TaskStatus.STOPPING,
    TaskStatus.COMPLETED,
    TaskStatus.FAILED,
    TaskStatus.CANCELLED,
)

TASK_LIFE: Lifecycle[TaskStatus, GetRunTaskResponse] = Lifecycle(
    columns=_TASK_COLUMNS,
    table={
        #                     PENDING STARTING RUNNING STOPPING COMPLETED FAILED CANCELLED gone
        TaskStatus.PENDING: "    +        +       +       +         +       +        +       -",
        TaskStatus.STARTING: "   .        +       +       s         +       s        s       -",
        TaskStatus.RUNNING: "    .        .       +       s         +       s        s       -",
        TaskStatus.STOPPING: "   .        .       .       +         +       +        +       -",
        TaskStatus.COMPLETED: "  .        .       .       .         +       -        -       -",
        TaskStatus.FAILED: "     .        .       .       .         -       +        -       -",
        TaskStatus.CANCELLED: "  .        .       .       .         -       -        +       -",
    },
    traces={"s": _has_started},
    has_ended=_has_stopped,
)
"""Tasks; `s` is a start time."""


def _has_submitted(batch: GetBatchResponse) -> bool:
    counts = batch.submission_summary
    submitted = counts and (
        counts.successful_start_submission_count or counts.failed_start_submission_count
    )
    return bool(submitted) or _has_submitted_all(batch)


def _has_submitted_all(batch: GetBatchResponse) -> bool:
    return batch.submitted_time is not None


def _was_processed(batch: GetBatchResponse) -> bool:
    return batch.processed_time is not None


def _was_not_processed(batch: GetBatchResponse) -> bool:
    return batch.processed_time is None


def _has_batch_ended(batch: GetBatchResponse) -> bool:
    return batch.processed_time is not None or batch.failed_time is not None


BATCH_LIFE: Lifecycle[BatchStatus, GetBatchResponse] = Lifecycle(
    columns=(
        BatchStatus.CREATING,
        BatchStatus.PENDING,
        BatchStatus.SUBMITTING,
        BatchStatus.INPROGRESS,
        BatchStatus.STOPPING,
        BatchStatus.PROCESSED,
        BatchStatus.CANCELLED,
        BatchStatus.FAILED,
        BatchStatus.RUNS_DELETING,
        BatchStatus.RUNS_DELETED,
        BatchStatus.RUNS_DELETE_FAILED,
    ),
    table={
        #  CREATING PENDING SUBMITTING INPROGRESS STOPPING PROCESSED CANCELLED FAILED
        #                                  RUNS_DELETING RUNS_DELETED RUNS_DELETE_FAILED gone
        BatchStatus.CREATING: "           +  +  +  +  +  +  +  +  +  +  +  -",
        BatchStatus.PENDING: "            .  +  +  +  +  +  +  -  +  +  +  -",
        BatchStatus.SUBMITTING: "         .  .  +  +  s  +  s  -  s  s  s  -",
        BatchStatus.INPROGRESS: "         .  .  .  +  a  +  a  -  a  a  a  -",
        BatchStatus.STOPPING: "           .  .  .  .  +  -  +  -  n  n  n  -",
        BatchStatus.PROCESSED: "          .  .  .  .  .  +  -  -  p  p  p  -",
        BatchStatus.CANCELLED: "          .  .  .  .  .  -  +  -  n  n  n  -",
        BatchStatus.FAILED: "             .  .  .  .  .  -  -  +  -  -  -  -",
        BatchStatus.RUNS_DELETING: "      .  .  .  .  .  .  .  -  +  +  +  -",
        BatchStatus.RUNS_DELETED: "       .  .  .  .  .  .  .  -  .  +  -  -",
        BatchStatus.RUNS_DELETE_FAILED: " .  .  .  .  .  .  .  -  .  -  +  -",
    },
    traces={
        "s": _has_submitted,
        "a": _has_submitted_all,
        "p": _was_processed,
        "n": _was_not_processed,
    },
    has_ended=_has_batch_ended,
)
"""Batches; `s` is a run submitted, `a` all of them, `p` a time of processing, `n` none."""


RUN_TRANSITIONS: Mapping[RunStatus, frozenset[RunStatus]] = {
    _P: frozenset({_S, _F, _T, _X}),
    _S: frozenset({_R, _F, _T, _X}),
    _R: frozenset({_T, _X}),
    _T: frozenset({_C, _F, _X}),
    _C: frozenset({_D}),
    _F: frozenset({_D}),
    _X: frozenset({_D}),
    _D: frozenset(),
}
"""The statuses that may come next for a run."""

CANCELLABLE: frozenset[RunStatus] = frozenset({_P, _S, _R, _T})
"""In which statuses CancelRun is accepted."""

DELETABLE: frozenset[RunStatus] = frozenset({_C, _F, _X})
"""In which statuses DeleteRun is accepted, by the service's model; one guide page omits FAILED."""

BATCH_TRANSITIONS: Mapping[BatchStatus, frozenset[BatchStatus]] = {
    BatchStatus.CREATING: frozenset({BatchStatus.PENDING, BatchStatus.FAILED}),
    BatchStatus.PENDING: frozenset(
        {BatchStatus.SUBMITTING, BatchStatus.FAILED, BatchStatus.STOPPING}
    ),
    BatchStatus.SUBMITTING: frozenset({BatchStatus.INPROGRESS, BatchStatus.STOPPING}),
    BatchStatus.INPROGRESS: frozenset({BatchStatus.PROCESSED, BatchStatus.STOPPING}),
    BatchStatus.STOPPING: frozenset({BatchStatus.CANCELLED}),
    BatchStatus.PROCESSED: frozenset({BatchStatus.RUNS_DELETING}),
    BatchStatus.CANCELLED: frozenset({BatchStatus.RUNS_DELETING}),
    BatchStatus.FAILED: frozenset(),
    BatchStatus.RUNS_DELETING: frozenset(
        {BatchStatus.RUNS_DELETED, BatchStatus.RUNS_DELETE_FAILED}
    ),
    BatchStatus.RUNS_DELETED: frozenset(),
    BatchStatus.RUNS_DELETE_FAILED: frozenset(),
}
"""The statuses that may come next for a batch."""

BATCH_CANCELLABLE: frozenset[BatchStatus] = frozenset(
    {BatchStatus.PENDING, BatchStatus.SUBMITTING, BatchStatus.INPROGRESS}
)
"""In which statuses CancelRunBatch is accepted."""

BATCH_RUNS_DELETABLE: frozenset[BatchStatus] = frozenset(
    {BatchStatus.PROCESSED, BatchStatus.CANCELLED}
)
"""In which statuses DeleteRunBatch is accepted."""

TASK_TRANSITIONS: Mapping[TaskStatus, frozenset[TaskStatus]] = {
    TaskStatus.PENDING: frozenset({TaskStatus.STARTING, TaskStatus.STOPPING}),
    TaskStatus.STARTING: frozenset({TaskStatus.RUNNING, TaskStatus.STOPPING}),
    TaskStatus.RUNNING: frozenset({TaskStatus.STOPPING, TaskStatus.COMPLETED}),
    TaskStatus.STOPPING: frozenset({TaskStatus.COMPLETED, TaskStatus.FAILED, TaskStatus.CANCELLED}),
    TaskStatus.COMPLETED: frozenset(),
    TaskStatus.FAILED: frozenset(),
    TaskStatus.CANCELLED: frozenset(),
}
"""The statuses that may come next for a task."""
