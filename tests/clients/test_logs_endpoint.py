"""Where CloudWatch Logs is: botocore's rules, settings in their order, and nothing that hinders."""

from __future__ import annotations

import gzip
import importlib
import json
from itertools import product
from pathlib import Path
from typing import Any

import httpx
import pytest

from omics_runs import OmicsRunsClient
from omics_runs._config import Settings, load
from omics_runs._endpoint import Endpoint, resolve_logs
from omics_runs.errors import ConfigurationError
from tests.clients.test_endpoint import (
    DATA,
    MADE_UP,
    UNKNOWN,
    partitions_of_botocore,
    skip_unless_same_data,
)

PROFILE = """
[default]
endpoint_url = https://profile.example
services = mine
[services mine]
cloudwatch_logs =
  endpoint_url = https://section.example
"""
HERE = "http://127.0.0.1:8787"
WHERE: Any = {"log_group_name": "/aws/omics/WorkflowLog", "log_stream_name": "run/1"}


def test_equals_botocore_for_every_region() -> None:
    """Each region, known or not, with each choice, has the endpoint that botocore gives it."""
    skip_unless_same_data()
    partitions = partitions_of_botocore()
    rules = gzip.decompress((DATA / "logs/2014-03-28/endpoint-rule-set-1.json.gz").read_bytes())
    provider: Any = importlib.import_module("botocore.endpoint_provider").EndpointProvider(
        json.loads(rules), partitions
    )
    errors: Any = importlib.import_module("botocore.exceptions")

    def theirs(region: str, fips: bool, dual: bool) -> str:
        try:
            found = provider.resolve_endpoint(Region=region, UseFIPS=fips, UseDualStack=dual)
        except errors.EndpointProviderError:
            return "refused"
        return str(found.url)

    def ours(region: str, fips: bool, dual: bool) -> str:
        found = resolve_logs(Settings(region=region, use_fips=fips, use_dualstack=dual))
        return found.url_for("") if isinstance(found, Endpoint) else "refused"

    known = [region for one in partitions["partitions"] for region in one["regions"]]
    cases = list(product(known + MADE_UP + UNKNOWN, (False, True), (False, True)))
    assert {case: ours(*case) for case in cases} == {case: theirs(*case) for case in cases}


@pytest.mark.parametrize(
    ("given", "environment", "used"),
    [
        pytest.param(
            {"logs_endpoint_url": "https://a.example", "endpoint_url": HERE},
            {"AWS_ENDPOINT_URL_CLOUDWATCH_LOGS": "https://b.example"},
            "https://a.example",
            id="argument",
        ),
        pytest.param(
            {"endpoint_url": HERE},
            {
                "AWS_ENDPOINT_URL_CLOUDWATCH_LOGS": "https://b.example",
                "AWS_ENDPOINT_URL": "https://c.example",
            },
            "https://b.example",
            id="variable",
        ),
        pytest.param(
            {"endpoint_url": HERE},
            {"AWS_ENDPOINT_URL": "https://c.example"},
            "https://c.example",
            id="variable-of-all",
        ),
        pytest.param({"endpoint_url": HERE}, {}, "https://section.example", id="section"),
        pytest.param(
            {"endpoint_url": HERE},
            {"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"},
            HERE,
            id="this-machine",
        ),
        pytest.param(
            {"endpoint_url": "https://proxy.example"},
            {"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"},
            "https://logs.us-west-2.amazonaws.com",
            id="region",
        ),
    ],
)
def test_settings_in_their_order(
    tmp_path: Path, given: Any, environment: dict[str, str], used: str
) -> None:
    """The argument, the environment, the profile, an emulator's endpoint, the region's own."""
    config = tmp_path / "config"
    config.write_text(PROFILE)
    environ = {"AWS_CONFIG_FILE": str(config), "AWS_SHARED_CREDENTIALS_FILE": ""} | environment
    found = resolve_logs(load(region="us-west-2", environ=environ, **given))
    assert found.url_for("") == used


def client_without_answers(**options: Any) -> OmicsRunsClient:
    """Return a client none of whose calls get anywhere."""
    http = httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(500)))
    return OmicsRunsClient(sign=False, http_client=http, **options)


@pytest.mark.parametrize(
    ("options", "variable", "what"),
    [
        pytest.param({"endpoint_url": "https://x.example"}, None, "no region", id="no-region"),
        pytest.param({"region": "us-west-2"}, "logs", "has no scheme", id="no-url"),
        pytest.param(
            {"region": "us-west-2", "use_fips": True},
            "https://logs.example",
            "use_fips and a custom endpoint",
            id="fips",
        ),
    ],
)
def test_what_is_wrong_is_told_to_who_reads_logs(
    monkeypatch: pytest.MonkeyPatch, options: Any, variable: str | None, what: str
) -> None:
    """A client is built all the same; only a call that reads logs can't be made."""
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL_OMICS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.delenv("AWS_ENDPOINT_URL_CLOUDWATCH_LOGS", raising=False)
    if variable is not None:
        monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDWATCH_LOGS", variable)
    with (
        client_without_answers(**options) as client,
        pytest.raises(ConfigurationError, match=f"CloudWatch Logs: .*{what}"),
    ):
        client.get_log_events(**WHERE)


def test_a_wrong_argument_is_refused_at_once() -> None:
    """Whoever names an endpoint learns soon that it is none."""
    with pytest.raises(ConfigurationError, match="logs_endpoint_url: 'logs' has no scheme"):
        client_without_answers(region="us-west-2", logs_endpoint_url="logs")
    with pytest.raises(ConfigurationError, match="logs_endpoint_url must be one of str, None"):
        client_without_answers(region="us-west-2", logs_endpoint_url=7)


def test_clear_text_is_warned_of() -> None:
    """Logs that can be read on their way deserve the same warning as anything else."""
    with pytest.warns(UserWarning, match="http://10.0.0.7 is not encrypted"):
        client_without_answers(region="us-west-2", logs_endpoint_url="http://10.0.0.7")
