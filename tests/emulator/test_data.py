"""State that outlasts the emulator: every restart is as if there had been none."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omics_runs import RunStatus
from omics_runs.emulator import Durations, Emulator, Fault, Quotas, TaskPlan, VirtualClock
from omics_runs.emulator.__main__ import main
from omics_runs.emulator._lock import Lock
from omics_runs.emulator._table import Changes, Table
from tests.emulator.conftest import START, Caller, code, connect
from tests.emulator.test_main import COMMAND, process
from tests.examples import examples

BRIEF = Durations(pending=10, starting=20, running=60, stopping=10)
TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where a database may be."""
    return tmp_path / "emulator.db"


class Account(Caller):
    """Plain HTTP to an emulator that keeps its data, and can be restarted."""

    def __init__(self, path: Path | None, **options: Any) -> None:
        self.path = path
        self.options = {"verify_signatures": False, "durations": BRIEF} | options
        self.clock = VirtualClock()
        super().__init__(self._emulator())
        self.zero = datetime.fromisoformat(self.start(name="zero")["creationTime"])

    def _emulator(self) -> Emulator:
        self.clock = VirtualClock()
        return Emulator(self.clock, data=self.path, **self.options)

    def restart(self, **options: Any) -> None:
        """Close the emulator, and open another one on its data if it keeps any."""
        if self.path is not None:
            self.emulator.close()
            self.options |= options
            self.emulator = self._emulator()
            self.http = httpx.Client(transport=self.emulator.transport(), base_url="http://omics")

    def start(self, **members: Any) -> dict[str, Any]:
        """Start a run, and return GetRun's answer."""
        return self.run(super().start(**members)["id"])

    def close(self) -> None:
        """Let go of the file."""
        self.emulator.close()

    def everything(self) -> dict[str, Any]:
        """Return all answers about all that there is."""
        listed = self.list()["items"]
        ids = [item["id"] for item in listed]
        tasks = {run_id: self.tasks(run_id)["items"] for run_id in ids}
        return {
            "list": listed,
            "runs": [self.run(run_id) for run_id in ids],
            "exports": [
                self.ok(self.http.get(f"/run/{run_id}", params={"export": "DEFINITION"}))
                for run_id in ids
            ],
            "tasks": tasks,
            "each": [self.task(key, task["taskId"]) for key, of in tasks.items() for task in of],
        }


@pytest.fixture
def account(path: Path) -> Iterator[Account]:
    """Return an account whose data is kept."""
    with closing(Account(path, deleted_runs="DELETED")) as made:
        yield made


def populated(account: Account) -> Account:
    """Bring an account to have one of everything."""
    emulator = account.emulator
    group = emulator.add_run_group(name="g", max_runs=1, max_cpus=16, max_gpus=2, max_duration=5)
    emulator.add_run_cache("77", name="c", s3_uri="s3://c/", behavior="CACHE_ALWAYS")
    emulator.add_workflow("88", type="READY2RUN", name="w", engine="WDL")
    emulator.add_configuration("vpc", subnet_ids=["subnet-1"])
    emulator.plan("fails*", ends="FAILED", failure_reason="OUT_OF_MEMORY_ERROR", after=50)
    emulator.plan("dies", ends="FAILED", status_message="no role", after=5)
    emulator.plan("odd", tasks=[TaskPlan(name="t", gpus=1, window=(0, 0.5), ends="FAILED")])
    emulator.plan("long", durations=Durations(pending=0, starting=10, running=1e6))
    emulator.plan("stopping", durations=Durations(stopping=1000))
    account.start(name="deleted", tags={"a": "b"})
    account.delete(account.start(name="dies")["id"])
    account.clock.advance(200)
    account.delete(account.list(name="deleted")["items"][0]["id"])
    account.cancel(account.start(name="cancelled")["id"])
    account.start(name="fails early", parameters={"n": [1, 2.5, {"x": "\U0001f9ec"}]})
    account.start(name="long", workflowId="88", workflowType="READY2RUN", priority=3)
    account.clock.advance(60)
    account.cancel(account.start(name="stopping")["id"])
    networking = {"networkingMode": "VPC", "configurationName": "vpc"}
    account.start(name="starting", cacheId="77", cacheBehavior="CACHE_ALWAYS", **networking)
    account.start(name="group 1", runGroupId=group)
    account.start(name="group 2", runGroupId=group, retentionMode="REMOVE")
    account.start(name="odd")
    account.clock.advance(15)
    account.start(name="pending")
    return account


