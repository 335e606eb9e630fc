"""What the installed botocore says otherwise than the committed snapshot.

Both are taken apart into single facts, which are compared: no kind of trait has to be known here,
so that a new one is told like any other. Older releases of botocore lack operations and members;
they are told as gone.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from attrs import frozen

from codegen.notes import Config
from codegen.problems import GeneratorError, parsed
from codegen.refresh import (
    closure,
    installed,
    installed_others,
    paginators_of,
    partitions_of,
    wanted_operations,
)

Fact: TypeAlias = tuple[str, ...]
"""Where something stands in the model, from the outside in."""
Facts: TypeAlias = dict[Fact, str]
"""What stands there; nothing for what only holds other things, or is only there."""

GROUPS = {
    "operations": "operation",
    "shapes": "shape",
    "pagination": "pagination of",
    "partitions": "partition",
}


@frozen
class Found:
    """The parts of a snapshot, committed or not."""

    model: Mapping[str, Any]
    paginators: Mapping[str, Any]
    partitions: Mapping[str, Any]


def drift(folder: Path, config: Config) -> list[str]:
    """Return a line for each difference; none if a refresh would bring nothing.

    Args:
        folder: The committed snapshot.
        config: The operations that are wanted, and those that are left out.

    Raises:
        GeneratorError: botocore or the configuration is broken.
        OSError: botocore has no such service, or the snapshot is missing.
        ValueError: The snapshot is broken.
    """
    here, there = _committed(folder, config), Found(*installed(config))
    ours, theirs = _operations(here), _operations(there)
    known = [name for name in ours if name in theirs]
    return [
        *_not_taken_up(ours, theirs, config),
        *(f"gone: operation {name}" for name in ours if name not in theirs),
        *differences(facts_of(here, known), facts_of(there, known)),
        *(
            f"{name}: {line}"
            for name, model in installed_others(config).items()
            for line in _differences_of_other(parsed(folder / f"{name}.json", json.loads), model)
        ),
    ]


def _differences_of_other(here: Mapping[str, Any], there: Mapping[str, Any]) -> list[str]:
    """Return what the models of another service differ in, of which only what we have counts."""
    known = [name for name in here.get("operations", {}) if name in there["operations"]]
    gone = [f"gone: operation {name}" for name in here.get("operations", {}) if name not in known]
    ours, theirs = (dict(_facts((), closure(model, known))) for model in (here, there))
    return [*gone, *differences(ours, theirs)]


def differences(old: Facts, new: Facts) -> list[str]:
    """Return what two sets of facts differ in; what holds others stands for all of them."""
    lines: list[str] = []
    told: set[Fact] = set()
    for fact in sorted({*old, *new}):
        change = _change(fact, old, new)
        if change and not any(fact[:size] in told for size in range(1, len(fact))):
            lines.append(change)
            told |= {fact} if (fact in old) != (fact in new) else set()
    return lines


def facts_of(found: Found, operations: list[str]) -> Facts:
    """Return the facts about some operations and all that they reach."""
    parts = {
        **closure(found.model, operations),
        **paginators_of(found.paginators, operations),
        **partitions_of(found.partitions),
    }
    return dict(_facts((), parts))


def _facts(place: Fact, value: Any) -> Iterator[tuple[Fact, str]]:
    if isinstance(value, dict):
        yield place, ""
        for key, item in value.items():
            yield from _facts((*place, key), item)
    elif isinstance(value, list):
        yield place, ""
        for item in value:
            yield from _facts_of_item(place, item)
    else:
        yield place, json.dumps(value)


def _facts_of_item(place: Fact, item: Any) -> Iterator[tuple[Fact, str]]:
    """Yield the facts about an item of a list: by its name, since places in a list shift."""
    named = item if isinstance(item, dict) else {}
    name = named.get("shape", named.get("id", item))
    if named:
        yield from _facts((*place, str(name)), item)
    else:
        yield (*place, str(name)), ""


def _change(fact: Fact, old: Facts, new: Facts) -> str | None:
    if fact not in old:
        return f"new: {_name(fact)}{_is(new[fact])}"
    if fact not in new:
        return f"gone: {_name(fact)}{_is(old[fact])}"
    if old[fact] != new[fact]:
        return f"changed: {_name(fact)} was {old[fact]}, is {new[fact]}"
    return None


def _name(fact: Fact) -> str:
    group, *places = fact
    return f"{GROUPS.get(group, group)} {'.'.join(places)}"


def _is(value: str) -> str:
    return f" = {value}" if value else ""


def _committed(folder: Path, config: Config) -> Found:
    names = (f"{config.service['name']}.json", "paginators.json", "partitions.json")
    return Found(*(parsed(folder / name, json.loads) for name in names))


def _operations(found: Found) -> Mapping[str, Any]:
    operations: Mapping[str, Any] = found.model.get("operations", {})
    return operations


def _not_taken_up(
    ours: Mapping[str, Any], theirs: Mapping[str, Any], config: Config
) -> Iterator[str]:
    """Yield the operations under our host prefixes that we neither have nor leave out."""
    left_out = {one for entry in config.table("left_out").values() for one in entry["operations"]}
    if both := sorted(left_out & {*ours, *wanted_operations(config)}):
        what = f"it has {', '.join(both)}, which a module has as well"
        raise GeneratorError("config.toml [left_out]", what, "Take it out of one of them")
    prefixes = {_host_prefix(operation) for operation in ours.values()}
    for name, operation in theirs.items():
        if name not in {*ours, *left_out} and _host_prefix(operation) in prefixes:
            yield f"new: operation {name}"


def _host_prefix(operation: Mapping[str, Any]) -> str:
    prefix: str = operation.get("endpoint", {}).get("hostPrefix", "")
    return prefix
