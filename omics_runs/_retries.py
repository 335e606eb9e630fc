"""A run in place of a failed one: what it is started with, and how that is kept."""

from __future__ import annotations

import json

from attrs import frozen

from omics_runs._generated.models import GetRunResponse, StartRunRequest
from omics_runs._run_ref import RunRef
from omics_runs._submission import RunSpec


@frozen
class Retry:
    """A run to be started in place of a spec's failed one."""

    spec: RunSpec
    generation: int
    replaces: RunRef
    """The failed run."""
    request: StartRunRequest
    """What to start; its request id follows from the generation."""
    is_overwriting: bool
    """Whether the failed run's files would be overwritten."""


def duplicate_of(request: StartRunRequest, failed: GetRunResponse) -> StartRunRequest:
    """Return a spec's own request as that of a run in place of the failed one.

    Assumption: what a duplicate's request gives itself counts, the workflow's id included.
    """
    members = {
        "run_id": failed.id,
        "cache_id": failed.cache_id,
        "cache_behavior": failed.cache_behavior,
    }
    return request.replace(**{name: value for name, value in members.items() if value is not None})


def text_of(request: StartRunRequest) -> str:
    """Return a request as JSON, its request id left aside.

    Raises:
        TypeError, ValueError, RecursionError: It has a part that is no JSON.
    """
    content = request.to_dict()
    del content["requestId"]
    return json.dumps(content)


def request_of(text: str) -> StartRunRequest:
    """Return the request that `text_of` made text of."""
    return StartRunRequest.from_dict(json.loads(text))
