"""Submitting: one spec after another, each started once however often it is tried.

The service lets an account start about one run a second, so nothing is gained by starting several
at a time. Submissions end in the middle, by kills, lost answers and refusals. So each send is
noted in a ledger before and after it, and whatever is sent again carries the same request id.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from enum import Enum
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import attrs
from attrs import define, frozen

from omics_runs._core import outcome
from omics_runs._deadline import Deadline
from omics_runs._effects import Do, Emit, Flow, Sleep
from omics_runs._errors import (
    CallError,
    ConfigurationError,
    InvalidRequestError,
    OmicsRunsError,
)
from omics_runs._generated.errors import (
    AccessDeniedError,
    ConflictError,
    ServiceQuotaExceededError,
)
from omics_runs._generated.models import GetBatchResponse, StartRunRequest, StartRunResponse
from omics_runs._job import logger
from omics_runs._journal import Entry
from omics_runs._model import Response
from omics_runs._overwrites import place_of
from omics_runs._request import Request
from omics_runs._retries import Retry, request_of, text_of
from omics_runs._retry import RetryPolicy, is_throttling, passes
from omics_runs._rules import kind
from omics_runs._submission import (
    FIRST_GENERATION,
    RunSpec,
    Submission,
    SubmitProgress,
    SubmitStatus,
    Submitted,
    digest_of,
    request_id_of,
)
from omics_runs._submission_errors import SubmissionTimeoutError
from omics_runs._timeout import Timeout, at_most, last_poll_time

if TYPE_CHECKING:
    from omics_runs._env import Env
    from omics_runs._journal import Journal
    from omics_runs._run_ref import RunRef
    from omics_runs._submit_plan import SubmitPlan

Out = TypeVar("Out", bound=Response)
Failure = CallError | ConfigurationError | InvalidRequestError

ONCE = RetryPolicy(max_attempts=1)
"""How a start is called: each further attempt takes a turn of its own, and is decided here."""

FIRST_DELAY, LONGEST_DELAY = 1.0, 60.0
"""Bounds, in seconds, of the delay before a start is sent again; it doubles with each time."""
MOST_DOUBLINGS = 6

SETTLING = 5
"""How often a start is sent again that may have taken effect while its answers neither name the
run nor speak of passing trouble: a conflict, or an answer that can't be read."""


MOST_DIGITS = 12
"""How much of a digest a message shows, which has 64 digits."""

USED_BEFORE = (
    "the same key was used before for this name, it seems with other content: put that back, or"
    " for one more run take another name for it, or another key for all"
)
"""What a conflict means in a submission, whose request ids come of keys and names."""


class Fate(Enum):
    """What becomes of a start that has failed."""

    AGAIN = "again"
    REFUSED = "refused"
    STOPPED = "stopped"


def submit(plan: SubmitPlan, env: Env, way: type[Campaign]) -> Flow[Submission]:
    """Submit all specs; return what became of them."""
    results: list[Submitted] = []
    with _campaign(plan, env, way) as campaign:
        yield from campaign.open()
        while (result := (yield from campaign.next_result())) is not None:
            results.append(result)
    return Submission(
        key=campaign.key,
        results=tuple(results),
        stopped_by=campaign.stopped_by,
        journal=plan.journal_path,
        via=plan.via,
    )


def iter_submit(plan: SubmitPlan, env: Env, way: type[Campaign]) -> Flow[None]:
    """Submit one spec after another; hand out what became of each."""
    with _campaign(plan, env, way) as campaign:
        yield from campaign.open()
        while (result := (yield from campaign.next_result())) is not None:
            yield from Emit(result)


@contextmanager
def _campaign(plan: SubmitPlan, env: Env, way: type[Campaign]) -> Generator[Campaign]:
    campaign = way(plan, env)
    try:
        yield campaign
    except BaseException as error:
        is_close = isinstance(error, GeneratorExit)
        campaign.close("interrupted" if is_close else type(error).__name__)
        raise
    stopped_by = campaign.stopped_by
    campaign.close("all sent" if stopped_by is None else type(stopped_by).__name__)


