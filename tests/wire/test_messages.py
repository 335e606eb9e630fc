"""What the wire says of requests that can't be sent and of answers that can't be read."""

from __future__ import annotations

from enum import Enum
from typing import Any

import httpx
import pytest

from omics_runs import (
    DeleteRunRequest,
    GetRunRequest,
    ListRunsRequest,
    StartRunRequest,
    errors,
    models,
)
from omics_runs._generated.operations import (
    DELETE_RUN,
    GET_RUN,
    LIST_RUNS,
    START_RUN,
    START_RUN_BATCH,
)
from omics_runs._wire import build_request, read_error, read_response, serialise

BASE = "https://x.test"
GET, DELETE = GetRunRequest(id="1"), DeleteRunRequest(id="1")
UNKNOWN = models.UnknownBatchRunSettings({"newerSettings": {}})


@pytest.mark.parametrize(
    ("operation", "request_", "path"),
    [
        pytest.param(GET_RUN, GetRunRequest(id=".."), "id", id="path"),
        pytest.param(LIST_RUNS, ListRunsRequest(name="\ud800"), "", id="url"),
        pytest.param(
            START_RUN,
            StartRunRequest(role_arn="r", output_uri="o", parameters={"a": float("nan")}),
            "",
            id="json",
        ),
        pytest.param(
            START_RUN_BATCH,
            models.StartRunBatchRequest(
                default_run_setting=models.DefaultRunSetting(workflow_id="1", role_arn="r"),
                batch_run_settings=UNKNOWN,
            ),
            "batch_run_settings",
            id="variant",
        ),
    ],
)
def test_what_can_not_be_sent_is_refused_by_its_operation_and_place(
    operation: Any, request_: Any, path: str
) -> None:
    """The error names the operation, and the member if it is one member's fault."""
    with pytest.raises(errors.InvalidRequestError) as caught:
        serialise(operation, request_, BASE)
    assert caught.value.subject == operation.name
    assert [where for where, _ in caught.value.problems] == [path]


def test_requests_ask_for_json() -> None:
    """No client adds its own headers, so this one is ours to send."""
    request = build_request(serialise(GET_RUN, GET, BASE), {})
    assert request.headers["accept"] == "application/json"


def test_slashes_in_a_query_are_encoded() -> None:
    """All that is not unreserved is, as the signature wants it."""
    payload = serialise(LIST_RUNS, ListRunsRequest(name="a/b"), BASE)
    assert payload.url.endswith("?name=a%2Fb")


def test_a_member_of_an_enum_of_yours_is_its_value() -> None:
    """What is written is the value, whatever the enum says of itself."""

    class Mine(str, Enum):  # noqa: UP042  (the older kind, whose text is not its value)
        RUNNING = "RUNNING"

    request = ListRunsRequest(status=Mine.RUNNING)  # type: ignore[arg-type]
    assert serialise(LIST_RUNS, request, BASE).url.endswith("?status=RUNNING")


@pytest.mark.parametrize(
    ("content", "path", "message"),
    [
        pytest.param(b"", "$", "is empty", id="empty"),
        pytest.param(b"<html>", "$", "is not JSON: Expecting value", id="html"),
        pytest.param(b'{"id": 1}', "$.id", "expected a string, got a number", id="misfit"),
    ],
)
def test_an_answer_that_can_not_be_read_says_why(content: bytes, path: str, message: str) -> None:
    """The error has the operation, the place in the answer, and what is the matter there."""
    with pytest.raises(errors.UnreadableResponseError) as caught:
        read_response(GET_RUN, GET, httpx.Response(200, content=content), 1)
    assert (caught.value.operation, caught.value.path) == ("GetRun", path)
    assert caught.value.message.startswith(message)


def test_an_answer_without_members_may_be_empty_and_nothing_else() -> None:
    """No content is fine there; what is no JSON is not."""
    answer = read_response(DELETE_RUN, DELETE, httpx.Response(202), 1)
    assert answer.response_metadata.raw == {}
    with pytest.raises(errors.UnreadableResponseError, match="is not JSON"):
        read_response(DELETE_RUN, DELETE, httpx.Response(202, content=b"<html>"), 1)


def test_an_error_code_may_have_several_namespaces() -> None:
    """Only what comes after the last of them is the code."""
    response = httpx.Response(400, json={"__type": "com.x#y#BrandNew:http://a:1/"})
    assert read_error(GET_RUN, GET, response).code == "BrandNew"


def test_only_the_beginning_of_an_answer_is_looked_at_for_a_message() -> None:
    """An answer that begins with 800 blanks has nothing to say."""
    for blanks, message in ((799, "x"), (800, "Bad Gateway")):
        response = httpx.Response(502, content=b" " * blanks + b"x")
        assert read_error(GET_RUN, GET, response).message == message
