"""Where the command writes: results to standard output, all else to standard error."""

from __future__ import annotations

import json
import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from attrs import frozen

from omics_runs._lines import one_line

if TYPE_CHECKING:
    from omics_runs._run_ref import RunRef
    from omics_runs.display import LiveDisplay


def tell(what: object) -> None:
    """Write one line to standard error, if there is still somebody to read it."""
    with suppress(OSError, AttributeError):  # it is None where it was closed before
        sys.stderr.write(f"omics-runs: {one_line(str(what))}\n")
        sys.stderr.flush()


def error_record(error: BaseException) -> dict[str, str]:
    """Return an error for programs: the name of its class, and its words."""
    words = [str(error), *getattr(error, "__notes__", ())]
    return {"type": type(error).__name__, "message": "; ".join(words)}


@frozen
class Output:
    """How results and progress are told."""

    as_json: bool
    """Whether each result is a line of JSON, and not one for people."""
    is_quiet: bool
    """Whether progress is left out."""

    @contextmanager
    def display(self) -> Generator[LiveDisplay | None]:
        """Show progress on standard error while the block lasts; None where none is wanted."""
        if self.is_quiet:
            yield None
            return
        from omics_runs.display import LiveDisplay  # noqa: PLC0415  (not needed when quiet)

        with LiveDisplay() as display:
            yield display

    def result(self, line: str, record: Mapping[str, Any]) -> None:
        """Write a result, at once, so that whoever reads a pipe need not wait for the next one.

        Raises:
            BrokenPipeError: Nobody reads it any more.
        """
        self.text(one_line(line), record)

    def text(self, text: str, record: Any) -> None:
        """Write a result that has several lines for people, and still is one line of JSON.

        Raises:
            BrokenPipeError: Nobody reads it any more.
        """
        if getattr(sys, "stdout", None) is None:  # it was closed before
            raise BrokenPipeError
        sys.stdout.write(f"{json.dumps(record) if self.as_json else _writable(text)}\n")
        sys.stdout.flush()

    def failure(self, why: object, *, was_shown: bool) -> None:
        """Tell why something failed, unless the display or the JSON has told it.

        Args:
            why: The words; None if nothing failed.
            was_shown: Whether a display tells it.
        """
        is_told = self.as_json or (was_shown and not self.is_quiet)
        if why is not None and not is_told:
            tell(why)

    def note(self, what: str) -> None:
        """Tell what was done beside the results."""
        if not self.is_quiet:
            tell(what)

    def looking(self, run: RunRef) -> None:
        """Tell whoever sits at a terminal that there is an answer to wait for."""
        from omics_runs._display_story import is_terminal  # noqa: PLC0415  (not for --help)

        if is_terminal(sys.stderr):
            self.note(f"looking at run {run} ...")


def _writable(text: str) -> str:
    """Return a text in characters that standard output has."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    return text.encode(encoding, "backslashreplace").decode(encoding)
