"""Configurations: those that were added to the emulator, to look at."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from omics_runs._generated.enums import ConfigurationStatus
from omics_runs._generated.models import GetConfigurationRequest, ListConfigurationsRequest
from omics_runs.emulator._arns import arn_of
from omics_runs.emulator._creating import listed
from omics_runs.emulator._http import not_found
from omics_runs.emulator._service import Service
from omics_runs.emulator._shapes import Shape
from omics_runs.emulator._store import Configuration

PAGE_SIZE = 10
"""Configurations on a page for which no other number was asked; more are not allowed."""


def get_configuration(service: Service, request: GetConfigurationRequest) -> Shape:
    """Describe a configuration."""
    configuration = service.store.configurations.get(request.name)
    if configuration is None:
        raise not_found(f"Configuration {request.name} not found")
    return {
        **_item(service, configuration),
        "uuid": configuration.uuid,
        "runConfigurations": {"vpcConfig": service.shapes.vpc_config(configuration)},
        "tags": dict(configuration.tags),
    }


def list_configurations(service: Service, request: ListConfigurationsRequest) -> Shape:
    """List the configurations."""
    configurations = service.store.configurations.values()

    def shape(configuration: Configuration) -> Shape:
        return _item(service, configuration)

    return listed(service, request, "configurations", configurations, shape, usual=PAGE_SIZE)


def _item(service: Service, configuration: Configuration) -> Shape:
    return {
        "arn": arn_of(service.shapes, "configuration", configuration.name),
        "name": configuration.name,
        "status": ConfigurationStatus.ACTIVE.value,
        "creationTime": service.shapes.time.text(configuration.created),
    }


HANDLERS: Mapping[str, Callable[[Service, Any], Shape]] = {
    "GetConfiguration": get_configuration,
    "ListConfigurations": list_configurations,
}
"""What answers each operation on configurations."""
