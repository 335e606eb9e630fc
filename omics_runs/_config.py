"""What the environment and the profile files say: read here and nowhere else.

Every setting has one order of precedence: the argument, the environment, the profile.
"""

from __future__ import annotations

import importlib
import os
import re
import ssl
from typing import TYPE_CHECKING, Any, NoReturn, TypeAlias, TypeVar, cast
from urllib.parse import SplitResult, urlsplit

import httpx
from attrs import field, frozen

from omics_runs._credentials import Credentials
from omics_runs._errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

Verify: TypeAlias = bool | str | os.PathLike[str] | ssl.SSLContext
"""What `verify=` takes: on or off, a file with certificates, or a context of the caller's own."""

_RETRY_MODES = ("legacy", "standard", "adaptive")
_SWITCHES = {"use_fips": "AWS_USE_FIPS_ENDPOINT", "use_dualstack": "AWS_USE_DUALSTACK_ENDPOINT"}
_HOST_LABEL = re.compile(r"(?![0-9]+\Z)(?!-)[A-Za-z0-9-]{1,63}(?<!-)")
_ENDPOINT_FORM = "it should look like https://host, with :port and /prefix if needed"

T = TypeVar("T")


@frozen(kw_only=True)
class Settings:
    """What a client was told by its arguments, the environment and the profile, all settled."""

    region: str | None = None
    """The region to sign for; None if nothing names one."""
    profile: str | None = None
    """The profile that was read because somebody named it; None for the nameless default."""
    explicit_profile: str | None = None
    """The profile given as an argument. Only this one makes the credential chain pass over keys
    in the environment, as with boto3; one named by the environment does not."""
    endpoint_url: str | None = None
    """A custom endpoint, used as it is; None for the region's own."""
    logs_endpoint_url: str | None = None
    """A custom endpoint of CloudWatch Logs; None if nothing names one."""
    logs_problem: str | None = None
    """What is wrong with the endpoint that is configured for CloudWatch Logs."""
    use_fips: bool = False
    """Whether the endpoint must be a FIPS one."""
    use_dualstack: bool = False
    """Whether the endpoint must answer over IPv4 and IPv6."""
    max_attempts: int | None = None
    """Attempts for each call; None if nothing says so."""
    retry_mode: str | None = None
    """`legacy`, `standard`, `adaptive`, or None if nothing says so."""
    ca_bundle: str | None = None
    """File with the certificates to trust; None for the usual ones, or if `verify` decides."""
    app_id: str | None = None
    """The application's own name for the user agent."""
    exec_env: str | None = None
    """Where the process runs, such as `AWS_Lambda_python3.12`; for the user agent."""

    def __attrs_post_init__(self) -> None:
        if self.endpoint_url:
            self.check_custom(self.endpoint_url)

    def check_custom(self, url: str) -> None:
        """Refuse a custom endpoint where a kind of AWS's own was chosen.

        Raises:
            ConfigurationError: There is such a choice.
        """
        for name, chosen in (("use_fips", self.use_fips), ("use_dualstack", self.use_dualstack)):
            if chosen:
                msg = (
                    f"{name} and a custom endpoint ({url}) exclude each other: leave the endpoint "
                    f"away, or switch the other off ({name}=False, or {_SWITCHES[name]}=false)"
                )
                raise ConfigurationError(msg)


