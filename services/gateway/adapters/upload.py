"""A form that a client sends with a file in it: its fields, and its file handed on as it comes."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress

from starlette.requests import ClientDisconnect, Request

from services.gateway.adapters.client import ClientLeft
from services.gateway.domain.files import LONGEST_NAME, file_too_large
from services.gateway.domain.multipart import Field, FormReader, boundary_in, no_form
from services.gateway.domain.problems import packed, too_slow, wrong

LONGEST_FIELD = 1_024
SKIMMED_BYTES, SKIMMED_S = 8_388_608, 5.0
FILE = "file"
Write = Callable[[bytes], Awaitable[None]]


class Upload:
    """Reads one form. ``fields`` are those that came; ``filename`` is known once :meth:`read` has ended."""

    def __init__(self, request: Request, limit_bytes: int, quiet_s: float) -> None:
        self._request = request
        self._limit_bytes = limit_bytes
        self._quiet_s = quiet_s
        self.fields: dict[str, str] = {}
        self.filename: str | None = None
        self._size = 0
        self._stream = request.stream()
        self._is_read = self._is_lost = False

    async def read(self, write: Write) -> None:
        """Hand the file on. Raises ``Refused`` for what is no such form, too large or too slow; :class:`ClientLeft`."""
        if (coding := self._request.headers.get("content-encoding", "identity").strip().lower()) != "identity":
            raise packed(coding)
        reader = FormReader(boundary_in(self._request.headers.get("content-type", "")))
        field: Field | None = None
        async for piece in self._pieces():
            for told in reader.feed(piece):
                if isinstance(told, Field):
                    field = self._begun(told)
                elif field is not None:
                    await self._goes_on(field, told, write)
        if not reader.is_whole:
            raise no_form()
        if self.filename is None:
            raise wrong(FILE, "file: the form holds none", "missing_required_parameter")

    def _begun(self, field: Field) -> Field:
        if field.name == FILE:
            if self.filename is not None:
                raise wrong(FILE, "file: send one in each form", "invalid_value")
            self.filename = (field.filename or FILE).replace("\x00", "")[:LONGEST_NAME]
        else:
            self.fields[field.name] = ""
        return field

    async def _goes_on(self, field: Field, piece: bytes, write: Write) -> None:
        if field.name != FILE:
            told = self.fields[field.name] + piece.decode(errors="replace")
            if len(told) > LONGEST_FIELD:
                raise wrong(field.name[:LONGEST_FIELD], "a field of the form is too long", "invalid_value")
            self.fields[field.name] = told
            return
        self._size += len(piece)
        if self._size > self._limit_bytes:
            raise file_too_large(self._limit_bytes)
        await write(piece)

    async def skim(self) -> bool:
        """Read on and throw away, within bounds, so that a client which is still sending hears why it is refused.

        Whether all was read, so that its connection can be used again.
        """
        skimmed = 0
        with suppress(TimeoutError, ClientDisconnect):
            async with asyncio.timeout(SKIMMED_S):
                while not (self._is_read or self._is_lost) and skimmed < SKIMMED_BYTES:
                    skimmed += len(await self._next() or b"")
        return self._is_read

    async def _pieces(self) -> AsyncIterator[bytes]:
        try:
            while not self._is_read:
                async with asyncio.timeout(self._quiet_s):
                    piece = await self._next()
                if piece is not None:
                    yield piece
        except TimeoutError:
            self._is_lost = True
            raise too_slow(self._quiet_s) from None
        except ClientDisconnect:
            raise ClientLeft from None

    async def _next(self) -> bytes | None:
        piece = await anext(self._stream, None)
        self._is_read = piece is None
        return piece
