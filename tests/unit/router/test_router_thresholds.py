"""How alike two answers must be, left to the plan: by what is known of answers, and never where being wrong is dear."""

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from knowing import Router, model
from routing import alive, portfolio, scored

from schemas.attempt import Candidate, Tried
from schemas.models import BUCKETS, Confirmed, Curve, Prior, bucket_of
from schemas.portfolio import Portfolio
from schemas.standing import ModelScored, ScoreCurve
from schemas.vocabulary import Action, Reason, Risk, Role
from services.router.domain.beliefs import Path, believed
from services.router.domain.thresholds import EDGES, Wanting, agreed, errors_of

SOURCE = "backtest-1a2b3c"
THRESHOLD = {"agreement": {"threshold": "planned"}}
DOUBTED = Tried(number=1, role=Role.PRIMARY, tier=0, model="small", provider="local", reason=Reason.DOUBTED)


def spread(**by_score: float) -> list[float]:
    """What stands at these scores, as in ``at_30=0.1``."""
    found = [0.0] * BUCKETS
    for name, share in by_score.items():
        found[bucket_of(int(name.removeprefix("at_")) / 100)] += share
    return found


def prior(micro_usd: int, by: str | None, right: list[float], wrong: list[float], **more: Any) -> dict[str, Any]:
    """A model whose answers are right and wrong like this, by how alike they are to another's."""
    at_usual = {"success": sum(right[10:]), "false_accepts": sum(wrong[10:])}
    confirmed = {"by": by, **at_usual, "curve": {"right": right, "wrong": wrong}} if by else None
    alone = {"success": sum(right), "false_accepts": sum(wrong)}
    return {"faq": {"answers": 50, "micro_usd": micro_usd, "source": SOURCE, **alone, "confirmed": confirmed, **more}}


# Two who write few texts alike: what is right is mostly alike by a third, and what is wrong hardly at all.
TEXTS = prior(50, "second", spread(at_30=0.7, at_90=0.1), spread(at_5=0.15, at_30=0.01))
# Two who make the same mistakes, but not on the same way: what is wrong is alike by 60, what is right by 90.
SUMS = prior(50, "second", spread(at_60=0.05, at_90=0.8), spread(at_60=0.12, at_90=0.01))
# They say the same whatever it is worth.
BLIND = prior(50, "second", spread(at_90=0.6), spread(at_90=0.4))


def seeded(small: dict[str, Any], *changes: tuple[str, Any], bar: float | None = None, check: Any = None) -> Portfolio:
    told = (
        ("models/small/priors", small),
        ("models/second/priors", prior(100, "large", spread(at_90=0.9), spread(at_5=0.1))),
        ("models/large/priors", prior(3_000, None, spread(at_90=0.97), spread(at_90=0.03))),
        ("lanes/simple/tiers", [["small"], ["second"], ["large"]]),
        ("lanes/simple/checks", ["format", check or THRESHOLD]),
        ("lanes/simple/max_attempts", 4),
        ("lanes/simple/bar", {"success": bar}),
    )
    return portfolio(*told, *changes)


def alike(found: Portfolio, *scores: Any, **changes: Any) -> tuple[dict[str, float], str]:
    """What the second one is told that is asked to agree, and why the first one was asked."""
    router = Router(*scores, found=found)
    first = router.first(**changes)
    assert model(first) == "small"
    assert first.attempt.plan.thresholds == {}, "of the first one's answer alone nothing is compared"
    event = router.next(Action.AGREEMENT, 0, DOUBTED, **changes)
    assert event.attempt.role == Role.AGREEMENT
    return event.attempt.plan.thresholds, first.choice.why


def test_it_is_lowered_where_what_is_less_alike_is_right_too() -> None:
    told, why = alike(seeded(TEXTS, bar=0.8))

    assert told == {"agreement": 0.3}
    assert "small with second (0.3 alike)" in why
    assert "threshold 0.3: 1.0% wrong and agreed with, 0.0% right and not (50 answers known)" in why
    assert "0.0% and 70.0% with the fixed 0.5" in why


