"""From a JSON object to the arguments of a function, by the function's own annotations.

What a function or a class takes is written once, in Python: a new argument of it is understood
here without a change.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import attrs

from omics_runs._narrow import is_array, is_number, is_object

T = TypeVar("T")

LONGEST_SHOWN = 60
"""Characters of a wrong value that a message shows."""


def call(function: Callable[..., T], members: object, path: str = "") -> T:
    """Call a function or a class with the members of a JSON object as its arguments.

    Args:
        function: What to call; it can be called with keywords, and all arguments are annotated.
        members: The decoded JSON.
        path: Where that stands, for messages.

    Raises:
        ValueError: The members are not such arguments; the text names what would be.
    """
    arguments = _arguments(function, members, path)
    try:
        return function(**arguments)
    except ValueError as error:
        raise ValueError(_at(path) + str(error)) from None


def _arguments(function: Callable[..., Any], members: object, path: str) -> dict[str, Any]:
    if not is_object(members):
        msg = f"{path or 'the body'} must be a JSON object, got {_shown(members)}"
        raise ValueError(msg)
    known = inspect.signature(function).parameters
    _check_names(members, known, path)
    kinds = get_type_hints(function)
    prefix = f"{path}." if path else ""
    return {name: _read(kinds[name], value, prefix + name) for name, value in members.items()}


def _check_names(
    given: Mapping[str, Any], known: Mapping[str, inspect.Parameter], path: str
) -> None:
    wrong = [f"there is no {name!r}" for name in given if name not in known]
    wrong += [
        f"{name} is missing"
        for name, parameter in known.items()
        if parameter.default is parameter.empty and name not in given
    ]
    if wrong:
        msg = f"{_at(path)}{', '.join(wrong)}; there are {', '.join(known) or 'none'}"
        raise ValueError(msg)


def _at(path: str) -> str:
    return f"{path}: " if path else ""


def _read(kind: Any, value: Any, path: str) -> Any:
    """Return decoded JSON as a value of a type."""
    if kind is Any:
        return value
    origin = get_origin(kind)
    if origin in {Union, UnionType}:
        return _read_one_of(get_args(kind), value, path)
    if attrs.has(kind):
        return call(kind, value, path)
    if not _fits(kind, value):
        msg = f"{path} must be {_name(kind)}, got {_shown(value)}"
        raise ValueError(msg)
    if origin in {Sequence, tuple}:
        item = get_args(kind)[0]
        return tuple(_read(item, each, f"{path}[{place}]") for place, each in enumerate(value))
    if origin is Mapping:
        item = get_args(kind)[1]
        return {name: _read(item, each, f"{path}.{name}") for name, each in value.items()}
    return value.encode() if kind is bytes else value


def _read_one_of(kinds: Sequence[Any], value: Any, path: str) -> Any:
    """Return a value of the first type that takes it; with only one to choose, that one tells."""
    if value is None and NoneType in kinds:
        return None
    others = [kind for kind in kinds if kind is not NoneType]
    for kind in others:
        if len(others) == 1 or _fits(kind, value):
            return _read(kind, value, path)
    msg = f"{path} must be {' or '.join(map(_name, others))}, got {_shown(value)}"
    raise ValueError(msg)


def _fits(kind: Any, value: object) -> bool:
    """Return whether a value is, at its surface, what stands for a type in JSON."""
    origin = get_origin(kind)
    if origin is Literal:
        return isinstance(value, str) and value in get_args(kind)
    if origin in {Sequence, tuple}:
        return is_array(value) and _length(kind) in {None, len(value)}
    if origin is Mapping:
        return is_object(value)
    if kind is float:
        return is_number(value)
    if kind is int:
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, str if kind is bytes else kind)


NAMES: Mapping[Any, str] = {
    str: "a string",
    bytes: "a string",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    Sequence: "a list",
    tuple: "a list",
    Mapping: "an object",
}
"""What stands for types in JSON, in words."""


def _name(kind: Any) -> str:
    if get_origin(kind) is Literal:
        return " or ".join(f'"{choice}"' for choice in get_args(kind))
    length = _length(kind)
    return NAMES[get_origin(kind) or kind] + (f" of {length}" if length else "")


def _length(kind: Any) -> int | None:
    """Return how many items a tuple must have; None for any number, and for all other types."""
    items = get_args(kind)
    return len(items) if get_origin(kind) is tuple and Ellipsis not in items else None


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…"
