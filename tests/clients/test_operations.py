"""Both clients against the emulator: one suite in three colors."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest

from omics_runs import (
    TERMINAL,
    FailureReason,
    RunListItem,
    RunStatus,
    StartRunRequest,
    TaskStatus,
    errors,
)
from omics_runs._paging import Items
from omics_runs.emulator import Emulator, Fault, VirtualClock
from omics_runs.models import StartRunBatchResponse

from .conftest import Caller

ROLE = "arn:aws:iam::123456789012:role/OmicsRole"
NEEDED: dict[str, Any] = {"workflow_id": "1234567", "role_arn": ROLE, "output_uri": "s3://b/out"}
HOUR = 3600


@pytest.fixture
def emulator() -> Emulator:
    """Give each test a service of its own, on a virtual clock."""
    return Emulator(VirtualClock())


@pytest.fixture
def client(caller: Caller, emulator: Emulator) -> Iterator[Any]:
    """Give each test a client in process."""
    client = caller.client(emulator)
    yield client
    client.close()


def test_from_start_to_completed(client: Any, emulator: Emulator) -> None:
    """A run is started, waited for, and its answer has all that was given."""
    parameters = {"sample": "NA12878", "Threads": 8, "none": None, "nested": {"empty": {}}}
    started = client.start_run(
        **NEEDED, name="cram-to-bam", parameters=parameters, storage_type="DYNAMIC", tags={"k": "v"}
    )
    assert started.status is RunStatus.PENDING
    statuses: list[str] = []
    run = client.wait_until(
        started, timeout=24 * HOUR, progress=lambda p: statuses.append(p.run.status)
    )
    assert run.status is RunStatus.COMPLETED
    assert run.ref == started.ref
    assert (run.name, run.parameters, run.tags) == ("cram-to-bam", parameters, {"k": "v"})
    assert run.start_time is not None
    assert run.stop_time is not None
    assert run.start_time < run.stop_time
    assert list(dict.fromkeys(statuses)) == [
        "PENDING",
        "STARTING",
        "RUNNING",
        "STOPPING",
        "COMPLETED",
    ]
    assert all(request.signed for request in emulator.requests)


def test_a_wait_of_hours_takes_no_time(client: Any, emulator: Emulator) -> None:
    """On the virtual clock the wait is hours long and polls at its own pace."""
    started = client.start_run(**NEEDED)
    elapsed: list[float] = []
    client.wait_until(started, progress=lambda p: elapsed.append(p.elapsed))
    assert elapsed[-1] > HOUR / 2
    assert emulator.count("GetRun") == len(elapsed) < elapsed[-1] / 5


def test_a_failed_run(client: Any, emulator: Emulator) -> None:
    """A failure is raised with its reason, and the task's own reason is in GetRunTask."""
    emulator.plan(ends="FAILED", failure_reason="RUN_TASK_FAILED", status_message="a task failed")
    started = client.start_run(**NEEDED)
    with pytest.raises(errors.RunFailedError, match="a task failed") as caught:
        client.wait_until(started)
    assert caught.value.failure_reason is FailureReason.RUN_TASK_FAILED
    failed = list(client.iter_run_tasks(started.id, status="FAILED"))
    assert [task.status for task in failed] == [TaskStatus.FAILED]
    task = client.get_run_task(started.id, failed[0].task_id)
    assert task.failure_reason is not None
    assert client.wait_until(started, TERMINAL).status is RunStatus.FAILED


def test_cancel_and_delete(client: Any) -> None:
    """A cancelled run raises for those who want it completed; a deleted one satisfies DELETED."""
    started = client.start_run(**NEEDED)
    client.wait_until(started, "RUNNING")
    assert client.cancel_run(started.id).response_metadata.status_code == 202
    with pytest.raises(errors.RunCancelledError):
        client.wait_until(started)
    with pytest.raises(errors.ConflictError):
        client.cancel_run(started.id)
    client.delete_run(started.id)
    with pytest.raises(errors.ResourceNotFoundError):
        client.get_run(started.id)


