"""The emulator on loopback: HTTP over a socket, and an end that leaves nothing behind."""

from __future__ import annotations

import http.client
import json
import socket
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from urllib.parse import urlsplit

import httpx
import pytest

from omics_runs._clock import Clock, ScaledClock, SystemClock
from omics_runs.emulator import Emulator, Fault, VirtualClock
from omics_runs.emulator._http import Received
from omics_runs.errors import TransportError
from tests.emulator.conftest import ROLE, START, code

OTHER_METHODS = ("HEAD", "OPTIONS", "PUT", "PATCH", "TRACE", "BREW")


@pytest.fixture
def served(emulator: Emulator) -> Iterator[str]:
    """Serve an emulator that asks for no signatures."""
    with emulator.serve() as url:
        yield url


@pytest.fixture
def web(served: str) -> Iterator[httpx.Client]:
    """Return plain HTTP to it."""
    with httpx.Client(base_url=served, timeout=10) as http:
        yield http


def raw(url: str, request: bytes) -> bytes:
    """Return all that is answered to some bytes until the connection ends."""
    address = urlsplit(url)
    with socket.create_connection((address.hostname, address.port), timeout=10) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(65_536), b""))


def test_url(served: str) -> None:
    """The URL is one of 127.0.0.1, with the port that was free."""
    assert served.startswith("http://127.0.0.1:")


def test_keep_alive(served: str) -> None:
    """One connection takes one call after another, answers without a body among them."""
    connection = http.client.HTTPConnection(urlsplit(served).netloc)
    connection.request("POST", "/run", json.dumps(START))
    started = connection.getresponse()
    run_id = json.loads(started.read())["id"]
    first = connection.sock
    connection.request("POST", f"/run/{run_id}/cancel")
    answer = connection.getresponse()
    assert (answer.status, answer.read()) == (202, b"")
    connection.request("GET", "/run")
    assert len(json.loads(connection.getresponse().read())["items"]) == 1
    assert connection.sock is first is not None
    connection.close()


def test_threads(emulator: Emulator, web: httpx.Client) -> None:
    """Thirty-two threads at once start as many runs, each with ids of its own."""
    barrier = threading.Barrier(32)

    def start(number: int) -> list[str]:
        barrier.wait(timeout=30)
        bodies = [START | {"requestId": f"{number} {n}"} for n in range(4)]
        return [web.post("/run", json=body).json()["id"] for body in bodies]

    with ThreadPoolExecutor(32) as pool:
        ids = [run_id for found in pool.map(start, range(32)) for run_id in found]
    assert len(set(ids)) == 128
    assert set(emulator.runs) == set(ids)
    assert emulator.count("StartRun") == 128


def test_same_request_from_many_threads(emulator: Emulator, web: httpx.Client) -> None:
    """Threads that send the same request at once start one run between them."""
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: web.post("/run", json=START).json()["id"], range(16)))
    assert len(set(answers)) == len(emulator.runs) == 1


