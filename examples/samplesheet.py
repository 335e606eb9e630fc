"""Start a run for each row of a sample sheet, exactly once, whatever happens on the way.

Without arguments it makes a sheet of 200 samples and talks to an emulator on this machine, which
throttles as the service does, loses answers, and refuses some starts; some of the runs fail. With
`--aws` the same code talks to AWS HealthOmics, where runs cost money:

    python examples/samplesheet.py
    python examples/samplesheet.py --aws WORKFLOW_ID ROLE_ARN OUTPUT_URI --sheet samples.csv

Kill it in the middle, by Ctrl-C or worse, and start it again with the `--folder` that it has named:
it goes on where it was, and ends with one run for each sample. In a terminal it has a live picture
if there is rich: `pip install 'omics-runs[rich]'`.
"""

from __future__ import annotations

import logging
import sys
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from tempfile import mkdtemp

from omics_runs import (
    Columns,
    OmicsRunsClient,
    RunOutcome,
    StartRunRequest,
    read_sample_sheet,
)
from omics_runs.display import LiveDisplay
from omics_runs.emulator import Durations, Emulator, Fault, ScaledClock

BRIEF = Durations(pending=5, starting=30, running=60, stopping=5)
DEMO = "1234567", "arn:aws:iam::123456789012:role/OmicsRole", "s3://my-bucket/out"


def main(client: OmicsRunsClient, base: StartRunRequest, sheet: Path, journal: Path) -> None:
    """Submit the sheet, wait for the runs, and print what became of them."""
    columns = Columns(base, name="sample", parameters={"reads": str, "threads": int})
    specs = read_sample_sheet(sheet, columns)
    with LiveDisplay(sys.stdout) as display:
        submission = client.submit(specs, key=sheet.stem, journal=journal, progress=display)
        print(submission)
        if submission.refused:  # here a role that was too new; mend what it says, and submit again
            submission = client.submit(specs, key=sheet.stem, journal=journal, progress=display)
            print(submission)
        submission.raise_for_errors()
        runs = submission.started.values()
        outcomes = client.wait_all(runs, timeout=86_400, progress=display)
    report(dict(zip(submission.started, outcomes, strict=True)))


def report(outcomes: Mapping[str, RunOutcome]) -> None:
    """Print which runs have failed, and how many ended how."""
    ends: Counter[str] = Counter()
    for name, outcome in outcomes.items():
        run, error = outcome.run, outcome.error
        ends[run.status if run else "unknown"] += 1
        if error is not None:
            print(f"{name} FAILED: {run.failure_reason}" if run and run.failure_reason else error)
    counts = ", ".join(f"{count} {status}" for status, count in ends.items())
    print(f"{len(outcomes)} runs: {counts}")


def write_sheet(sheet: Path, samples: int) -> None:
    """Write the sheet of the demonstration."""
    rows = [f"S{n:03},s3://my-bucket/reads/S{n:03}.cram,{2 + n % 7}" for n in range(1, samples + 1)]
    sheet.write_text("\n".join(["sample,reads,threads", *rows, ""]), encoding="utf-8")


def unkind_emulator(data: Path) -> Emulator:
    """Return an emulator with all that happens on a long day; its file outlasts this process."""
    clock = ScaledClock(speed=100)
    emulator = Emulator(clock, rates="documented", durations=BRIEF, data=data)
    too_new = "The role can't be assumed yet."
    emulator.faults.add(
        Fault("StartRun", status=500, after_commit=True, skip=3),
        Fault("StartRun", code="ValidationException", message=too_new, skip=90, times=2),
        Fault.throttle("StartRun", times=3),
    )
    emulator.plan(name="S*7", ends="FAILED", failure_reason="OUT_OF_MEMORY_ERROR")
    return emulator


if __name__ == "__main__":
    parser = ArgumentParser(description="A sample sheet, submitted exactly once, here or on AWS.")
    parser.add_argument(
        "--aws",
        nargs=3,
        metavar=("WORKFLOW_ID", "ROLE_ARN", "OUTPUT_URI"),
        help="run on AWS, with the region and credentials of your environment or profile",
    )
    parser.add_argument("--sheet", type=Path, help="a sheet of your own; default: one is made")
    parser.add_argument("--samples", type=int, default=200, help="rows of the sheet that is made")
    parser.add_argument("--folder", type=Path, help="where an earlier one was left; default: new")
    options = parser.parse_args()
    folder = options.folder or Path(mkdtemp(prefix="samplesheet-"))
    print(f"if this is interrupted, go on with: --folder {folder}", flush=True)
    sheet = options.sheet or folder / "samples.csv"
    if not sheet.exists():
        write_sheet(sheet, options.samples)
    workflow_id, role_arn, output_uri = options.aws or DEMO
    base = StartRunRequest(
        workflow_id=workflow_id, role_arn=role_arn, output_uri=output_uri, storage_type="DYNAMIC"
    )
    logging.getLogger("omics_runs").addHandler(logging.NullHandler())  # the display tells
    if options.aws:
        with OmicsRunsClient() as client:
            main(client, base, sheet, folder / "journal")
    else:
        with unkind_emulator(folder / "emulator") as emulator, emulator.client() as client:
            main(client, base, sheet, folder / "journal")
