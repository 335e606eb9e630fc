"""Submitting, played as scripts: each decision about a spec, and what is told of it."""

from __future__ import annotations

import json
import logging
import pickle
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import attrs
import httpx
import pytest

from omics_runs import RunRef, RunSpec, StartRunRequest, Submission, Submitted, Timeout, errors
from omics_runs._env import Env
from omics_runs._pacing import HEADROOM, Pacer
from omics_runs._submission import SubmitProgress, digest_of, request_id_of
from omics_runs._submit_plan import plan_submission
from omics_runs._submit_ways import iter_submit, submit
from omics_runs._submitting import SETTLING

from .script import Reply, Script, answer, make_env, refusal

BASE = StartRunRequest(
    workflow_id="1234567", role_arn="arn:aws:iam::123456789012:role/R", output_uri="s3://b/o"
)
KEY = "cohort-7"
LOST = httpx.ReadError("connection reset")
THROTTLED = refusal(429, "ThrottlingException")
INVALID = refusal(400, "ValidationException", "no such bucket")
QUOTA = refusal(402, "ServiceQuotaExceededException")
DENIED = refusal(403, "AccessDeniedException")
EXPIRED = refusal(403, "ExpiredTokenException")
CONFLICT = refusal(409, "ConflictException")
NO_PACE: dict[str, Any] = {"rate": None, "timeout": None, "progress": None, "journal": None}


def started(number: int) -> httpx.Response:
    """Return the answer that a run was started."""
    return answer(201, {"id": str(number), "uuid": f"u{number}", "status": "PENDING"})


def specs(count: int) -> list[RunSpec]:
    """Return specs that differ in their names."""
    return [RunSpec(f"s{number}", BASE) for number in range(count)]


def play(
    given: Iterable[RunSpec], *replies: Reply, env: Env | None = None, **options: Any
) -> tuple[Submission, Script]:
    """Submit specs against a script; return what came of it, and the script."""
    env = env or make_env()
    script = Script(env, replies)
    plan = plan_submission(given, **{**NO_PACE, "key": KEY, **options})
    return script.play(submit(plan, env)), script


def statuses(submission: Submission) -> list[str]:
    """Return the status of each result."""
    return [one.status for one in submission.results]


def token_of(request: httpx.Request) -> str:
    """Return the request id that was sent."""
    return str(json.loads(request.content)["requestId"])


# --- what is sent ---------------------------------------------------------------------------


def test_each_spec_is_sent_once_in_its_order() -> None:
    """Runs are started one by one, and the map leads from names to runs."""
    submission, script = play(specs(3), started(1), started(2), started(3))
    assert statuses(submission) == ["started"] * 3
    assert submission.started == {
        "s0": RunRef("1", "u1"),
        "s1": RunRef("2", "u2"),
        "s2": RunRef("3", "u3"),
    }
    assert [token_of(one) for one in script.sent] == [
        request_id_of(KEY, f"s{number}", 1) for number in range(3)
    ]
    assert (submission.key, submission.stopped_by, submission.adopted) == (KEY, None, {})
    submission.raise_for_errors()


def test_the_request_id_never_changes_its_form() -> None:
    """What identified a run in an earlier release identifies it in this one."""
    expected = "ec5cfdb09b2f55f7c0e20df861ba05a34db535cba9920615e33a58ec10835e79"
    assert request_id_of("cohort-7", "NA12878 ü", 1) == expected


def test_results_are_handed_out_one_by_one() -> None:
    """Specs are read when their turn comes, and the result is there before the next is read."""
    read: list[int] = []

    def lazy() -> Iterable[RunSpec]:
        for number, spec in enumerate(specs(2)):
            read.append(number)
            yield spec

    env = make_env()
    script = Script(env, [started(1), started(2)])
    plan = plan_submission(lazy(), key=KEY, **NO_PACE)
    flow = iter_submit(plan, env)
    script.until_sent(flow)
    assert read == [0]
    flow.close()
    script.play(iter_submit(plan_submission(specs(2), key=KEY, **NO_PACE), env))
    assert [one.name for one in script.emitted] == ["s0", "s1"]


