"""Runs a notebook from top to bottom; fails if it prints anything else than what it shows.

python docs/run_notebook.py examples/tour.ipynb
python docs/run_notebook.py --write examples/tour.ipynb    # keeps what it has printed
"""

# ruff: noqa: INP001, T201  (a script of its own, which talks to who runs it)

from __future__ import annotations

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient


def main() -> int:
    """Run the notebook; return what the shell is told."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("notebook", type=Path)
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    notebook = nbformat.read(arguments.notebook, as_version=4)
    shown = [printed(cell) for cell in notebook.cells]
    where = {"metadata": {"path": str(arguments.notebook.parent)}}
    NotebookClient(notebook, timeout=60, coalesce_streams=True, resources=where).execute()
    if arguments.write:
        nbformat.write(without_traces(notebook), arguments.notebook)
        return 0
    return told(shown, [printed(cell) for cell in notebook.cells])


def printed(cell: Any) -> str:
    """Return what stands below a cell as text; tables and pictures tell the time, and are none."""
    outputs = [out for out in cell.get("outputs", []) if "text/html" not in out.get("data", {})]
    return "".join(out.get("text") or out["data"]["text/plain"] for out in outputs)


def without_traces(notebook: Any) -> Any:
    """Return the notebook without what tells of the one execution: times, the kernel's release."""
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
    notebook.metadata = {
        "kernelspec": notebook.metadata["kernelspec"],
        "language_info": {"name": "python"},
    }
    return notebook


def told(shown: list[str], now: list[str]) -> int:
    """Print each difference, and return whether there was one."""
    differing = [n for n, (old, new) in enumerate(zip(shown, now, strict=True)) if old != new]
    for number in differing:
        print(f"cell {number} shows\n{shown[number]}and printed\n{now[number]}", file=sys.stderr)
    return int(bool(differing))


if __name__ == "__main__":
    sys.exit(main())
