"""What takes long is done beside the loop, which goes on, and its event is handled then."""

import asyncio
import threading

from bus_at_work import LETTERS, PATIENCE_S, Client, at_work, bus_of, echo, request_id

from infra.bus.config import BusConfig
from schemas.reaction import LongWork, Reaction, Received
from schemas.review import FeedbackRecorded


async def test_the_loop_goes_on_while_long_work_is_done(bus_config: BusConfig) -> None:
    loop, loop_went_on = asyncio.get_running_loop(), threading.Event()
    done: list[bool] = []

    def work() -> None:
        loop.call_soon_threadsafe(loop_went_on.set)
        done.append(loop_went_on.wait(PATIENCE_S))

    def handler(event: FeedbackRecorded, received: Received) -> Reaction:
        if not done:
            raise LongWork(work)
        return echo(event, received)

    async with Client(bus_config) as client, at_work(bus_of(bus_config, handler)):
        await client.tell(1)

        assert await client.told(1) == [request_id(1)]
        assert await client.log(LETTERS, 0) == []
    assert done == [True]
