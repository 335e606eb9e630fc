"""The logs of runs in CloudWatch: what they are called, and how they are read."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, TypeAlias, TypeVar

import attrs
from attrs import define, field, frozen

from omics_runs._core import Failure, outcome
from omics_runs._errors import (
    ConfigurationError,
    InvalidRequestError,
    ServiceError,
    UnreadableResponseError,
)
from omics_runs._generated.errors import AccessDeniedError, ResourceNotFoundError
from omics_runs._generated.models import (
    DescribeLogStreamsRequest,
    GetLogEventsRequest,
    LogStream,
    OutputLogEvent,
)
from omics_runs._lines import shortened
from omics_runs._model import Response
from omics_runs._paging import MOST_PAGES, endless
from omics_runs._request import Request

if TYPE_CHECKING:
    from omics_runs._effects import Flow
    from omics_runs._env import Env

T = TypeVar("T")
Out = TypeVar("Out", bound=Response)
Unread: TypeAlias = Failure | ConfigurationError | InvalidRequestError
"""Why a log could not be read."""

GROUP = "/aws/omics/WorkflowLog"
"""The log group of all runs."""

TAIL = 200
"""How many of a log's last lines are looked at."""
LONGEST_LINE = 500
"""Characters of a line that are kept."""
MOST_PAGES_BACK = 10
"""The most pages that are turned to find a log's last lines: pages may be short, or empty."""
CONTEXT = 3
"""How many lines are told after one that speaks of trouble."""
LATEST = datetime.max.replace(tzinfo=UTC)
LATE = timedelta(minutes=10)
"""How long after a run's end its last lines may be written. Assumption."""

TELLING = re.compile(
    r"\b(\w*errors?|\w*exceptions?|fatal|traceback|panic|fail(ed|ure|s|ing)?|denied|forbidden"
    r"|unauthori[sz]ed|killed|oom|abort(ed|ing)?|segmentation fault|core dumped|truncated"
    r"|corrupt\w*|not found|no such|cannot|can't|could not|couldn't|unable|invalid|missing|refused"
    r"|no space|out of (memory|space|range)|timed? ?out|non-zero"
    r"|exit(ed)? (code|status|with)\D{0,20}[1-9]\d*)\b",
    re.IGNORECASE,
)
"""What is written in lines that tell why something failed."""
HARMLESS = re.compile(r"\b(0|no) (errors?|failures?|warnings?)\b", re.IGNORECASE)


def run_stream(run_id: str) -> str:
    """Return the name of what the service writes about a run."""
    return f"run/{run_id}"


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
    return (arn or "").partition("log-stream:")[2].partition(":")[0] or default


@frozen
class LogExcerpt:
    """The lines of a log that tell most."""

    stream: str
    """The log's name, in the group `/aws/omics/WorkflowLog`."""
    lines: tuple[OutputLogEvent, ...] = ()
    """The lines, in order of time, each cut to 500 characters; empty if there is none."""
    unread: str | None = None
    """What kept lines from being read; None if nothing did."""


@define
class LogReader:
    """Reads the ends of one run's logs.

    Runs that have had an id one after another share their logs' names, so only lines from the
    run's own time are taken. Where logs can't be read at all, none is asked for a second time.
    """

    env: Env
    since: datetime | None
    """When the run was accepted; None if that is unknown."""
    until: datetime | None
    """Before when its last lines were written; None if that is unknown."""
    lines: int
    """How many lines of each log to tell."""
    _trouble: str | None = field(default=None, init=False)

    def excerpt(self, stream: str) -> Flow[LogExcerpt]:
        """Read the end of a log; whatever keeps it from being read is told, and not raised."""
        if self._trouble is not None:
            return LogExcerpt(stream, unread=self._trouble)
        request, seen = self._newest(stream), set[str | None]()
        events: list[OutputLogEvent] = []
        for _ in range(MOST_PAGES_BACK):
            page = yield from _ask(request, self.env)
            if isinstance(page, Exception):
                return LogExcerpt(stream, self._told(events), self._why_unread(page))
            events = [*page.events, *events]
            seen.add(request.next_token)
            if len(events) >= TAIL or tells(events) or page.next_backward_token in seen:
                break
            request = request.replace(next_token=page.next_backward_token)
        why = None if events else "it has no line from the time of the run"
        return LogExcerpt(stream, self._told(events), why)

    def _told(self, events: Sequence[OutputLogEvent]) -> tuple[OutputLogEvent, ...]:
        return telling(events[-TAIL:], self.lines)

    def _newest(self, stream: str) -> GetLogEventsRequest:
        return GetLogEventsRequest(
            log_group_name=GROUP,
            log_stream_name=stream,
            start_time=self.since,
            end_time=self.until,
            start_from_head=False,
            max_events=TAIL,
        )

    def _why_unread(self, error: Unread) -> str:
        if isinstance(error, ResourceNotFoundError):
            return "there is no such log: nothing was written, or the run's log level kept it out"
        why = str(error)
        if isinstance(error, AccessDeniedError):
            why = f"no permission; allow logs:GetLogEvents on {GROUP} ({error.message})"
        if is_about_all(error):
            self._trouble = why
        return why


