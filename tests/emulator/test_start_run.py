"""What StartRun takes, what GetRun gives back, and what happens when a request comes twice."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from botocore.model import ServiceModel
from botocore.validate import ParamValidator

from omics_runs.emulator import Emulator, Fault, VirtualClock
from omics_runs.models import GetRunResponse
from tests.emulator.conftest import ROLE, START, Caller, code

EVERYTHING: dict[str, Any] = {
    "workflowType": "PRIVATE",
    "name": "everything",
    "cacheId": "300",
    "cacheBehavior": "CACHE_ALWAYS",
    "runGroupId": "200",
    "priority": 7,
    "parameters": {"a": None, "b": [1, {"c": "ä"}], "SnakeCase_key": 1.5},
    "storageCapacity": 2400,
    "logLevel": "ERROR",
    "tags": {"key": "value", "empty": ""},
    "retentionMode": "REMOVE",
    "storageType": "STATIC",
    "workflowOwnerId": "123456789012",
    "workflowVersionName": "1.0",
    "networkingMode": "VPC",
    "scratchStorageMode": "LOCAL",
    "configurationName": "my-vpc",
    "sessionPolicy": "{}",
    "engineSettings": {"profile": "test"},
}


@pytest.fixture
def seeded(emulator: Emulator) -> Emulator:
    """Return an emulator that knows what EVERYTHING refers to."""
    emulator.add_run_group("200")
    emulator.add_run_cache("300")
    emulator.add_configuration("my-vpc")
    return emulator


def test_everything_comes_back(seeded: Emulator, caller: Caller) -> None:
    """GetRun gives back every member of StartRun as it was sent, and more."""
    run = caller.run(caller.start(**EVERYTHING)["id"])
    same = set(EVERYTHING) - {"configurationName"}
    assert {key: run[key] for key in same} == {key: EVERYTHING[key] for key in same}
    assert run["configuration"]["name"] == "my-vpc"
    assert run["vpcConfig"]["vpcId"].startswith("vpc-")
    assert run["digest"].startswith("sha256:")
    assert len(run["digest"]) == 7 + 64
    assert run["logLocation"]["runLogStream"].endswith(f"log-stream:run/{run['id']}")
    assert run["resourceDigests"] == {}
    assert run["startedBy"].startswith("arn:aws:iam::123456789012:")
    assert GetRunResponse.from_dict(run).extra == {}


def test_defaults(caller: Caller) -> None:
    """A run that asks for nothing special gets the documented defaults."""
    run = caller.run(caller.start()["id"])
    assert (run["storageType"], run["storageCapacity"]) == ("STATIC", 1200)
    assert (run["retentionMode"], run["networkingMode"]) == ("RETAIN", "RESTRICTED")
    assert run["workflowType"] == "PRIVATE"
    assert run["tags"] == {}
    assert not {"name", "priority", "parameters", "accelerators", "engineVersion"} & set(run)


def test_dynamic_storage(caller: Caller, clock: VirtualClock) -> None:
    """A run with dynamic storage tells how much it used, once it has ended."""
    run_id = caller.start(storageType="DYNAMIC")["id"]
    assert "storageCapacity" not in caller.run(run_id)
    clock.advance(10_000)
    assert caller.run(run_id)["storageCapacity"] > 0


def test_no_logs(caller: Caller) -> None:
    """A run that logs nothing has no place for its logs."""
    run = caller.run(caller.start(logLevel="OFF")["id"])
    assert run["logLevel"] == "OFF"
    assert "logLocation" not in run


@pytest.mark.parametrize(
    ("members", "suffix"),
    [
        pytest.param({}, "/{id}", id="with a slash"),
        pytest.param({"outputUri": "s3://bucket/out"}, "/{id}", id="without a slash"),
        pytest.param({"outputUriPrefixMode": "SERVICE_DEFINED"}, "/{id}", id="service defined"),
        pytest.param({"outputUriPrefixMode": "NONE_WITH_OVERWRITE"}, "", id="no prefix"),
    ],
)
def test_run_output_uri(caller: Caller, members: dict[str, Any], suffix: str) -> None:
    """Outputs go below the run's id, without a double slash, unless no prefix was asked for."""
    started = caller.start(**members)
    assert started["runOutputUri"] == "s3://bucket/out" + suffix.format(id=started["id"])


