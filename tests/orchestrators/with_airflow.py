"""The page's code within Airflow: `python -m tests.orchestrators.with_airflow`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from omics_runs.emulator import Emulator
from tests.orchestrators.page import check, loaded, module_of, service

DEFERRED = """
@dag(schedule=None)
def deferred():
    for sample in ("NA12878", "NA12891"):
        starting = task(task_id=f"start-{sample}")(start)
        ref = starting("deferred", "{{ run_id }}", sample)
        WaitForRun(task_id=f"wait-{sample}", ref=ref)


deferred()
"""
"""A use of the operator that the page defines."""


def main() -> None:
    """Run the DAG of the page, and one with its operator."""
    with service() as emulator, module_of("airflow", DEFERRED) as (folder, name):
        set_up(folder)
        page = loaded(name)
        tasks_become_runs(page.cram_to_bam(), emulator)
        operators_are_deferred(page.deferred())


def set_up(folder: Path) -> None:
    """Give Airflow a home and a database of its own, and the page for its DAGs."""
    os.environ["AIRFLOW_HOME"] = str(folder / "home")
    os.environ["AIRFLOW__CORE__DAGS_FOLDER"] = str(folder)
    os.environ["AIRFLOW__CORE__LOAD_EXAMPLES"] = "False"
    loaded("airflow.utils.db").initdb()


def states_of(run: Any) -> dict[str, tuple[str, int]]:
    """Return what has become of each task, and in which attempt."""
    return {
        f"{one.task_id}[{one.map_index}]": (str(one.state), one.try_number)
        for one in run.get_task_instances()
    }


def tasks_become_runs(dag: Any, emulator: Emulator) -> None:
    """Run the mapped tasks; one of the runs fails."""
    states = states_of(dag.test())
    started = {"start[0]": ("success", 1), "start[1]": ("success", 1)}
    waited = {"wait[0]": ("success", 1), "wait[1]": ("failed", 1)}
    check(f"a failed run is not waited for again: {states}", holds=states == started | waited)
    names = {run.name for run in emulator.client().iter_runs()}
    check("the samples have run", holds=names == {"NA12878", "NA12891"})


def operators_are_deferred(dag: Any) -> None:
    """Run the triggers of the operator in line."""
    states = states_of(dag.test())
    check(f"a trigger completes: {states}", holds=states["wait-NA12878[-1]"][0] == "success")
    check("a trigger tells of a failure", holds=states["wait-NA12891[-1]"] == ("failed", 1))


if __name__ == "__main__":
    main()
