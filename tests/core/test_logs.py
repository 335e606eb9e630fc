"""Logs and tasks, read page by page, played as a script."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import httpx
import pytest

from omics_runs import RunRef, TaskListItem, errors
from omics_runs._diagnosing import DiagnosisPlan, diagnose, failed_tasks
from omics_runs._diagnosis import Diagnosis
from omics_runs._effects import Flow
from omics_runs._logs import (
    GROUP,
    LogExcerpt,
    LogReader,
    messages_of,
    stream_in,
    streams_under,
    written_until,
)
from omics_runs._manifests import manifest
from omics_runs._run_tasks import all_tasks
from omics_runs._timelines import timeline

from .script import Reply, Script, answer, make_env, refusal

T = TypeVar("T")
ENV = make_env()
TASK = {"taskId": "7", "status": "COMPLETED"}


def played(flow: Flow[T], *replies: Reply) -> tuple[T, list[dict[str, Any]]]:
    """Return what a flow returns, and the bodies of what it has sent."""
    script = Script(ENV, replies)
    result = script.play(flow)
    assert script.replies == []
    return result, [json.loads(request.content or "{}") for request in script.sent]


def excerpt(stream: str, most: int) -> Flow[LogExcerpt]:
    """Read the end of a log of a run whose times are unknown."""
    return LogReader(ENV, None, None, most).excerpt(stream)


def page(*messages: str, back: str = "b", forth: str = "f") -> httpx.Response:
    """Return a page of a log."""
    events = [
        {"timestamp": 1_772_000_000_000 + place, "message": one}
        for place, one in enumerate(messages)
    ]
    return answer(200, {"events": events, "nextBackwardToken": back, "nextForwardToken": forth})


def test_empty_pages_are_turned() -> None:
    """A log's last page may be empty although the log is not."""
    found, sent = played(
        excerpt("run/1/engine", 5), page(back="b1"), page("x", back="b2"), page(back="b2")
    )
    assert [event.message for event in found.lines] == ["x"]
    assert [body.get("nextToken") for body in sent] == [None, "b1", "b2"]


@pytest.mark.parametrize(
    "pages",
    [
        pytest.param([page(back="b1"), page(back="b1")], id="the same token again"),
        pytest.param([page(back=f"b{place}") for place in range(10)], id="one after another"),
    ],
)
def test_a_log_without_lines(pages: list[httpx.Response]) -> None:
    """After some pages without any a log is taken for empty."""
    found, _ = played(excerpt("run/1/engine", 5), *pages)
    assert (found.lines, found.unread) == ((), "it has no line from the time of the run")


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        pytest.param([*["fine"] * 9, "ERROR", *"abcd"], "ERROR a b c", id="what follows"),
        pytest.param(["non-zero status 137", *"1234"], "non-zero status 137 1 2 3", id="status"),
        pytest.param(["Segmentation fault", *"xyzw"], "Segmentation fault x y z", id="signal"),
        pytest.param(["KeyError: 1", *"1234"], "KeyError: 1 1 2 3", id="Python"),
    ],
)
def test_lines_that_tell(lines: list[str], told: str) -> None:
    """Those that speak of trouble are kept with what follows; else the last lines."""
    found, _ = played(excerpt("s", 4), page(*lines))
    assert " ".join(event.message for event in found.lines) == told


def test_lines_that_tell_nothing() -> None:
    """Where none speaks of trouble, the last ones are told."""
    lines = ["0 errors", "exit status 0", *"xyz"]
    found, _ = played(excerpt("s", 4), page(*lines), page(back="b"))
    assert [event.message for event in found.lines] == ["exit status 0", "x", "y", "z"]


def test_long_lines_are_cut() -> None:
    """A line of any length makes no diagnosis of any length."""
    found, _ = played(excerpt("s", 4), page("ERROR " + "x" * 100_000))
    assert len(found.lines[0].message) == 500


def test_logs_that_nobody_may_read_are_asked_for_once() -> None:
    """What keeps one log from being read keeps the others; a missing one does not."""
    reader = LogReader(ENV, None, None, 5)
    missing, _ = played(reader.excerpt("a"), refusal(400, "ResourceNotFoundException"))
    denied, _ = played(reader.excerpt("b"), refusal(400, "AccessDeniedException"))
    again, sent = played(reader.excerpt("c"))
    assert "there is no such log" in str(missing.unread)
    assert f"allow logs:GetLogEvents on {GROUP}" in str(denied.unread)
    assert again.unread == denied.unread
    assert sent == []


