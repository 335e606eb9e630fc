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
        lambda config: config["always_present"].pop("PlantItem"),
        "config.toml [refs.PlantItem]: 'id' may be absent",
        id="ref-that-may-be-absent",
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
