"""What is known of a plan fades, and speaks for the plan that costs least, failures included."""

from hypothesis import given
from hypothesis import strategies as st

from infra.evals.posterior import Exploration, Posterior, choose


def known_of(*told: tuple[bool, int], keep: float = 1.0) -> Posterior:
    posterior = Posterior()
    for success, micro_usd in told:
        posterior = posterior.after(success=success, micro_usd=micro_usd, keep=keep)
    return posterior


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 10_000))), st.floats(0.5, 1))
def test_an_expected_success_is_a_probability(told: list[tuple[bool, int]], keep: float) -> None:
    assert 0 < known_of(*told, keep=keep).success < 1


def test_what_is_old_counts_less() -> None:
    told = [(True, 1)] * 100 + [(False, 1)] * 10
    assert known_of(*told, keep=0.9).success < 0.5 < known_of(*told).success


def test_a_cheap_plan_that_often_fails_is_not_cheap() -> None:
    known = {"cheap": known_of(*[(False, 1)] * 20), "dear": known_of(*[(True, 50)] * 20)}
    assert choose(known, 1, 0, Exploration()) == "cheap"
    assert choose(known, 1, 1_000, Exploration()) == "dear"


def test_exploration_asks_the_plan_tried_least_and_only_when_due() -> None:
    known = {"often": known_of(*[(True, 1)] * 20), "seldom": known_of((False, 99))}
    assert [choose(known, number, 100, Exploration(every=2)) for number in (1, 2)] == ["often", "seldom"]
    assert choose(known, 2, 100, Exploration()) == "often"
