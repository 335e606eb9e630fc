"""A hand-written class that a model of the toy service is as well."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from tests.codegen.golden.models import BedPlan


class _Planned(Protocol):
    @property
    def plan(self) -> BedPlan | None: ...


class Counted:
    """Counts the rows of a bed."""

    __slots__ = ()

    @property
    def row_count(self: _Planned) -> int:
        """How many rows there are; none if there is no plan."""
        return len(self.plan.rows) if self.plan else 0
