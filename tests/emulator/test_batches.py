"""Batches: set up, submitted at StartRun's rate, counted, cancelled, deleted, listed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omics_runs import BATCH_TERMINAL, OmicsRunsClient, RetryPolicy, errors
from omics_runs._lifecycle import BATCH_TRANSITIONS
from omics_runs.emulator import Durations, Emulator, Quotas, ScaledClock, VirtualClock
from omics_runs.models import (
    BatchStatus,
    DefaultRunSetting,
    GetBatchResponse,
    InlineSetting,
    InlineSettings,
    RunBatchListItem,
    S3UriSettings,
    StartRunBatchRequest,
    StartRunBatchResponse,
)
from tests.emulator.conftest import ROLE, connect

SET_UP_SECONDS = 20
"""From the call to the first submission."""

BRIEF = Durations(pending=10, starting=20, running=60, stopping=10)
RUN_SECONDS = 100

FILE = "s3://bucket/settings.json"

DEFAULT: dict[str, Any] = {
    "workflow_id": "1234567",
    "role_arn": ROLE,
    "output_uri": "s3://bucket/out",
}

ONCE = RetryPolicy(max_attempts=1)


@pytest.fixture
def emulator(clock: VirtualClock) -> Emulator:
    """Return an emulator in which runs are brief."""
    return Emulator(clock, durations=BRIEF)


@pytest.fixture
def client(emulator: Emulator) -> Iterator[OmicsRunsClient]:
    """Return a client of the emulator that tries once."""
    with emulator.client(retry=ONCE) as opened:
        yield opened


def start(
    client: OmicsRunsClient, count: int = 3, request_id: str | None = None, **default: Any
) -> StartRunBatchResponse:
    """Start a batch of runs that are called r0, r1..."""
    return client.start_run_batch(
        default_run_setting=DefaultRunSetting(**DEFAULT | default),
        batch_run_settings=InlineSettings(
            [InlineSetting(run_setting_id=f"s{n}", name=f"r{n}") for n in range(count)]
        ),
        batch_name="cohort",
        request_id=request_id,
        tags={"project": "p"},
    )


def start_of_file(client: OmicsRunsClient, uri: str = FILE) -> StartRunBatchResponse:
    """Start a batch whose settings are in a file."""
    return client.start_run_batch(
        default_run_setting=DefaultRunSetting(**DEFAULT), batch_run_settings=S3UriSettings(uri)
    )


def entries(client: OmicsRunsClient, batch: StartRunBatchResponse) -> list[RunBatchListItem]:
    """Return all runs of a batch."""
    return list(client.iter_runs_in_batch(batch.id))


def run_ids(client: OmicsRunsClient, batch: StartRunBatchResponse) -> list[str]:
    """Return the ids of the runs that were submitted."""
    return [entry.run_id for entry in entries(client, batch) if entry.run_id is not None]


def submissions(client: OmicsRunsClient, batch: StartRunBatchResponse) -> list[str | None]:
    """Return the submission status of each run."""
    return [entry.submission_status for entry in entries(client, batch)]


def counts(batch: GetBatchResponse) -> dict[str, int]:
    """Return the counts of a batch that are not 0, by short names."""
    assert batch.submission_summary is not None
    assert batch.run_summary is not None
    both = {**batch.submission_summary.to_dict(), **batch.run_summary.to_dict()}
    return {
        name.removesuffix("Count").removesuffix("Submission").removesuffix("Run"): count
        for name, count in both.items()
        if count
    }


def status(client: OmicsRunsClient, batch: StartRunBatchResponse) -> str:
    """Return the status of a batch."""
    return client.get_batch(batch.id).status


def seconds(batch: GetBatchResponse) -> dict[str, Any]:
    """Return when what happened to a batch, counted from its creation."""
    assert batch.creation_time is not None
    moments = {
        "submitted": batch.submitted_time,
        "processed": batch.processed_time,
        "failed": batch.failed_time,
    }
    return {
        name: pytest.approx((moment - batch.creation_time).total_seconds(), abs=1e-3)
        for name, moment in moments.items()
        if moment is not None
    }


# --- the way of a batch ---------------------------------------------------------------------


def test_happy_path(client: OmicsRunsClient) -> None:
    """A batch is waited for, has succeeded, and tells which run came of which setting."""
    started = start(client)
    assert started.status == "CREATING"
    assert started.tags == {"project": "p"}
    assert started.arn == f"arn:aws:omics:us-west-2:123456789012:runBatch/{started.id}"
    batch = client.wait_until_batch(started)
    assert batch.is_success
    assert batch.failed_count == 0
    assert batch.name == "cohort"
    assert (batch.id, batch.uuid, batch.arn) == (started.id, started.uuid, started.arn)
    assert batch.tags == {"project": "p"}
    assert batch.total_runs == 3
    assert batch.default_run_setting == DefaultRunSetting(**DEFAULT)
    assert counts(batch) == {"successfulStart": 3, "completed": 3}
    assert seconds(batch) == {"submitted": 20, "processed": 20 + RUN_SECONDS}
    assert batch.failure_reason is None
    for number, entry in enumerate(client.iter_runs_in_batch(batch.id)):
        run = client.get_run(entry.run_id or "")
        assert entry.run_setting_id == f"s{number}"
        assert entry.submission_status == "SUCCESS"
        assert (entry.run_arn, entry.run_internal_uuid) == (run.arn, run.uuid)
        assert (run.name, run.batch_id) == (f"r{number}", batch.id)


def test_statuses(client: OmicsRunsClient, clock: VirtualClock) -> None:
    """A batch is CREATING, PENDING, INPROGRESS and PROCESSED, and has counts from PENDING on."""
    batch = start(client)
    assert client.get_batch(batch.id).submission_summary is None
    assert entries(client, batch) == []
    clock.advance(10)
    pending = client.get_batch(batch.id)
    assert (pending.status, pending.total_runs) == ("PENDING", 3)
    assert counts(pending) == {"pendingStart": 3}
    assert [entry.to_dict() for entry in entries(client, batch)] == [
        {"runSettingId": f"s{number}"} for number in range(3)
    ]
    clock.advance(10)
    going = client.get_batch(batch.id)
    assert (going.status, seconds(going)) == ("INPROGRESS", {"submitted": 20})
    assert counts(going) == {"successfulStart": 3, "pending": 3}
    clock.advance(15)
    assert counts(client.get_batch(batch.id)) == {"successfulStart": 3, "starting": 3}
    clock.advance(30)
    assert counts(client.get_batch(batch.id)) == {"successfulStart": 3, "running": 3}
    clock.advance(50)
    assert counts(client.get_batch(batch.id)) == {"successfulStart": 3, "stopping": 3}
    clock.advance(5)
    assert status(client, batch) == "PROCESSED"


def test_runs_that_fail(emulator: Emulator, client: OmicsRunsClient) -> None:
    """PROCESSED is not success: plans by name apply to the runs of a batch as to any."""
    emulator.plan("r1", ends="FAILED", failure_reason="OUT_OF_MEMORY_ERROR")
    emulator.plan("r2", ends="CANCELLED")
    batch = client.wait_until_batch(start(client))
    assert not batch.is_success
    assert batch.failed_count == 1
    assert counts(batch) == {"successfulStart": 3, "completed": 1, "failed": 1, "cancelled": 1}
    (failed,) = client.iter_runs(batch_id=batch.id, status="FAILED")
    assert client.get_run(failed.id).failure_reason == "OUT_OF_MEMORY_ERROR"


def test_a_plan_is_not_for_what_was_submitted_before(
    emulator: Emulator, client: OmicsRunsClient, clock: VirtualClock
) -> None:
    """A plan counts for runs submitted after it, even if nobody has looked since."""
    batch = start(client)
    clock.advance(SET_UP_SECONDS)
    emulator.plan(ends="FAILED")
    assert client.wait_until_batch(batch).is_success


def test_submissions_that_fail(clock: VirtualClock) -> None:
    """A run that StartRun would refuse is FAILED with the refusal's code, and the rest goes on."""
    emulator = Emulator(clock, durations=BRIEF, quotas=Quotas(max_stored_runs=2))
    with emulator.client() as client:
        batch = client.wait_until_batch(start(client))
        assert not batch.is_success
        assert batch.failed_count == 1
        assert counts(batch) == {"successfulStart": 2, "failedStart": 1, "completed": 2}
        (refused,) = client.iter_runs_in_batch(batch.id, submission_status="FAILED")
    assert refused.run_setting_id == "s2"
    assert refused.ref is None
    assert refused.submission_failure_reason == "ServiceQuotaExceededException"
    assert "delete some first" in (refused.submission_failure_message or "")


