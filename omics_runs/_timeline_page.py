"""A page of a timeline: the picture, and a table of the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omics_runs._durations import in_words
from omics_runs._html import escaped, grid
from omics_runs._lines import shortened
from omics_runs._timeline_svg import draw
from omics_runs._timeline_words import LONGEST_NAME, title_of

if TYPE_CHECKING:
    from omics_runs._timeline import Timeline, TimelineTask

HEADER = (
    *("task", "name", "status", "reason", "created", "queued", "ran"),
    *("instance", "CPUs", "CPU used", "GiB", "memory used", "GPUs"),
)
STYLE = """
:root{color-scheme:light dark}
body{font-family:system-ui,sans-serif;margin:1.5rem auto;max-width:76rem;padding:0 1rem}
h1{font-size:1.3rem}
figure{margin:0;overflow-x:auto}
table{border-collapse:collapse;font-size:.85rem}
td:not(:nth-child(2),:nth-child(4)){white-space:nowrap}
td,th{border-bottom:1px solid;border-color:color-mix(in srgb,currentColor 20%,transparent)}
"""


def page(timeline: Timeline) -> str:
    """Return the text of the page."""
    title = escaped(f"Timeline of {title_of(timeline)}")
    table = grid("Tasks", HEADER, map(_row, timeline.tasks))
    return "\n".join(
        [
            "<!doctype html>",
            '<html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width">',
            f"<title>{title}</title><style>{STYLE}</style></head>",
            f"<body><main><h1>{title}</h1>",
            f"<figure>{draw(timeline)}</figure>{notes_of(timeline)}",
            f'<figure tabindex="0" aria-label="Table of the tasks">{table}</figure>',
            "</main></body></html>",
            "",
        ]
    )


def notes_of(timeline: Timeline) -> str:
    """Return what could not be looked at, as paragraphs."""
    return "".join(f"<p>Not seen: {escaped(note)}</p>" for note in timeline.notes)


def _row(task: TimelineTask) -> list[str]:
    created = task.creation_time
    return [
        task.task_id,
        shortened(task.name or "", LONGEST_NAME),
        f"{task.status}{' (cached)' * task.is_cached}",
        str(task.failure_reason or ""),
        f"{created:%Y-%m-%d %H:%M:%S}" if created else "",
        _duration(task.queued_seconds),
        _duration(task.running_seconds),
        task.instance_type or "",
        _size(task.cpus_reserved or task.cpus),
        _part(task.cpu_efficiency),
        _size(task.memory_reserved_gib or task.memory_gib),
        _part(task.memory_efficiency),
        _size(task.gpus_reserved or task.gpus),
    ]


def _duration(seconds: float | None) -> str:
    return "" if seconds is None else in_words(seconds)


def _size(value: float | None) -> str:
    return "" if value is None else f"{value:g}"


def _part(value: float | None) -> str:
    return "" if value is None else f"{value:.0%}"