@pytest.mark.parametrize(("price", "thresholds"), [("0.05", {"agreement": 0.3}), ("0.06", {})])
def test_what_is_known_of_two_holds_for_an_equal_of_the_first_and_for_no_other(
    price: str, thresholds: dict[str, float]
) -> None:
    place = {"adapter": "openai_compatible", "base_url": "${LOCAL_MODEL_URL}", "region": "on-premises"}
    prices = {"local": "0.05", "twin": price}
    ends = [{"provider": at, "model": "m", "price": {"usd_per_hour": each}} for at, each in prices.items()]
    found = seeded(TEXTS, ("providers/twin", place), ("models/small/endpoints", ends), bar=0.8)
    router = Router(found=found, standing=alive("local", "azure", "mistral", "twin"))
    doubted = DOUBTED.model_copy(update={"provider": "twin"})
    assert router.next(Action.AGREEMENT, 0, doubted).attempt.plan.thresholds == thresholds


def test_it_is_raised_where_the_bar_is_not_cleared_without() -> None:
    assert alike(seeded(SUMS, bar=0.7))[0] == {"agreement": 0.5}
    told, why = alike(seeded(SUMS, bar=0.93))

    assert told == {"agreement": pytest.approx(0.65)}
    assert "threshold 0.65: 1.0% wrong and agreed with, 5.0% right and not" in why


def test_two_who_say_the_same_whatever_is_right_are_not_believed_where_that_breaks_the_bar() -> None:
    """In a lane that asks for agreement always: then no answer is alike enough, and the strongest one settles all."""
    told, why = alike(seeded(BLIND, bar=0.9))

    assert told == {"agreement": 0.95}
    assert "threshold 0.95: 0.0% wrong and agreed with, 60.0% right and not" in why
    assert alike(seeded(BLIND, bar=0.3))[0] == {"agreement": 0.5}


@pytest.mark.parametrize(
    "changes",
    [[("lanes/simple/priority", 1)], [("lanes/simple/bar", {"success": 0.8, "compliance_risk": 5})]],
)
def test_it_is_never_lowered_where_being_wrong_is_dear(changes: list[tuple[str, Any]]) -> None:
    dear = seeded(TEXTS, *changes, bar=0.8) if changes[0][0].endswith("priority") else seeded(TEXTS, *changes)
    first = Router(found=dear).first()

    assert "0.3 alike" not in first.choice.why
    assert "0.3 alike" not in Router(found=seeded(TEXTS, bar=0.8)).first(risk=Risk.HIGH).choice.why


def test_a_lane_that_does_not_leave_it_to_the_plan_has_its_own() -> None:
    for check in ("agreement", {"agreement": {"threshold": 0.4}}, {"agreement": {"when": "always"}}):
        event = Router(found=seeded(TEXTS, bar=0.8, check=check)).next(Action.AGREEMENT, 0, DOUBTED)
        assert event.attempt.plan.thresholds == {}


def test_with_few_known_answers_the_fixed_one_stays() -> None:
    few = {"faq": {**TEXTS["faq"], "answers": 20}}
    told, why = alike(seeded(few, bar=0.2))

    assert told == {}
    assert "threshold 0.5, the fixed one: fewer than 30 answers are known" in why


def test_nothing_is_said_of_two_who_were_not_weighed() -> None:
    of_another = DOUBTED.model_copy(update={"model": "second", "provider": "mistral", "tier": 1})

    assert Router(found=seeded(TEXTS, bar=0.8)).next(Action.AGREEMENT, 1, of_another).attempt.plan.thresholds == {}


def test_agreement_and_its_threshold_may_both_be_left_to_the_plan() -> None:
    both = {"agreement": {"when": "planned", "threshold": "planned"}}
    router = Router(found=seeded(SUMS, bar=0.93, check=both))

    assert router.first().attempt.plan.waives == ()
    assert router.next(Action.AGREEMENT, 0, DOUBTED).attempt.plan.thresholds == {"agreement": pytest.approx(0.65)}
    assert Router(found=seeded(TEXTS, bar=0.6, check=both)).first().attempt.plan.waives == ("agreement",)


def live(right: list[float], wrong: list[float], seen: list[float] | None = None, answers: float = 100) -> ModelScored:
    """What the ledger says of small's answers; ``right`` and ``wrong`` are counts."""
    seen = seen or [yes + no for yes, no in zip(right, wrong, strict=True)]
    curve = ScoreCurve(
        check="agreement", by="second", answers=answers, seen=tuple(seen), right=tuple(right), wrong=tuple(wrong)
    )
    return scored("small", good=80, bad=20, micro_usd=50).model_copy(update={"curves": (curve,)})


