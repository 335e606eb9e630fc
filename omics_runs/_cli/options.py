"""What the commands have in common: where AWS is, how results are told, how long to wait."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeAlias

import click
from attrs import frozen

from omics_runs._cli.output import Output
from omics_runs._run_ref import RunRef

if TYPE_CHECKING:
    from omics_runs._client import OmicsRunsClient

Callback: TypeAlias = Callable[..., Any]

DEBUG = "--debug"

UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400}


@frozen
class Place:
    """Where AWS is; what is None there is settled as the library settles it."""

    region: str | None
    profile: str | None
    endpoint_url: str | None

    def client(self) -> OmicsRunsClient:
        """Return a client of it.

        Raises:
            ConfigurationError: The settings don't add up.
        """
        from omics_runs import OmicsRunsClient  # noqa: PLC0415  (not needed for --help)

        return OmicsRunsClient(self.region, profile=self.profile, endpoint_url=self.endpoint_url)


def seconds_of(_: click.Context, __: click.Parameter, text: str | None) -> float | None:
    """Return the seconds of a duration, such as 90, 30m, 36h or 7d.

    Raises:
        click.BadParameter: The text is none.
    """
    if text is None:
        return None
    found = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)([smhd]?)", text)
    if found is None:
        msg = f"{text!r} is no duration, such as 90, 30m, 36h or 7d."
        raise click.BadParameter(msg)
    return float(found[1]) * UNITS[found[2]]


timeout = click.option(
    "--timeout",
    callback=seconds_of,
    metavar="DURATION",
    help="End after so long: 90 (seconds), 30m, 36h or 7d. Default: no limit.",
)

COMMON = (
    click.option(
        "--region",
        metavar="NAME",
        help="AWS region. Default: AWS_REGION, AWS_DEFAULT_REGION, profile.",
    ),
    click.option(
        "--profile",
        metavar="NAME",
        help="Profile of the AWS configuration files. Default: AWS_PROFILE.",
    ),
    click.option(
        "--endpoint-url",
        metavar="URL",
        help="Where to send calls. Default: AWS_ENDPOINT_URL_OMICS, AWS_ENDPOINT_URL, profile.",
    ),
    click.option("--json", "as_json", is_flag=True, help="Results as lines of JSON."),
    click.option("--quiet", "is_quiet", is_flag=True, help="Results and errors, but no progress."),
    click.option(
        DEBUG,
        is_flag=True,
        expose_value=False,
        help="Errors with their traceback, and the log's warnings.",
    ),
)


def common(command: Callback) -> Callback:
    """Give a command the options that all have; it gets a `place` and an `output` for them."""

    @wraps(command)
    def gathered(
        region: str | None,
        profile: str | None,
        endpoint_url: str | None,
        as_json: bool,
        is_quiet: bool,
        **own: Any,
    ) -> Any:
        place = Place(region, profile, endpoint_url)
        return command(place=place, output=Output(as_json, is_quiet), **own)

    made: Callback = gathered
    for option in reversed(COMMON):
        made = option(made)
    return made


def ref_of(text: str) -> RunRef:
    """Return the run that an argument names.

    Raises:
        click.BadParameter: It names none.
    """
    try:
        return RunRef.parse(text)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="RUN") from None
