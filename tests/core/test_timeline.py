"""Timelines: what is made of a run and its tasks, as rows, as a picture and as a page."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omics_runs import (
    FailureReason,
    GetRunResponse,
    GetRunTaskResponse,
    Manifest,
    RunManifest,
    RunStatus,
    TaskListItem,
    TaskManifest,
    TaskMetrics,
    TaskStatus,
    Timeline,
    TimelineTask,
    errors,
)
from omics_runs._durations import in_words
from omics_runs._timeline_axis import MOST_TICKS, ticks

ZERO = datetime(2025, 5, 6, 7, 0, tzinfo=UTC)
METRICS = TaskMetrics(
    cpus_reserved=8, cpus_average=6, memory_reserved_gib=32, memory_maximum_gib=24, gpus_reserved=1
)
TALLEST = 1000
SVG = "{http://www.w3.org/2000/svg}"


def at(minutes: float | None) -> datetime | None:
    """Return the moment so many minutes after the run's creation."""
    return None if minutes is None else ZERO + timedelta(minutes=minutes)


def run(status: str = "COMPLETED", stop: float | None = 130, **more: Any) -> RunManifest:
    """Return a run that was created at 0 and began at 10."""
    times = {"creation_time": at(0), "start_time": at(10), "stop_time": at(stop)}
    return RunManifest(arn="arn:run/4711", status=RunStatus(status), **(times | more))


def task(number: int, *times: float | None, status: str = "COMPLETED", **more: Any) -> TaskManifest:
    """Return a task with its creation, start and stop in minutes."""
    names = ("creation_time", "start_time", "stop_time")
    moments = {name: at(time) for name, time in zip(names, times, strict=True)}
    named = {"name": f"task-{number}"} | more
    return TaskManifest(arn=f"arn:task/{number}", status=TaskStatus(status), **moments, **named)


def listed(number: int, **more: Any) -> TaskListItem:
    """Return a task as the list of tasks has it."""
    return TaskListItem.from_dict({"taskId": str(number), "status": "RUNNING"} | more)


ALIGN = task(1, 12, 15, 75, cpus=8, memory=32, metrics=METRICS, instance_type="omics.m.2xlarge")
CACHED = task(2, None, 11, 11)
FAILED = task(3, 76, 80, 120, status="FAILED", gpus=2)
NEVER = task(4, 100, None, 125, status="CANCELLED")
EARLY = task(5, 2, 3, 130)
TASKS = [ALIGN, CACHED, FAILED, NEVER]


def test_the_rows_of_a_timeline() -> None:
    """Each task is a dict, in the order of their first moments, with what is known of it."""
    rows = Timeline.of(run(), TASKS).rows()
    assert [row["task_id"] for row in rows] == ["2", "1", "3", "4"]
    assert rows[1] == {
        "run_id": "4711",
        "task_id": "1",
        "name": "task-1",
        "status": "COMPLETED",
        "failure_reason": None,
        "is_cached": False,
        "is_open": False,
        "instance_type": "omics.m.2xlarge",
        "creation_time": at(12),
        "start_time": at(15),
        "stop_time": at(75),
        "queued_seconds": 180.0,
        "running_seconds": 3600.0,
        "cpus": 8,
        "cpus_reserved": 8,
        "cpus_average": 6,
        "cpus_maximum": None,
        "cpu_efficiency": 0.75,
        "memory_gib": 32,
        "memory_reserved_gib": 32,
        "memory_average_gib": None,
        "memory_maximum_gib": 24,
        "memory_efficiency": 0.75,
        "gpus": None,
        "gpus_reserved": 1,
    }
    assert [row["is_cached"] for row in rows] == [True, False, False, False]
    assert [row["queued_seconds"] for row in rows] == [None, 180.0, 240.0, 1500.0]
    assert [row["running_seconds"] for row in rows] == [0.0, 3600.0, 2400.0, None]


