"""A request member's constraints: as a rule in Python, and in words for its docstring."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from codegen.patterns import translate

Shape = Mapping[str, Any]


def text_rule(shape: Shape, *, secret: bool) -> str:
    """Return the rule of a string."""
    low, high, pattern = shape.get("min", 0), shape.get("max"), pattern_of(shape)
    arguments = [f"min={low}"] if low else []
    arguments += [f"max={high:_}"] if high is not None else []
    arguments += [f"pattern={literal(pattern)}"] if pattern else []
    arguments += ["secret=True"] if secret else []
    return f"Text({', '.join(arguments)})"


def integer_rule(shape: Shape) -> str:
    """Return the rule of a whole number."""
    arguments = [f"{end}={shape[end]:_}" for end in ("min", "max") if end in shape]
    return f"Integer({', '.join(arguments)})"


def sized_rule(kind: str, inner: str, shape: Shape) -> str:
    """Return the rule of a list or map; `inner` are the rules of what is in it."""
    arguments = [inner]
    arguments += [f"min={shape['min']:_}"] if shape.get("min") else []
    arguments += [f"max={shape['max']:_}"] if "max" in shape else []
    return f"{kind}({', '.join(arguments)})"


def pattern_of(shape: Shape) -> str | None:
    """Return a string's pattern in Python, or None if it has none that Python can say."""
    return translate(shape["pattern"]) if "pattern" in shape else None


def text_words(shape: Shape) -> str:
    """Return a string's constraints: `1 to 18 characters, matching ...`."""
    length, pattern = span(shape, "character", low=shape.get("min", 0)), pattern_of(shape)
    if pattern and not length:
        return f"Matches `{pattern}`."
    return sentence(f"{length}, matching `{pattern}`" if pattern else length)


def enum_words(values: Sequence[str]) -> str:
    """Return an enum's known values: `One of RETAIN, REMOVE.`."""
    return f"One of {', '.join(values)}." if len(values) > 1 else f"Only {values[0]} so far."


def integer_words(shape: Shape) -> str:
    """Return a number's range: `0 to 100,000.`."""
    return sentence(span(shape, "", low=shape.get("min")))


def list_words(shape: Shape, each: Shape) -> str:
    """Return how many items a list may have, and what they look like."""
    size = span(shape, "item", low=shape.get("min", 0))
    inner = "" if "enum" in each else _inner("each", each)
    return sentence(", ".join(part for part in (size, inner) if part))


def map_words(shape: Shape, key: Shape, value: Shape) -> str:
    """Return what a map from strings to strings may hold."""
    size = sentence(span(shape, "entry", low=shape.get("min", 0)))
    inner = [part for part in (_inner("keys", key), _inner("values", value)) if part]
    return f"{size} {sentence(', '.join(inner))}".strip()


def span(shape: Shape, unit: str, *, low: int | None) -> str:
    """Return a range in words, or nothing if there is none; `unit` in the singular."""
    high = shape.get("max")
    if unit and not low:
        low = None
    if high is None:
        return "" if low is None else f"At least {_counted(low, unit)}"
    if low is None:
        return f"At most {_counted(high, unit)}"
    if low == high:
        return f"Exactly {_counted(low, unit)}"
    return f"{low:,} to {_counted(high, unit)}"


def sentence(text: str) -> str:
    """Return `text` as a sentence, with its capital letter and its full stop."""
    stop = "" if not text or text[-1] in ".!?" else "."
    return text[:1].upper() + text[1:] + stop


def first_sentence(text: str) -> tuple[str, str]:
    """Return the first sentence of a text, and the rest of it."""
    first, *rest = re.split(r"(?<=[.!?]) (?=[A-Z`])", text.strip(), maxsplit=1)
    return first, "".join(rest)


def literal(text: str) -> str:
    """Return a string as Python writes it, raw where it has backslashes."""
    return f'r"{text}"' if "\\" in text and '"' not in text else repr(text)


def _inner(who: str, shape: Shape) -> str:
    """Return what the strings in a container look like, or nothing."""
    length, pattern = span(shape, "character", low=shape.get("min", 0)), pattern_of(shape)
    parts = [f"of {length[0].lower()}{length[1:]}"] if length else []
    parts += [f"matching `{pattern}`"] if pattern else []
    return f"{who} {', '.join(parts)}" if parts else ""


def _counted(number: int, unit: str) -> str:
    """Return a number with its unit: `1 entry`, `2 entries`."""
    if not unit or number == 1:
        return f"{number:,} {unit}".strip()
    plural = f"{unit.removesuffix('y')}ies" if unit.endswith("y") else f"{unit}s"
    return f"{number:,} {plural}"
