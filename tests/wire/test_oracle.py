"""Requests and responses, compared with botocore's serializer and parser over the same model.

Differences, each on purpose:

- The query is sorted by name and encoded as RFC 3986 says, because it is signed as it is sent;
  botocore leaves the encoding to its HTTP layer. Compared are the decoded pairs.
- Members that the model doesn't know are kept in `extra`; botocore drops them.
- Timestamps without a zone are UTC; botocore leaves them naive.
- A member that is null is absent; botocore's parser gives None for structures, too.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

import httpx
import pytest
from botocore.model import OperationModel
from botocore.parsers import create_parser
from botocore.serialize import create_serializer
from hypothesis import given
from hypothesis import strategies as st

from omics_runs import models
from omics_runs._generated.operations import OPERATIONS as OURS
from omics_runs._model import Response
from omics_runs._request import Request
from omics_runs._wire import build_request, read_response, serialise

from .shapes import OPERATIONS, structures

BASE = "https://example.test"
BY_NAME = {operation.name: operation for operation in OURS.values()}
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
    assert {path for path, _ in request.problems()} <= {"workflow_id"}, "no rule but one of ours"
    http = build_request(serialise(ours, request, BASE), {})
    theirs = create_serializer("rest-json", include_validation=False).serialize_to_request(
        request.to_dict(), operation
    )
    assert http.method == theirs["method"]
    assert http.url.raw_path.decode().partition("?")[0] == theirs["url_path"]
    assert parse_qsl(http.url.query.decode(), keep_blank_values=True) == _pairs(theirs)
    assert http.content == (theirs["body"] or b"")
    assert http.headers.get("content-type") == theirs["headers"].get("Content-Type")


def _pairs(theirs: dict[str, Any]) -> list[tuple[str, str]]:
    return sorted(
        (key, str(item))
        for key, value in theirs["query_string"].items()
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
    theirs = create_parser("rest-json").parse(
        {"status_code": 200, "headers": {}, "body": content}, operation.output_shape
    )
    del theirs["ResponseMetadata"]
    assert _members(model) == theirs
    assert type(model).from_dict(model.to_dict()) == model


def _minimal(operation: OperationModel) -> dict[str, str]:
    return dict.fromkeys(operation.input_shape.required_members, "1")


def _completed(response: type[Response], body: dict[str, Any]) -> dict[str, Any]:
    """Add what this SDK declares to be always there."""
    fill = {"id": "1", "arn": "arn:x", "status": "RUNNING", "taskId": "2", "items": []}
    missing = {m.wire: fill[m.wire] for m in response.__wire__ if m.required and m.wire not in body}
    if "items" in body and response is not models.GetRunResponse:
        item = models.RunListItem if response is models.ListRunsResponse else models.TaskListItem
        body = body | {"items": [_completed_item(item, one) for one in body["items"]]}
    return body | missing


def _completed_item(item: Any, body: dict[str, Any]) -> dict[str, Any]:
    fill = {"id": "1", "arn": "arn:x", "status": "RUNNING", "taskId": "2"}
    return body | {m.wire: fill[m.wire] for m in item.__wire__ if m.required and m.wire not in body}


def _members(model: Any) -> Any:
    """Return a model as botocore's parser would: dicts by wire name, absent members left out."""
    if isinstance(model, datetime):
        return model
    if isinstance(model, tuple):
        return [_members(item) for item in model]
    if not hasattr(model, "__wire__"):
        return model
    found = {m.wire: getattr(model, m.name) for m in model.__wire__}
    return {wire: _members(value) for wire, value in found.items() if value is not None}
