"""What a look at a run has found out: what became of it, why, and what to do next."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

from attrs import field, frozen

from omics_runs._advice import Mender
from omics_runs._durations import in_words
from omics_runs._generated.enums import FailureReason, RunStatus
from omics_runs._lifecycle import TERMINAL
from omics_runs._lines import one_line, printable, shortened
from omics_runs._run_ref import RunRef

if TYPE_CHECKING:
    from omics_runs._logs import LogExcerpt

LONGEST = 500
"""Characters of a message that a line of text shows."""

VAGUE = frozenset({FailureReason.RUN_TASK_FAILED, FailureReason.WORKFLOW_RUN_FAILED})
"""Reasons that only say where to look: a task's own reason tells more."""


@frozen(kw_only=True)
class FailedTask:
    """A task that has failed."""

    task_id: str
    """The task's id."""
    name: str | None
    """Its name in the workflow."""
    failure_reason: FailureReason | None
    """Why it failed, as a code; None if the service does not tell."""
    status_message: str | None
    """Why it failed, in the service's words."""
    attempts: int
    """How many tasks of this name the run has had: each try is a task of its own, and so is each
    shard of a task that is scattered under one name."""
    is_made_up_for: bool
    """Whether a later task of this name has completed: then this one need not be why the run
    failed."""
    has_run: bool
    """Whether it had begun to run: one that had not has no log."""
    log: LogExcerpt | None = field(repr=False)
    """The telling lines of its log; None if there is none to look at."""


@frozen(kw_only=True, repr=False)
class Diagnosis:
    """What became of a run, why, who can do something about it, and what to do next.

    `print` it, show it in a notebook, or take it apart: `to_dict` gives it as JSON-safe data.
    """

    run: RunRef
    """The run, with its uuid if that is known."""
    name: str | None
    """Its name."""
    status: RunStatus
    """Its status when it was looked at; of a forgotten run, the one that its manifest tells."""
    is_forgotten: bool
    """Whether the service no longer knows the run, and this is what its manifest tells."""
    failure_reason: FailureReason | None
    """Why it failed, as a code; None if it has not failed, or the service does not tell."""
    status_message: str | None
    """What the service says about its status."""
    creation_time: datetime | None
    """When it was accepted."""
    start_time: datetime | None
    """When it began to run."""
    stop_time: datetime | None
    """When it ended."""
    as_of: datetime
    """When it was looked at."""
    output_uri: str | None
    """The S3 URI below which it writes, where the service tells it."""
    tasks: int
    """How many tasks it has had, as far as they could be listed; else `notes` tell why not."""
    failed_tasks: tuple[FailedTask, ...]
    """The failed tasks that were looked at, those first that nothing has made up for."""
    failed_count: int
    """How many tasks have failed in all."""
    logs: tuple[LogExcerpt, ...]
    """The telling lines of the run's other logs, such as its engine's."""
    notes: tuple[str, ...]
    """What could not be looked at, and why; empty if all was seen."""

    @property
    def cause(self) -> FailureReason | None:
        """The code that tells most: a failed task's, where the run's only points to its tasks."""
        own = self.failure_reason
        if self.status != RunStatus.FAILED or (own is not None and own not in VAGUE):
            return own
        return next(iter(self.causes), own)

    @property
    def is_over(self) -> bool:
        """Whether the run has ended, as far as its status and its times tell."""
        has_stopped = self.is_forgotten or self.stop_time is not None
        return self.status in TERMINAL or (not self.status.is_known and has_stopped)

    @property
    def causes(self) -> tuple[FailureReason, ...]:
        """What the failed tasks tell that nothing has made up for, the first one first."""
        decisive = [task for task in self.failed_tasks if not task.is_made_up_for]
        told = [task.failure_reason for task in decisive or self.failed_tasks]
        return tuple(dict.fromkeys(one for one in told if one and one not in VAGUE))

    @property
    def retryable(self) -> bool | None:
        """Whether the same run may succeed next time; None if that depends, or nothing failed."""
        return None if self.cause is None else self.cause.retryable

    @property
    def who(self) -> Mender | None:
        """Who can do something about the failure; None if there was none."""
        return None if self.cause is None else self.cause.who

    @property
    def advice(self) -> str | None:
        """What to do about the failure, in this SDK's judgement; None if there was none."""
        if self.cause is None:
            return None
        return _READ if self.cause in VAGUE else self.cause.advice

    @property
    def next_step(self) -> str:
        """What comes after that, in one sentence or two, with the call that does it."""
        return _next_step(self)

    def to_dict(self) -> dict[str, Any]:
        """Return all of it as JSON-safe data, under the names that it has here."""
        return {
            "run": str(self.run),
            "name": self.name,
            "status": str(self.status),
            "is_forgotten": self.is_forgotten,
            "failure_reason": self.failure_reason and str(self.failure_reason),
            "status_message": self.status_message,
            "creation_time": _iso(self.creation_time),
            "start_time": _iso(self.start_time),
            "stop_time": _iso(self.stop_time),
            "as_of": _iso(self.as_of),
            "output_uri": self.output_uri,
            "cause": self.cause and str(self.cause),
            "causes": [str(cause) for cause in self.causes],
            "retryable": self.retryable,
            "who": self.who,
            "advice": self.advice,
            "next_step": self.next_step,
            "tasks": self.tasks,
            "failed_count": self.failed_count,
            "failed_tasks": [_task_as_dict(task) for task in self.failed_tasks],
            "logs": [_log_as_dict(log) for log in self.logs],
            "notes": list(self.notes),
        }

    def __str__(self) -> str:
        return "\n".join(_lines(self))

    def __repr__(self) -> str:
        return f"<Diagnosis: {shown(headline(self))}>"

    def _repr_html_(self) -> str:
        from omics_runs._diagnosis_html import to_html  # noqa: PLC0415  (for notebooks only)

        return to_html(self)


