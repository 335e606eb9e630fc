"""`python -m omics_runs.emulator`, as a process and as a function."""

from __future__ import annotations

import io
import os
import re
import shlex
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

import httpx
import pytest

from omics_runs.cli import main as command
from omics_runs.emulator import Emulator, Quotas
from omics_runs.emulator.__main__ import _parser, _quotas, main
from omics_runs.emulator._control import CONTROLS
from tests.emulator.conftest import ROLE, START

COMMAND = [sys.executable, "-m", "omics_runs.emulator"]
EXPORTS = 7


@contextmanager
def process(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, str]]]:
    """Start the emulator as a process, and give its exports; it is killed if it is still there."""
    command = [*COMMAND, "--port", "0", *arguments]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True) as started:
        try:
            assert started.stdout is not None
            yield started, exports(started.stdout)
        finally:
            started.kill()


def exports(lines: IO[str]) -> dict[str, str]:
    """Return the variables of the block that the emulator prints."""
    assert lines.readline().startswith("# HealthOmics emulator at http://127.0.0.1:")
    words = [shlex.split(lines.readline()) for _ in range(EXPORTS)]
    assert {word[0] for word in words} == {"export"}
    pairs = [word[1].partition("=") for word in words]
    return {name: value for name, _, value in pairs}


PROGRAM = f"""
import boto3
omics = boto3.client("omics")
run = omics.start_run(workflowId="1", roleArn="{ROLE}", outputUri="s3://bucket")
config = {{"Delay": 0, "MaxAttempts": 9999}}
omics.get_waiter("run_completed").wait(id=run["id"], WaiterConfig=config)
print(omics.get_run(id=run["id"])["status"])
"""


@pytest.mark.parametrize(
    "number", [pytest.param(n, id=n.name) for n in (signal.SIGINT, signal.SIGTERM)]
)
def test_process(number: signal.Signals) -> None:
    """Its exports are enough for boto3, and a signal ends it as a success."""
    with process("--speed", "100000") as (started, variables):
        environment = variables | {"AWS_CONFIG_FILE": "/nonexistent"}
        command = [sys.executable, "-c", PROGRAM]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        assert done.stdout == "COMPLETED\n"
        started.send_signal(number)
        out, errors = started.communicate(timeout=60)
        assert (out, errors, started.returncode) == ("", "", 0)


