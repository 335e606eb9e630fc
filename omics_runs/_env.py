"""What a call needs beside its request: frozen settings, and the few cells that calls share."""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from attrs import NOTHING, Factory, fields, frozen

from omics_runs._hooks import Hooks
from omics_runs._pacing import Pacer
from omics_runs._retry import RetryPolicy, RetryQuota
from omics_runs._skew import ClockOffset
from omics_runs._timeout import Timeout
from omics_runs._tracing import Tracing
from omics_runs._unsettled import Unsettled
from omics_runs._user_agent import UserAgent

if TYPE_CHECKING:
    from omics_runs._clock import Clock
    from omics_runs._endpoint import Endpoint, NoEndpoint
    from omics_runs._operation import Operation


LOGS = "logs"
"""What calls of CloudWatch Logs are signed for."""


@frozen(kw_only=True)
class Env:
    """One client's settings."""

    endpoint: Endpoint
    logs: Endpoint | NoEndpoint
    """Where CloudWatch Logs is."""
    region: str | None
    """The region to sign for; None only where nothing is signed."""
    sign: bool
    validate: bool
    timeout: Timeout
    retry: RetryPolicy
    clock: Clock
    user_agent: UserAgent
    hooks: Hooks
    tracing: Tracing | None
    pacer: Pacer
    offset: ClockOffset
    """What the service's clock is ahead of ours; keys are judged by it, too."""
    quota: RetryQuota = Factory(RetryQuota)
    unsettled: Unsettled = Factory(Unsettled)
    random: Callable[[], float] = random.random
    """Where jitter comes from: a number from 0 up to 1."""

    def url_for(self, operation: Operation[Any, Any]) -> str:
        """Return the URL that an operation's path is added to.

        Raises:
            ConfigurationError: There is none, because CloudWatch Logs can't be reached.
        """
        endpoint = self.logs if operation.service == LOGS else self.endpoint
        return endpoint.url_for(operation.host_prefix)

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel to another process without the cells: what has a default is made anew there."""
        settings = [field.name for field in fields(Env) if field.default is NOTHING]
        return partial(Env, **{name: getattr(self, name) for name in settings}), ()
