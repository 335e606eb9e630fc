"""Results, as lines for people and as JSON for programs."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from typing import Any

from attrs import frozen

from omics_runs._cli.exits import Exit, code_of
from omics_runs._cli.output import Output, error_record
from omics_runs._generated.enums import RunStatus
from omics_runs._outcomes import RunOutcome
from omics_runs._submission import Submitted
from omics_runs._wait_errors import RunGoneError


@frozen
class Ended:
    """How a wait for a run has ended."""

    outcome: RunOutcome
    """The run as it was last seen, and why the wait ended without what was waited for."""
    wanted: AbstractSet[RunStatus] | None = None
    """The final statuses that are as good as completed; None where an error says all."""

    @property
    def status(self) -> str | None:
        """Its last status; None if it never was seen."""
        if isinstance(self.outcome.error, RunGoneError):
            return RunStatus.DELETED
        return None if self.outcome.run is None else self.outcome.run.status

    @property
    def is_reached(self) -> bool:
        """Whether the run is as it was wanted."""
        return self.outcome.error is None if self.wanted is None else self.status in self.wanted

    def tell(self, output: Output, *, was_shown: bool = True, **more: Any) -> Exit:
        """Write how it has ended, with `more` for programs, and return its code.

        Raises:
            BrokenPipeError: Nobody reads it any more.
        """
        output.result(self._line(), {**more, **self._record()})
        if self.is_reached:
            return Exit.REACHED
        error = self.outcome.error
        output.failure(error, was_shown=was_shown)
        return Exit.ENDED if error is None else code_of(error)

    def _line(self) -> str:
        run = self.outcome.run
        name = "" if run is None else run.name or ""
        return f"{self.status or 'UNKNOWN'} {self.outcome.ref} {name}".rstrip()

    def _record(self) -> dict[str, Any]:
        ref, run, error = self.outcome.ref, self.outcome.run, self.outcome.error
        return {
            "id": ref.id,
            "uuid": ref.uuid if run is None else run.uuid,
            "name": None if run is None else run.name,
            "status": self.status,
            "reached": self.is_reached,
            "error": None if self.is_reached or error is None else error_record(error),
            "run": None if run is None else run.to_dict(),
        }


def tell_submitted(result: Submitted, output: Output) -> Exit:
    """Write what became of a row of a sample sheet, and return its code.

    Raises:
        BrokenPipeError: Nobody reads it any more.
    """
    word = f"{result.status}{'-before' * result.adopted}"  # one word: scripts take the second one
    line = f"{word} {result.run or '-'} {result.name}"
    output.result(line, submitted_record(result))
    output.failure(None if result.error is None else result, was_shown=True)
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
        "error": None if result.error is None else error_record(result.error),
    }
