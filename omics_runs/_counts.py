"""What the counts of a batch come to."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from omics_runs._generated.enums import BatchStatus
    from omics_runs._generated.models import RunSummary, SubmissionSummary


class BatchCounts:
    """Adds up what a batch tells of its runs: `PROCESSED` says that all are over, not how."""

    __slots__ = ()

    if TYPE_CHECKING:
        status: BatchStatus
        total_runs: int | None
        run_summary: RunSummary | None
        submission_summary: SubmissionSummary | None

    @property
    def failed_count(self) -> int:
        """How many runs have failed so far: those never accepted, and those that ran and failed.

        The counts of the runs may lag behind until the batch is `PROCESSED`.
        """
        submissions, runs = self.submission_summary, self.run_summary
        never_started = submissions.failed_start_submission_count if submissions else None
        failed = runs.failed_run_count if runs else None
        return (never_started or 0) + (failed or 0)

    @property
    def is_success(self) -> bool:
        """Whether the batch is `PROCESSED` and every one of its runs has completed."""
        completed = self.run_summary.completed_run_count if self.run_summary else None
        has_all = completed is not None and completed == self.total_runs
        return self.status == "PROCESSED" and has_all and self.failed_count == 0
