"""How runs and tasks are written in answers, by wire names."""

from __future__ import annotations

from hashlib import sha256
from typing import Any, TypeAlias
from uuid import NAMESPACE_URL, uuid5

from attrs import frozen

from omics_runs._generated.enums import RunStatus, TaskStatus
from omics_runs.emulator._store import Configuration, Run, Task
from omics_runs.emulator._telling import message_of
from omics_runs.emulator._timeline import Time, Timeline

Shape: TypeAlias = dict[str, Any]

SENT = (
    "batchId",
    "cacheId",
    "cacheBehavior",
    "name",
    "outputUri",
    "outputUriPrefixMode",
    "parameters",
    "priority",
    "roleArn",
    "runGroupId",
    "runId",
    "scratchStorageMode",
    "sessionPolicy",
    "workflowId",
    "workflowOwnerId",
    "workflowVersionName",
)
"""Members that GetRun gives back as StartRun got them."""

SENT_ITEM = ("batchId", "name", "priority", "workflowId", "workflowVersionName")
"""The same for the items of ListRuns."""

LOG_GROUP = "/aws/omics/WorkflowLog"

STATIC_GIB = 1200
"""Storage of a run that asks for none, as the API's reference has it; the guide says DYNAMIC."""

STATIC_STEP = 2400
"""Larger static storage comes in multiples of this."""

DYNAMIC_GIB = 120
"""Assumption: what a run with dynamic storage is said to have used when it has ended."""


@frozen(kw_only=True)
class Shapes:
    """Writes one answer for an account in a region."""

    region: str
    account_id: str
    time: Time
    now: float
    """The moment of which everything is told."""

    def started(self, run: Run, status: RunStatus) -> Shape:
        """Return StartRun's answer."""
        return {
            "arn": self.arn("run", run.id),
            "id": run.id,
            "status": status.value,
            "tags": _tags(run),
            "uuid": run.uuid,
            "runOutputUri": _run_output_uri(run),
            **self._network(run),
        }

    def run(self, run: Run, *, definition: bool = False) -> Shape:
        """Return GetRun's answer as of its moment."""
        return {
            "arn": self.arn("run", run.id),
            "id": run.id,
            "uuid": run.uuid,
            **self._state(run),
            **_sent(run, SENT),
            **_engine_settings(run),
            "workflowType": run.workflow.type,
            "workflowUuid": str(uuid5(NAMESPACE_URL, self.arn("workflow", run.workflow.id))),
            "digest": digest(run.members.get("workflowVersionName"), run.workflow.id),
            "resourceDigests": {},
            "runOutputUri": _run_output_uri(run),
            "startedBy": f"arn:aws:iam::{self.account_id}:user/emulator",
            "tags": _tags(run),
            "retentionMode": run.members.get("retentionMode", "RETAIN"),
            **self._storage(run),
            **self._logs(run),
            **self._network(run),
            **self._vpc(run),
            **_accelerators(run),
            **(self._definition(run) if definition else {}),
        }

    def run_item(self, run: Run) -> Shape:
        """Return a run as ListRuns shows it, with neither uuid nor tags."""
        return {
            "arn": self.arn("run", run.id),
            "id": run.id,
            "status": run.status(self.now).value,
            **_sent(run, SENT_ITEM),
            **({"workflowName": run.workflow.name} if run.workflow.name else {}),
            **self._storage(run),
            **self._times(run.timeline, RunStatus.RUNNING),
        }

    def task_item(self, task: Task, timeline: Timeline[TaskStatus]) -> Shape:
        """Return a task as ListRunTasks shows it, without the reasons for its end."""
        return {
            "taskId": task.id,
            "status": timeline.status(self.now).value,
            "name": task.plan.name,
            "cpus": task.plan.cpus,
            "cacheHit": False,
            "memory": task.plan.memory,
            "gpus": task.plan.gpus,
            "instanceType": task.plan.instance_type,
            "uuid": task.uuid,
            **self._times(timeline, TaskStatus.RUNNING),
        }

    def task(self, run: Run, task: Task, timeline: Timeline[TaskStatus]) -> Shape:
        """Return GetRunTask's answer as of its moment."""
        return {
            **self.task_item(task, timeline),
            "logStream": self._log_stream(f"run/{run.id}/task/{task.id}"),
            "imageDetails": self._image(task),
            **self._task_failure(run, task, timeline),
        }

    def arn(self, kind: str, name: str) -> str:
        """Return the ARN of something of the account's."""
        return f"arn:aws:omics:{self.region}:{self.account_id}:{kind}/{name}"

    def _state(self, run: Run) -> Shape:
        status = run.status(self.now)
        state = {"status": status.value, **self._times(run.timeline, RunStatus.RUNNING)}
        # Assumption: while a failing run is still STOPPING, it does not say why.
        if run.timeline.status(self.now) == RunStatus.FAILED:
            state |= _failure(run)
        return state

    def _times(self, timeline: Timeline[Any], running: RunStatus | TaskStatus) -> Shape:
        moments = {
            "creationTime": timeline.steps[0].at,
            "startTime": timeline.passed(running, self.now),
            "stopTime": timeline.ended(self.now),
        }
        return {name: self.time.text(at) for name, at in moments.items() if at is not None}

    def _storage(self, run: Run) -> Shape:
        usual = "DYNAMIC" if run.workflow.type == "READY2RUN" else "STATIC"
        kind = run.members.get("storageType", usual)
        if kind == "STATIC":
            capacity = _rounded(run.members.get("storageCapacity", STATIC_GIB))
            return {"storageType": kind, "storageCapacity": capacity}
        if run.timeline.ended(self.now) is None:
            return {"storageType": kind}
        return {"storageType": kind, "storageCapacity": DYNAMIC_GIB}

    def _logs(self, run: Run) -> Shape:
        # Assumption: the level where none was asked for, and that without logs there is no place.
        level = run.members.get("logLevel", "ALL")
        if level == "OFF":
            return {"logLevel": level}
        streams = {
            "engineLogStream": self._log_stream(f"run/{run.id}/engine"),
            "runLogStream": self._log_stream(f"run/{run.id}"),
        }
        return {"logLevel": level, "logLocation": streams}

    @property
    def log_group(self) -> str:
        """The ARN of the log group that runs write to."""
        return f"arn:aws:logs:{self.region}:{self.account_id}:log-group:{LOG_GROUP}"

    def _log_stream(self, name: str) -> str:
        return f"{self.log_group}:log-stream:{name}"

    def _network(self, run: Run) -> Shape:
        mode = {"networkingMode": run.members.get("networkingMode", "RESTRICTED")}
        if run.configuration is None:
            return mode
        name = run.configuration.name
        details = {
            "name": name,
            "arn": self.arn("configuration", name),
            "uuid": run.configuration.uuid,
        }
        return {**mode, "configuration": details}

    def _vpc(self, run: Run) -> Shape:
        if run.configuration is None:
            return {}
        return {"vpcConfig": self.vpc_config(run.configuration)}

    def vpc_config(self, configuration: Configuration) -> Shape:
        """Return what a configuration says of its VPC."""
        return {
            "securityGroupIds": list(configuration.security_group_ids),
            "subnetIds": list(configuration.subnet_ids),
            "vpcId": configuration.vpc_id,
            "vpcOwnerAccountId": self.account_id,
        }

    def _definition(self, run: Run) -> Shape:
        # Assumption: where the definition is to be had; the reference only calls it a string.
        bucket = f"s3://omics-{self.region}-workflow-definitions"
        return {"definition": f"{bucket}/{run.workflow.id}/definition.zip"}

    def _image(self, task: Task) -> Shape:
        registry = f"{self.account_id}.dkr.ecr.{self.region}.amazonaws.com"
        image = task.plan.image or f"{registry}/{task.plan.name.lower()}:latest"
        return {"image": image, "imageDigest": digest(image)}

    def _task_failure(self, run: Run, task: Task, timeline: Timeline[TaskStatus]) -> Shape:
        if timeline.status(self.now) != TaskStatus.FAILED:
            return {}
        reason, message = task.plan.failure_reason, task.plan.status_message
        if run.course.blames_a_task:
            # Assumption: a task that took its run down names the same reason as the run.
            reason = reason or run.failure_reason
            is_planned = run.status_message != message_of("run", run.failure_reason)
            message = message or (run.status_message if is_planned else None)
        if reason is not None:
            message = message or message_of("task", reason)
        failure = {"failureReason": reason, "statusMessage": message}
        return {name: text for name, text in failure.items() if text is not None}


