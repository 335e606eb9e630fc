"""Names of the service in Python, and names that can't be."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from codegen import names
from codegen.problems import GeneratorError
from codegen.render import TEMPLATES
from tests.codegen.garden import Garden


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        pytest.param("id", "id", id="plain"),
        pytest.param("workflowId", "workflow_id", id="camel"),
        pytest.param("StartRun", "start_run", id="pascal"),
        pytest.param("ListRunTasks", "list_run_tasks", id="three-words"),
        pytest.param("cacheS3Uri", "cache_s3_uri", id="digit-inside"),
        pytest.param("roleARN", "role_arn", id="capitals-at-the-end"),
        pytest.param("DBInstanceId", "db_instance_id", id="capitals-at-the-start"),
        pytest.param("gpus", "gpus", id="lower"),
        pytest.param("kebab-case", "kebab_case", id="dash"),
    ],
)
def test_camel_case_becomes_snake_case(theirs: str, ours: str) -> None:
    """Words are told apart at capitals, and runs of capitals are one word."""
    assert names.snake(theirs) == ours


@pytest.mark.parametrize(
    ("value", "member"),
    [
        pytest.param("PENDING", "PENDING", id="plain"),
        pytest.param("READY2RUN", "READY2RUN", id="digit"),
        pytest.param("late-autumn", "LATE_AUTUMN", id="dash"),
        pytest.param("us.east", "US_EAST", id="dot"),
    ],
)
def test_enum_values_become_constants(value: str, member: str) -> None:
    """What can't stand in a name becomes an underscore."""
    assert names.enum_member(value) == member


@pytest.mark.parametrize(
    ("shape", "error"),
    [
        pytest.param("ConflictException", "ConflictError", id="exception"),
        pytest.param("InternalServerError", "InternalServerError", id="error"),
        pytest.param("Frost", "FrostError", id="neither"),
    ],
)
def test_exceptions_become_errors(shape: str, error: str) -> None:
    """Python's errors end in Error."""
    assert names.error_class(shape) == error


def _member(name: str, *, model: str = "GetPlantRequest") -> Callable[[Garden], object]:
    def change(garden: Garden) -> None:
        place = {"location": "querystring"} if model == "GetPlantRequest" else {}
        garden.shapes[model]["members"][name] = {"shape": "Text", **place}
        garden.descriptions["models"][model][name] = "Something."

    return change


