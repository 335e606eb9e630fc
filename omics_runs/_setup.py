"""From a constructor's arguments to what a client holds; the same for both clients."""

from __future__ import annotations

import os
import ssl
import warnings
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from types import NoneType
from typing import TYPE_CHECKING, get_args
from urllib.parse import urlsplit

import attrs
import httpx
from attrs import frozen

from omics_runs import _config, _endpoint
from omics_runs._clock import Clock, SystemClock
from omics_runs._credential_source import CredentialSource
from omics_runs._env import LOGS, Env
from omics_runs._errors import ConfigurationError
from omics_runs._generated.operations import OPERATIONS
from omics_runs._hooks import Hooks, RequestHook, ResponseHook, RetryHook
from omics_runs._pacing import Pacer
from omics_runs._recipe import ProxyLike, Recipe, Transport
from omics_runs._retry import RetryPolicy
from omics_runs._skew import ClockOffset
from omics_runs._timeout import Timeout
from omics_runs._tracing import TracerProvider, Tracing
from omics_runs._user_agent import user_agent

if TYPE_CHECKING:
    from omics_runs._config import Settings, Verify
    from omics_runs._credentials import CredentialsLike

HOST_PREFIXES = frozenset(
    operation.host_prefix for operation in OPERATIONS.values() if operation.service != LOGS
)


@frozen(kw_only=True)
class Arguments:
    """What both constructors take, as it was given."""

    region: str | None
    profile: str | None
    credentials: CredentialsLike | None
    endpoint_url: str | None
    logs_endpoint_url: str | None
    use_fips: bool | None
    use_dualstack: bool | None
    retry: RetryPolicy | None
    timeout: Timeout | float | None
    rate_limits: Mapping[str, float] | None
    poll_rate: float | None
    verify: Verify
    proxy: ProxyLike | None
    http_client: httpx.Client | httpx.AsyncClient | None
    transport: Transport
    validate: bool
    sign: bool
    clock: Clock | None
    on_request: RequestHook | None
    on_response: ResponseHook | None
    on_retry: RetryHook | None
    tracer_provider: TracerProvider | None


@frozen(kw_only=True)
class Setup:
    """What a client is built of."""

    env: Env
    credentials: CredentialSource
    recipe: Callable[[], Recipe]
    """Settles how to make httpx clients; not called if the caller gave one."""

    @classmethod
    def of(cls, given: Arguments) -> Setup:
        """Settle everything that can be settled without asking AWS.

        Raises:
            ConfigurationError: The arguments, the environment or the profile don't add up.
        """
        _check_types(given)
        _check_transport(given)
        _refuse_contradictions(given)
        verify = os.fspath(given.verify) if isinstance(given.verify, os.PathLike) else given.verify
        settings = _config.load(
            region=given.region,
            profile=given.profile,
            endpoint_url=given.endpoint_url,
            logs_endpoint_url=given.logs_endpoint_url,
            use_fips=given.use_fips,
            use_dualstack=given.use_dualstack,
            verify=verify if given.http_client is None else False,
            session=given.credentials,
        )
        if given.sign and settings.region is None:
            raise ConfigurationError(_endpoint.NO_REGION)
        clock, offset = given.clock or SystemClock(), ClockOffset()
        env = _env(given, settings, clock, offset)
        urls = _urls(env)
        for url in urls:
            _warn_of_clear_text(url)
        return cls(
            env=env,
            credentials=CredentialSource(
                given.credentials,
                profile=settings.explicit_profile,
                region=settings.region,
                now=partial(_corrected, clock, offset),
            ),
            recipe=partial(
                Recipe, settings.ca_bundle or verify, given.proxy, urls, given.transport
            ),
        )


def check_http_client(given: object, kind: type) -> None:
    """Refuse an HTTP client of the other color.

    Raises:
        ConfigurationError: `given` is no `kind`.
    """
    if given is not None and not isinstance(given, kind):
        msg = f"http_client must be an httpx.{kind.__name__}, got {type(given).__name__}"
        raise ConfigurationError(msg)


