"""The read API over a real PostgreSQL: stories, pages, the summary, and errors that say what to do."""

from base64 import urlsafe_b64encode
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from ledger_at_work import Api, api, escalated_once
from own_ports import free_port
from unit.ledger.ledger_story import ANSWER, DAWN, NOTE, PATHS, PROMPT, TRACE, Log, Story

from infra.store.config import StoreConfig
from infra.store.engine import engine_of
from infra.store.migrate import migrate
from schemas.ids import attempt_id_of
from schemas.vocabulary import Action, CostKind, Reason, Role
from services.ledger.adapters.ledger_reader import LedgerReader
from services.ledger.adapters.tables import LEDGER
from services.ledger.routes import build_api

__all__ = ["api"]
SINCE = DAWN.isoformat()


async def test_feedback_in_the_name_of_another_tenant_is_not_shown(api: Api) -> None:
    story, log = Story(), Log()
    own, others, unnamed = story.feedback(1, tenant="default"), story.feedback(2, tenant="shop"), story.feedback(3)
    for event in (others, story.profiled(), own, unnamed):
        log.say(event)
    await api.hear(log.heard)
    told = await api.get(f"/requests/{story.request_id}")
    assert [line["feedback_id"] for line in told["feedback"]] == [str(own.feedback_id), str(unnamed.feedback_id)]


async def test_the_story_of_a_request_is_whole_and_its_costs_add_up(api: Api) -> None:
    story = Story()
    await api.hear(escalated_once(story).heard)
    told = await api.get(f"/requests/{story.request_id}")
    request, attempts, totals = told["request"], told["attempts"], told["totals"]
    assert (request["state"], request["status"], request["trace_id"]) == ("completed", "verified", TRACE)
    assert (request["task"], request["lane"], request["model"]) == ("extraction", "simple", "large")
    assert request["features"]["has_schema"] is True
    assert [(a["number"], a["model"], a["outcome"], a["reason"]) for a in attempts] == [
        (1, "small", "rejected", "check_failed"),
        (2, "large", "accepted", None),
    ]
    assert attempts[0]["attempt_id"] == str(attempt_id_of(story.request_id, 1))
    assert [(c["name"], c["verdict"], c["pointer"]) for c in attempts[0]["checks"]] == [
        ("not_empty", "pass", None),
        ("schema", "fail", "/properties/total"),
    ]
    assert attempts[0]["exclusions"] == [{"model": "huge", "provider": "acme", "why": "not in this lane"}]
    assert totals["cost_micro_usd"] == sum(a["cost_micro_usd"] for a in attempts) == request["cost_micro_usd"] == 750
    assert (totals["cost_usd"], totals["cost_kind"], totals["cost_after_close_micro_usd"]) == ("0.00075", "known", 0)
    assert [(e["number"], e["action"], e["reason"]) for e in told["escalations"]] == [(2, "up", "check_failed")]
    assert [(f["source"], f["score"]) for f in told["feedback"]] == [("support-desk", 1.0)]


async def test_nothing_that_was_asked_or_answered_is_in_the_ledger(api: Api) -> None:
    story = Story()
    await api.hear(escalated_once(story).heard)
    dump = [
        str(dict(row))
        for table in LEDGER.tables.values()
        for row in await api.database.pool.fetch(f"SELECT * FROM {table.fullname}")  # noqa: S608 a name of ours
    ]
    assert dump
    for text in (PROMPT, ANSWER, NOTE):
        assert not [row for row in dump if text in row]


