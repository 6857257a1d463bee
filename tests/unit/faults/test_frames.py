"""What goes over the wire is understood however it is cut into pieces."""

import struct
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from journeys.faults.frames import OFFSET_COMMIT, PRODUCE, SSL_REQUEST, Frames, KafkaFrames, PostgresFrames


def kafka(key: int, body: bytes = b"body") -> bytes:
    return struct.pack(">ih", len(body) + 2, key) + body


def postgres(kind: bytes, *words: bytes) -> bytes:
    body = b"".join(word + b"\0" for word in words) + b"rest"
    return kind + struct.pack(">i", len(body) + 4) + body


FETCH = 1
ASKED = kafka(FETCH) + kafka(0, b"x" * 5_000) + kafka(8) + kafka(FETCH)
SESSION = (
    struct.pack(">ii", 8, SSL_REQUEST)
    + struct.pack(">ii", 12, 196_608)
    + b"user"
    + postgres(b"P", b"s1", b"UPDATE t SET a = 1")
    + postgres(b"P", b"s2", b"SELECT 1")
    + postgres(b"B", b"", b"s2")
    + postgres(b"B", b"", b"s1")
)


@pytest.mark.parametrize(
    ("frames", "sent", "names"),
    [
        (KafkaFrames, ASKED, [PRODUCE, OFFSET_COMMIT]),
        (PostgresFrames, SESSION, ["SELECT 1", "UPDATE t SET a = 1"]),
    ],
    ids=["kafka", "postgres"],
)
@given(pieces=st.lists(st.integers(1, 900), min_size=1))
def test_requests_are_named_however_they_are_cut(
    frames: Callable[[], Frames], sent: bytes, names: list[str], pieces: list[int]
) -> None:
    following, found, at = frames(), list[str](), 0
    for size in [*pieces, len(sent)]:
        found += following.feed(sent[at : at + size])
        at += size
    assert found == names
