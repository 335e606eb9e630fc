"""Submitting through a batch: each run exactly once, whatever the color, whoever is killed."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import attrs
import httpx
import pytest
from attrs import define
from hypothesis import given, settings
from hypothesis import strategies as st

from omics_runs import RunSpec, Submission, SubmitProgress, errors
from omics_runs._submission import batch_request_id_of
from omics_runs.emulator import Emulator, Fault, Quotas, VirtualClock
from omics_runs.models import StorageType
from tests.examples import examples

from .conftest import Caller
from .test_submitting import (
    BASE,
    COUNT,
    KEY,
    Killed,
    Reaper,
    assert_exactly_once,
    client_of,
    names,
    specs,
    until_killed,
)

VIA: dict[str, Any] = {"key": KEY, "via": "batch"}


@pytest.fixture
def emulator() -> Emulator:
    """Have an emulator that lets calls pass as often as they come."""
    return Emulator(VirtualClock())


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    """Return the place of a journal that is not there yet."""
    return tmp_path / "campaign.journal"


@define
class Bucket:
    """Where files of settings are uploaded to; counts them."""

    emulator: Emulator
    uploads: int = 0
    name: str = ""

    def upload(self, name: str, data: bytes) -> str:
        """Put a file where batches find it."""
        self.uploads, self.name = self.uploads + 1, name
        uri = f"s3://my-bucket/{name}"
        self.emulator.add_object(uri, data.decode())
        return uri


def kind_of(progress: SubmitProgress) -> str:
    """Return what is told."""
    if progress.result is not None:
        return "result"
    return "look" if progress.trouble is None else "trouble"


def statuses(submission: Submission) -> list[str]:
    """Return the status of each result."""
    return [one.status for one in submission.results]


# --- in all colors --------------------------------------------------------------------------


def test_a_hundred_runs_go_with_the_call(caller: Caller) -> None:
    """One call starts all of them at the rate that the service keeps, and each spec has its run."""
    emulator = Emulator(VirtualClock(), rates="documented")
    submission = caller.client(emulator).submit(specs(100), **VIA)
    assert_exactly_once(emulator, submission, 100)
    assert emulator.count("StartRunBatch") == 1
    assert emulator.count("StartRun") == 0
    assert submission.stopped_by is None
    submission.raise_for_errors()


def test_more_runs_go_through_a_file(caller: Caller, emulator: Emulator) -> None:
    """The caller's function uploads it, under a name that is the same each time."""
    bucket = Bucket(emulator)
    submission = caller.client(emulator).submit(specs(250), **VIA, upload=bucket.upload)
    assert_exactly_once(emulator, submission, 250)
    assert re.fullmatch(rf"{batch_request_id_of(KEY, 1)}-[0-9a-f]{{16}}\.json", bucket.name)
    assert (bucket.uploads, emulator.count("ListRunsInBatch")) == (1, 3)


def test_a_hundred_runs_need_no_file(emulator: Emulator) -> None:
    """What can upload one is not asked to."""
    bucket = Bucket(emulator)
    emulator.client().submit(specs(100), **VIA, upload=bucket.upload)
    assert (bucket.uploads, len(emulator.runs)) == (0, 100)


def test_a_batch_can_be_waited_for(emulator: Emulator) -> None:
    """The submission says which batch it was, as does each result."""
    client = emulator.client()
    submission = client.submit(specs(), **VIA)
    (batch_id,) = submission.batch_ids
    assert {one.batch_id for one in submission.results} == {batch_id}
    assert client.wait_until_batch(batch_id).is_success


def test_results_come_when_the_batch_has_submitted_all(caller: Caller, emulator: Emulator) -> None:
    """With the first of them all runs are there, and progress is told one by one."""
    told: list[str] = []
    results = caller.client(emulator).iter_submit(
        specs(), **VIA, progress=lambda seen: told.append(str(seen))
    )
    assert next(results).name == "s0"
    assert len(emulator.runs) == COUNT
    *looks, first = told
    assert first == "1 of 5 started"
    assert re.fullmatch(r"0 of 5 started, batch \d+ INPROGRESS, 5 of its runs tried", looks[-1])
    assert [one.name for one in results] == ["s1", "s2", "s3", "s4"]
    assert told[-1].startswith("5 of 5 started")


