"""`omics-runs emulator`."""

from __future__ import annotations

from collections.abc import Sequence

import click

PLAIN = {"ignore_unknown_options": True, "help_option_names": list[str]()}
"""The emulator reads its own options, so that there is one list of them."""


@click.command("emulator", context_settings=PLAIN)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def command(arguments: Sequence[str]) -> int:
    """Serve a HealthOmics on this machine, until Ctrl-C."""
    from omics_runs.emulator.__main__ import main  # noqa: PLC0415  (needed by no other command)

    return main(arguments, program="omics-runs emulator")
