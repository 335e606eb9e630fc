"""Fixtures for pytest: an emulator for each test, and clients of it.

pytest finds them by itself. Nothing of the SDK is imported until a test uses one of them.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from omics_runs import AsyncOmicsRunsClient, OmicsRunsClient
    from omics_runs.emulator import Emulator

LEAP = 30 * 86_400.0
"""Seconds of the emulator between two looks by HTTP: no run of the service is under way so long."""

IN_THE_WAY = (
    "AWS_CREDENTIAL_EXPIRATION",
    "AWS_DEFAULT_PROFILE",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    "AWS_PROFILE",
    "AWS_SECURITY_TOKEN",
    "AWS_SESSION_TOKEN",
    "AWS_USE_DUALSTACK_ENDPOINT",
    "AWS_USE_FIPS_ENDPOINT",
)
"""Variables that would lead a client elsewhere, or spoil its signature. AWS_ENDPOINT_URL is none:
the emulator's own variable outranks it, and other services may be tested with it."""

SHUT_OFF = {
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "NO_PROXY": "*",
    "no_proxy": "*",
}
"""What keeps the developer's own profiles and proxies out."""


@pytest.fixture
def omics_emulator_options() -> dict[str, Any]:
    """Arguments of `Emulator` for `omics_emulator`; none, until a fixture of yours says more.

    Define one of this name in a class, a module or a conftest.py, and it counts for the tests
    there.
    """
    return {}


@pytest.fixture
def omics_emulator(
    omics_emulator_options: Mapping[str, Any], monkeypatch: pytest.MonkeyPatch
) -> Generator[Emulator]:
    """Serve a fresh `Emulator` for the test, and lead every client to it by the environment.

    Code that builds its own client, of this SDK or of boto3, is tested as it is; programs that it
    starts find the emulator too. `omics_emulator.url` is the endpoint.

    For clients that come by HTTP, thirty days pass before each look at a run: their first poll
    sees how it ended, and nobody waits. With a `clock` among the options there are no such leaps.
    """
    emulator = _emulator(omics_emulator_options)
    leap = 0.0 if "clock" in omics_emulator_options else LEAP
    with emulator.serve(leap=leap) as url, _no_shared_boto3_session():
        for name in IN_THE_WAY:
            monkeypatch.delenv(name, raising=False)
        for name, value in {**SHUT_OFF, **emulator.environment(url)}.items():
            monkeypatch.setenv(name, value)
        yield emulator


@pytest.fixture
def omics_client(omics_emulator: Emulator) -> OmicsRunsClient:
    """Return an `OmicsRunsClient` of `omics_emulator`, in process and on its clock.

    It sees every status of a run, and waits pass at once. It has no connection, so that nothing
    needs closing.
    """
    return omics_emulator.client()


@pytest.fixture
def async_omics_client(omics_emulator: Emulator) -> AsyncOmicsRunsClient:
    """Return an `AsyncOmicsRunsClient` of `omics_emulator`, in process and on its clock.

    It belongs to no event loop: use it under anyio's plugin (asyncio and trio), under
    pytest-asyncio, or in an `asyncio.run` of your own. It has no connection, so that nothing needs
    closing.
    """
    return omics_emulator.async_client()


def _emulator(options: Mapping[str, Any]) -> Emulator:
    from omics_runs.emulator import Emulator  # noqa: PLC0415  (only for tests that use it)

    try:
        return Emulator(**options)
    except (TypeError, ValueError) as error:
        pytest.fail(f"omics_emulator_options: {error}", pytrace=False)


@contextmanager
def _no_shared_boto3_session() -> Generator[None]:
    """Let `boto3.client` begin anew: its default session remembers the keys of its first call."""
    before = getattr(sys.modules.get("boto3"), "DEFAULT_SESSION", None)
    _share_boto3_session(None)
    try:
        yield
    finally:
        _share_boto3_session(before)


def _share_boto3_session(session: object) -> None:
    boto3: Any = sys.modules.get("boto3")  # nobody's, unless the test or its code imports it
    if boto3 is not None:
        boto3.DEFAULT_SESSION = session
