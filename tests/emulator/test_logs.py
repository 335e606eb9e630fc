"""CloudWatch Logs of the emulator: boto3 as the judge, and the clients of the SDK."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from omics_runs import OmicsRunsClient, errors, models
from omics_runs.emulator import Emulator, Fault, Quotas, TaskPlan, VirtualClock
from omics_runs.emulator._telling import TELLINGS
from tests.emulator.conftest import ROLE, session

GROUP = "/aws/omics/WorkflowLog"
START: Any = {"workflow_id": "1234567", "role_arn": ROLE, "output_uri": "s3://bucket/out"}
TASK = (TaskPlan(name="Align"),)


@pytest.fixture
def emulator() -> Emulator:
    """Return an emulator that checks signatures, on a clock of its own."""
    return Emulator(VirtualClock())


@pytest.fixture
def client(emulator: Emulator) -> Iterator[OmicsRunsClient]:
    """Return a client of it, in process."""
    with emulator.client() as made:
        yield made


@pytest.fixture
def logs(emulator: Emulator, _no_aws_files: None) -> Iterator[Any]:
    """Return boto3's client of CloudWatch Logs, on loopback."""
    with emulator.serve() as url:
        made = session().client(
            "logs",
            endpoint_url=url,
            region_name=emulator.region,
            aws_access_key_id=emulator.access_key,
            aws_secret_access_key=emulator.secret_key,
            config=Config(retries={"total_max_attempts": 1}),
        )
        with closing(made):
            yield made


def ended(client: OmicsRunsClient, emulator: Emulator, **members: Any) -> models.GetRunResponse:
    """Start a run, let it end, and return it."""
    run_id = client.start_run(**START, **members).id
    advance(emulator, 100_000)
    return client.get_run(run_id)


def advance(emulator: Emulator, seconds: float) -> None:
    """Let virtual time pass."""
    assert isinstance(emulator.clock, VirtualClock)
    emulator.clock.advance(seconds)


def names(client: OmicsRunsClient, prefix: str | None = None) -> list[str]:
    """Return the names of the streams."""
    page = client.describe_log_streams(log_group_name=GROUP, log_stream_name_prefix=prefix)
    return [stream.log_stream_name for stream in page.log_streams]


def lines(client: OmicsRunsClient, stream: str) -> list[str]:
    """Return the messages of a stream."""
    page = client.get_log_events(log_group_name=GROUP, log_stream_name=stream, start_from_head=True)
    return [event.message for event in page.events]


def test_streams_come_as_the_run_goes_on(client: OmicsRunsClient, emulator: Emulator) -> None:
    """Engine and tasks write once they are there, the manifest comes last, and all of it stays."""
    emulator.plan(tasks=TASK)
    run = client.start_run(**START)
    assert names(client) == [f"run/{run.id}"]
    advance(emulator, 1000)
    task = client.list_run_tasks(run.id).items[0].task_id
    live = [f"run/{run.id}", f"run/{run.id}/engine", f"run/{run.id}/task/{task}"]
    assert names(client) == live
    advance(emulator, 10_000)
    manifest = f"manifest/run/{run.id}/{run.uuid}"
    client.delete_run(run.id)
    assert names(client) == [manifest, *live]
    assert names(client, f"manifest/run/{run.id}/") == [manifest]
    assert [json.loads(line)["arn"].split(":")[-1] for line in lines(client, manifest)] == [
        f"run/{run.id}",
        f"task/{task}",
    ]


def test_only_what_is_asked_for_is_made(client: OmicsRunsClient, emulator: Emulator) -> None:
    """To read one stream takes none of the work for the others, such as for the manifest."""
    emulator.plan(tasks=TASK)
    run = ended(client, emulator)
    files: set[str] = set()

    def note(frame: FrameType, event: str, _: object) -> None:
        files.update([Path(frame.f_code.co_filename).name] if event == "call" else [])

    for stream in (f"run/{run.id}/engine", f"manifest/run/{run.id}/{run.uuid}"):
        sys.setprofile(note)
        try:
            assert lines(client, stream)
        finally:
            sys.setprofile(None)
        assert ("_manifest.py" in files) == stream.startswith("manifest")
        assert "_run_logs.py" in files


