"""What is left of a wait for many runs, as text that another process goes on from."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from attrs import frozen

from omics_runs._errors import UnreadableResponseError
from omics_runs._generated.models import GetRunResponse
from omics_runs._narrow import is_array, is_object
from omics_runs._run_ref import RunRef

VERSION = 1
KEPT = ("arn", "id", "uuid", "status", "creation_time")
"""The members of a run, as it was last seen, that tell it from another one under its id."""


@frozen
class RunMark:
    """One run of a checkpoint."""

    ref: RunRef
    seen: GetRunResponse | None = None
    """The run as it was last seen, in short; None if it never was."""
    just_started: bool = False
    """Whether the service may not find it yet."""
    joined: datetime | None = None
    """Since when it is waited for, if it never was seen; None if that is unknown."""

    def to_dict(self) -> dict[str, Any]:
        """Return the mark in JSON's terms; what is absent is left out."""
        told: dict[str, Any] = {"ref": str(self.ref)}
        if self.seen is not None:
            told["seen"] = in_short(self.seen).to_dict()
        elif self.joined is not None:
            told["joined"] = self.joined.isoformat(timespec="seconds")
        return told | ({"justStarted": True} if self.just_started else {})

    @classmethod
    def from_dict(cls, told: Any) -> RunMark:
        """Return the mark that `to_dict` made the dict of.

        Raises:
            ValueError: It is none.
        """
        if not is_object(told):
            msg = f"each run must be an object, got {told!r}"
            raise ValueError(msg)
        seen = told.get("seen")
        try:
            run = None if seen is None else GetRunResponse.from_dict(seen)
        except UnreadableResponseError as error:
            raise ValueError(str(error)) from None
        ref = RunRef.parse(str(told.get("ref")))
        joined = None if told.get("joined") is None else _moment(told["joined"])
        return cls(ref, run, just_started=told.get("justStarted") is True, joined=joined)


@frozen
class RunCheckpoint:
    """The runs of a wait that have not ended yet, for another process to go on with.

    `str(checkpoint)` and `RunCheckpoint.parse` turn it into JSON text and back. It holds
    the runs and since when each is waited for: neither keys nor how long to wait.
    """

    marks: tuple[RunMark, ...]

    @property
    def refs(self) -> tuple[RunRef, ...]:
        """The runs, in the order in which they joined."""
        return tuple(mark.ref for mark in self.marks)

    def __str__(self) -> str:
        told = {"version": VERSION, "runs": [mark.to_dict() for mark in self.marks]}
        return json.dumps(told, separators=(",", ":"))

    def __repr__(self) -> str:
        return f"RunCheckpoint(<{len(self.marks)}>)"

    @classmethod
    def parse(cls, text: str) -> RunCheckpoint:
        """Return the checkpoint that `str()` made `text` of.

        Raises:
            ValueError: The text is no checkpoint, or one of a newer release.
        """
        return cls(tuple(_marks_in(text)))


def _moment(text: object) -> datetime:
    found = datetime.fromisoformat(str(text))
    if found.tzinfo is None:
        msg = f"expected a moment with a time zone, got {text!r}"
        raise ValueError(msg)
    return found


def in_short(seen: GetRunResponse) -> GetRunResponse:
    """Return a run with no more than what tells it from another one under its id."""
    return GetRunResponse(**{name: getattr(seen, name) for name in KEPT})


def _marks_in(text: str) -> Iterator[RunMark]:
    try:
        told: Any = json.loads(text)
    except (ValueError, TypeError, RecursionError) as error:
        msg = f"expected the text of a RunCheckpoint, got {shown(text)}: {error}"
        raise ValueError(msg) from None
    if not is_object(told) or told.get("version") != VERSION or not is_array(told.get("runs")):
        msg = f"expected the text of a RunCheckpoint of version {VERSION}, got {shown(text)}"
        raise ValueError(msg)
    for mark in told["runs"]:
        yield RunMark.from_dict(mark)


def shown(value: object) -> str:
    """Return how a message shows a value that may be long."""
    return f"{value!r:.60}"
