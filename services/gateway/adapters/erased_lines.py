"""Lines of batches whose requests were erased: noted when that is heard, and then taken out of the batch's files."""

import asyncio
import logging
from collections.abc import Awaitable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from infra.objects.failures import ObjectsAway
from infra.store.database import Database
from schemas.content import Body
from schemas.reaction import Write
from services.gateway.adapters.batch_leases import LIVE_ONES
from services.gateway.adapters.file_store import PartChanged
from services.gateway.adapters.kept_files import KeptFiles
from services.gateway.domain.batch import output_files
from services.gateway.domain.erased_lines import Edit, LineOfRequest, NumberedLine, Sought, blanked, cut_out
from services.gateway.domain.files import GONE
from services.gateway.domain.problems import Refused

if TYPE_CHECKING:
    import asyncpg

log = logging.getLogger(__name__)
LOOK_S, AWAY_S = 5.0, 30.0
# Of other batches that read the same input this line has not been asked yet, and cannot be once it is blank.
NOTE = """
WITH meant AS (
    SELECT batch_id, number FROM gateway.batch_lines WHERE request_id = ANY($1)
    UNION SELECT batch_id, number FROM gateway.earlier_requests WHERE request_id = ANY($1)),
erased AS (
    UPDATE gateway.batch_lines l SET erased_at = now() FROM meant
     WHERE (l.batch_id, l.number) = (meant.batch_id, meant.number) AND l.erased_at IS NULL
    RETURNING l.batch_id, l.number)
INSERT INTO gateway.batch_lines (batch_id, number, erased_at, input_erased_at, output_erased_at)
SELECT other.id, erased.number, now(), now(), now()
  FROM erased JOIN gateway.batches b ON b.id = erased.batch_id
  JOIN gateway.batches other ON other.input_file_id = b.input_file_id AND other.id <> b.id AND other.status = ANY($2)
ON CONFLICT DO NOTHING
"""
DUE = """
SELECT l.batch_id, l.number, l.request_id, b.tenant, b.input_file_id, l.input_erased_at IS NULL,
       l.ended_at IS NOT NULL, ARRAY(SELECT e.request_id FROM gateway.earlier_requests e
                                      WHERE (e.batch_id, e.number) = (l.batch_id, l.number))
  FROM gateway.batch_lines l JOIN gateway.batches b ON b.id = l.batch_id
 WHERE l.erased_at IS NOT NULL
   AND (l.input_erased_at IS NULL OR (l.output_erased_at IS NULL AND l.ended_at IS NOT NULL))
 ORDER BY l.erased_at LIMIT 100
"""
DONE = """
UPDATE gateway.batch_lines SET input_erased_at = now(), output_erased_at = CASE WHEN $3 THEN now() END
 WHERE batch_id = $1 AND number = $2
"""
REPLACED = "SELECT file_id, body FROM gateway.replaced_parts LIMIT 100"
FORGET = "DELETE FROM gateway.replaced_parts WHERE body = $1"


class Due(NamedTuple):
    """A line that is to leave files of its batch. ``has_ended``: what became of it is written.

    ``request_id``: what it was asked as at last; ``earlier``: the requests before, which were turned away.
    """

    batch_id: UUID
    number: int
    request_id: UUID
    tenant: str
    input_file_id: UUID
    stands_in_input: bool
    has_ended: bool
    earlier: Sequence[UUID]


class ErasedLines:
    """What the bus writes of requests that an operator erases: those that are lines of batches are noted.

    Implements :class:`infra.store.table.Table`.
    """

    async def write(self, connection: "asyncpg.Connection", writes: Sequence[Write]) -> Mapping[object, str]:
        """Note them."""
        await connection.execute(NOTE, [write.row for write in writes], LIVE_ONES)
        return {}


class LineErasing:
    """Takes lines out of files. Doing it twice, or two replicas at once, comes to the same."""

    def __init__(self, database: Database, files: KeptFiles) -> None:
        self._database = database
        self._files = files

    async def run(self) -> None:
        """As it becomes due, until this is cancelled."""
        while True:
            pause_s = LOOK_S if await self.erase_due() else AWAY_S
            await asyncio.sleep(pause_s)

    async def erase_due(self) -> bool:
        """All that is due now; whether nothing has to wait. What cannot be erased now holds up no other."""
        due = await self._database.patiently(lambda c: c.fetch(DUE))
        are_done = [await self._tried(self._erase(Due(*row))) for row in due]
        replaced = await self._database.patiently(lambda c: c.fetch(REPLACED))
        are_gone = [await self._tried(self._erase_part(row["file_id"], row["body"])) for row in replaced]
        return all(are_done) and all(are_gone)

    async def _tried(self, work: Awaitable[None]) -> bool:
        try:
            await work
        except (Refused, ObjectsAway, PartChanged) as away:
            log.warning("what was erased stays in a file of a batch for now: %s", away)
            return False
        return True

    async def _erase_part(self, file_id: UUID, body: str) -> None:
        await self._files.erase_part(file_id, Body.read(body))
        await self._database.patiently(lambda c: c.execute(FORGET, body))

    async def _erase(self, due: Due) -> None:
        for request_id in (due.request_id, *due.earlier):  # an operator names one of them, and means what it asks
            await self._files.erase_content(request_id)
        if due.stands_in_input:
            await self._leave(due.input_file_id, due.tenant, NumberedLine(due.number), blanked)
        if due.has_ended:
            for file_id in output_files(due.batch_id):
                await self._leave(file_id, due.tenant, LineOfRequest(due.request_id), cut_out)
        await self._database.patiently(lambda c: c.execute(DONE, due.batch_id, due.number, due.has_ended))
        log.info("batch %s: its line %d is erased", due.batch_id, due.number)

    async def _leave(self, file_id: UUID, tenant: str, sought: Sought, edit: Edit) -> None:
        try:
            await self._files.lose(file_id, tenant, sought, edit)
        except Refused as refused:
            if refused.problem.status != GONE:  # nobody can read a file that is erased
                raise
