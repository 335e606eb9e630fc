"""Service model, config and descriptions in, IR out. Every decision is taken here, once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from attrs import evolve, frozen

from codegen import ir, names, words
from codegen.notes import Config, Descriptions
from codegen.problems import GeneratorError
from codegen.traits import check_model

Shape = Mapping[str, Any]

RESPONSE_TYPES: Mapping[str, str] = {
    "string": "str",
    "integer": "int",
    "long": "int",
    "float": "float",
    "double": "float",
    "boolean": "bool",
    "timestamp": "datetime",
}
SUMMARY_ROOM = 88
"""Characters of a docstring's first line, in the deepest place where there are docstrings."""
USUAL_STATUS = 200
"""HTTP status of an answer whose operation names none, for botocore as well."""
LOCATIONS = {"uri": "label", "querystring": "query", None: "body"}


@frozen
class Sources:
    """All that is read."""

    model: Mapping[str, Any]
    paginators: Mapping[str, Any]
    partitions: Mapping[str, Any]


def read(sources: Sources, config: Config, descriptions: Descriptions) -> ir.Api:
    """Return all that is to be rendered.

    Raises:
        GeneratorError: The sources hold something that the generator doesn't understand, or the
            config or the descriptions don't fit them.
    """
    check_model(sources.model)
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
        self._text = descriptions
        self._shapes: Mapping[str, Shape] = sources.model["shapes"]
        self._operations: Mapping[str, Mapping[str, Any]] = sources.model["operations"]
        self._declared = self._declared_enums()
        self._enums: dict[str, ir.Enum] = {}
        self._models: dict[str, ir.Model] = {}
        self._module_of: dict[str, str] = {}

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
            enums=tuple(self._enums[name] for name in sorted(self._enums)),
            modules=tuple(self._module(name) for name in self._config.table("modules")),
            errors=self._errors(),
            operations=operations,
            partitions=tuple(_partition(entry) for entry in self._sources.partitions["partitions"]),
        )

    def _check_classes(self) -> None:
        """Refuse two classes of one name, the aliases of the enums among them."""
        taken = set(self._models)
        for enum in self._enums.values():
            for name in (enum.name, enum.like):
                if name in taken:
                    what = f"the enum {enum.name!r} needs this name too"
                    raise GeneratorError(name, what, names.TEACH)
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

    # Enums

    def _declared_enums(self) -> Mapping[str, str]:
        """Return which enum each string shape is that config.toml makes one."""
        declared: dict[str, str] = {}
        for name, entry in self._config.table("enums").items():
            for shape in entry["shapes"]:
                if shape not in self._shapes or self._shapes[shape].get("type") != "string":
                    where = f"config.toml [enums.{name}]"
                    raise GeneratorError(where, f"{shape!r} is no string in use", "Remove it")
                if "enum" in self._shapes[shape]:
                    where = f"config.toml [enums.{name}]"
                    what = f"the model itself now has values for {shape!r}"
                    raise GeneratorError(where, what, "Remove it, or use the model's values")
                declared[shape] = name
        return declared

    def _enum_name(self, shape: str) -> str | None:
        if shape in self._declared:
            return self._declared[shape]
        return shape if "enum" in self._shapes.get(shape, {}) else None

    def _use_enum(self, name: str, *, in_request: bool) -> None:
        enum = self._enums.get(name) or self._enum(name)
        self._enums[name] = evolve(enum, in_requests=enum.in_requests or in_request)

    def _enum(self, name: str) -> ir.Enum:
        names.check_class(name)
        entry = self._config.find("enums", name)
        values = entry["values"] if entry else self._shapes[name]["enum"]
        members = [
            (value, self._renamed(f"{name}.{value}", names.enum_member(value))) for value in values
        ]
        for value, member in members:
            names.check_constant(f"{name}, its value {value!r}", member)
        names.check_distinct(name, members)
        return ir.Enum(
            name=name,
            about=self._headed("enums", name),
            values=tuple(
                ir.EnumValue(name=member, value=value, about=self._text.take("enums", name, value))
                for value, member in members
            ),
            terminal=self._terminal(name, dict(members)),
        )

    def _terminal(self, name: str, members: Mapping[str, str]) -> tuple[str, ...]:
        entry = self._config.find("terminal", name) or {"values": []}
        for value in entry["values"]:
            if value not in members:
                where = f"config.toml [terminal.{name}]"
                raise GeneratorError(where, f"{value!r} is none of its values", "Remove it")
        return tuple(members[value] for value in entry["values"])

    # Models

    def _module(self, name: str) -> ir.Module:
        models = [self._models[key] for key, module in self._module_of.items() if module == name]
        types = {member.type for model in models for member in model.fields}
        foreign = (
            f"{module}.{key}"
            for key, module in self._module_of.items()
            if module != name and any(key in _words(kind) for kind in types)
        )
        return ir.Module(
            name=name,
            about=self._config.table("modules")[name]["about"],
            models=tuple(sorted(models, key=lambda model: model.is_request)),
            imports=tuple(foreign),
        )

    def _add_model(self, module: str, model: ir.Model) -> ir.Model:
        names.check_class(model.name)
        if model.name in self._models:
            what = "two operations share it, or a structure has its name"
            raise GeneratorError(model.name, what, "Teach the generator to tell them apart")
        names.check_distinct(
            model.name,
            [(member.wire, member.name) for member in model.fields]
            + [(member.wire, f"{member.name}_as") for member in model.typed_documents],
        )
        self._models[model.name] = model
        self._module_of[model.name] = module
        return model

    def _response(self, operation: str, module: str) -> ir.Model:
        name = self._operations[operation].get("output", {}).get("shape", f"{operation}Response")
        fields = self._response_fields(name, module) if name in self._shapes else ()
        return self._add_model(module, self._answer(name, "Response", operation, fields))

    def _structure(self, name: str, module: str) -> None:
        if name not in self._models:
            fields = self._response_fields(name, module)
            self._add_model(module, self._answer(name, "Structure", name, fields))

    def _answer(self, name: str, base: str, page: str, fields: tuple[ir.Field, ...]) -> ir.Model:
        return ir.Model(
            name=name,
            base=base,
            about=self._headed("models", name),
            link=self._config.service["docs"].format(name=page),
            fields=fields,
            ref=self._ref(name, {member.wire: member for member in fields}),
        )

    def _ref(self, model: str, members: Mapping[str, ir.Field]) -> ir.Ref | None:
        entry = self._config.find("refs", model)
        if entry is None:
            return None
        for key in ("id", "uuid"):
            if key in entry and entry[key] not in members:
                where = f"config.toml [refs.{model}]"
                raise GeneratorError(where, f"it has no member {entry[key]!r}", "Correct it")
        if not members[entry["id"]].required:
            where = f"config.toml [refs.{model}]"
            what = f"{entry['id']!r} may be absent"
            raise GeneratorError(where, what, "Add it to [always_present]")
        uuid = members[entry["uuid"]].name if "uuid" in entry else None
        return ir.Ref(id=members[entry["id"]].name, uuid=uuid)

    def _response_fields(self, model: str, module: str) -> tuple[ir.Field, ...]:
        shape = self._shapes[model]
        present = self._always_present(model, shape)
        return tuple(
            self._response_field(model, member, module, required=member in present)
            for member in shape["members"]
        )

    def _always_present(self, model: str, shape: Shape) -> set[str]:
        entry = self._config.find("always_present", model) or {"members": []}
        for member in entry["members"]:
            if member not in shape["members"]:
                where = f"config.toml [always_present.{model}]"
                raise GeneratorError(where, f"it has no member {member!r}", "Remove it")
        return {*entry["members"], *shape.get("required", ())}

    def _response_field(self, model: str, member: str, module: str, *, required: bool) -> ir.Field:
        ref = self._shapes[model]["members"][member]
        document = self._is_document(ref["shape"])
        kind = self._retyped(model, member) or self._response_type(ref["shape"], module)
        return ir.Field(
            name=self._name(model, member),
            wire=ref.get("locationName", member),
            type=kind if required else f"{kind} | None",
            default="" if required else "None",
            about=self._about(model, member),
            required=required,
            hidden=self._is_hidden(model, member) or document,
            document=document,
        )

    def _retyped(self, model: str, member: str) -> str | None:
        entry = self._config.find("retype", f"{model}.{member}")
        if entry is None:
            return None
        where = f"config.toml [retype.{model}.{member}]"
        if self._enum_name(entry["to"]) is None:
            raise GeneratorError(where, f"{entry['to']!r} is no enum in use", "Correct it")
        shape = self._shapes[model]["members"][member]["shape"]
        if self._shapes[shape]["type"] != "string" or self._enum_name(shape):
            what = f"the model now gives {shape!r} a better type than a string"
            raise GeneratorError(where, what, "Remove it")
        self._use_enum(entry["to"], in_request=False)
        return str(entry["to"])

    def _response_type(self, name: str, module: str) -> str:
        shape = self._shapes[name]
        if enum := self._enum_name(name):
            self._use_enum(enum, in_request=False)
            return enum
        if self._is_document(name):
            return "Mapping[str, Any]"
        match shape["type"]:
            case "structure":
                self._structure(name, module)
                return name
            case "list":
                return f"tuple[{self._response_type(shape['member']['shape'], module)}, ...]"
            case "map":
                return f"Mapping[str, {self._response_type(shape['value']['shape'], module)}]"
            case plain:
                return RESPONSE_TYPES[plain]

    def _request(self, operation: str, module: str, response: str) -> ir.Model:
        name = self._operations[operation]["input"]["shape"]
        shape = self._shapes[name]
        fields = tuple(
            self._request_field(name, member, ref, required=member in shape.get("required", ()))
            for member, ref in shape["members"].items()
        )
        model = ir.Model(
            name=name,
            base=f"Request[{response}]",
            about=self._headed("models", name),
            link=self._config.service["docs"].format(name=operation),
            fields=fields,
        )
        return self._add_model(module, model)

    def _request_field(
        self, model: str, member: str, ref: Mapping[str, Any], *, required: bool
    ) -> ir.Field:
        shape = self._shapes[ref["shape"]]
        token = bool(ref.get("idempotencyToken"))
        hidden = self._is_hidden(model, member)
        document = self._is_document(ref["shape"])
        kind = self._request_type(ref["shape"])
        about = f"{self._about(model, member)} {self._constraint(ref['shape'])}"
        return ir.Field(
            name=self._name(model, member),
            wire=ref.get("locationName", member),
            type=kind if required else f"{kind} | None",
            default=_request_default(shape, required=required),
            about=about.strip(),
            rule=self._rule(ref["shape"], secret=hidden),
            required=required,
            hidden=hidden or document,
            document=document,
            token=token,
            location=LOCATIONS[ref.get("location")],
        )

    def _request_type(self, name: str) -> str:
        shape = self._shapes[name]
        if enum := self._enum_name(name):
            self._use_enum(enum, in_request=True)
            return self._enums[enum].like
        match shape["type"]:
            case "list":
                return f"Sequence[{self._request_type(shape['member']['shape'])}]"
            case "map":
                return "Mapping[str, str]"
            case "structure":
                return "Mapping[str, object]"
            case plain:
                return RESPONSE_TYPES[plain]

    def _rule(self, name: str, *, secret: bool) -> str:
        enum = self._enum_name(name)
        return f"Choice({enum})" if enum else self._plain_rule(self._shapes[name], secret=secret)

    def _plain_rule(self, shape: Shape, *, secret: bool) -> str:
        match shape["type"]:
            case "string":
                return words.text_rule(shape, secret=secret)
            case "boolean":
                return "Flag()"
            case "list":
                each = self._rule(shape["member"]["shape"], secret=secret)
                return words.sized_rule("Items", each, shape)
            case "map":
                inner = [shape[part]["shape"] for part in ("key", "value")]
                both = ", ".join(self._rule(name, secret=secret) for name in inner)
                return words.sized_rule("Pairs", both, shape)
            case "structure":
                return "Document()"
            case _:
                return words.integer_rule(shape)

    def _constraint(self, name: str) -> str:
        shape = self._shapes[name]
        if enum := self._enum_name(name):
            return words.enum_words([value.value for value in self._enums[enum].values])
        match shape["type"]:
            case "string":
                return words.text_words(shape)
            case "integer" | "long":
                return words.integer_words(shape)
            case "list":
                return words.list_words(shape, self._shapes[shape["member"]["shape"]])
            case "map":
                key, value = (self._shapes[shape[part]["shape"]] for part in ("key", "value"))
                return words.map_words(shape, key, value)
            case _:
                return ""

    def _name(self, model: str, member: str) -> str:
        name = self._renamed(f"{model}.{member}", names.snake(member))
        names.check_member(f"{model}.{member}", name, names.RESERVED_MEMBERS)
        return name

    def _renamed(self, key: str, usual: str) -> str:
        """Return the name that config.toml gives to something, or its usual one."""
        entry = self._config.find("rename", key)
        return str(entry["to"]) if entry else usual

    def _about(self, model: str, member: str) -> str:
        return words.sentence(self._text.take("models", model, member))

    def _headed(self, kind: str, subject: str, key: str = "about") -> str:
        """Return a text whose first sentence fits into the first line of a docstring."""
        text = words.sentence(self._text.take(kind, subject, key))
        first, _ = words.first_sentence(text)
        if len(first) > SUMMARY_ROOM:
            where = f"descriptions.toml [{kind}.{subject}]"
            what = f"the first sentence of {key!r} has {len(first)} characters"
            raise GeneratorError(where, what, f"Make it {SUMMARY_ROOM} at most, to fit on a line")
        return text

    def _is_hidden(self, model: str, member: str) -> bool:
        return self._config.find("hidden", f"{model}.{member}", member) is not None

    def _is_document(self, shape: str) -> bool:
        return bool(self._shapes[shape].get("document"))

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
        name = self._renamed(shape, names.error_class(shape))
        names.check_error(shape, name)
        return name

    def _error(self, name: str) -> ir.Error:
        shape = self._shapes[name]
        entry = self._config.find("errors", name)
        return ir.Error(
            name=self._error_name(name),
            code=name,
            status=shape["error"]["httpStatusCode"],
            about=self._headed("errors", name),
            also=entry["also"] if entry else None,
            fault=_fault(shape),
        )

    # Operations

    def _operation(self, name: str, module: str) -> ir.Operation:
        definition = self._operations[name]
        response = self._response(name, module)
        request = self._request(name, module, response.name)
        method = self._renamed(name, names.snake(name))
        names.check_member(name, method, names.RESERVED_METHODS)
        labels = [member.name for member in _by_path(request, definition["http"]["requestUri"])]
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
            summary=self._headed("operations", name, "summary"),
            detail=self._text.find("operations", name, "detail"),
            errors=self._error_names(definition),
            token=next((member.name for member in request.fields if member.token), None),
            read_only=bool(definition.get("readonly")),
            paging=self._paging(name, request, response),
            positional=tuple(
                _argument(member)
                for label in labels
                for member in request.fields
                if member.name == label
            ),
            keywords=tuple(
                _argument(member) for member in request.ordered if member.name not in labels
            ),
        )

    def _error_names(self, definition: Mapping[str, Any]) -> tuple[str, ...]:
        shapes = (error["shape"] for error in definition.get("errors", ()))
        by_status = sorted(
            shapes, key=lambda shape: int(self._shapes[shape]["error"]["httpStatusCode"])
        )
        return tuple(self._error_name(shape) for shape in by_status)

    def _paging(self, name: str, request: ir.Model, response: ir.Model) -> ir.Paging | None:
        entry = self._sources.paginators["pagination"].get(name)
        if entry is None:
            return None
        _check_paginator(name, entry)
        items = _member(response, name, entry["result_key"])
        limit = _member(request, name, entry["limit_key"]).name if "limit_key" in entry else None
        if not (items.required and items.type.startswith("tuple[")):
            what = f"its items {items.wire!r} are not a list that is always present"
            raise GeneratorError(name, what, "Add them to [always_present]")
        return ir.Paging(
            token=_member(request, name, entry["input_token"]).name,
            next_token=_member(response, name, entry["output_token"]).name,
            items=items.name,
            limit=limit,
            item_type=items.type.removeprefix("tuple[").removesuffix(", ...]"),
        )


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


