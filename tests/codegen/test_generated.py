"""Generated code at work: models and errors of the toy service, methods of the real one."""

from __future__ import annotations

import asyncio
import copy
import inspect
import pickle
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypedDict, TypeVar

import attrs
import pytest

from omics_runs import _run_ref
from omics_runs._errors import ServiceError, UnreadableResponseError
from omics_runs._generated import models as real
from omics_runs._generated.async_operations import AsyncOperations
from omics_runs._generated.enums import RunStatus, TaskStatus
from omics_runs._generated.operations import OPERATIONS
from omics_runs._generated.sync_operations import SyncOperations
from omics_runs._model import Response, ResponseMetadata
from omics_runs._operation import operation_of
from omics_runs._request import Request
from tests.codegen.golden import enums, errors, models, operations

Out = TypeVar("Out", bound=Response)

PLANT = {
    "id": "7",
    "status": "GROWING",
    "extra": "thorny",
    "growingSeason": "late-autumn",
    "recipe": {"water": {"liters": None}},
    "labels": {"a": "b"},
    "leaves": [{"grams": 1.5}, {"grams": 2, "plot": {"row": 3, "isSunny": True}}],
    "plots": {"2029": {"row": 1}},
    "sownAt": "2030-01-02T03:04:05Z",
    "seenAt": 1893553445,
    "witherReason": "SLUGS",
    "policy": "secret",
    "smell": "nice",
}


BED = {
    "id": "bed-0001",
    "type": "raised",
    "plan": {
        "heading": "Roses",
        "rows": [{"plantId": "7"}, {"plantId": "8", "spacing": 30}],
        "mulch": "GRAVEL",
        "corner": {"isRound": True},
        "recipe": {"water": {"liters": None}},
        "labels": {"a": "b"},
        "smell": "nice",
    },
    "filling": {"layers": [{"height": 20, "mulch": "BARK"}]},
    "outcome": {"done": {"row": 3}},
    "firstPlantId": "7",
    "firstPlantUuid": "u",
}


def plan(**members: Any) -> models.BedPlan:
    """Return a plan with its required members."""
    return models.BedPlan(rows=[models.Row(plant_id="7")], **members)


def bed(filling: models.Filling | None = None, **members: Any) -> models.LayOutBedRequest:
    """Return a request with a part in it, and a union."""
    return models.LayOutBedRequest(
        plan=plan(**members), filling=filling or models.Compost("s3://heap")
    )


def seed(**members: Any) -> models.PlantSeedRequest:
    """Return a request with its required members."""
    return models.PlantSeedRequest(name="rose", seasons=["SPRING"], **members)


def test_an_answer_becomes_typed_values() -> None:
    """Each kind of shape arrives as the type that its annotation promises."""
    plant = models.GetPlantResponse.from_dict(PLANT)
    assert plant.status is enums.PlantStatus.GROWING
    assert plant.extra_note == "thorny"
    assert plant.season is enums.Season.LATE_AUTUMN
    assert plant.recipe == {"water": {"liters": None}}
    assert plant.leaves == (
        models.Leaf(grams=1.5),
        models.Leaf(grams=2, plot=models.Plot(row=3, is_sunny=True)),
    )
    assert plant.plots == {"2029": models.Plot(row=1)}
    assert plant.sown_at == datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert plant.seen_at == datetime.fromtimestamp(1893553445, UTC)
    assert plant.name is None


def test_what_is_newer_than_the_release_survives() -> None:
    """Unknown enum values and unknown members are kept."""
    plant = models.GetPlantResponse.from_dict(PLANT)
    assert plant.wither_reason == "SLUGS"
    assert plant.wither_reason is not None
    assert not plant.wither_reason.is_known
    assert plant.extra == {"smell": "nice"}


def test_models_go_back_to_wire_names() -> None:
    """`to_dict` gives what `from_dict` took."""
    plant = models.GetPlantResponse.from_dict(PLANT)
    assert models.GetPlantResponse.from_dict(plant.to_dict()) == plant
    assert plant.to_dict()["growingSeason"] == "late-autumn"


