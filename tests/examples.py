"""How many examples a property gets that asks for another number than the profile's."""

from __future__ import annotations

from hypothesis import settings

USUAL = 100
"""What a property gets in full."""

IN_FULL = settings.default.max_examples >= USUAL
"""Whether this is the full profile, in which nothing is left out."""


def examples(full: int) -> int:
    """Return as many of them as the profile allows of the usual number, and never less than 8."""
    return max(8, full * settings.default.max_examples // USUAL)
