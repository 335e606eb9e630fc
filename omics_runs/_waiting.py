"""Waiting: one poll after another, until the wanted status is there or can't come."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import attrs
from attrs import frozen

from omics_runs._core import Failure, outcome
from omics_runs._effects import Flow, Sleep
from omics_runs._enums import OpenStrEnum
from omics_runs._errors import CallError, CredentialsError
from omics_runs._generated.errors import ResourceNotFoundError
from omics_runs._job import logger
from omics_runs._lifecycle import Verdict, status_of
from omics_runs._model import Response
from omics_runs._retry import passes
from omics_runs._subjects import Subject, listed
from omics_runs._timeout import Timeout, at_most, last_poll_time
from omics_runs._user_agent import Feature

if TYPE_CHECKING:
    from omics_runs._env import Env

NOT_FOUND_GRACE = 60.0
"""Seconds after our own start of something in which it is waited for although not found yet."""
JITTER_EXPONENT_CAP = 64
MOMENT = 0.001
"""Seconds that are no time any more: rounding may leave less of a wait that has slept to its end,
and a sleep so short would not move a clock that stands still between sleeps."""

S = TypeVar("S", bound=OpenStrEnum)
Seen = TypeVar("Seen", bound=Response)


@frozen(kw_only=True)
class WaitPlan(Generic[S, Seen]):
    """What to wait for, and how patiently; made by `omics_runs._wait_plan`, which checks it."""

    subject: Subject[S, Seen]
    wanted: frozenset[S]
    timeout: float | None
    min_delay: float
    max_delay: float
    progress: Callable[[Any], object] | None
    seen: Seen | None
    """It as the caller has seen it, if the caller waits by an answer that tells all."""
    just_started: bool
    """Whether the caller waits by the answer to its own start of it."""


def wait_until(plan: WaitPlan[S, Seen], env: Env) -> Flow[Seen]:
    """Poll until one of the wanted statuses is reached; return what was seen then."""
    watch = _Watch(plan, env)
    try:
        while (seen := (yield from _poll(watch, env))) is None:
            yield from Sleep(watch.delay)
    except BaseException as error:
        is_close = isinstance(error, GeneratorExit)
        watch.log_end("interrupted" if is_close else type(error).__name__)
        raise
    watch.log_end("reached")
    return seen


def _poll(watch: _Watch[S, Seen], env: Env) -> Flow[Seen | None]:
    """Ask once; return the answer if the wait is over, or None if it is to go on."""
    watch.polls += 1
    request = watch.plan.subject.request()
    result: Seen | Failure = yield from outcome(
        request, env, watch.poll_timeout(), env.retry, *watch.features
    )
    try:
        if isinstance(result, ResourceNotFoundError):
            return watch.not_found(result)
        if isinstance(result, CallError | CredentialsError):
            watch.failed(result)
            return None
        return watch.seen(result)
    finally:
        del result  # else this frame and the traceback keep each other alive


class _Watch(Generic[S, Seen]):
    """The state of one wait."""

    delay: float
    """Seconds until the next poll; known once a poll has left the wait going."""

    def __init__(self, plan: WaitPlan[S, Seen], env: Env) -> None:
        self.plan = plan
        self.polls = 0
        self._env = env
        self._began = env.clock.monotonic()
        self._last = plan.seen
        self._status: str | None = None

    @property
    def elapsed(self) -> float:
        return self._env.clock.monotonic() - self._began

    @property
    def features(self) -> tuple[Feature, ...]:
        """The marks of a poll; the only one of `timeout=0` has none, and need not take turns."""
        return () if self.plan.timeout == 0 else (Feature.WAITER,)

    def poll_timeout(self) -> Timeout:
        """Return the client's own bounds, and for the whole poll not much beyond the deadline.

        A poll that begins just before the deadline still gets the time of one read.
        """
        time_left = self._time_left()
        return at_most(max(time_left, last_poll_time(self._env.timeout)), self._env.timeout)

    def seen(self, seen: Seen) -> Seen | None:
        """Decide about an answer."""
        subject, wanted = self.plan.subject, self.plan.wanted
        subject.check(seen, self._last, wanted)
        decision = subject.life.verdict(wanted, seen)
        changed = status_of(seen) != self._status
        self._status = status_of(seen)
        self._last = without_raw(seen)
        if decision is Verdict.WAIT:
            self._go_on(changed=changed)
            return None
        self._report(changed=changed, next_delay=None)
        if decision is Verdict.UNREACHABLE:
            raise subject.unreachable(seen, wanted)
        return seen

    def not_found(self, error: ResourceNotFoundError) -> Seen | None:
        """Decide about a 404: it is gone, or not there yet."""
        if error.code != ResourceNotFoundError.service_code:
            raise error  # a proxy's 404 says nothing of what is waited for
        if self._last is None:
            if self.plan.just_started and self.elapsed < NOT_FOUND_GRACE:
                self._go_on(cause=error)
                return None
            raise error
        if self.plan.subject.life.verdict_gone(self.plan.wanted) is Verdict.REACHED:
            return self._last
        raise self.plan.subject.gone(self._last, self.plan.wanted) from error

    def failed(self, error: CallError | CredentialsError) -> None:
        """Ride out trouble that passes; raise any other."""
        if not passes(error):
            raise error
        if was_never_sent(error):
            self.polls -= 1
        told = {"waiting_for": self.plan.subject.name, "error": type(error).__name__}
        logger.warning(
            "still waiting for %s: %s",
            self.plan.subject.name,
            error,
            extra={"omics_runs": {**told, "elapsed": self.elapsed, "polls": self.polls}},
        )
        self._go_on(cause=error)

    def log_end(self, outcome: str) -> None:
        """Write the wait's one line: `reached`, `interrupted`, or the error's name."""
        told = {
            "waiting_for": self.plan.subject.name,
            "wanted": sorted(self.plan.wanted),
            "status": self._status,
            "polls": self.polls,
            "elapsed": self.elapsed,
            "outcome": outcome,
        }
        logger.info(
            "wait for %s to be %s: %s, it is %s after %d polls in %.1f s",
            self.plan.subject.name,
            listed(self.plan.wanted),
            outcome,
            self._status or "unseen",
            self.polls,
            self.elapsed,
            extra={"omics_runs": told},
        )

    def _go_on(
        self, *, changed: bool = False, cause: CallError | CredentialsError | None = None
    ) -> None:
        time_left = self._time_left()
        if time_left < MOMENT:
            self._report(changed=changed, next_delay=None)
            subject, wanted = self.plan.subject, self.plan.wanted
            why = None if cause is None else reason_of(cause)
            raise subject.timed_out(self._last, wanted, self.elapsed, self.polls, why) from cause
        self.delay = self._next_delay(time_left)
        self._report(changed=changed, next_delay=self.delay)

    def _next_delay(self, time_left: float) -> float:
        return delay_after(
            self.polls, self.plan.min_delay, self.plan.max_delay, time_left, self._env.random()
        )

    def _time_left(self) -> float:
        return math.inf if self.plan.timeout is None else self.plan.timeout - self.elapsed

    def _report(self, *, changed: bool, next_delay: float | None) -> None:
        if self.plan.progress is None or self._last is None:
            return
        subject = self.plan.subject
        told = subject.progress(
            changed=changed,
            polls=self.polls,
            elapsed=self.elapsed,
            next_delay=next_delay,
            **{subject.kind: self._last},
        )
        self.plan.progress(told)


def delay_after(polls: int, low: float, high: float, time_left: float, draw: float) -> float:
    """Return a jittered delay that grows from `low` to `high`, and ends with the wait itself."""
    grown = min(low * 2.0 ** min(max(polls - 1, 0), JITTER_EXPONENT_CAP), high)
    delay = low + draw * (grown - low)
    return min(time_left, high) if time_left - delay <= low else delay


def was_never_sent(error: CallError | CredentialsError) -> bool:
    """Return whether a poll got nowhere: without keys, or because its turn was too far away."""
    return isinstance(error, CredentialsError) or not error.attempts


def reason_of(error: CallError | CredentialsError) -> str:
    """Return why a poll failed, for the text of a wait whose time is up."""
    return str(error.args[0]) if was_never_sent(error) else str(error)


def without_raw(seen: Seen) -> Seen:
    """Return a copy that is cheap to keep for days."""
    metadata = attrs.evolve(seen.response_metadata, content=None)
    return attrs.evolve(seen, response_metadata=metadata)
