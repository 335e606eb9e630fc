"""A run's manifest, made models: what the service notes of a run and its tasks when it has ended.

It outlives the run's own record, and it is the only place with what the tasks really used.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar, TypeVar

from attrs import field, frozen

from omics_runs._generated.enums import (
    Accelerators,
    CacheBehavior,
    FailureReason,
    RunStatus,
    StorageType,
    TaskStatus,
    WorkflowEngine,
    WorkflowType,
)
from omics_runs._model import Member, Structure
from omics_runs._run_ref import RunRef

Status = TypeVar("Status", RunStatus, TaskStatus)


def _one_word(status: Status) -> Status:
    """Return COMPLETED for SUCCESS, which some manifests write for the same."""
    return type(status)("COMPLETED") if status == "SUCCESS" else status


@frozen(kw_only=True, slots=True, repr=False, unsafe_hash=False)
class RunMetrics(Structure):
    """What a run used of its file system.

    Old runs have no metrics, and DYNAMIC storage may lack its maximum for runs under two hours.
    """

    storage_reserved_gib: float | None = None
    """Size of the file system in GiB."""
    storage_average_gib: float | None = None
    """How much of it was in use, in GiB, on average."""
    storage_maximum_gib: float | None = None
    """How much of it was in use, in GiB, at most."""
    running_seconds: float | None = None
    """How long the run was running, in seconds."""

    __wire__: ClassVar[tuple[Member, ...]] = (
        Member("storage_reserved_gib", "storageReservedGiB"),
        Member("storage_average_gib", "storageAverageGiB"),
        Member("storage_maximum_gib", "storageMaximumGiB"),
        Member("running_seconds", "runningSeconds"),
    )


@frozen(kw_only=True, slots=True, repr=False, unsafe_hash=False)
class TaskMetrics(Structure):
    """What a task had, and what it used of it.

    Tasks that took their results from the cache, and very short ones, may have zeros or nothing.
    """

    cpus_reserved: float | None = None
    """CPUs that the task had."""
    cpus_average: float | None = None
    """CPUs that it kept busy, on average."""
    cpus_maximum: float | None = None
    """CPUs that it kept busy, in its busiest minute."""
    memory_reserved_gib: float | None = None
    """Memory that the task had, in GiB."""
    memory_average_gib: float | None = None
    """Memory that it used, in GiB, on average."""
    memory_maximum_gib: float | None = None
    """Memory that it used, in GiB, in the minute with the most."""
    gpus_reserved: float | None = None
    """GPUs that the task had. Manifests do not tell what it used of them."""
    scratch_storage_reserved_gib: float | None = None
    """Size of the task's own scratch storage in GiB; None for runs without it."""
    scratch_storage_utilized_gib: float | None = None
    """How much of its scratch storage the task used, in GiB."""
    running_seconds: float | None = None
    """How long the task was running, in seconds."""

    __wire__: ClassVar[tuple[Member, ...]] = (
        Member("cpus_reserved", "cpusReserved"),
        Member("cpus_average", "cpusAverage"),
        Member("cpus_maximum", "cpusMaximum"),
        Member("memory_reserved_gib", "memoryReservedGiB"),
        Member("memory_average_gib", "memoryAverageGiB"),
        Member("memory_maximum_gib", "memoryMaximumGiB"),
        Member("gpus_reserved", "gpusReserved"),
        Member("scratch_storage_reserved_gib", "scratchStorageReservedGiB"),
        Member("scratch_storage_utilized_gib", "scratchStorageUtilizedGiB"),
        Member("running_seconds", "runningSeconds"),
    )


