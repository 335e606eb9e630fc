"""The published test suite of AWS Signature Version 4: what is signed, and what comes out.

The facts are those of the suite (named there as here): all sign at one time, with one pair of keys.
Left out is what can't be said of this SDK:

- `get-header-value-multiline`: HTTP has no continuation lines any more, and httpx sends none.
- `post-sts-header-after`: the session token is added after signing; the SDK always signs it.
- `get-relative-unnormalized`, `get-slashes-unnormalized` and so on: the path is signed as it is,
  which is the way of S3 alone.
"""

from __future__ import annotations

from datetime import UTC, datetime

from attrs import frozen

ACCESS_KEY = "AKIDEXAMPLE"
SECRET_KEY = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
TIME = datetime(2015, 8, 30, 12, 36, tzinfo=UTC)
REGION, SERVICE, HOST = "us-east-1", "service", "https://example.amazonaws.com"

SHORT_TOKEN = "6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267"
LONG_TOKEN = (
    "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfI"
    "eoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0"
    "wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDry"
    "pNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA=="
)
UNRESERVED = "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
FORM = "application/x-www-form-urlencoded"
FORM_HASH = "9095672bbd1f56dfc5b65f3e153adc8731a4a654192329106275f4c7b24d0b6e"


@frozen
class Vector:
    """A request of the suite, with the headers and the signature that belong to it."""

    name: str
    request: str
    """Method and target."""
    signature: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    session_token: str | None = None
    signed_headers: str = "host;x-amz-date"

    @property
    def method(self) -> str:
        """Its verb."""
        return self.request.split(" ", 1)[0]

    @property
    def url(self) -> str:
        """Where it goes."""
        return HOST + self.request.split(" ", 1)[1]


def _own(*names: str) -> str:
    return ";".join(sorted(["host", "x-amz-date", *names]))


VANILLA = "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"
POST_VANILLA = "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"
POST_QUERY = "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11"

