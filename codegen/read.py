"""Service model, config and descriptions in, IR out. Every decision is taken here, once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from attrs import field, frozen

from codegen import ir, names
from codegen.enums import Enums
from codegen.lookups import Lookups, Shape
from codegen.models import Models
from codegen.notes import Config, Descriptions
from codegen.problems import GeneratorError
from codegen.services import docs_of_others, merged
from codegen.traits import check_model, check_other_model

PARTITION = frozenset({"id", "outputs", "regionRegex", "regions"})
OUTPUTS = frozenset({"dnsSuffix", "dualStackDnsSuffix", "supportsFIPS", "supportsDualStack"})
"""What a partition must say."""
USUAL_STATUS = 200
"""HTTP status of an answer whose operation names none, for botocore as well."""


@frozen
class Sources:
    """All that is read."""

    model: Mapping[str, Any]
    paginators: Mapping[str, Any]
    partitions: Mapping[str, Any]
    others: Mapping[str, Mapping[str, Any]] = field(factory=dict[str, Mapping[str, Any]])
    """Models of other services, by their names."""


def read(sources: Sources, config: Config, descriptions: Descriptions) -> ir.Api:
    """Return all that is to be rendered.

    Raises:
        GeneratorError: The sources hold something that the generator doesn't understand, or the
            config or the descriptions don't fit them.
    """
    check_model(sources.model)
    for service, model in sources.others.items():
        check_other_model(service, model)
    for name, key in (("paginators", "pagination"), ("partitions", "partitions")):
        if key not in getattr(sources, name):
            raise GeneratorError(f"{name}.json", f"it has no {key!r}", "Refresh the snapshot")
    api = _Reader(sources, config, descriptions).api()
    config.check_all_used()
    descriptions.check_all_used()
    return api


class _Reader:
    def __init__(self, sources: Sources, config: Config, descriptions: Descriptions) -> None:
        self._sources = sources
        self._config = config
        model = merged(sources.model, sources.others, config)
        self._same_errors: Mapping[str, str] = model["same_errors"]
        docs = docs_of_others(sources.others, config)
        self._operations: Mapping[str, Mapping[str, Any]] = model["operations"]
        self._look = Lookups(model["shapes"], config, descriptions, docs)
        self._enums = Enums(self._look)
        inputs = [operation["input"]["shape"] for operation in self._operations.values()]
        self._models = Models(self._look, self._enums, inputs)

    def api(self) -> ir.Api:
        wanted = [
            (module, name)
            for module, entry in self._config.table("modules").items()
            for name in entry["operations"]
        ]
        self._check_operations(name for _, name in wanted)
        operations = tuple(self._operation(name, module) for module, name in wanted)
        _check_methods(operations)
        self._check_classes()
        return ir.Api(
            package=self._config.service["package"],
            service=self._config.service["title"],
            enums=self._enums.used,
            modules=tuple(self._models.module(name) for name in self._config.table("modules")),
            errors=self._errors(),
            operations=operations,
            partitions=tuple(_partition(entry) for entry in self._sources.partitions["partitions"]),
        )

    def _check_classes(self) -> None:
        """Refuse two classes of one name, the enums' aliases and the mixins among them."""
        taken = set(self._models.names)
        for enum in self._enums.used:
            for name in (enum.name, enum.like):
                if name in taken:
                    what = f"the enum {enum.name!r} needs this name too"
                    raise GeneratorError(name, what, names.TEACH)
                taken.add(name)
        for path in (*self._enums.mixins, *self._models.mixins):
            name = path.rpartition(".")[2]
            if name in taken:
                what = f"{path!r} has the name of another class"
                raise GeneratorError("config.toml [mixins]", what, "Call the mixin otherwise")
            taken.add(name)

    def _check_operations(self, wanted: Iterable[str]) -> None:
        found = list(wanted)
        for name in found:
            if name not in self._operations:
                what = "the snapshot has no such operation"
                raise GeneratorError(name, what, "Run `python -m codegen refresh`, or remove it")
        for name in self._operations:
            if found.count(name) != 1:
                what = f"config.toml names it {found.count(name)} times"
                raise GeneratorError(name, what, "Name it once, or refresh the snapshot")

    # Errors

    def _errors(self) -> tuple[ir.Error, ...]:
        shapes = {
            error["shape"]
            for operation in self._operations.values()
            for error in operation.get("errors", ())
        }
        found = sorted(
            (self._error(shape) for shape in sorted(shapes)), key=lambda error: error.status
        )
        names.check_distinct("errors", [(error.code, error.name) for error in found])
        _check_statuses(found)
        return tuple(found)

    def _error_name(self, shape: str) -> str:
        name = self._look.renamed(shape, names.error_class(shape))
        names.check_error(shape, name)
        return name

    def _error(self, name: str) -> ir.Error:
        shape = self._look.shapes[name]
        entry = self._config.find("errors", name)
        return ir.Error(
            name=self._error_name(name),
            code=name,
            status=shape["error"]["httpStatusCode"],
            about=self._look.headed("errors", name),
            also=entry["also"] if entry else None,
            fault=_fault(shape),
            codes=self._codes_for(name),
        )

    def _codes_for(self, name: str) -> tuple[str, ...]:
        """Return the codes by which other services mean an error."""
        return tuple(code for code, to in self._same_errors.items() if to == name != code)

    # Operations

    def _operation(self, name: str, module: str) -> ir.Operation:
        definition = self._operations[name]
        response = self._models.response(name, definition, module)
        request = self._models.request(name, definition, module, response.name)
        method = self._look.renamed(name, names.snake(name))
        names.check_member(name, method, names.RESERVED_METHODS)
        positional = _positional(request, definition["http"]["requestUri"])
        return ir.Operation(
            name=name,
            constant=method.upper(),
            method_name=method,
            iterator_name=method.replace("list_", "iter_", 1),
            http_method=definition["http"]["method"],
            path=definition["http"]["requestUri"],
            host_prefix=definition.get("endpoint", {}).get("hostPrefix", ""),
            status_code=definition["http"].get("responseCode", USUAL_STATUS),
            request=request,
            response=response,
            summary=self._look.headed("operations", name, "summary"),
            detail=self._look.text.find("operations", name, "detail"),
            errors=self._error_names(definition),
            token=next((member.name for member in request.fields if member.token), None),
            service=definition.get("service"),
            target=definition.get("target"),
            read_only=self._is_read_only(name, definition),
            paging=self._paging(name, request, response),
            positional=tuple(_argument(member) for member in positional),
            keywords=tuple(
                _argument(member) for member in request.ordered if member not in positional
            ),
            overrides=self._overrides(name, request),
        )

    def _is_read_only(self, name: str, definition: Mapping[str, Any]) -> bool:
        said = bool(definition.get("readonly"))
        if self._config.find("read_only", name) is None:
            return said
        if said:
            where = f"config.toml [read_only.{name}]"
            raise GeneratorError(where, "the model itself says so now", "Remove it")
        return True

    def _overrides(self, name: str, request: ir.Model) -> tuple[ir.Argument, ...]:
        entry = self._config.find("overrides", name)
        if entry is None:
            return ()
        for wire in entry["leaves_out"]:
            if all(member.wire != wire for member in request.fields):
                where = f"config.toml [overrides.{name}]"
                raise GeneratorError(where, f"the request has no member {wire!r}", "Remove it")
        return tuple(
            _argument(member) for member in request.fields if member.wire not in entry["leaves_out"]
        )

    def _error_names(self, definition: Mapping[str, Any]) -> tuple[str, ...]:
        shapes = (error["shape"] for error in definition.get("errors", ()))
        by_status = sorted(
            shapes, key=lambda shape: int(self._look.shapes[shape]["error"]["httpStatusCode"])
        )
        return tuple(self._error_name(shape) for shape in by_status)

    def _paging(self, name: str, request: ir.Model, response: ir.Model) -> ir.Paging | None:
        entry = self._sources.paginators["pagination"].get(name)
        if entry is None:
            return None
        _check_paginator(name, entry)
        items = _member(response, name, entry["result_key"])
        limit = _member(request, name, entry["limit_key"]) if "limit_key" in entry else None
        if not (items.required and items.type.startswith("tuple[")):
            what = f"its items {items.wire!r} are not a list that is always present"
            raise GeneratorError(name, what, "Add them to [always_present]")
        return ir.Paging(
            token=_member(request, name, entry["input_token"]).name,
            next_token=_member(response, name, entry["output_token"]).name,
            items=items.name,
            limit=limit.name if limit else None,
            largest=self._largest(request.name, limit) if limit else None,
            item_type=items.type.removeprefix("tuple[").removesuffix(", ...]"),
        )

    def _largest(self, request: str, limit: ir.Field) -> int | None:
        """Return the most items that a page may be asked to have."""
        members = self._look.shapes[request]["members"].items()
        shape = next(
            ref["shape"] for name, ref in members if ref.get("locationName", name) == limit.wire
        )
        largest: int | None = self._look.shapes[shape].get("max")
        return largest


