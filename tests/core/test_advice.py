"""What is made of a failure's code: of each that this release knows, and of newer ones."""

from __future__ import annotations

import pickle
from typing import get_args

import pytest

from omics_runs import FailureReason
from omics_runs._advice import ADVICE, Mender

TRANSIENT = {
    FailureReason.ALL_PROFILES_INSTANCE_RESERVATION_FAILED,
    FailureReason.INSTANCE_RESERVATION_FAILED,
    FailureReason.MODIFIED_INPUT_RESOURCE,
    FailureReason.SERVICE_ERROR,
}
AMBIGUOUS = {FailureReason.RUN_TASK_FAILED, FailureReason.WORKFLOW_RUN_FAILED}


def test_each_code_has_its_advice() -> None:
    """No code that the enum knows is without, and none has advice that the enum does not know."""
    assert set(ADVICE) == {reason.value for reason in FailureReason}


@pytest.mark.parametrize("reason", FailureReason)
def test_only_what_passes_by_itself_may_be_tried_again(reason: FailureReason) -> None:
    """True for the few codes of capacity, faults and moving inputs; None where a log must tell."""
    expected = True if reason in TRANSIENT else None if reason in AMBIGUOUS else False
    assert reason.retryable is expected
    assert reason.who in get_args(Mender)
    assert (reason.who == "unclear") is (expected is None)
    assert reason.advice.endswith(".")


def test_of_a_newer_code_nothing_is_claimed() -> None:
    """It is no reason to try again, and the advice says where to look."""
    newer = FailureReason("A_CODE_FROM_2031")
    assert (newer.retryable, newer.who, newer.is_known) == (None, "unclear", False)
    assert "`status_message`" in newer.advice
    assert pickle.loads(pickle.dumps(newer)).retryable is None
