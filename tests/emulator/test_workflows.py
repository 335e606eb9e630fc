"""Workflows in the emulator: added, made by boto3, made up, and looked at by the SDK."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from omics_runs import OmicsRunsClient, errors
from omics_runs.emulator import Emulator, Fault, VirtualClock
from omics_runs.models import DefaultRunSetting, InlineSetting, InlineSettings
from tests.emulator.conftest import ROLE, Caller, code

TEMPLATE = {"reads": {"description": "FASTQ"}, "depth": {"optional": True}}

ZIP = b"PK\x05\x06" + bytes(18)
"""A zip file without files."""


@pytest.fixture
def known(clock: VirtualClock) -> Emulator:
    """Return an emulator that knows a workflow of each type."""
    emulator = Emulator(clock)
    emulator.add_workflow("11", name="mine", engine="WDL", parameter_template=TEMPLATE)
    emulator.add_workflow("12", name="theirs", type="READY2RUN")
    return emulator


@pytest.fixture
def client(known: Emulator) -> Iterator[OmicsRunsClient]:
    """Return a client of `known`."""
    with known.client() as client:
        yield client


def start(client: OmicsRunsClient, **arguments: Any) -> str:
    """Start a run, and return its id."""
    return client.start_run(role_arn=ROLE, output_uri="s3://bucket/out", **arguments).id


def move(emulator: Emulator, seconds: float) -> None:
    """Let virtual time pass."""
    assert isinstance(emulator.clock, VirtualClock)
    emulator.clock.advance(seconds)


def test_added(client: OmicsRunsClient) -> None:
    """A workflow has what it was added with, and is ACTIVE."""
    workflow = client.get_workflow("11")
    assert (workflow.id, workflow.name, workflow.engine) == ("11", "mine", "WDL")
    assert (workflow.type, workflow.status) == ("PRIVATE", "ACTIVE")
    assert workflow.arn == "arn:aws:omics:us-west-2:123456789012:workflow/11"
    assert workflow.parameter_template is not None
    assert workflow.parameter_template["reads"].description == "FASTQ"
    assert workflow.parameter_template["depth"].optional is True
    assert workflow.definition is workflow.readme is None


def test_added_template_is_a_copy() -> None:
    """A template that is changed after it was added changes no workflow."""
    template: dict[str, dict[str, object]] = {"reads": {}}
    emulator = Emulator()
    workflow_id = emulator.add_workflow(parameter_template=template)
    template["more"] = {}
    with emulator.client() as client:
        found = client.get_workflow(workflow_id).parameter_template
    assert found is not None
    assert list(found) == ["reads"]


def test_made_up(client: OmicsRunsClient, clock: VirtualClock) -> None:
    """A number that nobody has added is an ACTIVE private workflow, always the same one."""
    first = client.get_workflow("99")
    clock.advance(1000)
    assert client.get_workflow("99") == first
    assert (first.status, first.type, first.engine) == ("ACTIVE", "PRIVATE", "NEXTFLOW")
    assert client.get_workflow("98").uuid != first.uuid
    assert "99" not in [workflow.id for workflow in client.iter_workflows()]


def test_runs_agree(client: OmicsRunsClient) -> None:
    """A run names the uuid and the digest of its workflow."""
    run = client.get_run(start(client, workflow_id="99"))
    workflow = client.get_workflow("99")
    assert (run.workflow_uuid, run.digest) == (workflow.uuid, workflow.digest)


@pytest.mark.parametrize(
    ("workflow_id", "kind"),
    [
        pytest.param("12", None, id="ready to run, type not asked for"),
        pytest.param("12", "PRIVATE", id="ready to run, asked for as private"),
        pytest.param("11", "READY2RUN", id="private, asked for as ready to run"),
        pytest.param("99", "READY2RUN", id="not there"),
    ],
)
def test_wrong_type(client: OmicsRunsClient, workflow_id: str, kind: Any) -> None:
    """A workflow is found by those who ask for its type, and by nobody else."""
    with pytest.raises(errors.ResourceNotFoundError, match=f"Workflow {workflow_id} not found"):
        client.get_workflow(workflow_id, type=kind)
    with pytest.raises(errors.ResourceNotFoundError, match=f"Workflow {workflow_id} not found"):
        client.list_workflow_versions(workflow_id, type=kind)


def test_ready_to_run(client: OmicsRunsClient) -> None:
    """A READY2RUN workflow is of no account."""
    workflow = client.get_workflow("12", type="READY2RUN")
    assert (workflow.name, workflow.type) == ("theirs", "READY2RUN")
    assert workflow.arn == "arn:aws:omics:us-west-2::workflow/12"


def test_strict() -> None:
    """Where workflows must be added, others are not found."""
    with (
        Emulator(strict_workflows=True).client() as client,
        pytest.raises(errors.ResourceNotFoundError, match="Workflow 99 not found"),
    ):
        client.get_workflow("99")


def test_exported(client: OmicsRunsClient) -> None:
    """Links to the definition and to the README are there for those who ask for them."""
    both = client.get_workflow("11", export=["DEFINITION", "README"])
    readme = client.get_workflow("11", export=["README"])
    assert both.definition is not None
    assert both.definition.endswith("/11/definition.zip")
    assert both.readme == readme.readme
    assert readme.readme is not None
    assert readme.definition is None


def test_listed(known: Emulator, client: OmicsRunsClient) -> None:
    """Lists are of one type, the private one if none is asked for, and newest first."""
    newest = known.add_workflow(name="mine")
    assert [one.id for one in client.iter_workflows(max_results=1)] == [newest, "11"]
    assert [one.id for one in client.iter_workflows(type="READY2RUN")] == ["12"]
    assert [one.id for one in client.iter_workflows(name="mine")] == [newest, "11"]
    assert [one.id for one in client.iter_workflows(name="theirs")] == []


@pytest.mark.parametrize(
    ("parameters", "problem"),
    [
        pytest.param({}, "missing: reads", id="missing"),
        pytest.param(None, "missing: reads", id="no parameters at all"),
        pytest.param({"reads": 1, "x": 2}, "no such parameters: x", id="not in the template"),
    ],
)
def test_parameters_refused(client: OmicsRunsClient, parameters: Any, problem: str) -> None:
    """A run must have the parameters that its workflow's template needs, and no other ones."""
    with pytest.raises(errors.ValidationError, match=problem):
        start(client, workflow_id="11", parameters=parameters)


