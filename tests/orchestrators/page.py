"""What docs/orchestrators.md shows, as a module that an orchestrator can import."""

from __future__ import annotations

import ast
import importlib
import os
import sys
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType

from omics_runs.emulator import Emulator, ScaledClock
from tests.pages import ROOT, blocks_of

PAGE = ROOT / "docs" / "orchestrators.md"
MODULE = "my_package"
"""What the page calls the module that its code is in."""
DEFINITIONS = (ast.AsyncFunctionDef, ast.ClassDef, ast.FunctionDef, ast.Import, ast.ImportFrom)


@contextmanager
def service() -> Generator[Emulator]:
    """Serve an emulator in which hours pass in microseconds, and point every client at it."""
    emulator = Emulator(ScaledClock(2e7), access_key="AKIAIOSFODNN7EXAMPLE", secret_key="secret")
    emulator.plan(name="NA12891", ends="FAILED", failure_reason="OUT_OF_MEMORY_ERROR")
    with emulator.serve() as url:
        os.environ.update(emulator.environment(url), AWS_EC2_METADATA_DISABLED="true")
        yield emulator


@contextmanager
def module_of(orchestrator: str, added: str = "") -> Generator[tuple[Path, str]]:
    """Write the page's code for an orchestrator as a module; tell its folder and its name."""
    with TemporaryDirectory() as folder:
        Path(folder, f"{MODULE}.py").write_text("\n".join([*code_for(orchestrator), added]))
        sys.path.insert(0, folder)
        yield Path(folder), MODULE


def code_for(orchestrator: str) -> Iterator[str]:
    """Yield what the page defines for all, and whatever it shows for this orchestrator."""
    for block in blocks_of(PAGE):
        if block.within == orchestrator:
            yield block.source
        elif block.language == "python" and block.within is None:
            tree = ast.parse(block.source)
            tree.body = [node for node in tree.body if isinstance(node, DEFINITIONS)]
            yield ast.unparse(tree)


def loaded(name: str) -> ModuleType:
    """Import what only its own environment has, out of sight of type checkers."""
    return importlib.import_module(name)


def check(what: str, *, holds: bool) -> None:
    """Say that something holds, or fail."""
    if not holds:
        raise SystemExit(f"FAILED: {what}")
    print(f"ok: {what}")  # noqa: T201  (whoever runs this reads it)
