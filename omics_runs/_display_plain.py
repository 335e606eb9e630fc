"""A display in plain lines: for log files, pipes, and terminals without rich."""

from __future__ import annotations

from collections.abc import Callable

from attrs import frozen

from omics_runs._display_story import Stage, Told, is_single, state_of
from omics_runs._lines import one_line

SHORTEST, LONGEST = 30.0, 3600.0
"""Seconds, of the wait's own time, between two lines; they grow while nothing happens."""


@frozen
class PlainScreen:
    """Writes a line where something has happened, but not too often."""

    write: Callable[[str], object]

    def fail(self, line: str) -> None:
        """Tell of a failure at once."""
        self.write(f"{line}\n")

    def update(self, stage: Stage) -> None:
        """Tell how a stage goes on, unless there is nothing to tell yet."""
        if stage.told is None:
            self._tell(stage, SHORTEST)
            return
        told, progress = stage.told, stage.latest
        if state_of(progress) == told.state:
            patience, gap = told.gap, min(told.gap * 2, LONGEST)
        else:
            patience, gap = 0.0 if is_single(progress) else SHORTEST, SHORTEST
        if progress.elapsed >= told.at + patience:
            self._tell(stage, gap)

    def end(self, stage: Stage) -> None:
        """Tell how a stage has ended, or where it was left."""
        self._tell(stage, SHORTEST)

    def close(self) -> None:
        """Do nothing: what was written stays."""

    def _tell(self, stage: Stage, gap: float) -> None:
        stage.told = Told(state_of(stage.latest), stage.latest.elapsed, gap)
        lately = stage.throttled_lately
        note = f", throttled calls lately: {lately}" if lately else ""
        self.write(f"{one_line(str(stage.latest))}{note}\n")
