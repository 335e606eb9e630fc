"""JSON documents: free in form, never touched."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from omics_runs._narrow import is_mapping, is_sequence

if TYPE_CHECKING:
    from omics_runs._model import Structure

MAX_DEPTH = 200
"""Deepest nesting of a JSON document that is accepted; json itself gives up near 1,000."""


def copy_document(value: Mapping[str, object] | None) -> Any:
    """Return a copy of the containers in a document, so that later changes don't reach it.

    Nulls, numbers and key case stay as they are, and so does what is not JSON, contains itself or
    is nested too deeply: the request's validation has the words for that.
    """
    return _copy(value, ())


def _copy(value: Any, parents: tuple[object, ...]) -> Any:
    if isinstance(value, (str, int, float)):
        return value  # nearly all there is
    if len(parents) > MAX_DEPTH or any(value is parent for parent in parents):
        return value  # too deep, or inside itself
    if is_mapping(value):
        return {key: _copy(item, (*parents, value)) for key, item in value.items()}
    if is_sequence(value):
        return [_copy(item, (*parents, value)) for item in value]
    return value


def copy_items(value: Sequence[str | Structure] | None) -> Any:
    """Return a sequence as a tuple; anything else as it is, for validation to name."""
    is_text = isinstance(value, (str, bytes))
    return tuple(value) if isinstance(value, Sequence) and not is_text else value


def copy_mapping(value: Mapping[str, str] | None) -> Any:
    """Return a mapping as a dict of its own; anything else as it is, for validation to name."""
    return dict(value) if is_mapping(value) else value
