"""Clients on their way to another process: what travels, and what must not."""

from __future__ import annotations

import importlib
import pickle
import socket
import ssl
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import partial
from multiprocessing import get_context
from typing import Any

import anyio
import httpx
import pytest
from opentelemetry import trace

from omics_runs import (
    AsyncOmicsRunsClient,
    Credentials,
    OmicsRunsClient,
    RetryPolicy,
    Timeout,
    errors,
)
from omics_runs._clock import ScaledClock

from .conftest import Caller
from .servers import Seen, run_of, serving_raw, serving_runs

SECRET = "the-secret-of-these-tests"
BOTH = [
    pytest.param(OmicsRunsClient, id="sync"),
    pytest.param(AsyncOmicsRunsClient, id="async"),
]


def my_keys() -> Credentials:
    """Give keys, as an importable function of a user's does."""
    return Credentials("AKIDIMPORTED", SECRET)


class Vault:
    """Something that holds keys."""

    def get_frozen_credentials(self) -> Credentials:
        """Give keys, as botocore's credentials do."""
        return my_keys()


class Teller:
    """Something that tells keys when it is called."""

    def __call__(self) -> Credentials:
        return my_keys()


def session() -> Any:
    """Return a botocore session with keys."""
    made: Any = importlib.import_module("botocore.session").Session()
    made.set_credentials("AKIDSESSION", SECRET)
    return made


BEHIND = timedelta(hours=2)
"""How far the service's time is behind that of this machine."""
asked: list[datetime] = []


def keys_for_an_hour() -> Credentials:
    """Give keys that last for an hour of the service's time, and count."""
    asked.append(datetime.now(UTC))
    return Credentials("AKIDHOUR", SECRET, None, asked[-1] - BEHIND + timedelta(hours=1))


def answer_of_long_ago(connection: socket.socket, _: Seen) -> None:
    """Answer with a run, and the service's time."""
    body, date = run_of("/run/1"), format_datetime(datetime.now(UTC) - BEHIND, usegmt=True)
    head = f"HTTP/1.1 200 OK\r\nconnection: close\r\ndate: {date}\r\ncontent-length: {len(body)}"
    connection.sendall(f"{head}\r\n\r\n".encode() + body)


@pytest.fixture
def seen() -> Iterator[Seen]:
    """Serve runs on loopback."""
    with serving_runs() as seen:
        yield seen


@pytest.fixture(autouse=True)
def _keys_of_the_environment(monkeypatch: pytest.MonkeyPatch, _no_aws_files: None) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDENVIRONMENT")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)


@pytest.mark.parametrize("times", [0, 1], ids=["at-home", "travelled"])
def test_keys_end_by_the_services_clock(caller: Caller, times: int) -> None:
    """Where ours is hours ahead, keys that seem to have ended are kept while they are good."""
    asked.clear()
    with serving_raw(answer_of_long_ago) as seen:
        client = caller.remote(
            region="us-west-2", endpoint_url=seen.url, credentials=keys_for_an_hour
        )
        for _ in range(times):
            client.get_run("1")  # what was learnt here stays here
            client.close()
            client.wrapped = travelled(client.wrapped)
            asked.clear()
        for _ in range(3):
            client.get_run("1")
        client.close()
    assert len(asked) == 1


def travelled(client: Any) -> Any:
    """Return what arrives of a client."""
    return pickle.loads(pickle.dumps(client))


def fetched(client: Any, id: str) -> tuple[str, int]:
    """Use a client in another process."""
    if isinstance(client, OmicsRunsClient):
        with client:
            return client.get_run(id).id, client._env.quota.available
    return anyio.run(fetched_async, client, id)


async def fetched_async(client: AsyncOmicsRunsClient, id: str) -> tuple[str, int]:
    """Use an async client in another process."""
    async with client:
        return (await client.get_run(id)).id, client._env.quota.available


def test_clients_in_a_pool_of_processes(seen: Seen) -> None:
    """Clients that were used go to a process that was spawned, and work there at once."""
    kinds = (OmicsRunsClient, AsyncOmicsRunsClient)
    clients = [kind("us-west-2", endpoint_url=seen.url) for kind in kinds]
    for client in clients:
        fetched(client, "1")
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        answers = list(pool.map(fetched, clients, ["2", "3"]))
    assert answers == [("2", 500), ("3", 500)]
    assert seen.none_is_open()


