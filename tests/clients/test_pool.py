"""Where connections belong: to one process, one event loop, and the client that closes them."""

from __future__ import annotations

import asyncio
import copy
import gc
import os
import subprocess
import sys
import threading
import warnings
from collections.abc import Awaitable, Iterator
from typing import Any

import anyio
import httpx
import pytest
from anyio.from_thread import start_blocking_portal

from omics_runs import AsyncOmicsRunsClient, OmicsRunsClient, errors
from omics_runs._forks import Lock

from .conftest import Caller
from .servers import PATIENCE, Seen, serving_runs

KEYS = ("AK", "SK", None)
BACKENDS = pytest.mark.parametrize("backend", ["asyncio", "trio"])
NEEDS_FORK = pytest.mark.skipif(not hasattr(os, "fork"), reason="the platform has no fork")


@pytest.fixture
def seen() -> Iterator[Seen]:
    """Serve runs on loopback."""
    with serving_runs() as seen:
        yield seen


def built(seen: Seen, **options: Any) -> OmicsRunsClient:
    """Return a client of a server."""
    return OmicsRunsClient("us-west-2", endpoint_url=seen.url, credentials=KEYS, **options)


def built_async(seen: Seen, **options: Any) -> AsyncOmicsRunsClient:
    """Return an async client of a server."""
    return AsyncOmicsRunsClient("us-west-2", endpoint_url=seen.url, credentials=KEYS, **options)


def run_script(script: str, *arguments: str, flags: tuple[str, ...] = ("-W", "error")) -> str:
    """Run a script in an interpreter of its own, and return all that it prints."""
    done = subprocess.run(
        [sys.executable, *flags, "-c", script, *arguments],
        capture_output=True,
        text=True,
        check=True,
        timeout=PATIENCE,
    )
    return done.stdout + done.stderr


# --- event loops --------------------------------------------------------------------------------


@pytest.mark.parametrize("last", ["asyncio", "trio"])
@BACKENDS
def test_a_client_serves_loop_after_loop(seen: Seen, backend: str, last: str) -> None:
    """Each event loop gets its own connections, and those of a loop that has ended are closed."""
    client = built_async(seen)

    async def main() -> None:
        assert (await client.get_run("1")).id == (await client.get_run("1")).id

    for name in (backend, backend, last):
        anyio.run(main, backend=name)
        assert seen.none_is_open()
    first, second, third = seen.ports[::2]
    assert seen.ports[1::2] == [first, second, third]  # within a loop they are kept
    assert len({first, second, third}) == 3


@BACKENDS
def test_two_loops_at_once_keep_their_own(seen: Seen, backend: str) -> None:
    """Two event loops in two threads share a client, and neither takes the other's connection."""
    client = built_async(seen)
    with start_blocking_portal(backend) as one, start_blocking_portal(backend) as other:
        for portal in (one, other, one, other):
            portal.call(client.get_run, "1")
        first, second = seen.ports[:2]
        assert first != second
        assert seen.ports[2:] == [first, second]
        other.call(client.aclose)
        with pytest.raises(errors.ConfigurationError, match="closed"):
            one.call(client.get_run, "1")
        one.call(client.aclose)
        one.call(client.aclose)
    assert seen.none_is_open()


@BACKENDS
def test_two_loops_await_keys_of_their_own(seen: Seen, backend: str) -> None:
    """A plain function may return something to await: no loop is given what another awaits."""
    asked, go_on = threading.Event(), threading.Event()

    async def keys() -> tuple[str, str, None]:
        await anyio.lowlevel.checkpoint()
        return KEYS

    def asking() -> Awaitable[tuple[str, str, None]]:
        asked.set()
        go_on.wait(PATIENCE)
        return keys()

    client = AsyncOmicsRunsClient("us-west-2", endpoint_url=seen.url, credentials=asking)
    with start_blocking_portal(backend) as one, start_blocking_portal(backend) as other:
        first = one.start_task_soon(client.get_run, "1")
        asked.wait()
        second = other.start_task_soon(client.get_run, "2")
        other.call(anyio.wait_all_tasks_blocked)
        go_on.set()
        assert (first.result().id, second.result().id) == ("1", "2")
        for portal in (one, other):
            portal.call(client.aclose)


