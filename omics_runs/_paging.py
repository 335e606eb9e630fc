"""Going through all pages of a list, holding nothing open between them."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any, Generic, TypeVar

from omics_runs._errors import InvalidRequestError, UnreadableResponseError
from omics_runs._generated.operations import OPERATIONS
from omics_runs._model import Response
from omics_runs._narrow import is_number
from omics_runs._operation import operation_of
from omics_runs._request import Request

Item = TypeVar("Item")
Page = TypeVar("Page", bound=Response)

MOST_PAGES = 1_000
"""The most pages that are turned where nobody but this SDK could end it."""


def check_limit(name: str, limit: object) -> None:
    """Refuse a `limit` that is no count.

    Raises:
        InvalidRequestError: It is not a whole number, or negative.
    """
    if not isinstance(limit, int) or isinstance(limit, bool) or limit < 0:
        what = f"must be a whole number of at least 0, or None, got {limit!r}"
        raise InvalidRequestError(name, [("limit", what)])


def endless(request: Request[Any]) -> UnreadableResponseError:
    """Return the error of a list that still goes on after the last page to be turned."""
    name = operation_of(request, OPERATIONS).name
    msg = f"there were still more pages after {MOST_PAGES:,}"
    return UnreadableResponseError(msg, operation=name, request=request)


class Walk(Generic[Page]):
    """Where an iteration stands, whatever its color."""

    def __init__(self, request: Request[Page], limit: int | None) -> None:
        operation = operation_of(request, OPERATIONS)
        if operation.paging is None:
            raise InvalidRequestError(operation.name, [("", "has no pages to go through")])
        if limit is not None:
            check_limit(operation.name, limit)
        self.next_token: str | None = getattr(request, operation.paging.token)
        self._name = operation.name
        self._paging = operation.paging
        self._left = limit
        self._request: Request[Page] | None = None if limit == 0 else request
        self._asked_for: set[str | None] = set()
        self._fresh: tuple[Any, ...] = ()
        self._waiting: deque[Any] = deque()

    def next_request(self) -> Request[Page] | None:
        """Return the request of the next page, or None after the last one."""
        if self._request is None:
            return None
        if self.next_token in self._asked_for:
            raise UnreadableResponseError(
                "the service gave the same page token twice, which would never end",
                operation=self._name,
                request=self._request,
                path="$.nextToken",
            )
        return self._no_larger_than_needed(self._request)

    def next_or_error(self) -> Request[Page] | UnreadableResponseError | None:
        """Return the request of the next page, None after the last one, or why there is none."""
        try:
            return self.next_request()
        except UnreadableResponseError as error:
            return error.with_traceback(None)

    def turn(self, request: Request[Page], page: Page) -> None:
        """Note that `page` has answered `request`."""
        self._asked_for.add(self.next_token)
        self.next_token = getattr(page, self._paging.next_token) or None
        items: tuple[Any, ...] = getattr(page, self._paging.items)
        self._fresh = items[: self._left]
        if self._left is not None:
            self._left -= len(self._fresh)
        is_last = self.next_token is None or self._left == 0
        after = {self._paging.token: self.next_token}
        self._request = None if is_last else request.replace(**after)

    def keep(self) -> None:
        """Keep the items of the last page, as far as the limit allows, to be taken one by one."""
        self._waiting.extend(self._fresh)

    @property
    def must_read(self) -> bool:
        """Whether the items of the pages read so far are used up."""
        return not self._waiting

    def take(self) -> Any:
        """Return the next item."""
        return self._waiting.popleft()

    def _no_larger_than_needed(self, request: Request[Page]) -> Request[Page]:
        """With a limit the last page ends where the limit does, and so does its token."""
        name = self._paging.limit
        if self._left is None or name is None:
            return request
        largest = self._paging.largest or self._left
        size: object = getattr(request, name)
        if size is not None and not (is_number(size) and self._left < size <= largest):
            return request  # small enough, or wrong, which is for validation to say
        return request.replace(**{name: min(self._left, largest)})


class Pages(Iterator[Page]):
    """The pages of a list, each asked for when it is needed."""

    def __init__(self, send: Callable[[Request[Page]], Page], walk: Walk[Page]) -> None:
        self._send = send
        self._walk = walk

    def __next__(self) -> Page:
        request = self._walk.next_request()
        if request is None:
            raise StopIteration
        page = self._send(request)
        self._walk.turn(request, page)
        return page


class Items(Iterator[Item], Generic[Item, Page]):
    """All items of a list, page after page, asked for as they are needed.

    An error leaves the iteration where it was: asking for the next item tries that page again.
    """

    def __init__(
        self, send: Callable[[Request[Page]], Page], request: Request[Page], *, limit: int | None
    ) -> None:
        self._walk = Walk(request, limit)
        self._pages = Pages(send, self._walk)

    @property
    def next_token(self) -> str | None:
        """The token of the page after the last one read, for `starting_token=`; None at the end."""
        return self._walk.next_token

    def pages(self) -> Iterator[Page]:
        """Return the pages instead of the items; `limit` counts the items in them.

        Raises:
            UnreadableResponseError: The service repeats a page token.
            CallError: A page could not be had.
        """
        return self._pages

    def __next__(self) -> Item:
        while self._walk.must_read:
            next(self._pages)
            self._walk.keep()
        item: Item = self._walk.take()
        return item


class AsyncPages(AsyncIterator[Page]):
    """The pages of a list, each asked for when it is needed."""

    def __init__(self, send: Callable[[Request[Page]], Awaitable[Page]], walk: Walk[Page]) -> None:
        self._send = send
        self._walk = walk

    async def __anext__(self) -> Page:
        request = self._walk.next_request()
        if request is None:
            raise StopAsyncIteration
        page = await self._send(request)
        self._walk.turn(request, page)
        return page


class AsyncItems(AsyncIterator[Item], Generic[Item, Page]):
    """All items of a list, page after page, asked for as they are needed.

    An error leaves the iteration where it was: asking for the next item tries that page again.
    """

    def __init__(
        self,
        send: Callable[[Request[Page]], Awaitable[Page]],
        request: Request[Page],
        *,
        limit: int | None,
    ) -> None:
        self._walk = Walk(request, limit)
        self._pages = AsyncPages(send, self._walk)

    @property
    def next_token(self) -> str | None:
        """The token of the page after the last one read, for `starting_token=`; None at the end."""
        return self._walk.next_token

    def pages(self) -> AsyncIterator[Page]:
        """Return the pages instead of the items; `limit` counts the items in them.

        Raises:
            UnreadableResponseError: The service repeats a page token.
            CallError: A page could not be had.
        """
        return self._pages

    async def __anext__(self) -> Item:
        while self._walk.must_read:
            await anext(self._pages)
            self._walk.keep()
        item: Item = self._walk.take()
        return item
