"""From the arguments of `retry_failed` to its checked plan; the same for both clients."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, TypeAlias, cast

from attrs import frozen

from omics_runs._generated.models import GetRunResponse, StartRunRequest
from omics_runs._narrow import is_async
from omics_runs._outcomes import RunOutcome
from omics_runs._submission import Submission
from omics_runs._submit_plan import Problems, pace_problems
from omics_runs._wait_plan import refuse

if TYPE_CHECKING:
    from omics_runs._run_ref import RunRef
    from omics_runs._submit_plan import Listener, Rate

Choice: TypeAlias = Callable[[GetRunResponse], object]
Change: TypeAlias = Callable[[StartRunRequest, GetRunResponse], StartRunRequest]


@frozen(kw_only=True)
class RetryPlan:
    """Whose failed runs to start again, which of them, and how."""

    submission: Submission
    outcomes: Mapping[RunRef, RunOutcome] | None
    """How the runs have ended; None if they are to be looked at first."""
    when: Choice
    change: Change
    rate: Rate
    timeout: float | None
    progress: Listener


def plan_retry(
    submission: Submission,
    outcomes: Iterable[RunOutcome] | None,
    when: Choice | None,
    change: Change | None,
    rate: Rate,
    timeout: float | None,
    progress: Listener,
) -> RetryPlan:
    """Return the checked plan of starting failed runs again.

    Raises:
        InvalidRequestError: An argument is wrong; the error names all that are.
    """
    problems = _submission_problems(submission)
    found = _by_ref(outcomes, problems)
    problems += _function_problems(when=when, change=change)
    refuse("retry_failed", problems + pace_problems(rate, timeout, progress))
    return RetryPlan(
        submission=submission,
        outcomes=found,
        when=when or _may_succeed,
        change=change or _unchanged,
        rate=rate,
        timeout=timeout,
        progress=progress,
    )


def _submission_problems(submission: object) -> Problems:
    if isinstance(submission, Submission):
        return []
    return [("submission", f"must be a Submission, got {submission!r:.60}")]


def _function_problems(**functions: object) -> Problems:
    return [
        (name, f"must be a plain function, got {function!r}")
        for name, function in functions.items()
        if function is not None and (not callable(function) or is_async(function))
    ]


def _by_ref(outcomes: object, problems: Problems) -> Mapping[RunRef, RunOutcome] | None:
    """Return outcomes by what names their runs: the reference asked for, and the run's own."""
    if outcomes is None:
        return None
    if not isinstance(outcomes, Iterable) or isinstance(outcomes, (str, bytes)):
        problems.append(("outcomes", f"must be an iterable of RunOutcome, got {outcomes!r:.60}"))
        return None
    found: dict[RunRef, RunOutcome] = {}
    for place, one in enumerate(cast("Iterable[object]", outcomes)):
        if not isinstance(one, RunOutcome):
            problems.append((f"outcomes[{place}]", f"must be a RunOutcome, got {one!r:.60}"))
            continue
        found[one.ref] = one
        if one.run is not None:
            found[one.run.ref] = one
    return found


def _may_succeed(run: GetRunResponse) -> bool:
    return run.failure_reason is not None and run.failure_reason.retryable is True


def _unchanged(request: StartRunRequest, failed: GetRunResponse) -> StartRunRequest:
    del failed
    return request
