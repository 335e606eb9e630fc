"""Starting runs in place of failed ones, each exactly once, whatever the color and the trouble."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import attrs
import pytest

from omics_runs import (
    FailureReason,
    GetRunResponse,
    RunOutcome,
    RunSpec,
    RunStatus,
    StartRunRequest,
    StorageType,
    Submission,
    errors,
)
from omics_runs.emulator import Emulator, Fault, VirtualClock

from .conftest import Caller
from .test_submitting import Reaper, client_of, until_killed

A_DAY = 86_400
KEY = "cohort-7"
BASE = StartRunRequest(
    workflow_id="1234567",
    role_arn="arn:aws:iam::123456789012:role/OmicsRole",
    output_uri="s3://my-bucket/output",
    storage_type="STATIC",
    storage_capacity=1200,
    tags={"cohort": "7"},
)
TRANSIENT = "SERVICE_ERROR"
STEPS = ["before the send", "before the answer", "before the journal"]


@pytest.fixture
def emulator() -> Emulator:
    """Have an emulator that lets calls pass as often as they come."""
    return Emulator(VirtualClock())


@pytest.fixture(params=[pytest.param(True, id="journal"), pytest.param(False, id="no journal")])
def journal(request: pytest.FixtureRequest, tmp_path: Path) -> Path | None:
    """Return the place of a journal that is not there yet, or None for none at all."""
    return tmp_path / "campaign.journal" if request.param else None


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return the place of a journal that is not there yet."""
    return tmp_path / "campaign.journal"


def specs(count: int, **members: Any) -> list[RunSpec]:
    """Return specs with runs that can be told from each other."""
    return [RunSpec(f"s{n}", BASE.replace(name=f"s{n}", **members)) for n in range(count)]


def fail(emulator: Emulator, *names: str, reason: str | None = TRANSIENT) -> None:
    """Have the runs of these names fail; without a reason, complete."""
    ends = "COMPLETED" if reason is None else "FAILED"
    for name in names:
        emulator.plan(name=name, ends=ends, failure_reason=reason)  # type: ignore[arg-type]


def submit(client: Any, emulator: Emulator, given: list[RunSpec], **options: Any) -> Submission:
    """Submit specs, and let their runs end."""
    submission: Submission = client.submit(given, key=KEY, rate=None, **options)
    emulator.clock.advance(A_DAY)  # type: ignore[attr-defined]
    return submission


def retry(client: Any, submission: Submission, *args: Any, **options: Any) -> Submission:
    """Start failed runs again, as fast as it goes."""
    again: Submission = client.retry_failed(submission, *args, rate=None, **options)
    return again


def one_failed(client: Any, emulator: Emulator, **options: Any) -> Submission:
    """Submit one spec, whose run fails for what may pass; the next one completes."""
    fail(emulator, "s0")
    submission = submit(client, emulator, specs(1), **options)
    fail(emulator, "s0", reason=None)
    return submission


def generations(submission: Submission) -> list[int]:
    """Return the generation of each result."""
    return [one.generation for one in submission.results]


def names(emulator: Emulator) -> list[str | None]:
    """Return the names of all runs that there are."""
    return sorted(run.name or "" for run in emulator.runs.values())


# --- which runs -----------------------------------------------------------------------------


@pytest.mark.parametrize("is_told", [True, False])
def test_only_what_may_pass_is_started_again(
    caller: Caller, emulator: Emulator, journal: Path | None, *, is_told: bool
) -> None:
    """All others stay as they are: completed, cancelled, deleted, failed for good, or unclear."""
    client = caller.client(emulator)
    fail(emulator, "s1")
    for name, reason in (("s2", "RUN_TASK_FAILED"), ("s3", "NEWER"), ("s4", "EXPORT_FAILED")):
        fail(emulator, name, reason=reason)
    submission = client.submit(specs(7), key=KEY, journal=journal, rate=None)
    client.cancel_run(submission.started["s5"].id)
    emulator.clock.advance(A_DAY)  # type: ignore[attr-defined]
    client.delete_run(submission.started["s6"].id)
    outcomes = client.wait_all(submission.started.values()) if is_told else None
    again = retry(client, submission, outcomes)
    assert generations(again) == [1, 2, 1, 1, 1, 1, 1]
    assert [one.name for one in again.results] == [one.name for one in submission.results]
    for place in (0, 2, 3, 4, 5, 6):
        assert again.results[place] == submission.results[place]
    (fresh,) = [one for one in again.results if one.generation == 2]
    assert fresh.replaces == submission.started["s1"] != fresh.run
    assert (again.key, again.stopped_by, again.journal) == (KEY, None, submission.journal)
    assert emulator.count("StartRun") == 8
    run = client.get_run(again.started["s1"].id)
    assert (run.run_id, run.tags, run.name) == (submission.started["s1"].id, {"cohort": "7"}, "s1")


