"""Each fault meets each method in each color, and ends as the matrix says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from omics_runs import RunStatus, StartRunRequest, errors
from omics_runs.emulator import VirtualClock
from omics_runs.models import (
    DefaultRunSetting,
    InlineSetting,
    InlineSettings,
    StartRunBatchRequest,
)
from tests.clients.conftest import Caller
from tests.examples import IN_FULL

from .conftest import Watched
from .matrix import PAGE, Outcome, Row, cells, written

ROLE = "arn:aws:iam::123456789012:role/OmicsRole"
OUTPUT = "s3://bucket/out/"
MOST_CALLS = 500
LONG = 7200.0
"""Seconds in which a run or a batch ends."""

RUN: dict[str, Any] = {
    "workflow_id": "1234567",
    "role_arn": ROLE,
    "output_uri": OUTPUT,
    "storage_type": "DYNAMIC",
}


def tried() -> Iterator[Any]:
    """Yield all cells in all colors; in the quick profile some, more of them in sync."""
    for place, (row, method, operation, outcome) in enumerate(cells()):
        for color, share in (("sync", 2), ("asyncio", 8), ("trio", 9)):
            if IN_FULL or place % share == 0:
                name = f"{color}-{row.name}-{method}"
                yield pytest.param(color, row, method, operation, outcome, id=name)


def batch_of(runs: int) -> dict[str, Any]:
    """Return the arguments of a batch of so many runs."""
    settings = [InlineSetting(run_setting_id=f"sample-{number}") for number in range(runs)]
    return {
        "default_run_setting": DefaultRunSetting(**RUN),
        "batch_run_settings": InlineSettings(settings),
    }


class Stage:
    """An emulator with a client, and what they have been through before a fault comes."""

    def __init__(self, caller: Caller) -> None:
        self.clock = VirtualClock()
        self.emulator = Watched(most=MOST_CALLS, clock=self.clock, verify_signatures=False)
        self.client = caller.client(self.emulator)

    def outcome(self, act: Any, row: Row, operation: str, *, skip: int = 0) -> tuple[Outcome, Any]:
        """Do something while the fault is there; return how that ended, and in what."""
        before = self.emulator.count(operation)
        self.emulator.faults.add(*row.faults_of(operation, skip=skip))
        try:
            result, error = act(), None
        except errors.OmicsRunsError as caught:
            result, error = caught, type(caught)
        self.emulator.faults.clear()
        maybe = getattr(result, "may_have_taken_effect", False)
        return Outcome(self.emulator.count(operation) - before, error, maybe), result

    def ended_runs(self, runs: int) -> list[Any]:
        """Return the answers to some starts of runs that have ended since."""
        started = [self.client.start_run(**RUN) for _ in range(runs)]
        self.clock.advance(LONG)
        return started

    def ended_batch(self, runs: int) -> Any:
        """Return the answer to the start of a batch that has been processed since."""
        started = self.client.start_run_batch(**batch_of(runs))
        self.clock.advance(LONG)
        return started

    def last_request(self) -> StartRunRequest | StartRunBatchRequest:
        """Return the request that came last, as somebody would send it who has kept it."""
        call = self.emulator.requests[-1]
        kind = StartRunRequest if call.operation == "StartRun" else StartRunBatchRequest
        return kind.from_dict(call.body)

    def runs_in_the_end(self) -> int:
        """Return how many runs there are once nothing is under way any more."""
        self.clock.advance(LONG)
        return len(self.emulator.runs)


def check(found: Outcome, expected: Outcome) -> None:
    """Compare an outcome with the one of the matrix."""
    calls = found.calls if expected.calls is not None else None
    assert Outcome(calls, found.error, found.maybe) == expected


def check_start(stage: Stage, row: Row, operation: str, expected: Outcome) -> None:
    """Start something; that it is there agrees with the outcome, and no twin is ever made."""
    found, result = stage.outcome(lambda: start(stage.client, operation), row, operation)
    check(found, expected)
    there = stage.runs_in_the_end()
    assert there == (row.commits or expected.error is None)
    assert not there or expected.error is None or expected.maybe
    again = stage.client.send(stage.last_request() if expected.error is None else result.request)
    assert stage.runs_in_the_end() == 1
    assert expected.error is not None or again.id == result.id


def start(client: Any, operation: str) -> Any:
    """Start a run, or a batch of one."""
    if operation == "StartRun":
        return client.start_run(**RUN)
    return client.start_run_batch(**batch_of(1))


def check_get(stage: Stage, row: Row, expected: Outcome) -> None:
    """Ask for a run; after an error the next call has it."""
    (started,) = stage.ended_runs(1)
    found, result = stage.outcome(lambda: stage.client.get_run(started.id), row, "GetRun")
    check(found, expected)
    run = result if expected.error is None else stage.client.get_run(started.id)
    assert run.id == started.id


def check_list(stage: Stage, row: Row, operation: str, expected: Outcome) -> None:
    """Go through three pages, the second of which is spoilt; after an error the rest comes."""
    if operation == "ListRuns":
        stage.ended_runs(3)
        items = stage.client.iter_runs(max_results=1)
    else:
        items = stage.client.iter_runs_in_batch(stage.ended_batch(3).id, max_items=1)
    listed: list[Any] = []
    found, _ = stage.outcome(lambda: listed.extend(items), row, operation, skip=1)
    pages_before_and_after = 2 if expected.error is None else 1
    check(Outcome((found.calls or 0) - pages_before_and_after, found.error, found.maybe), expected)
    listed.extend(items)
    ids = {item.id if operation == "ListRuns" else item.run_setting_id for item in listed}
    assert len(ids) == len(listed) == 3


def check_wait(stage: Stage, row: Row, operation: str, expected: Outcome) -> None:
    """Wait for what has ended; after an error the next wait has it."""
    if operation == "GetRun":
        (started,) = stage.ended_runs(1)
        wait, ended = stage.client.wait_until, RunStatus.COMPLETED
    else:
        started, ended = stage.ended_batch(1), "PROCESSED"
        wait = stage.client.wait_until_batch
    found, result = stage.outcome(lambda: wait(started, timeout=600), row, operation)
    check(found, expected)
    seen = result if expected.error is None else wait(started, timeout=600)
    assert (seen.id, seen.status) == (started.id, ended)


@pytest.mark.parametrize(
    ("caller", "row", "method", "operation", "expected"), list(tried()), indirect=["caller"]
)
def test_cell(caller: Caller, row: Row, method: str, operation: str, expected: Outcome) -> None:
    """The outcome is the matrix's: error, effect and calls; and nothing is lost or made twice."""
    stage = Stage(caller)
    match method.partition("_")[0]:
        case "start":
            check_start(stage, row, operation, expected)
        case "get":
            check_get(stage, row, expected)
        case "iter":
            check_list(stage, row, operation, expected)
        case _:
            check_wait(stage, row, operation, expected)


def test_the_page_has_the_matrix() -> None:
    """The table in the documentation is the one that is tested here."""
    page = PAGE.read_text(encoding="utf-8")
    assert page == written(page), "run python -m tests.faults.matrix"
