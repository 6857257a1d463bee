"""Waiting for brokers that are not up yet, as the store waits for its database."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from aiokafka.errors import KafkaError, KafkaTimeoutError

T = TypeVar("T")
log = logging.getLogger(__name__)
FIRST_WAIT_S = 0.1
LONGEST_WAIT_S = 2.0


class Brokers:
    """What a service that starts knows of them. ``away``: the type of the last error, while they do not answer."""

    def __init__(self, name: str) -> None:
        self._name = name
        self.away: str | None = None

    async def patiently(self, step: Callable[[], Awaitable[T]]) -> T:
        """Do a step again and again while no broker answers. Raises what a wait does not mend."""
        wait = FIRST_WAIT_S
        while True:
            try:
                done = await step()
            except (KafkaError, OSError, TimeoutError) as error:
                if not _passes(error):
                    raise
                self.away = type(error).__name__
                log.warning("%s: Kafka is away (%s): it is tried until it is back", self._name, self.away)
            else:
                self.away = None
                return done
            await asyncio.sleep(wait)
            wait = min(wait * 2, LONGEST_WAIT_S)


def _passes(error: Exception) -> bool:
    return not isinstance(error, KafkaError) or error.retriable or isinstance(error, KafkaTimeoutError)
