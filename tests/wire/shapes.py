"""Hypothesis strategies drawn from the committed service model, read by botocore itself."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from botocore.model import ListShape, MapShape, OperationModel, ServiceModel, Shape, StructureShape
from hypothesis import strategies as st

FOLDER = Path(__file__).parents[2] / "codegen" / "model"
MODELS = {name: json.loads((FOLDER / f"{name}.json").read_text()) for name in ("omics", "logs")}
SERVICES = [ServiceModel(model, name) for name, model in MODELS.items()]
SERVICE = SERVICES[0]
"""The service itself, without CloudWatch Logs."""
SHAPES = {name: shape for model in MODELS.values() for name, shape in model["shapes"].items()}
OPERATIONS: list[OperationModel] = [
    service.operation_model(name) for service in SERVICES for name in service.operation_names
]

ALWAYS_PRESENT = {
    "DescribeLogStreamsResponse": ("logStreams",),
    "GetLogEventsResponse": ("events",),
    "LogStream": ("logStreamName",),
    "OutputLogEvent": ("timestamp", "message"),
}
"""What CloudWatch Logs is trusted to give; an answer without it can't be read."""

JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
DOCUMENTS = st.dictionaries(st.text(), JSON_VALUES, max_size=4)

# Patterns that Python's `re` has no words for allow every character but controls.
VISIBLE = st.characters(exclude_categories=["C"])


def moments() -> st.SearchStrategy[datetime]:
    """Return timezone-aware moments in UTC."""
    low, high = datetime(1990, 1, 1), datetime(2100, 1, 1)  # noqa: DTZ001
    return st.datetimes(min_value=low, max_value=high, timezones=st.just(UTC))


def timestamps() -> st.SearchStrategy[str]:
    """Return timestamps in the forms that the service writes."""
    return st.one_of(
        moments().map(lambda m: m.isoformat()),
        moments().map(lambda m: m.isoformat().replace("+00:00", "Z")),
        moments().map(lambda m: m.replace(microsecond=m.microsecond // 1000 * 1000).isoformat()),
    )


def milliseconds() -> st.SearchStrategy[int]:
    """Return moments as CloudWatch Logs writes them."""
    return moments().map(lambda moment: int(moment.timestamp()) * 1000 + 7)


def values(shape: Shape) -> st.SearchStrategy[Any]:
    """Return valid JSON values of a shape."""
    if getattr(shape, "is_document_type", False):
        return DOCUMENTS
    if isinstance(shape, StructureShape):
        return structures(shape)
    if isinstance(shape, ListShape):
        return st.lists(values(shape.member), min_size=shape.metadata.get("min", 0), max_size=3)
    if isinstance(shape, MapShape):
        return st.dictionaries(values(shape.key), values(shape.value), max_size=3)
    return _scalars(shape)


def structures(shape: StructureShape) -> st.SearchStrategy[dict[str, Any]]:
    """Return objects with the required members and any of the others."""
    members = {name: values(member) for name, member in shape.members.items()}
    if shape.is_tagged_union:
        return st.one_of(st.fixed_dictionaries({name: one}) for name, one in members.items())
    needed = {*shape.required_members, *ALWAYS_PRESENT.get(shape.name, ())}
    required = {name: members.pop(name) for name in sorted(needed)}
    return st.fixed_dictionaries(required, optional=members)


def _scalars(shape: Shape) -> st.SearchStrategy[Any]:
    limits = shape.metadata
    if shape.type_name == "timestamp":
        return timestamps()
    if shape.name == "Timestamp":
        return milliseconds()
    if shape.type_name == "boolean":
        return st.booleans()
    if shape.type_name in {"integer", "long"}:
        return st.integers(limits.get("min", 0), limits.get("max", 2**31 - 1))
    if "enum" in limits:
        return st.sampled_from(limits["enum"])
    return _strings(shape)


def _strings(shape: Shape) -> st.SearchStrategy[str]:
    limits = shape.metadata
    low, high = limits.get("min", 0), min(limits.get("max", 40), 40)
    pattern = SHAPES[shape.name].get("pattern", "")
    if not pattern or "\\p{" in pattern:
        return st.text(VISIBLE, min_size=low, max_size=max(low, high))
    short = re.compile(pattern.replace("/(.{0,1024})", "/([a-z]{0,9})"), re.ASCII)
    matching = st.from_regex(short, fullmatch=True)
    return matching.filter(lambda text: low <= len(text) <= limits.get("max", 10_000))
