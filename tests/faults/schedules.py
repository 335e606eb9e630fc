"""Random schedules of faults: what a seed makes go wrong, and a careful user who lives with it."""

from __future__ import annotations

import pickle
import random
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from attrs import frozen

from omics_runs import TERMINAL, RetryPolicy, RunStatus, StartRunRequest, errors
from omics_runs.emulator import Durations, Fault, VirtualClock
from omics_runs.emulator._plan import Ending
from omics_runs.models import (
    DefaultRunSetting,
    InlineSetting,
    InlineSettings,
    StartRunBatchRequest,
)
from tests.clients.conftest import Caller

from .conftest import Watched

T = TypeVar("T")

MOST_CALLS = 2000
MOST_TRIES = 6
"""How often a user tries before the trouble is made to end."""

RUN: Mapping[str, Any] = {
    "workflow_id": "1234567",
    "role_arn": "arn:aws:iam::123456789012:role/OmicsRole",
    "output_uri": "s3://bucket/out/",
    "storage_type": "DYNAMIC",
}
HTML = b"<html><body><h1>Who are you?</h1></body></html>"
OPERATIONS = (
    *("StartRun", "StartRun", "GetRun", "GetRun", None),
    *("ListRuns", "StartRunBatch", "GetBatch", "ListRunsInBatch"),
)
ENDINGS: tuple[Ending, ...] = ("COMPLETED", "COMPLETED", "FAILED", "CANCELLED")
VERDICTS: Mapping[str, object] = {
    "COMPLETED": RunStatus.COMPLETED,
    "FAILED": errors.RunFailedError,
    "CANCELLED": errors.RunCancelledError,
}

LOST: tuple[dict[str, Any], ...] = (
    {"status": 500},
    {"status": 502},
    {"status": 503},
    {"status": 504},
    {"status": 408},
    {"hang": True},
    {"reset": True},
    {"drop": True},
    {"body": b'{"id": "1", "sta'},
    {"body": b""},
    {"body": b"[]"},
    {"status": 200, "body": HTML},
)
"""Faults behind which the operation may have happened, or not."""

OTHERS: tuple[dict[str, Any], ...] = (
    {"code": "ThrottlingException"},
    {"code": "ThrottlingException", "headers": {"x-amz-retry-after": "4000"}},
    {"code": "ConflictException"},
    {"code": "ExpiredTokenException", "status": 403},
    {"code": "InvalidSignatureException", "status": 403},
    {"code": "ServiceQuotaExceededException"},
    {"code": "AccessDeniedException"},
    {"status": 404, "body": HTML},
    {"status": 307, "body": b"", "headers": {"location": "https://elsewhere.invalid/"}},
    {"drop": "mid-body"},
    {"delay": 3.0},
    {"delay": 8.0},
    {"headers": {"content-encoding": "gzip"}},
    {"answer": {"id": None, "items": None, "runs": None}},
    {"answer": {"id": 7, "items": 7, "runs": 7}},
    {"answer": {"status": "REBOOTING", "stopTime": None, "processedTime": None}},
    {"answer": {"brandNew": [1]}},
)
"""Faults that say by themselves whether the operation happens.

None of them lies: a 404 with the service's own code, for a run that is there, would be believed.
"""


@frozen
class Schedule:
    """What a seed makes of the world: runs with their endings, a batch perhaps, and faults."""

    seed: int
    runs: tuple[Ending, ...]
    """How each of the runs ends."""
    in_batch: int
    """Runs that are started in a batch; 0 for no batch."""
    attempts: int
    timeout: float | None
    """Seconds that each wait may take."""
    restarts: bool
    """Whether the user's program ends by each error of a start, and another one goes on."""
    faults: tuple[Fault, ...]

    @classmethod
    def of(cls, seed: int) -> Schedule:
        """Return the schedule of a seed, always the same."""
        draws = random.Random(seed)
        return cls(
            seed=seed,
            runs=tuple(draws.choices(ENDINGS, k=draws.randint(1, 3))),
            in_batch=draws.choice((0, 0, 0, 2)),
            attempts=draws.choice((1, 3, 3, 5)),
            timeout=draws.choice((None, None, 30.0, 100_000.0)),
            restarts=draws.random() < 0.2,
            faults=tuple(_fault(draws) for _ in range(draws.randint(1, 8))),
        )


def _fault(draws: random.Random) -> Fault:
    one = dict(draws.choice(draws.choice((LOST, OTHERS))))
    if one in LOST:
        one["after_commit"] = draws.random() < 0.5
    if draws.random() < 0.3:
        one["probability"] = draws.uniform(0.05, 0.5)
    else:
        one["times"] = draws.randint(1, 4)
    return Fault(draws.choice(OPERATIONS), skip=draws.choice((0, 0, 1, 3)), **one)


