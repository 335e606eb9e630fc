"""Waiting for a run: one poll after another, until the wanted status is there or can't come."""

from __future__ import annotations

import math
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, Any, TypeAlias, TypeGuard

import attrs
from attrs import frozen

from omics_runs._core import call, logger
from omics_runs._effects import Flow, Sleep
from omics_runs._errors import (
    CallError,
    InvalidRequestError,
    RunCancelledError,
    RunFailedError,
    RunGoneError,
    RunReplacedError,
    ServiceError,
    StatusUnreachableError,
    UnreadableResponseError,
    WaitTimeoutError,
)
from omics_runs._generated.enums import RunStatus
from omics_runs._generated.errors import ResourceNotFoundError
from omics_runs._generated.models import (
    GetRunRequest,
    GetRunResponse,
    RunListItem,
    StartRunResponse,
)
from omics_runs._lifecycle import Verdict, verdict, verdict_gone
from omics_runs._narrow import is_time
from omics_runs._retry import SERVER_ERROR, fault_in
from omics_runs._run_ref import RunRef
from omics_runs._timeout import Timeout

if TYPE_CHECKING:
    from omics_runs._env import Env

RunLike: TypeAlias = str | RunRef | StartRunResponse | GetRunResponse | RunListItem
"""What names a run: its id, a reference, or any answer that speaks of it."""

NOT_FOUND_GRACE = 60.0
"""Seconds after our own StartRun in which a run that isn't found yet is waited for."""
JITTER_EXPONENT_CAP = 64


@frozen
class Progress:
    """What one poll of a wait has shown."""

    run: GetRunResponse
    """The run as it was last seen."""
    changed: bool
    """Whether its status differs from the poll before; True at the first."""
    polls: int
    """How many times the run was asked for so far."""
    elapsed: float
    """Seconds since the wait began."""
    next_delay: float | None
    """Seconds until the next poll; None when this was the last."""

    def __str__(self) -> str:
        told = f"{self.run.status:<9}  run {self.run.id}, poll {self.polls}"
        after = "" if self.next_delay is None else f", next in {self.next_delay:.0f} s"
        return f"{told} after {self.elapsed:.0f} s{after}"


@frozen(kw_only=True)
class WaitPlan:
    """What to wait for, and how patiently. Made by `plan_wait`, which checks it."""

    ref: RunRef
    wanted: frozenset[RunStatus]
    timeout: float | None
    min_delay: float
    max_delay: float
    progress: Callable[[Progress], object] | None
    seen: GetRunResponse | None
    """The run as the caller has seen it, if the caller waits by a GetRunResponse."""
    just_started: bool
    """Whether the caller waits by the answer to its own StartRun."""


def plan_wait(
    run: RunLike,
    status: RunStatus | str | AbstractSet[RunStatus | str],
    timeout: float | None,
    min_delay: float,
    max_delay: float,
    progress: Callable[[Progress], object] | None,
) -> WaitPlan:
    """Return the checked plan of a wait.

    Raises:
        InvalidRequestError: An argument is wrong; the error names all that are.
    """
    wanted, problems = _wanted(status)
    ref, more = _ref(run)
    problems = [*more, *problems, *_time_problems(timeout, min_delay, max_delay)]
    if progress is not None and (not callable(progress) or iscoroutinefunction(progress)):
        problems.append(("progress", f"must be a plain function, got {progress!r}"))
    if problems:
        raise InvalidRequestError("wait_until", problems)
    return WaitPlan(
        ref=ref,
        wanted=wanted,
        timeout=timeout,
        min_delay=min_delay,
        max_delay=max_delay,
        progress=progress,
        seen=run if isinstance(run, GetRunResponse) else None,
        just_started=isinstance(run, StartRunResponse),
    )


def wait_until(plan: WaitPlan, env: Env) -> Flow[GetRunResponse]:
    """Poll the run until it has reached one of the wanted statuses; return it as it is then."""
    watch = _Watch(plan, env)
    while True:
        run = yield from _poll(watch, env)
        if run is not None:
            return run
        yield from Sleep(watch.delay)


