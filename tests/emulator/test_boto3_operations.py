"""boto3 goes through every operation of the emulator, pages through every list, and waits."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from typing import Any

import pytest
from botocore import xform_name
from botocore.exceptions import ClientError, WaiterError
from botocore.session import get_session

from omics_runs.emulator import Emulator, Fault, Quotas, VirtualClock
from omics_runs.emulator._emulator_operations import SERVED
from tests.emulator.boto3_stories import (
    ACCOUNT,
    GOES_THROUGH,
    LONG,
    RUNNING,
    START,
    ZIP,
    Story,
    called,
    move,
    paged_through,
    start_batch,
)
from tests.emulator.conftest import ROLE, connect

OPERATIONS = {operation.name for operation in SERVED if operation.target is None}


def known_to(boto: Any, operations: frozenset[str]) -> None:
    """Skip what an older boto3, which the project still admits, cannot call."""
    missing = operations - set(boto.meta.service_model.operation_names)
    if missing:
        pytest.skip(f"this boto3 does not know {', '.join(sorted(missing))}")


def test_every_operation_has_a_story() -> None:
    """What the emulator answers is what boto3 goes through here, no less and no more."""
    assert frozenset().union(*GOES_THROUGH.values()) == OPERATIONS


def strays(shape: Any, value: Any, path: str) -> Iterator[str]:
    """Yield where an answer has what the service's model has not, or in another form."""
    kind = FORMS[shape.type_name]
    if not isinstance(value, kind):
        yield f"{path} is no {shape.type_name}: {value!r}"
    elif shape.type_name == "structure" and not shape.is_document_type:
        yield from (f"{path}.{name} is missing" for name in shape.required_members - value.keys())
        for name, member in value.items():
            if name in shape.members:
                yield from strays(shape.members[name], member, f"{path}.{name}")
            else:
                yield f"{path}.{name} is unknown"
    elif shape.type_name == "list":
        for place, item in enumerate(value):
            yield from strays(shape.member, item, f"{path}[{place}]")
    elif shape.type_name == "map":
        for name, item in value.items():
            yield from strays(shape.value, item, f"{path}.{name}")
    elif shape.type_name == "string" and value not in (shape.enum or {value}):
        yield f"{path} is none of {shape.enum}: {value}"


FORMS = {
    "structure": dict,
    "list": list,
    "map": dict,
    "string": str,
    "timestamp": str,
    "integer": int,
    "long": int,
    "float": (int, float),
    "double": (int, float),
    "boolean": bool,
}
"""What JSON has for each type of the service's model."""


def judge(boto: Any) -> list[str]:
    """Let each answer be compared with boto3's model from now on; return the list of what fails.

    A model that is older than the emulator's knows fewer members, and judges nothing.
    """
    found: list[str] = []

    def compare(operation_model: Any, response_dict: Any, **_: object) -> None:
        if response_dict["body"]:
            answer = json.loads(response_dict["body"])
            found.extend(strays(operation_model.output_shape, answer, operation_model.name))

    if set(boto.meta.service_model.operation_names) >= OPERATIONS:
        boto.meta.events.register("before-parse.omics", compare)
    return found


