"""A HealthOmics on your own machine, for tests, demonstrations and development without an account.

    with Emulator().client() as client:
        started = client.start_run(workflow_id="1234567", role_arn=..., output_uri=...)
        run = client.wait_until(started)

In process it is an httpx transport and needs no socket; on loopback it answers boto3, the AWS CLI
and any other client: `with Emulator().serve() as url`, or `python -m omics_runs.emulator`.
"""

from __future__ import annotations

from omics_runs._clock import Clock, ScaledClock, SystemClock, VirtualClock
from omics_runs.emulator._emulator import Emulator
from omics_runs.emulator._faults import Fault
from omics_runs.emulator._injection import Faults
from omics_runs.emulator._log import Recorded
from omics_runs.emulator._plan import Durations, TaskPlan
from omics_runs.emulator._quotas import Quotas
from omics_runs.emulator._rates import DOCUMENTED_RATES

__all__ = [
    "DOCUMENTED_RATES",
    "Clock",
    "Durations",
    "Emulator",
    "Fault",
    "Faults",
    "Quotas",
    "Recorded",
    "ScaledClock",
    "SystemClock",
    "TaskPlan",
    "VirtualClock",
]