def test_no_submission_succeeds(client: OmicsRunsClient) -> None:
    """A batch is PROCESSED at once if none of its runs could be submitted."""
    batch = client.wait_until_batch(start(client, output_uri=None))
    assert counts(batch) == {"failedStart": 3}
    assert seconds(batch) == {"submitted": 20, "processed": 20}
    for entry in client.iter_runs_in_batch(batch.id):
        assert entry.submission_failure_reason == "ValidationException"
        assert "outputUri" in (entry.submission_failure_message or "")


def test_what_disappears_later_fails_single_submissions(clock: VirtualClock) -> None:
    """A workflow that is taken away while a batch submits makes the rest of its runs FAILED."""
    emulator = Emulator(clock, rates={"StartRun": 1.0}, strict_workflows=True)
    workflow = emulator.add_workflow("1234567")
    with emulator.client() as client:
        batch = start(client)
        clock.advance(SET_UP_SECONDS + 1)
        emulator.add_workflow(workflow, type="READY2RUN")
        clock.advance(1)
        assert submissions(client, batch) == ["SUCCESS", "SUCCESS", "FAILED"]
        refused = entries(client, batch)[-1]
    assert refused.submission_failure_reason == "ResourceNotFoundException"


@pytest.mark.parametrize(
    ("default", "said"),
    [
        pytest.param({"run_group_id": "9"}, "Run group 9 not found", id="group"),
        pytest.param({"cache_id": "9"}, "Run cache 9 not found", id="cache"),
        pytest.param(
            {"networking_mode": "VPC", "configuration_name": "c"},
            "Configuration c not found",
            id="configuration",
        ),
        pytest.param({"workflow_id": "9"}, "Workflow 9 not found", id="workflow"),
    ],
)
def test_default_that_names_nothing(
    clock: VirtualClock, default: Mapping[str, Any], said: str
) -> None:
    """A batch fails as a whole if what its runs have in common names what is not there."""
    emulator = Emulator(clock, strict_workflows=True)
    emulator.add_workflow("1234567")
    with emulator.client() as client:
        started = start(client, **default)
        with pytest.raises(errors.BatchFailedError, match=said):
            client.wait_until_batch(started)
        batch = client.get_batch(started.id)
        assert seconds(batch) == {"failed": 10}
        assert batch.failure_reason == said
        assert (batch.total_runs, batch.run_summary) == (None, None)
        assert list(client.iter_runs()) == []


def test_added_in_time(clock: VirtualClock) -> None:
    """What is added after a batch was judged comes too late, even if nobody has looked since."""
    emulator = Emulator(clock, strict_workflows=True)
    with emulator.client() as client:
        late, in_time = start(client), start(client, workflow_id="7")
        emulator.add_workflow("7")
        clock.advance(10)
        emulator.add_workflow("1234567")
        assert (status(client, late), status(client, in_time)) == ("FAILED", "PENDING")


def test_other_members(emulator: Emulator, client: OmicsRunsClient) -> None:
    """Groups, caches and networks of the default reach the runs, the bucket's owner does not."""
    default: dict[str, Any] = {
        "run_group_id": emulator.add_run_group(),
        "cache_id": emulator.add_run_cache(),
        "cache_behavior": "CACHE_ALWAYS",
        "networking_mode": "VPC",
        "configuration_name": emulator.add_configuration("c"),
        "log_level": "OFF",
        "retention_mode": "REMOVE",
        "output_bucket_owner_id": "123456789012",
    }
    batch = client.wait_until_batch(start(client, 1, **default))
    assert batch.default_run_setting == DefaultRunSetting(**DEFAULT | default)
    (run,) = (client.get_run(item.id) for item in client.iter_runs())
    assert (run.run_group_id, run.cache_id) == (default["run_group_id"], default["cache_id"])
    assert run.configuration is not None
    assert run.configuration.name == "c"
    assert (run.log_level, run.retention_mode) == ("OFF", "REMOVE")
    assert run.batch_id == batch.id
    assert run.extra == {}


