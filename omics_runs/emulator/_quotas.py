"""How much an account may have at a time."""

from __future__ import annotations

from typing import Any

import attrs
from attrs import field, frozen

from omics_runs.emulator._http import Refusal
from omics_runs.emulator._plan import LONGEST


def a_count(_: object, attribute: attrs.Attribute[Any], value: object) -> None:
    """Refuse what is no number of things, when an attrs class is made.

    Raises:
        ValueError: It is no whole number from 1 up.
    """
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        msg = f"{attribute.name} must be a whole number from 1 up, got {value!r}"
        raise ValueError(msg)


a_count_or_none = attrs.validators.optional(a_count)


def _a_duration(_: object, attribute: attrs.Attribute[float], value: float) -> None:
    if not 0 < value <= LONGEST:
        msg = f"{attribute.name} must be above 0 and at most {LONGEST:.0f} seconds, got {value}"
        raise ValueError(msg)


@frozen(kw_only=True)
class Quotas:
    """How much the emulator's account may have at a time.

    Raises:
        ValueError: A number of things is not a whole number from 1 up, or the duration is not
            above 0 and at most ten years.
    """

    max_active_runs: int | None = field(default=None, validator=a_count_or_none)
    """How many runs may be between STARTING and their end; further ones wait in PENDING.

    None, the default, is no limit: the service's default differs from account to account.
    """
    max_run_duration: float = field(default=604_800.0, validator=_a_duration)
    """Seconds that a run may be RUNNING before it fails with `RUN_TIMED_OUT`; seven days."""
    max_stored_runs: int = field(default=5_000, validator=a_count)
    """How many runs, active or not, are kept; 5,000 is what the service once documented.

    A further StartRun makes the oldest run that has ended and has the retention mode REMOVE go.
    Where there is none it is refused.
    """
    max_run_groups: int = field(default=1_000, validator=a_count)
    """How many run groups there may be."""
    max_run_caches: int = field(default=1_000, validator=a_count)
    """How many run caches there may be."""


def exceeded(message: str) -> Refusal:
    """Return the refusal of a request for more than the account may have."""
    return Refusal(402, "ServiceQuotaExceededException", message)