# --- one failed spec never stops the rest ---------------------------------------------------


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        pytest.param(INVALID, errors.ValidationError, id="400"),
        pytest.param(
            refusal(404, "ResourceNotFoundException"), errors.ResourceNotFoundError, id="404"
        ),
        pytest.param(refusal(418, "Teapot"), errors.ServiceError, id="unknown"),
    ],
)
def test_a_refused_spec_stops_nothing(reply: Reply, kind: type[Exception]) -> None:
    """What the service says of one spec is that spec's result."""
    submission, script = play(specs(2), reply, started(2))
    assert statuses(submission) == ["refused", "started"]
    assert isinstance(submission.refused[0].error, kind)
    assert not submission.refused[0].may_have_started
    assert len(script.sent) == 2
    with pytest.raises(errors.SubmissionError, match="1 started, 1 refused, 0 unsent; s0") as got:
        submission.raise_for_errors()
    assert got.value.submission is submission


def test_a_spec_that_cannot_work_is_not_sent() -> None:
    """What validation finds is the spec's result, and nothing is sent for it."""
    wrong = RunSpec("wrong", BASE.replace(role_arn=""))
    submission, script = play([wrong, *specs(1)], started(1))
    assert statuses(submission) == ["refused", "started"]
    assert isinstance(submission.refused[0].error, errors.InvalidRequestError)
    assert len(script.sent) == 1


@pytest.mark.parametrize("journal", [False, True])
def test_what_is_no_json_is_refused_without_validation_too(
    tmp_path: Path, *, journal: bool
) -> None:
    """A client that does not validate finds out when it writes the request."""
    wrong = RunSpec("wrong", BASE.replace(parameters={"x": object()}))
    place = tmp_path / "journal" if journal else None
    for _ in range(2):
        submission, _ = play([wrong], env=make_env(validate=False), journal=place)
        assert isinstance(submission.refused[0].error, errors.InvalidRequestError)


def test_two_specs_of_one_name_are_refused() -> None:
    """The second of them is, whatever its content."""
    submission, script = play([*specs(1), RunSpec("s0", BASE.replace(name="x"))], started(1))
    assert statuses(submission) == ["started", "refused"]
    assert "same name" in str(submission.refused[0])
    assert len(script.sent) == 1


def test_what_is_no_spec_ends_the_submission() -> None:
    """The error says which one it is."""
    with pytest.raises(errors.InvalidRequestError, match=r"specs\[1\]: must be a RunSpec, got d"):
        play([*specs(1), {}], started(1))  # type: ignore[list-item]


# --- files that would be overwritten --------------------------------------------------------


def direct(name: str, output_uri: str = "s3://b/o", **more: Any) -> RunSpec:
    """Return a spec whose run has no folder of its own."""
    mode = {"output_uri_prefix_mode": "NONE_WITH_OVERWRITE"}
    return RunSpec(name, BASE.replace(**{**mode, "output_uri": output_uri, **more}))


@pytest.mark.parametrize(
    "kind",
    [
        pytest.param(list, id="list"),
        pytest.param(lambda given: dict(enumerate(given)).values(), id="values"),
    ],
)
def test_specs_that_would_overwrite_each_other_are_refused(kind: Callable[..., Any]) -> None:
    """Where they can be read twice, all pairs are found before anything is sent."""
    given = [direct("a"), direct("b", "s3://b/p"), direct("c", "s3://b/o/")]
    with pytest.raises(errors.InvalidRequestError) as caught:
        plan_submission(kind([*given, direct("d", "s3://b/p")]), key=KEY, **NO_PACE)
    told = "{} would overwrite each other's files in {}; give each an output_uri of its own"
    assert caught.value.problems == (
        ("specs", told.format("'a' and 'c'", "s3://b/o")),
        ("specs", told.format("'b' and 'd'", "s3://b/p")),
    )


