"""Answers as AWS's JSON protocol has them, which CloudWatch Logs speaks."""

from __future__ import annotations

from attrs import evolve

from omics_runs._narrow import is_object
from omics_runs.emulator._http import Reply, encoded, merged
from omics_runs.emulator._log import json_or_none

CODES = {"ValidationException": "InvalidParameterException"}
"""What CloudWatch Logs calls a refusal that HealthOmics has another name for."""

SERVER_ERROR = 500


def as_it_is(reply: Reply) -> Reply:
    """Return an answer of a service with another protocol."""
    return reply


def in_json_protocol(reply: Reply) -> Reply:
    """Return an answer in the protocol: a refusal's code is in its body, and its status 400."""
    headers = merged({"content-type": "application/x-amz-json-1.1"}, reply.headers)
    code, content = headers.get("x-amzn-ErrorType"), json_or_none(reply.body)
    if code is None or not is_object(content):
        return evolve(reply, headers=headers)
    del headers["x-amzn-ErrorType"]
    status = reply.status if reply.status >= SERVER_ERROR else 400
    body = encoded({"__type": CODES.get(code, code), **content})
    return evolve(reply, status=status, body=body, headers=headers)
