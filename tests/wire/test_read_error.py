"""Every answer that is no success becomes a typed error; the parser is total."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from omics_runs import GetRunRequest, errors
from omics_runs._generated.operations import GET_RUN
from omics_runs._wire import read_error

GET = GetRunRequest(id="1")


def read(status: int, body: Any = b"", **headers: str) -> errors.ServiceError:
    """Read an error; a body that isn't bytes is written as JSON."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return read_error(GET_RUN, GET, httpx.Response(status, content=content, headers=headers))


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        pytest.param(400, "ValidationException", errors.ValidationError, id="400"),
        pytest.param(
            402, "ServiceQuotaExceededException", errors.ServiceQuotaExceededError, id="402"
        ),
        pytest.param(403, "AccessDeniedException", errors.AccessDeniedError, id="403"),
        pytest.param(404, "ResourceNotFoundException", errors.ResourceNotFoundError, id="404"),
        pytest.param(408, "RequestTimeoutException", errors.RequestTimeoutError, id="408"),
        pytest.param(409, "ConflictException", errors.ConflictError, id="409"),
        pytest.param(429, "ThrottlingException", errors.ThrottlingError, id="429"),
        pytest.param(500, "InternalServerException", errors.InternalServerError, id="500"),
    ],
)
def test_each_documented_status_has_its_class(
    status: int, code: str, kind: type[errors.ServiceError]
) -> None:
    """The code decides, the status decides where there is no known code."""
    assert type(read(status, {"message": "m"}, **{"x-amzn-errortype": code})) is kind
    assert type(read(status, {"message": "m"})) is kind
    assert type(read(status, {"message": "m"}, **{"x-amzn-errortype": "Brand.New"})) is kind
    assert type(read(418, {"message": "m"}, **{"x-amzn-errortype": code})) is kind
    assert kind.service_code == code


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        pytest.param({"X-Amzn-Errortype": "FooError"}, {}, id="header"),
        pytest.param(
            {"X-Amzn-Errortype": "FooError:http://internal.amazon.com/coral/"},
            {},
            id="header with address",
        ),
        pytest.param({"X-Amzn-Errortype": "aws.x#FooError"}, {}, id="header with namespace"),
        pytest.param(
            {"X-Amzn-Errortype": "aws.x#FooError:http://internal/"}, {}, id="header with both"
        ),
        pytest.param({}, {"code": "FooError"}, id="code"),
        pytest.param({}, {"Code": "FooError"}, id="Code"),
        pytest.param({}, {"code": "aws.x#FooError:http://internal/"}, id="code with both"),
        pytest.param({}, {"__type": "FooError"}, id="type"),
        pytest.param({}, {"__type": "FooError:http://internal/"}, id="type with address"),
        pytest.param({}, {"__type": "aws.x#FooError"}, id="type with namespace"),
        pytest.param({}, {"__type": "aws.x#FooError:http://internal/"}, id="type with both"),
        pytest.param(
            {"X-Amzn-Errortype": ""},
            {"code": None, "__type": "FooError"},
            id="empty header, null code",
        ),
        pytest.param(
            {"X-Amzn-Errortype": "FooError"}, {"code": "Other"}, id="the header goes first"
        ),
        pytest.param({}, {"code": "FooError", "__type": "Other"}, id="code goes before type"),
    ],
)
def test_all_forms_of_an_error_code(headers: dict[str, str], body: dict[str, Any]) -> None:
    """The code is found wherever servers put it, and cut to its bare name."""
    assert read(418, body, **headers).code == "FooError"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        pytest.param({"message": "m"}, "m", id="message"),
        pytest.param({"Message": "m"}, "m", id="Message"),
        pytest.param({"errorMessage": "m"}, "m", id="errorMessage"),
        pytest.param({"message": None}, "", id="null"),
        pytest.param({"message": 7}, "", id="a number"),
        pytest.param({}, "", id="none"),
        pytest.param([], "[]", id="a list"),
        pytest.param("text", '"text"', id="a string"),
        pytest.param(
            b"<html> <b>Bad</b>\n gateway</html>", "<html> <b>Bad</b> gateway</html>", id="HTML"
        ),
        pytest.param(b"", "Bad Gateway", id="empty"),
        pytest.param(b"\xff\xfe\xfd", "\ufffd\ufffd\ufffd", id="not UTF-8"),
        pytest.param(b"null", "null", id="null document"),
    ],
)
def test_all_forms_of_a_message(body: Any, message: str) -> None:
    """The message is found under any of its names; other bodies are shown as they begin."""
    assert read(502, body).message == message