def test_only_some_pairs_are_told() -> None:
    """A thousand lines would help nobody; the error has all of them."""
    with pytest.raises(errors.InvalidRequestError) as caught:
        plan_submission([direct(f"s{n}") for n in range(1000)], key=KEY, **NO_PACE)
    assert len(caught.value.problems) == 999
    assert str(caught.value).count("overwrite each other") == 20
    assert str(caught.value).endswith("; and 979 more")


def test_a_spec_that_comes_too_late_to_be_found_is_refused() -> None:
    """Where specs are read one by one, the first has its run and the second does not."""
    given = iter([direct("a"), direct("b"), direct("c", "s3://b/p")])
    submission, script = play(given, started(1), started(2))
    assert statuses(submission) == ["started", "refused", "started"]
    (path, what), *_ = submission.refused[0].error.problems  # type: ignore[union-attr]
    assert (path, "spec 'a' writes there too" in what) == ("request.output_uri", True)
    assert len(script.sent) == 2


@pytest.mark.parametrize(
    "given",
    [
        pytest.param([direct("a"), direct("b", output_uri_prefix_mode=None)], id="one of them"),
        pytest.param([*specs(2)], id="the default"),
        pytest.param([direct("a"), direct("b", "s3://b/o2")], id="other places"),
    ],
)
def test_runs_with_places_of_their_own_are_not_refused(given: list[RunSpec]) -> None:
    """A folder of its own, or another `output_uri`, is all that is asked for."""
    submission, _ = play(given, started(1), started(2))
    assert statuses(submission) == ["started"] * 2
    assert statuses(play(iter(given), started(1), started(2))[0]) == ["started"] * 2


def test_a_spec_that_is_there_twice_is_no_rival_of_its_own() -> None:
    """It has its name twice, and is told that."""
    submission, _ = play([direct("a"), direct("a")], started(1))
    assert "same name" in str(submission.refused[0].error)


def test_a_run_that_is_there_is_adopted_all_the_same(journal: Path) -> None:
    """Who would have been refused, and was not in its time, has its run."""
    play([direct("a")], started(1), journal=journal)
    submission, _ = play(iter([direct("b"), direct("a")]), started(2), journal=journal)
    assert statuses(submission) == ["started", "started"]


def test_one_that_may_have_been_started_is_settled(journal: Path) -> None:
    """To refuse it would not undo it."""
    interrupted = plan_submission([direct("a")], key=KEY, **{**NO_PACE, "journal": journal})
    env = make_env()
    flow = submit(interrupted, env)
    Script(env, []).until_sent(flow)
    flow.close()
    replies = started(2), started(1)
    submission, script = play(iter([direct("b"), direct("a")]), *replies, journal=journal)
    assert statuses(submission) == ["started", "started"]
    assert len(script.sent) == 2


def test_what_is_no_uri_has_no_rival() -> None:
    """It is refused for what it is, each one."""
    wrong: Any = 7
    submission, _ = play([direct("a", wrong), direct("b", wrong)])
    assert statuses(submission) == ["refused"] * 2
    assert "must be a string" in str(submission.refused[1].error)


# --- what stops the sending -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("replies", "kind"),
    [
        pytest.param([QUOTA], errors.ServiceQuotaExceededError, id="quota"),
        pytest.param([DENIED], errors.AccessDeniedError, id="denied"),
        pytest.param([EXPIRED, EXPIRED], errors.AuthenticationError, id="expired"),
    ],
)
def test_what_all_would_meet_stops_the_sending(replies: list[Reply], kind: type[Exception]) -> None:
    """The spec that has met it and all after it stay unsent, and none of them is tried."""
    submission, script = play(specs(4), started(1), *replies)
    assert statuses(submission) == ["started", "unsent", "unsent", "unsent"]
    assert isinstance(submission.stopped_by, kind)
    assert {one.error for one in submission.unsent} == {submission.stopped_by}
    assert len(script.sent) == 1 + len(replies)
    with pytest.raises(errors.SubmissionError, match="3 unsent; stopped by StartRun: "):
        submission.raise_for_errors()


