"""Models asked in turn: the road of one question, and of all at once, are the same."""

from hypothesis import given
from hypothesis import strategies as st

from infra.evals.ladders import Case, Ladder, columns_of, follow, seconds_of, seen
from infra.evals.plans import Recorded

CHEAP, SLOW = "gpt-4o-mini-2024-07-18", "gpt-4o-2024-08-06"
MODELS = (CHEAP, "claude-3-haiku-20240307", SLOW)


def case(*passed: str, name: str = "q") -> Case:
    return Case(name, {model: Recorded(model == SLOW, 7, 400) for model in MODELS}, frozenset(passed))


def test_the_first_whose_answer_meets_all_demands_answers() -> None:
    followed = follow(Ladder(MODELS), case(MODELS[1], SLOW))
    assert (followed.model, followed.cost_micro_usd, followed.right) == (MODELS[1], 14, False)


def test_the_last_answers_where_none_meets_them() -> None:
    assert follow(Ladder(MODELS), case()).asked == MODELS


def test_after_its_patience_nobody_else_is_asked() -> None:
    assert follow(Ladder(MODELS, patience_s=0), case(SLOW)).asked == (CHEAP,)


recorded = st.builds(Recorded, st.booleans(), st.integers(1, 900), st.integers(1, 9_000))
cases = st.builds(
    Case,
    st.text(max_size=3),
    st.fixed_dictionaries(dict.fromkeys(MODELS, recorded)),
    st.frozensets(st.sampled_from(MODELS)),
)
ladders = st.builds(
    Ladder,
    st.permutations(MODELS).flatmap(lambda order: st.integers(1, len(order)).map(lambda size: tuple(order[:size]))),
    st.none() | st.sampled_from((1.0, 4.0, 20.0)),
)


@given(ladders, st.lists(cases, min_size=1, max_size=9))
def test_all_at_once_come_to_what_each_alone_comes_to(ladder: Ladder, asked: list[Case]) -> None:
    at_once, each = seen(ladder, columns_of(asked, MODELS)), [follow(ladder, one) for one in asked]
    assert at_once.rights.tolist() == [one.right for one in each]
    assert at_once.costs.tolist() == [one.cost_micro_usd for one in each]
    assert at_once.seconds.tolist() == [seconds_of(one, road.asked) for one, road in zip(asked, each, strict=True)]
