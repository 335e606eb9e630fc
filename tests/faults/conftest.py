"""Clients in three colors, and emulators that notice a client that would go on for ever."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from anyio.from_thread import start_blocking_portal

from omics_runs.emulator import Emulator
from omics_runs.emulator._http import Received, Reply
from tests.clients.conftest import Caller


class Watched(Emulator):
    """An emulator that fails the test when it is called more often than anybody should."""

    def __init__(self, *, most: int, **options: Any) -> None:
        super().__init__(**options)
        self._left = most

    def handle(self, received: Received) -> Reply:
        """Answer, while there is any patience left."""
        self._left -= 1
        if self._left < 0:  # no Exception: no client takes it for trouble of the network
            pytest.fail(f"still called: {received.method} {received.target}")
        return super().handle(received)


@pytest.fixture(scope="module")
def caller(request: pytest.FixtureRequest) -> Iterator[Caller]:
    """Return clients of the color that a test names; those of a module share an event loop."""
    if request.param == "sync":
        yield Caller(None)
        return
    with start_blocking_portal(backend=request.param) as portal:
        yield Caller(portal)
