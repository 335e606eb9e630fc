"""Each example runs as a program of its own, or as a test file, without an account."""

from __future__ import annotations

import math
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from omics_runs.emulator import Emulator, ScaledClock

EXAMPLES = Path(__file__).parents[1] / "examples"
ORDER = ["PENDING", "STARTING", "RUNNING", "STOPPING", "COMPLETED"]
SYNC, ASYNC, GROUP = "start_and_wait.py", "start_and_wait_async.py", "run_group.py"
PACED, SHEET, TESTS = "paced_submissions.py", "samplesheet.py", "test_your_code.py"
FAILED = "failed_run.py"
SUBMISSIONS, FLEET = "../benchmarks/submissions.py", "../benchmarks/fleet.py"
SOAK, PLAN = "../benchmarks/soak.py", "../benchmarks/plan.py"
AWS = ["--aws", "1234567", "arn:aws:iam::123456789012:role/OmicsRole", "s3://my-bucket/out"]


def run_example(name: str, arguments: list[str], settings: Mapping[str, str]) -> str:
    """Run an example as on a bare machine, with only these AWS settings; return what it prints."""
    bare = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
    done = subprocess.run(
        [sys.executable, "-W", "error", str(EXAMPLES / name), *arguments],
        capture_output=True,
        check=False,
        encoding="utf-8",
        env={**bare, "PYTHONUTF8": "1", **settings},
        timeout=120,
    )
    assert done.stderr == ""
    assert done.returncode == 0
    return done.stdout


def test_no_example_is_forgotten() -> None:
    """Each file of the folder is among the examples that are run."""
    assert {path.name for path in EXAMPLES.glob("*.py")} == {
        SYNC,
        ASYNC,
        GROUP,
        PACED,
        SHEET,
        TESTS,
        FAILED,
    }


def test_the_example_of_tests_passes(tmp_path: Path) -> None:
    """The tests to copy from pass, none is skipped, and nothing warns, wherever they are."""
    copied = tmp_path / TESTS
    copied.write_bytes((EXAMPLES / TESTS).read_bytes())
    command = [sys.executable, "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*command, TESTS], cwd=tmp_path, capture_output=True, check=False, text=True, timeout=120
    )
    assert re.search(r"^7 passed in ", done.stdout, re.MULTILINE), done.stdout


@pytest.mark.parametrize(
    ("name", "arguments", "runs"),
    [
        pytest.param(SYNC, [], 1, id="sync"),
        pytest.param(ASYNC, ["--backend", "asyncio"], 3, id="asyncio"),
        pytest.param(ASYNC, ["--backend", "trio"], 3, id="trio"),
    ],
)
def test_the_example_runs(name: str, arguments: list[str], runs: int) -> None:
    """An example starts its runs, prints each change of status in order, and ends with results."""
    output = run_example(name, arguments, {})
    assert len(re.findall(r"^started .*\b\d+/[0-9a-f-]{36}$", output, re.MULTILINE)) == runs
    assert len(re.findall(r"^\S+ COMPLETED, results in s3://\S+$", output, re.MULTILINE)) == runs
    by_run: dict[str, list[str]] = {}
    changes = re.findall(r"^\d\d:\d\d:\d\d +(.*?) *([A-Z]{5,})$", output, re.MULTILINE)
    for run, status in changes:
        by_run.setdefault(run, []).append(status)
    assert len(by_run) == runs
    for statuses in by_run.values():
        assert statuses == sorted(set(statuses), key=ORDER.index)
        assert statuses[-1] == "COMPLETED"