_KINDS: Mapping[str, tuple[type, ...]] = {
    "region": (str, NoneType),
    "profile": (str, NoneType),
    "endpoint_url": (str, NoneType),
    "logs_endpoint_url": (str, NoneType),
    "use_fips": (bool, NoneType),
    "use_dualstack": (bool, NoneType),
    "verify": (bool, str, os.PathLike, ssl.SSLContext),
    "proxy": (str, httpx.Proxy, NoneType),
    "validate": (bool,),
    "sign": (bool,),
}


def _check_types(given: Arguments) -> None:
    for name, kinds in _KINDS.items():
        value = getattr(given, name)
        if not isinstance(value, kinds):
            words = ", ".join("None" if kind is NoneType else kind.__name__ for kind in kinds)
            msg = f"{name} must be one of {words}, got {_shown(name, value)}"
            raise ConfigurationError(msg)


def _check_transport(given: Arguments) -> None:
    known = get_args(Transport)
    if given.transport not in known:
        msg = f"transport must be one of {', '.join(known)}, got {given.transport!r}"
        raise ConfigurationError(msg)


def _shown(name: str, value: object) -> str:
    """Return `value` as a complaint shows it; what is meant as a proxy may hold a password."""
    if name != "proxy":
        return repr(value)
    return f"{type(value).__name__}: one address for all calls, or leave it to HTTPS_PROXY"


def _refuse_contradictions(given: Arguments) -> None:
    if given.http_client is None:
        return
    contradictory = {
        "verify": given.verify is not True,
        "proxy": given.proxy is not None,
        "timeout": given.timeout is not None,
        "transport": given.transport != "httpx",
    }
    if names := [name for name, is_given in contradictory.items() if is_given]:
        msg = (
            f"http_client and {', '.join(names)} exclude each other: "
            f"give the httpx client its own {names[0]}"
        )
        raise ConfigurationError(msg)


def _urls(env: Env) -> tuple[str, ...]:
    """Return where calls may go."""
    urls = {env.endpoint.url_for(prefix) for prefix in HOST_PREFIXES}
    if isinstance(env.logs, _endpoint.Endpoint):
        urls.add(env.logs.url_for(""))
    return tuple(sorted(urls))


def _warn_of_clear_text(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme == "http" and not _endpoint.is_loopback(parts.hostname or ""):
        what = f"{url} is not encrypted: signatures and data can be read on their way; use https"
        warnings.warn(what, stacklevel=4)  # the line that builds the client


def _corrected(clock: Clock, offset: ClockOffset) -> datetime:
    """Return the service's time, by which the end of keys is meant."""
    return offset.correct(clock.now())


def _env(given: Arguments, settings: Settings, clock: Clock, offset: ClockOffset) -> Env:
    endpoint = _endpoint.resolve(settings)
    return Env(
        endpoint=endpoint,
        logs=_endpoint.resolve_logs(settings),
        region=settings.region,
        sign=given.sign,
        validate=given.validate,
        timeout=_timeout(given),
        retry=RetryPolicy.of(given.retry, _retry(settings)),
        clock=clock,
        offset=offset,
        user_agent=user_agent(settings.app_id, settings.exec_env, is_custom=endpoint.is_custom),
        tracing=Tracing.of(given.tracer_provider, settings.region),
        hooks=Hooks(
            on_request=given.on_request, on_response=given.on_response, on_retry=given.on_retry
        ),
        pacer=Pacer.of(given.rate_limits, given.poll_rate),
    )


def _retry(settings: Settings) -> RetryPolicy:
    if settings.max_attempts is None:
        return RetryPolicy()
    return RetryPolicy(max_attempts=settings.max_attempts)


def _timeout(given: Arguments) -> Timeout:
    if given.http_client is None:
        return Timeout.of(given.timeout, Timeout())
    theirs = given.http_client.timeout
    return Timeout(connect=_or_endless(theirs.connect), read=_or_endless(theirs.read))


def _or_endless(seconds: float | None) -> float:
    return float("inf") if seconds is None else seconds


def with_changes(
    env: Env,
    *,
    timeout: Timeout | float | None,
    retry: RetryPolicy | None,
    validate: bool | None,
) -> Env:
    """Return `env` with the given settings in place of its own; it shares the cells."""
    return attrs.evolve(
        env,
        timeout=Timeout.of(timeout, env.timeout),
        retry=RetryPolicy.of(retry, env.retry),
        validate=env.validate if validate is None else validate,
    )