def headline(diagnosis: Diagnosis) -> str:
    """Return what became of the run, in one line."""
    name = f" {diagnosis.name!r}" if diagnosis.name else ""
    took, waited = _took(diagnosis), _span(diagnosis.creation_time, diagnosis.start_time)
    after = f" after {took}" if took and diagnosis.is_over else f", for {took}" if took else ""
    after += f", queued for {waited} before" if took and waited else ""
    why = f": {diagnosis.failure_reason}" if diagnosis.failure_reason else ""
    forgotten = " (forgotten by the service; this is its manifest)" * diagnosis.is_forgotten
    return f"Run {diagnosis.run.id}{name} is {diagnosis.status}{after}{why}{forgotten}"


def explanation(diagnosis: Diagnosis) -> Iterator[tuple[str, str]]:
    """Yield what is to be said of the run as a whole, each with a word for what it is."""
    if diagnosis.status_message:
        yield "The service says", diagnosis.status_message
    if diagnosis.cause is None:
        return
    if diagnosis.cause != diagnosis.failure_reason:
        yield "Because of a task", ", ".join(map(str, diagnosis.causes))
    yield "Who can act", str(diagnosis.who)
    yield "Try it again", _TRY_AGAIN[diagnosis.retryable]
    yield "What to do", str(diagnosis.advice)


def title(task: FailedTask) -> str:
    """Return what a failed task is called, and why it failed, in one line."""
    name = task.name or "a task without a name"
    tries = f", one of {task.attempts} of this name" if task.attempts > 1 else ""
    later = ", and a later one of it has completed" if task.is_made_up_for else ""
    reason = f": {task.failure_reason}" if task.failure_reason else ""
    return f"{name} (task {task.task_id}){tries}{later}{reason}"


def tasks_title(diagnosis: Diagnosis) -> str:
    """Return the line above the failed tasks."""
    seen = len(diagnosis.failed_tasks)
    some = f"; looked at: {seen}" if seen < diagnosis.failed_count else ""
    return f"Failed tasks ({diagnosis.failed_count} of {diagnosis.tasks}{some})"


_TRY_AGAIN = {
    True: "yes, as it is",
    False: "not as it is",
    None: "that depends on what the task and the logs tell",
}


