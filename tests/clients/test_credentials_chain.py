"""botocore's chain: environment, profiles and processes, and what it says when it fails."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from omics_runs._credential_failures import is_passing
from omics_runs._credential_source import CredentialSource
from omics_runs._credentials import Credentials
from omics_runs._errors import CredentialsError

from .keys import KEYS, OTHER, Fetch, botocore, without_end

pytestmark = pytest.mark.usefixtures("bare_environment")

PROFILES = """\
[profile lab]
aws_access_key_id = AKIDLAB
aws_secret_access_key = lab-secret

[profile other]
aws_access_key_id = AKIDPROFILE
aws_secret_access_key = other-secret
"""


# --- what is found ------------------------------------------------------------------------------


@pytest.fixture
def process(config: Path, tmp_path: Path) -> Path:
    """Make the default profile run a script for its keys; return the log of its runs."""
    log, script = tmp_path / "runs", tmp_path / "vault.py"
    script.write_text(
        "import json, sys\n"
        f"with open({str(log)!r}, 'a+') as log:\n"
        "    log.write('x'); log.flush(); log.seek(0); run = len(log.read())\n"
        "keys = {'AccessKeyId': f'AKIDRUN{run}', 'SecretAccessKey': 'process-secret',\n"
        "        'SessionToken': 'process-token', 'Expiration': '2099-01-01T00:00:00Z'}\n"
        "print(json.dumps({'Version': 1, **keys}))\n"
    )
    config.write_text(f'[default]\ncredential_process = "{sys.executable}" "{script}"\n')
    return log


def test_chain_reads_the_environment(monkeypatch: pytest.MonkeyPatch, fetch: Fetch) -> None:
    """Keys in the environment are found."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEYS.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", KEYS.secret_key)
    monkeypatch.setenv("AWS_SESSION_TOKEN", KEYS.session_token or "")
    source = CredentialSource()
    assert fetch(source) == KEYS
    assert fetch(source) == KEYS


@pytest.mark.parametrize(
    "more",
    [
        pytest.param({}, id="keys of a user"),
        pytest.param({"AWS_SESSION_TOKEN": "token"}, id="temporary keys"),
        pytest.param({"AWS_SECURITY_TOKEN": "token"}, id="the token's older name"),
        pytest.param(
            {"AWS_SECURITY_TOKEN": "older", "AWS_SESSION_TOKEN": "newer"}, id="both names"
        ),
        pytest.param({"AWS_SESSION_TOKEN": ""}, id="an empty token"),
        pytest.param({"AWS_CREDENTIAL_EXPIRATION": "2099-01-01T00:00:00Z"}, id="keys that end"),
        pytest.param({"AWS_CREDENTIAL_EXPIRATION": ""}, id="an empty end"),
    ],
)
def test_chain_reads_the_environment_as_botocore_does(
    more: dict[str, str], monkeypatch: pytest.MonkeyPatch, fetch: Fetch
) -> None:
    """Whatever variables there are, botocore's own provider finds the same keys in them."""
    keys = {"AWS_ACCESS_KEY_ID": "AKIDENV", "AWS_SECRET_ACCESS_KEY": "secret"}
    for name, value in {**keys, **more}.items():
        monkeypatch.setenv(name, value)
    expected = botocore("credentials").EnvProvider().load().get_frozen_credentials()
    found = fetch(CredentialSource())
    assert (found.access_key, found.secret_key) == (expected.access_key, expected.secret_key)
    assert found.session_token == expected.token
    assert (found.expires_at is not None) == bool(more.get("AWS_CREDENTIAL_EXPIRATION"))


