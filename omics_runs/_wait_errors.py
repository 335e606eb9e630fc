"""What a wait can end in, when the wanted status does not come."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from omics_runs._errors import OmicsRunsError

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from omics_runs._generated.enums import FailureReason
    from omics_runs._generated.models import (
        GetBatchResponse,
        GetRunResponse,
        GetRunTaskResponse,
    )


class WaitError(OmicsRunsError):
    """A wait ended without the wanted status. What was waited for is left alone.

    Attributes:
        wanted: The statuses that were waited for.
    """

    def __init__(
        self,
        message: str,
        *,
        wanted: AbstractSet[str],
        run: GetRunResponse | None = None,
        task: GetRunTaskResponse | None = None,
        batch: GetBatchResponse | None = None,
    ) -> None:
        super().__init__(message)
        self._run = run
        self._task = task
        self._batch = batch
        self.wanted: frozenset[str] = frozenset(wanted)

    @property
    def run(self) -> GetRunResponse | None:
        """The run as it was last seen; None if it never was, or none was waited for."""
        return self._run

    @property
    def task(self) -> GetRunTaskResponse | None:
        """The task as it was last seen; None if it never was, or none was waited for."""
        return self._task

    @property
    def batch(self) -> GetBatchResponse | None:
        """The batch as it was last seen; None if it never was, or none was waited for."""
        return self._batch


class StatusUnreachableError(WaitError):
    """What was waited for is in a state from which the wanted status can no longer come."""


class RunFailedError(StatusUnreachableError):
    """The run ended as `FAILED`; `failure_reason` and `status_message` say why."""

    @property
    def run(self) -> GetRunResponse:
        """The run as it was last seen."""
        return cast("GetRunResponse", self._run)

    @property
    def failure_reason(self) -> FailureReason | None:
        """The service's failure code, or None if it gave none."""
        return self.run.failure_reason

    @property
    def status_message(self) -> str | None:
        """The service's sentence about the failure, or None if it gave none."""
        return self.run.status_message


class RunCancelledError(StatusUnreachableError):
    """The run ended as `CANCELLED`."""

    @property
    def run(self) -> GetRunResponse:
        """The run as it was last seen."""
        return cast("GetRunResponse", self._run)

    @property
    def status_message(self) -> str | None:
        """The service's sentence about the end of the run, or None if it gave none."""
        return self.run.status_message


class RunGoneError(StatusUnreachableError):
    """The run was deleted, or removed to make room; `run` is how it was last seen."""

    @property
    def run(self) -> GetRunResponse:
        """The run as it was last seen."""
        return cast("GetRunResponse", self._run)


class TaskFailedError(StatusUnreachableError):
    """The task ended as `FAILED`; the engine may have started it again, under another id."""

    @property
    def task(self) -> GetRunTaskResponse:
        """The task as it was last seen."""
        return cast("GetRunTaskResponse", self._task)

    @property
    def failure_reason(self) -> FailureReason | None:
        """The service's failure code, or None if it gave none."""
        return self.task.failure_reason

    @property
    def status_message(self) -> str | None:
        """The service's sentence about the failure, or None if it gave none."""
        return self.task.status_message


class TaskCancelledError(StatusUnreachableError):
    """The task ended as `CANCELLED`, as tasks do whose run fails or is cancelled."""

    @property
    def task(self) -> GetRunTaskResponse:
        """The task as it was last seen."""
        return cast("GetRunTaskResponse", self._task)


class TaskGoneError(StatusUnreachableError):
    """The task is no longer found, because its run was deleted."""

    @property
    def task(self) -> GetRunTaskResponse:
        """The task as it was last seen."""
        return cast("GetRunTaskResponse", self._task)


class BatchFailedError(StatusUnreachableError):
    """The batch as a whole ended as `FAILED`: none of its runs was submitted."""

    @property
    def batch(self) -> GetBatchResponse:
        """The batch as it was last seen."""
        return cast("GetBatchResponse", self._batch)

    @property
    def failure_reason(self) -> str | None:
        """The service's words about the failure, or None if it gave none."""
        return self.batch.failure_reason


class BatchCancelledError(StatusUnreachableError):
    """The batch ended as `CANCELLED`; runs that had started before may have ended otherwise."""

    @property
    def batch(self) -> GetBatchResponse:
        """The batch as it was last seen."""
        return cast("GetBatchResponse", self._batch)


class BatchGoneError(StatusUnreachableError):
    """The batch was deleted; `batch` is how it was last seen."""

    @property
    def batch(self) -> GetBatchResponse:
        """The batch as it was last seen."""
        return cast("GetBatchResponse", self._batch)


class RunReplacedError(WaitError):
    """The id now belongs to another run: the service gives ids of deleted runs out again.

    Attributes:
        expected_uuid: The uuid of the run that was waited for.
        seen_uuid: The uuid of the run that has the id now.
    """

    def __init__(
        self,
        message: str,
        *,
        wanted: AbstractSet[str],
        run: GetRunResponse | None,
        expected_uuid: str,
        seen_uuid: str,
    ) -> None:
        super().__init__(message, wanted=wanted, run=run)
        self.expected_uuid = expected_uuid
        self.seen_uuid = seen_uuid


class WaitTimeoutError(WaitError, TimeoutError):
    """The time given to the wait is over; what was waited for goes on.

    Attributes:
        elapsed: Seconds that were waited.
        polls: How often the service was asked.
    """

    def __init__(
        self,
        message: str,
        *,
        wanted: AbstractSet[str],
        elapsed: float,
        polls: int,
        run: GetRunResponse | None = None,
        task: GetRunTaskResponse | None = None,
        batch: GetBatchResponse | None = None,
    ) -> None:
        super().__init__(message, wanted=wanted, run=run, task=task, batch=batch)
        self.elapsed = elapsed
        self.polls = polls
