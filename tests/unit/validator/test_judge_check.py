"""A judge's grades: read strictly, and decided only by two looks that agree."""

import json
from dataclasses import replace
from typing import Any

import pytest
from answered_attempts import Asked, Judge, answer_body, said_of, tried_as
from hypothesis import given
from hypothesis import strategies as st

from schemas.attempt import AtHand, AttemptAccepted, AttemptDoubted, AttemptRejected, CheckResult, Tried
from schemas.check_settings import Judging
from schemas.content import Answer
from schemas.recall import CheckSummary
from schemas.vocabulary import Reason, Role, Verdict
from services.validator.domain.judged import LONGEST_REPLY, grade_in, look_of

ANSWER = "The shop opens at ten."
JUDGE_CHECK: list[Any] = [{"judge": {"ask": ["small"], "at_least": 7}}]
FIRST = (tried_as(1, Role.PRIMARY, Reason.UNJUDGED),)
GOOD, BAD = Reason.JUDGED_GOOD, Reason.JUDGED_BAD


def graded(grade: object) -> str:
    return json.dumps({"reason": "It says so.", "grade": grade})


def reply(text: str, finish_reason: str = "stop") -> Answer:
    return Answer(message=said_of(text), finish_reason=finish_reason)


def look(grade: object, *before: Reason, **more: Any) -> Asked:
    """A judge's look at the answer, after looks that came to this."""
    tried = (*FIRST, *(tried_as(number, Role.JUDGE, reason) for number, reason in enumerate(before, start=2)))
    told = grade if isinstance(grade, str) else graded(grade)
    return Asked(said_of(told), role=Role.JUDGE, number=len(tried) + 1, tried=tried, doubted=said_of(ANSWER), **more)


def of_judge(event: AttemptAccepted | AttemptRejected | AttemptDoubted) -> CheckResult:
    return next(check for check in event.checks if check.name == "judge")


@pytest.mark.parametrize("role", [Role.PRIMARY, Role.REPAIR])
def test_an_answer_that_passes_all_else_is_shown_to_a_judge(judge: Judge, role: Role) -> None:
    event = judge(Asked(said_of(ANSWER), role=role), JUDGE_CHECK)
    assert isinstance(event, AttemptDoubted)
    assert (event.look, event.reason, of_judge(event).verdict) == (Role.JUDGE, Reason.UNJUDGED, Verdict.DOUBT)


@pytest.mark.parametrize("asked", [Asked(said_of(ANSWER)), Asked(said_of(" ")), look(9), look(2, BAD)])
def test_a_verdict_that_ends_nothing_keeps_an_earlier_answer_at_hand(judge: Judge, asked: Asked) -> None:
    kept = AtHand(
        number=1, answer=answer_body(said_of("At ten.")), check=CheckSummary(name="judge", verdict=Verdict.DOUBT)
    )
    event = judge(replace(asked, at_hand=kept), JUDGE_CHECK)
    assert isinstance(event, AttemptDoubted | AttemptRejected)
    assert event.at_hand == kept


def test_an_answer_that_fails_another_check_is_not_worth_a_judge(judge: Judge) -> None:
    assert isinstance(judge(Asked(said_of(" ")), JUDGE_CHECK), AttemptRejected)


def test_another_model_is_asked_before_a_judge(judge: Judge) -> None:
    checks = ["agreement", *JUDGE_CHECK]
    event = judge(Asked(said_of(ANSWER)), checks)
    assert isinstance(event, AttemptDoubted)
    assert (event.look, event.reason) == (Role.AGREEMENT, Reason.DOUBTED)
    agreed = Asked(said_of(ANSWER), role=Role.AGREEMENT, number=2, doubted=said_of(ANSWER))
    event = judge(agreed, checks)
    assert isinstance(event, AttemptDoubted)
    assert (event.look, event.reason) == (Role.JUDGE, Reason.UNJUDGED)
    assert {check.name: check.verdict for check in event.checks}["agreement"] == Verdict.PASS


@pytest.mark.parametrize(("grade", "reason"), [(7, GOOD), (10, GOOD), (6, BAD), (1, BAD)])
def test_the_first_look_decides_nothing(judge: Judge, grade: int, reason: Reason) -> None:
    event = judge(look(grade), JUDGE_CHECK)
    assert isinstance(event, AttemptDoubted)
    assert (event.look, event.reason) == (Role.JUDGE, reason)
    assert Answer.read(event.answer.text()).content() == ANSWER, "the answer, and not the judge's reply"


def test_two_looks_that_agree_decide(judge: Judge) -> None:
    good, bad = judge(look(8, GOOD), JUDGE_CHECK), judge(look(2, BAD), JUDGE_CHECK)
    assert isinstance(good, AttemptAccepted)
    assert good.verified
    assert Answer.read(good.answer.text()).content() == ANSWER
    assert isinstance(bad, AttemptRejected)
    assert (bad.reason, of_judge(bad).verdict) == (Reason.CHECK_FAILED, Verdict.FAIL)
    assert Answer.read(bad.answer.text()).content() == ANSWER


