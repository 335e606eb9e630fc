"""The snapshot: the part of botocore's model that is wanted, and where it comes from."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import pytest

from codegen.__main__ import SOURCE
from codegen.notes import Config
from codegen.problems import GeneratorError
from codegen.refresh import (
    as_text,
    check_source,
    closure,
    paginators_of,
    partitions_of,
    refresh,
    take_snapshot,
)
from tests.codegen.garden import TOY

MODEL = {
    "metadata": {"protocol": "rest-json", "apiVersion": "1"},
    "documentation": "<p>About the service.</p>",
    "operations": {
        "GetTree": {
            "name": "GetTree",
            "http": {"requestUri": "/tree", "method": "GET"},
            "input": {"shape": "GetTreeRequest", "documentation": "<p>In.</p>"},
            "output": {"shape": "GetTreeResponse"},
            "errors": [{"shape": "StormException", "documentation": "<p>Oh.</p>"}],
            "documentation": "<p>Gets a tree.</p>",
            "documentationUrl": "https://trees.example",
        },
        "FellTree": {"name": "FellTree", "input": {"shape": "FellTreeRequest"}},
    },
    "shapes": {
        "Text": {"type": "string", "documentation": "<p>Text.</p>"},
        "Rings": {"type": "list", "member": {"shape": "Text", "documentation": "<p>Ring.</p>"}},
        "Notes": {
            "type": "map",
            "key": {"shape": "Text", "documentation": "<p>Key.</p>"},
            "value": {"shape": "Text", "documentation": "<p>Value.</p>"},
        },
        "GetTreeRequest": {"type": "structure", "members": {}},
        "GetTreeResponse": {
            "type": "structure",
            "documentation": "<p>A tree.</p>",
            "members": {
                "rings": {"shape": "Rings", "documentation": "<p>Rings.</p>"},
                "documentation": {"shape": "Notes"},
                "branch": {"shape": "Branch"},
            },
        },
        "Branch": {"type": "structure", "members": {"twig": {"shape": "Branch"}}},
        "StormException": {"type": "structure", "members": {}, "exception": True},
        "FellTreeRequest": {"type": "structure", "members": {}},
        "Unused": {"type": "string"},
    },
}


def test_snapshot_reaches_as_far_as_the_wanted_operations() -> None:
    """Shapes of other operations are left behind; recursion ends."""
    part = closure(MODEL, ["GetTree"])
    assert list(part["operations"]) == ["GetTree"]
    assert set(part["shapes"]) == {
        "Branch",
        "GetTreeRequest",
        "GetTreeResponse",
        "Notes",
        "Rings",
        "StormException",
        "Text",
    }


def test_snapshot_has_no_prose() -> None:
    """The sentences are the service's own, and stay with it."""
    text = as_text(closure(MODEL, ["GetTree"]))
    assert "<p>" not in text
    assert "documentationUrl" not in text


def test_a_member_may_be_called_documentation() -> None:
    """A name is no prose."""
    members = closure(MODEL, ["GetTree"])["shapes"]["GetTreeResponse"]["members"]
    assert members["documentation"] == {"shape": "Notes"}


def test_keys_are_sorted_but_for_members() -> None:
    """A refresh gives a readable diff, and members keep the order in which classes show them."""
    part = closure(MODEL, ["GetTree"])
    assert list(part) == ["metadata", "operations", "shapes"]
    assert list(part["shapes"]) == sorted(part["shapes"])
    assert list(part["operations"]["GetTree"]["http"]) == ["method", "requestUri"]
    assert list(part["shapes"]["GetTreeResponse"]["members"]) == [
        "rings",
        "documentation",
        "branch",
    ]


def test_an_unknown_operation_stops_the_refresh() -> None:
    """A misspelt operation in config.toml is found before anything is written."""
    with pytest.raises(GeneratorError, match="ClimbTree: botocore knows no such operation"):
        closure(MODEL, ["ClimbTree"])


@pytest.mark.parametrize(
    ("make", "said"),
    [
        *(
            pytest.param(
                lambda key=key: closure({k: v for k, v in MODEL.items() if k != key}, ["GetTree"]),
                f"the service's model: it has no '{key}'",
                id=key,
            )
            for key in ("metadata", "operations", "shapes")
        ),
        pytest.param(
            lambda: closure(MODEL, ["FellTree", "LogTree"]),
            "LogTree: botocore knows no such operation",
            id="operation",
        ),
        pytest.param(
            lambda: closure({**MODEL, "shapes": {}}, ["GetTree"]),
            "the service's shapes: it has no 'GetTreeRequest'",
            id="shape",
        ),
        pytest.param(
            lambda: paginators_of({}, ["GetTree"]),
            "botocore's paginators: it has no 'pagination'",
            id="pagination",
        ),
        pytest.param(
            lambda: partitions_of({}),
            "botocore's partitions: it has no 'partitions'",
            id="partitions",
        ),
        pytest.param(
            lambda: partitions_of({"partitions": [{"id": "aws", "outputs": {}}]}),
            "a partition of botocore's: it has no 'regionRegex'",
            id="partition",
        ),
    ],
)
def test_a_broken_botocore_stops_the_refresh(make: Callable[[], object], said: str) -> None:
    """What it lacks is named, not stumbled over."""
    with pytest.raises(GeneratorError) as caught:
        make()
    assert str(caught.value).startswith(said)


