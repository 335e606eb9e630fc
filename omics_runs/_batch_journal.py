"""What a campaign remembers of its batches: what was sent, which batch it became, what it started.

A batch and the rows of its specs are written in one transaction before it is sent, its id after
the answer, and its runs when they are known. So what a killed process leaves is one of four:
nothing, and nothing was sent; a batch without an id, which is sent again as it was, with the same
request id; one with its id, whose runs can be asked for; or all of it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from attrs import frozen

from omics_runs._generated.models import StartRunBatchRequest, StartRunBatchResponse
from omics_runs._journal import Journal

if TYPE_CHECKING:
    from collections.abc import Generator

    from omics_runs._run_ref import RunRef

BATCHES = (
    "CREATE TABLE batches (number INTEGER PRIMARY KEY, sent TEXT NOT NULL,"
    " batch_id TEXT, batch_uuid TEXT)"
)


@frozen
class BatchEntry:
    """What is known of a batch that was sent."""

    request: StartRunBatchRequest
    """What it was sent with."""
    batch: StartRunBatchResponse | None
    """The batch; None if no answer is known, so that there may be one or not."""


class BatchJournal(Journal):
    """A database file, for one campaign that goes through batches."""

    via = "batch"

    def next_number(self) -> int:
        """Return the number after that of the last batch."""
        with self._explained():
            return int(self._ask("SELECT coalesce(max(number), 0) + 1 FROM batches"))

    def find_batch(self, number: int) -> BatchEntry | None:
        """Return what is known of a batch; None if it was never sent."""
        question = "SELECT sent, batch_id, batch_uuid FROM batches WHERE number = ?"
        with self._explained():
            row = self._execute(question, number).fetchone()
        if row is None:
            return None
        sent, batch_id, uuid = row
        batch = None if batch_id is None else StartRunBatchResponse(id=batch_id, uuid=uuid)
        return BatchEntry(StartRunBatchRequest.from_json(sent), batch)

    def batch_ids(self) -> Mapping[int, str]:
        """Return the ids of all batches that were accepted, by their numbers."""
        question = "SELECT number, batch_id FROM batches WHERE batch_id IS NOT NULL"
        with self._explained():
            return dict(self._execute(question).fetchall())

    def sending_batch(
        self, number: int, request: StartRunBatchRequest, specs: Iterable[tuple[str, int, str]]
    ) -> None:
        """Write that a batch is about to be sent, and what is in it."""
        rows = [(*spec, number) for spec in specs]
        with self._transaction():
            sent = json.dumps(request.to_dict())
            self._execute("INSERT INTO batches (number, sent) VALUES (?, ?)", number, sent)
            self._execute_all(
                "INSERT OR REPLACE INTO specs (name, generation, digest, batch)"
                " VALUES (?, ?, ?, ?)",
                rows,
            )

    def batch_accepted(self, number: int, batch: StartRunBatchResponse) -> None:
        """Write which batch it has become."""
        question = "UPDATE batches SET batch_id = ?, batch_uuid = ? WHERE number = ?"
        with self._explained():
            self._execute(question, batch.id, batch.uuid, number)

    def batch_over(
        self, number: int, runs: Mapping[str, RunRef], failed: Iterable[str] | None
    ) -> None:
        """Write the runs of a batch, and forget what was to be sent and has failed."""
        without_run = "DELETE FROM specs WHERE batch = ? AND run_id IS NULL"
        with self._transaction():
            self._execute_all(
                "UPDATE specs SET run_id = ?, run_uuid = ? WHERE batch = ? AND name = ?",
                [(run.id, run.uuid, number, name) for name, run in runs.items()],
            )
            if failed is not None:
                rows = [(number, name) for name in failed]
                self._execute_all(f"{without_run} AND name = ?", rows)
                return
            self._execute(without_run, number)
            self._execute("DELETE FROM batches WHERE number = ? AND batch_id IS NULL", number)

    def _create(self) -> None:
        super()._create()
        self._execute(BATCHES)

    @contextmanager
    def _transaction(self) -> Generator[None]:
        with self._explained(), self._connection:
            self._execute("BEGIN IMMEDIATE")
            yield

    def _execute_all(self, question: str, rows: Iterable[tuple[Any, ...]]) -> None:
        self._connection.executemany(question, rows)
