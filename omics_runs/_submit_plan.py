"""From the arguments of a submission to its checked plan; the same for both clients."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable, Mapping, Sized
from inspect import iscoroutinefunction
from typing import Literal, TypeAlias

from attrs import frozen

from omics_runs._batch_journal import BatchJournal, BatchLedger, NoBatchJournal
from omics_runs._errors import InvalidRequestError
from omics_runs._journal import Journal, Ledger, NoJournal
from omics_runs._narrow import is_async, is_time
from omics_runs._submission import RunSpec, SubmitProgress, is_name
from omics_runs._timeout import is_positive

Problems: TypeAlias = list[tuple[str, str]]
Rate: TypeAlias = float | Literal["documented"] | None
Path: TypeAlias = str | os.PathLike[str]
Via: TypeAlias = Literal["runs", "batch"]
Upload: TypeAlias = Callable[[str, bytes], str]
Listener: TypeAlias = Callable[[SubmitProgress], object] | None


@frozen(kw_only=True)
class SubmitPlan:
    """What to submit, and how."""

    specs: Iterable[RunSpec]
    key: str | None
    journal: Path | None
    rate: Rate
    timeout: float | None
    progress: Listener
    via: Via
    upload: Upload | None

    @property
    def total(self) -> int | None:
        """How many specs there are, where they can be counted without reading them."""
        return len(self.specs) if isinstance(self.specs, Sized) else None

    def ledger(self, region: str | None) -> Ledger:
        """Return where the campaign remembers its specs."""
        if self.journal is None:
            return NoJournal(str(self.key))
        return Journal(self.journal, self.key, region)

    def batch_ledger(self, region: str | None) -> BatchLedger:
        """Return where the campaign remembers its specs and their batches."""
        if self.journal is None:
            return NoBatchJournal(str(self.key))
        return BatchJournal(self.journal, self.key, region)


def plan_submission(
    specs: Iterable[RunSpec],
    *,
    key: str | None,
    journal: Path | None,
    rate: Rate,
    timeout: float | None,
    progress: Listener,
    via: Via = "runs",
    upload: Upload | None = None,
) -> SubmitPlan:
    """Return the checked plan of a submission.

    Raises:
        InvalidRequestError: An argument is wrong; the error names all that are.
    """
    problems = _source_problems(specs, key, journal) + _pace_problems(rate, timeout, progress)
    problems += _way_problems(via, rate, upload)
    if problems:
        raise InvalidRequestError("submit", problems)
    return SubmitPlan(
        specs=specs,
        key=key,
        journal=journal,
        rate=rate if via == "runs" else None,  # a batch is one call
        timeout=timeout,
        progress=progress,
        via=via,
        upload=upload,
    )


def _source_problems(specs: object, key: object, journal: object) -> Problems:
    problems: Problems = []
    if not isinstance(specs, Iterable) or isinstance(specs, (str, bytes, Mapping)):
        problems.append(("specs", f"must be an iterable of RunSpec, got {specs!r}"))
    if key is None and journal is None:
        problems.append(("key", "name the campaign, or give it a journal, which keeps a name"))
    if key is not None and not is_name(key):
        problems.append(("key", f"must be a text that is not empty, got {key!r}"))
    if journal is not None and not isinstance(journal, (str, os.PathLike)):
        problems.append(("journal", f"must be the path of a file, got {journal!r}"))
    return problems


def _pace_problems(rate: object, timeout: object, progress: object) -> Problems:
    problems: Problems = []
    if rate not in {None, "documented"} and (not is_positive(rate) or rate == math.inf):
        what = "must be a number of starts a second above 0, 'documented', or None"
        problems.append(("rate", f"{what}, got {rate!r}"))
    if timeout is not None and not is_time(timeout):
        what = f"must be a number of seconds, at least 0, or None, got {timeout!r}"
        problems.append(("timeout", what))
    if progress is not None and (not callable(progress) or iscoroutinefunction(progress)):
        problems.append(("progress", f"must be a plain function, got {progress!r}"))
    return problems


def _way_problems(via: object, rate: object, upload: object) -> Problems:
    problems: Problems = []
    if via not in ("runs", "batch"):
        problems.append(("via", f"must be 'runs' or 'batch', got {via!r}"))
    if via == "batch" and rate != "documented":
        problems.append(("rate", "leave it out: the service keeps the pace of a batch"))
    if upload is not None and via != "batch":
        problems.append(("upload", "is for via='batch' only; runs need no file"))
    if upload is not None and (not callable(upload) or is_async(upload)):
        what = f"must be a plain function from a file's name and bytes to its URI, got {upload!r}"
        problems.append(("upload", what))
    return problems
