"""What to make of a failure: whether to try again, who can mend it, and how.

The service's guide names the codes, and says of three that the same run may be tried again. All
else is this SDK's judgement.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

from attrs import frozen

Mender: TypeAlias = Literal[
    "AWS", "account administrator", "workflow author", "data owner", "submitter", "unclear"
]
"""Who can do something about a failure; `submitter` is whoever chose the run's settings."""


@frozen
class Advice:
    """What to make of one code."""

    retryable: bool | None
    who: Mender
    text: str


UNKNOWN = Advice(
    None,
    "unclear",
    "This release does not know the code. Read `status_message`, the failed task and the log of "
    "the engine, and the service's guide.",
)
"""For codes that are newer than this release."""

ADVICE: Mapping[str, Advice] = {
    "ALL_PROFILES_INSTANCE_RESERVATION_FAILED": Advice(
        True,
        "AWS",
        "Wait for capacity and start the same run again; the service does not do so by itself. "
        "A workflow that allows more instance sizes meets it less often.",
    ),
    "ASSUME_ROLE_FAILED": Advice(
        False,
        "account administrator",
        "Correct the trust policy of the run's role, so that the service may assume it.",
    ),
    "CANNOT_START_CONTAINER_ERROR": Advice(
        False, "workflow author", "Correct the image of the task; its log may say what is missing."
    ),
    "CANNOT_START_CONTAINER_SIZE_ERROR": Advice(
        False, "workflow author", "Make the task's image smaller."
    ),
    "ECR_PERMISSION_ERROR": Advice(
        False,
        "account administrator",
        "Check that the ECR repository exists, and that its policy lets the service pull.",
    ),
    "EXPORT_FAILED": Advice(
        False,
        "account administrator",
        "Check that the output bucket exists, and that the run's role may write to it.",
    ),
    "FILE_SYSTEM_OUT_OF_SPACE": Advice(
        False,
        "submitter",
        "Give the run a larger `storage_capacity`, or DYNAMIC storage.",
    ),
    "IMAGE_VERIFICATION_FAILURE": Advice(
        False, "workflow author", "Check the image of the task, and how it is referred to."
    ),
    "IMPORT_FAILED": Advice(
        False,
        "account administrator",
        "Check that each input exists, and that the run's role may read it.",
    ),
    "INACTIVE_OMICS_STORAGE_RESOURCE": Advice(
        False, "data owner", "Activate the archived read set; the same run works after that."
    ),
    "INPUT_URI_NOT_FOUND": Advice(
        False,
        "submitter",
        "Correct the URIs in the parameters; if they are right, let the run's role read them.",
    ),
    "INSTANCE_RESERVATION_FAILED": Advice(
        True, "AWS", "Wait for capacity, and start the same run again."
    ),
    "INVALID_ECR_IMAGE_URI": Advice(
        False,
        "workflow author",
        "Correct the image's URI, in the workflow or in the parameter that it comes from.",
    ),
    "INVALID_TASK_RESOURCE_VALUE": Advice(
        False, "workflow author", "Correct the CPUs, GPUs or memory that the task asks for."
    ),
    "INVALID_URI_INPUT": Advice(False, "submitter", "Correct the URIs in the parameters."),
    "MODIFIED_INPUT_RESOURCE": Advice(
        True,
        "data owner",
        "See to it that nobody writes to the inputs any more, and start the same run again.",
    ),
    "OUT_OF_MEMORY_ERROR": Advice(
        False,
        "workflow author",
        "Give the task more memory, in the workflow or by a parameter if it has one for that.",
    ),
    "RUN_TASK_FAILED": Advice(
        None,
        "unclear",
        "Read the failed task (`get_run_task`) and its log: the cause is in the task's code or in "
        "the data.",
    ),
    "RUN_TIMED_OUT": Advice(
        False,
        "submitter",
        "Raise the longest duration of the run group or of the account, or make the workflow "
        "faster. A run cache keeps nothing of a run that timed out.",
    ),
    "SERVICE_ERROR": Advice(True, "AWS", "Start the same run again."),
    "TASK_TIMED_OUT": Advice(
        False, "workflow author", "Raise the time limit of the task, or make it faster."
    ),
    "UNSUPPORTED_GPU_INSTANCE_TYPE": Advice(
        False,
        "workflow author",
        "Ask for a GPU that the service has in this Region, or run the workflow in another one.",
    ),
    "UNSUPPORTED_INPUT_SIZE": Advice(
        False, "submitter", "Use smaller or fewer input files than this run has."
    ),
    "WORKFLOW_RUN_FAILED": Advice(
        None,
        "unclear",
        "Read the log of the engine, which `log_location` names: the cause is in the workflow's "
        "code or in the data.",
    ),
    "WORKFLOW_VER_VALIDATION_FAILED": Advice(
        False, "workflow author", "Correct the definition of the workflow version."
    ),
}


class Advised:
    """A failure's code, with this SDK's judgement of it."""

    __slots__ = ()

    @property
    def retryable(self) -> bool | None:
        """Whether the same run, unchanged, may succeed when it is started again.

        False means that something has to change first, None that the code alone does not tell; so
        it is for all codes that this release does not know. It is this SDK's judgement.
        """
        return self._advice.retryable

    @property
    def who(self) -> Mender:
        """Who can do something about it, in this SDK's judgement."""
        return self._advice.who

    @property
    def advice(self) -> str:
        """What to do, in a sentence or two; the advice is this SDK's own."""
        return self._advice.text

    @property
    def _advice(self) -> Advice:
        return ADVICE.get(str(self), UNKNOWN)
