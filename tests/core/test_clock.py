"""Clocks: the virtual one jumps only when all who take part sleep."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import anyio
import pytest

from omics_runs._clock import ScaledClock, SystemClock, VirtualClock, wait_for


@pytest.mark.parametrize(
    "clock", [SystemClock(), ScaledClock(60), VirtualClock()], ids=lambda c: type(c).__name__
)
def test_the_time_of_day_is_real(clock: SystemClock | ScaledClock | VirtualClock) -> None:
    """Signatures expire by real time, whatever the clock that is waited by."""
    assert abs(clock.now() - datetime.now(UTC)) < timedelta(minutes=1)
    assert clock.now().tzinfo is UTC


@pytest.mark.parametrize("speed", [0, -1, float("nan")])
def test_a_scaled_clock_must_move(speed: float) -> None:
    """A speed that is not above 0 is refused."""
    with pytest.raises(ValueError, match="speed"):
        ScaledClock(speed)


def test_a_lone_sleeper_returns_at_once() -> None:
    """With one participant each sleep moves time by itself, and no further."""
    clock = VirtualClock()
    clock.sleep(3600)
    clock.sleep(-5)
    clock.advance(60)
    assert clock.monotonic() == 3660


def test_a_long_sleep_wakes_up_now_and_then() -> None:
    """A thread never waits without a timeout, which Ctrl-C could not end on Windows."""
    answers, timeouts = [True, False, False], list[float]()

    def wait(timeout: float) -> bool:
        timeouts.append(timeout)
        return answers.pop()

    wait_for(wait)
    assert timeouts == [1.0, 1.0, 1.0]


def test_threads_meet_in_virtual_time() -> None:
    """Each of several threads wakes at its own time, in the order of their waking."""
    clock = VirtualClock(participants=3)
    woken: list[tuple[float, int]] = []
    lock = threading.Lock()

    def work(seconds: int) -> None:
        for _ in range(4):
            clock.sleep(seconds)
            with lock:
                woken.append((clock.monotonic(), seconds))
        clock.leave()

    threads = [threading.Thread(target=work, args=(n,)) for n in (2, 3, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(woken) == sorted((n * turn, n) for n in (2, 3, 5) for turn in (1, 2, 3, 4))
    assert [time for time, _ in woken] == sorted(time for time, _ in woken)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_tasks_meet_in_virtual_time(backend: str) -> None:
    """Each of several tasks wakes at its own time."""
    woken: list[tuple[float, int]] = []

    async def main() -> None:
        clock = VirtualClock(participants=0)

        async def work(seconds: int) -> None:
            for _ in range(3):
                await clock.asleep(seconds)
                woken.append((clock.monotonic(), seconds))
            clock.leave()

        with clock.joined(2):
            clock.advance(0)
            async with anyio.create_task_group() as group:
                group.start_soon(work, 2)
                group.start_soon(work, 3)
            with clock.joined(2):
                assert clock.monotonic() == 9

    anyio.run(main, backend=backend)
    assert sorted(woken) == [(2, 2), (3, 3), (4, 2), (6, 2), (6, 3), (9, 3)]


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_cancelled_sleeper_is_forgotten(backend: str) -> None:
    """A task that is cancelled in its sleep holds nobody up later."""

    async def main() -> float:
        clock = VirtualClock(participants=2)
        with anyio.move_on_after(0.01):
            await clock.asleep(10)
        clock.leave()
        await clock.asleep(1)
        return clock.monotonic()

    assert anyio.run(main, backend=backend) == 1
