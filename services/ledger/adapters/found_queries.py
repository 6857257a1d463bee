"""Searching requests, and adding up hours: the queries over what is kept ready."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Executable,
    Interval,
    Select,
    SmallInteger,
    Table,
    Text,
    Uuid,
    any_,
    func,
    literal,
    select,
    true,
    tuple_,
    union_all,
)
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import TypeEngine

from services.ledger.adapters.derived import ALIKE, FOUND, HOURS, UNDECIDED
from services.ledger.adapters.rows import rows_of
from services.ledger.adapters.tables import REQUESTS
from services.ledger.domain.overview import DailySum, HourlySum
from services.ledger.domain.reading import Wanted

WORDS = ("lane", "task", "tenant", "state", "reason", "models", "tiers", "escalated")
KIND = func.ledger.kind(*(FOUND.c[name] for name in WORDS), type_=Uuid())
"""As the index has it."""
AN_HOUR = literal(timedelta(hours=1), Interval())


def page_of(wanted: Wanted) -> Any:
    """Ids and times of a page, the newest first; one more than asked tells whether there is a next page.

    Without words to search by, the requests themselves are read, so that the newest is never a moment late.
    """
    words = _words(wanted)
    return _alike(wanted, words) if words else _newest(REQUESTS, wanted).where(REQUESTS.c.admitted_at.is_not(None))


def _alike(wanted: Wanted, words: Sequence[ColumnElement[bool]]) -> Any:
    """The newest of each kind of request that has these words, put together."""
    kinds = _kinds(wanted, words).cte("kinds")
    hour = kinds.c.hour
    each = (
        _newest(FOUND, wanted)
        .where(kinds.c.kind == KIND, FOUND.c.admitted_at >= hour, FOUND.c.admitted_at < hour + AN_HOUR)
        .lateral("each")
    )
    query = select(each.c.request_id, each.c.admitted_at).select_from(kinds.join(each, true()))
    return query.order_by(each.c.admitted_at.desc(), each.c.request_id.desc()).limit(wanted.limit + 1)


def _kinds(wanted: Wanted, words: Sequence[ColumnElement[bool]]) -> Any:
    """The hours that have requests of these kinds, with the kinds, as far back as a page needs.

    In each there is at least one request for the page, but for the hour in which the page begins: all of its requests
    may be newer, so that it does not count towards the page's length.
    """
    fitting = select(ALIKE.c.hour, ALIKE.c.kind).where(*words)
    if wanted.since is not None:
        fitting = fitting.where(ALIKE.c.hour >= _hour_of(wanted.since))
    older = fitting.order_by(ALIKE.c.hour.desc()).fetch(wanted.limit + 1, with_ties=True)
    begins = [moment for moment in (wanted.until, wanted.after and wanted.after.admitted_at) if moment is not None]
    if not begins:
        return older
    begun = _hour_of(min(begins))
    return union_all(fitting.where(ALIKE.c.hour == begun), older.where(ALIKE.c.hour < begun))


def _hour_of(moment: datetime) -> ColumnElement[datetime]:
    return func.date_trunc("hour", moment, "UTC")


def _newest(table: Table, wanted: Wanted) -> Select[Any, Any]:
    admitted_at, request_id = table.c.admitted_at, table.c.request_id
    query = select(request_id, admitted_at)
    if wanted.since is not None:
        query = query.where(admitted_at >= wanted.since)
    if wanted.until is not None:
        query = query.where(admitted_at < wanted.until)
    if wanted.after is not None:
        place = tuple_(admitted_at, request_id)
        query = query.where(place < tuple_(wanted.after.admitted_at, wanted.after.request_id))
    return query.order_by(admitted_at.desc(), request_id.desc()).limit(wanted.limit + 1)


def _words(wanted: Wanted) -> list[ColumnElement[bool]]:
    alike = ALIKE.c
    equal = [(alike[name], getattr(wanted, name)) for name in ("state", "lane", "task", "tenant")]
    words = [column == value for column, value in equal if value is not None]
    if wanted.model is not None:
        words.append(_holds(alike.models, Text(), wanted.model))
    if wanted.tier is not None:
        words.append(_holds(alike.tiers, SmallInteger(), wanted.tier))
    if wanted.reason is not None:
        words.append((alike.reason == wanted.reason) | _holds(alike.escalated, Text(), wanted.reason))
    return words


def _holds(column: ColumnElement[Any], kind: TypeEngine[Any], word: object) -> ColumnElement[bool]:
    """``word = ANY (column)``: where all rows are looked at, a quarter less work than ``@>``."""
    return literal(word, kind) == any_(column)


async def summed(
    connection: AsyncConnection, since: datetime, until: datetime
) -> tuple[list[HourlySum], list[DailySum]]:
    """The sums of each lane over these hours, and of all lanes on each day."""
    hours = HOURS.c
    span = (hours.hour >= _hour_of(since), hours.hour < until)
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
    rows = [*await rows_of(connection, of_lanes), *await rows_of(connection, _undecided(since, until))]
    return [HourlySum(**row) for row in rows], [DailySum(**row) for row in await rows_of(connection, daily)]


def _undecided(since: datetime, until: datetime) -> Executable:
    undecided = UNDECIDED.c
    named = (literal("undecided").label("measure"), literal("").label("key"), func.count().label("value"))
    span = (undecided.hour >= _hour_of(since), undecided.hour < until)
    return select(undecided.lane, *named).where(*span).group_by(undecided.lane)
