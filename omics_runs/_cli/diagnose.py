"""`omics-runs diagnose`."""

from __future__ import annotations

import click

from omics_runs._cli.exits import Exit
from omics_runs._cli.options import Place, common, ref_of
from omics_runs._cli.output import Output


@click.command("diagnose")
@click.argument("run")
@click.option("--tasks", default=5, show_default=True, help="Failed tasks to look at closely.")
@click.option("--lines", default=10, show_default=True, help="Most lines of each log.")
@common
def command(run: str, tasks: int, lines: int, place: Place, output: Output) -> int:
    """Tell what became of RUN, an id or id/uuid: why, who can act, what to do, and what logs say.

    It ends with 0 whenever that could be told, whatever became of the run.
    """
    ref = ref_of(run)
    with place.client() as client:
        found = client.diagnose(ref, tasks=tasks, lines=lines)
    output.text(str(found), found.to_dict())
    return Exit.REACHED
