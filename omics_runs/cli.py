"""The entry of the command `omics-runs`, which needs the extra `cli`.

It imports next to nothing by itself: what comes before `main` can't tell of a Ctrl-C in one line.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

REFUSED, INTERRUPTED = 3, 130
"""Exit codes, those of `Exit`, which takes its time to import."""

INSTALL = (
    "omics-runs: for the command: pip install 'omics-runs[cli]', or pip install '.[cli]' in a"
    " checkout\n"
)

GOES_ON = "omics-runs: interrupted; runs that have started go on\n"


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
        return REFUSED
    except KeyboardInterrupt:
        sys.stderr.write(GOES_ON)
        return INTERRUPTED
    return run(sys.argv[1:] if arguments is None else arguments)
