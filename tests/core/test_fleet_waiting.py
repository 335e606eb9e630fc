"""A wait for many runs, played against a service that is a dict: every decision, and its calls."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from omics_runs import (
    FleetProgress,
    GetRunResponse,
    RunCheckpoint,
    RunListItem,
    RunOutcome,
    RunRef,
    RunStatus,
    StartRunResponse,
    errors,
    parse_event,
)
from omics_runs._effects import Flow
from omics_runs._env import Env
from omics_runs._fleet_plan import plan_fleet
from omics_runs._fleet_waiting import all_outcomes, next_outcome
from omics_runs._pacing import Pacer
from omics_runs._run_outcomes import RunOutcomes
from omics_runs.models import RunBatchListItem

from .script import Reply, Script, answer, make_env, refusal

ZERO = datetime(2024, 1, 1, tzinfo=UTC)
ACTIVE = ["PENDING", "STARTING", "RUNNING", "STOPPING"]
NOT_FOUND = refusal(404, "ResourceNotFoundException")
DENIED = refusal(403, "AccessDeniedException")
BROKEN = [refusal(500, "InternalServerException")] * 3


def uuid_of(run_id: str) -> str:
    """Return the uuid of the first run of an id."""
    return f"uuid-of-{run_id}"


class Service:
    """Runs by id, as a service would tell of them, with replies that go before."""

    def __init__(self, runs: Iterable[str] = (), status: str = "RUNNING") -> None:
        self.runs: dict[str, dict[str, Any]] = {}
        self.listed: list[str] | None = None
        """The ids that lists show; None for those of all active runs."""
        self.spoilt: dict[str, list[Reply]] = {}
        """What a path answers first."""
        self.page = 100
        self.calls: list[httpx.URL] = []
        for run_id in runs:
            self.set(run_id, status)

    def set(self, run_id: str, status: str, **members: Any) -> None:
        """Have a run as it is said, from now on."""
        known = self.runs.get(run_id) or {
            "id": run_id,
            "arn": f"arn:run/{run_id}",
            "uuid": uuid_of(run_id),
            "creationTime": ZERO.isoformat(),
        }
        self.runs[run_id] = known | {"status": status} | members

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """Answer a request."""
        self.calls.append(request.url)
        if spoilt := self.spoilt.get(request.url.path):
            reply = spoilt.pop(0)
            return reply if isinstance(reply, httpx.Response) else reply(request)  # type: ignore[operator]
        if request.url.path == "/run":
            return self._list(request.url.params)
        run = self.runs.get(request.url.path.removeprefix("/run/"))
        return NOT_FOUND if run is None else answer(200, run)

    def _list(self, asked: httpx.QueryParams) -> httpx.Response:
        shown = [
            {name: value for name, value in run.items() if name != "uuid"}
            for run in self.runs.values()
            if run["status"] == asked["status"]
            and asked.get("batchId") in {None, run.get("batchId")}
            and (self.listed is None or run["id"] in self.listed)
        ]
        start = int(asked.get("startingToken", 0))
        end = start + self.page
        token = {"nextToken": str(end)} if end < len(shown) else {}
        return answer(200, {"items": shown[start:end], **token})

    @property
    def asked(self) -> list[str]:
        """The ids that were asked for by GetRun."""
        return [url.path.removeprefix("/run/") for url in self.calls if url.path != "/run"]

    @property
    def lists(self) -> list[str]:
        """The statuses that were asked for by ListRuns."""
        return [url.params["status"] for url in self.calls if url.path == "/run"]


class Story:
    """A wait, its service, and what happens meanwhile."""

    def __init__(self, service: Service, runs: Any, env: Env | None = None, **how: Any) -> None:
        self.env = env or make_env()
        self.service = service
        self.told: list[FleetProgress] = []
        how = {"timeout": None, "min_delay": 5, "max_delay": 60, "progress": self.hear} | how
        self.wait = plan_fleet("wait_all", runs, env=self.env, **how)
        self.script = Script(self.env, [service] * 100_000)
        self.outcomes = RunOutcomes(lambda: self.script.play(self.flow()), self.wait)
        self.meanwhile: list[Any] = []
        """What is done after each round, in order."""

    def flow(self) -> Flow[RunOutcome | None]:
        """Return the flow that finds the next outcome."""
        return next_outcome(self.wait.fleet, self.env)

    def hear(self, progress: FleetProgress) -> None:
        """Note a round, and let something happen."""
        self.told.append(progress)
        if self.meanwhile:
            self.meanwhile.pop(0)()

    def all(self) -> dict[str, RunOutcome]:
        """Return all outcomes, by the text of their references."""
        return {str(outcome.ref): outcome for outcome in self.outcomes}


IDS = [str(number) for number in range(10, 20)]


def test_runs_are_looked_for_in_lists_and_settled_by_themselves() -> None:
    """A round is four lists, and each run that they don't show is asked for once."""
    story = Story(Service(IDS), IDS)
    service = story.service
    story.meanwhile = [lambda: service.set("12", "COMPLETED"), lambda: service.set("15", "FAILED")]
    first, second = next(story.outcomes), next(story.outcomes)
    assert (first.ref, first.unwrap().status) == (RunRef("12"), "COMPLETED")
    assert (second.ref, type(second.error)) == (RunRef("15"), errors.RunFailedError)
    assert service.lists == ACTIVE * 3
    assert service.asked == ["12", "15"]
    assert story.script.slept == [5, 10]


