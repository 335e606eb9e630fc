"""`python -m omics_runs.emulator`: the emulator on loopback, until Ctrl-C."""

from __future__ import annotations

import argparse
import os
import shlex
import signal
import sys
import threading
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from typing import Literal

from omics_runs._clock import ScaledClock
from omics_runs.emulator._emulator import Emulator
from omics_runs.emulator._plan import LONGEST, Durations
from omics_runs.emulator._quotas import Quotas

EPILOG = """While it serves, it can be steered over HTTP, in JSON and without signatures: POST to
/_emulator/faults, /plans, /workflows, /run-groups, /run-caches, /configurations, /objects,
/expired-tokens, /clock, /reset; GET /_emulator/health and /requests. A wrong body is answered with
what is right."""

UNWRITABLE, NOBODY_READS = 4, 141
"""Exit codes where standard output fails, those of the command `omics-runs`."""

PROGRAM = "python -m omics_runs.emulator"


def main(
    arguments: Sequence[str] | None = None,
    stop: threading.Event | None = None,
    *,
    program: str = PROGRAM,
) -> int:
    """Serve until a signal or `stop` ends it, and return the exit code.

    Args:
        arguments: Command line; None for the process's own.
        stop: Set it to end serving; for tests.
        program: What it was called as.
    """
    options = _parser(program).parse_args(arguments)
    try:
        emulator = _emulator(options)
    except (OSError, ValueError) as error:
        return _complain(f"data: {error}")
    with emulator:
        return _serve(emulator, options.port, stop or threading.Event())


def _serve(emulator: Emulator, port: int, stop: threading.Event) -> int:
    try:
        with _signals(stop) as ending, emulator.serve(port) as url:
            code = _announce(emulator, url)
            # A wait with a timeout lets Ctrl-C through on Windows.
            while not (code or ending.wait(timeout=1.0)):
                pass
            return code
    except OSError as error:
        return _complain(f"port {port}: {error.strerror}; --port takes another, 0 a free one")


def _complain(what: str, code: int = 2) -> int:
    """Say in one line what is in the way, and return the exit code."""
    sys.stderr.write(f"omics_runs.emulator: {what}\n")
    return code


def _parser(program: str = PROGRAM) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=program,
        description="Serve an emulator of AWS HealthOmics runs at 127.0.0.1, until Ctrl-C.",
        epilog=EPILOG,
    )
    usual = Durations()
    add = parser.add_argument
    add("--port", type=_port, default=8787, help="port; 0 for a free one (default: 8787)")
    add("--speed", type=_speed, default=60.0, help="seconds of a run per second (default: 60)")
    add("--rates", choices=("documented", "none"), default="none", help="throttle as the service")
    add("--no-verify", action="store_true", help="accept calls without or with wrong signatures")
    add("--region", default="us-west-2", help="region to play (default: us-west-2)")
    add("--strict-workflows", action="store_true", help="know only workflows added over HTTP")
    add("--seed", type=int, default=0, help="where ids and faults by chance come from (default: 0)")
    add("--reuse-ids", action="store_true", help="give ids of deleted runs out again")
    add("--max-active-runs", type=_count, metavar="N", help="runs beyond N wait in PENDING")
    add("--max-stored-runs", type=_count, metavar="N", help="N runs are kept (default: 5,000)")
    add("--data", metavar="FILE", help="keep everything in a file, and go on from there")
    for name in ("pending", "starting", "running", "stopping"):
        seconds: float = getattr(usual, name)
        text = f"seconds that runs are {name.upper()} (default: {seconds:g})"
        add(f"--{name}", type=_seconds, default=seconds, metavar="SECONDS", help=text)
    return parser


def _quotas(options: argparse.Namespace) -> Quotas:
    given = {name: getattr(options, name) for name in ("max_active_runs", "max_stored_runs")}
    return Quotas(**{name: count for name, count in given.items() if count is not None})


def _count(text: str) -> int:
    return int(_within(int(text), 1, 1e9))


def _port(text: str) -> int:
    return int(_within(int(text), 0, 65_535))


def _speed(text: str) -> float:
    return _within(float(text), 1e-9, 1e9)


def _seconds(text: str) -> float:
    return _within(float(text), 0, LONGEST)


def _within(value: float, least: float, most: float) -> float:
    if not least <= value <= most:
        msg = f"must be from {least:g} to {most:g}"
        raise argparse.ArgumentTypeError(msg)
    return value


def _emulator(options: argparse.Namespace) -> Emulator:
    rates: Literal["documented"] | None = "documented" if options.rates == "documented" else None
    return Emulator(
        ScaledClock(options.speed),
        region=options.region,
        verify_signatures=not options.no_verify,
        rates=rates,
        strict_workflows=options.strict_workflows,
        seed=options.seed,
        reuse_ids=options.reuse_ids,
        quotas=_quotas(options),
        data=options.data,
        durations=Durations(
            pending=options.pending,
            starting=options.starting,
            running=options.running,
            stopping=options.stopping,
        ),
    )


def _announce(emulator: Emulator, url: str) -> int:
    """Print how to reach it, and return the exit code: not 0 if nobody can learn that."""
    variables = emulator.environment(url).items()
    exports = [f"export {name}={shlex.quote(value)}" for name, value in variables]
    try:
        sys.stdout.write("\n".join([f"# HealthOmics emulator at {url}", *exports, ""]))
        sys.stdout.flush()
    except (BrokenPipeError, AttributeError):  # it is None where it was closed before
        _forget_stdout()
        return NOBODY_READS
    except OSError as error:  # such as a disk that is full
        _forget_stdout()
        return _complain(f"standard output can't be written: {error.strerror}", UNWRITABLE)
    return 0


def _forget_stdout() -> None:
    """Let Python end without one more complaint about what can't be written."""
    with suppress(OSError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@contextmanager
def _signals(ending: threading.Event) -> Generator[threading.Event, None, None]:
    """Let Ctrl-C and SIGTERM set `ending`; elsewhere than in the main thread there are none."""
    if threading.current_thread() is not threading.main_thread():
        yield ending
        return
    numbers = (signal.SIGINT, signal.SIGTERM)

    def end(_: int, __: object) -> None:
        ending.set()

    before = {number: signal.signal(number, end) for number in numbers}
    try:
        yield ending
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


if __name__ == "__main__":
    sys.exit(main())
