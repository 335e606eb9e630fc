"""The state of one call: its attempts, what became of them, and what is due next."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import attrs
from attrs import define, field

from omics_runs._deadline import Deadline
from omics_runs._errors import (
    Attempt,
    CallError,
    CredentialsError,
    ServiceError,
    TransportTimeoutError,
)
from omics_runs._hooks import RequestEvent, ResponseEvent, RetryEvent
from omics_runs._model import Response
from omics_runs._request import Request
from omics_runs._retry import CONFLICT, EXPIRED_CODES, SKEW_CODES, Retries, RetryPolicy
from omics_runs._skew import TOLERANCE
from omics_runs._timeout import Timeout
from omics_runs._user_agent import Feature
from omics_runs._wire import Payload, serialise

if TYPE_CHECKING:
    import httpx

    from omics_runs._credentials import Credentials
    from omics_runs._env import Env
    from omics_runs._operation import Operation

Out = TypeVar("Out", bound=Response)

logger = logging.getLogger("omics_runs")


@define
class Job(Generic[Out]):
    """One call under way."""

    operation: Operation[Any, Out]
    request: Request[Out]
    payload: Payload
    timeout: Timeout
    deadline: Deadline
    retries: Retries
    env: Env
    features: tuple[Feature, ...]
    token: str | None
    """The idempotency token that all attempts carry."""
    invocation_id: str = field(factory=lambda: str(uuid.uuid4()))
    attempts: list[Attempt] = field(factory=list[Attempt])
    started: float = 0.0
    is_under_way: bool = False
    """Whether a request is on its way, so that the service may be acting on it."""
    is_out_of_time: bool = False
    """Whether it was the total timeout that kept a passing error from being retried."""
    keys: Credentials | None = None
    """What the last attempt was signed with."""
    signed_at: datetime | None = None
    """The time that the last attempt was signed for."""
    refused: Credentials | None = None
    """The keys that the service has called expired; they are renewed once in a call."""
    is_corrected: bool = False
    """Whether an attempt was already added because the clock turned out to be wrong."""
    answer: Out | None = None
    failure: str | None = None
    """What the call has failed with, as an error code or a name: the error itself would keep the
    job alive, and the job the error."""
    on_attempt: Callable[[Attempt], object] | None = None
    """Where the call's span wants to hear of each attempt."""

    @property
    def number(self) -> int:
        """The number of the attempt that is under way, counted from 1."""
        return len(self.attempts) + 1

    @property
    def max_attempts(self) -> int:
        """How many attempts there can be: the policy's, and those that mend keys or clock."""
        return self.retries.policy.max_attempts + self._remedies

    @property
    def _remedies(self) -> int:
        return (self.refused is not None) + self.is_corrected

    def headers(self) -> Mapping[str, str]:
        """Return the headers that say who calls, and which attempt of which call this is."""
        return {
            "user-agent": self.env.user_agent.text(*self.features),
            "amz-sdk-invocation-id": self.invocation_id,
            "amz-sdk-request": f"attempt={self.number}; max={self.max_attempts}",
        }

    def begin_attempt(self) -> None:
        """Note that an attempt begins."""
        if hook := self.env.hooks.on_request:
            hook(
                RequestEvent(
                    operation=self.operation.name,
                    request=self.request,
                    number=self.number,
                    method=self.payload.method,
                    url=self.payload.url,
                )
            )
        self.started = self.env.clock.monotonic()

    def signs_at(self, keys: Credentials) -> datetime:
        """Note what the attempt is signed with; return the time to sign for."""
        self.keys = keys
        self.signed_at = self.env.offset.correct(self.env.clock.now())
        return self.signed_at

    def answered(self, response: httpx.Response, sent: datetime) -> None:
        """Learn the service's time from an answer to what was sent at `sent`."""
        self.env.offset.observe(response.headers.get("date"), sent, self.env.clock.now())

    def succeeded(self, answer: Out) -> None:
        """Note an attempt that brought the answer."""
        self.answer = answer
        self.retries.succeeded()
        self.env.unsettled.discard(self.token)
        metadata = answer.response_metadata
        attempt = self._ended(metadata.status_code, metadata.aws_request_id)
        self._tell_of_answer(attempt, response=answer)

    def failed(self, error: CallError) -> float | None:
        """Note a failed attempt; return the delay before the next one, or None if there is none."""
        delay = self._delay_after(error)
        status: int | None = getattr(error, "status_code", None)
        aws_request_id: str | None = getattr(error, "aws_request_id", None)
        reason: str = getattr(error, "code", type(error.__cause__ or error).__name__)
        attempt = self._ended(status, aws_request_id, reason, delay)
        self.attempts.append(attempt)
        self._complete(error)
        self._tell_of_answer(attempt, error=error)
        if delay is not None and (hook := self.env.hooks.on_retry):
            hook(
                RetryEvent(
                    operation=self.operation.name,
                    request=self.request,
                    attempt=attempt,
                    error=error,
                )
            )
        return delay

    def interrupted(self, error: BaseException) -> None:
        """Note that something else ended the call: a run may have been started all the same.

        Args:
            error: What a hook raised, Ctrl-C, the closing of the flow by a cancelled caller.
        """
        known = self._what_is_known()
        if known is not None and not self.operation.read_only:
            error.add_note(known)
            told = {"operation": self.operation.name, "request_id": self.token}
            logger.warning(known, extra={"omics_runs": told})

    def _what_is_known(self) -> str | None:
        if self.answer is not None:
            return f"{self.operation.name} had succeeded before this: {self.answer!r}"
        if not self._may_have_acted():
            return None
        self.env.unsettled.add(self.token)
        about = "" if self.token is None else f"; its request id is {self.token}"
        return f"{self.operation.name} was interrupted and may have taken effect{about}"

    def never_sent(self, error: Exception) -> CredentialsError:
        """Return what kept the call from being sent at all, or raise what is no story of a call."""
        if not isinstance(error, CredentialsError):
            raise error
        self.failure = name_of(error)
        return error

    def verdict(self, error: CallError) -> CallError:
        """Return the error that ends the call, complete with what is known of all attempts."""
        final = error
        if self.is_out_of_time:
            final = self.timed_out()
            final.__cause__ = error
        self._complete(final)
        if final.may_have_taken_effect:
            self.env.unsettled.add(self.token)
        self.failure = name_of(final)
        return final

    def timed_out(self, words: str | None = None) -> TransportTimeoutError:
        """Return the error of a call that took longer than it may in all, or would."""
        return TransportTimeoutError(
            words or f"the call took longer than its total timeout of {self.timeout.total:g} s",
            operation=self.operation.name,
            request=self.request,
        )

    def _complete(self, error: CallError) -> None:
        """Have `error` tell what is known of all attempts so far."""
        error.attempts = tuple(self.attempts)
        error.max_attempts = self.max_attempts
        error.may_have_taken_effect = self._may_have_acted() or self._conflicts_with_theirs(error)

    def _delay_after(self, error: CallError) -> float | None:
        if self._is_remedied(error):
            return 0.0
        delay = self.retries.delay_after(error, self.number - self._remedies)
        if delay is not None and not self.deadline.allows(delay):
            self.is_out_of_time, delay = True, None
        return delay

    def _is_remedied(self, error: CallError) -> bool:
        """Return whether another attempt may do what this one was refused for; each once."""
        code = error.code if isinstance(error, ServiceError) else None
        if code in EXPIRED_CODES and self.refused is None and self.keys is not None:
            self.refused = self.keys
            return True
        if code in SKEW_CODES and not self.is_corrected and self._was_signed_for_another_time():
            self.is_corrected = True
            return True
        return False

    def _was_signed_for_another_time(self) -> bool:
        if self.signed_at is None:
            return False
        return abs(self.env.offset.correct(self.env.clock.now()) - self.signed_at) > TOLERANCE

    def _may_have_acted(self) -> bool:
        """Return whether the service may have acted on any attempt."""
        return not self.operation.read_only and (self.retries.is_open or self.is_under_way)

    def _conflicts_with_theirs(self, error: CallError) -> bool:
        """A conflict about a token of the caller's own may speak of an earlier call of theirs."""
        is_conflict = isinstance(error, ServiceError) and error.status_code == CONFLICT
        is_theirs = getattr(self.request, "_request_id", None) is not None
        return not self.operation.read_only and is_conflict and is_theirs

    def _ended(
        self,
        status: int | None,
        aws_request_id: str | None,
        reason: str | None = None,
        delay: float | None = None,
    ) -> Attempt:
        self.is_under_way = False
        attempt = Attempt(
            number=self.number,
            duration=self.env.clock.monotonic() - self.started,
            status_code=status,
            aws_request_id=aws_request_id,
            reason=reason,
            delay=delay,
        )
        if logger.isEnabledFor(logging.DEBUG):
            self._log(attempt)
        if self.on_attempt:
            self.on_attempt(attempt)
        return attempt

    def _log(self, attempt: Attempt) -> None:
        told = {"operation": self.operation.name, **attrs.asdict(attempt)}
        notes = (attempt.reason, attempt.aws_request_id)
        logger.debug(
            "%s attempt %d of %d: %s in %.3f s%s",
            self.operation.name,
            attempt.number,
            self.max_attempts,
            attempt.status_code or "no answer",
            attempt.duration,
            "".join(f" [{note}]" for note in notes if note),
            extra={"omics_runs": told},
        )

    def _tell_of_answer(
        self, attempt: Attempt, *, response: Out | None = None, error: CallError | None = None
    ) -> None:
        if hook := self.env.hooks.on_response:
            hook(
                ResponseEvent(
                    operation=self.operation.name,
                    request=self.request,
                    attempt=attempt,
                    response=response,
                    error=error,
                )
            )


def name_of(error: BaseException) -> str:
    """Return an error's code, or its name if it has none."""
    return str(getattr(error, "code", type(error).__name__))


def begin(
    operation: Operation[Any, Out],
    request: Request[Out],
    env: Env,
    timeout: Timeout,
    retry: RetryPolicy,
    features: tuple[Feature, ...],
) -> Job[Out]:
    """Return the call of `request`, serialised, before its first attempt."""
    token = getattr(request, operation.token) if operation.token else None
    return Job(
        operation=operation,
        request=request,
        payload=serialise(operation, request, env.url_for(operation)),
        timeout=timeout,
        deadline=Deadline.after(env.clock, timeout.total),
        retries=Retries(
            retry,
            env.quota,
            env.random,
            has_token=token is not None,
            is_open=token in env.unsettled,
        ),
        env=env,
        features=features,
        token=token,
    )
