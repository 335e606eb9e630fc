"""The emulator's own paths, below `/_emulator/`, by which tests in any language can steer it.

They are no part of the service: unsigned, never recorded, never throttled, never spoilt. What goes
in and out is JSON, with the names that the arguments have in Python.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

import attrs

from omics_runs._clock import Clock, ScaledClock, SystemClock, VirtualClock
from omics_runs._narrow import LONGEST, is_array
from omics_runs._version import __version__
from omics_runs.emulator._arguments import call
from omics_runs.emulator._checks import is_delay
from omics_runs.emulator._faults import Fault
from omics_runs.emulator._http import Received, Refusal, Reply, decoded, encoded, refused

if TYPE_CHECKING:
    from omics_runs.emulator._emulator import Emulator

ROOT = "/_emulator"

Answer: TypeAlias = Mapping[str, object]
Control: TypeAlias = Callable[["Emulator", Any], Answer]
"""What does the work: from the decoded body to the content of the answer."""


def is_control(received: Received) -> bool:
    """Return whether a request is for the emulator itself, and not for the service."""
    return received.path == ROOT or received.path.startswith(f"{ROOT}/")


def answer_control(emulator: Emulator, received: Received) -> Reply:
    """Answer a request for the emulator itself."""
    try:
        reply = Reply(status=200, body=encoded(_content(emulator, received)))
    except Refusal as refusal:
        reply = refused(refusal)
    return attrs.evolve(reply, headers={"content-type": "application/json"})


def _content(emulator: Emulator, received: Received) -> Answer:
    control = _find(received)
    try:
        body = decoded(received.body or b"{}")
    except ValueError as error:
        raise Refusal(400, "", f"The body must be JSON: {error}") from None
    try:
        return control(emulator, body)
    except ValueError as error:
        raise Refusal(400, "", str(error)) from None


def _find(received: Received) -> Control:
    methods = CONTROLS.get(received.path.removeprefix(f"{ROOT}/"))
    if methods is None:
        known = ", ".join(f"{ROOT}/{name}" for name in CONTROLS)
        raise Refusal(404, "", f"The emulator has no {received.path}; it has {known}")
    if received.method not in methods:
        msg = f"{received.path} takes {' and '.join(methods)}, not {received.method}"
        raise Refusal(405, "", msg)
    return methods[received.method]


def _health(emulator: Emulator, _: object) -> Answer:
    return {
        "version": __version__,
        "region": emulator.region,
        "account_id": emulator.account_id,
        "clock": type(emulator.clock).__name__,
        "speed": _speed(emulator.clock),
        "runs": len(emulator.runs),
        "requests": len(emulator.requests),
        "faults": emulator.faults.waiting,
        "injected": emulator.faults.injected,
    }


def _speed(clock: Clock) -> float | None:
    """Return the clock's seconds for each real one; None where they have nothing to do with it."""
    if isinstance(clock, ScaledClock):
        return clock.speed
    return 1.0 if isinstance(clock, SystemClock) else None


def _add_faults(emulator: Emulator, body: object) -> Answer:
    """Add one fault or a list of them, or none if one is wrong."""
    if is_array(body):
        faults = [call(Fault, each, f"[{place}]") for place, each in enumerate(body)]
    else:
        faults = [call(Fault, body)]
    emulator.faults.add(*faults)
    return {"added": len(faults)}


def _advance(emulator: Emulator, body: object) -> Answer:
    clock = emulator.clock
    if not isinstance(clock, VirtualClock):
        msg = (
            f"This emulator goes by a {type(clock).__name__}; only a VirtualClock can be advanced."
        )
        raise Refusal(409, "", msg)

    def move(*, advance: float) -> None:
        if not is_delay(advance):
            msg = f"advance must be from 0 to {LONGEST:.0f} seconds, got {advance}"
            raise ValueError(msg)
        clock.advance(advance)

    call(move, body)
    return {"elapsed": clock.monotonic()}


def _requests(emulator: Emulator, _: object) -> Answer:
    shown = attrs.filters.exclude("headers")
    return {
        "requests": [attrs.asdict(each, recurse=False, filter=shown) for each in emulator.requests]
    }


def _done(nothing: None) -> Answer:  # noqa: ARG001  (what a method without a result returns)
    return {}


CONTROLS: Mapping[str, Mapping[str, Control]] = {
    "health": {"GET": _health},
    "faults": {
        "POST": _add_faults,
        "DELETE": lambda emulator, body: _done(call(emulator.faults.clear, body)),
    },
    "plans": {"POST": lambda emulator, body: _done(call(emulator.plan, body))},
    "run-groups": {"POST": lambda emulator, body: {"id": call(emulator.add_run_group, body)}},
    "run-caches": {"POST": lambda emulator, body: {"id": call(emulator.add_run_cache, body)}},
    "workflows": {"POST": lambda emulator, body: {"id": call(emulator.add_workflow, body)}},
    "configurations": {
        "POST": lambda emulator, body: {"name": call(emulator.add_configuration, body)}
    },
    "objects": {"POST": lambda emulator, body: _done(call(emulator.add_object, body))},
    "clock": {"POST": _advance},
    "requests": {
        "GET": _requests,
        "DELETE": lambda emulator, body: _done(call(emulator.forget_requests, body)),
    },
    "expired-tokens": {"POST": lambda emulator, body: _done(call(emulator.expire_token, body))},
    "reset": {"POST": lambda emulator, body: _done(call(emulator.reset, body))},
}
"""What is done for which path, below the root, and which method."""
