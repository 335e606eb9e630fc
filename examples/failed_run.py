"""Find out why a run failed, draw where its time went, and start it once more with more memory.

Without arguments a run fails on an emulator first. With a run's id, or id/uuid, the same code looks
into that run on AWS; it starts nothing there unless told to with `--rerun`:

    python examples/failed_run.py
    python examples/failed_run.py 1234567
    python examples/failed_run.py 1234567 --rerun '{"parameters": {"memory_gib": 64}}'
"""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from omics_runs import TERMINAL, OmicsRunsClient, StartRunResponse
from omics_runs.emulator import Emulator, TaskPlan, VirtualClock


def main(client: OmicsRunsClient, run: str, changes: dict[str, Any] | None, picture: str) -> None:
    """Tell what became of a run, save its timeline, and start it once more if that is wanted."""
    found = client.diagnose(run)
    print(found)
    client.timeline(run).save(picture)
    print(f"\nwhere its time went: {picture}")
    if changes is None:
        return
    again = client.rerun(run, **changes)
    print(f"started once more: {again.ref}")
    ended = client.wait_until(again, TERMINAL, timeout=86_400)
    print(f"{ended.name} {ended.status}, results in {ended.run_output_uri}")


def fail(emulator: Emulator, client: OmicsRunsClient) -> StartRunResponse:
    """Start a run on the emulator that fails, and wait until it has; the next one will not."""
    memory = TaskPlan(name="call", ends="FAILED", failure_reason="OUT_OF_MEMORY_ERROR")
    align = TaskPlan(name="align", window=(0.0, 0.6))
    emulator.plan(ends="FAILED", failure_reason="RUN_TASK_FAILED", tasks=[align, memory])
    started = client.start_run(
        workflow_id="1234567",
        role_arn="arn:aws:iam::123456789012:role/OmicsRole",
        output_uri="s3://my-bucket/output",
        parameters={"sample_name": "NA12878", "memory_gib": 16},
        name="NA12878",
        storage_type="DYNAMIC",
    )
    client.wait_until(started, "FAILED")
    emulator.plan(ends="COMPLETED")
    return started


if __name__ == "__main__":
    parser = ArgumentParser(description="Why a run failed, on an emulator or on AWS.")
    parser.add_argument("run", nargs="?", help="a run on AWS: its id, or id/uuid")
    parser.add_argument(
        "--rerun", type=json.loads, metavar="JSON", help="start it once more, with these arguments"
    )
    parser.add_argument("--picture", default="failed_run.svg", help="file for its timeline")
    options = parser.parse_args()
    if options.run:
        with OmicsRunsClient() as client:
            main(client, options.run, options.rerun, options.picture)
    else:
        emulator = Emulator(VirtualClock())
        with emulator.client() as client:
            failed = fail(emulator, client)
            more = {"parameters": {"sample_name": "NA12878", "memory_gib": 64}}
            main(client, str(failed.ref), options.rerun or more, options.picture)
