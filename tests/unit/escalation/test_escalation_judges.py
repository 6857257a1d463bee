"""What follows the looks of judges: another look, a better answer, a person, or the answer as it is."""

from typing import Any

import pytest
from setbacks import NOW, Revisions, asking, attempt, critical, setback

from schemas.attempt import Attempt, AttemptDoubted, AttemptFailed, Candidate, CheckResult, Plan, Usage
from schemas.content import body_of
from schemas.example_request import LARGE, SMALL, question
from schemas.examples import examples
from schemas.outcome import RequestCompleted, RequestEscalated
from schemas.portfolio import Portfolio
from schemas.reaction import DONE, Reaction, Received, Said
from schemas.review import ReviewRequested
from schemas.vocabulary import Action, Reason, Risk, Role, Status, Verdict
from services.escalation.domain.decide import MOST_LOOKS, decide
from services.escalation.domain.life import ASKED
from services.escalation.domain.setback import Ask, GiveUp, Step
from services.escalation.handlers import Handlers

ANSWER = body_of(b'{"message":{"role":"assistant","content":"94.40"},"finish_reason":"stop"}')
OF_ANSWER = Usage(input_tokens=700, output_tokens=60)
UP = Step(Action.UP, 1)
LOOK = Step(Action.JUDGE, 0)
Made = tuple[Attempt, Reason | str, int]


def look(number: int, reason: Reason) -> Made:
    return attempt(LARGE, number, Role.JUDGE, 0), reason, 5


FIRST: Made = (attempt(), Reason.UNJUDGED, 5)


@pytest.mark.parametrize(
    ("made", "step"),
    [
        ([FIRST], LOOK),
        ([FIRST, look(2, Reason.JUDGED_GOOD)], LOOK),
        ([FIRST, look(2, Reason.JUDGED_BAD)], LOOK),
        ([FIRST, look(2, Reason.TIMEOUT)], LOOK),
        ([FIRST, look(2, Reason.JUDGED_GOOD), look(3, Reason.RATE_LIMITED)], LOOK),
        ([FIRST, *(look(number, Reason.TIMEOUT) for number in range(2, 2 + MOST_LOOKS))], UP),
        ([FIRST, look(2, Reason.NO_ELIGIBLE_MODEL)], UP),
        ([FIRST, look(2, Reason.JUDGED_GOOD), look(3, Reason.UNDECIDED)], UP),
    ],
)
def test_what_follows_a_look(made: list[Made], step: Step) -> None:
    assert decide(setback(*made), critical(), NOW) == step


@pytest.mark.parametrize(
    "looks",
    [
        [look(2, Reason.NO_ELIGIBLE_MODEL)],
        [look(number, Reason.TIMEOUT) for number in range(2, 2 + MOST_LOOKS)],
        [look(2, Reason.JUDGED_GOOD), look(3, Reason.UNDECIDED)],
    ],
)
def test_a_person_decides_where_the_lane_says_so_and_no_judge_could(looks: list[Made]) -> None:
    people = critical(on_fail={"undecided": "human"}, reviews={"ask": "desk", "within_s": 5})
    assert isinstance(decide(setback(FIRST, *looks), people, NOW), Ask)


@pytest.mark.parametrize(
    ("looks", "reason"),
    [
        ([look(2, Reason.NO_ELIGIBLE_MODEL)], Reason.NO_ELIGIBLE_MODEL),
        ([look(number, Reason.DEADLINE) for number in range(2, 2 + MOST_LOOKS)], Reason.DEADLINE),
        ([look(number, Reason.INVALID_REQUEST) for number in range(2, 2 + MOST_LOOKS)], Reason.INVALID_REQUEST),
    ],
)
def test_where_no_path_is_left_the_end_says_what_became_of_the_judge(looks: list[Made], reason: Reason) -> None:
    alone = Plan(tiers=((SMALL,),))
    made: list[Made] = [(each.model_copy(update={"plan": alone}), why, cost) for each, why, cost in [FIRST, *looks]]
    end = decide(setback(*made, max_attempts=9), critical(), NOW)

    assert isinstance(end, GiveUp)
    assert end.reason == reason


def test_what_two_looks_reject_goes_up_to_the_model_that_judged_it() -> None:
    rejected = setback(FIRST, look(2, Reason.JUDGED_BAD), look(3, Reason.CHECK_FAILED), failed_checks=("judge",))
    assert decide(rejected, critical(), NOW) == UP


