"""Runs all contenders against one stub, interleaved, and collects what they took."""

from __future__ import annotations

import json
import os
import platform
import re
import subprocess
import sys
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from attrs import frozen

from benchmarks.contenders import CONTENDERS
from benchmarks.rows import ROWS, Row

ROOT = Path(__file__).parents[1]
SLICES = 4
"""Turns that a contender has in a round, each with its part of the calls."""

ALTERED = re.compile("AWS_|PYTHON|(http|https|all|no)_proxy$", re.IGNORECASE)
"""Variables that no contender sees: another interpreter's settings, such as one that keeps it from
writing bytecode, would change what a cold start costs."""

Figures = dict[str, dict[str, list[float]]]
"""By row and contender, one of each turn."""


@frozen
class Results:
    """All that was measured, and where."""

    machine: str
    rounds: int
    releases: Mapping[str, Mapping[str, str]]
    """By contender, its packages."""
    figures: Figures
    """In the units of the rows."""


@contextmanager
def running(*command: str, env: Mapping[str, str]) -> Generator[subprocess.Popen[str]]:
    """Start a process of the harness, and end it with the block."""
    with subprocess.Popen(  # noqa: S603  (our own modules)
        command,
        cwd=ROOT,
        env=env,
        encoding="utf-8",
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        try:
            yield process
        finally:
            assert process.stdin is not None  # noqa: S101  (it was asked for)
            process.stdin.close()  # for which each of them ends


def ask(process: subprocess.Popen[str], what: Mapping[str, object] | None = None) -> Any:
    """Return the next line that a process tells, after it was asked for it."""
    assert process.stdin is not None  # noqa: S101
    assert process.stdout is not None  # noqa: S101
    if what is not None:
        process.stdin.write(json.dumps(what) + "\n")
        process.stdin.flush()
    line = process.stdout.readline()
    if not line:
        raise RuntimeError(f"a process of the harness has ended: {process.args!r}")
    return json.loads(line)


def environment(port: int) -> dict[str, str]:
    """Return the settings of all contenders: keys, region, and the stub in place of AWS."""
    return {
        **{name: value for name, value in os.environ.items() if not ALTERED.match(name)},
        "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
        "AWS_REGION": "us-west-2",
        "AWS_DEFAULT_REGION": "us-west-2",
        "AWS_ENDPOINT_URL_OMICS": f"http://127.0.0.1:{port}",
        "AWS_DISABLE_HOST_PREFIX_INJECTION": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "PYTHONUTF8": "1",
    }


@frozen
class Race:
    """The contenders that have come, ready to be asked."""

    pythons: Mapping[str, str]
    env: Mapping[str, str]
    workers: Mapping[str, subprocess.Popen[str]]
    abilities: Mapping[str, Mapping[str, Any]]

    def can(self, name: str, row: Row) -> bool:
        """Return whether a contender does what the row measures."""
        return row.call in self.abilities[name].get(row.kind or "sync", ())

    def calls(self, name: str, row: Row, times: int) -> Any:
        """Have a contender make a slice of a round's calls."""
        times = max(1, round(times * row.share / SLICES))
        return ask(self.workers[name], {"kind": row.kind, "call": row.call, "times": times})

    def profile(self, name: str, kind: str, call: str, times: int) -> Any:
        """Have a contender make calls under the eyes of a sampler."""
        wanted = {"kind": kind, "call": call, "times": times, "is_profile": True}
        return ask(self.workers[name], wanted)

    def first(self, name: str) -> Any:
        """Return what a new process tells of a contender's first call."""
        command = (self.pythons[name], "-m", "benchmarks.first", name)
        with running(*command, env=self.env) as process:
            return ask(process)

    def fleet(self) -> dict[str, float]:
        """Return what a wait for 10,000 runs tells; it takes minutes, and has an emulator."""
        command = (self.pythons["ours"], "-m", "benchmarks.fleet")
        done = subprocess.run(  # noqa: S603  (our own file)
            command, cwd=ROOT, env=self.env, check=True, capture_output=True, encoding="utf-8"
        )
        found = re.findall(r"^(\D+?) +([\d.]+)(?: at most)?$", done.stdout, re.MULTILINE)
        return {name: float(figure) for name, figure in found}


@contextmanager
def opened(pythons: Mapping[str, str]) -> Generator[Race]:
    """Start the stub and the contenders; who misses a package is told of, and left out."""
    with ExitStack() as stack:
        stub = running(sys.executable, "-m", "benchmarks.stub", env=os.environ)
        env = environment(ask(stack.enter_context(stub)))
        workers = {
            name: stack.enter_context(running(python, "-m", "benchmarks.worker", name, env=env))
            for name, python in pythons.items()
        }
        abilities = {name: ask(worker) for name, worker in workers.items()}
        for name in [name for name in workers if "missing" in abilities[name]]:
            missing = abilities.pop(name)["missing"]
            print(f"{CONTENDERS[name].label} is left out: there is no {missing}", file=sys.stderr)
        yield Race(pythons, env, workers, abilities)


def measure(race: Race, names: Iterable[str], rounds: int, times: int) -> Results:
    """Have all contenders do the rows of these names in turn, again in each round."""
    rows = {name: ROWS[name] for name in names}
    figures: Figures = {name: {} for name in rows}
    for number in range(rounds):
        print(f"round {number + 1} of {rounds}", file=sys.stderr, flush=True)
        for group in _measured_together(rows):
            for contender in _turns(race, next(iter(group.values()))):
                _measure(race, contender, group, times, figures)
    waiting = {name: row for name, row in rows.items() if row.kind == "fleet"}
    if waiting and "ours" in race.abilities:
        told = race.fleet()
        figures |= {name: {"ours": [told[row.measure]]} for name, row in waiting.items()}
    releases = {name: able["releases"] for name, able in race.abilities.items()}
    return Results(machine(), rounds, releases, figures)


def _measured_together(rows: Mapping[str, Row]) -> Iterable[dict[str, Row]]:
    """Group the rows that one measurement has the figures of."""
    groups: dict[tuple[str | None, str], dict[str, Row]] = {}
    for name, row in rows.items():
        groups.setdefault((row.kind, row.call), {})[name] = row
    return groups.values()


def _turns(race: Race, row: Row) -> Iterator[str]:
    """Yield who is next in a round: all in order, all in reverse, and so on; a cold start once."""
    able = [name for name in race.abilities if race.can(name, row)]
    for turn in range(1 if row.kind is None else SLICES):
        yield from reversed(able) if turn % 2 else able


def _measure(
    race: Race, contender: str, rows: Mapping[str, Row], times: int, figures: Figures
) -> None:
    """Have one contender take its turn."""
    row = next(iter(rows.values()))
    told = race.first(contender) if row.kind is None else race.calls(contender, row, times)
    for name, each in rows.items():
        if told[each.measure] is not None:
            found = figures[name].setdefault(contender, [])
            found.append(told[each.measure] * each.factor)


def machine() -> str:
    """Return a line about the machine."""
    processor = platform.processor() or platform.machine()
    names = Path("/proc/cpuinfo")
    if names.exists():
        models = [line for line in names.read_text("utf-8").splitlines() if "model name" in line]
        processor = models[0].partition(": ")[2] if models else processor
    return f"{platform.system()} {platform.release()}, {os.cpu_count()} cores, {processor}"
