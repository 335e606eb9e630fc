"""Which calls the faults spoil: counted, or drawn from a source of random numbers of their own."""

from __future__ import annotations

import random
import threading

from attrs import define

from omics_runs.emulator._faults import Fault


@define
class _Armed:
    """A fault with what is left of it."""

    fault: Fault
    draws: random.Random
    """Its own source, from which only calls that it is for draw."""
    to_skip: int
    left: int | None

    def takes(self, operation: str) -> bool:
        """Return whether this call is to be spoilt, and count it."""
        if self.left == 0 or self.fault.operation not in {None, operation}:
            return False
        if self.to_skip > 0:
            self.to_skip -= 1
            return False
        if not self._is_drawn():
            return False
        if self.left is not None:
            self.left -= 1
        return True

    def _is_drawn(self) -> bool:
        return self.fault.probability is None or self.draws.random() < self.fault.probability


class Faults:
    """The faults of an emulator, asked one after another in the order they were added.

    Which calls a fault with a probability spoils follows from the emulator's seed, the fault's
    place among those added, and the calls that it is for: calls of other operations change nothing.
    """

    def __init__(self, seed: int = 0) -> None:
        self._seed = seed
        self._armed: tuple[_Armed, ...] = ()
        self._lock = threading.Lock()
        self.injected: int = 0
        """How many calls have been spoilt."""

    def add(self, *faults: Fault) -> None:
        """Add faults; the first one that is for a call spoils it."""
        with self._lock:
            for fault in faults:
                draws = random.Random(f"fault {len(self._armed)} {self._seed}")
                self._armed += (_Armed(fault, draws, fault.skip, fault.times),)

    def clear(self) -> None:
        """Take all faults away."""
        with self._lock:
            self._armed = ()

    @property
    def waiting(self) -> int:
        """How many faults there are that can still spoil a call."""
        return sum(armed.left != 0 for armed in self._armed)

    def take(self, operation: str) -> Fault | None:
        """Return the fault for the next call of an operation."""
        with self._lock:
            for armed in self._armed:
                if armed.takes(operation):
                    self.injected += 1
                    return armed.fault
        return None