@pytest.mark.parametrize(
    "reason",
    [
        pytest.param(errors.CredentialsError("log in again"), id="no keys"),
        pytest.param(errors.ConfigurationError("malformed"), id="malformed keys"),
    ],
)
def test_without_keys_nothing_is_sent(reason: Exception) -> None:
    """Keys that only a human can bring stop the sending."""
    submission, script = _without_keys(reason)
    assert statuses(submission) == ["unsent", "unsent"]
    assert submission.stopped_by is reason
    assert script.sent == []


def _without_keys(*reasons: Exception | None) -> tuple[Submission, Script]:
    env = make_env()
    coming = list(reasons)

    def fetch() -> None:
        if coming and (reason := coming.pop(0)):
            raise reason

    script = Script(env, [started(1), started(2)], on_fetch=fetch)
    plan = plan_submission(specs(2), key=KEY, **NO_PACE)
    return script.play(submit(plan, env)), script


def test_keys_that_are_missing_for_a_while_are_waited_for() -> None:
    """A provider that is down is passing trouble."""
    submission, script = _without_keys(errors.CredentialsError("down", is_passing=True))
    assert statuses(submission) == ["started", "started"]
    assert script.slept == [1]


def test_keys_that_are_gone_after_a_lost_answer_stop_it_too() -> None:
    """The spec may have been started by then, and its result says so."""
    env = make_env()
    coming = [None, errors.CredentialsError("log in again")]

    def fetch() -> None:
        if reason := coming.pop(0):
            raise reason

    script = Script(env, [LOST], on_fetch=fetch)
    plan = plan_submission(specs(1), key=KEY, **NO_PACE)
    submission = script.play(submit(plan, env))
    assert isinstance(submission.stopped_by.__cause__, errors.CredentialsError)
    assert "s0 unsent (may have started): " in str(submission.unsent[0])


# --- what is ridden out ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(THROTTLED, id="throttled"),
        pytest.param(refusal(500, "InternalServerException"), id="500"),
        pytest.param(answer(502, b"<html>"), id="gateway"),
        pytest.param(refusal(408, "RequestTimeoutException"), id="408"),
        pytest.param(httpx.ConnectError("refused"), id="no connection"),
        pytest.param(LOST, id="lost"),
        pytest.param(answer(201, b"<html>"), id="no JSON"),
    ],
)
def test_passing_trouble_slows_it_down(reply: Reply, caplog: pytest.LogCaptureFixture) -> None:
    """The same request goes out again until it is through, with delays that grow to a minute."""
    submission, script = play(specs(1), *[reply] * 9, started(1))
    assert statuses(submission) == ["started"]
    assert script.slept == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert caplog.messages[0].startswith(f"still submitting request id {token_of(script.sent[0])}")
    assert "s0" not in caplog.text
    assert {token_of(one) for one in script.sent} == {request_id_of(KEY, "s0", 1)}


def test_delays_are_drawn() -> None:
    """Of two who were throttled together, one comes first."""
    _, script = play(specs(1), *[THROTTLED] * 2, started(1), env=make_env(random=lambda: 0.0))
    assert script.slept == [0.5, 1]


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(CONFLICT, id="conflict"),
        pytest.param(answer(201, {"id": 7}), id="unreadable"),
    ],
)
def test_what_remains_unsettled_is_refused_in_the_end(reply: Reply) -> None:
    """An end that may be that of a run is tried for half a minute, then said to be open."""
    submission, script = play(specs(2), *[reply] * (SETTLING + 1), started(2))
    assert statuses(submission) == ["refused", "started"]
    assert submission.refused[0].may_have_started
    assert sum(script.slept) == 31


