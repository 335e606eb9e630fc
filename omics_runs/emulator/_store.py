"""What the emulator remembers: runs, what they refer to, request ids, page tokens."""

from __future__ import annotations

import heapq
import random
import uuid
from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Any, Literal, TypeAlias

import attrs
from attrs import field, frozen

from omics_runs._generated.enums import RunStatus
from omics_runs.emulator._batch import Batch
from omics_runs.emulator._course import Course
from omics_runs.emulator._http import invalid
from omics_runs.emulator._plan import Plan, TaskPlan
from omics_runs.emulator._quotas import a_count_or_none
from omics_runs.emulator._table import Table
from omics_runs.emulator._timeline import Timeline

PAGE_TOKENS_KEPT = 10_000
"""How many page tokens are good at a time; older ones have expired."""

Engine: TypeAlias = Literal["WDL", "NEXTFLOW", "CWL", "WDL_LENIENT"]
"""The language of a workflow."""

CacheBehavior: TypeAlias = Literal["CACHE_ON_FAILURE", "CACHE_ALWAYS"]
"""Whether a run cache keeps what all runs have done, or only what failed ones have."""


@frozen(kw_only=True)
class Workflow:
    """A workflow that runs can be started of."""

    id: str
    type: Literal["PRIVATE", "READY2RUN"] = "PRIVATE"
    name: str | None = None
    engine: Engine = "NEXTFLOW"
    members: Mapping[str, Any] = field(factory=dict[str, Any])
    """What else GetWorkflow gives back as it came, by wire names."""
    tags: Mapping[str, str] = field(factory=dict[str, str])
    created: float = 0.0
    """Moment of its creation; those that nobody has made are as old as the emulator."""
    active_from: float = 0.0
    """Moment from which it is no longer CREATING."""


@frozen(kw_only=True)
class WorkflowVersion:
    """A named version of a workflow."""

    workflow: Workflow
    """What it is a version of, as that was then."""
    name: str
    uuid: str
    engine: Engine = "NEXTFLOW"
    members: Mapping[str, Any] = field(factory=dict[str, Any])
    """What else GetWorkflowVersion gives back as it came, by wire names."""
    tags: Mapping[str, str] = field(factory=dict[str, str])
    created: float
    """Moment of its creation."""
    active_from: float
    """Moment from which it is no longer CREATING."""

    @property
    def key(self) -> str:
        """What its ARN calls it, after the kind."""
        return version_key(self.workflow.id, self.name)


def version_key(workflow_id: str, name: str) -> str:
    """Return what the ARN of a workflow's version calls it, after the kind."""
    return f"{workflow_id}/version/{name}"


@frozen(kw_only=True)
class RunGroup:
    """A run group: what its active runs may have together, None for as much as they like."""

    id: str
    name: str | None = None
    max_runs: int | None = field(default=None, validator=a_count_or_none)
    max_cpus: int | None = field(default=None, validator=a_count_or_none)
    max_gpus: int | None = field(default=None, validator=a_count_or_none)
    max_duration: int | None = field(default=None, validator=a_count_or_none)
    """Minutes that each of its runs may be RUNNING."""
    tags: Mapping[str, str] = field(factory=dict[str, str])
    created: float
    """Moment of its creation."""


@frozen(kw_only=True)
class RunCache:
    """A run cache."""

    id: str
    name: str | None = None
    description: str | None = None
    s3_uri: str
    behavior: CacheBehavior = "CACHE_ON_FAILURE"
    bucket_owner_id: str | None = None
    tags: Mapping[str, str] = field(factory=dict[str, str])
    created: float
    """Moment of its creation."""


@frozen(kw_only=True)
class Configuration:
    """A named VPC configuration."""

    name: str
    uuid: str
    security_group_ids: tuple[str, ...]
    subnet_ids: tuple[str, ...]
    vpc_id: str
    tags: Mapping[str, str] = field(factory=dict[str, str])
    created: float = 0.0
    """Moment of its creation."""


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
    logs: Mapping[str, tuple[str, ...]] = field(factory=dict[str, tuple[str, ...]])
    """What it was planned to write last, by `run`, `engine` or a task's name."""
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
    """A StartRun or StartRunBatch that was accepted, to recognise it by when it comes again."""

    body: str
    """The request in one canonical form."""
    answer: Mapping[str, Any]
    """What it was answered, with the run's id and uuid."""