def test_the_wait_simply_goes_on(emulator: Emulator, journal: Path | None) -> None:
    """Until all have completed, each time only what failed is started again."""
    client = emulator.client()
    fail(emulator, "s0", "s2")
    submission = submit(client, emulator, specs(4), journal=journal)
    outcomes = client.wait_all(submission.started.values())
    fail(emulator, "s0", reason=None)
    second = retry(client, submission, outcomes)
    emulator.clock.advance(A_DAY)  # type: ignore[attr-defined]
    outcomes = client.wait_all(second.started.values())
    assert [one.run.status for one in outcomes] == ["COMPLETED", "COMPLETED", "FAILED", "COMPLETED"]
    fail(emulator, "s2", reason=None)
    third = retry(client, second, outcomes)
    emulator.clock.advance(A_DAY)  # type: ignore[attr-defined]
    outcomes = client.wait_all(third.started.values())
    assert {one.unwrap().status for one in outcomes} == {RunStatus.COMPLETED}
    assert generations(third) == [2, 1, 3, 1]
    assert third.results[2].replaces == second.started["s2"]
    assert third.results[0] == second.results[0]
    assert names(emulator) == ["s0", "s0", "s1", "s2", "s2", "s2", "s3"]
    assert retry(client, third) == third
    assert emulator.count("StartRun") == 7


def test_when_chooses_among_the_failed(emulator: Emulator) -> None:
    """It is asked about failed runs only, and its answer is what counts."""
    client = emulator.client()
    fail(emulator, "s0")
    fail(emulator, "s1", reason="RUN_TASK_FAILED")
    submission = submit(client, emulator, specs(3))
    asked: list[tuple[str | None, RunStatus]] = []

    def when(run: GetRunResponse) -> bool:
        asked.append((run.name, run.status))
        return run.failure_reason == FailureReason.RUN_TASK_FAILED

    assert generations(retry(client, submission, when=when)) == [1, 2, 1]
    assert asked == [("s0", "FAILED"), ("s1", "FAILED")]


def test_runs_that_go_on_are_left_alone(emulator: Emulator) -> None:
    """They are looked at, not waited for."""
    client = emulator.client()
    submission = client.submit(specs(6), key=KEY, rate=None)
    assert retry(client, submission, when=lambda _: True) == submission
    assert emulator.clock.monotonic() < 60
    assert (emulator.count("StartRun"), emulator.count("GetRun")) == (6, 0)


def test_outcomes_that_do_not_speak_of_a_run(emulator: Emulator) -> None:
    """It is left alone; one that was waited for by its bare id is recognized by what it told."""
    client = emulator.client()
    fail(emulator, "s0", "s1")
    submission = submit(client, emulator, specs(2))
    outcomes = client.wait_all([submission.started["s1"].id])
    assert generations(retry(client, submission, outcomes)) == [1, 2]


def test_every_run_is_looked_at_however_many_there_are(emulator: Emulator) -> None:
    """Twenty and four lists take 46 s at this rate; a wait gives its last round less."""
    client = emulator.client(poll_rate=0.5)
    fail(emulator, *(f"s{n}" for n in range(20)))
    submission = submit(client, emulator, specs(20))
    began = emulator.clock.monotonic()
    assert generations(retry(client, submission)) == [2] * 20
    assert 44 <= emulator.clock.monotonic() - began < 52


def test_trouble_while_looking_is_ridden_out(emulator: Emulator) -> None:
    """As in every wait."""
    client = emulator.client()
    submission = one_failed(client, emulator)
    emulator.faults.add(Fault.throttle("GetRun", times=10))
    assert generations(retry(client, submission)) == [2]


def test_a_refusal_to_tell_of_a_run_is_raised(emulator: Emulator) -> None:
    """Else nobody would learn that a failed run was passed over."""
    client = emulator.client()
    submission = one_failed(client, emulator)
    emulator.faults.add(Fault("GetRun", code="AccessDeniedException"))
    with pytest.raises(errors.AccessDeniedError):
        retry(client, submission)
    assert emulator.count("StartRun") == 1


