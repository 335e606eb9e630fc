"""What happens by itself: actions at moments, played in time order when somebody looks."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable
from typing import TypeAlias

Action: TypeAlias = Callable[[float], None]
"""What is to be done at a moment, which it gets."""


_Entry: TypeAlias = tuple[float, int, Action]
"""A moment, a number that no other entry has, and what is to be done: as tuples sort fast."""


class Agenda:
    """Actions in the order of their moments; no thread plays them.

    Args:
        afterwards: What follows at a moment when all is done that was due at it. It is called
            again if that brings more to be done at the same moment.
    """

    def __init__(self, afterwards: Action) -> None:
        self._afterwards = afterwards
        self._entries: list[_Entry] = []
        self._places = itertools.count()

    def at(self, moment: float, action: Action) -> None:
        """Do something at a moment; those at the same one keep the order of these calls."""
        heapq.heappush(self._entries, (moment, next(self._places), action))

    def advance(self, now: float) -> None:
        """Play all that is due by now, each action at its own moment."""
        while self._entries and self._entries[0][0] <= now:
            moment = self._entries[0][0]
            self._play(moment)
            self._afterwards(moment)

    def _play(self, moment: float) -> None:
        while self._entries and self._entries[0][0] == moment:
            *_, action = heapq.heappop(self._entries)
            action(moment)
