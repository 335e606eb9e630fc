"""How often the service lets an account call each operation, as far as it says so."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

SERVICE_RATES: Mapping[str, float] = MappingProxyType(
    {
        "StartRun": 1.0,
        "CancelRun": 10.0,
        "DeleteRun": 10.0,
        "GetRun": 10.0,
        "GetRunTask": 10.0,
        "ListRunTasks": 10.0,
        "ListRuns": 10.0,
        "CreateRunGroup": 10.0,
        "DeleteRunGroup": 10.0,
        "GetRunGroup": 10.0,
        "ListRunGroups": 10.0,
        "UpdateRunGroup": 10.0,
        "CreateRunCache": 10.0,
        "DeleteRunCache": 10.0,
        "GetRunCache": 10.0,
        "ListRunCaches": 10.0,
        "UpdateRunCache": 10.0,
        "GetWorkflow": 10.0,
        "ListWorkflows": 10.0,
        "CreateWorkflow": 5.0,
        "TagResource": 5.0,
        "UntagResource": 5.0,
        "ListTagsForResource": 5.0,
    }
)
"""Calls a second of each operation that the service allows by default, in an account and region.

They are those of https://docs.aws.amazon.com/omics/latest/dev/api-quotas.html, which tells nothing
of the operations that are missing here. AWS raises them on request.
"""
