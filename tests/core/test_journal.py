"""The journal's file: who may have it, what it refuses, and what a kill leaves in it."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from omics_runs import RunRef, errors
from omics_runs._journal import APPLICATION, FORMAT, Entry, Journal, what_is_wrong

KEY, REGION = "cohort-7", "us-west-2"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return the place of a journal that is not there yet."""
    return tmp_path / "journal"


@pytest.fixture
def journal(path: Path) -> Iterator[Journal]:
    """Have a journal that is open."""
    with closing(Journal(path, KEY, REGION)) as opened:
        opened.open()
        yield opened


def reopened(path: Path, key: str | None = None, region: str | None = REGION) -> str:
    """Open a journal and close it; return its key."""
    with closing(Journal(path, key, region)) as opened:
        return opened.open()


def test_rows_outlast_the_journal(path: Path) -> None:
    """Each step of a spec is found again: sent, started, or forgotten."""
    with closing(Journal(path, KEY, REGION)) as first:
        first.open()
        for name in ("sent", "started", "forgotten"):
            first.sending(name, 1, "d")
        first.started("started", 1, RunRef("7", "u"))
        first.not_started("forgotten", 1)
    with closing(Journal(path, None, REGION)) as second:
        assert second.open() == KEY
        assert second.find("sent") == Entry(1, "d", None)
        assert second.find("started") == Entry(1, "d", RunRef("7", "u"))
        assert second.find("forgotten") is None


def test_the_last_generation_counts(journal: Journal) -> None:
    """A spec's later run stands before the one that it replaces."""
    for generation in (1, 10, 2):
        journal.sending("s", generation, "d")
        journal.started("s", generation, RunRef(str(generation)))
    assert journal.find("s") == Entry(10, "d", RunRef("10"), None, RunRef("2"))


def test_what_was_sent_is_kept_where_the_spec_does_not_have_it(journal: Journal) -> None:
    """It outlasts the note of the run, and is of its generation alone."""
    journal.sending("s", 1, "d")
    journal.sending("s", 2, "d", '{"runId": "7"}')
    assert journal.find("s") == Entry(2, "d", None, '{"runId": "7"}', None)
    journal.started("s", 2, RunRef("8", "u"))
    assert journal.find("s") == Entry(2, "d", RunRef("8", "u"), '{"runId": "7"}', None)
    journal.not_started("s", 2)
    assert journal.find("s") == Entry(1, "d", None)


def test_each_row_is_on_the_disk_when_it_is_written(journal: Journal) -> None:
    """Every write is a transaction of its own, and waits for the disk."""
    journal.sending("s", 1, "d")
    assert not journal._connection.in_transaction
    assert journal._connection.execute("PRAGMA synchronous").fetchone() == (2,)


# --- whose it is ----------------------------------------------------------------------------


def test_only_one_submission_has_it(path: Path, journal: Journal) -> None:
    """The second one is told at once, also when it only looks; after the first it may."""
    with pytest.raises(errors.ConfigurationError, match="is in use by another submission"):
        reopened(path)
    journal.close()
    assert reopened(path) == KEY


def test_another_process_is_kept_out_as_well(path: Path, journal: Journal) -> None:
    """The lock is the operating system's."""
    code = "import sys; from omics_runs._journal import Journal; Journal(sys.argv[1], None, None)"
    command = [sys.executable, "-c", f"{code}.open()", str(path)]
    done = subprocess.run(command, capture_output=True, check=False, text=True)
    assert "is in use by another submission" in done.stderr


