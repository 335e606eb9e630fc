"""Checks the built site: every link within it leads somewhere, and the reference is whole.

mkdocs looks at the links that pages are written with; this looks at all that has come of them,
those that the theme and the docstrings made included.

mkdocs build --site-dir site && python docs/check_site.py site
"""

# ruff: noqa: INP001, T201  (a script of its own, which talks to who runs it)

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag, urlsplit

WHOLE = ("omics_runs", "omics_runs.errors", "omics_runs.models", "omics_runs.emulator")
NO_ENTRIES = {"__version__", "errors", "models"}
"""Names that the reference tells of in a sentence, or as a section."""


class Page(HTMLParser):
    """What leads away from a page, and what may be led to in it."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.links: set[str] = set()
        self.anchors: set[str] = set()
        self.unnamed: set[str] = set()
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep the attributes that count."""
        given = dict(attrs)
        self.links |= {value for name in ("href", "src") if (value := given.get(name))}
        self.anchors |= {value for name in ("id", "name") if (value := given.get(name))}
        if tag == "img" and "alt" not in given:
            self.unnamed.add(str(given.get("src")))


def main(site: Path) -> int:
    """Print each fault; return what the shell is told."""
    pages = {path: Page(path) for path in site.rglob("*.html")}
    faults = [*broken_links(site, pages), *missing_names(pages[site / "reference" / "index.html"])]
    faults += [f"{path}: {src} has no alt" for path in pages for src in pages[path].unnamed]
    for fault in sorted(faults):
        print(fault, file=sys.stderr)
    print(f"{len(pages)} pages, {sum(len(page.links) for page in pages.values())} links")
    return int(bool(faults))


def broken_links(site: Path, pages: dict[Path, Page]) -> Iterator[str]:
    """Tell of each link within the site that leads nowhere."""
    for path, page in pages.items():
        for link in page.links:
            address, anchor = urldefrag(link)
            if urlsplit(link).scheme or link.startswith("//") or path.name == "404.html":
                continue  # elsewhere; and a page that is shown anywhere has links from the root
            target = (path.parent / unquote(address)).resolve() if address else path
            target = target / "index.html" if target.is_dir() else target
            if not target.is_relative_to(site) or not target.is_file():
                yield f"{path}: {link} is not there"
            elif anchor and target in pages and unquote(anchor) not in pages[target].anchors:
                yield f"{path}: {link} has no such anchor"


def missing_names(reference: Page) -> Iterator[str]:
    """Tell of each public name that the reference has no entry for."""
    shown = {anchor.rpartition(".")[2] for anchor in reference.anchors if "." in anchor}
    for module in WHOLE:
        public: list[str] = importlib.import_module(module).__all__
        for name in sorted({*public} - NO_ENTRIES - shown):
            yield f"{module}.{name} is not in the reference"


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve()))
