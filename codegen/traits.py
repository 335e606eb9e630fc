"""What the generator understands of a service's model; anything else stops it.

A trait that is read over in silence is an SDK that is wrong in silence: each key of the model in
use stands in a list here, or ends the render with a word about what to do.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from codegen.problems import GeneratorError

Shape = Mapping[str, Any]

METADATA = frozenset(
    {
        "apiVersion",
        "auth",
        "endpointPrefix",
        "jsonVersion",
        "protocol",
        "protocols",
        "serviceFullName",
        "serviceId",
        "signatureVersion",
        "signingName",
        "targetPrefix",
        "uid",
    }
)
OPERATION = frozenset(
    {"name", "http", "input", "output", "errors", "endpoint", "readonly", "idempotent"}
)
SHAPES: Mapping[str, frozenset[str]] = {
    "string": frozenset({"type", "min", "max", "pattern", "enum"}),
    "integer": frozenset({"type", "min", "max", "box"}),
    "long": frozenset({"type", "min", "max", "box"}),
    "float": frozenset({"type", "min", "max", "box"}),
    "double": frozenset({"type", "min", "max", "box"}),
    "boolean": frozenset({"type", "box"}),
    "timestamp": frozenset({"type", "timestampFormat"}),
    "list": frozenset({"type", "member", "min", "max"}),
    "map": frozenset({"type", "key", "value", "min", "max"}),
    "structure": frozenset({"type", "members", "required", "document", "union"}),
}
PARTS: Mapping[str, tuple[str, ...]] = {
    "list": ("member",),
    "map": ("key", "value"),
    "structure": ("members",),
}
ERROR = frozenset({"type", "members", "required", "error", "exception", "fault", "retryable"})
MEMBER = frozenset({"shape", "location", "locationName", "idempotencyToken"})
PART_MEMBER = frozenset({"shape", "locationName"})
"""What a member may have that is no member of a whole request."""
ANSWER_MEMBER = PART_MEMBER | {"deprecated"}
"""What a member of an answer may have: an old one is still given."""
REQUEST_LOCATIONS = frozenset({"uri", "querystring"})
TIMESTAMP_FORMATS = frozenset({"iso8601", "unixTimestamp"})
REQUEST_TYPES = frozenset({"string", "integer", "long", "boolean", "list", "map", "structure"})

REFRESH = "Run `python -m codegen refresh`, or leave out config.toml's operation that uses it"
TEACH = "Teach the generator what it means (codegen/traits.py, codegen/read.py)"
LABEL_TYPES = frozenset({"string", "integer", "long"})
QUERY_TYPES = frozenset({"string", "integer", "long", "boolean", "list"})
BODILESS = frozenset({"GET", "HEAD"})
LEAVE_OUT = "Leave the operation out of config.toml, or teach the generator (codegen/read.py)"


def check_model(model: Mapping[str, Any]) -> None:
    """Refuse a model with anything in it that the generator does not understand.

    Raises:
        GeneratorError: There is something; it says what and where.
    """
    _has("the service's model", model, "metadata", "operations", "shapes")
    _known("the service", model["metadata"], METADATA)
    _is("the service", "protocol", model["metadata"].get("protocol"), "rest-json")
    _is("the service", "signatureVersion", model["metadata"].get("signatureVersion"), "v4")
    _check_operations(model)


def check_other_model(service: str, model: Mapping[str, Any]) -> None:
    """Refuse the model of another service with anything that the generator does not understand.

    Such services speak AWS's JSON protocol: all of a call is in its body, its name in a header.

    Raises:
        GeneratorError: There is something; it says what and where.
    """
    _has(f"the model of {service}", model, "metadata", "operations", "shapes")
    _known(service, model["metadata"], METADATA)
    wanted = {"protocol": "json", "jsonVersion": "1.1", "signatureVersion": "v4"}
    for trait, value in wanted.items():
        _is(service, trait, model["metadata"].get(trait), value)
    _has(service, model["metadata"], "targetPrefix")
    for name, operation in model["operations"].items():
        _is(name, "http", operation.get("http"), {"method": "POST", "requestUri": "/"})
    _check_operations(model)


def _check_operations(model: Mapping[str, Any]) -> None:
    checks = _Checks(model["shapes"], is_json=model["metadata"]["protocol"] == "json")
    for name, operation in model["operations"].items():
        checks.operation(name, operation)


class _Checks:
    def __init__(self, shapes: Mapping[str, Shape], *, is_json: bool) -> None:
        self._shapes = shapes
        self._is_json = is_json

    def operation(self, name: str, operation: Mapping[str, Any]) -> None:
        _known(name, operation, OPERATION)
        _has(name, operation, "http")
        _has(f"{name}, its http", operation["http"], "method", "requestUri")
        _known(name, operation["http"], frozenset({"method", "requestUri", "responseCode"}))
        _check_endpoint(name, operation.get("endpoint", {}))
        for part in ("input", "output"):
            _known(f"{name}, its {part}", operation.get(part, {}), frozenset({"shape"}))
        if "input" not in operation:
            raise GeneratorError(name, "it has no input", LEAVE_OUT)
        self._request(name, operation)
        if "output" in operation:
            output = self._target(f"{name}, its output", operation["output"])
            self._structure(output, "gives")
            self._response(output, ())
        for error in operation.get("errors", ()):
            shape = self._target(f"{name}, its errors", error)
            _known(f"{name}, its error {shape}", error, frozenset({"shape"}))
            self._error(shape)

    def _request(self, operation: str, definition: Mapping[str, Any]) -> None:
        name = self._target(f"{operation}, its input", definition["input"])
        shape = self._structure(name, "takes")
        for member, ref in shape["members"].items():
            where = f"{name}.{member}"
            _known(where, ref, MEMBER)
            if ref.get("location") not in {None, *REQUEST_LOCATIONS}:
                raise GeneratorError(where, f"it travels in {ref['location']!r}", LEAVE_OUT)
            self._request_value(where, self._target(where, ref), (name,))
            self._check_place(where, ref, definition["http"]["method"])
        _check_wire(name, shape)
        self._check_token(name, shape)
        _check_labels(operation, definition["http"]["requestUri"], shape)

    def _check_place(self, where: str, ref: Mapping[str, Any], method: str) -> None:
        """Refuse what can't be written where it is to travel."""
        kind, place = self._shape(ref["shape"])["type"], ref.get("location")
        if place is not None and self._is_json:
            raise GeneratorError(where, f"it travels in {place!r}", LEAVE_OUT)
        if place == "uri" and kind not in LABEL_TYPES:
            raise GeneratorError(where, f"a path has a {kind}", LEAVE_OUT)
        if place == "querystring" and kind not in QUERY_TYPES:
            raise GeneratorError(where, f"a query has a {kind}", LEAVE_OUT)
        if place == "querystring" and self._has_structures(ref["shape"]):
            raise GeneratorError(where, "a query has structures", LEAVE_OUT)
        if place is None and method in BODILESS:
            raise GeneratorError(where, f"a {method} has a body", LEAVE_OUT)

    def _has_structures(self, name: str) -> bool:
        return any(self._shape(inner)["type"] == "structure" for inner in _inner(self._shape(name)))

    def _check_token(self, name: str, shape: Shape) -> None:
        """Refuse an idempotency token that would not fill itself."""
        tokens = [key for key, ref in shape["members"].items() if ref.get("idempotencyToken")]
        if len(tokens) > 1:
            raise GeneratorError(name, f"it has {len(tokens)} idempotency tokens", LEAVE_OUT)
        for token in tokens:
            ref = shape["members"][token]
            text = self._shape(ref["shape"])
            if text["type"] != "string" or "enum" in text:
                what = "its idempotency token is no plain string"
                raise GeneratorError(f"{name}.{token}", what, LEAVE_OUT)
            if "location" in ref:
                what = "its idempotency token is not in the body"
                raise GeneratorError(f"{name}.{token}", what, LEAVE_OUT)

    def _request_value(self, where: str, name: str, parents: tuple[str, ...]) -> None:
        if name in parents:
            raise GeneratorError(name, "it contains itself", LEAVE_OUT)
        shape = self._shape(name)
        kind = shape["type"]
        if kind not in REQUEST_TYPES:
            raise GeneratorError(f"{where} ({name})", f"a request has a {kind}", LEAVE_OUT)
        for inner in _inner(shape):
            self._check_inner(f"{where} ({name})", kind, inner)
            self._request_value(where, inner, (*parents, name))
        for member, ref in shape.get("members", {}).items():
            self._request_part(f"{name}.{member}", ref, (*parents, name))
        _check_wire(name, shape)

    def _check_inner(self, where: str, kind: str, inner: str) -> None:
        """Refuse containers in containers, and maps of anything but strings."""
        found = self._shape(inner)
        is_part = kind == "list" and found["type"] == "structure" and not found.get("document")
        if found["type"] != "string" and not is_part:
            what = f"a request has a {kind} of something else than strings"
            if kind == "list":
                what += " and structures"
            raise GeneratorError(where, what, LEAVE_OUT)

    def _request_part(self, where: str, ref: Mapping[str, Any], parents: tuple[str, ...]) -> None:
        if "location" in ref:
            raise GeneratorError(where, f"it travels in {ref['location']!r}", LEAVE_OUT)
        _known(where, ref, PART_MEMBER)
        self._request_value(where, self._target(where, ref), parents)

    def _response(self, name: str, parents: tuple[str, ...]) -> None:
        if name in parents:
            raise GeneratorError(name, "it contains itself", LEAVE_OUT)
        shape = self._shape(name)
        for inner in _inner(shape):
            if self._shape(inner).get("document"):
                what = f"an answer has a {shape['type']} of documents"
                raise GeneratorError(name, what, LEAVE_OUT)
            self._response(inner, (*parents, name))
        for member, ref in shape.get("members", {}).items():
            where = f"{name}.{member}"
            if "location" in ref:
                raise GeneratorError(where, f"it travels in {ref['location']!r}", LEAVE_OUT)
            _known(where, ref, ANSWER_MEMBER)
            self._response(self._target(where, ref), (*parents, name))
        _check_wire(name, shape)

    def _error(self, name: str) -> None:
        shape = self._shapes[name]
        _known(name, shape, ERROR)
        if self._is_json:  # its code is all that counts: config.toml tells which error it is
            return
        _has(name, shape, "error", "members")
        _has(f"{name}, its error", shape["error"], "httpStatusCode")
        _known(name, shape["error"], frozenset({"httpStatusCode", "senderFault"}))
        _known(name, shape.get("retryable", {}), frozenset({"throttling"}))
        _check_required(name, shape)
        if set(shape["members"]) != {"message"}:
            raise GeneratorError(name, "an error has more members than a message", TEACH)
        _known(f"{name}.message", shape["members"]["message"], frozenset({"shape"}))

    def _structure(self, name: str, does: str) -> Shape:
        shape = self._shape(name)
        if shape["type"] != "structure" or shape.get("document") or shape.get("union"):
            raise GeneratorError(
                name, f"an operation {does} something else than members", LEAVE_OUT
            )
        return shape

    def _target(self, where: str, ref: Mapping[str, Any]) -> str:
        """Return the name of the shape that is referred to."""
        _has(where, ref, "shape")
        name = str(ref["shape"])
        if name not in self._shapes:
            raise GeneratorError(where, f"the model has no shape {name!r}", REFRESH)
        return name

    def _shape(self, name: str) -> Shape:
        shape = self._shapes[name]
        _has(name, shape, "type")
        kind = str(shape["type"])
        if kind not in SHAPES:
            raise GeneratorError(name, f"its type is {kind!r}", LEAVE_OUT)
        _known(name, shape, SHAPES[kind])
        _has(name, shape, *PARTS.get(kind, ()))
        for part in (part for part in ("member", "key", "value") if part in shape):
            _known(f"{name}, its {part}", shape[part], frozenset({"shape"}))
            self._target(f"{name}, its {part}", shape[part])
        _check_special(name, shape)
        if kind == "structure":
            _check_required(name, shape)
        if kind == "map" and self._shape(shape["key"]["shape"])["type"] != "string":
            raise GeneratorError(name, "its keys are no strings", TEACH)
        return shape


