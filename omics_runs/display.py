"""How waits and submissions go, for people to watch.

```python
from omics_runs.display import LiveDisplay

with LiveDisplay() as display:
    submission = client.submit(specs, key="cohort-7", progress=display)
    client.wait_all(submission.started.values(), progress=display)
```
"""

from __future__ import annotations

import sys
from threading import Lock
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TextIO, cast

from attrs import frozen

from omics_runs._display_plain import PlainScreen
from omics_runs._display_story import Stage, is_last, is_terminal, key_of
from omics_runs._progress import BatchProgress, FleetProgress, Progress, TaskProgress
from omics_runs._submission import SubmitProgress

if TYPE_CHECKING:
    from omics_runs._display_live import LiveScreen

__all__ = ["LiveDisplay"]

USE_WITH = "for a live display, use LiveDisplay in a with block"
INSTALL = "for a live display: pip install 'omics-runs[rich]'"


class LiveDisplay:
    """Shows how waits and submissions go: `progress=` of any method takes it.

    In a terminal or a notebook, inside a `with` block, it is a picture that is drawn anew where it
    stands: how many runs are in which status, the time that has passed, and about how much is left,
    throttling. It needs `rich` (`pip install 'omics-runs[rich]'`), a notebook `ipywidgets` as well.
    Everywhere else it is plain lines: one when something has changed, but at most one in half a
    minute of the wait's time. Failures are told as they come, with their reasons, and stay.

    One display serves one wait for many runs and one submission at a time, and any number of waits
    for single runs, tasks and batches. Threads may share it. What goes wrong with the stream, such
    as a pipe that is closed, ends no wait.

    Args:
        stream: Where to write; None for standard error, so that it is not mixed up with results.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = _Forgiving(sys.stderr if stream is None else stream)
        self._stages: dict[str, Stage] = {}
        self._lock = Lock()
        self._screen: PlainScreen | LiveScreen = PlainScreen(self._stream.write)
        self._hint = USE_WITH

    def __call__(
        self,
        progress: Progress | TaskProgress | BatchProgress | FleetProgress | SubmitProgress,
    ) -> None:
        """Show how a wait or a submission goes on."""
        with self._lock:
            self._give_hint()
            stage = self._stage_of(progress)
            for line in stage.take(progress):
                self._screen.fail(line)
            if is_last(progress):
                self._end(stage)
            else:
                self._screen.update(stage)

    def __enter__(self) -> Self:
        """Draw a picture from now on, if there is a terminal or a notebook, and rich."""
        if (screen := self._live_screen()) is not None:
            self._screen = screen
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Leave the last picture of what is still under way, and the terminal as it was."""
        with self._lock:
            try:
                for stage in list(self._stages.values()):
                    self._end(stage)
            finally:
                self._screen.close()  # also if Ctrl-C came once more
                self._stages.clear()
                self._screen = PlainScreen(self._stream.write)

    def _stage_of(self, progress: Any) -> Stage:
        """Return the stage of a wait; time that goes back is that of another one."""
        stage = self._stages.get(key_of(progress))
        if stage is None or progress.elapsed < stage.latest.elapsed:
            stage = self._stages[key_of(progress)] = Stage(progress)
        return stage

    def _end(self, stage: Stage) -> None:
        self._screen.end(stage)
        del self._stages[key_of(stage.latest)]

    def _live_screen(self) -> LiveScreen | None:
        try:
            from omics_runs._display_live import LiveScreen, console_for  # noqa: PLC0415
        except ImportError:
            self._hint = INSTALL
            return None
        self._hint = ""
        console = console_for(cast("TextIO", self._stream))
        return None if console is None else LiveScreen(console, self._stages)

    def _give_hint(self) -> None:
        """Say once how to get a picture, where only that is missing."""
        hint, self._hint = self._hint, ""
        if hint and self._stream.isatty():
            self._stream.write(f"{hint}\n")


@frozen
class _Forgiving:
    """A stream whose failures are nobody's business, and to which every text can be written."""

    stream: Any

    def write(self, text: str) -> int:
        """Write as much as the stream takes."""
        try:
            encoding = getattr(self.stream, "encoding", None) or "utf-8"
            self.stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
            self.stream.flush()
        except Exception:  # noqa: BLE001, S110  (no display is worth a wait)
            pass
        return len(text)

    def isatty(self) -> bool:
        """Return whether it is a terminal."""
        return is_terminal(self.stream)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)
