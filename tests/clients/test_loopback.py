"""Both clients over real sockets, against a service that misbehaves in every known way."""

from __future__ import annotations

import json
import math
import socket
import threading
from collections.abc import Iterator
from typing import Any

import anyio
import httpx
import pytest

from omics_runs import (
    AsyncOmicsRunsClient,
    Credentials,
    OmicsRunsClient,
    Progress,
    RetryPolicy,
    Timeout,
    errors,
)
from omics_runs.emulator import Emulator, Fault, ScaledClock

from .conftest import Caller

NEEDED: dict[str, Any] = {
    "workflow_id": "1234567",
    "role_arn": "arn:aws:iam::123456789012:role/OmicsRole",
    "output_uri": "s3://b/out",
}
QUICK = RetryPolicy(base_delay=0.001, throttling_delay=0.001)


@pytest.fixture
def emulator() -> Emulator:
    """Give each test a service of its own, on a clock 10,000 times as fast."""
    return Emulator(ScaledClock(10_000))


@pytest.fixture
def url(emulator: Emulator) -> Iterator[str]:
    """Serve it on loopback."""
    with emulator.serve() as url:
        yield url


@pytest.fixture
def client(caller: Caller, emulator: Emulator, url: str) -> Iterator[Any]:
    """Give each test a client that goes over sockets."""
    keys = Credentials(emulator.access_key, emulator.secret_key)
    client = caller.remote(
        region="us-west-2",
        endpoint_url=url,
        credentials=keys,
        clock=emulator.clock,
        retry=QUICK,
        timeout=Timeout(connect=5, read=30),
    )
    yield client
    client.close()


def test_from_start_to_completed(client: Any, emulator: Emulator) -> None:
    """A run goes its whole way over real HTTP, every request signed and verified."""
    started = client.start_run(**NEEDED, name="ünïcode name", tags={"a b": "c/d+e"})
    run = client.wait_until(started)
    assert run.status == "COMPLETED"
    assert [item.id for item in client.iter_runs(name="ünïcode name")] == [run.id]
    assert all(request.signed for request in emulator.requests)


@pytest.mark.parametrize(
    ("fault", "kind", "attempts"),
    [
        pytest.param(
            Fault("GetRun", times=None, status=200, body=b'{"id": "1", "sta'),
            errors.UnreadableResponseError,
            3,
            id="truncated JSON",
        ),
        pytest.param(
            Fault("GetRun", times=None, status=502, body=b"<html>Bad gateway</html>"),
            errors.ServiceError,
            3,
            id="HTML 502",
        ),
        pytest.param(
            Fault("GetRun", times=None, status=200, body=b""),
            errors.UnreadableResponseError,
            3,
            id="empty 200",
        ),
        pytest.param(
            Fault("GetRun", times=None, status=200, body=b'{"id": 1}'),
            errors.UnreadableResponseError,
            1,
            id="wrong types",
        ),
        pytest.param(
            Fault("GetRun", times=None, status=400, body=b"x" * 10_000_000),
            errors.ValidationError,
            1,
            id="10 MB error body",
        ),
        pytest.param(
            Fault("GetRun", times=None, drop=True),
            errors.TransportError,
            3,
            id="closed without an answer",
        ),
        pytest.param(
            Fault("GetRun", times=None, drop="mid-body"),
            errors.TransportError,
            3,
            id="closed mid-response",
        ),
    ],
)
def test_bad_answers(
    client: Any, emulator: Emulator, fault: Fault, kind: type[errors.CallError], attempts: int
) -> None:
    """Whatever comes back is a typed error with its story, never a crash or a hang."""
    started = client.start_run(**NEEDED)
    emulator.faults.add(fault)
    with pytest.raises(kind) as caught:
        client.get_run(started.id)
    assert type(caught.value) is kind
    assert len(caught.value.attempts) == attempts
    assert len(str(caught.value)) < 2_000


def test_a_server_that_never_answers(client: Any, emulator: Emulator) -> None:
    """The read timeout ends each attempt, and the error is a TimeoutError."""
    emulator.faults.add(Fault("GetRun", times=None, hang=True))
    with pytest.raises(errors.TransportTimeoutError) as caught:
        client.get_run("1", timeout=Timeout(read=0.05))
    assert isinstance(caught.value, TimeoutError)
    assert isinstance(caught.value.__cause__, httpx.ReadTimeout)
    assert len(caught.value.attempts) == 3


def test_a_total_timeout_over_all_attempts(caller: Caller, emulator: Emulator, url: str) -> None:
    """A plain number bounds the call as a whole, on the real clock."""
    keys = Credentials(emulator.access_key, emulator.secret_key)
    client = caller.remote(region="us-west-2", endpoint_url=url, credentials=keys)
    emulator.faults.add(Fault("GetRun", times=None, hang=True))
    with pytest.raises(errors.TransportTimeoutError, match=r"total timeout of 0\.2 s"):
        client.get_run("1", timeout=0.2)
    client.close()


