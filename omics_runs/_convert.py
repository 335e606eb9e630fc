"""The cattrs converter: JSON as the service writes it, into models and back.

It is strict. A 7 where a string belongs is an error and not `'7'`, and the error says where.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from enum import Enum
from functools import cache, partial, reduce
from types import NoneType, UnionType
from typing import (
    TYPE_CHECKING,
    Any,
    Literal,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

import cattrs

from omics_runs._documents import copy_document
from omics_runs._enums import OpenStrEnum
from omics_runs._narrow import is_array, is_mapping, is_number, is_object, is_sequence

if TYPE_CHECKING:
    from omics_runs._model import Structure

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

EPOCH_MILLISECONDS = 1e11
"""From here on a number is epoch milliseconds; as seconds it would be beyond the year 5000."""

LONGEST_TIMESTAMP = 40
"""Characters of the longest text that is looked at as a timestamp."""

PLAIN = frozenset({str, int, float, bool})
"""Types of values that are JSON as they are."""

T = TypeVar("T")
Hook = Callable[[Any, Any], Any]


class Misfit(Exception):  # noqa: N818  (it never leaves the SDK)
    """A JSON value that does not fit its model; `path` says where, from the value's own root."""

    def __init__(self, what: str, path: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.path = path

    def under(self, step: str) -> Misfit:
        """Return the same misfit as seen from one level up."""
        return Misfit(self.what, step + self.path)


def structure(data: object, cls: type[T]) -> T:
    """Return `data`, decoded JSON that is nobody else's, as an instance of a response model.

    Raises:
        Misfit: It does not fit; `path` starts with `$`.
    """
    try:
        return converter().structure(data, cls)
    except Misfit as misfit:
        raise misfit.under("$") from None


def read_document(value: Any, kind: type[T]) -> T:
    """Return a JSON document as an instance of the caller's own class.

    Raises:
        Misfit: It does not fit; `what` names every place that does not.
    """
    if value is None:
        raise Misfit("is absent")
    try:
        return _document_converter().structure(copy_document(value), kind)
    except Exception as error:  # whatever the hooks of the caller's own class raise
        whats = cattrs.transform_error(error, path="", format_exception=_in_words)
        name = getattr(kind, "__name__", repr(kind))
        raise Misfit(f"does not fit {name}: {'; '.join(whats)}") from error


def _in_words(error: BaseException, _: type | None) -> str:
    return error.what if isinstance(error, Misfit) else f"{type(error).__name__}: {error}"


def to_json(value: Any) -> Any:
    """Return a model's value as JSON-safe data."""
    if type(value) in PLAIN:
        return value
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return value.isoformat()
    if is_mapping(value):
        return {key: to_json(item) for key, item in value.items()}
    if is_sequence(value):
        return [to_json(item) for item in value]
    return value.to_dict() if hasattr(value, "to_dict") else value


@cache
def converter() -> cattrs.Converter:
    """Return the one converter, built when it is first needed."""
    made = cattrs.Converter(detailed_validation=False)
    for kind in (str, int, bool, float):
        made.register_structure_hook(kind, _strict(kind))
    made.register_structure_hook(datetime, _moment)
    made.register_structure_hook(OpenStrEnum, _open_enum)
    made.register_structure_hook_factory(_is_tuple, partial(_tuple_hook, made))
    made.register_structure_hook_factory(_is_mapping, partial(_mapping_hook, made))
    made.register_structure_hook_factory(_is_structure, partial(_structure_hook, made))
    made.register_structure_hook_factory(_is_variant, partial(_variant_hook, made))
    made.register_structure_hook_factory(_is_union, partial(_union_hook, made))
    return made


@cache
def _document_converter() -> cattrs.Converter:
    return converter().copy(detailed_validation=True)


def epoch_milliseconds(moment: datetime) -> int:
    """Return a moment as CloudWatch Logs writes it; what is finer than a millisecond is cut off.

    Raises:
        TypeError: It has no time zone.
    """
    return (moment - EPOCH) // timedelta(milliseconds=1)


def read_moment(value: Any) -> Any:
    """Return a request's moment, given as text or in epoch milliseconds; others as they are."""
    is_count = isinstance(value, int) and not isinstance(value, bool)
    try:
        if is_count:
            return EPOCH + timedelta(milliseconds=value)
        return timestamp(value) if isinstance(value, str) else value
    except (Misfit, OverflowError):
        return value


def _moment(value: Any, _: Any) -> datetime:
    """Return a timestamp, in one step where it is written as the service nearly always does."""
    try:
        moment = datetime.fromisoformat(value) if len(value) <= LONGEST_TIMESTAMP else None
    except (ValueError, TypeError):
        moment = None
    return moment if moment is not None and moment.tzinfo is UTC else timestamp(value)


def timestamp(value: object) -> datetime:
    """Return any form of timestamp that the service has been seen to write, in UTC.

    Text in ISO 8601 with or without a fraction, with `Z`, an offset or no zone at all (which
    means UTC), and epoch seconds. Numbers from 100 billion on are epoch milliseconds, as
    CloudWatch Logs writes them.
    """
    if isinstance(value, str):
        return _in_utc(_parse(value))
    if is_number(value):
        return _from_epoch(value)
    raise Misfit(f"expected a timestamp, got {_named(value)}")


def _from_epoch(value: float) -> datetime:
    try:
        return datetime.fromtimestamp(
            value / 1000 if abs(value) >= EPOCH_MILLISECONDS else value, UTC
        )
    except (ValueError, OverflowError, OSError):
        raise Misfit(f"expected a timestamp, got the number {value}") from None


def _parse(text: str) -> datetime:
    if len(text) > LONGEST_TIMESTAMP:
        raise Misfit(f"expected a timestamp, got {len(text):,} characters")
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        pass
    from dateutil.parser import parse  # noqa: PLC0415  (rarely needed, and slow to import)

    try:
        moment, other = (parse(text, default=blank, tzinfos=_zone) for blank in _BLANKS)
    except (ValueError, OverflowError):
        moment, other = _BLANKS
    if moment != other:  # a part of the date was missing, and dateutil filled it in
        raise Misfit(f"expected a timestamp, got {text!r}")
    return moment


_BLANKS = datetime(2000, 1, 1, tzinfo=UTC), datetime(2001, 2, 2, tzinfo=UTC)


def _zone(name: str | None, offset: int | None) -> tzinfo:
    """Refuse zones that only a name tells: names have many meanings. UTC has its offset, 0."""
    if offset is None:
        raise ValueError(name)
    return timezone(timedelta(seconds=offset))


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except OverflowError:
        raise Misfit(f"expected a timestamp that exists in UTC, got {moment}") from None


def _named(value: object) -> str:
    names: dict[type, str] = {
        dict: "an object",
        list: "an array",
        str: "a string",
        bool: "a boolean",
    }
    if value is None:
        return "null"
    return names.get(type(value), "a number")


def _strict(kind: type) -> Hook:
    words: dict[type, str] = {str: "a string", int: "a whole number", bool: "a boolean"}
    word = words.get(kind, "a number")
    accepted = (int, float) if kind is float else kind

    def hook(value: Any, _: Any) -> Any:
        if type(value) is kind:
            return value
        if isinstance(value, accepted) and not isinstance(value, bool):
            return value
        raise Misfit(f"expected {word}, got {_named(value)}")

    return hook


def _open_enum(value: Any, cls: type[OpenStrEnum]) -> Any:
    if not isinstance(value, str):
        raise Misfit(f"expected a string, got {_named(value)}")
    return cls._value2member_map_.get(value) or cls(value)


def _is_tuple(cls: Any) -> bool:
    return get_origin(cls) in {tuple, Sequence}


def _tuple_hook(made: cattrs.Converter, cls: Any) -> Hook:
    each = get_args(cls)[0]
    inner = made.get_structure_hook(each)

    def hook(value: Any, _: Any) -> Any:
        if not is_array(value):
            raise Misfit(f"expected an array, got {_named(value)}")
        found: list[Any] = []
        try:
            for item in value:
                found.append(inner(item, each))  # noqa: PERF401  (its length says where)
        except Misfit as misfit:
            raise misfit.under(f"[{len(found)}]") from None
        return tuple(found)

    return hook


def _is_mapping(cls: Any) -> bool:
    return get_origin(cls) is Mapping


def _mapping_hook(made: cattrs.Converter, cls: Any) -> Hook:
    each = get_args(cls)[1]
    if each in {Any, object}:  # a document: any JSON at all, passed through untouched
        return lambda value, _: value
    inner = made.get_structure_hook(each)

    def hook(value: Any, _: Any) -> Any:
        if not is_object(value):
            raise Misfit(f"expected an object, got {_named(value)}")
        return {key: _inside(f".{key}", inner, item, each) for key, item in value.items()}

    return hook


def _is_structure(cls: Any) -> bool:
    return isinstance(cls, type) and hasattr(cls, "extra")


def _structure_hook(made: cattrs.Converter, cls: type[Structure]) -> Hook:
    types = {name: _without_none(kind) for name, kind in get_type_hints(cls).items()}
    members = {
        member.wire: (member.name, types[member.name], made.get_structure_hook(types[member.name]))
        for member in cls.__wire__
    }
    find = members.get
    # What a request must have, an answer that gives it back may lack: nothing else is lost by it.
    given_back = [member.name for member in cls.__wire__ if member.required and member.rule]
    required = {member.wire for member in cls.__wire__ if member.required and not member.rule}

    def hook(value: Any, _: Any) -> Any:
        if not is_object(value):
            raise Misfit(f"expected an object, got {_named(value)}")
        arguments: dict[str, Any] = dict.fromkeys(given_back)
        extra: dict[str, Any] = {}
        key = ""
        try:
            for key, item in value.items():
                if (member := find(key)) is None:
                    extra[key] = item
                elif item is not None:
                    name, kind, inner = member
                    is_ready = type(item) is kind and kind in PLAIN
                    arguments[name] = item if is_ready else inner(item, kind)
        except Misfit as misfit:
            raise misfit.under(f".{key}") from None
        for wire in required:
            if value.get(wire) is None:
                raise Misfit("is missing", f".{wire}")
        return cls(extra=extra, **arguments)

    return hook


def _is_variant(cls: Any) -> bool:
    return isinstance(cls, type) and hasattr(cls, "__wire__") and not hasattr(cls, "extra")


def _variant_hook(made: cattrs.Converter, cls: Any) -> Hook:
    (member,) = cls.__wire__
    kind = get_type_hints(cls)[member.name]
    inner = made.get_structure_hook(kind)

    def hook(value: Any, _: Any) -> Any:
        if not is_object(value) or value.get(member.wire) is None:
            raise Misfit(f"expected an object with {member.wire!r}, got {_named(value)}")
        return cls(_inside(f".{member.wire}", inner, value[member.wire], kind))

    return hook


def _is_union(cls: Any) -> bool:
    return get_origin(cls) in {Union, UnionType} and all(map(_is_variant, get_args(cls)))


def _union_hook(made: cattrs.Converter, cls: Any) -> Hook:
    *variants, unknown = get_args(cls)
    hooks = {one.__wire__[0].wire: (one, made.get_structure_hook(one)) for one in variants}

    def hook(value: Any, _: Any) -> Any:
        if not is_object(value):
            raise Misfit(f"expected an object, got {_named(value)}")
        present = [tag for tag, item in value.items() if item is not None]
        if len(present) != 1:
            raise Misfit(f"expected an object with one member, got {len(present)}")
        (tag,) = present
        if tag not in hooks:
            return unknown(tag, value[tag])
        variant, inner = hooks[tag]
        return inner({tag: value[tag]}, variant)

    return hook


def _without_none(kind: Any) -> Any:
    """Return a member's type without its absence, and an enum without the strings for it."""
    if get_origin(kind) not in {Union, UnionType}:
        return kind
    left = [one for one in get_args(kind) if one is not NoneType and get_origin(one) is not Literal]
    return reduce(lambda one, other: one | other, left)


def _inside(step: str, hook: Hook, value: Any, kind: Any) -> Any:
    try:
        return hook(value, kind)
    except Misfit as misfit:
        raise misfit.under(step) from None
