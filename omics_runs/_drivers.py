"""The two drivers: each performs what a flow asks for, in its own color.

A driver throws *exceptions* of the world into the flow, where they become typed errors. It never
throws cancellation there: that passes through, and closing the flow leaves no suspended frame.
"""

from __future__ import annotations

from typing import TypeVar, assert_never

import anyio
from attrs import frozen

from omics_runs._clock import Clock
from omics_runs._credential_source import CredentialSource
from omics_runs._effects import Effect, FetchCredentials, Flow, Send, Sleep
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
                try:
                    answer = self._perform(effect)
                except Exception as error:  # noqa: BLE001  (the flow decides what it means)
                    effect = flow.throw(error)
                else:
                    effect = flow.send(answer)
                    del answer  # a long wait keeps no reply
        except StopIteration as end:
            result: T = end.value
            return result
        finally:
            flow.close()

    def _perform(self, effect: Effect) -> object:
        match effect:
            case Send(request):
                return self.pool.http().send(request, auth=None, follow_redirects=False)
            case Sleep(seconds):
                self.clock.sleep(seconds)
                return None
            case FetchCredentials(refused):
                return self.credentials.fetch(refused)
            case _:
                assert_never(effect)


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
                try:
                    answer = await self._perform(effect)
                except Exception as error:  # noqa: BLE001  (the flow decides what it means)
                    effect = flow.throw(error)
                else:
                    effect = flow.send(answer)
                    del answer  # a long wait keeps no reply
        except StopIteration as end:
            result: T = end.value
            return result
        finally:
            flow.close()

    async def _perform(self, effect: Effect) -> object:
        match effect:
            case Send(request, time_left):
                with anyio.fail_after(time_left):
                    http = await self.pool.http()
                    return await http.send(request, auth=None, follow_redirects=False)
            case Sleep(seconds):
                await self.clock.asleep(seconds)
                return None
            case FetchCredentials(refused, time_left):
                with anyio.fail_after(time_left):
                    await load_signer()
                    return await self.credentials.afetch(refused)
            case _:
                assert_never(effect)