OF_THE_RUN = {"id", "uuid", "arn", "batchId", "runOutputUri", "logLocation", "status"}
OF_THE_TIME = {"creationTime", "startTime", "stopTime"}


def test_a_run_is_what_it_would_be_alone(emulator: Emulator) -> None:
    """Started by a batch, it has all that its spec asks for, and nothing of its neighbour's."""
    emulator.add_workflow("7")
    common = BASE.replace(
        workflow_id="7", storage_type="STATIC", storage_capacity=2400, retention_mode="REMOVE"
    )
    own = common.replace(
        name="own",
        output_uri="s3://my-bucket/own",
        priority=7,
        parameters={"x": 1},
        tags={"n": "1"},
        engine_settings={"profile": "p"},
    )
    given = [RunSpec("own", own), RunSpec("plain", common)]
    client = emulator.client()
    by_batch, alone = (client.submit(given, key=KEY, via=via).started for via in ("batch", "runs"))
    for name in ("own", "plain"):
        one, other = (emulator.runs[ref.id].to_dict() for ref in (by_batch[name], alone[name]))
        different = {key for key in one.keys() | other.keys() if one.get(key) != other.get(key)}
        assert different <= OF_THE_RUN | OF_THE_TIME
        assert bool(one.get("tags")) == (name == "own")


def test_a_second_submission_sends_the_rest_in_a_batch_of_its_own(
    caller: Caller, emulator: Emulator, journal: Path
) -> None:
    """What the journal knows is adopted, with its batch; what is new goes into the next one."""
    client = caller.client(emulator)
    first = client.submit(specs(2), **VIA, journal=journal)
    second = client.submit(specs(), **VIA, journal=journal)
    assert_exactly_once(emulator, second)
    assert list(second.adopted) == ["s0", "s1"]
    assert second.batch_ids[:1] == first.batch_ids
    assert len(second.batch_ids) == 2
    third = client.submit(specs(), **VIA, journal=journal)
    assert len(third.adopted) == COUNT
    assert third.batch_ids == second.batch_ids
    assert emulator.count("StartRunBatch") == 2


def test_without_a_journal_the_id_finds_the_batch(caller: Caller, emulator: Emulator) -> None:
    """The same specs and key are the same batch; with other specs the service refuses it."""
    client = caller.client(emulator)
    first, second = (client.submit(specs(), **VIA) for _ in range(2))
    assert_exactly_once(emulator, second)
    assert first.batch_ids == second.batch_ids
    changed = client.submit(specs(COUNT + 1), **VIA)
    assert {type(one.error) for one in changed.refused} == {errors.ConflictError}
    assert len(changed.refused) == COUNT + 1
    assert len(emulator.runs) == COUNT


def test_a_changed_file_is_no_batch_that_is_known(emulator: Emulator) -> None:
    """Without a journal, too, nobody gets runs for settings that they were not started with."""
    client, bucket = emulator.client(), Bucket(emulator)
    first = client.submit(specs(101), **VIA, upload=bucket.upload)
    again = client.submit(specs(101), **VIA, upload=bucket.upload)
    assert again.started == first.started
    changed = [RunSpec("s0", BASE.replace(name="s0", priority=7)), *specs(101)[1:]]
    refused = client.submit(changed, **VIA, upload=bucket.upload).refused
    assert {type(one.error) for one in refused} == {errors.ConflictError}
    assert (len(refused), len(emulator.runs)) == (101, 101)


