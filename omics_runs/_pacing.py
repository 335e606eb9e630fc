"""Taking turns: the calls of a client, spaced out so that the service need not throttle them.

The core waits nowhere but in effects, so nobody here is woken by anybody else, and nobody waits
for anybody: who comes reserves the next moment that is free, and sleeps until then.
"""

from __future__ import annotations

import difflib
import math
from bisect import bisect_left, insort
from collections import deque
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Literal

import attrs
from attrs import define, field, frozen

from omics_runs._effects import Flow, Sleep
from omics_runs._errors import ConfigurationError
from omics_runs._forks import Lock, renew_in_children
from omics_runs._generated.operations import OPERATIONS
from omics_runs._narrow import is_mapping, is_number
from omics_runs._rates import SERVICE_RATES

if TYPE_CHECKING:
    from omics_runs._clock import Clock

SHORTEST, LONGEST = 1.0, 10.0
"""Seconds between two looks at a lane: so late is it noticed that a turn was given back."""
HEADROOM = 1.05
"""How much farther apart turns are than the rate asks for. Some calls take longer to the service
than others, and one that counts strictly throttles the second of two that arrive too close."""
ROUNDING = 1e-6
"""Seconds slept on top, so that no rounding has somebody look a hair's breadth too early."""
SLOWEST, FASTEST = 1e-6, 1e9
"""Calls a second, from one in twelve days: with intervals that clocks can tell and add up."""

START_RUN = "StartRun"

KNOWN = frozenset({operation.name for operation in OPERATIONS.values()} | SERVICE_RATES.keys())
"""The operations that a limit can be for."""


@define(eq=False)
class Lane:
    """Where callers go one by one, evenly spaced, in the order in which they came.

    Safe to share between threads. A slot is a moment on the monotonic clock, for one caller. Who
    never looks again, because its loop stands still, wastes its slot and holds nobody up. Who stops
    waiting gives it back; newcomers fill that hole, and those who wait move up to it.
    """

    name: str
    """The setting that it comes from, for messages."""
    rate: float
    """How many may go each second."""
    _free_from: float = field(default=-math.inf, init=False)
    """The first slot that nobody has reserved yet, and where all that follow begin."""
    _went: float = field(default=-math.inf, init=False)
    """When somebody had a turn last."""
    _holes: list[float] = field(factory=list[float], init=False)
    """Slots before it that were given back, in order."""
    _gone: deque[float] = field(factory=deque[float], init=False)
    """Slots that were given back and are no holes yet."""
    _lock: Lock = field(factory=Lock, init=False)

    def __attrs_post_init__(self) -> None:
        renew_in_children(self)

    def renew(self) -> None:
        """Forget the parent's threads, none of which will come for its turn here."""
        self._free_from = self._went = -math.inf
        self._holes, self._gone = [], deque()

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
        slot, delay = self._look(-math.inf, clock)
        try:
            while delay > 0 and allows(delay):
                yield from Sleep(min(delay + ROUNDING, max(SHORTEST, delay / 2), LONGEST))
                slot, delay = self._look(slot, clock)
            return delay or None
        finally:
            if delay > 0:
                # Without the lock: a forgotten flow ends wherever the garbage collector finds it.
                self._gone.append(slot)

    def _look(self, slot: float, clock: Clock) -> tuple[float, float]:
        """Return the caller's slot, or a better one, and the seconds until then, 0 if it is there.

        A slot long past is worth nothing, else all who were late together would go together. Its
        owner takes a new one, as do newcomers, who come with none that was ever ahead.
        """
        with self._lock.current:
            now = clock.monotonic()
            self._take_back(now)
            if slot < now - max(self._interval, SHORTEST):
                slot = self._reserve(now, is_late=slot > -math.inf)
            insort(self._holes, slot)
            slot = self._holes.pop(0)
            if slot <= now:
                self._went = now
            return slot, max(slot - now, 0.0)

    def _reserve(self, now: float, *, is_late: bool) -> float:
        """Return a new slot: the next that is free, or now for one who is late, if nobody goes now.

        Else those who are always late would only ever reserve, and none of them would go.
        """
        is_idle = is_late and now >= self._went + self._interval
        slot = now if is_idle else max(now, self._free_from)
        self._free_from = max(self._free_from, slot + self._interval)
        return slot

    def _take_back(self, now: float) -> None:
        """Make holes of what was given back; without any before the slots that nobody has yet."""
        while self._gone:
            insort(self._holes, self._gone.popleft())
        while self._holes and self._holes[-1] + self._interval == self._free_from:
            self._free_from = self._holes.pop()
        del self._holes[: bisect_left(self._holes, now)]


@frozen(eq=False)
class Pacer:
    """The lanes of a client: one for each operation with a limit, and one for all polls."""

    _limits: Mapping[str, Lane] = field(factory=dict[str, Lane])
    _polls: Lane | None = None
    _starts: Lane = field(factory=lambda: Lane("rate", SERVICE_RATES[START_RUN]))
    """Where submissions go that name no rate, for a client that has none either."""

    @classmethod
    def of(cls, rate_limits: Mapping[str, float] | None, poll_rate: float | None) -> Pacer:
        """Return the pacer that a client's arguments ask for.

        Raises:
            ConfigurationError: A limit is for no operation, or a rate is no number within reason.
        """
        limits = _checked(rate_limits)
        lanes = {name: Lane(f"rate_limits[{name!r}]", rate) for name, rate in limits.items()}
        if poll_rate is None:
            return cls(lanes)
        _check_rate("poll_rate", poll_rate)
        return cls(lanes, Lane("poll_rate", poll_rate))

    def lane_of_starts(self, rate: float | Literal["documented"] | None) -> Lane | None:
        """Return where a submission's starts take their turns; None if they need not."""
        if rate is None:
            return None
        if rate == "documented":
            return self._limits.get(START_RUN, self._starts)
        return Lane("rate", rate)

    def without_starts(self) -> Pacer:
        """Return the same pacer, for who has taken the turns of its starts elsewhere."""
        limits = {name: lane for name, lane in self._limits.items() if name != START_RUN}
        return attrs.evolve(self, limits=limits)

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
    if not is_number(rate) or not SLOWEST <= rate <= FASTEST:
        bounds = f"from {SLOWEST:g} to {FASTEST:g}"
        raise ConfigurationError(
            f"{name} must be a number of calls a second {bounds}, got {rate!r}"
        )


def _hint(name: object) -> str:
    """Return what may have been meant: methods are `start_run`, operations are `StartRun`."""
    bare = str(name).replace("_", "").lower()
    by_bare = {known.lower(): known for known in sorted(KNOWN)}
    if bare in by_bare:
        return f"; the service calls it {by_bare[bare]!r}"
    near = [by_bare[one] for one in difflib.get_close_matches(bare, by_bare)]
    return f"; near are {', '.join(near)}" if near else f"; known are {', '.join(by_bare.values())}"
