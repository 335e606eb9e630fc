"""Tags of whatever has an ARN."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import attrs
from attrs import frozen

from omics_runs._generated.models import (
    ListTagsForResourceRequest,
    TagResourceRequest,
    UntagResourceRequest,
)
from omics_runs.emulator._arns import named_by, unknown
from omics_runs.emulator._batch import Batch
from omics_runs.emulator._creating import checked_tags
from omics_runs.emulator._service import Service
from omics_runs.emulator._shapes import Shape
from omics_runs.emulator._store import Run, Store, Workflow

ID = re.compile("[0-9]{1,18}")


@frozen
class Kind:
    """How the resources of one kind are found, and kept when they have changed."""

    find: Callable[[Service, str], Any]
    """Returns the record of a key, or None."""
    keep: Callable[[Store, Any], None]


def _run(service: Service, id: str) -> Run | None:
    run = service.store.runs.get(id)
    return None if run is None or run.deleted else run


def _workflow(service: Service, id: str) -> Workflow | None:
    """Return a private workflow, be it one that nobody has made; others are not the account's."""
    return service.workflow(id) if ID.fullmatch(id) else None


KINDS: Mapping[str, Kind] = {
    "run": Kind(_run, Store.update),
    "runGroup": Kind(lambda service, key: service.store.run_groups.get(key), Store.add_run_group),
    "runCache": Kind(lambda service, key: service.store.run_caches.get(key), Store.add_run_cache),
    "workflow": Kind(_workflow, Store.add_workflow),
    "workflowVersion": Kind(
        lambda service, key: service.store.workflow_versions.get(key), Store.add_workflow_version
    ),
    "runBatch": Kind(lambda service, key: service.store.batches.get(key), Store.keep_batch),
    "configuration": Kind(
        lambda service, name: service.store.configurations.get(name), Store.add_configuration
    ),
}
"""Whatever can have tags, by what its ARN calls it."""


def list_tags_for_resource(service: Service, request: ListTagsForResourceRequest) -> Shape:
    """Return all tags of a resource."""
    _, record = _found(service, request.resource_arn)
    return {"tags": dict(_tags(record))}


def tag_resource(service: Service, request: TagResourceRequest) -> Shape:
    """Add tags to a resource, in place of those of the same keys."""
    kind, record = _found(service, request.resource_arn)
    tags = checked_tags({**_tags(record), **request.tags})
    kind.keep(service.store, _tagged(record, tags))
    return {}


def untag_resource(service: Service, request: UntagResourceRequest) -> Shape:
    """Take tags away from a resource.

    Assumption: keys that it has not are passed over.
    """
    kind, record = _found(service, request.resource_arn)
    tags = {key: text for key, text in _tags(record).items() if key not in request.tag_keys}
    kind.keep(service.store, _tagged(record, tags))
    return {}


def _found(service: Service, arn: str) -> tuple[Kind, Any]:
    name, key = named_by(service.shapes, arn)
    kind = KINDS.get(name)
    record = None if kind is None else kind.find(service, key)
    if kind is None or record is None:
        raise unknown(arn)
    return kind, record


def _tags(record: Any) -> Mapping[str, str]:
    tags: Mapping[str, str] = (
        record.members.get("tags", {}) if isinstance(record, Run) else record.tags
    )
    return tags


def _tagged(record: Any, tags: Mapping[str, str]) -> Any:
    """Return a resource with other tags; those of a run are among what it was started with."""
    if isinstance(record, Run):
        return attrs.evolve(record, members={**record.members, "tags": tags})
    if isinstance(record, Batch):  # which goes along as one and the same object
        record.tags = tags
        return record
    return attrs.evolve(record, tags=tags)


HANDLERS: Mapping[str, Callable[[Service, Any], Shape]] = {
    "TagResource": tag_resource,
    "UntagResource": untag_resource,
    "ListTagsForResource": list_tags_for_resource,
}
"""What answers each operation on tags."""