@pytest.mark.parametrize(
    ("runs", "lists", "gets"),
    [
        pytest.param(4, 0, 4, id="as many as there are lists"),
        pytest.param(5, 4, 0, id="more than there are lists"),
    ],
)
def test_few_runs_are_asked_for_by_themselves(runs: int, lists: int, gets: int) -> None:
    """Whichever takes fewer calls is taken."""
    story = Story(Service(IDS), IDS[:runs], timeout=0)
    story.all()
    assert (len(story.service.lists), len(story.service.asked)) == (lists, gets)


def test_many_strangers_make_lists_too_dear() -> None:
    """A sweep of lists ends where GetRuns are cheaper, and is tried again some rounds later."""
    service = Service([*map(str, range(1000, 1200)), *IDS])
    service.page = 2
    story = Story(service, IDS, timeout=700)
    calls = []
    story.meanwhile = [lambda: calls.append(len(service.calls))] * 20
    story.all()
    rounds = [after - before for before, after in zip([0, *calls], calls, strict=False)]
    assert rounds[0] == 20
    assert rounds[1:8] == [10] * 7
    assert rounds[8] == 20


def test_a_long_list_is_read_to_its_end() -> None:
    """All pages are read, each of a hundred runs."""
    ids = list(map(str, range(1000, 1250)))
    story = Story(Service(ids), ids, timeout=0)
    outcomes = story.all()
    assert story.service.lists == [
        "PENDING",
        "STARTING",
        "RUNNING",
        "RUNNING",
        "RUNNING",
        "STOPPING",
    ]
    assert {url.params["maxResults"] for url in story.service.calls} == {"100"}
    assert {outcome.run and outcome.run.status for outcome in outcomes.values()} == {"RUNNING"}


def test_a_run_between_two_lists_goes_on() -> None:
    """A run that no list shows is still running if GetRun says so."""
    story = Story(Service(IDS), IDS, timeout=0)
    story.service.listed = IDS[1:]
    assert isinstance(story.all()["10"].error, errors.WaitTimeoutError)
    assert story.service.asked == ["10"]


ENDS = [
    pytest.param("FAILED", errors.RunFailedError, id="failed"),
    pytest.param("CANCELLED", errors.RunCancelledError, id="cancelled"),
    pytest.param("DELETED", errors.RunGoneError, id="deleted"),
]


@pytest.mark.parametrize(("status", "kind"), ENDS)
def test_how_a_run_ended_is_no_exception(status: str, kind: type[Exception]) -> None:
    """An outcome has the error of a wait for completion, and raises it when asked to."""
    story = Story(Service(["1"], status), ["1"])
    (outcome,) = story.outcomes
    assert type(outcome.error) is kind
    assert outcome.run is not None
    assert outcome.run.status == status
    assert outcome.run.response_metadata.raw is None
    with pytest.raises(kind) as caught:
        outcome.unwrap()
    assert caught.value is outcome.error


def test_a_completed_run_is_unwrapped() -> None:
    """What completed has no error, and is the answer to GetRun."""
    (outcome,) = Story(Service(["1"], "COMPLETED"), ["1"]).outcomes
    assert outcome.error is None
    assert outcome.unwrap() is outcome.run


def test_an_outcome_of_nothing_is_refused() -> None:
    """An outcome that was made by hand, with neither run nor error, has nothing to unwrap."""
    with pytest.raises(TypeError, match="has a run"):
        RunOutcome(RunRef("1"), None, None).unwrap()


def test_a_run_that_was_seen_and_is_deleted_is_gone() -> None:
    """The outcome has the run as a list has shown it last, with what was known besides."""
    refs = [RunRef(run_id, uuid_of(run_id)) for run_id in IDS]
    story = Story(Service(IDS), refs, timeout=100)
    story.meanwhile = [lambda: story.service.runs.pop("10")]
    outcome = story.all()[f"10/{uuid_of('10')}"]
    assert type(outcome.error) is errors.RunGoneError
    assert isinstance(outcome.error.__cause__, errors.ResourceNotFoundError)
    assert outcome.run == outcome.error.run
    assert outcome.run is not None
    assert (outcome.run.status, outcome.run.uuid) == ("RUNNING", uuid_of("10"))
    assert story.told[1].statuses[RunStatus.DELETED] == 1


def test_a_run_that_was_never_seen_is_not_found() -> None:
    """Its outcome is the service's own answer, for nothing is known of it."""
    (outcome,) = Story(Service(), ["1"]).outcomes
    assert type(outcome.error) is errors.ResourceNotFoundError
    assert outcome.run is None


def test_a_proxys_404_is_no_end() -> None:
    """A 404 that is not the service's own says nothing of a run that was seen."""
    story = Story(Service(["1"]), ["1"])
    story.meanwhile = [lambda: story.service.spoilt.update({"/run/1": [answer(404, b"<html>")]})]
    (outcome,) = story.outcomes
    assert type(outcome.error) is errors.ResourceNotFoundError


