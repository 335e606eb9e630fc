"""What the documentation shows is run on the emulator; what it lists is held against the code."""

from __future__ import annotations

import contextlib
import doctest
import importlib.util
import inspect
import io
import json
import logging
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import boto3
import botocore.exceptions
import botocore.parsers
import pytest
from botocore.config import Config

import omics_runs
from omics_runs import (
    FailureReason,
    GetRunRequest,
    OmicsRunsClient,
    StartRunRequest,
    errors,
    models,
)
from omics_runs._lifecycle import BATCH_LIFE, RUN_LIFE, TASK_LIFE, Lifecycle
from omics_runs.emulator import Emulator, ScaledClock
from tests.pages import ROOT, Block, blocks_of

DOCS = sorted((ROOT / "docs").glob("*.md"))
PAGES = [ROOT / "README.md", *DOCS]
IGNORED = "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"
ACCESS_KEY = "AKIAIOSFODNN7EXAMPLE"
SECRET_KEY = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"


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
def test_every_block_runs(page: Path, service: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """The Python blocks of a page run in order, and print what the page says they print."""
    namespace: dict[str, Any] = {"__name__": "__docs__"}
    for block, shown in CODE[page]:
        if block.within is None:
            monkeypatch.setenv(IGNORED, str(block.is_apart).lower())
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


def test_what_needs_an_orchestrator_has_a_session_that_runs_it() -> None:
    """The orchestrators of the blocks are those that nox installs, and each has its script."""
    blocks = [block for block in ALL_BLOCKS if block.within]
    named = {block.within for block in blocks}
    pages = {block.page.name for block in blocks if block.compiled()}
    scripts = (ROOT / "tests" / "orchestrators").glob("with_*.py")
    noxfile = (ROOT / "noxfile.py").read_text(encoding="utf-8")
    installed = noxfile.partition("ORCHESTRATORS = {")[2].partition("}")[0]
    assert named == {script.stem.removeprefix("with_") for script in scripts}
    assert named == set(re.findall(r'^ *"(\w+)":', installed, re.MULTILINE))
    assert pages == {"orchestrators.md"}


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


# --- the machine of Step Functions -----------------------------------------------------------


def machines() -> list[dict[str, Any]]:
    """Return the state machines that the page of Lambda shows."""
    shown = [
        source for language, source in fences_of(ROOT / "docs" / "lambda.md") if language == "json"
    ]
    return [found for found in map(json.loads, shown) if "StartAt" in found]


def values_of(part: Any, keys: set[str]) -> list[Any]:
    """Return what stands under these keys, anywhere in a machine."""
    found: list[Any] = []

    def keep(pairs: dict[str, Any]) -> None:
        found.extend(value for key, value in pairs.items() if key in keys)

    json.loads(json.dumps(part), object_hook=keep)
    return found


def test_the_states_of_the_machine_lead_to_each_other() -> None:
    """Each state that is named is there, each that is there is named, and each goes on or ends."""
    (machine,) = machines()
    states = machine["States"]
    named = values_of(machine, {"StartAt", "Next", "Default"})
    assert set(named) == states.keys()
    ends = {name for name, state in states.items() if not values_of(state, {"Next", "Default"})}
    assert {states[name]["Type"] for name in ends} == {"Fail", "Succeed"}
    tasks = [state for state in states.values() if state["Type"] == "Task"]
    functions = {state["Resource"].rpartition(":")[2] for state in tasks}
    source = "\n".join(block.source for block in ALL_BLOCKS if block.page.name == "lambda.md")
    assert functions <= set(re.findall(r"^def (\w+)", source, re.MULTILINE))


def test_the_errors_of_the_machine_can_be_raised() -> None:
    """Each name that is caught or repeated is a class of errors, or one of Lambda's own."""
    (machine,) = machines()
    names = {name for names in values_of(machine, {"ErrorEquals"}) for name in names}
    own = {name for name in names if not name.startswith(("Lambda.", "States."))}
    assert own < set(errors.__all__)
    assert all(state["Retry"] for state in machine["States"].values() if state["Type"] == "Task")


# --- names of other libraries, and of our own -----------------------------------------------


def names_in(cell: str) -> list[str]:
    """Return what a cell of a table has between backticks."""
    return re.findall(r"`([^`]+)`", cell)


@pytest.fixture(scope="module")
def omics() -> Any:
    """Return boto3's client, which knows all its names without being connected."""
    return boto3.client(
        "omics", region_name="us-west-2", aws_access_key_id="a", aws_secret_access_key="s"
    )


def test_the_operations_of_boto3_are_those_here(omics: Any) -> None:
    """The table of operations has each that both libraries have under one name, once."""
    rows = rows_of("from-boto3.md", "## Operations")
    both = [name for name in omics.meta.method_to_api_mapping if hasattr(OmicsRunsClient, name)]
    assert sorted(name for row in rows for name in names_in(row[1])) == sorted(both)


def test_the_methods_that_take_the_place_of_boto3s_exist() -> None:
    """Whatever the page calls on a client is a method of it."""
    text = (ROOT / "docs" / "from-boto3.md").read_text(encoding="utf-8")
    named = set(re.findall(r"\bclient\.(\w+)\(", text))
    assert {"diagnose", "get_log_events", "manifest", "outputs"} < named
    assert named <= set(dir(OmicsRunsClient))


def test_each_list_is_said_to_have_its_iterator() -> None:
    """The page names every method that goes through all pages of a list."""
    text = (ROOT / "docs" / "from-boto3.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(iter_\w+)`", text))
    assert named == {name for name in dir(OmicsRunsClient) if re.match("iter_(?!submit)", name)}


