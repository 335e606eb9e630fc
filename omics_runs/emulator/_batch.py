"""A batch and its entries, and what its runs have come to."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping
from typing import Any

import attrs
from attrs import define, field, frozen

from omics_runs._generated.enums import BatchStatus, RunStatus, SubmissionStatus
from omics_runs._generated.models import InlineSetting
from omics_runs.emulator._http import Refusal


@frozen(kw_only=True)
class BatchEntry:
    """One run's place in a batch."""

    place: int
    """Where it is in the order of the settings."""
    setting: InlineSetting
    """What is particular to the run."""
    run_id: str | None = None
    """Its id; None while it is not submitted, and if that failed."""
    run_uuid: str | None = None
    status: SubmissionStatus | None = None
    """How the last thing went that the batch did to it; None if nothing was done yet."""
    failure_reason: str | None = None
    failure_message: str | None = None

    def succeeded(self, status: SubmissionStatus) -> BatchEntry:
        """Return the entry after something went well."""
        return attrs.evolve(self, status=status, failure_reason=None, failure_message=None)

    def failed(self, status: SubmissionStatus, why: Refusal) -> BatchEntry:
        """Return the entry after something was refused."""
        return attrs.evolve(
            self, status=status, failure_reason=why.code, failure_message=why.message
        )


@define(kw_only=True, eq=False)
class Batch:
    """All that is known of a batch; it changes as the batch goes along."""

    id: str
    uuid: str
    number: int
    """Place among all batches in the order of their start."""
    name: str | None
    default: Mapping[str, Any]
    """What all runs have in common, by wire names."""
    settings: tuple[InlineSetting, ...] | None
    """What came with the request; None for a batch whose settings are in a file."""
    uri: str | None
    """Where that file is."""
    content: str | None
    """What was in the file when the batch was started; None if there was none."""
    tags: Mapping[str, str]
    created: float
    """Moment of its creation."""
    status: BatchStatus = BatchStatus.CREATING
    entries: list[BatchEntry] = field(factory=list[BatchEntry])
    """One for each run; none before the batch is set up."""
    todo: deque[int] = field(factory=deque[int])
    """Places of the runs that it still has to submit, to cancel or to delete."""
    outcomes: Counter[SubmissionStatus] = field(factory=Counter[SubmissionStatus])
    """How often which thing was done to a run."""
    active: dict[str, int] = field(factory=dict[str, int])
    """Ids and places of the runs that have not ended, in the order of their submission."""
    over: Counter[RunStatus] = field(factory=Counter[RunStatus])
    """How many of the others ended how; counted, since there may be a hundred thousand."""
    submitted: float | None = None
    """Moment at which the last submission had been tried."""
    processed: float | None = None
    """Moment at which its last run had ended."""
    failed: float | None = None
    """Moment at which it failed as a whole."""
    failure_reason: str | None = None

    def note(self, entry: BatchEntry, outcome: SubmissionStatus) -> None:
        """Keep an entry to which something was done."""
        self.entries[entry.place] = entry
        self.outcomes[outcome] += 1

    def run_started(self, run_id: str, place: int) -> None:
        """Count a run from now on."""
        self.active[run_id] = place

    def run_ended(self, run_id: str, status: RunStatus) -> None:
        """Count a run that has ended; to be told twice changes nothing."""
        if self.active.pop(run_id, None) is not None:
            self.over[status] += 1

    def run_deleted(self, status: RunStatus) -> None:
        """Count a run as deleted that had ended in some status."""
        self.over[status] -= 1
        self.over[RunStatus.DELETED] += 1