async def test_an_answer_after_the_deadline_is_added_to_the_cost(api: Api) -> None:
    story, log = Story(), Log()
    log.say(story.profiled())
    log.say(story.dispatched(1))
    log.say(story.failed(1, Reason.DEADLINE, cost=900, kind=CostKind.BOUNDED))
    log.say(story.ended_badly(Reason.DEADLINE, cost_usd="0.0009"))
    await api.hear(log.heard)
    before = (await api.get(f"/requests/{story.request_id}"))["totals"]
    assert (before["cost_micro_usd"], before["cost_kind"]) == (900, "bounded")
    await api.hear([log.say(story.completed(1, cost=55))])
    told = await api.get(f"/requests/{story.request_id}")
    assert (told["request"]["state"], told["request"]["reason"]) == ("failed", "deadline")
    assert told["attempts"][0]["outcome"] == "failed"
    assert [f["reason"] for f in told["attempts"][0]["failures"]] == ["deadline"]
    assert (told["totals"]["cost_micro_usd"], told["totals"]["cost_kind"]) == (55, "known")
    assert told["totals"]["cost_after_close_micro_usd"] == 55 - 900


@pytest.mark.parametrize("timer_first", [True, False])
async def test_a_call_that_its_timer_and_its_worker_tell_of_costs_its_bound_once(api: Api, timer_first: bool) -> None:
    story, log = Story(), Log()
    timer = story.failed(1, Reason.DEADLINE, kind=CostKind.BOUNDED)
    worker = story.failed(1, Reason.STARVED, cost=900, kind=CostKind.BOUNDED)
    for event in (story.profiled(), story.dispatched(1), *((timer, worker) if timer_first else (worker, timer))):
        log.say(event)
    await api.hear(log.heard)
    told = await api.get(f"/requests/{story.request_id}")
    assert {failure["reason"] for failure in told["attempts"][0]["failures"]} == {"deadline", "starved"}
    assert (told["totals"]["cost_micro_usd"], told["totals"]["cost_kind"]) == (900, "bounded")


async def test_what_failed_without_a_model_has_no_path_and_costs_nothing(api: Api) -> None:
    story, log = Story(), Log()
    nobody = PATHS[0].model_copy(update={"model": "", "provider": ""})
    log.say(story.profiled())
    log.say(story.failed(1, Reason.NO_ELIGIBLE_MODEL, nobody), source="router")
    log.say(story.ended_badly(Reason.NO_ELIGIBLE_MODEL, cost_usd="0"))
    await api.hear(log.heard)
    (attempt,) = (await api.get(f"/requests/{story.request_id}"))["attempts"]
    assert (attempt["model"], attempt["provider"], attempt["outcome"]) == (None, None, "failed")
    assert attempt["failures"][0]["said_by"] == "router"
    assert attempt["cost_micro_usd"] == 0


@pytest.mark.parametrize(
    ("ends", "state"),
    [
        ([], "open"),
        (["cancelled"], "cancelled"),
        (["deferred"], "deferred"),
        (["deferred", "ended_well"], "completed"),
        (["cancelled", "ended_badly"], "failed"),
        (["ended_badly"], "failed"),
    ],
)
async def test_the_state_follows_from_the_events(api: Api, ends: list[str], state: str) -> None:
    story, log = Story(), Log()
    log.say(story.profiled())
    for end in ends:
        log.say(getattr(story, end)())
    await api.hear(log.heard)
    assert (await api.get(f"/requests/{story.request_id}"))["request"]["state"] == state


async def test_a_request_is_told_before_its_profile_was_heard(api: Api) -> None:
    story, log = Story(), Log()
    await api.hear([log.say(story.ended_well()), log.say(story.dispatched())])
    told = await api.get(f"/requests/{story.request_id}")
    assert (told["request"]["state"], told["request"]["lane"]) == ("completed", None)
    assert [attempt["outcome"] for attempt in told["attempts"]] == ["dispatched"]


async def many(api: Api, count: int) -> list[Story]:
    """Requests of two lanes, admitted a second apart; every other one has ended well."""
    log, stories = Log(), []
    for nth in range(count):
        story = Story(f"request {nth}", "simple" if nth % 3 else "critical", DAWN + timedelta(seconds=nth))
        log.say(story.profiled())
        if nth % 2:
            log.say(story.ended_well())
        stories.append(story)
    await api.hear(log.heard)
    return stories


