"""Tests of decoded JSON and of callers' values, in terms that type checkers can follow."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from functools import reduce
from inspect import iscoroutinefunction
from typing import Any, TypeGuard


def is_mapping(value: object) -> TypeGuard[Mapping[Any, Any]]:
    """Return whether `value` is a mapping of anything to anything."""
    return isinstance(value, (dict, Mapping))  # dict first: the other takes its time


def is_object(value: object) -> TypeGuard[dict[str, Any]]:
    """Return whether `value`, decoded JSON, is an object."""
    return isinstance(value, dict)


def is_array(value: object) -> TypeGuard[list[Any]]:
    """Return whether `value`, decoded JSON, is an array."""
    return isinstance(value, list)


def is_sequence(value: object) -> TypeGuard[list[Any] | tuple[Any, ...]]:
    """Return whether `value` is a list or a tuple."""
    return isinstance(value, (list, tuple))


LONGEST = 1e9
"""Seconds of the longest finite time that is accepted, some 30 years."""

A_TIME = f"a number of seconds from 0 to {LONGEST:,.0f}"
A_TIME_ABOVE_0 = f"a number of seconds above 0, at most {LONGEST:,.0f}"
"""What is to be given, for messages."""


def is_time(value: object) -> TypeGuard[int | float]:
    """Return whether `value` is a number of seconds that clocks can count, or infinity."""
    return is_number(value) and (0 <= value <= LONGEST or value == math.inf)


def is_number(value: object) -> TypeGuard[int | float]:
    """Return whether `value` is a number; booleans are not."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def is_importable(value: object) -> bool:
    """Return whether `value` is a function or class that its module has under its own name."""
    names = str(getattr(value, "__qualname__", "")).split(".")
    module: object = sys.modules.get(str(getattr(value, "__module__", None)))
    return reduce(lambda place, name: getattr(place, name, None), names, module) is value


def is_async(function: object) -> bool:
    """Return whether calling `function` gives something to be awaited, by its declaration."""
    call = getattr(function, "__call__", None)  # noqa: B004  (an object with an async __call__)
    return iscoroutinefunction(function) or iscoroutinefunction(call)
