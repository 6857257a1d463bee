"""What a process logs while a broker is away: that it is, and not once for each try."""

import logging
from collections.abc import Iterator

import aiokafka.client
import aiokafka.producer.sender
import pytest

from infra.logs import MOST_KEPT, RETRYING, Seldom, set_up_logging


def record(message: str, *args: object) -> logging.LogRecord:
    return logging.LogRecord("aiokafka", logging.ERROR, "client.py", 1, message, args, None)


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """After the set-up, which is taken back again."""
    levels = {name: logging.getLogger(name).level for name in list(logging.root.manager.loggerDict)}
    set_up_logging()
    yield caplog
    for name in RETRYING:
        logging.getLogger(name).filters.clear()
    for name in logging.root.manager.loggerDict:
        logging.getLogger(name).setLevel(levels.get(name, logging.NOTSET))


def test_the_same_words_come_again_after_a_while() -> None:
    now = 100.0
    seldom = Seldom(30, lambda: now)
    told = [seldom.filter(record("no connection to %s", node)) for node in (1, 1, 2, 1)]
    assert told == [True, False, True, False]
    now = 130.0
    assert seldom.filter(record("no connection to %s", 1))


def test_what_was_said_is_not_kept_without_end() -> None:
    seldom = Seldom(30, lambda: 0.0)
    assert all(seldom.filter(record(str(number))) for number in range(3 * MOST_KEPT))


def test_a_broker_that_is_away_fills_no_log(logged: pytest.LogCaptureFixture) -> None:
    for _ in range(100):
        aiokafka.client.log.error("Unable connect to node with id %s: %s", 1, "refused")
        aiokafka.producer.sender.log.warning("Got error produce response: %s", "NodeNotReadyError")
    assert [each.name for each in logged.records] == ["aiokafka", "aiokafka.producer.sender"]