class Story:
    """A careful user who starts runs and waits for them, whatever happens."""

    def __init__(self, schedule: Schedule, caller: Caller) -> None:
        self._schedule = schedule
        self._caller = caller
        self._emulator = Watched(
            most=MOST_CALLS, clock=VirtualClock(), verify_signatures=False, seed=schedule.seed
        )
        self._client = self._connect()
        self._name_of: dict[str, str] = {}
        """What each started run was meant to be, by its id."""
        self._plan()

    def _connect(self) -> Any:
        retry = RetryPolicy(max_attempts=self._schedule.attempts)
        return self._caller.client(self._emulator, sign=False, retry=retry)

    def _plan(self) -> None:
        draws = random.Random(self._schedule.seed)
        plans = [(f"run-{place}", ending) for place, ending in enumerate(self._schedule.runs)]
        for name, ending in [*plans, ("batch-*", draws.choice(ENDINGS))]:
            durations = Durations(
                pending=draws.uniform(0, 10),
                starting=draws.uniform(0, 30),
                running=draws.uniform(0, 40),
                stopping=draws.uniform(0, 10),
            )
            self._emulator.plan(name, ends=ending, durations=durations, tasks=())
        self._emulator.faults.add(*self._schedule.faults)

    def play(self) -> int:
        """Start all, wait for all, compare; return how many calls were spoilt."""
        started = [self._start_run(f"run-{place}") for place in range(len(self._schedule.runs))]
        items = self._batch() if self._schedule.in_batch else []
        for run in [*started, *items]:
            self._see_to_its_end(run)
        self._compare()
        return self._emulator.faults.injected

    def _start_run(self, name: str) -> Any:
        started = self._start(StartRunRequest(**RUN, name=name), [name])
        self._name_of[started.id] = name
        return started

    def _batch(self) -> list[Any]:
        """Start a batch, wait for it, and return its runs."""
        names = [f"batch-{place}" for place in range(self._schedule.in_batch)]
        settings = [InlineSetting(run_setting_id=name, name=name) for name in names]
        request = StartRunBatchRequest(
            default_run_setting=DefaultRunSetting(**RUN),
            batch_run_settings=InlineSettings(settings),
        )
        started = self._start(request, names)
        patience = {"timeout": self._schedule.timeout, "min_delay": 15}
        batch = self._insist(lambda: self._client.wait_until_batch(started, **patience))
        assert (batch.id, batch.status) == (started.id, "PROCESSED")
        items = self._all(self._client.iter_runs_in_batch(batch.id, max_items=1))
        assert sorted(item.run_setting_id for item in items) == names
        self._name_of.update({item.run_id: item.run_setting_id for item in items})
        return items

    def _start(self, request: Any, names: list[str]) -> Any:
        """Start something; after an error that leaves it open, send the same request again."""
        was_open = False

        def send() -> Any:
            nonlocal request, was_open
            try:
                return self._client.send(request)
            except errors.CallError as error:
                is_open = was_open or error.may_have_taken_effect
                assert is_open or not self._are_there(names)
                request = error.request
                if self._schedule.restarts:  # a new client doesn't know what the old one has lost
                    request, self._client = pickle.loads(pickle.dumps(request)), self._connect()
                    was_open = is_open
                raise

        return self._insist(send)

    def _are_there(self, names: list[str]) -> bool:
        return any(run.name in names for run in self._emulator.runs.values())

    def _see_to_its_end(self, run: Any) -> None:
        """Wait for the end of a run, then for its success; both tell the truth."""
        seen = self._wait(run, TERMINAL)
        truth = self._emulator.runs[seen.id]
        assert (seen.uuid, seen.name, seen.status) == (truth.uuid, truth.name, truth.status)
        assert seen.status.is_terminal
        try:
            verdict = self._wait(run, RunStatus.COMPLETED).status
        except errors.StatusUnreachableError as error:
            verdict = type(error)
        assert verdict == VERDICTS[truth.status]

    def _wait(self, run: Any, wanted: Any) -> Any:
        patience = {"timeout": self._schedule.timeout, "min_delay": 15}
        return self._insist(lambda: self._client.wait_until(run, wanted, **patience))

    def _all(self, items: Any) -> list[Any]:
        """Return all items of a list, going on where an error has interrupted it."""
        found: list[Any] = []
        self._insist(lambda: found.extend(items))
        return found

    def _insist(self, act: Callable[[], T]) -> T:
        """Try a few times, then let the trouble end, and try once more."""
        for _ in range(MOST_TRIES):
            try:
                return act()
            except errors.WaitTimeoutError:
                assert self._schedule.timeout is not None
            except errors.CallError as error:
                self._judge(error)
        self._emulator.faults.clear()
        while True:
            try:
                return act()
            except errors.WaitTimeoutError:
                assert self._schedule.timeout is not None

    def _judge(self, error: errors.CallError) -> None:
        """Compare an error with the last call that the emulator has seen."""
        last = self._emulator.requests[-1]
        assert error.operation == last.operation
        assert 1 <= len(error.attempts) <= self._schedule.attempts
        if isinstance(error, errors.ServiceError):
            told = (error.status_code, error.aws_request_id)
            assert told == (last.status, last.aws_request_id)

    def _compare(self) -> None:
        """There is each run that was asked for, once, and no other."""
        truth = self._emulator.runs
        expected = [f"run-{place}" for place in range(len(self._schedule.runs))]
        expected += [f"batch-{place}" for place in range(self._schedule.in_batch)]
        assert sorted(str(run.name) for run in truth.values()) == sorted(expected)
        assert {key: run.name for key, run in truth.items()} == self._name_of
        listed = self._all(self._client.iter_runs(max_results=2))
        assert [(run.id, run.status) for run in listed] == [
            (key, run.status) for key, run in reversed(truth.items())
        ]


def play(seed: int, caller: Caller) -> int:
    """Play the schedule of a seed; return how many calls it has spoilt.

    The jitter of retries and polls is the seed's as well, so that each play is like the first.
    """
    schedule = Schedule.of(seed)
    random.seed(seed)
    try:
        return Story(schedule, caller).play()
    except BaseException as error:
        error.add_note(f"{schedule!r}\nTo see it again: play({seed}, Caller(None))")
        raise
