"""What became of a run, where its results are: the async client's methods."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omics_runs._async_reruns import AsyncReruns

if TYPE_CHECKING:
    from omics_runs._diagnosis import Diagnosis
    from omics_runs._manifest import Manifest
    from omics_runs._outputs import RunOutputs
    from omics_runs._subjects import RunLike
    from omics_runs._timeline import Timeline


class AsyncInsight(AsyncReruns):
    """Looking into runs.

    Each call on the way has the client's timeout and retry policy; `with_options` gives others.
    """

    async def diagnose(self, run: RunLike, *, tasks: int = 5, lines: int = 10) -> Diagnosis:
        """Find out what became of a run, why, who can act, and what to do next.

        One look at the run, at its tasks, closely at those that failed, and at the end of their
        logs and the engine's in CloudWatch Logs. What can't be seen, for want of a permission or
        because there is no such log, is told in the diagnosis. A run that the service has forgotten
        is told of from its manifest.

        The lines of a log are those that speak of trouble, else its last ones, among the last 200
        that were written from the run's creation to ten minutes after its end.

        Args:
            run: The run: its id, a `RunRef` or its text, or an answer that speaks of it. If its
                uuid is known, no other run that has got its id meanwhile is told of.
            tasks: How many failed tasks to look at closely, from 1 to 100; two calls for each.
            lines: How many lines of each log to tell at most, from 1 to 100.

        Returns:
            What was found, to be printed, shown in a notebook, or taken apart.

        Raises:
            InvalidRequestError: `run` names no run, or a count is none.
            ResourceNotFoundError: There is no such run, and no manifest of one.
            RunReplacedError: The id belongs to another run, and there is no manifest of this one.
            ServiceError: The service refused to tell of the run.
            TransportError: No usable answer came.
            UnreadableResponseError: An answer came that could not be read.
        """
        from omics_runs._diagnosing import diagnose, plan_diagnosis

        return await self._run(diagnose(plan_diagnosis(run, tasks, lines), self._env))

    async def manifest(self, run: RunLike) -> Manifest:
        """Read the manifest that the service has written of a run that has ended.

        It tells what the run was given and what each task used, and stays in CloudWatch Logs when
        the run itself was deleted or removed to make room. Needs the permission
        `logs:GetLogEvents`, and `logs:DescribeLogStreams` for forgotten runs without a known uuid.

        Args:
            run: The run: its id, a `RunRef` or its text, or an answer that speaks of it. If its
                uuid is unknown and the service has forgotten the run, the latest manifest of that
                id is read.

        Returns:
            The records of the run and of its tasks, and what of the log could not be read.

        Raises:
            InvalidRequestError: `run` names no run.
            ManifestNotFoundError: There is none: the run has not ended, or not long ago; its log
                level is OFF; or the log group no longer keeps it.
            ServiceError: The service, or CloudWatch Logs, refused to tell.
            TransportError: No usable answer came.
            UnreadableResponseError: An answer came that could not be read.
        """
        from omics_runs._manifests import manifest
        from omics_runs._wait_plan import named_by

        return await self._run(manifest(named_by(run, "manifest"), self._env))

    async def outputs(self, run: RunLike) -> RunOutputs:
        """Ask where the results of a run are.

        Args:
            run: The run: its id, a `RunRef` or its text, or an answer that speaks of it. If its
                uuid is known, no other run that has got its id meanwhile is told of.

        Returns:
            The place that the service tells, and whether all results are there.

        Raises:
            InvalidRequestError: `run` names no run.
            RunReplacedError: The id belongs to another run.
            ServiceError: The service refused to tell of the run, such as of one that it has
                forgotten; its manifest may still tell of it.
            TransportError: No usable answer came.
            UnreadableResponseError: An answer came that could not be read.
        """
        from omics_runs._outputs import outputs
        from omics_runs._wait_plan import named_by

        return await self._run(outputs(named_by(run, "outputs"), self._env))

    async def timeline(self, run: RunLike) -> Timeline:
        """Find out where the time of a run went, and how busy its tasks were.

        One look at the run and at all its tasks. Of a run that has ended the manifest is read as
        well, which knows what the tasks used; where one of both can't be read, `notes` say why.

        Args:
            run: The run: its id, a `RunRef` or its text, or an answer that speaks of it. If its
                uuid is known, no other run that has got its id meanwhile is told of. One that the
                service has forgotten is told of from its manifest.

        Returns:
            The timeline, to be shown in a notebook, saved as a picture, or read as rows.

        Raises:
            InvalidRequestError: `run` names no run.
            ResourceNotFoundError: There is no such run, and no manifest of one.
            RunReplacedError: The id belongs to another run, and there is no manifest of this one.
            ServiceError: The service refused to tell of the run.
            TransportError: No usable answer came.
            UnreadableResponseError: An answer came that could not be read.
        """
        from omics_runs._timelines import timeline
        from omics_runs._wait_plan import named_by

        return await self._run(timeline(named_by(run, "timeline"), self._env))
