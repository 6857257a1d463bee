"""Text as PostgreSQL holds it: without NUL, which JSON may hold, and clients and models write into what is told."""

import re
from dataclasses import replace
from functools import wraps
from typing import Any

from schemas.reaction import Handler, Reaction, Received, Write
from services.ledger.domain.facts import Row

NUL_IN_JSON = b"\\u0000"
"""The only way to write it there."""
NUL = re.compile(r"\x00|(?<!\\)((?:\\\\)*)\\u0000")
"""Itself; and its escape in JSON text, where the backslash is not escaped in turn."""
INSTEAD = r"\1" + "\ufffd"


def as_stored(text: str) -> str:
    """A text that rows are looked for by, as they hold it."""
    return text.replace("\x00", "\ufffd")


def storable(handler: Handler) -> Handler:
    """The handler. The rows of an event that holds a NUL hold U+FFFD in its place: no story lacks an event for it."""

    @wraps(handler)
    def on_event(event: Any, received: Received) -> Reaction:
        reaction = handler(event, received)
        if NUL_IN_JSON not in received.value and "\x00" not in (received.source or ""):
            return reaction
        return replace(reaction, writes=tuple(map(_storable_write, reaction.writes)))

    return on_event


def _storable_write(write: Write) -> Write:
    row: Row = write.row
    return replace(write, row={name: _storable_value(value) for name, value in row.items()})


def _storable_value(value: object) -> object:
    return NUL.sub(INSTEAD, value) if isinstance(value, str) else value
