"""How sure a model was of its words: a weak signal that turns answers away, and verifies none."""

from typing import Any

import pytest
from answered_attempts import Asked, Judge, said_of

from schemas.attempt import AttemptAccepted, AttemptDoubted, AttemptRejected, CheckResult
from schemas.vocabulary import Reason, Role, Verdict

SURE: list[Any] = [{"confidence": {"at_least": 0.9}}]
ANSWER = said_of("The shop opens at ten.")
Found = AttemptAccepted | AttemptRejected | AttemptDoubted


def of_confidence(event: Found) -> CheckResult:
    return next(check for check in event.checks if check.name == "confidence")


def test_an_answer_of_which_its_model_was_unsure_is_turned_away_with_how_unsure(judge: Judge) -> None:
    event = judge(Asked(ANSWER, confidence=0.61234567), SURE)
    assert isinstance(event, AttemptRejected)
    check = of_confidence(event)
    assert (event.reason, check.verdict, check.score, check.threshold) == (Reason.UNSURE, Verdict.FAIL, 0.6123, 0.9)


def test_one_of_which_it_was_sure_is_accepted_and_not_verified_by_that(judge: Judge) -> None:
    event = judge(Asked(ANSWER, confidence=0.95), SURE)
    assert isinstance(event, AttemptAccepted)
    assert (of_confidence(event).verdict, event.verified) == (Verdict.PASS, False)


def test_where_the_provider_told_nothing_it_cannot_be_told(judge: Judge) -> None:
    event = judge(Asked(ANSWER), SURE)
    assert isinstance(event, AttemptAccepted)
    assert of_confidence(event).verdict == Verdict.CANNOT_TELL


def test_what_failed_another_check_is_not_asked_how_sure_it_was(judge: Judge) -> None:
    event = judge(Asked(ANSWER, confidence=0.1), [*SURE, {"words": {"at_least": 50}}])
    assert isinstance(event, AttemptRejected)
    assert event.reason == Reason.CHECK_FAILED
    assert "confidence" not in {check.name for check in event.checks}


@pytest.mark.parametrize(("confidence", "kind"), [(0.95, AttemptDoubted), (0.5, AttemptRejected)])
def test_only_an_answer_of_which_it_was_sure_is_worth_a_second_opinion(
    judge: Judge, confidence: float, kind: type[Found]
) -> None:
    assert isinstance(judge(Asked(ANSWER, confidence=confidence), [*SURE, "agreement"]), kind)


def test_a_second_opinion_is_not_held_to_it(judge: Judge) -> None:
    look = Asked(ANSWER, role=Role.AGREEMENT, number=2, doubted=ANSWER, confidence=0.1)
    assert isinstance(judge(look, [*SURE, "agreement"]), AttemptAccepted)


def test_a_request_may_ask_for_more_than_its_lane(judge: Judge) -> None:
    asked = Asked(ANSWER, confidence=0.95, question={"checks": [{"name": "confidence", "at_least": 0.99}]})
    assert of_confidence(judge(asked, SURE)).threshold == 0.99


def test_settings_that_are_wrong_are_told_and_judge_nothing(judge: Judge) -> None:
    event = judge(Asked(ANSWER, confidence=0.1), [{"confidence": {"at_least": 7}}])
    assert isinstance(event, AttemptAccepted)
    (check,) = [check for check in event.checks if check.name == "confidence"]
    assert (check.verdict, "at_least" in (check.detail or "")) == (Verdict.CANNOT_TELL, True)