def test_a_run_just_started_may_not_be_found_for_a_minute() -> None:
    """For the answer to one's own start, a 404 is tolerated for 60 s."""
    service = Service()
    story = Story(service, [StartRunResponse(id="1"), StartRunResponse(id="2")])
    story.meanwhile = [lambda: service.set("1", "COMPLETED")]
    outcomes = story.all()
    assert outcomes["1"].error is None
    assert type(outcomes["2"].error) is errors.ResourceNotFoundError
    assert 60 <= sum(story.script.slept) < 120


# --- ids that are given out again -----------------------------------------------------------


LATER = (ZERO + timedelta(hours=1)).isoformat()


def replace(service: Service, run_id: str, status: str = "RUNNING") -> None:
    """Give a run's id to another run."""
    service.set(run_id, status, uuid="another", creationTime=LATER)


def test_another_run_under_the_id_is_noticed_by_its_creation_time() -> None:
    """A list tells no uuid, but a creation time; a run that has another one is asked for."""
    refs = [RunRef(run_id, uuid_of(run_id)) for run_id in IDS]
    story = Story(Service(IDS), refs, timeout=20)
    story.meanwhile = [lambda: replace(story.service, "10")]
    outcome = story.all()[str(refs[0])]
    assert isinstance(outcome.error, errors.RunReplacedError)
    assert (outcome.error.expected_uuid, outcome.error.seen_uuid) == (uuid_of("10"), "another")
    assert outcome.run is not None
    assert outcome.run.creation_time == ZERO
    assert story.service.asked == ["10"]


def test_another_run_is_noticed_where_no_uuid_is_known() -> None:
    """Followed by its id alone, a run whose creation time changes is gone."""
    story = Story(Service(IDS), IDS, timeout=20)
    story.meanwhile = [lambda: replace(story.service, "10", "COMPLETED")]
    outcome = story.all()["10"]
    assert type(outcome.error) is errors.RunGoneError
    assert "another run" in str(outcome.error)


def test_another_run_is_noticed_at_its_end_at_the_latest() -> None:
    """Taken over before it was ever seen, an id is found out when GetRun tells the uuid."""
    service = Service(IDS)
    replace(service, "10")
    story = Story(service, [RunRef(run_id, uuid_of(run_id)) for run_id in IDS], timeout=20)
    story.meanwhile = [lambda: replace(service, "10", "COMPLETED")]
    assert isinstance(story.all()[f"10/{uuid_of('10')}"].error, errors.RunReplacedError)


def test_creation_times_that_lists_tell_otherwise_do_no_harm() -> None:
    """Where the uuid is right, a run is the one that is meant, whatever the creation time."""
    refs = [RunRef(run_id, uuid_of(run_id)) for run_id in IDS]
    story = Story(Service(IDS), refs, timeout=200)
    story.meanwhile = [lambda: story.service.set("10", "RUNNING", creationTime=LATER)]
    assert isinstance(story.all()[str(refs[0])].error, errors.WaitTimeoutError)
    assert story.service.asked == ["10"]


def test_answers_without_creation_times_are_believed() -> None:
    """Where nothing tells two runs apart, they are taken for one."""
    service = Service(IDS)
    for run_id in IDS:
        service.set(run_id, "RUNNING", creationTime=None, uuid=None)
    story = Story(service, IDS)
    story.meanwhile = [lambda: [service.set(run_id, "COMPLETED") for run_id in IDS]]
    assert {outcome.error for outcome in story.all().values()} == {None}


def test_two_runs_may_share_an_id() -> None:
    """Of two references to one id with two uuids, one is right."""
    story = Story(Service(["1"], "COMPLETED"), [RunRef("1", uuid_of("1")), RunRef("1", "other")])
    outcomes = story.all()
    assert outcomes[f"1/{uuid_of('1')}"].error is None
    assert isinstance(outcomes["1/other"].error, errors.RunReplacedError)


def test_a_list_that_shows_ended_runs_is_not_believed() -> None:
    """Whatever a list makes of its filter, only GetRun tells of an end."""
    service = Service(IDS)
    page = answer(200, {"items": [{"id": "10", "arn": "a", "status": "COMPLETED"}]})
    service.spoilt["/run"] = [page]
    service.listed = IDS[1:]
    story = Story(service, IDS, timeout=0)
    assert isinstance(story.all()["10"].error, errors.WaitTimeoutError)
    assert service.asked == ["10"]


# --- trouble --------------------------------------------------------------------------------


def test_a_sweep_that_fails_is_ridden_out() -> None:
    """No run is asked for on the grounds of half a sweep."""
    service = Service(IDS)
    service.spoilt["/run"] = [*BROKEN, *BROKEN]
    story = Story(service, IDS)
    story.meanwhile = [lambda: None, lambda: None, lambda: service.set("10", "COMPLETED")]
    assert next(story.outcomes).ref == RunRef("10")
    assert service.asked == ["10"]


def test_runs_that_can_not_be_asked_for_keep_nobody_back() -> None:
    """Trouble with single runs is ridden out, the others' ends come first."""
    ids = IDS[:4]
    service = Service(ids, "COMPLETED")
    service.spoilt = {f"/run/{run_id}": [*BROKEN] for run_id in ids[:2]}
    story = Story(service, ids)
    assert [outcome.ref.id for outcome in story.outcomes] == [*ids[2:], *ids[:2]]
    assert len(story.told) == 2


