"""`python -m codegen refresh | drift | render | check`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

from codegen.drift import drift
from codegen.notes import Config
from codegen.problems import GeneratorError
from codegen.refresh import check_source, refresh
from codegen.render import check, load, render

SOURCE = Path(__file__).parent
TARGET = SOURCE.parent / "omics_runs" / "_generated"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return the exit code."""
    options = _parser().parse_args(arguments)
    try:
        return _run(options)
    except GeneratorError as error:
        print(f"codegen: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"codegen: {error.filename or error}: {error.strerror}", file=sys.stderr)
        return 1
    except ValueError as error:
        print(f"codegen: {error}", file=sys.stderr)
        return 1


def _run(options: argparse.Namespace) -> int:
    folder, config = options.source / "model", Config.load(options.source / "config.toml")
    if options.command == "refresh":
        refresh(folder, config)
        return 0
    if options.command == "drift":
        botocore = f"botocore {metadata.version('botocore')}"
        return _tell(drift(folder, config), f"{botocore} has what the snapshot has.")
    api = load(options.source, draft=options.draft)
    if options.command == "render":
        render(api, options.target)
        return 0
    check_source(folder, config)
    differences = check(api, options.target)
    return _tell(differences, f"{options.target.name} is what would be rendered.")


def _tell(differences: Sequence[str], none: str) -> int:
    print("\n".join(differences) or none)
    return 1 if differences else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m codegen", description=__doc__)
    parser.add_argument(
        "command",
        choices=("refresh", "drift", "render", "check"),
        help=(
            "refresh: installed botocore -> model/; drift: diff the two; "
            "render: model/ -> Python; check: diff the two"
        ),
    )
    parser.add_argument(
        "--source", type=Path, default=SOURCE, help="folder of config.toml and model/"
    )
    parser.add_argument("--target", type=Path, default=TARGET, help="folder that is written")
    parser.add_argument(
        "--draft", action="store_true", help="put placeholders where descriptions are missing"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
