"""What a program pays before its first answer, and for each further client: a process of its own.

    python -m benchmarks.first by_boto3

The time to start Python itself is not in it, and its memory is. Nothing is imported here that a
contender might need, so that it pays for all that it uses.
"""

from __future__ import annotations

import gc
import sys
import time
from contextlib import ExitStack
from importlib import import_module

MORE = 8
"""Further clients: of a single one, the room that the allocator had left may hide all."""

MEMORY, PRIVATE = "/proc/self/status", "/proc/self/smaps_rollup"


def kibibytes(path: str, *names: str) -> int | None:
    """Return the sum of what the system tells of this process's memory; None if it does not."""
    try:
        with open(path, encoding="ascii") as lines:  # noqa: PTH123  (pathlib would be imported)
            words = [line.split() for line in lines]
    except FileNotFoundError:
        return None
    return sum(int(line[1]) for line in words if line[0].rstrip(":") in names)


def private() -> int | None:
    """Return the memory that no other process shares."""
    gc.collect()
    return kibibytes(PRIVATE, "Private_Clean", "Private_Dirty")


def main() -> None:
    """Measure, and print it as JSON."""
    cpu, wall = time.process_time(), time.perf_counter()
    contender = import_module(f"benchmarks.contenders.{sys.argv[1]}")
    with contender.calls() as calls:
        calls["get_run"]()
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        resident, peak = kibibytes(MEMORY, "VmRSS"), kibibytes(MEMORY, "VmHWM")
        before = private()
        with ExitStack() as stack:
            for _ in range(MORE):
                stack.enter_context(contender.calls())["get_run"]()
            after = private()
    another = None if before is None or after is None else (after - before) / MORE

    import json  # noqa: PLC0415  (not before the contender had to)

    told = {"cpu": cpu, "wall": wall, "resident": resident, "peak": peak, "another": another}
    print(json.dumps(told))


if __name__ == "__main__":
    main()
