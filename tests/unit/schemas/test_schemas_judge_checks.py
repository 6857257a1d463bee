"""A lane's judge names models that exist, and is never the only gate of a critical lane."""

from copy import deepcopy
from typing import Any

import pytest
from pydantic import ValidationError

from schemas.check_settings import USUAL_CRITERIA, judging_of
from schemas.example_request import DOCUMENT
from schemas.portfolio import Portfolio

JUDGE = {"judge": {"ask": ["second"]}}


def portfolio(lane: str, **changes: Any) -> Portfolio:
    document: Any = deepcopy(DOCUMENT)
    document["lanes"][lane] |= changes
    return Portfolio.of(document)


@pytest.mark.parametrize("beside", [[], ["not_empty", "not_refused"], ["format"], ["demands"]])
def test_a_judge_is_not_the_only_gate_of_a_critical_lane(beside: list[Any]) -> None:
    with pytest.raises(ValidationError, match=r"lanes\.critical\.checks: a judge may not be the only gate"):
        portfolio("critical", checks=[*beside, JUDGE])


@pytest.mark.parametrize(("risk", "priority"), [("high", 5), ("low", 1), ("low", 0)])
def test_a_lane_is_critical_by_its_tasks_or_by_its_priority(risk: str, priority: int) -> None:
    document: Any = deepcopy(DOCUMENT)
    document["tasks"]["faq"]["risk"] = risk
    document["lanes"]["simple"] |= {"checks": [JUDGE], "priority": priority}
    with pytest.raises(ValidationError, match=r"lanes\.simple\.checks"):
        Portfolio.of(document)


def test_elsewhere_and_beside_another_check_it_may_be() -> None:
    assert portfolio("simple", checks=[JUDGE])
    assert portfolio("critical", checks=["agreement", JUDGE])


def test_a_judge_is_a_model_of_the_portfolio() -> None:
    with pytest.raises(ValidationError, match=r'judge\.ask\.0: there is no model "secnd"'):
        portfolio("simple", checks=[{"judge": {"ask": ["secnd"]}}])
    with pytest.raises(ValidationError, match="needs the models to ask"):
        portfolio("simple", checks=["judge"])


def test_what_a_judge_is_told_unless_the_lane_says() -> None:
    judging = judging_of(portfolio("simple", checks=["format", JUDGE]).lanes["simple"].checks)
    assert judging is not None
    assert (judging.ask, judging.at_least, judging.prompt) == (("second",), 7, "1")
    assert judging.criteria == USUAL_CRITERIA
    assert judging_of(("format", {"policy": "p"})) is None


@pytest.mark.parametrize("action", ["judge", "again"])
def test_an_action_that_needs_an_answer_in_doubt_is_no_wish(action: str) -> None:
    with pytest.raises(ValidationError, match="name another action"):
        portfolio("simple", on_fail={"words": action})