@pytest.mark.parametrize(
    ("data", "path"),
    [
        pytest.param({"id": "7"}, "$.status", id="always-present"),
        pytest.param(
            {"id": "7", "status": "SOWN", "leaves": [{}]}, "$.leaves[0].grams", id="required"
        ),
    ],
)
def test_members_that_must_be_there(data: dict[str, Any], path: str) -> None:
    """An answer without what makes it an answer says where it falls short."""
    with pytest.raises(UnreadableResponseError) as caught:
        models.GetPlantResponse.from_dict(data)
    assert caught.value.path == path


def test_secrets_and_documents_stay_out_of_the_repr() -> None:
    """A log line shows that they are there, and no more."""
    shown = repr(models.GetPlantResponse(id="7", status=enums.PlantStatus.SOWN, policy="secret"))
    assert shown == "GetPlantResponse(id='7', status='SOWN', policy=...)"
    assert "liters" not in repr(models.GetPlantResponse.from_dict(PLANT))


def test_a_document_can_be_had_as_a_class_of_the_callers() -> None:
    """`recipe_as` reads the document into any class with annotations."""

    class Recipe(TypedDict):
        water: dict[str, int | None]

    plant = models.GetPlantResponse.from_dict(PLANT)
    assert plant.recipe_as(Recipe) == {"water": {"liters": None}}


@pytest.mark.parametrize(
    "name",
    [pytest.param("parameters", id="parameters"), pytest.param("engineSettings", id="settings")],
)
def test_the_documents_of_a_run_can_be_had_so_too(name: str) -> None:
    """Each document of the real answer has its method."""
    data = {"id": "7", "arn": "arn:x", "status": "RUNNING", name: {"water": {"liters": 3}}}
    run = real.GetRunResponse.from_dict(data)
    method = run.parameters_as if name == "parameters" else run.engine_settings_as
    assert method(dict[str, dict[str, int]]) == {"water": {"liters": 3}}


def test_an_absent_document_can_not() -> None:
    """The error says which document it is about."""
    with pytest.raises(UnreadableResponseError) as caught:
        models.GetPlantResponse(id="7", status=enums.PlantStatus.SOWN).recipe_as(dict)
    assert caught.value.path == "$.recipe"


@pytest.mark.parametrize(
    ("model", "ref"),
    [
        pytest.param(
            models.PlantSeedResponse(id="7", uuid="u"), _run_ref.RunRef("7", "u"), id="with-uuid"
        ),
        pytest.param(models.PlantSeedResponse(id="7"), _run_ref.RunRef("7"), id="uuid-absent"),
        pytest.param(models.PlantItem(id="7"), _run_ref.RunRef("7"), id="without-uuid"),
        pytest.param(
            models.LayOutBedResponse(first_plant_id="7", first_plant_uuid="u"),
            _run_ref.RunRef("7", "u"),
            id="id-that-may-be-absent",
        ),
        pytest.param(models.LayOutBedResponse(first_plant_uuid="u"), None, id="id-absent"),
        pytest.param(
            real.StartRunResponse(id="7", uuid="u"), _run_ref.RunRef("7", "u"), id="started-run"
        ),
        pytest.param(
            real.GetRunResponse(
                id="7", run_id="3", uuid="u", arn="arn:x", status=RunStatus.RUNNING
            ),
            _run_ref.RunRef("7", "u"),
            id="run-that-duplicates-another",
        ),
        pytest.param(
            real.RunListItem(id="7", arn="arn:x", status=RunStatus.RUNNING),
            _run_ref.RunRef("7"),
            id="listed-run",
        ),
    ],
)
def test_identity(model: Any, ref: _run_ref.RunRef | None) -> None:
    """`ref` is what config.toml says that identity is."""
    assert model.ref == ref


