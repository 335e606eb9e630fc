"""Hands out keys to threads and tasks, and sees to it that one look-up serves all who wait.

Looking keys up can block for seconds: a role is assumed, a process started, an instance asked.
So a blocking look-up never runs on an event loop. Threads share a look-up under way, and so do the
tasks of an event loop, one of which has a thread make it, unless some thread is at it already:
however many tasks give up on a look-up that hangs, they leave one thread behind.

Keys that the service refused are recognised by being the very object that was handed out: as long
as look-ups bring the same keys, the same object is handed out, and only a look-up that a refusal
has forced hands out a new one. So whoever comes with an older object was overtaken by a look-up,
and takes its answer: hundreds of calls that are refused at once force one look-up among them.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any, Generic, TypeAlias, TypeVar, cast

import anyio
import attrs
from anyio import to_thread
from anyio.lowlevel import RunVar
from attrs import define, field, frozen

from omics_runs._clock import GLANCE, wait_for
from omics_runs._credential_providers import Answer, NeedsLoop, answer_of, provider_of
from omics_runs._credential_windows import Due, Held
from omics_runs._credentials import Credentials, CredentialsLike
from omics_runs._errors import ConfigurationError
from omics_runs._forks import Lock, renew_in_children
from omics_runs._narrow import is_importable

logger = logging.getLogger("omics_runs")

_KEYS_STAY = (
    "this client can't be pickled: keys do not travel, nor does what may hold some. Name a "
    "profile, leave the keys to the environment, or give an importable function as credentials="
)

_STILL_LOOKED_UP = "another thread was still looking the credentials up when time was up"

Landed = TypeVar("Landed", threading.Event, anyio.Event)


def _machines_time() -> datetime:
    return datetime.now(UTC)


class CredentialSource:
    """The credentials of a client; threads and tasks share it.

    Args:
        credentials: What the caller gave; None asks botocore's chain, with the first fetch.
        profile: The profile given as an argument, for the chain. One that the environment names
            is found by the chain itself, which then still prefers keys in the environment.
        region: The client's region, for those steps of the chain that call AWS.
        now: Clock that decides when keys are to be renewed: the service's time, so far as it is
            known. It travels with a pickle.

    Raises:
        ConfigurationError: `credentials` is nothing that could give any.
    """

    def __init__(
        self,
        credentials: CredentialsLike | None = None,
        *,
        profile: str | None = None,
        region: str | None = None,
        now: Callable[[], datetime] = _machines_time,
    ) -> None:
        self._provider = provider_of(credentials, profile=profile, region=region)
        self._now = now
        keys = self._provider.at_hand
        self._held = None if keys is None else Held(keys, is_momentary=False)
        self._flight: _Flight[threading.Event] | None = None
        self._lock = Lock()
        self._origin = (credentials, profile, region)
        renew_in_children(self)

    def renew(self) -> None:
        """Forget a look-up of the parent's threads, which nobody here will end."""
        self._flight = None

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel to another process without any keys, to look them up there.

        Raises:
            ConfigurationError: The caller gave keys, or something that may hold some.
        """
        given, profile, region = self._origin
        if not (given is None or is_importable(given)):
            raise ConfigurationError(_KEYS_STAY)
        again = partial(CredentialSource, given, profile=profile, region=region, now=self._now)
        return again, ()

    def fetch(
        self, refused: Credentials | None = None, *, time_left: float | None = None
    ) -> Credentials:
        """Return credentials to sign with, blocking while they are looked up.

        Args:
            refused: What an earlier fetch returned and the service has called expired: the same
                object, not an equal one. The keys that come back are newer or, where there are
                none, the same.
            time_left: Real seconds to wait for another thread's look-up; None for as long as it
                takes, as does a look-up of this thread's own.

        Raises:
            TimeoutError: Another thread is still looking them up.
            CredentialsError: There are none, or they could not be had. What a callable of the
                caller's raises is passed on as it is.
            ConfigurationError: What a callable returned is nothing to sign with.
        """
        try:
            return self._fetch(refused, time_left)
        except NeedsLoop as found:
            raise found.refusal() from None

    async def afetch(self, refused: Credentials | None = None) -> Credentials:
        """Return credentials to sign with; whatever can block runs in a thread.

        Args:
            refused: As for `fetch`.

        Raises:
            CredentialsError: As for `fetch`.
            ConfigurationError: As for `fetch`.
        """
        while True:
            flight = _flights().get(self)
            ready = self._ready(refused, is_under_way=bool(flight or self._flight))
            if ready is not None:
                return ready
            if flight is None:
                return await self._afly(refused)
            await flight.landed.wait()
            if flight.has_served(refused):
                return flight.result()

    def _ready(self, refused: Credentials | None, *, is_under_way: bool) -> Credentials | None:
        """Return the keys at hand if they will do until somebody has found others."""
        held = self._held
        if held is None:
            return None
        due = held.due(self._now(), refused)
        is_good = due is Due.NOT or (due is Due.SOON and is_under_way)
        return held.credentials if is_good else None

    # --- in a thread

    def _fetch(self, refused: Credentials | None, time_left: float | None) -> Credentials:
        until = math.inf if time_left is None else time.monotonic() + time_left
        while True:
            found = self._fetch_or_meet(refused)
            if isinstance(found, Credentials):
                return found
            if not wait_for(found.landed.wait, until - time.monotonic()):
                raise TimeoutError(_STILL_LOOKED_UP)
            if found.has_served(refused):
                return found.result()

    def _fetch_or_meet(self, refused: Credentials | None) -> Credentials | _Flight[threading.Event]:
        """Return credentials, or the look-up of another thread that is to be waited for."""
        with self._lock.current:
            under_way = self._flight
            ready = self._ready(refused, is_under_way=under_way is not None)
            if ready is not None:
                return ready
            if under_way is not None and not under_way.is_of_this_thread:
                return under_way
            # A signal's handler in the midst of its thread's look-up makes its own, for itself.
            own = _Flight(threading.Event())
            self._flight = under_way or own
        return self._fly(own, refused)

    def _fly(self, flight: _Flight[threading.Event], refused: Credentials | None) -> Credentials:
        try:
            flight.credentials = self._look_up(self._errand(refused))
        except Exception as error:
            flight.error = error
            raise
        finally:
            with self._lock.current:
                self._flight = None if self._flight is flight else self._flight
            flight.landed.set()
        return flight.credentials

    def _look_up(self, errand: _Errand) -> Credentials:
        try:
            answer = self._provider.look_up(errand.seen, is_forced=errand.is_forced)
        except NeedsLoop:
            raise
        except Exception as error:  # noqa: BLE001  (what it means depends on the errand)
            return self._failed(errand, error)
        return self._found(errand, answer)

    # --- on an event loop

    async def _afly(self, refused: Credentials | None) -> Credentials:
        flight = _flights()[self] = _Flight(anyio.Event())
        try:
            flight.credentials = await self._alook_up(refused)
        except Exception as error:
            flight.error = error
            raise
        finally:
            # Also when this task was cancelled: then one of those who wait takes over.
            del _flights()[self]
            flight.landed.set()
        return flight.credentials

    async def _alook_up(self, refused: Credentials | None) -> Credentials:
        if self._provider.async_function is not None:
            return await self._await(self._provider.async_function, refused)
        try:
            return await self._afetch_in_thread(refused)
        except NeedsLoop as found:
            return await self._await(found.awaitable, refused)

    async def _afetch_in_thread(self, refused: Credentials | None) -> Credentials:
        while True:
            found = self._flight or await _in_thread(partial(self._fetch_or_meet, refused))
            if isinstance(found, Credentials):
                return found
            # In no thread, or each cancelled task would leave one.
            while not found.landed.is_set():  # noqa: ASYNC110  (a thread can't set a loop's Event)
                await anyio.sleep(GLANCE)
            if found.has_served(refused):
                return found.result()

    async def _await(
        self, ask: Callable[[], Awaitable[object]], refused: Credentials | None
    ) -> Credentials:
        errand = self._errand(refused)
        try:
            answer = await _read(await ask(), has_worked=errand.seen is not None)
        except Exception as error:  # noqa: BLE001  (what it means depends on the errand)
            return self._failed(errand, error)
        except BaseException:
            self._pause(errand)  # or each call in turn would be cancelled for want of an answer
            raise
        return self._found(errand, answer)

    # --- what came of it

    def _errand(self, refused: Credentials | None) -> _Errand:
        held = self._held
        if held is None:
            return _Errand()
        due = held.due(self._now(), refused)
        return _Errand(held.credentials, due, is_forced=held.credentials is refused)

    def _found(self, errand: _Errand, answer: Answer) -> Credentials:
        now, held, found = self._now(), self._held, answer.credentials
        if held is None or found != held.credentials:
            self._held = Held.since(now, found, is_lasting=answer.is_lasting)
            return found
        same = attrs.evolve(found) if errand.is_forced else held.credentials
        self._held = attrs.evolve(held, credentials=same).paused(now)
        return same

    def _failed(self, errand: _Errand, error: Exception) -> Credentials:
        held = self._pause(errand)
        if held is None:
            raise error
        # Only the kinds: what a stranger's text says may be secret.
        kinds = " from ".join(type(one).__name__ for one in (error, error.__cause__) if one)
        logger.warning(
            "the credentials could not be renewed (%s); they are good until %s, and the next"
            " attempt is a minute away",
            kinds,
            held.credentials.expires_at,
            extra={"omics_runs": {"error": kinds, "expires_at": held.credentials.expires_at}},
        )
        return held.credentials

    def _pause(self, errand: _Errand) -> Held | None:
        """Leave keys alone for a while that need not be renewed yet; None if there are none."""
        held = self._held
        if held is None or errand.due is not Due.SOON:
            return None
        self._held = held.paused(self._now())
        return held


@frozen
class _Errand:
    """Why somebody looks keys up."""

    seen: Credentials | None = None
    """What was held until then."""
    due: Due = Due.NOW
    is_forced: bool = False
    """Whether the service has refused these keys, so that nothing cached will do."""


@define(eq=False)
class _Flight(Generic[Landed]):
    """A look-up under way, for all the threads, or the tasks of a loop, that want it."""

    landed: Landed
    credentials: Credentials | None = None
    error: Exception | None = None
    thread: int = field(factory=threading.get_ident)
    """Which thread makes it."""

    @property
    def is_of_this_thread(self) -> bool:
        """Whether the current thread makes it."""
        return self.thread == threading.get_ident()

    def has_served(self, refused: Credentials | None) -> bool:
        """Tell whether it ended in something for others, and not in the refused keys again."""
        if isinstance(self.error, NeedsLoop):
            return False  # only one can await what came, on a loop of its own
        found = self.credentials
        return self.error is not None or (found is not None and found is not refused)

    def result(self) -> Credentials:
        """Return what it brought, or raise what it failed with."""
        if self.credentials is None:
            raise cast("Exception", self.error)
        return self.credentials


_Flights: TypeAlias = dict[CredentialSource, _Flight[anyio.Event]]
# Each event loop has its own: an Event of one loop can't be awaited on another.
_FLIGHTS: RunVar[_Flights] = RunVar("omics_runs credential look-ups")


def _flights() -> _Flights:
    none_yet: _Flights = {}
    flights = _FLIGHTS.get(none_yet)
    _FLIGHTS.set(flights)
    return flights


async def _read(value: object, *, has_worked: bool) -> Answer:
    read = partial(answer_of, value, has_worked=has_worked)
    # A session or a key source among the answers may block in its turn.
    is_simple = isinstance(value, (Credentials, tuple))
    return read() if is_simple else cast("Answer", await _in_thread(read))


async def _in_thread(function: Callable[[], object]) -> Any:
    # Abandoned when the task is cancelled: a cancelled call need not sit a look-up out.
    return await to_thread.run_sync(function, abandon_on_cancel=True)
