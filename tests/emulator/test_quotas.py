"""How much an account may have: stored runs, run groups and caches, and time for its runs."""

from __future__ import annotations

from typing import Any

import pytest

from omics_runs.emulator import Durations, Emulator, Quotas, TaskPlan, VirtualClock
from omics_runs.models import GetRunResponse
from tests.emulator.conftest import START, Caller, code, seconds

DAY = 86_400.0
WEEK = 604_800.0


def limited(clock: VirtualClock, **options: Any) -> Caller:
    """Return plain HTTP to an emulator with such quotas."""
    settings = {
        name: options.pop(name) for name in ("reuse_ids", "deleted_runs") if name in options
    }
    return Caller(Emulator(clock, verify_signatures=False, quotas=Quotas(**options), **settings))


@pytest.mark.parametrize(
    ("wrong", "match"),
    [
        pytest.param({"max_active_runs": 0}, "max_active_runs", id="no slots"),
        pytest.param({"max_active_runs": 1.5}, "max_active_runs", id="half a slot"),
        pytest.param({"max_stored_runs": True}, "max_stored_runs", id="no number"),
        pytest.param({"max_stored_runs": None}, "max_stored_runs", id="None"),
        pytest.param({"max_run_groups": -1}, "max_run_groups", id="groups"),
        pytest.param({"max_run_caches": 0}, "max_run_caches", id="caches"),
        pytest.param({"max_run_duration": 0}, "max_run_duration", id="no time"),
        pytest.param({"max_run_duration": float("nan")}, "max_run_duration", id="no duration"),
        pytest.param({"max_run_duration": 1e9}, "max_run_duration", id="above ten years"),
    ],
)
def test_impossible_quotas(wrong: dict[str, Any], match: str) -> None:
    """Quotas that no account can have are refused at once, by their names."""
    with pytest.raises(ValueError, match=match):
        Quotas(**wrong)


def test_defaults() -> None:
    """The defaults are the service's, and there is none for active runs."""
    quotas = Quotas()
    assert quotas.max_active_runs is None
    assert quotas.max_run_duration == WEEK
    assert (quotas.max_stored_runs, quotas.max_run_groups) == (5_000, 1_000)
    assert quotas.max_run_caches == 1_000