@pytest.mark.parametrize(
    ("level", "kinds"),
    [
        pytest.param("OFF", [], id="off"),
        pytest.param("FATAL", ["manifest", "run"], id="fatal"),
        pytest.param("ERROR", ["manifest", "engine", "run", "task"], id="error"),
        pytest.param("ALL", ["manifest", "engine", "run", "task"], id="all"),
    ],
)
def test_the_log_level_decides(
    client: OmicsRunsClient, emulator: Emulator, level: Any, kinds: list[str]
) -> None:
    """A failed run leaves what its level lets through; only with ALL is there more than trouble."""
    emulator.plan(ends="FAILED", failure_reason="OUT_OF_MEMORY_ERROR", tasks=TASK)
    run = ended(client, emulator, log_level=level)
    found = names(client)
    short = {f"run/{run.id}": "run", f"run/{run.id}/engine": "engine"}
    assert sorted(
        short.get(name, name.partition("/")[0]) for name in found if "task" not in name
    ) == sorted(kind for kind in kinds if kind != "task")
    assert any("/task/" in name for name in found) == ("task" in kinds)
    told = [line for name in found if "manifest" not in name for line in lines(client, name)]
    assert ("Killed" in told) == ("task" in kinds)
    assert any("PENDING" in line for line in told) == (level == "ALL")


@pytest.mark.parametrize("reason", sorted({*TELLINGS, "NEW_REASON"}))
def test_each_failure_is_told(client: OmicsRunsClient, emulator: Emulator, reason: str) -> None:
    """The run's log names the reason; the engine's tells more, or the run's where there is none."""
    emulator.plan(ends="FAILED", failure_reason=reason)
    run = ended(client, emulator)
    told = lines(client, f"run/{run.id}")
    assert any(reason in line for line in told)
    if run.start_time is not None:
        told = lines(client, f"run/{run.id}/engine")
    assert any(line.startswith("ERROR: ") for line in told)
    for task in client.list_run_tasks(run.id).items:
        has_log = f"run/{run.id}/task/{task.task_id}" in names(client)
        assert has_log == (task.start_time is not None)
        if has_log:
            last = lines(client, f"run/{run.id}/task/{task.task_id}")[-1]
            assert (last == f"{task.name}: done") == (task.status == "COMPLETED")


DONE, CUT, FAILED, QUEUED = "COMPLETED", "CANCELLED", "FAILED", "FAILED, never RUNNING"


@pytest.mark.parametrize(
    ("reason", "seconds", "ran", "tasks"),
    [
        pytest.param("ASSUME_ROLE_FAILED", 330, None, [], id="before it runs"),
        pytest.param("IMPORT_FAILED", 762, 132, [], id="at the import"),
        pytest.param("ECR_PERMISSION_ERROR", 2490, 1860, [DONE, DONE, QUEUED], id="task to start"),
        pytest.param("OUT_OF_MEMORY_ERROR", 2490, 1860, [DONE, DONE, FAILED], id="task"),
        pytest.param("NEW_REASON", 2490, 1860, [DONE, DONE, FAILED], id="unknown"),
        pytest.param("SERVICE_ERROR", 2490, 1860, [DONE, DONE, CUT], id="run"),
        pytest.param("EXPORT_FAILED", 2490, 1860, [DONE, DONE, DONE], id="at the export"),
    ],
)
def test_a_failure_strikes_where_it_belongs(
    client: OmicsRunsClient,
    emulator: Emulator,
    reason: str,
    seconds: float,
    ran: float | None,
    tasks: list[str],
) -> None:
    """A failure comes when its like comes, and takes down a task only where one is to blame."""
    emulator.plan(ends="FAILED", failure_reason=reason)
    run = ended(client, emulator)
    assert run.stop_time is not None
    assert (run.stop_time - run.creation_time).total_seconds() == pytest.approx(seconds)
    assert (run.start_time is None) == (ran is None)
    if run.start_time is not None:
        assert (run.stop_time - run.start_time).total_seconds() == pytest.approx(ran)
    found = client.list_run_tasks(run.id).items
    assert [
        f"{task.status}, never RUNNING" if task.start_time is None else task.status
        for task in found
    ] == tasks
    asked = [client.get_run_task(run.id, task.task_id) for task in found]
    blamed = [task for task in asked if task.status == FAILED]
    assert [task.failure_reason for task in asked if task.failure_reason] == [reason] * len(blamed)
    assert all(f"The task failed with {reason};" in str(task.status_message) for task in blamed)