def test_the_example_of_a_group_runs() -> None:
    """Six runs take turns, never more than two of them at a time, and all have results."""
    output = run_example(GROUP, [], {})
    assert len(re.findall(r"^started +\w+ \d+/[0-9a-f-]{36}$", output, re.MULTILINE)) == 6
    assert len(re.findall(r"^\w+ COMPLETED, results in s3://\S+$", output, re.MULTILINE)) == 6
    seen = re.findall(r"^[\d:]{8}  \w+ [A-Z]+ \(all: (.*)\)$", output, re.MULTILINE)
    assert len(seen) >= 6
    for counts in seen:
        active = re.findall(r"(\d) (?:STARTING|RUNNING|STOPPING)", counts)
        assert sum(map(int, active)) <= 2


def test_the_paced_example_runs() -> None:
    """Twenty runs are started from as many threads, and each gets its line, in their order."""
    output = run_example(PACED, [], {})
    lines = re.findall(r"^sample-(\d\d) COMPLETED, results in s3://\S+$", output, re.MULTILINE)
    assert [int(number) for number in lines] == list(range(1, 21))


def test_the_example_of_a_sheet_survives_its_death(tmp_path: Path) -> None:
    """Killed half-way and started again it ends with one run for each row, and says how."""
    arguments = ["--folder", str(tmp_path)]
    command = [sys.executable, str(EXAMPLES / SHEET), *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, encoding="utf-8") as process:
        assert process.stdout is not None
        refused = (line for line in process.stdout if re.match(r"S\d+ refused: ", line))
        first, second = next(refused), next(refused)
        process.kill()
    output = run_example(SHEET, arguments, {})
    told = r"^samples: 198 started \((\d+) of them before\), 2 refused, 0 unsent$"
    before = re.search(told, output, re.MULTILINE)
    assert before is not None
    assert first < second
    assert 80 < int(second[1:4]) - 2 <= int(before[1]) < 198
    assert "\nS007 FAILED: OUT_OF_MEMORY_ERROR\n" in output
    assert output.endswith("\n200 runs: 180 COMPLETED, 20 FAILED\n")
    with Emulator(ScaledClock(100), data=tmp_path / "emulator") as emulator:
        names = sorted(run.name or "" for run in emulator.runs.values())
    assert names == [f"S{number:03}" for number in range(1, 201)]


def test_the_benchmark_of_submissions_runs() -> None:
    """With small numbers, every contender gets its row; the full ones are for hand and eye."""
    output = run_example(SUBMISSIONS, ["--runs", "2", "--threads", "1", "--rate", "100"], {})
    rows = [line.split() for line in output.splitlines()[2:]]
    assert [row[:2] for row in rows] == [
        ["omics_runs,", "paced"],
        ["boto3,", "standard"],
        ["boto3,", "legacy"],
        ["boto3,", "adaptive"],
    ]


def test_a_plan_on_paper_comes_true() -> None:
    """The arithmetic that the docs give for very many runs agrees with a wait that is played."""
    output = run_example(PLAN, ["--runs", "300", "--concurrent", "20"], {})
    rows = re.findall(r"^(\D+?) +([\d,.]+) +([\d,.]+)$", output, re.MULTILINE)
    told = [(what, *(float(one.replace(",", "")) for one in both)) for what, *both in rows]
    paper = {what: number for what, number, _ in told}
    played = {what: number for what, _, number in told}
    assert played["StartRun"] == played["GetRun"] == paper["GetRun"] == 300
    assert played["throttled"] == 0
    assert played["ListRuns a round, at most"] <= paper["ListRuns a round, at most"] == 7
    assert 0.7 * paper["ListRuns"] <= played["ListRuns"] <= paper["ListRuns"]
    hours = "hours until all is known"
    assert played[hours] == pytest.approx(paper[hours], rel=0.03)


def test_the_soak_runs() -> None:
    output = run_example(SOAK, ["--runs", "5", "--days", "1"], {})
    assert output.startswith("5 runs, ")
    assert output.rstrip().endswith("lost, doubled, or wrongly reported: 0")


