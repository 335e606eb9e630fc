"""Credentials: every way to give them, in both colors, from many threads and tasks."""

from __future__ import annotations

import copy
import importlib
import logging
import pickle
import subprocess
import sys
import threading
from collections.abc import Awaitable, Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Protocol

import anyio
import attrs
import pytest
from anyio import to_thread

from omics_runs._credentials import Credentials, CredentialSource
from omics_runs._errors import ConfigurationError

KEYS = Credentials("AKIDEXAMPLE", "example-secret", "example-token")
OTHER = Credentials("AKIDOTHER", "other-secret")
THREADS = 32

CONFIG = """\
[profile lab]
aws_access_key_id = AKIDLAB
aws_secret_access_key = lab-secret

[profile other]
aws_access_key_id = AKIDPROFILE
aws_secret_access_key = other-secret
"""


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Leave nothing of the developer's own AWS settings, and keep off the network."""
    for name in list(_environ()):
        if name.startswith("AWS_"):
            monkeypatch.delenv(name)
    (tmp_path / "config").write_text(CONFIG)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


def _environ() -> Any:
    return importlib.import_module("os").environ


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Return the config file."""
    return tmp_path / "config"


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    """Run each async test on both event loops."""
    return str(request.param)


class Fetch(Protocol):
    """Fetches in one of the colors."""

    def __call__(self, source: CredentialSource, *, refresh: bool = False) -> Credentials:
        """Return what the source gives."""
        ...


@pytest.fixture(params=["sync", "asyncio", "trio"])
def fetch(request: pytest.FixtureRequest) -> Fetch:
    """Return a function that fetches, blocking or on an event loop of its own."""

    def call(source: CredentialSource, *, refresh: bool = False) -> Credentials:
        if request.param == "sync":
            return source.fetch(refresh=refresh)
        return anyio.run(partial(source.afetch, refresh=refresh), backend=request.param)

    return call


def botocore(module: str) -> Any:
    """Import a module of botocore, which comes without types."""
    return importlib.import_module(f"botocore.{module}")


def boto3_session(**arguments: Any) -> Any:
    """Return a real boto3 session."""
    return importlib.import_module("boto3").Session(**arguments)


def botocore_session() -> Any:
    """Return a real botocore session that has the example keys."""
    session = botocore("session").Session()
    session.set_credentials(KEYS.access_key, KEYS.secret_key, KEYS.session_token)
    return session


def frozen_keys(keys: Credentials = KEYS) -> Any:
    """Return the keys as botocore freezes them."""
    return botocore("credentials").ReadOnlyCredentials(
        keys.access_key, keys.secret_key, keys.session_token
    )


def refreshable(refresh_using: Callable[[], dict[str, str]]) -> Any:
    """Return botocore's refreshable credentials that are valid for long."""
    return botocore("credentials").RefreshableCredentials.create_from_metadata(
        metadata(KEYS), refresh_using, "test"
    )


def metadata(keys: Credentials) -> dict[str, str]:
    """Return keys as botocore's refreshers do."""
    return {
        "access_key": keys.access_key,
        "secret_key": keys.secret_key,
        "token": keys.session_token or "",
        "expiry_time": "2099-01-01T00:00:00Z",
    }


# --- Credentials --------------------------------------------------------------------------------


def test_keys_by_position_and_name() -> None:
    """Keys can be given in order; token and end are optional."""
    assert Credentials("AKID", "secret") == Credentials(access_key="AKID", secret_key="secret")
    assert Credentials("AKID", "secret").session_token is None
    assert Credentials("AKID", "secret", "").session_token is None


def test_repr_shows_nothing_secret() -> None:
    """What is printed is the end of the access key, whether there is a token, and the end date."""
    until = datetime(2030, 1, 2, tzinfo=UTC)
    text = repr(attrs.evolve(KEYS, expires_at=until))
    assert "MPLE" in text
    assert "2030-01-02T00:00:00+00:00" in text
    for hidden in ("AKIDEX", KEYS.secret_key, "example-token"):
        assert hidden not in text
    assert repr(OTHER) == str(OTHER) == "Credentials(access_key='…THER', secret_key=…)"


def test_keys_pickle_and_copy() -> None:
    """Keys survive a pickle and a copy whole."""
    keys = attrs.evolve(KEYS, expires_at=datetime(2030, 1, 2, tzinfo=UTC))
    assert pickle.loads(pickle.dumps(keys)) == copy.deepcopy(keys) == keys


