"""An operation of the service, as data: how its request goes on the wire and what comes back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Generic, TypeVar

from attrs import field, frozen

from omics_runs._model import Response
from omics_runs._request import Request

In = TypeVar("In", bound=Request[Any])
Out = TypeVar("Out", bound=Response)


@frozen(kw_only=True)
class Paging:
    """How an operation hands out a list page by page; members by their Python names."""

    token: str
    """The request's member that says which page to begin with."""
    next_token: str
    """The answer's member that names the page after it; absent from the last one."""
    items: str
    """The answer's member that holds the page's items."""
    limit: str | None = None
    """The request's member that bounds the length of a page, if there is one."""
    largest: int | None = None
    """The most items that it may ask for."""


@frozen(kw_only=True)
class Operation(Generic[In, Out]):
    """One operation; the maps below lead from a member's Python name to its wire name."""

    name: str
    """The service's name of it, such as `StartRun`."""
    method: str
    """HTTP method."""
    path: str
    """Path with `{label}` places, such as `/run/{id}/task/{taskId}`."""
    host_prefix: str
    """What stands before the service's host name, such as `workflows-`."""
    status_code: int
    """HTTP status of a success."""
    request: type[In]
    response: type[Out]
    labels: Mapping[str, str] = field(factory=dict[str, str])
    """Members that fill the path's places."""
    query: Mapping[str, str] = field(factory=dict[str, str])
    """Members that go into the query string."""
    body: Mapping[str, str] = field(factory=dict[str, str])
    """Members that go into the JSON body; an operation without any has no body."""
    token: str | None = None
    """The member that holds the idempotency token, if there is one."""
    read_only: bool = False
    """Whether a call changes nothing, so that a lost answer costs nothing."""
    paging: Paging | None = None
    """How its pages are turned; None where there are none."""
