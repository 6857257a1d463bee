"""What is kept ready: searches by words, and hourly sums."""

from datetime import timedelta

from ledger_at_work import Api, api, escalated_once
from unit.ledger.ledger_story import DAWN, PATHS, Heard, Log, Story
from unit.ledger.usual_stories import moved_up

from schemas.outcome import RequestCompleted
from schemas.vocabulary import Reason, Status, Verdict

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
    assert (simple["tiers"], critical["tiers"]) == ({"1": 1}, {})
    assert abs(simple["latency_ms"]["p95"] - 1_300) <= 1_300 * 0.025
    assert critical["latency_ms"] == {"p50": None, "p95": None}
    (first,) = (await api.get("/tenants", since=SINCE, until=(DAWN + timedelta(hours=1)).isoformat()))["lanes"]
    assert first == simple


async def test_latencies_of_a_tenant_are_of_all_its_lanes_together(api: Api) -> None:
    for nth, ms in enumerate((100, 200, 400, 800)):
        story = Story(f"request {nth}", lane="simple" if nth % 2 else "critical")
        log = moved_up(story)
        await api.hear([each for each in log.heard if not isinstance(each.event, RequestCompleted)])
        await api.hear([log.say(story.ended_well(latency_ms=ms, path=PATHS[1]))])
    told = await api.get("/tenants", since=SINCE, until=(DAWN + timedelta(hours=1)).isoformat())
    (all_lanes,) = told["tenants"]
    latencies = [each["latency_ms"] for each in (all_lanes, *told["lanes"])]
    expected = ((200, 800), (100, 400), (200, 800))
    for latency, (p50, p95) in zip(latencies, expected, strict=True):
        assert abs(latency["p50"] - p50) <= p50 * 0.025
        assert abs(latency["p95"] - p95) <= p95 * 0.025
    assert [lane["tiers"] for lane in told["lanes"]] == [{"1": 2}, {"1": 2}]


async def test_the_overview_of_a_tenant_tells_what_that_of_all_does_where_it_is_the_only_one(api: Api) -> None:
    until = (DAWN + timedelta(hours=30)).isoformat()
    await api.hear([*escalated_once(Story("one")).heard, *_ends_of_all_kinds()])
    told = await api.get("/overview", since=SINCE, until=until)
    assert (told["total"]["requests"], len(told["days"]), len(told["lanes"])) == (6, 2, 2)
    assert await api.get("/overview", since=SINCE, until=until, tenant="default") == told
    nobody = await api.get("/overview", since=SINCE, until=until, tenant="nobody")
    assert (nobody["lanes"], nobody["days"], nobody["total"]["requests"]) == ([], [], 0)


async def test_answers_that_nothing_vouches_for_are_a_compliance_risk(api: Api) -> None:
    await api.hear(_ends_of_all_kinds())
    until = (DAWN + timedelta(hours=30)).isoformat()
    for path, asked in (("/overview", {"until": until}), ("/summary", {})):
        told = await api.get(path, since=SINCE, **asked)
        critical, simple = told["lanes"]
        assert (critical["at_risk"], critical["compliance_risk"]) == ({}, None), path
        assert simple["at_risk"] == {"unverified": 1, "policy_undecided": 1}, path
        assert (simple["completed"], simple["compliance_risk"]) == (3, 66.67), path
        assert told["total"]["at_risk"] == simple["at_risk"], path


def _ends_of_all_kinds() -> list[Heard]:
    """Verified, unverified, one whose policy could not tell (and one that is both), open, and failed a day later."""
    log = Log()
    for name, policy, status in (
        ("sound", Verdict.PASS, Status.VERIFIED),
        ("unsure", Verdict.CANNOT_TELL, Status.VERIFIED),
        ("unverified", Verdict.CANNOT_TELL, Status.UNVERIFIED),
    ):
        story = Story(name)
        for event in (
            story.profiled(),
            story.dispatched(),
            story.completed(),
            story.accepted(policy=policy),
            story.ended_well(status=status),
        ):
            log.say(event)
    log.say(Story("open").profiled())
    late = Story("late", lane="critical", admitted_at=DAWN + timedelta(hours=20))
    for event in (late.profiled(), late.dispatched(), late.failed(1, Reason.TIMEOUT), late.ended_badly()):
        log.say(event)
    return log.heard


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