def test_keys_are_frozen() -> None:
    """Keys can't be changed in place."""
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        KEYS.access_key = "AKIDNEW"  # type: ignore[misc]


NOON = datetime(2030, 1, 2, 12)  # noqa: DTZ001


@pytest.mark.parametrize(
    ("parts", "what"),
    [
        pytest.param(("AKID", ""), "secret_key is empty", id="no-secret"),
        pytest.param(("", "secret"), "access_key is empty", id="no-access-key"),
        pytest.param(("AKID", None), "secret_key is empty", id="none"),
        pytest.param((7, "secret"), "access_key must be a string, not int", id="number"),
        pytest.param(("AKID", b"hush"), "secret_key must be a string, not bytes", id="bytes"),
        pytest.param(("AKID", "hush", 7), "session_token must be a string", id="token-number"),
        pytest.param(("AKID", "hush\n"), "secret_key has white space", id="newline"),
        pytest.param(("AKID", "hush", "to ken"), "session_token has white space", id="space"),
        pytest.param(("AKÏD", "hush"), "access_key has white space or other", id="not-ascii"),
        pytest.param(("AKID", "hush", None, NOON), "timezone-aware", id="naive-end"),
        pytest.param(("AKID", "hush", None, "noon"), "timezone-aware", id="text-as-end"),
    ],
)
def test_malformed_keys_are_refused_at_once(parts: Any, what: str) -> None:
    """Keys that can't be right are refused when they are made, without showing the secret."""
    with pytest.raises(ConfigurationError, match=what) as caught:
        Credentials(*parts)
    assert "hush" not in str(caught.value)


# --- what can be given --------------------------------------------------------------------------


@attrs.frozen
class KeySource:
    """An object of the caller's own with `get_frozen_credentials`."""

    keys: Any = attrs.field(factory=frozen_keys)

    def get_frozen_credentials(self) -> Any:
        """Return the keys."""
        return self.keys


async def async_callable() -> Credentials:
    """Return the example keys, asynchronously."""
    await anyio.lowlevel.checkpoint()
    return KEYS


class AsyncCallable:
    """An object that is called asynchronously."""

    async def __call__(self) -> Credentials:
        """Return the example keys."""
        return await async_callable()


GIVEN = [
    pytest.param(lambda: KEYS, id="credentials"),
    pytest.param(lambda: ("AKIDEXAMPLE", "example-secret", "example-token"), id="tuple"),
    pytest.param(frozen_keys, id="frozen"),
    pytest.param(KeySource, id="key-source"),
    pytest.param(lambda: KeySource(KEYS), id="key-source-of-our-own"),
    pytest.param(
        lambda: botocore("credentials").Credentials(
            KEYS.access_key, KEYS.secret_key, KEYS.session_token
        ),
        id="botocore-credentials",
    ),
    pytest.param(lambda: refreshable(lambda: metadata(OTHER)), id="botocore-refreshable"),
    pytest.param(botocore_session, id="botocore-session"),
    pytest.param(
        lambda: boto3_session(
            aws_access_key_id=KEYS.access_key,
            aws_secret_access_key=KEYS.secret_key,
            aws_session_token=KEYS.session_token,
        ),
        id="boto3-session",
    ),
]


@pytest.mark.parametrize("given", GIVEN)
def test_every_form_of_keys(given: Callable[[], Any], fetch: Fetch) -> None:
    """Whatever form keys have, the same ones come out, time after time."""
    source = CredentialSource(given())
    assert fetch(source) == KEYS
    assert fetch(source) == KEYS


@pytest.mark.parametrize("given", GIVEN)
def test_every_form_of_keys_from_a_callable(given: Callable[[], Any], fetch: Fetch) -> None:
    """A callable may return any of these forms."""
    assert fetch(CredentialSource(partial(given))) == KEYS


@pytest.mark.anyio
@pytest.mark.parametrize("given", GIVEN)
async def test_every_form_of_keys_from_an_async_callable(given: Callable[[], Any]) -> None:
    """So may an async callable."""

    async def get() -> Any:
        await anyio.lowlevel.checkpoint()
        return given()

    assert await CredentialSource(get).afetch() == KEYS


