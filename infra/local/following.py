"""Requests, submitted to the intake topic and followed to their ends."""

import asyncio
from collections.abc import Callable, Sequence
from uuid import UUID

from services.console.app import ConsoleApp
from services.console.domain.road import Road, advance

Roads = dict[str, Road]
Tell = Callable[[Road, Road], None]


async def follow(
    app: ConsoleApp, requests: Sequence[tuple[UUID, bytes]], roads: Roads, tell: Tell, longest_s: float
) -> bool:
    """Submit, and keep ``roads`` (by request id) up to date until each has an end: whether all came in time.

    ``tell`` hears of each change: the road before and after.
    """
    async with app.event_log() as log:
        await app.intake.submit(requests)
        still_open = {name for name, road in roads.items() if road.end is None}
        try:
            async with asyncio.timeout(longest_s):
                async for heard in log.follow(roads):
                    before = roads[heard.key]
                    roads[heard.key] = after = advance(before, heard)
                    tell(before, after)
                    if after.end is not None:
                        still_open.discard(heard.key)
                    if not still_open:
                        return True
        except TimeoutError:
            return False
    return not still_open