MODELS = [
    pytest.param(seed(request_id="t", labels={"a": "b"}, recipe={"x": [1]}), id="request"),
    pytest.param(models.GetPlantResponse.from_dict(PLANT), id="response"),
    pytest.param(models.UprootPlantResponse(), id="empty-response"),
    pytest.param(bed(title="Roses", mulch="BARK", recipe={"x": [1]}), id="request-with-parts"),
    pytest.param(bed(models.UnknownFilling("peat", [1])), id="request-with-an-unknown-variant"),
    pytest.param(models.LayOutBedResponse.from_dict(BED), id="response-with-parts"),
    pytest.param(models.FillingLayers([models.Layer(height=1)]), id="variant"),
    pytest.param(models.Leaf(grams=1.5), id="structure"),
]


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize(
    "twin",
    [
        pytest.param(lambda model: pickle.loads(pickle.dumps(model)), id="pickle"),
        pytest.param(copy.copy, id="copy"),
        pytest.param(copy.deepcopy, id="deepcopy"),
        pytest.param(lambda model: type(model).from_dict(model.to_dict()), id="dict"),
    ],
)
def test_models_are_equal_by_value(model: Any, twin: Callable[[Any], Any]) -> None:
    """A model survives whatever a queue or a cache does to it."""
    made = twin(model)
    assert made == model
    assert made is not model


@pytest.mark.parametrize("model", MODELS)
def test_models_are_unhashable(model: Any) -> None:
    """They hold dicts; an honest error beats one that depends on which members are set."""
    assert type(model).__hash__ is None
    with pytest.raises(TypeError, match=f"unhashable type: '{type(model).__name__}'"):
        hash(model)


@pytest.mark.parametrize("model", MODELS)
def test_models_are_frozen(model: Any) -> None:
    """Nobody changes an answer under somebody else's eyes, or adds to it."""
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        model.id = "8"


def test_metadata_is_no_part_of_equality() -> None:
    """Two answers with the same content are the same answer."""
    metadata = ResponseMetadata(aws_request_id="r", attempts=2)
    made = models.PlantSeedResponse(id="7", response_metadata=metadata)
    assert made == models.PlantSeedResponse(id="7")


def test_a_request_draws_its_token_once() -> None:
    """The request object is the unit of idempotency."""
    request = seed()
    assert request.request_id == request.request_id
    assert request.to_dict()["requestId"] == request.request_id
    assert request.request_id != seed().request_id


@pytest.mark.parametrize(
    "keep",
    [
        pytest.param(lambda r: pickle.loads(pickle.dumps(r)), id="pickle"),
        pytest.param(copy.copy, id="copy"),
        pytest.param(copy.deepcopy, id="deepcopy"),
        pytest.param(lambda r: type(r).from_dict(r.to_dict()), id="dict"),
    ],
)
def test_copies_keep_a_drawn_token(keep: Callable[[Any], Any]) -> None:
    """A request that crosses a process still starts nothing twice."""
    request = seed()
    assert keep(request).request_id == request.request_id


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda r: attrs.evolve(r, count=2), id="evolve"),
        pytest.param(lambda r: r.replace(count=2), id="replace"),
    ],
)
def test_a_changed_request_is_another_request(change: Callable[[Any], Any]) -> None:
    """A drawn token is drawn anew, a token that the caller gave is the caller's affair."""
    drawn, given = seed(), seed(request_id="mine")
    assert change(drawn).request_id != drawn.request_id
    assert change(given).request_id == "mine"


def test_an_empty_token_is_a_mistake_and_not_a_wish_for_one() -> None:
    """Only None has a token drawn; an empty string is found out."""
    assert seed(request_id="").problems() == (
        ("request_id", "must have 1 to 127 characters, got 0"),
    )


def test_requests_copy_their_containers() -> None:
    """What the caller changes later changes no request."""
    recipe, labels, neighbors = {"x": [1]}, {"a": "b"}, ["1"]
    request = seed(recipe=recipe, labels=labels, neighbors=neighbors)
    recipe["x"].append(2)
    labels["c"] = "d"
    neighbors.append("2")
    assert (request.recipe, request.labels, request.neighbors) == ({"x": [1]}, {"a": "b"}, ("1",))


