"""What each operation does: one method for each, from a decoded request to the answer's content.

Whoever calls them holds the emulator's lock.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Literal

import attrs
from attrs import frozen

from omics_runs._generated.enums import RunStatus, TaskStatus
from omics_runs._generated.models import (
    CancelRunRequest,
    DeleteRunRequest,
    GetRunRequest,
    GetRunTaskRequest,
    ListRunsRequest,
    ListRunTasksRequest,
    StartRunRequest,
)
from omics_runs._lifecycle import CANCELLABLE, DELETABLE
from omics_runs._request import Request
from omics_runs.emulator._admission import Admission
from omics_runs.emulator._course import Course, course, reasons
from omics_runs.emulator._http import conflict, invalid, not_found
from omics_runs.emulator._plan import Durations, Plan
from omics_runs.emulator._quotas import Quotas, exceeded
from omics_runs.emulator._routes import check
from omics_runs.emulator._shapes import Shape, Shapes
from omics_runs.emulator._store import (
    Configuration,
    Page,
    Run,
    RunGroup,
    Store,
    Submission,
    Task,
    Workflow,
    WorkflowVersion,
    version_key,
)
from omics_runs.emulator._timeline import Timeline

if TYPE_CHECKING:
    from omics_runs.emulator._batch_work import Batches

PAGE_SIZE = 100
"""Items on a page for which no other number was asked."""

GOES_WITH: Mapping[str, tuple[str, ...]] = {
    "cacheId": ("cacheBehavior",),
    "networkingMode": ("configurationName",),
    "workflowId": ("workflowType", "workflowVersionName"),
    "workflowType": ("storageCapacity", "storageType"),
}
"""What a duplicate does not inherit either once it has another one of a member.