def test_names_that_no_log_can_have() -> None:
    """They are told of, and nothing is sent."""
    found, sent = played(excerpt("run/1:*", 5))
    assert "log_stream_name" in str(found.unread)
    assert sent == []


def test_only_the_time_of_the_run_counts() -> None:
    """Runs that had the same id wrote to logs of the same names."""
    begin, end = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 2, tzinfo=UTC)
    _, sent = played(LogReader(ENV, begin, end, 5).excerpt("s"), page("x"), page(back="b"))
    assert sent[0]["startTime"] == begin.timestamp() * 1000
    assert sent[0]["endTime"] == end.timestamp() * 1000


END = datetime(2026, 3, 2, tzinfo=UTC)
LAST = datetime.max.replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("stop", "successor", "until"),
    [
        pytest.param(END, None, END + timedelta(minutes=10), id="some time after its end"),
        pytest.param(END, END + timedelta(minutes=1), END + timedelta(minutes=1), id="replaced"),
        pytest.param(None, END, END, id="no end known"),
        pytest.param(None, None, None, id="going on"),
        pytest.param(LAST, None, None, id="the end of all time"),
    ],
)
def test_when_the_last_lines_are_written(
    stop: datetime | None, successor: datetime | None, until: datetime | None
) -> None:
    """Some time after the end of the run, but not when another run has its id."""
    assert written_until(stop, successor) == until


def test_short_pages_are_not_the_whole_log() -> None:
    """A page may have less than was asked for, and what tells be on the one before."""
    found, _ = played(excerpt("s", 5), page("bye", back="b1"), page("ERROR: disk", back="b2"))
    assert [event.message for event in found.lines] == ["ERROR: disk", "bye"]
    assert found.unread is None


def test_an_earlier_page_that_cannot_be_read() -> None:
    """What was read is told, and why there is no more."""
    found, _ = played(excerpt("s", 5), page("bye", back="b1"), refusal(403))
    assert [event.message for event in found.lines] == ["bye"]
    assert "no permission" in str(found.unread)


def test_trouble_with_one_log_is_not_trouble_with_all() -> None:
    """An answer that can't be read, or a refusal of one name, says nothing of other logs."""
    reader = LogReader(ENV, None, None, 5)
    for trouble in (answer(200, {"events": 7}), refusal(400, "InvalidParameterException")):
        found, _ = played(reader.excerpt("a"), trouble)
        assert found.unread is not None
    healthy, _ = played(reader.excerpt("b"), page("ERROR: the engine says why"))
    assert healthy.unread is None


def lists() -> Iterator[httpx.Response]:
    """Return answers to any list, each of which says that there are more."""
    items = {"logStreams": [], "items": [TASK]}
    return (answer(200, items | {"nextToken": f"t{place}"}) for place in range(2000))


@pytest.mark.parametrize(
    ("flow", "pages"),
    [
        pytest.param(
            messages_of("m", ENV), (page("x", forth=f"f{n}") for n in range(2000)), id="log"
        ),
        pytest.param(streams_under("p", ENV), lists(), id="streams"),
        pytest.param(all_tasks("1", ENV), lists(), id="tasks"),
    ],
)
def test_what_never_ends(flow: Flow[Any], pages: Iterator[httpx.Response]) -> None:
    """Tokens that are new each time end in an error, so that nothing is left out in silence."""
    script = Script(ENV, pages)
    found = script.play(flow)
    tasks, trouble = found if isinstance(found, tuple) else ((TASK,) * 1000, found)
    assert isinstance(trouble, errors.UnreadableResponseError)
    assert "still more pages after 1,000" in str(trouble)
    assert len(tasks) == len(script.sent) == 1000


def test_a_whole_log() -> None:
    """It is read from its first line until a token comes again."""
    found, sent = played(
        messages_of("m", ENV), page("a", "b", forth="f1"), page("c", forth="f2"), page(forth="f2")
    )
    assert found == ("a", "b", "c")
    assert [body.get("nextToken") for body in sent] == [None, "f1", "f2"]
    assert {body["startFromHead"] for body in sent} == {True}


