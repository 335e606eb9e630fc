"""Start a workflow run, watch it, and print what became of it.

Without arguments it talks to an emulator on this machine; with `--aws` the same code talks to
AWS HealthOmics, where runs cost money:

    python examples/start_and_wait.py
    python examples/start_and_wait.py --aws WORKFLOW_ID ROLE_ARN OUTPUT_URI
"""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import UTC, datetime

from omics_runs import OmicsRunsClient, Progress, RunStatus
from omics_runs.emulator import Emulator, ScaledClock

BUCKET = "s3://omics-artifacts-01d6xmpl4e72dd32"
PARAMETERS = {
    "sample_name": "NA12878",
    "input_cram": f"{BUCKET}/NA12878.cram",
    "ref_dict": f"{BUCKET}/Homo_sapiens_assembly38.dict",
    "ref_fasta": f"{BUCKET}/Homo_sapiens_assembly38.fasta",
    "ref_fasta_index": f"{BUCKET}/Homo_sapiens_assembly38.fasta.fai",
}


def main(client: OmicsRunsClient, workflow_id: str, role_arn: str, output_uri: str) -> None:
    """Start the run, wait until it has completed, and print it."""
    started = client.start_run(
        workflow_id=workflow_id,
        role_arn=role_arn,
        output_uri=output_uri,
        name="cram-to-bam",
        parameters=PARAMETERS,
        storage_type="DYNAMIC",
        log_level="ALL",
    )
    print(f"started   {started.ref}")
    run = client.wait_until(started, RunStatus.COMPLETED, timeout=86_400, progress=show)
    print(f"{run.name} {run.status}, results in {run.run_output_uri}")


def show(progress: Progress) -> None:
    """Print each change of status."""
    if progress.changed:
        print(f"{datetime.now(UTC):%H:%M:%S}  {progress.run.status}", flush=True)


if __name__ == "__main__":
    parser = ArgumentParser(description="Start a run and wait for it, on an emulator or on AWS.")
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
        emulator = Emulator(ScaledClock(speed=1000))
        with emulator.serve() as url, emulator.client(endpoint_url=url) as client:
            main(client, "1234567", "arn:aws:iam::123456789012:role/OmicsRole", f"{BUCKET}/out/")
