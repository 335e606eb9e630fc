"""What is sent: the base of all request models."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from typing import Any, Generic, Self, TypeVar, cast

from omics_runs._errors import InvalidRequestError
from omics_runs._model import Model, Response, problems_of
from omics_runs._parts import read_part
from omics_runs._preflight import did_you_mean
from omics_runs._rules import Problem

Out_co = TypeVar("Out_co", bound=Response, covariant=True)


def new_request_id() -> str:
    """Return a fresh idempotency token."""
    return str(uuid.uuid4())


class Request(Model, Generic[Out_co]):
    """What is sent in a call; plain data that names its answer's type."""

    __slots__ = ()

    def problems(self) -> tuple[Problem, ...]:
        """Return everything that is wrong with this request, as `(path, what)` pairs."""
        return tuple(problems_of(self))

    def validate(self) -> None:
        """Check this request without sending it.

        Raises:
            InvalidRequestError: Something is wrong; the error names all of it.
        """
        if problems := self.problems():
            raise InvalidRequestError(self._subject(), problems)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Return the request of a dict with wire names, such as `to_dict` makes.

        Values are checked when the request is sent, or by `validate`.

        Raises:
            InvalidRequestError: A name is unknown, or a required one is missing.
        """
        return cls._from_wire(data, {})

    @classmethod
    def from_json(cls, text: str | bytes, **overrides: Any) -> Self:
        """Return the request of JSON text with wire names, such as `skeleton` shows.

        Args:
            text: A JSON object.
            **overrides: Members that win over the text's, by their Python names.

        Raises:
            InvalidRequestError: It is not a JSON object, a name is unknown, or a required one is
                missing.
        """
        try:
            data = json.loads(text)
        except (ValueError, TypeError, RecursionError) as error:
            raise InvalidRequestError(
                cls._subject(), [("", f"the text is not JSON: {error}")]
            ) from None
        return cls._from_wire(data, overrides)

    @classmethod
    def skeleton(cls) -> dict[str, Any]:
        """Return a dict with every member's wire name, to be filled in.

        Required members are empty texts, which are refused until they are filled; all others are
        null, which means absent: nothing is sent that nobody has written.
        """
        return {member.wire: "" if member.required else None for member in cls.__wire__}

    @classmethod
    def _from_wire(cls, data: Any, overrides: Mapping[str, Any]) -> Self:
        if not isinstance(data, Mapping):
            raise InvalidRequestError(cls._subject(), [("", "must be a JSON object")])
        given = cast("Mapping[str, Any]", data)
        names = {member.wire: member.name for member in cls.__wire__}
        arguments = {names.get(key, key): value for key, value in given.items()}
        for member in cls.__wire__:
            if member.name in arguments:
                arguments[member.name] = read_part(member.rule, arguments[member.name])
        arguments.update(overrides)
        unknown = {key: did_you_mean(key, names) for key in given if key not in names}
        known = names.values()
        unknown |= {name: did_you_mean(name, known) for name in overrides if name not in known}
        missing = [
            member.name
            for member in cls.__wire__
            if member.required and arguments.get(member.name) is None
        ]
        if unknown or missing:
            what = "is not a member of this request"
            problems = [(key, f"{what}{question}") for key, question in unknown.items()]
            problems += [(name, "is required") for name in missing]
            raise InvalidRequestError(cls._subject(), problems)
        return cls(**arguments)

    @classmethod
    def _subject(cls) -> str:
        return cls.__name__.removesuffix("Request")
