"""The client's book is filled by one thread and read by another."""

import sys
import threading
from collections.abc import Iterator
from uuid import UUID, uuid4

import pytest
from journeys.faults.sent import Sent

COUNT = 3_000


@pytest.fixture
def often() -> Iterator[None]:
    """Threads take turns as often as they can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def _book(requests: list[UUID]) -> Sent:
    sent = Sent()
    for request_id in requests:
        sent.send(request_id)
        sent.acknowledge(request_id)
    return sent


@pytest.mark.usefixtures("often")
def test_the_book_is_read_while_ends_come_in() -> None:
    requests = [uuid4() for _ in range(COUNT)]
    sent = _book(requests)
    hearing = threading.Thread(target=lambda: [sent.end([each], 1.0) for each in requests])
    hearing.start()
    left = [len(sent.open())]
    while left[-1]:
        left.append(len(sent.open()))
    hearing.join()
    assert left == sorted(left, reverse=True)


def test_the_first_end_of_a_request_counts_and_others_requests_do_not() -> None:
    [mine, others] = [uuid4(), uuid4()]
    sent = _book([mine])
    sent.end([mine, others], 1.0)
    sent.end([mine], 2.0)
    assert sent.ended() == {mine: 1.0}


def test_a_request_that_was_not_acknowledged_is_not_open() -> None:
    sent = Sent()
    sent.send(uuid4())
    assert not sent.open()
