"""The logs of runs in CloudWatch: what they are called, and how they are read."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from attrs import frozen

from omics_runs._core import Failure, outcome
from omics_runs._errors import ConfigurationError, ServiceError
from omics_runs._generated.models import (
    DescribeLogStreamsRequest,
    GetLogEventsRequest,
    LogStream,
    OutputLogEvent,
)
from omics_runs._model import Response
from omics_runs._request import Request

if TYPE_CHECKING:
    from omics_runs._effects import Flow
    from omics_runs._env import Env

Out = TypeVar("Out", bound=Response)
Unread: TypeAlias = Failure | ConfigurationError
"""Why a log could not be read."""

GROUP = "/aws/omics/WorkflowLog"
"""The log group of all runs."""

TAIL = 200
"""How many of a log's last lines are looked at."""
EMPTY_PAGES = 5
"""After so many pages in a row without a line a log is taken for empty."""

TELLING = re.compile(
    r"error|exception|fatal|traceback|fail|denied|forbidden|unauthori[sz]ed|killed|oom|signal"
    r"|not found|no such|cannot|can't|could not|unable|invalid|missing|no space|out of"
    r"|timed? ?out|exit (code|status):? *[1-9]",
    re.IGNORECASE,
)
"""What is written in lines that tell why something failed."""


def engine_stream(run_id: str) -> str:
    """Return the name of what the workflow's engine writes."""
    return f"run/{run_id}/engine"


def task_stream(run_id: str, task_id: str) -> str:
    """Return the name of what a task writes."""
    return f"run/{run_id}/task/{task_id}"


def manifest_prefix(run_id: str) -> str:
    """Return how the names of manifests begin; the run's uuid follows."""
    return f"manifest/run/{run_id}/"


def stream_in(arn: str | None, default: str) -> str:
    """Return the name of the stream that an ARN names, or `default` if it names none."""
    return (arn or "").partition("log-stream:")[2] or default


@frozen
class LogExcerpt:
    """The lines of a log that tell most."""

    stream: str
    """The log's name, in the group `/aws/omics/WorkflowLog`."""
    lines: tuple[OutputLogEvent, ...] = ()
    """The lines, in order of time; empty if the log has none, or could not be read."""
    unread: str | None = None
    """Why the log could not be read; None if it was."""


def excerpt(stream: str, most: int, env: Env) -> Flow[LogExcerpt]:
    """Read the end of a log; whatever keeps it from being read is told, and not raised."""
    request, seen = _newest(stream), set[str | None]()
    for _ in range(EMPTY_PAGES):
        page = yield from _asked(request, env)
        if isinstance(page, Exception):
            return LogExcerpt(stream, unread=_why_unread(page))
        if page.events:
            return LogExcerpt(stream, telling(page.events, most))
        seen.add(request.next_token)
        if page.next_backward_token in seen:
            break
        request = request.replace(next_token=page.next_backward_token)
    return LogExcerpt(stream)


def _asked(request: Request[Out], env: Env) -> Flow[Out | Unread]:
    """Call CloudWatch Logs, and return why that was not possible, if it was not."""
    try:
        return (yield from outcome(request, env, env.timeout, env.retry))
    except ConfigurationError as error:  # there is no way there, which nobody has minded so far
        return error.with_traceback(None)


def telling(events: tuple[OutputLogEvent, ...], most: int) -> tuple[OutputLogEvent, ...]:
    """Return the lines that speak of trouble, the last ones of them; else the last lines."""
    found = [event for event in events if TELLING.search(event.message)]
    return tuple((found or events)[-most:])


def _newest(stream: str) -> GetLogEventsRequest:
    return GetLogEventsRequest(
        log_group_name=GROUP, log_stream_name=stream, start_from_head=False, max_events=TAIL
    )


def _why_unread(error: Unread) -> str:
    code = error.code if isinstance(error, ServiceError) else ""
    if code == "ResourceNotFoundException":
        return "there is no such log; with log level OFF there is none"
    if code == "AccessDeniedException":
        return f"no permission; allow logs:GetLogEvents on {GROUP}"
    return str(error)


def whole(stream: str, env: Env) -> Flow[tuple[str, ...] | Unread]:
    """Read all messages of a log, from its first one."""
    request = GetLogEventsRequest(
        log_group_name=GROUP, log_stream_name=stream, start_from_head=True
    )
    found: list[str] = []
    seen: set[str | None] = {None}
    while True:
        page = yield from _asked(request, env)
        if isinstance(page, Exception):
            return page
        found += [event.message for event in page.events]
        if page.next_forward_token in seen:  # which is how this service says that this was all
            return tuple(found)
        seen.add(page.next_forward_token)
        request = request.replace(next_token=page.next_forward_token)


def streams(prefix: str, env: Env) -> Flow[tuple[LogStream, ...] | Unread]:
    """Find the logs whose names begin with `prefix`."""
    request = DescribeLogStreamsRequest(log_group_name=GROUP, log_stream_name_prefix=prefix)
    found: list[LogStream] = []
    seen: set[str | None] = {None}
    while True:
        page = yield from _asked(request, env)
        if isinstance(page, Exception):
            return page
        found += page.log_streams
        if page.next_token in seen:
            return tuple(found)
        seen.add(page.next_token)
        request = request.replace(next_token=page.next_token)
