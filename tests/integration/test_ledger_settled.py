"""When the ledger works out what it keeps ready: an end at once, what is under way a little later, and once."""

import pytest
from ledger_at_work import Api, api
from unit.ledger.ledger_story import Log, Story

from schemas.fact import Event
from services.ledger.adapters.digest import Digest

__all__ = ["api"]
AT_ONCE, LONG_S = 1_000, 3_600.0


async def write(api: Api, *events: Event) -> None:
    log = Log()
    for event in events:
        log.say(event)
    await api.write(log.heard)


async def worked_out(api: Api, settle_s: float) -> int:
    return await api.database.patiently(lambda connection: Digest().some(connection, AT_ONCE, settle_s))


async def states(api: Api) -> list[str]:
    return [row["state"] for row in await api.database.pool.fetch("SELECT state FROM ledger.found")]


async def left(api: Api) -> int:
    return await api.database.pool.fetchval("SELECT count(*) FROM ledger.touched")


async def test_a_request_under_way_waits_until_it_settles(api: Api) -> None:
    story = Story("under-way")
    await write(api, story.profiled(), story.dispatched(1))

    assert await worked_out(api, LONG_S) == 0
    assert await states(api) == []
    assert await worked_out(api, 0.0) > 0
    assert await states(api) == ["open"]


async def test_an_end_is_worked_out_at_once_with_all_that_waited(api: Api) -> None:
    story = Story("ended")
    await write(api, story.profiled(), story.dispatched(1))
    await write(api, story.completed(1), story.accepted(1), story.ended_well())

    assert await worked_out(api, LONG_S) == 1
    assert await states(api) == ["completed"]
    assert await left(api) == 0


async def test_what_comes_after_the_end_is_worked_out_when_it_settles(api: Api) -> None:
    story = Story("late")
    await write(api, story.profiled(), story.ended_well())
    await worked_out(api, LONG_S)
    await write(api, story.dispatched(1))

    assert await left(api) == 1
    assert await worked_out(api, LONG_S) == 0
    assert await worked_out(api, 0.0) == 1


async def test_what_people_say_of_an_end_is_worked_out_at_once(api: Api) -> None:
    story = Story("judged")
    await write(api, story.profiled(), story.ended_well())
    await worked_out(api, LONG_S)
    await write(api, story.feedback())

    assert await worked_out(api, LONG_S) == 1


@pytest.mark.parametrize("at_once", [1, 2])
async def test_a_backlog_is_taken_piece_by_piece(api: Api, at_once: int) -> None:
    for name in ("one", "two", "three"):
        story = Story(name)
        await write(api, story.profiled(), story.ended_well())

    while await api.database.patiently(lambda connection: Digest().some(connection, at_once, LONG_S)):
        pass
    assert await states(api) == ["completed"] * 3