@pytest.mark.parametrize("header", ["x-amzn-requestid", "x-amzn-request-id", "x-amz-request-id"])
def test_the_request_id_is_found(header: str) -> None:
    """The service's id of the call is read from any of its headers."""
    assert read(500, **{header: "r-1"}).aws_request_id == "r-1"


@pytest.mark.parametrize(
    "code",
    [
        "ExpiredToken",
        "ExpiredTokenException",
        "UnrecognizedClientException",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "SignatureDoesNotMatch",
        "IncompleteSignature",
        "MissingAuthenticationToken",
        "RequestExpired",
    ],
)
@pytest.mark.parametrize("status", [400, 401, 403])
def test_authentication_errors_whatever_their_status(code: str, status: int) -> None:
    """Codes about keys and signatures are AuthenticationError, which is an AccessDeniedError."""
    error = read(status, **{"x-amzn-errortype": code})
    assert type(error) is errors.AuthenticationError
    assert isinstance(error, errors.AccessDeniedError)
    assert not error.retryable


def test_a_gateway_answer_without_code_is_an_access_error() -> None:
    """A 403 that only has a message belongs to its status; its code is the status itself."""
    error = read(403, {"message": "Missing Authentication Token"})
    assert type(error) is errors.AccessDeniedError
    assert error.code == "403"


@pytest.mark.parametrize("status", [301, 405, 416, 418, 502, 503])
def test_other_statuses_are_service_errors(status: int) -> None:
    """A status that the runs family doesn't document has no class of its own."""
    assert type(read(status)) is errors.ServiceError


def test_a_huge_answer_makes_a_short_error() -> None:
    """Ten megabytes of error become a message that can be printed."""
    for body in ({"message": "x" * 10_000_000}, b"<html>" + b"x" * 10_000_000):
        error = read(500, body)
        assert len(str(error)) < 1_200


@given(
    status=st.integers(300, 599),
    body=st.binary(max_size=60)
    | st.recursive(
        st.none() | st.text() | st.integers(),
        lambda s: st.lists(s) | st.dictionaries(st.sampled_from(["message", "code", "__type"]), s),
    ).map(lambda v: json.dumps(v).encode()),
    header=st.text(st.characters(min_codepoint=32, max_codepoint=126)),
)
def test_any_answer_gives_a_typed_error(status: int, body: bytes, header: str) -> None:
    """No bytes, header or status at all crash the parser."""
    error = read(status, body, **{"x-amzn-errortype": header, "x-amz-retry-after": header})
    assert isinstance(error, errors.ServiceError)
    assert str(error).startswith("GetRun: ")


def test_an_error_prints_all_that_is_needed() -> None:
    """Operation, code, status, message, request id and attempt are in the text."""
    error = read(
        409,
        {"message": "busy"},
        **{"x-amzn-errortype": "ConflictException", "x-amzn-requestid": "3f2c"},
    )
    error.attempts = (errors.Attempt(number=1, duration=0.1),) * 3
    error.max_attempts = 3
    assert str(error) == "GetRun: ConflictException (409): busy [aws request 3f2c, attempt 3 of 3]"


def test_an_error_without_a_message_says_so() -> None:
    """An empty message is not an empty text, and a code that is the status is told once."""
    assert str(read(404, {"message": None})) == "GetRun: 404: (no message)"
