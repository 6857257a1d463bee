"""The router tells a plan in words, and the ledger reads the expected success out of them."""

import re

import pytest
from knowing import EXPLORED, Router
from routing import portfolio, scored

from schemas.attempt import EXPECTED_SUCCESS

SCORES = (scored("small", good=98, bad=2), scored("large", good=97, bad=3, micro_usd=300))


@pytest.mark.parametrize("bar", [{}, {"success": 0.8}, {"success": 1.0}])
@pytest.mark.parametrize("checks", [["format"], ["format", "agreement"]])
def test_the_success_that_a_plan_expects_is_the_first_that_its_choice_tells(
    checks: list[str], bar: dict[str, float]
) -> None:
    found = portfolio(("lanes/simple/bar", bar), ("lanes/simple/checks", checks))
    why = Router(*SCORES, found=found).first().choice.why
    told = re.search(EXPECTED_SUCCESS, why)

    assert told is not None
    plan, *_ = re.split("; (?:runner-up|predicted)", why)
    assert f": success {told[1]}% (at least" in plan


def test_a_choice_that_explores_a_path_or_follows_no_plan_tells_none() -> None:
    sick = scored("small", bad=100, micro_usd=2_000), scored("large", good=98, bad=2, micro_usd=3_000)

    explored = Router(*sick).first(request_id=EXPLORED).choice.why
    assert explored.startswith("explored: some requests go to")
    assert re.search(EXPECTED_SUCCESS, explored) is None
    assert re.search(EXPECTED_SUCCESS, Router().first().choice.why) is None