def test_trouble_before_does_not_count_as_unsettled() -> None:
    """Only what does not pass by itself is counted."""
    submission, _ = play(specs(1), *[THROTTLED] * 9, CONFLICT, started(1))
    assert statuses(submission) == ["started"]


def test_a_refusal_after_a_lost_answer_is_tried_again() -> None:
    """A run may have been started by the lost one, so one refusal does not settle it."""
    submission, script = play(specs(1), LOST, INVALID, started(1))
    assert statuses(submission) == ["started"]
    assert len(script.sent) == 3


# --- pace and time --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rate", "limits", "interval"),
    [
        pytest.param("documented", None, HEADROOM, id="the service's"),
        pytest.param("documented", {"StartRun": 5}, HEADROOM / 5, id="the client's"),
        pytest.param(2, {"StartRun": 5}, HEADROOM / 2, id="its own"),
        pytest.param(None, {"StartRun": 5}, 0, id="none"),
    ],
)
def test_starts_are_paced(rate: Any, limits: Any, interval: float) -> None:
    """Starts take turns at one lane: the submission's own, or else the client's."""
    env = make_env(pacer=Pacer.of(limits, None))
    play(specs(3), started(1), started(2), started(3), env=env, rate=rate)
    assert env.clock.monotonic() == pytest.approx(2 * interval, abs=0.001)


def test_submissions_of_a_client_share_the_documented_rate() -> None:
    """Two of them at once start no more runs a second than one."""
    env = make_env()
    for _ in range(2):
        play(specs(1), started(1), env=env, rate="documented")
    assert env.clock.monotonic() == pytest.approx(HEADROOM, abs=0.001)


@pytest.mark.parametrize(
    ("options", "replies", "expected"),
    [
        pytest.param({"timeout": 0}, [], ["unsent"] * 3, id="none"),
        pytest.param(
            {"timeout": 0.5, "rate": 1},
            [started(1)],
            ["started", *["unsent"] * 2],
            id="before the next turn",
        ),
        pytest.param({"timeout": 5}, [THROTTLED] * 3, ["unsent"] * 3, id="in trouble"),
    ],
)
def test_what_is_not_sent_in_time_remains(
    options: Any, replies: list[Reply], expected: list[str]
) -> None:
    """The rest is unsent, and it is a timeout that has stopped it."""
    submission, _ = play(specs(3), *replies, **options)
    assert statuses(submission) == expected
    assert isinstance(submission.stopped_by, errors.SubmissionTimeoutError)
    assert isinstance(submission.stopped_by, TimeoutError)
    assert not any(one.may_have_started for one in submission.results)


def test_a_timeout_says_what_was_being_ridden_out() -> None:
    """The trouble is its cause, and in its words."""
    submission, _ = play(specs(1), *[THROTTLED] * 2, timeout=2)
    error = submission.stopped_by
    assert isinstance(error, errors.SubmissionTimeoutError)
    assert str(error).startswith("the 2 s of the submission are over, while riding out StartRun: ")
    assert isinstance(error.__cause__, errors.ThrottlingError)


@pytest.mark.parametrize(
    ("timeout", "client", "expected"),
    [
        pytest.param(100, Timeout(), 100, id="the submission's"),
        pytest.param(1, Timeout(), 30, id="one read"),
        pytest.param(100, Timeout(total=7), 7, id="the client's"),
        pytest.param(None, Timeout(total=7), 7, id="the client's alone"),
    ],
)
def test_a_call_is_bound_by_the_time_that_is_left(
    timeout: float | None, client: Timeout, expected: float
) -> None:
    """A call that begins just before the end still gets the time of a read."""
    _, script = play(specs(1), started(1), env=make_env(timeout=client), timeout=timeout)
    assert script.sent[0].extensions["timeout"]["read"] == min(expected, 30)


# --- with a journal -------------------------------------------------------------------------


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    """Return the place of a journal that is not there yet."""
    return tmp_path / "campaign.journal"


