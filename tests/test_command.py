"""The command `omics-runs`: what it prints where, and what it exits with."""

from __future__ import annotations

import io
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest

from omics_runs import GetRunResponse, OmicsRunsClient, RunRef, RunStatus, errors
from omics_runs._cli.exits import Exit, code_of, worst
from omics_runs._cli.output import Output
from omics_runs._cli.program import COMMANDS, program
from omics_runs._cli.records import Ended
from omics_runs._outcomes import RunOutcome
from omics_runs.cli import main
from omics_runs.emulator import Emulator, Fault, ScaledClock

ROOT = Path(__file__).parents[1]
ROLE = "arn:aws:iam::123456789012:role/OmicsRole"
BASE = {"workflowId": "1234567", "roleArn": ROLE, "outputUri": "s3://my-bucket/output"}
SHEET = "sample,reads,threads,depth\nS1,s3://b/1,8,\nS2,s3://b/2,16,30\n"
COLUMNS = "--parameter reads --parameter threads:int --optional depth:float --rate 1000"
ENDLESS = "--timeout 99999999999999999999d"
NO_TIME = "--timeout: must be a number of seconds from 0 to 1,000,000,000"
SLOW = {"clock": ScaledClock(1.0)}
"""An emulator in which nothing happens while a test looks."""

Start = Callable[..., str]
Command = Callable[..., int]


@pytest.fixture
def start(omics_client: OmicsRunsClient) -> Start:
    """Start a run, which ends as the emulator has been told for its name."""

    def started(name: str = "S1") -> str:
        request = {"workflow_id": "1234567", "role_arn": ROLE, "output_uri": "s3://b/o"}
        return omics_client.start_run(name=name, **request).id

    return started


@pytest.fixture
def sheet(tmp_path: Path) -> Path:
    """A sheet of two samples, and beside it what their runs have in common."""
    (tmp_path / "base.json").write_text(json.dumps(BASE), encoding="utf-8")
    (tmp_path / "sheet.csv").write_text(SHEET, encoding="utf-8")
    return tmp_path / "sheet.csv"


@pytest.fixture
def submit(sheet: Path, omics_emulator: Emulator) -> Command:
    """Submit the sheet, with more options."""

    def submitted(options: str = "", *, common: str = COLUMNS) -> int:
        request = ["--request", str(sheet.parent / "base.json")]
        words = shlex.split(f"{common} --key c7 {options}")
        return main(["submit", str(sheet), *request, *words])

    return submitted


def documents(text: str) -> list[dict[str, Any]]:
    """Return the documents of lines of JSON."""
    return [json.loads(line) for line in text.splitlines()]


# --- wait -----------------------------------------------------------------------------------


def test_one_run_completes(start: Start, capsys: pytest.CaptureFixture[str]) -> None:
    """Its line goes to standard output, progress to standard error."""
    run = start()
    assert main(["wait", run]) == Exit.REACHED
    printed = capsys.readouterr()
    assert printed.out == f"COMPLETED {run} S1\n"
    assert printed.err.startswith(f"COMPLETED run {run}, poll 1")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        pytest.param("", "FAILED S2 (run 2): OUT_OF_MEMORY_ERROR", id="by the display"),
        pytest.param("--quiet", "so COMPLETED can no longer come (OUT_OF", id="by its error"),
    ],
)
def test_several_runs(
    start: Start,
    omics_emulator: Emulator,
    capsys: pytest.CaptureFixture[str],
    options: str,
    told: str,
) -> None:
    """Each has its line, a failure is told once, and one failure decides the exit code."""
    omics_emulator.plan(name="S2", ends="FAILED", failure_reason="OUT_OF_MEMORY_ERROR")
    good, bad = start("S1"), start("S2")
    assert main(["wait", good, bad, *options.split()]) == Exit.ENDED
    printed = capsys.readouterr()
    assert sorted(printed.out.splitlines()) == [f"COMPLETED {good} S1", f"FAILED {bad} S2"]
    assert told.replace("run 2", f"run {bad}") in printed.err
    assert printed.err.count(": OUT_OF_MEMORY_ERROR") + printed.err.count("(OUT_OF") == 1