@pytest.mark.parametrize(("first", "second"), [("runs", "batch"), ("batch", "runs")])
def test_a_journal_is_of_one_way(
    emulator: Emulator, journal: Path, first: str, second: str
) -> None:
    """The other way would not recognize its runs, so nothing is sent."""
    client = emulator.client()
    client.submit(specs(), key=KEY, journal=journal, via=first)
    with pytest.raises(errors.ConfigurationError, match=f"via '{first}', and not via '{second}'"):
        client.submit(specs(COUNT + 1), key=KEY, journal=journal, via=second)
    assert len(emulator.runs) == COUNT


def test_what_an_upload_raises_ends_it(caller: Caller, emulator: Emulator, journal: Path) -> None:
    """It reaches the caller as it is, nothing was sent, and the next submission begins anew."""

    def upload(name: str, data: bytes) -> str:
        raise LookupError(name)

    client = caller.client(emulator)
    with pytest.raises(LookupError, match=batch_request_id_of(KEY, 1)):
        client.submit(specs(101), **VIA, journal=journal, upload=upload)
    assert emulator.requests == []
    bucket = Bucket(emulator)
    submission = client.submit(specs(101), **VIA, journal=journal, upload=bucket.upload)
    assert_exactly_once(emulator, submission, 101)


def test_what_remains_when_time_is_up_is_continued(
    caller: Caller, emulator: Emulator, journal: Path
) -> None:
    """The batch goes on; the next submission finds its runs, and sends what is new."""
    client = caller.client(emulator)
    late = client.submit(specs(), **VIA, journal=journal, timeout=8)
    assert isinstance(late.stopped_by, errors.SubmissionTimeoutError)
    assert "the 8 s of the submission are over: batch " in str(late.stopped_by)
    assert {(one.status, one.may_have_started) for one in late.results} == {("unsent", True)}
    assert len(late.batch_ids) == 1
    assert emulator.clock.monotonic() < 9
    early = client.submit(specs(6), **VIA, journal=journal, timeout=0)
    assert [one.may_have_started for one in early.results] == [True] * COUNT + [False]
    done = client.submit(specs(6), **VIA, journal=journal)
    assert_exactly_once(emulator, done, 6)
    assert len(done.adopted) == COUNT
    assert emulator.count("StartRunBatch") == 2


def test_trouble_is_ridden_out(caller: Caller, emulator: Emulator) -> None:
    """The batch and each page are asked for again, the batch with the same request id."""
    told: list[str] = []
    emulator.faults.add(
        Fault("StartRunBatch", drop=True, after_commit=True),
        Fault.throttle("StartRunBatch", times=3),
        Fault("GetBatch", status=500, times=7),
        Fault("ListRunsInBatch", status=503, times=5),
    )
    submission = caller.client(emulator).submit(
        specs(), **VIA, progress=lambda seen: told.append(kind_of(seen))
    )
    assert_exactly_once(emulator, submission)
    ids = {one.body["requestId"] for one in emulator.requests if one.operation == "StartRunBatch"}
    assert ids == {batch_request_id_of(KEY, 1)}
    assert told.count("result") == COUNT
    assert told.count("trouble") == 4 + 5
    assert told.count("look") >= 1


# --- what goes wrong ------------------------------------------------------------------------


def test_a_quota_leaves_the_rest_for_another_batch(journal: Path) -> None:
    """Runs that the account had no room for are unsent, and the next submission starts them."""
    emulator = Emulator(VirtualClock(), quotas=Quotas(max_stored_runs=2))
    client = emulator.client()
    submission = client.submit(specs(), **VIA, journal=journal)
    assert statuses(submission) == ["started"] * 2 + ["unsent"] * 3
    error = submission.unsent[0].error
    assert isinstance(error, errors.BatchRunError)
    assert error.reason == "ServiceQuotaExceededException"
    assert (error.batch_id,) == submission.batch_ids
    assert not any(one.may_have_started for one in submission.results)
    with pytest.raises(errors.SubmissionError, match="s2 unsent: batch "):
        submission.raise_for_errors()
    for run in submission.started.values():
        client.wait_until(run)
        client.delete_run(run.id)
    again = client.submit(specs(), **VIA, journal=journal)
    assert statuses(again) == ["started"] * 4 + ["unsent"]
    assert list(again.adopted) == ["s0", "s1"]


