"""The rules of a lifecycle, on a small one: reached, to be waited for, or out of reach."""

from __future__ import annotations

import pytest

from omics_runs import GetRunResponse, RunStatus
from omics_runs._lifecycle import Lifecycle, Verdict

BEGUN, DONE, BROKEN = RunStatus.RUNNING, RunStatus.COMPLETED, RunStatus.FAILED


@pytest.fixture
def life() -> Lifecycle[RunStatus, GetRunResponse]:
    """Return a lifecycle of three statuses, in which a name is the trace of a beginning."""
    return Lifecycle(
        columns=(BEGUN, DONE, BROKEN),
        table={BEGUN: "+ + t -", DONE: ". + - +", BROKEN: ". - + -"},
        traces={"t": lambda seen: seen.name is not None},
        has_ended=lambda seen: seen.stop_time is not None,
    )


def seen(status: str, **members: str) -> GetRunResponse:
    """Return what a poll may see."""
    return GetRunResponse.from_dict({"id": "1", "arn": "a", "status": status} | members)


@pytest.mark.parametrize(
    ("wanted", "run", "verdict"),
    [
        pytest.param(BEGUN, seen(DONE), Verdict.REACHED, id="passed"),
        pytest.param(DONE, seen(BEGUN), Verdict.WAIT, id="to-come"),
        pytest.param(DONE, seen(BROKEN), Verdict.UNREACHABLE, id="not-to-come"),
        pytest.param(BEGUN, seen(BROKEN, name="n"), Verdict.REACHED, id="trace"),
        pytest.param(BEGUN, seen(BROKEN), Verdict.UNREACHABLE, id="no-trace"),
        pytest.param(DONE, seen("PAUSED"), Verdict.WAIT, id="newer"),
        pytest.param(
            DONE, seen("PAUSED", stopTime="2024-01-01T00:00:00Z"), Verdict.UNREACHABLE, id="ended"
        ),
    ],
)
def test_what_a_look_means(
    life: Lifecycle[RunStatus, GetRunResponse],
    wanted: RunStatus,
    run: GetRunResponse,
    verdict: Verdict,
) -> None:
    """The table decides, a trace where it says so, and an end where the status is a newer one."""
    assert life.verdict({wanted}, run) is verdict


def test_what_it_means_to_be_gone(life: Lifecycle[RunStatus, GetRunResponse]) -> None:
    """The last column of the table is for what is not found any more."""
    assert life.verdict_gone({DONE}) is Verdict.REACHED
    assert life.verdict_gone({BEGUN, BROKEN}) is Verdict.UNREACHABLE


def test_the_table_can_be_read(life: Lifecycle[RunStatus, GetRunResponse]) -> None:
    """The documentation is compared with its columns and cells."""
    assert life.columns == (BEGUN, DONE, BROKEN)
    assert life.cells[DONE] == (".", "+", "-", "+")
