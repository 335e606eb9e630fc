"""What is rendered: plain frozen data in which every decision has been taken.

Strings that hold Python are meant to be written as they are: annotations, rules, defaults.
"""

from __future__ import annotations

from attrs import field, frozen


@frozen(kw_only=True)
class EnumValue:
    """A value of an enum."""

    name: str
    value: str
    about: str


@frozen(kw_only=True)
class Enum:
    """An open string enum."""

    name: str
    about: str
    values: tuple[EnumValue, ...]
    terminal: tuple[str, ...] = ()
    """Names of the values that end a life; empty if the enum tells no such story."""
    mixin: str | None = None
    """A hand-written class that it is as well, as `module.Class`."""
    in_requests: bool = False
    """Whether a request takes it, and so a plain string in its place."""

    @property
    def like(self) -> str:
        """Name of the alias for the enum or one of its known strings."""
        return f"{self.name}Like"


@frozen(kw_only=True)
class Field:
    """A member of a model."""

    name: str
    wire: str
    type: str
    """Annotation in the model."""
    about: str
    default: str = ""
    """What the attribute is set to in the class body; empty if it must be given."""
    rule: str | None = None
    """A request's rule as an expression."""
    required: bool = False
    hidden: bool = False
    document: bool = False
    token: bool = False
    """Whether it is the idempotency token, which fills itself."""
    location: str = "body"
    """`label`, `query` or `body`."""

    @property
    def is_given(self) -> bool:
        """Whether the caller can't leave it out."""
        return self.required and not self.token


@frozen(kw_only=True)
class Ref:
    """Which fields of a model make a run's identity."""

    id: str
    uuid: str | None = None
    is_certain: bool = True
    """Whether the id is always there."""


@frozen(kw_only=True)
class Union:
    """A value that is exactly one of several variants."""

    name: str
    about: str
    variants: tuple[str, ...]
    """Names of the variants' classes."""
    unknown: str
    """Name of the class of variants that are newer than the release."""


@frozen(kw_only=True)
class Model:
    """A class of the models."""

    name: str
    base: str
    """`Structure`, `Response`, `Request[...]`, `Variant` or `UnknownVariant`."""
    about: str
    link: str
    fields: tuple[Field, ...]
    """In the service's order."""
    ref: Ref | None = None
    mixin: str | None = None
    """A hand-written class that it is as well, as `module.Class`."""
    closes: Union | None = None
    """The union whose last class this is, so that it can be named after it."""

    @property
    def ordered(self) -> tuple[Field, ...]:
        """The fields as the class declares them: those that must be there first."""
        return tuple(sorted(self.fields, key=lambda member: not member.is_given))

    @property
    def typed_documents(self) -> tuple[Field, ...]:
        """The documents that an answer gives as a class of the caller's."""
        return () if self.is_request else tuple(f for f in self.fields if f.document)

    @property
    def is_request(self) -> bool:
        """Whether it is sent."""
        return self.base.startswith("Request[")

    @property
    def is_variant(self) -> bool:
        """Whether it is one of the variants of a union, known or not."""
        return self.base in {"Variant", "UnknownVariant"}


@frozen(kw_only=True)
class Module:
    """A file of models."""

    name: str
    about: str
    models: tuple[Model, ...]
    imports: tuple[str, ...] = ()
    """Models of earlier modules that this one speaks of, as `module.Name`."""


@frozen(kw_only=True)
class Error:
    """An error that the service's model knows."""

    name: str
    code: str
    status: int
    about: str
    also: str | None = None
    """A built-in exception that it is as well."""
    fault: str | None = None
    """`transient` or `throttling` if the service says that it passes."""
    codes: tuple[str, ...] = ()
    """Other services' codes for the same."""


@frozen(kw_only=True)
class Paging:
    """How an operation turns its pages; Python names."""

    token: str
    next_token: str
    items: str
    limit: str | None
    largest: int | None
    """The most items that the limit may ask for."""
    item_type: str


@frozen(kw_only=True)
class Argument:
    """A parameter of a method."""

    name: str
    type: str
    about: str
    default: str = ""


@frozen(kw_only=True)
class Operation:
    """An operation, and the methods that call it."""

    name: str
    constant: str
    method_name: str
    iterator_name: str
    http_method: str
    path: str
    host_prefix: str
    status_code: int
    request: Model
    response: Model
    summary: str
    detail: str
    errors: tuple[str, ...]
    token: str | None = None
    service: str | None = None
    """What it is signed for, if that is another service than all others."""
    target: str | None = None
    """What names it where every call goes to the same path."""
    read_only: bool = False
    paging: Paging | None = None
    positional: tuple[Argument, ...] = ()
    keywords: tuple[Argument, ...] = ()
    overrides: tuple[Argument, ...] = ()
    """What may be given of a request whose other members come from elsewhere."""

    @property
    def arguments(self) -> tuple[Argument, ...]:
        """All parameters that become members of the request."""
        return (*self.positional, *self.keywords)

    def bound(self, location: str) -> tuple[Field, ...]:
        """Return the members of the request that go to one place of the HTTP request."""
        return tuple(member for member in self.request.fields if member.location == location)


@frozen(kw_only=True)
class Partition:
    """A partition of AWS."""

    id: str
    dns_suffix: str
    dual_stack_dns_suffix: str
    supports_fips: bool
    supports_dual_stack: bool
    region_regex: str
    regions: tuple[str, ...]


@frozen(kw_only=True)
class Api:
    """All that is rendered."""

    package: str
    """Import name of the package that is written."""
    service: str
    enums: tuple[Enum, ...]
    modules: tuple[Module, ...]
    errors: tuple[Error, ...]
    operations: tuple[Operation, ...]
    partitions: tuple[Partition, ...] = field(factory=tuple)

    @property
    def models(self) -> tuple[Model, ...]:
        """The models of all modules."""
        return tuple(model for module in self.modules for model in module.models)

    @property
    def exports(self) -> tuple[str, ...]:
        """The names of all models and unions, sorted."""
        unions = (model.closes.name for model in self.models if model.closes)
        return tuple(sorted((*unions, *(model.name for model in self.models))))

    @property
    def mixins(self) -> tuple[tuple[str, str], ...]:
        """The modules and names of all hand-written classes that enums and models are as well."""
        enums = {enum.mixin for enum in self.enums if enum.mixin}
        found = enums | {model.mixin for model in self.models if model.mixin}
        return tuple((path.rpartition(".")[0], path.rpartition(".")[2]) for path in sorted(found))