def test_trouble_with_several_in_a_row_ends_the_round() -> None:
    """A service that is down is left alone for a while, and then asked for others first."""
    ids = IDS[:4]
    service = Service(ids, "COMPLETED")
    service.spoilt = {f"/run/{run_id}": [*BROKEN] for run_id in ids[:3]}
    story = Story(service, ids)
    assert next(story.outcomes).ref.id == ids[3]
    assert service.asked == [run_id for run_id in ids[:3] for _ in range(3)] + [ids[3]]
    assert [progress.ended for progress in story.told] == [0]
    assert len(story.all()) == 3


def test_trouble_is_counted_anew_in_each_round() -> None:
    """Also a second round of trouble ends early, and the next one begins with whom it left out."""
    service = Service(IDS[:4], "COMPLETED")
    service.spoilt = {f"/run/{run_id}": [*BROKEN, *BROKEN] for run_id in IDS[:3]}
    story = Story(service, IDS[:3])
    story.meanwhile = [lambda: story.outcomes.add(IDS[3])]
    assert [outcome.ref.id for outcome in story.outcomes] == [IDS[3], *IDS[:3]]
    assert [progress.ended for progress in story.told] == [0, 0, 4]


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        pytest.param(DENIED, errors.AccessDeniedError, id="403"),
        pytest.param(refusal(409, "ConflictException"), errors.ConflictError, id="409"),
        pytest.param(answer(200, {"id": 1}), errors.UnreadableResponseError, id="wrong types"),
        pytest.param(
            answer(200, {"id": "9", "arn": "a", "status": "COMPLETED"}),
            errors.UnreadableResponseError,
            id="another id",
        ),
    ],
)
def test_lasting_trouble_with_a_run_is_its_outcome(reply: Reply, kind: type[Exception]) -> None:
    """What time won't mend about one run ends its wait, and no other's."""
    service = Service(["1", "2"], "COMPLETED")
    service.spoilt["/run/1"] = [reply]
    outcomes = Story(service, ["1", "2"]).all()
    assert type(outcomes["1"].error) is kind
    assert outcomes["2"].error is None


@pytest.mark.parametrize("runs", [pytest.param(1, id="a run"), pytest.param(10, id="a sweep")])
def test_keys_that_are_refused_are_raised_and_nothing_is_lost(runs: int) -> None:
    """What is wrong for all runs is raised; the wait can be taken up where it was."""
    service = Service(IDS, "COMPLETED")
    refused = refusal(403, "UnrecognizedClientException")
    service.spoilt = {path: [refused] for path in ("/run", "/run/10")}
    story = Story(service, IDS[:runs])
    with pytest.raises(errors.AuthenticationError):
        next(story.outcomes)
    assert len(story.outcomes.pending) == runs
    service.spoilt = {}
    assert len(story.all()) == runs


def test_missing_keys_are_raised() -> None:
    """Without keys that time alone brings, there is nothing to wait for."""
    story = Story(Service(["1"]), ["1"])
    error = errors.CredentialsError("none")

    def fail() -> None:
        raise error

    story.script.on_fetch = fail
    with pytest.raises(errors.CredentialsError):
        next(story.outcomes)


def test_keys_that_can_not_be_had_for_a_while_are_ridden_out() -> None:
    """At the deadline the outcome says what kept the last poll; nothing was asked."""
    story = Story(Service(["1"]), ["1"], timeout=60)

    def fail() -> None:
        raise errors.CredentialsError("no network", is_passing=True)

    story.script.on_fetch = fail
    (outcome,) = story.outcomes
    assert isinstance(outcome.error, errors.WaitTimeoutError)
    assert isinstance(outcome.error.__cause__, errors.CredentialsError)
    assert "no network" in str(outcome.error)
    assert outcome.error.polls == 0


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(DENIED, id="403"),
        pytest.param(answer(200, {"items": 7}), id="unreadable"),
        pytest.param(refusal(400, "ValidationException"), id="400"),
    ],
)
def test_without_lists_get_run_has_to_do(reply: Reply) -> None:
    """Who may not list runs asks for each of them, from then on."""
    service = Service(IDS)
    service.spoilt["/run"] = [reply]
    story = Story(service, IDS)
    story.meanwhile = [lambda: None, lambda: service.set("10", "COMPLETED")]
    assert next(story.outcomes).ref == RunRef("10")
    assert service.lists == ["PENDING"]
    assert service.asked == [*IDS * 2, "10"]


def test_where_all_is_refused_each_run_says_so() -> None:
    """Neither lists nor runs may be read: each run has its refusal, and nothing is lost."""
    service = Service(IDS)
    service.spoilt = {path: [DENIED] for path in ("/run", *(f"/run/{run_id}" for run_id in IDS))}
    outcomes = Story(service, IDS).all()
    assert {type(outcome.error) for outcome in outcomes.values()} == {errors.AccessDeniedError}


