"""A week of a large client in minutes: a thousand runs, waited for at once, and much goes wrong.

The emulator and the client share a virtual clock. Calls are throttled, answered with 5xx, reset
before and after they took effect; session tokens expire each hour although their date says
otherwise; the machine's clock is hours wrong, and is set anew twice a day. At the end each wait is
held against what the emulator knows to be true:

    python benchmarks/soak.py
    python benchmarks/soak.py --runs 50 --days 1
"""

from __future__ import annotations

import argparse
import gc
import importlib
import sys
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, Literal

import anyio
from attrs import define, field

from omics_runs import (
    TERMINAL,
    AsyncOmicsRunsClient,
    Credentials,
    GetRunResponse,
    ResponseEvent,
    StartRunRequest,
    errors,
)
from omics_runs.emulator import Emulator, Fault, Quotas, VirtualClock

HOUR, DAY = 3600.0, 86_400.0
SKEWS = (0.0, 2 * HOUR, -7 * HOUR, 30.0, 3 * DAY)
"""Seconds by which the machine's clock is wrong, one after the other."""
ENDINGS: tuple[Literal["COMPLETED", "FAILED"], ...] = (
    "COMPLETED",
    "COMPLETED",
    "COMPLETED",
    "FAILED",
)
FAULTS = (
    Fault(code="ThrottlingException", probability=0.05),
    Fault(status=500, probability=0.02),
    Fault(status=503, probability=0.02),
    Fault(reset=True, probability=0.01),
    Fault("StartRun", reset=True, after_commit=True, probability=0.10),
    Fault("StartRun", status=500, after_commit=True, probability=0.05),
    Fault("GetRun", drop="mid-body", probability=0.01),
    Fault("GetRun", delay=40.0, probability=0.002),
)


class WrongClock(VirtualClock):
    """A virtual clock whose time of day is off by as much as somebody sets it."""

    skew = 0.0

    def now(self) -> datetime:
        """Return the real time of day, wrong by the skew."""
        return datetime.now(UTC) + timedelta(seconds=self.skew)


@define
class Vending:
    """Hands out session tokens whose date of expiry can't be believed."""

    emulator: Emulator
    number: int = 0
    asked: int = 0

    async def __call__(self) -> Credentials:
        """Return the token of this hour."""
        self.asked += 1
        far = datetime.now(UTC) + timedelta(days=30)
        return Credentials(
            self.emulator.access_key, self.emulator.secret_key, self.token, expires_at=far
        )

    @property
    def token(self) -> str:
        """The token of this hour."""
        return f"token-{self.number}"

    def expire(self) -> None:
        """End the hour."""
        self.emulator.expire_token(self.token)
        self.number += 1


