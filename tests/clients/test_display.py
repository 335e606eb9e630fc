"""The display of progress: in a terminal, in a notebook, in a file, and where nobody listens."""

from __future__ import annotations

import builtins
import contextlib
import io
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable
from itertools import pairwise
from types import ModuleType
from typing import Any

import pytest
from rich.console import Console
from rich.progress import track
from tqdm import tqdm

from omics_runs import (
    BatchProgress,
    BatchStatus,
    FleetProgress,
    GetRunResponse,
    Progress,
    RunOutcome,
    RunRef,
    RunSpec,
    RunStatus,
    StartRunRequest,
    SubmitProgress,
    errors,
)
from omics_runs._display_live import Picture
from omics_runs._display_story import Stage, roughly
from omics_runs.display import LiveDisplay
from omics_runs.emulator import Durations, Emulator, Fault, VirtualClock
from omics_runs.models import GetBatchResponse

from .conftest import AdaptedItems, Caller

BASE = StartRunRequest(
    workflow_id="1234567",
    role_arn="arn:aws:iam::123456789012:role/OmicsRole",
    output_uri="s3://my-bucket/output",
    storage_type="DYNAMIC",
)
QUICK = Durations(pending=5, starting=60, running=600, stopping=5)
REASON = "OUT_OF_MEMORY_ERROR"
HIDE, SHOW = "\x1b[?25l", "\x1b[?25h"
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")