def test_whole_answers(account: Account) -> None:
    """Every answer about every kind of thing is the same after a restart."""
    before = populated(account).everything()
    assert {run["status"] for run in before["runs"]} == set(RunStatus)
    account.restart()
    assert account.everything() == before


def test_runs_go_on(account: Account) -> None:
    """Time stands still while nobody has the file, and then everything goes on as it would have."""
    with closing(populated(Account(None, deleted_runs="DELETED"))) as other:
        populated(account).restart()
        for _ in range(12):
            for each in (account, other):
                each.clock.advance(25)
            assert comparable(account, account.everything()) == comparable(
                other, other.everything()
            )


def comparable(account: Account, answer: Any) -> str:
    """Return an answer as text, with moments counted from the account's first run."""
    text = json.dumps(answer, sort_keys=True)
    return TIMESTAMP.sub(lambda at: str(datetime.fromisoformat(at[0]) - account.zero), text)


def start(account: Account, number: int) -> Any:
    """Start a run, or send the StartRun before once more."""
    account.tokens += number % 7 != 0
    group = {"runGroupId": "1"} if number % 3 == 0 else {}
    members = {
        "requestId": f"token-{account.tokens}",
        "name": f"name {number % 5}",
        "priority": number % 4,
        "retentionMode": "REMOVE" if number % 2 else "RETAIN",
    }
    return account.http.post("/run", json=START | members | group)


def wait(account: Account, number: int) -> Any:
    """Let time pass."""
    account.clock.advance(number)


def change_group(account: Account, number: int) -> Any:
    """Change what the runs of a group may have."""
    return account.emulator.add_run_group("1", max_runs=1 + number % 3, max_cpus=8 + number)


def plan(account: Account, number: int) -> Any:
    """Plan how the runs of a name will go."""
    account.emulator.plan(f"name {number % 5}", ends="FAILED", after=number)


def some_run(account: Account, number: int) -> str:
    """Return the id of one of the runs, or of one that has been there."""
    ids = [item["id"] for item in account.list()["items"]]
    return ids[number % len(ids)] if ids else "1"


def redirect(account: Account, number: int) -> Any:
    """Plan a run under way to fail."""
    try:
        account.emulator.plan(run_id=some_run(account, number), ends="FAILED", after=number)
    except ValueError as error:
        return str(error)
    return None


def cancel(account: Account, number: int) -> Any:
    """Cancel a run, if there is one and it can be."""
    return account.cancel(some_run(account, number))


def delete(account: Account, number: int) -> Any:
    """Delete a run, if there is one and it can be."""
    return account.delete(some_run(account, number))


def outcome(account: Account, operation: Callable[[Account, int], Any], number: int) -> str:
    """Do something, and return all that can be known afterwards."""
    answer = operation(account, number)
    if isinstance(answer, httpx.Response):
        answer = [answer.status_code, answer.text]
    return comparable(account, [answer, account.everything()])


OPERATIONS = (start, start, wait, change_group, plan, redirect, cancel, delete)
STEPS = st.lists(
    st.tuples(st.sampled_from(OPERATIONS), st.integers(0, 40), st.booleans()), max_size=25
)


@settings(max_examples=examples(30), deadline=None)
@given(steps=STEPS, deleted_runs=st.sampled_from(["404", "DELETED"]))
def test_restarts_change_nothing(
    tmp_path_factory: pytest.TempPathFactory, steps: list[Any], deleted_runs: str
) -> None:
    """Whatever is done in whatever order, restarts in between make no difference."""
    options: dict[str, Any] = {
        "deleted_runs": deleted_runs,
        "reuse_ids": True,
        "quotas": Quotas(max_active_runs=2, max_stored_runs=6),
    }
    path = tmp_path_factory.mktemp("data") / "emulator.db"
    with closing(Account(path, **options)) as kept, closing(Account(None, **options)) as other:
        change_group(kept, 0), change_group(other, 0)
        for operation, number, restarts in steps:
            assert outcome(kept, operation, number) == outcome(other, operation, number)
            if restarts:
                kept.restart()