@pytest.mark.parametrize(
    "parameters",
    [
        pytest.param({"reads": "s3://bucket/reads"}, id="what is needed"),
        pytest.param({"reads": None, "depth": 30}, id="all, one of them null"),
    ],
)
def test_parameters_accepted(client: OmicsRunsClient, parameters: Any) -> None:
    """What is optional may be left out."""
    run = start(client, workflow_id="11", parameters=parameters)
    assert client.get_run(run).parameters == parameters


def test_parameters_of_ready_to_run_workflows(known: Emulator) -> None:
    """The parameters of READY2RUN workflows are not looked at."""
    workflow_id = known.add_workflow(type="READY2RUN", parameter_template=TEMPLATE)
    with known.client() as client:
        run = start(client, workflow_id=workflow_id, workflow_type="READY2RUN")
        assert client.get_run(run).status == "PENDING"


def test_created(boto: Any, local: Emulator) -> None:
    """boto3 makes a workflow, which keeps what the service gives back, and the SDK finds it."""
    made = boto.create_workflow(
        name="assembly",
        description="puts reads together",
        engine="CWL",
        definitionZip=ZIP,
        main="main.cwl",
        parameterTemplate=TEMPLATE,
        storageCapacity=1200,
        tags={"a": "b"},
        containerRegistryMap={
            "registryMappings": [{"upstreamRegistryUrl": "quay.io", "ecrRepositoryPrefix": "quay"}]
        },
    )
    assert made["ResponseMetadata"]["HTTPStatusCode"] == 201
    assert made["status"] == "CREATING"
    assert made["tags"] == {"a": "b"}
    with local.client() as client:
        workflow = client.get_workflow(made["id"])
    assert (workflow.arn, workflow.uuid) == (made["arn"], made["uuid"])
    assert (workflow.name, workflow.engine) == ("assembly", "CWL")
    assert (workflow.main, workflow.description) == ("main.cwl", "puts reads together")
    assert workflow.storage_capacity == 1200
    assert workflow.tags == {"a": "b"}
    assert workflow.parameter_template is not None
    assert set(workflow.parameter_template) == {"reads", "depth"}
    assert workflow.container_registry_map is not None
    assert workflow.extra == {}


