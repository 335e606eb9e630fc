"""The lock of an emulator, under which everything happens."""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import TracebackType


class Lock:
    """A lock that its owner can take again, and that has all changes saved before it is free.

    So whoever was answered, or finds something changed, can rely on it.

    Args:
        save: Saves what has changed; called while the lock is still held.
    """

    def __init__(self, save: Callable[[], None]) -> None:
        self._lock = threading.RLock()
        self._save = save
        self._depth = 0

    def __enter__(self) -> None:
        self._lock.acquire()
        self._depth += 1

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._depth -= 1
        try:
            if self._depth == 0:
                self._save()
        finally:
            self._lock.release()
