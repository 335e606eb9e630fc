"""How the SDK makes its own httpx clients: settled once, good for any process and event loop.

Certificates and proxies are looked up when a client is built, and never again: on some platforms
the look-up of proxies asks the system, which a forked child on macOS does not survive.
"""

from __future__ import annotations

import logging
import ssl
import urllib.request
from collections.abc import Callable, Mapping
from functools import cache, lru_cache, partial
from pathlib import Path
from typing import Any, Literal, NoReturn, TypeAlias, TypeVar
from urllib.parse import urlsplit

import httpx
import sniffio
from attrs import Factory, field, frozen

from omics_runs import _aiohttp
from omics_runs._connections import (
    IDLE,
    MOST,
    AsyncConnections,
    AsyncSender,
    Connections,
    Sender,
    ThroughAsyncClient,
    ThroughClient,
)
from omics_runs._errors import ConfigurationError

logger = logging.getLogger("omics_runs")

ProxyLike: TypeAlias = str | httpx.Proxy
Transport: TypeAlias = Literal["httpx", "aiohttp"]

SYNC_LIMITS = httpx.Limits(
    max_connections=MOST, max_keepalive_connections=MOST, keepalive_expiry=IDLE
)
"""Above the bound for idle ones httpx closes connections that the next call would use, or even has
been given already; with 32 threads and a bound of 20 every second call opens a new one.
"""
ASYNC_LIMITS = httpx.Limits(
    max_connections=MOST, max_keepalive_connections=20, keepalive_expiry=IDLE
)
"""The same for tasks behind a proxy, where httpx slows down as connections grow."""

PORTS = {"http": 80, "https": 443}

T = TypeVar("T", httpx.HTTPTransport, httpx.AsyncHTTPTransport)


@cache
def _no_certificates() -> ssl.SSLContext:
    """Return what trusts nobody, where nothing is encrypted: it reads no certificates."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


@cache
def _usual_certificates() -> ssl.SSLContext:
    """Return what all clients of a process share, because reading it takes 25 ms."""
    return httpx.create_ssl_context(verify=True, trust_env=False)


@lru_cache(maxsize=4)
def _certificates_of(file: str, _content: bytes) -> ssl.SSLContext:
    """Return what all clients of a process share that trust the same file with the same content."""
    return ssl.create_default_context(cafile=file)


def _context(recipe: Recipe) -> ssl.SSLContext | None:
    """Return the certificates of the caller's choice; None for the usual ones, or if none count."""
    verify = recipe.verify
    if verify is True or not recipe.is_encrypted:
        return None
    if not isinstance(verify, str):
        return httpx.create_ssl_context(verify=verify, trust_env=False)
    path = Path(verify)
    try:
        if path.is_file():
            return _certificates_of(verify, path.read_bytes())
        return ssl.create_default_context(capath=verify)  # it may be a list of folders
    except OSError as error:
        msg = f"the CA bundle {verify!r} can't be read: {error}"
        raise ConfigurationError(msg) from error


def _proxies(recipe: Recipe) -> Mapping[str, ProxyLike]:
    if recipe.proxy is not None:
        return {"all://": recipe.proxy}
    known = urllib.request.getproxies()
    found = {url: _proxy_for(url, known) for url in recipe.urls}
    return {url: proxy for url, proxy in found.items() if proxy}


def _proxy_for(url: str, known: Mapping[str, str]) -> str | None:
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or PORTS[parts.scheme]
    proxy = known.get(parts.scheme) or known.get("all")
    if not proxy or any(map(urllib.request.proxy_bypass, (host, f"{host}:{port}"))):
        return None
    return proxy if "://" in proxy else f"http://{proxy}"


