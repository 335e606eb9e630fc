"""A plan for a hundred thousand runs: by arithmetic, and by a simulation that goes through it.

One program submits all specs and then waits for all runs, against an emulator that throttles as
the service does, on a virtual clock. What it took is printed beside what the arithmetic of
docs/fleets.md says. The whole plan takes a while; a hundredth of it shows the same in seconds:

    python benchmarks/plan.py
    python benchmarks/plan.py --runs 1000 --concurrent 20
    python benchmarks/plan.py --runs 1000 --concurrent 20 --via batch
"""

from __future__ import annotations

import itertools
import math
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from typing import Literal

from attrs import frozen

from omics_runs import RunSpec, StartRunRequest
from omics_runs.emulator import Durations, Emulator, Quotas, VirtualClock

HOUR = 3600.0
PACED = 1.05
"""How much longer than the service demands starts are apart, so that none is throttled."""
LOOK = 45.0
"""Seconds between two looks at a batch, on average."""
PAGE = 100
"""Runs on a page of a list."""
BASE = StartRunRequest(
    workflow_id="1234567",
    role_arn="arn:aws:iam::123456789012:role/OmicsRole",
    output_uri="s3://my-bucket/output",
    storage_type="DYNAMIC",
)


@frozen(kw_only=True)
class Plan:
    """What is to be done, at which rates, and how long and how many calls that takes."""

    runs: int
    concurrent: int
    """How many runs the account may have active at a time."""
    hours: float
    """How long each run takes, from its slot to its end."""
    starts: float
    """Starts a second."""
    polls: float
    """Polls a second."""
    delay: float
    """Seconds between two rounds of the wait."""
    via: Literal["runs", "batch"] = "runs"

    @property
    def submitting(self) -> float:
        """Hours until the last run is started; a client of ours leaves a bit of the rate unused."""
        margin = PACED if self.via == "runs" else 1.0
        return self.runs * margin / self.starts / HOUR

    @property
    def running(self) -> float:
        """Hours until the last run has ended: the slower of starting and running decides."""
        return max(self.submitting + self.hours, self.runs * self.hours / self.concurrent)

    def rounds(self) -> Iterator[float]:
        """Yield how many runs are active in each round of a wait that follows the submission.

        Besides its pages, a round asks for each run that has ended since the round before.
        """
        hour, settled = self.submitting, 0.0
        while hour < self.running:
            active = self._active_at(hour)
            yield active
            calls = self.sweep(active) + (self.runs - active - settled)
            settled = self.runs - active
            hour += (calls / self.polls + self.delay) / HOUR

    def _active_at(self, hour: float) -> float:
        ended = min(self.concurrent / self.hours, self.starts * HOUR) * max(hour - self.hours, 0.0)
        return max(self.runs - ended, 0.0)

    @staticmethod
    def sweep(active: float) -> int:
        """Return the most calls of ListRuns that a round takes."""
        return math.ceil(active / PAGE) + 4


def planned(plan: Plan) -> dict[str, float]:
    """Return what the plan takes on paper."""
    rounds = list(plan.rounds())
    return {
        "hours to submit": plan.submitting,
        "hours until all is known": plan.running,
        **_starting(plan),
        "rounds": len(rounds),
        "ListRuns a round, at most": plan.sweep(max(rounds)),
        "ListRuns": sum(map(plan.sweep, rounds)),
        "GetRun": plan.runs,
        "throttled": 0,
    }


def _starting(plan: Plan) -> dict[str, float]:
    if plan.via == "runs":
        return {"StartRun": plan.runs}
    looks = plan.submitting * HOUR / LOOK
    return {"StartRunBatch": 1, "GetBatch": looks, "ListRunsInBatch": math.ceil(plan.runs / PAGE)}


def simulated(plan: Plan) -> dict[str, float]:
    """Return what the plan takes on a virtual clock."""
    emulator = Emulator(
        VirtualClock(),
        rates="documented",
        durations=Durations(running=plan.hours * HOUR - 660),  # with ten minutes of setting up
        quotas=Quotas(max_active_runs=plan.concurrent, max_stored_runs=plan.runs),
        verify_signatures=False,
    )

    def upload(name: str, data: bytes) -> str:
        emulator.add_object(f"s3://my-bucket/{name}", data.decode())
        return f"s3://my-bucket/{name}"

    sweeps: list[int] = [0]
    specs = (RunSpec(f"sample-{n}", BASE) for n in range(plan.runs))
    with emulator.client(sign=False, poll_rate=plan.polls) as client:
        began = emulator.clock.monotonic()
        submission = (
            client.submit(specs, key="plan", rate=plan.starts)
            if plan.via == "runs"
            else client.submit(specs, key="plan", via="batch", upload=upload)
        )
        submitted = emulator.clock.monotonic()
        client.wait_all(
            submission.started.values(),
            min_delay=plan.delay,
            max_delay=plan.delay,
            progress=lambda _: sweeps.append(emulator.count("ListRuns")),
        )
        ended = emulator.clock.monotonic()
    return {
        "hours to submit": (submitted - began) / HOUR,
        "hours until all is known": (ended - began) / HOUR,
        **{name: emulator.count(name) for name in _starting(plan)},
        "rounds": len(sweeps) - 1,
        "ListRuns a round, at most": max(b - a for a, b in itertools.pairwise(sweeps)),
        "ListRuns": emulator.count("ListRuns"),
        "GetRun": emulator.count("GetRun"),
        "throttled": sum(one.status == 429 for one in emulator.requests),  # noqa: PLR2004
    }


def main() -> None:
    """Print the plan on paper beside the plan on a virtual clock."""
    parser = ArgumentParser(description="A plan for many runs, on paper and on a virtual clock.")
    parser.add_argument("--runs", type=int, default=100_000)
    parser.add_argument("--concurrent", type=int, default=2_000, help="the account's quota")
    parser.add_argument("--hours", type=float, default=4.0, help="of each run")
    parser.add_argument("--starts", type=float, default=1.0, help="a second")
    parser.add_argument("--polls", type=float, default=9.0, help="a second")
    parser.add_argument("--delay", type=float, default=HOUR, help="seconds between two rounds")
    parser.add_argument("--via", choices=("runs", "batch"), default="runs")
    options = parser.parse_args()
    plan = Plan(**vars(options))
    began = time.process_time()
    paper, played = planned(plan), simulated(plan)
    print(f"{plan.runs:,} runs of {plan.hours:g} h, {plan.concurrent:,} at a time")
    print(f"{'':28}{'on paper':>12}{'simulated':>12}")
    for what, number in paper.items():
        digits = 1 if what.startswith("hours") else 0
        print(f"{what:28}{number:12,.{digits}f}{played[what]:12,.{digits}f}")
    print(f"{'seconds of CPU':28}{'':12}{time.process_time() - began:12,.0f}")


if __name__ == "__main__":
    main()
