"""The emulator in process: an httpx transport in either color, and no socket."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import anyio
import anyio.lowlevel
import httpx
from attrs import frozen

from omics_runs._clock import Clock
from omics_runs.emulator._http import HANG, Received, Reply

Handler: TypeAlias = Callable[[Received], Reply]
"""What answers a request."""


@frozen
class InProcessTransport(httpx.BaseTransport):
    """Answers an `httpx.Client`. A wait passes on the emulator's clock."""

    handle: Handler
    clock: Clock

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer one request."""
        request.read()
        reply = self.handle(received(request))
        delay = patience(request, reply)
        if 0 < delay < HANG:  # nothing would ever end a wait without a read timeout
            self.clock.sleep(delay)
        return answer(request, reply)


@frozen
class AsyncInProcessTransport(httpx.AsyncBaseTransport):
    """Answers an `httpx.AsyncClient`, on asyncio and trio."""

    handle: Handler
    clock: Clock

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer one request."""
        await request.aread()
        reply = self.handle(received(request))
        delay = patience(request, reply)
        if delay == HANG:
            await anyio.sleep_forever()
        if delay > 0:
            await self.clock.asleep(delay)
        await anyio.lowlevel.checkpoint()  # as real input and output would be
        return answer(request, reply)


def received(request: httpx.Request) -> Received:
    """Return a request as it would have come over a socket."""
    return Received(
        method=request.method,
        target=request.url.raw_path.decode("ascii"),
        headers=tuple(request.headers.multi_items()),
        body=request.content,
    )


def patience(request: httpx.Request, reply: Reply) -> float:
    """Return the seconds until the answer comes or the client's read timeout is over."""
    return min(reply.delay, _read_timeout(request))


def _read_timeout(request: httpx.Request) -> float:
    limit: float | None = request.extensions.get("timeout", {}).get("read")
    return HANG if limit is None else limit


def answer(request: httpx.Request, reply: Reply) -> httpx.Response:
    """Return the answer, or raise what httpx would raise.

    Raises:
        httpx.ReadTimeout: It came too late, or not at all.
        httpx.RemoteProtocolError: The connection was closed before or within it.
        httpx.ReadError: The connection was reset.
    """
    if reply.delay > patience(request, reply) or reply.delay == HANG:
        msg = "The read operation timed out"
        raise httpx.ReadTimeout(msg, request=request)
    if reply.drop == "reset":
        msg = "Connection reset by peer"
        raise httpx.ReadError(msg, request=request)
    if reply.drop:
        msg = "Server disconnected without sending a complete response."
        raise httpx.RemoteProtocolError(msg, request=request)
    body = b"" if request.method == "HEAD" else reply.body
    return httpx.Response(reply.status, headers=dict(reply.headers), content=body, request=request)
