"""config.toml and descriptions.toml: what they must have, and what they may no longer have."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from codegen import ir
from codegen.problems import GeneratorError
from tests.codegen.garden import Garden

Change = Callable[[dict[str, Any]], object]

WRONG_CONFIG = [
    pytest.param(
        lambda config: config.pop("service"),
        "config.toml: it has no table [service]",
        id="no-service",
    ),
    *(
        pytest.param(
            lambda config, table=table, value=value: config.update({table: value}),
            f"config.toml [{table}]: it is no table",
            id=f"{table}-is-a-{type(value).__name__}",
        )
        for table, value in (("modules", [{"about": "x"}]), ("service", "omics"), ("hidden", 1))
    ),
    pytest.param(
        lambda config: config["hidden"].update(policy=True),
        "config.toml [hidden.policy]: it is no table",
        id="entry-is-no-table",
    ),
    pytest.param(
        lambda config: config["modules"]["plants"].update(operations="GetPlant"),
        "config.toml [modules.plants]: its 'operations' is no list of strings",
        id="list-is-a-string",
    ),
    pytest.param(
        lambda config: config["always_present"]["PlantItem"].update(members=[1]),
        "config.toml [always_present.PlantItem]: its 'members' is no list of strings",
        id="list-of-numbers",
    ),
    pytest.param(
        lambda config: config["service"].update(name=7),
        "config.toml [service]: its 'name' is no string",
        id="string-is-a-number",
    ),
    pytest.param(
        lambda config: config["always_present"].update(Tree={"members": [], "reason": "x"}),
        "config.toml [always_present.Tree]: it matches nothing",
        id="always-present-of-no-model",
    ),
    pytest.param(
        lambda config: config["always_present"]["PlantItem"]["members"].append("bark"),
        "config.toml [always_present.PlantItem]: it has no member 'bark'",
        id="always-present-of-no-member",
    ),
    pytest.param(
        lambda config: config["enums"]["WitheringReason"]["shapes"].append("BarkReason"),
        "config.toml [enums.WitheringReason]: 'BarkReason' is no string in use",
        id="enum-of-no-shape",
    ),
    pytest.param(
        lambda config: config["enums"]["WitheringReason"]["shapes"].append("Count"),
        "config.toml [enums.WitheringReason]: 'Count' is no string in use",
        id="enum-of-a-number",
    ),
    pytest.param(
        lambda config: config["enums"]["WitheringReason"]["shapes"].append("Season"),
        "config.toml [enums.WitheringReason]: the model itself now has values for 'Season'",
        id="enum-that-the-model-has",
    ),
    pytest.param(
        lambda config: config["retype"].update({"PlantItem.bark": {"to": "Season", "reason": "x"}}),
        "config.toml [retype.PlantItem.bark]: it matches nothing",
        id="retype-of-no-member",
    ),
    pytest.param(
        lambda config: config["retype"]["PlantSeedResponse.status"].update(to="Bark"),
        "config.toml [retype.PlantSeedResponse.status]: 'Bark' is no enum in use",
        id="retype-to-no-enum",
    ),
    pytest.param(
        lambda config: config["retype"].update(
            {"GetPlantResponse.status": {"to": "Season", "reason": "x"}}
        ),
        "the model now gives 'PlantStatus' a better type than a string",
        id="retype-of-an-enum",
    ),
    pytest.param(
        lambda config: config["terminal"].update(Bark={"values": ["OLD"], "reason": "x"}),
        "config.toml [terminal.Bark]: it matches nothing",
        id="terminal-of-no-enum",
    ),
    pytest.param(
        lambda config: config["terminal"]["PlantStatus"]["values"].append("EATEN"),
        "config.toml [terminal.PlantStatus]: 'EATEN' is none of its values",
        id="terminal-of-no-value",
    ),
    pytest.param(
        lambda config: config["refs"].update(Tree={"id": "id", "reason": "x"}),
        "config.toml [refs.Tree]: it matches nothing",
        id="ref-of-no-model",
    ),
    pytest.param(
        lambda config: config["refs"]["PlantItem"].update(uuid="bark"),
        "config.toml [refs.PlantItem]: it has no member 'bark'",
        id="ref-of-no-member",
    ),
    pytest.param(
        lambda config: config["refs"]["LayOutBedResponse"].update(id="plan"),
        "config.toml [refs.LayOutBedResponse]: its member 'plan' is no string",
        id="ref-that-is-no-string",
    ),
    pytest.param(
        lambda config: config["overrides"].update(FellTree={"leaves_out": [], "reason": "x"}),
        "config.toml [overrides.FellTree]: it matches nothing",
        id="overrides-of-no-operation",
    ),
    pytest.param(
        lambda config: config["overrides"]["LayOutBed"]["leaves_out"].append("bark"),
        "config.toml [overrides.LayOutBed]: the request has no member 'bark'",
        id="overrides-without-no-member",
    ),
    pytest.param(
        lambda config: config["mixins"].update(Tree={"class": "trees.Tree", "reason": "x"}),
        "config.toml [mixins.Tree]: it matches nothing",
        id="mixin-of-no-model",
    ),
    *(
        pytest.param(
            lambda config, model=model: config["mixins"].update(
                {model: {"class": "trees.Tree", "reason": "x"}}
            ),
            f"config.toml [mixins.{model}]: it matches nothing",
            id=f"mixin-of-{case}",
        )
        for case, model in (
            ("a-union", "Filling"),
            ("a-variant", "FillingLayers"),
            ("an-unknown-variant", "UnknownFilling"),
            ("an-enums-alias", "MulchLike"),
        )
    ),
    *(
        pytest.param(
            lambda config, path=path: config["mixins"]["LayOutBedResponse"].update({"class": path}),
            f"config.toml [mixins.LayOutBedResponse]: {path!r} is no class in a module",
            id=f"mixin-{case}",
        )
        for case, path in (
            ("without-module", "Counted"),
            ("relative", ".mixin.Counted"),
            ("half", "tests."),
            ("no-name", "tests.codegen mixin"),
        )
    ),
    *(
        pytest.param(
            lambda config, name=name: config["mixins"]["LayOutBedResponse"].update(
                {"class": f"tests.codegen.mixin.{name}"}
            ),
            said,
            id=f"mixin-called-{name}",
        )
        for name, said in (
            ("_Counted", "_Counted: it can't be the name of a class"),
            ("Response", "Response: generated files need this name themselves"),
            ("Leaf", "'tests.codegen.mixin.Leaf' has the name of another class"),
            ("Filling", "'tests.codegen.mixin.Filling' has the name of another class"),
            ("MulchLike", "'tests.codegen.mixin.MulchLike' has the name of another class"),
        )
    ),
    pytest.param(
        lambda config: config["mixins"].update(
            WeighPlantResponse={"class": "trees.Counted", "reason": "x"}
        ),
        "config.toml [mixins]: 'trees.Counted' has the name of another class",
        id="two-mixins-of-one-name",
    ),
    pytest.param(
        lambda config: config["mixins"]["LayOutBedResponse"].update(module="x"),
        "config.toml [mixins.LayOutBedResponse]: unknown key 'module'",
        id="mixin-with-an-unknown-key",
    ),
    pytest.param(
        lambda config: config["mixins"]["LayOutBedResponse"].pop("class"),
        "config.toml [mixins.LayOutBedResponse]: 'class' is missing",
        id="mixin-without-a-class",
    ),
    *(
        pytest.param(
            lambda config, name=name, member=member: config["always_present"].update(
                {name: {"members": [member], "reason": "x"}}
            ),
            f"config.toml [always_present.{name}]: it matches nothing",
            id=f"always-present-of-{case}",
        )
        for case, name, member in (
            ("a-part-that-is-sent", "BedPlan", "mulch"),
            ("a-union-that-is-sent", "Filling", "layers"),
            ("a-union", "Outcome", "done"),
            ("a-request", "LayOutBedRequest", "corner"),
        )
    ),
    pytest.param(
        lambda config: config["retype"].update({"BedPlan.value": {"to": "Mulch", "reason": "x"}}),
        "config.toml [retype.BedPlan.value]: it matches nothing",
        id="retype-of-what-is-sent",
    ),
    *(
        pytest.param(
            lambda config, key=key: config["hidden"].update({key: {"reason": "x"}}),
            f"{key}: it can't be hidden, since messages show its value or its members",
            id=f"hidden-{case}-that-is-sent",
        )
        for case, key in (
            ("structure", "LayOutBedRequest.plan"),
            ("union", "LayOutBedRequest.filling"),
            ("list-of-structures", "BedPlan.rows"),
            ("list-of-enums", "PlantSeedRequest.seasons"),
            ("enum", "BedPlan.mulch"),
            ("number", "Row.spacing"),
            ("variant", "Filling.layers"),
        )
    ),
    pytest.param(
        lambda config: config["modules"]["beds"].update(about='The """beds""" of it.'),
        "config.toml [modules.beds]: 'about' has three quotes in a row",
        id="module-with-three-quotes",
    ),
    pytest.param(
        lambda config: config["hidden"].update(bark={"reason": "x"}),
        "config.toml [hidden.bark]: it matches nothing",
        id="hidden-nothing",
    ),
    pytest.param(
        lambda config: config["rename"].update({"PlantItem.bark": {"to": "b", "reason": "x"}}),
        "config.toml [rename.PlantItem.bark]: it matches nothing",
        id="rename-nothing",
    ),
    pytest.param(
        lambda config: config["rename"]["GetPlantResponse.extra"].update(to="limit"),
        "GetPlantResponse.extra: the SDK itself has the name 'limit'",
        id="rename-to-a-reserved-name",
    ),
    pytest.param(
        lambda config: config["errors"].update(Bark={"also": "OSError", "reason": "x"}),
        "config.toml [errors.Bark]: it matches nothing",
        id="error-of-no-shape",
    ),
    pytest.param(
        lambda config: config["modules"]["beds"]["operations"].append("FellTree"),
        "FellTree: the snapshot has no such operation",
        id="operation-unknown",
    ),
    pytest.param(
        lambda config: config["modules"]["beds"]["operations"].append("GetPlant"),
        "GetPlant: config.toml names it 2 times",
        id="operation-twice",
    ),
    pytest.param(
        lambda config: config["modules"]["beds"]["operations"].remove("WeighPlant"),
        "WeighPlant: config.toml names it 0 times",
        id="operation-forgotten",
    ),
    pytest.param(
        lambda config: config["hidden"]["policy"].pop("reason"),
        "config.toml [hidden.policy]: 'reason' is missing",
        id="no-reason",
    ),
    pytest.param(
        lambda config: config["hidden"]["policy"].update(why="x"),
        "config.toml [hidden.policy]: unknown key 'why'",
        id="unknown-key",
    ),
    pytest.param(
        lambda config: config.update(trees={}),
        "config.toml [trees]: unknown table",
        id="unknown-table",
    ),
    pytest.param(
        lambda config: config["service"].pop("docs"),
        "config.toml [service]: 'docs' is missing",
        id="service-key",
    ),
]

WRONG_DESCRIPTIONS = [
    pytest.param(
        lambda texts: texts["models"]["Leaf"].pop("grams"),
        "descriptions.toml [models.Leaf]: 'grams' is not described",
        id="missing-member",
    ),
    pytest.param(
        lambda texts: texts["models"].pop("UprootPlantResponse"),
        "descriptions.toml [models.UprootPlantResponse]: 'about' is not described",
        id="missing-model",
    ),
    pytest.param(
        lambda texts: texts["enums"]["Season"].pop("late-autumn"),
        "descriptions.toml [enums.Season]: 'late-autumn' is not described",
        id="missing-enum-value",
    ),
    pytest.param(
        lambda texts: texts["errors"]["RushException"].update(about=""),
        "descriptions.toml [errors.RushException]: 'about' is not described",
        id="empty-error",
    ),
    pytest.param(
        lambda texts: texts["operations"]["GetPlant"].pop("summary"),
        "descriptions.toml [operations.GetPlant]: 'summary' is not described",
        id="missing-operation",
    ),
    pytest.param(
        lambda texts: texts["models"].update(Tree={"about": "A tree."}),
        "descriptions.toml [models.Tree]: 'about' describes nothing",
        id="superfluous-model",
    ),
    pytest.param(
        lambda texts: texts["models"]["Leaf"].update(bark="Brown."),
        "descriptions.toml [models.Leaf]: 'bark' describes nothing",
        id="superfluous-member",
    ),
    pytest.param(
        lambda texts: texts["enums"]["Season"].update(MONSOON="Wet."),
        "descriptions.toml [enums.Season]: 'MONSOON' describes nothing",
        id="superfluous-enum-value",
    ),
    pytest.param(
        lambda texts: texts["enums"].update(WitherReason={"about": "Its shape, not our name."}),
        "descriptions.toml [enums.WitherReason]: 'about' describes nothing",
        id="superfluous-enum",
    ),
    pytest.param(
        lambda texts: texts["errors"].update(BarkException={"about": "Hard."}),
        "descriptions.toml [errors.BarkException]: 'about' describes nothing",
        id="superfluous-error",
    ),
    pytest.param(
        lambda texts: texts["operations"]["GetPlant"].update(note="Hm."),
        "descriptions.toml [operations.GetPlant]: 'note' describes nothing",
        id="superfluous-operation-text",
    ),
    pytest.param(
        lambda texts: texts["models"]["Filling"].pop("layers"),
        "descriptions.toml [models.Filling]: 'layers' is not described",
        id="missing-variant",
    ),
    pytest.param(
        lambda texts: texts["models"].pop("Outcome"),
        "descriptions.toml [models.Outcome]: ",
        id="missing-union",
    ),
    pytest.param(
        lambda texts: texts["models"].update(UnknownFilling={"about": "Its sentence is made."}),
        "descriptions.toml [models.UnknownFilling]: 'about' describes nothing",
        id="superfluous-unknown-variant",
    ),
    *(
        pytest.param(
            lambda texts, kind=kind, subject=subject, key=key: texts[kind][subject].update(
                {key: 'Said to be """green""".'}
            ),
            f"descriptions.toml [{kind}.{subject}]: {key!r} has three quotes in a row",
            id=f"three-quotes-in-{kind}-{key}",
        )
        for kind, subject, key in (
            ("models", "Leaf", "about"),
            ("models", "Leaf", "grams"),
            ("models", "Filling", "layers"),
            ("operations", "PlantSeed", "detail"),
            ("enums", "Season", "SPRING"),
            ("errors", "FrostException", "about"),
        )
    ),
    pytest.param(
        lambda texts: texts["models"]["Leaf"].update(about=f"{'Very ' * 20}green."),
        "descriptions.toml [models.Leaf]: the first sentence of 'about' has 106 characters",
        id="long-first-sentence",
    ),
]


@pytest.mark.parametrize(("change", "said"), WRONG_CONFIG)
def test_wrong_or_stale_config_stops_the_generator(
    garden: Garden, change: Change, said: str
) -> None:
    """An entry that no longer fits the model is an error, not a leftover."""
    change(garden.config)
    with pytest.raises(GeneratorError) as caught:
        garden.read()
    assert said in str(caught.value)


@pytest.mark.parametrize(("change", "said"), WRONG_DESCRIPTIONS)
def test_missing_and_superfluous_descriptions_stop_the_generator(
    garden: Garden, change: Change, said: str
) -> None:
    """Every public thing has its sentence, and every sentence its thing."""
    change(garden.descriptions)
    with pytest.raises(GeneratorError) as caught:
        garden.read()
    assert said in str(caught.value)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda texts: texts.clear(), id="missing"),
        pytest.param(lambda texts: texts["models"]["Leaf"].update(bark="x"), id="superfluous"),
    ],
)
def test_a_draft_forgives_descriptions(garden: Garden, change: Change) -> None:
    """While sentences are being written the code can be tried already."""
    change(garden.descriptions)
    assert garden.read(draft=True).models


def test_descriptions_of_several_lines_become_one_paragraph(garden: Garden) -> None:
    """Line breaks in the file are its author's affair."""
    garden.descriptions["models"]["Leaf"]["grams"] = "What it\n  weighs,\nin grams.\n"
    assert _field(garden.read(), "Leaf", "grams").about == "What it weighs, in grams."


