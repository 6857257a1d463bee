"""Agreement is always asked for, unless a lane leaves it to the plan; what is believed of it must be possible."""

from copy import deepcopy
from typing import Any

import pytest
from pydantic import ValidationError

from schemas.check_settings import leaves_agreement
from schemas.example_request import DOCUMENT
from schemas.models import Prior
from schemas.portfolio import Portfolio

PLANNED = {"agreement": {"when": "planned"}}


def portfolio(prior: dict[str, Any] | None = None, **lane: Any) -> Portfolio:
    document: Any = deepcopy(DOCUMENT)
    document["lanes"]["simple"] |= lane
    if prior is not None:
        document["models"]["small"]["priors"] = {"faq": prior}
    return Portfolio.of(document)


@pytest.mark.parametrize(
    ("checks", "left"),
    [
        (["format", PLANNED], True),
        (["agreement"], False),
        ([{"agreement": None}], False),
        ([{"agreement": {"when": "always"}}], False),
        ([{"agreement": {"when": "rarely"}}], False),
        ([{"agreement": {"when": "planned", "who": "x"}}], False),
        ([{"agreement": "planned"}], False),
        ([PLANNED, {"agreement": {}}], False),
        ([], False),
    ],
)
def test_only_a_lane_that_says_so_leaves_it_to_the_plan(checks: list[Any], left: bool) -> None:
    assert leaves_agreement(checks) is left


@pytest.mark.parametrize(
    ("priority", "risk", "left"), [(5, "low", True), (5, "high", False), (1, "low", False), (0, "low", False)]
)
def test_nothing_is_left_where_being_wrong_is_dear(priority: int, risk: str, left: bool) -> None:
    found = portfolio(checks=[PLANNED], priority=priority)

    assert found.leaves_agreement(found.lanes["simple"], risk) is left
    assert not found.leaves_agreement(found.lanes["critical"], "low")


@pytest.mark.parametrize(("success", "false_accepts"), [(0.91, 0.0), (0.5, 0.06)])
def test_of_confirmed_answers_there_are_no_more_than_of_all(success: float, false_accepts: float) -> None:
    confirmed = {"by": "large", "success": success, "false_accepts": false_accepts}
    with pytest.raises(ValidationError, match="confirmed answers are some of all"):
        Prior.of({"success": 0.9, "false_accepts": 0.05, "confirmed": confirmed})


def test_who_confirms_is_a_model_of_the_portfolio() -> None:
    confirmed = {"by": "lrage", "success": 0.5, "false_accepts": 0.0}
    with pytest.raises(ValidationError, match=r'models\.small\.priors\.faq\.confirmed\.by: there is no model "lrage"'):
        portfolio({"success": 0.9, "confirmed": confirmed})
