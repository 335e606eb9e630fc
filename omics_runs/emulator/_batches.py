"""Batches of runs: started, looked at, cancelled, deleted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from omics_runs._generated.enums import BatchStatus, RunStatus, SubmissionStatus
from omics_runs._generated.models import (
    CancelRunBatchRequest,
    DeleteBatchRequest,
    DeleteRunBatchRequest,
    GetBatchRequest,
    InlineSettings,
    ListBatchRequest,
    ListRunsInBatchRequest,
    StartRunBatchRequest,
)
from omics_runs._lifecycle import BATCH_CANCELLABLE, BATCH_RUNS_DELETABLE, BATCH_TERMINAL
from omics_runs.emulator._arns import arn_of
from omics_runs.emulator._batch import Batch, BatchEntry
from omics_runs.emulator._http import conflict, invalid, not_found
from omics_runs.emulator._service import Service, canonical
from omics_runs.emulator._shapes import Shape
from omics_runs.emulator._store import Submission

SUBMISSIONS = {
    "successfulStartSubmissionCount": SubmissionStatus.SUCCESS,
    "failedStartSubmissionCount": SubmissionStatus.FAILED,
    "successfulCancelSubmissionCount": SubmissionStatus.CANCEL_SUCCESS,
    "failedCancelSubmissionCount": SubmissionStatus.CANCEL_FAILED,
    "successfulDeleteSubmissionCount": SubmissionStatus.DELETE_SUCCESS,
    "failedDeleteSubmissionCount": SubmissionStatus.DELETE_FAILED,
}
"""What GetBatch calls the numbers of runs to which something was done."""


def start_run_batch(service: Service, request: StartRunBatchRequest) -> Shape:
    """Start a batch, or answer for the one that this request has started before.

    Assumption: the answer to a request id that was seen before: the batch as it is now, the first
    answer again if it is deleted, or a conflict if the request has changed. The service documents
    only that no second batch is started.
    """
    body = canonical(request)
    submission = service.store.batch_submissions.get(request.request_id)
    if submission is not None:
        return _started_before(service, submission, body)
    batch = _new_batch(service, request)
    answer = _started(service, batch)
    service.store.submit_batch(request.request_id, batch, Submission(body=body, answer=answer))
    service.batches.add(batch)
    return answer


def _started_before(service: Service, submission: Submission, body: str) -> Shape:
    if submission.body != body:
        raise conflict("The requestId was used before, with other parameters.")
    batch = service.store.batches.get(submission.answer["id"])
    return dict(submission.answer) if batch is None else _started(service, batch)


def _new_batch(service: Service, request: StartRunBatchRequest) -> Batch:
    store, source = service.store, request.batch_run_settings
    inline = tuple(source.value) if isinstance(source, InlineSettings) else None
    uri = None if inline is not None else str(source.value)
    return Batch(
        id=store.names.id(),
        uuid=store.names.uuid(),
        number=len(store.batch_submissions),
        name=request.batch_name,
        default=request.default_run_setting.to_dict(),
        settings=inline,
        uri=uri,
        content=store.objects.get(uri or ""),
        tags=dict(request.tags or {}),
        created=service.now,
    )


def get_batch(service: Service, request: GetBatchRequest) -> Shape:
    """Describe a batch.

    Assumption: the counts are those of this moment; the service's may lag behind. A batch that is
    not set up yet, or failed to be, has no counts.
    """
    batch = _batch(service, request.batch_id)
    return {
        **_started(service, batch),
        **_named(batch),
        "defaultRunSetting": dict(batch.default),
        **(_counts(service, batch) if batch.entries else {}),
        **_times(service, batch),
        **({"failureReason": batch.failure_reason} if batch.failure_reason else {}),
    }


def list_batch(service: Service, request: ListBatchRequest) -> Shape:
    """List the batches that pass the filter, newest first.

    Assumption: the order; the service documents none.
    """
    filters = {
        "status": request.status,
        "name": request.name,
        "runGroupId": request.run_group_id,
    }
    listing = _listing("batches", filters)
    start = service.store.page_of(request.starting_token, listing)
    found = (
        (batch.number, _batch_item(service, batch))
        for batch in reversed(service.store.batches.values())
        if (start is None or batch.number <= start)
        and request.status in {None, batch.status}
        and request.name in {None, batch.name}
        and request.run_group_id in {None, batch.default.get("runGroupId")}
    )
    return service.page(found, request.max_items, listing)


def list_runs_in_batch(service: Service, request: ListRunsInBatchRequest) -> Shape:
    """List the runs of a batch that pass the filter, in the order of its settings.

    Assumption: the order; the service documents none.
    """
    batch = _batch(service, request.batch_id)
    filters = {
        "submissionStatus": request.submission_status,
        "runSettingId": request.run_setting_id,
        "runId": request.run_id,
    }
    listing = _listing(f"runs of batch {batch.uuid}", filters)
    start = service.store.page_of(request.starting_token, listing) or 0
    found = (
        (place, _entry(service, batch.entries[place]))
        for place in range(start, len(batch.entries))
        if _passes(request, batch.entries[place])
    )
    return service.page(found, request.max_items, listing, key="runs")


def cancel_run_batch(service: Service, request: CancelRunBatchRequest) -> Shape:
    """Submit no more runs of a batch, and cancel those that are under way."""
    batch = _batch(service, request.batch_id)
    _check_status(batch, BATCH_CANCELLABLE, "cancelled")
    service.batches.cancel(batch, service.now)
    return {}


def delete_run_batch(service: Service, request: DeleteRunBatchRequest) -> Shape:
    """Delete the runs of a batch, one after the other."""
    batch = _batch(service, request.batch_id)
    _check_status(batch, BATCH_RUNS_DELETABLE, "rid of its runs")
    service.batches.delete_runs(batch, service.now)
    return {}


def delete_batch(service: Service, request: DeleteBatchRequest) -> Shape:
    """Forget a batch, but none of its runs.

    Assumption: they go on telling its id.
    """
    batch = _batch(service, request.batch_id)
    _check_status(batch, BATCH_TERMINAL, "deleted")
    service.store.forget_batch(batch.id)
    return {}


def _check_status(batch: Batch, allowed: frozenset[BatchStatus], what: str) -> None:
    """Assumption: the answer in other statuses; the service documents none."""
    if batch.status not in allowed:
        raise conflict(f"Batch {batch.id} is {batch.status} and can't be {what} now.")


def _batch(service: Service, batch_id: str) -> Batch:
    batch = service.store.batches.get(batch_id)
    if batch is None:
        raise not_found(f"Batch {batch_id} not found")
    return batch


def _listing(what: str, filters: Mapping[str, str | None]) -> str:
    """Return what the tokens of a list's pages are good for.

    Raises:
        Refusal: There is more than one filter; the sentence is an assumption.
    """
    given = {name: str(value) for name, value in filters.items() if value is not None}
    if len(given) > 1:
        raise invalid(f"A list can have one filter at most, not {' and '.join(given)}.")
    return f"{what} {given}"


def _started(service: Service, batch: Batch) -> Shape:
    return {
        "id": batch.id,
        "arn": arn_of(service.shapes, "runBatch", batch.id),
        "uuid": batch.uuid,
        "status": batch.status.value,
        "tags": dict(batch.tags),
    }


def _named(batch: Batch) -> Shape:
    return {} if batch.name is None else {"name": batch.name}


def _counts(service: Service, batch: Batch) -> Shape:
    submissions = {name: batch.outcomes[status] for name, status in SUBMISSIONS.items()}
    tried = batch.outcomes[SubmissionStatus.SUCCESS] + batch.outcomes[SubmissionStatus.FAILED]
    # Assumption: runs that a cancelled batch never submitted go on being counted as pending.
    submissions["pendingStartSubmissionCount"] = len(batch.entries) - tried
    return {
        "totalRuns": len(batch.entries),
        "submissionSummary": submissions,
        "runSummary": _run_summary(service, batch),
    }


def _run_summary(service: Service, batch: Batch) -> Shape:
    counts = batch.over.copy()
    counts.update(service.store.runs[run_id].status(service.now) for run_id in batch.active)
    return {f"{status.lower()}RunCount": counts[status] for status in RunStatus}


def _times(service: Service, batch: Batch) -> Shape:
    moments = {
        "creationTime": batch.created,
        "submittedTime": batch.submitted,
        "processedTime": batch.processed,
        "failedTime": batch.failed,
    }
    return {k: service.shapes.time.text(at) for k, at in moments.items() if at is not None}


def _batch_item(service: Service, batch: Batch) -> Shape:
    return {
        "id": batch.id,
        **_named(batch),
        "status": batch.status.value,
        "createdAt": service.shapes.time.text(batch.created),
        **({"totalRuns": len(batch.entries)} if batch.entries else {}),
        "workflowId": batch.default["workflowId"],
    }


def _entry(service: Service, entry: BatchEntry) -> Shape:
    members = {
        "runSettingId": entry.setting.run_setting_id,
        "runId": entry.run_id,
        "runInternalUuid": entry.run_uuid,
        "runArn": entry.run_id and arn_of(service.shapes, "run", entry.run_id),
        "submissionStatus": entry.status and entry.status.value,
        "submissionFailureReason": entry.failure_reason,
        "submissionFailureMessage": entry.failure_message,
    }
    return {name: value for name, value in members.items() if value is not None}


def _passes(request: ListRunsInBatchRequest, entry: BatchEntry) -> bool:
    return (
        request.submission_status in {None, entry.status}
        and request.run_setting_id in {None, entry.setting.run_setting_id}
        and request.run_id in {None, entry.run_id}
    )


HANDLERS: Mapping[str, Callable[[Service, Any], Shape]] = {
    "StartRunBatch": start_run_batch,
    "GetBatch": get_batch,
    "ListBatch": list_batch,
    "ListRunsInBatch": list_runs_in_batch,
    "CancelRunBatch": cancel_run_batch,
    "DeleteRunBatch": delete_run_batch,
    "DeleteBatch": delete_batch,
}
"""What answers each operation on batches."""
