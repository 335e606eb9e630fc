"""What calls and settings can end in; `omics_runs.errors` is the door to all errors."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeVar, cast

from attrs import frozen

if TYPE_CHECKING:
    from omics_runs._request import Request

_E = TypeVar("_E", bound=Exception)

MESSAGE_LIMIT = 1_000
"""Longest message text that an error keeps, in characters; a proxy may answer with megabytes."""


def _restore(cls: type[_E], args: tuple[object, ...], state: dict[str, Any]) -> _E:
    error = cls.__new__(cls, *args)
    error.args = args
    error.__dict__.update(state)
    return error


def shortened(text: str, limit: int = MESSAGE_LIMIT) -> str:
    """Return `text`, or its beginning with a note of what was cut."""
    return text if len(text) <= limit else f"{text[:limit]}… ({len(text) - limit} more characters)"


MOST_TOLD = 20
"""How many problems a message tells; the error has all of them."""


class OmicsRunsError(Exception):
    """Base of every error that this SDK raises on purpose.

    All of them can be pickled and copied; `__cause__` is lost on the way, as with any exception.
    """

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (type(self), self.args, self.__dict__.copy())


class ConfigurationError(OmicsRunsError):
    """A client can't be built or can't sign: no region, no keys, contradictory settings."""


class CredentialsError(ConfigurationError):
    """The keys to sign with could not be had: none were found, or looking them up failed.

    `__cause__` is the reason, where there is one. A function of your own that provides credentials
    may raise it, too.

    Attributes:
        is_passing: Whether it may pass by itself, because it was the network or a service that
            failed; False where a human has to do something, such as to log in again.
    """

    def __init__(self, message: str, *, is_passing: bool = False) -> None:
        super().__init__(message)
        self.is_passing = is_passing


class InvalidRequestError(OmicsRunsError, ValueError):
    """A request was refused before anything was sent.

    Attributes:
        problems: One `(path, what)` pair for each thing that is wrong; all of them at once.
    """

    def __init__(self, subject: str, problems: Iterable[tuple[str, str]]) -> None:
        self.subject = subject
        self.problems: tuple[tuple[str, str], ...] = tuple(problems)
        super().__init__(subject, self.problems)

    def __str__(self) -> str:
        lines = [f"{path}: {what}" if path else what for path, what in self.problems[:MOST_TOLD]]
        if (more := len(self.problems) - MOST_TOLD) > 0:
            lines.append(f"and {more} more")
        return f"{self.subject} was refused and nothing was sent: {'; '.join(lines)}"


@frozen(kw_only=True)
class Attempt:
    """What became of one HTTP attempt of a call."""

    number: int
    """Place among the attempts of the call, counted from 1."""
    duration: float
    """Seconds from the start of the attempt to its end."""
    status_code: int | None = None
    """HTTP status of the answer; None when there was none."""
    aws_request_id: str | None = None
    """The service's own id of this attempt; what AWS support asks for."""
    reason: str | None = None
    """What went wrong, as an error code or an exception's name; None for a success."""
    delay: float | None = None
    """Seconds waited after it before the next attempt; None after the last one."""


class CallError(OmicsRunsError):
    """A call of the service failed.

    Attributes:
        operation: The service's name of the operation, such as `StartRun`.
        attempts: One `Attempt` for each time that the request was sent.
        max_attempts: How many attempts the retry policy allowed.
        may_have_taken_effect: True when the service may have acted on the request although this
            error was raised, for instance because its answer was lost.
    """

    def __init__(
        self,
        message: str,
        *,
        operation: str,
        request: Request[Any] | None = None,
        may_have_taken_effect: bool = False,
    ) -> None:
        super().__init__(message)
        self.operation = operation
        self._request = request
        self.attempts: tuple[Attempt, ...] = ()
        self.max_attempts = 1
        self.may_have_taken_effect = may_have_taken_effect

    @property
    def request(self) -> Request[Any] | None:
        """The request that was sent; None in an error that no call has raised."""
        return self._request

    @property
    def message(self) -> str:
        """The bare text, without the operation and the ids."""
        return str(self.args[0])

    @property
    def request_id(self) -> str | None:
        """The idempotency token that the request carried; None for operations without one."""
        return getattr(self.request, "request_id", None)

    def __str__(self) -> str:
        return f"{self.operation}: {self._headline()}{self._trailer()}"

    def _headline(self) -> str:
        return self.message

    def _trailer(self) -> str:
        notes: list[str] = []
        if aws_request_id := getattr(self, "aws_request_id", None):
            notes.append(f"aws request {aws_request_id}")
        if self.attempts:
            notes.append(f"attempt {len(self.attempts)} of {self.max_attempts}")
        if self.may_have_taken_effect:
            notes.append("may have taken effect")
        return f" [{', '.join(notes)}]" if notes else ""


