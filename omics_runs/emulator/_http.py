"""What comes in and what goes out: HTTP without a socket, and the service's way to refuse."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any, Literal

from attrs import field, frozen

HANG = float("inf")
"""The delay of an answer that never comes."""


@frozen(kw_only=True)
class Received:
    """One HTTP request, byte for byte as it came."""

    method: str
    target: str
    """Path and query as they stood on the request line, still encoded."""
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    @property
    def path(self) -> str:
        """The path, still encoded."""
        return self.target.partition("?")[0]

    @property
    def query(self) -> str:
        """The query string, still encoded."""
        return self.target.partition("?")[2]

    def values(self, name: str) -> list[str]:
        """Return all values of a header; `name` is in lower case."""
        return [value for key, value in self.headers if key.lower() == name]

    def header(self, name: str) -> str | None:
        """Return the first value of a header, or None; `name` is in lower case."""
        return next(iter(self.values(name)), None)


@frozen(kw_only=True)
class Reply:
    """One HTTP answer, and what is to go wrong on its way."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(factory=dict[str, str])
    delay: float = 0.0
    """Seconds of the emulator's clock to wait before it is sent; `HANG` for never."""
    drop: bool | Literal["mid-body", "reset"] = False
    """Whether to end the connection instead: before the answer, in the middle of its body, or by a
    reset in place of the answer."""


def merged(headers: Mapping[str, str], winners: Mapping[str, str]) -> dict[str, str]:
    """Return all headers, `winners` in place of others of the same name in any case."""
    names = {name.lower() for name in winners}
    kept = {name: value for name, value in headers.items() if name.lower() not in names}
    return {**kept, **winners}


class Refusal(Exception):  # noqa: N818  (an answer like any other)
    """The service says no: an HTTP status, an error code and a sentence."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


def refused(refusal: Refusal) -> Reply:
    """Return the answer that says no, in the service's form."""
    headers = {"x-amzn-ErrorType": refusal.code} if refusal.code else {}
    return Reply(status=refusal.status, body=encoded({"message": refusal.message}), headers=headers)


def encoded(content: object) -> bytes:
    """Return JSON."""
    return json.dumps(content).encode()


def decoded(body: bytes) -> Any:
    """Return what JSON says.

    Raises:
        ValueError: It is no JSON, or has numbers beyond all floats, or is nested too deeply.
    """
    try:
        return json.loads(body, parse_float=_finite, parse_constant=_finite)
    except RecursionError:
        msg = "the JSON is nested too deeply"
        raise ValueError(msg) from None


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        msg = f"{text} is no number of JSON"
        raise ValueError(msg)
    return number


def invalid(message: str) -> Refusal:
    """Return the refusal of a request that is wrong in itself."""
    return Refusal(400, "ValidationException", message)


def not_found(message: str) -> Refusal:
    """Return the refusal of a request for something that is not there."""
    return Refusal(404, "ResourceNotFoundException", message)


def conflict(message: str) -> Refusal:
    """Return the refusal of a request that comes at the wrong time."""
    return Refusal(409, "ConflictException", message)
