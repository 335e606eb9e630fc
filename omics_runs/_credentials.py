"""Where the keys come from that requests are signed with.

Looking them up can block for seconds: a role is assumed, a process started, an instance asked.
So a blocking look-up never runs on an event loop, and callers who want the same share one.
botocore's chain does the work where the caller gave no credentials; it is imported only then.
"""

from __future__ import annotations

import importlib
import inspect
import threading
from collections.abc import Awaitable, Callable, Generator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Protocol, TypeAlias, cast

import anyio
from anyio import to_thread
from anyio.lowlevel import RunVar
from attrs import define, field, frozen

from omics_runs._errors import ConfigurationError


def _or_none(token: str | None) -> str | None:
    return token or None


@frozen(repr=False)
class Credentials:
    """AWS access keys. What they print shows no more than the end of the access key.

    Raises:
        ConfigurationError: One half of the pair is missing, or a part can't be sent in a header.
    """

    access_key: str
    """The access key id."""
    secret_key: str
    """The secret access key."""
    session_token: str | None = field(default=None, converter=_or_none)
    """The token that belongs to temporary keys; None for those of a user."""
    expires_at: datetime | None = None
    """When the keys end, timezone-aware; a callable that says so is not asked before each call."""

    def __attrs_post_init__(self) -> None:
        for name in ("access_key", "secret_key"):
            _check_text(name, getattr(self, name))
            if not getattr(self, name):
                msg = f"credentials need both an access key and a secret key: {name} is empty"
                raise ConfigurationError(msg)
        _check_text("session_token", self.session_token or "")
        _check_moment(self.expires_at)

    def __repr__(self) -> str:
        token = "" if self.session_token is None else ", session_token=…"
        until = "" if self.expires_at is None else f", expires_at={self.expires_at.isoformat()}"
        return f"Credentials(access_key='…{self.access_key[-4:]}', secret_key=…{token}{until})"


def _check_text(name: str, value: object) -> None:
    if not isinstance(value, str | None):
        msg = f"{name} must be a string, not {type(value).__name__}"
        raise ConfigurationError(msg)
    # Caught here because the HTTP library's complaint would repeat the whole header.
    if value and (not value.isascii() or not value.isprintable() or " " in value):
        msg = f"{name} has white space or other characters that no key has; is it a whole line?"
        raise ConfigurationError(msg)


def _check_moment(moment: object) -> None:
    if moment is None:
        return
    if not isinstance(moment, datetime) or moment.tzinfo is None:
        msg = f"expires_at must be a timezone-aware datetime, got {moment!r}"
        raise ConfigurationError(msg)


class FrozenKeys(Protocol):
    """Keys under botocore's names, such as its `ReadOnlyCredentials`."""

    @property
    def access_key(self) -> str | None: ...
    @property
    def secret_key(self) -> str | None: ...
    @property
    def token(self) -> str | None: ...


# The two answers are Any because type checkers without stubs infer botocore's own in odd ways.
class KeySource(Protocol):
    """An object that hands out keys, such as botocore's `Credentials`."""

    def get_frozen_credentials(self) -> Any:
        """Return keys that go together; may block to renew them."""
        ...


class SessionLike(Protocol):
    """A botocore or boto3 session."""

    def get_credentials(self) -> Any:
        """Return the session's credentials, or None if it finds none; may block."""
        ...


KeyTuple: TypeAlias = tuple[str, str, str | None]
"""Access key, secret key, session token."""
GivenKeys: TypeAlias = Credentials | KeyTuple | FrozenKeys | KeySource | SessionLike
CredentialsLike: TypeAlias = GivenKeys | Callable[[], GivenKeys | Awaitable[GivenKeys]]
"""What `credentials=` takes: keys, something that has them, or a callable that gets them."""


