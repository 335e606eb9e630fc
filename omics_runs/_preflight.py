"""Rules that tie several members of one request together, by the request's or the part's name.

The service would find them out too, but slowly: after a round trip, or minutes into a paid run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from omics_runs._rules import Problem


def problems(request: object) -> Iterator[Problem]:
    """Yield what is wrong with how the members of `request` go together."""
    for kind in type(request).__mro__:
        for rule in RULES.get(kind.__name__, ()):
            yield from rule(request)


def not_a_member(key: str, kind: str) -> str:
    """Return what is wrong with a member that a part of a request doesn't have."""
    return f"is not a member of {kind}"


def _needs_something_to_run(request: Any) -> Iterator[Problem]:
    if request.workflow_id is None and request.run_id is None:
        yield "workflow_id", "give workflow_id to start a workflow, or run_id to duplicate a run"


RULES: dict[str, tuple[Callable[[Any], Iterator[Problem]], ...]] = {
    "StartRunRequest": (_needs_something_to_run,),
}
"""The rules of each request, and of each part of one."""