@frozen(eq=False)
class Recipe:
    """What the SDK's own httpx clients are made of. Of a pickle, each process makes its own.

    Raises:
        ConfigurationError: A proxy or certificate setting can't be used.
    """

    verify: bool | str | ssl.SSLContext
    """The certificates to trust: the usual ones, any at all, those of a file or folder, or a
    context of the caller's own."""
    proxy: ProxyLike | None = field(repr=False)
    """The proxy given as an argument; None to look in the environment."""
    urls: tuple[str, ...]
    """Where the client's calls will go."""
    transport: Transport = "httpx"
    """What sends from tasks on asyncio, where there is no proxy; else httpx does."""
    _proxies: Mapping[str, ProxyLike] = field(
        init=False, repr=False, default=Factory(_proxies, takes_self=True)
    )
    _context: ssl.SSLContext | None = field(
        init=False, repr=False, default=Factory(_context, takes_self=True)
    )

    def __attrs_post_init__(self) -> None:
        if self.transport == "aiohttp":
            _aiohttp.require()
        if not self._proxies:
            return
        try:
            self.sender()
        except (ValueError, TypeError, ImportError, httpx.InvalidURL) as error:
            msg = f"the HTTP client can't be built, check proxy settings: {error}"
            raise ConfigurationError(msg) from error

    @property
    def is_encrypted(self) -> bool:
        """Whether certificates may count: for an endpoint, or for a proxy."""
        return bool(self._proxies) or any(urlsplit(url).scheme == "https" for url in self.urls)

    def sender(self) -> Sender:
        """Return what sends from threads; it has no connections yet."""
        make = self._maker(httpx.HTTPTransport, SYNC_LIMITS)
        if not self._proxies:
            return Connections(make())
        mounts = {where: make(proxy=proxy) for where, proxy in self._proxies.items()}
        return ThroughClient(httpx.Client(transport=make(), mounts=mounts, trust_env=False))

    def async_sender(self) -> AsyncSender:
        """Return what sends from tasks; it has no connections yet."""
        if self._goes_over_aiohttp():
            certificates = self._certificates()
            return AsyncConnections(lambda: _aiohttp.AiohttpTransport(certificates, IDLE))
        if not self._proxies:
            hosts = len(self.urls)  # of which a connection each is kept
            limits = httpx.Limits(max_connections=hosts, keepalive_expiry=IDLE)
            return AsyncConnections(self._maker(httpx.AsyncHTTPTransport, limits))
        make = self._maker(httpx.AsyncHTTPTransport, ASYNC_LIMITS)
        mounts = {where: make(proxy=proxy) for where, proxy in self._proxies.items()}
        http = httpx.AsyncClient(transport=make(), mounts=mounts, trust_env=False)
        return ThroughAsyncClient(http)

    def _goes_over_aiohttp(self) -> bool:
        if self.transport != "aiohttp":
            return False
        where = "a proxy" if self._proxies else sniffio.current_async_library()
        if where != "asyncio":
            logger.info("transport='aiohttp' is not for %s: httpx sends the requests", where)
        return where == "asyncio"

    def _maker(self, kind: Callable[..., T], limits: httpx.Limits) -> Callable[..., T]:
        return partial(kind, verify=self._certificates(), limits=limits, trust_env=False)

    def _certificates(self) -> ssl.SSLContext:
        """Return them when they are needed: reading the usual ones takes its time and memory."""
        if not self.is_encrypted:
            return _no_certificates()
        return self._context or _usual_certificates()

    def __reduce__(self) -> tuple[Any, ...]:
        if isinstance(self.verify, ssl.SSLContext):
            _refuse("its verify= is an SSL context; name a file with the certificates instead")
        if isinstance(self.proxy, httpx.Proxy) or "@" in (self.proxy or ""):
            _refuse("its proxy= may hold a password; set HTTPS_PROXY in the environment instead")
        return Recipe, (self.verify, self.proxy, self.urls, self.transport)


def _refuse(why: str) -> NoReturn:
    msg = f"this client can't be pickled: {why}"
    raise ConfigurationError(msg)
