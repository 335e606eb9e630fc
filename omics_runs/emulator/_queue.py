"""Who waits for a slot, who has one, and who comes next.

Runs wait in lanes, one for each run group and one for those of no group. Within a lane the order
is strict: by priority, then by age. A lane whose first run does not fit its group holds up no
other lane.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator

from attrs import define, field, frozen


@frozen(order=True)
class Ticket:
    """A run's wish for a slot; tickets are ordered by who comes first."""

    rank: tuple[int, int]
    """Its priority, negated, and its place in the order of all runs' starts.

    Assumption: larger priorities come first, as the service's console and its batches have it;
    the reference of StartRun says that 1 is the highest.
    """
    run_id: str = field(order=False)
    group_id: str | None = field(order=False)
    cpus: int = field(order=False)
    gpus: int = field(order=False)


@frozen(kw_only=True)
class Limits:
    """What the active runs of a group may have together; None for as much as they like."""

    runs: int | None = None
    cpus: int | None = None
    gpus: int | None = None

    def share(self, ticket: Ticket) -> Share:
        """Return what a run takes.

        Assumption: never more than its group may have, so that any run fits when it is alone.
        """
        return Share(1, _at_most(ticket.cpus, self.cpus), _at_most(ticket.gpus, self.gpus))

    def allow(self, used: Share) -> bool:
        """Return whether the group may have so much."""
        pairs = ((used.runs, self.runs), (used.cpus, self.cpus), (used.gpus, self.gpus))
        return all(limit is None or count <= limit for count, limit in pairs)


@frozen
class Share:
    """What one or more runs have of their group."""

    runs: int = 0
    cpus: int = 0
    gpus: int = 0

    def plus(self, other: Share) -> Share:
        """Return both together."""
        return Share(self.runs + other.runs, self.cpus + other.cpus, self.gpus + other.gpus)

    def minus(self, other: Share) -> Share:
        """Return what is left without the other."""
        return Share(self.runs - other.runs, self.cpus - other.cpus, self.gpus - other.gpus)


def _at_most(count: int, limit: int | None) -> int:
    return count if limit is None else min(count, limit)


@define
class _Lane:
    """The runs of one group, and what those that are active use of it."""

    limits: Limits = field(factory=Limits)
    waiting: list[Ticket] = field(factory=list[Ticket])
    """A heap, in which those who have left stay until they come first."""
    active: dict[str, Ticket] = field(factory=dict[str, Ticket])
    used: Share = field(factory=Share)
    offered: Ticket | None = None
    """The last that was told to the queue as ready, which it has not looked at yet."""

    def fits(self, ticket: Ticket) -> bool:
        return self.limits.allow(self.used.plus(self.limits.share(ticket)))

    def take(self, ticket: Ticket) -> None:
        self.active[ticket.run_id] = ticket
        self.used = self.used.plus(self.limits.share(ticket))

    def give_back(self, ticket: Ticket) -> None:
        del self.active[ticket.run_id]
        self.used = self.used.minus(self.limits.share(ticket))

    def limit(self, limits: Limits) -> None:
        self.limits, self.used = limits, Share()
        for ticket in self.active.values():
            self.used = self.used.plus(limits.share(ticket))


class Queue:
    """All lanes, and the slots of the account.

    Joining, leaving and being admitted take time as the logarithm of the number of runs.

    Args:
        slots: How many runs may be active at a time; None for as many as like.
    """

    def __init__(self, slots: int | None) -> None:
        self._slots = slots
        self._lanes: dict[str | None, _Lane] = {}
        self._waiting: dict[str, Ticket] = {}
        self._active: dict[str, Ticket] = {}
        self._ready: list[Ticket] = []
        """A heap of lanes' first tickets that fit their groups, or did when they were put here."""

    def knows(self, run_id: str) -> bool:
        """Return whether a run waits, or has a slot."""
        return run_id in self._waiting or run_id in self._active

    def join(self, ticket: Ticket) -> None:
        """Wait for a slot."""
        lane = self._lane(ticket.group_id)
        self._waiting[ticket.run_id] = ticket
        heapq.heappush(lane.waiting, ticket)
        self._offer(lane)

    def resume(self, ticket: Ticket) -> None:
        """Have a slot that was given before, whether or not there is room."""
        self._active[ticket.run_id] = ticket
        self._lane(ticket.group_id).take(ticket)

    def leave(self, run_id: str) -> None:
        """Wait no longer, or give a slot back; a run that does neither is left alone."""
        waiting, active = self._waiting.pop(run_id, None), self._active.pop(run_id, None)
        if active is not None:
            self._lane(active.group_id).give_back(active)
        ticket = waiting or active
        if ticket is not None:
            self._offer(self._lane(ticket.group_id))

    def limit(self, group_id: str, limits: Limits) -> None:
        """Set what a group may have from now on; who has a slot keeps it."""
        lane = self._lane(group_id)
        lane.limit(limits)
        self._offer(lane)

    def admit(self) -> Iterator[str]:
        """Give slots to all for whom there is room, and yield their runs' ids."""
        while self._ready and (self._slots is None or len(self._active) < self._slots):
            ticket = heapq.heappop(self._ready)
            lane = self._lane(ticket.group_id)
            if lane.offered == ticket:
                lane.offered = None
            if self._first(lane) == ticket and lane.fits(ticket):
                self._admit(lane, ticket)
                yield ticket.run_id

    def _admit(self, lane: _Lane, ticket: Ticket) -> None:
        heapq.heappop(lane.waiting)
        del self._waiting[ticket.run_id]
        self._active[ticket.run_id] = ticket
        lane.take(ticket)
        self._offer(lane)

    def _lane(self, group_id: str | None) -> _Lane:
        return self._lanes.setdefault(group_id, _Lane())

    def _offer(self, lane: _Lane) -> None:
        """Put a lane's first run among those that are ready, if it fits its group."""
        first = self._first(lane)
        if first is not None and first != lane.offered and lane.fits(first):
            lane.offered = first
            heapq.heappush(self._ready, first)

    def _first(self, lane: _Lane) -> Ticket | None:
        """Return who comes first in a lane, once those have been dropped who have left."""
        while lane.waiting and self._waiting.get(lane.waiting[0].run_id) != lane.waiting[0]:
            heapq.heappop(lane.waiting)
        return lane.waiting[0] if lane.waiting else None
