"""The two ways from specs to runs: one StartRun after another, or through a batch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omics_runs import _submitting
from omics_runs._batch_submitting import BatchCampaign
from omics_runs._submitting import Campaign

if TYPE_CHECKING:
    from collections.abc import Mapping

    from omics_runs._effects import Flow
    from omics_runs._env import Env
    from omics_runs._submission import Submission
    from omics_runs._submit_plan import SubmitPlan

WAYS: Mapping[str, type[Campaign]] = {"runs": Campaign, "batch": BatchCampaign}


def submit(plan: SubmitPlan, env: Env) -> Flow[Submission]:
    """Submit all specs in the caller's way; return what became of them."""
    return _submitting.submit(plan, env, WAYS[plan.via])


def iter_submit(plan: SubmitPlan, env: Env) -> Flow[None]:
    """Submit all specs in the caller's way; hand out what became of each."""
    return _submitting.iter_submit(plan, env, WAYS[plan.via])