def test_run_group(emulator: Emulator, client: OmicsRunsClient, clock: VirtualClock) -> None:
    """Runs of a batch wait for slots of their group, and the batch waits for them."""
    group = emulator.add_run_group(max_runs=1)
    batch = start(client, run_group_id=group)
    clock.advance(SET_UP_SECONDS + 50)
    assert counts(client.get_batch(batch.id)) == {"successfulStart": 3, "running": 1, "pending": 2}
    processed = client.wait_until_batch(batch)
    assert seconds(processed) == {"submitted": 20, "processed": 20 + 10 + 3 * 90}


def test_no_group_without_settings(client: OmicsRunsClient) -> None:
    """What breaks the limits of a request is refused at once."""
    body = StartRunBatchRequest(
        default_run_setting=DefaultRunSetting(**DEFAULT),
        batch_run_settings=InlineSettings([InlineSetting(run_setting_id="s")] * 101),
    )
    with pytest.raises(errors.InvalidRequestError):
        client.send(body)


# --- merging --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("default", "own", "run"),
    [
        pytest.param({"name": "d"}, {}, {"name": "d"}, id="name-of-the-batch"),
        pytest.param({"name": "d"}, {"name": "o"}, {"name": "o"}, id="name-of-the-run"),
        pytest.param({"priority": 5}, {"priority": 0}, {"priority": 0}, id="priority"),
        pytest.param(
            {}, {"outputUri": "s3://own/x"}, {"outputUri": "s3://own/x"}, id="output-of-the-run"
        ),
        pytest.param(
            {"parameters": {"a": 1, "b": {"x": 1}}},
            {"parameters": {"b": {"y": 2}, "c": None}},
            {"parameters": {"a": 1, "b": {"y": 2}, "c": None}},
            id="parameters-key-by-key",
        ),
        pytest.param({}, {"parameters": {"a": 1}}, {"parameters": {"a": 1}}, id="parameters-own"),
        pytest.param(
            {"runTags": {"a": "1", "b": "1"}},
            {"runTags": {"b": "2", "c": "2"}},
            {"tags": {"a": "1", "b": "2", "c": "2"}},
            id="tags-key-by-key",
        ),
        pytest.param({}, {}, {"tags": {}, "parameters": None}, id="no-tags-of-the-batch"),
        pytest.param(
            {"engineSettings": {"profile": "a", "outputFormat": "json"}},
            {"engineSettings": {"profile": "b"}},
            {"engineSettings": {"profile": "b"}},
            id="engine-settings-are-replaced",
        ),
        pytest.param(
            {"outputBucketOwnerId": "123456789012"},
            {"outputBucketOwnerId": "210987654321"},
            {"outputBucketOwnerId": None},
            id="bucket-owner-is-dropped",
        ),
    ],
)
def test_merging(
    client: OmicsRunsClient,
    default: dict[str, Any],
    own: dict[str, Any],
    run: dict[str, Any],
) -> None:
    """A run's setting is laid over what its batch has in common."""
    shared = DefaultRunSetting(**DEFAULT).to_dict()
    request = StartRunBatchRequest.from_dict(
        {
            "tags": {"of": "the batch"},
            "defaultRunSetting": {**shared, **default},
            "batchRunSettings": {"inlineSettings": [{"runSettingId": "s", **own}]},
        }
    )
    client.wait_until_batch(client.send(request))
    (item,) = client.iter_runs()
    got = client.get_run(item.id).to_dict()
    assert {name: got.get(name) for name in run} == run


KEYS = st.sampled_from("abc")
PARTS = st.fixed_dictionaries(
    {},
    optional={
        "name": st.sampled_from("xy"),
        "outputUri": st.sampled_from(["s3://b/1", "s3://b/2"]),
        "priority": st.integers(0, 2),
        "outputBucketOwnerId": st.just("123456789012"),
        "parameters": st.dictionaries(KEYS, st.none() | st.integers(0, 2) | st.just({"k": [1]})),
        "runTags": st.dictionaries(KEYS, st.sampled_from("12")),
        "engineSettings": st.dictionaries(KEYS, st.sampled_from("12")),
    },
)


