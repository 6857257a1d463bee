"""The lines of a file that is read part by part: none of them is held that is longer than a line may be."""

import re
from collections.abc import Iterator
from typing import NamedTuple

NEWLINE = b"\n"
BLANK = re.compile(rb"\s*")


class At(NamedTuple):
    """Where a line stands: the part of its file that it begins in, counted from 0, and the byte of that part."""

    part: int = 0
    byte: int = 0


BEGINNING = At()


class RawLine(NamedTuple):
    """A line with its number, counted from 1. ``text``: ``None`` where it is too long."""

    number: int
    text: bytes | None
    at: At


class LineReader:
    """Tells the lines as the parts come, from the line of this number on, which begins there or later.

    Blank lines are counted, and not told. What stands blank before a line is no part of it.
    """

    def __init__(self, longest: int, number: int = 1, at: At = BEGINNING) -> None:
        self._longest = longest
        self._number = number
        self._at = at
        self._next = at
        self._held = bytearray()
        self._is_cut = False

    def feed(self, part: bytes) -> Iterator[RawLine]:
        """The lines that end in this part, the whole of it; of the first one all that stands before is passed by."""
        (number, place), self._next = self._next, At(self._next.part + 1)
        while place < len(part):
            if not (self._held or self._is_cut):
                place = self._past_blank(part, place)
                self._at = At(number, place)
            end = part.find(NEWLINE, place)
            self._hold(part, place, len(part) if end < 0 else end)
            if end < 0:
                return
            yield self._told()
            place = end + 1

    def rest(self) -> Iterator[RawLine]:
        """The last line, which no other follows."""
        if self._held or self._is_cut:
            yield self._told()

    def _told(self) -> RawLine:
        line = RawLine(self._number, None if self._is_cut else bytes(self._held), self._at)
        self._number += 1
        self._held.clear()
        self._is_cut = False
        return line

    def _past_blank(self, part: bytes, at: int) -> int:
        """Where the next line begins: millions of blank ones are one step."""
        begins = BLANK.match(part, at)
        end = begins.end() if begins else at
        self._number += part.count(NEWLINE, at, end)
        return end

    def _hold(self, part: bytes, start: int, end: int) -> None:
        if self._is_cut or len(self._held) + end - start > self._longest:
            self._is_cut = True
            self._held.clear()
        else:
            self._held += part[start:end]
