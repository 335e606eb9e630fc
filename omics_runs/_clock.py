"""Time, as the SDK sees it: replaceable, so that waits of days can be played in milliseconds."""

from __future__ import annotations

import heapq
import itertools
import math
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Protocol, TypeAlias

import anyio
import anyio.lowlevel

from omics_runs._forks import Lock

GLANCE = 0.02
"""Real seconds after which a wait that may be given up looks whether it is."""


class Clock(Protocol):
    """Where a client takes the time from, and how it waits."""

    def now(self) -> datetime:
        """Return the time of day, timezone-aware in UTC; requests are signed with it."""
        ...

    def monotonic(self) -> float:
        """Return seconds that only ever grow; deadlines are measured with it."""
        ...

    def sleep(self, seconds: float) -> None:
        """Block the calling thread for `seconds`."""
        ...

    async def asleep(self, seconds: float) -> None:
        """Suspend the calling task for `seconds`, on asyncio or trio."""
        ...


class SystemClock:
    """The machine's own time."""

    def now(self) -> datetime:
        """Return the time of day in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return the seconds of the machine's monotonic clock."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Block the calling thread."""
        time.sleep(seconds)

    async def asleep(self, seconds: float) -> None:
        """Suspend the calling task."""
        await anyio.sleep(seconds)


class ScaledClock(SystemClock):
    """Waiting that runs faster than the machine's clock, for demonstrations.

    The time of day stays the real one: requests are signed with it, and signatures expire by it.

    Args:
        speed: Seconds that pass here for each second that passes outside.
    """

    def __init__(self, speed: float) -> None:
        if not speed > 0:
            msg = f"speed must be above 0, got {speed}"
            raise ValueError(msg)
        self.speed = speed
        self._zero = time.monotonic()

    def monotonic(self) -> float:
        """Return the scaled seconds since construction."""
        return (time.monotonic() - self._zero) * self.speed

    def sleep(self, seconds: float) -> None:
        """Block the calling thread for `seconds` of scaled time."""
        super().sleep(seconds / self.speed)

    async def asleep(self, seconds: float) -> None:
        """Suspend the calling task for `seconds` of scaled time."""
        await super().asleep(seconds / self.speed)


def wait_for(wait: Callable[[float], bool], seconds: float = math.inf) -> bool:
    """Call `wait` with a short timeout until it returns True: Ctrl-C gets through on Windows.

    Args:
        wait: Waits for at most as many seconds as it is given, and tells whether that was enough.
        seconds: Real seconds after which to give up and return False.
    """
    until = time.monotonic() + seconds
    while not wait(max(0.0, min(1.0, until - time.monotonic()))):
        if time.monotonic() >= until:
            return False
    return True


_Sleeper: TypeAlias = tuple[float, int, Callable[[], object]]
"""When it is to wake, its place among those of that moment, and how: ordered by the first two."""


class VirtualClock:
    """Time that stands still while anybody works and jumps ahead when everybody sleeps.

    It keeps the sleepers in order of their waking. Only when as many of them sleep as take part
    does it jump, to the earliest waking: two who sleep two and three seconds both get their due.
    Threads share it safely; tasks share it within one event loop. The time of day stays the
    real one: requests are signed with it, and signatures expire by it.

    Args:
        participants: How many threads or tasks take part. With one, each sleep returns at once.
    """

    def __init__(self, participants: int = 1) -> None:
        self._elapsed = 0.0
        self._participants = participants
        self._sleepers: list[_Sleeper] = []
        self._places = itertools.count()
        self._lock = Lock()

    def now(self) -> datetime:
        """Return the real time of day in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return the virtual seconds since the clock was made."""
        return self._elapsed

    def advance(self, seconds: float) -> None:
        """Move time ahead by hand, and wake whoever is due."""
        with self._lock.current:
            self._jump_to(self._elapsed + seconds)

    def sleep(self, seconds: float, *, given_up: threading.Event | None = None) -> None:
        """Block the calling thread until virtual time has moved on by `seconds`.

        Args:
            seconds: Virtual seconds to wait.
            given_up: Somebody sets it who wants the wait to end at once, whatever the time.
        """
        done = threading.Event()
        with self._sleeping(seconds, done.set):
            if given_up is None:
                wait_for(done.wait)
            else:
                wait_for(lambda _: done.wait(GLANCE) or given_up.is_set())

    async def asleep(self, seconds: float) -> None:
        """Suspend the calling task until virtual time has moved on by `seconds`."""
        done = anyio.Event()
        with self._sleeping(seconds, done.set):
            await done.wait()
        await anyio.lowlevel.checkpoint()

    @contextmanager
    def joined(self, participants: int) -> Generator[None]:
        """Count `participants` threads or tasks more for the time of a `with` block."""
        self._change_participants(participants)
        try:
            yield
        finally:
            self._change_participants(-participants)

    def leave(self) -> None:
        """Take one participant out, because it has finished; the others go on."""
        self._change_participants(-1)

    def _change_participants(self, by: int) -> None:
        with self._lock.current:
            self._participants += by
            self._jump_if_all_sleep()

    @contextmanager
    def _sleeping(self, seconds: float, wake: Callable[[], object]) -> Generator[None]:
        with self._lock.current:
            sleeper = (self._elapsed + max(seconds, 0.0), next(self._places), wake)
            heapq.heappush(self._sleepers, sleeper)
            self._jump_if_all_sleep()
        try:
            yield
        finally:
            with self._lock.current:
                if sleeper in self._sleepers:  # cancelled before its time
                    self._sleepers.remove(sleeper)
                    heapq.heapify(self._sleepers)

    def _jump_if_all_sleep(self) -> None:
        if self._sleepers and len(self._sleepers) >= self._participants:
            self._jump_to(self._sleepers[0][0])

    def _jump_to(self, moment: float) -> None:
        self._elapsed = max(self._elapsed, moment)
        while self._sleepers and self._sleepers[0][0] <= self._elapsed:
            _, _, wake = heapq.heappop(self._sleepers)
            wake()
