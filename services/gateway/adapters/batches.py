"""The batches of all tenants, as a replica serves and drives them: each is driven by one replica at a time."""

import asyncio
import logging
from collections import Counter
from contextlib import suppress
from uuid import UUID

from infra.metrics.health import Health
from infra.metrics.measure import counter, gauge
from infra.telemetry.told_error import told
from services.gateway.adapters.batch_line_run import Asking, LogEnded
from services.gateway.adapters.batch_run import BatchRun
from services.gateway.adapters.batch_store import BatchStore, Leased, LeaseLost
from services.gateway.adapters.kept_files import KeptFiles
from services.gateway.domain.problems import Refused

log = logging.getLogger(__name__)
LOOK_S = 2.0
"""How often a replica looks for a batch that nobody drives."""
MOST_DRIVEN = 8


class Batches:
    """``lines`` counts what became of lines here: ``completed``, ``failed``."""

    def __init__(self, store: BatchStore, files: KeptFiles) -> None:
        self.store = store
        self.files = files
        self.lines: Counter[str] = Counter()
        self._some = asyncio.Event()
        self._driven: dict[UUID, asyncio.Task[None]] = {}

    def report(self, health: Health) -> None:
        """Tell how many are driven here, and what becomes of their lines."""
        health.measure(
            gauge("portfolio_batches_driven", "Batches that are driven here.", lambda: len(self)),
            counter("portfolio_batch_lines_total", "Lines of batches that ended.", lambda: self.lines, "outcome"),
        )

    def __len__(self) -> int:
        """How many are driven here."""
        return len(self._driven)

    def look(self) -> None:
        """There is a new one."""
        self._some.set()

    async def drive(self, asking: Asking) -> None:
        """Drive what nobody drives, until this is cancelled; then others may at once."""
        try:
            while True:
                await self._take_on(asking)
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._some.wait(), LOOK_S)
                self._some.clear()
        finally:
            await self._drop(*self._driven)

    async def _take_on(self, asking: Asking) -> None:
        room = MOST_DRIVEN - len(self._driven)
        try:
            leased = await self.store.lease(room) if room > 0 else []
        except Refused:
            return  # the database is away: what is driven here waits for it
        await self._drop(*(each.batch.id for each in leased))  # one that lost its lease here, and has not seen it
        for each in leased:
            log.info("batch %s is driven here", each.batch.id)
            task = self._driven[each.batch.id] = asyncio.create_task(self._driving(asking, each))
            task.add_done_callback(lambda done, batch_id=each.batch.id: self._is_over(batch_id, done))

    async def _drop(self, *batch_ids: UUID) -> None:
        tasks = [task for batch_id in batch_ids if (task := self._driven.get(batch_id)) is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _is_over(self, batch_id: UUID, task: asyncio.Task[None]) -> None:
        if self._driven.get(batch_id) is task:
            del self._driven[batch_id]
        self._some.set()  # there is room for another

    async def _driving(self, asking: Asking, leased: Leased) -> None:
        try:
            await self._driven_to_its_end(BatchRun(asking, self.files, leased, self._note), leased)
        except asyncio.CancelledError:
            with suppress(Refused):
                await self.store.release(leased)
            raise

    @staticmethod
    async def _driven_to_its_end(run: BatchRun, leased: Leased) -> None:
        """Where that fails, the lease runs out, and it is driven anew."""
        try:
            await run.drive()
        except* (LeaseLost, LogEnded):
            log.info("batch %s is driven elsewhere", leased.batch.id)
        except* Exception as group:
            log.error("batch %s is driven anew: %s", leased.batch.id, "; ".join(map(told, _all_of(group))))

    def _note(self, outcome: str) -> None:
        self.lines[outcome] += 1


def _all_of(error: BaseException) -> list[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        return [each for inner in error.exceptions for each in _all_of(inner)]
    return [error]