def test_a_loop_that_ends_without_its_generators(seen: Seen) -> None:
    """A loop closed by hand leaves its connections to the garbage collector, and no trace."""
    client = built_async(seen)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # of asyncio, whose loop it was
        loop = asyncio.new_event_loop()
        loop.run_until_complete(client.get_run("1"))
        loop.close()
        asyncio.run(client.get_run("2"))
        gc.collect()
    assert seen.none_is_open()


def test_a_loop_closed_by_hand_with_its_generators(seen: Seen) -> None:
    """`shutdown_asyncgens` is all that a loop closed by hand needs."""
    client = built_async(seen)
    loop = asyncio.new_event_loop()
    loop.run_until_complete(client.get_run("1"))
    loop.run_until_complete(loop.shutdown_asyncgens())
    loop.close()
    gc.collect()
    assert seen.none_is_open()


@BACKENDS
def test_an_http_client_of_the_callers_is_kept(backend: str) -> None:
    """Their httpx client is used as it is, on whatever loop, and closed only by them."""
    http = httpx.AsyncClient(
        transport=httpx.MockTransport(
            lambda _: httpx.Response(200, json={"id": "1", "arn": "a", "status": "RUNNING"})
        )
    )

    async def main() -> None:
        async with AsyncOmicsRunsClient("us-west-2", credentials=KEYS, http_client=http) as client:
            await client.get_run("1")

    anyio.run(main, backend=backend)
    anyio.run(main, backend=backend)
    assert not http.is_closed


# --- closing ------------------------------------------------------------------------------------


def test_closing_in_every_order(caller: Caller, seen: Seen) -> None:
    """Clients and their twins are closed as often as one likes, and end all connections."""
    client = caller.remote(region="us-west-2", endpoint_url=seen.url, credentials=KEYS)
    twin = client.wrapped.with_options(timeout=9)
    caller.run(twin.get_run, "1")
    caller.run(getattr(twin, "aclose", None) or twin.close)
    client.get_run("1")
    assert len(set(seen.ports)) == 1
    for _ in range(2):
        client.close()
    assert seen.none_is_open()
    for one in (client, caller):
        with pytest.raises(errors.ConfigurationError, match="closed"):
            one.get_run("1") if one is client else caller.run(twin.get_run, "1")


@BACKENDS
def test_closing_twice_at_once(seen: Seen, backend: str) -> None:
    """Two tasks may close a client at the same time."""

    async def main() -> None:
        client = built_async(seen)
        await client.get_run("1")
        async with anyio.create_task_group() as group:
            group.start_soon(client.aclose)
            group.start_soon(client.aclose)

    anyio.run(main, backend=backend)
    assert seen.none_is_open()


def test_a_client_that_is_closed_during_a_call(seen: Seen) -> None:
    """What is closed by one thread is of no use to another, which is told so."""

    def closing() -> tuple[str, str, None]:
        client.close()
        return KEYS

    client = OmicsRunsClient("us-west-2", endpoint_url=seen.url, credentials=closing)
    with pytest.raises(errors.ConfigurationError, match="closed"):
        client.get_run("1")
    assert seen.calls == []


@BACKENDS
def test_an_async_client_that_is_closed_during_a_call(seen: Seen, backend: str) -> None:
    """What is closed by one task is of no use to another, which is told so."""

    async def main() -> None:
        async def closing() -> tuple[str, str, None]:
            await client.aclose()
            return KEYS

        client = AsyncOmicsRunsClient("us-west-2", endpoint_url=seen.url, credentials=closing)
        with pytest.raises(errors.ConfigurationError, match="closed"):
            await client.get_run("1")

    anyio.run(main, backend=backend)
    assert seen.calls == []


