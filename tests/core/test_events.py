"""Events of EventBridge, made models: what they tell, and whatever may be wrong with them."""

from __future__ import annotations

import copy
import json
import pickle
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omics_runs import (
    BatchEvent,
    BatchStatus,
    RunEvent,
    RunRef,
    RunStatus,
    TaskEvent,
    TaskStatus,
    errors,
    parse_event,
)

ARN = "arn:aws:omics:eu-west-1:210987654321"
UUID = "0b1c2d3e-1111-4222-8333-444455556666"


def event(kind: str, **detail: Any) -> dict[str, Any]:
    """Return an event as EventBridge delivers it."""
    return {
        "version": "0",
        "id": "e-1",
        "detail-type": f"{kind} Status Change",
        "source": "aws.omics",
        "account": "210987654321",
        "time": "2026-02-03T04:05:06Z",
        "region": "eu-west-1",
        "resources": [detail.get("arn")],
        "detail": {"omicsVersion": "1.0.0", **detail},
    }


def run_event(**changes: Any) -> dict[str, Any]:
    """Return an event of a run."""
    told = {"arn": f"{ARN}:run/77", "status": "COMPLETED", "uuid": UUID, "runId": "78"}
    return event("Run", **told | changes)


def task_event(**changes: Any) -> dict[str, Any]:
    """Return an event of a task."""
    told = {"arn": f"{ARN}:task/88", "status": "FAILED", "runArn": f"{ARN}:run/77"}
    return event("Task", **told | {"runUuid": UUID} | changes)


def batch_event(**changes: Any) -> dict[str, Any]:
    """Return an event of a batch."""
    told = {"arn": f"{ARN}:runBatch/99", "status": "PROCESSED", "batchId": "99"}
    return event("RunBatch", **told | changes)


def test_an_event_of_a_run() -> None:
    """The identity is that of the ARN, with the uuid; all else has its place."""
    found = parse_event(run_event(runName="n", runOutputUri="s3://b/o", workflowName="w"))
    assert isinstance(found, RunEvent)
    assert found.ref == RunRef("77", UUID)
    assert (found.status, found.run_id, found.run_name) == (RunStatus.COMPLETED, "78", "n")
    assert found.time == datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC)
    assert (found.event_id, found.account, found.region) == ("e-1", "210987654321", "eu-west-1")
    assert found.extra == {}


@pytest.mark.parametrize("form", [str, str.encode], ids=["text", "bytes"])
def test_an_event_as_json_text(form: Any) -> None:
    """The body of a queue's message is as good as what it says."""
    assert parse_event(form(json.dumps(run_event()))) == parse_event(run_event())


@pytest.mark.parametrize("text", ["", "{", b"\xff", "[" * 100_000])
def test_text_that_is_no_json(text: Any) -> None:
    """It is refused in words, however it is broken."""
    with pytest.raises(errors.InvalidRequestError, match="is not JSON: "):
        parse_event(text)


def test_an_event_of_a_task() -> None:
    """The ids of task and run are those of the ARNs."""
    found = parse_event(task_event())
    assert isinstance(found, TaskEvent)
    assert (found.task_id, found.run_ref) == ("88", RunRef("77", UUID))
    assert found.status is TaskStatus.FAILED


def test_an_event_of_a_batch() -> None:
    """Counts, which events write as text, are numbers."""
    found = parse_event(batch_event(totalRuns="96", failedRunCount=4, completedRunCount="0"))
    assert isinstance(found, BatchEvent)
    assert (found.batch_id, found.status) == ("99", BatchStatus.PROCESSED)
    assert (found.total_runs, found.failed_run_count, found.completed_run_count) == (96, 4, 0)
    failed = parse_event(batch_event(status="FAILED", failureReason="R", failureMessage="m"))
    assert isinstance(failed, BatchEvent)
    assert (failed.failure_reason, failed.failure_message) == ("R", "m")


