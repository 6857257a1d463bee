"""A third opinion as a road of its own: taken where it clears the bar for less, by what recorded answers say of it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from knowing import LATER, RECEIVED, Router, faq, model
from routing import alive, portfolio, scored

from schemas.attempt import AttemptDispatched, AttemptFailed, Candidate, Tried
from schemas.check_settings import MOST_OPINIONS
from schemas.content import body_of
from schemas.example_request import PLAN, question
from schemas.outcome import RequestEscalated
from schemas.paths import settling
from schemas.portfolio import Portfolio
from schemas.reaction import Said
from schemas.vocabulary import Action, Reason, Risk, Role
from services.router.domain.beliefs import Path
from services.router.domain.roads import Pair, Road, confirmed
from services.router.domain.standing import StandingView

SOURCE = "backtest-1a2b3c"
BY_PLAN = {"agreement": {"opinions": "planned"}}
ONE, OTHER = (body_of(f'{{"message":{{"content":"{text}"}},"finish_reason":"stop"}}'.encode()) for text in "ab")
ROOM = 4


def shares(success: float, false_accepts: float, **more: Any) -> dict[str, Any]:
    return {"success": success, "false_accepts": false_accepts, **more}


def prior(success: float, micro_usd: int, confirmed: dict[str, Any] | None = None) -> dict[str, Any]:
    told = {"answers": 50, "micro_usd": micro_usd, "source": SOURCE, "confirmed": confirmed}
    return {"faq": shares(success, round(1 - success, 4), **told)}


# Of a fifth of the questions small and second say another thing: third takes the right one of most of these, and strong
# is right in most of what is left. Alone, third is right in few of what the two differ on.
SOUND = shares(0.15, 0.01, by="large", after={"strong": shares(0.03, 0.01)})
MISLED = shares(0.08, 0.11, by="large", after={"strong": shares(0.005, 0.005)})
OPEN = {"large": shares(0.12, 0.08), "strong": shares(0.18, 0.02)}


def pair(third: dict[str, Any] | None, **more: Any) -> dict[str, Any]:
    return shares(0.79, 0.01, by="second", third=third, after=OPEN) | more


def seeded(third: dict[str, Any] | None = SOUND, *changes: tuple[str, Any], **more: Any) -> Portfolio:
    """Four tiers: small, second, large, strong; ``large`` is the third."""
    endpoint = {"provider": "azure", "model": "strong", "price": {"input": "20", "output": "20"}}
    strong = {"kind": "api", "owner": "p", "context_tokens": 128_000, "abilities": ["chat", "json", "tools"]}
    told = (
        ("models/strong", {**strong, "endpoints": [endpoint], "priors": prior(0.97, 9_000)}),
        ("models/small/priors", prior(0.85, 50, pair(third))),
        ("models/second/priors", prior(0.84, 60, shares(0.7, 0.1, by="large"))),
        ("models/large/priors", prior(0.9, 300, shares(0.8, 0.1, by="strong"))),
        ("lanes/simple/tiers", [["small"], ["second"], ["large"], ["strong"]]),
        ("lanes/simple/checks", ["format", more.get("check", BY_PLAN)]),
        ("lanes/simple/max_attempts", more.get("most", 4)),
        ("lanes/simple/bar", {"success": more.get("bar")}),
    )
    return portfolio(*told, *changes)


def doubted(found: Portfolio, *scores: Any, **changes: Any) -> AttemptDispatched:
    """The second opinion on the first model's answer: what it carries says if a third may be asked."""
    first = Tried(number=1, role=Role.PRIMARY, tier=0, model="small", provider="local", reason=Reason.DOUBTED)
    return Router(*scores, found=found).next(Action.AGREEMENT, 0, first, max_attempts=4, **changes)


def why(found: Portfolio, *scores: Any, **changes: Any) -> str:
    return Router(*scores, found=found).first(**changes).choice.why


def test_a_third_that_settles_most_differences_is_the_plan() -> None:
    event = doubted(seeded())

    assert (model(event), event.attempt.plan.opinions) == ("second", MOST_OPINIONS)
    said = why(seeded())
    assert "small with second → large settles → strong: success 97.0%" in said
    assert "a third settles what they differ on: without it small with second → strong: success 97.0%" in said
    assert "would cost more (they differ on 20.0% of answers, and large settles 80.0% of it, 5.0% of it wrongly" in said


def test_a_third_that_is_misled_is_refused_and_the_story_says_what_it_would_have_come_to() -> None:
    event = doubted(seeded(MISLED))

    assert event.attempt.plan.opinions is None
    said = why(seeded(MISLED))
    assert "a third refused: with it small with second → large settles → strong: success 87.5%" in said
    assert "would not clear the bar (they differ on 20.0% of answers, and large settles 95.0% of it, 55.0% of" in said


