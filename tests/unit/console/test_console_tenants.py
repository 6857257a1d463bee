"""Tenants' weeks, added up and compared."""

from typing import Any

import pytest

from services.console.domain.tenants import by_tenant, lanes_of


def lane(tenant: str, name: str, completed: int, cost: int, **more: Any) -> dict[str, Any]:
    """As the ledger tells it."""
    counts = {"requests": completed, "completed": completed, "failed": 0, "moved": 0, "because": {}}
    answered = {"tiers": {"0": completed}, "latency_ms": {"p50": 10 * cost, "p95": 20 * cost}}
    return {"tenant": tenant, "lane": name, "cost_micro_usd": cost, **counts, **answered, **more}


OLDER = ("tenant", "lane", "requests", "completed", "failed", "moved", "cost_micro_usd", "because")


def week(*lanes: dict[str, Any], **p50: int) -> dict[str, Any]:
    tenants = [{"tenant": name, "latency_ms": {"p50": each, "p95": 2 * each}} for name, each in p50.items()]
    return {"lanes": lanes, "tenants": tenants}


NOW = week(
    lane("shop", "simple", 3, 600, requests=5, failed=1, moved=2, because={"timeout": 2}),
    lane("shop", "critical", 1, 200, because={"timeout": 1, "check_failed": 1}, tiers={"0": 1, "1": 4}),
    lane("desk", "simple", 1, 5_000),
    shop=300,
    desk=50,
)
BEFORE = week(lane("shop", "simple", 2, 800), lane("gone", "simple", 1, 100), shop=400, gone=7)


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
        "P50 latency": (-25.0, True),
        "P95 latency": (-25.0, True),
        "escalated": (None, None),
    }


def test_the_lanes_of_a_tenant_are_its_own() -> None:
    assert [line.name for line in lanes_of("shop", NOW, BEFORE)] == ["simple", "critical"]
    assert lanes_of("nobody", NOW, BEFORE) == []


def test_latencies_are_of_the_lane_or_of_all_lanes_together_and_tiers_are_added_up() -> None:
    shop = by_tenant(NOW, BEFORE)[1]
    assert [(tier.name, tier.count, tier.part, tier.before) for tier in shop.tiers] == [
        ("1", 4, 0.5, 1.0),
        ("2", 4, 0.5, 0.0),
    ]
    simple, critical = lanes_of("shop", NOW, BEFORE)
    told = [[change.now for change in line.changes if "latency" in change.name] for line in (shop, simple, critical)]
    assert told == [["300 ms", "600 ms"], ["6000 ms", "12000 ms"], ["2000 ms", "4000 ms"]]


def test_an_older_ledger_tells_neither_latencies_nor_tiers() -> None:
    older = {"lanes": [{name: each for name, each in lane("shop", "simple", 1, 2).items() if name in OLDER}]}
    (shop,) = by_tenant(older, older)
    assert ({change.now for change in shop.changes if "latency" in change.name}, shop.tiers) == ({"-"}, [])
    assert lanes_of("shop", older, older)[0].now.requests == 1
