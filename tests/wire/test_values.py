"""Documents, timestamps, enums and unknown members, on their way through the SDK."""

from __future__ import annotations

import copy
import json
import pickle
from collections import deque
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, TypedDict

import attrs
import httpx
import pytest
from hypothesis import given

from omics_runs import (
    CacheBehavior,
    GetRunRequest,
    GetRunResponse,
    ListRunsRequest,
    RunStatus,
    StartRunRequest,
    StorageType,
    errors,
)
from omics_runs._convert import timestamp
from omics_runs._generated.operations import GET_RUN, LIST_RUNS, START_RUN
from omics_runs._rules import Flag, Integer, Items, Pairs, Rule, Text
from omics_runs._wire import _text, build_request, read_response, serialise

from .shapes import DOCUMENTS

RUN = {"id": "1", "arn": "a", "status": "RUNNING"}
NEEDED: dict[str, Any] = {
    "workflow_id": "1",
    "role_arn": "arn:aws:iam::1:role/r",
    "output_uri": "s3://b",
}


def run(**members: Any) -> GetRunResponse:
    """Read a GetRun answer."""
    return GetRunResponse.from_dict(RUN | members)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            "2022-11-30T22:58:22.615865Z",
            datetime(2022, 11, 30, 22, 58, 22, 615865, UTC),
            id="microseconds and Z",
        ),
        pytest.param(
            "2022-12-02T23:29:18.115Z",
            datetime(2022, 12, 2, 23, 29, 18, 115000, UTC),
            id="milliseconds and Z",
        ),
        pytest.param(
            "2023-04-07T16:44:22.262471+00:00",
            datetime(2023, 4, 7, 16, 44, 22, 262471, UTC),
            id="offset",
        ),
        pytest.param(
            "2025-06-30T23:17:43.437000+00:00",
            datetime(2025, 6, 30, 23, 17, 43, 437000, UTC),
            id="padded",
        ),
        pytest.param(
            "2025-03-15T10:00:00Z", datetime(2025, 3, 15, 10, 0, 0, 0, UTC), id="no fraction"
        ),
        pytest.param(
            "2022-08-24T20:06:32.971290",
            datetime(2022, 8, 24, 20, 6, 32, 971290, UTC),
            id="no zone",
        ),
        pytest.param(
            "2022-08-24T22:06:32+02:00", datetime(2022, 8, 24, 20, 6, 32, 0, UTC), id="another zone"
        ),
        pytest.param(
            "Wed, 24 Aug 2022 20:06:32 GMT",
            datetime(2022, 8, 24, 20, 6, 32, 0, UTC),
            id="HTTP date",
        ),
        pytest.param(
            "Wed, 24 Aug 2022 22:06:32 +0200",
            datetime(2022, 8, 24, 20, 6, 32, 0, UTC),
            id="mail date",
        ),
        pytest.param(1695320000, datetime(2023, 9, 21, 18, 13, 20, 0, UTC), id="epoch seconds"),
        pytest.param(
            1695320000.5, datetime(2023, 9, 21, 18, 13, 20, 500000, UTC), id="epoch with a fraction"
        ),
        pytest.param(
            1695320000000, datetime(2023, 9, 21, 18, 13, 20, 0, UTC), id="epoch milliseconds"
        ),
    ],
)
def test_every_form_of_timestamp(text: str | float, expected: datetime) -> None:
    """All forms that the service has been seen to write are read, as aware times in UTC."""
    moment = timestamp(text)
    assert moment == expected
    assert moment.tzinfo is UTC


@pytest.mark.parametrize(
    "value",
    [
        pytest.param("soon", id="text"),
        pytest.param("", id="empty"),
        pytest.param(True, id="boolean"),
        pytest.param([], id="list"),
        pytest.param(1e300, id="a number beyond all calendars"),
        pytest.param("0001-01-01T00:00:00+14:00", id="before the first day in UTC"),
    ],
)
def test_no_timestamp(value: object) -> None:
    """What is no timestamp is an error with its place."""
    with pytest.raises(errors.UnreadableResponseError) as caught:
        run(startTime=value)
    assert caught.value.path == "$.startTime"