def test_members_that_the_model_requires_are_always_present(garden: Garden) -> None:
    """The service's own word needs no entry in config.toml."""
    api = garden.read()
    assert _field(api, "Leaf", "grams").type == "float"
    assert _field(api, "Leaf", "plot").type == "Plot | None"


def test_one_hidden_name_covers_all_models(garden: Garden) -> None:
    """A secret is a secret in requests and in answers."""
    api = garden.read()
    assert _field(api, "PlantSeedRequest", "policy").hidden
    assert _field(api, "GetPlantResponse", "policy").hidden


def test_a_hidden_member_can_be_named_with_its_model(garden: Garden) -> None:
    """`Model.member` hides one, `member` hides all."""
    garden.config["hidden"] = {"GetPlantResponse.policy": {"reason": "x"}}
    api = garden.read()
    assert not _field(api, "PlantSeedRequest", "policy").hidden
    assert _field(api, "GetPlantResponse", "policy").hidden


def test_what_is_hidden_is_hidden_in_parts_and_variants(garden: Garden) -> None:
    """Nor do messages about them show it."""
    api = garden.read()
    for model in ("BedPlan", "FillingPolicy"):
        policy = _field(api, model, "policy")
        assert policy.hidden
        assert policy.rule == "Text(min=1, max=2_048, secret=True)"
    assert _field(api, "OutcomeDetails", "details").hidden
    assert not _field(api, "OutcomeRefusal", "refusal").hidden


