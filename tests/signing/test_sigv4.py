"""Signatures: published vectors, and botocore's own signer as the independent oracle."""

from __future__ import annotations

import importlib
import logging
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote, urlencode

import anyio
import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from omics_runs import _sigv4
from omics_runs._credentials import Credentials

from . import vectors

EXAMPLE = Credentials(vectors.ACCESS_KEY, vectors.SECRET_KEY)
EXAMPLE_TIME = vectors.TIME
EXAMPLE_HOST = vectors.HOST


def botocore(module: str) -> Any:
    """Import a module of botocore, which comes without types."""
    return importlib.import_module(f"botocore.{module}")


def authorization(vector: vectors.Vector) -> str:
    """Return the header that belongs to a published request."""
    return (
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
        f"SignedHeaders={vector.signed_headers}, Signature={vector.signature}"
    )


def published(found: list[vectors.Vector]) -> list[Any]:
    """Return vectors as parameters under their own names."""
    return [pytest.param(vector, id=vector.name) for vector in found]


@pytest.mark.parametrize("vector", published(vectors.VECTORS))
def test_published_vectors(vector: vectors.Vector) -> None:
    """A published request gets its published signature."""
    headers = httpx.Headers(vector.headers)
    request = httpx.Request(vector.method, vector.url, headers=headers, content=vector.body)
    if "content-length" not in headers:
        request.headers.pop("content-length", None)  # which httpx adds
    credentials = Credentials(vectors.ACCESS_KEY, vectors.SECRET_KEY, vector.session_token)
    _sigv4.sign(
        request, credentials, region=vectors.REGION, now=vectors.TIME, service=vectors.SERVICE
    )
    assert request.headers["Authorization"] == authorization(vector)
    assert request.headers["X-Amz-Date"] == "20150830T123600Z"
    assert request.headers.get("X-Amz-Security-Token") == vector.session_token


@pytest.mark.parametrize("vector", published(vectors.RAW_PATHS))
def test_published_vectors_of_paths_that_are_not_encoded(vector: vectors.Vector) -> None:
    """The examples with a raw path, which httpx never sends, hold for the signer itself."""
    request = botocore("awsrequest").AWSRequest(vector.method, vector.url)
    request.context["timestamp"] = "20150830T123600Z"
    keys = botocore("credentials").ReadOnlyCredentials(EXAMPLE.access_key, EXAMPLE.secret_key, None)
    _sigv4.signer_class()(keys, vectors.SERVICE, vectors.REGION).add_auth(request)
    assert request.headers["Authorization"] == authorization(vector)


# --- equality with botocore ---------------------------------------------------------------------

SEGMENTS = st.text("abcXYZ019-._~ /:%@!$&'()*+,;=é\u1234[]|^`{}", max_size=12)
TEXTS = st.text("abcXYZ019-._~ /:%@!$'()*+,;é\u1234", max_size=12)
STEPS = st.sampled_from(["a", "", ".", "..", "%2F", "%2f", "%3A", "a%20b", "é", "~", "a+b", "*"])
ODD_PATHS = st.lists(STEPS, max_size=6).map("/".join)
ODD_QUERIES = st.text("ab=&+~*'();%20", max_size=12).map(lambda text: re.sub("%(?!20)", "", text))
HEADER_NAMES = st.sampled_from(
    ["Accept", "Content-Type", "X-Amz-Meta", "User-Agent", "Connection", "X-Amzn-Trace-Id", "Te"]
)
HEADER_VALUES = st.text("abcXYZ019 -_=;,/\t", max_size=15)
KEYS = st.builds(
    Credentials,
    st.text("AKIZ0189", min_size=1, max_size=20),
    st.text("abcXYZ019/+", min_size=1, max_size=40),
    st.none() | st.text("abcXYZ019/+=", min_size=1, max_size=60),
)


