"""How a run fails, by the failure's code: what it strikes, and what the logs say of it.

Assumption: all of it. The service's own lines are the engines', the tools' and its own; these have
their manner and none of their words.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

from attrs import frozen

Strikes: TypeAlias = Literal["start", "import", "task to start", "task", "run", "export"]
"""What a failure strikes.

`start` and `import` are before all tasks: the run is never RUNNING, or has just begun to. Of
`task to start` and `task` one task fails, before it was RUNNING or later. `run` takes the run down
without a task to blame: those under way are cancelled. `export` comes when all tasks are done.
"""

BEFORE_TASKS: frozenset[Strikes] = frozenset({"start", "import"})


@frozen
class Telling:
    """What a failure strikes, and the lines that tell of it."""

    strikes: Strikes
    last: tuple[str, ...]
    """What the engine says last, or the run's own log where no engine came to speak."""
    task: tuple[str, ...] = ()
    """What the task says last that has taken the run down; empty for its exit status alone."""


def telling(reason: str) -> Telling:
    """Return how a failure goes; of one that is not known here a task is to blame."""
    return TELLINGS.get(reason) or Telling("task", (f"ERROR: the run can't go on: {reason}",))


def message_of(what: Literal["run", "task"], reason: str) -> str:
    """Return the status message for a failure, where none was planned.

    All that is known of the service's own is that they often say no more than where to look.
    """
    return f"The {what} failed with {reason}; the run's logs in CloudWatch say more."


TELLINGS: Mapping[str, Telling] = {
    "ALL_PROFILES_INSTANCE_RESERVATION_FAILED": Telling(
        "task to start",
        ("ERROR: no instance of any size could be reserved for a task",),
    ),
    "ASSUME_ROLE_FAILED": Telling("start", ("ERROR: the service role could not be assumed",)),
    "CANNOT_START_CONTAINER_ERROR": Telling(
        "task",
        ("ERROR: the container of a task did not start",),
        ("exec /usr/local/bin/entrypoint: exec format error",),
    ),
    "CANNOT_START_CONTAINER_SIZE_ERROR": Telling(
        "task to start", ("ERROR: the image of a task is larger than what a container may have",)
    ),
    "ECR_PERMISSION_ERROR": Telling(
        "task to start", ("ERROR: pulling the image of a task from ECR was denied",)
    ),
    "EXPORT_FAILED": Telling(
        "export", ("ERROR: outputs could not be written to S3: AccessDenied",)
    ),
    "FILE_SYSTEM_OUT_OF_SPACE": Telling(
        "task",
        ("ERROR: a task ended with exit status 1: the run's storage is full",),
        ("write failed: No space left on device", "ERROR: exit status 1"),
    ),
    "IMAGE_VERIFICATION_FAILURE": Telling(
        "task to start", ("ERROR: the signature of a task's image could not be verified",)
    ),
    "IMPORT_FAILED": Telling(
        "import", ("ERROR: an input could not be read from S3: AccessDenied",)
    ),
    "INACTIVE_OMICS_STORAGE_RESOURCE": Telling(
        "import", ("ERROR: a read set that the run needs is archived and not active",)
    ),
    "INPUT_URI_NOT_FOUND": Telling("import", ("ERROR: an input is not there: NoSuchKey",)),
    "INSTANCE_RESERVATION_FAILED": Telling(
        "task to start", ("ERROR: no instance could be reserved for a task in time",)
    ),
    "INVALID_ECR_IMAGE_URI": Telling(
        "task to start", ("ERROR: the image of a task has no valid ECR URI",)
    ),
    "INVALID_TASK_RESOURCE_VALUE": Telling(
        "task to start", ("ERROR: a task asks for CPUs or memory that no instance has",)
    ),
    "INVALID_URI_INPUT": Telling("start", ("ERROR: an input has no valid URI",)),
    "MODIFIED_INPUT_RESOURCE": Telling(
        "import", ("ERROR: an input was changed while the run imported it",)
    ),
    "OUT_OF_MEMORY_ERROR": Telling(
        "task",
        ("ERROR: a task ended with exit status 137: out of memory",),
        ("Killed", "ERROR: exit status 137"),
    ),
    "RUN_TASK_FAILED": Telling(
        "task",
        ("ERROR: a task has failed: its exit status is not zero",),
        ("ERROR: the input is truncated: unexpected end of file", "ERROR: exit status 1"),
    ),
    "RUN_TIMED_OUT": Telling("run", ("ERROR: the run was stopped: its time is over",)),
    "SERVICE_ERROR": Telling("run", ("ERROR: the run was stopped: an internal error",)),
    "TASK_TIMED_OUT": Telling(
        "task",
        ("ERROR: a task was stopped: its time is over",),
        ("Terminated", "ERROR: exit status 143"),
    ),
    "UNSUPPORTED_GPU_INSTANCE_TYPE": Telling(
        "task to start", ("ERROR: a task asks for a GPU instance that the region does not have",)
    ),
    "UNSUPPORTED_INPUT_SIZE": Telling(
        "import", ("ERROR: the inputs are larger than the run may import",)
    ),
    "WORKFLOW_RUN_FAILED": Telling(
        "run",
        (
            "ERROR: line 42 of the workflow: no such variable: reads",
            "ERROR: the workflow has failed",
        ),
    ),
    "WORKFLOW_VER_VALIDATION_FAILED": Telling(
        "start", ("ERROR: the definition of the workflow's version is not valid",)
    ),
}
"""How runs fail, by the codes."""