@pytest.mark.parametrize(
    ("change", "said"),
    [
        *(
            pytest.param(
                _member(name),
                f"GetPlantRequest.{name}: the SDK itself has the name {names.snake(name)!r}",
                id=f"reserved-{name}",
            )
            for name in (
                "extra",
                "fromDict",
                "fromJson",
                "limit",
                "models",
                "problems",
                "ref",
                "replace",
                "request",
                *sorted(name for name in names.USED_IN_BODIES if "_" not in name),
                "copyItems",
                "newRequestId",
                "responseMetadata",
                "retry",
                "self",
                "skeleton",
                "timeout",
                "toDict",
                "validate",
            )
        ),
        *(
            pytest.param(
                _member(name, model="BedPlan"),
                f"BedPlan.{name}: the SDK itself has the name {names.snake(name)!r}",
                id=f"part-{name}",
            )
            for name in ("extra", "ref", "toDict", "field", "copyItems")
        ),
        *(
            pytest.param(
                _member("type", model=model),
                "'type' and \"a document's class\" would both be named 'type'",
                id=f"type-beside-a-document-of-{model}",
            )
            for model in ("GetPlantResponse", "BedPlan")
        ),
        *(
            pytest.param(
                _member("about", model=model),
                f"{model}.about: descriptions.toml has this key",
                id=f"about-of-{model}",
            )
            for model in ("GetPlantRequest", "GetPlantResponse", "BedPlan", "Filling", "Outcome")
        ),
        pytest.param(
            lambda garden: garden.shapes["Season"]["enum"].append("about"),
            "Season.about: descriptions.toml has this key",
            id="about-of-an-enum",
        ),
        pytest.param(_member("class"), "'class' can't be a name in Python", id="keyword"),
        pytest.param(_member("3d"), "'3d' can't be a name in Python", id="digit-first"),
        pytest.param(
            _member("ID"), "'id' and 'ID' would both be named 'id'", id="clash-of-members"
        ),
        pytest.param(
            _member("recipeAs", model="GetPlantResponse"),
            "'recipeAs' and 'recipe' would both be named 'recipe_as'",
            id="clash-with-a-method",
        ),
        pytest.param(
            lambda garden: garden.shapes["Season"]["enum"].append("Spring"),
            "'SPRING' and 'Spring' would both be named 'SPRING'",
            id="clash-of-enum-values",
        ),
        pytest.param(
            lambda garden: garden.shapes["Season"]["enum"].append("4th"),
            "Season, its value '4th': '4TH' can't be a name in Python",
            id="enum-value",
        ),
        *(
            pytest.param(
                lambda garden, value=value: garden.shapes["Season"]["enum"].append(value),
                f"Season, its value {value!r}: {name!r} is a private name",
                id=f"enum-value-{case}",
            )
            for case, value, name in (
                ("sunder", "_ignore_", "_IGNORE_"),
                ("dunder", "__init__", "__INIT__"),
                ("mangled", "__x", "__X"),
                ("signs", "*", "_"),
            )
        ),
        *(
            pytest.param(
                _member(name, model=model),
                f"{model}.{name}: {name!r} is a private name",
                id=f"private-{name}-of-{model}",
            )
            for model in ("PlantSeedRequest", "GetPlantResponse")
            for name in ("_id", "__wire__")
        ),
        *(
            pytest.param(
                _member(name, model="GetPlantResponse"),
                f"GetPlantResponse.{name}: the SDK itself has the name {name!r}",
                id=f"response-{name}",
            )
            for name in ("str", "tuple", "int", "bool", "float", "property", "datetime")
        ),
        pytest.param(
            lambda garden: garden.shapes["RushException"]["error"].update(httpStatusCode=404),
            "'MissingPlantException' and 'RushException' both come with HTTP 404",
            id="clash-of-statuses",
        ),
        pytest.param(
            lambda garden: garden.operations["WeighPlant"].update(
                input={"shape": "UprootPlantRequest"}
            ),
            "does not name exactly its uri members",
            id="shared-request-of-another-path",
        ),
        pytest.param(
            lambda garden: garden.operations["WeighPlant"].update(
                output={"shape": "GetPlantResponse"}
            ),
            "GetPlantResponse: two operations share it",
            id="shared-response",
        ),
        *(
            pytest.param(
                lambda garden, model=model, part=part: garden.shapes[model]["members"].update(
                    again={"shape": part}
                ),
                f"{part}: two operations share it, or a structure has its name",
                id=f"{part}-as-a-part",
            )
            for model, part in (
                ("WeighPlantResponse", "ListPlantsResponse"),
                ("PlantSeedResponse", "WeighPlantResponse"),
                ("WeighPlantResponse", "LayOutBedRequest"),
            )
        ),
    ],
)
def test_impossible_names_stop_the_generator(
    garden: Garden, change: Callable[[Garden], object], said: str
) -> None:
    """Two things of one name, and names that are taken, are never settled in silence."""
    change(garden)
    with pytest.raises(GeneratorError) as caught:
        garden.read(draft=True)
    assert said in str(caught.value)


@pytest.mark.parametrize("name", [pytest.param(name, id=name) for name in ("value", "tag", "type")])
def test_parts_may_have_members_named_as_those_of_variants(garden: Garden, name: str) -> None:
    """Only what has methods that say `type` themselves can't have a member of that name."""
    _member(name, model="Row")(garden)
    row = next(model for model in garden.read().models if model.name == "Row")
    assert name in {member.name for member in row.fields}


