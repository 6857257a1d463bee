"""A lane against its bar, and against the week before."""

from decimal import Decimal
from typing import Any

from schemas.portfolio import Bar
from services.console.domain.bars import compared, shares, thresholds, tier_shares, usd_per_1k_tokens


def part(**told: Any) -> dict[str, Any]:
    usual = {
        "success": 0.96,
        "cost_per_success_usd": "0.002",
        "latency_ms": {"p50": 400, "p95": 2_000},
        "tokens": 200_000,
        "cost_micro_usd": 2_000_000,
        "compliance_risk": 15.01,
    }
    return {**usual, **told}


def test_the_four_thresholds_say_what_is_over() -> None:
    bar = Bar(success=0.97, p95_ms=2_300, usd_per_1k_tokens=Decimal("0.0085"), compliance_risk=15)
    told = thresholds(bar, part())
    assert [(each.name, each.over) for each in told] == [
        ("success", True),
        ("P95 latency", False),
        ("cost per 1,000 tokens", True),
        ("compliance risk", True),
    ]
    assert (told[0].reached, told[0].asked) == ("96.0%", "at least 97.0%")
    assert (told[2].reached[0], told[2].asked) == ("$", "at most $0.0085")
    assert (told[3].reached, told[3].asked) == ("15.01 %", "at most 15 %")


def test_a_lane_without_a_bar_or_without_requests_is_over_nothing() -> None:
    assert thresholds(Bar(), part()) == []
    bare = part(success=None, latency_ms={"p50": None, "p95": None}, tokens=0, compliance_risk=None)
    bar = Bar(success=0.9, p95_ms=1, usd_per_1k_tokens=Decimal(0), compliance_risk=0)
    assert [(each.over, each.reached) for each in thresholds(bar, bare)] == [(None, "not measured")] * 4
    assert usd_per_1k_tokens(bare) is None


def test_less_cost_less_risk_and_more_success_are_better() -> None:
    latency = {"p50": 200, "p95": 2_000}
    week_before = part(success=0.9, cost_per_success_usd="0.004", latency_ms=latency, compliance_risk=30.02)
    cost, success, p50, p95, risk = compared(part(), week_before)
    assert (cost.percent, cost.better) == (-50.0, True)
    assert (success.percent, success.better) == (6.7, True)
    assert (p50.percent, p50.better) == (100.0, False)
    assert (p95.percent, p95.better) == (0.0, None)
    assert (risk.now, risk.percent, risk.better) == ("15.0%", -50.0, True)
    assert [each.percent for each in compared(part(), None)] == [None] * 5


def test_shares_are_of_all_against_the_span_before() -> None:
    told = shares({"1": 3, "2": 1}, {"1": 1, "3": 1})
    assert [(each.name, each.count, each.part, each.before) for each in told] == [
        ("1", 3, 0.75, 0.5),
        ("2", 1, 0.25, 0.0),
        ("3", 0, 0.0, 0.5),
    ]
    assert [each.before for each in shares({"1": 3}, {})] == [None]
    assert shares({}, {}) == []


def test_tiers_are_told_from_one_and_the_lowest_first() -> None:
    told = tier_shares({"10": 1, "2": 2, "0": 1}, {"2": 1})
    assert [(each.name, each.part, each.before) for each in told] == [
        ("1", 0.25, 0.0),
        ("3", 0.5, 1.0),
        ("11", 0.25, 0.0),
    ]