@given(document=DOCUMENTS)
def test_documents_go_out_untouched(document: dict[str, Any]) -> None:
    """Nulls, key case, numbers and empty objects reach the wire as they were given."""
    request = StartRunRequest(**NEEDED, parameters=document, engine_settings=document)
    body = json.loads(build_request(serialise(START_RUN, request, "https://x.test"), {}).content)
    assert body["parameters"] == body["engineSettings"] == document
    assert json.dumps(body["parameters"]) == json.dumps(document)


@given(document=DOCUMENTS)
def test_documents_come_in_untouched(document: dict[str, Any]) -> None:
    """Whatever JSON the service holds comes back as it is."""
    content = json.dumps({**RUN, "parameters": document}).encode()
    got = read_response(GET_RUN, GetRunRequest(id="1"), httpx.Response(200, content=content), 1)
    assert json.dumps(got.parameters) == json.dumps(document)
    assert got.to_dict()["parameters"] == document


def test_a_document_is_copied_when_the_request_is_built() -> None:
    """A dict that is changed later changes no request."""
    document: dict[str, Any] = {"list": [1], "deep": {"a": (1, 2)}}
    tags = {"k": "v"}
    request = StartRunRequest(**NEEDED, parameters=document, tags=tags)
    document["list"].append(2)
    document["deep"]["b"] = 1
    tags["k2"] = "v2"
    assert request.parameters == {"list": [1], "deep": {"a": [1, 2]}}
    assert request.tags == {"k": "v"}


def cycle() -> dict[str, Any]:
    """Return a document that contains itself."""
    document: dict[str, Any] = {}
    document["self"] = [document]
    return document


def deep(levels: int) -> dict[str, Any]:
    """Return a document nested to some depth."""
    document: dict[str, Any] = {}
    for _ in range(levels):
        document = {"d": document}
    return document


@pytest.mark.parametrize(
    ("document", "path"),
    [
        pytest.param({"a": {1, 2}}, "parameters.a", id="set"),
        pytest.param({"a": [1, float("nan")]}, "parameters.a[1]", id="NaN"),
        pytest.param({"a": float("inf")}, "parameters.a", id="infinity"),
        pytest.param({"a": {"b": datetime.now(UTC)}}, "parameters.a.b", id="datetime"),
        pytest.param({"a": b"x"}, "parameters.a", id="bytes"),
        pytest.param({7: "x"}, "parameters", id="a number as key"),
        pytest.param(cycle(), "parameters.self[0].self[0]", id="cycle"),
        pytest.param(deep(300), "parameters" + ".d" * 200, id="too deep"),
        pytest.param(["a"], "parameters", id="a list at the top"),
        pytest.param("text", "parameters", id="a string at the top"),
    ],
)
def test_what_is_not_json_is_named(document: Any, path: str) -> None:
    """A value that JSON can't express is named by its place."""
    problems = StartRunRequest(**NEEDED, parameters=document).problems()
    assert [where for where, _ in problems] == [path]


def test_what_is_not_json_is_not_sent_without_validation_either() -> None:
    """With the checks turned off a set still can't be written as JSON."""
    for document in ({"a": {1}}, {"a": float("nan")}, cycle()):
        request = StartRunRequest(**NEEDED, parameters=document)
        with pytest.raises(errors.InvalidRequestError):
            serialise(START_RUN, request, "https://x.test")


@pytest.mark.parametrize("id", ["", ".", ".."])
def test_an_id_that_changes_the_path_is_never_sent(id: str) -> None:
    """An empty id would list all runs, dots would climb the path; both are refused."""
    with pytest.raises(errors.InvalidRequestError, match="path"):
        serialise(GET_RUN, GetRunRequest(id=id), "https://x.test")


def test_an_id_is_encoded_into_the_path() -> None:
    """Slashes and spaces in an id stay inside their place."""
    payload = serialise(GET_RUN, GetRunRequest(id="a/b c%é"), "https://x.test")
    assert payload.url == "https://x.test/run/a%2Fb%20c%25%C3%A9"


