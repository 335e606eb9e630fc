"""`config.toml` and `descriptions.toml`: what is decided and written by hand.

Both remember which of their entries were asked for. An entry that nobody asks for describes
something that is no more, and stops the generator just as a missing one does.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from codegen.problems import GeneratorError, check_quotable, parsed

TABLES: Mapping[str, tuple[frozenset[str], frozenset[str]]] = {
    # table: keys that an entry must have, keys that it may have
    "other_services": (frozenset({"reason", "api_version", "docs"}), frozenset()),
    "modules": (frozenset({"reason", "about", "operations"}), frozenset({"service"})),
    "left_out": (frozenset({"reason", "operations"}), frozenset()),
    "always_present": (frozenset({"reason", "members"}), frozenset()),
    "enums": (frozenset({"reason", "shapes", "values"}), frozenset()),
    "retype": (frozenset({"reason", "to"}), frozenset()),
    "terminal": (frozenset({"reason", "values"}), frozenset()),
    "refs": (frozenset({"reason", "id"}), frozenset({"uuid"})),
    "mixins": (frozenset({"reason", "class"}), frozenset()),
    "hidden": (frozenset({"reason"}), frozenset()),
    "rename": (frozenset({"reason", "to"}), frozenset()),
    "overrides": (frozenset({"reason", "leaves_out"}), frozenset()),
    "errors": (frozenset({"reason", "also"}), frozenset()),
    "same_errors": (frozenset({"reason", "to"}), frozenset()),
    "epoch_milliseconds": (frozenset({"reason"}), frozenset()),
    "read_only": (frozenset({"reason"}), frozenset()),
}
LISTS = frozenset({"operations", "members", "shapes", "values", "leaves_out"})
"""Keys that hold a list of strings; all others hold a string."""
SERVICE_KEYS = frozenset({"name", "api_version", "package", "title", "docs"})
PLACEHOLDER = "To be described."


class Config:
    """What `config.toml` decides."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        _check_config(data)
        self._data = data
        self._used: set[tuple[str, str]] = set()

    @classmethod
    def load(cls, path: Path) -> Config:
        """Read it from a file."""
        return cls(parsed(path, tomllib.loads))

    @property
    def service(self) -> Mapping[str, str]:
        """The service, and where what is written about it goes."""
        service: Mapping[str, str] = self._data["service"]
        return service

    def table(self, name: str) -> Mapping[str, Mapping[str, Any]]:
        """Return all entries of a table, every one of which is then taken as used."""
        entries: Mapping[str, Mapping[str, Any]] = self._data.get(name, {})
        self._used |= {(name, key) for key in entries}
        return entries

    def find(self, table: str, *keys: str) -> Mapping[str, Any] | None:
        """Return the entry of the first key that has one."""
        entries: Mapping[str, Mapping[str, Any]] = self._data.get(table, {})
        for key in keys:
            if key in entries:
                self._used.add((table, key))
                return entries[key]
        return None

    def check_all_used(self) -> None:
        """Refuse entries that match nothing.

        Raises:
            GeneratorError: There is one.
        """
        self.table("left_out")  # is about what the model in use does not have
        for table in TABLES:
            for key in self._data.get(table, {}):
                if (table, key) not in self._used:
                    where = f"config.toml [{table}.{key}]"
                    raise GeneratorError(where, "it matches nothing in the model", "Remove it")


class Descriptions:
    """The sentences of `descriptions.toml`; a draft has placeholders where there are none."""

    def __init__(self, data: Mapping[str, Any], *, draft: bool = False) -> None:
        _check_descriptions(data)
        self._data = data
        self._draft = draft
        self._used: set[tuple[str, str, str]] = set()

    @classmethod
    def load(cls, path: Path, *, draft: bool = False) -> Descriptions:
        """Read them from a file, which a draft can do without.

        Raises:
            GeneratorError: There is no such file.
        """
        if path.exists():
            return cls(parsed(path, tomllib.loads), draft=draft)
        if draft:
            return cls({}, draft=True)
        raise GeneratorError(path.name, "it is missing", "Write it, or render a draft (--draft)")

    def take(self, kind: str, subject: str, key: str = "about") -> str:
        """Return the text of one thing.

        Raises:
            GeneratorError: There is none.
        """
        if text := self.find(kind, subject, key):
            return text
        if self._draft:
            return PLACEHOLDER
        where = f"descriptions.toml [{kind}.{subject}]"
        raise GeneratorError(where, f"{key!r} is not described", "Write a sentence about it")

    def find(self, kind: str, subject: str, key: str) -> str:
        """Return the text of one thing, or nothing."""
        self._used.add((kind, subject, key))
        text: str = self._data.get(kind, {}).get(subject, {}).get(key, "")
        check_quotable(f"descriptions.toml [{kind}.{subject}]", key, text)
        return " ".join(text.split())

    def check_all_used(self) -> None:
        """Refuse descriptions of what is not there.

        Raises:
            GeneratorError: There is one.
        """
        for kind, subjects in self._data.items():
            for subject, texts in subjects.items():
                for key in texts:
                    if (kind, subject, key) not in self._used and not self._draft:
                        where = f"descriptions.toml [{kind}.{subject}]"
                        what = f"{key!r} describes nothing that is rendered"
                        raise GeneratorError(where, what, "Remove it")


def _check_config(data: Mapping[str, Any]) -> None:
    if "service" not in data:
        raise GeneratorError("config.toml", "it has no table [service]", "Add it")
    for table, entries in data.items():
        _check_table(f"config.toml [{table}]", entries)
        if table == "service":
            _check_keys("config.toml [service]", entries, SERVICE_KEYS, frozenset())
        elif table not in TABLES:
            raise GeneratorError(f"config.toml [{table}]", "unknown table", "Remove it")
        else:
            for key, entry in entries.items():
                _check_keys(f"config.toml [{table}.{key}]", entry, *TABLES[table])


def _check_keys(
    where: str, entry: Mapping[str, Any], needed: frozenset[str], optional: frozenset[str]
) -> None:
    _check_table(where, entry)
    for key in sorted(needed - set(entry)):
        raise GeneratorError(where, f"{key!r} is missing", "Add it")
    for key in sorted(set(entry) - needed - optional):
        raise GeneratorError(where, f"unknown key {key!r}", "Remove it")
    for key, value in entry.items():
        texts = value if key in LISTS else [value]
        if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
            kind = "list of strings" if key in LISTS else "string"
            raise GeneratorError(where, f"its {key!r} is no {kind}", f"Make it a {kind}")


def _check_descriptions(data: Mapping[str, Any]) -> None:
    for kind, subjects in data.items():
        _check_table(f"descriptions.toml [{kind}]", subjects)
        for subject, texts in subjects.items():
            where = f"descriptions.toml [{kind}.{subject}]"
            _check_table(where, texts)
            for key, text in texts.items():
                if not isinstance(text, str):
                    raise GeneratorError(where, f"its {key!r} is no string", "Make it a string")


def _check_table(where: str, found: object) -> None:
    if not isinstance(found, Mapping):
        raise GeneratorError(where, "it is no table", "Make it one")
