"""Whether to send a request again, and when. Pure decisions: nothing here waits."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Literal, TypeAlias

from attrs import define, field, frozen

from omics_runs._errors import (
    CallError,
    ConfigurationError,
    CredentialsError,
    ServiceError,
    TransportError,
    UnreadableResponseError,
)
from omics_runs._forks import Lock
from omics_runs._generated.errors import FAULT_BY_CODE
from omics_runs._narrow import A_TIME_ABOVE_0
from omics_runs._timeout import is_positive

if TYPE_CHECKING:
    from attrs import Attribute

Fault: TypeAlias = Literal["transient", "throttling"]

THROTTLING_CODES = frozenset(
    {
        "BandwidthLimitExceeded",
        "EC2ThrottledException",
        "LimitExceededException",
        "PriorRequestNotComplete",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
        "TransactionInProgressException",
    }
)
TRANSIENT_CODES = frozenset({"RequestTimeout", "RequestTimeoutException"})
TRANSIENT_STATUSES = frozenset({500, 502, 503, 504})
EXPIRED_CODES = frozenset({"ExpiredToken", "ExpiredTokenException"})
"""Refusals of keys that were good once: new ones may do."""
SKEW_CODES = frozenset(
    {
        "AccessDeniedException",
        "AuthFailure",
        "InvalidSignatureException",
        "RequestTimeTooSkewed",
        "SignatureDoesNotMatch",
    }
)
"""Refusals that may come of a wrong clock; the AWS SDKs' list of 2026."""
REQUEST_TIMEOUT, CONFLICT, TOO_MANY_REQUESTS, SERVER_ERROR = 408, 409, 429, 500

RETRY_AFTER_ROOM = 5.0
"""Seconds by which the service's own `x-amz-retry-after` may exceed the computed delay."""
QUOTA_SIZE = 500
QUOTA_COST: Mapping[Fault, int] = {"transient": 14, "throttling": 5}


def fault_of(code: str, status_code: int, *, is_modelled: bool) -> Fault | None:
    """Return how the service classifies an error, or None where waiting won't mend it.

    A status of 429 is throttling unless the code is one that the model calls something else.
    """
    if code in THROTTLING_CODES:
        return "throttling"
    if fault := FAULT_BY_CODE.get(code):
        return fault
    if code in TRANSIENT_CODES:
        return "transient"
    if is_modelled:
        return None
    return _fault_of_status(status_code)


def _fault_of_status(status_code: int) -> Fault | None:
    if status_code == TOO_MANY_REQUESTS:
        return "throttling"
    is_transient = status_code in TRANSIENT_STATUSES or status_code == REQUEST_TIMEOUT
    return "transient" if is_transient else None


def fault_in(error: CallError) -> Fault | None:
    """Return what kind of passing trouble `error` tells of, or None if it won't pass."""
    if isinstance(error, ServiceError):
        return error.fault
    if isinstance(error, UnreadableResponseError):
        return None if error.is_json else "transient"
    return "transient" if isinstance(error, TransportError) and error.is_passing else None


def passes(error: CallError | ConfigurationError) -> bool:
    """Return whether to ride `error` out: throttling, 5xx, trouble of the network, of keys."""
    if isinstance(error, ConfigurationError):
        return isinstance(error, CredentialsError) and error.is_passing
    is_server_error = isinstance(error, ServiceError) and error.status_code >= SERVER_ERROR
    return is_server_error or fault_in(error) is not None


def is_throttling(error: BaseException | None) -> bool:
    """Return whether the service says that there were too many calls."""
    return isinstance(error, ServiceError) and error.fault == "throttling"


def left_open(error: CallError) -> bool:
    """Return whether the service may have acted although the attempt ended with `error`."""
    if isinstance(error, ServiceError):
        return error.status_code == REQUEST_TIMEOUT or error.status_code >= SERVER_ERROR
    return error.may_have_taken_effect


def _at_least_one(_: object, attribute: Attribute[int], value: object) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        msg = f"{attribute.name} must be a whole number of at least 1, got {value!r}"
        raise ConfigurationError(msg)


def _seconds(_: object, attribute: Attribute[float], value: object) -> None:
    if not is_positive(value):
        msg = f"{attribute.name} must be {A_TIME_ABOVE_0}, got {value!r}"
        raise ConfigurationError(msg)


