"""How long keys are good for, and when to look for newer ones: no I/O and no clock of its own.

Keys that are soon to end are renewed while they are still good, so that a failure to renew them
does no harm at first. In the advisory window one caller looks for new keys and the others go on
with the old ones; in the mandatory window, close to the end, everybody waits for the new ones.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import Enum

import attrs
from attrs import frozen

from omics_runs._credentials import Credentials

# The windows of botocore and of the other AWS SDKs.
ADVISORY = timedelta(minutes=15)
MANDATORY = timedelta(minutes=10)
PAUSE = timedelta(minutes=1)
"""How long to leave those alone who had nothing newer."""

_NEVER = datetime.max.replace(tzinfo=UTC)


class Due(Enum):
    """How urgent it is to look for newer keys."""

    NOT = "the keys are good"
    SOON = "one caller looks for newer ones, and the others go on"
    NOW = "nobody goes on without newer ones"


@frozen(eq=False)
class Held:
    """Keys that a look-up brought."""

    credentials: Credentials
    is_momentary: bool
    """Whether they are good for one call only, since nobody says how long they last."""
    renew_at: datetime = _NEVER
    must_renew_at: datetime = _NEVER
    quiet_until: datetime | None = None
    """Until then there is surely nothing newer."""

    @classmethod
    def since(cls, now: datetime, credentials: Credentials, *, is_lasting: bool) -> Held:
        """Return newly found keys.

        Args:
            now: When they came.
            credentials: The keys.
            is_lasting: Whether keys that name no end have none, as those of a user.
        """
        end = credentials.expires_at
        if end is None:
            return cls(credentials, is_momentary=not is_lasting)
        scale = _scale(end - now)
        return cls(
            credentials,
            is_momentary=False,
            renew_at=end - scale * ADVISORY,
            must_renew_at=end - scale * MANDATORY,
        )

    def due(self, now: datetime, refused: Credentials | None = None) -> Due:
        """Tell whether to look for newer keys; the service may have `refused` some."""
        if refused is self.credentials:
            return Due.NOW
        if self.is_momentary:
            # Keys other than the refused ones are the answer of somebody who asked since.
            return Due.NOW if refused is None else Due.NOT
        if now < self.renew_at or (self.quiet_until is not None and now < self.quiet_until):
            return Due.NOT
        return Due.SOON if now < self.must_renew_at else Due.NOW

    def paused(self, now: datetime) -> Held:
        """Return the same keys, to be left alone for a moment, yet not beyond their end."""
        return attrs.evolve(
            self, quiet_until=min(now + PAUSE, self.credentials.expires_at or _NEVER)
        )


def _scale(time_left: timedelta) -> float:
    """Return by how much the windows shrink.

    Keys that come with less time than the windows are long would be due at once, and with them
    each call: such keys are renewed when half of their time is over. Those that come as if they had
    ended are so because our clock is wrong, and there are no windows before their end.
    """
    return 1.0 if time_left > ADVISORY else max(0.0, time_left / (2 * ADVISORY))
