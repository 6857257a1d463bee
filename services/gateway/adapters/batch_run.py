"""One batch driven to its end: its lines checked, asked so many at once, and what became of them written."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from uuid import UUID

from infra.telemetry.told_error import told
from services.gateway.adapters.batch_input import BatchInput, LinesMissing
from services.gateway.adapters.batch_leases import Leased, LeaseLost, Renewed
from services.gateway.adapters.batch_line_run import Asking, Fresh, LineRun, LogEnded, Written
from services.gateway.adapters.batch_line_text import LineText
from services.gateway.adapters.batch_lines import AskedLine, Known, LineErased
from services.gateway.adapters.batch_output import BatchOutput
from services.gateway.adapters.batch_places import Seat, Stop, Stopped
from services.gateway.adapters.kept_files import KeptFiles
from services.gateway.domain.batch import DIALECTS, BatchStatus
from services.gateway.domain.batch_line import (
    CANCELLED,
    EXPIRED,
    NO_REQUEST,
    Line,
    Outcome,
    erased,
    failed_here,
    ids_of,
    refused,
    unanswered,
)
from services.gateway.domain.input_lines import At

log = logging.getLogger(__name__)
RENEW_S = 2.0
GRACE_S = 30.0
"""For requests that were cancelled to end."""
MOST_HELD = 1_024
"""Lines of a batch in memory: those under way, and those that wait for a person or to be tried again."""
MOST_BULKY = 2
"""Of those, such as are too large for a message and not yet said, or that are read again."""
STATUS = {CANCELLED: BatchStatus.CANCELLED, EXPIRED: BatchStatus.EXPIRED}


class BatchRun:
    """Drives one batch. ``count`` is told of each line's outcome: ``completed``, ``failed``."""

    def __init__(self, asking: Asking, files: KeptFiles, leased: Leased, count: Callable[[str], None]) -> None:
        self._asking = asking
        self._store = asking.store
        self._leased = leased
        self._places = asyncio.Semaphore(asking.config.batch_in_flight)
        self._count = count
        self._stop = Stop()
        self._input = BatchInput(asking.config, asking.aside, files, leased.batch, self._stop)
        self._output = BatchOutput(asking, files, leased)
        self._total = leased.batch.total
        self._ended: set[int] = set()
        self._bulk = asyncio.Semaphore(MOST_BULKY)
        self._held = asyncio.Semaphore(MOST_HELD)
        self._runs: dict[asyncio.Task[None], LineRun] = {}
        self._is_left = self._was_done = False

    async def drive(self) -> None:
        """To its end. Raises ``LeaseLost``, in a group, once another drives it."""
        async with asyncio.TaskGroup() as group:
            beside = [group.create_task(work) for work in (self._renew(), self._output.run(), self._call_off())]
            await self._to_its_end()
            for task in beside:
                task.cancel()

    def hand_over(self) -> None:
        """Ask no further line: those under way end, for a while, and another drives the rest."""
        self._stop.closed.set()

    async def _to_its_end(self) -> None:
        self._look(await self._store.leases.renew(self._leased))
        if self._leased.batch.times.in_progress_at is None:
            self._total, errors = await self._input.checked()
            if self._stop.code:
                await self._output.end(STATUS[self._stop.code], ())
                return
            if errors:
                await self._output.end(BatchStatus.FAILED, errors)
                return
            await self._store.begin(self._leased, self._total)
        known = await self._store.lines.known(self._leased)
        self._ended.update(known.ended)
        await self._ask_all(known)
        if self._is_handed_over:
            await self._output.flush()
            return
        await self._note_erased()
        await self._leave_unanswered(known)
        if not self._stop.code:
            await self._store.finalize(self._leased)
        await self._end()

    @property
    def _is_handed_over(self) -> bool:
        """Whether lines are left to another; what has all its outcomes is ended here."""
        return self._stop.closed.is_set() and not self._stop.code and len(self._ended) < self._total

    async def _end(self) -> None:
        if self._input.erased is not None:
            await self._output.end(BatchStatus.FAILED, [self._input.erased])
            return
        if len(self._ended) < self._total and not self._input.is_cut:
            raise LinesMissing(f"{len(self._ended)} of {self._total} lines have an outcome")
        await self._output.end(self._status(), ())

    def _look(self, renewed: Renewed) -> None:
        if renewed.status is BatchStatus.CANCELLING:
            self._stop.set(CANCELLED)
        elif renewed.is_over:
            self._was_done = renewed.status is BatchStatus.FINALIZING
            self._stop.set(EXPIRED)

    def _status(self) -> BatchStatus:
        """One that only waited to be written when its time was over has completed, unless a line was left."""
        if not self._stop.code or (self._stop.code == EXPIRED and self._was_done and not self._is_left):
            return BatchStatus.COMPLETED
        return STATUS[self._stop.code]

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(RENEW_S)
            self._look(await self._store.leases.renew(self._leased))

    async def _call_off(self) -> None:
        """Once nothing more is asked, what is under way is cancelled."""
        await self._stop.event.wait()
        await asyncio.gather(*(run.cancel() for run in self._runs.values()))

    async def _ask_all(self, known: Known) -> None:
        """Every line that has not ended; once nothing more is asked, those only that were asked before."""
        async with asyncio.TaskGroup() as group:
            async for line, at in self._lines():
                run = await self._run_of(line, at, known.asked.get(line.number))
                if self._is_handed_over:
                    run.leave()
                    break
                if self._stop.code and run.asked is None:
                    run.leave()
                    continue
                task = group.create_task(self._one(run))
                self._runs[task] = run
                task.add_done_callback(self._runs.pop)
            await self._until_ended()

    async def _run_of(self, line: Line, at: At, asked: AskedLine | None) -> LineRun:
        """A line in its places, for which it waits; and while what became of others waits to be written."""
        held, seat, bulk = Seat(self._held), Seat(self._places), Seat(self._bulk)
        if not self._stop.code:
            await self._output.make_room()
        is_large = len(line.body) > self._asking.config.max_inline_bytes
        for place in (held, seat, bulk) if is_large else (held, seat):
            if not self._stop.code:
                await place.take(self._stop)
        dialect = DIALECTS[self._leased.batch.endpoint]
        text = LineText(line, self._asking.aside, dialect, bulk, lambda: self._input.read_again(line.number, at))
        state = Fresh() if asked is None else Written(asked)
        return LineRun(self._asking, self._leased, text, self._stop, held, seat, state)

    async def _one(self, run: LineRun) -> None:
        try:
            self._note(await self._outcome(run))
        except Stopped:
            self._leave(run)
        finally:
            run.leave()

    async def _outcome(self, run: LineRun) -> Outcome:
        """Of one line, whatever fails with it: the others go on."""
        try:
            return await run.outcome()
        except (Stopped, LeaseLost, LogEnded):
            raise
        except LineErased:
            return erased(run.line.number)
        except Exception as error:
            log.error("batch %s: line %d failed: %s", self._leased.batch.id, run.line.number, told(error))
            return self._failed(run.line, run.request_id)

    def _failed(self, line: Line, request_id: UUID) -> Outcome:
        return refused(line, request_id, DIALECTS[self._leased.batch.endpoint].refusal(failed_here()))

    def _leave(self, run: LineRun) -> None:
        """Tell of a line that was asked that no answer came, unless another goes on with it."""
        if self._stop.code and run.asked is not None and run.line.number not in self._ended:
            self._note(unanswered(run.line, run.asked.request_id, self._stop.code, was_asked=True))

    def _note(self, outcome: Outcome) -> None:
        self._ended.add(outcome.number)
        self._is_left |= outcome.is_left
        self._output.add(outcome)
        self._count("failed" if outcome.is_error else "completed")

    async def _until_ended(self) -> None:
        """Until all have. Once nothing more is asked, those that do not end are given up after a while; and what only
        waits is left at once to whom the batch is handed over to.
        """
        closed = asyncio.ensure_future(self._stop.closed.wait())
        try:
            while self._runs and not closed.done():
                await asyncio.wait({*self._runs, closed}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            closed.cancel()
        if last := {task for task, run in self._runs.items() if self._stop.code or run.seat.is_taken}:
            await asyncio.wait(last, timeout=GRACE_S)
        for task, run in list(self._runs.items()):
            task.cancel()
            self._leave(run)

    async def _note_erased(self) -> None:
        """Of lines that are blank by now: no line that can be read is left."""
        for number in await self._store.lines.erased(self._leased) - self._ended:
            self._note(erased(number))

    async def _leave_unanswered(self, known: Known) -> None:
        """Tell of each line that there is no answer to it, where nothing more is asked."""
        if not self._stop.code:
            return
        async for line, _ in self._lines():
            asked = known.asked.get(line.number)
            request_id = asked.request_id if asked else next(ids_of(self._leased.batch.id, line.number, 0))
            self._note(unanswered(line, request_id, self._stop.code, was_asked=asked is not None))
            await self._output.make_room()

    async def _lines(self) -> AsyncIterator[tuple[Line, At]]:
        """Those that have not ended, and where they stand."""
        async for number, at, line in self._input.lines(self._ended):
            if line is None:
                self._note(self._failed(Line(number, "", b""), NO_REQUEST))
            else:
                yield line, at
