"""What is often behind an error whose own words mislead."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from omics_runs._request import Request

NOT_FOUND = "ResourceNotFoundException"

TYPE_MEMBER: Mapping[str, str] = {
    "StartRunRequest": "workflow_type",
    "GetWorkflowRequest": "type",
    "GetWorkflowVersionRequest": "type",
    "ListWorkflowVersionsRequest": "type",
}
"""The member of each request that says who publishes the workflow."""


def hint_for(request: Request[Any], code: str, message: str) -> str | None:
    """Return what may be behind an error, or None; one that is about something else needs none.

    A READY2RUN workflow that is asked for without its type is answered by a 404, as if it did not
    exist (https://github.com/awslabs/aws-healthomics-tools/issues/232).
    """
    member = TYPE_MEMBER.get(type(request).__name__)
    if code != NOT_FOUND or member is None or getattr(request, member) is not None:
        return None
    if getattr(request, "workflow_id", None) is None and getattr(request, "id", None) is None:
        return None  # a duplicate of a run
    if message and "workflow" not in message.lower():
        return None  # a run group, a cache, a configuration
    return f"if it is a READY2RUN workflow, give {member}='READY2RUN'"