def expected(default: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the guide says a run is started with, member by member."""
    winners = ("name", "outputUri", "priority", "engineSettings")
    run = {name: own.get(name, default.get(name)) for name in winners}
    run["parameters"] = dict(default.get("parameters", {}))
    run["parameters"].update(own.get("parameters", {}))
    run["tags"] = dict(default.get("runTags", {}))
    run["tags"].update(own.get("runTags", {}))
    return run


@settings(max_examples=60, deadline=None)
@given(default=PARTS, own=st.lists(PARTS, min_size=1, max_size=4), in_file=st.booleans())
def test_merging_by_the_book(
    default: dict[str, Any], own: list[dict[str, Any]], in_file: bool
) -> None:
    """Whatever is shared and particular, inline or in a file, each run gets what the guide says."""
    clock = VirtualClock()
    emulator = Emulator(clock)
    several = [{"runSettingId": str(number), **one} for number, one in enumerate(own)]
    emulator.add_object(FILE, several)
    source = {"s3UriSettings": FILE} if in_file else {"inlineSettings": several}
    shared = DefaultRunSetting(**DEFAULT).to_dict() | default
    request = StartRunBatchRequest.from_dict(
        {"defaultRunSetting": shared, "batchRunSettings": source}
    )
    with emulator.client() as client:
        batch = client.send(request)
        clock.advance(10_000)
        assert client.get_batch(batch.id).is_success
        for run_id, one in zip(run_ids(client, batch), own, strict=True):
            wanted = expected(shared, one)
            got = client.get_run(run_id).to_dict()
            seen = {key: got.get(key) for key in wanted}
            assert {**seen, "parameters": got.get("parameters", {})} == wanted


# --- rates ----------------------------------------------------------------------------------


@pytest.fixture
def limited(clock: VirtualClock) -> Emulator:
    """Return an emulator with the documented rates."""
    return Emulator(clock, durations=BRIEF, rates="documented")


@pytest.fixture
def paced(limited: Emulator) -> Iterator[OmicsRunsClient]:
    """Return a client of the emulator with rates that tries once."""
    with limited.client(retry=ONCE) as opened:
        yield opened


def start_alone(client: OmicsRunsClient) -> str:
    """Start a run outside of all batches."""
    return client.start_run(**DEFAULT).id


def test_one_run_each_second(paced: OmicsRunsClient, clock: VirtualClock) -> None:
    """The submission of 90 runs takes 89 seconds, though nobody looks meanwhile."""
    batch = start(paced, 90)
    clock.advance(SET_UP_SECONDS + 30)
    going = paced.get_batch(batch.id)
    assert going.status == "SUBMITTING"
    assert counts(going)["pendingStart"] == 59
    assert seconds(going) == {}
    clock.advance(1000)
    processed = paced.get_batch(batch.id)
    assert seconds(processed) == {"submitted": 20 + 89, "processed": 20 + 89 + RUN_SECONDS}
    created = [paced.get_run(item.id).creation_time for item in run_items(paced, clock, batch)]
    assert len(set(created)) == 5


def run_items(
    client: OmicsRunsClient, clock: VirtualClock, batch: StartRunBatchResponse
) -> Iterator[Any]:
    """Yield five runs of a batch, at a rate that GetRun allows."""
    for item in client.list_runs(batch_id=batch.id, max_results=5).items:
        clock.advance(1)
        yield item


def test_direct_calls_are_throttled_meanwhile(paced: OmicsRunsClient, clock: VirtualClock) -> None:
    """While a batch submits, StartRun is throttled; a patient retry gets through after it."""
    batch = start(paced, 5)
    clock.advance(SET_UP_SECONDS + 1.5)
    with pytest.raises(errors.ThrottlingError):
        start_alone(paced)
    assert counts(paced.get_batch(batch.id))["successfulStart"] == 2
    patient = RetryPolicy(max_attempts=30)
    paced.start_run(**DEFAULT, retry=patient)
    assert counts(paced.get_batch(batch.id))["successfulStart"] == 5


def test_direct_calls_hold_a_batch_up(paced: OmicsRunsClient, clock: VirtualClock) -> None:
    """A direct call right before the first submission puts the submissions off."""
    batch = start(paced, 3)
    clock.advance(SET_UP_SECONDS - 0.25)
    start_alone(paced)
    assert seconds(paced.wait_until_batch(batch))["submitted"] == 20 + 0.75 + 2


def test_two_batches_share_the_rate(paced: OmicsRunsClient) -> None:
    """Of two batches the one that was there first is served first."""
    first, second = start(paced, 4), start(paced, 3)
    assert seconds(paced.wait_until_batch(first))["submitted"] == 20 + 3
    assert seconds(paced.wait_until_batch(second))["submitted"] == 20 + 6


def test_late_in_the_day(clock: VirtualClock) -> None:
    """Rates hold after years too, when moments can't be told apart so finely any more."""
    emulator = Emulator(clock, durations=BRIEF, rates={"StartRun": 3.0})
    clock.advance(3e8)
    with emulator.client() as client:
        processed = client.wait_until_batch(start(client, 7))
    assert seconds(processed)["submitted"] == 20 + 2


# --- settings in a file ---------------------------------------------------------------------


def many(count: int) -> list[dict[str, Any]]:
    """Return so many settings of a file."""
    return [{"runSettingId": f"s{n}"} for n in range(count)]


def test_file(emulator: Emulator, client: OmicsRunsClient) -> None:
    """A batch takes its settings from a file as it was when the batch was started."""
    emulator.add_object(FILE, many(150))
    batch = start_of_file(client)
    emulator.add_object(FILE, many(1))
    assert client.wait_until_batch(batch).total_runs == 150
    pages = list(client.iter_runs_in_batch(batch.id, max_items=60).pages())
    assert [len(page.runs) for page in pages] == [60, 60, 30]
    assert [entry.run_setting_id for page in pages for entry in page.runs] == [
        f"s{n}" for n in range(150)
    ]


def test_file_as_text(emulator: Emulator, client: OmicsRunsClient) -> None:
    """A file can be given as JSON text, and null is as good as absent."""
    emulator.add_object(FILE, json.dumps([{"runSettingId": "s", "name": None, "priority": 3}]))
    assert client.wait_until_batch(start_of_file(client)).is_success
    (run,) = client.iter_runs()
    assert (run.name, run.priority) == (None, 3)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param(many(100_001), "100001 runs; 100000 is the most", id="too-many"),
        pytest.param([*many(9), *many(2)], "2 settings have 's", id="duplicate"),
        pytest.param([], "no list of settings", id="empty"),
        pytest.param('{"runSettingId": "s"}', "no list of settings", id="no-list"),
        pytest.param("[", "is not JSON", id="no-json"),
        pytest.param("[7]", r"the file\[0\] must be a InlineSetting", id="no-setting"),
        pytest.param([{"name": "r"}], r"file\[0\].runSettingId is required", id="no-id"),
        pytest.param(
            [*many(1), {"runSettingId": "t", "priority": "high"}], r"\[1\].priority", id="wrong"
        ),
        pytest.param([{"runSettingId": "t", "runId": "7"}], "runId is not a member", id="run-id"),
    ],
)
def test_wrong_file(emulator: Emulator, client: OmicsRunsClient, content: Any, said: str) -> None:
    """A file that is not what it should be makes the whole batch fail."""
    emulator.add_object(FILE, content)
    with pytest.raises(errors.BatchFailedError, match=said):
        client.wait_until_batch(start_of_file(client))
    assert list(client.iter_runs()) == []


def test_no_file(emulator: Emulator, client: OmicsRunsClient) -> None:
    """A batch fails if there is no such file when it is started, and be it added right after."""
    batch = start_of_file(client, "s3://bucket/other.json")
    emulator.add_object("s3://bucket/other.json", many(1))
    with pytest.raises(errors.BatchFailedError, match=r"other\.json is not there"):
        client.wait_until_batch(batch)


def test_no_json(emulator: Emulator) -> None:
    """What JSON can't say is refused where it is added."""
    with pytest.raises(ValueError, match="JSON"):
        emulator.add_object(FILE, [{"parameters": {"x": float("nan")}}])
    with pytest.raises(TypeError, match="JSON"):
        emulator.add_object(FILE, [{"parameters": {"x": object()}}])


# --- cancelling -----------------------------------------------------------------------------