async def test_pages_are_newest_first_and_meet_without_gap_or_overlap(api: Api) -> None:
    stories = await many(api, 7)
    seen: list[str] = []
    params: dict[str, Any] = {"limit": 3}
    for _ in range(3):
        page = await api.get("/requests", **params)
        seen += [line["request_id"] for line in page["requests"]]
        params["cursor"] = page["next"]
    assert page["next"] is None
    assert seen == [str(story.request_id) for story in reversed(stories)]


async def test_pages_can_be_narrowed(api: Api) -> None:
    stories = await many(api, 7)

    async def found(**params: Any) -> list[str]:
        return [line["request_id"] for line in (await api.get("/requests", **params))["requests"]]

    assert await found(state="completed") == [str(stories[n].request_id) for n in (5, 3, 1)]
    assert await found(lane="critical", state="open") == [str(stories[n].request_id) for n in (6, 0)]
    assert await found(since=(DAWN + timedelta(seconds=5)).isoformat()) == [str(stories[n].request_id) for n in (6, 5)]
    assert await found(until=(DAWN + timedelta(seconds=2)).isoformat()) == [str(stories[n].request_id) for n in (1, 0)]


async def test_the_summary_says_what_a_success_costs_and_why_requests_escalate(api: Api) -> None:
    await api.hear(escalated_once(Story("up")).heard)
    log = Log()
    well, badly, still = Story("well"), Story("badly", "critical"), Story("still")
    for event in (
        *(well.profiled(), well.dispatched(), well.completed(cost=50, latency_ms=100), well.accepted()),
        *(well.ended_well(latency_ms=200), still.profiled(), still.dispatched()),
        *(badly.profiled(), badly.dispatched(), badly.failed(1, Reason.RATE_LIMITED)),
        *(badly.escalated(2, Action.SIDEWAYS, Reason.RATE_LIMITED), badly.ended_badly()),
    ):
        log.say(event)
    await api.hear(log.heard)
    told = await api.get("/summary", since=SINCE)
    total = told["total"]
    assert (total["requests"], total["completed"], total["verified"]) == (4, 2, 2)
    assert (total["failed"], total["open"], total["attempts"]) == (1, 1, 5)
    assert (total["cost_micro_usd"], total["cost_per_success_usd"]) == (800, "0.0004")
    assert total["escalated"] == {"check_failed": 1, "rate_limited": 1}
    assert total["failed_because"] == {"tiers_spent": 1}
    critical, simple = told["lanes"]
    assert (critical["lane"], critical["cost_per_success_usd"], critical["latency_ms"]["p50"]) == (
        "critical",
        None,
        None,
    )
    assert simple["latency_ms"] == {"p50": 200, "p95": 1_300}
    assert [(m["tier"], m["model"], m["attempts"], m["accepted"], m["pending"]) for m in simple["models"]] == [
        (0, "small", 3, 1, 1),
        (1, "large", 1, 1, 0),
    ]
    assert [m["share_of_attempts"] for m in simple["models"]] == [0.75, 0.25]
    assert simple["models"][1]["latency_ms"]["p95"] == 900
    later = await api.get("/summary", since=(DAWN + timedelta(days=1)).isoformat())
    assert (later["total"]["requests"], later["lanes"]) == (0, [])


async def test_a_second_opinion_is_an_attempt_of_its_own(api: Api) -> None:
    story, log = Story(), Log()
    large = PATHS[1]
    for event in (
        *(story.profiled(), story.dispatched(1), story.completed(1), story.doubted(1)),
        story.escalated(2, Action.AGREEMENT, Reason.DOUBTED),
        story.dispatched(2, large, role=Role.AGREEMENT),
        story.completed(2, large, role=Role.AGREEMENT),
        story.accepted(2, large, role=Role.AGREEMENT),
        story.ended_well(cost_usd="0.0001"),
    ):
        log.say(event)
    await api.hear(log.heard)
    told = await api.get(f"/requests/{story.request_id}")
    assert [(a["role"], a["outcome"], a["look"]) for a in told["attempts"]] == [
        ("primary", "doubted", "agreement"),
        ("agreement", "accepted", None),
    ]