def test_a_variant_of_an_answer_can_be_hidden(garden: Garden) -> None:
    """It is named as a member of its union."""
    garden.config["hidden"]["Outcome.refusal"] = {"reason": "x"}
    assert _field(garden.read(), "OutcomeRefusal", "refusal").hidden


def test_a_union_may_have_one_variant_only(garden: Garden) -> None:
    """There is room for others later."""
    members = garden.shapes["Filling"]["members"]
    garden.shapes["Filling"]["members"] = {"compostUri": members["compostUri"]}
    filling = _field(garden.read(draft=True), "LayOutBedRequest", "filling")
    assert filling.rule == "OneOf((Compost,), unknown=UnknownFilling)"


def test_an_enum_that_only_a_part_of_a_request_has_takes_strings(garden: Garden) -> None:
    """As one of the request's own members does."""
    api = garden.read()
    mulch = next(enum for enum in api.enums if enum.name == "Mulch")
    assert mulch.in_requests
    assert _field(api, "Layer", "mulch").type == "MulchLike | None"


def test_an_enum_that_only_a_map_in_a_request_has_is_rendered(garden: Garden) -> None:
    """The rule of the map speaks of it."""
    shapes = garden.shapes
    shapes["Mood"] = {"enum": ["GLOOMY"], "type": "string"}
    shapes["Moods"] = {"key": {"shape": "Text"}, "type": "map", "value": {"shape": "Mood"}}
    shapes["PlantSeedRequest"]["members"]["moods"] = {"shape": "Moods"}
    api = garden.read(draft=True)
    moods = _field(api, "PlantSeedRequest", "moods")
    assert moods.type == "Mapping[str, MoodLike] | None"
    assert moods.rule == "Pairs(Text(), Choice(Mood))"
    assert "Mood" in {enum.name for enum in api.enums if enum.in_requests}


