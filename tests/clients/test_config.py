"""Settings: which source wins, and what is refused with which words."""

from __future__ import annotations

import importlib
import ssl
import subprocess
import sys
from pathlib import Path
from typing import Any

import attrs
import pytest

from omics_runs import _config
from omics_runs._config import Settings
from omics_runs._errors import ConfigurationError

CONFIG = """\
[default]
region = eu-west-1

[profile lab]
region = us-west-2
endpoint_url = https://profile.example
services = local
use_fips_endpoint = false
use_dualstack_endpoint = false
max_attempts = 7
retry_mode = adaptive
sdk_ua_app_id = sequencer

[profile bare]
output = json

[profile quiet]
endpoint_url = https://quiet.example
ignore_configured_endpoint_urls = true

[profile lost]
services = nowhere

[profile odd]
services = odd

[profile flat]
services = flat

[profile other]
services = other
endpoint_url = https://other.example

[profile nested]
region =
  name = us-west-2

[services local]
omics =
  endpoint_url = https://section.example

[services odd]
omics = https://odd.example

[services flat]
omics =
  other = 1

[services other]
s3 =
  endpoint_url = https://s3.example
"""

CREDENTIALS = """\
[keys]
aws_access_key_id = AKIDKEYS
aws_secret_access_key = secret
region = ap-southeast-1

[lab]
max_attempts = 8
"""

Env = dict[str, str]


@pytest.fixture
def env(tmp_path: Path) -> Env:
    """Return an environment that names two profile files, and nothing else."""
    config, credentials = tmp_path / "config", tmp_path / "credentials"
    config.write_text(CONFIG)
    credentials.write_text(CREDENTIALS)
    return {"AWS_CONFIG_FILE": str(config), "AWS_SHARED_CREDENTIALS_FILE": str(credentials)}


@pytest.fixture
def no_files(tmp_path: Path) -> Env:
    """Return an environment whose profile files are not there."""
    return {
        "AWS_CONFIG_FILE": str(tmp_path / "none"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "none"),
    }


def load(env: Env, **arguments: Any) -> Settings:
    """Load settings from this environment."""
    return _config.load(environ=env, **arguments)


def given(**settings: Any) -> Any:
    """Return one case: what is set, by the name of the variable or argument."""
    return settings


# --- defaults -----------------------------------------------------------------------------------


def test_nothing_said_anywhere(no_files: Env) -> None:
    """With nothing set, nothing is settled, and that is no error."""
    assert load(no_files) == Settings()


def test_empty_variables_count_as_unset(no_files: Env) -> None:
    """An empty variable is as good as none."""
    names = ["AWS_REGION", "AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_MAX_ATTEMPTS", "AWS_CA_BUNDLE"]
    assert load(no_files | dict.fromkeys(names, "")) == Settings()


def test_empty_file_variables_name_no_file() -> None:
    """An empty variable for a profile file means that there is none, not the usual one."""
    assert load({"AWS_CONFIG_FILE": "", "AWS_SHARED_CREDENTIALS_FILE": ""}) == Settings()


def test_process_environment_is_read_at_the_call(
    monkeypatch: pytest.MonkeyPatch, no_files: Env
) -> None:
    """Without an environment given, that of the process counts, as it is at the call."""
    for name, value in no_files.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_REGION", "sa-east-1")
    assert _config.load().region == "sa-east-1"


def test_user_agent_parts(env: Env) -> None:
    """The application's name and the place it runs in come from the environment first."""
    assert load(env, profile="lab").app_id == "sequencer"
    settings = load(
        env | {"AWS_SDK_UA_APP_ID": "mine", "AWS_EXECUTION_ENV": "AWS_Lambda_python3.12"},
        profile="lab",
    )
    assert (settings.app_id, settings.exec_env) == ("mine", "AWS_Lambda_python3.12")


# --- region -------------------------------------------------------------------------------------


@attrs.frozen
class Boto3Session:
    """The part of a boto3 session that settings ask."""

    region_name: str | None = None
    profile_name: str = "default"

    def get_credentials(self) -> None:
        """Mark this as a session."""


@attrs.frozen
class Named:
    """Something with a region that is no session, such as a client."""

    region_name: str = "ca-central-1"
    profile_name: str = "lab"


def botocore_session(profile: str | None = None) -> Any:
    """Return a real botocore session."""
    return importlib.import_module("botocore.session").Session(profile=profile)


