"""What a client remembers of lost answers."""

from __future__ import annotations

from omics_runs._unsettled import MOST, Unsettled


def test_an_outage_of_days_does_not_fill_the_memory() -> None:
    """Of too many tokens the oldest are forgotten."""
    unsettled = Unsettled()
    for number in range(MOST + 10):
        unsettled.add(f"token-{number}")
    assert "token-9" not in unsettled
    assert "token-10" in unsettled
    assert f"token-{MOST + 9}" in unsettled


def test_a_settled_token_is_forgotten() -> None:
    """A call that was answered leaves nothing behind; None is no token."""
    unsettled = Unsettled()
    unsettled.add("a")
    unsettled.add(None)
    assert ("a" in unsettled, None in unsettled) == (True, False)
    unsettled.discard("a")
    unsettled.discard("a")
    assert "a" not in unsettled