VECTORS = [
    Vector(
        "get-header-key-duplicate",
        "GET /",
        "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea",
        headers=(("My-Header1", "value2"), ("My-Header1", "value2"), ("My-Header1", "value1")),
        signed_headers=_own("my-header1"),
    ),
    Vector(
        "get-header-value-order",
        "GET /",
        "08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01",
        headers=tuple(("My-Header1", f"value{number}") for number in (4, 1, 3, 2)),
        signed_headers=_own("my-header1"),
    ),
    Vector(
        "get-header-value-trim",
        "GET /",
        "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736",
        headers=(("My-Header1", " value1"), ("My-Header2", ' "a   b   c"')),
        signed_headers=_own("my-header1", "my-header2"),
    ),
    Vector("get-relative-normalized", "GET /example/..", VANILLA),
    Vector("get-relative-relative-normalized", "GET /example1/example2/../..", VANILLA),
    Vector("get-slash-normalized", "GET //", VANILLA),
    Vector("get-slash-dot-slash-normalized", "GET /./", VANILLA),
    Vector(
        "get-slash-pointless-dot-normalized",
        "GET /./example",
        "ef75d96142cf21edca26f06005da7988e4f8dc83a165a80865db7089db637ec5",
    ),
    Vector(
        "get-slashes-normalized",
        "GET //example//",
        "9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84",
    ),
    Vector(
        "get-unreserved",
        f"GET /{UNRESERVED}",
        "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f",
    ),
    Vector("get-vanilla", "GET /", VANILLA),
    Vector(
        "get-vanilla-empty-query-key",
        "GET /?Param1=value1",
        "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb",
    ),
    Vector("get-vanilla-query", "GET /", VANILLA),
    Vector(
        "get-vanilla-query-order-encoded",
        "GET /?Param-3=Value3&Param=Value2&%E1%88%B4=Value1",
        "371d3713e185cc334048618a97f809c9ffe339c62934c032af5a0e595648fcac",
    ),
    Vector(
        "get-vanilla-query-order-key",
        "GET /?Param1=value2&Param1=Value1",
        "eedbc4e291e521cf13422ffca22be7d2eb8146eecf653089df300a15b2382bd1",
    ),
    Vector(
        "get-vanilla-query-order-key-case",
        "GET /?Param2=value2&Param1=value1",
        "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
    ),
    Vector(
        "get-vanilla-query-order-value",
        "GET /?Param1=value2&Param1=value1",
        "5772eed61e12b33fae39ee5e7012498b51d56abc0abb7c60486157bd471c4694",
    ),
    Vector(
        "get-vanilla-query-unreserved",
        f"GET /?{UNRESERVED}={UNRESERVED}",
        "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197",
    ),
    Vector(
        "get-vanilla-utf8-query",
        "GET /?\u1234=bar",
        "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04",
    ),
    Vector(
        "get-vanilla-with-session-token",
        "GET /",
        "07ec1639c89043aa0e3e2de82b96708f198cceab042d4a97044c66dd9f74e7f8",
        session_token=SHORT_TOKEN,
        signed_headers=_own("x-amz-security-token"),
    ),
    Vector("post-header-key-case", "POST /", POST_VANILLA),
    Vector(
        "post-header-key-sort",
        "POST /",
        "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c",
        headers=(("My-Header1", "value1"),),
        signed_headers=_own("my-header1"),
    ),
    Vector(
        "post-header-value-case",
        "POST /",
        "cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d",
        headers=(("My-Header1", "VALUE1"),),
        signed_headers=_own("my-header1"),
    ),
    Vector(
        "post-sts-header-before",
        "POST /",
        "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead",
        session_token=LONG_TOKEN,
        signed_headers=_own("x-amz-security-token"),
    ),
    Vector("post-vanilla", "POST /", POST_VANILLA),
    Vector("post-vanilla-empty-query-value", "POST /?Param1=value1", POST_QUERY),
    Vector("post-vanilla-query", "POST /?Param1=value1", POST_QUERY),
    Vector(
        "post-vanilla-query-nonunreserved",
        "POST /?%40%23%24%25%5E=&%2B=%2F%2C%3F%3E%3C%60%22%3B%3A%5C%7C%5D%5B%7B%7D",
        "66c82657c86e26fb25238d0e69f011edc4c6df5ae71119d7cb98ed9b87393c1e",
    ),
    Vector(
        "post-vanilla-query-space",
        "POST /?p=",
        "e71688addb58a26418614085fb730ba3faa623b461c17f48f2fbdb9361b94a9b",
    ),
    Vector(
        "post-x-www-form-urlencoded",
        "POST /",
        "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
        headers=(("Content-Type", FORM),),
        body=b"Param1=value1",
        signed_headers=_own("content-type"),
    ),
    Vector(
        "post-x-www-form-urlencoded-parameters",
        "POST /",
        "1a72ec8f64bd914b0e42e42607c7fbce7fb2c7465f63e3092b3b0d39fa77a6fe",
        headers=(("Content-Type", f"{FORM}; charset=utf8"),),
        body=b"Param1=value1",
        signed_headers=_own("content-type"),
    ),
    Vector(
        "post-x-www-form-urlencoded-parameters (with its length and hash signed)",
        "POST /",
        "328d1b9eaadca9f5818ef05e8392801e091653bafec24fcab71e7344e7f51422",
        headers=(
            ("Content-Type", f"{FORM}; charset=utf-8"),
            ("Content-Length", "13"),
            ("X-Amz-Content-Sha256", FORM_HASH),
        ),
        body=b"Param1=value1",
        signed_headers=_own("content-length", "content-type", "x-amz-content-sha256"),
    ),
]
"""What the SDK could send."""

RAW_PATHS = [
    Vector(
        "get-space-normalized",
        "GET /example space/",
        "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741",
    ),
    Vector(
        "get-utf8",
        "GET /\u1234",
        "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85",
    ),
]
"""What the signer can sign but httpx never sends: it encodes such paths before they are signed."""
