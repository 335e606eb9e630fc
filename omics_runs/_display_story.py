"""What a display makes of progress: stages, failures and words. It writes nothing anywhere."""

from __future__ import annotations

import math
import time
from collections import Counter, deque
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, TypeAlias

from attrs import define, field, frozen

from omics_runs._lines import one_line
from omics_runs._progress import BatchProgress, FleetProgress, Progress, TaskProgress
from omics_runs._submission import SubmitProgress
from omics_runs._wait_errors import RunCancelledError, RunFailedError

if TYPE_CHECKING:
    from omics_runs._outcomes import RunOutcome

AnyProgress: TypeAlias = Progress | TaskProgress | BatchProgress | FleetProgress | SubmitProgress

MOST_TOLD = 20
"""How many failures a single call tells one by one."""
LATELY = 60.0
"""Seconds that are lately, where one looks that often."""
MINUTE, HOUR, DAY = 60, 3600, 86_400


@frozen
class Told:
    """What was the case when a line was written."""

    state: object
    at: float
    """Seconds since the stage began."""
    gap: float
    """Seconds until the next line if nothing happens."""


@define(eq=False)
class Stage:
    """One wait or submission, as far as a display has heard of it."""

    latest: AnyProgress
    heard_at: float = field(factory=time.monotonic)
    """When it was heard of last, on the machine's clock."""
    reasons: Counter[str] = field(factory=Counter[str])
    """Why runs have failed, and how many for each reason."""
    throttled: deque[tuple[float, int]] = field(factory=lambda: deque([(0.0, 0)]))
    """When how many calls had been throttled: the last look that is not lately, and all since."""
    told: Told | None = None
    """The last line about it, where there are lines."""

    def take(self, progress: AnyProgress) -> list[str]:
        """Note what was told; return the failures that are new, each in a line."""
        self.latest, self.heard_at = progress, time.monotonic()
        if isinstance(progress, (FleetProgress, SubmitProgress)):
            self._note_throttling(progress.elapsed, progress.throttled)
        if isinstance(progress, FleetProgress):
            failed = [one for one in progress.outcomes if one.error is not None]
            self.reasons = self.reasons + Counter(map(_reason_of, failed))  # drawn by a thread
            return list(_first(list(map(failure_of, failed))))
        return list(_refusals(progress)) if isinstance(progress, SubmitProgress) else []

    def _note_throttling(self, elapsed: float, throttled: int) -> None:
        self.throttled.append((elapsed, throttled))
        while len(self.throttled) > 1 and self.throttled[1][0] <= elapsed - LATELY:
            self.throttled.popleft()

    @property
    def throttled_lately(self) -> int:
        """How many calls were throttled in the last minute, or since the last look before it."""
        return self.throttled[-1][1] - self.throttled[0][1]

    @property
    def silence(self) -> float:
        """Seconds since it was heard of."""
        return 0.0 if is_last(self.latest) else time.monotonic() - self.heard_at


def key_of(progress: AnyProgress) -> str:
    """Return what tells the stages apart that a display may have at once."""
    match progress:
        case Progress():
            return f"run {progress.run.id}"
        case TaskProgress():
            return f"task {progress.task.task_id}"
        case BatchProgress():
            return f"batch {progress.batch.id}"
        case FleetProgress():
            return "runs"
        case _:
            return "submission"


def state_of(progress: AnyProgress) -> object:
    """Return what has to differ for something to have happened."""
    match progress:
        case Progress():
            return progress.run.status
        case TaskProgress():
            return progress.task.status
        case BatchProgress():
            return progress.batch.status
        case FleetProgress():
            return progress.statuses
        case _:
            return progress.done, progress.batch and progress.batch.status, progress.tried


def is_last(progress: AnyProgress) -> bool:
    """Return whether nothing more is to be heard of its stage."""
    if isinstance(progress, SubmitProgress):
        return progress.done == progress.total
    return progress.next_delay is None


def is_single(progress: AnyProgress) -> bool:
    """Return whether it tells of one thing, which has few statuses in all its life."""
    return isinstance(progress, (Progress, TaskProgress, BatchProgress))


def failure_of(outcome: RunOutcome) -> str:
    """Return the line that tells how a run has failed."""
    run, error = outcome.run, outcome.error
    if run is None or not isinstance(error, (RunFailedError, RunCancelledError)):
        return one_line(str(error))
    name = f"{run.name} (run {run.id})" if run.name else f"run {run.id}"
    why = ": ".join(part for part in (run.failure_reason, run.status_message) if part)
    return one_line(f"{run.status} {name}: {why}" if why else f"{run.status} {name}")


def _reason_of(outcome: RunOutcome) -> str:
    """Return the reason by which failures are counted."""
    run, error = outcome.run, outcome.error
    if run is not None and isinstance(error, (RunFailedError, RunCancelledError)):
        return one_line(run.failure_reason or run.status)
    return type(error).__name__


def _refusals(progress: SubmitProgress) -> Iterator[str]:
    result = progress.result
    if result is not None and result.status == "refused":
        yield one_line(str(result))
    elif result is not None and result.status == "unsent" and progress.unsent == 1:
        yield one_line(f"sending has stopped: {result.error}")


def _first(lines: list[str]) -> Iterator[str]:
    yield from lines[:MOST_TOLD]
    if (more := len(lines) - MOST_TOLD) > 0:
        yield f"and {more} more; each outcome tells why"


def is_terminal(stream: Any) -> bool:
    """Return whether a stream is a terminal; what is closed, or says nothing of it, is none."""
    try:
        return bool(stream.isatty())
    except Exception:  # noqa: BLE001  (whatever a foreign stream raises)
        return False


def clock_of(seconds: float) -> str:
    """Return a duration as a clock shows it."""
    minutes, rest = divmod(int(seconds), MINUTE)
    return f"{minutes // MINUTE}:{minutes % MINUTE:02}:{rest:02}"


def roughly(seconds: float) -> str:
    """Return a duration that is only estimated, in words."""
    for unit, name in ((DAY, "days"), (HOUR, "h"), (MINUTE, "min")):
        if seconds >= 2 * unit:
            return f"{seconds / unit:.0f} {name}"
    return f"{math.ceil(seconds)} s"
