"""The figures as bars, in SVG: a panel for each row, with colours for light and dark pages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from statistics import median
from xml.sax.saxutils import escape

from benchmarks.contenders import CONTENDERS
from benchmarks.harness import Results
from benchmarks.rows import OURS, PICTURED, ROWS

WIDTH, COLUMNS = 880, 2
PANEL, GAP = 420, 40
LINE, LABEL, VALUE = 22, 130, 70
"""Heights and widths, in pixels: of a bar's line, of the name before it, of the figure behind."""

STYLE = """
  text { font: 13px system-ui, sans-serif; fill: #333 }
  .title { font-weight: 600 }
  .unit { fill: #6b6b6b }
  .bar { fill: #a9b4c0 }
  .ours { fill: #00796b }
  @media (prefers-color-scheme: dark) {
    text { fill: #ddd }
    .unit { fill: #9a9a9a }
    .bar { fill: #5b6672 }
    .ours { fill: #4db6ac }
  }
"""


def draw(results: Results) -> str:
    """Return the picture of the medians; each panel has a scale of its own."""
    panels = [name for name in PICTURED if results.figures.get(name)]
    drawn: list[str] = []
    top = 0
    for first in range(0, len(panels), COLUMNS):
        beside = panels[first : first + COLUMNS]
        for place, name in enumerate(beside):
            drawn += [f'<g transform="translate({place * (PANEL + GAP)} {top})">']
            drawn += [*_panel(name, results.figures[name]), "</g>"]
        top += LINE * (2 + max(len(results.figures[name]) for name in beside))
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {top - LINE}" role="img">'
        "<title>What calls cost with omics_runs, in green, and with other clients: medians</title>"
    )
    return "\n".join([head, f"<style>{STYLE}</style>", *drawn, "</svg>"]) + "\n"


def _panel(name: str, figures: Mapping[str, list[float]]) -> Iterator[str]:
    row = ROWS[name]
    unit = f"{row.unit}, {'more' if row.is_more_better else 'less'} is better"
    yield (
        f'<text y="{LINE - 6}"><tspan class="title">{escape(row.title)}</tspan>'
        f'<tspan class="unit" dx="8">{escape(unit)}</tspan></text>'
    )
    medians = {contender: median(each) for contender, each in figures.items()}
    longest = max(medians.values())
    for number, (contender, figure) in enumerate(medians.items(), start=1):
        yield from _bar(contender, figure, figure / longest, LINE * number)


def _bar(contender: str, figure: float, share: float, top: int) -> Iterator[str]:
    length = max(1.0, share * (PANEL - LABEL - VALUE))
    colour = "bar ours" if contender in OURS else "bar"
    base = top + LINE - 6
    yield f'<text y="{base}">{escape(CONTENDERS[contender].label)}</text>'
    yield (
        f'<rect class="{colour}" x="{LABEL}" y="{top + 4}" rx="2"'
        f' width="{length:.1f}" height="{LINE - 6}"/>'
    )
    yield f'<text x="{LABEL + length + 6:.1f}" y="{base}">{figure:,.0f}</text>'