@st.composite
def requests(draw: st.DrawFn) -> httpx.Request:
    """Draw a request as the SDK might send one, and stranger ones."""
    path = "/" + draw(SEGMENTS.map(quote) | ODD_PATHS)
    pairs = st.lists(st.tuples(TEXTS, TEXTS), max_size=4)
    query = draw(pairs.map(lambda found: urlencode(found, quote_via=quote)) | ODD_QUERIES)
    scheme = draw(st.sampled_from(["http", "https"]))
    host = draw(st.sampled_from(["workflows-omics.us-west-2.amazonaws.com", "127.0.0.1:8787"]))
    return httpx.Request(
        draw(st.sampled_from(["GET", "POST", "PUT", "DELETE", "PATCH"])),
        f"{scheme}://{host}{path}{query and '?'}{query}",
        headers=draw(st.lists(st.tuples(HEADER_NAMES, HEADER_VALUES), max_size=5)),
        content=draw(st.binary(max_size=50)),
    )


def signed_by_botocore(
    request: httpx.Request, credentials: Credentials, region: str, now: datetime
) -> Any:
    """Let botocore's own `add_auth` sign the same request at the same time."""
    url = str(request.url.copy_with(fragment=None))
    signed = botocore("awsrequest").AWSRequest(request.method, url, data=request.content)
    for name, value in request.headers.multi_items():
        if name not in {"connection", "te"}:  # which its older releases would sign
            signed.headers[name] = value
    keys = botocore("credentials").ReadOnlyCredentials(
        credentials.access_key, credentials.secret_key, credentials.session_token
    )
    auth = botocore("auth")
    with pytest.MonkeyPatch.context() as patch:
        # Its clock can be set nowhere else; older releases ask datetime itself.
        if hasattr(auth, "get_current_datetime"):
            patch.setattr(auth, "get_current_datetime", lambda: now)
        else:
            stopped = SimpleNamespace(utcnow=lambda: now)
            patch.setattr(auth, "datetime", SimpleNamespace(datetime=stopped))
        auth.SigV4Auth(keys, "omics", region).add_auth(signed)
    return signed.headers


@given(
    request=requests(),
    credentials=KEYS,
    region=st.sampled_from(["us-west-2", "il-central-1"]),
    now=st.datetimes(min_value=datetime(2000, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
)
def test_equals_botocore(
    request: httpx.Request, credentials: Credentials, region: str, now: datetime
) -> None:
    """Any request gets the very headers that botocore's signer gives it."""
    expected = signed_by_botocore(request, credentials, region, now)
    _sigv4.sign(request, credentials, region=region, now=now)
    for name in ("Authorization", "X-Amz-Date", "X-Amz-Security-Token"):
        assert request.headers.get(name) == expected[name]


# --- what is signed -----------------------------------------------------------------------------


def signed(request: httpx.Request, credentials: Credentials = EXAMPLE) -> str:
    """Sign a request and return its Authorization header."""
    _sigv4.sign(request, credentials, region="us-east-1", now=EXAMPLE_TIME)
    return request.headers["Authorization"]


def test_path_is_signed_encoded_twice() -> None:
    """The path goes into the signature as it is on the wire, percent-encoded once more."""
    path = "/tags/arn%3Aaws%3Aomics"
    request = httpx.Request("GET", f"https://tags-omics.us-east-1.amazonaws.com{path}")
    seen = _sigv4.as_botocore(request)
    canonical = _sigv4.signer_class()(EXAMPLE, "omics", "us-east-1").canonical_request(seen)
    assert request.url.raw_path.decode() == path
    assert canonical.splitlines()[1] == "/tags/arn%253Aaws%253Aomics"


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, id=name)
        for name in ("user-agent", "connection", "x-amzn-trace-id", "date", "te", "traceparent")
    ],
)
def test_headers_that_may_change_are_not_signed(name: str) -> None:
    """A header that a proxy may change does not change the signature, and stays as it was."""
    bare = httpx.Request("GET", EXAMPLE_HOST)
    dressed = httpx.Request("GET", EXAMPLE_HOST, headers={name: "something"})
    assert signed(bare) == signed(dressed)
    assert dressed.headers[name] == "something"


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(httpx.Request("GET", f"{EXAMPLE_HOST}/b"), id="path"),
        pytest.param(httpx.Request("GET", f"{EXAMPLE_HOST}/a?x=1"), id="query"),
        pytest.param(httpx.Request("PUT", f"{EXAMPLE_HOST}/a"), id="method"),
        pytest.param(httpx.Request("GET", f"{EXAMPLE_HOST}/a", content=b"x"), id="body"),
        pytest.param(httpx.Request("GET", f"{EXAMPLE_HOST}/a", headers={"X-A": "1"}), id="header"),
        pytest.param(httpx.Request("GET", "https://other.example/a"), id="host"),
    ],
)
def test_everything_else_is_signed(other: httpx.Request) -> None:
    """Whatever else of a request changes, the signature changes with it."""
    assert signed(httpx.Request("GET", f"{EXAMPLE_HOST}/a")) != signed(other)


