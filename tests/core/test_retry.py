"""The retry policy by itself: what it takes, and what it refuses in which words."""

from __future__ import annotations

from typing import Any

import pytest

from omics_runs import RetryPolicy, errors


@pytest.mark.parametrize("value", [0, -1, True, False, 1.5, "3", None])
def test_attempts_are_a_whole_number_of_at_least_one(value: Any) -> None:
    """Anything else is refused, and shown."""
    with pytest.raises(errors.ConfigurationError) as caught:
        RetryPolicy(max_attempts=value)
    assert str(caught.value) == f"max_attempts must be a whole number of at least 1, got {value!r}"


@pytest.mark.parametrize("name", ["base_delay", "throttling_delay", "max_delay"])
@pytest.mark.parametrize("value", [0, -1, 1e9 + 1, float("nan"), "1", None])
def test_delays_are_seconds_above_zero(name: str, value: Any) -> None:
    """Anything else is refused by its name, and shown."""
    with pytest.raises(errors.ConfigurationError) as caught:
        RetryPolicy(**{name: value})
    right = "a number of seconds above 0, at most 1,000,000,000"
    assert str(caught.value) == f"{name} must be {right}, got {value!r}"


def test_there_is_one_mode() -> None:
    """A mode of other SDKs is refused, and shown."""
    with pytest.raises(errors.ConfigurationError) as caught:
        RetryPolicy(mode="adaptive")  # type: ignore[arg-type]
    assert str(caught.value) == "mode must be 'standard', got 'adaptive'"


def test_the_policy_of_a_call() -> None:
    """A call has its own policy, or the client's; a number of attempts is none."""
    ours, theirs = RetryPolicy(max_attempts=7), RetryPolicy()
    assert RetryPolicy.of(ours, theirs) is ours
    assert RetryPolicy.of(None, theirs) is theirs
    with pytest.raises(errors.ConfigurationError) as caught:
        RetryPolicy.of(3, theirs)  # type: ignore[arg-type]
    assert str(caught.value) == "retry must be a RetryPolicy, got 3"
