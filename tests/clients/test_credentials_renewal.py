"""Credentials over days: renewed before they end, and once for all whose keys were refused."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import anyio
import attrs
import httpx
import pytest
from anyio import to_thread

from omics_runs._clock import SystemClock
from omics_runs._credential_source import CredentialSource
from omics_runs._credentials import Credentials
from omics_runs._drivers import AsyncDriver, SyncDriver
from omics_runs._effects import FetchCredentials, Flow
from omics_runs._errors import CredentialsError

from .keys import (
    KEYS,
    OTHER,
    THREADS,
    EmptySession,
    Fetch,
    Vault,
    async_callable,
    metadata,
    refreshable,
)

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)


@attrs.frozen
class Way:
    """A color to fetch in, and a kind of callable to be asked."""

    color: str
    kind: str

    def source(self, vault: Vault) -> CredentialSource:
        """Return a source that asks the vault and goes by its clock."""

        async def ask() -> Credentials:
            await anyio.lowlevel.checkpoint()
            return vault()

        kinds: dict[str, Callable[[], Any]] = {
            "plain": vault,
            "async": ask,
            "lambda": lambda: ask(),  # noqa: PLW0108 - a lambda is the point
        }
        return CredentialSource(kinds[self.kind], now=lambda: vault.now)

    def fetch(self, source: CredentialSource, refused: Credentials | None = None) -> Credentials:
        """Return what the source hands out."""
        if self.color == "sync":
            return source.fetch(refused)
        return anyio.run(source.afetch, refused, backend=self.color)

    def draw(self, source: CredentialSource) -> str:
        """Return the access key that the source hands out."""
        return self.fetch(source).access_key


@pytest.fixture(
    params=[
        pytest.param(Way("sync", "plain"), id="sync"),
        pytest.param(Way("asyncio", "plain"), id="asyncio-in-a-thread"),
        pytest.param(Way("asyncio", "async"), id="asyncio-awaited"),
        pytest.param(Way("trio", "lambda"), id="trio-in-a-thread-then-awaited"),
    ]
)
def way(request: pytest.FixtureRequest) -> Way:
    """Renew keys in each way in which that can happen."""
    return request.param  # type: ignore[no-any-return]


# --- before they end ----------------------------------------------------------------------------


def test_keys_without_end_are_asked_for_each_time(way: Way) -> None:
    """A callable that doesn't say how long its keys last is asked before each call."""
    source = way.source(Vault())
    assert [way.draw(source) for _ in range(3)] == ["AKID1", "AKID2", "AKID3"]


def test_keys_with_end_are_renewed_a_quarter_of_an_hour_before_it(way: Way) -> None:
    """Keys that say when they end are kept, and renewed fifteen minutes before."""
    vault = Vault(HOUR)
    source = way.source(vault)
    assert way.draw(source) == "AKID1"
    vault.now += 45 * MINUTE - SECOND
    assert way.draw(source) == "AKID1"
    vault.now += SECOND
    assert [way.draw(source), way.draw(source)] == ["AKID2", "AKID2"]


def test_real_clock_is_the_default(fetch: Fetch) -> None:
    """Without a clock of the test's own, the end is judged by the time of day."""
    vault = Vault(HOUR, now=datetime.now(UTC))
    source = CredentialSource(vault)
    assert fetch(source) == fetch(source)
    assert vault.asked == 1


def test_early_failure_is_logged_and_the_old_keys_go_on(
    way: Way, caplog: pytest.LogCaptureFixture
) -> None:
    """Fifteen to ten minutes before the end, a failure is a warning that shows no secret."""
    vault = Vault(HOUR)
    source = way.source(vault)
    way.draw(source)
    vault.now += 50 * MINUTE - SECOND
    vault.error = LookupError("hush")
    vault.error.__cause__ = OSError("hush")
    assert way.draw(source) == "AKID1"
    (record,) = [one for one in caplog.records if one.name == "omics_runs"]
    assert record.levelno == logging.WARNING
    assert "(LookupError from OSError); they are good until 2030-01-01 01:00" in caplog.text
    assert "hush" not in caplog.text


