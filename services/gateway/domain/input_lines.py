"""The lines of a file that is read part by part: none of them is held that is longer than a line may be."""

from collections.abc import Iterator

NEWLINE = b"\n"


class LineReader:
    """Tells the lines as the parts come, each with its number, counted from 1; ``None`` of one that is too long.

    Blank lines are counted, and not told.
    """

    def __init__(self, longest: int) -> None:
        self._longest = longest
        self._number = 0
        self._held = bytearray()
        self._is_cut = False

    def feed(self, part: bytes) -> Iterator[tuple[int, bytes | None]]:
        """The lines that end in this part."""
        *ends, rest = part.split(NEWLINE)
        for end in ends:
            self._hold(end)
            yield from self.rest()
        self._hold(rest)

    def rest(self) -> Iterator[tuple[int, bytes | None]]:
        """The last line, which no other follows."""
        self._number += 1
        raw, is_cut = bytes(self._held), self._is_cut
        self._held.clear()
        self._is_cut = False
        if is_cut or raw.strip():
            yield self._number, None if is_cut else raw

    def _hold(self, piece: bytes) -> None:
        if self._is_cut or len(self._held) + len(piece) > self._longest:
            self._is_cut = True
            self._held.clear()
        else:
            self._held += piece