@pytest.mark.parametrize("given", [one for one in GIVEN if one.id != "botocore-refreshable"])
def test_refresh_of_fixed_keys_gives_them_again(given: Callable[[], Any], fetch: Fetch) -> None:
    """Where there is nothing to renew, a forced refresh is no error."""
    assert fetch(CredentialSource(given()), refresh=True) == KEYS


@pytest.mark.parametrize(
    ("given", "what"),
    [
        pytest.param(7, "credentials= gave int, not", id="number"),
        pytest.param("AKID", "credentials= gave str, not", id="text"),
        pytest.param({"access_key": "AKID"}, "credentials= gave dict, not", id="dict"),
        pytest.param(("AKID", "hush"), "gave a tuple of 2, not", id="pair"),
        pytest.param(("AKID", "", None), "secret_key is empty", id="half"),
    ],
)
def test_what_gives_no_keys_is_refused_at_once(given: Any, what: str) -> None:
    """What can't give credentials is refused at construction, by its type alone."""
    with pytest.raises(ConfigurationError, match=what) as caught:
        CredentialSource(given)
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize(
    ("answer", "what"),
    [
        pytest.param(None, "the credentials callable gave NoneType", id="none"),
        pytest.param(["AKID", "hush"], "the credentials callable gave list", id="list"),
        pytest.param(lambda: KEYS, "the credentials callable gave function", id="callable"),
        pytest.param(("AKID", "hush"), "gave a tuple of 2", id="pair"),
        pytest.param(KeySource(7), "KeySource gave int, not", id="odd-key-source"),
    ],
)
def test_what_a_callable_returns_is_checked(answer: Any, what: str, fetch: Fetch) -> None:
    """A callable that returns something else is told what it gave, and nothing secret."""
    with pytest.raises(ConfigurationError, match=what) as caught:
        fetch(CredentialSource(lambda: answer))
    assert "hush" not in str(caught.value)


def test_own_exception_of_a_callable_passes(fetch: Fetch) -> None:
    """What a callable raises reaches the caller as it is."""
    error = LookupError("vault is sealed")

    def get() -> Credentials:
        raise error

    with pytest.raises(LookupError) as caught:
        fetch(CredentialSource(get))
    assert caught.value is error


def test_failure_of_a_key_source_is_wrapped(fetch: Fetch) -> None:
    """What goes wrong inside an object of botocore's kind has one type, and its cause."""

    def fail() -> dict[str, str]:
        msg = "no route"
        raise OSError(msg)

    source = CredentialSource(refreshable(fail))
    assert fetch(source) == KEYS
    with pytest.raises(ConfigurationError, match="could not be had: OSError: no route") as caught:
        fetch(source, refresh=True)
    assert isinstance(caught.value.__cause__, OSError)


# --- callables ----------------------------------------------------------------------------------


@attrs.define
class Vault:
    """A callable that counts how often it is asked, and gives new keys each time."""

    lifetime: timedelta | None = None
    asked: int = 0
    now: datetime = datetime(2030, 1, 1, tzinfo=UTC)

    def __call__(self) -> Credentials:
        """Return keys that carry the number of the call."""
        self.asked += 1
        end = self.now + self.lifetime if self.lifetime else None
        return Credentials(f"AKID{self.asked}", "secret", None, end)


def asking(vault: Vault, *, is_async: bool) -> CredentialSource:
    """Return a source that asks the vault, in the one way or the other."""

    async def ask() -> Credentials:
        await anyio.lowlevel.checkpoint()
        return vault()

    return CredentialSource(ask if is_async else vault, now=lambda: vault.now)


def test_callable_without_end_is_asked_each_time(fetch: Fetch) -> None:
    """Keys that don't say how long they last are asked for before each call."""
    source = asking(Vault(), is_async=False)
    assert [fetch(source).access_key for _ in range(3)] == ["AKID1", "AKID2", "AKID3"]


def test_callable_with_end_is_asked_shortly_before_it(fetch: Fetch) -> None:
    """Keys with an end are kept until ten minutes before it."""
    vault = Vault(lifetime=timedelta(hours=1))
    source = asking(vault, is_async=False)
    start = vault.now
    assert [fetch(source).access_key, fetch(source).access_key] == ["AKID1", "AKID1"]
    vault.now = start + timedelta(minutes=49, seconds=59)
    assert fetch(source).access_key == "AKID1"
    vault.now = start + timedelta(minutes=50)
    assert fetch(source).access_key == "AKID2"


