"""Where a lane leaves agreement to the plan: asked for as long as it pays, and whenever anything is not known."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from knowing import EXPLORED, UNEXPLORED, Router, model
from routing import alive, portfolio, scored

from schemas.attempt import Candidate, Tried
from schemas.models import Confirmed, Prior
from schemas.portfolio import Lane, Portfolio
from schemas.vocabulary import Action, Reason, Risk, Role
from services.router.domain.beliefs import Path, believed
from services.router.domain.confirming import Weighed, weigh
from services.router.domain.roads import MOST_LOSS, Road
from services.router.domain.roads import _before as before  # pyright: ignore[reportPrivateUsage]

SOURCE = "backtest-1a2b3c"
PLANNED = {"agreement": {"when": "planned"}}
WAIVED = ("agreement",)
SLIGHTLY = 0.02
"""Of several roads that are nearly as good the planner goes on with those that are worth it."""


def prior(success: float, false_accepts: float, micro_usd: int, *confirmed: Any) -> dict[str, Any]:
    """``confirmed``: by whom, and what shares are right and wrong then."""
    told = dict(zip(("by", "success", "false_accepts"), confirmed, strict=True)) if confirmed else None
    shares = {"success": success, "false_accepts": false_accepts, "confirmed": told}
    return {"faq": {"answers": 50, "micro_usd": micro_usd, "source": SOURCE, **shares}}


# A small one that is often wrong, whom the middle one agrees with seldom when it is; nobody confirms the large one.
TRUE_PAIR = prior(0.9, 0.1, 50, "second", 0.88, 0.01)
BLIND_PAIR = prior(0.5, 0.5, 50, "second", 0.48, 0.4)


def seeded(small: dict[str, Any], *changes: tuple[str, Any], bar: float | None = None) -> Portfolio:
    told = (
        ("models/small/priors", small),
        ("models/second/priors", prior(0.93, 0.07, 100, "large", 0.91, 0.01)),
        ("models/large/priors", prior(0.99, 0.01, 3_000)),
        ("lanes/simple/tiers", [["small"], ["second"], ["large"]]),
        ("lanes/simple/checks", ["format", PLANNED]),
        ("lanes/simple/max_attempts", 4),
        ("lanes/simple/bar", {"success": bar}),
    )
    return portfolio(*told, *changes)


def asked(found: Portfolio, *scores: Any, **changes: Any) -> Any:
    return Router(*scores, found=found).first(**changes)


def test_agreement_is_kept_where_it_is_what_clears_the_bar() -> None:
    event = asked(seeded(TRUE_PAIR, bar=0.92))

    assert (model(event), event.attempt.plan.waives) == ("small", ())
    assert "clears a bar of 92.0%: small with second → large: success 98.9%" in event.choice.why
    assert "agreement kept: without it large: success 99.0%" in event.choice.why
    assert "would cost more (second agrees with 10.0% of the wrong answers of small, and not with 2.2%" in (
        event.choice.why
    )


def test_agreement_is_refused_where_one_alone_clears_the_bar_for_less() -> None:
    event = asked(seeded(TRUE_PAIR, bar=0.8))

    assert (model(event), event.attempt.plan.waives) == ("small", WAIVED)
    assert "agreement refused: with it small with second → large" in event.choice.why
    assert "would cost more" in event.choice.why


def with_a_twin() -> Router:
    """The small model stands at two providers, at one price."""
    place = {"adapter": "openai_compatible", "base_url": "${LOCAL_MODEL_URL}", "region": "on-premises"}
    ends = [{"provider": at, "model": "m", "price": {"usd_per_hour": "0.05"}} for at in ("local", "twin")]
    found = seeded(TRUE_PAIR, ("providers/twin", place), ("models/small/endpoints", ends), bar=0.8)
    return Router(found=found, standing=alive("local", "azure", "mistral", "twin"))


def test_what_the_plan_waives_it_waives_for_an_equal_of_its_path() -> None:
    router = with_a_twin()
    events = [router.first(request_id=UUID(int=10_000 * each + UNEXPLORED.int)) for each in range(30)]

    assert {event.attempt.provider for event in events} == {"local", "twin"}
    assert {event.attempt.plan.waives for event in events} == {WAIVED}


def test_what_the_plan_waives_it_waives_for_the_equal_that_is_asked_next() -> None:
    router = with_a_twin()
    first = router.first(request_id=UNEXPLORED).attempt
    met = {"model": first.model, "provider": first.provider, "reason": Reason.RATE_LIMITED}
    refused = Tried(number=1, role=Role.PRIMARY, tier=0, **met)
    beside = router.next(Action.SIDEWAYS, 0, refused, request_id=UNEXPLORED).attempt

    assert {first.provider, beside.provider} == {"local", "twin"}
    assert beside.plan.waives == WAIVED


def test_agreement_that_believes_the_same_mistakes_is_refused() -> None:
    event = asked(seeded(BLIND_PAIR, ("models/second/priors", prior(0.5, 0.5, 100, "large", 0.49, 0.1)), bar=0.9))

    assert (model(event), event.attempt.plan.waives) == ("large", WAIVED)
    assert "agreement refused: with it small with second → large: success 59.9%" in event.choice.why
    assert "would not clear the bar (second agrees with 80.0% of the wrong answers of small" in event.choice.why


def test_without_a_bar_the_plan_is_held_to_what_agreement_achieves() -> None:
    assert asked(seeded(TRUE_PAIR)).attempt.plan.waives == ()
    useless = prior(0.97, 0.001, 50, "second", 0.05, 0.0)
    assert asked(seeded(useless)).attempt.plan.waives == WAIVED


def test_whatever_is_not_known_asks_for_agreement() -> None:
    unmeasured = asked(seeded(prior(0.9, 0.1, 50), bar=0.8))
    another = asked(seeded(prior(0.9, 0.1, 50, "large", 0.88, 0.01), bar=0.8))
    guessed = asked(seeded({"faq": {**TRUE_PAIR["faq"], "source": None}}, bar=0.8))

    for event in (unmeasured, another, guessed):
        assert (model(event), event.attempt.plan.waives) == ("small", ())
    assert "agreement always: no recorded answers say what it is worth, of small and who" in unmeasured.choice.why
    assert "agreement always: no recorded answers say what it is worth, of small and who" in another.choice.why
    assert "agreement always: no recorded answers say how often small is wrong" in guessed.choice.why


def test_a_model_that_does_worse_than_recorded_is_confirmed_again() -> None:
    worse, as_ever = scored("small", good=70, bad=30, micro_usd=50), scored("small", good=86, bad=14, micro_usd=50)

    assert asked(seeded(TRUE_PAIR, bar=0.8), as_ever).attempt.plan.waives == WAIVED
    event = asked(seeded(TRUE_PAIR, bar=0.8), worse)
    assert event.attempt.plan.waives == ()
    assert "agreement always: small does worse than recorded" in event.choice.why


AT_TIMES = ["not_empty", "not_cut_off", "not_refused", "schema", "tool_calls", "demands", "vectors", "arithmetic"]
SURE_SECOND = ("models/second/priors", prior(0.95, 0.01, 100, "large", 0.93, 0.005))
POOR = prior(0.3, 0.6, 50, "second", 0.28, 0.1)


def test_who_is_passed_to_does_no_worse_than_recorded_either() -> None:
    """Nobody asks the small one here, so that it is the second's answer that nobody would have to confirm."""
    found = seeded(POOR, SURE_SECOND, bar=0.85)
    assert (model(asked(found)), asked(found).attempt.plan.waives) == ("second", WAIVED)

    for bad in (30, 60, 90):
        event = asked(found, scored("second", good=100 - bad, bad=bad, micro_usd=100))
        assert event.attempt.plan.waives == ()
        assert "agreement always: second does worse than recorded" in event.choice.why