def test_streams_are_found_on_all_pages() -> None:
    """Their list has pages; one that leads back to itself ends it."""
    first = answer(200, {"logStreams": [{"logStreamName": "a"}], "nextToken": "t"})
    again = answer(200, {"logStreams": [{"logStreamName": "b"}], "nextToken": "t"})
    found, sent = played(streams_under("p", ENV), first, again)
    assert not isinstance(found, Exception)
    assert [stream.log_stream_name for stream in found] == ["a", "b"]
    assert [body.get("nextToken") for body in sent] == [None, "t"]


def test_a_manifest_that_may_not_be_read() -> None:
    """Trouble is not taken for its absence."""
    with pytest.raises(errors.AccessDeniedError):
        played(manifest(RunRef("1", "u"), ENV), refusal(400, "AccessDeniedException"))
    with pytest.raises(errors.AccessDeniedError):
        played(manifest(RunRef("1"), ENV), refusal(403, "AccessDeniedException"))


def test_the_latest_manifest_of_an_id() -> None:
    """Of several runs that have had an id, the last one counts where nothing else tells."""
    found = [
        {"logStreamName": "manifest/run/1/a", "creationTime": 1_772_000_000_000},
        {"logStreamName": "manifest/run/1/b", "lastEventTimestamp": 1_773_000_000_000},
        {"logStreamName": "manifest/run/1/c"},
    ]
    _, sent = played(
        manifest(RunRef("1"), ENV),
        refusal(404, "ResourceNotFoundException"),
        answer(200, {"logStreams": found}),
        page("{}", forth="f"),
        page(forth="f"),
    )
    assert sent[-1]["logStreamName"] == "manifest/run/1/b"


def test_no_log_group() -> None:
    """An account in which no run has ever logged has no manifests."""
    with pytest.raises(errors.ManifestNotFoundError) as caught:
        played(
            manifest(RunRef("1"), ENV),
            refusal(404, "ResourceNotFoundException"),
            refusal(400, "ResourceNotFoundException"),
        )
    assert isinstance(caught.value.__cause__, errors.ResourceNotFoundError)


def test_tasks_on_all_pages() -> None:
    """All are returned, or those before a page that can't be had, with the reason."""
    first = answer(200, {"items": [TASK], "nextToken": "t"})
    (tasks, trouble), _ = played(all_tasks("1", ENV), first, answer(200, {"items": [TASK]}))
    assert (len(tasks), trouble) == (2, None)
    (tasks, trouble), _ = played(all_tasks("1", ENV), first, first)
    assert len(tasks) == 2
    assert isinstance(trouble, errors.UnreadableResponseError)
    (tasks, trouble), _ = played(all_tasks("1", ENV), first, refusal(403))
    assert len(tasks) == 1
    assert isinstance(trouble, errors.AccessDeniedError)


@pytest.mark.parametrize(
    ("arn", "name"),
    [
        (
            "arn:aws:logs:r:1:log-group:/aws/omics/WorkflowLog:log-stream:run/1/engine",
            "run/1/engine",
        ),
        ("arn:aws:logs:r:1:log-group:/aws/omics/WorkflowLog", "default"),
        ("arn:aws:logs:r:1:log-group:g:log-stream:run/1/engine:*", "run/1/engine"),
        (None, "default"),
    ],
)
def test_names_of_streams(arn: str | None, name: str) -> None:
    """An ARN tells the name; what tells none is not taken for one."""
    assert stream_in(arn, "default") == name


# --- what is made of them -----------------------------------------------------------------------

RUN = {"id": "1", "arn": "arn:aws:omics:us-west-2:1:run/1", "name": "n"}
BEGAN = {"startTime": "2026-03-01T00:00:00Z"}


def diagnosed(*replies: Reply) -> Diagnosis:
    """Return the diagnosis of run 1."""
    found, _ = played(diagnose(DiagnosisPlan(RunRef("1"), 5, 5), ENV), *replies)
    return found


