"""Reading a manifest out of its log: mostly one JSON object for each event, but not always."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from attrs import define, field

from omics_runs._convert import Misfit, structure
from omics_runs._manifest import Manifest, RunManifest, TaskManifest
from omics_runs._narrow import is_object

MOST_LINES = 2_000
"""Lines of the longest object that is put together; what is longer is no record of a manifest."""

KINDS: Mapping[str, type[RunManifest | TaskManifest]] = {"run": RunManifest, "task": TaskManifest}
BETWEEN = "[], \t\r\ufeff"
"""What may be around objects."""
ARN = re.compile(r".*:(?P<noun>run|task)/[^/]+", re.DOTALL)

# Not every number is one: NaN and the infinities, which JSON doesn't have, are as good as nothing.
_DECODER = json.JSONDecoder(parse_constant=lambda _: None)


def read_manifest(messages: str | Iterable[str]) -> Manifest:
    """Return the manifest that is written in the messages of its log.

    A manifest is the log stream `manifest/run/{id}/{uuid}`: the run first and then its tasks, each
    a JSON object in an event of its own. That is not relied on: the order is free, a record that
    comes again replaces the earlier one, an object may go over several lines or events, and there
    may be several in one. Nothing that can't be read is an error, or lost: it is in `unread`.

    Args:
        messages: The messages of the log's events, in their order; or one text, such as a file
            that they were saved in.

    Returns:
        The manifest. Its `run` is None if there is no record of a run.
    """
    reader = _Reader()
    for message in [messages] if isinstance(messages, str) else messages:
        for line in message.split("\n"):
            reader.take(line)
    return reader.manifest()


@define(eq=False)
class _Reader:
    """What was read so far, and the lines of an object that is not whole yet."""

    run: RunManifest | None = None
    tasks: dict[tuple[str, str | None], TaskManifest] = field(
        factory=dict[tuple[str, str | None], TaskManifest]
    )
    unread: list[str] = field(factory=list[str])
    lines: list[str] = field(factory=list[str])

    def take(self, line: str) -> None:
        """Read one line: whole objects, or some more of one."""
        values, rest = _split(line)
        if any(map(_kind_of, values)):
            self.give_up()
            self.keep(values, rest)
        elif not self.lines:
            self.keep(values, rest)
        else:
            self.lines.append(line)
            self.join()

    def keep(self, values: list[Any], rest: str) -> None:
        """Note the values of a line; its rest may be the beginning of an object."""
        for value in values:
            self.note(value)
        if rest.startswith("{"):
            self.lines = [rest]
        elif rest and not rest.isspace():
            self.unread.append(rest)

    def join(self) -> None:
        """Read the lines that wait as one, if they may have become whole."""
        if len(self.lines) > MOST_LINES:
            self.give_up()
        elif self.lines[-1].rstrip(BETWEEN).endswith("}"):
            values, rest = _split("".join(self.lines))
            if values:
                self.lines = []
                self.keep(values, rest)

    def give_up(self) -> None:
        """Leave unread what has not become whole."""
        self.unread += self.lines
        self.lines = []

    def note(self, value: Any) -> None:
        """Note one value: a record, or something else."""
        kind = _kind_of(value)
        try:
            record = None if kind is None else structure(value, kind)
        except Misfit:
            record = None
        if isinstance(record, TaskManifest):
            self.tasks[record.arn, record.uuid] = record
        elif record is not None and (self.run is None or self.run.arn == record.arn):
            self.run = record
        else:
            self.unread.append(json.dumps(value, ensure_ascii=False))

    def manifest(self) -> Manifest:
        """Return what was read."""
        self.give_up()
        return Manifest(run=self.run, tasks=tuple(self.tasks.values()), unread=tuple(self.unread))


def _split(text: str) -> tuple[list[Any], str]:
    """Return the JSON objects that a text begins with, and the rest of it.

    An array is as good as its elements, one after the other.
    """
    found: list[Any] = []
    rest = text.lstrip(BETWEEN)
    while rest.startswith("{"):
        try:
            value, end = _DECODER.raw_decode(rest)
        except (ValueError, RecursionError):
            break
        found.append(value)
        rest = rest[end:].lstrip(BETWEEN)
    return found, rest


def _kind_of(value: Any) -> type[RunManifest | TaskManifest] | None:
    """Return the model of a record, by what its ARN names; None if it is no record."""
    arn = value.get("arn") if is_object(value) else None
    named = ARN.fullmatch(arn) if isinstance(arn, str) else None
    return KINDS[named["noun"]] if named else None
