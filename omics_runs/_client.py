"""The sync client."""

from __future__ import annotations

import copy
from collections.abc import Callable, Generator, Mapping
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, Any, Self, TypeVar

import httpx

from omics_runs._core import call
from omics_runs._drivers import SyncDriver
from omics_runs._generated.enums import BatchStatus, RunStatus, TaskStatus
from omics_runs._model import Response
from omics_runs._pool import LentClient, SyncPool
from omics_runs._request import Request
from omics_runs._retry import RetryPolicy
from omics_runs._setup import Arguments, Setup, check_http_client, with_changes
from omics_runs._sync_insight import SyncInsight
from omics_runs._timeout import Timeout

if TYPE_CHECKING:
    from types import TracebackType

    from omics_runs._clock import Clock
    from omics_runs._config import Verify
    from omics_runs._credentials import CredentialsLike
    from omics_runs._effects import Flow
    from omics_runs._generated.enums import BatchStatusLike, RunStatusLike, TaskStatusLike
    from omics_runs._generated.models import GetBatchResponse, GetRunResponse, GetRunTaskResponse
    from omics_runs._hooks import RequestHook, ResponseHook, RetryHook
    from omics_runs._progress import BatchProgress, Progress, TaskProgress
    from omics_runs._recipe import ProxyLike
    from omics_runs._subjects import BatchLike, RunLike, TaskLike
    from omics_runs._tracing import TracerProvider

T = TypeVar("T")
Out = TypeVar("Out", bound=Response)


