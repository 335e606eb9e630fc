"""The manifest of a run that has ended: a JSON object for the run, then one for each task.

Its moments have the three forms that manifests have been seen with: milliseconds and `Z`, no
fraction where that is zero, and those of tasks' creation without any zone.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from omics_runs._generated.enums import FailureReason, RunStatus, TaskStatus
from omics_runs.emulator._shapes import Shape, Shapes
from omics_runs.emulator._store import Run, Task
from omics_runs.emulator._timeline import Timeline

GIVEN = ("name", "parameters", "roleArn", "outputUri")
"""Members of StartRun that a manifest repeats."""

NAMED = {
    "runId": ("run", "run"),
    "runGroupId": ("runGroup", "runGroup"),
    "cacheId": ("runCache",) * 2,
}
"""Members of StartRun by whose ids it names something: under what name, and of what kind."""

WHY = ("failureReason", "statusMessage")
"""Members of GetRunTask that a manifest repeats of a task that has failed.

Assumption: the guide says that manifests tell why tasks failed, and not under which names.
"""

SHARE = 0.6
"""Assumption: what part of what was reserved a run and its tasks have used at most."""


def records(run: Run, shapes: Shapes) -> Iterator[str]:
    """Yield the messages of the events, each a JSON object."""
    yield json.dumps(_run(run, shapes))
    for task, timeline in zip(run.tasks, run.course.tasks, strict=True):
        if timeline is not None:
            yield json.dumps(_task(run, task, timeline, shapes))


def _run(run: Run, shapes: Shapes) -> Shape:
    shown = shapes.run(run)
    template = run.workflow.members.get("parameterTemplate")
    running = run.timeline.time_of(RunStatus.RUNNING)
    return {
        "arn": shown["arn"],
        "uuid": run.uuid,
        "status": run.timeline.end.status.value,
        **_times(run.timeline, running, shapes),
        "digest": shown["digest"],
        "workflow": _workflow(run, shapes),
        "resourceDigests": shown["resourceDigests"],
        "startedBy": shown["startedBy"],
        "storageType": shown["storageType"],
        **{key: run.members[key] for key in GIVEN if key in run.members},
        **({"parameterTemplate": template} if template else {}),
        **_references(run, shapes),
        "metrics": _run_metrics(shown, running, run.timeline.end.at),
    }


def _references(run: Run, shapes: Shapes) -> Shape:
    named = {
        name: shapes.arn(kind, run.members[key])
        for key, (name, kind) in NAMED.items()
        if key in run.members
    }
    if "cacheBehavior" in run.members:
        named["runCacheBehavior"] = run.members["cacheBehavior"]
    if version := run.members.get("workflowVersionName"):
        named["workflowVersion"] = f"{_workflow(run, shapes)}/version/{version}"
    return named


def _workflow(run: Run, shapes: Shapes) -> str:
    """Return the workflow's ARN, which has no account where AWS publishes it."""
    if run.workflow.type == "READY2RUN":
        return f"arn:aws:omics:{shapes.region}::workflow/{run.workflow.id}"
    return shapes.arn("workflow", run.workflow.id)


def _run_metrics(shown: Shape, running: float | None, end: float) -> Shape:
    capacity = shown["storageCapacity"]
    return {
        "runningSeconds": _seconds(running, end),
        "storageAverageGiB": round(capacity * SHARE / 2, 2),
        "storageMaximumGiB": round(capacity * SHARE, 2),
        "storageReservedGiB": capacity,
    }


def _task(run: Run, task: Task, timeline: Timeline[TaskStatus], shapes: Shapes) -> Shape:
    shown = shapes.task(run, task, timeline)
    running = timeline.time_of(TaskStatus.RUNNING)
    times = _times(timeline, running, shapes)
    created = shapes.time.text(timeline.steps[0].at).removesuffix("+00:00")
    return {
        "arn": shapes.arn("task", task.id),
        "uuid": task.uuid,
        "name": task.plan.name,
        "status": timeline.end.status.value,
        "run": shapes.arn("run", run.id),
        **times,
        "creationTime": created,
        **{key: shown[key] for key in ("cpus", "gpus", "memory", "instanceType")},
        **shown["imageDetails"],
        **{key: shown[key] for key in WHY if key in shown},
        "metrics": _task_metrics(task, shown, _seconds(running, timeline.end.at)),
    }


def _task_metrics(task: Task, shown: Shape, seconds: float) -> Shape:
    plan = task.plan
    is_full = shown.get("failureReason") == FailureReason.OUT_OF_MEMORY_ERROR
    memory = plan.memory * (1.0 if is_full else SHARE)
    return {
        "runningSeconds": seconds,
        "cpusAverage": round(plan.cpus * SHARE / 2, 2),
        "cpusMaximum": round(plan.cpus * SHARE, 2),
        "cpusReserved": plan.cpus,
        "gpusReserved": plan.gpus,
        "memoryAverageGiB": round(memory / 2, 2),
        "memoryMaximumGiB": round(memory, 2),
        "memoryReservedGiB": plan.memory,
    }


def _times(timeline: Timeline[Any], running: float | None, shapes: Shapes) -> Shape:
    moments = {
        "creationTime": timeline.steps[0].at,
        "startTime": running,
        "stopTime": timeline.end.at,
    }
    return {name: _short(shapes.time.text(at)) for name, at in moments.items() if at is not None}


def _short(text: str) -> str:
    """Return a moment with milliseconds and `Z`, or without a fraction where that is zero."""
    moment = datetime.fromisoformat(text)
    form = "milliseconds" if moment.microsecond // 1000 else "seconds"
    return moment.isoformat(timespec=form).replace("+00:00", "Z")


def _seconds(running: float | None, end: float) -> float:
    return 0.0 if running is None else round(max(0.0, end - running), 3)