def test_time_may_end_while_runs_are_looked_at(emulator: Emulator) -> None:
    """Nothing is sent then, and the submission says why."""
    client = emulator.client(poll_rate=0.5)
    fail(emulator, *(f"s{n}" for n in range(40)))
    submission = submit(client, emulator, specs(40))
    again = retry(client, submission, timeout=20, when=lambda _: False)
    assert isinstance(again.stopped_by, errors.SubmissionTimeoutError)
    assert "the 20 s were over before" in str(again.stopped_by)
    assert again.results == submission.results
    again = retry(client, submission, timeout=20)
    assert "the 20 s of the submission are over" in str(again.stopped_by)
    assert {one.status for one in again.results if one.generation == 2} == {"unsent"}
    assert emulator.count("StartRun") == 40


# --- with what ------------------------------------------------------------------------------


def test_change_makes_the_request(emulator: Emulator) -> None:
    """It gets the one that would be sent, and the failed run."""
    client = emulator.client()
    fail(emulator, "s0", reason="FILE_SYSTEM_OUT_OF_SPACE")
    submission = submit(client, emulator, specs(1))

    def more_storage(request: StartRunRequest, failed: GetRunResponse) -> StartRunRequest:
        assert request.run_id == failed.id == submission.started["s0"].id
        assert request.parameters == submission.results[0].spec.request.parameters
        return request.replace(storage_capacity=2 * (failed.storage_capacity or 0))

    again = retry(client, submission, when=lambda _: True, change=more_storage)
    run = client.get_run(again.started["s0"].id)
    assert (run.storage_capacity, run.tags) == (2400, {"cohort": "7"})
    assert again.results[0].spec == submission.results[0].spec


def test_the_cache_of_the_failed_run_is_used(emulator: Emulator) -> None:
    """Also where the spec does not name it, since it duplicates a run that had it."""
    client = emulator.client()
    emulator.add_run_cache(id="77")
    emulator.add_run_cache(id="78")
    first = client.send(BASE.replace(name="first", cache_id="77", cache_behavior="CACHE_ALWAYS"))
    given = [
        RunSpec("s0", BASE.replace(name="s0", run_id=first.id, workflow_id=None)),
        RunSpec("s1", BASE.replace(name="s1", cache_id="78")),
        RunSpec("s2", BASE.replace(name="s2", run_id=first.id, cache_behavior="CACHE_ON_FAILURE")),
    ]
    fail(emulator, "s0", "s1", "s2")
    sent: list[StartRunRequest] = []
    again = retry(
        client,
        submit(client, emulator, given),
        change=lambda request, _: sent.append(request) or request,  # type: ignore[func-returns-value]
    )
    caches = [(one.cache_id, one.cache_behavior) for one in sent]
    assert caches == [("77", "CACHE_ALWAYS"), ("78", None), ("77", "CACHE_ON_FAILURE")]
    for request, ref in zip(sent, again.started.values(), strict=True):
        run = client.get_run(ref.id)
        assert (run.cache_id, run.cache_behavior) == (request.cache_id, request.cache_behavior)


def test_a_cache_that_was_changed_stays(emulator: Emulator) -> None:
    """The failed run counts, whatever the spec had in the beginning."""
    client = emulator.client()
    emulator.add_run_cache(id="77")
    emulator.add_run_cache(id="78")
    fail(emulator, "s0")
    submission = submit(client, emulator, specs(1, cache_id="77"))
    again = retry(client, submission, change=lambda one, _: one.replace(cache_id="78"))
    emulator.clock.advance(A_DAY)  # type: ignore[attr-defined]
    again = retry(client, again)
    assert client.get_run(again.started["s0"].id).cache_id == "78"


@pytest.mark.parametrize(
    ("wrong", "what"),
    [
        pytest.param(lambda *_: None, "must be a StartRunRequest, got null", id="nothing"),
        pytest.param(
            lambda request, _: request.replace(request_id="mine"), "leave it out", id="request id"
        ),
        pytest.param(
            lambda request, _: request.replace(parameters={"x": object()}),
            "is no JSON",
            id="no JSON",
        ),
    ],
)
def test_a_change_to_what_no_spec_could_have(emulator: Emulator, wrong: Any, what: str) -> None:
    """It is found before anything is sent, validated or not."""
    client = emulator.client(validate=False)
    fail(emulator, "s0", "s1")
    submission = submit(client, emulator, specs(2))

    def change(request: StartRunRequest, failed: GetRunResponse) -> Any:
        return wrong(request, failed) if request.name == "s1" else request

    with pytest.raises(errors.InvalidRequestError, match=rf"change: for 's1', request.*: {what}"):
        retry(client, submission, change=change)
    assert emulator.count("StartRun") == 2


