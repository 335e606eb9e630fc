"""Which requests are refused, and in what words; pages and their tokens."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from omics_runs.emulator import Emulator, VirtualClock
from omics_runs.emulator._http import Refusal
from omics_runs.emulator._store import Names, Page, Store
from tests.emulator.conftest import START, Caller, code


@pytest.mark.parametrize(
    ("members", "words"),
    [
        pytest.param(
            {"workflowId": "abc"},
            "1 validation error detected: Value 'abc' at 'workflowId' failed to satisfy constraint:"
            r" Member must match \[0-9\]\+",
            id="pattern",
        ),
        pytest.param({"roleArn": None}, "Value at 'roleArn'.*Member is required", id="null"),
        pytest.param({"requestId": None}, "Value at 'requestId'.*is required", id="no request id"),
        pytest.param({"requestId": ""}, "'requestId'.*1 to 128", id="empty request id"),
        pytest.param({"priority": "high"}, "Value 'high' at 'priority'", id="type"),
        pytest.param({"priority": 100_001}, "'priority'.*100,000", id="range"),
        pytest.param({"name": "x" * 129}, "at 'name'.*128", id="length"),
        pytest.param({"logLevel": "LOUD"}, "at 'logLevel'.*OFF, FATAL", id="enum"),
        pytest.param({"sessionPolicy": ""}, "Value at 'sessionPolicy'", id="secret, not shown"),
        pytest.param({"tags": {"k": 1}}, r"Value at 'tags\['k'\]'", id="tag"),
        pytest.param({"parameters": [1]}, "Value at 'parameters'", id="document"),
        pytest.param({"parameters": {"a": "x" * 50_000}}, "50,000", id="too large"),
        pytest.param({"tags": {str(n): "" for n in range(51)}}, "51 tags", id="too many tags"),
        pytest.param({"cacheBehavior": "CACHE_ALWAYS"}, "cacheId", id="behavior without cache"),
        pytest.param({"networkingMode": "VPC"}, "configurationName", id="VPC without name"),
        pytest.param({"configurationName": "x"}, "VPC", id="name without VPC"),
        pytest.param({"colour": 1}, "Value at 'colour'.*No such member", id="unknown member"),
        pytest.param({"workflow_id": "1"}, "'workflow_id'.*No such member", id="Python's name"),
        pytest.param({"workflowId": None}, "at 'workflowId'", id="neither workflow nor run"),
        pytest.param(
            {"priority": "high", "workflowId": "abc"},
            "2 validation errors detected: .*workflowId.*; .*priority",
            id="two at once",
        ),
    ],
)
def test_invalid_requests(caller: Caller, members: dict[str, Any], words: str) -> None:
    """A request that breaks the service's rules is refused, with the wire names of all faults."""
    response = caller.http.post("/run", json=START | members)
    assert (response.status_code, code(response)) == (400, "ValidationException")
    assert re.search(words, response.json()["message"])


def test_parameters_may_be_large(caller: Caller) -> None:
    """Parameters of nearly 50,000 bytes are accepted, odd characters among them."""
    body = START | {"parameters": {"a": "x" * 49_000, "b": "\ud800"}}
    assert caller.http.post("/run", content=json.dumps(body)).status_code == 201


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"{", id="not JSON"),
        pytest.param(b"", id="empty"),
        pytest.param(b"[]", id="list"),
        pytest.param(b"null", id="null"),
        pytest.param(b"\xff", id="not UTF-8"),
        pytest.param(b"[" * 100_000, id="nested without end"),
    ],
)
def test_malformed_bodies(emulator: Emulator, caller: Caller, body: bytes) -> None:
    """A body that is no JSON object is refused before anybody looks for members."""
    response = caller.http.post("/run", content=body)
    assert (response.status_code, code(response)) == (400, "SerializationException")
    assert emulator.requests[-1].body in (None, [])