@frozen(kw_only=True, slots=True, repr=False, unsafe_hash=False)
class RunManifest(Structure):
    """A run, as its manifest has it.

    The form has changed over the years: of everything but the ARN and the status, some manifests
    have nothing.

    Assumption: where a manifest tells why the run failed, where its outputs are or what
    accelerators it used, the members are named as GetRun's are.
    """

    arn: str
    """ARN of the run."""
    status: RunStatus = field(converter=_one_word)
    """How the run has ended; SUCCESS, which some manifests write, is read as COMPLETED."""
    uuid: str | None = None
    """The run's uuid."""
    name: str | None = None
    """Name that the run was started with; None if it had none."""
    failure_reason: FailureReason | None = None
    """Code of why the run failed; None where the manifest tells none."""
    status_message: str | None = None
    """A sentence about the status; None where the manifest tells none."""
    creation_time: datetime | None = None
    """When the service accepted the run, in UTC."""
    start_time: datetime | None = None
    """When the run began executing, in UTC; None if it never did."""
    stop_time: datetime | None = None
    """When the run ended, in UTC."""
    workflow: str | None = None
    """ARN of the workflow; `workflow_id` is the id in it."""
    workflow_version: str | None = None
    """ARN of the workflow version; None if the run named none."""
    workflow_type: WorkflowType | None = None
    """Kind of the workflow; only older manifests tell it."""
    digest: str | None = None
    """Digest of the workflow's definition."""
    engine: WorkflowEngine | None = None
    """Language of the workflow; only older manifests tell it."""
    main: str | None = None
    """Main file of the workflow; only older manifests tell it."""
    parameters: Mapping[str, Any] | None = None
    """The run's parameters, as they were given."""
    parameter_template: Mapping[str, Any] | None = None
    """The workflow's parameter template."""
    resource_digests: Mapping[str, str] | None = None
    """Digests of what the run read: S3 objects by their URIs, container images by theirs."""
    role_arn: str | None = None
    """ARN of the role that the run had."""
    started_by: str | None = None
    """ARN of who started the run."""
    output_uri: str | None = None
    """Where the run was told to put its outputs; the run has a folder of its own there."""
    run_output_uri: str | None = None
    """Where the outputs of this very run are; None where the manifest does not tell it."""
    storage_type: StorageType | None = None
    """Kind of file system that the run had; None for some old runs."""
    storage_capacity: int | None = None
    """Size of a STATIC file system in GiB; only older manifests tell it."""
    accelerators: Accelerators | None = None
    """Kind of accelerators that the run used; None without any."""
    run: str | None = None
    """ARN of the run that this one repeats; None if it repeats none."""
    run_group: str | None = None
    """ARN of the run group; None if the run was in none."""
    run_cache: str | None = None
    """ARN of the run cache; None if the run had none."""
    run_cache_behavior: CacheBehavior | None = None
    """What the run wrote to its cache."""
    metrics: RunMetrics | None = None
    """What the run used of its file system; None for old runs."""

    __wire__: ClassVar[tuple[Member, ...]] = (
        Member("arn", "arn", required=True),
        Member("status", "status", required=True),
        Member("uuid", "uuid"),
        Member("name", "name"),
        Member("failure_reason", "failureReason"),
        Member("status_message", "statusMessage"),
        Member("creation_time", "creationTime"),
        Member("start_time", "startTime"),
        Member("stop_time", "stopTime"),
        Member("workflow", "workflow"),
        Member("workflow_version", "workflowVersion"),
        Member("workflow_type", "workflowType"),
        Member("digest", "digest"),
        Member("engine", "engine"),
        Member("main", "main"),
        Member("parameters", "parameters", hidden=True, document=True),
        Member("parameter_template", "parameterTemplate", hidden=True, document=True),
        Member("resource_digests", "resourceDigests"),
        Member("role_arn", "roleArn"),
        Member("started_by", "startedBy"),
        Member("output_uri", "outputUri"),
        Member("run_output_uri", "runOutputUri"),
        Member("storage_type", "storageType"),
        Member("storage_capacity", "storageCapacity"),
        Member("accelerators", "accelerators"),
        Member("run", "run"),
        Member("run_group", "runGroup"),
        Member("run_cache", "runCache"),
        Member("run_cache_behavior", "runCacheBehavior"),
        Member("metrics", "metrics"),
    )

    @property
    def id(self) -> str:
        """The run's id."""
        return id_in(self.arn)

    @property
    def ref(self) -> RunRef:
        """The run's identity, with its uuid where the manifest has one."""
        return RunRef(self.id, self.uuid)

    @property
    def workflow_id(self) -> str | None:
        """Id of the workflow, also where its ARN names no account, as for Ready2Run workflows."""
        found = re.search(r":workflow/([^/]+)", self.workflow or "")
        return found[1] if found else None


