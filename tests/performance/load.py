"""The load client: any Kafka client's view of the pipeline. Publishes the mix at a pace, and times each answer."""

import asyncio
import json
import time
from dataclasses import dataclass, field
from uuid import UUID, uuid4

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from tests.performance.mix import REJECTED, latency_s, sample

DRAIN_S = 90.0
RESULTS = ("request.completed", "request.failed")


@dataclass(slots=True)
class Flight:
    """One request on its way."""

    number: int
    sent_at: float


@dataclass(slots=True)
class Tally:
    """What a phase saw. ``added_ms`` of the requests that one call answered: their time less the provider's."""

    sent: int = 0
    completed: int = 0
    failed: int = 0
    seconds: float = 0.0
    attempts: int = 0
    added_ms: list[float] = field(default_factory=list)
    reasons: dict[str, int] = field(default_factory=dict)


class LoadClient:
    """Sends samples and hears results, without a consumer group. ``rejected``: see :func:`~.mix.sample`."""

    def __init__(self, bootstrap: str, rejected: float = REJECTED) -> None:
        self._rejected = rejected
        self._producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", linger_ms=0)
        self._consumer = AIOKafkaConsumer(
            *RESULTS, bootstrap_servers=bootstrap, enable_auto_commit=False, auto_offset_reset="latest"
        )
        self._flights: dict[UUID, Flight] = {}
        self._tally = Tally()
        self._next = 0
        self._idle = asyncio.Event()
        self._reader: asyncio.Task[None] | None = None

    async def start(self) -> None:
        await self._producer.start()
        await self._consumer.start()
        for part in self._consumer.assignment():
            await self._consumer.position(part)
        self._reader = asyncio.create_task(self._read())

    async def stop(self) -> None:
        if self._reader is not None:
            self._reader.cancel()
            await asyncio.gather(self._reader, return_exceptions=True)
        await self._producer.stop()
        await self._consumer.stop()

    async def paced(self, rate: float, seconds: float) -> Tally:
        """Send ``rate`` requests a second for this long, evenly, then wait until all have ended."""
        tally = self._begin()
        started = time.perf_counter()
        total = int(rate * seconds)
        while tally.sent < total:
            due = min(total, int((time.perf_counter() - started) * rate) + 1)
            while tally.sent < due:
                await self._send()
            await asyncio.sleep(max(0.0, started + tally.sent / rate - time.perf_counter()))
        return await self._end(started)

    async def saturated(self, total: int, in_flight: int) -> Tally:
        """Send as fast as answers come, with this many on their way, until ``total`` were sent."""
        tally = self._begin()
        started = time.perf_counter()
        while tally.sent < total:
            if len(self._flights) >= in_flight:
                await asyncio.sleep(0.002)
                continue
            await self._send()
        return await self._end(started)

    async def one_by_one(self, total: int) -> Tally:
        """One request at a time: what an idle system adds."""
        tally = self._begin()
        started = time.perf_counter()
        while tally.sent < total:
            self._idle.clear()
            await self._send()
            await asyncio.wait_for(self._idle.wait(), DRAIN_S)
        return await self._end(started)

    def _begin(self) -> Tally:
        self._tally = Tally()
        return self._tally

    async def _end(self, started: float) -> Tally:
        limit = time.perf_counter() + DRAIN_S
        while self._flights and time.perf_counter() < limit:  # noqa: ASYNC110 polling is cheaper than a signal each
            await asyncio.sleep(0.02)
        self._tally.seconds = time.perf_counter() - started
        lost = len(self._flights)
        if lost:
            self._tally.reasons["no end within the drain"] = lost
            self._flights.clear()
        return self._tally

    async def _send(self) -> None:
        number, request_id = self._next, uuid4()
        self._next += 1
        body = sample(number, rejected=self._rejected).body() | {"request_id": str(request_id)}
        self._flights[request_id] = Flight(number, time.perf_counter())
        self._tally.sent += 1
        await self._producer.send("request.submitted", json.dumps(body).encode(), key=str(request_id).encode())

    async def _read(self) -> None:
        while True:
            for records in (await self._consumer.getmany(timeout_ms=1_000)).values():
                now = time.perf_counter()
                for record in records:
                    self._heard(record.topic, json.loads(record.value), now)

    def _heard(self, topic: str, told: dict[str, object], now: float) -> None:
        flight = self._flights.pop(UUID(str(told["request_id"])), None)
        if flight is None:
            return
        if not self._flights:
            self._idle.set()
        tally = self._tally
        tally.attempts += int(str(told["attempts"]))
        if topic == "request.failed":
            tally.failed += 1
            reason = str(told["reason"])
            tally.reasons[reason] = tally.reasons.get(reason, 0) + 1
            return
        tally.completed += 1
        if told["attempts"] == 1:
            tally.added_ms.append((now - flight.sent_at - latency_s(flight.number, 1)) * 1000)