@pytest.mark.parametrize(
    ("arguments", "variables", "region"),
    [
        pytest.param(
            given(region="us-east-1", session=Boto3Session("eu-west-2")),
            given(AWS_REGION="us-east-2"),
            "us-east-1",
            id="argument",
        ),
        pytest.param(
            given(session=Boto3Session("eu-west-2")),
            given(AWS_REGION="us-east-2"),
            "eu-west-2",
            id="session",
        ),
        pytest.param(
            given(session=Boto3Session()),
            given(AWS_REGION="us-east-2"),
            "us-east-2",
            id="session-without-region",
        ),
        pytest.param(
            given(session=Named()), given(AWS_REGION="us-east-2"), "us-east-2", id="no-session"
        ),
        pytest.param(
            given(),
            given(AWS_REGION="us-east-2", AWS_DEFAULT_REGION="il-central-1"),
            "us-east-2",
            id="AWS_REGION",
        ),
        pytest.param(
            given(), given(AWS_DEFAULT_REGION="il-central-1"), "il-central-1", id="default-variable"
        ),
        pytest.param(given(profile="lab"), given(), "us-west-2", id="profile"),
        pytest.param(given(profile="keys"), given(), "ap-southeast-1", id="credentials-file"),
        pytest.param(given(), given(), "eu-west-1", id="default-profile"),
        pytest.param(given(profile="bare"), given(), None, id="nowhere"),
    ],
)
def test_region_order(env: Env, arguments: Any, variables: Env, region: str | None) -> None:
    """The region comes from the first source that names one."""
    assert load(env | variables, **arguments).region == region


def test_region_of_a_botocore_session(env: Env, monkeypatch: pytest.MonkeyPatch) -> None:
    """A botocore session is asked for its region and profile in its own way."""
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
    settings = load(env | {"AWS_REGION": "us-east-2"}, session=botocore_session("lab"))
    assert settings.region == "us-west-2"
    assert settings.profile == "lab"
    assert settings.max_attempts == 8


def test_region_of_a_broken_botocore_session(env: Env, monkeypatch: pytest.MonkeyPatch) -> None:
    """A session that can't say its region is a configuration error with botocore's as its cause."""
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
    with pytest.raises(
        ConfigurationError, match=r"session given .* its region: .*absent"
    ) as caught:
        load(env, session=botocore_session("absent"))
    assert type(caught.value.__cause__).__name__ == "ProfileNotFound"


@pytest.mark.parametrize(
    "region",
    [
        pytest.param("us_west_2", id="underscore"),
        pytest.param("us-west-2.evil.example/", id="other-host"),
        pytest.param("us-west-2\n", id="newline"),
        pytest.param("-west", id="hyphen-first"),
        pytest.param("west-", id="hyphen-last"),
        pytest.param("12", id="digits"),
        pytest.param("a" * 64, id="long"),
    ],
)
@pytest.mark.parametrize("source", ["region", "AWS_REGION"])
def test_region_must_be_a_host_label(no_files: Env, region: str, source: str) -> None:
    """What can't be part of a host name is refused with its source."""
    arguments = {"region": region} if source == "region" else {}
    variables = {source: region} if source == "AWS_REGION" else {}
    with pytest.raises(ConfigurationError, match=f"^{source}: .* is not a region's name"):
        load(no_files | variables, **arguments)


def test_empty_region_argument_is_refused(no_files: Env) -> None:
    """An empty argument is a mistake, not a default."""
    with pytest.raises(ConfigurationError, match="region: ''"):
        load(no_files, region="")


# --- profile ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "variables", "profile"),
    [
        pytest.param(given(profile="lab"), given(AWS_PROFILE="bare"), "lab", id="argument"),
        pytest.param(
            given(session=Boto3Session(profile_name="quiet")),
            given(AWS_PROFILE="bare"),
            "quiet",
            id="session",
        ),
        pytest.param(
            given(session=Boto3Session()), given(AWS_PROFILE="bare"), "bare", id="session-default"
        ),
        pytest.param(
            given(), given(AWS_PROFILE="bare", AWS_DEFAULT_PROFILE="lab"), "bare", id="AWS_PROFILE"
        ),
        pytest.param(given(), given(AWS_DEFAULT_PROFILE="lab"), "lab", id="default-variable"),
        pytest.param(given(), given(), None, id="nobody"),
    ],
)
def test_profile_order(env: Env, arguments: Any, variables: Env, profile: str | None) -> None:
    """The profile is the first one that somebody named; only an argument makes it explicit."""
    settings = load(env | variables, **arguments)
    assert settings.profile == profile
    assert settings.explicit_profile == arguments.get("profile")


