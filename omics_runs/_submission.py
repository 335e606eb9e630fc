"""What a submission takes and tells: specs, their results, and the whole of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

from attrs import Factory, field, frozen

from omics_runs._errors import InvalidRequestError, OmicsRunsError
from omics_runs._generated.models import StartRunRequest
from omics_runs._rules import is_unicode, kind
from omics_runs._run_ref import RunRef
from omics_runs._submission_errors import SubmissionError

if TYPE_CHECKING:
    from omics_runs._generated.models import GetBatchResponse

SubmitStatus: TypeAlias = Literal["started", "refused", "unsent"]
Via: TypeAlias = Literal["runs", "batch"]

FIRST_GENERATION = 1
"""The generation of a spec's first run; each run in place of a failed one has the next."""

MOST_TOLD = 3
"""How many reasons a message gives before it only counts the others."""


@frozen
class RunSpec:
    """One run of a campaign: a name that is its own there, and what to start.

    Args:
        name: What tells the run from all others of the campaign, such as the sample's name. It is
            what makes a second submission find the first one's run, so it must not change.
        request: What to start. Its `request_id` follows from the campaign's key and the name, so
            give it none; it may be shared or made with `replace`.

    Raises:
        InvalidRequestError: The name is no text or empty, or the request is none, or has a
            `request_id` of its own.
    """

    name: str
    request: StartRunRequest

    def __attrs_post_init__(self) -> None:
        problems = request_problems(self.request)
        if not is_name(self.name):
            problems.insert(0, ("name", f"must be a text that is not empty, got {self.name!r}"))
        if problems:
            raise InvalidRequestError("RunSpec", problems)


def request_problems(request: object) -> list[tuple[str, str]]:
    """Return why something can't be the request of a spec."""
    problems: list[tuple[str, str]] = []
    if not isinstance(request, StartRunRequest):
        problems.append(("request", f"must be a StartRunRequest, got {kind(request)}"))
    elif getattr(request, "_request_id", None) is not None:
        what = "leave it out: it follows from the campaign's key and the spec's name"
        problems.append(("request.request_id", what))
    return problems


def is_name(value: object) -> bool:
    """Return whether `value` can name a spec or a campaign."""
    return isinstance(value, str) and bool(value.strip()) and is_unicode(value)


def request_id_of(key: str, name: str, generation: int) -> str:
    """Return the request id of a spec: 64 hexadecimal digits.

    It is the SHA-256 of `[key, name, generation]`, written as JSON without spaces and with all
    but ASCII escaped. This form never changes: it is what recognizes runs of earlier releases.
    """
    return _sha256([key, name, generation])


def batch_request_id_of(key: str, number: int) -> str:
    """Return the request id of a campaign's batch, numbered from 1; its form never changes either.

    It is the SHA-256 of `[key, number]`, so that it is no spec's, which has three elements.
    """
    return _sha256([key, number])


def digest_of(request: StartRunRequest) -> str:
    """Return what tells the content of a request from any other, its request id left aside.

    What is no JSON has no content that could be compared, and will be refused when it is sent.
    """
    content = request.to_dict()
    del content["requestId"]
    try:
        return _sha256(content)
    except (TypeError, ValueError, RecursionError):
        return _sha256(None)


def _sha256(value: object) -> str:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


@frozen(kw_only=True)
class Submitted:
    """What became of one spec."""

    spec: RunSpec
    """The spec."""
    status: SubmitStatus
    """`started`; `refused`, because of the spec itself; or `unsent`, because the sending stopped
    before its turn, and to be submitted again."""
    run: RunRef | None = None
    """The run; None if there is none. A spec that was refused has one if it has changed since."""
    error: OmicsRunsError | None = None
    """Why it was refused, or what stopped the sending; None for a run that was started."""
    adopted: bool = field(default=False, eq=False)
    """Whether an earlier submission had started the run; nothing was sent for it now."""
    may_have_started: bool = False
    """Whether a run may have been started although none is known, because its answer was lost.
    Submitted again with the same key, it will be found, and not be started twice."""
    generation: int = FIRST_GENERATION
    """Which of the spec's runs it is, counted from 1."""
    replaces: RunRef | None = None
    """The failed run in whose place this one was started, or was to be; None for a first one."""
    batch_id: str | None = None
    """The batch that it went into; None if it went into none, or none is known."""

    @property
    def name(self) -> str:
        """The spec's name."""
        return self.spec.name

    def __str__(self) -> str:
        if self.error is None:
            return f"{self.name} {self.status}{' before' * self.adopted}: run {self.run}"
        note = " (may have started)" * self.may_have_started
        words = [str(self.error), *getattr(self.error, "__notes__", ())]
        return f"{self.name} {self.status}{note}: {'; '.join(words)}"


