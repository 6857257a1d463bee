"""Curves of quality over cost: the published figures, on cases that can be reckoned by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.evals.curves import aiq, apgr, cpt, hull

GAINS = np.array([1.0, 0.0, 1.0, 0.0])
POINTS = st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=20)


def test_no_order_recovers_in_proportion_to_the_calls() -> None:
    order = np.zeros(4)
    assert apgr(order, GAINS) == pytest.approx(0.5)
    assert cpt(order, GAINS, 0.8) == pytest.approx(0.8)


def test_the_oracle_sends_first_what_the_weak_model_gets_wrong() -> None:
    assert apgr(GAINS, GAINS) == pytest.approx(0.75)
    assert cpt(GAINS, GAINS, 0.5) == pytest.approx(0.25)
    assert apgr(-GAINS, GAINS) == pytest.approx(0.25)


def test_a_loss_by_the_strong_model_lets_an_oracle_recover_more_than_all() -> None:
    gains = np.array([1.0, 1.0, -1.0])
    assert cpt(gains, gains, 1.0) == pytest.approx(1 / 3)
    assert apgr(gains, gains) == pytest.approx((0.5 + 1.5 + 1.5) / 3)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("gains", [[0.0, 0.0, 0.0], [1.0, 0.0, -1.0], [0.1, 0.2, -0.3]])
def test_without_a_gap_no_order_is_better_than_another(gains: list[float]) -> None:
    order = np.array([3.0, 2.0, 1.0])
    assert apgr(order, np.array(gains)) == pytest.approx(0.5)
    assert cpt(order, np.array(gains), 0.8) == pytest.approx(0.8)


def test_the_mean_height_between_two_costs() -> None:
    assert aiq([(0.0, 0.0), (1.0, 1.0)], 0.0, 1.0) == pytest.approx(0.5)
    assert aiq([(0.0, 0.0), (0.5, 1.0), (1.0, 0.2)], 0.0, 1.0) == pytest.approx(0.75)


@given(POINTS)
def test_no_point_is_above_the_hull_and_the_hull_rises(points: list[tuple[float, float]]) -> None:
    found = hull(points)
    costs, heights = zip(*found, strict=True)
    assert set(found) <= set(points)
    assert list(costs) == sorted(costs)
    assert list(heights) == sorted(heights)
    assert all(np.interp(cost, costs, heights) >= quality - 1e-9 for cost, quality in points)