def test_rules_name_every_bad_member() -> None:
    """The rules of the model reach each member, however deep."""
    no_season: Any = "WINTER"
    request = models.PlantSeedRequest(
        name="",
        seasons=[no_season],
        bed_id="bed-xyz",
        water_per_day=100_001,
        neighbors=["a"],
        labels={"": "v" * 257},
        policy="",
    )
    assert {path for path, _ in request.problems()} == {
        "bed_id",
        "labels key ''",
        "labels['']",
        "name",
        "neighbors[0]",
        "policy",
        "seasons[0]",
        "water_per_day",
    }


def test_a_request_with_parts_becomes_json_and_back() -> None:
    """Parts and variants travel under the service's names, documents as they are."""
    layers = models.FillingLayers([models.Layer(height=20, mulch="BARK")])
    request = bed(layers, title="Roses", recipe={"Water": {"liters": None}})
    assert request.to_dict() == {
        "plan": {
            "heading": "Roses",
            "rows": [{"plantId": "7"}],
            "recipe": {"Water": {"liters": None}},
        },
        "filling": {"layers": [{"height": 20, "mulch": "BARK"}]},
    }
    assert models.LayOutBedRequest.from_dict(request.to_dict()) == request


def test_what_an_answer_gave_can_be_sent_again() -> None:
    """A part that is both sent and received is one class, with a request's rules."""
    answer = models.LayOutBedResponse.from_dict({**BED, "plan": {"rows": [{"plantId": "7"}]}})
    assert answer.plan is not None
    assert answer.filling is not None
    request = models.LayOutBedRequest(plan=answer.plan, filling=answer.filling)
    assert request.problems() == ()
    assert request.to_dict()["filling"] == BED["filling"]


def test_a_part_of_an_answer_is_read_as_any() -> None:
    """Enums stay open and what is unknown is kept, though a request has the part as well."""
    answer = models.LayOutBedResponse.from_dict(BED)
    assert answer.plan is not None
    assert answer.plan.mulch == "GRAVEL"
    assert isinstance(answer.plan.mulch, enums.Mulch)
    assert answer.plan.rows == (models.Row(plant_id="7"), models.Row(plant_id="8", spacing=30))
    assert answer.plan.corner == models.Corner(is_round=True)
    assert answer.plan.extra == {"smell": "nice"}
    assert answer.plan.recipe_as(dict[str, dict[str, int | None]]) == {"water": {"liters": None}}
    assert answer.to_dict() == BED


@pytest.mark.parametrize(
    ("data", "outcome"),
    [
        pytest.param({"done": {"row": 3}}, models.OutcomeDone(models.Plot(row=3)), id="structure"),
        pytest.param(
            {"refusal": "FROST"}, models.OutcomeRefusal(enums.WitheringReason.FROST), id="enum"
        ),
        pytest.param({"details": {"x": None}}, models.OutcomeDetails({"x": None}), id="document"),
        pytest.param({"rain": [1]}, models.UnknownOutcome("rain", [1]), id="newer"),
    ],
)
def test_a_union_is_read_as_the_variant_that_is_there(
    data: dict[str, Any], outcome: models.Outcome
) -> None:
    """One that is newer than the release is kept as it came."""
    answer = models.LayOutBedResponse.from_dict({"outcome": data})
    assert answer.outcome == outcome
    assert answer.to_dict() == {"outcome": data}