def test_early_failure_is_followed_by_a_minute_of_peace(way: Way) -> None:
    """After a failure not each call tries again, but one a minute; then all is well again."""
    vault = Vault(HOUR)
    source = way.source(vault)
    way.draw(source)
    vault.now += 46 * MINUTE
    vault.error = LookupError("sealed")
    assert [way.draw(source) for _ in range(3)] == ["AKID1"] * 3
    assert vault.asked == 2
    vault.now += MINUTE
    assert way.draw(source) == "AKID1"
    vault.now += MINUTE
    vault.error = None
    assert way.draw(source) == "AKID4"


def test_late_failure_is_raised(way: Way) -> None:
    """Ten minutes before the end, what the callable raises reaches the caller as it is."""
    vault = Vault(HOUR)
    source = way.source(vault)
    way.draw(source)
    vault.now += 50 * MINUTE
    vault.error = LookupError("sealed")
    for _ in range(2):
        with pytest.raises(LookupError) as caught:
            way.draw(source)
        assert caught.value is vault.error
    assert vault.asked == 3
    vault.error = None
    assert way.draw(source) == "AKID4"


def test_first_failure_is_raised(way: Way) -> None:
    """Without any keys yet, each call tries."""
    vault = Vault(error=LookupError("sealed"))
    source = way.source(vault)
    for _ in range(2):
        with pytest.raises(LookupError):
            way.draw(source)
    assert vault.asked == 2


def test_session_that_has_none_this_time_may_have_some_again(way: Way) -> None:
    """A callable may give a session without keys; that passes if it gave keys before."""
    vault = Vault(stuck=EmptySession())
    source = way.source(vault)
    with pytest.raises(CredentialsError, match="has none") as first:
        way.fetch(source)
    vault.stuck = KEYS
    way.fetch(source)
    vault.stuck = EmptySession()
    with pytest.raises(CredentialsError, match="has none") as later:
        way.fetch(source)
    assert (first.value.is_passing, later.value.is_passing) == (False, True)


@pytest.mark.parametrize(
    ("lifetime", "renewed_after"),
    [
        pytest.param(15 * MINUTE + 2 * SECOND, 2 * SECOND, id="just-longer-than-the-window"),
        pytest.param(15 * MINUTE, 7.5 * MINUTE, id="as-long-as-the-window"),
        pytest.param(5 * MINUTE, 2.5 * MINUTE, id="five-minutes"),
        pytest.param(SECOND, SECOND / 2, id="one-second"),
    ],
)
def test_short_lived_keys_are_used(
    lifetime: timedelta, renewed_after: timedelta, fetch: Fetch
) -> None:
    """Keys that live no longer than the windows are kept for half of their life, not one call."""
    vault = Vault(lifetime)
    source = CredentialSource(vault, now=lambda: vault.now)
    moments = [timedelta(), renewed_after - timedelta(microseconds=1), renewed_after]
    start = vault.now
    drawn: list[str] = []
    for moment in moments:
        vault.now = start + moment
        drawn.append(fetch(source).access_key)
    assert drawn == ["AKID1", "AKID1", "AKID2"]


def test_short_lived_keys_survive_a_failure(fetch: Fetch) -> None:
    """A failure to renew keys of five minutes does no harm until two thirds of them are over."""
    vault = Vault(5 * MINUTE)
    source = CredentialSource(vault, now=lambda: vault.now)
    start = vault.now
    fetch(source)
    vault.error = LookupError("sealed")
    vault.now = start + timedelta(minutes=2, seconds=30)
    assert fetch(source).access_key == "AKID1"
    vault.now = start + timedelta(minutes=3, seconds=35)
    with pytest.raises(LookupError):
        fetch(source)


@pytest.mark.parametrize(
    "waited", [pytest.param(46, id="soon-to-be-renewed"), pytest.param(55, id="due")]
)
def test_where_there_is_nothing_newer_not_each_call_asks(waited: int, way: Way) -> None:
    """A callable that gives the same keys again is left alone for a minute, and they are used."""
    vault = Vault(HOUR)
    source = way.source(vault)
    vault.stuck = way.fetch(source)
    vault.now += waited * MINUTE
    assert [way.draw(source) for _ in range(3)] == ["AKID1"] * 3
    assert vault.asked == 2
    vault.now += MINUTE
    assert way.draw(source) == "AKID1"
    assert vault.asked == 3


