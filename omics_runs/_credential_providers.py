"""The kinds of providers, one for each kind of thing that `credentials=` may be."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, Protocol, cast

from attrs import define, evolve, frozen

from omics_runs import _credential_chain as chain
from omics_runs._config import environment_keys
from omics_runs._credential_failures import as_credentials_error
from omics_runs._credentials import Credentials
from omics_runs._errors import ConfigurationError
from omics_runs._forks import renew_in_children
from omics_runs._narrow import is_async


@frozen
class Answer:
    """What a look-up brought."""

    credentials: Credentials
    is_lasting: bool = False
    """Whether keys that name no end have none; else they are good for one call."""


class Provider(Protocol):
    """Something that can be asked for keys; never by two at once."""

    @property
    def at_hand(self) -> Credentials | None:
        """Keys that need no look-up."""
        return None

    @property
    def async_function(self) -> Callable[[], Awaitable[object]] | None:
        """What to await for keys; None for a provider that is asked by `look_up`."""
        return None

    def look_up(self, seen: Credentials | None, *, is_forced: bool) -> Answer:
        """Return keys, however long it takes.

        Args:
            seen: The keys that it gave before; None the first time.
            is_forced: Whether those were refused, so that what is cached will not do.

        Raises:
            NeedsLoop: There is something to await.
        """
        ...


class NeedsLoop(Exception):  # noqa: N818  (no error, but a turn of the way)
    """What came is to be awaited, on the event loop of whoever wants it."""

    def __init__(self, value: Awaitable[object]) -> None:
        super().__init__()
        self._value = value

    def awaitable(self) -> Awaitable[object]:
        """Return what to await."""
        return self._value

    def refusal(self) -> ConfigurationError:
        """Return the error for those who have no event loop."""
        chain.discard(self._value)
        return _needs_async_client()


def provider_of(given: object, *, profile: str | None, region: str | None) -> Provider:
    """Return the provider for what was given as `credentials=`; None stands for the chain.

    Raises:
        ConfigurationError: It is nothing that could give any keys.
    """
    if given is None:
        return Chain(profile, region)
    if hasattr(given, "get_frozen_credentials"):
        return Borrowed(lambda: given, given)
    if hasattr(given, "get_credentials"):
        return Borrowed(partial(chain.of_session, given))
    if is_async(given):
        return AsyncCalled(cast("Callable[[], Awaitable[object]]", given))
    if callable(given):
        return Called(given)
    return Fixed(_keys(given, "credentials="))


@frozen
class Fixed(Provider):
    """Keys that the caller gave as such; nothing better exists."""

    keys: Credentials

    @property
    def at_hand(self) -> Credentials:
        return self.keys

    def look_up(self, seen: Credentials | None, *, is_forced: bool) -> Answer:
        del seen, is_forced
        return Answer(self.keys)


@frozen
class Chain(Provider):
    """botocore's chain, each time from its beginning.

    What was found once is not asked again for more: it may itself stand on keys that have been
    replaced in a file since.
    """

    profile: str | None
    region: str | None

    def look_up(self, seen: Credentials | None, *, is_forced: bool) -> Answer:
        del is_forced
        with as_credentials_error(has_worked=seen is not None):
            keys = environment_keys() if self.profile is None else None
            if keys is not None:
                return Answer(keys, is_lasting=True)
            found = chain.find(self.profile, self.region, is_first=seen is None)
            return _borrowed(found)


@define(eq=False)
class Borrowed(Provider):
    """An object of botocore's kind, given or found in a session; it renews its keys itself."""

    find: Callable[[], object]
    found: object = None

    def __attrs_post_init__(self) -> None:
        renew_in_children(self)

    def renew(self) -> None:
        """Keep what was found, but wait for none of the parent's threads."""
        chain.free(self.found)

    def look_up(self, seen: Credentials | None, *, is_forced: bool) -> Answer:
        with as_credentials_error(has_worked=seen is not None):
            if self.found is None:
                self.found = self.find()
            if is_forced:
                chain.expire(self.found)
            return _borrowed(self.found)


@frozen
class Called(Provider):
    """A callable of the caller's."""

    function: Callable[[], object]

    def look_up(self, seen: Credentials | None, *, is_forced: bool) -> Answer:
        del is_forced
        value = self.function()
        # A lambda round an async function is not async itself, but what it returns is awaitable.
        if inspect.isawaitable(value):
            raise NeedsLoop(value)
        return answer_of(value, has_worked=seen is not None)


@frozen
class AsyncCalled(Provider):
    """An async callable of the caller's."""

    function: Callable[[], Awaitable[object]]

    @property
    def async_function(self) -> Callable[[], Awaitable[object]]:
        return self.function

    def look_up(self, seen: Credentials | None, *, is_forced: bool) -> Answer:
        del seen, is_forced
        raise _needs_async_client()


# --- what was given, as credentials


def answer_of(value: object, *, has_worked: bool) -> Answer:
    """Return what a callable gave, which is good for one call unless it says for how long."""
    with as_credentials_error(has_worked=has_worked):
        return Answer(_keys(value, "the credentials callable"))


def _borrowed(source: object) -> Answer:
    keys = _frozen(source)
    keys = evolve(keys, expires_at=keys.expires_at or chain.end_of(source))
    return Answer(keys, is_lasting=chain.is_plain(source))


def _keys(value: object, origin: str) -> Credentials:
    if hasattr(value, "get_frozen_credentials"):
        return _frozen(value)
    if hasattr(value, "get_credentials"):
        return _frozen(chain.of_session(value))
    return _plain(value, origin)


def _frozen(source: Any) -> Credentials:
    keys = source.get_frozen_credentials()
    chain.refuse_awaitable(keys, source)
    return _plain(keys, type(source).__name__)


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


def _needs_async_client() -> ConfigurationError:
    return ConfigurationError(
        "the credentials callable is asynchronous: only AsyncOmicsRunsClient can await it; "
        "give OmicsRunsClient a plain function"
    )
