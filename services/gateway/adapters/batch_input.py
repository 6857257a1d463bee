"""The input of a batch as it is read: from its beginning, or one line where it stands; and what is wrong with it."""

import asyncio
import logging
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Container
from contextlib import aclosing, suppress
from hashlib import sha256
from typing import NamedTuple

from services.gateway.adapters.aside import Aside
from services.gateway.adapters.batch_lines import LineErased
from services.gateway.adapters.batch_places import Stop, Stopped
from services.gateway.adapters.kept_files import KeptFiles
from services.gateway.config import GatewayConfig
from services.gateway.domain.batch import DIALECTS, MOST_ERRORS, Batch, LineError
from services.gateway.domain.batch_line import (
    Line,
    LineWrong,
    line_of,
    no_lines,
    read_line,
    too_long,
    too_many_lines,
    used_twice,
)
from services.gateway.domain.files import GONE
from services.gateway.domain.input_lines import BEGINNING, At, LineReader, RawLine
from services.gateway.domain.problems import Refused

log = logging.getLogger(__name__)
AWAY_S = 2.0
LOOKS_PAST = 3
"""How often an input that cannot be read is looked for once nothing more is asked."""
AT_A_TIME = 65_536
"""Bytes of lines, after which others are served."""
EACH = 512
"""What a line costs besides, in bytes."""


class LinesMissing(Exception):
    """Not each line of a batch has an outcome, or can be read: it is driven anew instead of ended."""


class Checked(NamedTuple):
    """How many lines there are, as far as they were read, and what is wrong with the first that are wrong."""

    total: int
    errors: list[LineError]


class Found(NamedTuple):
    """A line and where it stands; ``line`` is ``None`` where it is not as it was when it was checked."""

    number: int
    at: At
    line: Line | None


class BatchInput:
    """``erased``: why nothing of it can be read any more; ``is_cut``: it was given up, as the batch is stopped."""

    def __init__(self, config: GatewayConfig, aside: Aside, files: KeptFiles, batch: Batch, stop: Stop) -> None:
        self._config = config
        self._aside = aside
        self._files = files
        self._batch = batch
        self._dialect = DIALECTS[batch.endpoint]
        self._stop = stop
        self.erased: LineError | None = None
        self.is_cut = False

    async def checked(self) -> Checked:
        """What is wrong with the lines; they are counted on the way, until the batch is stopped."""
        seen: set[bytes] = set()
        errors: list[LineError] = []
        total = 0
        async for raw in self._raw_lines(self._config.max_body_bytes):
            if self._stop.code or len(errors) >= MOST_ERRORS or total > self._config.batch_max_lines:
                break
            total += 1
            if (error := await self._error(raw, total, seen)) is not None:
                errors.append(error)
        if self.erased is not None:
            return Checked(total, [self.erased])
        return Checked(total, errors if total else [no_lines()])

    async def lines(self, ended: Container[int]) -> AsyncIterator[Found]:
        """Those that have not ended. They were checked before, by the bounds of then."""
        async for number, text, at in self._raw_lines(sys.maxsize):
            if number in ended or text is None:
                continue
            try:
                yield Found(number, at, await self._aside.of(read_line, text, number, self._dialect))
            except LineWrong as wrong:
                log.error("batch %s: line %d is not as it was checked: %s", self._batch.id, number, wrong)
                yield Found(number, at, None)

    async def read_again(self, number: int, at: At) -> Line:
        """The one line that stands there. Raises ``LineErased``; :class:`LinesMissing` where nothing can be read, and
        :class:`Stopped` where nobody waits for that any more.
        """
        async with aclosing(self._raw_lines(sys.maxsize, number, at)) as lines:
            raw = await anext(lines, None)
        if raw is None or raw.number != number or raw.text is None:
            raise self._missing(number)
        return await self._aside.of(read_line, raw.text, number, self._dialect)

    def _missing(self, number: int) -> Exception:
        """What is blank was erased, unless the file itself is gone, or was not to be had."""
        if self.is_cut:
            return Stopped()
        if self.erased is not None:
            return LinesMissing(f"line {number} cannot be read any more")
        return LineErased()

    async def _error(self, raw: RawLine, total: int, seen: set[bytes]) -> LineError | None:
        if total > self._config.batch_max_lines:
            return too_many_lines(self._config.batch_max_lines)
        if raw.text is None:
            return too_long(raw.number, self._config.max_body_bytes)
        try:
            line = await self._aside.of(line_of, raw.text, raw.number, self._dialect)
        except LineWrong as wrong:
            return wrong.error
        custom = sha256(line.custom_id.encode()).digest()
        if custom in seen:
            return used_twice(raw.number)
        seen.add(custom)
        return None

    async def _raw_lines(self, longest: int, number: int = 1, at: At = BEGINNING) -> AsyncGenerator[RawLine]:
        """From the line of this number on, which stands there. Others are served on the way."""
        reader, done = LineReader(longest, number, at), 0
        async for part in self._parts(at.part):
            for line in reader.feed(part):
                yield line
                done += EACH + len(line.text or b"")
                if done >= AT_A_TIME:
                    done = 0
                    await asyncio.sleep(0)
            await asyncio.sleep(0)
        for line in reader.rest():
            yield line

    async def _parts(self, since: int) -> AsyncIterator[bytes]:
        """From this one on; while the store that keeps them is away they are waited for, and not long once stopped."""
        looks_left = LOOKS_PAST
        while True:
            try:
                async for part in self._files.content(self._batch.input_file_id, since):
                    since += 1
                    yield part
                return
            except Refused as away:
                if away.problem.status == GONE:
                    self.erased = LineError("input_file_erased", away.problem.message)
                    return
                log.warning("batch %s waits for its input: %s", self._batch.id, away)
            looks_left -= bool(self._stop.code)
            if not looks_left:
                self.is_cut = True
                return
            await self._pause_away()

    async def _pause_away(self) -> None:
        if self._stop.code:
            await asyncio.sleep(AWAY_S)
            return
        with suppress(Stopped):
            await self._stop.pause(AWAY_S)
