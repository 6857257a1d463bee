"""The hash by which Kafka's clients choose the partition of a key: murmur2, as Java's ``Utils.murmur2``.

aiokafka has it, too, byte by byte: it takes twice the time, in each process that says something of a request.
"""

from functools import lru_cache
from struct import Struct

SEED, FACTOR, WORD = 0x9747B28C, 0x5BD1E995, 0xFFFFFFFF


def murmur2(key: bytes) -> int:
    """The hash of a key, as an unsigned 32-bit number."""
    hashed = SEED ^ len(key)
    for word in _words(len(key) >> 2).unpack_from(key):
        mixed = word * FACTOR & WORD
        hashed = (hashed * FACTOR ^ (mixed ^ mixed >> 24) * FACTOR) & WORD
    if rest := len(key) & 3:
        hashed = (hashed ^ int.from_bytes(key[-rest:], "little")) * FACTOR & WORD
    hashed = (hashed ^ hashed >> 13) * FACTOR & WORD
    return hashed ^ hashed >> 15


@lru_cache(maxsize=256)
def _words(count: int) -> Struct:
    """What reads so many words of four bytes."""
    return Struct(f"<{count}I")