class OmicsRunsClient(SyncInsight):
    """A client of AWS HealthOmics workflow runs that blocks while it waits.

    One client serves many threads. Use it in a `with` block, or call `close`.
    Building a client asks nothing of AWS: region and endpoint are settled from the arguments, the
    environment and the profile files; credentials are looked up at the first signed call.

    Args:
        region: AWS region, such as `us-west-2`. None: the session given as `credentials`,
            `AWS_REGION`, `AWS_DEFAULT_REGION`, the profile.
        profile: Name of a profile in the AWS configuration files. None: `AWS_PROFILE`, then
            `AWS_DEFAULT_PROFILE`.
        credentials: What to sign with: a `Credentials`, an `(access_key, secret_key, token)`
            tuple, a botocore or boto3 session, an object with `get_frozen_credentials()`, or a
            function that returns any of these. None: botocore's chain (environment,
            profile, SSO, assumed role, web identity, container, instance metadata).
        endpoint_url: Where to send requests instead of AWS; used exactly as it is. None:
            `AWS_ENDPOINT_URL_OMICS`, `AWS_ENDPOINT_URL`, the profile, else the region's own. One
            that is neither encrypted nor on this machine gives a `UserWarning`.
        logs_endpoint_url: Where to send requests to CloudWatch Logs instead of AWS; used exactly as
            it is. None: `AWS_ENDPOINT_URL_CLOUDWATCH_LOGS`, `AWS_ENDPOINT_URL`, the profile, then
            `endpoint_url` if it is on this machine, as an emulator is, else the region's own.
        use_fips: Whether to use the FIPS endpoint. None: `AWS_USE_FIPS_ENDPOINT`, the profile.
        use_dualstack: Whether to use the endpoint that answers over IPv4 and IPv6. None:
            `AWS_USE_DUALSTACK_ENDPOINT`, the profile.
        retry: When to send a request again. None: `AWS_MAX_ATTEMPTS` and the profile, else three
            attempts as in the AWS SDKs' standard mode.
        timeout: Bounds on each call: a `Timeout`, or a number of seconds for a call in all.
        rate_limits: Calls a second by operation, such as `{"StartRun": 1.0}`, or `SERVICE_RATES`
            for all that the service documents. Calls then take turns, evenly spaced, first come,
            first served; each attempt takes one, and the wait for it counts for `timeout`. None
            sets no limits.
        poll_rate: Polls a second of all waits of this client together, so that many waits slow
            each other down instead of being throttled. None for no limit.
        verify: Certificates to trust: True for the usual ones, False for no check at all, a file,
            or a folder of them, or an `ssl.SSLContext`. With True, `AWS_CA_BUNDLE`, the profile's
            `ca_bundle`, `SSL_CERT_FILE` and `SSL_CERT_DIR` count. Not for botocore's own calls, to
            SSO or STS, which go by `AWS_CA_BUNDLE` and the profile.
        proxy: Address of a proxy. None: `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`, as
            they are when the client is built. Not for botocore's own calls, to SSO or STS, which go
            by the variables.
        http_client: An `httpx.Client` of your own, with its own timeouts, proxies and
            certificates. It is used as it is and stays yours to close. A forked child can't use
            such a client, only build one of its own.
        validate: Whether requests are checked before they are sent.
        sign: Whether requests are signed. False never looks for credentials.
        clock: Where time comes from; for tests.
        on_request: A plain function, called with a `RequestEvent` before each attempt. What a
            hook raises ends the call and reaches its caller unchanged.
        on_response: A plain function, called with a `ResponseEvent` after each attempt, whether
            it was answered or not.
        on_retry: A plain function, called with a `RetryEvent` before the wait for another attempt.
        tracer_provider: An OpenTelemetry tracer provider; each call then has a span, and each
            attempt an event in it. Needs the extra `otel`.

    Raises:
        ConfigurationError: No region, contradictory or malformed settings.
    """

    def __init__(
        self,
        region: str | None = None,
        *,
        profile: str | None = None,
        credentials: CredentialsLike | None = None,
        endpoint_url: str | None = None,
        logs_endpoint_url: str | None = None,
        use_fips: bool | None = None,
        use_dualstack: bool | None = None,
        retry: RetryPolicy | None = None,
        timeout: Timeout | float | None = None,
        rate_limits: Mapping[str, float] | None = None,
        poll_rate: float | None = 2.0,
        verify: Verify = True,
        proxy: ProxyLike | None = None,
        http_client: httpx.Client | None = None,
        validate: bool = True,
        sign: bool = True,
        clock: Clock | None = None,
        on_request: RequestHook | None = None,
        on_response: ResponseHook | None = None,
        on_retry: RetryHook | None = None,
        tracer_provider: TracerProvider | None = None,
    ) -> None:
        check_http_client(http_client, httpx.Client)
        setup = Setup.of(
            Arguments(
                region=region,
                profile=profile,
                credentials=credentials,
                endpoint_url=endpoint_url,
                logs_endpoint_url=logs_endpoint_url,
                use_fips=use_fips,
                use_dualstack=use_dualstack,
                retry=retry,
                timeout=timeout,
                rate_limits=rate_limits,
                poll_rate=poll_rate,
                verify=verify,
                proxy=proxy,
                http_client=http_client,
                transport="httpx",
                validate=validate,
                sign=sign,
                clock=clock,
                on_request=on_request,
                on_response=on_response,
                on_retry=on_retry,
                tracer_provider=tracer_provider,
            )
        )
        self._env = setup.env
        self._owns_http = http_client is None
        pool = SyncPool(setup.recipe()) if http_client is None else LentClient(http_client)
        self._driver = SyncDriver(pool, setup.credentials, setup.env.clock)

    def send(
        self,
        request: Request[Out],
        *,
        timeout: Timeout | float | None = None,
        retry: RetryPolicy | None = None,
    ) -> Out:
        """Send any request model and return its answer.

        The request object is the unit of idempotency: sending the same `StartRunRequest` again
        starts no second run, because its `request_id` stays the same.

        Args:
            request: What to send.
            timeout: Bounds on this call; a number means seconds in all, over all attempts.
            retry: When to send it again; None leaves it to the client.

        Raises:
            InvalidRequestError: The request is wrong; nothing was sent.
            ServiceError: The service refused it; a subclass says how.
            TransportError: No usable answer came.
            UnreadableResponseError: An answer came that could not be read.
        """
        bounds = Timeout.of(timeout, self._env.timeout)
        policy = RetryPolicy.of(retry, self._env.retry)
        return self._run(call(request, self._env, bounds, policy))

    def wait_until(
        self,
        run: RunLike,
        status: RunStatusLike | AbstractSet[RunStatusLike] = RunStatus.COMPLETED,
        *,
        timeout: float | None = None,
        min_delay: float = 5,
        max_delay: float = 60,
        progress: Callable[[Progress], object] | None = None,
    ) -> GetRunResponse:
        """Wait until a run has reached a status, and return the run as it is then.

        The run itself is never touched: whatever ends the wait, the run goes on. Throttling,
        server errors, network trouble and keys that can't be had for a while are ridden out until
        the deadline. A status that the run has passed already counts as reached, and one that can
        no longer come ends the wait at once.

        Args:
            run: The run: its id, a `RunRef` or its text, or an answer that speaks of it. If its
                uuid is known, the wait makes sure that the id has not been given to another run.
            status: What to wait for: a status, or a set of statuses of which any will do. With
                `TERMINAL` the wait returns however the run ended; if it was deleted meanwhile,
                with the run as it was last seen.
            timeout: Seconds to wait at most, None for no limit. With 0 the run is asked for once.
                A poll that is under way when time is up may take one read timeout longer, or more
                if the server sends the headers of its answer byte after byte.
            min_delay: Shortest delay between polls, in seconds.
            max_delay: Longest delay between polls, in seconds; delays grow towards it and are
                drawn at random. The last one ends with the wait.
            progress: A plain function, called with a `Progress` after each poll once the run
                was seen. What it raises ends the wait.

        Returns:
            The run as it is when it has reached the status.

        Raises:
            RunFailedError: The run failed, so the wanted status can't come.
            RunCancelledError: The run was cancelled, so the wanted status can't come.
            RunGoneError: The run was deleted, or removed by the service to make room.
            StatusUnreachableError: The run has ended otherwise than was waited for.
            RunReplacedError: The id now belongs to another run.
            WaitTimeoutError: Time is up; its `run` is the run as it was last seen.
            InvalidRequestError: An argument is wrong.
            ServiceError: The service refused to tell of the run, for example by a 403 or 404.
            CredentialsError: There are no keys to sign with, and time alone won't bring any.
        """
        from omics_runs._wait_plan import plan_run_wait  # noqa: PLC0415  (loads many models)
        from omics_runs._waiting import wait_until  # noqa: PLC0415  (likewise)

        plan = plan_run_wait(run, status, timeout, min_delay, max_delay, progress)
        return self._run(wait_until(plan, self._env))

    def wait_until_task(
        self,
        run: RunLike,
        task: TaskLike,
        status: TaskStatusLike | AbstractSet[TaskStatusLike] = TaskStatus.COMPLETED,
        *,
        timeout: float | None = None,
        min_delay: float = 5,
        max_delay: float = 60,
        progress: Callable[[TaskProgress], object] | None = None,
    ) -> GetRunTaskResponse:
        """Wait until a task of a run has reached a status, and return the task as it is then.

        It waits as `wait_until` does. A task that fails may be started again by the engine: the
        retry is a task of its own, with another id.

        Args:
            run: The run: its id, a `RunRef` or its text, or an answer that speaks of it.
            task: The task: its id, or an answer that speaks of it.
            status: What to wait for: a status, or a set of statuses of which any will do;
                `TASK_TERMINAL` returns however the task ended.
            timeout: Seconds to wait at most, None for no limit. With 0 the task is asked for once.
            min_delay: Shortest delay between polls, in seconds.
            max_delay: Longest delay between polls, in seconds.
            progress: A plain function, called with a `TaskProgress` after each poll once the task
                was seen. What it raises ends the wait.

        Returns:
            The task as it is when it has reached the status.

        Raises:
            TaskFailedError: The task failed, so the wanted status can't come.
            TaskCancelledError: The task was cancelled, so the wanted status can't come.
            TaskGoneError: Its run was deleted, or removed by the service to make room.
            StatusUnreachableError: The task has ended otherwise than was waited for.
            WaitTimeoutError: Time is up; its `task` is the task as it was last seen.
            InvalidRequestError: An argument is wrong.
            ServiceError: The service refused to tell of the task, for example by a 403 or 404.
            CredentialsError: There are no keys to sign with, and time alone won't bring any.
        """
        from omics_runs._wait_plan import plan_task_wait  # noqa: PLC0415  (loads many models)
        from omics_runs._waiting import wait_until  # noqa: PLC0415  (likewise)

        plan = plan_task_wait(run, task, status, timeout, min_delay, max_delay, progress)
        return self._run(wait_until(plan, self._env))

    def wait_until_batch(
        self,
        batch: BatchLike,
        status: BatchStatusLike | AbstractSet[BatchStatusLike] = BatchStatus.PROCESSED,
        *,
        timeout: float | None = None,
        min_delay: float = 5,
        max_delay: float = 60,
        progress: Callable[[BatchProgress], object] | None = None,
    ) -> GetBatchResponse:
        """Wait until a batch has reached a status, and return the batch as it is then.

        It waits as `wait_until` does. `PROCESSED` means that all runs are over, not that they
        completed: ask the answer for `is_success` and `failed_count`, and `iter_runs_in_batch`
        for the runs that were never accepted.

        Args:
            batch: The batch: its id, or an answer that speaks of it. If its uuid is known, the
                wait makes sure that the id has not been given to another batch.
            status: What to wait for: a status, or a set of statuses of which any will do;
                `BATCH_TERMINAL` returns however the batch ended.
            timeout: Seconds to wait at most, None for no limit. With 0 the batch is asked for
                once.
            min_delay: Shortest delay between polls, in seconds.
            max_delay: Longest delay between polls, in seconds.
            progress: A plain function, called with a `BatchProgress` after each poll once the
                batch was seen. What it raises ends the wait.

        Returns:
            The batch as it is when it has reached the status.

        Raises:
            BatchFailedError: The batch as a whole failed, and none of its runs was submitted.
            BatchCancelledError: The batch was cancelled, so the wanted status can't come.
            BatchGoneError: The batch was deleted.
            StatusUnreachableError: The batch has ended otherwise than was waited for.
            WaitTimeoutError: Time is up; its `batch` is the batch as it was last seen.
            InvalidRequestError: An argument is wrong.
            ServiceError: The service refused to tell of the batch, for example by a 403 or 404.
            CredentialsError: There are no keys to sign with, and time alone won't bring any.
        """
        from omics_runs._wait_plan import plan_batch_wait  # noqa: PLC0415  (loads many models)
        from omics_runs._waiting import wait_until  # noqa: PLC0415  (likewise)

        plan = plan_batch_wait(batch, status, timeout, min_delay, max_delay, progress)
        return self._run(wait_until(plan, self._env))

    def __repr__(self) -> str:
        where = self._env.endpoint.url_for("")
        return f"{type(self).__name__}(region={self._env.region!r}, endpoint={where!r})"

    def __deepcopy__(self, memo: object) -> Self:
        """Return a copy that shares connections and credentials, as a shallow one does."""
        del memo
        return copy.copy(self)

    def with_options(
        self,
        *,
        timeout: Timeout | float | None = None,
        retry: RetryPolicy | None = None,
        validate: bool | None = None,
    ) -> Self:
        """Return a cheap copy with other settings; it shares connections, credentials and turns.

        The copy does not own the connections: closing it does nothing, closing this client ends
        both.

        Args:
            timeout: Bounds on each call; None keeps this client's.
            retry: When to send a request again; None keeps this client's.
            validate: Whether requests are checked before they are sent; None keeps this client's.
        """
        twin = copy.copy(self)
        twin._env = with_changes(  # noqa: SLF001  (a twin of our own)
            self._env, timeout=timeout, retry=retry, validate=validate
        )
        twin._owns_http = False  # noqa: SLF001
        return twin

    def close(self) -> None:
        """Close the connections, unless they belong to an `http_client` of yours."""
        if self._owns_http:
            self._driver.pool.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _run(self, flow: Flow[T]) -> T:
        refusal = self._driver.pool.refusal()
        if refusal is not None:
            flow.close()
            raise refusal
        return self._driver.run(flow)

    def _stream(self, flow: Flow[object]) -> Generator[Any]:
        refusal = self._driver.pool.refusal()
        if refusal is not None:
            flow.close()
            raise refusal
        return self._driver.stream(flow)
