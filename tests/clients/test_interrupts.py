"""What is left of a call that ends before its time: nothing."""

from __future__ import annotations

import gc
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from traceback import walk_stack
from types import GeneratorType

import anyio
import pytest
from attrs import define

from omics_runs import (
    AsyncOmicsRunsClient,
    Credentials,
    OmicsRunsClient,
    RetryPolicy,
    RunStatus,
    Timeout,
    errors,
)
from omics_runs._clock import SystemClock

from .conftest import Caller
from .servers import PATIENCE, Seen, run_of, serving_raw, serving_runs

KEYS = Credentials("AK", "SK")
SLOW = RetryPolicy(base_delay=1000, max_delay=1000)
BACKENDS = pytest.mark.parametrize("backend", ["asyncio", "trio"])
HEAD = b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: %d\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n"


def answer(connection: socket.socket) -> None:
    """Answer as one should."""
    body = run_of("/run/1")
    connection.sendall(HEAD % len(body) + body)


def until_closed(connection: socket.socket) -> None:
    """Wait until the client closes the connection."""
    assert connection.recv(1) == b""


def suspended() -> list[str]:
    """Return the flows that are still suspended somewhere."""
    gc.collect()
    found = [one for one in gc.get_objects() if isinstance(one, GeneratorType) and one.gi_frame]
    files = ("_core.py", "_waiting.py")
    return [one.__name__ for one in found if one.gi_code.co_filename.endswith(files)]


# --- a body that never ends ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("head", "drop"),
    [
        pytest.param(HEAD % 10**9, b"x", id="bytes"),
        pytest.param(CHUNKED, b"1\r\nx\r\n", id="chunks"),
    ],
)
def test_a_body_that_trickles(caller: Caller, head: bytes, drop: bytes) -> None:
    """The total timeout ends a call whose answer comes drop by drop for ever."""

    def trickle(connection: socket.socket, seen: Seen) -> None:
        connection.sendall(head)
        while not seen.stop.wait(0.005):
            connection.sendall(drop)

    with serving_raw(trickle) as seen:
        client = caller.remote(region="us-west-2", endpoint_url=seen.url, credentials=KEYS)
        with pytest.raises(errors.TransportTimeoutError):
            client.get_run("1", timeout=Timeout(total=0.2, read=PATIENCE))
        assert seen.none_is_open()
        client.close()


def test_a_body_that_comes_to_a_halt(caller: Caller) -> None:
    """The total timeout ends a call whose answer stops half-way."""

    def halt(connection: socket.socket, _: Seen) -> None:
        connection.sendall(HEAD % 100 + b"{")
        until_closed(connection)

    with serving_raw(halt) as seen:
        client = caller.remote(region="us-west-2", endpoint_url=seen.url, credentials=KEYS)
        with pytest.raises(errors.TransportTimeoutError):
            client.get_run("1", timeout=Timeout(total=0.2, read=PATIENCE))
        assert seen.none_is_open()
        client.close()


def test_a_body_that_comes_in_time(caller: Caller) -> None:
    """An answer in pieces is put together while there is time."""

    def in_pieces(connection: socket.socket, _: Seen) -> None:
        body = run_of("/run/1")
        connection.sendall(HEAD % len(body))
        for byte in body:
            connection.sendall(bytes([byte]))

    with serving_raw(in_pieces) as seen:
        client = caller.remote(region="us-west-2", endpoint_url=seen.url, credentials=KEYS)
        assert client.get_run("1", timeout=PATIENCE).id == "1"
        client.close()


# --- cancelled tasks, and Ctrl-C ----------------------------------------------------------------


@define
class Scene:
    """A call, the point at which it is ended, and whether that point has been reached."""

    point: str
    reached: threading.Event
    interrupt: Callable[[], object] = lambda: None
    """What happens there."""

    def here(self, point: str) -> bool:
        """Tell whether the call is to end at this point, where it comes by for the first time."""
        if point != self.point or self.reached.is_set():
            return False
        self.reached.set()
        self.interrupt()
        return True

    def answer(self, connection: socket.socket, _: Seen) -> None:
        """Answer one request, unless the call is to end here."""
        if self.point == "retry" and not self.reached.is_set():
            connection.sendall(b"HTTP/1.1 500 Oh\r\nconnection: close\r\ncontent-length: 0\r\n\r\n")
        elif self.point == "body" and not self.reached.is_set():
            connection.sendall(HEAD % 100 + b"{")
            self.here("body")
            until_closed(connection)
        elif self.here("headers"):
            until_closed(connection)
        else:
            answer(connection)


