"""A call by hand that leaves out httpx's client, too: its transport, called directly, and signed.

Nothing is left that this SDK could save, so what it takes beyond is the price of its layer: checks,
retries, and types.
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from functools import partial

import httpx

from benchmarks.contenders import PAGE, RUN
from benchmarks.contenders.bare import signed, start

TIMES = {"timeout": {"connect": 5.0, "read": 5.0, "write": 5.0, "pool": 5.0}}


@contextmanager
def calls() -> Generator[dict[str, Callable[[], object]]]:
    """Give the sync calls."""
    with httpx.HTTPTransport(trust_env=False) as transport:

        def answer(request: httpx.Request) -> object:
            request.extensions = TIMES
            response = transport.handle_request(request)
            return json.loads(response.read())

        yield {
            "get_run": lambda: answer(signed("GET", f"/run/{RUN}")),
            "list_runs": lambda: answer(signed("GET", f"/run?maxResults={PAGE}")),
            "start_run": lambda: answer(signed("POST", "/run", start())),
        }


@asynccontextmanager
async def async_calls() -> AsyncGenerator[dict[str, Callable[[], Awaitable[object]]]]:
    """Give the async calls."""
    async with httpx.AsyncHTTPTransport(trust_env=False) as transport:

        async def answer(target: str) -> object:
            request = signed("GET", target)
            request.extensions = TIMES
            response = await transport.handle_async_request(request)
            return json.loads(await response.aread())

        yield {"get_run": partial(answer, f"/run/{RUN}")}
