"""Tags in the emulator, of everything that has an ARN."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

import pytest

from omics_runs import OmicsRunsClient, errors
from omics_runs.emulator import Emulator
from tests.emulator.conftest import ROLE, Caller

HERE = "arn:aws:omics:us-west-2:123456789012"


@pytest.fixture
def client() -> Iterator[OmicsRunsClient]:
    """Return a client of an emulator that has a configuration and workflows of both types."""
    emulator = Emulator()
    emulator.add_configuration("vpc")
    emulator.add_workflow("11", name="added")
    emulator.add_workflow("12", type="READY2RUN")
    with emulator.client() as client:
        yield client


Tags: TypeAlias = Mapping[str, str] | None


def of_run(client: OmicsRunsClient) -> tuple[str | None, Callable[[], Tags]]:
    """Start a run; return its ARN, and what tells the tags that it shows itself."""
    run = client.start_run(workflow_id="1", role_arn=ROLE, output_uri="s3://bucket/out")
    return run.arn, lambda: client.get_run(run.id).tags


def of_group(client: OmicsRunsClient) -> tuple[str | None, Callable[[], Tags]]:
    """The same for a run group."""
    group = client.create_run_group()
    return group.arn, lambda: client.get_run_group(group.id).tags


def of_cache(client: OmicsRunsClient) -> tuple[str | None, Callable[[], Tags]]:
    """The same for a run cache."""
    cache = client.create_run_cache(cache_s3_location="s3://bucket/cache")
    return cache.arn, lambda: client.get_run_cache(cache.id).tags


def of_added_workflow(client: OmicsRunsClient) -> tuple[str | None, Callable[[], Tags]]:
    """The same for a workflow that was added."""
    return client.get_workflow("11").arn, lambda: client.get_workflow("11").tags


def of_made_up_workflow(client: OmicsRunsClient) -> tuple[str | None, Callable[[], Tags]]:
    """The same for a workflow that nobody has made."""
    return client.get_workflow("99").arn, lambda: client.get_workflow("99").tags


def of_configuration(client: OmicsRunsClient) -> tuple[str | None, Callable[[], Tags]]:
    """The same for a configuration."""
    return client.get_configuration("vpc").arn, lambda: client.get_configuration("vpc").tags


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(of_run, id="run"),
        pytest.param(of_group, id="run group"),
        pytest.param(of_cache, id="run cache"),
        pytest.param(of_added_workflow, id="workflow"),
        pytest.param(of_made_up_workflow, id="workflow that nobody has made"),
        pytest.param(of_configuration, id="configuration"),
    ],
)
def test_tagged(
    client: OmicsRunsClient,
    make: Callable[[OmicsRunsClient], tuple[str | None, Callable[[], Tags]]],
) -> None:
    """Tags come, change and go, and the resource itself shows them too."""
    arn, shown = make(client)
    assert arn is not None
    assert client.list_tags_for_resource(arn).tags == {}
    answer = client.tag_resource(arn, tags={"a": "1", "b": "2"})
    assert answer.response_metadata.status_code == 204
    client.tag_resource(arn, tags={"b": "3", "ä /+": ""})
    assert client.list_tags_for_resource(arn).tags == {"a": "1", "b": "3", "ä /+": ""}
    client.untag_resource(arn, tag_keys=["a", "ä /+", "never there"])
    assert client.list_tags_for_resource(arn).tags == shown() == {"b": "3"}


@pytest.mark.parametrize(
    "arn",
    [
        pytest.param(f"{HERE}:run/1", id="no such run"),
        pytest.param(f"{HERE}:runGroup/1", id="no such run group"),
        pytest.param(f"{HERE}:runCache/1", id="no such run cache"),
        pytest.param(f"{HERE}:workflow/1/version/1", id="no such version"),
        pytest.param(f"{HERE}:workflow/name", id="no workflow's id"),
        pytest.param(f"{HERE}:workflow/12", id="not a private workflow"),
        pytest.param(f"{HERE}:configuration/other", id="no such configuration"),
        pytest.param(f"{HERE}:nonsense/1", id="no such kind"),
        pytest.param(f"{HERE}:workflow", id="no key"),
        pytest.param("arn:aws:omics:us-west-2:210987654321:workflow/11", id="another account"),
        pytest.param("arn:aws:omics:us-east-1:123456789012:workflow/11", id="another Region"),
        pytest.param("arn:aws:s3:::bucket", id="another service"),
    ],
)
def test_unknown(client: OmicsRunsClient, arn: str) -> None:
    """An ARN that names nothing here is not found."""
    with pytest.raises(errors.ResourceNotFoundError):
        client.list_tags_for_resource(arn)
    with pytest.raises(errors.ResourceNotFoundError):
        client.tag_resource(arn, tags={"a": "b"})
    with pytest.raises(errors.ResourceNotFoundError):
        client.untag_resource(arn, tag_keys=["a"])


def test_deleted_run() -> None:
    """A deleted run has no tags, even where it is still shown."""
    emulator = Emulator(deleted_runs="DELETED")
    with emulator.client() as client:
        started = client.start_run(workflow_id="1", role_arn=ROLE, output_uri="s3://bucket/out")
        client.cancel_run(started.id)
        client.wait_until(started, "CANCELLED")
        client.delete_run(started.id)
        with pytest.raises(errors.ResourceNotFoundError):
            client.list_tags_for_resource(f"{HERE}:run/{started.id}")


def test_strict_workflows() -> None:
    """Where workflows must be added, one that was not has no tags."""
    with (
        Emulator(strict_workflows=True).client() as client,
        pytest.raises(errors.ResourceNotFoundError),
    ):
        client.list_tags_for_resource(f"{HERE}:workflow/99")


def test_too_many(client: OmicsRunsClient) -> None:
    """A resource may have 50 tags in all; a call that would make them more changes nothing."""
    arn = f"{HERE}:workflow/11"
    client.tag_resource(arn, tags={str(n): "" for n in range(50)})
    client.tag_resource(arn, tags={"0": "changed"})
    with pytest.raises(errors.ValidationError, match="50 tags"):
        client.tag_resource(arn, tags={"one": "more"})
    assert len(client.list_tags_for_resource(arn).tags) == 50


def test_path_of_several_segments(caller: Caller) -> None:
    """An ARN is one segment of the path: where its slash is not encoded there is no operation."""
    caller.emulator.add_workflow("11")
    assert caller.http.get(f"/tags/{HERE}:workflow%2F11").status_code == 200
    assert caller.http.get(f"/tags/{HERE}:workflow/11").status_code == 404


def test_boto3(boto: Any) -> None:
    """boto3 tags a run by its ARN, over a socket."""
    arn = boto.start_run(workflowId="1", roleArn=ROLE, outputUri="s3://bucket/out")["arn"]
    boto.tag_resource(resourceArn=arn, tags={"a": "1", "b &": "2"})
    boto.untag_resource(resourceArn=arn, tagKeys=["a", "b"])
    assert boto.list_tags_for_resource(resourceArn=arn)["tags"] == {"b &": "2"}
