"""The ticks of a timeline's axis: seconds, minutes, hours or days, whichever can be read."""

from __future__ import annotations

MOST_TICKS = 8
SECOND, MINUTE, HOUR, DAY = 1, 60, 3_600, 86_400
STEPS = (
    *(SECOND * count for count in (1, 2, 5, 10, 15, 30)),
    *(MINUTE * count for count in (1, 2, 5, 10, 15, 30)),
    *(HOUR * count for count in (1, 2, 3, 6, 12)),
    *(DAY * count * power for power in (1, 10, 100, 1_000, 10_000, 100_000) for count in (1, 2, 5)),
)
"""Distances of ticks, in seconds: those that a clock or a calendar has marks for."""


def ticks(seconds: float) -> list[int]:
    """Return the ticks of an axis from 0 to `seconds`, at most eight beside the one at 0."""
    step = next((one for one in STEPS if seconds / one <= MOST_TICKS), STEPS[-1])
    return list(range(0, int(seconds) + 1, step))
