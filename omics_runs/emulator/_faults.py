"""What can be made to go wrong: refusals, lost answers, slow ones, broken and edited ones."""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping
from functools import partial
from http import HTTPStatus
from typing import Literal

import attrs
from attrs import field, frozen
from attrs.validators import optional

from omics_runs._generated.errors import ERRORS_BY_STATUS
from omics_runs._narrow import LONGEST
from omics_runs.emulator._checks import (
    are_headers,
    are_members,
    is_code,
    is_delay,
    is_flag,
    is_share,
    is_text,
    is_whole,
    must,
)
from omics_runs.emulator._http import (
    HANG,
    Refusal,
    Reply,
    decoded,
    encoded,
    merged,
    refused,
)
from omics_runs.emulator._routes import check_operation

BALANCER_STATUSES = {502, 503, 504}
"""Statuses that come from a load balancer before the service, which knows no error codes."""

FIRST_ERROR = 400
"""The lowest status of a refusal."""


def _default_times(fault: Fault) -> int | None:
    return 1 if fault.probability is None else None


@frozen
class Fault:
    """Something that goes wrong with a call. Add it to `Emulator.faults`.

    A fault that only delays, edits the answer, adds headers, or drops the connection in the middle
    of the body lets the operation happen. Any other one answers in its place, unless
    `after_commit` is set.

    Raises:
        ValueError: A member is not what it must be, nothing would go wrong, or two members
            contradict each other.
    """

    operation: str | None = None
    """The operation it is for, such as `StartRun`; None for all."""
    probability: float | None = field(
        default=None,
        kw_only=True,
        validator=optional(must("be a number above 0 and up to 1, or None", is_share)),
    )
    """Share of the calls it spoils, by the emulator's seed; None for each call in turn."""
    times: int | None = field(
        default=attrs.Factory(_default_times, takes_self=True),
        kw_only=True,
        validator=optional(
            must("be a whole number from 1 up, or None for ever", partial(is_whole, least=1))
        ),
    )
    """How many calls it spoils; None for no end, which is what a `probability` has by default."""
    skip: int = field(
        default=0,
        kw_only=True,
        validator=must("be a whole number from 0 up", partial(is_whole, least=0)),
    )
    """How many calls it lets pass first."""
    status: int | None = field(
        default=None,
        kw_only=True,
        validator=optional(
            must("be a whole number from 100 to 599", partial(is_whole, least=100, most=599))
        ),
    )
    """HTTP status to answer; None follows from `code`, or from the operation if there is none.

    502, 503 and 504 without a code are answered as a load balancer does, in HTML.
    """
    code: str | None = field(
        default=None,
        kw_only=True,
        validator=optional(must("be printable ASCII and not empty", is_code)),
    )
    """Error code to answer; None follows from `status`."""
    message: str = field(
        default="The emulator was asked to fail this call.",
        kw_only=True,
        validator=must("be a string", is_text),
    )
    """The sentence in the answer."""
    headers: Mapping[str, str] = field(
        factory=dict[str, str],
        kw_only=True,
        validator=must("map names of headers to printable ASCII without line breaks", are_headers),
    )
    """Headers to answer beside the usual ones, or in their place."""
    body: bytes | None = field(
        default=None,
        kw_only=True,
        validator=optional(must("be bytes", lambda value: isinstance(value, bytes))),
    )
    """Bytes to answer as they are."""
    answer: Mapping[str, object] | None = field(
        default=None,
        kw_only=True,
        validator=optional(must("map one name or more to values of JSON", are_members)),
    )
    """Members of the JSON answer, put beside the operation's own or in their place.

    The operation happens, and a refusal by it stays as it is.
    """
    after_commit: bool = field(
        default=False, kw_only=True, validator=must("be True or False", is_flag)
    )
    """Whether the operation happens all the same: its answer is lost."""
    drop: bool | Literal["mid-body"] = field(
        default=False,
        kw_only=True,
        validator=must(
            "be False, True or 'mid-body'", lambda value: is_flag(value) or value == "mid-body"
        ),
    )
    """Whether the connection is closed without an answer, or halfway through the body."""
    reset: bool = field(default=False, kw_only=True, validator=must("be True or False", is_flag))
    """Whether the connection is reset without an answer: an RST of TCP, no orderly end."""
    delay: float | None = field(
        default=None,
        kw_only=True,
        validator=optional(must(f"be a number of seconds from 0 to {LONGEST:.0f}", is_delay)),
    )
    """Seconds of the emulator's clock that the answer is held back."""
    hang: bool = field(default=False, kw_only=True, validator=must("be True or False", is_flag))
    """Whether the answer never comes."""

    @classmethod
    def throttle(cls, operation: str | None = None, *, times: int | None = 1) -> Fault:
        """Return the fault that refuses calls as too many, in the way of the service's own limits.

        Args:
            operation: The operation it is for; None for all.
            times: How many calls it refuses; None for all from now on.
        """
        return cls(operation, code="ThrottlingException", message="Rate exceeded", times=times)

    def __attrs_post_init__(self) -> None:
        if self.operation is not None:
            check_operation(self.operation)
        for complaint in self._complaints():
            raise ValueError(complaint)

    def _complaints(self) -> Iterator[str]:
        lost = [self.drop, self.reset, self.hang]
        if not (self._replaces or self.answer or self.headers or any(lost) or self.delay):
            yield (
                "a fault needs one of status, code, body, answer, headers, drop, reset, delay, hang"
            )
        if self._replaces and self.answer:
            yield "answer edits what status, code or body would replace; only one of them can be"
        if sum(map(bool, lost)) > 1:
            yield "drop, reset and hang exclude each other"

    @property
    def lets_through(self) -> bool:
        """Whether the operation happens."""
        unanswered = self.hang or self.reset or self.drop is True
        return self.after_commit or not (self._replaces or unanswered)

    @property
    def _replaces(self) -> bool:
        return self.status is not None or self.code is not None or self.body is not None

    def spoil(self, reply: Reply) -> Reply:
        """Return what is answered in place of `reply`."""
        answer = self._replacement(reply) if self._replaces else self._edited(reply)
        return attrs.evolve(
            answer,
            headers=merged(answer.headers, self.headers),
            delay=HANG if self.hang else self.delay or 0.0,
            drop="reset" if self.reset else self.drop,
        )

    def _edited(self, reply: Reply) -> Reply:
        if self.answer is None or reply.status >= FIRST_ERROR:
            return reply
        members = {**decoded(reply.body or b"{}"), **self.answer}
        return attrs.evolve(reply, body=encoded(members))

    def _replacement(self, reply: Reply) -> Reply:
        status = self._status(reply)
        if self.body is not None:
            headers = {"x-amzn-ErrorType": self.code} if self.code else {}
            return Reply(status=status, body=self.body, headers=headers)
        if self.code is None and status in BALANCER_STATUSES:
            return _balancer(status, self.message)
        return refused(Refusal(status, self.code or _code_of(status), self.message))

    def _status(self, reply: Reply) -> int:
        if self.status is not None:
            return self.status
        return _status_of(self.code) if self.code else reply.status


def _balancer(status: int, message: str) -> Reply:
    title = f"{status} {HTTPStatus(status).phrase}"
    page = f"<html><body><h1>{title}</h1><p>{html.escape(message)}</p></body></html>"
    return Reply(
        status=status,
        body=page.encode(errors="replace"),
        headers={"content-type": "text/html"},
    )


def _code_of(status: int) -> str:
    kind = ERRORS_BY_STATUS.get(status)
    return "" if kind is None else kind.service_code or ""


def _status_of(code: str) -> int:
    statuses = {kind.service_code: status for status, kind in ERRORS_BY_STATUS.items()}
    return statuses.get(code, 400)
