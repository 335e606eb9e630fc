"""From the arguments of a wait for many runs to its checked state; the same for both clients."""

from __future__ import annotations

from collections.abc import AsyncIterable, Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, TypeAlias, cast

from attrs import frozen

from omics_runs._checkpoint import RunCheckpoint, RunMark
from omics_runs._events import BatchEvent, RunEvent, TaskEvent
from omics_runs._fleet import Fleet, Followed, Patience
from omics_runs._generated.models import GetRunResponse, RunListItem, StartRunResponse
from omics_runs._progress import FleetProgress
from omics_runs._subjects import RunLike
from omics_runs._submission import Submission
from omics_runs._wait_plan import Problems, patience_problems, refuse, run_ref
from omics_runs._waiting import without_raw

if TYPE_CHECKING:
    from omics_runs._env import Env
    from omics_runs._generated.enums import BatchStatus, RunStatus
    from omics_runs._run_ref import RunRef

RunsLike: TypeAlias = Iterable[RunLike] | Mapping[str, RunLike] | Submission | RunCheckpoint
"""What names many runs: anything that gives them one by one, a mapping from names of the caller's
to them, what a submission has started, or what is left of another wait."""


@frozen
class FleetWait:
    """A wait for many runs, as far as its caller has a hand in it."""

    fleet: Fleet
    env: Env
    refs: tuple[RunRef, ...]
    """The runs in the order in which they were given."""

    @property
    def pending(self) -> tuple[RunRef, ...]:
        """The runs whose outcome was not handed out, and those that had not ended in time."""
        return tuple(followed.ref for followed in self.fleet.pending())

    @property
    def to_come(self) -> int:
        """How many outcomes are still to be handed out."""
        return self.fleet.to_come

    def add(self, run: RunLike) -> None:
        """Have one more run followed.

        Raises:
            InvalidRequestError: It names no run.
        """
        problems: Problems = []
        followed = _followed("run", run, self.env, problems)
        refuse("add", problems)
        self.fleet.join(followed)

    def hint(self, about: RunLike | RunEvent | TaskEvent | BatchEvent) -> None:
        """Have a run asked for at once, or all if a batch has ended.

        Raises:
            InvalidRequestError: It names no run.
        """
        if not isinstance(about, (RunEvent, TaskEvent, BatchEvent)):
            ref, problems = run_ref(about)
            refuse("hint", problems)
            self.fleet.hint(ref)
        elif not isinstance(about, TaskEvent) and _may_be_an_end(about.status):
            self.fleet.hint(about.ref if isinstance(about, RunEvent) else None)

    def checkpoint(self) -> RunCheckpoint:
        """Return what another process needs to go on."""
        return RunCheckpoint(tuple(followed.mark() for followed in self.fleet.pending()))


def plan_fleet(
    name: str,
    runs: RunsLike,
    timeout: float | None,
    min_delay: float,
    max_delay: float,
    progress: Callable[[FleetProgress], object] | None,
    env: Env,
    events: Iterable[object] | AsyncIterable[object] | None = None,
    *,
    is_async: bool = False,
) -> FleetWait:
    """Return the checked state of a wait that is about to begin, by the method `name`.

    If `events` are announced it looks for hints from its start; those of an async client have to
    be asynchronous.

    Raises:
        InvalidRequestError: An argument is wrong; the error names all that are.
    """
    problems: Problems = patience_problems(timeout, min_delay, max_delay, progress)
    problems += _event_problems(events, is_async=is_async)
    found = list(_found_in(runs, problems))
    followed = [_followed(f"runs[{place}]", one, env, problems) for place, one in enumerate(found)]
    refuse(name, problems)
    patience = Patience(
        timeout=timeout, min_delay=min_delay, max_delay=max_delay, progress=progress
    )
    fleet = Fleet(patience, env, is_hinted=events is not None)
    for one in followed:
        fleet.join(one)
    return FleetWait(fleet, env, tuple(one.ref for one in followed))


def _event_problems(events: object, *, is_async: bool) -> Problems:
    is_one = isinstance(events, AsyncIterable if is_async else Iterable)
    if events is None or (is_one and not isinstance(events, (str, bytes, Mapping))):
        return []
    article = "an async iterable" if is_async else "an iterable"
    return [("events", f"must be {article} of events, or None, got {events!r:.60}")]


def _may_be_an_end(status: RunStatus | BatchStatus) -> bool:
    return status.is_terminal or not status.is_known


def _found_in(runs: object, problems: Problems) -> Iterator[RunLike | RunMark]:
    if isinstance(runs, RunCheckpoint):
        yield from runs.marks
    elif isinstance(runs, Submission):
        yield from runs.started.values()
    elif isinstance(runs, Mapping):
        yield from cast("Mapping[object, RunLike]", runs).values()
    elif isinstance(runs, Iterable) and not isinstance(runs, (str, bytes)):
        yield from runs
    else:
        what = f"must be an iterable of runs or a RunCheckpoint, got {runs!r:.60}"
        problems.append(("runs", what))


def _followed(path: str, run: RunLike | RunMark, env: Env, problems: Problems) -> Followed:
    now, today = env.clock.monotonic(), env.clock.now()
    if isinstance(run, RunMark):
        created = None if run.seen is None else run.seen.creation_time
        joined = run.joined or today
        since = now - max(0.0, (today - joined).total_seconds())
        return Followed(run.ref, since, joined, run.just_started, run.seen, created)
    ref, wrong = run_ref(run)
    problems += [(path, what) for _, what in wrong]
    created = run.creation_time if isinstance(run, (GetRunResponse, RunListItem)) else None
    seen = without_raw(run) if isinstance(run, GetRunResponse) else None
    return Followed(ref, now, today, isinstance(run, StartRunResponse), seen, created)
