"""Runs in place of earlier ones: the sync client's methods."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Literal, Unpack

from omics_runs._sync_fleets import SyncFleets

if TYPE_CHECKING:
    from omics_runs._generated.models import GetRunResponse, StartRunRequest, StartRunResponse
    from omics_runs._generated.overrides import StartRunOverrides
    from omics_runs._outcomes import RunOutcome
    from omics_runs._subjects import RunLike
    from omics_runs._submission import Submission, SubmitProgress


class SyncReruns(SyncFleets):
    """Starting once more what has ended."""

    def rerun(self, run: RunLike, **overrides: Unpack[StartRunOverrides]) -> StartRunResponse:
        """Start a run once more, as it was but for what is given.

        The service copies what the new run is to have from the earlier one, which must still
        exist. What it does not copy is taken over here: role, `output_uri`, name, tags and run
        cache, so that tasks are taken from the cache where there is one. Tags that AWS itself has
        set, whose keys begin with `aws:`, are left out. The new run's `run_id`, as `get_run` tells
        it, leads to the earlier one.

        Each call starts a run of its own, once over all its attempts. Give a `request_id` if the
        same rerun may be asked for twice, such as by a retried function. Runs of READY2RUN and of
        shared workflows are reported not to work.

        Args:
            run: The run: its id, a `RunRef` or its text, or an answer that speaks of it. If its
                uuid is known, no other run that has got its id meanwhile is started.
            **overrides: Members of `start_run` that are to be different. None is as if it were
                not given; `tags={}` leaves out all tags. With another `cache_id` the earlier
                `cache_behavior` does not count any more.

        Returns:
            The service has accepted the run, which is then PENDING.

        Raises:
            InvalidRequestError: The run has not ended, its files would be overwritten
                (`NONE_WITH_OVERWRITE` with its `output_uri`), it does not tell its role or
                `output_uri` and none is given, or an argument is wrong. Nothing was started.
            RunReplacedError: The id now belongs to another run. Nothing was started.
            ServiceError: The service refused to tell of the run, or to start it.
            TransportError: No usable answer came.
            UnreadableResponseError: An answer came that could not be read.
        """
        from omics_runs._rerun import plan_rerun, rerun

        return self._run(rerun(plan_rerun(run, overrides), self._env))

    def retry_failed(
        self,
        submission: Submission,
        outcomes: Iterable[RunOutcome] | None = None,
        *,
        when: Callable[[GetRunResponse], object] | None = None,
        change: Callable[[StartRunRequest, GetRunResponse], StartRunRequest] | None = None,
        rate: float | Literal["documented"] | None = "documented",
        timeout: float | None = None,
        progress: Callable[[SubmitProgress], object] | None = None,
    ) -> Submission:
        """Start a run in place of each failed one of a submission, each exactly once.

        By default these are the runs that failed for what may pass by itself, as
        `failure_reason.retryable` has it. Runs that completed, were cancelled or deleted, or have
        not ended, are left alone. Each new run is a duplicate of the failed one, so that it goes
        on from that one's run cache where there is one, with the tags that its spec has.

        As in `submit`, all is noted in the submission's journal, if it has one, and the request id
        follows from key, name and generation. So the same call again, after a crash or by another
        process, finds the runs that it has started, and a later `submit` of the same specs adopts
        them. Stops and refusals are those of `submit`.

        Args:
            submission: What `submit` returned, or an earlier call of this method.
            outcomes: How its runs have ended, as `wait_all` and `as_completed` tell; what they do
                not speak of is left alone. None: all runs are looked at once, at the client's
                `poll_rate`, with one GetRun for each that is not active.
            when: A plain function that says of a failed run whether to start one in its place.
            change: A plain function from the request that would be sent, and the failed run, to
                the one to send, such as one with more storage. It is called for all of them before
                anything is sent; give the same answer to the same question. What it changes is for
                this one run: a later call begins with the spec's own request again.
            rate: Starts a second; see `submit`.
            timeout: Seconds after which nothing more is asked or sent, None for no limit. What is
                under way when time is up may take one read timeout longer.
            progress: A plain function, called with a `SubmitProgress` after each result, and
                when trouble is ridden out. What it raises ends the call.

        Returns:
            The submission as it is then: the same specs in the same order. A spec with a new run
            has the next `generation`, and in `replaces` the failed run; the others are unchanged.
            One whose new run was refused or not sent keeps the failed run in `replaces`.

        Raises:
            InvalidRequestError: An argument is wrong, or `change` returned no request that a
                spec could have. Nothing was sent.
            ConfigurationError: The journal can't be used.
            ServiceError: The service refused to tell of a run. Nothing was sent.
            CredentialsError: There are no keys to sign with while runs are looked at.
        """
        from omics_runs._retry_plan import plan_retry
        from omics_runs._retrying import retry_failed

        plan = plan_retry(submission, outcomes, when, change, rate, timeout, progress)
        return self._run(retry_failed(plan, self._env))