def test_a_status_of_the_future_goes_on_until_it_has_stopped() -> None:
    """A status that this release doesn't know is followed by GetRun, and counted."""
    story = Story(Service(["1"], "PAUSED"), ["1"])
    story.meanwhile = [lambda: story.service.set("1", "PAUSED", stopTime=LATER)]
    (outcome,) = story.outcomes
    assert type(outcome.error) is errors.StatusUnreachableError
    assert story.told[0].statuses == {RunStatus("PAUSED"): 1}


# --- time -----------------------------------------------------------------------------------


def test_what_remains_at_the_deadline_has_its_outcome() -> None:
    """No run is left out: those that go on say so, and stay pending for another wait."""
    story = Story(Service(IDS), IDS, timeout=100)
    story.meanwhile = [lambda: story.service.set("10", "COMPLETED")]
    outcomes = story.all()
    assert outcomes["10"].error is None
    late = [outcomes[run_id] for run_id in IDS[1:]]
    assert {type(outcome.error) for outcome in late} == {errors.WaitTimeoutError}
    assert {outcome.run.status for outcome in late if outcome.run} == {"RUNNING"}
    error = late[0].error
    assert isinstance(error, errors.WaitTimeoutError)
    assert error.elapsed == sum(story.script.slept) == 100
    assert error.polls == len(story.service.calls)
    assert [ref.id for ref in story.outcomes.pending] == IDS[1:]
    assert story.told[-1].next_delay is None


def test_the_last_round_has_one_read_timeout_to_end() -> None:
    """Runs that would have their turn later than that are not asked for any more."""
    env = make_env(pacer=Pacer.of({}, 0.105))
    story = Story(Service(IDS, "COMPLETED"), IDS, env, timeout=0)
    outcomes = story.all()
    kinds = {run_id: type(outcomes[run_id].error) for run_id in IDS}
    assert story.service.lists == ACTIVE[:3]
    assert set(kinds.values()) == {errors.WaitTimeoutError}
    assert sum(story.script.slept) <= 31


def test_runs_to_settle_when_time_is_up_are_pending() -> None:
    """A run that is asked for too late has not ended, as far as is known."""
    env = make_env(pacer=Pacer.of({}, 0.105))
    story = Story(Service(IDS, "COMPLETED"), IDS[:4], env, timeout=15)
    errors_of = [type(outcome.error) for outcome in story.outcomes]
    assert errors_of == [type(None)] * 4
    env = make_env(pacer=Pacer.of({}, 0.105))
    story = Story(Service(IDS, "COMPLETED"), IDS[:4], env, timeout=0)
    errors_of = [type(outcome.error) for outcome in story.outcomes]
    assert errors_of == [type(None)] * 3 + [errors.WaitTimeoutError]


def test_a_reader_who_comes_too_late_asks_for_nothing() -> None:
    """Time counts from the beginning of the wait, whoever was busy meanwhile."""
    story = Story(Service(IDS), IDS, timeout=10)
    story.env.clock.sleep(100)
    assert {type(o.error) for o in story.outcomes} == {errors.WaitTimeoutError}
    assert story.service.calls == []


def test_trouble_at_the_deadline_is_the_cause() -> None:
    """Where nothing was seen for trouble, the outcome tells of it."""
    service = Service(["1"])
    service.spoilt["/run/1"] = BROKEN * 9
    (outcome,) = Story(service, ["1"], timeout=10).outcomes
    assert isinstance(outcome.error, errors.WaitTimeoutError)
    assert isinstance(outcome.error.__cause__, errors.InternalServerError)
    assert outcome.run is None


def test_a_wait_can_be_interrupted_in_a_sweep() -> None:
    """Closing a flow in the midst of a sweep leaves a wait that goes on."""
    story = Story(Service(IDS, "COMPLETED"), IDS)
    story.script.until_sent(story.flow())
    assert len(story.outcomes.pending) == 10
    assert len(story.all()) == 10


# --- who takes part -------------------------------------------------------------------------


def test_runs_may_join() -> None:
    """A run that joins is followed like the others, also after all have ended; none joins twice."""
    service = Service(["1", "2", "3"], "COMPLETED")
    story = Story(service, ["1"])
    story.outcomes.add("1")
    story.outcomes.add("2")
    assert [ref.id for ref in story.outcomes.pending] == ["1", "2"]
    assert len(story.all()) == 2
    assert story.outcomes.pending == ()
    story.outcomes.add("3")
    assert list(story.all()) == ["3"]


def test_runs_are_taken_in_any_form() -> None:
    """Whatever speaks of a run names it; an answer to GetRun has been seen already."""
    known = GetRunResponse(id="1", arn="a", status=RunStatus.RUNNING, uuid="u", creation_time=ZERO)
    runs = [
        known,
        "2",
        RunRef("3"),
        StartRunResponse(id="4", uuid="u"),
        RunListItem(id="5", arn="a", status=RunStatus.RUNNING, creation_time=ZERO),
        RunBatchListItem(run_setting_id="s", run_id="6"),
    ]
    story = Story(Service(), iter(runs), timeout=0)
    assert [str(ref) for ref in story.wait.refs] == ["1/u", "2", "3", "4/u", "5", "6"]
    outcomes = story.all()
    assert type(outcomes["1/u"].error) is errors.RunGoneError
    assert outcomes["1/u"].run == known
    assert type(outcomes["5"].error) is errors.ResourceNotFoundError


