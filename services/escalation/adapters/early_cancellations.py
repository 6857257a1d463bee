"""Cancellations in PostgreSQL. One that overtakes its request is kept until that can come no more.

Kafka orders nothing between topics. ``escalation.cancellations`` holds ids of which nothing else was heard yet:
openings and moves look there. What is opened in the same moment as its cancellation is written sees nothing of it, and
is found by :meth:`EarlyCancellations.apply`; so is what an older release opens.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from infra.store.forgetting import FORGET_AT_ONCE, MOST_KEPT, forgetting
from schemas.reaction import Write
from services.escalation.domain.life import LONGEST_LIFE, Cancellation

if TYPE_CHECKING:
    import asyncpg

IS_UNDER_WAY = "r.state IN ('open', 'held', 'review', 'deferred')"
ENDS = "state = CASE WHEN r.state IN ('review', 'deferred') THEN 'withdrawn' ELSE 'cancelled' END, next_at = now()"
# One of long ago comes from a rewound offset, and its request's row may be forgotten.
CANCEL = f"""
WITH heard AS (
    SELECT * FROM unnest($1::uuid[], $2::timestamptz[]) AS h (request_id, at)
), known AS (
    UPDATE escalation.requests r SET {ENDS} FROM heard h WHERE r.request_id = h.request_id AND {IS_UNDER_WAY}
)
INSERT INTO escalation.cancellations (request_id)
SELECT request_id FROM heard
WHERE at > now() - $3::interval AND NOT EXISTS (SELECT FROM escalation.requests r WHERE r.request_id = heard.request_id)
ON CONFLICT (request_id) DO NOTHING
"""  # noqa: S608 - of constants
APPLY = f"""
UPDATE escalation.requests r SET {ENDS} FROM escalation.cancellations c
WHERE c.heard_at > now() - interval '1 minute' AND r.request_id = c.request_id AND {IS_UNDER_WAY}
"""  # noqa: S608 - of constants
FORGET = forgetting("escalation.cancellations")


class EarlyCancellations:
    """Hands open requests to the timers' loop, to be ended, and remembers the others. Implements ``Table``."""

    def __init__(self, most_kept: int = MOST_KEPT) -> None:
        self._most_kept = most_kept

    async def write(self, connection: "asyncpg.Connection", writes: Sequence[Write]) -> Mapping[object, str]:
        rows: list[Cancellation] = [write.row for write in writes]
        await connection.execute(CANCEL, [row.request_id for row in rows], [row.at for row in rows], LONGEST_LIFE)
        return {}

    async def apply(self, connection: "asyncpg.Connection") -> None:
        """End what was opened in the moment of its cancellation."""
        await connection.execute(APPLY)

    async def forget(self, connection: "asyncpg.Connection", life: timedelta = LONGEST_LIFE) -> None:
        """Delete those whose requests come no more, and the oldest of too many, a bounded number at once."""
        await connection.execute(FORGET, life, self._most_kept, FORGET_AT_ONCE)