def _check_special(name: str, shape: Shape) -> None:
    form = shape.get("timestampFormat", "iso8601")
    if form not in TIMESTAMP_FORMATS:
        raise GeneratorError(name, f"its timestampFormat is {form!r}", TEACH)
    if shape.get("document") and shape["members"]:
        raise GeneratorError(name, "a document has members", TEACH)
    if shape.get("union") and not shape["members"]:
        raise GeneratorError(name, "a union has no variants", TEACH)
    if shape.get("union") and shape.get("required"):
        raise GeneratorError(name, "a union requires a variant", TEACH)


def _check_required(name: str, shape: Shape) -> None:
    for member in shape.get("required", ()):
        if member not in shape["members"]:
            what = f"it requires {member!r}, which is no member of it"
            raise GeneratorError(name, what, REFRESH)


def _check_wire(name: str, shape: Shape) -> None:
    """Refuse two members that would be one and the same on the wire."""
    taken: dict[tuple[str | None, str], str] = {}
    for member, ref in shape.get("members", {}).items():
        place = ref.get("location"), ref.get("locationName", member)
        if place in taken:
            what = f"{taken[place]!r} and {member!r} are both {place[1]!r} on the wire"
            raise GeneratorError(name, what, LEAVE_OUT)
        taken[place] = member


