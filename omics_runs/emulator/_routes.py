"""From a request line to an operation, and from HTTP to the operation's request model."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeAlias, TypeVar, cast
from urllib.parse import parse_qsl, unquote

from attrs import frozen

from omics_runs._errors import InvalidRequestError
from omics_runs._model import Member
from omics_runs._operation import Operation
from omics_runs._request import Request
from omics_runs._rules import Integer, Items, Problem, Rule
from omics_runs.emulator._emulator_operations import SERVED
from omics_runs.emulator._http import Received, Refusal, invalid

AnyOperation: TypeAlias = Operation[Any, Any]
R = TypeVar("R", bound=Request[Any])


@frozen(kw_only=True)
class Route:
    """An operation that was found, and what its path says."""

    operation: AnyOperation
    labels: Mapping[str, str]


def check_operation(name: str) -> None:
    """Refuse a name that no operation has.

    Raises:
        ValueError: There is no such operation.
    """
    known = sorted(operation.name for operation in SERVED)
    if name not in known:
        msg = f"there is no operation {name!r}; known are {', '.join(known)}"
        raise ValueError(msg)


def find(received: Received) -> Route:
    """Return the operation that a request is for.

    Raises:
        Refusal: No operation has such a path, or none with this method.
    """
    segments = received.path.split("/")
    named = {None, received.header("x-amz-target")}
    served = (operation for operation in SERVED if operation.target in named)
    fitting = [route for operation in served for route in _fit(operation, segments)]
    for route in fitting:
        if route.operation.method == received.method:
            return route
    if fitting:
        msg = f"{received.method} is not a method of {received.path}"
        raise Refusal(405, "MethodNotAllowedException", msg)
    target = received.header("x-amz-target")
    msg = f"There is no operation {'at ' + received.path if target is None else target}"
    raise Refusal(404, "UnknownOperationException", msg)


def _fit(operation: AnyOperation, segments: list[str]) -> Iterator[Route]:
    places = operation.path.split("/")
    if len(places) != len(segments):
        return
    labels: dict[str, str] = {}
    for place, segment in zip(places, segments, strict=True):
        if place.startswith("{"):
            labels[place.strip("{}")] = unquote(segment)
        elif place != segment:
            return
    yield Route(operation=operation, labels=labels)


def decode(route: Route, received: Received) -> Request[Any]:
    """Return the request model of what was sent.

    Raises:
        Refusal: It is not JSON, or not what the service's model asks for.
    """
    operation = route.operation
    members: tuple[Member, ...] = operation.request.__wire__
    body, query = _body(operation, received), _query(members, received.query)
    _check_names(body, operation.body)
    _check_names(query, operation.query)
    _check_token(operation, body)
    return read(operation.request, {**body, **query, **route.labels})


def read(kind: type[R], data: Mapping[str, Any]) -> R:
    """Return a request of members by their wire names.

    Raises:
        Refusal: They are not what the service's model asks for, or break its rules.
    """
    try:
        request = kind.from_dict(data)
    except InvalidRequestError as error:
        raise _refused(error.problems, data, kind.__wire__) from None
    check(request, data)
    return request


def check(request: Request[Any], data: Mapping[str, Any]) -> None:
    """Refuse a request that breaks the service's rules; `data` is what it was made of.

    Raises:
        Refusal: It does.
    """
    if problems := request.problems():
        raise _refused(problems, data, request.__wire__)


def _body(operation: AnyOperation, received: Received) -> dict[str, Any]:
    if not operation.body:
        return {}
    try:
        data = json.loads(received.body)
    except (ValueError, RecursionError):
        raise Refusal(400, "SerializationException", "The body is not JSON.") from None
    if not isinstance(data, dict):
        raise Refusal(400, "SerializationException", "The body must be a JSON object.")
    return cast("dict[str, Any]", data)


def _query(members: tuple[Member, ...], query: str) -> dict[str, Any]:
    """Return the query's members; one that comes twice becomes a list, which few may be."""
    rules = {member.wire: member.rule for member in members}
    found: dict[str, list[str | int]] = {}
    for name, text in parse_qsl(query, keep_blank_values=True):
        found.setdefault(name, []).append(_read(rules.get(name), text))
    return {
        name: values if len(values) > 1 or isinstance(rules.get(name), Items) else values[0]
        for name, values in found.items()
    }


def _read(rule: Rule | None, text: str) -> str | int:
    is_number = isinstance(rule, Integer) and re.fullmatch("-?[0-9]{1,18}", text)
    return int(text) if is_number else text


def _check_names(given: Iterable[str], known: Mapping[str, str]) -> None:
    """Refuse members that the operation does not have in that part of the request."""
    strays = [name for name in given if name not in known.values()]
    if strays:
        raise invalid(_sentence([f"Value at '{name}' {FAILED}: No such member" for name in strays]))


def _check_token(operation: AnyOperation, body: Mapping[str, Any]) -> None:
    """Ask for the request id, which the SDK's model would otherwise fill in."""
    if operation.token is None:
        return
    wire = operation.body[operation.token]
    if body.get(wire) is None:
        raise invalid(_sentence([f"Value at '{wire}' {FAILED}: Member is required"]))


FAILED = "failed to satisfy constraint"


def _refused(
    problems: Iterable[Problem], data: Mapping[str, Any], members: tuple[Member, ...]
) -> Refusal:
    by_name = {member.name: member for member in members}
    return invalid(_sentence([_constraint(problem, data, by_name) for problem in problems]))


def _sentence(constraints: list[str]) -> str:
    errors = "error" if len(constraints) == 1 else "errors"
    return f"{len(constraints)} validation {errors} detected: {'; '.join(constraints)}"


def _constraint(problem: Problem, data: Mapping[str, Any], members: Mapping[str, Member]) -> str:
    """Return a problem in the service's manner: wire names, and the value if it may be shown."""
    path, what = problem
    name = re.split(r"\W", path, maxsplit=1)[0]
    member = members[name]
    rest = path.removeprefix(name)
    rule = camel(what.partition(", got ")[0])
    may_be_shown = not member.hidden and not rest and data.get(member.wire) is not None
    shown = f"Value '{data[member.wire]}'" if may_be_shown else "Value"
    who = "Member " if rule.startswith(("must ", "is ")) else ""
    where = rest if member.document else camel(rest)
    return f"{shown} at '{member.wire}{where}' {FAILED}: {who}{rule}"


def camel(text: str) -> str:
    """Return a text with the names in it as the wire has them."""
    return re.sub(r"(?<=[a-z])_([a-z0-9])", lambda found: found[1].upper(), text)