@frozen
class Task:
    """A spec to be submitted, and what is known of it."""

    spec: RunSpec
    digest: str
    entry: Entry | None
    is_twin: bool
    """Whether an earlier spec of this submission has its name."""
    retry: Retry | None
    """What is to be started in place of the spec's failed run; None for its first one."""
    rival: str | None
    """The earlier spec of this submission whose files its own would overwrite."""

    @property
    def name(self) -> str:
        return self.spec.name

    @property
    def generation(self) -> int:
        if self.entry is not None:
            return self.entry.generation
        return FIRST_GENERATION if self.retry is None else self.retry.generation

    @property
    def request(self) -> StartRunRequest:
        """What to send: exactly what was sent before, where that is known."""
        if self.entry is not None and self.entry.sent is not None:
            return request_of(self.entry.sent)
        return self.spec.request if self.retry is None else self.retry.request

    @property
    def sent(self) -> str | None:
        """What the ledger has to keep of it, since the spec does not have it."""
        return None if self.generation == FIRST_GENERATION else text_of(self.request)

    @property
    def replaces(self) -> RunRef | None:
        """The failed run in whose place its own is; a twin has none of its own."""
        if self.is_twin:
            return None
        known = None if self.entry is None else self.entry.replaces
        return self.retry.replaces if known is None and self.retry is not None else known

    @property
    def is_open(self) -> bool:
        """Whether it was sent before, and no answer is known."""
        return self.entry is not None and self.entry.run is None

    def result(self, status: SubmitStatus, **more: Any) -> Submitted:
        return Submitted(
            spec=self.spec,
            status=status,
            generation=self.generation,
            replaces=self.replaces,
            **more,
        )

    def refused(self, path: str, what: str) -> Submitted:
        error = InvalidRequestError(f"spec {self.name!r}", [(path, what)])
        return self.result("refused", error=error)


