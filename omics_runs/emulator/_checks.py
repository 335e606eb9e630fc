"""What a fault's members may be: tests of single values, and the sentence for those that fail."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, TypeAlias

import attrs

from omics_runs._narrow import LONGEST, is_mapping, is_number

Validator: TypeAlias = Callable[[Any, "attrs.Attribute[Any]", Any], None]


def must(be: str, test: Callable[[Any], bool]) -> Validator:
    """Return a validator of attrs.

    Args:
        be: What the value must be, for the message.
        test: Whether it is that.
    """

    def check(_: object, attribute: attrs.Attribute[Any], value: object) -> None:
        if not test(value):
            msg = f"{attribute.name} must {be}, got {value!r}"
            raise ValueError(msg)

    return check


def is_whole(value: object, least: int, most: float = float("inf")) -> bool:
    """Return whether `value` is a whole number within bounds."""
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def is_flag(value: object) -> bool:
    """Return whether `value` is True or False."""
    return isinstance(value, bool)


def is_text(value: object) -> bool:
    """Return whether `value` is a string."""
    return isinstance(value, str)


def is_share(value: object) -> bool:
    """Return whether `value` is a number above 0 and up to 1."""
    return is_number(value) and 0 < value <= 1


def is_delay(value: object) -> bool:
    """Return whether `value` is a number of seconds that clocks can count."""
    return is_number(value) and 0 <= value <= LONGEST


def is_header_value(value: object) -> bool:
    """Return whether `value` can be sent in a header: printable ASCII, no line breaks."""
    return isinstance(value, str) and re.fullmatch(r"[\t\x20-\x7e]*", value) is not None


def is_code(value: object) -> bool:
    """Return whether `value` can be an error code, which is sent in a header."""
    return value != "" and is_header_value(value)


def are_headers(value: object) -> bool:
    """Return whether `value` maps names of headers to values that can be sent."""
    return is_mapping(value) and all(
        isinstance(name, str)
        and re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", name)
        and is_header_value(text)
        for name, text in value.items()
    )


def are_members(value: object) -> bool:
    """Return whether `value` maps one name or more to what JSON can say."""
    if not (is_mapping(value) and value and all(isinstance(name, str) for name in value)):
        return False
    try:
        json.dumps(dict(value), allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        return False
    return True
