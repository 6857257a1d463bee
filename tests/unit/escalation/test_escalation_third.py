"""What follows where two models differ: a third opinion, or up; and whose answer the request ends with."""

from dataclasses import replace
from typing import Any

import pytest
from setbacks import NOW, Revisions, asking, attempt, critical, handlers, said, setback

from schemas.attempt import (
    AtHand,
    AttemptAccepted,
    AttemptDoubted,
    AttemptFailed,
    AttemptRejected,
    Candidate,
    CheckResult,
    Cost,
    Plan,
    Tried,
    Usage,
    attempts_made,
    tried_of,
)
from schemas.content import body_of
from schemas.example_request import LARGE, SECOND, SMALL, question
from schemas.outcome import RequestCompleted, RequestEscalated, RequestFailed
from schemas.portfolio import Portfolio
from schemas.reaction import Received
from schemas.recall import CheckSummary
from schemas.review import ReviewRequested
from schemas.vocabulary import Action, Reason, Risk, Role, Verdict
from services.escalation.domain.decide import decide
from services.escalation.domain.life import ASKED
from services.escalation.domain.setback import Step
from services.escalation.domain.timers import EXPIRED, HELD, Due, event_of
from services.escalation.handlers import Handlers

STRONG = Candidate(model="strong", provider="azure")
FOUR = Plan(tiers=((SMALL,), (LARGE,), (SECOND,), (STRONG,)))
FIRST = body_of(b'{"message":{"role":"assistant","content":"94.4"},"finish_reason":"stop"}')
RIVAL = body_of(b'{"message":{"role":"assistant","content":"84.4"},"finish_reason":"stop"}')
OF_FIRST, OF_RIVAL = Usage(output_tokens=6), Usage(output_tokens=7)
IN_DOUBT = tried_of(attempt(plan=FOUR), Reason.DOUBTED, Cost(micro_usd=5), OF_FIRST)
GIVES_NOTHING = [Reason.TIMEOUT, Reason.NO_ELIGIBLE_MODEL, Reason.PROVIDER_ERROR, Reason.INVALID_REQUEST]
DIFFERED = tried_of(attempt(LARGE, 2, Role.AGREEMENT, 1, FOUR), Reason.DISAGREED, Cost(micro_usd=7), OF_RIVAL)


def received() -> Received:
    return Received("attempt.doubted", 0, 7, NOW, event_id="an-event")


def differing(plan: Plan = FOUR, **request: Any) -> AttemptDoubted:
    """The second model came to another answer."""
    return AttemptDoubted(
        request=asking(**{"max_attempts": 4, "risk": Risk.LOW} | request),
        attempt=attempt(LARGE, 2, Role.AGREEMENT, 1, plan),
        tried=(IN_DOUBT,),
        body=question(),
        answer=FIRST,
        checks=(CheckResult(name="agreement", verdict=Verdict.DOUBT),),
        look=Role.AGREEMENT,
        reason=Reason.DISAGREED,
        usage=OF_RIVAL,
        cost=Cost(micro_usd=7),
        latency_ms=9,
        rival=RIVAL,
    )


def failing(reason: Reason, **request: Any) -> AttemptFailed:
    """The third gave nothing."""
    return AttemptFailed(
        request=asking(**{"max_attempts": 4, "risk": Risk.LOW} | request),
        attempt=attempt(SECOND, 3, Role.AGREEMENT, 2, FOUR),
        tried=(IN_DOUBT, DIFFERED),
        body=question(),
        reason=reason,
        detail="nothing came",
        doubted=FIRST,
        rival=RIVAL,
    )


def test_a_third_is_asked_with_both_answers() -> None:
    event = said(handlers().on_attempt_doubted(differing(), received()))

    assert isinstance(event, RequestEscalated)
    assert (event.action, event.reason, event.number) == (Action.AGREEMENT, Reason.DISAGREED, 3)
    assert (event.doubted, event.rival, event.at_hand) == (FIRST, RIVAL, None)