def _poll(watch: _Watch, env: Env) -> Flow[GetRunResponse | None]:
    """Ask for the run once; return it if the wait is over, or None if it is to go on."""
    watch.polls += 1
    request = GetRunRequest(id=watch.plan.ref.id)
    try:
        run = yield from call(request, env, watch.poll_timeout(), env.retry)
    except ResourceNotFoundError as error:
        if error.code != ResourceNotFoundError.service_code:
            raise  # a proxy's 404 says nothing of the run
        return watch.not_found(error)
    except CallError as error:
        watch.failed(error)
        return None
    return watch.seen(run)


class _Watch:
    """The state of one wait."""

    def __init__(self, plan: WaitPlan, env: Env) -> None:
        self.plan = plan
        self.polls = 0
        self.delay = 0.0
        self._env = env
        self._began = env.clock.monotonic()
        self._last = plan.seen
        self._status: RunStatus | None = None
        self._uuid = plan.ref.uuid

    @property
    def elapsed(self) -> float:
        return self._env.clock.monotonic() - self._began

    def poll_timeout(self) -> Timeout:
        """Return the client's own bounds, and for the whole poll not much beyond the deadline.

        A poll that begins just before the deadline still gets the time of one read.
        """
        bounds = self._env.timeout
        time_left = self._time_left()
        if math.isinf(time_left):
            return bounds
        limit = max(time_left, min(bounds.read, Timeout().read))
        return attrs.evolve(bounds, total=min(limit, bounds.total or limit))

    def seen(self, run: GetRunResponse) -> GetRunResponse | None:
        """Decide about an answer."""
        self._check_identity(run)
        decision = verdict(self.plan.wanted, run)
        changed = run.status != self._status
        self._status = run.status
        self._last = _without_raw(run)
        if decision is Verdict.WAIT:
            self._go_on(changed=changed)
            return None
        self._report(changed=changed, next_delay=None)
        if decision is Verdict.UNREACHABLE:
            raise _unreachable(run, self.plan.wanted)
        return run

    def not_found(self, error: ResourceNotFoundError) -> GetRunResponse | None:
        """Decide about a 404: the run is gone, or not there yet."""
        if self._last is None:
            if self.plan.just_started and self.elapsed < NOT_FOUND_GRACE:
                self._go_on(cause=error)
                return None
            raise error
        if verdict_gone(self.plan.wanted) is Verdict.REACHED:
            return self._last
        what = f"run {self.plan.ref.id} is gone (last seen {self._last.status}): it was deleted"
        raise RunGoneError(
            f"{what}, or removed to make room; its logs stay in CloudWatch",
            run=self._last,
            wanted=self.plan.wanted,
        ) from error

    def failed(self, error: CallError) -> None:
        """Ride out trouble that passes; raise any other."""
        if not _passes(error):
            raise error
        logger.warning("still waiting for run %s: %s", self.plan.ref.id, error)
        self._go_on(cause=error)

    def _go_on(self, *, changed: bool = False, cause: Exception | None = None) -> None:
        time_left = self._time_left()
        if time_left <= 0:
            self._report(changed=changed, next_delay=None)
            raise self._timed_out() from cause
        self.delay = self._next_delay(time_left)
        self._report(changed=changed, next_delay=self.delay)

    def _next_delay(self, time_left: float) -> float:
        """Return a jittered delay that grows to `max_delay`, and ends with the wait itself."""
        low, high = self.plan.min_delay, self.plan.max_delay
        grown = min(low * 2.0 ** min(self.polls - 1, JITTER_EXPONENT_CAP), high)
        delay = low + self._env.random() * (grown - low)
        return min(time_left, high) if time_left - delay <= low else delay

    def _time_left(self) -> float:
        return math.inf if self.plan.timeout is None else self.plan.timeout - self.elapsed

    def _check_identity(self, run: GetRunResponse) -> None:
        if run.id != self.plan.ref.id:
            raise UnreadableResponseError(
                f"asked for run {self.plan.ref.id}, got an answer about run {run.id}",
                operation="GetRun",
                request=GetRunRequest(id=self.plan.ref.id),
                path="$.id",
            )
        self._uuid = self._uuid or run.uuid
        if run.uuid is not None and run.uuid != self._uuid:
            raise RunReplacedError(
                f"run id {run.id} now belongs to another run: expected uuid {self._uuid!r}, "
                f"got {run.uuid!r}; the service gives ids of deleted runs out again",
                run=self._last,
                wanted=self.plan.wanted,
                expected_uuid=str(self._uuid),
                seen_uuid=run.uuid,
            )

    def _report(self, *, changed: bool, next_delay: float | None) -> None:
        if self.plan.progress is not None and self._last is not None:
            told = Progress(self._last, changed, self.polls, self.elapsed, next_delay)
            self.plan.progress(told)

    def _timed_out(self) -> WaitTimeoutError:
        seen = "was never seen" if self._last is None else f"was {self._last.status}"
        return WaitTimeoutError(
            f"run {self.plan.ref.id} {seen} after {self.elapsed:.1f} s and {self.polls} polls, "
            f"not {_listed(self.plan.wanted)}; the run goes on",
            run=self._last,
            wanted=self.plan.wanted,
            elapsed=self.elapsed,
            polls=self.polls,
        )


