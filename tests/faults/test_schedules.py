"""Two thousand random schedules of faults, in which no run is lost and none is started twice."""

from __future__ import annotations

import pytest

from tests.clients.conftest import Caller
from tests.examples import IN_FULL

from .schedules import play

SCHEDULES = 2000 if IN_FULL else 200
CHUNK = 20
COLORS = ("sync",) * 8 + ("asyncio", "trio")


@pytest.mark.parametrize(
    ("caller", "seeds"),
    [
        pytest.param(
            COLORS[first // CHUNK % len(COLORS)],
            range(first, first + CHUNK),
            id=f"{COLORS[first // CHUNK % len(COLORS)]}-{first} to {first + CHUNK - 1}",
        )
        for first in range(0, SCHEDULES, CHUNK)
    ],
    indirect=["caller"],
)
def test_nothing_is_lost(caller: Caller, seeds: range) -> None:
    """Every run is started once, every wait ends in the truth, every error is a right one."""
    spoilt = [play(seed, caller) for seed in seeds]
    assert sum(spoilt) > 2 * CHUNK
