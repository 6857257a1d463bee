"""An answer in doubt with which a request ended is counted in the tier that it came of."""

from datetime import timedelta
from uuid import uuid4

import pytest
from ledger_at_work import Api, api
from ledger_database import release_before
from unit.ledger.ledger_story import DAWN, PATHS, Log, Story

from infra.store.config import StoreConfig
from infra.store.migrate import migrate
from schemas.attempt import Candidate
from schemas.vocabulary import Action, Reason, Role, Status

__all__ = ["api"]
SPAN = {"since": DAWN.isoformat(), "until": (DAWN + timedelta(hours=1)).isoformat()}
FOUND = """
INSERT INTO ledger.found (request_id, admitted_at, lane, task, tenant, state, status, tier, models, tiers, escalated,
    latency_ms, cost_micro_usd, bounded, tokens, attempts)
VALUES ($1, $2, 'simple', 'faq', 'shop', 'completed', $3, $4, '{}', '{}', '{}', 400, 1, false, 7, 2)
"""


async def ends_with(api: Api, answered: Candidate, status: Status = Status.UNVERIFIED) -> None:
    """Both models answered in doubt, and the judge of the second gave nothing: the end is the answer of this one."""
    story, (small, large), log = Story(f"{answered.model} {status}"), PATHS, Log()
    first = story.profiled(), story.dispatched(1, small), story.completed(1, small), story.doubted(1, small)
    second = story.dispatched(2, large), story.completed(2, large), story.doubted(2, large)
    looks = story.escalated(3, Action.JUDGE, Reason.UNJUDGED), story.dispatched(3, small, role=Role.JUDGE)
    end = story.failed(3), story.ended_well(path=answered, status=status)
    for event in (*first, story.escalated(2, Action.UP, Reason.UNDECIDED), *second, *looks, *end):
        log.say(event)
    await api.hear(log.heard)


async def tiers(api: Api) -> tuple[dict[str, int], dict[str, int]]:
    """By the overview, and by the tenant's lane."""
    (of_tenant,) = (await api.get("/tenants", **SPAN))["lanes"]
    return (await api.get("/overview", **SPAN))["total"]["tiers"], of_tenant["tiers"]


@pytest.mark.parametrize(("answered", "tier"), [(PATHS[0], "0"), (PATHS[1], "1")])
async def test_the_answer_at_hand_came_of_its_models_tier(api: Api, answered: Candidate, tier: str) -> None:
    await ends_with(api, answered)
    assert await tiers(api) == ({tier: 1}, {tier: 1})


async def test_a_persons_answer_came_of_none(api: Api) -> None:
    await ends_with(api, Candidate(model="person", provider="person"), Status.HUMAN)
    assert await tiers(api) == ({}, {})


async def test_what_the_release_before_counted_in_no_tier_is_counted_anew(store_config: StoreConfig) -> None:
    async with release_before(store_config.dsn, "escalated") as before:
        lost = uuid4()
        await before.execute(FOUND, lost, DAWN, "unverified", None)
        await before.execute(FOUND, uuid4(), DAWN, "unverified", 1)
        await before.execute(FOUND, uuid4(), DAWN, "human", None)
        await migrate(store_config.dsn, "ledger")
        assert [row["request_id"] for row in await before.fetch("SELECT request_id FROM ledger.touched")] == [lost]
