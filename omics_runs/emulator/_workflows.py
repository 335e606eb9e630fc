"""Workflows and their versions: a registry of what runs can be started of."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from omics_runs._generated.enums import WorkflowStatus, WorkflowType
from omics_runs._generated.models import (
    GetWorkflowRequest,
    GetWorkflowVersionRequest,
    ListWorkflowsRequest,
    ListWorkflowVersionsRequest,
)
from omics_runs.emulator._arns import arn_of
from omics_runs.emulator._creating import checked_tags, listed, once, present
from omics_runs.emulator._emulator_operations import (
    CreateWorkflowRequest,
    CreateWorkflowVersionRequest,
    Definition,
)
from omics_runs.emulator._http import conflict, not_found
from omics_runs.emulator._service import Service
from omics_runs.emulator._shapes import Shape, digest
from omics_runs.emulator._store import Workflow, WorkflowVersion, version_key

CREATING = 5.0
"""Seconds that a new workflow stays CREATING. Assumption: the service takes as few."""

KEPT = (
    "description",
    "main",
    "parameterTemplate",
    "storageCapacity",
    "storageType",
    "accelerators",
    "containerRegistryMap",
    "readmePath",
)
"""What is given back as it was sent; the definition itself is dropped, for nothing runs it."""


def create_workflow(service: Service, request: CreateWorkflowRequest) -> Shape:
    """Make a private workflow, or answer for the one that this request has made before."""
    return once(service, request, lambda: _created(service, request))


def _created(service: Service, request: CreateWorkflowRequest) -> Shape:
    workflow = Workflow(
        id=service.store.names.id(), name=request.name, **_definition(service, request)
    )
    service.store.add_workflow(workflow)
    return {
        "arn": _arn(service, workflow),
        "id": workflow.id,
        "status": WorkflowStatus.CREATING.value,
        "tags": dict(workflow.tags),
        "uuid": _uuid(service, workflow),
    }


def create_workflow_version(service: Service, request: CreateWorkflowVersionRequest) -> Shape:
    """Make a version of a workflow, or answer for the one that this request has made before."""
    return once(service, request, lambda: _version_created(service, request))


def _version_created(service: Service, request: CreateWorkflowVersionRequest) -> Shape:
    workflow = service.workflow(request.workflow_id)
    version = WorkflowVersion(
        workflow=workflow,
        name=request.version_name,
        uuid=service.store.names.uuid(),
        **_definition(service, request),
    )
    if version.key in service.store.workflow_versions:
        raise conflict(f"Workflow {workflow.id} has a version {version.name} already.")
    service.store.add_workflow_version(version)
    return {
        "arn": arn_of(service.shapes, "workflow", version.key),
        "workflowId": workflow.id,
        "versionName": version.name,
        "status": WorkflowStatus.CREATING.value,
        "tags": dict(version.tags),
        "uuid": version.uuid,
    }


def _definition(service: Service, request: Definition) -> dict[str, Any]:
    """Assumption: what names no engine is Nextflow; the service would look into the definition."""
    sent = request.to_dict()
    return {
        "engine": sent.get("engine", "NEXTFLOW"),
        "members": {name: sent[name] for name in KEPT if name in sent},
        "tags": checked_tags(request.tags),
        "created": service.now,
        "active_from": service.now + CREATING,
    }


def get_workflow(service: Service, request: GetWorkflowRequest) -> Shape:
    """Describe a workflow."""
    workflow = service.workflow(request.id, request.type)
    return {
        **_item(service, workflow),
        **_details(workflow),
        **_links(request.export, workflow.id),
        "uuid": _uuid(service, workflow),
    }


def list_workflows(service: Service, request: ListWorkflowsRequest) -> Shape:
    """List the workflows of a type, all or those of a name.

    Assumption: without a type it is the private ones, as for GetWorkflow. Those that nobody has
    made are not among them.
    """
    kind = request.type or WorkflowType.PRIVATE
    workflows = service.store.workflows.values()

    def shape(workflow: Workflow) -> Shape | None:
        fits = workflow.type == kind and request.name in {None, workflow.name}
        return _item(service, workflow) if fits else None

    return listed(service, request, f"workflows {kind} {request.name}", workflows, shape)


def get_workflow_version(service: Service, request: GetWorkflowVersionRequest) -> Shape:
    """Describe a version of a workflow."""
    workflow = service.workflow(request.workflow_id, request.type)
    key = version_key(workflow.id, request.version_name)
    version = service.store.workflow_versions.get(key)
    if version is None:
        raise not_found(f"Version {request.version_name} of workflow {workflow.id} not found")
    return {
        **_version_item(service, version),
        **_details(version),
        **_links(request.export, version.key),
        "uuid": version.uuid,
    }


def list_workflow_versions(service: Service, request: ListWorkflowVersionsRequest) -> Shape:
    """List the versions of a workflow."""
    workflow = service.workflow(request.workflow_id, request.type)
    versions = service.store.workflow_versions.values()

    def shape(version: WorkflowVersion) -> Shape | None:
        return _version_item(service, version) if version.workflow.id == workflow.id else None

    return listed(service, request, f"versions {workflow.id}", versions, shape)


def _item(service: Service, workflow: Workflow) -> Shape:
    return present(
        arn=_arn(service, workflow),
        id=workflow.id,
        name=workflow.name,
        **_state(service, workflow),
        type=workflow.type,
        digest=digest(None, workflow.id),
    )


def _version_item(service: Service, version: WorkflowVersion) -> Shape:
    return {
        "arn": arn_of(service.shapes, "workflow", version.key),
        "workflowId": version.workflow.id,
        "versionName": version.name,
        **present(description=version.members.get("description")),
        **_state(service, version),
        "type": version.workflow.type,
        "digest": digest(version.name, version.workflow.id),
    }


def _state(service: Service, made: Workflow | WorkflowVersion) -> Shape:
    is_active = made.active_from <= service.now
    return {
        "status": (WorkflowStatus.ACTIVE if is_active else WorkflowStatus.CREATING).value,
        "creationTime": service.shapes.time.text(made.created),
    }


def _details(made: Workflow | WorkflowVersion) -> Shape:
    return {"engine": made.engine, **made.members, "tags": dict(made.tags)}


def _links(export: Sequence[str] | None, key: str) -> Shape:
    """Assumption: each export is a link of its own; here nothing is behind it."""
    base = f"https://workflow-definitions.emulator.invalid/{key}"
    links = {
        "DEFINITION": ("definition", f"{base}/definition.zip"),
        "README": ("readme", f"{base}/README.md"),
    }
    return dict(links[wanted] for wanted in export or ())


def _arn(service: Service, workflow: Workflow) -> str:
    """Return a workflow's ARN; those that are ready to run are of no account."""
    if workflow.type == "READY2RUN":
        return f"arn:aws:omics:{service.shapes.region}::workflow/{workflow.id}"
    return arn_of(service.shapes, "workflow", workflow.id)


def _uuid(service: Service, workflow: Workflow) -> str:
    """Return the uuid that the workflow's runs name as well."""
    return str(uuid5(NAMESPACE_URL, arn_of(service.shapes, "workflow", workflow.id)))


HANDLERS: Mapping[str, Callable[[Service, Any], Shape]] = {
    "CreateWorkflow": create_workflow,
    "CreateWorkflowVersion": create_workflow_version,
    "GetWorkflow": get_workflow,
    "ListWorkflows": list_workflows,
    "GetWorkflowVersion": get_workflow_version,
    "ListWorkflowVersions": list_workflow_versions,
}
"""What answers each operation on workflows."""