@pytest.mark.parametrize(
    "event",
    [
        differing(max_attempts=3),
        differing(Plan(tiers=((SMALL,), (LARGE,), (STRONG,)))),
        differing(Plan(tiers=((SMALL, LARGE), (SECOND, STRONG)))),
    ],
    ids=["no attempt is left after it", "nobody is left below the strongest", "those left are of one tier"],
)
def test_where_no_third_is_left_to_ask_it_goes_up_as_ever(event: AttemptDoubted) -> None:
    up = said(handlers().on_attempt_doubted(event, received()))

    assert isinstance(up, RequestEscalated)
    assert (up.action, up.reason, up.doubted, up.rival) == (Action.UP, Reason.DISAGREED, None, None)
    assert up.at_hand is None, "an answer that another model contradicted is not at hand"


def test_what_a_lane_wishes_for_a_difference_follows_once_opinions_are_spent() -> None:
    people = {"on_fail": {"agreement": "human"}, "reviews": {"ask": "desk", "within_s": 5}}

    third = said(handlers(**people).on_attempt_doubted(differing(), received()))
    person = said(handlers(**people).on_attempt_doubted(differing(max_attempts=3), received()), ASKED)

    assert third.action == Action.AGREEMENT
    assert isinstance(person, ReviewRequested)


@pytest.mark.parametrize("reason", [*GIVES_NOTHING, Reason.RATE_LIMITED])
def test_a_third_that_gives_nothing_leaves_its_attempt_to_a_stronger_model(reason: Reason) -> None:
    event = said(handlers().on_attempt_failed(failing(reason), received()))

    assert isinstance(event, RequestEscalated)
    assert (event.action, event.doubted, event.rival, event.at_hand) == (Action.UP, None, None, None)


@pytest.mark.parametrize("reason", GIVES_NOTHING)
@pytest.mark.parametrize("named", ["agreement", "disagreed"])
def test_a_third_that_gives_nothing_leaves_the_difference_to_whom_the_lane_says(named: str, reason: Reason) -> None:
    people = handlers(on_fail={named: "human"}, reviews={"ask": "desk", "within_s": 5})
    earlier = AtHand(number=1, answer=FIRST, check=CheckSummary(name="confidence", verdict=Verdict.FAIL))

    for told in (failing(reason), failing(reason).model_copy(update={"at_hand": earlier})):
        asked = said(people.on_attempt_failed(told, received()), ASKED)
        assert isinstance(asked, ReviewRequested)
        assert asked.answer == FIRST


def test_another_third_comes_before_what_the_lane_says_of_the_difference() -> None:
    people = {"on_fail": {"agreement": "human"}, "reviews": {"ask": "desk", "within_s": 5}}
    _, again = _undispatched(**people)

    assert again.action == Action.AGREEMENT


NOBODY = tried_of(attempt(Candidate(model="", provider=""), 3, Role.AGREEMENT, 0, FOUR), Reason.NO_ELIGIBLE_MODEL)


def test_a_third_that_nobody_could_be_asked_for_costs_the_request_no_attempt() -> None:
    failed = setback((attempt(STRONG, 4, tier=3, plan=FOUR), Reason.CHECK_FAILED, 5), max_attempts=4)
    spent = replace(failed, tried=(IN_DOUBT, DIFFERED, NOBODY, *failed.tried))

    assert attempts_made(spent.tried) == 3
    step = decide(spent, critical(repairs=1), NOW)
    assert isinstance(step, Step)
    assert step.action is Action.REPAIR


@pytest.mark.parametrize("wish", ["agreement", "sideways"])
def test_nobody_is_looked_for_twice_whatever_the_lane_wishes(wish: str) -> None:
    fifth = Candidate(model="fifth", provider="azure")
    plan = Plan(tiers=((SMALL, LARGE), (SECOND, fifth), (STRONG,)))
    told = failing(Reason.NO_ELIGIBLE_MODEL, max_attempts=9)
    nobody = attempt(Candidate(model="", provider=""), 3, Role.AGREEMENT, 0, plan)
    asked = Handlers(Revisions(_with_models("fifth", "strong", on_fail={"agreement": wish})))

    event = said(asked.on_attempt_failed(told.model_copy(update={"attempt": nobody}), received()))

    assert event.action == Action.UP


