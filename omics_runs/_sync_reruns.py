"""Runs in place of earlier ones: the sync client's methods."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

from omics_runs._rerun import plan_rerun
from omics_runs._rerun import rerun as rerun_flow
from omics_runs._sync_fleets import SyncFleets

if TYPE_CHECKING:
    from omics_runs._generated.models import StartRunResponse
    from omics_runs._generated.overrides import StartRunOverrides
    from omics_runs._subjects import RunLike


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
        return self._run(rerun_flow(plan_rerun(run, overrides), self._env))
