"""The emulator's own paths, over HTTP on loopback, as a test in any language would call them."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import attrs
import httpx
import pytest

from omics_runs import RetryPolicy, RunStatus, __version__, errors
from omics_runs._clock import Clock
from omics_runs.emulator import Emulator, Fault, ScaledClock, SystemClock, VirtualClock
from omics_runs.emulator._control import CONTROLS
from omics_runs.emulator._log import Log, Recorded
from omics_runs.models import DefaultRunSetting, S3UriSettings
from tests.emulator.conftest import ROLE, START, Caller

TEXT = (Path(__file__).parents[2] / "docs" / "testing.md").read_text(encoding="utf-8")
"""The page that tells of the control path."""


@pytest.fixture
def web(local: Emulator, url: str) -> Iterator[httpx.Client]:
    """Return plain HTTP, without signatures, to an emulator that asks for them."""
    with httpx.Client(base_url=url, timeout=10) as http:
        yield http


def post(web: httpx.Client, name: str, body: object = None) -> dict[str, Any]:
    """Post JSON to a path of the emulator's own, and return the answer of a success."""
    response = web.post(f"/_emulator/{name}", json={} if body is None else body)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


def start(emulator: Emulator, **members: Any) -> str:
    """Start a run with the SDK, and return its id."""
    with emulator.client() as client:
        members = {"workflow_id": "1", "role_arn": ROLE, "output_uri": "s3://bucket"} | members
        return client.start_run(**members).id


class TestHealth:
    """What the emulator tells about itself."""

    def test_new(self, web: httpx.Client) -> None:
        """A new emulator names its settings, and has nothing to count."""
        response = web.get("/_emulator/health")
        assert response.status_code == 200
        assert response.headers["content-type"] == "application/json"
        assert response.json() == {
            "version": __version__,
            "region": "us-west-2",
            "account_id": "123456789012",
            "clock": "VirtualClock",
            "speed": None,
            "runs": 0,
            "requests": 0,
            "faults": 0,
            "injected": 0,
        }

    def test_counts(self, local: Emulator, web: httpx.Client) -> None:
        """It counts runs, calls, faults that wait, and calls that were spoilt."""
        local.faults.add(Fault("StartRun", status=500), Fault("GetRun", status=500, times=2))
        start(local)
        health = web.get("/_emulator/health").json()
        counts = {name: health[name] for name in ("runs", "requests", "faults", "injected")}
        assert counts == {"runs": 1, "requests": 2, "faults": 1, "injected": 1}

    @pytest.mark.parametrize(
        ("clock", "speed"),
        [
            pytest.param(ScaledClock(60), 60, id="ScaledClock"),
            pytest.param(SystemClock(), 1, id="SystemClock"),
        ],
    )
    def test_speed(self, clock: Clock, speed: float) -> None:
        """A clock that real time moves has a speed."""
        with Emulator(clock).serve() as url:
            health = httpx.get(f"{url}/_emulator/health").json()
        assert (health["clock"], health["speed"]) == (type(clock).__name__, speed)


class TestFaults:
    """Faults over HTTP."""

    def test_one(self, local: Emulator, web: httpx.Client) -> None:
        """A fault has the members of `Fault`, and spoils what the SDK calls."""
        fault = {"operation": "GetRun", "code": "ThrottlingException", "times": 2}
        assert post(web, "faults", fault) == {"added": 1}
        with local.client() as client:
            run = client.get_run(start(local))
        assert run.response_metadata.attempts == 3

    def test_several(self, local: Emulator, web: httpx.Client) -> None:
        """A list of faults is added in its order; a body is given as text."""
        faults = [
            {"operation": "GetRun", "body": "<p>é</p>", "status": 200, "headers": {"x-a": "b"}},
            {"operation": "GetRun", "answer": {"status": "REBOOTING", "brandNew": [1]}},
        ]
        assert post(web, "faults", faults) == {"added": 2}
        run_id = start(local)
        with local.client() as client:
            with pytest.raises(errors.UnreadableResponseError) as caught:
                client.get_run(run_id, retry=RetryPolicy(max_attempts=1))
            run = client.get_run(run_id)
        assert caught.value.raw == "<p>é</p>".encode()
        assert (run.status, run.extra) == ("REBOOTING", {"brandNew": [1]})

    def test_all_members(self, local: Emulator, web: httpx.Client) -> None:
        """Every member of a fault can be sent, as what it is in Python."""
        sent = {
            "operation": "StartRun",
            "probability": 0.5,
            "times": None,
            "skip": 1,
            "status": 503,
            "code": "Busy",
            "message": "later",
            "headers": {"retry-after": "7"},
            "body": "text",
            "after_commit": True,
            "drop": "mid-body",
            "reset": False,
            "delay": 2,
            "hang": False,
            "answer": None,
        }
        post(web, "faults", sent)
        (armed,) = local.faults._armed
        assert attrs.asdict(armed.fault) == sent | {"body": b"text"}

    def test_cleared(self, local: Emulator, web: httpx.Client) -> None:
        """Faults can be taken away."""
        post(web, "faults", {"status": 500, "times": None})
        assert web.delete("/_emulator/faults").json() == {}
        assert start(local) in local.runs

    def test_all_or_nothing(self, local: Emulator, web: httpx.Client) -> None:
        """Of a list with one that is wrong no fault is added."""
        response = web.post("/_emulator/faults", json=[{"status": 500}, {"times": 1}])
        assert response.status_code == 400
        assert response.json()["message"].startswith("[1]: a fault needs one of status, code")
        assert local.faults.waiting == 0