def test_a_run_that_was_seen_and_deleted(client: Any) -> None:
    """Whoever waits for DELETED gets the run as it was last seen."""
    started = client.start_run(**NEEDED)
    client.cancel_run(started.id)
    done = client.wait_until(started, "CANCELLED")
    client.delete_run(started.id)
    assert client.wait_until(done, "DELETED").status is RunStatus.CANCELLED
    with pytest.raises(errors.RunGoneError):
        client.wait_until(done, "COMPLETED")


def test_lists_and_their_pages(client: Any) -> None:
    """Items come over all pages, with a limit, with filters, and from a token on."""
    ids = [client.start_run(**NEEDED, name=f"run-{n % 2}").id for n in range(25)]
    page = client.list_runs(max_results=10)
    assert len(page.items) == 10
    assert all(isinstance(item, RunListItem) for item in page.items)
    everything = list(client.iter_runs(max_results=10))
    assert sorted(item.id for item in everything) == sorted(ids)
    assert len(list(client.iter_runs(max_results=10, limit=15))) == 15
    assert list(client.iter_runs(limit=0)) == []
    assert len(list(client.iter_runs(name="run-1", max_results=5))) == 12
    rest = list(client.iter_runs(max_results=10, starting_token=page.next_token))
    assert page.items + tuple(rest) == tuple(everything)


@pytest.mark.parametrize("size", [None, 4, 100])
def test_a_limit_ends_where_its_token_goes_on(client: Any, size: int | None) -> None:
    """What a limit cut off comes next from `next_token`, nothing lost and nothing twice."""
    for _ in range(12):
        client.start_run(**NEEDED)
    first = client.iter_runs(max_results=size, limit=7)
    ids = [item.id for item in first]
    assert len(ids) == 7
    ids += [item.id for item in client.iter_runs(starting_token=first.next_token)]
    assert len(set(ids)) == len(ids) == 12
    assert sum(len(page.items) for page in client.iter_runs(max_results=size, limit=7).pages()) == 7


def test_pages_and_the_token_to_go_on(client: Any, emulator: Emulator) -> None:
    """`pages()` gives whole pages; `next_token` continues where somebody stopped."""
    for _ in range(5):
        client.start_run(**NEEDED)
    items = client.iter_runs(max_results=2)
    assert [len(page.items) for page in items.pages()] == [2, 2, 1]
    assert items.next_token is None
    first = client.iter_runs(max_results=2)
    assert emulator.count("ListRuns") == 3, "nothing is asked for before it is needed"
    got = [next(first), next(first)]
    more = list(client.iter_runs(starting_token=first.next_token))
    assert len(got + more) == 5


def test_a_service_that_gives_more_than_asked(client: Any, emulator: Emulator) -> None:
    """A limit holds even if a page is larger than it should be."""
    items = [{"id": str(n), "arn": "a", "status": "RUNNING"} for n in range(5)]
    emulator.faults.add(Fault("ListRuns", status=200, body=json.dumps({"items": items}).encode()))
    assert [item.id for item in client.iter_runs(limit=3)] == ["0", "1", "2"]


def test_a_repeated_token_is_an_error_that_loses_nothing(client: Any, emulator: Emulator) -> None:
    """A service that repeats a token would never end; its items come, then the error."""
    body = {"items": [{"id": "1", "arn": "a", "status": "RUNNING"}], "nextToken": "again"}
    emulator.faults.add(Fault("ListRuns", times=None, status=200, body=json.dumps(body).encode()))
    items = client.iter_runs()
    assert [next(items).id, next(items).id] == ["1", "1"]
    with pytest.raises(errors.UnreadableResponseError, match="twice"):
        next(items)


def test_an_error_leaves_the_iteration_where_it_was(client: Any, emulator: Emulator) -> None:
    """After a failed page the next item can be asked for again."""
    client.start_run(**NEEDED)
    emulator.faults.add(Fault("ListRuns", code="AccessDeniedException"))
    items = client.iter_runs()
    with pytest.raises(errors.AccessDeniedError):
        next(items)
    assert len(list(items)) == 1


