"""Durations, as people write them."""

from __future__ import annotations

UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


def in_words(seconds: float) -> str:
    """Return a duration in its two largest units, without those that are zero: `2 h 5 min`."""
    if 0 < seconds < 1:
        return f"{max(seconds, 0.1):.1f} s"
    whole = round(seconds)
    largest = next((size for size, _ in UNITS if whole >= size), 1)
    smallest = min(size for size, _ in UNITS if size * 60 >= largest)
    rest, words = _rounded(whole, smallest), list[str]()
    for size, name in UNITS:
        count, rest = divmod(rest, size)
        words += [f"{count} {name}"] * bool(count)
    return " ".join(words) or "0 s"


def _rounded(seconds: int, unit: int) -> int:
    return round(seconds / unit) * unit
