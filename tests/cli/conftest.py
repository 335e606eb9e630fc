"""The real AWS CLI, from an environment of its own, beside an emulator on loopback."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from subprocess import CompletedProcess
from subprocess import run as run_process
from typing import Any

import pytest
from attrs import field, frozen

from omics_runs.emulator import Emulator, Quotas, VirtualClock

REFUSED = {254, 255}
"""How the CLI's two major versions exit when the service refuses a call."""


@frozen
class Aws:
    """`aws omics` on a bare machine that was told of an emulator and of nothing else."""

    path: str
    environment: Mapping[str, str] = field(repr=False)

    def run(self, *arguments: str, **changes: str) -> CompletedProcess[str]:
        """Run a command, in an environment with changes, and return how it went."""
        return run_process(
            [self.path, "omics", *arguments],
            env={**self.environment, **changes},
            capture_output=True,
            encoding="utf-8",
            timeout=60,
            check=False,
        )

    def __call__(self, *arguments: str) -> Any:
        """Run a command that goes well, and return what it prints: JSON, or nothing."""
        done = self.run(*arguments)
        assert (done.returncode, done.stderr) == (0, ""), arguments
        return json.loads(done.stdout) if done.stdout else None

    def refused(self, *arguments: str, code: str, **changes: str) -> None:
        """Run a command that the service refuses, and expect the code in what it says."""
        done = self.run(*arguments, **changes)
        assert done.returncode in REFUSED, done
        assert f"An error occurred ({code}) when calling the " in done.stderr
        assert done.stdout == ""


@pytest.fixture(scope="session")
def path() -> str:
    """Return where the CLI is that these tests are to try."""
    found = os.environ.get("OMICS_AWS_CLI")
    if found is None:
        pytest.skip("OMICS_AWS_CLI does not say where an AWS CLI is; `nox -s aws_cli` installs one")
    return found


@pytest.fixture(scope="session")
def commands(path: str) -> frozenset[str]:
    """Return the commands of this CLI's model; it lists them to those who ask for another one."""
    done = Aws(path, {"AWS_DEFAULT_REGION": "us-west-2"}).run("no-such-command")
    found = frozenset(re.findall("[a-z][a-z0-9-]+", done.stderr.partition("valid choices are")[2]))
    assert "start-run" in found, done
    return found


@pytest.fixture
def emulator() -> Emulator:
    """Return an emulator whose clock stands still, and that soon has all it may have."""
    return Emulator(VirtualClock(), quotas=Quotas(max_run_groups=3), rates={"GetRunGroup": 1})


@pytest.fixture
def aws(path: str, emulator: Emulator, tmp_path: Path) -> Iterator[Aws]:
    """Serve the emulator, and return the CLI that finds it."""
    nowhere = str(tmp_path / "nowhere")
    bare = {
        "AWS_PAGER": "",
        "AWS_CONFIG_FILE": nowhere,
        "AWS_SHARED_CREDENTIALS_FILE": nowhere,
        "AWS_MAX_ATTEMPTS": "1",
        "HOME": str(tmp_path),
    }
    with emulator.serve() as url:
        yield Aws(path, {**bare, **emulator.environment(url)})
