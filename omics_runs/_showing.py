"""What a notebook shows of runs, tasks, batches, submissions and outcomes: small tables.

They tell no more than the reprs do, which hide documents, policies and presigned links.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Any, TypeVar, cast

from omics_runs._durations import in_words
from omics_runs._html import card, grid
from omics_runs._lines import shortened
from omics_runs._model import HIDDEN, Model, told_of
from omics_runs._narrow import is_sequence

if TYPE_CHECKING:
    from omics_runs._outcomes import RunOutcome
    from omics_runs._submission import Submission, Submitted

T = TypeVar("T")

MOST_MEMBERS = 20
"""Members of a model that are shown."""
MOST_ROWS = 20
"""Lines of a list that are shown."""
MOST_COLUMNS = 7
COLUMNS = [
    *("id", "task_id", "name", "status", "failure_reason", "creation_time", "created_at"),
    *("queued", "ran", "run_output_uri", "workflow_name", "workflow_id"),
]
"""What a list tells first."""
LONGEST = 300
"""Characters of a value that are shown."""


def html_of(model: Model) -> str:
    """Return a model as a table of its members, and its lists of models as tables below it."""
    told = told_of(model)
    lists = [(name, value) for name, value in told if _is_models(value)]
    rest = [(name, value) for name, value in told if not _is_models(value)]
    name = type(model).__name__
    cards = [card(name, _rows(rest))] if rest or not lists else []
    return "".join([*cards, *(_list(f"{name}.{member}", items) for member, items in lists)])


def html_of_outcome(outcome: RunOutcome) -> str:
    """Return an outcome as a table: the run, and why it has not completed."""
    known = [] if outcome.run is None else told_of(outcome.run)
    error = shortened(_or_empty(outcome.error), LONGEST)
    rows = [("ref", str(outcome.ref)), *([("error", error)] if error else []), *_rows(known)]
    return card(f"RunOutcome: {_end_of(outcome)}", rows)


def html_of_outcomes(outcomes: Sequence[RunOutcome]) -> str:
    """Return outcomes as a table, those that are no success first."""
    caption = f"outcomes: {len(outcomes)}{_counts(map(_end_of, outcomes))}"
    header = ("run", "name", "status", "ran", "error")
    return _bounded(caption, header, sorted(outcomes, key=lambda one: one.error is None), _outcome)


def html_of_submission(submission: Submission) -> str:
    """Return a submission as a table of its specs, those without a run first."""
    results = sorted(submission.results, key=lambda one: one.status == "started")
    return _bounded(str(submission), ("name", "status", "run", "error"), results, _result)


def _outcome(one: RunOutcome) -> list[str]:
    name, ran = ("", "") if one.run is None else (one.run.name or "", _ran(dict(told_of(one.run))))
    return [one.ref.id, name, _end_of(one), ran, _or_empty(one.error)]


def _result(one: Submitted) -> list[str]:
    status = f"{one.status}{' before' * one.adopted}{' (may have started)' * one.may_have_started}"
    return [one.name, status, "" if one.run is None else one.run.id, _or_empty(one.error)]


def _or_empty(value: object) -> str:
    return "" if value is None else str(value)


def _end_of(outcome: RunOutcome) -> str:
    """Return how a run has ended, in a word."""
    if outcome.run is not None and outcome.run.status.is_terminal:
        return outcome.run.status.value
    return type(outcome.error).__name__


def _list(caption: str, items: Sequence[Model]) -> str:
    """Return a list of models as a table, with as many columns as one can read."""
    rows = [dict(_columns(one)) for one in items[:MOST_ROWS]]
    names = sorted({name for row in rows for name in row}, key=_place)[:MOST_COLUMNS]
    statuses = (_text(status) for one in items if (status := getattr(one, "status", None)))
    return _bounded(
        f"{caption}: {len(items)}{_counts(statuses)}",
        names,
        items,
        lambda one: [dict(_columns(one)).get(name, "") for name in names],
    )


def _columns(item: Model) -> Iterator[tuple[str, str]]:
    """Yield what a line of a list tells: durations in place of moments."""
    told = [pair for pair in told_of(item) if pair[0] not in {"start_time", "stop_time"}]
    yield from ((name, text) for name, value in told if (text := _text(value)))
    yield from _times(dict(told_of(item)))


def _place(name: str) -> tuple[int, str]:
    return (COLUMNS.index(name) if name in COLUMNS else len(COLUMNS), name)


def _bounded(
    caption: str, header: Sequence[str], items: Sequence[T], row: Callable[[T], Sequence[str]]
) -> str:
    """Return a table of the first items; its caption tells if there are more."""
    note = f", the first {MOST_ROWS}" if len(items) > MOST_ROWS else ""
    cut = [[shortened(cell, LONGEST) for cell in row(one)] for one in items[:MOST_ROWS]]
    return grid(caption + note, header, cut)


def _counts(words: Iterable[str]) -> str:
    found = ", ".join(f"{count} {word}" for word, count in sorted(Counter(words).items()))
    return f" ({found})" if found else ""


def _rows(told: Sequence[tuple[str, Any]]) -> Iterator[tuple[str, str]]:
    """Yield the rows of members, with what follows from them."""
    values = dict(told)
    told = [(name, value) for name, value in told if _text(value)]
    for name, value in told[:MOST_MEMBERS]:
        yield name, _text(value)
        if name == "failure_reason" and (advice := getattr(value, "advice", None)):
            yield "advice", advice
        if name == "status":
            yield from _times(values)
    if len(told) > MOST_MEMBERS:
        yield "and more", ", ".join(name for name, _ in told[MOST_MEMBERS:])


def _times(values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, text in (("queued", _queued(values)), ("ran", _ran(values))):
        if text:
            yield name, text


def _queued(values: Mapping[str, Any]) -> str:
    return _between(values.get("creation_time"), values.get("start_time"))


def _ran(values: Mapping[str, Any]) -> str:
    return _between(values.get("start_time"), values.get("stop_time"))


def _between(start: datetime | None, stop: datetime | None) -> str:
    if start is None or stop is None:
        return ""
    return in_words(max((stop - start).total_seconds(), 0))


def _text(value: Any) -> str:
    """Return a value as text that is not too long."""
    return shortened(_whole(value), LONGEST)


def _whole(value: Any) -> str:
    match value:
        case datetime():
            text = f"{value:%Y-%m-%d %H:%M:%S} UTC"
        case Enum():
            text = str(value.value)
        case Model():
            text = ", ".join(f"{name}: {_text(inner)}" for name, inner in told_of(value))
        case Mapping():
            pairs = cast("Mapping[object, object]", value)
            text = ", ".join(f"{key}: {inner}" for key, inner in pairs.items())
        case list() | tuple():
            text = f"{len(cast('Sequence[object]', value))} in all"
        case _:
            text = "(not shown)" if value is HIDDEN else str(value)
    return text


def _is_models(value: Any) -> bool:
    return is_sequence(value) and bool(value) and all(isinstance(one, Model) for one in value)