@pytest.mark.parametrize(
    ("of", "tasks", "phases"),
    [
        pytest.param(
            run(),
            TASKS,
            {"queueing": 600, "starting": 60, "running": 6840, "finishing": 300},
            id="ended",
        ),
        pytest.param(run(), [], {"queueing": 600, "running": 7200}, id="no tasks"),
        pytest.param(run(), [NEVER], {"queueing": 600, "running": 7200}, id="none started"),
        pytest.param(run(start_time=None), [], {"queueing": 7800}, id="never began"),
        pytest.param(run(), [EARLY], {"queueing": 600, "running": 7200}, id="before their run"),
        pytest.param(
            run("RUNNING", None),
            [ALIGN],
            {"queueing": 600, "starting": 300, "running": 3600},
            id="going on",
        ),
        pytest.param(
            run("RUNNING", None),
            [task(1, 12, None, None, status="PENDING")],
            {"queueing": 600, "starting": 120},
            id="tasks that wait",
        ),
        pytest.param(None, [ALIGN], {"running": 3600}, id="no run"),
        pytest.param(None, [], {}, id="nothing"),
    ],
)
def test_the_phases_of_a_run(of: Any, tasks: list[TaskManifest], phases: dict[str, float]) -> None:
    """The run's time is queueing, starting, running and finishing, as far as that is known."""
    timeline = Timeline.of(of, tasks)
    assert {phase.name: phase.seconds for phase in timeline.phases} == phases
    assert timeline.seconds == (sum(phases.values()) if of else None)
    ended = of is not None and of.stop_time is not None
    last_is_open = [phase.is_open for phase in timeline.phases] == [
        *[False] * (len(phases) - 1),
        *[not ended] * bool(phases),
    ]
    assert last_is_open


def test_what_goes_on_is_drawn_until_now() -> None:
    """What has not ended counts until `as_of`, which is the latest known moment if not given."""
    live = GetRunResponse(id="9", arn="a", status=RunStatus.RUNNING, creation_time=at(0))
    tasks = [
        listed(1, creationTime="2025-05-06T07:20:00Z", startTime="2025-05-06T07:30:00Z"),
        listed(2, status="PENDING", creationTime="2025-05-06T07:25:00Z"),
    ]
    rows = Timeline.of(live, tasks, as_of=at(60)).rows()
    assert [row["is_open"] for row in rows] == [True, True]
    assert [row["running_seconds"] for row in rows] == [1800.0, None]
    assert [row["queued_seconds"] for row in rows] == [600.0, 2100.0]
    assert Timeline.of(live, tasks).as_of == at(30)
    assert Timeline.of(live, tasks, as_of=at(5)).as_of == at(30)
    assert Timeline.of(run(), TASKS, as_of=at(500)).as_of == at(130)


@pytest.mark.parametrize("turn", [1, -1], ids=["manifest last", "manifest first"])
def test_sources_complete_each_other(turn: int) -> None:
    """One task of the list, of GetRunTask and of the manifest is one row, with all of it."""
    asked = GetRunTaskResponse(task_id="1", status=TaskStatus.COMPLETED, gpus=3)
    sources = [listed(1, cacheHit=True, status="COMPLETED"), asked, ALIGN][::turn]
    (row,) = Timeline.of(run(), sources).rows()
    assert (row["name"], row["is_cached"], row["gpus"]) == ("task-1", True, 3)
    assert row["cpu_efficiency"] == 0.75


def test_what_is_said_of_the_cache_counts_more_than_what_follows() -> None:
    """A manifest's task without a creation seems cached, until the service says that it was not."""
    (row,) = Timeline.of(run(), [CACHED, listed(2, cacheHit=False, status="COMPLETED")]).rows()
    assert row["is_cached"] is False


def test_moments_without_a_zone_are_refused() -> None:
    """`datetime.now()` could be any moment of a day."""
    for wrong in (datetime(2025, 5, 6, 9, 0), "2025"):  # noqa: DTZ001
        with pytest.raises(errors.InvalidRequestError, match="must be a moment with a time zone"):
            Timeline.of(run("RUNNING", None), as_of=wrong)  # type: ignore[arg-type]


