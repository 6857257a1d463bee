"""Searching requests, and adding up hours: the queries over what is kept ready."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Executable, RowMapping, SmallInteger, Text, any_, func, literal, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import TypeEngine

from services.ledger.adapters.derived import FOUND, HOURS
from services.ledger.adapters.tables import REQUESTS
from services.ledger.domain.overview import DailySum, HourlySum
from services.ledger.domain.reading import Wanted


def page_of(wanted: Wanted) -> Any:
    """Ids and times of a page, the newest first; one more than asked tells whether there is a next page.

    Without words to search by, the requests themselves are read, so that the newest is never a moment late.
    """
    words = _words(wanted)
    table = FOUND.c if words else REQUESTS.c
    query = select(table.request_id, table.admitted_at).where(table.admitted_at.is_not(None), *words)
    if wanted.since is not None:
        query = query.where(table.admitted_at >= wanted.since)
    if wanted.until is not None:
        query = query.where(table.admitted_at < wanted.until)
    if wanted.after is not None:
        place = tuple_(table.admitted_at, table.request_id)
        query = query.where(place < tuple_(wanted.after.admitted_at, wanted.after.request_id))
    return query.order_by(table.admitted_at.desc(), table.request_id.desc()).limit(wanted.limit + 1)


def _words(wanted: Wanted) -> list[ColumnElement[bool]]:
    found = FOUND.c
    equal = [(found[name], getattr(wanted, name)) for name in ("state", "lane", "task", "tenant")]
    words = [column == value for column, value in equal if value is not None]
    if wanted.model is not None:
        words.append(_holds(found.models, Text(), wanted.model))
    if wanted.tier is not None:
        words.append(_holds(found.tiers, SmallInteger(), wanted.tier))
    if wanted.reason is not None:
        words.append((found.reason == wanted.reason) | _holds(found.escalated, Text(), wanted.reason))
    return words


def _holds(column: ColumnElement[Any], kind: TypeEngine[Any], word: object) -> ColumnElement[bool]:
    """``word = ANY (column)``: where all rows are looked at, a quarter less work than ``@>``."""
    return literal(word, kind) == any_(column)


async def summed(
    connection: AsyncConnection, since: datetime, until: datetime
) -> tuple[list[HourlySum], list[DailySum]]:
    """The sums of each lane over these hours, and of all lanes on each day."""
    hours = HOURS.c
    span = (hours.hour >= func.date_trunc("hour", since, "UTC"), hours.hour < until)
    value = func.sum(hours.value).cast(hours.value.type).label("value")
    of_lanes = (
        select(hours.lane, hours.measure, hours.key, value).where(*span).group_by(hours.lane, hours.measure, hours.key)
    )
    day = func.date_trunc("day", hours.hour, "UTC").label("day")
    daily = (
        select(day, hours.measure, hours.key, value)
        .where(*span, hours.measure.in_(("state", "cost")))
        .group_by(day, hours.measure, hours.key)
    )
    rows, days = await _rows(connection, of_lanes), await _rows(connection, daily)
    return [HourlySum(**row) for row in rows], [DailySum(**row) for row in days]


async def _rows(connection: AsyncConnection, query: Executable) -> Sequence[RowMapping]:
    return (await connection.execute(query)).mappings().all()
