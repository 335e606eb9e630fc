"""What can be made to go wrong: refusals, lost answers, slow ones, broken ones, and throttling."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Literal

import attrs
from attrs import define, field, frozen

from omics_runs._generated.errors import ERRORS_BY_STATUS
from omics_runs._generated.operations import OPERATIONS
from omics_runs.emulator._http import HANG, Refusal, Reply, merged

DOCUMENTED_RATES: Mapping[str, float] = {
    "StartRun": 1.0,
    "CancelRun": 10.0,
    "DeleteRun": 10.0,
    "GetRun": 10.0,
    "GetRunTask": 10.0,
    "ListRunTasks": 10.0,
    "ListRuns": 10.0,
}
"""Calls for each second that the service's guide documents, for an account in a region."""

ROUNDING = 1e-9
"""How much of a call may be missing: somebody who waits the exact time has waited long enough."""


@frozen
class Fault:
    """Something that goes wrong with a call. Add it to `Emulator.faults`.

    A fault that only delays, adds headers, or drops the connection in the middle of the body lets
    the operation happen. Any other one answers in its place, unless `after_commit` is set.
    """

    operation: str | None = None
    """The operation it is for, such as `StartRun`; None for all."""
    times: int | None = field(default=1, kw_only=True)
    """How many calls it spoils; None for all from now on."""
    skip: int = field(default=0, kw_only=True)
    """How many calls it lets pass first."""
    status: int | None = field(default=None, kw_only=True)
    """HTTP status to answer; None follows from `code`, or from the operation if there is none."""
    code: str | None = field(default=None, kw_only=True)
    """Error code to answer; None follows from `status`."""
    message: str = field(default="The emulator was asked to fail this call.", kw_only=True)
    """The sentence in the answer."""
    headers: Mapping[str, str] = field(factory=dict[str, str], kw_only=True)
    """Headers to answer beside the usual ones, or in their place."""
    body: bytes | None = field(default=None, kw_only=True)
    """Bytes to answer as they are."""
    after_commit: bool = field(default=False, kw_only=True)
    """Whether the operation happens all the same: its answer is lost."""
    drop: bool | Literal["mid-body"] = field(default=False, kw_only=True)
    """Whether the connection is closed without an answer, or halfway through the body."""
    delay: float | None = field(default=None, kw_only=True)
    """Seconds of the emulator's clock that the answer is held back."""
    hang: bool = field(default=False, kw_only=True)
    """Whether the answer never comes."""

    def __attrs_post_init__(self) -> None:
        if self.operation is not None:
            check_operation(self.operation)
        if not (self._answers or self.headers or self.drop or self.hang or self.delay):
            msg = "a fault needs one of status, code, body, headers, drop, delay, hang"
            raise ValueError(msg)
        for complaint in self._complaints():
            raise ValueError(complaint)

    def _complaints(self) -> Iterator[str]:
        if self.times is not None and self.times < 1:
            yield f"times must be at least 1, or None for ever, got {self.times}"
        if self.skip < 0:
            yield f"skip must not be negative, got {self.skip}"
        if self.status is not None and not _is_status(self.status):
            yield f"status must be a whole number from 100 to 599, got {self.status!r}"
        if not _is_drop(self.drop):
            yield f"drop must be False, True or 'mid-body', got {self.drop!r}"
        if self.delay is not None and not self.delay >= 0:  # NaN is no number of seconds either
            yield f"delay must not be negative, got {self.delay}"
        for name, value in self.headers.items():
            if set("\r\n") & {*name, *value}:
                yield f"the header {name!r} must have no line breaks, got {value!r}"

    @property
    def lets_through(self) -> bool:
        """Whether the operation happens."""
        unanswered = self.hang or self.drop is True
        return self.after_commit or not (self._answers or unanswered)

    @property
    def _answers(self) -> bool:
        return self.status is not None or self.code is not None or self.body is not None

    def spoil(self, reply: Reply) -> Reply:
        """Return what is answered in place of `reply`."""
        answer = self._answer(reply) if self._answers else reply
        return attrs.evolve(
            answer,
            headers=merged(answer.headers, self.headers),
            delay=HANG if self.hang else self.delay or 0.0,
            drop=self.drop,
        )

    def _answer(self, reply: Reply) -> Reply:
        status = self._status(reply)
        code = self.code or _code_of(status)
        if self.body is None:
            return refused(Refusal(status, code or "", self.message))
        headers = {"x-amzn-ErrorType": self.code} if self.code else {}
        return Reply(status=status, body=self.body, headers=headers)

    def _status(self, reply: Reply) -> int:
        if self.status is not None:
            return self.status
        return _status_of(self.code) if self.code else reply.status


