"""Keys are in the signature and nowhere else: no text, no log, no error, no other host."""

from __future__ import annotations

import logging
import socket
import traceback
from collections.abc import Iterator
from typing import Any

import anyio
import pytest

from omics_runs import Credentials, GetRunRequest, RetryPolicy, errors
from omics_runs._credential_source import CredentialSource

from .conftest import OVER, Caller
from .servers import Seen, serving_raw, serving_runs

SECRET, TOKEN = "the-secret-of-these-tests", "the-token-of-these-tests"
HIDDEN = (SECRET, TOKEN, "AWS4-HMAC", "Signature=")
KEYS = Credentials("AKIDOFTHESETESTS", SECRET, TOKEN)


@pytest.fixture
def seen() -> Iterator[Seen]:
    """Serve runs on loopback."""
    with serving_runs() as seen:
        yield seen


@pytest.fixture(params=["given", "callable", "chain"])
def client(
    request: pytest.FixtureRequest,
    caller: Caller,
    seen: Seen,
    monkeypatch: pytest.MonkeyPatch,
    _no_aws_files: None,
) -> Iterator[Any]:
    """Give each test a client whose keys come from each kind of source."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEYS.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("AWS_SESSION_TOKEN", TOKEN)
    given = {"given": KEYS, "callable": lambda: KEYS, "chain": None}[request.param]
    client = caller.remote(region="us-west-2", endpoint_url=seen.url, credentials=given)
    client.get_run("1")
    yield client
    client.close()


def test_no_text_shows_a_secret(client: Any) -> None:
    """Neither a client nor anything that it is made of prints its keys."""
    wrapped = client.wrapped
    parts = [wrapped, wrapped._env, wrapped._driver, wrapped._driver.credentials, KEYS]
    parts += [wrapped._driver.pool, wrapped._driver.pool._recipe, GetRunRequest(id="1")]
    for part in parts:
        for text in (repr(part), str(part), f"{part}"):
            assert not [secret for secret in HIDDEN if secret in text]


def test_a_proxys_password_is_not_shown(caller: Caller) -> None:
    """Nor does it print the password of a proxy."""
    client = caller.remote(region="us-west-2", proxy=f"http://me:{SECRET}@proxy.test:3128")
    recipe = client.wrapped._driver.pool._recipe
    assert SECRET not in repr(recipe)
    assert SECRET not in repr(client.wrapped._driver)


def test_no_log_shows_a_secret(
    client: Any,
    caller: Caller,
    seen: Seen,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With every logger of every library at DEBUG, no record has a key, token or signature."""
    for name in ("", "omics_runs", "httpx", "httpcore", "botocore", "botocore.auth"):
        caplog.set_level(logging.DEBUG, logger=name)
    client.get_run("1")
    monkeypatch.setenv("AWS_CREDENTIAL_EXPIRATION", "2099-01-01T00:00:00Z")  # has botocore asked
    fresh = caller.remote(region="us-west-2", endpoint_url=seen.url)
    fresh.get_run("1")
    fresh.close()
    loggers = {record.name.partition(".")[0] for record in caplog.records}
    assert {"omics_runs", "botocore"} <= loggers
    assert "httpcore" in loggers or OVER == "aiohttp"  # which keeps no log of its calls
    assert not [secret for secret in HIDDEN if secret in caplog.text]


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(b"HTTP/1.1 403 No\r\ncontent-length: 0\r\n\r\n", id="refused"),
        pytest.param(b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n{", id="unreadable"),
        pytest.param(b"nonsense\r\n\r\n", id="no answer"),
    ],
)
def test_no_error_shows_a_secret(caller: Caller, answer: bytes) -> None:
    """Whatever an error prints, its causes and their chain included, is without keys."""

    def broken(connection: socket.socket, _: Seen) -> None:
        connection.sendall(answer)

    with serving_raw(broken) as seen:
        client = caller.remote(
            region="us-west-2",
            endpoint_url=seen.url,
            credentials=KEYS,
            retry=RetryPolicy(max_attempts=1),
        )
        with pytest.raises(errors.CallError) as caught:
            client.get_run("1")
        client.close()
    text = "".join(traceback.format_exception(caught.value)) + repr(caught.value)
    assert not [secret for secret in HIDDEN if secret in text]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed(caller: Caller, seen: Seen, status: int) -> None:
    """A signed request goes to the endpoint, and nowhere that the endpoint may name."""
    elsewhere = (
        f"HTTP/1.1 {status} There\r\nlocation: {seen.url}/run/1\r\ncontent-length: 0\r\n\r\n"
    )

    def redirect(connection: socket.socket, _: Seen) -> None:
        connection.sendall(elsewhere.encode())

    with serving_raw(redirect) as first:
        client = caller.remote(region="us-west-2", endpoint_url=first.url, credentials=KEYS)
        with pytest.raises(errors.ServiceError) as caught:
            client.get_run("1")
        client.close()
    assert caught.value.status_code == status
    assert (len(first.calls), seen.calls) == (1, [])


def test_a_source_prints_none() -> None:
    """A source of credentials that holds a callable's last answer does not print it."""
    source = CredentialSource(lambda: KEYS)
    assert anyio.run(source.afetch) == source.fetch()
    assert SECRET not in repr(source)


# --- what goes in clear -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "host",
    [
        pytest.param("omics.example.test", id="a name"),
        pytest.param("10.1.2.3:8787", id="an address"),
        pytest.param("[fd00::1]", id="an address of version 6"),
        pytest.param("localhost.example.test", id="nearly localhost"),
        pytest.param("notlocalhost", id="not quite localhost"),
    ],
)
def test_an_endpoint_without_encryption_warns_once(caller: Caller, host: str) -> None:
    """An http endpoint that is not on this machine warns at the line that builds the client."""
    with pytest.warns(UserWarning, match="not encrypted") as warned:
        caller.remote(region="us-west-2", endpoint_url=f"http://{host}")
    assert len(warned) == 1
    assert warned[0].filename.endswith("conftest.py")  # where `remote` is


@pytest.mark.parametrize(
    "url",
    [
        "https://omics.example.test",
        "http://localhost:8787",
        "http://omics.localhost",
        "http://localhost.",
        "http://127.0.0.1:8787",
        "http://127.9.9.9",
        "http://[::1]:8787",
    ],
)
def test_what_stays_on_the_machine_or_is_encrypted(caller: Caller, url: str) -> None:
    """HTTPS, and the machine's own addresses, are nothing to warn of."""
    assert caller.remote(region="us-west-2", endpoint_url=url)
