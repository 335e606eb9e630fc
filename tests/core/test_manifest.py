"""Manifests of runs: what is read of them, and whatever may be wrong with them."""

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
    Manifest,
    RunManifest,
    RunMetrics,
    RunRef,
    RunStatus,
    TaskManifest,
    TaskMetrics,
    TaskStatus,
    WorkflowType,
    read_manifest,
)

ARN = "arn:aws:omics:eu-central-1:210987654321"
RUN: dict[str, Any] = {
    "arn": f"{ARN}:run/4711",
    "uuid": "5aa0c1d2-0000-4111-8222-333344445555",
    "name": "exome-17",
    "status": "COMPLETED",
    "creationTime": "2025-05-06T07:00:00.123Z",
    "startTime": "2025-05-06T07:10:00Z",
    "stopTime": "2025-05-06T09:00:30.5+00:00",
    "workflow": "arn:aws:omics:eu-central-1::workflow/7654321",
    "workflowVersion": None,
    "parameters": {"reads": "s3://bucket/reads.fastq.gz", "depth": None, "odd": '\\"}{\n\\'},
    "resourceDigests": {"s3://bucket/reads.fastq.gz": "etag:00ff"},
    "outputUri": "s3://bucket/out",
    "storageType": None,
    "metrics": {"storageReservedGiB": 1200, "storageAverageGiB": 9.5, "runningSeconds": 6630},
}
TASK: dict[str, Any] = {
    "arn": f"{ARN}:task/88",
    "uuid": "6bb0c1d2-0000-4111-8222-333344445555",
    "name": "align",
    "status": "SUCCESS",
    "run": RUN["arn"],
    "creationTime": "2025-05-06T07:11:00.971290",
    "startTime": "2025-05-06T07:15:00Z",
    "stopTime": "2025-05-06T08:15:00.000Z",
    "cpus": 8,
    "memory": 32,
    "metrics": {"cpusReserved": 8, "cpusAverage": 6.0, "memoryMaximumGiB": 24.5},
}
CACHED: dict[str, Any] = {"arn": f"{ARN}:task/89", "name": "index", "status": "COMPLETED"}
RECORDS = [RUN, TASK, CACHED]
LINES = [json.dumps(record) for record in RECORDS]
PRETTY = [json.dumps(record, indent=2) for record in RECORDS]


def test_the_record_of_a_run() -> None:
    """Its members have Python's names and types; what some manifests lack is None."""
    run = read_manifest(LINES).run
    assert run is not None
    assert (run.id, run.ref) == ("4711", RunRef("4711", RUN["uuid"]))
    assert (run.status, run.storage_type, run.workflow_version) == (RunStatus.COMPLETED, None, None)
    assert run.creation_time == datetime(2025, 5, 6, 7, 0, 0, 123000, tzinfo=UTC)
    assert run.start_time == datetime(2025, 5, 6, 7, 10, tzinfo=UTC)
    assert run.parameters == RUN["parameters"]
    assert run.metrics == RunMetrics(
        storage_reserved_gib=1200, storage_average_gib=9.5, running_seconds=6630
    )


def test_the_records_of_tasks() -> None:
    """SUCCESS is COMPLETED, a time without a zone is UTC, and metrics are parts with types."""
    task, cached = read_manifest(LINES).tasks
    assert (task.task_id, task.name, task.status) == ("88", "align", TaskStatus.COMPLETED)
    assert task.creation_time == datetime(2025, 5, 6, 7, 11, 0, 971290, tzinfo=UTC)
    assert task.metrics == TaskMetrics(cpus_reserved=8, cpus_average=6.0, memory_maximum_gib=24.5)
    assert (cached.creation_time, cached.metrics) == (None, None)


@pytest.mark.parametrize(
    ("changes", "cached"),
    [
        pytest.param({}, False, id="created"),
        pytest.param({"creationTime": None}, True, id="never created"),
        pytest.param({"creationTime": None, "status": "CANCELLED"}, False, id="never run"),
        pytest.param({"cacheHit": True}, True, id="said so"),
        pytest.param({"cacheHit": False, "creationTime": None}, False, id="denied"),
    ],
)
def test_tasks_of_the_cache(changes: dict[str, Any], cached: bool) -> None:
    """A task is the cache's if it says so, or has completed without having been created."""
    assert TaskManifest.from_dict(TASK | changes).is_cached is cached


@pytest.mark.parametrize(
    ("workflow", "id_"),
    [
        pytest.param("arn:aws:omics:us-east-1:210987654321:workflow/12", "12", id="private"),
        pytest.param("arn:aws:omics:us-east-1::workflow/7654321", "7654321", id="Ready2Run"),
        pytest.param("arn:aws:omics:us-east-1:1:workflow/12/version/v", "12", id="with a version"),
        pytest.param("12", None, id="no ARN"),
        pytest.param(None, None, id="absent"),
    ],
)
def test_the_id_of_the_workflow(workflow: str | None, id_: str | None) -> None:
    """The workflow's id is found in its ARN, whether that names an account or not."""
    assert RunManifest.from_dict(RUN | {"workflow": workflow}).workflow_id == id_