@pytest.fixture(autouse=True)
def _bare_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have nothing of the developer's own terminal decide what is drawn."""
    for name in ("FORCE_COLOR", "NO_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE", "LINES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "80")


@pytest.fixture
def emulator() -> Emulator:
    """Have an emulator with runs that fail, throttling, and a start that is refused."""
    emulator = Emulator(VirtualClock(), durations=QUICK, verify_signatures=False)
    emulator.plan("f*", ends="FAILED", failure_reason=REASON, after=300)
    emulator.plan("x*", ends="CANCELLED", after=400)
    emulator.faults.add(
        Fault("StartRun", code="ValidationException", message="no such\nrole", skip=5),
        Fault.throttle("StartRun", times=2),
        Fault.throttle("GetRun"),
    )
    return emulator


class Terminal(io.StringIO):
    """Notes what is written, and says that it is a terminal."""

    def isatty(self) -> bool:
        return True

    @property
    def text(self) -> str:
        """What was written, without what steers a terminal."""
        return ESCAPES.sub("", self.getvalue())


def specs(*names: str) -> list[RunSpec]:
    """Return what to submit."""
    return [RunSpec(name, BASE.replace(name=name)) for name in names]


def submit_and_wait(caller: Caller, emulator: Emulator, display: LiveDisplay) -> None:
    """Submit six runs and wait for them; one is refused, two fail, one is cancelled."""
    client = caller.client(emulator, sign=False)
    names = ["c0", "f1", "x2", "refused", "f4", "c5"]
    submission = client.submit(specs(*names), key="cohort-7", progress=display)
    client.wait_all(submission.started.values(), progress=display)


# --- plain lines --------------------------------------------------------------------------------


def test_a_file_gets_plain_lines(caller: Caller, emulator: Emulator) -> None:
    """A line where something has changed, each failure with its reason, and the ends."""
    stream = io.StringIO()
    with LiveDisplay(stream) as display:
        submit_and_wait(caller, emulator, display)
    lines = stream.getvalue().splitlines()
    assert "\x1b" not in stream.getvalue()
    assert lines[0].startswith("0 of 6 started, riding out StartRun: ThrottlingException")
    assert [line for line in lines if line.startswith("refused refused: ")] != []
    ends = re.findall(
        r"^([A-Z]+ \w+) \(run \d+\)(?:: (\w+): .+)?$", stream.getvalue(), re.MULTILINE
    )
    assert sorted(ends) == [("CANCELLED x2", ""), ("FAILED f1", REASON), ("FAILED f4", REASON)]
    told = r"^5 of 6 started, 1 refused, .*throttled calls lately: 2$"
    assert re.search(told, stream.getvalue(), re.MULTILINE)
    assert lines[-1].startswith("5 of 5 runs ended (2 COMPLETED, 2 FAILED, 1 CANCELLED), ")
    times = list(map(int, re.findall(r"polls after (\d+) s", stream.getvalue())))
    assert all(later - sooner >= 29 for sooner, later in pairwise(times[:-1]))


def fleet(elapsed: float, *, ended: int = 0, **members: Any) -> FleetProgress:
    """Return what a round has shown."""
    told: dict[str, Any] = {
        "statuses": {RunStatus.RUNNING: 9 - ended} | ({RunStatus.FAILED: ended} if ended else {}),
        "ended": ended,
        "failed": ended,
        "remaining": 9 - ended,
        "outcomes": (),
        "polls": 4,
        "throttled": 0,
        "elapsed": elapsed,
        "seconds_left": None,
        "next_delay": 60.0,
    }
    return FleetProgress(**told | members)


def failed(number: int, **members: Any) -> RunOutcome:
    """Return the outcome of a run that has failed."""
    run = GetRunResponse(
        id=str(number), arn="a", status=RunStatus.FAILED, failure_reason=REASON, **members
    )
    error = errors.RunFailedError("it failed", wanted={RunStatus.COMPLETED}, run=run)
    return RunOutcome(RunRef(run.id), run, error)


def lines_of(*told: Any) -> list[str]:
    """Return the lines of a plain display that is told all that."""
    stream = io.StringIO()
    display = LiveDisplay(stream)
    for progress in told:
        display(progress)
    return stream.getvalue().splitlines()


def test_lines_become_rare_where_nothing_happens() -> None:
    """They come after half a minute, one minute, two; at most an hour apart, and then sooner."""
    quiet = [fleet(float(second)) for second in range(0, 20_000, 10)]
    lines = lines_of(*quiet, fleet(20_010.0, ended=1), fleet(20_020.0, ended=2))
    times = [int(found[1]) for line in lines if (found := re.search(r"after (\d+) s", line))]
    assert times == [0, 30, 90, 210, 450, 930, 1890, 3810, 7410, 11_010, 14_610, 18_210, 20_010]


def test_time_that_goes_back_is_another_wait() -> None:
    """A display may be used again, also after a wait that did not come to its end."""
    assert len(lines_of(fleet(100.0), fleet(0.0), fleet(5.0))) == 2


def test_many_failures_at_once_are_counted() -> None:
    """Nobody reads a hundred lines at once."""
    outcomes = tuple(failed(number) for number in range(100))
    lines = lines_of(fleet(0.0, outcomes=outcomes))
    assert lines[0] == f"FAILED run 0: {REASON}"
    assert lines[20:22] == ["and 80 more; each outcome tells why", lines[-1]]


def test_texts_of_others_stay_in_their_line() -> None:
    """Neither line breaks nor what steers a terminal get through."""
    (line, _) = lines_of(fleet(0.0, outcomes=(failed(1, status_message="a\nb\x1b[2Jc"),)))
    assert line == f"FAILED run 1: {REASON}: a b?[2Jc"


def test_a_run_that_is_gone_is_told_of_by_its_error() -> None:
    """Where no status tells the story, the error does."""
    gone = errors.RunGoneError("run 1 is gone", wanted={RunStatus.COMPLETED}, run=None)
    assert lines_of(fleet(0.0, outcomes=(RunOutcome(RunRef("1"), None, gone),)))[0] == str(gone)


def test_a_submission_that_stops_says_so_once(caller: Caller, emulator: Emulator) -> None:
    """What stopped it is told once, however many specs are unsent."""
    emulator.faults.clear()
    emulator.faults.add(Fault("StartRun", code="ServiceQuotaExceededException", skip=1))
    stream = io.StringIO()
    client = caller.client(emulator, sign=False)
    client.submit(specs("a", "b", "c", "d"), key="k", progress=LiveDisplay(stream))
    lines = stream.getvalue().splitlines()
    assert [line.startswith("sending has stopped: ") for line in lines].count(True) == 1
    assert lines[-1].startswith("1 of 4 started, 3 unsent")


def test_single_things_are_told_at_each_change(caller: Caller, emulator: Emulator) -> None:
    """A run, a task and a batch have few statuses; each is told when it comes."""
    emulator.faults.clear()
    stream = io.StringIO()
    client, display = caller.client(emulator, sign=False), LiveDisplay(stream)
    run = start(client)
    client.wait_until(run, progress=display)
    lines = stream.getvalue().splitlines()
    statuses = dict.fromkeys(line.split()[0] for line in lines)
    assert next(iter(statuses)) == "PENDING"
    assert list(statuses)[-1] == "COMPLETED"
    task = next(iter(client.iter_run_tasks(run.id)))
    client.wait_until_task(run.id, task, progress=display)
    assert f"task {task.task_id}" in stream.getvalue().splitlines()[-1]
    display(batch())
    assert "batch 7, poll 1" in stream.getvalue().splitlines()[-1]


def start(client: Any) -> Any:
    """Start a run, and return the answer."""
    return client.start_run(
        workflow_id=BASE.workflow_id,
        role_arn=BASE.role_arn,
        output_uri=BASE.output_uri,
        storage_type="DYNAMIC",
        name="sample",
    )


def batch() -> BatchProgress:
    """Return what a last poll of a batch has shown."""
    seen = GetBatchResponse(id="7", arn="a", status=BatchStatus.PROCESSED, uuid="u")
    return BatchProgress(batch=seen, changed=True, polls=1, elapsed=0.0, next_delay=None)


# --- a live picture -----------------------------------------------------------------------------


def drawn(told: Any, width: int = 80, **options: Any) -> list[str]:
    """Return the lines of the picture of a stage that has heard all that."""
    stream = io.StringIO()
    stage = Stage(told[-1])
    for progress in told:
        stage.take(progress)
    Console(file=stream, width=width, **options).print(Picture(stage))
    return [line.rstrip() for line in stream.getvalue().splitlines()]


FLEET = [
    fleet(0.0, ended=0),
    fleet(40.0, ended=1, outcomes=(failed(1),), throttled=3),
    fleet(125.0, ended=2, outcomes=(failed(2),), throttled=5, seconds_left=300.0),
]


def test_the_picture_of_a_fleet() -> None:
    """It has a bar, the counts, the times, throttling, and why runs have failed."""
    assert drawn(FLEET, width=60) == [
        "━━━━━━━━━━─────────────────────────────────── 2/9 runs ended",
        "  7 RUNNING, 2 FAILED",
        "  0:02:05 elapsed, about 5 min left, next look in 60 s",
        "  throttled calls: 2 lately, 5 in all",
        f"  failed: 2 {REASON}",
    ]


def test_the_picture_of_a_submission() -> None:
    """It has a bar, the results, the rate, and what is being ridden out."""
    trouble = errors.TransportError("no way", operation="StartRun", request=BASE)
    told = SubmitProgress(
        result=None,
        trouble=trouble,
        total=10,
        started=4,
        adopted=1,
        refused=1,
        unsent=0,
        throttled=0,
        elapsed=6.0,
        batch=None,
        rate=0.5,
    )
    assert drawn([told], width=200) == [
        "━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━────────────────────────────── 5/10 specs",
        "  3 started, 1 started before, 1 refused",
        "  0:00:06 elapsed, about 10 s left, 0.50 starts/s",
        "  riding out TransportError",
    ]


def test_the_picture_of_a_submission_through_a_batch() -> None:
    """Nothing is known of single runs for a long time, but how far the batch is."""
    emulator = Emulator(VirtualClock(), rates="documented")
    told: list[SubmitProgress] = []
    specs = [RunSpec(f"s{n}", BASE) for n in range(90)]
    emulator.client().submit(specs, key="k", via="batch", progress=told.append)
    early = next(one for one in told if 0 < one.tried < 90)
    assert early.batch is not None
    assert drawn([early], width=90) == [
        "──────────────────────────────────────────────────────────── 0/90 specs",
        "  0 started",
        f"  0:00:{int(early.elapsed):02} elapsed",
        f"  batch {early.batch.id} SUBMITTING, {early.tried} of its runs tried",
    ]


def test_a_submission_of_unknown_length_has_no_bar() -> None:
    """A generator of specs has no total."""
    told = SubmitProgress(
        result=None,
        trouble=None,
        total=None,
        started=4,
        adopted=4,
        refused=0,
        unsent=0,
        throttled=0,
        elapsed=6.0,
        batch=None,
        rate=None,
    )
    assert drawn([told])[0] == "4 specs"


def test_pictures_of_single_things() -> None:
    """A run, or whatever is waited for by itself, has two lines."""
    run = GetRunResponse(id="7", arn="a", status=RunStatus.RUNNING, name="sample")
    told = Progress(run=run, changed=True, polls=3, elapsed=70.0, next_delay=0.0)
    assert drawn([told]) == ["RUNNING run 7 sample", "  0:01:10 elapsed, looking now"]
    assert drawn([batch()])[0] == "PROCESSED batch 7"


def test_a_picture_names_the_most_frequent_reasons() -> None:
    """There may be as many reasons as runs; three are named."""
    gone = errors.RunGoneError("gone", wanted={RunStatus.COMPLETED}, run=None)
    outcomes = [failed(n, status_message="m") for n in range(3)]
    outcomes += [RunOutcome(RunRef("1"), None, gone)]
    for reason in ("A", "B", "B"):
        run = GetRunResponse(id="1", arn="a", status=RunStatus.FAILED, failure_reason=reason)
        error = errors.RunFailedError("failed", wanted={RunStatus.COMPLETED}, run=run)
        outcomes.append(RunOutcome(RunRef("1"), run, error))
    lines = drawn([fleet(0.0, ended=7, outcomes=tuple(outcomes))])
    assert lines[-1] == f"  failed: 3 {REASON}, 2 B, 1 RunGoneError, 1 more"


def test_a_narrow_ascii_terminal_has_its_picture_too() -> None:
    """Characters that the terminal has not are not used, and no width is too small."""
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    stage = Stage(FLEET[0])
    stage.take(FLEET[2])
    Console(file=stream, width=30).print(Picture(stage))
    stream.seek(0)
    assert stream.read().splitlines()[0].rstrip() == "####----------- 2/9 runs ended"
    assert drawn(FLEET, width=9)[0].strip() == "2/9 runs"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        pytest.param(0.2, "1 s", id="moment"),
        pytest.param(119, "119 s", id="seconds"),
        pytest.param(120, "2 min", id="minutes"),
        pytest.param(9000, "2 h", id="hours"),
        pytest.param(200_000, "2 days", id="days"),
    ],
)
def test_estimates_are_rough(seconds: float, words: str) -> None:
    """Nobody needs the seconds of days."""
    assert roughly(seconds) == words