def test_where_all_three_differ_a_model_above_the_third_answers_and_none_beside_it() -> None:
    beside = Candidate(model="beside", provider="azure")
    plan = Plan(tiers=((SMALL,), (LARGE,), (SECOND, beside), (STRONG,)))
    asked = differing(plan)
    rejected = AttemptRejected(
        request=asked.request,
        attempt=attempt(SECOND, 3, Role.AGREEMENT, 2, plan),
        tried=(IN_DOUBT, DIFFERED),
        body=question(),
        answer=FIRST,
        checks=(CheckResult(name="agreement", verdict=Verdict.FAIL, reason=Reason.DISAGREED),),
        reason=Reason.DISAGREED,
        detail="three models came to three different answers",
        usage=Usage(),
        cost=Cost(),
        latency_ms=9,
    )

    event = said(Handlers(Revisions(_with_models("beside", "strong"))).on_attempt_rejected(rejected, received()))

    assert (event.action, event.tier, event.reason) == (Action.UP, 3, Reason.DISAGREED)


def test_another_third_is_asked_where_attempts_and_models_are_left() -> None:
    fifth = Candidate(model="fifth", provider="azure")
    five = Plan(tiers=((SMALL, LARGE), (SECOND, fifth), (STRONG,)))
    told = failing(Reason.TIMEOUT, max_attempts=5)
    told = told.model_copy(update={"attempt": attempt(SECOND, 3, Role.AGREEMENT, 1, five)})

    event = said(Handlers(Revisions(_with_models("fifth", "strong"))).on_attempt_failed(told, received()))

    assert (event.action, event.doubted, event.rival) == (Action.AGREEMENT, FIRST, RIVAL)


def _with_models(*names: str, **lane: Any) -> Portfolio:
    document = critical(**lane)
    return document.model_copy(update={"models": document.models | dict.fromkeys(names, document.models["large"])})


def _accepted_by_third(tried: tuple[Tried, ...], given_by: int | None = None, number: int = 3) -> AttemptAccepted:
    return AttemptAccepted(
        request=asking(),
        attempt=attempt(SECOND, number, Role.AGREEMENT, 2, FOUR),
        tried=tried,
        answer=RIVAL if given_by else FIRST,
        checks=(CheckResult(name="agreement", verdict=Verdict.PASS),),
        verified=True,
        usage=Usage(output_tokens=8),
        cost=Cost(micro_usd=11),
        latency_ms=9,
        given_by=given_by,
    )


@pytest.mark.parametrize(("given_by", "model", "usage"), [(None, "small", OF_FIRST), (2, "large", OF_RIVAL)])
def test_the_end_names_the_model_whose_answer_it_is(given_by: int | None, model: str, usage: Usage) -> None:
    accepted = _accepted_by_third((IN_DOUBT, DIFFERED), given_by)

    end = said(handlers().on_attempt_accepted(accepted, received()))

    assert isinstance(end, RequestCompleted)
    assert (end.model, end.usage, end.attempts) == (model, usage, 3)
    assert end.cost_usd == "0.000023"


def test_what_a_third_took_and_no_judge_decided_is_at_hand_as_the_seconds() -> None:
    shown = differing(max_attempts=3).model_copy(
        update={
            "attempt": attempt(SECOND, 3, Role.AGREEMENT, 2, FOUR),
            "tried": (IN_DOUBT, DIFFERED),
            "answer": RIVAL,
            "look": Role.JUDGE,
            "reason": Reason.UNJUDGED,
            "rival": None,
            "given_by": 2,
        }
    )
    asked = said(handlers().on_attempt_doubted(shown, received()))
    assert (asked.action, asked.doubted, asked.tried[-1].given_by) == (Action.JUDGE, RIVAL, 2)

    undecided = shown.model_copy(
        update={
            "attempt": attempt(LARGE, 4, Role.JUDGE, 2, FOUR),
            "tried": asked.tried,
            "look": Role.PRIMARY,
            "reason": Reason.UNDECIDED,
            "given_by": None,
        }
    )
    end = said(handlers().on_attempt_doubted(undecided, received()))

    assert (end.status, end.model, end.usage) == ("unverified", "large", OF_RIVAL)