def _lines(diagnosis: Diagnosis) -> Iterator[str]:
    yield shown(headline(diagnosis))
    for what, text in explanation(diagnosis):
        yield f"  {what}: {shown(text)}"
    if diagnosis.failed_tasks:
        yield f"{tasks_title(diagnosis)}:"
    for task in diagnosis.failed_tasks:
        yield f"  {shown(title(task))}"
        if task.status_message:
            yield f"    {shown(task.status_message)}"
        if task.log and task.log.lines:
            yield f"    Log {shown(task.log.stream)}:"
            yield from (f"      {line}" for line in log_lines(task.log))
    for log in diagnosis.logs:
        if log.lines:
            yield f"Log {shown(log.stream)}:"
            yield from (f"    {line}" for line in log_lines(log))
    if diagnosis.notes:
        yield "Not seen:"
        yield from (f"  {shown(note)}" for note in diagnosis.notes)
    yield f"Next: {shown(diagnosis.next_step)}"


def log_lines(log: LogExcerpt) -> Iterator[str]:
    """Yield the lines of a log, with their times in UTC."""
    for event in log.lines:
        yield f"{event.timestamp:%Y-%m-%d %H:%M:%S}  {printable(event.message.rstrip())}"


def shown(text: str) -> str:
    """Return somebody's text in one line of a bounded length, which steers no terminal."""
    return shortened(one_line(text), LONGEST)


def _next_step(diagnosis: Diagnosis) -> str:
    name = str(diagnosis.run)
    changed = ", ..." if diagnosis.retryable is False else ""
    again = f"client.rerun({name!r}{changed})"
    if diagnosis.is_forgotten:
        again = "client.start_run(...) with the role, workflow and parameters of its manifest"
    match diagnosis.status:
        case RunStatus.COMPLETED:
            where = diagnosis.output_uri
            results = f" The results are below {where}." if where else ""
            return f"It has completed.{results}"
        case RunStatus.FAILED:
            return f"{_BEFORE[diagnosis.retryable] if diagnosis.cause else _LOOK} {again}."
        case RunStatus.CANCELLED:
            return f"It was cancelled. To have it run after all: {again}."
        case _ if not diagnosis.is_over:
            why = _QUEUED if diagnosis.status == RunStatus.PENDING else ""
            wait = f"client.wait_until({name!r}, TERMINAL), or omics-runs wait {name}"
            return f"It has not ended{why}. Wait for it: {wait}."
        case _:
            return f"It has ended. To have it run once more: {again}."


_READ = "Read what the tasks and logs below say: the cause is in the code or in the data."
_LOOK = "The service gives no reason: read what failed and the logs. Then:"
_QUEUED = (
    ", and waits for a free place among the runs, CPUs and GPUs that the account and its run group "
    "may have at once: see get_run_group, and the quotas of the account"
)
_BEFORE = {
    True: "Start it once more:",
    False: "Mend that first. Then start it once more, with what is to be different:",
    None: "When that is settled:",
}


def _took(diagnosis: Diagnosis) -> str:
    """Return how long it has run; for one that goes on so far, or how long it has waited."""
    if diagnosis.is_over:
        return _span(diagnosis.start_time, diagnosis.stop_time)
    return _span(diagnosis.start_time or diagnosis.creation_time, diagnosis.as_of)


def _span(begin: datetime | None, end: datetime | None) -> str:
    if begin is None or end is None or end < begin:
        return ""
    return in_words((end - begin).total_seconds())


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _task_as_dict(task: FailedTask) -> dict[str, Any]:
    return {
        "task_id": task.task_id,
        "name": task.name,
        "failure_reason": task.failure_reason and str(task.failure_reason),
        "status_message": task.status_message,
        "attempts": task.attempts,
        "is_made_up_for": task.is_made_up_for,
        "has_run": task.has_run,
        "log": None if task.log is None else _log_as_dict(task.log),
    }


def _log_as_dict(log: LogExcerpt) -> dict[str, Any]:
    lines = [{"timestamp": _iso(one.timestamp), "message": one.message} for one in log.lines]
    return {"stream": log.stream, "lines": lines, "unread": log.unread}