def test_export(caller: Caller) -> None:
    """The definition comes only when it is asked for."""
    run_id = caller.start()["id"]
    assert "definition" not in caller.run(run_id)
    exported = caller.ok(caller.http.get(f"/run/{run_id}?export=DEFINITION"))
    assert exported["definition"].startswith("s3://")


def test_duplicate(seeded: Emulator, caller: Caller) -> None:
    """A duplicate has everything of its source but tags, and what it brings itself comes first."""
    source = caller.start(**EVERYTHING)
    body = {k: v for k, v in START.items() if k != "workflowId"}
    again = {"runId": source["id"], "priority": 8, "outputUri": "s3://other", "requestId": "dup"}
    response = caller.http.post("/run", json=body | again)
    run = caller.run(response.json()["id"])
    copied = set(EVERYTHING) - {"tags", "priority", "configurationName"}
    assert {key: run[key] for key in copied} == {key: EVERYTHING[key] for key in copied}
    assert (run["tags"], run["priority"], run["runId"]) == ({}, 8, source["id"])
    assert (run["outputUri"], run["uuid"] == source["uuid"]) == ("s3://other", False)


@pytest.mark.parametrize(
    "unknown",
    [
        pytest.param({"runGroupId": "9"}, id="run group"),
        pytest.param({"cacheId": "9"}, id="run cache"),
        pytest.param({"networkingMode": "VPC", "configurationName": "no"}, id="configuration"),
        pytest.param({"runId": "9"}, id="run"),
        pytest.param({"workflowId": "500"}, id="READY2RUN workflow without its type"),
        pytest.param({"workflowType": "READY2RUN"}, id="no READY2RUN workflow"),
    ],
)
def test_unknown_references(emulator: Emulator, caller: Caller, unknown: dict[str, str]) -> None:
    """A run that refers to something that is not there is refused with 404."""
    emulator.add_workflow("500", type="READY2RUN")
    response = caller.http.post("/run", json=START | unknown)
    assert (response.status_code, code(response)) == (404, "ResourceNotFoundException")
    assert emulator.runs == {}


def test_ready2run(emulator: Emulator, caller: Caller) -> None:
    """A READY2RUN workflow is found by those who name its type."""
    workflow_id = emulator.add_workflow(type="READY2RUN", name="Germline")
    started = caller.start(workflowId=workflow_id, workflowType="READY2RUN")
    assert caller.run(started["id"])["workflowType"] == "READY2RUN"
    assert caller.list()["items"][0]["workflowName"] == "Germline"


def test_strict_workflows() -> None:
    """A strict emulator knows no workflows but those that were added."""
    emulator = Emulator(strict_workflows=True, verify_signatures=False)
    caller = Caller(emulator)
    assert caller.http.post("/run", json=START).status_code == 404
    caller.start(workflowId=emulator.add_workflow())


def test_drawn_ids(emulator: Emulator) -> None:
    """What is added without an id gets one of its own."""
    drawn = {emulator.add_run_group(), emulator.add_run_cache(), emulator.add_workflow()}
    assert len(drawn) == 3
    assert all(name.isdecimal() for name in drawn)


def test_same_seed_same_ids() -> None:
    """Two emulators of one seed give out the same ids, two of different seeds do not."""
    ids = [Caller(Emulator(seed=n, verify_signatures=False)).start()["uuid"] for n in (1, 1, 2)]
    assert ids[0] == ids[1] != ids[2]


