"""A form with a file in it, as browsers and OpenAI's clients send it: read piece by piece, never held whole.

Source: RFC 7578, and RFC 2046, section 5.1.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto

from services.gateway.domain.problems import INVALID, Problem, Refused, wrong

BOUNDARY = re.compile(r'boundary=(?:"([^"\r\n]{1,70})"|([^\s;,"]{1,70}))', re.IGNORECASE)
NAME = re.compile(r'[;\s]name="([^"\r\n]*)"', re.IGNORECASE)
FILE_NAME = re.compile(r'[;\s]filename="([^"\r\n]*)"', re.IGNORECASE)
LONGEST_HEAD = 8_192
CLOSED = b"--"
NEXT = b"\r\n"


@dataclass(frozen=True, slots=True)
class Field:
    """A field begins. ``filename``: it is a file; its content follows, in pieces of any size."""

    name: str
    filename: str | None


class _At(Enum):
    BEFORE = auto()
    MARK = auto()
    HEAD = auto()
    CONTENT = auto()
    END = auto()


class FormReader:
    """Tells the fields of a form as its bytes come."""

    def __init__(self, boundary: str) -> None:
        self._mark = b"\r\n--" + boundary.encode()
        self._held = b"\r\n"  # so that the first boundary is like all others
        self._at = _At.BEFORE

    @property
    def is_whole(self) -> bool:
        """Whether the form has come to its end."""
        return self._at is _At.END

    def feed(self, piece: bytes) -> Iterator[Field | bytes]:
        """The fields that begin in this piece, and the contents that it holds. Raises ``Refused`` for no form."""
        self._held += piece
        while self._at is not _At.END:
            if self._at is _At.MARK:
                if not self._is_past_mark():
                    return
            elif self._at is _At.HEAD:
                if (field := self._head()) is None:
                    return
                yield field
            else:
                content, is_over = self._content()
                if content and self._at is _At.CONTENT:
                    yield content
                if not is_over:
                    return
                self._at = _At.MARK
        self._held = b""

    def _content(self) -> tuple[bytes, bool]:
        """What is certain to be content, and whether its end was found."""
        place = self._held.find(self._mark)
        if place >= 0:
            content, self._held = self._held[:place], self._held[place + len(self._mark) :]
            return content, True
        sure = max(0, len(self._held) - len(self._mark) + 1)
        content, self._held = self._held[:sure], self._held[sure:]
        return content, False

    def _is_past_mark(self) -> bool:
        if len(self._held) < len(NEXT):
            return False
        after, self._held = self._held[:2], self._held[2:]
        if after not in (CLOSED, NEXT):
            raise no_form()
        self._at = _At.END if after == CLOSED else _At.HEAD
        return True

    def _head(self) -> Field | None:
        head, blank, rest = self._held.partition(b"\r\n\r\n")
        if len(head) > LONGEST_HEAD:
            raise no_form()
        if not blank:
            return None
        self._held, self._at = rest, _At.CONTENT
        told = head.decode(errors="replace")
        name, filename = NAME.search(told), FILE_NAME.search(told)
        if name is None:
            raise no_form()
        return Field(name[1], filename[1] if filename else None)


def boundary_in(content_type: str) -> str:
    """The boundary that a form's header names. Raises ``Refused`` for what is no form."""
    kind, _, rest = content_type.partition(";")
    found = BOUNDARY.search(rest)
    if kind.strip().lower() != "multipart/form-data" or found is None:
        message = "A file comes in a form: send the header content-type: multipart/form-data with its boundary."
        raise Refused(Problem(415, INVALID, "unsupported_media_type", message, unread=True))
    return found[1] or found[2]


def no_form() -> Refused:
    """It calls itself a form, and is none."""
    return wrong(None, "The body is no multipart form: send file and purpose as multipart/form-data", "invalid_form")