def test_all_wrong_arguments_are_named_at_once() -> None:
    """What can't work is refused before anything is asked."""
    with pytest.raises(errors.InvalidRequestError) as caught:
        Story(Service(), ["1", "x", 7], timeout=-1, progress=7)
    assert [path for path, _ in caught.value.problems] == [
        "timeout",
        "progress",
        "runs[1]",
        "runs[2]",
    ]


@pytest.mark.parametrize("runs", [pytest.param("12", id="text"), pytest.param(7, id="number")])
def test_what_is_no_iterable_of_runs_is_refused(runs: Any) -> None:
    """A single id is not taken for as many runs as it has digits."""
    with pytest.raises(errors.InvalidRequestError, match="iterable of runs"):
        Story(Service(), runs)


@pytest.mark.parametrize("method", ["add", "hint"])
def test_what_names_no_run_does_not_join(method: str) -> None:
    """Adding or hinting at something else is refused."""
    with pytest.raises(errors.InvalidRequestError, match=f"{method} was refused"):
        getattr(Story(Service(), []).outcomes, method)("x")


def test_without_runs_there_is_nothing_to_do() -> None:
    """No runs, no calls."""
    story = Story(Service(), [])
    assert story.all() == {}
    assert story.service.calls == []


def test_outcomes_come_in_the_order_of_the_runs() -> None:
    """Waiting for all gives each its place, also one that was given twice."""
    service = Service(["1", "2", "3"], "COMPLETED")
    story = Story(service, ["3", "1", "3", "2"])
    outcomes = story.script.play(all_outcomes(story.wait.fleet, story.env, story.wait.refs))
    assert [outcome.ref.id for outcome in outcomes] == ["3", "1", "3", "2"]
    assert outcomes[0] is outcomes[2]


def test_runs_of_one_batch_are_listed_alone() -> None:
    """Where all runs are known to be of one batch, lists are asked for no others."""
    service = Service()
    for run_id in IDS:
        service.set(run_id, "RUNNING", batchId="77")
    story = Story(service, IDS, timeout=5)
    story.all()
    assert [url.params.get("batchId") for url in service.calls] == [None] * 4 + ["77"] * 4


# --- hints ----------------------------------------------------------------------------------


def test_a_hint_has_a_run_asked_for_at_once() -> None:
    """The round is not waited for, and the lists are not read for it."""
    story = Story(Service(IDS), IDS)

    def end_and_tell() -> None:
        story.service.set("10", "COMPLETED")
        story.outcomes.hint("10")
        story.outcomes.hint(RunRef("10", uuid_of("10")))

    story.meanwhile = [end_and_tell]
    assert next(story.outcomes).ref == RunRef("10")
    assert story.script.slept == []
    assert story.service.asked == ["10"]


def test_wrong_hints_do_no_harm() -> None:
    """A run that goes on is asked for once; strangers and other runs of the id are not."""
    refs = [RunRef(run_id, uuid_of(run_id)) for run_id in IDS]
    story = Story(Service(IDS), refs, timeout=20)
    for run in ("99", RunRef("10", "another"), "11", "11"):
        story.outcomes.hint(run)
    assert {type(outcome.error) for outcome in story.outcomes} == {errors.WaitTimeoutError}
    assert story.service.asked == ["11"]
    assert max(story.script.slept) <= 1


def test_a_run_that_has_ended_is_not_asked_for_again() -> None:
    """A late hint, about a run whose outcome waits to be taken, is left alone."""
    story = Story(Service(["1", "2"], "COMPLETED"), ["1", "2"])
    story.outcomes.hint("1")
    story.outcomes.hint("2")
    next(story.outcomes)
    story.outcomes.hint("1")
    assert len(story.all()) == 1
    assert story.service.asked == ["1", "2"]


def told_of(kind: str, run_id: str, status: str) -> dict[str, Any]:
    """Return an event as EventBridge delivers it."""
    arn = f"arn:aws:omics:us-west-2:123456789012:{kind[0].lower()}{kind[1:]}/{run_id}"
    run = "arn:aws:omics:us-west-2:123456789012:run/10"
    return {
        "source": "aws.omics",
        "detail-type": f"{kind} Status Change",
        "detail": {"arn": arn, "status": status, "runArn": run},
    }


@pytest.mark.parametrize(
    ("told", "asked", "lists"),
    [
        pytest.param(told_of("Run", "10", "COMPLETED"), ["10"], 4, id="a run that ended"),
        pytest.param(told_of("Run", "10", "PAUSED"), ["10"], 4, id="a status of the future"),
        pytest.param(told_of("Run", "10", "RUNNING"), [], 4, id="a run that began"),
        pytest.param(told_of("Run", "99", "FAILED"), [], 4, id="a stranger"),
        pytest.param(told_of("Task", "10", "FAILED"), [], 4, id="a task"),
        pytest.param(told_of("RunBatch", "10", "PROCESSED"), [], 8, id="a batch that ended"),
        pytest.param(told_of("RunBatch", "10", "PENDING"), [], 4, id="a batch that began"),
    ],
)
def test_events_are_hints(told: dict[str, Any], asked: list[str], lists: int) -> None:
    """An event that may tell of an end has the run asked for, or all runs; no other has."""
    story = Story(Service(IDS), IDS, timeout=100, min_delay=100, max_delay=100)
    story.meanwhile = [lambda: story.outcomes.hint(parse_event(told))]
    calls: list[int] = []
    story.script.on_fetch = lambda: calls.append(int(story.env.clock.monotonic() < 100))
    story.all()
    assert story.service.asked == asked
    assert sum(calls) - len(asked) == lists


