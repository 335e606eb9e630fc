"""Hand-written classes that a model and an enum of the toy service are as well."""

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


class Mourned:
    """Finds words for a plant's end."""

    __slots__ = ()

    @property
    def words(self) -> str:
        """What to say."""
        return f"It was the {str(self).lower()}."