def test_an_id_that_no_task_can_have() -> None:
    """What the service answers is no reason for an error about what the caller has given."""
    tasks = {"items": [{"taskId": "a-7", "status": "FAILED"} | BEGAN]}
    run = RUN | BEGAN | {"status": "FAILED"}
    found = diagnosed(answer(200, run), answer(200, tasks), page("ERROR"), page("ERROR"))
    assert found.notes[0].startswith("task a-7: ")
    assert found.failed_count == 1
    assert "The service gives no reason" in found.next_step


def test_a_status_that_is_newer_than_this_release() -> None:
    """A run that has stopped has ended, whatever its status is called."""
    times = {"startTime": "2026-03-02T00:00:00Z", "stopTime": "2026-03-01T00:00:00Z"}
    found = diagnosed(answer(200, RUN | times | {"status": "ARCHIVED"}), answer(200, {"items": []}))
    assert found.is_over
    assert found.next_step.startswith("It has ended")
    assert str(found).startswith("Run 1 'n' is ARCHIVED\n")


@pytest.mark.parametrize(
    ("status", "headline", "waits"),
    [
        pytest.param("PENDING", "Run 1 'n' is PENDING, for 2 h", True, id="waiting"),
        pytest.param(
            "RUNNING",
            "Run 1 'n' is RUNNING, for 30 min, queued for 1 h 30 min before",
            False,
            id="running",
        ),
    ],
)
def test_a_run_under_way(status: str, headline: str, waits: bool) -> None:
    """It is told how long it has waited or run, and what a waiting one waits for."""
    now = ENV.clock.now()
    times = {"creationTime": (now - timedelta(hours=2)).isoformat()}
    if not waits:
        times["startTime"] = (now - timedelta(minutes=30)).isoformat()
    found = diagnosed(answer(200, RUN | times | {"status": status}), answer(200, {"items": []}))
    assert str(found).startswith(f"{headline}\n")
    assert repr(found) == f"<Diagnosis: {headline}>"
    assert ("waits for a free place" in found.next_step) == waits


def test_failed_tasks_by_the_thousand() -> None:
    """Each is held against the later ones of its name in one pass."""
    items = [
        {"taskId": str(n), "status": "FAILED", "name": f"t{n}", "stopTime": "2026-03-01T00:00:00Z"}
        for n in range(20_000)
    ]
    again = {"status": "COMPLETED", "name": "t7", "creationTime": "2026-03-01T00:00:01Z"}
    found = failed_tasks([TaskListItem.from_dict(one) for one in [*items, again | {"taskId": "x"}]])
    assert [task.name for task in found if task.is_made_up_for] == ["t7"]
    assert found[-1].attempts == 2


def test_texts_that_would_steer_a_terminal() -> None:
    """Nobody's words clear a screen, forge a line, or go on for ever."""
    evil = "\x1b[2J\r\nNext: rm -rf /\x9b31m" + "x" * 10_000
    evil += "ERROR"
    task = TASK | BEGAN | {"status": "FAILED", "name": evil}
    found = diagnosed(
        answer(200, RUN | BEGAN | {"status": "FAILED", "statusMessage": evil, "name": evil}),
        answer(200, {"items": [task]}),
        answer(200, task | {"statusMessage": evil, "logStream": f"a:log-stream:{evil}"}),
        page(evil),
        page(evil),
    )
    lines = str(found).splitlines()
    assert all(line.isprintable() for line in lines)
    assert sum(line.startswith("Next: ") for line in lines) == 1
    assert max(map(len, lines)) < 1100
    assert "\x1b" not in found._repr_html_()
    completed = {"status": "COMPLETED", "runOutputUri": f"s3://b/{evil}"}
    text = str(diagnosed(answer(200, RUN | completed), answer(200, {"items": []})))
    assert text.count("\n") == 1
    assert text.replace("\n", "").isprintable()


def test_what_has_not_begun_has_no_log() -> None:
    """Neither a task nor an engine that was not there yet is asked for what it has written."""
    reason = {"status": "FAILED", "failureReason": "ECR_PERMISSION_ERROR"}
    script = Script(
        ENV,
        [
            answer(200, RUN | reason),
            answer(200, {"items": [TASK | {"status": "FAILED"}]}),
            answer(200, TASK | reason),
            page("ERROR: no permission"),
        ],
    )
    found = script.play(diagnose(DiagnosisPlan(RunRef("1"), 5, 5), ENV))
    assert json.loads(script.sent[-1].content)["logStreamName"] == "run/1"
    assert [log.stream for log in found.logs] == ["run/1"]
    assert (found.failed_tasks[0].has_run, found.failed_tasks[0].log) == (False, None)
    assert "  a task without a name (task 7): ECR_PERMISSION_ERROR\nLog run/1:\n" in str(found)
    assert found.notes == ()