def test_a_bar_that_less_will_clear_takes_less() -> None:
    said = why(seeded(bar=0.8))

    assert "the cheapest plan that clears a bar of 80.0%: small with second → large → strong: success 91.0%" in said
    assert "a third refused: with it small with second → large settles → strong: success 97.0%" in said
    assert "would cost more" in said
    assert doubted(seeded(bar=0.8)).attempt.plan.opinions is None


def test_who_follows_two_that_differ_is_as_good_as_it_was_there() -> None:
    """Alone the third is right in nine of ten; of what these two differ on, in six of ten."""
    ever = seeded(None, ("models/small/priors", prior(0.85, 50, shares(0.79, 0.01, by="second"))), bar=0.8)
    assert "small with second → large → strong: success 96.9%" in why(ever)
    assert "small with second → large → strong: success 91.0%" in why(seeded(None, bar=0.8))


TWO = (
    Tried(number=1, role=Role.PRIMARY, tier=0, model="small", provider="local", reason=Reason.DOUBTED),
    Tried(number=2, role=Role.AGREEMENT, tier=1, model="second", provider="mistral", reason=Reason.DISAGREED),
)
TIMED_OUT = Tried(number=3, role=Role.AGREEMENT, tier=2, model="large", provider="azure", reason=Reason.TIMEOUT)


def two_differ(*tried: Tried) -> RequestEscalated:
    return RequestEscalated(
        request=faq(max_attempts=4),
        body=question(),
        number=len(tried) + 1,
        action=Action.AGREEMENT,
        reason=Reason.DISAGREED,
        detail="two models came to different answers",
        tier=0,
        plan=PLAN,
        tried=tried,
        attempt_deadline_at=LATER,
        doubted=ONE,
        rival=OTHER,
    )


def third_of(
    found: Portfolio, standing: StandingView | None = None, tried: tuple[Tried, ...] = TWO
) -> AttemptDispatched | AttemptFailed:
    """Who is asked where two differ."""
    (said,) = Router(found=found, standing=standing).handlers.on_request_escalated(two_differ(*tried), RECEIVED).says
    assert isinstance(said, Said)
    assert isinstance(said.event, AttemptDispatched | AttemptFailed)
    return said.event


def test_the_third_of_a_plan_is_the_one_that_it_weighed() -> None:
    asked = third_of(seeded())

    assert isinstance(asked, AttemptDispatched)
    assert (asked.attempt.model, asked.attempt.role, asked.attempt.plan.opinions) == ("large", Role.AGREEMENT, None)


@pytest.mark.parametrize(("opinions", "asked"), [("planned", None), (3, "beside")])
@pytest.mark.parametrize(
    ("standing", "tried"),
    [(alive("local", "mistral"), TWO), (alive(), (*TWO, TIMED_OUT))],
    ids=["has no worker", "timed out"],
)
def test_another_than_the_plans_third_is_not_asked_in_its_place(
    opinions: object, asked: str | None, standing: StandingView, tried: tuple[Tried, ...]
) -> None:
    """Nobody weighed the one beside it; a lane that always has a third asks it."""
    kind = {"kind": "api", "owner": "p", "context_tokens": 128_000, "abilities": ["chat", "json", "tools"]}
    found = seeded(
        SOUND,
        ("models/beside", kind | {"endpoints": [at_mistral("beside", "8")], "priors": prior(0.9, 400)}),
        ("models/small/priors", prior(0.85, 50, pair(SOUND, after=OPEN | {"beside": OPEN["large"]}))),
        ("models/strong/endpoints", [at_mistral("strong", "20")]),
        ("lanes/simple/tiers", [["small"], ["second"], ["large", "beside"], ["strong"]]),
        ("lanes/simple/checks", [{"agreement": {"opinions": opinions}}]),
    )

    assert "large settles" in why(found).split("runner-up")[0]
    told = third_of(found, standing, tried)

    assert (told.attempt.model or None) == asked
    assert isinstance(told, AttemptDispatched if asked else AttemptFailed)


def at_mistral(name: str, price: str) -> dict[str, Any]:
    return {"provider": "mistral", "model": name, "price": {"input": price, "output": price}}


@pytest.mark.parametrize(
    ("its", "most"),
    [
        (pair(None), 4),
        (pair(SOUND | {"by": "strong"}), 4),
        (pair(SOUND, by="strong"), 4),
        (pair(SOUND), 3),
    ],
    ids=["not recorded", "of another third", "of another second", "no attempt is left for a stronger one"],
)
def test_of_a_third_of_whom_nothing_is_known_no_plan_is_made(its: dict[str, Any], most: int) -> None:
    found = seeded(SOUND, ("models/small/priors", prior(0.85, 50, its)), most=most)

    assert doubted(found).attempt.plan.opinions is None
    assert "no third: no recorded answers say what one would settle" in why(found)


