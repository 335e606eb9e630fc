"""How often each operation may be called, as the service throttles."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf, nextafter
from typing import Literal

from attrs import define

from omics_runs._rates import SERVICE_RATES
from omics_runs.emulator._http import Refusal
from omics_runs.emulator._routes import check_operation

DOCUMENTED_RATES = SERVICE_RATES
"""Calls for each second that the service's guide documents, for an account in a region."""

ROUNDING = 1e-9
"""How much of a call may be missing: somebody who waits the exact time has waited long enough."""


@define
class _Bucket:
    rate: float
    tokens: float = 1.0
    filled_at: float = 0.0

    def take(self, now: float) -> bool:
        if self.free_from(now) > now:
            return False
        self.tokens -= 1.0
        return True

    def free_from(self, now: float) -> float:
        self.tokens = min(1.0, self.tokens + (now - self.filled_at) * self.rate)
        self.filled_at = now
        missing = 1.0 - self.tokens
        if missing <= ROUNDING:
            return now
        return max(now + missing / self.rate, nextafter(now, inf))


class Rates:
    """How often each operation may be called: a token bucket for each, which holds one call.

    Assumption: the size of the service's buckets, and that each operation has its own.
    """

    def __init__(self, rates: Mapping[str, float] | Literal["documented"] | None) -> None:
        if isinstance(rates, str):
            rates = _rates_named(rates)
        rates = rates or {}
        for operation, rate in rates.items():
            check_operation(operation)
            _check_rate(operation, rate)
        self._buckets = {name: _Bucket(rate) for name, rate in rates.items()}

    def take(self, operation: str, now: float) -> None:
        """Count a call.

        Raises:
            Refusal: It comes too early.
        """
        bucket = self._buckets.get(operation)
        if bucket is not None and not bucket.take(now):
            # Assumption: no Retry-After; none has been seen.
            raise Refusal(429, "ThrottlingException", "Rate exceeded")

    def free_from(self, operation: str, now: float) -> float:
        """Return the moment from which a call is accepted, if no other comes before it."""
        bucket = self._buckets.get(operation)
        return now if bucket is None else bucket.free_from(now)

    def refill(self) -> None:
        """Fill all buckets, as if nobody had called yet."""
        for bucket in self._buckets.values():
            bucket.tokens = 1.0


def _rates_named(name: str) -> Mapping[str, float]:
    if name != "documented":
        msg = f"rates must be a mapping, 'documented' or None, not {name!r}"
        raise ValueError(msg)
    return DOCUMENTED_RATES


def _check_rate(operation: str, rate: float) -> None:
    if not 0 < rate < float("inf"):
        msg = f"the rate of {operation} must be above 0 calls per second, got {rate}"
        raise ValueError(msg)
