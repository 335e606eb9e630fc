"""What a flow may ask of the world.

A flow is a plain generator that never does I/O: it yields effects, and a driver performs them.
Each effect is a small generator of its own, so that `yield from` gives an exactly typed answer.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar

from attrs import frozen

if TYPE_CHECKING:
    import httpx

    from omics_runs._credentials import Credentials

T = TypeVar("T")


@frozen
class Send:
    """Send a signed request once and read its whole answer."""

    request: httpx.Request
    time_left: float | None = None
    """Seconds that the exchange may take in all; None means no more than the phases' timeouts."""

    def __iter__(self) -> Generator[Send, httpx.Response, httpx.Response]:
        return (yield self)


@frozen
class Sleep:
    """Wait for a number of seconds."""

    seconds: float

    def __iter__(self) -> Generator[Sleep, None, None]:  # noqa: PYI058  (`yield from` needs it)
        yield self


@frozen
class FetchCredentials:
    """Get the credentials to sign with."""

    refused: Credentials | None = None
    """What the service has called expired: the very object that was signed with."""
    time_left: float | None = None
    """Seconds that it may take; None for no bound. The sync driver can't stop its own look-up."""

    def __iter__(self) -> Generator[FetchCredentials, Credentials, Credentials]:
        return (yield self)


@frozen
class Do(Generic[T]):
    """Call a function that may block: a journal that is written, a callable of the caller's."""

    function: Callable[[], T]

    def __iter__(self) -> Generator[Do[T], T, T]:
        return (yield self)


@frozen
class Emit:
    """Hand a result to whoever goes through them, and go on when the next one is asked for."""

    result: object

    def __iter__(self) -> Generator[Emit, None, None]:  # noqa: PYI058  (`yield from` needs it)
        yield self


Effect: TypeAlias = Send | Sleep | FetchCredentials | Do[Any] | Emit
Flow: TypeAlias = Generator[Effect, Any, T]