class TestTimeOut:
    """A run that is RUNNING for too long."""

    @staticmethod
    def ended(caller: Caller, run_id: str) -> tuple[str, float, float]:
        """Return how a run ended, and the seconds before it was RUNNING and from then on."""
        run = GetRunResponse.from_dict(caller.run(run_id))
        waited = seconds(run.creation_time, run.start_time)
        return str(run.status), waited, seconds(run.start_time, run.stop_time)

    @pytest.mark.parametrize(
        ("running", "quota", "minutes", "expected"),
        [
            pytest.param(10 * DAY, WEEK, None, WEEK, id="seven days"),
            pytest.param(WEEK, WEEK, None, None, id="seven days to the second"),
            pytest.param(3600, WEEK, 30, 1800, id="its group's minutes"),
            pytest.param(3600, 600, 30, 600, id="the account's, which are less"),
            pytest.param(1800, WEEK, 30, None, id="in time"),
        ],
    )
    def test_limits(
        self,
        clock: VirtualClock,
        running: float,
        quota: float,
        minutes: int | None,
        expected: float | None,
    ) -> None:
        """A run fails when it has been RUNNING for longer than its group and account allow."""
        caller = limited(clock, max_run_duration=quota)
        caller.emulator.plan(durations=Durations(running=running))
        group = caller.emulator.add_run_group(max_duration=minutes)
        run_id = caller.start(runGroupId=group)["id"]
        clock.advance(20 * DAY)
        run = caller.run(run_id)
        if expected is None:
            assert self.ended(caller, run_id) == ("COMPLETED", 630, running + 60)
            assert "failureReason" not in run
        else:
            assert self.ended(caller, run_id) == ("FAILED", 630, expected + 60)
            assert run["failureReason"] == "RUN_TIMED_OUT"
            assert f"{expected:g} seconds" in run["statusMessage"]

    def test_stopping(self, clock: VirtualClock) -> None:
        """A run that is out of time is STOPPING first; its tasks under way are cancelled."""
        caller = limited(clock, max_run_duration=1000)
        run_id = caller.start()["id"]
        clock.advance(1635)
        assert caller.run(run_id)["status"] == "STOPPING"
        clock.advance(60)
        tasks = [task["status"] for task in caller.tasks(run_id)["items"]]
        assert tasks == ["COMPLETED", "CANCELLED"]

    def test_reason_is_not_planned(self, clock: VirtualClock) -> None:
        """The reason of a time-out is its own, whatever was planned for later."""
        caller = limited(clock, max_run_duration=1000)
        tasks = [TaskPlan(name="Bad", ends="FAILED", window=(0, 0.1))]
        caller.emulator.plan(ends="FAILED", failure_reason="SERVICE_ERROR", tasks=tasks)
        run_id = caller.start()["id"]
        clock.advance(10_000)
        assert caller.run(run_id)["failureReason"] == "RUN_TIMED_OUT"
        (task,) = caller.tasks(run_id)["items"]
        assert "failureReason" not in caller.task(run_id, task["taskId"])

    def test_change_of_plan(self, clock: VirtualClock) -> None:
        """A run that is led to another end has no more time than before, but may need less."""
        caller = limited(clock, max_run_duration=1000)
        longer, shorter = (caller.start()["id"] for _ in range(2))
        clock.advance(1000)
        caller.emulator.plan(run_id=longer, after=9000)
        caller.emulator.plan(run_id=shorter, after=1200)
        clock.advance(10_000)
        assert self.ended(caller, longer) == ("FAILED", 630, 1060)
        assert caller.run(longer)["failureReason"] == "RUN_TIMED_OUT"
        assert self.ended(caller, shorter) == ("COMPLETED", 630, 570)

    def test_counts_from_running(self, clock: VirtualClock) -> None:
        """The time that a run waits for its slot does not count."""
        caller = limited(clock, max_run_duration=1900, max_active_runs=1)
        caller.start()
        run_id = caller.start()["id"]
        clock.advance(10_000)
        assert self.ended(caller, run_id) == ("COMPLETED", 3090, 1860)


