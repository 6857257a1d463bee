"""What tenants spent, from the narrow rows of requests."""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ledger.adapters.derived import FOUND
from services.ledger.domain.spending import Spending, tenant_spending


async def spent(connection: AsyncConnection) -> Spending:
    """This day and this month, by the database's clock."""
    day, month = await _began(connection)
    found = FOUND.c
    cost = found.cost_micro_usd
    query = (
        select(
            found.tenant,
            func.count().label("requests"),
            func.coalesce(func.sum(cost).filter(found.admitted_at >= day), 0).cast(cost.type).label("day_micro_usd"),
            func.sum(cost).cast(cost.type).label("month_micro_usd"),
        )
        .where(found.admitted_at >= month)
        .group_by(found.tenant)
        .order_by(found.tenant)
    )
    rows = (await connection.execute(query)).mappings()
    return Spending(day=day, month=month, tenants=[tenant_spending(**row) for row in rows])


async def _began(connection: AsyncConnection) -> tuple[datetime, datetime]:
    day, month = (func.date_trunc(span, func.now(), "UTC") for span in ("day", "month"))
    row = (await connection.execute(select(day.label("day"), month.label("month")))).one()
    return row.day, row.month
