"""Connections of a client's own: each call has one, and none is kept for good."""

from __future__ import annotations

from collections.abc import AsyncIterator

import anyio
import anyio.lowlevel
import httpx
import pytest
import trio
import trio.testing
from attrs import define, field

from omics_runs._connections import IDLE, MOST, AsyncConnections

BACKENDS = pytest.mark.parametrize("backend", ["asyncio", "trio"])


@define(eq=False)
class Body(httpx.AsyncByteStream):
    """The body of an answer, which comes when the world says so."""

    world: World
    is_closed: bool = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        await self.world.answers.wait()
        if self.world.is_broken:
            msg = "broken"
            raise httpx.ReadError(msg)
        yield b"{}"

    async def aclose(self) -> None:
        self.is_closed = True


@define(eq=False)
class Transport(httpx.AsyncBaseTransport):
    """A transport that counts its calls."""

    world: World
    calls: int = 0
    is_closed: bool = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.calls += 1
        body = Body(self.world)
        self.world.bodies.append(body)
        return httpx.Response(200, stream=body)

    async def aclose(self) -> None:
        await anyio.lowlevel.checkpoint()
        self.is_closed = True


@define(eq=False)
class World:
    """All transports of a test, and when they answer."""

    answers: anyio.Event
    is_broken: bool = False
    transports: list[Transport] = field(factory=list[Transport])
    bodies: list[Body] = field(factory=list[Body])

    def make(self) -> Transport:
        """Return one more transport."""
        self.transports.append(Transport(self))
        return self.transports[-1]


def request(pool: float | None = None) -> httpx.Request:
    """Return a request that waits so long for a connection."""
    return httpx.Request("GET", "http://127.0.0.1/", extensions={"timeout": {"pool": pool}})


@BACKENDS
def test_calls_one_after_another_share_a_connection(backend: str) -> None:
    """The connection that was used last is used again."""

    async def main() -> None:
        world = World(anyio.Event())
        world.answers.set()
        connections = AsyncConnections(world.make)
        for _ in range(3):
            assert (await connections.send(request())).content == b"{}"
        assert [one.calls for one in world.transports] == [3]

    anyio.run(main, backend=backend)


@BACKENDS
def test_there_is_a_most_of_calls_at_once(backend: str) -> None:
    """One more waits for its place: in vain if it has no time, and else until there is one."""

    async def main() -> None:
        world = World(anyio.Event())
        connections = AsyncConnections(world.make)
        async with anyio.create_task_group() as group:
            for _ in range(MOST):
                group.start_soon(connections.send, request())
            await anyio.wait_all_tasks_blocked()
            with pytest.raises(httpx.PoolTimeout, match="100 calls are under way"):
                await connections.send(request(pool=0.0))
            group.start_soon(connections.send, request())
            await anyio.wait_all_tasks_blocked()
            assert sum(one.calls for one in world.transports) == MOST
            world.answers.set()
        assert sum(one.calls for one in world.transports) == MOST + 1
        assert len(world.transports) == MOST

    anyio.run(main, backend=backend)


@BACKENDS
def test_a_cancelled_call_leaves_its_place(backend: str) -> None:
    """Its answer is closed, and the next call has a connection."""

    async def main() -> None:
        world = World(anyio.Event())
        connections = AsyncConnections(world.make)
        async with anyio.create_task_group() as group:
            for _ in range(MOST):
                group.start_soon(connections.send, request())
            await anyio.wait_all_tasks_blocked()
            group.cancel_scope.cancel()
        assert all(body.is_closed for body in world.bodies)
        world.answers.set()
        await connections.send(request(pool=0.0))
        assert len(world.transports) == MOST

    anyio.run(main, backend=backend)


@BACKENDS
def test_an_error_while_an_answer_is_read_names_its_request(backend: str) -> None:
    """As an httpx client would have it."""

    async def main() -> None:
        world = World(anyio.Event(), is_broken=True)
        world.answers.set()
        asked = request()
        with pytest.raises(httpx.ReadError) as caught:
            await AsyncConnections(world.make).send(asked)
        assert caught.value.request is asked
        assert world.bodies[0].is_closed

    anyio.run(main, backend=backend)


def test_connections_that_nobody_uses_are_closed() -> None:
    """After a burst, all but the one in use are given up with the next call."""

    async def main() -> None:
        world = World(anyio.Event())
        connections = AsyncConnections(world.make)
        async with anyio.create_task_group() as group:
            for _ in range(5):
                group.start_soon(connections.send, request())
            await anyio.wait_all_tasks_blocked()
            world.answers.set()
        await anyio.sleep(IDLE - 1)
        await connections.send(request())
        assert not any(one.is_closed for one in world.transports)
        await anyio.sleep(2)
        await connections.send(request())
        assert [one.is_closed for one in world.transports].count(False) == 1

    trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))


@BACKENDS
def test_closing_closes_all(backend: str) -> None:
    """Connections in use are no exception."""

    async def main() -> None:
        world = World(anyio.Event())
        connections = AsyncConnections(world.make)
        async with anyio.create_task_group() as group:
            for _ in range(2):
                group.start_soon(connections.send, request())
            await anyio.wait_all_tasks_blocked()
            await connections.aclose()
            assert [one.is_closed for one in world.transports] == [True, True]
            world.answers.set()

    anyio.run(main, backend=backend)


@BACKENDS
def test_who_is_cancelled_leaves_no_connection_open(backend: str) -> None:
    """Time that is up at the end of an `async with` block does not keep it from closing."""

    async def main() -> None:
        world = World(anyio.Event())
        world.answers.set()
        connections = AsyncConnections(world.make)
        async with anyio.create_task_group() as group:
            for _ in range(3):
                group.start_soon(connections.send, request())
        with anyio.CancelScope() as scope:
            scope.cancel()
            await connections.aclose()
        assert all(one.is_closed for one in world.transports)

    anyio.run(main, backend=backend)
