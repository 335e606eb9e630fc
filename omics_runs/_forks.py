"""What has to be made anew in a forked child: locks that nobody will release, connections.

A fork copies the memory, but of all threads only the one that forked. A lock that another thread
held at that moment stays locked for ever, and a connection would be shared with the parent.
"""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from typing import Any, Protocol
from weakref import WeakSet


class Renewable(Protocol):
    """Something that does not survive a fork as it is."""

    def renew(self) -> None:
        """Begin afresh, in a child that has one thread and knows nothing of the parent's."""
        ...


_RENEWABLES: WeakSet[Renewable] = WeakSet()


def renew_in_children(thing: Renewable) -> None:
    """Have `thing` renewed in each process that is forked from now on, for as long as it lives."""
    _RENEWABLES.add(thing)


def _renew_all() -> None:
    for thing in list(_RENEWABLES):
        thing.renew()


_os: Any = os  # for type checkers that look from Windows, which has no fork
with suppress(AttributeError):
    _os.register_at_fork(after_in_child=_renew_all)


class Lock:
    """A lock between threads that is free in a forked child, whoever held it in the parent.

    It is used as `with lock.current:`. So a thread that forks while it holds the lock releases the
    one that it took, and Ctrl-C can't fall between taking the lock and entering the block.
    """

    current: threading.Lock

    def __init__(self) -> None:
        self.renew()
        renew_in_children(self)

    def renew(self) -> None:
        """Replace the lock by one that is free."""
        self.current = threading.Lock()
