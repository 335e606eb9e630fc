"""Many callers of one client: the service has nothing to throttle, whatever the color."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

import anyio
import pytest

from omics_runs import SERVICE_RATES, TERMINAL, AsyncOmicsRunsClient, RetryPolicy, errors
from omics_runs._model import Response
from omics_runs._pacing import HEADROOM
from omics_runs.emulator import Durations, Emulator, Fault, VirtualClock

from .conftest import Caller

RUN: Mapping[str, Any] = {
    "workflow_id": "1234567",
    "role_arn": "arn:aws:iam::123456789012:role/OmicsRole",
    "output_uri": "s3://my-bucket/output",
}
RUNS, WORKERS, WAITS = 40, 16, 300
BACKENDS = [pytest.param(name, id=name) for name in ("asyncio", "trio")]
ONE_A_SECOND = {"StartRun": SERVICE_RATES["StartRun"]}
ONE_IN_TEN_SECONDS = {"StartRun": 0.1 * HEADROOM}


@pytest.fixture
def emulator() -> Emulator:
    """Have an emulator that lets calls pass as often as they come.

    Its clients in process wait five seconds for an answer, as httpx does by itself.
    """
    return Emulator(VirtualClock())


# --- the headline ---------------------------------------------------------------------------


def start_in_threads(emulator: Emulator, clock: VirtualClock) -> list[Response]:
    """Start all runs from threads that share a client."""
    client = emulator.client(rate_limits=ONE_A_SECOND)
    todo, started = iter(range(RUNS)), []

    def work() -> None:
        for _ in todo:
            started.append(client.start_run(**RUN))  # noqa: PERF401  (others append, too)
        clock.leave()

    threads = [threading.Thread(target=work) for _ in range(WORKERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return started


def start_in_tasks(emulator: Emulator, clock: VirtualClock, backend: str) -> list[Response]:
    """Start all runs from tasks that share a client."""
    client = emulator.async_client(rate_limits=ONE_A_SECOND)
    todo, started = iter(range(RUNS)), []

    async def work() -> None:
        for _ in todo:
            started.append(await client.start_run(**RUN))  # noqa: PERF401  (see above)
        clock.leave()

    async def main() -> None:
        async with client, anyio.create_task_group() as group:
            for _ in range(WORKERS):
                group.start_soon(work)

    anyio.run(main, backend=backend)
    return started


@pytest.mark.parametrize("workers", ["threads", "asyncio", "trio"])
def test_forty_starts_of_sixteen_workers(workers: str) -> None:
    """At the service's default of one StartRun a second none is throttled, and none is late."""
    clock = VirtualClock(participants=WORKERS)
    emulator = Emulator(clock, rates="documented")
    if workers == "threads":
        started = start_in_threads(emulator, clock)
    else:
        started = start_in_tasks(emulator, clock, workers)
    assert len(started) == len(emulator.runs) == RUNS
    assert emulator.count("StartRun") == RUNS
    assert RUNS - 1 <= clock.monotonic() <= RUNS + 1


def test_three_hundred_waits() -> None:
    """As many waits at once as nobody should have: no poll is throttled, and all runs are seen."""
    clock = VirtualClock(participants=WAITS)
    durations = Durations(pending=5, starting=20, running=60, stopping=5)
    emulator = Emulator(clock, rates={"GetRun": SERVICE_RATES["GetRun"]}, durations=durations)
    found = []

    async def wait(client: AsyncOmicsRunsClient) -> None:
        started = await client.start_run(**RUN)
        run = await client.wait_until(started, TERMINAL, timeout=3600)
        found.append(run.status)
        clock.leave()

    async def main() -> None:
        async with emulator.async_client() as client, anyio.create_task_group() as group:
            for _ in range(WAITS):
                group.start_soon(wait, client)

    anyio.run(main)
    assert found == ["COMPLETED"] * WAITS
    assert {call.status for call in emulator.requests} == {200, 201}
    assert emulator.count("GetRun") <= 2 * clock.monotonic() + 1


# --- whose turn it is -----------------------------------------------------------------------


def test_twins_share_their_turns(caller: Caller, emulator: Emulator) -> None:
    """Clients of `with_options` take turns with the client that they were made of."""
    client = caller.client(emulator, rate_limits=ONE_IN_TEN_SECONDS)
    twin = client.wrapped.with_options(retry=RetryPolicy(max_attempts=1))
    client.start_run(**RUN)
    caller.run(twin.start_run, **RUN)
    client.start_run(**RUN)
    assert emulator.clock.monotonic() == pytest.approx(20, abs=0.01)