def test_a_limit_hides_no_bad_page_size(client: Any) -> None:
    """A page size that is wrong stays wrong, whatever the limit."""
    for size in (0, 1000, "5"):
        with pytest.raises(errors.InvalidRequestError, match="max_results"):
            list(client.iter_runs(limit=5, max_results=size))


@pytest.mark.parametrize("limit", [-1, True, 1.5, "3"])
def test_a_limit_is_a_count(client: Any, limit: Any) -> None:
    """A limit that counts nothing is refused before anything is asked for."""
    with pytest.raises(errors.InvalidRequestError, match="limit"):
        list(client.iter_runs(limit=limit))


@pytest.mark.parametrize(
    ("code", "kind", "status"),
    [
        pytest.param("ValidationException", errors.ValidationError, 400, id="400"),
        pytest.param(
            "ServiceQuotaExceededException", errors.ServiceQuotaExceededError, 402, id="402"
        ),
        pytest.param("AccessDeniedException", errors.AccessDeniedError, 403, id="403"),
        pytest.param("ResourceNotFoundException", errors.ResourceNotFoundError, 404, id="404"),
        pytest.param("RequestTimeoutException", errors.RequestTimeoutError, 408, id="408"),
        pytest.param("ConflictException", errors.ConflictError, 409, id="409"),
        pytest.param("ThrottlingException", errors.ThrottlingError, 429, id="429"),
        pytest.param("InternalServerException", errors.InternalServerError, 500, id="500"),
    ],
)
def test_every_documented_error(
    client: Any, emulator: Emulator, code: str, kind: type[errors.ServiceError], status: int
) -> None:
    """Each error of the service is raised as its own class, with all that it carries."""
    emulator.faults.add(Fault("StartRun", code=code, times=None))
    with pytest.raises(kind) as caught:
        client.start_run(**NEEDED, request_id="mine")
    error = caught.value
    assert type(error) is kind
    assert (error.code, error.status_code, error.operation) == (code, status, "StartRun")
    assert error.request_id == "mine"
    assert error.aws_request_id == emulator.requests[-1].aws_request_id
    assert error.attempts[-1].aws_request_id == error.aws_request_id


def test_a_lost_answer_starts_one_run(client: Any, emulator: Emulator) -> None:
    """StartRun takes effect, its answer is lost, and the retry gets the same run."""
    emulator.faults.add(Fault("StartRun", after_commit=True, drop=True))
    started = client.start_run(**NEEDED)
    assert started.response_metadata.attempts == 2
    assert list(emulator.runs) == [started.id]


def test_a_conflict_with_our_own_attempt(client: Any, emulator: Emulator) -> None:
    """A 409 while our first attempt is still in flight is retried, and the run is ours."""
    emulator.faults.add(Fault("StartRun", after_commit=True, status=503))
    emulator.faults.add(Fault("StartRun", code="ConflictException"))
    assert client.start_run(**NEEDED).id in emulator.runs
    assert len(emulator.runs) == 1


def test_a_conflict_that_stays(client: Any, emulator: Emulator) -> None:
    """The error says that a run may be there, and sending the same request finds it."""
    emulator.faults.add(Fault("StartRun", after_commit=True, drop=True))
    emulator.faults.add(Fault("StartRun", code="ConflictException", times=2))
    with pytest.raises(errors.ConflictError) as caught:
        client.start_run(**NEEDED)
    assert caught.value.may_have_taken_effect
    started = client.send(caught.value.request)
    assert list(emulator.runs) == [started.id]


def test_the_same_request_starts_one_run(client: Any, emulator: Emulator) -> None:
    """The request object is the unit of idempotency; another content under its id is refused."""
    request = StartRunRequest(**NEEDED)
    assert client.send(request).id == client.send(request).id
    assert len(emulator.runs) == 1
    with pytest.raises(errors.ConflictError):
        client.start_run(**NEEDED, request_id=request.request_id, name="other")


def test_a_template_evolved_500_times(client: Any, emulator: Emulator) -> None:
    """Each `replace` draws a new request id, so that 500 requests are 500 runs."""
    template = StartRunRequest(**NEEDED)
    for number in range(500):
        client.send(template.replace(name=f"sample-{number}"))
    assert len(emulator.runs) == 500
    assert len({run.name for run in emulator.runs.values()}) == 500