def test_refresh_asks_the_callable_again(fetch: Fetch) -> None:
    """A forced refresh does not take the kept keys, and its answer is kept in their place."""
    source = asking(Vault(lifetime=timedelta(hours=1)), is_async=False)
    assert fetch(source).access_key == "AKID1"
    assert fetch(source, refresh=True).access_key == "AKID2"
    assert fetch(source).access_key == "AKID2"


@pytest.mark.anyio
async def test_async_callable_is_kept_and_refreshed_alike() -> None:
    """An async callable's keys are kept and renewed in the same way."""
    source = asking(Vault(lifetime=timedelta(hours=1)), is_async=True)
    assert (await source.afetch()).access_key == "AKID1"
    assert (await source.afetch()).access_key == "AKID1"
    assert (await source.afetch(refresh=True)).access_key == "AKID2"


def test_real_clock_is_the_default(fetch: Fetch) -> None:
    """Without a clock of the test's own, the end is judged by the time of day."""
    vault = Vault(lifetime=timedelta(hours=1), now=datetime.now(UTC))
    source = CredentialSource(vault)
    assert fetch(source) == fetch(source)
    assert vault.asked == 1


def plain_function_of(call: Callable[[], Awaitable[Any]]) -> Callable[[], Any]:
    """Wrap an async function so that only its answer shows what it is."""
    return lambda: call()  # noqa: PLW0108 - a lambda is the point


@attrs.frozen
class Ready:
    """An awaitable that is no coroutine."""

    def __await__(self) -> Generator[Any, None, Credentials]:
        """Be done at once."""
        yield from ()
        return KEYS


ASYNC_CALLABLES = [
    pytest.param(async_callable, id="function"),
    pytest.param(AsyncCallable(), id="object"),
    pytest.param(partial(async_callable), id="partial"),
    pytest.param(plain_function_of(async_callable), id="lambda"),
    pytest.param(Ready, id="awaitable"),
]


@pytest.mark.anyio
@pytest.mark.parametrize("given", ASYNC_CALLABLES)
async def test_async_callables(given: Any) -> None:
    """Every form of async callable is awaited."""
    assert await CredentialSource(given).afetch() == KEYS


@pytest.mark.parametrize("given", ASYNC_CALLABLES)
def test_async_callable_needs_the_async_client(given: Any) -> None:
    """The sync client says so when it is given an async callable."""
    with pytest.raises(ConfigurationError, match="asynchronous: only AsyncOmicsRunsClient"):
        CredentialSource(given).fetch()


@attrs.frozen
class AsyncKeySource:
    """Credentials and session of an asynchronous SDK."""

    async def get_frozen_credentials(self) -> Any:
        """Return keys, but not at once."""
        return frozen_keys()


@attrs.frozen
class AsyncSession:
    """A session of an asynchronous SDK."""

    async def get_credentials(self) -> Any:
        """Return credentials, but not at once."""
        return KeySource()


@attrs.frozen
class AwaitableSession:
    """A session whose answer is awaitable, but no coroutine."""

    def get_credentials(self) -> Any:
        """Return something to wait for."""
        return Ready()


@pytest.mark.parametrize(
    "given",
    [
        pytest.param(AsyncKeySource(), id="credentials"),
        pytest.param(AsyncSession(), id="session"),
        pytest.param(AwaitableSession(), id="awaitable"),
    ],
)
def test_asynchronous_objects_are_refused(given: Any, fetch: Fetch) -> None:
    """Objects of an asynchronous SDK are refused with the way that works."""
    with pytest.raises(ConfigurationError, match="is asynchronous: give an async callable"):
        fetch(CredentialSource(given))


# --- botocore's chain ---------------------------------------------------------------------------


@pytest.fixture
def process(config: Path, tmp_path: Path) -> Path:
    """Make the default profile run a script for its keys; return the log of its runs."""
    log, script = tmp_path / "runs", tmp_path / "vault.py"
    script.write_text(
        "import json, sys\n"
        f"with open({str(log)!r}, 'a+') as log:\n"
        "    log.write('x'); log.flush(); log.seek(0); run = len(log.read())\n"
        "keys = {'AccessKeyId': f'AKIDRUN{run}', 'SecretAccessKey': 'process-secret',\n"
        "        'SessionToken': 'process-token', 'Expiration': '2099-01-01T00:00:00Z'}\n"
        "print(json.dumps({'Version': 1, **keys}))\n"
    )
    config.write_text(f'[default]\ncredential_process = "{sys.executable}" "{script}"\n')
    return log