def _check_methods(operations: tuple[ir.Operation, ...]) -> None:
    methods = [(operation.name, operation.method_name) for operation in operations]
    methods += [(item.name, item.iterator_name) for item in operations if item.paging]
    names.check_distinct("operations", methods)


def _check_statuses(errors: Iterable[ir.Error]) -> None:
    taken: dict[int, str] = {}
    for error in errors:
        if error.status in taken:
            what = f"{taken[error.status]!r} and {error.code!r} both come with HTTP {error.status}"
            raise GeneratorError("errors", what, "Teach the generator which a bare status means")
        taken[error.status] = error.code


def _check_paginator(name: str, entry: Mapping[str, Any]) -> None:
    known = {"input_token", "output_token", "limit_key", "result_key"}
    where = f"{name}, its paginator"
    for key, value in entry.items():
        if key not in known or not isinstance(value, str):
            raise GeneratorError(where, f"unknown {key!r}: {value!r}", "Teach the generator")
    for key in sorted(known - {"limit_key"} - set(entry)):
        raise GeneratorError(where, f"it has no {key!r}", "Teach the generator")
    if not name.startswith("List"):
        raise GeneratorError(where, "its name does not begin with List", "Teach the generator")


def _member(model: ir.Model, operation: str, wire: str) -> ir.Field:
    for member in model.fields:
        if member.wire == wire:
            return member
    where = f"{operation}, its paginator"
    raise GeneratorError(where, f"{model.name} has no member {wire!r}", "Refresh the snapshot")