class TestTwice:
    """A StartRun that comes twice."""

    def test_same(self, emulator: Emulator, caller: Caller, clock: VirtualClock) -> None:
        """The same request is answered with the first run, as it is now, and starts no second."""
        first = caller.http.post("/run", json=START)
        clock.advance(700)
        second = caller.http.post("/run", json=START)
        assert second.status_code == 201
        assert second.json() == first.json() | {"status": "RUNNING"}
        assert len(emulator.runs) == 1

    def test_other_order(self, emulator: Emulator, caller: Caller) -> None:
        """The order of the body's members makes no difference."""
        caller.http.post("/run", json=START)
        again = caller.http.post("/run", json=dict(reversed(START.items())))
        assert (again.status_code, len(emulator.runs)) == (201, 1)

    def test_other_body(self, emulator: Emulator, caller: Caller) -> None:
        """The same request id with another body is a conflict."""
        caller.http.post("/run", json=START)
        response = caller.http.post("/run", json=START | {"name": "other"})
        assert (response.status_code, code(response)) == (409, "ConflictException")
        assert len(emulator.runs) == 1

    @pytest.mark.parametrize(
        "options",
        [
            pytest.param({}, id="gone"),
            pytest.param({"deleted_runs": "DELETED"}, id="shown as deleted"),
            pytest.param({"reuse_ids": True}, id="id given out again"),
        ],
    )
    def test_deleted(self, clock: VirtualClock, options: dict[str, Any]) -> None:
        """A request whose run was deleted is still answered with that run."""
        caller = Caller(Emulator(clock, verify_signatures=False, **options))
        first = caller.http.post("/run", json=START).json()
        clock.advance(10_000)
        caller.delete(first["id"])
        caller.start()
        assert caller.http.post("/run", json=START).json() == first | {"status": "DELETED"}

    def test_refused_requests_do_not_count(self, emulator: Emulator, caller: Caller) -> None:
        """A request that was refused can come again with the same id."""
        caller.http.post("/run", json=START | {"runGroupId": "200"})
        emulator.add_run_group("200")
        assert caller.http.post("/run", json=START | {"runGroupId": "200"}).status_code == 201

    def test_lost_answer_then_conflict(self, emulator: Emulator, caller: Caller) -> None:
        """Faults can play a first request that is in flight when the second comes."""
        emulator.faults.add(
            Fault("StartRun", status=500, after_commit=True), Fault("StartRun", status=409)
        )
        statuses = [caller.http.post("/run", json=START).status_code for _ in range(3)]
        assert (statuses, len(emulator.runs)) == ([500, 409, 201], 1)


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        pytest.param(0, 1200, id="nothing"),
        pytest.param(1199, 1200, id="less than the least"),
        pytest.param(1200, 1200, id="the least"),
        pytest.param(1201, 2400, id="more than the least"),
        pytest.param(2400, 2400, id="a step"),
        pytest.param(2401, 4800, id="more than a step"),
        pytest.param(99_999, 100_800, id="a lot"),
    ],
)
def test_static_storage_is_rounded(caller: Caller, asked: int, given: int) -> None:
    """Static storage comes in steps."""
    run = caller.run(caller.start(storageCapacity=asked)["id"])
    assert run["storageCapacity"] == caller.list()["items"][0]["storageCapacity"] == given


@pytest.mark.parametrize(
    ("members", "status"),
    [
        pytest.param({}, 201, id="none"),
        pytest.param({"storageType": "DYNAMIC"}, 201, id="dynamic"),
        pytest.param({"storageType": "STATIC"}, 400, id="static"),
        pytest.param({"storageCapacity": 1200}, 400, id="capacity"),
        pytest.param({"storageType": "DYNAMIC", "storageCapacity": 1200}, 400, id="both"),
    ],
)
def test_ready2run_storage(
    emulator: Emulator, caller: Caller, members: dict[str, Any], status: int
) -> None:
    """A READY2RUN workflow has dynamic storage, and no other may be asked for."""
    emulator.add_workflow("500", type="READY2RUN")
    body = START | {"workflowId": "500", "workflowType": "READY2RUN"} | members
    response = caller.http.post("/run", json=body)
    assert response.status_code == status
    if status == 201:
        assert caller.run(response.json()["id"])["storageType"] == "DYNAMIC"
    else:
        assert code(response) == "ValidationException"
        assert emulator.runs == {}


