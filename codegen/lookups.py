"""What every part of the reader asks of the sources: shapes, names, sentences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from attrs import field, frozen

from codegen import names, words
from codegen.notes import Config, Descriptions
from codegen.problems import GeneratorError

Shape: TypeAlias = Mapping[str, Any]

SUMMARY_ROOM = 88
"""Characters of a docstring's first line, in the deepest place where there are docstrings."""


@frozen
class Lookups:
    """The service's shapes, with what config and descriptions say of them."""

    shapes: Mapping[str, Shape]
    config: Config
    text: Descriptions
    docs: Mapping[str, str] = field(factory=dict[str, str])
    """Where other services write of the operations and shapes that are theirs."""

    def renamed(self, key: str, usual: str) -> str:
        """Return the name that config.toml gives to something, or its usual one."""
        entry = self.config.find("rename", key)
        return str(entry["to"]) if entry else usual

    def name(self, model: str, member: str) -> str:
        """Return a member's name in Python."""
        name = self.renamed(f"{model}.{member}", names.snake(member))
        names.check_member(f"{model}.{member}", name, names.RESERVED_MEMBERS)
        return name

    def about(self, model: str, member: str) -> str:
        """Return the sentences about a member."""
        _check_key(model, member)
        return words.sentence(self.text.take("models", model, member))

    def value(self, enum: str, value: str) -> str:
        """Return the text about a value of an enum."""
        _check_key(enum, value)
        return self.text.take("enums", enum, value)

    def variant(self, union: str, member: str) -> str:
        """Return the text about a variant of a union."""
        _check_key(union, member)
        return self.headed("models", union, member)

    def headed(self, kind: str, subject: str, key: str = "about") -> str:
        """Return a text whose first sentence fits into the first line of a docstring."""
        text = words.sentence(self.text.take(kind, subject, key))
        first, _ = words.first_sentence(text)
        if len(first) > SUMMARY_ROOM:
            where = f"descriptions.toml [{kind}.{subject}]"
            what = f"the first sentence of {key!r} has {len(first)} characters"
            raise GeneratorError(where, what, f"Make it {SUMMARY_ROOM} at most, to fit on a line")
        return text

    def link(self, page: str) -> str:
        """Return where the service writes of something."""
        return self.docs.get(page, self.config.service["docs"]).format(name=page)

    def mixin(self, subject: str) -> str | None:
        """Return the hand-written class that a model or an enum is as well, as `module.Class`."""
        entry = self.config.find("mixins", subject)
        if entry is None:
            return None
        path = str(entry["class"])
        if "." not in path or not all(part.isidentifier() for part in path.split(".")):
            where = f"config.toml [mixins.{subject}]"
            raise GeneratorError(where, f"{path!r} is no class in a module", "Write module.Class")
        names.check_class(path.rpartition(".")[2])
        return path

    def is_hidden(self, model: str, member: str) -> bool:
        """Return whether a member's value is kept out of reprs."""
        return self.config.find("hidden", f"{model}.{member}", member) is not None

    def is_document(self, shape: str) -> bool:
        """Return whether a shape is JSON of any form."""
        return bool(self.shapes[shape].get("document"))

    def is_moment(self, shape: str) -> bool:
        """Return whether a number counts the milliseconds of the Unix epoch."""
        if self.config.find("epoch_milliseconds", shape) is None:
            return False
        found = self.shapes[shape]
        if found["type"] != "long" or found.get("min", 0) != 0 or "max" in found:
            where = f"config.toml [epoch_milliseconds.{shape}]"
            raise GeneratorError(where, "it is no long from 0 up", "Remove it")
        return True

    def is_part(self, shape: str) -> bool:
        """Return whether a shape has a class of its own: a structure or union, but no document."""
        return self.shapes[shape]["type"] == "structure" and not self.is_document(shape)

    def is_union(self, shape: str) -> bool:
        """Return whether of a shape's members exactly one is there."""
        return bool(self.shapes[shape].get("union"))


def _check_key(subject: str, key: str) -> None:
    if key == "about":
        what = "descriptions.toml has this key for what it is a part of"
        raise GeneratorError(f"{subject}.{key}", what, "Teach the generator another key")
