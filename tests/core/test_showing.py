"""What a notebook shows of models, submissions and outcomes."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from html import unescape
from typing import Any

import pytest
from attrs import evolve

from omics_runs import (
    GetRunResponse,
    ListRunsResponse,
    ListRunTasksResponse,
    RunOutcome,
    RunRef,
    RunSpec,
    RunStatus,
    StartRunRequest,
    Submission,
    Submitted,
    errors,
    models,
)
from omics_runs._outcomes import Outcomes
from omics_runs.emulator import Emulator, VirtualClock

SECRET = "TOPSECRET"
RUN: dict[str, Any] = {
    "id": "4711",
    "arn": "arn:run/4711",
    "name": "exome-17",
    "status": "FAILED",
    "failureReason": "OUT_OF_MEMORY_ERROR",
    "statusMessage": "task align ran out of memory",
    "creationTime": "2025-05-06T07:00:00.123Z",
    "startTime": "2025-05-06T07:10:00.123Z",
    "stopTime": "2025-05-06T09:15:00.123Z",
    "runOutputUri": "s3://bucket/out/4711",
    "tags": {"team": "blue", "stage": "test"},
    "resourceDigests": {},
    "parameters": {"sample": SECRET},
    "definition": f"https://bucket/{SECRET}",
    "sessionPolicy": SECRET,
    "logLocation": {"engineLogStream": "arn:log", "runLogStream": "arn:other"},
}
FAILED = GetRunResponse.from_dict(RUN)
ERROR = errors.RunFailedError("no <b>luck</b>", run=FAILED, wanted=frozenset({RunStatus.COMPLETED}))
REQUEST = StartRunRequest(role_arn="r", output_uri="s3://b/o", parameters={"sample": SECRET})


def rows(shown: Any) -> list[list[str]]:
    """Return the cells of what a notebook shows, caption first."""
    html = shown._repr_html_()
    root = ET.fromstring(f"<div>{html}</div>")  # noqa: S314  (our own text)
    captions = [["".join(one.itertext())] for one in root.iter("caption")]
    return [*captions, *(["".join(cell.itertext()) for cell in row] for row in root.iter("tr"))]


def card(shown: Any) -> dict[str, str]:
    """Return the names and values of what is shown as one table."""
    return {row[0]: row[1] for row in rows(shown)[1:]}


def test_a_run_tells_what_a_person_wants_to_know() -> None:
    """First its id, name and status, how long it took, why it failed and what to do about it."""
    shown = card(FAILED)
    assert list(shown)[:8] == [
        *("id", "name", "status", "queued", "ran", "failure_reason", "advice", "status_message")
    ]
    assert (shown["queued"], shown["ran"]) == ("10 min", "2 h 5 min")
    assert "memory" in shown["advice"]
    assert shown["creation_time"] == "2025-05-06 07:00:00 UTC"
    assert shown["run_output_uri"] == "s3://bucket/out/4711"
    assert shown["tags"] == "team: blue, stage: test"
    assert shown["log_location"] == "engine_log_stream: arn:log, run_log_stream: arn:other"
    assert "resource_digests" not in shown


@pytest.mark.parametrize("shown", [FAILED, REQUEST, RunOutcome(FAILED.ref, FAILED, ERROR)])
def test_what_a_repr_hides_is_not_shown(shown: Any) -> None:
    """Documents, policies and presigned links are not in the HTML either."""
    assert SECRET not in shown._repr_html_()
    assert card(shown)["parameters"] == "(not shown)"


def test_times_that_are_missing_or_odd() -> None:
    """Without its ends a duration is not shown, and none is negative."""
    waiting = FAILED.replace(start_time=None)
    assert not {"queued", "ran"} & set(card(waiting))
    assert card(FAILED.replace(stop_time=FAILED.creation_time))["ran"] == "0 s"


def test_large_models_are_cut() -> None:
    """Members beyond the twentieth are only named, and endless values cut in their middle."""
    named = [member.wire for member in GetRunResponse.__wire__ if member.wire.endswith("Id")]
    more = dict.fromkeys(named, "1") | {"digest": "d" * 900, "startedBy": "me"}
    shown = card(GetRunResponse.from_dict(RUN | more))
    assert len(shown["digest"]) == 300
    assert list(shown)[-1] == "and more"
    left = shown["and more"].split(", ")
    assert "log_location" in left
    assert not set(left) & set(shown)


def test_lists_are_tables() -> None:
    """A list has a line for each item, up to twenty, and counts them all in its caption."""
    items = [
        {"id": str(n), "arn": "a", "status": "FAILED" if n % 3 else "RUNNING"} for n in range(30)
    ]
    items[1]["name"] = "named"
    page = ListRunsResponse.from_dict({"items": items, "nextToken": "t"})
    caption, below, token, header, *lines = rows(page)
    assert (caption, token) == (["ListRunsResponse"], ["next_token", "t"])
    assert below == ["ListRunsResponse.items: 30 (20 FAILED, 10 RUNNING), the first 20"]
    assert header == ["id", "name", "status", "arn"]
    assert lines[:2] == [["0", "", "RUNNING", "a"], ["1", "named", "FAILED", "a"]]
    assert len(lines) == 20


def test_tasks_batches_and_empty_lists() -> None:
    """Every model has its table, also one of a kind that nobody has thought of."""
    tasks = [{"taskId": "8", "status": "COMPLETED", "startTime": 0, "stopTime": 60}]
    (caption, header, line) = rows(ListRunTasksResponse.from_dict({"items": tasks}))
    assert caption == ["ListRunTasksResponse.items: 1 (1 COMPLETED)"]
    assert dict(zip(header, line, strict=True))["ran"] == "1 min"
    assert rows(ListRunsResponse(items=())) == [["ListRunsResponse"], ["items", "0 in all"]]
    batch = {"id": "5", "status": "PROCESSED", "runSummary": {"failedRunCount": 1}}
    shown = card(models.GetBatchResponse.from_dict(batch))
    assert (shown["status"], shown["run_summary"]) == ("PROCESSED", "failed_run_count: 1")
    assert rows(models.TagResourceResponse()) == [["TagResourceResponse"]]
    parts = models.ListTagsForResourceResponse(tags={"<script>": "&"})
    assert card(parts)["tags"] == "<script>: &"
    assert "<script" not in parts._repr_html_()


def test_an_outcome() -> None:
    """It tells why there is no success, and the run as far as it is known."""
    shown = card(RunOutcome(FAILED.ref, FAILED, ERROR))
    assert (shown["ref"], shown["error"]) == ("4711", "no <b>luck</b>")
    assert shown["status"] == "FAILED"
    unseen = RunOutcome(RunRef("1", "u"), None, ERROR)
    assert rows(unseen) == [
        ["RunOutcome: RunFailedError"],
        ["ref", "1/u"],
        ["error", "no <b>luck</b>"],
    ]
    done = RunOutcome(FAILED.ref, FAILED.replace(status=RunStatus.COMPLETED), None)
    assert rows(done)[0] == ["RunOutcome: COMPLETED"]
    assert "error" not in card(done)


def test_many_outcomes() -> None:
    """`wait_all` gives a tuple that shows itself as a table, failures first."""
    emulator = Emulator(VirtualClock())
    emulator.plan(name="s-1", ends="FAILED", failure_reason="EXPORT_FAILED")
    role = "arn:aws:iam::123456789012:role/r"
    request = StartRunRequest(workflow_id="1", role_arn=role, output_uri="s3://b/o")
    with emulator.client() as client:
        runs = [client.send(request.replace(name=name)) for name in ("s-0", "s-1")]
        outcomes = client.wait_all(runs)
    assert isinstance(outcomes, tuple)
    assert outcomes == tuple(outcomes)
    caption, header, first, second = rows(outcomes)
    assert caption == ["outcomes: 2 (1 COMPLETED, 1 FAILED)"]
    assert header == ["run", "name", "status", "ran", "error"]
    assert first[:3] == [runs[1].id, "s-1", "FAILED"]
    assert "EXPORT_FAILED" in first[4]
    assert (second[0], second[4]) == (runs[0].id, "")
    unseen = Outcomes([RunOutcome(RunRef("1"), None, ERROR)])
    assert rows(unseen)[2] == ["1", "", "RunFailedError", "", "no <b>luck</b>"]
    assert rows(Outcomes())[0] == ["outcomes: 0"]


def test_a_submission() -> None:
    """It shows its counts, and the specs first that have no run."""
    started = Submitted(spec=RunSpec("a", REQUEST), status="started", run=RunRef("7", "u"))
    refused = Submitted(spec=RunSpec("b", REQUEST), status="refused", error=ERROR)
    lost = Submitted(spec=RunSpec("c", REQUEST), status="unsent", may_have_started=True)
    results = (started, evolve(started, adopted=True), refused, lost)
    caption, header, *lines = rows(Submission(key="cohort", results=results))
    assert caption == ["cohort: 2 started (1 of them before), 1 refused, 1 unsent"]
    assert header == ["name", "status", "run", "error"]
    assert lines == [
        ["b", "refused", "", "no <b>luck</b>"],
        ["c", "unsent (may have started)", "", ""],
        ["a", "started", "7", ""],
        ["a", "started before", "7", ""],
    ]


def test_tables_bring_no_colors() -> None:
    """Colors are the notebook's own, so that a dark one stays dark."""
    html = unescape(FAILED._repr_html_())
    assert not re.search(r"color|background", html)
