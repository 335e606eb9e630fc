"""What a caller or the service gives for a URL arrives as it was given, whatever it is."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, quote, unquote

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omics_runs import OmicsRunsClient, errors
from omics_runs.emulator import VirtualClock
from tests.examples import examples

TEXTS = st.text(min_size=1) | st.text("%+&=?#/;: \\\"'~-._\u00e4\U0001f9ec\x00\n", min_size=1)


class Listener:
    """A server that notes targets as they came, and answers each with the next page."""

    def __init__(self, *tokens: str) -> None:
        self.targets: list[str] = []
        self._tokens = list(tokens)
        self.http = httpx.Client(transport=httpx.MockTransport(self._answer))
        self.client = OmicsRunsClient(
            region="us-west-2",
            sign=False,
            validate=False,
            http_client=self.http,
            clock=VirtualClock(),
        )

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.targets.append(request.url.raw_path.decode("ascii"))
        more = {"nextToken": self._tokens.pop(0)} if self._tokens else {}
        return httpx.Response(200, json={"items": [], "tags": {}, **more})

    def queries(self) -> list[dict[str, str]]:
        """Return the queries as a server reads them, once they are in the one canonical form."""
        found: list[dict[str, str]] = []
        for target in self.targets:
            query = target.partition("?")[2]
            pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query))
            canonical = [f"{quote(key, safe='')}={quote(value, safe='')}" for key, value in pairs]
            assert query == "&".join(sorted(canonical))
            found.append(dict(pairs))
        return found


@settings(max_examples=examples(200))
@given(TEXTS, TEXTS)
def test_what_the_caller_gives(token: str, name: str) -> None:
    """A token and a filter of the caller's own arrive unchanged."""
    listener = Listener()
    with listener.http:
        listener.client.list_runs(starting_token=token, name=name)
    assert listener.queries() == [{"startingToken": token, "name": name}]


@settings(max_examples=examples(200))
@given(st.lists(TEXTS, unique=True, max_size=4))
def test_what_the_service_gives(tokens: list[str]) -> None:
    """Each token of the service comes back to it unchanged, and nothing else is asked."""
    listener = Listener(*tokens)
    with listener.http:
        assert list(listener.client.iter_runs()) == []
    assert listener.queries() == [{}, *({"startingToken": token} for token in tokens)]


@settings(max_examples=examples(100))
@given(TEXTS.filter(lambda text: text not in {".", ".."}))
def test_parts_of_the_path(arn: str) -> None:
    """An ARN stays one part of the path, whatever is in it."""
    listener = Listener()
    with listener.http:
        listener.client.list_tags_for_resource(arn)
    (target,) = listener.targets
    assert target.startswith("/tags/")
    assert target.removeprefix("/tags/") == quote(arn, safe="")
    assert unquote(target.removeprefix("/tags/")) == arn


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param({"starting_token": "\ud800"}, id="token"),
        pytest.param({"name": "a\udfffb"}, id="filter"),
    ],
)
def test_lone_surrogates(arguments: dict[str, Any]) -> None:
    """What can't be written in a URL is refused before anything is sent."""
    listener = Listener()
    with listener.http, pytest.raises(errors.InvalidRequestError, match="URL"):
        listener.client.list_runs(**arguments)
    assert listener.targets == []


def test_a_lone_surrogate_of_the_service() -> None:
    """A token of the service that can't be sent back ends the list by an error of the SDK."""
    listener = Listener("\ud800")
    with listener.http, pytest.raises(errors.OmicsRunsError):
        list(listener.client.iter_runs())
    assert len(listener.targets) == 1
