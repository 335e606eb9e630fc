"""Events beside a wait for many runs: they shorten it, and whatever becomes of them does no harm.

The clock is virtual, and rounds would come a quarter of an hour apart. So when a wait is over tells
what has ended it.
"""

from __future__ import annotations

import contextlib
import logging
import queue
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from omics_runs import FleetProgress, RunRef, errors, parse_event
from omics_runs.emulator import Durations, Emulator, Fault, VirtualClock

from .conftest import Caller
from .servers import PATIENCE

RUN = {
    "workflow_id": "1234567",
    "role_arn": "arn:aws:iam::123456789012:role/OmicsRole",
    "output_uri": "s3://my-bucket/output",
}
QUARTER = 900
RARELY = {"min_delay": QUARTER, "max_delay": QUARTER}
SOON = 300
"""When all runs have ended, and the events come."""
READER = "omics_runs events"
END = object()
"""What has an iterator of events end."""
Script = Callable[[list[RunRef]], list[Any]]


@pytest.fixture
def emulator() -> Emulator:
    """Have an emulator whose runs end long before the second round."""
    return emulator_of(100)


def emulator_of(running: int) -> Emulator:
    """Return an emulator whose runs take about so many seconds."""
    durations = Durations(pending=5, starting=60, running=running, stopping=5)
    return Emulator(VirtualClock(), durations=durations, verify_signatures=False)


def start(emulator: Emulator, runs: int) -> list[RunRef]:
    """Start runs and return what names them for good."""
    with emulator.client(sign=False) as client:
        return [client.start_run(**RUN).ref for _ in range(runs)]


def about(ref: RunRef, status: str = "COMPLETED", kind: str = "Run") -> dict[str, Any]:
    """Return an event as EventBridge delivers it."""
    noun = {"Run": "run", "RunBatch": "runBatch"}[kind]
    detail = {
        "arn": f"arn:aws:omics:us-west-2:123456789012:{noun}/{ref.id}",
        "status": status,
        "uuid": ref.uuid,
    }
    return {"source": "aws.omics", "detail-type": f"{kind} Status Change", "detail": detail}


class Feed:
    """Events that come after the first round, as an iterator of the client's color."""

    def __init__(self, caller: Caller, emulator: Emulator, items: list[Any]) -> None:
        self._is_async = caller.is_async
        self._clock: VirtualClock = emulator.clock  # type: ignore[assignment]
        self._items = items
        self._queue: queue.Queue[Any] = queue.Queue()

    @property
    def events(self) -> Any:
        """The iterator, once."""
        return self._as_async() if self._is_async else self._as_sync()

    def _as_sync(self) -> Iterator[Any]:
        while True:
            item = self._queue.get(timeout=PATIENCE)
            try:
                if item is END:
                    return
                yield raised(item)
            finally:
                self._queue.task_done()  # when the next one is asked for

    async def _as_async(self) -> AsyncIterator[Any]:
        while True:
            await anyio.lowlevel.checkpoint()
            with contextlib.suppress(queue.Empty):
                item = self._queue.get_nowait()
                if item is END:
                    return
                yield raised(item)

    def put(self, item: Any) -> None:
        """Have an item come."""
        self._queue.put(item)

    def __call__(self, progress: FleetProgress) -> None:
        """After the first round, let all runs end, and have the events read."""
        if not self._items:
            return
        self._clock.advance(SOON)
        while self._items:
            self.put(self._items.pop(0))
        assert self._is_async or self._is_read()

    def _is_read(self) -> bool:
        with self._queue.all_tasks_done:
            done = self._queue.all_tasks_done
            return done.wait_for(lambda: not self._queue.unfinished_tasks, PATIENCE)

    def close(self) -> None:
        """Have its reader end."""
        self.put(None)
        for thread in readers():
            thread.join(PATIENCE)


def raised(item: Any) -> Any:
    """Return an item; raise one that is an exception."""
    if isinstance(item, BaseException):
        raise item
    return item


def readers() -> list[threading.Thread]:
    """Return the threads that read events."""
    return [thread for thread in threading.enumerate() if thread.name == READER]


HELPFUL = [
    pytest.param(lambda refs: [about(ref) for ref in refs], id="as delivered"),
    pytest.param(lambda refs: [parse_event(about(ref)) for ref in refs], id="parsed"),
    pytest.param(lambda refs: [about(RunRef("77"), "PROCESSED", "RunBatch")], id="of a batch"),
    pytest.param(lambda refs: [about(ref) for ref in refs * 3], id="repeated"),
    pytest.param(lambda refs: [None, *map(about, refs), None], id="none now and then"),
    pytest.param(lambda refs: ["x", 7, {}, {"source": "aws.s3"}, *map(about, refs)], id="not ours"),
    pytest.param(lambda refs: [*map(about, refs), OSError("gone")], id="then an error"),
    pytest.param(lambda refs: [*map(about, refs), END], id="then the end"),
    pytest.param(lambda refs: [about(RunRef("77")), *map(about, refs)], id="of strangers, too"),
]
USELESS = [
    pytest.param(lambda refs: [about(ref) for ref in refs[:-1]], id="one is lost"),
    pytest.param(lambda refs: [None], id="all are lost"),
    pytest.param(lambda refs: [END], id="the end came first"),
    pytest.param(lambda refs: [OSError("gone")], id="an error came first"),
    pytest.param(lambda refs: [about(ref, "RUNNING") for ref in refs], id="they tell of no end"),
]


