"""A run's identity, which survives the process that started it."""

from __future__ import annotations

import re

from attrs import frozen

_FORM = re.compile(r"(?P<id>[0-9]+)(/(?P<uuid>[^\s/]+))?")


@frozen
class RunRef:
    """Names one run for good.

    The service gives the ids of deleted runs out again; only id and uuid together name one run.
    Where the uuid is known, waits hold on to it. `str(ref)` and `RunRef.parse` turn it into text
    and back, for a database column or a message.

    Args:
        id: The run's id, digits only.
        uuid: The run's uuid, or None where the service did not give it.
    """

    id: str
    uuid: str | None = None

    def __str__(self) -> str:
        return self.id if self.uuid is None else f"{self.id}/{self.uuid}"

    @classmethod
    def parse(cls, text: str) -> RunRef:
        """Return the reference that `str()` made `text` of; white space around it is ignored.

        Raises:
            ValueError: The text is no reference.
        """
        found = _FORM.fullmatch(str(text).strip())
        if found is None:
            msg = f"expected 'id' or 'id/uuid' with an id of digits, got {text!r}"
            raise ValueError(msg)
        return cls(found["id"], found["uuid"])
