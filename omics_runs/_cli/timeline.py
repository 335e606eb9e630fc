"""`omics-runs timeline`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from omics_runs._cli.exits import Exit
from omics_runs._cli.options import Place, common, logs_endpoint, one_run
from omics_runs._cli.output import Output, tell

if TYPE_CHECKING:
    from omics_runs._run_ref import RunRef

SUFFIXES = (".svg", ".html")


@click.command("timeline")
@one_run
@click.option(
    "--save",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File to draw it into: .svg for a picture, .html for a page.",
)
@logs_endpoint
@common
def command(run: RunRef, save: Path | None, place: Place, output: Output) -> int:
    """Tell where the time of RUN, an id or id/uuid, went, and how busy its tasks were.

    With --json it is a list of its tasks. It ends with 0 whenever that could be told.
    """
    if save is not None and save.suffix.lower() not in SUFFIXES:
        msg = f"{save} must end in {' or '.join(SUFFIXES)}"
        raise click.BadParameter(msg, param_hint="--save")
    output.looking(run)
    with place.client() as client:
        found = client.timeline(run)
    if save is not None:
        found.save(save)
        output.note(f"saved {save}")
    for note in found.notes:
        tell(f"not seen: {note}")  # no progress: without it the result would seem whole
    output.text(str(found), [_plain(row) for row in found.rows()])
    return Exit.REACHED


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in row.items()
    }