def with_parameters(name: str, parameters: dict[str, object]) -> RunSpec:
    """Return a spec of a workflow that needs a parameter `x`."""
    return RunSpec(name, BASE.replace(workflow_id="7", name=name, parameters=parameters))


def test_a_run_that_is_refused_is_mended_under_its_name(emulator: Emulator, journal: Path) -> None:
    """The others have their runs; mended, it goes into the next batch."""
    emulator.add_workflow("7", parameter_template={"x": {"optional": False}})
    client = emulator.client()
    given = [with_parameters("right", {"x": 1}), with_parameters("wrong", {})]
    submission = client.submit(given, **VIA, journal=journal)
    assert statuses(submission) == ["started", "refused"]
    assert "ValidationException" in str(submission.refused[0])
    given[1] = with_parameters("wrong", {"x": 2})
    mended = client.submit(given, **VIA, journal=journal)
    assert statuses(mended) == ["started", "started"]
    assert list(mended.adopted) == ["right"]
    assert len(emulator.runs) == 2


def test_a_batch_that_failed_refuses_all_of_its_specs(emulator: Emulator, journal: Path) -> None:
    """A file that is not there, for one; put there, the next submission goes on as the next."""
    client = emulator.client()
    failed = client.submit(specs(101), **VIA, journal=journal, upload=lambda *_: "s3://b/none")
    assert {type(one.error) for one in failed.refused} == {errors.BatchFailedError}
    assert (len(failed.refused), failed.stopped_by) == (101, None)
    assert not any(one.may_have_started for one in failed.results)
    bucket = Bucket(emulator)
    again = client.submit(specs(101), **VIA, journal=journal, upload=bucket.upload)
    assert_exactly_once(emulator, again, 101)
    assert bucket.name.startswith(batch_request_id_of(KEY, 2))


@pytest.mark.parametrize(
    ("code", "status"),
    [("ServiceQuotaExceededException", "unsent"), ("ValidationException", "refused")],
)
def test_a_batch_that_is_not_accepted(
    emulator: Emulator, journal: Path, code: str, status: str
) -> None:
    """Nothing was started; the next submission sends it again, whatever has changed."""
    emulator.faults.add(Fault("StartRunBatch", code=code))
    client = emulator.client()
    submission = client.submit(specs(), **VIA, journal=journal)
    assert statuses(submission) == [status] * COUNT
    assert not any(one.may_have_started for one in submission.results)
    assert (submission.stopped_by is None) == (status == "refused")
    assert submission.batch_ids == ()
    changed = [RunSpec("s0", BASE.replace(name="s0", priority=7)), *specs()[1:]]
    assert_exactly_once(emulator, client.submit(changed, **VIA, journal=journal))


@pytest.mark.parametrize("status", ["PENDING", "SUBMITTING"])
def test_a_cancelled_batch(journal: Path, status: str) -> None:
    """What it had not started is unsent, and sent anew the next time; its runs stay its runs."""
    emulator = Emulator(VirtualClock(), rates="documented")
    client = emulator.client()
    waiting = [status]

    def cancel(event: Any) -> None:
        if event.operation == "GetBatch" and waiting:
            batch_id = event.request.batch_id
            client.wait_until_batch(batch_id, waiting.pop(), min_delay=1, max_delay=1)
            client.cancel_run_batch(batch_id=batch_id)

    submission = emulator.client(on_request=cancel).submit(specs(20), **VIA, journal=journal)
    assert isinstance(submission.stopped_by, errors.BatchCancelledError)
    assert len(submission.started) == len(emulator.runs) < 20
    assert (len(submission.started) > 0) == (status == "SUBMITTING")
    assert {one.error for one in submission.unsent} == {submission.stopped_by}
    assert not any(one.may_have_started for one in submission.results)
    assert_exactly_once(emulator, client.submit(specs(20), **VIA, journal=journal), 20)


