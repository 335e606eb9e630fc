"""The state of a wait for many runs, and all decisions about it. It asks nothing of the world."""

from __future__ import annotations

import math
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from attrs import define, field, frozen

from omics_runs._checkpoint import RunMark
from omics_runs._errors import CallError, CredentialsError, OmicsRunsError
from omics_runs._fleet_lists import Lists
from omics_runs._generated.enums import RunStatus
from omics_runs._generated.errors import ResourceNotFoundError
from omics_runs._generated.models import GetRunResponse, RunListItem
from omics_runs._job import logger
from omics_runs._lifecycle import RUN_LIFE, Verdict
from omics_runs._outcomes import RunOutcome
from omics_runs._progress import FleetProgress
from omics_runs._retry import is_throttling
from omics_runs._run_ref import RunRef
from omics_runs._subjects import RunSubject
from omics_runs._timeout import at_most, last_poll_time
from omics_runs._wait_errors import RunGoneError, RunReplacedError, WaitTimeoutError
from omics_runs._waiting import (
    MOMENT,
    NOT_FOUND_GRACE,
    delay_after,
    reason_of,
    without_raw,
)

if TYPE_CHECKING:
    from omics_runs._env import Env
    from omics_runs._hooks import ResponseEvent
    from omics_runs._timeout import Timeout

WANTED = frozenset({RunStatus.COMPLETED})
SAME_MOMENT = 1.0
"""Seconds that two answers may differ in the creation time of one run."""
TROUBLES_IN_A_ROW = 3
"""After so many single runs that can't be asked for, the service has trouble, and gets a pause."""
GLANCE = 1.0
"""Seconds between two looks for hints, where there was one, or some are announced."""

LONG_ROUND = 10.0
"""Seconds after which the ends that a round has shown are told of, although it goes on."""
FEW_ENDS = 5
"""So many runs have to have ended before it is told when the others will."""


@define(eq=False)
class Followed:
    """A run whose end is waited for."""

    ref: RunRef
    since: float
    """When it joined, on the clock that only ever grows."""
    joined: datetime
    """When it joined, by the time of day: another process may go on."""
    just_started: bool = False
    """Whether the caller gave the answer to its own start of it."""
    seen: RunListItem | GetRunResponse | None = None
    """It as it was last seen; None if it never was."""
    created: datetime | None = None
    """When the service accepted it. With the id it names one run, where no uuid is told."""
    group: str | None = field(init=False, default=None)
    """The run group that it is known to be in; None if it is in none, or nobody has told."""
    outcome: RunOutcome | None = None
    is_queued: bool = False
    """Whether it waits to be asked for by itself."""
    subject: RunSubject = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.subject = RunSubject(self.ref)
        self.subject.uuid = self.ref.uuid or getattr(self.seen, "uuid", None)
        self.group = getattr(self.seen, "run_group_id", None)

    @property
    def has_existed(self) -> bool:
        """Whether somebody knows that there was such a run: who started it, or knows its uuid."""
        return self.just_started or self.ref.uuid is not None

    @property
    def last(self) -> GetRunResponse | None:
        """It as it was last seen, as an answer to GetRun, whoever told of it."""
        if self.seen is None or isinstance(self.seen, GetRunResponse):
            return self.seen
        uuid = self.subject.uuid
        known = {} if uuid is None else {"uuid": uuid}
        return GetRunResponse.from_dict({**self.seen.to_dict(), **known})

    def is_that_of(self, created: datetime | None) -> bool:
        """Return whether an answer that tells this creation time may be about this run."""
        if created is None or self.created is None:
            return True
        return abs((created - self.created).total_seconds()) < SAME_MOMENT

    def sight(self, run: RunListItem | GetRunResponse, group: str | None) -> None:
        """Note how the run is, and in which group as far as that is told."""
        self.seen = run
        self.group = group or self.group
        self.created = self.created or run.creation_time

    def mark(self) -> RunMark:
        """Return what another process has to know of it."""
        return RunMark(self.ref, self.last, self.just_started, self.joined)


@frozen(kw_only=True)
class Patience:
    """How long to wait for many runs, and how often to ask."""

    timeout: float | None
    min_delay: float
    max_delay: float
    progress: Callable[[FleetProgress], object] | None


