"""From the specs of a campaign to the request of a batch, and what a batch can't carry of them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

from attrs import fields_dict

from omics_runs._generated.enums import WorkflowType
from omics_runs._generated.models import (
    BatchRunSettings,
    DefaultRunSetting,
    InlineSetting,
    StartRunBatchRequest,
    StartRunRequest,
)
from omics_runs._model import problems_of
from omics_runs._preflight import INLINE_LIMIT
from omics_runs._rules import Problem, quoted
from omics_runs._submission import RunSpec

Specs: TypeAlias = Sequence[RunSpec]

MOST_RUNS = 100_000
"""Most runs of a batch, by the service's guide."""

NO_FILE = "send them via 'runs', or, in Python, give a function that puts it there"

OWN: Mapping[str, str] = {
    "name": "name",
    "output_uri": "output_uri",
    "priority": "priority",
    "parameters": "parameters",
    "tags": "run_tags",
    "engine_settings": "engine_settings",
}
"""What each run of a batch has for itself, by the names of StartRun, and what a batch calls it."""

_MEMBERS = [member.name for member in StartRunRequest.__wire__ if member.name != "request_id"]

SHARED = [name for name in _MEMBERS if name not in OWN and name in fields_dict(DefaultRunSetting)]
"""What all runs of a batch have in common."""

NOT_CARRIED = [name for name in _MEMBERS if name not in OWN and name not in SHARED]
"""What no batch can be asked for."""


def batch_request(
    request_id: str, specs: Specs, settings: BatchRunSettings
) -> StartRunBatchRequest:
    """Return the request of a batch of specs that it can carry."""
    first = specs[0].request
    return StartRunBatchRequest(
        request_id=request_id,
        default_run_setting=DefaultRunSetting(**{name: getattr(first, name) for name in SHARED}),
        batch_run_settings=settings,
    )


def setting_of(spec: RunSpec) -> InlineSetting:
    """Return what is particular to a spec's run."""
    own = {theirs: getattr(spec.request, ours) for ours, theirs in OWN.items()}
    return InlineSetting(run_setting_id=spec.name, **own)


def file_of(specs: Specs) -> bytes:
    """Return the content of a file of settings."""
    return json.dumps([setting_of(spec).to_dict() for spec in specs]).encode()


def file_name(request_id: str, content: bytes) -> str:
    """Return how a file of settings is called: the same for the same batch, and only for that.

    So no file is changed that a batch has still to read, and other settings make another request,
    which the service won't take for one that it knows.
    """
    return f"{request_id}-{hashlib.sha256(content).hexdigest()[:16]}.json"


def is_json(request: StartRunRequest) -> bool:
    """Return whether what is to be sent can be written at all."""
    try:
        json.dumps(request.to_dict(), allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        return False
    return True


def batch_problems(specs: Specs, *, can_upload: bool) -> list[Problem]:
    """Return what keeps specs from going into one batch."""
    if len(specs) > MOST_RUNS:
        what = f"{len(specs):,} of them have no run yet, and a batch takes {MOST_RUNS:,}"
        return [("specs", f"{what}; submit fewer at a time")]
    problems: list[Problem] = []
    if len(specs) > INLINE_LIMIT and not can_upload:
        what = f"more than {INLINE_LIMIT} runs, here {len(specs):,}, need a file in S3"
        problems.append(("upload", f"{what}: {NO_FILE}"))
    return problems + [problem for spec in specs for problem in _uncarried(spec, specs[0])]


def _uncarried(spec: RunSpec, first: RunSpec) -> Iterator[Problem]:
    path, request = quoted(spec.name), spec.request
    for _, what in problems_of(InlineSetting(run_setting_id=spec.name)):
        yield path, f"as the id of a batch's setting the name {what}"
    for name in NOT_CARRIED:
        if getattr(request, name) is not None:
            yield f"{path}.{name}", "a batch can't carry it; submit via='runs'"
    if request.workflow_type == WorkflowType.READY2RUN:
        yield f"{path}.workflow_type", "a batch can't carry READY2RUN workflows; submit via='runs'"
    for name in SHARED:
        if getattr(request, name) != getattr(first.request, name):
            what = f"is not that of {quoted(first.name)}, and all runs of a batch have it in common"
            yield f"{path}.{name}", f"{what}; submit via='runs'"
