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


def mirror_id_of(request_id: UUID) -> UUID:
    """The id of what a request is asked once more as, in the lane that mirrors its own."""
    return uuid5(request_id, "mirror")


def is_drawn(lot: UUID, share: float) -> bool:
    """Whether a request is one of this share (0 to 1) of all: told by its id, so that it always is. To the 10,000th."""
    return lot.int % 10_000 < share * 10_000


def mirror_lot_of(request_id: UUID) -> UUID:
    """By what a request is drawn to be mirrored: by its id, those that are explored would be the first."""
    return uuid5(request_id, "mirror lot")


def event_id_text(event_type: str, subject: str, counter: str = "") -> str:
    """The id of an event: its type, what it speaks of, and a counter where it may speak more than once.

    As text, which goes on the wire: no ``UUID`` is made for it.
    """
    told = sha1(NAMESPACE_BYTES + f"{event_type}:{subject}:{counter}".encode(), usedforsecurity=False).hexdigest()
    variant = "89ab"[int(told[16], 16) & 3]
    return f"{told[:8]}-{told[8:12]}-5{told[13:16]}-{variant}{told[17:20]}-{told[20:32]}"
