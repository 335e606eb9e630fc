"""Whatever a server answers, nothing comes out of a client but models and its own errors."""

from __future__ import annotations

import gzip
import json
from email.utils import format_datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omics_runs import errors
from tests.examples import examples
from tests.wire.shapes import JSON_VALUES, SERVICE, values

from .server import ACTS, Answer, bear

STATUSES = st.sampled_from([200, 201, 202, 204, 299]) | st.integers(100, 599)
TOKENS = st.text(st.characters(max_codepoint=255, exclude_categories=["Cc"])).map(
    lambda text: text.encode("latin-1")
)
NAMES = st.sampled_from(
    [
        *(b"x-amzn-errortype", b"x-amz-retry-after", b"date", b"content-type", b"content-encoding"),
        *(b"content-length", b"transfer-encoding", b"location", b"set-cookie", b"x-amzn-requestid"),
    ]
)
VALUES = TOKENS | st.sampled_from(
    [
        *(b"gzip", b"deflate", b"br", b"zstd", b"gzip, gzip", b"identity", b"chunked", b"7"),
        *(b"application/json; charset=none", b"text/html", b"ThrottlingException", b"#", b":"),
        *(b"ExpiredTokenException", b"InvalidSignatureException", b"Sat, 99 Foo 2026 00:00:00 GMT"),
        *(b"99999999999999999999", b"-1", b"nan", b"http://[", b"//", b"a=b; expires=x"),
    ]
)
HEADERS = st.lists(st.tuples(NAMES, VALUES), max_size=4)


def outputs() -> st.SearchStrategy[tuple[str, Any]]:
    """Return operations with valid answers of theirs."""
    one_of = [name for name in ACTS if name[0].isupper()]
    return st.sampled_from(one_of).flatmap(
        lambda name: st.tuples(st.just(name), values(shape_of(name)))
    )


def shape_of(operation: str) -> Any:
    """Return the shape of an operation's answer."""
    return SERVICE.operation_model(operation).output_shape or SERVICE.shape_for("TagMap")


@st.composite
def mutated(draw: st.DrawFn) -> tuple[str, bytes]:
    """Return an operation with an answer in which something has been replaced or taken out."""
    name, content = draw(outputs())
    for _ in range(draw(st.integers(1, 3))):
        content = spoilt(draw, content)
    text = json.dumps(content).encode()
    if draw(st.booleans()):
        return name, text
    place = draw(st.integers(0, len(text)))
    return name, text[:place] + draw(st.binary(max_size=4)) + text[
        place + draw(st.integers(0, 9)) :
    ]


def spoilt(draw: st.DrawFn, value: Any) -> Any:
    """Return a value in which something somewhere is another."""
    if isinstance(value, dict) and value and draw(st.integers(0, 3)):
        key = draw(st.sampled_from(sorted(value)))
        if draw(st.integers(0, 3)):
            return {**value, key: spoilt(draw, value[key])}
        return {name: item for name, item in value.items() if name != key}
    if isinstance(value, list) and value and draw(st.booleans()):
        place = draw(st.integers(0, len(value) - 1))
        return [*value[:place], spoilt(draw, value[place]), *value[place + 1 :]]
    return draw(JSON_VALUES)


@settings(max_examples=examples(500))
@given(st.sampled_from(sorted(ACTS)), STATUSES, HEADERS, st.binary() | JSON_VALUES)
def test_any_answer(name: str, status: int, headers: list[Any], content: Any) -> None:
    """Any status with any headers and any body is borne."""
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    bear(ACTS[name], Answer(status, body, headers))


@settings(max_examples=examples(200))
@given(mutated(), HEADERS)
def test_nearly_right_answers(answer: tuple[str, bytes], headers: list[Any]) -> None:
    """An answer that was right but for a member or some bytes is borne."""
    name, body = answer
    bear(ACTS[name], Answer(200, body, headers))


@settings(max_examples=examples(200))
@given(
    st.sampled_from(["GetRun", "GetBatch", "wait_until", "wait_until_batch"]),
    st.sampled_from(["RUNNING", "COMPLETED", "SUBMITTING", "PROCESSED", "NEW"]),
    st.dictionaries(
        st.sampled_from(
            ["creationTime", "startTime", "stopTime", "processedTime", "submittedTime"]
        ),
        JSON_VALUES | st.text("0123456789-:TZ+. /,WGMTap", max_size=45),
    ),
)
def test_any_timestamp(name: str, status: str, times: dict[str, Any]) -> None:
    """Any text, number or thing in the place of a timestamp is borne."""
    content = {"id": "1", "arn": "a", "status": status} | times
    bear(ACTS[name], Answer(200, json.dumps(content).encode()))