class TestAdded:
    """What is made known or planned over HTTP."""

    def test_plan(self, local: Emulator, web: httpx.Client) -> None:
        """A plan has the arguments of `plan`; tasks and durations are objects."""
        plan = {
            "name": "tumor-*",
            "ends": "FAILED",
            "failure_reason": "OUT_OF_MEMORY_ERROR",
            "tasks": [{"name": "Align", "cpus": 16, "window": [0, 0.5]}, {"name": "Call"}],
            "durations": {"pending": 1, "starting": 2.5},
        }
        assert post(web, "plans", plan) == {}
        with local.client() as client:
            run_id = start(local, name="tumor-1")
            run = client.wait_until(run_id, RunStatus.FAILED)
            tasks = list(client.iter_run_tasks(run_id))
        assert run.failure_reason == "OUT_OF_MEMORY_ERROR"
        assert {(task.name, task.cpus) for task in tasks} == {("Align", 16), ("Call", 2)}

    def test_run_under_way(self, local: Emulator, web: httpx.Client) -> None:
        """A plan may be for a run that has been started."""
        run_id = start(local)
        post(web, "plans", {"run_id": run_id, "ends": "CANCELLED", "after": 5})
        post(web, "clock", {"advance": 5})
        assert local.runs[run_id].status == RunStatus.CANCELLED

    def test_added(self, local: Emulator, web: httpx.Client) -> None:
        """Groups, caches and configurations that were added can be used by runs."""
        group = post(web, "run-groups", {"id": "77"})["id"]
        cache = post(web, "run-caches")["id"]
        name = post(web, "configurations", {"name": "vpc", "subnet_ids": ["subnet-1"]})["name"]
        assert (group, name) == ("77", "vpc")
        run_id = start(
            local,
            run_group_id=group,
            cache_id=cache,
            networking_mode="VPC",
            configuration_name=name,
        )
        assert local.runs[run_id].run_group_id == "77"

    def test_workflows(self) -> None:
        """A workflow that was added is one that a strict emulator knows."""
        emulator = Emulator(strict_workflows=True, verify_signatures=False)
        with emulator.serve() as url, httpx.Client(base_url=url) as web:
            assert web.post("/run", json=START).status_code == 404
            workflow = {"id": START["workflowId"], "name": "variants"}
            assert post(web, "workflows", workflow) == {"id": START["workflowId"]}
            assert web.post("/run", json=START).status_code == 201

    def test_expired_tokens(self, local: Emulator, web: httpx.Client) -> None:
        """A session token can be let expire."""
        post(web, "expired-tokens", {"session_token": "old"})
        keys = (local.access_key, local.secret_key, "old")
        with (
            local.client(credentials=keys) as client,
            pytest.raises(errors.AuthenticationError, match="Expired"),
        ):
            client.list_runs()


