"""Taking turns, played as scripts: how far apart, in which order, and who is left out."""

from __future__ import annotations

import gc
import heapq
import itertools
import math
import threading
from collections import defaultdict
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import pytest
from attrs import define, field, frozen
from hypothesis import given, settings
from hypothesis import strategies as st

from omics_runs import Timeout, errors
from omics_runs._clock import SystemClock, VirtualClock
from omics_runs._effects import Flow, Sleep
from omics_runs._pacing import HEADROOM, LONGEST, Lane, Pacer
from omics_runs._rates import SERVICE_RATES
from omics_runs.emulator import DOCUMENTED_RATES
from tests.examples import examples

from .script import Script, answer, make_env, refusal
from .test_call import GET, RUN, START, STARTED, run

HAIR = 1e-4
"""Seconds that roundings may add up to."""


class HandClock(SystemClock):
    """A clock that somebody sets."""

    time = 0.0

    def monotonic(self) -> float:
        return self.time


def always(_: float) -> bool:
    """Allow any wait."""
    return True


@frozen
class Caller:
    """Somebody who wants a turn."""

    comes: float = 0.0
    patience: float | None = None
    """Seconds after which it leaves; None for as long as it takes."""
    oversleeps: float = 0.0
    """Seconds by which each of its looks is late; infinite if it looks only once."""


@define
class World:
    """Callers of one pacer, on a clock that goes from one event to the next."""

    pacer: Pacer
    clock: HandClock = field(factory=HandClock)
    turns: list[tuple[int, float]] = field(factory=list[tuple[int, float]])
    """Who had a turn and when, in order."""
    promised: defaultdict[int, list[float]] = field(factory=lambda: defaultdict(list))
    """The moments that each was told at its looks."""
    looks: int = 0

    def play(self, callers: list[Caller]) -> None:
        """Have all of them come, wait, and get a turn or leave."""
        flows: dict[int, Flow[str | None]] = {who: self.turn(who) for who in range(len(callers))}
        order = itertools.count()
        events: list[tuple[float, int, int, bool]] = []
        for who, caller in enumerate(callers):
            heapq.heappush(events, (caller.comes, next(order), who, False))
        for who, caller in enumerate(callers):
            if caller.patience is not None:
                leaves = caller.comes + caller.patience
                heapq.heappush(events, (leaves, next(order), who, True))
        while events:
            self.clock.time, _, who, leaves = heapq.heappop(events)
            if leaves and who in flows:
                flows.pop(who).close()
            elif who in flows and (seconds := self.look(flows[who])) is not None:
                wakes = self.clock.time + seconds + callers[who].oversleeps
                heapq.heappush(events, (wakes, next(order), who, False))
            elif flows.pop(who, None):
                self.turns.append((who, self.clock.time))

    def turn(self, who: int = 0) -> Flow[str | None]:
        """Return the flow of one turn, and note what it promises."""

        def allows(delay: float) -> bool:
            self.promised[who].append(self.clock.time + delay)
            return True

        return self.pacer.turn("StartRun", is_poll=False, clock=self.clock, allows=allows)

    def look(self, flow: Flow[str | None]) -> float | None:
        """Resume a flow; return how long it sleeps, or None if it is its turn."""
        self.looks += 1
        effect = next(flow, None)
        assert effect is None or isinstance(effect, Sleep)
        return None if effect is None else effect.seconds


def world(rate: float = 1.0) -> World:
    """Return a world in which StartRun has a limit."""
    return World(Pacer.of({"StartRun": rate}, None))


# --- what a lane promises -------------------------------------------------------------------

SECONDS = st.floats(0, 30)
CALLERS = st.lists(
    st.builds(Caller, SECONDS, st.none() | SECONDS, st.sampled_from([0.0, 0.1, 3.0, math.inf])),
    max_size=25,
)


