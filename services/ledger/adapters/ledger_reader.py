"""Reading the ledger: a request's story, and the newest requests."""

from collections import defaultdict
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import TypeVar
from uuid import UUID

from sqlalchemy import RowMapping, Table, func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.ledger.adapters.derived import PRUNED
from services.ledger.adapters.found_queries import page_of, summed
from services.ledger.adapters.learned_queries import graded, learned, planned
from services.ledger.adapters.rows import rows_of
from services.ledger.adapters.spending_queries import spent
from services.ledger.adapters.summary_queries import counted
from services.ledger.adapters.tables import CHECKS, ESCALATIONS, FAILURES, FEEDBACK, REQUESTS
from services.ledger.adapters.tenant_queries import of_tenants, summed_of
from services.ledger.adapters.views import ATTEMPT_VIEW, REQUEST_VIEW
from services.ledger.domain.calibration import Calibrations, calibrated
from services.ledger.domain.kept import Kept
from services.ledger.domain.learned import Planned
from services.ledger.domain.likeness import Learned
from services.ledger.domain.overview import Overview, overview
from services.ledger.domain.reading import Cursor, LedgerAway, Wanted
from services.ledger.domain.spending import Spending
from services.ledger.domain.story import (
    AttemptLine,
    AttemptStory,
    CheckLine,
    EscalationLine,
    FailureLine,
    FeedbackLine,
    RequestLine,
    RequestPage,
    RequestStory,
    Told,
    attempt_story,
    totals_of,
)
from services.ledger.domain.summary import Summary, summarize
from services.ledger.domain.tenants import Tenants

L = TypeVar("L", bound=Told)
USUAL_WINDOW = timedelta(days=1)
FEEDBACK_WINDOW = timedelta(days=30)
PLANS_WINDOW = timedelta(days=7)


