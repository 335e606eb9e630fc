"""Structures and unions inside requests and answers, on their way through the SDK."""

from __future__ import annotations

import copy
import json
import pickle
from typing import Any, TypedDict

import pytest

from omics_runs import BatchStatus, NetworkingMode, RunRef, StorageType, WorkflowType, errors
from omics_runs._convert import Misfit, structure
from omics_runs._core import call
from omics_runs._generated.operations import GET_BATCH, START_RUN_BATCH
from omics_runs._wire import build_request, read_response, serialise
from omics_runs.models import (
    BatchRunSettings,
    DefaultRunSetting,
    GetBatchRequest,
    GetBatchResponse,
    InlineSetting,
    InlineSettings,
    RunBatchListItem,
    S3UriSettings,
    StartRunBatchRequest,
    UnknownBatchRunSettings,
)
from tests.core.script import Script, answer, make_env

ROLE = "arn:aws:iam::123456789012:role/OmicsRole"
UUID = "96c57683-74bf-9d6d-ae7e-f09b097db14a"
TOKEN = "a1b2c3d4-e5f6-7890-abcd-ef1234567890"

DEFAULT: dict[str, Any] = {
    "workflowId": "1234567",
    "roleArn": ROLE,
    "outputUri": "s3://my-bucket/output/",
    "parameters": {"referenceUri": "s3://my-bucket/genome.fasta", "None": None, "camelCase": [1]},
    "runTags": {"analysis-type": "germline"},
}
INLINE: dict[str, Any] = {
    "inlineSettings": [
        {
            "runSettingId": "sample-001",
            "name": "Sample-001-Analysis",
            "parameters": {"inputUri": "s3://my-bucket/sample-001.fastq", "run_tags": None},
            "runTags": {"patient-id": "patient001"},
        },
        {"runSettingId": "sample-002", "outputUri": "s3://my-bucket/output/special/"},
    ]
}
IN_S3 = {"s3UriSettings": "s3://my-bucket/settings.json"}
NEWER = {"tableSettings": {"tableArn": "arn:aws:s3tables", "rows": [1, None]}}


def body(settings: Any) -> dict[str, Any]:
    """Return StartRunBatch's body with some settings."""
    return {
        "batchName": "genomics-cohort-analysis",
        "requestId": TOKEN,
        "tags": {"project": "genomics-study"},
        "defaultRunSetting": DEFAULT,
        "batchRunSettings": settings,
    }


def request(settings: Any) -> StartRunBatchRequest:
    """Return the request of such a body."""
    return StartRunBatchRequest.from_dict(body(settings))


GET_FAILED: dict[str, Any] = {
    "id": "7123456",
    "arn": "arn:aws:omics:us-west-2:123456789012:runBatch/7123456",
    "status": "FAILED",
    "failureReason": "Batch has 100001 runs but 100000 runs is the max.",
    "failedTime": "2025-03-15T10:01:00Z",
}
GET_IN_PROGRESS: dict[str, Any] = {
    "id": "7123456",
    "uuid": UUID,
    "status": "INPROGRESS",
    "totalRuns": 96,
    "defaultRunSetting": {
        **DEFAULT,
        "workflowType": "PRIVATE",
        "storageType": "DYNAMIC",
        "networkingMode": "RESTRICTED",
    },
    "submissionSummary": {"successfulStartSubmissionCount": 94, "failedStartSubmissionCount": 2},
    "runSummary": {"completedRunCount": 29, "failedRunCount": 0},
    "creationTime": "2025-03-15T10:00:00Z",
}

KINDS = [
    pytest.param(INLINE, InlineSettings, id="inline"),
    pytest.param(IN_S3, S3UriSettings, id="in S3"),
    pytest.param(NEWER, UnknownBatchRunSettings, id="newer than the SDK"),
]


@pytest.mark.parametrize(("settings", "kind"), KINDS)
def test_a_request_survives_all_its_forms(settings: Any, kind: type) -> None:
    """Dict, JSON text, pickle and copies give back an equal request, and the same JSON."""
    made = request(settings)
    assert type(made.batch_run_settings) is kind
    assert made.to_dict() == body(settings)
    json.dumps(made.to_dict())
    twins = [
        StartRunBatchRequest.from_dict(made.to_dict()),
        StartRunBatchRequest.from_json(json.dumps(body(settings))),
        pickle.loads(pickle.dumps(made)),
        copy.deepcopy(made),
        made.replace(),
    ]
    for twin in twins:
        assert twin == made
        assert twin.request_id == TOKEN
        assert twin.to_dict() == body(settings)
    assert made != made.replace(batch_run_settings=S3UriSettings("s3://other/settings.json"))


