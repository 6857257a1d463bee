"""Large bodies are understood in a process of their own.

The interpreter is held for seconds by one of many small parts, in a thread as well: clients beside it would wait.
"""

import asyncio
import logging
import pickle
import sys
from asyncio.subprocess import PIPE, Process
from contextlib import suppress
from uuid import UUID

from services.gateway.adapters.large_body_reader import SIZE
from services.gateway.domain.chat_request import Asked
from services.gateway.domain.dialect import Dialect
from services.gateway.domain.large_body import not_understood_now
from services.gateway.domain.problems import Problem, Refused

log = logging.getLogger(__name__)
GONE = (asyncio.IncompleteReadError, OSError, RuntimeError)
"""What is raised of a process that is there no more; the last by uvloop, of its closed pipe."""
READER = ("-m", "services.gateway.adapters.large_body_reader")


class ReaderBroke(Exception):
    """A body was not understood for a fault of ours; named by the type of the error."""


class LargeBodies:
    """One process, begun with the first large body; the others wait their turn."""

    def __init__(self) -> None:
        self._turn = asyncio.Lock()
        self.process: Process | None = None

    @property
    def is_busy(self) -> bool:
        """Whether a body is being understood."""
        return self._turn.locked()

    async def asked(self, dialect: Dialect, body: bytes, request_id: UUID) -> Asked:
        """What a body asks for, its content apart. Raises ``Refused``, also when the process dies of it."""
        async with self._turn:
            told = await self._told(pickle.dumps((dialect.path, body, request_id), pickle.HIGHEST_PROTOCOL))
        if isinstance(told, Problem):
            raise Refused(told)
        if not isinstance(told, Asked):
            raise ReaderBroke(str(told))
        return told

    async def stop(self) -> None:
        """End the process."""
        if self.process is not None:
            process, self.process = self.process, None
            if process.returncode is None:
                process.kill()
            await process.wait()
            if process.stdin is not None:
                process.stdin.close()
                with suppress(*GONE):
                    await process.stdin.wait_closed()

    async def _told(self, message: bytes) -> object:
        try:
            return await self._exchanged(await self._begun(), message)
        except GONE as error:
            log.warning("the process that takes large bodies apart is gone (%s)", type(error).__name__)
            await self.stop()
            raise not_understood_now() from None
        except asyncio.CancelledError:
            await self.stop()  # or the next one would be told what this one asked
            raise

    async def _begun(self) -> Process:
        if self.process is None or self.process.returncode is not None:
            await self.stop()
            self.process = await asyncio.create_subprocess_exec(sys.executable, *READER, stdin=PIPE, stdout=PIPE)
        return self.process

    async def _exchanged(self, process: Process, message: bytes) -> object:
        assert process.stdin is not None and process.stdout is not None  # noqa: S101 both are pipes
        process.stdin.write(SIZE.pack(len(message)))
        process.stdin.write(message)
        await process.stdin.drain()
        (size,) = SIZE.unpack(await process.stdout.readexactly(SIZE.size))
        return pickle.loads(await process.stdout.readexactly(size))  # noqa: S301 our own process wrote it