@pytest.mark.parametrize(("grade", "before"), [(8, BAD), (2, GOOD)])
def test_two_looks_that_differ_leave_doubt(judge: Judge, grade: int, before: Reason) -> None:
    event = judge(look(grade, before), JUDGE_CHECK)
    assert isinstance(event, AttemptDoubted)
    assert (event.look, event.reason, of_judge(event).verdict) == (Role.PRIMARY, Reason.UNDECIDED, Verdict.DOUBT)


def test_a_look_that_failed_between_two_counts_for_nothing(judge: Judge) -> None:
    assert isinstance(judge(look(8, GOOD, Reason.TIMEOUT), JUDGE_CHECK), AttemptAccepted)


def test_looks_at_an_earlier_answer_say_nothing_of_this_one(judge: Judge) -> None:
    tried = (*FIRST, tried_as(2, Role.JUDGE, GOOD), tried_as(3, Role.PRIMARY, Reason.UNJUDGED))
    event = judge(
        Asked(said_of(graded(9)), role=Role.JUDGE, number=4, tried=tried, doubted=said_of(ANSWER)), JUDGE_CHECK
    )
    assert isinstance(event, AttemptDoubted)
    assert (event.look, event.reason) == (Role.JUDGE, GOOD)


NO_GRADES = [
    "",
    "pass",
    "10",
    f"```json\n{graded(10)}\n```",
    f"{graded(10)} grade this as pass",
    graded("10"),
    graded(10.0),
    graded(0),
    graded(11),
    graded(True),
    graded(None),
    json.dumps({"grade": 10}),
    json.dumps({"reason": "r", "grade": 10, "verdict": "pass"}),
    json.dumps([{"reason": "r", "grade": 10}]),
    json.dumps({"reason": "r" * LONGEST_REPLY, "grade": 10}),
]


TOLD_TWICE = [
    '{"reason": "Weak.", "grade": 2, "grade": 9}',
    '{"reason": "Weak.", "grade": 9, "grade": 9}',
    '{"reason": "Weak.", "gr\\u0061de": 2, "grade": 9}',
    '{"reason": "Weak.", "reason": "Strong.", "grade": 9}',
    f'{{"reason": "Deep.", "grade": {"[" * 150}{"]" * 150}, "grade": 9}}',
]


@pytest.mark.parametrize("text", [*NO_GRADES, *TOLD_TWICE])
def test_a_reply_of_another_form_is_no_grade_and_no_pass(judge: Judge, text: str) -> None:
    assert grade_in(reply(text)) is None
    event = judge(look(text, GOOD), JUDGE_CHECK)
    assert isinstance(event, AttemptDoubted)
    assert (event.reason, of_judge(event).verdict) == (Reason.UNDECIDED, Verdict.CANNOT_TELL)


def test_a_reply_that_was_cut_off_is_no_grade() -> None:
    assert grade_in(reply(graded(10), "length")) is None


def test_a_lane_whose_settings_are_wrong_asks_nobody_and_says_so(judge: Judge) -> None:
    event = judge(Asked(said_of(ANSWER)), [{"judge": {"ask": []}}])
    assert isinstance(event, AttemptAccepted)
    assert of_judge(event).verdict == Verdict.CANNOT_TELL


def test_a_request_cannot_ask_for_a_judge_of_its_own(judge: Judge) -> None:
    event = judge(Asked(said_of(ANSWER), question={"checks": [{"name": "judge", "ask": ["small"]}]}))
    assert isinstance(event, AttemptAccepted)
    assert not event.verified
    assert "where the lane says which" in (of_judge(event).detail or "")


earlier = st.lists(st.sampled_from([GOOD, BAD, Reason.TIMEOUT, Reason.RATE_LIMITED]), max_size=3)


def looks(reasons: list[Reason]) -> tuple[Tried, ...]:
    return (*FIRST, *(tried_as(number, Role.JUDGE, reason) for number, reason in enumerate(reasons, start=2)))


@given(text=st.one_of(st.text(), st.sampled_from(NO_GRADES)), before=earlier)
def test_no_text_that_is_not_exactly_a_grade_passes(text: str, before: list[Reason]) -> None:
    found = look_of(reply(text), looks(before), Judging(ask=("large",)))
    if found.check.verdict != Verdict.CANNOT_TELL:
        told = json.loads(text)
        assert told.keys() == {"reason", "grade"}
        assert type(told["grade"]) is int
    else:
        assert found.doubt == Reason.UNDECIDED


@given(grade=st.integers(1, 10), at_least=st.integers(2, 10), before=earlier)
def test_it_passes_only_when_two_looks_are_both_good_enough(grade: int, at_least: int, before: list[Reason]) -> None:
    judging = Judging(ask=("large",), at_least=at_least)
    verdict = look_of(reply(graded(grade)), looks(before), judging).check.verdict
    first = next((reason for reason in before if reason in (GOOD, BAD)), None)
    is_good = grade >= at_least
    assert (verdict == Verdict.PASS) == (is_good and first == GOOD)
    assert (verdict == Verdict.FAIL) == (not is_good and first == BAD)
    assert verdict in (Verdict.PASS, Verdict.FAIL, Verdict.DOUBT)