class TestClock:
    """Time over HTTP."""

    def test_advance(self, local: Emulator, web: httpx.Client) -> None:
        """A virtual clock can be moved ahead, and says how far it is."""
        run_id = start(local)
        assert post(web, "clock", {"advance": 10}) == {"elapsed": 10.0}
        assert post(web, "clock", {"advance": 0.5}) == {"elapsed": 10.5}
        post(web, "clock", {"advance": 86_400})
        assert local.runs[run_id].status == RunStatus.COMPLETED

    def test_other_clocks(self) -> None:
        """A clock that moves by itself can't be moved."""
        with Emulator(ScaledClock(60)).serve() as url:
            response = httpx.post(f"{url}/_emulator/clock", json={"advance": 10})
        assert response.status_code == 409
        sentence = "This emulator goes by a ScaledClock; only a VirtualClock can be advanced."
        assert response.json() == {"message": sentence}


class TestRequests:
    """The calls that came, over HTTP and in Python."""

    def test_listed(self, local: Emulator, web: httpx.Client) -> None:
        """Calls are listed without their headers, and without those of the control path."""
        start(local, request_id="mine")
        refused = web.get("/run/1?export=DEFINITION")
        listed = web.get("/_emulator/requests").json()["requests"]
        assert [call["operation"] for call in listed] == ["StartRun", "GetRun"]
        assert listed[0]["body"]["requestId"] == "mine"
        assert listed[1] == {
            "operation": "GetRun",
            "method": "GET",
            "target": "/run/1?export=DEFINITION",
            "body": None,
            "signed": False,
            "status": 403,
            "aws_request_id": refused.headers["x-amzn-requestid"],
        }
        assert len(local.requests) == 2

    def test_forgotten(self, local: Emulator, web: httpx.Client) -> None:
        """Calls can be forgotten, and are counted anew."""
        start(local)
        assert web.delete("/_emulator/requests").json() == {}
        assert (local.requests, local.count("StartRun")) == ([], 0)
        start(local)
        assert local.count("StartRun") == 1

    @pytest.mark.parametrize(
        "body",
        [
            pytest.param("[" * 100_000, id="nested without end"),
            pytest.param('{"number": NaN}', id="no number"),
            pytest.param('{"number": 1e400}', id="a number beyond all floats"),
            pytest.param('{"half": ', id="half of an object"),
        ],
    )
    def test_bodies_that_are_no_json(self, web: httpx.Client, body: str) -> None:
        """Whatever was called, the list of calls is JSON by the book."""
        web.post("/run", content=body)
        text = web.get("/_emulator/requests").text
        (call,) = json.loads(text, parse_constant=pytest.fail)["requests"]
        assert call["body"] is None

    def test_the_last_ones_are_kept(self) -> None:
        """Of very many calls the last ones are kept, and all of them counted."""
        log = Log(kept=2)
        for number in range(5):
            log.add(recorded("GetRun" if number % 2 else "ListRuns", str(number)))
        assert [call.target for call in log.calls] == ["3", "4"]
        assert [log.count("GetRun"), log.count("ListRuns"), log.count("StartRun")] == [2, 3, 0]

    def test_listed_while_others_call(self, local: Emulator, web: httpx.Client) -> None:
        """Calls can be listed while many threads make more of them."""
        barrier = threading.Barrier(8)

        def list_and_call(number: int) -> list[int]:
            barrier.wait(timeout=30)
            lengths = []
            for place in range(20):
                web.get(f"/run/{number}{place}")
                lengths.append(len(web.get("/_emulator/requests").json()["requests"]))
            return lengths

        with ThreadPoolExecutor(8) as pool:
            found = list(pool.map(list_and_call, range(8)))
        assert all(lengths == sorted(lengths) for lengths in found)
        assert len(local.requests) == local.count("GetRun") == 160


def recorded(operation: str, target: str) -> Recorded:
    """Return a call."""
    return Recorded(
        operation=operation,
        method="GET",
        target=target,
        headers={},
        body=None,
        signed=False,
        status=200,
        aws_request_id="1",
    )


