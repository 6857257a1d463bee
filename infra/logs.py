"""What every process of ours logs, and how."""

import json
import logging
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from time import monotonic
from typing import Any, Literal

SELDOM_S = 30.0
MOST_KEPT = 256
LINE = "%(asctime)s %(levelname)s %(name)s: %(message)s"
OF_EVERY_RECORD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}
RETRYING = (
    "aiokafka",
    "aiokafka.producer.sender",
    "infra.bus.publisher",
    "infra.retrying",
)
"""They say the same at every try while a broker or a database is away: all services together hundreds of times."""


class Seldom(logging.Filter):
    """Lets a record through that was not said within ``every_s`` seconds; the clock is in seconds, too."""

    def __init__(self, every_s: float = SELDOM_S, clock: Callable[[], float] = monotonic) -> None:
        super().__init__()
        self._every_s = every_s
        self._clock = clock
        self._until: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        said, now = record.getMessage(), self._clock()
        if now < self._until.get(said, 0.0):
            return False
        if len(self._until) >= MOST_KEPT:
            self._until.clear()
        self._until[said] = now + self._every_s
        return True


class JsonLines(logging.Formatter):
    """An object a line: what a record says, and what was told with it as ``extra``, such as ``request_id``."""

    def format(self, record: logging.LogRecord) -> str:
        told: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        told |= {name: value for name, value in record.__dict__.items() if name not in OF_EVERY_RECORD}
        if record.exc_info:
            told["exception"] = self.formatException(record.exc_info)
        return json.dumps(told, ensure_ascii=False, default=str)


def set_up_logging(level: str = "INFO", form: Literal["text", "json"] = "text") -> None:
    """One line a record on standard error; the client libraries only from warnings on, and no try of theirs twice."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines() if form == "json" else logging.Formatter(LINE))
    logging.basicConfig(level=level, handlers=[handler])
    for noisy in ("aiokafka", "httpx", "uvicorn.access", "uvicorn.error", "alembic"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    # Our own exporter says once what these would say at every post; aiokafka's readers and asyncpg's pool try again.
    for noisier in ("opentelemetry.exporter", "opentelemetry.sdk", "aiokafka.consumer", "asyncpg.pool"):
        logging.getLogger(noisier).setLevel(logging.CRITICAL)
    for retrying in RETRYING:
        logging.getLogger(retrying).addFilter(Seldom())
