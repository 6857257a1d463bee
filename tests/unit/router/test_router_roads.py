"""The cheapest road that clears the bar, with 95 % confidence; where little is known, the tiers in their order."""

from itertools import product
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from pytest import approx

from schemas.attempt import Candidate
from schemas.models import Prior
from schemas.portfolio import Bar, Lane
from services.router.domain.beliefs import Path, believed
from services.router.domain.roads import MOST_LOSS, Pair, Road, pick
from services.router.domain.roads import _before as before  # pyright: ignore[reportPrivateUsage]

NO_BAR = Bar()


def lane(bar: Bar, most_attempts: int, **more: Any) -> Lane:
    """A lane with these limits; its tiers are given apart."""
    return Lane.of({"tiers": [["any"]], "bar": bar.model_dump(mode="json"), "max_attempts": most_attempts, **more})


def path(name: str, success: float, micro_usd: float, answers: float = 1_000, latency_ms: float = 100) -> Path:
    variance = success * (1 - success) / (answers + 3)
    return Path(Candidate(model=name, provider="any"), success, variance, success, micro_usd, latency_ms, answers)


def as_it_is(first: Path, _: Path, third: Path | None) -> Pair:
    return Pair([first])


def names(road: Road) -> list[str]:
    return [each.candidate.model for each in road.paths]


def test_what_a_road_comes_to() -> None:
    road = before(path("small", 0.6, 10, latency_ms=200), before(path("strong", 0.9, 1_000, latency_ms=800), None))

    assert road.success == approx(0.6 + 0.4 * 0.9)
    assert road.micro_usd == approx(10 + 0.4 * 1_000)
    assert road.latency_ms == approx(200 + 0.4 * 800)


def test_what_checks_let_pass_wrongly_is_not_asked_again() -> None:
    weak = Path(Candidate(model="weak", provider="any"), 0.5, 0.0, 0.9, 10, 100, 1_000)

    road = before(weak, before(path("strong", 1.0, 1_000), None))

    assert road.success == approx(0.5 + 0.1 * 1.0)
    assert road.micro_usd == approx(10 + 0.1 * 1_000)


def test_of_what_passes_wrongly_nobody_can_make_surer() -> None:
    """All that it answers passes, so that whoever follows is never asked, and changes nothing."""
    weak = Path(Candidate(model="weak", provider="any"), 0.9, 0.9 * 0.1 / 51, 1.0, 10, 100, 50)

    assert before(weak, before(path("strong", 0.96, 1_000), None)).least == approx(before(weak, None).least)


@given(st.floats(0.01, 0.99), st.floats(0, 1), st.floats(0, 1))
def test_a_rest_leaves_less_unsure_the_more_of_what_is_wrong_it_sees(success: float, seen: float, rest: float) -> None:
    variance = success * (1 - success) / 51
    accepted = success + (1 - seen) * (1 - success)
    first = Path(Candidate(model="first", provider="any"), success, variance, accepted, 10, 100, 50)
    last = Path(Candidate(model="last", provider="any"), rest, 0.0, rest, 10, 100, 50)

    whole = before(first, before(last, None)).variance

    assert -1e-12 <= whole <= variance + rest**2 * (1 - accepted) / 51 + 1e-12
    if seen == 1:
        assert whole == approx((1 - rest) ** 2 * variance)


def test_a_good_cheap_model_is_asked_first() -> None:
    picked = pick([[path("small", 0.9, 10)], [path("strong", 0.95, 1_000)]], lane(NO_BAR, 3))

    assert picked is not None
    assert names(picked.road) == ["small", "strong"]


def test_a_model_that_got_worse_is_passed_over() -> None:
    picked = pick(
        [[path("small", 0.02, 200)], [path("middle", 0.9, 300)], [path("strong", 0.95, 1_000)]], lane(NO_BAR, 5)
    )

    assert picked is not None
    assert names(picked.road) == ["middle", "strong"]
    assert picked.runner_up is not None


