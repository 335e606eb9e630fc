"""Moves batches along: sets them up, and submits, cancels and deletes their runs one by one."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from functools import partial

import attrs
from attrs import frozen

from omics_runs._generated.enums import BatchStatus, SubmissionStatus
from omics_runs._generated.models import (
    CancelRunRequest,
    DeleteRunRequest,
    StartRunRequest,
)
from omics_runs.emulator._admission import Admission
from omics_runs.emulator._batch import Batch, BatchEntry
from omics_runs.emulator._batch_settings import merged, settings_of
from omics_runs.emulator._http import Refusal, not_found
from omics_runs.emulator._rates import Rates
from omics_runs.emulator._routes import read
from omics_runs.emulator._service import Service
from omics_runs.emulator._store import Run, Store

CREATING_SECONDS = 10.0
"""Assumption: how long a batch is CREATING."""

PENDING_SECONDS = 10.0
"""Assumption: how long it is PENDING, which is before its first run is submitted."""


def _start(service: Service, batch: Batch, entry: BatchEntry) -> BatchEntry:
    members = merged(batch.default, entry.setting)
    members["requestId"] = f"{batch.uuid}/{entry.place}"
    run = service.begin(read(StartRunRequest, members), batch_id=batch.id)
    batch.run_started(run.id, entry.place)
    return attrs.evolve(entry, run_id=run.id, run_uuid=run.uuid)


def _cancel(service: Service, _: Batch, entry: BatchEntry) -> BatchEntry:
    service.cancel_run(CancelRunRequest(id=_known(service, entry)))
    return entry


def _delete(service: Service, _: Batch, entry: BatchEntry) -> BatchEntry:
    service.delete_run(DeleteRunRequest(id=_known(service, entry)))
    return entry


def _known(service: Service, entry: BatchEntry) -> str:
    """Return the id of an entry's run, unless it names another run by now.

    Assumption: a run that somebody else has deleted makes the deletion of its batch fail.
    """
    run = service.store.runs.get(entry.run_id or "")
    if run is None or run.uuid != entry.run_uuid:
        raise not_found(f"Run {entry.run_id} not found")
    return run.id


@frozen
class _Work:
    """What a batch does to one run after the other, at the rate of an operation."""

    operation: str
    do: Callable[[Service, Batch, BatchEntry], BatchEntry]
    success: SubmissionStatus
    failure: SubmissionStatus


WORK: Mapping[BatchStatus, _Work] = {
    BatchStatus.SUBMITTING: _Work(
        "StartRun", _start, SubmissionStatus.SUCCESS, SubmissionStatus.FAILED
    ),
    BatchStatus.STOPPING: _Work(
        "CancelRun", _cancel, SubmissionStatus.CANCEL_SUCCESS, SubmissionStatus.CANCEL_FAILED
    ),
    BatchStatus.RUNS_DELETING: _Work(
        "DeleteRun", _delete, SubmissionStatus.DELETE_SUCCESS, SubmissionStatus.DELETE_FAILED
    ),
}
"""What a batch is busy with, by its status."""


@frozen
class Batches:
    """Looks after all batches, in the order of the emulator's time.

    A batch and those who call the operations themselves share the rates. Assumption: a batch
    takes a call as soon as there is one, so that others are throttled until it is done; of several
    batches the one that was there first is served first.
    """

    store: Store
    admission: Admission
    rates: Rates
    service_at: Callable[[float], Service]
    """Returns the service as of a moment."""

    def add(self, batch: Batch) -> None:
        """Look after a new batch from now on."""
        self.admission.agenda.at(batch.created + CREATING_SECONDS, partial(self._set_up, batch))

    def resume(self, now: float) -> None:
        """Look after all batches that the store has been filled with, as of a moment."""
        for batch in self.store.batches.values():
            if batch.status == BatchStatus.CREATING:
                self.add(batch)
            elif batch.status == BatchStatus.PENDING:
                self._submit_later(batch)
            elif batch.status in WORK:
                self.admission.agenda.at(now, partial(self._go_on, batch, batch.status))

    def cancel(self, batch: Batch, now: float) -> None:
        """Submit no more runs of a batch, and cancel those that are under way."""
        self._begin(batch, BatchStatus.STOPPING, deque(batch.active.values()), now)

    def delete_runs(self, batch: Batch, now: float) -> None:
        """Delete all runs of a batch."""
        places = deque(entry.place for entry in batch.entries if entry.run_id is not None)
        self._begin(batch, BatchStatus.RUNS_DELETING, places, now)

    def run_ended(self, run: Run, moment: float) -> None:
        """Note that a run has ended, whether of a batch or not."""
        batch = self.store.batch_of(run)
        if batch is not None:
            batch.run_ended(run.id, run.status(moment))
            self._settle(batch, moment)

    def _set_up(self, batch: Batch, moment: float) -> None:
        """Check what the call could not see.

        Assumption: that this is when a batch fails for what its runs have in common, and that
        what disappears later makes single submissions fail.
        """
        try:
            settings = settings_of(batch)
            self.service_at(moment).check_references(batch.default)
        except Refusal as refusal:
            batch.status, batch.failed = BatchStatus.FAILED, moment
            batch.failure_reason = refusal.message
        else:
            batch.status = BatchStatus.PENDING
            batch.entries = [
                BatchEntry(place=place, setting=setting) for place, setting in enumerate(settings)
            ]
            self._submit_later(batch)
        self.store.keep_batch(batch)

    def _submit_later(self, batch: Batch) -> None:
        begin = batch.created + CREATING_SECONDS + PENDING_SECONDS
        self.admission.agenda.at(begin, partial(self._submit, batch))

    def _submit(self, batch: Batch, moment: float) -> None:
        if batch.status == BatchStatus.PENDING:  # else somebody has cancelled it
            places = deque(range(len(batch.entries)))
            self._begin(batch, BatchStatus.SUBMITTING, places, moment)

    def _begin(self, batch: Batch, status: BatchStatus, places: deque[int], moment: float) -> None:
        batch.status, batch.todo = status, places
        self.store.keep_batch(batch)
        self.admission.agenda.at(moment, partial(self._go_on, batch, status))

    def _go_on(self, batch: Batch, status: BatchStatus, moment: float) -> None:
        """Do what the rate allows by now, and come back for the rest."""
        work = WORK[status]
        while batch.status == status and batch.todo:
            again = self.rates.free_from(work.operation, moment)
            if again > moment:
                self.admission.agenda.at(again, partial(self._go_on, batch, status))
                break
            self.rates.take(work.operation, moment)
            self._do(work, batch, batch.entries[batch.todo.popleft()], moment)
        self._settle(batch, moment)

    def _do(self, work: _Work, batch: Batch, entry: BatchEntry, moment: float) -> None:
        try:
            done = work.do(self.service_at(moment), batch, entry)
        except Refusal as refusal:
            # Assumption: the reasons of failed cancellations and deletions show as well.
            batch.note(entry.failed(work.failure, refusal), work.failure)
        else:
            batch.note(done.succeeded(work.success), work.success)

    def _settle(self, batch: Batch, moment: float) -> None:
        """Move a batch on as far as its runs allow, and keep it as it is then."""
        _move_on(batch, moment)
        self.store.keep_batch(batch)


def _move_on(batch: Batch, moment: float) -> None:
    """Give a batch that has nothing more to do the status that its runs allow."""
    if batch.todo:
        return
    if batch.status == BatchStatus.SUBMITTING:
        batch.status, batch.submitted = BatchStatus.INPROGRESS, moment
    if batch.status == BatchStatus.INPROGRESS and not batch.active:
        batch.status, batch.processed = BatchStatus.PROCESSED, moment
    elif batch.status == BatchStatus.STOPPING and not batch.active:
        batch.status = BatchStatus.CANCELLED
    elif batch.status == BatchStatus.RUNS_DELETING:
        failed = batch.outcomes[SubmissionStatus.DELETE_FAILED]
        batch.status = BatchStatus.RUNS_DELETE_FAILED if failed else BatchStatus.RUNS_DELETED