def test_an_end_that_nobody_knows_is_not_made_up() -> None:
    """A task that has ended, nobody knows when, has no duration; it has not run until now."""
    done = task(1, 11, 12, None)
    never = task(2, 11, None, None, status="CANCELLED")
    rows = Timeline.of(run(), [done, never]).rows()
    assert [(row["queued_seconds"], row["running_seconds"]) for row in rows] == [
        (60, None),
        (None, None),
    ]


def test_a_phase_that_is_over_is_not_open() -> None:
    """A run that is known up to its first task's start is no longer starting."""
    phases = Timeline.of(run("RUNNING", None), [task(1, 12, 15, None, status="RUNNING")]).phases
    assert [(phase.name, phase.is_open) for phase in phases] == [
        ("queueing", False),
        ("starting", False),
    ]


def test_times_that_contradict_each_other_stay_in_the_picture() -> None:
    """A run that ended before it began, or tasks after its end, leave no bar beside the axis."""
    root = parsed(Timeline.of(run(stop=-60), [task(1, 1, 2, 3), task(2, 500, 600, 700)]))
    ends = [float(one.attrib["x"]) + float(one.attrib["width"]) for one in root.iter(f"{SVG}rect")]
    assert max(ends) <= 782


def test_a_failure_says_why() -> None:
    """The reason of the run is in the title, and that of a task in its story and its row."""
    oom = task(3, 76, 80, 120, status="FAILED", failure_reason=FailureReason.OUT_OF_MEMORY_ERROR)
    timeline = Timeline.of(run("FAILED", failure_reason=FailureReason.RUN_TASK_FAILED), [oom])
    assert str(timeline).startswith("run 4711 FAILED (RUN_TASK_FAILED): ")
    assert "FAILED; OUT_OF_MEMORY_ERROR; " in timeline.to_svg()
    assert "OUT_OF_MEMORY_ERROR</td>" in timeline.to_html()
    assert timeline.rows()[0]["failure_reason"] == "OUT_OF_MEMORY_ERROR"


def test_numbers_beyond_all_bounds() -> None:
    """What can't be reckoned with is as good as unknown, and does not spoil the picture."""
    used = TaskMetrics(cpus_reserved=10**400, cpus_average=float("nan"), memory_maximum_gib=1)
    timeline = Timeline.of(run(), [task(1, 1, 2, 3, cpus=10**400, memory=4, metrics=used)])
    (row,) = timeline.rows()
    assert (row["cpus"], row["cpus_reserved"], row["cpus_average"]) == (None, None, None)
    assert row["memory_efficiency"] == 0.25
    assert parsed(timeline) is not None


def test_what_was_not_seen_is_told() -> None:
    """Beside the picture, in a notebook and on the page."""
    timeline = Timeline(notes=("what the tasks used: <denied>",))
    for text in (timeline.to_html(), timeline._repr_html_()):
        assert "<p>Not seen: what the tasks used: &lt;denied&gt;</p>" in text


def test_a_manifest_brings_its_tasks() -> None:
    """A whole manifest is enough; one without a record of the run has its tasks all the same."""
    whole = Manifest(run=run(), tasks=tuple(TASKS))
    assert Timeline.of(whole) == Timeline.of(run(), TASKS)
    timeline = Timeline.of(whole.replace(run=None))
    assert (timeline.run_id, len(timeline.tasks)) == (None, 4)


