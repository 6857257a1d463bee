"""One batch driven to its end: its lines checked, asked so many at once, and what became of them written."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from hashlib import sha256

from services.gateway.adapters.batch_line_run import Asking, LineRun, Stop, Stopped
from services.gateway.adapters.batch_output import BatchOutput
from services.gateway.adapters.batch_store import Known, Leased, Renewed
from services.gateway.adapters.kept_files import KeptFiles
from services.gateway.domain.batch import DIALECTS, MOST_ERRORS, BatchStatus, LineError
from services.gateway.domain.batch_line import (
    CANCELLED,
    EXPIRED,
    NO_REQUEST,
    TOO_MANY_LINES,
    Line,
    LineWrong,
    Outcome,
    line_of,
    no_lines,
    read_line,
    too_long,
    too_many_lines,
    unanswered,
    used_twice,
)
from services.gateway.domain.input_lines import LineReader
from services.gateway.domain.problems import Refused

log = logging.getLogger(__name__)
RENEW_S = 2.0
GRACE_S = 30.0
"""For requests that were cancelled to end."""
AWAY_S = 2.0
GONE = 410


class LinesMissing(Exception):
    """A batch is about to end, and not each of its lines has an outcome: it is driven anew instead."""


class BatchRun:
    """Drives one batch. ``count`` is told of each line's outcome: ``completed``, ``failed``."""

    def __init__(self, asking: Asking, files: KeptFiles, leased: Leased, count: Callable[[str], None]) -> None:
        self._asking = asking
        self._store = asking.store
        self._files = files
        self._leased = leased
        self._places = asyncio.Semaphore(asking.config.batch_in_flight)
        self._count = count
        self._stop = Stop()
        self._output = BatchOutput(asking, files, leased)
        self._total = leased.batch.total
        self._ended: set[int] = set()
        self._erased: LineError | None = None

    async def drive(self) -> None:
        """To its end. Raises ``LeaseLost``, in a group, once another drives it."""
        async with asyncio.TaskGroup() as group:
            beside = [group.create_task(work) for work in (self._renew(), self._output.run(), self._make_way())]
            await self._to_its_end()
            for task in beside:
                task.cancel()

    async def _to_its_end(self) -> None:
        self._look(await self._store.renew(self._leased))
        if self._leased.batch.times.in_progress_at is None:
            errors = await self._errors()
            if self._stop.code:
                await self._output.end(self._status(), ())
                return
            if errors:
                await self._output.end(BatchStatus.FAILED, errors)
                return
            await self._store.begin(self._leased, self._total)
        known = await self._store.known(self._leased)
        self._ended.update(known.ended)
        await self._ask_all(known)
        await self._leave_unanswered()
        if not self._stop.code:
            await self._store.finalize(self._leased)
        await self._end()

    async def _end(self) -> None:
        if self._erased is not None:
            await self._output.end(BatchStatus.FAILED, [self._erased])
            return
        if len(self._ended) != self._total:
            raise LinesMissing(f"{len(self._ended)} of {self._total} lines have an outcome")
        await self._output.end(self._status(), ())

    def _look(self, renewed: Renewed) -> None:
        if renewed.status is BatchStatus.CANCELLING:
            self._stop.set(CANCELLED)
        elif renewed.is_over and renewed.status is not BatchStatus.FINALIZING:
            self._stop.set(EXPIRED)

    def _status(self) -> BatchStatus:
        if self._stop.code == CANCELLED:
            return BatchStatus.CANCELLED
        return BatchStatus.EXPIRED if self._stop.code else BatchStatus.COMPLETED

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(RENEW_S)
            self._look(await self._store.renew(self._leased))

    async def _make_way(self) -> None:
        """Once nothing more is asked, nobody need wait for a place to see that."""
        await self._stop.event.wait()
        self._places.release()

    async def _errors(self) -> list[LineError]:
        """What is wrong with the lines, the first of it; they are counted on the way."""
        seen: set[bytes] = set()
        errors: list[LineError] = []
        self._total = 0
        async for number, raw in self._raw_lines():
            if self._stop.code or len(errors) >= MOST_ERRORS:
                break
            self._total += 1
            if (error := self._error(number, raw, seen)) is not None:
                errors.append(error)
                if error.code == TOO_MANY_LINES:
                    break
        if self._erased is not None:
            return [self._erased]
        return errors if self._total else [no_lines()]

    def _error(self, number: int, raw: bytes | None, seen: set[bytes]) -> LineError | None:
        config = self._asking.config
        if self._total > config.batch_max_lines:
            return too_many_lines(config.batch_max_lines)
        if raw is None:
            return too_long(number, config.max_body_bytes)
        try:
            custom = sha256(line_of(raw, number, DIALECTS[self._leased.batch.endpoint]).custom_id.encode()).digest()
        except LineWrong as wrong:
            return wrong.error
        if custom in seen:
            return used_twice(number)
        seen.add(custom)
        return None

    async def _ask_all(self, known: Known) -> None:
        """Every line that has not ended; once nothing more is asked, those only that were asked before."""
        runs: dict[asyncio.Task[None], LineRun] = {}
        async with asyncio.TaskGroup() as group:
            async for line in self._lines():
                await self._places.acquire()
                if self._stop.code and line.number not in known.asked:
                    self._places.release()
                    continue
                run = self._run_of(line, known)
                task = group.create_task(self._one(run))
                runs[task] = run
                task.add_done_callback(runs.pop)
            await self._until_ended(runs)

    def _run_of(self, line: Line, known: Known) -> LineRun:
        leave = _once(self._places.release)
        return LineRun(self._asking, self._leased, line, self._stop, leave, known.asked.get(line.number))

    async def _one(self, run: LineRun) -> None:
        try:
            with suppress(Stopped):
                self._note(await run.outcome())
        finally:
            run.leave()

    def _note(self, outcome: Outcome) -> None:
        self._ended.add(outcome.number)
        self._output.add(outcome)
        self._count("failed" if outcome.is_error else "completed")

    async def _until_ended(self, runs: dict[asyncio.Task[None], LineRun]) -> None:
        """Until all have; once nothing more is asked, those under way are cancelled, and given up after a while."""
        stopped = asyncio.ensure_future(self._stop.event.wait())
        try:
            while runs and not stopped.done():
                await asyncio.wait({*runs, stopped}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopped.cancel()
        if runs:
            await asyncio.gather(*(run.cancel() for run in runs.values()))
            await asyncio.wait(set(runs) or {stopped}, timeout=GRACE_S)
            for task in list(runs):
                task.cancel()

    async def _leave_unanswered(self) -> None:
        """Tell of each line that there is no answer to it, where nothing more is asked."""
        async for line in self._lines() if self._stop.code else _nothing():
            self._note(unanswered(line, NO_REQUEST, self._stop.code))
            await self._output.make_room()

    async def _lines(self) -> AsyncIterator[Line]:
        """Those that have not ended. They were checked before."""
        dialect = DIALECTS[self._leased.batch.endpoint]
        async for number, raw in self._raw_lines():
            if number not in self._ended and raw is not None:
                yield read_line(raw, number, dialect)

    async def _raw_lines(self) -> AsyncIterator[tuple[int, bytes | None]]:
        reader = LineReader(self._asking.config.max_body_bytes)
        async for part in self._parts():
            await asyncio.sleep(0)  # others are served between two parts, and between two lines
            for told in reader.feed(part):
                yield told
                await asyncio.sleep(0)
        for told in reader.rest():
            yield told

    async def _parts(self) -> AsyncIterator[bytes]:
        """Of the input file; while the store that keeps it is away they are waited for."""
        told = 0
        while True:
            try:
                async for part in self._files.content(self._leased.batch.input_file_id, told):
                    told += 1
                    yield part
                return
            except Refused as away:
                if away.problem.status == GONE:
                    self._erased = LineError("input_file_erased", away.problem.message)
                    return
                log.warning("batch %s waits for its input: %s", self._leased.batch.id, away)
            await asyncio.sleep(AWAY_S)


async def _nothing() -> AsyncIterator[Line]:
    for line in ():
        yield line


def _once(leave: Callable[[], None]) -> Callable[[], None]:
    left = iter((leave,))
    return lambda: next(left, lambda: None)()
