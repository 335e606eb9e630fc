"""Which URL a call goes to: the service's endpoint rules, written out by hand."""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING, NoReturn
from urllib.parse import urlsplit

from attrs import frozen

from omics_runs._errors import ConfigurationError
from omics_runs._generated.partitions import PARTITIONS

if TYPE_CHECKING:
    from omics_runs._config import Settings
    from omics_runs._partition import Partition


NO_REGION = (
    "no region: give one (region=, or --region of the command), set AWS_REGION or"
    " AWS_DEFAULT_REGION, or name one in the profile"
)


ALWAYS_FIPS = {("logs", "us-gov-east-1"), ("logs", "us-gov-west-1")}
"""Services whose usual hosts are FIPS ones in a region, but for the dual-stack ones."""


@frozen
class Endpoint:
    """Where the service is: a custom endpoint, or a host of AWS that takes a prefix."""

    base: str
    """A custom URL as it was given, or the bare name of an AWS host."""
    is_custom: bool = False
    """Whether `base` is a URL of the caller's own, which never gets a prefix."""

    @property
    def custom_host(self) -> str | None:
        """The host of a custom endpoint; None for the region's own."""
        return urlsplit(self.base).hostname if self.is_custom else None

    def url_for(self, host_prefix: str) -> str:
        """Return the URL for an operation with that host prefix, without a slash at its end."""
        return self.base.rstrip("/") if self.is_custom else f"https://{host_prefix}{self.base}"


@frozen
class NoEndpoint:
    """There is no way to a service, which nobody minds who never calls it."""

    why: str

    def url_for(self, _: str) -> NoReturn:
        """Say why there is none.

        Raises:
            ConfigurationError: Always.
        """
        raise ConfigurationError(self.why)


def resolve(settings: Settings, *, partitions: tuple[Partition, ...] = PARTITIONS) -> Endpoint:
    """Find the endpoint for a client's settings.

    Args:
        settings: What the client was told.
        partitions: The partitions there are; the first one takes regions that fit nowhere.

    Raises:
        ConfigurationError: There is neither a region nor a custom endpoint, or the region's
            partition has no such endpoint.
    """
    return _found("omics", settings.endpoint_url, settings, partitions)


def resolve_logs(
    settings: Settings, *, partitions: tuple[Partition, ...] = PARTITIONS
) -> Endpoint | NoEndpoint:
    """Find the endpoint of CloudWatch Logs; an emulator on this machine has that one, too.

    Args:
        settings: What the client was told.
        partitions: The partitions there are; the first one takes regions that fit nowhere.
    """
    try:
        url = _logs_url(settings)
        return _found("logs", url, settings, partitions)
    except ConfigurationError as error:
        return NoEndpoint(f"CloudWatch Logs: {error}")


def is_loopback(host: str) -> bool:
    """Return whether a host is this machine."""
    name = f".{host.rstrip('.')}"
    try:
        return name.endswith(".localhost") or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _logs_url(settings: Settings) -> str | None:
    if settings.logs_problem is not None:
        raise ConfigurationError(settings.logs_problem)
    if settings.logs_endpoint_url is not None:
        settings.check_custom(settings.logs_endpoint_url)
        return settings.logs_endpoint_url
    url = settings.endpoint_url
    return url if url and is_loopback(urlsplit(url).hostname or "") else None


def _found(
    service: str, url: str | None, settings: Settings, partitions: tuple[Partition, ...]
) -> Endpoint:
    if url:
        return Endpoint(url, is_custom=True)
    if settings.region is None:
        raise ConfigurationError(NO_REGION)
    partition = _partition_of(settings.region, partitions)
    _check_support(partition, settings)
    return Endpoint(_host(service, settings.region, partition, settings))


def _host(service: str, region: str, partition: Partition, settings: Settings) -> str:
    if settings.use_fips and (settings.use_dualstack or (service, region) not in ALWAYS_FIPS):
        service = f"{service}-fips"
    dual = settings.use_dualstack
    suffix = partition.dual_stack_dns_suffix if dual else partition.dns_suffix
    return f"{service}.{region}.{suffix}"


def _check_support(partition: Partition, settings: Settings) -> None:
    wanted = {
        "FIPS": settings.use_fips and not partition.supports_fips,
        "dual-stack": settings.use_dualstack and not partition.supports_dual_stack,
    }
    if missing := [name for name, is_missing in wanted.items() if is_missing]:
        kinds = " and no ".join(missing)
        msg = f"partition {partition.id} of region {settings.region} has no {kinds} endpoints"
        raise ConfigurationError(msg)


def _partition_of(region: str, partitions: tuple[Partition, ...]) -> Partition:
    listed = (one for one in partitions if region in one.regions)
    fitting = (one for one in partitions if re.match(one.region_regex, region))
    return next(listed, None) or next(fitting, None) or partitions[0]
