"""Signs requests with botocore's Signature Version 4, at a time of the caller's choice.

botocore's own `add_auth` reads the clock itself, so that a skewed one can't be corrected, and it
logs the canonical request with the session token in it. All its other steps are used as they are.
botocore is imported with the first signature: that takes longer than importing this package.
"""

from __future__ import annotations

import importlib
from datetime import UTC
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from anyio import to_thread

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
    for name in _WRITTEN:
        request.headers.pop(name, None)
    signed = as_botocore(request)
    signed.context["timestamp"] = now.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    keys = _Keys(credentials.access_key, credentials.secret_key, credentials.session_token)
    signer_class()(keys, service, region).add_auth(signed)
    request.headers.update(
        {name: signed.headers[name] for name in _WRITTEN if signed.headers[name]}
    )


def as_botocore(request: httpx.Request) -> Any:
    """Return the request as botocore sees it; its path is the one on the wire, still encoded."""
    url = request.url
    target = f"{url.scheme}://{url.netloc.decode('ascii')}{url.raw_path.decode('ascii')}"
    awsrequest: Any = importlib.import_module("botocore.awsrequest")
    copy = awsrequest.AWSRequest(method=request.method, url=target, data=request.content)
    for name, value in request.headers.multi_items():
        if name not in _UNSIGNED:
            copy.headers[name] = value  # appends: a header may come more than once
    return copy


def _add_auth(self: Any, request: Any) -> None:
    self._modify_request_before_signing(request)
    canonical_request = self.canonical_request(request)
    string_to_sign = self.string_to_sign(request, canonical_request)
    self._inject_signature_to_request(request, self.signature(string_to_sign, request))


@cache
def signer_class() -> Any:
    """Return botocore's `SigV4Auth` with an `add_auth` that takes the time from the request.

    The first call imports botocore: from an event loop, make it in a thread.
    """
    # Made by type(): a class statement can't be checked over a base that has no types.
    auth: Any = importlib.import_module("botocore.auth")
    return type("SignerAtGivenTime", (auth.SigV4Auth,), {"add_auth": _add_auth})


async def load_signer() -> None:
    """Import botocore in a thread, if it isn't there yet: it would hold up the event loop."""
    if not signer_class.cache_info().currsize:
        await to_thread.run_sync(signer_class)