class TestReset:
    """An emulator that is as new."""

    def test_everything_is_forgotten(self, local: Emulator, web: httpx.Client) -> None:
        """Runs, plans, faults, calls, groups and expired tokens are forgotten; time is not."""
        first = local.add_run_group("7"), start(local)
        local.plan(ends="FAILED", after=1)
        local.faults.add(Fault(status=500, times=None))
        local.expire_token("old")
        web.get("/run")
        post(web, "clock", {"advance": 5})
        assert post(web, "reset") == {}
        health = web.get("/_emulator/health").json()
        counts = {name: health[name] for name in ("runs", "requests", "faults", "injected")}
        assert set(counts.values()) == {0}
        assert local.count("ListRuns") == 0
        assert start(local) == first[1]
        with local.client(credentials=(local.access_key, local.secret_key, "old")) as client:
            assert client.wait_until(first[1]).status == RunStatus.COMPLETED
            with pytest.raises(errors.ResourceNotFoundError):
                start(local, run_group_id="7")

    def test_faults_by_chance(self) -> None:
        """After a reset the same calls are spoilt as in the beginning."""
        emulator = Emulator(verify_signatures=False)
        caller = Caller(emulator)

        def spoilt() -> list[bool]:
            emulator.faults.add(Fault("ListRuns", status=500, probability=0.5))
            return [caller.http.get("/run").status_code == 500 for _ in range(50)]

        first = spoilt()
        emulator.reset()
        assert spoilt() == first

    def test_rates(self, clock: VirtualClock) -> None:
        """After a reset nobody is throttled for what came before."""
        emulator = Emulator(clock, verify_signatures=False, rates={"ListRuns": 1})
        caller = Caller(emulator)
        caller.list()
        emulator.reset()
        caller.list()
        assert caller.http.get("/run").status_code == 429


def test_nothing_goes_wrong_here(web: httpx.Client, local: Emulator) -> None:
    """Calls of the control path are neither recorded, nor throttled, nor spoilt."""
    local.faults.add(Fault(status=500, times=None))
    assert [web.get("/_emulator/health").status_code for _ in range(3)] == [200, 200, 200]
    assert (local.requests, local.faults.injected) == ([], 0)


def test_in_process(emulator: Emulator, caller: Caller) -> None:
    """The control path is there in process, too."""
    assert post(caller.http, "faults", {"status": 500}) == {"added": 1}
    assert caller.http.get("/run").status_code == 500
    assert emulator.count("ListRuns") == 1


@pytest.mark.parametrize(
    ("name", "body", "message"),
    [
        pytest.param("faults", 5, "the body must be a JSON object, got 5", id="no object"),
        pytest.param("faults", [5], "[0] must be a JSON object, got 5", id="no object in a list"),
        pytest.param("faults", None, "the body must be a JSON object, got None", id="null"),
        pytest.param(
            "faults", {"times": 1}, "a fault needs one of status, code, body, answer", id="no fault"
        ),
        pytest.param(
            "faults",
            {"delay": "x" * 99},
            f"delay must be a number, got '{'x' * 59}…",
            id="long value",
        ),
        pytest.param(
            "faults",
            {"drop": "x"},
            "drop must be true or false or \"mid-body\", got 'x'",
            id="choices",
        ),
        pytest.param("faults", {"hang": 1}, "hang must be true or false, got 1", id="flag"),
        pytest.param("faults", {"times": True}, "times must be a whole number", id="whole number"),
        pytest.param("faults", {"body": 1}, "body must be a string, got 1", id="bytes"),
        pytest.param("faults", {"headers": []}, "headers must be an object, got []", id="mapping"),
        pytest.param(
            "faults", {"headers": {"a": 1}}, "headers.a must be a string, got 1", id="header"
        ),
        pytest.param(
            "faults", {"operation": "getRun", "hang": True}, "there is no operation", id="operation"
        ),
        pytest.param(
            "faults", {"statsu": 1}, "there is no 'statsu'; there are operation", id="typo"
        ),
        pytest.param("plans", {"ends": "BAD"}, 'ends must be "COMPLETED" or "FAILED"', id="ending"),
        pytest.param("plans", {"run_id": "1"}, "there is no run 1 under way", id="no such run"),
        pytest.param("plans", {"tasks": {}}, "tasks must be a list, got {}", id="tasks"),
        pytest.param("plans", {"tasks": [1]}, "tasks[0] must be a JSON object, got 1", id="task"),
        pytest.param(
            "plans",
            {"tasks": [{}]},
            "tasks[0]: name is missing; there are name, cpus",
            id="no name",
        ),
        pytest.param(
            "plans",
            {"tasks": [{"name": "a", "window": [1]}]},
            "tasks[0].window must be a list of 2, got [1]",
            id="half a window",
        ),
        pytest.param(
            "plans",
            {"tasks": [{"name": "a", "window": [1, 0]}]},
            "tasks[0]: window must be two fractions",
            id="window",
        ),
        pytest.param(
            "plans", {"durations": {"running": -1}}, "durations: running must be", id="duration"
        ),
        pytest.param("run-groups", {"idd": "1"}, "there is no 'idd'; there are id", id="group"),
        pytest.param("run-caches", {"id": 1}, "id must be a string, got 1", id="cache"),
        pytest.param("workflows", {"type": "X"}, 'type must be "PRIVATE" or', id="workflow"),
        pytest.param("configurations", {}, "name is missing; there are name,", id="configuration"),
        pytest.param("clock", {"advance": -1}, "advance must be from 0 to 1000000000", id="back"),
        pytest.param("clock", {"advance": 1e10}, "advance must be from 0 to 1000000000", id="far"),
        pytest.param("clock", {}, "advance is missing; there are advance", id="no advance"),
        pytest.param("expired-tokens", {}, "session_token is missing", id="no token"),
        pytest.param("reset", {"runs": True}, "there is no 'runs'; there are none", id="reset"),
    ],
)
def test_wrong_input(
    local: Emulator, web: httpx.Client, name: str, body: object, message: str
) -> None:
    """What is wrong is named, with what would be right, and nothing happens."""
    response = web.post(f"/_emulator/{name}", content=json.dumps(body))
    assert response.status_code == 400
    assert list(response.json()) == ["message"]
    assert response.json()["message"].startswith(message)
    assert (local.faults.waiting, local._store.plans, local.clock.monotonic()) == (0, {}, 0)


