"""The models: requests, answers, and the structures and unions that are parts of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from codegen import ir, names, words
from codegen.enums import Enums
from codegen.lookups import Lookups, Shape
from codegen.problems import GeneratorError, check_quotable

PLAIN_TYPES: Mapping[str, str] = {
    "string": "str",
    "integer": "int",
    "long": "int",
    "float": "float",
    "double": "float",
    "boolean": "bool",
    "timestamp": "datetime",
}
COPIERS = {"list": "copy_items", "map": "copy_mapping"}
"""How the containers of a request are copied when it is built."""
LOCATIONS = {"uri": "label", "querystring": "query", None: "body"}
LEAVE_OUT = "Leave the operation out of config.toml, or teach the generator (codegen/models.py)"


class Models:
    """Makes models of shapes and remembers which module each one is for.

    A structure that requests have inside is made with a request's types and rules, even where an
    answer has it as well: what an answer gave can be sent again.
    """

    def __init__(self, lookups: Lookups, enums: Enums, inputs: Iterable[str]) -> None:
        self._look = lookups
        self._enums = enums
        self._sent = frozenset(_inside(lookups.shapes, inputs))
        self._made: dict[str, ir.Model] = {}
        self._parts: set[str] = set()
        self._unions: dict[str, ir.Union] = {}
        self._module_of: dict[str, str] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all classes and unions."""
        return (*self._made, *self._unions)

    @property
    def mixins(self) -> tuple[str, ...]:
        """The hand-written classes that models are as well, as `module.Class`."""
        return tuple(sorted({model.mixin for model in self._made.values() if model.mixin}))

    def module(self, name: str) -> ir.Module:
        """Return a module with the models that were made for it."""
        about = self._look.config.table("modules")[name]["about"]
        check_quotable(f"config.toml [modules.{name}]", "about", about)
        models = [self._made[key] for key, module in self._module_of.items() if module == name]
        spoken_of = {word for model in models for word in _spoken_of(model)}
        foreign = (
            f"{module}.{key}"
            for key, module in (*self._module_of.items(), *self._union_modules())
            if module != name and key in spoken_of
        )
        return ir.Module(
            name=name,
            about=about,
            models=tuple(sorted(models, key=lambda model: model.is_request)),
            imports=tuple(foreign),
        )

    def response(self, operation: str, definition: Mapping[str, Any], module: str) -> ir.Model:
        """Return the model of an operation's answer, empty if it has none."""
        name = definition.get("output", {}).get("shape", f"{operation}Response")
        fields = self._answer_fields(name, module) if name in self._look.shapes else ()
        return self._add(module, self._answer(name, "Response", operation, fields))

    def request(
        self, operation: str, definition: Mapping[str, Any], module: str, response: str
    ) -> ir.Model:
        """Return the model of an operation's request."""
        name = definition["input"]["shape"]
        fields = self._sent_fields(name, module)
        return self._add(module, self._answer(name, f"Request[{response}]", operation, fields))

    def _union_modules(self) -> Iterator[tuple[str, str]]:
        for union in self._unions.values():
            yield union.name, self._module_of[union.unknown]

    def _add(self, module: str, model: ir.Model) -> ir.Model:
        self._check_name(model.name)
        names.check_distinct(
            model.name,
            [(member.wire, member.name) for member in model.fields]
            + [(member.wire, f"{member.name}_as") for member in model.typed_documents]
            + [("a document's class", "type") for _ in model.typed_documents[:1]],
        )
        self._made[model.name] = model
        self._module_of[model.name] = module
        return model

    def _check_name(self, name: str) -> None:
        names.check_class(name)
        if name in self.names:
            what = "two operations share it, or a structure has its name"
            raise GeneratorError(name, what, "Teach the generator to tell them apart")

    def _answer(self, name: str, base: str, page: str, fields: tuple[ir.Field, ...]) -> ir.Model:
        return ir.Model(
            name=name,
            base=base,
            about=self._look.headed("models", name),
            link=self._look.link(page),
            fields=fields,
            ref=self._ref(name, {member.wire: member for member in fields}),
            mixin=self._look.mixin(name),
        )

    def _ref(self, model: str, members: Mapping[str, ir.Field]) -> ir.Ref | None:
        entry = self._look.config.find("refs", model)
        if entry is None:
            return None
        where = f"config.toml [refs.{model}]"
        for wire in (entry[key] for key in ("id", "uuid") if key in entry):
            if wire not in members:
                raise GeneratorError(where, f"it has no member {wire!r}", "Correct it")
            if members[wire].type.removesuffix(" | None") != "str":
                raise GeneratorError(where, f"its member {wire!r} is no string", "Correct it")
        uuid = members[entry["uuid"]].name if "uuid" in entry else None
        id_member = members[entry["id"]]
        return ir.Ref(id=id_member.name, uuid=uuid, is_certain=id_member.required)

    # Parts

    def _part(self, name: str, module: str) -> str:
        """Return the name of a structure's class, or of a union's alias, which is made if new."""
        if name not in self._parts:
            self._parts.add(name)
            if self._look.is_union(name):
                self._union(name, module)
            else:
                self._structure(name, module)
        return name

    def _structure(self, name: str, module: str) -> None:
        make = self._answer_fields
        if name in self._sent:
            make = self._sent_fields
            for member, ref in self._look.shapes[name]["members"].items():
                self._check_enums(f"{name}.{member}", _held(self._look.shapes[ref["shape"]]))
        self._add(module, self._answer(name, "Structure", name, make(name, module)))

    def _union(self, name: str, module: str) -> None:
        variants = [
            self._add(module, self._variant(name, member, module))
            for member in self._look.shapes[name]["members"]
        ]
        self._check_name(name)
        unknown = f"Unknown{name}"
        union = ir.Union(
            name=name,
            about=self._look.headed("models", name),
            variants=tuple(variant.name for variant in variants),
            unknown=unknown,
        )
        self._unions[name] = union
        fate = "and never sent" if name in self._sent else "under the name it came with"
        about = f"A variant of `{name}` newer than this release. It is kept as it came, {fate}."
        link = self._look.link(name)
        self._add(
            module,
            ir.Model(
                name=unknown, base="UnknownVariant", about=about, link=link, fields=(), closes=union
            ),
        )

    def _variant(self, union: str, member: str, module: str) -> ir.Model:
        if union in self._sent:
            shape = self._look.shapes[union]["members"][member]["shape"]
            self._check_enums(f"{union}.{member}", (shape, *_held(self._look.shapes[shape])))
            value = self._sent_field(union, member, module, required=True)
        else:
            value = self._answer_field(union, member, module, required=True)
        return ir.Model(
            name=self._variant_name(union, member),
            base="Variant",
            about=self._look.variant(union, member),
            link=self._look.link(union),
            fields=(value,),
        )

    def _variant_name(self, union: str, member: str) -> str:
        name = self._look.renamed(f"{union}.{member}", f"{union}{member[:1].upper()}{member[1:]}")
        if name in self.names:
            what = f"another class is named {name!r} already"
            raise GeneratorError(f"{union}.{member}", what, "Give it another name in [rename]")
        return name

    def _check_enums(self, where: str, shapes: Iterable[str]) -> None:
        """Refuse enums in containers and variants of parts: the SDK could not read them again."""
        for shape in shapes:
            if self._enums.name_of(shape):
                what = f"a part of a request has the enum {shape!r} in a container or variant"
                raise GeneratorError(where, what, LEAVE_OUT)

    def _name(self, model: str, member: str) -> str:
        """Return how an attribute is called; the one of a variant is its value."""
        return "value" if self._look.is_union(model) else self._look.name(model, member)

    def _about(self, model: str, member: str) -> str:
        """Return what is said of an attribute; of a variant, its class tells more."""
        is_variant = self._look.is_union(model)
        return "What is given." if is_variant else self._look.about(model, member)

    # What an answer gives

    def _answer_fields(self, model: str, module: str) -> tuple[ir.Field, ...]:
        shape = self._look.shapes[model]
        present = self._always_present(model, shape)
        return tuple(
            self._answer_field(model, member, module, required=member in present)
            for member in shape["members"]
        )

    def _always_present(self, model: str, shape: Shape) -> set[str]:
        entry = self._look.config.find("always_present", model) or {"members": []}
        for member in entry["members"]:
            if member not in shape["members"]:
                where = f"config.toml [always_present.{model}]"
                raise GeneratorError(where, f"it has no member {member!r}", "Remove it")
        return {*entry["members"], *shape.get("required", ())}

    def _answer_field(self, model: str, member: str, module: str, *, required: bool) -> ir.Field:
        ref = self._look.shapes[model]["members"][member]
        document = self._look.is_document(ref["shape"])
        kind = self._retyped(model, member) or self._answer_type(ref["shape"], module)
        return ir.Field(
            name=self._name(model, member),
            wire=ref.get("locationName", member),
            type=kind if required else f"{kind} | None",
            default="" if required else "None",
            about=self._about(model, member),
            required=required,
            hidden=self._look.is_hidden(model, member) or document,
            document=document,
        )

    def _retyped(self, model: str, member: str) -> str | None:
        entry = self._look.config.find("retype", f"{model}.{member}")
        if entry is None:
            return None
        where = f"config.toml [retype.{model}.{member}]"
        if self._enums.name_of(entry["to"]) is None:
            raise GeneratorError(where, f"{entry['to']!r} is no enum in use", "Correct it")
        shape = self._look.shapes[model]["members"][member]["shape"]
        if self._look.shapes[shape]["type"] != "string" or self._enums.name_of(shape):
            what = f"the model now gives {shape!r} a better type than a string"
            raise GeneratorError(where, what, "Remove it")
        return self._enums.use(entry["to"], in_request=False).name

    def _answer_type(self, name: str, module: str) -> str:
        shape = self._look.shapes[name]
        if enum := self._enums.name_of(name):
            return self._enums.use(enum, in_request=False).name
        if self._look.is_document(name):
            return "Mapping[str, Any]"
        match shape["type"]:
            case "structure":
                return self._part(name, module)
            case "list":
                return f"tuple[{self._answer_type(shape['member']['shape'], module)}, ...]"
            case "map":
                return f"Mapping[str, {self._answer_type(shape['value']['shape'], module)}]"
            case _:
                return self._plain_type(name)

    def _plain_type(self, name: str) -> str:
        is_moment = self._look.is_moment(name)
        return "datetime" if is_moment else PLAIN_TYPES[self._look.shapes[name]["type"]]

    # What a request takes

    def _sent_fields(self, model: str, module: str) -> tuple[ir.Field, ...]:
        shape = self._look.shapes[model]
        return tuple(
            self._sent_field(model, member, module, required=member in shape.get("required", ()))
            for member in shape["members"]
        )

    def _sent_field(self, model: str, member: str, module: str, *, required: bool) -> ir.Field:
        ref = self._look.shapes[model]["members"][member]
        shape = ref["shape"]
        hidden = self._look.is_hidden(model, member)
        document = self._look.is_document(shape)
        if hidden:
            self._check_hideable(f"{model}.{member}", shape)
        kind = self._sent_type(shape, module)
        about = f"{self._about(model, member)} {self._constraint(shape)}"
        return ir.Field(
            name=self._name(model, member),
            wire=ref.get("locationName", member),
            type=kind if required else f"{kind} | None",
            default=self._sent_default(shape, required=required),
            about=about.strip(),
            rule=self._rule(shape, secret=hidden),
            required=required,
            hidden=hidden or document,
            document=document,
            token=bool(ref.get("idempotencyToken")),
            location=LOCATIONS[ref.get("location")],
        )

    def _check_hideable(self, where: str, name: str) -> None:
        """Refuse to hide what a message about a wrong value would show."""
        shape = self._look.shapes[name]
        inner = [name, *_held(shape)]
        is_shown = any(
            self._enums.name_of(part)
            or self._look.shapes[part]["type"] in {"integer", "long"}
            or self._look.is_part(part)
            for part in inner
        )
        if is_shown:
            what = "it can't be hidden, since messages show its value or its members"
            raise GeneratorError(where, what, "Hide the members inside it, or teach the generator")

    def _sent_type(self, name: str, module: str) -> str:
        shape = self._look.shapes[name]
        if enum := self._enums.name_of(name):
            return self._enums.use(enum, in_request=True).like
        match shape["type"]:
            case "list":
                return f"Sequence[{self._sent_type(shape['member']['shape'], module)}]"
            case "map":
                return f"Mapping[str, {self._sent_type(shape['value']['shape'], module)}]"
            case "structure":
                is_free = self._look.is_document(name)
                return "Mapping[str, object]" if is_free else self._part(name, module)
            case _:
                return self._plain_type(name)

    def _sent_default(self, name: str, *, required: bool) -> str:
        """Return how the class body sets a member: containers are copied when it is built."""
        is_free = self._look.is_document(name)
        copier = "copy_document" if is_free else COPIERS.get(self._look.shapes[name]["type"])
        if copier is None:
            return "" if required else "None"
        start = "" if required else "default=None, "
        return f"field({start}converter={copier})"

    def _rule(self, name: str, *, secret: bool) -> str:
        enum = self._enums.name_of(name)
        if enum is None:
            return self._plain_rule(name, secret=secret)
        return f"Choice({self._enums.use(enum, in_request=True).name})"

    def _plain_rule(self, name: str, *, secret: bool) -> str:
        shape = self._look.shapes[name]
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
                both = ", ".join(self._rule(part, secret=secret) for part in inner)
                return words.sized_rule("Pairs", both, shape)
            case "structure":
                return "Document()" if self._look.is_document(name) else self._part_rule(name)
            case _:
                return "Moment()" if self._look.is_moment(name) else words.integer_rule(shape)

    def _part_rule(self, name: str) -> str:
        if not self._look.is_union(name):
            return f"Nested({name})"
        union = self._unions[name]
        variants = ", ".join(union.variants) + ("," if len(union.variants) == 1 else "")
        return f"OneOf(({variants}), unknown={union.unknown})"

    def _constraint(self, name: str) -> str:
        shape = self._look.shapes[name]
        if enum := self._enums.name_of(name):
            known = self._enums.use(enum, in_request=True).values
            return words.enum_words([value.value for value in known])
        match shape["type"]:
            case "string":
                return words.text_words(shape)
            case "integer" | "long":
                is_moment = self._look.is_moment(name)
                return "With its time zone." if is_moment else words.integer_words(shape)
            case "list":
                return words.list_words(shape, self._look.shapes[shape["member"]["shape"]])
            case "map":
                key, value = (self._look.shapes[shape[part]["shape"]] for part in ("key", "value"))
                return words.map_words(shape, key, value)
            case _:
                return ""


def _inside(shapes: Mapping[str, Shape], inputs: Iterable[str]) -> Iterator[str]:
    """Yield the shapes that requests have inside, at any depth, but not the requests."""
    found: set[str] = set()
    waiting = [part for name in inputs for part in _parts(shapes[name])]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting.extend(_parts(shapes[name]))
            yield name


def _parts(shape: Shape) -> Iterator[str]:
    for ref in shape.get("members", {}).values():
        yield ref["shape"]
    if "key" in shape:
        yield shape["key"]["shape"]
    yield from _held(shape)


def _held(shape: Shape) -> Iterator[str]:
    """Yield the shape of what a list or map holds."""
    for part in ("member", "value"):
        if part in shape:
            yield shape[part]["shape"]


def _spoken_of(model: ir.Model) -> Iterator[str]:
    """Yield every name in the types and rules of a model."""
    for member in model.fields:
        text = f"{member.type} {member.rule}"
        yield from "".join(sign if sign.isalnum() else " " for sign in text).split()