def test_retries_take_turns_too(caller: Caller, emulator: Emulator) -> None:
    """Each attempt waits for its turn, and the time of the wait is not the attempt's."""
    client = caller.client(
        emulator, rate_limits=ONE_IN_TEN_SECONDS, retry=RetryPolicy(max_attempts=2)
    )
    client.start_run(**RUN)
    emulator.faults.add(Fault.throttle("StartRun", times=2))
    with pytest.raises(errors.ThrottlingError) as caught:
        client.start_run(**RUN)
    assert emulator.clock.monotonic() == pytest.approx(20, abs=0.01)
    assert [attempt.duration for attempt in caught.value.attempts] == [0, 0]


def test_polls_take_turns_and_calls_of_yours_do_not(caller: Caller, emulator: Emulator) -> None:
    """The polls of all waits share two a second by default; other calls need not wait for them."""
    client = caller.client(emulator)
    started = client.start_run(**RUN)
    for _ in range(5):
        client.wait_until(started, "PENDING")
        client.get_run(started.id)
    assert emulator.clock.monotonic() == pytest.approx(2 * HEADROOM, abs=0.01)


def test_polls_without_a_rate(caller: Caller, emulator: Emulator) -> None:
    """None turns the pace of the polls off; an operation's own limit then stays."""
    client = caller.client(emulator, poll_rate=None, rate_limits={"GetRun": 10})
    started = client.start_run(**RUN)
    for _ in range(5):
        client.wait_until(started, "PENDING")
    client.get_run(started.id)
    assert emulator.clock.monotonic() == pytest.approx(0.5 * HEADROOM, abs=0.01)


class InterruptedClock(VirtualClock):
    """A clock on which somebody presses Ctrl-C in the first sleep."""

    presses = 1

    def sleep(self, seconds: float, *, given_up: threading.Event | None = None) -> None:
        if self.presses:
            self.presses -= 1
            raise KeyboardInterrupt
        super().sleep(seconds, given_up=given_up)


def test_an_interrupted_call_leaves_its_place_to_the_next() -> None:
    """Whoever is interrupted while waiting sends nothing, and the next one has its turn."""
    emulator = Emulator(InterruptedClock())
    client = emulator.client(rate_limits=ONE_IN_TEN_SECONDS)
    client.start_run(**RUN)
    with pytest.raises(KeyboardInterrupt):
        client.start_run(**RUN)
    client.start_run(**RUN)
    assert emulator.clock.monotonic() == pytest.approx(10, abs=0.01)
    assert emulator.count("StartRun") == 2


class InterruptingClock(VirtualClock):
    """A clock in whose first sleep a signal handler runs."""

    handlers: list[Callable[[], object]]

    def sleep(self, seconds: float, *, given_up: threading.Event | None = None) -> None:
        while self.handlers:
            self.handlers.pop()()
        super().sleep(seconds, given_up=given_up)


def test_a_signal_handler_has_its_turn() -> None:
    """A handler that calls does not wait for the call that it interrupts, which goes on later."""
    clock = InterruptingClock()
    emulator = Emulator(clock)
    client = emulator.client(rate_limits=ONE_IN_TEN_SECONDS)
    moments: list[float] = []

    def start() -> None:
        client.start_run(**RUN)
        moments.append(clock.monotonic())

    clock.handlers = [start]
    start()
    start()
    assert moments == pytest.approx([0, 20, 30], abs=0.01)


@pytest.mark.parametrize("backend", BACKENDS)
def test_those_behind_a_cancelled_task_move_up(backend: str) -> None:
    """Tasks that are cancelled in the queue send nothing, and cost the others no time."""
    clock = VirtualClock(participants=5)
    emulator = Emulator(clock)
    moments: list[float] = []

    async def start(client: AsyncOmicsRunsClient, scope: anyio.CancelScope) -> None:
        with scope:
            await client.start_run(**RUN)
            moments.append(clock.monotonic())
        clock.leave()

    async def main() -> None:
        scopes = [anyio.CancelScope() for _ in range(4)]
        async with (
            emulator.async_client(rate_limits=ONE_IN_TEN_SECONDS) as client,
            anyio.create_task_group() as group,
        ):
            for scope in scopes:
                group.start_soon(start, client, scope)
                await anyio.wait_all_tasks_blocked()
            await clock.asleep(0.5)
            scopes[1].cancel()
            scopes[2].cancel()
            clock.leave()

    anyio.run(main, backend=backend)
    assert moments == [0, pytest.approx(10, abs=0.01)]
    assert emulator.count("StartRun") == 2


# --- deadlines ------------------------------------------------------------------------------