def test_no_answer_is_given_unconfirmed_of_one_who_settles_and_does_worse() -> None:
    """It ends no road then on which nobody must agree; it is asked when nothing else is left, and confirmed."""
    found, fewer = seeded(TRUE_PAIR, bar=0.8), scored("large", good=20, bad=80, micro_usd=3_000)
    assert "large" in asked(found).choice.why.split("the cheapest plan")[1].split(": success")[0]

    event = asked(found, fewer)
    assert event.attempt.plan.waives == WAIVED
    assert "the cheapest plan that clears a bar of 80.0%: small → second: success" in event.choice.why
    tried = [Tried(number=1, role=Role.PRIMARY, tier=0, model="small", provider="local", reason=Reason.TIMEOUT)]
    tried.append(Tried(number=2, role=Role.PRIMARY, tier=1, model="second", provider="mistral", reason=Reason.TIMEOUT))
    last = Router(fewer, found=found).next(Action.UP, 2, *tried)
    assert (model(last), last.attempt.plan.waives) == ("large", ())


def test_what_is_expected_of_one_who_does_worse_is_what_live_answers_say() -> None:
    event = asked(seeded(TRUE_PAIR, bar=0.92), scored("large", good=60, bad=40, micro_usd=3_000))

    assert (model(event), event.attempt.plan.waives) == ("small", ())
    assert "small with second → large: success 94.6%" in event.choice.why, "60 % of what the two leave open"


