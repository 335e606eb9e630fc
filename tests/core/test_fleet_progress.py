"""What a wait for many runs tells meanwhile: ends, throttling, and the time that is left."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from omics_runs import ResponseEvent
from omics_runs._hooks import Hooks
from omics_runs._pacing import Pacer

from .script import make_env, refusal
from .test_fleet_waiting import IDS, Service, Story

THROTTLED = refusal(429, "ThrottlingException")
MANY = [str(number) for number in range(100, 130)]


def test_each_outcome_is_told_once() -> None:
    """Each call has the ends since the one before; those that time was up for are no ends."""
    story = Story(Service(IDS), IDS, timeout=60)
    end = story.service.set
    story.meanwhile = [
        lambda: end("10", "COMPLETED"),
        lambda: [end(run_id, "FAILED") for run_id in IDS[1:3]],
    ]
    outcomes = story.all()
    told = [one for progress in story.told for one in progress.outcomes]
    assert [len(progress.outcomes) for progress in story.told[:4]] == [0, 1, 2, 0]
    assert told == [outcomes[run_id] for run_id in IDS[:3]]


def test_a_long_round_tells_of_its_ends_meanwhile() -> None:
    """Where calls take turns, ends are told of every ten seconds; the next look is now."""
    story = Story(Service(MANY, "COMPLETED"), MANY, make_env(pacer=Pacer.of(None, 1)))
    story.all()
    pauses = [after.elapsed - before.elapsed for before, after in pairwise(story.told)]
    assert len(pauses) == 3
    assert all(10 <= pause < 12 for pause in pauses[:-1])
    assert [progress.next_delay for progress in story.told] == [0.0, 0.0, 0.0, None]
    assert sum(len(progress.outcomes) for progress in story.told) == len(MANY)
    assert "next" not in str(story.told[0])


def test_ends_that_hints_have_brought_are_told_of() -> None:
    """Also who polls rarely hears of ends: every ten seconds, and at once when it was the last."""
    ends = {7: "10", 12: "11", 15: "12", 50: "13"}
    story = Story(Service(IDS[:4]), IDS[:4], min_delay=600, max_delay=600)
    clock = story.env.clock

    class Sleeps(list[float]):
        """Lets runs end while the wait sleeps."""

        def append(self, seconds: float) -> None:
            run_id = ends.get(round(clock.monotonic()))
            if run_id is not None:
                story.service.set(run_id, "COMPLETED")
                story.outcomes.hint(run_id)

    story.script.slept = Sleeps()
    story.meanwhile = [lambda: story.outcomes.hint("77")]
    story.all()
    assert [(round(told.elapsed), told.ended) for told in story.told] == [
        (0, 0),
        (13, 2),
        (51, 4),
    ]
    assert story.told[1].next_delay == pytest.approx(587, abs=1)
    assert story.told[-1].next_delay is None


def test_throttling_is_counted() -> None:
    """Each attempt that was throttled counts, whatever became of its call; the hook hears it."""
    heard: list[ResponseEvent] = []
    service = Service(IDS[:1], "COMPLETED")
    service.spoilt["/run/10"] = [THROTTLED, refusal(500), THROTTLED, THROTTLED]
    story = Story(service, IDS[:1], make_env(hooks=Hooks(on_response=heard.append)))
    story.all()
    assert [progress.throttled for progress in story.told] == [2, 3]
    assert len(heard) == 5


def ending(each: float, *, at_first: int = 0, runs: int = 20) -> Story:
    """Return a wait for runs one of which ends in each round, after some that have before."""
    ids = MANY[:runs]
    story = Story(Service(ids), ids, min_delay=each, max_delay=each)
    for run_id in ids[:at_first]:
        story.service.set(run_id, "COMPLETED")
    still = [*ids[at_first:]]
    story.meanwhile = [lambda: None] * 5
    story.meanwhile += [lambda: story.service.set(still.pop(0), "COMPLETED")] * (runs - at_first)
    return story


@pytest.mark.parametrize("at_first", [0, 8])
def test_the_time_left_follows_from_the_ends_so_far(at_first: int) -> None:
    """It is told from five ends on; neither earlier ends nor the time before the first count."""
    story = ending(30, at_first=at_first)
    story.all()
    told = [(progress.ended - at_first, progress.seconds_left) for progress in story.told]
    assert told[:6] == [(0, None)] * 6
    assert told[6:10] == [(ended, None) for ended in range(1, 5)]
    assert told[10:] == [(n, (20 - at_first - n) * 30.0) for n in range(5, 21 - at_first)]


def test_the_text_has_the_time_left() -> None:
    """`print` shows it where it is known."""
    story = ending(30)
    story.all()
    assert str(story.told[10]).endswith(" after 300 s, about 450 s left, next in 30 s")
    assert "left" not in str(story.told[9]) + str(story.told[-1])


def test_who_wants_no_progress_keeps_no_news() -> None:
    """Outcomes are kept for nobody but who hears of them."""
    story = Story(Service(IDS, "COMPLETED"), IDS, progress=None)
    fleet: Any = story.wait.fleet
    assert len(story.all()) == len(IDS)
    assert fleet._news == []


def test_outcomes_tell_how_many_are_to_come() -> None:
    """`length_hint` is what bars ask for; it counts what was handed out, and what joins."""
    story = Story(Service(IDS, "COMPLETED"), IDS)
    lengths = [story.outcomes.__length_hint__()]
    next(story.outcomes)
    story.outcomes.add("99")
    lengths.append(story.outcomes.__length_hint__())
    story.all()
    assert [*lengths, story.outcomes.__length_hint__()] == [10, 10, 0]
