"""Every method of both clients, held against the service's model as botocore reads it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
from botocore.model import ListShape, OperationModel, ServiceModel, StructureShape

from omics_runs._generated.operations import OPERATIONS
from omics_runs._operation import Operation
from omics_runs._parts import read_part
from tests.clients.conftest import Caller

FOLDER = Path(__file__).parents[2] / "codegen" / "model"
SERVICES = {
    name: ServiceModel(json.loads((FOLDER / f"{name}.json").read_text()), name)
    for name in ("omics", "logs")
}
REGION = "us-west-2"
VALUES: Mapping[str, Any] = {
    "batchRunSettings": {"s3UriSettings": "s3://bucket/settings.json"},
    "cacheS3Location": "s3://bucket/cache",
    "defaultRunSetting": {"workflowId": "1", "roleArn": "arn:role"},
    "resourceArn": f"arn:aws:omics:{REGION}:123456789012:run/1",
    "roleArn": "arn:role",
    "tagKeys": ["project"],
    "tags": {"project": "exomes"},
}
"""Values of the members that can't simply be `1`."""


ONE_OF_TWO = {
    "StartRun": ["workflowId"],
    "GetLogEvents": ["logGroupName"],
    "DescribeLogStreams": ["logGroupName"],
}
"""Members of which one of two will do."""


def model_of(operation: Operation[Any, Any]) -> OperationModel:
    """Return what the service's model says of an operation."""
    return SERVICES[operation.service].operation_model(operation.name)


def needed(operation: OperationModel) -> dict[str, Any]:
    """Return an example of each member that a request can't be without, by wire names."""
    members = [name for name in operation.input_shape.required_members if name != "requestId"]
    members += ONE_OF_TWO.get(operation.name, [])
    return {name: VALUES.get(name, "1") for name in members}


def answered(shape: StructureShape | None, operation: Operation[Any, Any]) -> dict[str, Any]:
    """Return an answer with what must be in it."""
    if shape is None:
        return {}
    members = shape.members
    required = {member.wire for member in operation.response.__wire__ if member.required}
    lists = {name: [] for name in required if isinstance(members[name], ListShape)}
    return {**dict.fromkeys(required, "1"), **lists, **({"tags": {}} if "tags" in required else {})}


def arguments(operation: Operation[Any, Any], wire: Mapping[str, Any]) -> dict[str, Any]:
    """Return a method's arguments for a request given by wire names."""
    members = {member.wire: member for member in operation.request.__wire__}
    return {members[key].name: read_part(members[key].rule, wire[key]) for key in wire}


def path_of(model: OperationModel, wire: Mapping[str, Any]) -> str:
    """Return the path that the model gives a request, percent-encoded once."""
    path: str = model.http["requestUri"]
    for name, value in wire.items():
        path = path.replace(f"{{{name}}}", str(httpx.QueryParams({"": value}))[1:])
    return path


CASES = [pytest.param(operation, id=operation.name) for operation in OPERATIONS.values()]
LISTING = [pytest.param(o, id=o.name) for o in OPERATIONS.values() if o.paging is not None]


def called(
    caller: Caller, operation: Operation[Any, Any], call: Callable[[Any, dict[str, Any]], Any]
) -> tuple[Any, list[httpx.Request]]:
    """Call a method of a client whose service answers what it must; return what came of it."""
    model = model_of(operation)
    got: list[httpx.Request] = []

    def serve(request: httpx.Request) -> httpx.Response:
        got.append(request)
        body = answered(model.output_shape, operation)
        status = model.http.get("responseCode", 200)
        return httpx.Response(status, json=body) if body else httpx.Response(status)

    http = caller.http(serve)
    client = caller.remote(region=REGION, credentials=("AKID", "secret", None), http_client=http)
    result = call(client, arguments(operation, needed(model)))
    client.close()
    caller.run(getattr(http, "aclose", None) or http.close)
    return result, got


@pytest.mark.parametrize("operation", CASES)
def test_methods(caller: Caller, operation: Operation[Any, Any]) -> None:
    """Each operation has a method, which sends its request where the model says."""
    model = model_of(operation)
    name = operation.request.__name__.removesuffix("Request")
    method = "".join(f"_{c.lower()}" if c.isupper() else c for c in name).lstrip("_")
    result, (request,) = called(caller, operation, lambda c, given: getattr(c, method)(**given))
    assert type(result) is operation.response
    assert request.method == model.http["method"]
    assert request.url.raw_path.decode().partition("?")[0] == path_of(model, needed(model))
    prefix = (model.endpoint or {}).get("hostPrefix", "")
    assert request.url.host == f"{prefix}{operation.service}.{REGION}.amazonaws.com"
    assert f"/{REGION}/{operation.service}/aws4_request" in request.headers["authorization"]
    assert "SignedHeaders=" in request.headers["authorization"]


@pytest.mark.parametrize("operation", LISTING)
def test_iterators(caller: Caller, operation: Operation[Any, Any]) -> None:
    """Each list has an iterator, which asks for no more than is wanted."""
    name = operation.request.__name__.removesuffix("Request").removeprefix("List")
    method = "iter" + "".join(f"_{c.lower()}" if c.isupper() else c for c in name)
    items, requests = called(
        caller, operation, lambda c, given: list(getattr(c, method)(**given, limit=3))
    )
    assert items == []
    assert [request.url.params[limit_of(operation)] for request in requests] == ["3"]


def limit_of(operation: Operation[Any, Any]) -> str:
    """Return what a page's length is called on the wire."""
    assert operation.paging is not None
    return operation.query[str(operation.paging.limit)]


def test_every_list_has_an_iterator() -> None:
    """Whatever of the service gives page tokens can be iterated over."""
    with_tokens = {
        operation.name
        for operation in OPERATIONS.values()
        if operation.target is None
        and any(member.wire == "nextToken" for member in operation.response.__wire__)
    }
    assert with_tokens == {case.id for case in LISTING}
    assert len(with_tokens) == 9
