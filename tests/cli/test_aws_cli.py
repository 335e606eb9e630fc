"""The AWS CLI goes through every operation of the emulator, as its users would."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from botocore import xform_name

from omics_runs.emulator import Emulator, Fault
from tests.cli.conftest import Aws
from tests.emulator.boto3_stories import (
    ACCOUNT,
    GOES_THROUGH,
    LONG,
    RUNNING,
    ZIP,
    called,
    ids,
    move,
    paged_through,
)
from tests.emulator.conftest import ROLE

Story: TypeAlias = Callable[[Aws, Emulator, Path], None]

START = ("start-run", "--workflow-id", "1234567", "--role-arn", ROLE, "--output-uri", "s3://b/out")


def start(aws: Aws, *arguments: str) -> str:
    """Start a run, and return its id."""
    run_id: str = aws(*START, *arguments)["id"]
    return run_id


def listed(aws: Aws, *arguments: str, key: str = "id") -> list[str]:
    """Return the ids of all that is listed, which the CLI asks for two at a time."""
    return [item[key] for item in aws(*arguments, "--page-size", "2")["items"]]


def runs(aws: Aws, emulator: Emulator, folder: Path) -> None:
    """Runs are started, looked at with their tasks, cancelled, listed and deleted."""
    document = {"sample": "NA12878 ä", "n": [1, 2.5, None]}
    first = start(aws, "--parameters", json.dumps(document), "--tags", "a=1,b=x y")
    second, third = start(aws, "--name", "A + B/=%20"), start(aws)
    assert aws("cancel-run", "--id", second) is None
    move(emulator, LONG)

    run = aws("get-run", "--id", first, "--export", "DEFINITION")
    assert (run["status"], run["parameters"]) == ("COMPLETED", document)
    assert (run["arn"], run["tags"]) == (f"{ACCOUNT}:run/{first}", {"a": "1", "b": "x y"})

    tasks = aws("list-run-tasks", "--id", first, "--page-size", "2")["items"]
    task = aws("get-run-task", "--id", first, "--task-id", tasks[2]["taskId"])
    assert (task["name"], task["status"]) == (tasks[2]["name"], "COMPLETED")

    assert listed(aws, "list-runs") == [third, second, first]
    assert listed(aws, "list-runs", "--name", "A + B/=%20", "--status", "CANCELLED") == [second]
    assert aws("delete-run", "--id", second) is None
    assert ids([aws("list-runs", "--max-items", "1")["items"]]) == [[third]]
    # A token of --max-items can't be given back: --starting-token is a member of the service's.
    some = aws("list-runs", "--no-paginate", "--max-results", "1")
    more = aws("list-runs", "--max-results", "1", "--starting-token", some["nextToken"])
    assert ids([some["items"], more["items"]]) == [[third], [first]]
    assert "nextToken" not in more


def run_groups(aws: Aws, emulator: Emulator, folder: Path) -> None:
    """Run groups are made, looked at, changed, listed and deleted."""
    limits = ("--max-cpus", "16", "--max-gpus", "1", "--max-duration", "60")
    made = aws("create-run-group", "--name", "one", "--max-runs", "2", *limits, "--tags", "a=b")
    first, second = made["id"], emulator.add_run_group()
    third = emulator.add_run_group(name="three")
    assert made["arn"] == f"{ACCOUNT}:runGroup/{first}"
    assert aws("update-run-group", "--id", first, "--max-runs", "5") is None
    group = aws("get-run-group", "--id", first)
    assert group.pop("creationTime").endswith("+00:00")
    assert group == {
        **made,
        "name": "one",
        "maxRuns": 5,
        "maxCpus": 16,
        "maxGpus": 1,
        "maxDuration": 60,
    }
    assert listed(aws, "list-run-groups") == [third, second, first]
    assert aws("delete-run-group", "--id", second) is None
    assert listed(aws, "list-run-groups", "--name", "three") == [third]


def run_caches(aws: Aws, emulator: Emulator, folder: Path) -> None:
    """Run caches are made, looked at, changed, listed and deleted."""
    create = ("create-run-cache", "--cache-s3-location", "s3://bucket/cache", "--name", "one")
    made = aws(*create, "--cache-behavior", "CACHE_ALWAYS")
    first, second, third = made["id"], emulator.add_run_cache(), emulator.add_run_cache()
    assert aws("update-run-cache", "--id", first, "--description", "what it is for") is None
    cache = aws("get-run-cache", "--id", first)
    assert (cache["name"], cache["description"]) == ("one", "what it is for")
    assert (cache["cacheBehavior"], cache["status"]) == ("CACHE_ALWAYS", "ACTIVE")
    assert cache["cacheS3Uri"] == "s3://bucket/cache"
    assert aws("delete-run-cache", "--id", second) is None
    fourth = emulator.add_run_cache()
    assert listed(aws, "list-run-caches") == [fourth, third, first]


def tags(aws: Aws, emulator: Emulator, folder: Path) -> None:
    """Tags of a resource come, change and go."""
    resource = ("--resource-arn", aws("create-run-group", "--tags", "a=0")["arn"])
    assert aws("tag-resource", *resource, "--tags", "a=1,b=x & y,c=ä") is None
    assert aws("untag-resource", *resource, "--tag-keys", "a", "c") is None
    assert aws("list-tags-for-resource", *resource) == {"tags": {"b": "x & y"}}


def workflows(aws: Aws, emulator: Emulator, folder: Path) -> None:
    """Workflows are made of a file, become active, and are looked at and listed."""
    create = ("create-workflow", "--definition-zip", f"fileb://{folder / 'definition.zip'}")
    template = {"reads": {"description": "FASTQ"}, "depth": {"optional": True}}
    made = aws(*create, "--engine", "WDL", "--parameter-template", json.dumps(template))
    second, third = emulator.add_workflow(), emulator.add_workflow()
    assert made["status"] == "CREATING"
    move(emulator, 60)
    workflow = aws("get-workflow", "--id", made["id"], "--export", "DEFINITION")
    assert (workflow["status"], workflow["engine"]) == ("ACTIVE", "WDL")
    assert workflow["parameterTemplate"] == template
    assert listed(aws, "list-workflows", "--type", "PRIVATE") == [third, second, made["id"]]


def workflow_versions(aws: Aws, emulator: Emulator, folder: Path) -> None:
    """Versions of a workflow are made, become active, and are looked at and listed."""
    definition = ("--definition-zip", f"fileb://{folder / 'definition.zip'}")
    workflow = ("--workflow-id", aws("create-workflow", *definition)["id"])
    for name in ("v0", "v1", "v2"):
        aws("create-workflow-version", *workflow, "--version-name", name, *definition)
    move(emulator, 60)
    assert aws("wait", "workflow-version-active", *workflow, "--version-name", "v2") is None
    version = aws("get-workflow-version", *workflow, "--version-name", "v1")
    assert (version["versionName"], version["status"]) == ("v1", "ACTIVE")
    names = listed(aws, "list-workflow-versions", *workflow, key="versionName")
    assert names == ["v2", "v1", "v0"]


def configurations(aws: Aws, emulator: Emulator, folder: Path) -> None:
    """Configurations that were added are looked at and listed."""
    for name in ("first", "second", "third"):
        emulator.add_configuration(name, subnet_ids=["subnet-1"])
    configuration = aws("get-configuration", "--name", "second")
    assert configuration["runConfigurations"]["vpcConfig"]["subnetIds"] == ["subnet-1"]
    assert listed(aws, "list-configurations", key="name") == ["third", "second", "first"]


def batches(aws: Aws, emulator: Emulator, folder: Path) -> None:
    """Batches are started, looked at with their runs, cancelled, listed, emptied and deleted."""
    default = {"workflowId": "1234567", "roleArn": ROLE, "outputUri": "s3://b/out"}
    settings = [{"runSettingId": f"s{n}", "parameters": {"own": n}} for n in range(3)]
    create = (
        "start-run-batch",
        *("--default-run-setting", json.dumps(default)),
        *("--batch-run-settings", json.dumps({"inlineSettings": settings})),
    )
    first, second = (aws(*create, "--batch-name", name)["id"] for name in ("one", "two"))
    third = aws(*create)["id"]
    move(emulator, RUNNING)
    assert aws("cancel-run-batch", "--batch-id", second) is None
    move(emulator, LONG)

    batch = aws("get-batch", "--batch-id", first)
    assert (batch["name"], batch["status"], batch["totalRuns"]) == ("one", "PROCESSED", 3)
    assert batch["runSummary"]["completedRunCount"] == 3
    entries = aws("list-runs-in-batch", "--batch-id", first, "--page-size", "2")["runs"]
    assert ids([entries], "runSettingId") == [["s0", "s1", "s2"]]
    assert aws("get-run", "--id", entries[1]["runId"])["parameters"] == {"own": 1}
    assert len(listed(aws, "list-runs", "--batch-id", first)) == 3

    assert listed(aws, "list-batch") == [third, second, first]
    assert listed(aws, "list-batch", "--status", "CANCELLED") == [second]
    assert aws("delete-run-batch", "--batch-id", first) is None
    move(emulator, LONG)
    assert aws("delete-batch", "--batch-id", first) is None
    assert listed(aws, "list-batch") == [third, second]


STORIES: Mapping[str, Story] = {
    story.__name__: story
    for story in (
        runs,
        run_groups,
        run_caches,
        tags,
        workflows,
        workflow_versions,
        configurations,
        batches,
    )
}

OPERATIONS = {story.__name__: operations for story, operations in GOES_THROUGH.items()}
"""What boto3 calls in the story of the same name; together that is all there is."""


def command_of(operation: str) -> str:
    """Return what the CLI calls an operation."""
    return xform_name(operation, "-")


def known(commands: frozenset[str], operations: frozenset[str]) -> None:
    """Skip what an older CLI has no commands for."""
    missing = {command_of(operation) for operation in operations} - commands
    if missing:
        pytest.skip(f"the model of this AWS CLI has no {', '.join(sorted(missing))}")


@pytest.mark.parametrize("name", OPERATIONS)
def test_story(
    aws: Aws, emulator: Emulator, tmp_path: Path, commands: frozenset[str], name: str
) -> None:
    """The CLI calls the same operations as boto3, and pages through the same lists."""
    known(commands, OPERATIONS[name])
    (tmp_path / "definition.zip").write_bytes(ZIP)
    STORIES[name](aws, emulator, tmp_path)
    lists = {operation for operation in OPERATIONS[name] if operation.startswith("List")}
    assert called(emulator) == OPERATIONS[name]
    assert paged_through(emulator) == lists - {"ListTagsForResource"}


def test_waiters(aws: Aws, emulator: Emulator) -> None:
    """`aws omics wait` is content at once with a run, a task and a workflow that are there."""
    run = ("--id", start(aws))
    move(emulator, RUNNING)
    task = aws("list-run-tasks", *run, "--status", "RUNNING")["items"][0]["taskId"]
    assert aws("wait", "run-running", *run) is None
    assert aws("wait", "task-running", *run, "--task-id", task) is None
    move(emulator, LONG)
    assert aws("wait", "run-completed", *run) is None
    assert aws("wait", "task-completed", *run, "--task-id", task) is None
    assert aws("wait", "workflow-active", "--id", "1234567") is None
    assert (emulator.count("GetRun"), emulator.count("GetRunTask")) == (2, 2)


def test_waiter_gives_up(aws: Aws, emulator: Emulator) -> None:
    """`aws omics wait` fails at once over a run that has failed."""
    emulator.plan(ends="FAILED")
    run_id = start(aws)
    move(emulator, LONG)
    done = aws.run("wait", "run-completed", "--id", run_id)
    assert done.returncode == 255
    assert "Waiter RunCompleted failed" in done.stderr


@pytest.mark.parametrize(
    ("code", "arguments"),
    [
        pytest.param("ValidationException", (*START, "--storage-type", "TAPE"), id="400"),
        pytest.param("ResourceNotFoundException", ("get-run", "--id", "404"), id="404"),
        pytest.param(
            "MissingAuthenticationTokenException", ("list-runs", "--no-sign-request"), id="unsigned"
        ),
        pytest.param(
            "InvalidSignatureException", ("list-runs", "--region", "eu-west-1"), id="other region"
        ),
    ],
)
def test_refused(aws: Aws, code: str, arguments: tuple[str, ...]) -> None:
    """The CLI fails with the code of the service's refusal."""
    aws.refused(*arguments, code=code)