def test_signing_again_replaces_the_signature() -> None:
    """A retry with keys of another kind keeps nothing of the first signature."""
    request = httpx.Request("GET", EXAMPLE_HOST)
    temporary = Credentials("AKIDOTHER", "secret", "token")
    assert signed(request, temporary) != signed(request)
    assert "X-Amz-Security-Token" not in request.headers
    assert signed(request) == signed(httpx.Request("GET", EXAMPLE_HOST))


def test_time_of_any_zone_is_signed_in_utc() -> None:
    """A time in another zone is the same moment."""
    moment = EXAMPLE_TIME.astimezone(timezone(timedelta(hours=-7)))
    request = httpx.Request("GET", EXAMPLE_HOST)
    _sigv4.sign(request, EXAMPLE, region="us-east-1", now=moment)
    assert request.headers["X-Amz-Date"] == "20150830T123600Z"


@pytest.fixture
def far_from_utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Set the clock of this process in another zone."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "XYZ+7")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="the zone of a process can't be set here")
@pytest.mark.usefixtures("far_from_utc")
def test_the_zone_of_the_machine_does_not_matter() -> None:
    """Times are signed in UTC, wherever the machine believes to be."""
    request = httpx.Request("GET", EXAMPLE_HOST)
    _sigv4.sign(request, EXAMPLE, region="us-east-1", now=EXAMPLE_TIME)
    assert request.headers["X-Amz-Date"] == "20150830T123600Z"


def test_debug_log_shows_no_secret(caplog: pytest.LogCaptureFixture) -> None:
    """With every logger at DEBUG, neither secret key nor session token is logged."""
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, logger="botocore")
    logging.getLogger("botocore.auth").debug("the capture works")
    credentials = Credentials("AKIDEXAMPLE", "thesecretkey", "thesessiontoken")
    assert "Signature=" in signed(httpx.Request("GET", EXAMPLE_HOST), credentials)
    assert "the capture works" in caplog.text
    assert "thesecretkey" not in caplog.text
    assert "thesessiontoken" not in caplog.text


def test_import_leaves_botocore_alone() -> None:
    """Importing the module does not import botocore."""
    code = "import sys, omics_runs._sigv4; sys.exit('botocore' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_the_event_loop_does_not_import_botocore(backend: str) -> None:
    """The signer is loaded in a thread of its own, once."""
    code = (
        "import sys, threading, anyio, httpx\n"
        "from omics_runs import AsyncOmicsRunsClient\n"
        "class Watch:\n"
        "    threads = set()\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'botocore.auth': self.threads.add(threading.current_thread())\n"
        "sys.meta_path.insert(0, Watch())\n"
        "run = {'id': '1', 'arn': 'a', 'status': 'RUNNING'}\n"
        "answer = httpx.MockTransport(lambda request: httpx.Response(200, json=run))\n"
        "async def main():\n"
        "    http = httpx.AsyncClient(transport=answer)\n"
        "    keys = ('AK', 'SK', None)\n"
        "    client = AsyncOmicsRunsClient('us-west-2', credentials=keys, http_client=http)\n"
        "    await client.get_run('1')\n"
        "    await client.get_run('1')\n"
        f"anyio.run(main, backend={backend!r})\n"
        "print(len(Watch.threads), threading.main_thread() in Watch.threads)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["1", "False"]


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_the_signer_is_loaded_once(backend: str) -> None:
    """Whoever asks for it finds it there; asking again changes nothing."""
    _sigv4.signer_class.cache_clear()
    anyio.run(_sigv4.load_signer, backend=backend)
    assert _sigv4.signer_class.cache_info().currsize == 1
    anyio.run(_sigv4.load_signer, backend=backend)
    assert _sigv4.signer_class.cache_info().misses == 1