async def test_errors_say_what_went_wrong_and_what_to_do(api: Api) -> None:
    for path, status, kind in (
        (f"/requests/{uuid4()}", 404, "not_found"),
        ("/requests/not-an-id", 422, "invalid_request"),
        ("/requests?limit=0", 422, "invalid_request"),
        ("/requests?state=lost", 422, "invalid_request"),
        ("/requests?cursor=nonsense", 422, "invalid_request"),
        ("/summary?since=2026-03-01T00:00:00", 422, "invalid_request"),
        ("/nowhere", 404, "not_found"),
    ):
        error = (await api.get(path, status))["error"]
        assert set(error) == {"message", "type", "remedy"}, path
        assert error["type"] == kind, path
        assert all(error.values()), path


@pytest.mark.parametrize("name", ["lane", "task", "tenant", "model", "reason"])
async def test_a_text_that_no_row_can_hold_finds_nothing(api: Api, name: str) -> None:
    """A NUL stands in none: U+FFFD does in its place."""
    story, log = Story(), Log()
    log.say(story.profiled())
    await api.hear(log.heard)
    assert (await api.get("/requests", **{name: "a\x00b"}))["requests"] == []
    assert (await api.get("/overview", since=SINCE, until=SINCE, tenant="\x00"))["lanes"] == []


@pytest.mark.parametrize("path", ["/requests", "/summary", "/scores", "/judges", "/plans"])
async def test_a_moment_that_no_calendar_holds_in_utc_is_refused_by_name(api: Api, path: str) -> None:
    error = (await api.get(path, 422, since="0001-01-01T00:00:00+14:00"))["error"]
    assert error["message"].startswith("since: ")
    cursor = urlsafe_b64encode(f"0001-01-01T00:00:00+14:00|{uuid4()}".encode()).decode()
    assert (await api.get("/requests", 422, cursor=cursor))["error"]["message"].startswith("cursor: ")


async def test_a_database_that_is_away_is_unavailable_and_not_a_fault() -> None:
    engine = engine_of(f"postgresql://nobody@127.0.0.1:{free_port()}/nothing")
    transport = httpx.ASGITransport(build_api(LedgerReader(engine), lambda: True))
    async with httpx.AsyncClient(transport=transport, base_url="http://ledger") as client:
        for path in ("/ready", "/requests", "/summary", f"/requests/{uuid4()}"):
            answer = await client.get(path)
            assert (answer.status_code, answer.json()["error"]["type"]) == (503, "unavailable")
        assert (await client.get("/live")).status_code == 200
    await engine.dispose()


async def test_ready_needs_the_reader_of_events(store_config: StoreConfig) -> None:
    await migrate(store_config.dsn, "ledger")
    engine = engine_of(store_config.dsn)
    reading = False
    transport = httpx.ASGITransport(build_api(LedgerReader(engine), lambda: reading))
    async with httpx.AsyncClient(transport=transport, base_url="http://ledger") as client:
        assert (await client.get("/ready")).status_code == 503
        reading = True
        assert (await client.get("/ready")).json() == {"status": "ready"}
    await engine.dispose()


async def test_the_openapi_document_tells_every_shape(api: Api) -> None:
    told = await api.get("/openapi.json")
    for path, shape in (
        ("/requests/{request_id}", "RequestStory"),
        ("/requests", "RequestPage"),
        ("/summary", "Summary"),
        ("/scores", "Learned"),
        ("/plans", "Planned"),
    ):
        responses = told["paths"][path]["get"]["responses"]
        assert responses["200"]["content"]["application/json"]["schema"]["$ref"].endswith(f"/{shape}")
        assert responses["422"]["content"]["application/json"]["schema"]["$ref"].endswith("/ErrorAnswer")
    assert "cost_usd" in told["components"]["schemas"]["Totals"]["properties"]
