"""Taking turns: the calls of a client, spaced out so that the service need not throttle them.

The core waits nowhere but in effects, so nobody here is woken by anybody else. Each who waits
works out from its place in the queue how far its turn is away, sleeps, and looks again.
"""

from __future__ import annotations

import difflib
import itertools
import math
from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from attrs import define, field, frozen

from omics_runs._effects import Flow, Sleep
from omics_runs._errors import ConfigurationError
from omics_runs._forks import Lock, renew_in_children
from omics_runs._generated.operations import OPERATIONS
from omics_runs._narrow import is_mapping
from omics_runs._rates import SERVICE_RATES
from omics_runs._timeout import is_positive

if TYPE_CHECKING:
    from omics_runs._clock import Clock

SHORTEST, LONGEST = 1.0, 10.0
"""Seconds between two looks at a queue: so late is it noticed that somebody in front has left."""
HEADROOM = 1.05
"""How much farther apart turns are than the rate asks for. Some calls take longer to the service
than others, and one that counts strictly throttles the second of two that arrive too close."""
ROUNDING = 1e-6
"""Seconds slept on top, so that no rounding has somebody look a hair's breadth too early."""

KNOWN = frozenset({operation.name for operation in OPERATIONS.values()} | SERVICE_RATES.keys())
"""The operations that a limit can be for."""


@define(eq=False)
class Lane:
    """Where callers go one by one, evenly spaced, in the order in which they came.

    Safe to share between threads. Whoever stops waiting leaves the queue.
    """

    name: str
    """The setting that it comes from, for messages."""
    rate: float
    """How many may go each second."""
    _free_from: float = field(default=-math.inf, init=False)
    _queue: list[int] = field(factory=list[int], init=False)
    """Tickets of those who wait. They are numbered, so that it is always in order."""
    _gone: deque[int] = field(factory=deque[int], init=False)
    _tickets: Iterator[int] = field(factory=itertools.count, init=False)
    _lock: Lock = field(factory=Lock, init=False)

    def __attrs_post_init__(self) -> None:
        renew_in_children(self)

    def renew(self) -> None:
        """Forget the parent's threads, none of which will come for its turn here."""
        self._queue, self._gone = [], deque()

    def __reduce__(self) -> tuple[Any, ...]:
        return Lane, (self.name, self.rate)

    @property
    def _interval(self) -> float:
        return HEADROOM / self.rate

    def turn(self, clock: Clock, allows: Callable[[float], bool]) -> Flow[float | None]:
        """Wait for the caller's turn and take it.

        Returns:
            None; or, if `allows` refuses so long a wait, how many seconds the turn is away.
        """
        ticket = next(self._tickets)
        try:
            while (delay := self._look(ticket, clock)) > 0:
                if not allows(delay):
                    return delay
                yield from Sleep(min(delay + ROUNDING, max(SHORTEST, delay / 2), LONGEST))
            return None
        finally:
            # Without the lock: a forgotten flow ends wherever the garbage collector finds it.
            self._gone.append(ticket)

    def _look(self, ticket: int, clock: Clock) -> float:
        """Return the seconds until the turn; 0 if it is there, and it is taken then."""
        with self._lock.current:
            now = clock.monotonic()
            self._forget_the_gone()
            place = self._enqueue(ticket)
            delay = max(self._free_from - now, 0.0) + place * self._interval
            if delay == 0:
                del self._queue[place]
                self._free_from = now + self._interval
            return delay

    def _forget_the_gone(self) -> None:
        while self._gone:
            place, is_there = self._place_of(self._gone.popleft())
            if is_there:
                del self._queue[place]

    def _enqueue(self, ticket: int) -> int:
        place, is_there = self._place_of(ticket)
        if not is_there:
            self._queue.insert(place, ticket)
        return place

    def _place_of(self, ticket: int) -> tuple[int, bool]:
        place = bisect_left(self._queue, ticket)
        return place, self._queue[place : place + 1] == [ticket]


@frozen(eq=False)
class Pacer:
    """The lanes of a client: one for each operation with a limit, and one for all polls."""

    _limits: Mapping[str, Lane] = field(factory=dict[str, Lane])
    _polls: Lane | None = None

    @classmethod
    def of(cls, rate_limits: Mapping[str, float] | None, poll_rate: float | None) -> Pacer:
        """Return the pacer that a client's arguments ask for.

        Raises:
            ConfigurationError: A limit is for no operation, or a rate is no number above 0.
        """
        limits = _checked(rate_limits)
        lanes = {name: Lane(f"rate_limits[{name!r}]", rate) for name, rate in limits.items()}
        if poll_rate is None:
            return cls(lanes)
        _check_rate("poll_rate", poll_rate)
        return cls(lanes, Lane("poll_rate", poll_rate))

    def turn(
        self, operation: str, *, is_poll: bool, clock: Clock, allows: Callable[[float], bool]
    ) -> Flow[str | None]:
        """Wait for the turn of a call, and take it; without a limit there is nothing to wait for.

        Args:
            operation: The service's name of what is called.
            is_poll: Whether it is called by a wait; it then takes its turn among the polls, too.
            clock: What tells the time.
            allows: Whether there is time for a wait of so many seconds.

        Returns:
            None; or, if there is no time for the wait, words that say how far away the turn is.
        """
        for lane in (self._polls if is_poll else None, self._limits.get(operation)):
            if lane is None:
                continue
            delay: float | None = yield from lane.turn(clock, allows)
            if delay is not None:
                return f"the turn at {lane.name} ({lane.rate:g}/s) is {delay:.1f} s away"
        return None


def _checked(rate_limits: object) -> Mapping[str, float]:
    if rate_limits is None:
        return {}
    if not is_mapping(rate_limits):
        msg = (
            "rate_limits must map names of operations to calls a second, such as "
            f"{{'StartRun': 1.0}}, got {rate_limits!r}"
        )
        raise ConfigurationError(msg)
    for name, rate in rate_limits.items():
        if name not in KNOWN:
            raise ConfigurationError(f"rate_limits: there is no operation {name!r}{_hint(name)}")
        _check_rate(f"rate_limits[{name!r}]", rate)
    return rate_limits


def _check_rate(name: str, rate: object) -> None:
    if not is_positive(rate) or rate == math.inf:
        msg = f"{name} must be a number of calls a second above 0, got {rate!r}"
        raise ConfigurationError(msg)


def _hint(name: object) -> str:
    """Return what may have been meant: methods are `start_run`, operations are `StartRun`."""
    bare = str(name).replace("_", "").lower()
    by_bare = {known.lower(): known for known in sorted(KNOWN)}
    if bare in by_bare:
        return f"; the service calls it {by_bare[bare]!r}"
    near = [by_bare[one] for one in difflib.get_close_matches(bare, by_bare)]
    return f"; near are {', '.join(near)}" if near else f"; known are {', '.join(by_bare.values())}"