def test_started_runs_are_adopted(journal: Path) -> None:
    """A second submission sends only what the first one has not started."""
    play(specs(2), started(1), started(2), journal=journal)
    submission, script = play(specs(3), started(3), journal=journal)
    assert [one.adopted for one in submission.results] == [True, True, False]
    assert submission.started["s1"] == RunRef("2", "u2")
    assert list(submission.adopted) == ["s0", "s1"]
    assert str(submission) == "cohort-7: 3 started (2 of them before), 0 refused, 0 unsent"
    assert str(submission.results[0]) == "s0 started before: run 1/u1"
    assert len(script.sent) == 1


def leave_open(journal: Path) -> None:
    """Submit a spec, and be interrupted before the answer."""
    env = make_env()
    plan = plan_submission(specs(1), **{**NO_PACE, "key": KEY, "journal": journal})
    flow = submit(plan, env)
    Script(env, []).until_sent(flow)
    flow.close()


def test_what_was_interrupted_is_sent_again(journal: Path) -> None:
    """The journal knows that it was sent, not what came of it; the request id stays the same."""
    leave_open(journal)
    submission, again = play(specs(1), started(1), journal=journal)
    assert statuses(submission) == ["started"]
    assert not submission.results[0].adopted
    assert token_of(again.sent[0]) == request_id_of(KEY, "s0", 1)


@pytest.mark.parametrize(
    ("options", "replies", "expected"),
    [
        pytest.param({"timeout": 0}, [], "unsent", id="no time"),
        pytest.param({}, [QUOTA], "unsent", id="stopped"),
        pytest.param({}, [INVALID], "refused", id="refused"),
    ],
)
def test_what_is_known_of_an_interrupted_spec(
    journal: Path, options: Any, replies: list[Reply], expected: str
) -> None:
    """It may have started, whatever an answer says that may not have looked for its run."""
    leave_open(journal)
    submission, _ = play(specs(1), *replies, journal=journal, **options)
    (result,) = submission.results
    assert result.status == expected
    assert result.may_have_started
    again, script = play(specs(1), started(1), journal=journal)
    assert statuses(again) == ["started"]
    assert token_of(script.sent[0]) == request_id_of(KEY, "s0", 1)


def test_an_interrupted_spec_may_have_started_although_another_stopped_it(journal: Path) -> None:
    """What comes after the stop is not sent, yet its result says what the journal knows."""
    leave_open(journal)
    given = [RunSpec("other", BASE), *specs(1), RunSpec("new", BASE)]
    submission, _ = play(given, DENIED, journal=journal)
    assert [one.may_have_started for one in submission.results] == [False, True, False]


def test_runs_are_adopted_after_a_stop_too(journal: Path) -> None:
    """Adopting sends nothing, so nothing keeps it from going on."""
    play(specs(1), started(1), journal=journal)
    submission, _ = play([RunSpec("new", BASE), *specs(1)], DENIED, journal=journal)
    assert statuses(submission) == ["unsent", "started"]


@pytest.mark.parametrize("is_open", [False, True])
def test_a_changed_spec_is_refused(journal: Path, *, is_open: bool) -> None:
    """A run under its name is there, or may be, with other content: both digests are told."""
    if is_open:
        leave_open(journal)
    else:
        play(specs(1), started(1), journal=journal)
    changed = BASE.replace(priority=7)
    submission, script = play([RunSpec("s0", changed)], journal=journal)
    assert statuses(submission) == ["refused"]
    then, now = digest_of(BASE)[:12], digest_of(changed)[:12]
    assert f"(then {then}, now {now})" in str(submission.refused[0].error)
    assert submission.refused[0].may_have_started is is_open
    assert list(submission.started) == ([] if is_open else ["s0"])  # it goes on, and costs money
    assert str(submission) == "cohort-7: 0 started, 1 refused, 0 unsent"
    assert script.sent == []