@define
class Soak:
    """One week."""

    runs: int
    days: float
    random: Random
    clock: WrongClock = field(factory=WrongClock)
    attempts: Counter[str] = field(factory=Counter[str])
    ended: dict[str, GetRunResponse] = field(factory=dict[str, GetRunResponse])
    surprises: list[str] = field(factory=list[str])
    memory: list[float] = field(factory=list[float])

    async def play(self) -> Emulator:
        """Start all runs, wait for each, and return the emulator that knows the truth."""
        emulator = Emulator(self.clock, quotas=Quotas(max_stored_runs=10 * self.runs))
        for fault in FAULTS:
            emulator.faults.add(fault)
        vending = Vending(emulator)
        async with emulator.async_client(
            credentials=vending,
            rate_limits={"StartRun": 1.0},
            on_response=self.count,
        ) as client:
            await self.play_with(client, emulator, vending)
        self.attempts["look-ups of keys"] = vending.asked
        return emulator

    async def play_with(
        self, client: AsyncOmicsRunsClient, emulator: Emulator, vending: Vending
    ) -> None:
        """Have all runs waited for while tokens expire and the clock goes wrong."""
        everybody = self.runs + 2  # one of them is there already: the clock counts one
        with self.clock.joined(everybody):
            async with anyio.create_task_group() as every_hour:
                every_hour.start_soon(self.each, HOUR, vending.expire)
                every_hour.start_soon(self.each, 11.5 * HOUR, self.look_around, emulator)
                self.clock.leave()
                async with anyio.create_task_group() as waits:
                    for number in range(self.runs):
                        waits.start_soon(self.follow, client, emulator, f"sample-{number:04}")
                every_hour.cancel_scope.cancel()

    async def each(self, seconds: float, act: Callable[..., None], *args: object) -> None:
        """Do something again and again."""
        while True:
            await self.clock.asleep(seconds)
            act(*args)

    def look_around(self, emulator: Emulator) -> None:
        """Set the machine's clock, and see how much memory is in use."""
        self.clock.skew = self.random.choice(SKEWS)
        emulator.forget_requests()
        gc.collect()
        resource: Any = importlib.import_module("resource")  # which Windows does not have
        self.memory.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)

    async def follow(self, client: AsyncOmicsRunsClient, emulator: Emulator, name: str) -> None:
        """Start one run and wait for its end."""
        after = self.random.uniform(HOUR, self.days * DAY - HOUR)
        emulator.plan(name, ends=self.random.choice(ENDINGS), after=after)
        request = StartRunRequest(
            workflow_id="1234567",
            role_arn="arn:aws:iam::123456789012:role/R",
            output_uri="s3://bucket/out",
            name=name,
        )
        try:
            started = await self.start(client, request)
            self.ended[name] = await client.wait_until(
                started, TERMINAL, min_delay=300, max_delay=2 * HOUR
            )
        except errors.OmicsRunsError as error:
            self.surprises.append(f"{name}: {type(error).__name__}: {error}")
        finally:
            self.clock.leave()

    async def start(self, client: AsyncOmicsRunsClient, request: StartRunRequest) -> str:
        """Send the same request until its answer arrives."""
        while True:
            try:
                return (await client.send(request)).id
            except (errors.TransportError, errors.InternalServerError, errors.ThrottlingError):
                self.attempts["starts sent again by the caller"] += 1
            except errors.ServiceError as error:
                if not error.retryable:
                    raise
                self.attempts["starts sent again by the caller"] += 1

    def count(self, event: ResponseEvent) -> None:
        """Count what became of each attempt."""
        self.attempts[event.attempt.reason or "answered"] += 1


def verdicts(soak: Soak, emulator: Emulator) -> list[str]:
    """Return everything that is not as it should be."""
    truth = {run.name: run for run in emulator.runs.values()}
    names = Counter(run.name for run in emulator.runs.values())
    lost = sorted({f"sample-{number:04}" for number in range(soak.runs)} - soak.ended.keys())
    wrong = [
        f"{name}: reported {run.status}, is {truth[name].status}"
        for name, run in soak.ended.items()
        if run.uuid != truth[name].uuid or run.status != truth[name].status
    ]
    twice = [f"{name}: {count} runs" for name, count in names.items() if count != 1]
    return [*soak.surprises, *(f"{name}: never ended" for name in lost), *wrong, *twice]


def main() -> int:
    """Play, and print what happened."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--days", type=float, default=7)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    soak = Soak(options.runs, options.days, Random(options.seed))
    began = time.perf_counter()
    emulator = anyio.run(soak.play)
    print(
        f"{options.runs} runs, {soak.clock.monotonic() / DAY:.1f} virtual days, "
        f"{time.perf_counter() - began:.0f} s"
    )
    for reason, count in soak.attempts.most_common():
        print(f"  {count:8} {reason}")
    print("  peak of memory in MiB, twice a day:", " ".join(f"{m:.0f}" for m in soak.memory))
    problems = verdicts(soak, emulator)
    print(f"  lost, doubled, or wrongly reported: {len(problems)}")
    for problem in problems[:20]:
        print("   ", problem)
    return bool(problems)


if __name__ == "__main__":
    sys.exit(main())