@pytest.mark.parametrize(
    ("model", "shape"),
    [
        pytest.param("BedPlan", "Seasons", id="list-in-a-part"),
        pytest.param("Layer", "Seasons", id="list-in-a-part-of-a-variant"),
        pytest.param("BedPlan", "Seasonal", id="map-in-a-part"),
        pytest.param("Filling", "Season", id="variant"),
        pytest.param("Filling", "Seasons", id="list-in-a-variant"),
        pytest.param("Filling", "WitherReason", id="enum-of-config-in-a-variant"),
    ],
)
def test_enums_in_containers_of_parts_are_refused(garden: Garden, model: str, shape: str) -> None:
    """The SDK could send them, and not read what it has sent."""
    seasonal = {"key": {"shape": "Text"}, "type": "map", "value": {"shape": "Season"}}
    garden.shapes["Seasonal"] = seasonal
    garden.shapes[model]["members"]["when"] = {"shape": shape}
    with pytest.raises(GeneratorError, match=f"{model}.when: a part of a request has the enum"):
        garden.read(draft=True)


def test_an_identity_may_be_absent(garden: Garden) -> None:
    """What has no id yet has no ref."""
    refs = {model.name: model.ref for model in garden.read().models if model.ref}
    assert {name: ref.is_certain for name, ref in refs.items()} == {
        "PlantSeedResponse": True,
        "PlantItem": True,
        "LayOutBedResponse": False,
    }


