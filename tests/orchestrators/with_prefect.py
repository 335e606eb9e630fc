"""The page's code within Prefect: `python -m tests.orchestrators.with_prefect`."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any

from omics_runs import errors
from omics_runs.emulator import Emulator, Fault
from tests.orchestrators.page import check, loaded, module_of, service

PATIENCE = 300
"""Seconds that Prefect's own server may take to start."""


def main() -> None:
    """Run the flow of the page, and its async task."""
    with service() as emulator, module_of("prefect") as (folder, name):
        set_up(folder)
        with loaded("prefect.testing.utilities").prefect_test_harness(PATIENCE):
            page = loaded(name)
            flows_become_runs(page, emulator)
            failed_runs_are_told(page, emulator)
            passing_errors_are_repeated(page, emulator)
            waits_are_async(page)


def set_up(folder: Path) -> None:
    """Give Prefect a home of its own."""
    os.environ["PREFECT_HOME"] = str(folder / "home")
    os.environ["PREFECT_SERVER_ANALYTICS_ENABLED"] = "false"


def flows_become_runs(page: Any, emulator: Emulator) -> None:
    """Run the flow, and again in place of itself."""
    (uri,) = page.cram_to_bam(["NA12878"])
    check("the result is where the run has written", holds=uri.startswith("s3://my-bucket/output"))
    names = [run.name for run in emulator.client().iter_runs()]
    check("one run was started", holds=names == ["NA12878"])


def failed_runs_are_told(page: Any, emulator: Emulator) -> None:
    """Run the flow with a run that fails."""
    state = page.cram_to_bam(["NA12891"], return_state=True)
    error = state.result(raise_on_failure=False)
    check("the run has failed", holds=isinstance(error, errors.RunFailedError))
    check("the error tells the diagnosis", holds="Who can act" in error.__notes__[0])
    looks = [one for one in emulator.requests if one.operation == "ListRunTasks"]
    check("a failed run is not waited for again", holds=len(looks) == 1)


def passing_errors_are_repeated(page: Any, emulator: Emulator) -> None:
    """Let every attempt of a call fail, and have the task repeated."""
    emulator.faults.add(Fault("StartRun", status=500, code="InternalServerException", times=5))
    quick = page.start_run.with_options(retry_delay_seconds=0)
    state = quick("cram_to_bam", "1", "NA12878", return_state=True)
    check("the task starts when the service is back", holds=state.is_completed())


def waits_are_async(page: Any) -> None:
    """Run the async wait as a task."""
    prefect = loaded("prefect")

    @prefect.flow
    async def waited() -> Any:
        ref = page.start_run("cram_to_bam", "1", "NA12878")
        return await prefect.task(page.ended)(ref)

    check("an async wait is a task", holds=asyncio.run(waited())["why"] is None)


if __name__ == "__main__":
    main()