def test_waiter(boto: Any, local: Emulator) -> None:
    """A workflow is CREATING for some seconds; boto3's waiter meets an ACTIVE one at once."""
    workflow_id = boto.create_workflow(definitionZip=ZIP)["id"]
    assert boto.get_workflow(id=workflow_id)["status"] == "CREATING"
    move(local, 10)
    boto.get_waiter("workflow_active").wait(id=workflow_id)
    assert local.count("GetWorkflow") == 2


def test_version_waiter(boto: Any, local: Emulator) -> None:
    """The same goes for a workflow's version."""
    workflow_id = boto.create_workflow(definitionZip=ZIP)["id"]
    version = {"workflowId": workflow_id, "versionName": "2.0"}
    assert boto.create_workflow_version(**version, definitionZip=ZIP)["status"] == "CREATING"
    move(local, 10)
    boto.get_waiter("workflow_version_active").wait(**version)
    assert local.count("GetWorkflowVersion") == 1


def test_created_once(boto: Any) -> None:
    """The same request makes one workflow; another of the same request id is a conflict."""
    first = boto.create_workflow(name="one", requestId="token")
    again = boto.create_workflow(name="one", requestId="token")
    assert again["id"] == first["id"]
    with pytest.raises(boto.exceptions.ConflictException):
        boto.create_workflow(name="two", requestId="token")
    assert [one["id"] for one in boto.list_workflows()["items"]] == [first["id"]]


def test_versions(boto: Any, local: Emulator) -> None:
    """Versions are made by boto3, and looked at by the SDK; each has its own ARN and tags."""
    workflow_id = boto.create_workflow(name="assembly")["id"]
    boto.create_workflow_version(workflowId="99", versionName="1.0")
    first = boto.create_workflow_version(
        workflowId=workflow_id, versionName="1.0", description="the first", engine="WDL"
    )
    boto.create_workflow_version(workflowId=workflow_id, versionName="2.0", tags={"a": "b"})
    with local.client() as client:
        found = client.get_workflow_version(workflow_id, version_name="1.0", export=["DEFINITION"])
        listed = list(client.iter_workflow_versions(workflow_id, max_results=1))
        client.tag_resource(first["arn"], tags={"c": "d"})
        tagged = client.get_workflow_version(workflow_id, version_name="1.0")
        newer = client.get_workflow_version(workflow_id, version_name="2.0")
    assert first["arn"].endswith(f":workflow/{workflow_id}/version/1.0")
    assert (found.arn, found.uuid) == (first["arn"], first["uuid"])
    assert (found.workflow_id, found.version_name) == (workflow_id, "1.0")
    assert (found.description, found.engine) == ("the first", "WDL")
    assert found.definition is not None
    assert [one.version_name for one in listed] == ["2.0", "1.0"]
    assert [one.description for one in listed] == [None, "the first"]
    assert (tagged.tags, newer.tags) == ({"c": "d"}, {"a": "b"})


def test_version_of_a_run(boto: Any) -> None:
    """A run of a version must have the parameters of that one's template."""
    workflow_id = boto.create_workflow(parameterTemplate={"old": {}})["id"]
    boto.create_workflow_version(
        workflowId=workflow_id, versionName="2.0", parameterTemplate={"new": {}}
    )
    usual = {"workflowId": workflow_id, "roleArn": ROLE, "outputUri": "s3://bucket/out"}
    assert boto.start_run(**usual, workflowVersionName="2.0", parameters={"new": 1})["id"]
    with pytest.raises(boto.exceptions.ValidationException):
        boto.start_run(**usual, parameters={"new": 1})


def test_version_made_twice(boto: Any) -> None:
    """A version of a name that there is already is a conflict, unless it is the same request."""
    version = {"workflowId": "99", "versionName": "1.0"}
    first = boto.create_workflow_version(**version, requestId="token")
    assert boto.create_workflow_version(**version, requestId="token")["uuid"] == first["uuid"]
    with pytest.raises(boto.exceptions.ConflictException):
        boto.create_workflow_version(**version)


