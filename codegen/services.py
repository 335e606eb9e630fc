"""Other services beside the main one, and all of them as if they were one model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from codegen.lookups import Shape
from codegen.notes import Config
from codegen.problems import GeneratorError

Service: TypeAlias = Mapping[str, Any]
"""A service's model."""


def merged(model: Service, others: Mapping[str, Service], config: Config) -> Service:
    """Return one model of the main service and of the others.

    An operation of another service also says what it is signed for and what names it. Errors of
    theirs are errors of the main service, as config.toml has it; `same_errors` tells which.

    Raises:
        GeneratorError: Two services have something of the same name, or an operation is in a
            module of another service.
    """
    operations, shapes = dict(model["operations"]), dict(model["shapes"])
    same: dict[str, str] = {}
    _check_modules(config, None, operations)
    for name, other in others.items():
        _check_modules(config, name, other["operations"])
        same |= _same_errors(name, other, config, model["shapes"])
        _add(operations, {key: _told(other, key, same) for key in other["operations"]})
        _add(shapes, {key: it for key, it in other["shapes"].items() if not it.get("exception")})
    return {"operations": operations, "shapes": shapes, "same_errors": same}


def docs_of_others(others: Mapping[str, Service], config: Config) -> Mapping[str, str]:
    """Return where the other services write of each operation and shape that is theirs."""
    table = config.table("other_services")
    return {
        page: str(table[name]["docs"])
        for name, other in others.items()
        for page in (*other["operations"], *other["shapes"])
    }


def _check_modules(config: Config, service: str | None, operations: Mapping[str, Any]) -> None:
    for module, entry in config.table("modules").items():
        strays = [name for name in entry["operations"] if name in operations]
        if strays and entry.get("service") != service:
            what = f"{strays[0]} is an operation of {service or 'the main service'}"
            raise GeneratorError(f"config.toml [modules.{module}]", what, "Correct its service")


def _told(other: Service, name: str, same: Mapping[str, str]) -> Mapping[str, Any]:
    """Return an operation of another service with what sets it apart."""
    metadata, operation = other["metadata"], other["operations"][name]
    return {
        **operation,
        "service": metadata.get("signingName", metadata["endpointPrefix"]),
        "target": f"{metadata['targetPrefix']}.{name}",
        "errors": [{"shape": same[error["shape"]]} for error in operation.get("errors", ())],
    }


def _same_errors(
    service: str, other: Service, config: Config, shapes: Mapping[str, Any]
) -> Mapping[str, str]:
    """Return which error of the main service each error of another one is."""
    same: dict[str, str] = {}
    for name in (name for name, shape in other["shapes"].items() if shape.get("exception")):
        entry = config.find("same_errors", name)
        if entry is None or entry["to"] not in shapes:
            what = f"it names no error that {service}'s {name} is"
            raise GeneratorError("config.toml [same_errors]", what, "Say which error it is")
        same[name] = entry["to"]
    return same


def _add(known: dict[str, Any], more: Mapping[str, Shape]) -> None:
    for name in more:
        if name in known:
            what = "two services have something of this name"
            raise GeneratorError(name, what, "Teach the generator to tell them apart")
    known.update(more)
