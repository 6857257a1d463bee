"""A producer that sends what is said at once, and waits for it in as few steps as it can.

aiokafka hands batches to a task of its own, which wakes for them, sends them in another task, and wakes again when they
are acknowledged, to look for more. Here they are sent without it; it is woken where a partition has no leader.
"""

import asyncio
import copy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import ProducerClosed
from aiokafka.producer.message_accumulator import BatchBuilder

Batch = tuple[TopicPartition, BatchBuilder]


class StraightProducer(AIOKafkaProducer):
    """An idempotent producer that takes several batches together. It waits for no more of them (``linger_ms`` is 0)."""

    async def start(self) -> None:
        """Raises ``KafkaConnectionError`` when no broker answers."""
        self._on_their_way: set[asyncio.Task[None]] = set()
        await super().start()

    async def send_batches(self, batches: Sequence[Batch]) -> list[object]:
        """Send batches and wait until each is done with; in the same order, an exception for one that was not taken.

        The topics are known to have these partitions. Raises ``KafkaError`` when this producer is closed or broken.
        """
        waiting = self._message_accumulator
        if waiting._closed:
            raise ProducerClosed
        if waiting._exception is not None:
            raise copy.copy(waiting._exception)
        with self._task_at_rest():
            futures = [waiting._append_batch(batch, place).future for place, batch in batches]
        self._send_what_waits()
        return await _results(futures)

    def _send_what_waits(self) -> None:
        """One request to each broker to which none is on its way; what comes meanwhile goes together with the next."""
        sender = self._sender
        with self._task_at_rest():
            by_node, leaders_are_unknown = self._message_accumulator.drain_by_nodes(
                ignore_nodes=sender._in_flight, muted_partitions=frozenset(sender._muted_partitions)
            )
        for node, found in by_node.items():
            sender._in_flight.add(node)
            sender._muted_partitions.update(found)
            task = asyncio.create_task(sender._send_produce_req(node, found))
            self._on_their_way.add(task)
            task.add_done_callback(self._sent)
        if leaders_are_unknown:
            self._message_accumulator._wakeup(self._message_accumulator._waiter_future)

    @contextmanager
    def _task_at_rest(self) -> Iterator[None]:
        """Meanwhile the library's task is not told that there is something to send."""
        waiting = self._message_accumulator
        told, waiting._waiter_future = waiting._waiter_future, self._loop.create_future()
        try:
            yield
        finally:
            waiting._waiter_future = told

    def _sent(self, task: asyncio.Task[None]) -> None:
        self._on_their_way.discard(task)
        self._sender._fail_all(task)
        if self._message_accumulator._batches:
            self._send_what_waits()


async def _results(futures: Sequence[asyncio.Future[Any]]) -> list[object]:
    if not futures:
        return []
    try:  # not gathered: who is cancelled while it waits must not cancel what is on its way
        await asyncio.wait(futures)
    except asyncio.CancelledError:
        for future in futures:
            future.add_done_callback(asyncio.Future.exception)  # else it is told that nobody asked for it
        raise
    return [future.exception() or future.result() for future in futures]
