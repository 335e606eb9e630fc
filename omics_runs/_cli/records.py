"""Results, as lines for people and as JSON for programs."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from typing import Any

from attrs import frozen

from omics_runs._cli.exits import Exit, code_of
from omics_runs._cli.output import Output
from omics_runs._errors import OmicsRunsError
from omics_runs._generated.enums import RunStatus
from omics_runs._generated.models import GetRunResponse
from omics_runs._run_ref import RunRef
from omics_runs._submission import Submitted
from omics_runs._wait_errors import RunGoneError


@frozen
class Ended:
    """How a wait for a run has ended."""

    ref: RunRef
    """The run, as it was asked for."""
    run: GetRunResponse | None
    """The run as it was last seen."""
    error: OmicsRunsError | None
    """Why the wait ended without what was waited for."""
    wanted: AbstractSet[RunStatus] | None = None
    """The final statuses that are as good as completed; None where an error says all."""

    @property
    def status(self) -> str | None:
        """Its last status; None if it never was seen."""
        if isinstance(self.error, RunGoneError):
            return RunStatus.DELETED
        return None if self.run is None else self.run.status

    @property
    def is_reached(self) -> bool:
        """Whether the run is as it was wanted."""
        return self.error is None if self.wanted is None else self.status in self.wanted

    def tell(self, output: Output, *, was_shown: bool = True, **more: Any) -> Exit:
        """Write how it has ended, with `more` for programs, and return its code.

        Raises:
            BrokenPipeError: Nobody reads it any more.
        """
        output.result(self._line(), {**more, **self._record()})
        if self.is_reached:
            return Exit.REACHED
        output.failure(self.error, was_shown=was_shown)
        return Exit.ENDED if self.error is None else code_of(self.error)

    def _line(self) -> str:
        status = self.status or "UNKNOWN"
        name = "" if self.run is None else self.run.name or ""
        return f"{status} {self.ref} {name}".rstrip()

    def _record(self) -> dict[str, Any]:
        run = self.run
        return {
            "id": self.ref.id,
            "uuid": self.ref.uuid if run is None else run.uuid,
            "name": None if run is None else run.name,
            "status": self.status,
            "reached": self.is_reached,
            "error": None if self.is_reached else error_record(self.error),
            "run": None if run is None else run.to_dict(),
        }


def tell_submitted(result: Submitted, output: Output) -> Exit:
    """Write what became of a row of a sample sheet, and return its code.

    Raises:
        BrokenPipeError: Nobody reads it any more.
    """
    status = f"{result.status}{' before' * result.adopted}"
    line = f"{status} {result.run or '-'} {result.name}"
    output.result(line, submitted_record(result))
    output.failure(result.error, was_shown=True)
    return code_of(result.error)


def submitted_record(result: Submitted) -> dict[str, Any]:
    """Return what became of a row, for programs."""
    return {
        "sample": result.name,
        "submission": result.status,
        "before": result.adopted,
        "mayHaveStarted": result.may_have_started,
        "generation": result.generation,
        "batchId": result.batch_id,
        "id": None if result.run is None else result.run.id,
        "uuid": None if result.run is None else result.run.uuid,
        "error": error_record(result.error),
    }


def error_record(error: OmicsRunsError | None) -> dict[str, str] | None:
    """Return an error for programs: the name of its class in `omics_runs.errors`, and its words."""
    return None if error is None else {"type": type(error).__name__, "message": str(error)}
