"""The `User-Agent` header, in the form that AWS SDKs share."""

from __future__ import annotations

import platform
import re
from enum import StrEnum

from attrs import frozen

from omics_runs._version import __version__

_NOT_ALLOWED = re.compile(r"[^A-Za-z0-9!$%&'*+\-.^_`|~,]")


class Feature(StrEnum):
    """What a call makes use of, by the marks that AWS SDKs share."""

    WAITER = "B"
    STANDARD_RETRIES = "E"
    ENDPOINT_OVERRIDE = "N"


@frozen
class UserAgent:
    """Who calls, in a header that each call completes with the features it uses."""

    before: str
    after: str
    features: tuple[Feature, ...] = ()
    """Features of every call of the client."""

    def text(self, *more: Feature) -> str:
        """Return the header of a call that uses `more` features besides."""
        marks = ",".join(sorted({*self.features, *more}))
        return " ".join(part for part in (self.before, marks and f"m/{marks}", self.after) if part)


def user_agent(app_id: str | None, exec_env: str | None, *, is_custom: bool) -> UserAgent:
    """Return who calls: this SDK, the platform, the language, and the application's own name.

    Args:
        app_id: The application's own name, or None.
        exec_env: Where the process runs, such as `AWS_Lambda_python3.12`, or None.
        is_custom: Whether requests go to an endpoint that is not the region's own.
    """
    before = [
        f"omics_runs/{__version__}",
        "ua/2.1",
        f"os/{_clean(platform.system().lower())}#{_clean(platform.release())}",
        f"md/arch#{_clean(platform.machine())}",
        f"lang/python#{platform.python_version()}",
        f"md/pyimpl#{platform.python_implementation()}",
    ]
    if exec_env:
        before.append(f"exec-env/{_clean(exec_env)}")
    after = ["cfg/retry-mode#standard"]
    if app_id:
        after.append(f"app/{_clean(app_id)}")
    override = (Feature.ENDPOINT_OVERRIDE,) if is_custom else ()
    return UserAgent(" ".join(before), " ".join(after), (Feature.STANDARD_RETRIES, *override))


def _clean(text: str) -> str:
    return _NOT_ALLOWED.sub("-", text)
