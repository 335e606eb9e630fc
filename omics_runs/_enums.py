"""Enums that survive values which are newer than this SDK."""

from __future__ import annotations

from enum import StrEnum
from typing import Self


class OpenStrEnum(StrEnum):
    """A string enum that is open: the service may add values at any time.

    A value that this release doesn't know becomes a member all the same. It equals its string,
    answers False to `is_known`, and is not met when the class is iterated over. Two of the same
    value are equal, but not identical: compare with `==`.
    """

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        if not isinstance(value, str):
            return None
        member = str.__new__(cls, value)
        member._name_ = value
        member._value_ = value
        return member

    @property
    def is_known(self) -> bool:
        """Whether this release of the SDK knows the value."""
        return self._value_ in type(self)._value2member_map_