Assumption: whoever overrides the one could not get rid of the other.
"""

NOT_COPIED = ("batchId", "requestId", "runId", "tags")
"""Members of a run that its duplicate does not inherit."""


@frozen(kw_only=True)
class Settings:
    """How the service behaves where its users can choose."""

    durations: Durations
    quotas: Quotas
    strict_workflows: bool
    deleted_runs: Literal["404", "DELETED"]
    reuse_ids: bool


@frozen(kw_only=True)
class Service:
    """One call's moment, over everything that the emulator remembers."""

    store: Store
    admission: Admission
    shapes: Shapes
    settings: Settings
    batches: Batches

    @property
    def now(self) -> float:
        """The moment of the call; it does not move while the call is answered."""
        return self.shapes.now

    def start_run(self, request: StartRunRequest) -> Shape:
        """Start a run, or answer for the one that this request has started before."""
        body = canonical(request)
        submission = self.store.submissions.get(request.request_id)
        if submission is not None:
            return self._started_before(submission, body)
        return self.shapes.started(self.begin(request), RunStatus.PENDING)

    def begin(self, request: StartRunRequest, *, batch_id: str | None = None) -> Run:
        """Start a run whose request id is new, alone or in a batch.

        Raises:
            Refusal: It can't be started.
        """
        run = self._new_run(request, batch_id)
        self.admission.add(run)
        answer = self.shapes.started(run, RunStatus.PENDING)
        submission = Submission(body=canonical(request), answer=answer)
        self.store.submit(request.request_id, submission)
        return run

    def get_run(self, request: GetRunRequest) -> Shape:
        """Describe a run."""
        return self.shapes.run(self._run(request.id), definition=bool(request.export))

    def list_runs(self, request: ListRunsRequest) -> Shape:
        """List the runs that pass the filters, newest first."""
        listing = f"runs {request.status} {request.name} {request.run_group_id} {request.batch_id}"
        start = self.store.page_of(request.starting_token, listing)
        passes = _filter(request, self.now)
        found = (
            (run.number, self.shapes.run_item(run))
            for run in self.store.newest_first()
            if (start is None or run.number <= start) and passes(run)
        )
        return self.page(found, request.max_results, listing)

    def cancel_run(self, request: CancelRunRequest) -> Shape:
        """Let a run go by STOPPING to CANCELLED."""
        run = self._run(request.id)
        status = run.status(self.now)
        if status not in CANCELLABLE:
            # Assumption: the answer for a run that has ended; the service documents none.
            raise conflict(f"Run {run.id} is {status} and can't be cancelled any more.")
        changed = attrs.evolve(run, course=run.course.cancelled(self.now))
        self.admission.change(changed, self.now)
        return {}

    def delete_run(self, request: DeleteRunRequest) -> Shape:
        """Forget a run that has ended."""
        run = self._run(request.id)
        status = run.status(self.now)
        if status not in DELETABLE:
            # Assumption: the answer for a run that is active; the service documents none.
            raise conflict(f"Run {run.id} is {status}; only a run that has ended can be deleted.")
        # Assumption: a deleted run is not found at once; whether it shows as DELETED is open.
        if self.settings.deleted_runs == "DELETED":
            self.store.show_as_deleted(run)
        else:
            self.store.forget(run.id)
        if self.settings.reuse_ids:
            self.store.free(run.id)
        return {}

    def list_run_tasks(self, request: ListRunTasksRequest) -> Shape:
        """List the tasks of a run that there are so far, in the order of the plan."""
        run = self._run(request.id)
        listing = f"tasks {run.uuid} {request.status}"
        start = self.store.page_of(request.starting_token, listing) or 0
        found = (
            (place, self.shapes.task_item(task, timeline))
            for place, task, timeline in self._tasks(run)
            if place >= start and request.status in {None, timeline.status(self.now)}
        )
        return self.page(found, request.max_results, listing)

    def get_run_task(self, request: GetRunTaskRequest) -> Shape:
        """Describe a task of a run."""
        run = self._run(request.id)
        for _, task, timeline in self._tasks(run):
            if task.id == request.task_id:
                return self.shapes.task(run, task, timeline)
        raise not_found(f"Task {request.task_id} of run {run.id} not found")

    def keep_group(self, group: RunGroup) -> None:
        """Keep a run group, new or changed; runs that wait for it may fit it now."""
        self.admission.add_group(group, self.now)

    def redirect(self, run_id: str, plan: Plan) -> None:
        """Change how a run that is under way will end.

        Raises:
            ValueError: There is no such run, it has ended, or it is being cancelled.
        """
        run = self.store.runs.get(run_id)
        if run is None or run.status(self.now) not in CANCELLABLE:
            msg = f"there is no run {run_id} under way"
            raise ValueError(msg)
        if run.course.being_cancelled(self.now):
            msg = f"run {run_id} is being cancelled, and that is how it will end"
            raise ValueError(msg)
        changed = run.course.redirected(plan, self.now)
        reason, message = reasons(changed, plan)
        self.admission.change(
            attrs.evolve(run, course=changed, failure_reason=reason, status_message=message),
            self.now,
        )

    def _started_before(self, submission: Submission, body: str) -> Shape:
        """Answer a StartRun whose request id was seen before.

        Assumption: the run of the first request, as it is now, or a conflict if the request has
        changed. The service documents only that no second run is started.
        """
        if submission.body != body:
            raise conflict("The requestId was used before, with other parameters.")
        run = self.store.runs.get(submission.answer["id"])
        if run is None or run.uuid != submission.answer["uuid"]:
            return {**submission.answer, "status": RunStatus.DELETED.value}
        return self.shapes.started(run, run.status(self.now))

    def _new_run(self, request: StartRunRequest, batch_id: str | None) -> Run:
        members = self._members(request)
        if request.run_id is not None:
            _check_members(members)
        self._check_references(members)
        workflow = self._workflow(members)
        configuration = self._configuration(members)
        plan = self._plan(members.get("name"))
        way = self._course(members, plan)
        reason, message = reasons(way, plan)
        self._make_room()
        names = self.store.names
        origin = {} if batch_id is None else {"batchId": batch_id}
        return Run(
            id=self.store.next_run_id(),
            uuid=names.uuid(),
            number=len(self.store.submissions),
            members={**members, **origin},
            workflow=workflow,
            configuration=configuration,
            course=way,
            tasks=tuple(Task(id=names.id(), uuid=names.uuid(), plan=task) for task in plan.tasks),
            failure_reason=reason,
            status_message=message,
            logs=plan.logs,
        )

    def _course(self, members: Mapping[str, Any], plan: Plan) -> Course:
        """Assumption: a group's longest duration is in minutes, and counts from RUNNING."""
        durations = plan.durations or self.settings.durations
        limit = self.settings.quotas.max_run_duration
        if "runGroupId" in members:
            minutes = self.store.run_groups[members["runGroupId"]].max_duration
            limit = limit if minutes is None else min(limit, minutes * 60)
        return course(self.now, plan, durations, limit)

    def _make_room(self) -> None:
        """Evict a run if no other could be stored.

        Assumption: only a run that has ended is evicted, and it is not found from then on.
        """
        most = self.settings.quotas.max_stored_runs
        if self.store.stored_runs < most:
            return
        oldest = self.store.oldest_removable()
        if oldest is None:
            raise exceeded(f"The account has {most} runs, the most it may have; delete some first.")
        self.store.forget(oldest.id)
        if self.settings.reuse_ids:
            self.store.free(oldest.id)

    def _members(self, request: StartRunRequest) -> Mapping[str, Any]:
        members = request.to_dict()
        if request.run_id is None:
            return members
        source = self._run(request.run_id)
        if source.deleted:
            raise not_found(f"Run {source.id} not found")
        dropped = {*NOT_COPIED, *(k for name in members for k in GOES_WITH.get(name, ()))}
        copied = {k: v for k, v in source.members.items() if k not in dropped}
        return {**copied, **members}

    def check_references(self, members: Mapping[str, Any]) -> None:
        """Refuse members of a run, or of a batch's default, that name what is not there.

        Raises:
            Refusal: They do.
        """
        self._check_references(members)
        workflow = self.workflow(members["workflowId"], members.get("workflowType"))
        self._version(workflow, members.get("workflowVersionName"))
        self._configuration(members)

    def _check_references(self, members: Mapping[str, Any]) -> None:
        for member, kind, known in (
            ("runGroupId", "Run group", self.store.run_groups),
            ("cacheId", "Run cache", self.store.run_caches),
        ):
            if member in members and members[member] not in known:
                raise not_found(f"{kind} {members[member]} not found")

    def _workflow(self, members: Mapping[str, Any]) -> Workflow:
        """Return the workflow to run, once the run's parameters are those that it takes."""
        workflow = self.workflow(members["workflowId"], members.get("workflowType"))
        source = self._version(workflow, members.get("workflowVersionName")) or workflow
        # Assumption: the parameters of READY2RUN workflows aren't looked at before the run.
        if "parameterTemplate" in source.members and workflow.type == "PRIVATE":
            _check_parameters(source.members["parameterTemplate"], members.get("parameters", {}))
        return attrs.evolve(workflow, engine=source.engine)

    def _version(self, workflow: Workflow, name: str | None) -> WorkflowVersion | None:
        """Return the version to run; None for no version, or one of a workflow nobody has added."""
        version = self.store.workflow_versions.get(version_key(workflow.id, name or ""))
        if name is not None and version is None and workflow.id in self.store.workflows:
            raise not_found(f"Version {name} of workflow {workflow.id} not found")
        return version

    def workflow(self, name: str, kind: str | None = None) -> Workflow:
        """Return a workflow; one of the wrong type is as good as none.

        Raises:
            Refusal: There is no such workflow.
        """
        known, kind = self.store.workflows.get(name), kind or "PRIVATE"
        if known is None and kind == "PRIVATE" and not self.settings.strict_workflows:
            return Workflow(id=name)
        if known is None or known.type != kind:
            raise not_found(f"Workflow {name} not found")
        return known

    def _configuration(self, members: Mapping[str, Any]) -> Configuration | None:
        name = members.get("configurationName")
        if name is None:
            return None
        if name not in self.store.configurations:
            raise not_found(f"Configuration {name} not found")
        return self.store.configurations[name]

    def _plan(self, name: str | None) -> Plan:
        matching = (plan for plan in reversed(self.store.plans.values()) if plan.matches(name))
        return next(matching, Plan())

    def _run(self, run_id: str) -> Run:
        run = self.store.runs.get(run_id)
        if run is None:
            raise not_found(f"Run {run_id} not found")
        return run

    def _tasks(self, run: Run) -> Iterable[tuple[int, Task, Timeline[TaskStatus]]]:
        for place, (task, timeline) in enumerate(zip(run.tasks, run.course.tasks, strict=True)):
            if timeline is not None and timeline.steps[0].at <= self.now:
                yield place, task, timeline

    def page(
        self,
        found: Iterable[tuple[int, Shape]],
        size: int | None,
        listing: str,
        *,
        key: str = "items",
    ) -> Shape:
        """Return one page of a list; each item comes with the number that tokens know it by."""
        items: list[Shape] = []
        for number, item in found:
            if len(items) == (size or PAGE_SIZE):
                page = Page(listing=listing, start=number)
                return {key: items, "nextToken": self.store.token_of(page)}
            items.append(item)
        return {key: items}


