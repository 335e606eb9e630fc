"""What the logs of a failed run say of its failure, by the failure's code.

Assumption: all of it. The service's own lines are the engines', the tools' and its own; these have
their manner and none of their words.
"""

from __future__ import annotations

from collections.abc import Mapping

from attrs import frozen


@frozen
class Telling:
    """The lines that tell why a run has failed."""

    engine: tuple[str, ...]
    """What the engine says last."""
    task: tuple[str, ...] = ()
    """What the task says last that has taken the run down; empty where no task is to blame."""


def telling(reason: str) -> Telling:
    """Return the lines for a failure; one that is not known here is only named."""
    return LINES.get(reason) or Telling((f"ERROR: the run can't go on: {reason}",))


_EXIT_1 = "ERROR: a task ended with exit status 1"

LINES: Mapping[str, Telling] = {
    "ALL_PROFILES_INSTANCE_RESERVATION_FAILED": Telling(
        ("ERROR: no instance of any size could be reserved, and none will be tried again",)
    ),
    "ASSUME_ROLE_FAILED": Telling(("ERROR: the service role could not be assumed",)),
    "CANNOT_START_CONTAINER_ERROR": Telling(
        ("ERROR: the container of a task did not start",),
        ("exec /usr/local/bin/entrypoint: exec format error",),
    ),
    "CANNOT_START_CONTAINER_SIZE_ERROR": Telling(
        ("ERROR: the image of a task is larger than what a container may have",)
    ),
    "ECR_PERMISSION_ERROR": Telling(("ERROR: pulling an image from ECR was denied",)),
    "EXPORT_FAILED": Telling(("ERROR: outputs could not be written to S3: AccessDenied",)),
    "FILE_SYSTEM_OUT_OF_SPACE": Telling(
        (_EXIT_1,), ("write failed: No space left on device", "ERROR: exit status 1")
    ),
    "IMAGE_VERIFICATION_FAILURE": Telling(
        ("ERROR: the signature of an image could not be verified",)
    ),
    "IMPORT_FAILED": Telling(("ERROR: an input could not be read from S3: AccessDenied",)),
    "INACTIVE_OMICS_STORAGE_RESOURCE": Telling(
        ("ERROR: a read set that the run needs is archived and not active",)
    ),
    "INPUT_URI_NOT_FOUND": Telling(("ERROR: an input is not there: NoSuchKey",)),
    "INSTANCE_RESERVATION_FAILED": Telling(
        ("ERROR: no instance could be reserved for a task in time",)
    ),
    "INVALID_ECR_IMAGE_URI": Telling(("ERROR: the image of a task has no valid ECR URI",)),
    "INVALID_TASK_RESOURCE_VALUE": Telling(
        ("ERROR: a task asks for CPUs or memory that no instance has",)
    ),
    "INVALID_URI_INPUT": Telling(("ERROR: an input has no valid URI",)),
    "MODIFIED_INPUT_RESOURCE": Telling(("ERROR: an input was changed while the run used it",)),
    "OUT_OF_MEMORY_ERROR": Telling(
        ("ERROR: a task ended with exit status 137: out of memory",),
        ("Killed", "ERROR: exit status 137"),
    ),
    "RUN_TASK_FAILED": Telling(
        (_EXIT_1,),
        ("ERROR: the input is truncated: unexpected end of file", "ERROR: exit status 1"),
    ),
    "RUN_TIMED_OUT": Telling(("ERROR: the run was stopped: its time is over",)),
    "SERVICE_ERROR": Telling(("ERROR: an internal error of the service",)),
    "TASK_TIMED_OUT": Telling(
        ("ERROR: a task was stopped: its time is over",), ("Terminated", "ERROR: exit status 143")
    ),
    "UNSUPPORTED_GPU_INSTANCE_TYPE": Telling(
        ("ERROR: a task asks for a GPU instance that the region does not have",)
    ),
    "UNSUPPORTED_INPUT_SIZE": Telling(("ERROR: the inputs are larger than the run may import",)),
    "WORKFLOW_RUN_FAILED": Telling(
        ("ERROR: main.nf, line 42: no such variable: reads", "ERROR: the workflow has failed")
    ),
    "WORKFLOW_VER_VALIDATION_FAILED": Telling(
        ("ERROR: the definition of the workflow's version is not valid",)
    ),
}
"""What each code is told by."""
