"""Answers that were wrong, by feedback: noted, and served to nobody any more, whether they are kept by then or not."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from schemas.reaction import Write
from services.gateway.domain.cache import Bad

if TYPE_CHECKING:
    import asyncpg

NOTE = """
INSERT INTO gateway.dropped (request_id, tenant) SELECT * FROM unnest($1::uuid[], $2::text[]) ON CONFLICT DO NOTHING
"""
DROP = """
UPDATE gateway.answers a SET expires_at = now()
  FROM unnest($1::uuid[], $2::text[]) AS bad (request_id, tenant) LEFT JOIN gateway.given g USING (request_id)
 WHERE a.request_id = coalesce(g.first, bad.request_id) AND bad.tenant IN ('', a.tenant) AND a.expires_at > now()
"""


async def drop(connection: "asyncpg.Connection", bad: Sequence[Bad]) -> int:
    """Note which answers were wrong, and serve them no more; how many were served until now.

    Noting and keeping answers exclude each other, so that the later of the two sees what the other did.
    """
    columns = list(zip(*bad, strict=True))
    async with connection.transaction():
        await connection.execute(NOTE, *columns)
        return int((await connection.execute(DROP, *columns)).split()[-1])


class DroppedAnswers:
    """What the bus writes of feedback that came over Kafka. Implements :class:`infra.store.table.Table`.

    ``dropped`` counts the answers that were served until then.
    """

    def __init__(self) -> None:
        self.dropped = 0

    async def write(self, connection: "asyncpg.Connection", writes: Sequence[Write]) -> Mapping[object, str]:
        """Note, and drop."""
        self.dropped += await drop(connection, [write.row for write in writes])
        return {}
