"""The router follows a plan where models are scored, explains it, and pins it to the request's moment."""

from typing import Any

import pytest
from knowing import EXPLORED, LATER, Router, model
from routing import alive, portfolio, scored, shut

from schemas.attempt import Tried
from schemas.example_request import LARGE
from schemas.vocabulary import Action, Reason, Risk, Role
from services.router.domain.scores import SETTLED

SICK = (scored("small", bad=60, micro_usd=900), scored("large", good=60, bad=2, micro_usd=3_000))
SOUND = (scored("small", good=95, bad=5, micro_usd=20), scored("large", good=60, bad=2, micro_usd=3_000))


def tried(number: int, tier: int, name: str, provider: str, reason: Reason = Reason.CHECK_FAILED) -> Tried:
    return Tried(number=number, role=Role.PRIMARY, tier=tier, model=name, provider=provider, reason=reason)


def test_without_scores_of_the_task_everything_is_as_it_was() -> None:
    plain = Router().first()

    assert Router(scored("small", bad=90, task="translation")).first() == plain
    assert plain.choice.scores is None


def test_a_model_that_does_well_is_asked_first_and_the_choice_says_why() -> None:
    event = Router(*SOUND).first()

    assert model(event) == "small"
    assert event.choice.why.startswith("the cheapest plan that clears what the tiers in order achieve: small → large:")
    assert "success 99" in event.choice.why
    assert "; runner-up large: success 95" in event.choice.why
    assert event.choice.scores == "2026-03-02T09:00:00.000000Z"


def test_a_choice_tells_how_hard_the_task_is_for_each_tier() -> None:
    assert "; predicted success by tier: 1 small 94.1%, 2 large 95.3%; scores of" in Router(*SOUND).first().choice.why
    sick = Router(scored("small", bad=60, micro_usd=900)).first().choice.why
    assert "; predicted success by tier: 1 small 1.6%, 2 large 50.0% (a guess); scores of" in sick


def test_a_model_that_got_worse_loses_its_traffic_and_the_choice_says_why() -> None:
    event = Router(*SICK).first()

    assert model(event) == "large"
    assert event.attempt.plan.tiers == ((), (LARGE,))
    (excluded,) = event.choice.excluded
    assert (excluded.model, excluded.why) == (
        "small", "passed over by the plan: expected success 1.6% (60 answers known)",
    )  # fmt: skip
    assert "runner-up small → large" in event.choice.why


def test_the_same_event_again_gives_the_same_choice_whatever_came_since() -> None:
    router = Router(*SOUND)
    first = router.first()
    for each in SICK:
        router.scores.apply_score(each.model_copy(update={"sequence": 2, "scored_at": LATER}))

    assert router.first() == first
    assert model(router.first(admitted_at=LATER + SETTLED)) == "large"


def test_what_the_plan_passes_over_is_taken_when_nothing_else_is_left() -> None:
    assert model(Router(*SICK, standing=shut(LARGE)).first()) == "small"
    no_worker = alive("local")
    assert model(Router(*SICK, standing=no_worker).first()) == "small"


def test_an_escalation_goes_on_along_the_plan() -> None:
    event = Router(*SOUND).next(Action.UP, 1, tried(1, 0, "small", "local"))

    assert model(event) == "large"
    assert event.choice.why == "the plan's next path, a tier up"


def test_a_lane_that_does_not_learn_follows_its_tiers() -> None:
    event = Router(*SICK, found=portfolio(("lanes/simple/learns", False))).first()

    assert event == Router(found=portfolio(("lanes/simple/learns", False))).first()
    assert model(event) == "small"


def test_a_client_that_names_a_model_gets_it() -> None:
    assert model(Router(*SICK).first(pinned_model="small")) == "small"


def test_few_requests_explore_what_is_least_known() -> None:
    router = Router(*SICK)

    event = router.first(request_id=EXPLORED)

    assert model(event) == "small"
    assert event.choice.why.startswith("explored: some requests go to the path of which least is known")
    assert event.choice.excluded == ()
    assert model(router.first()) == "large"


@pytest.mark.parametrize(
    "changes",
    [("lanes/simple/priority", 1), ("tasks/faq/risk", "high"), ("lanes/simple/explore", 0.0)],
    ids=["a critical lane", "a task of high risk", "a lane that explores nothing"],
)
def test_where_being_wrong_is_dear_nothing_is_explored(changes: tuple[str, Any]) -> None:
    router = Router(*SICK, found=portfolio(changes))

    assert model(router.first(request_id=EXPLORED)) == "large"


def test_a_request_of_high_risk_explores_nothing() -> None:
    assert model(Router(*SICK).first(request_id=EXPLORED, risk=Risk.HIGH)) == "large"


def test_a_lane_with_a_bar_says_whether_a_plan_clears_it() -> None:
    lax, strict = (portfolio(("lanes/simple/bar", {"success": bar})) for bar in (0.8, 0.999))

    assert "clears a bar of 80.0%" in Router(*SOUND, found=lax).first().choice.why
    assert "no plan clears a bar of 99.9%; the surest one" in Router(*SOUND, found=strict).first().choice.why


def test_a_path_that_may_not_see_the_data_is_in_no_plan() -> None:
    known = [scored(name, good=90, task="faq") for name in ("small", "large", "second")]
    both = portfolio(("lanes/simple/tiers", [["small"], ["large", "second"]]))

    event = Router(*known, found=both).first(data_class="restricted")

    assert (model(event), event.attempt.plan.tiers[1]) == ("small", ())