@pytest.mark.parametrize(
    ("engine", "kept"),
    [
        pytest.param("NEXTFLOW", True, id="Nextflow"),
        pytest.param("WDL", False, id="WDL"),
        pytest.param("WDL_LENIENT", False, id="lenient WDL"),
        pytest.param("CWL", False, id="CWL"),
    ],
)
def test_engine_settings(emulator: Emulator, caller: Caller, engine: Any, kept: bool) -> None:
    """Only runs of Nextflow workflows keep their engine settings."""
    workflow_id = emulator.add_workflow(engine=engine)
    run_id = caller.start(workflowId=workflow_id, engineSettings={"profile": "x"})["id"]
    assert caller.run(run_id).get("engineSettings") == ({"profile": "x"} if kept else None)


@pytest.fixture(scope="module")
def service_model() -> Any:
    """Return the service's description, of which the installed botocore's may be an older one."""
    path = Path(__file__).parents[2] / "codegen" / "model" / "omics.json"
    return ServiceModel(json.loads(path.read_text("utf-8")), "omics")


def answers(caller: Caller, clock: VirtualClock) -> dict[str, dict[str, Any]]:
    """Return an answer of each operation that has content."""
    caller.emulator.plan(ends="FAILED")
    started = caller.start(**EVERYTHING)
    caller.start()
    clock.advance(10_000)
    run_id = started["id"]
    tasks = caller.tasks(run_id, maxResults=1)
    return {
        "StartRun": started,
        "GetRun": caller.ok(caller.http.get(f"/run/{run_id}?export=DEFINITION")),
        "ListRuns": caller.list(maxResults=1),
        "ListRunTasks": tasks,
        "GetRunTask": caller.task(run_id, caller.tasks(run_id)["items"][-1]["taskId"]),
    }


@pytest.mark.parametrize(
    "operation",
    [
        pytest.param(name, id=name)
        for name in ("StartRun", "GetRun", "ListRuns", "ListRunTasks", "GetRunTask")
    ],
)
def test_shapes(
    seeded: Emulator, caller: Caller, clock: VirtualClock, service_model: Any, operation: str
) -> None:
    """Every answer fits the service's own model, and has no members that the model lacks."""
    answer = answers(caller, clock)[operation]
    shape = service_model.operation_model(operation).output_shape
    report = ParamValidator().validate(answer, shape)
    assert not report.has_errors(), report.generate_report()


@pytest.mark.parametrize(
    ("first", "second", "left"),
    [
        pytest.param(
            {"networkingMode": "VPC", "configurationName": "net"},
            {"networkingMode": "RESTRICTED"},
            {"networkingMode": "RESTRICTED"},
            id="another network",
        ),
        pytest.param(
            {"storageType": "STATIC", "storageCapacity": 2400},
            {"workflowId": "77", "workflowType": "READY2RUN"},
            {"workflowType": "READY2RUN", "storageType": "DYNAMIC"},
            id="another type of workflow",
        ),
        pytest.param(
            {"workflowId": "77", "workflowType": "READY2RUN"},
            {"workflowId": "55"},
            {"workflowType": "PRIVATE", "workflowId": "55"},
            id="another workflow",
        ),
    ],
)
def test_a_duplicate_overrides(
    first: dict[str, Any], second: dict[str, Any], left: dict[str, Any]
) -> None:
    """Every member may be overridden; what only went with the old one is not inherited."""
    emulator = Emulator(verify_signatures=False)
    emulator.add_configuration("net")
    emulator.add_workflow("77", type="READY2RUN")
    caller = Caller(emulator)
    source = caller.start(**first)["id"]
    given = {"runId": source, "roleArn": ROLE, "outputUri": "s3://bucket/out", "requestId": "2"}
    answer = caller.http.post("/run", json=given | second)
    assert answer.status_code == 201, answer.text
    duplicate = caller.run(answer.json()["id"])
    assert {name: duplicate[name] for name in left} == left
    assert "vpcConfig" not in duplicate
