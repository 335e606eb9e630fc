"""The SDK and the emulator, led through random steps of all that is about runs.

A model beside them knows what has to come of each step: which calls are refused, which runs, groups
and caches there are, how each run will end. Calls meet trouble on their way: refusals for a while,
connections that break, answers that are lost once all has happened. What the model says is held
against what the SDK sees, and against nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator
from itertools import count
from typing import Any, Literal, TypeAlias

import attrs
import pytest
from attrs import define, field, frozen
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, multiple, rule

from omics_runs import (
    TERMINAL,
    GetRunResponse,
    RetryPolicy,
    RunRef,
    RunStatus,
    StartRunRequest,
    errors,
)
from omics_runs._lifecycle import CANCELLABLE, DELETABLE, RUN_TRANSITIONS
from omics_runs.emulator import Durations, Emulator, Fault, Quotas, TaskPlan, VirtualClock
from omics_runs.models import CreateRunCacheRequest, CreateRunGroupRequest
from tests.emulator.conftest import ROLE
from tests.emulator.test_state_machine import later
from tests.examples import examples

Refused: TypeAlias = type[errors.ServiceError] | None
"""The error that a call is to be refused with, or None if it is to succeed."""

Creation: TypeAlias = CreateRunGroupRequest | CreateRunCacheRequest
"""What makes a group or a cache."""

ATTEMPTS = 3
"""How often the SDK sends a call: once more than the most trouble that it is to get over."""

TROUBLE = st.lists(
    st.sampled_from(
        [
            Fault.throttle(),
            Fault(reset=True),
            Fault(reset=True, after_commit=True),
            Fault(drop=True),
            Fault(drop=True, after_commit=True),
            Fault(drop="mid-body"),
            Fault(status=408, after_commit=True),
            Fault(status=500),
            Fault(status=500, after_commit=True),
            Fault(status=503),
            Fault(body=b'{"id": "1", "sta', status=201, after_commit=True),
        ]
    ),
    max_size=ATTEMPTS,
)
"""What each attempt of a call meets, one after another; with as many as attempts the call fails."""

DURATIONS = Durations(pending=60, starting=300, running=1800, stopping=60)
CPUS = 4
"""What each run's only task asks for."""

ENDINGS: dict[str, Literal["COMPLETED", "FAILED", "CANCELLED"]] = {
    "good": "COMPLETED",
    "bad": "FAILED",
    "unwanted": "CANCELLED",
}
"""How a run of each name will end, if nobody interferes."""

LIMITS = {
    "max_runs": st.none() | st.integers(1, 3),
    "max_cpus": st.none() | st.sampled_from([1, 8, 15]),
    "max_duration": st.sampled_from([None, 10, 50]),
}
TAGS = st.dictionaries(st.sampled_from("abc"), st.sampled_from("xyz"))
WANTED: tuple[frozenset[RunStatus], ...] = (
    TERMINAL,
    frozenset({RunStatus.COMPLETED}),
    frozenset({RunStatus.FAILED}),
    frozenset({RunStatus.RUNNING}),
)
NO_VALUES: tuple[Any, ...] = ()
NOTHING = multiple(*NO_VALUES)
"""What a rule returns that has nothing for its bundle."""
LONG = 1e7
"""More seconds than all runs together can take."""


@frozen
class Wish:
    """What a StartRun comes to, with what it takes over from the run that it duplicates."""

    request: StartRunRequest
    group: str | None = None
    cache: str | None = None
    name: str = ""
    may_go: bool = False
    """Whether it needn't be kept once it has ended."""


@define(kw_only=True)
class Known:
    """What the model knows of a run."""

    wish: Wish
    asks_at: float
    """When it asks for its slot."""
    out_of_time: bool
    """Whether it has less time than it takes."""
    id: str = ""
    uuid: str = ""
    status: RunStatus = RunStatus.PENDING
    """As it was last seen, or as it must be by now."""
    seen: GetRunResponse | None = None
    cancelled_in: RunStatus | None = None
    """Its status when somebody cancelled it."""

    @property
    def ending(self) -> RunStatus:
        """How it will end."""
        if self.cancelled_in is not None:
            return RunStatus.CANCELLED
        return RunStatus.FAILED if self.out_of_time else RunStatus(ENDINGS[self.wish.name])

    @property
    def has_slot(self) -> bool:
        """Whether it counts for the limits of its group and of the account."""
        active = self.status in {RunStatus.STARTING, RunStatus.RUNNING, RunStatus.STOPPING}
        return active and self.cancelled_in != RunStatus.PENDING