@frozen(kw_only=True)
class RetryPolicy:
    """When a failed attempt is followed by another: the AWS SDKs' standard mode of 2026.

    Server errors, lost connections, timeouts and throttling are retried, with full jitter: the
    delay is drawn evenly between nothing and a bound that doubles with each attempt.

    Args:
        max_attempts: Attempts in total, the first one included; 1 turns retries off.
        mode: `standard`, the only mode so far.
        base_delay: First bound of the delay, in seconds, after a server error or lost connection.
        throttling_delay: First bound of the delay, in seconds, after throttling.
        max_delay: Largest bound of the delay, in seconds.

    Raises:
        ConfigurationError: A value is out of range.
    """

    max_attempts: int = field(default=3, validator=_at_least_one)
    mode: Literal["standard"] = "standard"
    base_delay: float = field(default=0.05, validator=_seconds)
    throttling_delay: float = field(default=1.0, validator=_seconds)
    max_delay: float = field(default=20.0, validator=_seconds)

    @classmethod
    def of(cls, value: RetryPolicy | None, default: RetryPolicy) -> RetryPolicy:
        """Return the policy of one call: None means the default."""
        if value is None:
            return default
        if not isinstance(value, cls):
            msg = f"retry must be a RetryPolicy, got {value!r}"
            raise ConfigurationError(msg)
        return value

    def __attrs_post_init__(self) -> None:
        if str(self.mode) != "standard":
            msg = f"mode must be 'standard', got {self.mode!r}"
            raise ConfigurationError(msg)

    def delay(self, fault: Fault, attempt: int, jitter: float, retry_after: float | None) -> float:
        """Return the seconds to wait after a failed attempt.

        Args:
            fault: What kind of trouble it met.
            attempt: Its number, counted from 1.
            jitter: A random number from 0 up to 1.
            retry_after: The seconds that the service asked for, or None. They are honored up to
                5 seconds beyond the delay that is due without them.
        """
        base = self.base_delay if fault == "transient" else self.throttling_delay
        # The exponent is capped because a float overflows at 2**1024.
        due = jitter * min(base * 2.0 ** min(attempt - 1, 64), self.max_delay)
        return due if retry_after is None else max(due, min(retry_after, due + RETRY_AFTER_ROOM))


@define
class RetryQuota:
    """Tokens that a client spends on retries, so that it doesn't add to an outage.

    Each retry takes some, a success gives some back. Safe to share between threads.
    """

    available: int = QUOTA_SIZE
    _lock: Lock = field(factory=Lock, init=False, repr=False, eq=False)

    def take(self, cost: int) -> bool:
        """Take `cost` tokens; return False, and take none, if there are not enough."""
        with self._lock.current:
            if cost > self.available:
                return False
            self.available -= cost
            return True

    def give_back(self, tokens: int) -> None:
        """Return tokens after a success; the quota never exceeds its size."""
        with self._lock.current:
            self.available = min(self.available + tokens, QUOTA_SIZE)


@define
class Retries:
    """The retries of one call."""

    policy: RetryPolicy
    quota: RetryQuota
    random: Callable[[], float]
    has_token: bool
    """Whether the request carries an idempotency token, so that a 409 may be our own attempt's."""
    is_open: bool = False
    """Whether an earlier attempt ended so that the service may have acted on it."""
    _last_cost: int = 0

    def delay_after(self, error: CallError, attempt: int) -> float | None:
        """Return the seconds to wait before the next attempt, or None if there is to be none."""
        fault = self._fault(error)
        self.is_open = self.is_open or left_open(error)
        if fault is None or attempt >= self.policy.max_attempts:
            return None
        cost = QUOTA_COST[fault]
        if not self.quota.take(cost):
            return None
        self._last_cost = cost
        retry_after = error.retry_after if isinstance(error, ServiceError) else None
        return self.policy.delay(fault, attempt, self.random(), retry_after)

    def succeeded(self) -> None:
        """Give back what the last retry took, or one token for a success at the first attempt."""
        self.quota.give_back(self._last_cost or 1)

    def _fault(self, error: CallError) -> Fault | None:
        if self._may_be_our_own(error):
            return "transient"
        return fault_in(error)

    def _may_be_our_own(self, error: CallError) -> bool:
        """A conflict after a lost answer may be our own attempt, still in flight."""
        is_conflict = isinstance(error, ServiceError) and error.status_code == CONFLICT
        return is_conflict and self.has_token and self.is_open