@frozen(kw_only=True)
class Creation:
    """A request that has made something, to recognise it by when it comes again."""

    body: str
    """Digest of the request in one canonical form."""
    answer: Mapping[str, Any]


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
        self._seed = seed
        self.resume(last_id=1_000_000, drawn=0, session=0)

    def resume(self, *, last_id: int, drawn: int, session: int) -> None:
        """Go on where others with the same seed had come to; what they gave out is not repeated.

        Args:
            last_id: Their `last_id`.
            drawn: Their `drawn`.
            session: A number that no others had: request ids and page tokens aren't counted.
        """
        self.last_id = last_id
        self.drawn = drawn
        self.session = session
        named = f"requests {self._seed} {session}" if session else f"requests {self._seed}"
        self._request_ids = random.Random(named)

    def id(self) -> str:
        """Return a fresh id of digits; no run, task or group shares one."""
        self.last_id += 1 + self._draw() % 99
        return str(self.last_id)

    def uuid(self) -> str:
        """Return a fresh uuid."""
        return _uuid(self._draw())

    def request_id(self) -> str:
        """Return a fresh id of a call; drawn apart, so that calls don't change the runs' ids."""
        return _uuid(self._request_ids.getrandbits(128))

    def page_token(self) -> str:
        """Return a fresh page token."""
        return f"{self._request_ids.getrandbits(256):064x}"

    def _draw(self) -> int:
        """Return 128 bits that follow from the seed and how many were drawn before."""
        self.drawn += 1
        digest = sha256(f"ids {self._seed} {self.drawn}".encode()).digest()
        return int.from_bytes(digest[:16])


def _uuid(number: int) -> str:
    return str(uuid.UUID(int=number, version=4))


