"""The lines of a file that is read part by part: none of them is held that is longer than a line may be."""

import re
from collections.abc import Iterator

NEWLINE = b"\n"
BLANK = re.compile(rb"\s*")


class LineReader:
    """Tells the lines as the parts come, each with its number, counted from 1; ``None`` of one that is too long.

    Blank lines are counted, and not told. What stands blank before a line is no part of it.
    """

    def __init__(self, longest: int) -> None:
        self._longest = longest
        self._number = 1
        self._held = bytearray()
        self._is_cut = False

    def feed(self, part: bytes) -> Iterator[tuple[int, bytes | None]]:
        """The lines that end in this part."""
        at = 0
        while at < len(part):
            at = self._past_blank(part, at)
            end = part.find(NEWLINE, at)
            self._hold(part, at, len(part) if end < 0 else end)
            if end < 0:
                return
            yield from self.rest()
            at = end + 1

    def rest(self) -> Iterator[tuple[int, bytes | None]]:
        """The last line, which no other follows."""
        number, raw, is_cut = self._number, bytes(self._held), self._is_cut
        self._number += 1
        self._held.clear()
        self._is_cut = False
        if is_cut or raw:
            yield number, None if is_cut else raw

    def _past_blank(self, part: bytes, at: int) -> int:
        """Where the next line begins, unless one has begun: millions of blank ones are one step."""
        if self._held or self._is_cut:
            return at
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
