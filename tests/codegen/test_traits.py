"""Anything in the model that the generator doesn't understand stops it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from codegen.problems import GeneratorError
from tests.codegen.garden import Garden

Change = Callable[[Garden], object]


def shape(name: str, **traits: object) -> Change:
    """Return a change of a shape's traits."""
    return lambda garden: garden.shapes[name].update(traits)


def member(model: str, name: str, **traits: object) -> Change:
    """Return a change of a member's traits, or a new member."""
    return lambda garden: garden.shapes[model]["members"].setdefault(name, {}).update(traits)


def operation(name: str, **traits: object) -> Change:
    """Return a change of an operation's traits."""
    return lambda garden: garden.operations[name].update(traits)


def path(uri: str) -> Change:
    """Return a change of the path that a plant is got from."""
    return lambda garden: garden.operations["GetPlant"]["http"].update(requestUri=uri)


def optional_label(garden: Garden) -> None:
    """Make the id of a plant optional."""
    garden.shapes["GetPlantRequest"]["required"].remove("id")


def required(model: str, name: str) -> Change:
    """Return a change that makes a structure require a member."""
    return lambda garden: garden.shapes[model].setdefault("required", []).append(name)


def label(name: str) -> Change:
    """Return a change of the shape of a plant's id, which is in a path."""
    return member("GetPlantRequest", "id", shape=name)


def query(name: str) -> Change:
    """Return a change of the shape of a parameter of a query."""
    return member("GetPlantRequest", "show", shape=name)


def nested_query(garden: Garden) -> None:
    """Put lists of lists into a query."""
    garden.shapes["Seasons"]["member"]["shape"] = "Neighbors"


def head(garden: Garden) -> None:
    """Let a request with a body be a HEAD."""
    garden.operations["PlantSeed"]["http"]["method"] = "HEAD"


def without(*keys: str) -> Change:
    """Return a change that takes something from the model, by the path to it."""

    def change(garden: Garden) -> None:
        place = garden.model
        for key in keys[:-1]:
            place = place[key]
        del place[keys[-1]]

    return change


def no_input(garden: Garden) -> None:
    """Take the request from an operation."""
    del garden.operations["WeighPlant"]["input"]


