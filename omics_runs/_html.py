"""Small pieces of HTML, which SVG can hold as well: text that can't break out, and tables.

Colors are the page's own, so that they fit into a light one and a dark one.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence

from omics_runs._lines import one_line

CELL = "text-align:left;vertical-align:top;padding:2px 8px"


def escaped(text: str) -> str:
    """Return a text for an element or an attribute: in one line, all of it harmless."""
    return html.escape(one_line(text))


def card(caption: str, rows: Iterable[tuple[str, str]]) -> str:
    """Return a table of names and values."""
    lines = "".join(
        f'<tr><th scope="row" style="{CELL}">{escaped(name)}</th>'
        f'<td style="{CELL}">{escaped(value)}</td></tr>'
        for name, value in rows
    )
    return f"<table>{_caption(caption)}<tbody>{lines}</tbody></table>"


def grid(caption: str, header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table with a header and a line for each row."""
    heads = "".join(f'<th scope="col" style="{CELL}">{escaped(one)}</th>' for one in header)
    lines = "".join(f"<tr>{_cells(row)}</tr>" for row in rows)
    return (
        f"<table>{_caption(caption)}<thead><tr>{heads}</tr></thead><tbody>{lines}</tbody></table>"
    )


def _caption(text: str) -> str:
    return f'<caption style="text-align:left;padding:2px 8px"><b>{escaped(text)}</b></caption>'


def _cells(row: Sequence[str]) -> str:
    return "".join(f'<td style="{CELL}">{escaped(one)}</td>' for one in row)
