"""The SDK's own clients of an emulator: in process, and over HTTP."""

from __future__ import annotations

import anyio
import pytest

from omics_runs import AsyncOmicsRunsClient, OmicsRunsClient, RunStatus, errors
from omics_runs.emulator import Emulator, Fault, ScaledClock, VirtualClock
from tests.emulator.conftest import ROLE

BACKENDS = [pytest.param(name, id=name) for name in ("asyncio", "trio")]


def see_through(client: OmicsRunsClient) -> RunStatus:
    """Start a run and wait for its end."""
    started = client.start_run(workflow_id="1", role_arn=ROLE, output_uri="s3://bucket")
    return client.wait_until(started, timeout=86_400).status


async def asee_through(client: AsyncOmicsRunsClient) -> RunStatus:
    """Start a run and wait for its end, without blocking."""
    started = await client.start_run(workflow_id="1", role_arn=ROLE, output_uri="s3://bucket")
    return (await client.wait_until(started, timeout=86_400)).status


def test_in_process() -> None:
    """Without further ado a client sees a run of most of an hour through at once."""
    emulator = Emulator()
    with emulator.client() as client:
        assert see_through(client) == "COMPLETED"
    assert {call.signed for call in emulator.requests} == {True}


@pytest.mark.parametrize("backend", BACKENDS)
def test_async_in_process(backend: str) -> None:
    """The async client does so too, on both backends."""

    async def call() -> RunStatus:
        async with Emulator().async_client() as client:
            return await asee_through(client)

    assert anyio.run(call, backend=backend) == "COMPLETED"


def test_over_http() -> None:
    """With an endpoint the client goes by HTTP, with the emulator's keys and clock."""
    emulator = Emulator(ScaledClock(100_000))
    with emulator.serve() as url, emulator.client(endpoint_url=url) as client:
        assert see_through(client) == "COMPLETED"
    assert {call.headers["host"] for call in emulator.requests} == {url.removeprefix("http://")}


@pytest.mark.parametrize("backend", BACKENDS)
def test_async_over_http(backend: str) -> None:
    """So does the async client."""
    emulator = Emulator(ScaledClock(100_000))

    async def call(url: str) -> RunStatus:
        async with emulator.async_client(endpoint_url=url) as client:
            return await asee_through(client)

    with emulator.serve() as url:
        assert anyio.run(call, url, backend=backend) == "COMPLETED"


def test_arguments() -> None:
    """Arguments of the caller's take the place of the emulator's."""
    emulator = Emulator(VirtualClock())
    client = emulator.client(credentials=(emulator.access_key, "wrong", None))
    with client, pytest.raises(errors.AuthenticationError):
        client.get_run("1")


def test_faults_reach_the_sdk() -> None:
    """A lost answer is retried, and the run is started once."""
    emulator = Emulator()
    emulator.faults.add(Fault("StartRun", drop=True, after_commit=True))
    with emulator.client() as client:
        started = client.start_run(workflow_id="1", role_arn=ROLE, output_uri="s3://bucket")
    assert list(emulator.runs) == [started.id]
    assert emulator.count("StartRun") == 2


def test_runs_are_models() -> None:
    """The emulator's own view of a run is the SDK's model."""
    emulator = Emulator()
    with emulator.client() as client:
        started = client.start_run(workflow_id="1", role_arn=ROLE, output_uri="s3://bucket")
        run = client.get_run(started.id)
    assert emulator.runs[started.id] == run
    with pytest.raises(TypeError):
        emulator.runs["1"] = run  # type: ignore[index]
