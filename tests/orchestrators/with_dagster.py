"""The page's code within Dagster: `python -m tests.orchestrators.with_dagster`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from omics_runs.emulator import Emulator, Fault
from tests.orchestrators.page import check, loaded, module_of, service


def main() -> None:
    """Run its assets and its ops."""
    dagster = loaded("dagster")
    with service() as emulator, module_of("dagster") as (folder, name):
        page = loaded(name)
        assets_become_runs(dagster, page, folder)
        passing_errors_are_repeated(dagster, page, emulator)


def assets_become_runs(dagster: Any, page: Any, folder: Path) -> None:
    """Materialize the partition of a run that completes, and of one that fails."""
    store = dagster.DagsterInstance.local_temp(str(folder))
    files = {"io_manager": dagster.FilesystemIOManager(base_dir=str(folder))}
    how = {"instance": store, "resources": files, "raise_on_error": False}
    assets = [page.started, page.bam]
    good = dagster.materialize(assets, partition_key="NA12878", **how)
    uri = good.output_for_node("bam")
    check("the asset is where the run has written", holds=uri.startswith("s3://my-bucket/output"))

    bad = dagster.materialize(assets, partition_key="NA12891", **how)
    (failure,) = [event.event_specific_data for event in bad.get_step_failure_events()]
    check("the failure tells the diagnosis", holds="Who can act" in failure.error.cause.message)
    retried = [event for event in bad.all_events if event.is_step_up_for_retry]
    check("a failed run is not waited for again", holds=not retried)


def passing_errors_are_repeated(dagster: Any, page: Any, emulator: Emulator) -> None:
    """Let every attempt of a call fail, and have the op repeated."""
    emulator.faults.add(Fault("StartRun", status=500, code="InternalServerException", times=5))
    repeated = dagster.RetryPolicy(max_retries=5, delay=0)
    start = dagster.op(retry_policy=repeated)(page.ending_by(page.final, page.start))
    wait = dagster.op(retry_policy=repeated)(page.ending_by(page.final, page.wait))

    @dagster.job
    def cram_to_bam() -> None:
        wait(start())

    inputs = {"pipeline": "cram_to_bam", "pipeline_run": "1", "sample": "NA12878"}
    done = cram_to_bam.execute_in_process(run_config={"ops": {"start": {"inputs": inputs}}})
    retried = [event.step_key for event in done.all_events if event.is_step_up_for_retry]
    check("the op starts when the service is back", holds=set(retried) == {"start"})


if __name__ == "__main__":
    main()
