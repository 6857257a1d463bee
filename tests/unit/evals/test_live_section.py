"""The live router on recorded answers: what was reached must not be lost again."""

from pathlib import Path

from infra.evals.ladders import Case
from infra.evals.plans import Recorded
from infra.evals.sections import live
from infra.evals.study import Folders


def test_the_router_leaves_a_model_that_gets_worse_and_costs_less_than_tiers_in_order(recorded_data: Path) -> None:
    told = live.measure(Folders(recorded_data), lambda _: None)["live"]
    assert told["sick_share_before"]["low"] > 0.8
    assert told["sick_share_after"]["high"] < 0.3
    assert told["cost_share"]["high"] < told["cost_share_in_order"]["value"]
    assert told["success"]["low"] > told["success_in_order"]["value"] - 0.01
    assert told["success"]["low"] > told["success_of_strongest"]["value"]


def test_a_model_that_gets_worse_keeps_its_name_and_its_price() -> None:
    answers = {live.SICK: Recorded(True, 5, 100), live.WEAKER: Recorded(False, 9, 80)}

    found = live.worse(Case("one", answers, frozenset({live.SICK})))

    assert found.answers[live.SICK] == Recorded(False, 5, 80)
    assert live.SICK not in found.passed
    assert live.SICK in live.worse(Case("one", answers, frozenset({live.WEAKER}))).passed