@given(callers=CALLERS, rate=st.sampled_from([0.3, 1.0, 2.0, 10.0]))
@settings(max_examples=examples(150))
def test_turns_are_spaced_out_and_promises_kept(callers: list[Caller], rate: float) -> None:
    """Whoever comes, leaves, is late or never looks again: others keep their pace and their turns.

    Turns that are at least `1 / rate` apart are at most `rate * time + 1` in any window.
    """
    played = world(rate)
    played.play(callers)
    in_time = [(who, time) for who, time in played.turns if callers[who].oversleeps == 0]
    for (_, earlier), (_, later) in pairwise(in_time):
        assert later - earlier >= 1 / rate - 1e-9
    for who, time in in_time:
        promised = [*played.promised[who], time - HAIR]
        assert all(later <= earlier + 1e-9 for earlier, later in pairwise(promised))
    stay = {who for who, one in enumerate(callers) if one.patience is None}
    look = {who for who, one in enumerate(callers) if one.oversleeps < math.inf}
    assert stay & look <= {who for who, _ in played.turns}


@given(comes=st.lists(SECONDS, min_size=1, max_size=25), rate=st.sampled_from([0.3, 1.0, 10.0]))
@settings(max_examples=examples(60))
def test_no_turn_is_wasted(comes: list[float], rate: float) -> None:
    """Where nobody leaves, they go in order of arrival, each as soon as the spacing allows it."""
    played = world(rate)
    played.play([Caller(one) for one in comes])
    order = sorted(range(len(comes)), key=lambda who: comes[who])
    assert [who for who, _ in played.turns] == order
    free_from = 0.0
    for who, time in played.turns:
        free_from = max(comes[who], free_from)
        assert time == pytest.approx(free_from, abs=HAIR)
        free_from += HEADROOM / rate


def test_those_who_leave_free_their_slots() -> None:
    """When all in front of somebody leave, the turn comes after the next look, not in its old slot.

    Newcomers wait no longer than for the next turn either.
    """
    played = world()
    played.play(
        [
            *(Caller() for _ in range(2)),
            *(Caller(0.1, patience=3) for _ in range(500)),
            Caller(0.2),
            Caller(3.2),
        ]
    )
    times = {who: time for who, time in played.turns if who >= 500}
    assert times[502] <= 0.2 + LONGEST + HEADROOM
    assert times[503] <= 3.2 + HEADROOM


def test_a_short_queue_moves_up_soon() -> None:
    """Where a turn is some seconds away, it is noticed within half of them that others left."""
    played = world()
    played.play([Caller(), *(Caller(patience=0.5) for _ in range(7)), Caller(0.1)])
    assert played.turns == [(0, 0), (8, pytest.approx(5 * HEADROOM, abs=HAIR))]


def test_where_all_have_left_nobody_waits() -> None:
    """Slots that were given back last hold up nobody, not even when their time is over."""
    played = world(rate=0.1 * HEADROOM)
    played.play([Caller(), *(Caller(1, patience=1) for _ in range(3)), Caller(5), Caller(21)])
    assert played.turns == [(0, 0), (4, pytest.approx(10, abs=HAIR)), (5, 21)]
    played = world(rate=0.1 * HEADROOM)
    played.play([Caller(), *(Caller(1, patience=1) for _ in range(3)), Caller(12)])
    assert played.turns == [(0, 0), (4, 12)]


def test_who_never_looks_again_delays_nobody() -> None:
    """Behind a flow that stays unresumed, in a stopped loop or below a signal handler, all go on.

    That they are of one thread makes no difference.
    """
    played = world(rate=HEADROOM)
    forgotten = [played.turn(who) for who in range(3)]
    assert [played.look(flow) for flow in forgotten] == [None, 1, 1]
    played.play([Caller(), Caller()])
    assert [time for _, time in played.turns] == pytest.approx([3, 4], abs=HAIR)


def test_those_who_are_late_make_no_burst() -> None:
    """After a pause of the whole process one goes at once, and the others are spaced out again."""
    played = world()
    flows = [played.turn(who) for who in range(20)]
    for flow in flows:
        played.look(flow)
    played.clock.time = 60.0
    assert played.look(flows[1]) is None
    for flow in flows[2:]:
        assert played.look(flow) is not None
    anew = [played.promised[who][-1] for who in range(2, 20)]
    assert anew == pytest.approx([60 + HEADROOM * place for place in range(1, 19)], abs=HAIR)


