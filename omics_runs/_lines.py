"""Foreign texts, made fit for a line."""

from __future__ import annotations


def printable(text: str) -> str:
    """Return a text without what would steer a terminal; spaces stay, in their number."""
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else " " if one.isspace() else "?" for one in text)


def one_line(text: str) -> str:
    """Return a text in one line, its words one space apart."""
    return printable(" ".join(text.split()))


def shortened(text: str, limit: int) -> str:
    """Return a text of at most `limit` characters; what is left out is in its middle."""
    if len(text) <= limit:
        return text
    end = limit // 3
    return f"{text[: limit - end - 1]}…{text[len(text) - end :]}"
