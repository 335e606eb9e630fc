"""What all operations have in common that create something, or list it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from hashlib import sha256
from typing import Any, Protocol, TypeVar

from omics_runs._preflight import TAGS_LIMIT
from omics_runs._request import Request
from omics_runs.emulator._http import conflict, invalid
from omics_runs.emulator._quotas import exceeded
from omics_runs.emulator._service import Service, canonical
from omics_runs.emulator._shapes import Shape
from omics_runs.emulator._store import Creation

T = TypeVar("T")


class Paged(Protocol):
    """A request for one page of a list."""

    @property
    def starting_token(self) -> str | None:
        """The token of the page; None for the first one."""
        ...

    @property
    def max_results(self) -> int | None:
        """How many items it may hold."""
        ...


def once(service: Service, request: Request[Any], create: Callable[[], Shape]) -> Shape:
    """Create something, or give the answer that this request has got before.

    Assumption: the same answer again as long as the emulator lives, or a conflict if the request
    has changed. The service documents only that nothing is created a second time.
    """
    body = sha256(canonical(request).encode()).hexdigest()  # a definition can have megabytes
    key = (type(request).__name__, request.to_dict()["requestId"])
    before = service.store.creations.get(key)
    if before is None:
        answer = create()
        service.store.creations[key] = Creation(body=body, answer=answer)
        return answer
    if before.body != body:
        raise conflict("The requestId was used before, with other parameters.")
    return dict(before.answer)


def check_room(kept: Collection[object], most: int, what: str) -> None:
    """Refuse to create one more than the account may have.

    Raises:
        Refusal: There are as many already.
    """
    if len(kept) >= most:
        raise exceeded(f"The account has {most} {what}, the most it may have; delete some first.")


def checked_tags(tags: Mapping[str, str] | None) -> dict[str, str]:
    """Return tags that a resource is to have.

    Assumption: nothing may have more of them than a run.

    Raises:
        Refusal: There are too many.
    """
    if len(tags or {}) > TAGS_LIMIT:
        raise invalid(f"A resource may have {TAGS_LIMIT} tags at most.")
    return dict(tags or {})


def listed(
    service: Service,
    request: Paged,
    listing: str,
    kept: Collection[T],
    shape: Callable[[T], Shape | None],
    *,
    usual: int | None = None,
) -> Shape:
    """Return one page of what is kept, newest first; items without a shape are passed over.

    A page token counts from the oldest, so that neither what is new nor what the caller deletes of
    the pages it has read moves the next one.

    Assumption: the order; the service documents none.
    """
    start = service.store.page_of(request.starting_token, listing)
    found = (
        (place, item)
        for place, one in reversed(list(enumerate(kept)))
        if (start is None or place <= start) and (item := shape(one)) is not None
    )
    return service.page(found, request.max_results or usual, listing)


def present(**members: Any) -> Shape:
    """Return the members that are there."""
    return {name: value for name, value in members.items() if value is not None}
