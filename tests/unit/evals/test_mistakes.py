"""A check's mistakes, on cases that can be counted by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.evals.mistakes import (
    Checked,
    let_through_per_1k,
    needless_usd_per_1k,
    rates,
)

ROWS = [
    Checked("q1", passed=True, right=True, spent_micro_usd=500),
    Checked("q2", passed=True, right=True, spent_micro_usd=500),
    Checked("q3", passed=False, right=True, spent_micro_usd=2_000),
    Checked("q4", passed=True, right=False, spent_micro_usd=500),
    Checked("q5", passed=False, right=False, spent_micro_usd=9_000),
]
ANSWERS = st.lists(
    st.builds(Checked, st.sampled_from("abcd"), st.booleans(), st.booleans(), st.integers(0, 9_999)),
    min_size=1,
    max_size=30,
)


def test_the_rates_are_of_the_wrong_and_of_the_right_answers() -> None:
    told = rates(ROWS)

    assert told["false_accept"]["value"] == pytest.approx(1 / 2, abs=1e-4)
    assert told["false_reject"]["value"] == pytest.approx(1 / 3, abs=1e-4)
    assert told["n"] == 5


def test_one_wrong_answer_of_five_passes() -> None:
    assert let_through_per_1k(ROWS) == pytest.approx(200)


def test_only_what_follows_a_right_answer_is_spent_for_nothing() -> None:
    assert needless_usd_per_1k(ROWS) == pytest.approx(0.002 / 5 * 1_000)


def test_without_a_wrong_answer_nothing_is_known_of_accepting_one() -> None:
    assert rates([Checked("q1", passed=True, right=True)])["false_accept"] == {"value": 0.0, "low": 0.0, "high": 1.0}


@given(ANSWERS)
def test_a_check_that_is_always_right_costs_nothing(rows: list[Checked]) -> None:
    perfect = [Checked(row.question, row.right, row.right, row.spent_micro_usd) for row in rows]

    assert rates(perfect)["false_accept"]["value"] == rates(perfect)["false_reject"]["value"] == 0
    assert let_through_per_1k(perfect) == needless_usd_per_1k(perfect) == 0
