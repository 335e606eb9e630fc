"""What a failed look-up says, and whether it may pass by itself.

botocore's failures are of many unrelated types. They are told apart by name, so that botocore need
not be imported for it, and so that types that are newer than the oldest botocore do no harm.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from enum import Enum
from typing import Any, cast

from omics_runs._errors import ConfigurationError, CredentialsError


class Outlook(Enum):
    """What may become of a failure."""

    PASSING = "the network, or a service that may come back"
    FINAL = "a human has to do something"
    AS_BEFORE = "it passes if the same look-up has worked before; else it is a faulty setup"


OUTLOOKS: Mapping[str, Outlook] = {
    # The network, and whoever stands between. A certificate that was never trusted will not be.
    "botocore.exceptions.ConnectionError": Outlook.PASSING,
    "botocore.exceptions.HTTPClientError": Outlook.PASSING,
    "botocore.exceptions.SSLError": Outlook.AS_BEFORE,
    "builtins.ConnectionError": Outlook.PASSING,
    "builtins.TimeoutError": Outlook.PASSING,
    # The agent of a container or an instance: restarting, overloaded, behind with its keys.
    "botocore.exceptions.MetadataRetrievalError": Outlook.PASSING,
    # A process ended badly, an agent's answer was incomplete: botocore does not say why.
    "botocore.exceptions.CredentialRetrievalError": Outlook.AS_BEFORE,
    # An instance's metadata that can't be reached looks to the chain as if there were no keys.
    "botocore.exceptions.NoCredentialsError": Outlook.AS_BEFORE,
    # botocore's way to say that what came had ended already.
    "builtins.RuntimeError": Outlook.AS_BEFORE,
    # All others are final: logins that ended, profiles that are wrong, MFA, missing programs.
}
"""Outlooks by type; the nearest base that is listed decides."""

PASSING_CODES = frozenset(
    {
        "IDPCommunicationError",  # a 400, although it was the identity provider that was away
        "RequestLimitExceeded",
        "RequestTimeout",
        "RequestTimeoutException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
"""Codes of STS and SSO that speak of a moment, whatever the status beside them."""
THROTTLED, BROKEN = 429, 500


class NoneFoundError(Exception):
    """A look-up went well and found nothing."""


def is_passing(error: BaseException, *, has_worked: bool) -> bool:
    """Tell whether a failed look-up may work later without anybody's help.

    Args:
        error: Why it failed.
        has_worked: Whether the same look-up brought keys before.
    """
    outlook = _outlook(error)
    return outlook is Outlook.PASSING or (outlook is Outlook.AS_BEFORE and has_worked)


def _outlook(error: BaseException) -> Outlook:
    response: Any = getattr(error, "response", None)
    if isinstance(response, Mapping):
        return _outlook_of_answer(cast("Mapping[str, Any]", response))
    kinds = (f"{kind.__module__}.{kind.__name__}" for kind in type(error).__mro__)
    outlook = next((OUTLOOKS[kind] for kind in kinds if kind in OUTLOOKS), Outlook.FINAL)
    reason = error.__cause__ or error.__context__
    # botocore says "could not be retrieved" also of an agent that it could not reach.
    if outlook is Outlook.AS_BEFORE and reason and _outlook(reason) is Outlook.PASSING:
        return Outlook.PASSING
    return outlook


def _outlook_of_answer(response: Mapping[str, Any]) -> Outlook:
    """Judge the refusal of a service, as botocore's ClientError keeps it."""
    status: int = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    code: str = response.get("Error", {}).get("Code", "")
    is_moment = status >= BROKEN or status == THROTTLED or code in PASSING_CODES
    return Outlook.PASSING if is_moment else Outlook.FINAL


@contextmanager
def as_credentials_error(*, has_worked: bool) -> Generator[None]:
    """Give every failure of a look-up one type; what is malformed stays what it is.

    Args:
        has_worked: Whether the same look-up brought keys before.
    """
    try:
        yield
    except ConfigurationError:
        raise
    except NoneFoundError as error:
        # As with botocore's NoCredentialsError: what was there before may come back.
        raise CredentialsError(str(error), is_passing=has_worked) from None
    except Exception as error:
        msg = f"AWS credentials could not be had: {type(error).__name__}: {error}"
        raise CredentialsError(msg, is_passing=is_passing(error, has_worked=has_worked)) from error