def test_an_unclosed_client_warns(seen: Seen) -> None:
    """A client that has connections and is lost warns like an open file, and closes them."""
    client = built(seen)
    client.with_options(timeout=9).get_run("1")
    lost = [client]
    del client
    with pytest.warns(ResourceWarning, match=r"unclosed .* call close\(\)") as warned:
        lost.clear()
    assert len(warned) == 1
    assert seen.none_is_open()


def test_an_unclosed_async_client_warns(seen: Seen) -> None:
    """The loop that still runs closes the connections of a client that is lost."""

    async def main() -> None:
        client = built_async(seen)
        await client.get_run("1")
        lost = [client]
        del client
        with pytest.warns(ResourceWarning, match=r"unclosed .* await aclose\(\)") as warned:
            lost.clear()
        assert len(warned) == 1
        await anyio.to_thread.run_sync(seen.none_is_open)
        assert not seen.open

    asyncio.run(main())


@pytest.mark.parametrize("kind", [OmicsRunsClient, AsyncOmicsRunsClient])
def test_a_client_without_connections_warns_of_nothing(kind: Any, seen: Seen) -> None:
    """A client that was never used, or was copied, has nothing to close."""
    client = kind("us-west-2", endpoint_url=seen.url)
    del client
    gc.collect()


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy])
def test_a_copy_of_an_async_client_shares_its_connections(copied: Any) -> None:
    """Neither copy makes connections or looks keys up anew."""
    client = AsyncOmicsRunsClient("us-west-2", credentials=KEYS)
    assert copied(client)._driver is client._driver


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy])
def test_copies_share_the_connections(seen: Seen, copied: Any) -> None:
    """A copy, also a deep one, is another name of the same client."""
    with built(seen, timeout=7) as client:
        client.get_run("1")
        twin = copied({"client": client})["client"]
        twin.get_run("1")
    assert len(set(seen.ports)) == 1
    with pytest.raises(errors.ConfigurationError, match="closed"):
        twin.get_run("1")


# Loaded as a module, because what `__main__` holds is gone before others.
OF_A_MODULE = """
import asyncio, sys, types
from omics_runs import AsyncOmicsRunsClient, OmicsRunsClient
options = {"endpoint_url": sys.argv[1], "credentials": ("AK", "SK", None)}
client = OmicsRunsClient("us-west-2", **options)
async_client = AsyncOmicsRunsClient("us-west-2", **options)
client.get_run("1")
asyncio.run(async_client.get_run("1"))
print("used")
"""


def test_a_client_of_a_module_ends_silently(seen: Seen) -> None:
    """A client that lives until the process ends needs no closing."""
    assert run_script(OF_A_MODULE, seen.url) == "used\n"
    assert seen.none_is_open()


AT_EXIT = """
import atexit, sys
def last():
    print(client.get_run("2").id)
atexit.register(last)  # before the import, and so called after the SDK's own
from omics_runs import OmicsRunsClient
client = OmicsRunsClient("us-west-2", endpoint_url=sys.argv[1], credentials=("AK", "SK", None))
client.get_run("1")
"""


def test_the_last_call_of_a_process(seen: Seen) -> None:
    """What the application does at its exit may still use a client."""
    assert run_script(AT_EXIT, seen.url, flags=()) == "2\n"


# --- forks --------------------------------------------------------------------------------------

FORKED = """
import os, sys, threading
from omics_runs import OmicsRunsClient

client = OmicsRunsClient("us-west-2", endpoint_url=sys.argv[1], credentials=("AK", "SK", None))
client.get_run("0")
locks = [client._env.quota._lock, client._driver.pool._lock]
held, done = threading.Event(), threading.Event()

def hold():
    with locks[0].current, locks[1].current:
        held.set()
        done.wait(60)

thread = threading.Thread(target=hold)
thread.start()
held.wait(60)
child = os.fork()
if child:
    done.set()
    thread.join()
ids = [f"{os.getpid()}{turn}" for turn in range(20)]
assert [client.get_run(id).id for id in ids] == ids
if not child:
    client.close()
    sys.exit()  # the usual way, so that what the child does is measured
_, status = os.waitpid(child, 0)
client.get_run("0")
client.close()
print(os.waitstatus_to_exitcode(status))
"""
BESIDE_THREADS = ("-W", "ignore::DeprecationWarning")


