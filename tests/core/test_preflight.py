"""What is refused before it is sent, because members of one request don't go together."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from omics_runs import (
    CacheBehavior,
    NetworkingMode,
    OmicsRunsClient,
    StartRunRequest,
    StorageType,
    WorkflowType,
    errors,
)
from omics_runs._core import call
from omics_runs._request import Request
from omics_runs.models import (
    CreateRunCacheRequest,
    CreateRunGroupRequest,
    DefaultRunSetting,
    InlineSetting,
    InlineSettings,
    S3UriSettings,
    StartRunBatchRequest,
)

from .script import Script, answer, make_env

ROLE = "arn:aws:iam::123456789012:role/R"
Problems = list[tuple[str, str]]


def start(**members: Any) -> StartRunRequest:
    """Return the request of a run, complete but for what the test is about."""
    usual = {"workflow_id": "1", "role_arn": ROLE, "output_uri": "s3://b/o"}
    return StartRunRequest(**{**usual, **members})


def default(**members: Any) -> DefaultRunSetting:
    """Return what the runs of a batch have in common."""
    return DefaultRunSetting(**{"workflow_id": "1", "role_arn": ROLE, **members})


def setting(name: str = "s-0", **members: Any) -> InlineSetting:
    """Return the setting of one run of a batch."""
    return InlineSetting(run_setting_id=name, **members)


def batch(*settings: Any, shared: Any = None, **members: Any) -> StartRunBatchRequest:
    """Return the request of a batch."""
    return StartRunBatchRequest(
        default_run_setting=default() if shared is None else shared,
        batch_run_settings=InlineSettings(settings or (setting(),)),
        **members,
    )


def tags(count: int, prefix: str = "k") -> dict[str, str]:
    """Return some tags."""
    return {f"{prefix}{number}": "v" for number in range(count)}


def document(size: int, key: str = "k") -> dict[str, str]:
    """Return parameters of so many bytes as JSON."""
    return {key: "x" * (size - len(json.dumps({key: ""}, separators=(",", ":"))))}


def cycle() -> dict[str, Any]:
    """Return a document that contains itself."""
    made: dict[str, Any] = {}
    made["self"] = made
    return made


REFUSED: list[tuple[str, Request[Any], str, str]] = [
    (
        "nothing to run",
        start(workflow_id=None),
        "workflow_id",
        "give workflow_id to start a workflow, or run_id to duplicate a run",
    ),
    (
        "READY2RUN with a capacity",
        start(workflow_type="READY2RUN", storage_capacity=1200),
        "storage_capacity",
        "brings its own storage",
    ),
    (
        "READY2RUN with a capacity, as enum",
        start(workflow_type=WorkflowType.READY2RUN, storage_capacity=1200),
        "storage_capacity",
        "brings its own storage",
    ),
    (
        "READY2RUN with STATIC storage",
        start(workflow_type="READY2RUN", storage_type="STATIC"),
        "storage_type",
        "run with DYNAMIC storage",
    ),
    (
        "READY2RUN with STATIC storage, as enum",
        start(workflow_type=WorkflowType.READY2RUN, storage_type=StorageType.STATIC),
        "storage_type",
        "run with DYNAMIC storage",
    ),
    (
        "a behavior without its cache",
        start(cache_behavior="CACHE_ALWAYS"),
        "cache_behavior",
        "needs a cache_id",
    ),
    (
        "a behavior without its cache, as enum",
        start(cache_behavior=CacheBehavior.CACHE_ON_FAILURE),
        "cache_behavior",
        "needs a cache_id",
    ),
    (
        "VPC without a configuration",
        start(networking_mode="VPC"),
        "networking_mode",
        "VPC needs a configuration_name",
    ),
    (
        "VPC without a configuration, as enum",
        start(networking_mode=NetworkingMode.VPC),
        "networking_mode",
        "VPC needs a configuration_name",
    ),
    (
        "a configuration without VPC",
        start(configuration_name="c"),
        "configuration_name",
        "needs networking_mode='VPC'",
    ),
    (
        "a configuration with RESTRICTED",
        start(configuration_name="c", networking_mode="RESTRICTED"),
        "configuration_name",
        "needs networking_mode='VPC'",
    ),
    (
        "long parameters",
        start(parameters=document(50_001)),
        "parameters",
        "the parameters have 50,001 bytes as JSON, 50,000 are allowed; put long lists into a file",
    ),
    (
        "long parameters, in bytes rather than characters",
        start(parameters={"k": "é" * 25_000}),
        "parameters",
        "50,008 bytes",
    ),
    ("tags of a run", start(tags=tags(51)), "tags", "51 tags are given, 50 are allowed"),
    (
        "a duplicate with tags",
        start(workflow_id=None, run_id="9", tags=tags(51)),
        "tags",
        "51 tags are given",
    ),
    ("tags of a batch", batch(tags=tags(51)), "tags", "51 tags are given"),
    ("tags of a group", CreateRunGroupRequest(tags=tags(51)), "tags", "51 tags are given"),
    (
        "tags of a cache",
        CreateRunCacheRequest(cache_s3_location="s3://cache/c", tags=tags(51)),
        "tags",
        "51 tags are given",
    ),
    (
        "READY2RUN in a batch",
        batch(shared=default(workflow_type="READY2RUN")),
        "default_run_setting.workflow_type",
        "READY2RUN workflows can't run in a batch; use start_run for each",
    ),
    (
        "READY2RUN in a batch, as enum",
        batch(shared=default(workflow_type=WorkflowType.READY2RUN)),
        "default_run_setting.workflow_type",
        "can't run in a batch",
    ),
    (
        "a behavior without its cache, in a batch",
        batch(shared=default(cache_behavior="CACHE_ALWAYS")),
        "default_run_setting.cache_behavior",
        "needs a cache_id",
    ),
    (
        "VPC without a configuration, in a batch",
        batch(shared=default(networking_mode="VPC")),
        "default_run_setting.networking_mode",
        "VPC needs a configuration_name",
    ),
    (
        "a configuration without VPC, in a batch",
        batch(shared=default(configuration_name="c")),
        "default_run_setting.configuration_name",
        "needs networking_mode='VPC'",
    ),
    (
        "long parameters of a batch",
        batch(setting(parameters={"own": 1}), shared=default(parameters=document(50_001))),
        "default_run_setting.parameters",
        "the parameters have 50,001 bytes",
    ),
    (
        "tags for the runs of a batch",
        batch(shared=default(run_tags=tags(51))),
        "default_run_setting.run_tags",
        "51 tags are given",
    ),
    (
        "a role that is none",
        batch(shared=default(role_arn="OmicsRole")),
        "default_run_setting.role_arn",
        "must match arn:.+",
    ),
    (
        "long parameters of one run",
        batch(setting("a"), setting("b", parameters=document(50_001))),
        "batch_run_settings.value[1].parameters",
        "the parameters have 50,001 bytes",
    ),
    (
        "long parameters of one run beside those of the batch",
        batch(setting(parameters=document(50_001)), shared=default(parameters={"k0": 1})),
        "batch_run_settings.value[0].parameters",
        "the parameters have 50,001 bytes",
    ),
    (
        "parameters that are too long together",
        batch(
            setting("a", parameters=document(24_999, "k")),
            setting("b", parameters=document(25_002, "own")),
            shared=default(parameters=document(25_000, "k")),
        ),
        "batch_run_settings.value[1].parameters",
        "with those of the batch they have 50,001 bytes",
    ),
    (
        "tags of one run",
        batch(setting(run_tags=tags(51))),
        "batch_run_settings.value[0].run_tags",
        "51 tags are given",
    ),
    (
        "tags that are too many together",
        batch(
            setting("a", run_tags=tags(20)),
            setting("b", run_tags=tags(21, "own")),
            shared=default(run_tags=tags(30)),
        ),
        "batch_run_settings.value[1].run_tags",
        "with those of the batch there are 51, 50 are allowed",
    ),
    (
        "two runs of one id",
        batch(setting("a"), setting("b"), setting("c"), setting("a")),
        "batch_run_settings.value[3].run_setting_id",
        "'a' is the id of setting 0 too; each needs its own",
    ),
    (
        "an id that is no string",
        batch(setting("a"), setting(7)),  # type: ignore[arg-type]
        "batch_run_settings.value[1].run_setting_id",
        "must be a string",
    ),
    (
        "a run that is a dict",
        batch(setting("a"), {"runSettingId": "b"}),
        "batch_run_settings.value[1]",
        "must be a InlineSetting, got dict",
    ),
    (
        "defaults that are a dict",
        batch(shared={"workflowId": "1", "parameters": document(50_001)}),
        "default_run_setting",
        "must be a DefaultRunSetting, got dict",
    ),
    (
        "settings that are no list",
        StartRunBatchRequest(
            default_run_setting=default(),
            batch_run_settings=InlineSettings("s3://b/settings.json"),  # type: ignore[arg-type]
        ),
        "batch_run_settings.value",
        "must be a list, got str",
    ),
    (
        "a bare list of settings",
        StartRunBatchRequest(
            default_run_setting=default(),
            batch_run_settings=[setting()],  # type: ignore[arg-type]
        ),
        "batch_run_settings",
        "must be one InlineSettings or S3UriSettings, got list",
    ),
    (
        "an unknown member of the defaults",
        batch(shared=default(extra={"workflowBucket": "b"})),
        "default_run_setting.workflowBucket",
        "is not a member of DefaultRunSetting",
    ),
    (
        "a run to duplicate in a batch",
        batch(shared=default(extra={"runId": "9"})),
        "default_run_setting.runId",
        "is not a member of DefaultRunSetting; a batch duplicates no runs, use start_run for that",
    ),
    (
        "a run to duplicate in one run of a batch",
        batch(setting(extra={"runId": "9"})),
        "batch_run_settings.value[0].runId",
        "is not a member of InlineSetting; a batch duplicates no runs",
    ),
    (
        "defaults without a workflow",
        batch(shared=DefaultRunSetting(workflow_id=None, role_arn=ROLE)),  # type: ignore[arg-type]
        "default_run_setting.workflow_id",
        "is required",
    ),
]


@pytest.mark.parametrize(
    ("request_", "path", "fragment"), [pytest.param(*rest, id=name) for name, *rest in REFUSED]
)
def test_what_is_refused(request_: Request[Any], path: str, fragment: str) -> None:
    """Each rule names the one place that is wrong, and what is wrong there."""
    ((where, what),) = request_.problems()
    assert where == path
    assert fragment in what


ALLOWED: list[tuple[str, Request[Any]]] = [
    ("a workflow", start()),
    ("a run to duplicate", start(workflow_id=None, run_id="9")),
    ("both", start(run_id="9")),
    ("READY2RUN alone", start(workflow_type="READY2RUN")),
    ("READY2RUN with DYNAMIC", start(workflow_type="READY2RUN", storage_type="DYNAMIC")),
    (
        "READY2RUN with DYNAMIC, as enums",
        start(workflow_type=WorkflowType.READY2RUN, storage_type=StorageType.DYNAMIC),
    ),
    ("PRIVATE with STATIC", start(storage_type="STATIC", storage_capacity=1200)),
    ("a behavior with its cache", start(cache_behavior="CACHE_ALWAYS", cache_id="3")),
    ("a cache alone", start(cache_id="3")),
    ("VPC", start(networking_mode="VPC", configuration_name="c")),
    ("VPC, as enum", start(networking_mode=NetworkingMode.VPC, configuration_name="c")),
    ("RESTRICTED", start(networking_mode="RESTRICTED")),
    ("a behavior for a duplicate", start(run_id="9", cache_behavior="CACHE_ALWAYS")),
    ("VPC for a duplicate", start(workflow_id=None, run_id="9", networking_mode="VPC")),
    ("a configuration for a duplicate", start(run_id="9", configuration_name="c")),
    ("parameters of the most bytes", start(parameters=document(50_000))),
    ("parameters of few characters", start(parameters={"k": "é" * 24_996})),
    ("the most tags", start(tags=tags(50))),
    ("the most tags of a batch", batch(tags=tags(50))),
    ("the most tags of a group", CreateRunGroupRequest(tags=tags(50))),
    (
        "the most tags of a cache",
        CreateRunCacheRequest(cache_s3_location="s3://cache/c", tags=tags(50)),
    ),
    ("PRIVATE in a batch", batch(shared=default(workflow_type="PRIVATE"))),
    (
        "all of a batch",
        batch(
            shared=default(
                cache_behavior="CACHE_ALWAYS",
                cache_id="3",
                networking_mode="VPC",
                configuration_name="c",
                parameters=document(50_000),
                run_tags=tags(50),
            ),
        ),
    ),
    ("settings with ids of their own", batch(setting("a"), setting("b"), setting("A"))),
    ("a hundred settings", batch(*[setting(f"s-{n}") for n in range(100)])),
    (
        "parameters that fit together",
        batch(
            setting(parameters=document(25_001, "own")),
            shared=default(parameters=document(25_000, "k")),
        ),
    ),
    (
        "parameters that win over those of the batch",
        batch(setting(parameters=document(50_000)), shared=default(parameters=document(50_000))),
    ),
    (
        "tags that fit together",
        batch(setting(run_tags=tags(20, "own")), shared=default(run_tags=tags(30))),
    ),
    (
        "tags that win over those of the batch",
        batch(setting(run_tags=tags(50)), shared=default(run_tags=tags(50))),
    ),
    (
        "a file of settings",
        StartRunBatchRequest(
            default_run_setting=default(), batch_run_settings=S3UriSettings("s3://b/settings.json")
        ),
    ),
]


@pytest.mark.parametrize("request_", [pytest.param(request, id=name) for name, request in ALLOWED])
def test_what_is_allowed(request_: Request[Any]) -> None:
    """The nearest neighbour of each refused request has nothing wrong with it."""
    assert request_.problems() == ()


def test_more_settings_than_a_request_takes() -> None:
    """Beside the bare count stands what to do with more than a hundred settings."""
    problems = batch(*[setting(f"s-{n}") for n in range(101)]).problems()
    assert [where for where, _ in problems] == ["batch_run_settings.value"] * 2
    assert "got 101" in problems[0][1]
    assert "into a file in S3: S3UriSettings(uri)" in problems[1][1]


def test_all_that_is_wrong_is_named_at_once() -> None:
    """One error has every problem, each under its own path."""
    request = batch(
        setting("a"),
        setting("a", priority=-1),
        shared=default(role_arn="r", cache_behavior="CACHE_ALWAYS"),
        tags=tags(51),
        batch_name="",
    )
    with pytest.raises(errors.InvalidRequestError) as caught:
        request.validate()
    assert {where for where, _ in caught.value.problems} == {
        "batch_name",
        "tags",
        "default_run_setting.role_arn",
        "default_run_setting.cache_behavior",
        "batch_run_settings.value[1].priority",
        "batch_run_settings.value[1].run_setting_id",
    }
    assert str(caught.value).startswith("StartRunBatch was refused and nothing was sent: ")


@pytest.mark.parametrize(
    ("parameters", "fragment"),
    [
        pytest.param({"k": object()}, "object is not JSON", id="an object"),
        pytest.param({"k": {1, 2}}, "set is not JSON", id="a set"),
        pytest.param({("a", "b"): 1}, "must be a string, as JSON keys are", id="a tuple as key"),
        pytest.param(cycle(), "contains itself", id="a cycle"),
        pytest.param("x" * 60_000, "must be a mapping", id="text"),
        pytest.param(["x" * 60_000], "must be a mapping", id="a list"),
        pytest.param(7, "must be a mapping", id="a number"),
    ],
)
def test_what_is_no_json_does_not_disturb_the_size_rule(parameters: Any, fragment: str) -> None:
    """Its own rule alone names a document that is no JSON, in a run and in a batch."""
    for request, path in (
        (start(parameters=parameters), "parameters"),
        (batch(shared=default(parameters=parameters)), "default_run_setting.parameters"),
        (batch(setting(parameters=parameters)), "batch_run_settings.value[0].parameters"),
    ):
        ((where, what),) = request.problems()
        assert where.startswith(path)
        assert fragment in what


def test_half_of_a_surrogate_pair_is_counted() -> None:
    """Text that can't be encoded has a size all the same."""
    problems = start(parameters={"k": "\ud800" * 20_000}).problems()
    assert any("60,008 bytes" in what for _, what in problems)


