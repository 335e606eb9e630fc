"""Faults that are asked for, and throttling, in process and on loopback."""

from __future__ import annotations

from contextlib import suppress
from itertools import pairwise
from typing import Any

import anyio
import attrs
import httpx
import pytest

from omics_runs import RunStatus
from omics_runs.emulator import DOCUMENTED_RATES, Emulator, Fault, VirtualClock
from omics_runs.emulator._http import Received
from tests.emulator.conftest import ROLE, START, Caller, code


def statuses(caller: Caller, calls: int) -> list[int]:
    """Return what some calls of ListRuns are answered."""
    return [caller.http.get("/run").status_code for _ in range(calls)]


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        pytest.param(Fault(status=500), [500, 200, 200], id="once"),
        pytest.param(Fault(status=500, times=2), [500, 500, 200], id="twice"),
        pytest.param(Fault(status=500, times=None), [500, 500, 500], id="for ever"),
        pytest.param(Fault(status=500, skip=1), [200, 500, 200], id="later"),
        pytest.param(Fault("ListRuns", status=500), [500, 200, 200], id="for this operation"),
        pytest.param(Fault("GetRun", status=500), [200, 200, 200], id="for another operation"),
        pytest.param(Fault(code="ThrottlingException"), [429, 200, 200], id="by code"),
        pytest.param(Fault(code="SlowDown"), [400, 200, 200], id="by a code of its own"),
        pytest.param(Fault(status=503), [503, 200, 200], id="by a status of its own"),
    ],
)
def test_counting(emulator: Emulator, caller: Caller, fault: Fault, expected: list[int]) -> None:
    """A fault spoils the calls that it is for, and no more of them."""
    emulator.faults.add(fault)
    assert statuses(caller, 3) == expected
    assert emulator.faults.injected == 3 - expected.count(200)


def test_one_after_another(emulator: Emulator, caller: Caller) -> None:
    """Of several faults the first spoils the first call, until all are cleared away."""
    emulator.faults.add(Fault(status=500), Fault(status=408))
    emulator.faults.add(Fault(status=429, times=None))
    assert statuses(caller, 3) == [500, 408, 429]
    emulator.faults.clear()
    assert statuses(caller, 1) == [200]


@pytest.mark.parametrize(
    ("fault", "name", "body"),
    [
        pytest.param(
            Fault(status=429, message="slow"),
            "ThrottlingException",
            b'{"message": "slow"}',
            id="status",
        ),
        pytest.param(
            Fault(status=429, code="Slow", message=""), "Slow", b'{"message": ""}', id="own code"
        ),
        pytest.param(Fault(status=502, body=b"<html>"), None, b"<html>", id="HTML"),
        pytest.param(Fault(status=400, code="X", body=b"\xff"), "X", b"\xff", id="code and bytes"),
        pytest.param(Fault(status=599, message="m"), None, b'{"message": "m"}', id="no code"),
        pytest.param(
            Fault(status=408, message="late"),
            "RequestTimeoutException",
            b'{"message": "late"}',
            id="408",
        ),
        pytest.param(
            Fault(status=500, message="m"), "InternalServerException", b'{"message": "m"}', id="500"
        ),
        pytest.param(
            Fault(status=503, code="Busy", message="m"), "Busy", b'{"message": "m"}', id="503, code"
        ),
    ],
)
def test_answers(
    emulator: Emulator, caller: Caller, fault: Fault, name: str | None, body: bytes
) -> None:
    """A fault's answer is the service's in form, unless other bytes were given."""
    emulator.faults.add(fault)
    response = caller.http.get("/run")
    assert response.status_code == fault.status
    assert response.headers.get("x-amzn-ErrorType") == name
    assert response.content == body


@pytest.mark.parametrize(
    ("status", "title"),
    [
        pytest.param(502, "502 Bad Gateway", id="502"),
        pytest.param(503, "503 Service Unavailable", id="503"),
        pytest.param(504, "504 Gateway Timeout", id="504"),
    ],
)
def test_load_balancers(emulator: Emulator, caller: Caller, status: int, title: str) -> None:
    """Where the service was not reached, a page of HTML without an error code is the answer."""
    emulator.faults.add(Fault(status=status, message="1 < 2"))
    response = caller.http.get("/run")
    assert response.status_code == status
    assert response.headers["content-type"] == "text/html"
    assert "x-amzn-ErrorType" not in response.headers
    assert response.text == f"<html><body><h1>{title}</h1><p>1 &lt; 2</p></body></html>"


