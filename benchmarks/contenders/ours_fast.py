"""This SDK with the transport of its extra `fast`, which async clients alone have."""

from __future__ import annotations

from functools import partial

import aiohttp  # noqa: F401  (without it there is no such contender)

from benchmarks.contenders import ours

async_calls = partial(ours.async_calls, transport="aiohttp")
