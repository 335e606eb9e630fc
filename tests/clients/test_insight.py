"""What became of a run, where its results are, and what its manifest tells, whatever the color."""

from __future__ import annotations

import json
from typing import Any

import pytest

from omics_runs import FailureReason, GetRunResponse, RunRef, RunStatus, errors
from omics_runs.emulator import Emulator, Fault, TaskPlan, VirtualClock

from .conftest import Caller

ROLE = "arn:aws:iam::123456789012:role/OmicsRole"
A_DAY = 86_400
REASONS = [
    (
        "ASSUME_ROLE_FAILED",
        "account administrator",
        False,
        "run",
        "role could not be assumed",
        "trust policy",
    ),
    (
        "CANNOT_START_CONTAINER_ERROR",
        "workflow author",
        False,
        "task",
        "exec format error",
        "image of the task; its log",
    ),
    (
        "CANNOT_START_CONTAINER_SIZE_ERROR",
        "workflow author",
        False,
        "engine",
        "larger than what a container",
        "image smaller",
    ),
    (
        "ECR_PERMISSION_ERROR",
        "account administrator",
        False,
        "engine",
        "pulling the image",
        "ECR repository",
    ),
    (
        "EXPORT_FAILED",
        "account administrator",
        False,
        "engine",
        "outputs could not be written",
        "output bucket",
    ),
    ("FILE_SYSTEM_OUT_OF_SPACE", "submitter", False, "task", "No space left", "storage_capacity"),
    (
        "IMAGE_VERIFICATION_FAILURE",
        "workflow author",
        False,
        "engine",
        "signature of a task's image",
        "Check the image",
    ),
    (
        "IMPORT_FAILED",
        "account administrator",
        False,
        "engine",
        "input could not be read",
        "each input exists",
    ),
    ("INACTIVE_OMICS_STORAGE_RESOURCE", "data owner", False, "engine", "is archived", "Activate"),
    ("INPUT_URI_NOT_FOUND", "submitter", False, "engine", "NoSuchKey", "if they are right"),
    (
        "INSTANCE_RESERVATION_FAILED",
        "AWS",
        True,
        "engine",
        "no instance could be reserved",
        "Wait for capacity",
    ),
    (
        "INVALID_ECR_IMAGE_URI",
        "workflow author",
        False,
        "engine",
        "no valid ECR URI",
        "Correct the image's URI",
    ),
    (
        "INVALID_TASK_RESOURCE_VALUE",
        "workflow author",
        False,
        "engine",
        "CPUs or memory that no instance",
        "CPUs, GPUs or memory",
    ),
    (
        "INVALID_URI_INPUT",
        "submitter",
        False,
        "run",
        "input has no valid URI",
        "URIs in the parameters.",
    ),
    ("MODIFIED_INPUT_RESOURCE", "data owner", True, "engine", "input was changed", "nobody writes"),
    ("OUT_OF_MEMORY_ERROR", "workflow author", False, "task", "Killed", "more memory"),
    ("RUN_TASK_FAILED", "unclear", None, "task", "input is truncated", "Read what the tasks"),
    (
        "RUN_TIMED_OUT",
        "submitter",
        False,
        "engine",
        "the run was stopped: its time",
        "longest duration",
    ),
    ("SERVICE_ERROR", "AWS", True, "engine", "an internal error", "Start the same run again."),
    (
        "TASK_TIMED_OUT",
        "workflow author",
        False,
        "task",
        "exit status 143",
        "time limit of the task",
    ),
    (
        "UNSUPPORTED_GPU_INSTANCE_TYPE",
        "workflow author",
        False,
        "engine",
        "GPU instance",
        "Ask for a GPU",
    ),
    (
        "UNSUPPORTED_INPUT_SIZE",
        "submitter",
        False,
        "engine",
        "inputs are larger",
        "smaller or fewer input",
    ),
    ("WORKFLOW_RUN_FAILED", "unclear", None, "engine", "no such variable", "Read what the tasks"),
    (
        "WORKFLOW_VER_VALIDATION_FAILED",
        "workflow author",
        False,
        "run",
        "definition of the workflow's version",
        "definition",
    ),
]
"""Each code: who can act, whether to try again, which log tells what, and what to do."""