def test_throttle(clock: VirtualClock) -> None:
    """A burst of throttling reads like the service's own limits."""
    limited = Caller(Emulator(clock, verify_signatures=False, rates={"ListRuns": 1}))
    limited.http.get("/run")
    own = limited.http.get("/run")
    emulator = Emulator(clock, verify_signatures=False)
    emulator.faults.add(Fault.throttle("ListRuns", times=2))
    caller = Caller(emulator)
    injected = caller.http.get("/run")
    assert (injected.status_code, injected.content) == (own.status_code, own.content)
    assert code(injected) == code(own)
    assert statuses(caller, 2) == [429, 200]


class TestEdited:
    """Answers of the operation itself, with other or further members."""

    def test_members(self, emulator: Emulator, caller: Caller) -> None:
        """Members come beside the operation's own, and in their place."""
        run_id = caller.start(name="a")["id"]
        emulator.faults.add(Fault("GetRun", answer={"status": "REBOOTING", "brandNew": {"a": [1]}}))
        edited, plain = caller.run(run_id), caller.run(run_id)
        assert edited == plain | {"status": "REBOOTING", "brandNew": {"a": [1]}}
        assert plain["status"] == "PENDING"

    def test_the_operation_happens(self, emulator: Emulator, caller: Caller) -> None:
        """An edited answer is one to a call that has had its effect."""
        emulator.faults.add(Fault("StartRun", answer={"status": "QUEUED"}))
        assert caller.start()["status"] == "QUEUED"
        assert len(emulator.runs) == 1

    def test_empty_answers(self, emulator: Emulator, caller: Caller) -> None:
        """An answer without a body gets one."""
        run_id = caller.start()["id"]
        emulator.faults.add(Fault("CancelRun", answer={"brandNew": 1}))
        response = caller.cancel(run_id)
        assert (response.status_code, response.json()) == (202, {"brandNew": 1})

    def test_refusals(self, emulator: Emulator, caller: Caller) -> None:
        """A refusal by the operation stays as it is."""
        emulator.faults.add(Fault("GetRun", answer={"status": "REBOOTING"}))
        assert caller.http.get("/run/1").json() == {"message": "Run 1 not found"}

    def test_unknown_status(self, emulator: Emulator) -> None:
        """The SDK takes a status that it does not know as a member of its type."""
        with emulator.client() as client:
            started = client.start_run(workflow_id="1", role_arn=ROLE, output_uri="s3://bucket")
            emulator.faults.add(Fault("GetRun", answer={"status": "REBOOTING"}))
            status = client.get_run(started.id).status
        assert isinstance(status, RunStatus)
        assert (status, status.is_known) == ("REBOOTING", False)

    def test_waiting_goes_on(self, emulator: Emulator) -> None:
        """A wait outlasts a status that the SDK does not know."""
        emulator.faults.add(Fault("GetRun", answer={"status": "REBOOTING"}, times=3))
        with emulator.client() as client:
            started = client.start_run(workflow_id="1", role_arn=ROLE, output_uri="s3://bucket")
            assert client.wait_until(started).status == RunStatus.COMPLETED
        assert emulator.faults.injected == 3

    def test_unknown_member(self, emulator: Emulator) -> None:
        """The SDK keeps a member that it does not know."""
        with emulator.client() as client:
            started = client.start_run(workflow_id="1", role_arn=ROLE, output_uri="s3://bucket")
            emulator.faults.add(Fault("GetRun", answer={"brandNew": 1}))
            assert client.get_run(started.id).extra == {"brandNew": 1}


class TestProbability:
    """Faults by chance, which the seed decides."""

    CALLS = 2_000

    def spoilt(self, seed: int = 0, fault: Fault | None = None, others: int = 0) -> list[bool]:
        """Return which calls of an operation are spoilt, with calls of another one between."""
        emulator = Emulator(VirtualClock(), verify_signatures=False, seed=seed)
        emulator.faults.add(fault or Fault("GetRun", status=500, probability=0.1))
        call = Received(method="GET", target="/run/1")
        other = Received(method="GET", target="/run")
        found = []
        for _ in range(self.CALLS):
            found.append(emulator.handle(call).status == 500)
            for _ in range(others):
                assert emulator.handle(other).status == 200
        return found

    def test_rate(self) -> None:
        """About as many calls are spoilt as were asked for, in no regular order."""
        found = self.spoilt()
        assert 150 < sum(found) < 250
        gaps = {
            place - before
            for before, place in pairwise(n for n, spoilt in enumerate(found) if spoilt)
        }
        assert len(gaps) > 10

    def test_seed(self) -> None:
        """The same seed spoils the same calls, another one others."""
        assert self.spoilt(seed=7) == self.spoilt(seed=7) != self.spoilt(seed=8)

    def test_other_calls_change_nothing(self) -> None:
        """Calls that a fault is not for do not change which ones it spoils."""
        assert self.spoilt(others=1) == self.spoilt()

    def test_limits(self) -> None:
        """The number of spoilt calls and of those let pass first can be set beside it."""
        limited = self.spoilt(fault=Fault("GetRun", status=500, probability=0.5, times=3, skip=20))
        assert (sum(limited), sum(limited[:20])) == (3, 0)

    def test_certainty(self) -> None:
        """A probability of 1 spoils every call."""
        assert all(self.spoilt(fault=Fault("GetRun", status=500, probability=1)))

    def test_each_draws_for_itself(self) -> None:
        """Two faults alike spoil different calls."""
        emulator = Emulator(VirtualClock(), verify_signatures=False)
        chance = {"status": 500, "probability": 0.5}
        emulator.faults.add(Fault("GetRun", **chance), Fault("ListRuns", **chance))
        calls = [Received(method="GET", target=target) for target in ("/run/1", "/run")]
        first, second = ([emulator.handle(c).status == 500 for _ in range(50)] for c in calls)
        assert first != second


