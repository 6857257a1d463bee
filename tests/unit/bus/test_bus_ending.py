"""Ending a Kafka client: who is told to end meanwhile does."""

import asyncio
from contextlib import suppress

import pytest

from infra.bus.ending import end_client, end_whole


class Client:
    """Stops once it may, and fails to."""

    def __init__(self) -> None:
        self.stops = asyncio.Event()
        self.may = asyncio.Event()

    async def stop(self) -> None:
        self.stops.set()
        await self.may.wait()
        raise ConnectionError("the broker is away")


async def test_a_client_that_fails_to_stop_does_not_hide_that_its_caller_is_to_end() -> None:
    client = Client()
    ending = asyncio.create_task(end_client(client))
    await client.stops.wait()
    ending.cancel()
    client.may.set()
    with pytest.raises(asyncio.CancelledError):
        await ending


async def test_a_failure_to_stop_is_told_to_who_waits_for_it() -> None:
    client = Client()
    client.may.set()
    with pytest.raises(ConnectionError):
        await end_client(client)


async def test_a_close_that_suppresses_cancellations_does_not_hide_its_callers() -> None:
    task, closes = asyncio.create_task(asyncio.Event().wait()), asyncio.Event()

    async def close() -> None:
        closes.set()
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    ending = asyncio.create_task(end_whole(close()))
    await closes.wait()
    ending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await ending
