"""The toy service that the generator is tried on, as data that a test may change."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

from attrs import define, field

from codegen import ir
from codegen.notes import Config, Descriptions
from codegen.read import Sources, read

HERE = Path(__file__).parent
TOY = HERE / "toy"
GOLDEN = HERE / "golden"


def _json(name: str) -> dict[str, Any]:
    data: dict[str, Any] = json.loads((TOY / "model" / name).read_text("utf-8"))
    return data


def _toml(name: str) -> dict[str, Any]:
    return tomllib.loads((TOY / name).read_text("utf-8"))


@define
class Garden:
    """Everything that the generator reads."""

    model: dict[str, Any]
    paginators: dict[str, Any]
    partitions: dict[str, Any]
    config: dict[str, Any]
    descriptions: dict[str, Any]
    others: dict[str, Any] = field(factory=dict[str, Any])

    @classmethod
    def fresh(cls) -> Garden:
        return cls(
            _json("garden.json"),
            _json("paginators.json"),
            _json("partitions.json"),
            _toml("config.toml"),
            _toml("descriptions.toml"),
        )

    @property
    def shapes(self) -> dict[str, Any]:
        shapes: dict[str, Any] = self.model["shapes"]
        return shapes

    @property
    def operations(self) -> dict[str, Any]:
        operations: dict[str, Any] = self.model["operations"]
        return operations

    def read(self, *, draft: bool = False) -> ir.Api:
        sources = Sources(self.model, self.paginators, self.partitions, self.others)
        return read(sources, Config(self.config), Descriptions(self.descriptions, draft=draft))