@pytest.mark.parametrize(
    ("arguments", "variables"),
    [
        pytest.param(given(profile="absent"), given(), id="argument"),
        pytest.param(given(profile="absent", session=Boto3Session()), given(), id="with-session"),
        pytest.param(given(), given(AWS_PROFILE="absent"), id="environment"),
    ],
)
def test_profile_must_exist(env: Env, arguments: Any, variables: Env) -> None:
    """A profile that was asked for and isn't there is refused, with the files looked in."""
    with pytest.raises(ConfigurationError) as caught:
        load(env | variables, **arguments)
    for part in ("'absent'", env["AWS_CONFIG_FILE"], env["AWS_SHARED_CREDENTIALS_FILE"]):
        assert part in str(caught.value)


def test_profile_must_exist_even_without_files(no_files: Env) -> None:
    """Asking for the default profile by name needs it to be there."""
    with pytest.raises(ConfigurationError, match="profile 'default' is neither in"):
        load(no_files, profile="default")


def test_profile_of_a_session_may_be_elsewhere(env: Env) -> None:
    """A session may know profiles from files of its own."""
    assert load(env, session=Boto3Session("eu-west-2", "elsewhere")).region == "eu-west-2"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("region = us-west-2", id="no-section"),
        pytest.param("[default]\n[default]", id="twice"),
        pytest.param("[default]\ns3 =\n  nothing", id="nested"),
    ],
)
@pytest.mark.parametrize("file", ["AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"])
def test_malformed_file(env: Env, text: str, file: str) -> None:
    """A file that can't be parsed is refused by name, with botocore's error as the cause."""
    Path(env[file]).write_text(text)
    with pytest.raises(ConfigurationError, match="can't be read as a profile file") as caught:
        load(env)
    assert env[file] in str(caught.value)
    assert type(caught.value.__cause__).__name__ == "ConfigParseError"


def test_block_where_a_value_is_needed(env: Env) -> None:
    """A block of settings in the place of a single one is refused."""
    with pytest.raises(ConfigurationError, match="region of profile 'nested': a single value"):
        load(env, profile="nested")


def test_both_files_make_one_profile(env: Env) -> None:
    """A profile is put together from both files; the credentials file wins, as in botocore."""
    settings = load(env, profile="lab")
    assert (settings.max_attempts, settings.region) == (8, "us-west-2")


# --- endpoint -----------------------------------------------------------------------------------

OWN = "https://own.example"
GLOBAL = "https://global.example"
OMICS = "https://omics.example"


@pytest.mark.parametrize(
    ("arguments", "variables", "endpoint"),
    [
        pytest.param(
            given(endpoint_url=OWN, profile="lab"),
            given(AWS_ENDPOINT_URL_OMICS=OMICS),
            OWN,
            id="argument",
        ),
        pytest.param(
            given(profile="lab"),
            given(AWS_ENDPOINT_URL_OMICS=OMICS, AWS_ENDPOINT_URL=GLOBAL),
            OMICS,
            id="AWS_ENDPOINT_URL_OMICS",
        ),
        pytest.param(
            given(profile="lab"), given(AWS_ENDPOINT_URL=GLOBAL), GLOBAL, id="AWS_ENDPOINT_URL"
        ),
        pytest.param(given(profile="lab"), given(), "https://section.example", id="services"),
        pytest.param(given(profile="other"), given(), "https://other.example", id="profile"),
        pytest.param(given(profile="flat"), given(), None, id="nowhere"),
        pytest.param(given(profile="quiet"), given(), None, id="ignored-by-profile"),
        pytest.param(
            given(profile="quiet"),
            given(AWS_IGNORE_CONFIGURED_ENDPOINT_URLS="false"),
            "https://quiet.example",
            id="not-ignored-by-environment",
        ),
        pytest.param(
            given(profile="lab"),
            given(
                AWS_IGNORE_CONFIGURED_ENDPOINT_URLS="TRUE",
                AWS_ENDPOINT_URL_OMICS=OMICS,
                AWS_ENDPOINT_URL=GLOBAL,
            ),
            None,
            id="ignored-by-environment",
        ),
        pytest.param(
            given(endpoint_url=OWN),
            given(AWS_IGNORE_CONFIGURED_ENDPOINT_URLS="true"),
            OWN,
            id="argument-is-never-ignored",
        ),
    ],
)
def test_endpoint_order(env: Env, arguments: Any, variables: Env, endpoint: str | None) -> None:
    """The custom endpoint comes from the first source that names one and is not switched off."""
    assert load(env | variables, **arguments).endpoint_url == endpoint


