"""A diagnosis as a notebook shows it."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import TYPE_CHECKING

from omics_runs._diagnosis import (
    Diagnosis,
    FailedTask,
    explanation,
    headline,
    log_lines,
    tasks_title,
    title,
)
from omics_runs._html import card, escaped

if TYPE_CHECKING:
    from omics_runs._logs import LogExcerpt


def to_html(diagnosis: Diagnosis) -> str:
    """Return the HTML of a diagnosis."""
    return "".join(_parts(diagnosis))


def _parts(diagnosis: Diagnosis) -> Iterator[str]:
    yield card(headline(diagnosis), [*explanation(diagnosis), ("Next", diagnosis.next_step)])
    if diagnosis.failed_tasks:
        yield f"<p>{escaped(tasks_title(diagnosis))}</p>"
        yield f"<ul>{''.join(map(_task, diagnosis.failed_tasks))}</ul>"
    for log in diagnosis.logs:
        if log.lines:
            yield f"<p>Log <code>{escaped(log.stream)}</code></p>{_log(log)}"
    if diagnosis.notes:
        notes = "".join(f"<li>{escaped(note)}</li>" for note in diagnosis.notes)
        yield f"<p>Not seen</p><ul>{notes}</ul>"


def _task(task: FailedTask) -> str:
    message = f"<br>{escaped(task.status_message)}" if task.status_message else ""
    return f"<li>{escaped(title(task))}{message}{_log(task.log)}</li>"


def _log(log: LogExcerpt | None) -> str:
    if log is None or not log.lines:
        return ""
    return f"<pre>{escape(chr(10).join(log_lines(log)))}</pre>"
