"""What every process of ours logs, and how."""

import logging
import sys
from collections.abc import Callable
from time import monotonic

SELDOM_S = 30.0
MOST_KEPT = 256
RETRYING = (
    "aiokafka",
    "aiokafka.producer.sender",
    "infra.bus.away",
    "infra.bus.publisher",
    "infra.store.database",
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


def set_up_logging(level: str = "INFO") -> None:
    """One line a record on standard error; the client libraries only from warnings on, and no try of theirs twice."""
    logging.basicConfig(level=level, format="%(asctime)s %(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    for noisy in ("aiokafka", "httpx", "uvicorn.access", "uvicorn.error", "alembic"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    # Our own exporter says once what these would say at every post; aiokafka's readers and asyncpg's pool try again.
    for noisier in ("opentelemetry.exporter", "opentelemetry.sdk", "aiokafka.consumer", "asyncpg.pool"):
        logging.getLogger(noisier).setLevel(logging.CRITICAL)
    for retrying in RETRYING:
        logging.getLogger(retrying).addFilter(Seldom())