def test_a_request_made_of_classes_equals_one_that_was_read() -> None:
    """What is built in Python is what is read from JSON."""
    default = DefaultRunSetting(
        workflow_id="1234567",
        role_arn=ROLE,
        output_uri="s3://my-bucket/output/",
        parameters=DEFAULT["parameters"],
        run_tags={"analysis-type": "germline"},
    )
    first = InlineSetting(
        run_setting_id="sample-001",
        name="Sample-001-Analysis",
        parameters=INLINE["inlineSettings"][0]["parameters"],
        run_tags={"patient-id": "patient001"},
    )
    second = InlineSetting(run_setting_id="sample-002", output_uri="s3://my-bucket/output/special/")
    made = StartRunBatchRequest(
        batch_name="genomics-cohort-analysis",
        request_id=TOKEN,
        tags={"project": "genomics-study"},
        default_run_setting=default,
        batch_run_settings=InlineSettings([first, second]),
    )
    assert made == request(INLINE)
    assert made.problems() == ()
    made.validate()


def test_the_parts_of_a_request_that_was_read() -> None:
    """Objects inside a request are models with Python names, lists are tuples of them."""
    made = request(INLINE)
    settings = made.batch_run_settings
    assert isinstance(settings, InlineSettings)
    assert isinstance(settings.value, tuple)
    assert [one.run_setting_id for one in settings.value] == ["sample-001", "sample-002"]
    assert isinstance(made.default_run_setting, DefaultRunSetting)
    assert made.default_run_setting.run_tags == {"analysis-type": "germline"}
    in_s3 = request(IN_S3).batch_run_settings
    assert (type(in_s3), in_s3.value) == (S3UriSettings, "s3://my-bucket/settings.json")


def test_what_is_sent() -> None:
    """The body on the wire is the JSON that was read, documents untouched in every part."""
    sent = build_request(serialise(START_RUN_BATCH, request(INLINE), "https://x.test"), {})
    assert (sent.method, sent.url.path) == ("POST", "/runBatch")
    assert json.loads(sent.content) == body(INLINE)
    sent = build_request(serialise(START_RUN_BATCH, request(IN_S3), "https://x.test"), {})
    assert json.loads(sent.content)["batchRunSettings"] == IN_S3


def test_reprs_are_short_and_hide_documents() -> None:
    """The repr tells the parts apart, and keeps parameters to itself."""
    settings = request(INLINE).batch_run_settings
    assert isinstance(settings, InlineSettings)
    assert repr(settings) == "InlineSettings(value=<2>)"
    assert repr(settings.value[1]) == (
        "InlineSetting(output_uri='s3://my-bucket/output/special/', run_setting_id='sample-002')"
    )
    assert "sample-001.fastq" not in repr(settings.value[0])
    assert "parameters=..." in repr(settings.value[0])
    assert repr(S3UriSettings("s3://b/k")) == "S3UriSettings(value='s3://b/k')"
    assert repr(UnknownBatchRunSettings("tableSettings", 7)) == (
        "UnknownBatchRunSettings('tableSettings')"
    )


# --- variants that are newer than the SDK ----------------------------------------------------


def test_an_unknown_variant_is_kept() -> None:
    """Its name and what came with it are there, as they came."""
    newer = request(NEWER).batch_run_settings
    assert isinstance(newer, UnknownBatchRunSettings)
    assert (newer.tag, newer.value) == ("tableSettings", NEWER["tableSettings"])
    assert newer.to_dict() == NEWER
    assert newer == UnknownBatchRunSettings("tableSettings", NEWER["tableSettings"])
    assert newer != UnknownBatchRunSettings("tableSettings", {})
    assert pickle.loads(pickle.dumps(newer)) == newer


def test_what_an_unknown_variant_gives_away_is_a_copy() -> None:
    """Changing the dict that `to_dict` has made changes nothing in the request."""
    made = request(NEWER)
    made.to_dict()["batchRunSettings"]["tableSettings"]["rows"].append(2)
    assert made.to_dict() == body(NEWER)


@pytest.mark.parametrize("validate", [True, False])
def test_an_unknown_variant_is_never_sent(validate: bool) -> None:
    """Nobody here knows what it means, so it is refused, also by a client that checks nothing."""
    made = request(NEWER)
    env = make_env(validate=validate)
    script = Script(env, [])
    with pytest.raises(errors.InvalidRequestError) as caught:
        script.play(call(made, env, env.timeout, env.retry))
    what = "is 'tableSettings', which this release doesn't know and can't send"
    assert caught.value.problems == (("batch_run_settings", what),)
    assert script.sent == []
    assert made.problems() == (("batch_run_settings", what),)


