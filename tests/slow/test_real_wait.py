"""What takes real time; only `nox -s slow` runs it."""

from __future__ import annotations

from contextlib import closing

import pytest

from omics_runs.emulator import Durations, Emulator, SystemClock
from tests.emulator.boto3_stories import START
from tests.emulator.conftest import connect

AT_ONCE_RUNNING = Durations(pending=0, starting=0, running=15, stopping=0)
"""A run is RUNNING at the first poll of boto3's waiter, and over at the second, 30 s later."""


@pytest.mark.slow
@pytest.mark.usefixtures("_no_aws_files")
def test_waiter_of_boto3() -> None:
    """boto3's waiter, with its own delay, sees a run RUNNING and then COMPLETED in real time."""
    emulator = Emulator(SystemClock(), durations=AT_ONCE_RUNNING)
    with emulator.serve() as url, closing(connect(emulator, url)) as boto:
        run_id = boto.start_run(**START)["id"]
        assert emulator.runs[run_id].status == "RUNNING"
        boto.get_waiter("run_completed").wait(id=run_id)
    assert emulator.count("GetRun") == 2
    assert emulator.runs[run_id].status == "COMPLETED"
