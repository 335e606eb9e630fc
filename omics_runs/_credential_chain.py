"""botocore's chain, its sessions, and the objects that they give; botocore is imported here only.

It has no public way to tell when keys end or to renew them early, so a few private names of its are
read here. Where one is missing, keys are asked for before each call, and botocore renews them.
"""

from __future__ import annotations

import importlib
import inspect
import threading
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NoReturn, cast

from omics_runs._clock import GLANCE
from omics_runs._credential_failures import NoneFoundError
from omics_runs._errors import ConfigurationError
from omics_runs._forks import Lock

# botocore's sessions are not thread-safe, and two clients may have been given the same one.
_SESSIONS = Lock()

# botocore would read AWS_DEFAULT_PROFILE first, and so take another profile than `_config` does.
_PROFILE_VARIABLES: Mapping[str, object] = {
    "profile": (None, ["AWS_PROFILE", "AWS_DEFAULT_PROFILE"], None, None)
}

_LOCK = type(threading.Lock())
_LONG_AGO = datetime.fromtimestamp(0, UTC)


def find(profile: str | None, region: str | None, *, is_first: bool) -> object:
    """Look for keys along the chain, from its beginning.

    Args:
        profile: The profile given as an argument.
        region: The region for services that are asked on the way.
        is_first: Whether there is a user to be asked for a code; later, nobody may be there.

    Raises:
        NoneFoundError: There are none.
    """
    session_module: Any = importlib.import_module("botocore.session")
    session = session_module.Session(session_vars=_PROFILE_VARIABLES, profile=profile)
    if region is not None:
        session.set_config_variable("region", region)  # or calls of STS may have none
    if not is_first:
        _ask_nobody(session)
    found = session.get_credentials()
    if found is None:
        raise NoneFoundError(_none_found(profile))
    return cast("object", found)


def _ask_nobody(session: Any) -> None:
    """Let a role that needs a code of the user's fail, as botocore does when it renews one."""
    session.get_component("credential_provider").get_provider("assume-role")._prompter = _refuse  # noqa: SLF001


def _refuse(prompt: str) -> NoReturn:
    del prompt
    exceptions: Any = importlib.import_module("botocore.exceptions")
    raise exceptions.RefreshWithMFAUnsupportedError


def of_session(session: Any) -> object:
    """Return the credentials of a session that was given.

    Raises:
        NoneFoundError: It has none.
        ConfigurationError: It is asynchronous.
    """
    while _SESSIONS.current.locked():
        time.sleep(GLANCE)  # which Ctrl-C ends on Windows, too, unlike the wait for a lock
    with _SESSIONS.current:
        found = session.get_credentials()
    if found is None:
        msg = "the session given as credentials has none; see what it was made with"
        raise NoneFoundError(msg)
    refuse_awaitable(found, session)
    return cast("object", found)


def refuse_awaitable(value: object, origin: object) -> None:
    """Refuse what an asynchronous object answered.

    Raises:
        ConfigurationError: It is to be awaited.
    """
    if inspect.isawaitable(value):
        discard(value)
        msg = f"{type(origin).__name__} is asynchronous: give an async callable instead"
        raise ConfigurationError(msg)


def discard(value: object) -> None:
    """Drop an awaitable without awaiting it."""
    if inspect.iscoroutine(value):
        value.close()  # or Python warns that nobody awaited it


def end_of(source: object) -> datetime | None:
    """Return when the present keys of botocore's refreshable credentials end."""
    end = getattr(source, "_expiry_time", None)
    return end.astimezone(UTC) if isinstance(end, datetime) and end.tzinfo else None


def is_plain(source: object) -> bool:
    """Tell whether keys are botocore's plain ones, which never end by themselves."""
    return (
        f"{type(source).__module__}.{type(source).__name__}" == "botocore.credentials.Credentials"
    )


def free(source: Any) -> None:
    """Free the lock of botocore's refreshable credentials, which nobody in a child will release."""
    if isinstance(getattr(source, "_refresh_lock", None), _LOCK):
        source._refresh_lock = threading.Lock()  # noqa: SLF001


def expire(source: Any) -> None:
    """Make botocore's refreshable credentials renew themselves with the next question."""
    if end_of(source) is not None:
        source._expiry_time = _LONG_AGO  # noqa: SLF001
    # Those of a role would else be taken from the cache that the session keeps.
    fetcher = getattr(getattr(source, "_refresh_using", None), "__self__", None)
    cache: Any = getattr(fetcher, "_cache", {})
    key = getattr(fetcher, "_cache_key", None)
    if key in cache:
        del cache[key]


def _none_found(profile: str | None) -> str:
    named = "AWS_PROFILE's or the default profile" if profile is None else f"profile {profile!r}"
    variables = "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, then " if profile is None else ""
    return (
        f"no AWS credentials found; looked for {variables}{named} (keys, role, SSO, login, "
        "process, web identity), then the role of the container or the EC2 instance. Set one of "
        "these; in Python, credentials=Credentials(access_key, secret_key) will do, too, and "
        "sign=False where the endpoint does not check signatures"
    )