def test_chain_reads_the_environment(monkeypatch: pytest.MonkeyPatch, fetch: Fetch) -> None:
    """Keys in the environment are found."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEYS.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", KEYS.secret_key)
    monkeypatch.setenv("AWS_SESSION_TOKEN", KEYS.session_token or "")
    source = CredentialSource()
    assert fetch(source) == KEYS
    assert fetch(source) == KEYS


def test_chain_refresh_looks_anew(monkeypatch: pytest.MonkeyPatch, fetch: Fetch) -> None:
    """A forced refresh reads the environment again; without one, the first answer stays."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEYS.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", KEYS.secret_key)
    source = CredentialSource()
    assert fetch(source).access_key == KEYS.access_key
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", OTHER.access_key)
    assert fetch(source).access_key == KEYS.access_key
    assert fetch(source, refresh=True).access_key == OTHER.access_key
    assert fetch(source).access_key == OTHER.access_key


@pytest.mark.parametrize(
    ("profile", "variables", "found"),
    [
        pytest.param("lab", {}, "AKIDLAB", id="argument"),
        pytest.param(None, {"AWS_PROFILE": "lab"}, "AKIDLAB", id="environment"),
        pytest.param(
            None,
            {"AWS_PROFILE": "lab", "AWS_DEFAULT_PROFILE": "other"},
            "AKIDLAB",
            id="AWS_PROFILE-before-AWS_DEFAULT_PROFILE",
        ),
        pytest.param(
            "lab",
            {"AWS_ACCESS_KEY_ID": "AKIDENV", "AWS_SECRET_ACCESS_KEY": "env-secret"},
            "AKIDLAB",
            id="argument-before-keys-in-the-environment",
        ),
        pytest.param(
            None,
            {
                "AWS_PROFILE": "lab",
                "AWS_ACCESS_KEY_ID": "AKIDENV",
                "AWS_SECRET_ACCESS_KEY": "env-secret",
            },
            "AKIDENV",
            id="keys-in-the-environment-before-AWS_PROFILE",
        ),
    ],
)
def test_chain_reads_profiles(
    monkeypatch: pytest.MonkeyPatch,
    profile: str | None,
    variables: dict[str, str],
    found: str,
    fetch: Fetch,
) -> None:
    """Keys of a profile are found, in the order that AWS tools have."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert fetch(CredentialSource(profile=profile)).access_key == found


def test_chain_runs_a_process(process: Path, fetch: Fetch) -> None:
    """A credential process is run once, and again for a forced refresh."""
    source = CredentialSource()
    assert fetch(source) == Credentials("AKIDRUN1", "process-secret", "process-token")
    assert fetch(source).access_key == "AKIDRUN1"
    assert fetch(source, refresh=True).access_key == "AKIDRUN2"
    assert process.read_text() == "xx"


@pytest.mark.parametrize(
    ("profile", "named"),
    [
        pytest.param(None, "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY", id="anywhere"),
        pytest.param("empty", "profile 'empty'", id="profile"),
    ],
)
def test_nothing_found(config: Path, profile: str | None, named: str, fetch: Fetch) -> None:
    """Without credentials the error names what was looked for, and each way out."""
    config.write_text("[profile empty]\nregion = us-west-2\n")
    with pytest.raises(ConfigurationError, match="no AWS credentials found") as caught:
        fetch(CredentialSource(profile=profile))
    for part in (named, "EC2", "credentials=Credentials(", "sign=False"):
        assert part in str(caught.value)


def test_session_without_credentials(fetch: Fetch) -> None:
    """A session that has none is named as the culprit."""
    with pytest.raises(ConfigurationError, match="session given as credentials has none"):
        fetch(CredentialSource(boto3_session()))


@pytest.mark.parametrize(
    ("text", "variables", "cause"),
    [
        pytest.param("", {"AWS_ACCESS_KEY_ID": "AKID"}, "PartialCredentialsError", id="half"),
        pytest.param("", {"AWS_PROFILE": "absent"}, "ProfileNotFound", id="no-profile"),
        pytest.param("x", {}, "ConfigParseError", id="malformed"),
        pytest.param(
            "[default]\ncredential_process = false\n", {}, "CredentialRetrievalError", id="process"
        ),
        pytest.param(
            "[default]\ncredential_process = /no/such/program\n", {}, "FileNotFoundError", id="gone"
        ),
        pytest.param(
            "[default]\nsso_session = s\nsso_account_id = 1\nsso_role_name = r\n"
            "[sso-session s]\nsso_region = us-west-2\nsso_start_url = https://sso.example\n",
            {"HOME": "/no/such/home"},
            "SSOTokenLoadError|UnauthorizedSSOTokenError|TokenRetrievalError",
            id="sso",
        ),
    ],
)
def test_failures_of_the_chain(
    monkeypatch: pytest.MonkeyPatch,
    config: Path,
    text: str,
    variables: dict[str, str],
    cause: str,
    fetch: Fetch,
) -> None:
    """Every failure of botocore's look-up has one type, names the reason, and keeps the cause."""
    config.write_text(text)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ConfigurationError, match=f"could not be had: ({cause})") as caught:
        fetch(CredentialSource())
    assert type(caught.value.__cause__).__name__ in cause


