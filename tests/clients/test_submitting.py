"""Submitting many runs, each exactly once, whatever the color, whoever is killed and when."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import attrs
import httpx
import pytest
from attrs import define, field
from hypothesis import given, settings
from hypothesis import strategies as st

from omics_runs import OmicsRunsClient, RunSpec, StartRunRequest, Submission, errors
from omics_runs.emulator import Emulator, Fault, VirtualClock
from tests.examples import examples

from .conftest import Caller

BASE = StartRunRequest(
    workflow_id="1234567",
    role_arn="arn:aws:iam::123456789012:role/OmicsRole",
    output_uri="s3://my-bucket/output",
)
KEY = "cohort-7"
COUNT = 5


def specs(count: int = COUNT) -> list[RunSpec]:
    """Return specs with runs that can be told from each other."""
    return [RunSpec(f"s{number}", BASE.replace(name=f"s{number}")) for number in range(count)]


@pytest.fixture
def emulator() -> Emulator:
    """Have an emulator that lets calls pass as often as they come."""
    return Emulator(VirtualClock())


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    """Return the place of a journal that is not there yet."""
    return tmp_path / "campaign.journal"


def names(emulator: Emulator) -> list[str | None]:
    """Return the names of all runs that there are."""
    return sorted(run.name or "" for run in emulator.runs.values())


def assert_exactly_once(emulator: Emulator, submission: Submission, count: int = COUNT) -> None:
    """Each spec has its run, the one that the submission says, and there are no others."""
    assert names(emulator) == sorted(spec.name for spec in specs(count))
    by_id = {run.id: run for run in emulator.runs.values()}
    assert {name: by_id[ref.id].name for name, ref in submission.started.items()} == {
        spec.name: spec.name for spec in specs(count)
    }
    assert all(by_id[ref.id].uuid == ref.uuid for ref in submission.started.values())


# --- in all colors --------------------------------------------------------------------------


def test_each_spec_gets_its_run(caller: Caller) -> None:
    """At the documented rate none is throttled, and none is late."""
    emulator = Emulator(VirtualClock(), rates="documented")
    submission = caller.client(emulator).submit(specs(40), key=KEY)
    assert_exactly_once(emulator, submission, 40)
    assert emulator.count("StartRun") == 40
    assert 39 <= emulator.clock.monotonic() <= 42


def test_results_come_one_by_one(caller: Caller, emulator: Emulator, journal: Path) -> None:
    """Each is there as soon as StartRun has answered, and nothing more was sent by then."""
    results = caller.client(emulator).iter_submit(specs(), key=KEY, journal=journal)
    for number, result in enumerate(results, start=1):
        assert result.name == f"s{number - 1}"
        assert emulator.count("StartRun") == number
    assert number == COUNT


def test_a_second_submission_starts_what_is_missing(
    caller: Caller, emulator: Emulator, journal: Path
) -> None:
    """Runs of the first one are adopted from the journal without a call."""
    caller.client(emulator).submit(specs(2), key=KEY, journal=journal)
    submission = caller.client(emulator).submit(specs(), journal=journal)
    assert list(submission.adopted) == ["s0", "s1"]
    assert_exactly_once(emulator, submission)
    assert emulator.count("StartRun") == COUNT


def test_without_a_journal_the_ids_find_the_runs(
    caller: Caller, emulator: Emulator, journal: Path
) -> None:
    """A lost journal costs calls, and starts nothing a second time."""
    client = caller.client(emulator)
    client.submit(specs(2), key=KEY, journal=journal)
    journal.unlink()
    assert_exactly_once(emulator, client.submit(specs(), key=KEY, journal=journal))
    assert_exactly_once(emulator, client.submit(specs(), key=KEY))
    assert emulator.count("StartRun") == 2 + 2 * COUNT


def test_other_keys_are_other_campaigns(caller: Caller, emulator: Emulator) -> None:
    """A key is what makes a run one's own."""
    client = caller.client(emulator)
    first, second = (client.submit(specs(), key=key) for key in ("one", "two"))
    assert not set(first.started.values()) & set(second.started.values())
    assert len(emulator.runs) == 2 * COUNT