def _passes(error: CallError) -> bool:
    """Return whether a wait rides `error` out: throttling, 5xx, network trouble, cut answers."""
    is_server_error = isinstance(error, ServiceError) and error.status_code >= SERVER_ERROR
    return is_server_error or fault_in(error) is not None


def _without_raw(run: GetRunResponse) -> GetRunResponse:
    """Return a copy that is cheap to keep for days."""
    metadata = attrs.evolve(run.response_metadata, raw=None)
    return attrs.evolve(run, response_metadata=metadata)


def _unreachable(run: GetRunResponse, wanted: frozenset[RunStatus]) -> StatusUnreachableError:
    kinds = {
        RunStatus.FAILED: RunFailedError,
        RunStatus.CANCELLED: RunCancelledError,
        RunStatus.DELETED: RunGoneError,
    }
    why = ": ".join(part for part in (run.failure_reason, run.status_message) if part)
    name = f" {run.name!r}" if run.name else ""
    text = f"run {run.id}{name} is {run.status}, so {_listed(wanted)} can no longer come"
    kind = kinds.get(run.status, StatusUnreachableError)
    return kind(f"{text} ({why})" if why else text, run=run, wanted=wanted)


def _listed(wanted: AbstractSet[RunStatus]) -> str:
    return " or ".join(sorted(wanted))


def _wanted(
    status: RunStatus | str | AbstractSet[RunStatus | str],
) -> tuple[frozenset[RunStatus], list[tuple[str, str]]]:
    given: object = {status} if isinstance(status, str) else status
    if not _is_set(given) or not given:
        return frozenset(), [("status", f"must be a status or a set of some, got {status!r}")]
    known = ", ".join(RunStatus)
    problems = [
        ("status", f"must be one of {known}, got {one!r}")
        for one in given
        if not isinstance(one, str) or not RunStatus(one).is_known
    ]
    return frozenset(RunStatus(one) for one in given if not problems), problems


def _is_set(value: object) -> TypeGuard[AbstractSet[Any]]:
    return isinstance(value, AbstractSet)


def _ref(run: RunLike) -> tuple[RunRef, list[tuple[str, str]]]:
    try:
        if isinstance(run, str):
            return RunRef.parse(run), []
        ref = run if isinstance(run, RunRef) else run.ref
        return RunRef.parse(str(ref)), []
    except (AttributeError, ValueError):
        what = f"must be a run's id, a RunRef or a run's model, got {run!r}"
        return RunRef("0"), [("run", what)]


def _time_problems(
    timeout: float | None, min_delay: float, max_delay: float
) -> list[tuple[str, str]]:
    problems: list[tuple[str, str]] = []
    if timeout is not None and not is_time(timeout):
        problems.append(
            ("timeout", f"must be a number of seconds, at least 0, or None, got {timeout!r}")
        )
    if not _is_delay(min_delay):
        problems.append(("min_delay", f"must be a number of seconds above 0, got {min_delay!r}"))
    elif not _is_delay(max_delay) or max_delay < min_delay:
        problems.append(
            ("max_delay", f"must be at least min_delay ({min_delay:g}), got {max_delay!r}")
        )
    return problems


def _is_delay(value: object) -> bool:
    return is_time(value) and 0 < value < math.inf