def test_unknown_members_are_kept() -> None:
    """What a newer service sends stays in `extra`, at every level, and goes out again."""
    data = {**RUN, "newThing": {"a": None}, "logLocation": {"runLogStream": "x", "more": 1}}
    got = GetRunResponse.from_dict(data)
    assert got.extra == {"newThing": {"a": None}}
    assert got.log_location is not None
    assert got.log_location.extra == {"more": 1}
    assert got.to_dict() == data


def test_null_members_are_absent() -> None:
    """A member that is null reads as None, as if it were not there."""
    assert run(name=None, tags=None) == run()


@pytest.mark.parametrize(
    ("members", "path", "what"),
    [
        pytest.param({"id": 7}, "$.id", "expected a string, got a number", id="number for string"),
        pytest.param({"id": None}, "$.id", "is missing", id="null for a needed member"),
        pytest.param(
            {"priority": "1"},
            "$.priority",
            "expected a whole number, got a string",
            id="string for number",
        ),
        pytest.param(
            {"priority": True},
            "$.priority",
            "expected a whole number, got a boolean",
            id="boolean for number",
        ),
        pytest.param(
            {"priority": 1.5},
            "$.priority",
            "expected a whole number, got a number",
            id="fraction for number",
        ),
        pytest.param(
            {"status": 1}, "$.status", "expected a string, got a number", id="number for status"
        ),
        pytest.param(
            {"tags": {"k": 1}}, "$.tags.k", "expected a string, got a number", id="number as a tag"
        ),
        pytest.param({"tags": []}, "$.tags", "expected an object, got an array", id="list for map"),
        pytest.param(
            {"logLocation": "x"},
            "$.logLocation",
            "expected an object, got a string",
            id="string for object",
        ),
        pytest.param(
            {"vpcConfig": {"subnetIds": "x"}},
            "$.vpcConfig.subnetIds",
            "expected an array, got a string",
            id="string for list",
        ),
        pytest.param(
            {"vpcConfig": {"subnetIds": ["a", {}]}},
            "$.vpcConfig.subnetIds[1]",
            "expected a string, got an object",
            id="object in a list",
        ),
        pytest.param(
            {"vpcConfig": {"subnetIds": [None]}},
            "$.vpcConfig.subnetIds[0]",
            "expected a string, got null",
            id="null in a list",
        ),
    ],
)
def test_wrong_types_are_named_by_their_place(
    members: dict[str, Any], path: str, what: str
) -> None:
    """Nothing is coerced: what does not fit is an error with a JSON path."""
    with pytest.raises(errors.UnreadableResponseError) as caught:
        run(**members)
    assert (caught.value.path, caught.value.message) == (path, what)


def test_an_unreadable_start_answer_keeps_everything() -> None:
    """The error carries the request, its token and the raw answer, so that no run is lost."""
    request = StartRunRequest(**NEEDED)
    response = httpx.Response(201, content=b'{"id": 12}', headers={"x-amzn-requestid": "r"})
    with pytest.raises(errors.UnreadableResponseError) as caught:
        read_response(START_RUN, request, response, 1)
    error = caught.value
    assert error.request is request
    assert error.request_id == request.request_id
    assert (error.raw, error.status_code, error.aws_request_id) == (b'{"id": 12}', 201, "r")
    assert error.may_have_taken_effect


def test_json_that_is_none() -> None:
    """Text that is no JSON, or no object, is unreadable from every side."""
    for text in ("{", "[]", b"\xff"):
        with pytest.raises(errors.UnreadableResponseError):
            GetRunResponse.from_json(text)
    assert GetRunResponse.from_json(json.dumps(RUN)).id == "1"


def test_open_enums() -> None:
    """A value newer than the SDK is a member of its type, and equal to its string."""
    status = run(status="PAUSED").status
    assert isinstance(status, RunStatus)
    assert status == "PAUSED" == str(status)
    assert not status.is_known
    assert not status.is_terminal
    assert RunStatus.RUNNING.is_known
    assert status not in list(RunStatus)
    assert RunStatus("PAUSED") == status
    assert hash(status) == hash("PAUSED")
    assert pickle.loads(pickle.dumps(status)) == copy.deepcopy(status) == status
    assert run(status="RUNNING").status is RunStatus.RUNNING
    with pytest.raises(ValueError, match="7"):
        RunStatus(7)  # type: ignore[arg-type]