@pytest.fixture
def emulator() -> Emulator:
    """Have an emulator in which days pass at once."""
    return Emulator(VirtualClock())


def started(client: Any, name: str = "NA12878", **members: Any) -> str:
    """Start a run, and return its id."""
    run = client.start_run(
        workflow_id="1234567",
        role_arn=ROLE,
        output_uri="s3://my-bucket/output",
        storage_type="DYNAMIC",
        name=name,
        **members,
    )
    found: str = run.id
    return found


def ended(
    client: Any, emulator: Emulator, ends: str = "FAILED", *, log: str | None = None, **plan: Any
) -> GetRunResponse:
    """Return a run that has ended so."""
    emulator.plan(name="NA12878", ends=ends, **plan)  # type: ignore[arg-type]
    members = {} if log is None else {"log_level": log}
    run_id = started(client, **members)
    emulator.clock.advance(A_DAY)  # type: ignore[attr-defined]
    run: GetRunResponse = client.get_run(run_id)
    return run


@pytest.mark.parametrize(
    ("reason", "who", "retryable", "log", "line", "advice"),
    [pytest.param(*row, id=row[0]) for row in REASONS],
)
def test_each_reason(
    emulator: Emulator,
    reason: str,
    who: str,
    retryable: bool | None,
    log: str,
    line: str,
    advice: str,
) -> None:
    """Each of the service's codes is told with who can act, what to do, and what the logs say."""
    with emulator.client() as client:
        run = ended(client, emulator, failure_reason=reason)
        found = client.diagnose(run.id)
    assert (found.status, found.failure_reason, found.cause) == (RunStatus.FAILED, reason, reason)
    assert (found.who, found.retryable) == (who, retryable)
    assert advice in str(found.advice)
    told = {one.stream: one.lines for one in found.logs}
    told |= {task.log.stream: task.log.lines for task in found.failed_tasks if task.log}
    tellers = [name for name, lines in told.items() if any(line in one.message for one in lines)]
    task_ids = [task.task_id for task in found.failed_tasks]
    places = {"run": [""], "engine": ["/engine"], "task": [f"/task/{one}" for one in task_ids]}
    assert tellers == [f"run/{run.id}{place}" for place in places[log]]
    changed = ", ..." if retryable is False else ""
    assert found.next_step.endswith(f"client.rerun('{found.run}'{changed}).")
    assert found.notes == ()
    assert all(text in str(found) for text in (reason, str(found.advice), line))


def test_there_are_as_many_reasons_as_the_service_documents() -> None:
    """So that none is left out above."""
    known = {reason.value for reason in FailureReason if not reason.startswith("ALL_")}
    assert {row[0] for row in REASONS} == known
    assert len(REASONS) == len(known) == 24


def test_failed_tasks(caller: Caller, emulator: Emulator) -> None:
    """Failed tasks come with their own reasons, and the lines of their logs."""
    client = caller.client(emulator)
    tasks = (TaskPlan(name="align"), TaskPlan(name="call"), TaskPlan(name="report"))
    run = ended(client, emulator, failure_reason="RUN_TASK_FAILED", tasks=tasks)
    found = client.diagnose(run)
    assert found.failed_count == len(found.failed_tasks) == 1
    (task,) = found.failed_tasks
    assert task.log is not None
    assert task.log.stream == f"run/{run.id}/task/{task.task_id}"
    assert task.log.lines
    assert f"(task {task.task_id})" in str(found)
    assert [log.stream for log in found.logs] == [f"run/{run.id}/engine"]


