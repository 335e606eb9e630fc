"""What the service's model asks of a request's members, as data that can find problems."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from enum import Enum
from typing import TYPE_CHECKING, Protocol, TypeAlias, cast

from attrs import frozen

from omics_runs._documents import MAX_DEPTH

if TYPE_CHECKING:
    from omics_runs._enums import OpenStrEnum

Problem: TypeAlias = tuple[str, str]
"""Where, as the member's Python name and the way into it, and what is wrong there."""

_Container: TypeAlias = Mapping[object, object] | list[object] | tuple[object, ...]


EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

QUOTE_LIMIT = 60
"""Characters of a value that a message or a repr shows."""


class Rule(Protocol):
    """One member's constraints."""

    def problems(self, value: object, path: str) -> Iterator[Problem]:
        """Yield what is wrong with `value`, which stands at `path`."""
        ...


def kind(value: object) -> str:
    """Return how a message names the type of a value."""
    return "null" if value is None else type(value).__name__


def quoted(value: object) -> str:
    """Return a value as a message shows it: cut to a length that can be read."""
    try:
        text = repr(value)
    except ValueError:  # an integer of thousands of digits
        text = f"<{kind(value)}>"
    return text if len(text) <= QUOTE_LIMIT else f"{text[: QUOTE_LIMIT - 2]}…{text[-1]}"


@frozen
class Text:
    """A string, with its length in characters and its pattern."""

    min: int = 0
    max: int | None = None
    pattern: str | None = None
    secret: bool = False

    def problems(self, value: object, path: str) -> Iterator[Problem]:
        if not isinstance(value, str):
            hint = "; pass its .id" if hasattr(value, "id") else ""
            yield path, f"must be a string, got {kind(value)}{hint}"
            return
        if not self._length_fits(len(value)):
            yield path, f"must have {self._length()}, got {len(value):,}"
        elif self.pattern is not None and not re.fullmatch(self.pattern, value):
            shown = "" if self.secret else f", got {quoted(str(value))}"
            yield path, f"must match {self.pattern}{shown}"
        elif not is_unicode(value):
            yield path, "must be Unicode text, got half of a surrogate pair"

    def _length_fits(self, length: int) -> bool:
        return self.min <= length and (self.max is None or length <= self.max)

    def _length(self) -> str:
        return span(self.min, self.max, "characters")


@frozen
class Integer:
    """A whole number within a range."""

    min: int | None = None
    max: int | None = None

    def problems(self, value: object, path: str) -> Iterator[Problem]:
        if not isinstance(value, int) or isinstance(value, bool):
            yield path, f"must be a whole number, got {kind(value)}"
        elif (self.min is not None and value < self.min) or (
            self.max is not None and value > self.max
        ):
            yield path, f"must be {span(self.min, self.max)}, got {quoted(value)}"


@frozen
class Flag:
    """True or False."""

    def problems(self, value: object, path: str) -> Iterator[Problem]:
        if not isinstance(value, bool):
            yield path, f"must be True or False, got {kind(value)}"


@frozen
class Moment:
    """A moment in time, from 1970 on, that says which zone it is meant in."""

    def problems(self, value: object, path: str) -> Iterator[Problem]:
        if not isinstance(value, datetime):
            yield path, f"must be a datetime, got {kind(value)}"
        elif value.tzinfo is None:
            yield path, f"must have a time zone, such as tzinfo=UTC, got {quoted(str(value))}"
        elif value < EPOCH:
            yield path, f"must not be before 1970, got {quoted(str(value))}"


@frozen
class Choice:
    """A known value of an open enum, or any member of it, known or not."""

    enum: type[OpenStrEnum]

    def problems(self, value: object, path: str) -> Iterator[Problem]:
        if isinstance(value, self.enum):
            return
        known = self.enum._value2member_map_
        if not isinstance(value, str) or isinstance(value, Enum) or value not in known:
            what = f"must be one of {', '.join(self.enum)}, got {quoted(value)}"
            yield path, f"{what} (for a value newer than this SDK pass {self.enum.__name__}(…))"


@frozen
class Items:
    """A list whose members follow one rule."""

    each: Rule
    min: int = 0
    max: int | None = None

    def problems(self, value: object, path: str) -> Iterator[Problem]:
        if isinstance(value, (str, bytes)) or not isinstance(value, Sequence):
            yield path, f"must be a list, got {kind(value)}"
            return
        items = cast("Sequence[object]", value)
        if len(items) < self.min or (self.max is not None and len(items) > self.max):
            yield path, f"must have {span(self.min, self.max, 'items')}, got {len(items)}"
        for place, item in enumerate(items):
            yield from self.each.problems(item, f"{path}[{place}]")


@frozen
class Pairs:
    """A map from strings to values of one rule."""

    key: Rule
    value: Rule
    min: int = 0
    max: int | None = None

    def problems(self, value: object, path: str) -> Iterator[Problem]:
        if not isinstance(value, Mapping):
            yield path, f"must be a mapping, got {kind(value)}"
            return
        entries = cast("Mapping[object, object]", value)
        if len(entries) < self.min or (self.max is not None and len(entries) > self.max):
            yield path, f"must have {span(self.min, self.max, 'entries')}, got {len(entries)}"
        for key, item in entries.items():
            yield from self.key.problems(key, f"{path} key {quoted(key)}")
            yield from self.value.problems(item, f"{path}[{quoted(key)}]")


@frozen
class Document:
    """A JSON object, free in form, that is sent exactly as it is."""

    def problems(self, value: object, path: str) -> Iterator[Problem]:
        if not isinstance(value, Mapping):
            yield path, f"must be a mapping (a JSON object), got {kind(value)}"
        else:
            yield from _json_problems(cast("Mapping[object, object]", value), path, ())


def is_unicode(text: str) -> bool:
    """Return whether a text can be encoded; half of a surrogate pair can not."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def span(low: int | None, high: int | None, unit: str = "") -> str:
    """Return a range in words: `1 to 128 characters`, `at least 1`."""
    tail = f" {unit}" if unit else ""
    if high is None:
        return f"at least {low:,}{tail}"
    if low is None:
        return f"at most {high:,}{tail}"
    return f"exactly {low:,}{tail}" if low == high else f"{low:,} to {high:,}{tail}"


def _json_problems(value: object, path: str, parents: tuple[int, ...]) -> Iterator[Problem]:
    match value:
        case None | bool() | str():
            return
        case float() if not math.isfinite(value):
            yield path, f"{value} is not JSON; use a finite number or null"
        case int() | float():
            return
        case Mapping() | list() | tuple():
            yield from _nested_problems(cast("_Container", value), path, parents)
        case _:
            yield path, f"{kind(value)} is not JSON; use objects, arrays, strings, numbers, null"


def _nested_problems(value: _Container, path: str, parents: tuple[int, ...]) -> Iterator[Problem]:
    if id(value) in parents:
        yield path, "contains itself, which JSON can't express"
        return
    if len(parents) >= MAX_DEPTH:
        yield path, f"is nested deeper than {MAX_DEPTH} levels"
        return
    inside = (*parents, id(value))
    if not isinstance(value, Mapping):
        for place, item in enumerate(value):
            yield from _json_problems(item, f"{path}[{place}]", inside)
        return
    for key, item in value.items():
        if isinstance(key, str):
            yield from _json_problems(item, f"{path}.{key}", inside)
        else:
            yield path, f"key {quoted(key)} must be a string, as JSON keys are"
