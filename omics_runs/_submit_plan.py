"""From the arguments of a submission to its checked plan; the same for both clients."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sized
from inspect import iscoroutinefunction
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias, cast

from attrs import frozen

from omics_runs._batch_journal import BatchJournal
from omics_runs._errors import InvalidRequestError
from omics_runs._journal import Journal
from omics_runs._narrow import A_TIME, is_async, is_time
from omics_runs._overwrites import twins
from omics_runs._retries import Retry
from omics_runs._submission import RunSpec, SubmitProgress, Via, is_name
from omics_runs._timeout import is_positive

if TYPE_CHECKING:
    from omics_runs._env import Env

Problems: TypeAlias = list[tuple[str, str]]
Rate: TypeAlias = float | Literal["documented"] | None
PathLike: TypeAlias = str | os.PathLike[str]
Upload: TypeAlias = Callable[[str, bytes], str]
Listener: TypeAlias = Callable[[SubmitProgress], object] | None


@frozen(kw_only=True)
class SubmitPlan:
    """What to submit, and how."""

    specs: Iterable[RunSpec | Retry]
    key: str | None
    journal: PathLike | None
    rate: Rate
    timeout: float | None
    progress: Listener
    via: Via = "runs"
    upload: Upload | None = None
    elapsed: float = 0.0
    """Seconds of the timeout that were over before."""

    @property
    def time_left(self) -> float | None:
        """Seconds until nothing more is sent."""
        return None if self.timeout is None else max(self.timeout - self.elapsed, 0.0)

    @property
    def journal_path(self) -> Path | None:
        """Where the journal is, wherever the process goes to work."""
        return None if self.journal is None else Path(self.journal).absolute()

    @property
    def total(self) -> int | None:
        """How many specs there are, where they can be counted without reading them."""
        return len(self.specs) if isinstance(self.specs, Sized) else None

    def ledger(self, env: Env) -> Journal:
        """Return where the campaign remembers its specs, whichever way they have gone."""
        if self.via == "batch":
            return self.batch_ledger(env)
        return Journal(self.journal, self.key, env.region, env.endpoint.custom_host)

    def batch_ledger(self, env: Env) -> BatchJournal:
        """Return where the campaign remembers its specs and their batches."""
        return BatchJournal(self.journal, self.key, env.region, env.endpoint.custom_host)


def plan_submission(
    specs: Iterable[RunSpec],
    *,
    key: str | None,
    journal: PathLike | None,
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
    problems = _source_problems(specs, key, journal) + pace_problems(rate, timeout, progress)
    problems += _way_problems(via, rate, upload)
    if not problems and isinstance(specs, Collection):  # others are read one by one
        specs = tuple(specs)  # once: what has a length may still be a generator's
        problems = list(_overwriting(specs))
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
    if journal is not None and not _is_path(journal):
        problems.append(("journal", f"must be the path of a file, got {journal!r}"))
    return problems


def _is_path(value: object) -> bool:
    if not isinstance(value, (str, os.PathLike)):
        return False
    path = os.fspath(cast("str | os.PathLike[str] | os.PathLike[bytes]", value))
    return isinstance(path, str) and "\0" not in path


def _overwriting(specs: Collection[object]) -> Iterator[tuple[str, str]]:
    """Yield which specs would overwrite each other's files."""
    named = ((one.name, one.request) for one in specs if isinstance(one, RunSpec))
    for first, second, place in twins(named):
        what = f"{first!r} and {second!r} would overwrite each other's files in {place}"
        yield "specs", f"{what}; give each an output_uri of its own"


def pace_problems(rate: object, timeout: object, progress: object) -> Problems:
    """Return what is wrong with the arguments that say how fast, how long, and who is told."""
    problems: Problems = []
    if rate not in {None, "documented"} and (not is_positive(rate) or rate == math.inf):
        what = "must be a number of starts a second above 0, 'documented', or None"
        problems.append(("rate", f"{what}, got {rate!r}"))
    if timeout is not None and not is_time(timeout):
        what = f"must be {A_TIME}, or None, got {timeout!r}"
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