@pytest.mark.parametrize("value", [["STATIC"], {}, 7], ids=["a list", "a dict", "a number"])
@pytest.mark.parametrize("name", ["storage_type", "workflow_type", "networking_mode"])
def test_wrong_types_do_not_disturb_the_rules(name: str, value: Any) -> None:
    """A value of a wrong type is named by its own rule."""
    request = start(**{"workflow_type": "READY2RUN", name: value})
    assert (name, "must be one of") in {(where, what[:14]) for where, what in request.problems()}


@pytest.mark.parametrize("value", ["k=v", 7, [("k", "v")] * 51], ids=["text", "number", "pairs"])
def test_tags_of_a_wrong_type_are_not_counted(value: Any) -> None:
    """Tags that are no mapping are named for that alone."""
    requests: list[tuple[Request[Any], str]] = [
        (start(tags=value), "tags"),
        (batch(shared=default(run_tags=value)), "default_run_setting.run_tags"),
        (batch(setting(run_tags=value)), "batch_run_settings.value[0].run_tags"),
    ]
    for request, path in requests:
        ((where, what),) = request.problems()
        assert (where, what[:17]) == (path, "must be a mapping")


WRONG = start(
    workflow_type="READY2RUN",
    storage_capacity=1200,
    cache_behavior="CACHE_ALWAYS",
    networking_mode="VPC",
    parameters=document(50_001),
    tags=tags(51),
)
WRONG_BATCH = batch(
    setting("a", extra={"runId": "9"}),
    setting("a"),
    shared=default(workflow_type="READY2RUN", networking_mode="VPC"),
    tags=tags(51),
)


