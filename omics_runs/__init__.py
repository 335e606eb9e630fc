"""The typed Python SDK for AWS HealthOmics workflow runs.

```python
from omics_runs import OmicsRunsClient, RunStatus

with OmicsRunsClient(region="us-west-2") as client:
    started = client.start_run(
        workflow_id="1234567",
        role_arn="arn:aws:iam::123456789012:role/OmicsRole",
        output_uri="s3://my-bucket/output",
    )
    run = client.wait_until(started, RunStatus.COMPLETED, timeout=86_400)
```
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from omics_runs._lazy import lazily

if TYPE_CHECKING:
    from omics_runs import errors, models
    from omics_runs._async_client import AsyncOmicsRunsClient
    from omics_runs._checkpoint import RunCheckpoint
    from omics_runs._client import OmicsRunsClient
    from omics_runs._credentials import Credentials
    from omics_runs._diagnosis import Diagnosis, FailedTask
    from omics_runs._events import BatchEvent, RunEvent, TaskEvent, parse_event
    from omics_runs._generated.enums import (
        Accelerators,
        BatchStatus,
        CacheBehavior,
        ConfigurationStatus,
        FailureReason,
        NetworkingMode,
        RunCacheStatus,
        RunExport,
        RunLogLevel,
        RunOutputUriPrefixMode,
        RunRetentionMode,
        RunStatus,
        ScratchStorageMode,
        SourceReferenceType,
        StorageType,
        SubmissionStatus,
        TaskStatus,
        WorkflowEngine,
        WorkflowExport,
        WorkflowStatus,
        WorkflowType,
    )
    from omics_runs._generated.models import (
        CancelRunRequest,
        CancelRunResponse,
        ConfigurationDetails,
        DeleteRunRequest,
        DeleteRunResponse,
        GetRunRequest,
        GetRunResponse,
        GetRunTaskRequest,
        GetRunTaskResponse,
        ImageDetails,
        ListRunsRequest,
        ListRunsResponse,
        ListRunTasksRequest,
        ListRunTasksResponse,
        RunListItem,
        RunLogLocation,
        StartRunRequest,
        StartRunResponse,
        TaskListItem,
        VpcConfigResponse,
    )
    from omics_runs._hooks import RequestEvent, ResponseEvent, RetryEvent
    from omics_runs._lifecycle import BATCH_TERMINAL, TASK_TERMINAL, TERMINAL
    from omics_runs._logs import LogExcerpt
    from omics_runs._manifest import Manifest, RunManifest, RunMetrics, TaskManifest, TaskMetrics
    from omics_runs._manifest_reading import read_manifest
    from omics_runs._outcomes import RunOutcome
    from omics_runs._outputs import RunOutputs
    from omics_runs._progress import BatchProgress, FleetProgress, Progress, TaskProgress
    from omics_runs._rates import SERVICE_RATES
    from omics_runs._request import Request
    from omics_runs._retry import RetryPolicy
    from omics_runs._run_outcomes import AsyncRunOutcomes, RunOutcomes
    from omics_runs._run_ref import RunRef
    from omics_runs._sample_sheet import Columns, read_sample_sheet
    from omics_runs._submission import RunSpec, Submission, SubmitProgress, Submitted
    from omics_runs._timeline import Timeline, TimelinePhase, TimelineTask
    from omics_runs._timeout import Timeout
    from omics_runs._version import __version__

__all__ = [
    "Accelerators",
    "AsyncOmicsRunsClient",
    "AsyncRunOutcomes",
    "BATCH_TERMINAL",
    "BatchEvent",
    "BatchProgress",
    "BatchStatus",
    "CacheBehavior",
    "CancelRunRequest",
    "CancelRunResponse",
    "Columns",
    "ConfigurationDetails",
    "ConfigurationStatus",
    "Credentials",
    "DeleteRunRequest",
    "DeleteRunResponse",
    "Diagnosis",
    "FailedTask",
    "FailureReason",
    "FleetProgress",
    "GetRunRequest",
    "GetRunResponse",
    "GetRunTaskRequest",
    "GetRunTaskResponse",
    "ImageDetails",
    "ListRunTasksRequest",
    "ListRunTasksResponse",
    "ListRunsRequest",
    "ListRunsResponse",
    "LogExcerpt",
    "Manifest",
    "NetworkingMode",
    "OmicsRunsClient",
    "Progress",
    "Request",
    "RequestEvent",
    "ResponseEvent",
    "RetryEvent",
    "RetryPolicy",
    "RunCacheStatus",
    "RunCheckpoint",
    "RunEvent",
    "RunExport",
    "RunListItem",
    "RunLogLevel",
    "RunLogLocation",
    "RunManifest",
    "RunMetrics",
    "RunOutcome",
    "RunOutcomes",
    "RunOutputUriPrefixMode",
    "RunOutputs",
    "RunRef",
    "RunRetentionMode",
    "RunSpec",
    "RunStatus",
    "SERVICE_RATES",
    "ScratchStorageMode",
    "SourceReferenceType",
    "StartRunRequest",
    "StartRunResponse",
    "StorageType",
    "Submission",
    "SubmissionStatus",
    "SubmitProgress",
    "Submitted",
    "TASK_TERMINAL",
    "TERMINAL",
    "TaskEvent",
    "TaskListItem",
    "TaskManifest",
    "TaskMetrics",
    "TaskProgress",
    "TaskStatus",
    "Timeline",
    "TimelinePhase",
    "TimelineTask",
    "Timeout",
    "VpcConfigResponse",
    "WorkflowEngine",
    "WorkflowExport",
    "WorkflowStatus",
    "WorkflowType",
    "__version__",
    "errors",
    "models",
    "parse_event",
    "read_manifest",
    "read_sample_sheet",
]

_HOMES = {
    "AsyncOmicsRunsClient": "._async_client",
    "OmicsRunsClient": "._client",
    "Credentials": "._credentials",
    "Accelerators": "._generated.enums",
    "BatchStatus": "._generated.enums",
    "BatchEvent": "._events",
    "RunEvent": "._events",
    "TaskEvent": "._events",
    "parse_event": "._events",
    "CacheBehavior": "._generated.enums",
    "ConfigurationStatus": "._generated.enums",
    "FailureReason": "._generated.enums",
    "NetworkingMode": "._generated.enums",
    "RunCacheStatus": "._generated.enums",
    "RunExport": "._generated.enums",
    "RunLogLevel": "._generated.enums",
    "RunOutputUriPrefixMode": "._generated.enums",
    "RunRetentionMode": "._generated.enums",
    "RunStatus": "._generated.enums",
    "ScratchStorageMode": "._generated.enums",
    "SourceReferenceType": "._generated.enums",
    "StorageType": "._generated.enums",
    "SubmissionStatus": "._generated.enums",
    "TaskStatus": "._generated.enums",
    "WorkflowEngine": "._generated.enums",
    "WorkflowExport": "._generated.enums",
    "WorkflowStatus": "._generated.enums",
    "WorkflowType": "._generated.enums",
    "CancelRunRequest": "._generated.models",
    "CancelRunResponse": "._generated.models",
    "ConfigurationDetails": "._generated.models",
    "DeleteRunRequest": "._generated.models",
    "DeleteRunResponse": "._generated.models",
    "GetRunRequest": "._generated.models",
    "GetRunResponse": "._generated.models",
    "GetRunTaskRequest": "._generated.models",
    "GetRunTaskResponse": "._generated.models",
    "ImageDetails": "._generated.models",
    "ListRunTasksRequest": "._generated.models",
    "ListRunTasksResponse": "._generated.models",
    "ListRunsRequest": "._generated.models",
    "ListRunsResponse": "._generated.models",
    "RunListItem": "._generated.models",
    "RunLogLocation": "._generated.models",
    "StartRunRequest": "._generated.models",
    "StartRunResponse": "._generated.models",
    "TaskListItem": "._generated.models",
    "VpcConfigResponse": "._generated.models",
    "RequestEvent": "._hooks",
    "ResponseEvent": "._hooks",
    "RetryEvent": "._hooks",
    "BATCH_TERMINAL": "._lifecycle",
    "TASK_TERMINAL": "._lifecycle",
    "TERMINAL": "._lifecycle",
    "Diagnosis": "._diagnosis",
    "FailedTask": "._diagnosis",
    "LogExcerpt": "._logs",
    "RunOutputs": "._outputs",
    "Manifest": "._manifest",
    "RunManifest": "._manifest",
    "RunMetrics": "._manifest",
    "TaskManifest": "._manifest",
    "TaskMetrics": "._manifest",
    "read_manifest": "._manifest_reading",
    "SERVICE_RATES": "._rates",
    "Request": "._request",
    "RetryPolicy": "._retry",
    "AsyncRunOutcomes": "._run_outcomes",
    "RunCheckpoint": "._checkpoint",
    "RunOutcome": "._outcomes",
    "RunOutcomes": "._run_outcomes",
    "RunRef": "._run_ref",
    "Columns": "._sample_sheet",
    "read_sample_sheet": "._sample_sheet",
    "RunSpec": "._submission",
    "Submission": "._submission",
    "SubmitProgress": "._submission",
    "Submitted": "._submission",
    "Timeline": "._timeline",
    "TimelinePhase": "._timeline",
    "TimelineTask": "._timeline",
    "Timeout": "._timeout",
    "__version__": "._version",
    "BatchProgress": "._progress",
    "FleetProgress": "._progress",
    "Progress": "._progress",
    "TaskProgress": "._progress",
}
"""Where each name lives; a module is imported when one of its names is first asked for."""


_found, _names = lazily(globals(), _HOMES)


def __dir__() -> list[str]:
    return _names()


def __getattr__(name: str) -> Any:
    if name in {"errors", "models"}:
        return import_module(f"{__name__}.{name}")
    return _found(name)