def test_chain_looks_anew_for_refused_keys(monkeypatch: pytest.MonkeyPatch, fetch: Fetch) -> None:
    """Refused keys are looked for again in the environment; until then the first answer stays."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEYS.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", KEYS.secret_key)
    source = CredentialSource()
    refused = fetch(source)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", OTHER.access_key)
    assert fetch(source) is refused
    assert fetch(source, refused).access_key == OTHER.access_key
    assert fetch(source).access_key == OTHER.access_key


@pytest.mark.parametrize(
    ("profile", "variables", "found"),
    [
        pytest.param("lab", {}, "AKIDLAB", id="argument"),
        pytest.param(None, {"AWS_PROFILE": "lab"}, "AKIDLAB", id="environment"),
        pytest.param(
            None,
            {"AWS_PROFILE": "lab", "AWS_DEFAULT_PROFILE": "other"},
            "AKIDLAB",
            id="AWS_PROFILE-before-AWS_DEFAULT_PROFILE",
        ),
        pytest.param(
            "lab",
            {"AWS_ACCESS_KEY_ID": "AKIDENV", "AWS_SECRET_ACCESS_KEY": "env-secret"},
            "AKIDLAB",
            id="argument-before-keys-in-the-environment",
        ),
        pytest.param(
            None,
            {
                "AWS_PROFILE": "lab",
                "AWS_ACCESS_KEY_ID": "AKIDENV",
                "AWS_SECRET_ACCESS_KEY": "env-secret",
            },
            "AKIDENV",
            id="keys-in-the-environment-before-AWS_PROFILE",
        ),
    ],
)
def test_chain_reads_profiles(
    monkeypatch: pytest.MonkeyPatch,
    config: Path,
    profile: str | None,
    variables: dict[str, str],
    found: str,
    fetch: Fetch,
) -> None:
    """Keys of a profile are found, in the order that AWS tools have."""
    config.write_text(PROFILES)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert fetch(CredentialSource(profile=profile)).access_key == found


def test_chain_runs_a_process(process: Path, fetch: Fetch) -> None:
    """A credential process is run once, and again when its keys were refused."""
    source = CredentialSource()
    refused = fetch(source)
    assert without_end(refused) == Credentials("AKIDRUN1", "process-secret", "process-token")
    assert fetch(source) is refused
    assert fetch(source, refused).access_key == "AKIDRUN2"
    assert process.read_text() == "xx"


@pytest.mark.parametrize(
    ("profile", "named"),
    [
        pytest.param(None, "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY", id="anywhere"),
        pytest.param("empty", "profile 'empty'", id="profile"),
    ],
)
def test_nothing_found(config: Path, profile: str | None, named: str, fetch: Fetch) -> None:
    """Without credentials the error names what was looked for, and each way out."""
    config.write_text("[profile empty]\nregion = us-west-2\n")
    with pytest.raises(CredentialsError, match="no AWS credentials found") as caught:
        fetch(CredentialSource(profile=profile))
    for part in (named, "EC2", "credentials=Credentials(", "sign=False"):
        assert part in str(caught.value)


@pytest.mark.parametrize(
    ("text", "variables", "cause"),
    [
        pytest.param("", {"AWS_ACCESS_KEY_ID": "AKID"}, "PartialCredentialsError", id="half"),
        pytest.param("", {"AWS_PROFILE": "absent"}, "ProfileNotFound", id="no-profile"),
        pytest.param("x", {}, "ConfigParseError", id="malformed"),
        pytest.param(
            "[default]\ncredential_process = false\n", {}, "CredentialRetrievalError", id="process"
        ),
        pytest.param(
            "[default]\ncredential_process = /no/such/program\n", {}, "FileNotFoundError", id="gone"
        ),
        pytest.param(
            "[default]\nsso_session = s\nsso_account_id = 1\nsso_role_name = r\n"
            "[sso-session s]\nsso_region = us-west-2\nsso_start_url = https://sso.example\n",
            {"HOME": "/no/such/home"},
            "SSOTokenLoadError|UnauthorizedSSOTokenError|TokenRetrievalError",
            id="sso",
        ),
    ],
)
def test_failures_of_the_chain(
    monkeypatch: pytest.MonkeyPatch,
    config: Path,
    text: str,
    variables: dict[str, str],
    cause: str,
    fetch: Fetch,
) -> None:
    """Every failure of botocore's look-up has one type, names the reason, and keeps the cause."""
    config.write_text(text)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(CredentialsError, match=f"could not be had: ({cause})") as caught:
        fetch(CredentialSource())
    assert type(caught.value.__cause__).__name__ in cause
    assert not caught.value.is_passing


def test_chain_that_found_nothing_this_time_may_find_it_again(
    monkeypatch: pytest.MonkeyPatch, fetch: Fetch
) -> None:
    """Where there were keys before, that there are none now may pass; else it does not."""
    source = CredentialSource()
    with pytest.raises(CredentialsError) as first:
        fetch(source)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEYS.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", KEYS.secret_key)
    refused = fetch(source)
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    with pytest.raises(CredentialsError) as later:
        fetch(source, refused)
    assert (first.value.is_passing, later.value.is_passing) == (False, True)


def test_nobody_is_asked_for_a_code_later_on(config: Path, fetch: Fetch) -> None:
    """A role that needs a code of the user's fails once the keys are to be renewed."""
    config.write_text(PROFILES)
    source = CredentialSource(profile="lab", region="us-west-2")
    refused = fetch(source)
    config.write_text(
        PROFILES.replace("[profile lab]", "[profile source]")
        + "[profile lab]\nrole_arn = arn:aws:iam::123456789012:role/r\n"
        + "source_profile = source\nmfa_serial = arn:aws:iam::123456789012:mfa/m\n"
    )
    with pytest.raises(CredentialsError, match="RefreshWithMFAUnsupportedError") as caught:
        fetch(source, refused)
    assert not caught.value.is_passing