def test_headers(emulator: Emulator, caller: Caller) -> None:
    """Headers can be added to a good answer, and take the place of the usual ones."""
    emulator.faults.add(Fault(headers={"DATE": "long ago", "x-new": "1"}))
    response = caller.http.get("/run")
    assert (response.status_code, response.json()) == (200, {"items": []})
    assert response.headers.get_list("date") == ["long ago"]
    assert response.headers["x-new"] == "1"


def test_unreadable_success(emulator: Emulator, caller: Caller) -> None:
    """Bytes without a status are answered as a success, though nothing happened."""
    emulator.faults.add(Fault(body=b"[]"))
    response = caller.http.post("/run", json=START)
    assert (response.status_code, response.content) == (201, b"[]")
    assert emulator.runs == {}


@pytest.mark.parametrize(
    ("fault", "happened"),
    [
        pytest.param(Fault(status=500), 0, id="refused"),
        pytest.param(Fault(status=500, after_commit=True), 1, id="refused after the fact"),
        pytest.param(Fault(drop=True), 0, id="dropped"),
        pytest.param(Fault(drop=True, after_commit=True), 1, id="dropped after the fact"),
        pytest.param(Fault(drop="mid-body"), 1, id="dropped within the answer"),
        pytest.param(Fault(reset=True), 0, id="reset"),
        pytest.param(Fault(reset=True, after_commit=True), 1, id="reset after the fact"),
        pytest.param(Fault(hang=True), 0, id="hangs"),
        pytest.param(Fault(hang=True, after_commit=True), 1, id="hangs after the fact"),
        pytest.param(Fault(delay=3), 1, id="delayed"),
    ],
)
def test_whether_it_happens(
    emulator: Emulator, caller: Caller, fault: Fault, happened: int
) -> None:
    """Only some faults let the operation happen."""
    emulator.faults.add(fault)
    with suppress(httpx.TransportError):
        caller.http.post("/run", json=START)
    assert len(emulator.runs) == happened


def test_wrong_requests_are_spoilt_too(emulator: Emulator, caller: Caller) -> None:
    """A lost answer is lost, also when it would have been a refusal."""
    emulator.faults.add(Fault(status=500, after_commit=True))
    assert caller.http.post("/run", json={}).status_code == 500


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        pytest.param(Fault(drop=True), httpx.RemoteProtocolError, id="dropped"),
        pytest.param(Fault(drop="mid-body"), httpx.RemoteProtocolError, id="dropped within"),
        pytest.param(Fault(reset=True), httpx.ReadError, id="reset"),
        pytest.param(Fault(hang=True), httpx.ReadTimeout, id="hangs"),
        pytest.param(Fault(delay=100), httpx.ReadTimeout, id="too slow"),
    ],
)
@pytest.mark.parametrize("backend", [pytest.param(name, id=name) for name in ("asyncio", "trio")])
def test_transport_errors(
    emulator: Emulator, caller: Caller, fault: Fault, error: type[Exception], backend: str
) -> None:
    """In process, lost answers are the errors that httpx raises, in both colors."""
    emulator.faults.add(attrs.evolve(fault, times=2))
    with pytest.raises(error):
        caller.http.get("/run")

    async def call() -> None:
        async with httpx.AsyncClient(transport=emulator.async_transport()) as http:
            with pytest.raises(error):
                await http.get("http://omics/run")

    anyio.run(call, backend=backend)