def test_cancel_before_the_first_submission(client: OmicsRunsClient, clock: VirtualClock) -> None:
    """A batch cancelled while PENDING submits nothing, ever."""
    batch = start(client)
    clock.advance(10)
    client.cancel_run_batch(batch_id=batch.id)
    assert client.wait_until_batch(batch, "CANCELLED").status == "CANCELLED"
    clock.advance(1000)
    assert counts(client.get_batch(batch.id)) == {"pendingStart": 3}
    assert list(client.iter_runs()) == []


def test_cancel_while_submitting(paced: OmicsRunsClient, clock: VirtualClock) -> None:
    """What is not submitted stays so, and runs under way are cancelled at CancelRun's rate."""
    batch = start(paced, 60)
    clock.advance(SET_UP_SECONDS + 29.5)
    paced.cancel_run_batch(batch_id=batch.id)
    clock.advance(1.95)
    stopping = paced.get_batch(batch.id)
    assert stopping.status == "STOPPING"
    assert counts(stopping)["successfulCancel"] == 20
    clock.advance(2)
    assert counts(paced.get_batch(batch.id))["successfulCancel"] == 30
    cancelled = paced.wait_until_batch(batch, "CANCELLED")
    assert counts(cancelled) == {
        "successfulStart": 30,
        "pendingStart": 30,
        "successfulCancel": 30,
        "cancelled": 30,
    }
    assert cancelled.processed_time is None
    assert submissions(paced, batch) == ["CANCEL_SUCCESS"] * 30 + [None] * 30


def test_cancel_while_in_progress(
    emulator: Emulator, client: OmicsRunsClient, clock: VirtualClock
) -> None:
    """Runs that have ended stay as they are; the batch is CANCELLED when the others are over."""
    emulator.plan("r0", after=40)
    batch = start(client)
    clock.advance(SET_UP_SECONDS + 50)
    client.cancel_run_batch(batch_id=batch.id)
    with pytest.raises(errors.ConflictError):
        client.cancel_run_batch(batch_id=batch.id)
    assert status(client, batch) == "STOPPING"
    clock.advance(9)
    assert status(client, batch) == "STOPPING"
    clock.advance(1)
    cancelled = client.get_batch(batch.id)
    assert cancelled.status == "CANCELLED"
    assert counts(cancelled) == {
        "successfulStart": 3,
        "successfulCancel": 2,
        "completed": 1,
        "cancelled": 2,
    }
    assert submissions(client, batch) == ["SUCCESS", "CANCEL_SUCCESS", "CANCEL_SUCCESS"]


def test_cancellations_that_fail(clock: VirtualClock) -> None:
    """A run that ends before its turn to be cancelled is CANCEL_FAILED, and says why."""
    emulator = Emulator(clock, durations=BRIEF, rates={"CancelRun": 0.1})
    with emulator.client() as client:
        batch = start(client)
        clock.advance(SET_UP_SECONDS + RUN_SECONDS - 5)
        client.cancel_run_batch(batch_id=batch.id)
        cancelled = client.wait_until_batch(batch, "CANCELLED")
        assert counts(cancelled) == {
            "successfulStart": 3,
            "successfulCancel": 1,
            "failedCancel": 2,
            "completed": 2,
            "cancelled": 1,
        }
        assert submissions(client, batch) == ["CANCEL_SUCCESS", "CANCEL_FAILED", "CANCEL_FAILED"]
        assert entries(client, batch)[1].submission_failure_reason == "ConflictException"


def test_cancel_spares_strangers(clock: VirtualClock) -> None:
    """A run that has got the id of a deleted one is not cancelled in its place."""
    emulator = Emulator(clock, durations=BRIEF, rates={"CancelRun": 0.01}, reuse_ids=True)
    with emulator.client() as client:
        batch = start(client, 2)
        clock.advance(SET_UP_SECONDS + 50)
        ids = run_ids(client, batch)
        client.cancel_run_batch(batch_id=batch.id)
        clock.advance(60)
        client.delete_run(ids[1])
        stranger = start_alone(client)
        assert stranger == ids[1]
        clock.advance(100)
        assert submissions(client, batch) == ["CANCEL_SUCCESS", "CANCEL_FAILED"]
        assert client.wait_until(stranger).status == "COMPLETED"


Call = Callable[[OmicsRunsClient, str], object]


def cancel(client: OmicsRunsClient, batch_id: str) -> object:
    """Call CancelRunBatch."""
    return client.cancel_run_batch(batch_id=batch_id)


def delete_runs(client: OmicsRunsClient, batch_id: str) -> object:
    """Call DeleteRunBatch."""
    return client.delete_run_batch(batch_id=batch_id)


def delete(client: OmicsRunsClient, batch_id: str) -> object:
    """Call DeleteBatch."""
    return client.delete_batch(batch_id)


def reach(client: OmicsRunsClient, clock: VirtualClock, emulator: Emulator, wanted: str) -> str:
    """Return the id of a batch that is in a status."""
    batch = start(client, 2, cache_id="9") if wanted == "FAILED" else start(client, 2)
    if wanted not in {"CREATING", "FAILED"}:
        clock.advance({"PENDING": 15, "SUBMITTING": 20.5}.get(wanted, 50))
    if wanted in {"STOPPING", "CANCELLED"}:
        cancel(client, batch.id)
        clock.advance(1)
    if wanted.startswith("RUNS_"):
        client.wait_until_batch(batch)
        if wanted == "RUNS_DELETE_FAILED":
            client.delete_run(run_ids(client, batch)[0])
        delete_runs(client, batch.id)
    if wanted in {*BATCH_TERMINAL} and wanted != "FAILED":
        deleted: Any = wanted
        client.wait_until_batch(batch, deleted if wanted[0] == "R" else BATCH_TERMINAL)
    if wanted == "FAILED":
        clock.advance(10)
    assert status(client, batch) == wanted
    return batch.id


STATUSES = (
    "CREATING",
    "PENDING",
    "SUBMITTING",
    "INPROGRESS",
    "STOPPING",
    "PROCESSED",
    "CANCELLED",
    "FAILED",
    "RUNS_DELETING",
    "RUNS_DELETED",
    "RUNS_DELETE_FAILED",
)


