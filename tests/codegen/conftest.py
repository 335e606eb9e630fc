from __future__ import annotations

import pytest

from tests.codegen.garden import Garden


@pytest.fixture
def garden() -> Garden:
    """The toy service, to be changed at will."""
    return Garden.fresh()
