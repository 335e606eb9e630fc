"""The public API as text, one line for each public object: what users may rely on, in one file.

`python -m tests.api.snapshot` writes it, the test beside it compares it with the code. The lines
are read from the source, so that they are the same on every Python; only the defaults of attrs
fields are asked of the classes themselves.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, TypeAlias

import attrs
import griffe

MODULES = (
    "omics_runs.models",
    "omics_runs.errors",
    "omics_runs.display",
    "omics_runs.emulator",
    "omics_runs.pytest_plugin",
    "omics_runs",
)
"""The public modules. A name that several of them export is at home in the first."""
PACKAGE = "omics_runs"
SNAPSHOT = Path(__file__).with_name("public_api.txt")
COMMAND = "python -m tests.api.snapshot"
PROTOCOLS = frozenset(
    {
        *("__init__", "__call__", "__str__", "__len__", "__contains__", "__getitem__"),
        *("__enter__", "__exit__", "__iter__", "__next__"),
        *("__aenter__", "__aexit__", "__aiter__", "__anext__"),
    }
)
"""The methods that users call without writing their names."""

Found: TypeAlias = griffe.Object
Homes: TypeAlias = dict[str, str]
"""The public path of each object, by the path of its definition."""


def main() -> None:
    """Write the snapshot of the code as it is."""
    SNAPSHOT.write_text(public_api(), "utf-8")


def public_api() -> str:
    """Return the text of the snapshot: the lines of every public object, sorted."""
    return "".join(f"{line}\n" for line in sorted(_lines(_load())))


def _load() -> griffe.Module:
    """Return the package that is imported here, read and not run."""
    root = Path(import_module(PACKAGE).__file__ or "").parents[1]
    package = griffe.load(PACKAGE, search_paths=[root], allow_inspection=False)
    assert isinstance(package, griffe.Module)
    return package


def _lines(package: griffe.Module) -> Iterator[str]:
    homes: Homes = {}
    for module in MODULES:
        for name in _exports(_at(package, module)):
            found = _target(_at(package, f"{module}.{name}"))
            path = f"{module}.{name}"
            home = homes.setdefault(found.path, path)
            if home != path:
                yield f"{path} is {home}"
    yield from _all_lines(homes, package)


def _all_lines(homes: Homes, package: griffe.Module) -> Iterator[str]:
    """Yield the lines of every object, and of what their signatures name without exporting it.

    The latter have no module in their paths: users can't import them, and they may move.
    """
    done: set[str] = set()
    while waiting := [path for path in homes if path not in done]:
        for path in waiting:
            done.add(path)
            found = _target(_at(package, path))
            yield from _lines_of(found, homes[path], homes)
            for named in _named(found, homes):
                homes.setdefault(named, f"{PACKAGE}.*.{named.rpartition('.')[2]}")


def _lines_of(found: Found, path: str, homes: Homes) -> Iterator[str]:
    if isinstance(found, griffe.Class):
        yield from _lines_of_class(found, path, homes)
    elif isinstance(found, griffe.Function):
        yield _line_of_function(found, path)
    elif isinstance(found, griffe.Attribute):
        yield f"{path}{_type_of(found)}{_alias_of(found)}"
    else:
        yield f"{path}: module"


def _lines_of_class(found: griffe.Class, path: str, homes: Homes) -> Iterator[str]:
    kind = _kind(found)
    yield f"{path}: class({', '.join(_public_bases(found, homes))})"
    if _has_places(found, kind):
        yield f"{path}.__init__({', '.join(_fields(kind))})"
    for name, member in _members(found, homes):
        if isinstance(member, griffe.Function):
            yield _line_of_function(member, f"{path}.{name}")
        elif isinstance(member, griffe.Attribute):
            yield f"{path}.{name}{_type_of(member)}{_default_of(name, member, kind)}"


def _line_of_function(found: griffe.Function, path: str) -> str:
    # A fixture's parameters are other fixtures, for pytest and not for users.
    is_fixture = any("fixture" in str(decorator.value) for decorator in found.decorators)
    text = f"{path} -> {found.returns}" if is_fixture else found.signature(name=path)
    labels = sorted(found.labels & {"async", "classmethod", "staticmethod"})
    return " ".join([text, *(f"[{label}]" for label in labels)])


def _type_of(found: griffe.Attribute) -> str:
    kind = "property " if "property" in found.labels else ""
    return f": {kind}{found.annotation}" if found.annotation else ""


def _alias_of(found: Found) -> str:
    if isinstance(found, griffe.Attribute) and str(found.annotation) == "TypeAlias":
        return f" = {found.value}"
    return ""


def _default_of(name: str, found: griffe.Attribute, kind: type[Any]) -> str:
    """Return what an attribute is unless the caller says otherwise, or the value of an enum."""
    if issubclass(kind, Enum) and "property" not in found.labels:
        return f" = {found.value}"
    field = attrs.fields_dict(kind).get(name) if attrs.has(kind) else None
    return _default(field) if field else ""


def _default(field: attrs.Attribute[Any]) -> str:
    default: Any = field.default
    if default is attrs.NOTHING:
        return ""
    return " = ..." if hasattr(default, "factory") else f" = {default!r}"


def _has_places(found: griffe.Class, kind: type[Any]) -> bool:
    """Return whether attrs made a constructor for which the order of the fields matters."""
    ours = "__init__" not in found.members and attrs.has(kind)
    return ours and any(field.init and not field.kw_only for field in attrs.fields(kind))


def _fields(kind: type[Any]) -> Iterator[str]:
    """Yield the parameters of a constructor that attrs made."""
    fields = [field for field in attrs.fields(kind) if field.init]
    texts = {field: f"{field.alias}: {field.type}{_default(field)}" for field in fields}
    by_name = [text for field, text in texts.items() if field.kw_only]
    yield from (text for field, text in texts.items() if not field.kw_only)
    yield from ["*", *by_name] if by_name else []


def _public_bases(found: griffe.Class, homes: Homes) -> Iterator[str]:
    """Yield the bases that users know; a private one stands for its own bases."""
    for base in found.bases:
        ours = _ours(found, base)
        if ours is None or ours.path in homes:
            yield str(base)
        else:
            yield from _public_bases(ours, homes)


def _members(found: griffe.Class, homes: Homes) -> Iterator[tuple[str, Found]]:
    """Yield what the class has, private bases included; a public base tells its own."""
    members: dict[str, Found] = {}
    for place in _private_line(found, homes):
        for name, member in place.members.items():
            if not member.is_alias and (not name.startswith("_") or name in PROTOCOLS):
                members.setdefault(name, _target(member))
    yield from members.items()


def _private_line(found: griffe.Class, homes: Homes) -> Iterator[griffe.Class]:
    yield found
    for base in found.bases:
        ours = _ours(found, base)
        if ours is not None and ours.path not in homes:
            yield from _private_line(ours, homes)


def _named(found: Found, homes: Homes) -> Iterator[str]:
    """Yield the paths of our own classes and aliases that the annotations of an object name."""
    is_class = isinstance(found, griffe.Class)
    members = [member for _, member in _members(found, homes)] if is_class else [found]
    expressions = [part for member in members for part in _annotations(member)]
    for expression in expressions:
        for name in expression.iterate() if isinstance(expression, griffe.Expr) else ():
            path = name.canonical_path if isinstance(name, griffe.Expr) else ""
            if path.startswith(f"{PACKAGE}.") and _is_definition(found, path):
                yield path


def _annotations(found: Found) -> list[Any]:
    if isinstance(found, griffe.Function):
        return [found.returns, *(parameter.annotation for parameter in found.parameters)]
    if isinstance(found, griffe.Attribute):
        return [found.annotation, found.value if _alias_of(found) else None]
    return []


def _is_definition(found: Found, path: str) -> bool:
    named = _target(_at(found.package, path))
    return named.path == path and (named.is_class or bool(_alias_of(named)))


def _ours(found: griffe.Class, base: str | griffe.Expr) -> griffe.Class | None:
    path = base if isinstance(base, str) else base.canonical_path
    if not path.startswith(f"{PACKAGE}."):
        return None
    target = _target(_at(found.package, path))
    return target if isinstance(target, griffe.Class) else None


def _exports(module: Found) -> list[str]:
    """Return the names of `__all__`; of a module without one, its functions."""
    if module.exports is not None:
        return sorted(str(name) for name in module.exports)
    return [name for name in module.functions if re.match("(?!pytest_)[a-z]", name)]


@cache
def _kind(found: griffe.Class) -> type[Any]:
    kind: type[Any] = getattr(import_module(found.module.path), found.name)
    return kind


def _at(package: Any, path: str) -> Any:
    return (
        package[path.removeprefix(PACKAGE).removeprefix(".").split(".")]
        if path != PACKAGE
        else package
    )


def _target(found: Any) -> Found:
    target: Found = found.final_target if found.is_alias else found
    return target


if __name__ == "__main__":
    main()
