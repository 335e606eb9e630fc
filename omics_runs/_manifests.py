"""Finding a run's manifest: of a run that the service knows, and of one that it has forgotten."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from attrs import frozen

from omics_runs._core import outcome
from omics_runs._generated.errors import ResourceNotFoundError
from omics_runs._generated.models import GetRunResponse, LogStream
from omics_runs._lifecycle import RUN_LIFE, TERMINAL, Verdict
from omics_runs._logs import Unread, manifest_prefix, messages_of, streams_under
from omics_runs._manifest import Manifest, RunManifest, TaskManifest
from omics_runs._manifest_errors import ManifestNotFoundError
from omics_runs._manifest_reading import read_manifest
from omics_runs._rules import EPOCH
from omics_runs._run_ref import RunRef
from omics_runs._subjects import RunSubject
from omics_runs._wait_errors import RunReplacedError

if TYPE_CHECKING:
    from omics_runs._effects import Flow
    from omics_runs._env import Env


@frozen
class Forgotten:
    """A run that the service no longer knows, as its manifest tells."""

    run: RunManifest
    tasks: Sequence[TaskManifest]
    notes: tuple[str, ...]
    """What of the manifest could not be read."""
    until: datetime | None
    """When another run got its id; None if none is known."""


def manifest(ref: RunRef, env: Env) -> Flow[Manifest]:
    """Return the manifest of a run.

    Raises:
        ManifestNotFoundError: There is none.
        CallError: It could not be looked for.
        CredentialsError: There are no keys to sign with.
    """
    if ref.uuid is None:
        seen = yield from look(ref, env)
        if isinstance(seen, GetRunResponse):
            _refuse_active(seen)
            ref = seen.ref
    found = yield from find(ref, env)
    if isinstance(found, Exception):
        raise found
    return found


def look(ref: RunRef, env: Env) -> Flow[GetRunResponse | ResourceNotFoundError]:
    """Return the run that has an id now, or the error of one that the service does not know."""
    seen = yield from outcome(RunSubject(ref).request(), env, env.timeout, env.retry)
    if isinstance(seen, Exception) and not isinstance(seen, ResourceNotFoundError):
        raise seen
    return seen


def replaced(ref: RunRef, seen: GetRunResponse) -> RunReplacedError | None:
    """Return the error of an id that another run has got."""
    try:
        RunSubject(ref).check(seen, None, TERMINAL)
    except RunReplacedError as error:
        return error.with_traceback(None)
    return None


def look_or_find(ref: RunRef, env: Env) -> Flow[GetRunResponse | Forgotten]:
    """Return the run as the service knows it, or the manifest of one that it has forgotten.

    Raises:
        ResourceNotFoundError: There is no such run, and no manifest of one.
        RunReplacedError: The id belongs to another run, and there is no manifest of this one.
        CallError: The run could not be looked at.
        CredentialsError: There are no keys to sign with.
    """
    seen = yield from look(ref, env)
    if isinstance(seen, ResourceNotFoundError):
        return (yield from _forgotten(ref, seen, None, env))
    error = replaced(ref, seen)
    if error is None:
        return seen
    return (yield from _forgotten(ref, error, seen.creation_time, env))


def _forgotten(
    ref: RunRef,
    error: ResourceNotFoundError | RunReplacedError,
    until: datetime | None,
    env: Env,
) -> Flow[Forgotten]:
    found = yield from find(ref, env)
    if isinstance(found, Manifest) and found.run is not None:
        return Forgotten(found.run, found.tasks, unread(found), until)
    if isinstance(found, Exception):
        error.add_note(f"nor does a manifest tell of it: {found}")
        raise error from found
    error.add_note("its manifest has no record of the run that could be read")
    raise error


def unread(manifest: Manifest) -> tuple[str, ...]:
    """Return what is to be said of what could not be read of a manifest."""
    count = len(manifest.unread)
    return (f"parts of the manifest ({count}): manifest(run).unread has them",) if count else ()


def find(ref: RunRef, env: Env) -> Flow[Manifest | ManifestNotFoundError | Unread]:
    """Read the manifest by the run's uuid, or if that is unknown the latest one of its id."""
    prefix = manifest_prefix(ref.id)
    if ref.uuid is not None:
        name = prefix + ref.uuid
    else:
        found = yield from streams_under(prefix, env)
        if isinstance(found, Exception):
            return _none_or(found, ref)
        if not found:
            return _none(ref)
        name = max(found, key=_written).log_stream_name
    messages = yield from messages_of(name, env)
    if isinstance(messages, Exception):
        return _none_or(messages, ref)
    return read_manifest(messages) if messages else _none(ref)


def _written(stream: LogStream) -> datetime:
    return stream.last_event_timestamp or stream.creation_time or EPOCH


def _refuse_active(seen: GetRunResponse) -> None:
    if RUN_LIFE.verdict(TERMINAL, seen) is Verdict.WAIT:
        msg = f"run {seen.id} is {seen.status}: its manifest is written when it has ended"
        raise ManifestNotFoundError(msg, run=seen.ref)


def _none_or(trouble: Unread, ref: RunRef) -> ManifestNotFoundError | Unread:
    """Return that there is none, if that is what the trouble is."""
    return _none(ref, trouble) if isinstance(trouble, ResourceNotFoundError) else trouble


def _none(ref: RunRef, cause: Exception | None = None) -> ManifestNotFoundError:
    error = ManifestNotFoundError(
        f"there is no manifest of run {ref.id}: it is written some time after the run has ended, "
        "unless its log level is OFF, and stays as long as the log group keeps it",
        run=ref,
    )
    error.__cause__ = cause
    return error
