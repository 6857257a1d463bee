"""Agreement left to the live planner, on recorded answers: what was reached must not be lost again."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from infra.backtest.figures import Line
from infra.backtest.planned import CASES, WAYS, lines_of, portfolio
from infra.evals.study import Folders, splits
from schemas.check_settings import asks_a_third, plans_a_third


@pytest.mark.parametrize("name", CASES)
def test_a_case_is_a_lane_that_plans_and_its_ways_leave_to_the_plan_what_their_names_say(name: str) -> None:
    case = CASES[name]
    for way in WAYS:
        found = portfolio(case, way)
        (lane,) = found.lanes.values()
        assert lane.learns is not False
        assert found.leaves_agreement(lane, "low") == (way in ("planned", "both"))
        assert found.may_lower_threshold(lane, "low") == (way in ("threshold", "both"))
        assert asks_a_third(lane.checks) == (way == "third")
        assert plans_a_third(lane.checks) == (way == "opinions")


def test_each_half_is_answered_by_what_was_learned_on_the_other() -> None:
    names = [str(number) for number in range(40)]

    first, second = splits(names, None, str, 2)

    assert sorted([*first.test, *second.test]) == sorted(names)
    assert (first.train, second.train) == (second.test, first.test)


Answered = Callable[[str, str], list[Line]]


@pytest.fixture(scope="module")
def answered(recorded_data: Path) -> Answered:
    """What each question of a case came to, by the name of a case and a way; each is worked out once."""
    folders = Folders(recorded_data)
    return cache(lambda name, way: lines_of(CASES[name], way, folders))


def test_texts_are_not_confirmed_and_sums_are(answered: Answered) -> None:
    """Two models write no two texts alike, so that agreement turns nearly all good ones away."""
    texts, confirmed = (answered("ifeval", way) for way in ("planned", "always"))
    sums, alone = (answered("gsm8k", way) for way in ("planned", "never"))

    assert sum(line.right for line in texts) > sum(line.right for line in confirmed) + 20
    assert sum(line.cost for line in texts) < 0.3 * sum(line.cost for line in confirmed)
    assert sum(line.right for line in sums) > sum(line.right for line in alone) + 20


def test_a_threshold_that_is_planned_costs_texts_less_and_changes_no_sums(answered: Answered) -> None:
    """How alike two texts are says nothing of whether they are right, so that the lowest threshold is the cheapest."""
    texts, fixed = (answered("ifeval", way) for way in ("threshold", "always"))
    sums, same = (answered("gsm8k", way) for way in ("threshold", "always"))

    assert sum(line.cost for line in texts) < 0.6 * sum(line.cost for line in fixed)
    assert sum(line.right for line in texts) >= sum(line.right for line in fixed)
    assert [line.right for line in sums] == [line.right for line in same]


def test_a_third_opinion_settles_sums_for_less_and_loses_few(answered: Answered) -> None:
    """Beside two that must agree, and the strongest asked alone; every question is answered by what others taught."""
    third, two = answered("gsm8k_three", "third"), answered("gsm8k", "always")

    assert sum(line.cost for line in third) < 0.7 * sum(line.cost for line in two)
    assert sum(line.right for line in third) > sum(line.right for line in two) - 12
    assert sum(line.cost for line in third) < 0.12 * sum(line.strongest_cost for line in third)


def test_a_plan_takes_a_third_where_it_loses_more_than_a_point_without_it(answered: Answered) -> None:
    """Without a bar the plan is held to what a third achieves; a bar that less will clear takes less."""
    by_plan, third, without = (answered("gsm8k_three", way) for way in ("opinions", "third", "always"))

    assert [line.right for line in by_plan] == [line.right for line in third]
    assert sum(line.right for line in by_plan) > sum(line.right for line in without) + 5
    assert [line.right for line in answered("gsm8k_three_bar_85", "opinions")] == [line.right for line in without]
