"""Signatures: published vectors, and botocore's own signer as the independent oracle."""

from __future__ import annotations

import importlib
import logging
import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from omics_runs import _sigv4
from omics_runs._credentials import Credentials

EXAMPLE = Credentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
EXAMPLE_TIME = datetime(2015, 8, 30, 12, 36, tzinfo=UTC)
EXAMPLE_HOST = "https://example.amazonaws.com"

VECTORS = [
    pytest.param(
        httpx.Request("GET", f"{EXAMPLE_HOST}/"),
        "host;x-amz-date",
        "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
        id="get-vanilla",
    ),
    pytest.param(
        httpx.Request("GET", f"{EXAMPLE_HOST}/?Param2=value2&Param1=value1"),
        "host;x-amz-date",
        "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
        id="get-vanilla-query-order-key-case",
    ),
    pytest.param(
        httpx.Request("GET", f"{EXAMPLE_HOST}/?Param1=value1"),
        "host;x-amz-date",
        "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb",
        id="get-vanilla-empty-query-key",
    ),
    pytest.param(
        httpx.Request("POST", f"{EXAMPLE_HOST}/"),
        "host;x-amz-date",
        "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
        id="post-vanilla",
    ),
    pytest.param(
        httpx.Request(
            "POST",
            f"{EXAMPLE_HOST}/",
            content=b"Param1=value1",
            headers={"Content-Type": "application/x-www-form-urlencoded"},
        ),
        "content-type;host;x-amz-date",
        "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
        id="post-x-www-form-urlencoded",
    ),
    pytest.param(
        httpx.Request(
            "GET", f"{EXAMPLE_HOST}/", headers={"My-Header1": "value1", "My-Header2": '"a   b   c"'}
        ),
        "host;my-header1;my-header2;x-amz-date",
        "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736",
        id="get-header-value-trim",
    ),
]


def botocore(module: str) -> Any:
    """Import a module of botocore, which comes without types."""
    return importlib.import_module(f"botocore.{module}")


def authorization(signed_headers: str, signature: str) -> str:
    """Return the header that the published example keys give."""
    return (
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
        f"SignedHeaders={signed_headers}, Signature={signature}"
    )


@pytest.mark.parametrize(("request_", "signed_headers", "signature"), VECTORS)
def test_published_vectors(request_: httpx.Request, signed_headers: str, signature: str) -> None:
    """A published example gets its published signature."""
    request_.headers.pop("content-length", None)  # the examples have none
    _sigv4.sign(request_, EXAMPLE, region="us-east-1", now=EXAMPLE_TIME, service="service")
    assert request_.headers["Authorization"] == authorization(signed_headers, signature)
    assert request_.headers["X-Amz-Date"] == "20150830T123600Z"


def test_published_vector_of_an_unencoded_path() -> None:
    """The example with a raw UTF-8 path, which httpx never sends, holds for the signer itself."""
    request = botocore("awsrequest").AWSRequest("GET", f"{EXAMPLE_HOST}/\u1234")
    request.context["timestamp"] = "20150830T123600Z"
    keys = botocore("credentials").ReadOnlyCredentials(EXAMPLE.access_key, EXAMPLE.secret_key, None)
    _sigv4.signer_class()(keys, "service", "us-east-1").add_auth(request)
    assert request.headers["Authorization"] == authorization(
        "host;x-amz-date", "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85"
    )


# --- equality with botocore ---------------------------------------------------------------------

SEGMENTS = st.text("abcXYZ019-._~ /:%@!$&'()*+,;=é\u1234[]|^`{}", max_size=12)
TEXTS = st.text("abcXYZ019-._~ /:%@!$'()*+,;é\u1234", max_size=12)
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
    path = "/" + quote(draw(SEGMENTS), safe="/")
    pairs = draw(st.lists(st.tuples(TEXTS, TEXTS), max_size=4))
    query = "&".join(f"{quote(key, safe='')}={quote(value, safe='')}" for key, value in pairs)
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
