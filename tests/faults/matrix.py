"""What becomes of a call, a list or a wait for each fault: one table, for tests and page alike.

`python -m tests.faults.matrix` writes it into `docs/faults.md`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

from attrs import frozen

from omics_runs import errors
from omics_runs.emulator import Fault

PAGE = Path(__file__).parents[2] / "docs" / "faults.md"
TOO_LATE, UNREADABLE = errors.TransportTimeoutError, errors.UnreadableResponseError
BEGIN, END = "<!-- table: begin -->", "<!-- table: end -->"

COLUMNS = {
    "start": {"start_run": "StartRun", "start_run_batch": "StartRunBatch"},
    "read": {
        "get_run": "GetRun",
        "iter_runs": "ListRuns",
        "iter_runs_in_batch": "ListRunsInBatch",
    },
    "wait": {"wait_until": "GetRun", "wait_until_batch": "GetBatch"},
}
"""What each column is for: methods of a client, and the operation that is spoilt for each."""


@frozen
class Outcome:
    """How it ends, and after how many calls."""

    calls: int | None
    """Times that the request was sent; None where the chance of jitter decides."""
    error: type[errors.OmicsRunsError] | None = None
    """The exact class of what is raised; None if the trouble was overcome."""
    maybe: bool = False
    """The error's `may_have_taken_effect`."""

    def __str__(self) -> str:
        told = "recovered" if self.error is None else f"`{self.error.__name__}`"
        notes = [str(note) for note in (self.calls, "maybe" if self.maybe else None) if note]
        return f"{told} ({', '.join(notes)})" if notes else told


@frozen(kw_only=True)
class Row:
    """A fault, and its outcome in each column."""

    name: str
    faults: tuple[dict[str, Any], ...]
    """Arguments of `Fault`, but for the operation."""
    start: Outcome
    read: Outcome
    wait: Outcome

    def faults_of(self, operation: str, *, skip: int = 0) -> list[Fault]:
        """Return the faults for one operation, whose first calls pass."""
        return [Fault(operation, skip=skip, **one) for one in self.faults]

    @property
    def commits(self) -> bool:
        """Whether the operation happens in spite of the fault."""
        return any(fault.lets_through for fault in self.faults_of("StartRun"))


def recovered(calls: int) -> Outcome:
    """Return the outcome of trouble that is overcome."""
    return Outcome(calls)


def raises(error: type[errors.OmicsRunsError], calls: int | None = 1) -> Outcome:
    """Return the outcome of a call that surely did nothing."""
    return Outcome(calls, error)


def may_have(error: type[errors.OmicsRunsError], calls: int = 1) -> Outcome:
    """Return the outcome of a call that may have done something all the same."""
    return Outcome(calls, error, maybe=True)


def same(name: str, outcome: Outcome, *faults: dict[str, Any]) -> Row:
    """Return the row of a fault that is the same everywhere."""
    return Row(name=name, faults=faults, start=outcome, read=outcome, wait=outcome)


def passing(name: str, error: type[errors.CallError], **fault: Any) -> Iterator[Row]:
    """Yield the rows of trouble that passes: within the three attempts, and beyond them.

    A wait has only used up one poll by then, and polls again.
    """
    yield same(f"{name}, once", recovered(2), fault)
    yield Row(
        name=f"{name}, three times",
        faults=({**fault, "times": 3},),
        start=may_have(error, 3),
        read=raises(error, 3),
        wait=recovered(4),
    )


def broken(name: str, **fault: Any) -> Row:
    """Return the row of an answer that is whole, but not what it should be."""
    return Row(
        name=name,
        faults=(fault,),
        start=may_have(UNREADABLE),
        read=raises(UNREADABLE),
        wait=raises(UNREADABLE),
    )


HTML = b"<html><body><h1>Who are you?</h1></body></html>"
NEW_STATUS = {"status": "REBOOTING"}
UNDER_WAY = {"stopTime": None, "processedTime": None}
EXPIRED: dict[str, Any] = {"code": "ExpiredTokenException", "status": 403}
FORGED: dict[str, Any] = {"code": "InvalidSignatureException", "status": 403}
IN_TWO_HOURS = format_datetime(datetime.now(UTC) + timedelta(hours=2), usegmt=True)
NO_REQUIRED_MEMBER = {"id": None, "items": None, "runs": None}

