"""Where two models differ, a third settles it: what the validator says of its answer."""

from dataclasses import replace

import pytest
from answered_attempts import Asked, Judge, said_of, tried_as

from schemas.attempt import AttemptAccepted, AttemptDoubted, AttemptRejected, Tried
from schemas.content import Answer, Body
from schemas.vocabulary import Reason, Risk, Role, Verdict

LANE = [{"agreement": {"opinions": 3}}]
FIRST, SECOND = "The shop opens at 10.", "The shop opens at 11."
DOUBTED = tried_as(1, Role.PRIMARY, Reason.DOUBTED)
DIFFERED = tried_as(2, Role.AGREEMENT, Reason.DISAGREED)


def second(text: str = SECOND, tried: tuple[Tried, ...] = (DOUBTED,), most: int = 4) -> Asked:
    """The second model's answer to what the first said."""
    return Asked(said_of(text), role=Role.AGREEMENT, number=2, tried=tried, doubted=said_of(FIRST), max_attempts=most)


def third(text: str) -> Asked:
    """The third model's answer, beside two that differ."""
    return replace(second(text, (DOUBTED, DIFFERED)), number=3, rival=said_of(SECOND))


def text_of(body: Body | None) -> str:
    assert body is not None
    return Answer.read(body.text()).message["content"]


def agreement(event: AttemptAccepted | AttemptRejected | AttemptDoubted) -> Verdict | str:
    return next(check.verdict for check in event.checks if check.name == "agreement")


def test_a_second_answer_that_differs_leaves_the_first_in_doubt_and_goes_with_it(judge: Judge) -> None:
    asked = second()
    event = judge(asked, LANE)

    assert isinstance(event, AttemptDoubted)
    assert (event.look, event.reason) == (Role.AGREEMENT, Reason.DISAGREED)
    assert (text_of(event.answer), text_of(event.rival)) == (FIRST, SECOND)
    assert agreement(event) == Verdict.DOUBT


@pytest.mark.parametrize(
    ("asked", "checks"),
    [
        (second(), ["agreement"]),
        (second(), [{"agreement": {"opinions": 2}}]),
        (second(most=3), LANE),
        (second(tried=(DOUBTED, DIFFERED), most=9), LANE),
    ],
    ids=["not allowed", "two at most", "no attempt is left for a stronger one", "a third was asked by one who lost it"],
)
def test_where_no_third_may_be_asked_it_is_a_rejection_as_ever(judge: Judge, asked: Asked, checks: list) -> None:
    event = judge(asked, checks)

    assert isinstance(event, AttemptRejected)
    assert event.reason == Reason.DISAGREED


BY_PLAN = [{"agreement": {"opinions": "planned"}}]


def test_a_plan_may_have_a_third_asked_where_the_lane_leaves_that_to_it(judge: Judge) -> None:
    event = judge(replace(second(), opinions=3), BY_PLAN)

    assert isinstance(event, AttemptDoubted)
    assert (event.look, text_of(event.rival)) == (Role.AGREEMENT, SECOND)


@pytest.mark.parametrize(
    ("asked", "checks"),
    [
        (second(), BY_PLAN),
        (replace(second(), opinions=2), BY_PLAN),
        (replace(second(), opinions=3), ["agreement"]),
        (replace(second(), opinions=3, risk=Risk.HIGH), BY_PLAN),
        (replace(second(), opinions=3, question={"checks": [{"name": "agreement"}]}), BY_PLAN),
    ],
    ids=["the plan says nothing", "two by plan", "not left to it", "high risk", "the request asks for agreement"],
)
def test_no_plan_has_a_third_asked_where_it_is_not_left_to_it(judge: Judge, asked: Asked, checks: list) -> None:
    event = judge(asked, checks)

    assert isinstance(event, AttemptRejected)
    assert event.reason == Reason.DISAGREED


def test_a_second_answer_that_is_none_asks_no_third(judge: Judge) -> None:
    event = judge(second(""), LANE)

    assert isinstance(event, AttemptAccepted)
    assert agreement(event) == Verdict.CANNOT_TELL


@pytest.mark.parametrize(
    ("says", "taken", "given_by"), [("It opens at 10.", FIRST, None), ("It opens at 11.", SECOND, 2)]
)
def test_the_answer_that_a_third_model_gives_too_is_accepted(
    judge: Judge, says: str, taken: str, given_by: int | None
) -> None:
    event = judge(third(says), LANE)

    assert isinstance(event, AttemptAccepted)
    assert (text_of(event.answer), event.given_by, event.verified) == (taken, given_by, True)
    assert agreement(event) == Verdict.PASS


@pytest.mark.parametrize("says", ["It opens at 12.", "", "I'm sorry, but I can't assist with that."])
def test_where_all_three_differ_or_the_third_is_none_nothing_is_accepted(judge: Judge, says: str) -> None:
    event = judge(third(says), LANE)

    assert isinstance(event, AttemptRejected)
    assert (event.reason, agreement(event)) == (Reason.DISAGREED, Verdict.FAIL)


def test_a_judge_is_shown_what_a_third_model_took_and_tells_whose_it_is(judge: Judge) -> None:
    lane = [*LANE, {"judge": {"ask": ["small"]}}]
    shown = judge(third("It opens at 11."), lane)

    assert isinstance(shown, AttemptDoubted)
    assert (shown.look, text_of(shown.answer), shown.given_by) == (Role.JUDGE, SECOND, 2)

    settled = tried_as(3, Role.AGREEMENT, Reason.UNJUDGED).model_copy(update={"given_by": 2})
    looks = (DOUBTED, DIFFERED, settled, tried_as(4, Role.JUDGE, Reason.JUDGED_GOOD))
    grade = said_of('{"reason": "right", "grade": 9}')
    event = judge(Asked(grade, role=Role.JUDGE, number=5, tried=looks, doubted=said_of(SECOND), max_attempts=4), lane)

    assert isinstance(event, AttemptAccepted)
    assert (text_of(event.answer), event.given_by) == (SECOND, 2)


SURE = [*LANE, {"confidence": {"at_least": 0.9}}]


@pytest.mark.parametrize(("says", "told"), [("It opens at 10.", []), ("It opens at 11.", [Verdict.CANNOT_TELL])])
def test_of_a_seconds_answer_nobody_can_tell_how_sure_its_model_was(judge: Judge, says: str, told: list) -> None:
    event = judge(third(says), SURE)

    assert isinstance(event, AttemptAccepted)
    assert [check.verdict for check in event.checks if check.name == "confidence"] == told


def test_nor_after_a_judge_was_shown_it(judge: Judge) -> None:
    settled = tried_as(3, Role.AGREEMENT, Reason.UNJUDGED).model_copy(update={"given_by": 2})
    looks = (DOUBTED, DIFFERED, settled, tried_as(4, Role.JUDGE, Reason.JUDGED_GOOD))
    grade = said_of('{"reason": "right", "grade": 9}')
    shown = Asked(grade, role=Role.JUDGE, number=5, tried=looks, doubted=said_of(SECOND), max_attempts=4)

    event = judge(shown, [*SURE, {"judge": {"ask": ["small"]}}])

    assert isinstance(event, AttemptAccepted)
    assert [check.verdict for check in event.checks if check.name == "confidence"] == [Verdict.CANNOT_TELL]