@pytest.mark.parametrize(
    ("data", "path"),
    [
        pytest.param({"outcome": {}}, "$.outcome", id="no-variant"),
        pytest.param(
            {"outcome": {"refusal": "FROST", "details": {}}}, "$.outcome", id="two-variants"
        ),
        pytest.param({"outcome": {"done": {"row": "3"}}}, "$.outcome.done.row", id="inside"),
        pytest.param(
            {"filling": {"layers": [{"height": "x"}]}}, "$.filling.layers[0].height", id="item"
        ),
        pytest.param({"filling": {"compost": 7}}, "$.filling.compost", id="string"),
        pytest.param({"plan": {"rows": "x"}}, "$.plan.rows", id="part"),
    ],
)
def test_an_answer_names_the_place_in_a_part_that_can_not_be_read(
    data: dict[str, Any], path: str
) -> None:
    """However deep it is."""
    with pytest.raises(UnreadableResponseError) as caught:
        models.LayOutBedResponse.from_dict(data)
    assert caught.value.path == path


def test_an_answer_may_give_back_a_part_with_less_than_it_was_sent_with() -> None:
    """What a request could not be without is None then, and the rest of the answer is there."""
    plan = models.LayOutBedResponse.from_dict({"plan": {}}).plan
    assert plan is not None
    assert plan.rows is None


def test_a_document_of_a_variant_can_be_had_as_a_class_of_the_callers() -> None:
    """As that of any model."""
    assert models.OutcomeDetails({"x": 3}).value_as(dict[str, int]) == {"x": 3}


def test_a_hand_written_class_adds_to_a_model() -> None:
    """config.toml names it in [mixins]; the model stays as lean as it was."""
    answer = models.LayOutBedResponse.from_dict(BED)
    assert answer.row_count == 2
    assert models.LayOutBedResponse().row_count == 0
    assert not hasattr(answer, "__dict__")


def test_a_hand_written_class_adds_to_an_enum() -> None:
    """To the values that it knows and to those that are newer, which stay what they are."""
    assert enums.WitheringReason.FROST.words == "It was the frost."
    newer = enums.WitheringReason("SNAIL")
    assert (newer.words, newer.is_known) == ("It was the snail.", False)


def test_rules_reach_into_parts_and_variants() -> None:
    """Each place is named by its way from the request."""
    no_row: Any = {"plantId": "7"}
    no_mulch: Any = "GRAVEL"
    request = models.LayOutBedRequest(
        plan=models.BedPlan(
            title="",
            rows=[models.Row(plant_id="x", spacing=-1), no_row],
            mulch=no_mulch,
            policy="",
        ),
        corner=models.Corner(extra={"angle": 90}),
        filling=models.FillingLayers([models.Layer(height=100_001)] * 4),
    )
    assert [path for path, _ in request.problems()] == [
        "plan.title",
        "plan.rows[0].plant_id",
        "plan.rows[0].spacing",
        "plan.rows[1]",
        "plan.mulch",
        "plan.policy",
        "corner.angle",
        "filling.value",
        *(f"filling.value[{place}].height" for place in range(4)),
    ]


def test_secrets_in_parts_stay_out_of_reprs_and_messages() -> None:
    """Whether a part or a variant holds them."""
    request = bed(models.FillingPolicy("secret" * 400), policy="secret" * 400)
    assert "secret" not in repr(request)
    assert "secret" not in repr(request.plan)
    assert "secret" not in repr(request.filling)
    assert [path for path, what in request.problems() if "secret" not in what] == [
        "plan.policy",
        "filling.value",
    ]


def test_operations_know_their_requests() -> None:
    """Members go where the model says, under the names that it says."""
    planting = operations.OPERATIONS["PlantSeedRequest"]
    assert planting is operations.PLANT_SEED
    assert planting.body["season"] == "growingSeason"
    assert planting.token == "request_id"
    assert operations.GET_PLANT.query == {"show": "showSeasons"}
    assert operations.LIST_PLANTS.paging is not None
    assert operations.LIST_PLANTS.paging.largest == 25
    assert operations.UPROOT_PLANT.labels == {"id": "id", "bed_id": "bedId"}
    assert (operations.GET_PLANT.read_only, planting.read_only) == (True, False)


