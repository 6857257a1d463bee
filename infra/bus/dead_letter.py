"""A record that could not be processed: kept whole, with where it came from and why."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from infra.bus.publisher import Message
from schemas.envelope import FIRST_PLACE

if TYPE_CHECKING:
    from aiokafka import ConsumerRecord

PREFIX = "dl_"
ORIGIN = ("reason", "detail", "topic", "partition", "offset", "timestamp_ms")
REPLAY_OF = "dl_letter"
"""The header that a replayed record carries: the name of its letter, the same however often it is replayed."""
DETAIL_CHARS = 2_000
Header = tuple[str, bytes | None]


def dead_letter(topic: str, record: "ConsumerRecord[Any, Any]", reason: str, detail: str) -> Message:
    """The letter for ``topic`` (physical): the record's own key, value and headers, and ``dl_`` headers beside them."""
    stands = (record.topic, str(record.partition), str(record.offset), str(record.timestamp))
    told = (reason, detail[:DETAIL_CHARS], *stands)
    headers: Sequence[Header] = [
        *record.headers,
        *((PREFIX + name, value.encode()) for name, value in zip(ORIGIN, told, strict=True)),
    ]
    return Message(topic, record.key, record.value, headers)


def own_headers(letter: Sequence[Header]) -> list[Header]:
    """The headers that the record of a letter came with, without the marks of an earlier replay."""
    return [header for header in letter[: -len(ORIGIN)] if header[0] not in (REPLAY_OF, FIRST_PLACE)]


def is_letter(headers: Sequence[Header]) -> bool:
    """Whether these are a letter's: only the bus puts all of these last, whatever a client sends."""
    return tuple(name for name, _ in headers[-len(ORIGIN) :]) == tuple(PREFIX + name for name in ORIGIN)
