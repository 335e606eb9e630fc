"""The transport over aiohttp: where it is used, what it sends, and what its failures mean."""

from __future__ import annotations

import logging
import pickle
import socket
import ssl
import struct
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from threading import Thread
from types import SimpleNamespace
from typing import Any

import anyio
import httpx
import pytest

from omics_runs import AsyncOmicsRunsClient, RetryPolicy, Timeout, errors

from .servers import PATIENCE, Seen, Server, run_of, serving_raw, serving_runs

pytest.importorskip("aiohttp")

KEYS = ("AK", "SK", None)
ONCE = RetryPolicy(max_attempts=1)
NOBODY = "http://127.0.0.1:1"
CERTIFICATE = Path(__file__).parent / "localhost.pem"
HEAD = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n"

OURS, THEIRS = "Cannot connect to host", " failed [attempt"
"""How a refused connection is told: by aiohttp, and by httpx, of whose attempts all failed."""


@pytest.fixture
def transport() -> None:
    """Leave the choice to the arguments, in every run of this file."""


def built(url: str, **options: Any) -> AsyncOmicsRunsClient:
    """Return a client that sends through aiohttp, unless told otherwise."""
    given: dict[str, Any] = {"credentials": KEYS, "retry": ONCE, "transport": "aiohttp", **options}
    return AsyncOmicsRunsClient("us-west-2", endpoint_url=url, **given)


def failed(client: AsyncOmicsRunsClient, backend: str = "asyncio") -> errors.TransportError:
    """Return the error of a CancelRun that is not answered."""

    async def main() -> errors.TransportError:
        async with client:
            with pytest.raises(errors.TransportError) as caught:
                await client.cancel_run("1")
        return caught.value

    return anyio.run(main, backend=backend)


# --- where it is used ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "backend", "who", "told"),
    [
        pytest.param({}, "asyncio", OURS, [], id="asyncio"),
        pytest.param({}, "trio", THEIRS, ["trio"], id="trio"),
        pytest.param({"proxy": NOBODY}, "asyncio", THEIRS, ["a proxy"], id="behind a proxy"),
        pytest.param({"transport": "httpx"}, "asyncio", THEIRS, [], id="unless it is asked for"),
    ],
)
def test_where_aiohttp_sends(
    options: dict[str, Any],
    backend: str,
    who: str,
    told: list[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It sends on asyncio, where there is no proxy; else httpx does, and the log says why."""
    caplog.set_level(logging.INFO, "omics_runs")
    error = failed(built(NOBODY, **options), backend)
    assert who in str(error)
    notes = [one.getMessage() for one in caplog.records if "aiohttp" in one.getMessage()]
    assert notes == [
        f"transport='aiohttp' is not for {where}: httpx sends the requests" for where in told
    ]


def test_a_pickle_keeps_the_transport() -> None:
    """A client that was pickled sends through what its original was given."""
    client = built(NOBODY, credentials=None, sign=False)
    assert OURS in str(failed(pickle.loads(pickle.dumps(client))))


@pytest.mark.parametrize(
    ("found", "what"),
    [
        pytest.param(None, r"pip install 'omics-runs\[fast\]' \(import of", id="not installed"),
        pytest.param(SimpleNamespace(__version__="3.9"), "newer aiohttp than 3.9", id="too old"),
    ],
)
def test_an_aiohttp_that_is_of_no_use(
    found: object, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client that asks for what is not there is refused when it is built."""
    monkeypatch.setitem(sys.modules, "aiohttp", found)
    with pytest.raises(errors.ConfigurationError, match=what):
        built(NOBODY)


def test_an_unknown_transport_is_refused() -> None:
    """The error names those that there are."""
    with pytest.raises(errors.ConfigurationError, match="one of httpx, aiohttp, got 'curl'"):
        built(NOBODY, transport="curl")


def test_an_http_client_brings_its_own_transport() -> None:
    """`transport` together with an HTTP client is contradictory."""
    with pytest.raises(errors.ConfigurationError, match="http_client and transport exclude"):
        built(NOBODY, http_client=httpx.AsyncClient())


# --- what it sends ------------------------------------------------------------------------------


@contextmanager
def recording() -> Iterator[tuple[str, list[dict[str, str]]]]:
    """Answer all calls, and keep their first lines and headers."""
    kept: list[dict[str, str]] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            headers = {"content-length": "0"}  # which aiohttp sends, and httpx leaves out
            headers |= {name.lower(): value for name, value in self.headers.items()}
            kept.append({"line": f"{self.command} {self.path}", **headers})
            self.rfile.read(int(headers["content-length"]))
            self.send_response(200)
            self.send_header("set-cookie", "a=b")
            self.send_header("content-length", "11")
            self.end_headers()
            self.wfile.write(b'{"tags":{}}')

        do_POST = do_DELETE = do_GET  # noqa: N815  (http.server's names)

        def log_message(self, *args: object) -> None:
            """Be quiet."""

    with closing(Server(("127.0.0.1", 0), Handler)) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", kept
        server.shutdown()
        thread.join()


def test_both_transports_send_the_same() -> None:
    """Paths, queries and headers go out as they were signed; cookies and other headers don't."""
    arn = "arn:aws:omics:us-west-2:123456789012:run/1234567"

    async def main(url: str, transport: str) -> None:
        async with built(url, transport=transport, on_request=None) as client:
            await client.list_tags_for_resource(arn)
            await client.tag_resource(arn, tags={"a": "ü"})
            await client.untag_resource(arn, tag_keys=["a b", "c/d+e", "~:é"])
            await client.cancel_run("1")

    with recording() as (url, kept):
        for transport in ("httpx", "aiohttp"):
            anyio.run(main, url, transport)
    varying = ("authorization", "x-amz-date", "user-agent", "amz-sdk-invocation-id")
    same = [{k: v for k, v in one.items() if k not in varying} for one in kept]
    assert same[:4] == same[4:]
    assert [one.keys() for one in kept[:4]] == [one.keys() for one in kept[4:]]
    assert [one["user-agent"] for one in kept[:4]] == [one["user-agent"] for one in kept[4:]]
    assert "%3Aaws%3A" in kept[4]["line"]
    assert "cookie" not in kept[5]


def test_certificates() -> None:
    """`verify=` counts as ever."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(CERTIFICATE)

    async def main(url: str) -> None:
        async with built(url, verify=CERTIFICATE) as client:
            assert (await client.get_run("1")).id == "1"

    with serving_runs(tls) as seen:
        anyio.run(main, seen.url)
        error = failed(built(seen.url))
    assert "CERTIFICATE_VERIFY_FAILED" in str(error)
    assert not error.may_have_taken_effect


# --- what its failures mean ---------------------------------------------------------------------


def reset(connection: socket.socket, _: Seen) -> None:
    """End a connection the hard way."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def silence(connection: socket.socket, _: Seen) -> None:
    """Wait until the client has had enough."""
    while connection.recv(1000):
        continue


def sending(data: bytes) -> Callable[[socket.socket, Seen], None]:
    """Return what sends so much, and ends the connection the gentle way."""

    def answer(connection: socket.socket, _: Seen) -> None:
        connection.sendall(data)

    return answer


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        pytest.param(reset, httpx.ReadError, id="reset"),
        pytest.param(sending(b""), httpx.RemoteProtocolError, id="closed"),
        pytest.param(sending(b"oh\r\n\r\n"), httpx.RemoteProtocolError, id="not HTTP"),
        pytest.param(sending(HEAD[:9]), httpx.RemoteProtocolError, id="cut headers"),
        pytest.param(sending(HEAD % 9), httpx.RemoteProtocolError, id="cut body"),
        pytest.param(silence, httpx.ReadTimeout, id="no answer"),
    ],
)
def test_what_may_have_taken_effect(
    answer: Callable[[socket.socket, Seen], None], kind: type[Exception]
) -> None:
    """Once a request has left us, whatever happens leaves open whether it took effect."""
    with serving_raw(answer) as seen:
        error = failed(built(seen.url, timeout=Timeout(connect=PATIENCE, read=0.2)))
    assert seen.paths == ["/run/1/cancel"]
    assert error.may_have_taken_effect
    assert error.is_passing
    assert type(error.__cause__) is kind
    assert isinstance(error, TimeoutError) is (kind is httpx.ReadTimeout)