def test_a_look_is_none_of_the_attempts_that_a_lane_allows() -> None:
    assert decide(setback(FIRST, max_attempts=1), critical(), NOW) == LOOK
    good = setback(FIRST, look(2, Reason.JUDGED_GOOD), max_attempts=1)
    assert decide(good, critical(), NOW) == LOOK
    undecided = decide(setback(FIRST, look(2, Reason.UNDECIDED), max_attempts=1), critical(), NOW)
    assert isinstance(undecided, GiveUp)
    assert undecided.reason == Reason.ATTEMPTS_SPENT


def test_a_look_is_paid_from_the_requests_budget() -> None:
    spent = decide(setback(FIRST, look(2, Reason.JUDGED_GOOD), budget_micro_usd=10), critical(), NOW)
    assert isinstance(spent, GiveUp)
    assert spent.reason == Reason.BUDGET_SPENT


def heard(reason: Reason, document: Portfolio, risk: Risk = Risk.LOW, max_attempts: int = 1) -> Reaction:
    """What escalation makes of an answer in doubt, after a judge's look."""
    event = examples()[AttemptDoubted]
    assert isinstance(event, AttemptDoubted)
    made = attempt(Candidate(model="second", provider="mistral"), 2, Role.JUDGE, 0)
    told: dict[str, Any] = {
        "request": asking(risk=risk, max_attempts=max_attempts),
        "attempt": made,
        "tried": (setback(FIRST).tried[0].model_copy(update={"usage": OF_ANSWER}),),
        "answer": ANSWER,
        "look": Role.PRIMARY,
        "reason": reason,
        "checks": (CheckResult(name="judge", verdict=Verdict.DOUBT),),
    }
    return Handlers(Revisions(document)).on_attempt_doubted(
        event.model_copy(update=told), Received("attempt.doubted", 0, 7, NOW, event_id="an-event")
    )


def said(reaction: Reaction, outcome: str = DONE) -> Any:
    (one,) = reaction.writes[0].then[outcome]
    assert isinstance(one, Said)
    return one.event


def test_an_undecided_answer_with_nothing_left_is_kept_and_called_unverified() -> None:
    end = said(heard(Reason.UNDECIDED, critical()))
    assert isinstance(end, RequestCompleted)
    assert (end.status, end.model) == (Status.UNVERIFIED, SMALL.model)
    assert end.usage == OF_ANSWER, "and not that of the judge's look"
    assert [(check.name, check.verdict) for check in end.checks] == [("judge", "doubt")]


def test_a_lane_may_wish_for_a_person_where_judges_do_not_decide() -> None:
    wish = critical(on_fail={"undecided": "human"}, reviews={"ask": "clerks", "within_s": 20})
    asked = said(heard(Reason.UNDECIDED, wish, max_attempts=5), ASKED)
    assert isinstance(asked, ReviewRequested)
    assert (asked.answer, asked.reason) == (ANSWER, Reason.UNDECIDED)


def test_the_answer_travels_with_each_look_and_not_further() -> None:
    again = said(heard(Reason.JUDGED_GOOD, critical(), max_attempts=5))
    assert isinstance(again, RequestEscalated)
    assert (again.action, again.doubted, again.tier) == (Action.JUDGE, ANSWER, 0)
    up = said(heard(Reason.UNDECIDED, critical(), max_attempts=5))
    assert isinstance(up, RequestEscalated)
    assert (up.action, up.doubted) == (Action.UP, None)


def test_a_judge_that_nobody_heard_of_leaves_the_answer_unverified() -> None:
    failed = AttemptFailed(
        request=asking(risk=Risk.LOW, max_attempts=1),
        attempt=attempt(LARGE, 2, Role.JUDGE, 0),
        tried=setback(FIRST).tried,
        body=question(),
        reason=Reason.NO_ELIGIBLE_MODEL,
        detail="no judge can be asked",
        doubted=ANSWER,
    )
    reaction = Handlers(Revisions(critical())).on_attempt_failed(
        failed, Received("attempt.failed", 0, 7, NOW, event_id="an-event")
    )
    end = said(reaction)
    assert isinstance(end, RequestCompleted)
    assert (end.status, end.model) == (Status.UNVERIFIED, SMALL.model)
    assert [(check.name, check.verdict) for check in end.checks] == [("judge", "cannot_tell")]
