"""Kafka's failures, told as the console's own."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiokafka.errors import KafkaError, MessageSizeTooLargeError, UnknownTopicOrPartitionError

from services.console.domain.failures import CannotReach, Refused


@asynccontextmanager
async def kafka_answers(address: str, timeout_s: float) -> AsyncIterator[None]:
    """What is done inside must be done in time. Raises :class:`CannotReach`, or :class:`Refused`."""
    try:
        async with asyncio.timeout(timeout_s):
            yield
    except MessageSizeTooLargeError as error:
        raise Refused("that is larger than what Kafka takes here: see KAFKA_MAX_REQUEST_BYTES") from error
    except UnknownTopicOrPartitionError as error:
        raise CannotReach(f"Kafka at {address} lacks a topic: run `portfolio topics create`") from error
    except (KafkaError, OSError, TimeoutError) as error:
        says = f"Kafka at {address} does not answer ({type(error).__name__}): start it with `make up`, or give --kafka"
        raise CannotReach(says) from error
