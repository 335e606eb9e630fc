"""Proxies and certificates: looked up once, when a client is built."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import httpx
import pytest
from attrs import define, field

from omics_runs import RetryPolicy, errors
from omics_runs._recipe import Recipe

from .conftest import Caller
from .servers import Seen, Server, run_of, serving_runs

CERTIFICATE = Path(__file__).parent / "localhost.pem"
HASH = "ce275665"
"""The certificate's name in a folder, as OpenSSL looks for it."""
ONCE = RetryPolicy(max_attempts=1)
ELSEWHERE = "http://omics.localhost"
"""An endpoint that only the proxy can reach; under `.localhost`, so that it needs no HTTPS."""
VARIABLES = (
    *("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"),
    *("http_proxy", "https_proxy", "all_proxy", "no_proxy"),
    *("AWS_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR"),
)


@define
class Proxied:
    """What went through a proxy."""

    url: str
    address: str
    lines: list[str] = field(factory=list)
    """Method and target of each call."""
    passwords: list[str | None] = field(factory=list)


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch, _no_aws_files: None) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def proxy() -> Iterator[Proxied]:
    """Serve as a plain HTTP proxy on loopback that answers everything itself."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.note()
            body = run_of(self.path)
            self.send_response(200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_CONNECT(self) -> None:
            self.note()
            self.send_error(403)

        def note(self) -> None:
            proxied.lines.append(f"{self.command} {self.path}")
            proxied.passwords.append(self.headers["proxy-authorization"])

        def log_message(self, *args: object) -> None:
            """Be quiet."""

    with closing(Server(("127.0.0.1", 0), Handler)) as server, ExitStack() as ending:
        address = f"127.0.0.1:{server.server_port}"
        proxied = Proxied(f"http://{address}", address)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        ending.callback(thread.join)
        ending.callback(server.shutdown)
        yield proxied


@pytest.fixture
def seen() -> Iterator[Seen]:
    """Serve runs on loopback, where a client may go without a proxy."""
    with serving_runs() as seen:
        yield seen


def called(caller: Caller, endpoint: str, **options: Any) -> None:
    """Make one call."""
    options = {"credentials": ("AK", "SK", None), "retry": ONCE, **options}
    client = caller.remote(region="us-west-2", endpoint_url=endpoint, **options)
    try:
        assert client.get_run("1").id == "1"
    finally:
        client.close()


@pytest.mark.parametrize(
    "how",
    [
        pytest.param(lambda proxy, _: {"proxy": proxy.url}, id="argument"),
        pytest.param(lambda proxy, _: {"proxy": httpx.Proxy(proxy.url)}, id="object"),
        *(
            pytest.param(lambda proxy, put, name=name: put(name, proxy.url), id=name)
            for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy")
        ),
        pytest.param(lambda proxy, put: put("HTTP_PROXY", proxy.address), id="without a scheme"),
    ],
)
def test_proxies(
    caller: Caller,
    proxy: Proxied,
    how: Callable[..., dict[str, Any] | None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Requests go through the proxy that an argument or the environment names."""
    called(caller, ELSEWHERE, **(how(proxy, monkeypatch.setenv) or {}))
    assert proxy.lines == [f"GET {ELSEWHERE}/run/1"]
    assert proxy.passwords == [None]


