"""What clients send, taken apart just enough to know when a service is about to publish, to commit or to store.

Sources: Kafka protocol guide, "Request header"; PostgreSQL manual, "Message Formats".
"""

import struct
from collections.abc import Iterator
from typing import Protocol

PRODUCE, OFFSET_COMMIT = "produce", "offset commit"
KAFKA_KEYS = {0: PRODUCE, 8: OFFSET_COMMIT}
SSL_REQUEST, GSS_REQUEST = 80877103, 80877104


class Frames(Protocol):
    """Follows one connection. ``feed`` names each request that begins in these bytes: a word, or a statement."""

    def feed(self, data: bytes) -> Iterator[str]: ...


class KafkaFrames:
    """Requests by their api key: an int32 size, an int16 key."""

    def __init__(self) -> None:
        self._left = bytearray()

    def feed(self, data: bytes) -> Iterator[str]:
        self._left += data
        while len(self._left) >= 6:
            size, key = struct.unpack_from(">ih", self._left)
            if len(self._left) < size + 4:
                return
            del self._left[: size + 4]
            if key in KAFKA_KEYS:
                yield KAFKA_KEYS[key]


class PostgresFrames:
    """Statements, each time that one is bound: Parse names it, and Bind calls it by its name."""

    def __init__(self) -> None:
        self._left = bytearray()
        self._has_begun = False
        self._statements: dict[bytes, str] = {}

    def feed(self, data: bytes) -> Iterator[str]:
        self._left += data
        while (message := self._next()) is not None:
            kind, body = message
            if kind == b"P":
                name, statement, _ = body.split(b"\0", 2)
                self._statements[name] = statement.decode()
            elif kind == b"B":
                _, name, _ = body.split(b"\0", 2)
                yield self._statements.get(name, "")

    def _next(self) -> tuple[bytes, bytes] | None:
        """The next whole message; those before the session begins have no kind."""
        at = 1 if self._has_begun else 0
        if len(self._left) < at + 8 - 4 * at:
            return None
        (size,) = struct.unpack_from(">i", self._left, at)
        if len(self._left) < at + size:
            return None
        kind, body = bytes(self._left[:at]), bytes(self._left[at + 4 : at + size])
        del self._left[: at + size]
        if not self._has_begun:
            self._has_begun = struct.unpack_from(">i", body)[0] not in (SSL_REQUEST, GSS_REQUEST)
        return kind, body
