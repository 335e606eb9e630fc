"""How runs are to go: how long they stay where, what tasks they have, how they end."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from itertools import accumulate
from typing import Any, Literal, TypeAlias, TypeVar, cast, get_args

import attrs
from attrs import field, frozen

from omics_runs._narrow import is_mapping, is_number, is_sequence
from omics_runs.emulator._checks import Validator, is_whole, must

Ending: TypeAlias = Literal["COMPLETED", "FAILED", "CANCELLED"]
"""How a run can be planned to end."""


T = TypeVar("T")


def _an_ending(_: object, attribute: attrs.Attribute[Any], value: object) -> None:
    if value not in get_args(Ending):
        msg = f"{attribute.name} must be one of {', '.join(get_args(Ending))}, got {value!r}"
        raise ValueError(msg)


LONGEST = 10 * 365 * 86_400.0
"""The most seconds that anything can be planned to take: ten years, far below the year 9999."""


def _check_seconds(_: object, attribute: attrs.Attribute[Any], value: object) -> None:
    if not (is_number(value) and 0 <= value <= LONGEST):
        msg = f"{attribute.name} must be from 0 to {LONGEST:.0f} seconds (ten years), got {value!r}"
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


def _is_window(value: object) -> bool:
    if not (is_sequence(value) and all(map(is_number, value))):
        return False
    return len(value) == len(("begin", "end")) and 0 <= value[0] <= value[1] <= 1


def _of_type(kind: type, *, optional: bool = False) -> Validator:
    """Return what refuses a value of another type than this one."""

    def check(_: object, attribute: attrs.Attribute[Any], value: object) -> None:
        if not (isinstance(value, kind) or (optional and value is None)):
            msg = f"{attribute.name} must be of the type {kind.__name__}, got {value!r}"
            raise TypeError(msg)

    return check


_text = _of_type(str)
_text_or_none = _of_type(str, optional=True)

MOST = 1_000_000
"""The most of anything that a task can ask for."""


_up_to_most = must(f"be a whole number from 0 to {MOST}", lambda it: is_whole(it, 0, MOST))


@frozen(kw_only=True)
class TaskPlan:
    """One task of a run: what it asks for, when it runs, and how it ends."""

    name: str = field(validator=_text)
    cpus: int = field(default=2, validator=_up_to_most)
    memory: int = field(default=4, validator=_up_to_most)
    """In GiB."""
    gpus: int = field(default=0, validator=_up_to_most)
    instance_type: str = field(default="omics.c.large", validator=_text)
    image: str | None = field(default=None, validator=_text_or_none)
    """The container image; None makes one up."""
    window: tuple[float, float] = field(
        default=(0.0, 1.0),
        validator=must("be two fractions with 0 <= begin <= end <= 1", _is_window),
    )
    """When it begins and ends, as fractions of the run's time in RUNNING."""
    ends: Literal["COMPLETED", "FAILED"] | None = field(
        default=None,
        validator=must("be COMPLETED, FAILED or None", {"COMPLETED", "FAILED", None}.__contains__),
    )
    """How it ends if nothing interrupts it; None completes, or fails if its run is to fail."""
    failure_reason: str | None = field(default=None, validator=_text_or_none)
    status_message: str | None = field(default=None, validator=_text_or_none)


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


def _tasks(given: Iterable[TaskPlan] | None) -> tuple[TaskPlan, ...]:
    """Return the tasks of a plan; None stands for the usual ones."""
    return DEFAULT_TASKS if given is None else items("tasks", TaskPlan, given)


def _logs(given: Mapping[str, Iterable[str]] | None) -> Mapping[str, tuple[str, ...]]:
    """Return the lines of a plan."""
    value: object = {} if given is None else given
    if not is_mapping(value):
        msg = f"logs must be a mapping from logs to their lines, got {value!r}"
        raise TypeError(msg)
    return {name: items(f"logs[{name!r}]", str, lines) for name, lines in value.items()}


def items(name: str, kind: type[T], given: object) -> tuple[T, ...]:
    """Return what is in a list or the like; a string is none, although it is made of strings.

    Raises:
        TypeError: It is nothing that has several, or has one of another type.
    """
    if isinstance(given, (str, bytes, Mapping)) or not isinstance(given, Iterable):
        msg = f"{name} must be a list of the type {kind.__name__}, got {given!r}"
        raise TypeError(msg)
    found: list[T] = []
    for place, one in enumerate(cast("Iterable[object]", given)):
        if not isinstance(one, kind):
            msg = f"{name}[{place}] must be of the type {kind.__name__}, got {one!r}"
            raise TypeError(msg)
        found.append(one)
    return tuple(found)


@frozen(kw_only=True)
class Plan:
    """How runs of a name are to go."""

    name: str | None = field(default=None, validator=_text_or_none)
    ends: Ending = field(default="COMPLETED", validator=_an_ending)
    failure_reason: str | None = field(default=None, validator=_text_or_none)
    status_message: str | None = field(default=None, validator=_text_or_none)
    after: float | None = field(default=None, validator=attrs.validators.optional(_check_seconds))
    tasks: tuple[TaskPlan, ...] = field(default=None, converter=_tasks)
    durations: Durations | None = field(default=None, validator=_of_type(Durations, optional=True))
    logs: Mapping[str, tuple[str, ...]] = field(default=None, converter=_logs)

    def __attrs_post_init__(self) -> None:
        reasons = (self.failure_reason, self.status_message)
        if self.ends != "FAILED" and reasons != (None, None):
            msg = f"failure_reason and status_message need ends='FAILED', not {self.ends!r}"
            raise ValueError(msg)
        streams = ["run", "engine", *(task.name for task in self.tasks)]
        if strays := [name for name in self.logs if name not in streams]:
            msg = f"logs: there is no {strays[0]!r}; there are {', '.join(streams)}"
            raise ValueError(msg)

    @property
    def tells_of_tasks(self) -> bool:
        """Whether it has tasks of its own, or lines of tasks: then these are to be seen."""
        return self.tasks != DEFAULT_TASKS or bool(self.logs.keys() - {"run", "engine"})

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