def test_order_of_the_queue(account: Account) -> None:
    """Those who wait get their slots in the order in which they would have without a restart."""
    account.restart(quotas=Quotas(max_active_runs=1))
    account.clock.advance(100)
    for name, priority in {"first": 9, "c": 1, "b": 5, "d": 1, "a": 7}.items():
        account.start(name=name, priority=priority)
        account.clock.advance(3)
    order = []
    for _ in range(5):
        order += [run.name for run in account.emulator.runs.values() if run.status == "STARTING"]
        account.restart()
        account.clock.advance(90)
    assert order == ["first", "a", "b", "c", "d"]


def test_more_slots_than_before(path: Path) -> None:
    """Runs that wait start at once where the next emulator has room for them."""
    with closing(Account(path, quotas=Quotas(max_active_runs=1))) as account:
        run = account.start()
        account.clock.advance(15)
        account.restart(quotas=Quotas(max_active_runs=2))
        assert account.run(run["id"])["status"] == "STARTING"


def test_request_ids(account: Account) -> None:
    """A StartRun from before the restart is recognised, and so is one that has changed."""
    started = account.http.post("/run", json=START).json()
    account.restart()
    assert account.http.post("/run", json=START).json() == started
    assert code(account.http.post("/run", json=START | {"name": "x"})) == "ConflictException"
    assert len(account.emulator.runs) == 2


def test_fresh_ids(account: Account) -> None:
    """No id is given out twice, be it of something that is long deleted."""
    seen: list[str] = []
    for _ in range(4):
        run = account.start()
        account.clock.advance(100)
        tasks = [task["taskId"] for task in account.tasks(run["id"])["items"]]
        seen += [run["id"], run["uuid"], *tasks, account.emulator.add_run_group()]
        account.delete(run["id"])
        account.restart()
    assert len(seen) == len(set(seen)) == 4 * 6


def test_page_tokens(account: Account) -> None:
    """A page token from before the restart has expired, and none of the next ones is the same."""
    account.start()
    token = account.list(maxResults=1)["nextToken"]
    account.restart()
    stale = account.http.get("/run", params={"maxResults": 1, "startingToken": token})
    assert code(stale) == "ValidationException"
    assert account.list(maxResults=1)["nextToken"] != token


def test_what_is_not_kept(account: Account) -> None:
    """Faults and the calls so far are not kept."""
    account.emulator.faults.add(Fault(status=503, times=None))
    account.restart()
    assert account.emulator.requests == []
    account.list()


def test_lock() -> None:
    """A lock that is taken within itself has changes saved once, before anybody else gets it."""
    saved: list[str] = []
    lock = Lock(lambda: saved.append("saved"))
    with lock:
        with lock:
            saved.append("inner")
        saved.append("outer")
    assert saved == ["inner", "outer", "saved"]


def test_reset(account: Account) -> None:
    """A reset empties the file too, and what is started afterwards is kept."""
    first = account.list()["items"][0]["id"]
    populated(account).emulator.reset()
    account.restart()
    assert account.list()["items"] == []
    account.tokens = 0
    assert account.start(name="dies")["id"] == first
    account.clock.advance(1000)
    account.restart()
    assert [run.status for run in account.emulator.runs.values()] == ["COMPLETED"]


def test_reset_of_the_time(account: Account) -> None:
    """Time goes on after a reset, and after a restart."""
    account.clock.advance(500)
    account.emulator.reset()
    account.restart()
    created = datetime.fromisoformat(account.start()["creationTime"])
    assert (created - account.zero).total_seconds() == 500


def test_a_file_alone(path: Path) -> None:
    """A closed emulator leaves one file, and a link to nowhere but into it."""
    with Emulator(data=path) as emulator:
        emulator.add_run_group()
    assert list(path.parent.iterdir()) == [path]


def test_closed(account: Account) -> None:
    """A closed emulator answers no call that would have to be kept; to close twice is harmless."""
    account.close()
    account.close()
    with pytest.raises(ValueError, match="is closed"):
        account.start()


def test_close_without_data() -> None:
    """Without data there is nothing to close, and nothing changes."""
    with closing(Account(None)) as account:
        account.close()
        account.start()


