"""Stories in which boto3 meets the emulator: together they go through each of its operations."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from omics_runs.emulator import Emulator, VirtualClock
from tests.emulator.conftest import ROLE

Story: TypeAlias = Callable[[Any, Emulator], None]

ACCOUNT = "arn:aws:omics:us-west-2:123456789012"

START = {"workflowId": "1234567", "roleArn": ROLE, "outputUri": "s3://bucket/out"}

ZIP = b"PK\x05\x06" + bytes(18)
"""A zip file without files."""

RUNNING = 1000
"""Seconds after which a run and one of its tasks are RUNNING, and a batch is INPROGRESS."""

LONG = 100_000
"""Seconds after which all of them have ended."""


def move(emulator: Emulator, seconds: float) -> None:
    """Let virtual time pass."""
    assert isinstance(emulator.clock, VirtualClock)
    emulator.clock.advance(seconds)


def status_of(answer: Mapping[str, Any]) -> int:
    """Return the HTTP status that an answer came with."""
    status: int = answer["ResponseMetadata"]["HTTPStatusCode"]
    return status


def paged(boto: Any, operation: str, *, key: str = "items", **arguments: Any) -> list[list[Any]]:
    """Return what boto3's paginator finds, two items to a page."""
    pages = boto.get_paginator(operation).paginate(**arguments, PaginationConfig={"PageSize": 2})
    return [page[key] for page in pages]


def ids(pages: Sequence[Sequence[Mapping[str, Any]]], key: str = "id") -> list[list[Any]]:
    """Return the ids on each page."""
    return [[item[key] for item in page] for page in pages]


def runs(boto: Any, emulator: Emulator) -> None:
    """Runs are started, looked at with their tasks, cancelled, listed and deleted."""
    started = [boto.start_run(**START, name=f"run {n}", tags={"n": str(n)}) for n in range(3)]
    assert [status_of(answer) for answer in started] == [201, 201, 201]
    first, second, third = (answer["id"] for answer in started)
    assert status_of(boto.cancel_run(id=second)) == 202
    move(emulator, LONG)

    run = boto.get_run(id=first, export=["DEFINITION"])
    assert (run["name"], run["tags"], run["status"]) == ("run 0", {"n": "0"}, "COMPLETED")
    assert run["arn"] == f"{ACCOUNT}:run/{first}"
    assert boto.get_run(id=second)["status"] == "CANCELLED"

    tasks = paged(boto, "list_run_tasks", id=first)
    assert [len(page) for page in tasks] == [2, 1]
    task = boto.get_run_task(id=first, taskId=tasks[0][0]["taskId"])
    assert (task["name"], task["status"]) == (tasks[0][0]["name"], "COMPLETED")

    assert ids(paged(boto, "list_runs")) == [[third, second], [first]]
    assert ids(paged(boto, "list_runs", status="CANCELLED")) == [[second]]
    assert status_of(boto.delete_run(id=second)) == 202
    assert ids(paged(boto, "list_runs")) == [[third, first]]


def run_groups(boto: Any, emulator: Emulator) -> None:
    """Run groups are made, looked at, changed, listed and deleted."""
    limits = {"maxRuns": 2, "maxCpus": 16, "maxGpus": 1, "maxDuration": 60}
    made = [boto.create_run_group(name=f"group {n}", **limits, tags={"a": "b"}) for n in range(3)]
    first, second, third = (answer["id"] for answer in made)
    assert {status_of(answer) for answer in made} == {201}
    assert (made[0]["arn"], made[0]["tags"]) == (f"{ACCOUNT}:runGroup/{first}", {"a": "b"})

    assert status_of(boto.update_run_group(id=first, name="other", maxRuns=5)) == 202
    group = boto.get_run_group(id=first)
    assert {name: group[name] for name in limits} == {**limits, "maxRuns": 5}
    assert (group["name"], group["tags"]) == ("other", {"a": "b"})
    assert group["creationTime"].tzinfo is not None

    assert ids(paged(boto, "list_run_groups")) == [[third, second], [first]]
    assert ids(paged(boto, "list_run_groups", name="other")) == [[first]]
    assert status_of(boto.delete_run_group(id=second)) == 202
    assert ids(paged(boto, "list_run_groups")) == [[third, first]]


