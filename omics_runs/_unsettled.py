"""The idempotency tokens of changes whose answers were lost."""

from __future__ import annotations

from attrs import define, field

from omics_runs._forks import Lock

MOST = 10_000
"""How many a client remembers: an outage of days must not fill the memory."""


@define(eq=False)
class Unsettled:
    """Tokens by which a later conflict is known to be about an earlier call of the same client."""

    _tokens: dict[str, None] = field(factory=dict[str, None], init=False)
    _lock: Lock = field(factory=Lock, init=False)

    def __contains__(self, token: str | None) -> bool:
        return token in self._tokens

    def add(self, token: str | None) -> None:
        """Remember a token; of too many, the oldest is forgotten. None is no token."""
        if token is None:
            return
        with self._lock.current:
            self._tokens[token] = None
            if len(self._tokens) > MOST:
                del self._tokens[next(iter(self._tokens))]

    def discard(self, token: str | None) -> None:
        """Forget the token of a call that was answered."""
        if token in self._tokens:
            with self._lock.current:
                self._tokens.pop(token, None)