def test_a_batch_that_was_deleted_leaves_its_specs_open(emulator: Emulator, journal: Path) -> None:
    """Nobody knows any more which run came of which spec, so nothing is sent again for them.

    What is new goes on.
    """
    client = emulator.client()
    late = client.submit(specs(), **VIA, journal=journal, timeout=8)
    client.wait_until_batch(late.batch_ids[0])
    client.delete_batch(late.batch_ids[0])
    lost = client.submit(specs(6), **VIA, journal=journal)
    assert lost.stopped_by is None
    assert [one.may_have_started for one in lost.results] == [True] * COUNT + [False]
    assert statuses(lost) == ["unsent"] * COUNT + ["started"]
    assert " is gone, and nobody knows" in str(lost.results[0].error)
    assert len(emulator.runs) == COUNT + 1


def test_a_list_that_never_ends_stops_the_submission(emulator: Emulator, journal: Path) -> None:
    """The specs stay open, and are found when the list makes sense again."""
    client = emulator.client()
    endless = Fault("ListRunsInBatch", status=200, body=b'{"runs": [], "nextToken": "abc"}')
    emulator.faults.add(attrs.evolve(endless, times=2))
    stopped = client.submit(specs(), **VIA, journal=journal)
    assert isinstance(stopped.stopped_by, errors.UnreadableResponseError)
    assert {one.may_have_started for one in stopped.unsent} == {True}
    assert_exactly_once(emulator, client.submit(specs(), **VIA, journal=journal))


def test_the_list_may_be_refused(emulator: Emulator, journal: Path) -> None:
    """Without permission for it the specs stay open, and are found once there is."""
    emulator.faults.add(Fault("ListRunsInBatch", code="AccessDeniedException"))
    client = emulator.client()
    denied = client.submit(specs(), **VIA, journal=journal)
    assert isinstance(denied.stopped_by, errors.AccessDeniedError)
    assert {one.may_have_started for one in denied.unsent} == {True}
    assert_exactly_once(emulator, client.submit(specs(), **VIA, journal=journal))


# --- refused before anything is sent --------------------------------------------------------


def refusal_of(emulator: Emulator, given: list[RunSpec], **options: Any) -> dict[str, str]:
    """Return the problems for which a submission is refused as a whole."""
    with pytest.raises(errors.InvalidRequestError) as caught:
        emulator.client().submit(given, **VIA, **options)
    assert emulator.requests == []
    return dict(caught.value.problems)


def test_what_a_batch_cannot_carry_is_refused_first(emulator: Emulator) -> None:
    """All of it is named at once, by spec and member, and nothing is sent."""
    given = [
        *specs(1),
        RunSpec("copy", BASE.replace(workflow_id=None, run_id="7")),
        RunSpec("bare", BASE.replace(output_uri_prefix_mode="SERVICE_DEFINED")),
        RunSpec("ready", BASE.replace(workflow_type="READY2RUN")),
        RunSpec("other", BASE.replace(storage_type="STATIC", session_policy="secret")),
        RunSpec("x" * 129, BASE),
    ]
    problems = refusal_of(emulator, given)
    assert sorted(problems) == [
        "'bare'.output_uri_prefix_mode",
        "'copy'.run_id",
        "'copy'.workflow_id",
        "'other'.session_policy",
        "'other'.storage_type",
        "'ready'.workflow_type",
        f"'{'x' * 57}…'",
    ]
    assert "is not that of 's0'" in problems["'other'.storage_type"]
    assert "must have 1 to 128 characters, got 129" in problems[f"'{'x' * 57}…'"]
    assert "secret" not in str(problems)