def test_keys_that_have_ended_are_asked_for_each_time(way: Way) -> None:
    """Keys past their end are no reason to wait, even if nothing newer came a moment ago."""
    vault = Vault(HOUR)
    source = way.source(vault)
    vault.stuck = way.fetch(source)
    vault.now += HOUR - 30 * SECOND
    way.draw(source)
    vault.now += 30 * SECOND
    assert [way.draw(source), way.draw(source)] == ["AKID1", "AKID1"]
    assert vault.asked == 4


def test_keys_that_come_ended_are_tried_and_not_kept(way: Way) -> None:
    """Whoever's clock is wrong, the service judges; the next call asks again."""
    source = way.source(Vault(-HOUR))
    assert [way.draw(source), way.draw(source)] == ["AKID1", "AKID2"]


def test_given_keys_are_used_beyond_their_end(fetch: Fetch) -> None:
    """Keys that were given as such are all there is, whatever they say of their end."""
    ended = attrs.evolve(KEYS, expires_at=datetime(2020, 1, 1, tzinfo=UTC))
    source = CredentialSource(ended)
    assert fetch(source) is fetch(source) is ended


# --- after a refusal ----------------------------------------------------------------------------


def test_refused_keys_are_renewed_once(way: Way) -> None:
    """The first who was refused asks; whoever was refused with the same keys takes the answer."""
    vault = Vault(HOUR)
    source = way.source(vault)
    refused = way.fetch(source)
    assert {way.fetch(source, refused).access_key for _ in range(5)} == {"AKID2"}
    assert (way.draw(source), vault.asked) == ("AKID2", 2)


def test_refused_keys_without_end_are_renewed_once(way: Way) -> None:
    """The same holds for keys that are asked for before each call."""
    vault = Vault()
    source = way.source(vault)
    refused = way.fetch(source)
    assert {way.fetch(source, refused).access_key for _ in range(5)} == {"AKID2"}
    assert way.draw(source) == "AKID3"


@pytest.mark.parametrize("lifetime", [pytest.param(HOUR, id="end"), pytest.param(None, id="none")])
def test_the_same_keys_again_are_asked_for_once(lifetime: timedelta | None, way: Way) -> None:
    """Where a look-up brings the refused keys again, it counts for all who were refused by then."""
    vault = Vault(lifetime)
    source = way.source(vault)
    first = vault.stuck = way.fetch(source)
    assert way.fetch(source) is first
    before = vault.asked
    answers = [way.fetch(source, first) for _ in range(5)]
    assert answers == [first] * 5
    assert vault.asked == before + 1
    way.fetch(source, answers[-1])
    assert vault.asked == before + 2


def test_a_refusal_breaks_the_peace(way: Way) -> None:
    """That there was nothing newer a moment ago does not keep refused keys from being renewed."""
    vault = Vault(HOUR)
    source = way.source(vault)
    vault.stuck = way.fetch(source)
    vault.now += 55 * MINUTE
    refused = way.fetch(source)
    vault.stuck = None
    assert way.fetch(source, refused).access_key == "AKID3"


def test_failure_to_renew_refused_keys_is_raised(way: Way) -> None:
    """Who was refused gets the failure, even if the old keys claim to be good."""
    vault = Vault(HOUR)
    source = way.source(vault)
    refused = way.fetch(source)
    vault.error = LookupError("sealed")
    with pytest.raises(LookupError):
        way.fetch(source, refused)
    vault.error = None
    assert way.fetch(source, refused).access_key == "AKID3"


def test_keys_of_somebody_else_are_no_reason_to_ask(way: Way) -> None:
    """Keys that differ from the refused ones are handed out as they are."""
    vault = Vault(HOUR)
    source = way.source(vault)
    held = way.fetch(source)
    assert way.fetch(source, OTHER) is held


def test_drivers_pass_the_refused_keys_on() -> None:
    """The effect reaches the source in both colors."""

    def flow() -> Flow[Credentials]:
        first = yield from FetchCredentials(time_left=60)
        second = yield from FetchCredentials(first, time_left=60)
        third = yield from FetchCredentials(refused=first)
        assert third is second
        return third

    async def main() -> Credentials:
        async with httpx.AsyncClient() as http:
            driver = AsyncDriver(http, CredentialSource(Vault(HOUR)), SystemClock())
            return await driver.run(flow())

    with httpx.Client() as http:
        answer = SyncDriver(http, CredentialSource(Vault(HOUR)), SystemClock()).run(flow())
    assert answer.access_key == anyio.run(main).access_key == "AKID2"


