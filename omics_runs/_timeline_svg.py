"""The picture of a timeline.

Text and lines have the color of the page that they are on, and bars have colors that can be told
from a light ground and from a dark one. A file of its own brings its ground with it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from attrs import frozen

from omics_runs._durations import in_words
from omics_runs._html import escaped
from omics_runs._lines import shortened
from omics_runs._timeline_axis import ticks
from omics_runs._timeline_words import story_of, summary_of, time_of, title_of, work_of

if TYPE_CHECKING:
    from omics_runs._timeline import Timeline, TimelinePhase, TimelineTask

WIDTH = 960
MARGIN = 12
LABELS = 190
"""Width of the column of names."""
NUMBERS = 170
"""Width of the column on the right."""
BAND = 74
"""Where the run's phases are."""
TOP = 128
"""Where the tasks begin; above them are title, phases and axis."""
BOTTOM = 40
"""Height of the legend."""
ROW = 22
"""Height of a task's line where there is room."""
MOST = 820
"""Height that all tasks' lines have together at most."""
READABLE = 13
"""Least height of a line of text."""
LONGEST_NAME = 27
"""Characters of a name for which there is room."""
LETTER = 6.6
"""Width of a letter, roughly."""

QUEUED = "currentColor"
COLORS = {
    "COMPLETED": "#3b82c4",
    "FAILED": "#d9480f",
    "CANCELLED": "#858585",
    "CACHED": "#8f6fd6",
    "OPEN": "#b7791f",
}
WORDS = {
    "COMPLETED": "completed",
    "FAILED": "failed",
    "CANCELLED": "cancelled",
    "CACHED": "from the cache",
    "OPEN": "not ended",
}
SHADES = {"queueing": 0.08, "starting": 0.18, "running": 0.32, "finishing": 0.18}
GROUND = (
    "svg:root{color:#1f2328;background:#fff}"
    "@media(prefers-color-scheme:dark){svg:root{color:#e6edf3;background:#0d1117}}"
)
"""Only for a file of its own: on a page the root is another element."""


@frozen
class Frame:
    """Where what goes in the picture."""

    start: datetime | None
    """The moment at the left end of the axis; None if no time is known."""
    seconds: float
    """How much time the axis has."""
    row: float
    """Height of a task's line."""
    count: int
    """How many tasks there are."""

    @property
    def is_thin(self) -> bool:
        """Whether a task's line is too thin for text."""
        return self.row < READABLE

    @property
    def left(self) -> float:
        """Where the axis begins."""
        return MARGIN + LABELS

    @property
    def right(self) -> float:
        """Where the axis ends."""
        return WIDTH - MARGIN - NUMBERS

    @property
    def bottom(self) -> float:
        """Where the tasks end."""
        return TOP + self.row * self.count

    def x(self, moment: datetime) -> float:
        """Return the place of a moment."""
        since = (moment - self.start).total_seconds() if self.start else 0.0
        return self.at(since)

    def at(self, seconds: float) -> float:
        """Return the place of a moment, in seconds since the left end."""
        part = min(max(seconds / self.seconds, 0.0), 1.0)  # times may contradict each other
        return self.left + (self.right - self.left) * part

    def y(self, place: int) -> float:
        """Return the upper edge of a task's line."""
        return TOP + self.row * place

    def baseline(self, place: int) -> float:
        """Return where the text beside a task's line stands."""
        return self.y(place) + self.row / 2 + 4


def draw(timeline: Timeline) -> str:
    """Return the text of the picture."""
    frame = _frame(timeline)
    height = _number(frame.bottom + BOTTOM)
    parts = [
        _opening(height),
        f"<title>Timeline of {escaped(title_of(timeline))}</title>",
        f"<desc>{escaped(summary_of(timeline))}</desc><style>{GROUND}</style>",
        *_head(timeline),
        *_phases(timeline, frame),
        *_axis(frame),
        *_labels(timeline, frame),
        *_bars(timeline, frame),
        *(_failures(timeline, frame) if frame.is_thin else _numbers(timeline, frame)),
        *_legend(timeline, frame),
        "</svg>",
    ]
    return "\n".join(parts)


