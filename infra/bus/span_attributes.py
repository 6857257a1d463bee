"""What the span of a heard record says of it: OpenTelemetry's messaging conventions 1.37, a processing span."""

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from infra.telemetry.wire import span_attributes, span_text, span_whole

if TYPE_CHECKING:
    from aiokafka import ConsumerRecord


def heard_attributes(group: str, record: "ConsumerRecord[Any, Any]") -> bytes:
    """The attributes, in wire form."""
    key = record.key.decode(errors="replace") if record.key else ""
    place = _place(group, record.topic, record.partition)
    return place + span_whole("messaging.kafka.offset", record.offset) + span_text("messaging.kafka.message.key", key)


@lru_cache(maxsize=4_096)
def _place(group: str, topic: str, partition: int) -> bytes:
    return span_attributes(
        {
            "messaging.system": "kafka",
            "messaging.operation.type": "process",
            "messaging.destination.name": topic,
            "messaging.destination.partition.id": str(partition),
            "messaging.consumer.group.name": group,
        }
    )