def test_labels_of_live_answers_count_beside_what_was_recorded() -> None:
    """Recorded answers say that what is alike by a third is right; people say of 60 since that it is not."""
    told, _ = alike(seeded(TEXTS, bar=0.8), live(spread(at_30=4, at_90=8), spread(at_5=15, at_30=60)))
    assert told.get("agreement", 0.5) > 0.3


def test_labels_that_contradict_what_was_recorded_let_go_of_it_and_others_do_not() -> None:
    """Recorded answers say that of what is alike by 90 one in eighty is wrong."""
    its = Prior(**SUMS["faq"])

    as_recorded = errors_of(its, live(spread(at_90=40), spread()), "second")
    worse = errors_of(its, live(spread(at_90=20), spread(at_90=20)), "second")

    assert as_recorded and as_recorded.answers == 90
    assert worse and worse.answers == pytest.approx(40, abs=0.01), "the labels alone"
    assert errors_of(its, live(spread(at_90=8), spread(at_90=8)), "second") is None, "too few to plan by"


def test_live_labels_alone_will_do() -> None:
    unknown = {"faq": {"success": 0.8, "answers": 50, "micro_usd": 50, "source": SOURCE}}
    told, why = alike(seeded(unknown, bar=0.8), live(spread(at_30=70, at_90=10), spread(at_5=15, at_30=1)))

    assert told == {"agreement": 0.3}
    assert "(96 answers known)" in why


def test_what_is_alike_seldomer_than_recorded_is_planned_by_live_scores_alone() -> None:
    assert alike(seeded(SUMS, bar=0.93), live(spread(), spread(), seen=spread(at_60=15, at_90=80)))[0] != {}
    told, why = alike(seeded(SUMS, bar=0.93), live(spread(), spread(), seen=spread(at_5=60, at_90=20)))

    assert told == {}
    assert "threshold 0.5, the fixed one: answers are alike seldomer than recorded" in why


shares = st.lists(st.floats(0, 1), min_size=BUCKETS, max_size=BUCKETS)


@st.composite
def curves(draw: st.DrawFn) -> Prior:
    right, wrong = draw(shares), draw(shares)
    whole = sum(right) + sum(wrong) or 1.0
    right, wrong = tuple(each / whole for each in right), tuple(each / whole for each in wrong)
    usual = {"success": min(sum(right[10:]), sum(right)), "false_accepts": min(sum(wrong[10:]), sum(wrong))}
    confirmed = Confirmed(by="b", **usual, curve=Curve(right=right, wrong=wrong))
    return Prior(
        success=min(1.0, sum(right)), false_accepts=min(1.0, sum(wrong)), answers=50, source="s", confirmed=confirmed
    )


def path(name: str, its: Prior) -> Path:
    return believed(Candidate(model=name, provider="any"), None, its, 1)


@given(curves(), st.booleans(), st.sampled_from([0.3, 0.5, 0.8]))
def test_the_fixed_one_comes_first_and_a_higher_one_lets_less_of_either_pass(
    its: Prior, may_lower: bool, fixed: float
) -> None:
    first, *others = agreed(
        path("a", its), path("b", its), its, None, Wanting(fixed, planned=True, may_lower=may_lower)
    )

    assert first.threshold == fixed
    assert {each.threshold for each in others} <= set(EDGES)
    assert may_lower or all((each.threshold or 0) > fixed for each in others)
    by_threshold = sorted([first, *others], key=lambda each: each.threshold or 0)
    for lower, higher in pairwise(by_threshold):
        assert lower.success >= higher.success
        assert lower.accepted >= higher.accepted


counts = st.lists(st.floats(1, 3), min_size=BUCKETS, max_size=BUCKETS)


@given(curves(), counts, counts)
def test_what_is_known_is_always_a_share_of_all(its: Prior, right: list[float], wrong: list[float]) -> None:
    found = errors_of(its, live(right, wrong), "second") or errors_of(its, live(right, wrong), "b")

    assert found is not None
    assert all(0 <= share <= 1 for share in (*found.right, *found.wrong))
    assert sum(found.right) + sum(found.wrong) <= 1.0001


def test_a_plans_figures_are_of_two_opinions_and_say_so_where_a_third_may_be_asked() -> None:
    without = "a third opinion's price, and what it settles beyond the live scores, are not in these figures"
    two = Router(found=seeded(SUMS, check={"agreement": {}})).first()
    three = Router(found=seeded(SUMS, check={"agreement": {"opinions": 3}})).first()

    assert without not in two.choice.why
    assert three.choice.why.replace(f"{without}; ", "") == two.choice.why