def test_a_terminal_gets_a_picture(caller: Caller, emulator: Emulator) -> None:
    """Failures and the last pictures stay; the cursor is there in the end, as at all times."""
    stream = Terminal()
    with LiveDisplay(stream) as display:
        submit_and_wait(caller, emulator, display)
    text = stream.text
    assert re.search(r"━ 5/5 runs ended\n  2 COMPLETED, 2 FAILED, 1 CANCELLED\n", text)
    assert len(re.findall(rf"FAILED f\d \(run \d+\): {REASON}: The run", text)) == 2
    assert re.search(r"━ 6/6 specs\n  5 started, 1 refused\n", text)
    assert text.rstrip().endswith(f"failed: 2 {REASON}, 1 CANCELLED")
    assert stream.getvalue().rfind(SHOW) > stream.getvalue().rfind(HIDE) >= 0
    assert "polls after" not in text


def test_a_picture_is_there_only_while_something_is_under_way(emulator: Emulator) -> None:
    """Before, between and after waits, prints go where they always go."""
    stream = Terminal()
    with LiveDisplay(stream) as display, emulator.client(sign=False) as client:
        stdout = sys.stdout
        for outcome in client.as_completed([start(client)], progress=display):
            assert outcome.error is None
        assert sys.stdout is stdout
        assert drawing() == []