def wait_all(caller: Caller, emulator: Emulator, script: Script, **how: Any) -> float:
    """Wait for three runs, all of which complete; return when the wait was over."""
    refs = start(emulator, 3)
    feed = Feed(caller, emulator, script(refs))
    client = caller.client(emulator, poll_rate=None, sign=False)
    how = {**RARELY, "progress": feed, **how}
    try:
        outcomes = client.wait_all(refs, events=feed.events, **how)
        over = emulator.clock.monotonic()
    finally:
        feed.close()
    assert [outcome.ref for outcome in outcomes] == refs
    assert [outcome.unwrap().status for outcome in outcomes] == ["COMPLETED"] * 3
    return over


@pytest.mark.parametrize("script", HELPFUL)
def test_events_shorten_a_wait(caller: Caller, emulator: Emulator, script: Script) -> None:
    """A run of which an event tells is asked for about a second later, not in the next round."""
    assert SOON <= wait_all(caller, emulator, script) <= SOON + 20
    assert emulator.count("GetRun") <= 9


@pytest.mark.parametrize("script", USELESS)
def test_polling_has_the_last_word(caller: Caller, emulator: Emulator, script: Script) -> None:
    """What no event has told is seen in the next round."""
    assert QUARTER <= wait_all(caller, emulator, script) <= QUARTER + SOON + 20


def test_a_wrong_event_is_not_believed(caller: Caller) -> None:
    """A run that goes on is waited for, whatever was told of it."""

    def tell_falsely(refs: list[RunRef]) -> list[Any]:
        return [about(ref, status) for ref in refs for status in ("COMPLETED", "FAILED")]

    assert wait_all(caller, emulator_of(500), tell_falsely) >= QUARTER