@pytest.mark.parametrize(
    ("to", "said"),
    [
        *(
            pytest.param(
                to,
                f"Filling.compostUri: another class is named {to!r} already",
                id=f"{case}-made-before",
            )
            for case, to in (
                ("variant", "FillingLayers"),
                ("structure", "Leaf"),
                ("answer", "PlantSeedResponse"),
                ("request", "PlantSeedRequest"),
            )
        ),
        *(
            pytest.param(to, f"{to}: two operations share it, or a structure has its name", id=case)
            for case, to in (
                ("structure-made-later", "Row"),
                ("answer-made-later", "ListPlantsResponse"),
                ("request-made-later", "ListPlantsRequest"),
                ("union-itself", "Filling"),
                ("other-union", "Outcome"),
                ("unknown-variant", "UnknownFilling"),
                ("other-unions-unknown-variant", "UnknownOutcome"),
            )
        ),
        pytest.param("Mulch", "Mulch: the enum 'Mulch' needs this name too", id="enum"),
        pytest.param("MulchLike", "MulchLike: the enum 'Mulch' needs this name", id="alias"),
        pytest.param("Counted", "'tests.codegen.mixin.Counted' has the name", id="mixin"),
        pytest.param("Variant", "Variant: generated files need this name", id="import"),
        pytest.param("class", "class: it can't be the name of a class", id="keyword"),
        pytest.param("_Compost", "_Compost: it can't be the name of a class", id="private"),
    ],
)
def test_a_variants_class_needs_a_name_of_its_own(garden: Garden, to: str, said: str) -> None:
    """Whichever of the two is made first, neither takes the place of the other."""
    garden.config["rename"]["Filling.compostUri"]["to"] = to
    with pytest.raises(GeneratorError) as caught:
        garden.read()
    assert said in str(caught.value)


def test_two_variants_may_not_be_given_the_same_name(garden: Garden) -> None:
    """The message names the second of the two."""
    _rename(garden, "Filling.policy", "Compost")
    with pytest.raises(GeneratorError, match=r"Filling\.policy: another class is named 'Compost'"):
        garden.read()


def test_variants_are_named_after_their_union_unless_renamed(garden: Garden) -> None:
    """The wire does not notice."""
    made = {model.name: model.fields for model in garden.read().models if model.base == "Variant"}
    assert {name: fields[0].wire for name, fields in made.items()} == {
        "FillingLayers": "layers",
        "Compost": "compost",
        "FillingPolicy": "policy",
        "OutcomeDone": "done",
        "OutcomeRefusal": "refusal",
        "OutcomeDetails": "details",
    }


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, id=name) for name in ("Send", "Close", "WaitUntil", "WithOptions")],
)
def test_operations_may_not_be_named_as_methods_of_the_clients(garden: Garden, name: str) -> None:
    """A generated method never hides one written by hand."""
    garden.operations[name] = garden.operations.pop("WeighPlant")
    garden.config["modules"]["beds"]["operations"][-1] = name
    with pytest.raises(GeneratorError, match="the SDK itself has the name"):
        garden.read(draft=True)


def test_iterators_may_not_take_the_name_of_a_method(garden: Garden) -> None:
    """`ListPlants` brings `iter_plants`, so no operation can be called that."""
    garden.operations["IterPlants"] = garden.operations.pop("WeighPlant")
    garden.config["modules"]["beds"]["operations"][-1] = "IterPlants"
    with pytest.raises(GeneratorError, match="would both be named 'iter_plants'"):
        garden.read(draft=True)


def test_a_renamed_member_keeps_its_name_on_the_wire(garden: Garden) -> None:
    """config.toml gives `extra` another name in Python, and the service does not notice."""
    fields = {f.wire: f.name for m in garden.read().models for f in m.fields}
    assert fields["extra"] == "extra_note"


def _rename(garden: Garden, key: str, to: str) -> None:
    garden.config["rename"][key] = {"to": to, "reason": "x"}


@pytest.mark.parametrize(
    ("value", "name"),
    [
        pytest.param("4th", "FOURTH", id="impossible"),
        pytest.param("Spring", "SPRING_2", id="clash"),
    ],
)
def test_an_enum_value_can_be_renamed(garden: Garden, value: str, name: str) -> None:
    """The remedy that is printed for a bad name works, and the wire does not notice."""
    garden.shapes["Season"]["enum"].append(value)
    _rename(garden, f"Season.{value}", name)
    season = next(enum for enum in garden.read(draft=True).enums if enum.name == "Season")
    assert (season.values[-1].name, season.values[-1].value) == (name, value)


def test_an_operation_can_be_renamed(garden: Garden) -> None:
    """So can one that is named like a method of the clients."""
    garden.operations["Send"] = garden.operations.pop("WeighPlant")
    garden.config["modules"]["beds"]["operations"][-1] = "Send"
    _rename(garden, "Send", "send_plant")
    sending = garden.read(draft=True).operations[-1]
    assert (sending.name, sending.method_name, sending.constant) == (
        "Send",
        "send_plant",
        "SEND_PLANT",
    )