def test_unknown_version(client: OmicsRunsClient) -> None:
    """A version that nobody has made is not found, and is in no list."""
    with pytest.raises(errors.ResourceNotFoundError, match=r"Version 1\.0 of workflow 11"):
        client.get_workflow_version("11", version_name="1.0")
    assert client.list_workflow_versions("11").items == ()


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        pytest.param({"requestId": None}, "'requestId'", id="no request id"),
        pytest.param({"stray": 1}, "'stray'", id="no such member"),
        pytest.param({"engine": "MAKE"}, "'engine'", id="no such engine"),
        pytest.param({"storageCapacity": -1}, "'storageCapacity'", id="too small"),
        pytest.param({"name": ""}, "'name'", id="too short"),
        pytest.param({"parameterTemplate": {}}, "'parameterTemplate'", id="empty template"),
        pytest.param(
            {"parameterTemplate": {"x": {"optional": "no"}}}, ".optional'", id="no truth value"
        ),
        pytest.param({"parameterTemplate": {"x": {"default": 1}}}, ".default'", id="stray within"),
        pytest.param({"parameterTemplate": {"x": "text"}}, "JSON object", id="no object"),
        pytest.param(
            {"definitionRepository": {"connectionArn": "arn:x", "sourceReference": None}},
            ".fullRepositoryId'",
            id="repository without an id",
        ),
    ],
)
def test_refused(caller: Caller, changes: dict[str, Any], where: str) -> None:
    """What the service's model does not allow is refused, and named."""
    body = {"requestId": "token", "name": "one"} | changes
    response = caller.http.post("/workflow", json=body)
    assert response.status_code == 400
    assert code(response) == "ValidationException"
    assert where in response.json()["message"]
    assert caller.http.get("/workflow").json() == {"items": []}


def test_too_many_tags(caller: Caller) -> None:
    """More than 50 tags are refused."""
    body = {"requestId": "token", "tags": {f"key {n}": "" for n in range(51)}}
    assert caller.http.post("/workflow", json=body).status_code == 400


def test_faults_and_counts(boto: Any, local: Emulator) -> None:
    """Making workflows can be made to fail, and is counted, like any other operation."""
    local.faults.add(Fault("CreateWorkflow", status=500))
    with pytest.raises(ClientError):
        boto.create_workflow(name="lost")
    assert local.count("CreateWorkflow") == 1


@pytest.mark.parametrize("template", [["reads"], {"reads": "where they are"}])
def test_templates_of_wrong_types(template: Any) -> None:
    """A parameter template that is none is refused at once."""
    with pytest.raises(ValueError, match="mapping of mappings"):
        Emulator().add_workflow(parameter_template=template)


def test_versions_that_there_are_not() -> None:
    """A run or a batch of a known workflow can't name a version that nobody has made."""
    emulator = Emulator()
    emulator.add_workflow("1234567")
    run = {"role_arn": ROLE, "output_uri": "s3://bucket/out"}
    with emulator.client() as client:
        with pytest.raises(errors.ResourceNotFoundError, match="Version v9 of workflow 1234567"):
            client.start_run(workflow_id="1234567", workflow_version_name="v9", **run)
        default = DefaultRunSetting(workflow_id="1234567", workflow_version_name="v9", **run)
        batch = client.start_run_batch(
            default_run_setting=default,
            batch_run_settings=InlineSettings([InlineSetting(run_setting_id="a")]),
        )
        with pytest.raises(errors.BatchFailedError, match="Version v9"):
            client.wait_until_batch(batch)
        assert client.start_run(workflow_id="1", workflow_version_name="v9", **run).id


@pytest.mark.parametrize(
    ("engine", "version_engine", "kept"),
    [
        pytest.param("WDL", "NEXTFLOW", {"profile": "x"}, id="a Nextflow version"),
        pytest.param("NEXTFLOW", "WDL", None, id="a WDL version"),
    ],
)
def test_engine_of_a_version(engine: str, version_engine: str, kept: object) -> None:
    """Engine settings are for the engine of the version that runs."""
    caller = Caller(Emulator(verify_signatures=False))
    made = {"name": "w", "requestId": "w", "engine": engine}
    workflow = caller.http.post("/workflow", json=made).json()["id"]
    version = {"versionName": "v2", "requestId": "v", "engine": version_engine}
    assert caller.http.post(f"/workflow/{workflow}/version", json=version).status_code == 201
    sent = {"workflowVersionName": "v2", "engineSettings": {"profile": "x"}}
    run = caller.start(workflowId=workflow, **sent)
    assert caller.run(run["id"]).get("engineSettings") == kept
