"""Configurations in the emulator: what `add_configuration` made, to look at."""

from __future__ import annotations

import httpx
import pytest

from omics_runs import errors
from omics_runs.emulator import Emulator
from tests.emulator.conftest import Caller, code


def test_described() -> None:
    """A configuration has its VPC, and the names by which runs know it."""
    emulator = Emulator()
    emulator.add_configuration("vpc", security_group_ids=["sg-1"], subnet_ids=["s-1", "s-2"])
    with emulator.client() as client:
        found = client.get_configuration("vpc")
    assert found.name == "vpc"
    assert found.arn == "arn:aws:omics:us-west-2:123456789012:configuration/vpc"
    assert found.status == "ACTIVE"
    assert found.uuid is not None
    assert found.creation_time is not None
    assert found.tags == {}
    assert found.run_configurations is not None
    vpc = found.run_configurations.vpc_config
    assert vpc is not None
    assert (vpc.security_group_ids, vpc.subnet_ids) == (("sg-1",), ("s-1", "s-2"))
    assert vpc.vpc_id == "vpc-0123456789abcdef0"


def test_ids_are_lists() -> None:
    """A string is not taken for the ids that its letters would be."""
    with pytest.raises(TypeError, match="subnet_ids must be a list of the type str, got 's-1'"):
        Emulator().add_configuration("vpc", subnet_ids="s-1")


def test_unknown() -> None:
    """A configuration that was not added is not found."""
    with (
        Emulator().client() as client,
        pytest.raises(errors.ResourceNotFoundError, match="Configuration vpc not found"),
    ):
        client.get_configuration("vpc")


def test_listed_newest_first() -> None:
    """A page has ten configurations if no other number is asked for."""
    emulator = Emulator()
    names = [emulator.add_configuration(f"vpc-{n}") for n in range(12)]
    with emulator.client() as client:
        pages = list(client.iter_configurations().pages())
        shorter = client.list_configurations(max_results=3)
    assert [[item.name for item in page.items] for page in pages] == [names[:1:-1], names[1::-1]]
    assert [item.name for item in shorter.items] == names[:8:-1]


def test_no_page_of_more_than_ten(caller: Caller) -> None:
    """More than ten configurations on a page are refused."""
    response: httpx.Response = caller.http.get("/configuration", params={"maxResults": 11})
    assert response.status_code == 400
    assert code(response) == "ValidationException"