def test_plain_strings_must_be_known_but_members_need_not() -> None:
    """A misspelt string is refused; a member of a newer value is sent as it is."""
    wrong = StartRunRequest(**NEEDED, storage_type="DYNAMICAL")  # type: ignore[arg-type]
    assert [path for path, _ in wrong.problems()] == ["storage_type"]
    other = StartRunRequest(**NEEDED, storage_type=CacheBehavior("STATIC"))  # type: ignore[arg-type]
    assert [path for path, _ in other.problems()] == ["storage_type"]
    newer = StartRunRequest(**NEEDED, storage_type=StorageType("GLACIAL"))
    assert newer.problems() == ()
    assert (
        json.loads(serialise(START_RUN, newer, "https://x.test").content)["storageType"]
        == "GLACIAL"
    )
    assert StartRunRequest(**NEEDED, storage_type="STATIC").problems() == ()


@attrs.frozen
class Inputs:
    """The parameters of somebody's workflow."""

    sample_name: str
    threads: int = 1


class Plain(TypedDict):
    """The same as a TypedDict."""

    sample_name: str


def test_parameters_as_the_callers_own_class() -> None:
    """`parameters_as` turns the document into an attrs class or a TypedDict."""
    got = run(parameters={"sample_name": "NA12878", "threads": 8})
    assert got.parameters_as(Inputs) == Inputs("NA12878", 8)
    assert got.parameters_as(Plain) == {"sample_name": "NA12878", "threads": 8}


@pytest.mark.parametrize(
    ("parameters", "what"),
    [
        pytest.param({"sample_name": "x", "threads": "8"}, "threads", id="a string for a number"),
        pytest.param({}, "sample_name", id="missing"),
        pytest.param(None, "absent", id="no parameters"),
    ],
)
def test_parameters_that_do_not_fit(parameters: Any, what: str) -> None:
    """What does not fit the caller's class is named."""
    with pytest.raises(errors.UnreadableResponseError, match=what) as caught:
        run(parameters=parameters).parameters_as(Inputs)
    assert caught.value.path == "$.parameters"


def test_times_are_written_with_their_zone() -> None:
    """`to_dict` is JSON-safe and reads back the same."""
    zone = timezone(timedelta(hours=2))
    model = GetRunResponse(
        id="1", arn="a", status=RunStatus.RUNNING, start_time=datetime(2024, 1, 1, 2, tzinfo=zone)
    )
    data = json.loads(json.dumps(model.to_dict()))
    assert data["startTime"] == "2024-01-01T02:00:00+02:00"
    assert GetRunResponse.from_dict(data) == model


def test_requests_from_json_and_back() -> None:
    """A request is read from JSON text with wire names; overrides win, by Python names."""
    text = json.dumps({"workflowId": "1", "roleArn": "r", "outputUri": "o", "priority": 1})
    request = StartRunRequest.from_json(text, priority=2, name="mine")
    assert (request.workflow_id, request.priority, request.name) == ("1", 2, "mine")
    assert StartRunRequest.from_dict(request.to_dict()) == request
    assert StartRunRequest.from_json(text).request_id != StartRunRequest.from_json(text).request_id


@pytest.mark.parametrize(
    ("text", "overrides", "problems"),
    [
        pytest.param("{", {}, [""], id="no JSON"),
        pytest.param("[]", {}, [""], id="a list"),
        pytest.param('{"roleArn": "r"}', {}, ["output_uri"], id="missing"),
        pytest.param('{"roleArn": "r", "outputUri": null}', {}, ["output_uri"], id="null"),
        pytest.param('{"rolearn": "r"}', {}, ["rolearn", "role_arn", "output_uri"], id="misspelt"),
        pytest.param(
            "{}", {"role_arn": "r", "output_uri": "o", "nam": "x"}, ["nam"], id="override"
        ),
    ],
)
def test_requests_from_bad_json(text: str, overrides: dict[str, Any], problems: list[str]) -> None:
    """Unknown and missing names are all named at once."""
    with pytest.raises(errors.InvalidRequestError) as caught:
        StartRunRequest.from_json(text, **overrides)
    assert [where for where, _ in caught.value.problems] == problems


