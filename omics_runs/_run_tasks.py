"""All tasks of a run, page by page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omics_runs._core import Failure, outcome
from omics_runs._errors import UnreadableResponseError
from omics_runs._generated.models import ListRunTasksRequest, TaskListItem
from omics_runs._paging import MOST_PAGES, Walk, endless

if TYPE_CHECKING:
    from omics_runs._effects import Flow
    from omics_runs._env import Env

PAGE = 100
"""How many tasks the service tells at a time at most."""


def all_tasks(run_id: str, env: Env) -> Flow[tuple[tuple[TaskListItem, ...], Failure | None]]:
    """Return the tasks of a run, and what kept the others from being told, if something did."""
    first = ListRunTasksRequest(id=run_id, max_results=PAGE)
    walk, found = Walk(first, None), list[TaskListItem]()
    for _ in range(MOST_PAGES):
        request = walk.next_or_error()
        if request is None or isinstance(request, UnreadableResponseError):
            return tuple(found), request
        page = yield from outcome(request, env, env.timeout, env.retry)
        if isinstance(page, Exception):
            return tuple(found), page
        walk.turn(request, page)
        found += page.items
    return tuple(found), endless(first)
