"""Many runs waited for at once, in process on a virtual clock, whatever the color."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable
from typing import Any

import anyio
import pytest

from omics_runs import (
    FleetProgress,
    OmicsRunsClient,
    RequestEvent,
    RunOutcome,
    RunRef,
    RunSpec,
    StartRunRequest,
    errors,
)
from omics_runs.emulator import Durations, Emulator, Fault, Quotas, VirtualClock

from .conftest import AdaptedItems, Caller

RUN = {
    "workflow_id": "1234567",
    "role_arn": "arn:aws:iam::123456789012:role/OmicsRole",
    "output_uri": "s3://my-bucket/output",
}
QUICK = Durations(pending=5, starting=60, running=600, stopping=5)
FAST = {"poll_rate": 9.0, "sign": False}


def start(emulator: Emulator, names: Iterable[str], **members: Any) -> list[RunRef]:
    """Start runs and return what names them for good."""
    with emulator.client(sign=False) as client:
        return [client.start_run(**RUN, name=name, **members).ref for name in names]


def planned(emulator: Emulator) -> Emulator:
    """Have runs end by the first letter of their names, some sooner than others."""
    emulator.plan("c*")
    emulator.plan("f*", ends="FAILED", failure_reason="EXPORT_FAILED", after=300)
    emulator.plan("x*", ends="CANCELLED", after=400)
    return emulator


@pytest.fixture
def emulator() -> Emulator:
    """Have an emulator whose runs end in different ways."""
    return planned(
        Emulator(VirtualClock(), durations=QUICK, reuse_ids=True, verify_signatures=False)
    )


def as_completed(
    client: Any, caller: Caller, runs: Any, **how: Any
) -> tuple[Iterable[RunOutcome], Any]:
    """Return the outcomes, and the client's own iterator over them."""
    outcomes = client.as_completed(runs, **how)
    return AdaptedItems(outcomes, caller), outcomes


class Meddler:
    """What happens to runs between rounds: here through a client of its own."""

    def __init__(self, emulator: Emulator) -> None:
        self.client: OmicsRunsClient = emulator.client(sign=False)
        self.emulator = emulator
        self.deleted: set[str] = set()
        self.rounds = 0

    def __call__(self, progress: FleetProgress) -> None:
        """Delete what has ended and is called so, and start others, which get the free ids."""
        self.rounds += 1
        for run_id, run in list(self.emulator.runs.items()):
            if (run.name or "").endswith("deleted") and run.status.is_terminal:
                self.client.delete_run(run_id)
                self.deleted.add(str(run.uuid))
                self.client.start_run(**RUN, name="c-stranger")


EXPECTED = {"c": type(None), "f": errors.RunFailedError, "x": errors.RunCancelledError}


def test_300_runs_have_their_true_ends(caller: Caller, emulator: Emulator) -> None:
    """Through throttling, server errors, deletions and reused ids, each run ends once, as it did.

    Half of those that are to be deleted end between two rounds and are gone before they are asked
    for; their ids are given to other runs.
    """
    names = [f"{'cfx'[n % 3]}{n}{'-deleted' if n % 10 == 0 else ''}" for n in range(300)]
    refs = start(emulator, names)
    for code, status in (("ThrottlingException", 429), ("InternalServerException", 500)):
        emulator.faults.add(Fault("GetRun", code=code, status=status, probability=0.1))
        emulator.faults.add(Fault("ListRuns", code=code, status=status, probability=0.1))
    meddler = Meddler(emulator)
    client = caller.client(emulator, **FAST)
    outcomes = client.wait_all(refs, min_delay=60, progress=meddler)
    assert [outcome.ref for outcome in outcomes] == refs
    for name, outcome in zip(names, outcomes, strict=True):
        kind = type(outcome.error)
        if outcome.ref.uuid in meddler.deleted and kind is not EXPECTED[name[0]]:
            assert kind in {errors.RunGoneError, errors.RunReplacedError}
        else:
            assert kind is EXPECTED[name[0]]
            assert outcome.run is not None
            assert outcome.run.uuid == outcome.ref.uuid
    assert len(meddler.deleted) >= 30


def test_evicted_runs_are_gone(caller: Caller) -> None:
    """Runs that the service removes to make room are told of as they were last seen."""
    quotas = Quotas(max_stored_runs=10)
    emulator = planned(
        Emulator(VirtualClock(), durations=QUICK, quotas=quotas, verify_signatures=False)
    )
    refs = start(emulator, [f"c{n}" for n in range(10)], retention_mode="REMOVE")

    def make_room(progress: FleetProgress) -> None:
        if any(run.status.is_terminal for run in emulator.runs.values()) and not started:
            started.extend(start(emulator, ["new"]))

    started: list[RunRef] = []
    client = caller.client(emulator, poll_rate=None)
    emulator.faults.add(Fault("GetRun", status=500, times=9))
    outcomes = client.wait_all(refs, progress=make_room)
    kinds = [type(outcome.error) for outcome in outcomes]
    assert kinds.count(errors.RunGoneError) == 1
    assert kinds.count(type(None)) == 9


