"""Wait for many runs at once, against an emulator that throttles as the service does.

Everything happens in one process, on a virtual clock: the emulator allows ten GetRun and ten
ListRuns a second, and the runs, which take four hours each, were started one a second. The
emulator's own work is in the seconds as well; the memory is that of the wait:

    python benchmarks/fleet.py
    python benchmarks/fleet.py --runs 1000 --rate 5
"""

from __future__ import annotations

import time
import tracemalloc
from argparse import ArgumentParser
from contextlib import suppress

from attrs import define, field

from omics_runs import FleetProgress, RunOutcome, RunRef
from omics_runs.emulator import Durations, Emulator, Quotas, VirtualClock

ROLE, OUTPUT = "arn:aws:iam::123456789012:role/OmicsRole", "s3://my-bucket/output"
HOURS = 4.0


@define
class Sweeps:
    """What the rounds of a wait have cost, read from its progress."""

    emulator: Emulator
    calls: list[int] = field(factory=list[int])
    """Calls of ListRuns of each round."""

    def __call__(self, _: FleetProgress) -> None:
        """Note the calls since the round before."""
        self.calls.append(self.emulator.count("ListRuns") - sum(self.calls))


def started(emulator: Emulator, runs: int) -> list[RunRef]:
    """Start runs, one a second."""
    refs: list[RunRef] = []
    with emulator.client(rate_limits={"StartRun": 1.0}, sign=False) as client:
        for number in range(runs):
            answer = client.start_run(
                workflow_id="1234567", role_arn=ROLE, output_uri=OUTPUT, name=f"run-{number}"
            )
            refs.append(answer.ref)
    return refs


def wait_for(emulator: Emulator, refs: list[RunRef], rate: float, delay: float) -> None:
    """Wait for all runs, and print what it took."""
    sweeps = Sweeps(emulator)
    emulator.forget_requests()
    began, clock = time.process_time(), emulator.clock.monotonic()
    with emulator.client(poll_rate=rate, sign=False) as client:
        outcomes = client.wait_all(refs, min_delay=delay, max_delay=delay, progress=sweeps)
    show(emulator, outcomes, sweeps)
    print(f"hours on the clock     {(emulator.clock.monotonic() - clock) / 3600:10.2f}")
    print(f"seconds of CPU in all  {time.process_time() - began:10.1f}")


def show(emulator: Emulator, outcomes: tuple[RunOutcome, ...], sweeps: Sweeps) -> None:
    """Print what the service has seen."""
    throttled = sum(one.status == 429 for one in emulator.requests)  # noqa: PLR2004  (its status)
    print(f"completed              {sum(one.error is None for one in outcomes):10}")
    print(f"rounds                 {len(sweeps.calls):10}")
    print(f"ListRuns a round       {max(sweeps.calls):10} at most")
    print(f"ListRuns               {emulator.count('ListRuns'):10}")
    print(f"GetRun                 {emulator.count('GetRun'):10}")
    print(f"throttled calls        {throttled:10}")


class Seen(Exception):  # noqa: N818  (it only leaves the wait)
    """All runs were seen once."""


def measure_memory(emulator: Emulator, refs: list[RunRef], rate: float) -> None:
    """Print how much a wait holds for each run, once it has seen them all."""

    def stop(_: FleetProgress) -> None:
        raise Seen

    with emulator.client(poll_rate=rate, sign=False) as client:
        client.get_run(refs[0].id)  # what is made only once is not the wait's
        tracemalloc.start()
        outcomes = client.as_completed(refs, progress=stop)
        with suppress(Seen):
            next(outcomes)
        held, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    emulator.clock.sleep(1)  # the next client knows nothing of the calls of this one
    print(f"bytes held for a run   {held / len(outcomes.pending):10.0f}")


def main() -> None:
    """Start the runs, and measure a wait for all of them."""
    parser = ArgumentParser(description="A wait for many runs, at the service's own rates.")
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--rate", type=float, default=9.0, help="polls a second")
    parser.add_argument("--delay", type=float, default=600.0, help="seconds between rounds")
    options = parser.parse_args()
    emulator = Emulator(
        VirtualClock(),
        rates="documented",
        durations=Durations(running=HOURS * 3600),
        quotas=Quotas(max_stored_runs=100_000),
        verify_signatures=False,
    )
    refs = started(emulator, options.runs)
    print(
        f"{options.runs} runs, {options.rate:g} polls a second, {options.delay:g} s between rounds"
    )
    measure_memory(emulator, refs, options.rate)
    wait_for(emulator, refs, options.rate, options.delay)


if __name__ == "__main__":
    main()