def test_a_proxy_with_a_password(
    caller: Caller, proxy: Proxied, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The password that the environment gives with the proxy's address is shown to it."""
    monkeypatch.setenv("HTTP_PROXY", f"http://me:pw@{proxy.address}")
    called(caller, ELSEWHERE)
    assert proxy.passwords == ["Basic bWU6cHc="]


def test_https_goes_through_a_tunnel(
    caller: Caller, proxy: Proxied, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy for HTTPS is asked for a tunnel to the service's own host, and may refuse it."""
    monkeypatch.setenv("HTTPS_PROXY", proxy.url)
    client = caller.remote(region="us-west-2", credentials=("AK", "SK", None), retry=ONCE)
    with pytest.raises(errors.TransportError, match="403") as caught:
        client.get_run("1")
    client.close()
    assert isinstance(caught.value.__cause__, httpx.ProxyError)
    assert not caught.value.may_have_taken_effect
    assert proxy.lines == ["CONNECT workflows-omics.us-west-2.amazonaws.com:443"]


@pytest.mark.parametrize(
    ("without", "is_direct"),
    [
        pytest.param("127.0.0.1", True, id="the host"),
        pytest.param("127.0.0.1:{port}", True, id="the host and its port"),
        pytest.param("other.test, 127.0.0.1", True, id="one of several"),
        pytest.param("*", True, id="all"),
        pytest.param("127.0.0.1:1", False, id="another port"),
        pytest.param("other.test", False, id="another host"),
        pytest.param("", False, id="none"),
    ],
)
@pytest.mark.parametrize("name", ["NO_PROXY", "no_proxy"])
def test_hosts_without_a_proxy(
    caller: Caller,
    proxy: Proxied,
    seen: Seen,
    name: str,
    without: str,
    is_direct: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """`NO_PROXY` names the hosts to which one goes directly."""
    monkeypatch.setenv("HTTP_PROXY", proxy.url)
    monkeypatch.setenv(name, without.format(port=seen.url.rpartition(":")[2]))
    called(caller, seen.url)
    assert (len(seen.calls), len(proxy.lines)) == ((1, 0) if is_direct else (0, 1))


@pytest.mark.parametrize(
    ("without", "through"),
    [
        pytest.param("", ["logs", "tags-omics", "workflows-omics"], id="none"),
        pytest.param("amazonaws.com", [], id="a domain"),
        pytest.param(".amazonaws.com", [], id="a domain with its dot"),
        pytest.param(
            "tags-omics.us-west-2.amazonaws.com", ["logs", "workflows-omics"], id="one of the hosts"
        ),
        pytest.param(
            "logs.us-west-2.amazonaws.com", ["tags-omics", "workflows-omics"], id="that of logs"
        ),
        pytest.param(
            "omics.us-west-2.amazonaws.com",
            ["logs", "tags-omics", "workflows-omics"],
            id="no such host",
        ),
    ],
)
def test_each_host_of_the_service_is_looked_up(
    caller: Caller, without: str, through: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The service has a host for tags and one for all else, and each may have a proxy or not."""
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.test:3128")
    monkeypatch.setenv("NO_PROXY", without)
    client = caller.remote(region="us-west-2")
    proxies = client.wrapped._driver.pool._recipe._proxies
    assert sorted(proxies) == [f"https://{it}.us-west-2.amazonaws.com" for it in through]


def test_an_address_of_version_6(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    """An address in brackets is named without them."""
    monkeypatch.setenv("ALL_PROXY", "http://proxy.test:3128")
    found = []
    for without in ("::1", "::2"):
        monkeypatch.setenv("NO_PROXY", without)
        client = caller.remote(region="us-west-2", endpoint_url="http://[::1]:8787")
        found.append(list(client.wrapped._driver.pool._recipe._proxies))
    assert found == [[], ["http://[::1]:8787"]]


def test_proxies_are_looked_up_once(
    caller: Caller, proxy: Proxied, seen: Seen, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the environment says later changes no client that is there."""
    keys = ("AK", "SK", None)
    client = caller.remote(region="us-west-2", endpoint_url=seen.url, credentials=keys)
    monkeypatch.setenv("HTTP_PROXY", proxy.url)
    client.get_run("1")
    client.close()
    assert len(seen.calls) == 1


def test_a_proxy_of_the_environment_that_is_none(
    caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is no proxy is refused when the client is built."""
    monkeypatch.setenv("HTTPS_PROXY", "gopher://proxy.test")
    with pytest.raises(errors.ConfigurationError, match="check proxy settings"):
        caller.remote(region="us-west-2")


# --- certificates -------------------------------------------------------------------------------


@pytest.fixture
def secure() -> Iterator[Seen]:
    """Serve runs over TLS, with a certificate that nobody has signed."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(CERTIFICATE)
    with serving_runs(context) as seen:
        yield seen


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with the certificate, under the name that OpenSSL gives it."""
    (tmp_path / f"{HASH}.0").write_bytes(CERTIFICATE.read_bytes())
    return tmp_path


@pytest.mark.parametrize(
    "how",
    [
        pytest.param(lambda *_: {"verify": False}, id="no check"),
        pytest.param(lambda *_: {"verify": CERTIFICATE}, id="a path"),
        pytest.param(lambda *_: {"verify": str(CERTIFICATE)}, id="a file"),
        pytest.param(lambda _, folder: {"verify": folder}, id="a folder"),
        pytest.param(
            lambda *_: {"verify": ssl.create_default_context(cafile=CERTIFICATE)}, id="a context"
        ),
        pytest.param(lambda put, _: put("AWS_CA_BUNDLE", str(CERTIFICATE)), id="AWS_CA_BUNDLE"),
        pytest.param(lambda put, _: put("SSL_CERT_FILE", str(CERTIFICATE)), id="SSL_CERT_FILE"),
        pytest.param(lambda put, folder: put("SSL_CERT_DIR", f"/none:{folder}"), id="SSL_CERT_DIR"),
    ],
)
def test_certificates_to_trust(
    caller: Caller,
    secure: Seen,
    folder: Path,
    how: Callable[..., dict[str, Any] | None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A certificate is trusted that an argument or the environment names."""
    called(caller, secure.url, **(how(monkeypatch.setenv, folder) or {}))
    assert len(secure.calls) == 1


@pytest.mark.parametrize("verify", [True, ssl.create_default_context()])
def test_a_certificate_that_nobody_vouches_for(caller: Caller, secure: Seen, verify: Any) -> None:
    """Nothing is sent to a server whose certificate can't be verified."""
    with pytest.raises(errors.TransportError) as caught:
        called(caller, secure.url, verify=verify)
    assert isinstance(caught.value.__cause__, httpx.ConnectError)
    assert not caught.value.may_have_taken_effect
    assert secure.calls == []


@pytest.mark.parametrize(
    ("name", "file"),
    [
        pytest.param("AWS_CA_BUNDLE", "nonsense.pem", id="no certificate"),
        pytest.param("SSL_CERT_FILE", "none.pem", id="no file"),
    ],
)
def test_a_bundle_that_is_none(
    caller: Caller, name: str, file: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A bundle that can't be read is an error, unless certificates are not verified at all."""
    (tmp_path / "nonsense.pem").write_text("nonsense")
    monkeypatch.setenv(name, str(tmp_path / file))
    with pytest.raises(errors.ConfigurationError, match=file):
        caller.remote(region="us-west-2")
    assert caller.remote(region="us-west-2", verify=False)


def test_a_bundle_that_is_not_needed(
    caller: Caller, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Where nothing is encrypted no bundle is read, so that a bad one is in nobody's way."""
    (tmp_path / "nonsense.pem").write_text("nonsense")
    monkeypatch.setenv("AWS_CA_BUNDLE", str(tmp_path / "nonsense.pem"))
    with serving_runs() as seen:
        called(caller, seen.url)
        assert len(seen.calls) == 1


def test_a_bundle_is_read_once(tmp_path: Path) -> None:
    """Clients that trust the same file share what was read of it, until the file changes."""
    bundle = tmp_path / "bundle.pem"
    bundle.write_bytes(CERTIFICATE.read_bytes())

    def certificates() -> object:
        return Recipe(str(bundle), None, ("https://omics.us-west-2.amazonaws.com",))._certificates()

    first = certificates()
    assert certificates() is first
    bundle.write_text(f"# renewed\n{bundle.read_text()}")
    assert certificates() is not first