@pytest.mark.parametrize("changes", [{"risk": Risk.HIGH}, {"priority": 1}], ids=["high risk", "a critical lane"])
def test_where_being_wrong_is_dear_no_plan_has_a_third(changes: dict[str, Any]) -> None:
    critical = (("lanes/simple/priority", changes.pop("priority")),) if "priority" in changes else ()

    assert doubted(seeded(SOUND, *critical), **changes).attempt.plan.opinions is None


def test_requests_of_both_risks_have_plans_of_their_own() -> None:
    router = Router(found=seeded())

    told = [router.first(risk=risk).choice.why for risk in (Risk.LOW, Risk.HIGH, Risk.LOW)]
    assert ["large settles" in why for why in told] == [True, False, True]


def test_a_third_of_the_seconds_own_tier_leaves_the_second_its_place() -> None:
    """Of the two in that tier ``large`` is the cheaper, for a request of usual length."""
    its = pair(SOUND | {"by": "second"}, by="large")
    tiers = [["small"], ["second", "large"], ["strong"]]
    found = seeded(SOUND, ("lanes/simple/tiers", tiers), ("models/small/priors", prior(0.85, 50, its)))

    assert "small with large → second settles → strong" in why(found)
    assert model(doubted(found)) == "large"


def test_few_that_never_failed_are_not_taken_for_sure() -> None:
    never = shares(0.15, 0.0, by="large", after={"strong": shares(0.05, 0.0)})
    its = pair(never, success=0.8, false_accepts=0.0)

    said = why(seeded(SOUND, ("models/small/priors", prior(0.85, 50, its))))
    assert "large settles → strong: success 100.0% (at least 9" in said


def test_a_third_is_no_plan_once_the_first_two_agree_seldomer_or_the_third_does_worse() -> None:
    as_ever, seldomer = (scored("small", good=good, bad=100 - good, micro_usd=50) for good in (90, 60))
    worse, hard = (scored("large", good=good, bad=100 - good, micro_usd=300) for good in (30, 58))

    assert doubted(seeded(), as_ever).attempt.plan.opinions == MOST_OPINIONS
    assert doubted(seeded(), seldomer).attempt.plan.opinions is None
    assert doubted(seeded(), hard).attempt.plan.opinions == MOST_OPINIONS, "it only saw what the two differ on"
    assert doubted(seeded(), worse).attempt.plan.opinions is None
    assert "no third: no recorded answers say what one would settle, or they do so no more" in why(seeded(), worse)


def test_what_live_answers_of_the_first_hold_of_a_third_is_not_counted_twice() -> None:
    """With a third nine of ten of its answers end well; that the second agrees so often nobody says."""
    live = scored("small", good=94, bad=6, micro_usd=50)

    assert "small with second → large settles → strong: success 97.0%" in why(seeded(), live)


def test_a_lane_that_always_has_a_third_expects_what_it_settles() -> None:
    always = {"agreement": {"opinions": 3}}

    said = why(seeded(check=always))
    assert "small with second → large settles → strong: success 97.0%" in said
    assert doubted(seeded(check=always)).attempt.plan.opinions is None, "the lane says it"
    assert "a third opinion's price, and what it settles" in why(seeded(None, check=always))
    misled = why(seeded(MISLED, check=always))
    assert "the cheapest plan that clears what the tiers in order achieve: small with second → large settles" in misled


NAMES = st.lists(st.lists(st.sampled_from("abcdefg"), min_size=1, max_size=3, unique=True), min_size=1, max_size=4)


@given(NAMES)
def test_the_third_that_is_weighed_is_the_one_whom_the_router_would_ask(tiers: list[list[str]]) -> None:
    seen = list(dict.fromkeys(name for tier in tiers for name in tier))
    parted = [[name for name in tier if next(t for t in tiers if name in t) is tier and name in seen] for tier in tiers]
    paths = [[path(name) for name in tier] for tier in parted if tier]
    weighed: list[tuple[str, str, str | None]] = []

    def agreed(first: Path, second: Path, third: Path | None) -> Pair:
        weighed.append((first.candidate.model, second.candidate.model, third.candidate.model if third else None))
        return Pair([first], third)

    roads = confirmed(paths, ROOM, agreed)
    ways = [[each.candidate for each in tier] for tier in paths]
    for first, second, third in weighed:
        base = next(number for number, tier in enumerate(ways) if any(each.model == first for each in tier))
        asked = next(((at, each) for at, each in settling(ways, {first, second}, base)), (0, None))
        assert third == (asked[1].model if asked[1] and asked[0] >= base else None)
    assert all(third_leaves_a_stronger_one(road) for road in roads)


def third_leaves_a_stronger_one(road: Road) -> bool:
    return road.third is None or (road.paths[1] == road.third and len(road.paths) > 2)


def path(name: str) -> Path:
    candidate = Candidate(model=name, provider="any")
    return Path(candidate, success=0.8, variance=0.001, accepted=0.9, micro_usd=10, latency_ms=5, answers=50)
