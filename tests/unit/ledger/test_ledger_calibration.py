"""Judges held against what people said: errors at each threshold, and which threshold the labels prove."""

from datetime import UTC, datetime
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from services.ledger.domain.calibration import THRESHOLDS, Graded, calibrated, threshold_of

SINCE = datetime(2026, 5, 4, tzinfo=UTC)
grades = st.tuples(st.integers(1, 10), st.integers(1, 10))
graded = st.lists(st.builds(Graded, st.just("faq"), st.just("large"), grades, st.booleans()), min_size=1, max_size=60)


def answers(count: int, first: int, second: int, good: bool) -> list[Graded]:
    return [Graded("faq", "large", (first, second), good)] * count


def test_the_lowest_threshold_that_the_labels_prove_is_learned() -> None:
    found = [*answers(60, 9, 9, True), *answers(30, 6, 7, False), *answers(20, 7, 7, True)]
    (judge,) = calibrated(found, SINCE, most_wrong=0.1).judges
    assert (judge.answers, judge.good, judge.at_least) == (110, 80, 7)
    at_six, at_seven = (next(each for each in judge.thresholds if each.at_least == number) for number in (6, 7))
    assert (at_six.accepted, at_six.wrong, at_six.undecided) == (110, 30, 0)
    assert (at_seven.accepted, at_seven.wrong, at_seven.undecided, at_seven.rejected) == (80, 0, 30, 0)


def test_few_labels_prove_nothing() -> None:
    (judge,) = calibrated(answers(20, 10, 10, True), SINCE, most_wrong=0.1).judges
    assert judge.at_least is None, "of 20 right ones, 16 % may still be wrong"


def test_judges_are_told_apart_by_model_and_task_class() -> None:
    found = [Graded(task, judge, (9, 9), True) for task in ("faq", "loans") for judge in ("large", "second")]
    told = calibrated(found, SINCE, most_wrong=0.1)
    assert [(each.task, each.judge, each.answers) for each in told.judges] == [
        ("faq", "large", 1), ("faq", "second", 1), ("loans", "large", 1), ("loans", "second", 1),
    ]  # fmt: skip


@given(found=graded, most_wrong=st.floats(0.01, 0.5))
def test_every_answer_is_accepted_rejected_or_undecided_and_a_higher_bar_accepts_no_more(
    found: list[Graded], most_wrong: float
) -> None:
    rows = [threshold_of(found, at_least) for at_least in THRESHOLDS]
    for row in rows:
        assert row.accepted + row.rejected + row.undecided == len(found)
        assert row.wrong <= min(row.accepted, sum(not each.good for each in found))
        assert row.lost <= min(row.rejected, sum(each.good for each in found))
    assert all(low.accepted >= high.accepted and low.rejected <= high.rejected for low, high in pairwise(rows))
    (judge,) = calibrated(found, SINCE, most_wrong).judges
    if judge.at_least is not None:
        row = threshold_of(found, judge.at_least)
        assert row.wrong / row.accepted <= most_wrong