def test_a_model_of_which_little_is_known_is_never_passed_over() -> None:
    picked = pick([[path("new", 0.02, 200, answers=9)], [path("strong", 0.95, 1_000)]], lane(NO_BAR, 5))

    assert picked is not None
    assert names(picked.road) == ["new", "strong"]


def test_within_a_tier_the_one_that_is_worth_its_price_is_asked() -> None:
    picked = pick([[path("sick", 0.1, 10), path("sound", 0.9, 12)], [path("strong", 0.95, 1_000)]], lane(NO_BAR, 3))

    assert picked is not None
    assert names(picked.road) == ["sound", "strong"]


def test_a_lane_with_a_bar_takes_the_cheapest_that_clears_it_surely() -> None:
    tiers = [[path("small", 0.7, 10)], [path("middle", 0.9, 100)], [path("strong", 0.99, 1_000)]]

    cheap, dear = pick(tiers, lane(Bar(success=0.9), 5)), pick(tiers, lane(Bar(success=0.999), 1))

    assert cheap is not None
    assert cheap.clears
    assert names(cheap.road)[0] == "small"
    assert dear is not None
    assert not dear.clears
    assert names(dear.road) == ["strong"]


def test_a_shorter_road_is_kept_where_attempts_are_few_though_a_longer_one_is_better() -> None:
    """From the middle one on it is better to have both; but then there is no attempt left for the small one."""
    told = (("small", 0.75, 1), ("middle", 0.5, 1), ("strong", 0.75, 2))
    tiers = [[path(name, success, micro_usd, latency_ms=0)] for name, success, micro_usd in told]

    picked = pick(tiers, lane(Bar(success=0.9), 2))

    assert picked is not None
    assert names(picked.road) == ["small", "strong"]


def test_a_check_too_weak_to_pay_for_itself_is_refused() -> None:
    weak = Path(Candidate(model="weak", provider="any"), 0.5, 0.0002, 0.95, 10, 100, 1_000)
    tiers = [[weak], [path("strong", 0.96, 1_000)]]

    assert names(pick(tiers, lane(Bar(success=0.9), 3)).road) == ["strong"]  # type: ignore[union-attr]
    assert names(pick(tiers, lane(Bar(success=0.4), 3)).road) == ["weak", "strong"]  # type: ignore[union-attr]


def test_a_road_that_is_too_slow_does_not_clear_the_bar() -> None:
    tiers = [[path("small", 0.5, 10, latency_ms=4_000)], [path("strong", 0.99, 1_000, latency_ms=900)]]

    picked = pick(tiers, lane(Bar(success=0.9, p95_ms=2_000), 3))

    assert picked is not None
    assert names(picked.road) == ["strong"]


def test_a_road_over_the_lanes_budget_or_deadline_is_not_taken() -> None:
    tiers = [[path("small", 0.5, 10, latency_ms=4_000)], [path("strong", 0.99, 1_000, latency_ms=900)]]

    slow = pick(tiers, lane(Bar(success=0.9), 3, deadline_s=2.0))
    dear = pick(tiers, lane(Bar(success=0.999), 3, budget_usd="0.0006"))

    assert slow is not None
    assert names(slow.road) == ["strong"]
    assert dear is not None
    assert (names(dear.road), dear.clears) == (["small", "strong"], False)


def test_one_attempt_is_one_path() -> None:
    picked = pick([[path("small", 0.9, 10)], [path("strong", 0.95, 1_000)]], lane(Bar(success=0.85), 1))

    assert picked is not None
    assert names(picked.road) == ["small"]


def test_a_prior_of_the_portfolio_is_believed_until_answers_say_otherwise() -> None:
    new = Candidate(model="new", provider="any")

    assert believed(new, None, Prior(success=0.9, answers=20), 5).success == approx(0.9)
    assert believed(new, None, None, 5).success == approx(0.5)
    assert believed(new, None, None, 5).micro_usd == 5


