"""Operations that the emulator answers and the SDK does not have.

The SDK is about runs. Those who make a workflow first, with boto3 or the AWS CLI, are to find what
they need here all the same. These models are made like the generated ones, by hand.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, TypeAlias

from attrs import frozen

from omics_runs._generated.enums import (
    Accelerators,
    SourceReferenceType,
    StorageType,
    WorkflowEngine,
)
from omics_runs._generated.operations import OPERATIONS
from omics_runs._model import Member, Response
from omics_runs._narrow import is_mapping
from omics_runs._operation import Operation
from omics_runs._request import Request
from omics_runs._rules import Choice, Flag, Integer, Items, Pairs, Problem, Rule, Text

AnyOperation: TypeAlias = Operation[Any, Any]


@frozen
class Fields:
    """The rule of a JSON object that has members of its own, and stays a plain mapping."""

    rules: Mapping[str, Rule]
    required: tuple[str, ...] = ()

    def problems(self, value: object, path: str) -> Iterator[Problem]:
        """Yield what is wrong with `value`, which stands at `path`."""
        if not is_mapping(value):
            yield path, "must be a JSON object"
            return
        for name in self.required:
            if value.get(name) is None:
                yield f"{path}.{name}", "is required"
        for name, item in value.items():
            if name not in self.rules:
                yield f"{path}.{name}", "No such member"
            elif item is not None:
                yield from self.rules[name].problems(item, f"{path}.{name}")


URI = Text(min=1, max=750)
PATH = Text(min=1, max=128)
ACCOUNT = Text(pattern="[0-9]{12}")

PARAMETER = Fields({"description": Text(max=256), "optional": Flag()})

REGISTRY = Fields(
    {
        "upstreamRegistryUrl": URI,
        "ecrRepositoryPrefix": Text(min=1, max=256),
        "upstreamRepositoryPrefix": Text(min=2, max=30),
        "ecrAccountId": ACCOUNT,
        "credentialArn": Text(min=20, max=2048),
    },
    required=("upstreamRegistryUrl", "ecrRepositoryPrefix"),
)

REGISTRY_MAP = Fields(
    {
        "registryMappings": Items(REGISTRY),
        "imageMappings": Items(Fields({"sourceImage": URI, "destinationImage": URI})),
    }
)

REPOSITORY = Fields(
    {
        "connectionArn": Text(min=1, max=256, pattern="arn:.+"),
        "fullRepositoryId": Text(pattern=".+/.+"),
        "sourceReference": Fields(
            {"type": Choice(SourceReferenceType), "value": Text()}, required=("type", "value")
        ),
        "excludeFilePatterns": Items(Text(), min=1, max=50),
    },
    required=("connectionArn", "fullRepositoryId"),
)

DEFINITION: tuple[Member, ...] = (
    Member("engine", "engine", Choice(WorkflowEngine)),
    Member("definition_zip", "definitionZip", Text(), hidden=True),
    Member("definition_uri", "definitionUri", Text(min=1, max=256)),
    Member("main", "main", PATH),
    Member(
        "parameter_template",
        "parameterTemplate",
        Pairs(Text(min=1, max=128), PARAMETER, min=1, max=2000),
        document=True,
    ),
    Member("storage_capacity", "storageCapacity", Integer(min=0, max=100_000)),
    Member("tags", "tags", Pairs(Text(min=1, max=128), Text(max=256)), document=True),
    Member("request_id", "requestId", Text(min=1, max=128), required=True),
    Member("accelerators", "accelerators", Choice(Accelerators)),
    Member("storage_type", "storageType", Choice(StorageType)),
    Member("container_registry_map", "containerRegistryMap", REGISTRY_MAP, document=True),
    Member("container_registry_map_uri", "containerRegistryMapUri", URI),
    Member("readme_markdown", "readmeMarkdown", Text()),
    Member("parameter_template_path", "parameterTemplatePath", PATH),
    Member("readme_path", "readmePath", PATH),
    Member("definition_repository", "definitionRepository", REPOSITORY, document=True),
    Member("workflow_bucket_owner_id", "workflowBucketOwnerId", ACCOUNT),
    Member("readme_uri", "readmeUri", Text(pattern="s3://.+/.+")),
    Member("description", "description", Text(min=1, max=256)),
)
"""What a workflow and a version of one have in common."""


@frozen(kw_only=True, slots=True, repr=False, unsafe_hash=False)
class Definition(Request[Response]):
    """A workflow, or a version of one, that is to be made."""

    request_id: str
    engine: str | None = None
    definition_zip: str | None = None
    definition_uri: str | None = None
    main: str | None = None
    parameter_template: Mapping[str, Any] | None = None
    storage_capacity: int | None = None
    tags: Mapping[str, str] | None = None
    accelerators: str | None = None
    storage_type: str | None = None
    container_registry_map: Mapping[str, Any] | None = None
    container_registry_map_uri: str | None = None
    readme_markdown: str | None = None
    parameter_template_path: str | None = None
    readme_path: str | None = None
    definition_repository: Mapping[str, Any] | None = None
    workflow_bucket_owner_id: str | None = None
    readme_uri: str | None = None
    description: str | None = None


@frozen(kw_only=True, slots=True, repr=False, unsafe_hash=False)
class CreateWorkflowRequest(Definition):
    """A workflow to create."""

    name: str | None = None

    __wire__: ClassVar[tuple[Member, ...]] = (
        *DEFINITION,
        Member("name", "name", Text(min=1, max=128)),
    )


@frozen(kw_only=True, slots=True, repr=False, unsafe_hash=False)
class CreateWorkflowVersionRequest(Definition):
    """A version of a workflow to create."""

    workflow_id: str
    version_name: str

    __wire__: ClassVar[tuple[Member, ...]] = (
        *DEFINITION,
        Member("workflow_id", "workflowId", Text(min=1, max=18, pattern="[0-9]+"), required=True),
        Member(
            "version_name",
            "versionName",
            Text(min=1, max=64, pattern=r"[A-Za-z0-9][A-Za-z0-9\-\._]*"),
            required=True,
        ),
    )


CREATE_WORKFLOW: AnyOperation = Operation(
    name="CreateWorkflow",
    method="POST",
    path="/workflow",
    host_prefix="workflows-",
    status_code=201,
    models=__name__,
    request_name="CreateWorkflowRequest",
    response_name="Response",
    body={member.name: member.wire for member in CreateWorkflowRequest.__wire__},
)

CREATE_WORKFLOW_VERSION: AnyOperation = Operation(
    name="CreateWorkflowVersion",
    method="POST",
    path="/workflow/{workflowId}/version",
    host_prefix="workflows-",
    status_code=201,
    models=__name__,
    request_name="CreateWorkflowVersionRequest",
    response_name="Response",
    labels={"workflow_id": "workflowId"},
    body={
        member.name: member.wire
        for member in CreateWorkflowVersionRequest.__wire__
        if member.name != "workflow_id"
    },
)

SERVED: tuple[AnyOperation, ...] = (
    *OPERATIONS.values(),
    CREATE_WORKFLOW,
    CREATE_WORKFLOW_VERSION,
)
"""All operations that the emulator can be called by."""
