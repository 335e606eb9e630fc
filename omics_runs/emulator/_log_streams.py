"""CloudWatch Logs, as far as runs need it: one log group, whose streams runs have written."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from omics_runs._convert import epoch_milliseconds
from omics_runs._generated.models import DescribeLogStreamsRequest, GetLogEventsRequest
from omics_runs.emulator._http import invalid, not_found
from omics_runs.emulator._run_logs import Event, streams
from omics_runs.emulator._service import Service
from omics_runs.emulator._shapes import LOG_GROUP, Shape

MOST_EVENTS, MOST_STREAMS = 10_000, 50
"""What an answer has where no other number was asked."""

INGESTION = 250
"""Milliseconds after which an event is taken in."""

OWNER = re.compile(r"(?:manifest/)?run/([0-9]+)(?:/|\Z)")
"""The names of streams, and the id of the run in them."""

TOKEN = re.compile(r"([fb])/([0-9]{56})")
"""Tokens of parts of a stream: forward from an event, or backward from it."""


def get_log_events(service: Service, request: GetLogEventsRequest) -> Shape:
    """Return a part of a stream."""
    _check_group(service, request)
    events = _events(service, request.log_stream_name)
    rows = [_row(service, event) for event in events]
    first, last = _span(rows, request)
    begin, end = _part(request, first, last)
    return {
        "events": rows[begin:end],
        "nextForwardToken": f"f/{end:056}",
        "nextBackwardToken": f"b/{begin:056}",
    }


def describe_log_streams(service: Service, request: DescribeLogStreamsRequest) -> Shape:
    """List the streams whose names have a prefix, sorted."""
    _check_group(service, request)
    prefix, order = request.log_stream_name_prefix or "", request.order_by or "LogStreamName"
    listing = f"log streams {prefix} {order} {request.descending}"
    start = service.store.page_of(request.next_token, listing) or 0
    found = [_described(service, name, events) for name, events in _named(service, prefix)]
    key = "logStreamName" if order == "LogStreamName" else "lastEventTimestamp"
    found.sort(key=lambda shape: shape[key], reverse=bool(request.descending))
    numbered = ((place, shape) for place, shape in enumerate(found) if place >= start)
    size = request.max_streams or MOST_STREAMS
    return service.page(numbered, size, listing, key="logStreams")


def _check_group(
    service: Service, request: GetLogEventsRequest | DescribeLogStreamsRequest
) -> None:
    """Assumption: the group is there before the first run has written into it."""
    given = request.log_group_name or request.log_group_identifier or ""
    if given.removesuffix(":*") not in {LOG_GROUP, service.shapes.log_group}:
        raise not_found("The specified log group does not exist.")


def _events(service: Service, name: str) -> list[Event]:
    """Return the events of a stream: of all runs that had its id, one after the other."""
    owner = OWNER.match(name)
    runs = service.store.ever(owner[1]) if owner else ()
    found = [event for run in runs for event in streams(run, service.shapes).get(name, ())]
    if not found:
        raise not_found("The specified log stream does not exist.")
    return found


def _named(service: Service, prefix: str) -> Iterable[tuple[str, list[Event]]]:
    """Return the streams whose names have a prefix."""
    owner = OWNER.match(prefix)
    whole = owner is not None and owner[0].endswith("/")  # a prefix may end within an id
    found: dict[str, list[Event]] = {}
    for run in service.store.ever(owner[1] if owner and whole else None):
        for name, events in streams(run, service.shapes).items():
            if name.startswith(prefix):
                found.setdefault(name, []).extend(events)
    return ((name, events) for name, events in found.items() if events)


def _row(service: Service, event: Event) -> Shape:
    moment = service.shapes.time.milliseconds(event.at)
    return {"timestamp": moment, "message": event.message, "ingestionTime": moment + INGESTION}


def _span(rows: list[Shape], request: GetLogEventsRequest) -> tuple[int, int]:
    """Return the places of the first event within the time that was asked for, and of the end."""
    begin = 0 if request.start_time is None else epoch_milliseconds(request.start_time)
    end = None if request.end_time is None else epoch_milliseconds(request.end_time)
    before = sum(row["timestamp"] < begin for row in rows)
    until = len(rows) if end is None else sum(row["timestamp"] < end for row in rows)
    return before, max(before, until)


def _part(request: GetLogEventsRequest, first: int, last: int) -> tuple[int, int]:
    """Return the places of the first event of a part, and of the one after its last."""
    size = request.max_events or MOST_EVENTS
    if request.next_token is None:
        if request.start_from_head:
            return first, min(last, first + size)
        return max(first, last - size), last
    token = TOKEN.fullmatch(request.next_token)
    if token is None:
        raise invalid("The specified nextToken is invalid.")
    place = min(max(int(token[2]), first), last)
    if token[1] == "f":
        return place, min(last, place + size)
    return max(first, place - size), place


def _described(service: Service, name: str, events: list[Event]) -> Shape:
    first, last = (service.shapes.time.milliseconds(events[place].at) for place in (0, -1))
    return {
        "logStreamName": name,
        "creationTime": first,
        "firstEventTimestamp": first,
        "lastEventTimestamp": last,
        "lastIngestionTime": last + INGESTION,
        "arn": f"{service.shapes.log_group}:log-stream:{name}",
        "storedBytes": 0,
    }


HANDLERS: Mapping[str, Callable[[Service, Any], Shape]] = {
    "GetLogEvents": get_log_events,
    "DescribeLogStreams": describe_log_streams,
}
"""What answers each operation, by the service's names."""
