"""What a campaign remembers of its specs, in a file that outlasts the process.

The file is an embedded database. A row is written before its spec is sent, and completed after the
answer, each in a transaction of its own that is on the disk when it returns. So what a killed
process leaves is one of three: no row, nothing was sent; a row without a run, which may have been
started and is sent again with the same request id; a row with its run. A run in place of a failed
one has a row of its own, of the next generation, with the request that was sent.
"""

from __future__ import annotations

import os
import sqlite3
import uuid
from collections.abc import Generator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

from attrs import frozen

from omics_runs._errors import ConfigurationError
from omics_runs._run_ref import RunRef

APPLICATION = 0x6F6D726A
"""The number by which these files are told from other databases."""

FORMAT = 1
"""How rows are written; to be raised when files from before can't be read any more."""

CAMPAIGN = (
    "CREATE TABLE campaign (key TEXT NOT NULL, region TEXT, endpoint TEXT, via TEXT NOT NULL)"
)
SPECS = (
    "CREATE TABLE specs (name TEXT NOT NULL, generation INTEGER NOT NULL, digest TEXT NOT NULL,"
    " run_id TEXT, run_uuid TEXT, sent TEXT, batch INTEGER, PRIMARY KEY (name, generation))"
)

IN_MEMORY = ":memory:"
"""The database's name for no file."""

PATIENCE = 0.5
"""Seconds for which a lock is tried: of two who open a file at once, one will have it."""

PRIMARY = 0xFF
"""The bits of an error code of the database that say what kind of error it is."""

OTHER = "give each campaign a journal of its own"

NO_LOCK = "can't be locked where it is: keep it on a disk of this machine"

LOCKS = frozenset(
    {
        sqlite3.SQLITE_IOERR_CHECKRESERVEDLOCK,
        sqlite3.SQLITE_IOERR_LOCK,
        sqlite3.SQLITE_IOERR_RDLOCK,
        sqlite3.SQLITE_IOERR_UNLOCK,
        sqlite3.SQLITE_NOLFS,
        sqlite3.SQLITE_PROTOCOL,
    }
)
"""What the database says of a file system on which it can't lock."""


@frozen
class Entry:
    """What is known of a spec that was sent."""

    generation: int
    digest: str
    """What the spec itself asks for."""
    run: RunRef | None
    """Its run; None if no answer is known, so that it may have been started or not."""
    sent: str | None = None
    """The request as it was sent; None for a first generation, which is sent as the spec is."""
    replaces: RunRef | None = None
    """The run of the generation before, if there is one."""
    batch: int | None = None
    """The number of the batch that it was sent with; None if it was sent alone."""


