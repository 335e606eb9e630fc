"""The public API is what its snapshot says, and a change of it is told as what it is."""

from __future__ import annotations

import re
from importlib import import_module

import pytest

from tests.api.changes import changes
from tests.api.snapshot import COMMAND, MODULES, SNAPSHOT, public_api


def test_the_snapshot_is_what_the_code_has() -> None:
    """Nobody changes the public API without seeing it in the diff."""
    new, old = public_api(), SNAPSHOT.read_text("utf-8")
    message = f"the public API is not what {SNAPSHOT.name} says; `{COMMAND}` writes it anew"
    assert new == old, f"{message}\n{changes(old, new)}"


def test_the_snapshot_has_every_public_name() -> None:
    """Each name of each `__all__` has a line of its own."""
    paths = {re.split(r"[(: ]", line)[0] for line in SNAPSHOT.read_text("utf-8").splitlines()}
    for name in MODULES:
        exported = getattr(import_module(name), "__all__", ())
        assert {f"{name}.{one}" for one in exported} <= paths


OLD = "a.f(x: int, *, y: str = 'z') -> None [async]"


@pytest.mark.parametrize(
    ("new", "breaking"),
    [
        pytest.param("", True, id="removed"),
        pytest.param("a.f(x: int, *, y: str = 'z', w: int = 1) -> None [async]", False, id="more"),
        pytest.param("a.f(x: int, *, w: int = 1, y: str = 'z') -> None [async]", False, id="order"),
        pytest.param("a.f(x: int, *, y: str = 'z', w: int) -> None [async]", True, id="required"),
        pytest.param("a.f(x: int, w: int = 1, *, y: str = 'z') -> None [async]", True, id="place"),
        pytest.param("a.f(x: int, *, y: str) -> None [async]", True, id="default-gone"),
        pytest.param("a.f(x: int, *, y: str = 'v') -> None [async]", True, id="default"),
        pytest.param("a.f(x: int, *, y: int = 'z') -> None [async]", True, id="type"),
        pytest.param("a.f(x: int) -> None [async]", True, id="fewer"),
        pytest.param("a.f(x: int, *, y: str = 'z') -> int [async]", True, id="answer"),
        pytest.param("a.f(x: int, *, y: str = 'z') -> None", True, id="colour"),
        pytest.param("a.f: int = 1", True, id="no-function"),
    ],
)
def test_a_changed_function_is_breaking_unless_it_only_takes_more(
    new: str, *, breaking: bool
) -> None:
    """Only further parameters that are given by name, or not at all, do no harm."""
    found = changes(OLD, new)
    assert (bool(found.breaking), bool(found.compatible)) == (breaking, not breaking)
    assert f"- {OLD}" in str(found)
    assert new in str(found)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param("a.E: class(B, ValueError)", "a.E: class(B)", id="base"),
        pytest.param("a.E.V = 'v'", "a.E.V = 'w'", id="enum-value"),
        pytest.param("a.M.m: str | None = None", "a.M.m: int | None = None", id="member"),
        pytest.param("a.N is b.N", "a.N is c.N", id="other-home"),
    ],
)
def test_another_line_is_breaking(old: str, new: str) -> None:
    """A base, a value or a type that is another one can break the code of users."""
    assert changes(old, new).breaking == [f"- {old}", f"+ {new}"]


def test_a_new_line_is_compatible() -> None:
    """What was not there before breaks nobody, and the same twice is no change."""
    found = changes("a.x: int", "a.x: int\na.y: int")
    assert str(found) == "compatible:\n  + a.y: int"
    assert str(changes(OLD, OLD)) == ""