def unreachable() -> Exception:
    """Return what botocore says of an agent that it could not reach."""
    error = botocores("CredentialRetrievalError", provider="container-role", error_msg="no answer")
    error.__context__ = botocores("MetadataRetrievalError", error_msg="no answer")
    return error


def botocores(name: str, **details: Any) -> Exception:
    """Return one of botocore's exceptions."""
    return getattr(botocore("exceptions"), name)(**details)  # type: ignore[no-any-return]


def refusal(code: str, status: int) -> Exception:
    """Return what botocore makes of a service's refusal."""
    answer = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return botocores("ClientError", error_response=answer, operation_name="AssumeRole")


@pytest.mark.parametrize(
    ("make", "at_first", "later"),
    [
        pytest.param(
            lambda: botocores("EndpointConnectionError", endpoint_url="u"), True, True, id="refused"
        ),
        pytest.param(
            lambda: botocores("ConnectTimeoutError", endpoint_url="u"), True, True, id="connect"
        ),
        pytest.param(
            lambda: botocores("ReadTimeoutError", endpoint_url="u"), True, True, id="read"
        ),
        pytest.param(
            lambda: botocores("ConnectionClosedError", endpoint_url="u"), True, True, id="closed"
        ),
        pytest.param(
            lambda: botocores("ProxyConnectionError", proxy_url="u"), True, True, id="proxy"
        ),
        pytest.param(
            lambda: botocores("SSLError", endpoint_url="u", error="e"), False, True, id="tls"
        ),
        pytest.param(lambda: ConnectionResetError("reset"), True, True, id="reset"),
        pytest.param(lambda: TimeoutError("late"), True, True, id="timeout"),
        pytest.param(
            lambda: botocores("MetadataRetrievalError", error_msg="e"), True, True, id="metadata"
        ),
        pytest.param(unreachable, True, True, id="agent-unreachable"),
        pytest.param(
            lambda: botocores("CredentialRetrievalError", provider="p", error_msg="e"),
            False,
            True,
            id="process-failed",
        ),
        pytest.param(lambda: botocores("NoCredentialsError"), False, True, id="none-for-a-role"),
        pytest.param(lambda: RuntimeError("still expired"), False, True, id="still-expired"),
        pytest.param(lambda: refusal("ServiceUnavailable", 503), True, True, id="sts-503"),
        pytest.param(lambda: refusal("InternalFailure", 500), True, True, id="sts-500"),
        pytest.param(lambda: refusal("Throttling", 400), True, True, id="sts-throttling"),
        pytest.param(lambda: refusal("Unheard", 429), True, True, id="sts-429"),
        pytest.param(lambda: refusal("IDPCommunicationError", 400), True, True, id="sts-idp"),
        pytest.param(lambda: refusal("AccessDenied", 403), False, False, id="sts-access-denied"),
        pytest.param(lambda: refusal("ExpiredToken", 403), False, False, id="sts-expired"),
        pytest.param(
            lambda: botocores("ClientError", error_response={}, operation_name="AssumeRole"),
            False,
            False,
            id="sts-nonsense",
        ),
        pytest.param(
            lambda: botocores("UnauthorizedSSOTokenError"), False, False, id="sso-login-ended"
        ),
        pytest.param(
            lambda: botocores("TokenRetrievalError", provider="sso", error_msg="e"),
            False,
            False,
            id="sso-token",
        ),
        pytest.param(
            lambda: botocores("ProfileNotFound", profile="p"), False, False, id="no-profile"
        ),
        pytest.param(lambda: PermissionError("config"), False, False, id="unreadable-file"),
    ],
)
def test_which_failures_may_pass(
    make: Callable[[], Exception], at_first: bool, later: bool
) -> None:
    """Failures of the network and of services may pass; what needs a human does not."""
    outlook = [is_passing(make(), has_worked=has_worked) for has_worked in (False, True)]
    assert outlook == [at_first, later]


def test_log_shows_no_secret(process: Path, caplog: pytest.LogCaptureFixture, fetch: Fetch) -> None:
    """With every logger at DEBUG, a look-up logs neither secret key nor token."""
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, logger="botocore")
    assert fetch(CredentialSource()).secret_key == "process-secret"
    assert process.exists()
    assert "botocore" in {record.name.split(".")[0] for record in caplog.records}
    assert "process-secret" not in caplog.text
    assert "process-token" not in caplog.text