def _opening(height: str) -> str:
    size = f'width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}"'
    font = 'font-family="system-ui,sans-serif" font-size="12" fill="currentColor"'
    fitted = 'style="max-width:100%;height:auto"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" role="img" {size} {fitted} {font}>'


def _frame(timeline: Timeline) -> Frame:
    moments = [timeline.creation_time, timeline.start_time]
    moments += [one for task in timeline.tasks for one in (task.creation_time, task.start_time)]
    moments += [timeline.as_of]
    ends = [timeline.as_of, *(task.stop_time for task in timeline.tasks)]
    start = min((one for one in moments if one), default=None)
    end = max((one for one in ends if one), default=None)
    seconds = (end - start) / timedelta(seconds=1) if start and end else 0.0
    count = len(timeline.tasks)
    return Frame(start, max(seconds, 1.0), min(ROW, MOST / max(count, 1)), count)


def _head(timeline: Timeline) -> Iterator[str]:
    """Write what the run is in a window of its own, which cuts off what is too long."""
    title = escaped(shortened(title_of(timeline), 90))
    yield f'<svg x="0" y="0" width="{WIDTH - MARGIN}" height="{BAND}">'
    yield f'<text x="{MARGIN}" y="24" font-size="16" font-weight="600">{title}</text>'
    lines = filter(None, (time_of(timeline), work_of(timeline)))
    for place, line in enumerate(lines):
        yield _text(MARGIN, 44 + 17 * place, shortened(line, 140))
    yield "</svg>"


def _phases(timeline: Timeline, frame: Frame) -> Iterator[str]:
    if timeline.phases:
        yield _text(MARGIN, BAND + 14, "run")
    for phase in timeline.phases:
        yield _phase(phase, frame)


def _phase(phase: TimelinePhase, frame: Frame) -> str:
    start, stop = frame.x(phase.start), frame.x(phase.stop)
    box = _box(start, BAND, stop - start, 20, "currentColor", SHADES[phase.name])
    fits = next((text for text in (str(phase), phase.name) if _fits(text, stop - start)), "")
    words = _text((start + stop) / 2, BAND + 14, fits, anchor="middle") if fits else ""
    return f"<g><title>{escaped(str(phase))}</title>{box}{words}</g>"


def _fits(text: str, width: float) -> bool:
    return len(text) * LETTER < width


def _axis(frame: Frame) -> Iterator[str]:
    for tick in ticks(frame.seconds) if frame.start else ():
        x = _number(frame.at(tick))
        yield (
            f'<path d="M{x} {TOP - 12}V{_number(frame.bottom)}" stroke="currentColor" '
            f'stroke-opacity="0.2"/>'
        )
        yield _text(frame.at(tick), TOP - 17, in_words(tick), anchor="middle", size=11)
    if frame.start:
        moment = f"since {frame.start:%Y-%m-%d %H:%M:%S} UTC"
        yield _text(MARGIN, TOP - 17, moment, size=11)


def _labels(timeline: Timeline, frame: Frame) -> Iterator[str]:
    """Write the tasks' names in a window of their own, which cuts off what is too long."""
    step = max(math.ceil(READABLE / frame.row), 1)
    yield f'<svg x="0" y="0" width="{LABELS}" height="{_number(frame.bottom)}" font-size="11">'
    for place in range(0, frame.count, step):
        yield _text(MARGIN, frame.baseline(place), _name(timeline.tasks[place], frame))
    yield "</svg>"


def _name(task: TimelineTask, frame: Frame) -> str:
    mark = "✗ " if task.status == "FAILED" and not frame.is_thin else ""
    return mark + shortened(task.label, LONGEST_NAME)


def _bars(timeline: Timeline, frame: Frame) -> Iterator[str]:
    """Draw the tasks, failed ones last: where lines are thin, theirs are thicker."""
    tasks = sorted(enumerate(timeline.tasks), key=lambda pair: pair[1].status == "FAILED")
    for place, task in tasks:
        inner = "".join(_bar(task, frame, frame.y(place) + frame.row / 2))
        yield f"<g><title>{escaped(story_of(task))}</title>{inner}</g>"