def load(
    *,
    region: str | None = None,
    profile: str | None = None,
    endpoint_url: str | None = None,
    logs_endpoint_url: str | None = None,
    use_fips: bool | None = None,
    use_dualstack: bool | None = None,
    verify: Verify = True,
    session: object = None,
    environ: Mapping[str, str] | None = None,
) -> Settings:
    """Settle what a client needs to know before its first call.

    Args:
        region: Region to use, before anything else that names one.
        profile: Profile to read; it has to exist.
        endpoint_url: Endpoint to use instead of the region's own.
        logs_endpoint_url: Endpoint of CloudWatch Logs to use instead of the region's own.
        use_fips: Whether to use the FIPS endpoint; None leaves it to environment and profile.
        use_dualstack: The same for the dual-stack endpoint.
        verify: The client's own argument; anything but True outranks the bundles named elsewhere.
        session: A botocore or boto3 session whose region and profile count like arguments.
            Anything else that may be given as credentials is passed over.
        environ: Environment variables; those of the process if None.

    Raises:
        ConfigurationError: A setting is malformed, contradicts another one, or names something
            that does not exist.
    """
    env = os.environ if environ is None else environ
    name = profile or _session_profile(session) or _profile_name(env)
    must_exist = profile is not None or (_session_profile(session) is None and name is not None)
    sources = _Sources(env, _read_profile(env, name, must_exist=must_exist))
    logs_url, logs_problem = _logs_endpoint_url(logs_endpoint_url, sources)
    return Settings(
        region=_region(region, session, sources),
        profile=name,
        explicit_profile=profile,
        endpoint_url=_endpoint_url(endpoint_url, sources),
        logs_endpoint_url=logs_url,
        logs_problem=logs_problem,
        use_fips=_flag(sources, _SWITCHES["use_fips"], "use_fips_endpoint", given=use_fips),
        use_dualstack=_flag(
            sources,
            _SWITCHES["use_dualstack"],
            "use_dualstack_endpoint",
            given=use_dualstack,
        ),
        max_attempts=sources.read(_attempts, "AWS_MAX_ATTEMPTS", key="max_attempts"),
        retry_mode=sources.read(_retry_mode, "AWS_RETRY_MODE", key="retry_mode"),
        ca_bundle=_ca_bundle(verify, sources),
        app_id=sources.read(_text, "AWS_SDK_UA_APP_ID", key="sdk_ua_app_id"),
        exec_env=sources.read(_text, "AWS_EXECUTION_ENV"),
    )


# --- where values come from ---------------------------------------------------------------------


@frozen
class _Found:
    """A value, and where it was found; every complaint about it says so."""

    value: str
    source: str

    def refuse(self, what: str) -> NoReturn:
        msg = f"{self.source}: {self.value!r} {what}"
        raise ConfigurationError(msg)


@frozen
class _Profile:
    """The part of the profile files that counts."""

    name: str
    values: Mapping[str, object] = field(factory=dict[str, object])
    services: Mapping[str, object] = field(factory=dict[str, object])

    def find(self, key: str) -> _Found | None:
        return _found_in(self.values, key, f"{key} of profile {self.name!r}")

    def find_for_service(self, service: str, key: str) -> _Found | None:
        section = self.find("services")
        if section is None:
            return None
        if section.value not in self.services:
            section.refuse("names a services section that is not in the config file")
        source = f"{service} in section [services {section.value}]"
        settings = _block(self.services[section.value], source).get(service, {})
        return _found_in(_block(settings, source), key, f"{key} of {source}")


def _block(value: object, source: str) -> Mapping[str, object]:
    if isinstance(value, str):
        _Found(value, source).refuse("is not a block of indented settings")
    return cast("Mapping[str, object]", value)


def _found_in(values: Mapping[str, object], key: str, source: str) -> _Found | None:
    value = values.get(key)
    if not value:
        return None
    if not isinstance(value, str):
        msg = f"{source}: a single value is needed, not a block of settings"
        raise ConfigurationError(msg)
    return _Found(value, source)


@frozen
class _Sources:
    """The environment, and the profile behind it. An empty value counts as none at all."""

    environ: Mapping[str, str]
    profile: _Profile

    def find(self, *variables: str, key: str | None = None) -> _Found | None:
        for variable in variables:
            if value := self.environ.get(variable):
                return _Found(value, variable)
        return self.profile.find(key) if key else None

    def read(
        self, parse: Callable[[_Found], T], *variables: str, key: str | None = None
    ) -> T | None:
        found = self.find(*variables, key=key)
        return None if found is None else parse(found)


def _flag(sources: _Sources, variable: str, key: str, *, given: bool | None = None) -> bool:
    if given is not None:
        return given
    return bool(sources.read(_boolean, variable, key=key))


# --- how values are read ------------------------------------------------------------------------


def _text(found: _Found) -> str:
    return found.value


