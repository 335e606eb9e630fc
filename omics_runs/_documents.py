"""JSON documents: free in form, never touched."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from omics_runs._narrow import is_array, is_mapping, is_sequence


def copy_document(value: Mapping[str, object] | None) -> Any:
    """Return a copy of the containers in a document, so that later changes don't reach it.

    Nulls, numbers and key case stay as they are, and so does what is not JSON: the request's
    validation has the words for that. A document that contains itself is copied as such.
    """
    return _copy(value, {})


def _copy(value: Any, seen: dict[int, Any]) -> Any:
    place = id(value)
    if place in seen:
        return seen[place]
    if is_mapping(value):
        seen[place] = made = dict[Any, Any]()
        made.update((key, _copy(item, seen)) for key, item in value.items())
        return made
    if is_sequence(value):
        seen[place] = twin = list[Any]()
        twin.extend(_copy(item, seen) for item in value)
        return twin
    return value


def copy_items(value: Sequence[str] | None) -> Any:
    """Return a list as a tuple; anything else as it is, for validation to name."""
    return tuple(value) if is_array(value) else value


def copy_mapping(value: Mapping[str, str] | None) -> Any:
    """Return a mapping as a dict of its own; anything else as it is, for validation to name."""
    return dict(value) if is_mapping(value) else value