@pytest.mark.parametrize("wanted", [pytest.param(one, id=one) for one in STATUSES])
@pytest.mark.parametrize(
    ("call", "allowed"),
    [
        pytest.param(cancel, {"PENDING", "SUBMITTING", "INPROGRESS"}, id="cancel"),
        pytest.param(delete_runs, {"PROCESSED", "CANCELLED"}, id="delete-runs"),
        pytest.param(
            delete,
            {"PROCESSED", "FAILED", "CANCELLED", "RUNS_DELETED", "RUNS_DELETE_FAILED"},
            id="delete",
        ),
    ],
)
def test_who_may_when(clock: VirtualClock, call: Call, allowed: set[str], wanted: str) -> None:
    """Each way to interfere is open in some statuses, and a conflict in all others."""
    rates = {"StartRun": 1.0, "CancelRun": 0.5, "DeleteRun": 1.0}
    emulator = Emulator(clock, durations=BRIEF, rates=rates)
    with emulator.client(retry=ONCE) as client:
        batch_id = reach(client, clock, emulator, wanted)
        if wanted in allowed:
            call(client, batch_id)
        else:
            with pytest.raises(errors.ConflictError, match=wanted):
                call(client, batch_id)


@pytest.mark.parametrize(
    "call", [pytest.param(one, id=one.__name__) for one in (cancel, delete_runs, delete)]
)
def test_unknown_batch(client: OmicsRunsClient, call: Call) -> None:
    """A batch that is not there is not found."""
    with pytest.raises(errors.ResourceNotFoundError, match="Batch 99 not found"):
        call(client, "99")
    with pytest.raises(errors.ResourceNotFoundError):
        client.get_batch("99")
    with pytest.raises(errors.ResourceNotFoundError):
        client.list_runs_in_batch("99")


# --- deleting -------------------------------------------------------------------------------


def test_delete_runs(paced: OmicsRunsClient, clock: VirtualClock) -> None:
    """All runs are deleted at DeleteRun's rate, and are not found from then on."""
    batch = start(paced, 25)
    paced.wait_until_batch(batch)
    paced.delete_run_batch(batch_id=batch.id)
    clock.advance(1.05)
    deleting = paced.get_batch(batch.id)
    assert deleting.status == "RUNS_DELETING"
    assert counts(deleting)["deleted"] == 11
    deleted = paced.wait_until_batch(batch, "RUNS_DELETED")
    assert counts(deleted) == {"successfulStart": 25, "successfulDelete": 25, "deleted": 25}
    assert set(submissions(paced, batch)) == {"DELETE_SUCCESS"}
    with pytest.raises(errors.ResourceNotFoundError):
        paced.get_run(run_ids(paced, batch)[0])


@pytest.mark.parametrize("deleted_runs", [pytest.param(s, id=s) for s in ("404", "DELETED")])
def test_deletions_that_fail(clock: VirtualClock, deleted_runs: Any) -> None:
    """A run that was deleted before can't be deleted with its batch; it is counted once."""
    emulator = Emulator(clock, durations=BRIEF, deleted_runs=deleted_runs)
    with emulator.client() as client:
        batch = start(client)
        client.wait_until_batch(batch)
        client.delete_run(run_ids(client, batch)[0])
        assert counts(client.get_batch(batch.id))["deleted"] == 1
        client.delete_run_batch(batch_id=batch.id)
        done = client.wait_until_batch(batch, "RUNS_DELETE_FAILED")
        assert counts(done) == {
            "successfulStart": 3,
            "successfulDelete": 2,
            "failedDelete": 1,
            "deleted": 3,
        }
        assert submissions(client, batch) == ["DELETE_FAILED", "DELETE_SUCCESS", "DELETE_SUCCESS"]


def test_an_evicted_run_counts_as_deleted(clock: VirtualClock) -> None:
    """A run that gives way to a new one is one of the batch's deleted runs."""
    emulator = Emulator(clock, durations=BRIEF, quotas=Quotas(max_stored_runs=2))
    with emulator.client() as client:
        batch = start(client, 2, retention_mode="REMOVE")
        client.wait_until_batch(batch)
        start_alone(client)
        assert counts(client.get_batch(batch.id)) == {
            "successfulStart": 2,
            "completed": 1,
            "deleted": 1,
        }


def test_reused_ids(clock: VirtualClock) -> None:
    """A deleted run that gives its id away is not counted again."""
    emulator = Emulator(clock, durations=BRIEF, deleted_runs="DELETED", reuse_ids=True)
    with emulator.client() as client:
        batch = start(client, 1)
        client.wait_until_batch(batch)
        client.delete_run(run_ids(client, batch)[0])
        assert start_alone(client) == run_ids(client, batch)[0]
        assert counts(client.get_batch(batch.id)) == {"successfulStart": 1, "deleted": 1}


def test_delete_batch(client: OmicsRunsClient) -> None:
    """The record of a batch goes, its runs stay and tell its id; they can be deleted alone."""
    batch = start(client)
    client.wait_until_batch(batch)
    ids = run_ids(client, batch)
    client.delete_batch(batch.id)
    with pytest.raises(errors.ResourceNotFoundError):
        client.get_batch(batch.id)
    assert sorted(run.id for run in client.iter_runs(batch_id=batch.id)) == sorted(ids)
    client.delete_run(ids[0])
    assert len(list(client.iter_runs(batch_id=batch.id))) == 2


def test_a_rerun_is_in_no_batch(client: OmicsRunsClient) -> None:
    """The duplicate of a batch's run is not one of the batch's runs."""
    batch = start(client, 1)
    client.wait_until_batch(batch)
    again = client.start_run(run_id=run_ids(client, batch)[0], role_arn=ROLE, output_uri="s3://b/o")
    run = client.get_run(again.id)
    assert (run.name, run.batch_id) == ("r0", None)
    assert len(list(client.iter_runs(batch_id=batch.id))) == 1


# --- asking twice, listing ------------------------------------------------------------------


def test_idempotency(client: OmicsRunsClient, clock: VirtualClock) -> None:
    """The same request starts no second batch; one that has changed is a conflict."""
    first = start(client, request_id="once")
    clock.advance(10)
    again = start(client, request_id="once")
    assert (again.id, again.uuid, again.status) == (first.id, first.uuid, "PENDING")
    assert again.tags == first.tags
    with pytest.raises(errors.ConflictError, match="requestId"):
        start(client, 2, request_id="once")
    assert len(list(client.iter_batch())) == 1
    client.wait_until_batch(first)
    client.delete_batch(first.id)
    assert start(client, request_id="once") == first
    assert list(client.iter_batch()) == []