class TransportError(CallError):
    """No usable answer came back; `__cause__` is the HTTP library's own error.

    Attributes:
        is_passing: Whether it is trouble of the network, which is retried and ridden out; False
            for anything else that went wrong while the request was under way.
    """

    def __init__(
        self,
        message: str,
        *,
        operation: str,
        request: Request[Any] | None = None,
        is_passing: bool = True,
        may_have_taken_effect: bool = False,
    ) -> None:
        super().__init__(
            message,
            operation=operation,
            request=request,
            may_have_taken_effect=may_have_taken_effect,
        )
        self.is_passing = is_passing

    @property
    def request(self) -> Request[Any]:
        """The request that was sent; sent again, a `StartRunRequest` starts no second run."""
        return cast("Request[Any]", self._request)


class TransportTimeoutError(TransportError, TimeoutError):
    """No answer came in time: connecting, reading, or the call as a whole took too long."""


class UnreadableResponseError(CallError):
    """An answer came, but it could not be read.

    Attributes:
        path: Where in the answer it went wrong, as a JSON path such as `$.items[3].status`.
        raw: The answer's body as it came.
        is_json: Whether the body was JSON at all; one that is not is retried like a lost answer.
        status_code: HTTP status of the answer.
        aws_request_id: The service's own id of the call.
    """

    def __init__(
        self,
        message: str,
        *,
        operation: str,
        request: Request[Any] | None = None,
        path: str = "$",
        raw: bytes = b"",
        is_json: bool = True,
        status_code: int | None = None,
        aws_request_id: str | None = None,
        may_have_taken_effect: bool = False,
    ) -> None:
        super().__init__(
            message,
            operation=operation,
            request=request,
            may_have_taken_effect=may_have_taken_effect,
        )
        self.path = path
        self.raw = raw
        self.is_json = is_json
        self.status_code = status_code
        self.aws_request_id = aws_request_id

    def _headline(self) -> str:
        return f"unreadable answer at {self.path}: {self.message}"


class ServiceError(CallError):
    """The service answered with an error.

    Its subclasses follow the service's error codes; a code that this release doesn't know is
    given to the class of its HTTP status, and to this class where the status has none.

    Attributes:
        code: The service's error code, such as `ThrottlingException`.
        status_code: HTTP status of the answer.
        aws_request_id: The service's own id of the call, or None if it sent none.
        retry_after: Seconds the service asked to wait, from `x-amz-retry-after`, or None.
        fault: `throttling` and `transient` errors pass with time and are retried; None does not.
        hint: What may be behind it, where the SDK knows of a usual cause; None elsewhere.
    """

    service_code: ClassVar[str | None] = None
    """The error code that the service's model gives to this class."""

    def __init__(
        self,
        message: str,
        *,
        operation: str,
        code: str,
        status_code: int,
        request: Request[Any] | None = None,
        aws_request_id: str | None = None,
        retry_after: float | None = None,
        fault: Literal["transient", "throttling"] | None = None,
        hint: str | None = None,
        may_have_taken_effect: bool = False,
    ) -> None:
        super().__init__(
            shortened(message),
            operation=operation,
            request=request,
            may_have_taken_effect=may_have_taken_effect,
        )
        self.code = code
        self.status_code = status_code
        self.aws_request_id = aws_request_id
        self.retry_after = retry_after
        self.fault: Literal["transient", "throttling"] | None = fault
        self.hint = hint

    @property
    def request(self) -> Request[Any]:
        """The request that was sent; sent again, a `StartRunRequest` starts no second run."""
        return cast("Request[Any]", self._request)

    @property
    def retryable(self) -> bool:
        """Whether the same request may succeed later, by the service's own classification."""
        return self.fault is not None

    def _headline(self) -> str:
        status = str(self.status_code)
        code = status if self.code == status else f"{self.code} ({status})"
        told = f"{code}: {self.message or '(no message)'}"
        return f"{told} ({self.hint})" if self.hint else told
