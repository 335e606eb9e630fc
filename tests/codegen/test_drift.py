"""`python -m codegen drift`: what botocore has other than the committed snapshot."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from codegen.__main__ import SOURCE, main
from codegen.drift import differences
from codegen.notes import Config
from codegen.refresh import refresh

Doctor = Callable[[dict[str, Any]], object]


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a source folder whose snapshot is of the botocore that is installed."""
    folder = tmp_path_factory.mktemp("source")
    shutil.copy(SOURCE / "config.toml", folder)
    refresh(folder / "model", Config.load(folder / "config.toml"))
    return folder


@pytest.fixture
def source(fresh: Path, tmp_path: Path) -> Path:
    """Return a copy of it, to be doctored."""
    return Path(shutil.copytree(fresh, tmp_path / "source"))


def test_a_drift_of_another_service_is_told_with_its_name(
    source: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What CloudWatch Logs has other than its snapshot is told; what nobody uses of it is not."""

    def doctor(model: dict[str, Any]) -> None:
        del model["shapes"]["LogStream"]["members"]["arn"]
        model["operations"]["ReadTeaLeaves"] = model["operations"]["GetLogEvents"]

    doctored(source, "logs.json", doctor)
    assert lines_of(source, capsys) == [
        "logs: gone: operation ReadTeaLeaves",
        "logs: new: shape Arn",
        "logs: new: shape LogStream.members.arn",
    ]


def doctored(source: Path, name: str, doctor: Doctor) -> None:
    """Change a file of the snapshot, as if the service had been another when it was taken."""
    path = source / "model" / name
    data = json.loads(path.read_text("utf-8"))
    doctor(data)
    path.write_text(json.dumps(data), "utf-8")


def lines_of(source: Path, capsys: pytest.CaptureFixture[str]) -> list[str]:
    """Run the command, which finds a drift, and return what it prints."""
    assert main(["drift", "--source", str(source)]) == 1
    return capsys.readouterr().out.splitlines()


def test_a_fresh_snapshot_has_no_drift(source: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Right after a refresh there is nothing to tell, and the exit code says so."""
    assert main(["drift", "--source", str(source)]) == 0
    assert "has what the snapshot has" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("doctor", "said"),
    [
        pytest.param(
            lambda model: model["shapes"]["RunStatus"]["enum"].remove("STOPPING"),
            "new: shape RunStatus.enum.STOPPING",
            id="new-enum-value",
        ),
        pytest.param(
            lambda model: model["shapes"]["RunStatus"]["enum"].append("PAUSED"),
            "gone: shape RunStatus.enum.PAUSED",
            id="enum-value-gone",
        ),
        pytest.param(
            lambda model: model["shapes"]["GetRunResponse"]["members"].pop("uuid"),
            "new: shape GetRunResponse.members.uuid",
            id="new-member",
        ),
        pytest.param(
            lambda model: model["shapes"]["GetRunRequest"]["members"].update(
                depth={"shape": "RunId"}
            ),
            "gone: shape GetRunRequest.members.depth",
            id="member-gone",
        ),
        pytest.param(
            lambda model: model["shapes"]["RunName"].update(max=7),
            "changed: shape RunName.max was 7, is 128",
            id="constraint",
        ),
        pytest.param(
            lambda model: model["shapes"]["RunName"].update(sensitive=True),
            "gone: shape RunName.sensitive = true",
            id="unknown-trait",
        ),
        pytest.param(
            lambda model: model["shapes"]["GetRunRequest"]["required"].remove("id"),
            "new: shape GetRunRequest.required.id",
            id="newly-required",
        ),
        pytest.param(
            lambda model: model["operations"]["GetRun"]["http"].update(method="POST"),
            'changed: operation GetRun.http.method was "POST", is "GET"',
            id="http",
        ),
        pytest.param(
            lambda model: [
                model["operations"]["GetRun"]["errors"].remove({"shape": "ThrottlingException"})
            ],
            "new: operation GetRun.errors.ThrottlingException",
            id="new-error",
        ),
        pytest.param(
            lambda model: model["shapes"]["ThrottlingException"]["error"].update(
                httpStatusCode=503
            ),
            "changed: shape ThrottlingException.error.httpStatusCode was 503, is 429",
            id="status-of-an-error",
        ),
        pytest.param(
            lambda model: model["operations"].pop("CancelRun"),
            "new: operation CancelRun",
            id="new-operation",
        ),
        pytest.param(
            lambda model: model["operations"].update(PauseRun=model["operations"]["CancelRun"]),
            "gone: operation PauseRun",
            id="operation-gone",
        ),
        pytest.param(
            lambda model: model["metadata"].update(protocol="json"),
            'changed: metadata protocol was "json", is "rest-json"',
            id="protocol",
        ),
    ],
)
def test_each_difference_of_the_model_is_one_line(
    source: Path, capsys: pytest.CaptureFixture[str], doctor: Doctor, said: str
) -> None:
    """What is new, changed or gone is told by its name, once, and nothing else is."""
    doctored(source, "omics.json", doctor)
    assert lines_of(source, capsys) == [said]


@pytest.mark.parametrize(
    ("name", "doctor", "said"),
    [
        pytest.param(
            "paginators.json",
            lambda paginators: paginators["pagination"]["ListRuns"].update(result_key="runs"),
            'changed: pagination of ListRuns.result_key was "runs", is "items"',
            id="paginator",
        ),
        pytest.param(
            "partitions.json",
            lambda partitions: partitions["partitions"][0]["regions"].remove("us-west-2"),
            "new: partition aws.regions.us-west-2",
            id="region",
        ),
    ],
)
def test_paginators_and_partitions_are_compared_as_well(
    source: Path, capsys: pytest.CaptureFixture[str], name: str, doctor: Doctor, said: str
) -> None:
    """A refresh would bring their changes, too."""
    doctored(source, name, doctor)
    assert lines_of(source, capsys) == [said]


def test_an_operation_that_is_left_out_no_more_is_new(
    source: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What `config.toml` does not leave out by name, and the service has beside ours, is told."""
    config = source / "config.toml"
    config.write_text(config.read_text("utf-8").replace('"DeleteConfiguration"', ""), "utf-8")
    assert lines_of(source, capsys) == ["new: operation DeleteConfiguration"]


def test_an_operation_can_not_be_wanted_and_left_out(
    source: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A name in both lists is a mistake, and is named."""
    config = source / "config.toml"
    text = config.read_text("utf-8").replace(
        '"DeleteConfiguration"', '"DeleteConfiguration", "GetRun"'
    )
    config.write_text(text, "utf-8")
    assert main(["drift", "--source", str(source)]) == 2
    assert "config.toml [left_out]: it has GetRun, which" in capsys.readouterr().err


def test_a_shape_is_told_and_not_all_that_is_in_it() -> None:
    """What holds others stands for all of them."""
    held = {("shapes",): "", ("shapes", "Leaf"): "", ("shapes", "Leaf", "type"): '"string"'}
    assert differences({("shapes",): ""}, held) == ["new: shape Leaf"]
    assert differences(held, {("shapes",): ""}) == ["gone: shape Leaf"]
    assert differences(held, held) == []
