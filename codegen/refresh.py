"""Installed botocore in, the committed snapshot out.

The snapshot is the part of the model that the wanted operations reach, without its prose. Its keys
are sorted, but for the members of structures: their order is the service's own and is kept.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from importlib import metadata, resources
from pathlib import Path
from typing import Any

from attrs import frozen

from codegen.notes import Config
from codegen.problems import GeneratorError, parsed

SOURCES = ("service-2.json", "paginators-1.json", "partitions.json")
"""The files of botocore that the snapshot of the service is made of."""
DOCUMENTATION = frozenset({"deprecatedMessage", "documentation", "documentationUrl"})
SOURCE_HEADER = (
    "# Where the snapshot in this folder is from; written by `python -m codegen refresh`."
)


@frozen
class Snapshot:
    """The files of `model/`, by their names, and what they were made of."""

    files: Mapping[str, str]
    hashes: Mapping[str, str]
    botocore_version: str
    api_version: str


def refresh(folder: Path, config: Config) -> None:
    """Write the snapshot of the installed botocore; the date changes only if anything else does."""
    snapshot = take_snapshot(config)
    folder.mkdir(exist_ok=True)
    for name, text in snapshot.files.items():
        (folder / name).write_text(text, "utf-8")
    source = folder / "SOURCE.toml"
    date = datetime.now(UTC).date().isoformat()
    if source.exists():
        known = parsed(source, tomllib.loads)
        kept = str(known.get("date", date))
        date = kept if source_text(snapshot, kept) == source.read_text("utf-8") else date
    source.write_text(source_text(snapshot, date), "utf-8")


def check_source(folder: Path, config: Config) -> None:
    """Refuse a snapshot whose `SOURCE.toml` does not say what it was made of.

    Raises:
        GeneratorError: It does not.
    """
    source = parsed(folder / "SOURCE.toml", tomllib.loads)
    hashes = source.get("sha256")
    files = (*SOURCES, *_other_files(config).values())
    if not isinstance(hashes, dict) or set(hashes) != set(files):
        what = f"its 'sha256' is not that of {', '.join(files)}"
        raise GeneratorError("SOURCE.toml", what, "Refresh the snapshot")
    if source.get("api_version") != config.service["api_version"]:
        what = f"its 'api_version' is not {config.service['api_version']!r}, as in config.toml"
        raise GeneratorError("SOURCE.toml", what, "Refresh the snapshot")
    forms = {"botocore_version": r"\d+(\.\d+)+", "date": r"\d{4}-\d\d-\d\d"}
    found = [(key, source.get(key), form) for key, form in forms.items()]
    found += [(name, digest, "[0-9a-f]{64}") for name, digest in hashes.items()]
    for key, value, form in found:
        if not re.fullmatch(form, str(value)):
            raise GeneratorError("SOURCE.toml", f"its {key!r} is {value!r}", "Refresh the snapshot")


def take_snapshot(config: Config) -> Snapshot:
    """Return the snapshot of the installed botocore."""
    raw = _raw(config)
    model, paginators, partitions = (json.loads(raw[name]) for name in SOURCES)
    wanted = wanted_operations(config)
    others = {
        f"{name}.json": closure(json.loads(raw[file]), wanted_operations(config, name))
        for name, file in _other_files(config).items()
    }
    parts = {
        f"{config.service['name']}.json": closure(model, wanted),
        **others,
        "paginators.json": paginators_of(paginators, wanted),
        "partitions.json": partitions_of(partitions),
    }
    return Snapshot(
        files={name: as_text(part) for name, part in parts.items()},
        hashes={name: hashlib.sha256(content).hexdigest() for name, content in raw.items()},
        botocore_version=metadata.version("botocore"),
        api_version=config.service["api_version"],
    )


def installed(config: Config) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """Return the installed botocore's model of the service, its paginators and its partitions."""
    raw = _raw(config)
    model, paginators, partitions = (json.loads(raw[name]) for name in SOURCES)
    return model, paginators, partitions


def installed_others(config: Config) -> dict[str, dict[str, Any]]:
    """Return the installed botocore's models of the other services, by their names."""
    return {name: json.loads(_read(file)) for name, file in _other_files(config).items()}


def wanted_operations(config: Config, other: str | None = None) -> list[str]:
    """Return the operations that are to be had of the service, or of another, in order."""
    modules = config.table("modules").values()
    ours = (entry for entry in modules if entry.get("service") == other)
    return [name for entry in ours for name in entry["operations"]]


