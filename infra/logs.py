"""What every process of ours logs, and how."""

import logging
import sys


def set_up_logging(level: str = "INFO") -> None:
    """One line a record on standard error; the client libraries only from warnings on."""
    logging.basicConfig(level=level, format="%(asctime)s %(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    for noisy in ("aiokafka", "httpx", "uvicorn.access", "uvicorn.error", "alembic"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    # Our own exporter says once what these would say at every post; aiokafka retries what it calls errors.
    for noisier in ("opentelemetry.exporter", "opentelemetry.sdk", "aiokafka.consumer", "aiokafka.client"):
        logging.getLogger(noisier).setLevel(logging.CRITICAL)
