"""What a wait tells after each poll."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import field, frozen

from omics_runs._generated.enums import RunStatus
from omics_runs._generated.models import GetBatchResponse, GetRunResponse, GetRunTaskResponse
from omics_runs._outcomes import RunOutcome


@frozen(kw_only=True)
class _Poll:
    changed: bool
    """Whether its status differs from the poll before; True at the first."""
    polls: int
    """How many times it was asked for so far."""
    elapsed: float
    """Seconds since the wait began."""
    next_delay: float | None
    """Seconds until the next poll; None when this was the last."""

    def _told(self, status: str, what: str) -> str:
        after = "" if self.next_delay is None else f", next in {self.next_delay:.0f} s"
        return f"{status:<9}  {what}, poll {self.polls} after {self.elapsed:.0f} s{after}"


@frozen(kw_only=True)
class Progress(_Poll):
    """What one poll of a wait for a run has shown."""

    run: GetRunResponse
    """The run as it was last seen."""

    def __str__(self) -> str:
        return self._told(self.run.status, f"run {self.run.id}")


@frozen(kw_only=True)
class TaskProgress(_Poll):
    """What one poll of a wait for a task has shown."""

    task: GetRunTaskResponse
    """The task as it was last seen."""

    def __str__(self) -> str:
        name = f" {self.task.name}" if self.task.name else ""
        return self._told(self.task.status, f"task {self.task.task_id}{name}")


@frozen(kw_only=True)
class BatchProgress(_Poll):
    """What one poll of a wait for a batch has shown."""

    batch: GetBatchResponse
    """The batch as it was last seen."""

    def __str__(self) -> str:
        failed = f", {self.batch.failed_count} failed" if self.batch.failed_count else ""
        return self._told(self.batch.status, f"batch {self.batch.id}{failed}")


@frozen(kw_only=True)
class FleetProgress:
    """What one round of a wait for many runs has shown."""

    statuses: Mapping[RunStatus, int]
    """How many runs are in each status, of those that were seen; runs that are gone count as
    `DELETED`."""
    ended: int
    """How many have ended, or were given up because the service refused to tell of them."""
    failed: int
    """How many of those have an error: all that did not complete."""
    remaining: int
    """How many have not ended yet."""
    outcomes: tuple[RunOutcome, ...] = field(repr=False)
    """How runs have ended of which nothing was told before, in the order of their ends. Runs that
    time was up for are not among them."""
    polls: int
    """How many calls were made so far."""
    throttled: int
    """How many times the service throttled them; each attempt of a call counts."""
    elapsed: float
    """Seconds since the wait began."""
    seconds_left: float | None
    """Seconds until the last run ends, if they go on to end as often as they have since ends began
    to come; None before five have. What had ended before the first round does not count."""
    next_delay: float | None
    """Seconds until the next round; 0 while this one goes on; None when it was the last."""

    def __str__(self) -> str:
        counts = [f"{count} {status}" for status, count in self.statuses.items()]
        total = self.ended + self.remaining
        parts = [
            f"{self.ended} of {total} runs ended ({', '.join(counts) or 'none seen'})",
            f"{self.polls} polls after {self.elapsed:.0f} s",
        ]
        if self.seconds_left:
            parts.append(f"about {self.seconds_left:.0f} s left")
        if self.next_delay:
            parts.append(f"next in {self.next_delay:.0f} s")
        return ", ".join(parts)