def closure(model: Mapping[str, Any], wanted: list[str]) -> dict[str, Any]:
    """Return the part of a model that some operations reach, without documentation."""
    for key in ("metadata", "operations", "shapes"):
        _has("the service's model", model, key)
    for name in wanted:
        if name not in model["operations"]:
            raise GeneratorError(name, "botocore knows no such operation", "Correct config.toml")
    operations = {name: model["operations"][name] for name in wanted}
    found: dict[str, Any] = {}
    for operation in operations.values():
        _collect(model["shapes"], _references(operation), found)
    part: dict[str, Any] = _sorted(
        {
            "metadata": model["metadata"],
            "operations": {name: _bare(operation) for name, operation in operations.items()},
            "shapes": {name: _bare(shape) for name, shape in found.items()},
        }
    )
    return part


def as_text(data: Mapping[str, Any]) -> str:
    """Return the text of a file of the snapshot."""
    return json.dumps(data, indent=1, ensure_ascii=False) + "\n"


def source_text(snapshot: Snapshot, date: str) -> str:
    """Return the text of `SOURCE.toml`."""
    lines = [
        SOURCE_HEADER,
        f'botocore_version = "{snapshot.botocore_version}"',
        f'api_version = "{snapshot.api_version}"',
        f'date = "{date}"',
        "",
        "[sha256]  # of botocore's files, unpacked",
        *(f'"{name}" = "{digest}"' for name, digest in snapshot.hashes.items()),
    ]
    return "\n".join(lines) + "\n"


def _has(where: str, data: Mapping[str, Any], key: str) -> None:
    if key not in data:
        raise GeneratorError(where, f"it has no {key!r}", "Install another botocore")


def _raw(config: Config) -> dict[str, bytes]:
    service, version = config.service["name"], config.service["api_version"]
    paths = {name: f"{service}/{version}/{name}" for name in SOURCES}
    paths["partitions.json"] = "partitions.json"
    paths |= {file: file for file in _other_files(config).values()}
    return {name: _read(path) for name, path in paths.items()}


def _other_files(config: Config) -> dict[str, str]:
    """Return where botocore has the models of the other services, by their names."""
    others = config.table("other_services").items()
    return {name: f"{name}/{entry['api_version']}/service-2.json" for name, entry in others}


def _read(path: str) -> bytes:
    root = resources.files("botocore").joinpath("data")
    packed = root.joinpath(f"{path}.gz")
    if packed.is_file():
        return gzip.decompress(packed.read_bytes())
    return root.joinpath(path).read_bytes()


def _collect(shapes: Mapping[str, Any], names: Iterator[str], found: dict[str, Any]) -> None:
    for name in names:
        if name not in found:
            _has("the service's shapes", shapes, name)
            found[name] = shapes[name]
            _collect(shapes, _references(shapes[name]), found)


def _references(value: Any) -> Iterator[str]:
    """Yield the name of every shape that a piece of the model speaks of."""
    if isinstance(value, list):
        for item in value:
            yield from _references(item)
    elif isinstance(value, dict):
        if isinstance(value.get("shape"), str):
            yield value["shape"]
        for item in value.values():
            yield from _references(item)


def _bare(definition: Mapping[str, Any]) -> dict[str, Any]:
    """Return an operation or a shape without its documentation, at any depth of references."""
    bare = {key: value for key, value in definition.items() if key not in DOCUMENTATION}
    if isinstance(bare.get("members"), dict):
        bare["members"] = {name: _bare(ref) for name, ref in bare["members"].items()}
    for part in ("input", "output", "member", "key", "value"):
        if isinstance(bare.get(part), dict):
            bare[part] = _bare(bare[part])
    if isinstance(bare.get("errors"), list):
        bare["errors"] = [_bare(error) for error in bare["errors"]]
    return bare


def _sorted(value: Any, parent: str = "") -> Any:
    if isinstance(value, list):
        return [_sorted(item) for item in value]
    if not isinstance(value, dict):
        return value
    keys = value if parent == "members" else sorted(value)
    return {key: _sorted(value[key], key) for key in keys}


def paginators_of(paginators: Mapping[str, Any], wanted: list[str]) -> dict[str, Any]:
    """Return the paginators of some operations."""
    _has("botocore's paginators", paginators, "pagination")
    found = paginators["pagination"]
    return {"pagination": {name: found[name] for name in sorted(wanted) if name in found}}


def partitions_of(partitions: Mapping[str, Any]) -> dict[str, Any]:
    """Return the partitions in botocore's order, in which the first match wins."""
    _has("botocore's partitions", partitions, "partitions")
    for entry in partitions["partitions"]:
        for key in ("id", "outputs", "regionRegex", "regions"):
            _has("a partition of botocore's", entry, key)
    return {
        "partitions": [
            {
                "id": entry["id"],
                "outputs": entry["outputs"],
                "regionRegex": entry["regionRegex"],
                "regions": sorted(entry["regions"]),
            }
            for entry in partitions["partitions"]
        ]
    }
