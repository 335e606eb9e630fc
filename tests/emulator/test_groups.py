"""Run groups in the emulator: made once, changed, listed, and kept while runs need them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from omics_runs import OmicsRunsClient, errors
from omics_runs.emulator import Emulator, VirtualClock
from tests.emulator.conftest import ROLE


@pytest.fixture
def client(clock: VirtualClock) -> Iterator[OmicsRunsClient]:
    """Return a client of an emulator whose time stands still."""
    with Emulator(clock).client() as client:
        yield client


def start(client: OmicsRunsClient, group: str) -> str:
    """Start a run in a group, and return its id."""
    return client.start_run(
        workflow_id="1", role_arn=ROLE, output_uri="s3://bucket/out", run_group_id=group
    ).id


def test_created_and_described(client: OmicsRunsClient) -> None:
    """A group has what it was made with, and a limit that was not set is left out."""
    made = client.create_run_group(name="small", max_runs=2, max_duration=60, tags={"a": "b"})
    group = client.get_run_group(made.id)
    assert made.response_metadata.status_code == 201
    assert made.arn == group.arn == f"arn:aws:omics:us-west-2:123456789012:runGroup/{made.id}"
    assert made.tags == group.tags == {"a": "b"}
    assert (group.name, group.max_runs, group.max_duration) == ("small", 2, 60)
    assert group.max_cpus is group.max_gpus is None
    assert group.creation_time is not None


def test_created_once(client: OmicsRunsClient) -> None:
    """The same request makes one group, and gets the answer that it got first."""
    first = client.create_run_group(name="one", request_id="token")
    again = client.create_run_group(name="one", request_id="token")
    assert again == first
    assert [group.id for group in client.iter_run_groups()] == [first.id]


def test_other_request_of_the_same_id(client: OmicsRunsClient) -> None:
    """A request id that was used for another group is a conflict."""
    client.create_run_group(name="one", request_id="token")
    with pytest.raises(errors.ConflictError, match="requestId was used before"):
        client.create_run_group(name="two", request_id="token")


def test_request_ids_are_each_operation_s_own(client: OmicsRunsClient) -> None:
    """A cache may be made with the request id of a group."""
    group = client.create_run_group(request_id="token")
    cache = client.create_run_cache(cache_s3_location="s3://bucket/cache", request_id="token")
    assert client.get_run_group(group.id).id != client.get_run_cache(cache.id).id


def test_updated(client: OmicsRunsClient) -> None:
    """Only what is given changes."""
    group = client.create_run_group(name="before", max_runs=1, max_cpus=8, tags={"a": "b"}).id
    answer = client.update_run_group(group, name="after", max_runs=5)
    changed = client.get_run_group(group)
    assert answer.response_metadata.status_code == 202
    assert (changed.name, changed.max_runs, changed.max_cpus) == ("after", 5, 8)
    assert changed.tags == {"a": "b"}


def test_listed_newest_first(client: OmicsRunsClient) -> None:
    """Pages go from the newest group to the oldest; the items have no tags."""
    made = [client.create_run_group(tags={"a": "b"}).id for _ in range(5)]
    pages = list(client.iter_run_groups(max_results=2).pages())
    assert [[group.id for group in page.items] for page in pages] == [
        [made[4], made[3]],
        [made[2], made[1]],
        [made[0]],
    ]
    assert "tags" not in pages[0].response_metadata.raw["items"][0]


def test_listed_by_name(client: OmicsRunsClient) -> None:
    """A list of one name has no other groups."""
    wanted = [client.create_run_group(name=name).id for name in ("a", "b", "a")][::2]
    client.create_run_group()
    assert [group.id for group in client.iter_run_groups(name="a")] == wanted[::-1]


def test_token_of_another_list(client: OmicsRunsClient) -> None:
    """A page token goes with the filter of its list."""
    for _ in range(2):
        client.create_run_group(name="a")
    token = client.list_run_groups(name="a", max_results=1).next_token
    with pytest.raises(errors.ValidationError, match="startingToken"):
        client.list_run_groups(starting_token=token)


def test_deleting_what_was_read_moves_no_page(client: OmicsRunsClient) -> None:
    """Who deletes the groups of each page meets every group once."""
    made = [client.create_run_group().id for _ in range(5)]
    seen: list[str] = []
    for group in client.iter_run_groups(max_results=2):
        seen.append(group.id)
        client.delete_run_group(group.id)
    assert seen == made[::-1]
    assert client.list_run_groups().items == ()


def test_deleted(client: OmicsRunsClient) -> None:
    """A deleted group is not found, whatever is asked of it."""
    group = client.create_run_group().id
    assert client.delete_run_group(group).response_metadata.status_code == 202
    for call in (client.get_run_group, client.update_run_group, client.delete_run_group):
        with pytest.raises(errors.ResourceNotFoundError, match=f"Run group {group} not found"):
            call(group)
    with pytest.raises(errors.ResourceNotFoundError):
        start(client, group)


def test_not_deleted_while_runs_need_it(client: OmicsRunsClient, clock: VirtualClock) -> None:
    """A group with a run that has not ended stays; runs that have ended hold nothing up."""
    group, other = client.create_run_group().id, client.create_run_group().id
    start(client, group)
    with pytest.raises(errors.ConflictError, match=f"Run group {group} has runs"):
        client.delete_run_group(group)
    client.delete_run_group(other)
    clock.advance(100_000)
    client.delete_run_group(group)
    assert client.list_run_groups().items == ()


def test_no_more_than_a_thousand() -> None:
    """The quota refuses one group more, until another has been deleted."""
    emulator = Emulator()
    groups = [emulator.add_run_group(name="added") for _ in range(1000)]
    with emulator.client() as client:
        with pytest.raises(errors.ServiceQuotaExceededError, match="1000 run groups"):
            client.create_run_group()
        client.delete_run_group(groups[0])
        assert client.create_run_group().id not in groups


def test_too_many_tags(client: OmicsRunsClient) -> None:
    """More than 50 tags are refused, and no group is made."""
    tags = {f"key {n}": "" for n in range(51)}
    with pytest.raises(errors.ValidationError, match="51 tags are given"):
        client.with_options(validate=False).create_run_group(tags=tags)
    assert client.list_run_groups().items == ()


def test_an_update_lets_waiting_runs_start(client: OmicsRunsClient, clock: VirtualClock) -> None:
    """A raised maximum takes effect at that moment; a lowered one ends nothing."""
    group = client.create_run_group(max_runs=1).id
    first, second = start(client, group), start(client, group)
    clock.advance(60)
    assert client.get_run(first).status == "STARTING"
    assert client.get_run(second).status == "PENDING"
    client.update_run_group(group, max_runs=2)
    assert client.get_run(second).status == "STARTING"
    client.update_run_group(group, max_runs=1)
    assert {run.status for run in client.iter_runs()} == {"STARTING"}
