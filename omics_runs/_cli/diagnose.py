"""`omics-runs diagnose`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from omics_runs._cli.exits import Exit
from omics_runs._cli.options import Place, common, logs_endpoint, one_run
from omics_runs._cli.output import Output

if TYPE_CHECKING:
    from omics_runs._run_ref import RunRef


@click.command("diagnose")
@one_run
@click.option("--tasks", default=5, show_default=True, help="Most failed tasks to look at closely.")
@click.option("--lines", default=10, show_default=True, help="Most lines of each log.")
@logs_endpoint
@common
def command(run: RunRef, tasks: int, lines: int, place: Place, output: Output) -> int:
    """Tell what became of RUN, an id or id/uuid: why, who can act, what to do, and what logs say.

    It ends with 0 whenever that could be told, whatever became of the run.
    """
    output.looking(run)
    with place.client() as client:
        found = client.diagnose(run, tasks=tasks, lines=lines)
    output.text(str(found), found.to_dict())
    return Exit.REACHED
