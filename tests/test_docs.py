"""What the documentation shows is run on the emulator; what it lists is held against the code."""

from __future__ import annotations

import contextlib
import doctest
import inspect
import io
import logging
import re
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from attrs import frozen

from omics_runs import FailureReason, GetRunRequest, OmicsRunsClient, StartRunRequest, errors
from omics_runs._lifecycle import BATCH_LIFE, RUN_LIFE, TASK_LIFE, Lifecycle
from omics_runs.emulator import Emulator, ScaledClock

ROOT = Path(__file__).parents[1]
DOCS = sorted((ROOT / "docs").glob("*.md"))
PAGES = [ROOT / "README.md", *DOCS]
MOST_NOT_RUN = 3
ACCESS_KEY = "AKIAIOSFODNN7EXAMPLE"
SECRET_KEY = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"

FENCE = re.compile(
    r"^(?P<before>[ ]*<!--\ not\ run:\ (?P<reason>[^\n]+?)\ -->\n)?"
    r"^(?P<indent>[ ]*)```(?P<language>python|text)[^\n]*\n(?P<source>.*?)^(?P=indent)```$",
    re.MULTILINE | re.DOTALL | re.VERBOSE,
)


@frozen
class Block:
    """A block of a page: code, or the output of the code right before it."""

    page: Path
    line: int
    language: str
    source: str
    reason: str | None
    """Why it is not run; None for one that is."""
    follows: bool
    """Whether nothing but blank lines is between it and the block before it."""

    def compiled(self) -> Any:
        """Return its code, with the page's own line numbers for the traceback."""
        shifted = "\n" * self.line + self.source
        return compile(shifted, str(self.page), "exec", dont_inherit=True)


def blocks_of(page: Path) -> list[Block]:
    """Return the Python blocks of a page, and the text blocks, in order."""
    text = page.read_text(encoding="utf-8")
    found, end = [], 0
    for match in FENCE.finditer(text):
        found.append(
            Block(
                page=page,
                line=text.count("\n", 0, match.start("source")),
                language=match["language"],
                source=textwrap.dedent(match["source"]),
                reason=match["reason"],
                follows=not text[end : match.start()].strip(),
            )
        )
        end = match.end()
    return found


def outputs_of(blocks: list[Block]) -> Iterator[tuple[Block, str | None]]:
    """Return each Python block with the output that the page shows for it, or None."""
    for block, after in pairwise([*blocks, None]):
        if block is not None and block.language == "python":
            shown = after is not None and after.language == "text" and after.follows
            yield block, after.source if after is not None and shown else None


CODE = {page: list(outputs_of(blocks_of(page))) for page in PAGES}
RUN = [page for page, blocks in CODE.items() if blocks]
ALL_BLOCKS = [block for blocks in CODE.values() for block, _ in blocks]


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Emulator]:
    """Serve an emulator in which hours pass in microseconds, and point every client at it."""
    emulator = Emulator(ScaledClock(2e7), access_key=ACCESS_KEY, secret_key=SECRET_KEY)
    monkeypatch.chdir(tmp_path)
    with emulator.serve() as url:
        settings = {
            **emulator.environment(url),
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": str(tmp_path / "none"),
            "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "none"),
        }
        for name, value in settings.items():
            monkeypatch.setenv(name, value)
        for name in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN"):
            monkeypatch.delenv(name, raising=False)
        yield emulator
    for name in ("omics_runs", "httpx", "httpcore", "botocore"):
        logging.getLogger(name).setLevel(logging.NOTSET)  # a page turns it on, or down


