"""Tenants' budgets in PostgreSQL: held in the transaction that admits, settled by the end of the request."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from schemas.reaction import DONE, Write
from services.profiler.domain.budget import HELD_AT_MOST, OVER, Hold, Limit, Spent, no_room

if TYPE_CHECKING:
    import asyncpg

# The rows are locked in one order, so that profilers wait for each other and never in a circle.
OPEN = """
INSERT INTO profiler.spending (tenant, period, begins) SELECT * FROM unnest($1::text[], $2::text[], $3::date[])
ON CONFLICT DO NOTHING
"""
LOCK = """
SELECT tenant, period, begins, s.held_micro_usd + s.spent_micro_usd AS taken
  FROM profiler.spending s
  JOIN unnest($1::text[], $2::text[], $3::date[]) AS asked (tenant, period, begins) USING (tenant, period, begins)
 ORDER BY tenant, period, begins FOR UPDATE OF s
"""
HOLD = """
UPDATE profiler.spending s SET held_micro_usd = s.held_micro_usd + a.micro_usd
  FROM unnest($1::text[], $2::text[], $3::date[], $4::bigint[]) AS a (tenant, period, begins, micro_usd)
 WHERE (s.tenant, s.period, s.begins) = (a.tenant, a.period, a.begins)
"""
NOTE = """
UPDATE profiler.admissions a SET outcome = n.outcome, held_micro_usd = n.held, held_on = n.held_on, held_of = n.held_of
  FROM unnest($1::uuid[], $2::text[], $3::bigint[], $4::date[], $5::text[])
       AS n (request_id, outcome, held, held_on, held_of)
 WHERE a.request_id = n.request_id
"""
# A hold is given back once: the row that held says so no more. A bound counts as far as the hold has room for it.
SETTLE = """
WITH old AS (
    SELECT a.request_id, a.tenant, a.held_micro_usd, a.held_on, a.held_of,
           e.known + least(e.bounded, greatest(0, a.held_micro_usd - e.known)) AS cost
      FROM profiler.admissions a
      JOIN unnest($1::uuid[], $2::bigint[], $3::bigint[]) AS e (request_id, known, bounded) USING (request_id)
     WHERE a.held_micro_usd IS NOT NULL ORDER BY a.request_id FOR UPDATE OF a
), freed AS (
    UPDATE profiler.admissions a SET held_micro_usd = NULL FROM old WHERE a.request_id = old.request_id RETURNING old.*
)
SELECT tenant, held_on, held_of, sum(held_micro_usd)::bigint AS held, sum(cost)::bigint AS cost FROM freed
GROUP BY tenant, held_on, held_of ORDER BY tenant, held_on
"""
# A limit may have come since: nothing is held of that one, but the cost counts. An older release did not say of which.
SPEND = """
WITH mine AS (
    SELECT s.tenant, s.period, s.begins, t.cost,
           CASE WHEN coalesce(s.period = ANY (string_to_array(t.held_of, ',')), true) THEN t.held ELSE 0 END AS held
      FROM profiler.spending s
      JOIN unnest($1::text[], $2::date[], $3::text[], $4::bigint[], $5::bigint[])
           AS t (tenant, held_on, held_of, held, cost) USING (tenant)
     WHERE s.begins = CASE s.period WHEN 'day' THEN t.held_on ELSE date_trunc('month', t.held_on)::date END
     ORDER BY s.tenant, s.period, s.begins FOR UPDATE OF s
), summed AS (
    SELECT tenant, period, begins, sum(held)::bigint AS held, sum(cost)::bigint AS cost FROM mine GROUP BY 1, 2, 3
)
UPDATE profiler.spending s
   SET held_micro_usd = greatest(0, s.held_micro_usd - m.held), spent_micro_usd = s.spent_micro_usd + m.cost
  FROM summed m WHERE (s.tenant, s.period, s.begins) = (m.tenant, m.period, m.begins)
"""
UNHEARD = """
SELECT request_id FROM profiler.admissions
 WHERE held_micro_usd IS NOT NULL AND admitted_at < now() - $1::interval ORDER BY request_id LIMIT $2
"""
AT_ONCE = 1_000
Place = tuple[str, str, date]
Left = dict[tuple[str, date], int]


class Asked(NamedTuple):
    """A request that asks for room. One that ``mirrors`` another comes after it, and has none where that has none."""

    request_id: UUID
    tenant: str
    hold: Hold
    mirrors: UUID | None = None


async def hold_all(connection: "asyncpg.Connection", asked: Sequence[Asked]) -> dict[object, str]:
    """Hold what there is room for, in the order given, in the caller's transaction; the outcome of each request."""
    left = await _left(connection, asked)
    taken: defaultdict[Place, int] = defaultdict(int)
    outcomes: dict[object, str] = {}
    notes: list[tuple[UUID, str, int | None, date, str]] = []
    for request_id, tenant, hold, mirrors in asked:
        firsts = outcomes.get(mirrors, DONE)
        outcome = outcomes[request_id] = firsts if firsts != DONE else _outcome(no_room(hold, left[tenant]))
        for limit in hold.limits if outcome == DONE else ():
            taken[tenant, limit.period, limit.begins] += hold.micro_usd
        periods = ",".join(limit.period for limit in hold.limits)
        notes.append((request_id, outcome, hold.micro_usd if outcome == DONE else None, hold.on, periods))
    if taken:
        await connection.execute(HOLD, *zip(*((*place, micro) for place, micro in sorted(taken.items())), strict=True))
    await connection.execute(NOTE, *zip(*notes, strict=True))
    return outcomes


def _outcome(full: Limit | None) -> str:
    return f"{OVER}{full.period}" if full else DONE


async def _left(connection: "asyncpg.Connection", asked: Sequence[Asked]) -> dict[str, Left]:
    """What is left of each limit, its row locked until the transaction ends."""
    limits = {(one.tenant, limit.period, limit.begins): limit for one in asked for limit in one.hold.limits}
    left: defaultdict[str, Left] = defaultdict(dict)
    if not limits:
        return left
    places = list(zip(*sorted(limits), strict=True))
    await connection.execute(OPEN, *places)
    for row in await connection.fetch(LOCK, *places):
        limit = limits[row["tenant"], row["period"], row["begins"]]
        left[row["tenant"]][row["period"], row["begins"]] = limit.micro_usd - row["taken"]
    return left


class Settlements:
    """The ends of requests: what they held is free, and what they cost is spent; once, however often it is told."""

    async def write(self, connection: "asyncpg.Connection", writes: Sequence[Write]) -> Mapping[object, str]:
        if not writes:
            return {}
        async with connection.transaction():
            ends = [(w.key, w.row.known_micro_usd, w.row.bounded_micro_usd) for w in writes]
            freed = await connection.fetch(SETTLE, *zip(*ends, strict=True))
            if freed:
                await connection.execute(SPEND, *zip(*(tuple(row.values()) for row in freed), strict=True))
        return {}

    async def expire(self, connection: "asyncpg.Connection") -> int:
        """Free what is held for requests whose ends were never heard, and can come no more; how many."""
        old = [row["request_id"] for row in await connection.fetch(UNHEARD, HELD_AT_MOST, AT_ONCE)]
        await self.write(connection, [Write("settlements", request_id, Spent()) for request_id in old])
        return len(old)