def test_an_old_manifest() -> None:
    """Older members are read, newer statuses kept, and members that nobody knows are in `extra`."""
    older = {"engine": "WDL", "main": "m.wdl", "storageCapacity": 9600, "workflowType": "PRIVATE"}
    run = RunManifest.from_dict(RUN | older | {"status": "PAUSED", "shoeSize": 43})
    assert (run.engine, run.main, run.storage_capacity) == ("WDL", "m.wdl", 9600)
    assert (run.workflow_type, run.status.is_known) == (WorkflowType.PRIVATE, False)
    assert run.extra == {"shoeSize": 43}


@pytest.mark.parametrize(
    "messages",
    [
        pytest.param(LINES, id="an event each"),
        pytest.param([*LINES, "", LINES[0], " ", LINES[1]], id="repeated, and blank ones"),
        pytest.param("\n".join(LINES), id="one text"),
        pytest.param("\r\n".join(PRETTY), id="one text, indented"),
        pytest.param(PRETTY, id="indented"),
        pytest.param([line for text in PRETTY for line in text.split("\n")], id="an event a line"),
        pytest.param(["".join(LINES)], id="all in one event"),
        pytest.param([json.dumps(RECORDS)], id="an array"),
        pytest.param(json.dumps(RECORDS, indent=1), id="an indented array"),
        pytest.param([LINES[1], LINES[2], LINES[0]], id="out of order"),
        pytest.param([LINES[0] + LINES[1][:50], LINES[1][50:], LINES[2]], id="cut in two"),
    ],
)
def test_all_forms_of_a_manifest_are_one(messages: Any) -> None:
    """However the objects are spread over events and lines, the manifest is the same."""
    assert read_manifest(messages) == Manifest.from_dict(
        {"run": RUN, "tasks": [TASK, CACHED], "unread": []}
    )


@given(st.data())
def test_a_manifest_may_be_cut_anywhere(data: st.DataObject) -> None:
    """An object that goes over several events is put together again, wherever it was cut."""
    text = LINES[0]
    cuts = sorted(data.draw(st.sets(st.integers(1, len(text) - 1), max_size=4)))
    pieces = [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    assert read_manifest([*pieces, *LINES[1:]]) == read_manifest(LINES)


def test_a_manifest_may_be_cut_in_two_at_any_place() -> None:
    """Also within a string, and between a backslash and what it escapes."""
    whole = read_manifest(LINES)
    for cut in range(1, len(LINES[0])):
        assert read_manifest([LINES[0][:cut], LINES[0][cut:], *LINES[1:]]) == whole


def test_a_record_that_comes_again_replaces_the_earlier_one() -> None:
    """The last word on a run or a task counts, in the earlier one's place."""
    later = [json.dumps(TASK | {"status": "FAILED"}), json.dumps(RUN | {"status": "FAILED"})]
    manifest = read_manifest([*LINES, *later])
    assert [task.status for task in manifest.tasks] == [TaskStatus.FAILED, TaskStatus.COMPLETED]
    assert manifest.run is not None
    assert manifest.run.status == RunStatus.FAILED


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("no JSON at all", id="no JSON"),
        pytest.param('{"cut": "off', id="cut off"),
        pytest.param('{"nothing": ["known"]}', id="another object"),
        pytest.param("12, 13", id="numbers"),
        pytest.param("[" * 5000, id="brackets"),
        pytest.param('{"a":' * 5000, id="too deep"),
        pytest.param('{"arn": "arn:aws:omics:eu-central-1:1:run/9"}', id="no status"),
        pytest.param('{"arn": "arn:aws:omics:eu-central-1:1:workflow/9"}', id="another ARN"),
        pytest.param('{"arn": 9}', id="no ARN"),
        pytest.param(json.dumps(RUN | {"arn": f"{ARN}:run/5"}), id="another run"),
    ],
)
@pytest.mark.parametrize("place", [1, 3], ids=["amid", "at the end"])
def test_what_cannot_be_read_is_kept(text: str, place: int) -> None:
    """Whatever is no record is in `unread`, and does not keep the records from being read."""
    manifest = read_manifest([*LINES[:place], text, *LINES[place:]])
    assert manifest.unread == ((text,) if text.strip("[") else ())
    assert manifest.replace(unread=()) == read_manifest(LINES)