class Sts(BaseHTTPRequestHandler):
    """Gives out a role's keys, and remembers how it was asked."""

    seen: list[str]

    def do_POST(self) -> None:
        """Answer AssumeRole."""
        self.seen.append(self.headers["Authorization"])
        self.rfile.read(int(self.headers["Content-Length"]))
        keys = (
            f"<AccessKeyId>AKIDROLE{len(self.seen)}</AccessKeyId><SecretAccessKey>s</SecretAccessKey>"
            "<SessionToken>t</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration>"
        )
        body = (
            '<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">'
            f"<AssumeRoleResult><Credentials>{keys}</Credentials></AssumeRoleResult>"
            "</AssumeRoleResponse>"
        ).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Print nothing."""


@pytest.fixture
def sts(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Serve STS on loopback; return the Authorization headers it sees."""

    class Handler(Sts):
        seen: list[str] = []  # noqa: RUF012 - one list for each server

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", f"http://127.0.0.1:{server.server_port}")
    yield Handler.seen
    server.shutdown()
    thread.join()
    server.server_close()


def test_chain_assumes_a_role_in_the_clients_region(
    config: Path, sts: list[str], fetch: Fetch
) -> None:
    """A role is assumed in the region of the client, which no file need name."""
    role = "[profile role]\nrole_arn = arn:aws:iam::123456789012:role/r\nsource_profile = lab\n"
    config.write_text(CONFIG + role)
    source = CredentialSource(profile="role", region="eu-west-2")
    assert fetch(source) == Credentials("AKIDROLE1", "s", "t")
    assert fetch(source, refresh=True).access_key == "AKIDROLE2"
    assert all("/eu-west-2/sts/" in one for one in sts)


# --- refreshable credentials --------------------------------------------------------------------


def test_refresh_of_botocores_refreshable_credentials(fetch: Fetch) -> None:
    """A forced refresh renews botocore's own refreshable credentials although they are valid."""
    source = CredentialSource(refreshable(lambda: metadata(OTHER)))
    assert fetch(source) == KEYS
    assert fetch(source, refresh=True) == OTHER
    assert fetch(source) == OTHER


@attrs.define
class Expiring:
    """An object of botocore's kind that notes on which thread it is asked."""

    needs_refresh: bool
    threads: set[int] = attrs.field(factory=set[int])

    def refresh_needed(self, refresh_in: int | None = None) -> bool:
        """Tell whether the keys are about to expire."""
        del refresh_in
        return self.needs_refresh

    def get_frozen_credentials(self) -> Any:
        """Return the keys."""
        self.threads.add(threading.get_ident())
        return frozen_keys()


