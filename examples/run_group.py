"""Start six runs in a group of two, watch them take turns, and print what became of each.

Without arguments it talks to an emulator on this machine; with `--aws` the same code talks to
AWS HealthOmics, where runs cost money:

    python examples/run_group.py
    python examples/run_group.py --aws WORKFLOW_ID ROLE_ARN OUTPUT_URI
"""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial

from omics_runs import (
    TERMINAL,
    OmicsRunsClient,
    Progress,
    RetryPolicy,
    StartRunRequest,
    StartRunResponse,
)
from omics_runs.emulator import Emulator, ScaledClock

SAMPLES = ("NA12878", "NA12891", "NA12892", "NA19238", "NA19239", "NA19240")
AT_A_TIME = 2
PATIENT = RetryPolicy(max_attempts=10)  # by default, an account may start one run a second


def main(client: OmicsRunsClient, workflow_id: str, role_arn: str, output_uri: str) -> None:
    """Start the runs, wait for all of them, print their results, and delete the group."""
    group = client.create_run_group(name="six-samples", max_runs=AT_A_TIME)
    base = StartRunRequest(
        workflow_id=workflow_id,
        role_arn=role_arn,
        output_uri=output_uri,
        run_group_id=group.id,
        storage_type="DYNAMIC",
    )
    started = [start(client, base, sample) for sample in SAMPLES]
    show = partial(show_the_group, client, group.id)
    for run in started:
        client.wait_until(run, TERMINAL, timeout=86_400, progress=show)
    print_results(client, started)
    client.delete_run_group(group.id)


def start(client: OmicsRunsClient, base: StartRunRequest, sample: str) -> StartRunResponse:
    """Start the run of one sample; each copy of the request is a run of its own."""
    request = base.replace(name=sample, parameters={"sample_name": sample})
    started = client.send(request, retry=PATIENT)
    print(f"started   {sample} {started.ref}")
    return started


def show_the_group(client: OmicsRunsClient, group_id: str, progress: Progress) -> None:
    """Print each change of status, and how many runs of the group are where."""
    if progress.changed:
        found = [run.status for run in client.iter_runs(run_group_id=group_id)]
        counts = ", ".join(f"{found.count(one)} {one}" for one in sorted(set(found)))
        run = progress.run
        print(f"{datetime.now(UTC):%H:%M:%S}  {run.name} {run.status} (all: {counts})", flush=True)


def print_results(client: OmicsRunsClient, started: Sequence[StartRunResponse]) -> None:
    """Print of each run where its results are, or why there are none."""
    for one in started:
        run = client.get_run(one.id)
        end = (
            f"results in {run.run_output_uri}" if run.status == "COMPLETED" else run.failure_reason
        )
        print(f"{run.name} {run.status}, {end}")


if __name__ == "__main__":
    parser = ArgumentParser(description="Six runs, two at a time, on an emulator or on AWS.")
    parser.add_argument(
        "--aws",
        nargs=3,
        metavar=("WORKFLOW_ID", "ROLE_ARN", "OUTPUT_URI"),
        help="run on AWS, with the region and credentials of your environment or profile",
    )
    options = parser.parse_args()
    if options.aws:
        with OmicsRunsClient() as client:
            main(client, *options.aws)
    else:
        emulator = Emulator(ScaledClock(speed=2000))
        with emulator.serve() as url, emulator.client(endpoint_url=url) as client:
            main(client, "1234567", "arn:aws:iam::123456789012:role/OmicsRole", "s3://bucket/out")