def test_waits_pass_on_the_clock(emulator: Emulator, caller: Caller, clock: VirtualClock) -> None:
    """A delay takes virtual time, and one beyond the read timeout no more than that."""
    emulator.faults.add(Fault(delay=3), Fault(delay=100))
    assert caller.http.get("/run").status_code == 200
    assert clock.monotonic() == 3
    with pytest.raises(httpx.ReadTimeout):
        caller.http.get("/run", timeout=10)
    assert clock.monotonic() == 13


def test_hanging_without_a_timeout(emulator: Emulator, caller: Caller) -> None:
    """In process, a sync call that would hang for ever is told so at once."""
    emulator.faults.add(Fault(hang=True))
    with pytest.raises(httpx.ReadTimeout):
        caller.http.get("/run", timeout=None)


@pytest.mark.parametrize("backend", [pytest.param(name, id=name) for name in ("asyncio", "trio")])
def test_hanging_can_be_cancelled(emulator: Emulator, backend: str) -> None:
    """In process, an async call that hangs for ever can be cancelled."""

    async def call() -> list[str]:
        emulator.faults.add(Fault(hang=True))
        ended: list[str] = []
        transport = emulator.async_transport()
        endless = httpx.Timeout(None)
        async with httpx.AsyncClient(transport=transport, timeout=endless) as http:

            async def hang() -> None:
                try:
                    await http.get("http://omics/run")
                except anyio.get_cancelled_exc_class():
                    ended.append("cancelled")
                    raise

            async with anyio.create_task_group() as group:
                group.start_soon(hang)
                await anyio.wait_all_tasks_blocked()
                group.cancel_scope.cancel()
        return ended

    assert anyio.run(call, backend=backend) == ["cancelled"]


@pytest.mark.parametrize("backend", [pytest.param(name, id=name) for name in ("asyncio", "trio")])
def test_async_calls(emulator: Emulator, clock: VirtualClock, backend: str) -> None:
    """The async transport answers like the sync one, and its delays pass on the clock."""
    emulator.faults.add(Fault(delay=2))

    async def call() -> int:
        transport = emulator.async_transport()
        async with httpx.AsyncClient(transport=transport, base_url="http://omics") as http:
            first = await http.post("/run", json=START)
            second = await http.get(f"/run/{first.json()['id']}")
            return second.status_code

    assert anyio.run(call, backend=backend) == 200
    assert clock.monotonic() == 2


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param(dict[str, Any](), id="nothing"),
        pytest.param({"status": 500, "operation": "getRun"}, id="no such operation"),
        pytest.param({"operation": "GetRun", "delay": 0}, id="nothing that goes wrong"),
        pytest.param({"status": 500, "times": 0}, id="never"),
        pytest.param({"status": 500, "skip": -1}, id="negative skip"),
        pytest.param({"status": 99}, id="status too low"),
        pytest.param({"status": 600}, id="status too high"),
        pytest.param({"status": "500"}, id="status no number"),
        pytest.param({"status": True}, id="status a truth"),
        pytest.param({"status": 500.0}, id="status a fraction"),
        pytest.param({"drop": "midbody"}, id="no such drop"),
        pytest.param({"drop": 1}, id="drop a number"),
        pytest.param({"delay": -1}, id="negative delay"),
        pytest.param({"delay": float("nan")}, id="delay no number"),
        pytest.param({"headers": {"a": "b\r\nc: d"}}, id="line break in a header"),
        pytest.param({"headers": {"a\n": "b"}}, id="line break in a name"),
        pytest.param({"headers": {"": "b"}}, id="header without a name"),
        pytest.param({"headers": {1: "b"}}, id="header named by a number"),
        pytest.param({"headers": {"a": 1}}, id="header with a number"),
        pytest.param({"headers": {"a": "\u00e9"}}, id="header beyond ASCII"),
        pytest.param({"headers": [("a", "b")]}, id="headers in a list"),
        pytest.param({"status": 500, "times": "3"}, id="times a text"),
        pytest.param({"status": 500, "times": True}, id="times a truth"),
        pytest.param({"status": 500, "skip": 0.5}, id="skip a fraction"),
        pytest.param({"code": ""}, id="empty code"),
        pytest.param({"code": "a\r\nb"}, id="line break in a code"),
        pytest.param({"status": 500, "message": 1}, id="message a number"),
        pytest.param({"body": "text"}, id="body a text"),
        pytest.param({"delay": float("inf")}, id="delay endless"),
        pytest.param({"delay": 1e10}, id="delay of centuries"),
        pytest.param({"delay": "1"}, id="delay a text"),
        pytest.param({"hang": 1}, id="hang a number"),
        pytest.param({"reset": "yes"}, id="reset a text"),
        pytest.param({"status": 500, "after_commit": 1}, id="after_commit a number"),
        pytest.param({"status": 500, "probability": 0}, id="probability of nothing"),
        pytest.param({"status": 500, "probability": 1.1}, id="probability above 1"),
        pytest.param({"status": 500, "probability": float("nan")}, id="probability no number"),
        pytest.param({"status": 500, "probability": True}, id="probability a truth"),
        pytest.param({"answer": {}}, id="answer without members"),
        pytest.param({"answer": [1]}, id="answer a list"),
        pytest.param({"answer": {1: 2}}, id="answer with a number for a name"),
        pytest.param({"answer": {"a": {1, 2}}}, id="answer with what JSON has not"),
        pytest.param({"answer": {"a": float("nan")}}, id="answer with no number"),
        pytest.param({"answer": {"a": 1}, "status": 200}, id="answer and status"),
        pytest.param({"answer": {"a": 1}, "body": b""}, id="answer and body"),
        pytest.param({"drop": True, "reset": True}, id="drop and reset"),
        pytest.param({"drop": "mid-body", "hang": True}, id="drop and hang"),
        pytest.param({"reset": True, "hang": True}, id="reset and hang"),
    ],
)
def test_impossible_faults(wrong: dict[str, Any]) -> None:
    """A fault that is not what it must be is refused at once, and told by name."""
    with pytest.raises(ValueError, match=next(reversed(wrong), "fault needs one of")):
        Fault(**wrong)


