"""Batches, and what else clients create, outlast the emulator too."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from omics_runs import OmicsRunsClient
from omics_runs.emulator import Durations, Emulator, VirtualClock
from omics_runs.models import DefaultRunSetting, InlineSetting, InlineSettings, S3UriSettings
from tests.emulator.conftest import ROLE

BRIEF = Durations(pending=5, starting=5, running=20, stopping=5)
DEFAULT = DefaultRunSetting(
    workflow_id="1", role_arn=ROLE, output_uri="s3://bucket/out", parameters={"panel": "exome"}
)
FILE = "s3://bucket/settings.json"


class World:
    """An emulator with a client, which is restarted between two steps if it keeps its data."""

    def __init__(self, path: Path | None, **options: Any) -> None:
        self.path = path
        self.options = {"durations": BRIEF} | options
        self._open()

    def _open(self) -> None:
        self.clock = VirtualClock()
        self.emulator = Emulator(self.clock, data=self.path, **self.options)
        self.client: OmicsRunsClient = self.emulator.client()

    def step(self, seconds: float) -> None:
        """Let time pass; whoever keeps data is restarted before and after."""
        self._restart()
        self.clock.advance(seconds)
        self.client.list_batch()  # somebody is told of this moment
        self._restart()

    def _restart(self) -> None:
        if self.path is not None:
            self.close()
            self._open()

    def close(self) -> None:
        """Let go of the file."""
        self.emulator.close()

    def start(self, count: int, **members: Any) -> str:
        """Start a batch of some runs, and return its id."""
        settings = [
            InlineSetting(run_setting_id=f"s{n}", name=f"run {n}", parameters={"n": n})
            for n in range(count)
        ]
        return self.client.start_run_batch(
            default_run_setting=DEFAULT, batch_run_settings=InlineSettings(settings), **members
        ).id

    def told(self) -> list[dict[str, Any]]:
        """Return all answers about all batches and their runs."""
        client = self.client
        batches = [client.get_batch(item.id) for item in client.iter_batch()]
        entries = [entry for batch in batches for entry in client.iter_runs_in_batch(batch.id)]
        runs = [client.get_run(item.id) for item in client.iter_runs()]
        return [answer.to_dict() for answer in (*batches, *entries, *runs)]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Return an emulator that keeps its data."""
    with closing(World(tmp_path / "emulator.db", rates="documented")) as made:
        yield made


def life(world: World) -> list[list[dict[str, Any]]]:
    """Take batches through all their statuses; return what was told at each step."""
    world.emulator.add_object(FILE, [{"runSettingId": "f1"}, {"runSettingId": "f2"}])
    world.emulator.plan("run 1", ends="FAILED", failure_reason="OUT_OF_MEMORY_ERROR")
    done, stopped = world.start(3, tags={"a": "b"}), world.start(2, batch_name="stopped")
    world.client.start_run_batch(
        default_run_setting=DEFAULT, batch_run_settings=S3UriSettings(FILE)
    )
    world.client.start_run_batch(
        default_run_setting=DEFAULT, batch_run_settings=S3UriSettings("s3://bucket/none")
    )
    told = [world.told()]
    for _ in range(5):
        world.step(6)
        told.append(world.told())
    world.client.cancel_run_batch(stopped)
    for _ in range(5):
        world.step(6)
        told.append(world.told())
    world.client.delete_run_batch(done)
    world.step(6)
    return [*told, world.told()]


def test_restarts_change_nothing(tmp_path: Path) -> None:
    """With a restart in every status, all answers are those without any."""
    with closing(World(tmp_path / "emulator.db")) as restarted, closing(World(None)) as steady:
        steady.emulator._time.resume(restarted.emulator._time.epoch, 0.0)
        assert life(restarted) == life(steady)
        statuses = {batch.status for batch in restarted.client.iter_batch()}
    assert statuses == {"RUNS_DELETED", "CANCELLED", "PROCESSED", "FAILED"}


def test_submission_goes_on(world: World) -> None:
    """A batch that is restarted again and again submits each of its runs once."""
    batch = world.start(5)
    while not world.client.get_batch(batch).status.is_terminal:
        world.step(1.5)
    entries = list(world.client.iter_runs_in_batch(batch))
    assert [entry.submission_status for entry in entries] == ["SUCCESS"] * 5
    assert {entry.run_id for entry in entries} == {run.id for run in world.client.iter_runs()}
    assert world.client.get_batch(batch).is_success


def test_cancelling_and_deleting_go_on(world: World) -> None:
    """What a batch was busy with when the emulator ended, it does after the restart."""
    batch = world.start(4)
    world.step(25)
    world.client.cancel_run_batch(batch)
    while world.client.get_batch(batch).status != "CANCELLED":
        world.step(1)
    world.client.delete_run_batch(batch)
    while world.client.get_batch(batch).status != "RUNS_DELETED":
        world.step(1)
    assert list(world.client.iter_runs()) == []


def test_request_ids_are_remembered(world: World) -> None:
    """The request of a batch, of a group and of a cache makes none a second time."""
    once = {"request_id": "once"}
    batch = world.start(1, **once)
    group = world.client.create_run_group(name="g", **once).id
    cache = world.client.create_run_cache(cache_s3_location="s3://bucket/cache", **once).id
    world.step(30)
    assert world.start(1, **once) == batch
    assert world.client.create_run_group(name="g", **once).id == group
    assert world.client.create_run_cache(cache_s3_location="s3://bucket/cache", **once).id == cache
    world.step(60)
    world.client.delete_batch(batch)
    world.step(1)
    assert world.start(1, **once) == batch
    assert list(world.client.iter_batch()) == []
