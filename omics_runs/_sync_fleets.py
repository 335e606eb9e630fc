"""Many runs at once: the sync client's methods."""

from __future__ import annotations

import os
from abc import abstractmethod
from collections.abc import Callable, Generator, Iterable
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from omics_runs._generated.sync_operations import SyncOperations

if TYPE_CHECKING:
    from omics_runs._effects import Flow
    from omics_runs._env import Env
    from omics_runs._event_feed import EventLike
    from omics_runs._fleet_plan import RunsLike
    from omics_runs._outcomes import RunOutcome
    from omics_runs._progress import FleetProgress
    from omics_runs._run_outcomes import RunOutcomes
    from omics_runs._submission import RunSpec, Submission, SubmitProgress, Submitted

T = TypeVar("T")


class SyncFleets(SyncOperations):
    """Waiting for many runs, and starting them."""

    _env: Env

    @abstractmethod
    def _run(self, flow: Flow[T]) -> T:
        """Perform a flow."""

    @abstractmethod
    def _stream(self, flow: Flow[object]) -> Generator[Any]:
        """Perform a flow, and yield what it emits."""

    def as_completed(
        self,
        runs: RunsLike,
        *,
        timeout: float | None = None,
        min_delay: float = 5,
        max_delay: float = 60,
        progress: Callable[[FleetProgress], object] | None = None,
    ) -> RunOutcomes:
        """Return an iterator that hands out how each run has ended, as it ends.

        One poller asks for all of them: a round takes one ListRuns for each hundred active runs of
        the account, and four more at most, or a GetRun for each run where that is less; which of
        both it is, is tried out, and such a round may take twice as many. Each
        run's end is settled by a GetRun. A run that failed, was cancelled or is gone is an
        outcome and no exception, and so is a refusal of the service to tell of a run. Trouble
        that passes is ridden out, as in `wait_until`; where ListRuns is refused, GetRun has to do.

        Nothing is asked before the first outcome is asked for, and nothing between two; `timeout`
        counts from the call of this method.

        Args:
            runs: The runs: an iterable of ids, references or answers that speak of a run, a
                mapping to such, a `Submission`, or the `RunCheckpoint` of another wait. Those that
                are the same by id and uuid have one outcome.
            timeout: Seconds to wait at most, None for no limit. What remains then comes as
                outcomes with a `WaitTimeoutError`. A round that is under way when
                time is up has one read timeout to end. With 0 the runs are looked at once, in
                that time.
            min_delay: Shortest delay between rounds, in seconds.
            max_delay: Longest delay between rounds, in seconds; delays grow towards it and are
                drawn at random.
            progress: A plain function, called with a `FleetProgress` after each round, and every
                ten seconds of a long one; a `LiveDisplay` will do. What it raises comes out
                of the iterator, which can go on.

        Returns:
            An iterator over `RunOutcome`s that takes more runs and hints meanwhile, and can be
            continued in another process. Going through it may raise `CredentialsError`,
            `AuthenticationError` or `TransportError`, if time alone won't mend it.

        Raises:
            InvalidRequestError: An argument is wrong; the error names every one that is.
        """
        from omics_runs._fleet_plan import plan_fleet
        from omics_runs._fleet_waiting import next_outcome
        from omics_runs._run_outcomes import RunOutcomes

        wait = plan_fleet("as_completed", runs, timeout, min_delay, max_delay, progress, self._env)
        return RunOutcomes(lambda: self._run(next_outcome(wait.fleet, self._env)), wait)

    def wait_all(
        self,
        runs: RunsLike,
        *,
        timeout: float | None = None,
        min_delay: float = 5,
        max_delay: float = 60,
        progress: Callable[[FleetProgress], object] | None = None,
        events: Iterable[EventLike] | None = None,
    ) -> tuple[RunOutcome, ...]:
        """Wait until many runs have ended, and return how, in the order given.

        It polls as `as_completed` does, and never raises for how a run has ended: each outcome
        has its `error`, and its `unwrap` raises it.

        Args:
            runs: The runs: an iterable of ids, references or answers that speak of a run, a
                mapping to such, a `Submission`, or the `RunCheckpoint` of another wait. One that
                is given twice has its outcome at both places.
            timeout: Seconds to wait at most, None for no limit. What remains then has
                a `WaitTimeoutError` in its outcome. A round that is under way when
                time is up has one read timeout to end. With 0 the runs are looked at once, in
                that time.
            min_delay: Shortest delay between rounds, in seconds.
            max_delay: Longest delay between rounds, in seconds; delays grow towards it and are
                drawn at random.
            progress: A plain function, called with a `FleetProgress` after each round, and every
                ten seconds of a long one; a `LiveDisplay` will do. What it raises ends the wait.
            events: An iterable of what EventBridge tells, each as it is delivered or as
                `parse_event` returns it: a hint, for which the runs are looked at within a second,
                however long the delays are. It is read by a thread of its own, which
                ends at the first item after the wait; None among the items lets it look.
                An item that is no event, an error, an end: each is a warning in the log, and
                polling goes on.

        Raises:
            InvalidRequestError: An argument is wrong; the error names every one that is.
            CredentialsError: There are no keys to sign with, and time alone won't bring any.
            AuthenticationError: The service does not accept the keys.
            TransportError: There is no way to the service, and time alone won't make one.
        """
        from omics_runs._event_feed import listening
        from omics_runs._fleet_plan import plan_fleet
        from omics_runs._fleet_waiting import all_outcomes

        wait = plan_fleet(
            "wait_all", runs, timeout, min_delay, max_delay, progress, self._env, events
        )
        with listening(wait, events):
            return self._run(all_outcomes(wait.fleet, self._env, wait.refs))

    def submit(
        self,
        specs: Iterable[RunSpec],
        *,
        key: str | None = None,
        journal: str | os.PathLike[str] | None = None,
        rate: float | Literal["documented"] | None = "documented",
        timeout: float | None = None,
        progress: Callable[[SubmitProgress], object] | None = None,
        via: Literal["runs", "batch"] = "runs",
        upload: Callable[[str, bytes], str] | None = None,
    ) -> Submission:
        """Start a run for each spec, each exactly once, and return what became of them.

        Submitting the same specs again with the same key, after a crash or on purpose, finds the
        runs that are there and starts only those that are missing. One spec that is refused never
        keeps the others from being sent. What every spec would meet stops the sending: a quota
        that is used up, missing permission or keys. Throttling, server errors, network trouble and
        keys that can't be had for a while are ridden out, with growing delays.

        Args:
            specs: What to start, each under a name of its own. They are read one by one, when
                their turn comes; so they may be a generator.
            key: What names the campaign: with the name of a spec it makes the request id by which
                the service recognizes what it has started. Without a journal it is required. With
                one it is kept there; None is then the journal's own, and random if that is new.
            journal: File in which each send is noted before and after it, so that a submission
                that was killed goes on where it was. It is made if it is not there, and must be on
                a disk of this machine. None for no journal: specs are then sent again, and the
                service tells which runs it has started.
            rate: Starts a second: a number; `"documented"` for the client's own limit of
                `StartRun`, or else for what the service allows by default; None for no limit.
            timeout: Seconds after which nothing more is sent, None for no limit. With 0 nothing is
                sent, and only the runs that the journal has are found. What is under way when time
                is up may take one read timeout longer.
            progress: A plain function, called with a `SubmitProgress` after each result, and
                when trouble is ridden out. What it raises ends the submission.
            via: `"runs"` for one `StartRun` after another. `"batch"` for one `StartRunBatch` with
                all specs that have no run yet: they are all read first, `rate` is left out since
                the service keeps the pace, and it is waited for, within `timeout`, until the batch
                has tried to start its last run. Specs that can't go into one batch are refused as a
                whole. A journal belongs to one of the two; without one, a key must keep to its
                way, too.
            upload: Puts the settings of a batch with more than 100 runs into S3, and returns the
                `s3://` URI; a plain function that is called with a name for the file and its
                bytes. The name is another for other bytes; keep it, so that no file changes that a
                batch has still to read. What it raises ends the submission before anything of the
                batch was sent.

        Returns:
            One result for each spec, the runs by their specs' names, and what stopped the sending.

        Raises:
            InvalidRequestError: An argument is wrong, one of the specs is no `RunSpec`, a batch
                can't carry what they ask for, or two would overwrite each other's files
                (`NONE_WITH_OVERWRITE` with one `output_uri`). Where `specs` can be read only once,
                the later one of two is refused instead.
            ConfigurationError: The journal can't be used: it belongs to another key, region or
                way, to another submission that is under way, or is where files can't be written
                or locked.
        """
        from omics_runs._submit_plan import plan_submission
        from omics_runs._submit_ways import submit

        plan = plan_submission(
            specs,
            key=key,
            journal=journal,
            rate=rate,
            timeout=timeout,
            progress=progress,
            via=via,
            upload=upload,
        )
        return self._run(submit(plan, self._env))

    def iter_submit(
        self,
        specs: Iterable[RunSpec],
        *,
        key: str | None = None,
        journal: str | os.PathLike[str] | None = None,
        rate: float | Literal["documented"] | None = "documented",
        timeout: float | None = None,
        progress: Callable[[SubmitProgress], object] | None = None,
        via: Literal["runs", "batch"] = "runs",
        upload: Callable[[str, bytes], str] | None = None,
    ) -> Generator[Submitted]:
        """Start a run for each spec as `submit` does, and yield each result when it comes.

        Nothing is sent before the first result is asked for, nor between two of them. Ending the
        loop early ends the submission; what is left can be submitted later. The journal stays
        locked until the iterator has ended or was closed.

        Args:
            specs: What to start, each under a name of its own; read one by one.
            key: What names the campaign; see `submit`.
            journal: File in which each send is noted; see `submit`.
            rate: Starts a second; see `submit`.
            timeout: Seconds after which nothing more is sent, None for no limit.
            progress: A plain function, called with a `SubmitProgress` after each result, and
                when trouble is ridden out.
            via: Run by run, or through a batch, whose results all come when it has tried to start
                its last run; see `submit`.
            upload: Puts the settings of a large batch into S3; see `submit`.

        Yields:
            One result for each spec, in their order, also for those that are refused or unsent.

        Raises:
            InvalidRequestError: An argument is wrong, one of the specs is no `RunSpec`, a batch
                can't carry what they ask for, or two would overwrite each other's files
                (`NONE_WITH_OVERWRITE` with one `output_uri`). Where `specs` can be read only once,
                the later one of two is refused instead.
            ConfigurationError: The journal can't be used.
        """
        from omics_runs._submit_plan import plan_submission
        from omics_runs._submit_ways import iter_submit

        plan = plan_submission(
            specs,
            key=key,
            journal=journal,
            rate=rate,
            timeout=timeout,
            progress=progress,
            via=via,
            upload=upload,
        )
        return self._stream(iter_submit(plan, self._env))