def _bar(task: TimelineTask, frame: Frame, middle: float) -> Iterator[str]:
    height = max(frame.row * 0.68, 3 if task.status == "FAILED" else 0)
    started, end = task.start_time, task.end
    if task.creation_time and end:
        x = frame.x(task.creation_time)
        width = frame.x(started or end) - x
        yield _box(x, middle - height * 0.2, width, height * 0.4, QUEUED, 0.35)
    if started and end:
        x = frame.x(started)
        width = max(frame.x(end) - x, 2)
        yield _box(x, middle - height / 2, width, height, COLORS[kind_of(task)])


def kind_of(task: TimelineTask) -> str:
    """Return what the color of a task's bar tells."""
    if task.is_cached:
        return "CACHED"
    return task.status.value if task.status.is_terminal else "OPEN"


def _numbers(timeline: Timeline, frame: Frame) -> Iterator[str]:
    """Write beside each task how long it ran and how much it used."""
    tasks, places = timeline.tasks, (WIDTH - MARGIN - 92, WIDTH - MARGIN - 52, WIDTH - MARGIN)
    cpus = any(task.cpu_efficiency is not None for task in tasks)
    memory = any(task.memory_efficiency is not None for task in tasks)
    heads = ("ran" * bool(tasks), "CPU" * cpus, "memory" * memory)
    lines = ((frame.baseline(place), _cells(task)) for place, task in enumerate(tasks))
    for y, cells in [(TOP - 17.0, heads), *lines]:
        for x, cell in zip(places, cells, strict=True):
            if cell:
                yield _text(x, y, cell, anchor="end", size=11)


def _cells(task: TimelineTask) -> tuple[str, str, str]:
    ran = "cached" if task.is_cached else ""
    if task.running_seconds is not None and not task.is_cached:
        ran = in_words(task.running_seconds)
    return ran, _percent(task.cpu_efficiency), _percent(task.memory_efficiency)


def _percent(part: float | None) -> str:
    return "" if part is None else f"{part:.0%}"


def _failures(timeline: Timeline, frame: Frame) -> Iterator[str]:
    """Name those that have failed beside their lines, where lines are too thin for all names."""
    lowest = 0.0
    for place, task in enumerate(timeline.tasks):
        y = frame.baseline(place)
        if task.status == "FAILED" and y >= lowest:
            lowest = y + READABLE
            line = f"M{_number(frame.x(task.end) if task.end else frame.left)} {_number(y - 4)}"
            path = f'd="{line}H{_number(frame.right + 4)}"'
            yield f'<path {path} stroke="{COLORS["FAILED"]}" stroke-opacity="0.4"/>'
            yield _text(frame.right + 8, y, f"✗ {shortened(task.label, 24)}", size=11)


def _legend(timeline: Timeline, frame: Frame) -> Iterator[str]:
    kinds = [kind for kind in COLORS if kind in {kind_of(task) for task in timeline.tasks}]
    x, y = frame.left, frame.bottom + 16
    marks = [("queued", QUEUED, 0.3)] * bool(kinds)
    for word, color, opacity in [*marks, *((WORDS[one], COLORS[one], 1) for one in kinds)]:
        yield _box(x, y, 12, 10, color, opacity)
        yield _text(x + 17, y + 9, word, size=11)
        x += 17 + len(word) * LETTER + 18


def _box(x: float, y: float, width: float, height: float, color: str, opacity: float = 1) -> str:
    if width <= 0:
        return ""
    shade = "" if opacity == 1 else f' fill-opacity="{opacity}"'
    size = f'width="{_number(width)}" height="{_number(height)}"'
    return f'<rect x="{_number(x)}" y="{_number(y)}" {size} fill="{color}"{shade}/>'


def _text(x: float, y: float, text: str, *, anchor: str = "", size: int | None = None) -> str:
    where = f' text-anchor="{anchor}"' if anchor else ""
    big = f' font-size="{size}"' if size else ""
    return f'<text x="{_number(x)}" y="{_number(y)}"{where}{big}>{escaped(text)}</text>'


def _number(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")