def test_the_exceptions_of_boto3_have_their_counterparts(omics: Any) -> None:
    """Each row leads from a class of boto3 or botocore to one that can be imported here."""
    rows = rows_of("from-boto3.md", "## Exceptions")
    known = {
        *dir(omics.exceptions),
        *dir(botocore.exceptions),
        "ResponseParserError",
        "ExpiredToken",
    }
    assert {name for row in rows for name in names_in(row[0])} <= known
    assert {name for row in rows for name in names_in(row[1])} <= set(errors.__all__)


def test_the_settings_of_boto3_exist() -> None:
    """Each option of botocore's Config that the table names is one of it."""
    rows = rows_of("from-boto3.md", "## Settings")
    named = re.findall(r"[(,] ?(\w+)=", " ".join(row[0] for row in rows if "Config(" in row[0]))
    assert len(named) > 8
    assert set(named) <= Config.OPTION_DEFAULTS.keys()


# --- nothing that is shown gets around the checks -------------------------------------------

SHELLS = ("console", "sh")
LANGUAGES = {"json", "python", "text", *SHELLS}
COMMANDS = {".ci/run", "aws", "curl", "nox", "omics-runs", "pip", "python", "python3"}
"""What a reader has, with the tools that the pages name; whatever is the shell's is let be."""
LEADS_TO_IT = re.compile(r"^(?:\w+=\$\(|[\d*]+\) )?(?:\.venv/bin/)?")
"""What may stand before a command: an assignment, a case, the folder of an environment."""
SHELL_WORDS = {".", "#", "case", "cd", "cut", "echo", "esac", "export", "printf", "trap", "until"}
OPENING = re.compile(
    r"^ *```(?P<language>\S*).*\n(?P<source>(?:(?! *```).*\n)*) *```$", re.MULTILINE
)
SHELL_PAGES = [*PAGES, ROOT / "CONTRIBUTING.md"]


def fences_of(page: Path) -> list[tuple[str, str]]:
    """Return language and content of all blocks of a page, whatever they are."""
    text = page.read_text(encoding="utf-8")
    found = [(match["language"], match["source"]) for match in OPENING.finditer(text)]
    assert len(found) * 2 == len(re.findall(r"^ *```", text, re.MULTILINE)), "a block has no end"
    return found