class Journal:
    """A database file, for one campaign, and for one submission at a time.

    Without a file it is kept in memory, for one submission; then the request ids alone keep a later
    one from starting runs again.

    Args:
        path: The file; made if it is not there. None for none.
        key: What names the campaign; None for the file's own, which is drawn if the file is new.
        region: The region that the runs are in; None where the client has none.
        endpoint: The host of the client's custom endpoint; None for the region's own.
    """

    via = "runs"
    """The way that its specs go; the other way knows nothing of their request ids."""

    def __init__(
        self,
        path: str | os.PathLike[str] | None,
        key: str | None,
        region: str | None,
        endpoint: str | None = None,
    ) -> None:
        self._path = None if path is None else Path(path).absolute()
        self._key = key
        self._region = region
        self._endpoint = endpoint
        self._opened = ExitStack()
        self._connection: sqlite3.Connection

    def open(self) -> str:
        """Open and lock the file, and return the campaign's key.

        Raises:
            ConfigurationError: It can't be opened, written or locked; another submission has it;
                it is no journal, or one of another format, key or region.
        """
        if self._path is not None and not self._path.parent.is_dir():
            raise self._refusal(f"can't be made: there is no folder {self._path.parent}")
        with self._explained():
            # Flows call from one thread after another, never from two at once.
            connection = sqlite3.connect(
                self._path or IN_MEMORY,
                timeout=PATIENCE,
                isolation_level=None,
                check_same_thread=False,
            )
            self._connection = self._opened.enter_context(closing(connection))
            self._execute("PRAGMA locking_mode = EXCLUSIVE")  # until the connection is closed
            self._execute("PRAGMA synchronous = FULL")
            with connection:  # one transaction, whatever happens in it
                self._execute("BEGIN EXCLUSIVE")
                if self._ask("SELECT count(*) FROM sqlite_master") == 0:
                    self._create()
                return self._checked_key()

    def find(self, name: str) -> Entry | None:
        """Return what is known of a spec's last generation."""
        question = (
            "SELECT run_id, run_uuid, generation, digest, sent, batch FROM specs WHERE name = ?"
            " ORDER BY generation DESC LIMIT 2"
        )
        with self._explained():
            rows = self._execute(question, name).fetchall()
        if not rows:
            return None
        run, before = (_run_of(*row[:2]) for row in [*rows, (None, None)][:2])
        generation, digest, sent, batch = rows[0][2:]
        return Entry(generation, digest, run, sent, before, batch)

    def sending(self, name: str, generation: int, digest: str, sent: str | None = None) -> None:
        """Write that a spec is about to be sent."""
        with self._explained():
            self._execute(
                "INSERT OR REPLACE INTO specs (name, generation, digest, sent) VALUES (?, ?, ?, ?)",
                name,
                generation,
                digest,
                sent,
            )

    def started(self, name: str, generation: int, run: RunRef) -> None:
        """Write which run was started."""
        with self._explained():
            self._execute(
                "UPDATE specs SET run_id = ?, run_uuid = ? WHERE name = ? AND generation = ?",
                run.id,
                run.uuid,
                name,
                generation,
            )

    def not_started(self, name: str, generation: int) -> None:
        """Forget that it was to be sent."""
        with self._explained():
            question = "DELETE FROM specs WHERE name = ? AND generation = ?"
            self._execute(question, name, generation)

    def close(self) -> None:
        """Let go of the file."""
        self._opened.close()

    def _create(self) -> None:
        self._execute(CAMPAIGN)
        self._execute(SPECS)
        key = str(uuid.uuid4()) if self._key is None else self._key
        campaign = key, self._region, self._endpoint, self.via
        self._execute("INSERT INTO campaign VALUES (?, ?, ?, ?)", *campaign)
        self._execute(f"PRAGMA application_id = {APPLICATION}")
        self._execute(f"PRAGMA user_version = {FORMAT}")

    def _checked_key(self) -> str:
        if self._ask("PRAGMA application_id") != APPLICATION:
            raise self._refusal("is no journal of a submission")
        if (found := self._ask("PRAGMA user_version")) != FORMAT:
            raise self._refusal(f"is of format {found}; this release reads and writes {FORMAT}")
        question = "SELECT key, region, endpoint, via FROM campaign"
        key, region, endpoint, via = self._execute(question).fetchone()
        if self._key not in {None, key}:
            raise self._refusal(f"belongs to the key {key!r}, not to {self._key!r}; {OTHER}")
        if region != self._region:
            raise self._refusal(f"is of runs in {region}, and the client is for {self._region}")
        if endpoint != self._endpoint:
            theirs, ours = (one or "AWS" for one in (endpoint, self._endpoint))
            raise self._refusal(f"is of runs at {theirs}, and the client is for {ours}")
        if via != self.via:
            raise self._refusal(f"is of specs that go via {via!r}, and not via {self.via!r}")
        return str(key)

    def _ask(self, question: str) -> Any:
        """Return the first value of an answer."""
        return self._execute(question).fetchone()[0]

    def _execute(self, question: str, *values: object) -> sqlite3.Cursor:
        return self._connection.execute(question, values)

    @contextmanager
    def _explained(self) -> Generator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise self._refusal(what_is_wrong(error)) from error

    def _refusal(self, what: str) -> ConfigurationError:
        return ConfigurationError(f"the journal {self._path} {what}")


def _run_of(run_id: str | None, uuid: str | None) -> RunRef | None:
    return None if run_id is None else RunRef(run_id, uuid)


def what_is_wrong(error: sqlite3.Error) -> str:
    """Return what an error of the database says of the journal."""
    code: int = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
    if code in LOCKS:
        return f"{NO_LOCK} ({error})"
    match code & PRIMARY:
        case sqlite3.SQLITE_BUSY:
            # Some network file systems say the same when they can't lock at all.
            return f"is in use by another submission, or {NO_LOCK}"
        case sqlite3.SQLITE_NOTADB:
            return "is no journal of a submission"
        case _:
            return f"can't be opened, read or written: {error}"