@pytest.mark.anyio
async def test_about_to_expire_is_asked_in_a_thread() -> None:
    """Where a refresh may be needed, the event loop is kept free of it; where not, it is asked."""
    given = Expiring(needs_refresh=True)
    source = CredentialSource(given)
    assert await source.afetch() == KEYS
    assert await source.afetch() == KEYS
    assert threading.get_ident() not in given.threads
    given.needs_refresh = False
    assert await source.afetch() == KEYS
    assert threading.get_ident() in given.threads


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("given", "is_inline"),
    [
        pytest.param(lambda: KEYS, True, id="credentials"),
        pytest.param(lambda: ("AKIDEXAMPLE", "example-secret", "example-token"), True, id="tuple"),
        pytest.param(botocore_session, True, id="botocore-plain"),
        pytest.param(lambda: refreshable(lambda: metadata(OTHER)), True, id="botocore-fresh"),
        pytest.param(KeySource, False, id="stranger"),
    ],
)
async def test_what_cannot_block_needs_no_thread(given: Callable[[], Any], is_inline: bool) -> None:
    """Keys at hand are returned without waiting for anything: even a cancelled task gets them."""
    source = CredentialSource(given())
    assert await source.afetch() == KEYS
    answers: list[Credentials] = []
    with anyio.CancelScope() as scope:
        scope.cancel()
        answers.append(await source.afetch())
    assert answers == ([KEYS] if is_inline else [])


# --- many at once -------------------------------------------------------------------------------


