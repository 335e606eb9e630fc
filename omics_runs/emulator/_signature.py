"""Checks signatures as AWS does, with botocore's own signer: never with the SDK's.

botocore is imported with the first signature to check.
"""

from __future__ import annotations

import hmac
import importlib
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from hashlib import sha256
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, quote

from attrs import field, frozen

from omics_runs.emulator._http import Received, Refusal

ALGORITHM = "AWS4-HMAC-SHA256"
SCOPE_PARTS = 5
"""Access key, date, region, service and a constant."""
MOST_SKEW = timedelta(minutes=5)
"""How far the date of a signature may be from the real time, either way."""


class _Keys(NamedTuple):
    """Keys under the names that botocore's signer asks for."""

    access_key: str
    secret_key: str
    token: str | None = None


def _real_time() -> datetime:
    return datetime.now(UTC)


@frozen(kw_only=True)
class _Claim:
    """What an Authorization header says."""

    access_key: str
    date: str
    region: str
    service: str
    signed_headers: tuple[str, ...]
    signature: str


@frozen(kw_only=True)
class SignatureCheck:
    """Who may call, and how signatures are judged."""

    access_key: str
    secret_key: str
    region: str
    expired_tokens: set[str] = field(factory=set[str])
    now: Callable[[], datetime] = _real_time
    """The real time, whatever clock the runs go by: signatures are made by it."""

    def check(self, received: Received, service: str) -> None:
        """Check that a request to a service was signed by the right key, as it came and just now.

        Raises:
            Refusal: It was not.
        """
        claim = _claim(received)
        if claim.access_key != self.access_key:
            raise _refusal("UnrecognizedClientException", "The access key is not known here.")
        if received.header("x-amz-security-token") in self.expired_tokens:
            raise _refusal("ExpiredTokenException", "The security token has expired.")
        stamp = self._stamp(received, claim)
        self._check_scope(claim, service)
        _check_body(received)
        expected = self._signature(received, claim, stamp)
        if not hmac.compare_digest(expected.encode(), claim.signature.encode()):
            raise _mismatch(
                "The signature is not that of this request; check the secret key, and whether"
                " anything changed the request on its way."
            )

    def _stamp(self, received: Received, claim: _Claim) -> str:
        stamp = received.header("x-amz-date") or ""
        try:
            moment = datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        except ValueError:
            raise _incomplete("X-Amz-Date is missing or is no date.") from None
        if abs(self.now() - moment) > MOST_SKEW:
            msg = f"The signature was made at {stamp}, more than five minutes from now."
            raise _mismatch(msg)
        if claim.date != stamp[:8]:
            raise _mismatch(f"The credential's date {claim.date} is not that of X-Amz-Date.")
        return stamp

    def _check_scope(self, claim: _Claim, service: str) -> None:
        if claim.region != self.region:
            raise _mismatch(f"The credential is for {claim.region}; this is {self.region}.")
        if claim.service != service:
            raise _mismatch(f"The credential is for {claim.service!r}; this is {service!r}.")

    def _signature(self, received: Received, claim: _Claim, stamp: str) -> str:
        keys = _Keys(self.access_key, self.secret_key)
        signer: Any = _signer_class()(keys, claim.service, self.region)
        request: Any = _as_botocore(received, claim.signed_headers)
        request.context["timestamp"] = stamp
        string_to_sign = signer.string_to_sign(request, signer.canonical_request(request))
        return str(signer.signature(string_to_sign, request))


def _claim(received: Received) -> _Claim:
    headers = received.values("authorization")
    if not headers:
        raise _refusal("MissingAuthenticationTokenException", "The request is not signed.")
    if len(headers) > 1:
        raise _incomplete("There is more than one Authorization header.")
    scheme, _, rest = headers[0].partition(" ")
    if scheme != ALGORITHM:
        raise _incomplete(f"The Authorization header must begin with {ALGORITHM}.")
    parts = dict(re.findall(r"(\w+)=([^,\s]+)", rest))
    scope = parts.get("Credential", "").split("/")
    signed = tuple(parts.get("SignedHeaders", "").split(";"))
    if len(scope) != SCOPE_PARTS or scope[-1] != "aws4_request":
        raise _incomplete("The Authorization header has no complete Credential.")
    if not parts.get("Signature"):
        raise _incomplete("The Authorization header has no Signature.")
    _check_signed_headers(received, signed)
    return _Claim(
        access_key=scope[0],
        date=scope[1],
        region=scope[2],
        service=scope[3],
        signed_headers=signed,
        signature=parts["Signature"],
    )


def _check_signed_headers(received: Received, signed: tuple[str, ...]) -> None:
    """Check that nothing that decides who calls, and when, was left out of the signature."""
    if list(signed) != sorted({name.lower() for name in signed}):
        raise _incomplete("SignedHeaders must be in lower case, sorted, and each named once.")
    came = {name.lower() for name, _ in received.headers}
    needed = {"host", "x-amz-date"} | {name for name in came if name.startswith("x-amz-")}
    if missing := sorted(needed.difference(signed)):
        raise _incomplete(f"SignedHeaders must name {', '.join(missing)}.")


def _check_body(received: Received) -> None:
    """Compare the body with the digest in its header, which is signed in its place."""
    declared = received.header("x-amz-content-sha256")
    if declared not in {None, sha256(received.body).hexdigest()}:
        raise _mismatch("X-Amz-Content-SHA256 is not the digest of the body.")


def _as_botocore(received: Received, signed_headers: tuple[str, ...]) -> Any:
    """Return the request as botocore sees it, with the signed headers and no others."""
    awsrequest: Any = importlib.import_module("botocore.awsrequest")
    # Of the host only the header is signed. The scheme makes botocore hash the body.
    url = f"http://omics{received.path}?{_canonical_query(received.query)}"
    request = awsrequest.AWSRequest(method=received.method, url=url, data=received.body)
    for name in signed_headers:
        for value in received.values(name):
            request.headers[name] = value  # appends: a header may come more than once
    return request


def _canonical_query(query: str) -> str:
    """Return the query as AWS reads it, where `+` is a space and a space is `%20`.

    botocore takes it as it stands, so it would let pass what AWS refuses.
    """
    pairs = parse_qsl(query, keep_blank_values=True)
    return "&".join(f"{_encoded(name)}={_encoded(value)}" for name, value in pairs)


def _encoded(text: str) -> str:
    return quote(text, safe="-_.~")


def _signed_headers_only(_: Any, request: Any) -> Any:
    return request.headers


@cache
def _signer_class() -> Any:
    """Return botocore's `SigV4Auth`, but trusting the client's choice of headers to sign."""
    # Made by type(): a class statement can't be checked over a base that has no types.
    auth: Any = importlib.import_module("botocore.auth")
    return type("SignatureJudge", (auth.SigV4Auth,), {"headers_to_sign": _signed_headers_only})


def _refusal(code: str, message: str) -> Refusal:
    return Refusal(403, code, message)


def _mismatch(message: str) -> Refusal:
    return _refusal("InvalidSignatureException", message)


def _incomplete(message: str) -> Refusal:
    return _refusal("IncompleteSignatureException", message)
