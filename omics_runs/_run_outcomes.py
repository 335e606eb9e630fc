"""The outcomes of many runs, one by one as the runs end, in both colors."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Protocol

from omics_runs._checkpoint import RunCheckpoint
from omics_runs._events import BatchEvent, RunEvent, TaskEvent
from omics_runs._outcomes import RunOutcome
from omics_runs._run_ref import RunRef
from omics_runs._subjects import RunLike


class Wait(Protocol):
    """What an iteration over outcomes lets its caller have a hand in."""

    @property
    def pending(self) -> tuple[RunRef, ...]:
        """The runs whose outcome was not handed out, and those that had not ended in time."""
        ...

    @property
    def to_come(self) -> int:
        """How many outcomes are still to be handed out."""
        ...

    def add(self, run: RunLike) -> None:
        """Have one more run followed."""
        ...

    def hint(self, about: RunLike | RunEvent | TaskEvent | BatchEvent) -> None:
        """Have a run asked for at once."""
        ...

    def checkpoint(self) -> RunCheckpoint:
        """Return what another process needs to go on."""
        ...


class _Outcomes:
    _wait: Wait

    @property
    def pending(self) -> tuple[RunRef, ...]:
        """The runs whose outcome was not handed out, and those that had not ended in time."""
        return self._wait.pending

    def add(self, run: RunLike) -> None:
        """Wait for one more run; one that is waited for already is left as it is.

        Any thread may call it. An iteration that has ended goes on with the run when it is asked
        for the next outcome.

        Args:
            run: The run, as `wait_until` takes it.

        Raises:
            InvalidRequestError: It names no run.
        """
        self._wait.add(run)

    def hint(self, about: RunLike | RunEvent | TaskEvent | BatchEvent) -> None:
        """Say that a run may have ended: it is asked for at once, and not only in the next round.

        Any thread or task may call it; the iteration sleeps on for at most a second, and before
        the first hint for as long as its delay is. A hint is not believed: whether the run has
        ended is for the service to say, so one that is wrong, late, repeated or lost does no harm.

        Args:
            about: The run, as `wait_until` takes it, or what `parse_event` made of an event. Runs
                that are not waited for are ignored, and so are events that tell of no end. A
                batch that has ended begins the next round at once.

        Raises:
            InvalidRequestError: It names no run.
        """
        self._wait.hint(about)

    def checkpoint(self) -> RunCheckpoint:
        """Return what another process needs to go on with the `pending` runs."""
        return self._wait.checkpoint()


class RunOutcomes(_Outcomes, Iterator[RunOutcome]):
    """How each run of many has ended, as it ends.

    An error leaves the wait where it was: asking for the next outcome goes on with it.
    """

    def __init__(self, next_outcome: Callable[[], RunOutcome | None], wait: Wait) -> None:
        self._next_outcome = next_outcome
        self._wait = wait

    def __length_hint__(self) -> int:
        return self._wait.to_come  # `rich.progress.track` asks for it

    def __next__(self) -> RunOutcome:
        outcome = self._next_outcome()
        if outcome is None:
            raise StopIteration
        return outcome


class AsyncRunOutcomes(_Outcomes, AsyncIterator[RunOutcome]):
    """How each run of many has ended, as it ends.

    An error or a cancellation leaves the wait where it was: asking for the next outcome goes on.
    """

    def __init__(
        self, next_outcome: Callable[[], Awaitable[RunOutcome | None]], wait: Wait
    ) -> None:
        self._next_outcome = next_outcome
        self._wait = wait

    async def __anext__(self) -> RunOutcome:
        outcome = await self._next_outcome()
        if outcome is None:
            raise StopAsyncIteration
        return outcome
