"""What type checkers make of the sync client; never executed.

Lines that must be refused carry a bare ignore: an ignore that isn't needed is an error, too.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypedDict, assert_type

import httpx

from omics_runs import (
    TERMINAL,
    Credentials,
    FailureReason,
    GetRunRequest,
    GetRunResponse,
    GetRunTaskResponse,
    ListRunsResponse,
    OmicsRunsClient,
    Progress,
    RetryPolicy,
    RunListItem,
    RunRef,
    RunStatus,
    StartRunRequest,
    StartRunResponse,
    StorageType,
    TaskListItem,
    Timeout,
    errors,
)


class Inputs(TypedDict):
    sample_name: str


def construct() -> None:
    with OmicsRunsClient() as client:
        assert_type(client, OmicsRunsClient)
    OmicsRunsClient("us-west-2", profile="p", timeout=3, validate=False)
    OmicsRunsClient(credentials=("a", "b", None), retry=RetryPolicy(max_attempts=1))
    OmicsRunsClient(credentials=Credentials("a", "b"), timeout=Timeout(connect=1))
    OmicsRunsClient(credentials=lambda: Credentials("a", "b"), http_client=httpx.Client())
    OmicsRunsClient(http_client=httpx.AsyncClient())  # type: ignore
    OmicsRunsClient(regoin="us-west-2")  # type: ignore
    OmicsRunsClient(retry=3)  # type: ignore


def start(client: OmicsRunsClient, typed: Inputs, plain: dict[str, str]) -> None:
    started = client.start_run(
        workflow_id="1", role_arn="r", output_uri="o", parameters=typed, storage_type="DYNAMIC"
    )
    assert_type(started, StartRunResponse)
    assert_type(started.id, str)
    assert_type(started.uuid, str | None)
    assert_type(started.ref, RunRef)
    client.start_run(
        role_arn="r", output_uri="o", parameters=plain, storage_type=StorageType.STATIC
    )
    client.start_run(role_arn="r", output_uri="o", storage_type=StorageType("NEWER"))
    client.start_run(role_arn="r", output_uri="o", storage_type="DYNAMICAL")  # type: ignore
    client.start_run(role_arn="r", output_uri="o", storage="DYNAMIC")  # type: ignore
    client.start_run(role_arn="r")  # type: ignore
    client.start_run(role_arn="r", output_uri="o", priority="high")  # type: ignore
    client.start_run("1", role_arn="r", output_uri="o")  # type: ignore


def get(client: OmicsRunsClient) -> None:
    run = client.get_run("1", export=["DEFINITION"], timeout=2.5)
    assert_type(run, GetRunResponse)
    assert_type(run.status, RunStatus)
    assert_type(run.status.is_terminal, bool)
    assert_type(run.failure_reason, FailureReason | None)
    assert_type(run.start_time, datetime | None)
    assert_type(run.parameters, Mapping[str, Any] | None)
    assert_type(run.parameters_as(Inputs), Inputs)
    assert_type(run.response_metadata.aws_request_id, str | None)
    assert_type(run.ref, RunRef)
    run.status = RunStatus.FAILED  # type: ignore
    run.stauts  # type: ignore
    client.get_run(id=1)  # type: ignore
    client.get_run("1", export=["PICTURE"])  # type: ignore
    assert_type(client.get_run_task("1", "2"), GetRunTaskResponse)


def listing(client: OmicsRunsClient) -> None:
    page = client.list_runs(status="RUNNING", max_results=10)
    assert_type(page, ListRunsResponse)
    assert_type(page.items, tuple[RunListItem, ...])
    for item in client.iter_runs(status=RunStatus.RUNNING, limit=5):
        assert_type(item, RunListItem)
    for whole in client.iter_runs().pages():
        assert_type(whole, ListRunsResponse)
    for task in client.iter_run_tasks("1", status="FAILED"):
        assert_type(task, TaskListItem)
    client.list_runs(status="RUNING")  # type: ignore


def waiting(client: OmicsRunsClient, started: StartRunResponse, item: RunListItem) -> None:
    def show(progress: Progress) -> None:
        assert_type(progress.run, GetRunResponse)
        assert_type(progress.next_delay, float | None)

    assert_type(client.wait_until(started), GetRunResponse)
    client.wait_until("1", RunStatus.RUNNING, timeout=60, progress=show)
    client.wait_until(item, "STOPPING", progress=print)
    client.wait_until(RunRef("1"), TERMINAL)
    client.wait_until(started.ref, {RunStatus.COMPLETED, RunStatus.FAILED})
    client.wait_until("1", {"COMPLETED", "FAILED"})
    mine: set[RunStatus] = {RunStatus.COMPLETED}
    client.wait_until("1", mine)
    client.wait_until("1", "COMPLETE")  # type: ignore
    client.wait_until(7)  # type: ignore
    client.wait_until("1", ["COMPLETED"])  # type: ignore


def sending(client: OmicsRunsClient) -> None:
    request = StartRunRequest(role_arn="r", output_uri="o", run_id="1")
    assert_type(client.send(request), StartRunResponse)
    assert_type(client.send(GetRunRequest(id="1")), GetRunResponse)
    assert_type(request.request_id, str)
    assert_type(request.replace(name="x"), StartRunRequest)
    assert_type(StartRunRequest.from_json("{}", name="x"), StartRunRequest)
    StartRunRequest(role_arn="r", output_uri="o", request_id="mine")
    StartRunRequest(role_arn="r")  # type: ignore
    StartRunRequest(role_arn="r", output_uri="o", tags={"k": 1})  # type: ignore
    client.send("StartRun")  # type: ignore


def options(client: OmicsRunsClient) -> None:
    assert_type(
        client.with_options(timeout=1, retry=RetryPolicy(), validate=False), OmicsRunsClient
    )


def failing(client: OmicsRunsClient) -> None:
    try:
        client.wait_until("1")
    except errors.RunFailedError as error:
        assert_type(error.failure_reason, FailureReason | None)
        assert_type(error.run, GetRunResponse)
    except errors.ThrottlingError as error:
        assert_type(error.status_code, int)
        client.send(error.request)
        assert_type(error.attempts, tuple[errors.Attempt, ...])
    except errors.InvalidRequestError as error:
        assert_type(error.problems, tuple[tuple[str, str], ...])