class Campaign:
    """The state of one submission, which starts runs one by one."""

    def __init__(self, plan: SubmitPlan, env: Env, ledger: Journal | None = None) -> None:
        self.key = ""
        self.stopped_by: OmicsRunsError | None = None
        self._validates = env.validate
        # What was sent once is sent again as it was, whatever this release thinks of it.
        self._env = attrs.evolve(env, pacer=env.pacer.without_starts(), validate=False)
        self._lane = env.pacer.lane_of_starts(plan.rate)
        self._ledger = plan.ledger(env) if ledger is None else ledger
        self._timeout = plan.timeout
        self._deadline = Deadline.after(env.clock, plan.time_left)
        self._specs = enumerate(plan.specs)
        self._names: set[str] = set()
        self._places: dict[str, str] = {}
        self._report = _Report(plan, env)

    def open(self) -> Flow[None]:
        self.key = yield from Do(self._ledger.open)

    def close(self, outcome: str) -> None:
        self._ledger.close()
        self._report.log_end(self.key, outcome)

    def next_result(self) -> Flow[Submitted | None]:
        """Return what became of the next spec; None after the last one."""
        task: Task | None = yield from Do(self._take)
        if task is None:
            return None
        result = self._known(task)
        if result is None:
            result = yield from self._start(task)
        self._report.tell(result)
        return result

    # --- before it is sent ----------------------------------------------------------------------

    def _take(self) -> Task | None:
        """Read the next spec, and what the ledger has of it. It may block."""
        place, given = next(self._specs, (None, None))
        if place is None:
            return None
        retry = given if isinstance(given, Retry) else None
        spec = given if retry is None else retry.spec
        if not isinstance(spec, RunSpec):
            what = f"must be a RunSpec, got {kind(spec)}"
            raise InvalidRequestError("submit", [(f"specs[{place}]", what)])
        is_twin = spec.name in self._names
        self._names.add(spec.name)
        entry = self._ledger.find(spec.name)
        if retry is not None and entry is not None and entry.generation < retry.generation:
            entry = None  # it is of the run that has failed
        rival = self._rival(spec.name, spec.request if retry is None else retry.request)
        return Task(spec, digest_of(spec.request), entry, is_twin, retry, rival)

    def _rival(self, name: str, request: StartRunRequest) -> str | None:
        """Return the spec before this one that writes to the same place; None if there is none."""
        place = place_of(request)
        first = name if place is None else self._places.setdefault(place, name)
        return None if first == name else first

    def _known(self, task: Task) -> Submitted | None:
        """Return the result of a spec for which nothing need be sent, or nothing can be."""
        entry = task.entry
        if task.is_twin:
            return task.refused("name", "another spec of this submission has the same name")
        if entry is not None and entry.digest != task.digest:
            return self._changed(task, entry)
        if entry is not None and entry.run is not None:
            return task.result("started", run=entry.run, adopted=True)
        if self.stopped_by is not None:
            return self._unsent(task, may_have_started=task.is_open)
        return None if task.is_open else self._refused(task)

    def _changed(self, task: Task, entry: Entry) -> Submitted:
        """Return the result of a spec that asks for something else than what was sent."""
        sent = "it was sent before" if entry.run is None else f"run {entry.run.id} was started"
        what = (
            f"{sent} with other content (then {entry.digest[:MOST_DIGITS]}, now "
            f"{task.digest[:MOST_DIGITS]}); put that back to keep to it, or give the spec another "
            "name for one more run"
        )
        refused = task.refused("request", what)
        known = entry.run is not None
        open_ = entry.run is None
        return attrs.evolve(refused, run=entry.run, adopted=known, may_have_started=open_)

    def _refused(self, task: Task) -> Submitted | None:
        """Return the result of a spec that must not be sent."""
        if task.rival is not None:
            what = f"spec {task.rival!r} writes there too, and one would overwrite the other"
            return task.refused("request.output_uri", f"{what}; give each its own")
        if task.retry is not None and task.retry.is_overwriting:
            what = "is that of the failed run or of another spec, whose files would be overwritten"
            return task.refused("request.output_uri", f"{what}; give it another one by change=")
        if self._validates and (problems := task.request.problems()):
            return task.result("refused", error=InvalidRequestError("StartRun", problems))
        return None

    def _unsent(self, task: Task, *, may_have_started: bool) -> Submitted:
        return task.result("unsent", error=self.stopped_by, may_have_started=may_have_started)

    # --- sending --------------------------------------------------------------------------------

    def _start(self, task: Task) -> Flow[Submitted]:
        """Send a spec until it is settled, or there is no time, or nothing can be sent at all."""
        request_id = request_id_of(self.key, task.name, task.generation)
        request = task.request.replace(request_id=request_id)
        story = Story(task.is_open)
        while (yield from self._is_our_turn(story.failures)):
            if story.failures == 0:
                yield from self._note(self._ledger.sending, task, task.digest, task.sent)
            answer = yield from self._call(request)
            if isinstance(answer, StartRunResponse):
                yield from self._note(self._ledger.started, task, answer.ref)
                return task.result("started", run=answer.ref)
            fate = story.failed(answer)
            if fate is not Fate.AGAIN:
                return (yield from self._give_up(task, answer, fate, story))
            self._report.tell_trouble(request_id, answer)
        timeout = self._timed_out(story.trouble)
        return (yield from self._give_up(task, timeout, Fate.STOPPED, story))

    def _is_our_turn(self, failures: int) -> Flow[bool]:
        """Wait until the next attempt is due; return False if that is too late."""
        if self._deadline.is_over:
            return False
        if failures:
            delay = self._delay_after(failures)
            if not self._deadline.allows(delay):
                return False
            yield from Sleep(delay)
        if self._lane is None:
            return True
        too_late = yield from self._lane.turn(self._env.clock, self._deadline.allows)
        return too_late is None

    def _delay_after(self, failures: int) -> float:
        grown = min(FIRST_DELAY * 2.0 ** min(failures - 1, MOST_DOUBLINGS), LONGEST_DELAY)
        return grown * (1 + self._env.random()) / 2

    def _call(self, request: Request[Out]) -> Flow[Out | Failure]:
        try:
            answer: Out | Failure = yield from outcome(request, self._env, self._bounds(), ONCE)
        except (ConfigurationError, InvalidRequestError) as error:
            answer = error
        if isinstance(answer, Response):
            return answer
        return answer.with_traceback(None)  # results are kept, and must not keep frames

    def _bounds(self) -> Timeout:
        """Return the client's own bounds; one sent just before the end gets the time of a read."""
        time_left = self._deadline.time_left()
        if time_left is None:
            return self._env.timeout
        return at_most(max(time_left, last_poll_time(self._env.timeout)), self._env.timeout)

    def _give_up(
        self, task: Task, error: OmicsRunsError, fate: Fate, story: Story
    ) -> Flow[Submitted]:
        if not story.is_open:
            yield from self._note(self._ledger.not_started, task)
        if fate is Fate.REFUSED:
            if isinstance(error, ConflictError):
                error.add_note(USED_BEFORE)
            return task.result("refused", error=error, may_have_started=story.is_open)
        self.stopped_by = error
        return self._unsent(task, may_have_started=story.is_open)

    def _note(self, write: Callable[..., None], task: Task, *more: object) -> Flow[None]:
        yield from Do(partial(write, task.name, task.generation, *more))

    def _timed_out(self, trouble: Failure | None) -> SubmissionTimeoutError:
        because = "" if trouble is None else f", while riding out {trouble}"
        error = SubmissionTimeoutError(
            f"the {self._timeout:g} s of the submission are over{because}"
        )
        error.__cause__ = trouble
        return error