def run_caches(boto: Any, emulator: Emulator) -> None:
    """Run caches are made, looked at, changed, listed and deleted."""
    about = {"name": "cache", "description": "what it is for", "cacheBehavior": "CACHE_ALWAYS"}
    made = [
        boto.create_run_cache(
            **about, cacheS3Location="s3://bucket/cache", tags={"a": "b"}, requestId=f"token-{n}"
        )
        for n in range(3)
    ]
    first, second, third = (answer["id"] for answer in made)
    assert {status_of(answer) for answer in made} == {201}
    assert (made[0]["arn"], made[0]["status"]) == (f"{ACCOUNT}:runCache/{first}", "ACTIVE")

    changes = {"name": "other", "cacheBehavior": "CACHE_ON_FAILURE"}
    assert status_of(boto.update_run_cache(id=first, **changes)) == 202
    cache = boto.get_run_cache(id=first)
    assert {name: cache[name] for name in about} == {**about, **changes}
    assert (cache["cacheS3Uri"], cache["tags"]) == ("s3://bucket/cache", {"a": "b"})
    assert cache["creationTime"].tzinfo is not None

    assert ids(paged(boto, "list_run_caches")) == [[third, second], [first]]
    assert status_of(boto.delete_run_cache(id=second)) == 202
    assert ids(paged(boto, "list_run_caches")) == [[third, first]]


def tags(boto: Any, emulator: Emulator) -> None:
    """Tags of a resource come, change and go; its ARN is one segment of the path."""
    arn = boto.create_run_group()["arn"]
    assert (
        status_of(boto.tag_resource(resourceArn=arn, tags={"a": "1", "b &": "ä", "c": ""})) == 204
    )
    assert status_of(boto.untag_resource(resourceArn=arn, tagKeys=["a", "c"])) == 204
    assert boto.list_tags_for_resource(resourceArn=arn)["tags"] == {"b &": "ä"}


def workflows(boto: Any, emulator: Emulator) -> None:
    """Workflows are made, become active, and are looked at and listed."""
    template = {"reads": {"description": "FASTQ"}, "depth": {"optional": True}}
    made = [
        boto.create_workflow(
            name=f"flow {n}", engine="WDL", definitionZip=ZIP, parameterTemplate=template
        )
        for n in range(3)
    ]
    first, second, third = (answer["id"] for answer in made)
    assert {(status_of(answer), answer["status"]) for answer in made} == {(201, "CREATING")}
    move(emulator, 60)

    workflow = boto.get_workflow(id=first, export=["DEFINITION"])
    assert (workflow["name"], workflow["engine"], workflow["status"]) == ("flow 0", "WDL", "ACTIVE")
    assert workflow["parameterTemplate"] == template
    assert workflow["definition"].startswith("https://")
    assert workflow["arn"] == f"{ACCOUNT}:workflow/{first}"

    assert ids(paged(boto, "list_workflows", type="PRIVATE")) == [[third, second], [first]]
    assert ids(paged(boto, "list_workflows", name="flow 1")) == [[second]]


def workflow_versions(boto: Any, emulator: Emulator) -> None:
    """Versions of a workflow are made, become active, and are looked at and listed."""
    workflow = boto.create_workflow(definitionZip=ZIP)["id"]
    made = [
        boto.create_workflow_version(
            workflowId=workflow, versionName=f"v{n}", definitionZip=ZIP, description="newer"
        )
        for n in range(3)
    ]
    assert {(status_of(answer), answer["status"]) for answer in made} == {(201, "CREATING")}
    move(emulator, 60)

    version = boto.get_workflow_version(workflowId=workflow, versionName="v1")
    assert (version["workflowId"], version["versionName"]) == (workflow, "v1")
    assert (version["description"], version["status"]) == ("newer", "ACTIVE")
    assert version["uuid"] == made[1]["uuid"]

    versions = paged(boto, "list_workflow_versions", workflowId=workflow)
    assert ids(versions, "versionName") == [["v2", "v1"], ["v0"]]


def configurations(boto: Any, emulator: Emulator) -> None:
    """Configurations that were added are looked at and listed."""
    for name in ("first", "second", "third"):
        emulator.add_configuration(name, subnet_ids=["subnet-1"], security_group_ids=["sg-1"])
    configuration = boto.get_configuration(name="second")
    assert (configuration["name"], configuration["status"]) == ("second", "ACTIVE")
    assert configuration["arn"] == f"{ACCOUNT}:configuration/second"
    network = configuration["runConfigurations"]["vpcConfig"]
    assert (network["subnetIds"], network["securityGroupIds"]) == (["subnet-1"], ["sg-1"])
    pages = paged(boto, "list_configurations")
    assert ids(pages, "name") == [["third", "second"], ["first"]]