@pytest.mark.parametrize(
    ("metrics", "cpu", "memory"),
    [
        pytest.param({}, None, None, id="nothing"),
        pytest.param({"cpus_reserved": 0, "cpus_average": 0}, None, None, id="zeros"),
        pytest.param({"cpus_average": 1, "memory_maximum_gib": 4}, 0.25, 0.5, id="as asked for"),
        pytest.param({"cpus_average": float("inf")}, None, None, id="no number"),
    ],
)
def test_efficiencies(metrics: dict[str, float], cpu: float | None, memory: float | None) -> None:
    """What a task used is held against what it had, or asked for; None where that is not known."""
    asked = {} if 0 in metrics.values() else {"cpus": 4, "memory": 8}
    timeline = Timeline.of(run(), [task(1, 1, 2, 3, metrics=TaskMetrics(**metrics), **asked)])
    assert (timeline.tasks[0].cpu_efficiency, timeline.tasks[0].memory_efficiency) == (cpu, memory)
    assert (timeline.cpu_efficiency, timeline.memory_efficiency) == (cpu, memory)


def test_the_efficiency_of_all_tasks() -> None:
    """Large and long tasks count for more than small and short ones."""
    half = TaskMetrics(cpus_reserved=2, cpus_average=1)
    full = TaskMetrics(cpus_reserved=4, cpus_average=4)
    tasks = [task(1, 0, 0, 30, metrics=half), task(2, 0, 0, 60, metrics=full), FAILED]
    assert Timeline.of(run(), tasks).cpu_efficiency == 0.9


def test_a_timeline_in_words() -> None:
    """Its text tells the run, its phases, the tasks and how much they used."""
    timeline = Timeline.of(run(name="exome"), TASKS)
    assert str(timeline) == (
        "exome (run 4711) COMPLETED: queueing 10 min, starting 1 min, running 1 h 54 min, "
        "finishing 5 min; 4 tasks (1 CANCELLED, 2 COMPLETED, 1 FAILED, 1 of them cached); "
        "CPU 75% used, memory 75% used"
    )
    assert str(Timeline.of(None)) == "a run: 0 tasks"
    assert len(repr(timeline)) < 500


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        *((0, "0 s"), (0.04, "0.1 s"), (0.4, "0.4 s"), (59.7, "1 min"), (61, "1 min 1 s")),
        *((3661, "1 h 1 min"), (86_399, "1 d"), (90_000, "1 d 1 h"), (1e7, "115 d 18 h")),
    ],
)
def test_durations_in_words(seconds: float, words: str) -> None:
    """A duration is told in its two largest units, rounded."""
    assert in_words(seconds) == words


@given(st.floats(1, 1e11))
def test_the_ticks_of_an_axis(seconds: float) -> None:
    """They begin at 0, are as far apart everywhere, and are few, but not too few."""
    found = ticks(seconds)
    assert found[0] == 0
    assert found[-1] <= seconds
    assert len({later - one for one, later in pairwise(found)}) == 1
    assert 2 <= len(found) <= MOST_TICKS + 1


def parsed(timeline: Timeline) -> ET.Element:
    """Return the picture of a timeline as a tree."""
    return ET.fromstring(timeline.to_svg())  # noqa: S314  (our own text)


def texts(root: ET.Element) -> list[str]:
    """Return the visible texts of a picture."""
    return [one.text or "" for one in root.iter(f"{SVG}text")]


def test_the_picture_of_few_tasks() -> None:
    """Each task has its name, its bars and numbers beside it, and tells about itself."""
    root = parsed(Timeline.of(run(name="exome"), TASKS))
    seen = texts(root)
    assert {"task-1", "✗ task-3", "1 h", "75%", "cached", "failed", "from the cache"} <= set(seen)
    stories = [one.text for one in root.iter(f"{SVG}title")]
    assert stories[0] == "Timeline of exome (run 4711) COMPLETED"
    assert (
        "task-1 (task 1) COMPLETED; queued 3 min; ran 1 h; 8 CPUs, 75% used; 32 GiB, 75% used; "
        "1 GPUs; omics.m.2xlarge"
    ) in stories
    assert root.attrib["role"] == "img"
    assert root.find(f"{SVG}desc") is not None


