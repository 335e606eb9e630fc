"""Keys from services and processes: found, accepted, renewed before they end and when refused."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import attrs
import pytest

from omics_runs import errors
from omics_runs._credential_source import CredentialSource
from omics_runs.emulator import Emulator

from .conftest import Caller
from .key_services import Answer, KeyServices, refusal
from .keys import boto3_session, botocore

ROLE = "arn:aws:iam::123456789012:role/r"
SOURCE = "[profile source]\naws_access_key_id = AKIDSOURCE\naws_secret_access_key = s\n"


@attrs.frozen
class Machine:
    """A machine that has been set up to find its keys at a URL."""

    url: str
    folder: Path
    patch: pytest.MonkeyPatch

    def write(self, name: str, text: str) -> Path:
        """Write a file, and return its path."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def container(self) -> None:
        """Be a container that is told where to ask, and with what token."""
        self.patch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{self.url}/container")
        self.patch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", "container-token")

    def web_identity(self) -> None:
        """Be a pod with a token that STS takes."""
        token = self.write("token", "pod-token")
        self.patch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(token))
        self.patch.setenv("AWS_ROLE_ARN", ROLE)
        self.patch.setenv("AWS_ENDPOINT_URL_STS", self.url)

    def role(self) -> None:
        """Have a profile that assumes a role with the keys of another."""
        self.write("config", f"{SOURCE}[default]\nrole_arn = {ROLE}\nsource_profile = source\n")
        self.patch.setenv("AWS_ENDPOINT_URL_STS", self.url)

    def process(self) -> None:
        """Have a profile that runs a program."""
        code = f"import urllib.request as r; print(r.urlopen('{self.url}/process').read().decode())"
        script = self.write("vault.py", code)
        self.write("config", f'[default]\ncredential_process = "{sys.executable}" "{script}"\n')

    def sso(self) -> None:
        """Have a profile of somebody who has logged in."""
        start = "https://sso.example"
        self.write(
            "config",
            f"[default]\nsso_start_url = {start}\nsso_region = us-west-2\n"
            "sso_account_id = 123456789012\nsso_role_name = r\n",
        )
        login = {"accessToken": "login-token", "expiresAt": "2099-01-01T00:00:00Z"}
        name = hashlib.sha1(start.encode()).hexdigest()  # noqa: S324 - the name of a file
        self.write(f"cache/{name}.json", json.dumps(login))
        # botocore looks where the home is once, when it is imported.
        cache = str(self.folder / "cache")
        self.patch.setattr(botocore("credentials").SSOProvider, "_SSO_TOKEN_CACHE_DIR", cache)
        self.patch.setenv("AWS_ENDPOINT_URL_SSO", self.url)

    def instance(self) -> None:
        """Be an instance with a role."""
        self.patch.delenv("AWS_EC2_METADATA_DISABLED")
        self.patch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", self.url)


PROVIDERS = [
    Machine.container,
    Machine.web_identity,
    Machine.role,
    Machine.process,
    Machine.sso,
    Machine.instance,
]


@pytest.fixture
def emulator() -> Emulator:
    """Give each test a service of its own."""
    return Emulator()


@pytest.fixture
def services(emulator: Emulator) -> KeyServices:
    """Give out keys that the emulator knows."""
    return KeyServices(emulator.access_key, emulator.secret_key)


@pytest.fixture
def machine(
    bare_environment: None, services: KeyServices, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Machine]:
    """Give each test a machine, whose setup is up to it."""
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    with services.served() as url:
        yield Machine(url, tmp_path, monkeypatch)


@pytest.fixture(params=PROVIDERS, ids=lambda provider: provider.__name__)
def provider(request: pytest.FixtureRequest, machine: Machine) -> None:
    """Set the machine up in each way."""
    request.param(machine)


@attrs.define
class Clock:
    """A clock that can be put forward."""

    ahead: timedelta = timedelta()

    def now(self) -> datetime:
        """Return the real time, and what it was put forward."""
        return datetime.now(UTC) + self.ahead


@pytest.mark.usefixtures("provider")
def test_keys_are_found_and_accepted(services: KeyServices, emulator: Emulator) -> None:
    """The keys are found by themselves, kept, and what they sign is accepted."""
    with emulator.client(credentials=None) as client:
        client.list_runs()
        client.list_runs()
    assert [request.signed for request in emulator.requests] == [True, True]
    assert services.issued == 1


def test_keys_are_found_in_each_color(
    machine: Machine, services: KeyServices, emulator: Emulator, caller: Caller
) -> None:
    """The async client finds its keys just as the sync one does, on either event loop."""
    machine.container()
    client = caller.client(emulator, credentials=None)
    client.list_runs()
    client.close()
    assert [request.signed for request in emulator.requests] == [True]
    assert services.issued == 1


