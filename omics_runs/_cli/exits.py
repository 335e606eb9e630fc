"""What exit codes mean, and which one an error has: the one place where that is said."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum
from typing import TYPE_CHECKING, Self

from omics_runs._errors import (
    CredentialsError,
    ServiceError,
    TransportError,
    UnreadableResponseError,
)
from omics_runs._submission_errors import SubmissionTimeoutError
from omics_runs._wait_errors import WaitError, WaitTimeoutError

if TYPE_CHECKING:
    from omics_runs._errors import OmicsRunsError


class Exit(IntEnum):
    """How the command ends. The numbers never change; scripts rely on them."""

    meaning: str

    def __new__(cls, code: int, meaning: str) -> Self:
        """Give a code its meaning, in words for `--help`."""
        made = int.__new__(cls, code)
        made._value_ = code
        made.meaning = meaning
        return made

    REACHED = 0, "what was wanted is the case"
    ENDED = 1, "a run has ended otherwise: failed, cancelled or gone"
    USAGE = 2, "the command line is wrong; nothing was done"
    REFUSED = 3, "refused: a sheet, a request, a setting, credentials, a quota, an unknown run"
    TROUBLE = 4, "trouble of the network, the service or this machine; not all is known"
    BUG = 70, "a defect of this program"
    TIME_IS_UP = 124, "the timeout is over; runs go on"
    INTERRUPTED = 130, "Ctrl-C; runs go on"
    PIPE = 141, "whoever was reading the output is gone; runs go on"


WORST_FIRST = (Exit.TIME_IS_UP, Exit.TROUBLE, Exit.REFUSED, Exit.ENDED)
"""Which code counts where there are several runs: the less is known, the worse."""


def code_of(error: OmicsRunsError | None) -> Exit:
    """Return the code of what something has ended in; None for what was wanted."""
    match error:
        case None:
            return Exit.REACHED
        case WaitTimeoutError(run=None):  # all that time there was no answer
            return Exit.TROUBLE
        case WaitTimeoutError() | SubmissionTimeoutError():
            return Exit.TIME_IS_UP
        case WaitError():
            return Exit.ENDED
        case _:
            return Exit.TROUBLE if _may_pass(error) else Exit.REFUSED


def worst(codes: Iterable[Exit]) -> Exit:
    """Return the one code of many runs."""
    found = set(codes)
    return next((code for code in WORST_FIRST if code in found), Exit.REACHED)


def _may_pass(error: OmicsRunsError) -> bool:
    """Return whether it is the way to the service, or the service itself, that failed."""
    match error:
        case CredentialsError():
            return error.is_passing
        case ServiceError():
            return error.retryable or error.status_code >= 500  # noqa: PLR2004
        case _:
            return isinstance(error, (TransportError, UnreadableResponseError))
