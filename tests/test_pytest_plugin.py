"""The fixtures for pytest: used here as users do, and tried by a pytest in a folder of its own."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import anyio
import boto3
import httpx
import pytest

from omics_runs import TERMINAL, AsyncOmicsRunsClient, OmicsRunsClient, StartRunRequest, errors
from omics_runs.emulator import Durations, Emulator, VirtualClock

pytest_plugins = ["pytester"]

START = StartRunRequest(
    workflow_id="1234567",
    role_arn="arn:aws:iam::123456789012:role/OmicsRole",
    output_uri="s3://my-bucket/output",
    storage_type="DYNAMIC",
)
SIX_HOURS = Durations(running=6 * 3_600)
SIX_DAYS = Durations(running=6 * 86_400)
HEAVY = ("anyio", "attrs", "boto3", "botocore", "cattrs", "httpx")
PROXIES = ("ALL_PROXY", "HTTPS_PROXY", "HTTP_PROXY", "all_proxy", "https_proxy", "http_proxy")

HOSTILE = {
    **dict.fromkeys(PROXIES, "socks5://127.0.0.1:1"),
    "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
    "AWS_CREDENTIAL_EXPIRATION": "2020-01-01T00:00:00Z",
    "AWS_DEFAULT_PROFILE": "nobody",
    "AWS_DEFAULT_REGION": "eu-west-1",
    "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true",
    "AWS_PROFILE": "nobody",
    "AWS_REGION": "eu-west-1",
    "AWS_SECURITY_TOKEN": "token",
    "AWS_SESSION_TOKEN": "token",
    "AWS_USE_DUALSTACK_ENDPOINT": "true",
    "AWS_USE_FIPS_ENDPOINT": "true",
    "NO_PROXY": "example.org",
    "no_proxy": "example.org",
}
"""A developer's environment in which no client would find the emulator."""


def see_through(client: OmicsRunsClient) -> timedelta:
    """Start a run, wait for its end, and return how long it took."""
    run = client.wait_until(client.send(START), timeout=30 * 86_400)
    assert run.stop_time is not None
    assert run.creation_time is not None
    return run.stop_time - run.creation_time


async def asee_through(client: AsyncOmicsRunsClient) -> str:
    """Start a run, wait for its end, and return its status."""
    return (await client.wait_until(await client.send(START), timeout=30 * 86_400)).status


# --- clients in process -------------------------------------------------------------------------


def test_a_run_of_hours_passes_at_once(
    omics_emulator: Emulator, omics_client: OmicsRunsClient
) -> None:
    """The client shares the emulator's clock: it polls through six hours, and takes no time."""
    omics_emulator.plan(durations=SIX_HOURS)
    assert see_through(omics_client) > timedelta(hours=6)
    assert omics_emulator.count("GetRun") > 6 * 60


@pytest.mark.parametrize("backend", [pytest.param(name, id=name) for name in ("asyncio", "trio")])
def test_an_async_run_of_hours_passes_at_once(
    backend: str, omics_emulator: Emulator, async_omics_client: AsyncOmicsRunsClient
) -> None:
    """So does the async client, in any event loop of the test's own."""
    omics_emulator.plan(durations=SIX_HOURS)
    assert anyio.run(asee_through, async_omics_client, backend=backend) == "COMPLETED"
    assert omics_emulator.count("GetRun") > 6 * 60


@pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
@pytest.mark.anyio
async def test_the_async_client_under_a_plugin(
    anyio_backend: str, async_omics_client: AsyncOmicsRunsClient
) -> None:
    """A plugin that runs async tests hands them the client too, to be opened or not."""
    assert await asee_through(async_omics_client) == "COMPLETED"
    async with async_omics_client:
        assert await asee_through(async_omics_client) == "COMPLETED"


def test_cancel(omics_client: OmicsRunsClient) -> None:
    """In process, a run is still under way when it is cancelled."""
    started = omics_client.send(START)
    omics_client.wait_until(started, "RUNNING")
    omics_client.cancel_run(started.id)
    assert omics_client.wait_until(started, "CANCELLED").status == "CANCELLED"


# --- clients by HTTP, which the code under test builds ------------------------------------------


def test_the_first_poll_sees_the_end(omics_emulator: Emulator) -> None:
    """A client with a clock of its own never pauses, however long the run is planned to take."""
    omics_emulator.plan(durations=SIX_DAYS)
    with OmicsRunsClient() as client:
        assert see_through(client) > timedelta(days=6)
    assert omics_emulator.count("GetRun") == 1


