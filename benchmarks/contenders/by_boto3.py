"""boto3, which is led to the stub by its environment as the others are."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import closing, contextmanager
from functools import partial

import boto3

from benchmarks.contenders import PAGE, RUN, START, in_camel_case


@contextmanager
def calls() -> Generator[dict[str, Callable[[], object]]]:
    """Give the sync calls; boto3 makes the request ids itself."""
    with closing(boto3.client("omics")) as client:
        yield {
            "get_run": partial(client.get_run, id=RUN),
            "list_runs": partial(client.list_runs, maxResults=PAGE),
            "start_run": partial(client.start_run, **in_camel_case(START)),
        }