def run_block(block: Block, namespace: dict[str, Any]) -> str:
    """Run a block and return what it prints."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(block.compiled(), namespace)  # noqa: S102 - the page's own code
    return printed.getvalue()


@pytest.mark.parametrize("page", [pytest.param(page, id=page.name) for page in RUN])
def test_every_block_runs(page: Path, service: Emulator) -> None:
    """The Python blocks of a page run in order, and print what the page says they print."""
    namespace: dict[str, Any] = {"__name__": "__docs__"}
    for block, shown in CODE[page]:
        if block.reason is None:
            printed = run_block(block, namespace)
            if shown is not None:
                same = doctest.OutputChecker().check_output(shown, printed, doctest.ELLIPSIS)
                assert same, f"{page.name}:{block.line} printed {printed}"


def test_the_pytest_examples_pass(tmp_path: Path) -> None:
    """The page's tests, the code that they test, and its options are what pytest passes."""
    page = [block.source for block in ALL_BLOCKS if block.page.name == "testing.md"]
    examples = [source for source in page if "def test_" in source or "def report" in source]
    (options,) = [source for source in page if "@pytest.fixture" in source]
    added = "def test_options(omics_emulator_options):\n    assert omics_emulator_options"
    (tmp_path / "test_examples.py").write_text("\n".join(examples), encoding="utf-8")
    (tmp_path / "test_options.py").write_text(f"{options}\n{added}", encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False, text=True)
    assert "3 passed" in done.stdout


@pytest.mark.parametrize(
    "block", [pytest.param(block, id=f"{block.page.name}:{block.line}") for block in ALL_BLOCKS]
)
def test_every_block_compiles(block: Block) -> None:
    """Also the few blocks that are not run are Python, and each says why it is not run."""
    block.compiled()
    assert block.reason != ""


def test_few_blocks_are_not_run() -> None:
    """Not running a block stays the exception."""
    assert sum(block.reason is not None for block in ALL_BLOCKS) <= MOST_NOT_RUN


@pytest.mark.parametrize("page", [pytest.param(page, id=page.name) for page in PAGES])
def test_links_lead_somewhere(page: Path) -> None:
    """Each relative link of a page, and of the README, names a file that is there."""
    links = re.findall(r"\]\(([^)#\s]+)[^)\s]*\)", page.read_text(encoding="utf-8"))
    relative = [link for link in links if "://" not in link]
    assert [link for link in relative if not (page.parent / link).exists()] == []


# --- what the pages list --------------------------------------------------------------------


def rows_of(page: str, heading: str) -> list[list[str]]:
    """Return the cells of the first table after a heading of a page, without its header."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    _, _, after = text.partition(f"\n{heading}\n")
    table = re.search(r"(?:^\|.*\n)+", after, re.MULTILINE)
    assert table is not None
    lines = table[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


@pytest.mark.parametrize(
    ("heading", "life"),
    [
        pytest.param("## Wanted and seen", RUN_LIFE, id="runs"),
        pytest.param("## Tasks", TASK_LIFE, id="tasks"),
        pytest.param("## Batches", BATCH_LIFE, id="batches"),
    ],
)
def test_the_tables_of_waiting_are_those_in_use(heading: str, life: Lifecycle[Any, Any]) -> None:
    """The tables of wanted and seen statuses say, cell by cell, what the waits do."""
    signs = {"✓": "+", "…": ".", "✗": "-"}
    shown = {
        row[0]: tuple(signs.get(sign, sign) for sign in (cell.rstrip("†") for cell in row[1:]))
        for row in rows_of("waiting.md", heading)
    }
    assert shown == {str(status): cells for status, cells in life.cells.items()}
    header = "| wanted | " + " | ".join([*life.columns, "404"]) + " |"
    assert header in (ROOT / "docs" / "waiting.md").read_text(encoding="utf-8")


OWN_OPTIONS = {
    "start-run": StartRunRequest.skeleton().keys(),
    "get-run": GetRunRequest.skeleton().keys(),
}
NEWER_MEMBERS = {
    "configurationName",
    "engineSettings",
    "networkingMode",
    "outputUriPrefixMode",
    "scratchStorageMode",
    "sessionPolicy",
}
GLOBAL_OPTIONS = {
    "--ca-bundle",
    "--cli-auto-prompt",
    "--cli-binary-format",
    "--cli-connect-timeout",
    "--cli-input-json",
    "--cli-input-yaml",
    "--cli-read-timeout",
    "--color",
    "--debug",
    "--endpoint-url",
    "--generate-cli-skeleton",
    "--no-cli-auto-prompt",
    "--no-cli-pager",
    "--no-paginate",
    "--no-sign-request",
    "--no-verify-ssl",
    "--output",
    "--profile",
    "--query",
    "--region",
    "--version",
}
"""Options that both commands share, as the CLI's own pages list them."""


