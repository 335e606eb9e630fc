"""What can be waited for: a run, a task of a run, a batch. How each is asked for and spoken of."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Set as AbstractSet
from typing import Any, ClassVar, Generic, TypeAlias, TypeVar

from omics_runs._enums import OpenStrEnum
from omics_runs._errors import UnreadableResponseError
from omics_runs._generated.enums import BatchStatus, RunStatus, TaskStatus
from omics_runs._generated.models import (
    BatchListItem,
    GetBatchRequest,
    GetBatchResponse,
    GetRunRequest,
    GetRunResponse,
    GetRunTaskRequest,
    GetRunTaskResponse,
    RunBatchListItem,
    RunListItem,
    StartRunBatchResponse,
    StartRunResponse,
    TaskListItem,
)
from omics_runs._lifecycle import BATCH_LIFE, RUN_LIFE, TASK_LIFE, Lifecycle, status_of
from omics_runs._model import Response
from omics_runs._progress import BatchProgress, Progress, TaskProgress
from omics_runs._request import Request
from omics_runs._run_ref import RunRef
from omics_runs._wait_errors import (
    BatchCancelledError,
    BatchFailedError,
    BatchGoneError,
    RunCancelledError,
    RunFailedError,
    RunGoneError,
    RunReplacedError,
    StatusUnreachableError,
    TaskCancelledError,
    TaskFailedError,
    TaskGoneError,
    WaitTimeoutError,
)

RunLike: TypeAlias = (
    str | RunRef | StartRunResponse | GetRunResponse | RunListItem | RunBatchListItem
)
"""What names a run: its id, a reference, or any answer that speaks of it."""

TaskLike: TypeAlias = str | TaskListItem | GetRunTaskResponse
"""What names a task of a run: its id, or any answer that speaks of it."""

BatchLike: TypeAlias = str | StartRunBatchResponse | GetBatchResponse | BatchListItem
"""What names a batch: its id, or any answer that speaks of it."""

S = TypeVar("S", bound=OpenStrEnum)
Seen = TypeVar("Seen", bound=Response)


class Subject(ABC, Generic[S, Seen]):
    """Something with a status that can be waited for."""

    life: Lifecycle[S, Seen]
    statuses: type[S]
    kind: ClassVar[str]
    """`run`, `task` or `batch`: the name of what the wait's errors and progress carry."""
    progress: ClassVar[type[Any]]
    endings: ClassVar[dict[str, type[StatusUnreachableError]]]
    """The error of each final status that was not wanted."""
    gone_error: ClassVar[type[StatusUnreachableError]]
    gone_because: ClassVar[str]

    @property
    @abstractmethod
    def name(self) -> str:
        """How messages call it: `run 1234567`."""

    @abstractmethod
    def request(self) -> Request[Seen]:
        """Return the request that asks for it."""

    @abstractmethod
    def check(self, seen: Seen, last: Seen | None, wanted: AbstractSet[S]) -> None:
        """Refuse an answer that is about something else than the answers before."""

    def unreachable(self, seen: Seen, wanted: AbstractSet[S]) -> StatusUnreachableError:
        """Return the error for a status after which no wanted one can come."""
        status = status_of(seen)
        kind = self.endings.get(status, StatusUnreachableError)
        text = f"{self.name}{_quoted_name(seen)} is {status}, so {listed(wanted)} can no"
        why = _reasons(seen)
        text = f"{text} longer come ({why})" if why else f"{text} longer come"
        return kind(text, wanted=wanted, **self._carried(seen))

    def gone(self, last: Seen, wanted: AbstractSet[S]) -> StatusUnreachableError:
        """Return the error for something that was seen and is no longer found."""
        text = f"{self.name} is gone (last seen {status_of(last)}): {self.gone_because}"
        return self.gone_error(text, wanted=wanted, **self._carried(last))

    def timed_out(
        self,
        last: Seen | None,
        wanted: AbstractSet[S],
        elapsed: float,
        polls: int,
        why: str | None = None,
    ) -> WaitTimeoutError:
        """Return the error for a wait whose time is over; `why` the last poll failed, if it did."""
        seen = "was never seen" if last is None else f"was {status_of(last)}"
        asked = f"{elapsed:.1f} s and {polls} {'poll' if polls == 1 else 'polls'}"
        told = f"{self.name} {seen} after {asked}, not {listed(wanted)}"
        trouble = f"; the last try failed: {why}" if why else ""
        hope = "" if last is None else f"; the {self.kind} goes on"
        return WaitTimeoutError(
            f"{told}{hope}{trouble}",
            wanted=wanted,
            elapsed=elapsed,
            polls=polls,
            **self._carried(last),
        )

    def _carried(self, seen: Seen | None) -> dict[str, Any]:
        return {self.kind: seen}


