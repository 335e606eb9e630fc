"""requirements/dev.lock: all that pyproject.toml asks for, by hash, and from nowhere named."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
LOCK = ROOT / "requirements" / "dev.lock"
ENTRY = re.compile(
    r"^(?P<name>[a-z0-9-]+)==(?P<version>\S+)(?: ; .+?)?(?P<hashes>(?: \\\n    \S+)+)$",
    re.MULTILINE,
)


def wanted() -> list[Requirement]:
    """Return what the package, its extras and its build ask for."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    extras = project["project"]["optional-dependencies"].values()
    texts = [*project["project"]["dependencies"], *(text for extra in extras for text in extra)]
    found = [Requirement(text) for text in [*texts, *project["build-system"]["requires"]]]
    return [one for one in found if one.name != project["project"]["name"]]


def locked() -> dict[str, list[str]]:
    """Return the versions of each package in the lock; some have one for each kind of machine."""
    found: dict[str, list[str]] = {}
    for entry in ENTRY.finditer(LOCK.read_text("utf-8")):
        found.setdefault(entry["name"], []).append(entry["version"])
    return found


@pytest.mark.parametrize("requirement", [pytest.param(one, id=str(one)) for one in wanted()])
def test_the_lock_has_what_is_asked_for(requirement: Requirement) -> None:
    """Each requirement is locked to a release that it admits; `nox -s lock` writes the file."""
    versions = locked().get(canonicalize_name(requirement.name), [])
    assert versions
    assert all(requirement.specifier.contains(version) for version in versions)


def test_the_lock_is_of_hashes_alone() -> None:
    """Each line is a release or its hash: no address, no path and no index is named."""
    text = LOCK.read_text("utf-8")
    assert ENTRY.sub("", text).strip() == ""
    hashes = [line for entry in ENTRY.finditer(text) for line in entry["hashes"].split()[1::2]]
    assert hashes
    assert all(re.fullmatch("--hash=sha256:[0-9a-f]{64}", line) for line in hashes)