def test_an_invalid_change_is_refused(emulator: Emulator) -> None:
    """As an invalid spec is; the failed run is not forgotten."""
    client = emulator.client()
    submission = one_failed(client, emulator)
    again = retry(client, submission, change=lambda request, _: request.replace(role_arn=""))
    (result,) = again.refused
    assert isinstance(result.error, errors.InvalidRequestError)
    assert (result.run, result.replaces, result.generation) == (None, submission.started["s0"], 2)
    assert generations(retry(client, again)) == [2]
    assert emulator.count("StartRun") == 2


@pytest.mark.parametrize("slash", ["", "/"])
def test_files_of_the_failed_run_are_not_overwritten(
    emulator: Emulator, journal: Path | None, slash: str
) -> None:
    """A run that has no folder of its own needs another place than the failed one."""
    client = emulator.client()
    fail(emulator, "s0")
    given = specs(1, output_uri_prefix_mode="NONE_WITH_OVERWRITE")
    submission = submit(client, emulator, given, journal=journal)

    def change(request: StartRunRequest, _: GetRunResponse) -> StartRunRequest:
        return request.replace(output_uri=f"{request.output_uri}{slash}")

    (refused,) = retry(client, submission, change=change).refused
    assert "change=" in str(refused.error)
    assert emulator.count("StartRun") == 1
    again = retry(
        client, submission, change=lambda one, _: one.replace(output_uri="s3://my-bucket/2")
    )
    assert client.get_run(again.started["s0"].id).output_uri == "s3://my-bucket/2"


def test_two_retries_that_would_overwrite_each_other(emulator: Emulator) -> None:
    """The second one is refused, and names the first."""
    client = emulator.client()
    fail(emulator, "s0", "s1")
    submission = submit(client, emulator, specs(2))
    again = retry(
        client,
        submission,
        change=lambda one, _: one.replace(
            output_uri_prefix_mode="NONE_WITH_OVERWRITE", output_uri="s3://other"
        ),
    )
    assert [one.status for one in again.results] == ["started", "refused"]
    assert "spec 's0' writes there too" in str(again.refused[0].error)


# --- exactly once ---------------------------------------------------------------------------


def test_the_same_call_again_finds_the_same_runs(
    caller: Caller, emulator: Emulator, journal: Path | None
) -> None:
    """From the journal without a call, or else by the request ids."""
    client = caller.client(emulator)
    fail(emulator, "s0", "s1")
    submission = submit(client, emulator, specs(3), journal=journal)
    outcomes = client.wait_all(submission.started.values())
    first, second = (retry(client, submission, outcomes) for _ in range(2))
    assert first.started == second.started
    assert generations(second) == [2, 2, 1]
    assert [one.replaces for one in second.results] == [one.replaces for one in first.results]
    assert len(emulator.runs) == 5
    assert emulator.count("StartRun") == (5 if journal else 7)
    assert list(second.adopted) == (["s0", "s1", "s2"] if journal else ["s2"])


def test_another_process_has_gone_further(emulator: Emulator, file: Path) -> None:
    """Its run of the third generation is adopted, although the first one's failure is at hand."""
    client = emulator.client()
    fail(emulator, "s0")
    submission = submit(client, emulator, specs(1), journal=file)
    outcomes = client.wait_all(submission.started.values())
    second = retry(client, submission, outcomes)
    emulator.clock.advance(A_DAY)  # type: ignore[attr-defined]
    third = retry(client, second)
    late = retry(emulator.client(), submission, outcomes)
    assert (late.started, generations(late)) == (third.started, [3])
    assert (late.results[0].replaces, late.results[0].adopted) == (second.started["s0"], True)
    assert emulator.count("StartRun") == 3


