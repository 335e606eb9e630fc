"""What is measured, in which unit, and what this project aims at."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import frozen

OURS = ("ours", "ours_fast")
"""This SDK by itself and with the transport of an extra, for which some aims are higher."""


@frozen
class Row:
    """One line of work that contenders are compared by."""

    title: str
    unit: str
    measure: str
    """Under which name a process tells it."""
    factor: float = 1.0
    """From what a process tells to the unit."""
    kind: str | None = None
    """How calls are made: one after another, `sync` or `async`, or `concurrent`; None for what a
    new process tells of its first call, `fleet` for what a wait for many runs does."""
    call: str = "get_run"
    share: float = 1.0
    """How much of the usual number of calls a slice has."""
    is_more_better: bool = False


MICRO, MILLI, MEBI = 1e6, 1e3, 1 / 1024
CPU, TIME, MEMORY = "µs of CPU", "ms", "MiB"

ROWS = {
    "get_run": Row("get_run", CPU, "cpu", MICRO, "sync"),
    "list_runs": Row("list_runs, 100 items", CPU, "cpu", MICRO, "sync", "list_runs", 0.2),
    "start_run": Row("start_run", CPU, "cpu", MICRO, "sync", "start_run"),
    "get_run_async": Row("get_run, async", CPU, "cpu", MICRO, "async"),
    "get_run_50": Row("get_run, 50 at once", CPU, "cpu", MICRO, "concurrent", share=2),
    "rate_50": Row(
        "get_run, 50 at once",
        *("calls a second", "rate"),
        kind="concurrent",
        share=2,
        is_more_better=True,
    ),
    "first_cpu": Row("import, client, first call", "ms of CPU", "cpu", MILLI),
    "first_wall": Row("import, client, first call", TIME, "wall", MILLI),
    "memory": Row("memory after the first call", MEMORY, "resident", MEBI),
    "peak": Row("memory at its peak", MEMORY, "peak", MEBI),
    "another": Row("memory of each further client", MEMORY, "another", MEBI),
    "submit": Row("a spec submitted, with its journal", CPU, "cpu", MICRO, "sync", "submit", 0.5),
    "fleet_memory": Row(
        "10,000 runs waited for", "bytes for each", "bytes held for a run", kind="fleet"
    ),
    "fleet_cpu": Row(
        "10,000 runs waited for, four hours", "s of CPU", "seconds of CPU in all", kind="fleet"
    ),
}
"""By the names that the command line knows them by."""

PICTURED = ("get_run", "list_runs", "start_run", "get_run_async", "rate_50", "first_cpu", "memory")


@frozen
class Aim:
    """Bounds on a ratio of ours to a peer, or on our own figure: lower ones, or upper ones."""

    row: str
    peer: str | None
    bound: Mapping[str, float]
    """By our variants; one that is not there has no such aim."""


AIMS = (
    Aim("get_run", "by_boto3", {"ours": 0.50}),
    Aim("get_run", "by_capo", {"ours": 1.10}),
    Aim("get_run", "bare_transport", {"ours": 1.05}),
    Aim("get_run_async", "bare_transport", {"ours": 1.05}),
    Aim("list_runs", "by_boto3", {"ours": 0.12}),
    Aim("list_runs", "by_capo", {"ours": 1.50}),
    Aim("start_run", "by_boto3", {"ours": 0.60}),
    Aim("get_run_async", "by_aiobotocore", {"ours": 0.85, "ours_fast": 0.85}),
    Aim("get_run_async", "by_capo", {"ours_fast": 0.85}),
    Aim("rate_50", "by_aiobotocore", {"ours": 1.30, "ours_fast": 1.30}),
    Aim("rate_50", "by_capo", {"ours_fast": 1.30}),
    Aim("first_cpu", "by_boto3", {"ours": 0.90}),
    Aim("memory", "by_boto3", {"ours": 0.80}),
    Aim("another", None, {"ours": 1.0}),
    Aim("fleet_memory", None, {"ours": 4096}),
)


def aim_of(row: str, peer: str | None, variant: str) -> float | None:
    """Return the bound that a variant of ours has there, if any."""
    found = (aim.bound.get(variant) for aim in AIMS if (aim.row, aim.peer) == (row, peer))
    return next(found, None)
