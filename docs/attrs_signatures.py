"""Shows the constructor of attrs classes in the reference, which griffe can't see in the source."""

# ruff: noqa: INP001  (mkdocstrings loads it by its path)

from __future__ import annotations

import importlib
import inspect
from typing import Any

import griffe


class AttrsSignatures(griffe.Extension):
    """Gives each attrs class that documents its arguments an `__init__` to show them by."""

    def on_class(self, *, cls: griffe.Class, **kwargs: Any) -> None:
        """Add the constructor that attrs will have made at run time."""
        del kwargs
        cls.members.pop("__deepcopy__", None)  # `copy.deepcopy` calls it, and nobody else
        if cls.docstring is None or "Args:" not in cls.docstring.value or "__init__" in cls.members:
            return
        made = getattr(importlib.import_module(cls.module.path), cls.name)
        parameters = [
            _parameter(cls, given) for given in inspect.signature(made).parameters.values()
        ]
        init = griffe.Function("__init__", parameters=griffe.Parameters(*parameters), parent=cls)
        cls.set_member("__init__", init)


def _parameter(cls: griffe.Class, given: inspect.Parameter) -> griffe.Parameter:
    attribute = cls.members.get(given.name)
    return griffe.Parameter(
        given.name,
        annotation=getattr(attribute, "annotation", None),
        kind=griffe.ParameterKind[given.kind.name.lower()],
        default=None if given.default is given.empty else repr(given.default),
    )
