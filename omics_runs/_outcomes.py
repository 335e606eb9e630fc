"""How a run that was waited for has ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

if TYPE_CHECKING:
    from omics_runs._errors import OmicsRunsError
    from omics_runs._generated.models import GetRunResponse
    from omics_runs._run_ref import RunRef


@frozen
class RunOutcome:
    """How one run of many has ended, or why its end was not seen.

    Args:
        ref: The run, by the reference that it was given as: an id alone stays an id alone.
        run: The run as it is now, or as it was last seen if it is gone or time was up; None if it
            never was seen. Its `response_metadata.raw` is None.
        error: None if the run has completed; otherwise the error that `wait_until` would have
            raised: `RunFailedError`, `RunCancelledError`, `RunGoneError`, `RunReplacedError`,
            `WaitTimeoutError`, or the service's refusal to tell of this run.
    """

    ref: RunRef
    run: GetRunResponse | None
    error: OmicsRunsError | None

    def unwrap(self) -> GetRunResponse:
        """Return the run if it has completed, as `wait_until` does.

        Raises:
            OmicsRunsError: It has not; this is the outcome's `error`.
        """
        if self.error is not None or self.run is None:
            raise self.error or TypeError("an outcome without an error has a run")
        return self.run

    def _repr_html_(self) -> str:
        from omics_runs._showing import html_of_outcome  # noqa: PLC0415  (only notebooks need it)

        return html_of_outcome(self)


class Outcomes(tuple[RunOutcome, ...]):
    """The outcomes of many runs, which a notebook shows as a table."""

    __slots__ = ()

    def _repr_html_(self) -> str:
        from omics_runs._showing import html_of_outcomes  # noqa: PLC0415  (only notebooks need it)

        return html_of_outcomes(self)