def test_what_is_new_survives() -> None:
    """Statuses and members of the future are kept as they are."""
    found = parse_event(run_event(status="PAUSED", mood={"is": "good"}))
    assert (found.status, found.status.is_known) == ("PAUSED", False)
    assert found.extra == {"mood": {"is": "good"}}


def test_small_letters_are_the_same_status() -> None:
    """A status in small letters is the one that is meant."""
    assert parse_event(run_event(status="deleted")).status is RunStatus.DELETED


def test_events_travel() -> None:
    """An event can be pickled, copied, and read again from its dict."""
    for told in (run_event(), task_event(), batch_event(totalRuns="1")):
        found = parse_event(told)
        assert pickle.loads(pickle.dumps(found)) == found
        assert copy.deepcopy(found) == found
        assert type(found).from_dict(found.to_dict()) == found
        assert len(repr(found)) <= 200


def test_an_event_needs_little() -> None:
    """Only what it is about, and the status, have to be there."""
    bare = run_event(uuid=None, runId=None)
    for name in ("id", "time", "account", "region", "version", "resources"):
        del bare[name]
    assert parse_event(bare) == RunEvent(
        arn=f"{ARN}:run/77", status=RunStatus.COMPLETED, omics_version="1.0.0"
    )


@pytest.mark.parametrize(
    ("told", "path"),
    [
        pytest.param(None, "$", id="nothing"),
        pytest.param([run_event()], "$", id="a list"),
        pytest.param({}, "$.source", id="empty"),
        pytest.param(run_event() | {"source": "aws.s3"}, "$.source", id="another service's"),
        pytest.param(run_event() | {"detail-type": ["x"]}, "$.detail-type", id="odd type"),
        pytest.param(event("Workflow"), "$.detail-type", id="of something else"),
        pytest.param(run_event() | {"detail": "{}"}, "$.detail", id="text for detail"),
        pytest.param(run_event() | {"time": "soon"}, "$.time", id="no time"),
        pytest.param(run_event() | {"id": 7}, "$.id", id="an id that is a number"),
        pytest.param(run_event(status=None), "$.detail.status", id="no status"),
        pytest.param(run_event(status=7), "$.detail.status", id="a status that is a number"),
        pytest.param(run_event(arn=None), "$.detail.arn", id="no ARN"),
        pytest.param(run_event(arn=f"{ARN}:task/1"), "$.detail.arn", id="another thing's ARN"),
        pytest.param(run_event(arn=f"{ARN}:run/x"), "$.detail.arn", id="an ARN without id"),
        pytest.param(task_event(runArn="x"), "$.detail.runArn", id="a task of no run"),
        pytest.param(batch_event(totalRuns="many"), "$.detail.totalRuns", id="no count"),
        pytest.param(batch_event(totalRuns="9" * 5000), "$.detail.totalRuns", id="a huge count"),
    ],
)
def test_what_is_no_event_is_refused(told: Any, path: str) -> None:
    """The error says where the trouble is."""
    with pytest.raises(errors.InvalidRequestError) as caught:
        parse_event(told)
    assert [where for where, _ in caught.value.problems] == [path]
    assert len(str(caught.value)) < 300


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
MADE = [run_event(), task_event(), batch_event(totalRuns="1")]


@given(told=st.sampled_from(MADE), place=st.integers(0, 30), value=JSON)
def test_parsing_is_total(told: dict[str, Any], place: int, value: Any) -> None:
    """Whatever stands in whatever place, it is an event or a clear error."""
    changed = copy.deepcopy(told)
    places = [(changed, name) for name in changed]
    places += [(changed["detail"], name) for name in changed["detail"]]
    where, name = places[place % len(places)]
    where[name] = value
    try:
        found = parse_event(changed)
    except errors.InvalidRequestError:
        return
    assert isinstance(found, (RunEvent, TaskEvent, BatchEvent))
