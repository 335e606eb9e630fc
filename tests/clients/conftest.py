"""One interface over the sync client, and the async client on asyncio and on trio."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
import sniffio
from anyio.from_thread import BlockingPortal, start_blocking_portal

from omics_runs import AsyncOmicsRunsClient, OmicsRunsClient
from omics_runs._credential_source import CredentialSource
from omics_runs._credentials import Credentials
from omics_runs._recipe import Recipe
from omics_runs.emulator import Emulator

from .keys import Fetch

OVER = os.environ.get("OMICS_TESTS_OVER", "httpx")
"""Through what async clients send on asyncio."""


class Caller:
    """Makes clients of one color, and calls them as if all were sync."""

    def __init__(self, portal: BlockingPortal | None) -> None:
        self._portal = portal

    @property
    def is_async(self) -> bool:
        """Whether its clients are."""
        return self._portal is not None

    def client(self, emulator: Emulator, **options: Any) -> Any:
        """Return a client of `emulator`, in process."""
        made = emulator.client if self._portal is None else emulator.async_client
        return Adapted(made(**options), self)

    def remote(self, **options: Any) -> Any:
        """Return a client that goes over real sockets."""
        kind = OmicsRunsClient if self._portal is None else AsyncOmicsRunsClient
        return Adapted(kind(**options), self)

    def http(self, serve: Callable[[httpx.Request], httpx.Response]) -> Any:
        """Return an HTTP client whose server is a function."""
        kind = httpx.Client if self._portal is None else httpx.AsyncClient
        return kind(transport=httpx.MockTransport(serve))

    def run(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Call a function, and wait for its result if it is async."""
        if self._portal is None:
            return function(*args, **kwargs)
        return self._portal.call(partial(_awaited, partial(function, *args, **kwargs)))


async def _awaited(function: Callable[[], Any]) -> Any:
    result = function()
    return await result if isinstance(result, Awaitable) else result


class Adapted:
    """A client whose methods are all sync."""

    def __init__(self, client: Any, caller: Caller) -> None:
        self.wrapped = client
        self._caller = caller

    def __getattr__(self, name: str) -> Any:
        value = getattr(self.wrapped, name)
        if name.startswith("iter_"):
            return lambda *a, **k: AdaptedItems(value(*a, **k), self._caller)
        return partial(self._caller.run, value)

    def close(self) -> None:
        """Close the client, whatever its color."""
        close = getattr(self.wrapped, "aclose", None) or self.wrapped.close
        self._caller.run(close)


class AdaptedItems:
    """An iterator whose items all come in sync."""

    def __init__(self, items: Any, caller: Caller) -> None:
        self.wrapped = items
        self._caller = caller

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        if hasattr(self.wrapped, "__next__"):
            return next(self.wrapped)
        try:
            return self._caller.run(self.wrapped.__anext__)
        except StopAsyncIteration:
            raise StopIteration from None

    def pages(self) -> AdaptedItems:
        """Return the pages."""
        return AdaptedItems(self.wrapped.pages(), self._caller)

    @property
    def next_token(self) -> str | None:
        """Return the token of the next page."""
        return self.wrapped.next_token  # type: ignore[no-any-return]


@pytest.fixture(params=["sync", "asyncio", "trio"])
def caller(request: pytest.FixtureRequest) -> Iterator[Caller]:
    """Give each test all three colors."""
    if request.param == "sync":
        yield Caller(None)
        return
    with start_blocking_portal(backend=request.param) as portal:
        yield Caller(portal)


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    """Run each async test on both event loops."""
    return str(request.param)


@pytest.fixture(params=["sync", "asyncio", "trio"])
def fetch(request: pytest.FixtureRequest) -> Fetch:
    """Return a function that fetches credentials, blocking or on an event loop of its own."""

    def call(source: CredentialSource, refused: Credentials | None = None) -> Credentials:
        if request.param == "sync":
            return source.fetch(refused)
        return anyio.run(source.afetch, refused, backend=request.param)

    return call


@pytest.fixture(autouse=True)
def transport(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have all async clients go over another transport where they can, if the environment says so.

    `nox -s fast` runs the clients' tests like that, each as it stands.
    """
    if OVER == "aiohttp":

        def wherever_it_can(recipe: Recipe) -> bool:
            return not recipe._proxies and sniffio.current_async_library() == "asyncio"

        monkeypatch.setattr(Recipe, "_goes_over_aiohttp", wherever_it_can)


@pytest.fixture
def bare_environment(monkeypatch: pytest.MonkeyPatch, config: Path, tmp_path: Path) -> None:
    """Leave nothing of the developer's own AWS settings, and keep off the network."""
    for name in list(os.environ):
        if name.startswith("AWS_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Return the path of the config file, which is empty."""
    path = tmp_path / "config"
    path.touch()
    return path