@pytest.mark.parametrize(
    ("rate", "late", "is_too_late"),
    [
        pytest.param(0.5, 2.0, False, id="an interval of two seconds"),
        pytest.param(0.5, 2.2, True, id="more than that"),
        pytest.param(10, 0.9, False, id="less than a second"),
        pytest.param(10, 1.1, True, id="more than that, too"),
    ],
)
def test_how_late_is_too_late(rate: float, late: float, is_too_late: bool) -> None:
    """Where others go, a slot is good for an interval or a second; then a new one is taken."""
    played = world(rate)
    flows = [played.turn(who) for who in range(20)]
    for flow in flows:
        played.look(flow)
    interval = HEADROOM / rate
    played.clock.time = interval + late
    played.look(flows[2])
    assert (played.look(flows[1]) is not None) is is_too_late
    assert played.promised[1][-1] == pytest.approx(interval * (20 if is_too_late else 1))


def test_newcomers_go_behind_those_who_wait() -> None:
    """Where turns have passed unused, one who is late may go at once, but no newcomer."""
    played = world()
    flows = [played.turn(who) for who in range(22)]
    for flow in flows[:20]:
        played.look(flow)
    played.clock.time = 10.0
    assert played.look(flows[20]) is not None
    assert played.look(flows[1]) is None
    assert played.look(flows[21]) is not None
    assert [played.promised[who][-1] for who in (20, 21)] == pytest.approx([21.0, 22.05])


def test_those_who_are_always_late_go_nevertheless() -> None:
    """In a process that is busy with other things, turns are late; but there are turns."""
    played = world()
    played.play([Caller(oversleeps=3) for _ in range(20)])
    assert len(played.turns) == 20
    assert 20 * HEADROOM <= played.clock.time <= 40 * HEADROOM


def test_few_looks() -> None:
    """A long queue costs each who waits one look in ten seconds, and a few more at its end."""
    played = world(rate=2)
    played.play([Caller() for _ in range(300)])
    assert len(played.turns) == 300
    assert played.turns[-1][1] == pytest.approx(149.5 * HEADROOM, abs=0.01)
    assert played.looks <= sum(place * HEADROOM / 2 / LONGEST + 7 for place in range(300))


def test_a_forgotten_flow_leaves_its_place_to_others() -> None:
    """A flow that nobody resumes any more holds nobody up once it is collected."""
    played = world(rate=HEADROOM / 2)
    flows = [played.turn() for _ in range(3)]
    assert [played.look(flow) for flow in flows] == [None, 1, 2]
    del flows[1]
    gc.collect()
    assert played.look(flows[-1]) == 1
    played.clock.time = 2.0
    assert played.look(flows[-1]) is None


def test_a_forked_child_waits_for_none_of_its_parents_threads() -> None:
    """Whoever reserved a turn there is not here; the child goes at once, then at its own pace."""
    lane, clock = Lane("poll_rate", HEADROOM / 4), HandClock()
    parents = [lane.turn(clock, always) for _ in range(3)]
    assert [next(flow, None) for flow in parents] == [None, Sleep(2), Sleep(4)]
    lane.renew()
    child = [lane.turn(clock, always) for _ in range(2)]
    assert [next(flow, None) for flow in child] == [None, Sleep(2)]