@NEEDS_FORK
def test_parent_and_child_use_one_client(seen: Seen) -> None:
    """After a fork each has its own connection, and locks that other threads held are free."""
    assert run_script(FORKED, seen.url, flags=BESIDE_THREADS) == "0\n"
    first, *_, last = seen.ports
    assert first == last
    assert len(set(seen.ports)) == 2
    assert len(seen.calls) == 42
    assert seen.none_is_open()


FORKED_ASYNC = """
import asyncio, os, sys, threading, warnings
from omics_runs import AsyncOmicsRunsClient

client = AsyncOmicsRunsClient("us-west-2", endpoint_url=sys.argv[1], credentials=("AK", "SK", None))
loop = asyncio.new_event_loop()
threading.Thread(target=loop.run_forever, daemon=True).start()

def on_the_loop(awaitable):
    return asyncio.run_coroutine_threadsafe(awaitable, loop).result()

on_the_loop(client.get_run("0"))
child = os.fork()
if not child:
    asyncio.run(client.get_run("1"))
    with warnings.catch_warnings():
        warnings.simplefilter("error", ResourceWarning)
        del client  # which has nothing open in this process
    sys.exit()
_, status = os.waitpid(child, 0)
on_the_loop(client.get_run("2"))
on_the_loop(client.aclose())
print(os.waitstatus_to_exitcode(status))
"""


@NEEDS_FORK
def test_parent_and_child_use_one_async_client(seen: Seen) -> None:
    """A fork beside a running loop takes nothing from it; the child's loop begins afresh."""
    assert run_script(FORKED_ASYNC, seen.url, flags=BESIDE_THREADS) == "0\n"
    assert seen.paths == ["/run/0", "/run/1", "/run/2"]
    first, second, third = seen.ports
    assert first == third != second
    assert seen.none_is_open()


WAITING = """
import os, sys, threading
from omics_runs import Credentials, OmicsRunsClient

asked, done = threading.Event(), threading.Event()

def keys():
    asked.set()
    if os.getpid() == parent:
        done.wait(60)
    return Credentials("AK", "SK")

parent = os.getpid()
client = OmicsRunsClient(
    "us-west-2", endpoint_url=sys.argv[1], credentials=keys, rate_limits={"GetRun": 50}
)
turns = client._env.pacer._limits["GetRun"]
thread = threading.Thread(target=client.get_run, args=("0",))
thread.start()
asked.wait(60)
turns._free_from += 3600  # other threads, who have all turns of the next hour
child = os.fork()
if not child:
    assert client.get_run("1", timeout=60).id == "1"
    client.close()
    sys.exit()
_, status = os.waitpid(child, 0)
done.set()
thread.join()
client.close()
print(os.waitstatus_to_exitcode(status))
"""


@NEEDS_FORK
def test_a_child_waits_for_none_of_the_parents_threads(seen: Seen) -> None:
    """Neither for the keys that one is looking up, nor behind one in the queue for its turn."""
    assert run_script(WAITING, seen.url, flags=BESIDE_THREADS) == "0\n"
    assert seen.paths == ["/run/1", "/run/0"]


