"""capo-omics, which has an HTTP stack and a signer of its own."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from uuid import uuid4

from capo_omics import OmicsClient

from benchmarks.contenders import PAGE, RUN, START


@contextmanager
def calls() -> Generator[dict[str, Callable[[], object]]]:
    """Give the sync calls; the request ids are ours to make."""
    with OmicsClient() as client:
        yield {
            "get_run": partial(client.get_run, RUN),
            "list_runs": partial(client.list_runs, max_results=PAGE),
            "start_run": lambda: client.start_run(request_id=str(uuid4()), **START),
        }


@asynccontextmanager
async def async_calls() -> AsyncGenerator[dict[str, Callable[[], Awaitable[object]]]]:
    """Give the async calls."""
    from capo_omics import AsyncOmicsClient  # noqa: PLC0415  (no part of a sync cold start)

    async with AsyncOmicsClient() as client:
        yield {"get_run": partial(client.get_run, RUN)}
