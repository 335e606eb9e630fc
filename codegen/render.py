"""IR in, formatted files out."""

from __future__ import annotations

import difflib
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from attrs import frozen
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from codegen import docstrings, ir, words
from codegen.notes import Config, Descriptions
from codegen.problems import GeneratorError, parsed
from codegen.read import Sources, read

TEMPLATES = Path(__file__).parent / "templates"
RUFF = (sys.executable, "-m", "ruff")
SETTINGS = ("--isolated", "--line-length", "100", "--target-version", "py311", "--quiet")
IMPORTS = ("--select", "I,F401", "--fix", "--config")
BASE = "omics_runs"
"""The hand-written package that generated code stands on; the generator itself never imports it."""


@frozen
class Coloring:
    """What differs between the sync and the async methods."""

    name: str
    items: str
    define: str
    wait: str
    article: str


SYNC = Coloring("SyncOperations", "Items", "def", "", "a sync")
ASYNC = Coloring("AsyncOperations", "AsyncItems", "async def", "await ", "an async")


def load(source: Path, *, draft: bool = False) -> ir.Api:
    """Return the IR of a folder with `config.toml`, `descriptions.toml` and `model/`.

    Raises:
        GeneratorError: They hold what the generator does not understand, or don't fit together.
    """
    config = Config.load(source / "config.toml")
    names = (f"{config.service['name']}.json", "paginators.json", "partitions.json")
    model, paginators, partitions = (parsed(source / "model" / name, json.loads) for name in names)
    others = {
        name: parsed(source / "model" / f"{name}.json", json.loads)
        for name in config.table("other_services")
    }
    descriptions = Descriptions.load(source / "descriptions.toml", draft=draft)
    return read(Sources(model, paginators, partitions, others), config, descriptions)


def render(api: ir.Api, target: Path) -> None:
    """Write all files of the IR to a folder, in place of the generated ones there."""
    with tempfile.TemporaryDirectory() as scratch:
        fresh = Path(scratch)
        for name, text in rendered(api):
            (fresh / name).parent.mkdir(parents=True, exist_ok=True)
            (fresh / name).write_text(text, "utf-8")
        _format(fresh, {BASE, api.package.split(".")[0]})
        _replace(target, _files(fresh))


def check(api: ir.Api, target: Path) -> list[str]:
    """Return a diff from what is in a folder to what should be, line by line; none if equal."""
    with tempfile.TemporaryDirectory() as scratch:
        fresh = Path(scratch) / "fresh"
        render(api, fresh)
        wanted, found = _files(fresh), _files(target)
    return [
        line
        for name in sorted({*wanted, *found})
        for line in _diff(name, found.get(name), wanted.get(name))
    ]


def rendered(api: ir.Api) -> Iterator[tuple[str, str]]:
    """Yield the name and the unformatted text of each file."""
    environment = _environment()

    def text(template: str, **values: object) -> str:
        return environment.get_template(f"{template}.jinja").render(api=api, **values)

    yield "__init__.py", text("package")
    for name in ("enums", "errors", "operations", "overrides", "partitions"):
        yield f"{name}.py", text(name)
    yield "sync_operations.py", text("methods", color=SYNC)
    yield "async_operations.py", text("methods", color=ASYNC)
    yield "models/__init__.py", text("models")
    for module in api.modules:
        yield f"models/{module.name}.py", text("module", module=module)


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701  (it writes Python, not HTML)
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(
        literal=words.literal,
        attribute_doc=docstrings.attribute,
        enum_doc=docstrings.enum,
        error_doc=docstrings.error,
        model_doc=docstrings.model,
        call_doc=docstrings.call,
        iteration_doc=docstrings.iteration,
    )
    return environment


def _format(folder: Path, first_party: set[str]) -> None:
    """Format a folder as the project does, whatever configuration lies around it."""
    ours = f"lint.isort.known-first-party={json.dumps(sorted(first_party))}"
    _ruff("check", *SETTINGS, *IMPORTS, ours, str(folder))
    _ruff("format", *SETTINGS, str(folder))


def _ruff(command: str, *arguments: str) -> None:
    done = subprocess.run(
        [*RUFF, command, "--no-cache", *arguments], capture_output=True, text=True, check=False
    )
    if done.returncode:
        what = f"ruff {command} failed: {done.stdout}{done.stderr}".strip()
        raise GeneratorError("the rendered files", what, "Look at the template")


def _files(folder: Path) -> Mapping[str, str]:
    """Return the text of each file below a folder, by its path; caches left out."""
    return {
        path.relative_to(folder).as_posix(): path.read_text("utf-8")
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }


def _replace(target: Path, files: Mapping[str, str]) -> None:
    target.mkdir(parents=True, exist_ok=True)
    for name in _files(target):
        if name not in files:
            (target / name).unlink()
    for name, text in files.items():
        if not (target / name).exists() or (target / name).read_text("utf-8") != text:
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            (target / name).write_text(text, "utf-8")


def _diff(name: str, found: str | None, wanted: str | None) -> Iterator[str]:
    before = "/dev/null" if found is None else f"committed/{name}"
    after = "/dev/null" if wanted is None else f"rendered/{name}"
    if found != wanted and not (found or wanted):
        yield f"--- {before}"
        yield f"+++ {after}"
    yield from difflib.unified_diff(
        (found or "").splitlines(), (wanted or "").splitlines(), before, after, lineterm=""
    )
