"""This SDK, as it comes; the names and conversions are those that its users get."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import asynccontextmanager, closing, contextmanager
from functools import partial
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.contenders import PAGE, RUN, START
from omics_runs import OmicsRunsClient


@contextmanager
def calls(**options: Any) -> Generator[dict[str, Callable[[], object]]]:
    """Give the sync calls, and the submission of one more spec with a journal."""
    with OmicsRunsClient(**options) as client, closing(_submitted(client)) as submitted:
        yield {
            "get_run": partial(client.get_run, RUN),
            "list_runs": partial(client.list_runs, max_results=PAGE),
            "start_run": partial(client.start_run, **START),
            "submit": partial(next, submitted),
        }


@asynccontextmanager
async def async_calls(**options: Any) -> AsyncGenerator[dict[str, Callable[[], Awaitable[object]]]]:
    """Give the async calls."""
    from omics_runs import AsyncOmicsRunsClient  # noqa: PLC0415  (no part of a sync cold start)

    async with AsyncOmicsRunsClient(**options) as client:
        yield {"get_run": partial(client.get_run, RUN)}


def _submitted(client: OmicsRunsClient) -> Generator[object]:
    from omics_runs import RunSpec, StartRunRequest  # noqa: PLC0415  (nor these)

    request = StartRunRequest(**START)
    specs = (RunSpec(f"sample-{number}", request) for number in count())
    with TemporaryDirectory() as folder:
        journal = Path(folder, "journal")
        yield from client.iter_submit(specs, key="benchmark", journal=journal, rate=None)
