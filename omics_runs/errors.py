"""Every error that this SDK raises on purpose.

```
OmicsRunsError                        base of them all; picklable and copyable
├── ConfigurationError                no region, malformed keys, contradictory settings
│   └── CredentialsError              no keys to sign with; `is_passing`
├── InvalidRequestError               refused before sending; also a ValueError
├── CallError                         a call failed; `attempts`, `may_have_taken_effect`
│   ├── TransportError                no usable answer
│   │   └── TransportTimeoutError     no answer in time; also a TimeoutError
│   ├── UnreadableResponseError       an answer that could not be read
│   └── ServiceError                  the service said no
│       ├── ValidationError           400
│       ├── ServiceQuotaExceededError 402
│       ├── AccessDeniedError         403
│       │   └── AuthenticationError   expired or unknown keys, bad signatures
│       ├── ResourceNotFoundError     404
│       ├── RequestTimeoutError       408; also a TimeoutError
│       ├── ConflictError             409
│       ├── ThrottlingError           429
│       └── InternalServerError       500
├── ManifestNotFoundError             a run has no manifest, or none yet; `run`
├── SubmissionError                   not every spec has its run; `submission`
├── BatchRunError                     a batch has no run for a spec; `reason`
├── SubmissionTimeoutError            what remained when time was up; also a TimeoutError
└── WaitError                         a wait ended without the wanted status
    ├── StatusUnreachableError        the wanted status can no longer come
    │   ├── RunFailedError
    │   ├── RunCancelledError
    │   ├── RunGoneError              deleted, or removed to make room
    │   ├── TaskFailedError
    │   ├── TaskCancelledError
    │   ├── TaskGoneError             its run was deleted
    │   ├── BatchFailedError          none of its runs was submitted
    │   ├── BatchCancelledError
    │   └── BatchGoneError            deleted
    ├── RunReplacedError              the id now belongs to another run
    └── WaitTimeoutError              time is up, the run goes on; also a TimeoutError
```
"""

from __future__ import annotations

from typing import NoReturn

from omics_runs._errors import (
    Attempt,
    CallError,
    ConfigurationError,
    CredentialsError,
    InvalidRequestError,
    OmicsRunsError,
    ServiceError,
    TransportError,
    TransportTimeoutError,
    UnreadableResponseError,
)
from omics_runs._generated.errors import (
    AccessDeniedError,
    ConflictError,
    InternalServerError,
    RequestTimeoutError,
    ResourceNotFoundError,
    ServiceQuotaExceededError,
    ThrottlingError,
    ValidationError,
)
from omics_runs._manifest_errors import ManifestNotFoundError
from omics_runs._submission_errors import BatchRunError, SubmissionError, SubmissionTimeoutError
from omics_runs._wait_errors import (
    BatchCancelledError,
    BatchFailedError,
    BatchGoneError,
    RunCancelledError,
    RunFailedError,
    RunGoneError,
    RunReplacedError,
    StatusUnreachableError,
    TaskCancelledError,
    TaskFailedError,
    TaskGoneError,
    WaitError,
    WaitTimeoutError,
)

__all__ = [
    "AccessDeniedError",
    "Attempt",
    "AuthenticationError",
    "BatchCancelledError",
    "BatchFailedError",
    "BatchGoneError",
    "BatchRunError",
    "CallError",
    "ConfigurationError",
    "ConflictError",
    "CredentialsError",
    "InternalServerError",
    "InvalidRequestError",
    "ManifestNotFoundError",
    "OmicsRunsError",
    "RequestTimeoutError",
    "ResourceNotFoundError",
    "RunCancelledError",
    "RunFailedError",
    "RunGoneError",
    "RunReplacedError",
    "ServiceError",
    "ServiceQuotaExceededError",
    "StatusUnreachableError",
    "SubmissionError",
    "SubmissionTimeoutError",
    "TaskCancelledError",
    "TaskFailedError",
    "TaskGoneError",
    "ThrottlingError",
    "TransportError",
    "TransportTimeoutError",
    "UnreadableResponseError",
    "ValidationError",
    "WaitError",
    "WaitTimeoutError",
]

AUTHENTICATION_CODES = frozenset(
    {
        "ExpiredToken",
        "ExpiredTokenException",
        "IncompleteSignature",
        "IncompleteSignatureException",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "MissingAuthenticationToken",
        "MissingAuthenticationTokenException",
        "RequestExpired",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
"""Codes that speak of the keys or the signature, whatever the HTTP status beside them."""


class AuthenticationError(AccessDeniedError):
    """The service did not accept who is asking: expired or unknown keys, or a bad signature."""


def _refuse(name: str) -> NoReturn:
    ours = f"{name.removesuffix('Exception')}Error"
    hint = f"; here it is {ours}" if ours in __all__ else ""
    msg = f"module {__name__!r} has no attribute {name!r}{hint}"
    raise AttributeError(msg)


# Not by a definition, from which type checkers would conclude that the module has every name.
globals()["__getattr__"] = _refuse

for _name in __all__:
    # Tracebacks and pickles then name the module that users import from.
    globals()[_name].__module__ = __name__