@pytest.mark.parametrize("reply", [INVALID, QUOTA])
def test_a_spec_without_a_run_may_change(journal: Path, reply: Reply) -> None:
    """What was refused, or never sent, is mended under its own name."""
    play(specs(1), reply, journal=journal)
    submission, _ = play([RunSpec("s0", BASE.replace(priority=7))], started(1), journal=journal)
    assert statuses(submission) == ["started"]


def test_a_key_of_its_own(journal: Path) -> None:
    """Without a key a journal draws one, and keeps it."""
    first, _ = play(specs(1), started(1), key=None, journal=journal)
    second, _ = play(specs(1), key=None, journal=journal)
    assert first.key == second.key
    assert len(first.key) == 36
    assert play(specs(1), key=first.key, journal=journal)[0].adopted


# --- what is told ---------------------------------------------------------------------------


def told(given: Iterable[RunSpec], *replies: Reply, **options: Any) -> list[SubmitProgress]:
    """Submit specs, and return what was told of it."""
    seen: list[SubmitProgress] = []
    play(given, *replies, progress=seen.append, **options)
    return seen


def test_progress_tells_counts_rate_and_time() -> None:
    """Each result is told, and each trouble that is ridden out."""
    seen = told(specs(4), started(1), THROTTLED, started(2), INVALID, QUOTA, rate=1)
    assert [str(one).partition("StartRun")[0] for one in seen] == [
        "1 of 4 started",
        "1 of 4 started, riding out ",
        "2 of 4 started, 0.48/s, 4 s left",
        "2 of 4 started, 1 refused, 0.48/s, 2 s left",
        "2 of 4 started, 1 refused, 1 unsent, 0.48/s, 0 s left",
    ]
    assert [one.result.name if one.result else None for one in seen] == [
        "s0",
        None,
        "s1",
        "s2",
        "s3",
    ]
    assert isinstance(seen[1].trouble, errors.ThrottlingError)
    assert [one.throttled for one in seen] == [0, 1, 1, 1, 1]


def test_progress_of_what_cannot_be_counted() -> None:
    """Without a total there is no time left to be told."""
    seen = told(iter(specs(2)), started(1), started(2), rate=1)
    assert [str(one) for one in seen] == ["1 started", "2 started, 0.95/s"]
    assert seen[1].seconds_left is None


def test_what_the_listener_raises_ends_it(caplog: pytest.LogCaptureFixture) -> None:
    """It reaches the caller unchanged, and the log has its name."""
    caplog.set_level(logging.INFO, "omics_runs")

    def listener(progress: SubmitProgress) -> None:
        raise LookupError

    with pytest.raises(LookupError):
        play(specs(2), started(1), progress=listener)
    assert "submission of cohort-7: LookupError, 1 started" in caplog.text


@pytest.mark.parametrize(
    ("replies", "outcome"),
    [
        pytest.param([started(1), started(2)], "all sent", id="to its end"),
        pytest.param([QUOTA], "ServiceQuotaExceededError", id="stopped"),
    ],
)
def test_the_log_has_one_line(
    caplog: pytest.LogCaptureFixture, replies: list[Reply], outcome: str
) -> None:
    """It says how the submission ended, and what was counted."""
    caplog.set_level(logging.INFO, "omics_runs")
    play(specs(2), *replies)
    (record,) = [one for one in caplog.records if one.levelno == logging.INFO]
    fields: Any = record.__dict__["omics_runs"]
    assert (fields["key"], fields["outcome"]) == (KEY, outcome)
    assert f"submission of cohort-7: {outcome}, " in record.message


def test_an_interruption_is_logged(caplog: pytest.LogCaptureFixture, journal: Path) -> None:
    """Closing the flow is no error."""
    caplog.set_level(logging.INFO, "omics_runs")
    leave_open(journal)
    assert "submission of cohort-7: interrupted, 0 started" in caplog.text


