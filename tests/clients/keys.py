"""Keys, and objects that have them, for the tests of credentials."""

from __future__ import annotations

import importlib
import threading
from collections.abc import Callable, Generator
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import anyio
import attrs

from omics_runs._credential_source import CredentialSource
from omics_runs._credentials import Credentials

KEYS = Credentials("AKIDEXAMPLE", "example-secret", "example-token")
OTHER = Credentials("AKIDOTHER", "other-secret")
THREADS = 32
LATE = "2099-01-01T00:00:00Z"


class Fetch(Protocol):
    """Fetches in one of the colors."""

    def __call__(self, source: CredentialSource, refused: Credentials | None = None) -> Credentials:
        """Return what the source gives."""
        ...


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


def refreshable(refresh_using: Callable[[], dict[str, str]], end: str = LATE) -> Any:
    """Return botocore's refreshable credentials."""
    return botocore("credentials").RefreshableCredentials.create_from_metadata(
        metadata(KEYS) | {"expiry_time": end}, refresh_using, "test"
    )


def without_end(keys: Credentials) -> Credentials:
    """Return the keys alone."""
    return attrs.evolve(keys, expires_at=None)


def metadata(keys: Credentials) -> dict[str, str]:
    """Return keys as botocore's refreshers do."""
    return {
        "access_key": keys.access_key,
        "secret_key": keys.secret_key,
        "token": keys.session_token or "",
        "expiry_time": LATE,
    }


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


@attrs.frozen
class Ready:
    """An awaitable that is no coroutine."""

    def __await__(self) -> Generator[Any, None, Credentials]:
        """Be done at once."""
        yield from ()
        return KEYS


@attrs.define
class Stranger:
    """An object of botocore's kind that notes on which threads it is asked."""

    threads: list[int] = attrs.field(factory=list[int])

    def get_frozen_credentials(self) -> Any:
        """Return the keys."""
        self.threads.append(threading.get_ident())
        return frozen_keys()


@attrs.frozen
class EmptySession:
    """A session that finds no keys."""

    def get_credentials(self) -> None:
        """Return nothing, as botocore's does."""


@attrs.define
class Vault:
    """A callable that counts how often it is asked, and gives new keys each time."""

    lifetime: timedelta | None = None
    asked: int = 0
    now: datetime = datetime(2030, 1, 1, tzinfo=UTC)
    error: BaseException | None = None
    """What it raises instead of an answer."""
    stuck: Any = None
    """What it gives instead of new keys."""

    def __call__(self) -> Any:
        """Return keys that carry the number of the call."""
        self.asked += 1
        if self.error is not None:
            raise self.error
        end = self.now + self.lifetime if self.lifetime else None
        return self.stuck or Credentials(f"AKID{self.asked}", "secret", None, end)
