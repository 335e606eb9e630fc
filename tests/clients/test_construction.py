"""Building clients: what is settled, what is refused, and what belongs to whom."""

from __future__ import annotations

import logging
import re
import ssl
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import certifi
import httpx
import pytest

from omics_runs import (
    AsyncOmicsRunsClient,
    Credentials,
    GetRunRequest,
    OmicsRunsClient,
    RetryPolicy,
    Timeout,
    errors,
)
from omics_runs._clock import SystemClock
from omics_runs._credential_source import CredentialSource
from omics_runs._drivers import AsyncDriver, SyncDriver
from omics_runs._effects import Flow, Sleep

KEYS = Credentials("AKIDEXAMPLE", "secret")
RUN = {"id": "1", "arn": "a", "status": "RUNNING"}
BOTH = [
    pytest.param(OmicsRunsClient, id="sync"),
    pytest.param(AsyncOmicsRunsClient, id="async"),
]
Client = type[OmicsRunsClient] | type[AsyncOmicsRunsClient]


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Keep the developer's own settings away."""
    for name in ("AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_CA_BUNDLE", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))


def answering(*sent: httpx.Request) -> tuple[httpx.MockTransport, list[httpx.Request]]:
    """Return a transport that answers every request with a run, and what it was sent."""
    seen: list[httpx.Request] = list(sent)

    def handle(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json=RUN)

    return httpx.MockTransport(handle), seen


@pytest.mark.parametrize("client", BOTH)
@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        pytest.param({}, "no region", id="no region"),
        pytest.param(
            {"region": "not a region"}, "not a region", id="a region that is no host name"
        ),
        pytest.param(
            {"region": "us-west-2", "endpoint_url": "localhost:8787"},
            "http",
            id="an endpoint without a scheme",
        ),
        pytest.param(
            {"region": "us-west-2", "endpoint_url": "http://x", "use_fips": True},
            "use_fips",
            id="FIPS with a custom endpoint",
        ),
        pytest.param(
            {"region": "us-west-2", "profile": "nobody"}, "nobody", id="an unknown profile"
        ),
        pytest.param({"region": "us-west-2", "timeout": -1}, "-1", id="a negative timeout"),
        pytest.param({"region": "us-west-2", "timeout": 0}, "above 0", id="a timeout of 0"),
        pytest.param(
            {"region": "us-west-2", "credentials": 7},
            "credentials",
            id="credentials of no known kind",
        ),
        pytest.param(
            {"region": "us-west-2", "credentials": ("AK", "", None)},
            "secret_key",
            id="half a pair of keys",
        ),
        pytest.param({"endpoint_url": "http://x"}, "no region", id="signing without a region"),
        pytest.param({"region": 5}, "region must be", id="a number as region"),
        pytest.param(
            {"region": "us-west-2", "use_fips": "no"}, "use_fips must be", id="text as a flag"
        ),
        pytest.param({"region": "us-west-2", "sign": "no"}, "sign must be", id="text for sign"),
        pytest.param(
            {"region": "us-west-2", "verify": 5}, "verify must be", id="a number for verify"
        ),
        pytest.param(
            {"region": "us-west-2", "proxy": "nonsense"}, "proxy", id="a proxy that is no URL"
        ),
        pytest.param({"region": "us-west-2", "proxy": 5}, "proxy must be", id="a number as proxy"),
        pytest.param(
            {"region": "us-west-2", "proxy": {"https://": "http://me:secret@proxy"}},
            "got dict: one address for all",
            id="a proxy for each scheme",
        ),
        pytest.param(
            {"region": "us-west-2", "timeout": (3, 30)},
            r"such as omics_runs.Timeout\(connect=3.1, read=30\), got \(3, 30\)",
            id="a pair of timeouts",
        ),
        pytest.param(
            {"region": "us-west-2", "timeout": httpx.Timeout(30, connect=3)},
            "such as omics_runs.Timeout",
            id="timeouts of httpx",
        ),
        pytest.param({"region": "us-west-2", "retry": 3}, "retry must be", id="a number as policy"),
        pytest.param(
            {"region": "us-west-2", "timeout": 10**400},
            "timeout",
            id="a timeout beyond all numbers",
        ),
        pytest.param(
            {"region": "us-west-2", "verify": "/no/such/file"},
            "/no/such/file",
            id="a CA bundle that is not there",
        ),
    ],
)
def test_what_does_not_add_up_is_refused(
    client: Client, arguments: dict[str, Any], what: str
) -> None:
    """A client that could not work is not built, and the error names the reason."""
    with pytest.raises(errors.ConfigurationError, match=what):
        client(**arguments)


