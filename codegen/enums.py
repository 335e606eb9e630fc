"""The enums that are in use: the service's own, and those that config.toml makes of strings."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import evolve

from codegen import ir, names
from codegen.lookups import Lookups
from codegen.problems import GeneratorError


class Enums:
    """Collects the enums that models speak of."""

    def __init__(self, lookups: Lookups) -> None:
        self._look = lookups
        self._declared = self._declared_shapes()
        self._used: dict[str, ir.Enum] = {}

    @property
    def used(self) -> tuple[ir.Enum, ...]:
        """All that are in use, by name."""
        return tuple(self._used[name] for name in sorted(self._used))

    @property
    def mixins(self) -> tuple[str, ...]:
        """The hand-written classes that enums are as well, as `module.Class`."""
        return tuple(enum.mixin for enum in self.used if enum.mixin)

    def name_of(self, shape: str) -> str | None:
        """Return the name of the enum that a shape is, or None."""
        if shape in self._declared:
            return self._declared[shape]
        return shape if "enum" in self._look.shapes.get(shape, {}) else None

    def use(self, name: str, *, in_request: bool) -> ir.Enum:
        """Return an enum, which is rendered from now on."""
        enum = self._used.get(name) or self._enum(name)
        self._used[name] = evolve(enum, in_requests=enum.in_requests or in_request)
        return self._used[name]

    def _declared_shapes(self) -> Mapping[str, str]:
        """Return which enum each string shape is that config.toml makes one."""
        declared: dict[str, str] = {}
        for name, entry in self._look.config.table("enums").items():
            for shape in entry["shapes"]:
                self._check_declared(f"config.toml [enums.{name}]", shape)
                declared[shape] = name
        return declared

    def _check_declared(self, where: str, shape: str) -> None:
        found = self._look.shapes.get(shape, {})
        if found.get("type") != "string":
            raise GeneratorError(where, f"{shape!r} is no string in use", "Remove it")
        if "enum" in found:
            what = f"the model itself now has values for {shape!r}"
            raise GeneratorError(where, what, "Remove it, or use the model's values")

    def _enum(self, name: str) -> ir.Enum:
        names.check_class(name)
        members = self._members(name)
        return ir.Enum(
            name=name,
            about=self._look.headed("enums", name),
            values=tuple(
                ir.EnumValue(name=member, value=value, about=self._look.value(name, value))
                for value, member in members
            ),
            terminal=self._terminal(name, dict(members)),
            mixin=self._look.mixin(name),
        )

    def _members(self, name: str) -> list[tuple[str, str]]:
        """Return pairs of the service's value and its name in Python."""
        entry = self._look.config.find("enums", name)
        values = entry["values"] if entry else self._look.shapes[name]["enum"]
        members = [
            (value, self._look.renamed(f"{name}.{value}", names.enum_member(value)))
            for value in values
        ]
        for value, member in members:
            names.check_constant(f"{name}, its value {value!r}", member)
        names.check_distinct(name, members)
        return members

    def _terminal(self, name: str, members: Mapping[str, str]) -> tuple[str, ...]:
        entry = self._look.config.find("terminal", name) or {"values": []}
        for value in entry["values"]:
            if value not in members:
                where = f"config.toml [terminal.{name}]"
                raise GeneratorError(where, f"{value!r} is none of its values", "Remove it")
        return tuple(members[value] for value in entry["values"])
