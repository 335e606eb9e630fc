"""What was measured, in words: medians, ratios of ours to the others, and the aims beside them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from statistics import median, quantiles
from typing import Any

import attrs

from benchmarks.contenders import CONTENDERS
from benchmarks.harness import Results
from benchmarks.rows import OURS, ROWS, Row, aim_of


def to_json(results: Results) -> str:
    """Return all that was measured, with the median of each."""
    medians = {
        name: {contender: median(figures) for contender, figures in row.items()}
        for name, row in results.figures.items()
    }
    return json.dumps({**attrs.asdict(results), "medians": medians}, indent=1) + "\n"


def table(results: Results) -> str:
    """Return the table: a block for each row, a line for each contender."""
    return "\n".join([*_heading(results), *_body(results)]) + "\n"


def _heading(results: Results) -> Iterator[str]:
    yield f"{results.rounds} rounds on {results.machine}"
    for name, releases in results.releases.items():
        told = ", ".join(f"{package} {release}" for package, release in releases.items())
        yield f"  {CONTENDERS[name].label}: {told}"


def _body(results: Results) -> Iterator[str]:
    for name, row in results.figures.items():
        if row:
            yield ""
            yield f"{ROWS[name].title}, {ROWS[name].unit}"
            variants = [one for one in OURS if one in row]
            is_compared = not set(row) <= set(OURS)
            heads = [f"{CONTENDERS[one].label} / it" for one in variants] if is_compared else []
            if heads:
                yield _line("", heads)
            for contender, figures in row.items():
                cells = [_ratio(results, name, one, contender) for one in variants]
                yield _line(
                    f"  {CONTENDERS[contender].label:<20}{_short(median(figures)):>8}", cells
                )


def _line(first: str, cells: list[str]) -> str:
    return f"{first:<30}{''.join(f'  {cell:<36}' for cell in cells)}".rstrip()


def _ratio(results: Results, name: str, variant: str, contender: str) -> str:
    """Return the ratio of a variant of ours to a contender, its middle half, and the aim."""
    row, figures = ROWS[name], results.figures[name]
    if contender == variant:
        aim = aim_of(name, None, variant)
        return "" if aim is None else _judged(row, median(figures[variant]), aim, "")
    if variant not in figures or contender in OURS:
        return ""
    if min(figures[contender]) <= 0:  # memory that was there already
        return ""
    ratios = ratios_of(figures[variant], figures[contender])
    low, middle, high = quantiles(ratios, method="inclusive") if ratios[1:] else ratios * 3
    told = f"{middle:.2f} ({low:.2f} … {high:.2f})"
    aim = aim_of(name, contender, variant)
    return told if aim is None else _judged(row, middle, aim, told)


def ratios_of(ours: Sequence[float], theirs: Sequence[float]) -> list[float]:
    """Return the ratios of each turn: what slows the machine for a while slows both."""
    return [mine / other for mine, other in zip(ours, theirs, strict=True)]


def _judged(row: Row, reached: float, aim: float, told: str) -> str:
    is_met = reached >= aim if row.is_more_better else reached <= aim
    sign = "≥" if row.is_more_better else "≤"
    return f"{told:<20} {sign} {aim:.2f} {'reached' if is_met else 'missed'}"


def _short(figure: float) -> str:
    return f"{figure:,.0f}" if figure >= 100 else f"{figure:,.2f}"  # noqa: PLR2004  (digits)


def profile(told: dict[str, Any], title: str) -> str:
    """Return where the microseconds of a call go."""
    cpu = told["cpu"] * 1e6
    lines = [f"{title}: {cpu:.0f} µs of CPU a call, {told['samples']} samples"]
    for kind, shares in told["shares"].items():
        lines += ["", f"  by {kind}"]
        lines += [
            f"  {share * cpu:8.1f} µs {share:6.1%}  {place}" for place, share in shares.items()
        ]
    return "\n".join(lines) + "\n"
