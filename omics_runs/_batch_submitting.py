"""Submitting through a batch: one call starts all runs, and the service keeps the pace.

What is known of single runs comes late: when the batch has tried to start its last one, its list
says which run came of which spec. Until then a batch is a promise, so it is noted in a ledger
before it is sent, and whatever is sent again is the same request with the same request id.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING

import attrs
from attrs import field, frozen

from omics_runs._batch_request import (
    batch_problems,
    batch_request,
    file_name,
    file_of,
    is_json,
    setting_of,
)
from omics_runs._effects import Do, Flow
from omics_runs._errors import InvalidRequestError, OmicsRunsError
from omics_runs._generated.enums import BatchStatus, SubmissionStatus
from omics_runs._generated.errors import ResourceNotFoundError
from omics_runs._generated.models import (
    BatchRunSettings,
    GetBatchResponse,
    InlineSettings,
    ListRunsInBatchRequest,
    ListRunsInBatchResponse,
    RunBatchListItem,
    S3UriSettings,
    StartRunBatchRequest,
    StartRunBatchResponse,
)
from omics_runs._lifecycle import BATCH_LIFE, Verdict
from omics_runs._paging import Walk
from omics_runs._preflight import INLINE_LIMIT
from omics_runs._subjects import BatchSubject
from omics_runs._submission import (
    RunSpec,
    SubmitStatus,
    Submitted,
    batch_request_id_of,
)
from omics_runs._submission_errors import BatchRunError, SubmissionTimeoutError
from omics_runs._submitting import Campaign, Fate, Story, Task
from omics_runs._wait_errors import BatchFailedError, BatchGoneError, WaitTimeoutError
from omics_runs._wait_plan import plan_batch_wait
from omics_runs._waiting import wait_until

if TYPE_CHECKING:
    from omics_runs._batch_journal import BatchEntry
    from omics_runs._env import Env
    from omics_runs._progress import BatchProgress
    from omics_runs._request import Request
    from omics_runs._run_ref import RunRef
    from omics_runs._submit_plan import SubmitPlan

PAGE = 100
"""Most runs of a page of ListRunsInBatch."""

SHORTEST_DELAY, LONGEST_DELAY = 5, 60
"""Bounds, in seconds, of the delay between two looks at a batch."""

SUBMITTED = frozenset({BatchStatus.INPROGRESS, BatchStatus.CANCELLED, BatchStatus.RUNS_DELETING})
"""What is waited for: all later statuses count for one of these."""

OF_THE_MOMENT = frozenset(
    {
        "ServiceQuotaExceededException",
        "ThrottlingException",
        "RequestTimeoutException",
        "InternalServerException",
        "ConflictException",
    }
)
"""Why a batch could not start a run that may well be started later, as it is."""


@frozen
class Load:
    """Specs that go into one batch, or have gone into it."""

    number: int
    tasks: list[Task]
    entry: BatchEntry | None
    """What an earlier submission has left of the batch; None if it is to be sent for the first
    time."""

    @property
    def specs(self) -> list[RunSpec]:
        return [task.spec for task in self.tasks]


@frozen(kw_only=True)
class Outcome:
    """What became of a batch: by its list of runs, and of those that the list has no word of."""

    error: OmicsRunsError
    """What has ended it for those."""
    fate: Fate
    """Whether that refuses them, or has stopped the submission; or neither, so that they remain."""
    is_open: bool
    """Whether runs of theirs may have been started."""
    batch_id: str | None = None
    items: Mapping[str, RunBatchListItem] = field(factory=dict[str, RunBatchListItem])
    is_old: bool = False
    """Whether an earlier submission knew of the batch."""

    @property
    def runs(self) -> Mapping[str, RunRef]:
        """The runs by the names of their specs."""
        return {name: item.ref for name, item in self.items.items() if item.ref is not None}

    @property
    def failed(self) -> list[str] | None:
        """The names of the specs that have no run; None for all but those that have one."""
        if not self.is_open:
            return None
        return [name for name, item in self.items.items() if _has_failed(item)]

    def result(self, task: Task) -> Submitted:
        """Return what became of a spec."""
        item = self.items.get(task.name)
        if item is not None and item.ref is not None:
            return task.result("started", run=item.ref, adopted=self.is_old, batch_id=self.batch_id)
        if item is not None and _has_failed(item):
            reason = item.submission_failure_reason
            status: SubmitStatus = "unsent" if reason in OF_THE_MOMENT else "refused"
            error = _not_started(item, str(self.batch_id))
            return task.result(status, error=error, batch_id=self.batch_id)
        return task.result(
            "refused" if self.fate is Fate.REFUSED else "unsent",
            error=self.error,
            may_have_started=self.is_open,
            batch_id=self.batch_id,
        )


def _has_failed(item: RunBatchListItem) -> bool:
    return item.ref is None and item.submission_status == SubmissionStatus.FAILED


def _not_started(item: RunBatchListItem, batch_id: str) -> BatchRunError:
    reason = item.submission_failure_reason
    told = f"{reason or 'no reason given'}: {item.submission_failure_message or '(no message)'}"
    text = f"batch {batch_id} could not start the run: {told}"
    return BatchRunError(text, batch_id=batch_id, reason=reason)


class BatchCampaign(Campaign):
    """The state of one submission, which starts runs through a batch."""

    def __init__(self, plan: SubmitPlan, env: Env) -> None:
        self._batches = plan.batch_ledger(env)
        super().__init__(plan, env, self._batches)
        self._upload = plan.upload
        self._batch_ids: Mapping[int, str] = {}
        self._results: deque[Submitted] | None = None

    def next_result(self) -> Flow[Submitted | None]:
        """Return what became of the next spec; None after the last one."""
        if self._results is None:
            self._results = yield from self._submit_all()
        if not self._results:
            return None
        result = self._results.popleft()
        self._report.tell(result)
        return result

    def _submit_all(self) -> Flow[deque[Submitted]]:
        """Settle the batches that earlier submissions have left, and send one with the rest."""
        known: list[tuple[Task, Submitted | None]] = yield from Do(self._take_all)
        tasks = [task for task, result in known if result is None]
        together = [task for task in tasks if not _went_alone(task)]
        loads: list[Load] = yield from Do(partial(self._loads, together))
        found: dict[str, Submitted] = {}
        for task in filter(_went_alone, tasks):
            found[task.name] = self._known(task) or (yield from self._start(task))
        for load in loads:
            for result in (yield from self._settle(load)):
                found[result.name] = result
        return deque(result or found[task.name] for task, result in known)

    # --- before anything is sent ----------------------------------------------------------------

    def _take_all(self) -> list[tuple[Task, Submitted | None]]:
        """Read all specs, with the results of those that need not be sent, or can't be."""
        known: list[tuple[Task, Submitted | None]] = []
        self._batch_ids = self._batches.batch_ids()
        while (task := self._take()) is not None:
            known.append((task, self._known(task)))
        return known

    def _known(self, task: Task) -> Submitted | None:
        """Return the result of a spec for which nothing need be sent, or nothing can be."""
        result = super()._known(task)
        if result is not None and task.entry is not None and task.entry.batch is not None:
            return attrs.evolve(result, batch_id=self._batch_ids.get(task.entry.batch))
        if result is None and not self._validates and not is_json(task.spec.request):
            return task.refused("request", "is no JSON, and would make the whole batch fail")
        return result

    def _loads(self, tasks: Iterable[Task]) -> list[Load]:
        """Return the batches that are open, and last the new one.

        Raises:
            InvalidRequestError: A batch can't carry what is new.
        """
        by_number: dict[int, list[Task]] = {}
        next_number = self._batches.next_number()
        for task in tasks:
            number = None if task.entry is None else task.entry.batch
            by_number.setdefault(next_number if number is None else number, []).append(task)
        loads = [
            Load(number, its, self._batches.find_batch(number))
            for number, its in sorted(by_number.items())
        ]
        new = [spec for load in loads if load.entry is None for spec in load.specs]
        if problems := batch_problems(new, can_upload=self._upload is not None):
            raise InvalidRequestError("submit", problems)
        return loads

    # --- sending --------------------------------------------------------------------------------

    def _settle(self, load: Load) -> Flow[list[Submitted]]:
        """See a batch through until its runs are known, and note them."""
        outcome = yield from self._outcome(load)
        note = partial(self._batches.batch_over, load.number, outcome.runs, outcome.failed)
        yield from Do(note)
        results = [outcome.result(task) for task in load.tasks]
        if outcome.fate is Fate.STOPPED and any(one.error is outcome.error for one in results):
            self.stopped_by = outcome.error
        return results

    def _outcome(self, load: Load) -> Flow[Outcome]:
        """Send a batch unless it is known; return what becomes of it."""
        batch = load.entry.batch if load.entry else None
        if self.stopped_by is not None:
            return Outcome(
                error=self.stopped_by,
                fate=Fate.STOPPED,
                is_open=load.entry is not None,
                batch_id=batch.id if batch else None,
            )
        if batch is not None:
            outcome = yield from self._look(load, batch)
            return attrs.evolve(outcome, is_old=True)
        sent = yield from self._send(load)
        return sent if isinstance(sent, Outcome) else (yield from self._look(load, sent))

    def _send(self, load: Load) -> Flow[StartRunBatchResponse | Outcome]:
        """Send a batch until it is accepted or refused, or there is no time."""
        story = Story(is_open=load.entry is not None)
        request = load.entry.request if load.entry else None
        while (yield from self._is_our_turn(story.failures)):
            if request is None:
                request = yield from Do(partial(self._write, load))
            answer = yield from self._call(request)
            if isinstance(answer, StartRunBatchResponse):
                yield from Do(partial(self._batches.batch_accepted, load.number, answer))
                return answer
            fate = story.failed(answer)
            if fate is not Fate.AGAIN:
                return Outcome(error=answer, fate=fate, is_open=story.is_open)
            self._report.tell_trouble(request.request_id, answer)
        late = self._timed_out(story.trouble)
        return Outcome(error=late, fate=Fate.STOPPED, is_open=story.is_open)

    def _write(self, load: Load) -> StartRunBatchRequest:
        """Return the request of a new batch, once its file is uploaded and it is noted."""
        request_id = self._request_id(load)
        settings = self._settings(load.specs, request_id)
        request = batch_request(request_id, load.specs, settings)
        rows = [(task.name, task.generation, task.digest) for task in load.tasks]
        self._batches.sending_batch(load.number, request, rows)
        return request

    def _settings(self, specs: list[RunSpec], request_id: str) -> BatchRunSettings:
        if self._upload is None or len(specs) <= INLINE_LIMIT:
            return InlineSettings([setting_of(spec) for spec in specs])
        content = file_of(specs)
        uri = self._upload(file_name(request_id, content), content)
        if not str(uri).startswith("s3://"):
            what = f"must return the s3:// URI of the file, got {uri!r}"
            raise InvalidRequestError("submit", [("upload", what)])
        return S3UriSettings(uri)

    def _request_id(self, load: Load) -> str:
        return batch_request_id_of(self.key, load.number)

    # --- what became of it ----------------------------------------------------------------------

    def _look(self, load: Load, batch: StartRunBatchResponse) -> Flow[Outcome]:
        """Wait until a batch has tried to start all of its runs; return what it says of them."""
        seen = yield from self._submitted(batch)
        if isinstance(seen, Outcome):
            return seen
        items = yield from self._items(load, batch)
        if isinstance(items, OmicsRunsError):
            return _stopped(batch, items)
        return _outcome_of(seen, items)

    def _submitted(self, batch: StartRunBatchResponse) -> Flow[GetBatchResponse | Outcome]:
        time_left = self._deadline.time_left()
        if time_left is not None and time_left <= 0:
            return _stopped(batch, self._timed_out(None))
        delays = SHORTEST_DELAY, LONGEST_DELAY
        plan = plan_batch_wait(batch, SUBMITTED, time_left, *delays, self._tell)
        try:
            return (yield from wait_until(plan, self._env))
        except BatchFailedError as error:
            why = error.with_traceback(None)  # results are kept, and must not keep frames
            return Outcome(error=why, fate=Fate.REFUSED, is_open=False, batch_id=batch.id)
        except WaitTimeoutError as error:
            return _stopped(batch, self._too_late(error))
        except (ResourceNotFoundError, BatchGoneError) as error:
            text = f"batch {batch.id} is gone, and nobody knows any more what became of the run"
            gone = BatchRunError(text, batch_id=batch.id, reason=None)
            gone.__cause__ = error.with_traceback(None)
            return Outcome(error=gone, fate=Fate.AGAIN, is_open=True, batch_id=batch.id)
        except OmicsRunsError as error:
            return _stopped(batch, error.with_traceback(None))

    def _tell(self, progress: BatchProgress) -> None:
        self._report.tell_batch(progress.batch)

    def _too_late(self, error: WaitTimeoutError) -> SubmissionTimeoutError:
        late = SubmissionTimeoutError(
            f"the {self._timeout:g} s of the submission are over: {error}"
        )
        late.__cause__ = error.__cause__
        return late

    def _items(
        self, load: Load, batch: StartRunBatchResponse
    ) -> Flow[dict[str, RunBatchListItem] | OmicsRunsError]:
        """Return what a batch tells of its runs, by the names of their specs."""
        walk = Walk(ListRunsInBatchRequest(batch_id=batch.id, max_items=PAGE), None)
        items: dict[str, RunBatchListItem] = {}
        while (request := walk.next_or_error()) is not None:
            if isinstance(request, OmicsRunsError):
                return request
            page = yield from self._page(load, request)
            if isinstance(page, OmicsRunsError):
                return page
            walk.turn(request, page)
            items.update((item.run_setting_id, item) for item in page.runs)
        return items

    def _page(
        self, load: Load, request: Request[ListRunsInBatchResponse]
    ) -> Flow[ListRunsInBatchResponse | OmicsRunsError]:
        """Ask for a page until there is an answer, or no point in going on."""
        story = Story(is_open=False)
        while (yield from self._is_our_turn(story.failures)):
            answer = yield from self._call(request)
            if isinstance(answer, ListRunsInBatchResponse):
                return answer
            if story.failed(answer) is not Fate.AGAIN:
                return answer
            self._report.tell_trouble(self._request_id(load), answer)
        return self._timed_out(story.trouble)


def _went_alone(task: Task) -> bool:
    """Return whether a spec is open that was sent by itself, in place of its failed run."""
    return task.is_open and task.entry is not None and task.entry.batch is None


def _stopped(batch: StartRunBatchResponse, error: OmicsRunsError) -> Outcome:
    """Return the outcome of a batch that goes on, while nobody can look any more."""
    return Outcome(error=error, fate=Fate.STOPPED, is_open=True, batch_id=batch.id)


def _outcome_of(seen: GetBatchResponse, items: Mapping[str, RunBatchListItem]) -> Outcome:
    """Return the outcome of a batch that will start nothing more."""
    end = partial(Outcome, batch_id=seen.id, items=items)
    if BATCH_LIFE.verdict({BatchStatus.CANCELLED}, seen) is Verdict.REACHED:
        # Assumption: what a cancelled batch names no run for was not started, and won't be.
        error = BatchSubject(seen.id, seen.uuid).unreachable(seen, {BatchStatus.INPROGRESS})
        return end(error=error, fate=Fate.STOPPED, is_open=False)
    text = f"batch {seen.id} does not tell what became of the run"
    untold = BatchRunError(text, batch_id=seen.id, reason=None)
    return end(error=untold, fate=Fate.AGAIN, is_open=True)
