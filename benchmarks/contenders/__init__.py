"""The contenders, a module each, which does the same calls in its own way.

A contender has `calls`, a context manager that gives its sync calls by their names, or
`async_calls`, the same for asyncio, or both. It takes all settings from the environment and
imports its packages at its top, for it runs in an environment that has them; but what a sync
program can do without, where it is used, so that a cold start has no part in it. To add one, write
the module and name it in `CONTENDERS`; another transport of this SDK takes no more than this:

    async_calls = partial(ours.async_calls, transport="...")

Everything here is imported before a cold start is timed, so it needs next to nothing.
"""

from __future__ import annotations

from typing import Any, NamedTuple

RUN = "9814316"
PAGE = 100
"""Runs of a list."""

START: dict[str, Any] = {
    "workflow_id": "3174829",
    "workflow_type": "PRIVATE",
    "role_arn": "arn:aws:iam::123456789012:role/OmicsRole",
    "output_uri": "s3://genomes-results/germline",
    "name": "NA12878 germline",
    "run_group_id": "2718281",
    "priority": 100,
    "parameters": {
        "sample": "NA12878",
        "reads": [f"s3://genomes-reads/NA12878_R{number}.fastq.gz" for number in (1, 2)],
        "reference": "s3://genomes-reference/GRCh38.fa",
        "intervals": {"scatter": 24, "padding": 100},
        "joint": False,
    },
    "storage_type": "DYNAMIC",
    "log_level": "ALL",
    "retention_mode": "RETAIN",
    "tags": {"project": "germline", "cost-centre": "4711"},
}
"""What a run is started with, by names in snake case."""


def in_camel_case(arguments: dict[str, Any]) -> dict[str, Any]:
    """Return arguments by the names that the service gives them."""
    return {name[0] + name.title().replace("_", "")[1:]: arguments[name] for name in arguments}


class Contender(NamedTuple):
    """How a contender is called in print, and the packages whose releases matter."""

    label: str
    packages: tuple[str, ...]


CONTENDERS = {
    "ours": Contender("omics_runs", ("omics-runs", "httpx", "botocore", "cattrs")),
    "ours_fast": Contender("omics_runs[fast]", ("omics-runs", "aiohttp", "botocore", "cattrs")),
    "by_boto3": Contender("boto3", ("boto3", "botocore", "urllib3")),
    "by_aiobotocore": Contender("aiobotocore", ("aiobotocore", "botocore", "aiohttp")),
    "by_capo": Contender("capo-omics", ("capo-omics", "zapros")),
    "bare": Contender("httpx by hand", ("httpx", "botocore")),
    "bare_transport": Contender("its transport", ("httpx", "botocore")),
}
"""By the names of their modules, in the order in which they are shown."""