@pytest.mark.parametrize("kind", BOTH)
@pytest.mark.parametrize(
    ("arguments", "endpoint"),
    [
        pytest.param({"region": "us-west-2"}, "https://omics.us-west-2.amazonaws.com", id="AWS"),
        pytest.param(
            {"region": "us-gov-west-1", "use_fips": True},
            "https://omics-fips.us-gov-west-1.amazonaws.com",
            id="FIPS",
        ),
        pytest.param({"endpoint_url": "http://localhost:1"}, "http://localhost:1", id="custom"),
        pytest.param({"endpoint_url": "http://localhost:1", "sign": False}, "", id="unsigned"),
        pytest.param({"proxy": "http://proxy.test:3128"}, "", id="a proxy"),
        pytest.param({"verify": False}, "", id="no verification"),
        pytest.param({"credentials": my_keys}, "", id="a function"),
    ],
)
def test_what_was_settled_travels(
    kind: Any, arguments: dict[str, Any], endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process means the same, whatever its environment says by then."""
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    sent = kind(**arguments)
    pickled = pickle.dumps(sent)
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://localhost:2")
    arrived = pickle.loads(pickled)
    assert type(arrived) is kind
    assert repr(arrived) == repr(sent)
    assert endpoint in repr(arrived)
    assert SECRET.encode() not in pickled


@pytest.mark.parametrize("kind", BOTH)
def test_options_and_clocks_travel(kind: Any) -> None:
    """A twin goes with its own options, and a clock with its speed."""
    client = kind("us-west-2", clock=ScaledClock(60), timeout=3)
    twin = client.with_options(
        timeout=Timeout(read=7), retry=RetryPolicy(max_attempts=9), validate=False
    )
    arrived = travelled(twin)
    assert arrived._env.timeout == Timeout(read=7)
    assert arrived._env.retry.max_attempts == 9
    assert not arrived._env.validate
    assert arrived._env.clock.speed == 60
    assert arrived._driver.clock is arrived._env.clock
    assert travelled(client)._env.timeout.total == 3


def test_cells_are_made_anew(caller: Caller, seen: Seen) -> None:
    """What a client has counted, noted and looked up stays where it is."""
    client = caller.remote(region="us-west-2", endpoint_url=seen.url)
    client.get_run("1")
    sent = client.wrapped
    sent._env.unsettled.add("token")
    sent._env.quota.take(100)
    pickled = pickle.dumps(sent)
    arrived = pickle.loads(pickled)
    assert "token" not in arrived._env.unsettled
    assert arrived._env.quota.available == 500
    for secret in (SECRET, "AKIDENVIRONMENT", "token"):
        assert secret.encode() not in pickled
    assert caller.run(arrived.get_run, "1").id == "1"
    for one in (sent, arrived):
        caller.run(getattr(one, "aclose", None) or one.close)


def test_an_imported_function_gives_the_keys_there(seen: Seen) -> None:
    """A function goes by its name, and is asked in the other process."""
    with travelled(OmicsRunsClient("us-west-2", endpoint_url=seen.url, credentials=my_keys)) as it:
        assert it.get_run("1").id == "1"


@pytest.mark.parametrize("kind", BOTH)
@pytest.mark.parametrize(
    "given",
    [
        pytest.param(lambda: Credentials("AK", SECRET), id="Credentials"),
        pytest.param(lambda: ("AK", SECRET, None), id="tuple"),
        pytest.param(session, id="session"),
        pytest.param(Vault, id="key source"),
        pytest.param(Teller, id="callable object"),
        pytest.param(lambda: Teller().__call__, id="bound method"),
        pytest.param(lambda: lambda: Credentials("AK", SECRET), id="lambda"),
        pytest.param(lambda: partial(Credentials, "AK", SECRET), id="partial"),
    ],
)
def test_keys_do_not_travel(kind: Any, given: Callable[[], Any]) -> None:
    """A client that was given keys, or what may hold them, refuses, and says what to do instead."""
    client = kind("us-west-2", credentials=given())
    with pytest.raises(
        errors.ConfigurationError, match=r"profile, .* importable function"
    ) as caught:
        pickle.dumps(client)
    assert SECRET not in str(caught.value)
    with pytest.raises(errors.ConfigurationError, match="can't be pickled"):
        pickle.dumps(client.with_options(timeout=3))


@pytest.mark.parametrize("kind", BOTH)
@pytest.mark.parametrize(
    ("arguments", "way_out"),
    [
        pytest.param({"verify": ssl.create_default_context()}, "a file", id="an SSL context"),
        pytest.param({"proxy": "http://me:pw@proxy.test"}, "HTTPS_PROXY", id="a password"),
        pytest.param({"proxy": httpx.Proxy("http://p.test")}, "HTTPS_PROXY", id="a proxy object"),
    ],
)
def test_what_else_stays(kind: Any, arguments: dict[str, Any], way_out: str) -> None:
    """Whatever can't travel, or may hold a password, is named together with the way out."""
    with pytest.raises(errors.ConfigurationError, match=way_out):
        pickle.dumps(kind("us-west-2", **arguments))


def test_an_http_client_stays(caller: Caller) -> None:
    """Somebody else's connections are theirs alone."""
    http = caller.http(lambda _: httpx.Response(200))
    client = caller.remote(region="us-west-2", http_client=http)
    with pytest.raises(errors.ConfigurationError, match="http_client belongs to this process"):
        pickle.dumps(client.wrapped)


def heard(event: object) -> None:
    """Hear of an attempt, as a user's function does."""


@pytest.mark.parametrize("kind", BOTH)
def test_rates_hooks_and_tracing_travel(kind: Any) -> None:
    """The other process keeps the pace and the hooks; spans go to its own tracer provider."""
    client = kind(
        "us-west-2",
        rate_limits={"StartRun": 0.5},
        poll_rate=3,
        on_retry=heard,
        tracer_provider=trace.get_tracer_provider(),
    )
    arrived = travelled(client)._env
    assert arrived.hooks.on_retry is heard
    assert (arrived.pacer._limits["StartRun"].rate, arrived.pacer._polls.rate) == (0.5, 3)
    assert arrived.tracing.attributes == client._env.tracing.attributes
