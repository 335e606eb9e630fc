"""How runs are to go: how long they stay where, what tasks they have, how they end."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fnmatch import fnmatchcase
from itertools import accumulate
from typing import Any, Literal, TypeAlias, get_args

import attrs
from attrs import field, frozen

Ending: TypeAlias = Literal["COMPLETED", "FAILED", "CANCELLED"]
"""How a run can be planned to end."""


def _an_ending(_: object, attribute: attrs.Attribute[Any], value: object) -> None:
    if value not in get_args(Ending):
        msg = f"{attribute.name} must be one of {', '.join(get_args(Ending))}, got {value!r}"
        raise ValueError(msg)


LONGEST = 10 * 365 * 86_400.0
"""The most seconds that anything can be planned to take: ten years, far below the year 9999."""


def _check_seconds(_: object, attribute: attrs.Attribute[float], value: float) -> None:
    if not 0 <= value <= LONGEST:
        msg = f"{attribute.name} must be from 0 to {LONGEST:.0f} seconds (ten years), got {value}"
        raise ValueError(msg)


@frozen(kw_only=True)
class Durations:
    """How long a run stays in each status, in seconds of the emulator's clock.

    Raises:
        ValueError: One of them is below 0, or above ten years.
    """

    pending: float = field(default=30.0, validator=_check_seconds)
    """Before it asks for a slot; if none is free, it waits on."""
    starting: float = field(default=600.0, validator=_check_seconds)
    """Storage and engine being set up; ten minutes is what real runs have been seen to take."""
    running: float = field(default=1800.0, validator=_check_seconds)
    """Import, tasks and export."""
    stopping: float = field(default=60.0, validator=_check_seconds)
    """Resources being given back."""


def _check_window(_: object, __: object, value: tuple[float, float]) -> None:
    begin, end = value
    if not 0 <= begin <= end <= 1:
        msg = f"window must be two fractions with 0 <= begin <= end <= 1, got {value}"
        raise ValueError(msg)


@frozen(kw_only=True)
class TaskPlan:
    """One task of a run: what it asks for, when it runs, and how it ends."""

    name: str
    cpus: int = 2
    memory: int = 4
    """In GiB."""
    gpus: int = 0
    instance_type: str = "omics.c.large"
    image: str | None = None
    """The container image; None makes one up."""
    window: tuple[float, float] = field(default=(0.0, 1.0), validator=_check_window)
    """When it begins and ends, as fractions of the run's time in RUNNING."""
    ends: Literal["COMPLETED", "FAILED"] | None = None
    """How it ends if nothing interrupts it; None completes, or fails if its run is to fail."""
    failure_reason: str | None = None
    status_message: str | None = None


DEFAULT_TASKS = (
    TaskPlan(name="PrepareReads", window=(0.05, 0.3)),
    TaskPlan(
        name="AlignReads", cpus=8, memory=16, instance_type="omics.c.2xlarge", window=(0.3, 0.8)
    ),
    TaskPlan(
        name="CallVariants", cpus=4, memory=16, instance_type="omics.m.xlarge", window=(0.7, 1)
    ),
)
"""The tasks of a run for which no others are planned."""


def _optional(kind: type) -> Callable[[object, attrs.Attribute[Any], object], None]:
    """Return what refuses a value of another type than this one; None is fine."""

    def check(_: object, attribute: attrs.Attribute[Any], value: object) -> None:
        if value is not None and not isinstance(value, kind):
            msg = f"{attribute.name} must be of the type {kind.__name__}, got {value!r}"
            raise TypeError(msg)

    return check


def _task_plans(_: object, __: object, value: Sequence[object]) -> None:
    for place, task in enumerate(value):
        if not isinstance(task, TaskPlan):
            msg = f"tasks[{place}] must be of the type TaskPlan, got {task!r}"
            raise TypeError(msg)


@frozen(kw_only=True)
class Plan:
    """How runs of a name are to go."""

    name: str | None = field(default=None, validator=_optional(str))
    ends: Ending = field(default="COMPLETED", validator=_an_ending)
    failure_reason: str | None = None
    status_message: str | None = None
    after: float | None = field(default=None, validator=attrs.validators.optional(_check_seconds))
    tasks: tuple[TaskPlan, ...] = field(default=DEFAULT_TASKS, validator=_task_plans)
    durations: Durations | None = field(default=None, validator=_optional(Durations))
    logs: Mapping[str, tuple[str, ...]] = field(factory=dict[str, tuple[str, ...]])

    def __attrs_post_init__(self) -> None:
        reasons = (self.failure_reason, self.status_message)
        if self.ends != "FAILED" and reasons != (None, None):
            msg = f"failure_reason and status_message need ends='FAILED', not {self.ends!r}"
            raise ValueError(msg)
        streams = ["run", "engine", *(task.name for task in self.tasks)]
        if strays := sorted(set(self.logs).difference(streams)):
            msg = f"logs: there is no {strays[0]!r}; there are {', '.join(streams)}"
            raise ValueError(msg)

    def matches(self, name: str | None) -> bool:
        """Return whether it is for runs of this name; `*` and `?` stand for any characters."""
        if self.name is None:
            return True
        return name is not None and (self.name == name or fnmatchcase(name, self.name))


def peak(tasks: Sequence[TaskPlan], need: Callable[[TaskPlan], int]) -> int:
    """Return the most of something that the tasks of a run need at the same time.

    A task gives back what it had before one that begins at that moment takes it.
    """
    changes = [(task.window[0], need(task)) for task in tasks]
    changes += [(task.window[1], -need(task)) for task in tasks]
    return max(accumulate((change for _, change in sorted(changes)), initial=0))
