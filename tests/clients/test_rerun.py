"""Starting a run once more, whatever the color: what it takes over, and what is refused."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from omics_runs import GetRunResponse, StartRunRequest, errors
from omics_runs.emulator import Emulator, Fault, VirtualClock

from .conftest import Caller

ROLE = "arn:aws:iam::123456789012:role/OmicsRole"
A_DAY = 86_400
TAGS = {"project": "tumor", "cohort": "7"}


@pytest.fixture
def emulator() -> Emulator:
    """Have an emulator that lets calls pass as often as they come."""
    return Emulator(VirtualClock())


def request_of(emulator: Emulator, **members: Any) -> StartRunRequest:
    """Return the request of a run with everything that a rerun has to take over."""
    emulator.add_run_cache(id="77")
    usual = {
        "workflow_id": "1234567",
        "role_arn": ROLE,
        "output_uri": "s3://my-bucket/output",
        "name": "NA12878",
        "cache_id": "77",
        "cache_behavior": "CACHE_ALWAYS",
        "parameters": {"reads": "s3://my-bucket/NA12878.cram"},
        "storage_type": "STATIC",
        "storage_capacity": 1200,
        "tags": TAGS,
    }
    return StartRunRequest(**{**usual, **members})


def ended(client: Any, emulator: Emulator, ends: str = "FAILED", **members: Any) -> GetRunResponse:
    """Return a run that has ended so."""
    reason = "SERVICE_ERROR" if ends == "FAILED" else None
    emulator.plan(name="NA12878", ends=ends, failure_reason=reason)  # type: ignore[arg-type]
    started = client.send(request_of(emulator, **members))
    emulator.clock.advance(A_DAY)  # type: ignore[attr-defined]
    run: GetRunResponse = client.get_run(started.id)
    assert run.status == ends
    return run


@pytest.mark.parametrize("ends", ["FAILED", "COMPLETED"])
def test_all_is_as_it_was(caller: Caller, emulator: Emulator, ends: str) -> None:
    """Tags and cache too; the new run's `run_id` leads to the earlier one."""
    client = caller.client(emulator)
    source = ended(client, emulator, ends)
    run = client.get_run(client.rerun(source).id)
    told = {"id", "arn", "uuid", "status", "run_id", "run_output_uri"}
    for name in ("role_arn", "output_uri", "name", "tags", "cache_id", "cache_behavior"):
        assert getattr(run, name) == getattr(source, name), name
    for name in ("workflow_id", "parameters", "storage_type", "storage_capacity"):
        assert getattr(run, name) == getattr(source, name), name
    assert (run.run_id, run.tags, source.run_id) == (source.id, TAGS, None)
    assert all(getattr(run, name) != getattr(source, name) for name in told)


def test_it_may_be_named_by_its_id(caller: Caller, emulator: Emulator) -> None:
    """Or by anything else that names a run."""
    client = caller.client(emulator)
    source = ended(client, emulator)
    ids = [client.rerun(one).id for one in (source.id, source.ref, str(source.ref))]
    assert {client.get_run(one).run_id for one in ids} == {source.id}
    assert len({source.id, *ids}) == 4


def test_overrides_win(caller: Caller, emulator: Emulator) -> None:
    """Also an empty mapping; another cache has a behavior of its own."""
    client = caller.client(emulator)
    source = ended(client, emulator)
    emulator.add_run_cache(id="78")
    again = client.rerun(
        source,
        storage_capacity=2400,
        tags={},
        output_uri="s3://other",
        cache_id="78",
        role_arn=f"{ROLE}2",
    )
    run = client.get_run(again.id)
    assert (run.storage_capacity, run.tags, run.output_uri) == (2400, {}, "s3://other")
    assert (run.name, run.role_arn) == (source.name, f"{ROLE}2")
    assert (run.cache_id, run.cache_behavior) == ("78", None)
    assert run.parameters == source.parameters


def test_none_is_no_override(caller: Caller, emulator: Emulator) -> None:
    """Of what is taken over, and of what the service copies."""
    client = caller.client(emulator)
    source = ended(client, emulator)
    nothing = dict.fromkeys(("name", "tags", "cache_id", "role_arn", "output_uri", "parameters"))
    run = client.get_run(client.rerun(source, **nothing).id)
    assert {name: getattr(run, name) for name in nothing} == {
        name: getattr(source, name) for name in nothing
    }


def test_each_call_starts_a_run(caller: Caller, emulator: Emulator) -> None:
    """Unless it is the same call, by the caller's own request id."""
    client = caller.client(emulator)
    source = ended(client, emulator)
    first, second = client.rerun(source), client.rerun(source)
    assert first.id != second.id
    once, twice = (client.rerun(source, request_id="rerun of 1") for _ in range(2))
    assert once.id == twice.id
    assert len(emulator.runs) == 4


def test_lost_answers_start_no_second_run(caller: Caller, emulator: Emulator) -> None:
    """All attempts of one call carry one request id."""
    client = caller.client(emulator)
    source = ended(client, emulator)
    emulator.faults.add(Fault("StartRun", drop=True, after_commit=True, times=2))
    assert client.rerun(source).response_metadata.attempts == 3
    assert (len(emulator.runs), emulator.count("StartRun")) == (2, 4)


@pytest.mark.parametrize("seconds", [0, 400])
def test_an_active_run_is_not_started_again(
    caller: Caller, emulator: Emulator, seconds: float
) -> None:
    """It would be paid for twice, and write to the same place."""
    client = caller.client(emulator)
    started = client.send(request_of(emulator))
    emulator.clock.advance(seconds)  # type: ignore[attr-defined]
    with pytest.raises(errors.InvalidRequestError, match="wait until it has ended") as caught:
        client.rerun(started)
    assert str(client.get_run(started.id).status) in str(caught.value)
    assert len(emulator.runs) == 1


