"""Who settles what two models differ on: another model, below one that is left to answer, and for less."""

from typing import Any

import pytest
from routing import NOW, alive, asking, nothing_against, options_of, portfolio, served
from test_router_handlers import DEADLINE, Revisions, said

from schemas.attempt import AttemptDispatched, AttemptFailed, Candidate, Tried
from schemas.content import body_of
from schemas.example_request import LARGE, SECOND, SMALL, question
from schemas.outcome import RequestEscalated
from schemas.reaction import Received
from schemas.vocabulary import Action, Reason, Role
from services.router.domain.choose import Chosen, choose_third
from services.router.domain.standing import StandingView
from services.router.handlers import Handlers

STRONG = Candidate(model="strong", provider="azure")
FOUR = [["small"], ["large"], ["second"], ["strong"]]
RECEIVED = Received("request.escalated", 0, 7, NOW)
FIRST, RIVAL = (body_of(f'{{"message":{{"content":"{text}"}},"finish_reason":"stop"}}'.encode()) for text in "ab")


def document(tiers: list[list[str]] = FOUR, strong: str = "20") -> Any:
    """``strong`` answers where all differ; ``second`` costs 2 a million tokens, and ``large`` 2.5."""
    return portfolio(
        ("models/strong", {**_model("strong", strong)}),
        ("models/second", _model("second", "2", "mistral")),
        ("lanes/critical/tiers", tiers),
    )


def _model(name: str, price: str, provider: str = "azure") -> dict[str, Any]:
    endpoint = {"provider": provider, "model": name, "price": {"input": price, "output": price}}
    abilities = ["chat", "json"]
    told = {"kind": "api", "owner": "p", "context_tokens": 128_000, "abilities": abilities}
    return {**told, "endpoints": [endpoint]}


def tried(*, spent: int = 0, third: Reason | None = None) -> tuple[Tried, ...]:
    """The first answer, the one that differs, and what became of a third."""
    found = [_tried(1, SMALL, Role.PRIMARY, Reason.DOUBTED, spent), _tried(2, LARGE, Role.AGREEMENT, Reason.DISAGREED)]
    return (*found, *([_tried(3, SECOND, Role.AGREEMENT, third)] if third else []))


def _tried(number: int, path: Candidate, role: Role, reason: Reason, spent: int = 0) -> Tried:
    where = {"model": path.model, "provider": path.provider}
    return Tried(number=number, role=role, tier=number - 1, reason=reason, cost_micro_usd=spent, **where)


def chosen(tiers: list[list[str]] = FOUR, strong: str = "20", spare: int | None = None, **more: Any) -> Chosen | None:
    found = document(tiers, strong)
    options = options_of(found, asking(revision=found.digest()), nothing_against, more.get("why_wait", nothing_against))
    return choose_third(options, more.get("action", Action.AGREEMENT), 0, more.get("tried", tried()), spare)


def test_a_third_is_a_model_that_was_not_asked_below_one_that_is_left() -> None:
    third = chosen()

    assert third is not None
    assert (third.candidate, third.tier, third.role) == (SECOND, 2, Role.AGREEMENT)
    assert third.choice.why == "two models differ, and a third is asked for less than a stronger one"
    assert third.of_pair is None, "what the plan says of two says nothing of a third"


@pytest.mark.parametrize(
    "changes",
    [
        {"tiers": [["small"], ["large"], ["second"]]},
        {"tiers": [["small"], ["large"], ["second", "strong"]]},
        {"strong": "1"},
        {"why_wait": served([SMALL, LARGE, STRONG])},
        {"tried": tried(third=Reason.TIMEOUT)},
        {"tried": tried(third=Reason.RATE_LIMITED)},
    ],
    ids=["nobody above", "only beside", "for more than the stronger", "no worker", "asked", "turned away"],
)
def test_where_nobody_is_left_for_less_no_third_is_asked(changes: dict[str, Any]) -> None:
    assert chosen(**changes) is None


def test_one_who_was_turned_away_for_the_moment_is_asked_after_the_wait() -> None:
    third = chosen(action=Action.AGAIN, tried=tried(third=Reason.RATE_LIMITED))

    assert third is not None
    assert third.candidate == SECOND


def test_a_third_takes_no_money_that_the_stronger_one_would_need() -> None:
    cost = {path: chosen_cost for path, chosen_cost in _costs().items() if path in (SECOND, STRONG)}
    enough = sum(cost.values())

    assert chosen(spare=enough) is not None
    assert chosen(spare=enough - 1) is None


def _costs() -> dict[Candidate, int]:
    found = document()
    return options_of(found, asking(revision=found.digest())).costs


def escalated(**changes: Any) -> RequestEscalated:
    found = document()
    return RequestEscalated(
        request=asking(revision=found.digest(), max_attempts=4, **changes),
        body=question(),
        number=3,
        action=Action.AGREEMENT,
        reason=Reason.DISAGREED,
        detail="two models came to different answers",
        tier=0,
        plan=options_of(found, asking(revision=found.digest())).plan,
        tried=tried(),
        attempt_deadline_at=DEADLINE,
        doubted=FIRST,
        rival=RIVAL,
    )


def handlers(view: StandingView | None = None) -> Handlers:
    return Handlers(Revisions({document().digest(): document()}), view or alive())


def test_the_third_is_dispatched_with_both_answers() -> None:
    event = said(handlers().on_request_escalated(escalated(), RECEIVED))

    assert isinstance(event, AttemptDispatched)
    assert (event.attempt.model, event.attempt.role, event.attempt.number) == ("second", Role.AGREEMENT, 3)
    assert (event.doubted, event.rival) == (FIRST, RIVAL)


@pytest.mark.parametrize(
    ("view", "budget"),
    [(alive("local", "azure"), None), (alive(), 10)],
    ids=["its provider has no worker", "its price is beyond the budget"],
)
def test_where_no_third_is_to_be_had_escalation_is_told_and_moves_it_up(view: StandingView, budget: int | None) -> None:
    event = said(handlers(view).on_request_escalated(escalated(budget_micro_usd=budget), RECEIVED))

    assert isinstance(event, AttemptFailed)
    assert (event.reason, event.attempt.role) == (Reason.NO_ELIGIBLE_MODEL, Role.AGREEMENT)
    assert event.detail.startswith("no third model that is to be had now")
    assert (event.doubted, event.rival) == (FIRST, RIVAL)
