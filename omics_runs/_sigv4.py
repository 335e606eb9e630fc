"""Signs requests with botocore's Signature Version 4, at a time of the caller's choice.

botocore's own `add_auth` reads the clock itself, so that a skewed one can't be corrected, and it
logs the canonical request with the session token in it. Its other steps are used as they are, but
for what they would do over and over: the key of a day is derived once, and headers that are ready
to be signed are not copied twice more.

botocore is imported with the first signature: that takes longer than importing this package.
"""

from __future__ import annotations

import hmac
import importlib
from datetime import UTC
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from anyio import to_thread
from attrs import define, field

if TYPE_CHECKING:
    from datetime import datetime

    import httpx

    from omics_runs._credentials import Credentials

_WRITTEN = ("X-Amz-Date", "X-Amz-Security-Token", "Authorization")

# Left out of the signature: what proxies and connections may change (botocore's list of today,
# which its older releases did not have in full), and Date, for which X-Amz-Date stands in.
_UNSIGNED = frozenset(
    {
        "baggage",
        "connection",
        "date",
        "expect",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "te",
        "traceparent",
        "tracestate",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "user-agent",
        "x-amzn-trace-id",
    }
)
_LEFT_OUT = _UNSIGNED | {name.lower() for name in _WRITTEN}
"""What is not signed, and what is there of an earlier signature."""


class _Keys(NamedTuple):
    """Credentials under the names that botocore's signer asks for."""

    access_key: str
    secret_key: str
    token: str | None


def sign(
    request: httpx.Request,
    credentials: Credentials,
    *,
    region: str,
    now: datetime,
    service: str = "omics",
) -> None:
    """Write the signature over the URL, headers and bytes of `request` into its headers.

    A signature that is there already is replaced.

    Args:
        request: The request exactly as it will be sent.
        credentials: What to sign with.
        region: Region of the endpoint.
        now: Time of the signature, timezone-aware.
        service: Name of the service in the signature's scope.
    """
    signed = as_botocore(request)
    signed.context["timestamp"] = now.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    keys = _Keys(credentials.access_key, credentials.secret_key, credentials.session_token)
    signer_class()(keys, service, region).add_auth(signed)
    for name in _WRITTEN:
        if name in signed.headers:
            request.headers[name] = signed.headers[name]
        else:
            request.headers.pop(name, None)


class _Headers(dict[str, str]):
    """Headers as they are to be signed, found by their names in any case; each name has one."""

    def __contains__(self, name: object) -> bool:
        return super().__contains__(str(name).lower())

    def __getitem__(self, name: str) -> str:
        return super().__getitem__(name.lower())

    def __setitem__(self, name: str, value: str) -> None:
        super().__setitem__(name.lower(), value)

    def get_all(self, name: str) -> tuple[str]:
        """Return the values of a header."""
        return (self[name],)


@define(eq=False)
class _Signable:
    """A request as botocore's signer sees it."""

    method: str
    url: str
    """Its path is the one on the wire, still encoded."""
    body: bytes
    headers: _Headers
    params: None = None
    context: dict[str, Any] = field(factory=dict[str, Any])


def as_botocore(request: httpx.Request) -> _Signable:
    """Return what is to be signed of a request."""
    url = request.url
    target = f"{url.scheme}://{url.netloc.decode('ascii')}{url.raw_path.decode('ascii')}"
    headers = _Headers()
    for name, value in request.headers.multi_items():
        if name not in _LEFT_OUT:
            trimmed = " ".join(value.split())  # before values are joined, as it is specified
            headers[name] = f"{headers[name]},{trimmed}" if name in headers else trimmed
    return _Signable(request.method, target, request.content, headers)


def _add_auth(self: Any, request: Any) -> None:
    self._modify_request_before_signing(request)
    canonical_request = self.canonical_request(request)
    string_to_sign = self.string_to_sign(request, canonical_request)
    self._inject_signature_to_request(request, self.signature(string_to_sign, request))


def _signature(self: Any, string_to_sign: str, request: Any) -> str:
    day, region, service, _ = self.credential_scope(request).split("/")
    key = _key_of_day(self.credentials.secret_key, day, region, service)
    return hmac.new(key, string_to_sign.encode(), "sha256").hexdigest()


@lru_cache(maxsize=8)
def _key_of_day(secret_key: str, day: str, region: str, service: str) -> bytes:
    """Return the key that signs all of a day's requests to a service in a region."""
    key = f"AWS4{secret_key}".encode()
    for part in (day, region, service, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key


@cache
def signer_class() -> Any:
    """Return botocore's `SigV4Auth` with an `add_auth` that takes the time from the request.

    The first call imports botocore: from an event loop, make it in a thread.
    """
    # Made by type(): a class statement can't be checked over a base that has no types.
    auth: Any = importlib.import_module("botocore.auth")
    base: Any = auth.SigV4Auth

    def headers_to_sign(self: Any, request: Any) -> Any:
        is_ready = isinstance(request, _Signable)
        return request.headers if is_ready else base.headers_to_sign(self, request)

    steps = {"add_auth": _add_auth, "signature": _signature, "headers_to_sign": headers_to_sign}
    return type("SignerAtGivenTime", (base,), steps)


async def load_signer() -> None:
    """Import botocore in a thread, if it isn't there yet: it would hold up the event loop."""
    if not signer_class.cache_info().currsize:
        await to_thread.run_sync(signer_class)