class TestRetention:
    """An account that stores as many runs as it may."""

    def test_oldest_goes_first(self, clock: VirtualClock) -> None:
        """The oldest run that may be removed makes room, and is not found from then on."""
        caller = limited(clock, max_stored_runs=3)
        kept = caller.start(name="kept")["id"]
        first = caller.start(name="first", retentionMode="REMOVE")["id"]
        second = caller.start(name="second", retentionMode="REMOVE")["id"]
        clock.advance(10_000)
        caller.start(name="new")
        response = caller.http.get(f"/run/{first}")
        assert (response.status_code, code(response)) == (404, "ResourceNotFoundException")
        assert {caller.run(kept)["name"], caller.run(second)["name"]} == {"kept", "second"}
        caller.start(name="newer")
        assert [item["name"] for item in caller.list()["items"]] == ["newer", "new", "kept"]

    def test_oldest_is_by_start(self, clock: VirtualClock) -> None:
        """The oldest is the run that was started first, not the one that ended first."""
        caller = limited(clock, max_stored_runs=2)
        caller.emulator.plan("long", after=5000)
        caller.start(name="long", retentionMode="REMOVE")
        caller.start(name="short", retentionMode="REMOVE")
        clock.advance(10_000)
        caller.start(name="new")
        assert [item["name"] for item in caller.list()["items"]] == ["new", "short"]

    def test_refused(self, clock: VirtualClock) -> None:
        """If all runs are to be kept, a StartRun is refused until one is deleted."""
        caller = limited(clock, max_stored_runs=1)
        run_id = caller.start()["id"]
        clock.advance(10_000)
        response = caller.http.post("/run", json=START)
        assert (response.status_code, code(response)) == (402, "ServiceQuotaExceededException")
        assert list(caller.emulator.runs) == [run_id]
        caller.delete(run_id)
        assert caller.http.post("/run", json=START).status_code == 201

    def test_active_runs_stay(self, clock: VirtualClock) -> None:
        """A run that has not ended is not removed, however it ends later."""
        caller = limited(clock, max_stored_runs=1)
        run_id = caller.start(retentionMode="REMOVE")["id"]
        assert caller.http.post("/run", json=START).status_code == 402
        caller.cancel(run_id)
        clock.advance(60)
        assert caller.http.post("/run", json=START).status_code == 201

    def test_wrong_requests_remove_nothing(self, clock: VirtualClock) -> None:
        """A request that is refused for another reason, or came before, costs no run."""
        caller = limited(clock, max_stored_runs=2)
        caller.http.post("/run", json=START)
        run_id = caller.start(retentionMode="REMOVE")["id"]
        clock.advance(10_000)
        assert caller.http.post("/run", json=START | {"runId": "9"}).status_code != 201
        assert caller.http.post("/run", json=START).status_code == 201
        assert caller.run(run_id)["status"] == "COMPLETED"

    @pytest.mark.parametrize(
        "options",
        [
            pytest.param({}, id="gone"),
            pytest.param({"deleted_runs": "DELETED"}, id="shown"),
            pytest.param({"reuse_ids": True}, id="id given out again"),
            pytest.param({"deleted_runs": "DELETED", "reuse_ids": True}, id="both"),
        ],
    )
    def test_deleted_runs_do_not_count(self, clock: VirtualClock, options: Any) -> None:
        """Deleted runs take no room, and can't be removed once more."""
        caller = limited(clock, max_stored_runs=2, **options)
        caller.start(name="a", retentionMode="REMOVE")
        run_id = caller.start(name="b", retentionMode="REMOVE")["id"]
        clock.advance(10_000)
        caller.delete(run_id)
        caller.start(name="c", retentionMode="REMOVE")
        assert {"a", "c"} <= {item["name"] for item in caller.list()["items"]}
        caller.start(name="d")
        assert {"c", "d"} <= {item["name"] for item in caller.list()["items"]}
        assert "a" not in {item["name"] for item in caller.list()["items"]}
        assert caller.http.post("/run", json=START).status_code == 402

    def test_ids_of_removed_runs_come_again(self, clock: VirtualClock) -> None:
        """If ids are given out again, so is that of a run that was removed."""
        caller = limited(clock, max_stored_runs=1, reuse_ids=True)
        first = caller.start(retentionMode="REMOVE")
        clock.advance(10_000)
        second = caller.start(retentionMode="REMOVE")
        assert second["id"] == first["id"]
        assert second["uuid"] != first["uuid"]
        assert caller.http.post("/run", json=START).status_code == 402


@pytest.mark.parametrize("wrong", ["", "x", "12a", "1" * 19, "-1", "1\n"])
@pytest.mark.parametrize("kind", ["add_run_group", "add_run_cache", "add_workflow"])
def test_impossible_ids(emulator: Emulator, kind: str, wrong: str) -> None:
    """An id that no request may name is refused at once."""
    with pytest.raises(ValueError, match="digits"):
        getattr(emulator, kind)(wrong)


@pytest.mark.parametrize("limit", ["max_runs", "max_cpus", "max_gpus", "max_duration"])
@pytest.mark.parametrize("wrong", [0, -1, 1.5, True])
def test_impossible_maxima(emulator: Emulator, limit: str, wrong: Any) -> None:
    """A group's maximum is a whole number above 0."""
    with pytest.raises(ValueError, match=limit):
        emulator.add_run_group(**{limit: wrong})


def test_run_groups_and_caches_have_quotas() -> None:
    """No more groups and caches can be added than the account may have; changing one is no more."""
    emulator = Emulator(quotas=Quotas(max_run_groups=1, max_run_caches=1))
    emulator.add_run_group("100", name="group", max_runs=1)
    emulator.add_run_group("100", max_runs=2)
    emulator.add_run_cache("200", name="cache", s3_uri="s3://bucket/x", behavior="CACHE_ALWAYS")
    emulator.add_run_cache("200")
    with pytest.raises(ValueError, match="no more than 1"):
        emulator.add_run_group()
    with pytest.raises(ValueError, match="no more than 1"):
        emulator.add_run_cache("201")
