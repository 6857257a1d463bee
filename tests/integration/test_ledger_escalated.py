"""What counts as escalated: repaired, moved, shown to a person; neither a look at an answer nor a wait for its path."""

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from uuid import uuid4

import asyncpg
import pytest
from ledger_at_work import Api, api
from ledger_database import release_before
from unit.ledger.ledger_story import DAWN, PATHS, Log, Story

from infra.store.config import StoreConfig
from infra.store.migrate import migrate
from schemas.fact import Event
from schemas.vocabulary import Action, Reason, Role

__all__ = ["api"]
SPAN = {"since": DAWN.isoformat(), "until": (DAWN + timedelta(hours=1)).isoformat()}
LOOKS = ((Action.AGREEMENT, Reason.DOUBTED), (Action.JUDGE, Reason.UNJUDGED), (Action.AGAIN, Reason.RATE_LIMITED))


async def tell(api: Api, *stories: Sequence[Event]) -> None:
    log = Log()
    for event in (event for events in stories for event in events):
        log.say(event)
    await api.hear(log.heard)


def with_turn(turn: Action, reason: Reason) -> list[Event]:
    """Answered after one turn of this kind."""
    story = Story(f"with {turn}")
    asked = story.asked(2, reason) if turn is Action.HUMAN else story.escalated(2, turn, reason)
    return [story.profiled(), story.dispatched(1), story.completed(1), asked, story.ended_well()]


async def counted(api: Api) -> tuple[int, dict[str, int], dict[str, int], dict[str, int]]:
    """By tenant how many and why, and why by the overview and by the summary."""
    (of_tenant,) = (await api.get("/tenants", **SPAN))["lanes"]
    overview, summary = await api.get("/overview", **SPAN), await api.get("/summary", since=SPAN["since"])
    return of_tenant["moved"], of_tenant["because"], overview["total"]["escalated"], summary["total"]["escalated"]


async def test_looks_at_an_answer_and_waits_are_no_escalations(api: Api) -> None:
    await tell(api, *(with_turn(turn, reason) for turn, reason in LOOKS))
    assert await counted(api) == (0, {}, {}, {})
    assert (await api.get("/requests", reason="unjudged"))["requests"] == []
    told = await api.get(f"/requests/{Story('with judge').request_id}")
    assert [turn["action"] for turn in told["escalations"]] == ["judge"], "its story tells it all the same"


@pytest.mark.parametrize("turn", [Action.REPAIR, Action.SIDEWAYS, Action.UP, Action.HUMAN])
async def test_what_was_mended_moved_or_shown_to_a_person_escalated(api: Api, turn: Action) -> None:
    await tell(api, with_turn(turn, Reason.UNDECIDED), with_turn(Action.JUDGE, Reason.UNJUDGED))
    because = {"undecided": 1}
    assert await counted(api) == (1, because, because, because)
    (found,) = (await api.get("/requests", reason="undecided"))["requests"]
    assert found["request_id"] == str(Story(f"with {turn}").request_id)


async def test_a_story_tells_that_a_person_was_asked_and_why(api: Api) -> None:
    story = Story("asked")
    await tell(api, [story.profiled(), story.dispatched(1), story.completed(1), story.rejected(1), story.asked(2)])
    (turn,) = (await api.get(f"/requests/{story.request_id}"))["escalations"]
    assert (turn["number"], turn["action"], turn["reason"]) == (2, "human", "check_failed")
    assert (turn["detail"], turn["tier"]) == ("no path is left", 0)


async def test_a_request_that_was_looked_at_and_then_moved_counts_once(api: Api) -> None:
    story, judge = Story("both"), {"path": PATHS[1], "role": Role.JUDGE}
    looked = [story.escalated(2, Action.JUDGE, Reason.UNJUDGED), story.dispatched(2, **judge)]
    moved = [story.escalated(3, Action.UP, Reason.UNDECIDED), story.dispatched(3, PATHS[1]), story.ended_well()]
    await tell(api, [story.profiled(), story.dispatched(1), *looked, *moved])
    assert await counted(api) == (1, {"undecided": 1}, {"undecided": 1}, {"undecided": 1})


@pytest.fixture
async def before(store_config: StoreConfig) -> AsyncIterator[asyncpg.Connection]:
    async with release_before(store_config.dsn, "escalated") as connection:
        yield connection


async def test_requests_of_the_release_before_are_counted_anew_where_they_were_looked_at(
    before: asyncpg.Connection, store_config: StoreConfig
) -> None:
    looked_at, moved = uuid4(), uuid4()
    turn = "INSERT INTO ledger.escalations (request_id, number, action, reason) VALUES ($1, 2, $2, $3)"
    await before.execute(turn, looked_at, "judge", "unjudged")
    await before.execute(turn, moved, "up", "cut_off")
    await migrate(store_config.dsn, "ledger")
    assert [row["request_id"] for row in await before.fetch("SELECT request_id FROM ledger.touched")] == [looked_at]