def test_an_unknown_variant_is_found_wherever_it_hides() -> None:
    """Without validation the way into lists and parts is followed, too."""
    env = make_env(validate=False)
    newer = UnknownBatchRunSettings("x")
    setting = InlineSetting(run_setting_id="b", name=newer)  # type: ignore[arg-type]
    made = request(INLINE).replace(
        batch_run_settings=InlineSettings([InlineSetting(run_setting_id="a"), setting])
    )
    with pytest.raises(errors.InvalidRequestError) as caught:
        serialise(START_RUN_BATCH, made, env.endpoint.url_for(""))
    ((where, _),) = caught.value.problems
    assert where == "batch_run_settings.value[1].name"


# --- what does not fit ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "got"),
    [
        pytest.param({}, "dict", id="no variant"),
        pytest.param({**INLINE, **IN_S3}, "dict", id="two variants"),
        pytest.param({"inlineSettings": None}, "dict", id="a variant that is null"),
        pytest.param([], "list", id="a list"),
        pytest.param("s3://my-bucket/settings.json", "str", id="text"),
    ],
)
def test_not_exactly_one_variant(settings: Any, got: str) -> None:
    """What is no single variant is left as it is, and validation says what belongs there."""
    made = request(settings)
    assert made.problems() == (
        ("batch_run_settings", f"must be one InlineSettings or S3UriSettings, got {got}"),
    )


def test_a_null_beside_a_variant_is_no_variant() -> None:
    """A skeleton that lists both variants works with one of them filled in."""
    made = request({"inlineSettings": None, **IN_S3})
    assert made == request(IN_S3)


@pytest.mark.parametrize(
    ("changes", "path", "fragment"),
    [
        pytest.param(
            {"defaultRunSetting": "x"}, "default_run_setting", "got str", id="text for a structure"
        ),
        pytest.param(
            {"defaultRunSetting": {**DEFAULT, "priority": "high"}},
            "default_run_setting.priority",
            "must be a whole number, got str",
            id="text for a number",
        ),
        pytest.param(
            {"defaultRunSetting": {**DEFAULT, "storageType": "dynamic"}},
            "default_run_setting.storage_type",
            "must be one of STATIC, DYNAMIC",
            id="no such choice",
        ),
        pytest.param(
            {"defaultRunSetting": {"roleArn": ROLE}},
            "default_run_setting.workflow_id",
            "is required",
            id="a required member missing",
        ),
        pytest.param(
            {"defaultRunSetting": {**DEFAULT, "workflow_id": "1"}},
            "default_run_setting.workflow_id",
            "is not a member of DefaultRunSetting; did you mean 'workflowId'?",
            id="a Python name",
        ),
        pytest.param(
            {"batchRunSettings": {"inlineSettings": {"runSettingId": "a"}}},
            "batch_run_settings.value",
            "must be a list, got dict",
            id="one setting for a list",
        ),
        pytest.param(
            {"batchRunSettings": {"inlineSettings": ["a"]}},
            "batch_run_settings.value[0]",
            "must be a InlineSetting, got str",
            id="text for a setting",
        ),
        pytest.param(
            {"batchRunSettings": {"inlineSettings": [{"name": "n"}]}},
            "batch_run_settings.value[0].run_setting_id",
            "is required",
            id="a setting without its id",
        ),
        pytest.param(
            {"batchRunSettings": {"inlineSettings": []}},
            "batch_run_settings.value",
            "must have 1 to 100 items, got 0",
            id="no setting",
        ),
        pytest.param(
            {"batchRunSettings": {"s3UriSettings": 7}},
            "batch_run_settings.value",
            "must be a string, got int",
            id="a number for a URI",
        ),
    ],
)
def test_what_does_not_fit_is_named(changes: dict[str, Any], path: str, fragment: str) -> None:
    """Reading takes any JSON; validation names the one place that is wrong."""
    made = StartRunBatchRequest.from_dict(body(IN_S3) | changes)
    ((where, what),) = made.problems()
    assert where == path
    assert fragment in what


def test_a_request_without_its_parts() -> None:
    """Both parts are required, by their Python names."""
    with pytest.raises(errors.InvalidRequestError) as caught:
        StartRunBatchRequest.from_dict({})
    assert [where for where, _ in caught.value.problems] == [
        "default_run_setting",
        "batch_run_settings",
    ]


