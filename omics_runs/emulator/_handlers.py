"""What answers each operation, from all that know some of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from omics_runs.emulator import (
    _batches,
    _caches,
    _configurations,
    _groups,
    _log_streams,
    _service,
    _tags,
    _workflows,
)
from omics_runs.emulator._service import Service
from omics_runs.emulator._shapes import Shape

HANDLERS: Mapping[str, Callable[[Service, Any], Shape]] = {
    **_service.HANDLERS,
    **_groups.HANDLERS,
    **_caches.HANDLERS,
    **_workflows.HANDLERS,
    **_configurations.HANDLERS,
    **_tags.HANDLERS,
    **_batches.HANDLERS,
    **_log_streams.HANDLERS,
}
"""What answers each operation, by the service's names."""
