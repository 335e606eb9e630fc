"""`omics-runs wait`."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet

import click

from omics_runs._cli.exits import Exit, worst
from omics_runs._cli.options import Place, common, ref_of, timeout
from omics_runs._cli.output import Output
from omics_runs._cli.records import Ended
from omics_runs._errors import ServiceError
from omics_runs._generated.enums import RunStatus
from omics_runs._lifecycle import TERMINAL
from omics_runs._run_ref import RunRef
from omics_runs._wait_errors import WaitError

ONLY_ENDS = "Several runs are waited for until they have ended; --for names another status."


@click.command("wait")
@click.argument("runs", metavar="RUN...", nargs=-1, required=True)
@click.option(
    "--for",
    "statuses",
    metavar="STATUS",
    type=click.Choice(list(RunStatus), case_sensitive=False),
    multiple=True,
    default=[RunStatus.COMPLETED],
    help="Status to wait for, such as RUNNING; repeated, any of them. Default: COMPLETED.",
)
@timeout
@common
def command(
    runs: Sequence[str],
    statuses: Sequence[str],
    timeout: float | None,
    place: Place,
    output: Output,
) -> int:
    """Wait until each RUN, an id or id/uuid, has reached a status, and tell how.

    Runs are never touched, whatever ends the wait. It ends as soon as a status can't come any more.

    Several runs are waited for until they have ended, and each is told when it does; --for then
    takes COMPLETED, FAILED, CANCELLED and DELETED.
    """
    refs = [ref_of(text) for text in runs]
    wanted = frozenset(map(RunStatus, statuses))
    if len(refs) == 1:
        return _wait_for_one(refs[0], wanted, timeout, place, output)
    if not wanted <= TERMINAL:
        raise click.UsageError(ONLY_ENDS)
    return _wait_for_all(refs, wanted, timeout, place, output)


def _wait_for_one(
    ref: RunRef,
    wanted: AbstractSet[RunStatus],
    timeout: float | None,
    place: Place,
    output: Output,
) -> Exit:
    with place.client() as client, output.display() as display:
        try:
            run = client.wait_until(ref, wanted, timeout=timeout, progress=display)
        except (WaitError, ServiceError) as error:
            ended = Ended(ref, getattr(error, "run", None), error)
        else:
            ended = Ended(ref, run, None)
    return ended.tell(output, was_shown=False)


def _wait_for_all(
    refs: Sequence[RunRef],
    wanted: AbstractSet[RunStatus],
    timeout: float | None,
    place: Place,
    output: Output,
) -> Exit:
    with place.client() as client, output.display() as display:
        outcomes = client.as_completed(refs, timeout=timeout, progress=display)
        ends = (Ended(one.ref, one.run, one.error, wanted) for one in outcomes)
        return worst([ended.tell(output) for ended in ends])
