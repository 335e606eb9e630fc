"""What a submission can end in, when not every spec has its run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omics_runs._errors import OmicsRunsError

if TYPE_CHECKING:
    from omics_runs._submission import Submission


class SubmissionError(OmicsRunsError):
    """Not every spec of a submission has its run.

    Attributes:
        submission: What became of all specs.
    """

    def __init__(self, message: str, *, submission: Submission) -> None:
        super().__init__(message)
        self.submission = submission


class BatchRunError(OmicsRunsError):
    """A batch has no run for one of its specs.

    Attributes:
        batch_id: The batch.
        reason: The service's code for why it could not start the run, such as
            `ValidationException`; None if it tells nothing of the run.
    """

    def __init__(self, message: str, *, batch_id: str, reason: str | None) -> None:
        super().__init__(message)
        self.batch_id = batch_id
        self.reason = reason


class SubmissionTimeoutError(OmicsRunsError, TimeoutError):
    """A submission's time was up before its end.

    It is never raised by itself: `Submission.stopped_by` and the `error` of what remained are it.
    `__cause__` is the trouble that was being ridden out, where there was some.
    """