@pytest.fixture
def _restless() -> Iterator[None]:
    """Let threads take turns as often as they can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def test_one_run_for_one_request_id(emulator: Emulator, _restless: None) -> None:
    """However closely threads send one request id together, it starts one run."""
    threads, rounds = 16, 20
    barrier = threading.Barrier(threads, timeout=30)
    calls = [
        Received(
            method="POST", target="/run", body=json.dumps(START | {"requestId": str(n)}).encode()
        )
        for n in range(rounds)
    ]

    def start(_: int) -> list[str]:
        ids = []
        for call in calls:
            barrier.wait()
            ids.append(json.loads(emulator.handle(call).body)["id"])
        return ids

    with ThreadPoolExecutor(threads) as pool:
        answers = {tuple(ids) for ids in pool.map(start, range(threads))}
    assert len(answers) == 1
    assert len(emulator.runs) == rounds


def test_mid_body(emulator: Emulator, web: httpx.Client) -> None:
    """A connection can end halfway through the body, and the next call takes a new one."""
    emulator.faults.add(Fault(drop="mid-body"))
    with pytest.raises(httpx.RemoteProtocolError):
        web.get("/run")
    assert web.get("/run").status_code == 200


def test_drop(emulator: Emulator, web: httpx.Client) -> None:
    """A connection can end without an answer."""
    emulator.faults.add(Fault(drop=True))
    with pytest.raises(httpx.RemoteProtocolError):
        web.get("/run")


def test_reset(emulator: Emulator, web: httpx.Client) -> None:
    """A connection can end by a reset, and the next call takes a new one."""
    emulator.faults.add(Fault("GetRun", reset=True))
    assert web.get("/run").status_code == 200
    with pytest.raises(httpx.ReadError):
        web.get("/run/1")
    assert web.get("/run").status_code == 200


def test_reset_after_commit() -> None:
    """A reset after StartRun was carried out leads to a second call, and to no second run."""
    emulator = Emulator(ScaledClock(1000))
    emulator.faults.add(Fault("StartRun", reset=True, after_commit=True))
    with emulator.serve() as url, emulator.client(endpoint_url=url) as client:
        started = client.start_run(workflow_id="1", role_arn=ROLE, output_uri="s3://bucket")
        attempts = started.response_metadata.attempts
    assert attempts == emulator.count("StartRun") == 2
    assert list(emulator.runs) == [started.id]


def test_mid_body_of_nothing(emulator: Emulator, web: httpx.Client) -> None:
    """An answer without a body that is to break off in its middle is lost as a whole."""
    run_id = web.post("/run", json=START).json()["id"]
    emulator.faults.add(Fault("CancelRun", drop="mid-body"))
    with pytest.raises(httpx.RemoteProtocolError):
        web.post(f"/run/{run_id}/cancel")


def test_delay_with_others_who_work() -> None:
    """A virtual clock of several participants holds an answer back until it is moved."""
    clock = VirtualClock(participants=2)
    emulator = Emulator(clock, verify_signatures=False)
    emulator.faults.add(Fault(delay=5))
    with emulator.serve() as url, ThreadPoolExecutor(1) as pool:
        answer = pool.submit(httpx.get, f"{url}/run", timeout=60)
        while not answer.done():
            clock.advance(5)
    assert answer.result().status_code == 200
    assert clock.monotonic() >= 5


@pytest.mark.parametrize("method", [pytest.param(name, id=name) for name in OTHER_METHODS])
@pytest.mark.parametrize(
    "in_process", [pytest.param(True, id="in process"), pytest.param(False, id="on loopback")]
)
def test_other_methods(
    emulator: Emulator, web: httpx.Client, method: str, in_process: bool
) -> None:
    """A method that no operation has is answered as any wrong method, on each way."""
    http = httpx.Client(transport=emulator.transport(), base_url="http://omics")
    response = (http if in_process else web).request(method, "/run")
    assert response.status_code == 405
    assert response.headers["content-type"] == "application/json"
    assert response.headers["x-amzn-requestid"] == emulator.requests[-1].aws_request_id
    if method == "HEAD":
        assert response.content == b""
    else:
        assert response.json() == {"message": f"{method} is not a method of /run"}
    assert web.get("/run").status_code == 200


def test_delay(emulator: Emulator, web: httpx.Client, clock: VirtualClock) -> None:
    """A slow answer takes time of the emulator's clock."""
    emulator.faults.add(Fault(delay=5))
    assert web.get("/run").status_code == 200
    assert clock.monotonic() == 5


@pytest.mark.parametrize(
    ("head", "words"),
    [
        pytest.param("POST /run HTTP/1.1\r\nContent-Length: -1", b"411", id="negative length"),
        pytest.param("POST /run HTTP/1.1\r\nContent-Length: ten", b"411", id="no number"),
        pytest.param("POST /run HTTP/1.1\r\nTransfer-Encoding: chunked", b"411", id="chunked"),
        pytest.param(
            f"POST /run HTTP/1.1\r\nContent-Length: {'9' * 13}", b"413", id="endless body"
        ),
        pytest.param("POST /run HTTP/1.1\r\nContent-Length: 67108865", b"413", id="long body"),
        pytest.param(f"POST /run HTTP/1.1\r\nContent-Length: {'0' * 11}", b"413", id="long number"),
        pytest.param("GET /run HTTP/9.9\r\nHost: x", b"HTTP version", id="unknown version"),
        pytest.param("nonsense", b"nonsense", id="no HTTP"),
    ],
)
def test_bad_http(served: str, head: str, words: bytes) -> None:
    """What can't be read as a request is refused in JSON, and the connection ends."""
    answer = raw(served, f"{head}\r\n\r\n".encode())
    assert words in answer
    assert answer.partition(b'{"message": "')[2].endswith(b'"}')


def test_cut_short(emulator: Emulator, served: str, capfd: pytest.CaptureFixture[str]) -> None:
    """A request whose body was cut short does nothing, though what came of it is whole."""
    head = b"POST /run HTTP/1.1\r\nContent-Length: 999\r\n\r\n"
    assert raw(served, head + json.dumps(START).encode()) == b""
    assert emulator.runs == {}
    assert emulator.requests == []
    assert capfd.readouterr() == ("", "")


def test_two_slashes(emulator: Emulator, web: httpx.Client, served: str) -> None:
    """The path is taken as it came, as in process."""
    assert b" 404 " in raw(served, b"GET //run HTTP/1.1\r\n\r\n")
    assert emulator.requests[-1].target == "//run"
    with httpx.Client(transport=emulator.transport()) as http:
        assert http.get("http://omics//run").status_code == 404


