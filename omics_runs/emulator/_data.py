"""The file in which an emulator's state outlasts it: an embedded database of JSON texts.

What a row says is read as one of the store's records, and as nothing else: a file that somebody
else has made runs no code.
"""

from __future__ import annotations

import errno
import json
import os
import sqlite3
from collections import deque
from collections.abc import Generator, Mapping
from contextlib import ExitStack, closing, contextmanager
from functools import cache
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

import cattrs
from attrs import frozen
from cattrs.preconf.json import make_converter

from omics_runs._model import Model
from omics_runs.emulator._store import Store
from omics_runs.emulator._table import Changes, Table

APPLICATION = 0x6F6D6963
"""The number by which these files are told from other databases."""

FORMAT = 1
"""How rows are written; to be raised when files from before can't be read any more."""

SCHEMA = (
    "CREATE TABLE rows (place INTEGER PRIMARY KEY, collection TEXT NOT NULL, key TEXT NOT NULL,"
    " value TEXT NOT NULL, UNIQUE (collection, key))"
)
"""Rows are loaded in the order of their places; one that is written again keeps its own."""

PRIMARY = 0xFF
"""The bits of an error code of the database that say what kind of error it is."""

UNUSABLE = (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR)
"""What the database says of a folder, of nothing where a file should be, of one to be read only."""

ALL = "SELECT collection, key, value FROM rows ORDER BY place"
CLEAR = "DELETE FROM rows"
REMOVE = "DELETE FROM rows WHERE collection = ? AND key = ?"
SET = (
    "INSERT INTO rows (collection, key, value) VALUES (?, ?, ?)"
    " ON CONFLICT (collection, key) DO UPDATE SET value = excluded.value"
)

FACTS = "facts"
"""The collection that is none of the store's, and the key of its only row."""


@frozen(kw_only=True)
class Facts:
    """What there is to keep beside the store's collections."""

    region: str
    account_id: str
    epoch: str
    """When the emulator's time began, in ISO 8601."""
    now: float
    """The last moment that anybody was told of."""
    last_id: int
    """The last id that was given out."""
    drawn: int
    """How many ids and uuids were drawn."""
    session: int
    """How often the file had been opened before."""


