"""Run caches: made, changed, looked at, deleted. Nothing is ever kept in them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import attrs

from omics_runs._generated.enums import RunCacheStatus
from omics_runs._generated.models import (
    CreateRunCacheRequest,
    DeleteRunCacheRequest,
    GetRunCacheRequest,
    ListRunCachesRequest,
    UpdateRunCacheRequest,
)
from omics_runs.emulator._arns import arn_of
from omics_runs.emulator._creating import check_room, checked_tags, listed, once, present
from omics_runs.emulator._groups import needed
from omics_runs.emulator._http import conflict, not_found
from omics_runs.emulator._service import Service
from omics_runs.emulator._shapes import Shape
from omics_runs.emulator._store import RunCache


def create_run_cache(service: Service, request: CreateRunCacheRequest) -> Shape:
    """Make a run cache, or answer for the one that this request has made before."""
    return once(service, request, lambda: _created(service, request))


def _created(service: Service, request: CreateRunCacheRequest) -> Shape:
    tags = checked_tags(request.tags)
    check_room(service.store.run_caches, service.settings.quotas.max_run_caches, "run caches")
    cache = RunCache(
        id=service.store.names.id(),
        s3_uri=request.cache_s3_location,
        bucket_owner_id=request.cache_bucket_owner_id,
        tags=tags,
        created=service.now,
        **_changes(request),
    )
    service.store.add_run_cache(cache)
    return {
        "arn": arn_of(service.shapes, "runCache", cache.id),
        "id": cache.id,
        "status": RunCacheStatus.ACTIVE.value,
        "tags": tags,
    }


def get_run_cache(service: Service, request: GetRunCacheRequest) -> Shape:
    """Describe a run cache."""
    cache = _cache(service, request.id)
    details = present(description=cache.description, cacheBucketOwnerId=cache.bucket_owner_id)
    return {**_item(service, cache), **details, "tags": dict(cache.tags)}


def list_run_caches(service: Service, request: ListRunCachesRequest) -> Shape:
    """List the run caches."""
    caches = service.store.run_caches.values()
    return listed(service, request, "run caches", caches, lambda cache: _item(service, cache))


def update_run_cache(service: Service, request: UpdateRunCacheRequest) -> Shape:
    """Change what is given of a run cache."""
    cache = _cache(service, request.id)
    service.store.add_run_cache(attrs.evolve(cache, **_changes(request)))
    return {}


def delete_run_cache(service: Service, request: DeleteRunCacheRequest) -> Shape:
    """Forget a run cache that no run uses any more.

    Assumption: it is not found from then on; the status DELETED is never seen.
    """
    cache = _cache(service, request.id)
    if needed(service, "cacheId", cache.id):
        raise conflict(f"Run cache {cache.id} is used by runs that have not ended.")
    del service.store.run_caches[cache.id]
    return {}


def _cache(service: Service, id: str) -> RunCache:
    cache = service.store.run_caches.get(id)
    if cache is None:
        raise not_found(f"Run cache {id} not found")
    return cache


def _changes(request: CreateRunCacheRequest | UpdateRunCacheRequest) -> dict[str, Any]:
    return present(
        name=request.name, description=request.description, behavior=request.cache_behavior
    )


def _item(service: Service, cache: RunCache) -> Shape:
    return present(
        arn=arn_of(service.shapes, "runCache", cache.id),
        id=cache.id,
        name=cache.name,
        cacheBehavior=cache.behavior,
        cacheS3Uri=cache.s3_uri,
        creationTime=service.shapes.time.text(cache.created),
        status=RunCacheStatus.ACTIVE.value,
    )


HANDLERS: Mapping[str, Callable[[Service, Any], Shape]] = {
    "CreateRunCache": create_run_cache,
    "GetRunCache": get_run_cache,
    "ListRunCaches": list_run_caches,
    "UpdateRunCache": update_run_cache,
    "DeleteRunCache": delete_run_cache,
}
"""What answers each operation on run caches."""
