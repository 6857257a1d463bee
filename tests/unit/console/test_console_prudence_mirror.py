"""A mirror that would ask people for nobody is said, and whose own tenant a client would be; any other is let alone.

So is an order of tiers that is kept on purpose.
"""

from typing import Any

import pytest
from portfolios import TODAY, document, portfolio

from services.console.domain.prudence import advice


@pytest.mark.parametrize(
    ("reviews", "says"), [({"ask": "clerks", "within_s": 20}, ["lanes.simple.mirror"]), (None, [])]
)
def test_nobody_is_asked_by_a_mirror_for_answers_that_nobody_is_given(reviews: Any, says: list[str]) -> None:
    lanes = document()["lanes"]
    simple = {**lanes["simple"], "mirror": {"lane": "critical", "share": 0.1}}

    found = advice(
        portfolio(lanes={**lanes, "simple": simple, "critical": {**lanes["critical"], "reviews": reviews}}), TODAY
    )

    assert [".".join(map(str, each.path)) for each in found] == says
    assert all("critical has reviews" in each.says for each in found)


@pytest.mark.parametrize(("mirror", "says"), [({"lane": "critical", "share": 0.1}, ["clients.mirror"]), (None, [])])
def test_a_client_is_not_named_as_the_tenant_of_what_is_asked_for_nobody(mirror: Any, says: list[str]) -> None:
    lanes = document()["lanes"]
    mirroring = {**lanes, "simple": {**lanes["simple"], "mirror": mirror}}

    found = advice(portfolio(lanes=mirroring, clients={"mirror": {}, "savings-bank": {}}), TODAY)

    assert [".".join(map(str, each.path)) for each in found] == says
    assert all("name it otherwise" in each.says for each in found)


def test_an_order_of_tiers_that_is_kept_on_purpose_gets_no_advice() -> None:
    lanes = document()["lanes"]
    kept = {**lanes["critical"], "tiers": [["large"], ["small"]], "learns": False}

    assert not advice(portfolio(lanes={**lanes, "critical": kept}), TODAY)
