"""The one error of the generator, and files that can't be read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any


class GeneratorError(Exception):
    """The generator met something that it doesn't understand, and writes nothing.

    Args:
        where: The operation, shape, member or entry it is about.
        what: What is the matter with it.
        todo: What a maintainer can do about it.
    """

    def __init__(self, where: str, what: str, todo: str) -> None:
        super().__init__(where, what, todo)
        self.where = where
        self.what = what
        self.todo = todo

    def __str__(self) -> str:
        return f"{self.where}: {self.what}. {self.todo}."


def check_quotable(where: str, key: str, text: str) -> None:
    """Refuse a text that would end the docstring it is written into.

    Raises:
        GeneratorError: It would.
    """
    if '"""' in text:
        raise GeneratorError(where, f"{key!r} has three quotes in a row", "Write it without")


def parsed(path: Path, parse: Callable[[str], Any]) -> dict[str, Any]:
    """Return what a file holds, which is a table or an object.

    Raises:
        OSError: It can't be read.
        ValueError: It is broken; the message names it.
    """
    try:
        data = parse(path.read_text("utf-8"))
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
    if isinstance(data, dict):
        return data
    raise ValueError(f"{path}: it holds a {type(data).__name__} and no object")