@pytest.mark.parametrize(
    ("ends", "what"),
    [
        pytest.param("COMPLETED", "The results are below s3://", id="completed"),
        pytest.param("CANCELLED", "It was cancelled", id="cancelled"),
    ],
)
def test_nothing_failed(emulator: Emulator, ends: str, what: str) -> None:
    """Of a run that has not failed that is said, and no log is read."""
    with emulator.client() as client:
        found = client.diagnose(ended(client, emulator, ends))
    assert what in found.next_step
    assert (found.cause, found.retryable, found.who, found.advice) == (None, None, None, None)
    assert (found.logs, found.failed_tasks) == ((), ())
    assert "<ul>" not in found._repr_html_()
    assert "Failed tasks" not in str(found)


def test_a_run_under_way(emulator: Emulator) -> None:
    """It is to be waited for."""
    with emulator.client() as client:
        found = client.diagnose(started(client))
    assert "wait_until" in found.next_step


def test_no_permission_and_no_log(caller: Caller, emulator: Emulator) -> None:
    """What can't be read is told in a sentence, and the rest is there."""
    client = caller.client(emulator)
    run = ended(client, emulator, failure_reason="OUT_OF_MEMORY_ERROR", log="OFF")
    silent = client.diagnose(run)
    assert any("there is no such log" in note for note in silent.notes)
    assert "Log run/" not in str(silent)
    run = ended(client, emulator, failure_reason="OUT_OF_MEMORY_ERROR")
    emulator.faults.add(Fault("GetLogEvents", status=400, code="AccessDeniedException", times=None))
    found = client.diagnose(run)
    assert any("allow logs:GetLogEvents" in note for note in found.notes)
    assert found.cause == FailureReason.OUT_OF_MEMORY_ERROR
    assert "Not seen:" in str(found)


def test_no_way_to_the_logs(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who has configured no usable endpoint of CloudWatch Logs learns that, and the rest."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDWATCH_LOGS", "nonsense")
    with emulator.client(logs_endpoint_url=None) as client:
        run = ended(client, emulator, failure_reason="RUN_TASK_FAILED")
        found = client.diagnose(run)
        assert all("AWS_ENDPOINT_URL_CLOUDWATCH_LOGS" in note for note in found.notes)
        assert found.failed_count == 1
        assert client.timeline(run).cpu_efficiency is None
        with pytest.raises(errors.ConfigurationError, match="CLOUDWATCH_LOGS"):
            client.manifest(run)


def test_a_forgotten_run(caller: Caller, emulator: Emulator) -> None:
    """A deleted run is told of from its manifest, by its id alone, too."""
    client = caller.client(emulator)
    oom = TaskPlan(name="call", ends="FAILED", failure_reason="OUT_OF_MEMORY_ERROR")
    run = ended(client, emulator, failure_reason="RUN_TASK_FAILED", tasks=(oom,))
    client.delete_run(run.id)
    for name in (run, run.id, str(run.ref)):
        found = client.diagnose(name)
        assert found.is_forgotten
        assert found.run == run.ref
        assert (found.status, found.name) == (RunStatus.FAILED, "NA12878")
        assert found.cause == found.failed_tasks[0].failure_reason == "OUT_OF_MEMORY_ERROR"
        assert client.timeline(name).tasks[-1].memory_efficiency == 1.0
        assert "start_run" in found.next_step
    assert "forgotten" in str(found)


def test_no_such_run(caller: Caller, emulator: Emulator) -> None:
    """A run that nobody knows is the service's own error."""
    client = caller.client(emulator)
    for look in (client.diagnose, client.timeline):
        with pytest.raises(errors.ResourceNotFoundError) as caught:
            look("404404")
        assert caught.value.operation == "GetRun"
        assert isinstance(caught.value.__cause__, errors.ManifestNotFoundError)
    emulator.faults.add(Fault("DescribeLogStreams", status=400, code="AccessDeniedException"))
    with pytest.raises(errors.ResourceNotFoundError) as caught:
        client.diagnose("404404")
    assert isinstance(caught.value.__cause__, errors.AccessDeniedError)


