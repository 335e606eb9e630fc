"""Where the CPU time goes: a look at the stack each millisecond of it.

Unlike a tracing profiler it adds nothing to a call, so that small functions don't look expensive.
C code counts for the Python function that called it.
"""

from __future__ import annotations

import signal
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Self

INTERVAL = 0.001

STEPS = {
    "omics_runs._request:Request.validate": "validation",
    "omics_runs._wire:serialise": "build",
    "omics_runs._wire:build_request": "build",
    "omics_runs._job:Job.headers": "build",
    "omics_runs._credential_source:CredentialSource.fetch": "credentials",
    "omics_runs._credential_source:CredentialSource.afetch": "credentials",
    "omics_runs._sigv4:sign": "signature",
    "omics_runs._drivers:SyncDriver._send": "transport",
    "omics_runs._connections:AsyncConnections.send": "transport",
    "httpx._client:AsyncClient.send": "transport",
    "omics_runs._wire:read_response": "read",
    "omics_runs._convert:structure": "conversion",
}
"""The steps of a call of ours by the functions that take them, those of other steps left out."""

LOOPS = ("asyncio", "selectors")
FRAME = ("__main__:", "runpy:", "asyncio.", "benchmarks.")
"""What is around all calls."""

TOLD = 30
"""Places that are told, the most expensive ones."""


class Sampler:
    """Counts where it finds the process, as long as its block lasts."""

    def __init__(self) -> None:
        self._steps: Counter[str] = Counter()
        self._packages: Counter[str] = Counter()
        self._within: Counter[str] = Counter()
        self._functions: Counter[str] = Counter()

    def __enter__(self) -> Self:
        _each(INTERVAL, self._look)
        return self

    def __exit__(self, *_: object) -> None:
        _each(0.0, self._look)

    @property
    def total(self) -> int:
        """How often it has looked."""
        return self._functions.total()

    def shares(self) -> dict[str, dict[str, float]]:
        """Return shares of the whole, the largest first.

        By steps of a call; by packages and by functions in which Python was; and by functions
        together with all that they call.
        """
        counters = {
            "steps": self._steps,
            "packages": self._packages,
            "functions": self._functions,
            "functions and what they call": self._within,
        }
        return {
            name: {place: count / self.total for place, count in counter.most_common(TOLD)}
            for name, counter in counters.items()
        }

    def _look(self, _: int, frame: FrameType | None) -> None:
        stack = [_place(one) for one in _outwards(frame)]
        if stack:
            self._functions[stack[0]] += 1
            self._packages[stack[0].partition(":")[0].partition(".")[0]] += 1
            self._within.update({place for place in stack if not place.startswith(FRAME)})
            self._steps[_step(stack)] += 1


def _each(seconds: float, look: Callable[[int, FrameType | None], None]) -> None:
    """Call `look` whenever so much CPU time was used; 0 for no more. Windows has no such timer."""
    if sys.platform != "win32":
        signal.signal(signal.SIGPROF, look)
        signal.setitimer(signal.ITIMER_PROF, seconds, seconds)


def _outwards(frame: FrameType | None) -> Iterator[FrameType]:
    while frame is not None:
        yield frame
        frame = frame.f_back


def _place(frame: FrameType) -> str:
    return f"{frame.f_globals.get('__name__', '')}:{frame.f_code.co_qualname}"


def _step(stack: list[str]) -> str:
    """Return the step of the innermost function that is known to take one."""
    found = (STEPS[place] for place in stack if place in STEPS)
    rest = "event loop" if stack[0].startswith(LOOPS) else "the rest of the client"
    return next(found, rest)
