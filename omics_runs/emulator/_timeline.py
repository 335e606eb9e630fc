"""Time as the emulator counts it, and statuses that follow one another in it."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Generic, TypeVar

from attrs import frozen

from omics_runs._clock import Clock
from omics_runs._convert import epoch_milliseconds
from omics_runs._generated.enums import RunStatus, TaskStatus

S = TypeVar("S", RunStatus, TaskStatus)


class Time:
    """The emulator's own time: real at its construction, then as fast as its clock's seconds.

    Only `Clock.monotonic` counts, so that a virtual clock's time of day can stay the real one.
    """

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self._epoch = datetime.now(UTC)
        self._zero = clock.monotonic()
        self._running_since: float | None = None
        self._leapt = 0.0
        self.told = 0.0
        """The last moment that `now` has returned."""

    @property
    def epoch(self) -> str:
        """When it began, in ISO 8601."""
        return self._epoch.isoformat()

    def resume(self, epoch: str, moment: float) -> None:
        """Be at a moment of another emulator's time, whose epoch is given."""
        self._epoch = datetime.fromisoformat(epoch)
        self.leap(moment - self.now())
        self.told = moment

    def now(self) -> float:
        """Return the seconds since the emulator was made."""
        since = self._running_since
        real = 0.0 if since is None else time.monotonic() - since
        self.told = self.clock.monotonic() - self._zero + real + self._leapt
        return self.told

    def leap(self, seconds: float) -> None:
        """Move on, for the emulator alone: whoever shares the clock keeps its deadlines."""
        self._leapt += seconds

    def run_on(self) -> None:
        """Let real seconds count too, from now on: clients outside move no virtual clock."""
        if self._running_since is None:
            self._running_since = time.monotonic()

    def milliseconds(self, moment: float) -> int:
        """Return a moment as CloudWatch Logs writes it, in milliseconds of the Unix epoch."""
        return epoch_milliseconds(self._epoch + timedelta(seconds=moment))

    def text(self, moment: float) -> str:
        """Return a moment as the service has written timestamps since 2023."""
        return (self._epoch + timedelta(seconds=moment)).isoformat(timespec="microseconds")


@frozen
class Step(Generic[S]):
    """A status, and the moment from which it holds."""

    at: float
    status: S

    def not_before(self, moment: float) -> Step[S]:
        """Return the step, put off if it came too early."""
        return Step(max(self.at, moment), self.status)

    def not_after(self, moment: float) -> Step[S]:
        """Return the step, brought forward if it came too late."""
        return Step(min(self.at, moment), self.status)

    def moved(self, origin: float, moment: float) -> Step[S]:
        """Return the step, as far from `moment` as it was from `origin`."""
        return Step(moment + (self.at - origin), self.status)


@frozen
class Timeline(Generic[S]):
    """Statuses one after another; of steps at the same moment the last one counts."""

    steps: tuple[Step[S], ...]

    @property
    def end(self) -> Step[S]:
        """The last step, after which nothing changes."""
        return self.steps[-1]

    def until(self, now: float) -> tuple[Step[S], ...]:
        """Return the steps that have been taken."""
        return tuple(step for step in self.steps if step.at <= now)

    def before(self, moment: float) -> tuple[Step[S], ...]:
        """Return the first step, and those that are taken before a moment."""
        first, *others = self.steps
        return (first, *(step for step in others if step.at < moment))

    def status(self, now: float) -> S:
        """Return the status at a moment that is not before the first step."""
        return next(step.status for step in reversed(self.steps) if step.at <= now)

    def time_of(self, status: S) -> float | None:
        """Return when a status is entered, past or future, or None."""
        return next((step.at for step in self.steps if step.status == status), None)

    def passed(self, status: S, now: float) -> float | None:
        """Return when a status was entered, or None if that has not happened yet."""
        moment = self.time_of(status)
        return None if moment is None or moment > now else moment

    def spliced(self, fresh: Timeline[S], now: float) -> Timeline[S]:
        """Return the past of this one and the rest of `fresh`, which begins now at the earliest."""
        rank = _rank(self.status(now))
        rest = tuple(step.not_before(now) for step in fresh.steps if _rank(step.status) > rank)
        return Timeline(self.until(now) + rest)

    def moved(self, origin: float, moment: float) -> Timeline[S]:
        """Return the timeline with every step as far from `moment` as it was from `origin`."""
        return Timeline(tuple(step.moved(origin, moment) for step in self.steps))

    def ended(self, now: float) -> float | None:
        """Return when its final status was entered, or None if that has not happened yet."""
        final = _rank(self.end.status) == len(_ORDER)
        return self.end.at if final and self.end.at <= now else None


_ORDER = ("PENDING", "STARTING", "RUNNING", "STOPPING")


def _rank(status: str) -> int:
    return _ORDER.index(status) if status in _ORDER else len(_ORDER)
