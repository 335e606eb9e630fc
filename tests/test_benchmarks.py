"""The harness of the benchmarks works, with this SDK alone; what it finds is not judged here."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from benchmarks import answers, report
from benchmarks.harness import Results
from benchmarks.rows import ROWS
from omics_runs import GetRunResponse, RunListItem, StartRunResponse
from omics_runs._convert import structure
from omics_runs._model import Structure

ROOT = Path(__file__).parents[1]


def run_harness(*arguments: str) -> str:
    """Run the command with this SDK as the only contender; return what it prints."""
    command = [sys.executable, "-m", "benchmarks", "--contenders", "ours", *arguments]
    done = subprocess.run(
        command,
        cwd=ROOT,
        capture_output=True,
        check=False,
        encoding="utf-8",
        env={**os.environ, "PYTHONUTF8": "1"},
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_harness_measures_and_keeps_what_it_found(tmp_path: Path) -> None:
    """One round of a few calls fills every row, and the table, the picture and the file agree."""
    rows = [name for name, row in ROWS.items() if row.kind != "fleet"]
    several = ("--rounds", "1", "--calls", "3", "--into", str(tmp_path))
    printed = run_harness(*several, "--rows", *rows)
    figures = json.loads((tmp_path / "results.json").read_text("utf-8"))["figures"]
    untold = {name for name in rows if not figures[name]}
    has_memory = Path("/proc/self/smaps_rollup").exists()
    assert untold == (set() if has_memory else {"memory", "peak", "another"})
    assert printed.count("\n  omics_runs  ") == len(rows) - len(untold)
    assert (tmp_path / "table.txt").read_text("utf-8").strip() == printed.strip()
    picture = ET.parse(tmp_path / "picture.svg")  # noqa: S314  (it is our own)
    assert len(picture.findall(".//{*}rect")) == (7 if has_memory else 6)


@pytest.mark.skipif(sys.platform == "win32", reason="there is no timer of CPU time")
def test_the_profile_names_the_steps_of_a_call() -> None:
    """Each way of calling is profiled, and has time in the transport, as every call must."""
    printed = run_harness("--profile", "get_run", "--calls", "150")
    assert "omics_runs, get_run, sync: " in printed
    assert "omics_runs, get_run, async: " in printed
    assert "omics_runs, get_run, concurrent: " in printed
    assert printed.count("%  transport\n") == 3


@pytest.mark.parametrize(
    ("body", "model", "absent"),
    [
        pytest.param(answers.GET_RUN, GetRunResponse, {"failureReason"}, id="GetRun"),
        pytest.param(answers.LIST_RUNS["items"][0], RunListItem, set(), id="ListRuns"),
        pytest.param(answers.START_RUN, StartRunResponse, set(), id="StartRun"),
    ],
)
def test_the_stub_answers_in_full(body: object, model: type[Structure], absent: set[str]) -> None:
    """A body fits its model and has every member, so that no contender reads less than from AWS."""
    read = structure(body, model)
    assert read.extra == {}
    told = {member.wire for member in model.__wire__ if getattr(read, member.name) is not None}
    assert told == {member.wire for member in model.__wire__} - absent


def test_a_ratio_is_the_median_of_the_turns_and_has_its_aim_beside_it() -> None:
    """What is slow for everyone changes no ratio; an aim is reached or missed by the median."""
    releases = {name: {"Python": "3"} for name in ("ours", "by_boto3", "by_aiobotocore")}
    figures = {
        "get_run": {"ours": [60.0, 400.0, 44.0], "by_boto3": [100.0, 1000.0, 100.0]},
        "rate_50": {"ours": [120.0], "by_aiobotocore": [100.0]},
        "another": {"ours": [0.5], "by_boto3": [0.0]},
    }
    table = report.table(Results("a machine", 3, releases, figures))
    assert "0.44 (0.42 … 0.52)   ≤ 0.50 reached" in table
    assert "1.20 (1.20 … 1.20)   ≥ 1.30 missed" in table
    assert "0.50" in table.rpartition("each further client")[2]
    assert "≤ 1.00 reached" in table.rpartition("each further client")[2]
