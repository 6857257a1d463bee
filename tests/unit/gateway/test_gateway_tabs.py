"""What a key holds of its tokens is reckoned once, whoever hears of the end: its client, or nobody any more."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

import pytest

from schemas.outcome import RequestCompleted, RequestFailed
from schemas.reaction import Received
from services.gateway.adapters.live_streams import LiveStreams
from services.gateway.adapters.tabs import Tabs
from services.gateway.adapters.waiting import Waiting
from services.gateway.handlers import Handlers

ID, OTHER = UUID(int=7), UUID(int=8)
MakeCompleted = Callable[..., RequestCompleted]
HEARD = Received("request.completed", 0, 7, datetime(2026, 3, 1, tzinfo=UTC))


@dataclass
class Key:
    """One that has a limit, or none."""

    holds: bool = True
    told: list[UUID] = field(default_factory=list[UUID])
    is_told: asyncio.Event = field(default_factory=asyncio.Event)

    async def used(self, end: RequestCompleted | RequestFailed) -> None:
        self.told.append(end.request_id)
        self.is_told.set()


async def test_an_end_for_which_nobody_waits_is_reckoned_when_it_is_heard(make_completed: MakeCompleted) -> None:
    tabs, key = Tabs(), Key()
    tabs.open(ID, key)
    running = asyncio.create_task(tabs.run())
    handlers = Handlers(Waiting(10), LiveStreams(), tabs)
    for _ in range(2):
        handlers.on_request_completed(make_completed(ID), HEARD)
    async with asyncio.timeout(5):
        await key.is_told.wait()
    await tabs.settle(make_completed(ID))
    running.cancel()
    assert key.told == [ID]


async def test_an_end_for_which_a_client_waits_is_reckoned_by_that_one(make_completed: MakeCompleted) -> None:
    waiting, tabs, key = Waiting(10), Tabs(), Key()
    tabs.open(ID, key)
    with waiting.place(ID) as end:
        Handlers(waiting, LiveStreams(), tabs).on_request_completed(make_completed(ID), HEARD)
        assert end.done()
    await tabs.settle(make_completed(ID))
    assert key.told == [ID]


async def test_of_more_than_there_is_room_for_the_oldest_stays_as_it_was_held(make_completed: MakeCompleted) -> None:
    tabs, old, new = Tabs(most=1), Key(), Key()
    tabs.open(ID, old)
    tabs.open(OTHER, new)
    for request_id in (ID, OTHER):
        await tabs.settle(make_completed(request_id))
    assert (old.told, new.told) == ([], [OTHER])


@pytest.mark.parametrize("holds", [True, False])
async def test_a_key_that_holds_nothing_has_no_tab(make_completed: MakeCompleted, holds: bool) -> None:
    tabs, key = Tabs(), Key(holds=holds)
    tabs.open(ID, key)
    await tabs.settle(make_completed(ID))
    assert key.told == ([ID] if holds else [])
