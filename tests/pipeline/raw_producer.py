"""A producer that keeps to the protocol's framing and to nothing else: header names of any bytes."""

import socket
import struct

from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.util import calc_crc32c
from confluent_kafka import TopicPartition

from pipeline.waiting import PATIENCE_S

PRODUCE, VERSION, ALL_REPLICAS, TIMEOUT_MS = 0, 3, -1, 30_000
CRC_AT, CHECKED_FROM = 17, 21
PLACE = "name-of-any-bytes"


def send_with_header_name(bootstrap: str, where: TopicPartition, key: bytes, value: bytes, name: bytes) -> None:
    """Publish with a header whose name begins with these bytes, and wait until the broker has taken it."""
    batch = _batch(key, value, name)
    body = struct.pack(">hhi", -1, ALL_REPLICAS, TIMEOUT_MS)
    body += struct.pack(">i", 1) + _text(where.topic) + struct.pack(">iii", 1, where.partition, len(batch)) + batch
    answer = _call(bootstrap, body)
    # int32 correlation id, int32 topics, the topic's name, int32 partitions, int32 partition, int16 error
    [error] = struct.unpack_from(">h", answer, 4 + 4 + 2 + len(where.topic) + 4 + 4)
    assert error == 0, f"the broker refused it: error {error}"


def _batch(key: bytes, value: bytes, name: bytes) -> bytes:
    """A record batch (version 2) of one record, its checksum made anew for the bytes of the name."""
    builder = DefaultRecordBatchBuilder(2, 0, 0, -1, -1, -1, len(value) + 10_000)
    builder.append(0, 0, key, value, [(PLACE, b"1")])
    raw = bytearray(builder.build())
    at = raw.index(PLACE.encode())
    raw[at : at + len(PLACE)] = name.ljust(len(PLACE), b"\xff")
    struct.pack_into(">I", raw, CRC_AT, calc_crc32c(memoryview(raw)[CHECKED_FROM:]))
    return bytes(raw)


def _call(bootstrap: str, body: bytes) -> bytes:
    host, _, port = bootstrap.rpartition(":")
    message = struct.pack(">hhi", PRODUCE, VERSION, 1) + _text("raw") + body
    with socket.create_connection((host, int(port)), PATIENCE_S) as broker, broker.makefile("rb") as answers:
        broker.sendall(struct.pack(">i", len(message)) + message)
        [size] = struct.unpack(">i", answers.read(4))
        return answers.read(size)


def _text(text: str) -> bytes:
    return struct.pack(">h", len(text)) + text.encode()
