"""Waits for tasks and batches, and their lists, through both clients: one suite in three colors."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from omics_runs import BatchStatus, RunStatus, TaskStatus, errors
from omics_runs._clock import VirtualClock
from omics_runs.models import DefaultRunSetting, S3UriSettings

from .conftest import Caller

ROLE = "arn:aws:iam::123456789012:role/OmicsRole"
Serve = Callable[[httpx.Request], httpx.Response]
Connect = Callable[[Serve], Any]


@pytest.fixture
def connect(caller: Caller) -> Iterator[Connect]:
    """Make clients whose service is a function, on a virtual clock."""
    opened: list[Any] = []

    def connected(serve: Serve) -> Any:
        opened.append(caller.http(serve))
        return caller.remote(
            region="us-west-2",
            credentials=("AKIDEXAMPLE", "secret", None),
            http_client=opened[-1],
            clock=VirtualClock(),
        )

    yield connected
    for http in opened:
        caller.run(getattr(http, "aclose", None) or http.close)


def replies(*bodies: dict[str, Any]) -> tuple[Serve, list[str]]:
    """Return a service that answers with some bodies in turn, and the targets it was asked for."""
    left, asked = list(bodies), list[str]()

    def serve(request: httpx.Request) -> httpx.Response:
        asked.append(f"{request.method} {request.url.raw_path.decode()}")
        return httpx.Response(200, json=left.pop(0))

    return serve, asked


def test_a_batch_from_start_to_end(connect: Connect) -> None:
    """A batch is started, waited for, and its runs are listed page after page."""
    serve, asked = replies(
        {"id": "7", "status": "CREATING", "uuid": "u-7"},
        {"id": "7", "status": "SUBMITTING", "uuid": "u-7"},
        {"id": "7", "status": "PROCESSED", "uuid": "u-7", "totalRuns": 3},
        {"runs": [{"runSettingId": "a"}, {"runSettingId": "b"}], "nextToken": "t"},
        {"runs": [{"runSettingId": "c"}]},
    )
    client = connect(serve)
    started = client.start_run_batch(
        default_run_setting=DefaultRunSetting(workflow_id="1", role_arn=ROLE),
        batch_run_settings=S3UriSettings("s3://b/settings.json"),
    )
    told: list[str] = []
    batch = client.wait_until_batch(
        started, timeout=3600, progress=lambda progress: told.append(progress.batch.status)
    )
    assert (batch.status, batch.is_success) == (BatchStatus.PROCESSED, False)
    assert told == ["SUBMITTING", "PROCESSED"]
    runs = client.iter_runs_in_batch(batch.id, submission_status="FAILED", limit=3)
    assert [run.run_setting_id for run in runs] == ["a", "b", "c"]
    assert asked == [
        "POST /runBatch",
        "GET /runBatch/7",
        "GET /runBatch/7",
        "GET /runBatch/7/run?maxItems=3&submissionStatus=FAILED",
        "GET /runBatch/7/run?maxItems=1&startingToken=t&submissionStatus=FAILED",
    ]


def test_a_batch_that_fails(connect: Connect) -> None:
    """The wait raises what the service says about it."""
    serve, _ = replies({"id": "7", "status": "FAILED", "failureReason": "no such file"})
    with pytest.raises(errors.BatchFailedError, match="no such file") as caught:
        connect(serve).wait_until_batch("7")
    assert caught.value.batch.status == "FAILED"


def test_a_task_to_its_end(connect: Connect) -> None:
    """A task is waited for at its run's path, and returned as it is then."""
    serve, asked = replies(
        {"taskId": "7", "status": "RUNNING"}, {"taskId": "7", "status": "COMPLETED"}
    )
    told: list[str] = []
    task = connect(serve).wait_until_task(
        "1", "7", TaskStatus.COMPLETED, progress=lambda progress: told.append(progress.task.status)
    )
    assert task.status is TaskStatus.COMPLETED
    assert told == ["RUNNING", "COMPLETED"]
    assert asked == ["GET /run/1/task/7"] * 2


def test_a_run_of_a_batch(connect: Connect) -> None:
    """An item of a batch's list names its run for a wait."""
    serve, asked = replies(
        {"runs": [{"runSettingId": "a", "runId": "1", "runInternalUuid": "u"}]},
        {"id": "1", "arn": "a", "status": "COMPLETED", "uuid": "u"},
    )
    client = connect(serve)
    (item,) = client.list_runs_in_batch("7").runs
    assert client.wait_until(item).status is RunStatus.COMPLETED
    assert asked[-1] == "GET /run/1"


def test_pages_are_no_larger_than_the_operation_allows(connect: Connect) -> None:
    """A limit beyond the largest page asks for pages of that size, and for the rest at the end."""
    some = [{"name": f"c-{n}"} for n in range(10)]
    serve, asked = replies({"items": some, "nextToken": "t"}, {"items": some[:5]})
    found = list(connect(serve).iter_configurations(limit=15))
    assert len(found) == 15
    assert asked == [
        "GET /configuration?maxResults=10",
        "GET /configuration?maxResults=5&startingToken=t",
    ]


def test_a_page_beyond_the_largest_is_refused(connect: Connect) -> None:
    """Whoever asks for larger pages is told what is allowed, with a limit or without."""
    serve, asked = replies()
    for limit in (None, 50):
        with pytest.raises(errors.InvalidRequestError, match="max_results: must be 1 to 10"):
            next(connect(serve).iter_configurations(max_results=11, limit=limit))
    assert asked == []


def test_small_pages_stay_small(connect: Connect) -> None:
    """A page size that was asked for is kept, until less is left than that."""
    items = [{"id": str(n), "status": "PENDING"} for n in range(2)]
    serve, asked = replies({"items": items, "nextToken": "t"}, {"items": items})
    assert len(list(connect(serve).iter_batch(max_items=2, limit=3))) == 3
    assert asked == [
        "GET /runBatch?maxItems=2",
        "GET /runBatch?maxItems=1&startingToken=t",
    ]