def test_no_batch_runs_what_is_ready(emulator: Emulator) -> None:
    """Also not where all specs agree on it."""
    problems = refusal_of(emulator, [RunSpec("s0", BASE.replace(workflow_type="READY2RUN"))])
    assert list(problems) == ["'s0'.workflow_type"]
    assert "READY2RUN" in problems["'s0'.workflow_type"]


def test_of_many_problems_a_few_are_named(emulator: Emulator) -> None:
    """A sheet of which the first row is odd makes no message of all the others."""
    given = [RunSpec("odd", BASE.replace(storage_type="STATIC")), *specs(50)]
    with pytest.raises(errors.InvalidRequestError) as caught:
        emulator.client().submit(given, **VIA)
    assert len(caught.value.problems) == 50
    assert str(caught.value).count("is not that of 'odd'") == 20
    assert str(caught.value).endswith("; and 30 more")
    assert emulator.requests == []


def test_more_than_a_hundred_runs_need_an_upload(emulator: Emulator) -> None:
    """The error says what to do."""
    problems = refusal_of(emulator, specs(101))
    assert "send them via 'runs', or, in Python" in problems["upload"]


@pytest.mark.parametrize("uri", ["", "https://my-bucket/x", None, 7])
def test_an_upload_has_to_tell_where(emulator: Emulator, uri: Any) -> None:
    """What is no S3 URI is refused."""
    problems = refusal_of(emulator, specs(101), upload=lambda *_: uri)
    assert problems["upload"] == f"must return the s3:// URI of the file, got {uri!r}"


def test_wrong_specs_are_refused_by_themselves(emulator: Emulator) -> None:
    """A wrong request, a name twice: the others go on."""
    given = [*specs(2), RunSpec("wrong", BASE.replace(role_arn="x")), *specs(1)]
    submission = emulator.client().submit(given, **VIA)
    assert statuses(submission) == ["started", "started", "refused", "refused"]
    assert "role_arn" in str(submission.refused[0])
    assert "same name" in str(submission.refused[1])
    assert names(emulator) == ["s0", "s1"]


def test_what_is_no_json_is_refused_by_itself_without_validation_too(emulator: Emulator) -> None:
    """It would make the whole batch fail."""
    given = [*specs(1), RunSpec("nan", BASE.replace(parameters={"x": float("nan")}))]
    submission = emulator.client(validate=False).submit(given, **VIA)
    assert statuses(submission) == ["started", "refused"]


def test_a_changed_spec_is_refused(emulator: Emulator, journal: Path) -> None:
    """Its run is there with another content, and its result names the batch."""
    client = emulator.client()
    client.submit(specs(1), **VIA, journal=journal)
    submission = client.submit([RunSpec("s0", BASE)], **VIA, journal=journal)
    assert statuses(submission) == ["refused"]
    assert len(submission.batch_ids) == 1
    assert len(emulator.runs) == 1


def test_nothing_to_send(emulator: Emulator) -> None:
    """Without specs there is no batch."""
    assert emulator.client().submit([], **VIA).results == ()
    assert emulator.requests == []


# --- kills, and two at once -----------------------------------------------------------------


