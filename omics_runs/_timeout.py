"""How long a call may take."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import attrs
from attrs import field, frozen

from omics_runs._errors import ConfigurationError
from omics_runs._narrow import A_TIME_ABOVE_0, is_number, is_time

if TYPE_CHECKING:
    from attrs import Attribute


def _positive(_: object, attribute: Attribute[Any], value: object) -> None:
    if value is not None and not is_positive(value):
        msg = f"timeout {attribute.name!r} must be {A_TIME_ABOVE_0}, got {value!r}"
        raise ConfigurationError(msg)


def is_positive(value: object) -> bool:
    """Return whether `value` is a time above 0; NaN and booleans are none."""
    return is_time(value) and value > 0


@frozen(kw_only=True)
class Timeout:
    """Bounds on a call, in seconds.

    Args:
        connect: For opening a connection, TLS included.
        read: For each wait on the server for more bytes; also bounds writes and the turn in the
            connection pool.
        total: For the whole call, over all its attempts and the waits between; None for no bound.
            Exact in the async client. In the sync client each phase of an attempt is bound by the
            time left at its start, and an answer's body has to end in time. So three things can
            exceed it: the last wait for more bytes, a server that sends the headers of its answer
            byte after byte, and a look-up of credentials.

    Raises:
        ConfigurationError: A bound is not above 0.
    """

    connect: float = field(default=3.1, validator=_positive)
    read: float = field(default=30.0, validator=_positive)
    total: float | None = field(default=None, validator=_positive)

    @classmethod
    def of(cls, value: Timeout | float | None, default: Timeout) -> Timeout:
        """Return the bounds of one call: a plain number means `total`, None the default."""
        if value is None:
            return default
        if isinstance(value, Timeout):
            return value
        if not is_number(value):
            msg = (
                "timeout must be a number of seconds for a call in all, or bounds such as "
                f"omics_runs.Timeout(connect=3.1, read=30), got {value!r}"
            )
            raise ConfigurationError(msg)
        return cls(connect=default.connect, read=default.read, total=value)

    def phases(self, time_left: float | None) -> dict[str, float | None]:
        """Return each phase's bound in httpx's terms, when `time_left` seconds remain in all."""
        connect = _shortest(self.connect, time_left)
        read = _shortest(self.read, time_left)
        return {"connect": connect, "read": read, "write": read, "pool": read}


def last_poll_time(bounds: Timeout) -> float:
    """Return how many seconds a call gets that begins when the time of a longer task is up."""
    return min(bounds.read, Timeout().read)


def at_most(seconds: float, bounds: Timeout) -> Timeout:
    """Return `bounds` with no more than `seconds` in total."""
    if math.isinf(seconds):
        return bounds
    return attrs.evolve(bounds, total=min(seconds, bounds.total or seconds))


def _shortest(seconds: float, time_left: float | None) -> float | None:
    bound = seconds if time_left is None else min(seconds, time_left)
    return None if math.isinf(bound) else bound
