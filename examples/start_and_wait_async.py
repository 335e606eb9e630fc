"""Start several workflow runs at once, watch them, and print what became of each.

Without arguments it talks to an emulator on this machine; with `--aws` the same code talks to
AWS HealthOmics, where runs cost money. It runs on asyncio, or with `--backend trio` on trio:

    python examples/start_and_wait_async.py
    python examples/start_and_wait_async.py --backend trio
    python examples/start_and_wait_async.py --aws WORKFLOW_ID ROLE_ARN OUTPUT_URI
"""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import UTC, datetime

import anyio

from omics_runs import AsyncOmicsRunsClient, Progress, RetryPolicy, RunStatus
from omics_runs.emulator import Emulator, ScaledClock

BUCKET = "s3://omics-artifacts-01d6xmpl4e72dd32"
ROLE = "arn:aws:iam::123456789012:role/OmicsRole"
SAMPLES = ("NA12878", "NA12891", "NA12892")
PATIENT = RetryPolicy(max_attempts=10)  # by default, an account may start one run a second


async def main(client: AsyncOmicsRunsClient, workflow_id: str, role: str, output_uri: str) -> None:
    """Start a run for each sample, and wait for all of them at once."""
    async with client, anyio.create_task_group() as group:
        for sample in SAMPLES:
            group.start_soon(run_sample, client, sample, workflow_id, role, output_uri)


async def run_sample(
    client: AsyncOmicsRunsClient, sample: str, workflow_id: str, role: str, output_uri: str
) -> None:
    """Start the run of one sample, wait until it has completed, and print it."""
    started = await client.start_run(
        workflow_id=workflow_id,
        role_arn=role,
        output_uri=output_uri,
        name=sample,
        parameters={"sample_name": sample, "input_cram": f"{BUCKET}/{sample}.cram"},
        storage_type="DYNAMIC",
        retry=PATIENT,
    )
    print(f"started   {sample}  {started.ref}", flush=True)
    run = await client.wait_until(started, RunStatus.COMPLETED, timeout=86_400, progress=show)
    print(f"{run.name} {run.status}, results in {run.run_output_uri}", flush=True)


def show(progress: Progress) -> None:
    """Print each change of status."""
    if progress.changed:
        print(
            f"{datetime.now(UTC):%H:%M:%S}  {progress.run.name}  {progress.run.status}", flush=True
        )


async def on_emulator() -> None:
    """Run on loopback, where hours pass in seconds."""
    emulator = Emulator(ScaledClock(speed=1000))
    with emulator.serve() as url:
        await main(emulator.async_client(endpoint_url=url), "1234567", ROLE, f"{BUCKET}/out/")


async def on_aws(workflow_id: str, role: str, output_uri: str) -> None:
    """Run on AWS, with your credentials and region."""
    await main(AsyncOmicsRunsClient(), workflow_id, role, output_uri)


if __name__ == "__main__":
    parser = ArgumentParser()
    parser.add_argument("--backend", choices=("asyncio", "trio"), default="asyncio")
    parser.add_argument("--aws", nargs=3, metavar=("WORKFLOW_ID", "ROLE_ARN", "OUTPUT_URI"))
    options = parser.parse_args()
    if options.aws:
        anyio.run(on_aws, *options.aws, backend=options.backend)
    else:
        anyio.run(on_emulator, backend=options.backend)
