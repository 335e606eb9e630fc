"""A display that is drawn anew where it stands, by rich, in a terminal or a notebook."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, TextIO

from attrs import field, frozen
from rich.console import Console, ConsoleOptions, Group
from rich.live import Live
from rich.text import Text

from omics_runs._display_story import (
    Stage,
    clock_of,
    is_last,
    is_terminal,
    key_of,
    roughly,
    state_of,
)
from omics_runs._progress import FleetProgress
from omics_runs._submission import SubmitProgress

if TYPE_CHECKING:
    from omics_runs._display_story import AnyProgress

STYLES: Mapping[str, str] = {
    "COMPLETED": "green",
    "PROCESSED": "green",
    "started": "green",
    "FAILED": "red",
    "refused": "red",
    "CANCELLED": "yellow",
    "DELETED": "yellow",
    "unsent": "yellow",
    "STOPPING": "blue",
    "RUNNING": "cyan",
}
MOST_REASONS = 3
LONGEST_BAR = 60
REFRESHES = 4
"""How often a second clocks move on."""


def console_for(stream: TextIO) -> Console | None:
    """Return a console if a picture can be drawn anew on it; None if it takes plain lines only.

    A notebook needs ipywidgets for that. FORCE_COLOR and the like make no terminal of a file.
    """
    console = Console(file=stream)
    if console.is_jupyter:
        return console if find_spec("ipywidgets") else None
    can_draw = stream.isatty() and console.is_terminal and not console.is_dumb_terminal
    return console if can_draw else None


@frozen(eq=False)
class LiveScreen:
    """Draws all stages that are under way, below everything else that is written meanwhile.

    There is a picture only for as long as something is under way; what is to stay, failures and
    ends, is printed above it. The cursor is never hidden, so no death can leave it so.
    """

    console: Console
    stages: Mapping[str, Stage]
    """Those under way, which the caller keeps up to date."""
    _lives: list[Live] = field(factory=list[Live], init=False)
    """The picture, while there is one."""

    def fail(self, line: str) -> None:
        """Print a failure above the picture."""
        self.console.print(Text(line, style="red"))

    def update(self, stage: Stage) -> None:  # noqa: ARG002  (what is drawn is `stages`)
        """Begin the picture; it draws itself."""
        if not self._lives:
            live = Live(
                get_renderable=self._picture,
                console=self.console,
                refresh_per_second=REFRESHES,
                transient=True,
                redirect_stdout=self._is_shown(sys.stdout),
                redirect_stderr=self._is_shown(sys.stderr),
            )
            self._lives.append(live)
            live.start(refresh=True)
            self.console.show_cursor()

    def end(self, stage: Stage) -> None:
        """Print the last picture of a stage, which stays."""
        if set(self.stages) <= {key_of(stage.latest)}:
            self.close()
        self.console.print(Picture(stage))

    def close(self) -> None:
        """Take the picture away."""
        while self._lives:
            self._lives.pop().stop()

    def _picture(self) -> Group:
        return Group(*map(Picture, list(self.stages.values())))

    def _is_shown(self, stream: TextIO | None) -> bool:
        """Return whether what is printed there has to go above the picture.

        What goes to a file must get there, although the picture is on a terminal.
        """
        return self.console.is_jupyter or is_terminal(stream)


@frozen
class Picture:
    """One stage, as it is drawn."""

    stage: Stage

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Text]:
        progress = self.stage.latest
        match progress:
            case FleetProgress():
                done, total = progress.ended, progress.ended + progress.remaining
                shares = {"green": done - progress.failed, "red": progress.failed}
                yield _bar("runs ended", done, total, shares, options)
                yield _counts(progress.statuses)
            case SubmitProgress():
                failed = progress.refused + progress.unsent
                shares = {"green": progress.started, "red": failed}
                yield _bar("specs", progress.done, progress.total, shares, options)
                yield _counts(_results_of(progress))
            case _:
                status = str(state_of(progress))
                yield Text.assemble((status, STYLES.get(status, "")), f" {_title(progress)}")
        yield Text(self._times())
        yield from self._trouble()

    def _times(self) -> str:
        progress, silence = self.stage.latest, self.stage.silence
        parts = [f"{clock_of(progress.elapsed + silence)} elapsed"]
        left = getattr(progress, "seconds_left", None)
        if left and not is_last(progress):
            parts.append(f"about {roughly(max(left - silence, 0))} left")
        if isinstance(progress, SubmitProgress):
            parts += [] if progress.rate is None else [f"{progress.rate:.2f} starts/s"]
        elif progress.next_delay is not None:
            rest = progress.next_delay - silence
            parts.append(f"next look in {rest:.0f} s" if rest > 0 else "looking now")
        return f"  {', '.join(parts)}"

    def _trouble(self) -> Iterator[Text]:
        progress, reasons = self.stage.latest, self.stage.reasons
        if isinstance(progress, (FleetProgress, SubmitProgress)) and progress.throttled:
            lately = self.stage.throttled_lately
            yield Text(f"  throttled calls: {lately} lately, {progress.throttled} in all", "yellow")
        if isinstance(progress, SubmitProgress) and (batch := progress.batch) is not None:
            yield Text(f"  batch {batch.id} {batch.status}, {progress.tried} of its runs tried")
        if isinstance(progress, SubmitProgress) and progress.trouble is not None:
            text = f"  riding out {type(progress.trouble).__name__}"
            yield Text(text, "yellow")
        if reasons:
            named = [f"{count} {reason}" for reason, count in reasons.most_common(MOST_REASONS)]
            if (others := len(reasons) - MOST_REASONS) > 0:
                named.append(f"{others} more")
            yield Text(f"  failed: {', '.join(named)}", "red")


def _bar(
    title: str,
    done: int,
    total: int | None,
    shares: Mapping[str, int],
    options: ConsoleOptions,
) -> Text:
    """Return a line that says how much is done, with a bar where that can be told."""
    if not total:
        return Text(f"{done} {title}", "bold")
    words = f" {done}/{total} {title}"
    width = max(min(options.max_width - len(words), LONGEST_BAR), 0)
    full, empty = ("#", "-") if options.ascii_only else ("━", "─")
    bar, drawn = Text(), 0
    for style, count in shares.items():
        length = -(-width * count // total) if count else 0  # of what is there, one sees something
        length = min(length, width - drawn)
        bar.append(full * length, style)
        drawn += length
    bar.append(empty * (width - drawn), "dim")
    return bar.append(words, "bold")


def _counts(counts: Mapping[Any, int]) -> Text:
    text = Text("  ")
    for number, (name, count) in enumerate(counts.items()):
        text.append(", " * (number > 0)).append(f"{count} {name}", STYLES.get(name, ""))
    return text


def _results_of(progress: SubmitProgress) -> Mapping[str, int]:
    """Return how many specs have which result, as far as there are any."""
    counts = {
        "started": progress.started - progress.adopted,
        "started before": progress.adopted,
        "refused": progress.refused,
        "unsent": progress.unsent,
    }
    return {name: count for name, count in counts.items() if count or name == "started"}


def _title(progress: AnyProgress) -> str:
    """Return what a wait for one thing is called."""
    thing = getattr(progress, key_of(progress).partition(" ")[0])
    name = f" {thing.name}" if thing.name else ""
    return f"{key_of(progress)}{name}"
