"""`omics-runs submit`."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click
from attrs import define, field

from omics_runs._cli.exits import Exit, worst
from omics_runs._cli.options import Place, common, timeout
from omics_runs._cli.output import Output, tell
from omics_runs._cli.records import Ended, submitted_record, tell_submitted
from omics_runs._errors import InvalidRequestError
from omics_runs._generated.enums import StorageType, WorkflowType
from omics_runs._generated.models import StartRunRequest
from omics_runs._sample_sheet import DELIMITERS, Columns, read_sample_sheet

if TYPE_CHECKING:
    from omics_runs._client import OmicsRunsClient
    from omics_runs._run_ref import RunRef
    from omics_runs._submission import RunSpec, Submitted
    from omics_runs.display import LiveDisplay

TYPES: Mapping[str, Any] = {"str": str, "int": int, "float": float, "bool": bool}

MARKS: Mapping[str | None, str | None] = {None: None} | {
    name: mark for mark, name in DELIMITERS.items()
}

MEMBERS = (
    "--request is what all runs have in common; --workflow-id, --workflow-type, --role-arn,"
    " --output-uri and --storage-type are members of it"
)

AGAIN = "submit the same sheet with the same key or journal to go on"


def typed(text: str) -> tuple[str, Any]:
    """Return a column and its type, of `reads` or `threads:int`.

    Raises:
        click.BadParameter: There is no such type.
    """
    column, colon, kind = text.rpartition(":")
    if not colon:
        return text, str
    if kind not in TYPES:
        msg = f"{text!r} must end in {', '.join(f':{name}' for name in TYPES)}, or have no colon."
        raise click.BadParameter(msg)
    return column, TYPES[kind]


def typed_or_none(text: str) -> tuple[str, Any]:
    """Return a column whose cells may be empty, and its type.

    Raises:
        click.BadParameter: There is no such type.
    """
    column, kind = typed(text)
    return column, kind | None


@click.command("submit")
@click.argument("sheet", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--request",
    default="{}",
    metavar="FILE|JSON",
    help="What all runs have in common: a file of StartRun's members as JSON, or that JSON itself.",
)
@click.option("--workflow-id", metavar="ID", help="The workflow, in place of the request's.")
@click.option(
    "--workflow-type",
    type=click.Choice(list(WorkflowType)),
    metavar="TYPE",
    help=f"Its type, {' or '.join(WorkflowType)}, in place of the request's.",
)
@click.option("--role-arn", metavar="ARN", help="The role, in place of the request's.")
@click.option("--output-uri", metavar="URI", help="The output, in place of the request's.")
@click.option(
    "--storage-type",
    type=click.Choice(list(StorageType)),
    metavar="TYPE",
    help=f"The storage, {' or '.join(StorageType)}, in place of the request's.",
)
@click.option(
    "--name",
    default="sample",
    show_default=True,
    metavar="COLUMN",
    help="The column that names the runs.",
)
@click.option(
    "--parameter",
    "parameters",
    type=typed,
    multiple=True,
    metavar="COLUMN[:TYPE]",
    help="A column that is a parameter of the workflow: str, int, float or bool. Default: str.",
)
@click.option(
    "--optional",
    "optional",
    type=typed_or_none,
    multiple=True,
    metavar="COLUMN[:TYPE]",
    help="The same, for one whose cells may be empty.",
)
@click.option(
    "--ignore", "ignored", multiple=True, metavar="COLUMN", help="A column that is not used."
)
@click.option(
    "--delimiter",
    type=click.Choice(list(DELIMITERS.values())),
    metavar="NAME",
    help=f"What separates the cells: {', '.join(DELIMITERS.values())}. Default: tabs if SHEET ends"
    " with .tsv or .tab, else commas.",
)
@click.option(
    "--key",
    metavar="NAME",
    help="Name of the campaign. Required, unless there is a journal, which keeps one.",
)
@click.option(
    "--journal",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File that remembers what was sent; made if it is not there.",
)
@click.option(
    "--via",
    type=click.Choice(["runs", "batch"]),
    default="runs",
    show_default=True,
    help="One StartRun after another, or one batch of up to 100 runs.",
)
@click.option(
    "--rate",
    type=click.FloatRange(min=0, min_open=True),
    metavar="NUMBER",
    help="Starts a second. Default: what the service allows everybody.",
)
@click.option("--wait", "is_waiting", is_flag=True, help="Wait for the runs, too.")
@timeout
@common
def command(
    sheet: Path,
    request: str,
    workflow_id: str | None,
    workflow_type: str | None,
    role_arn: str | None,
    output_uri: str | None,
    storage_type: str | None,
    name: str,
    parameters: Sequence[tuple[str, Any]],
    optional: Sequence[tuple[str, Any]],
    ignored: Sequence[str],
    delimiter: str | None,
    key: str | None,
    journal: Path | None,
    via: Literal["runs", "batch"],
    rate: float | None,
    is_waiting: bool,
    timeout: float | None,
    place: Place,
    output: Output,
) -> int:
    """Start a run for each row of SHEET, a CSV or TSV file, each exactly once.

    The same command with the same key or journal, after a crash or on purpose, starts only what is
    missing. Every column of the sheet must be named by an option; options of columns are repeated.

    There is one result for each row, as soon as it is known; with --wait, for rows that have
    a run, when that has ended.
    """
    given = {
        "workflow_id": workflow_id,
        "workflow_type": workflow_type,
        "role_arn": role_arn,
        "output_uri": output_uri,
        "storage_type": storage_type,
    }
    base = _base_of(request, {member: value for member, value in given.items() if value})
    columns = Columns(base, name=name, parameters=dict([*parameters, *optional]), ignored=ignored)
    specs = read_sample_sheet(sheet, columns, delimiter=MARKS[delimiter])
    with _advice(), place.client() as client, output.display() as display:
        task = _Task(client, output, display, timeout, is_waiting)
        pace = "documented" if rate is None else rate
        return task.submit(specs, key=key, journal=journal, via=via, rate=pace)


@define
class _Task:
    """A submission, and the wait after it."""

    client: OmicsRunsClient
    output: Output
    display: LiveDisplay | None
    timeout: float | None
    is_waiting: bool
    began: float = field(factory=time.monotonic, init=False)
    awaited: dict[RunRef, Submitted] = field(factory=dict["RunRef", "Submitted"], init=False)
    """The rows that have a run whose end has not been told yet."""

    def submit(self, specs: Iterable[RunSpec], **options: Any) -> Exit:
        """Start what is missing, tell of each row, and return the code of all."""
        try:
            return worst([*self._starts(specs, **options), *self._ends()])
        except BaseException:  # Ctrl-C above all; whatever it is, started runs cost money
            with suppress(OSError):  # it may have ended the reader, too
                for result in self.awaited.values():
                    tell_submitted(result, self.output)
            raise

    def _starts(self, specs: Iterable[RunSpec], **options: Any) -> Iterator[Exit]:
        """Start what is missing, and tell of each row, unless that is to wait for its end."""
        results = self.client.iter_submit(
            specs, timeout=self.timeout, progress=self.display, **options
        )
        with closing(results):
            for result in results:
                if self.is_waiting and result.run is not None and result.error is None:
                    self.awaited[result.run] = result
                else:
                    yield tell_submitted(result, self.output)

    def _ends(self) -> Iterator[Exit]:
        """Tell how each run has ended, as it ends."""
        outcomes = self.client.as_completed(
            list(self.awaited), timeout=self._time_left(), progress=self.display
        )
        for one in outcomes if self.awaited else ():
            yield Ended(one).tell(self.output, **submitted_record(self.awaited[one.ref]))
            del self.awaited[one.ref]

    def _time_left(self) -> float | None:
        if self.timeout is None:
            return None
        return max(self.timeout - (time.monotonic() - self.began), 0.0)


@contextmanager
def _advice() -> Generator[None]:
    """Say what to do when Ctrl-C comes."""
    try:
        yield
    except KeyboardInterrupt:
        tell(AGAIN)
        raise


def _base_of(request: str, given: Mapping[str, str]) -> StartRunRequest:
    """Return what all runs have in common."""
    text = request if request.lstrip().startswith("{") else _content(request)
    try:
        return StartRunRequest.from_json(text, **given)
    except InvalidRequestError as error:
        error.add_note(MEMBERS)
        raise


def _content(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        msg = f"{path}: {error.strerror}"
        raise click.BadParameter(msg, param_hint="--request") from None