def is_about_all(error: Unread) -> bool:
    """Return whether trouble with one thing that was asked for is trouble with all of its kind."""
    if isinstance(error, ServiceError):
        return error.retryable or isinstance(error, AccessDeniedError)
    return not isinstance(error, (InvalidRequestError, UnreadableResponseError))


def written_until(stop: datetime | None, successor: datetime | None) -> datetime | None:
    """Return before when a run's last lines were written.

    Args:
        stop: When it ended.
        successor: When another run got its id, and with it the names of its logs.
    """
    late = None if stop is None or LATEST - stop < LATE else stop + LATE
    return min((one for one in (late, successor) if one is not None), default=None)


def tells(events: Sequence[OutputLogEvent]) -> bool:
    """Return whether some line speaks of trouble."""
    return any(map(_speaks_of_trouble, events))


def _speaks_of_trouble(event: OutputLogEvent) -> bool:
    return TELLING.search(HARMLESS.sub("", event.message)) is not None


def telling(events: Sequence[OutputLogEvent], most: int) -> tuple[OutputLogEvent, ...]:
    """Return the lines that speak of trouble, with what follows them; else the last lines."""
    places = {
        place + after
        for place, event in enumerate(events)
        if _speaks_of_trouble(event)
        for after in range(CONTEXT + 1)
    }
    found = [event for place, event in enumerate(events) if place in places]
    return tuple(
        attrs.evolve(event, message=shortened(event.message, LONGEST_LINE))
        for event in (found or events)[-most:]
    )


def _ask(request: Request[Out], env: Env) -> Flow[Out | Unread]:
    """Call CloudWatch Logs, and return why that was not possible, if it was not."""
    try:
        return (yield from outcome(request, env, env.timeout, env.retry))
    except (ConfigurationError, InvalidRequestError) as error:
        return error.with_traceback(None)  # no way there, or a name that no log can have


def messages_of(stream: str, env: Env) -> Flow[tuple[str, ...] | Unread]:
    """Read all messages of a log, from its first one."""
    request = GetLogEventsRequest(
        log_group_name=GROUP, log_stream_name=stream, start_from_head=True
    )
    return _all(
        request,
        env,
        lambda page: [event.message for event in page.events],
        lambda page: page.next_forward_token,
    )


def streams_under(prefix: str, env: Env) -> Flow[tuple[LogStream, ...] | Unread]:
    """Find the logs whose names begin with `prefix`."""
    request = DescribeLogStreamsRequest(log_group_name=GROUP, log_stream_name_prefix=prefix)
    return _all(request, env, lambda page: page.log_streams, lambda page: page.next_token)


def _all(
    request: Request[Out],
    env: Env,
    items: Callable[[Out], Iterable[T]],
    next_token: Callable[[Out], str | None],
) -> Flow[tuple[T, ...] | Unread]:
    """Turn pages until there is no token, or one comes again, which says that this was all."""
    found: list[T] = []
    seen: set[str | None] = {None}
    for _ in range(MOST_PAGES):
        page = yield from _ask(request, env)
        if isinstance(page, Exception):
            return page
        found += items(page)
        token = next_token(page)
        if token in seen:
            return tuple(found)
        seen.add(token)
        request = request.replace(next_token=token)
    return endless(request)
