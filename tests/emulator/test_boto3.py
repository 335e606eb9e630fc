"""boto3, the judge of what a HealthOmics looks like, against the emulator on loopback."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from subprocess import run as run_process
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError

from omics_runs.emulator import Emulator, Fault, VirtualClock
from tests.emulator.conftest import ROLE, connect

START = {"workflowId": "1234567", "roleArn": ROLE, "outputUri": "s3://bucket/out"}


def move(emulator: Emulator, seconds: float) -> None:
    """Let virtual time pass."""
    assert isinstance(emulator.clock, VirtualClock)
    emulator.clock.advance(seconds)


def test_start_and_get(boto: Any, local: Emulator) -> None:
    """A run that is started can be asked for, and has what was sent."""
    parameters = {"sample": "NA12878", "missing": None, "n": [1, 2.5, True]}
    started = boto.start_run(**START, parameters=parameters, name="a name", tags={"k": "v"})
    got = boto.get_run(id=started["id"])
    assert started["ResponseMetadata"]["HTTPStatusCode"] == 201
    assert started["status"] == got["status"] == "PENDING"
    assert got["parameters"] == parameters
    assert got["tags"] == {"k": "v"}
    assert got["uuid"] == started["uuid"]
    assert got["arn"] == started["arn"] == f"arn:aws:omics:us-west-2:123456789012:run/{got['id']}"
    assert got["runOutputUri"] == started["runOutputUri"] == f"s3://bucket/out/{got['id']}"
    assert abs(got["creationTime"] - datetime.now(UTC)).total_seconds() < 3600


def test_delete(boto: Any, local: Emulator) -> None:
    """A run that has ended can be deleted, and is not found from then on."""
    run_id = boto.start_run(**START)["id"]
    move(local, 100_000)
    assert boto.delete_run(id=run_id)["ResponseMetadata"]["HTTPStatusCode"] == 202
    with pytest.raises(boto.exceptions.ResourceNotFoundException):
        boto.get_run(id=run_id)


def test_cancel(boto: Any, local: Emulator) -> None:
    """A run under way can be cancelled, and passes STOPPING."""
    run_id = boto.start_run(**START)["id"]
    move(local, 1000)
    assert boto.cancel_run(id=run_id)["ResponseMetadata"]["HTTPStatusCode"] == 202
    assert boto.get_run(id=run_id)["status"] == "STOPPING"
    move(local, 100)
    assert boto.get_run(id=run_id)["status"] == "CANCELLED"


def test_list_pages(boto: Any) -> None:
    """boto3's paginator goes through 250 runs, newest first, in three pages."""
    ids = [boto.start_run(**START, name=f"run {n % 2}")["id"] for n in range(250)]
    pages = list(boto.get_paginator("list_runs").paginate())
    assert [len(page["items"]) for page in pages] == [100, 100, 50]
    assert [item["id"] for page in pages for item in page["items"]] == ids[::-1]


def test_list_filters(boto: Any) -> None:
    """Filters with blanks and other special characters arrive as they were meant."""
    wanted = boto.start_run(**START, name="A + B & c/ä=%20")["id"]
    boto.start_run(**START, name="other")
    pages = boto.get_paginator("list_runs").paginate(name="A + B & c/ä=%20", status="PENDING")
    assert [item["id"] for page in pages for item in page["items"]] == [wanted]


def test_tasks(boto: Any, local: Emulator) -> None:
    """The tasks of a run are listed, paged through, and can be asked for one by one."""
    run_id = boto.start_run(**START)["id"]
    move(local, 100_000)
    config = {"PageSize": 2}
    pages = list(boto.get_paginator("list_run_tasks").paginate(id=run_id, PaginationConfig=config))
    tasks = [item for page in pages for item in page["items"]]
    assert [len(page["items"]) for page in pages] == [2, 1]
    assert {task["status"] for task in tasks} == {"COMPLETED"}
    task = boto.get_run_task(id=run_id, taskId=tasks[0]["taskId"])
    assert task["name"] == tasks[0]["name"]
    assert task["logStream"].endswith(f"run/{run_id}/task/{task['taskId']}")
    boto.get_waiter("task_completed").wait(id=run_id, taskId=task["taskId"])


