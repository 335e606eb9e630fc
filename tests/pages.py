"""The blocks of code in a page of the documentation."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path
from typing import Any

from attrs import frozen

ROOT = Path(__file__).parents[1]

FENCE = re.compile(
    r"^(?P<before>[ ]*<!--\ (?:(?P<apart>run\ without\ an\ endpoint)"
    r"|run\ by\ nox\ -s\ orchestrators:\ (?P<within>\w+))\ -->\n)?"
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
    is_apart: bool
    """Whether it is run without an endpoint in the environment, since it excludes one."""
    within: str | None
    """The orchestrator that it is run within, which `nox -s orchestrators` does; None for none."""
    follows: bool
    """Whether nothing but blank lines is between it and the block before it."""

    def compiled(self) -> Any:
        """Return its code, with the page's own line numbers for the traceback."""
        shifted = "\n" * self.line + self.source
        return compile(shifted, str(self.page), "exec", dont_inherit=True)


def blocks_of(page: Path) -> list[Block]:
    """Return the Python blocks of a page, and the text blocks, in order."""
    text = page.read_text(encoding="utf-8")
    found: list[Block] = []
    end = 0
    for match in FENCE.finditer(text):
        found.append(
            Block(
                page=page,
                line=text.count("\n", 0, match.start("source")),
                language=match["language"],
                source=textwrap.dedent(match["source"]),
                is_apart=match["apart"] is not None,
                within=match["within"],
                follows=not text[end : match.start()].strip(),
            )
        )
        end = match.end()
    return found