@pytest.mark.parametrize("others", [[], ["format"], [{"citations": {"min": 1}}], AT_TIMES])
def test_a_bar_on_answers_that_nothing_vouches_for_keeps_agreement_where_nothing_else_does(others: list[Any]) -> None:
    checks, bar = ("lanes/simple/checks", [PLANNED, *others]), {"success": 0.8, "compliance_risk": 5}
    assert asked(seeded(TRUE_PAIR, checks, bar=0.8)).attempt.plan.waives == WAIVED

    event = asked(seeded(TRUE_PAIR, checks, ("lanes/simple/bar", bar)))
    assert (model(event), event.attempt.plan.waives) == ("small", ())
    assert "agreement always: the lane has a bar on compliance_risk, and no other check vouches for" in event.choice.why


@pytest.mark.parametrize("other", [{"words": {"less_than": 90}}, {"judge": {"ask": ["large"]}}])
def test_a_bar_on_answers_that_nothing_vouches_for_is_kept_by_another_check(other: Any) -> None:
    bar = ("lanes/simple/bar", {"success": 0.8, "compliance_risk": 5})

    assert asked(seeded(TRUE_PAIR, ("lanes/simple/checks", [PLANNED, other]), bar)).attempt.plan.waives == WAIVED


def test_where_being_wrong_is_dear_agreement_is_never_waived() -> None:
    assert asked(seeded(TRUE_PAIR, bar=0.8), risk=Risk.HIGH).attempt.plan.waives == ()
    assert asked(seeded(TRUE_PAIR, ("lanes/simple/priority", 1), bar=0.8)).attempt.plan.waives == ()
    assert asked(seeded(TRUE_PAIR, ("lanes/simple/checks", ["agreement"]), bar=0.8)).attempt.plan.waives == ()
    assert asked(seeded(TRUE_PAIR, ("lanes/simple/learns", False), bar=0.8)).attempt.plan.waives == ()


def test_some_answers_are_confirmed_all_the_same_so_that_its_worth_goes_on_being_learned() -> None:
    event = asked(seeded(TRUE_PAIR, ("lanes/simple/explore", 0.02), bar=0.8), request_id=EXPLORED)

    assert (model(event), event.attempt.plan.waives) == ("small", ())
    assert event.choice.why.startswith("explored: some answers are confirmed all the same: small with second → large")


def test_a_path_that_the_plan_did_not_weigh_is_confirmed() -> None:
    router = Router(found=seeded(TRUE_PAIR, ("lanes/simple/tiers", [["small", "second"], ["large"]]), bar=0.8))
    tried = Tried(number=1, role=Role.PRIMARY, tier=0, model="small", provider="local", reason=Reason.TIMEOUT)

    assert router.first().attempt.plan.waives == WAIVED
    event = router.next(Action.SIDEWAYS, 0, tried)

    assert (model(event), event.attempt.plan.waives) == ("second", ())


def test_a_lane_that_always_asks_for_agreement_believes_what_is_left_then() -> None:
    found = seeded(TRUE_PAIR, ("lanes/simple/checks", ["format", "agreement"]))

    assert "small with second → large: success 98.9%" in asked(found).choice.why