def test_errors_know_their_codes() -> None:
    """Codes, statuses and faults lead to the class, and the class to its code."""
    assert errors.ERRORS_BY_CODE["RushException"] is errors.RushError
    assert errors.ERRORS_BY_STATUS[404] is errors.MissingPlantError
    assert errors.FAULT_BY_CODE == {"RushException": "throttling", "FrostException": "transient"}
    assert errors.FrostError.service_code == "FrostException"
    assert issubclass(errors.FrostError, (ServiceError, TimeoutError))


@pytest.mark.parametrize(
    ("enum", "terminal"),
    [
        pytest.param(RunStatus, {"COMPLETED", "FAILED", "CANCELLED", "DELETED"}, id="runs"),
        pytest.param(TaskStatus, {"COMPLETED", "FAILED", "CANCELLED"}, id="tasks"),
    ],
)
def test_terminal_statuses(enum: type[RunStatus | TaskStatus], terminal: set[str]) -> None:
    """A status says whether anything can follow; one that is not known promises nothing."""
    assert {status.value for status in enum if status.is_terminal} == terminal
    assert not enum("PAUSED").is_terminal


ANSWERS: dict[str, dict[str, Any]] = {
    "StartRun": {"id": "1"},
    "GetRun": {"id": "1", "arn": "arn:x", "status": "RUNNING"},
    "ListRuns": {"items": [{"id": "1", "arn": "arn:x", "status": "RUNNING"}]},
    "CancelRun": {},
    "DeleteRun": {},
    "ListRunTasks": {"items": [{"taskId": "2", "status": "RUNNING"}]},
    "GetRunTask": {"taskId": "2", "status": "RUNNING"},
}
CALLS: list[tuple[str, tuple[str, ...], dict[str, Any], type[Request[Any]]]] = [
    (
        "start_run",
        (),
        {"role_arn": "arn:x", "output_uri": "s3://b", "request_id": "t", "workflow_id": "9"},
        real.StartRunRequest,
    ),
    ("get_run", ("1",), {"export": ["DEFINITION"]}, real.GetRunRequest),
    ("list_runs", (), {"status": "RUNNING", "max_results": 5}, real.ListRunsRequest),
    ("cancel_run", ("1",), {}, real.CancelRunRequest),
    ("delete_run", ("1",), {}, real.DeleteRunRequest),
    ("list_run_tasks", ("1",), {"status": "FAILED"}, real.ListRunTasksRequest),
    ("get_run_task", ("1", "2"), {}, real.GetRunTaskRequest),
]
METHODS = [pytest.param(*call, id=call[0]) for call in CALLS]


class Recorder:
    """What was sent, and an answer to it."""

    def __init__(self) -> None:
        self.sent: list[tuple[Any, Any, Any]] = []

    def answer(self, request: Request[Out], timeout: object, retry: object) -> Out:
        self.sent.append((request, timeout, retry))
        operation = operation_of(request, OPERATIONS)
        answer: Out = operation.response.from_dict(ANSWERS[operation.name])
        return answer


class SyncClient(SyncOperations):
    """A client that sends nothing."""

    def __init__(self) -> None:
        self.recorder = Recorder()

    def send(self, request: Request[Out], *, timeout: Any = None, retry: Any = None) -> Out:
        return self.recorder.answer(request, timeout, retry)


class AsyncClient(AsyncOperations):
    """The same, in the other color."""

    def __init__(self) -> None:
        self.recorder = Recorder()

    async def send(self, request: Request[Out], *, timeout: Any = None, retry: Any = None) -> Out:
        return self.recorder.answer(request, timeout, retry)


def expected(
    request: type[Request[Any]], ids: tuple[str, ...], members: dict[str, Any]
) -> Request[Any]:
    """Return the request that a method should build."""
    names = OPERATIONS[request.__name__].labels
    return request(**dict(zip(names, ids, strict=True)), **members)