def _filter(request: ListRunsRequest, now: float) -> Callable[[Run], bool]:
    filters = {
        "name": request.name,
        "runGroupId": request.run_group_id,
        "batchId": request.batch_id,
    }
    wanted = [(name, value) for name, value in filters.items() if value is not None]

    def passes(run: Run) -> bool:
        if request.status is not None and run.status(now) != request.status:
            return False
        return all(run.members.get(name) == value for name, value in wanted)

    return passes


def canonical(request: Request[Any]) -> str:
    """Return a request in one form, by which it is recognised when it comes again."""
    return json.dumps(request.to_dict(), sort_keys=True)


def _check_members(members: Mapping[str, Any]) -> None:
    """Refuse what is wrong only with what a duplicated run brought along."""
    whole = {name: value for name, value in members.items() if name != "runId"}
    check(StartRunRequest.from_dict(whole), whole)


def _check_parameters(template: Mapping[str, Any], parameters: Mapping[str, Any]) -> None:
    """Refuse a run without a parameter that its workflow needs, or with one it doesn't know."""
    needed = {name for name, about in template.items() if not about.get("optional")}
    if missing := sorted(needed - set(parameters)):
        raise invalid(f"The workflow needs parameters that are missing: {', '.join(missing)}")
    if strays := sorted(set(parameters) - set(template)):
        raise invalid(f"The workflow has no such parameters: {', '.join(strays)}")


HANDLERS: Mapping[str, Callable[[Service, Any], Shape]] = {
    "StartRun": Service.start_run,
    "GetRun": Service.get_run,
    "ListRuns": Service.list_runs,
    "CancelRun": Service.cancel_run,
    "DeleteRun": Service.delete_run,
    "ListRunTasks": Service.list_run_tasks,
    "GetRunTask": Service.get_run_task,
}
"""What answers each operation, by the service's names."""
