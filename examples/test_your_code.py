"""Test code that starts runs, without an account and without waiting: a file to copy from.

The fixtures `omics_emulator`, `omics_client` and `async_omics_client` come with the package; pytest
finds them by itself:

    python -m pip install pytest
    python -m pytest examples/test_your_code.py
"""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from omics_runs import AsyncOmicsRunsClient, OmicsRunsClient, RunStatus, errors
from omics_runs.emulator import Emulator, Fault

WORKFLOW_ID = "1234567"
ROLE = "arn:aws:iam::123456789012:role/OmicsRole"
OUTPUT = "s3://my-bucket/output"


# --- your code: it knows nothing of tests -------------------------------------------------------


def analyze(sample: str) -> str:
    """Run the workflow for a sample, and return a line for the report."""
    with OmicsRunsClient() as client:
        started = client.start_run(
            workflow_id=WORKFLOW_ID,
            role_arn=ROLE,
            output_uri=OUTPUT,
            name=sample,
            parameters={"sample_name": sample},
            storage_type="DYNAMIC",
        )
        try:
            run = client.wait_until(started, timeout=86_400)
        except errors.RunFailedError as error:
            return f"{sample} failed: {error.failure_reason}"
    return f"{sample} is in {run.run_output_uri}"


async def analyze_in(client: AsyncOmicsRunsClient, sample: str) -> RunStatus:
    """Run the workflow for a sample with a client of the caller's, and return how it ended."""
    started = await client.start_run(
        workflow_id=WORKFLOW_ID,
        role_arn=ROLE,
        output_uri=OUTPUT,
        name=sample,
        storage_type="DYNAMIC",
    )
    return (await client.wait_until(started)).status


def newest_run(omics: Any) -> str:
    """Return the name of the newest run; `omics` is a boto3 client."""
    return str(omics.list_runs(maxResults=1)["items"][0]["name"])


# --- your tests ---------------------------------------------------------------------------------


def test_a_finished_run_is_reported(omics_emulator: Emulator) -> None:
    """The code builds its client itself; the environment leads it to the emulator."""
    assert analyze("NA12878").startswith(f"NA12878 is in {OUTPUT}/")
    assert omics_emulator.requests[0].body["parameters"] == {"sample_name": "NA12878"}


def test_a_failed_run_is_reported(omics_emulator: Emulator) -> None:
    """What becomes of a run is planned before it starts."""
    omics_emulator.plan(name="NA*", ends="FAILED", failure_reason="OUT_OF_MEMORY_ERROR")
    assert analyze("NA12878") == "NA12878 failed: OUT_OF_MEMORY_ERROR"


def test_a_throttled_call_starts_one_run(omics_emulator: Emulator) -> None:
    """The first StartRun is refused and repeated; the pause between them is real, up to 1 s."""
    omics_emulator.faults.add(Fault("StartRun", code="ThrottlingException"))
    analyze("NA12878")
    assert omics_emulator.count("StartRun") == 2
    assert len(omics_emulator.runs) == 1


def test_a_lost_answer_starts_one_run(omics_emulator: Emulator) -> None:
    """The run has started, but nobody was told: the repeated call must not start another."""
    omics_emulator.faults.add(Fault("StartRun", drop=True, after_commit=True))
    analyze("NA12878")
    assert len(omics_emulator.runs) == 1


def test_a_run_can_be_watched(omics_client: OmicsRunsClient) -> None:
    """A client in process shares the emulator's clock: it sees each status, and never waits."""
    started = omics_client.start_run(
        workflow_id=WORKFLOW_ID, role_arn=ROLE, output_uri=OUTPUT, storage_type="DYNAMIC"
    )
    seen: list[str] = []
    omics_client.wait_until(
        started, max_delay=30, progress=lambda told: seen.append(told.run.status)
    )
    assert list(dict.fromkeys(seen)) == ["PENDING", "STARTING", "RUNNING", "STOPPING", "COMPLETED"]


def test_two_runs_at_once(async_omics_client: AsyncOmicsRunsClient) -> None:
    """The async client works in any event loop: here in one of the test's own."""

    async def both() -> list[RunStatus]:
        samples = ("NA12878", "NA12891")
        return await asyncio.gather(*(analyze_in(async_omics_client, name) for name in samples))

    assert asyncio.run(both()) == [RunStatus.COMPLETED, RunStatus.COMPLETED]


def test_code_with_boto3(omics_emulator: Emulator) -> None:
    """Clients of boto3 find the emulator just so."""
    boto3: Any = pytest.importorskip("boto3")
    analyze("NA12878")
    assert newest_run(boto3.client("omics")) == "NA12878"
    assert omics_emulator.count("ListRuns") == 1
