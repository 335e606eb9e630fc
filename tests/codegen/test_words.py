"""Constraints of a request's members: as rules, and in words."""

from __future__ import annotations

from typing import Any

import pytest

from codegen import words
from codegen.docstrings import attribute


@pytest.mark.parametrize(
    ("shape", "rule", "text"),
    [
        pytest.param({}, "Text()", "", id="free"),
        pytest.param(
            {"min": 1, "max": 18}, "Text(min=1, max=18)", "1 to 18 characters.", id="both"
        ),
        pytest.param({"min": 0, "max": 256}, "Text(max=256)", "At most 256 characters.", id="most"),
        pytest.param({"min": 1}, "Text(min=1)", "At least 1 character.", id="least"),
        pytest.param(
            {"min": 12, "max": 12}, "Text(min=12, max=12)", "Exactly 12 characters.", id="exactly"
        ),
        pytest.param({"max": 2048}, "Text(max=2_048)", "At most 2,048 characters.", id="thousands"),
        pytest.param(
            {"min": 1, "max": 18, "pattern": "[0-9]+"},
            "Text(min=1, max=18, pattern='[0-9]+')",
            "1 to 18 characters, matching `[0-9]+`.",
            id="pattern",
        ),
        pytest.param(
            {"pattern": r"a\.b"}, 'Text(pattern=r"a\\.b")', r"Matches `a\.b`.", id="raw-pattern"
        ),
        pytest.param(
            {"max": 9, "pattern": r"\p{L}+"}, "Text(max=9)", "At most 9 characters.", id="untold"
        ),
    ],
)
def test_strings(shape: dict[str, Any], rule: str, text: str) -> None:
    """A pattern that Python can't say is neither checked nor told."""
    assert words.text_rule(shape, secret=False) == rule
    assert words.text_words(shape) == text


@pytest.mark.parametrize(
    ("shape", "rule", "text"),
    [
        pytest.param({}, "Integer()", "", id="free"),
        pytest.param(
            {"min": 0, "max": 100000}, "Integer(min=0, max=100_000)", "0 to 100,000.", id="both"
        ),
        pytest.param({"min": 1}, "Integer(min=1)", "At least 1.", id="least"),
        pytest.param({"min": 0}, "Integer(min=0)", "At least 0.", id="not-negative"),
        pytest.param({"max": 5}, "Integer(max=5)", "At most 5.", id="most"),
    ],
)
def test_numbers(shape: dict[str, Any], rule: str, text: str) -> None:
    """A zero is a bound of a number, while no string has fewer characters than none."""
    assert words.integer_rule(shape) == rule
    assert words.integer_words(shape) == text


@pytest.mark.parametrize(
    ("shape", "each", "text"),
    [
        pytest.param({}, {}, "", id="free"),
        pytest.param({"min": 0, "max": 32}, {}, "At most 32 items.", id="most"),
        pytest.param({}, {"max": 9}, "Each of at most 9 characters.", id="each"),
        pytest.param(
            {"min": 1, "max": 3},
            {"pattern": "[0-9]"},
            "1 to 3 items, each matching `[0-9]`.",
            id="pattern",
        ),
        pytest.param({"max": 1}, {"max": 64, "enum": ["A"]}, "At most 1 item.", id="enum"),
    ],
)
def test_lists(shape: dict[str, Any], each: dict[str, Any], text: str) -> None:
    """A list tells its own length and what its items look like; an enum's items look after it."""
    assert words.list_words(shape, each) == text


@pytest.mark.parametrize(
    ("shape", "key", "value", "text"),
    [
        pytest.param({}, {}, {}, "", id="free"),
        pytest.param(
            {"max": 50},
            {"min": 1, "max": 128},
            {"max": 256},
            "At most 50 entries. Keys of 1 to 128 characters, values of at most 256 characters.",
            id="all",
        ),
        pytest.param({}, {}, {"max": 9}, "Values of at most 9 characters.", id="values"),
    ],
)
def test_maps(shape: dict[str, Any], key: dict[str, Any], value: dict[str, Any], text: str) -> None:
    """A map tells its own size, then what its keys and values look like."""
    assert words.map_words(shape, key, value) == text


def test_rules_of_containers_hold_the_rules_of_what_is_inside() -> None:
    """Bounds follow the inner rules, and a lower bound of nothing is none."""
    shape = {"min": 0, "max": 32}
    assert words.sized_rule("Items", "Choice(Season)", shape) == "Items(Choice(Season), max=32)"
    assert words.sized_rule("Items", "Flag()", {"min": 2}) == "Items(Flag(), min=2)"


def test_secrets_are_marked() -> None:
    """A rule that refuses a secret must not repeat it."""
    assert words.text_rule({"max": 9}, secret=True) == "Text(max=9, secret=True)"


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        pytest.param("One. Two.", ("One.", "Two."), id="two"),
        pytest.param("One.", ("One.", ""), id="one"),
        pytest.param(
            "In liters, i.e. not cups. Two.", ("In liters, i.e. not cups.", "Two."), id="ie"
        ),
        pytest.param("What? `x` it is.", ("What?", "`x` it is."), id="code"),
    ],
)
def test_first_sentences(text: str, parts: tuple[str, str]) -> None:
    """A full stop ends a sentence where the next word looks like a beginning."""
    assert words.first_sentence(text) == parts


@pytest.mark.parametrize(
    ("text", "docstring"),
    [
        pytest.param("Its id.", '"""Its id."""', id="short"),
        pytest.param('Say "hello"', '"""Say "hello"\n    """', id="quote-at-the-end"),
        pytest.param(r"Like \d.", r'r"""Like \d."""', id="backslash"),
        pytest.param("x" * 90, f'"""{"x" * 90}"""', id="just-fits"),
        pytest.param("x" * 91, f'"""{"x" * 91}\n    """', id="quotes-too-many"),
        pytest.param(
            f"{'x' * 50} {'y' * 50}", f'"""{"x" * 50}\n    {"y" * 50}\n    """', id="wrapped"
        ),
    ],
)
def test_docstrings_of_attributes(text: str, docstring: str) -> None:
    """No line is longer than the project allows, quotes included."""
    assert attribute(text, 4) == docstring
    assert all(len(line) <= 100 for line in f"    {docstring}".splitlines())
