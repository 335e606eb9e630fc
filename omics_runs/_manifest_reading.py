"""Reading a manifest out of its log: mostly one JSON object for each event, but not always."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from attrs import define, field

from omics_runs._convert import Misfit, structure
from omics_runs._documents import copy_document
from omics_runs._manifest import Manifest, RunManifest, TaskManifest
from omics_runs._narrow import is_object

MOST_LINES = 100_000
"""Lines of the longest object that is put together; what is longer is no record of a manifest."""

KINDS: Mapping[str, type[RunManifest | TaskManifest]] = {"run": RunManifest, "task": TaskManifest}
NEEDED = frozenset({"$.arn", "$.status"})
"""Where nothing may be wrong with a record."""
MOST_MISFITS = 100
"""Members of a record that are left out; one with more of them is no record of this form."""
BETWEEN = "[], \t\r\ufeff"
"""What may be around objects."""
MARKS = re.compile(r'\\.?|["{}]', re.DOTALL)
"""What tells where an object ends: escaped characters, which do not count, quotes and braces."""
ARN = re.compile(r".*:(?P<noun>run|task)/[^/]+", re.DOTALL)

# Not every number is one: NaN and the infinities, which JSON doesn't have, are as good as nothing.
_DECODER = json.JSONDecoder(parse_constant=lambda _: None)


def read_manifest(messages: str | Iterable[str]) -> Manifest:
    """Return the manifest that is written in the messages of its log.

    A manifest is the log stream `manifest/run/{id}/{uuid}`: the run first and then its tasks, each
    a JSON object in an event of its own. That is not relied on: the order is free, a record that
    comes again replaces the earlier one, an object may go over several lines or events, and there
    may be several in one. Nothing that can't be read is an error, or lost: it is in `unread`. A
    record with a member of a wrong type is read without it, which is there with the record's ARN.

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
class Braces:
    """How many braces are open, outside of strings, in a text that comes in pieces."""

    depth: int = 0
    in_string: bool = False
    _cut: str = ""
    """A backslash at the end of the last piece."""

    def read(self, piece: str) -> None:
        """Count what opens and closes in one more piece."""
        text, self._cut = self._cut + piece, ""
        for mark in MARKS.findall(text):
            if mark == "\\":
                self._cut = mark
            elif mark == '"':
                self.in_string = not self.in_string
            elif not self.in_string:
                self.depth += {"{": 1, "}": -1}.get(mark, 0)


@define(eq=False)
class _Reader:
    """What was read so far, and the lines of an object that is not whole yet."""

    run: RunManifest | None = None
    tasks: dict[tuple[str, str | None], TaskManifest] = field(
        factory=dict[tuple[str, str | None], TaskManifest]
    )
    unread: list[str] = field(factory=list[str])
    lines: list[str] = field(factory=list[str])
    braces: Braces = field(factory=Braces)

    def take(self, line: str) -> None:
        """Read one line: whole objects, or some more of one."""
        values, rest = _split(line)
        if any(_kind_of(value) for value, _ in values):
            self.give_up()
            self.keep(values, rest)
        elif not self.lines:
            self.keep(values, rest)
        else:
            self.lines.append(line)
            self.braces.read(line)
            self.join()

    def keep(self, values: list[tuple[Any, str]], rest: str) -> None:
        """Note the values of a line; its rest may be the beginning of an object."""
        for value, text in values:
            self.note(value, text)
        if rest.startswith("{"):
            self.lines, self.braces = [rest], Braces()
            self.braces.read(rest)
            self.join()
        elif rest and not rest.isspace():
            self.unread.append(rest)

    def join(self) -> None:
        """Read the lines that wait as one, if they have become whole."""
        if len(self.lines) > MOST_LINES:
            self.give_up()
        elif self.braces.depth <= 0:
            values, rest = _split("".join(self.lines))
            if not values:
                self.give_up()  # it is whole, and no JSON
            else:
                self.lines = []
                self.keep(values, rest)

    def give_up(self) -> None:
        """Leave unread what has not become whole."""
        self.unread += self.lines
        self.lines = []

    def note(self, value: Any, text: str) -> None:
        """Note one value, which was written so: a record, or something else."""
        kind = _kind_of(value)
        try:
            record, misfits = (None, None) if kind is None else _read(value, kind)
        except RecursionError:  # it is nested as deeply as can just be decoded
            record, misfits = None, None
        if isinstance(record, TaskManifest):
            self.tasks[record.arn, record.uuid] = record
        elif record is not None and (self.run is None or self.run.arn == record.arn):
            self.run = record
        else:
            misfits = text
        if misfits is not None:
            self.unread.append(misfits)

    def manifest(self) -> Manifest:
        """Return what was read."""
        self.give_up()
        return Manifest(run=self.run, tasks=tuple(self.tasks.values()), unread=tuple(self.unread))


def _split(text: str) -> tuple[list[tuple[Any, str]], str]:
    """Return the JSON objects that a text begins with, each with its own text, and the rest.

    An array is as good as its elements, one after the other.
    """
    found: list[tuple[Any, str]] = []
    begin = _after_gap(text, 0)
    while text.startswith("{", begin):
        try:
            value, end = _DECODER.raw_decode(text, begin)
        except (ValueError, RecursionError):
            break
        found.append((value, text[begin:end]))
        begin = _after_gap(text, end)
    return found, text[begin:]


def _after_gap(text: str, place: int) -> int:
    """Return where the next object may begin."""
    while place < len(text) and text[place] in BETWEEN:
        place += 1
    return place


def _read(
    value: Mapping[str, Any], kind: type[RunManifest | TaskManifest]
) -> tuple[RunManifest | TaskManifest | None, str | None]:
    """Return the record without what does not fit, and that as JSON with the record's ARN."""
    misfits: dict[str, Any] = {}
    rest = copy_document(value)
    for _ in range(MOST_MISFITS):
        try:
            record = structure(rest, kind)
        except Misfit as misfit:
            if misfit.path in NEEDED:
                break
            _move(misfit.path, rest, misfits)
        else:
            told = {"arn": value["arn"], **misfits}
            return record, json.dumps(told, ensure_ascii=False) if misfits else None
    return None, None


def _move(path: str, source: dict[str, Any], target: dict[str, Any]) -> None:
    """Take what stands at a path, in an object or in an object of it, to the same place there."""
    name, _, inner = path.removeprefix("$.").partition(".")
    part = source[name]
    if is_object(part) and inner in part:
        target.setdefault(name, {})[inner] = part.pop(inner)
    else:
        target[name] = source.pop(name)


def _kind_of(value: Any) -> type[RunManifest | TaskManifest] | None:
    """Return the model of a record, by what its ARN names; None if it is no record."""
    arn = value.get("arn") if is_object(value) else None
    named = ARN.fullmatch(arn) if isinstance(arn, str) else None
    return KINDS[named["noun"]] if named else None
