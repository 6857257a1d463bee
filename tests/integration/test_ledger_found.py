"""What is kept ready: searches by words, and hourly sums."""

from datetime import timedelta

from ledger_at_work import Api, api, escalated_once
from unit.ledger.ledger_story import DAWN, Log, Story

from schemas.vocabulary import Reason

__all__ = ["api"]
SINCE = DAWN.isoformat()


async def test_requests_are_found_by_what_was_tried_and_why(api: Api) -> None:
    story, plain = Story("escalated"), Story("plain", admitted_at=DAWN + timedelta(seconds=1))
    log = escalated_once(story)
    for event in (plain.profiled(), plain.dispatched(), plain.failed(1, Reason.TIMEOUT), plain.ended_badly()):
        log.say(event)
    await api.hear(log.heard)
    both, escalated, failed = [plain, story], [story], [plain]
    for words, expected in (
        ({"model": "small"}, both),
        ({"model": "large"}, escalated),
        ({"tier": 0}, both),
        ({"tier": 1}, escalated),
        ({"reason": "check_failed"}, escalated),
        ({"reason": "tiers_spent"}, failed),
        ({"reason": "check_failed", "model": "huge"}, []),
        ({"task": "extraction"}, both),
        ({"tenant": "nobody"}, []),
    ):
        page = await api.get("/requests", **words)
        assert [line["request_id"] for line in page["requests"]] == [str(each.request_id) for each in expected], words


async def test_the_hours_of_tenants_are_added_up_lane_by_lane(api: Api) -> None:
    late = Story("late", lane="critical", admitted_at=DAWN + timedelta(hours=2))
    log = Log()
    for event in (late.profiled(), late.dispatched(), late.failed(1, Reason.TIMEOUT), late.ended_badly()):
        log.say(event)
    await api.hear([*escalated_once(Story("early")).heard, *log.heard])
    until = (DAWN + timedelta(hours=3)).isoformat()
    critical, simple = (await api.get("/tenants", since=SINCE, until=until))["lanes"]
    counts = ("lane", "tenant", "requests", "completed", "failed", "moved", "cost_per_success_usd")
    assert [simple[name] for name in counts] == ["simple", "default", 1, 1, 0, 1, "0.00075"]
    assert [critical[name] for name in counts] == ["critical", "default", 1, 0, 1, 0, None]
    assert (simple["because"], critical["because"]) == ({"check_failed": 1}, {})
    (first,) = (await api.get("/tenants", since=SINCE, until=(DAWN + timedelta(hours=1)).isoformat()))["lanes"]
    assert first == simple


async def test_the_overview_adds_up_hours_by_lane_and_day(api: Api) -> None:
    story = Story("escalated")
    log = escalated_once(story)
    late = Story("late", admitted_at=DAWN + timedelta(hours=2))
    log.say(late.profiled())
    await api.hear(log.heard)
    told = await api.get("/overview", since=SINCE, until=(DAWN + timedelta(hours=1)).isoformat())
    (lane,) = told["lanes"]
    assert (lane["lane"], lane["requests"], lane["completed"], lane["verified"]) == ("simple", 1, 1, 1)
    assert (lane["cost_micro_usd"], lane["cost_per_success_usd"], lane["success"]) == (750, "0.00075", 1.0)
    assert (lane["tiers"], lane["escalated"], lane["failed_because"]) == ({"1": 1}, {"check_failed": 1}, {})
    assert abs(lane["latency_ms"]["p50"] - 1_300) <= 1_300 * 0.025
    assert told["total"] == {name: value for name, value in lane.items() if name != "lane"}
    assert [(day["requests"], day["cost_micro_usd"]) for day in told["days"]] == [(1, 750)]
    both = await api.get("/overview", since=SINCE, until=(DAWN + timedelta(hours=3)).isoformat())
    assert (both["total"]["requests"], both["total"]["open"]) == (2, 1)
    await api.hear([log.say(late.ended_badly())])
    both = await api.get("/overview", since=SINCE, until=(DAWN + timedelta(hours=3)).isoformat())
    assert (both["total"]["open"], both["total"]["failed"], both["total"]["success"]) == (0, 1, 0.5)