@pytest.mark.parametrize("reason", ["ASSUME_ROLE_FAILED", "IMPORT_FAILED", "ECR_PERMISSION_ERROR"])
def test_what_is_planned_is_seen(client: OmicsRunsClient, emulator: Emulator, reason: str) -> None:
    """Tasks, ends and lines that were planned come about, whatever the failure."""
    failing = TaskPlan(name="Align", ends="FAILED", failure_reason=reason)
    logs = {"Align": ["why"], "engine": ["it is so"]}
    emulator.plan(ends="FAILED", failure_reason=reason, tasks=[failing], logs=logs)
    run = ended(client, emulator)
    (task,) = client.list_run_tasks(run.id).items
    assert (task.status, client.get_run_task(run.id, task.task_id).failure_reason) == (
        "FAILED",
        reason,
    )
    assert lines(client, f"run/{run.id}/task/{task.task_id}")[-1] == "why"
    assert lines(client, f"run/{run.id}/engine")[-1] == "it is so"
    emulator.plan(ends="FAILED", failure_reason=reason, logs={"CallVariants": ["seen"]})
    run = ended(client, emulator)
    task = client.list_run_tasks(run.id).items[-1]
    assert lines(client, f"run/{run.id}/task/{task.task_id}")[-1] == "seen"
    emulator.plan(ends="FAILED", failure_reason=reason, after=5, logs={"engine": ["no run"]})
    run = ended(client, emulator)
    assert run.stop_time is not None
    assert (run.stop_time - run.creation_time).total_seconds() == 5
    assert lines(client, f"run/{run.id}/engine") == ["no run"]


def test_a_run_under_way_is_led_to_a_failure_of_early_runs(
    client: OmicsRunsClient, emulator: Emulator
) -> None:
    """Before it is RUNNING it fails as any run would; later what it has done stays done."""
    early, late, rescued = (client.start_run(**START).id for _ in range(3))
    emulator.plan(run_id=early, ends="FAILED", failure_reason="IMPORT_FAILED")
    emulator.plan(run_id=rescued, ends="FAILED", failure_reason="IMPORT_FAILED")
    advance(emulator, 640)
    emulator.plan(run_id=rescued)
    advance(emulator, 860)
    emulator.plan(run_id=late, ends="FAILED", failure_reason="IMPORT_FAILED")
    advance(emulator, 100_000)
    assert [client.get_run(run).status for run in (early, late, rescued)] == [FAILED, FAILED, DONE]
    whole = client.get_run(rescued)
    assert whole.start_time is not None
    assert whole.stop_time is not None
    assert (whole.stop_time - whole.start_time).total_seconds() == pytest.approx(1860)
    assert [
        [task.status for task in client.list_run_tasks(run).items] for run in (early, late, rescued)
    ] == [[], [DONE, DONE, CUT], [DONE] * 3]