@frozen(kw_only=True, slots=True, repr=False, unsafe_hash=False)
class TaskManifest(Structure):
    """A task of a run, as the run's manifest has it.

    Assumption: where a manifest tells why a task failed, or that it came from the cache, the
    members are named as GetRunTask's are.
    """

    arn: str
    """ARN of the task."""
    status: TaskStatus = field(converter=_one_word)
    """How the task has ended; SUCCESS, which some manifests write, is read as COMPLETED."""
    uuid: str | None = None
    """The task's uuid."""
    name: str | None = None
    """Name of the task in the workflow."""
    failure_reason: FailureReason | None = None
    """Code of why the task failed; None where the manifest tells none."""
    status_message: str | None = None
    """A sentence about the status; None where the manifest tells none."""
    run: str | None = None
    """ARN of the run."""
    creation_time: datetime | None = None
    """When the task was created, in UTC; None for tasks that came from the run cache."""
    start_time: datetime | None = None
    """When the task started, in UTC; None if it never did."""
    stop_time: datetime | None = None
    """When the task ended, in UTC."""
    cpus: float | None = None
    """CPUs that the task asked for."""
    gpus: float | None = None
    """GPUs that the task asked for."""
    memory: float | None = None
    """Memory that the task asked for, in GiB."""
    instance_type: str | None = None
    """Instance type that the service chose for the task."""
    image: str | None = None
    """Container image of the task."""
    image_digest: str | None = None
    """Digest of the container image."""
    cache_hit: bool | None = None
    """Whether the results were found in the run cache; None where the manifest does not tell it,
    see `is_cached`."""
    metrics: TaskMetrics | None = None
    """What the task used; None for old runs."""

    __wire__: ClassVar[tuple[Member, ...]] = (
        Member("arn", "arn", required=True),
        Member("status", "status", required=True),
        Member("uuid", "uuid"),
        Member("name", "name"),
        Member("failure_reason", "failureReason"),
        Member("status_message", "statusMessage"),
        Member("run", "run"),
        Member("creation_time", "creationTime"),
        Member("start_time", "startTime"),
        Member("stop_time", "stopTime"),
        Member("cpus", "cpus"),
        Member("gpus", "gpus"),
        Member("memory", "memory"),
        Member("instance_type", "instanceType"),
        Member("image", "image"),
        Member("image_digest", "imageDigest"),
        Member("cache_hit", "cacheHit"),
        Member("metrics", "metrics"),
    )

    @property
    def task_id(self) -> str:
        """The task's id within its run."""
        return id_in(self.arn)

    @property
    def is_cached(self) -> bool:
        """Whether the task's results came from the run cache.

        Assumption: a completed task without a `creation_time` is one of those, where the manifest
        does not say it in `cache_hit`.
        """
        if self.cache_hit is None:
            return self.status == TaskStatus.COMPLETED and self.creation_time is None
        return self.cache_hit


@frozen(kw_only=True, slots=True, repr=False, unsafe_hash=False)
class Manifest(Structure):
    """The manifest of a run: its own record and those of its tasks."""

    run: RunManifest | None = None
    """The run; None if no record of it was among what was read."""
    tasks: tuple[TaskManifest, ...] = ()
    """The tasks, in the order of their records. Each retry is a task of its own."""
    unread: tuple[str, ...] = ()
    """What was no record that this release can read, as it came, and what of a record did not fit,
    as JSON with the record's ARN."""

    __wire__: ClassVar[tuple[Member, ...]] = (
        Member("run", "run"),
        Member("tasks", "tasks"),
        Member("unread", "unread", hidden=True),
    )


def id_in(arn: str) -> str:
    """Return the id at the end of an ARN."""
    return arn.rpartition("/")[2]
