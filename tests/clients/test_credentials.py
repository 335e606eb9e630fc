"""Credentials: what they are, and every way to give them, in both colors."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
import threading
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any

import anyio
import attrs
import pytest

from omics_runs._credential_source import CredentialSource
from omics_runs._credentials import Credentials
from omics_runs._errors import ConfigurationError, CredentialsError

from .keys import (
    KEYS,
    OTHER,
    Fetch,
    KeySource,
    Ready,
    Stranger,
    async_callable,
    boto3_session,
    botocore,
    botocore_session,
    frozen_keys,
    metadata,
    refreshable,
    without_end,
)

pytestmark = pytest.mark.usefixtures("bare_environment")


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
    assert without_end(fetch(source)) == KEYS
    assert without_end(fetch(source)) == KEYS


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
def test_refused_keys_come_again_where_there_are_no_others(
    given: Callable[[], Any], fetch: Fetch
) -> None:
    """Where there is nothing to renew, the same keys come back, and that is no error."""
    source = CredentialSource(given())
    first = fetch(source)
    second = fetch(source, first)
    assert fetch(source, second) == second == first == KEYS


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
    assert without_end(fetch(source)) == KEYS
    with pytest.raises(CredentialsError, match="could not be had: OSError: no route") as caught:
        fetch(source, fetch(source))
    assert isinstance(caught.value.__cause__, OSError)


# --- callables ----------------------------------------------------------------------------------


def plain_function_of(call: Callable[[], Awaitable[Any]]) -> Callable[[], Any]:
    """Wrap an async function so that only its answer shows what it is."""
    return lambda: call()  # noqa: PLW0108 - a lambda is the point


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


def test_session_without_credentials(fetch: Fetch) -> None:
    """A session that has none is named as the culprit."""
    with pytest.raises(CredentialsError, match="session given as credentials has none"):
        fetch(CredentialSource(boto3_session()))


@pytest.mark.anyio
async def test_strangers_are_asked_in_a_thread_each_time() -> None:
    """An object that does not say how long its keys last is asked often, and off the loop."""
    given = Stranger()
    source = CredentialSource(given)
    assert [await source.afetch(), await source.afetch()] == [KEYS, KEYS]
    assert len(given.threads) == 2
    assert threading.get_ident() not in given.threads


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
    assert without_end(await source.afetch()) == KEYS
    answers: list[Credentials] = []
    with anyio.CancelScope() as scope:
        scope.cancel()
        answers.append(without_end(await source.afetch()))
    assert answers == ([KEYS] if is_inline else [])


# --- imports ------------------------------------------------------------------------------------


def test_botocore_is_imported_with_the_first_fetch_only() -> None:
    """Neither importing nor building a source imports botocore, nor do keys that were given."""
    code = (
        "import sys\n"
        "from omics_runs._credential_source import CredentialSource\n"
        "from omics_runs._credentials import Credentials\n"
        "CredentialSource(); CredentialSource(lambda: None)\n"
        "CredentialSource(Credentials('AKID', 'secret')).fetch()\n"
        "sys.exit('botocore' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
