"""Records as a consumer gives them."""

from typing import Any

from aiokafka import ConsumerRecord


def record(value: bytes | None = b"{}", **changes: Any) -> "ConsumerRecord[Any, Any]":
    """A record of ``p.request.submitted``, partition 3, offset 41."""
    fields: dict[str, Any] = {
        "topic": "p.request.submitted",
        "partition": 3,
        "offset": 41,
        "timestamp": 1_772_442_000_123,
        "timestamp_type": 1,
        "key": b"key",
        "value": value,
        "checksum": None,
        "serialized_key_size": 3,
        "serialized_value_size": len(value or b""),
        "headers": (),
    }
    return ConsumerRecord(**fields | changes)
