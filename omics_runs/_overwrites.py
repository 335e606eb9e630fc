"""Where runs would overwrite each other's files.

By default the service makes a folder for each run below its `output_uri`. With
NONE_WITH_OVERWRITE there is none, so two runs with one `output_uri` replace each other's results,
and nothing tells.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from omics_runs._generated.enums import RunOutputUriPrefixMode
from omics_runs._generated.models import GetRunResponse, StartRunRequest

OVERWRITE = RunOutputUriPrefixMode.NONE_WITH_OVERWRITE


def place_of(request: StartRunRequest) -> str | None:
    """Return where a run writes without a folder of its own; None if it has one."""
    if request.output_uri_prefix_mode != OVERWRITE:
        return None
    return _same(request.output_uri)


def overwrites(request: StartRunRequest, source: GetRunResponse) -> bool:
    """Return whether a run in place of `source` would write where that has written."""
    mode = request.output_uri_prefix_mode or source.output_uri_prefix_mode
    return mode == OVERWRITE and _same(request.output_uri) == _same(source.output_uri)


def twins(requests: Iterable[tuple[str, StartRunRequest]]) -> Iterator[tuple[str, str, str]]:
    """Yield the names of two that write to one place, the earlier one first, and the place.

    Those of the same name are passed over.
    """
    first: dict[str, str] = {}
    for name, request in requests:
        place = place_of(request)
        if place is not None and first.setdefault(place, name) != name:
            yield first[place], name, place


def _same(uri: Any) -> str | None:
    """Return what all spellings of a place have in common; None for what is no place."""
    return uri.rstrip("/") if isinstance(uri, str) else None
