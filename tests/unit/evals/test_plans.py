"""Plans of agreement, and the choice among plans: pure, and never dearer than they say."""

from hypothesis import given
from hypothesis import strategies as st

from infra.evals.planner import Bar, Limits, Seen, best_within, cheapest, most_p95_of, p95
from infra.evals.plans import Case, Plan, Recorded, follow, follow_in_turn, plans_of

CHEAP = ("a", "b", "c")
STRONG = "s"
PLAN = Plan(("a", "b"), "c", STRONG, 100, frozenset({1}))


def case(*agree: tuple[str, str], characters: int = 10) -> Case:
    answers = {model: Recorded(model == STRONG, 1, characters) for model in CHEAP} | {STRONG: Recorded(True, 50, 10)}
    return Case("q", answers, frozenset(map(frozenset, agree)))


def test_two_that_agree_in_few_words_are_believed() -> None:
    followed = follow(PLAN, case(("a", "b")))
    assert (followed.model, followed.asked, followed.cost_micro_usd) == ("b", ("a", "b"), 2)


def test_two_that_agree_at_length_are_believed_when_the_third_agrees_too() -> None:
    long = case(("a", "b"), ("b", "c"), ("a", "c"), characters=80)
    assert follow(PLAN, long).asked == ("a", "b", "c")
    assert follow(PLAN, case(("a", "b"), characters=80)).model == STRONG


def test_the_third_settles_a_difference_only_with_one_who_is_believed() -> None:
    assert follow(PLAN, case(("b", "c"))).model == "c"
    assert follow(PLAN, case(("a", "c"))).model == STRONG


def test_asked_in_turn_the_first_two_that_agree_are_believed() -> None:
    followed = follow_in_turn(CHEAP, STRONG, case(("a", "c")))
    assert (followed.model, followed.asked, followed.cost_micro_usd) == ("c", ("a", "b", "c"), 3)
    assert follow_in_turn(CHEAP, STRONG, case(("a", "b"))).asked == ("a", "b")
    assert follow_in_turn(CHEAP, STRONG, case()).asked == ("a", "b", "c", "s")
    assert follow_in_turn((), STRONG, case()).asked == ("s",)


def test_when_nobody_agrees_the_strongest_answers() -> None:
    followed = follow(PLAN, case())
    assert (followed.model, followed.cost_micro_usd) == (STRONG, 53)


@given(st.sampled_from(list(plans_of(CHEAP, STRONG))), st.sets(st.sampled_from([("a", "b"), ("a", "c"), ("b", "c")])))
def test_every_road_ends_with_somebody_who_was_asked_and_asks_nobody_twice(
    plan: Plan, agree: set[tuple[str, str]]
) -> None:
    followed = follow(plan, case(*agree, characters=400))
    assert followed.asked[-1] == followed.model
    assert len(set(followed.asked)) == len(followed.asked)


STRONGEST = Seen.of([True] * 9 + [False], [100] * 10)
WITHIN = range(10)


def test_the_cheapest_that_is_as_good_is_chosen() -> None:
    plans = {"good": Seen.of(STRONGEST.rights, [20] * 10), "better and dearer": Seen.of([True] * 10, [40] * 10)}
    assert cheapest(plans, STRONGEST, WITHIN, Bar())[0] == "good"


def test_a_plan_whose_verification_is_too_weak_to_pay_for_itself_is_refused() -> None:
    """It accepts wrong answers, or asks the strongest so often that asking it at once is cheaper."""
    weak = Seen.of([True] * 8 + [False] * 2, [10] * 10)
    busy = Seen.of(STRONGEST.rights, [101] * 10)
    chosen, expected = cheapest({"weak": weak, "busy": busy}, STRONGEST, WITHIN, Bar())
    assert chosen is None
    assert expected["weak"].gain < 0
    assert expected["busy"].cost_micro_usd > 100


def test_what_is_as_good_by_luck_is_not_sure() -> None:
    lucky = Seen.of([True] * 8 + [False, True], [10] * 10)
    chosen, expected = cheapest({"lucky": lucky}, STRONGEST, WITHIN, Bar())
    assert chosen is None
    assert expected["lucky"].gain == 0
    assert expected["lucky"].least_gain < -0.006


def test_the_best_within_limits_of_money_and_time() -> None:
    timed = Seen.of(STRONGEST.rights, STRONGEST.costs, [10.0] * 10)
    plans = {
        "dear": Seen.of([True] * 10, [90] * 10, [1.0] * 10),
        "slow": Seen.of([True] * 10, [10] * 10, [9.0] * 10),
        "right": Seen.of([True] * 8 + [False] * 2, [30] * 10, [5.0] * 10),
        "cheaper": Seen.of([True] * 8 + [False] * 2, [20] * 10, [5.0] * 10),
    }
    assert best_within(plans, timed, WITHIN, Limits(cost=0.5, p95=0.6)) == "cheaper"
    assert best_within(plans, timed, WITHIN, Limits(cost=0.05)) is None


def test_a_limit_of_time_is_kept_to_surely_and_not_by_luck() -> None:
    """Of a hundred questions five take long: the 95th percentile is short by one of them."""
    limits, within = Limits(cost=1.0, p95=0.5), range(100)
    timed = Seen.of([True] * 100, [100] * 100, [10.0] * 100)
    lucky = Seen.of([True] * 100, [10] * 100, [4.0] * 95 + [20.0] * 5)
    sure = Seen.of([True] * 90 + [False] * 10, [10] * 100, [4.0] * 99 + [20.0])

    assert p95(lucky.seconds) == 4.0
    assert most_p95_of(lucky.seconds) == 20.0
    assert best_within({"lucky": lucky, "sure": sure}, timed, within, limits) == "sure"


@given(st.lists(st.floats(0, 100), min_size=1, max_size=200))
def test_the_most_that_a_95th_percentile_is_no_less_than_what_was_seen(values: list[float]) -> None:
    assert most_p95_of(values) >= p95(values)
    assert most_p95_of(values) in values


@given(st.lists(st.floats(0, 100), min_size=1, max_size=50))
def test_nineteen_of_twenty_are_no_greater_than_the_95th_percentile(values: list[float]) -> None:
    assert sum(value <= p95(values) for value in values) >= 0.95 * len(values)
