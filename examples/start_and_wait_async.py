"""Start several workflow runs, watch them all at once, and print what became of each.

Without arguments it talks to an emulator on this machine; with `--aws` the same code talks to
AWS HealthOmics, where runs cost money. It runs on asyncio, or with `--backend trio` on trio
(which is a package of its own: `python -m pip install trio`):

    python examples/start_and_wait_async.py
    python examples/start_and_wait_async.py --backend trio
    python examples/start_and_wait_async.py --aws WORKFLOW_ID ROLE_ARN OUTPUT_URI
"""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import UTC, datetime

import anyio

from omics_runs import (
    TERMINAL,
    AsyncOmicsRunsClient,
    Progress,
    RetryPolicy,
    RunStatus,
    StartRunRequest,
    StartRunResponse,
    errors,
)
from omics_runs.emulator import Emulator, ScaledClock

BUCKET = "s3://omics-artifacts-01d6xmpl4e72dd32"
ROLE = "arn:aws:iam::123456789012:role/OmicsRole"
SAMPLES = ("NA12878", "NA12891", "NA12892")
PATIENT = RetryPolicy(max_attempts=10)  # by default, an account may start one run a second


async def main(client: AsyncOmicsRunsClient, workflow_id: str, role: str, output_uri: str) -> None:
    """Start a run for each sample, one after another; then wait for all of them at once."""
    base = StartRunRequest(
        workflow_id=workflow_id, role_arn=role, output_uri=output_uri, storage_type="DYNAMIC"
    )
    runs: dict[str, StartRunResponse] = {}
    async with client:
        for sample in SAMPLES:
            inputs = {"sample_name": sample, "input_cram": f"{BUCKET}/{sample}.cram"}
            request = base.replace(name=sample, parameters=inputs)
            runs[sample] = await client.send(request, retry=PATIENT)
            print(f"started   {sample}  {runs[sample].ref}", flush=True)
        async with anyio.create_task_group() as group:
            for sample, started in runs.items():
                group.start_soon(watch, client, sample, started)


async def watch(client: AsyncOmicsRunsClient, sample: str, started: StartRunResponse) -> None:
    """Wait until the run has ended, and print how; no trouble with it ends the other waits."""
    try:
        run = await client.wait_until(started, TERMINAL, timeout=86_400, progress=show)
    except errors.OmicsRunsError as error:
        print(f"{sample} is not known to have ended: {error}", flush=True)
        return
    if run.status == RunStatus.COMPLETED:
        print(f"{sample} {run.status}, results in {run.run_output_uri}", flush=True)
    else:
        print(f"{sample} {run.status}: {run.failure_reason or run.status_message}", flush=True)


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
    parser = ArgumentParser(description="Start runs and wait for them, on an emulator or on AWS.")
    parser.add_argument("--backend", choices=("asyncio", "trio"), default="asyncio")
    parser.add_argument(
        "--aws",
        nargs=3,
        metavar=("WORKFLOW_ID", "ROLE_ARN", "OUTPUT_URI"),
        help="run on AWS, with the region and credentials of your environment or profile",
    )
    options = parser.parse_args()
    if options.aws:
        anyio.run(on_aws, *options.aws, backend=options.backend)
    else:
        anyio.run(on_emulator, backend=options.backend)
