"""The `User-Agent` header, in the form that AWS SDKs share."""

from __future__ import annotations

import platform
import re

from omics_runs._version import __version__

_NOT_ALLOWED = re.compile(r"[^A-Za-z0-9!$%&'*+\-.^_`|~,]")


def user_agent(app_id: str | None, exec_env: str | None) -> str:
    """Return who calls: this SDK, the platform, the language, and the application's own name."""
    parts = [
        f"omics_runs/{__version__}",
        "ua/2.1",
        f"os/{_clean(platform.system().lower())}#{_clean(platform.release())}",
        f"md/arch#{_clean(platform.machine())}",
        f"lang/python#{platform.python_version()}",
        f"md/pyimpl#{platform.python_implementation()}",
    ]
    if exec_env:
        parts.append(f"exec-env/{_clean(exec_env)}")
    parts.append("cfg/retry-mode#standard")
    if app_id:
        parts.append(f"app/{_clean(app_id)}")
    return " ".join(parts)


def _clean(text: str) -> str:
    return _NOT_ALLOWED.sub("-", text)