def test_the_same_request_is_planned_alike_by_every_router() -> None:
    found = seeded(TRUE_PAIR, bar=0.8)

    assert asked(found) == asked(found)
    assert Router(found=found, standing=alive()).first().attempt.plan.waives == WAIVED


shares = st.floats(0.02, 0.98)
costs = st.floats(1, 10_000)


@st.composite
def recorded(draw: st.DrawFn, name: str, by: str | None, least: float = 0) -> tuple[Path, Prior]:
    """``least``: right at least so often, alone, and of that so much where another agrees."""
    success = draw(st.floats(max(0.02, least), 0.98))
    false_accepts = draw(st.floats(0, 1)) * (1 - success)
    confirmed = by and Confirmed(
        by=by, success=success * draw(st.floats(least, 1)), false_accepts=false_accepts * draw(st.floats(0, 1))
    )
    its = Prior(success=success, false_accepts=false_accepts, answers=50, source=SOURCE, confirmed=confirmed or None)
    return believed(Candidate(model=name, provider="any"), None, its, round(draw(costs))), its


lanes = st.builds(
    lambda bar, most: Lane.of({"tiers": [["any"]], "bar": {"success": bar}, "max_attempts": most}),
    st.none() | shares,
    st.integers(2, 5),
)


@given(recorded("a", "b"), recorded("b", "c"), recorded("c", None), lanes)
def test_the_plan_is_the_cheapest_that_clears_the_bar_and_never_weaker_than_the_lane_demands(
    first: tuple[Path, Prior], second: tuple[Path, Prior], third: tuple[Path, Prior], lane: Lane
) -> None:
    found = (first, second, third)
    weighed = weigh([[path] for path, _ in found], lane, {path.candidate: its for path, its in found}, {})
    assert isinstance(weighed, Weighed)
    usual, *others = every_road(found, lane.max_attempts)
    wanted = lane.bar.success if lane.bar.success is not None else usual.least - MOST_LOSS

    assert weighed.waives == (weighed.picked.road.second is None)
    assert weighed.picked.clears == (weighed.picked.road.least >= wanted)
    clear = [road for road in (usual, *others) if road.least >= wanted + SLIGHTLY]
    assert weighed.picked.clears or not clear
    if clear:
        assert weighed.picked.road.micro_usd <= min(road.micro_usd for road in clear) * (1 + SLIGHTLY)
    elif not weighed.picked.clears:
        assert weighed.picked.road.least >= max(usual.least, *(road.least for road in others)) - SLIGHTLY


known = st.tuples(recorded("a", "b", 0.6), recorded("b", "c", 0.6), recorded("c", None, 0.6))


@given(known, lanes, st.sets(st.sampled_from("abc"), min_size=1))
def test_nobody_who_is_always_wrong_of_late_answers_alone_or_is_one_of_two_whose_agreement_is_believed(
    found: tuple[tuple[Path, Prior], ...], lane: Lane, wrong: set[str]
) -> None:
    failing = scored("small", bad=200)
    scores = {path.candidate: failing for path, _ in found if path.candidate.model in wrong}
    weighed = weigh([[path] for path, _ in found], lane, {path.candidate: its for path, its in found}, scores)

    assert isinstance(weighed, Weighed) == (wrong == {"c"})
    if isinstance(weighed, Weighed):
        road = weighed.picked.road
        told = road.paths if road.second is None else (road.paths[0], road.second)
        assert not wrong & {path.candidate.model for path in told}


def every_road(found: Any, most: int) -> list[Road]:
    """The pairs that the router would ask, what the lane has always first, and all that end with the strongest."""
    (a, of_a), (b, of_b), (c, _) = found
    last = before(c, None)
    pairs = [before(agreed(a, of_a), last if most > 2 else None, b), before(agreed(b, of_b), None, c)]
    through = [before(a, before(b, last))] if most > 2 else []
    return [*pairs, last, before(b, last), before(a, last), *through]


def agreed(path: Path, its: Prior) -> Path:
    assert its.confirmed is not None
    right, wrong = its.confirmed.success, its.confirmed.false_accepts
    return replace(path, success=right, variance=right * (1 - right) / 51, accepted=right + wrong)
