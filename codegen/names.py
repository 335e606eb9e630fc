"""Names of the service, in Python."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable

from codegen.problems import GeneratorError

RESERVED_MEMBERS = frozenset(
    {
        "extra",
        "from_dict",
        "from_json",
        "limit",
        "problems",
        "ref",
        "replace",
        "response_metadata",
        "retry",
        "self",
        "skeleton",
        "timeout",
        "to_dict",
        "validate",
    }
)
"""Names that the SDK gives to models and to the parameters of its methods."""

RESERVED_METHODS = frozenset({"aclose", "close", "send", "wait_until", "with_options"})
"""Names that the SDK gives to methods of its clients."""


def snake(name: str) -> str:
    """Return a name in camel case as one in snake case: `cacheS3Uri` as `cache_s3_uri`."""
    parted = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", name)
    return re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", parted).replace("-", "_").lower()


def enum_member(value: str) -> str:
    """Return the name of an enum's value: `ready-2` as `READY_2`."""
    return re.sub(r"\W", "_", value).upper()


def error_class(shape: str) -> str:
    """Return the name of an error's class: `ConflictException` as `ConflictError`."""
    stem = shape.removesuffix("Exception").removesuffix("Error")
    return f"{stem}Error"


def check_identifier(where: str, name: str) -> None:
    """Refuse what can't be a name in Python.

    Raises:
        GeneratorError: It can't.
    """
    if not name.isidentifier() or keyword.iskeyword(name):
        raise GeneratorError(
            where, f"{name!r} can't be a name in Python", "Give it another in [rename]"
        )


def check_free(where: str, name: str, reserved: Iterable[str]) -> None:
    """Refuse a name that the SDK has taken.

    Raises:
        GeneratorError: It is taken.
    """
    check_identifier(where, name)
    if name in reserved:
        raise GeneratorError(
            where, f"the SDK itself has the name {name!r}", "Give it another in [rename]"
        )


def check_distinct(where: str, names: Iterable[tuple[str, str]]) -> None:
    """Refuse two things with one name; pairs of the service's name and ours.

    Raises:
        GeneratorError: Two share a name.
    """
    taken: dict[str, str] = {}
    for theirs, ours in names:
        if ours in taken:
            what = f"{taken[ours]!r} and {theirs!r} would both be named {ours!r}"
            raise GeneratorError(where, what, "Give one of them another in [rename]")
        taken[ours] = theirs
