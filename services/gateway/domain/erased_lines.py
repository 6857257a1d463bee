"""Where a line stands in a file that is read part by part, and a part without it."""

from collections.abc import Callable
from typing import NamedTuple, Protocol
from uuid import UUID

from schemas.operator import OperatorActed
from schemas.vocabulary import Deed
from services.gateway.domain.batch_line import LINE_BEGINS

NEWLINE = b"\n"
SPACE = b" "


class Span(NamedTuple):
    """Bytes of a file, from this one up to that one."""

    start: int
    end: int


class Sought(Protocol):
    """A line that is looked for. ``span``: where it stands, once the whole file was fed; ``None`` where it is not."""

    @property
    def span(self) -> Span | None: ...

    def feed(self, part: bytes) -> None:
        """The file goes on."""
        ...


Edit = Callable[[bytes, int, Span], bytes]
"""A part, where it begins in its file, and what is to go: the part as it is then."""


class NumberedLine:
    """By its number, counted from 1, as a batch counts its input. What ends it is no part of it."""

    def __init__(self, number: int) -> None:
        self._breaks = number - 1
        self._at = 0
        self._start: int | None = 0 if number == 1 else None
        self._end: int | None = None

    @property
    def span(self) -> Span | None:
        return None if self._start is None else Span(self._start, self._at if self._end is None else self._end)

    def feed(self, part: bytes) -> None:
        place = self._begin(part) if self._start is None else 0
        if self._start is not None and self._end is None and (end := part.find(NEWLINE, place)) >= 0:
            self._end = self._at + end
        self._at += len(part)

    def _begin(self, part: bytes) -> int:
        """Where it begins in this part, if it does: right behind its last byte, where that is a break."""
        if (breaks := part.count(NEWLINE)) < self._breaks:
            self._breaks -= breaks
            return 0
        place = 0
        for _ in range(self._breaks):
            place = part.find(NEWLINE, place) + 1
        self._start = self._at + place
        return place


class LineOfRequest:
    """By the request that it tells of, as a line of an output or an error file begins; with what ends it."""

    def __init__(self, request_id: UUID) -> None:
        self._mark = NEWLINE + LINE_BEGINS % request_id.hex.encode()
        self._held = NEWLINE  # as before any other line
        self._at = 0
        self._start: int | None = None
        self._end: int | None = None

    @property
    def span(self) -> Span | None:
        return None if self._start is None else Span(self._start, self._at if self._end is None else self._end)

    def feed(self, part: bytes) -> None:
        text, base = self._held + part, self._at - len(self._held)
        if self._start is None and (place := text.find(self._mark)) >= 0:
            self._start = base + place + 1
        if self._start is not None and self._end is None:
            end = text.find(NEWLINE, max(0, self._start - base))
            self._end = base + end + 1 if end >= 0 else None
        self._held = text[1 - len(self._mark) :]
        self._at += len(part)


def erased_in(event: OperatorActed) -> UUID | None:
    """The one request whose content somebody erases; a tenant's days take whole files with them."""
    try:
        return UUID(event.on) if event.deed == Deed.CONTENT_ERASED else None
    except ValueError:
        return None


def touches(span: Span, at: int, size: int) -> bool:
    """Whether a part that begins there holds any of it."""
    return span.start < at + size and at < span.end


def blanked(part: bytes, at: int, span: Span) -> bytes:
    """Spaces in its place: all other lines keep their numbers, and all parts their sizes."""
    start, end = _within(part, at, span)
    return part[:start] + SPACE * (end - start) + part[end:]


def cut_out(part: bytes, at: int, span: Span) -> bytes:
    """Nothing in its place."""
    start, end = _within(part, at, span)
    return part[:start] + part[end:]


def _within(part: bytes, at: int, span: Span) -> tuple[int, int]:
    return max(0, span.start - at), min(len(part), max(0, span.end - at))