def test_a_run_that_waits_has_not_said_its_last() -> None:
    """Lines that end a log come at the run's end, and not while it waits for its slot."""
    emulator = Emulator(VirtualClock(), quotas=Quotas(max_active_runs=1))
    emulator.plan(logs={"run": ["the end"], "engine": ["the end"]})
    with emulator.client() as client:
        client.start_run(**START)
        run = client.start_run(**START)
        advance(emulator, 100)
        assert lines(client, f"run/{run.id}") == [f"Run {run.id} is PENDING"]
        advance(emulator, 100_000)
        assert lines(client, f"run/{run.id}/engine")[-1] == "the end"


def test_planned_lines_take_the_place_of_ours(client: OmicsRunsClient, emulator: Emulator) -> None:
    """Whoever tests a reader of logs says what is in them, for runs that fail or not."""
    logs = {"engine": ["no such channel"], "Align": ["bad read 7", "giving up"], "run": ["end"]}
    emulator.plan(ends="FAILED", tasks=TASK, logs=logs)
    run = ended(client, emulator)
    (task,) = client.list_run_tasks(run.id).items
    assert lines(client, f"run/{run.id}/task/{task.task_id}")[-2:] == ["bad read 7", "giving up"]
    assert "no such channel" in lines(client, f"run/{run.id}/engine")
    assert lines(client, f"run/{run.id}")[-1] == "end"
    with pytest.raises(ValueError, match="there is no 'Sort'; there are run, engine, Align"):
        emulator.plan(tasks=TASK, logs={"Sort": []})
    with pytest.raises(ValueError, match="logs can't be planned for a run that has started"):
        emulator.plan(run_id=run.id, logs={"run": []})


def test_a_run_that_fails_early_has_no_engine(client: OmicsRunsClient, emulator: Emulator) -> None:
    """Before a run is RUNNING there is nobody to write but the service."""
    emulator.plan(ends="FAILED", after=5)
    run = ended(client, emulator)
    assert names(client) == [f"manifest/run/{run.id}/{run.uuid}", f"run/{run.id}"]


def test_an_attempt_that_failed_is_told_of(client: OmicsRunsClient, emulator: Emulator) -> None:
    """A task that failed in a run that did not is told by its own reason, or by its exit status."""
    tasks = [
        TaskPlan(name="First", ends="FAILED", failure_reason="OUT_OF_MEMORY_ERROR"),
        TaskPlan(name="Second", ends="FAILED"),
        TaskPlan(name="Third"),
    ]
    emulator.plan(tasks=tasks)
    run = ended(client, emulator)
    found = client.list_run_tasks(run.id).items
    told = [lines(client, f"run/{run.id}/task/{task.task_id}") for task in found]
    assert [text[-1] for text in told] == [
        "ERROR: exit status 137",
        "ERROR: exit status 1",
        "Third: done",
    ]


def test_the_manifest_has_what_the_service_writes(
    client: OmicsRunsClient, emulator: Emulator
) -> None:
    """The run's record refers by ARNs; moments come in three forms; metrics are there."""
    emulator.add_workflow("42", type="READY2RUN")
    template = {"sample": {"description": "A sample."}}
    emulator.add_workflow("43", parameter_template=template)
    group, cache = emulator.add_run_group(), emulator.add_run_cache()
    emulator.plan(tasks=TASK)
    members: Any = {"cache_id": cache, "cache_behavior": "CACHE_ALWAYS", "run_group_id": group}
    first = ended(
        client,
        emulator,
        name="exome",
        **members,
        parameters={"sample": "NA12878"},
        workflow_version_name="v1",
    )
    ready = client.start_run(**START | {"workflow_id": "42"}, workflow_type="READY2RUN").id
    other = client.start_run(**START | {"workflow_id": "43"}, parameters={"sample": "x"}).id
    again = client.start_run(role_arn=ROLE, output_uri="s3://b", run_id=first.id).id
    advance(emulator, 100_000)
    owner = "arn:aws:omics:us-west-2:123456789012"
    records = {run_id: manifest(client, run_id) for run_id in (first.id, ready, other, again)}
    run, task = records[first.id]
    assert (run["runGroup"], run["runCache"], run["runCacheBehavior"]) == (
        f"{owner}:runGroup/{group}",
        f"{owner}:runCache/{cache}",
        "CACHE_ALWAYS",
    )
    assert run["workflowVersion"] == f"{owner}:workflow/1234567/version/v1"
    assert (run["name"], run["parameters"]) == ("exome", {"sample": "NA12878"})
    assert run["creationTime"].endswith("Z")
    assert "+" not in task["creationTime"]
    assert not task["creationTime"].endswith("Z")
    assert (task["run"], task["status"]) == (f"{owner}:run/{first.id}", "COMPLETED")
    assert task["metrics"]["cpusReserved"] == 2
    assert run["metrics"]["storageReservedGiB"] == 1200
    assert records[ready][0]["workflow"] == "arn:aws:omics:us-west-2::workflow/42"
    assert records[other][0]["parameterTemplate"] == template
    assert records[again][0]["run"] == f"{owner}:run/{first.id}"