def drawing() -> list[threading.Thread]:
    """Return the threads of rich that go on drawing."""
    found = [one for one in threading.enumerate() if type(one).__module__.startswith("rich")]
    return [one for one in found if not one.done.is_set()]  # type: ignore[attr-defined]


@pytest.mark.parametrize("kind", [RuntimeError, KeyboardInterrupt])
def test_whatever_ends_a_block_leaves_the_terminal_clean(kind: type[BaseException]) -> None:
    """The last picture stays, the cursor is back, and nobody draws any more."""
    stream, stdout = Terminal(), sys.stdout

    def interrupted() -> None:
        with LiveDisplay(stream) as display:
            for progress in FLEET:
                display(progress)
            raise kind

    with pytest.raises(kind):
        interrupted()
    assert stream.text.rstrip().endswith(f"failed: 2 {REASON}")
    assert stream.getvalue().rfind(SHOW) > stream.getvalue().rfind(HIDE)
    assert sys.stdout is stdout
    assert drawing() == []


def test_a_second_ctrl_c_leaves_the_terminal_clean_too() -> None:
    """Who interrupts the last pictures gets no more of them, and a sound terminal."""
    main = threading.current_thread()

    class Impatient(Terminal):
        """A terminal at which somebody presses Ctrl-C while it is written to."""

        presses = 0

        def write(self, text: str) -> int:
            if self.presses and threading.current_thread() is main:
                self.presses -= 1
                raise KeyboardInterrupt
            return super().write(text)

    stream, stdout = Impatient(), sys.stdout
    display = LiveDisplay(stream)

    def interrupted() -> None:
        with display:
            for number in (1, 2):
                run = GetRunResponse(id=str(number), arn="a", status=RunStatus.RUNNING)
                display(Progress(run=run, changed=True, polls=1, elapsed=1.0, next_delay=5.0))
            stream.presses = 1

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert sys.stdout is stdout
    assert drawing() == []
    shown = len(stream.text)
    with display:
        display(FLEET[0])
    assert "run 2" not in stream.text[shown:]