# --- what is told ---------------------------------------------------------------------------


def test_progress_is_told_after_each_round() -> None:
    """The counts are of all runs that were seen; the text has what one wants to know."""
    service = Service(IDS)
    service.set("10", "PENDING")
    story = Story(service, IDS, timeout=100)
    story.meanwhile = [lambda: service.set("10", "COMPLETED"), lambda: service.set("11", "FAILED")]
    story.all()
    first, second, third = story.told[:3]
    assert first.statuses == {"PENDING": 1, "RUNNING": 9}
    assert (second.ended, second.failed, second.remaining) == (1, 0, 9)
    assert (third.ended, third.failed, third.remaining) == (2, 1, 8)
    assert list(third.statuses) == ["RUNNING", "COMPLETED", "FAILED"]
    assert str(first) == (
        "0 of 10 runs ended (1 PENDING, 9 RUNNING), 4 polls after 0 s, next in 5 s"
    )
    assert str(story.told[-1]).endswith(" polls after 100 s")


def test_progress_before_anything_is_seen() -> None:
    """A round in trouble tells so."""
    service = Service(IDS)
    service.spoilt["/run"] = [*BROKEN]
    story = Story(service, IDS, timeout=30)
    story.all()
    assert "(none seen), 1 polls" in str(story.told[0])


def test_what_progress_raises_comes_out_and_the_wait_goes_on() -> None:
    """Nothing is lost by a progress that fails."""
    story = Story(Service(IDS, "COMPLETED"), IDS)

    def fail() -> None:
        raise KeyError

    story.meanwhile = [fail]
    outcomes = []
    with pytest.raises(KeyError):
        outcomes.extend(story.outcomes)
    assert len(story.all()) == 1


def test_the_end_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """A wait leaves one line."""
    caplog.set_level("INFO", "omics_runs")
    service = Service(["1", "2"], "COMPLETED")
    service.set("2", "RUNNING")
    Story(service, ["1", "2"], timeout=0).all()
    record = caplog.records[-1]
    assert record.getMessage() == (
        "wait for many runs: 1 ended, 0 of them failed, 1 remain, 2 polls in 0.0 s"
    )
    assert record.__dict__["omics_runs"]["remaining"] == 1


# --- any history ----------------------------------------------------------------------------

DEEDS = ["STARTING", "RUNNING", "STOPPING", "COMPLETED", "FAILED", "CANCELLED", "delete", "reuse"]


