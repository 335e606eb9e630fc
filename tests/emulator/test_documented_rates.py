"""How often the operations beside those on runs may be called, as the service's guide has it."""

from __future__ import annotations

import httpx
import pytest

from omics_runs.emulator import Emulator, VirtualClock

ARN = "arn:aws:omics:us-west-2:123456789012:workflow%2F1"


@pytest.mark.parametrize(
    ("method", "path", "rate"),
    [
        pytest.param("POST", "/workflow", 5, id="CreateWorkflow"),
        pytest.param("GET", "/workflow", 10, id="ListWorkflows"),
        pytest.param("GET", "/workflow/1", 10, id="GetWorkflow"),
        pytest.param("POST", f"/tags/{ARN}", 5, id="TagResource"),
        pytest.param("DELETE", f"/tags/{ARN}", 5, id="UntagResource"),
        pytest.param("GET", f"/tags/{ARN}", 5, id="ListTagsForResource"),
        *(
            pytest.param(method, f"/{kind}{key}", 10, id=f"{verb} {kind}")
            for kind in ("runGroup", "runCache")
            for verb, method, key in (
                ("create", "POST", ""),
                ("list", "GET", ""),
                ("get", "GET", "/1"),
                ("update", "POST", "/1"),
                ("delete", "DELETE", "/1"),
            )
        ),
    ],
)
def test_throttled(clock: VirtualClock, method: str, path: str, rate: float) -> None:
    """A call is throttled that comes sooner after another than the rate allows."""
    emulator = Emulator(clock, verify_signatures=False, rates="documented")
    http = httpx.Client(transport=emulator.transport(), base_url="http://omics")
    throttled = [http.request(method, path).status_code == 429]
    for wait in (0.0, 0.9, 0.1):
        clock.advance(wait / rate)
        throttled.append(http.request(method, path).status_code == 429)
    assert throttled == [False, True, True, False]
