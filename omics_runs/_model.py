"""What every generated model is made of: members, and the parts and answers that have them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from enum import Enum
from typing import Any, ClassVar, Self, TypeAlias, TypeVar

import attrs
from attrs import field, frozen

from omics_runs import _preflight
from omics_runs._convert import Misfit, read_document, structure, to_json
from omics_runs._documents import copy_document
from omics_runs._errors import UnreadableResponseError
from omics_runs._narrow import is_sequence
from omics_runs._rules import Problem, Rule, quoted

JSON: TypeAlias = "Mapping[str, JSON] | list[JSON] | str | int | float | bool | None"
"""Any JSON value."""

REPR_LIMIT = 200
"""Length in characters to which the repr of a model is kept."""

HIDDEN = ...
"""Stands for a value that is not shown."""

T = TypeVar("T")


@frozen
class Member:
    """What the wire knows of one attribute of a model."""

    name: str
    """The attribute's name in Python."""
    wire: str
    """Its name on the wire."""
    rule: Rule | None = None
    """What a request's value must satisfy; None in responses, which are never validated."""
    required: bool = False
    """Whether the model can't be without it."""
    hidden: bool = False
    """Whether its value is kept out of the repr: documents, policies, presigned links."""
    document: bool = False
    """Whether its value is a JSON document, which is never touched."""


@frozen(kw_only=True)
class ResponseMetadata:
    """What is known of the answer beside its content."""

    aws_request_id: str | None = None
    """The service's own id of the call; what AWS support asks for."""
    status_code: int | None = None
    """HTTP status; None in a model that was made by hand."""
    attempts: int = 0
    """How many times the request was sent until this answer came."""
    headers: Mapping[str, str] = field(factory=dict[str, str], repr=False)
    """The answer's headers, names in lower case."""
    content: bytes | None = field(default=None, repr=False)
    """The answer's body as it came; None in a model that was made by hand."""

    @property
    def raw(self) -> Any:
        """The JSON as it came, decoded anew each time; None in a model that was made by hand."""
        if self.content is None:
            return None
        return json.loads(self.content) if self.content else {}


class Model:
    """What all models share: wire names, JSON in and out, copies with changes, a short repr."""

    __slots__ = ()
    __wire__: ClassVar[tuple[Member, ...]] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the present members under their wire names, JSON-safe; `from_dict` reads it."""
        made = {
            member.wire: copy_document(value) if member.document else to_json(value)
            for member, value in _present(self)
        }
        extra: Mapping[str, Any] = getattr(self, "extra", {})
        return {**made, **copy_document(extra)}

    def replace(self, **changes: Any) -> Self:
        """Return a copy with some members changed, by their Python names.

        A request draws a new `request_id`, unless the caller gave the one it has: one that was read
        from JSON with a `requestId` keeps it, so take that out of what is to be a template.
        """
        return attrs.evolve(self, **changes)  # type: ignore[misc]

    def __repr__(self) -> str:
        name = type(self).__name__
        room = REPR_LIMIT - len(name) - len("(, …)")
        shown: list[str] = []
        for member, value in told_of(self):
            text = f"{member}={'...' if value is HIDDEN else _short(value)}"
            room -= len(text) + len(", ")
            if room < 0:
                return f"{name}({', '.join(shown)}, …)"
            shown.append(text)
        return f"{name}({', '.join(shown)})"

    def _repr_html_(self) -> str:
        from omics_runs._showing import html_of  # noqa: PLC0415  (only notebooks need it)

        return html_of(self)


def _present(model: Model) -> Iterator[tuple[Member, Any]]:
    for member in model.__wire__:
        value = getattr(model, member.name)
        if value is not None:
            yield member, value


_TOLD_FIRST = [
    "id",
    "task_id",
    "name",
    "status",
    "failure_reason",
    "status_message",
    "creation_time",
    "start_time",
    "stop_time",
    "uuid",
    "run_output_uri",
    "workflow_id",
    "role_arn",
    "output_uri",
]


def told_of(model: Model) -> list[tuple[str, Any]]:
    """Return what a model may show of itself: its present members, what matters most first."""
    found = [(member.name, HIDDEN if member.hidden else value) for member, value in _present(model)]
    return sorted(found, key=lambda pair: _rank(pair[0]))


def _rank(name: str) -> int:
    """Return the place of a member in a repr: first what tells one thing from another."""
    return _TOLD_FIRST.index(name) if name in _TOLD_FIRST else len(_TOLD_FIRST)


def _short(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    if is_sequence(value):
        return f"<{len(value)}>"
    return quoted(value.value if isinstance(value, Enum) else value)


class Readable(Model):
    """A model that is made of what the service sent."""

    __slots__ = ()

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Return the model of decoded JSON with wire names; unknown members go to `extra`.

        Raises:
            UnreadableResponseError: A member is missing or has the wrong type.
        """
        try:
            return structure(copy_document(data), cls)
        except Misfit as misfit:
            raise _unreadable(cls, misfit) from None

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """Return the model of JSON text with wire names; see `from_dict`.

        Raises:
            UnreadableResponseError: It is not JSON, or a member is missing or of the wrong type.
        """
        try:
            return structure(json.loads(text), cls)
        except Misfit as misfit:
            raise _unreadable(cls, misfit) from None
        except (ValueError, TypeError, RecursionError) as error:
            raise _unreadable(cls, Misfit(f"is not JSON: {error}", "$")) from None

    def _document_as(self, name: str, kind: type[T]) -> T:
        try:
            return read_document(getattr(self, name), kind)
        except Misfit as misfit:
            raise _unreadable(type(self), misfit.under(f"$.{name}")) from None


@frozen(kw_only=True, slots=True, repr=False, unsafe_hash=False)
class Structure(Readable):
    """A part of an answer, or of a request."""

    extra: Mapping[str, Any] = field(factory=dict[str, Any])
    """Members that the service sent and this release doesn't know, by their wire names."""


@frozen(kw_only=True, slots=True, repr=False, unsafe_hash=False)
class Response(Structure):
    """The answer to a call."""

    response_metadata: ResponseMetadata = field(
        factory=ResponseMetadata, eq=False, metadata={"sdk": True}
    )
    """What is known of the answer beside its content: ids, status, attempts, the raw JSON."""


def problems_of(model: Model, prefix: str = "") -> Iterator[Problem]:
    """Yield everything that is wrong with what is to be sent; paths begin with `prefix`."""
    for member in model.__wire__:
        value = getattr(model, member.name)
        if value is not None and member.rule:
            yield from member.rule.problems(value, f"{prefix}{member.name}")
        elif value is None and member.required:
            yield f"{prefix}{member.name}", "is required"
    for key in getattr(model, "extra", ()):
        names = [member.wire for member in model.__wire__]
        yield f"{prefix}{key}", _preflight.not_a_member(key, type(model).__name__, names)
    for where, what in _preflight.problems(model):
        yield f"{prefix}{where}", what


def _unreadable(cls: type[Readable], misfit: Misfit) -> UnreadableResponseError:
    return UnreadableResponseError(
        misfit.what, operation=cls.__name__.removesuffix("Response"), path=misfit.path
    )