def _positional(request: ir.Model, path: str) -> tuple[ir.Field, ...]:
    """Return what a method takes by place: what stands in the path, or else the one id needed."""
    labels = [member for member in request.fields if member.location == "label"]
    if labels:
        return tuple(sorted(labels, key=lambda member: path.index(f"{{{member.wire}}}")))
    needed = tuple(member for member in request.fields if member.is_given)
    is_one_id = len(needed) == 1 and needed[0].name.split("_")[-1] == "id"
    return needed if is_one_id else ()


def _argument(member: ir.Field) -> ir.Argument:
    kind = f"{member.type} | None" if member.token else member.type
    return ir.Argument(
        name=member.name,
        type=kind,
        about=member.about,
        default="" if member.is_given else "None",
    )


def _fault(shape: Shape) -> str | None:
    if "retryable" not in shape:
        return None
    return "throttling" if shape["retryable"].get("throttling") else "transient"


def _partition(entry: Mapping[str, Any]) -> ir.Partition:
    outputs = entry.get("outputs", {})
    for key in (*sorted(PARTITION - set(entry)), *sorted(OUTPUTS - set(outputs))):
        raise GeneratorError("partitions.json", f"a partition has no {key!r}", "Refresh it")
    return ir.Partition(
        id=entry["id"],
        dns_suffix=outputs["dnsSuffix"],
        dual_stack_dns_suffix=outputs["dualStackDnsSuffix"],
        supports_fips=outputs["supportsFIPS"],
        supports_dual_stack=outputs["supportsDualStack"],
        region_regex=entry["regionRegex"],
        regions=tuple(entry["regions"]),
    )
