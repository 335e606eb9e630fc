"""The keys that requests are signed with, and what `credentials=` may be."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, Protocol, TypeAlias

from attrs import field, frozen

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