def test_a_journal_is_of_one_key(caller: Caller, emulator: Emulator, journal: Path) -> None:
    """With another one nothing is sent, and nothing adopted."""
    client = caller.client(emulator)
    client.submit(specs(), key=KEY, journal=journal)
    with pytest.raises(errors.ConfigurationError, match="belongs to the key 'cohort-7'"):
        client.submit(specs(), key="other", journal=journal)
    with pytest.raises(errors.ConfigurationError, match="belongs to the key 'cohort-7'"):
        next(client.iter_submit(specs(), key="other", journal=journal))
    assert emulator.count("StartRun") == COUNT


def test_changed_content_is_refused(caller: Caller, emulator: Emulator, journal: Path) -> None:
    """By the journal, which has the digest; without one by the service, which has the request."""
    client = caller.client(emulator)
    client.submit(specs(1), key=KEY, journal=journal)
    changed = [RunSpec("s0", BASE.replace(name="changed"))]
    by_journal = client.submit(changed, key=KEY, journal=journal)
    assert isinstance(by_journal.refused[0].error, errors.InvalidRequestError)
    by_service = client.submit(changed, key=KEY)
    assert isinstance(by_service.refused[0].error, errors.ConflictError)
    assert "the same key was used before for this name" in str(by_service.refused[0])
    assert by_service.refused[0].may_have_started
    assert names(emulator) == ["s0"]


def test_a_quota_stops_it_and_the_rest_is_resumed(
    caller: Caller, emulator: Emulator, journal: Path
) -> None:
    """The same call again goes on where it was stopped."""
    emulator.faults.add(Fault("StartRun", code="ServiceQuotaExceededException", skip=2))
    client = caller.client(emulator)
    stopped = client.submit(specs(), key=KEY, journal=journal)
    assert isinstance(stopped.stopped_by, errors.ServiceQuotaExceededError)
    assert [one.name for one in stopped.unsent] == ["s2", "s3", "s4"]
    resumed = client.submit(specs(), key=KEY, journal=journal)
    assert_exactly_once(emulator, resumed)
    assert list(resumed.adopted) == ["s0", "s1"]


def test_what_remains_when_time_is_up(caller: Caller, emulator: Emulator) -> None:
    """Two go at the rate of one a second, the third would be too late."""
    submission = caller.client(emulator).submit(specs(), key=KEY, timeout=2)
    assert (len(submission.started), len(submission.unsent)) == (2, 3)
    assert isinstance(submission.stopped_by, errors.SubmissionTimeoutError)
    assert emulator.clock.monotonic() <= 2


def test_throttling_slows_it_down(caller: Caller, emulator: Emulator) -> None:
    """Others may use up the rate for long; none of the specs fails for it."""
    emulator.faults.add(Fault.throttle("StartRun", times=20))
    submission = caller.client(emulator).submit(specs(), key=KEY)
    assert_exactly_once(emulator, submission)
    assert emulator.clock.monotonic() > 300


def test_a_client_that_is_closed_submits_nothing(caller: Caller) -> None:
    """It says so when it is called, not when the first result is asked for."""
    client = caller.remote(endpoint_url="http://127.0.0.1:9", sign=False)
    client.close()
    with pytest.raises(errors.ConfigurationError, match="closed"):
        client.iter_submit(specs(), key=KEY)


# --- two at once ----------------------------------------------------------------------------


def test_a_journal_serves_one_submission_at_a_time(
    caller: Caller, emulator: Emulator, journal: Path
) -> None:
    """The second is told that it is in use; when the first was closed, it goes on."""
    client = caller.client(emulator)
    results = client.iter_submit(specs(), key=KEY, journal=journal)
    next(results)
    with pytest.raises(errors.ConfigurationError, match="is in use by another submission"):
        client.submit(specs(), key=KEY, journal=journal)
    close = getattr(results.wrapped, "aclose", None) or results.wrapped.close
    caller.run(close)
    assert_exactly_once(emulator, client.submit(specs(), key=KEY, journal=journal))


def test_two_submitters_of_the_same_specs() -> None:
    """Without a journal both send, and the service tells both of the same runs."""
    emulator = Emulator(VirtualClock(2), rates="documented")
    found: list[Submission] = []

    def work() -> None:
        with emulator.client() as client:
            found.append(client.submit(specs(), key=KEY))
        emulator.clock.leave()  # type: ignore[attr-defined]

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for submission in found:
        assert_exactly_once(emulator, submission)
    assert found[0].started == found[1].started


# --- kills ----------------------------------------------------------------------------------


class Killed(BaseException):
    """The end of a process: nothing after it is done, and nobody may catch it."""


