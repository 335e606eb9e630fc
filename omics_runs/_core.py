"""The story of one call: attempts with waits between."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import httpx

from omics_runs._effects import FetchCredentials, Flow, Send, Sleep
from omics_runs._errors import (
    CallError,
    ConfigurationError,
    CredentialsError,
    TransportError,
    TransportTimeoutError,
)
from omics_runs._generated.operations import OPERATIONS
from omics_runs._job import Job, begin
from omics_runs._model import Response
from omics_runs._operation import operation_of
from omics_runs._request import Request
from omics_runs._retry import RetryPolicy
from omics_runs._sigv4 import sign
from omics_runs._timeout import Timeout
from omics_runs._user_agent import Feature
from omics_runs._wire import build_request, read_error, read_response

if TYPE_CHECKING:
    from omics_runs._credentials import Credentials
    from omics_runs._env import Env

Out = TypeVar("Out", bound=Response)
Failure: TypeAlias = CallError | CredentialsError
"""What a call can end in, apart from its answer."""

NEVER_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)
"""Failures in which no byte of the request has left us, in the words of httpx and httpcore."""


def call(
    request: Request[Out],
    env: Env,
    timeout: Timeout,
    retry: RetryPolicy,
    *features: Feature,
) -> Flow[Out]:
    """Send `request` until it is answered or there is no point in going on.

    Each attempt takes its turn at the pacer; those of a wait's poll, among all polls as well.

    Raises:
        InvalidRequestError: The request is wrong; nothing was sent.
        ServiceError: The service refused it.
        TransportError: No usable answer came.
        UnreadableResponseError: The answer could not be read.
        CredentialsError: There are no keys to sign with; nothing was sent.
    """
    result: Out | Failure = yield from outcome(request, env, timeout, retry, *features)
    try:
        if isinstance(result, CallError | CredentialsError):
            raise result
        return result
    finally:
        del result  # else this frame and the traceback keep each other alive


def outcome(
    request: Request[Out],
    env: Env,
    timeout: Timeout,
    retry: RetryPolicy,
    *features: Feature,
) -> Flow[Out | Failure]:
    """Send `request` as `call` does, and return the error of a call that failed.

    So what is raised besides comes from the caller's own functions: from hooks, from a provider of
    keys. It passes through unchanged, with a note if a change may have been made.
    """
    operation = operation_of(request, OPERATIONS)
    if env.validate:
        request.validate()
    job = begin(operation, request, env, timeout, retry, features)
    try:
        with nullcontext() if env.tracing is None else env.tracing.span(job):
            return (yield from _attempts(job, env))
    except BaseException as error:
        job.interrupted(error)
        raise


def _attempts(job: Job[Out], env: Env) -> Flow[Out | Failure]:
    last: CallError | None = None
    while True:
        too_late: TransportTimeoutError | None = yield from _take_turn(job, env)
        if too_late is not None:
            too_late.__cause__ = last
            return job.verdict(too_late)
        job.begin_attempt()
        try:
            answer = yield from attempt(job, env)
        except CallError as caught:
            error = caught
        except Exception as caught:  # noqa: BLE001  (`never_sent` raises what is not ours)
            if not job.retries.is_open:
                return job.never_sent(caught)
            error = _transport_error(TransportError, job, caught)
            error.__cause__ = caught
        else:
            job.succeeded(answer)
            return answer
        try:
            delay = job.failed(error)
            if delay is None:
                return job.verdict(error)
            last = error.with_traceback(None)
        finally:
            del error  # else this frame and the traceback keep each other alive
        yield from Sleep(delay)


def _take_turn(job: Job[Any], env: Env) -> Flow[TransportTimeoutError | None]:
    """Wait until the next attempt is due, where calls are paced; return why that is too late."""
    too_late: str | None = yield from env.pacer.turn(
        job.operation.name,
        is_poll=Feature.WAITER in job.features,
        clock=env.clock,
        allows=job.deadline.allows,
    )
    if too_late is None:
        return None
    total = f"{job.timeout.total:g} s"
    return job.timed_out(f"{too_late}, more than is left of the total timeout of {total}")


def attempt(job: Job[Out], env: Env) -> Flow[Out]:
    """Build, sign and send the request once, and read the answer."""
    http_request = build_request(job.payload, job.headers())
    if env.sign:
        keys = yield from _credentials(job)
        now, service = job.signs_at(keys), job.operation.service
        sign(http_request, keys, region=env.region or "", now=now, service=service)
    response = yield from _exchange(job, http_request)
    if response.is_success:
        return read_response(job.operation, job.request, response, job.number)
    raise read_error(job.operation, job.request, response)


def _credentials(job: Job[Any]) -> Flow[Credentials]:
    try:
        keys: Credentials = yield from FetchCredentials(
            job.refused, time_left=job.deadline.time_left()
        )
    except TimeoutError as error:
        if job.deadline.is_over:
            raise job.timed_out() from error
        raise  # the caller's own, of a function that fetches credentials
    return keys


def _exchange(job: Job[Any], http_request: httpx.Request) -> Flow[httpx.Response]:
    time_left = job.deadline.time_left()
    if job.deadline.is_over:
        raise job.timed_out()
    http_request.extensions["timeout"] = job.timeout.phases(time_left)
    sent = job.env.clock.now()
    job.is_under_way = True
    try:
        response: httpx.Response = yield from Send(http_request, time_left)
    except httpx.HTTPStatusError as error:
        response = error.response  # a hook of the caller's client was faster than we are
    except ConfigurationError:
        job.is_under_way = False
        raise  # the client was closed meanwhile, so nothing was sent
    except (httpx.TimeoutException, TimeoutError) as error:
        raise _transport_error(TransportTimeoutError, job, error) from error
    except Exception as error:
        raise _transport_error(TransportError, job, error) from error
    job.answered(response, sent)
    return response


def _transport_error(kind: type[TransportError], job: Job[Any], error: Exception) -> TransportError:
    reason = str(error) or str(error.__cause__ or "")  # trio's TLS errors leave it to their cause
    return kind(
        f"{type(error).__name__}: {reason}" if reason else type(error).__name__,
        operation=job.operation.name,
        request=job.request,
        is_passing=_passes(error),
        may_have_taken_effect=not _was_never_sent(error),
    )


def _was_never_sent(error: Exception) -> bool:
    """Tell whether it is sure that no byte has left us.

    Some transports by others say that they could not connect when a connection was lost under way,
    so what they translate proves nothing.
    """
    translated = error.__cause__
    is_ours = translated is None or type(translated).__module__.startswith("httpcore")
    return is_ours and isinstance(error, NEVER_SENT)


def _passes(error: Exception) -> bool:
    if isinstance(error, CredentialsError):
        return error.is_passing
    return isinstance(error, (httpx.HTTPError, TimeoutError))