def test_a_later_submission_adopts_the_last_runs(emulator: Emulator, file: Path) -> None:
    """The specs are the same, so nothing is sent, whatever the retries were changed to."""
    client = emulator.client()
    fail(emulator, "s0")
    submission = submit(client, emulator, specs(2), journal=file)
    again = retry(client, submission, change=lambda one, _: one.replace(storage_capacity=2400))
    later = emulator.client().submit(specs(2), journal=file)
    assert (later.started, generations(later)) == (again.started, [2, 1])
    assert [one.replaces for one in later.results] == [submission.started["s0"], None]
    assert list(later.adopted) == ["s0", "s1"]
    emulator.clock.advance(A_DAY)  # type: ignore[attr-defined]
    assert generations(retry(client, later)) == [3, 1]
    assert emulator.count("StartRun") == 4


def test_a_spec_that_is_there_twice_has_no_run_to_replace(emulator: Emulator, file: Path) -> None:
    """The second one of a name is refused, and stays so."""
    client = emulator.client()
    again = retry(client, one_failed(client, emulator, journal=file))
    twice = client.submit(2 * specs(1), journal=file)
    assert [one.replaces for one in twice.results] == [again.results[0].replaces, None]
    assert retry(client, twice, when=lambda _: True).results == twice.results


def test_a_lost_journal(emulator: Emulator, file: Path) -> None:
    """The request ids find the runs of all generations; what is new is noted in the new one."""
    client = emulator.client()
    submission = one_failed(client, emulator, journal=file)
    again = retry(client, submission)
    file.unlink()
    found = retry(client, submission)
    assert found.started == again.started
    assert found.results[0].replaces == submission.started["s0"]
    assert len(emulator.runs) == 2
    adopted = client.submit(specs(1), journal=file, key=KEY)
    assert (adopted.started, generations(adopted)) == (again.started, [2])


@pytest.mark.parametrize("place", STEPS)
@pytest.mark.parametrize("settled_by", ["retry_failed", "submit"])
def test_a_kill_at_each_step(
    caller: Caller, emulator: Emulator, file: Path, place: str, settled_by: str
) -> None:
    """A new process ends with one new run for each failed one, with what was sent at first."""
    fail(emulator, "s0", "s1", "s2")
    submission = submit(caller.client(emulator), emulator, specs(3), journal=file)
    outcomes = caller.client(emulator).wait_all(submission.started.values())
    reaper = Reaper({3 + 1 + STEPS.index(place)})
    client = client_of(caller, emulator, reaper)
    options: Any = {"submission": submission, "outcomes": outcomes, "rate": None}
    options["change"] = lambda one, _: one.replace(storage_capacity=2400)
    assert until_killed(caller, client.wrapped.retry_failed, **options) is None
    assert reaper.where == [place]
    assert len(emulator.runs) == 4 + (place != "before the send")
    client = caller.client(emulator)
    if settled_by == "submit":
        found = client.submit(specs(3), journal=file, rate=None)
        assert generations(found) == [2, 2, 1]
        assert found.results[1].replaces == submission.started["s1"]
    options["change"] = lambda one, _: one.replace(storage_capacity=4800)
    again = client.retry_failed(**options)
    assert generations(again) == [2, 2, 2]
    assert len(emulator.runs) == 6
    sizes = [client.get_run(ref.id).storage_capacity for ref in again.started.values()]
    assert sizes == [2400, 2400, 4800]
    assert {client.get_run(ref.id).run_id for ref in again.started.values()} == {
        ref.id for ref in submission.started.values()
    }


def test_what_may_have_been_sent_is_sent_again_as_it_was(
    caller: Caller, emulator: Emulator, file: Path
) -> None:
    """Whatever this release thinks of it: of a value that is newer than it, of files, of rivals."""
    fail(emulator, "s0")
    given = specs(1, output_uri_prefix_mode="NONE_WITH_OVERWRITE")
    submission = submit(caller.client(emulator), emulator, given, journal=file)
    reaper = Reaper({2})
    client = client_of(caller, emulator, reaper)
    newer = {"output_uri": "s3://other", "storage_type": StorageType("ELASTIC")}
    options: Any = {"submission": submission, "rate": None}
    options["outcomes"] = caller.client(emulator).wait_all(submission.started.values())
    options["change"] = lambda one, _: one.replace(**newer)
    assert until_killed(caller, client.wrapped.retry_failed, **options) is None
    del options["change"]
    again = caller.client(emulator).retry_failed(**options)
    assert isinstance(again.results[0].error, errors.ValidationError)
    assert emulator.count("StartRun") == 3