MATRIX: tuple[Row, ...] = (
    # Too many calls.
    same("throttled twice", recovered(3), {"code": "ThrottlingException", "times": 2}),
    Row(
        name="throttled three times",
        faults=({"code": "ThrottlingException", "times": 3},),
        start=raises(errors.ThrottlingError, 3),
        read=raises(errors.ThrottlingError, 3),
        wait=recovered(4),
    ),
    same("429 of a proxy", recovered(2), {"status": 429, "body": HTML}),
    # Trouble on the other side.
    *passing("500", errors.InternalServerError, status=500),
    *passing("502", errors.ServiceError, status=502),
    *passing("503", errors.ServiceError, status=503),
    *passing("504", errors.ServiceError, status=504),
    *passing("500 after the change", errors.InternalServerError, status=500, after_commit=True),
    Row(
        name="503 for good",
        faults=({"status": 503, "times": None},),
        start=may_have(errors.ServiceError, 3),
        read=raises(errors.ServiceError, 3),
        wait=raises(errors.WaitTimeoutError, None),
    ),
    *passing("408", errors.RequestTimeoutError, status=408),
    # Conflicts.
    same("409", raises(errors.ConflictError), {"code": "ConflictException"}),
    Row(
        name="409 after a lost answer",
        faults=({"drop": True, "after_commit": True}, {"code": "ConflictException"}),
        start=recovered(3),
        read=raises(errors.ConflictError, 2),
        wait=raises(errors.ConflictError, 2),
    ),
    Row(
        name="409 after a lost answer, for good",
        faults=(
            {"drop": True, "after_commit": True},
            {"code": "ConflictException", "times": None},
        ),
        start=may_have(errors.ConflictError, 3),
        read=raises(errors.ConflictError, 2),
        wait=raises(errors.ConflictError, 2),
    ),
    # Answers that are late, or never come.
    same("an answer just in time", recovered(1), {"delay": 4.5}),
    *passing("an answer after the read timeout", TOO_LATE, delay=6.0),
    *passing("no answer at all", TOO_LATE, hang=True),
    *passing("no answer, after the change", TOO_LATE, hang=True, after_commit=True),
    *passing("a reset connection", errors.TransportError, reset=True),
    *passing("a reset, after the change", errors.TransportError, reset=True, after_commit=True),
    *passing("a closed connection", errors.TransportError, drop=True),
    *passing("closed, after the change", errors.TransportError, drop=True, after_commit=True),
    *passing("closed within the body", errors.TransportError, drop="mid-body"),
    # Answers that can't be read.
    *passing(
        "a body cut short",
        UNREADABLE,
        body=b'{"id": "1", "sta',
        after_commit=True,
    ),
    *passing("an empty body", UNREADABLE, body=b"", after_commit=True),
    *passing("a body that is no JSON", UNREADABLE, body=b"OK"),
    *passing("a page of HTML with status 200", UNREADABLE, status=200, body=HTML),
    *passing("gzip that is none", errors.TransportError, headers={"content-encoding": "gzip"}),
    broken("JSON of another shape", body=b"[]", after_commit=True),
    broken("JSON that is null", body=b"null"),
    broken("a required member missing", answer=NO_REQUIRED_MEMBER),
    broken("a member of another type", answer={"id": 7, "items": 7, "runs": 7}),
    # A service that has moved on.
    Row(
        name="an unknown status, under way",
        faults=({"answer": {**NEW_STATUS, **UNDER_WAY}},),
        start=recovered(1),
        read=recovered(1),
        wait=recovered(2),
    ),
    Row(
        name="an unknown status, at an end",
        faults=({"answer": NEW_STATUS},),
        start=recovered(1),
        read=recovered(1),
        wait=raises(errors.StatusUnreachableError),
    ),
    same("an unknown member", recovered(1), {"answer": {"brandNew": [{"a": 1}]}}),
    # Refusals of keys and clocks, which are mended once.
    same("an expired token", recovered(2), EXPIRED),
    same(
        "an expired token, for good",
        raises(errors.AuthenticationError, 2),
        {**EXPIRED, "times": None},
    ),
    same("a clock two hours wrong", recovered(2), {**FORGED, "headers": {"date": IN_TWO_HOURS}}),
    same("a refused signature", raises(errors.AuthenticationError), {**FORGED, "times": None}),
    # Refusals that are final.
    same("400", raises(errors.ValidationError), {"code": "ValidationException"}),
    same(
        "402, a used-up quota",
        raises(errors.ServiceQuotaExceededError),
        {"code": "ServiceQuotaExceededException"},
    ),
    same("403", raises(errors.AccessDeniedError), {"code": "AccessDeniedException"}),
    same("403 of a proxy", raises(errors.AccessDeniedError), {"status": 403, "body": HTML}),
    Row(
        name="404",
        faults=({"code": "ResourceNotFoundException"},),
        start=raises(errors.ResourceNotFoundError),
        read=raises(errors.ResourceNotFoundError),
        wait=recovered(2),
    ),
    same("404 of a proxy", raises(errors.ResourceNotFoundError), {"status": 404, "body": HTML}),
    same(
        "a redirection",
        raises(errors.ServiceError),
        {"status": 307, "body": b"", "headers": {"location": "https://elsewhere.invalid/"}},
    ),
)


def cells() -> Iterator[tuple[Row, str, str, Outcome]]:
    """Yield row, method, operation and outcome of each cell."""
    for row in MATRIX:
        for column, methods in COLUMNS.items():
            for method, operation in methods.items():
                yield row, method, operation, getattr(row, column)


def table() -> str:
    """Return the table in Markdown."""
    heads = [", ".join(f"`{method}`" for method in methods) for methods in COLUMNS.values()]
    lines = [_line("fault", *heads), _line(*["---"] * (1 + len(heads)))]
    lines += [_line(row.name, *(getattr(row, name) for name in COLUMNS)) for row in MATRIX]
    return "\n".join(lines)


def _line(*columns: object) -> str:
    return f"| {' | '.join(map(str, columns))} |"


def written(page: str) -> str:
    """Return the text of a page with the table between its marks."""
    before, rest = page.split(BEGIN)
    after = rest.split(END)[1]
    return f"{before}{BEGIN}\n{table()}\n{END}{after}"


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
