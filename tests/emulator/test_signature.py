"""Which signatures are accepted: botocore's own, over exactly what is sent, a moment ago."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import attrs
import httpx
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from omics_runs.emulator import Emulator, VirtualClock
from tests.emulator.conftest import START, code

HOST = "omics.example"
NOW = datetime(2026, 5, 17, 12, 0, 0, tzinfo=UTC)


def signed(emulator: Emulator, method: str, target: str, content: bytes = b"") -> httpx.Request:
    """Return a request with a signature by botocore."""
    headers = {"content-type": "application/json", "host": HOST, "x-twice": "a  b"}
    request = AWSRequest(method, f"http://{HOST}{target}", headers=headers, data=content)
    keys = Credentials(emulator.access_key, emulator.secret_key)
    SigV4Auth(keys, "omics", emulator.region).add_auth(request)
    return httpx.Request(
        method, f"http://{HOST}{target}", headers=dict(request.headers.items()), content=content
    )


def send(emulator: Emulator, request: httpx.Request) -> httpx.Response:
    """Send a request as it is."""
    with httpx.Client(transport=emulator.transport()) as http:
        return http.send(request)


@pytest.fixture
def strict() -> Emulator:
    """Return an emulator that verifies signatures."""
    return Emulator(VirtualClock())


@pytest.mark.parametrize(
    "target",
    [
        pytest.param("/run", id="plain"),
        pytest.param("/run?name=a%20b%2Bc&status=PENDING", id="query"),
        pytest.param("/run?status=PENDING&name=%C3%A4~-._", id="unsorted query"),
        pytest.param("/run?name=", id="empty value"),
        pytest.param("/run/%31", id="encoded path"),
    ],
)
def test_accepted(strict: Emulator, target: str) -> None:
    """A signature over the request as it was sent is accepted, whatever the path and query."""
    assert send(strict, signed(strict, "GET", target)).status_code != 403


def test_body(strict: Emulator) -> None:
    """The signature covers the body."""
    good = signed(strict, "POST", "/run", httpx.Request("POST", "http://x", json=START).content)
    assert send(strict, good).status_code == 201


def authorization(change: Callable[[str], str]) -> Callable[[httpx.Request], None]:
    """Return what changes the Authorization header of a request."""

    def spoil(request: httpx.Request) -> None:
        request.headers["authorization"] = change(request.headers["authorization"])

    return spoil


def header(name: str, value: str | None) -> Callable[[httpx.Request], None]:
    """Return what changes another header of a request, or takes it away."""

    def spoil(request: httpx.Request) -> None:
        request.headers.pop(name, None)
        if value is not None:
            request.headers[name] = value

    return spoil


def at(moment: datetime) -> str:
    """Return a moment as X-Amz-Date has it."""
    return moment.strftime("%Y%m%dT%H%M%SZ")


@pytest.mark.parametrize(
    ("spoil", "name"),
    [
        pytest.param(
            header("authorization", None), "MissingAuthenticationTokenException", id="unsigned"
        ),
        pytest.param(
            header("authorization", "Basic abc"), "IncompleteSignatureException", id="other scheme"
        ),
        pytest.param(
            authorization(lambda text: text.replace("/aws4_request", "")),
            "IncompleteSignatureException",
            id="incomplete credential",
        ),
        pytest.param(
            authorization(lambda text: text.replace("aws4_request", "aws5_request")),
            "IncompleteSignatureException",
            id="other kind of credential",
        ),
        pytest.param(
            authorization(lambda text: text.partition(", Signature")[0]),
            "IncompleteSignatureException",
            id="no signature",
        ),
        pytest.param(
            authorization(lambda text: text.replace("host;", "")),
            "IncompleteSignatureException",
            id="host not signed",
        ),
        pytest.param(header("x-amz-date", None), "IncompleteSignatureException", id="no date"),
        pytest.param(
            header("x-amz-date", "yesterday"), "IncompleteSignatureException", id="no real date"
        ),
        pytest.param(
            authorization(lambda text: text.replace("EMULATORKEY", "OTHERKEY")),
            "UnrecognizedClientException",
            id="unknown key",
        ),
        pytest.param(
            authorization(lambda text: text.replace("/us-west-2/", "/us-east-1/")),
            "InvalidSignatureException",
            id="other region",
        ),
        pytest.param(
            authorization(lambda text: text.replace("/omics/", "/s3/")),
            "InvalidSignatureException",
            id="other service",
        ),
        pytest.param(
            authorization(lambda text: text.replace("/20", "/19", 1)),
            "InvalidSignatureException",
            id="other day",
        ),
        pytest.param(
            authorization(lambda text: text[:-1] + ("0" if text[-1] != "0" else "1")),
            "InvalidSignatureException",
            id="other signature",
        ),
        pytest.param(
            header("x-amz-date", at(datetime.now(UTC) - timedelta(hours=1))),
            "InvalidSignatureException",
            id="an hour ago",
        ),
        pytest.param(
            header("x-amz-date", at(datetime.now(UTC) + timedelta(hours=1))),
            "InvalidSignatureException",
            id="in an hour",
        ),
        pytest.param(header("host", "other"), "InvalidSignatureException", id="other host"),
        pytest.param(header("x-twice", "b"), "InvalidSignatureException", id="changed header"),
        pytest.param(
            authorization(lambda text: text.replace("host;", "Host;")),
            "IncompleteSignatureException",
            id="upper case in signed headers",
        ),
        pytest.param(
            authorization(lambda text: text.replace("host;x-amz-date", "x-amz-date;host")),
            "IncompleteSignatureException",
            id="unsorted signed headers",
        ),
        pytest.param(
            authorization(lambda text: text.replace("host;", "host;host;")),
            "IncompleteSignatureException",
            id="header signed twice",
        ),
    ],
)
def test_refused(strict: Emulator, spoil: Callable[[httpx.Request], None], name: str) -> None:
    """What is missing or was changed after signing is refused, each with its own code."""
    request = signed(strict, "GET", "/run")
    spoil(request)
    response = send(strict, request)
    assert (response.status_code, code(response)) == (403, name)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"method": "POST", "url": "/run/1/cancel"}, id="path and method"),
        pytest.param({"method": "DELETE"}, id="method"),
        pytest.param({"url": "/run/1?export=DEFINITION"}, id="query"),
        pytest.param({"url": "/run/2"}, id="path"),
        pytest.param({"content": b"{}"}, id="body"),
    ],
)
def test_changed_requests(strict: Emulator, change: dict[str, Any]) -> None:
    """A signature is good for one request, and for no other."""
    good = signed(strict, "GET", "/run/1")
    parts: dict[str, Any] = {"method": "GET", "url": "/run/1", "content": b""} | change
    url = f"http://{HOST}{parts.pop('url')}"
    headers = {name: value for name, value in good.headers.items() if name != "content-length"}
    response = send(strict, httpx.Request(url=url, headers=headers, **parts))
    assert (response.status_code, code(response)) == (403, "InvalidSignatureException")


def test_plus_is_no_space(strict: Emulator) -> None:
    """A space that was encoded as `+` is refused, as AWS does, though botocore signs it so."""
    response = send(strict, signed(strict, "GET", "/run?name=a+b"))
    assert (response.status_code, code(response)) == (403, "InvalidSignatureException")


def test_white_space_in_headers(strict: Emulator) -> None:
    """White space within a signed header makes no difference."""
    request = signed(strict, "GET", "/run")
    request.headers["x-twice"] = "a b"
    assert send(strict, request).status_code == 200


EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@pytest.mark.parametrize(
    ("digest", "status"),
    [pytest.param(EMPTY, 200, id="right"), pytest.param("0" * 64, 403, id="wrong")],
)
def test_digest_in_header(strict: Emulator, digest: str, status: int) -> None:
    """A digest of the body in its header is welcome if it is right."""
    request = AWSRequest("GET", f"http://{HOST}/run", headers={"host": HOST})
    request.headers["X-Amz-Content-SHA256"] = digest
    keys = Credentials(strict.access_key, strict.secret_key)
    SigV4Auth(keys, "omics", strict.region).add_auth(request)
    headers = dict(request.headers.items())
    response = send(strict, httpx.Request("GET", request.url, headers=headers))
    assert response.status_code == status
    assert status == 200 or code(response) == "InvalidSignatureException"


@pytest.mark.parametrize(
    "name", [pytest.param(name, id=name) for name in ("X-Amz-Security-Token", "x-amz-new")]
)
def test_unsigned_amz_headers(strict: Emulator, name: str) -> None:
    """A session token, or another header of AWS, that was added after signing is refused."""
    request = signed(strict, "GET", "/run")
    request.headers[name] = "added"
    response = send(strict, request)
    assert (response.status_code, code(response)) == (403, "IncompleteSignatureException")
    assert name.lower() in response.json()["message"]


class NoDate(SigV4Auth):  # type: ignore[misc]
    """Signs all but the date."""

    def headers_to_sign(self, request: Any) -> Any:
        """Leave the date out."""
        headers = super().headers_to_sign(request)
        del headers["x-amz-date"]
        return headers


def test_the_date_must_be_signed(strict: Emulator) -> None:
    """A signature that is right, but leaves out when it was made, is refused."""
    request = AWSRequest("GET", f"http://{HOST}/run", headers={"host": HOST})
    NoDate(Credentials(strict.access_key, strict.secret_key), "omics", strict.region).add_auth(
        request
    )
    headers = dict(request.headers.items())
    response = send(strict, httpx.Request("GET", request.url, headers=headers))
    assert (response.status_code, code(response)) == (403, "IncompleteSignatureException")
    assert response.json()["message"] == "SignedHeaders must name x-amz-date."


def test_two_signatures(strict: Emulator) -> None:
    """Two Authorization headers are refused, though each by itself would do."""
    good = signed(strict, "GET", "/run")
    headers = [*good.headers.multi_items(), ("authorization", good.headers["authorization"])]
    response = send(strict, httpx.Request("GET", good.url, headers=headers))
    assert (response.status_code, code(response)) == (403, "IncompleteSignatureException")


@pytest.mark.parametrize("sign", [pytest.param(1, id="old"), pytest.param(-1, id="early")])
@pytest.mark.parametrize(
    ("seconds", "status"),
    [pytest.param(290, 200, id="4m50s"), pytest.param(310, 403, id="5m10s")],
)
def test_skew(strict: Emulator, sign: int, seconds: int, status: int) -> None:
    """A signature may be five minutes off, either way, and no more."""
    request = signed(strict, "GET", "/run")
    moment = datetime.strptime(request.headers["x-amz-date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    now = moment + sign * timedelta(seconds=seconds)
    strict._check = attrs.evolve(strict._check, now=lambda: now)
    assert send(strict, request).status_code == status


def test_real_time_counts() -> None:
    """Virtual years do not make a signature old."""
    clock = VirtualClock()
    emulator = Emulator(clock)
    clock.advance(100 * 365 * 86_400)
    assert send(emulator, signed(emulator, "GET", "/run")).status_code == 200


def test_refused_calls_do_nothing(strict: Emulator) -> None:
    """A call that is refused is recorded, and nothing more."""
    with httpx.Client(transport=strict.transport()) as http:
        assert http.post(f"http://{HOST}/run", json=START).status_code == 403
    assert strict.runs == {}
    assert [(call.operation, call.status) for call in strict.requests] == [("StartRun", 403)]