@pytest.mark.parametrize(
    ("given", "overrides", "question"),
    [
        pytest.param({"storagetype": "STATIC"}, {}, "; did you mean 'storageType'?", id="JSON"),
        pytest.param({}, {"storagetype": "STATIC"}, "; did you mean 'storage_type'?", id="Python"),
        pytest.param({"colour": "red"}, {}, "", id="nothing like it"),
    ],
)
def test_a_misspelt_member(given: dict[str, Any], overrides: dict[str, Any], question: str) -> None:
    """The member that was meant is named as it is written there."""
    text = json.dumps({"roleArn": "r", "outputUri": "o", **given})
    with pytest.raises(errors.InvalidRequestError) as caught:
        StartRunRequest.from_json(text, **overrides)
    ((_, what),) = caught.value.problems
    assert what == f"is not a member of this request{question}"


def test_a_skeleton_sends_nothing_by_itself() -> None:
    """Unfilled it is refused; with the required members filled it is a plain request."""
    skeleton = StartRunRequest.skeleton()
    assert set(skeleton) == {member.wire for member in StartRunRequest.__wire__}
    wrong = StartRunRequest.from_dict(skeleton)
    assert {path for path, _ in wrong.problems()} == {"role_arn", "output_uri", "workflow_id"}
    filled = skeleton | {"roleArn": "arn:x", "outputUri": "s3://b", "workflowId": "1"}
    assert StartRunRequest.from_dict(filled).problems() == ()
    assert set(StartRunRequest.from_dict(filled).to_dict()) == {
        "roleArn",
        "outputUri",
        "workflowId",
        "requestId",
    }


@pytest.mark.parametrize(
    ("rule", "value", "what"),
    [
        pytest.param(Flag(), 1, "must be True or False, got int", id="a number for a flag"),
        pytest.param(Flag(), None, "must be True or False, got null", id="null for a flag"),
        pytest.param(
            Pairs(Text(), Text(), max=1),
            {"a": "", "b": ""},
            "must have 0 to 1 entries, got 2",
            id="many pairs",
        ),
        pytest.param(Items(Text(), min=1), [], "must have at least 1 items, got 0", id="few items"),
        pytest.param(
            Text(12, 12), "1", "must have exactly 12 characters, got 1", id="exact length"
        ),
        pytest.param(Integer(1, None), 0, "must be at least 1, got 0", id="a lower bound alone"),
        pytest.param(Integer(None, 9), 10, "must be at most 9, got 10", id="an upper bound alone"),
        pytest.param(
            Text(pattern="[0-9]+"),
            "a" * 99,
            "must match [0-9]+, got '" + "a" * 57 + "…'",
            id="a long value",
        ),
    ],
)
def test_rules_of_other_shapes(rule: Rule, value: object, what: str) -> None:
    """Rules that StartRun doesn't need say clearly what is wrong, too."""
    assert list(rule.problems(value, "here")) == [("here", what)]


@pytest.mark.parametrize(
    ("rule", "value"),
    [
        pytest.param(Flag(), True, id="flag"),
        pytest.param(Items(Text()), ("a", "b"), id="tuple"),
        pytest.param(Integer(), -5, id="unbounded number"),
    ],
)
def test_rules_of_other_shapes_accept(rule: Rule, value: object) -> None:
    """And they let pass what is right."""
    assert list(rule.problems(value, "here")) == []


def test_booleans_in_a_query() -> None:
    """A boolean is written as JSON would write it."""
    assert (_text(True), _text(False), _text(None), _text(7)) == ("true", "false", "", "7")


def test_engine_settings_as_the_callers_own_class() -> None:
    """The other document of a run can be read the same way."""
    got = run(engineSettings={"sample_name": "x"})
    assert got.engine_settings_as(Inputs) == Inputs("x")


class Lazy(Mapping[str, Any]):
    """A mapping that makes its values when it is asked for them."""

    def __getitem__(self, key: str) -> Any:
        return {"sample": key, "list": [key]}

    def __iter__(self) -> Iterator[str]:
        return iter(f"s{n}" for n in range(50))

    def __len__(self) -> int:
        return 50