@define
class Reaper:
    """Counts the steps of submissions, and kills at those that it was told."""

    at: set[int]
    steps: int = 0
    where: list[str] = field(factory=list[str])

    def step(self, where: str) -> None:
        """Go one step, if it is not the last one."""
        self.steps += 1
        if self.steps in self.at:
            self.where.append(where)
            raise Killed


@define
class Transport(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """The emulator in process, with a reaper before and after it."""

    sync: httpx.BaseTransport
    reaper: Reaper

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer, unless one is killed: before the send, or before the answer."""
        self.reaper.step("before the send")
        try:
            return self.sync.handle_request(request)
        finally:
            self.reaper.step("before the answer")

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer in the same way."""
        await anyio.lowlevel.checkpoint()
        return self.handle_request(request)


def client_of(caller: Caller, emulator: Emulator, reaper: Reaper) -> Any:
    """Return a client that can be killed at three places of each start."""
    transport: Any = Transport(emulator.transport(), reaper)
    kind = httpx.Client if caller._portal is None else httpx.AsyncClient
    return caller.client(
        emulator,
        http_client=kind(transport=transport),
        on_response=lambda _: reaper.step("before the journal"),
    )


def until_killed(caller: Caller, submit: Callable[..., Any], **options: Any) -> Submission | None:
    """Submit; return None if it was killed. A kill must not end the event loop of the test."""

    def sync() -> Any:
        with suppress(Killed):
            return submit(**options)

    async def other() -> Any:
        with suppress(Killed):
            return await submit(**options)

    found: Submission | None = caller.run(sync if caller._portal is None else other)
    return found


@pytest.mark.parametrize("place", ["before the send", "before the answer", "before the journal"])
@pytest.mark.parametrize("number", [0, 2, 4])
def test_a_kill_at_each_step(
    caller: Caller, emulator: Emulator, journal: Path, place: str, number: int
) -> None:
    """A new process with the same journal ends with one run for each spec, always."""
    steps = ["before the send", "before the answer", "before the journal"]
    reaper = Reaper({3 * number + 1 + steps.index(place)})
    client = client_of(caller, emulator, reaper)
    options: Any = {"specs": specs(), "key": KEY, "journal": journal}
    assert until_killed(caller, client.wrapped.submit, **options) is None
    assert reaper.where == [place]
    assert len(emulator.runs) == number + (place != "before the send")
    submission = caller.client(emulator).submit(**options)
    assert_exactly_once(emulator, submission)
    assert len(submission.adopted) == number
    assert emulator.count("StartRun") == COUNT + (place != "before the send")


@pytest.mark.parametrize("place", ["before the send", "before the answer", "before the journal"])
def test_a_kill_at_each_step_of_the_hundredth_of_200(
    emulator: Emulator, journal: Path, place: str
) -> None:
    """The service has 200 runs in the end, of 200 names, and the journal knows each."""
    steps = ["before the send", "before the answer", "before the journal"]
    caller, reaper = Caller(None), Reaper({3 * 100 + 1 + steps.index(place)})
    client = client_of(caller, emulator, reaper)
    options: Any = {"specs": specs(200), "key": KEY, "journal": journal, "rate": None}
    assert until_killed(caller, client.wrapped.submit, **options) is None
    assert reaper.where == [place]
    submission = emulator.client().submit(**options)
    assert_exactly_once(emulator, submission, 200)
    assert len(submission.adopted) == 100


class Once:
    """A collection by its methods that can be read only once, as `tqdm` makes of a generator."""

    def __init__(self, given: list[RunSpec]) -> None:
        self._left = iter(given)

    def __len__(self) -> int:
        return COUNT

    def __contains__(self, spec: object) -> bool:
        return False

    def __iter__(self) -> Any:
        return self._left


@pytest.mark.parametrize("via", ["runs", "batch"])
def test_what_looks_like_a_collection_is_read_once(emulator: Emulator, via: Any) -> None:
    """All checks before the first send go by what was read."""
    submission = emulator.client().submit(Once(specs()), key=KEY, via=via)
    assert_exactly_once(emulator, submission)


def test_a_journal_knows_where_its_runs_are(emulator: Emulator, journal: Path) -> None:
    """Those of an emulator are none of AWS's."""
    emulator.client().submit(specs(), key=KEY, journal=journal)
    with (
        OmicsRunsClient("us-west-2", credentials=("AK", "SK", None)) as client,
        pytest.raises(errors.ConfigurationError, match="and the client is for AWS"),
    ):
        client.submit(specs(), key=KEY, journal=journal)


def test_a_kill_while_a_turn_is_waited_for(emulator: Emulator, journal: Path) -> None:
    """Nothing was sent, and the journal knows of nothing."""

    class Deadly(VirtualClock):
        def sleep(self, seconds: float, *, given_up: threading.Event | None = None) -> None:
            raise Killed

    with pytest.raises(Killed):
        emulator.client(clock=Deadly()).submit(specs(), key=KEY, journal=journal)
    submission = emulator.client().submit(specs(), key=KEY, journal=journal, timeout=0)
    assert [one.may_have_started for one in submission.results] == [False] * COUNT
    assert len(submission.adopted) == len(emulator.runs) == 1


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.parametrize("number", [1, 3])
def test_a_cancelled_submission(
    emulator: Emulator, journal: Path, backend: str, number: int
) -> None:
    """It lets go of its journal at once, and what it has started is adopted."""

    async def main() -> Submission:
        async with emulator.async_client() as client:
            with anyio.CancelScope() as scope:
                await client.submit(
                    specs(),
                    key=KEY,
                    journal=journal,
                    progress=lambda told: scope.cancel() if told.started == number else None,
                )
            assert scope.cancelled_caught
            return await client.submit(specs(), key=KEY, journal=journal)

    submission = anyio.run(main, backend=backend)
    assert_exactly_once(emulator, submission)
    assert len(submission.adopted) == number
    assert emulator.count("StartRun") == COUNT


SUBMITTER = """
import sys
from omics_runs import OmicsRunsClient, RunSpec, StartRunRequest

base = StartRunRequest.from_json(sys.argv[2])
specs = [RunSpec(f"s{number}", base.replace(name=f"s{number}")) for number in range(40)]
with OmicsRunsClient() as client:
    for result in client.iter_submit(specs, key="cohort-7", journal=sys.argv[1], rate=None):
        print(result, flush=True)
"""


def test_a_killed_process(journal: Path, tmp_path: Path) -> None:
    """SIGKILL half-way, and the same program again: exactly as many runs as specs."""
    emulator = Emulator()
    template = BASE.to_dict()
    del template["requestId"]
    command = [sys.executable, "-c", SUBMITTER, str(journal), json.dumps(template)]
    with emulator.serve() as url:
        bare = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
        nowhere = {"AWS_CONFIG_FILE": str(tmp_path / "none")}
        settings = {**bare, **nowhere, **emulator.environment(url)}
        with subprocess.Popen(command, stdout=subprocess.PIPE, env=settings) as process:
            assert process.stdout is not None
            for _ in range(10):
                process.stdout.readline()
            process.kill()
        assert 10 <= len(emulator.runs) < 40
        done = subprocess.run(command, capture_output=True, check=True, env=settings, text=True)
    assert names(emulator) == sorted(f"s{number}" for number in range(40))
    assert len(done.stdout.splitlines()) == 40
    assert done.stdout.count(" started before: run ") >= 10


# --- all of it, at random -------------------------------------------------------------------

FAULTS = st.sampled_from(
    [
        Fault("StartRun", status=500),
        Fault("StartRun", status=500, after_commit=True),
        Fault("StartRun", status=503, after_commit=True, times=3),
        Fault("StartRun", drop=True, after_commit=True),
        Fault("StartRun", drop="mid-body"),
        Fault("StartRun", hang=True),
        Fault("StartRun", code="ConflictException"),
        Fault("StartRun", code="ThrottlingException", times=4),
        Fault("StartRun", code="ServiceQuotaExceededException"),
        Fault("StartRun", code="AccessDeniedException", after_commit=True),
        Fault("StartRun", code="ValidationException"),
    ]
)


@given(
    faults=st.lists(st.builds(attrs.evolve, FAULTS, skip=st.integers(0, 6)), max_size=4),
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
    journal = tmp_path_factory.mktemp("campaign") / "journal"
    emulator = Emulator(VirtualClock())
    emulator.faults.add(*faults)
    caller, reaper = Caller(None), Reaper(kills)
    while True:
        client = client_of(caller, emulator, reaper)
        place = journal if keeps_journal else None
        options: Any = {"specs": specs(), "key": KEY, "journal": place}
        submission = until_killed(caller, client.wrapped.submit, **options)
        assert len(emulator.runs) <= COUNT
        if submission is not None and len(submission.started) == COUNT:
            break
    assert_exactly_once(emulator, submission)