@define
class LosesAnswer(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """The emulator in process, whose answers to an operation nobody lives to see."""

    sync: httpx.BaseTransport
    has_answered: Callable[[], bool]

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer, and be killed."""
        response = self.sync.handle_request(request)
        if self.has_answered():
            raise Killed
        return response

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer in the same way."""
        await anyio.lowlevel.checkpoint()
        return self.handle_request(request)


def killed_at(caller: Caller, emulator: Emulator, operation: str, place: str) -> Any:
    """Return a client that is killed before or after an operation, or on its answer's way."""

    def die(event: Any) -> None:
        if event.operation == operation:
            raise Killed

    if place == "before the send":
        return caller.client(emulator, on_request=die)
    if place == "after the answer":
        return caller.client(emulator, on_response=die)
    kind = httpx.Client if caller._portal is None else httpx.AsyncClient
    transport: Any = LosesAnswer(emulator.transport(), lambda: emulator.count(operation) > 0)
    return caller.client(emulator, http_client=kind(transport=transport))


@pytest.mark.parametrize(
    ("operation", "place", "sent", "adopted"),
    [
        pytest.param("StartRunBatch", "before the send", 1, 0, id="before the send"),
        pytest.param("StartRunBatch", "before the answer", 2, 0, id="before the answer"),
        pytest.param("StartRunBatch", "after the answer", 2, 0, id="before the batch is noted"),
        pytest.param("GetBatch", "before the send", 1, 1, id="once the batch is noted"),
        pytest.param("GetBatch", "after the answer", 1, 1, id="while it is waited for"),
        pytest.param("ListRunsInBatch", "before the answer", 1, 1, id="before the list"),
        pytest.param("ListRunsInBatch", "after the answer", 1, 1, id="before runs are noted"),
    ],
)
def test_a_kill_at_each_step(
    caller: Caller,
    emulator: Emulator,
    journal: Path,
    operation: str,
    place: str,
    sent: int,
    adopted: int,
) -> None:
    """The next submission resends what was sent, or reads on, and one more is for what is new."""
    options: Any = {**VIA, "journal": journal}
    client = killed_at(caller, emulator, operation, place)
    assert until_killed(caller, client.wrapped.submit, specs=specs(), **options) is None
    submission = caller.client(emulator).submit(specs(COUNT + 1), **options)
    assert_exactly_once(emulator, submission, COUNT + 1)
    assert len(submission.adopted) == adopted * COUNT
    assert len(submission.batch_ids) == 2
    assert emulator.count("StartRunBatch") == sent + 1


@pytest.mark.parametrize("place", ["before the send", "before the answer"])
def test_a_file_is_uploaded_once(emulator: Emulator, journal: Path, place: str) -> None:
    """What is sent again after a kill names the file that is there."""
    caller, bucket = Caller(None), Bucket(emulator)
    options: Any = {**VIA, "journal": journal, "upload": bucket.upload}
    client = killed_at(caller, emulator, "StartRunBatch", place)
    assert until_killed(caller, client.wrapped.submit, specs=specs(101), **options) is None
    submission = emulator.client().submit(specs(101), **{**options, "upload": None})
    assert_exactly_once(emulator, submission, 101)
    assert bucket.uploads == 1


def test_a_kill_while_uploading(emulator: Emulator, journal: Path) -> None:
    """Nothing was noted or sent, so that the specs are simply submitted."""

    def upload(name: str, data: bytes) -> str:
        raise Killed

    with pytest.raises(Killed):
        emulator.client().submit(specs(101), **VIA, journal=journal, upload=upload)
    bucket = Bucket(emulator)
    client = emulator.client()
    submission = client.submit(specs(101), **VIA, journal=journal, upload=bucket.upload)
    assert_exactly_once(emulator, submission, 101)


def test_what_is_sent_again_is_what_was_sent(emulator: Emulator, journal: Path) -> None:
    """Its file, its defaults and all of its settings, whatever of it is submitted now."""
    caller = Caller(None)
    client = killed_at(caller, emulator, "StartRunBatch", "before the answer")
    assert (
        until_killed(caller, client.wrapped.submit, specs=specs(), **VIA, journal=journal) is None
    )
    submission = emulator.client().submit(specs(2), **VIA, journal=journal)
    assert list(submission.started) == ["s0", "s1"]
    first, second = (one.body for one in emulator.requests if one.operation == "StartRunBatch")
    assert json.dumps(first) == json.dumps(second)
    assert len(emulator.runs) == COUNT
    assert len(emulator.client().submit(specs(), **VIA, journal=journal).adopted) == COUNT


def test_values_newer_than_the_release_are_sent_again(emulator: Emulator, journal: Path) -> None:
    """What was let through before is not refused when it comes out of the journal."""
    caller = Caller(None)
    given = [RunSpec("s0", BASE.replace(name="s0", storage_type=StorageType("NEWER")))]
    client = killed_at(caller, emulator, "StartRunBatch", "before the send")
    assert until_killed(caller, client.wrapped.submit, specs=given, **VIA, journal=journal) is None
    submission = emulator.client().submit(given, **VIA, journal=journal)
    assert isinstance(submission.results[0].error, errors.ValidationError)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_cancelled_submission(emulator: Emulator, journal: Path, backend: str) -> None:
    """It lets go of its journal at once, and the next one finds the batch."""

    async def main() -> Submission:
        async with emulator.async_client() as client:
            with anyio.CancelScope() as scope:
                other = emulator.async_client(
                    on_response=lambda event: event.operation == "GetBatch" and scope.cancel()
                )
                await other.submit(specs(), **VIA, journal=journal)
            assert scope.cancelled_caught
            return await client.submit(specs(), **VIA, journal=journal)

    assert_exactly_once(emulator, anyio.run(main, backend=backend))
    assert emulator.count("StartRunBatch") == 1


def test_a_journal_serves_one_submission_at_a_time(emulator: Emulator, journal: Path) -> None:
    """The second is told that it is in use, and sends nothing."""
    client = emulator.client()
    results = client.iter_submit(specs(), **VIA, journal=journal)
    next(results)
    with pytest.raises(errors.ConfigurationError, match="is in use by another submission"):
        client.submit(specs(COUNT + 1), **VIA, journal=journal)
    results.close()
    assert_exactly_once(emulator, client.submit(specs(), **VIA, journal=journal))


# Each may be met, and all of them pass or are mended by submitting again.
FAULTS = st.sampled_from(
    [
        Fault("StartRunBatch", status=500),
        Fault("StartRunBatch", status=503, after_commit=True, times=3),
        Fault("StartRunBatch", drop=True, after_commit=True),
        Fault("StartRunBatch", code="ConflictException"),
        Fault("StartRunBatch", code="AccessDeniedException", after_commit=True),
        Fault("StartRunBatch", code="ValidationException"),
        Fault("GetBatch", drop="mid-body"),
        Fault("GetBatch", code="AccessDeniedException"),
        Fault("ListRunsInBatch", code="ThrottlingException", times=4),
        Fault("ListRunsInBatch", code="ValidationException"),
    ]
)


@given(
    faults=st.lists(st.builds(attrs.evolve, FAULTS, skip=st.integers(0, 2)), max_size=4),
    kills=st.sets(st.integers(1, 25), max_size=4),
    keeps_journal=st.booleans(),
)
@settings(max_examples=examples(50))
def test_never_more_and_never_fewer_runs_than_specs(
    tmp_path_factory: pytest.TempPathFactory,
    faults: list[Fault],
    kills: set[int],
    *,
    keeps_journal: bool,
) -> None:
    """Whatever goes wrong and whoever is killed: submitted again and again, all is there once."""
    place = tmp_path_factory.mktemp("campaign") / "journal" if keeps_journal else None
    emulator = Emulator(VirtualClock())
    emulator.faults.add(*faults)
    caller, reaper = Caller(None), Reaper(kills)
    while True:
        client = client_of(caller, emulator, reaper)
        options: Any = {**VIA, "specs": specs(), "journal": place}
        submission = until_killed(caller, client.wrapped.submit, **options)
        assert len(emulator.runs) in {0, COUNT}
        if submission is not None and len(submission.started) == COUNT:
            break
    assert_exactly_once(emulator, submission)


def test_two_submitters_of_the_same_specs() -> None:
    """Without a journal both send, and the service tells both of the same batch."""
    emulator = Emulator(VirtualClock(2), rates="documented")
    found: list[Submission] = []

    def work() -> None:
        with emulator.client() as client:
            found.append(client.submit(specs(), **VIA))
        emulator.clock.leave()  # type: ignore[attr-defined]

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for submission in found:
        assert_exactly_once(emulator, submission)
    assert found[0].started == found[1].started
