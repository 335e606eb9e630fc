"""A call by hand: httpx's own client, botocore's signature, and plain JSON.

Nothing is checked, retried or converted; what this SDK takes beyond it is the price of its layer.
"""

from __future__ import annotations

import json
import os
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from typing import Any
from uuid import uuid4

import httpx
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from benchmarks.contenders import PAGE, RUN, START, in_camel_case

URL = os.environ["AWS_ENDPOINT_URL_OMICS"]
KEYS = Credentials(os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"])
REGION = os.environ["AWS_REGION"]


def signed(method: str, target: str, body: dict[str, Any] | None = None) -> httpx.Request:
    """Return a request that is ready to be sent."""
    content = b"" if body is None else json.dumps(body).encode()
    headers = {"accept": "application/json"}
    if body is not None:
        headers["content-type"] = "application/json"
    copy = AWSRequest(method=method, url=URL + target, data=content, headers=headers)
    SigV4Auth(KEYS, "omics", REGION).add_auth(copy)
    return httpx.Request(method, URL + target, headers=dict(copy.headers), content=content)


@contextmanager
def calls() -> Generator[dict[str, Callable[[], object]]]:
    """Give the sync calls."""
    with httpx.Client(trust_env=False) as client:

        def answer(request: httpx.Request) -> object:
            return json.loads(client.send(request).raise_for_status().content)

        yield {
            "get_run": lambda: answer(signed("GET", f"/run/{RUN}")),
            "list_runs": lambda: answer(signed("GET", f"/run?maxResults={PAGE}")),
            "start_run": lambda: answer(signed("POST", "/run", start())),
        }


@asynccontextmanager
async def async_calls() -> AsyncGenerator[dict[str, Callable[[], Awaitable[object]]]]:
    """Give the async calls."""
    async with httpx.AsyncClient(trust_env=False) as client:

        async def answer(target: str) -> object:
            response = await client.send(signed("GET", target))
            return json.loads(response.raise_for_status().content)

        yield {"get_run": partial(answer, f"/run/{RUN}")}


def start() -> dict[str, Any]:
    """Return the body of one more start, with a request id of its own."""
    return {**in_camel_case(START), "requestId": str(uuid4())}
