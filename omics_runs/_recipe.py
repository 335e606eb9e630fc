"""How the SDK makes its own httpx clients: settled once, good for any process and event loop.

Certificates and proxies are looked up when a client is built, and never again: on some platforms
the look-up of proxies asks the system, which a forked child on macOS does not survive.
"""

from __future__ import annotations

import os
import ssl
import urllib.request
from collections.abc import Mapping
from functools import cache, partial
from typing import Any, NoReturn, TypeAlias, TypeVar
from urllib.parse import urlsplit

import httpx
from attrs import Factory, field, frozen

from omics_runs._errors import ConfigurationError

ProxyLike: TypeAlias = str | httpx.Proxy

SYNC_LIMITS = httpx.Limits(
    max_connections=100, max_keepalive_connections=100, keepalive_expiry=75.0
)
"""Idle connections outlive the longest delay between two polls, so that a wait keeps one.

Above the bound for idle ones httpx closes connections that the next call would use, or even has
been given already; with 32 threads and a bound of 20 every second call opens a new one.
"""
ASYNC_LIMITS = httpx.Limits(
    max_connections=100, max_keepalive_connections=20, keepalive_expiry=75.0
)
"""The same for tasks, where httpx slows down as connections grow."""

PORTS = {"http": 80, "https": 443}

T = TypeVar("T", httpx.HTTPTransport, httpx.AsyncHTTPTransport)


@cache
def _usual_certificates() -> ssl.SSLContext:
    """Return what all clients of a process share, because reading it takes 25 ms."""
    return httpx.create_ssl_context(verify=True, trust_env=False)


def _context(verify: bool | str | ssl.SSLContext) -> ssl.SSLContext:
    if verify is True:
        return _usual_certificates()
    if not isinstance(verify, str):
        return httpx.create_ssl_context(verify=verify, trust_env=False)
    is_file = os.path.isfile(verify)  # noqa: PTH113  (it may be a list of folders)
    try:
        return ssl.create_default_context(
            cafile=verify if is_file else None, capath=None if is_file else verify
        )
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
    _context: ssl.SSLContext = field(
        init=False, repr=False, default=Factory(lambda self: _context(self.verify), takes_self=True)
    )
    _proxies: Mapping[str, ProxyLike] = field(
        init=False, repr=False, default=Factory(_proxies, takes_self=True)
    )

    def __attrs_post_init__(self) -> None:
        try:
            self.sync_client()
        except (ValueError, TypeError, ImportError, httpx.InvalidURL) as error:
            msg = f"the HTTP client can't be built, check proxy settings: {error}"
            raise ConfigurationError(msg) from error

    def sync_client(self) -> httpx.Client:
        """Return an httpx client that has no connections yet."""
        main, mounts = self._transports(httpx.HTTPTransport, SYNC_LIMITS)
        return httpx.Client(transport=main, mounts=mounts, trust_env=False)

    def async_client(self) -> httpx.AsyncClient:
        """Return an async httpx client that has no connections yet."""
        main, mounts = self._transports(httpx.AsyncHTTPTransport, ASYNC_LIMITS)
        return httpx.AsyncClient(transport=main, mounts=mounts, trust_env=False)

    def _transports(self, kind: type[T], limits: httpx.Limits) -> tuple[T, dict[str, T]]:
        make = partial(kind, verify=self._context, limits=limits, trust_env=False)
        return make(), {where: make(proxy=proxy) for where, proxy in self._proxies.items()}

    def __reduce__(self) -> tuple[Any, ...]:
        if isinstance(self.verify, ssl.SSLContext):
            _refuse("its verify= is an SSL context; name a file with the certificates instead")
        if isinstance(self.proxy, httpx.Proxy) or "@" in (self.proxy or ""):
            _refuse("its proxy= may hold a password; set HTTPS_PROXY in the environment instead")
        return Recipe, (self.verify, self.proxy, self.urls)


def _refuse(why: str) -> NoReturn:
    msg = f"this client can't be pickled: {why}"
    raise ConfigurationError(msg)