def test_threads_keep_the_pace() -> None:
    """Sixteen threads that hammer never go faster than allowed, and take turns.

    Whoever is faster than the others' start has the first turn, and queues up with them for more.
    """
    clock = VirtualClock(participants=16)
    pacer = Pacer.of({"StartRun": 4.0 * HEADROOM}, None)
    turns: list[tuple[float, int]] = []

    def work(thread: int) -> None:
        for _ in range(10):
            flow = pacer.turn("StartRun", is_poll=False, clock=clock, allows=always)
            for effect in flow:
                assert isinstance(effect, Sleep)
                clock.sleep(effect.seconds)
            turns.append((clock.monotonic(), thread))
        clock.leave()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(turns) == 160
    for (earlier, _), (later, _) in pairwise(sorted(turns)):
        assert later - earlier >= 0.25 - HAIR
    served = [thread for _, thread in sorted(turns)][1:]
    for start in range(0, 144, 16):
        assert set(served[start : start + 16]) == set(range(16))
    assert clock.monotonic() == pytest.approx(159 / 4, abs=10 * HAIR)


# --- which lane -----------------------------------------------------------------------------


def play(pacer: Pacer, *operations: str, is_poll: bool = False, allows: Any = always) -> list[Any]:
    """Take turns one after another; return what each returned, and the seconds when it did."""
    env = make_env()
    script = Script(env, [])
    found = []
    for name in operations:
        flow = pacer.turn(name, is_poll=is_poll, clock=env.clock, allows=allows)
        late = script.play(flow)
        found.append(late or round(env.clock.monotonic(), 3))
    return found


@pytest.mark.parametrize(
    ("rate_limits", "poll_rate", "is_poll", "expected"),
    [
        pytest.param(None, None, True, [0, 0, 0, 0], id="nothing is paced"),
        pytest.param({}, None, False, [0, 0, 0, 0], id="limits for nothing"),
        pytest.param({"GetRun": 1}, None, False, [0, 1, 1, 2], id="a limit is one operation's"),
        pytest.param({"GetRun": 1}, None, True, [0, 1, 1, 2], id="also for its polls"),
        pytest.param(None, 2, False, [0, 0, 0, 0], id="poll rate, but no polls"),
        pytest.param(None, 2, True, [0, 0.5, 1, 1.5], id="all polls share their rate"),
        pytest.param({"GetRun": 1}, 2, True, [0, 1, 1, 2], id="both, the slower one counts"),
        pytest.param({"GetRun": 4}, 2, True, [0, 0.5, 1, 1.5], id="both, the other way round"),
    ],
)
def test_which_turns(
    rate_limits: Mapping[str, float] | None,
    poll_rate: float | None,
    is_poll: bool,
    expected: list[float],
) -> None:
    """A call takes the turn of its operation, a poll the turn among the polls as well."""
    pacer = Pacer.of(rate_limits, poll_rate)
    names = ("GetRun", "GetRun", "GetBatch", "GetRun")
    found = [seconds / HEADROOM for seconds in play(pacer, *names, is_poll=is_poll)]
    assert found == pytest.approx(expected, abs=0.002)


def test_a_turn_that_comes_too_late() -> None:
    """Nobody waits in vain: at once it is said how far away the turn is, and the place is free."""
    pacer = Pacer.of({"StartRun": 0.1}, None)
    found = play(pacer, "StartRun", "StartRun", "StartRun", allows=lambda delay: delay < 7)
    assert found == [0, *["the turn at rate_limits['StartRun'] (0.1/s) is 10.5 s away"] * 2]
    polls = play(Pacer.of(None, 2), *["GetRun"] * 2, is_poll=True, allows=lambda _: False)
    assert polls == [0, "the turn at poll_rate (2/s) is 0.5 s away"]


def test_each_attempt_takes_a_turn_of_its_operation() -> None:
    """A retry queues up like a first attempt, and calls without a limit pass by."""
    env = make_env(pacer=Pacer.of({"GetRun": HEADROOM / 10}, None))
    _, script = run(GET, refusal(500), answer(200, RUN), env=env)
    assert sum(script.slept) == pytest.approx(10, abs=HAIR)
    _, script = run(START, answer(201, STARTED), env=env)
    assert script.slept == []


