"""The intake topic, written as any client would write it."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, MessageSizeTooLargeError, UnknownTopicOrPartitionError

from services.console.domain.failures import CannotReach, Refused


class IntakeTopic:
    """Publishes requests, each under its id as the key. ``topic`` is the physical name."""

    def __init__(self, connection: Mapping[str, Any], topic: str, max_bytes: int, timeout_s: float) -> None:
        self._connection = connection
        self._topic = topic
        self._max_bytes = max_bytes
        self._timeout_s = timeout_s

    async def submit(self, requests: Sequence[tuple[UUID, bytes]]) -> None:
        """Returns when Kafka has acknowledged all. Raises :class:`CannotReach`, or :class:`Refused` for one too large."""
        producer = AIOKafkaProducer(
            client_id="portfolio-console",
            acks="all",
            enable_idempotence=True,
            max_request_size=self._max_bytes,
            **self._connection,
        )
        try:
            async with asyncio.timeout(self._timeout_s):
                await producer.start()
                sent = [await producer.send(self._topic, value, key=str(name).encode()) for name, value in requests]
                await asyncio.gather(*sent)
        except MessageSizeTooLargeError as error:
            raise Refused(f"a request is larger than the {self._max_bytes} bytes that Kafka takes here") from error
        except UnknownTopicOrPartitionError as error:
            raise CannotReach(f"Kafka has no topic {self._topic}: run `portfolio topics create`") from error
        except (KafkaError, OSError, TimeoutError) as error:
            raise CannotReach(f"Kafka did not take the requests ({type(error).__name__}): is it up? try `make up`") from error
        finally:
            await producer.stop()
