"""Plays a flow as a script: each effect is answered from a list, and noted."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

import httpx

from omics_runs import Credentials, RetryPolicy, Timeout
from omics_runs._clock import VirtualClock
from omics_runs._effects import Do, Effect, Emit, FetchCredentials, Flow, Send, Sleep
from omics_runs._endpoint import Endpoint
from omics_runs._env import Env
from omics_runs._hooks import Hooks
from omics_runs._pacing import Pacer
from omics_runs._skew import ClockOffset
from omics_runs._user_agent import UserAgent

T = TypeVar("T")
Reply = httpx.Response | Exception | Callable[[httpx.Request], httpx.Response]


def make_env(**changes: Any) -> Env:
    """Return settings for a test: no jitter (always the upper bound), a virtual clock."""
    settings: dict[str, Any] = {
        "endpoint": Endpoint("https://example.test", is_custom=True),
        "logs": Endpoint("https://logs.example.test", is_custom=True),
        "region": "us-west-2",
        "sign": True,
        "validate": True,
        "timeout": Timeout(),
        "retry": RetryPolicy(),
        "clock": VirtualClock(),
        "offset": ClockOffset(),
        "user_agent": UserAgent("test", ""),
        "hooks": Hooks(),
        "tracing": None,
        "pacer": Pacer(),
        "random": lambda: 1.0,
    }
    return Env(**settings | changes)


def answer(
    status: int = 200, body: Any = None, *, headers: Mapping[str, str] | None = None
) -> httpx.Response:
    """Return an HTTP answer; a body that isn't bytes is written as JSON."""
    content = body if isinstance(body, bytes) else json.dumps(body or {}).encode()
    return httpx.Response(status, content=content, headers=headers)


def refusal(status: int, code: str = "", message: str = "no", **headers: str) -> httpx.Response:
    """Return the service's way of saying no."""
    kind = {"x-amzn-ErrorType": code} if code else {}
    return answer(status, {"message": message}, headers={**kind, **headers})


class Script:
    """The other side of a flow."""

    def __init__(
        self, env: Env, replies: Iterable[Reply], on_fetch: Callable[[], object] = lambda: None
    ) -> None:
        self.on_fetch = on_fetch
        self.clock = env.clock
        self.replies = list(replies)
        self.sent: list[httpx.Request] = []
        self.slept: list[float] = []
        self.fetched = 0
        self.time_left: list[float | None] = []
        """Seconds that each look-up of keys, and each exchange, might take."""
        self.refused: list[Credentials | None] = []
        self.emitted: list[Any] = []

    def play(self, flow: Flow[T]) -> T:
        """Return what the flow returns."""
        try:
            effect = next(flow)
            while True:
                effect = self._answer(flow, effect)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]
        finally:
            flow.close()

    def until_sent(self, flow: Flow[Any]) -> None:
        """Play the flow up to its first request, which stays unanswered."""
        effect = next(flow)
        while not isinstance(effect, Send):
            effect = self._answer(flow, effect)

    def _answer(self, flow: Flow[Any], effect: Effect) -> Effect:
        match effect:
            case Sleep(seconds):
                self.slept.append(seconds)
                self.clock.sleep(seconds)
                return flow.send(None)
            case FetchCredentials(refused, time_left):
                self.fetched += 1
                self.time_left.append(time_left)
                self.refused.append(refused)
                return self._do(flow, self._fetch)
            case Do(function):
                return self._do(flow, function)
            case Emit(result):
                self.emitted.append(result)
                return flow.send(None)
            case Send(request, time_left):
                self.sent.append(request)
                self.time_left.append(time_left)
                reply = self.replies.pop(0)
                if isinstance(reply, Exception):
                    return flow.throw(reply)
                return flow.send(reply if isinstance(reply, httpx.Response) else reply(request))

    def _fetch(self) -> Credentials:
        self.on_fetch()
        return Credentials("AKIDEXAMPLE", "secret")

    @staticmethod
    def _do(flow: Flow[Any], function: Callable[[], object]) -> Effect:
        try:
            result = function()
        except Exception as error:  # noqa: BLE001  (as the drivers do)
            return flow.throw(error)
        return flow.send(result)