@frozen
class Group:
    """What the model knows of a run group."""

    max_runs: int | None = None
    max_cpus: int | None = None
    max_duration: int | None = None

    @property
    def room(self) -> float:
        """How many runs may be active in it."""
        # A run takes no more than its group may have, so that one always fits.
        cpus = float("inf") if self.max_cpus is None else self.max_cpus // min(CPUS, self.max_cpus)
        return min(cpus, float("inf") if self.max_runs is None else self.max_runs)


@define
class Walk:
    """A walk through the list of all runs that is under way, page by page."""

    pages: Iterator[Any]
    begun_with: set[str]
    seen: list[str] = field(factory=list[str])


class Family(RuleBasedStateMachine):
    """Runs, groups, caches and tags, in an account with room for all of them."""

    quotas = Quotas()
    reuse_ids = False

    requests = Bundle("requests")
    """Requests of runs that were accepted."""
    groups = Bundle("groups")
    caches = Bundle("caches")

    def __init__(self) -> None:
        super().__init__()
        self.clock = VirtualClock()
        self.emulator = Emulator(
            self.clock,
            verify_signatures=False,
            durations=DURATIONS,
            quotas=self.quotas,
            reuse_ids=self.reuse_ids,
        )
        for name, ending in ENDINGS.items():
            self.emulator.plan(name=name, ends=ending, tasks=[TaskPlan(name="T", cpus=CPUS)])
        # Its pauses between attempts take none of the emulator's time, so that the model need not
        # know them; those of a wait do.
        retry = RetryPolicy(max_attempts=ATTEMPTS)
        self.client = self.emulator.client(clock=VirtualClock(), retry=retry, sign=False)
        self.waiter = self.emulator.client(sign=False)
        self.tokens = count()
        self.started: dict[str, Known] = {}
        """All runs that were ever accepted, by their request ids, in the order of their starts."""
        self.runs: dict[str, Known] = {}
        """Those that there are, by their ids, in the order of their starts."""
        self.groups_now: dict[str, Group] = {}
        self.caches_now: dict[str, str | None] = {}
        """The caches that there are, with their names."""
        self.created: list[tuple[str, Creation, str]] = []
        """Of each group and cache that was ever made the operation, the request and the id."""
        self.tags: dict[str, dict[str, str]] = {}
        """The tags of all that there is, by its ARN."""
        self.active_before: dict[str | None, set[str]] = {}
        self.walk: Walk | None = None

    def token(self) -> str:
        """Return a request id that was not used before."""
        return f"request {next(self.tokens)}"

    def play(
        self,
        operation: str,
        trouble: list[Fault],
        send: Callable[[], Any],
        commit: Callable[[], Refused],
    ) -> Any:
        """Make a call that meets trouble, and again if it could not get over it.

        Args:
            operation: Which call it is.
            trouble: What its attempts meet.
            send: Makes it.
            commit: Lets it happen in the model, as often as the emulator will; the last answer is
                the one that is seen.

        Returns:
            The answer, or None if it was refused as the model says.
        """
        self.emulator.faults.clear()
        self.emulator.faults.add(*(attrs.evolve(one, operation=operation) for one in trouble))
        lost = [commit() for one in trouble if one.lets_through]
        if len(trouble) == ATTEMPTS:
            with pytest.raises(errors.CallError) as raised:
                send()
            assert len(raised.value.attempts) == ATTEMPTS
            assert raised.value.may_have_taken_effect or None not in lost
        refused = commit()
        if refused is None:
            return send()
        with pytest.raises(refused):
            send()
        return None

    # --- time ------------------------------------------------------------------------------

    @rule(seconds=st.sampled_from([1, 30, 60, 300, 1000, 3000]))
    def time_passes(self, seconds: int) -> None:
        """Let time pass."""
        self.clock.advance(seconds)

    # --- run groups and run caches ---------------------------------------------------------

    @initialize(target=groups)
    def begin_with_a_group(self) -> str:
        """Have a group to start with."""
        return self.make_group({"max_runs": 1}, {}, [])

    @initialize(target=caches)
    def begin_with_a_cache(self) -> str:
        """Have a cache to start with."""
        return self.make_cache({}, [])

    @rule(target=groups, limits=st.fixed_dictionaries(LIMITS), tags=TAGS, trouble=TROUBLE)
    def new_group(self, limits: dict[str, Any], tags: dict[str, str], trouble: list[Fault]) -> str:
        """Make a group."""
        return self.make_group(limits, tags, trouble)

    @rule(target=caches, tags=TAGS, trouble=TROUBLE)
    def new_cache(self, tags: dict[str, str], trouble: list[Fault]) -> str:
        """Make a cache."""
        return self.make_cache(tags, trouble)

    def make_group(self, limits: dict[str, Any], tags: dict[str, str], trouble: list[Fault]) -> str:
        """Make a group, one, however often the request arrives."""
        request = CreateRunGroupRequest(request_id=self.token(), tags=tags, **limits)
        group = self.create("CreateRunGroup", request, trouble)
        self.groups_now[group] = Group(**limits)
        return group

    def make_cache(self, tags: dict[str, str], trouble: list[Fault]) -> str:
        """Make a cache, one, however often the request arrives."""
        request = CreateRunCacheRequest(
            request_id=self.token(), tags=tags, cache_s3_location="s3://bucket/cache"
        )
        cache = self.create("CreateRunCache", request, trouble)
        self.caches_now[cache] = None
        return cache

    def create(self, operation: str, request: Creation, trouble: list[Fault]) -> str:
        """Make a group or a cache, and return its id."""
        answer = self.play(operation, trouble, lambda: self.client.send(request), lambda: None)
        self.created.append((operation, request, answer.id))
        self.tags[answer.arn] = dict(request.tags or {})
        return str(answer.id)

    @rule(place=st.integers(0), is_other=st.booleans(), trouble=TROUBLE)
    def create_again(self, place: int, is_other: bool, trouble: list[Fault]) -> None:
        """Send the request of a group or a cache again, be it still there or not."""
        operation, request, made = self.created[place % len(self.created)]
        sent = request.replace(name="of another name") if is_other else request
        answer = self.play(
            operation,
            trouble,
            lambda: self.client.send(sent),
            lambda: errors.ConflictError if is_other else None,
        )
        assert answer is None or answer.id == made

    @rule(group=groups, limits=st.fixed_dictionaries(LIMITS), trouble=TROUBLE)
    def update_group(self, group: str, limits: dict[str, Any], trouble: list[Fault]) -> None:
        """Raise or lower the maxima of a group, with runs in it."""
        changes = {name: limit for name, limit in limits.items() if limit is not None}

        def commit() -> Refused:
            if group not in self.groups_now:
                return errors.ResourceNotFoundError
            self.groups_now[group] = attrs.evolve(self.groups_now[group], **changes)
            return None

        update = self.client.update_run_group
        self.play("UpdateRunGroup", trouble, lambda: update(group, **changes), commit)

    @rule(group=groups, trouble=TROUBLE)
    def delete_group(self, group: str, trouble: list[Fault]) -> None:
        """Delete a group, if no run needs it any more."""

        def commit() -> Refused:
            refused = self.refuse_deletion(group, self.groups_now, "group")
            if refused is None:
                del self.groups_now[group], self.tags[self.arn("runGroup", group)]
            return refused

        self.play("DeleteRunGroup", trouble, lambda: self.client.delete_run_group(group), commit)

    @rule(cache=caches, name=st.sampled_from("xyz"), trouble=TROUBLE)
    def update_cache(self, cache: str, name: str, trouble: list[Fault]) -> None:
        """Give a cache another name, with runs that use it."""

        def commit() -> Refused:
            if cache not in self.caches_now:
                return errors.ResourceNotFoundError
            self.caches_now[cache] = name
            return None

        update = self.client.update_run_cache
        self.play("UpdateRunCache", trouble, lambda: update(cache, name=name), commit)

    @rule(cache=caches, trouble=TROUBLE)
    def delete_cache(self, cache: str, trouble: list[Fault]) -> None:
        """Delete a cache, if no run needs it any more."""

        def commit() -> Refused:
            refused = self.refuse_deletion(cache, self.caches_now, "cache")
            if refused is None:
                del self.caches_now[cache], self.tags[self.arn("runCache", cache)]
            return refused

        self.play("DeleteRunCache", trouble, lambda: self.client.delete_run_cache(cache), commit)

    def refuse_deletion(self, id: str, there: Container[str], kind: str) -> Refused:
        """Return how the deletion of a group or a cache is to be refused."""
        if id not in there:
            return errors.ResourceNotFoundError
        under_way = (run for run in self.runs.values() if run.status in CANCELLABLE)
        if any(getattr(run.wish, kind) == id for run in under_way):
            return errors.ConflictError
        return None

    @invariant()
    def groups_and_caches_are_listed(self) -> None:
        """Small pages, put together, have all that was made and not deleted, newest first."""
        listed = [group.id for group in self.client.iter_run_groups(max_results=2)]
        assert listed == [*reversed(self.groups_now)]
        caches = [(cache.id, cache.name) for cache in self.client.iter_run_caches(max_results=2)]
        assert caches == [*reversed(self.caches_now.items())]

    @invariant()
    def groups_have_their_limits(self) -> None:
        """A group has the maxima that it was given last."""
        for key, group in self.groups_now.items():
            found = self.client.get_run_group(key)
            assert Group(found.max_runs, found.max_cpus, found.max_duration) == group

    # --- runs ------------------------------------------------------------------------------

    @rule(
        target=requests,
        name=st.sampled_from(sorted(ENDINGS)),
        how_many=st.integers(1, 3),
        group=groups | st.none(),
        cache=st.none() | caches,
        retention=st.sampled_from([None, "REMOVE"]),
        tags=TAGS,
        trouble=TROUBLE,
    )
    def start(
        self,
        name: str,
        how_many: int,
        group: str | None,
        cache: str | None,
        retention: Any,
        tags: dict[str, str],
        trouble: list[Fault],
    ) -> Any:
        """Start runs that are alike, one for each request, however often that arrives."""
        base = StartRunRequest(
            workflow_id="1234567",
            role_arn=ROLE,
            output_uri="s3://bucket/out",
            name=name,
            run_group_id=group,
            cache_id=cache,
            retention_mode=retention,
            tags=tags,
        )
        wish = Wish(base, group=group, cache=cache, name=name, may_go=retention == "REMOVE")
        requests = [base.replace(request_id=self.token()) for _ in range(how_many)]
        wishes = (attrs.evolve(wish, request=request) for request in requests)
        started = [self.send_start(wish, trouble) for wish in wishes]
        return multiple(*(request for request in started if request is not NOTHING))

    @rule(target=requests, source=requests, tags=TAGS, trouble=TROUBLE)
    def duplicate(self, source: StartRunRequest, tags: dict[str, str], trouble: list[Fault]) -> Any:
        """Duplicate a run, or whichever run has its id by now."""
        run_id = self.started[source.request_id].id
        request = StartRunRequest(
            run_id=run_id,
            role_arn=ROLE,
            output_uri="s3://bucket/out",
            tags=tags,
            request_id=self.token(),
        )
        known = self.runs.get(run_id)
        wish = None if known is None else attrs.evolve(known.wish, request=request)
        return self.send_start(wish or Wish(request), trouble)

    @rule(request=requests, is_other=st.booleans(), trouble=TROUBLE)
    def start_again(self, request: StartRunRequest, is_other: bool, trouble: list[Fault]) -> None:
        """Send the request of a run again, whatever has become of the run."""
        known = self.started[request.request_id]
        sent = request.replace(priority=7) if is_other else request
        self.send_start(attrs.evolve(known.wish, request=sent), trouble)

    def send_start(self, wish: Wish, trouble: list[Fault]) -> Any:
        """Send a StartRun, and expect the run of its request id."""
        token = wish.request.request_id
        answer = self.play(
            "StartRun",
            trouble,
            lambda: self.client.send(wish.request),
            lambda: self.commit_start(wish),
        )
        if answer is None:
            return NOTHING
        known = self.started[token]
        if not known.id:
            known.id, known.uuid = answer.id, answer.uuid
            self.runs[known.id] = known
            self.tags[answer.arn] = dict(wish.request.tags or {})
        assert (answer.id, answer.uuid) == (known.id, known.uuid)
        assert answer.status == (known.status if self.is_there(known) else RunStatus.DELETED)
        return known.wish.request

    def commit_start(self, wish: Wish) -> Refused:
        """Return how a StartRun is to be refused, or let it happen if it is new."""
        before = self.started.get(wish.request.request_id)
        if before is not None:
            return None if before.wish.request == wish.request else errors.ConflictError
        if self.lacks_something(wish):
            return errors.ResourceNotFoundError
        if not self.make_room():
            return errors.ServiceQuotaExceededError
        minutes = None if wish.group is None else self.groups_now[wish.group].max_duration
        self.started[wish.request.request_id] = Known(
            wish=wish,
            asks_at=self.clock.monotonic() + DURATIONS.pending,
            out_of_time=minutes is not None and minutes * 60 < DURATIONS.running,
        )
        return None

    def lacks_something(self, wish: Wish) -> bool:
        """Return whether a StartRun names something that there is not."""
        source = wish.request.run_id
        return (
            (source is not None and source not in self.runs)
            or (wish.group is not None and wish.group not in self.groups_now)
            or (wish.cache is not None and wish.cache not in self.caches_now)
        )

    def make_room(self) -> bool:
        """Let a run go if there may be no other; return whether there is room for one more."""
        if len(self.runs) < self.quotas.max_stored_runs:
            return True
        ended = (run for run in self.runs.values() if run.wish.may_go and run.status in TERMINAL)
        oldest = next(ended, None)
        if oldest is not None:
            self.forget(oldest)
        return oldest is not None

    @rule(request=requests, trouble=TROUBLE)
    def cancel(self, request: StartRunRequest, trouble: list[Fault]) -> None:
        """Cancel whichever run has an id, if it can be."""
        run_id = self.started[request.request_id].id

        def commit() -> Refused:
            known = self.runs.get(run_id)
            if known is None:
                return errors.ResourceNotFoundError
            if known.status not in CANCELLABLE:
                return errors.ConflictError
            known.cancelled_in = known.cancelled_in or known.status
            known.status = RunStatus.STOPPING
            return None

        self.play("CancelRun", trouble, lambda: self.client.cancel_run(run_id), commit)

    @rule(request=requests, trouble=TROUBLE)
    def delete(self, request: StartRunRequest, trouble: list[Fault]) -> None:
        """Delete whichever run has an id, if it can be."""
        run_id = self.started[request.request_id].id

        def commit() -> Refused:
            known = self.runs.get(run_id)
            if known is None:
                return errors.ResourceNotFoundError
            if known.status not in DELETABLE:
                return errors.ConflictError
            self.forget(known)
            return None

        self.play("DeleteRun", trouble, lambda: self.client.delete_run(run_id), commit)

    def forget(self, known: Known) -> None:
        """Let a run be gone."""
        del self.runs[known.id], self.tags[self.arn("run", known.id)]

    def is_there(self, known: Known) -> bool:
        """Return whether there is this very run, not just another one of its id."""
        return self.runs.get(known.id) is known

    @invariant()
    def no_run_is_lost_and_none_goes_back(self) -> None:
        """Each run that was accepted is found, and what was seen of it before may lead to this."""
        for known in self.runs.values():
            seen = self.client.get_run(known.id)
            assert seen.uuid == known.uuid
            assert seen.status in later(known.status, RUN_TRANSITIONS)
            assert seen.status not in TERMINAL or seen.status == known.ending
            known.status, known.seen = seen.status, seen

    @invariant()
    def there_is_no_run_too_many(self) -> None:
        """Small pages, put together, have each run once, newest first; those that are gone not."""
        listed = [run.id for run in self.client.iter_runs(max_results=3)]
        assert listed == [*reversed(self.runs)]
        for known in self.started.values():
            if known.id not in self.runs:
                with pytest.raises(errors.ResourceNotFoundError):
                    self.client.get_run(known.id)

    # --- waiting for slots -----------------------------------------------------------------

    @invariant()
    def no_more_are_active_than_may_be(self) -> None:
        """Neither a group nor the account lets a run begin above its limit."""
        for group, active in self.active_by_group().items():
            if len(active) > self.room(group):  # a maximum was lowered under those who go on
                assert active <= self.active_before.get(group, set())
        self.active_before = self.active_by_group()
        assert sum(map(len, self.active_before.values())) <= self.slots

    @invariant()
    def none_waits_without_need(self) -> None:
        """Who is past its time in PENDING waits for its group, or for the account."""
        active = self.active_by_group()
        is_full = sum(map(len, active.values())) >= self.slots
        for known in self.runs.values():
            if known.status == RunStatus.PENDING and known.asks_at <= self.clock.monotonic():
                group = known.wish.group
                assert is_full or len(active.get(group, ())) >= self.room(group)

    def active_by_group(self) -> dict[str | None, set[str]]:
        """Return the uuids of the runs that have slots."""
        found: dict[str | None, set[str]] = {}
        for known in self.runs.values():
            if known.has_slot:
                found.setdefault(known.wish.group, set()).add(known.uuid)
        return found

    def room(self, group: str | None) -> float:
        """Return how many runs of a group may be active."""
        return self.groups_now[group].room if group is not None else float("inf")

    @property
    def slots(self) -> float:
        """How many runs of the account may be active."""
        return self.quotas.max_active_runs or float("inf")

    # --- waits -----------------------------------------------------------------------------

    @rule(request=requests, wanted=st.sampled_from(WANTED), trouble=TROUBLE)
    def wait(
        self, request: StartRunRequest, wanted: frozenset[RunStatus], trouble: list[Fault]
    ) -> None:
        """Wait for a run; trouble with a poll, even more than a call gets over, is ridden out."""
        known = self.started[request.request_id]
        self.emulator.faults.clear()
        self.emulator.faults.add(*(attrs.evolve(one, operation="GetRun") for one in trouble))
        expected = self.outcome(known, wanted)
        if expected is None:
            run = self.waited(known, wanted)
            assert run.uuid == known.uuid
            assert run.status in wanted or wanted == {RunStatus.RUNNING}
        else:
            with pytest.raises(expected):
                self.waited(known, wanted)
        self.emulator.faults.clear()

    def waited(self, known: Known, wanted: frozenset[RunStatus]) -> GetRunResponse:
        """Wait for a run for as long as all runs together may take."""
        run = known.seen or RunRef(known.id, known.uuid)
        return self.waiter.wait_until(run, wanted, timeout=LONG, min_delay=200, max_delay=900)

    def outcome(
        self, known: Known, wanted: frozenset[RunStatus]
    ) -> type[errors.WaitError | errors.ServiceError] | None:
        """Return how a wait for a run must fail, or None if it must be of use."""
        if not self.is_there(known):
            return self.outcome_without_it(known, wanted)
        may_be_seen = {known.ending}
        if known.cancelled_in in {None, RunStatus.RUNNING} or self.has_begun(known):
            may_be_seen.add(RunStatus.RUNNING)
        if wanted & may_be_seen:
            return None
        if RunStatus.RUNNING in wanted:  # hopeless already while it is STOPPING
            return errors.StatusUnreachableError
        return {
            RunStatus.COMPLETED: errors.StatusUnreachableError,
            RunStatus.FAILED: errors.RunFailedError,
            RunStatus.CANCELLED: errors.RunCancelledError,
        }[known.ending]

    def outcome_without_it(
        self, known: Known, wanted: frozenset[RunStatus]
    ) -> type[errors.WaitError | errors.ServiceError] | None:
        """Return how a wait must fail for a run that is gone."""
        if known.id in self.runs:
            return errors.RunReplacedError
        if known.seen is None:
            return errors.ResourceNotFoundError
        return None if RunStatus.DELETED in wanted else errors.RunGoneError

    def has_begun(self, known: Known) -> bool:
        """Return whether a run was seen to have begun."""
        return known.seen is not None and known.seen.start_time is not None

    # --- tags ------------------------------------------------------------------------------

    @rule(place=st.integers(0), tags=TAGS, trouble=TROUBLE)
    def tag(self, place: int, tags: dict[str, str], trouble: list[Fault]) -> None:
        """Give tags to a run, a group or a cache that is there, or was."""
        arn = self.some_arn(place)

        def commit() -> Refused:
            if arn not in self.tags:
                return errors.ResourceNotFoundError
            self.tags[arn].update(tags)
            return None

        send = self.client.tag_resource
        self.play("TagResource", trouble, lambda: send(arn, tags=tags), commit)

    @rule(place=st.integers(0), keys=st.sets(st.sampled_from("abc"), min_size=1), trouble=TROUBLE)
    def untag(self, place: int, keys: set[str], trouble: list[Fault]) -> None:
        """Take tags away from a run, a group or a cache that is there, or was."""
        arn = self.some_arn(place)

        def commit() -> Refused:
            if arn not in self.tags:
                return errors.ResourceNotFoundError
            for key in keys:
                self.tags[arn].pop(key, None)
            return None

        send = self.client.untag_resource
        self.play("UntagResource", trouble, lambda: send(arn, tag_keys=sorted(keys)), commit)

    def some_arn(self, place: int) -> str:
        """Return the ARN of something that there is, or was."""
        kinds = {"CreateRunGroup": "runGroup", "CreateRunCache": "runCache"}
        made = [self.arn(kinds[operation], key) for operation, _, key in self.created]
        made += [self.arn("run", known.id) for known in self.started.values()]
        return made[place % len(made)]

    @invariant()
    def all_have_their_tags(self) -> None:
        """Whatever there is has the tags that it was given."""
        for arn, tags in self.tags.items():
            assert self.client.list_tags_for_resource(arn).tags == tags

    def arn(self, kind: str, id: str) -> str:
        """Return the ARN of something."""
        return f"arn:aws:omics:{self.emulator.region}:{self.emulator.account_id}:{kind}/{id}"

    # --- batches: their rules and invariants go here ---------------------------------------

    # --- a walk through the list, while it changes -----------------------------------------

    @rule(size=st.integers(1, 3))
    def begin_to_walk(self, size: int) -> None:
        """Begin to read the list of runs, in pages of some size."""
        pages = self.client.iter_runs(max_results=size).pages()
        self.walk = Walk(pages, {known.uuid for known in self.runs.values()})

    @rule()
    def turn_the_page(self) -> None:
        """Read the next page; at the end, each run that was there all the time was met once."""
        if self.walk is None:
            return
        page = next(self.walk.pages, None)
        if page is not None:
            self.walk.seen += [self.runs[item.id].uuid for item in page.items]
            return
        all_the_time = self.walk.begun_with & {known.uuid for known in self.runs.values()}
        assert all_the_time <= set(self.walk.seen)
        assert len(set(self.walk.seen)) == len(self.walk.seen)
        self.walk = None


class CrowdedFamily(Family):
    """The same where runs wait for slots, few are kept, and ids come back."""

    quotas = Quotas(max_active_runs=2, max_stored_runs=3)
    reuse_ids = True


Family.TestCase.settings = settings(
    max_examples=examples(30), stateful_step_count=25, deadline=None, report_multiple_bugs=False
)
TestFamily = Family.TestCase
CrowdedFamily.TestCase.settings = Family.TestCase.settings
TestCrowdedFamily = CrowdedFamily.TestCase
