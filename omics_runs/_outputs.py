"""Where a run's results are, as the service tells it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

from omics_runs._core import call
from omics_runs._generated.enums import RunStatus
from omics_runs._generated.models import GetRunResponse
from omics_runs._lifecycle import TERMINAL
from omics_runs._run_ref import RunRef
from omics_runs._subjects import RunSubject

if TYPE_CHECKING:
    from omics_runs._effects import Flow
    from omics_runs._env import Env

SUMMARIES = ("logs/outputs.json", "logs/output.json")
"""Where engines write which file is which output, below the run's own place.

Assumption: the guide has both names for WDL, in two places, and the first one for CWL; for Nextflow
it names none.
"""


@frozen(kw_only=True)
class RunOutputs:
    """Where a run's results are."""

    run: RunRef
    """The run, with its uuid if that is known."""
    status: RunStatus
    """How the run has ended, or where it stands."""
    uri: str | None
    """The S3 URI below which this run writes, as the service tells it; None if it does not."""
    summary_uris: tuple[str, ...]
    """Where a JSON file may be that tells which file is which output: of WDL and CWL workflows the
    first one that exists. Empty if `uri` is unknown."""

    @property
    def is_complete(self) -> bool:
        """Whether the run has completed, so that all results are there."""
        return self.status == RunStatus.COMPLETED

    def _repr_html_(self) -> str:
        from omics_runs._html import card  # noqa: PLC0415  (for notebooks only)

        rows = [("status", str(self.status)), ("uri", self.uri or "unknown")]
        summaries = [("summary", uri) for uri in self.summary_uris]
        return card(f"RunOutputs of run {self.run.id}", [*rows, *summaries])

    def __str__(self) -> str:
        place = self.uri or "nowhere that the service tells of"
        return place if self.is_complete else f"{place} (run {self.run.id} is {self.status})"


def outputs(ref: RunRef, env: Env) -> Flow[RunOutputs]:
    """Ask where a run's results are."""
    subject = RunSubject(ref)
    seen = yield from call(subject.request(), env, env.timeout, env.retry)
    subject.check(seen, None, TERMINAL)
    return outputs_of(seen)


def outputs_of(run: GetRunResponse) -> RunOutputs:
    """Return where the results of a run are; the place is never put together of its parts."""
    uri = run.run_output_uri
    summaries = [f"{uri.rstrip('/')}/{name}" for name in SUMMARIES] if uri else []
    return RunOutputs(run=run.ref, status=run.status, uri=uri, summary_uris=tuple(summaries))
