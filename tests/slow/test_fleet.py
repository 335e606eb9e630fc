"""A wait for as many runs as an account may have; only `nox -s slow` runs it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "fleet.py"


@pytest.mark.slow
def test_10_000_runs_cost_104_calls_a_round() -> None:
    """At the service's own rates nothing is throttled, and each run is settled by one GetRun."""
    command = [sys.executable, str(BENCHMARK), "--runs", "10000", "--delay", "3600"]
    done = subprocess.run(command, capture_output=True, check=True, text=True, timeout=600)
    found = dict(re.findall(r"^(\D+?) +([\d.]+)(?: at most)?$", done.stdout, re.MULTILINE))
    assert (found["completed"], found["GetRun"]) == ("10000", "10000")
    assert int(found["ListRuns a round"]) <= 104
    assert found["throttled calls"] == "0"
