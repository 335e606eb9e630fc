"""The emulator as its users see it."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Generator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from email.utils import formatdate
from types import MappingProxyType, NoneType, TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self, TypeVar

import attrs
import httpx

from omics_runs._clock import Clock, VirtualClock
from omics_runs._documents import copy_document
from omics_runs._generated.models import GetRunResponse
from omics_runs._narrow import is_mapping
from omics_runs.emulator._admission import Admission
from omics_runs.emulator._batch_work import Batches
from omics_runs.emulator._control import answer_control, is_control
from omics_runs.emulator._data import Data, Facts
from omics_runs.emulator._handlers import HANDLERS
from omics_runs.emulator._http import Received, Refusal, Reply, encoded, merged, refused
from omics_runs.emulator._injection import Faults
from omics_runs.emulator._json_protocol import as_it_is, in_json_protocol
from omics_runs.emulator._lock import Lock
from omics_runs.emulator._log import Log, Recorded, json_or_none
from omics_runs.emulator._plan import Durations, Ending, Plan, TaskPlan, items
from omics_runs.emulator._quotas import Quotas
from omics_runs.emulator._rates import Rates
from omics_runs.emulator._routes import Route, check_operation, decode, find
from omics_runs.emulator._server import serving
from omics_runs.emulator._service import Service, Settings
from omics_runs.emulator._shapes import Shapes
from omics_runs.emulator._signature import SignatureCheck
from omics_runs.emulator._store import (
    CacheBehavior,
    Configuration,
    Engine,
    Names,
    Run,
    RunCache,
    RunGroup,
    Store,
    Workflow,
)
from omics_runs.emulator._timeline import Time
from omics_runs.emulator._transport import AsyncInProcessTransport, InProcessTransport

if TYPE_CHECKING:
    from omics_runs import AsyncOmicsRunsClient, OmicsRunsClient

LOOKS = re.compile(r"/run(Batch)?(/|$)")
"""Paths at which somebody looks at runs, tasks or batches."""

C = TypeVar("C", "OmicsRunsClient", "AsyncOmicsRunsClient")

ENDPOINT = "http://omics.emulator.localhost"
"""What clients in process are told; nobody looks it up."""

ID = re.compile("[0-9]{1,18}")
"""What requests may name."""


class Emulator:
    """A HealthOmics of your own, in process or on loopback.

    It speaks the service's protocol to any client, checks signatures, and moves runs along on a
    clock that can be real, scaled or virtual: a run of an hour takes a tenth of a second. What the
    service leaves undocumented is marked as an assumption in the sources.

    Args:
        clock: What runs move by: a virtual clock for tests, a scaled one for demonstrations. None
            is a virtual one, to which real time is added once the emulator is served. Whatever it
            is, signatures are judged by real time.
        region: The region it plays; signatures must be for it.
        account_id: The account in its ARNs.
        access_key: The access key that it knows.
        secret_key: The secret that belongs to it.
        verify_signatures: Whether calls must be signed; False accepts anything.
        durations: How long runs stay in each status.
        quotas: How much the account may have at a time; None for the service's defaults, and no
            limit to how many runs are active.
        rates: Calls for each second by operation, with bursts of one; `"documented"` for the
            service's defaults, None for no limits.
        strict_workflows: Whether workflows must be added before runs can be started of them.
            Otherwise any id of digits is an active private workflow.
        deleted_runs: What becomes of deleted runs: `"404"`, or they stay and are `"DELETED"`.
        reuse_ids: Whether ids of deleted runs are given out again, as the service does.
        seed: Where ids, uuids and the draws of faults come from; the same seed gives the same ones.
        data: A file in which all that was started, added and planned outlasts the emulator, whose
            time stands still until the next one opens it. A call's changes are written before it
            is answered. None keeps everything in memory.

    Raises:
        OSError: The file can't be opened, or another emulator has it open.
        ValueError: A rate is for no operation, or not above 0. Or the file is not an emulator's, is
            of another format, or belongs to another region or account.
    """

    def __init__(
        self,
        clock: Clock | None = None,
        *,
        region: str = "us-west-2",
        account_id: str = "123456789012",
        access_key: str = "EMULATORKEY000000001",
        secret_key: str = "emulator-secret-key-of-no-account",  # noqa: S107  (opens nothing)
        verify_signatures: bool = True,
        durations: Durations | None = None,
        quotas: Quotas | None = None,
        rates: Mapping[str, float] | Literal["documented"] | None = None,
        strict_workflows: bool = False,
        deleted_runs: Literal["404", "DELETED"] = "404",
        reuse_ids: bool = False,
        seed: int = 0,
        data: str | os.PathLike[str] | None = None,
    ) -> None:
        self.clock: Clock = clock or VirtualClock()
        self.region = region
        self.account_id = account_id
        self.access_key = access_key
        self.secret_key = secret_key
        self.faults: Faults = Faults(seed)
        """What is to go wrong."""
        self.url: str | None = None
        """Where it is served; None while it is not."""
        self._check = SignatureCheck(access_key=access_key, secret_key=secret_key, region=region)
        self._verify_signatures = verify_signatures
        self._time = Time(self.clock)
        self._runs_on_when_served = clock is None
        self._rates = Rates(rates)
        self._lock = Lock(self._save)
        self._seed = seed
        self._quotas = quotas or Quotas()
        self._begin()
        self._settings = Settings(
            durations=durations or Durations(),
            quotas=self._quotas,
            strict_workflows=strict_workflows,
            deleted_runs=deleted_runs,
            reuse_ids=reuse_ids,
        )
        self._data = None if data is None else self._opened(data)

    def _opened(self, path: str | os.PathLike[str]) -> Data:
        """Open the file of the data, and go on from where it was left."""
        with ExitStack() as opened:
            data = opened.enter_context(closing(Data(path)))
            facts = data.load(self._store)
            if facts is not None:
                self._resume(data, facts)
            data.save(self._facts())
            opened.pop_all()
        return data

    def _resume(self, data: Data, facts: Facts) -> None:
        if (facts.region, facts.account_id) != (self.region, self.account_id):
            raise data.refusal(
                f"belongs to account {facts.account_id} in {facts.region},"
                f" not to account {self.account_id} in {self.region}"
            )
        self._time.resume(facts.epoch, facts.now)
        self._store.names.resume(
            last_id=facts.last_id, drawn=facts.drawn, session=facts.session + 1
        )
        self._admission.resume(facts.now)
        self._batches.resume(facts.now)

    def _facts(self) -> Facts:
        names = self._store.names
        return Facts(
            region=self.region,
            account_id=self.account_id,
            epoch=self._time.epoch,
            now=self._time.told,
            last_id=names.last_id,
            drawn=names.drawn,
            session=names.session,
        )

    def _save(self) -> None:
        """Write what has changed, and up to when: nobody will be told of an earlier moment."""
        if self._data is not None:
            self._admission.advance(self._time.told)
            self._data.save(self._facts())

    def close(self) -> None:
        """Let go of the file of the data, where there is one; no calls are answered afterwards.

        Without such a file nothing happens. To close twice is harmless.
        """
        if self._data is None or self._data.closed:
            return
        with self._lock, closing(self._data):
            self._time.now()
            self._save()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _begin(self) -> None:
        """Have nothing to remember yet."""
        self._store = Store(names=Names(self._seed))
        slots = self._quotas.max_active_runs
        self._admission = Admission(self._store, slots, self._run_ended)
        self._batches = Batches(
            store=self._store,
            admission=self._admission,
            rates=self._rates,
            service_at=self._service_at,
        )
        self._log = Log()

    def _run_ended(self, run: Run, moment: float) -> None:
        self._batches.run_ended(run, moment)

    def _caught_up(self) -> float:
        """Return the time, all that happens by itself having happened."""
        now = self._time.now()
        self._admission.advance(now)
        return now

    def _service(self) -> Service:
        """Return the service as of now."""
        return self._service_at(self._caught_up())

    def _service_at(self, moment: float) -> Service:
        return Service(
            store=self._store,
            admission=self._admission,
            shapes=Shapes(
                region=self.region, account_id=self.account_id, time=self._time, now=moment
            ),
            settings=self._settings,
            batches=self._batches,
        )

    def plan(
        self,
        name: str | None = None,
        *,
        run_id: str | None = None,
        ends: Ending = "COMPLETED",
        failure_reason: str | None = None,
        status_message: str | None = None,
        after: float | None = None,
        tasks: Sequence[TaskPlan] | None = None,
        durations: Durations | None = None,
        logs: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        """Decide how runs will go: those started later, or one that is under way.

        Of several plans for a run the last one counts.

        Args:
            name: Name of the runs it is for, `*` and `?` standing for any characters; None for all.
            run_id: Id of a run under way; what it has been through stays as it is.
            ends: Its final status. A failure that comes before the run would be RUNNING is final
                at once.
            failure_reason: Failure code of a run that fails.
            status_message: The sentence beside it.
            after: Seconds from the run's start to its final status; None for all durations in
                full, or for less where the failure needs no task: with `ASSUME_ROLE_FAILED` a run
                never is RUNNING, with `IMPORT_FAILED` hardly. What it waits for a slot comes on
                top.
            tasks: Its tasks; None for the usual three. With some of your own, or with lines of
                tasks in `logs`, each failure lets the run come to them.
            durations: How long it stays in each status; None for the emulator's.
            logs: The lines that end its logs, in place of those that tell of a failure: of `run`,
                of `engine`, and of tasks by their names. At log level FATAL they are left out.

        Raises:
            ValueError: There is no such run under way, it is being cancelled, or `run_id` came
                with what can be planned only before a run starts: a name, tasks, durations, logs.
                Or `after` is below 0 or above ten years, or `logs` are of no such task.
            TypeError: An argument is of another type, such as a string where `logs` have lines.
        """
        _check_run_id(run_id)
        plan = Plan(
            name=name,
            ends=ends,
            failure_reason=failure_reason,
            status_message=status_message,
            after=after,
            tasks=tasks,
            durations=durations,
            logs=logs,
        )
        is_early = (name, tasks, durations, logs) != (None, None, None, None)
        if run_id is not None and is_early:
            msg = "name, tasks, durations and logs can't be planned for a run that has started"
            raise ValueError(msg)
        with self._lock:
            service = self._service()  # what a batch has submitted by now went by earlier plans
            if run_id is None:
                self._store.add_plan(plan)
            else:
                service.redirect(run_id, plan)

    def client(self, **options: Any) -> OmicsRunsClient:
        """Return a client of this emulator, in process.

        Args:
            **options: Arguments of `OmicsRunsClient`, in place of those that lead here. With an
                `endpoint_url`, the one that `serve` gave, it goes by HTTP.
        """
        from omics_runs import OmicsRunsClient  # noqa: PLC0415  (the emulator needs no client)

        http = httpx.Client(transport=self.transport())
        return _owner_of(OmicsRunsClient(**self._client_options(http, options)))

    def async_client(self, **options: Any) -> AsyncOmicsRunsClient:
        """Return an async client of this emulator, in process.

        Args:
            **options: Arguments of `AsyncOmicsRunsClient`, in place of those that lead here. With
                an `endpoint_url`, the one that `serve` gave, it goes by HTTP.
        """
        from omics_runs import AsyncOmicsRunsClient  # noqa: PLC0415  (see above)

        http = httpx.AsyncClient(transport=self.async_transport())
        return _owner_of(AsyncOmicsRunsClient(**self._client_options(http, options)))

    def _client_options(
        self, http: httpx.Client | httpx.AsyncClient, options: Mapping[str, Any]
    ) -> dict[str, Any]:
        here = {} if "endpoint_url" in options else {"endpoint_url": ENDPOINT, "http_client": http}
        return {
            **here,
            "logs_endpoint_url": options.get("endpoint_url", ENDPOINT),
            "region": self.region,
            "credentials": (self.access_key, self.secret_key, None),
            "clock": self.clock,
            **options,
        }

    def transport(self) -> httpx.BaseTransport:
        """Return a transport for an `httpx.Client`, whatever URL it calls."""
        return InProcessTransport(self.handle, self.clock)

    def async_transport(self) -> httpx.AsyncBaseTransport:
        """Return a transport for an `httpx.AsyncClient`, whatever URL it calls."""
        return AsyncInProcessTransport(self.handle, self.clock)

    def serve(
        self, port: int = 0, host: str = "127.0.0.1", *, leap: float = 0.0
    ) -> AbstractContextManager[str]:
        """Serve on loopback for the time of a `with` block, which gets the URL.

        Args:
            port: Port to listen at; 0 for one that is free.
            host: Loopback address to listen at.
            leap: Seconds by which the emulator's time moves on before each call that comes this
                way and looks at runs, tasks or batches. Clients with a clock of their own then
                see the end of a run at their first poll.

        Raises:
            ValueError: The address is no loopback address, or `leap` is no number from 0 up.
            OSError: The port can't be had.
        """
        if not 0 <= leap < float("inf"):
            msg = f"leap must be a number of seconds from 0 up, got {leap}"
            raise ValueError(msg)
        if self._runs_on_when_served:
            self._time.run_on()
        return self._served(host, port, leap)

    @contextmanager
    def _served(self, host: str, port: int, leap: float) -> Generator[str]:
        def handle(received: Received) -> Reply:
            if received.method == "GET" and LOOKS.match(received.path):
                self._leap(leap)
            return self.handle(received)

        before = self.url
        with serving(host, port, handle, self.clock) as url:
            self.url = url
            try:
                yield url
            finally:
                self.url = before

    def _leap(self, seconds: float) -> None:
        with self._lock:
            self._time.leap(seconds)

    def environment(self, url: str) -> dict[str, str]:
        """Return the environment in which boto3, the AWS CLI and this SDK find the emulator.

        Args:
            url: Where it is served.
        """
        return {
            "AWS_ENDPOINT_URL_OMICS": url,
            "AWS_ENDPOINT_URL_CLOUDWATCH_LOGS": url,
            # Without it botocore puts `workflows-` before the host, even before 127.0.0.1.
            "AWS_DISABLE_HOST_PREFIX_INJECTION": "true",
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
        }

    @property
    def requests(self) -> list[Recorded]:
        """The calls so far, in the order they were answered; of very many the last 100,000."""
        with self._lock:
            return self._log.calls

    def forget_requests(self) -> None:
        """Forget the calls so far, and count anew."""
        with self._lock:
            self._log.clear()

    def count(self, operation: str) -> int:
        """Return how many calls of an operation came, whatever they were answered.

        Raises:
            ValueError: There is no such operation.
        """
        check_operation(operation)
        with self._lock:
            return self._log.count(operation)

    @property
    def runs(self) -> Mapping[str, GetRunResponse]:
        """The runs as they are now, by their ids, in the order they were started."""
        with self._lock:
            shapes = self._service().shapes
            found = {key: shapes.run(run) for key, run in self._store.runs.items()}
        return MappingProxyType({k: GetRunResponse.from_dict(s) for k, s in found.items()})

    def add_run_group(
        self,
        id: str | None = None,
        *,
        name: str | None = None,
        max_runs: int | None = None,
        max_cpus: int | None = None,
        max_gpus: int | None = None,
        max_duration: int | None = None,
    ) -> str:
        """Make a run group known, and return its id; runs may name it from then on.

        A group that is known already is replaced. Runs that wait for it start at once if they fit
        the new one, and those that are active go on in any case.

        Args:
            id: Its id; None draws one.
            name: Its name.
            max_runs: How many of its runs may be active at a time; None for as many as like.
            max_cpus: How many CPUs their tasks may have together.
            max_gpus: How many GPUs their tasks may have together.
            max_duration: Minutes that runs started from now on may be RUNNING.

        Raises:
            ValueError: The id is not 1 to 18 digits, a maximum is no whole number from 1 up, or
                the account may have no more groups.
        """
        with self._lock:
            now = self._caught_up()
            group = RunGroup(
                id=self._id(id, self._store.run_groups, self._quotas.max_run_groups),
                name=name,
                max_runs=max_runs,
                max_cpus=max_cpus,
                max_gpus=max_gpus,
                max_duration=max_duration,
                created=now,
            )
            self._admission.add_group(group, now)
        return group.id

    def add_run_cache(
        self,
        id: str | None = None,
        *,
        name: str | None = None,
        s3_uri: str = "s3://emulator-run-cache/",
        behavior: CacheBehavior = "CACHE_ON_FAILURE",
    ) -> str:
        """Make a run cache known, and return its id; runs may name it from then on.

        Args:
            id: Its id; None draws one.
            name: Its name.
            s3_uri: Where it would keep what runs have done.
            behavior: Whether it keeps the work of all runs, or only of those that fail.

        Raises:
            ValueError: The id is not 1 to 18 digits, or the account may have no more caches.
        """
        with self._lock:
            now = self._caught_up()
            cache = RunCache(
                id=self._id(id, self._store.run_caches, self._quotas.max_run_caches),
                name=name,
                s3_uri=s3_uri,
                behavior=behavior,
                created=now,
            )
            self._store.add_run_cache(cache)
        return cache.id

    def add_workflow(
        self,
        id: str | None = None,
        *,
        type: Literal["PRIVATE", "READY2RUN"] = "PRIVATE",
        name: str | None = None,
        engine: Engine = "NEXTFLOW",
        parameter_template: Mapping[str, Mapping[str, object]] | None = None,
    ) -> str:
        """Make a workflow known, and return its id.

        Args:
            id: Its id; None draws one.
            type: Its type; one that is READY2RUN is found only by those who ask for that type.
            name: Its name, which ListRuns shows.
            engine: Its language; only runs of Nextflow workflows have engine settings.
            parameter_template: Its parameters by their names, each with a `description` and
                whether it is `optional`. Runs of a private workflow must have those that are not
                optional, and no other ones; None takes any.

        Raises:
            ValueError: The id is not 1 to 18 digits.
        """
        template = _checked_template(parameter_template)
        members = {} if template is None else {"parameterTemplate": copy_document(template)}
        with self._lock:
            self._caught_up()
            workflow = Workflow(
                id=self._id(id, self._store.workflows),
                type=type,
                name=name,
                engine=engine,
                members=members,
                created=self._time.now(),
            )
            self._store.add_workflow(workflow)
        return workflow.id

    def _id(self, id: str | None, known: Mapping[str, object], most: float = float("inf")) -> str:
        """Return an id for something to be added: the one given, or a fresh one."""
        if id is not None and not ID.fullmatch(id):
            msg = f"an id must be 1 to 18 digits, got {id!r}"
            raise ValueError(msg)
        if id not in known and len(known) >= most:
            msg = f"the account may have no more than {most}"
            raise ValueError(msg)
        return id or self._store.names.id()

    def add_configuration(
        self,
        name: str,
        *,
        security_group_ids: Sequence[str] = ("sg-0123456789abcdef0",),
        subnet_ids: Sequence[str] = ("subnet-0123456789abcdef0",),
        vpc_id: str = "vpc-0123456789abcdef0",
    ) -> str:
        """Make a VPC configuration known, and return its name.

        Raises:
            TypeError: The ids are no lists of strings.
        """
        with self._lock:
            self._caught_up()
            configuration = Configuration(
                name=name,
                uuid=self._store.names.uuid(),
                security_group_ids=items("security_group_ids", str, security_group_ids),
                subnet_ids=items("subnet_ids", str, subnet_ids),
                vpc_id=vpc_id,
                created=self._time.now(),
            )
            self._store.add_configuration(configuration)
        return name

    def add_object(self, uri: str, settings: Sequence[Mapping[str, Any]] | str) -> None:
        """Put a file of settings where batches find it that are started from then on.

        A batch takes the file as it is when it is started; one that names no such file fails.

        Args:
            uri: Where it is: what a batch gives as `S3UriSettings`.
            settings: What is in it: the settings of the runs, by the service's names
                (`runSettingId`, `parameters`...), or any text, right or wrong.

        Raises:
            TypeError: The settings are no JSON.
            ValueError: They are no JSON.
        """
        text = settings if isinstance(settings, str) else json.dumps(settings, allow_nan=False)
        with self._lock:
            self._store.add_object(uri, text)

    def expire_token(self, session_token: str) -> None:
        """Refuse a session token from now on, as one whose time is over."""
        with self._lock:
            self._check.expired_tokens.add(session_token)

    def reset(self) -> None:
        """Be as new: forget all that was started, added, planned, recorded or to go wrong.

        The settings stay, and time goes on. Ids and draws come in the same order once more.
        """
        with self._lock:
            self._begin()
            if self._data is not None:
                self._data.replace(self._store)
            self._rates.refill()
            self._check.expired_tokens.clear()
            self.faults.clear()
            self.faults.injected = 0

    def handle(self, received: Received) -> Reply:
        """Answer one HTTP request; the transports and the server call this."""
        if is_control(received):
            return answer_control(self, received)
        with self._lock:
            aws_request_id = self._store.names.request_id()
        operation: str | None = None
        in_protocol = as_it_is if received.header("x-amz-target") is None else in_json_protocol
        try:
            route = find(received)
            operation = route.operation.name
            in_protocol = as_it_is if route.operation.target is None else in_json_protocol
            reply = self._admitted(route, received)
        except Refusal as refusal:
            reply = refused(refusal)
        reply = in_protocol(reply)
        self._record(received, operation, reply, aws_request_id)
        return _complete(reply, aws_request_id)

    def _admitted(self, route: Route, received: Received) -> Reply:
        if self._verify_signatures:
            self._check.check(received, route.operation.service)
        name = route.operation.name
        with self._lock:
            self._rates.take(name, self._caught_up())
            fault = self.faults.take(name)
            if fault is None:
                return self._performed(route, received)
            untouched = Reply(status=route.operation.status_code)
            return fault.spoil(
                self._performed(route, received) if fault.lets_through else untouched
            )

    def _performed(self, route: Route, received: Received) -> Reply:
        try:
            content = HANDLERS[route.operation.name](self._service(), decode(route, received))
        except Refusal as refusal:
            return refused(refusal)
        body = encoded(content) if content else b""
        return Reply(status=route.operation.status_code, body=body)

    def _record(
        self, received: Received, operation: str | None, reply: Reply, aws_request_id: str
    ) -> None:
        recorded = Recorded(
            operation=operation,
            method=received.method,
            target=received.target,
            headers={name.lower(): value for name, value in received.headers},
            body=json_or_none(received.body),
            signed=received.header("authorization") is not None,
            status=reply.status,
            aws_request_id=aws_request_id,
        )
        with self._lock:
            self._log.add(recorded)


def _complete(reply: Reply, aws_request_id: str) -> Reply:
    usual = {
        "x-amzn-requestid": aws_request_id,
        "Date": formatdate(usegmt=True),
        "content-type": "application/json",
    }
    return attrs.evolve(reply, headers=merged(usual, reply.headers))


def _owner_of(client: C) -> C:
    """Return a client that closes its HTTP client with itself: nobody else has it."""
    vars(client)["_owns_http"] = True
    return client


def _check_run_id(given: object) -> None:
    if not isinstance(given, (str, NoneType)):
        msg = f"run_id must be of the type str, got {given!r}"
        raise TypeError(msg)


def _checked_template(
    template: Mapping[str, Mapping[str, object]] | None,
) -> Mapping[str, Mapping[str, object]] | None:
    """Return a parameter template that is one."""
    given: object = template
    if given is not None and not (is_mapping(given) and all(map(is_mapping, given.values()))):
        msg = f"parameter_template must be a mapping of mappings, got {given!r}"
        raise ValueError(msg)
    return template