@pytest.mark.parametrize("count", [0, 1, 38, 500])
def test_the_picture_of_any_number_of_tasks(count: int) -> None:
    """It stays within its height, with a line for each task and no name above another's."""
    tasks = [task(n, n, n + n % 2, n + 5, status="FAILED" if n % 9 == 0 else "COMPLETED")
             for n in range(count)]  # fmt: skip
    root = parsed(Timeline.of(run(), tasks))
    assert float(root.attrib["height"]) <= TALLEST
    assert len(list(root.iter(f"{SVG}title"))) >= count
    *_, names = root.findall(f"{SVG}svg")
    heights = [float(one.attrib["y"]) for one in names]
    assert all(later - one >= 11 for one, later in pairwise(heights))
    assert len(heights) == count or len(heights) > 50


def test_failures_are_named_where_lines_are_thin() -> None:
    """Among hundreds of tasks a failed one is named beside its line, also one without an end."""
    failed = [task(1, 1, None, None, status="FAILED"), task(2, 1, 2, 9, status="FAILED")]
    many = [task(n, n, n + 1, n + 5) for n in range(3, 200)]
    seen = texts(parsed(Timeline.of(None, [*failed, *many])))
    assert "✗ task-1" in seen
    assert "✗ task-2" not in seen  # its line is right below the other's
    nothing = TimelineTask(task_id="1", status=TaskStatus.FAILED)
    assert "✗ task 1" in texts(parsed(Timeline(tasks=(nothing,) * 100)))


EVIL = "</text><script>alert('x')</script>&\x1b\ud800\u202e" + "n" * 400


def test_names_cannot_break_out() -> None:
    """Whatever a run or a task is called is text in the picture and on the page."""
    timeline = Timeline.of(run(name=EVIL), [task(1, 1, 2, 3, name=EVIL, instance_type=EVIL)])
    for text in (timeline.to_svg(), timeline.to_html()):
        assert "<script" not in text
        text.encode()
    assert not list(parsed(timeline).iter(f"{SVG}script"))
    long = Timeline.of(run(), [task(n, 1, 2, 3, name="n" * 10_000) for n in range(9)])
    assert len(long.to_html()) < 30_000


def test_what_is_unknown_is_left_out() -> None:
    """Tasks without any time, and statuses nobody knows, are drawn as far as they can be."""
    timeline = Timeline.of(None, [task(1, None, None, None, status="PAUSED", name=None)])
    assert [row["queued_seconds"] for row in timeline.rows()] == [None]
    assert {"task 1", "not ended"} <= set(texts(parsed(timeline)))
    timeless = task(9, None, None, None, status="FAILED")
    assert [one.task_id for one in Timeline.of(run(), [timeless, ALIGN]).tasks] == ["1", "9"]


@pytest.mark.parametrize("name", ["t.svg", "t.HTML"])
def test_a_timeline_is_saved_by_its_suffix(tmp_path: Path, name: str) -> None:
    """The file's name decides between the picture and the page, which holds the picture."""
    timeline = Timeline.of(run(name="naïve ✓"), TASKS)
    timeline.save(tmp_path / name)
    text = (tmp_path / name).read_text(encoding="utf-8")
    assert timeline.to_svg() in text
    assert text.startswith("<!doctype html>") == name.endswith("HTML")
    timeline.save(str(tmp_path / "again.svg"))


def test_other_suffixes_are_refused(tmp_path: Path) -> None:
    """A name that asks for another form is an error that names those there are."""
    with pytest.raises(errors.InvalidRequestError, match=r"\.svg or \.html, got .*png"):
        Timeline.of(run()).save(tmp_path / "t.png")


def test_a_page_has_a_table() -> None:
    """The page tells in a table what the picture shows, for those who can't see it."""
    page = Timeline.of(run(), TASKS).to_html()
    assert page.count("<tr>") == 1 + len(TASKS)
    assert "omics.m.2xlarge</td>" in page
    assert "COMPLETED (cached)</td>" in page


def test_a_notebook_shows_the_picture() -> None:
    """A timeline shows itself."""
    timeline = Timeline.of(run(), TASKS)
    assert timeline._repr_html_() == timeline.to_svg()
