"""The calls that an emulator got: the last ones in full, all of them in number."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping
from typing import Any

from attrs import field, frozen

from omics_runs.emulator._http import decoded

CALLS_KEPT = 100_000
"""How many calls are remembered; of older ones only the number."""


@frozen(kw_only=True)
class Recorded:
    """One call that the emulator got."""

    operation: str | None
    """The service's name of the operation; None if there is none at that path."""
    method: str
    target: str
    """Path and query as they came."""
    headers: Mapping[str, str] = field(repr=False)
    """Headers, with names in lower case."""
    body: Any = field(repr=False)
    """The decoded JSON body; None if there was none, or it was no JSON."""
    signed: bool
    """Whether it came with a signature, right or wrong."""
    status: int
    """HTTP status of the answer, whether or not it arrived."""
    aws_request_id: str
    """The id of the call that the answer names."""


class Log:
    """Calls in the order they were answered; whoever touches it holds the emulator's lock."""

    def __init__(self, kept: int = CALLS_KEPT) -> None:
        self._calls: deque[Recorded] = deque(maxlen=kept)
        self._numbers: Counter[str | None] = Counter()

    def add(self, recorded: Recorded) -> None:
        """Remember a call; where there are too many, the oldest one is forgotten."""
        self._calls.append(recorded)
        self._numbers[recorded.operation] += 1

    def clear(self) -> None:
        """Forget all calls, their number too."""
        self._calls.clear()
        self._numbers.clear()

    @property
    def calls(self) -> list[Recorded]:
        """The calls that are remembered."""
        return list(self._calls)

    def count(self, operation: str) -> int:
        """Return how many calls of an operation came."""
        return self._numbers[operation]


def json_or_none(body: bytes) -> Any:
    """Return a decoded JSON body, or None for anything else."""
    try:
        return decoded(body)
    except ValueError:
        return None
