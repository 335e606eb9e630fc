"""The entry of the command `omics-runs`, which needs the extra `cli`."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from omics_runs._cli.exits import Exit

INSTALL = "omics-runs: for the command: pip install 'omics-runs[cli]'\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command, and return its exit code.

    Args:
        arguments: Command line; None for the process's own.
    """
    try:
        from omics_runs._cli.program import run  # noqa: PLC0415  (needs the extra)
    except ModuleNotFoundError as missing:
        if missing.name != "click":
            raise
        sys.stderr.write(INSTALL)
        return Exit.REFUSED
    return run(sys.argv[1:] if arguments is None else arguments)