def test_runs_join_meanwhile(caller: Caller, emulator: Emulator) -> None:
    """Each run that ends has another one started, which is waited for as well."""
    client = caller.client(emulator)
    outcomes, iterator = as_completed(client, caller, start(emulator, ["c0", "c1", "f2"]))
    names = [f"c{n}" for n in range(3, 6)]
    ended = []
    for outcome in outcomes:
        ended.append(outcome.ref)
        if names:
            iterator.add(*start(emulator, [names.pop()]))
    assert len(set(ended)) == 6
    assert iterator.pending == ()


def test_a_deadline_leaves_out_no_run(caller: Caller, emulator: Emulator) -> None:
    """What has not ended in time is told of, and stays pending."""
    refs = start(emulator, [f"{'cf'[n % 2]}{n}" for n in range(20)])
    client = caller.client(emulator, **FAST)
    outcomes, iterator = as_completed(client, caller, refs, timeout=450)
    kinds = {outcome.ref: type(outcome.error) for outcome in outcomes}
    assert set(kinds) == set(refs)
    assert [kinds[ref] for ref in refs[:2]] == [errors.WaitTimeoutError, errors.RunFailedError]
    assert set(iterator.pending) == set(refs[::2])
    assert emulator.clock.monotonic() == pytest.approx(450, abs=30)


GO_ON = """
import sys
from omics_runs import OmicsRunsClient, RunCheckpoint
client = OmicsRunsClient("us-west-2", endpoint_url=sys.argv[1], credentials=(*sys.argv[2:4], None))
checkpoint = RunCheckpoint.parse(sys.stdin.read())
for outcome in client.as_completed(checkpoint, min_delay=0.05, max_delay=0.1):
    print(outcome.ref, outcome.unwrap().status)
"""


def test_another_process_goes_on() -> None:
    """A text is all that it needs to wait for what is left."""
    emulator = planned(Emulator(durations=QUICK, verify_signatures=False))
    refs = start(emulator, ["f0", "c1", "c2"])
    outcomes = emulator.client().as_completed(refs)
    assert next(outcomes).ref == refs[0]
    checkpoint = outcomes.checkpoint()
    assert checkpoint.refs == (refs[1], refs[2])
    emulator.clock.sleep(3600)
    with emulator.serve() as url:
        command = [sys.executable, "-c", GO_ON, url, emulator.access_key, emulator.secret_key]
        done = subprocess.run(
            command, input=str(checkpoint), capture_output=True, text=True, check=True
        )
    assert done.stdout.splitlines() == [f"{ref} COMPLETED" for ref in refs[1:]]


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.parametrize("operation", ["ListRuns", "GetRun"])
def test_a_cancelled_wait_goes_on(backend: str, operation: str, emulator: Emulator) -> None:
    """Cancelled in the midst of a sweep, or while a run is settled, it has lost nothing."""
    refs = start(emulator, [f"c{n}" for n in range(10)])

    calls: list[str] = []
    scopes: list[anyio.CancelScope] = []

    def cancel_in_the_seventh(event: RequestEvent) -> None:
        calls.append(event.operation)
        if calls.count(operation) == 7:
            scopes[0].cancel()

    async def main() -> list[RunOutcome]:
        client = emulator.async_client(**FAST, on_request=cancel_in_the_seventh)
        async with client:
            outcomes = client.as_completed(refs)
            found: list[RunOutcome] = []
            with anyio.CancelScope() as scope:
                scopes.append(scope)
                async for outcome in outcomes:
                    found.append(outcome)  # noqa: PERF401  (what came before counts, too)
            assert scope.cancelled_caught
            assert len(found) + len(outcomes.pending) == len(refs)
            return found + [outcome async for outcome in outcomes]

    outcomes = anyio.run(main, backend=backend)
    assert sorted(map(str, (outcome.ref for outcome in outcomes))) == sorted(map(str, refs))


def test_a_hint_shortens_the_wait(caller: Caller, emulator: Emulator) -> None:
    """A run that has ended is told of as soon as somebody has heard of it."""
    refs = start(emulator, [f"c{n}" for n in range(9)] + ["f9"])
    client = caller.client(emulator, **FAST)
    emulator.clock.sleep(350)

    def tell(progress: FleetProgress) -> None:
        iterator.hint(refs[-1])

    emulator.faults.add(Fault("ListRuns", status=500, times=3))
    how = {"min_delay": 3600, "max_delay": 3600, "progress": tell}
    outcomes, iterator = as_completed(client, caller, refs, **how)
    assert next(iter(outcomes)).ref == refs[-1]
    assert emulator.clock.monotonic() < 400


