"""A form that a client sends with a file in it: its fields, and its file handed on as it comes."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from time import monotonic

from starlette.requests import ClientDisconnect, Request

from services.gateway.adapters.client import ClientLeft
from services.gateway.domain.files import ANCHOR, LONGEST_NAME, PURPOSE, SECONDS, file_too_large
from services.gateway.domain.multipart import Field, FormReader, boundary_in, no_form
from services.gateway.domain.problems import packed, too_slow, wrong

LONGEST_FIELD = 1_024
MOST_FIELDS = 16
"""Each costs time; those that nobody knows are read past, and not kept."""
KNOWN = frozenset({PURPOSE, ANCHOR, SECONDS})
BESIDE_BYTES = 65_536
"""Of a form, at most, beside its file's limit: heads, other fields, and what stands before and after."""
LEAST_BYTES_A_S = 16_384
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
        self._size = self._come = self._begun_fields = 0
        self._waited_s = 0.0
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
        self._begun_fields += 1
        if self._begun_fields > MOST_FIELDS:
            raise wrong(None, "the form has too many fields: send file, purpose and expires_after", "invalid_form")
        if field.name == FILE:
            if self.filename is not None:
                raise wrong(FILE, "file: send one in each form", "invalid_value")
            self.filename = (field.filename or FILE).replace("\x00", "")[:LONGEST_NAME]
        elif field.name in KNOWN:
            self.fields[field.name] = ""
        return field

    async def _goes_on(self, field: Field, piece: bytes, write: Write) -> None:
        if field.name != FILE:
            self._note(field.name, piece)
            return
        self._size += len(piece)
        if self._size > self._limit_bytes:
            raise file_too_large(self._limit_bytes)
        await write(piece)

    def _note(self, name: str, piece: bytes) -> None:
        if name not in KNOWN:
            return
        told = self.fields[name] + piece.decode(errors="replace")
        if len(told) > LONGEST_FIELD:
            raise wrong(name, f"{name}: it is too long", "invalid_value")
        self.fields[name] = told

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
                if (piece := await self._in_time()) is not None:
                    self._count(piece)
                    yield piece
        except TimeoutError:
            self._is_lost = True
            raise too_slow(self._quiet_s + self._come // LEAST_BYTES_A_S) from None
        except ClientDisconnect:
            raise ClientLeft from None

    async def _in_time(self) -> bytes | None:
        """The next piece. What is waited for the client counts alone, and not what the object store takes."""
        left_s = self._quiet_s + self._come / LEAST_BYTES_A_S - self._waited_s
        if left_s <= 0:
            raise TimeoutError
        begun = monotonic()
        async with asyncio.timeout(min(self._quiet_s, left_s)):
            piece = await self._next()
        self._waited_s += monotonic() - begun
        return piece

    def _count(self, piece: bytes) -> None:
        self._come += len(piece)
        if self._come > self._limit_bytes + BESIDE_BYTES:
            raise file_too_large(self._limit_bytes)

    async def _next(self) -> bytes | None:
        piece = await anext(self._stream, None)
        self._is_read = piece is None
        return piece
