"""What a partition of AWS is to an endpoint; the data lies in `_generated/partitions.py`."""

from __future__ import annotations

from attrs import frozen


@frozen(kw_only=True)
class Partition:
    """A group of regions that share their domain names, such as `aws` or `aws-cn`."""

    id: str
    """Name of the partition, as in an ARN."""
    dns_suffix: str
    """What endpoints end in."""
    dual_stack_dns_suffix: str
    """What endpoints end in that answer over IPv4 and IPv6."""
    supports_fips: bool
    """Whether there are endpoints with FIPS 140 validated cryptography."""
    supports_dual_stack: bool
    """Whether there are endpoints that answer over IPv4 and IPv6."""
    region_regex: str
    """What the names of its regions look like, those of the future included."""
    regions: tuple[str, ...]
    """Names of the regions that were known when the data was generated."""