class CredentialSource:
    """The credentials of a client; threads and tasks share it.

    Args:
        credentials: What the caller gave; None asks botocore's chain, with the first fetch.
        profile: The profile given as an argument, for the chain. One that the environment names
            is found by the chain itself, which then still prefers keys in the environment.
        region: The client's region, for those steps of the chain that call AWS.
        now: Clock that decides whether a callable's last answer has expired.

    Raises:
        ConfigurationError: `credentials` is nothing that could give any.
    """

    def __init__(
        self,
        credentials: CredentialsLike | None = None,
        *,
        profile: str | None = None,
        region: str | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._provider = _provider(credentials, profile=profile, region=region, now=now)

    def fetch(self, *, refresh: bool = False) -> Credentials:
        """Return credentials to sign with, blocking while they are looked up.

        Args:
            refresh: Whether to get new ones although the old ones look valid.

        Raises:
            ConfigurationError: There are none, or they could not be had. What a callable of the
                caller's raises is passed on as it is.
        """
        ready = self._provider.ready(refresh=refresh)
        return ready or self._provider.load(refresh=refresh)

    async def afetch(self, *, refresh: bool = False) -> Credentials:
        """Return credentials to sign with; whatever can block runs in a thread.

        Args:
            refresh: Whether to get new ones although the old ones look valid.

        Raises:
            ConfigurationError: As for `fetch`.
        """
        while (ready := self._provider.ready(refresh=refresh)) is None:
            flight = _flights().get(self)
            if flight is None:
                return await self._fly(_Flight(refresh))
            await flight.landed.wait()
            if flight.has_result and flight.serves(refresh=refresh):
                return flight.result()
        return ready

    async def _fly(self, flight: _Flight) -> Credentials:
        _flights()[self] = flight
        try:
            flight.credentials = await self._provider.aload(refresh=flight.refresh)
        except Exception as error:
            flight.error = error
            raise
        finally:
            # Also when this task was cancelled: then one of those who wait takes over.
            del _flights()[self]
            flight.landed.set()
        return flight.credentials


@define(eq=False)
class _Flight:
    """A look-up under way on an event loop, for all the tasks that want it."""

    refresh: bool
    landed: anyio.Event = field(factory=anyio.Event)
    credentials: Credentials | None = None
    error: Exception | None = None

    @property
    def has_result(self) -> bool:
        return self.credentials is not None or self.error is not None

    def serves(self, *, refresh: bool) -> bool:
        return self.refresh or not refresh

    def result(self) -> Credentials:
        if self.credentials is None:
            raise cast("Exception", self.error)
        return self.credentials


_Flights: TypeAlias = dict[CredentialSource, _Flight]
# Each event loop has its own: an Event of one loop can't be awaited on another.
_FLIGHTS: RunVar[_Flights] = RunVar("omics_runs credential look-ups")


def _flights() -> _Flights:
    none_yet: _Flights = {}
    flights = _FLIGHTS.get(none_yet)
    _FLIGHTS.set(flights)
    return flights


async def _in_thread(function: Callable[[], object]) -> Any:
    # Abandoned when the task is cancelled: a cancelled call need not sit a look-up out.
    return await to_thread.run_sync(function, abandon_on_cancel=True)


# --- the three kinds of providers ---------------------------------------------------------------


class _Provider(Protocol):
    def ready(self, *, refresh: bool) -> Credentials | None:
        """Return credentials if that surely does not block."""
        ...

    def load(self, *, refresh: bool) -> Credentials:
        """Return credentials, however long it takes."""
        ...

    async def aload(self, *, refresh: bool) -> Credentials:
        """Return credentials without blocking the event loop."""
        return cast("Credentials", await _in_thread(partial(self.load, refresh=refresh)))


def _provider(
    given: object, *, profile: str | None, region: str | None, now: Callable[[], datetime]
) -> _Provider:
    if given is None:
        return _Looked(partial(_chain, profile, region), is_chain=True)
    if hasattr(given, "get_frozen_credentials"):
        return _Looked(lambda: given)
    if hasattr(given, "get_credentials"):
        return _Looked(partial(_of_session, given))
    if callable(given):
        return _Called(given, now)
    return _Fixed(_keys(given, "credentials="))


@frozen
class _Fixed(_Provider):
    """Keys that the caller gave as such."""

    credentials: Credentials

    def ready(self, *, refresh: bool) -> Credentials:
        del refresh
        return self.credentials

    load = ready


@define(eq=False)
class _Looked(_Provider):
    """An object of botocore's kind, looked up once; it renews its keys itself."""

    look_up: Callable[[], object]
    is_chain: bool = False
    held: object = None
    lock: threading.Lock = field(factory=threading.Lock)

    def ready(self, *, refresh: bool) -> Credentials | None:
        held = self.held
        if refresh or held is None or _may_block(held):
            return None
        return _frozen(held)

    def load(self, *, refresh: bool) -> Credentials:
        if self.is_chain:
            return _frozen(self._found(anew=refresh))
        held = self._found(anew=False)
        if refresh:
            _expire(held)
        return _frozen(held)

    def _found(self, *, anew: bool) -> object:
        seen = self.held
        if seen is not None and not anew:
            return seen
        with self.lock:
            # Another thread may have looked it up while this one waited for the lock.
            if self.held is seen:
                self.held = self.look_up()
            return self.held


@define(eq=False)
class _Called(_Provider):
    """A callable of the caller's; it is asked again once its last answer is about to expire."""

    function: Callable[[], object]
    now: Callable[[], datetime]
    answer: _Answer | None = None
    lock: threading.Lock = field(factory=threading.Lock)

    def ready(self, *, refresh: bool) -> Credentials | None:
        answer = self.answer
        return answer.credentials if answer and not refresh and answer.lasts(self.now()) else None

    def load(self, *, refresh: bool) -> Credentials:
        del refresh  # whoever comes here gets an answer that is new
        seen = self.answer
        with self.lock:
            # An answer that came while this thread waited for the lock is as new as its own.
            if self.answer is None or self.answer is seen:
                self.answer = _Answer(_keys(self._ask(), "the credentials callable"))
            return self.answer.credentials

    async def aload(self, *, refresh: bool) -> Credentials:
        del refresh
        value = await self._ask_async()
        # A session or a key source among the answers may block in its turn.
        convert = partial(_keys, value, "the credentials callable")
        simple = isinstance(value, (Credentials, tuple))
        self.answer = _Answer(convert() if simple else await _in_thread(convert))
        return self.answer.credentials

    def _ask(self) -> object:
        if _is_async(self.function):
            raise _needs_async_client()
        value = self.function()
        if inspect.isawaitable(value):
            _discard(value)
            raise _needs_async_client()
        return value

    async def _ask_async(self) -> object:
        value = self.function() if _is_async(self.function) else await self._ask_in_thread()
        # A lambda round an async function is not async itself, but what it returns is awaitable.
        return await value if inspect.isawaitable(value) else value

    async def _ask_in_thread(self) -> object:
        # In a tuple, because trio takes no coroutine for the answer of a thread.
        (value,) = await _in_thread(self._ask_alone)
        return value

    def _ask_alone(self) -> tuple[object]:
        with self.lock:
            return (self.function(),)


@frozen(eq=False)
class _Answer:
    """What a callable said last; compared by identity to see whether it was asked since."""

    credentials: Credentials

    MARGIN = timedelta(minutes=10)

    def lasts(self, now: datetime) -> bool:
        expires_at = self.credentials.expires_at
        return expires_at is not None and now < expires_at - self.MARGIN


def _is_async(function: object) -> bool:
    call = getattr(function, "__call__", None)  # noqa: B004 - an object with an async __call__
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(call)


def _discard(value: object) -> None:
    if inspect.iscoroutine(value):
        value.close()  # or Python warns that nobody awaited it


def _needs_async_client() -> ConfigurationError:
    return ConfigurationError(
        "the credentials callable is asynchronous: only AsyncOmicsRunsClient can await it; "
        "give OmicsRunsClient a plain function"
    )


# --- what was given, as Credentials -------------------------------------------------------------


def _keys(value: object, origin: str) -> Credentials:
    """Turn what a caller or a callable gave into credentials."""
    if hasattr(value, "get_frozen_credentials"):
        return _frozen(value)
    if hasattr(value, "get_credentials"):
        return _frozen(_of_session(value))
    return _plain(value, origin)


def _plain(value: object, origin: str) -> Credentials:
    if isinstance(value, Credentials):
        return value
    if hasattr(value, "access_key") and hasattr(value, "secret_key"):
        return _named(value)
    if isinstance(value, tuple):
        return _of_tuple(cast("object", value), origin)
    msg = (
        f"{origin} gave {type(value).__name__}, not omics_runs.Credentials, an (access key, "
        "secret key, token) tuple, or botocore's credentials or session"
    )
    raise ConfigurationError(msg)


def _of_tuple(value: object, origin: str) -> Credentials:
    parts = cast("tuple[Any, ...]", value)
    if len(parts) != len(("access_key", "secret_key", "token")):
        msg = f"{origin} gave a tuple of {len(parts)}, not (access key, secret key, token or None)"
        raise ConfigurationError(msg)
    return Credentials(*parts)


def _named(keys: Any) -> Credentials:
    return Credentials(keys.access_key, keys.secret_key, getattr(keys, "token", None))


def _frozen(source: Any) -> Credentials:
    with _as_configuration_error():
        keys = source.get_frozen_credentials()
    if inspect.isawaitable(keys):
        _discard(keys)
        msg = f"{type(source).__name__} is asynchronous: give an async callable instead"
        raise ConfigurationError(msg)
    return _plain(keys, type(source).__name__)


def _may_block(source: Any) -> bool:
    """Tell whether asking for the keys may take time; where in doubt, it may."""
    refresh_needed = getattr(source, "refresh_needed", None)
    if callable(refresh_needed):
        # Asked a minute early, so that the moment can't pass between the question and the use.
        return bool(refresh_needed(refresh_in=16 * 60) or refresh_needed())
    # botocore's plain credentials are three strings; a stranger's may be anything.
    return (
        f"{type(source).__module__}.{type(source).__name__}" != "botocore.credentials.Credentials"
    )


def _expire(source: Any) -> None:
    """Make botocore's refreshable credentials renew themselves; it has no public way to ask."""
    if getattr(source, "_expiry_time", None) is not None:
        source._expiry_time = datetime.fromtimestamp(0, UTC)  # noqa: SLF001


# --- botocore's chain and sessions --------------------------------------------------------------

# botocore's sessions are not thread-safe, and two clients may have been given the same one.
_SESSIONS = threading.Lock()

# botocore would read AWS_DEFAULT_PROFILE first, and so take another profile than `_config` does.
_PROFILE_VARIABLES: Mapping[str, object] = {
    "profile": (None, ["AWS_PROFILE", "AWS_DEFAULT_PROFILE"], None, None)
}


def _chain(profile: str | None, region: str | None) -> object:
    with _as_configuration_error():
        session_module: Any = importlib.import_module("botocore.session")
        session = session_module.Session(session_vars=_PROFILE_VARIABLES, profile=profile)
        if region is not None:
            session.set_config_variable("region", region)  # or calls of STS may have none
        return session.get_credentials() or _raise_none_found(profile)


def _of_session(session: Any) -> object:
    with _SESSIONS, _as_configuration_error():
        found = session.get_credentials()
    if found is None:
        msg = "the session given as credentials has none; see what it was made with"
        raise ConfigurationError(msg)
    if inspect.isawaitable(found):
        _discard(found)
        msg = f"{type(session).__name__} is asynchronous: give an async callable instead"
        raise ConfigurationError(msg)
    return cast("object", found)


def _raise_none_found(profile: str | None) -> object:
    named = "AWS_PROFILE's or the default profile" if profile is None else f"profile {profile!r}"
    variables = "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, then " if profile is None else ""
    msg = (
        f"no AWS credentials found; looked for {variables}{named} (keys, role, SSO, login, "
        "process, web identity), then the role of the container or the EC2 instance. Set one of "
        "these, pass credentials=Credentials(access_key, secret_key), or build the client with "
        "sign=False if the endpoint does not check signatures"
    )
    raise ConfigurationError(msg)


@contextmanager
def _as_configuration_error() -> Generator[None]:
    """Give every failure of a look-up one type; botocore's are of many unrelated ones."""
    try:
        yield
    except ConfigurationError:
        raise
    except Exception as error:
        msg = f"AWS credentials could not be had: {type(error).__name__}: {error}"
        raise ConfigurationError(msg) from error
