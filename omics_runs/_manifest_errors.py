"""What the search for a manifest can end in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omics_runs._errors import OmicsRunsError

if TYPE_CHECKING:
    from omics_runs._run_ref import RunRef


class ManifestNotFoundError(OmicsRunsError):
    """A run has no manifest, or none yet.

    Attributes:
        run: The run, with its uuid if that is known.
    """

    def __init__(self, message: str, *, run: RunRef) -> None:
        super().__init__(message)
        self.run = run