@pytest.mark.parametrize(
    ("target", "words"),
    [
        pytest.param("/run/abc", "Value 'abc' at 'id'", id="id"),
        pytest.param("/run/", "at 'id'", id="no id"),
        pytest.param("/run/%31%0A", "at 'id'", id="id with a line feed"),
        pytest.param("/run?maxResults=0", "Value '0' at 'maxResults'.*1 to 100", id="page size"),
        pytest.param("/run?maxResults=ten", "Value 'ten' at 'maxResults'", id="no number"),
        pytest.param("/run?status=DONE", "Value 'DONE' at 'status'", id="status"),
        pytest.param("/run?status=PENDING&status=FAILED", "at 'status'", id="status twice"),
        pytest.param("/run?color=red", "'color'.*No such member", id="unknown"),
        pytest.param("/run/1?export=ALL", r"at 'export\[0\]'", id="export"),
        pytest.param("/run?startingToken=abc", "startingToken", id="foreign token"),
        pytest.param(f"/run?startingToken={'x' * 129}", "startingToken", id="long token"),
        pytest.param("/run/1/task?maxResults=101", "maxResults", id="page size of tasks"),
        pytest.param("/run/1/task/x", "Value 'x' at 'taskId'", id="task id"),
    ],
)
def test_invalid_queries(caller: Caller, target: str, words: str) -> None:
    """Paths and queries are judged like bodies."""
    response = caller.http.get(target)
    assert (response.status_code, code(response)) == (400, "ValidationException")
    assert re.search(words, response.json()["message"])


@pytest.mark.parametrize(
    ("method", "target", "status", "name"),
    [
        pytest.param("GET", "/", 404, "UnknownOperationException", id="root"),
        pytest.param("GET", "/runs", 404, "UnknownOperationException", id="misspelt"),
        pytest.param("POST", "/run/1/stop", 404, "UnknownOperationException", id="no such verb"),
        pytest.param("PUT", "/run", 405, "MethodNotAllowedException", id="PUT"),
        pytest.param("DELETE", "/run/1/task", 405, "MethodNotAllowedException", id="DELETE"),
    ],
)
def test_unknown_operations(
    emulator: Emulator, caller: Caller, method: str, target: str, status: int, name: str
) -> None:
    """A path or a method that no operation has is refused, and recorded without a name."""
    response = caller.http.request(method, target)
    assert (response.status_code, code(response)) == (status, name)
    assert emulator.requests[-1].operation is None


def test_answers_have_the_usual_headers(caller: Caller) -> None:
    """Every answer has a request id of its own, a date, and says that it is JSON."""
    responses = [caller.http.get("/run"), caller.http.get("/run/1"), caller.http.get("/nothing")]
    assert len({response.headers["x-amzn-requestid"] for response in responses}) == 3
    for response in responses:
        assert response.headers["content-type"] == "application/json"
        assert response.headers["date"].endswith("GMT")


def test_error_bodies(caller: Caller) -> None:
    """An error has its code in a header and nothing but a message in the body."""
    response = caller.http.get("/run/1")
    assert response.json() == {"message": "Run 1 not found"}


def test_recorded(emulator: Emulator, caller: Caller) -> None:
    """What was called is recorded, with body, headers and answer, and counted by operation."""
    response = caller.http.post("/run", json=START, headers={"X-Color": "red"})
    (recorded,) = emulator.requests
    assert (recorded.operation, recorded.method, recorded.target) == ("StartRun", "POST", "/run")
    assert recorded.body == START
    assert recorded.headers["x-color"] == "red"
    assert (recorded.status, recorded.signed) == (201, False)
    assert recorded.aws_request_id == response.headers["x-amzn-requestid"]
    assert (emulator.count("StartRun"), emulator.count("GetRun")) == (1, 0)


def test_count_wants_an_operation(emulator: Emulator) -> None:
    """Counting an operation that does not exist is a mistake, not zero."""
    with pytest.raises(ValueError, match="GetRun"):
        emulator.count("getRun")


