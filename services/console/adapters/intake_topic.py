"""The intake topic, written as any client would write it."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from aiokafka import AIOKafkaProducer

from infra.bus.ending import end_client
from services.console.adapters.kafka import kafka_answers


class IntakeTopic:
    """Publishes requests, each under its id as the key. ``topic`` is the physical name."""

    def __init__(self, connection: Mapping[str, Any], topic: str, max_bytes: int, timeout_s: float) -> None:
        self._connection = connection
        self._topic = topic
        self._max_bytes = max_bytes
        self._timeout_s = timeout_s

    async def submit(self, requests: Sequence[tuple[UUID, bytes]]) -> None:
        """Returns when Kafka has acknowledged all. Raises what :func:`kafka_answers` raises."""
        producer = AIOKafkaProducer(
            client_id="portfolio-console",
            acks="all",
            enable_idempotence=True,
            max_request_size=self._max_bytes,
            **self._connection,
        )
        try:
            async with kafka_answers(self._connection["bootstrap_servers"], self._timeout_s):
                await producer.start()
                sent = [await producer.send(self._topic, value, key=str(name).encode()) for name, value in requests]
                await asyncio.gather(*sent)
        finally:
            await end_client(producer)