def test_values_made_on_the_fly_are_not_mixed_up() -> None:
    """Each value is copied for itself, even if it lives only while it is looked at."""
    request = StartRunRequest(**NEEDED, parameters=Lazy())
    assert request.parameters == {key: {"sample": key, "list": [key]} for key in Lazy()}


def test_answers_share_nothing() -> None:
    """Changing a document changes neither the raw answer nor what the model was made of."""
    data = {**RUN, "parameters": {"a": [1]}}
    got = GetRunResponse.from_dict(data)
    assert got.parameters is not None
    got.parameters["a"].append(2)
    assert data["parameters"] == {"a": [1]}


def test_hopelessly_deep_documents_are_refused() -> None:
    """Nesting beyond Python's own limits is a problem with a name."""
    request = StartRunRequest(**NEEDED, parameters=deep(5000))
    assert [what for _, what in request.problems()] == ["is nested deeper than 200 levels"]
    with pytest.raises(errors.UnreadableResponseError):
        GetRunResponse.from_json("[" * 100_000)
    with pytest.raises(errors.InvalidRequestError):
        StartRunRequest.from_json("[" * 100_000)


@pytest.mark.parametrize("data", [None, 5, [1], "x"])
def test_models_of_what_is_no_object(data: Any) -> None:
    """Neither dicts nor text: still a typed error."""
    with pytest.raises(errors.UnreadableResponseError):
        GetRunResponse.from_dict(data)
    with pytest.raises(errors.InvalidRequestError):
        StartRunRequest.from_dict(data)
    if not isinstance(data, str):
        with pytest.raises(errors.UnreadableResponseError):
            GetRunResponse.from_json(data)
        with pytest.raises(errors.InvalidRequestError):
            StartRunRequest.from_json(data)


def test_half_a_surrogate_pair_is_no_text() -> None:
    """It is named by validation, and can't be written into a URL without it."""
    assert [path for path, _ in ListRunsRequest(name="\ud800").problems()] == ["name"]
    with pytest.raises(errors.InvalidRequestError, match="URL"):
        serialise(LIST_RUNS, ListRunsRequest(name="\ud800"), "https://x.test")


def test_numbers_of_thousands_of_digits() -> None:
    """A number that can't even be printed is refused by name."""
    huge = StartRunRequest(**NEEDED, priority=10**5000)
    assert huge.problems() == (("priority", "must be 0 to 100,000, got <int>"),)


def test_any_sequence_is_a_list() -> None:
    """A deque of export formats is sent as what it holds."""
    request = GetRunRequest(id="1", export=deque(["DEFINITION"]))  # type: ignore[arg-type]
    assert request.problems() == ()
    assert serialise(GET_RUN, request, "https://x.test").url.endswith("?export=DEFINITION")


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("2024-01-01 10:00 EST", id="a zone's name"),
        pytest.param("10 10 10", id="three numbers"),
        pytest.param("1" * 5000, id="many digits"),
        pytest.param("10:00", id="a time without a day"),
    ],
)
def test_no_guessing_at_timestamps(text: str) -> None:
    """What can be read in more than one way is not read at all."""
    with pytest.raises(errors.UnreadableResponseError):
        run(startTime=text)


@pytest.mark.parametrize(
    "moment",
    [
        pytest.param(datetime(2026, 1, 1), id="no zone"),  # noqa: DTZ001  (the point of it)
        pytest.param(datetime(2026, 1, 1, tzinfo=UTC), id="a zone"),
    ],
)
def test_what_is_no_json_is_not_read(moment: datetime) -> None:
    """A dict of another client's, with moments in it, does not become a model as it is."""
    with pytest.raises(errors.UnreadableResponseError, match="expected a timestamp"):
        run(startTime=moment)


def test_parameters_as_something_odd() -> None:
    """A type without a name still gives a typed error, in plain words."""
    got = run(parameters={"sample_name": 7})
    with pytest.raises(errors.UnreadableResponseError, match="expected a string, got a number"):
        got.parameters_as(Inputs)
    with pytest.raises(errors.UnreadableResponseError):
        got.parameters_as(int | str)  # type: ignore[arg-type]