def test_an_unclosed_display_hides_no_cursor() -> None:
    """Also while a picture is drawn the cursor is there, so that no death can take it away."""
    stream = Terminal()
    display = LiveDisplay(stream)
    display.__enter__()
    display(FLEET[0])
    assert stream.getvalue().rfind(SHOW) > stream.getvalue().rfind(HIDE)
    display.__exit__(None, None, None)


def test_outside_a_block_there_are_lines_and_a_hint() -> None:
    """Nobody would end the picture; one line says how to get one."""
    stream = Terminal()
    display = LiveDisplay(stream)
    display(FLEET[0])
    display(FLEET[2])
    first, *lines = stream.getvalue().splitlines()
    assert first == "for a live display, use LiveDisplay in a with block"
    assert [line[:9] for line in lines] == ["0 of 9 ru", "FAILED ru", "2 of 9 ru"]


def test_several_waits_are_drawn_together() -> None:
    """Each has its place, and the ends of each stay."""
    stream = Terminal()
    with LiveDisplay(stream) as display:
        for number, delay in ((1, 5.0), (2, 5.0), (1, None)):
            run = GetRunResponse(id=str(number), arn="a", status=RunStatus.RUNNING)
            display(Progress(run=run, changed=True, polls=1, elapsed=1.0, next_delay=delay))
        assert drawing() != []
        assert stream.text.count("RUNNING run 1\n  0:00:01 elapsed\n") == 1
    assert re.search(r"RUNNING run 2\n  0:00:01 elapsed, next look in \d s\n$", stream.text)


def test_what_is_printed_to_a_file_gets_there(capsys: pytest.CaptureFixture[str]) -> None:
    """A picture on standard error takes nothing away from results that are piped on."""
    stream = Terminal()
    with LiveDisplay(stream) as display:
        display(FLEET[0])
        print("result")  # noqa: T201
    assert capsys.readouterr().out == "result\n"
    assert "result" not in stream.text


def test_what_is_printed_to_the_terminal_goes_above(monkeypatch: pytest.MonkeyPatch) -> None:
    """A loop over outcomes may print without spoiling the picture."""
    stream = Terminal()
    monkeypatch.setattr(sys, "stdout", stream)
    monkeypatch.setattr(sys, "stderr", closed())
    with LiveDisplay(stream) as display:
        display(FLEET[0])
        print("result")  # noqa: T201
    assert "result\n" in stream.text


