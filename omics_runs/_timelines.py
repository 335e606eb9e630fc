"""How a run is looked at to draw its timeline: its tasks, and what its manifest adds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from omics_runs._lifecycle import RUN_LIFE, TERMINAL, Verdict
from omics_runs._manifest import Manifest
from omics_runs._manifests import find, look_or_find
from omics_runs._run_tasks import all_tasks
from omics_runs._timeline import Timeline

if TYPE_CHECKING:
    from omics_runs._effects import Flow
    from omics_runs._env import Env
    from omics_runs._run_ref import RunRef


def timeline(ref: RunRef, env: Env) -> Flow[Timeline]:
    """Return the timeline of a run; of one that the service has forgotten, by its manifest alone.

    Raises:
        ResourceNotFoundError: There is no such run, and no manifest of one.
        RunReplacedError: The id belongs to another run, and there is no manifest of this one.
        CallError: The run or its tasks could not be looked at.
        CredentialsError: There are no keys to sign with.
    """
    seen = yield from look_or_find(ref, env)
    if isinstance(seen, Manifest):
        return Timeline.of(seen)
    tasks, trouble = yield from all_tasks(seen.id, env)
    if trouble is not None:
        raise trouble
    if RUN_LIFE.verdict(TERMINAL, seen) is Verdict.WAIT:
        return Timeline.of(seen, tasks, as_of=env.offset.correct(env.clock.now()))
    found = yield from find(seen.ref, env)
    if isinstance(found, Manifest):
        return Timeline.of(seen, [*tasks, *found.tasks])
    note = f"what the tasks used: {found}"
    return attrs.evolve(Timeline.of(seen, tasks), notes=(note,))
