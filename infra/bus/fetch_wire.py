"""Kafka's Fetch request and response, version 11, packed and read directly.

A service may hear two hundred partitions and get records of three. The library packs and reads a structure for each of
them at each fetch; here only those that have something to say are looked at.
Source: Apache Kafka protocol guide, "Fetch API"; KIP-227, "Incremental Fetch Requests".
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from struct import Struct
from typing import Any

from aiokafka.protocol.fetch import FetchRequest, FetchRequest_v11

VERSION = 11
HEAD = Struct(">iiiibii")
PARTITION = Struct(">iiqqi")
TOLD_HEAD = Struct(">ihii")
TOLD_PARTITION = Struct(">ihqqqi")
COUNT, LENGTH = Struct(">i"), Struct(">h")
CONSUMER, UNKNOWN = -1, -1
NOTHING_FORGOTTEN_NO_RACK = b"\0\0\0\0\0\0"

Partitions = dict[str, list[tuple[int, int]]]
"""By topic: partitions, and the offsets from which to fetch them."""


@dataclass(frozen=True, slots=True)
class FetchTerms:
    """What every fetch of a consumer says. Times in milliseconds, sizes in bytes."""

    longest_wait_ms: int
    least_bytes: int
    most_bytes: int
    most_partition_bytes: int


class _Packed(FetchRequest_v11):
    """A request whose bytes are there already."""

    def __init__(self, packed: bytes) -> None:
        self._packed = packed

    RESPONSE_TYPE: Any

    def encode(self) -> bytes:
        return self._packed

    def __repr__(self) -> str:
        return f"fetch of {len(self._packed)} bytes"


class SessionFetch(FetchRequest):  # type: ignore[type-arg] the base names its versions, and this has one
    """The next fetch of a session. ``partitions``: all of them at epoch 0, and afterwards those that have moved."""

    API_KEY = 1
    _CLASSES = (FetchRequest_v11,)

    def __init__(self, session: int, epoch: int, partitions: Partitions, terms: FetchTerms) -> None:
        self.session = session
        self.epoch = epoch
        self.partitions = partitions
        self._terms = terms

    @property
    def topics(self) -> Any:
        size = self._terms.most_partition_bytes
        return [(topic, [(p, o, size) for p, o in found]) for topic, found in self.partitions.items()]

    def build(self, request_struct_class: type[Any]) -> Any:
        return _Packed(self.packed())

    def packed(self) -> bytes:
        """The request without its header."""
        terms = self._terms
        told = [
            HEAD.pack(
                CONSUMER, terms.longest_wait_ms, terms.least_bytes, terms.most_bytes, 0, self.session, self.epoch
            ),
            COUNT.pack(len(self.partitions)),
        ]
        for topic, found in self.partitions.items():
            name = topic.encode()
            told += (LENGTH.pack(len(name)), name, COUNT.pack(len(found)))
            told += (PARTITION.pack(p, UNKNOWN, o, UNKNOWN, terms.most_partition_bytes) for p, o in found)
        told.append(NOTHING_FORGOTTEN_NO_RACK)
        return b"".join(told)


@dataclass(frozen=True, slots=True)
class Fetched:
    """What came of a fetch. ``topics`` is as the library's response has it, without partitions that say nothing."""

    API_VERSION = VERSION

    error_code: int
    session: int
    topics: Sequence[tuple[str, Sequence[tuple[Any, ...]]]]

    @property
    def has_errors(self) -> bool:
        """Whether a partition was refused."""
        return any(found[1] for _, partitions in self.topics for found in partitions)

    def offsets(self, fetched: Mapping[tuple[str, int], int]) -> Partitions:
        """From where the partitions that say something were fetched. A session's answer may name a topic twice."""
        told: Partitions = {}
        for topic, found in self.topics:
            told.setdefault(topic, []).extend((p[0], fetched[topic, p[0]]) for p in found)
        return told

    @classmethod
    def decode(cls, stream: BytesIO) -> "Fetched":
        """Read what follows the header."""
        data, at = stream.getvalue(), stream.tell()
        _, error_code, session, topics = TOLD_HEAD.unpack_from(data, at)
        at += TOLD_HEAD.size
        told: list[tuple[str, list[tuple[Any, ...]]]] = []
        for _ in range(topics):
            topic, found, at = _topic(data, at)
            if found:
                told.append((topic, found))
        return cls(error_code, session, told)


_Packed.RESPONSE_TYPE = Fetched


def _topic(data: bytes, at: int) -> tuple[str, list[tuple[Any, ...]], int]:
    (size,) = LENGTH.unpack_from(data, at)
    at += LENGTH.size
    topic = data[at : at + size].decode()
    (count,) = COUNT.unpack_from(data, at + size)
    at += size + COUNT.size
    found: list[tuple[Any, ...]] = []
    for _ in range(count):
        partition, at = _partition(data, at)
        if partition[1] or partition[-1]:
            found.append(partition)
    return topic, found, at


def _partition(data: bytes, at: int) -> tuple[tuple[Any, ...], int]:
    number, error_code, high, stable, start, aborted = TOLD_PARTITION.unpack_from(data, at)
    at += TOLD_PARTITION.size + max(0, aborted) * 16  # aborted transactions: of whom, and from where
    replica, size = COUNT.unpack_from(data, at)[0], COUNT.unpack_from(data, at + 4)[0]
    at += 8
    end = at + max(0, size)
    return (number, error_code, high, stable, start, None, replica, data[at:end]), end