def test_lost_answers_and_throttling(emulator: Emulator, journal: Path | None) -> None:
    """They are ridden out as in a first submission."""
    client = emulator.client()
    submission = one_failed(client, emulator, journal=journal)
    emulator.faults.add(Fault("StartRun", drop=True, after_commit=True, times=2))
    emulator.faults.add(Fault.throttle("StartRun", times=5))
    retry(client, submission)
    assert len(emulator.runs) == 2


# --- what goes wrong ------------------------------------------------------------------------


def test_a_quota_stops_it_and_the_rest_is_for_later(
    emulator: Emulator, journal: Path | None
) -> None:
    """What remains keeps its failed run, so the same call goes on where it was stopped."""
    client = emulator.client()
    fail(emulator, "s0", "s1", "s2")
    submission = submit(client, emulator, specs(4), journal=journal)
    emulator.faults.add(Fault("StartRun", code="ServiceQuotaExceededException", skip=1))
    stopped = retry(client, submission)
    assert isinstance(stopped.stopped_by, errors.ServiceQuotaExceededError)
    assert [one.status for one in stopped.results] == ["started", "unsent", "unsent", "started"]
    assert [one.replaces for one in stopped.unsent] == list(submission.started.values())[1:3]
    with pytest.raises(errors.SubmissionError, match="2 started"):
        stopped.raise_for_errors()
    assert retry(client, stopped, ()).stopped_by is stopped.stopped_by
    resumed = retry(client, stopped)
    resumed.raise_for_errors()
    assert (generations(resumed), resumed.stopped_by) == ([2, 2, 2, 1], None)
    assert resumed.started["s0"] == stopped.started["s0"]
    assert len(emulator.runs) == 7


def test_a_refusal_of_the_service(emulator: Emulator, journal: Path | None) -> None:
    """It is the result of that spec alone, which may be tried again later."""
    client = emulator.client()
    fail(emulator, "s0", "s1")
    submission = submit(client, emulator, specs(2), journal=journal)
    emulator.faults.add(Fault("StartRun", code="ValidationException"))
    again = retry(client, submission)
    assert [one.status for one in again.results] == ["refused", "started"]
    assert isinstance(again.refused[0].error, errors.ValidationError)
    resumed = retry(client, again, client.wait_all(submission.started.values()))
    assert [one.status for one in resumed.results] == ["started", "started"]
    assert generations(resumed) == [2, 2]


def test_specs_that_were_never_started_stay_so(emulator: Emulator) -> None:
    """They have no failed run; to submit them again is for `submit`."""
    client = emulator.client()
    emulator.faults.add(Fault("StartRun", code="ValidationException"))
    submission = client.submit(specs(2), key=KEY, rate=None)
    assert retry(client, submission).results == submission.results


def test_a_changed_spec_is_refused(emulator: Emulator, file: Path) -> None:
    """A submission that does not fit its journal any more starts nothing."""
    client = emulator.client()
    submission = one_failed(client, emulator, journal=file)
    retry(client, submission)
    (result,) = submission.results
    other = attrs.evolve(result, spec=RunSpec("s0", BASE))
    again = retry(client, attrs.evolve(submission, results=(other,)))
    assert "with other content (then " in str(again.refused[0].error)
    assert emulator.count("StartRun") == 2


def test_progress_counts_what_is_started_again(emulator: Emulator) -> None:
    """The others have no part in it."""
    client = emulator.client()
    fail(emulator, "s1", "s2")
    submission = submit(client, emulator, specs(4))
    told: list[tuple[int, int | None]] = []
    retry(client, submission, progress=lambda one: told.append((one.done, one.total)))
    assert told == [(1, 2), (2, 2)]


async def _later(*_: object) -> bool:
    return True


@pytest.mark.parametrize(
    ("wrong", "path"),
    [
        pytest.param({"submission": None}, "submission", id="no submission"),
        pytest.param({"outcomes": 7}, "outcomes", id="no outcomes"),
        pytest.param({"outcomes": "s0"}, "outcomes", id="text"),
        pytest.param({"outcomes": ["s0"]}, "outcomes[0]", id="an outcome"),
        pytest.param({"when": 7}, "when", id="when"),
        pytest.param({"when": _later}, "when", id="async when"),
        pytest.param({"change": _later}, "change", id="async change"),
        pytest.param({"rate": 0}, "rate", id="rate"),
        pytest.param({"timeout": -1}, "timeout", id="timeout"),
        pytest.param({"progress": 7}, "progress", id="progress"),
    ],
)
def test_wrong_arguments_are_refused(
    caller: Caller, emulator: Emulator, wrong: dict[str, Any], path: str
) -> None:
    """Before anything is asked or sent."""
    options: Any = {"submission": Submission(key=KEY, results=()), **wrong}
    with pytest.raises(errors.InvalidRequestError, match="retry_failed") as caught:
        caller.client(emulator).retry_failed(**options)
    assert [where for where, _ in caught.value.problems] == [path]