@pytest.mark.parametrize("name", ["dumb", "unknown"])
def test_a_terminal_that_can_not_draw_gets_lines(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such as that of an editor."""
    monkeypatch.setenv("TERM", name)
    stream = Terminal()
    with LiveDisplay(stream) as display:
        display(FLEET[0])
    assert stream.getvalue().startswith("0 of 9 runs ended")


def test_a_file_gets_lines_whatever_forces_colors(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who wants colors in a log wants no cursor movements there."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    stream = io.StringIO()
    with LiveDisplay(stream) as display:
        display(FLEET[0])
    assert "\x1b" not in stream.getvalue()


# --- without rich, without a stream -------------------------------------------------------------


def test_without_rich_there_are_lines_and_a_hint(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a terminal, one line says what is missing."""
    monkeypatch.setitem(sys.modules, "rich", None)
    monkeypatch.setitem(sys.modules, "rich.console", None)
    monkeypatch.delitem(sys.modules, "omics_runs._display_live")
    stream = Terminal()
    with LiveDisplay(stream) as display:
        display(FLEET[0])
    hint, line, *_ = stream.getvalue().splitlines()
    assert hint == "for a live display: pip install 'omics-runs[rich]'"
    assert line.startswith("0 of 9 runs ended")


class Broken(Terminal):
    """A terminal that is gone after so many texts."""

    left = 0

    def write(self, text: str) -> int:
        if self.left == 0:
            raise BrokenPipeError
        self.left -= 1
        return len(text)


def closed() -> io.StringIO:
    """Return a stream that is closed."""
    stream = io.StringIO()
    stream.close()
    return stream


@pytest.mark.parametrize("is_inside", [True, False])
@pytest.mark.parametrize(
    "make",
    [
        pytest.param(Broken, id="broken"),
        pytest.param(closed, id="closed"),
        pytest.param(lambda: open(os.devnull), id="not to be written to"),  # noqa: PTH123, SIM115
    ],
)
def test_no_stream_ends_a_wait(
    make: Callable[[], Any], is_inside: bool, emulator: Emulator
) -> None:
    """What goes wrong with the display is no reason to stop."""
    stream = make()
    display = LiveDisplay(stream)
    with display if is_inside else contextlib.nullcontext():
        submit_and_wait(Caller(None), emulator, display)
    assert emulator.count("StartRun") == 8
    stream.close()


def test_without_any_stream_nothing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """A program without a console has no standard error."""
    monkeypatch.setattr(sys, "stderr", None)
    with LiveDisplay() as display:
        display(FLEET[0])


def test_standard_error_is_where_it_writes(capsys: pytest.CaptureFixture[str]) -> None:
    """Results and the display are not mixed up in a pipe."""
    LiveDisplay()(FLEET[0])
    captured = capsys.readouterr()
    assert (captured.out, captured.err[:17]) == ("", "0 of 9 runs ended")


def test_a_stream_that_lacks_characters_gets_all_texts() -> None:
    """A name that can't be written is written in escapes."""
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    LiveDisplay(stream)(fleet(0.0, outcomes=(failed(1, name="Zoë"),)))
    stream.seek(0)
    assert stream.read().startswith(f"FAILED Zo\\xeb (run 1): {REASON}")


# --- notebooks ----------------------------------------------------------------------------------


@pytest.fixture
def notebook(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Be in a notebook, as far as rich can see; return what is shown there."""
    shown: list[Any] = []

    class ZMQInteractiveShell:
        """What a kernel's shell is called."""

    class Output:
        """A widget that others write to."""

        def __enter__(self) -> None:
            shown.append("widget")

        def __exit__(self, *_: object) -> None: ...

        def clear_output(self, **_: object) -> None: ...

        def close(self) -> None:
            shown.append("closed")

    def module(name: str, **members: Any) -> ModuleType:
        made = ModuleType(name)
        vars(made).update(members)
        monkeypatch.setitem(sys.modules, name, made)
        return made

    monkeypatch.setattr(builtins, "get_ipython", ZMQInteractiveShell, raising=False)
    display = module("IPython.display", display=shown.append)
    module("IPython", display=display)
    module("ipywidgets", Output=Output).__spec__ = __spec__
    return shown


def test_a_notebook_gets_a_picture(notebook: list[Any]) -> None:
    """It is drawn into a widget; failures and the last picture are below it."""
    with LiveDisplay(io.StringIO()) as display:
        for progress in FLEET:
            display(progress)
    assert "widget" in notebook
    assert "closed" in notebook


def test_a_notebook_without_widgets_gets_lines(
    notebook: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The picture would be shown anew each time."""
    monkeypatch.delitem(sys.modules, "ipywidgets")
    stream = io.StringIO()
    with LiveDisplay(stream) as display:
        display(FLEET[0])
    assert notebook == []
    assert stream.getvalue().startswith("0 of 9 runs ended")


# --- bars of others -----------------------------------------------------------------------------


def test_tqdm_goes_through_outcomes(emulator: Emulator) -> None:
    """Outcomes are an iterable like any other."""
    emulator.faults.clear()
    stream = io.StringIO()
    with emulator.client(sign=False) as client:
        runs = [start(client) for _ in range(3)]
        outcomes = list(tqdm(client.as_completed(runs), total=len(runs), file=stream))
    assert len(outcomes) == 3
    assert "3/3" in stream.getvalue()


def test_rich_tracks_outcomes(emulator: Emulator) -> None:
    """It knows how many there are without being told."""
    emulator.faults.clear()
    console = Console(file=Terminal(), width=80, force_terminal=True)
    with emulator.client(sign=False) as client:
        runs = [start(client) for _ in range(3)]
        outcomes = list(track(client.as_completed(runs), console=console))
    assert len(outcomes) == 3
    assert "100%" in console.file.getvalue()  # type: ignore[attr-defined]


def test_a_loop_over_outcomes_shows_the_display(caller: Caller, emulator: Emulator) -> None:
    """The display goes on while the loop does."""
    emulator.faults.clear()
    client = caller.client(emulator, sign=False)
    runs = [start(client) for _ in range(3)]
    stream = Terminal()
    with LiveDisplay(stream) as display:
        outcomes = client.wrapped.as_completed(runs, progress=display)
        assert len(list(AdaptedItems(outcomes, caller))) == 3
    assert " 3/3 runs ended" in stream.text


# --- a real terminal ----------------------------------------------------------------------------


SCRIPT = """
import fcntl, signal, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)  # so that Ctrl-C gets here
signal.signal(signal.SIGINT, signal.default_int_handler)  # also where a parent ignores it
from omics_runs import RunSpec, StartRunRequest
from omics_runs.display import LiveDisplay
from omics_runs.emulator import Emulator, ScaledClock

emulator = Emulator(ScaledClock(float(sys.argv[1])))
emulator.plan("f*", ends="FAILED", failure_reason="OUT_OF_MEMORY_ERROR")
base = StartRunRequest(workflow_id="1", role_arn="arn:aws:iam::123456789012:role/R",
                       output_uri="s3://b/o", storage_type="DYNAMIC")
specs = [RunSpec(name, base.replace(name=name)) for name in ("c1", "f2", "c3")]
with emulator.client() as client, LiveDisplay() as display:
    submission = client.submit(specs, key="k", rate=None, progress=display)
    print("between")
    client.wait_all(submission.started.values(), progress=display)
print("after")
"""


def on_terminal(speed: float, *, interrupt: bytes = b"") -> tuple[int, str]:
    """Run the script on a terminal; press Ctrl-C when the text is seen; return what it shows."""
    pty = pytest.importorskip("pty")
    master, slave = pty.openpty()
    command = [sys.executable, "-c", SCRIPT, str(speed)]
    shown = b""
    with subprocess.Popen(
        command,
        stdin=slave,
        stdout=slave,
        stderr=slave,
        start_new_session=True,
    ) as process:
        os.close(slave)
        with contextlib.suppress(OSError):  # at the end, on Linux
            while chunk := os.read(master, 65536):
                shown += chunk
                if interrupt and interrupt in shown:
                    os.write(master, b"\x03")
                    interrupt = b""
    os.close(master)
    return process.returncode, shown.decode()


def test_a_real_terminal_shows_it() -> None:
    """Failures and ends are there, prints between, and the cursor in the end."""
    code, shown = on_terminal(2000)
    assert code == 0
    text = ESCAPES.sub("", shown)
    assert text.index("3/3 specs") < text.index("between") < text.rindex("3/3 runs ended")
    assert text.rindex("OUT_OF_MEMORY_ERROR") < text.index("after")
    assert shown.rfind(SHOW) > shown.rfind(HIDE)


def test_ctrl_c_leaves_a_clean_terminal() -> None:
    """The last picture stays, and below it is the traceback."""
    code, shown = on_terminal(1, interrupt=b"0/3 runs ended")
    assert code != 0
    text = ESCAPES.sub("", shown)
    assert text.rstrip().endswith("KeyboardInterrupt")
    assert text.rindex("0/3 runs ended") < text.rindex("Traceback")
    assert shown.rfind(SHOW) > shown.rfind(HIDE)