@pytest.mark.parametrize(("name", "ids", "members", "request_type"), METHODS)
def test_sync_methods_send_their_request(
    name: str, ids: tuple[str, ...], members: dict[str, Any], request_type: type[Request[Any]]
) -> None:
    """Each argument reaches the member of its name, and the options reach `send`."""
    client = SyncClient()
    answer = getattr(client, name)(*ids, **members, timeout=3, retry="policy")
    assert client.recorder.sent == [(expected(request_type, ids, members), 3, "policy")]
    assert isinstance(answer, OPERATIONS[request_type.__name__].response)


@pytest.mark.parametrize(("name", "ids", "members", "request_type"), METHODS)
def test_async_methods_send_their_request(
    name: str, ids: tuple[str, ...], members: dict[str, Any], request_type: type[Request[Any]]
) -> None:
    """The async methods are the sync ones in the other color."""
    client = AsyncClient()
    answer = asyncio.run(getattr(client, name)(*ids, **members, timeout=3, retry="policy"))
    assert client.recorder.sent == [(expected(request_type, ids, members), 3, "policy")]
    assert isinstance(answer, OPERATIONS[request_type.__name__].response)


@pytest.mark.parametrize(
    ("name", "ids", "wanted"),
    [
        pytest.param(
            "iter_runs", (), real.ListRunsRequest(starting_token="t", max_results=1), id="runs"
        ),
        pytest.param(
            "iter_run_tasks",
            ("1",),
            real.ListRunTasksRequest(id="1", starting_token="t", max_results=1),
            id="tasks",
        ),
    ],
)
def test_iterators_send_the_requests_of_their_list(
    name: str, ids: tuple[str, ...], wanted: Request[Any]
) -> None:
    """Arguments and options reach every page, in both colors."""
    sync_client, async_client = SyncClient(), AsyncClient()
    options: dict[str, Any] = {
        "starting_token": "t",
        "max_results": 5,
        "limit": 1,  # and so no page needs to be larger
        "timeout": 3,
        "retry": "policy",
    }

    async def collect() -> list[Any]:
        return [item async for item in getattr(async_client, name)(*ids, **options)]

    assert list(getattr(sync_client, name)(*ids, **options)) == asyncio.run(collect())
    assert sync_client.recorder.sent == [(wanted, 3, "policy")]
    assert async_client.recorder.sent == [(wanted, 3, "policy")]


@pytest.mark.parametrize("name", [pytest.param(call[0], id=call[0]) for call in CALLS])
def test_only_ids_are_positional(name: str) -> None:
    """A parameter that the service adds can be put anywhere without breaking a call."""
    parameters = list(inspect.signature(getattr(SyncOperations, name)).parameters.values())[1:]
    positional = [p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]
    request = next(call[3] for call in CALLS if call[0] == name)
    assert positional == list(OPERATIONS[request.__name__].labels)


@pytest.mark.parametrize("name", [pytest.param(call[0], id=call[0]) for call in CALLS])
def test_both_colors_have_the_same_parameters_and_docstrings(name: str) -> None:
    """Nobody has to learn the methods twice."""
    sync_method, async_method = getattr(SyncOperations, name), getattr(AsyncOperations, name)
    assert inspect.signature(sync_method) == inspect.signature(async_method)
    assert inspect.getdoc(sync_method) == inspect.getdoc(async_method)


@pytest.mark.parametrize(
    "cls",
    [
        pytest.param(kind, id=name)
        for name in real.__all__
        if isinstance(kind := getattr(real, name), type)  # and no alias of a union
    ],
)
def test_each_model_links_to_the_page_of_the_service(cls: type) -> None:
    """A reader is one click from what the service itself says, whichever it is."""
    folder = "AmazonCloudWatchLogs/latest/APIReference" if is_of_logs(cls) else "omics/latest/api"
    last = (inspect.getdoc(cls) or "").splitlines()[-1]
    assert f"https://docs.aws.amazon.com/{folder}/API_" in last


def is_of_logs(cls: type) -> bool:
    """Return whether a model is one of CloudWatch Logs."""
    return cls.__module__.endswith(".logs")
