"""Which status can still follow which. Everything that decides about statuses lives here.

The service documents the order of a run's statuses, and which of them are final
(https://docs.aws.amazon.com/omics/latest/dev/monitoring-runs.html). It doesn't say what a waiter
should make of a status that it has missed: a poller may well see a run go from PENDING to RUNNING
without STARTING between. Those cells of `_TABLE` are decided here: a later status counts for an
earlier one if the run must have passed it, and for STARTING and RUNNING a run that ended otherwise
counts if it has a start time, "when the run began executing".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from enum import Enum

from omics_runs._generated.enums import RunStatus, TaskStatus
from omics_runs._generated.models import GetRunResponse

TERMINAL: frozenset[RunStatus] = frozenset(status for status in RunStatus if status.is_terminal)
"""The statuses in which a run stays: `COMPLETED`, `FAILED`, `CANCELLED`, `DELETED`."""


class Verdict(Enum):
    """What a look at a run means for somebody who waits."""

    REACHED = "+"
    WAIT = "."
    UNREACHABLE = "-"


_P, _S, _R, _T = RunStatus.PENDING, RunStatus.STARTING, RunStatus.RUNNING, RunStatus.STOPPING
_C, _F, _X, _D = RunStatus.COMPLETED, RunStatus.FAILED, RunStatus.CANCELLED, RunStatus.DELETED

_GONE = len(RunStatus)
_COLUMNS: Mapping[RunStatus, int] = {s: i for i, s in enumerate((_P, _S, _R, _T, _C, _F, _X, _D))}

# + reached, . wait, - unreachable, s reached if the run has a start time and else unreachable.
# The last column is a run that was seen and now answers 404.
_TABLE: Mapping[RunStatus, str] = {
    #   PENDING STARTING RUNNING STOPPING COMPLETED FAILED CANCELLED DELETED gone
    _P: "  +        +       +       +         +       +        +        +     -",
    _S: "  .        +       +       s         +       s        s        s     -",
    _R: "  .        .       +       s         +       s        s        s     -",
    _T: "  .        .       .       +         +       +        +        +     -",
    _C: "  .        .       .       .         +       -        -        -     -",
    _F: "  .        .       .       .         -       +        -        -     -",
    _X: "  .        .       .       .         -       -        +        -     -",
    _D: "  .        .       .       .         .       .        .        +     +",
}
_CELLS: Mapping[RunStatus, tuple[str, ...]] = {row: tuple(t.split()) for row, t in _TABLE.items()}


def verdict(wanted: AbstractSet[RunStatus], run: GetRunResponse) -> Verdict:
    """Return what seeing `run` means for a wait for any of the `wanted` statuses."""
    if not run.status.is_known:
        return _unknown_verdict(run)
    column = _COLUMNS[run.status]
    return _best(_cell(_CELLS[status][column], run) for status in wanted)


def verdict_gone(wanted: AbstractSet[RunStatus]) -> Verdict:
    """Return what it means for the wait that a run, once seen, is not found any more."""
    return _best(Verdict(_CELLS[status][_GONE]) for status in wanted)


def _cell(sign: str, run: GetRunResponse) -> Verdict:
    if sign != "s":
        return Verdict(sign)
    return Verdict.UNREACHABLE if run.start_time is None else Verdict.REACHED


def _best(verdicts: Iterable[Verdict]) -> Verdict:
    """A set is reached if any of its members is, and unreachable only if all are."""
    found = set(verdicts)
    if Verdict.REACHED in found:
        return Verdict.REACHED
    return Verdict.WAIT if Verdict.WAIT in found else Verdict.UNREACHABLE


def _unknown_verdict(run: GetRunResponse) -> Verdict:
    """A status newer than this SDK may lead anywhere, until the run has stopped."""
    return Verdict.WAIT if run.stop_time is None else Verdict.UNREACHABLE


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
