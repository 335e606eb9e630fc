"""Starting runs in place of the failed ones of a submission: which, with what, each once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import attrs

from omics_runs._errors import CallError, OmicsRunsError
from omics_runs._fleet_plan import plan_fleet
from omics_runs._fleet_waiting import glance
from omics_runs._generated.enums import RunStatus
from omics_runs._generated.errors import ResourceNotFoundError
from omics_runs._generated.models import GetRunResponse, StartRunRequest
from omics_runs._outcomes import RunOutcome
from omics_runs._overwrites import overwrites, place_of
from omics_runs._retries import Retry, duplicate_of, text_of
from omics_runs._run_ref import RunRef
from omics_runs._submission import (
    Submission,
    Submitted,
    request_problems,
)
from omics_runs._submission_errors import SubmissionTimeoutError
from omics_runs._submit_plan import SubmitPlan
from omics_runs._submitting import Campaign, submit
from omics_runs._wait_errors import WaitTimeoutError
from omics_runs._wait_plan import Problems, refuse

if TYPE_CHECKING:
    from omics_runs._effects import Flow
    from omics_runs._env import Env
    from omics_runs._retry_plan import RetryPlan

Outcomes = Mapping[RunRef, RunOutcome]

MIN_DELAY, MAX_DELAY = 5.0, 60.0
"""Bounds, in seconds, of the delay before runs are looked at again that could not be."""


def retry_failed(plan: RetryPlan, env: Env) -> Flow[Submission]:
    """Start runs in place of failed ones; return the submission as it is then."""
    began = env.clock.monotonic()
    outcomes = plan.outcomes
    if outcomes is None:
        outcomes = yield from _looked_at(plan, env)
    retries = dict(_retries(plan, outcomes))
    again = yield from submit(
        SubmitPlan(
            specs=tuple(retries.values()),
            key=plan.submission.key,
            journal=plan.submission.journal,
            via=plan.submission.via,
            rate=plan.rate,
            timeout=plan.timeout,
            progress=plan.progress,
            elapsed=env.clock.monotonic() - began,
        ),
        env,
        Campaign,  # no batch takes a duplicate
    )
    fresh = dict(zip(retries, again.results, strict=True))
    old = plan.submission.results
    results = tuple(fresh.get(place) or _kept(result) for place, result in enumerate(old))
    stopped_by = again.stopped_by or _unlooked(plan, outcomes)
    if stopped_by is None and any(one.status == "unsent" for one in results):
        stopped_by = plan.submission.stopped_by
    return attrs.evolve(plan.submission, results=results, stopped_by=stopped_by)


def _kept(result: Submitted) -> Submitted:
    """Return the result of a spec for which nothing was started now."""
    return attrs.evolve(result, adopted=result.status == "started")


def _looked_at(plan: RetryPlan, env: Env) -> Flow[Outcomes]:
    """Ask for each run that may have failed, once; return how those are that have ended."""
    refs = [ref for one in plan.submission.results if (ref := _last_run(one)) is not None]
    timeout = plan.timeout
    wait = plan_fleet("retry_failed", refs, timeout, MIN_DELAY, MAX_DELAY, None, env)
    outcomes: Outcomes = yield from glance(wait.fleet, env)
    for outcome in outcomes.values():
        if isinstance(outcome.error, CallError) and not _is_gone(outcome.error):
            raise outcome.error
    return outcomes


def _is_gone(error: OmicsRunsError) -> bool:
    return isinstance(error, ResourceNotFoundError)


def _unlooked(plan: RetryPlan, outcomes: Outcomes) -> OmicsRunsError | None:
    """Return what stopped the looking before its end; None if nothing did."""
    missed = [one for one in outcomes.values() if _was_missed(one)]
    if plan.outcomes is not None or not missed:
        return None
    error = SubmissionTimeoutError(
        f"the {plan.timeout:g} s were over before {len(missed)} runs had been looked at"
    )
    error.__cause__ = missed[0].error
    return error


def _was_missed(outcome: RunOutcome) -> bool:
    return outcome.run is None and isinstance(outcome.error, WaitTimeoutError)


def _retries(plan: RetryPlan, outcomes: Outcomes) -> Iterator[tuple[int, Retry]]:
    """Yield what is to be started, with its place; all is decided before anything is sent."""
    for place, result in enumerate(plan.submission.results):
        ref = _last_run(result)
        outcome = None if ref is None else outcomes.get(ref)
        failed = None if outcome is None else outcome.run
        if ref is None or failed is None or failed.status != RunStatus.FAILED:
            continue
        if plan.when(failed):
            yield place, _retry(plan, result, ref, failed)


def _last_run(result: Submitted) -> RunRef | None:
    """Return a spec's run, or the one in whose place none could be started yet."""
    return result.run or result.replaces


def _retry(plan: RetryPlan, result: Submitted, ref: RunRef, failed: GetRunResponse) -> Retry:
    request = plan.change(duplicate_of(result.spec.request, failed), failed)
    refuse("retry_failed", list(_change_problems(result.name, request)))
    return Retry(
        spec=result.spec,
        generation=result.generation + (result.run is not None),
        replaces=ref,
        request=request,
        is_overwriting=overwrites(request, failed)
        or _writes_where_others_do(plan, result, request),
    )


def _writes_where_others_do(plan: RetryPlan, result: Submitted, request: StartRunRequest) -> bool:
    """Return whether a request would write where another spec of the submission writes."""
    place = place_of(request)
    others = (one.spec for one in plan.submission.results if one.name != result.name)
    return place is not None and any(place_of(spec.request) == place for spec in others)


def _change_problems(name: str, request: StartRunRequest) -> Problems:
    problems = request_problems(request)
    if not problems:
        try:
            text_of(request)
        except (TypeError, ValueError, RecursionError) as error:
            problems.append(("request", f"is no JSON: {error}"))
    return [("change", f"for {name!r}, {path}: {what}") for path, what in problems]
