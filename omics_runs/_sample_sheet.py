"""Sample sheets: one row for each run, in a file of comma or tab separated values."""

from __future__ import annotations

import csv
import math
import os
import re
import shlex
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import NoneType, UnionType
from typing import TypeAlias, Union, get_args, get_origin

from attrs import field, frozen

from omics_runs._errors import InvalidRequestError
from omics_runs._generated.models import StartRunRequest
from omics_runs._narrow import is_mapping
from omics_runs._rules import quoted
from omics_runs._submission import RunSpec

Row: TypeAlias = Mapping[str, str]
Template: TypeAlias = "Callable[[Row], RunSpec] | Columns"
Problem: TypeAlias = tuple[str, str]

DELIMITERS = {",": "commas", "\t": "tabs", ";": "semicolons", "|": "bars"}
TABBED = frozenset({".tsv", ".tab"})
"""Endings of files in which tabs separate the cells."""


def _whole(cell: str) -> int | None:
    return int(cell) if re.fullmatch(r"[+-]?[0-9]{1,18}", cell) else None


def _number(cell: str) -> float | None:
    is_decimal = re.fullmatch(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?", cell)
    number = float(cell) if is_decimal else math.inf
    return number if math.isfinite(number) else None


def _flag(cell: str) -> bool | None:
    return {"true": True, "false": False}.get(cell.lower())


KINDS: Mapping[object, tuple[Callable[[str], object], str]] = {
    str: (str, "a text"),
    int: (_whole, "a whole number, such as 8"),
    float: (_number, "a number, such as 0.5"),
    bool: (_flag, "true or false"),
}
"""How a cell of each type is read, None being what can't be, and what would be right."""


@frozen
class Columns:
    """How the columns of a sample sheet become runs: which one names the run, what the others are.

    Every parameter has a column of its name, and a type. So `8` under a column of `int` is sent as
    the number 8, and `8 GB` is refused before anything costs money.

    Args:
        base: What all runs have in common. Its parameters are kept; those of a row go beside them,
            or in their place.
        name: The column with the name of each sample, which becomes the spec's and the run's. It
            may be one of the parameters, too.
        parameters: The columns with the parameters of the workflow, and the type of each: `str`,
            `int`, `float` or `bool`; with `| None`, such as `int | None`, for one that may be
            empty and is left out then.
        ignored: Columns that are not used. Any other column that is not named here is refused, for
            it may be a parameter that somebody has misspelt.

    Raises:
        InvalidRequestError: An argument is none of these.
    """

    base: StartRunRequest
    name: str = field(kw_only=True)
    parameters: Mapping[str, object] = field(kw_only=True)
    ignored: Sequence[str] = field(default=(), kw_only=True)

    def __attrs_post_init__(self) -> None:
        if problems := list(_problems_of(self.base, self.parameters)):
            raise InvalidRequestError("Columns", problems)

    @property
    def required(self) -> tuple[str, ...]:
        """The columns that a sheet must have."""
        return tuple(dict.fromkeys((self.name, *self.parameters)))

    def spec(self, row: Row) -> RunSpec:
        """Return the run of a row.

        Raises:
            InvalidRequestError: A cell does not fit; the error names all that don't.
        """
        problems: list[Problem] = []
        parameters = dict(self.base.parameters or {})
        for column, declared in self.parameters.items():
            value, what = _read(row[column], declared)
            if what:
                problems.append((f"column {column!r}", what))
            elif value is not None:
                parameters[column] = value
        if not row[self.name]:
            problems.append((f"column {self.name!r}", "is empty; each sample needs a name"))
        if problems:
            raise InvalidRequestError("the row", problems)
        request = self.base.replace(name=row[self.name], parameters=parameters)
        return RunSpec(row[self.name], request)


def _problems_of(base: object, parameters: object) -> Iterator[Problem]:
    if not isinstance(base, StartRunRequest):
        yield "base", f"must be a StartRunRequest, got {quoted(base)}"
    if not is_mapping(parameters):
        yield "parameters", f"must map columns to types, got {quoted(parameters)}"
        return
    for column, declared in parameters.items():
        kind, _ = _kind_of(declared)
        if kind not in KINDS:
            what = "must be str, int, float or bool, or one of them | None"
            yield f"parameters[{column!r}]", f"{what}, got {quoted(declared)}"


def _kind_of(declared: object) -> tuple[object, bool]:
    """Return the type of a column's cells, and whether they may be empty."""
    if get_origin(declared) not in {Union, UnionType}:
        return declared, False
    kinds = [one for one in get_args(declared) if one is not NoneType]
    return (kinds[0] if len(kinds) == 1 else declared), True


def _read(cell: str, declared: object) -> tuple[object, str]:
    """Return the value of a cell, or what is wrong with it."""
    kind, may_be_empty = _kind_of(declared)
    read, right = KINDS[kind]
    if not cell:
        return None, "" if may_be_empty else f"is empty; it must be {right}"
    value = read(cell)
    return value, "" if value is not None else f"must be {right}, got {quoted(cell)}"


def read_sample_sheet(
    path: str | os.PathLike[str],
    template: Callable[[Mapping[str, str]], RunSpec] | Columns,
    *,
    delimiter: str | None = None,
) -> list[RunSpec]:
    """Return the specs of a sample sheet, for `submit`.

    The first line names the columns. Cells may be quoted, white space around them is ignored, and
    so are blank lines. The sheet is read and checked as a whole, before anything is started.

    Args:
        path: The file, in UTF-8, with a byte order mark or without.
        template: How a row becomes a spec: a `Columns`, or a function that gets a dict from
            columns to cells, all of them texts. What it raises as a `ValueError` or `KeyError` is
            told with the row's line, and the other rows are still looked at.
        delimiter: What separates the cells. None: tabs if the name ends with `.tsv` or `.tab`,
            else commas.

    Raises:
        InvalidRequestError: Something is wrong with the sheet; the error names lines, columns, and
            what would be right.
        OSError: The file can't be read.
    """
    place = Path(path)
    sheet = _Sheet(place.name, template, delimiter or _usual_delimiter(place))
    try:
        with place.open(encoding="utf-8-sig", newline="") as lines:
            sheet.read(lines)
    except UnicodeDecodeError as error:
        raise sheet.refusal([("", f"is not in UTF-8: {error.reason}")]) from error
    except csv.Error as error:
        raise sheet.refusal([(f"line {sheet.line}", f"can't be read: {error}")]) from error
    if sheet.problems:
        raise sheet.refusal(sheet.problems)
    return sheet.specs


def _usual_delimiter(path: Path) -> str:
    return "\t" if path.suffix.lower() in TABBED else ","


class _Sheet:
    """A sheet that is being read."""

    def __init__(self, name: str, template: Template, delimiter: str) -> None:
        self.line = 1
        """The line at which the last row begins."""
        self.specs: list[RunSpec] = []
        self.problems: list[Problem] = []
        self._name = name
        self._columns = template if isinstance(template, Columns) else None
        self._template = template.spec if isinstance(template, Columns) else template
        self._delimiter = delimiter
        self._lines: dict[str, int] = {}
        """At which line each name was first."""

    def read(self, lines: Iterator[str]) -> None:
        """Read the header, and the rows below it if there is nothing wrong with it."""
        rows = self._rows(lines)
        header = next(rows, None)
        if header is None:
            self.problems.append(("", "is empty; the first line must name the columns"))
            return
        self.problems += [(f"line {self.line}", what) for what in self._wrong_with(header)]
        if self.problems:
            return
        for row in rows:
            self._add(header, row)
        if not self.specs and not self.problems:
            self.problems.append(("", "has no rows below its header"))

    def refusal(self, problems: Sequence[Problem]) -> InvalidRequestError:
        """Return the error that tells of problems."""
        return InvalidRequestError(f"the sample sheet {self._name}", problems)

    def _rows(self, lines: Iterator[str]) -> Iterator[list[str]]:
        """Yield the cells of each row that is not blank."""
        reader = csv.reader(lines, delimiter=self._delimiter, strict=True, skipinitialspace=True)
        for cells in reader:
            row = [cell.strip() for cell in cells]
            if any(row):
                yield row
            self.line = reader.line_num + 1

    def _wrong_with(self, header: list[str]) -> Iterator[str]:
        if other := self._likely_delimiter(header):
            yield (
                f"has only one column, {quoted(header[0])}; if {DELIMITERS[other]} separate the"
                f" cells, pass delimiter={other!r}, or --delimiter {DELIMITERS[other]}"
            )
            return
        if "" in header:
            yield f"column {header.index('') + 1} has no name"
        for column, times in Counter(header).items():
            if column and times > 1:
                yield f"{times} columns are named {column!r}"
        if self._columns is not None:
            yield from _compared(self._columns, header)

    def _likely_delimiter(self, header: list[str]) -> str | None:
        found = [one for one in DELIMITERS if one in header[0] and one != self._delimiter]
        return found[0] if len(header) == 1 and found else None

    def _add(self, header: list[str], cells: list[str]) -> None:
        if len(cells) != len(header):
            what = f"has {len(cells)} cells, and there are {len(header)} columns"
            self.problems.append((f"line {self.line}", what))
            return
        try:
            spec = self._template(dict(zip(header, cells, strict=True)))
        except InvalidRequestError as error:
            self._note(*error.problems)
        except KeyError as error:
            self._note(("", f"the template asks for the column {error}, which is not there"))
        except ValueError as error:
            self._note(("", str(error)))
        else:
            self._keep(spec)

    def _keep(self, spec: object) -> None:
        if not isinstance(spec, RunSpec):
            self._note(("", f"the template must return a RunSpec, got {quoted(spec)}"))
            return
        first = self._lines.setdefault(spec.name, self.line)
        if first != self.line:
            self._note(("", f"{spec.name!r} is the name of line {first}, too"))
        self.specs.append(spec)

    def _note(self, *problems: Problem) -> None:
        where = f"line {self.line}"
        self.problems += [(f"{where}, {path}" if path else where, what) for path, what in problems]


def _compared(columns: Columns, header: list[str]) -> Iterator[str]:
    absent = [column for column in columns.required if column not in header]
    missing = [column for column in absent if column != columns.name]
    known = {*columns.required, *columns.ignored}
    extra = [column for column in header if column and column not in known]
    if columns.name in absent:
        what = "to name the runs by (name= or --name says which one)"
        yield f"has no column {columns.name!r} {what}; it has {_listed(header)}"
    if missing:
        yield f"has no column {_listed(missing)}; it has {_listed(header)}"
    if extra:
        yield f"has {_listed(extra)} besides; {_remedy(extra)}"


def _remedy(extra: list[str]) -> str:
    """Return what to do about columns that nobody speaks of, in Python and in a shell."""
    types = ", ".join(f"{column!r}: str" for column in extra)
    typed = " ".join(f"--parameter {shlex.quote(f'{column}:str')}" for column in extra)
    ignored = " ".join(f"--ignore {shlex.quote(column)}" for column in extra)
    return (
        f"make parameters of them, parameters={{{types}}}, in a shell {typed};"
        f" or leave them out, ignored={extra!r}, in a shell {ignored}"
    )


def _listed(columns: list[str]) -> str:
    return ", ".join(map(repr, columns))
