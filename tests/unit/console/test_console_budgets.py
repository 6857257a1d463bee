"""What tenants may spend, and what they did."""

import pytest
from portfolios import document, portfolio

from services.console.domain.budgets import Use, uses_of


@pytest.mark.parametrize(
    ("spent", "budget", "part", "is_over"),
    [("1", "4", 0.25, False), ("4", "4", 1.0, True), ("5", None, None, False), ("0.0000015", "0.000001", 1.5, True)],
)
def test_a_use_is_told_against_its_budget(spent: str, budget: str | None, part: float | None, is_over: bool) -> None:
    use = Use(spent, budget)

    assert (use.part, use.is_over) == (part, is_over)


def test_tenants_with_a_budget_and_those_that_spent_are_told() -> None:
    lanes = {name: {**lane, "budget_usd": "0.01"} for name, lane in document()["lanes"].items()}
    tenants = {"shop": {"budget_usd_per_day": "5"}, "idle": {"budget_usd_per_month": "100"}}
    whole = portfolio(tenants=tenants, lanes=lanes)
    spending = [
        {"tenant": "shop", "requests": 3, "day_usd": "6", "month_usd": "40"},
        {"tenant": "guest", "requests": 1, "day_usd": "0", "month_usd": "0.1"},
    ]
    told = {each.tenant: each for each in uses_of(whole, spending)}

    assert list(told) == ["guest", "idle", "shop"]
    assert (told["shop"].day, told["shop"].month) == (Use("6", "5"), Use("40", None))
    assert (told["idle"].month, told["idle"].requests) == (Use("0", "100"), 0)
    assert told["guest"].day == Use("0", None)


def test_without_a_portfolio_what_was_spent_is_told_alone() -> None:
    assert uses_of(None, ()) == []
