"""Sums written out in an answer: which are judged, how, and which are passed over."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.vocabulary import Verdict
from services.validator.domain.arithmetic import sums_in
from services.validator.domain.demands import demanded

RIGHT = [
    "2 + 3 * 4 = 14",
    "10,440,000 / 1,000 = 10,440",
    "100 / 3 = 33.33",
    "200 / 3 = 66.7",
    "-3 + 5 = 2",
    "- 3 + 5 = 8",
    "5 - 8 = -3",
    "\\$5 \\times 3 = \\$15",
    "6 \u00f7 2 = 3",
    "2 x 3 x 4 = 24",
    "1.500 + 0.500 = 2",
]
WRONG = [
    "2 + 3 = 6",
    "99.375 - 72 = 37.375",
    "4500 / 2.99 = 1500",
    "2 + 48 + 3150 + 1300 = 3400 pounds",
    "$9 - $1 = $7",
    "10 / 4 = 3.5",
    "0.125 * 8 = 1000",
    "12 / 0.003 = 4",
    "1.000 - 0.001 = 999",
    "Step 1:\n20 + 30 = 60",
    "2 + 2 = 4  \n3 + 3 = 7",
    "2 + 2 = 4\r\n3 + 3 = 7",
    "Q1 2+3=6",
    "Q1 200+300=600",
    "2 + 3 = 6\t7",
    "2 + 3 = 6 7",
    "7\t200 + 300 = 600",
]
PASSED_OVER = [
    "x + 3 + 4 = 9",
    "2 * (3 + 4) = 14",
    "2(3) + 1 = 9",
    "1/4 = 5/x",
    "20% of 50 + 3 = 13",
    "7 / 2 = 3 remainder 1",
    "2 + 3 = 10 / 2",
    "8 / 0 = 8",
    "50 + 10% = 55",
    "a = 5",
    "6 * 50x = 1800",
    "12 + 15 + 8.50x = 50",
    "200 + 10x = 380",
    "2 1/2 + 1 = 3 1/2",
    "1 1/2 x 2 = 3",
    "\u221a16 + 2 = 6",
    "sqrt 16 + 2 = 6",
    "log 100 + 1 = 3",
    "Half 10 + 1 = 6",
    "45 mod 7 + 1 = 4",
    "9:15 + 45 = 10:00",
    "1 500 + 500 = 2 000",
    "1 234 567 + 1 = 1 234 569",
    "500 + 500 = 1 000",
    "1/2 + 2 = 3 1/2",
    "1.500 + 500 = 2.000",
    "99.375 - 72 = 99.303",
    "10.500 + 1 = 10.501",
    "2.500 * 2 = 5000",
]


@pytest.mark.parametrize("text", RIGHT)
def test_a_sum_that_comes_to_what_it_says_is_right(text: str) -> None:
    assert [each.is_right for each in sums_in(text)] == [True]


@pytest.mark.parametrize("text", WRONG)
def test_a_sum_that_does_not_is_wrong(text: str) -> None:
    assert [each.is_right for each in sums_in(text)][-1:] == [False]


@pytest.mark.parametrize("shown", ["of 1.234.567.", "at 3,50 each"])
def test_points_part_thousands_where_the_text_shows_it(shown: str) -> None:
    assert [each.is_right for each in sums_in(f"1.500 + 500 = 2.000, {shown}")] == [True]
    assert [each.is_right for each in sums_in(f"1.500 + 500 = 2.100, {shown}")] == [False]


@pytest.mark.parametrize("apart", [" ", "   ", "\t"])
def test_sums_that_stand_in_one_line_are_each_judged(apart: str) -> None:
    assert [each.is_right for each in sums_in(f"2+3=6{apart}4+1=5")] == [False, True]


@pytest.mark.parametrize("text", PASSED_OVER)
def test_what_is_not_plainly_a_sum_is_passed_over(text: str) -> None:
    assert list(sums_in(text)) == []


def test_an_answer_without_a_sum_is_not_verified_by_this() -> None:
    (check,) = demanded("About forty.", [("arithmetic", {})])
    assert check.verdict == Verdict.CANNOT_TELL


def test_a_very_long_answer_is_not_worked_out() -> None:
    (check,) = demanded("1 + 1 = 3, " * 2_000, [("arithmetic", {})])
    assert (check.verdict, "4000" in check.detail) == (Verdict.CANNOT_TELL, True)


def test_the_wrong_sums_are_named_without_their_values() -> None:
    (check,) = demanded("1 + 1 = 2, then 71 + 72 = 999", [("arithmetic", {})])
    assert "number 2" in check.detail
    assert "999" not in check.detail


@given(st.integers(-(10**6), 10**6), st.integers(-(10**6), 10**6), st.integers(-3, 3))
def test_integers_are_judged_exactly(one: int, other: int, off: int) -> None:
    (found,) = sums_in(f"so {one} + {other} = {one + other + off}")
    assert found.is_right == (off == 0)


@given(st.text(alphabet="0123456789+-*/=., $()x%\n", max_size=200))
def test_any_text_can_be_read(text: str) -> None:
    assert len(list(sums_in(text))) <= text.count("=")