def manifest(client: OmicsRunsClient, run_id: str) -> list[Any]:
    """Return the records of the run's manifest."""
    (name,) = names(client, f"manifest/run/{run_id}/")
    return [json.loads(line) for line in lines(client, name)]


def test_the_manifest_is_whole_as_soon_as_the_run_has_ended(
    client: OmicsRunsClient, emulator: Emulator
) -> None:
    """Whoever sees the end of a run at its very moment finds all records."""
    emulator.plan(tasks=TASK, after=600)
    run_id = client.start_run(**START).id
    advance(emulator, 600)
    assert client.get_run(run_id).status.is_terminal
    assert len(manifest(client, run_id)) == 2


def test_a_cancelled_run_has_run_for_no_time(client: OmicsRunsClient, emulator: Emulator) -> None:
    """A run that never was RUNNING has no start in its manifest."""
    run_id = client.start_run(**START).id
    client.cancel_run(run_id)
    advance(emulator, 1000)
    (record,) = manifest(client, run_id)
    assert "startTime" not in record
    assert record["metrics"]["runningSeconds"] == 0


def test_an_id_given_out_again_has_the_logs_of_both(_no_aws_files: None) -> None:
    """Runs of one id write into the same streams, and each into a manifest of its own."""
    emulator = Emulator(VirtualClock(), reuse_ids=True)
    with emulator.client() as client:
        first = ended(client, emulator)
        client.delete_run(first.id)
        second = ended(client, emulator)
        assert second.id == first.id
        text = f"Run {first.id} is COMPLETED"
        assert lines(client, f"run/{first.id}").count(text) == 2
        assert len(names(client, f"manifest/run/{first.id}/")) == 2


def test_logs_outlast_the_emulator(tmp_path: Path) -> None:
    """A file of the data has the logs of deleted runs too, and the lines that were planned."""
    file = tmp_path / "data"
    with Emulator(VirtualClock(), data=file) as emulator, emulator.client() as client:
        emulator.plan(logs={"engine": ["the last line"]})
        run = ended(client, emulator)
        client.delete_run(run.id)
    with Emulator(VirtualClock(), data=file) as emulator, emulator.client() as client:
        assert lines(client, f"run/{run.id}/engine")[-1] == "the last line"
        again = ended(client, emulator)
        assert lines(client, f"run/{again.id}/engine")[-1] == "the last line"


