"""Requests and responses, compared with botocore's serializer and parser over the same model.

Differences, each on purpose:

- The query is sorted by name and encoded as RFC 3986 says, because it is signed as it is sent;
  botocore leaves the encoding to its HTTP layer. Compared are the decoded pairs.
- Members that the model doesn't know are kept in `extra`; botocore drops them.
- Timestamps without a zone are UTC; botocore leaves them naive.
- A member that is null is absent; botocore's parser gives None for structures, too.
- A union is an object of its variant's class; botocore has a dict with one key.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, get_args, get_type_hints
from urllib.parse import parse_qsl

import httpx
import pytest
from botocore.model import OperationModel
from botocore.parsers import create_parser
from botocore.serialize import create_serializer
from hypothesis import given
from hypothesis import strategies as st

from omics_runs import _preflight
from omics_runs._generated.operations import OPERATIONS as OURS
from omics_runs._model import Model
from omics_runs._request import Request
from omics_runs._rules import Moment
from omics_runs._wire import build_request, read_response, serialise

from .shapes import OPERATIONS, structures

BASE = "https://example.test"
BY_NAME = {operation.name: operation for operation in OURS.values()}
BY_RESPONSE: dict[Any, Any] = {operation.response: operation for operation in OURS.values()}
CASES = [pytest.param(operation, id=operation.name) for operation in OPERATIONS]
ANSWERING = [pytest.param(o, id=o.name) for o in OPERATIONS if o.output_shape is not None]


def test_every_operation_is_compared() -> None:
    """The model and the generated table have the same operations."""
    assert sorted(BY_NAME) == sorted(operation.name for operation in OPERATIONS)


@pytest.mark.parametrize("operation", CASES)
@given(data=st.data())
def test_requests_are_what_botocore_sends(operation: OperationModel, data: st.DataObject) -> None:
    """Method, path, query, body and content type equal those of botocore's serializer."""
    ours = BY_NAME[operation.name]
    wire = data.draw(structures(operation.input_shape))
    request: Request[Any] = ours.request.from_dict(wire)
    assert not list(_broken_rules(request)), "nothing but rules across members, which are ours"
    http = build_request(serialise(ours, request, BASE), {})
    protocol = operation.service_model.protocol
    theirs = create_serializer(protocol, include_validation=False).serialize_to_request(
        _sent(request, wire), operation
    )
    assert http.method == theirs["method"]
    assert http.url.raw_path.decode().partition("?")[0] == theirs["url_path"]
    assert sorted(parse_qsl(http.url.query.decode(), keep_blank_values=True)) == _pairs(theirs)
    assert http.headers.get("x-amz-target") == theirs["headers"].get("X-Amz-Target")
    assert http.content == (theirs["body"] or b"")
    assert http.headers.get("content-type") == theirs["headers"].get("Content-Type")


def _sent(request: Request[Any], wire: dict[str, Any]) -> dict[str, Any]:
    """Return what botocore is given: the request, but its moments as they were drawn."""
    moments = [m.wire for m in request.__wire__ if isinstance(m.rule, Moment)]
    return request.to_dict() | {name: wire[name] for name in moments if name in wire}


def _broken_rules(request: Request[Any]) -> Iterator[str]:
    """Yield what is wrong with single members: the model's own rules, and none of ours."""
    across = {problem for part in _parts(request) for problem in _preflight.problems(part)}
    for path, what in request.problems():
        if not any(path.endswith(where) and what == said for where, said in across):
            yield f"{path}: {what}"


def _parts(model: Model) -> Iterator[Model]:
    yield model
    for member in model.__wire__:
        value = getattr(model, member.name)
        for item in value if isinstance(value, tuple) else [value]:
            if isinstance(item, Model):
                yield from _parts(item)


def _pairs(theirs: dict[str, Any]) -> list[tuple[str, str]]:
    return sorted(
        (key, str(item))
        for key, value in (theirs["query_string"] or {}).items()
        for item in (value if isinstance(value, list) else [value])
    )


@pytest.mark.parametrize("operation", ANSWERING)
@given(data=st.data())
def test_responses_read_as_botocore_reads_them(
    operation: OperationModel, data: st.DataObject
) -> None:
    """Every member of every answer has the value that botocore's parser finds."""
    ours = BY_NAME[operation.name]
    body = _completed(ours.response, data.draw(structures(operation.output_shape)))
    content = json.dumps(body).encode()
    model = read_response(
        ours, ours.request.from_dict(_minimal(operation)), httpx.Response(200, content=content), 1
    )
    theirs = create_parser(operation.service_model.protocol).parse(
        {"status_code": 200, "headers": {}, "body": content}, operation.output_shape
    )
    del theirs["ResponseMetadata"]
    assert _members(model) == _with_moments(theirs)
    assert type(model).from_dict(model.to_dict()) == model


def _with_moments(theirs: Any) -> Any:
    """Return what botocore reads, its milliseconds as moments; ours are datetimes."""
    if isinstance(theirs, list):
        return [_with_moments(item) for item in theirs]
    if not isinstance(theirs, dict):
        return theirs
    return {
        key: datetime.fromtimestamp(value // 1000, UTC) + timedelta(milliseconds=value % 1000)
        if key.lower().endswith(("time", "timestamp")) and isinstance(value, int)
        else _with_moments(value)
        for key, value in theirs.items()
    }


def _minimal(operation: OperationModel) -> dict[str, Any]:
    made: dict[str, Any] = dict.fromkeys(operation.input_shape.required_members, "1")
    return made


def _completed(kind: type[Model], body: dict[str, Any]) -> dict[str, Any]:
    """Add what this SDK declares to be always there, in the answer and in its items."""
    fill = {"items": [], "runs": []}
    missing = {
        m.wire: fill.get(m.wire, "1") for m in kind.__wire__ if m.required and m.wire not in body
    }
    operation = BY_RESPONSE.get(kind)
    if operation is not None and operation.paging is not None:
        key = operation.paging.items
        item = get_args(get_type_hints(kind)[key])[0]
        body = body | {key: [_completed(item, one) for one in body.get(key, [])]}
    return body | missing


def _members(model: Any) -> Any:
    """Return a model as botocore's parser would: dicts by wire name, absent members left out."""
    if isinstance(model, datetime):
        return model
    if isinstance(model, (tuple, list)):
        return [_members(item) for item in model]
    if isinstance(model, Mapping):
        return {key: _members(value) for key, value in model.items()}
    if not hasattr(model, "__wire__"):
        return model
    found = {m.wire: getattr(model, m.name) for m in model.__wire__}
    return {wire: _members(value) for wire, value in found.items() if value is not None}