# --- botocore's refreshable credentials -------------------------------------------------------


def test_botocores_refreshable_credentials_are_renewed_when_refused(fetch: Fetch) -> None:
    """Botocore's own refreshable credentials are renewed although they look valid, and once."""
    calls: list[int] = []

    def renew() -> dict[str, str]:
        calls.append(1)
        return metadata(OTHER)

    source = CredentialSource(refreshable(renew))
    refused = fetch(source)
    assert refused.access_key == KEYS.access_key
    assert {fetch(source, refused).access_key for _ in range(3)} == {OTHER.access_key}
    assert fetch(source).access_key == OTHER.access_key
    assert len(calls) == 1


def test_botocores_refreshable_credentials_are_renewed_before_their_end(fetch: Fetch) -> None:
    """Botocore's own refreshable credentials renew themselves within its window."""
    soon = (datetime.now(UTC) + 12 * MINUTE).isoformat()
    source = CredentialSource(refreshable(lambda: metadata(OTHER), soon))
    assert fetch(source).access_key == OTHER.access_key


@pytest.mark.anyio
async def test_botocores_early_renewal_keeps_off_the_event_loop() -> None:
    """Botocore renews in the thread that asks, so the one that asks is not the event loop's."""
    threads: set[int] = set()

    def renew() -> dict[str, str]:
        threads.add(threading.get_ident())
        return metadata(OTHER)

    soon = (datetime.now(UTC) + 12 * MINUTE).isoformat()
    await CredentialSource(refreshable(renew, soon)).afetch()
    assert len(threads) == 1
    assert threading.get_ident() not in threads


# --- many threads at once -----------------------------------------------------------------------


@attrs.define
class Crowd:
    """A callable that answers when all threads have come, and the clock by which it knows."""

    vault: Vault = attrs.field(factory=lambda: Vault(HOUR))
    interrupt: BaseException | None = None
    """What ends the next call, once all have come."""
    come: threading.Semaphore = attrs.field(factory=lambda: threading.Semaphore(0))
    awaited: int = 0

    def now(self) -> datetime:
        """Return the time, and count who asks for it: whoever decides what to wait for."""
        self.come.release()
        return self.vault.now

    def __call__(self) -> Credentials:
        """Wait for the others, then answer."""
        awaited, self.awaited = self.awaited, 0
        for _ in range(awaited):
            self.come.acquire()
        interrupt, self.interrupt = self.interrupt, None
        if interrupt is not None:
            raise interrupt
        return self.vault()

    def refused(self, source: CredentialSource, threads: int) -> list[Future[Credentials]]:
        """Let threads come back with refused keys, the first of which waits for the others."""
        refused = source.fetch()
        self.come = threading.Semaphore(0)
        self.awaited = threads + 1  # the one who asks looks at the clock twice
        with ThreadPoolExecutor(threads) as pool:
            return [pool.submit(source.fetch, refused) for _ in range(threads)]


def test_threads_whose_keys_were_refused_share_one_look_up() -> None:
    """Threads that are refused at once make one look-up among them."""
    crowd = Crowd()
    answers = crowd.refused(CredentialSource(crowd, now=crowd.now), THREADS)
    assert {answer.result().access_key for answer in answers} == {"AKID2"}
    assert crowd.vault.asked == 2


def test_threads_share_one_failure() -> None:
    """When the one look-up fails, all who waited for it get its very error."""
    error = LookupError("sealed")
    crowd = Crowd()
    source = CredentialSource(crowd, now=crowd.now)
    source.fetch()
    crowd.interrupt = error
    assert [one.exception() for one in crowd.refused(source, THREADS)] == [error] * THREADS
    assert crowd.vault.asked == 1


def test_another_thread_takes_over_from_an_interrupted_one() -> None:
    """When the thread that asks is interrupted, one of those who wait asks."""
    crowd = Crowd()
    source = CredentialSource(crowd, now=crowd.now)
    source.fetch()
    crowd.interrupt = KeyboardInterrupt()
    ends = [answer.exception() or answer.result() for answer in crowd.refused(source, 2)]
    assert {type(end) for end in ends} == {KeyboardInterrupt, Credentials}