class Fleet:
    """The runs of one wait: what is known of each, what is to be asked next, who has ended.

    A round is a sweep, over pages of ListRuns or by a GetRun for each run, and then a GetRun for
    each run that the pages did not show. Every call leaves a state to go on from, so a wait that
    was interrupted or has failed is taken up by asking for the next outcome.
    """

    def __init__(self, patience: Patience, env: Env, *, is_hinted: bool = False) -> None:
        self.polls = self.throttled = 0
        self.lists = Lists()
        self._patience = patience
        self._env = env
        self._began = env.clock.monotonic()
        self._due_at = self._began
        self._rounds = 0
        self._is_settling = False
        """Whether a sweep is over, and the runs that it did not show are asked for."""
        self._open: dict[str, list[Followed]] = {}
        """The runs without an outcome, or with one not taken yet, by id: two may share one."""
        self._left: list[Followed] = []
        """Runs that had not ended when time was up."""
        self._queue: deque[Followed] = deque()
        self._ready: deque[Followed] = deque()
        self._hints: deque[RunRef | None] = deque()
        self._is_hinted = is_hinted
        """Whether hints are to be looked for while it sleeps."""
        self._ended: Counter[RunStatus] = Counter()
        self._outcomes = self._errors = self._troubles = 0
        self._news: list[RunOutcome] = []
        """What `progress` was not told of yet."""
        self._told_at = self._began
        self._lull: tuple[float, int] | None = None
        """When the last round was over before ends began to come, and how many there were then."""
        self._trouble: CallError | CredentialsError | None = None

    # --- who takes part -------------------------------------------------------------------------

    def join(self, followed: Followed) -> None:
        """Follow one more run; one that is followed already joins once."""
        namesakes = self._open.setdefault(followed.ref.id, [])
        if all(one.ref != followed.ref for one in namesakes):
            namesakes.append(followed)

    def following(self) -> list[Followed]:
        """Return the runs whose end has not been seen."""
        return [one for one in self._everybody() if one.outcome is None]

    def pending(self) -> list[Followed]:
        """Return the runs whose end was not handed out yet; those too that time ran out for."""
        return [*self._left, *self._everybody()]

    def take(self) -> RunOutcome | None:
        """Hand out the outcome of the next run that has ended; None if there is none yet."""
        if not self._ready:
            return None
        followed = self._ready.popleft()
        namesakes = self._open[followed.ref.id]
        namesakes.remove(followed)
        if not namesakes:
            del self._open[followed.ref.id]
        if _is_left(followed.outcome):
            self._left.append(followed)
        return followed.outcome

    @property
    def to_come(self) -> int:
        """How many outcomes are still to be handed out."""
        return sum(map(len, list(self._open.values())))

    @property
    def is_empty(self) -> bool:
        """Whether all outcomes were handed out."""
        return not self._open

    def _everybody(self) -> Iterator[Followed]:
        for namesakes in list(self._open.values()):
            yield from namesakes

    # --- what to do next ------------------------------------------------------------------------

    @property
    def is_too_late(self) -> bool:
        """Whether no call may begin any more: the last round gets the time of one read."""
        return self._time_left() + last_poll_time(self._env.timeout) < MOMENT

    def delay(self) -> float:
        """Return the seconds until something is to be done; 0 if it is now."""
        delay = max(self._due_at - self._env.clock.monotonic(), 0.0)
        return min(delay, GLANCE) if self._is_hinted else delay

    def bounds(self) -> Timeout:
        """Return the client's own bounds on a call, and for the last ones not much time."""
        time_left, grace = self._time_left(), last_poll_time(self._env.timeout)
        return at_most(max(time_left, min(grace, time_left + grace)), self._env.timeout)

    def next_to_settle(self) -> Followed | None:
        """Return the run that is to be asked for by itself now; None if there is none."""
        self._heed_hints()
        return self._queue[0] if self._queue else None

    @property
    def is_seen(self) -> bool:
        """Whether each run was seen, or its end.

        It is told between rounds only, for all runs are gone through.
        """
        is_busy = self._is_settling or bool(self._queue)
        return not is_busy and all(one.seen is not None for one in self.following())

    def hint(self, ref: RunRef | None) -> None:
        """Have a run asked for at once; None for all runs. It may be called from any thread."""
        self._hints.append(ref)

    def _heed_hints(self) -> None:
        while self._hints:
            self._is_hinted = True
            ref = self._hints.popleft()
            if ref is None:
                self._due_at = min(self._due_at, self._env.clock.monotonic())
            else:
                self._enqueue(one for one in self._open.get(ref.id, []) if _may_be(one, ref))

    def _enqueue(self, runs: Iterable[Followed]) -> None:
        for followed in runs:
            if followed.outcome is None and not followed.is_queued:
                followed.is_queued = True
                self._queue.append(followed)

    # --- what was seen --------------------------------------------------------------------------

    def heard(self, event: ResponseEvent) -> None:
        """Count an attempt that was throttled."""
        self.throttled += is_throttling(event.error)

    def answered(self) -> None:
        """Note that a call got what it asked for."""
        self._trouble = None

    def sight(self, items: Iterable[RunListItem], group: str | None) -> set[Followed]:
        """Note the runs on a page that are ours; an item that is another run's under its id is not.

        Args:
            items: The page.
            group: The run group that was asked for, if any was: items don't tell it.

        Assumption: lists and GetRun tell the same creation time of a run, to the second.
        """
        return {
            followed
            for item in items
            for followed in self._open.get(item.id, ())
            if followed.outcome is None and self._is_sighted(followed, item, group)
        }

    def _is_sighted(self, followed: Followed, item: RunListItem, group: str | None) -> bool:
        is_ours = followed.is_that_of(item.creation_time) and not item.status.is_terminal
        if is_ours:
            followed.sight(item, group)
        return is_ours

    def swept(self, missing: Iterable[Followed]) -> None:
        """End the sweep of a round; those that it did not show are asked for by themselves."""
        self._enqueue(missing)
        self._is_settling = True
        self._end_round_if_done()

    def saw(self, followed: Followed, seen: GetRunResponse) -> None:
        """Decide about the answer to GetRun of a run."""
        self._dequeue()
        last, was_pinned = followed.last, followed.subject.uuid is not None
        seen = without_raw(seen)
        try:
            followed.subject.check(seen, last, WANTED)
            if not (was_pinned and seen.uuid) and not followed.is_that_of(seen.creation_time):
                raise _replaced(followed)
        except OmicsRunsError as error:
            self._end(followed, last, error)
        else:
            followed.created = seen.creation_time
            followed.sight(seen, seen.run_group_id)
            self.lists.belongs_to(seen.run_group_id)
            self._judge(followed, seen)
        self._end_round_if_done()

    def _judge(self, followed: Followed, seen: GetRunResponse) -> None:
        verdict = RUN_LIFE.verdict(WANTED, seen)
        if verdict is Verdict.REACHED:
            self._end(followed, seen, None)
        elif verdict is Verdict.UNREACHABLE:
            self._end(followed, seen, followed.subject.unreachable(seen, WANTED))

    def not_found(self, followed: Followed, error: ResourceNotFoundError) -> None:
        """Decide about a 404: the run is gone, or not there yet."""
        self._dequeue()
        last = followed.last
        waited = self._env.clock.monotonic() - followed.since
        if last is not None:
            gone = followed.subject.gone(last, WANTED)
            gone.__cause__ = error
            self._end(followed, last, gone)
        elif not followed.has_existed or waited >= NOT_FOUND_GRACE:
            self._end(followed, None, error)
        self._end_round_if_done()

    def refused(self, followed: Followed, error: OmicsRunsError) -> None:
        """End the wait for a run of which the service won't tell, whatever the time."""
        self._dequeue()
        self._end(followed, followed.last, error)
        self._end_round_if_done()

    def failed(self, error: CallError | CredentialsError, followed: Followed | None = None) -> None:
        """Ride out trouble that passes, of a sweep or of a single run.

        A run that can't be asked for goes to the end of all, so that it keeps nobody back. Trouble
        with several in a row ends the round.
        """
        told = {"remaining": len(self.following()), "error": type(error).__name__}
        logger.warning(
            "still waiting for %d runs: %s", told["remaining"], error, extra={"omics_runs": told}
        )
        self._trouble = error
        if followed is None:
            return
        self._queue.popleft().is_queued = False
        self._open[followed.ref.id] = self._open.pop(followed.ref.id)
        self._troubles += 1
        if self._troubles == TROUBLES_IN_A_ROW:
            self._troubles = 0
            self._clear_queue()
        self._end_round_if_done()

    def _dequeue(self) -> None:
        self._troubles = 0
        self._queue.popleft().is_queued = False

    def _clear_queue(self) -> None:
        while self._queue:
            self._dequeue()

    # --- ends -----------------------------------------------------------------------------------

    def _end(
        self, followed: Followed, run: GetRunResponse | None, error: OmicsRunsError | None
    ) -> None:
        followed.outcome = RunOutcome(followed.ref, run, error)
        self._ready.append(followed)
        if _is_left(followed.outcome):
            return
        if self._patience.progress is not None:
            self._news.append(followed.outcome)
        self._outcomes += 1
        self._errors += error is not None
        if isinstance(error, (RunGoneError, RunReplacedError)):
            self._ended[RunStatus.DELETED] += 1
        elif run is not None:
            self._ended[run.status] += 1

    def _end_round_if_done(self) -> None:
        if self._queue or not self._is_settling:
            self._report_meanwhile()
            return
        self._is_settling = False
        self._troubles = 0
        self._rounds += 1
        if self._lull is None or self._lull[1] == self._outcomes:
            self._lull = self._elapsed(), self._outcomes
        time_left = self._time_left()
        remaining = len(self.following())
        if remaining and time_left < MOMENT:
            self.time_is_up()
        elif remaining:
            self._schedule(time_left)
        else:
            self._report(None)

    def _schedule(self, time_left: float) -> None:
        low, high = self._patience.min_delay, self._patience.max_delay
        delay = delay_after(self._rounds, low, high, time_left, self._env.random())
        self._due_at = self._env.clock.monotonic() + delay
        self._report(delay)

    def time_is_up(self) -> None:
        """End the wait for all runs that remain: they go on without it."""
        self._clear_queue()
        self._is_settling = False
        elapsed, cause = self._elapsed(), self._trouble
        why = None if cause is None else reason_of(cause)
        self._report(None)
        for followed in self.following():
            last = followed.last
            error = followed.subject.timed_out(last, WANTED, elapsed, self.polls, why)
            error.__cause__ = cause
            self._end(followed, last, error)

    def log_end(self) -> None:
        """Write the wait's one line."""
        told = {
            "ended": self._outcomes,
            "failed": self._errors,
            "remaining": len(self._left),
            "polls": self.polls,
            "elapsed": self._elapsed(),
        }
        logger.info(
            "wait for many runs: %(ended)d ended, %(failed)d of them failed, %(remaining)d remain, "
            "%(polls)d polls in %(elapsed).1f s",
            told,
            extra={"omics_runs": told},
        )

    def _report_meanwhile(self) -> None:
        """Tell of ends in the midst of a long round, and of those that hints brought before one."""
        if not self._news:
            return
        now = self._env.clock.monotonic()
        since = max(self._told_at, self._due_at) if self._is_settling else self._told_at
        if not self._is_settling and not self.following():
            self._report(None)
        elif now >= since + LONG_ROUND:
            self._report(max(self._due_at - now, 0.0))

    def _report(self, next_delay: float | None) -> None:
        self._told_at = self._env.clock.monotonic()
        if self._patience.progress is None:
            return
        outcomes, self._news = self._news, []
        remaining = self.following()
        seen = Counter(one.seen.status for one in remaining if one.seen is not None)
        counts = seen + self._ended
        told = FleetProgress(
            statuses={status: counts[status] for status in sorted(counts, key=_place_of)},
            ended=self._outcomes,
            failed=self._errors,
            remaining=len(remaining),
            outcomes=tuple(outcomes),
            polls=self.polls,
            throttled=self.throttled,
            elapsed=self._elapsed(),
            seconds_left=self._seconds_left(len(remaining)),
            next_delay=next_delay,
        )
        self._patience.progress(told)

    def _seconds_left(self, remaining: int) -> float | None:
        """Return when all will have ended at the rate since ends began to come, if one can tell.

        Runs that had ended before the first round say nothing of how long the others take.
        """
        if not remaining:
            return 0.0
        since, before = self._lull or (0.0, self._outcomes)
        ends = self._outcomes - before
        return remaining * (self._elapsed() - since) / ends if ends >= FEW_ENDS else None

    def _elapsed(self) -> float:
        return self._env.clock.monotonic() - self._began

    def _time_left(self) -> float:
        timeout = self._patience.timeout
        return math.inf if timeout is None else timeout - self._elapsed()


def _place_of(status: RunStatus) -> int:
    """Return where a status stands in a run's life; one newer than this release comes last."""
    places = RUN_LIFE.columns
    return places.index(status) if status in places else len(places)


def _may_be(followed: Followed, ref: RunRef) -> bool:
    return None in {ref.uuid, followed.subject.uuid} or ref.uuid == followed.subject.uuid


def _is_left(outcome: RunOutcome | None) -> bool:
    """Return whether the run had not ended yet when time was up."""
    return outcome is not None and isinstance(outcome.error, WaitTimeoutError)


def _replaced(followed: Followed) -> RunGoneError:
    text = (
        f"{followed.subject.name} is gone: its id now belongs to another run, created at another "
        "time; the service gives ids of deleted runs out again"
    )
    return RunGoneError(text, wanted=WANTED, run=followed.last)