def _boolean(found: _Found) -> bool:
    value = found.value.strip().lower()
    if value not in {"true", "false"}:
        found.refuse("is neither true nor false")
    return value == "true"


def _attempts(found: _Found) -> int:
    # int() alone would take "1_0" and digits of any script.
    if not re.fullmatch(r"\s*[0-9]{1,9}\s*", found.value) or int(found.value) == 0:
        found.refuse("is not a whole number of at least 1")
    return int(found.value)


def _retry_mode(found: _Found) -> str:
    mode = found.value.strip().lower()
    if mode not in _RETRY_MODES:
        found.refuse(f"is none of {', '.join(_RETRY_MODES)}")
    return mode


# --- region -------------------------------------------------------------------------------------


def _region(given: str | None, session: object, sources: _Sources) -> str | None:
    found = _given_region(given, session) or sources.find(
        "AWS_REGION", "AWS_DEFAULT_REGION", key="region"
    )
    return None if found is None else _host_label(found)


def _given_region(given: str | None, session: object) -> _Found | None:
    if given is not None:
        return _Found(given, "region")
    name = _session_region(session)
    return _Found(name, "region of the session given as credentials") if name else None


def _host_label(found: _Found) -> str:
    if not _HOST_LABEL.fullmatch(found.value):
        found.refuse("is not a region's name; it should look like us-west-2")
    return found.value


# --- a session given as credentials -------------------------------------------------------------


def _session_region(session: object) -> str | None:
    return _asked_of(session, "region_name", "region")


def _session_profile(session: object) -> str | None:
    name = _asked_of(session, "profile_name", "profile")
    # "default" is what boto3 says when nobody has named a profile.
    return None if name == "default" else name


def _asked_of(session: object, attribute: str, variable: str) -> str | None:
    """Ask a boto3 session by attribute, a botocore session by variable, and nothing else."""
    if not callable(getattr(session, "get_credentials", None)):
        return None
    try:
        value = _of_session(session, attribute, variable)
    except Exception as error:
        msg = f"the session given as credentials can't say its {variable}: {error}"
        raise ConfigurationError(msg) from error
    return value if isinstance(value, str) else None


def _of_session(session: Any, attribute: str, variable: str) -> object:
    if hasattr(session, "get_config_variable"):
        return session.get_config_variable(variable)
    return getattr(session, attribute, None)


# --- endpoint -----------------------------------------------------------------------------------


def _endpoint_url(given: str | None, sources: _Sources) -> str | None:
    if given is not None:
        return _checked_url(_Found(given, "endpoint_url"))
    found = next(_configured_endpoints(sources, "omics"), None)
    return None if found is None else _checked_url(found)


def _logs_endpoint_url(given: str | None, sources: _Sources) -> tuple[str | None, str | None]:
    """Return the endpoint of CloudWatch Logs, and what is wrong with it.

    What is configured may be wrong: only those have to know who read logs.
    """
    if given is not None:
        return _checked_url(_Found(given, "logs_endpoint_url")), None
    try:
        found = next(_configured_endpoints(sources, "cloudwatch_logs"), None)
        return (None if found is None else _checked_url(found)), None
    except ConfigurationError as error:
        return None, str(error)


def _configured_endpoints(sources: _Sources, service: str) -> Iterator[_Found]:
    """Yield the endpoints that environment and profile name, the strongest first."""
    if _flag(sources, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "ignore_configured_endpoint_urls"):
        return
    if found := sources.find(f"AWS_ENDPOINT_URL_{service.upper()}", "AWS_ENDPOINT_URL"):
        yield found
    if found := sources.profile.find_for_service(service, "endpoint_url"):
        yield found
    if found := sources.profile.find("endpoint_url"):
        yield found


def _checked_url(found: _Found) -> str:
    # A password is the one part that no message may repeat.
    if "@" in found.value:
        msg = f"{found.source}: an endpoint can't hold a user name or password; {_ENDPOINT_FORM}"
        raise ConfigurationError(msg)
    if problem := _url_problem(found.value):
        found.refuse(f"{problem}; {_ENDPOINT_FORM}")
    return found.value


