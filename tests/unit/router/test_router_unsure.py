"""A request whose task is not known for sure begins with the strongest path, where the document wishes that."""

from typing import Any

import pytest
from routing import ALL, asking, options_of, portfolio, served

from schemas.attempt import Candidate
from schemas.example_request import LARGE, SECOND, SMALL
from schemas.models import Prior
from schemas.portfolio import Portfolio
from schemas.request import Request
from schemas.vocabulary import Action, Risk
from services.router.domain.choose import Chosen, choose_first, choose_next
from services.router.domain.planner import Planner
from services.router.domain.scores import NO_SCORES
from services.router.domain.unsure import WHY, when_unsure

SAFE = ("defaults/unsure", "strongest_first")
THREE = ("lanes/simple/tiers", [["small"], ["large"], ["second"]])


def unsure(**changes: Any) -> Request:
    profile = asking().profile.model_copy(update={"unsure": True, "task": "faq"})
    return asking(lane="simple", risk=Risk.LOW).model_copy(update={"profile": profile, **changes})


def first(request: Request, document: Portfolio, *alive: Candidate) -> Chosen:
    options = options_of(document, request, why_wait=served(alive or ALL))
    planned = Planner().planned(options, document, request, NO_SCORES, 0)
    chosen = choose_first(when_unsure(planned, document, request))
    assert chosen is not None
    return chosen


def test_the_strongest_path_is_asked_first_and_the_choice_says_why() -> None:
    chosen = first(unsure(), portfolio(SAFE, THREE))
    assert (chosen.candidate, chosen.tier, chosen.choice.why) == (SECOND, 2, WHY)


def test_a_sure_request_and_a_document_that_says_nothing_keep_the_cheapest_first() -> None:
    sure = asking(lane="simple", risk=Risk.LOW)
    assert first(sure, portfolio(SAFE, THREE)).candidate == SMALL
    assert first(unsure(), portfolio(THREE)).candidate == SMALL


def test_a_plan_of_what_was_learned_by_task_does_not_hold_for_a_guess() -> None:
    known = {name: {"success": 0.99, "answers": 500, "source": "made"} for name in ("small", "large", "second")}
    priors = [(f"models/{name}/priors", {"faq": Prior(**prior).model_dump()}) for name, prior in known.items()]
    document = portfolio(SAFE, THREE, *priors)
    sure = unsure().model_copy(update={"profile": unsure().profile.model_copy(update={"unsure": None})})
    assert first(sure, document).candidate == SMALL
    assert first(unsure(), document).candidate == SECOND


def test_the_strongest_is_the_strongest_with_a_worker() -> None:
    assert first(unsure(), portfolio(SAFE, THREE), SMALL, LARGE).candidate == LARGE


def test_where_one_tier_can_take_it_nothing_is_said_of_the_strongest() -> None:
    chosen = first(unsure(), portfolio(SAFE, THREE), SMALL)
    assert (chosen.candidate, chosen.choice.why) == (SMALL, "the cheapest eligible path")


@pytest.mark.parametrize("changes", [{"risk": Risk.HIGH}, {"lane": "critical"}, {"pinned_model": "small"}])
def test_where_being_wrong_is_dear_or_a_model_is_named_the_lane_keeps_its_own_plan(changes: dict[str, Any]) -> None:
    assert first(unsure(**changes), portfolio(SAFE, THREE)).choice.why != WHY


def test_what_follows_is_chosen_as_ever() -> None:
    document, request = portfolio(SAFE, THREE), unsure()
    options = when_unsure(options_of(document, request), document, request)
    following = choose_next(options, Action.SIDEWAYS, 0, ())
    assert following is not None
    assert following.candidate == SMALL
