"""Run caches in the emulator: made once, changed, listed, and kept while runs use them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from omics_runs import OmicsRunsClient, errors
from omics_runs.emulator import Emulator, VirtualClock
from tests.emulator.conftest import ROLE

PLACE = "s3://bucket/cache"


@pytest.fixture
def client(clock: VirtualClock) -> Iterator[OmicsRunsClient]:
    """Return a client of an emulator whose time stands still."""
    with Emulator(clock).client() as client:
        yield client


def test_created_and_described(client: OmicsRunsClient) -> None:
    """A cache has what it was made with, and is ACTIVE at once."""
    made = client.create_run_cache(
        cache_s3_location=PLACE,
        name="mine",
        description="for tests",
        cache_behavior="CACHE_ALWAYS",
        cache_bucket_owner_id="210987654321",
        tags={"a": "b"},
    )
    cache = client.get_run_cache(made.id)
    assert made.response_metadata.status_code == 201
    assert made.status == cache.status == "ACTIVE"
    assert made.arn == cache.arn == f"arn:aws:omics:us-west-2:123456789012:runCache/{made.id}"
    assert made.tags == cache.tags == {"a": "b"}
    assert (cache.name, cache.description, cache.cache_s3_uri) == ("mine", "for tests", PLACE)
    assert cache.cache_behavior == "CACHE_ALWAYS"
    assert cache.cache_bucket_owner_id == "210987654321"
    assert cache.creation_time is not None


def test_created_with_little(client: OmicsRunsClient) -> None:
    """A cache of which only the place was told keeps the work of failed runs, and has no name."""
    cache = client.get_run_cache(client.create_run_cache(cache_s3_location=PLACE).id)
    assert cache.cache_behavior == "CACHE_ON_FAILURE"
    assert cache.name is cache.description is cache.cache_bucket_owner_id is None
    assert cache.tags == {}


def test_created_once(client: OmicsRunsClient) -> None:
    """The same request makes one cache; another of the same request id is a conflict."""
    first = client.create_run_cache(cache_s3_location=PLACE, request_id="token")
    assert client.create_run_cache(cache_s3_location=PLACE, request_id="token") == first
    with pytest.raises(errors.ConflictError, match="requestId was used before"):
        client.create_run_cache(cache_s3_location=f"{PLACE}/2", request_id="token")
    assert [cache.id for cache in client.iter_run_caches()] == [first.id]


def test_updated(client: OmicsRunsClient) -> None:
    """Only what is given changes."""
    cache = client.create_run_cache(cache_s3_location=PLACE, name="before", description="kept").id
    answer = client.update_run_cache(cache, name="after", cache_behavior="CACHE_ALWAYS")
    changed = client.get_run_cache(cache)
    assert answer.response_metadata.status_code == 202
    assert (changed.name, changed.description) == ("after", "kept")
    assert changed.cache_behavior == "CACHE_ALWAYS"


def test_listed_newest_first(client: OmicsRunsClient) -> None:
    """Pages go from the newest cache to the oldest."""
    made = [client.create_run_cache(cache_s3_location=PLACE).id for _ in range(3)]
    pages = list(client.iter_run_caches(max_results=2).pages())
    assert [[cache.id for cache in page.items] for page in pages] == [made[:0:-1], made[:1]]
    assert {cache.cache_s3_uri for page in pages for cache in page.items} == {PLACE}


def test_deleted(client: OmicsRunsClient) -> None:
    """A deleted cache is not found, whatever is asked of it."""
    cache = client.create_run_cache(cache_s3_location=PLACE).id
    assert client.delete_run_cache(cache).response_metadata.status_code == 202
    for call in (client.get_run_cache, client.update_run_cache, client.delete_run_cache):
        with pytest.raises(errors.ResourceNotFoundError, match=f"Run cache {cache} not found"):
            call(cache)


def test_not_deleted_while_runs_use_it(client: OmicsRunsClient) -> None:
    """A cache stays while a run uses it, and can go when that was cancelled."""
    cache = client.create_run_cache(cache_s3_location=PLACE).id
    run = client.start_run(
        workflow_id="1", role_arn=ROLE, output_uri="s3://bucket/out", cache_id=cache
    )
    with pytest.raises(errors.ConflictError, match=f"Run cache {cache} is used"):
        client.delete_run_cache(cache)
    client.cancel_run(run.id)
    client.wait_until(run, "CANCELLED")
    client.delete_run_cache(cache)
    assert client.list_run_caches().items == ()


def test_no_more_than_a_thousand() -> None:
    """The quota refuses one cache more."""
    emulator = Emulator()
    for _ in range(1000):
        emulator.add_run_cache(name="added")
    with (
        emulator.client() as client,
        pytest.raises(errors.ServiceQuotaExceededError, match="1000 run caches"),
    ):
        client.create_run_cache(cache_s3_location=PLACE)
