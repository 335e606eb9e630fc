"""Which of the service's patterns Python can say, and how."""

from __future__ import annotations

import re

import pytest

from codegen.patterns import translate


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        pytest.param("[0-9]+", "[0-9]+", id="digits"),
        pytest.param("arn:.+", "arn:.+", id="dot"),
        pytest.param(r"[A-Za-z0-9][A-Za-z0-9\-\._]*", r"[A-Za-z0-9][A-Za-z0-9\-\._]*", id="escape"),
        pytest.param("^[0-9]{12}$", "[0-9]{12}", id="anchors"),
        pytest.param("^a|b$", r"^a|b\Z", id="anchors-of-branches"),
        pytest.param(r"costs\$", r"costs\$", id="escaped-dollar"),
        pytest.param(r"\d{4}", "[0-9]{4}", id="digit-class"),
        pytest.param(r"[\d.]+", "[0-9.]+", id="digit-class-in-a-set"),
        pytest.param(r"\w+", "[A-Za-z0-9_]+", id="word-class"),
        pytest.param(r"\S+", r"[^ \t\n\r\f\v]+", id="no-space"),
        pytest.param(r"[^\s]+", r"[^ \t\n\r\f\v]+", id="no-space-in-a-set"),
        pytest.param(r"\D", "[^0-9]", id="no-digit"),
        pytest.param(r"\p{Alnum}+", "[A-Za-z0-9]+", id="posix-class"),
        pytest.param(r"[\p{Alpha}_]+", "[A-Za-z_]+", id="posix-class-in-a-set"),
        pytest.param(r"[\u0020-\u00FF]+", r"[\u0020-\u00FF]+", id="code-points"),
        pytest.param(r"[\x20-\x7e]", r"[\x20-\x7e]", id="bytes"),
        pytest.param(r"[\t\n\r]", r"[\t\n\r]", id="control-signs"),
        pytest.param("(?<year>[0-9]{4})", "(?P<year>[0-9]{4})", id="named-group"),
        pytest.param("(?:a|b)", "(?:a|b)", id="plain-group"),
        pytest.param("(?!aws)[a-z]+", "(?!aws)[a-z]+", id="look-ahead"),
        pytest.param("a+?", "a+?", id="lazy"),
        pytest.param(
            "s3://([a-z0-9][a-z0-9-.]{1,61}[a-z0-9])(/(.{0,1024}))?",
            "s3://([a-z0-9][a-z0-9-.]{1,61}[a-z0-9])(/(.{0,1024}))?",
            id="s3-uri",
        ),
        pytest.param(r"[\p{L}||\p{M}||\p{Z}||\p{S}||\p{N}||\p{P}]+", None, id="unicode-classes"),
        pytest.param(r"[\p{L}\p{M}\t\n\r]+", None, id="unicode-classes-in-a-row"),
        pytest.param(r"\p{L}+", None, id="unicode-class"),
        pytest.param(r"\P{L}+", None, id="unicode-class-denied"),
        pytest.param("[a-z||0-9]", None, id="java-union"),
        pytest.param("[a-z&&[^aeiou]]", None, id="java-intersection"),
        pytest.param("[a[bc]]", None, id="java-nested-set"),
        pytest.param(r"[\S]+", None, id="denied-class-in-a-set"),
        pytest.param("a++", None, id="possessive"),
        pytest.param("a{2}+", None, id="possessive-count"),
        pytest.param(r"\h+", None, id="java-escape"),
        pytest.param(r"a\Z", None, id="java-anchor"),
        pytest.param("(a", None, id="broken"),
    ],
)
def test_patterns_are_translated_or_given_up(theirs: str, ours: str | None) -> None:
    """What Python reads otherwise than Java is rewritten, or left to the service to judge."""
    assert translate(theirs) == ours


@pytest.mark.parametrize(
    ("pattern", "value", "fits"),
    [
        pytest.param(r"\d+", "٣", False, id="digits-of-other-scripts"),
        pytest.param(r"\w+", "é", False, id="letters-of-other-scripts"),
        pytest.param("^[0-9]+$", "12\n", False, id="trailing-newline"),
        pytest.param("^a$|^b$", "b\n", False, id="trailing-newline-in-a-branch"),
        pytest.param(r"[\w-]+", "run-1_A", True, id="set-with-a-class"),
    ],
)
def test_translations_mean_what_java_means(pattern: str, value: str, *, fits: bool) -> None:
    """Classes are ASCII in Java, and a dollar sign is the very end."""
    ours = translate(pattern)
    assert ours is not None
    assert (re.fullmatch(ours, value) is not None) is fits