@define
class Story:
    """The attempts of one spec so far."""

    is_open: bool
    """Whether it may have been started, although no run is known."""
    trouble: Failure | None = None
    """What the last attempt ended with."""
    failures: int = 0
    unsettled: int = 0
    """How many of them ended with what does not pass."""

    def failed(self, error: Failure) -> Fate:
        """Note a failed attempt; return what becomes of the spec."""
        self.trouble = error
        self.failures += 1
        self.unsettled += not _passes(error)
        fate = fate_of(error, self.unsettled)
        self.is_open = self.is_open or _left_open(error)
        return fate


def fate_of(error: Failure, unsettled: int) -> Fate:
    """Return what becomes of a start that has failed with `error`.

    Args:
        error: What it ended with.
        unsettled: How often it has failed so far by what does not pass, this time included.
    """
    if _passes(error):
        return Fate.AGAIN
    if _stops(error):
        return Fate.STOPPED
    # A refusal of what was sent before may not have looked for its run, so the spec stays open.
    return Fate.AGAIN if _left_open(error) and unsettled <= SETTLING else Fate.REFUSED


def _stops(error: Failure) -> bool:
    """Return whether an error speaks of the account or of its keys, and so of all that follow."""
    if isinstance(error, (ConfigurationError, AccessDeniedError, ServiceQuotaExceededError)):
        return True
    return isinstance(error.__cause__, ConfigurationError)  # no keys for a second attempt


def _passes(error: Failure) -> bool:
    return not isinstance(error, InvalidRequestError) and passes(error)


def _left_open(error: Failure) -> bool:
    return isinstance(error, CallError) and error.may_have_taken_effect


class _Report:
    """What is told of a submission: to the caller's function, and to the log."""

    def __init__(self, plan: SubmitPlan, env: Env) -> None:
        self._plan = plan
        self._clock = env.clock
        self._began = env.clock.monotonic()
        self._counts = {"started": 0, "adopted": 0, "refused": 0, "unsent": 0}
        self._throttled = 0
        self._fresh: list[float] = []
        """When the first run was started, and when the latest."""

    def tell(self, result: Submitted) -> None:
        """Count a result, and tell of it."""
        self._counts[result.status] += 1
        self._counts["adopted"] += result.adopted and result.status == "started"
        if result.status == "started" and not result.adopted:
            self._fresh[1:] = [self._elapsed]
        self._tell(result=result)

    def tell_batch(self, batch: GetBatchResponse) -> None:
        """Tell how a batch is."""
        self._tell(batch=batch)

    def tell_trouble(self, request_id: str, trouble: OmicsRunsError) -> None:
        """Tell what is being ridden out; names of samples stay out of the log."""
        told = {"request_id": request_id, "error": type(trouble).__name__}
        logger.warning(
            "still submitting request id %s: %s", request_id, trouble, extra={"omics_runs": told}
        )
        self._throttled += is_throttling(trouble)
        self._tell(trouble=trouble)

    def log_end(self, key: str, outcome: str) -> None:
        """Write the submission's one line: `all sent`, `interrupted`, or an error's name."""
        told = {"key": key, "outcome": outcome, "elapsed": self._elapsed, **self._counts}
        logger.info(
            "submission of %s: %s, %d started (%d before), %d refused, %d unsent in %.1f s",
            key,
            outcome,
            *self._counts.values(),
            self._elapsed,
            extra={"omics_runs": told},
        )

    @property
    def _elapsed(self) -> float:
        return self._clock.monotonic() - self._began

    @property
    def _rate(self) -> float | None:
        fresh = self._counts["started"] - self._counts["adopted"]
        if self._plan.via == "batch" or len(self._fresh) == 1 or not self._fresh:
            return None
        first, latest = self._fresh
        return (fresh - 1) / (latest - first) if latest > first else None

    def _tell(
        self,
        *,
        result: Submitted | None = None,
        trouble: OmicsRunsError | None = None,
        batch: GetBatchResponse | None = None,
    ) -> None:
        if self._plan.progress is not None:
            self._plan.progress(
                SubmitProgress(
                    result=result,
                    trouble=trouble,
                    batch=batch,
                    rate=self._rate,
                    total=self._plan.total,
                    throttled=self._throttled,
                    elapsed=self._elapsed,
                    **self._counts,
                )
            )