def test_boto3_pages_through_events(client: OmicsRunsClient, emulator: Emulator, logs: Any) -> None:
    """Forward from the head and backward from the tail, each event comes once, to the end."""
    run = ended(client, emulator)
    where = {"logGroupName": GROUP, "logStreamName": f"run/{run.id}"}
    whole = logs.get_log_events(**where)["events"]
    assert [event["timestamp"] for event in whole] == sorted(e["timestamp"] for e in whole)

    def walk(token: str, **first: Any) -> list[Any]:
        page = logs.get_log_events(**where, limit=4, **first)
        found, sent = [page["events"]], None
        while page[token] != sent:
            sent = page[token]
            page = logs.get_log_events(**where, limit=4, nextToken=sent)
            found.append(page["events"])
        return found

    forward, backward = walk("nextForwardToken", startFromHead=True), walk("nextBackwardToken")
    assert [event for page in forward for event in page] == whole
    assert [event for page in reversed(backward) for event in page] == whole
    since = whole[3]["timestamp"]
    part = logs.get_log_events(**where, startTime=since, endTime=whole[6]["timestamp"])["events"]
    assert part == [e for e in whole if since <= e["timestamp"] < whole[6]["timestamp"]]


def test_boto3_pages_through_streams(
    client: OmicsRunsClient, emulator: Emulator, logs: Any
) -> None:
    """By name or by the last event, up or down, in pages."""
    for _ in range(3):
        ended(client, emulator)
    pages = logs.get_paginator("describe_log_streams").paginate(
        logGroupIdentifier=f"arn:aws:logs:us-west-2:123456789012:log-group:{GROUP}",
        PaginationConfig={"PageSize": 7},
    )
    found = [stream["logStreamName"] for page in pages for stream in page["logStreams"]]
    assert found == sorted(found)
    assert len(found) == 3 * 6
    by_time: Any = {"logGroupName": GROUP, "orderBy": "LastEventTime"}
    moments = [
        stream["lastEventTimestamp"]
        for stream in logs.describe_log_streams(**by_time)["logStreams"]
    ]
    assert moments == sorted(moments)
    (last,) = logs.describe_log_streams(**by_time, descending=True, limit=1)["logStreams"]
    assert last["lastEventTimestamp"] == moments[-1]
    assert last["arn"].endswith(f":log-stream:{last['logStreamName']}")


@pytest.mark.parametrize(
    ("where", "code"),
    [
        pytest.param({"logGroupName": "/other"}, "ResourceNotFoundException", id="group"),
        pytest.param({"logStreamName": "run/1/engine"}, "ResourceNotFoundException", id="stream"),
        pytest.param({"logStreamName": "latest"}, "ResourceNotFoundException", id="no-run"),
        pytest.param({"nextToken": "x"}, "InvalidParameterException", id="token"),
        pytest.param({"logGroupIdentifier": GROUP}, "InvalidParameterException", id="two-groups"),
    ],
)
def test_boto3_is_refused(
    client: OmicsRunsClient, logs: Any, where: dict[str, Any], code: str
) -> None:
    """What is not there, or wrong, is refused in the protocol's way: 400 and a code in the body."""
    run = client.start_run(**START)
    usual = {"logGroupName": GROUP, "logStreamName": f"run/{run.id}"}
    with pytest.raises(ClientError) as caught:
        logs.get_log_events(**usual | where)
    assert caught.value.response["Error"]["Code"] == code
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_our_own_errors(client: OmicsRunsClient, emulator: Emulator) -> None:
    """Codes decide, whatever the status: each is one of the SDK's errors."""
    where: Any = {"log_group_name": GROUP, "log_stream_name": "run/7"}
    with pytest.raises(errors.ResourceNotFoundError) as missing:
        client.get_log_events(**where)
    assert missing.value.status_code == 400
    assert not missing.value.may_have_taken_effect
    emulator.faults.add(Fault("GetLogEvents", code="AccessDeniedException"))
    with pytest.raises(errors.AccessDeniedError):
        client.get_log_events(**where)
    emulator.faults.add(
        Fault("GetLogEvents", status=400, body=b"?", code="InvalidParameterException")
    )
    with pytest.raises(errors.ValidationError):
        client.get_log_events(**where)
    with pytest.raises(errors.InvalidRequestError, match="either log_group_name or"):
        client.get_log_events(log_stream_name="run/7")
    with pytest.raises(errors.InvalidRequestError, match="can only be sorted by LogStreamName"):
        client.describe_log_streams(
            log_group_name=GROUP, log_stream_name_prefix="run/", order_by="LastEventTime"
        )


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(Fault.throttle("GetLogEvents"), id="throttling"),
        pytest.param(
            Fault("GetLogEvents", status=503, code="ServiceUnavailableException"), id="5xx"
        ),
        pytest.param(
            Fault("GetLogEvents", status=400, code="ServiceUnavailableException"), id="400"
        ),
    ],
)
def test_passing_trouble_is_ridden_out(
    client: OmicsRunsClient, emulator: Emulator, fault: Fault
) -> None:
    """Throttling and unavailability are tried again, whatever status they come with."""
    run = client.start_run(**START)
    emulator.faults.add(fault)
    answer = client.get_log_events(log_group_name=GROUP, log_stream_name=f"run/{run.id}")
    assert answer.response_metadata.attempts == 2
    assert answer.events[0].message == f"Run {run.id} is PENDING"


