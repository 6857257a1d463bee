"""Agreement is always asked for, unless a lane leaves it to the plan; what is believed of it must be possible."""

from copy import deepcopy
from typing import Any

import pytest
from pydantic import ValidationError

from schemas.check_settings import (
    USUAL_THRESHOLD,
    asks_a_third,
    fixed_threshold,
    leaves_agreement,
    plans_threshold,
    read_settings,
)
from schemas.example_request import DOCUMENT
from schemas.models import BUCKETS, Prior, bucket_of
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


ALIKE = {"agreement": {"threshold": "planned"}}


@pytest.mark.parametrize(
    ("checks", "fixed", "planned"),
    [
        (["agreement"], USUAL_THRESHOLD, False),
        ([{"agreement": {"threshold": 0.8}}], 0.8, False),
        ([{"agreement": {"threshold": 1}}], 1.0, False),
        ([{"agreement": {"threshold": 0}}], USUAL_THRESHOLD, False),
        ([{"agreement": {"threshold": True}}], USUAL_THRESHOLD, False),
        ([{"agreement": {"threshold": "0.8"}}], USUAL_THRESHOLD, False),
        ([ALIKE], USUAL_THRESHOLD, True),
        ([{"agreement": {"threshold": "planned", "when": "planned"}}], USUAL_THRESHOLD, True),
        ([ALIKE, {"agreement": {"threshold": 0.8}}], 0.8, False),
        ([], USUAL_THRESHOLD, False),
    ],
)
def test_a_threshold_is_the_lanes_own_unless_it_is_left_to_the_plan(
    checks: list[Any], fixed: float, planned: bool
) -> None:
    assert (fixed_threshold(checks), plans_threshold(checks)) == (fixed, planned)


@pytest.mark.parametrize(
    ("changes", "risk", "lower"),
    [
        ({}, "low", True),
        ({}, "high", False),
        ({"priority": 1}, "low", False),
        ({"bar": {"compliance_risk": 5}}, "low", False),
    ],
)
def test_it_is_lowered_nowhere_where_being_wrong_is_dear(changes: dict[str, Any], risk: str, lower: bool) -> None:
    found = portfolio(checks=[ALIKE], **changes)

    assert found.may_lower_threshold(found.lanes["simple"], risk) is lower


def of_curve(right: list[float], wrong: list[float]) -> Prior:
    curve = {"right": right, "wrong": wrong}
    return Prior.of({"success": 0.9, "confirmed": {"by": "b", "success": 0.5, "false_accepts": 0.0, "curve": curve}})


def test_a_curve_has_a_share_of_all_answers_for_each_bucket() -> None:
    share = [1 / BUCKETS / 2] * BUCKETS
    assert of_curve(share, share).confirmed is not None
    with pytest.raises(ValidationError, match="there must be 20 numbers, one for each bucket, and there are 19"):
        of_curve(share[1:], share)
    with pytest.raises(ValidationError, match=r"together 1 at most, and they are 1\.5"):
        of_curve([each * 2 for each in share], share)


def test_a_score_on_an_edge_falls_into_the_bucket_above() -> None:
    assert [bucket_of(number / BUCKETS) for number in range(BUCKETS)] == list(range(BUCKETS))
    assert (bucket_of(0.49), bucket_of(0.9999), bucket_of(1.0)) == (9, 19, 19)


@pytest.mark.parametrize(
    ("checks", "third"),
    [
        ([], False),
        (["agreement"], False),
        ([{"agreement": {}}], False),
        ([{"agreement": {"opinions": 2}}], False),
        ([{"agreement": {"opinions": 3}}], True),
        ([{"agreement": {"opinions": 3, "when": "planned", "threshold": 0.8}}], True),
        ([{"agreement": {"opinions": 4}}], False),
        ([{"agreement": {"opinions": True}}], False),
    ],
)
def test_a_third_is_asked_only_where_the_lane_says_so(checks: list[Any], third: bool) -> None:
    assert asks_a_third(checks) is third


@pytest.mark.parametrize("opinions", [1, 4, "many", True])
def test_opinions_are_two_or_three(opinions: object) -> None:
    with pytest.raises(ValidationError, match="2, 3 or 'planned'"):
        read_settings("agreement", {"opinions": opinions})


SETTLED = {"by": "large", "success": 0.2, "false_accepts": 0.05}


@pytest.mark.parametrize(
    "more",
    [
        {"third": SETTLED | {"success": 0.3}},
        {"after": {"large": {"success": 0.3, "false_accepts": 0.0}}},
        {"third": SETTLED | {"after": {"large": {"success": 0.1, "false_accepts": 0.0}}}},
    ],
    ids=["a third", "who follows two", "who follows three"],
)
def test_what_follows_two_is_of_what_they_left(more: dict[str, Any]) -> None:
    confirmed = {"by": "large", "success": 0.7, "false_accepts": 0.04}

    assert Prior.of({"success": 0.9, "false_accepts": 0.1, "confirmed": confirmed | {"third": SETTLED}})
    with pytest.raises(ValidationError, match="what follows is of the rest"):
        Prior.of({"success": 0.9, "false_accepts": 0.1, "confirmed": confirmed | more})


@pytest.mark.parametrize(
    ("more", "at"),
    [
        ({"third": SETTLED | {"by": "lrage"}}, "third.by"),
        ({"after": {"lrage": {"success": 0.1, "false_accepts": 0.0}}}, "after"),
        ({"third": SETTLED | {"after": {"lrage": {"success": 0.1, "false_accepts": 0.0}}}}, "third.after"),
    ],
)
def test_whoever_settles_or_follows_is_a_model_of_the_portfolio(more: dict[str, Any], at: str) -> None:
    confirmed = {"by": "large", "success": 0.5, "false_accepts": 0.0, **more}
    with pytest.raises(ValidationError, match=rf'priors\.faq\.confirmed\.{at}: there is no model "lrage"'):
        portfolio({"success": 0.9, "confirmed": confirmed})


@pytest.mark.parametrize(
    ("opinions", "priority", "risk", "may"),
    [
        ("planned", 5, "low", True),
        ("planned", 5, "high", False),
        ("planned", 1, "low", False),
        (3, 5, "low", False),
        (2, 5, "low", False),
    ],
)
def test_a_third_is_left_to_the_plan_only_where_being_wrong_is_not_dear(
    opinions: object, priority: int, risk: str, may: bool
) -> None:
    found = portfolio(checks=[{"agreement": {"opinions": opinions}}], priority=priority)

    assert found.may_settle_by_plan(found.lanes["simple"], risk) is may
