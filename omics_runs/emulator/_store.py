"""What the emulator remembers: runs, what they refer to, request ids, page tokens."""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterator, Mapping
from typing import Any, Literal

from attrs import field, frozen

from omics_runs._generated.enums import RunStatus
from omics_runs.emulator._http import invalid
from omics_runs.emulator._progress import Course, TaskPlan, Timeline

PAGE_TOKENS_KEPT = 10_000
"""How many page tokens are good at a time; older ones have expired."""


@frozen(kw_only=True)
class Workflow:
    """A workflow that runs can be started of."""

    id: str
    type: Literal["PRIVATE", "READY2RUN"] = "PRIVATE"
    name: str | None = None


@frozen(kw_only=True)
class Configuration:
    """A named VPC configuration."""

    name: str
    uuid: str
    security_group_ids: tuple[str, ...]
    subnet_ids: tuple[str, ...]
    vpc_id: str


@frozen(kw_only=True)
class Task:
    """A task's identity; its way is in its run's course, at the same place."""

    id: str
    uuid: str
    plan: TaskPlan


@frozen(kw_only=True)
class Run:
    """All that is known of a run; its status follows from the course and the time."""

    id: str
    uuid: str
    number: int
    """Place among all runs in the order of their start."""
    members: Mapping[str, Any]
    """What StartRun was sent, by wire names, with what a duplicated run brought along."""
    workflow: Workflow
    configuration: Configuration | None
    course: Course
    tasks: tuple[Task, ...]
    failure_reason: str
    status_message: str
    deleted: bool = False

    @property
    def timeline(self) -> Timeline[RunStatus]:
        """When it is in which status, deletion aside."""
        return self.course.timeline

    def status(self, now: float) -> RunStatus:
        """Return its status at a moment."""
        return RunStatus.DELETED if self.deleted else self.timeline.status(now)


@frozen(kw_only=True)
class Submission:
    """A StartRun that was accepted, to recognise it by when it comes again."""

    body: str
    """The request in one canonical form."""
    run: Run


@frozen(kw_only=True)
class Page:
    """What a page token stands for."""

    listing: str
    """The operation and its filters, which must stay the same from page to page."""
    start: int
    """Number of the first item that is still to come."""


class Names:
    """Ids, uuids and request ids, the same ones again for the same seed."""

    def __init__(self, seed: int) -> None:
        self._ids = random.Random(f"ids {seed}")
        self._request_ids = random.Random(f"requests {seed}")
        self._last = 1_000_000

    def id(self) -> str:
        """Return a fresh id of digits; no run, task or group shares one."""
        self._last += self._ids.randrange(1, 100)
        return str(self._last)

    def uuid(self) -> str:
        """Return a fresh uuid."""
        return _uuid(self._ids)

    def request_id(self) -> str:
        """Return a fresh id of a call; drawn apart, so that calls don't change the runs' ids."""
        return _uuid(self._request_ids)

    def page_token(self) -> str:
        """Return a fresh page token."""
        return f"{self._request_ids.getrandbits(256):064x}"


def _uuid(source: random.Random) -> str:
    return str(uuid.UUID(int=source.getrandbits(128), version=4))


@frozen(kw_only=True)
class Store:
    """Everything that the emulator keeps; whoever touches it holds the emulator's lock."""

    names: Names
    runs: dict[str, Run] = field(factory=dict[str, Run])
    run_groups: set[str] = field(factory=set[str])
    run_caches: set[str] = field(factory=set[str])
    workflows: dict[str, Workflow] = field(factory=dict[str, Workflow])
    configurations: dict[str, Configuration] = field(factory=dict[str, Configuration])
    submissions: dict[str, Submission] = field(factory=dict[str, Submission])
    free_ids: list[str] = field(factory=list[str])
    """Ids of deleted runs that are to be given out again."""
    pages: dict[str, Page] = field(factory=dict[str, Page])
    pages_kept: int = PAGE_TOKENS_KEPT

    def add(self, run: Run) -> None:
        """Keep a new run; a deleted one that had its id gives way."""
        self.runs.pop(run.id, None)
        self.runs[run.id] = run

    def update(self, run: Run) -> None:
        """Keep a run in its place."""
        self.runs[run.id] = run

    def newest_first(self) -> Iterator[Run]:
        """Return the runs from the last started to the first.

        Assumption: the order of ListRuns; the service documents none.
        """
        return reversed(self.runs.values())

    def next_run_id(self) -> str:
        """Return an id for a new run."""
        return self.free_ids.pop(0) if self.free_ids else self.names.id()

    def token_of(self, page: Page) -> str:
        """Return a token for a page that is still to come."""
        token = self.names.page_token()
        self.pages[token] = page
        if len(self.pages) > self.pages_kept:
            del self.pages[next(iter(self.pages))]
        return token

    def page_of(self, token: str | None, listing: str) -> int | None:
        """Return the number that the page of a token starts with; None for the first page.

        Assumption: a token is refused where the filters are not those of its list.

        Raises:
            Refusal: The token is not from here, has expired, or belongs to another list.
        """
        if token is None:
            return None
        page = self.pages.get(token)
        if page is None or page.listing != listing:
            raise invalid("The startingToken is not one of this list's, or it has expired.")
        return page.start
