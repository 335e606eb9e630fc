"""A second service in the same package: another protocol, moments in milliseconds, its errors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from codegen.problems import GeneratorError

from .garden import Garden

Doctor = Callable[[Garden], object]

SHED: dict[str, Any] = {
    "metadata": {
        "endpointPrefix": "shed",
        "jsonVersion": "1.1",
        "protocol": "json",
        "signatureVersion": "v4",
        "targetPrefix": "Shed_2030",
    },
    "operations": {
        "OpenShed": {
            "name": "OpenShed",
            "http": {"method": "POST", "requestUri": "/"},
            "input": {"shape": "OpenShedRequest"},
            "output": {"shape": "OpenShedResponse"},
            "errors": [{"shape": "LockedException"}],
        }
    },
    "shapes": {
        "OpenShedRequest": {"type": "structure", "members": {"since": {"shape": "Instant"}}},
        "OpenShedResponse": {
            "type": "structure",
            "members": {"opened": {"shape": "Instant", "deprecated": True}},
        },
        "Instant": {"type": "long", "min": 0},
        "LockedException": {"type": "structure", "members": {}, "exception": True},
    },
}
WHY = "For the test."


@pytest.fixture
def garden(garden: Garden) -> Garden:
    """Return the toy service with another one beside it."""
    garden.others = {"shed": {key: {**value} for key, value in SHED.items()}}
    config, text = garden.config, garden.descriptions
    config["other_services"] = {
        "shed": {"api_version": "2030", "docs": "https://shed.example/{name}", "reason": WHY}
    }
    config["modules"]["sheds"] = {
        "about": "Sheds.",
        "operations": ["OpenShed"],
        "service": "shed",
        "reason": WHY,
    }
    config["same_errors"] = {"LockedException": {"to": "FrostException", "reason": WHY}}
    config["epoch_milliseconds"] = {"Instant": {"reason": WHY}}
    config["read_only"] = {"OpenShed": {"reason": WHY}}
    text["operations"]["OpenShed"] = {"summary": "Open the shed."}
    text["models"]["OpenShedRequest"] = {"about": "Opens it.", "since": "From when on."}
    text["models"]["OpenShedResponse"] = {"about": "It is open.", "opened": "When it was."}
    return garden


def test_it_is_read_beside_the_main_one(garden: Garden) -> None:
    """Its operation says what it is signed for; its numbers are moments, its errors are ours."""
    api = garden.read()
    operation = next(one for one in api.operations if one.name == "OpenShed")
    assert (operation.service, operation.target) == ("shed", "Shed_2030.OpenShed")
    assert operation.read_only
    assert operation.errors == ("FrostError",)
    (since,), (opened,) = operation.request.fields, operation.response.fields
    assert (since.type, since.rule) == ("datetime | None", "Moment()")
    assert opened.type == "datetime | None"
    assert operation.request.link == "https://shed.example/OpenShed"
    assert [error.codes for error in api.errors if error.code == "FrostException"] == [
        ("LockedException",)
    ]


def _shape(name: str, **traits: Any) -> Doctor:
    return lambda garden: garden.others["shed"]["shapes"].update({name: traits})


def _metadata(**traits: Any) -> Doctor:
    return lambda garden: garden.others["shed"]["metadata"].update(traits)


@pytest.mark.parametrize(
    ("doctor", "what"),
    [
        pytest.param(_metadata(protocol="rest-xml"), "its protocol is 'rest-xml'", id="protocol"),
        pytest.param(_metadata(jsonVersion="2.0"), "its jsonVersion is '2.0'", id="version"),
        pytest.param(
            lambda garden: garden.others["shed"]["operations"].update(
                OpenShed={**SHED["operations"]["OpenShed"], "http": {"method": "GET"}}
            ),
            "its http is",
            id="path",
        ),
        pytest.param(
            _shape(
                "OpenShedRequest",
                type="structure",
                members={"since": {"shape": "Instant", "location": "querystring"}},
            ),
            "it travels in 'querystring'",
            id="location",
        ),
        pytest.param(
            lambda garden: garden.config["same_errors"].clear(),
            "it names no error that shed's LockedException is",
            id="unknown-error",
        ),
        pytest.param(
            lambda garden: garden.config["same_errors"]["LockedException"].update(to="NoError"),
            "it names no error that shed's LockedException is",
            id="same-as-nothing",
        ),
        pytest.param(
            _shape("PlantSeedRequest", type="structure", members={}),
            "two services have something of this name",
            id="clash",
        ),
        pytest.param(
            lambda garden: garden.config["modules"]["sheds"].pop("service"),
            "OpenShed is an operation of shed",
            id="no-service",
        ),
        pytest.param(
            lambda garden: garden.config["modules"]["beds"].update(service="shed"),
            "is an operation of the main service",
            id="wrong-service",
        ),
        pytest.param(
            _shape("Instant", type="long", min=0, max=7), "it is no long from 0 up", id="moment"
        ),
        pytest.param(
            lambda garden: garden.others["shed"]["operations"]["OpenShed"].update(readonly=True),
            "the model itself says so now",
            id="read-only",
        ),
    ],
)
def test_what_does_not_fit_is_refused(garden: Garden, doctor: Doctor, what: str) -> None:
    """The generator stops and names what it does not understand."""
    doctor(garden)
    with pytest.raises(GeneratorError, match=what):
        garden.read()
