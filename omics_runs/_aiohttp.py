"""A transport of httpx over aiohttp, which needs half the time of httpx's own, on asyncio alone.

It sends what it is given, byte for byte, since that is signed; sends it once; and tells failures
before anything was sent from all others, since a run may be paid for twice where it is mistaken.
"""

from __future__ import annotations

import ssl
from collections.abc import Awaitable, Callable
from functools import cache
from importlib import import_module
from typing import Any

import httpx
from attrs import Factory, define, field

from omics_runs._errors import ConfigurationError

_MEANINGS: tuple[tuple[str, type[httpx.RequestError]], ...] = (
    ("ConnectionTimeoutError", httpx.ConnectTimeout),
    ("ClientConnectorError", httpx.ConnectError),
    ("ServerTimeoutError", httpx.ReadTimeout),
    ("ClientOSError", httpx.ReadError),
    ("ClientError", httpx.RemoteProtocolError),
)
"""What aiohttp's exceptions mean; the first that fits counts. The connector alone raises the first
two, so they are the only ones in which nothing was sent."""

ADDED = ("Accept", "Accept-Encoding", "Content-Type", "User-Agent")
"""Headers that aiohttp would add by itself."""


@cache
def _library(name: str) -> Any:
    """Return a package that need not be installed."""
    return import_module(name)


def require() -> None:
    """See to it that aiohttp can be used.

    Raises:
        ConfigurationError: It is not there, or too old.
    """
    try:
        found: Any = import_module("aiohttp")
    except ImportError as error:
        msg = f"transport='aiohttp' needs aiohttp: pip install 'omics-runs[fast]' ({error})"
        raise ConfigurationError(msg) from error
    if not hasattr(found, "ClientHandlerType"):  # of 3.12, which brought middlewares
        msg = f"transport='aiohttp' needs a newer aiohttp than {found.__version__}: "
        raise ConfigurationError(f"{msg}pip install 'omics-runs[fast]'")


@define(eq=False)
class AiohttpTransport(httpx.AsyncBaseTransport):
    """Sends one request at a time, on the event loop that it is made on."""

    certificates: ssl.SSLContext
    idle: float
    """Seconds that a connection is kept without a call."""
    _session: Any = field(
        init=False,
        default=Factory(lambda self: _session(self.certificates, self.idle), takes_self=True),
    )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        try:
            async with self._session.request(
                request.method,
                _library("yarl").URL(str(request.url), encoded=True),  # as it was signed
                headers=request.headers.multi_items(),
                data=request.content or None,
                allow_redirects=False,
                timeout=_timeout(**request.extensions["timeout"]),
            ) as answer:
                body = httpx.ByteStream(await answer.read())
        except _library("aiohttp").ClientError as error:
            raise _meaning(error) from None
        return httpx.Response(answer.status, headers=answer.raw_headers, stream=body)

    async def aclose(self) -> None:
        await self._session.close()


def _session(certificates: ssl.SSLContext, idle: float) -> Any:
    """Return a session that adds nothing to requests, and has no cookies."""
    aiohttp = _library("aiohttp")
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(
            ssl=certificates,
            keepalive_timeout=idle,
            resolver=aiohttp.ThreadedResolver(),  # the system's, even where aiodns is installed
        ),
        cookie_jar=aiohttp.DummyCookieJar(),
        skip_auto_headers=ADDED,
        auto_decompress=False,  # httpx does it
        middlewares=(_once,),
    )


def _timeout(connect: float | None, read: float | None, **_: float | None) -> Any:
    """Return httpx's bounds in aiohttp's terms. Its pool is ours to wait for."""
    return _library("aiohttp").ClientTimeout(
        connect=connect, sock_connect=connect, sock_read=read, ceil_threshold=float("inf")
    )


async def _once(request: object, handler: Callable[[object], Awaitable[Any]]) -> Any:
    """Translate what fails where aiohttp does not see it yet.

    It would send a request again if a connection was lost, and then tell how the second one failed.
    """
    try:
        return await handler(request)
    except _library("aiohttp").ClientError as error:
        raise _meaning(error) from None


def _meaning(error: Exception) -> httpx.RequestError:
    """Return httpx's exception for one of aiohttp's; without a cause it is taken at its word."""
    aiohttp = _library("aiohttp")
    kind = next(kind for name, kind in _MEANINGS if isinstance(error, getattr(aiohttp, name)))
    return kind(str(error) or type(error).__name__)