def test_port_in_use() -> None:
    """A port that is taken is told in one line, with exit code 2."""
    with Emulator().serve() as url:
        command = [*COMMAND, "--port", str(urlsplit(url).port)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert "in use" in done.stderr


class Ending(threading.Event):
    """An event that serving waits for, and that looks around when it does."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        super().__init__()
        self.capsys = capsys
        self.printed = ""
        self.statuses: list[int] = []

    def wait(self, timeout: float | None = None) -> bool:
        """Call the emulator twice, and let it end."""
        self.printed += self.capsys.readouterr().out
        url = self.printed.splitlines()[0].rpartition(" ")[2]
        self.statuses.append(httpx.post(f"{url}/run", json=START).status_code)
        return len(self.statuses) == 2


@pytest.mark.parametrize(
    ("arguments", "statuses"),
    [
        pytest.param([], [403, 403], id="signatures are verified"),
        pytest.param(["--no-verify"], [201, 201], id="or not"),
        pytest.param(
            ["--no-verify", "--rates", "documented", "--speed", "0.001"], [201, 429], id="rates"
        ),
        pytest.param(["--no-verify", "--strict-workflows"], [404, 404], id="strict workflows"),
        pytest.param(
            ["--no-verify", "--pending", "0", "--running", "5"], [201, 201], id="durations"
        ),
    ],
)
def test_options(
    capsys: pytest.CaptureFixture[str], arguments: list[str], statuses: list[int]
) -> None:
    """The options reach the emulator."""
    ending = Ending(capsys)
    assert main(["--port", "0", *arguments], ending) == 0
    assert ending.statuses == statuses


class Asking(Ending):
    """Asks for something over HTTP once, and ends."""

    def wait(self, timeout: float | None = None) -> bool:
        """Ask, and end."""
        self.printed += self.capsys.readouterr().out
        self.ask(self.printed.splitlines()[0].rpartition(" ")[2])
        return True

    def ask(self, url: str) -> None:
        """Add the workflow to an emulator that knows none, and start a run of it."""
        workflow = {"id": START["workflowId"]}
        added = httpx.post(f"{url}/_emulator/workflows", json=workflow)
        started = httpx.post(f"{url}/run", json=START)
        self.statuses += [added.status_code, started.status_code]
        self.run_id = started.json()["id"]


def test_strict_workflows(capsys: pytest.CaptureFixture[str]) -> None:
    """A strict emulator gets its workflows over HTTP, which prints nothing."""
    asking = Asking(capsys)
    main(["--port", "0", "--no-verify", "--strict-workflows"], asking)
    assert asking.statuses == [200, 201]
    assert len(asking.printed.splitlines()) == EXPORTS + 1
    assert capsys.readouterr() == ("", "")


def test_seed(capsys: pytest.CaptureFixture[str]) -> None:
    """The same seed gives the same ids, and another one others."""
    ids = []
    for seed in ("1", "1", "2"):
        asking = Asking(capsys)
        main(["--port", "0", "--no-verify", "--seed", seed], asking)
        ids.append(asking.run_id)
    assert ids[0] == ids[1] != ids[2]


def test_help(capsys: pytest.CaptureFixture[str]) -> None:
    """The help names every path of the control path."""
    with pytest.raises(SystemExit):
        main(["--help"])
    text = " ".join(capsys.readouterr().out.split())
    assert all(re.search(rf"/{name}\b", text) for name in CONTROLS)


def test_region(capsys: pytest.CaptureFixture[str]) -> None:
    """The region that it plays is the one that it exports."""
    ending = Ending(capsys)
    main(["--port", "0", "--no-verify", "--region", "eu-west-1"], ending)
    assert "export AWS_REGION=eu-west-1\nexport AWS_DEFAULT_REGION=eu-west-1\n" in ending.printed


def test_signals_are_given_back(capsys: pytest.CaptureFixture[str]) -> None:
    """Afterwards the handlers of signals are those from before."""
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    main(["--port", "0"], Ending(capsys))
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


def test_interrupt(capsys: pytest.CaptureFixture[str]) -> None:
    """In the main thread a signal sets the event that serving waits for."""

    class Interrupting(Ending):
        """Sends a signal to its own process."""

        def wait(self, timeout: float | None = None) -> bool:
            """Interrupt, and see whether it arrived."""
            os.kill(os.getpid(), signal.SIGINT)
            return threading.Event.wait(self, 60)

    assert main(["--port", "0"], Interrupting(capsys)) == 0


def test_other_threads(capsys: pytest.CaptureFixture[str]) -> None:
    """It can be run in any thread, where it leaves signals alone."""
    codes: list[int] = []
    thread = threading.Thread(target=lambda: codes.append(main(["--port", "0"], Ending(capsys))))
    thread.start()
    thread.join(timeout=60)
    assert codes == [0]


def test_taken_port_in_process(capsys: pytest.CaptureFixture[str]) -> None:
    """The function returns what the process exits with."""
    with Emulator().serve() as url:
        assert main(["--port", str(urlsplit(url).port)]) == 2
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert told.endswith("; --port takes another, 0 a free one\n")


class Unwritable(io.StringIO):
    """A standard output to which writing raises."""

    def __init__(self, error: OSError) -> None:
        super().__init__()
        self.error = error

    def write(self, text: str) -> int:
        """Raise."""
        del text
        raise self.error


@pytest.mark.parametrize(
    ("output", "code", "told"),
    [
        pytest.param(
            Unwritable(OSError(28, "No space left on device")),
            4,
            "omics_runs.emulator: standard output can't be written: No space left on device\n",
            id="a full disk",
        ),
        pytest.param(Unwritable(BrokenPipeError()), 141, "", id="a reader that is gone"),
        pytest.param(None, 141, "", id="closed before"),
    ],
)
@pytest.mark.parametrize(
    "serve",
    [
        pytest.param(main, id="module"),
        pytest.param(lambda words: command(["emulator", *words]), id="command"),
    ],
)
def test_nobody_can_learn_where_it_is(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    serve: Callable[[list[str]], int],
    output: io.StringIO | None,
    code: int,
    told: str,
) -> None:
    """It ends at once with the code of the command, and doesn't blame the port."""
    monkeypatch.setattr(sys, "stdout", output)
    assert serve(["--port", "0"]) == code
    assert capsys.readouterr().err == told


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a full device")
def test_a_full_device() -> None:
    """Python has no complaint of its own at the end."""
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*COMMAND, "--port", "0"], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert (done.returncode, done.stderr.count("\n")) == (4, 1)


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["--port", "65536"], id="port"),
        pytest.param(["--port", "x"], id="no number"),
        pytest.param(["--speed", "0"], id="speed"),
        pytest.param(["--running", "-1"], id="duration"),
        pytest.param(["--speed", "nan"], id="not a number"),
        pytest.param(["--rates", "any"], id="rates"),
        pytest.param(["--seed", "x"], id="seed"),
        pytest.param(["--max-active-runs", "0"], id="no runs"),
    ],
)
def test_impossible_options(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    """Options that make no sense are told, with exit code 2."""
    with pytest.raises(SystemExit) as exit_info:
        main(arguments)
    assert exit_info.value.code == 2
    assert arguments[0] in capsys.readouterr().err


def test_quotas(capsys: pytest.CaptureFixture[str]) -> None:
    """How much the account may have is said on the command line, too."""
    asking = Asking(capsys)
    limits = ["--max-active-runs", "1", "--max-stored-runs", "9", "--reuse-ids"]
    assert main(["--port", "0", "--no-verify", *limits], asking) == 0
    options = _parser().parse_args(limits)
    assert _quotas(options) == Quotas(max_active_runs=1, max_stored_runs=9)
    assert _quotas(_parser().parse_args([])) == Quotas()
