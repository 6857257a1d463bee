"""Reading records whose header names are not UTF-8: aiokafka raises on one, again and again, and its partition stops.

Kafka's protocol calls a header's name a string, and no broker checks it; clients in Go or C send any bytes. Such a
name is read with replacement characters here, and everything else of its record as it is.
"""

from collections.abc import Iterator
from struct import unpack_from
from typing import Any

from aiokafka.consumer import fetcher
from aiokafka.record import MemoryRecords
from aiokafka.record.default_records import _DefaultRecordBatchPy

BATCH_HEAD = ">qi"
"""How every batch begins (Kafka's protocol, "Record Batch"): its first offset, and the length of what follows."""
HEAD_BYTES = 12


def read_leniently() -> None:
    """Let every aiokafka consumer of this process read so: the parser cannot be given to one of them."""
    fetcher.MemoryRecords = LenientRecords  # type: ignore[attr-defined]


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
