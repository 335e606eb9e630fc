"""The one error of the generator."""

from __future__ import annotations


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