def _check_endpoint(name: str, endpoint: Mapping[str, Any]) -> None:
    _known(f"{name}, its endpoint", endpoint, frozenset({"hostPrefix"}))
    if "{" in endpoint.get("hostPrefix", ""):
        prefix = endpoint["hostPrefix"]
        raise GeneratorError(name, f"its host prefix {prefix!r} has a label", LEAVE_OUT)


def _check_labels(name: str, path: str, shape: Shape) -> None:
    labels = re.findall(r"\{([^}]*)\}", path)
    members = {
        ref.get("locationName", member): member
        for member, ref in shape["members"].items()
        if ref.get("location") == "uri"
    }
    if "?" in path:
        raise GeneratorError(name, f"its path {path!r} has a query", LEAVE_OUT)
    if any(label.endswith("+") for label in labels):
        raise GeneratorError(name, f"its path {path!r} has a greedy label", LEAVE_OUT)
    if sorted(labels) != sorted(members):
        what = f"its path {path!r} does not name exactly its uri members {sorted(members)}"
        raise GeneratorError(name, what, LEAVE_OUT)
    for member in members.values():
        if member not in shape.get("required", ()):
            raise GeneratorError(name, f"its uri member {member!r} is not required", LEAVE_OUT)


def _inner(shape: Shape) -> Iterator[str]:
    for part in ("member", "key", "value"):
        if part in shape:
            yield shape[part]["shape"]


def _has(where: str, found: Mapping[str, Any], *needed: str) -> None:
    if not isinstance(found, Mapping):
        raise GeneratorError(where, "it is no object", REFRESH)
    for trait in needed:
        if trait not in found:
            raise GeneratorError(where, f"it has no {trait!r}", REFRESH)


def _known(where: str, found: Iterable[str], known: frozenset[str]) -> None:
    for trait in sorted(found):
        if trait not in known:
            raise GeneratorError(where, f"unknown trait {trait!r}", TEACH)


def _is(where: str, trait: str, found: object, wanted: object) -> None:
    if found != wanted:
        raise GeneratorError(where, f"its {trait} is {found!r}, not {wanted!r}", TEACH)
