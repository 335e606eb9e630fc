"""Events of runs, tasks and batches, as EventBridge delivers them, made models.

The service sends one for each change of a status, by best effort: events may be late, come twice or
not at all. What an event tells is a hint; the truth is what GetRun answers.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from attrs import frozen

from omics_runs._convert import Misfit, structure
from omics_runs._documents import copy_document
from omics_runs._enums import OpenStrEnum
from omics_runs._errors import InvalidRequestError
from omics_runs._generated.enums import BatchStatus, RunStatus, TaskStatus
from omics_runs._model import Member, Structure
from omics_runs._narrow import is_object
from omics_runs._run_ref import RunRef

SOURCE = "aws.omics"
AROUND = {"eventId": "id", "time": "time", "account": "account", "region": "region"}
"""The members that come from around an event's detail, and their names there."""
COUNT = re.compile("[0-9]{1,18}")
"""A count, which events write as text."""
MARGIN = 60
"""Characters of a wrong value that a message shows."""


@frozen(kw_only=True, slots=True, repr=False, unsafe_hash=False)
class _Event(Structure):
    """What all events share."""

    arn: str
    """ARN of what the event is about."""
    event_id: str | None = None
    """The event's own id; one that is delivered twice has the same."""
    time: datetime | None = None
    """When it happened, in UTC, to the second."""
    account: str | None = None
    """The AWS account."""
    region: str | None = None
    """The AWS Region."""
    uuid: str | None = None
    """The uuid of what the event is about; None if it tells none."""
    workflow_id: str | None = None
    """Id of the workflow."""
    workflow_name: str | None = None
    """Name of the workflow."""
    omics_version: str | None = None
    """Version of the event's form."""

    __wire__: ClassVar[tuple[Member, ...]] = (
        Member("arn", "arn", required=True),
        Member("event_id", "eventId"),
        Member("time", "time"),
        Member("account", "account"),
        Member("region", "region"),
        Member("uuid", "uuid"),
        Member("workflow_id", "workflowId"),
        Member("workflow_name", "workflowName"),
        Member("omics_version", "omicsVersion"),
    )


@frozen(kw_only=True, slots=True, repr=False, unsafe_hash=False)
class RunEvent(_Event):
    """A run has got another status.

    It tells neither why a run failed nor when it began; `get_run` does.
    """

    status: RunStatus
    """The run's new status."""
    run_id: str | None = None
    """An id that the event tells beside the ARN; read `ref` instead, as the two may differ."""
    run_name: str | None = None
    """Name of the run; None if it has none."""
    run_output_uri: str | None = None
    """Where the run puts its outputs."""

    __wire__: ClassVar[tuple[Member, ...]] = (
        *_Event.__wire__,
        Member("status", "status", required=True),
        Member("run_id", "runId"),
        Member("run_name", "runName"),
        Member("run_output_uri", "runOutputUri"),
    )

    @property
    def ref(self) -> RunRef:
        """The run's identity."""
        return RunRef(_id_in(self.arn), self.uuid)


@frozen(kw_only=True, slots=True, repr=False, unsafe_hash=False)
class TaskEvent(_Event):
    """A task of a run has got another status."""

    status: TaskStatus
    """The task's new status."""
    run_arn: str
    """ARN of the run."""
    run_uuid: str | None = None
    """The run's uuid."""
    run_id: str | None = None
    """An id that the event tells beside the ARN; read `run_ref` instead, as the two may differ."""
    run_name: str | None = None
    """Name of the run; None if it has none."""

    __wire__: ClassVar[tuple[Member, ...]] = (
        *_Event.__wire__,
        Member("status", "status", required=True),
        Member("run_arn", "runArn", required=True),
        Member("run_uuid", "runUuid"),
        Member("run_id", "runId"),
        Member("run_name", "runName"),
    )

    @property
    def task_id(self) -> str:
        """The task's id."""
        return _id_in(self.arn)

    @property
    def run_ref(self) -> RunRef:
        """The identity of the run that the task belongs to."""
        return RunRef(_id_in(self.run_arn), self.run_uuid)


