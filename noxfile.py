"""The project's checks, each in an environment of its own: `nox -l` lists them."""

from __future__ import annotations

import shutil
from pathlib import Path

import nox

PYTHONS = ["3.11", "3.12", "3.13", "3.14"]
LOCK = "requirements/dev.lock"
ORCHESTRATORS = {
    "airflow": ["apache-airflow"],
    "dagster": ["dagster"],
    "prefect": ["prefect", "fastapi<0.150"],  # of newer ones Prefect 3.8.8 can't start its server
}
PEERS = {"by_boto3": "boto3", "by_aiobotocore": "aiobotocore", "by_capo": "capo-omics==0.11.0"}

nox.needs_version = ">=2025.10.14"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.download_python = "never"  # try what is installed, fetch nothing
nox.options.error_on_missing_interpreters = False
nox.options.sessions = [
    "lint",
    "typing",
    "codegen",
    "tests",
    "min_deps",
    "locked",
    "coverage",
    "aws_cli",
    "docs",
]


QUICK = ("tests/core", "tests/wire", "tests/signing", "tests/test_api.py")
"""What needs no emulator, and is done in half a minute."""

SDK = (
    *(*QUICK, "tests/clients"),
    *("tests/emulator/test_boto3.py", "tests/emulator/test_boto3_operations.py"),
)
"""What depends on the interpreter and on other packages: the SDK, and boto3 as a judge."""


def run_pytest(session: nox.Session, *command: str, of: tuple[str, ...] = ()) -> None:
    session.run(*command, "-m", "pytest", "-q", "-n", "auto", *(session.posargs or of))


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """The SDK's part of the suite, on every Python that is installed."""
    session.install("-e", ".[test,codegen]")
    session.env["HYPOTHESIS_PROFILE"] = "quick"
    run_pytest(session, "python", of=SDK)


@nox.session
def fast(session: nox.Session) -> None:
    """The clients' tests once more, each as it stands, with async clients that go over aiohttp.

    Not in the gate: it takes minutes, and what differs has tests of its own there.
    """
    session.install("-e", ".[test,codegen,fast]")
    session.env["HYPOTHESIS_PROFILE"] = "quick"
    session.env["OMICS_TESTS_OVER"] = "aiohttp"
    run_pytest(session, "python", of=("tests/clients",))


@nox.session(python=PYTHONS)
def min_deps(session: nox.Session) -> None:
    """The SDK's part on the oldest release of each dependency that pyproject.toml admits."""
    session.install("--resolution", "lowest-direct", "-e", ".[test,codegen]")
    session.env["HYPOTHESIS_PROFILE"] = "quick"
    run_pytest(session, "python", of=SDK)


@nox.session
def locked(session: nox.Session) -> None:
    """The quick tests on the very releases of requirements/dev.lock, each known by its hash."""
    session.install("--require-hashes", "-r", LOCK)
    session.install("--no-deps", "--no-build-isolation", "-e", ".")
    session.env["HYPOTHESIS_PROFILE"] = "quick"
    run_pytest(session, "python", of=QUICK)


@nox.session
def lock(session: nox.Session) -> None:
    """Write requirements/dev.lock anew, with the newest release of everything."""
    session.install("uv")
    options = ("--all-extras", "--universal", "--python-version", PYTHONS[0], "--upgrade")
    form = ("--generate-hashes", "--no-header", "--no-annotate", "--quiet", "--output-file", LOCK)
    build = "requirements/build.in"
    session.run("uv", "pip", "compile", "pyproject.toml", build, *options, *form, silent=True)


@nox.session(python=PYTHONS[0])
def coverage(session: nox.Session) -> None:
    """Branch coverage of the whole suite, generated code included; below 100 % it fails.

    With `-- report` it runs nothing and judges what was measured before.
    """
    session.install("-e", ".[test,codegen]")
    session.env["COVERAGE_FILE"] = str(Path(".coverage").resolve())
    if session.posargs != ["report"]:
        session.run("coverage", "erase")
        session.run("coverage", "run", "-m", "pytest", "-q", "-n", "auto", *session.posargs)
    elif not list(Path().glob(".coverage.*")):
        session.error("nothing was measured")
    session.run("coverage", "combine", "--keep")
    session.run("coverage", "report")


@nox.session
def aws_cli(session: nox.Session) -> None:
    """The AWS CLI, in an environment of its own, goes through every operation of the emulator."""
    session.install("-e", ".[test]")
    cli = Path(session.create_tmp(), "cli").resolve()
    session.run("python", "-m", "venv", str(cli))  # its botocore is not the one that we test
    session.run(str(cli / "bin" / "pip"), "install", "--quiet", "awscli", external=True)
    session.env["OMICS_AWS_CLI"] = str(cli / "bin" / "aws")
    session.run("python", "-m", "pytest", "-q", "-n", "auto", "tests/cli", *session.posargs)


