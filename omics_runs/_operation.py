"""An operation of the service, as data: how its request goes on the wire and what comes back."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from importlib import import_module
from typing import Any, Generic, TypeVar

from attrs import field, frozen

from omics_runs._errors import InvalidRequestError
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
    models: str
    """The module that has its models, which is imported when one of them is first needed."""
    request_name: str
    """The class of its requests, in that module."""
    response_name: str
    """The class of its answers, in that module."""
    labels: Mapping[str, str] = field(factory=dict[str, str])
    """Members that fill the path's places."""
    query: Mapping[str, str] = field(factory=dict[str, str])
    """Members that go into the query string."""
    body: Mapping[str, str] = field(factory=dict[str, str])
    """Members that go into the JSON body; an operation without any has no body."""
    service: str = "omics"
    """What calls are signed for: all that is not of the service itself is of another one."""
    target: str | None = None
    """What names it in a header, where every call goes to the same path: AWS's JSON protocol."""
    token: str | None = None
    """The member that holds the idempotency token, if there is one."""
    read_only: bool = False
    """Whether a call changes nothing, so that a lost answer costs nothing."""
    paging: Paging | None = None
    """How its pages are turned; None where there are none."""

    @cached_property
    def request(self) -> type[In]:
        """The class of its requests."""
        found: type[In] = getattr(import_module(self.models), self.request_name)
        return found

    @cached_property
    def response(self) -> type[Out]:
        """The class of its answers."""
        found: type[Out] = getattr(import_module(self.models), self.response_name)
        return found


def operation_of(
    request: Request[Out], operations: Mapping[str, Operation[Any, Any]]
) -> Operation[Any, Out]:
    """Return the operation that a request is sent to.

    Its class tells, or one that this was made of: a name alone may be that of a stranger's class.

    Args:
        request: The request.
        operations: Each operation by the name of its request's class.

    Raises:
        InvalidRequestError: It is sent to none of them.
    """
    for kind in type(request).__mro__:
        found = operations.get(kind.__name__)
        if found is not None and found.request is kind:
            return found
    what = f"must be a request model such as StartRunRequest, got {type(request).__name__}"
    raise InvalidRequestError("send", [("request", what)])