UNSUPPORTED = [
    # the service
    pytest.param(
        lambda garden: garden.model["metadata"].update(protocol="json"),
        "the service: its protocol is 'json', not 'rest-json'",
        id="service-protocol",
    ),
    pytest.param(
        lambda garden: garden.model["metadata"].update(signatureVersion="bearer"),
        "the service: its signatureVersion is 'bearer', not 'v4'",
        id="service-signature",
    ),
    pytest.param(
        lambda garden: garden.model["metadata"].update(awsQueryCompatible={}),
        "the service: unknown trait 'awsQueryCompatible'",
        id="service-trait",
    ),
    # operations
    pytest.param(
        operation("GetPlant", authtype="none"),
        "GetPlant: unknown trait 'authtype'",
        id="operation-trait",
    ),
    pytest.param(
        operation("GetPlant", endpoint={"hostPrefix": "{id}."}),
        "GetPlant: its host prefix '{id}.' has a label",
        id="operation-host-prefix-label",
    ),
    pytest.param(
        operation("GetPlant", input={"shape": "GetPlantRequest", "xmlNamespace": {}}),
        "GetPlant, its input: unknown trait 'xmlNamespace'",
        id="operation-input-trait",
    ),
    pytest.param(
        operation("GetPlant", output={"shape": "GetPlantResponse", "resultWrapper": "r"}),
        "GetPlant, its output: unknown trait 'resultWrapper'",
        id="operation-output-trait",
    ),
    pytest.param(
        operation("GetPlant", errors=[{"shape": "FrostException", "fault": True}]),
        "GetPlant, its error FrostException: unknown trait 'fault'",
        id="operation-error-trait",
    ),
    pytest.param(no_input, "WeighPlant: it has no input", id="operation-without-input"),
    pytest.param(
        operation("GetPlant", input={"shape": "Recipe"}),
        "Recipe: an operation takes something else than members",
        id="operation-input-document",
    ),
    pytest.param(
        operation("LayOutBed", input={"shape": "Filling"}),
        "Filling: an operation takes something else than members",
        id="operation-input-union",
    ),
    pytest.param(path("/plant/{id+}"), "has a greedy label", id="path-greedy-label"),
    pytest.param(path("/plant/{id}?full"), "has a query", id="path-query"),
    pytest.param(path("/plant"), "does not name exactly its uri members", id="path-without-label"),
    pytest.param(
        path("/plant/{id}/{leaf}"),
        "does not name exactly its uri members",
        id="path-unknown-label",
    ),
    pytest.param(optional_label, "its uri member 'id' is not required", id="path-optional-label"),
    # shapes
    pytest.param(
        shape("Text", sensitive=True), "Text: unknown trait 'sensitive'", id="string-trait"
    ),
    pytest.param(
        shape("Seasons", flattened=True), "Seasons: unknown trait 'flattened'", id="list-trait"
    ),
    pytest.param(
        shape("Labels", locationName="entry"),
        "Labels: unknown trait 'locationName'",
        id="map-trait",
    ),
    pytest.param(
        shape("Leaves", member={"shape": "Leaf", "locationName": "item"}),
        "Leaves, its member: unknown trait 'locationName'",
        id="list-member-trait",
    ),
    pytest.param(
        shape("Filling", members={}),
        "Filling: a union has no variants",
        id="union-without-variants",
    ),
    pytest.param(
        shape("Filling", required=["layers"]),
        "Filling: a union requires a variant",
        id="union-with-required",
    ),
    pytest.param(shape("Plot", payload="row"), "Plot: unknown trait 'payload'", id="payload"),
    pytest.param(shape("Leaf", xmlOrder=[]), "Leaf: unknown trait 'xmlOrder'", id="xml-order"),
    pytest.param(shape("Text", type="blob"), "Text: its type is 'blob'", id="blob"),
    pytest.param(
        shape("Moment", timestampFormat="rfc822"),
        "Moment: its timestampFormat is 'rfc822'",
        id="timestamp-format",
    ),
    pytest.param(
        shape("Recipe", members={"salt": {"shape": "Flag"}}),
        "Recipe: a document has members",
        id="document-with-members",
    ),
    pytest.param(
        shape("PlotsByYear", key={"shape": "Count"}),
        "PlotsByYear: its keys are no strings",
        id="map-keys",
    ),
    pytest.param(
        member("Plot", "leaf", shape="Leaf"), "Leaf: it contains itself", id="recursive-structure"
    ),
    # members of requests
    pytest.param(
        member("PlantSeedRequest", "count", deprecated=True),
        "PlantSeedRequest.count: unknown trait 'deprecated'",
        id="request-member-trait",
    ),
    pytest.param(
        member("PlantSeedRequest", "count", location="header"),
        "PlantSeedRequest.count: it travels in 'header'",
        id="request-header",
    ),
    pytest.param(
        member("PlantSeedRequest", "count", location="headers"),
        "PlantSeedRequest.count: it travels in 'headers'",
        id="request-headers",
    ),
    pytest.param(
        member("PlantSeedRequest", "count", shape="Grams"),
        "PlantSeedRequest.count (Grams): a request has a double",
        id="request-float",
    ),
    pytest.param(
        member("PlantSeedRequest", "count", shape="Moment"),
        "PlantSeedRequest.count (Moment): a request has a timestamp",
        id="request-timestamp",
    ),
    pytest.param(
        member("PlantSeedRequest", "count", shape="PlotsByYear"),
        "PlantSeedRequest.count (PlotsByYear): a request has a map of something else than strings",
        id="request-map-of-structures",
    ),
    # parts of requests
    pytest.param(
        member("BedPlan", "mulch", location="querystring"),
        "BedPlan.mulch: it travels in 'querystring'",
        id="part-location",
    ),
    pytest.param(
        member("Filling", "layers", location="uri"),
        "Filling.layers: it travels in 'uri'",
        id="variant-location",
    ),
    *(
        pytest.param(
            member(model, name, idempotencyToken=True),
            f"{model}.{name}: unknown trait 'idempotencyToken'",
            id=f"token-in-{case}",
        )
        for case, model, name in (
            ("part", "BedPlan", "value"),
            ("item", "Row", "plantId"),
            ("union", "Filling", "compostUri"),
        )
    ),
    *(
        pytest.param(
            member(model, name, shape=kind),
            f"{model}.{name} ({kind}): a request has a {said}",
            id=f"{said}-in-{model}",
        )
        for kind, said in (("Moment", "timestamp"), ("Grams", "double"))
        for model, name in (("BedPlan", "value"), ("Row", "spacing"), ("Filling", "compostUri"))
    ),
    *(
        pytest.param(
            shape("Rows", member={"shape": inner}),
            "(Rows): a request has a list of something else than strings and structures",
            id=f"list-of-{case}",
        )
        for case, inner in (
            ("lists", "Neighbors"),
            ("maps", "Labels"),
            ("documents", "Recipe"),
            ("numbers", "Count"),
            ("flags", "Flag"),
        )
    ),
    *(
        pytest.param(
            shape("Labels", value={"shape": inner}),
            "(Labels): a request has a map of something else than strings",
            id=f"map-of-{case}",
        )
        for case, inner in (
            ("lists", "Neighbors"),
            ("structures", "Row"),
            ("unions", "Filling"),
        )
    ),
    *(
        pytest.param(
            member(model, "again", shape=name),
            f"{name}: it contains itself",
            id=f"{name}-in-{model}",
        )
        for model, name in (
            ("BedPlan", "BedPlan"),
            ("Row", "BedPlan"),
            ("Layer", "Filling"),
            ("Filling", "Filling"),
            ("Corner", "LayOutBedRequest"),
        )
    ),
    pytest.param(
        member("BedPlan", "value", locationName="rows"),
        "BedPlan: 'rows' and 'value' are both 'rows' on the wire",
        id="wire-name-twice-in-a-part",
    ),
    pytest.param(
        member("Filling", "policy", locationName="layers"),
        "Filling: 'layers' and 'policy' are both 'layers' on the wire",
        id="wire-name-twice-in-a-union",
    ),
    # places of members of requests
    *(
        pytest.param(query(name), f"GetPlantRequest.show: a query has a {kind}", id=f"query-{case}")
        for case, name, kind in (
            ("map", "Labels", "map"),
            ("document", "Recipe", "structure"),
            ("structure", "Corner", "structure"),
            ("union", "Filling", "structure"),
        )
    ),
    pytest.param(
        nested_query,
        "GetPlantRequest.show (Seasons): a request has a list of something else than strings",
        id="query-nested-list",
    ),
    pytest.param(
        query("Rows"), "GetPlantRequest.show: a query has structures", id="query-structures"
    ),
    *(
        pytest.param(label(name), f"GetPlantRequest.id: a path has a {kind}", id=f"label-{case}")
        for case, name, kind in (
            ("boolean", "Flag", "boolean"),
            ("list", "Seasons", "list"),
            ("map", "Labels", "map"),
            ("document", "Recipe", "structure"),
            ("structure", "Corner", "structure"),
            ("union", "Filling", "structure"),
        )
    ),
    pytest.param(
        member("GetPlantRequest", "name", shape="Text"),
        "GetPlantRequest.name: a GET has a body",
        id="body-of-a-get",
    ),
    pytest.param(head, "PlantSeedRequest.bedId: a HEAD has a body", id="body-of-a-head"),
    *(
        pytest.param(
            member("PlantSeedRequest", "requestId", shape=name),
            "PlantSeedRequest.requestId: its idempotency token is no plain string",
            id=f"token-{case}",
        )
        for case, name in (("number", "Count"), ("enum", "Season"), ("list", "Neighbors"))
    ),
    pytest.param(
        member("PlantSeedRequest", "requestId", location="querystring"),
        "PlantSeedRequest.requestId: its idempotency token is not in the body",
        id="token-in-the-query",
    ),
    pytest.param(
        member("PlantSeedRequest", "bedId", idempotencyToken=True),
        "PlantSeedRequest: it has 2 idempotency tokens",
        id="token-twice",
    ),
    pytest.param(
        member("PlantSeedRequest", "name", locationName="count"),
        "PlantSeedRequest: 'name' and 'count' are both 'count' on the wire",
        id="wire-name-twice-in-a-body",
    ),
    pytest.param(
        member("ListPlantsRequest", "status", locationName="maxResults"),
        "ListPlantsRequest: 'status' and 'maxResults' are both 'maxResults' on the wire",
        id="wire-name-twice-in-a-query",
    ),
    pytest.param(
        member("UprootPlantRequest", "bedId", locationName="id"),
        "UprootPlantRequest: 'id' and 'bedId' are both 'id' on the wire",
        id="wire-name-twice-in-a-path",
    ),
    pytest.param(
        member("Plot", "row", locationName="isSunny"),
        "Plot: 'row' and 'isSunny' are both 'isSunny' on the wire",
        id="wire-name-twice-in-an-answer",
    ),
    *(
        pytest.param(
            required(model, "soil"),
            f"{model}: it requires 'soil', which is no member of it",
            id=f"required-unknown-{case}",
        )
        for case, model in (
            ("request", "PlantSeedRequest"),
            ("response", "GetPlantResponse"),
            ("structure", "Plot"),
            ("part", "BedPlan"),
            ("error", "FrostException"),
        )
    ),
    # members of answers
    pytest.param(
        member("GetPlantResponse", "name", location="header"),
        "GetPlantResponse.name: it travels in 'header'",
        id="response-header",
    ),
    pytest.param(
        member("GetPlantResponse", "name", location="statusCode"),
        "GetPlantResponse.name: it travels in 'statusCode'",
        id="response-status-code",
    ),
    pytest.param(
        member("GetPlantResponse", "name", streaming=True),
        "GetPlantResponse.name: unknown trait 'streaming'",
        id="response-streaming",
    ),
    pytest.param(
        member("Leaf", "plot", jsonvalue=True),
        "Leaf.plot: unknown trait 'jsonvalue'",
        id="nested-member-trait",
    ),
    *(
        pytest.param(
            shape(name, **{part: {"shape": "Recipe"}}),
            f"{name}: an answer has a {kind} of documents",
            id=f"{kind}-of-documents",
        )
        for name, part, kind in (("Leaves", "member", "list"), ("PlotsByYear", "value", "map"))
    ),
    # errors
    pytest.param(
        shape("FrostException", synthetic=True),
        "FrostException: unknown trait 'synthetic'",
        id="error-trait",
    ),
    pytest.param(
        shape("FrostException", error={"httpStatusCode": 503, "code": "Cold"}),
        "FrostException: unknown trait 'code'",
        id="error-code-trait",
    ),
    pytest.param(
        shape("FrostException", retryable={"after": 5}),
        "FrostException: unknown trait 'after'",
        id="error-retryable-trait",
    ),
    pytest.param(
        member("FrostException", "degrees", shape="Count"),
        "FrostException: an error has more members than a message",
        id="error-member",
    ),
    pytest.param(
        member("FrostException", "message", locationName="Message"),
        "FrostException.message: unknown trait 'locationName'",
        id="error-message-trait",
    ),
    # what is not there
    *(
        pytest.param(without(*keys), said, id=f"without-{case}")
        for case, keys, said in (
            ("metadata", ["metadata"], "the service's model: it has no 'metadata'"),
            ("operations", ["operations"], "the service's model: it has no 'operations'"),
            ("shapes", ["shapes"], "the service's model: it has no 'shapes'"),
            ("protocol", ["metadata", "protocol"], "the service: its protocol is None"),
            ("http", ["operations", "GetPlant", "http"], "GetPlant: it has no 'http'"),
            (
                "method",
                ["operations", "GetPlant", "http", "method"],
                "GetPlant, its http: it has no 'method'",
            ),
            (
                "path",
                ["operations", "GetPlant", "http", "requestUri"],
                "GetPlant, its http: it has no 'requestUri'",
            ),
            (
                "input-shape",
                ["operations", "GetPlant", "input", "shape"],
                "GetPlant, its input: it has no 'shape'",
            ),
            (
                "request-member-shape",
                ["shapes", "PlantSeedRequest", "members", "count", "shape"],
                "PlantSeedRequest.count: it has no 'shape'",
            ),
            (
                "response-member-shape",
                ["shapes", "Plot", "members", "row", "shape"],
                "Plot.row: it has no 'shape'",
            ),
            (
                "part-member-shape",
                ["shapes", "BedPlan", "members", "mulch", "shape"],
                "BedPlan.mulch: it has no 'shape'",
            ),
            (
                "variant-shape",
                ["shapes", "Compost"],
                "Filling.compostUri: the model has no shape 'Compost'",
            ),
            (
                "list-member-shape",
                ["shapes", "Leaves", "member", "shape"],
                "Leaves, its member: it has no 'shape'",
            ),
            ("type", ["shapes", "Text", "type"], "Text: it has no 'type'"),
            ("list-member", ["shapes", "Leaves", "member"], "Leaves: it has no 'member'"),
            ("map-key", ["shapes", "Labels", "key"], "Labels: it has no 'key'"),
            ("members", ["shapes", "Plot", "members"], "Plot: it has no 'members'"),
            (
                "error",
                ["shapes", "FrostException", "error"],
                "FrostException: it has no 'error'",
            ),
            (
                "error-status",
                ["shapes", "FrostException", "error", "httpStatusCode"],
                "FrostException, its error: it has no 'httpStatusCode'",
            ),
            ("shape", ["shapes", "Plot"], "Leaf.plot: the model has no shape 'Plot'"),
            (
                "error-shape",
                ["shapes", "FrostException"],
                "GetPlant, its errors: the model has no shape 'FrostException'",
            ),
            (
                "output-structure",
                ["shapes", "GetPlantResponse"],
                "GetPlant, its output: the model has no shape 'GetPlantResponse'",
            ),
            (
                "list-shape",
                ["shapes", "PlantItem"],
                "PlantList, its member: the model has no shape 'PlantItem'",
            ),
        )
    ),
    pytest.param(
        lambda garden: garden.shapes.update(Plot=[]), "Plot: it is no object", id="shape-list"
    ),
    *(
        pytest.param(
            operation("WeighPlant", output={"shape": name}),
            f"{name}: an operation gives something else than members",
            id=f"output-{name}",
        )
        for name in ("Text", "Leaves", "Labels", "Recipe", "Outcome")
    ),
    # paginators
    pytest.param(
        lambda garden: garden.paginators.clear(),
        "paginators.json: it has no 'pagination'",
        id="no-paginators",
    ),
    pytest.param(
        lambda garden: garden.partitions.clear(),
        "partitions.json: it has no 'partitions'",
        id="no-partitions",
    ),
    pytest.param(
        lambda garden: garden.partitions["partitions"][0].pop("regions"),
        "partitions.json: a partition has no 'regions'",
        id="partition-without-regions",
    ),
    pytest.param(
        lambda garden: garden.partitions["partitions"][0].pop("outputs"),
        "partitions.json: a partition has no 'outputs'",
        id="partition-without-outputs",
    ),
    pytest.param(
        lambda garden: garden.partitions["partitions"][0]["outputs"].pop("dnsSuffix"),
        "partitions.json: a partition has no 'dnsSuffix'",
        id="partition-without-suffix",
    ),
    pytest.param(
        lambda garden: garden.paginators["pagination"]["ListPlants"].pop("result_key"),
        "ListPlants, its paginator: it has no 'result_key'",
        id="paginator-without-items",
    ),
    pytest.param(
        lambda garden: garden.paginators["pagination"]["ListPlants"].update(more_results="more"),
        "ListPlants, its paginator: unknown 'more_results': 'more'",
        id="paginator-trait",
    ),
    pytest.param(
        lambda garden: garden.paginators["pagination"]["ListPlants"].update(
            input_token=["startingToken", "row"]
        ),
        "ListPlants, its paginator: unknown 'input_token': ['startingToken', 'row']",
        id="paginator-two-tokens",
    ),
    pytest.param(
        lambda garden: garden.paginators["pagination"]["ListPlants"].update(result_key="trees"),
        "ListPlants, its paginator: ListPlantsResponse has no member 'trees'",
        id="paginator-unknown-member",
    ),
    pytest.param(
        lambda garden: garden.paginators["pagination"]["ListPlants"].update(result_key="nextToken"),
        "ListPlants: its items 'nextToken' are not a list that is always present",
        id="paginator-items-no-list",
    ),
    pytest.param(
        lambda garden: garden.paginators["pagination"].update(
            GetPlant=garden.paginators["pagination"]["ListPlants"]
        ),
        "GetPlant, its paginator: its name does not begin with List",
        id="paginator-name",
    ),
]