class LedgerReader:
    """Selects, each answer from one snapshot. Raises ``LedgerAway`` when the database cannot answer."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)

    async def answers(self) -> None:
        """Return when the database answers and the ledger's views are there; raise otherwise."""
        async with self._snapshot() as connection:
            await connection.execute(select(REQUEST_VIEW.c.request_id).limit(0))

    async def story(self, request_id: UUID) -> RequestStory | None:
        """All that is known of a request; ``None`` when nothing is."""
        async with self._snapshot() as connection:
            request = await self._request(connection, request_id)
            if request is None:
                return None
            attempts = await self._attempts(connection, request_id)
            escalations = await _lines(connection, EscalationLine, ESCALATIONS, request_id, "number")
            feedback = await self._feedback(connection, request_id, request.tenant)
        return RequestStory(
            request=request,
            attempts=attempts,
            escalations=escalations,
            feedback=feedback,
            totals=totals_of(attempts, request.cost_at_close_micro_usd),
        )

    async def newest(self, wanted: Wanted) -> RequestPage:
        """A page of requests, the newest first."""
        async with self._snapshot() as connection:
            found = (await connection.execute(page_of(wanted))).all()
            lines = await self._requests(connection, [row.request_id for row in found[: wanted.limit]])
        last = found[wanted.limit - 1] if len(found) > wanted.limit else None
        after = Cursor(last.admitted_at, last.request_id) if last else None
        return RequestPage(requests=lines, next=after.text() if after else None)

    async def summary(self, since: datetime | None) -> Summary:
        """What the requests admitted since then (without it: in the last day) cost and achieved."""
        async with self._snapshot() as connection:
            since = since or await _ago(connection, USUAL_WINDOW)
            return summarize(since, *await counted(connection, since))

    async def overview(self, since: datetime, until: datetime, tenant: str | None = None) -> Overview:
        """What the requests admitted in these hours cost and achieved, from hourly sums; of one tenant, or of all."""
        async with self._snapshot() as connection:
            if tenant is not None:
                return overview(since, until, *await summed_of(connection, tenant, since, until))
            return overview(since, until, *await summed(connection, since, until))

    async def tenants(self, since: datetime, until: datetime) -> Tenants:
        """What the requests that tenants sent in these hours cost and achieved."""
        async with self._snapshot() as connection:
            return await of_tenants(connection, since, until)

    async def spending(self) -> Spending:
        """What each tenant spent of this day and this month."""
        async with self._snapshot() as connection:
            return await spent(connection)

    async def kept(self) -> Kept:
        """How far back requests are kept."""
        oldest = select(func.min(REQUESTS.c.admitted_at)).scalar_subquery()
        through = select(PRUNED.c.through).scalar_subquery()
        async with self._snapshot() as connection:
            row = (await connection.execute(select(oldest, through))).one()
        return Kept(oldest=row[0], gone_through=row[1])

    async def learned(self, since: datetime | None) -> Learned:
        """What models achieve, and how often checks erred on requests since then (without it: of the last 30 days)."""
        async with self._snapshot() as connection:
            since = since or await _ago(connection, FEEDBACK_WINDOW)
            return await learned(connection, since)

    async def judges(self, since: datetime | None, most_wrong: float) -> Calibrations:
        """Judges held against what people said of answers since then (without it: of the last 30 days)."""
        async with self._snapshot() as connection:
            since = since or await _ago(connection, FEEDBACK_WINDOW)
            return calibrated(await graded(connection, since), since, most_wrong)

    async def planned(self, since: datetime | None) -> Planned:
        """How the router planned for requests since then (without it: in the last seven days)."""
        async with self._snapshot() as connection:
            since = since or await _ago(connection, PLANS_WINDOW)
            return await planned(connection, since)

    @asynccontextmanager
    async def _snapshot(self) -> AsyncGenerator[AsyncConnection]:
        try:
            async with self._engine.connect() as connection:
                yield connection
        except (SQLAlchemyError, OSError, TimeoutError) as error:
            raise LedgerAway(type(error).__name__) from error

    async def _request(self, connection: AsyncConnection, request_id: UUID) -> RequestLine | None:
        query = select(REQUEST_VIEW).where(REQUEST_VIEW.c.request_id == request_id)
        row = (await connection.execute(query)).mappings().one_or_none()
        return RequestLine(**row) if row else None

    async def _requests(self, connection: AsyncConnection, shown: Sequence[UUID]) -> list[RequestLine]:
        query = select(REQUEST_VIEW).where(REQUEST_VIEW.c.request_id.in_(shown))
        lines = {row["request_id"]: RequestLine(**row) for row in await rows_of(connection, query)}
        return [lines[request_id] for request_id in shown if request_id in lines]

    async def _attempts(self, connection: AsyncConnection, request_id: UUID) -> list[AttemptStory]:
        lines = await _lines(connection, AttemptLine, ATTEMPT_VIEW, request_id, "number")
        checks = await _by_number(connection, CheckLine, CHECKS, request_id, "told_by", "position")
        failures = await _by_number(connection, FailureLine, FAILURES, request_id, "said_at", "reason")
        return [attempt_story(request_id, line, checks[line.number], failures[line.number]) for line in lines]

    async def _feedback(self, connection: AsyncConnection, request_id: UUID, tenant: str | None) -> list[FeedbackLine]:
        """What was said of it by its own tenant, or by those who may speak of any."""
        rows = await _rows(connection, FEEDBACK, request_id, "recorded_at", "feedback_id")
        return [_line(FeedbackLine, row) for row in rows if row["tenant"] in (None, tenant)]


async def _rows(connection: AsyncConnection, table: Table, request_id: UUID, *order: str) -> Sequence[RowMapping]:
    query = select(table).where(table.c.request_id == request_id).order_by(*(table.c[name] for name in order))
    return await rows_of(connection, query)


async def _ago(connection: AsyncConnection, window: timedelta) -> datetime:
    """So long ago, by the database's clock."""
    return (await connection.execute(select(func.now()))).scalar_one() - window


async def _lines(connection: AsyncConnection, line: type[L], table: Table, request_id: UUID, *order: str) -> list[L]:
    return [_line(line, row) for row in await _rows(connection, table, request_id, *order)]


async def _by_number(
    connection: AsyncConnection, line: type[L], table: Table, request_id: UUID, *order: str
) -> defaultdict[int, list[L]]:
    found: defaultdict[int, list[L]] = defaultdict(list)
    for row in await _rows(connection, table, request_id, "number", *order):
        found[row["number"]].append(_line(line, row))
    return found


def _line(line: type[L], row: RowMapping) -> L:
    return line(**{name: row[name] for name in line.model_fields})
