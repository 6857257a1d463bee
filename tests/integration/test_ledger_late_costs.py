"""A call that was given up and came to its end after all: its cost is known wherever costs are told, once."""

from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest
from ledger_at_work import Api, api
from unit.ledger.late_story import settled
from unit.ledger.ledger_story import DAWN, PATHS, Heard, Log, Story

from schemas.vocabulary import CostKind, Reason

__all__ = ["api"]
SPAN = {"since": (DAWN - timedelta(hours=1)).isoformat(), "until": (DAWN + timedelta(hours=2)).isoformat()}
BOUND, TRUE = 900, 35


def given_up(story: Story) -> Log:
    """The first call was given up at its bound, the second model answered for 50."""
    log = Log()
    log.say(story.profiled())
    log.say(story.dispatched(1))
    log.say(story.failed(1, Reason.TIMEOUT, cost=BOUND, kind=CostKind.BOUNDED))
    log.say(story.dispatched(2, PATHS[1]))
    log.say(story.completed(2, PATHS[1]))
    log.say(story.accepted(2, PATHS[1]))
    log.say(story.ended_well(path=PATHS[1]))
    return log


async def costs(api: Api, story: Story) -> dict[str, Any]:
    """What each page says that it cost, in micro-dollars, and how much of it is only bounded."""
    told = await api.get(f"/requests/{story.request_id}")
    (row,) = (await api.get("/requests"))["requests"]
    overview = await api.get("/overview", **SPAN)
    of_tenant = await api.get("/tenants", **SPAN)
    summary = await api.get("/summary", since=DAWN.isoformat())
    return {
        "story": (told["totals"]["cost_micro_usd"], told["totals"]["cost_kind"]),
        "found": (row["cost_micro_usd"], row["cost_kind"]),
        "pages": [found for page in (overview, of_tenant, summary) for found in figures(page)],
    }


def figures(page: Any) -> list[tuple[str, Any]]:
    """Everything that a page tells of costs, wherever it stands."""
    if isinstance(page, list):
        return [found for each in page for found in figures(each)]
    if not isinstance(page, dict):
        return []
    mine = [(name, value) for name, value in page.items() if "cost" in name or name == "bounded"]
    return mine + [found for value in page.values() for found in figures(value)]


def amounts(told: dict[str, Any]) -> list[int]:
    """The amounts of money among what pages say of costs."""
    return [value for name, value in told["pages"] if "micro_usd" in name and value is not None]


async def test_a_late_answer_makes_the_cost_known_wherever_it_is_told(api: Api) -> None:
    story = Story()
    log = given_up(story)
    await api.hear(log.heard)
    before = await costs(api, story)
    assert before["story"] == before["found"] == (BOUND + 50, "bounded")
    await api.hear([log.say(settled(story, 1, cost=TRUE))])
    after = await costs(api, story)
    assert after["story"] == after["found"] == (TRUE + 50, "known")
    assert [name for name, _ in after["pages"]] == [name for name, _ in before["pages"]]
    fell = [earlier - later for earlier, later in zip(amounts(before), amounts(after), strict=True)]
    assert set(fell) == {0, BOUND - TRUE}, "each figure by what the bound was too high, or it has no part in it"


async def test_an_attempt_that_settled_stays_failed_and_says_how_late_it_was(api: Api) -> None:
    story = Story()
    log = given_up(story)
    log.say(settled(story, 1, cost=TRUE, late_ms=3_200))
    await api.hear(log.heard)
    told = (await api.get(f"/requests/{story.request_id}"))["attempts"][0]
    assert (told["outcome"], told["reason"], told["latency_ms"]) == ("failed", "timeout", 1_000)
    assert (told["settled_late_ms"], told["settled_reason"], told["answered_by"]) == (3_200, None, "small-2026")
    assert (told["cost_micro_usd"], told["cost_kind"]) == (TRUE, "known")
    assert told["settled_at"] > told["failed_at"]


async def test_a_late_refusal_costs_nothing(api: Api) -> None:
    story = Story()
    log = given_up(story)
    log.say(settled(story, 1, cost=0, reason=Reason.RATE_LIMITED))
    await api.hear(log.heard)
    told = (await api.get(f"/requests/{story.request_id}"))["attempts"][0]
    assert (told["cost_micro_usd"], told["cost_kind"]) == (0, "known")
    assert (told["settled_reason"], told["answered_by"]) == ("rate_limited", None)


@pytest.mark.parametrize("order", list(permutations(range(3))), ids=str)
async def test_in_any_order_and_heard_twice_it_is_counted_once(api: Api, order: tuple[int, ...]) -> None:
    story = Story()
    log = given_up(story)
    log.say(settled(story, 1, cost=TRUE))
    (last,) = log.heard[-1:]
    parts: list[list[Heard]] = [log.heard[:2], log.heard[2:-1], [last, last]]
    for index in order:
        await api.hear(parts[index])
    await api.hear([last])
    told = await costs(api, story)
    assert told["story"] == told["found"] == (TRUE + 50, "known")
    assert {value for value in amounts(told) if value > 50} == {TRUE + 50}
