"""aiobotocore, with as many connections as the measurement has tasks."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial

from aiobotocore.config import AioConfig
from aiobotocore.session import get_session

from benchmarks.contenders import RUN


@asynccontextmanager
async def async_calls() -> AsyncGenerator[dict[str, Callable[[], Awaitable[object]]]]:
    """Give the async calls."""
    config = AioConfig(max_pool_connections=100)
    async with get_session().create_client("omics", config=config) as client:
        yield {"get_run": partial(client.get_run, id=RUN)}