RENEWING = """
import os, sys, threading
from datetime import UTC, datetime, timedelta
from botocore.credentials import RefreshableCredentials
from botocore.session import Session
from omics_runs import OmicsRunsClient

parent, done = os.getpid(), threading.Event()
keys = {"access_key": "AK", "secret_key": "SK", "token": ""}

class Keys:
    def __init__(self):
        self.asked = threading.Event()
        soon = keys | {"expiry_time": (datetime.now(UTC) + timedelta(minutes=1)).isoformat()}
        self.source = RefreshableCredentials.create_from_metadata(soon, self.renew, "test")

    def renew(self):
        self.asked.set()
        if os.getpid() == parent:
            done.wait(60)
        return keys | {"expiry_time": "2099-01-01T00:00:00Z"}

def client_with(credentials):
    return OmicsRunsClient("us-west-2", endpoint_url=sys.argv[1], credentials=credentials)

both = Keys(), Keys()
session = Session()
session._credentials = both[1].source
clients = [client_with(both[0].source), client_with(session)]
unused = client_with(Session())  # which has found nothing yet that has a lock
threads = [threading.Thread(target=client.get_run, args=("0",)) for client in clients]
for thread, one in zip(threads, both):
    thread.start()
    one.asked.wait(60)
child = os.fork()
if not child:
    for client in clients:
        client.get_run("1")
        client.close()
    sys.exit()
_, status = os.waitpid(child, 0)
done.set()
for thread, client in zip(threads, clients):
    thread.join()
    client.close()
print(os.waitstatus_to_exitcode(status))
"""


@NEEDS_FORK
def test_a_child_waits_for_no_renewal_of_botocores(seen: Seen) -> None:
    """The lock under which botocore's own credentials renew themselves is free in a child, too."""
    assert run_script(RENEWING, seen.url, flags=BESIDE_THREADS) == "0\n"
    assert seen.paths == ["/run/1", "/run/1", "/run/0", "/run/0"]


POOLED = """
import multiprocessing, sys
from omics_runs import OmicsRunsClient
client = OmicsRunsClient("us-west-2", endpoint_url=sys.argv[1], credentials=("AK", "SK", None))
ids = [str(id) for id in range(24)]
client.get_run(ids[0])

def get(id):
    return client.get_run(id).id

with multiprocessing.get_context("fork").Pool(4) as pool:
    assert pool.map(get, ids, 1) == ids
client.close()
print("right")
"""


@NEEDS_FORK
def test_a_pool_of_forked_processes(seen: Seen) -> None:
    """Four forked processes use their parent's client at once."""
    assert run_script(POOLED, seen.url) == "right\n"
    assert len(seen.calls) == 25
    assert seen.none_is_open()


LENT = """
import asyncio, os, sys
import httpx
from omics_runs import AsyncOmicsRunsClient, OmicsRunsClient, errors

options = {"endpoint_url": sys.argv[1], "credentials": ("AK", "SK", None)}
http, async_http = httpx.Client(), httpx.AsyncClient()
child = None

def fork(_):
    global child
    child = os.fork() if child is None else child

def refusal_of(call):
    try:
        call()
    except errors.OmicsRunsError as error:
        return f"{type(error).__name__}: {error}"

client = OmicsRunsClient("us-west-2", http_client=http, on_request=fork, **options)
async_client = AsyncOmicsRunsClient("us-west-2", http_client=async_http, **options)
during = refusal_of(lambda: client.get_run("0"))
if not child:
    print(during)
    print(refusal_of(lambda: client.get_run("1")))
    print(refusal_of(lambda: asyncio.run(async_client.get_run("2"))))
    sys.exit()
os.waitpid(child, 0)
client.get_run("3")
http.close()
"""


@NEEDS_FORK
def test_a_child_keeps_off_an_http_client_of_the_callers(seen: Seen) -> None:
    """Its sockets are the parent's, so the child is told so, also in the midst of a call."""
    during, sync_error, async_error = run_script(LENT, seen.url, flags=()).splitlines()
    remedy = "build client and http_client in the child, or give no http_client"
    assert during == sync_error == async_error
    assert sync_error.startswith("ConfigurationError")
    assert remedy in sync_error
    assert remedy in during
    assert seen.paths == ["/run/0", "/run/3"]
    assert len(set(seen.ports)) == 1


def test_who_forks_under_a_lock_releases_it() -> None:
    """A renewed lock is free; the block that took the old one ends as usual."""
    lock = Lock()
    with lock.current:
        lock.renew()
        with lock.current:
            assert lock.current.locked()
    assert not lock.current.locked()