def test_a_broken_source_is_named(tmp_path: Path) -> None:
    """Rather than written over: somebody may want to know what happened to it."""
    (tmp_path / "SOURCE.toml").write_text("date")
    with pytest.raises(ValueError, match=r"SOURCE\.toml: Expected '='"):
        refresh(tmp_path, Config.load(SOURCE / "config.toml"))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        pytest.param("[sha256]", "[sha1]", "its 'sha256' is not that of", id="no-hashes"),
        pytest.param(
            "[sha256]", "sha256 = 7\n[other]", "its 'sha256' is not that of", id="number-of-hashes"
        ),
        pytest.param(
            '"paginators-1.json"', '"pages.json"', "its 'sha256' is not that of", id="file"
        ),
        pytest.param("0000", "", "its 'service-2.json' is '0", id="short-hash"),
        pytest.param("0000", "ABCD", "its 'service-2.json' is 'A", id="no-hash"),
        pytest.param("1.2.3", "latest", "its 'botocore_version' is 'latest'", id="version"),
        pytest.param("botocore_version", "boto", "its 'botocore_version' is None", id="no-version"),
        pytest.param('date = "2030-01-01"', 'date = "today"', "its 'date' is 'today'", id="date"),
        pytest.param(
            'api_version = "2030',
            'api_version = "2031',
            "'api_version' is not '2030-01-01'",
            id="api",
        ),
        pytest.param("api_version", "api", "'api_version' is not '2030-01-01'", id="no-api"),
    ],
)
def test_a_source_that_tells_nothing_is_refused(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    """A snapshot edited by hand has to be taken again."""
    text = (TOY / "model" / "SOURCE.toml").read_text("utf-8")
    assert old in text
    (tmp_path / "SOURCE.toml").write_text(text.replace(old, new, 1))
    with pytest.raises(GeneratorError) as caught:
        check_source(tmp_path, Config.load(TOY / "config.toml"))
    assert said in str(caught.value)


def test_refresh_reproduces_the_committed_snapshot(tmp_path: Path) -> None:
    """What is committed is what botocore has, byte for byte, and nothing was edited by hand."""
    committed = SOURCE / "model"
    source = tomllib.loads((committed / "SOURCE.toml").read_text("utf-8"))
    if metadata.version("botocore") != source["botocore_version"]:
        pytest.skip(f"the snapshot is of botocore {source['botocore_version']}")
    (tmp_path / "SOURCE.toml").write_bytes((committed / "SOURCE.toml").read_bytes())
    refresh(tmp_path, Config.load(SOURCE / "config.toml"))
    assert {p.name: p.read_text("utf-8") for p in tmp_path.iterdir()} == {
        p.name: p.read_text("utf-8") for p in committed.iterdir()
    }


def test_source_names_version_date_and_hashes(tmp_path: Path) -> None:
    """Anybody can find the very files that the snapshot was made of."""
    refresh(tmp_path / "model", Config.load(SOURCE / "config.toml"))
    source = tomllib.loads((tmp_path / "model" / "SOURCE.toml").read_text("utf-8"))
    assert source["botocore_version"] == metadata.version("botocore")
    assert source["api_version"] == "2022-11-28"
    ours = {"service-2.json", "paginators-1.json", "partitions.json"}
    assert set(source["sha256"]) == {*ours, "logs/2014-03-28/service-2.json"}
    assert all(len(digest) == 64 for digest in source["sha256"].values())


@pytest.mark.parametrize(
    ("old", "new", "kept"),
    [
        pytest.param("", "", True, id="nothing-new"),
        pytest.param('api_version = "2022', 'api_version = "2021', False, id="something-new"),
    ],
)
def test_date_changes_only_with_the_content(
    tmp_path: Path, old: str, new: str, *, kept: bool
) -> None:
    """A refresh that brings nothing leaves no diff."""
    config = Config.load(SOURCE / "config.toml")
    refresh(tmp_path, config)
    path = tmp_path / "SOURCE.toml"
    today = tomllib.loads(path.read_text("utf-8"))["date"]
    path.write_text(path.read_text("utf-8").replace(today, "2001-01-01").replace(old, new), "utf-8")
    refresh(tmp_path, config)
    assert (tomllib.loads(path.read_text("utf-8"))["date"] == "2001-01-01") is kept


def test_partitions_keep_their_order() -> None:
    """The first partition that matches a region is meant, so their order is data."""
    text = take_snapshot(Config.load(SOURCE / "config.toml")).files["partitions.json"]
    assert (
        text.index('"id": "aws"') < text.index('"id": "aws-cn"') < text.index('"id": "aws-us-gov"')
    )