def test_pages_are_as_large_as_the_limit_allows(garden: Garden) -> None:
    """The most items of a page are the limit's maximum, whatever the limit is called."""
    garden.config["rename"]["ListPlantsRequest.maxResults"] = {"to": "most", "reason": "x"}
    paging = [operation.paging for operation in garden.read().operations if operation.paging]
    assert [(one.limit, one.largest) for one in paging] == [("most", 25)]


def test_a_limit_without_a_maximum_promises_nothing(garden: Garden) -> None:
    """Then the SDK does not know how large a page may be."""
    del garden.shapes["PageSize"]["max"]
    paging = [operation.paging for operation in garden.read().operations if operation.paging]
    assert [one.largest for one in paging] == [None]


def _field(api: ir.Api, model: str, wire: str) -> ir.Field:
    return next(f for m in api.models if m.name == model for f in m.fields if f.wire == wire)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        pytest.param(
            lambda texts: texts.update(models=7),
            "descriptions.toml [models]: it is no table",
            id="kind",
        ),
        pytest.param(
            lambda texts: texts["models"].update(Plot=7),
            "descriptions.toml [models.Plot]: it is no table",
            id="subject",
        ),
        pytest.param(
            lambda texts: texts["models"]["Plot"].update(row=7),
            "descriptions.toml [models.Plot]: its 'row' is no string",
            id="text",
        ),
    ],
)
def test_descriptions_are_sentences(garden: Garden, change: Change, said: str) -> None:
    """A number in place of a sentence is named, not stumbled over."""
    change(garden.descriptions)
    with pytest.raises(GeneratorError) as caught:
        garden.read()
    assert said in str(caught.value)