def test_a_turn_beyond_the_deadline(caller: Caller, emulator: Emulator) -> None:
    """A call that can't have its turn in time ends at once, and has sent nothing."""
    client = caller.client(emulator, rate_limits=ONE_IN_TEN_SECONDS)
    client.start_run(**RUN)
    with pytest.raises(errors.TransportTimeoutError) as caught:
        client.start_run(**RUN, timeout=7)
    assert str(caught.value) == (
        "StartRun: the turn at rate_limits['StartRun'] (0.105/s) is 10.0 s away, "
        "more than is left of the total timeout of 7 s"
    )
    assert caught.value.attempts == ()
    assert not caught.value.may_have_taken_effect
    assert (emulator.count("StartRun"), emulator.clock.monotonic()) == (1, 0)


@pytest.mark.parametrize(
    ("status", "is_open"),
    [
        pytest.param(429, False, id="throttled, so it was not started"),
        pytest.param(500, True, id="it may have been started"),
    ],
)
def test_a_retry_whose_turn_is_beyond_the_deadline(
    caller: Caller, emulator: Emulator, status: int, is_open: bool
) -> None:
    """The error tells of the attempts that were made, and whether they may have had an effect."""
    client = caller.client(emulator, rate_limits=ONE_IN_TEN_SECONDS)
    emulator.faults.add(Fault("StartRun", status=status))
    with pytest.raises(errors.TransportTimeoutError, match="the turn at rate_limits") as caught:
        client.start_run(**RUN, timeout=7)
    assert [attempt.status_code for attempt in caught.value.attempts] == [status]
    assert caught.value.may_have_taken_effect is is_open
    assert emulator.count("StartRun") == 1


@pytest.mark.parametrize(
    ("timeout", "turns"),
    [
        pytest.param(40, 0, id="some time"),
        pytest.param(80, 0, id="too little"),
        pytest.param(97, 1, id="a poll that may be a little late"),
        pytest.param(150, 1, id="enough time"),
    ],
)
def test_a_wait_among_too_many(
    caller: Caller, emulator: Emulator, timeout: float, turns: int
) -> None:
    """A wait without a turn tries again until its deadline, and then tells what kept it."""
    client = caller.client(emulator, poll_rate=0.01 * HEADROOM)
    started = client.start_run(**RUN)
    client.wait_until(started, "PENDING")
    with pytest.raises(errors.WaitTimeoutError) as caught:
        client.wait_until(started, "COMPLETED", timeout=timeout)
    error = caught.value
    assert emulator.count("GetRun") == 1 + turns
    assert error.polls == turns
    if turns == 0:
        assert error.elapsed == pytest.approx(timeout, abs=0.01)
        assert "and 0 polls, not COMPLETED; the last try failed: the turn at" in str(error)
        assert str(error).endswith("than is left of the total timeout of 5 s")


def test_to_look_once(caller: Caller, emulator: Emulator) -> None:
    """A wait without any time polls exactly once, however many other polls are in front."""
    client = caller.client(emulator, poll_rate=0.01)
    started = client.start_run(**RUN)
    for _ in range(3):
        with pytest.raises(errors.WaitTimeoutError, match=r"was PENDING after 0.0 s and 1 poll,"):
            client.wait_until(started, "COMPLETED", timeout=0)
    assert (emulator.count("GetRun"), emulator.clock.monotonic()) == (3, 0)


@pytest.mark.parametrize(
    ("interval", "polls", "seconds"),
    [
        pytest.param(4, 1, 4, id="a turn within one read"),
        pytest.param(6, 0, 0, id="a turn that is too far away"),
    ],
)
def test_to_look_once_at_a_limit(
    caller: Caller, emulator: Emulator, interval: float, polls: int, seconds: float
) -> None:
    """A limit on the operation is for the only poll of a wait as well."""
    client = caller.client(emulator, rate_limits={"GetRun": HEADROOM / interval})
    started = client.start_run(**RUN)
    client.get_run(started.id)
    with pytest.raises(errors.WaitTimeoutError, match=rf"and {polls} polls?,"):
        client.wait_until(started, "COMPLETED", timeout=0)
    assert emulator.clock.monotonic() == pytest.approx(seconds, abs=0.01)


# --- arguments ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        pytest.param({"rate_limits": {"start_run": 1}}, "calls it 'StartRun'", id="a method"),
        pytest.param({"poll_rate": 0}, "poll_rate must be", id="no polls at all"),
    ],
)
def test_a_client_refuses(caller: Caller, arguments: Mapping[str, Any], what: str) -> None:
    """Clients of each color check the arguments when they are built."""
    with pytest.raises(errors.ConfigurationError, match=what):
        caller.remote(region="us-west-2", **arguments)
