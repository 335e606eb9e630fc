"""The story of one call: attempts with waits between."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import httpx
from attrs import define, field, frozen

from omics_runs._effects import FetchCredentials, Flow, Send, Sleep
from omics_runs._errors import (
    Attempt,
    CallError,
    InvalidRequestError,
    ServiceError,
    TransportError,
    TransportTimeoutError,
)
from omics_runs._generated.operations import OPERATIONS
from omics_runs._model import Response
from omics_runs._request import Request
from omics_runs._retry import CONFLICT, Retries, RetryPolicy
from omics_runs._sigv4 import sign
from omics_runs._timeout import Timeout
from omics_runs._wire import Payload, build_request, read_error, read_response, serialise

if TYPE_CHECKING:
    from omics_runs._clock import Clock
    from omics_runs._credentials import Credentials
    from omics_runs._env import Env
    from omics_runs._operation import Operation

Out = TypeVar("Out", bound=Response)

logger = logging.getLogger("omics_runs")

NEVER_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)
"""Failures in which no byte of the request has left us."""


def call(request: Request[Out], env: Env, timeout: Timeout, retry: RetryPolicy) -> Flow[Out]:
    """Send `request` until it is answered or there is no point in going on.

    Raises:
        InvalidRequestError: The request is wrong; nothing was sent.
        ServiceError: The service refused it.
        TransportError: No usable answer came.
        UnreadableResponseError: The answer could not be read.
    """
    operation = _operation_of(request)
    if env.validate:
        request.validate()
    job = _begin(operation, request, env, timeout, retry)
    while True:
        job.begin_attempt()
        try:
            answer = yield from attempt(job, env)
        except CallError as caught:
            error = caught
        except Exception as caught:
            if not job.retries.is_open:
                raise  # nothing has been sent: this is no story of a call
            error = _transport_error(TransportError, job, caught)
            error.__cause__ = caught
        else:
            job.succeeded(answer)
            return answer
        delay = job.failed(error)
        if delay is None:
            break
        del error
        yield from Sleep(delay)
    try:
        raise job.verdict(error)
    finally:
        del error  # else this frame and the traceback keep each other alive


def attempt(job: _Job[Out], env: Env) -> Flow[Out]:
    """Build, sign and send the request once, and read the answer."""
    http_request = build_request(job.payload, job.headers(env))
    if env.sign:
        credentials = yield from _credentials(job)
        sign(http_request, credentials, region=env.region or "", now=env.clock.now())
    response = yield from _exchange(job, http_request)
    if response.is_success:
        return read_response(job.operation, job.request, response, job.number)
    raise read_error(job.operation, job.request, response)


def _credentials(job: _Job[Any]) -> Flow[Credentials]:
    try:
        credentials: Credentials = yield from FetchCredentials(time_left=job.deadline.time_left())
    except TimeoutError as error:
        if job.deadline.is_over:
            raise _timed_out(job) from error
        raise  # the caller's own, of a function that fetches credentials
    return credentials


def _exchange(job: _Job[Any], http_request: httpx.Request) -> Flow[httpx.Response]:
    time_left = job.deadline.time_left()
    if job.deadline.is_over:
        raise _timed_out(job)
    http_request.extensions["timeout"] = job.timeout.phases(time_left)
    try:
        response: httpx.Response = yield from Send(http_request, time_left)
    except httpx.HTTPStatusError as error:
        return error.response  # a hook of the caller's client was faster than we are
    except (httpx.TimeoutException, TimeoutError) as error:
        raise _transport_error(TransportTimeoutError, job, error) from error
    except Exception as error:
        raise _transport_error(TransportError, job, error) from error
    return response


def _transport_error(
    kind: type[TransportError], job: _Job[Any], error: Exception
) -> TransportError:
    return kind(
        f"{type(error).__name__}: {error}" if str(error) else type(error).__name__,
        operation=job.operation.name,
        request=job.request,
        is_passing=isinstance(error, (httpx.HTTPError, TimeoutError)),
        may_have_taken_effect=not isinstance(error, NEVER_SENT),
    )


def _timed_out(job: _Job[Any]) -> TransportTimeoutError:
    return TransportTimeoutError(
        f"the call took longer than its total timeout of {job.timeout.total:g} s",
        operation=job.operation.name,
        request=job.request,
    )


@frozen
class _Deadline:
    clock: Clock
    at: float | None

    @classmethod
    def after(cls, clock: Clock, seconds: float | None) -> _Deadline:
        return cls(clock, None if seconds is None else clock.monotonic() + seconds)

    def time_left(self) -> float | None:
        return None if self.at is None else self.at - self.clock.monotonic()

    @property
    def is_over(self) -> bool:
        time_left = self.time_left()
        return time_left is not None and time_left <= 0

    def allows(self, delay: float) -> bool:
        time_left = self.time_left()
        return time_left is None or delay < time_left


@define
class _Job(Generic[Out]):
    """The state of one call."""

    operation: Operation[Any, Out]
    request: Request[Out]
    payload: Payload
    timeout: Timeout
    deadline: _Deadline
    retries: Retries
    clock: Clock
    unsettled: set[str | None]
    """Tokens of calls whose answers were lost, so that a conflict may be about them."""
    token: str | None
    invocation_id: str = field(factory=lambda: str(uuid.uuid4()))
    attempts: list[Attempt] = field(factory=list[Attempt])
    started: float = 0.0
    is_out_of_time: bool = False
    """Whether it was the total timeout that kept a passing error from being retried."""

    @property
    def number(self) -> int:
        """The number of the attempt that is under way, counted from 1."""
        return len(self.attempts) + 1

    def headers(self, env: Env) -> Mapping[str, str]:
        """Return the headers that say who calls, and which attempt of which call this is."""
        return {
            "user-agent": env.user_agent,
            "amz-sdk-invocation-id": self.invocation_id,
            "amz-sdk-request": f"attempt={self.number}; max={self.retries.policy.max_attempts}",
        }

    def begin_attempt(self) -> None:
        self.started = self.clock.monotonic()

    def succeeded(self, answer: Response) -> None:
        self.retries.succeeded()
        self.unsettled.discard(self.token)
        self._log(answer.response_metadata.status_code, answer.response_metadata.aws_request_id)

    def failed(self, error: CallError) -> float | None:
        """Note a failed attempt; return the delay before the next one, or None if there is none."""
        delay = self.retries.delay_after(error, self.number)
        if delay is not None and not self.deadline.allows(delay):
            self.is_out_of_time, delay = True, None
        status: int | None = getattr(error, "status_code", None)
        aws_request_id: str | None = getattr(error, "aws_request_id", None)
        reason: str = getattr(error, "code", type(error.__cause__ or error).__name__)
        self._log(status, aws_request_id, reason)
        self.attempts.append(
            Attempt(
                number=self.number,
                duration=self.clock.monotonic() - self.started,
                status_code=status,
                aws_request_id=aws_request_id,
                reason=reason,
                delay=delay,
            )
        )
        return delay

    def verdict(self, error: CallError) -> CallError:
        """Return the error that ends the call, complete with what is known of all attempts."""
        final = error
        if self.is_out_of_time:
            final = _timed_out(self)
            final.__cause__ = error
        final.attempts = tuple(self.attempts)
        final.max_attempts = self.retries.policy.max_attempts
        final.may_have_taken_effect = self._may_have_acted(error)
        if final.may_have_taken_effect and self.token is not None:
            self.unsettled.add(self.token)
        return final

    def _may_have_acted(self, error: CallError) -> bool:
        """Return whether the service may have acted on any attempt, or on somebody's before us.

        A conflict about a token of the caller's own may speak of an earlier call of theirs.
        """
        is_conflict = isinstance(error, ServiceError) and error.status_code == CONFLICT
        is_theirs = getattr(self.request, "_request_id", None) is not None
        return not self.operation.read_only and (
            self.retries.is_open or (is_conflict and is_theirs)
        )

    def _log(
        self, status: int | None, aws_request_id: str | None, reason: str | None = None
    ) -> None:
        logger.debug(
            "%s attempt %d of %d: %s in %.3f s%s",
            self.operation.name,
            self.number,
            self.retries.policy.max_attempts,
            status or "no answer",
            self.clock.monotonic() - self.started,
            "".join(f" [{note}]" for note in (reason, aws_request_id) if note),
        )


def _begin(
    operation: Operation[Any, Out],
    request: Request[Out],
    env: Env,
    timeout: Timeout,
    retry: RetryPolicy,
) -> _Job[Out]:
    token = getattr(request, operation.token) if operation.token else None
    return _Job(
        operation=operation,
        request=request,
        payload=serialise(operation, request, env.endpoint.url_for(operation.host_prefix)),
        timeout=timeout,
        deadline=_Deadline.after(env.clock, timeout.total),
        retries=Retries(
            retry,
            env.quota,
            env.random,
            has_token=token is not None,
            is_open=token in env.unsettled,
        ),
        clock=env.clock,
        unsettled=env.unsettled,
        token=token,
    )


def _operation_of(request: Request[Out]) -> Operation[Any, Out]:
    found = next((OPERATIONS[kind] for kind in OPERATIONS if isinstance(request, kind)), None)
    if found is None:
        what = f"must be a request model such as StartRunRequest, got {type(request).__name__}"
        raise InvalidRequestError("send", [("request", what)])
    return found