def test_an_unknown_run(client: Any) -> None:
    """A run that is not there is not found, in calls and in waits."""
    with pytest.raises(errors.ResourceNotFoundError):
        client.get_run("999")
    with pytest.raises(errors.ResourceNotFoundError):
        client.wait_until("999")


def test_throttling_during_a_wait(client: Any, emulator: Emulator) -> None:
    """A burst of throttling, server errors and dropped connections is ridden out."""
    started = client.start_run(**NEEDED)
    for fault in (
        Fault("GetRun", code="ThrottlingException", times=7),
        Fault("GetRun", status=500, times=7),
        Fault("GetRun", drop=True, times=7),
        Fault("GetRun", body=b"<html>", times=7),
    ):
        emulator.faults.add(fault)
    assert client.wait_until(started, timeout=24 * HOUR).status is RunStatus.COMPLETED


def test_a_wait_that_is_over(client: Any) -> None:
    """The timeout leaves the run alone and shows it as it was last seen."""
    started = client.start_run(**NEEDED)
    with pytest.raises(errors.WaitTimeoutError) as caught:
        client.wait_until(started, timeout=120)
    assert caught.value.elapsed == pytest.approx(120)
    assert caught.value.run.ref == started.ref
    assert client.wait_until(started).status is RunStatus.COMPLETED


def test_a_reused_id(caller: Caller) -> None:
    """The id of a deleted run is given out again; whoever waits for the old one is told."""
    emulator = Emulator(VirtualClock(), reuse_ids=True)
    client = caller.client(emulator)
    old = client.start_run(**NEEDED)
    client.cancel_run(old.id)
    client.wait_until(old, "CANCELLED")
    client.delete_run(old.id)
    new = client.start_run(**NEEDED)
    assert new.id == old.id
    with pytest.raises(errors.RunReplacedError) as caught:
        client.wait_until(old)
    assert caught.value.seen_uuid == new.uuid


def test_wrong_keys(caller: Caller, emulator: Emulator) -> None:
    """A wrong secret and an unknown key are AuthenticationError, and are not retried."""
    for keys in ((emulator.access_key, "wrong", None), ("UNKNOWN", emulator.secret_key, None)):
        client = caller.client(emulator, credentials=keys)
        with pytest.raises(errors.AuthenticationError) as caught:
            client.get_run("1")
        assert len(caught.value.attempts) == 1


@pytest.mark.parametrize(
    ("arguments", "path"),
    [
        pytest.param({"role_arn": ""}, "role_arn", id="empty role"),
        pytest.param({"role_arn": None}, "role_arn", id="no role"),
        pytest.param({"output_uri": ""}, "output_uri", id="empty output URI"),
        pytest.param({"workflow_id": "abc"}, "workflow_id", id="an id with letters"),
        pytest.param({"workflow_id": None}, "workflow_id", id="neither workflow nor run"),
        pytest.param({"name": "n" * 129}, "name", id="a name of 129 characters"),
        pytest.param({"priority": -1}, "priority", id="priority below 0"),
        pytest.param({"priority": 100_001}, "priority", id="priority above 100,000"),
        pytest.param({"priority": True}, "priority", id="a boolean as priority"),
        pytest.param({"priority": 1.0}, "priority", id="a float as priority"),
        pytest.param({"storage_type": "DYNAMICAL"}, "storage_type", id="unknown enum string"),
        pytest.param({"tags": {"k": 1}}, "tags['k']", id="a number as tag"),
        pytest.param({"tags": {"": "v"}}, "tags key ''", id="an empty tag key"),
        pytest.param({"tags": "k=v"}, "tags", id="text for tags"),
        pytest.param({"parameters": {"a": {1}}}, "parameters.a", id="a set in the parameters"),
        pytest.param(
            {"parameters": {"a": float("nan")}}, "parameters.a", id="NaN in the parameters"
        ),
        pytest.param({"request_id": ""}, "request_id", id="an empty request id"),
        pytest.param({"session_policy": "x" * 2049}, "session_policy", id="a long policy"),
    ],
)
def test_bad_input_is_named_and_not_sent(
    client: Any, emulator: Emulator, arguments: dict[str, Any], path: str
) -> None:
    """Each wrong value is an InvalidRequestError that names its place; nothing is sent."""
    with pytest.raises(errors.InvalidRequestError) as caught:
        client.start_run(**NEEDED | arguments)
    assert [where for where, _ in caught.value.problems] == [path]
    assert path in str(caught.value)
    assert emulator.requests == []