def test_threads_without_ceremony() -> None:
    """Hundreds of refused calls in many threads make one look-up, however they fall."""
    vault = Vault(HOUR)
    source = CredentialSource(vault, now=lambda: vault.now)
    refused = source.fetch()
    barrier = threading.Barrier(THREADS)

    def work(_: int) -> set[str]:
        barrier.wait()
        return {source.fetch(refused).access_key for _ in range(20)}

    with ThreadPoolExecutor(THREADS) as pool:
        assert set().union(*pool.map(work, range(THREADS))) == {"AKID2"}
    assert vault.asked == 2


def test_threads_go_on_while_one_renews_early() -> None:
    """Before it is urgent, one thread renews the keys and the others sign with the old ones."""
    vault = Vault(HOUR)
    entered, release = threading.Event(), threading.Event()

    def ask() -> Credentials:
        if vault.asked:
            entered.set()
            release.wait()
        return vault()

    source = CredentialSource(ask, now=lambda: vault.now)
    source.fetch()
    vault.now += 46 * MINUTE
    with ThreadPoolExecutor(1) as pool:
        renewing = pool.submit(source.fetch)
        entered.wait()
        meanwhile = source.fetch()
        release.set()
    assert (meanwhile.access_key, renewing.result().access_key) == ("AKID1", "AKID2")


# --- many tasks at once -------------------------------------------------------------------------


@attrs.define
class Gate:
    """An async callable that asks a vault when it is let."""

    vault: Vault
    asked: int = 0
    opened: anyio.Event = attrs.field(factory=anyio.Event)

    async def __call__(self) -> Credentials:
        """Wait to be let, then answer."""
        self.asked += 1
        await self.opened.wait()
        return self.vault()


@attrs.define
class Tasks:
    """Tasks that fetch from one source, and what came of it."""

    source: CredentialSource
    answers: list[str] = attrs.field(factory=list[str])
    errors: list[Exception] = attrs.field(factory=list[Exception])

    async def fetch(self, refused: Credentials | None = None) -> None:
        """Fetch once and note the outcome."""
        try:
            self.answers.append((await self.source.afetch(refused)).access_key)
        except LookupError as error:
            self.errors.append(error)


def gated(vault: Vault) -> tuple[Gate, Tasks]:
    """Return a gate before the vault, and tasks to come to it."""
    gate = Gate(vault)
    return gate, Tasks(CredentialSource(gate, now=lambda: vault.now))


async def first_keys(gate: Gate, tasks: Tasks) -> Credentials:
    """Fetch once, and shut the gate behind it."""
    gate.opened.set()
    keys = await tasks.source.afetch()
    gate.opened = anyio.Event()
    return keys


@pytest.mark.anyio
@pytest.mark.parametrize("error", [None, LookupError("sealed")], ids=["answer", "failure"])
async def test_tasks_share_one_look_up(error: Exception | None) -> None:
    """Tasks that want keys at once make one call, and all get its answer or its very error."""
    gate, crowd = gated(Vault(error=error))
    async with anyio.create_task_group() as group:
        for _ in range(10):
            group.start_soon(crowd.fetch)
        await anyio.wait_all_tasks_blocked()
        gate.opened.set()
    assert crowd.answers == ([] if error else ["AKID1"] * 10)
    assert crowd.errors == ([error] * 10 if error else [])
    assert gate.asked == 1


@pytest.mark.anyio
async def test_tasks_whose_keys_were_refused_share_one_look_up() -> None:
    """Hundreds of tasks that are refused make one look-up, those that come late included."""
    gate, crowd = gated(Vault(HOUR))
    refused = await first_keys(gate, crowd)
    async with anyio.create_task_group() as group:
        for _ in range(299):
            group.start_soon(crowd.fetch, refused)
        await anyio.wait_all_tasks_blocked()
        gate.opened.set()
    await crowd.fetch(refused)
    assert crowd.answers == ["AKID2"] * 300
    assert gate.asked == 2


