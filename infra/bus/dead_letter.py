"""A record that could not be processed: kept whole, with where it came from and why."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from infra.bus.publisher import Message

if TYPE_CHECKING:
    from aiokafka import ConsumerRecord

PREFIX = "dl_"


def dead_letter(topic: str, record: "ConsumerRecord[Any, Any]", reason: str, detail: str) -> Message:
    """The letter for ``topic`` (physical): the record's own key, value and headers, and ``dl_`` headers beside them."""
    told = {
        "reason": reason,
        "detail": detail,
        "topic": record.topic,
        "partition": str(record.partition),
        "offset": str(record.offset),
        "timestamp_ms": str(record.timestamp),
    }
    headers: Sequence[tuple[str, bytes | None]] = [
        *record.headers,
        *((PREFIX + name, value.encode()) for name, value in told.items()),
    ]
    return Message(topic, record.key, record.value, headers)
