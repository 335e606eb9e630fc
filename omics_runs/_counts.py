"""What the counts of a batch come to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from omics_runs._generated.enums import BatchStatus
    from omics_runs._generated.models import RunSummary, SubmissionSummary


class _Counted(Protocol):
    @property
    def status(self) -> BatchStatus: ...
    @property
    def total_runs(self) -> int | None: ...
    @property
    def run_summary(self) -> RunSummary | None: ...
    @property
    def submission_summary(self) -> SubmissionSummary | None: ...
    @property
    def failed_count(self) -> int: ...


class BatchCounts:
    """Adds up what a batch tells of its runs: `PROCESSED` says that all are over, not how."""

    __slots__ = ()

    @property
    def failed_count(self: _Counted) -> int:
        """How many runs have failed so far: those never accepted, and those that ran and failed.

        The counts of the runs may lag behind until the batch is `PROCESSED`. A run that has been
        deleted since, or was removed to make room, counts as deleted and no longer as failed.
        """
        submissions, runs = self.submission_summary, self.run_summary
        never_started = submissions.failed_start_submission_count if submissions else None
        failed = runs.failed_run_count if runs else None
        return (never_started or 0) + (failed or 0)

    @property
    def is_success(self: _Counted) -> bool:
        """Whether the batch is `PROCESSED` and every one of its runs has completed."""
        completed = self.run_summary.completed_run_count if self.run_summary else None
        has_all = completed is not None and completed == self.total_runs
        return self.status == "PROCESSED" and has_all and self.failed_count == 0
