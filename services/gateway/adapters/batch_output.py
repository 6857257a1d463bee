"""What became of a batch's lines, written a few hundred at a time: into objects, and which lines those are of."""

import asyncio
import logging
from collections.abc import Sequence
from functools import reduce
from uuid import UUID

from infra.awaited import awaited
from services.gateway.adapters.batch_leases import Leased
from services.gateway.adapters.batch_line_run import Asking
from services.gateway.adapters.batch_lines import Flush
from services.gateway.adapters.file_store import NewFile, Part
from services.gateway.adapters.kept_files import PART_BYTES, KeptFiles
from services.gateway.domain.batch import BatchStatus, LineError, Tally, batch_id_of, output_files
from services.gateway.domain.batch_line import Outcome
from services.gateway.domain.files import BATCH_OUTPUT, in_pieces
from services.gateway.domain.problems import Refused

log = logging.getLogger(__name__)
FLUSH_S, LONGER, LONGEST_FLUSH_S = 5.0, 1.5, 60.0
"""So long what has come waits for more; longer each time that little has, up to the last: each time costs a part."""
FLUSH_LINES, FLUSH_BYTES = 256, 1_048_576
AWAY_S = 2.0


class BatchOutput:
    """An outcome that is lost before it is written is found again: its request's end stands in the log."""

    def __init__(self, asking: Asking, files: KeptFiles, leased: Leased) -> None:
        self._asking = asking
        self._files = files
        self._leased = leased
        self._file_ids = output_files(leased.batch.id)
        self._outcomes: list[Outcome] = []
        self._bytes = 0
        self._some = asyncio.Event()
        self._writing = asyncio.Lock()

    def add(self, outcome: Outcome) -> None:
        """A line has ended."""
        self._outcomes.append(outcome)
        self._bytes += len(outcome.text)
        if self._is_much:
            self._some.set()

    async def run(self) -> None:
        """Write what has come: after a while, or once it is much."""
        pause_s = FLUSH_S
        while True:
            await awaited(self._some.wait(), pause_s)
            if self._outcomes:
                pause_s = FLUSH_S if self._is_much else min(pause_s * LONGER, LONGEST_FLUSH_S)
            await self.flush()

    async def make_room(self) -> None:
        """Write at once, where much has come."""
        if self._is_much:
            await self.flush()

    async def end(self, status: BatchStatus, errors: Sequence[LineError]) -> None:
        """The batch is over, and its files are there. Raises ``LeaseLost``."""
        await self.flush()
        batch, name = self._leased.batch, batch_id_of(self._leased.batch.id)
        most_s = self._asking.config.batch_kept_s
        kept_s = min(batch.output_kept_s or most_s, most_s)
        files = [
            NewFile(file_id, batch.tenant, BATCH_OUTPUT, f"{name}_{what}.jsonl", 0, kept_s)
            for file_id, what in zip(self._file_ids, ("output", "error"), strict=True)
        ]
        await self._asking.store.end(self._leased, status, files, errors)

    @property
    def _is_much(self) -> bool:
        return len(self._outcomes) >= FLUSH_LINES or self._bytes >= FLUSH_BYTES

    async def flush(self) -> None:
        """Write what has come."""
        async with self._writing:
            self._some.clear()
            outcomes, self._outcomes, self._bytes = self._outcomes, [], 0
            if not outcomes:
                return
            tally = reduce(Tally.plus, (outcome.tally for outcome in outcomes))
            parts: list[tuple[UUID, Part]] = []
            for file_id, is_error in zip(self._file_ids, (False, True), strict=True):
                text = b"".join(outcome.text for outcome in outcomes if outcome.is_error is is_error)
                parts += [(file_id, await self._kept(file_id, piece)) for piece in in_pieces(text, PART_BYTES)]
            numbers = [outcome.number for outcome in outcomes]
            await self._asking.store.lines.flush(self._leased, Flush(numbers, tally, parts))

    async def _kept(self, file_id: UUID, text: bytes) -> Part:
        """Some of a file, once it is kept: while the object store is away it is waited for."""
        while True:
            try:
                return await self._put(file_id, text)
            except Refused as away:
                log.warning("batch %s waits to write: %s", self._leased.batch.id, away)
            await asyncio.sleep(AWAY_S)

    async def _put(self, file_id: UUID, text: bytes) -> Part:
        """Sealed by the portfolio of now: sealing may be turned on while the batch goes on."""
        portfolio = self._asking.revised().portfolio
        return await self._files.put(file_id, self._leased.batch.tenant, text, portfolio)