def test_the_lines_of_the_next_run_of_that_id(caller: Caller) -> None:
    """A forgotten run is not told of in the words of the one that has got its id."""
    emulator = Emulator(VirtualClock(), reuse_ids=True)
    client = caller.client(emulator)
    run = ended(client, emulator, failure_reason="ASSUME_ROLE_FAILED")
    client.delete_run(run.id)
    emulator.plan(name="next", ends="FAILED", failure_reason="INVALID_URI_INPUT")
    assert started(client, "next") == run.id
    emulator.clock.advance(A_DAY)  # type: ignore[attr-defined]
    found = client.diagnose(run)
    assert found.is_forgotten
    assert "INVALID_URI_INPUT" not in str(found)
    assert "ASSUME_ROLE_FAILED" in str(found)


def test_another_run_of_that_id(caller: Caller, emulator: Emulator) -> None:
    """A run is not told of in the name of another one."""
    client = caller.client(emulator)
    run = ended(client, emulator, "COMPLETED")
    stranger = RunRef(run.id, "11111111-2222-3333-4444-555555555555")
    for look in (client.diagnose, client.outputs):
        with pytest.raises(errors.RunReplacedError):
            look(stranger)


@pytest.mark.parametrize("what", [{"tasks": 0}, {"lines": True}, {"lines": 101}])
def test_counts(emulator: Emulator, what: Any) -> None:
    """How much to look at is a count."""
    with emulator.client() as client, pytest.raises(errors.InvalidRequestError, match="from 1 to"):
        client.diagnose("1", **what)


def test_manifest(caller: Caller, emulator: Emulator) -> None:
    """The manifest tells of run and tasks, also when the service has forgotten them."""
    client = caller.client(emulator)
    run = ended(client, emulator, "COMPLETED")
    found = client.manifest(run)
    assert found.run is not None
    assert (found.run.uuid, found.run.status) == (run.uuid, RunStatus.COMPLETED)
    assert {task.name for task in found.tasks} == {
        task.name for task in client.list_run_tasks(run.id).items
    }
    assert client.manifest(run.id) == found
    client.delete_run(run.id)
    assert client.manifest(run.id) == found
    assert client.manifest(run.ref) == found


def test_no_manifest(caller: Caller, emulator: Emulator) -> None:
    """It is written at the end, and not with log level OFF."""
    client = caller.client(emulator)
    active = started(client)
    with pytest.raises(errors.ManifestNotFoundError, match="is PENDING: its manifest is written"):
        client.manifest(active)
    run = ended(client, emulator, "COMPLETED", log="OFF")
    for name in (run.id, run):
        with pytest.raises(errors.ManifestNotFoundError, match="there is no manifest") as caught:
            client.manifest(name)
        assert caught.value.run == run.ref
    with pytest.raises(errors.ManifestNotFoundError, match="there is no manifest of run 404404"):
        client.manifest("404404")


def test_outputs(caller: Caller, emulator: Emulator) -> None:
    """The place is the one that the service tells."""
    client = caller.client(emulator)
    run = ended(client, emulator, "COMPLETED")
    found = client.outputs(run.id)
    assert (found.run, found.uri, found.is_complete) == (run.ref, run.run_output_uri, True)
    assert str(found) == found.uri
    assert f"{found.uri}</td>" in found._repr_html_()
    assert [uri.rpartition("/")[2] for uri in found.summary_uris] == ["outputs.json", "output.json"]
    failed = client.outputs(ended(client, emulator))
    assert not failed.is_complete
    assert str(failed).endswith("is FAILED)")


