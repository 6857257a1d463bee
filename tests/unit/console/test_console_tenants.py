"""Tenants' weeks, added up and compared."""

from typing import Any

import pytest

from services.console.domain.tenants import by_tenant, lanes_of


def lane(tenant: str, name: str, completed: int, cost: int, **more: Any) -> dict[str, Any]:
    """As the ledger tells it."""
    counts = {"requests": completed, "completed": completed, "failed": 0, "moved": 0, "because": {}}
    return {"tenant": tenant, "lane": name, "cost_micro_usd": cost, **counts, **more}


NOW = [
    lane("shop", "simple", 3, 600, requests=5, failed=1, moved=2, because={"timeout": 2}),
    lane("shop", "critical", 1, 200, because={"timeout": 1, "check_failed": 1}),
    lane("desk", "simple", 1, 5_000),
]
BEFORE = [lane("shop", "simple", 2, 800), lane("gone", "simple", 1, 100)]


def test_the_dearest_tenant_stands_first_and_one_that_left_stays_to_be_seen() -> None:
    told = by_tenant(NOW, BEFORE)
    assert [(line.name, line.now.requests) for line in told] == [("desk", 1), ("shop", 6), ("gone", 0)]


def test_lanes_are_added_up_and_compared_with_the_week_before() -> None:
    shop = by_tenant(NOW, BEFORE)[1]
    assert shop.now.because == {"timeout": 3, "check_failed": 1}
    assert (shop.now.usd_per_success, shop.now.success, shop.now.moved_share) == pytest.approx((0.0002, 0.8, 1 / 3))
    told = {each.name: (each.percent, each.better) for each in shop.changes}
    assert told == {
        "cost": (0.0, None),
        "cost per success": (-50.0, True),
        "success": (-20.0, False),
        "escalated": (None, None),
    }


def test_the_lanes_of_a_tenant_are_its_own() -> None:
    assert [line.name for line in lanes_of("shop", NOW, BEFORE)] == ["simple", "critical"]
    assert lanes_of("nobody", NOW, BEFORE) == []
