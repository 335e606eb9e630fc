"""What a timeline tells in words."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from omics_runs._durations import in_words
from omics_runs._lines import shortened

if TYPE_CHECKING:
    from omics_runs._timeline import Timeline, TimelineTask

LONGEST_NAME = 200
"""Characters of a name that a story, and a row of the page, tell."""


def title_of(timeline: Timeline) -> str:
    """Return what the run is: its name, id and status."""
    run = f"run {timeline.run_id}" if timeline.run_id else "a run"
    named = f"{timeline.run_name} ({run})" if timeline.run_name else run
    why = f" ({timeline.run_failure_reason})" if timeline.run_failure_reason else ""
    return f"{named} {timeline.run_status}{why}" if timeline.run_status else named


def time_of(timeline: Timeline) -> str:
    """Return what became of the run's time; nothing where none is known."""
    return ", ".join(map(str, timeline.phases))


def work_of(timeline: Timeline) -> str:
    """Return what became of the run's tasks, and how much of what they had they used."""
    used = [("CPU", timeline.cpu_efficiency), ("memory", timeline.memory_efficiency)]
    parts = [f"{name} {part:.0%} used" for name, part in used if part is not None]
    return "; ".join([_count(timeline.tasks), *([", ".join(parts)] if parts else [])])


def summary_of(timeline: Timeline) -> str:
    """Return what became of the run's time and of its tasks, in one line."""
    return "; ".join(filter(None, (time_of(timeline), work_of(timeline))))


def _count(tasks: tuple[TimelineTask, ...]) -> str:
    counts = Counter(one.status.value for one in tasks)
    words = [f"{count} {status}" for status, count in sorted(counts.items())]
    cached = sum(one.is_cached for one in tasks)
    words += [f"{cached} of them cached"] * bool(cached)
    noun = "task" if len(tasks) == 1 else "tasks"
    return f"{len(tasks)} {noun}" + (f" ({', '.join(words)})" if words else "")


def story_of(task: TimelineTask) -> str:
    """Return all that there is to tell of a task, in one line."""
    label = shortened(task.label, LONGEST_NAME)
    parts = [f"{label} (task {task.task_id}) {task.status}", *(["cached"] * task.is_cached)]
    parts += [str(task.failure_reason)] if task.failure_reason else []
    times = [("queued", task.queued_seconds), ("ran", task.running_seconds)]
    parts += [f"{name} {in_words(seconds)}" for name, seconds in times if seconds is not None]
    had = [
        ("CPUs", task.cpus_reserved or task.cpus, task.cpu_efficiency),
        ("GiB", task.memory_reserved_gib or task.memory_gib, task.memory_efficiency),
        ("GPUs", task.gpus_reserved or task.gpus, None),
    ]
    for name, size, part in had:
        used = "" if part is None else f", {part:.0%} used"
        parts += [f"{size:g} {name}{used}"] if size else []
    parts += [task.instance_type] if task.instance_type else []
    return "; ".join(parts)
