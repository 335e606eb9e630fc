"""Modules that import what they name when it is first asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def lazily(
    module: dict[str, Any], homes: Mapping[str, str]
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Return `__getattr__` and `__dir__` of a module whose names live elsewhere.

    Args:
        module: Its `globals()`, where each name stays once it was found.
        homes: The module of each name, as seen from this one's package: `._client`.
    """

    def found(name: str) -> Any:
        if name not in homes:
            msg = f"module {module['__name__']!r} has no attribute {name!r}"
            raise AttributeError(msg)
        value = getattr(import_module(homes[name], module["__package__"]), name)
        module[name] = value
        return value

    def known() -> list[str]:
        return [*module["__all__"], "__all__", "__doc__", "__name__"]

    return found, known
