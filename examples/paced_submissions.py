"""Start twenty runs at the service's own pace, from several threads, and wait for all of them.

Without arguments it talks to an emulator on this machine, which throttles as the service does;
with `--aws` the same code talks to AWS HealthOmics, where runs cost money:

    python examples/paced_submissions.py
    python examples/paced_submissions.py --aws WORKFLOW_ID ROLE_ARN OUTPUT_URI
"""

from __future__ import annotations

from argparse import ArgumentParser
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from omics_runs import SERVICE_RATES, TERMINAL, OmicsRunsClient, RetryPolicy, StartRunRequest
from omics_runs.emulator import Durations, Emulator, ScaledClock

PATIENT = RetryPolicy(max_attempts=10)  # others may share the account, and its rates
BRIEF = Durations(pending=5, starting=30, running=60, stopping=5)
SAMPLES = tuple(f"sample-{number:02}" for number in range(1, 21))


def main(client: OmicsRunsClient, workflow_id: str, role_arn: str, output_uri: str) -> None:
    """Start a run of each sample, wait for all of them, and print a line of each."""
    base = StartRunRequest(
        workflow_id=workflow_id,
        role_arn=role_arn,
        output_uri=output_uri,
        storage_type="DYNAMIC",
    )
    with ThreadPoolExecutor(len(SAMPLES)) as threads:
        for line in threads.map(partial(see_through, client, base), SAMPLES):
            print(line, flush=True)


def see_through(client: OmicsRunsClient, base: StartRunRequest, sample: str) -> str:
    """Start the run of a sample, wait for its end, and tell what became of it.

    Nothing here speaks of rates: whoever calls the client waits for its turn.
    """
    request = base.replace(name=sample, parameters={"sample_name": sample})
    started = client.send(request)
    run = client.wait_until(started, TERMINAL, timeout=86_400)
    end = f"results in {run.run_output_uri}" if run.status == "COMPLETED" else run.failure_reason
    return f"{run.name} {run.status}, {end}"


if __name__ == "__main__":
    parser = ArgumentParser(description="Twenty runs at the service's pace, here or on AWS.")
    parser.add_argument(
        "--aws",
        nargs=3,
        metavar=("WORKFLOW_ID", "ROLE_ARN", "OUTPUT_URI"),
        help="run on AWS, with the region and credentials of your environment or profile",
    )
    options = parser.parse_args()
    if options.aws:
        with OmicsRunsClient(rate_limits=SERVICE_RATES, retry=PATIENT) as client:
            main(client, *options.aws)
    else:
        emulator = Emulator(ScaledClock(speed=100), durations=BRIEF, rates="documented")
        with (
            emulator.serve() as url,
            emulator.client(endpoint_url=url, rate_limits=SERVICE_RATES, retry=PATIENT) as client,
        ):
            main(client, "1234567", "arn:aws:iam::123456789012:role/OmicsRole", "s3://bucket/out")