class History:
    """Runs to which something happens between rounds, and what has become of each, by uuid."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.fate = {run["uuid"]: run["status"] for run in service.runs.values()}
        self.before = dict(self.fate)
        """What was the case before the last things happened."""
        self.born = 0

    def happen(self, run_id: str, deed: str) -> None:
        """Have a run move on, end, be deleted, or have its id given to a new run."""
        run = self.service.runs.get(run_id)
        status = run["status"] if run else ""
        if run and status in ACTIVE and deed not in {"delete", "reuse"}:
            if deed not in ACTIVE or ACTIVE.index(deed) > ACTIVE.index(status):
                self.service.set(run_id, deed)
                self.fate[run["uuid"]] = deed
        elif run and deed in {"delete", "reuse"}:
            self.fate[run["uuid"]] = "gone"
            del self.service.runs[run_id]
            if deed == "reuse":
                self._bear(run_id)

    def _bear(self, run_id: str) -> None:
        self.born += 1
        created = (ZERO + timedelta(hours=self.born)).isoformat()
        self.service.set(run_id, "PENDING", uuid=f"later-{self.born}", creationTime=created)

    def end_all(self) -> None:
        """Have whatever is active complete."""
        for run_id in list(self.service.runs):
            self.happen(run_id, "COMPLETED")

    def told_by(self, outcome: RunOutcome) -> str:
        """Return what an outcome says of its run."""
        if outcome.error is None:
            return "COMPLETED"
        ends = {errors.RunFailedError: "FAILED", errors.RunCancelledError: "CANCELLED"}
        return ends.get(type(outcome.error), "gone")


ROUNDS = st.lists(
    st.lists(st.tuples(st.integers(0, 11), st.sampled_from(DEEDS)), max_size=8), max_size=12
)


@given(
    runs=st.integers(1, 12),
    rounds=ROUNDS,
    knows_uuids=st.booleans(),
    spoilt=st.lists(st.sampled_from(["/run", "/run/10", "/run/11", "/run/12"]), max_size=4),
    hints=st.lists(st.integers(0, 11), max_size=4),
)
def test_each_run_has_one_outcome_and_it_is_the_truth(
    runs: int, rounds: list[Any], knows_uuids: bool, spoilt: list[str], hints: list[int]
) -> None:
    """Whatever happens to runs between rounds, each is told of once, and as it was then.

    An id alone means the run that is first seen under it; so with ids alone the first sight is not
    spoilt.
    """
    ids = [str(number) for number in range(10, 10 + runs)]
    service = Service(ids, "PENDING")
    service.spoilt = {path: [*BROKEN] for path in spoilt if knows_uuids}
    history = History(service)
    refs = [RunRef(run_id, uuid_of(run_id)) if knows_uuids else RunRef(run_id) for run_id in ids]
    story = Story(service, refs)

    def pass_time(deeds: list[tuple[int, str]]) -> None:
        history.before = dict(history.fate)
        for number, deed in deeds:
            history.happen(str(10 + number), deed)

    story.meanwhile = [lambda deeds=deeds: pass_time(deeds) for deeds in rounds]
    story.meanwhile += [history.end_all] * 100
    for number in hints:
        story.outcomes.hint(str(10 + number))
    seen = []
    for outcome in story.outcomes:
        seen.append(outcome.ref)
        uuid = uuid_of(outcome.ref.id)
        assert history.told_by(outcome) in {history.fate[uuid], history.before[uuid]}
    assert sorted(seen, key=str) == refs


# --- checkpoints ----------------------------------------------------------------------------


def test_another_process_goes_on_from_a_checkpoint() -> None:
    """What was seen survives: identities, and that a run was there before it went."""
    service = Service(IDS)
    runs = [StartRunResponse(id="99", uuid="u"), RunRef("11", uuid_of("11")), *IDS[2:], "10"]
    story = Story(service, runs)
    story.meanwhile = [lambda: service.set("12", "COMPLETED")]
    assert next(story.outcomes).ref.id == "12"
    text = str(story.outcomes.checkpoint())
    checkpoint = RunCheckpoint.parse(text)
    assert str(checkpoint) == text
    assert repr(checkpoint) == "RunCheckpoint(<10>)"
    assert checkpoint.refs == story.outcomes.pending
    first = json.loads(text)["runs"][0]
    assert datetime.fromisoformat(first.pop("joined")).tzinfo is not None
    assert first == {"ref": "99/u", "justStarted": True}
    service.runs.pop("13")
    replace(service, "14")
    for run_id in ("10", "11", *IDS[5:]):
        service.set(run_id, "COMPLETED")
    outcomes = Story(service, checkpoint).all()
    assert type(outcomes["99/u"].error) is errors.ResourceNotFoundError
    assert type(outcomes["13"].error) is errors.RunGoneError
    assert type(outcomes["14"].error) is errors.RunGoneError
    assert outcomes[f"11/{uuid_of('11')}"].error is None


def test_looks_from_time_to_time_settle_what_was_never_seen() -> None:
    """A run that nobody finds is given its minute once, and not again with each look."""
    runs = [StartRunResponse(id="99", uuid="u"), RunRef("98", "v")]
    early = Story(Service(), runs, timeout=0)
    assert {type(one.error) for one in early.outcomes} == {errors.WaitTimeoutError}
    text = str(early.outcomes.checkpoint())
    told = json.loads(text)
    for run in told["runs"]:
        run["joined"] = (datetime.now(UTC) - timedelta(minutes=2)).isoformat()
    late = Story(Service(), RunCheckpoint.parse(json.dumps(told)), timeout=0)
    assert {type(one.error) for one in late.outcomes} == {errors.ResourceNotFoundError}


def test_a_checkpoint_that_does_not_say_since_when() -> None:
    """One of an earlier release is read, and written, without."""
    text = '{"version":1,"runs":[{"ref":"1"}]}'
    assert str(RunCheckpoint.parse(text)) == text


def test_outcomes_that_were_not_taken_are_in_the_checkpoint() -> None:
    """What was seen but not handed out is asked for again by who goes on."""
    story = Story(Service(["1", "2"], "COMPLETED"), ["1", "2"])
    story.meanwhile = [lambda: checkpoints.append(story.outcomes.checkpoint())]
    checkpoints: list[RunCheckpoint] = []
    story.all()
    assert [len(checkpoint.refs) for checkpoint in checkpoints] == [1]
    assert story.outcomes.checkpoint().refs == ()


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("12", id="a number"),
        pytest.param("{", id="no JSON"),
        pytest.param("[" * 100_000, id="too deep"),
        pytest.param('{"version":2,"runs":[]}', id="of the future"),
        pytest.param('{"version":1}', id="without runs"),
        pytest.param('{"version":1,"runs":[7]}', id="a run that is none"),
        pytest.param('{"version":1,"runs":[{}]}', id="a run without reference"),
        pytest.param('{"version":1,"runs":[{"ref":"1","seen":{}}]}', id="seen nothing"),
        pytest.param(
            '{"version":1,"runs":[{"ref":"1","joined":"2026-01-01T00:00:00"}]}', id="no zone"
        ),
    ],
)
def test_a_text_that_is_no_checkpoint_is_refused(text: str) -> None:
    """Whatever the text, it is a checkpoint or a `ValueError`."""
    with pytest.raises(ValueError, match=r"expected|each run|GetRun"):
        RunCheckpoint.parse(text)