class CountingLock:
    """A lock that tells how many have come to it, before they have it."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.arrived = threading.Semaphore(0)

    def __enter__(self) -> None:
        """Count one more, then wait for the lock."""
        self.arrived.release()
        self.lock.acquire()

    def __exit__(self, *error: object) -> None:
        """Give the lock back."""
        self.lock.release()


def fetched_by_threads(source: CredentialSource, *, refresh: bool = False) -> list[Credentials]:
    """Let many threads fetch, all of which have come to the lock before one of them gets it."""
    lock = CountingLock()
    vars(source)["_provider"].lock = lock
    with ThreadPoolExecutor(THREADS) as pool:
        with lock.lock:
            answers = [pool.submit(source.fetch, refresh=refresh) for _ in range(THREADS)]
            for _ in range(THREADS):
                lock.arrived.acquire()
        return [answer.result() for answer in answers]


def test_threads_share_one_look_up(process: Path) -> None:
    """Threads that need the chain at once look it up once, and once more to refresh it."""
    source = CredentialSource()
    assert {keys.access_key for keys in fetched_by_threads(source)} == {"AKIDRUN1"}
    assert {keys.access_key for keys in fetched_by_threads(source, refresh=True)} == {"AKIDRUN2"}
    assert process.read_text() == "xx"


def test_threads_share_one_answer_of_a_callable() -> None:
    """Threads that ask a callable at once share its answer; a refresh makes one more call."""
    vault = Vault(lifetime=timedelta(hours=1))
    source = asking(vault, is_async=False)
    assert {keys.access_key for keys in fetched_by_threads(source)} == {"AKID1"}
    assert {keys.access_key for keys in fetched_by_threads(source, refresh=True)} == {"AKID2"}


def test_threads_without_ceremony(process: Path) -> None:
    """Many threads that fetch again and again all get the keys of the one run."""
    source = CredentialSource()
    barrier = threading.Barrier(THREADS)

    def work(_: int) -> set[str]:
        barrier.wait()
        return {source.fetch().access_key for _ in range(20)}

    with ThreadPoolExecutor(THREADS) as pool:
        assert set().union(*pool.map(work, range(THREADS))) == {"AKIDRUN1"}
    assert process.read_text() == "x"


@attrs.define
class SlowVault:
    """An async callable that answers when it is let."""

    asked: int = 0
    error: Exception | None = None
    release: anyio.Event = attrs.field(factory=anyio.Event)

    async def __call__(self) -> Credentials:
        """Wait to be let, then answer."""
        self.asked += 1
        number = self.asked
        await self.release.wait()
        if self.error:
            raise self.error
        return Credentials(f"AKID{number}", "secret")


@attrs.define
class Crowd:
    """Tasks that fetch from one source, and what came of it."""

    source: CredentialSource
    answers: list[str] = attrs.field(factory=list[str])
    errors: list[Exception] = attrs.field(factory=list[Exception])

    async def fetch(self, *, refresh: bool = False) -> None:
        """Fetch once and note the outcome."""
        try:
            self.answers.append((await self.source.afetch(refresh=refresh)).access_key)
        except LookupError as error:
            self.errors.append(error)


@pytest.mark.anyio
async def test_tasks_share_one_call() -> None:
    """Tasks that want keys at once make one call; those that come later make another."""
    vault = SlowVault()
    crowd = Crowd(CredentialSource(vault))
    async with anyio.create_task_group() as tasks:
        for _ in range(10):
            tasks.start_soon(crowd.fetch)
        await anyio.wait_all_tasks_blocked()
        vault.release.set()
    assert crowd.answers == ["AKID1"] * 10
    await crowd.fetch()
    assert crowd.answers[-1] == "AKID2"


@pytest.mark.anyio
async def test_tasks_share_one_failure() -> None:
    """When the one call fails, all who waited for it get its very error."""
    vault = SlowVault(error=LookupError("sealed"))
    crowd = Crowd(CredentialSource(vault))
    async with anyio.create_task_group() as tasks:
        for _ in range(10):
            tasks.start_soon(crowd.fetch)
        await anyio.wait_all_tasks_blocked()
        vault.release.set()
    assert crowd.errors == [vault.error] * 10
    assert vault.asked == 1


@pytest.mark.anyio
async def test_another_task_takes_over_from_a_cancelled_one() -> None:
    """When the task that makes the call is cancelled, one of those who wait makes it."""
    vault = SlowVault()
    crowd = Crowd(CredentialSource(vault))
    async with anyio.create_task_group() as tasks:
        async with anyio.create_task_group() as doomed:
            doomed.start_soon(crowd.fetch)
            await anyio.wait_all_tasks_blocked()
            for _ in range(3):
                tasks.start_soon(crowd.fetch)
            await anyio.wait_all_tasks_blocked()
            doomed.cancel_scope.cancel()
        await anyio.wait_all_tasks_blocked()
        vault.release.set()
    assert crowd.answers == ["AKID2"] * 3


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("first", "second", "calls"),
    [
        pytest.param(False, True, 2, id="refresh-does-not-join-a-plain-call"),
        pytest.param(True, False, 1, id="plain-call-joins-a-refresh"),
        pytest.param(True, True, 1, id="refresh-joins-a-refresh"),
    ],
)
async def test_who_joins_whom(first: bool, second: bool, calls: int) -> None:
    """A forced refresh is content with another one under way, but with no older call."""
    vault = SlowVault()
    crowd = Crowd(CredentialSource(vault))
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(partial(crowd.fetch, refresh=first))
        await anyio.wait_all_tasks_blocked()
        tasks.start_soon(partial(crowd.fetch, refresh=second))
        await anyio.wait_all_tasks_blocked()
        vault.release.set()
    assert (vault.asked, sorted(crowd.answers)) == (calls, ["AKID1", f"AKID{calls}"])


@pytest.mark.anyio
async def test_cancelled_task_leaves_the_thread_behind() -> None:
    """A cancelled task does not wait for a look-up that blocks."""
    entered, release = threading.Event(), threading.Event()

    def get() -> Credentials:
        entered.set()
        release.wait()
        return KEYS

    crowd = Crowd(CredentialSource(get))
    try:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(crowd.fetch)
            await to_thread.run_sync(entered.wait)
            tasks.cancel_scope.cancel()
        assert not release.is_set()
        assert crowd.answers == []
    finally:
        release.set()


def test_one_source_serves_loop_after_loop() -> None:
    """A source is not tied to the event loop that used it first."""
    source = CredentialSource(async_callable)
    for backend in ("asyncio", "trio", "asyncio"):
        assert anyio.run(source.afetch, backend=backend) == KEYS


# --- secrets and imports ------------------------------------------------------------------------


def test_log_shows_no_secret(process: Path, caplog: pytest.LogCaptureFixture, fetch: Fetch) -> None:
    """With every logger at DEBUG, a look-up logs neither secret key nor token."""
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, logger="botocore")
    assert fetch(CredentialSource()).secret_key == "process-secret"
    assert process.exists()
    assert "botocore" in {record.name.split(".")[0] for record in caplog.records}
    assert "process-secret" not in caplog.text
    assert "process-token" not in caplog.text


def test_botocore_is_imported_with_the_first_fetch_only() -> None:
    """Neither importing nor building a source imports botocore, nor do keys that were given."""
    code = (
        "import sys\n"
        "from omics_runs._credentials import Credentials, CredentialSource\n"
        "CredentialSource(); CredentialSource(lambda: None)\n"
        "CredentialSource(Credentials('AKID', 'secret')).fetch()\n"
        "sys.exit('botocore' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
