"""HTTP as the service speaks it: requests out of models, models and errors out of answers."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime
from enum import Enum
from functools import lru_cache
from typing import Any, TypeVar
from urllib.parse import quote

import httpx
from attrs import frozen

from omics_runs._convert import Misfit, epoch_milliseconds, structure, to_json
from omics_runs._errors import InvalidRequestError, ServiceError, UnreadableResponseError
from omics_runs._generated.errors import ERRORS_BY_CODE, ERRORS_BY_STATUS
from omics_runs._hints import hint_for
from omics_runs._model import Response, ResponseMetadata
from omics_runs._narrow import is_object, is_sequence
from omics_runs._operation import Operation
from omics_runs._parts import unknown_variants
from omics_runs._request import Request
from omics_runs._retry import fault_of
from omics_runs.errors import AUTHENTICATION_CODES, AuthenticationError

In = TypeVar("In", bound=Request[Any])
Out = TypeVar("Out", bound=Response)

REQUEST_ID_HEADERS = ("x-amzn-requestid", "x-amzn-request-id", "x-amz-request-id")
UNRESERVED = "-._~"
SNIPPET = 200
"""Characters of an answer that isn't JSON which an error's message shows."""


@frozen
class Payload:
    """A request as it goes on the wire, but for what changes with each attempt."""

    method: str
    url: str
    content: bytes
    headers: Mapping[str, str]


def serialise(operation: Operation[In, Out], request: In, base_url: str) -> Payload:
    """Return `request` as HTTP, built once per call.

    Raises:
        InvalidRequestError: It can't be expressed: a path member is empty, a value is not JSON.
    """
    try:
        path, query = _path(operation, request), _query(operation, request)
    except UnicodeEncodeError as error:
        what = f"can't be written in a URL: {error}"
        raise InvalidRequestError(operation.name, [("", what)]) from error
    url = f"{base_url}{path}?{query}" if query else base_url + path
    return Payload(operation.method, url, _body(operation, request), _headers(operation))


def build_request(payload: Payload, headers: Mapping[str, str]) -> httpx.Request:
    """Return a fresh HTTP request of `payload`, unsigned.

    It has no default headers of any client, so `headers` must bring all that is to be sent.
    """
    return httpx.Request(
        payload.method,
        _url(payload.url),
        content=payload.content,
        headers={"accept": "application/json", **payload.headers, **headers},
    )


@lru_cache(maxsize=256)
def _url(text: str) -> httpx.URL:
    """Return a URL, read once: polls go to the same ones again and again."""
    return httpx.URL(text)


def read_response(
    operation: Operation[In, Out], request: In, response: httpx.Response, attempts: int
) -> Out:
    """Return the model of a successful answer.

    Raises:
        UnreadableResponseError: It is not JSON, or does not fit the model.
    """
    try:
        data = _success_json(operation, response.content)
        model = structure(data, operation.response)
    except Misfit as misfit:
        raise UnreadableResponseError(
            misfit.what,
            operation=operation.name,
            request=request,
            path=misfit.path,
            raw=response.content,
            is_json=not isinstance(misfit, _NotJSON),
            status_code=response.status_code,
            aws_request_id=_aws_request_id(response.headers),
            may_have_taken_effect=True,
        ) from None
    headers = dict(response.headers.items())  # in one go: a look at each by name takes longer
    metadata = ResponseMetadata(
        aws_request_id=_aws_request_id(headers),
        status_code=response.status_code,
        attempts=attempts,
        headers=headers,
        content=response.content,
    )
    # The model is frozen for its readers; nobody but this function has seen it yet.
    object.__setattr__(model, "response_metadata", metadata)
    return model


def read_error(
    operation: Operation[Any, Any], request: Request[Any], response: httpx.Response
) -> ServiceError:
    """Return the typed error of an answer that is no success. Any bytes at all give one."""
    body = _any_json(response.content)
    status = response.status_code
    code = _error_code(response, body)
    message = _error_message(response, body)
    return _error_class(code, status)(
        message,
        operation=operation.name,
        request=request,
        code=code or str(status),
        status_code=status,
        aws_request_id=_aws_request_id(response.headers),
        retry_after=_retry_after(response),
        fault=fault_of(code, status, is_modelled=code in ERRORS_BY_CODE),
        hint=hint_for(request, code, message),
    )


def _headers(operation: Operation[In, Out]) -> Mapping[str, str]:
    if operation.target is not None:
        return {"content-type": "application/x-amz-json-1.1", "x-amz-target": operation.target}
    return {"content-type": "application/json"} if operation.body else {}


def _path(operation: Operation[In, Out], request: In) -> str:
    path = operation.path
    for name, wire in operation.labels.items():
        value = _text(getattr(request, name))
        if value in {"", ".", ".."}:
            what = f"must be part of the path {operation.path} and can't be {value!r}"
            raise InvalidRequestError(operation.name, [(name, what)])
        path = path.replace(f"{{{wire}}}", quote(value, safe=UNRESERVED))
    return path


def _query(operation: Operation[In, Out], request: In) -> str:
    pairs = [
        (wire, _text(item))
        for name, wire in operation.query.items()
        for item in _each(getattr(request, name))
    ]
    # `%20` and never `+`: the signature is over what is sent, and AWS reads `+` as a plus.
    encoded = [(quote(k, safe=UNRESERVED), quote(v, safe=UNRESERVED)) for k, v in pairs]
    return "&".join(f"{key}={value}" for key, value in sorted(encoded))


def _each(value: Any) -> tuple[Any, ...] | list[Any]:
    if value is None:
        return ()
    return value if is_sequence(value) else (value,)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value.value if isinstance(value, Enum) else value)


def _body(operation: Operation[In, Out], request: In) -> bytes:
    if not operation.body:
        return b""
    if problems := list(unknown_variants(request)):
        raise InvalidRequestError(operation.name, problems)
    try:
        present = {
            member.wire: value if member.document else _json(value)
            for member in request.__wire__
            if member.name in operation.body
            and (value := getattr(request, member.name)) is not None
        }
        return json.dumps(present, allow_nan=False).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidRequestError(operation.name, [("", f"is not JSON: {error}")]) from error


def _json(value: Any) -> Any:
    """Return what a member is sent as; moments are in no request but those to CloudWatch Logs."""
    return epoch_milliseconds(value) if isinstance(value, datetime) else to_json(value)


class _NotJSON(Misfit):
    """The answer is no JSON at all: cut short, or from something between us and the service."""


def _success_json(operation: Operation[Any, Any], content: bytes) -> Any:
    if not content and not operation.response.__wire__:
        return {}
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        what = f"is not JSON: {error}" if content else "is empty"
        raise _NotJSON(what, "$") from None


def _any_json(content: bytes) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None


def _aws_request_id(headers: Mapping[str, str]) -> str | None:
    found = (headers.get(name) for name in REQUEST_ID_HEADERS)
    return next((value for value in found if value), None)


def _error_code(response: httpx.Response, body: Any) -> str:
    """Return the bare error code, or an empty string where the answer has none.

    The order is that of the restJson1 protocol, of which servers send any variant.
    """
    fields: Mapping[str, Any] = body if is_object(body) else {}
    candidates = (
        response.headers.get("x-amzn-errortype"),
        fields.get("code"),
        fields.get("Code"),
        fields.get("__type"),
    )
    found = (_bare(value) for value in candidates if isinstance(value, str))
    return next((code for code in found if code), "")


def _bare(code: str) -> str:
    """Cut a namespace before `#` and an address after `:` from an error code."""
    return code.partition(":")[0].rpartition("#")[2].strip()


def _error_class(code: str, status: int) -> type[ServiceError]:
    if code in AUTHENTICATION_CODES:
        return AuthenticationError
    return ERRORS_BY_CODE.get(code) or ERRORS_BY_STATUS.get(status, ServiceError)


def _error_message(response: httpx.Response, body: Any) -> str:
    if is_object(body):
        found = (body.get(key) for key in ("message", "Message", "errorMessage"))
        return next((text for text in found if isinstance(text, str)), "")
    text = response.content[: 4 * SNIPPET].decode("utf-8", "replace")
    return " ".join(text.split())[:SNIPPET] or response.reason_phrase


def _retry_after(response: httpx.Response) -> float | None:
    """Return `x-amz-retry-after` in seconds; it is sent in whole milliseconds."""
    value = response.headers.get("x-amz-retry-after", "")
    return int(value) / 1000 if re.fullmatch("[0-9]{1,9}", value) else None