def test_the_iterator_of_a_renamed_operation_needs_a_name_of_its_own(garden: Garden) -> None:
    """Without `list_` at its front the method would be called as its iterator is."""
    _rename(garden, "ListPlants", "plants")
    with pytest.raises(GeneratorError, match="would both be named 'plants'"):
        garden.read()


def test_an_error_can_be_renamed(garden: Garden) -> None:
    """Everywhere that it is spoken of."""
    _rename(garden, "FrostException", "ColdError")
    api = garden.read()
    assert "ColdError" in {error.name for error in api.errors}
    assert all("FrostError" not in operation.errors for operation in api.operations)


@pytest.mark.parametrize(
    "key",
    [pytest.param(key, id=key) for key in ("Season.WINTER", "BuryPlant", "HeatException")],
)
def test_a_name_for_nothing_stops_the_generator(garden: Garden, key: str) -> None:
    """As any entry does that matches nothing."""
    _rename(garden, key, "NAME")
    with pytest.raises(GeneratorError, match="it matches nothing in the model"):
        garden.read()


def _call(old: str, new: str) -> Callable[[Garden], object]:
    """Return a change that gives a shape another name, wherever it is referred to."""

    def renamed(data: Any) -> Any:
        if isinstance(data, dict):
            return {key: renamed(value) for key, value in data.items()}
        if isinstance(data, list):
            return [renamed(value) for value in data]
        return new if data == old else data

    def change(garden: Garden) -> None:
        garden.shapes[new] = garden.shapes.pop(old)
        garden.model = renamed(garden.model)

    return change


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        *(
            pytest.param("Plot", new, f"{new}: it can't be the name of a class", id=new)
            for new in ("None", "class", "_Plot", "3d")
        ),
        *(
            pytest.param("Plot", new, f"{new}: generated files need this name", id=new)
            for new in (
                *("Any", "Mapping", "Member", "Request", "Response", "Structure", "datetime"),
                *("Operation", "RunRef", "Timeout", "TimeoutError", "Pairs", "str"),
            )
        ),
        pytest.param("Row", "UnknownFilling", "a structure has its name", id="of-an-unknown"),
        pytest.param("Row", "FillingLayers", "a structure has its name", id="of-a-variant"),
        pytest.param("Row", "Counted", "has the name of another class", id="of-a-mixin"),
        pytest.param(
            "PlantSeedRequest", "Request", "generated files need this name", id="of-a-request"
        ),
        pytest.param("PlantStatus", "Sequence", "generated files need this name", id="of-an-enum"),
        pytest.param(
            "Plot", "SeasonLike", "the enum 'Season' needs this name too", id="alias-of-an-enum"
        ),
        pytest.param(
            "FrostException", "TimeoutException", "the SDK itself has the name", id="of-an-error"
        ),
        pytest.param(
            "RushException", "TransportException", "the SDK itself has the name", id="of-ours"
        ),
        pytest.param("RushException", "_Rush", "is a private name", id="private-error"),
    ],
)
def test_impossible_names_of_shapes_stop_the_generator(
    garden: Garden, old: str, new: str, said: str
) -> None:
    """A class never hides what the generated files import, or what Python has."""
    _call(old, new)(garden)
    del garden.config["terminal"]
    garden.config["retype"]["PlantSeedResponse.status"]["to"] = "Season"
    with pytest.raises(GeneratorError) as caught:
        garden.read(draft=True)
    assert said in str(caught.value)


def test_every_import_of_a_generated_file_is_a_name_that_no_shape_may_have() -> None:
    """A new import in a template has to be told to the generator."""
    found, flags = set(), re.MULTILINE
    for path in TEMPLATES.glob("*.jinja"):
        for line in re.findall(r"^ *from \S+ import ([\w, ]+)$", path.read_text("utf-8"), flags):
            found.update(line.replace(" ", "").split(","))
    assert found - {"annotations"} <= names.IMPORTED


@pytest.mark.parametrize(
    ("key", "to", "said"),
    [
        pytest.param("GetPlantResponse.extra", "Mapping", "is not in lower case", id="member"),
        pytest.param("GetPlant", "_get", "is a private name", id="operation"),
        pytest.param("Season.SPRING", "value", "is not in upper case", id="enum-value"),
    ],
)
def test_a_new_name_obeys_the_rules_as_well(garden: Garden, key: str, to: str, said: str) -> None:
    """config.toml can't do what the model may not."""
    _rename(garden, key, to)
    with pytest.raises(GeneratorError, match=said):
        garden.read()
