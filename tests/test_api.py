"""The public names: complete, sorted, documented, lazy, picklable."""

from __future__ import annotations

import copy
import inspect
import pickle
import subprocess
import sys
from datetime import UTC, datetime
from types import ModuleType
from typing import Any

import attrs
import pytest

import omics_runs
from omics_runs import (
    Credentials,
    GetRunRequest,
    GetRunResponse,
    RunRef,
    RunStatus,
    Submission,
    display,
    errors,
    models,
)
from omics_runs._generated import enums as generated_enums
from omics_runs._generated import models as generated_models
from omics_runs._model import Model, Response
from omics_runs._request import Request

MODULES = [omics_runs, display, errors, models]
RUN = GetRunResponse(id="1", arn="a", status=RunStatus.FAILED)
WANTED = {RunStatus.COMPLETED}


@pytest.mark.parametrize("module", MODULES, ids=lambda m: m.__name__)
def test_all_is_complete_and_sorted(module: ModuleType) -> None:
    """`__all__` is in order, every name in it is there, and `dir` shows it."""
    names = module.__all__
    assert names == sorted(set(names))
    assert set(names) <= set(dir(module))
    for name in names:
        assert getattr(module, name) is not None


def test_models_has_every_generated_name() -> None:
    """No generated model or enum is forgotten in the public module."""
    generated = set(generated_models.__all__)
    generated |= {
        name
        for name, value in vars(generated_enums).items()
        if inspect.isclass(value)
        and value.__module__ == generated_enums.__name__
        and not name.endswith("Like")
    }
    assert generated - {"annotations"} <= set(models.__all__)


def test_errors_has_every_error() -> None:
    """Every error class that the package defines is exported by the public module."""

    def tree(kind: type[Exception]) -> set[str]:
        ours = [c for c in kind.__subclasses__() if c.__module__.startswith("omics_runs")]
        return {kind.__name__}.union(*(tree(child) for child in ours))

    assert tree(errors.OmicsRunsError) <= set(errors.__all__)


def public_members() -> list[Any]:
    """Return every public class, and its public methods and properties."""
    found = []
    for module in MODULES:
        for name in module.__all__:
            value = getattr(module, name)
            if inspect.isclass(value) or inspect.isfunction(value):
                found.append(pytest.param(value, id=f"{module.__name__}.{name}"))
                found += [
                    pytest.param(member, id=f"{module.__name__}.{name}.{key}")
                    for key, member in vars(value).items()
                    if not key.startswith("_")
                    and (inspect.isfunction(member) or isinstance(member, property))
                ]
    return found


@pytest.mark.parametrize("value", public_members())
def test_every_public_name_is_documented(value: Any) -> None:
    """Each public class, method and property has a docstring of its own."""
    assert (inspect.getdoc(value) or "").strip()
    assert value.__doc__


def test_names_tell_where_users_import_them_from() -> None:
    """Tracebacks name the public module of an error."""
    for name in errors.__all__:
        assert getattr(errors, name).__module__ == "omics_runs.errors"


def test_an_unknown_name_is_an_attribute_error() -> None:
    """The lazy door names what it doesn't have."""
    with pytest.raises(AttributeError, match="OmicsRunClient"):
        omics_runs.OmicsRunClient  # noqa: B018


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        pytest.param("ThrottlingException", "; here it is ThrottlingError$", id="of botocore"),
        pytest.param("NoSuchError", "no attribute 'NoSuchError'$", id="of nobody"),
    ],
)
def test_the_errors_are_told_under_their_own_names(name: str, hint: str) -> None:
    """Who asks for an error by the service's code is told how it is called here."""
    with pytest.raises(AttributeError, match=hint):
        getattr(errors, name)