def test_a_submission_names_its_runs(caller: Caller, emulator: Emulator) -> None:
    """So does a mapping from names to runs, such as its `started`."""
    client = caller.client(emulator)
    specs = [RunSpec(name, StartRunRequest(**RUN, name=name)) for name in ("c0", "f1", "c2")]
    submission = client.submit(specs, key="k", rate=None)
    outcomes = client.wait_all(submission)
    assert [outcome.ref for outcome in outcomes] == list(submission.started.values())
    again = client.wait_all(submission.started)
    assert [outcome.ref for outcome in again] == [outcome.ref for outcome in outcomes]
    checkpoint = client.as_completed(submission).checkpoint()
    assert checkpoint.refs == tuple(submission.started.values())


def test_many_wrong_runs_make_no_endless_message(caller: Caller, emulator: Emulator) -> None:
    """Twenty are told; the error has all of them."""
    with pytest.raises(errors.InvalidRequestError) as caught:
        caller.client(emulator).wait_all(f"sample-{n}" for n in range(1000))
    assert len(caught.value.problems) == 1000
    assert str(caught.value).count("runs[") == 20
    assert str(caught.value).endswith("; and 980 more")


def test_runs_that_are_known_to_exist_are_waited_for(caller: Caller, emulator: Emulator) -> None:
    """A service that knows nothing of them yet is asked again for a minute."""
    refs = start(emulator, ["c0", "f1"])
    emulator.faults.add(Fault("GetRun", code="ResourceNotFoundException", status=404, times=4))
    outcomes = caller.client(emulator, **FAST).wait_all(refs)
    assert [type(outcome.error) for outcome in outcomes] == [type(None), errors.RunFailedError]


def test_lists_that_always_fail_keep_nobody_waiting(caller: Caller, emulator: Emulator) -> None:
    """Now and then each run is asked for by itself."""
    refs = start(emulator, [f"c{n}" for n in range(8)])
    emulator.faults.add(Fault("ListRuns", code="InternalServerException", status=500, times=None))
    outcomes = caller.client(emulator, **FAST).wait_all(refs, timeout=86_400)
    assert {outcome.error for outcome in outcomes} == {None}


def test_a_list_that_never_ends_is_left(caller: Caller, emulator: Emulator) -> None:
    """GetRun has to do."""
    refs = start(emulator, [f"c{n}" for n in range(8)])
    endless = Fault("ListRuns", status=200, body=b'{"items": [], "nextToken": "abc"}', times=None)
    emulator.faults.add(endless)
    outcomes = caller.client(emulator, **FAST).wait_all(refs, timeout=86_400)
    assert {outcome.error for outcome in outcomes} == {None}
    assert emulator.count("ListRuns") == 2


def sweeps_of(emulator: Emulator) -> list[list[str]]:
    """Return what each sweep over lists has asked for."""
    sweeps: list[list[str]] = []
    for one in emulator.requests:
        if one.operation == "ListRuns":
            if "status=PENDING" in one.target and "startingToken" not in one.target:
                sweeps.append([])
            sweeps[-1].append(one.target)
    return sweeps


def test_lists_are_narrowed_to_a_common_group(caller: Caller, emulator: Emulator) -> None:
    """Once the end of a run has told its group, only that group is listed."""
    group = emulator.add_run_group("7654321")
    refs = start(emulator, ["f0", *(f"c{n}" for n in range(30))], run_group_id=group)
    start(emulator, [f"c-stranger-{n}" for n in range(200)])
    client = caller.client(emulator, **FAST)
    emulator.forget_requests()
    client.wait_all(refs, min_delay=60, max_delay=60)
    whole, narrow = [], []
    for sweep in sweeps_of(emulator):
        (narrow if f"runGroupId={group}" in sweep[0] else whole).append(len(sweep))
    assert max(whole) == 6
    assert len(whole) < len(narrow)
    assert set(narrow) == {4}


def test_a_wrong_guess_about_the_group_costs_one_sweep(caller: Caller, emulator: Emulator) -> None:
    """Where the other runs are in no group, they are neither lost nor asked for one by one."""
    group = emulator.add_run_group("7654321")
    refs = [
        *start(emulator, ["f0"], run_group_id=group),
        *start(emulator, [f"c{n}" for n in range(40)]),
    ]
    start(emulator, [f"c-stranger-{n}" for n in range(200)])
    client = caller.client(emulator, **FAST)
    emulator.forget_requests()
    outcomes = client.wait_all(refs, min_delay=60, max_delay=60)
    assert [type(outcome.error) for outcome in outcomes] == [errors.RunFailedError] + 40 * [
        type(None)
    ]
    narrow = [one for one in sweeps_of(emulator) if f"runGroupId={group}" in one[0]]
    assert len(narrow) == 1
    assert emulator.count("GetRun") <= len(refs) + 1


def test_wrong_arguments_are_refused(caller: Caller, emulator: Emulator) -> None:
    """Both methods name all problems, before anything is asked."""
    client = caller.client(emulator)
    for method in (client.wait_all, client.as_completed):
        with pytest.raises(errors.InvalidRequestError, match=r"runs\[0\]"):
            method(["x"])
    assert emulator.requests == []