def test_moments_go_both_ways(client: OmicsRunsClient, emulator: Emulator) -> None:
    """What an event's moment was can be asked for again; without a zone it is refused."""
    run = ended(client, emulator)
    where: Any = {"log_group_name": GROUP, "log_stream_name": f"run/{run.id}"}
    events = client.get_log_events(**where).events
    since = client.get_log_events(**where, start_time=events[4].timestamp).events
    assert since == events[4:]
    assert events[0].timestamp.tzinfo is UTC
    request = models.GetLogEventsRequest(**where, start_time=events[4].timestamp)
    assert models.GetLogEventsRequest.from_dict(request.to_dict()) == request
    for wrong, what in (
        (datetime(2026, 1, 1), "must have a time zone"),  # noqa: DTZ001  (it is what is wrong)
        (datetime(1969, 1, 1, tzinfo=UTC), "must not be before 1970"),
        ("yesterday", "must be a datetime"),
    ):
        with pytest.raises(errors.InvalidRequestError, match=what):
            client.get_log_events(**where, start_time=wrong)  # type: ignore[arg-type]
    unchecked = client.with_options(validate=False)
    with pytest.raises(errors.InvalidRequestError, match="is not JSON"):
        unchecked.get_log_events(**where, start_time=datetime(2026, 1, 1))  # noqa: DTZ001
    data = {"logGroupName": GROUP, "logStreamName": "s", "startTime": 10**20, "endTime": "when?"}
    left = models.GetLogEventsRequest.from_dict(data)
    assert [what for what, _ in left.problems()] == ["start_time", "end_time"]
    assert since[0].timestamp + timedelta(milliseconds=250) == since[0].ingestion_time


def test_signatures_are_for_the_service_that_is_called(
    emulator: Emulator, logs: Any, client: OmicsRunsClient
) -> None:
    """A call of CloudWatch Logs that is signed for HealthOmics is refused, as AWS does."""
    client.start_run(**START)
    signed = emulator.requests[-1].headers["authorization"]
    assert "/us-west-2/omics/aws4_request" in signed
    client.describe_log_streams(log_group_name=GROUP)
    headers = emulator.requests[-1].headers
    assert "/us-west-2/logs/aws4_request" in headers["authorization"]
    assert headers["x-amz-target"] == "Logs_20140328.DescribeLogStreams"
    logs._request_signer._signing_name = "omics"
    with pytest.raises(ClientError, match="The credential is for 'omics'; this is 'logs'"):
        logs.describe_log_streams(logGroupName=GROUP)


def test_no_other_operation_is_there(emulator: Emulator, logs: Any) -> None:
    """What runs don't need is told as unknown."""
    with pytest.raises(ClientError) as caught:
        logs.describe_log_groups()
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert caught.value.response["Error"] == {
        "Code": "UnknownOperationException",
        "Message": "There is no operation Logs_20140328.DescribeLogGroups",
    }
