"""`python -m omics_runs`: the command `omics-runs`."""

from __future__ import annotations

import sys

from omics_runs.cli import main

sys.exit(main())
