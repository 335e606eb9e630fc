"""The two drivers: each performs what a flow asks for, in its own color.

A driver throws *exceptions* of the world into the flow, where they become typed errors. It never
throws cancellation there: that passes through, and closing the flow leaves no suspended frame.
"""

from __future__ import annotations

import math
from collections.abc import AsyncGenerator, Callable, Generator, Iterator
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Any, TypeVar, assert_never, cast

import anyio
import httpx
from anyio import to_thread
from attrs import frozen

from omics_runs._clock import Clock
from omics_runs._credential_source import CredentialSource
from omics_runs._effects import Do, Effect, Emit, FetchCredentials, Flow, Send, Sleep
from omics_runs._pool import AsyncPool, LentAsyncClient, LentClient, SyncPool
from omics_runs._sigv4 import load_signer

T = TypeVar("T")


@frozen
class SyncDriver:
    """Performs flows in the calling thread."""

    pool: SyncPool | LentClient
    credentials: CredentialSource
    clock: Clock

    def run(self, flow: Flow[T]) -> T:
        """Return what `flow` returns."""
        try:
            effect = next(flow)
            while True:
                effect = self._resumption(flow, effect)()
        except StopIteration as end:
            result: T = end.value
            return result
        finally:
            flow.close()

    def stream(self, flow: Flow[object]) -> Generator[Any]:
        """Yield what `flow` emits, as it is asked for."""
        try:
            effect = next(flow)
            while True:
                if isinstance(effect, Emit):
                    yield effect.result
                effect = self._resumption(flow, effect)()
        except StopIteration:
            return
        finally:
            flow.close()

    def _resumption(self, flow: Flow[object], effect: Effect) -> Callable[[], Effect]:
        """Perform what the flow asks for; return the call that goes on with the flow."""
        try:
            return partial(flow.send, self._perform(effect))
        except Exception as error:  # noqa: BLE001  (the flow decides what it means)
            return partial(flow.throw, error)

    def _perform(self, effect: Effect) -> object:
        match effect:
            case Send(request, time_left):
                return self._send(request, time_left)
            case Sleep(seconds):
                self.clock.sleep(seconds)
                return None
            case FetchCredentials(refused, time_left):
                return self.credentials.fetch(refused, time_left=time_left)
            case Do(function):
                return function()
            case Emit():
                return None
            case _:
                assert_never(effect)

    def _send(self, request: httpx.Request, time_left: float | None) -> httpx.Response:
        seconds = math.inf if time_left is None else time_left
        until = self.clock.monotonic() + seconds
        response = self.pool.sender().send(request)
        try:
            response.stream = _Bounded(
                cast("httpx.SyncByteStream", response.stream), self.clock, until
            )
            response.read()
        finally:
            response.close()
        return response


@frozen
class _Bounded(httpx.SyncByteStream):
    """A body that has to end in time: each phase's timeout lets through who sends drop by drop."""

    stream: httpx.SyncByteStream
    clock: Clock
    until: float

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self.stream:
            if self.clock.monotonic() > self.until:
                msg = "the answer was still coming when time was up"
                raise httpx.ReadTimeout(msg)
            yield chunk

    def close(self) -> None:
        self.stream.close()


def _within(seconds: float | None) -> AbstractContextManager[object]:
    """Return what ends its block when time is up; without a bound it costs nothing."""
    return nullcontext() if seconds is None else anyio.fail_after(seconds)


@frozen
class AsyncDriver:
    """Performs flows in the calling task, on asyncio or trio."""

    pool: AsyncPool | LentAsyncClient
    credentials: CredentialSource
    clock: Clock

    async def run(self, flow: Flow[T]) -> T:
        """Return what `flow` returns."""
        try:
            effect = next(flow)
            while True:
                effect = (await self._resumption(flow, effect))()
        except StopIteration as end:
            result: T = end.value
            return result
        finally:
            flow.close()

    async def stream(self, flow: Flow[object]) -> AsyncGenerator[Any]:
        """Yield what `flow` emits, as it is asked for."""
        try:
            effect = next(flow)
            while True:
                if isinstance(effect, Emit):
                    yield effect.result
                effect = (await self._resumption(flow, effect))()
        except StopIteration:
            return
        finally:
            flow.close()

    async def _resumption(self, flow: Flow[object], effect: Effect) -> Callable[[], Effect]:
        """Perform what the flow asks for; return the call that goes on with the flow."""
        try:
            return partial(flow.send, await self._perform(effect))
        except Exception as error:  # noqa: BLE001  (the flow decides what it means)
            return partial(flow.throw, error)

    async def _perform(self, effect: Effect) -> object:
        match effect:
            case Send(request, time_left):
                with _within(time_left):
                    sender = await self.pool.sender()
                    return await sender.send(request)
            case Sleep(seconds):
                await self.clock.asleep(seconds)
                return None
            case FetchCredentials(refused, time_left):
                with _within(time_left):
                    await load_signer()
                    return await self.credentials.afetch(refused)
            case Do(function):
                return await to_thread.run_sync(function)
            case Emit():
                return None
            case _:
                assert_never(effect)
