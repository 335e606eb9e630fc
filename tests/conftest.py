"""What all tests share: how thoroughly Hypothesis looks, and a machine without AWS settings."""

from __future__ import annotations

import os

import pytest
from hypothesis import settings

# In full by default, a quick look on further Pythons.
# No deadline: how long an example takes says more of the machine than of the code.
settings.register_profile("full", deadline=None)
settings.register_profile("quick", deadline=None, max_examples=15)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "full"))


@pytest.fixture
def _no_aws_files(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "/nonexistent")
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL_OMICS"):
        monkeypatch.delenv(name, raising=False)