def test_the_first_poll_of_an_async_client_sees_the_end(omics_emulator: Emulator) -> None:
    """The same for an async client."""

    async def main() -> str:
        async with AsyncOmicsRunsClient() as client:
            return await asee_through(client)

    assert asyncio.run(main()) == "COMPLETED"
    assert omics_emulator.count("GetRun") == 1


def test_cancel_by_http(omics_emulator: Emulator) -> None:
    """Calls that change something let no time pass: what was just started can be cancelled."""
    with OmicsRunsClient() as client:
        started = client.send(START)
        client.cancel_run(started.id)
        assert client.wait_until(started, TERMINAL).status == "CANCELLED"


@pytest.mark.usefixtures("omics_emulator")
def test_a_run_that_was_looked_at_has_ended() -> None:
    """After a look at it, a run can't be cancelled any more, unless it is planned to last."""
    with OmicsRunsClient() as client:
        started = client.send(START)
        assert client.get_run(started.id).status == "COMPLETED"
        with pytest.raises(errors.ConflictError):
            client.cancel_run(started.id)


def test_other_processes_find_the_emulator(omics_emulator: Emulator) -> None:
    """A program that the code under test starts is led there as well."""
    code = "from omics_runs import OmicsRunsClient; print(OmicsRunsClient().list_runs().items)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "()"
    assert omics_emulator.count("ListRuns") == 1


# --- the environment ----------------------------------------------------------------------------


