"""What type checkers make of the sync client; never executed.

Lines that must be refused carry a bare ignore: an ignore that isn't needed is an error, too.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypedDict, assert_type

import httpx
from opentelemetry.trace import TracerProvider

from omics_runs import (
    BATCH_TERMINAL,
    SERVICE_RATES,
    TASK_TERMINAL,
    TERMINAL,
    BatchProgress,
    BatchStatus,
    Columns,
    Credentials,
    Diagnosis,
    FailureReason,
    FleetProgress,
    GetRunRequest,
    GetRunResponse,
    GetRunTaskResponse,
    ListRunsResponse,
    LogExcerpt,
    OmicsRunsClient,
    Progress,
    RequestEvent,
    ResponseEvent,
    RetryEvent,
    RetryPolicy,
    RunCheckpoint,
    RunListItem,
    RunManifest,
    RunOutcome,
    RunOutcomes,
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
    read_manifest,
    read_sample_sheet,
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
    OmicsRunsClient(rate_limits={**SERVICE_RATES, "StartRun": 5}, poll_rate=None)
    OmicsRunsClient(rate_limits={"StartRun": "1"})  # type: ignore
    OmicsRunsClient(poll_rate="2")  # type: ignore
    assert_type(SERVICE_RATES, Mapping[str, float])


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


def fleets(client: OmicsRunsClient, started: list[StartRunResponse]) -> None:
    def show(progress: FleetProgress) -> None:
        assert_type(progress.statuses, Mapping[RunStatus, int])

    assert_type(client.wait_all(started, timeout=60, progress=show), tuple[RunOutcome, ...])
    client.wait_all(["1", RunRef("2")], progress=print)
    client.wait_all(["1"], progress=LiveDisplay())
    client.wait_until("1", progress=LiveDisplay())
    client.submit([], key="k", progress=LiveDisplay())
    client.wait_all(["1"], events=[parse_event({}), {"source": "aws.omics"}, None])
    client.wait_all(["1"], events=[7])  # type: ignore
    outcomes = client.as_completed({one.ref for one in started})
    assert_type(outcomes, RunOutcomes)
    for outcome in outcomes:
        assert_type(outcome, RunOutcome)
        assert_type(outcome.unwrap(), GetRunResponse)
    outcomes.add("1")
    outcomes.hint(parse_event({}))
    assert_type(outcomes.checkpoint(), RunCheckpoint)
    client.as_completed(RunCheckpoint.parse(""))
    client.wait_all(7)  # type: ignore
    client.wait_all([7])  # type: ignore
    outcomes.add(7)  # type: ignore


def tasks(client: OmicsRunsClient, run: GetRunResponse, task: TaskListItem) -> None:
    def show(progress: TaskProgress) -> None:
        assert_type(progress.task, GetRunTaskResponse)

    assert_type(client.wait_until_task(run, task), GetRunTaskResponse)
    client.wait_until_task("1", "7", TaskStatus.RUNNING, timeout=60, progress=show)
    client.wait_until_task(run.ref, "7", "FAILED", progress=print)
    client.wait_until_task("1", "7", TASK_TERMINAL)
    client.wait_until_task("1", "7", {"COMPLETED", "FAILED"})
    client.wait_until_task("1", "7", "DELETED")  # type: ignore
    client.wait_until_task("1", run)  # type: ignore
    client.wait_until_task(task, "7")  # type: ignore
    client.wait_until_task("1")  # type: ignore


def batches(client: OmicsRunsClient, typed: Inputs) -> None:
    default = DefaultRunSetting(workflow_id="1", role_arn="r", storage_type="DYNAMIC")
    one = InlineSetting(run_setting_id="a", parameters=typed)
    started = client.start_run_batch(
        default_run_setting=default, batch_run_settings=InlineSettings([one])
    )
    assert_type(started, StartRunBatchResponse)
    client.start_run_batch(
        default_run_setting=default, batch_run_settings=S3UriSettings("s3://b/k")
    )
    client.start_run_batch(
        default_run_setting={"workflow_id": "1"},  # type: ignore
        batch_run_settings=S3UriSettings("s3://b/k"),
    )
    client.start_run_batch(
        default_run_setting=default,
        batch_run_settings={"s3UriSettings": "s3://b/k"},  # type: ignore
    )
    client.start_run_batch(default_run_setting=default)  # type: ignore
    InlineSettings([{"run_setting_id": "a"}])  # type: ignore
    DefaultRunSetting(workflow_id="1", role_arn="r", storage_type="DYNAMICAL")  # type: ignore
    DefaultRunSetting(workflow_id="1", role_arn="r", run_id="9")  # type: ignore
    batch = client.get_batch(started.id)
    assert_type(batch.status, BatchStatus)
    assert_type(batch.is_success, bool)
    assert_type(batch.failed_count, int)
    assert_type(batch.default_run_setting, DefaultRunSetting | None)
    for item in client.iter_batch(status="INPROGRESS", limit=5):
        assert_type(item, BatchListItem)
    for whole in client.iter_batch().pages():
        assert_type(whole, ListBatchResponse)
    for run in client.iter_runs_in_batch(started.id, submission_status="FAILED"):
        assert_type(run, RunBatchListItem)
        assert_type(run.ref, RunRef | None)
        assert_type(client.wait_until(run), GetRunResponse)
    client.iter_batch(status="RUNNING")  # type: ignore


def waiting_for_batches(
    client: OmicsRunsClient, started: StartRunBatchResponse, item: BatchListItem
) -> None:
    def show(progress: BatchProgress) -> None:
        assert_type(progress.batch, GetBatchResponse)

    assert_type(client.wait_until_batch(started), GetBatchResponse)
    client.wait_until_batch("7", BatchStatus.INPROGRESS, timeout=60, progress=show)
    client.wait_until_batch(item, "RUNS_DELETED", progress=print)
    client.wait_until_batch(item, BATCH_TERMINAL)
    client.wait_until_batch("7", {"PROCESSED", "CANCELLED"})
    client.wait_until_batch("7", "COMPLETED")  # type: ignore
    client.wait_until_batch("7", "PROCESED")  # type: ignore
    client.wait_until_batch(StartRunResponse(id="7"))  # type: ignore
    client.wait_until(started)  # type: ignore
    client.wait_until(item)  # type: ignore
    client.wait_until("1", "PROCESSED")  # type: ignore


def submitting(client: OmicsRunsClient) -> None:
    request = StartRunRequest(workflow_id="1", role_arn="r", output_uri="s3://b")
    specs = [RunSpec("sample", request)]

    def show(progress: SubmitProgress) -> None:
        assert_type(progress.seconds_left, float | None)
        assert_type(progress.result, Submitted | None)

    submission = client.submit(specs, key="k", journal=Path("j"), timeout=60, progress=show)
    assert_type(submission, Submission)
    assert_type(submission.started, Mapping[str, RunRef])
    assert_type(submission.stopped_by, errors.OmicsRunsError | None)
    for result in client.iter_submit(iter(specs), journal="j", rate=5, progress=print):
        assert_type(result, Submitted)
        assert_type(result.run, RunRef | None)
    client.submit(specs, key="k", rate="documented")
    client.submit(specs, key="k", rate="slow")  # type: ignore
    client.submit([request], key="k")  # type: ignore
    RunSpec("sample", "request")  # type: ignore


def retries(client: OmicsRunsClient, submission: Submission, outcome: RunOutcome) -> None:
    def more(request: StartRunRequest, failed: GetRunResponse) -> StartRunRequest:
        return request.replace(storage_capacity=2 * (failed.storage_capacity or 1200))

    again = client.retry_failed(submission, [outcome], change=more, timeout=60, progress=print)
    assert_type(again, Submission)
    assert_type(again.journal, Path | None)
    assert_type(again.results[0].replaces, RunRef | None)
    client.retry_failed(submission, when=lambda run: run.failure_reason == "SERVICE_ERROR")
    client.retry_failed(submission, [submission])  # type: ignore
    client.retry_failed(submission, rate="slow")  # type: ignore
    client.retry_failed(submission, change=lambda request: request)  # type: ignore
    client.retry_failed([outcome])  # type: ignore


def insight(client: OmicsRunsClient, run: GetRunResponse, task: TaskListItem) -> None:
    found = client.diagnose(run, tasks=3)
    assert_type(found, Diagnosis)
    assert_type(found.cause, FailureReason | None)
    assert_type([one.log for one in found.failed_tasks], list[LogExcerpt | None])
    assert_type(client.timeline("1"), Timeline)
    assert_type((client.manifest(run.ref)).tasks, tuple[TaskManifest, ...])
    assert_type((client.outputs(run)).uri, str | None)
    client.diagnose(task)  # type: ignore
    client.timeline(7)  # type: ignore
    client.outputs(run, tasks=3)  # type: ignore


def reruns(client: OmicsRunsClient, run: GetRunResponse) -> None:
    assert_type(client.rerun(run), StartRunResponse)
    client.rerun("1", storage_type="DYNAMIC", tags={"k": "v"}, request_id=None)
    client.rerun(run.ref, role_arn="r", output_uri="o", priority=1, cache_behavior=None)
    client.rerun(run, storage_capacity="2400")  # type: ignore
    client.rerun(run, storage_type="dynamic")  # type: ignore
    client.rerun(run, role_arn=None)  # type: ignore
    client.rerun(7)  # type: ignore


def sheets(request: StartRunRequest) -> None:
    def template(row: Mapping[str, str]) -> RunSpec:
        return RunSpec(row["sample"], request)

    columns = Columns(request, name="sample", parameters={"reads": str, "threads": int | None})
    assert_type(read_sample_sheet("samples.csv", columns), list[RunSpec])
    assert_type(read_sample_sheet(Path("samples"), template, delimiter="\t"), list[RunSpec])
    read_sample_sheet("samples.csv", lambda row: row)  # type: ignore


def other_resources(client: OmicsRunsClient) -> None:
    group = client.create_run_group(name="g", max_runs=5, tags={"k": "v"})
    assert_type(group, CreateRunGroupResponse)
    client.create_run_group(max_runs="5")  # type: ignore
    client.create_run_group(max_run=5)  # type: ignore
    cache = client.create_run_cache(cache_s3_location="s3://b/c", cache_behavior="CACHE_ALWAYS")
    assert_type(cache, CreateRunCacheResponse)
    client.create_run_cache(cache_s3_location="s3://b/c", cache_behavior="NEVER")  # type: ignore
    told = client.list_tags_for_resource("arn:aws:omics:us-west-2:1:run/1")
    assert_type(told, ListTagsForResourceResponse)
    assert_type(told.tags, Mapping[str, str])
    client.tag_resource("arn:aws:omics:us-west-2:1:run/1", tags={"k": "v"})
    client.tag_resource("arn:aws:omics:us-west-2:1:run/1", tags=["k"])  # type: ignore
    workflow = client.get_workflow("1", type="READY2RUN", export=["DEFINITION"])
    assert_type(workflow, GetWorkflowResponse)
    assert_type(workflow.status, WorkflowStatus)
    client.get_workflow("1", type="READY")  # type: ignore
    for listed in client.iter_workflows(type=WorkflowType.PRIVATE):
        assert_type(listed, WorkflowListItem)
    for setting in client.iter_configurations(limit=20):
        assert_type(setting, ConfigurationListItem)


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


def failing_tasks_and_batches(client: OmicsRunsClient) -> None:
    try:
        client.wait_until_batch("7")
        client.wait_until_task("1", "7")
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

    OmicsRunsClient(on_request=before, on_response=after, on_retry=between)
    OmicsRunsClient(on_request=print, tracer_provider=provider)
    OmicsRunsClient(on_request=after)  # type: ignore
    OmicsRunsClient(tracer_provider="yes")  # type: ignore


def paced() -> None:
    OmicsRunsClient(rate_limits={"StartRun": 1.0}, poll_rate=None)
    OmicsRunsClient(rate_limits=SERVICE_RATES, poll_rate=5)
    OmicsRunsClient(rate_limits=1.0)  # type: ignore


def drawn(client: OmicsRunsClient) -> None:
    manifest = read_manifest(["{}"])
    assert_type(manifest.run, RunManifest | None)
    assert_type(manifest.tasks, tuple[TaskManifest, ...])
    run, tasks = client.get_run("1"), client.iter_run_tasks("1")
    assert_type(Timeline.of(run, [*tasks, *manifest.tasks], as_of=datetime.now(UTC)), Timeline)
    assert_type(Timeline.of(manifest).rows(), list[dict[str, Any]])
    Timeline.of("1")  # type: ignore
    read_manifest(1)  # type: ignore