# --- answers ----------------------------------------------------------------------------------


def get(data: dict[str, Any]) -> GetBatchResponse:
    """Read a GetBatch answer as it comes over the wire."""
    return read_response(
        GET_BATCH, GetBatchRequest(batch_id="7123456"), answer(200, data), attempts=1
    )


def test_a_batch_in_progress() -> None:
    """The parts of an answer are models, with enums, counts and moments."""
    batch = get(GET_IN_PROGRESS)
    default = batch.default_run_setting
    assert default is not None
    assert default.workflow_type is WorkflowType.PRIVATE
    assert default.storage_type is StorageType.DYNAMIC
    assert default.networking_mode is NetworkingMode.RESTRICTED
    assert default.parameters == DEFAULT["parameters"]
    assert (batch.status, batch.failed_count) == (BatchStatus.INPROGRESS, 2)
    assert batch.response_metadata.raw == GET_IN_PROGRESS
    assert GetBatchResponse.from_dict(batch.to_dict()) == batch
    assert pickle.loads(pickle.dumps(batch)) == batch


def test_a_batch_that_failed_early() -> None:
    """Such an answer has hardly more than its reason."""
    batch = get(GET_FAILED)
    assert (batch.uuid, batch.default_run_setting, batch.run_summary) == (None, None, None)
    assert batch.failure_reason == GET_FAILED["failureReason"]
    assert batch.failed_time is not None


def test_what_a_batch_had_in_common_can_be_sent_again() -> None:
    """The defaults that GetBatch tells go into a new batch as they are."""
    default = get(GET_IN_PROGRESS).default_run_setting
    assert default is not None
    again = StartRunBatchRequest(
        default_run_setting=default, batch_run_settings=S3UriSettings("s3://b/again.json")
    )
    again.validate()
    sent = build_request(serialise(START_RUN_BATCH, again, "https://x.test"), {})
    assert json.loads(sent.content)["defaultRunSetting"] == GET_IN_PROGRESS["defaultRunSetting"]


def test_a_newer_enum_value_in_a_part_can_be_sent_again() -> None:
    """A member newer than the SDK is known to be one, so validation lets it pass."""
    default = DefaultRunSetting.from_dict({**DEFAULT, "storageType": "ELASTIC"})
    assert isinstance(default.storage_type, StorageType)
    assert not default.storage_type.is_known
    made = request(IN_S3).replace(default_run_setting=default)
    assert made.problems() == ()
    assert made.to_dict()["defaultRunSetting"]["storageType"] == "ELASTIC"


def test_a_newer_member_of_a_part_is_kept_and_not_sent_unseen() -> None:
    """What the SDK doesn't know is in `extra`, and whoever sends it again is told so."""
    default = DefaultRunSetting.from_dict({**DEFAULT, "newThing": 1})
    assert default.extra == {"newThing": 1}
    made = request(IN_S3).replace(default_run_setting=default)
    assert [where for where, _ in made.problems()] == ["default_run_setting.newThing"]
    assert made.replace(default_run_setting=default.replace(extra={})).problems() == ()


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        pytest.param({"defaultRunSetting": []}, "$.defaultRunSetting", id="an array"),
        pytest.param(
            {"defaultRunSetting": {**DEFAULT, "priority": "1"}},
            "$.defaultRunSetting.priority",
            id="text for a number",
        ),
        pytest.param(
            {"runSummary": {"failedRunCount": "1"}}, "$.runSummary.failedRunCount", id="a count"
        ),
    ],
)
def test_an_answer_whose_parts_do_not_fit(changes: dict[str, Any], path: str) -> None:
    """The error says where in the parts it went wrong."""
    with pytest.raises(errors.UnreadableResponseError) as caught:
        get(GET_IN_PROGRESS | changes)
    assert caught.value.path == path


def test_a_variant_is_read_by_itself() -> None:
    """A file of settings is read by the class of its variant."""
    settings = InlineSettings.from_dict(INLINE)
    assert settings == request(INLINE).batch_run_settings
    assert settings.to_dict() == INLINE
    assert InlineSettings.from_json(json.dumps(INLINE)) == settings
    assert S3UriSettings.from_dict(IN_S3) == S3UriSettings("s3://my-bucket/settings.json")