class Data:
    """A database file, for one emulator at a time.

    Every `save` is one transaction, and is in the operating system's hands when it returns: the
    end of the process loses nothing, the end of the machine perhaps the last calls.

    Raises:
        OSError: The file can't be opened or written, or another emulator has it.
        ValueError: It is no such file, or one of another format.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = Path(path).absolute()
        self._facts: Table[str, Facts] = Table()
        self._tables: Mapping[str, Table[Any, Any]] = {}
        self._to_clear = False
        self.closed = False
        """Whether it has been let go of."""
        with ExitStack() as opened, self._explained():
            connection = sqlite3.connect(
                self._path, timeout=0, isolation_level=None, check_same_thread=False
            )
            self._connection = opened.enter_context(closing(connection))
            self._prepare()
            opened.pop_all()

    def load(self, store: Store) -> Facts | None:
        """Fill an empty store with what was kept, and look after it from now on.

        Returns:
            What was kept beside it; None if the file is new.

        Raises:
            OSError: The file can't be read.
            ValueError: There is something in it that can't be understood.
        """
        self._tables = self._tables_of(store)
        with self._explained():
            rows = self._connection.execute(ALL).fetchall()
        try:
            for collection, key, value in rows:
                key_kind, kind = _kinds()[collection]
                self._tables[collection][_read(key, key_kind)] = _read(value, kind)
        except Exception as error:  # a row that is not ours can be wrong in any way
            raise self.refusal("is damaged, or was written by another release") from error
        self._watch()
        return self._facts.get(FACTS)

    def replace(self, store: Store) -> None:
        """Look after another store, an empty one; `save` then removes all that was kept."""
        self._facts = Table()
        self._tables = self._tables_of(store)
        self._watch()
        self._to_clear = True

    def save(self, facts: Facts) -> None:
        """Write what has changed.

        Raises:
            OSError: It can't be written.
            ValueError: The file has been closed.
        """
        if self._facts.get(FACTS) != facts:
            self._facts[FACTS] = facts
        if not any(table.changes for table in self._tables.values()):
            return
        if self.closed:
            raise self.refusal("is closed, and so is its emulator")
        with self._explained(), self._connection:
            self._write()
        self._to_clear = False
        self._watch()

    def close(self) -> None:
        """Let go of the file."""
        self.closed = True
        self._connection.close()

    def refusal(self, what: str) -> ValueError:
        """Return the error that says what is wrong with the file."""
        return ValueError(f"{self._path} {what}")

    def _prepare(self) -> None:
        """Lock the file, and make sure that it is one of these before anything is written.

        A lock in the exclusive mode lasts until the connection is closed.
        """
        self._ask("PRAGMA locking_mode = EXCLUSIVE")
        if self._schema() == [] and self._ask("PRAGMA application_id") == 0:
            self._create()
        if self._ask("PRAGMA application_id") != APPLICATION:
            raise self.refusal("is no file of an emulator")
        if (found := self._ask("PRAGMA user_version")) != FORMAT:
            raise self.refusal(f"is of format {found}; this release reads and writes {FORMAT}")
        if self._schema() != [SCHEMA]:  # a trigger, for one
            raise self.refusal("has more in it than an emulator writes")
        self._ask("PRAGMA journal_mode = WAL")
        self._ask("PRAGMA synchronous = NORMAL")

    def _create(self) -> None:
        with self._connection:
            self._connection.execute("BEGIN")
            self._connection.execute(SCHEMA)
            self._connection.execute(f"PRAGMA application_id = {APPLICATION}")
            self._connection.execute(f"PRAGMA user_version = {FORMAT}")

    def _schema(self) -> list[str]:
        rows = self._connection.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL")
        return [sql for (sql,) in rows]

    def _ask(self, question: str) -> Any:
        """Return the first value of an answer, or None."""
        return next(iter(self._connection.execute(question).fetchone() or [None]))

    def _tables_of(self, store: Store) -> Mapping[str, Table[Any, Any]]:
        return {FACTS: self._facts} | {
            name: getattr(store, name) for name in _kinds() if name != FACTS
        }

    def _watch(self) -> None:
        for table in self._tables.values():
            table.changes = Changes()

    def _write(self) -> None:
        self._connection.execute("BEGIN IMMEDIATE")
        if self._to_clear:
            self._connection.execute(CLEAR)
        for collection, table in self._tables.items():
            if table.changes:
                self._write_table(collection, table, table.changes)

    def _write_table(self, collection: str, table: Table[Any, Any], changes: Changes[Any]) -> None:
        key_kind, kind = _kinds()[collection]
        for key in changes.removed:
            self._connection.execute(REMOVE, (collection, _text(key, key_kind)))
        for key in changes.set:
            row = (collection, _text(key, key_kind), _text(table[key], kind))
            self._connection.execute(SET, row)

    @contextmanager
    def _explained(self) -> Generator[None]:
        """Say in Python's own errors what the database has to complain of."""
        try:
            yield
        except sqlite3.OperationalError as error:
            raise self._trouble(error) from error
        except sqlite3.DatabaseError as error:
            raise self.refusal("is no file of an emulator, or damaged") from error

    def _trouble(self, error: sqlite3.OperationalError) -> OSError:
        reason = error.sqlite_errorcode & PRIMARY
        if reason == sqlite3.SQLITE_BUSY:
            return OSError(errno.EBUSY, "In use by another emulator", str(self._path))
        if reason in UNUSABLE:
            try:
                # Not where all is well: to close a file ends every lock of the process on it.
                self._path.open("ab").close()
            except OSError as found:  # the system says better what is wrong
                return found
        return OSError(errno.EIO, str(error), str(self._path))


@cache
def _kinds() -> Mapping[str, tuple[Any, Any]]:
    """Return what the keys and the rows of each collection are: all tables of the store."""
    hints = get_type_hints(Store).items()
    tables = {name: get_args(hint) for name, hint in hints if get_origin(hint) is Table}
    return {FACTS: (str, Facts), **{name: (key, row) for name, (key, row) in tables.items()}}


@cache
def _converter() -> cattrs.Converter:
    made = make_converter(detailed_validation=False)
    made.register_structure_hook_func(_is_model, lambda data, kind: kind.from_dict(data))
    made.register_unstructure_hook_func(_is_model, lambda model: model.to_dict())
    made.register_unstructure_hook_func(_is_deque, list)
    return made


def _is_deque(kind: Any) -> bool:
    return bool(get_origin(kind) == deque)


def _is_model(kind: Any) -> bool:
    """Return whether it is one of the service's models, which know how they are written."""
    return isinstance(kind, type) and issubclass(kind, Model)


def _read(text: str, kind: Any) -> Any:
    return _converter().structure(json.loads(text), kind)


def _text(value: Any, kind: Any) -> str:
    return json.dumps(_converter().unstructure(value, unstructure_as=kind))