@frozen(kw_only=True)
class Store:
    """Everything that the emulator keeps; whoever touches it holds the emulator's lock.

    With a file for its data, each `Table` is kept there, for which its type here is all that is
    needed: records of attrs and of what JSON knows. What is no table does not outlast the emulator,
    or follows from the tables.
    """

    names: Names
    runs: Table[str, Run] = field(factory=Table[str, Run])
    forgotten: Table[str, Run] = field(factory=Table[str, Run])
    """Runs that there are no more, by their uuids: their logs stay."""
    run_groups: Table[str, RunGroup] = field(factory=Table[str, RunGroup])
    run_caches: Table[str, RunCache] = field(factory=Table[str, RunCache])
    workflows: Table[str, Workflow] = field(factory=Table[str, Workflow])
    workflow_versions: Table[str, WorkflowVersion] = field(factory=Table[str, WorkflowVersion])
    """All workflows' versions, by their keys."""
    configurations: Table[str, Configuration] = field(factory=Table[str, Configuration])
    submissions: Table[str, Submission] = field(factory=Table[str, Submission])
    batches: Table[str, Batch] = field(factory=Table[str, Batch])
    batch_submissions: Table[str, Submission] = field(factory=Table[str, Submission])
    objects: Table[str, str] = field(factory=Table[str, str])
    """What is in files in S3, by their URIs."""
    removable: list[tuple[int, str]] = field(factory=list[tuple[int, str]])
    """Numbers and ids of runs that have ended and may be evicted: a heap, oldest first."""
    shown_as_deleted: set[str] = field(factory=set[str])
    """Ids of the runs that are deleted and stay."""
    creations: Table[tuple[str, str], Creation] = field(factory=Table[tuple[str, str], Creation])
    """What was created, by the operation and its request id; runs aside."""
    free_ids: Table[str, bool] = field(factory=Table[str, bool])
    """Ids of deleted runs that are to be given out again; the values say nothing."""
    plans: Table[int, Plan] = field(factory=Table[int, Plan])
    """How runs are to go, by how many plans there were before."""
    pages: dict[str, Page] = field(factory=dict[str, Page])
    pages_kept: int = PAGE_TOKENS_KEPT

    def add(self, run: Run) -> None:
        """Keep a new run; a deleted one that had its id gives way."""
        self.forget(run.id)
        self.runs[run.id] = run

    def update(self, run: Run) -> None:
        """Keep a run in its place."""
        self.runs[run.id] = run

    def end(self, run: Run) -> None:
        """Note that a run has ended: one that needn't be kept may be evicted from now on."""
        if run.members.get("retentionMode") == "REMOVE":
            heapq.heappush(self.removable, (run.number, run.id))

    def show_as_deleted(self, run: Run) -> None:
        """Keep a run that is deleted, as such."""
        self.update(attrs.evolve(run, deleted=True))
        self.shown_as_deleted.add(run.id)
        self._count_as_deleted(run)

    def forget(self, run_id: str) -> None:
        """Keep a run no longer, if there is one."""
        run = self.runs.pop(run_id, None)
        if run is not None:
            self.forgotten[run.uuid] = run
        if run is not None and not run.deleted:
            self._count_as_deleted(run)
        self.shown_as_deleted.discard(run_id)

    def _count_as_deleted(self, run: Run) -> None:
        batch = self.batch_of(run)
        if batch is not None:
            batch.run_deleted(run.timeline.end.status)
            self.keep_batch(batch)

    def ever(self, run_id: str | None = None) -> list[Run]:
        """Return the runs that there are and were, or those of an id, the oldest first."""
        runs = (*self.forgotten.values(), *self.runs.values())
        return [run for run in runs if run_id in {None, run.id}]

    def free(self, run_id: str) -> None:
        """Let the id of a deleted run be given out again."""
        self.free_ids[run_id] = True

    @property
    def stored_runs(self) -> int:
        """How many runs there are, those aside that are deleted."""
        return len(self.runs) - len(self.shown_as_deleted)

    def oldest_removable(self) -> Run | None:
        """Return the oldest run that may be evicted, or None."""
        while self.removable:
            number, run_id = self.removable[0]
            run = self.runs.get(run_id)
            if run is not None and run.number == number and not run.deleted:
                return run
            heapq.heappop(self.removable)
        return None

    def submit(self, request_id: str, submission: Submission) -> None:
        """Remember a StartRun that was accepted."""
        self.submissions[request_id] = submission

    def batch_of(self, run: Run) -> Batch | None:
        """Return the batch that has started a run; None for no batch, or one that is deleted."""
        return self.batches.get(run.members.get("batchId", ""))

    def submit_batch(self, request_id: str, batch: Batch, submission: Submission) -> None:
        """Keep a new batch, and remember its request."""
        self.batches[batch.id] = batch
        self.batch_submissions[request_id] = submission

    def keep_batch(self, batch: Batch) -> None:
        """Keep what has changed in a batch, unless it is deleted."""
        if batch.id in self.batches:
            self.batches[batch.id] = batch

    def forget_batch(self, batch_id: str) -> None:
        """Keep a batch no longer."""
        del self.batches[batch_id]

    def add_object(self, uri: str, content: str) -> None:
        """Keep what is in a file, in place of what was in it before."""
        self.objects[uri] = content

    def add_run_group(self, group: RunGroup) -> None:
        """Keep a run group, in place of one of its id."""
        self.run_groups[group.id] = group

    def add_run_cache(self, cache: RunCache) -> None:
        """Keep a run cache, in place of one of its id."""
        self.run_caches[cache.id] = cache

    def add_workflow(self, workflow: Workflow) -> None:
        """Keep a workflow, in place of one of its id."""
        self.workflows[workflow.id] = workflow

    def add_workflow_version(self, version: WorkflowVersion) -> None:
        """Keep a workflow's version, in place of one of its key."""
        self.workflow_versions[version.key] = version

    def add_plan(self, plan: Plan) -> None:
        """Keep a plan, which counts before all others."""
        self.plans[len(self.plans)] = plan

    def add_configuration(self, configuration: Configuration) -> None:
        """Keep a configuration, in place of one of its name."""
        self.configurations[configuration.name] = configuration

    def newest_first(self) -> Iterator[Run]:
        """Return the runs from the last started to the first.

        Assumption: the order of ListRuns; the service documents none.
        """
        return reversed(self.runs.values())

    def next_run_id(self) -> str:
        """Return an id for a new run."""
        if not self.free_ids:
            return self.names.id()
        longest_free = next(iter(self.free_ids))
        del self.free_ids[longest_free]
        return longest_free

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
