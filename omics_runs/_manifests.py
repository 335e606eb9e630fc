"""Finding a run's manifest: of a run that the service knows, and of one that it has forgotten."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from omics_runs._core import outcome
from omics_runs._generated.errors import ResourceNotFoundError
from omics_runs._generated.models import GetRunResponse, LogStream
from omics_runs._lifecycle import RUN_LIFE, TERMINAL, Verdict
from omics_runs._logs import Unread, manifest_prefix, streams, whole
from omics_runs._manifest import Manifest
from omics_runs._manifest_errors import ManifestNotFoundError
from omics_runs._manifest_reading import read_manifest
from omics_runs._rules import EPOCH
from omics_runs._run_ref import RunRef
from omics_runs._subjects import RunSubject
from omics_runs._wait_errors import RunReplacedError

if TYPE_CHECKING:
    from omics_runs._effects import Flow
    from omics_runs._env import Env


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


def look(ref: RunRef, env: Env) -> Flow[GetRunResponse | ResourceNotFoundError | RunReplacedError]:
    """Return the run as the service knows it now, or the error of one that it does not know."""
    subject = RunSubject(ref)
    seen = yield from outcome(subject.request(), env, env.timeout, env.retry)
    if isinstance(seen, Exception):
        if isinstance(seen, ResourceNotFoundError):
            return seen
        raise seen
    try:
        subject.check(seen, None, TERMINAL)
    except RunReplacedError as error:
        return error.with_traceback(None)
    return seen


def look_or_find(ref: RunRef, env: Env) -> Flow[GetRunResponse | Manifest]:
    """Return the run as the service knows it, or the manifest of one that it has forgotten.

    Raises:
        ResourceNotFoundError: There is no such run, and no manifest of one.
        RunReplacedError: The id belongs to another run, and there is no manifest of this one.
        CallError: The run could not be looked at.
        CredentialsError: There are no keys to sign with.
    """
    seen = yield from look(ref, env)
    if isinstance(seen, GetRunResponse):
        return seen
    found = yield from find(ref, env)
    if isinstance(found, Manifest) and found.run is not None:
        return found
    if isinstance(found, Exception):
        seen.add_note(f"nor does a manifest tell of it: {found}")
        raise seen from found
    seen.add_note("its manifest has no record of the run that could be read")
    raise seen


def find(ref: RunRef, env: Env) -> Flow[Manifest | ManifestNotFoundError | Unread]:
    """Read the manifest by the run's uuid, or if that is unknown the latest one of its id."""
    prefix = manifest_prefix(ref.id)
    if ref.uuid is not None:
        name = prefix + ref.uuid
    else:
        found = yield from streams(prefix, env)
        if isinstance(found, Exception):
            return _none_or(found, ref)
        if not found:
            return _none(ref)
        name = max(found, key=_written).log_stream_name
    messages = yield from whole(name, env)
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
