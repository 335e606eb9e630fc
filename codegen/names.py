"""Names of the service, in Python."""

from __future__ import annotations

import builtins
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
        "models",
        "problems",
        "ref",
        "replace",
        "request",
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

USED_IN_BODIES = frozenset(
    {
        "bool",
        "copy_document",
        "copy_items",
        "copy_mapping",
        "datetime",
        "field",
        "float",
        "int",
        "new_request_id",
        "object",
        "property",
        "str",
        "tuple",
    }
)
"""Names that bodies of generated classes speak of; a member or method would hide them there."""

RESERVED_METHODS = frozenset(
    {"aclose", "close", "models", "operations", "send", "wait_until", "with_options"}
)
"""Names that the SDK gives to methods of its clients, and what makes its constants."""

IMPORTED = frozenset(
    {
        "ABC",
        "Any",
        "AsyncItems",
        "AsyncOperations",
        "Choice",
        "ClassVar",
        "Document",
        "Factory",
        "Flag",
        "Integer",
        "Items",
        "Literal",
        "MODELS",
        "Mapping",
        "Member",
        "Moment",
        "Nested",
        "OPERATIONS",
        "OneOf",
        "OpenStrEnum",
        "Operation",
        "Out",
        "Paging",
        "Partition",
        "Pairs",
        "Request",
        "Response",
        "RetryPolicy",
        "RunRef",
        "Sequence",
        "ServiceError",
        "Structure",
        "SyncOperations",
        "T",
        "TYPE_CHECKING",
        "Text",
        "Timeout",
        "TypeAlias",
        "TypeVar",
        "TypedDict",
        "UnknownVariant",
        "Variant",
        "abstractmethod",
        "copy_document",
        "copy_items",
        "copy_mapping",
        "datetime",
        "field",
        "frozen",
        "lazily",
        "new_request_id",
    }
)
"""Names that generated files import or define beside what the service has."""

OUTCOMES = frozenset(
    {"InvalidRequestError", "ServiceError", "TransportError", "UnreadableResponseError"}
)
"""Names of errors that the SDK itself raises."""

TEACH = "Teach the generator to name it otherwise (codegen/read.py)"


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


def check_member(where: str, name: str, reserved: Iterable[str]) -> None:
    """Refuse a name that can't be an attribute or method of a generated class.

    Raises:
        GeneratorError: It can't: it is private, or hides a name that the class speaks of.
    """
    check_free(where, name, {*reserved, *USED_IN_BODIES})
    _check_case(where, name, name.lower(), "lower")


def check_constant(where: str, name: str) -> None:
    """Refuse a name that can't be an enum's value: enums make something else of `_NAME_`.

    Raises:
        GeneratorError: It can't.
    """
    check_identifier(where, name)
    _check_case(where, name, name.upper(), "upper")


def check_class(name: str) -> None:
    """Refuse a name of a shape that can't be one of a class in the generated files.

    Raises:
        GeneratorError: It can't.
    """
    if not name.isidentifier() or keyword.iskeyword(name) or name.startswith("_"):
        raise GeneratorError(name, "it can't be the name of a class in Python", TEACH)
    if name in IMPORTED or name in vars(builtins):
        raise GeneratorError(name, "generated files need this name themselves", TEACH)


def check_error(shape: str, name: str) -> None:
    """Refuse a name that can't be one of an error's class.

    Raises:
        GeneratorError: It can't.
    """
    check_free(shape, name, {*IMPORTED, *OUTCOMES, *vars(builtins)})
    if name.startswith("_"):
        raise GeneratorError(shape, f"{name!r} is a private name", "Give it another in [rename]")


def _check_case(where: str, name: str, wanted: str, case: str) -> None:
    if name.startswith("_"):
        raise GeneratorError(where, f"{name!r} is a private name", "Give it another in [rename]")
    if name != wanted:
        what = f"{name!r} is not in {case} case"
        raise GeneratorError(where, what, "Give it another in [rename]")


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
