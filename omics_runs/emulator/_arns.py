"""The names of resources: written into answers, and read out of requests about tags."""

from __future__ import annotations

from omics_runs.emulator._http import Refusal, not_found
from omics_runs.emulator._shapes import Shapes


def arn_of(shapes: Shapes, kind: str, key: str) -> str:
    """Return the ARN of a resource of the emulator's account."""
    return f"{_start(shapes)}{kind}/{key}"


def named_by(shapes: Shapes, arn: str) -> tuple[str, str]:
    """Return the kind and the key that an ARN names.

    Raises:
        Refusal: It is of another account or Region, or of no such form.
    """
    start = _start(shapes)
    kind, _, key = arn.removeprefix(start).partition("/")
    if not arn.startswith(start) or not key:
        raise unknown(arn)
    return ("workflowVersion" if "/version/" in key else kind), key


def unknown(arn: str) -> Refusal:
    """Return the refusal of an ARN that names nothing here."""
    return not_found(f"Resource {arn} not found")


def _start(shapes: Shapes) -> str:
    return f"arn:aws:omics:{shapes.region}:{shapes.account_id}:"