@pytest.mark.usefixtures("provider")
def test_keys_are_renewed_before_they_end(services: KeyServices) -> None:
    """The keys are kept until fifteen minutes before their end, and then renewed once."""
    clock = Clock()
    source = CredentialSource(region="us-west-2", now=clock.now)
    first = source.fetch()
    clock.ahead = timedelta(minutes=44)
    assert source.fetch() is first
    assert services.issued == 1
    clock.ahead = timedelta(minutes=46)
    assert [source.fetch().session_token for _ in range(3)] == ["token-2"] * 3
    assert services.issued == 2


@pytest.mark.usefixtures("provider")
def test_refused_keys_are_renewed_once(services: KeyServices, emulator: Emulator) -> None:
    """Once the service calls the keys expired, those who signed with them renew them once."""
    source = CredentialSource(region="us-west-2")
    first = source.fetch()
    emulator.expire_token("token-1")
    with (
        emulator.client(credentials=first) as refused,
        pytest.raises(errors.AuthenticationError, match="expired"),
    ):
        refused.list_runs()
    with ThreadPoolExecutor(8) as pool:
        answers = set(pool.map(source.fetch, [first] * 8))
    assert services.issued == 2
    (second,) = answers
    assert second.session_token == "token-2"
    with emulator.client(credentials=second) as accepted:
        accepted.list_runs()


@pytest.mark.parametrize(
    ("setup", "answer", "reason", "is_passing"),
    [
        pytest.param(
            Machine.role, refusal("ServiceUnavailable", 503), "ClientError", True, id="sts-away"
        ),
        pytest.param(
            Machine.role, refusal("Throttling", 400), "ClientError", True, id="sts-throttles"
        ),
        pytest.param(
            Machine.role, refusal("AccessDenied", 403), "ClientError", False, id="role-denied"
        ),
        pytest.param(Machine.sso, Answer("{}", 503), "ClientError", True, id="sso-away"),
        pytest.param(
            Machine.sso,
            Answer('{"__type": "UnauthorizedException"}', 401),
            "UnauthorizedSSOTokenError",
            False,
            id="sso-login-ended",
        ),
        pytest.param(
            Machine.instance, Answer("", 500), "NoneType", False, id="no-role-for-the-instance"
        ),
        pytest.param(
            Machine.process, Answer("", 500), "CredentialRetrievalError", False, id="process"
        ),
    ],
)
def test_failures_at_first(
    machine: Machine,
    services: KeyServices,
    setup: Callable[[Machine], None],
    answer: Answer,
    reason: str,
    is_passing: bool,
) -> None:
    """A look-up that fails says why, and whether it may pass."""
    setup(machine)
    services.failure = answer
    with pytest.raises(errors.CredentialsError) as caught:
        CredentialSource(region="us-west-2").fetch()
    assert type(caught.value.__cause__).__name__ == reason
    assert caught.value.is_passing is is_passing


@pytest.mark.parametrize(
    "setup",
    [
        pytest.param(Machine.instance, id="instance"),
        pytest.param(Machine.process, id="process"),
        pytest.param(Machine.web_identity, id="web-identity"),
    ],
)
def test_failures_later(
    machine: Machine,
    services: KeyServices,
    setup: Callable[[Machine], None],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Keys that were had before outlive a service that is away, until they are about to end."""
    setup(machine)
    clock = Clock()
    source = CredentialSource(region="us-west-2", now=clock.now)
    first = source.fetch()
    services.failure = refusal("ServiceUnavailable", 503)
    clock.ahead = timedelta(minutes=46)
    assert source.fetch() is first
    assert "the credentials could not be renewed (CredentialsError" in caplog.text
    clock.ahead = timedelta(minutes=51)
    with pytest.raises(errors.CredentialsError) as caught:
        source.fetch()
    assert caught.value.is_passing
    services.failure = None
    assert source.fetch().session_token == "token-2"


def test_unreachable_service(machine: Machine, services: KeyServices) -> None:
    """Where nobody listens, the failure may pass."""
    machine.role()
    machine.patch.setenv("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:9")
    with pytest.raises(errors.CredentialsError, match="EndpointConnectionError") as caught:
        CredentialSource(region="us-west-2").fetch()
    assert caught.value.is_passing
    assert services.questions == []


def test_role_is_assumed_in_the_clients_region(machine: Machine, services: KeyServices) -> None:
    """A role is assumed in the region of the client, which no file need name."""
    machine.role()
    CredentialSource(region="eu-west-2").fetch()
    (question,) = services.questions
    assert "/eu-west-2/sts/" in question.headers["Authorization"]


def test_refused_keys_of_a_session_are_not_taken_from_its_cache(
    machine: Machine, services: KeyServices
) -> None:
    """A session that was given assumes its role anew, although it has kept the refused keys."""
    machine.role()
    source = CredentialSource(boto3_session(region_name="us-west-2"))
    first = source.fetch()
    assert source.fetch() is first
    assert {source.fetch(first).session_token for _ in range(3)} == {"token-2"}
    assert services.issued == 2