@pytest.mark.parametrize(
    ("item", "told", "error"),
    [
        pytest.param(OSError("gone"), "going on by polling alone: gone", "OSError", id="error"),
        pytest.param(END, "going on by polling alone: the events have ended", None, id="end"),
        pytest.param("x", "an event is ignored: ", "InvalidRequestError", id="no event"),
    ],
)
def test_trouble_with_events_is_a_warning(
    item: Any,
    told: str,
    error: str | None,
    caller: Caller,
    emulator: Emulator,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Whoever wonders why a wait was long finds the reason in the log."""
    heard = threading.Event()

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            heard.set()

    class Patient(Feed):
        def __call__(self, progress: FleetProgress) -> None:
            super().__call__(progress)
            assert caller.is_async or heard.wait(PATIENCE)

    refs = start(emulator, 1)
    feed = Patient(caller, emulator, [item])
    logger, listener = logging.getLogger("omics_runs"), Listener(logging.WARNING)
    logger.addHandler(listener)
    try:
        client = caller.client(emulator, poll_rate=None, sign=False)
        client.wait_all(refs, events=feed.events, progress=feed, **RARELY)
    finally:
        logger.removeHandler(listener)
        feed.close()
    (record,) = [one for one in caplog.records if one.levelno == logging.WARNING]
    assert record.getMessage().startswith(told)
    assert record.omics_runs == {"error": error}  # type: ignore[attr-defined]


def test_an_error_of_the_wait_comes_out_as_it_is(caller: Caller, emulator: Emulator) -> None:
    """Beside events, too, an error is no group of errors."""
    emulator.faults.add(Fault("GetRun", code="UnrecognizedClientException", status=403))
    with pytest.raises(errors.AuthenticationError):
        wait_all(caller, emulator, lambda refs: [])


ENDS = pytest.mark.parametrize("kind", [RuntimeError, KeyboardInterrupt, SystemExit])


@ENDS
def test_what_ends_a_sync_wait_ends_its_reader(
    kind: type[BaseException], emulator: Emulator
) -> None:
    """Whatever the function for progress raises is raised, and the reader ends at the next item."""
    feed = Feed(Caller(None), emulator, [])
    client = emulator.client(poll_rate=None, sign=False)
    with pytest.raises(kind):
        client.wait_all(start(emulator, 1), events=feed.events, progress=raiser(kind))
    (reader,) = readers()
    assert reader.daemon
    feed.put(END)
    reader.join(PATIENCE)
    assert not reader.is_alive()
    feed.close()


@ENDS
def test_what_ends_an_async_wait_comes_out_bare(
    kind: type[BaseException], emulator: Emulator, anyio_backend: str
) -> None:
    """Whatever the function for progress raises is raised, and the iterator is cancelled."""
    life: list[str] = []

    async def main() -> None:
        client = emulator.async_client(poll_rate=None, sign=False)
        how: Any = {"progress": raiser(kind, after=2), "min_delay": 1, "max_delay": 1}
        with pytest.raises(kind):
            await client.wait_all(start(emulator, 1), events=endless(life), **how)

    anyio.run(main, backend=anyio_backend)
    assert life == ["begun", "ended"]


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit])
def test_what_interrupts_an_async_iterator_comes_out_bare(
    kind: type[BaseException], emulator: Emulator, anyio_backend: str
) -> None:
    """Ctrl-C may hit the code that waits for events; it ends the wait, and is no group either."""

    async def interrupted() -> AsyncIterator[Any]:
        yield None
        raise kind

    async def main() -> None:
        client = emulator.async_client(poll_rate=None, sign=False)
        with pytest.raises(kind):
            await client.wait_all(start(emulator, 1), events=interrupted(), **RARELY)

    anyio.run(main, backend=anyio_backend)


def test_a_cancelled_wait_cancels_its_iterator(emulator: Emulator, anyio_backend: str) -> None:
    """Cancellation is left to the event loop, and leaves nobody behind."""
    life: list[str] = []

    async def main() -> None:
        client = emulator.async_client(poll_rate=None, sign=False)
        with anyio.CancelScope() as scope:

            def cancel(progress: FleetProgress) -> None:
                if life:
                    scope.cancel()

            how: Any = {"progress": cancel, "min_delay": 1, "max_delay": 1}
            await client.wait_all(start(emulator, 1), events=endless(life), **how)
        assert scope.cancelled_caught

    anyio.run(main, backend=anyio_backend)
    assert life == ["begun", "ended"]


def test_a_finished_wait_cancels_its_iterator(emulator: Emulator, anyio_backend: str) -> None:
    """Who has all outcomes does not wait for one more event."""
    life: list[str] = []

    async def main() -> None:
        client = emulator.async_client(poll_rate=None, sign=False)
        (outcome,) = await client.wait_all(start(emulator, 1), events=endless(life))
        assert outcome.error is None

    anyio.run(main, backend=anyio_backend)
    assert life == ["begun", "ended"]


def test_events_after_the_end_are_nobodys_business(
    emulator: Emulator, caplog: pytest.LogCaptureFixture
) -> None:
    """The reader takes nothing after the wait is over, and complains of nothing."""
    for last in (about(RunRef("1")), "x", OSError("gone"), END):
        feed = Feed(Caller(None), emulator, [])
        with emulator.client(poll_rate=None, sign=False) as client:
            client.wait_all(start(emulator, 1), events=feed.events)
        (reader,) = readers()
        feed.put(last)
        reader.join(PATIENCE)
        assert not reader.is_alive()
        feed.close()
    assert [one for one in caplog.records if one.levelno >= logging.WARNING] == []


EXITS = """
import threading
from omics_runs.emulator import Emulator, VirtualClock

def events():
    threading.Event().wait()
    yield

client = Emulator(VirtualClock()).client()
run = client.start_run(workflow_id="1", role_arn="arn:aws:iam::123456789012:role/R",
                       output_uri="s3://b/o", storage_type="DYNAMIC")
print(client.wait_all([run], events=events())[0].unwrap().status)
client.close()
"""


def test_no_reader_keeps_a_process_alive() -> None:
    """A program ends although an iterator of events never does."""
    command = [sys.executable, "-W", "error", "-c", EXITS]
    done = subprocess.run(command, capture_output=True, check=True, text=True, timeout=PATIENCE)
    assert (done.stdout, done.stderr) == ("COMPLETED\n", "")


@pytest.mark.parametrize("events", ["text", b"bytes", {"source": "aws.omics"}, 7])
def test_what_gives_no_events_is_refused(events: Any, caller: Caller, emulator: Emulator) -> None:
    """A single event is no iterable of events; neither is a text."""
    client = caller.client(emulator)
    with pytest.raises(errors.InvalidRequestError, match=r"an (async )?iterable"):
        client.wait_all(["1"], events=events)
    assert emulator.requests == []


def test_the_iterable_has_to_be_of_the_clients_color(caller: Caller, emulator: Emulator) -> None:
    """A list can't be awaited, and an async generator not be iterated over by a thread."""
    events: Any = [] if caller.is_async else endless([])
    client = caller.client(emulator)
    with pytest.raises(errors.InvalidRequestError, match=r"events"):
        client.wait_all(["1"], events=events)


async def endless(life: list[str]) -> AsyncIterator[Any]:
    """Give no event, and note begin and end."""
    life.append("begun")
    try:
        yield None
        await anyio.sleep_forever()
    finally:
        life.append("ended")


def raiser(kind: type[BaseException], after: int = 1) -> Callable[[FleetProgress], None]:
    """Return a function for progress that raises at its call of this number."""
    calls: list[FleetProgress] = []

    def progress(told: FleetProgress) -> None:
        calls.append(told)
        if len(calls) == after:
            raise kind

    return progress