def test_full_disk(account: Account) -> None:
    """What can't be written is not answered, and is written as soon as that is possible."""
    connection = account.emulator._data._connection  # type: ignore[union-attr]
    connection.execute("PRAGMA max_page_count = 1")
    with pytest.raises(OSError, match="full"):
        account.emulator.add_run_group("5", name="x" * 100_000)
    connection.execute("PRAGMA max_page_count = 1000000")
    account.emulator.add_run_group("6")
    account.restart()
    for group in ("5", "6"):
        account.start(runGroupId=group)


def spoil(path: Path, statement: str) -> None:
    """Change a database file."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(statement)


def text_file(path: Path) -> None:
    """Write a file that is no database."""
    path.write_text("no database " * 1000)


def other_database(path: Path) -> None:
    """Write a database of something else."""
    spoil(path, "CREATE TABLE things (id TEXT)")


def spoilt(statement: str) -> Callable[[Path], None]:
    """Return what writes a file of an emulator, and then does something to it."""

    def write(path: Path) -> None:
        with closing(populated(Account(path))):
            pass
        spoil(path, statement)

    return write


WRONG = [
    pytest.param(text_file, ValueError, "no file of an emulator", id="text"),
    pytest.param(other_database, ValueError, "no file of an emulator", id="other database"),
    pytest.param(Path.mkdir, IsADirectoryError, "Is a directory", id="directory"),
    pytest.param(spoilt("PRAGMA user_version = 7"), ValueError, "of format 7", id="format"),
    pytest.param(
        spoilt("PRAGMA application_id = 7"), ValueError, "no file of an emulator", id="application"
    ),
    pytest.param(
        spoilt("CREATE TRIGGER t AFTER INSERT ON rows BEGIN DELETE FROM rows; END"),
        ValueError,
        "more in it",
        id="trigger",
    ),
    pytest.param(spoilt("UPDATE rows SET value = 'x'"), ValueError, "damaged", id="no JSON"),
    pytest.param(spoilt("UPDATE rows SET value = '[]'"), ValueError, "damaged", id="no record"),
    pytest.param(
        spoilt("UPDATE rows SET collection = 'names'"), ValueError, "damaged", id="no collection"
    ),
    pytest.param(
        spoilt("""UPDATE rows SET value = '{"id": "1"}' WHERE collection = 'runs'"""),
        ValueError,
        "damaged",
        id="half a record",
    ),
]


@pytest.mark.parametrize(("write", "kind", "message"), WRONG)
def test_wrong_files(
    path: Path,
    capsys: pytest.CaptureFixture[str],
    write: Callable[[Path], None],
    kind: type[Exception],
    message: str,
) -> None:
    """A file that can't be used is refused with what is wrong with it, and stays as it is."""
    write(path)
    before = path.read_bytes() if path.is_file() else b""
    with pytest.raises(kind, match=re.escape(message)) as caught:
        Emulator(data=path)
    assert str(path) in str(caught.value)
    assert main(["--port", "0", "--data", str(path)]) == 2
    printed = capsys.readouterr()
    assert (printed.out, printed.err.count("\n")) == ("", 1)
    assert message in printed.err
    assert path.is_dir() or path.read_bytes() == before


def test_missing_folder(tmp_path: Path) -> None:
    """A file in a folder that does not exist is refused."""
    with pytest.raises(FileNotFoundError):
        Emulator(data=tmp_path / "nowhere" / "emulator.db")


def test_read_only(path: Path) -> None:
    """A file that may only be read is refused."""
    with closing(Account(path)):
        pass
    path.chmod(0o400)
    if os.access(path, os.W_OK):
        pytest.skip("this user may write any file")
    with pytest.raises(PermissionError):
        Emulator(data=path)


@pytest.mark.parametrize(
    "other",
    [
        pytest.param({"region": "eu-west-1"}, id="region"),
        pytest.param({"account_id": "999999999999"}, id="account"),
    ],
)
def test_other_accounts(path: Path, other: dict[str, str]) -> None:
    """The file of another region or account is refused, naming both; it can still be opened."""
    with Emulator(data=path):
        pass
    ours = {"region": "us-west-2", "account_id": "123456789012"}
    with pytest.raises(ValueError, match="belongs to account") as caught:
        Emulator(data=path, **other)  # type: ignore[arg-type]
    for value in (*ours.values(), *other.values()):
        assert value in str(caught.value)
    Emulator(data=path).close()