def test_old_http(served: str) -> None:
    """A client of HTTP/1.0 is answered, and its connection ends."""
    answer = raw(served, b"GET /run HTTP/1.0\r\n\r\n")
    assert b"200 OK" in answer
    assert answer.endswith(b'{"items": []}')


def test_clients_may_go_away(served: str, capfd: pytest.CaptureFixture[str]) -> None:
    """A client that resets its connection leaves no trace on the terminal."""
    address = urlsplit(served)
    for request in (b"", b"GET /run HTTP/1.1\r\n\r\n" * 50):
        connection = socket.create_connection((address.hostname, address.port))
        linger = (1).to_bytes(4, "little") + (0).to_bytes(4, "little")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        connection.sendall(request)
        connection.close()
    assert httpx.get(f"{served}/run").status_code == 200
    assert capfd.readouterr() == ("", "")


class OwnClock:
    """A clock as users may write one, with no more than the protocol asks for."""

    def __init__(self) -> None:
        self.elapsed = 0.0

    def now(self) -> datetime:
        """Return the real time of day."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return the seconds that were slept."""
        return self.elapsed

    def sleep(self, seconds: float) -> None:
        """Be there at once."""
        self.elapsed += seconds

    async def asleep(self, seconds: float) -> None:
        """Be there at once."""
        self.elapsed += seconds


def test_own_clocks() -> None:
    """A slow answer waits on whatever clock the emulator was given."""
    emulator = Emulator(OwnClock(), verify_signatures=False)
    emulator.faults.add(Fault(delay=5))
    with emulator.serve() as url:
        assert httpx.get(f"{url}/run").status_code == 200
        assert httpx.get(f"{url}/_emulator/health").json()["speed"] is None
    assert emulator.clock.monotonic() == 5


class Unreadable(OwnClock):
    """A clock that may break."""

    broken = False

    def monotonic(self) -> float:
        """Fail once it is broken."""
        if self.broken:
            raise NotImplementedError
        return super().monotonic()


class Restless(OwnClock):
    """A clock that can't be waited for."""

    def sleep(self, seconds: float) -> None:
        """Fail."""
        raise NotImplementedError


def test_own_mistakes_are_answered(capfd: pytest.CaptureFixture[str]) -> None:
    """An error of the emulator itself is told once, and answered; the connection goes on."""
    clock = Unreadable()
    emulator = Emulator(clock, verify_signatures=False)
    with emulator.serve() as url, httpx.Client(base_url=url) as http:
        clock.broken = True
        response = http.get("/run")
        clock.broken = False
        assert (response.status_code, code(response)) == (500, "InternalServerException")
        assert "console" in response.json()["message"]
        assert http.get("/run").status_code == 200
    assert capfd.readouterr().err.count("Traceback") == 1


def test_a_failed_delay_is_answered(capfd: pytest.CaptureFixture[str]) -> None:
    """So is an error while an answer is held back."""
    emulator = Emulator(Restless(), verify_signatures=False)
    emulator.faults.add(Fault(delay=1))
    with emulator.serve() as url:
        assert httpx.get(f"{url}/run").status_code == 500
    assert "NotImplementedError" in capfd.readouterr().err


def test_own_mistakes_surface_in_process() -> None:
    """In process an error of the emulator is raised as it is; the SDK has it as the cause."""
    clock = Unreadable()
    emulator = Emulator(clock, verify_signatures=False)
    clock.broken = True
    with httpx.Client(transport=emulator.transport()) as http, pytest.raises(NotImplementedError):
        http.get("http://omics/run")
    with emulator.client(clock=None) as client, pytest.raises(TransportError) as caught:
        client.list_runs()
    assert isinstance(caught.value.__cause__, NotImplementedError)
    assert len(caught.value.attempts) == 1


@pytest.mark.parametrize(
    "waiting", [pytest.param(False, id="idle connection"), pytest.param(True, id="hanging call")]
)
def test_closing(emulator: Emulator, waiting: bool) -> None:
    """The end of serving ends connections, idle ones and hanging ones, and frees the port."""
    before = threading.active_count()
    with emulator.serve() as url:
        address = urlsplit(url)
        connection = socket.create_connection((address.hostname, address.port), timeout=10)
        connection.sendall(b"GET /run HTTP/1.1\r\n\r\n")
        assert connection.recv(65_536).startswith(b"HTTP/1.1 200")
        if waiting:
            emulator.faults.add(Fault(hang=True))
            connection.sendall(b"GET /run HTTP/1.1\r\n\r\n")
    assert connection.recv(65_536) == b""
    connection.close()
    assert threading.active_count() == before
    assert address.port is not None
    with emulator.serve(address.port) as again:
        assert again == url