@pytest.mark.parametrize(
    "story", [pytest.param(story, id=story.__name__) for story in GOES_THROUGH]
)
def test_story(boto: Any, local: Emulator, story: Story) -> None:
    """A story calls what it says, pages through its lists, and gets answers as in the model."""
    operations = GOES_THROUGH[story]
    known_to(boto, operations)
    wrong = judge(boto)
    story(boto, local)
    assert wrong == []
    lists = {name for name in operations if boto.can_paginate(xform_name(name))}
    assert called(local) == operations
    assert paged_through(local) == lists
    assert {call.status // 100 for call in local.requests} == {2}


def a_run(boto: Any, emulator: Emulator, *, after: float) -> dict[str, str]:
    """Start a run, let it come along, and return what names it."""
    run_id = boto.start_run(**START)["id"]
    move(emulator, after)
    return {"id": run_id}


def a_task(boto: Any, emulator: Emulator, status: str, *, after: float) -> dict[str, str]:
    """Start a run, and return what names a task of it that has this status."""
    run = a_run(boto, emulator, after=after)
    task = boto.list_run_tasks(**run, status=status)["items"][0]
    return {**run, "taskId": task["taskId"]}


def a_workflow(boto: Any, emulator: Emulator) -> dict[str, str]:
    """Make a workflow, and return what names it once it is active."""
    workflow = boto.create_workflow(definitionZip=ZIP)["id"]
    move(emulator, 60)
    return {"id": workflow}


def a_version(boto: Any, emulator: Emulator) -> dict[str, str]:
    """Make a version of a workflow, and return what names it once it is active."""
    names = {"workflowId": "1234567", "versionName": "v1"}
    boto.create_workflow_version(**names, definitionZip=ZIP)
    move(emulator, 60)
    return names


WAITERS: dict[str, Callable[[Any, Emulator], dict[str, str]]] = {
    "RunRunning": partial(a_run, after=RUNNING),
    "RunCompleted": partial(a_run, after=LONG),
    "TaskRunning": partial(a_task, status="RUNNING", after=RUNNING),
    "TaskCompleted": partial(a_task, status="COMPLETED", after=LONG),
    "WorkflowActive": a_workflow,
    "WorkflowVersionActive": a_version,
}
"""What brings about the state that each waiter waits for, and returns the waiter's arguments."""


def test_every_waiter_is_tried() -> None:
    """boto3 has no further waiter that calls an operation of the emulator."""
    model = get_session().get_waiter_model("omics")
    served = {name for name in model.waiter_names if model.get_waiter(name).operation in OPERATIONS}
    assert served == set(WAITERS)


@pytest.mark.parametrize("name", WAITERS)
def test_waiter(boto: Any, local: Emulator, name: str) -> None:
    """A waiter of boto3 is content at its first poll with what is there already."""
    arguments = WAITERS[name](boto, local)
    local.forget_requests()
    boto.get_waiter(xform_name(name)).wait(**arguments)
    assert [call.status for call in local.requests] == [200]


@pytest.mark.parametrize(
    ("waiter", "status"),
    [
        pytest.param("run_running", "FAILED", id="a run that fails before it runs"),
        pytest.param("run_running", "CANCELLED", id="a run that is cancelled before it runs"),
        pytest.param("run_completed", "FAILED", id="a run that fails"),
    ],
)
def test_waiter_gives_up(boto: Any, local: Emulator, waiter: str, status: str) -> None:
    """A waiter of boto3 gives up at its first poll on a run that ended otherwise."""
    local.plan(ends=status, after=1)
    arguments = a_run(boto, local, after=LONG)
    with pytest.raises(WaiterError, match="terminal failure state") as caught:
        boto.get_waiter(waiter).wait(**arguments)
    assert caught.value.last_response["status"] == status
    assert local.count("GetRun") == 1


def refused(call: Callable[..., Any], status: int, code: str, /, **arguments: Any) -> None:
    """Expect a call to be refused with this status and code, a message and an id."""
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    assert caught.value.response["Error"]["Code"] == code
    assert caught.value.response["Error"]["Message"]
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == status
    assert caught.value.response["ResponseMetadata"]["RequestId"]


NOT_THERE: dict[str, dict[str, Any]] = {
    "GetRun": {"id": "404"},
    "CancelRun": {"id": "404"},
    "DeleteRun": {"id": "404"},
    "ListRunTasks": {"id": "404"},
    "GetRunTask": {"id": "404", "taskId": "404"},
    "GetRunGroup": {"id": "404"},
    "UpdateRunGroup": {"id": "404"},
    "DeleteRunGroup": {"id": "404"},
    "GetRunCache": {"id": "404"},
    "UpdateRunCache": {"id": "404"},
    "DeleteRunCache": {"id": "404"},
    "TagResource": {"resourceArn": f"{ACCOUNT}:run/404", "tags": {"a": "b"}},
    "UntagResource": {"resourceArn": f"{ACCOUNT}:run/404", "tagKeys": ["a"]},
    "ListTagsForResource": {"resourceArn": f"{ACCOUNT}:run/404"},
    "GetWorkflow": {"id": "404"},
    "ListWorkflowVersions": {"workflowId": "404"},
    "GetWorkflowVersion": {"workflowId": "404", "versionName": "v1"},
    "CreateWorkflowVersion": {"workflowId": "404", "versionName": "v1", "definitionZip": ZIP},
    "GetConfiguration": {"name": "other"},
    "StartRun": START,
    "GetBatch": {"batchId": "404"},
    "ListRunsInBatch": {"batchId": "404"},
    "CancelRunBatch": {"batchId": "404"},
    "DeleteRunBatch": {"batchId": "404"},
    "DeleteBatch": {"batchId": "404"},
}
"""Calls that name what is not there, where each workflow must have been added."""

NEEDED: dict[str, dict[str, Any]] = {
    "CreateRunCache": {"cacheS3Location": "s3://bucket/cache"},
    "StartRunBatch": {"defaultRunSetting": START, "batchRunSettings": {"s3UriSettings": "s3://b"}},
}
"""What boto3 asks for in further operations."""


@pytest.fixture
def strict(_no_aws_files: None) -> Iterator[tuple[Any, Emulator]]:
    """Return boto3 and its emulator, which is full, strict about workflows, and in a hurry."""
    emulator = Emulator(
        VirtualClock(),
        strict_workflows=True,
        quotas=Quotas(max_stored_runs=1, max_run_groups=1, max_run_caches=1),
        rates={"ListRuns": 1, "ListWorkflows": 1},
    )
    with emulator.serve() as url, closing(connect(emulator, url)) as boto:
        yield boto, emulator


@pytest.mark.parametrize("operation", NOT_THERE)
def test_not_found(strict: tuple[Any, Emulator], operation: str) -> None:
    """A call that names what is not there is a 404."""
    boto, _ = strict
    known_to(boto, frozenset({operation}))
    call = getattr(boto, xform_name(operation))
    refused(call, 404, "ResourceNotFoundException", **NOT_THERE[operation])


@pytest.mark.parametrize(
    ("operation", "arguments"),
    [
        pytest.param("StartRun", {**START, "storageType": "TAPE"}, id="an unknown value"),
        pytest.param("StartRun", {**START, "workflowId": "name"}, id="an id of letters"),
        pytest.param("StartRun", {"roleArn": ROLE, "outputUri": "s3://b"}, id="nothing to run"),
        pytest.param("GetRun", {"id": "name"}, id="a path of letters"),
        pytest.param("ListRuns", {"status": "GONE"}, id="an unknown status in a query"),
        pytest.param("ListRunGroups", {"startingToken": "token"}, id="a token that nobody gave"),
        pytest.param("CreateRunCache", {"cacheS3Location": "http://b"}, id="no location in S3"),
        pytest.param("CreateWorkflow", {"engine": "MAKE"}, id="an unknown engine"),
    ],
)
def test_invalid(boto: Any, operation: str, arguments: dict[str, Any]) -> None:
    """What boto3 lets pass and the service's model forbids is a 400."""
    refused(getattr(boto, xform_name(operation)), 400, "ValidationException", **arguments)


@pytest.mark.parametrize(
    ("operation", "arguments"),
    [
        pytest.param("StartRun", {**START, "retentionMode": "RETAIN"}, id="runs"),
        pytest.param("CreateRunGroup", {}, id="run groups"),
        pytest.param("CreateRunCache", {"cacheS3Location": "s3://bucket/cache"}, id="run caches"),
    ],
)
def test_over_quota(strict: tuple[Any, Emulator], operation: str, arguments: Any) -> None:
    """One more than the account may have is a 402."""
    boto, emulator = strict
    emulator.add_workflow("1234567")
    call = getattr(boto, xform_name(operation))
    call(**arguments)
    refused(call, 402, "ServiceQuotaExceededException", **arguments)


def test_conflict(boto: Any, local: Emulator) -> None:
    """What does not go with what is there already is a 409."""
    code = "ConflictException"
    group = boto.create_run_group(requestId="token")["id"]
    refused(boto.create_run_group, 409, code, requestId="token", name="another")
    run = boto.start_run(**START, runGroupId=group)["id"]
    refused(boto.delete_run_group, 409, code, id=group)
    refused(boto.delete_run, 409, code, id=run)
    move(local, LONG)
    refused(boto.cancel_run, 409, code, id=run)


def test_batch_refused(boto: Any, local: Emulator) -> None:
    """A batch is asked only for what its status allows, and a list of them has one filter."""
    known_to(boto, frozenset({"StartRunBatch", "ListBatch"}))
    batch = {"batchId": start_batch(boto, "batch")["id"]}
    refused(boto.delete_batch, 409, "ConflictException", **batch)
    refused(boto.delete_run_batch, 409, "ConflictException", **batch)
    move(local, LONG)
    refused(boto.cancel_run_batch, 409, "ConflictException", **batch)
    refused(boto.list_batch, 400, "ValidationException", name="batch", status="PROCESSED")


@pytest.mark.parametrize("operation", ["list_runs", "list_workflows"])
def test_throttled(strict: tuple[Any, Emulator], operation: str) -> None:
    """A call too many within a second is a 429, and the next second has room for one more."""
    boto, emulator = strict
    call = getattr(boto, operation)
    call()
    refused(call, 429, "ThrottlingException")
    move(emulator, 1)
    assert call()["items"] == []


@pytest.mark.parametrize("operation", sorted(OPERATIONS))
def test_failing(boto: Any, local: Emulator, operation: str) -> None:
    """Each operation can be made to fail with a 500, which boto3 reads as what it is."""
    known_to(boto, frozenset({operation}))
    local.faults.add(Fault(operation, status=500))
    arguments = NOT_THERE.get(operation, NEEDED.get(operation, {}))
    refused(getattr(boto, xform_name(operation)), 500, "InternalServerException", **arguments)
    assert called(local) == {operation}