@pytest.mark.parametrize(("change", "said"), UNSUPPORTED)
def test_unsupported_model_stops_the_generator(garden: Garden, change: Change, said: str) -> None:
    """The message names the place and the trait, and ends with what to do."""
    change(garden)
    with pytest.raises(GeneratorError) as caught:
        garden.read()
    assert said in str(caught.value)
    assert caught.value.todo


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(operation("GetPlant", idempotent=True), id="idempotent"),
        pytest.param(shape("Count", box=True), id="box"),
        *(pytest.param(label(name), id=f"label-{name}") for name in ("Text", "Liters", "Count")),
        *(
            pytest.param(query(name), id=f"query-{name}")
            for name in ("Text", "Liters", "Count", "Flag", "Seasons")
        ),
        pytest.param(shape("Plot", union=True), id="union"),
        pytest.param(member("Row", "corner", shape="Corner"), id="part-of-a-part"),
        pytest.param(member("Layer", "corner", shape="Corner"), id="part-of-a-variant"),
        pytest.param(member("BedPlan", "filling", shape="Filling"), id="union-in-a-part"),
        pytest.param(shape("Rows", member={"shape": "Filling"}), id="list-of-unions"),
        pytest.param(shape("Leaves", member={"shape": "Outcome"}), id="answered-list-of-unions"),
        pytest.param(shape("FrostException", fault=False), id="fault"),
        pytest.param(shape("Epoch", timestampFormat="iso8601"), id="timestamp-format"),
    ],
)
def test_known_traits_pass(garden: Garden, change: Change) -> None:
    """The lists of known traits are not narrower than what is understood."""
    change(garden)
    garden.read(draft=True)


def test_an_operation_answers_with_200_unless_it_says_otherwise(garden: Garden) -> None:
    """As botocore has it."""
    del garden.operations["PlantSeed"]["http"]["responseCode"]
    made = {operation.name: operation.status_code for operation in garden.read().operations}
    assert (made["PlantSeed"], made["UprootPlant"]) == (200, 202)


def test_an_error_is_no_shorter_than_where_what_and_todo() -> None:
    """The three parts of a message make two sentences."""
    error = GeneratorError("Plot", "it is a swamp", "Drain it")
    assert str(error) == "Plot: it is a swamp. Drain it."
