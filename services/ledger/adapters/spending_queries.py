"""What tenants spent, from hourly sums."""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ledger.adapters.derived import ALIKE
from services.ledger.domain.spending import Spending, tenant_spending


async def spent(connection: AsyncConnection) -> Spending:
    """This day and this month, by the database's clock."""
    day, month = await _began(connection)
    alike = ALIKE.c
    cost, whole = alike.cost_micro_usd, alike.requests.type
    query = (
        select(
            alike.tenant,
            func.sum(alike.requests).cast(whole).label("requests"),
            func.coalesce(func.sum(cost).filter(alike.hour >= day), 0).cast(whole).label("day_micro_usd"),
            func.sum(cost).cast(whole).label("month_micro_usd"),
        )
        .where(alike.hour >= month)
        .group_by(alike.tenant)
        .order_by(alike.tenant)
    )
    rows = (await connection.execute(query)).mappings()
    return Spending(day=day, month=month, tenants=[tenant_spending(**row) for row in rows])


async def _began(connection: AsyncConnection) -> tuple[datetime, datetime]:
    day, month = (func.date_trunc(span, func.now(), "UTC") for span in ("day", "month"))
    row = (await connection.execute(select(day.label("day"), month.label("month")))).one()
    return row.day, row.month