def test_a_call_whose_turn_comes_too_late() -> None:
    """The error says which setting holds the call up, for how long, and why nobody waits for it."""
    env = make_env(pacer=Pacer.of({"StartRun": 0.1}, None))
    run(START, answer(201, STARTED), env=env)
    error, script = run(START, env=env, timeout=Timeout(total=5))
    assert isinstance(error, errors.TransportTimeoutError)
    assert str(error) == (
        "StartRun: the turn at rate_limits['StartRun'] (0.1/s) is 10.5 s away, "
        "more than is left of the total timeout of 5 s"
    )
    assert script.sent == []


def test_a_turn_that_is_too_late_for_a_retry_tells_of_the_last_error() -> None:
    """What the attempt before had failed with is the cause."""
    env = make_env(pacer=Pacer.of({"StartRun": 0.1}, None))
    error, script = run(START, refusal(500), env=env, timeout=Timeout(total=5))
    assert isinstance(error, errors.TransportTimeoutError)
    assert isinstance(error.__cause__, errors.InternalServerError)
    assert (len(script.sent), error.may_have_taken_effect) == (1, True)


# --- arguments ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rate_limits", "poll_rate", "what"),
    [
        pytest.param(
            {"start_run": 1},
            2.0,
            r"there is no operation 'start_run'; the service calls it 'StartRun'$",
            id="name of a method",
        ),
        pytest.param({"list_runs_in_batch": 1}, 2.0, "'ListRunsInBatch'$", id="another method"),
        pytest.param({"startRun": 1}, 2.0, "the service calls it 'StartRun'$", id="small letter"),
        pytest.param(
            {"StartRnu": 1},
            2.0,
            "no operation 'StartRnu'; near are StartRun, StartRunBatch$",
            id="misspelt",
        ),
        pytest.param({"Xyzzy": 1}, 2.0, "known are .*StartRun, StartRunBatch", id="nothing near"),
        pytest.param({7: 1}, 2.0, "no operation 7; known are CancelRun, ", id="no name at all"),
        pytest.param(
            ["StartRun"],
            2.0,
            r"^rate_limits must .* such as \{'StartRun': 1.0\}, ",
            id="no mapping",
        ),
        pytest.param(1.0, 2.0, "must map names", id="a number for all"),
        pytest.param(
            {"StartRun": 0}, 2.0, r"rate_limits\['StartRun'\] must be a number of calls", id="0"
        ),
        pytest.param({"StartRun": 5e-324}, 2.0, "from 1e-06 to 1e.09, got 5e-324", id="too slow"),
        pytest.param({"StartRun": 1e300}, 2.0, "got 1e.300", id="too fast"),
        pytest.param({"StartRun": -1}, 2.0, "got -1", id="negative"),
        pytest.param({"StartRun": float("inf")}, 2.0, "got inf", id="infinite"),
        pytest.param({"StartRun": float("nan")}, 2.0, "got nan", id="not a number"),
        pytest.param({"StartRun": "1"}, 2.0, "got '1'", id="text"),
        pytest.param({"StartRun": True}, 2.0, "got True", id="boolean"),
        pytest.param({"StartRun": None}, 2.0, "got None", id="None"),
        pytest.param(None, 0, "poll_rate must be a number of calls", id="poll rate of 0"),
        pytest.param(None, float("inf"), "poll_rate .* got inf", id="infinite poll rate"),
        pytest.param(None, "2", "poll_rate .* got '2'", id="poll rate as text"),
    ],
)
def test_what_makes_no_sense_is_refused(rate_limits: Any, poll_rate: Any, what: str) -> None:
    """A limit is for an operation that there is, and a rate is a number of calls a second."""
    with pytest.raises(errors.ConfigurationError, match=what):
        Pacer.of(rate_limits, poll_rate)


def test_the_service_rates_are_one_table() -> None:
    """What the emulator throttles by is what clients are given to pace by; all of it is taken."""
    assert DOCUMENTED_RATES is SERVICE_RATES
    assert SERVICE_RATES["StartRun"] == 1.0
    assert play(Pacer.of(SERVICE_RATES, None), "StartRun", "StartRun") == [0, HEADROOM]
    with pytest.raises(TypeError):
        SERVICE_RATES["StartRun"] = 5.0  # type: ignore[index]
