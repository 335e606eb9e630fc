"""Foreign texts, made fit for a line."""

from __future__ import annotations


def one_line(text: str) -> str:
    """Return a text of the service's in one line, without what would steer a terminal."""
    words = " ".join(text.split())
    return "".join(char if char.isprintable() else "?" for char in words)