def test_a_secret_is_not_in_the_error(client: Any) -> None:
    """A refused session policy is not repeated in the message."""
    with pytest.raises(errors.InvalidRequestError) as caught:
        client.start_run(**NEEDED, session_policy="HUSH" * 1000)
    assert "HUSH" not in str(caught.value)


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param({"wrkflow_id": "1"}, id="misspelt"),
        pytest.param({}, id="missing"),
    ],
)
def test_missing_and_misspelt_arguments(client: Any, emulator: Emulator, arguments: Any) -> None:
    """Python itself names an argument that is missing or doesn't exist; nothing is sent."""
    with pytest.raises(TypeError, match=r"wrkflow_id|role_arn"):
        client.start_run(**arguments)
    assert emulator.requests == []


@pytest.mark.parametrize(
    ("call", "path"),
    [
        pytest.param(lambda c: c.get_run("abc"), "id", id="get_run"),
        pytest.param(lambda c: c.cancel_run("abc"), "id", id="cancel_run"),
        pytest.param(lambda c: c.delete_run(""), "id", id="delete_run"),
        pytest.param(lambda c: c.get_run_task("1", "x"), "task_id", id="get_run_task"),
        pytest.param(lambda c: c.list_runs(max_results=101), "max_results", id="list_runs"),
        pytest.param(lambda c: c.get_run("1", export=["PDF"]), "export[0]", id="export"),
        pytest.param(lambda c: c.get_run("1", export="DEFINITION"), "export", id="text for a list"),
        pytest.param(
            lambda c: c.get_run("1", export=["DEFINITION"] * 33), "export", id="a long list"
        ),
    ],
)
def test_bad_input_of_other_calls(client: Any, emulator: Emulator, call: Any, path: str) -> None:
    """The other operations name what is wrong as well."""
    with pytest.raises(errors.InvalidRequestError) as caught:
        call(client)
    assert [where for where, _ in caught.value.problems] == [path]
    assert emulator.requests == []


def test_an_operation_without_pages_has_none_to_go_through() -> None:
    """The iterator refuses a request that has no pages."""
    with pytest.raises(errors.InvalidRequestError, match="no pages"):
        Items(lambda request: request, StartRunRequest(**NEEDED), limit=None)  # type: ignore[arg-type, return-value]


def test_an_empty_token_is_the_end(client: Any, emulator: Emulator) -> None:
    """Some services end a list with an empty token instead of none."""
    body = {"items": [{"id": "1", "arn": "a", "status": "RUNNING"}], "nextToken": ""}
    emulator.faults.add(Fault("ListRuns", times=None, status=200, body=json.dumps(body).encode()))
    items = client.iter_runs()
    assert [item.id for item in items] == ["1"]
    assert items.next_token is None
    assert emulator.count("ListRuns") == 1


def test_what_is_not_a_run_is_told_apart(caller: Caller, emulator: Emulator) -> None:
    """A batch is pointed to its own wait, and a call that was not awaited to `await`."""
    client = caller.client(emulator)
    with pytest.raises(errors.InvalidRequestError, match="there is wait_until_batch"):
        client.wait_until(StartRunBatchResponse(id="7"))
    forgotten = asyncio.sleep(0)
    with pytest.raises(errors.InvalidRequestError, match="await it first"):
        client.wait_until(forgotten)
    forgotten.close()
    with pytest.raises(errors.InvalidRequestError, match=r"got 7$"):
        client.wait_until(7)


def test_a_closed_client_in_process(caller: Caller, emulator: Emulator) -> None:
    """A client of the emulator is closed like any other."""
    client = caller.client(emulator)
    client.close()
    with pytest.raises(errors.ConfigurationError, match="closed"):
        client.list_runs()
