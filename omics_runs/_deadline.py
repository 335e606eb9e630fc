"""The end of a call's time, on the monotonic clock: a corrected time of day never moves it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

if TYPE_CHECKING:
    from omics_runs._clock import Clock


@frozen
class Deadline:
    """When a call must be over; `at` is None if it may take for ever."""

    clock: Clock
    at: float | None

    @classmethod
    def after(cls, clock: Clock, seconds: float | None) -> Deadline:
        """Return the deadline that is `seconds` away."""
        return cls(clock, None if seconds is None else clock.monotonic() + seconds)

    def time_left(self) -> float | None:
        """Return the seconds until then, negative when it is over; None for no end."""
        return None if self.at is None else self.at - self.clock.monotonic()

    @property
    def is_over(self) -> bool:
        """Whether no time is left."""
        time_left = self.time_left()
        return time_left is not None and time_left <= 0

    def allows(self, delay: float) -> bool:
        """Return whether there will be time left after `delay` seconds."""
        time_left = self.time_left()
        return time_left is None or delay < time_left
