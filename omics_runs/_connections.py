"""How a client sends: through connections of its own, or through an httpx client.

Connections of its own are the transports of httpx, called directly: cookies, redirects, `auth` and
event hooks of an httpx client take a third of its time, and signed calls must not have them. An
httpx client does the sending where proxies are to be chosen, and where it is the caller's own.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from typing import Protocol

import anyio
import httpx
from attrs import define, field, frozen

IDLE = 75.0
"""Seconds that a connection is kept without a call. Idle connections outlive the longest delay
between two polls, so that a wait keeps one."""
MOST = 100
"""Connections that a client has at most."""


class Sender(Protocol):
    """What sends requests in the calling thread."""

    def send(self, request: httpx.Request) -> httpx.Response:
        """Return the answer, its body unread."""
        ...

    def close(self) -> None:
        """Close the connections."""
        ...


class AsyncSender(Protocol):
    """What sends requests in the calling task."""

    async def send(self, request: httpx.Request) -> httpx.Response:
        """Return the answer, its body read."""
        ...

    async def aclose(self) -> None:
        """Close the connections."""
        ...


@frozen
class ThroughClient:
    """Sends through an httpx client, with all that its owner has asked of it."""

    http: httpx.Client

    def send(self, request: httpx.Request) -> httpx.Response:
        return self.http.send(request, auth=None, follow_redirects=False, stream=True)

    def close(self) -> None:
        self.http.close()


@frozen
class ThroughAsyncClient:
    """Sends through an async httpx client, with all that its owner has asked of it."""

    http: httpx.AsyncClient

    async def send(self, request: httpx.Request) -> httpx.Response:
        return await self.http.send(request, auth=None, follow_redirects=False)

    async def aclose(self) -> None:
        await self.http.aclose()


@frozen
class Connections:
    """Connections of a client's own; threads share them."""

    transport: httpx.BaseTransport

    def send(self, request: httpx.Request) -> httpx.Response:
        try:
            response = self.transport.handle_request(request)
        except httpx.RequestError as error:
            error.request = request
            raise
        response.request = request
        return response

    def close(self) -> None:
        self.transport.close()


@define(eq=False)
class _Slot:
    """One connection, and since when it has been idle."""

    transport: httpx.AsyncBaseTransport
    idle_since: float = 0.0


@define(eq=False)
class AsyncConnections:
    """Connections of a client's own on one event loop, each in a transport of its own.

    A pool of httpx goes through all its connections with each call, so that many of them slow it
    down. Here a call takes the connection that was used last, or a new one.
    """

    make: Callable[[], httpx.AsyncBaseTransport]
    """Returns a transport for one call at a time."""
    _idle: list[_Slot] = field(init=False, factory=list[_Slot])
    """The one that was used last comes last."""
    _busy: set[_Slot] = field(init=False, factory=set[_Slot])
    _places: anyio.Semaphore = field(init=False, factory=lambda: anyio.Semaphore(MOST))

    async def send(self, request: httpx.Request) -> httpx.Response:
        await self._take_place(request)
        try:
            await self._close_what_is_old()
            slot = self._idle.pop() if self._idle else _Slot(self.make())
            self._busy.add(slot)
            try:
                return await _exchange(slot.transport, request)
            finally:
                self._busy.remove(slot)
                slot.idle_since = anyio.current_time()
                self._idle.append(slot)
        finally:
            self._places.release()

    async def aclose(self) -> None:
        with anyio.CancelScope(shield=True):  # a caller may be cancelled, and none is to be left
            async with AsyncExitStack() as closing:
                for slot in (*self._idle, *self._busy):
                    closing.push_async_callback(slot.transport.aclose)

    async def _take_place(self, request: httpx.Request) -> None:
        with suppress(anyio.WouldBlock):
            self._places.acquire_nowait()
            return
        with anyio.move_on_after(request.extensions["timeout"]["pool"]) as scope:
            await self._places.acquire()
        if scope.cancelled_caught:
            msg = f"{MOST} calls are under way, and none of them has ended in time"
            raise httpx.PoolTimeout(msg, request=request)

    async def _close_what_is_old(self) -> None:
        while self._idle and self._idle[0].idle_since < anyio.current_time() - IDLE:
            with anyio.CancelScope(shield=True):
                await self._idle.pop(0).transport.aclose()


async def _exchange(transport: httpx.AsyncBaseTransport, request: httpx.Request) -> httpx.Response:
    try:
        response = await transport.handle_async_request(request)
        response.request = request
        try:
            await response.aread()
        except BaseException:
            await response.aclose()
            raise
    except httpx.RequestError as error:
        error.request = request
        raise
    return response
