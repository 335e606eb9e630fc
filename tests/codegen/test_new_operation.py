"""What CONTRIBUTING.md says of adding an operation, done with one that the SDK does not have."""

from __future__ import annotations

import importlib
import shutil
from pathlib import Path
from typing import Any

import pytest

from codegen.__main__ import SOURCE, main

NEW = "GetReferenceStore"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A copy of what the SDK is generated from, for a package of its own."""
    copied = tmp_path / "source"
    shutil.copytree(SOURCE, copied, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    _replace(copied / "config.toml", '"omics_runs._generated"', '"grown"')
    return copied


def _replace(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), "utf-8")


def _add(source: Path) -> None:
    """Change the one line that adds an operation, and take a new snapshot."""
    _replace(source / "config.toml", '"DeleteRun"]', f'"DeleteRun", "{NEW}"]')
    assert main(["refresh", "--source", str(source)]) == 0


def test_an_operation_is_added_by_one_line_of_config(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a refresh and a render the method is there, and calls what it is named after."""
    _add(source)
    render = ["render", "--draft", "--source", str(source), "--target", str(tmp_path / "grown")]
    assert main(render) == 0
    monkeypatch.syspath_prepend(tmp_path)
    methods = importlib.import_module("grown.sync_operations")
    operations = importlib.import_module("grown.operations")

    class Client(methods.SyncOperations):  # type: ignore[misc, name-defined]
        def send(self, request: Any, **_: object) -> Any:
            operation = operations.OPERATIONS[type(request).__name__]
            assert (operation.name, request.to_dict()) == (NEW, {"id": "7"})
            answer = {"id": "7", "arn": "arn:x", "creationTime": "2030-01-02T03:04:05Z"}
            return operation.response.from_dict(answer)

    assert Client().get_reference_store("7").arn == "arn:x"


def test_a_new_operation_has_to_be_described(
    source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a draft the render stops at the first thing that has no sentence."""
    _add(source)
    render = ["render", "--source", str(source), "--target", str(tmp_path / "grown")]
    assert main(render) == 2
    err = capsys.readouterr().err
    assert err.startswith(f"codegen: descriptions.toml [models.{NEW}Response]: ")
    assert "is not described" in err
    assert not (tmp_path / "grown").exists()


def test_an_operation_that_was_not_refreshed_is_named(
    source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The line in config.toml alone is not enough, and the message says what is missing."""
    _replace(source / "config.toml", '"DeleteRun"]', f'"DeleteRun", "{NEW}"]')
    assert main(["render", "--source", str(source), "--target", str(tmp_path / "grown")]) == 2
    assert capsys.readouterr().err == (
        f"codegen: {NEW}: the snapshot has no such operation. "
        "Run `python -m codegen refresh`, or remove it.\n"
    )