@settings(max_examples=examples(200))
@given(
    st.sampled_from(["GetRun", "StartRun", "wait_until"]),
    st.sampled_from(sorted(errors.AUTHENTICATION_CODES)),
    st.sampled_from([400, 403]),
    TOKENS | st.datetimes().map(lambda moment: format_datetime(moment).encode()),
)
def test_any_date(name: str, code: str, status: int, date: bytes) -> None:
    """A refused signature is told as one, whatever time the server says it is."""
    headers = [(b"x-amzn-errortype", code.encode()), (b"date", date)]
    assert isinstance(bear(ACTS[name], Answer(status, b"{}", headers)), errors.AuthenticationError)


def run(**members: Any) -> bytes:
    """Return an answer of GetRun; a member of bytes is JSON already."""
    content = {"id": "1", "arn": "a", "status": "COMPLETED"} | members
    texts = {k: v if isinstance(v, bytes) else json.dumps(v).encode() for k, v in content.items()}
    return b"{%s}" % b", ".join(b'"%s": %s' % (k.encode(), v) for k, v in texts.items())


def nested(depth: int, inner: bytes = b"1") -> bytes:
    """Return JSON of arrays and objects in each other."""
    return b'[{"a": ' * depth + inner + b"}]" * depth


GZIP = [(b"content-encoding", b"gzip")]
EXTREMES = {
    "nested beyond reading": Answer(200, nested(50_000)),
    "nested in a member": Answer(200, run(name=nested(50_000))),
    "nested in an error": Answer(400, nested(50_000)),
    **{
        f"{where} nested {depth} deep": Answer(200, run(**{where: nested(depth)}))
        for where in ("parameters", "brandNew", "name", "tags")
        for depth in (90, 300, 480)
    },
    "a huge number": Answer(200, run(creationTime=b"9" * 4000)),
    "a number beyond Python": Answer(200, run(creationTime=b"9" * 5000)),
    "a huge number in a document": Answer(200, run(parameters=b'{"a": %s}' % (b"9" * 4000))),
    "a huge exponent": Answer(200, run(creationTime=b"1e999")),
    "a negative age": Answer(200, run(creationTime=b"-1e15")),
    "NaN for a time": Answer(200, run(creationTime=b"NaN")),
    "NaN in a document": Answer(200, run(parameters=b'{"a": [NaN, Infinity]}')),
    "a lone surrogate": Answer(200, run(name=b'"\\ud800"', parameters=b'{"\\ud800": 1}')),
    "a lone surrogate for a status": Answer(200, run(status=b'"\\udfff"')),
    "a lone surrogate in an error": Answer(400, b'{"message": "\\ud800", "code": "\\udfff"}'),
    "a lone surrogate for a token": Answer(200, b'{"items": [], "nextToken": "\\ud800"}'),
    "surrogates in UTF-8": Answer(200, b'{"id": "\xed\xa0\x80", "arn": "a", "status": "b"}'),
    "UTF-16": Answer(200, run().decode().encode("utf-16")),
    "a byte order mark": Answer(200, b"\xef\xbb\xbf" + run()),
    "members twice": Answer(200, run()[:-1] + b', "id": 7, "id": "1"}'),
    "a very long text": Answer(200, run(name="x" * 200_000)),
    "a very long error": Answer(500, b'{"message": "%s"}' % (b"x" * 200_000)),
    "a very long error code": Answer(400, b'{"code": "%s"}' % (b"x" * 200_000)),
    "a very long page": Answer(502, b"<p>" * 100_000),
    "gzip": Answer(200, gzip.compress(run()), GZIP),
    "gzip cut short": Answer(200, gzip.compress(run())[:-9], GZIP),
    "no gzip at all": Answer(200, run(), GZIP),
    "gzip of nothing": Answer(200, b"", GZIP),
    "an unknown encoding": Answer(200, run(), [(b"content-encoding", b"snappy")]),
    "an error code beyond ASCII": Answer(400, b"{}", [(b"x-amzn-errortype", b"\xff\xfe")]),
    "a wrong redirection": Answer(301, b"", [(b"location", b"http://[")]),
    "a redirection to nowhere": Answer(301, b"", [(b"location", b"")]),
    "no content": Answer(204),
    "early hints": Answer(103),
}


@pytest.mark.parametrize("name", ["StartRun", "GetRun", "ListRuns", "CancelRun", "wait_until"])
@pytest.mark.parametrize("answer", [pytest.param(EXTREMES[one], id=one) for one in EXTREMES])
def test_extremes(name: str, answer: Answer) -> None:
    """What is extreme, but can be thought of, is borne as well."""
    bear(ACTS[name], answer)