def dashed(wire: str) -> str:
    """Return the CLI's option for a member."""
    return "--" + re.sub(r"[A-Z]", lambda match: f"-{match[0].lower()}", wire)


def test_every_option_of_the_cli_has_its_row() -> None:
    """The table has the own options of both commands and the global ones, each once."""
    rows = rows_of("cli-options.md", "## All options")
    listed = sorted((row[1], row[0].strip("`")) for row in rows)
    own = [
        (command, dashed(wire))
        for command, members in OWN_OPTIONS.items()
        for wire in members
        if wire not in NEWER_MEMBERS
    ]
    assert listed == sorted([*own, *(("both", option) for option in GLOBAL_OPTIONS)])


def test_the_newer_members_have_their_rows() -> None:
    """What StartRun takes beyond the CLI's page is in the second table."""
    rows = rows_of("cli-options.md", "## Newer members of StartRun")
    assert {row[0].strip("`") for row in rows} == NEWER_MEMBERS


def test_the_arguments_that_the_tables_name_exist() -> None:
    """Each argument that the CLI tables show is one that its callable takes."""
    text = (ROOT / "docs" / "cli-options.md").read_text(encoding="utf-8")
    start_run = inspect.signature(OmicsRunsClient.start_run).parameters
    client = inspect.signature(OmicsRunsClient).parameters
    own = re.findall(r"\| start-run \| `(?:start_run\()?(\w+)=", text)
    newer = re.findall(r"\| `\w+` \| `(\w+)=", text)
    assert len(own) == len(OWN_OPTIONS["start-run"]) - len(NEWER_MEMBERS)
    assert {*own, *newer} <= start_run.keys()
    assert set(re.findall(r"OmicsRunsClient\((\w+)=", text)) <= client.keys()


def test_the_export_lines_are_those_of_the_emulator() -> None:
    """What `python -m omics_runs.emulator` is shown to print is what it prints."""
    text = (ROOT / "docs" / "testing.md").read_text(encoding="utf-8")
    settings = Emulator().environment("http://127.0.0.1:8787")
    shown = re.findall(r"^export (\w+)=(\S+)$", text, re.MULTILINE)
    assert shown == list(settings.items())


def test_the_tree_of_errors_is_the_real_one() -> None:
    """The tree on the page of errors has every error, below the class that it inherits from."""
    text = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")
    tree = text.partition("## The tree")[2].partition("## What each")[0]
    drawn, parents = [], {}
    for prefix, name in re.findall(r"^((?:[│ ]   |├── |└── )*)([A-Z]\w+)", tree, re.MULTILINE):
        depth = len(prefix) // 4
        parents[depth] = name
        drawn.append((name, parents.get(depth - 1, "Exception")))
    named = {name: getattr(errors, name, None) for name in errors.__all__}
    real = {
        (n, e.__bases__[0].__name__) for n, e in named.items() if e and issubclass(e, Exception)
    }
    assert set(drawn) == real


def test_every_error_is_explained() -> None:
    """Each error that is raised as such has its row with what it means and what to do."""
    explained = {
        row[0].strip("`") for row in rows_of("errors.md", "## What each means, and what to do")
    }
    bases = {
        "Attempt",
        "CallError",
        "OmicsRunsError",
        "ServiceError",
        "StatusUnreachableError",
        "WaitError",
    }
    assert explained == set(errors.__all__) - bases


def test_every_failure_reason_has_its_row() -> None:
    """The table of codes says of each what its properties say, in their order."""
    again = {True: "yes", False: "no", None: "unclear"}
    assert rows_of("errors.md", "## Why a run failed") == [
        [f"`{reason}`", again[reason.retryable], reason.who, reason.advice]
        for reason in FailureReason
    ]