class Pausing(SystemClock):
    """A clock that tells when a sleep begins, which never ends."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene

    def sleep(self, seconds: float) -> None:
        """Be interrupted."""
        assert self.scene.here(self.scene.point)

    async def asleep(self, seconds: float) -> None:
        """Sleep until cancelled."""
        assert self.scene.here(self.scene.point)
        await anyio.sleep_forever()


POINTS = ["look-up", "headers", "body", "retry", "wait"]


@pytest.mark.parametrize("point", POINTS)
@BACKENDS
def test_a_cancelled_task_leaves_nothing(backend: str, point: str) -> None:
    """Wherever a task is cancelled: no frame, connection or lock stays, and the next call works."""
    scene = Scene(point, threading.Event())

    async def keys() -> Credentials:
        if scene.here("look-up"):
            await anyio.sleep_forever()
        return KEYS

    async def main() -> None:
        async with AsyncOmicsRunsClient(
            "us-west-2",
            endpoint_url=seen.url,
            credentials=keys,
            clock=Pausing(scene),
            retry=SLOW,
        ) as client:
            async with anyio.create_task_group() as group:
                group.start_soon(client.wait_until, "1", RunStatus.COMPLETED)
                await anyio.to_thread.run_sync(scene.reached.wait)
                await anyio.wait_all_tasks_blocked()
                group.cancel_scope.cancel()
            assert suspended() == []
            assert (await client.get_run("1")).id == "1"
        assert await anyio.to_thread.run_sync(seen.none_is_open)

    with serving_raw(scene.answer) as seen:
        anyio.run(main, backend=backend)


@BACKENDS
def test_a_task_cancelled_during_a_look_up_in_a_thread(backend: str) -> None:
    """The thread is left behind, and does not keep the next call from its keys."""
    asked, go_on = threading.Event(), threading.Event()

    def keys() -> Credentials:
        asked.set()
        go_on.wait(PATIENCE)
        return KEYS

    async def main() -> None:
        async with AsyncOmicsRunsClient(
            "us-west-2", endpoint_url=seen.url, credentials=keys
        ) as client:
            async with anyio.create_task_group() as group:
                group.start_soon(client.get_run, "1")
                await anyio.to_thread.run_sync(asked.wait)
                group.cancel_scope.cancel()
            assert suspended() == []
            go_on.set()
            assert (await client.get_run("1")).id == "1"

    with serving_runs() as seen:
        anyio.run(main, backend=backend)


@BACKENDS
def test_a_look_up_that_hangs_keeps_one_thread(backend: str) -> None:
    """However many calls are cancelled behind it, they wait for it in no thread of their own."""
    asked, go_on = threading.Event(), threading.Event()

    def keys() -> Credentials:
        asked.set()
        go_on.wait(PATIENCE)
        return KEYS

    async def main() -> None:
        async with AsyncOmicsRunsClient(
            "us-west-2", endpoint_url=seen.url, credentials=keys
        ) as client:
            threads: list[int] = []
            for _ in range(5):
                async with anyio.create_task_group() as group:
                    group.start_soon(client.get_run, "1")
                    await anyio.to_thread.run_sync(asked.wait)
                    await anyio.wait_all_tasks_blocked()
                    group.cancel_scope.cancel()
                threads.append(threading.active_count())
            assert max(threads) == threads[0]
            go_on.set()
            assert (await client.get_run("1")).id == "1"

    with serving_runs() as seen:
        anyio.run(main, backend=backend)


def test_a_call_behind_a_look_up_that_hangs_ends_in_time() -> None:
    """A call's total timeout bounds its wait for the keys that another thread looks up."""
    asked, go_on = threading.Event(), threading.Event()

    def keys() -> Credentials:
        asked.set()
        go_on.wait(PATIENCE)
        return KEYS

    with (
        serving_runs() as seen,
        OmicsRunsClient("us-west-2", endpoint_url=seen.url, credentials=keys) as client,
    ):
        thread = threading.Thread(target=client.get_run, args=("1",))
        thread.start()
        asked.wait()
        try:
            with pytest.raises(errors.TransportTimeoutError, match="longer than its total timeout"):
                client.get_run("2", timeout=0.01)
        finally:
            go_on.set()
            thread.join()
    assert seen.paths == ["/run/1"]