class RunSubject(Subject[RunStatus, GetRunResponse]):
    """A run. Where its uuid is known or once seen, an answer about another uuid ends the wait."""

    life = RUN_LIFE
    statuses = RunStatus
    kind = "run"
    progress = Progress
    endings: ClassVar = {
        RunStatus.FAILED: RunFailedError,
        RunStatus.CANCELLED: RunCancelledError,
        RunStatus.DELETED: RunGoneError,
    }
    gone_error = RunGoneError
    gone_because = "it was deleted, or removed to make room; its logs stay in CloudWatch"

    def __init__(self, ref: RunRef) -> None:
        self.id = ref.id
        self.uuid = ref.uuid
        """The uuid that is held on to; None while it is unknown."""

    @property
    def name(self) -> str:
        """How messages call it."""
        return f"run {self.id}"

    def request(self) -> Request[GetRunResponse]:
        """Return the request that asks for it."""
        return GetRunRequest(id=self.id)

    def check(
        self, seen: GetRunResponse, last: GetRunResponse | None, wanted: AbstractSet[RunStatus]
    ) -> None:
        """Refuse an answer about another run, or another run's life under the same id."""
        _check_id(self, "GetRun", self.id, seen.id, "$.id")
        self.uuid = self.uuid or seen.uuid
        if seen.uuid is not None and seen.uuid != self.uuid:
            raise RunReplacedError(
                f"run id {seen.id} now belongs to another run: expected uuid {self.uuid!r}, "
                f"got {seen.uuid!r}; the service gives ids of deleted runs out again",
                run=last,
                wanted=wanted,
                expected_uuid=str(self.uuid),
                seen_uuid=seen.uuid,
            )


class TaskSubject(Subject[TaskStatus, GetRunTaskResponse]):
    """A task of a run; each retry of it is another task."""

    life = TASK_LIFE
    statuses = TaskStatus
    kind = "task"
    progress = TaskProgress
    endings: ClassVar = {
        TaskStatus.FAILED: TaskFailedError,
        TaskStatus.CANCELLED: TaskCancelledError,
    }
    gone_error = TaskGoneError
    gone_because = "its run was deleted, or removed to make room"

    def __init__(self, run_id: str, task_id: str) -> None:
        self._run_id = run_id
        self._task_id = task_id

    @property
    def name(self) -> str:
        """How messages call it."""
        return f"task {self._task_id} of run {self._run_id}"

    def request(self) -> Request[GetRunTaskResponse]:
        """Return the request that asks for it."""
        return GetRunTaskRequest(id=self._run_id, task_id=self._task_id)

    def check(
        self,
        seen: GetRunTaskResponse,
        last: GetRunTaskResponse | None,  # noqa: ARG002  (task ids are given out once)
        wanted: AbstractSet[TaskStatus],  # noqa: ARG002
    ) -> None:
        """Refuse an answer about another task."""
        _check_id(self, "GetRunTask", self._task_id, seen.task_id, "$.taskId")


class BatchSubject(Subject[BatchStatus, GetBatchResponse]):
    """A batch of runs."""

    life = BATCH_LIFE
    statuses = BatchStatus
    kind = "batch"
    progress = BatchProgress
    endings: ClassVar = {
        BatchStatus.FAILED: BatchFailedError,
        BatchStatus.CANCELLED: BatchCancelledError,
    }
    gone_error = BatchGoneError
    gone_because = "it was deleted"

    def __init__(self, batch_id: str, uuid: str | None) -> None:
        self._id = batch_id
        self._uuid = uuid

    @property
    def name(self) -> str:
        """How messages call it."""
        return f"batch {self._id}"

    def request(self) -> Request[GetBatchResponse]:
        """Return the request that asks for it."""
        return GetBatchRequest(batch_id=self._id)

    def check(
        self,
        seen: GetBatchResponse,
        last: GetBatchResponse | None,
        wanted: AbstractSet[BatchStatus],
    ) -> None:
        """Refuse an answer about another batch, or another batch's life under the same id."""
        _check_id(self, "GetBatch", self._id, seen.id, "$.id")
        self._uuid = self._uuid or seen.uuid
        if seen.uuid is not None and seen.uuid != self._uuid:
            text = f"{self.name} is gone: its id now belongs to another batch, uuid {seen.uuid!r}"
            raise BatchGoneError(text, wanted=wanted, batch=last or seen)


def listed(wanted: AbstractSet[str]) -> str:
    """Return statuses as a message names them."""
    return " or ".join(sorted(wanted))


def _check_id(
    subject: Subject[Any, Any], operation: str, expected: str, seen: str, path: str
) -> None:
    if seen != expected:
        raise UnreadableResponseError(
            f"asked for {subject.name}, got an answer about {subject.kind} {seen}",
            operation=operation,
            request=subject.request(),
            path=path,
        )


def _quoted_name(seen: Any) -> str:
    return f" {seen.name!r}" if seen.name else ""


def _reasons(seen: Any) -> str:
    parts = (seen.failure_reason, getattr(seen, "status_message", None))
    return ": ".join(part for part in parts if part)