@pytest.mark.parametrize(
    "request_", [pytest.param(WRONG, id="a run"), pytest.param(WRONG_BATCH, id="a batch")]
)
def test_without_validation_everything_goes(request_: Request[Any]) -> None:
    """Settings without validation send what is otherwise refused, as it is."""
    env = make_env()
    refused = Script(env, [])
    with pytest.raises(errors.InvalidRequestError):
        refused.play(call(request_, env, env.timeout, env.retry))
    assert refused.sent == []
    env = make_env(validate=False)
    script = Script(env, [answer(201, {"id": "1"})])
    script.play(call(request_, env, env.timeout, env.retry))
    assert json.loads(script.sent[0].content) == request_.to_dict()


def test_the_client_without_validation_lets_the_service_decide() -> None:
    """`validate=False` is an option of the client, and of a copy of it."""
    bodies: list[Mapping[str, Any]] = []

    def serve(request: httpx.Request) -> httpx.Response:
        bodies.append(json.loads(request.content))
        return httpx.Response(201, json={"id": "1"})

    options: dict[str, Any] = {
        "region": "us-west-2",
        "credentials": ("a", "b", None),
        "http_client": httpx.Client(transport=httpx.MockTransport(serve)),
    }
    strict = OmicsRunsClient(**options)
    with pytest.raises(errors.InvalidRequestError, match="networking_mode"):
        strict.send(WRONG)
    OmicsRunsClient(**options, validate=False).send(WRONG)
    strict.with_options(validate=False).send(WRONG)
    assert [body["networkingMode"] for body in bodies] == ["VPC", "VPC"]
    options["http_client"].close()