def test_a_killed_process_leaves_no_lock(path: Path) -> None:
    """What it had written is there, and the next one may have it."""
    code = (
        "import os, signal, sys; from omics_runs._journal import Journal\n"
        f"journal = Journal(sys.argv[1], {KEY!r}, {REGION!r}); journal.open()\n"
        "journal.sending('s', 1, 'd'); os.kill(os.getpid(), signal.SIGTERM)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], check=False)
    assert done.returncode != 0
    with closing(Journal(path, KEY, REGION)) as opened:
        opened.open()
        assert opened.find("s") == Entry(1, "d", None)


@pytest.mark.parametrize(
    ("key", "region", "what"),
    [
        pytest.param("other", REGION, "belongs to the key 'cohort-7', not to 'other'", id="key"),
        pytest.param(KEY, "eu-west-1", "is of runs in us-west-2, and the cl", id="region"),
        pytest.param(None, None, "and the client is for None", id="no region"),
    ],
)
def test_it_belongs_to_one_campaign(path: Path, key: str, region: str, what: str) -> None:
    """Runs of another key or region are never taken for one's own."""
    reopened(path, KEY)
    with pytest.raises(errors.ConfigurationError, match=what):
        reopened(path, key, region)
    assert reopened(path) == KEY


# --- what is no journal ---------------------------------------------------------------------


def database(path: Path, *statements: str) -> None:
    """Make a database of one's own."""
    with closing(sqlite3.connect(path)) as connection:
        for statement in statements:
            connection.execute(statement)


@pytest.mark.parametrize(
    ("make", "what"),
    [
        pytest.param(lambda path: path.write_text("sample,reads\n" * 99), "is no journal", id="no"),
        pytest.param(lambda path: database(path, "CREATE TABLE t (c)"), "is no journal", id="db"),
        pytest.param(
            lambda path: database(
                path,
                "CREATE TABLE t (c)",
                f"PRAGMA application_id = {APPLICATION}",
                f"PRAGMA user_version = {FORMAT + 1}",
            ),
            f"is of format {FORMAT + 1}; this release reads and writes {FORMAT}",
            id="newer",
        ),
        pytest.param(Path.mkdir, "can't be opened, read or written: unable to open", id="folder"),
    ],
)
def test_what_is_no_journal_is_refused(path: Path, make: Callable[[Path], None], what: str) -> None:
    """It is named, and left as it is."""
    make(path)
    before = path.read_bytes() if path.is_file() else None
    with pytest.raises(errors.ConfigurationError, match=what) as caught:
        reopened(path)
    assert str(path) in str(caught.value)
    assert before is None or path.read_bytes() == before


def test_a_folder_that_is_not_there(path: Path) -> None:
    """No folder is made for it."""
    with pytest.raises(errors.ConfigurationError, match="there is no folder "):
        reopened(path / "journal")


def test_an_empty_file_is_a_new_journal(path: Path) -> None:
    """Somebody may have made the file before, or was killed while making it."""
    path.touch()
    assert reopened(path, KEY) == KEY


def test_a_relative_path_is_that_of_the_beginning(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A special name is a file like any other, and a later change of folder does not matter."""
    monkeypatch.chdir(path.parent)
    journal = Journal(":memory:", KEY, REGION)
    monkeypatch.chdir(os.sep)
    with closing(journal):
        journal.open()
    assert (path.parent / ":memory:").is_file()


@pytest.mark.parametrize(
    ("code", "what"),
    [
        pytest.param(sqlite3.SQLITE_PROTOCOL, "can't be locked where it is", id="protocol"),
        pytest.param(sqlite3.SQLITE_IOERR_LOCK, "can't be locked where it is", id="no lock"),
        pytest.param(sqlite3.SQLITE_IOERR_RDLOCK, "on a disk of this machine", id="no read lock"),
        pytest.param(sqlite3.SQLITE_BUSY_SNAPSHOT, "is in use by another", id="busy"),
        pytest.param(sqlite3.SQLITE_FULL, "can't be opened, read or written: words", id="full"),
        pytest.param(None, "can't be opened, read or written: words", id="no code"),
    ],
)
def test_errors_of_the_database_are_explained(code: int | None, what: str) -> None:
    """A file system that can't lock is told from a lock that somebody holds."""
    error = sqlite3.OperationalError("words")
    if code is not None:
        error.sqlite_errorcode = code
    assert what in what_is_wrong(error)


def test_a_journal_that_fails_later_says_so(journal: Journal, path: Path) -> None:
    """A full disk, for one, ends in the same kind of error."""
    journal._connection.execute("PRAGMA max_page_count = 1")
    with pytest.raises(errors.ConfigurationError, match="database or disk is full"):
        journal.sending("s", 1, "d" * 100_000)