class TestPages:
    """Pages of ListRuns and ListRunTasks."""

    def test_stable(self, caller: Caller) -> None:
        """Runs that are started meanwhile do not shift the pages."""
        ids = [caller.start()["id"] for _ in range(4)]
        first = caller.list(maxResults=2)
        caller.start()
        second = caller.list(maxResults=2, startingToken=first["nextToken"])
        assert [item["id"] for item in first["items"] + second["items"]] == ids[::-1]
        assert "nextToken" not in second

    def test_tokens(self, caller: Caller) -> None:
        """Tokens are opaque, short enough, and can be used again."""
        for _ in range(3):
            caller.start()
        token = caller.list(maxResults=1)["nextToken"]
        assert 1 <= len(token) <= 128
        assert caller.list(startingToken=token) == caller.list(startingToken=token)

    @pytest.mark.parametrize(
        "query",
        [pytest.param({"name": "x"}, id="name"), pytest.param({"status": "FAILED"}, id="status")],
    )
    def test_tokens_keep_their_filters(self, caller: Caller, query: dict[str, str]) -> None:
        """A token is refused where the filters have changed."""
        caller.start()
        caller.start()
        token = caller.list(maxResults=1)["nextToken"]
        response = caller.http.get("/run", params=query | {"startingToken": token})
        assert (response.status_code, code(response)) == (400, "ValidationException")

    def test_tokens_expire(self) -> None:
        """Only so many tokens are good at a time."""
        store = Store(names=Names(0), pages_kept=2)
        tokens = [store.token_of(Page(listing="runs", start=n)) for n in range(3)]
        with pytest.raises(Refusal):
            store.page_of(tokens[0], "runs")
        assert [store.page_of(token, "runs") for token in tokens[1:]] == [1, 2]

    def test_filters(self, emulator: Emulator, caller: Caller, clock: VirtualClock) -> None:
        """Each filter lets only its runs pass."""
        group = emulator.add_run_group()
        caller.start(name="a", runGroupId=group)
        clock.advance(10_000)
        caller.start(name="b")
        names = {
            str(query): [item["name"] for item in caller.list(**query)["items"]]
            for query in (
                {"name": "a"},
                {"runGroupId": group},
                {"status": "PENDING"},
                {"batchId": "1"},
                {"name": "a", "status": "PENDING"},
            )
        }
        assert list(names.values()) == [["a"], ["a"], ["b"], [], []]

    def test_items_agree_with_runs(self, caller: Caller, clock: VirtualClock) -> None:
        """An item has the same values as GetRun, but no uuid and no tags."""
        run_id = caller.start(name="a", tags={"k": "v"}, workflowVersionName="1")["id"]
        clock.advance(10_000)
        (item,) = caller.list()["items"]
        run = caller.run(run_id)
        assert {key: run[key] for key in item} == item
        assert not {"uuid", "tags", "failureReason", "workflowType"} & set(item)

    def test_tasks(self, caller: Caller, clock: VirtualClock) -> None:
        """Tasks come in pages too, whose tokens are good for their run only."""
        first, second = caller.start()["id"], caller.start()["id"]
        clock.advance(10_000)
        page = caller.tasks(first, maxResults=2)
        rest = caller.tasks(first, startingToken=page["nextToken"])
        assert [len(page["items"]), len(rest["items"])] == [2, 1]
        path = f"/run/{second}/task"
        wrong = caller.http.get(path, params={"startingToken": page["nextToken"]})
        assert wrong.status_code == 400


def test_timestamps(caller: Caller) -> None:
    """Times are written as the service has written them since 2023."""
    text = caller.run(caller.start()["id"])["creationTime"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00", text)


def test_numbers_that_are_not_json(caller: Caller) -> None:
    """A number beyond all floats in a document is refused, not turned into Infinity."""
    text = json.dumps(START)[:-1] + ', "parameters": {"big": 1e400}}'
    response = caller.http.post("/run", content=text)
    assert (response.status_code, code(response)) == (400, "ValidationException")
