"""Start runs from many threads against a service that throttles: this SDK paced, boto3 by itself.

Everything happens on this machine: an emulator on loopback allows one StartRun a second, as the
service does by default, in real time, for boto3 knows no other. Each contender gets an emulator of
its own, and starts its runs once, with its own retries and nothing around them:

    python benchmarks/submissions.py
    python benchmarks/submissions.py --runs 4 --threads 2 --rate 10

boto3 has to be installed; it is among the requirements of the tests.
"""

from __future__ import annotations

import time
from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, closing, contextmanager
from functools import partial
from typing import Any

import boto3
from attrs import frozen
from botocore.config import Config

from omics_runs import SERVICE_RATES
from omics_runs.emulator import Emulator, SystemClock

ROLE, OUTPUT = "arn:aws:iam::123456789012:role/OmicsRole", "s3://my-bucket/output"
MODES = ("standard", "legacy", "adaptive")

Start = Callable[[int], object]
Contender = Callable[[Emulator, str], AbstractContextManager[Start]]


@frozen(kw_only=True)
class Result:
    """How a contender did."""

    name: str
    failures: int
    calls: int
    seconds: float


@contextmanager
def paced(emulator: Emulator, url: str, *, rate: float) -> Iterator[Start]:
    """Return how this SDK starts a run."""
    with emulator.client(endpoint_url=url, rate_limits={"StartRun": rate}) as client:
        yield lambda number: client.start_run(
            workflow_id="1234567", role_arn=ROLE, output_uri=OUTPUT, name=f"run-{number}"
        )


@contextmanager
def by_boto3(emulator: Emulator, url: str, *, mode: Any, threads: int) -> Iterator[Start]:
    """Return how boto3 starts a run, in one of its retry modes."""
    client = boto3.client(
        "omics",
        region_name=emulator.region,
        endpoint_url=url,
        aws_access_key_id=emulator.access_key,
        aws_secret_access_key=emulator.secret_key,
        config=Config(
            retries={"mode": mode}, inject_host_prefix=False, max_pool_connections=threads
        ),
    )
    with closing(client):
        yield lambda number: client.start_run(
            workflowId="1234567",
            roleArn=ROLE,
            outputUri=OUTPUT,
            name=f"run-{number}",
            requestId=f"run-{number}",
        )


def measure(name: str, contender: Contender, options: Any) -> Result:
    """Have a contender start all runs, and count."""
    emulator = Emulator(SystemClock(), rates={"StartRun": options.rate})
    with (
        emulator.serve() as url,
        contender(emulator, url) as start,
        ThreadPoolExecutor(options.threads) as pool,
    ):
        began = time.monotonic()
        failures = sum(pool.map(lambda number: has_failed(start, number), range(options.runs)))
        seconds = time.monotonic() - began
    return Result(name=name, failures=failures, calls=emulator.count("StartRun"), seconds=seconds)


def has_failed(start: Start, number: int) -> bool:
    """Start a run; return whether that failed for good."""
    try:
        start(number)
    except Exception:  # noqa: BLE001  (each contender has errors of its own)
        return True
    return False


def show(results: list[Result]) -> None:
    """Print a table, in which the ratios are to the first."""
    first = results[0]
    print(f"{'':24}{'failed':>8}{'calls':>8}{'ratio':>8}{'seconds':>10}{'ratio':>8}")
    for one in results:
        print(
            f"{one.name:24}{one.failures:8}{one.calls:8}{one.calls / first.calls:8.2f}"
            f"{one.seconds:10.1f}{one.seconds / first.seconds:8.2f}"
        )


def main() -> None:
    """Measure all contenders one after another."""
    parser = ArgumentParser(description="Submissions against a throttling service, side by side.")
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--threads", type=int, default=16)
    parser.add_argument("--rate", type=float, default=SERVICE_RATES["StartRun"])
    options = parser.parse_args()
    print(f"{options.runs} runs, {options.threads} threads, {options.rate:g} StartRun a second")
    contenders: dict[str, Contender] = {
        "omics_runs, paced": partial(paced, rate=options.rate),
        **{
            f"boto3, {mode}": partial(by_boto3, mode=mode, threads=options.threads)
            for mode in MODES
        },
    }
    show([measure(name, contender, options) for name, contender in contenders.items()])


if __name__ == "__main__":
    main()