@pytest.mark.parametrize("client", BOTH)
@pytest.mark.parametrize("name", ["verify", "proxy", "timeout"])
def test_an_http_client_brings_its_own_settings(client: Client, name: str) -> None:
    """`http_client` together with what it should bring itself is contradictory."""
    theirs: Any = httpx.Client() if client is OmicsRunsClient else httpx.AsyncClient()
    value: Any = {"verify": False, "proxy": "http://p:1", "timeout": 3}[name]
    with pytest.raises(errors.ConfigurationError, match=name):
        client("us-west-2", http_client=theirs, **{name: value})


@pytest.mark.parametrize("client", BOTH)
def test_an_http_client_of_the_other_color_is_refused(client: Client) -> None:
    """A sync client can't use an async one, nor the reverse."""
    theirs: Any = httpx.AsyncClient() if client is OmicsRunsClient else httpx.Client()
    with pytest.raises(errors.ConfigurationError, match="http_client must be an httpx"):
        client("us-west-2", http_client=theirs)


def test_an_http_client_is_used_as_it_is_and_left_open() -> None:
    """Its timeouts count, it is not closed, and a stale AWS_CA_BUNDLE does not matter."""
    transport, sent = answering()
    http = httpx.Client(transport=transport, timeout=httpx.Timeout(7, connect=None))
    with OmicsRunsClient("us-west-2", credentials=KEYS, http_client=http) as client:
        client.get_run("1")
    assert sent[0].extensions["timeout"] == {"connect": None, "read": 7, "write": 7, "pool": 7}
    assert not http.is_closed


@pytest.mark.parametrize(
    ("endpoint", "url"),
    [
        pytest.param("http://127.0.0.1:8787", "http://127.0.0.1:8787/run/1", id="port"),
        pytest.param(
            "https://proxy.test/some/prefix/", "https://proxy.test/some/prefix/run/1", id="prefix"
        ),
        pytest.param(None, "https://workflows-omics.us-west-2.amazonaws.com/run/1", id="AWS"),
    ],
)
def test_where_requests_go(endpoint: str | None, url: str) -> None:
    """A custom endpoint is used exactly as it is; AWS's own gets the service's prefix."""
    transport, sent = answering()
    http = httpx.Client(transport=transport)
    OmicsRunsClient("us-west-2", endpoint_url=endpoint, credentials=KEYS, http_client=http).get_run(
        "1"
    )
    assert str(sent[0].url) == url


def test_closing_is_idempotent_and_final() -> None:
    """A closed client says so; closing again does nothing."""
    client = OmicsRunsClient("us-west-2", credentials=KEYS)
    client.close()
    client.close()
    with pytest.raises(errors.ConfigurationError, match="closed"):
        client.get_run("1")


def test_with_options_shares_the_connections() -> None:
    """A copy has other settings and the same connections; closing it closes nothing."""
    transport, sent = answering()
    http = httpx.Client(transport=transport)
    client = OmicsRunsClient("us-west-2", credentials=KEYS, http_client=http)
    with client.with_options(
        timeout=Timeout(read=3), retry=RetryPolicy(max_attempts=9), validate=False
    ) as copy:
        copy.get_run("abc")
    assert sent[0].extensions["timeout"]["read"] == 3
    assert sent[0].headers["amz-sdk-request"] == "attempt=1; max=9"
    with pytest.raises(errors.InvalidRequestError):
        client.get_run("abc")
    client.get_run("1")
    owner = OmicsRunsClient("us-west-2", credentials=KEYS)
    owner.with_options().close()
    owner.close()
    with pytest.raises(errors.ConfigurationError, match="closed"):
        owner.with_options().get_run("1")


def test_a_call_has_its_own_timeout_and_retries() -> None:
    """`timeout=` and `retry=` of a call win over the client's."""
    transport, sent = answering()
    http = httpx.Client(transport=transport)
    client = OmicsRunsClient("us-west-2", credentials=KEYS, http_client=http)
    client.get_run("1", timeout=2, retry=RetryPolicy(max_attempts=1))
    client.send(GetRunRequest(id="1"), timeout=Timeout(read=4), retry=RetryPolicy(max_attempts=2))
    assert [r.headers["amz-sdk-request"] for r in sent] == ["attempt=1; max=1", "attempt=1; max=2"]
    assert sent[0].extensions["timeout"]["read"] == pytest.approx(2, abs=1)
    assert sent[1].extensions["timeout"]["read"] == 4
    for wrong in (0, -1, float("nan"), "3", True):
        with pytest.raises(errors.ConfigurationError, match="timeout"):
            client.get_run("1", timeout=wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        pytest.param({"max_attempts": 0}, "max_attempts", id="no attempt at all"),
        pytest.param({"max_attempts": True}, "max_attempts", id="a boolean"),
        pytest.param({"base_delay": 0}, "base_delay", id="no delay"),
        pytest.param({"max_delay": -1}, "max_delay", id="a negative delay"),
        pytest.param({"mode": "adaptive"}, "mode", id="another mode"),
    ],
)
def test_a_retry_policy_that_makes_no_sense(arguments: dict[str, Any], what: str) -> None:
    """Each value of a policy is checked when it is made."""
    with pytest.raises(errors.ConfigurationError, match=what):
        RetryPolicy(**arguments)


