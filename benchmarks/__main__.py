"""The command: `python -m benchmarks --help`."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from pathlib import Path

from benchmarks import harness, picture, report
from benchmarks.contenders import CONTENDERS
from benchmarks.rows import ROWS


def main() -> None:
    """Measure or profile, as the arguments say."""
    options = parse()
    pythons = dict(one.split("=", 1) for one in options.python)
    wanted = {name: pythons.get(name, sys.executable) for name in options.contenders}
    with harness.opened(wanted) as race:
        if options.profile:
            profile(race, options)
        else:
            compare(race, options)


def compare(race: harness.Race, options: Namespace) -> None:
    """Measure, print the table, and write what is to be kept."""
    results = harness.measure(race, options.rows, options.rounds, options.calls)
    table = report.table(results)
    print(table)
    if options.into:
        options.into.mkdir(parents=True, exist_ok=True)
        files = {
            "results.json": report.to_json(results),
            "table.txt": table,
            "picture.svg": picture.draw(results),
        }
        for name, text in files.items():
            (options.into / name).write_text(text, "utf-8")


def profile(race: harness.Race, options: Namespace) -> None:
    """Print where the time of a call goes, by each contender, in each way of making it."""
    for name in race.abilities:
        for kind in ("sync", "async", "concurrent"):
            if options.profile in race.abilities[name][kind]:
                told = race.profile(name, kind, options.profile, options.calls)
                print(report.profile(told, f"{CONTENDERS[name].label}, {options.profile}, {kind}"))


def parse() -> Namespace:
    """Read the command line."""
    rows = "\n".join(f"  {name:<14}{row.title}, {row.unit}" for name, row in ROWS.items())
    parser = ArgumentParser(
        prog="benchmarks",
        description="This SDK beside its peers.",
        epilog=f"contenders: {', '.join(CONTENDERS)}\nrows:\n{rows}",
        formatter_class=RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--contenders", nargs="+", choices=CONTENDERS, default=list(CONTENDERS), metavar="NAME")
    add(
        "--rows",
        nargs="+",
        choices=ROWS,
        default=list(ROWS),
        metavar="ROW",
        help="which to measure; see below",
    )
    add("--rounds", type=int, default=5)
    add("--calls", type=int, default=400, help="calls of a round, fewer where each is long")
    add("--into", type=Path, metavar="FOLDER", help="where to write results, table and picture")
    calls = sorted({row.call for row in ROWS.values()})
    add(
        "--profile",
        choices=calls,
        metavar="CALL",
        help="sample so many calls instead, as --calls 5000 get_run",
    )
    add(
        "--python",
        action="append",
        default=[],
        metavar="NAME=PATH",
        help="the interpreter of a contender's environment, in place of this one",
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