def test_nothing_to_do_costs_nothing(emulator: Emulator) -> None:
    """A submission without runs is what it was."""
    submission = Submission(key=KEY, results=())
    outcomes: list[RunOutcome] = []
    assert emulator.client().retry_failed(submission, outcomes) == submission


# --- after a batch ------------------------------------------------------------------------------


@pytest.mark.parametrize("place", STEPS)
def test_runs_of_a_batch_are_started_again_one_by_one(
    caller: Caller, emulator: Emulator, file: Path, place: str
) -> None:
    """A batch takes no duplicates; killed at any step, the way through batches goes on with it."""
    client = caller.client(emulator)
    how = {"journal": file, "via": "batch"}
    fail(emulator, "s1")
    submission = client.submit(specs(3), key=KEY, **how)
    emulator.clock.advance(A_DAY)  # type: ignore[attr-defined]
    outcomes = client.wait_all(submission.started.values())
    reaper = Reaper({1 + STEPS.index(place)})
    dying = client_of(caller, emulator, reaper).wrapped.retry_failed
    options = {"submission": submission, "outcomes": outcomes}
    assert until_killed(caller, dying, **options) is None
    assert reaper.where == [place]
    again = client.submit(specs(3), key=KEY, **how)
    assert [one.generation for one in again.results] == [1, 2, 1]
    assert again.results[1].replaces == submission.started["s1"]
    assert names(emulator) == ["s0", "s1", "s1", "s2"]
    assert emulator.count("StartRunBatch") == 1
    assert client.retry_failed(again, outcomes).started == again.started


def test_no_later_run_is_sent_when_the_first_is_stopped(emulator: Emulator, file: Path) -> None:
    """What stops one of those that are open stops the others, and they stay open."""
    client = emulator.client()
    how = {"journal": file, "via": "batch"}
    fail(emulator, "s0", "s1")
    submission = client.submit(specs(2), key=KEY, **how)
    emulator.clock.advance(A_DAY)  # type: ignore[attr-defined]
    emulator.faults.add(Fault("StartRun", status=500, after_commit=True, times=2))
    outcomes = client.wait_all(submission.started.values())
    told: list[int] = []
    for result in submission.results:  # each leaves one open: time is up before its answer
        one = attrs.evolve(submission, results=(result,))
        told.append(len(retry(client, one, outcomes, timeout=0.4).unsent))
    assert told == [1, 1]
    emulator.faults.add(Fault("StartRun", code="AccessDeniedException", times=1))
    stopped = client.submit(specs(2), key=KEY, **how)
    assert [one.status for one in stopped.results] == ["unsent", "unsent"]
    assert [one.may_have_started for one in stopped.results] == [True, True]
    again = client.submit(specs(2), key=KEY, **how)
    assert [one.generation for one in again.results] == [2, 2]
    assert names(emulator) == ["s0", "s0", "s1", "s1"]


def test_a_run_that_cannot_be_read_is_not_passed_over(emulator: Emulator) -> None:
    """It may be one of those that failed."""
    client = emulator.client()
    submission = one_failed(client, emulator)
    emulator.faults.add(Fault("GetRun", status=200, body=b'{"id": 5}', times=None))
    with pytest.raises(errors.UnreadableResponseError):
        retry(client, submission)


def test_no_retry_overwrites_the_files_of_another_spec(emulator: Emulator) -> None:
    """Whether that one has completed or not."""
    client = emulator.client()
    fail(emulator, "s1")
    mode = {"output_uri_prefix_mode": "NONE_WITH_OVERWRITE"}
    given = [
        RunSpec(f"s{n}", BASE.replace(name=f"s{n}", output_uri=f"s3://b/{n}", **mode))
        for n in range(2)
    ]
    submission = submit(client, emulator, given)
    again = retry(client, submission, change=lambda one, _: one.replace(output_uri="s3://b/0/"))
    assert "another spec" in str(again.refused[0].error)
    assert len(emulator.runs) == 2
