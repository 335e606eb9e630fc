"""`omics-runs wait`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, Any

import click

from omics_runs._cli.exits import worst
from omics_runs._cli.options import Place, common, ref_of, timeout
from omics_runs._cli.output import Output
from omics_runs._cli.records import Ended
from omics_runs._errors import ServiceError
from omics_runs._generated.enums import RunStatus
from omics_runs._lifecycle import TERMINAL
from omics_runs._outcomes import RunOutcome
from omics_runs._run_ref import RunRef
from omics_runs._wait_errors import WaitError

if TYPE_CHECKING:
    from omics_runs._client import OmicsRunsClient

KNOWN = ", ".join(RunStatus)

ONLY_ENDS = "Several runs are waited for until they have ended; --for names another status."


def status_of(text: str) -> RunStatus:
    """Return the status that a word names, in capitals or not.

    Raises:
        click.BadParameter: It names none.
    """
    status = RunStatus(text.upper())
    if not status.is_known:
        msg = f"{text!r} is none of {KNOWN}."
        raise click.BadParameter(msg)
    return status


@click.command("wait")
@click.argument("runs", metavar="RUN...", nargs=-1, required=True, type=ref_of)
@click.option(
    "--for",
    "statuses",
    metavar="STATUS",
    type=status_of,
    multiple=True,
    default=[RunStatus.COMPLETED],
    help=f"Status to wait for: {KNOWN}. Repeated: any of them.  [default: COMPLETED]",
)
@timeout
@common
def command(
    runs: Sequence[RunRef],
    statuses: Sequence[RunStatus],
    timeout: float | None,
    place: Place,
    output: Output,
) -> int:
    """Wait until each RUN, an id or id/uuid, has reached a status, and tell how.

    Runs are never touched, whatever ends the wait. It ends as soon as a status can't come any more.

    Several runs are waited for until they have ended, and each is told when it does; --for then
    takes COMPLETED, FAILED, CANCELLED and DELETED.
    """
    wanted = frozenset(statuses)
    is_one = len(runs) == 1
    if not is_one and not wanted <= TERMINAL:
        raise click.UsageError(ONLY_ENDS)
    ends = _end_of_one if is_one else _ends_of_all
    with place.client() as client, output.display() as display:
        told = ends(client, runs, wanted, timeout=timeout, progress=display)
        return worst([ended.tell(output, was_shown=not is_one) for ended in told])


def _end_of_one(
    client: OmicsRunsClient, runs: Sequence[RunRef], wanted: AbstractSet[RunStatus], **options: Any
) -> Iterable[Ended]:
    (ref,) = runs
    try:
        run = client.wait_until(ref, wanted, **options)
    except (WaitError, ServiceError) as error:
        yield Ended(RunOutcome(ref, getattr(error, "run", None), error))
    else:
        yield Ended(RunOutcome(ref, run, None))


def _ends_of_all(
    client: OmicsRunsClient, runs: Sequence[RunRef], wanted: AbstractSet[RunStatus], **options: Any
) -> Iterable[Ended]:
    for outcome in client.as_completed(runs, **options):
        yield Ended(outcome, wanted)