def test_lines_of_json(
    start: Start, omics_emulator: Emulator, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each run is one line of JSON with its error, and standard error is silent if asked to be."""
    omics_emulator.plan(name="S2", ends="FAILED", failure_reason="OUT_OF_MEMORY_ERROR")
    good, bad = start("S1"), start("S2")
    assert main(["wait", good, bad, "999", "--json", "--quiet"]) == Exit.REFUSED
    printed = capsys.readouterr()
    found = {one["id"]: one for one in documents(printed.out)}
    assert printed.err == ""
    assert [found[run]["status"] for run in (good, bad, "999")] == ["COMPLETED", "FAILED", None]
    assert found[good]["error"] is None
    assert found[good]["run"]["runOutputUri"].startswith("s3://")
    assert found[bad]["error"]["type"] == "RunFailedError"
    assert found[bad]["uuid"] == found[bad]["run"]["uuid"]
    assert found["999"]["error"]["type"] == "ResourceNotFoundError"


@pytest.mark.parametrize(
    ("statuses", "count", "code"),
    [
        pytest.param("FAILED", 1, Exit.REACHED, id="a failure is wanted"),
        pytest.param("failed cancelled", 2, Exit.REACHED, id="one of two, of several runs"),
        pytest.param("CANCELLED", 2, Exit.ENDED, id="another end"),
        pytest.param("RUNNING", 1, Exit.REACHED, id="passed already"),
        pytest.param("RUNNING", 2, Exit.USAGE, id="several runs are waited for to their ends"),
        pytest.param("DONE", 1, Exit.USAGE, id="no status"),
    ],
)
def test_other_statuses(
    start: Start, omics_emulator: Emulator, statuses: str, count: int, code: Exit
) -> None:
    """`--for` takes any status for one run, and ends for several."""
    omics_emulator.plan(name="S*", ends="FAILED")
    runs = [start(f"S{number}") for number in range(count)]
    options = [word for status in statuses.split() for word in ("--for", status)]
    assert main(["wait", *runs, *options]) == code


def test_completed_is_not_what_was_wanted(start: Start, capsys: pytest.CaptureFixture[str]) -> None:
    """Several runs may be wanted to fail; those that complete have ended otherwise."""
    assert main(["wait", start(), start(), "--for", "FAILED", "--json"]) == Exit.ENDED
    assert {one["reached"] for one in documents(capsys.readouterr().out)} == {False}


def test_a_run_that_is_gone_counts_as_deleted(capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever waits for `DELETED` gets it, whatever the run was when it was last seen."""
    run = GetRunResponse(id="1", arn="a", uuid="u", name="S1", status=RunStatus.RUNNING)
    gone = errors.RunGoneError("gone", wanted={"COMPLETED"}, run=run)
    output = Output(as_json=False, is_quiet=True)
    outcome = RunOutcome(RunRef("1", "u"), run, gone)
    assert Ended(outcome, {RunStatus.DELETED}).tell(output) == Exit.REACHED
    assert Ended(outcome, {RunStatus.COMPLETED}).tell(output) == Exit.ENDED
    printed = capsys.readouterr()
    assert printed.out == "DELETED 1/u S1\n" * 2
    assert printed.err == "omics-runs: gone\n"


def test_a_name_that_the_output_has_no_letters_for(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name in another script does not end the command."""
    written = io.BytesIO()
    run = start("Müller")
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding="ascii"))
    assert main(["wait", run, "--quiet"]) == Exit.REACHED
    assert written.getvalue().decode("ascii") == f"COMPLETED {run} M\\xfcller\n"


# --- diagnose and timeline ------------------------------------------------------------------


@pytest.fixture
def failed(start: Start, omics_emulator: Emulator, capsys: pytest.CaptureFixture[str]) -> str:
    """A run that has failed."""
    omics_emulator.plan(ends="FAILED", failure_reason="OUT_OF_MEMORY_ERROR")
    run = start("S9")
    assert main(["wait", run, "--quiet"]) == Exit.ENDED
    capsys.readouterr()
    return run


def test_diagnose(failed: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Several lines for people, one line of JSON for pipes; neither fails because a run has."""
    assert main(["diagnose", failed]) == Exit.REACHED
    told = capsys.readouterr().out
    assert told.startswith(f"Run {failed} 'S9' is FAILED")
    assert f"client.rerun('{failed}" in told.splitlines()[-1]
    assert main(["diagnose", failed, "--json", "--lines", "1"]) == Exit.REACHED
    (document,) = documents(capsys.readouterr().out)
    assert document["cause"] == "OUT_OF_MEMORY_ERROR"
    assert all(len(log["lines"]) == 1 for log in document["logs"])


@pytest.mark.parametrize("omics_emulator_options", [pytest.param(SLOW, id="slow")])
def test_the_next_step_is_one_for_a_shell(
    start: Start, omics_client: OmicsRunsClient, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is a command, where there is one."""
    run = start()
    uuid = omics_client.get_run(run).uuid
    assert main(["diagnose", run]) == Exit.REACHED
    assert f"omics-runs wait {run}/{uuid}." in capsys.readouterr().out.splitlines()[-1]


def test_where_logs_are(
    failed: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Logs may be elsewhere than runs."""
    where = ["--logs-endpoint-url", os.environ["AWS_ENDPOINT_URL_OMICS"]]
    monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDWATCH_LOGS", "nowhere")
    notes: list[list[str]] = []
    for options in ([], where):
        assert main(["diagnose", failed, "--json", *options]) == Exit.REACHED
        notes += [one["notes"] for one in documents(capsys.readouterr().out)]
    assert "nowhere" in notes[0][0]
    assert notes[1] == []
    for options in ([], ["--quiet"], ["--quiet", "--json"]):
        assert main(["timeline", failed, *options]) == Exit.REACHED
        assert "omics-runs: not seen: what the tasks used: " in capsys.readouterr().err


class Terminal(io.StringIO):
    """A standard error with somebody before it."""

    def isatty(self) -> bool:
        """Return that it is one."""
        return True


def test_somebody_waits_at_a_terminal(failed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """There, a look at a run says that it has begun, unless that is not wanted."""
    monkeypatch.setattr(sys, "stderr", told := Terminal())
    assert main(["timeline", failed]) == Exit.REACHED
    assert main(["timeline", failed, "--quiet"]) == Exit.REACHED
    assert told.getvalue() == f"omics-runs: looking at run {failed} ...\n"


def test_no_output_at_all(failed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Standard output that was closed before is like a reader that is gone."""
    monkeypatch.setattr(sys, "stdout", None)
    assert main(["diagnose", failed]) == Exit.PIPE


def test_timeline(failed: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One line for people, the tasks as JSON for pipes, and a picture in a file."""
    picture = str(tmp_path / "run.svg")
    assert main(["timeline", failed, "--save", picture]) == Exit.REACHED
    printed = capsys.readouterr()
    assert printed.out.startswith(f"S9 (run {failed}) FAILED")
    assert printed.err == f"omics-runs: saved {picture}\n"
    assert (tmp_path / "run.svg").read_text(encoding="utf-8").startswith("<svg")
    assert main(["timeline", failed, "--json", "--quiet", "--save", picture]) == Exit.REACHED
    printed = capsys.readouterr()
    (rows,) = documents(printed.out)
    assert {row["run_id"] for row in rows} == {failed}
    assert printed.err == ""
    assert main(["timeline", failed, "--save", "run.png"]) == Exit.USAGE
    assert "must end in .svg or .html" in capsys.readouterr().err


# --- submit ---------------------------------------------------------------------------------


def test_each_row_is_started_once(
    submit: Command, omics_emulator: Emulator, capsys: pytest.CaptureFixture[str]
) -> None:
    """Submitted again, the rows have their runs, whose parameters have the types of the columns."""
    assert [submit(), submit("--quiet")] == [Exit.REACHED, Exit.REACHED]
    first, second = omics_emulator.runs.values()
    lines = [f"{first.id}/{first.uuid} S1", f"{second.id}/{second.uuid} S2"]
    printed = capsys.readouterr()
    assert printed.out.splitlines() == [f"started {line}" for line in lines] * 2
    assert "2 of 2 started" in printed.err
    assert first.parameters == {"reads": "s3://b/1", "threads": 8}
    assert second.parameters == {"reads": "s3://b/2", "threads": 16, "depth": 30.0}


def test_a_journal_tells_what_was_before(
    submit: Command, sheet: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With a journal, the second submission says what it found."""
    journal = f"--journal {sheet.parent / 'journal'} --json"
    assert [submit(journal), submit(journal)] == [Exit.REACHED, Exit.REACHED]
    records = documents(capsys.readouterr().out)
    assert submit(journal.removesuffix("--json")) == Exit.REACHED
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[::2] for line in lines] == [
        ["started-before", "S1"],
        ["started-before", "S2"],
    ]
    assert [one["before"] for one in records] == [False, False, True, True]
    assert {one["submission"] for one in records} == {"started"}
    assert records[0].keys() == {
        *("sample", "submission", "before", "mayHaveStarted", "generation", "batchId"),
        *("id", "uuid", "error"),
    }


@pytest.mark.parametrize(
    "options", [pytest.param("", id="no limit"), pytest.param("--timeout 1h", id="an hour")]
)
def test_submit_and_wait(
    submit: Command, omics_emulator: Emulator, capsys: pytest.CaptureFixture[str], options: str
) -> None:
    """With `--wait` each row is told when its run has ended."""
    omics_emulator.plan(name="S2", ends="FAILED")
    assert submit(f"--wait --json {options}") == Exit.ENDED
    found = {one["sample"]: one for one in documents(capsys.readouterr().out)}
    assert [found[name]["status"] for name in ("S1", "S2")] == ["COMPLETED", "FAILED"]
    assert [found[name]["submission"] for name in ("S1", "S2")] == ["started", "started"]
    assert found["S2"]["error"]["type"] == "RunFailedError"


def test_one_batch(
    submit: Command, omics_emulator: Emulator, capsys: pytest.CaptureFixture[str]
) -> None:
    """`--via batch` starts the rows through a batch."""
    columns = COLUMNS.partition(" --rate")[0]
    assert submit("--via batch --json", common=columns) == Exit.REACHED
    first, second = documents(capsys.readouterr().out)
    assert first["batchId"] == second["batchId"] != None  # noqa: E711
    assert omics_emulator.count("StartRun") == 0


def test_refused_and_unsent_rows(
    submit: Command, omics_emulator: Emulator, capsys: pytest.CaptureFixture[str]
) -> None:
    """A row without a run is told at once, also if others are waited for, and decides the code."""
    omics_emulator.faults.add(Fault("StartRun", code="ValidationException", message="no such"))
    omics_emulator.faults.add(Fault("StartRun", code="ServiceQuotaExceededException"))
    assert submit("--wait --quiet") == Exit.REFUSED
    printed = capsys.readouterr()
    assert printed.out == "refused - S1\nunsent - S2\n"
    assert "omics-runs: S1 refused: StartRun: ValidationException (400): no such" in printed.err
    assert "omics-runs: S2 unsent: StartRun: ServiceQuotaExceededException" in printed.err


def test_a_row_that_has_changed(
    submit: Command, sheet: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where the service finds it, its name and what that means are told."""
    assert submit() == Exit.REACHED
    sheet.write_text(SHEET.replace("16", "32"), encoding="utf-8")
    capsys.readouterr()
    assert submit("--quiet") == Exit.REFUSED
    (told,) = capsys.readouterr().err.splitlines()
    assert told.startswith("omics-runs: S2 refused (may have started): StartRun: ConflictExcepti")
    assert told.endswith(
        "; the same key was used before for this name, it seems with other content"
        ": put that back, or for one more run take another name for it, or another key for all"
    )


@pytest.mark.parametrize(
    ("options", "common", "code", "told"),
    [
        pytest.param("--timeout 0", COLUMNS, Exit.TIME_IS_UP, "0 s of", id="time is up"),
        pytest.param(
            "",
            "--parameter reads",
            Exit.REFUSED,
            "--ignore threads --ignore depth",
            id="a strange column",
        ),
        pytest.param("--name id", COLUMNS, Exit.REFUSED, "--name says which", id="no such name"),
        pytest.param("--parameter sample:int", COLUMNS, Exit.REFUSED, "line 2", id="a cell"),
        pytest.param("--request {}", COLUMNS, Exit.REFUSED, "--role-arn, ", id="no request"),
        pytest.param("--parameter a:b", COLUMNS, Exit.USAGE, ":int, :float", id="no type"),
        pytest.param("--key ''", COLUMNS, Exit.USAGE, "--key: must be a", id="no key"),
        pytest.param("--via batch", COLUMNS, Exit.USAGE, "--rate: leave it", id="not together"),
        pytest.param("--request nowhere", COLUMNS, Exit.USAGE, "nowhere: No such", id="no file"),
        pytest.param(ENDLESS, COLUMNS, Exit.USAGE, NO_TIME, id="a time that is too long"),
        pytest.param("--timeout soon", COLUMNS, Exit.USAGE, "30m, 36h or 7d", id="no duration"),
    ],
)
def test_wrong_submissions(
    submit: Command,
    omics_emulator: Emulator,
    capsys: pytest.CaptureFixture[str],
    options: str,
    common: str,
    code: Exit,
    told: str,
) -> None:
    """What can't be submitted is told in one line, and nothing is sent."""
    assert submit(options, common=common) == code
    assert told in capsys.readouterr().err
    assert omics_emulator.count("StartRun") == 0


def test_a_request_of_options(
    submit: Command, omics_emulator: Emulator, capsys: pytest.CaptureFixture[str]
) -> None:
    """A request may be text, and some of its members options, which win."""
    more = f"--workflow-id 7654321 --workflow-type PRIVATE --role-arn {ROLE} --ignore depth"
    more = f"{more} --output-uri s3://b/o --storage-type DYNAMIC --delimiter commas"
    columns = "--parameter reads --optional threads:int --rate 9"
    assert submit(f"""{more} --request '{{"priority": 3}}'""", common=columns) == Exit.REACHED
    assert {run.workflow_id for run in omics_emulator.runs.values()} == {"7654321"}
    assert {run.workflow_type for run in omics_emulator.runs.values()} == {"PRIVATE"}
    assert {run.storage_type for run in omics_emulator.runs.values()} == {"DYNAMIC"}
    assert {run.priority for run in omics_emulator.runs.values()} == {3}
    assert capsys.readouterr().out.count("started") == 2


# --- emulator -------------------------------------------------------------------------------


def test_emulator(capsys: pytest.CaptureFixture[str]) -> None:
    """Its options are its own, under the name that it was called by."""
    with pytest.raises(SystemExit) as ended:
        main(["emulator", "--help"])
    assert ended.value.code == 0
    assert capsys.readouterr().out.startswith("usage: omics-runs emulator [-h] [--port PORT]")


# --- how it ends ----------------------------------------------------------------------------


class Stream(io.StringIO):
    """A standard output to which writing raises."""

    def __init__(self, error: BaseException, number: int) -> None:
        super().__init__()
        self.error = error
        self.number = number

    def write(self, text: str) -> int:
        """Raise."""
        del text
        raise self.error

    def fileno(self) -> int:
        """Return a file of its own, so that the real one is left alone."""
        return self.number


class Interrupted(io.StringIO):
    """A standard output at whose first line Ctrl-C comes; `ends` says whether its reader ends."""

    def __init__(self, *, ends: bool) -> None:
        super().__init__()
        self.ends = ends
        self.calls = 0

    def write(self, text: str) -> int:
        """Raise at first; then keep the text, unless nobody reads any more."""
        self.calls += 1
        if self.calls == 1:
            raise KeyboardInterrupt
        if self.ends:
            raise BrokenPipeError
        return super().write(text)


@pytest.mark.parametrize(
    "ends", [pytest.param(False, id="read"), pytest.param(True, id="the reader has ended, too")]
)
def test_ctrl_c_tells_what_was_started(
    submit: Command, omics_emulator: Emulator, monkeypatch: pytest.MonkeyPatch, *, ends: bool
) -> None:
    """Rows whose ends were waited for are told as started, since they cost money."""
    output = Interrupted(ends=ends)
    monkeypatch.setattr(sys, "stdout", output)
    assert submit("--wait") == Exit.INTERRUPTED
    runs = () if ends else omics_emulator.runs.values()
    lines = [f"started {run.id}/{run.uuid} {run.name}" for run in runs]
    assert output.getvalue().splitlines() == lines


def test_what_was_started_is_told_when_nothing_may_be_looked_at(
    submit: Command, omics_emulator: Emulator, capsys: pytest.CaptureFixture[str]
) -> None:
    """A wait that is refused as a whole leaves the ids of its runs."""
    for operation in ("ListRuns", "GetRun"):
        omics_emulator.faults.add(Fault(operation, status=403, times=None))
    assert submit("--wait") != Exit.REACHED
    out = capsys.readouterr().out
    assert all(f"{run.id}/{run.uuid}" in out for run in omics_emulator.runs.values())


@pytest.mark.parametrize(
    ("error", "code", "told"),
    [
        pytest.param(BrokenPipeError(), Exit.PIPE, [], id="a broken pipe"),
        pytest.param(
            OSError(28, "No space left on device"),
            Exit.TROUBLE,
            ["omics-runs: [Errno 28] No space left on device"],
            id="a full disk",
        ),
        pytest.param(
            KeyboardInterrupt(),
            Exit.INTERRUPTED,
            [
                "omics-runs: submit the same sheet with the same key or journal to go on",
                "omics-runs: interrupted; runs that have started go on",
            ],
            id="Ctrl-C",
        ),
        pytest.param(
            ZeroDivisionError("0"),
            Exit.BUG,
            ["omics-runs: unexpected ZeroDivisionError: 0 (--debug shows where)"],
            id="a defect",
        ),
    ],
)
def test_sudden_ends(
    submit: Command,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    error: BaseException,
    code: Exit,
    told: list[str],
) -> None:
    """Whatever ends the command has its code and at most few words."""
    with (tmp_path / "out").open("w") as file:
        monkeypatch.setattr(sys, "stdout", Stream(error, file.fileno()))
        assert submit("--quiet") == code
        if isinstance(error, OSError):
            capsys.readouterr()
            assert submit("--quiet --json") == code
    assert capsys.readouterr().err.splitlines() == told


@pytest.mark.parametrize(
    ("region", "options", "code", "told"),
    [
        pytest.param("us-west-2", "--timeout 0", Exit.TIME_IS_UP, "goes on", id="time is up"),
        pytest.param(
            "us-west-2",
            "--timeout 0 --endpoint-url http://127.0.0.1:1",
            Exit.TROUBLE,
            "was never seen",
            id="no network",
        ),
        pytest.param("", "", Exit.REFUSED, "no region", id="no region"),
        pytest.param("", "--debug", Exit.REFUSED, "Traceback", id="with its traceback"),
        pytest.param("us-west-2", "--profile no", Exit.REFUSED, "profile", id="no such profile"),
        pytest.param("us-west-2", ENDLESS, Exit.USAGE, NO_TIME, id="a time that is too long"),
        pytest.param(
            "us-west-2", f"404 {ENDLESS}", Exit.USAGE, NO_TIME, id="that time, for several runs"
        ),
        pytest.param("us-west-2", "x", Exit.USAGE, "'id/uuid'", id="no run"),
        pytest.param("us-west-2", "--nope", Exit.USAGE, "omics-runs wait --help", id="no option"),
    ],
)
@pytest.mark.parametrize("omics_emulator_options", [pytest.param(SLOW, id="slow")])
def test_exit_codes(
    start: Start,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    region: str,
    options: str,
    code: Exit,
    told: str,
) -> None:
    """Each end of a wait has its code and its line."""
    run = start()
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.setenv(name, region)
    assert main(["wait", run, *options.split()]) == code
    assert told in capsys.readouterr().err


@pytest.mark.usefixtures("omics_emulator")
@pytest.mark.parametrize(
    ("line", "code", "kind", "told"),
    [
        pytest.param("diagnose 404404", Exit.REFUSED, "ResourceNotFoundError", "manifest", id="it"),
        pytest.param("timeline 404404", Exit.REFUSED, "ResourceNotFoundError", "(404)", id="time"),
        pytest.param("wait 1 --region x_y", Exit.REFUSED, "ConfigurationError", "x_y", id="region"),
        pytest.param("diagnose 1 --tasks 0", Exit.USAGE, "UsageError", "--tasks: must", id="tasks"),
        pytest.param("wait x", Exit.USAGE, "UsageError", "'RUN...': expected 'id'", id="no run"),
        pytest.param("submit nowhere.csv", Exit.USAGE, "UsageError", "nowhere.csv", id="no sheet"),
        pytest.param(
            f"submit {__file__} --request {{}}", Exit.REFUSED, "InvalidRequestError", "", id="sheet"
        ),
    ],
)
def test_a_failure_is_a_document(
    capsys: pytest.CaptureFixture[str],
    line: str,
    code: Exit,
    kind: str,
    told: str,
) -> None:
    """With `--json`, what fails as a whole is one line of JSON, and still told to people."""
    assert main([*shlex.split(line), "--json"]) == code
    printed = capsys.readouterr()
    (document,) = documents(printed.out)
    assert document.keys() == {"error"}
    assert document["error"]["type"] == kind
    assert told in document["error"]["message"]
    assert printed.err.startswith("omics-runs: ")


ATTEMPT: dict[str, Any] = {"operation": "GetRun"}


@pytest.mark.parametrize(
    ("error", "code"),
    [
        pytest.param(None, Exit.REACHED, id="none"),
        pytest.param(errors.TransportError("lost", **ATTEMPT), Exit.TROUBLE, id="network"),
        pytest.param(errors.UnreadableResponseError("?", **ATTEMPT), Exit.TROUBLE, id="unreadable"),
        pytest.param(errors.CredentialsError("?"), Exit.REFUSED, id="no keys"),
        pytest.param(errors.CredentialsError("?", is_passing=True), Exit.TROUBLE, id="passing"),
        pytest.param(
            errors.ServiceError("?", code="501", status_code=501, **ATTEMPT),
            Exit.TROUBLE,
            id="a server's error",
        ),
        pytest.param(
            errors.ThrottlingError("?", code="T", status_code=429, fault="throttling", **ATTEMPT),
            Exit.TROUBLE,
            id="throttling",
        ),
        pytest.param(errors.SubmissionTimeoutError("late"), Exit.TIME_IS_UP, id="late"),
    ],
)
def test_codes_of_errors(error: errors.OmicsRunsError | None, code: Exit) -> None:
    """What a human must mend is told from what may pass."""
    assert code_of(error) == code


def test_the_less_is_known_the_worse() -> None:
    """Of many runs the one counts of which least is known."""
    ends = [Exit.REACHED, Exit.ENDED, Exit.REFUSED, Exit.TROUBLE, Exit.TIME_IS_UP]
    assert [worst(ends[:length]) for length in range(len(ends) + 1)] == [Exit.REACHED, *ends]


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        pytest.param([], Exit.USAGE, "Exit codes:", id="nothing"),
        pytest.param(["nope"], Exit.USAGE, "No such command 'nope'; see", id="no command"),
    ],
)
def test_no_command(
    capsys: pytest.CaptureFixture[str], arguments: list[str], code: Exit, told: str
) -> None:
    """Without a command, what there is goes to standard error."""
    assert main(arguments) == code
    printed = capsys.readouterr()
    assert printed.out == ""
    assert told in printed.err


def test_help_lists_commands_and_codes(capsys: pytest.CaptureFixture[str]) -> None:
    """`--help` has each command and each exit code."""
    assert main(["--help"]) == 0
    text = " ".join(capsys.readouterr().out.split())
    assert all(f"{name} {what}" in text for name, what in COMMANDS.items())
    assert all(f"{code:d} {code.meaning}" in text for code in Exit)


def test_a_warning_is_one_line(start: Start, capsys: pytest.CaptureFixture[str]) -> None:
    """Warnings of the library are told without a place in its code."""
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        url = "http://service.invalid"
        assert main(["wait", start(), "--timeout", "0", "--endpoint-url", url]) == Exit.TROUBLE
    first, *_ = capsys.readouterr().err.splitlines()
    assert first.startswith("omics-runs: warning: ")
    assert "cli.py" not in first


@pytest.mark.parametrize(
    ("missing", "code"),
    [
        pytest.param("click", Exit.REFUSED, id="the extra"),
        pytest.param("omics_runs._cli.program", None, id="something else"),
    ],
)
def test_without_the_extra(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    missing: str,
    code: Exit | None,
) -> None:
    """It says what to install, unless it is something else that is missing."""
    monkeypatch.delitem(sys.modules, "omics_runs._cli.program")
    monkeypatch.setitem(sys.modules, missing, None)
    if code is None:
        with pytest.raises(ModuleNotFoundError):
            main([])
    else:
        assert main([]) == code
        told = capsys.readouterr().err
        assert all(f"pip install '{which}[cli]'" in told for which in ("omics-runs", "."))


class Interrupting:
    """Finds modules, until Ctrl-C is pressed at the command's."""

    def find_spec(self, name: str, *_: object) -> None:
        """Leave modules to others, but for one."""
        if name == "omics_runs._cli.program":
            raise KeyboardInterrupt


def test_ctrl_c_at_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """While the command is still being loaded, Ctrl-C has its code and its line already."""
    monkeypatch.delitem(sys.modules, "omics_runs._cli.program")
    monkeypatch.setattr(sys, "meta_path", [Interrupting(), *sys.meta_path])
    assert main([]) == Exit.INTERRUPTED
    assert capsys.readouterr().err == "omics-runs: interrupted; runs that have started go on\n"


# --- as a process ---------------------------------------------------------------------------

COMMAND = [sys.executable, "-m", "omics_runs"]
WITH_CTRL_C = """
import signal
from omics_runs.cli import main
signal.signal(signal.SIGINT, signal.default_int_handler)  # also where a parent ignores it
raise SystemExit(main())
"""


def test_what_is_loaded_first() -> None:
    """Up to where Ctrl-C is told in one line, there is little to load."""
    program = "import sys, omics_runs.cli; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    loaded = {name for name in done.stdout.decode().split() if name.startswith("omics_runs")}
    assert loaded == {"omics_runs", "omics_runs._lazy", "omics_runs.cli"}


@pytest.mark.parametrize("omics_emulator_options", [pytest.param(SLOW, id="slow")])
def test_ctrl_c(start: Start) -> None:
    """Ctrl-C ends a wait with 130 and one line; the run is left alone."""
    run = start()
    pipe = subprocess.PIPE
    command = [sys.executable, "-c", WITH_CTRL_C, "wait", run]
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True) as started:
        assert started.stderr is not None
        assert started.stderr.readline().startswith("PENDING")
        started.send_signal(signal.SIGINT)
        out, told = started.communicate(timeout=60)
    assert (out, started.returncode) == ("", Exit.INTERRUPTED)
    assert told.splitlines()[-1] == "omics-runs: interrupted; runs that have started go on"


def test_a_pipe_whose_reader_is_gone(start: Start) -> None:
    """`| head -1` gets its line, and the command ends without a word about the others."""
    line = f"{shlex.join([*COMMAND, 'wait', '--quiet', start(), start()])} | head -1"
    done = subprocess.run(["bash", "-c", line], capture_output=True, check=True)
    assert done.stdout.startswith(b"COMPLETED")
    assert done.stdout.count(b"\n") == 1
    assert done.stderr == b""


# --- what the page shows --------------------------------------------------------------------


def page() -> str:
    """Return the page of the command."""
    return (ROOT / "docs" / "command.md").read_text(encoding="utf-8")


PAGE_FUNCTION = 'omics-runs() { "$PYTHON" -m omics_runs "$@"; }'


@pytest.mark.usefixtures("omics_emulator")
def test_the_first_steps_of_the_page(tmp_path: Path) -> None:
    """Beside an emulator they can be taken as they are."""
    _, _, steps, *_ = re.findall(r"^```sh\n(.*?)^```$", page(), re.MULTILINE | re.DOTALL)
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", f"{PAGE_FUNCTION}\n{steps}"],
        cwd=tmp_path,
        env=os.environ | {"PYTHON": sys.executable, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        check=True,
        text=True,
    )
    waited, diagnosed, *_, drawn = done.stdout.splitlines()
    assert re.fullmatch(r"COMPLETED [0-9]+/[0-9a-f-]{36} S1", waited)
    assert re.match(r"Run [0-9]+ 'S1' is COMPLETED", diagnosed)
    assert re.match(r"S1 \(run [0-9]+\) COMPLETED", drawn)
    assert (tmp_path / "run.svg").read_text(encoding="utf-8").startswith("<svg")


def test_the_page_shows_real_commands_and_options() -> None:
    """Each command line of the page has a command that exists and options that it takes."""
    shown = re.findall(r"omics-runs (\w+)((?:[^\n|>`]|\\\n)*)", page())
    context = click.Context(program)
    assert {command for command, _ in shown} == set(program.list_commands(context))
    for command, words in shown:
        found = program.get_command(context, command)
        assert found is not None
        taken = {name for option in found.params for name in option.opts} | {"--help"}
        if command != "emulator":
            assert set(re.findall(r"--[\w-]+", words)) <= taken


def test_the_page_has_every_exit_code() -> None:
    """The page's table is that of the program."""
    rows = re.findall(r"^\| (\d+) \| (.+?) \|$", page(), re.MULTILINE)
    assert rows == [(f"{code:d}", code.meaning) for code in Exit]
