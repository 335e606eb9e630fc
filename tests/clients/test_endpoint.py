"""Endpoints: what botocore's rule set gives for every region, and what custom ones do."""

from __future__ import annotations

import gzip
import importlib
import json
import tomllib
from itertools import product
from pathlib import Path
from typing import Any

import attrs
import pytest

from omics_runs import _endpoint
from omics_runs._config import Settings
from omics_runs._errors import ConfigurationError
from omics_runs._generated.partitions import PARTITIONS
from omics_runs._partition import Partition

BOTOCORE: Any = importlib.import_module("botocore")
DATA = Path(str(BOTOCORE.__file__)).parent / "data"
SOURCE = Path(__file__).parents[2] / "codegen" / "model" / "SOURCE.toml"
MADE_UP = ["us-mars-7", "cn-mars-7", "us-isob-mars-7", "us-gov-mars-7", "eusc-de-mars-7", "il-x-0"]
UNKNOWN = ["mars", "aws-global", "mars-global-1", "us-gov-1-2-3", "fips-us-east-1", "x"]


def skip_unless_same_data() -> None:
    """Skip when the partitions were generated from another botocore than the installed one."""
    if not SOURCE.exists():
        return
    generated = tomllib.loads(SOURCE.read_text())["botocore_version"]
    if generated != BOTOCORE.__version__:
        pytest.skip(f"data of botocore {generated}, but {BOTOCORE.__version__} is installed")


def partitions_of_botocore() -> dict[str, Any]:
    """Return botocore's own table of partitions."""
    return dict(json.loads((DATA / "partitions.json").read_text()))


def oracle(partitions: dict[str, Any]) -> Any:
    """Return botocore's resolver with the rules of the service."""
    rules = gzip.decompress((DATA / "omics/2022-11-28/endpoint-rule-set-1.json.gz").read_bytes())
    provider = importlib.import_module("botocore.endpoint_provider").EndpointProvider
    return provider(json.loads(rules), partitions)


def resolved_by_botocore(provider: Any, region: str, *, fips: bool, dual: bool) -> str:
    """Return the URL with the prefix that botocore's client adds, or "refused"."""
    errors: Any = importlib.import_module("botocore.exceptions")
    try:
        found = provider.resolve_endpoint(Region=region, UseFIPS=fips, UseDualStack=dual)
    except errors.EndpointProviderError:
        return "refused"
    return str(found.url).replace("https://", "https://workflows-")


def resolved(region: str, *, fips: bool, dual: bool) -> str:
    """Return our URL, or "refused"."""
    settings = Settings(region=region, use_fips=fips, use_dualstack=dual)
    try:
        return _endpoint.resolve(settings).url_for("workflows-")
    except ConfigurationError:
        return "refused"


def test_equals_botocore_for_every_region() -> None:
    """Each region, known or not, with each choice, has the endpoint that botocore gives it."""
    skip_unless_same_data()
    partitions = partitions_of_botocore()
    known = [region for one in partitions["partitions"] for region in one["regions"]]
    provider = oracle(partitions)
    cases = list(product(known + MADE_UP + UNKNOWN, (False, True), (False, True)))
    ours = {case: resolved(case[0], fips=case[1], dual=case[2]) for case in cases}
    theirs = {
        case: resolved_by_botocore(provider, case[0], fips=case[1], dual=case[2]) for case in cases
    }
    assert len(known) > len(MADE_UP)
    assert ours == theirs


def test_partitions_equal_botocore() -> None:
    """The generated table says what botocore's says, in its order."""
    skip_unless_same_data()
    expected = [
        Partition(
            id=one["id"],
            dns_suffix=one["outputs"]["dnsSuffix"],
            dual_stack_dns_suffix=one["outputs"]["dualStackDnsSuffix"],
            supports_fips=one["outputs"]["supportsFIPS"],
            supports_dual_stack=one["outputs"]["supportsDualStack"],
            region_regex=one["regionRegex"],
            regions=tuple(one["regions"]),
        )
        for one in partitions_of_botocore()["partitions"]
    ]
    assert list(PARTITIONS) == expected


@pytest.mark.parametrize(
    ("fips", "dual", "what"),
    [
        pytest.param(True, False, "no FIPS endpoints", id="fips"),
        pytest.param(False, True, "no dual-stack endpoints", id="dual-stack"),
        pytest.param(True, True, "no FIPS and no dual-stack endpoints", id="both"),
    ],
)
def test_unsupported_choice_is_refused(fips: bool, dual: bool, what: str) -> None:
    """A partition without such endpoints is refused by name, as botocore's rules refuse it."""
    poor = attrs.evolve(PARTITIONS[0], supports_fips=False, supports_dual_stack=False)
    settings = Settings(region="us-east-1", use_fips=fips, use_dualstack=dual)
    with pytest.raises(ConfigurationError, match=f"partition aws of region us-east-1 has {what}"):
        _endpoint.resolve(settings, partitions=(poor,))
    partitions = partitions_of_botocore()
    partitions["partitions"][0]["outputs"].update(supportsFIPS=False, supportsDualStack=False)
    theirs = resolved_by_botocore(oracle(partitions), "us-east-1", fips=fips, dual=dual)
    assert theirs == "refused"


@pytest.mark.parametrize(
    ("given", "used"),
    [
        pytest.param("http://127.0.0.1:8787", "http://127.0.0.1:8787", id="loopback"),
        pytest.param("https://proxy.example/", "https://proxy.example", id="slash"),
        pytest.param("https://proxy.example/omics/", "https://proxy.example/omics", id="prefix"),
    ],
)
@pytest.mark.parametrize("region", [None, "us-west-2"])
def test_custom_endpoint_is_left_alone(given: str, used: str, region: str | None) -> None:
    """A custom endpoint gets no host prefix and needs no region."""
    endpoint = _endpoint.resolve(Settings(endpoint_url=given, region=region))
    assert endpoint.is_custom
    assert endpoint.url_for("workflows-") == endpoint.url_for("tags-") == used


def test_prefix_comes_before_the_host() -> None:
    """Each operation's own prefix goes to the front."""
    endpoint = _endpoint.resolve(Settings(region="us-west-2"))
    assert endpoint.url_for("tags-") == "https://tags-omics.us-west-2.amazonaws.com"
    assert endpoint.url_for("") == "https://omics.us-west-2.amazonaws.com"


def test_no_region_is_refused() -> None:
    """Without region and custom endpoint there is nowhere to go, and the error says what helps."""
    with pytest.raises(ConfigurationError, match=r"no region: .*AWS_REGION"):
        _endpoint.resolve(Settings())
