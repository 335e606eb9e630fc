"""A server that answers anything at all, and a client that must bear it."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

import httpx
import pytest
from attrs import field, frozen

from omics_runs import OmicsRunsClient, errors
from omics_runs._model import Response
from omics_runs.emulator import VirtualClock

MOST_CALLS = 60
"""More than any call, list or wait of these tests may need."""

RUN: Mapping[str, Any] = {
    "workflow_id": "1",
    "role_arn": "arn:aws:iam::123456789012:role/R",
    "output_uri": "s3://b/o",
    "storage_type": "DYNAMIC",
}

Act = Callable[[OmicsRunsClient], Any]
ACTS: Mapping[str, Act] = {
    "StartRun": lambda client: client.start_run(**RUN),
    "GetRun": lambda client: client.get_run("1"),
    "GetRunTask": lambda client: client.get_run_task("1", "2"),
    "CancelRun": lambda client: client.cancel_run("1"),
    "GetBatch": lambda client: client.get_batch("1"),
    "GetRunGroup": lambda client: client.get_run_group("1"),
    "GetRunCache": lambda client: client.get_run_cache("1"),
    "GetWorkflow": lambda client: client.get_workflow("1"),
    "ListTagsForResource": lambda client: client.list_tags_for_resource("arn:aws:omics:r:a:run/1"),
    "ListRuns": lambda client: list(client.iter_runs()),
    "ListRunTasks": lambda client: list(client.iter_run_tasks("1")),
    "ListRunsInBatch": lambda client: list(client.iter_runs_in_batch("1")),
    "wait_until": lambda client: client.wait_until("1", timeout=200, min_delay=50),
    "wait_until_batch": lambda client: client.wait_until_batch("1", timeout=200, min_delay=50),
}
"""What a client is asked to do: operations by their names, and waits."""


@frozen
class Answer:
    """What the server says each time: raw bytes, which httpx has to make sense of."""

    status: int = 200
    body: bytes = b""
    headers: list[tuple[bytes, bytes]] = field(factory=list[tuple[bytes, bytes]])


def bear(act: Act, answer: Answer) -> object:
    """Return what comes of it: a result, or an error of the SDK.

    Whatever it is can be shown, compared and pickled. Anything else that is raised passes through.
    """
    calls = 0

    def serve(_: httpx.Request) -> httpx.Response:
        nonlocal calls
        calls += 1
        if calls > MOST_CALLS:
            pytest.fail("it goes on for ever")
        stream = httpx.ByteStream(answer.body)
        return httpx.Response(answer.status, headers=answer.headers, stream=stream)

    with httpx.Client(transport=httpx.MockTransport(serve)) as http:
        client = OmicsRunsClient(
            region="us-west-2",
            credentials=("AKIDEXAMPLE", "secret", "token"),
            http_client=http,
            clock=VirtualClock(),
        )
        try:
            result = act(client)
        except errors.OmicsRunsError as error:
            result = error
    return use(result)


def use(result: object) -> object:
    """Do with a result what its owner may do: show it, pickle it, write it down and read it."""
    if isinstance(result, list):
        return [use(one) for one in result]
    assert str(result)
    assert repr(result)
    with suppress(RecursionError):  # Python's own pickle gives up at some hundred levels
        assert repr(pickle.loads(pickle.dumps(result))) == repr(result)
    if isinstance(result, Response):
        # As texts, because NaN is not even equal to itself.
        twin = type(result).from_dict(result.to_dict())
        assert json.dumps(twin.to_dict()) == json.dumps(result.to_dict())
    return result