def test_a_complaint_names_a_few_and_counts_the_rest() -> None:
    """A thousand refusals do not make a message of a thousand lines."""
    submission, _ = play(specs(5), *[INVALID] * 5)
    with pytest.raises(errors.SubmissionError, match=r"; s2 refused: .*; and 2 more$"):
        submission.raise_for_errors()


# --- arguments ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "what"),
    [
        pytest.param({"specs": 5}, "specs: must be an iterable of RunSpec, got 5", id="specs"),
        pytest.param({"specs": "s"}, "specs: must be an iterable", id="text"),
        pytest.param({"specs": {}}, "specs: must be an iterable", id="mapping"),
        pytest.param({"key": None}, "key: name the campaign, or give it a journal", id="no key"),
        pytest.param({"key": " "}, "key: must be a text that is not empty", id="empty key"),
        pytest.param({"key": "\ud800"}, "key: must be a text", id="surrogate"),
        pytest.param({"journal": 7}, "journal: must be the path of a file, got 7", id="journal"),
        pytest.param({"rate": 0}, "rate: must be a number of starts a second", id="rate"),
        pytest.param({"rate": float("inf")}, "rate: must be", id="endless rate"),
        pytest.param({"rate": "fast"}, "rate: must be", id="rate in words"),
        pytest.param(
            {"timeout": -1}, "timeout: must be a number of seconds from 0 to 1,0", id="timeout"
        ),
        pytest.param({"progress": 1}, "progress: must be a plain function", id="progress"),
    ],
)
def test_arguments_are_checked(options: Any, what: str) -> None:
    """Nothing is read, opened or sent for arguments that are wrong."""
    with pytest.raises(errors.InvalidRequestError) as caught:
        plan_submission(**{"specs": [], "key": KEY, **NO_PACE, **options})
    assert what in str(caught.value)


@pytest.mark.parametrize(
    ("build", "what"),
    [
        pytest.param(lambda: RunSpec("", BASE), "name: must be a text that is not", id="empty"),
        pytest.param(lambda: RunSpec(7, BASE), "name: must be a text", id="number"),
        pytest.param(lambda: RunSpec("s", {}), "request: must be a StartRunRequest", id="dict"),
        pytest.param(
            lambda: RunSpec("s", BASE.replace(request_id="mine")), "request_id: leave it", id="id"
        ),
    ],
)
def test_a_spec_is_checked_when_it_is_made(build: Callable[[], object], what: str) -> None:
    """What can't be a spec never comes as far as a submission."""
    with pytest.raises(errors.InvalidRequestError, match=what):
        build()


def test_a_digest_is_of_the_content_alone() -> None:
    """The order of keys and the request id say nothing, and everything else does."""
    one = BASE.replace(parameters={"a": 1, "b": [2]})
    assert digest_of(one) == digest_of(BASE.replace(parameters={"b": [2], "a": 1}))
    assert digest_of(one) != digest_of(BASE.replace(parameters={"a": "1", "b": [2]}))


def test_a_submission_can_be_pickled() -> None:
    """With its results, their errors and all."""
    submission, _ = play(specs(3), started(1), INVALID, QUOTA)
    twin = pickle.loads(pickle.dumps(submission))
    assert twin.started == submission.started
    assert [str(one) for one in twin.results] == [str(one) for one in submission.results]
    assert [one.spec for one in twin.results] == specs(3)


def test_results_are_plain_data() -> None:
    """They can be compared and changed, as all data here."""
    result = Submitted(spec=specs(1)[0], status="started", run=RunRef("1"))
    assert attrs.evolve(result, run=RunRef("2")) != result
    assert str(result) == "s0 started: run 1"


def test_results_keep_no_frames() -> None:
    """A hundred thousand refusals can be kept; nobody has raised them."""
    submission, _ = play(specs(2), INVALID, QUOTA)
    assert [one.error.__traceback__ for one in submission.results if one.error] == [None, None]
