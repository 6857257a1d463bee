"""What tenants may spend, and what they did."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from schemas.portfolio import Portfolio


@dataclass(frozen=True, slots=True)
class Use:
    """Dollars spent of a day or a month. ``budget`` is ``None`` where nothing limits it."""

    spent: str
    budget: str | None

    @property
    def part(self) -> float | None:
        """Of the budget, from 0; ``None`` without one."""
        return None if not self.budget else float(Decimal(self.spent) / Decimal(self.budget))

    @property
    def is_over(self) -> bool:
        """Whether all of it is spent; never where there is no budget."""
        return self.budget is not None and Decimal(self.spent) >= Decimal(self.budget)


@dataclass(frozen=True, slots=True)
class TenantUse:
    """A tenant's use of its budgets."""

    tenant: str
    requests: int
    day: Use
    month: Use


def uses_of(portfolio: Portfolio | None, spending: Sequence[Mapping[str, Any]]) -> list[TenantUse]:
    """By tenant: those with a budget, and those that spent."""
    tenants = (portfolio.tenants if portfolio else None) or {}
    spent = {each["tenant"]: each for each in spending}
    found: list[TenantUse] = []
    for name in sorted({*tenants, *spent}):
        told, limit = spent.get(name, {}), tenants.get(name)
        day, month = (limit.budget_usd_per_day, limit.budget_usd_per_month) if limit else (None, None)
        found.append(
            TenantUse(
                name,
                told.get("requests", 0),
                Use(told.get("day_usd", "0"), None if day is None else str(day)),
                Use(told.get("month_usd", "0"), None if month is None else str(month)),
            )
        )
    return found