@pytest.mark.parametrize("page", [pytest.param(page, id=page.name) for page in SHELL_PAGES])
def test_blocks_are_what_they_say(page: Path) -> None:
    """Each block is of a known language, JSON can be read, and no code hides as a text."""
    for language, source in fences_of(page):
        assert language in LANGUAGES
        if language == "json":
            json.loads(source)
        if language == "text":
            assert re.search(r"^(?:import|from \S+ import|def|async def|class) ", source) is None


def test_all_python_blocks_are_found() -> None:
    """What is run are all blocks of Python that there are."""
    shown = sum(language == "python" for page in PAGES for language, _ in fences_of(page))
    assert shown == sum(block.language == "python" for block in ALL_BLOCKS)


def commands_of(page: Path) -> Iterator[str]:
    """Return the first word of each command in the shell blocks of a page."""
    for language, source in fences_of(page):
        if language in SHELLS:
            joined = source.replace("\\\n", " ")
            lines = joined.splitlines()
            typed = [line[2:] for line in lines if line.startswith("$ ")]
            for line in typed or [line for line in lines if line.strip()]:
                for command in line.split("&&"):
                    yield re.sub(LEADS_TO_IT, "", command.strip()).split()[0]


@pytest.mark.parametrize("page", [pytest.param(page, id=page.name) for page in SHELL_PAGES])
def test_commands_are_known(page: Path) -> None:
    """Shell blocks name no command that a reader has not got."""
    assert set(commands_of(page)) <= COMMANDS | SHELL_WORDS


@pytest.mark.parametrize("page", [pytest.param(page, id=page.name) for page in SHELL_PAGES])
def test_what_commands_name_exists(page: Path) -> None:
    """Sessions of nox, modules to run, scripts, extras and options of the emulator are there."""
    text = page.read_text(encoding="utf-8")
    with (ROOT / "pyproject.toml").open("rb") as file:
        extras = tomllib.load(file)["project"]["optional-dependencies"]
    sessions = re.findall(r"nox -s ([\w ]+)", text)
    assert {one for named in sessions for one in named.split()} <= nox_sessions()
    for module in re.findall(r"python3? -m (omics_runs[\w.]*|tests[\w.]*|benchmarks[\w.]*)", text):
        assert importlib.util.find_spec(module) is not None
    for script in re.findall(r"\b(?:examples|benchmarks)/[\w/]+\.(?:py|ipynb)\b", text):
        assert (ROOT / script).is_file()
    for named in re.findall(r"(?:omics-runs|\.)\[([\w,]+)\]'", text):
        assert set(named.split(",")) <= extras.keys()
    options = re.findall(r"python -m omics_runs\.emulator((?: --?[\w-]+(?: \d+)?)+)", text)
    served = (ROOT / "omics_runs" / "emulator" / "__main__.py").read_text(encoding="utf-8")
    for option in re.findall(r"--[\w-]+", " ".join(options)):
        assert f'"{option}"' in served


def nox_sessions() -> set[str]:
    """Return the names of the sessions that noxfile.py defines."""
    source = (ROOT / "noxfile.py").read_text(encoding="utf-8")
    return set(
        re.findall(r"^@nox\.session.*\n(?:@nox\.parametrize.*\n)?def (\w+)", source, re.MULTILINE)
    )


RETURNED = {"AsyncItems", "Items"}
"""What methods return, and nobody imports."""


def test_the_reference_has_every_public_name() -> None:
    """Each name of the package has its entry, or is shown with the module that it belongs to."""
    text = (ROOT / "docs" / "reference.md").read_text(encoding="utf-8")
    entries = re.findall(r"^::: (\S+)\n    options:\n      heading: (\S+)$", text, re.MULTILINE)
    whole = {name for path, name in entries if path == f"omics_runs.{name}"}
    own = {name for path, name in entries if path != f"omics_runs.{name}"}
    assert whole == {"errors", "models", "display", "emulator", "pytest_plugin"}
    assert own - RETURNED == {*omics_runs.__all__} - {*models.__all__, *whole, "__version__"}
    assert "`omics_runs.__version__`" in text
