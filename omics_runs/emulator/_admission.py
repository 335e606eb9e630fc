"""Moves runs on where the time alone does not: into the queue, into their slots, out of them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import attrs

from omics_runs.emulator._agenda import Agenda
from omics_runs.emulator._course import NEVER
from omics_runs.emulator._plan import peak
from omics_runs.emulator._queue import Limits, Queue, Ticket
from omics_runs.emulator._store import Run, RunGroup, Store


class Admission:
    """Gives runs their slots and takes them back, in the order of the emulator's time.

    A run asks for a slot when it is about to be STARTING, and has it until it has ended.

    Args:
        store: Where the runs are.
        slots: How many runs may be active at a time; None for as many as like.
        ended: Called with each run that has ended, and the moment.
    """

    def __init__(
        self, store: Store, slots: int | None, ended: Callable[[Run, float], object]
    ) -> None:
        self._store = store
        self._ended = ended
        self._queue = Queue(slots)
        self.agenda = Agenda(self._admit)
        """What happens by itself, runs' turns among it."""

    def advance(self, now: float) -> None:
        """Catch up with all that has happened until now."""
        self.agenda.advance(now)

    def add(self, run: Run) -> None:
        """Keep a new run, and look after it from now on."""
        self._store.add(run)
        self._follow(run)

    def change(self, run: Run, now: float) -> None:
        """Keep a run whose course has been changed."""
        was_held = self._store.runs[run.id].course.rest is not None
        self._store.update(run)
        if was_held and run.course.rest is None:
            self._queue.leave(run.id)
        self._follow(run)
        self._admit(now)

    def add_group(self, group: RunGroup, now: float) -> None:
        """Keep a run group, new or changed, and let runs start that fit it now."""
        self._store.add_run_group(group)
        self._limit(group)
        self._admit(now)

    def resume(self, now: float) -> None:
        """Look after all that the store has been filled with, as of a moment."""
        for group in self._store.run_groups.values():
            self._limit(group)
        for run in self._store.runs.values():
            self._resume(run, now)
        self._admit(now)

    def _resume(self, run: Run, now: float) -> None:
        if run.deleted:
            self._store.shown_as_deleted.add(run.id)
        elif run.course.ends_at <= now:
            self._store.end(run)
        elif run.course.rest is not None:
            self._queue.join(_ticket(run))
        else:
            if run.course.slot_from <= now:
                self._queue.resume(_ticket(run))
            self._follow(run)

    def _limit(self, group: RunGroup) -> None:
        limits = Limits(runs=group.max_runs, cpus=group.max_cpus, gpus=group.max_gpus)
        self._queue.limit(group.id, limits)

    def _follow(self, run: Run) -> None:
        """Note when a run's next turns are; those of an earlier course come to nothing."""
        asks = NEVER if self._queue.knows(run.id) else run.course.slot_from
        for moment in {asks, run.course.ends_at} - {NEVER}:
            self.agenda.at(moment, partial(self._turn, run.id))

    def _turn(self, run_id: str, moment: float) -> None:
        run = self._store.runs.get(run_id)
        if run is None:
            return
        if run.course.ends_at == moment:
            self._queue.leave(run_id)
            self._store.end(run)
            self._ended(run, moment)
        elif run.course.slot_from == moment:
            self._store.update(attrs.evolve(run, course=run.course.held()))
            self._queue.join(_ticket(run))

    def _admit(self, moment: float) -> None:
        for run_id in self._queue.admit():
            run = self._store.runs[run_id]
            admitted = attrs.evolve(run, course=run.course.granted(moment))
            self._store.update(admitted)
            self._follow(admitted)


def _ticket(run: Run) -> Ticket:
    # Assumption: the priority of a run that has none.
    return Ticket(
        rank=(-run.members.get("priority", 0), run.number),
        run_id=run.id,
        group_id=run.members.get("runGroupId"),
        cpus=peak(run.course.plans, lambda task: task.cpus),
        gpus=peak(run.course.plans, lambda task: task.gpus),
    )
