"""What became of a public API: which lines of its snapshot went, changed or came."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from attrs import define, field


@define
class Changes:
    """The differences of two snapshots, as lines of a diff."""

    breaking: list[str] = field(factory=list[str])
    """What is gone, or is not as it was: code of users may stop working, or passing its checks."""
    compatible: list[str] = field(factory=list[str])
    """What is new, and parameters by name that may be left out."""

    def __str__(self) -> str:
        """Return both lists, for people."""
        parts = {"breaking": self.breaking, "compatible": self.compatible}
        return "\n".join(line for name, lines in parts.items() for line in _block(name, lines))


def changes(old: str, new: str) -> Changes:
    """Return what happened between two snapshots."""
    found = Changes()
    before, after = _by_path(old), _by_path(new)
    for path in sorted({*before, *after}):
        was, is_now = before.get(path, ""), after.get(path, "")
        if was != is_now:
            kind = found.compatible if not was or _only_adds(was, is_now) else found.breaking
            kind += [f"- {was}"] if was else []
            kind += [f"+ {is_now}"] if is_now else []
    return found


def _block(name: str, lines: list[str]) -> Iterator[str]:
    if lines:
        yield f"{name}:"
        yield from (f"  {line}" for line in lines)


def _by_path(snapshot: str) -> dict[str, str]:
    return {re.split(r"[(: ]", line, maxsplit=1)[0]: line for line in snapshot.splitlines()}


def _only_adds(old: str, new: str) -> bool:
    """Return whether a function has only got more parameters, by name, that may be left out."""
    was, is_now = _function(old), _function(new)
    if was is None or is_now is None or was[0] != is_now[0]:
        return False
    added = is_now[1].keys() - was[1].keys()
    return was[1].items() <= is_now[1].items() and all(is_now[1][name][1] for name in added)


def _function(line: str) -> tuple[str, dict[str, tuple[str, str]]] | None:
    """Return what is fixed about a function, and the type and default of each keyword-only one."""
    parts = re.fullmatch(r"[^( ]+(\(.*?)((?: \[\w+\])*)", line)
    try:
        (node,) = ast.parse(f"def _{parts[1]}: ..." if parts else "").body
    except (SyntaxError, ValueError):
        return None
    assert isinstance(node, ast.FunctionDef)
    arguments = node.args
    by_name = {
        one.arg: (_text(one.annotation), _text(default))
        for one, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    }
    arguments.kwonlyargs, arguments.kw_defaults = [], []
    return f"{ast.unparse(node)}{parts and parts[2]}", by_name


def _text(node: ast.expr | None) -> str:
    return ast.unparse(node) if node else ""