def test_a_run_that_took_over_the_id_is_not_started(caller: Caller) -> None:
    """The uuid tells the one that is meant from the one that is there."""
    emulator = Emulator(VirtualClock(), reuse_ids=True)
    client = caller.client(emulator)
    source = ended(client, emulator)
    client.delete_run(source.id)
    other = ended(client, emulator)
    assert other.id == source.id
    with pytest.raises(errors.RunReplacedError) as caught:
        client.rerun(source)
    assert caught.value.run == source
    assert emulator.count("StartRun") == 2
    client.rerun(source.id)
    assert emulator.count("StartRun") == 3


@pytest.mark.parametrize("deleted_runs", ["404", "DELETED"])
def test_a_deleted_run_cannot_be_copied(caller: Caller, deleted_runs: Any) -> None:
    """The service says so, whether it still shows the run or not."""
    emulator = Emulator(VirtualClock(), deleted_runs=deleted_runs)
    client = caller.client(emulator)
    source = ended(client, emulator)
    client.delete_run(source.id)
    with pytest.raises(errors.ResourceNotFoundError, match=source.id):
        client.rerun(source)


@pytest.mark.parametrize(
    ("mode", "overrides"),
    [
        pytest.param("NONE_WITH_OVERWRITE", {}, id="its own mode"),
        pytest.param(
            "NONE_WITH_OVERWRITE", {"output_uri": "s3://my-bucket/output/"}, id="with a slash"
        ),
        pytest.param(None, {"output_uri_prefix_mode": "NONE_WITH_OVERWRITE"}, id="a new mode"),
    ],
)
def test_files_are_not_overwritten(
    caller: Caller, emulator: Emulator, mode: Any, overrides: dict[str, Any]
) -> None:
    """Where runs have no folder of their own, a rerun needs another place."""
    client = caller.client(emulator)
    source = ended(client, emulator, output_uri_prefix_mode=mode)
    with pytest.raises(errors.InvalidRequestError, match=r"output_uri.*overwrite.*output_uri="):
        client.rerun(source, **overrides)
    assert emulator.count("StartRun") == 1
    client.rerun(source, **{**overrides, "output_uri": "s3://my-bucket/output/2"})
    client.rerun(source, **{**overrides, "output_uri_prefix_mode": "SERVICE_DEFINED"})
    assert emulator.count("StartRun") == 3


def test_a_misspelt_override_is_an_error(caller: Caller, emulator: Emulator) -> None:
    """As it is for every Python function; `run_id` is what the rerun itself gives."""
    client = caller.client(emulator)
    for wrong in ({"storagecapacity": 1}, {"run_id": "2"}):
        with pytest.raises(TypeError, match=rf"unexpected keyword argument '{next(iter(wrong))}'"):
            client.rerun("1", **wrong)
    assert emulator.count("GetRun") == 0


@pytest.mark.parametrize("wrong", ["", "x", None, 7])
def test_what_is_no_run_is_refused(caller: Caller, emulator: Emulator, wrong: Any) -> None:
    """Nothing is asked for then."""
    client = caller.client(emulator)
    with pytest.raises(errors.InvalidRequestError, match=r"rerun.*run"):
        client.rerun(wrong)
    assert emulator.count("GetRun") == 0


def answering(caller: Caller, **told: Any) -> tuple[Any, list[dict[str, Any]]]:
    """Return a client of a service that tells such a run, and the bodies that it gets."""
    bodies: list[dict[str, Any]] = []
    run = {"id": "1", "arn": "arn:aws:omics:x:1:run/1", "status": "FAILED", **told}

    def serve(request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            return httpx.Response(200, json=run)
        bodies.append(json.loads(request.content))
        return httpx.Response(201, json={"id": "2"})

    http_client = caller.http(serve)
    url = "http://127.0.0.1:9"
    return caller.remote(endpoint_url=url, sign=False, http_client=http_client), bodies


def test_what_the_run_does_not_tell_must_be_given(caller: Caller) -> None:
    """Both may be missing in an answer; both are named at once."""
    client, bodies = answering(caller)
    with pytest.raises(errors.InvalidRequestError) as caught:
        client.rerun("1")
    assert [path for path, _ in caught.value.problems] == ["role_arn", "output_uri"]
    client.rerun("1", role_arn=ROLE, output_uri="s3://b/o", request_id="r")
    assert bodies == [
        {"runId": "1", "roleArn": ROLE, "outputUri": "s3://b/o", "requestId": "r"},
    ]


def test_tags_of_aws_are_left_out(caller: Caller) -> None:
    """Nobody else may set them."""
    tags = {"aws:cloudformation:stack-name": "x", "project": "tumor"}
    client, bodies = answering(caller, tags=tags, roleArn=ROLE, outputUri="s3://b")
    client.rerun("1")
    assert bodies[0]["tags"] == {"project": "tumor"}


@pytest.mark.parametrize(
    ("told", "is_over"),
    [
        pytest.param({}, False, id="may go on"),
        pytest.param({"stopTime": "2026-11-21T10:00:00Z"}, True, id="has ended"),
    ],
)
def test_a_status_newer_than_this_release(
    caller: Caller, told: dict[str, Any], *, is_over: bool
) -> None:
    """It is over once there is a stop time, as in every wait."""
    client, bodies = answering(caller, status="RESTING", roleArn=ROLE, outputUri="s3://b", **told)
    if is_over:
        client.rerun("1")
    else:
        with pytest.raises(errors.InvalidRequestError, match="RESTING"):
            client.rerun("1")
    assert len(bodies) == is_over