def _by_path(request: ir.Model, path: str) -> Iterator[ir.Field]:
    labels = [member for member in request.fields if member.location == "label"]
    return iter(sorted(labels, key=lambda member: path.index(f"{{{member.wire}}}")))


def _argument(member: ir.Field) -> ir.Argument:
    kind = f"{member.type} | None" if member.token else member.type
    return ir.Argument(
        name=member.name,
        type=kind,
        about=member.about,
        default="" if member.is_given else "None",
    )


def _request_default(shape: Shape, *, required: bool) -> str:
    """Return how the class body sets a member: containers are copied when the request is built."""
    document = bool(shape.get("document"))
    kinds = {"list": "copy_items", "map": "copy_mapping", "structure": "copy_document"}
    converter = kinds["structure"] if document else kinds.get(shape["type"])
    if converter is None:
        return "" if required else "None"
    start = "" if required else "default=None, "
    return f"field({start}converter={converter})"


def _fault(shape: Shape) -> str | None:
    if "retryable" not in shape:
        return None
    return "throttling" if shape["retryable"].get("throttling") else "transient"


def _words(annotation: str) -> list[str]:
    return "".join(sign if sign.isalnum() else " " for sign in annotation).split()


def _partition(entry: Mapping[str, Any]) -> ir.Partition:
    outputs = entry["outputs"]
    return ir.Partition(
        id=entry["id"],
        dns_suffix=outputs["dnsSuffix"],
        dual_stack_dns_suffix=outputs["dualStackDnsSuffix"],
        supports_fips=outputs["supportsFIPS"],
        supports_dual_stack=outputs["supportsDualStack"],
        region_regex=entry["regionRegex"],
        regions=tuple(entry["regions"]),
    )
