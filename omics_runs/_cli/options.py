"""What the commands have in common: where AWS is, how results are told, how long to wait."""

from __future__ import annotations

import re
from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeAlias

import click
from attrs import frozen

from omics_runs._cli.output import Output
from omics_runs._errors import InvalidRequestError
from omics_runs._run_ref import RunRef

if TYPE_CHECKING:
    from omics_runs._client import OmicsRunsClient

Callback: TypeAlias = Callable[..., Any]

DEBUG = "--debug"

JSON = "--json"

METHODS = frozenset({"as_completed", "diagnose", "submit", "wait_until"})
"""The methods behind the commands, whose arguments have the names of options."""

UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400}


@frozen
class Place:
    """Where AWS is; what is None there is settled as the library settles it."""

    region: str | None
    profile: str | None
    endpoint_url: str | None
    logs_endpoint_url: str | None

    def client(self) -> OmicsRunsClient:
        """Return a client of it.

        Raises:
            ConfigurationError: The settings don't add up.
        """
        from omics_runs import OmicsRunsClient  # noqa: PLC0415  (not needed for --help)

        return OmicsRunsClient(
            self.region,
            profile=self.profile,
            endpoint_url=self.endpoint_url,
            logs_endpoint_url=self.logs_endpoint_url,
        )


def seconds_of(text: str) -> float:
    """Return the seconds of a duration, such as 90, 30m, 36h or 7d.

    Raises:
        click.BadParameter: The text is none.
    """
    found = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)([smhd]?)", text)
    if found is None:
        msg = f"{text!r} is no duration, such as 90, 30m, 36h or 7d."
        raise click.BadParameter(msg)
    return float(found[1]) * UNITS[found[2]]


timeout = click.option(
    "--timeout",
    type=seconds_of,
    metavar="DURATION",
    help="End after so long: 90 (seconds), 30m, 36h or 7d. Default: no limit.",
)

logs_endpoint = click.option(
    "--logs-endpoint-url",
    metavar="URL",
    help="Where to read logs. Default: AWS_ENDPOINT_URL_CLOUDWATCH_LOGS, AWS_ENDPOINT_URL,"
    " profile, an --endpoint-url on this machine.",
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
    click.option(JSON, "as_json", is_flag=True, help="Results and errors as lines of JSON."),
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
        logs_endpoint_url: str | None = None,
        **own: Any,
    ) -> Any:
        place = Place(region, profile, endpoint_url, logs_endpoint_url)
        with _arguments_as_options():
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
        raise click.BadParameter(str(error)) from None


one_run = click.argument("run", type=ref_of)


@contextmanager
def _arguments_as_options() -> Generator[None]:
    """Have what the method of a command says of its arguments said of the options they came from.

    Raises:
        click.UsageError: The method refused options, and nothing else.
    """
    try:
        yield
    except InvalidRequestError as error:
        command = click.get_current_context().command
        taken = {name for param in command.params for name in param.opts}
        told = {f"--{path}": what for path, what in error.problems}
        if error.subject not in METHODS or not told.keys() <= taken:
            raise
        text = "; ".join(f"{option}: {what}" for option, what in told.items())
        raise click.UsageError(text) from error