def test_a_request_id_of_a_run(client: OmicsRunsClient) -> None:
    """Runs and batches don't share their request ids."""
    client.start_run(**DEFAULT, request_id="once")
    assert start(client, request_id="once").status == "CREATING"


def test_list_batch(emulator: Emulator, client: OmicsRunsClient, clock: VirtualClock) -> None:
    """Batches are listed newest first, in pages, with what a filter lets through."""
    group = emulator.add_run_group()
    emulator.add_object(FILE, many(1))
    started = [start(client, n + 1) for n in range(5)]
    grouped = start(client, run_group_id=group)
    clock.advance(10)
    unnamed = start_of_file(client)
    ids = [batch.id for batch in (*started, grouped, unnamed)][::-1]
    pages = list(client.iter_batch(max_items=3).pages())
    assert [[item.id for item in page.items] for page in pages] == [ids[:3], ids[3:6], ids[6:]]
    assert [item.id for item in client.iter_batch(name="cohort")] == ids[1:]
    assert [item.id for item in client.iter_batch(run_group_id=group)] == [grouped.id]
    assert [item.id for item in client.iter_batch(status="CREATING")] == [unnamed.id]
    newest, second = list(client.iter_batch(max_items=2))[:2]
    assert (newest.name, newest.total_runs, newest.workflow_id) == (None, None, "1234567")
    assert (second.name, second.total_runs, second.status) == ("cohort", 3, "PENDING")
    assert second.created_at == client.get_batch(second.id).creation_time


def test_list_runs_in_batch(clock: VirtualClock) -> None:
    """The runs of a batch are listed by how their submission went, by setting and by run."""
    emulator = Emulator(clock, durations=BRIEF, quotas=Quotas(max_stored_runs=2))
    with emulator.client() as client:
        batch = start(client)
        client.wait_until_batch(batch)
        found = {
            "SUCCESS": list(client.iter_runs_in_batch(batch.id, submission_status="SUCCESS")),
            "FAILED": list(client.iter_runs_in_batch(batch.id, submission_status="FAILED")),
            "id": list(client.iter_runs_in_batch(batch.id, run_setting_id="s1")),
        }
        one = found["id"][0]
        assert [entry.run_setting_id for entry in found["SUCCESS"]] == ["s0", "s1"]
        assert [entry.run_setting_id for entry in found["FAILED"]] == ["s2"]
        assert [entry.run_setting_id for entry in found["id"]] == ["s1"]
        assert list(client.iter_runs_in_batch(batch.id, run_id=one.run_id)) == [one]
        assert list(client.iter_runs_in_batch(batch.id, run_id="none")) == []


def test_one_filter(client: OmicsRunsClient) -> None:
    """A list takes one filter; two are refused by their names."""
    batch = start(client)
    with pytest.raises(errors.ValidationError, match="status and name"):
        client.list_batch(status="PENDING", name="cohort")
    with pytest.raises(errors.ValidationError, match="submissionStatus and runId"):
        client.list_runs_in_batch(batch.id, submission_status="SUCCESS", run_id="1")


def test_foreign_tokens(client: OmicsRunsClient, clock: VirtualClock) -> None:
    """A page token is good for one list of one batch."""
    batch, other = start(client), start(client)
    clock.advance(10)
    token = client.list_runs_in_batch(batch.id, max_items=1).next_token
    assert client.list_runs_in_batch(batch.id, starting_token=token).runs[0].run_setting_id == "s1"
    with pytest.raises(errors.ValidationError, match="startingToken"):
        client.list_runs_in_batch(other.id, starting_token=token)
    with pytest.raises(errors.ValidationError, match="startingToken"):
        client.list_batch(starting_token=token)


def test_reset_of_the_rates(limited: Emulator, paced: OmicsRunsClient, clock: VirtualClock) -> None:
    """After a reset nobody has called yet, neither a client nor a batch."""
    start(paced, 1)
    clock.advance(SET_UP_SECONDS + 0.5)
    with pytest.raises(errors.ThrottlingError):
        start_alone(paced)
    limited.reset()
    start_alone(paced)


def test_reset(emulator: Emulator, client: OmicsRunsClient, clock: VirtualClock) -> None:
    """A reset forgets batches, what they were to do, and files."""
    emulator.add_object(FILE, many(1))
    start(client)
    emulator.reset()
    clock.advance(1000)
    assert list(client.iter_batch()) == []
    assert list(client.iter_runs()) == []
    with pytest.raises(errors.BatchFailedError):
        client.wait_until_batch(start_of_file(client))


# --- whatever happens -----------------------------------------------------------------------


def later(status: BatchStatus) -> set[BatchStatus]:
    """Return the statuses that can follow on one, at once or after others."""
    found: set[BatchStatus] = set()
    ahead = [status]
    while ahead:
        fresh = BATCH_TRANSITIONS[ahead.pop()] - found
        found |= fresh
        ahead += fresh
    return found


@settings(max_examples=40, deadline=None)
@given(
    count=st.integers(1, 8),
    endings=st.lists(st.sampled_from(["COMPLETED", "FAILED", "CANCELLED"]), min_size=8),
    slots=st.none() | st.integers(1, 3),
    stored=st.integers(1, 9),
    rates=st.sampled_from([None, {"StartRun": 1.0, "CancelRun": 0.2, "DeleteRun": 0.5}]),
    direct=st.sets(st.integers(0, 300), max_size=3),
    cancelled_at=st.none() | st.integers(0, 300),
    step=st.sampled_from([10, 23, 90]),
)
def test_counts_add_up(
    count: int,
    endings: list[Any],
    slots: int | None,
    stored: int,
    rates: dict[str, float] | None,
    direct: set[int],
    cancelled_at: int | None,
    step: int,
) -> None:
    """At every look the counts add up, statuses come in order, and in the end all is over."""
    clock = VirtualClock()
    quotas = Quotas(max_active_runs=slots, max_stored_runs=stored)
    emulator = Emulator(clock, durations=BRIEF, quotas=quotas, rates=rates)
    for number, ending in enumerate(endings):
        emulator.plan(f"r{number}", ends=ending)
    with emulator.client(retry=ONCE) as client:
        started = start(client, count)
        before = client.get_batch(started.id)
        for moment in range(0, 2000, step):
            with suppress(errors.ServiceError):
                if any(moment <= one < moment + step for one in direct):
                    start_alone(client)
                if cancelled_at is not None and moment <= cancelled_at < moment + step:
                    client.cancel_run_batch(batch_id=started.id)
            clock.advance(step)
            batch = client.get_batch(started.id)
            assert batch.status == before.status or batch.status in later(before.status)
            if batch.total_runs is not None:
                check_counts(batch, entries(client, started))
            before = batch
            if batch.status in BATCH_TERMINAL:
                break
        assert before.status in {"PROCESSED", "CANCELLED"}
        client.delete_run_batch(batch_id=started.id)
        deleted = client.wait_until_batch(started, "RUNS_DELETED")
        assert counts(deleted).get("deleted", 0) == counts(deleted).get("successfulDelete", 0)


