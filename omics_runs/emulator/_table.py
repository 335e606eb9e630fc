"""Dictionaries that can tell what has changed in them, so that it is kept elsewhere too."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import TYPE_CHECKING, Generic, TypeVar

from attrs import field, frozen

K = TypeVar("K")
V = TypeVar("V")


@frozen
class Changes(Generic[K]):
    """Keys of what has changed in a table since somebody looked; what was removed came first."""

    removed: dict[K, None] = field(factory=dict[K, None])
    set: dict[K, None] = field(factory=dict[K, None])

    def note_set(self, key: K) -> None:
        """Note that a row was set."""
        self.set[key] = None

    def note_removed(self, key: K) -> None:
        """Note that a row was removed; one that comes back is a new one."""
        self.set.pop(key, None)
        self.removed[key] = None

    def __bool__(self) -> bool:
        return bool(self.removed or self.set)


class Table(dict[K, V]):
    """One collection of a store. The rows that it is made of count as no changes."""

    changes: Changes[K] | None = None
    """What has changed; None as long as nobody wants to know."""

    def __setitem__(self, key: K, value: V) -> None:
        super().__setitem__(key, value)
        if self.changes is not None:
            self.changes.note_set(key)

    def __delitem__(self, key: K) -> None:
        super().__delitem__(key)
        if self.changes is not None:
            self.changes.note_removed(key)

    if TYPE_CHECKING:
        """The rest is typed as that of dict, which itself would not come by here."""
    else:

        def pop(self, key: K, *default: V) -> V:
            if key not in self:
                return super().pop(key, *default)
            row = self[key]
            del self[key]
            return row

        clear = MutableMapping.clear
        popitem = MutableMapping.popitem
        setdefault = MutableMapping.setdefault
        update = MutableMapping.update
        __ior__ = None
