"""Starting a run once more: what is taken over from it, what is refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from attrs import frozen

from omics_runs._core import call
from omics_runs._generated.models import GetRunResponse, StartRunRequest, StartRunResponse
from omics_runs._generated.overrides import StartRunOverrides
from omics_runs._lifecycle import RUN_LIFE, TERMINAL, Verdict
from omics_runs._overwrites import overwrites
from omics_runs._subjects import RunSubject
from omics_runs._wait_plan import Problems, named_by, refuse

if TYPE_CHECKING:
    from omics_runs._effects import Flow
    from omics_runs._env import Env
    from omics_runs._run_ref import RunRef
    from omics_runs._subjects import RunLike

NAMES = StartRunOverrides.__optional_keys__
RESERVED_TAGS = "aws:"
"""How the keys of tags begin that AWS sets, and nobody else may."""


@frozen
class RerunPlan:
    """Which run to start once more, and what is to be different."""

    ref: RunRef
    last: GetRunResponse | None
    """The run as the caller has seen it; None if that is unknown."""
    overrides: Mapping[str, Any]


def plan_rerun(run: RunLike, overrides: Mapping[str, Any]) -> RerunPlan:
    """Return the checked plan of a rerun.

    Raises:
        InvalidRequestError: `run` names no run.
        TypeError: An override is no member of StartRun.
    """
    for name in overrides:
        if name not in NAMES:
            msg = f"rerun() got an unexpected keyword argument {name!r}"
            raise TypeError(msg)
    ref = named_by(run, "rerun")
    return RerunPlan(ref, run if isinstance(run, GetRunResponse) else None, overrides)


def rerun(plan: RerunPlan, env: Env) -> Flow[StartRunResponse]:
    """Look at the run, and start the one that is to be like it."""
    subject = RunSubject(plan.ref)
    source = yield from call(subject.request(), env, env.timeout, env.retry)
    subject.check(source, plan.last, TERMINAL)
    request = duplicate_of(source, plan.overrides)
    return (yield from call(request, env, env.timeout, env.retry))


def duplicate_of(source: GetRunResponse, overrides: Mapping[str, Any]) -> StartRunRequest:
    """Return the request of a run that is like another one, but for what is given.

    Raises:
        InvalidRequestError: The other one has not ended, does not tell what is needed, or would be
            overwritten.
    """
    if RUN_LIFE.verdict(TERMINAL, source) is Verdict.WAIT:
        what = f"run {source.id} is {source.status}, and would be paid for twice"
        refuse("rerun", [("run", f"{what}; wait until it has ended, or start another run")])
    given = {name: value for name, value in overrides.items() if value is not None}
    members = {**_taken_over(source, given), **given}
    refuse("rerun", _missing(members))
    request = StartRunRequest(run_id=source.id, **members)
    if overwrites(request, source):
        what = f"is that of run {source.id}, whose files the rerun would overwrite"
        refuse("rerun", [("output_uri", f"{what}; give it an output_uri= of its own")])
    return request


def _taken_over(source: GetRunResponse, given: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what the service asks for again, does not copy, or must not be left to chance."""
    members = {
        "role_arn": source.role_arn,
        "output_uri": source.output_uri,
        "name": source.name,
        "tags": _own_tags(source.tags or {}),
    }
    if "cache_id" not in given:
        members |= {"cache_id": source.cache_id, "cache_behavior": source.cache_behavior}
    return {name: value for name, value in members.items() if value}


def _own_tags(tags: Mapping[str, str]) -> Mapping[str, str]:
    return {key: value for key, value in tags.items() if not key.startswith(RESERVED_TAGS)}


def _missing(members: Mapping[str, Any]) -> Problems:
    return [
        (name, f"the run does not tell it; give {name}=")
        for name in ("role_arn", "output_uri")
        if name not in members
    ]