def test_what_was_never_sent() -> None:
    """Without a connection, TLS included, nothing can have taken effect."""
    with socket.create_server(("127.0.0.1", 0)) as listener:  # which never says a word
        url = f"https://127.0.0.1:{listener.getsockname()[1]}"
        late = failed(built(url, timeout=Timeout(connect=0.1)))
    refused = failed(built(NOBODY))
    assert [type(error.__cause__) for error in (late, refused)] == [
        httpx.ConnectTimeout,
        httpx.ConnectError,
    ]
    assert not late.may_have_taken_effect
    assert not refused.may_have_taken_effect


def test_nothing_is_sent_twice() -> None:
    """A call on a kept connection that is lost counts as one attempt, and no other is made."""

    def once(connection: socket.socket, seen: Seen) -> None:
        body = run_of("/run/1")
        connection.sendall(HEAD % len(body) + body)
        seen.note(0, connection.recv(1000).split()[1].decode())
        reset(connection, seen)

    async def main(url: str) -> None:
        async with built(url) as client:
            await client.get_run("1")
            with pytest.raises(errors.TransportError):
                await client.get_run("2")

    with serving_raw(once) as seen:
        anyio.run(main, seen.url)
        assert seen.paths == ["/run/1", "/run/2"]


def test_a_call_that_is_cancelled() -> None:
    """Its connection is closed at once, and the next call has another."""

    def slow(connection: socket.socket, seen: Seen) -> None:
        if seen.paths == ["/run/1"]:
            silence(connection, seen)
        else:
            sending(HEAD % len(run_of("/2")) + run_of("/2"))(connection, seen)

    async def main(seen: Seen) -> None:
        async with built(seen.url) as client:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(client.get_run, "1")
                await anyio.to_thread.run_sync(partial(seen.called, "/run/1"))
                tasks.cancel_scope.cancel()
            assert await anyio.to_thread.run_sync(seen.none_is_open)

    with serving_raw(slow) as seen:
        anyio.run(main, seen)
