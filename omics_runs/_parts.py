"""What requests have inside: structures, and unions of which exactly one variant is given.

A union is one class for each variant. A variant that is newer than the release is kept when it is
read, and refuses to be sent: nobody here knows what it means.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from attrs import field, frozen

from omics_runs._convert import read_moment
from omics_runs._documents import copy_document
from omics_runs._model import Model, Readable, Structure, problems_of
from omics_runs._narrow import is_mapping, is_sequence
from omics_runs._rules import Items, Moment, Problem, Rule, kind


@frozen(slots=True, repr=False, unsafe_hash=False)
class Variant(Readable):
    """One of the forms that a union can have; its one member is `value`."""


@frozen(slots=True, repr=False, unsafe_hash=False)
class UnknownVariant(Model):
    """A variant that this release doesn't know."""

    tag: str
    """Its name on the wire."""
    value: Any = field(default=None)
    """What came with it, as it came."""

    def to_dict(self) -> dict[str, Any]:
        """Return what was read, under the name it had."""
        return {self.tag: copy_document(self.value)}

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.tag!r})"


@frozen
class Nested:
    """The rule of a structure inside a request."""

    model: type[Structure]

    def problems(self, value: object, path: str) -> Iterator[Problem]:
        if isinstance(value, self.model):
            yield from problems_of(value, f"{path}.")
        else:
            yield path, f"must be a {self.model.__name__}, got {kind(value)}"


@frozen
class OneOf:
    """The rule of a union: exactly one of its variants."""

    variants: tuple[type[Variant], ...]
    unknown: type[UnknownVariant]

    def problems(self, value: object, path: str) -> Iterator[Problem]:
        if isinstance(value, self.variants):
            yield from problems_of(value, f"{path}.")
        elif isinstance(value, UnknownVariant):
            yield path, f"is {value.tag!r}, which this release doesn't know and can't send"
        else:
            names = " or ".join(variant.__name__ for variant in self.variants)
            yield path, f"must be one {names}, got {kind(value)}"

    def variant(self, tag: str) -> type[Variant] | None:
        """Return the variant of a name on the wire."""
        return next((one for one in self.variants if one.__wire__[0].wire == tag), None)


def read_part(rule: Rule | None, value: Any) -> Any:
    """Return a request's value out of JSON: objects become the models that `rule` asks for.

    What does not fit is left as it is, for validation to name.
    """
    match rule:
        case Nested(model=model) if is_mapping(value):
            return _read_structure(model, value)
        case OneOf() if is_mapping(value):
            return _read_union(rule, value)
        case Moment():
            return read_moment(value)
        case Items(each=Nested() | OneOf() as each) if is_sequence(value):
            return tuple(read_part(each, item) for item in value)
        case _:
            return value


def _read_structure(model: type[Structure], data: Mapping[str, Any]) -> Structure:
    members = {member.wire: member for member in model.__wire__}
    arguments: dict[str, Any] = {member.name: None for member in model.__wire__ if member.required}
    for key, value in data.items():
        if key in members:
            arguments[members[key].name] = read_part(members[key].rule, value)
    extra = {key: value for key, value in data.items() if key not in members}
    return model(extra=extra, **arguments)


def _read_union(rule: OneOf, data: Mapping[str, Any]) -> Any:
    present = [(tag, value) for tag, value in data.items() if value is not None]
    if len(present) != 1:
        return data
    tag, value = present[0]
    variant: Any = rule.variant(tag)
    if variant is None:
        return rule.unknown(tag, value)
    return variant(read_part(variant.__wire__[0].rule, value))


def unknown_variants(value: object, path: str = "") -> Iterator[Problem]:
    """Yield each place in a request with a variant that can't be sent."""
    if isinstance(value, UnknownVariant):
        yield path, f"is {value.tag!r}, which this release doesn't know and can't send"
        return
    for inner, part in _parts_of(value, path):
        if isinstance(part, Model) or is_sequence(part):
            yield from unknown_variants(part, inner)


def _parts_of(value: object, path: str) -> Iterator[tuple[str, object]]:
    if is_sequence(value):
        yield from ((f"{path}[{place}]", item) for place, item in enumerate(value))
        return
    for member in getattr(value, "__wire__", ()):
        inner = f"{path}.{member.name}" if path else member.name
        yield inner, getattr(value, member.name)