@pytest.mark.parametrize(
    "body",
    [pytest.param("{", id="cut"), pytest.param('{"advance": NaN}', id="no number of JSON")],
)
def test_no_json(web: httpx.Client, body: str) -> None:
    """A body that is no JSON is told so."""
    response = web.post("/_emulator/clock", content=body)
    assert response.status_code == 400
    assert response.json()["message"].startswith("The body must be JSON: ")


@pytest.mark.parametrize(
    "path",
    [
        pytest.param("/_emulator", id="root"),
        pytest.param("/_emulator/", id="slash"),
        pytest.param("/_emulator/fault", id="misspelt"),
        pytest.param("/_emulator/faults/1", id="too deep"),
    ],
)
def test_unknown_paths(local: Emulator, web: httpx.Client, path: str) -> None:
    """A path that the emulator does not have is answered with those that it has."""
    response = web.get(path)
    assert response.status_code == 404
    message = response.json()["message"]
    assert message.startswith(f"The emulator has no {path}; it has /_emulator/health, ")
    assert local.requests == []


def test_paths_beside_it(local: Emulator, web: httpx.Client) -> None:
    """A path that only begins like the emulator's own is one that the service does not have."""
    assert web.get("/_emulators").status_code == 404
    assert len(local.requests) == 1


def test_wrong_methods(web: httpx.Client) -> None:
    """A wrong method is answered with the right ones."""
    response = web.put("/_emulator/faults", json={})
    assert response.status_code == 405
    assert response.json() == {"message": "/_emulator/faults takes POST and DELETE, not PUT"}


def test_every_path_is_documented() -> None:
    """The table of the page on testing has each path with its methods."""
    rows = re.findall(r"^\| `([A-Z]+) /_emulator/([a-z-]+)`", TEXT, re.MULTILINE)
    assert sorted(rows) == sorted(
        (method, name) for name, methods in CONTROLS.items() for method in methods
    )


def test_the_examples_of_curl(web: httpx.Client) -> None:
    """What the page shows for curl is what is answered."""
    shown = re.findall(r"^\$ curl -s http://[^/]+(\S+) -d '([^']+)'\n(.+)$", TEXT, re.MULTILINE)
    assert len(shown) == TEXT.count("$ curl -s http://127.0.0.1:8787/_emulator/") > 2
    for path, body, answer in shown:
        assert web.post(path, content=body).text == answer


@pytest.mark.parametrize("settings", [[{"runSettingId": "a"}], '[{"runSettingId": "a"}]'])
def test_files_of_settings(local: Emulator, web: httpx.Client, settings: object) -> None:
    """A file of settings is put where a batch finds it, as a list or as its text."""
    assert post(web, "objects", {"uri": "s3://b/f.json", "settings": settings}) == {}
    default = DefaultRunSetting(workflow_id="1", role_arn="arn:role", output_uri="s3://b/out")
    with local.client() as client:
        batch = client.start_run_batch(
            default_run_setting=default, batch_run_settings=S3UriSettings("s3://b/f.json")
        )
        assert client.wait_until_batch(batch).is_success
