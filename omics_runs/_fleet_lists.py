"""How a wait for many runs uses ListRuns: whether it is worth while, and how lists stay short."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Protocol

from omics_runs._generated.enums import RunStatus
from omics_runs._generated.models import GetRunResponse, RunListItem

ACTIVE = (RunStatus.PENDING, RunStatus.STARTING, RunStatus.RUNNING, RunStatus.STOPPING)
"""What a sweep asks for, in the order of a run's life: one that moves on meanwhile is met again."""
PAGE = 100
"""Most runs of a page of ListRuns."""
CALMING = 0.9
"""How much cheaper a sweep of lists is thought to be with each round that did without."""
FAILURES_IN_A_ROW = 3
"""After so many failed sweeps each run is asked for, in case only the lists have trouble."""


class Listed(Protocol):
    """A run that is looked for in lists."""

    seen: RunListItem | GetRunResponse | None
    group: str | None


class Lists:
    """What sweeps over lists have cost, and what is known that makes them shorter."""

    def __init__(self) -> None:
        self.are_allowed = True
        """Whether ListRuns may be asked at all."""
        self._calls = float(len(ACTIVE))
        """How many calls a sweep takes, as far as is known."""
        self._guess: str | None = None
        """The run group of a run that was asked for by itself: all may be in it."""
        self._may_guess = True
        self._is_guessing = False
        self._failures = 0
        """How many sweeps in a row have failed."""

    def most_calls(self, runs: int) -> int | None:
        """Return how many calls a sweep may take; None if it is not worth while.

        Nobody knows how many active runs there are besides. So it ends where asking for each run
        would have been cheaper, and then such sweeps are tried again only after some rounds.
        """
        is_worth_while = self.are_allowed and runs > max(self._calls, len(ACTIVE))
        self._calls *= 1 if is_worth_while else CALMING
        return runs if is_worth_while else None

    def took(self, calls: int, *, is_whole: bool) -> None:
        """Note what a sweep took; one that is not whole has become too expensive."""
        self._failures = 0
        if not self._is_guessing:
            self._calls = calls if is_whole else 2.0 * calls

    def have_failed(self) -> bool:
        """Note a sweep that has failed; return whether so many have that GetRun has to do."""
        self._failures += 1
        return self._failures % FAILURES_IN_A_ROW == 0

    def belongs_to(self, group: str | None) -> None:
        """Note the run group of a run: items of lists don't tell it."""
        self._guess = group or self._guess

    def filters(self, runs: Iterable[Listed]) -> dict[str, str]:
        """Return what all runs that are followed have in common, so that lists are shorter.

        Assumption: ListRuns takes such a filter together with a status. If it answered with too
        little, all that is lost is a GetRun for each run.
        """
        runs, self._is_guessing = list(runs), False
        if batch := _common(getattr(one.seen, "batch_id", None) for one in runs):
            return {"batch_id": batch}
        if group := _common(one.group for one in runs):
            return {"run_group_id": group}
        are_long = self._calls > len(ACTIVE) + math.ceil(len(runs) / PAGE)
        self._is_guessing = self._guess is not None and self._may_guess and are_long
        return {"run_group_id": self._guess} if self._guess and self._is_guessing else {}

    def is_refuted(self, unmet: int) -> bool:
        """Return whether a sweep by a guess has missed more runs than a whole one takes calls.

        If so, nothing is guessed any more, and a whole one is called for.
        """
        was_guess, self._is_guessing = self._is_guessing, False
        if was_guess and unmet > self._calls:
            self._may_guess = False
        return was_guess and not self._may_guess


def _common(values: Iterable[str | None]) -> str | None:
    """Return the one value that all have; None if there is none."""
    found = set(values)
    return found.pop() if len(found) == 1 else None