def test_wrong_secret(aws: Aws) -> None:
    """The CLI signs with the keys that it is told, and wrong ones are refused."""
    aws.refused("list-runs", code="InvalidSignatureException", AWS_SECRET_ACCESS_KEY="wrong")


def test_refused_later(aws: Aws, emulator: Emulator) -> None:
    """The CLI fails over quotas, over what is in use, over a rate, and when the service does."""
    groups = [emulator.add_run_group() for _ in range(3)]
    start(aws, "--run-group-id", groups[0])
    aws("get-run-group", "--id", groups[0])
    aws.refused("create-run-group", code="ServiceQuotaExceededException")
    aws.refused("delete-run-group", "--id", groups[0], code="ConflictException")
    aws.refused("get-run-group", "--id", groups[0], code="ThrottlingException")
    emulator.faults.add(Fault("ListRuns", status=500))
    aws.refused("list-runs", code="InternalServerException")
    assert [call.status for call in emulator.requests] == [201, 200, 402, 409, 429, 500]


def test_every_member_of_start_run(aws: Aws, emulator: Emulator) -> None:
    """All members of StartRun that this CLI's model knows arrive as the SDK's model has them."""
    skeleton = aws("start-run", "--generate-cli-skeleton", "input")
    emulator.add_configuration("vpc")
    sent = {name: value for name, value in members(emulator).items() if name in skeleton}
    assert {"workflowId", "parameters", "tags", "storageType"} <= sent.keys()
    run_id = aws("start-run", "--cli-input-json", json.dumps(sent))["id"]
    assert emulator.requests[-1].body == sent
    assert emulator.runs[run_id].name == "all"


def members(emulator: Emulator) -> dict[str, Any]:
    """Return a StartRun with all that goes together."""
    return {
        "workflowId": "1234567",
        "workflowType": "PRIVATE",
        "roleArn": ROLE,
        "name": "all",
        "cacheId": emulator.add_run_cache(),
        "cacheBehavior": "CACHE_ALWAYS",
        "runGroupId": emulator.add_run_group(),
        "priority": 5,
        "parameters": {"a": {"b": [None, 1.5, "ä"]}},
        "storageType": "STATIC",
        "storageCapacity": 2400,
        "outputUri": "s3://bucket/out",
        "logLevel": "ALL",
        "tags": {"k": "v"},
        "requestId": "token",
        "retentionMode": "REMOVE",
        "networkingMode": "VPC",
        "configurationName": "vpc",
        "engineSettings": {"outputFormat": "json"},
        "workflowOwnerId": "123456789012",
    }