@pytest.mark.parametrize(
    ("data", "path", "fragment"),
    [
        pytest.param(IN_S3, "$", "with 'inlineSettings', got an object", id="another variant"),
        pytest.param([], "$", "with 'inlineSettings', got an array", id="an array"),
        pytest.param(
            {"inlineSettings": {}}, "$.inlineSettings", "expected an array", id="no array"
        ),
        pytest.param(
            {"inlineSettings": [{"runSettingId": "a"}, {"runSettingId": 7}]},
            "$.inlineSettings[1].runSettingId",
            "expected a string",
            id="a number for an id",
        ),
    ],
)
def test_a_variant_that_does_not_fit(data: Any, path: str, fragment: str) -> None:
    """The error names the place in the text that was read."""
    with pytest.raises(errors.UnreadableResponseError) as caught:
        InlineSettings.from_dict(data)
    assert caught.value.path == path
    assert fragment in str(caught.value)


@pytest.mark.parametrize(("settings", "kind"), KINDS)
def test_a_union_in_an_answer(settings: Any, kind: type) -> None:
    """A union that an answer has is read as a request's is."""
    found: Any = structure(settings, BatchRunSettings)  # type: ignore[arg-type]
    assert type(found) is kind
    assert found == request(settings).batch_run_settings
    with_null: Any = structure({"soon": None, **settings}, BatchRunSettings)  # type: ignore[arg-type]
    assert with_null == found


@pytest.mark.parametrize(
    ("data", "path", "what"),
    [
        pytest.param({}, "$", "expected an object with one member, got 0", id="none"),
        pytest.param({**INLINE, **IN_S3}, "$", "one member, got 2", id="two"),
        pytest.param("x", "$", "expected an object, got a string", id="text"),
        pytest.param({"s3UriSettings": 7}, "$.s3UriSettings", "expected a string", id="a number"),
    ],
)
def test_a_union_in_an_answer_that_does_not_fit(data: Any, path: str, what: str) -> None:
    """The misfit says where, and how many variants there were."""
    with pytest.raises(Misfit) as caught:
        structure(data, BatchRunSettings)  # type: ignore[arg-type]
    assert caught.value.path == path
    assert what in caught.value.what


def test_documents_are_nobody_elses() -> None:
    """Later changes of what was given reach neither the parts nor what is sent."""
    given = json.loads(json.dumps(body(INLINE)))
    made = StartRunBatchRequest.from_dict(given)
    given["defaultRunSetting"]["parameters"]["camelCase"].append(2)
    given["batchRunSettings"]["inlineSettings"][0]["parameters"]["more"] = 1
    given["batchRunSettings"]["inlineSettings"].pop()
    assert made.to_dict() == body(INLINE)
    made.to_dict()["defaultRunSetting"]["parameters"]["camelCase"].append(3)
    assert made.to_dict() == body(INLINE)


class Sample(TypedDict):
    inputUri: str


def test_documents_inside_parts_become_classes_of_yours() -> None:
    """Parameters and engine settings of a part are read as an answer's are."""
    engine = {"inputUri": "e"}
    one = InlineSetting(run_setting_id="a", parameters={"inputUri": "p"}, engine_settings=engine)
    default = DefaultRunSetting(
        workflow_id="1", role_arn=ROLE, parameters={"inputUri": "d"}, engine_settings=engine
    )
    assert one.parameters_as(Sample)["inputUri"] == "p"
    assert default.parameters_as(Sample)["inputUri"] == "d"
    assert one.engine_settings_as(Sample) == default.engine_settings_as(Sample) == engine
    with pytest.raises(errors.UnreadableResponseError, match="is absent") as caught:
        InlineSetting(run_setting_id="a").parameters_as(Sample)
    assert caught.value.path == "$.parameters"


def test_the_reference_of_a_run_in_a_batch() -> None:
    """An item names its run by id and uuid, and nothing if it was never accepted."""
    item = RunBatchListItem.from_dict(
        {"runSettingId": "a", "runId": "1", "runInternalUuid": UUID, "submissionStatus": "SUCCESS"}
    )
    assert item.ref == RunRef("1", UUID)
    assert RunBatchListItem.from_dict({"runSettingId": "a"}).ref is None


def test_an_answer_may_give_back_less_than_a_request_needs() -> None:
    """A batch stays in sight although the service leaves out what its default was sent with."""
    batch = GetBatchResponse.from_dict(
        {"id": "7", "status": "PENDING", "defaultRunSetting": {"workflowId": "1"}}
    )
    setting = batch.default_run_setting
    assert setting is not None
    assert (setting.workflow_id, setting.role_arn) == ("1", None)
    request = StartRunBatchRequest(
        default_run_setting=setting, batch_run_settings=S3UriSettings("s3://b/f.json")
    )
    assert request.problems() == (("default_run_setting.role_arn", "is required"),)