def test_waiter(fast: Emulator, _no_aws_files: None) -> None:
    """boto3's own waiters see a run through on a scaled clock."""
    with fast.serve() as url, closing(connect(fast, url)) as boto:
        run_id = boto.start_run(**START)["id"]
        config = {"Delay": 0, "MaxAttempts": 100_000}
        boto.get_waiter("run_completed").wait(id=run_id, WaiterConfig=config)
        assert boto.get_run(id=run_id)["status"] == "COMPLETED"


def test_duplicate_run(boto: Any, local: Emulator) -> None:
    """A run can be started as a duplicate of another, by its id."""
    first = boto.start_run(**START, parameters={"a": 1}, tags={"k": "v"})
    again = boto.start_run(runId=first["id"], roleArn=ROLE, outputUri="s3://other")
    got = boto.get_run(id=again["id"])
    assert (got["workflowId"], got["parameters"], got["tags"]) == ("1234567", {"a": 1}, {})
    assert got["runId"] == first["id"]


def test_idempotency(boto: Any, local: Emulator) -> None:
    """boto3's own retry of a lost answer starts no second run."""
    local.faults.add(Fault("StartRun", drop=True, after_commit=True))
    with closing(connect(local, boto.meta.endpoint_url, config=patient())) as retrying:
        started = retrying.start_run(**START)
    assert started["ResponseMetadata"]["RetryAttempts"] == 1
    assert list(local.runs) == [started["id"]]
    assert local.count("StartRun") == 2


def patient() -> Config:
    """Return settings that retry, without a wait worth the name."""
    return Config(inject_host_prefix=False, retries={"total_max_attempts": 3, "mode": "standard"})


@pytest.mark.parametrize(
    ("status", "code"),
    [
        pytest.param(400, "ValidationException", id="400"),
        pytest.param(402, "ServiceQuotaExceededException", id="402"),
        pytest.param(403, "AccessDeniedException", id="403"),
        pytest.param(404, "ResourceNotFoundException", id="404"),
        pytest.param(408, "RequestTimeoutException", id="408"),
        pytest.param(409, "ConflictException", id="409"),
        pytest.param(429, "ThrottlingException", id="429"),
        pytest.param(500, "InternalServerException", id="500"),
    ],
)
def test_error_codes(boto: Any, local: Emulator, status: int, code: str) -> None:
    """Every documented error reaches boto3 as its typed exception, by status or by code."""
    local.faults.add(Fault("GetRun", status=status), Fault("GetRun", code=code, message="why"))
    for message in ("The emulator was asked to fail this call.", "why"):
        with pytest.raises(getattr(boto.exceptions, code)) as caught:
            boto.get_run(id="1")
        assert caught.value.response["Error"] == {"Code": code, "Message": message}
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == status
        assert caught.value.response["ResponseMetadata"]["RequestId"]


def refused(client: Any, code: str) -> None:
    """Expect boto3's call to be refused by this code, and with 403."""
    with closing(client), pytest.raises(ClientError) as caught:
        client.get_run(id="1")
    assert caught.value.response["Error"]["Code"] == code
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        pytest.param(
            {"aws_secret_access_key": "wrong"}, "InvalidSignatureException", id="wrong secret"
        ),
        pytest.param(
            {"aws_access_key_id": "NOBODY"}, "UnrecognizedClientException", id="unknown key"
        ),
        pytest.param({"region_name": "eu-west-1"}, "InvalidSignatureException", id="other region"),
        pytest.param({"aws_session_token": "old"}, "ExpiredTokenException", id="expired token"),
    ],
)
def test_wrong_keys(
    local: Emulator, url: str, _no_aws_files: None, changes: dict[str, str], code: str
) -> None:
    """Keys that are wrong in any way are refused, each with its own code."""
    local.expire_token("old")
    refused(connect(local, url, **changes), code)


