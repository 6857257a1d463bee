"""What tenants spent of this day and this month, from a real PostgreSQL."""

from datetime import UTC, datetime, timedelta

from ledger_at_work import Api, api, escalated_once
from unit.ledger.ledger_story import Story

__all__ = ["api"]


async def test_a_day_and_a_month_are_counted_from_their_beginnings(api: Api) -> None:
    now = datetime.now(UTC)
    today, month = now.replace(hour=0, minute=0, second=0, microsecond=0), now.replace(day=1, hour=0, minute=0)
    moments = {
        "now": today,
        "before the day": today - timedelta(minutes=1),
        "before the month": month - timedelta(days=1),
    }
    for name, at in moments.items():
        await api.hear(escalated_once(Story(name, admitted_at=at)).heard)
    told = await api.get("/spending")

    before_today = 1 if moments["before the day"] >= month else 0
    assert datetime.fromisoformat(told["day"]) == today
    assert told["tenants"] == [
        {
            "tenant": "default",
            "requests": 1 + before_today,
            "day_usd": "0.00075",
            "month_usd": "0.0015" if before_today else "0.00075",
        }
    ]


async def test_nobody_spent_anything_in_an_empty_ledger(api: Api) -> None:
    assert (await api.get("/spending"))["tenants"] == []