@pytest.mark.anyio
async def test_another_task_takes_over_from_a_cancelled_one() -> None:
    """When the task that makes the call is cancelled, one of those who wait makes it."""
    gate, crowd = gated(Vault(HOUR))
    refused = await first_keys(gate, crowd)
    async with anyio.create_task_group() as group:
        async with anyio.create_task_group() as doomed:
            doomed.start_soon(crowd.fetch, refused)
            await anyio.wait_all_tasks_blocked()
            for _ in range(3):
                group.start_soon(crowd.fetch, refused)
            await anyio.wait_all_tasks_blocked()
            doomed.cancel_scope.cancel()
        await anyio.wait_all_tasks_blocked()
        gate.opened.set()
    assert crowd.answers == ["AKID2"] * 3
    assert gate.asked == 3


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("is_stuck", "calls"),
    [
        pytest.param(False, 2, id="content-with-other-keys"),
        pytest.param(True, 3, id="not-content-with-the-same"),
    ],
)
async def test_refused_task_joins_a_plain_look_up(is_stuck: bool, calls: int) -> None:
    """Who was refused waits for an older look-up, and asks if that brought the same keys."""
    gate, crowd = gated(Vault())
    refused = await first_keys(gate, crowd)
    gate.vault.stuck = refused if is_stuck else None
    async with anyio.create_task_group() as group:
        group.start_soon(crowd.fetch)
        await anyio.wait_all_tasks_blocked()
        group.start_soon(crowd.fetch, refused)
        await anyio.wait_all_tasks_blocked()
        gate.opened.set()
    assert crowd.answers == (["AKID1"] if is_stuck else ["AKID2"]) * 2
    assert gate.asked == calls


@pytest.mark.anyio
async def test_plain_task_joins_the_look_up_of_a_refused_one() -> None:
    """Who has no keys at hand takes those that are being looked up for somebody else."""
    gate, crowd = gated(Vault())
    refused = await first_keys(gate, crowd)
    async with anyio.create_task_group() as group:
        group.start_soon(crowd.fetch, refused)
        await anyio.wait_all_tasks_blocked()
        group.start_soon(crowd.fetch)
        await anyio.wait_all_tasks_blocked()
        gate.opened.set()
    assert (crowd.answers, gate.asked) == (["AKID2"] * 2, 2)


@pytest.mark.anyio
async def test_tasks_go_on_while_one_renews_early() -> None:
    """Before it is urgent, one task renews the keys and the others sign with the old ones."""
    gate, crowd = gated(Vault(HOUR))
    await first_keys(gate, crowd)
    gate.vault.now += 46 * MINUTE
    async with anyio.create_task_group() as group:
        group.start_soon(crowd.fetch)
        await anyio.wait_all_tasks_blocked()
        await crowd.fetch()
        gate.opened.set()
    assert crowd.answers == ["AKID1", "AKID2"]


@pytest.mark.anyio
async def test_task_that_is_cancelled_while_it_renews_early_leaves_the_old_keys() -> None:
    """A look-up that does not end in time stops one call, not each that comes after it."""
    gate, crowd = gated(Vault(HOUR))
    await first_keys(gate, crowd)
    gate.vault.now += 46 * MINUTE
    async with anyio.create_task_group() as group:
        group.start_soon(crowd.fetch)
        await anyio.wait_all_tasks_blocked()
        group.cancel_scope.cancel()
    await crowd.fetch()
    assert (crowd.answers, gate.asked) == (["AKID1"], 2)
    gate.opened.set()
    gate.vault.now += MINUTE
    await crowd.fetch()
    assert crowd.answers == ["AKID1", "AKID2"]


@pytest.mark.anyio
async def test_cancelled_task_leaves_the_thread_behind() -> None:
    """A cancelled task does not wait for a look-up that blocks; the next one gets its answer."""
    vault = Vault(HOUR)
    entered, release = threading.Event(), threading.Event()

    def get() -> Credentials:
        entered.set()
        release.wait()
        return vault()

    crowd = Tasks(CredentialSource(get, now=lambda: vault.now))
    try:
        async with anyio.create_task_group() as group:
            group.start_soon(crowd.fetch)
            await to_thread.run_sync(entered.wait)
            group.cancel_scope.cancel()
        assert not release.is_set()
        async with anyio.create_task_group() as group:
            group.start_soon(crowd.fetch)
            await anyio.wait_all_tasks_blocked()
            release.set()
    finally:
        release.set()
    assert (crowd.answers, vault.asked) == (["AKID1"], 1)


def test_one_source_serves_loop_after_loop() -> None:
    """A source is not tied to the event loop that used it first."""
    source = CredentialSource(async_callable)
    for backend in ("asyncio", "trio", "asyncio"):
        assert anyio.run(source.afetch, backend=backend) == KEYS
