"""The difference between the service's clock and ours, learnt from its answers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Any

from attrs import define

TOLERANCE = timedelta(minutes=4)
"""Skew up to here is left alone: the service accepts signatures that are five minutes off."""

PLAUSIBLE_YEARS = range(2020, 2100)
"""A date outside comes from something that does not know the time itself."""


@define
class ClockOffset:
    """What a client adds to its own time of day when it signs; deadlines never see it.

    One assignment changes it, so threads share it without a lock.
    """

    _offset: timedelta = timedelta(0)

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel to another process, and its clock, without what was learnt of this one's."""
        return ClockOffset, ()

    def correct(self, now: datetime) -> datetime:
        """Return the service's time when ours is `now`."""
        return now + self._offset

    def observe(self, date: str | None, sent: datetime, received: datetime) -> None:
        """Learn from the `Date` header of an answer.

        Args:
            date: The header, or None if there was none. One that can't be read teaches nothing.
            sent: Our own time of day when the request left.
            received: Our own time of day when its answer was there.
        """
        told = _moment(date)
        if told is None:
            return
        offset = told - (sent + (received - sent) / 2)
        self._offset = offset if abs(offset) > TOLERANCE else timedelta(0)


@lru_cache(maxsize=8)
def _moment(date: str | None) -> datetime | None:
    try:
        moment = parsedate_to_datetime(date or "")
    except (ValueError, OverflowError):
        return None
    if moment.year not in PLAUSIBLE_YEARS:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
