"""The batches of all tenants, as a replica serves and drives them: each is driven by one replica at a time."""

import asyncio
import logging
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic
from uuid import UUID

from infra.awaited import awaited
from infra.metrics.health import Health
from infra.metrics.measure import counter, gauge
from infra.telemetry.told_error import told
from services.gateway.adapters.batch_leases import Leased, LeaseLost
from services.gateway.adapters.batch_line_run import Asking, LogEnded
from services.gateway.adapters.batch_output import BatchOutput
from services.gateway.adapters.batch_run import BatchRun
from services.gateway.adapters.batch_store import BatchStore
from services.gateway.adapters.kept_files import KeptFiles
from services.gateway.domain.batch import BatchStatus
from services.gateway.domain.batch_line import never_driven
from services.gateway.domain.problems import Refused
from services.gateway.domain.turns import Seated, Standing, makes_way, whose_turn

log = logging.getLogger(__name__)
LOOK_S = 2.0
"""How often a replica looks for a batch that nobody drives."""
MOST_DRIVEN = 8
"""Their lines in flight are bounded with them; tenants share these seats (``domain/turns.py``)."""
LONGEST_WAY_S = 60.0
"""For a batch that makes way: what of it has not ended by then is found again in the log."""
MOST_ENDED = 4
"""Batches past their window, beside those."""
MOST_FAILURES = 10
"""So often a batch is driven anew here that fails; then it has failed."""
LONGEST_PAUSE_S = 8.0
"""Before one that failed is given back: within its lease."""


@dataclass(slots=True)
class _Seat:
    """Of a batch that is driven here since then. ``is_leaving``: it makes way."""

    tenant: str
    run: BatchRun
    since: float
    is_leaving: bool = False


class Batches:
    """``lines`` counts what became of lines here: ``completed``, ``failed``."""

    def __init__(self, store: BatchStore, files: KeptFiles) -> None:
        self.store = store
        self.files = files
        self.lines: Counter[str] = Counter()
        self._some = asyncio.Event()
        self._driven: dict[UUID, asyncio.Task[None]] = {}
        self._seats: dict[UUID, _Seat] = {}
        self._past: set[UUID] = set()
        self._failures: Counter[UUID] = Counter()

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
                await awaited(self._some.wait(), LOOK_S)
                self._some.clear()
        finally:
            await self._drop(*self._driven)

    async def _take_on(self, asking: Asking) -> None:
        """As many as there are seats for; what is past its window only has to be ended, and needs none."""
        leases = self.store.leases
        try:
            if (room := MOST_ENDED - len(self._past)) > 0:
                for each in await leases.lease(room, is_over=True):
                    await self._begin(asking, each)
                    self._past.add(each.batch.id)
            while (turn := whose_turn(standing := await leases.standing())) and len(self._seats) < MOST_DRIVEN:
                if not await self._seat(asking, turn):
                    return
            self._make_way(standing)
        except Refused:
            return  # the database is away: what is driven here waits for it

    async def _seat(self, asking: Asking, tenant: str) -> bool:
        """Whether there was one of this tenant's left for this replica."""
        found = await self.store.leases.lease(1, tenant)
        for each in found:
            run = await self._begin(asking, each)
            self._seats[each.batch.id] = _Seat(tenant, run, monotonic())
        return bool(found)

    def _make_way(self, standing: Mapping[str, Standing]) -> None:
        """For another tenant, one batch after the other."""
        if any(seat.is_leaving for seat in self._seats.values()):
            return
        seated = [Seated(each, seat.tenant, monotonic() - seat.since) for each, seat in self._seats.items()]
        if (batch_id := makes_way(seated, standing)) is not None:
            log.info("batch %s makes way for another tenant's", batch_id)
            self._seats[batch_id].is_leaving = True
            self._seats[batch_id].run.hand_over()
            asyncio.get_running_loop().call_later(LONGEST_WAY_S, self._driven[batch_id].cancel)

    async def _begin(self, asking: Asking, leased: Leased) -> BatchRun:
        batch_id = leased.batch.id
        await self._drop(batch_id)  # it lost its lease here, and has not seen that
        log.info("batch %s is driven here", batch_id)
        run = BatchRun(asking, self.files, leased, self._note)
        task = self._driven[batch_id] = asyncio.create_task(self._driving(asking, leased, run))
        task.add_done_callback(lambda done: self._is_over(batch_id, done))
        return run

    async def _drop(self, *batch_ids: UUID) -> None:
        tasks = [task for batch_id in batch_ids if (task := self._driven.get(batch_id)) is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _is_over(self, batch_id: UUID, task: asyncio.Task[None]) -> None:
        if self._driven.get(batch_id) is task:
            del self._driven[batch_id]
            self._past.discard(batch_id)
            self._seats.pop(batch_id, None)
        self._some.set()  # there is room for another

    async def _driving(self, asking: Asking, leased: Leased, run: BatchRun) -> None:
        try:
            await self._driven_to_its_end(asking, leased, run)
        finally:
            with suppress(Refused):
                await self.store.leases.release(leased)

    async def _driven_to_its_end(self, asking: Asking, leased: Leased, run: BatchRun) -> None:
        """Where that fails it is given back after a while, and driven anew."""
        has_failed = False
        try:
            await run.drive()
            self._failures.pop(leased.batch.id, None)
        except* (LeaseLost, LogEnded):
            log.info("batch %s is driven elsewhere", leased.batch.id)
        except* Exception as group:
            log.error("batch %s failed here: %s", leased.batch.id, "; ".join(map(told, _all_of(group))))
            has_failed = True
        if has_failed:  # not within the clause above, which would wrap what is raised there
            await self._after_failure(asking, leased)

    async def _after_failure(self, asking: Asking, leased: Leased) -> None:
        failures = self._failures[leased.batch.id] = self._failures[leased.batch.id] + 1
        if failures < MOST_FAILURES:
            await asyncio.sleep(min(2.0 ** (failures - 1), LONGEST_PAUSE_S))
            return
        del self._failures[leased.batch.id]
        with suppress(LeaseLost):
            await BatchOutput(asking, self.files, leased).end(BatchStatus.FAILED, [never_driven()])

    def _note(self, outcome: str) -> None:
        self.lines[outcome] += 1


def _all_of(error: BaseException) -> list[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        return [each for inner in error.exceptions for each in _all_of(inner)]
    return [error]
