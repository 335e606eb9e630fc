"""Docstrings out of the sentences of the IR, wrapped to the project's width."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable

from codegen import ir
from codegen.words import first_sentence

WIDTH = 100
TIMEOUT = "Bounds on this call: a `Timeout`, or seconds for the call in all. None: the client's."
RETRY = "When to send the request again. None: the client's."
LIMIT = "How many items to return at most, over all pages; None for all."


def attribute(about: str, indent: int) -> str:
    """Return the docstring under an attribute."""
    return _quoted([about], indent)


def enum(described: ir.Enum) -> str:
    """Return the docstring of an enum."""
    return _quoted(_blocks(described.about), 4)


def error(described: ir.Error) -> str:
    """Return the docstring of an error."""
    return _quoted(_blocks(described.about), 4)


def model(described: ir.Model) -> str:
    """Return the docstring of a model: what it is, and where the service writes of it."""
    return _quoted([*_blocks(described.about), f"See {described.link}"], 4)


def call(operation: ir.Operation) -> str:
    """Return the docstring of the method that makes one call."""
    blocks = [text for text in (operation.summary, operation.detail) if text]
    arguments = [*_arguments(operation), ("timeout", TIMEOUT), ("retry", RETRY)]
    blocks.append(_section("Args", arguments))
    blocks.append(_section("Returns", [("", operation.response.about)]))
    blocks.append(_section("Raises", _raises(operation)))
    return _quoted(blocks, 8)


def iteration(operation: ir.Operation) -> str:
    """Return the docstring of the method that goes through all pages."""
    summary = f"Go through all items of `{operation.method_name}`, page after page."
    pages = "Pages are asked for as they are needed, each in a call of its own."
    arguments = [
        *_arguments(operation),
        ("limit", LIMIT),
        ("timeout", TIMEOUT.replace("this call", "each call")),
        ("retry", RETRY),
    ]
    returns = "An iterator; its `pages()` gives whole answers, its `next_token` where it stands."
    blocks = [summary, f"{pages} {operation.detail}".strip()]
    blocks.append(_section("Args", arguments))
    blocks.append(_section("Returns", [("", returns)]))
    blocks.append(_section("Raises", _raises(operation)))
    return _quoted(blocks, 8)


def _arguments(operation: ir.Operation) -> list[tuple[str, str]]:
    return [(argument.name, argument.about) for argument in operation.arguments]


def _raises(operation: ir.Operation) -> list[tuple[str, str]]:
    one_of = "one of " if len(operation.errors) > 1 else ""
    refused = f"The service refused it, as {one_of}{', '.join(operation.errors)}."
    return [
        ("InvalidRequestError", "The arguments break the service's rules; nothing was sent."),
        ("ServiceError", refused if operation.errors else "The service refused it."),
        ("TransportError", "No usable answer came."),
        ("UnreadableResponseError", "An answer came that could not be read."),
    ]


def _blocks(text: str) -> list[str]:
    """Return the first sentence, which becomes the summary line, and the rest."""
    return [part for part in first_sentence(text) if part]


def _section(title: str, entries: Iterable[tuple[str, str]]) -> str:
    """Return a section of a method's docstring, wrapped and indented."""
    filled = [_fill(f"{name}: {text}" if name else text, 12, hang=4) for name, text in entries]
    return "\n".join([f"{' ' * 8}{title}:", *filled])


def _fill(text: str, indent: int, hang: int = 0) -> str:
    """Wrap a paragraph; text of several lines is wrapped already."""
    if "\n" in text:
        return text
    return textwrap.fill(
        text,
        WIDTH,
        initial_indent=" " * indent,
        subsequent_indent=" " * (indent + hang),
        break_long_words=False,
        break_on_hyphens=False,
    )


def _quoted(blocks: list[str], indent: int) -> str:
    """Return paragraphs as a docstring; its first line stays unindented."""
    mark = 'r"""' if any("\\" in block for block in blocks) else '"""'
    # The quotes stand for text while the first paragraph is wrapped around them.
    first = _fill("_" * len(mark) + blocks[0], indent).strip()[len(mark) :]
    body = "\n\n".join([first, *(_fill(block, indent) for block in blocks[1:])])
    is_one_line = "\n" not in body and indent + len(mark) + len(body) + 3 <= WIDTH
    if is_one_line and not body.endswith('"'):
        return f'{mark}{body}"""'
    return f'{mark}{body}\n{" " * indent}"""'