@pytest.mark.parametrize("status", [pytest.param(100, id="first"), pytest.param(599, id="last")])
def test_possible_statuses(status: int) -> None:
    """The first and the last status of HTTP can be answered, and faults may last for ever."""
    assert Fault(status=status, times=None, headers={"a": "b"}).status == status


class TestRates:
    """Throttling by token buckets on the emulator's clock."""

    def limited(self, clock: VirtualClock, rates: Any) -> Caller:
        """Return plain HTTP to an emulator with rates."""
        return Caller(Emulator(clock, verify_signatures=False, rates=rates))

    def test_bucket(self, clock: VirtualClock) -> None:
        """With a burst of one, the second call at the same moment is throttled."""
        caller = self.limited(clock, {"ListRuns": 2.0})
        assert statuses(caller, 2) == [200, 429]
        clock.advance(0.5)
        assert statuses(caller, 2) == [200, 429]
        clock.advance(100)
        assert statuses(caller, 2) == [200, 429]
        assert code(caller.http.get("/run")) == "ThrottlingException"

    def test_only_its_operation(self, clock: VirtualClock) -> None:
        """Operations have buckets of their own, and those that are not named have none."""
        caller = self.limited(clock, {"StartRun": 1.0, "GetRun": 1.0})
        run_id = caller.start()["id"]
        caller.run(run_id)
        assert statuses(caller, 3) == [200, 200, 200]
        assert caller.http.get(f"/run/{run_id}").status_code == 429

    def test_pacing_is_enough(self, clock: VirtualClock) -> None:
        """Somebody who waits exactly as long as the rate says is never throttled."""
        caller = self.limited(clock, {"ListRuns": 3.0})
        found = []
        for _ in range(100):
            found += statuses(caller, 1)
            clock.advance(1 / 3)
        assert set(found) == {200}

    def test_documented(self, clock: VirtualClock) -> None:
        """The documented rates are one StartRun and ten of the others for each second."""
        caller = self.limited(clock, "documented")
        caller.start()
        assert caller.http.post("/run", json=START).status_code == 429
        clock.advance(0.1)
        assert caller.http.post("/run", json=START).status_code == 429
        assert statuses(caller, 2) == [200, 429]
        assert DOCUMENTED_RATES["StartRun"] == 1

    def test_faults_wait_for_their_turn(self, clock: VirtualClock) -> None:
        """A call that is throttled uses up no fault."""
        caller = self.limited(clock, {"ListRuns": 1.0})
        statuses(caller, 1)
        caller.emulator.faults.add(Fault(status=500))
        assert statuses(caller, 1) == [429]
        clock.advance(1)
        assert statuses(caller, 1) == [500]

    @pytest.mark.parametrize(
        "rates",
        [
            pytest.param({"startRun": 1.0}, id="no such operation"),
            pytest.param({"StartRun": 0.0}, id="zero"),
            pytest.param({"StartRun": float("inf")}, id="endless"),
            pytest.param("Documented", id="no such name"),
        ],
    )
    def test_impossible(self, rates: Any) -> None:
        """Rates that make no sense are refused at once."""
        with pytest.raises(ValueError):
            Emulator(rates=rates)