def test_importing_is_light() -> None:
    """Importing the package loads neither botocore nor httpx nor the generated code."""
    code = (
        "import sys, omics_runs\n"
        "heavy = {'botocore', 'click', 'httpx', 'anyio', 'cattrs', 'omics_runs._generated'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
        "assert omics_runs.errors.ServiceError and omics_runs.models.RunStatus"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


FIRST_CALL = """
import asyncio, sys, httpx
from omics_runs import AsyncOmicsRunsClient, OmicsRunsClient

run = {"id": "1", "arn": "a", "status": "RUNNING"}
service = httpx.MockTransport(lambda request: httpx.Response(200, json=run))
where = {"region": "us-west-2", "credentials": ("AK", "SK", None)}

async def get():
    async with httpx.AsyncClient(transport=service) as http:
        return await AsyncOmicsRunsClient(**where, http_client=http).get_run("1")

with httpx.Client(transport=service) as http:
    assert OmicsRunsClient(**where, http_client=http).get_run("1") == asyncio.run(get())
print(*sorted(name for name in sys.modules if name.startswith("omics_runs._generated.models.")))
"""


def test_a_first_call_loads_no_models_but_its_own() -> None:
    """Whoever asks for a run waits for no class of batches, workflows or caches."""
    command = [sys.executable, "-c", FIRST_CALL]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["omics_runs._generated.models.runs"]


def test_a_name_that_was_found_stays() -> None:
    """A lazy module is asked once for each name, and says which ones it does not have."""
    assert models.StartRunRequest is vars(models)["StartRunRequest"]
    with pytest.raises(AttributeError, match=r"'omics_runs\.models' has no attribute 'RunRequest'"):
        models.RunRequest  # type: ignore[attr-defined]  # noqa: B018


ARGUMENTS: dict[type[errors.OmicsRunsError], dict[str, Any]] = {
    errors.ManifestNotFoundError: {"run": RunRef("1", "u")},
    errors.SubmissionError: {"submission": Submission(key="k", results=())},
    errors.BatchRunError: {"batch_id": "7", "reason": "ValidationException"},
}
"""What an error is made of beside its text."""


def made(kind: type[errors.OmicsRunsError]) -> errors.OmicsRunsError:
    """Return an error of any class, filled as far as it can be."""
    if issubclass(kind, errors.ServiceError):
        error: Any = kind(
            "m",
            operation="GetRun",
            code="C",
            status_code=418,
            request=GetRunRequest(id="1"),
            aws_request_id="r",
            retry_after=1.5,
            fault="transient",
            may_have_taken_effect=True,
        )
    elif issubclass(kind, errors.UnreadableResponseError):
        error = kind("m", operation="GetRun", path="$.id", raw=b"{}", status_code=200)
    elif issubclass(kind, errors.CallError):
        error = kind("m", operation="GetRun", request=GetRunRequest(id="1"))
    elif issubclass(kind, errors.RunReplacedError):
        error = kind("m", run=RUN, wanted=WANTED, expected_uuid="a", seen_uuid="b")
    elif issubclass(kind, errors.WaitTimeoutError):
        error = kind("m", run=None, wanted=WANTED, elapsed=1.5, polls=3)
    elif issubclass(kind, errors.WaitError):
        error = kind("m", run=RUN, wanted=WANTED)
    elif issubclass(kind, errors.InvalidRequestError):
        error = kind("StartRun", [("name", "too long"), ("", "not JSON")])
    else:
        error = kind("m", **ARGUMENTS.get(kind, {}))
    if isinstance(error, errors.CallError):
        error.attempts = (errors.Attempt(number=1, duration=0.5, status_code=418, reason="C"),)
    return error


ERRORS = [
    pytest.param(getattr(errors, name), id=name)
    for name in errors.__all__
    if issubclass(getattr(errors, name), Exception)
]


@pytest.mark.parametrize("kind", ERRORS)
@pytest.mark.parametrize(
    "duplicate",
    [
        pytest.param(lambda e: pickle.loads(pickle.dumps(e)), id="pickle"),
        pytest.param(copy.copy, id="copy"),
        pytest.param(copy.deepcopy, id="deepcopy"),
    ],
)
def test_every_error_survives(kind: type[errors.OmicsRunsError], duplicate: Any) -> None:
    """Pickled or copied, an error keeps its class, its text and all its attributes."""
    error = made(kind)
    twin = duplicate(error)
    assert type(twin) is kind
    assert str(twin) == str(error)
    assert twin.args == error.args
    assert vars(twin) == vars(error)


@pytest.mark.parametrize(
    ("kind", "builtin"),
    [
        pytest.param(errors.InvalidRequestError, ValueError, id="invalid request"),
        pytest.param(errors.TransportTimeoutError, TimeoutError, id="transport timeout"),
        pytest.param(errors.RequestTimeoutError, TimeoutError, id="408"),
        pytest.param(errors.WaitTimeoutError, TimeoutError, id="wait timeout"),
    ],
)
def test_builtin_kin(kind: type[Exception], builtin: type[Exception]) -> None:
    """Errors that have a cousin among Python's own can be caught as it."""
    assert issubclass(kind, builtin)


def all_models() -> list[Any]:
    """Return every model class."""
    found = {name: getattr(models, name) for name in generated_models.__all__}
    return [
        pytest.param(kind, id=name)
        for name, kind in found.items()
        if inspect.isclass(kind) and not issubclass(kind, models.UnknownVariant)
    ]


def example(kind: type[Model]) -> Any:
    """Return an instance with just the members that it needs."""
    setting = {"workflowId": "1", "roleArn": "r"}
    lists: dict[str, Any] = {"items": [], "runs": [], "tagKeys": [], "tags": {}}
    parts: dict[str, Any] = {
        "defaultRunSetting": setting,
        "batchRunSettings": {"s3UriSettings": "s3://b/settings.json"},
        "inlineSettings": [{"runSettingId": "s"}],
    }
    logs: dict[str, Any] = {"events": [], "logStreams": [], "timestamp": 1_700_000_000_000}
    needed = {**lists, **parts, **logs, "status": "FAILED"}
    data = {m.wire: needed.get(m.wire, "1") for m in kind.__wire__ if m.required}
    return kind.from_dict(data)  # type: ignore[attr-defined]


@pytest.mark.parametrize("kind", all_models())
def test_every_model_survives(kind: type[Model]) -> None:
    """Pickled, copied or written as a dict and read again, a model stays equal."""
    model = example(kind)
    for twin in (
        pickle.loads(pickle.dumps(model)),
        copy.copy(model),
        copy.deepcopy(model),
        type(model).from_dict(model.to_dict()),
    ):
        assert twin == model
        assert type(twin) is kind
        if hasattr(model, "request_id"):
            assert twin.request_id == model.request_id


@pytest.mark.parametrize("kind", all_models())
def test_models_are_frozen_and_unhashable(kind: type[Model]) -> None:
    """A model can't be changed, has no room for other attributes, and is no dictionary key."""
    model = example(kind)
    with pytest.raises(TypeError, match="unhashable"):
        hash(model)
    with pytest.raises((AttributeError, attrs.exceptions.FrozenInstanceError)):
        model.no_such_member = 1
    for field in attrs.fields(kind):
        with pytest.raises(attrs.exceptions.FrozenInstanceError):
            setattr(model, field.name, None)


@pytest.mark.parametrize("kind", all_models())
def test_reprs_are_short_and_say_the_class(kind: type[Model]) -> None:
    """A repr fits in a few lines and never shows absent members."""
    text = repr(example(kind))
    assert text.startswith(f"{kind.__name__}(")
    assert "None" not in text
    assert len(text) <= 200


def test_reprs_hide_what_is_secret_or_endless() -> None:
    """Documents, session policies and presigned links are not in a repr; long ones are cut."""
    request = models.StartRunRequest(
        workflow_id="1",
        role_arn="r" * 100,
        output_uri="s3://" + "o" * 400,
        name="n" * 128,
        session_policy="TOPSECRET",
        parameters={"sample": "PATIENT"},
    )
    text = repr(request)
    assert "TOPSECRET" not in text
    assert "PATIENT" not in text
    assert len(text) <= 200
    assert "parameters=..." in repr(
        models.StartRunRequest(role_arn="r", output_uri="o", parameters={})
    )
    assert "https" not in repr(
        GetRunResponse(id="1", arn="a", status=RunStatus.FAILED, definition="https://x")
    )


def test_reprs_tell_first_what_matters() -> None:
    """Identity, status and failure come first; what has no room is left out, not cut in half."""
    run = GetRunResponse(
        arn="a" * 90,
        id="1",
        status=RunStatus.FAILED,
        name="n" * 50,
        failure_reason=models.FailureReason.EXPORT_FAILED,
        role_arn="r" * 90,
        creation_time=datetime(2024, 1, 1, 12, 30, 5, 999, tzinfo=UTC),
    )
    assert repr(run) == (
        f"GetRunResponse(id='1', name='{'n' * 50}', status='FAILED', "
        "failure_reason='EXPORT_FAILED', creation_time=2024-01-01T12:30:05+00:00, …)"
    )
    page = models.ListRunsResponse(items=(), next_token="t")
    assert repr(page) == "ListRunsResponse(items=<0>, next_token='t')"


def test_clients_say_where_they_lead() -> None:
    """The repr of a client has its region and endpoint, and no secrets."""
    keys = ("AK", "SECRET", None)
    for kind in (omics_runs.OmicsRunsClient, omics_runs.AsyncOmicsRunsClient):
        text = repr(kind("us-west-2", credentials=keys))
        assert text.startswith(f"{kind.__name__}(region='us-west-2', endpoint='https://omics.")
        assert "SECRET" not in text


def test_metadata_is_outside_equality() -> None:
    """Two answers with the same content are equal, whatever their ids and headers."""
    one = attrs.evolve(RUN, response_metadata=models.ResponseMetadata(aws_request_id="x"))
    assert one == RUN
    assert "aws_request_id" not in repr(one)
    assert RUN.response_metadata.status_code is None


def test_every_model_knows_its_base() -> None:
    """Requests and responses can be told apart by their base classes."""
    parts = {"VpcConfigResponse", "RunConfigurationsResponse"}
    for case in all_models():
        kind, name = case.values[0], case.id
        assert issubclass(kind, Request) is name.endswith("Request")
        if name.endswith("Response"):
            assert issubclass(kind, Response) is (name not in parts)


def test_secrets_are_not_shown() -> None:
    """Neither the repr nor the text of credentials shows a secret."""
    credentials = Credentials("AKIDEXAMPLE", "hush-hush", "token-token")
    for text in (repr(credentials), str(credentials)):
        assert "hush" not in text
        assert "token-token" not in text
