"""The service's regular expressions, in Python's `re`.

The service writes them for Java. What both languages read alike is passed on, a few spellings are
translated, and the rest is left to the service: None, rather than a pattern that refuses what the
service takes. All of them are meant to match the whole value.
"""

from __future__ import annotations

import re

_ESCAPE = r"\\u[0-9a-fA-F]{4}|\\x[0-9a-fA-F]{2}|\\[pP]\{\w+\}|\\."
_SET_PART = re.compile(f"{_ESCAPE}|.", re.DOTALL)
_TOKEN = re.compile(
    rf"""
      {_ESCAPE}
    | \[(?:\\.|[^\]\\])*\]    # a set, seen as a whole
    | \(\?<\w+>               # a group with a name
    | [*+?}}]\+               # a quantifier that gives nothing back
    | .
    """,
    re.VERBOSE | re.DOTALL,
)
_POSSESSIVE = frozenset({"*+", "++", "?+", "}+"})
_SETS = {
    r"\d": "0-9",
    r"\w": "A-Za-z0-9_",
    r"\s": r" \t\n\r\f\v",
    r"\p{Alpha}": "A-Za-z",
    r"\p{Digit}": "0-9",
    r"\p{Alnum}": "A-Za-z0-9",
    r"\p{Upper}": "A-Z",
    r"\p{Lower}": "a-z",
}
"""Classes that are ASCII in Java, as what stands in a set."""
_OUTSIDE_SETS = {r"\D": "[^0-9]", r"\W": "[^A-Za-z0-9_]", r"\S": r"[^ \t\n\r\f\v]", "$": r"\Z"}
_SET_OPERATORS = ("&&", "||", "--", "~~", "[")


def translate(pattern: str) -> str | None:
    """Return a pattern for `re.fullmatch`, or None where Python can't say it."""
    parts = [_translated(token) for token in _TOKEN.findall(_unanchored(pattern))]
    whole = _joined(parts)
    return whole if whole is not None and _compiles(whole) else None


def _unanchored(pattern: str) -> str:
    """Cut the anchors at both ends, which `fullmatch` implies; but not from one of two branches."""
    if "|" in pattern:
        return pattern
    inner = pattern.removeprefix("^")
    return inner[:-1] if inner.endswith("$") and not inner.endswith(r"\$") else inner


def _translated(token: str) -> str | None:
    if token.startswith("[") and len(token) > 1:
        return _translated_set(token)
    if token.startswith("(?<"):
        return f"(?P<{token.removeprefix('(?<')}"
    if token in _POSSESSIVE:
        return None
    if token in _SETS:
        return f"[{_SETS[token]}]"
    return _OUTSIDE_SETS.get(token) or _escape(token)


def _translated_set(token: str) -> str | None:
    inner = token[1:-1]
    plain = re.sub(r"\\.", "", inner)
    if any(operator in plain for operator in _SET_OPERATORS):
        return None
    parts = [_SETS.get(part) or _escape(part) for part in _SET_PART.findall(inner)]
    whole = _joined(parts)
    return None if whole is None else f"[{whole}]"


def _escape(token: str) -> str | None:
    """Return a sign as it is, escaped or not, but None for an escape that Java reads otherwise."""
    letter = token[1:2]
    is_foreign = token.startswith("\\") and letter.isalnum() and letter not in "tnrfux"
    return None if is_foreign else token


def _joined(parts: list[str | None]) -> str | None:
    known = [part for part in parts if part is not None]
    return "".join(known) if len(known) == len(parts) else None


def _compiles(pattern: str) -> bool:
    try:
        re.compile(pattern)
    except re.error:
        return False
    return True
