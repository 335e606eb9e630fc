"""How a run is looked at to draw its timeline: its tasks, and what its manifest adds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from omics_runs._lifecycle import RUN_LIFE, TERMINAL, Verdict
from omics_runs._manifest import Manifest
from omics_runs._manifests import Forgotten, find, look_or_find, unread
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
        CallError: The run could not be looked at, or neither its tasks nor its manifest.
        CredentialsError: There are no keys to sign with.
    """
    seen = yield from look_or_find(ref, env)
    if isinstance(seen, Forgotten):
        return attrs.evolve(Timeline.of(seen.run, seen.tasks), notes=seen.notes)
    tasks, trouble = yield from all_tasks(seen.id, env)
    if RUN_LIFE.verdict(TERMINAL, seen) is Verdict.WAIT:
        if trouble is not None:
            raise trouble
        return Timeline.of(seen, tasks, as_of=env.offset.correct(env.clock.now()))
    found = yield from find(seen.ref, env)
    if isinstance(found, Manifest):
        drawn = Timeline.of(seen, [*tasks, *found.tasks])
        return attrs.evolve(drawn, notes=(*_note("the list of tasks", trouble), *unread(found)))
    if trouble is not None:
        raise trouble
    return attrs.evolve(Timeline.of(seen, tasks), notes=_note("what the tasks used", found))


def _note(what: str, trouble: Exception | None) -> tuple[str, ...]:
    return () if trouble is None else (f"{what}: {trouble}",)