def check_counts(batch: GetBatchResponse, listed: list[RunBatchListItem]) -> None:
    """Hold the counts of a batch against one another and against the list of its runs."""
    submitted, runs = batch.submission_summary, batch.run_summary
    assert submitted is not None
    assert runs is not None
    started = submitted.successful_start_submission_count
    refused = submitted.failed_start_submission_count
    pending = submitted.pending_start_submission_count
    assert len(listed) == batch.total_runs == (started or 0) + (refused or 0) + (pending or 0)
    assert sum(runs.to_dict().values()) == started == sum(one.ref is not None for one in listed)
    assert refused == sum(one.submission_status == "FAILED" for one in listed)
    assert (batch.submitted_time is None) == (pending != 0)
    if batch.status in BATCH_TERMINAL:
        active = {"pending", "starting", "running", "stopping"}
        assert not active & set(counts(batch))


# --- boto3 ----------------------------------------------------------------------------------


def test_boto3(_no_aws_files: None) -> None:
    """boto3 starts a batch, follows it, pages through it, and deletes it with its runs."""
    emulator = Emulator(ScaledClock(100_000))
    shared = DefaultRunSetting(**DEFAULT).to_dict()
    inline = [{"runSettingId": f"s{n}", "runTags": {"n": str(n)}} for n in range(5)]
    small = {"PageSize": 2}
    with emulator.serve() as url, closing(connect(emulator, url)) as boto:
        started = boto.start_run_batch(
            batchName="b",
            tags={"t": "1"},
            defaultRunSetting=shared,
            batchRunSettings={"inlineSettings": inline},
        )
        assert started["ResponseMetadata"]["HTTPStatusCode"] == 201
        batch = poll(boto, started["id"], "PROCESSED")
        assert batch["runSummary"]["completedRunCount"] == batch["totalRuns"] == 5
        assert batch["processedTime"] > batch["submittedTime"] > batch["creationTime"]
        assert batch["defaultRunSetting"] == shared
        listing = boto.get_paginator("list_runs_in_batch")
        pages = list(listing.paginate(batchId=started["id"], PaginationConfig=small))
        assert [len(page["runs"]) for page in pages] == [2, 2, 1]
        runs = [boto.get_run(id=run["runId"]) for page in pages for run in page["runs"]]
        assert [run["tags"] for run in runs] == [setting["runTags"] for setting in inline]
        assert {run["batchId"] for run in runs} == {started["id"]}
        (item,) = boto.get_paginator("list_batch").paginate(name="b").build_full_result()["items"]
        assert (item["id"], item["totalRuns"]) == (started["id"], 5)
        boto.delete_run_batch(batchId=started["id"])
        poll(boto, started["id"], "RUNS_DELETED")
        answer = boto.delete_batch(batchId=started["id"])
        assert answer["ResponseMetadata"]["HTTPStatusCode"] == 202
        with pytest.raises(boto.exceptions.ResourceNotFoundException):
            boto.get_batch(batchId=started["id"])


def poll(boto: Any, batch_id: str, wanted: str) -> Any:
    """Return a batch once it is in a status; each call moves the emulator's time a little."""
    for _ in range(10_000):
        batch = boto.get_batch(batchId=batch_id)
        if batch["status"] == wanted:
            return batch
    raise AssertionError(wanted)


def test_boto3_cancels(local: Emulator, boto: Any) -> None:
    """boto3 cancels a batch, and a second time is a conflict."""
    shared = DefaultRunSetting(**DEFAULT).to_dict()
    source = {"inlineSettings": [{"runSettingId": "s"}]}
    started = boto.start_run_batch(defaultRunSetting=shared, batchRunSettings=source)
    assert isinstance(local.clock, VirtualClock)
    local.clock.advance(SET_UP_SECONDS)
    answer = boto.cancel_run_batch(batchId=started["id"])
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 202
    with pytest.raises(boto.exceptions.ConflictException):
        boto.cancel_run_batch(batchId=started["id"])
    local.clock.advance(60)
    assert boto.get_batch(batchId=started["id"])["status"] == "CANCELLED"


def test_a_batch_that_is_tagged_on_its_way(client: OmicsRunsClient) -> None:
    """Tags of a batch change while it goes on, and its runs get none of them."""
    batch = client.get_batch(start(client).id)
    client.tag_resource(str(batch.arn), tags={"cost": "7"})
    done = client.wait_until_batch(batch)
    assert done.tags == {**(batch.tags or {}), "cost": "7"}
    assert client.list_tags_for_resource(str(batch.arn)).tags == done.tags
    assert all("cost" not in (client.get_run(run.id).tags or {}) for run in client.iter_runs())


def test_a_batch_deleted_before_its_next_turn(clock: VirtualClock) -> None:
    """What a batch still had on its agenda when it was deleted comes to nothing."""
    slow = Emulator(clock, rates={"StartRun": 0.001}, durations=Durations(stopping=0))
    with slow.client() as client:
        batch = start(client, 2).id
        clock.advance(30)
        assert client.get_batch(batch).status == "SUBMITTING"
        client.cancel_run_batch(batch)
        assert client.wait_until_batch(batch, "CANCELLED").total_runs == 2
        client.delete_batch(batch)
        clock.advance(2000)
        assert list(client.iter_batch()) == []
        assert len(list(client.iter_runs())) == 1