shares = st.floats(0.01, 0.99)
costs = st.floats(1, 10_000)
known_paths = st.builds(
    lambda number, success, micro_usd: path(f"m{number}", success, micro_usd), st.integers(), shares, costs
)


@given(st.lists(st.lists(known_paths, min_size=1, max_size=3), min_size=1, max_size=3))
def test_no_road_that_clears_the_bar_is_cheaper_than_the_one_picked(tiers: list[list[Path]]) -> None:
    picked = pick(tiers, lane(NO_BAR, 5))
    assert picked is not None
    usual = road_of([tier[0] for tier in tiers])
    every = [
        road_of([each for each in chosen if each is not None])
        for chosen in product(*([*tier, None] for tier in tiers[:-1]), tiers[-1])
    ]

    clear = [road for road in every if road.least >= usual.least - MOST_LOSS]

    assert picked.clears
    assert picked.road.least >= usual.least - MOST_LOSS
    assert picked.road.micro_usd <= usual.micro_usd + 1e-6
    assert picked.road.micro_usd <= min(road.micro_usd for road in clear) * 1.02 + 1e-6


def road_of(paths: list[Path]) -> Road:
    road = None
    for each in reversed(paths):
        road = before(each, road)
    assert road is not None
    return road


AGREEMENT = lane(NO_BAR, 4)


def test_two_who_must_agree_are_paid_together_and_what_follows_settles_their_difference() -> None:
    """0.88 of the answers are confirmed and right, 0.02 confirmed and wrong."""
    first = Path(Candidate(model="first", provider="any"), 0.88, 0.0, 0.9, 40, 100, 1_000)
    tiers = [[first], [path("second", 0.92, 100, latency_ms=200)], [path("strong", 0.95, 2_000, latency_ms=800)]]

    picked = pick(tiers, AGREEMENT, as_it_is)

    assert picked is not None
    assert names(picked.road) == ["first", "strong"]
    assert picked.road.second == tiers[1][0]
    assert picked.road.success == approx(0.88 + 0.1 * 0.95)
    assert picked.road.micro_usd == approx(140 + 0.1 * 2_000)
    assert picked.road.latency_ms == approx(300 + 0.1 * 800)


def test_who_confirms_is_not_passed_over_however_dear() -> None:
    """Else the strongest would confirm, and nobody would be left to settle a difference."""
    tiers = [[path("first", 0.88, 40)], [path("second", 0.92, 3_000)], [path("strong", 0.95, 2_000)]]

    picked = pick(tiers, AGREEMENT, as_it_is)

    assert picked is not None
    assert picked.road.second == tiers[1][0]
    alone = pick(tiers, AGREEMENT)
    assert alone is not None
    assert names(alone.road) == ["first", "strong"]


def test_another_of_the_same_tier_confirms_first() -> None:
    tier = [path("first", 0.88, 40), path("beside", 0.8, 50)]

    picked = pick([tier, [path("strong", 0.95, 2_000)]], AGREEMENT, as_it_is)

    assert picked is not None
    assert (names(picked.road), picked.road.second) == (["first", "strong"], tier[1])


def test_a_pair_that_became_weak_loses_its_place_to_the_next() -> None:
    tiers = [[path("sick", 0.05, 90)], [path("middle", 0.9, 100)], [path("large", 0.93, 400)], [path("strong", 1, 900)]]

    picked = pick(tiers, AGREEMENT, as_it_is)

    assert picked is not None
    assert (names(picked.road), picked.road.second) == (["middle", "strong"], tiers[2][0])


def test_with_nobody_to_confirm_the_only_one_is_asked() -> None:
    picked = pick([[path("only", 0.9, 10)]], AGREEMENT, as_it_is)

    assert picked is not None
    assert (names(picked.road), picked.road.second) == (["only"], None)
