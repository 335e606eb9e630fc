"""The program around the commands: finds them, runs one, and ends as scripts expect."""

from __future__ import annotations

import json
import logging
import os
import sys
import traceback
import warnings
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from importlib import import_module
from typing import Any

import click

from omics_runs._cli.exits import Exit, code_of
from omics_runs._cli.options import DEBUG, JSON
from omics_runs._cli.output import error_record, tell
from omics_runs._errors import OmicsRunsError
from omics_runs._version import __version__

COMMANDS: Mapping[str, str] = {
    "diagnose": "Tell what became of a run, why, and what to do next.",
    "emulator": "Serve a HealthOmics on this machine.",
    "submit": "Start a run for each row of a sample sheet, exactly once.",
    "timeline": "Tell where the time of a run went, and draw it.",
    "wait": "Wait for runs.",
}
"""Each command is the `command` of the module of its name; none is loaded for another."""

SILENCE = logging.NullHandler()


class Program(click.Group):
    """The commands, each loaded when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Return the names of all commands."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Return a command; None if there is none of that name."""
        if cmd_name not in COMMANDS:
            return None
        found = import_module(f"omics_runs._cli.{cmd_name}").command
        return found if isinstance(found, click.Command) else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """List the commands without loading any."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """List the exit codes."""
        with formatter.section("Exit codes"):
            formatter.write_dl([(f"{code:d}", code.meaning) for code in Exit])


@click.command(cls=Program)
@click.version_option(__version__, message="%(prog)s %(version)s")
def program() -> None:
    """AWS HealthOmics workflow runs: what the AWS CLI does not do.

    Results go to standard output, progress and errors to standard error. Credentials, region and
    endpoint are found where the AWS CLI finds them.
    """


def run(arguments: Sequence[str]) -> int:
    """Run a command line, and return its exit code."""
    is_debug = DEBUG in arguments
    with _plain_words(is_debug=is_debug):
        try:
            return _invoke(arguments)
        except Exception as error:  # noqa: BLE001  (a defect has a code of its own, too)
            if is_debug:
                traceback.print_exc()
            if JSON in arguments:
                _record(error)
            return _told(error)
        except KeyboardInterrupt:
            tell("interrupted; runs that have started go on")
            return Exit.INTERRUPTED


def _invoke(arguments: Sequence[str]) -> int:
    try:
        with program.make_context("omics-runs", list(arguments)) as context:
            code = program.invoke(context)
        with suppress(AttributeError):  # it is None where it was closed before
            sys.stdout.flush()
    except click.exceptions.Exit as ended:  # --help, --version
        return ended.exit_code
    return int(code)


def _told(error: Exception) -> int:
    """Tell of an error in one line, and return its code."""
    match error:
        case click.exceptions.NoArgsIsHelpError():
            error.show()
            return Exit.USAGE
        case click.UsageError():
            hint = f"; see '{error.ctx.command_path} --help'" if error.ctx else ""
            tell(f"{error.format_message().rstrip('.')}{hint}")
            return Exit.USAGE
        case OmicsRunsError():
            tell(error)
            for note in getattr(error, "__notes__", ()):
                tell(note)
            return code_of(error)
        case BrokenPipeError():
            _forget_stdout()
            return Exit.PIPE
        case OSError():  # such as a disk that is full
            _forget_stdout()
            tell(error)
            return Exit.TROUBLE
        case _:
            tell(f"unexpected {type(error).__name__}: {error} (--debug shows where)")
            return Exit.BUG


def _record(error: Exception) -> None:
    """Write the error that everything has ended in, for programs, if one still reads."""
    match error:
        case BrokenPipeError():
            return
        case click.UsageError():
            record = {"type": "UsageError", "message": error.format_message()}
        case _:
            record = error_record(error)
    with suppress(OSError, AttributeError):
        sys.stdout.write(f"{json.dumps({'error': record})}\n")
        sys.stdout.flush()


def _forget_stdout() -> None:
    """Let Python end without one more complaint about what nobody reads."""
    with suppress(OSError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@contextmanager
def _plain_words(*, is_debug: bool) -> Generator[None]:
    """Tell warnings in one line, and keep the log to itself: what matters is told anyway."""
    log = logging.getLogger("omics_runs")
    with warnings.catch_warnings():
        setattr(warnings, "showwarning", _warn)  # noqa: B010  (typed as the one function it is)
        if not is_debug:
            log.addHandler(SILENCE)
        try:
            yield
        finally:
            log.removeHandler(SILENCE)


def _warn(message: Warning | str, *_: Any) -> None:
    tell(f"warning: {message}")