def test_attempts_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """`AWS_MAX_ATTEMPTS` counts attempts in total; an argument wins over it."""
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "7")
    for retry, expected in ((None, "max=7"), (RetryPolicy(max_attempts=2), "max=2")):
        transport, sent = answering()
        http = httpx.Client(transport=transport)
        OmicsRunsClient("us-west-2", credentials=KEYS, http_client=http, retry=retry).get_run("1")
        assert sent[0].headers["amz-sdk-request"] == f"attempt=1; {expected}"


def test_the_user_agent(monkeypatch: pytest.MonkeyPatch) -> None:
    """The header names the SDK, the platform, and the application's own name."""
    monkeypatch.setenv("AWS_SDK_UA_APP_ID", "my app/1")
    monkeypatch.setenv("AWS_EXECUTION_ENV", "AWS_Lambda_python3.12")
    transport, sent = answering()
    OmicsRunsClient(
        "us-west-2", credentials=KEYS, http_client=httpx.Client(transport=transport)
    ).get_run("1")
    agent = sent[0].headers["user-agent"]
    assert agent.startswith("omics_runs/")
    end = "exec-env/AWS_Lambda_python3.12 m/E cfg/retry-mode#standard app/my-app-1"
    assert agent.endswith(end)


def test_the_user_agent_marks_polls_and_other_endpoints() -> None:
    """The polls of a wait carry the mark of waiters, and an endpoint of one's own has its mark."""
    transport, sent = answering()
    http = httpx.Client(transport=transport)
    client = OmicsRunsClient(
        "us-west-2", credentials=KEYS, http_client=http, endpoint_url="http://localhost:1"
    )
    client.get_run("1")
    client.wait_until("1", "RUNNING")
    agents = [request.headers["user-agent"] for request in sent]
    assert [re.findall(" m/([^ ]+) ", agent) for agent in agents] == [["E,N"], ["B,E,N"]]