def _url_problem(url: str) -> str | None:
    if not url.isprintable() or " " in url:
        return "has white space in it"
    try:
        parts = urlsplit(url)
        return _parts_problem(parts, url) or _host_problem(url)
    except ValueError as error:
        return f"can't be read ({error})"


def _parts_problem(parts: SplitResult, url: str) -> str | None:
    if "://" not in url:
        return "has no scheme"
    if parts.scheme not in {"http", "https"}:
        return "is neither http nor https"
    if not parts.hostname:
        return "has no host"
    if "?" in url or "#" in url:
        return "has a query or a fragment"
    return None


def _host_problem(url: str) -> str | None:
    # The client's own parser has the last word: it is the one that will send.
    try:
        httpx.URL(url)
    except httpx.InvalidURL as error:
        return f"can't be read ({error})"
    return None


# --- certificates -------------------------------------------------------------------------------


def _ca_bundle(verify: Verify, sources: _Sources) -> str | None:
    if isinstance(verify, str):
        return _existing(_Found(verify, "verify"))
    if verify is not True:
        return None
    found = sources.find("AWS_CA_BUNDLE", key="ca_bundle") or sources.find("SSL_CERT_FILE")
    if found is None:
        # Perhaps a list of folders: OpenSSL passes over those that are not there.
        return sources.read(_text, "SSL_CERT_DIR")
    return _existing(found)


def _existing(found: _Found) -> str:
    if not os.path.exists(found.value):  # noqa: PTH110 - a name is all that is needed
        found.refuse("is not there")
    return found.value


def environment_keys() -> Credentials | None:
    """Return the environment's keys, with which botocore's chain begins; to import it takes time.

    Keys that are incomplete, or that end, are left to it.
    """
    get = os.environ.get
    access_key, secret_key = get("AWS_ACCESS_KEY_ID"), get("AWS_SECRET_ACCESS_KEY")
    if not access_key or not secret_key or get("AWS_CREDENTIAL_EXPIRATION"):
        return None
    token = get("AWS_SECURITY_TOKEN") or get("AWS_SESSION_TOKEN")
    return Credentials(access_key, secret_key, token)


# --- profile files ------------------------------------------------------------------------------


def _profile_name(environ: Mapping[str, str]) -> str | None:
    return environ.get("AWS_PROFILE") or environ.get("AWS_DEFAULT_PROFILE") or None


def _read_profile(environ: Mapping[str, str], name: str | None, *, must_exist: bool) -> _Profile:
    # A variable that is set but empty means no file, as it does for botocore.
    config = environ.get("AWS_CONFIG_FILE", "~/.aws/config")
    credentials = environ.get("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials")
    profiles, services = _parsed(config, credentials)
    if must_exist and name not in profiles:
        msg = f"profile {name!r} is neither in {config or '-'} nor in {credentials or '-'}"
        raise ConfigurationError(msg)
    chosen = name or "default"
    return _Profile(chosen, profiles.get(chosen, {}), services)


def _parsed(
    config: str, credentials: str
) -> tuple[dict[str, dict[str, object]], dict[str, object]]:
    """Return the profiles, each put together from both files, and the services sections."""
    parsed = _parse("load_config", config)
    profiles = cast("dict[str, dict[str, object]]", parsed.get("profiles", {}))
    for name, values in _parse("raw_config_parse", credentials).items():
        profiles.setdefault(name, {}).update(_block(values, name))
    return profiles, cast("dict[str, object]", parsed.get("services", {}))


def _parse(parser: str, path: str) -> dict[str, object]:
    if not os.path.isfile(os.path.expanduser(os.path.expandvars(path))):  # noqa: PTH111, PTH113
        return {}
    configloader: Any = importlib.import_module("botocore.configloader")
    errors: Any = importlib.import_module("botocore.exceptions")
    try:
        return cast("dict[str, object]", getattr(configloader, parser)(path))
    except errors.ConfigParseError as error:
        msg = f"{path} can't be read as a profile file: {error}"
        raise ConfigurationError(msg) from error
