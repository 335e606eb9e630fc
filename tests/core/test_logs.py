"""Logs and tasks, read page by page, played as a script."""

from __future__ import annotations

import json
from typing import Any, TypeVar

import httpx
import pytest

from omics_runs import RunRef, errors
from omics_runs._effects import Flow
from omics_runs._logs import excerpt, stream_in, streams, whole
from omics_runs._manifests import manifest
from omics_runs._run_tasks import all_tasks

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


def page(*messages: str, back: str = "b", forth: str = "f") -> httpx.Response:
    """Return a page of a log."""
    events = [
        {"timestamp": 1_772_000_000_000 + place, "message": one}
        for place, one in enumerate(messages)
    ]
    return answer(200, {"events": events, "nextBackwardToken": back, "nextForwardToken": forth})


def test_empty_pages_are_turned() -> None:
    """A log's last page may be empty although the log is not."""
    found, sent = played(excerpt("run/1/engine", 5, ENV), page(back="b1"), page("x", back="b2"))
    assert [event.message for event in found.lines] == ["x"]
    assert [body.get("nextToken") for body in sent] == [None, "b1"]


@pytest.mark.parametrize(
    "pages",
    [
        pytest.param([page(back="b1"), page(back="b1")], id="the same token again"),
        pytest.param([page(back=f"b{place}") for place in range(5)], id="one after another"),
    ],
)
def test_a_log_without_lines(pages: list[httpx.Response]) -> None:
    """After some pages without any a log is taken for empty."""
    found, _ = played(excerpt("run/1/engine", 5, ENV), *pages)
    assert (found.lines, found.unread) == ((), None)


def test_lines_that_tell() -> None:
    """Those that speak of trouble are kept, the last ones of them; else the last lines."""
    lines = ("ERROR: one", "fine", "exit status 137", "No space left on device", "done")
    found, _ = played(excerpt("s", 2, ENV), page(*lines))
    assert [event.message for event in found.lines] == [
        "exit status 137",
        "No space left on device",
    ]
    found, _ = played(excerpt("s", 2, ENV), page("fine", "fine, too", "done"))
    assert [event.message for event in found.lines] == ["fine, too", "done"]


def test_a_whole_log() -> None:
    """It is read from its first line until a token comes again."""
    found, sent = played(
        whole("m", ENV), page("a", "b", forth="f1"), page("c", forth="f2"), page(forth="f2")
    )
    assert found == ("a", "b", "c")
    assert [body.get("nextToken") for body in sent] == [None, "f1", "f2"]
    assert {body["startFromHead"] for body in sent} == {True}


def test_streams_are_found_on_all_pages() -> None:
    """Their list has pages; one that leads back to itself ends it."""
    first = answer(200, {"logStreams": [{"logStreamName": "a"}], "nextToken": "t"})
    again = answer(200, {"logStreams": [{"logStreamName": "b"}], "nextToken": "t"})
    found, sent = played(streams("p", ENV), first, again)
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
        (None, "default"),
    ],
)
def test_names_of_streams(arn: str | None, name: str) -> None:
    """An ARN tells the name; what tells none is not taken for one."""
    assert stream_in(arn, "default") == name