@pytest.mark.parametrize(
    ("profile", "what"),
    [
        pytest.param("lost", "'nowhere' names a services section that is not", id="no-section"),
        pytest.param("odd", "'https://odd.example' is not a block", id="no-block"),
    ],
)
def test_services_section_must_make_sense(env: Env, profile: str, what: str) -> None:
    """A services section that is missing or has the wrong form is refused."""
    with pytest.raises(ConfigurationError, match=what):
        load(env, profile=profile)


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("http://127.0.0.1:8787", id="loopback"),
        pytest.param("http://[::1]:8787", id="ipv6"),
        pytest.param("HTTPS://proxy.example/omics/", id="prefix"),
    ],
)
def test_endpoint_forms(no_files: Env, url: str) -> None:
    """A URL with a host, a port or a path prefix is taken as it is."""
    assert load(no_files, endpoint_url=url).endpoint_url == url


@pytest.mark.parametrize(
    ("url", "what"),
    [
        pytest.param("localhost:8787", "has no scheme", id="no-scheme"),
        pytest.param("", "has no scheme", id="empty"),
        pytest.param("//host", "has no scheme", id="scheme-relative"),
        pytest.param("https://", "has no host", id="no-host"),
        pytest.param("https:///omics", "has no host", id="path-only"),
        pytest.param("ftp://host", "neither http nor https", id="ftp"),
        pytest.param("https://host/?a=1", "query or a fragment", id="query"),
        pytest.param("https://host?", "query or a fragment", id="empty-query"),
        pytest.param("https://host/#top", "query or a fragment", id="fragment"),
        pytest.param("https://ho st", "white space", id="space"),
        pytest.param("https://host\n", "white space", id="newline"),
        pytest.param("https://[::1", "can't be read", id="bracket"),
        pytest.param("https://host:port", "can't be read", id="port"),
        pytest.param("https://999.1.1.1", "can't be read", id="address"),
    ],
)
@pytest.mark.parametrize("source", ["endpoint_url", "AWS_ENDPOINT_URL"])
def test_malformed_endpoint(no_files: Env, url: str, what: str, source: str) -> None:
    """A malformed endpoint is refused with its source, the fault, and what would be right."""
    arguments = {"endpoint_url": url} if source == "endpoint_url" else {}
    variables = {source: url or "x"} if source == "AWS_ENDPOINT_URL" else {}
    with pytest.raises(ConfigurationError, match=f"^{source}: .*{what}.*; it should look like"):
        load(no_files | variables, **arguments)


def test_endpoint_with_a_password_is_not_repeated(no_files: Env) -> None:
    """A password in an endpoint is refused, and kept out of the message."""
    with pytest.raises(ConfigurationError, match="user name or password") as caught:
        load(no_files, endpoint_url="https://me:hunter2@host")
    assert "hunter2" not in str(caught.value)


# --- FIPS and dual stack ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "variable", "key"),
    [
        pytest.param("use_fips", "AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint", id="fips"),
        pytest.param(
            "use_dualstack", "AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint", id="dual-stack"
        ),
    ],
)
class TestVariants:
    """FIPS and dual stack behave alike."""

    def test_order(self, env: Env, name: str, variable: str, key: str) -> None:
        """The argument outranks the environment, which outranks the profile."""
        Path(env["AWS_CONFIG_FILE"]).write_text(f"[default]\n{key} = true\n")
        assert getattr(load(env), name) is True
        assert getattr(load(env | {variable: "False"}), name) is False
        assert getattr(load(env | {variable: "False"}, **{name: True}), name) is True
        assert getattr(load(env, **{name: False}), name) is False

    def test_contradicts_a_custom_endpoint(
        self, no_files: Env, name: str, variable: str, key: str
    ) -> None:
        """Wherever they come from, the two together are refused, and the way out is named."""
        del key
        message = f"{name} and a custom endpoint .*{name}=False"
        with pytest.raises(ConfigurationError, match=message):
            load(no_files, endpoint_url=OWN, **{name: True})
        with pytest.raises(ConfigurationError, match=message):
            load(no_files | {variable: "true", "AWS_ENDPOINT_URL": GLOBAL})
        assert load(no_files | {variable: "true"}, endpoint_url=OWN, **{name: False})

    def test_malformed(self, no_files: Env, name: str, variable: str, key: str) -> None:
        """Anything but true and false is refused with variable and value."""
        del key
        with pytest.raises(ConfigurationError, match=f"^{variable}: 'yes' is neither true nor"):
            load(no_files | {variable: "yes"})
        assert getattr(load(no_files | {variable: "yes"}, **{name: True}), name) is True