@pytest.mark.parametrize("state", [HELD, EXPIRED])
def test_a_timer_forgets_neither_answer_and_keeps_none_at_hand(state: str) -> None:
    asked = said(handlers().on_attempt_doubted(differing(), received()))
    due = Due(asked.request.request_id, state, 3, asked.to_json(), None, None, None, NOW)

    _, told = event_of(due)

    if isinstance(told, AttemptFailed):
        assert (told.doubted, told.rival) == (FIRST, RIVAL)
    else:
        assert told.reason == Reason.DEADLINE  # type: ignore[union-attr]  # a contradicted answer is no end


def _undispatched(**lane: Any) -> tuple[AttemptFailed, RequestEscalated]:
    """A third that no router took up, and what follows."""
    asking_more = Handlers(Revisions(_with_models("fifth", "strong", **lane)))
    fifth = Candidate(model="fifth", provider="azure")
    doubted = differing(Plan(tiers=((SMALL, LARGE), (SECOND, fifth), (STRONG,))), max_attempts=5)
    asked = said(asking_more.on_attempt_doubted(doubted, received()))
    _, told = event_of(Due(asked.request.request_id, HELD, 3, asked.to_json(), None, None, None, NOW))
    assert isinstance(told, AttemptFailed)
    return told, said(asking_more.on_attempt_failed(told, received()))


def test_a_third_that_was_never_dispatched_is_an_opinion_and_the_firsts_answer_stays_the_firsts() -> None:
    told, again = _undispatched()
    assert (told.attempt.role, again.action, again.rival) == (Role.AGREEMENT, Action.AGREEMENT, RIVAL)

    accepted = _accepted_by_third(again.tried, number=4)
    end = said(handlers().on_attempt_accepted(accepted, received()))

    assert (end.model, end.usage) == ("small", OF_FIRST)


def test_what_an_older_release_told_of_one_that_was_never_dispatched_is_no_answer() -> None:
    _, again = _undispatched()
    older = again.tried[-1].model_copy(update={"role": Role.PRIMARY})

    end = said(handlers().on_attempt_accepted(_accepted_by_third((*again.tried[:-1], older), number=4), received()))

    assert (end.model, end.usage) == ("small", OF_FIRST)


def test_what_another_model_contradicted_is_not_at_hand_where_the_seconds_answer_got_lost() -> None:
    lost = failing(Reason.TIMEOUT, max_attempts=2).model_copy(update={"rival": None})
    asked = said(handlers().on_attempt_doubted(differing(), received())).model_copy(update={"rival": None})

    failed = said(handlers().on_attempt_failed(lost, received()))
    _, expired = event_of(Due(asked.request.request_id, EXPIRED, 3, asked.to_json(), None, None, None, NOW))

    assert [type(end) for end in (failed, expired)] == [RequestFailed, RequestFailed]


def test_what_a_third_took_is_at_hand_where_its_judge_gives_nothing() -> None:
    taken = tried_of(attempt(SECOND, 3, Role.AGREEMENT, 2, FOUR), Reason.UNJUDGED, given_by=2)
    looks = tuple(tried_of(attempt(LARGE, number, Role.JUDGE, 2, FOUR), Reason.TIMEOUT) for number in (4, 5))
    told = failing(Reason.TIMEOUT, max_attempts=3).model_copy(
        update={
            "attempt": attempt(LARGE, 6, Role.JUDGE, 2, FOUR),
            "tried": (IN_DOUBT, DIFFERED, taken, *looks),
            "doubted": RIVAL,
            "rival": None,
        }
    )

    end = said(handlers().on_attempt_failed(told, received()))

    assert (end.status, end.model) == ("unverified", "large")
