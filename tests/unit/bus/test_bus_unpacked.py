"""Compressed records that unpack to far more than they are: a client may send them, and nobody holds them whole."""

import pytest
from aiokafka.record.default_records import DefaultRecordBatchBuilder

from infra.bus.lenient_records import LenientRecords, read_leniently

GZIP, SNAPPY, LZ4, ZSTD = 1, 2, 3, 4
MOST = 1_048_576


def batch(codec: int, *values: bytes) -> bytes:
    builder = DefaultRecordBatchBuilder(2, codec, 0, -1, -1, -1, 2**30)
    for offset, value in enumerate(values):
        builder.append(offset, timestamp=7, key=b"k", value=value, headers=[])
    return bytes(builder.build())


@pytest.fixture(autouse=True)
def bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("infra.bus.lenient_records.MOST_UNPACKED", MOST)
    read_leniently()


@pytest.mark.parametrize("codec", [GZIP, SNAPPY, LZ4, ZSTD])
def test_what_unpacks_within_the_bound_is_read(codec: int) -> None:
    values = [b"a" * 600_000, b"b" * 300_000]
    read = list(LenientRecords(batch(codec, *values)).next_batch())
    assert [(record.offset, record.key, record.value) for record in read] == [
        (0, b"k", values[0]),
        (1, b"k", values[1]),
    ]


@pytest.mark.parametrize("codec", [GZIP, LZ4, ZSTD])
def test_what_unpacks_to_more_is_read_as_records_without_a_value(codec: int) -> None:
    """Each is a dead letter of its own then, and what comes after them is read."""
    packed = batch(codec, bytes(MOST), b"small")
    assert len(packed) < MOST / 100
    read = list(LenientRecords(packed).next_batch())
    assert [(record.offset, record.timestamp, record.key, record.value) for record in read] == [
        (0, 7, None, None),
        (1, 7, None, None),
    ]