def test_changed_settings_are_checked_again(no_files: Env) -> None:
    """Changing settled settings can't bring a contradiction about."""
    settings = load(no_files, endpoint_url=OWN)
    with pytest.raises(ConfigurationError, match="use_fips and a custom endpoint"):
        attrs.evolve(settings, use_fips=True)


# --- retries ------------------------------------------------------------------------------------


def test_retry_settings_order(env: Env) -> None:
    """The environment outranks the profile."""
    settings = load(env, profile="lab")
    assert (settings.max_attempts, settings.retry_mode) == (8, "adaptive")
    variables = {"AWS_MAX_ATTEMPTS": " 5 ", "AWS_RETRY_MODE": "Standard"}
    settings = load(env | variables, profile="lab")
    assert (settings.max_attempts, settings.retry_mode) == (5, "standard")


@pytest.mark.parametrize("value", ["0", "-1", "2.5", "three", "1_0", "٣", "9" * 5000])
def test_malformed_attempts(no_files: Env, value: str) -> None:
    """What is no positive whole number is refused with its source."""
    with pytest.raises(ConfigurationError, match=r"^AWS_MAX_ATTEMPTS: .* not a whole number"):
        load(no_files | {"AWS_MAX_ATTEMPTS": value})


def test_malformed_retry_mode(no_files: Env) -> None:
    """An unknown mode is refused with those that exist."""
    with pytest.raises(ConfigurationError, match="AWS_RETRY_MODE: 'fast' is none of legacy, st"):
        load(no_files | {"AWS_RETRY_MODE": "fast"})


# --- certificates -------------------------------------------------------------------------------


def test_bundle_order(env: Env, tmp_path: Path) -> None:
    """The argument, AWS_CA_BUNDLE, the profile and SSL_CERT_FILE name the bundle, in this order."""
    files = {name: tmp_path / name for name in ("own", "aws", "profile", "ssl")}
    for file in files.values():
        file.touch()
    Path(env["AWS_CONFIG_FILE"]).write_text(f"[default]\nca_bundle = {files['profile']}\n")
    both = env | {"AWS_CA_BUNDLE": str(files["aws"]), "SSL_CERT_FILE": str(files["ssl"])}
    assert load(both, verify=str(files["own"])).ca_bundle == str(files["own"])
    assert load(both).ca_bundle == str(files["aws"])
    del both["AWS_CA_BUNDLE"]
    assert load(both).ca_bundle == str(files["profile"])
    Path(env["AWS_CONFIG_FILE"]).write_text("")
    assert load(both).ca_bundle == str(files["ssl"])


@pytest.mark.parametrize(
    "verify",
    [
        pytest.param(False, id="off"),
        pytest.param(ssl.create_default_context(), id="context"),
    ],
)
def test_verify_outranks_bundles(no_files: Env, verify: Any) -> None:
    """Where the caller decided otherwise, no bundle is looked for."""
    assert load(no_files | {"AWS_CA_BUNDLE": "/not/there"}, verify=verify).ca_bundle is None


@pytest.mark.parametrize("source", ["verify", "AWS_CA_BUNDLE", "SSL_CERT_FILE"])
def test_missing_bundle(no_files: Env, source: str) -> None:
    """A bundle that isn't there is refused with its source."""
    variables = {} if source == "verify" else {source: "/not/there"}
    verify = "/not/there" if source == "verify" else True
    with pytest.raises(ConfigurationError, match=f"^{source}: '/not/there' is not there"):
        load(no_files | variables, verify=verify)


# --- imports ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("has_file", "imported"),
    [pytest.param(False, False, id="no-files"), pytest.param(True, True, id="files")],
)
def test_botocore_is_imported_for_files_only(
    no_files: Env,
    has_file: bool,
    imported: bool,
) -> None:
    """Neither the import nor a load without profile files imports botocore."""
    if has_file:
        Path(no_files["AWS_CONFIG_FILE"]).write_text("[default]\nregion = us-west-2\n")
    code = (
        "import sys; from omics_runs import _config; assert 'botocore' not in sys.modules; "
        f"_config.load(environ={no_files!r}); print('botocore' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == str(imported)
