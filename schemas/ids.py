"""Ids that follow from what they name, so that saying a thing again is recognised.

All are UUIDv5 (RFC 9562, section 5.5) under one published namespace. Test vectors: ``tests/contract/test_ids.py``.
"""

from hashlib import sha1
from uuid import NAMESPACE_DNS, UUID, uuid5

NAMESPACE = uuid5(NAMESPACE_DNS, "model-portfolio")
NAMESPACE_BYTES = NAMESPACE.bytes


def request_id_from_origin(topic: str, partition: int, offset: int) -> UUID:
    """The id of a request that came without one: where it stands in the log."""
    return uuid5(NAMESPACE, f"request:{topic}:{partition}:{offset}")


def attempt_id_of(request_id: UUID, number: int) -> UUID:
    """The id of attempt ``number`` (from 1) of a request."""
    return uuid5(request_id, f"attempt:{number}")


def event_id_of(event_type: str, subject: str, counter: str = "") -> UUID:
    """The id of an event: its type, what it speaks of, and a counter where it may speak more than once."""
    digest = sha1(NAMESPACE_BYTES + f"{event_type}:{subject}:{counter}".encode(), usedforsecurity=False).digest()
    return UUID(bytes=digest[:16], version=5)