def test_one_at_a_time(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """While an emulator has a file no other one gets it, in this process or in another."""
    with Emulator(data=path) as emulator:
        emulator.add_run_group("5")
        with pytest.raises(OSError, match="In use by another emulator"):
            Emulator(data=path)
        command = [*COMMAND, "--port", "0", "--data", str(path)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
        assert "In use by another emulator" in done.stderr
    Emulator(data=path).close()


def test_killed(path: Path) -> None:
    """A process that is killed right after its answers has lost none of them."""
    options = ["--data", str(path), "--no-verify", "--speed", "1"]
    answers: list[dict[str, Any]] = []
    for number in range(3):
        with process(*options) as (started, variables):
            with httpx.Client(base_url=variables["AWS_ENDPOINT_URL_OMICS"]) as http:
                for before in answers:
                    now = http.get(f"/run/{before['id']}").json()
                    assert now["uuid"] == before["uuid"]
                    assert now["creationTime"] == before["creationTime"]
                body = START | {"requestId": f"killed {number}"}
                run = http.post("/run", json=body).json()
                answers.append(http.get(f"/run/{run['id']}").json())
            started.kill()
            started.communicate()
    assert len({answer["id"] for answer in answers}) == 3
    created = [datetime.fromisoformat(answer["creationTime"]) for answer in answers]
    assert created == sorted(created)
    with Emulator(data=path) as emulator:
        assert list(emulator.runs) == [answer["id"] for answer in answers]


def test_killed_before_the_answer(path: Path) -> None:
    """The change is in the file when the answer is on its way, whatever becomes of the process."""
    program = f"""
import os, httpx
from omics_runs.emulator import Emulator
emulator = Emulator(data={str(path)!r}, verify_signatures=False)
http = httpx.Client(transport=emulator.transport())
run = http.post("http://omics/run", json={START!r}).json()
print(run["id"], flush=True)
os._exit(9)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.returncode == 9, done.stderr
    with Emulator(data=path) as emulator:
        assert [*emulator.runs] == done.stdout.split()


THREADS, RUNS = 16, 200


@pytest.mark.parametrize(
    "kept", [pytest.param(False, id="in memory"), pytest.param(True, id="with data")]
)
@pytest.mark.usefixtures("_no_aws_files")
def test_parallel_clients(path: Path, kept: bool) -> None:
    """Sixteen clients in parallel start 200 runs: none is lost, none is there twice."""
    data = path if kept else None
    started: list[tuple[str, str]] = []
    with Emulator(VirtualClock(), data=data) as emulator, emulator.serve() as url:
        numbers = iter(range(RUNS))
        guard = threading.Lock()

        def work() -> None:
            with closing(connect(emulator, url)) as client:
                while True:
                    with guard:
                        number = next(numbers, None)
                    if number is None:
                        return
                    body = START | {"requestId": f"parallel {number}", "name": f"run {number}"}
                    first, again = (client.start_run(**body)["id"] for _ in range(2))
                    assert first == again
                    started.append((first, f"run {number}"))

        threads = [threading.Thread(target=work) for _ in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(started) == len({run_id for run_id, _ in started}) == RUNS
        assert {(key, run.name) for key, run in emulator.runs.items()} == set(started)
        in_order = list(emulator.runs)
    if kept:
        with Emulator(data=data) as emulator:
            assert {(key, run.name) for key, run in emulator.runs.items()} == set(started)
            assert list(emulator.runs) == in_order


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda table: table.pop("a"), id="pop"),
        pytest.param(lambda table: table.pop("z", None), id="pop nothing"),
        pytest.param(lambda table: table.popitem(), id="popitem"),
        pytest.param(lambda table: table.clear(), id="clear"),
        pytest.param(lambda table: table.setdefault("z", 26), id="setdefault"),
        pytest.param(lambda table: table.update(a=5, z=26), id="update"),
        pytest.param(lambda table: table.__setitem__("a", table.pop("a")), id="to the end"),
        pytest.param(lambda table: table.__delitem__("c"), id="del"),
    ],
)
def test_changes_of_a_table(change: Callable[[Table[str, int]], object]) -> None:
    """However a table is changed, what is noted is enough to do the same to a copy."""
    table = Table({"a": 1, "b": 2, "c": 3})
    copy = dict(table)
    table.changes = Changes()
    change(table)
    for key in table.changes.removed:
        copy.pop(key, None)
    for key in table.changes.set:
        copy[key] = table[key]
    assert list(copy.items()) == list(table.items())
