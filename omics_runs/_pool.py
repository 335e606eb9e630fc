"""The connections of a client, and where they belong: to one process, and to one event loop.

What a client owns is a recipe. A sender is made of it with the first call, and again wherever the
last one can't be used: in a forked child, whose sockets are its parent's, and in another event
loop, because neither sockets nor locks can be carried from loop to loop.
"""

from __future__ import annotations

import atexit
import sys
import warnings
from collections.abc import AsyncGenerator, Callable
from typing import Any, Generic, NoReturn, TypeVar
from weakref import WeakSet

import httpx
from anyio.lowlevel import current_token
from attrs import field, frozen

from omics_runs._connections import AsyncSender, Sender, ThroughAsyncClient, ThroughClient
from omics_runs._errors import ConfigurationError
from omics_runs._forks import Lock, renew_in_children
from omics_runs._recipe import Recipe

_LEFT_TO_THE_PARENT: list[object] = []
"""What a forked child has no use for and must not close; kept, or Python would close it."""


def closed() -> ConfigurationError:
    """Return the error of a client that is used after it was closed."""
    return ConfigurationError("this client is closed")


class SyncPool:
    """The connections of a sync client; threads share it."""

    def __init__(self, recipe: Recipe) -> None:
        self.is_closed = False
        self._recipe = recipe
        self._sender: Sender | None = None
        self._lock = Lock()
        renew_in_children(self)
        _OPEN_AT_THE_END.add(self)

    def refusal(self) -> ConfigurationError | None:
        """Return the error of who wants to use it; None if it is of use."""
        return closed() if self.is_closed else None

    def sender(self) -> Sender:
        """Return what to send with."""
        with self._lock.current:
            if self.is_closed:
                raise closed()
            if self._sender is None:
                self._sender = self._recipe.sender()
            return self._sender

    def close(self) -> None:
        """Close all connections for good; a second time does nothing."""
        self.is_closed = True
        self.rest()

    def rest(self) -> None:
        """Close all connections; the next call opens new ones."""
        with self._lock.current:
            sender, self._sender = self._sender, None
        if sender is not None:
            sender.close()

    def renew(self) -> None:
        """Leave the connections to the parent."""
        _LEFT_TO_THE_PARENT.append(self._sender)
        self._sender = None

    def __del__(self) -> None:
        sender, self._sender = self._sender, None
        if sender is not None:
            sender.close()
            _warn_of_unclosed(self, "call close()")

    def __reduce__(self) -> tuple[Any, ...]:
        return SyncPool, (self._recipe,)


_OPEN_AT_THE_END: WeakSet[SyncPool] = WeakSet()


def _rest_all() -> None:
    for pool in list(_OPEN_AT_THE_END):
        pool.rest()


# A client of a module lives until the process ends, and its sockets would complain on their own.
atexit.register(_rest_all)


class AsyncPool:
    """The connections of an async client, for each event loop its own; tasks share it."""

    def __init__(self, recipe: Recipe) -> None:
        self.is_closed = False
        self._recipe = recipe
        self._leases: dict[object, _Lease] = {}
        renew_in_children(self)

    def refusal(self) -> ConfigurationError | None:
        """Return the error of who wants to use it; None if it is of use."""
        return closed() if self.is_closed else None

    async def sender(self) -> AsyncSender:
        """Return what to send with on the running event loop."""
        if self.is_closed:
            raise closed()
        lease = self._leases.get(current_token()) or await self._lease()
        return lease.sender

    async def _lease(self) -> _Lease:
        for loop in filter(_is_over, list(self._leases)):
            self._leases.pop(loop, None)
        loop, sender = current_token(), self._recipe.async_sender()
        end = _until_the_loop_ends(self._leases, loop, sender)
        lease = self._leases[loop] = _Lease(sender, end)
        await anext(end)  # which suspends nothing: no other task comes in between
        return lease

    async def aclose(self) -> None:
        """Close this loop's connections, and the client for good; a second time does nothing."""
        self.is_closed = True
        lease = self._leases.pop(current_token(), None)
        if lease is not None:
            await lease.end.aclose()

    def renew(self) -> None:
        """Leave the connections to the parent."""
        _LEFT_TO_THE_PARENT.append(self._leases)
        self._leases = {}

    def __del__(self) -> None:
        is_unclosed = bool(self._leases) and not (self.is_closed or sys.is_finalizing())
        self._leases.clear()  # has each loop that still runs close its own
        if is_unclosed:
            _warn_of_unclosed(self, "await aclose()")

    def __reduce__(self) -> tuple[Any, ...]:
        return AsyncPool, (self._recipe,)


@frozen(eq=False)
class _Lease:
    """What an event loop has of a pool."""

    sender: AsyncSender
    end: AsyncGenerator[None] = field(repr=False)


async def _until_the_loop_ends(
    leases: dict[object, _Lease], loop: object, sender: AsyncSender
) -> AsyncGenerator[None]:
    """Close the connections when the loop ends: asyncio and trio close all generators before."""
    try:
        yield
    finally:
        leases.pop(loop, None)
        await sender.aclose()


def _is_over(token: object) -> bool:
    """Tell whether a loop was closed without its generators, as only asyncio's can be."""
    loop = getattr(token, "native_token", token)  # anyio before 4.11 gives the loop itself
    is_closed: Callable[[], bool] | None = getattr(loop, "is_closed", None)
    return is_closed is not None and is_closed()


def _warn_of_unclosed(pool: object, remedy: str) -> None:
    what = f"unclosed connections of a client: use it in a with block, or {remedy}"
    warnings.warn(what, ResourceWarning, source=pool, stacklevel=2)


Http = TypeVar("Http", bound=httpx.Client | httpx.AsyncClient)


class _Lent(Generic[Http]):
    """The caller's own httpx client, used as it is, by the process that it was lent to."""

    def __init__(self, http: Http) -> None:
        self._http: Http = http
        self._is_the_parents = False
        renew_in_children(self)

    def renew(self) -> None:
        """Leave the client to the parent: nobody here can make another of its kind."""
        self._is_the_parents = True

    def refusal(self) -> ConfigurationError | None:
        """Return the error of who wants to use it; None if it is of use."""
        if self._is_the_parents:
            return ConfigurationError(_THE_PARENTS)
        return closed() if self._http.is_closed else None

    def _usable(self) -> Http:
        error = self.refusal()
        if error is not None:
            raise error
        return self._http

    def __reduce__(self) -> NoReturn:
        raise ConfigurationError(_LENT)


class LentClient(_Lent[httpx.Client]):
    """The caller's httpx client."""

    def sender(self) -> Sender:
        return ThroughClient(self._usable())

    def close(self) -> None:
        self._http.close()


class LentAsyncClient(_Lent[httpx.AsyncClient]):
    """The caller's async httpx client."""

    async def sender(self) -> AsyncSender:
        return ThroughAsyncClient(self._usable())

    async def aclose(self) -> None:
        await self._http.aclose()


_LENT = (
    "this client can't be pickled: its http_client belongs to this process; "
    "build the client without it, or where it is used"
)
_THE_PARENTS = (
    "this client's http_client belongs to the parent process, and answers would go to the wrong "
    "one; build client and http_client in the child, or give no http_client"
)