def _is_status(status: object) -> bool:
    whole = isinstance(status, int) and not isinstance(status, bool)
    return whole and status in range(100, 600)


def _is_drop(drop: object) -> bool:
    return isinstance(drop, bool) or drop == "mid-body"


def refused(refusal: Refusal) -> Reply:
    """Return the answer that says no, in the service's form."""
    headers = {"x-amzn-ErrorType": refusal.code} if refusal.code else {}
    body = json.dumps({"message": refusal.message}).encode()
    return Reply(status=refusal.status, body=body, headers=headers)


def _code_of(status: int) -> str | None:
    kind = ERRORS_BY_STATUS.get(status)
    return None if kind is None else kind.service_code


def _status_of(code: str) -> int:
    statuses = {kind.service_code: status for status, kind in ERRORS_BY_STATUS.items()}
    return statuses.get(code, 400)


def check_operation(name: str) -> None:
    """Refuse a name that no operation has.

    Raises:
        ValueError: There is no such operation.
    """
    known = sorted(operation.name for operation in OPERATIONS.values())
    if name not in known:
        msg = f"there is no operation {name!r}; known are {', '.join(known)}"
        raise ValueError(msg)


@define
class _Armed:
    """A fault with what is left of it."""

    fault: Fault
    to_skip: int
    left: int | None

    def takes(self, operation: str) -> bool:
        """Return whether this call is to be spoilt, and count it."""
        if self.left == 0 or self.fault.operation not in {None, operation}:
            return False
        if self.to_skip > 0:
            self.to_skip -= 1
            return False
        if self.left is not None:
            self.left -= 1
        return True


class Faults:
    """The faults of an emulator, asked one after another in the order they were added."""

    def __init__(self) -> None:
        self._armed: tuple[_Armed, ...] = ()
        self.injected = 0
        """How many calls have been spoilt."""

    def add(self, *faults: Fault) -> None:
        """Add faults; the first one that is for a call spoils it."""
        self._armed += tuple(_Armed(fault, fault.skip, fault.times) for fault in faults)

    def clear(self) -> None:
        """Take all faults away."""
        self._armed = ()

    def take(self, operation: str) -> Fault | None:
        """Return the fault for the next call of an operation; the emulator's lock is held."""
        for armed in self._armed:
            if armed.takes(operation):
                self.injected += 1
                return armed.fault
        return None


@define
class _Bucket:
    rate: float
    tokens: float
    filled_at: float

    def take(self, now: float) -> bool:
        self.tokens = min(1.0, self.tokens + (now - self.filled_at) * self.rate)
        self.filled_at = now
        if self.tokens < 1.0 - ROUNDING:
            return False
        self.tokens -= 1.0
        return True


class Rates:
    """How often each operation may be called: a token bucket for each, which holds one call.

    Assumption: the size of the service's buckets, and that each operation has its own.
    """

    def __init__(self, rates: Mapping[str, float] | Literal["documented"] | None) -> None:
        if isinstance(rates, str):
            rates = _rates_named(rates)
        rates = rates or {}
        for operation, rate in rates.items():
            check_operation(operation)
            _check_rate(operation, rate)
        self._buckets = {name: _Bucket(rate, 1.0, 0.0) for name, rate in rates.items()}

    def take(self, operation: str, now: float) -> None:
        """Count a call.

        Raises:
            Refusal: It comes too early.
        """
        bucket = self._buckets.get(operation)
        if bucket is not None and not bucket.take(now):
            # Assumption: no Retry-After; none has been seen.
            raise Refusal(429, "ThrottlingException", "Rate exceeded")


def _rates_named(name: str) -> Mapping[str, float]:
    if name != "documented":
        msg = f"rates must be a mapping, 'documented' or None, not {name!r}"
        raise ValueError(msg)
    return DOCUMENTED_RATES


def _check_rate(operation: str, rate: float) -> None:
    if not 0 < rate < float("inf"):
        msg = f"the rate of {operation} must be above 0 calls per second, got {rate}"
        raise ValueError(msg)