@pytest.fixture
def hostile(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Set all that leads clients elsewhere, before the emulator's fixture is asked for."""
    profile = tmp_path / "profile"
    profile.write_text("[default]\nuse_fips_endpoint = true\n", encoding="utf-8")
    files = dict.fromkeys(("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"), str(profile))
    for name, value in {**HOSTILE, **files}.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def another_session(monkeypatch: pytest.MonkeyPatch) -> object:
    """Return a session of boto3 that was shared, with keys, before the emulator was there."""
    session = boto3.Session("AKIAIOSFODNN7EXAMPLE", "secret", region_name="eu-west-1")
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", session)
    return session


def test_own_client_whatever_the_shell_says(hostile: None, omics_emulator: Emulator) -> None:
    """Profiles, proxies and endpoints of the developer lead no client away."""
    with OmicsRunsClient() as client:
        see_through(client)
    assert len(omics_emulator.runs) == 1
    assert not any("x-amz-security-token" in call.headers for call in omics_emulator.requests)
    assert os.environ["NO_PROXY"] == os.environ["no_proxy"] == "*"  # programs read the one or other


def test_boto3_whatever_the_shell_says(
    another_session: object, hostile: None, omics_emulator: Emulator
) -> None:
    """Nor a client of boto3, in spite of the keys that boto3 has remembered."""
    omics: Any = boto3.client("omics")
    assert omics.list_runs()["items"] == []
    assert omics_emulator.count("ListRuns") == 1
    assert not any("x-amz-security-token" in call.headers for call in omics_emulator.requests)
    omics.close()


def test_the_url(omics_emulator: Emulator) -> None:
    """The endpoint is an attribute of the emulator, and what the environment says."""
    assert omics_emulator.url is not None
    assert omics_emulator.url.startswith("http://127.0.0.1:")
    assert os.environ["AWS_ENDPOINT_URL_OMICS"] == omics_emulator.url


# --- options ------------------------------------------------------------------------------------


class TestOptions:
    """A fixture of one class says what its emulators are like."""

    @pytest.fixture
    def omics_emulator_options(self) -> dict[str, Any]:
        """Ask for two things."""
        return {"strict_workflows": True, "region": "eu-west-1"}

    def test_they_count(self, omics_emulator: Emulator, omics_client: OmicsRunsClient) -> None:
        """The emulator is as it was asked for."""
        assert omics_emulator.region == os.environ["AWS_REGION"] == "eu-west-1"
        with pytest.raises(errors.ResourceNotFoundError):
            omics_client.send(START)


@pytest.mark.parametrize("omics_emulator_options", [{"clock": VirtualClock()}], ids=["clock"])
def test_a_clock_of_the_users_own(omics_emulator: Emulator) -> None:
    """With a clock among the options, time is what that clock says, by HTTP too."""
    with OmicsRunsClient() as client:
        started = client.send(START)
        assert client.get_run(started.id).status == "PENDING"
        assert isinstance(omics_emulator.clock, VirtualClock)
        omics_emulator.clock.advance(60)
        assert client.get_run(started.id).status == "STARTING"


# --- in a pytest of its own ---------------------------------------------------------------------


@pytest.fixture
def folder(pytester: pytest.Pytester) -> pytest.Pytester:
    """Return an empty folder for test files; all warnings are errors there."""
    pytester.makeini("[pytest]\nfilterwarnings = error")
    return pytester


def test_nothing_is_loaded_until_it_is_used(folder: pytest.Pytester) -> None:
    """A pytest that lists fixtures shows ours explained, with the door and the plugin alone."""
    folder.makepyfile("def test_of_something_else(): pass")
    folder.makeconftest(
        f"""
        import sys

        def pytest_collection_finish():
            print("heavy:", sorted(set({HEAVY}) & set(sys.modules)))
            print("ours:", sorted(name for name in sys.modules if name.startswith("omics_runs")))
        """
    )
    # The plugin of anyio loads anyio.
    done = folder.runpytest_subprocess("--fixtures", "-s", "-p", "no:anyio")
    done.stdout.fnmatch_lines(
        ["heavy: []", "ours: ['omics_runs', 'omics_runs._lazy', 'omics_runs.pytest_plugin']"],
        consecutive=True,
    )
    done.stdout.fnmatch_lines(
        [
            "omics_emulator_options -- *",
            "    Arguments of `Emulator` for `omics_emulator`*",
            "omics_emulator -- *",
            "    Serve a fresh `Emulator`*",
            "omics_client -- *",
            "    Return an `OmicsRunsClient`*",
            "async_omics_client -- *",
            "    Return an `AsyncOmicsRunsClient`*",
        ]
    )


AFTERWARDS = """
import os, sys

before = dict(os.environ)

def test_inside(omics_emulator):
    assert os.environ["AWS_ENDPOINT_URL_OMICS"] == omics_emulator.url
    import boto3
    boto3.client("omics").close()
    assert boto3.DEFAULT_SESSION is not None
    global emulator
    emulator = omics_emulator

def test_afterwards():
    after = {k: v for k, v in os.environ.items() if k != "PYTEST_CURRENT_TEST"}
    assert after == {k: v for k, v in before.items() if k != "PYTEST_CURRENT_TEST"}
    assert sys.modules["boto3"].DEFAULT_SESSION is None
    assert emulator.url is None
"""
"""Environment and boto3's session are put back, and a session of the test's is forgotten."""

ONE_RUN = f"""
import pytest
from omics_runs import OmicsRunsClient, StartRunRequest

REQUEST = StartRunRequest.from_dict({START.to_dict()})

@pytest.mark.parametrize("number", range(3))
def test_of_one_run(omics_emulator, number):
    with OmicsRunsClient() as client:
        client.wait_until(client.send(REQUEST))
    assert len(omics_emulator.runs) == 1
"""
"""No test sees runs but its own."""

WRONG_OPTION = """
import pytest

WRONG = [{"strict": True}, {"rates": {"StartRuns": 5}}, 5]

@pytest.mark.parametrize("omics_emulator_options", WRONG)
def test_with_it(omics_emulator):
    pass
"""
"""What the emulator does not take is told in a line, without a traceback."""


def test_tests_of_users_in_several_processes(folder: pytest.Pytester) -> None:
    """Each test has its own emulator, leaves nothing behind, and is told of a wrong option."""
    folder.makepyfile(
        test_afterwards=AFTERWARDS, test_a=ONE_RUN, test_b=ONE_RUN, test_wrong=WRONG_OPTION
    )
    done = folder.runpytest_subprocess("-n", "2", "--dist", "loadfile")
    done.assert_outcomes(passed=8, errors=3)
    told = [line for line in done.outlines if line.startswith("omics_emulator_options: ")]
    assert len(told) == 3
    for what in ("'strict'", "StartRuns", "mapping"):
        assert sum(what in line for line in told) == 1
    done.stdout.no_fnmatch_line("*pytest_plugin.py:*")


def test_looking_elsewhere_lets_no_time_pass(omics_emulator: Emulator) -> None:
    """Only a look at runs lets time pass: no list of groups does, nor the emulator's own calls."""
    with OmicsRunsClient() as client:
        started = client.send(START)
        client.list_run_groups()
        httpx.get(f"{omics_emulator.url}/_emulator/requests")
        client.cancel_run(started.id)