@frozen(kw_only=True)
class Submission:
    """What became of all specs, in their order."""

    key: str
    """What names the campaign."""
    results: tuple[Submitted, ...] = field(repr=False)
    """One for each spec."""
    stopped_by: OmicsRunsError | None = None
    """What stopped the sending before its end; None if nothing did."""
    journal: Path | None = field(default=None, repr=False, eq=False)
    """The journal that it was noted in; None if there is none."""
    via: Via = field(default="runs", repr=False, eq=False)
    """The way that its specs went."""
    started: Mapping[str, RunRef] = field(
        init=False,
        repr=False,
        eq=False,
        default=Factory(lambda self: _runs_by_name(self.results), takes_self=True),
    )
    """The runs by the names of their specs: adopted ones included, and those whose specs have
    changed since and were refused."""

    @property
    def adopted(self) -> Mapping[str, RunRef]:
        """The runs that an earlier submission had started, by the names of their specs."""
        return _runs_by_name(self.results, adopted=True)

    @property
    def fresh(self) -> Mapping[str, RunRef]:
        """The runs that are new with this submission, by the names of their specs."""
        return _runs_by_name(self._with("started"), adopted=False)

    @property
    def refused(self) -> tuple[Submitted, ...]:
        """The specs that can't be started as they are; each result's `error` says why."""
        return self._with("refused")

    @property
    def unsent(self) -> tuple[Submitted, ...]:
        """The specs that remain: submit the same specs again with the same key."""
        return self._with("unsent")

    @property
    def batch_ids(self) -> tuple[str, ...]:
        """The batches that the specs went into, for `wait_until_batch` and `cancel_run_batch`."""
        found = (one.batch_id for one in self.results if one.batch_id is not None)
        return tuple(dict.fromkeys(found))

    def raise_for_errors(self) -> None:
        """Raise unless each spec has its run.

        Raises:
            SubmissionError: Specs were refused, or remain unsent.
        """
        if self.refused or self.unsent:
            raise SubmissionError(self._complaint(), submission=self)

    def __str__(self) -> str:
        started = self._with("started")
        adopted = sum(one.adopted for one in started)
        before = f" ({adopted} of them before)" if adopted else ""
        return (
            f"{self.key}: {len(started)} started{before}, "
            f"{len(self.refused)} refused, {len(self.unsent)} unsent"
        )

    def _repr_html_(self) -> str:
        from omics_runs._showing import html_of_submission  # noqa: PLC0415  (for notebooks only)

        return html_of_submission(self)

    def _with(self, status: SubmitStatus) -> tuple[Submitted, ...]:
        return tuple(one for one in self.results if one.status == status)

    def _complaint(self) -> str:
        wrong = [*self.refused, *(one for one in self.unsent if one.error is not self.stopped_by)]
        reasons = [str(one) for one in wrong[:MOST_TOLD]]
        if (more := len(wrong) - MOST_TOLD) > 0:
            reasons.append(f"and {more} more")
        if self.stopped_by is not None:
            reasons.append(f"stopped by {self.stopped_by}")
        return "; ".join([str(self), *reasons])


def _runs_by_name(
    results: Iterable[Submitted], *, adopted: bool | None = None
) -> Mapping[str, RunRef]:
    """Return runs by names; of adopted ones only, or of others only, if that is asked for."""
    chosen = {True, False} if adopted is None else {adopted}
    return {one.name: one.run for one in results if one.run is not None and one.adopted in chosen}


@frozen(kw_only=True)
class SubmitProgress:
    """How far a submission has come."""

    result: Submitted | None
    """The result that has just come; None when trouble is being ridden out, or a batch was seen."""
    trouble: OmicsRunsError | None
    """What is being ridden out, such as throttling; None if there is nothing."""
    batch: GetBatchResponse | None
    """The batch that is looked at, as it is now; None when there is no such look."""
    total: int | None
    """How many specs there are; None where that can't be told before the last one."""
    started: int
    """How many runs were started so far, adopted ones included."""
    adopted: int
    """How many of them an earlier submission had started."""
    refused: int
    """How many specs were refused so far."""
    unsent: int
    """How many specs were left unsent so far."""
    throttled: int
    """How many starts the service has throttled so far; each attempt counts."""
    elapsed: float
    """Seconds since the submission began."""
    rate: float | None
    """Runs started for each second, from the first one to the latest; None before there are two,
    and for those of a batch."""

    @property
    def done(self) -> int:
        """How many specs have their result."""
        return self.started + self.refused + self.unsent

    @property
    def tried(self) -> int:
        """How many runs the batch has started or tried to start; 0 if `batch` is None."""
        summary = None if self.batch is None else self.batch.submission_summary
        if summary is None:
            return 0
        started = summary.successful_start_submission_count or 0
        return started + (summary.failed_start_submission_count or 0)

    @property
    def seconds_left(self) -> float | None:
        """Seconds until the end at this rate; None where it can't be told."""
        if self.total is None or self.rate is None:
            return None
        return (self.total - self.done) / self.rate

    def __str__(self) -> str:
        of_all = "" if self.total is None else f" of {self.total}"
        parts = [f"{self.started}{of_all} started"]
        parts += [f"{self.refused} refused"] * bool(self.refused)
        parts += [f"{self.unsent} unsent"] * bool(self.unsent)
        if self.rate is not None:
            parts.append(f"{self.rate:.2f}/s")
        if self.seconds_left is not None:
            parts.append(f"{self.seconds_left:.0f} s left")
        if self.batch is not None:
            status = f"batch {self.batch.id} {self.batch.status}"
            parts.append(f"{status}, {self.tried} of its runs tried")
        if self.trouble is not None:
            parts.append(f"riding out {self.trouble}")
        return ", ".join(parts)