@frozen(kw_only=True, slots=True, repr=False, unsafe_hash=False)
class BatchEvent(_Event):
    """A batch has got another status.

    `PROCESSED` means that all its runs are over, not that they completed.
    """

    status: BatchStatus
    """The batch's new status."""
    batch_id: str | None = None
    """Id of the batch."""
    batch_name: str | None = None
    """Name of the batch; None if it has none."""
    total_runs: int | None = None
    """How many runs the batch has."""
    successful_start_submission_count: int | None = None
    """Runs that were started."""
    failed_start_submission_count: int | None = None
    """Runs that could not be started."""
    pending_start_submission_count: int | None = None
    """Runs that are still to be started."""
    completed_run_count: int | None = None
    """Runs that COMPLETED."""
    failed_run_count: int | None = None
    """Runs that FAILED after they had been started."""
    cancelled_run_count: int | None = None
    """Runs that were CANCELLED."""
    failure_reason: str | None = None
    """Code of why the batch as a whole failed."""
    failure_message: str | None = None
    """The sentence beside it."""

    __wire__: ClassVar[tuple[Member, ...]] = (
        *_Event.__wire__,
        Member("status", "status", required=True),
        Member("batch_id", "batchId"),
        Member("batch_name", "batchName"),
        Member("total_runs", "totalRuns"),
        Member("successful_start_submission_count", "successfulStartSubmissionCount"),
        Member("failed_start_submission_count", "failedStartSubmissionCount"),
        Member("pending_start_submission_count", "pendingStartSubmissionCount"),
        Member("completed_run_count", "completedRunCount"),
        Member("failed_run_count", "failedRunCount"),
        Member("cancelled_run_count", "cancelledRunCount"),
        Member("failure_reason", "failureReason"),
        Member("failure_message", "failureMessage"),
    )


COUNTS = frozenset(
    member.wire for member in BatchEvent.__wire__ if member.wire.endswith(("Count", "Runs"))
)


@frozen
class _Kind:
    model: type[RunEvent | TaskEvent | BatchEvent]
    statuses: type[OpenStrEnum]
    arns: Mapping[str, str]
    """What each member with an ARN names."""


KINDS: Mapping[str, _Kind] = {
    "Run Status Change": _Kind(RunEvent, RunStatus, {"arn": "run"}),
    "Task Status Change": _Kind(TaskEvent, TaskStatus, {"arn": "task", "runArn": "run"}),
    "RunBatch Status Change": _Kind(BatchEvent, BatchStatus, {"arn": "runBatch"}),
}


def parse_event(event: Mapping[str, Any] | str | bytes) -> RunEvent | TaskEvent | BatchEvent:
    """Return the model of an event of a run, a task or a batch.

    Args:
        event: The event as EventBridge delivers it: what a Lambda function is called with, or the
            body of a message of a queue, which is JSON text.

    Returns:
        The model. A status that is newer than this release is kept, and so are unknown members of
        the event's `detail`, in `extra`.

    Raises:
        InvalidRequestError: It is no such event, or malformed; the error says where.
    """
    try:
        return _parsed(event)
    except Misfit as misfit:
        raise InvalidRequestError("parse_event", [(misfit.path or "$", misfit.what)]) from None


def _parsed(event: object) -> RunEvent | TaskEvent | BatchEvent:
    if isinstance(event, (str, bytes)):
        event = _decoded(event)
    if not is_object(event):
        raise Misfit(f"must be an event, a dict, got {event!r:.{MARGIN}}")
    if event.get("source") != SOURCE:
        raise Misfit(f"must be {SOURCE!r}, got {event.get('source')!r:.{MARGIN}}", "$.source")
    name, detail = event.get("detail-type"), event.get("detail")
    kind = KINDS.get(name) if isinstance(name, str) else None
    if kind is None:
        known = ", ".join(KINDS)
        raise Misfit(f"must be one of {known}, got {name!r:.{MARGIN}}", "$.detail-type")
    if not is_object(detail):
        raise Misfit(f"must be an object, got {detail!r:.{MARGIN}}", "$.detail")
    try:
        found = structure(copy_document(_flat(event, detail, kind)), kind.model)
    except Misfit as misfit:
        raise Misfit(misfit.what, _place(misfit.path.removeprefix("$."))) from None
    for member, noun in kind.arns.items():
        _check_arn(f"$.detail.{member}", detail[member], noun)
    return found


def _decoded(text: str | bytes) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Misfit(f"is not JSON: {error}") from None


def _flat(event: dict[str, Any], detail: dict[str, Any], kind: _Kind) -> dict[str, Any]:
    """Return an event's detail with what is around it, all in the forms of this SDK's models.

    Assumption: a status may be written in small letters, as one table of the guide has it.
    """
    flat = {name: _count(value) if name in COUNTS else value for name, value in detail.items()}
    status = detail.get("status")
    if isinstance(status, str) and kind.statuses(status.upper()).is_known:
        flat["status"] = status.upper()
    return flat | {member: event.get(name) for member, name in AROUND.items()}


def _place(member: str) -> str:
    """Return where an event has a member of its model."""
    return f"$.{AROUND[member]}" if member in AROUND else f"$.detail.{member}"


def _count(value: object) -> object:
    return int(value) if isinstance(value, str) and COUNT.fullmatch(value) else value


def _check_arn(path: str, arn: str, noun: str) -> None:
    if not re.fullmatch(rf".*:{noun}/[0-9]+", arn):
        raise Misfit(f"must be the ARN of a {noun}, got {arn!r:.{MARGIN}}", path)


def _id_in(arn: str) -> str:
    return arn.rpartition("/")[2]
