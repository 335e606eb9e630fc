"""An emulator in three dresses: plain HTTP in process, and boto3 on loopback."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from functools import cache
from typing import Any

import boto3
import httpx
import pytest
from botocore.config import Config

from omics_runs.emulator import Emulator, ScaledClock, VirtualClock

ROLE = "arn:aws:iam::123456789012:role/OmicsRole"

START: dict[str, Any] = {
    "workflowId": "1234567",
    "roleArn": ROLE,
    "outputUri": "s3://bucket/out/",
    "requestId": "request-1",
}
"""A StartRun that is accepted."""


class Caller:
    """Plain HTTP to an emulator that checks no signatures."""

    def __init__(self, emulator: Emulator) -> None:
        self.emulator = emulator
        self.http = httpx.Client(transport=emulator.transport(), base_url="http://omics")
        self.tokens = 0

    def start(self, **members: Any) -> dict[str, Any]:
        """Start a run with a request id of its own, and return the answer."""
        self.tokens += 1
        body = START | {"requestId": f"token-{self.tokens}"} | members
        response = self.http.post("/run", json=body)
        assert response.status_code == 201, response.text
        answer: dict[str, Any] = response.json()
        return answer

    def run(self, run_id: str) -> dict[str, Any]:
        """Return GetRun's answer."""
        return self.ok(self.http.get(f"/run/{run_id}"))

    def list(self, **query: Any) -> dict[str, Any]:
        """Return a page of ListRuns."""
        return self.ok(self.http.get("/run", params=query))

    def tasks(self, run_id: str, **query: Any) -> dict[str, Any]:
        """Return a page of ListRunTasks."""
        return self.ok(self.http.get(f"/run/{run_id}/task", params=query))

    def task(self, run_id: str, task_id: str) -> dict[str, Any]:
        """Return GetRunTask's answer."""
        return self.ok(self.http.get(f"/run/{run_id}/task/{task_id}"))

    def cancel(self, run_id: str) -> httpx.Response:
        """Call CancelRun."""
        return self.http.post(f"/run/{run_id}/cancel")

    def delete(self, run_id: str) -> httpx.Response:
        """Call DeleteRun."""
        return self.http.delete(f"/run/{run_id}")

    @staticmethod
    def ok(response: httpx.Response) -> dict[str, Any]:
        """Return the JSON of a success."""
        assert response.status_code == 200, response.text
        answer: dict[str, Any] = response.json()
        return answer


def seconds(begin: datetime | None, end: datetime | None) -> float:
    """Return the seconds between two times of a run, which it must have."""
    assert begin is not None
    assert end is not None
    return (end - begin).total_seconds()


def code(response: httpx.Response) -> str:
    """Return the error code of an answer."""
    return response.headers["x-amzn-ErrorType"]


@pytest.fixture
def clock() -> VirtualClock:
    """Return a clock that only moves when told to, or when somebody sleeps."""
    return VirtualClock()


@pytest.fixture
def emulator(clock: VirtualClock) -> Emulator:
    """Return an emulator on the virtual clock that asks for no signatures."""
    return Emulator(clock, verify_signatures=False)


@pytest.fixture
def caller(emulator: Emulator) -> Caller:
    """Return plain HTTP to the emulator."""
    return Caller(emulator)


def connect(emulator: Emulator, url: str, **changes: Any) -> Any:
    """Return a boto3 client of an emulator, with keys and region that can be changed."""
    arguments = {
        "endpoint_url": url,
        "region_name": emulator.region,
        "aws_access_key_id": emulator.access_key,
        "aws_secret_access_key": emulator.secret_key,
        "config": Config(inject_host_prefix=False, retries={"total_max_attempts": 1}),
    }
    return session().client("omics", **(arguments | changes))


@cache
def session() -> Any:
    """Return the one boto3 session of all tests: it reads the service's model, which is slow."""
    return boto3.session.Session()


@pytest.fixture
def local() -> Emulator:
    """Return an emulator for loopback, whose clock stands still until it is moved."""
    return Emulator(VirtualClock())


@pytest.fixture
def fast() -> Emulator:
    """Return an emulator for loopback in which an hour passes in well under a second."""
    return Emulator(ScaledClock(100_000))


@pytest.fixture
def url(local: Emulator) -> Iterator[str]:
    """Serve `local`."""
    with local.serve() as address:
        yield address


@pytest.fixture
def boto(local: Emulator, url: str, _no_aws_files: None) -> Iterator[Any]:
    """Return a boto3 client of `local`."""
    with closing(connect(local, url)) as client:
        yield client
