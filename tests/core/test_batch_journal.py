"""What a journal keeps of batches, and what a kill leaves of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from omics_runs import RunRef, RunSpec, StartRunRequest, errors
from omics_runs._batch_journal import BatchEntry, BatchJournal
from omics_runs._batch_request import batch_request, setting_of
from omics_runs._journal import Entry, Journal
from omics_runs.models import InlineSettings, StartRunBatchResponse

BASE = StartRunRequest(
    workflow_id="1234567", role_arn="arn:aws:iam::123456789012:role/R", output_uri="s3://b/o"
)
NAMES = ("a", "b", "c")
SPECS = [RunSpec(name, BASE.replace(parameters={"x": [1, 2.5, None]})) for name in NAMES]
REQUEST = batch_request("r", SPECS, InlineSettings([setting_of(spec) for spec in SPECS]))
ROWS = [(name, 1, f"d{name}") for name in NAMES]
BATCH = StartRunBatchResponse(id="7", uuid="u")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return the place of a journal that is not there yet."""
    return tmp_path / "journal"


@pytest.fixture
def journal(path: Path) -> Iterator[BatchJournal]:
    """Have a journal that is open."""
    with closing(BatchJournal(path, "k", None)) as opened:
        opened.open()
        yield opened


def test_it_is_found_again(path: Path) -> None:
    """With all that was sent, in each state of a batch."""
    with closing(BatchJournal(path, "k", None)) as first:
        first.open()
        assert first.next_number() == 1
        first.sending_batch(1, REQUEST, ROWS)
        first.batch_accepted(1, BATCH)
        first.sending_batch(2, REQUEST.replace(tags={"n": "2"}), [("d", 1, "dd")])
    with closing(BatchJournal(path, None, None)) as second:
        second.open()
        one, two = second.find_batch(1), second.find_batch(2)
        assert one == BatchEntry(REQUEST, BATCH)
        assert one.request.request_id == "r"
        assert two == BatchEntry(REQUEST.replace(tags={"n": "2"}), None)
        assert second.find_batch(3) is None
        assert second.find("a") == Entry(1, "da", None, batch=1)
        assert second.next_number() == 3
        assert second.batch_ids() == {1: "7"}


def test_runs_and_failures_are_noted(journal: BatchJournal) -> None:
    """What failed is forgotten, and what nobody knows stays open."""
    journal.sending_batch(1, REQUEST, ROWS)
    journal.batch_accepted(1, BATCH)
    journal.batch_over(1, {"a": RunRef("1", "u")}, ["b"])
    assert journal.find("a") == Entry(1, "da", RunRef("1", "u"), batch=1)
    assert journal.find("b") is None
    assert journal.find("c") == Entry(1, "dc", None, batch=1)


def test_all_that_has_no_run_can_be_forgotten(journal: BatchJournal) -> None:
    """A run stays, and so does the number of a batch that was accepted."""
    journal.sending_batch(1, REQUEST, ROWS)
    journal.batch_accepted(1, BATCH)
    journal.batch_over(1, {"a": RunRef("1", "u")}, None)
    assert [journal.find(name) is None for name in NAMES] == [False, True, True]
    assert journal.next_number() == 2


def test_a_batch_that_was_not_accepted_is_forgotten(journal: BatchJournal) -> None:
    """Its number is free again; another batch is not touched."""
    journal.sending_batch(1, REQUEST, ROWS[:1])
    journal.sending_batch(2, REQUEST, ROWS[1:])
    journal.batch_over(2, {}, None)
    assert journal.find("a") is not None
    assert journal.find("b") is None
    assert journal.next_number() == 2


def test_a_batch_says_nothing_of_what_has_gone_into_another(journal: BatchJournal) -> None:
    """A spec that one batch could not start is the next one's, whoever reads the first again."""
    journal.sending_batch(1, REQUEST, ROWS)
    journal.batch_accepted(1, BATCH)
    journal.batch_over(1, {}, ["a", "b"])
    journal.sending_batch(2, REQUEST, ROWS[:2])
    journal.batch_over(1, {"a": RunRef("1", "u")}, ["b"])
    assert [journal.find(name) for name in "ab"] == [Entry(1, f"d{n}", None, batch=2) for n in "ab"]


def test_a_batch_is_there_with_all_of_its_specs_or_not_at_all(journal: BatchJournal) -> None:
    """A write that fails in the middle leaves nothing."""
    with pytest.raises(errors.ConfigurationError, match="can't be opened, read or written"):
        journal.sending_batch(1, REQUEST, [*ROWS, ("d", 1, None)])  # type: ignore[list-item]
    assert journal.find("a") is None
    assert journal.next_number() == 1
    journal.sending_batch(1, REQUEST, ROWS)
    assert not journal._connection.in_transaction


def test_it_is_of_one_way(path: Path, journal: BatchJournal) -> None:
    """The other way is told so."""
    journal.close()
    with (
        closing(Journal(path, "k", None)) as other,
        pytest.raises(errors.ConfigurationError, match="go via 'batch', and not via 'runs'"),
    ):
        other.open()