def batches(boto: Any, emulator: Emulator) -> None:
    """Batches are started, looked at with their runs, cancelled, listed, emptied and deleted."""
    started = [start_batch(boto, f"batch {n}") for n in range(3)]
    first, second, third = (answer["id"] for answer in started)
    assert {status_of(answer) for answer in started} == {201}
    assert {answer["status"] for answer in started} <= {"CREATING", "PENDING"}
    move(emulator, RUNNING)
    assert status_of(boto.cancel_run_batch(batchId=second)) == 202
    move(emulator, LONG)

    batch = boto.get_batch(batchId=first)
    assert (batch["name"], batch["status"], batch["totalRuns"]) == ("batch 0", "PROCESSED", 3)
    assert batch["submissionSummary"]["successfulStartSubmissionCount"] == 3
    assert batch["runSummary"]["completedRunCount"] == 3
    assert batch["defaultRunSetting"] == {**START, "parameters": {"shared": 1}}
    assert batch["creationTime"] <= batch["submittedTime"] <= batch["processedTime"]
    assert boto.get_batch(batchId=second)["status"] == "CANCELLED"

    pages = paged(boto, "list_runs_in_batch", batchId=first, key="runs")
    assert ids(pages, "runSettingId") == [["s0", "s1"], ["s2"]]
    run = boto.get_run(id=pages[0][1]["runId"])
    assert (run["name"], run["parameters"]) == ("run 1", {"shared": 1, "own": 1})
    assert run["batchId"] == first
    assert [len(page) for page in paged(boto, "list_runs", batchId=first)] == [2, 1]

    assert ids(paged(boto, "list_batch")) == [[third, second], [first]]
    assert ids(paged(boto, "list_batch", status="CANCELLED")) == [[second]]
    assert status_of(boto.delete_run_batch(batchId=first)) == 202
    move(emulator, LONG)
    assert boto.get_batch(batchId=first)["status"] == "RUNS_DELETED"
    assert paged(boto, "list_runs", batchId=first) == [[]]
    assert status_of(boto.delete_batch(batchId=first)) == 202
    assert ids(paged(boto, "list_batch")) == [[third, second]]


def start_batch(boto: Any, name: str) -> Mapping[str, Any]:
    """Start a batch of three runs."""
    settings = [
        {"runSettingId": f"s{n}", "name": f"run {n}", "parameters": {"own": n}} for n in range(3)
    ]
    answer: Mapping[str, Any] = boto.start_run_batch(
        batchName=name,
        defaultRunSetting={**START, "parameters": {"shared": 1}},
        batchRunSettings={"inlineSettings": settings},
    )
    return answer


def called(emulator: Emulator) -> set[str | None]:
    """Return the operations that the emulator was called by."""
    return {call.operation for call in emulator.requests}


def paged_through(emulator: Emulator) -> set[str | None]:
    """Return the operations that were asked for a second page."""
    return {call.operation for call in emulator.requests if "startingToken=" in call.target}


GOES_THROUGH: Mapping[Story, frozenset[str]] = {
    runs: frozenset(
        {
            "StartRun",
            "GetRun",
            "ListRuns",
            "CancelRun",
            "DeleteRun",
            "ListRunTasks",
            "GetRunTask",
        }
    ),
    run_groups: frozenset(
        {"CreateRunGroup", "GetRunGroup", "ListRunGroups", "UpdateRunGroup", "DeleteRunGroup"}
    ),
    run_caches: frozenset(
        {"CreateRunCache", "GetRunCache", "ListRunCaches", "UpdateRunCache", "DeleteRunCache"}
    ),
    tags: frozenset({"CreateRunGroup", "TagResource", "UntagResource", "ListTagsForResource"}),
    workflows: frozenset({"CreateWorkflow", "GetWorkflow", "ListWorkflows"}),
    workflow_versions: frozenset(
        {
            "CreateWorkflow",
            "CreateWorkflowVersion",
            "GetWorkflowVersion",
            "ListWorkflowVersions",
        }
    ),
    configurations: frozenset({"GetConfiguration", "ListConfigurations"}),
    batches: frozenset(
        {
            "StartRunBatch",
            "GetBatch",
            "ListBatch",
            "ListRunsInBatch",
            "CancelRunBatch",
            "DeleteRunBatch",
            "DeleteBatch",
            "GetRun",
            "ListRuns",
        }
    ),
}
"""The operations that each story calls, as the emulator's own record must confirm."""
