"""What type checkers make of the async client; never executed.

Lines that must be refused carry a bare ignore: an ignore that isn't needed is an error, too.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, TypedDict, assert_type

import httpx
from opentelemetry.trace import TracerProvider

from omics_runs import (
    BATCH_TERMINAL,
    SERVICE_RATES,
    TASK_TERMINAL,
    TERMINAL,
    AsyncOmicsRunsClient,
    AsyncRunOutcomes,
    BatchProgress,
    BatchStatus,
    Credentials,
    Diagnosis,
    FailureReason,
    FleetProgress,
    GetRunRequest,
    GetRunResponse,
    GetRunTaskResponse,
    ListRunsResponse,
    LogExcerpt,
    Progress,
    RequestEvent,
    ResponseEvent,
    RetryEvent,
    RetryPolicy,
    RunCheckpoint,
    RunListItem,
    RunOutcome,
    RunRef,
    RunSpec,
    RunStatus,
    StartRunRequest,
    StartRunResponse,
    StorageType,
    Submission,
    SubmitProgress,
    Submitted,
    TaskListItem,
    TaskManifest,
    TaskProgress,
    TaskStatus,
    Timeline,
    Timeout,
    WorkflowStatus,
    WorkflowType,
    errors,
    parse_event,
)
from omics_runs.display import LiveDisplay
from omics_runs.models import (
    BatchListItem,
    ConfigurationListItem,
    CreateRunCacheResponse,
    CreateRunGroupResponse,
    DefaultRunSetting,
    GetBatchResponse,
    GetWorkflowResponse,
    InlineSetting,
    InlineSettings,
    ListBatchResponse,
    ListTagsForResourceResponse,
    RunBatchListItem,
    S3UriSettings,
    StartRunBatchResponse,
    WorkflowListItem,
)


class Inputs(TypedDict):
    sample_name: str


async def fetch() -> Credentials:
    return Credentials("a", "b")


async def construct() -> None:
    async with AsyncOmicsRunsClient() as client:
        assert_type(client, AsyncOmicsRunsClient)
    AsyncOmicsRunsClient("us-west-2", profile="p", timeout=3, validate=False)
    AsyncOmicsRunsClient(credentials=("a", "b", None), retry=RetryPolicy(max_attempts=1))
    AsyncOmicsRunsClient(credentials=Credentials("a", "b"), timeout=Timeout(connect=1))
    AsyncOmicsRunsClient(credentials=fetch, http_client=httpx.AsyncClient())
    AsyncOmicsRunsClient(http_client=httpx.Client())  # type: ignore
    AsyncOmicsRunsClient(regoin="us-west-2")  # type: ignore
    AsyncOmicsRunsClient(retry=3)  # type: ignore


async def start(client: AsyncOmicsRunsClient, typed: Inputs, plain: dict[str, str]) -> None:
    started = await client.start_run(
        workflow_id="1", role_arn="r", output_uri="o", parameters=typed, storage_type="DYNAMIC"
    )
    assert_type(started, StartRunResponse)
    assert_type(started.id, str)
    assert_type(started.uuid, str | None)
    assert_type(started.ref, RunRef)
    await client.start_run(
        role_arn="r", output_uri="o", parameters=plain, storage_type=StorageType.STATIC
    )
    await client.start_run(role_arn="r", output_uri="o", storage_type=StorageType("NEWER"))
    await client.start_run(role_arn="r", output_uri="o", storage_type="DYNAMICAL")  # type: ignore
    await client.start_run(role_arn="r", output_uri="o", storage="DYNAMIC")  # type: ignore
    await client.start_run(role_arn="r")  # type: ignore
    await client.start_run(role_arn="r", output_uri="o", priority="high")  # type: ignore
    await client.start_run("1", role_arn="r", output_uri="o")  # type: ignore


async def get(client: AsyncOmicsRunsClient) -> None:
    run = await client.get_run("1", export=["DEFINITION"], timeout=2.5)
    assert_type(run, GetRunResponse)
    assert_type(run.status, RunStatus)
    assert_type(run.status.is_terminal, bool)
    assert_type(run.failure_reason, FailureReason | None)
    if run.failure_reason is not None:
        assert_type(run.failure_reason.retryable, bool | None)
        assert_type(run.failure_reason.advice, str)
    assert_type(run.start_time, datetime | None)
    assert_type(run.parameters, Mapping[str, Any] | None)
    assert_type(run.parameters_as(Inputs), Inputs)
    assert_type(run.response_metadata.aws_request_id, str | None)
    assert_type(run.ref, RunRef)
    run.status = RunStatus.FAILED  # type: ignore
    run.stauts  # type: ignore
    await client.get_run(id=1)  # type: ignore
    await client.get_run("1", export=["PICTURE"])  # type: ignore
    assert_type(await client.get_run_task("1", "2"), GetRunTaskResponse)


async def listing(client: AsyncOmicsRunsClient) -> None:
    page = await client.list_runs(status="RUNNING", max_results=10)
    assert_type(page, ListRunsResponse)
    assert_type(page.items, tuple[RunListItem, ...])
    async for item in client.iter_runs(status=RunStatus.RUNNING, limit=5):
        assert_type(item, RunListItem)
    async for whole in client.iter_runs().pages():
        assert_type(whole, ListRunsResponse)
    async for task in client.iter_run_tasks("1", status="FAILED"):
        assert_type(task, TaskListItem)
    await client.list_runs(status="RUNING")  # type: ignore


async def waiting(
    client: AsyncOmicsRunsClient, started: StartRunResponse, item: RunListItem
) -> None:
    def show(progress: Progress) -> None:
        assert_type(progress.run, GetRunResponse)
        assert_type(progress.next_delay, float | None)

    assert_type(await client.wait_until(started), GetRunResponse)
    await client.wait_until("1", RunStatus.RUNNING, timeout=60, progress=show)
    await client.wait_until(item, "STOPPING", progress=print)
    await client.wait_until(RunRef("1"), TERMINAL)
    await client.wait_until(started.ref, {RunStatus.COMPLETED, RunStatus.FAILED})
    await client.wait_until("1", {"COMPLETED", "FAILED"})
    mine: set[RunStatus] = {RunStatus.COMPLETED}
    await client.wait_until("1", mine)
    await client.wait_until("1", "COMPLETE")  # type: ignore
    await client.wait_until(7)  # type: ignore
    await client.wait_until("1", ["COMPLETED"])  # type: ignore


async def fleets(client: AsyncOmicsRunsClient, started: list[StartRunResponse]) -> None:
    def show(progress: FleetProgress) -> None:
        assert_type(progress.statuses, Mapping[RunStatus, int])

    assert_type(await client.wait_all(started, timeout=60, progress=show), tuple[RunOutcome, ...])
    await client.wait_all(["1", RunRef("2")], progress=print)
    await client.wait_all(["1"], progress=LiveDisplay())
    await client.wait_until("1", progress=LiveDisplay())
    await client.submit([], key="k", progress=LiveDisplay())
    await client.wait_all(["1"], events=client.iter_runs())  # type: ignore
    await client.wait_all(["1"], events=[None])  # type: ignore
    outcomes = client.as_completed({one.ref for one in started})
    assert_type(outcomes, AsyncRunOutcomes)
    async for outcome in outcomes:
        assert_type(outcome, RunOutcome)
        assert_type(outcome.unwrap(), GetRunResponse)
    outcomes.add("1")
    outcomes.hint(parse_event({}))
    assert_type(outcomes.checkpoint(), RunCheckpoint)
    client.as_completed(RunCheckpoint.parse(""))
    await client.wait_all(7)  # type: ignore
    await client.wait_all([7])  # type: ignore
    outcomes.add(7)  # type: ignore


async def tasks(client: AsyncOmicsRunsClient, run: GetRunResponse, task: TaskListItem) -> None:
    def show(progress: TaskProgress) -> None:
        assert_type(progress.task, GetRunTaskResponse)

    assert_type(await client.wait_until_task(run, task), GetRunTaskResponse)
    await client.wait_until_task("1", "7", TaskStatus.RUNNING, timeout=60, progress=show)
    await client.wait_until_task(run.ref, "7", "FAILED", progress=print)
    await client.wait_until_task("1", "7", TASK_TERMINAL)
    await client.wait_until_task("1", "7", {"COMPLETED", "FAILED"})
    await client.wait_until_task("1", "7", "DELETED")  # type: ignore
    await client.wait_until_task("1", run)  # type: ignore
    await client.wait_until_task(task, "7")  # type: ignore
    await client.wait_until_task("1")  # type: ignore


async def batches(client: AsyncOmicsRunsClient, typed: Inputs) -> None:
    default = DefaultRunSetting(workflow_id="1", role_arn="r", storage_type="DYNAMIC")
    one = InlineSetting(run_setting_id="a", parameters=typed)
    started = await client.start_run_batch(
        default_run_setting=default, batch_run_settings=InlineSettings([one])
    )
    assert_type(started, StartRunBatchResponse)
    await client.start_run_batch(
        default_run_setting=default, batch_run_settings=S3UriSettings("s3://b/k")
    )
    await client.start_run_batch(
        default_run_setting={"workflow_id": "1"},  # type: ignore
        batch_run_settings=S3UriSettings("s3://b/k"),
    )
    await client.start_run_batch(
        default_run_setting=default,
        batch_run_settings={"s3UriSettings": "s3://b/k"},  # type: ignore
    )
    await client.start_run_batch(default_run_setting=default)  # type: ignore
    InlineSettings([{"run_setting_id": "a"}])  # type: ignore
    DefaultRunSetting(workflow_id="1", role_arn="r", storage_type="DYNAMICAL")  # type: ignore
    DefaultRunSetting(workflow_id="1", role_arn="r", run_id="9")  # type: ignore
    batch = await client.get_batch(started.id)
    assert_type(batch.status, BatchStatus)
    assert_type(batch.is_success, bool)
    assert_type(batch.failed_count, int)
    assert_type(batch.default_run_setting, DefaultRunSetting | None)
    async for item in client.iter_batch(status="INPROGRESS", limit=5):
        assert_type(item, BatchListItem)
    async for whole in client.iter_batch().pages():
        assert_type(whole, ListBatchResponse)
    async for run in client.iter_runs_in_batch(started.id, submission_status="FAILED"):
        assert_type(run, RunBatchListItem)
        assert_type(run.ref, RunRef | None)
        assert_type(await client.wait_until(run), GetRunResponse)
    client.iter_batch(status="RUNNING")  # type: ignore


async def waiting_for_batches(
    client: AsyncOmicsRunsClient, started: StartRunBatchResponse, item: BatchListItem
) -> None:
    def show(progress: BatchProgress) -> None:
        assert_type(progress.batch, GetBatchResponse)

    assert_type(await client.wait_until_batch(started), GetBatchResponse)
    await client.wait_until_batch("7", BatchStatus.INPROGRESS, timeout=60, progress=show)
    await client.wait_until_batch(item, "RUNS_DELETED", progress=print)
    await client.wait_until_batch(item, BATCH_TERMINAL)
    await client.wait_until_batch("7", {"PROCESSED", "CANCELLED"})
    await client.wait_until_batch("7", "COMPLETED")  # type: ignore
    await client.wait_until_batch("7", "PROCESED")  # type: ignore
    await client.wait_until_batch(StartRunResponse(id="7"))  # type: ignore
    await client.wait_until(started)  # type: ignore
    await client.wait_until(item)  # type: ignore
    await client.wait_until("1", "PROCESSED")  # type: ignore


async def insight(client: AsyncOmicsRunsClient, run: GetRunResponse, task: TaskListItem) -> None:
    found = await client.diagnose(run, tasks=3)
    assert_type(found, Diagnosis)
    assert_type(found.cause, FailureReason | None)
    assert_type([one.log for one in found.failed_tasks], list[LogExcerpt | None])
    assert_type(await client.timeline("1"), Timeline)
    assert_type((await client.manifest(run.ref)).tasks, tuple[TaskManifest, ...])
    assert_type((await client.outputs(run)).uri, str | None)
    await client.diagnose(task)  # type: ignore
    await client.timeline(7)  # type: ignore
    await client.outputs(run, tasks=3)  # type: ignore


async def reruns(client: AsyncOmicsRunsClient, run: GetRunResponse) -> None:
    assert_type(await client.rerun(run), StartRunResponse)
    await client.rerun("1", storage_type="DYNAMIC", tags={"k": "v"}, request_id=None)
    await client.rerun(run.ref, role_arn="r", output_uri="o", priority=1, cache_behavior=None)
    await client.rerun(run, storage_capacity="2400")  # type: ignore
    await client.rerun(run, storage_type="dynamic")  # type: ignore
    await client.rerun(run, role_arn=None)  # type: ignore
    await client.rerun(7)  # type: ignore


async def submitting(client: AsyncOmicsRunsClient) -> None:
    request = StartRunRequest(workflow_id="1", role_arn="r", output_uri="s3://b")
    specs = [RunSpec("sample", request)]

    def show(progress: SubmitProgress) -> None:
        assert_type(progress.seconds_left, float | None)
        assert_type(progress.result, Submitted | None)

    submission = await client.submit(specs, key="k", journal=Path("j"), timeout=60, progress=show)
    assert_type(submission, Submission)
    assert_type(submission.started, Mapping[str, RunRef])
    assert_type(submission.stopped_by, errors.OmicsRunsError | None)
    async for result in client.iter_submit(iter(specs), journal="j", rate=5, progress=print):
        assert_type(result, Submitted)
        assert_type(result.run, RunRef | None)
    await client.submit(specs, key="k", rate="documented")
    await client.submit(specs, key="k", rate="slow")  # type: ignore
    await client.submit([request], key="k")  # type: ignore
    RunSpec("sample", "request")  # type: ignore


async def retries(
    client: AsyncOmicsRunsClient, submission: Submission, outcome: RunOutcome
) -> None:
    def more(request: StartRunRequest, failed: GetRunResponse) -> StartRunRequest:
        return request.replace(storage_capacity=2 * (failed.storage_capacity or 1200))

    again = await client.retry_failed(
        submission, [outcome], change=more, timeout=60, progress=print
    )
    assert_type(again, Submission)
    assert_type(again.journal, Path | None)
    assert_type(again.results[0].replaces, RunRef | None)
    await client.retry_failed(submission, when=lambda run: run.failure_reason == "SERVICE_ERROR")
    await client.retry_failed(submission, [submission])  # type: ignore
    await client.retry_failed(submission, rate="slow")  # type: ignore
    await client.retry_failed(submission, change=lambda request: request)  # type: ignore
    await client.retry_failed([outcome])  # type: ignore


async def other_resources(client: AsyncOmicsRunsClient) -> None:
    group = await client.create_run_group(name="g", max_runs=5, tags={"k": "v"})
    assert_type(group, CreateRunGroupResponse)
    await client.create_run_group(max_runs="5")  # type: ignore
    await client.create_run_group(max_run=5)  # type: ignore
    cache = await client.create_run_cache(
        cache_s3_location="s3://b/c", cache_behavior="CACHE_ALWAYS"
    )
    assert_type(cache, CreateRunCacheResponse)
    await client.create_run_cache(cache_s3_location="s3://b/c", cache_behavior="NEVER")  # type: ignore
    told = await client.list_tags_for_resource("arn:aws:omics:us-west-2:1:run/1")
    assert_type(told, ListTagsForResourceResponse)
    assert_type(told.tags, Mapping[str, str])
    await client.tag_resource("arn:aws:omics:us-west-2:1:run/1", tags={"k": "v"})
    await client.tag_resource("arn:aws:omics:us-west-2:1:run/1", tags=["k"])  # type: ignore
    workflow = await client.get_workflow("1", type="READY2RUN", export=["DEFINITION"])
    assert_type(workflow, GetWorkflowResponse)
    assert_type(workflow.status, WorkflowStatus)
    await client.get_workflow("1", type="READY")  # type: ignore
    async for listed in client.iter_workflows(type=WorkflowType.PRIVATE):
        assert_type(listed, WorkflowListItem)
    async for setting in client.iter_configurations(limit=20):
        assert_type(setting, ConfigurationListItem)


async def sending(client: AsyncOmicsRunsClient) -> None:
    request = StartRunRequest(role_arn="r", output_uri="o", run_id="1")
    assert_type(await client.send(request), StartRunResponse)
    assert_type(await client.send(GetRunRequest(id="1")), GetRunResponse)
    assert_type(request.request_id, str)
    assert_type(request.replace(name="x"), StartRunRequest)
    assert_type(StartRunRequest.from_json("{}", name="x"), StartRunRequest)
    StartRunRequest(role_arn="r", output_uri="o", request_id="mine")
    StartRunRequest(role_arn="r")  # type: ignore
    StartRunRequest(role_arn="r", output_uri="o", tags={"k": 1})  # type: ignore
    await client.send("StartRun")  # type: ignore


def options(client: AsyncOmicsRunsClient) -> None:
    assert_type(
        client.with_options(timeout=1, retry=RetryPolicy(), validate=False), AsyncOmicsRunsClient
    )


async def failing(client: AsyncOmicsRunsClient) -> None:
    try:
        await client.wait_until("1")
    except errors.RunFailedError as error:
        assert_type(error.failure_reason, FailureReason | None)
        assert_type(error.run, GetRunResponse)
    except errors.ThrottlingError as error:
        assert_type(error.status_code, int)
        await client.send(error.request)
        assert_type(error.attempts, tuple[errors.Attempt, ...])
    except errors.InvalidRequestError as error:
        assert_type(error.problems, tuple[tuple[str, str], ...])


async def failing_tasks_and_batches(client: AsyncOmicsRunsClient) -> None:
    try:
        await client.wait_until_batch("7")
        await client.wait_until_task("1", "7")
    except errors.BatchFailedError as error:
        assert_type(error.failure_reason, str | None)
        assert_type(error.batch, GetBatchResponse)
    except errors.TaskFailedError as error:
        assert_type(error.failure_reason, FailureReason | None)
        assert_type(error.task, GetRunTaskResponse)
    except errors.WaitTimeoutError as error:
        assert_type(error.batch, GetBatchResponse | None)
        assert_type(error.task, GetRunTaskResponse | None)
    except errors.ServiceError as error:
        assert_type(error.hint, str | None)


def observed(provider: TracerProvider) -> None:
    def before(event: RequestEvent) -> None:
        assert_type(event.number, int)

    def after(event: ResponseEvent) -> None:
        assert_type(event.attempt, errors.Attempt)
        assert_type(event.error, errors.CallError | None)

    def between(event: RetryEvent) -> None:
        assert_type(event.error, errors.CallError)

    AsyncOmicsRunsClient(on_request=before, on_response=after, on_retry=between)
    AsyncOmicsRunsClient(on_request=print, tracer_provider=provider)
    AsyncOmicsRunsClient(on_request=after)  # type: ignore
    AsyncOmicsRunsClient(tracer_provider="yes")  # type: ignore


def paced() -> None:
    AsyncOmicsRunsClient(rate_limits={"StartRun": 1.0}, poll_rate=None)
    AsyncOmicsRunsClient(rate_limits=SERVICE_RATES, poll_rate=5)
    AsyncOmicsRunsClient(rate_limits=1.0)  # type: ignore
