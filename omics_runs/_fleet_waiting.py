"""Waiting for many runs: one poller for all of them, call by call."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeGuard, TypeVar

import attrs

from omics_runs._core import Failure, outcome
from omics_runs._effects import Flow, Sleep
from omics_runs._errors import CallError, CredentialsError, ServiceError, UnreadableResponseError
from omics_runs._fleet import Fleet, Followed
from omics_runs._fleet_lists import ACTIVE, PAGE
from omics_runs._generated.errors import ResourceNotFoundError
from omics_runs._generated.models import GetRunResponse, ListRunsRequest, ListRunsResponse
from omics_runs._job import logger
from omics_runs._model import Response
from omics_runs._outcomes import Outcomes, RunOutcome
from omics_runs._paging import Walk
from omics_runs._retry import passes
from omics_runs._user_agent import Feature
from omics_runs._waiting import was_never_sent
from omics_runs.errors import AuthenticationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from omics_runs._env import Env
    from omics_runs._request import Request
    from omics_runs._run_ref import RunRef

Out = TypeVar("Out", bound=Response)


def next_outcome(fleet: Fleet, env: Env) -> Flow[RunOutcome | None]:
    """Go on until one more run has ended, and return how; None when there is no run left."""
    while (ended := fleet.take()) is None:
        if fleet.is_empty:
            fleet.log_end()
            return None
        yield from _go_on(fleet, env)
    return ended


def all_outcomes(fleet: Fleet, env: Env, refs: Iterable[RunRef]) -> Flow[tuple[RunOutcome, ...]]:
    """Go on until all runs have ended; return how, in the order of `refs`."""
    found: dict[RunRef, RunOutcome] = {}
    while (ended := (yield from next_outcome(fleet, env))) is not None:
        found[ended.ref] = ended
    return Outcomes(found[ref] for ref in refs)


def glance(fleet: Fleet, env: Env) -> Flow[dict[RunRef, RunOutcome]]:
    """Go on until each run was seen once; return how those are that have ended.

    Those that time ran out for are among them.
    """
    while not fleet.is_seen:
        yield from _go_on(fleet, env)
    found: dict[RunRef, RunOutcome] = {}
    while (ended := fleet.take()) is not None:
        found[ended.ref] = ended
    return found


def _go_on(fleet: Fleet, env: Env) -> Flow[None]:
    """Do what is to be done next: one call, one sweep or one sleep."""
    if fleet.is_too_late:
        fleet.time_is_up()
    elif (followed := fleet.next_to_settle()) is not None:
        yield from _settle(followed, fleet, env)
    elif (delay := fleet.delay()) > 0:
        yield from Sleep(delay)
    else:
        yield from _sweep(fleet, env)


def _settle(followed: Followed, fleet: Fleet, env: Env) -> Flow[None]:
    """Ask for a run by itself: whether it has ended, and whether it is the one that is meant."""
    seen: GetRunResponse | Failure = yield from _ask(followed.subject.request(), fleet, env)
    if not isinstance(seen, CallError | CredentialsError):
        fleet.saw(followed, seen)
    elif _is_not_found(seen):
        fleet.not_found(followed, seen)
    elif passes(seen):
        fleet.failed(seen, followed)
    elif _speaks_of_what_was_asked(seen):
        fleet.refused(followed, seen)
    else:
        raise seen


def _sweep(fleet: Fleet, env: Env) -> Flow[None]:
    """Look for all runs; leave those that were not met to be asked for by themselves."""
    runs = fleet.following()
    most = fleet.lists.most_calls(len(runs))
    if most is None:
        fleet.swept(runs)
        return
    filters = fleet.lists.filters(runs)
    met: set[Followed] | Failure = yield from _met_in_lists(filters, most, fleet, env)
    if isinstance(met, set) and fleet.lists.is_refuted(len(runs) - len(met)):
        met = yield from _met_in_lists({}, most, fleet, env)
    if not isinstance(met, CallError | CredentialsError):
        fleet.swept(one for one in runs if one not in met)
    elif passes(met):
        fleet.failed(met)
        fleet.swept(runs if fleet.lists.have_failed() else ())
    elif _speaks_of_what_was_asked(met):
        told = {"error": type(met).__name__}
        logger.warning("going on with GetRun alone: %s", met, extra={"omics_runs": told})
        fleet.lists.are_allowed = False
        fleet.swept(runs)
    else:
        raise met


def _met_in_lists(
    filters: Mapping[str, str], most: int, fleet: Fleet, env: Env
) -> Flow[set[Followed] | Failure]:
    """Go through the lists of active runs, up to so many calls; return the runs that are in them.

    A run that takes its next step meanwhile is met twice, or not at all; neither does harm.
    """
    met: set[Followed] = set()
    calls, group = 0, filters.get("run_group_id")
    for status in ACTIVE:
        walk = Walk(ListRunsRequest(status=status, max_results=PAGE, **filters), None)
        while (request := walk.next_or_error()) is not None:
            if isinstance(request, UnreadableResponseError):
                return request
            if calls == most or fleet.is_too_late:
                fleet.lists.took(calls, is_whole=False)
                return met
            page: ListRunsResponse | Failure = yield from _ask(request, fleet, env)
            if isinstance(page, CallError | CredentialsError):
                return page
            walk.turn(request, page)
            met |= fleet.sight(page.items, group)
            calls += 1
    fleet.lists.took(calls, is_whole=True)
    return met


def _ask(request: Request[Out], fleet: Fleet, env: Env) -> Flow[Out | Failure]:
    env = attrs.evolve(env, hooks=env.hooks.heard_by(fleet.heard))
    answer: Out | Failure = yield from outcome(
        request, env, fleet.bounds(), env.retry, Feature.WAITER
    )
    if isinstance(answer, CallError | CredentialsError):
        fleet.polls += not was_never_sent(answer)
    else:
        fleet.polls += 1
        fleet.answered()
    return answer


def _is_not_found(error: CallError | CredentialsError) -> TypeGuard[ResourceNotFoundError]:
    """Return whether the service says so; a proxy's 404 says nothing of a run."""
    return (
        isinstance(error, ResourceNotFoundError)
        and error.code == ResourceNotFoundError.service_code
    )


def _speaks_of_what_was_asked(error: CallError | CredentialsError) -> bool:
    """Return whether another call may do better; who has no valid keys need not try."""
    is_answer = isinstance(error, (ServiceError, UnreadableResponseError))
    return is_answer and not isinstance(error, AuthenticationError)