def test_the_benchmark_of_fleets_runs() -> None:
    """With few runs, a round takes what it should, and the service has nothing to throttle."""
    output = run_example(FLEET, ["--runs", "120", "--delay", "3600"], {})
    found = dict(re.findall(r"^(\D+?) +([\d.]+)(?: at most)?$", output, re.MULTILINE))
    assert (found["completed"], found["GetRun"], found["throttled calls"]) == ("120", "120", "0")
    assert int(found["ListRuns a round"]) <= math.ceil(120 / 100) + 4


def run_as_on_aws(name: str, emulator: Emulator, folder: Path) -> str:
    """Run an example with `--aws`, led to the emulator by its environment alone."""
    nowhere = {
        "AWS_CONFIG_FILE": str(folder / "none"),
        "AWS_SHARED_CREDENTIALS_FILE": str(folder / "none"),
    }
    with emulator.serve() as url:
        return run_example(name, AWS, {**emulator.environment(url), **nowhere})


@pytest.mark.parametrize(
    ("name", "runs"),
    [
        pytest.param(SYNC, 1, id="sync"),
        pytest.param(ASYNC, 3, id="async"),
        pytest.param(GROUP, 6, id="group"),
    ],
)
def test_the_example_runs_as_on_aws(name: str, runs: int, tmp_path: Path) -> None:
    """With `--aws`, an example goes where the environment leads it, here to an emulator."""
    emulator = Emulator(ScaledClock(2e7))  # a run is over before it is first asked for
    output = run_as_on_aws(name, emulator, tmp_path)
    assert (
        len(re.findall(r" COMPLETED, results in s3://my-bucket/out/\S+$", output, re.MULTILINE))
        == runs
    )
    assert emulator.count("StartRun") == len(emulator.runs) == runs


def test_a_failed_run_does_not_end_the_other_waits(tmp_path: Path) -> None:
    """The example of several runs says of each what became of it, also when one fails."""
    emulator = Emulator(ScaledClock(2e7))
    emulator.plan(name="NA12891", ends="FAILED", failure_reason="OUT_OF_MEMORY_ERROR")
    output = run_as_on_aws(ASYNC, emulator, tmp_path)
    completed = re.findall(r"^(\w+) COMPLETED, results in ", output, re.MULTILINE)
    assert sorted(completed) == ["NA12878", "NA12892"]
    assert "\nNA12891 FAILED: OUT_OF_MEMORY_ERROR\n" in output


def test_the_example_of_a_failure_says_why_and_mends_it(tmp_path: Path) -> None:
    """It tells the task and the line that say why, draws the run, and starts one that completes."""
    picture = tmp_path / "run.svg"
    output = run_example(FAILED, ["--picture", str(picture)], {})
    assert "  Because of a task: OUT_OF_MEMORY_ERROR\n" in output
    assert re.search(r"^      [-\d]{10} [:\d]{8}  Killed$", output, re.MULTILINE)
    assert re.search(r"\nNA12878 COMPLETED, results in s3://\S+\n$", output)
    assert "OUT_OF_MEMORY_ERROR" in picture.read_text(encoding="utf-8")


HELP = """
import contextlib, runpy, sys
for sys.argv in [[path, "--help"] for path in sys.argv[1:]]:
    with contextlib.suppress(SystemExit):
        runpy.run_path(sys.argv[0], run_name="__main__")
"""
"""Has programs tell of their arguments, all in one process."""


def test_the_examples_explain_their_arguments() -> None:
    """`--help` says what `--aws` takes, in each of them."""
    names = [SYNC, ASYNC, GROUP, PACED, SHEET]
    command = [sys.executable, "-W", "error", "-c", HELP, *(str(EXAMPLES / name) for name in names)]
    done = subprocess.run(command, capture_output=True, check=True, text=True, timeout=120)
    told = done.stdout.split("usage: ")[1:]
    assert [text.split()[0] for text in told] == names
    assert all("--aws WORKFLOW_ID ROLE_ARN OUTPUT_URI" in text for text in told)
    assert done.stderr == ""