@pytest.mark.parametrize(
    ("misfits", "fitting"),
    [
        pytest.param({"stopTime": "soon"}, {}, id="a time"),
        pytest.param({"cpus": "8", "gpus": True}, {}, id="numbers"),
        pytest.param({"metrics": [1]}, {}, id="a whole part"),
        pytest.param({"metrics": {"cpusAverage": "x"}}, {"cpusReserved": 8}, id="one of a part"),
    ],
)
def test_a_member_that_does_not_fit(misfits: dict[str, Any], fitting: dict[str, Any]) -> None:
    """Its record is read without it, and what it was is not lost."""
    parts = {"metrics": misfits["metrics"] | fitting} if fitting else {}
    manifest = read_manifest([LINES[0], json.dumps(TASK | misfits | parts), LINES[2]])
    left = {name: value for name, value in TASK.items() if name not in misfits}
    assert manifest.tasks[0] == TaskManifest.from_dict(
        left | ({"metrics": fitting} if fitting else {})
    )
    assert [json.loads(text) for text in manifest.unread] == [{"arn": TASK["arn"]} | misfits]


def test_misfits_of_documents_and_of_whole_records() -> None:
    """Keys with dots are found; a record without a status, or with no end of misfits, is none."""
    digests = {"s3://b/a.b.c": 7, "s3://b/d.e": "etag"}
    run = read_manifest([json.dumps(RUN | {"resourceDigests": digests})])
    assert run.run is not None
    assert run.run.resource_digests == {"s3://b/d.e": "etag"}
    assert json.loads(run.unread[0])["resourceDigests"] == {"s3://b/a.b.c": 7}
    endless = {"resourceDigests": {f"s3://b/{place}": place for place in range(1000)}}
    for changes in ({"status": 9}, {"status": None}, endless):
        manifest = read_manifest([json.dumps(RUN | changes), *LINES[1:]])
        assert (manifest.run, len(manifest.tasks)) == (None, 2)
        assert json.loads(manifest.unread[0]) == RUN | changes


def test_an_object_that_is_never_whole_does_not_wait_for_ever() -> None:
    """After a hundred thousand lines the reader gives it up, and reads what comes then."""
    pieces = ['{"a": [', *["{},", "1,"] * 50_000]
    manifest = read_manifest([*pieces, "x", *LINES])
    assert manifest.unread == (*pieces, "x")
    assert manifest.replace(unread=()) == read_manifest(LINES)


def test_an_indented_manifest_may_be_long() -> None:
    """A run with thousands of parameters is read however it was saved."""
    run = RUN | {"parameters": {f"p{n}": {"reads": [n, {}], "text": "}"} for n in range(5_000)}}
    manifest = read_manifest(json.dumps([run, *RECORDS[1:]], indent=2))
    assert manifest == read_manifest([json.dumps(run), *LINES[1:]])
    assert (len(manifest.tasks), manifest.unread) == (2, ())


def test_a_record_with_something_that_is_nested_deeply() -> None:
    """At no depth is it an error, and at none is it lost."""
    for depth in range(700, 1_000):
        text = LINES[1].replace('"metrics": {', f'"metrics": {"[" * depth + "]" * depth}, "x": {{')
        manifest = read_manifest([text, LINES[2]])
        assert len(manifest.unread) == 1
        assert manifest.tasks


def test_a_manifest_in_one_line_may_be_long() -> None:
    """Tens of thousands of tasks in one array, as `jq -c` writes them, are read in one pass."""
    arns = [f"{ARN}:task/{place}" for place in range(30_000)]
    line = json.dumps([RUN, *({"arn": arn, "status": "COMPLETED"} for arn in arns)])
    manifest = read_manifest(line)
    assert [task.arn for task in manifest.tasks] == arns
    assert manifest.unread == ()


@pytest.mark.parametrize("depth", [50, 900, 2_000])
def test_what_is_nested_deeply(depth: int) -> None:
    """Whatever is no record is kept as it came, however deep it is."""
    deep = '{"a":' * depth + "1" + "}" * depth
    manifest = read_manifest([deep, *LINES])
    assert manifest.unread == (deep,)
    assert manifest.replace(unread=()) == read_manifest(LINES)


@pytest.mark.parametrize("messages", [[], "", ["nothing here"]], ids=["none", "empty", "garbage"])
def test_no_record_of_a_run(messages: Any) -> None:
    """Without a record of the run there is none, and no error."""
    assert read_manifest(messages).run is None


def test_numbers_that_are_none() -> None:
    """What JSON has no number for is as good as absent."""
    text = LINES[1].replace("6.0", "NaN").replace("24.5", "-Infinity")
    (task,) = read_manifest([text]).tasks
    assert task.metrics == TaskMetrics(cpus_reserved=8)


def test_a_manifest_is_plain_data() -> None:
    """It goes into JSON and back, pickles and copies; its repr shows no document."""
    manifest = read_manifest([*LINES, "unread"])
    assert Manifest.from_json(json.dumps(manifest.to_dict())) == manifest
    assert copy.deepcopy(manifest) == pickle.loads(pickle.dumps(manifest)) == manifest
    assert "reads.fastq" not in repr(manifest) + repr(manifest.run)