@pytest.mark.parametrize(
    "clock",
    [
        pytest.param(SystemClock(), id="real"),
        pytest.param(ScaledClock(0.5), id="scaled"),
        pytest.param(VirtualClock(participants=9), id="virtual, with others who work"),
    ],
)
def test_closing_while_answers_are_held_back(clock: Clock) -> None:
    """The end of serving does not wait for slow answers, and none of their threads stays."""
    emulator = Emulator(clock, verify_signatures=False)
    emulator.faults.add(Fault(delay=60, times=3))
    before = threading.active_count()
    connections = []
    with emulator.serve() as url:
        address = urlsplit(url)
        for _ in range(3):
            connection = socket.create_connection((address.hostname, address.port), timeout=10)
            connection.sendall(b"GET /run HTTP/1.1\r\n\r\n")
            connections.append(connection)
        while emulator.count("ListRuns") < 3:
            time.sleep(0.001)
        closed_at = time.monotonic()
    assert time.monotonic() - closed_at < 1
    assert threading.active_count() == before
    for connection in connections:
        assert connection.recv(65_536) == b""
        connection.close()


def test_delay_of_a_real_clock() -> None:
    """A slow answer comes when its time is over."""
    clock = ScaledClock(1000)
    emulator = Emulator(clock, verify_signatures=False)
    emulator.faults.add(Fault(delay=50))
    with emulator.serve() as url:
        asked_at = clock.monotonic()
        assert httpx.get(f"{url}/run").status_code == 200
        assert clock.monotonic() - asked_at >= 50


@pytest.mark.parametrize(
    "host",
    [
        pytest.param("0.0.0.0", id="all"),  # noqa: S104
        pytest.param("192.0.2.1", id="somebody else's"),
        pytest.param("example.com", id="a name"),
    ],
)
def test_loopback_only(emulator: Emulator, host: str) -> None:
    """No address is served that others could reach."""
    with pytest.raises(ValueError, match="loopback"), emulator.serve(host=host):
        pass


def test_localhost(emulator: Emulator) -> None:
    """The usual name of the loopback address is as good as the address."""
    with emulator.serve(host="localhost") as url:
        assert httpx.get(f"{url}/run").status_code == 200


def test_port_in_use(emulator: Emulator, served: str) -> None:
    """A port that is taken is an error, not a second server."""
    port = urlsplit(served).port
    assert port is not None
    with pytest.raises(OSError), emulator.serve(port):
        pass


def test_real_time_is_added() -> None:
    """Without a clock of the user's, serving makes time pass by itself, and only once as fast."""
    emulator = Emulator(verify_signatures=False)
    emulator.plan(after=0.001)
    with emulator.serve() as url, emulator.serve():
        run_id = httpx.post(f"{url}/run", json=START).json()["id"]
        while httpx.get(f"{url}/run/{run_id}").json()["status"] != "COMPLETED":
            pass


def test_leap() -> None:
    """Before each look by HTTP time leaps, and before no other call; a client's clock stays."""
    emulator = Emulator(VirtualClock(), verify_signatures=False)
    with emulator.serve(leap=20) as url:
        runs = [httpx.post(f"{url}/run", json={**START, "requestId": x}).json() for x in "ab"]
        assert [run["status"] for run in runs] == ["PENDING", "PENDING"]
        looks = [httpx.get(f"{url}/run/{runs[0]['id']}").json()["status"] for _ in range(2)]
    assert looks == ["PENDING", "STARTING"]
    assert emulator.clock.monotonic() == 0


@pytest.mark.parametrize("leap", [-1, float("inf"), float("nan")])
def test_leaps_go_ahead(leap: float) -> None:
    """Time leaps neither back nor to its end."""
    with pytest.raises(ValueError, match="leap must be"):
        Emulator().serve(leap=leap)


def test_the_emulator_knows_its_url() -> None:
    """While it is served, and only then; served twice, it names the last one that goes on."""
    emulator = Emulator()
    assert emulator.url is None
    with emulator.serve() as url:
        with emulator.serve() as another:
            assert emulator.url == another != url
        assert emulator.url == url
    assert emulator.url is None


def test_expect_100(served: str) -> None:
    """A client that waits for leave to send its body gets it."""
    body = json.dumps(START).encode()
    head = f"POST /run HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: {len(body)}\r\n\r\n"
    address = urlsplit(served)
    with socket.create_connection((address.hostname, address.port), timeout=10) as connection:
        connection.sendall(head.encode())
        assert connection.recv(65_536).startswith(b"HTTP/1.1 100 Continue")
        connection.sendall(body)
        assert connection.recv(65_536).startswith(b"HTTP/1.1 201")


def test_a_given_clock_is_left_alone(emulator: Emulator, web: httpx.Client) -> None:
    """A virtual clock of the user's stands still, also on loopback."""
    web.post("/run", json=START)
    (run,) = emulator.runs.values()
    assert run.creation_time == next(iter(emulator.runs.values())).creation_time
    assert emulator._time.now() == 0
