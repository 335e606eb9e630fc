"""What a client tells of each attempt, to functions of the caller's."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

from attrs import evolve, field, frozen

from omics_runs._errors import Attempt, CallError, ConfigurationError
from omics_runs._model import Response
from omics_runs._narrow import is_async

if TYPE_CHECKING:
    from attrs import Attribute

    from omics_runs._request import Request


@frozen(kw_only=True)
class RequestEvent:
    """An attempt is about to begin. If it gets no keys to sign with, no `ResponseEvent` follows."""

    operation: str
    """The service's name of the operation, such as `StartRun`."""
    request: Request[Any]
    """The request model that is sent; the same object in all attempts of a call."""
    number: int
    """Place of the attempt in its call, counted from 1."""
    method: str
    """The HTTP method."""
    url: str
    """Where it goes, path and query included."""


@frozen(kw_only=True)
class ResponseEvent:
    """An attempt has ended, with or without an answer."""

    operation: str
    """The service's name of the operation."""
    request: Request[Any]
    """The request model that was sent."""
    attempt: Attempt
    """How the attempt went; its `status_code` is None if no answer came."""
    response: Response | None = None
    """The answer's model, if the attempt succeeded."""
    error: CallError | None = None
    """What it ended with, if it failed; it knows the attempts so far."""


@frozen(kw_only=True)
class RetryEvent:
    """A failed attempt will be followed by another."""

    operation: str
    """The service's name of the operation."""
    request: Request[Any]
    """The request model that will be sent again."""
    attempt: Attempt
    """How the failed attempt went; its `delay` says when the next one begins."""
    error: CallError
    """What the attempt ended with."""


RequestHook: TypeAlias = Callable[[RequestEvent], object]
ResponseHook: TypeAlias = Callable[[ResponseEvent], object]
RetryHook: TypeAlias = Callable[[RetryEvent], object]


def _plain_function(_: object, attribute: Attribute[Any], value: object) -> None:
    if value is not None and (not callable(value) or is_async(value)):
        msg = f"{attribute.name} must be a plain function, got {value!r}"
        raise ConfigurationError(msg)


@frozen(kw_only=True)
class Hooks:
    """The functions that a client calls; what they raise ends the call and reaches its caller."""

    on_request: RequestHook | None = field(default=None, validator=_plain_function)
    on_response: ResponseHook | None = field(default=None, validator=_plain_function)
    on_retry: RetryHook | None = field(default=None, validator=_plain_function)

    def heard_by(self, listener: Callable[[ResponseEvent], object]) -> Hooks:
        """Return the same functions, with one more that hears of each response before them."""
        theirs = self.on_response

        def on_response(event: ResponseEvent) -> None:
            listener(event)
            if theirs is not None:
                theirs(event)

        return evolve(self, on_response=on_response)
