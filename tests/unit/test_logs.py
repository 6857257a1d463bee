"""What a process logs while a broker is away: that it is, and not once for each try."""

import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime

import aiokafka.client
import aiokafka.producer.sender
import pytest

from infra.entry import WRONG_USAGE, App, run
from infra.log_config import LogConfig
from infra.logs import MOST_KEPT, RETRYING, JsonLines, Seldom, set_up_logging

PROGRAM = """
import asyncio, logging
from infra.entry import run
from infra.metrics.health import Health
class Idle:
    def __init__(self): self.health, self.broken = Health("router"), asyncio.Event()
    async def start(self): logging.info("quiet"); self.broken.set()
    async def stop(self): pass
async def build(): return Idle()
run(build)
"""


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


def test_a_line_of_json_says_what_was_told_with_it_too() -> None:
    said = record("%s turned away", "größer")
    said.request_id = "7"
    said.exc_info = (ValueError, ValueError("why"), None)
    told = json.loads(JsonLines().format(said))
    assert datetime.fromisoformat(told.pop("time")).tzinfo is UTC
    assert told.pop("exception") == "ValueError: why"
    assert told == {"level": "ERROR", "logger": "aiokafka", "message": "größer turned away", "request_id": "7"}


@pytest.mark.parametrize(("form", "begins"), [("json", "{"), ("text", "20")])
def test_a_process_logs_in_the_form_and_from_the_level_that_it_is_told(form: str, begins: str) -> None:
    environment = {**os.environ, "LOG_FORMAT": form, "LOG_LEVEL": "WARNING", "HEALTH_PROT": "1"}
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False, env=environment)
    lines = [line for line in done.stderr.splitlines() if "HEALTH_PROT" in line or "quiet" in line]
    assert len(lines) == 1
    assert lines[0].startswith(begins)


@pytest.mark.parametrize(("form", "level"), [("JSON", "warning"), ("Json", "Warning"), ("json", "WARNING")])
def test_a_form_and_a_level_are_taken_in_any_case(monkeypatch: pytest.MonkeyPatch, form: str, level: str) -> None:
    monkeypatch.setenv("LOG_FORMAT", form)
    monkeypatch.setenv("LOG_LEVEL", level)
    assert (LogConfig().format, LogConfig().level) == ("json", "WARNING")


def test_a_wrong_form_is_a_wrong_setting(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    async def build() -> App:
        raise AssertionError

    monkeypatch.setenv("LOG_FORMAT", "yaml")
    assert run(build) == WRONG_USAGE
    assert "LOG_FORMAT" in caplog.text
