"""Events that shorten a wait for many runs: read beside it, for as long as it lasts.

Polling has the last word. So whatever becomes of the events, the worst that can happen is that a
run's end is seen in the next round.
"""

from __future__ import annotations

import threading
from collections.abc import AsyncIterable, Awaitable, Callable, Generator, Iterable, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import anyio
from attrs import field, frozen

from omics_runs._errors import InvalidRequestError
from omics_runs._events import BatchEvent, RunEvent, TaskEvent, parse_event
from omics_runs._job import logger

if TYPE_CHECKING:
    from omics_runs._fleet_plan import FleetWait

EventLike: TypeAlias = RunEvent | TaskEvent | BatchEvent | Mapping[str, Any] | str | bytes | None
"""An event: parsed, as EventBridge delivers it, or its JSON text; None for none just now."""

T = TypeVar("T")


@frozen
class _Ear:
    """Takes events for a wait until it is over, and says so where they are of no use."""

    wait: FleetWait
    is_over: threading.Event = field(factory=threading.Event)

    def take(self, event: EventLike) -> None:
        """Pass an event on to the wait, as a hint."""
        if event is None:
            return
        try:
            if not isinstance(event, (RunEvent, TaskEvent, BatchEvent)):
                event = parse_event(event)
            self.wait.hint(event)
        except InvalidRequestError as error:
            self._warn("an event is ignored: %s", error)

    def ended(self, error: Exception | None = None) -> None:
        """Say that there are no more events, unless nobody waits for them any more."""
        if not self.is_over.is_set():
            reason = "the events have ended" if error is None else error
            self._warn("going on by polling alone: %s", reason)

    def _warn(self, message: str, reason: object) -> None:
        told = {"error": type(reason).__name__ if isinstance(reason, Exception) else None}
        logger.warning(message, reason, extra={"omics_runs": told})


@contextmanager
def listening(wait: FleetWait, events: Iterable[EventLike] | None) -> Generator[None]:
    """Have a thread read the events during the block.

    Nobody can interrupt who reads a foreign iterator. So the thread keeps no process alive, and
    after the block it ends at the next event, or with the events.
    """
    if events is None:
        yield
        return
    ear = _Ear(wait)
    threading.Thread(
        target=_read, args=(ear, events), name="omics_runs events", daemon=True
    ).start()
    try:
        yield
    finally:
        ear.is_over.set()


def _read(ear: _Ear, events: Iterable[EventLike]) -> None:
    try:
        for event in events:
            if ear.is_over.is_set():
                return
            ear.take(event)
    except Exception as error:  # noqa: BLE001  (whatever a foreign iterator raises)
        ear.ended(error)
    else:
        ear.ended()


async def with_events(
    wait: FleetWait, events: AsyncIterable[EventLike] | None, work: Callable[[], Awaitable[T]]
) -> T:
    """Return what `work` returns; a task reads the events meanwhile.

    A task group would wrap what is raised in it. So that becomes a value, and comes out bare; a
    cancellation is left to the group.
    """
    if events is None:
        return await work()
    results: list[T] = []
    failures: list[BaseException] = []

    async def guarded(part: Awaitable[None]) -> None:
        try:
            await part
        except (Exception, KeyboardInterrupt, SystemExit) as error:  # noqa: BLE001  (raised below)
            failures.append(error)
            group.cancel_scope.cancel()

    async def main() -> None:
        results.append(await work())
        group.cancel_scope.cancel()

    async with anyio.create_task_group() as group:
        group.start_soon(guarded, _aread(_Ear(wait), events))
        await guarded(main())
    try:
        for failure in failures:
            raise failure
        return results[0]
    finally:
        failures.clear()  # else this frame and a traceback keep each other alive


async def _aread(ear: _Ear, events: AsyncIterable[EventLike]) -> None:
    """Read until there is no more; cancelled nowhere but in the iterator, which so can clean up."""
    try:
        async for event in events:
            ear.take(event)
    except Exception as error:  # noqa: BLE001  (whatever a foreign iterator raises)
        ear.ended(error)
    else:
        ear.ended()