def test_unsigned(local: Emulator, url: str, _no_aws_files: None) -> None:
    """A call without a signature is refused."""
    from botocore import UNSIGNED  # noqa: PLC0415

    config = Config(inject_host_prefix=False, signature_version=UNSIGNED)
    refused(connect(local, url, config=config), "MissingAuthenticationTokenException")
    assert local.requests[-1].signed is False


def test_session_token(local: Emulator, url: str, _no_aws_files: None) -> None:
    """Temporary keys are welcome until their token is said to have expired."""
    with closing(connect(local, url, aws_session_token="fresh")) as boto:
        assert boto.list_runs()["items"] == []
    assert local.requests[-1].signed is True


def test_no_verification(_no_aws_files: None) -> None:
    """An emulator that verifies nothing takes any keys."""
    emulator = Emulator(verify_signatures=False)
    with (
        emulator.serve() as url,
        closing(connect(emulator, url, aws_access_key_id="ANY", region_name="xx-any-1")) as boto,
    ):
        assert boto.list_runs()["items"] == []


PROGRAM = f"""
import boto3
omics = boto3.client("omics")
run = omics.start_run(workflowId="1", roleArn="{ROLE}", outputUri="s3://bucket")
print(omics.get_run(id=run["id"])["status"])
"""


def test_environment(local: Emulator, url: str) -> None:
    """The variables of `environment` are all that a bare machine's boto3 needs."""
    environment = local.environment(url) | {"AWS_CONFIG_FILE": "/nonexistent"}
    command = [sys.executable, "-c", PROGRAM]
    done = run_process(command, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == "PENDING\n"
    assert local.count("StartRun") == 1


@pytest.fixture
def hurried(local: Emulator, url: str, _no_aws_files: None) -> Iterator[Any]:
    """Return a boto3 client that waits for no answer longer than a blink."""
    config = Config(inject_host_prefix=False, read_timeout=0.05, retries={"total_max_attempts": 1})
    with closing(connect(local, url, config=config)) as client:
        yield client


def test_hanging(hurried: Any, local: Emulator) -> None:
    """A call that hangs meets boto3's read timeout, and does not hold up the end of serving."""
    local.faults.add(Fault(hang=True))
    with pytest.raises(ReadTimeoutError):
        hurried.list_runs()


def test_dropped(boto: Any, local: Emulator) -> None:
    """A connection that is closed without an answer is an error, and the next call works."""
    local.faults.add(Fault(drop=True))
    with pytest.raises(ConnectionClosedError):
        boto.list_runs()
    assert boto.list_runs()["items"] == []


@pytest.mark.parametrize(
    "call",
    [
        pytest.param(lambda boto, run, _: boto.get_run(id=run, export=["DEFINITION"]), id="run"),
        pytest.param(lambda boto, _, __: boto.list_runs()["items"][0], id="item"),
        pytest.param(lambda boto, run, _: boto.list_run_tasks(id=run)["items"][0], id="task item"),
        pytest.param(lambda boto, run, task: boto.get_run_task(id=run, taskId=task), id="task"),
    ],
)
def test_timestamps(boto: Any, local: Emulator, call: Callable[[Any, str, str], Any]) -> None:
    """Times come to boto3 as aware datetimes, in the order of their events."""
    run_id = boto.start_run(**START)["id"]
    move(local, 100_000)
    task_id = boto.list_run_tasks(id=run_id)["items"][0]["taskId"]
    item = call(boto, run_id, task_id)
    assert item["creationTime"] <= item["startTime"] <= item["stopTime"]
    assert item["creationTime"].tzinfo is not None
