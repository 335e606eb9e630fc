"""The hint behind a 404: a READY2RUN workflow that was asked for without its type."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest

from omics_runs import GetRunRequest, StartRunRequest, WorkflowType, errors
from omics_runs._core import call
from omics_runs._request import Request
from omics_runs.models import (
    GetWorkflowRequest,
    GetWorkflowVersionRequest,
    ListWorkflowVersionsRequest,
)

from .script import Script, make_env, refusal

ROLE = "arn:aws:iam::123456789012:role/R"
GIVEN = {"role_arn": ROLE, "output_uri": "s3://b/o"}
START = StartRunRequest(workflow_id="1", **GIVEN)


def refused(
    request: Request[Any],
    status: int = 404,
    code: str = "",
    message: str = "workflow not here",
) -> errors.ServiceError:
    """Return the error of a call that the service answers with `status`."""
    env = make_env()
    code = code or {404: "ResourceNotFoundException", 409: "ConflictException"}.get(status, "")
    script = Script(env, [refusal(status, code, message)] * 3)
    with pytest.raises(errors.ServiceError) as caught:
        script.play(call(request, env, env.timeout, env.retry))
    return caught.value


@pytest.mark.parametrize(
    ("request_", "member"),
    [
        pytest.param(START, "workflow_type", id="start_run"),
        pytest.param(
            StartRunRequest(workflow_id="1", run_id="9", **GIVEN),
            "workflow_type",
            id="a duplicate with another workflow",
        ),
        pytest.param(GetWorkflowRequest(id="1"), "type", id="get_workflow"),
        pytest.param(
            GetWorkflowVersionRequest(workflow_id="1", version_name="v"),
            "type",
            id="get_workflow_version",
        ),
        pytest.param(
            ListWorkflowVersionsRequest(workflow_id="1"), "type", id="list_workflow_versions"
        ),
    ],
)
def test_a_workflow_that_is_not_found(request_: Request[Any], member: str) -> None:
    """The hint names the member of this very operation, as an attribute and in the text."""
    error = refused(request_)
    assert type(error) is errors.ResourceNotFoundError
    assert error.hint == f"if it is a READY2RUN workflow, give {member}='READY2RUN'"
    assert f"ResourceNotFoundException (404): workflow not here ({error.hint})" in str(error)
    assert error.message == "workflow not here"


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        pytest.param(START.replace(workflow_type="READY2RUN"), 404, id="its type was given"),
        pytest.param(
            START.replace(workflow_type=WorkflowType.PRIVATE), 404, id="another type was given"
        ),
        pytest.param(GetWorkflowRequest(id="1", type="PRIVATE"), 404, id="a type in get_workflow"),
        pytest.param(StartRunRequest(run_id="9", **GIVEN), 404, id="a duplicate of a run"),
        pytest.param(GetRunRequest(id="1"), 404, id="another operation"),
        pytest.param(START, 400, id="400"),
        pytest.param(START, 403, id="403"),
        pytest.param(START, 409, id="409"),
        pytest.param(START, 501, id="501"),
    ],
)
def test_where_there_is_no_hint(request_: Request[Any], status: int) -> None:
    """Nothing is guessed where the type can't be the cause."""
    error = refused(request_, status)
    assert error.hint is None
    assert "READY2RUN" not in str(error).replace(repr(request_), "")
    assert str(error).startswith(f"{error.operation}: {error.code}")
    assert f"{status}: workflow not here [" in str(error).replace(")", "")


def test_an_error_with_a_hint_pickles() -> None:
    """The hint crosses processes with the rest of the error."""
    error = refused(START)
    for twin in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert type(twin) is type(error)
        assert (twin.hint, str(twin)) == (error.hint, str(error))
        assert twin.hint is not None


@pytest.mark.parametrize("message", ["Run group 9 not found", "Run cache 9 not found"])
def test_no_hint_where_something_else_is_missing(message: str) -> None:
    """A 404 that says what is missing, and means no workflow, has no hint."""
    assert refused(START, message=message).hint is None


def test_a_hint_where_nothing_is_said() -> None:
    """A 404 without a word may well be about the workflow."""
    assert refused(START, message="").hint is not None