def test_building_a_client_asks_nothing_of_aws() -> None:
    """Neither import nor construction loads botocore or looks for credentials."""
    code = (
        "import sys\n"
        "from omics_runs import OmicsRunsClient, AsyncOmicsRunsClient\n"
        "OmicsRunsClient('us-west-2'); AsyncOmicsRunsClient('us-west-2')\n"
        "print('botocore' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_no_credentials_is_a_configuration_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without any credentials nothing is sent, and the error says what to do."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    transport, sent = answering()
    client = OmicsRunsClient("us-west-2", http_client=httpx.Client(transport=transport))
    with pytest.raises(errors.ConfigurationError, match="credentials"):
        client.get_run("1")
    assert sent == []


def test_unsigned_calls_need_neither_credentials_nor_region() -> None:
    """With `sign=False` and an endpoint, nothing else is needed and the chain is never asked."""

    def never() -> Credentials:
        raise AssertionError

    transport, sent = answering()
    client = OmicsRunsClient(
        endpoint_url="http://localhost:1",
        sign=False,
        credentials=never,
        http_client=httpx.Client(transport=transport),
    )
    client.get_run("1")
    assert "authorization" not in sent[0].headers


@pytest.mark.parametrize(
    "verify",
    [
        pytest.param(False, id="no check"),
        pytest.param(ssl.create_default_context(), id="a context"),
        pytest.param(Path(certifi.where()), id="a path"),
        pytest.param(True, id="the usual ones"),
    ],
)
def test_certificates(verify: Any) -> None:
    """`verify` takes what httpx takes."""
    with OmicsRunsClient("us-west-2", credentials=KEYS, verify=verify) as client:
        assert client


def test_a_ca_bundle_is_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """`AWS_CA_BUNDLE` is loaded, and a file that is no certificate is an error."""
    bundle = tmp_path / "bundle.pem"
    bundle.write_text("nonsense")
    monkeypatch.setenv("AWS_CA_BUNDLE", str(bundle))
    with pytest.raises(errors.ConfigurationError, match=r"bundle\.pem"):
        OmicsRunsClient("us-west-2", credentials=KEYS)
    with OmicsRunsClient("us-west-2", credentials=KEYS, verify=False) as client:
        assert client


def test_each_attempt_is_logged_without_secrets(caplog: pytest.LogCaptureFixture) -> None:
    """The debug log has operation, status and time, and neither headers nor bodies."""
    transport, _ = answering()
    client = OmicsRunsClient(
        "us-west-2", credentials=KEYS, http_client=httpx.Client(transport=transport)
    )
    with caplog.at_level(logging.DEBUG, logger="omics_runs"):
        client.get_run("1")
    texts = [record.getMessage() for record in caplog.records if record.name == "omics_runs"]
    assert len(texts) == 1
    assert texts[0].startswith("GetRun attempt 1 of 3: 200 in ")
    assert "AKIDEXAMPLE" not in caplog.text
    assert "Signature" not in caplog.text


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_the_async_client_closes_its_connections(backend: str) -> None:
    """`async with` and `aclose` close, twice without harm; a closed client says so."""

    async def main() -> None:
        async with AsyncOmicsRunsClient("us-west-2", credentials=KEYS) as client:
            copy = client.with_options(timeout=1)
            await copy.aclose()
        await client.aclose()
        with pytest.raises(errors.ConfigurationError, match="closed"):
            await client.get_run("1")

    anyio.run(main, backend=backend)


def test_an_injected_client_neither_redirects_nor_authenticates() -> None:
    """A signed request goes where it was signed for, with the signature it was given."""
    sent: list[httpx.Request] = []

    def handle(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(302, headers={"location": "https://elsewhere.test/"})

    http = httpx.Client(
        transport=httpx.MockTransport(handle), follow_redirects=True, auth=("user", "password")
    )
    client = OmicsRunsClient("us-west-2", credentials=KEYS, http_client=http)
    with pytest.raises(errors.ServiceError) as caught:
        client.get_run("1")
    assert caught.value.status_code == 302
    assert len(sent) == 1
    assert sent[0].headers["authorization"].startswith("AWS4-HMAC-SHA256 ")


def test_a_profile_given_as_an_argument_wins_over_keys_in_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """`profile=` decides whose keys sign, as with boto3."""
    (tmp_path / "credentials").write_text(
        "[mine]\naws_access_key_id = AKIDOFMINE\naws_secret_access_key = s\n"
    )
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDOFENV")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s")
    for profile, key in (("mine", "AKIDOFMINE"), (None, "AKIDOFENV")):
        transport, sent = answering()
        http = httpx.Client(transport=transport)
        OmicsRunsClient("us-west-2", profile=profile, http_client=http).get_run("1")
        assert f"Credential={key}/" in sent[0].headers["authorization"]


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.parametrize("where", ["the server", "the credentials"])
def test_the_total_timeout_is_exact_in_the_async_client(backend: str, where: str) -> None:
    """Whatever hangs, a call ends when its time is up."""

    async def silent(request: httpx.Request) -> httpx.Response:
        await anyio.sleep_forever()
        raise AssertionError

    async def sealed() -> Credentials:
        await anyio.sleep_forever()
        raise AssertionError

    async def main() -> None:
        client = AsyncOmicsRunsClient(
            "us-west-2",
            credentials=KEYS if where == "the server" else sealed,
            http_client=httpx.AsyncClient(transport=httpx.MockTransport(silent)),
        )
        with pytest.raises(errors.TransportTimeoutError, match="total timeout"):
            await client.get_run("1", timeout=0.05)

    anyio.run(main, backend=backend)


class Stop(BaseException):
    """Nothing that a flow may catch."""


@pytest.mark.parametrize("color", ["sync", "async"])
def test_drivers_close_what_they_drive(color: str) -> None:
    """An interrupt in the middle of an effect leaves no suspended frame behind."""

    class Interrupting(SystemClock):
        def sleep(self, seconds: float) -> None:
            raise Stop

        async def asleep(self, seconds: float) -> None:
            raise Stop

    def pausing() -> Flow[None]:
        yield from Sleep(1)

    flow = pausing()
    source = CredentialSource(KEYS)
    sync_driver = SyncDriver(httpx.Client(), source, Interrupting())
    async_driver = AsyncDriver(httpx.AsyncClient(), source, Interrupting())
    drive = sync_driver.run if color == "sync" else partial(anyio.run, async_driver.run)
    with pytest.raises(Stop):
        drive(flow)
    assert flow.gi_frame is None
