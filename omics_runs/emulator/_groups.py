"""Run groups: made, changed, looked at, deleted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import attrs

from omics_runs._generated.models import (
    CreateRunGroupRequest,
    DeleteRunGroupRequest,
    GetRunGroupRequest,
    ListRunGroupsRequest,
    UpdateRunGroupRequest,
)
from omics_runs._lifecycle import CANCELLABLE
from omics_runs.emulator._arns import arn_of
from omics_runs.emulator._creating import check_room, checked_tags, listed, once, present
from omics_runs.emulator._http import conflict, not_found
from omics_runs.emulator._service import Service
from omics_runs.emulator._shapes import Shape
from omics_runs.emulator._store import RunGroup

CHANGEABLE = ("name", "max_runs", "max_cpus", "max_gpus", "max_duration")
"""What UpdateRunGroup may change."""


def create_run_group(service: Service, request: CreateRunGroupRequest) -> Shape:
    """Make a run group, or answer for the one that this request has made before."""
    return once(service, request, lambda: _created(service, request))


def _created(service: Service, request: CreateRunGroupRequest) -> Shape:
    tags = checked_tags(request.tags)
    check_room(service.store.run_groups, service.settings.quotas.max_run_groups, "run groups")
    group = RunGroup(
        id=service.store.names.id(), tags=tags, created=service.now, **_changes(request)
    )
    service.keep_group(group)
    return {"arn": arn_of(service.shapes, "runGroup", group.id), "id": group.id, "tags": tags}


def get_run_group(service: Service, request: GetRunGroupRequest) -> Shape:
    """Describe a run group."""
    group = _group(service, request.id)
    return {**_item(service, group), "tags": dict(group.tags)}


def list_run_groups(service: Service, request: ListRunGroupsRequest) -> Shape:
    """List the run groups, all or those of a name."""
    groups = service.store.run_groups.values()

    def shape(group: RunGroup) -> Shape | None:
        return _item(service, group) if request.name in {None, group.name} else None

    return listed(service, request, f"run groups {request.name}", groups, shape)


def update_run_group(service: Service, request: UpdateRunGroupRequest) -> Shape:
    """Change what is given of a run group; runs that wait may fit it now."""
    group = _group(service, request.id)
    service.keep_group(attrs.evolve(group, **_changes(request)))
    return {}


def delete_run_group(service: Service, request: DeleteRunGroupRequest) -> Shape:
    """Forget a run group that no run needs any more."""
    group = _group(service, request.id)
    if needed(service, "runGroupId", group.id):
        # Assumption: the code; the service's guide only says that it must not have such runs.
        raise conflict(f"Run group {group.id} has runs that have not ended.")
    del service.store.run_groups[group.id]
    return {}


def needed(service: Service, member: str, id: str) -> bool:
    """Return whether a run that has not ended names something in a member of its request."""
    return any(
        run.members.get(member) == id and run.status(service.now) in CANCELLABLE
        for run in service.store.runs.values()
    )


def _group(service: Service, id: str) -> RunGroup:
    group = service.store.run_groups.get(id)
    if group is None:
        raise not_found(f"Run group {id} not found")
    return group


def _changes(request: CreateRunGroupRequest | UpdateRunGroupRequest) -> dict[str, Any]:
    return present(**{name: getattr(request, name) for name in CHANGEABLE})


def _item(service: Service, group: RunGroup) -> Shape:
    return present(
        arn=arn_of(service.shapes, "runGroup", group.id),
        id=group.id,
        name=group.name,
        maxRuns=group.max_runs,
        maxCpus=group.max_cpus,
        maxGpus=group.max_gpus,
        maxDuration=group.max_duration,
        creationTime=service.shapes.time.text(group.created),
    )


HANDLERS: Mapping[str, Callable[[Service, Any], Shape]] = {
    "CreateRunGroup": create_run_group,
    "GetRunGroup": get_run_group,
    "ListRunGroups": list_run_groups,
    "UpdateRunGroup": update_run_group,
    "DeleteRunGroup": delete_run_group,
}
"""What answers each operation on run groups."""