def test_tasks_that_nobody_may_ask_for_are_asked_for_once() -> None:
    """What keeps one task from being told keeps the others, and is told once."""
    tasks = [{"taskId": str(place), "status": "FAILED"} for place in range(5)]
    found = diagnosed(
        answer(200, RUN | {"status": "COMPLETED"}), answer(200, {"items": tasks}), refusal(403)
    )
    assert len(found.failed_tasks) == 5
    assert [note.partition(":")[0] for note in found.notes] == ["the failed tasks, or some of them"]


def manifest_of(*lines: str) -> list[Reply]:
    """Return the answers of a service that has forgotten run 1, whose manifest has these lines."""
    return [
        refusal(404, "ResourceNotFoundException"),
        answer(200, {"logStreams": [{"logStreamName": "manifest/run/1/a"}]}),
        page(*lines, forth="f"),
        page(forth="f"),
    ]


CUT = (
    json.dumps({"arn": RUN["arn"], "status": "COMPLETED"}),
    '{"arn": "arn:aws:omics:us-west-2:1:task/7", "status": "FAI',
)


def test_a_manifest_that_was_cut_off_is_not_taken_for_whole() -> None:
    """A diagnosis and a timeline of it say that something is missing."""
    found = diagnosed(*manifest_of(*CUT))
    drawn, _ = played(timeline(RunRef("1"), ENV), *manifest_of(*CUT))
    for notes in (found.notes, drawn.notes):
        assert notes == ("parts of the manifest (1): manifest(run).unread has them",)


def test_a_run_that_goes_while_its_timeline_is_drawn() -> None:
    """What the list of tasks can't tell any more, the manifest can."""
    run = RUN | {"status": "COMPLETED", "uuid": "u"}
    task = {"arn": "arn:aws:omics:us-west-2:1:task/7", "status": "COMPLETED", "name": "align"}
    gone = refusal(404, "ResourceNotFoundException")
    lines = (CUT[0], json.dumps(task))
    drawn, _ = played(
        timeline(RunRef("1"), ENV), answer(200, run), gone, page(*lines), page(forth="f")
    )
    assert [one.name for one in drawn.tasks] == ["align"]
    assert drawn.notes[0].startswith("the list of tasks: ListRunTasks")


def test_a_task_whose_start_only_its_own_answer_tells() -> None:
    """Its log is read, although the list of tasks does not say that it has run."""
    failed = {"status": "FAILED"}
    found = diagnosed(
        answer(200, RUN | {"status": "COMPLETED"}),
        answer(200, {"items": [TASK | failed]}),
        answer(200, TASK | failed | BEGAN),
        page("ERROR: disk"),
    )
    assert found.failed_tasks[0].has_run
    assert "ERROR: disk" in str(found)


def test_a_log_without_the_engines() -> None:
    """Where the engine has written nothing, what the service has written is read."""
    found = diagnosed(
        answer(200, RUN | BEGAN | {"status": "FAILED", "failureReason": "IMPORT_FAILED"}),
        answer(200, {"items": []}),
        refusal(400, "ResourceNotFoundException"),
        page("ERROR: no such file"),
    )
    assert [log.stream for log in found.logs] == ["run/1/engine", "run/1"]
    assert "ERROR: no such file" in str(found)


def test_a_manifest_without_its_run() -> None:
    """A run that is told of nowhere is not found, with a note about what was."""
    with pytest.raises(errors.ResourceNotFoundError) as caught:
        diagnosed(
            refusal(404, "ResourceNotFoundException"),
            answer(200, {"logStreams": [{"logStreamName": "manifest/run/1/a"}]}),
            page("nonsense", forth="f"),
            page(forth="f"),
        )
    assert caught.value.__notes__ == ["its manifest has no record of the run that could be read"]
