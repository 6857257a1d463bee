"""Reading records that aiokafka cannot, so that no client's record stops its partition, or the process.

It raises, again and again, on header names that are not UTF-8: Kafka's protocol calls a name a string, and no broker
checks it; clients in Go or C send any bytes. Such a name is read with replacement characters here, and everything else
of its record as it is. And it unpacks compressed batches without a bound: 15 KB may be half a gigabyte. Those over
:data:`MOST_UNPACKED` are read as records without key and value.
"""

import logging
from collections.abc import Callable, Iterator
from functools import partial
from struct import unpack_from
from typing import Any, NamedTuple

import cramjam
from aiokafka.consumer import fetcher
from aiokafka.record import MemoryRecords, default_records
from aiokafka.record._crecords import default_records as fast_records
from aiokafka.record.default_records import _DefaultRecordBatchPy

log = logging.getLogger(__name__)
MOST_UNPACKED = 33_554_432
"""Bytes of a compressed batch as its records are read: many times what any client of ours, or event, may be."""
FIRST_ROOM, ROOM_GROWS = 262_144, 8

BATCH_HEAD = ">qi"
"""How every batch begins (Kafka's protocol, "Record Batch"): its first offset, and the length of what follows."""
HEAD_BYTES = 12


class UnpacksTooLarge(Exception):
    """A compressed batch is damaged, or larger than :data:`MOST_UNPACKED` once it is unpacked."""


def read_leniently() -> None:
    """Let every aiokafka consumer of this process read so: the parser cannot be given to one of them."""
    fetcher.MemoryRecords = LenientRecords  # type: ignore[attr-defined]
    for codec in ("gzip", "lz4", "zstd"):  # snappy makes no more than twenty bytes of one
        for parser in (default_records, fast_records):
            setattr(parser, f"{codec}_decode", partial(unpacked, getattr(cramjam, codec).decompress_into))


def unpacked(decompress_into: Callable[[Any, bytearray], int], packed: Any) -> bytes:
    """What was compressed. Raises :class:`UnpacksTooLarge`."""
    content, size = bytes(packed), min(FIRST_ROOM, MOST_UNPACKED)
    while True:
        room = bytearray(size)
        try:
            return bytes(memoryview(room)[: decompress_into(content, room)])
        except cramjam.DecompressionError:
            if size >= MOST_UNPACKED:
                raise UnpacksTooLarge from None
        size = min(size * ROOM_GROWS, MOST_UNPACKED)


class LenientRecords:
    """The batches of one fetched partition: aiokafka's own, each read leniently where it must be."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._records = MemoryRecords(content)
        self.has_next = self._records.has_next
        self.size_in_bytes = self._records.size_in_bytes

    def next_batch(self) -> "LenientBatch":
        return LenientBatch(self._records.next_batch(), self._content)


class LenientBatch:
    """A batch read by the fast parser, and by a lenient one when that fails."""

    def __init__(self, batch: Any, content: bytes) -> None:
        self._batch = batch
        self._content = content

    def __getattr__(self, name: str) -> Any:
        return getattr(self._batch, name)

    def __next__(self) -> Any:
        return next(self._batch)

    def __iter__(self) -> Iterator[Any]:
        try:
            return iter(list(self._batch))
        except UnicodeDecodeError:
            return iter(_PlainBatch(_batch_at(self._batch.base_offset, self._content)))
        except UnpacksTooLarge:
            batch = self._batch
            log.error("the records from offset %d on unpack to too much: they are read as nothing", batch.base_offset)
            offsets = range(batch.base_offset, batch.next_offset)
            return (_Unread(offset, batch.max_timestamp, batch.timestamp_type) for offset in offsets)


class _Unread(NamedTuple):
    """A record of which only the place and the time are known."""

    offset: int
    timestamp: int
    timestamp_type: int
    key: None = None
    value: None = None
    headers: tuple[()] = ()
    checksum: None = None


class _PlainBatch(_DefaultRecordBatchPy):  # type: ignore[misc] final in name only
    def _maybe_uncompress(self) -> None:
        super()._maybe_uncompress()
        self._buffer = _Text(self._buffer)


class _Text(bytearray):
    """Bytes that can be read as text, whatever they are."""

    def __getitem__(self, index: Any) -> Any:
        found = super().__getitem__(index)
        return _Text(found) if isinstance(index, slice) else found

    def decode(self, encoding: str = "utf-8", errors: str = "replace") -> str:
        return super().decode(encoding, "replace")


def _batch_at(offset: int, content: bytes) -> bytes:
    """The bytes of the batch that begins with this offset."""
    start = 0
    while True:
        base_offset, length = unpack_from(BATCH_HEAD, content, start)
        end = start + HEAD_BYTES + length
        if base_offset == offset:
            return content[start:end]
        start = end