@nox.session
@nox.parametrize("name", list(ORCHESTRATORS), ids=list(ORCHESTRATORS))
def orchestrators(session: nox.Session, name: str) -> None:
    """The code of docs/orchestrators.md within Airflow, Dagster and Prefect, as it is shown.

    Not in the gate: they are large, and take minutes. `nox -s "orchestrators(airflow)"` tries one.
    """
    session.install("-e", ".", *ORCHESTRATORS[name])
    session.run("python", "-m", f"tests.orchestrators.with_{name}")


@nox.session
def slow(session: nox.Session) -> None:
    """What waits in real time; neither `nox` nor the gate asks for it."""
    session.install("-e", ".[test]")
    session.run("python", "-m", "pytest", "-q", "-m", "slow", "tests/slow", *session.posargs)


@nox.session
def mutation(session: nox.Session) -> None:
    """Whether the tests of the core notice changes of it; takes half an hour, is never in the gate.

    `nox -s mutation -- "omics_runs._retry*"` changes one module; tests/mutation/README.md tells
    what to make of the survivors.
    """
    session.install("-e", ".[test,codegen]", "mutmut>=3.8,<4")
    session.env["HYPOTHESIS_PROFILE"] = "quick"
    shutil.rmtree("mutants", ignore_errors=True)  # the verdicts of an older run
    session.run("mutmut", "run", "--max-children", "1", *session.posargs)
    session.run("mutmut", "results")


@nox.session(reuse_venv=True)
def bench(session: nox.Session) -> None:
    """This SDK beside its peers, interleaved in one run; never in the gate.

    `nox -s bench -- --into docs/performance` keeps the results, and `-- --profile get_run` tells
    where the time of a call goes. The environments of the peers are made once.
    """
    session.install("-e", ".[fast]")
    found = [f"--python={name}={interpreter_of(session, name)}" for name in PEERS]
    session.run("python", "-m", "benchmarks", *found, *session.posargs)


def interpreter_of(session: nox.Session, peer: str) -> Path:
    """Return the Python of a peer's own environment: not all peers have one botocore in common."""
    home = Path(session.create_tmp(), peer).resolve()
    if not home.exists():
        session.run("python", "-m", "venv", str(home))
    session.run(str(home / "bin" / "pip"), "install", "--quiet", PEERS[peer], external=True)
    return home / "bin" / "python"


@nox.session
def lint(session: nox.Session) -> None:
    """Style, formatting, and the import contracts."""
    session.install("-e", ".[dev]")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("lint-imports")


@nox.session
def typing(session: nox.Session) -> None:
    """Four type checkers over the package, the examples and the typing tests.

    The quick ones, and mypy once, look with the eyes of other systems and of the newest Python.
    """
    session.install("-e", ".[dev]")
    session.run("mypy")
    session.run("pyright")
    session.run("mypy", "--platform", "win32", "--python-version", PYTHONS[-1])
    ty = ("ty", "check", "--error-on-warning", "omics_runs", "examples", "tests/typing")
    session.run(*ty)
    session.run("pyrefly", "check")
    for platform, version in (("win32", PYTHONS[-1]), ("darwin", PYTHONS[0])):
        elsewhere = ("--python-platform", platform, "--python-version", version)
        session.run(*ty, *elsewhere)
        session.run("pyrefly", "check", *elsewhere)


@nox.session
def codegen(session: nox.Session) -> None:
    """The committed generated code is what the generator makes of the committed model."""
    session.install("-e", ".[dev]")
    session.run("python", "-m", "codegen", "check")
    session.run("python", "-m", "codegen", "drift", success_codes=[0, 1])  # told, and no failure


@nox.session
def drift(session: nox.Session) -> None:
    """What the newest botocore has other than the snapshot; fails if there is anything."""
    session.install("--upgrade", "-e", ".[codegen]")
    session.run("python", "-m", "codegen", "drift")


@nox.session
def docs(session: nox.Session) -> None:
    """The documentation, with every warning an error; its links, and the notebook."""
    session.install("-e", ".[docs]")
    built = build_site(session)
    session.run("python", "docs/check_site.py", built)
    session.run("python", "docs/run_notebook.py", "examples/tour.ipynb")


def build_site(session: nox.Session) -> str:
    """Return where the site is."""
    built = session.create_tmp()
    session.env["NO_MKDOCS_2_WARNING"] = "1"
    session.run("mkdocs", "build", "--strict", "--site-dir", built)
    return built


@nox.session
def site(session: nox.Session) -> None:
    """Every page in a browser: none is too wide, and an accessibility check finds nothing.

    Not in the gate: it takes npm, a Chromium (its own, if there is none) and some minutes.
    """
    session.install("-e", ".[docs]")
    built = build_site(session)
    tools = str(Path(session.cache_dir, "site").resolve())
    session.run("npm", "install", "--prefix", tools, "playwright-core", "axe-core", external=True)
    session.env["NODE_PATH"] = str(Path(tools, "node_modules"))
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        fetch = ("npx", "--prefix", tools, "playwright-core", "install", "chromium")
        session.run(*fetch, external=True)
    session.run("node", "docs/look_at_site.mjs", built, *filter(None, [browser]), external=True)