def test_nobody_listens(caller: Caller) -> None:
    """A refused connection is a TransportError that can't have taken effect."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    keys = Credentials("AK", "SK")
    client = caller.remote(
        region="us-west-2", endpoint_url=f"http://127.0.0.1:{port}", credentials=keys, retry=QUICK
    )
    with pytest.raises(errors.TransportError) as caught:
        client.start_run(**NEEDED)
    assert type(caught.value) is errors.TransportError
    assert isinstance(caught.value.__cause__, httpx.ConnectError)
    assert not caught.value.may_have_taken_effect
    client.close()


def test_unsigned_and_signed(caller: Caller, emulator: Emulator, url: str) -> None:
    """The emulator refuses an unsigned request, which `sign=False` really sends."""
    client = caller.remote(endpoint_url=url, sign=False)
    with pytest.raises(errors.AuthenticationError):
        client.get_run("1")
    assert not emulator.requests[-1].signed
    client.close()


def test_32_threads_share_a_client(emulator: Emulator, url: str) -> None:
    """One sync client starts 64 runs from 32 threads, and each thread gets its own."""
    keys = Credentials(emulator.access_key, emulator.secret_key)
    names: list[tuple[str, str | None]] = []
    with OmicsRunsClient("us-west-2", endpoint_url=url, credentials=keys) as client:

        def work(number: int) -> None:
            for turn in range(2):
                name = f"{number}-{turn}"
                started = client.start_run(**NEEDED, name=name)
                names.append((name, client.get_run(started.id).name))

        threads = [threading.Thread(target=work, args=(n,)) for n in range(32)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(names) == 64
    assert all(given == got for given, got in names)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_50_tasks_share_a_client(emulator: Emulator, url: str, backend: str) -> None:
    """One async client serves 50 tasks at once."""
    keys = Credentials(emulator.access_key, emulator.secret_key)
    ids: list[str] = []

    async def main() -> None:
        async with AsyncOmicsRunsClient("us-west-2", endpoint_url=url, credentials=keys) as client:

            async def work() -> None:
                ids.append((await client.start_run(**NEEDED)).id)

            async with anyio.create_task_group() as group:
                for _ in range(50):
                    group.start_soon(work)

    anyio.run(main, backend=backend)
    assert len(set(ids)) == len(emulator.runs) == 50


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_cancelled_call_is_not_retried(backend: str) -> None:
    """Cancellation passes through: one attempt was sent, and no second one follows."""
    sent: list[httpx.Request] = []

    async def main() -> None:
        with anyio.CancelScope() as scope:

            async def cancel(request: httpx.Request) -> httpx.Response:
                sent.append(request)
                scope.cancel()
                await anyio.sleep_forever()
                raise AssertionError

            http = httpx.AsyncClient(transport=httpx.MockTransport(cancel))
            keys = Credentials("AK", "SK")
            client = AsyncOmicsRunsClient("us-west-2", credentials=keys, http_client=http)
            await client.get_run("1")
        assert scope.cancelled_caught

    anyio.run(main, backend=backend)
    assert len(sent) == 1


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_cancelled_wait_leaves_the_run_alone(emulator: Emulator, url: str, backend: str) -> None:
    """Cancelling a wait sends no CancelRun, and the client goes on working."""
    emulator.plan(after=1e7)  # so that no machine is too slow to see the run under way
    keys = Credentials(emulator.access_key, emulator.secret_key)

    async def main() -> None:
        async with AsyncOmicsRunsClient("us-west-2", endpoint_url=url, credentials=keys) as client:
            started = await client.start_run(**NEEDED)
            with anyio.CancelScope() as scope:

                def cancel(progress: Progress) -> None:
                    scope.cancel()

                await client.wait_until(started, progress=cancel)
            assert scope.cancelled_caught
            assert (await client.get_run(started.id)).status != "CANCELLED"

    anyio.run(main, backend=backend)
    assert emulator.count("CancelRun") == 0


def test_an_interrupted_wait_leaves_the_run_alone(client: Any, emulator: Emulator) -> None:
    """Ctrl-C ends the wait and nothing else."""
    if isinstance(client.wrapped, AsyncOmicsRunsClient):
        pytest.skip("an interrupt ends the event loop; tasks are cancelled above")
    started = client.start_run(**NEEDED)

    def interrupt(progress: Progress) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        client.wait_until(started, progress=interrupt)
    assert emulator.count("CancelRun") == 0
    assert client.get_run(started.id).id == started.id


def test_endless_timeouts(client: Any) -> None:
    """Infinity turns a bound off."""
    started = client.start_run(**NEEDED, timeout=Timeout(connect=math.inf, read=math.inf))
    assert json.loads(json.dumps(started.to_dict()))["id"] == started.id


def test_closing_a_copy_closes_nothing(emulator: Emulator, url: str) -> None:
    """A copy made by `with_options` shares the connections and does not own them."""
    keys = Credentials(emulator.access_key, emulator.secret_key)
    with OmicsRunsClient("us-west-2", endpoint_url=url, credentials=keys) as owner:
        with owner.with_options(timeout=9) as copy:
            copy.list_runs()
        assert owner.list_runs().items == ()