def test_a_signal_during_a_look_up(request: pytest.FixtureRequest) -> None:
    """What handles a signal may use the client that its own thread is looking keys up for."""
    handled: list[str] = []

    def handle(*_: object) -> None:
        handled.append(client.get_run("1").id)

    def keys() -> Credentials:
        if not seen.calls:
            seen.calls.append((0, "the signal"))
            signal.raise_signal(signal.SIGTERM)
        return KEYS

    request.addfinalizer(partial(signal.signal, signal.SIGTERM, signal.SIG_DFL))
    signal.signal(signal.SIGTERM, handle)
    with (
        serving_runs() as seen,
        OmicsRunsClient("us-west-2", endpoint_url=seen.url, credentials=keys) as client,
    ):
        client.get_run("2")
    assert handled == ["1"]
    assert seen.paths == ["the signal", "/run/1", "/run/2"]


@pytest.fixture
def _interruptible() -> Iterator[None]:
    """Let SIGINT raise KeyboardInterrupt, whoever runs the tests."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def interrupt() -> None:
    """Press Ctrl-C."""
    signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)


@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="the platform has no such signals")
@pytest.mark.parametrize("point", POINTS)
def test_ctrl_c_leaves_nothing(point: str, _interruptible: None) -> None:
    """Wherever Ctrl-C comes: no frame, connection or lock stays, and the next call works."""
    scene = Scene(point, threading.Event(), interrupt)

    def keys() -> Credentials:
        scene.here("look-up")
        return KEYS

    with (
        serving_raw(scene.answer) as seen,
        OmicsRunsClient(
            "us-west-2",
            endpoint_url=seen.url,
            credentials=keys,
            clock=Pausing(scene),
            retry=SLOW,
        ) as client,
    ):
        with pytest.raises(KeyboardInterrupt) as caught:
            client.wait_until("1")
        assert suspended() == []
        assert caught.tb  # which would have kept a flow alive
        assert seen.none_is_open()
        assert client.get_run("1").id == "1"


@define
class BusySession:
    """A session that has Ctrl-C pressed when the main thread waits for its turn, and looks on."""

    begun: threading.Event
    go_on: threading.Event

    def get_credentials(self) -> None:
        self.begun.set()
        while not self._has_a_queue():
            continue
        interrupt()
        self.go_on.wait(PATIENCE)

    def _has_a_queue(self) -> bool:
        frame = sys._current_frames().get(threading.main_thread().ident or 0)
        return any(one.f_code.co_name == "of_session" for one, _ in walk_stack(frame))


@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="the platform has no such signals")
def test_ctrl_c_behind_the_session_of_another_thread(_interruptible: None) -> None:
    """Sessions are asked one after the other; who waits for that can be interrupted."""
    begun, go_on = threading.Event(), threading.Event()
    session = BusySession(begun, go_on)
    first, second = (OmicsRunsClient("us-west-2", credentials=session) for _ in range(2))

    def work() -> None:
        with pytest.raises(errors.CredentialsError):
            first.get_run("1", retry=RetryPolicy(max_attempts=1))

    thread = threading.Thread(target=work)
    thread.start()
    begun.wait()
    with pytest.raises(KeyboardInterrupt):
        second.get_run("2")
    go_on.set()
    thread.join()


# --- many at once -------------------------------------------------------------------------------


@define
class Vault:
    """Gives keys that last, and counts how often."""

    asked: int = 0

    def __call__(self) -> Credentials:
        self.asked += 1
        return Credentials("AK", "SK", expires_at=datetime.now(UTC) + timedelta(days=1))


def test_32_threads_share_one_look_up() -> None:
    """Each thread gets its own answers, over as many connections; keys are asked for once."""
    vault, wrong = Vault(), []
    with (
        serving_runs() as seen,
        OmicsRunsClient("us-west-2", endpoint_url=seen.url, credentials=vault) as client,
    ):

        def work(number: int) -> None:
            names = [f"{number}{turn}" for turn in range(4)]
            wrong.extend(name for name in names if client.get_run(name).id != name)

        threads = [threading.Thread(target=work, args=(number,)) for number in range(32)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert wrong == []
    assert len(set(seen.ports)) <= 32
    assert (len(seen.calls), vault.asked) == (128, 1)


@BACKENDS
def test_100_tasks_share_one_look_up(backend: str) -> None:
    """Each task gets its own answer, and the keys are asked for once."""
    vault, wrong = Vault(), []

    async def main() -> None:
        async with AsyncOmicsRunsClient(
            "us-west-2", endpoint_url=seen.url, credentials=vault
        ) as client:

            async def work(id: str) -> None:
                wrong.extend([id] * ((await client.get_run(id)).id != id))

            async with anyio.create_task_group() as group:
                for number in range(100):
                    group.start_soon(work, str(number))

    with serving_runs() as seen:
        anyio.run(main, backend=backend)
    assert wrong == []
    assert (len(set(seen.paths)), vault.asked) == (100, 1)