def _sent(run: Run, names: tuple[str, ...]) -> Shape:
    return {name: run.members[name] for name in names if name in run.members}


def _engine_settings(run: Run) -> Shape:
    """Only Nextflow has settings; for other engines the service ignores them without a word."""
    return _sent(run, ("engineSettings",)) if run.workflow.engine == "NEXTFLOW" else {}


def _failure(run: Run) -> Shape:
    return {"failureReason": run.failure_reason, "statusMessage": run.status_message}


def _rounded(capacity: int) -> int:
    """Assumption: as AWS's own public tool for reckoning a run's costs rounds static storage."""
    return STATIC_GIB if capacity <= STATIC_GIB else -(-capacity // STATIC_STEP) * STATIC_STEP


def _tags(run: Run) -> dict[str, str]:
    return dict(run.members.get("tags", {}))


def _run_output_uri(run: Run) -> str:
    """Assumption: which of the documented layouts is used; all begin like this one."""
    base: str = run.members["outputUri"].rstrip("/")
    alone = run.members.get("outputUriPrefixMode") == "NONE_WITH_OVERWRITE"
    return base if alone else f"{base}/{run.id}"


def _accelerators(run: Run) -> Shape:
    return {"accelerators": "GPU"} if any(task.plan.gpus for task in run.tasks) else {}


def digest(*parts: object) -> str:
    """Return a digest of the service's form, always the same one for the same parts."""
    return f"sha256:{sha256(repr(parts).encode()).hexdigest()}"