def test_timeline(caller: Caller, emulator: Emulator) -> None:
    """Where a run's time went, and what its tasks used, once its manifest tells."""
    client = caller.client(emulator)
    active = client.timeline(started(client, "still"))
    assert (active.run_status, active.tasks) == (RunStatus.PENDING, ())
    run = ended(client, emulator, "COMPLETED")
    whole = client.timeline(run)
    assert [task.name for task in whole.tasks] == ["PrepareReads", "AlignReads", "CallVariants"]
    assert whole.cpu_efficiency is not None
    emulator.faults.add(Fault("GetLogEvents", status=400, code="AccessDeniedException"))
    unseen = client.timeline(run.id)
    assert unseen.cpu_efficiency is None
    assert unseen.notes[0].startswith("what the tasks used: GetLogEvents: AccessDenied")
    assert whole.notes == ()
    emulator.faults.add(Fault("ListRunTasks", status=403, times=3))
    assert client.timeline(run.id).notes[0].startswith("the list of tasks: ListRunTasks")
    emulator.faults.add(Fault("GetLogEvents", status=400, code="AccessDeniedException"))
    for one in (run.id, started(client, "still")):
        with pytest.raises(errors.AccessDeniedError):
            client.timeline(one)
    client.delete_run(run.id)
    assert [task.name for task in client.timeline(run.id).tasks] == [
        task.name for task in whole.tasks
    ]


def test_tasks_that_are_not_told(emulator: Emulator) -> None:
    """A diagnosis without its tasks says so, and so does one that can't look at a task."""
    with emulator.client() as client:
        run = ended(client, emulator, failure_reason="RUN_TASK_FAILED")
        emulator.faults.add(Fault("ListRunTasks", status=403))
        found = client.diagnose(run)
        assert found.failed_tasks == ()
        assert "the tasks, or some of them: ListRunTasks" in found.notes[0]
        emulator.faults.add(Fault("GetRunTask", status=403))
        found = client.diagnose(run)
        assert found.notes[0].startswith("the failed tasks, or some of them: GetRunTask")


def test_tries(emulator: Emulator) -> None:
    """A task that a later try has made up for comes last, and is not taken for the cause."""
    tasks = (
        TaskPlan(name="align", ends="FAILED", failure_reason="SERVICE_ERROR", window=(0.0, 0.1)),
        TaskPlan(name="align", ends="COMPLETED", window=(0.1, 0.2)),
        TaskPlan(name="call", ends="FAILED", failure_reason="TASK_TIMED_OUT", window=(0.2, 0.9)),
    )
    with emulator.client() as client:
        run = ended(client, emulator, failure_reason="WORKFLOW_RUN_FAILED", tasks=tasks)
        found = client.diagnose(run)
        few = client.diagnose(run, tasks=1)
    assert [(task.name, task.attempts, task.is_made_up_for) for task in found.failed_tasks] == [
        ("call", 1, False),
        ("align", 2, True),
    ]
    assert found.cause == FailureReason.TASK_TIMED_OUT
    assert "Because of a task: TASK_TIMED_OUT" in str(found)
    assert "one of 2 of this name, and a later one of it has completed" in str(found)
    assert "Failed tasks (2 of 3; looked at: 1)" in str(few)


def test_as_data_and_for_notebooks(emulator: Emulator) -> None:
    """A diagnosis is JSON, and HTML in which nothing of a run is markup."""
    emulator.plan(
        name="<i>",
        ends="FAILED",
        failure_reason="RUN_TASK_FAILED",
        status_message="<script>alert(1)</script>",
    )
    with emulator.client() as client:
        run_id = started(client, "<i>")
        emulator.clock.advance(A_DAY)  # type: ignore[attr-defined]
        found = client.diagnose(run_id)
        emulator.faults.add(Fault("GetLogEvents", status=500, times=None))
        unseen = client.diagnose(run_id)._repr_html_()
    assert "Not seen" in unseen
    assert "<pre>" not in unseen
    assert json.loads(json.dumps(found.to_dict()))["failure_reason"] == "RUN_TASK_FAILED"
    html = found._repr_html_()
    assert "&lt;script&gt;" in html
    assert "<script>" not in html
    assert "<i>" not in html
