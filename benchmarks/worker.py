"""A contender in a process of its own, which makes calls when it is told, a line of JSON each.

    python -m benchmarks.worker by_boto3

It first tells what it can do, or which package is missing. Then each line of its input names a
measurement, as `{"kind": "sync", "call": "get_run", "times": 200}`, and is answered with what it
took. Only the standard library is imported here, for each contender has other packages.
"""

from __future__ import annotations

import asyncio
import gc
import json
import platform
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, ExitStack
from importlib import import_module
from importlib.metadata import version
from typing import Any

from benchmarks.contenders import CONTENDERS
from benchmarks.sampler import Sampler

TASKS = 50
WARM_UP = TASKS
"""Calls before the clock starts: what is made once is made, and connections are open."""

Batch = Callable[[int], object]
"""Does a call so many times."""


class Worker:
    """The open clients of a contender."""

    def __init__(self, name: str, stack: ExitStack) -> None:
        module = import_module(f"benchmarks.contenders.{name}")
        self.packages = CONTENDERS[name].packages
        self._runner = stack.enter_context(asyncio.Runner())
        self.calls: dict[str, Callable[[], object]] = {}
        self.async_calls: dict[str, Callable[[], Awaitable[object]]] = {}
        if hasattr(module, "calls"):
            self.calls = stack.enter_context(module.calls())
        if hasattr(module, "async_calls"):
            later = AsyncExitStack()
            stack.callback(lambda: self._runner.run(later.aclose()))
            opened = later.enter_async_context(module.async_calls())
            self.async_calls = self._runner.run(opened)

    def abilities(self) -> dict[str, Any]:
        """Return what the contender can be asked for, and of which releases it consists."""
        releases = {name: version(name) for name in self.packages}
        return {
            "sync": list(self.calls),
            "async": list(self.async_calls),
            "concurrent": list(self.async_calls),
            "releases": {"Python": platform.python_version(), **releases},
        }

    def measure(self, kind: str, call: str, times: int) -> dict[str, float]:
        """Return the CPU seconds of one call, and how many calls a second there were."""
        batch = self._batch(kind, call)
        batch(min(times, WARM_UP))
        gc.collect()
        cpu, wall = time.process_time(), time.perf_counter()
        batch(times)
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        return {"cpu": cpu / times, "rate": times / wall}

    def profile(self, kind: str, call: str, times: int) -> dict[str, Any]:
        """Return where the CPU time of a call is spent."""
        batch = self._batch(kind, call)
        batch(min(times, WARM_UP))
        with Sampler() as sampler:
            cpu = time.process_time()
            batch(times)
            cpu = time.process_time() - cpu
        return {"cpu": cpu / times, "samples": sampler.total, "shares": sampler.shares()}

    def _batch(self, kind: str, call: str) -> Batch:
        if kind == "sync":
            return lambda times: repeat(self.calls[call], times)
        tasks = TASKS if kind == "concurrent" else 1
        return lambda times: self._runner.run(arepeat(self.async_calls[call], times, tasks))


def repeat(call: Callable[[], object], times: int) -> None:
    """Do a call so many times."""
    for _ in range(times):
        call()


async def arepeat(call: Callable[[], Awaitable[object]], times: int, tasks: int) -> None:
    """Do a call so many times, by tasks which each go on with the next one."""
    numbers = iter(range(times))

    async def work() -> None:
        for _ in numbers:
            await call()

    await asyncio.gather(*(work() for _ in range(tasks)))


def tell(what: dict[str, Any]) -> None:
    """Write a line of JSON."""
    print(json.dumps(what), flush=True)


def main() -> None:
    """Serve measurements until the input ends."""
    with ExitStack() as stack:
        try:
            worker = Worker(sys.argv[1], stack)
        except ModuleNotFoundError as error:
            tell({"missing": error.name})
            return
        tell(worker.abilities())
        for line in sys.stdin:
            wanted = json.loads(line)
            what = worker.profile if wanted.pop("is_profile", False) else worker.measure
            tell(what(**wanted))


if __name__ == "__main__":
    main()
