"""What is drawn for people holds what they need, unfolded of colour when it is piped."""

from io import StringIO
from uuid import uuid4

import pytest
from events import REQUEST_ID, STORY, TRACE_ID, completed, failed, heard, profiled
from rich.console import Console, RenderableType

from services.console.adapters.terminal.ledgers import scores_view, story_view, summary_view
from services.console.adapters.terminal.roads import closing_table, live_table, road_json, road_view
from services.console.adapters.terminal.waterfalls import waterfall_json, waterfall_view
from services.console.domain.road import Road, fold
from services.console.domain.story import Node
from services.console.domain.waterfall import Span, waterfall

ROAD = fold(str(REQUEST_ID), map(heard, STORY))


def drawn(what: RenderableType, width: int = 160) -> str:
    out = StringIO()
    Console(file=out, width=width).print(what)
    return out.getvalue()


def test_the_closing_table_tells_every_attempt_and_the_trace() -> None:
    told = drawn(closing_table([ROAD]))

    for word in (
        "invoice",
        "extraction",
        "1 small at local",
        "(repair)",
        "(agreement)",
        "verified",
        TRACE_ID,
    ):
        assert word in told
    assert "\x1b" not in told


def test_what_may_have_cost_less_is_drawn_as_a_bound() -> None:
    road = fold(str(REQUEST_ID), map(heard, [profiled(), failed().model_copy(update={"bounded_usd": "0.00002"})]))

    assert "≤ $0.00003" in drawn(closing_table([road]))
    assert (road_json(road)["cost_usd"], road_json(road)["cost_kind"]) == ("0.00003", "bounded")
    assert "≤" not in drawn(closing_table([ROAD]))


@pytest.mark.parametrize("width", [60, 80, 200])
def test_no_width_cuts_a_trace_id_or_a_reason(width: int) -> None:
    told = "".join(drawn(closing_table([ROAD]), width).split())

    assert "…" not in told
    assert "$0.0001" in told


def test_the_live_table_tells_where_each_request_is() -> None:
    started = fold(str(REQUEST_ID), map(heard, STORY[:6]))
    told = drawn(live_table([started, ROAD]))

    assert "small✗ → small…" in told
    assert "small✗ → small✗ → large? → small✓" in told
    assert "open" in told


def test_a_road_that_ended_in_the_cache_is_told() -> None:
    road = fold(str(REQUEST_ID), map(heard, [profiled(), completed(recalled_from=uuid4())]))
    end = road.end

    assert end is not None
    assert "from the cache" in drawn(live_table([road]))
    assert "from the cache" in drawn(closing_table([road]))
    assert road_json(road)["recalled_from"] == end.recalled_from


def test_a_name_from_a_client_is_no_markup() -> None:
    road = Road("r", metadata={"name": "[red]x[/red]"}, task="[bold]")

    assert "[red]x[/red]" in drawn(live_table([road]))
    assert "[bold]" in drawn(closing_table([road]))


def test_a_road_shows_its_answer_or_why_there_is_none() -> None:
    assert "42" in drawn(road_view(ROAD))
    assert "lanes.simple.tiers would help" in drawn(road_view(fold("r", map(heard, [profiled(), failed()]))))


def test_a_road_as_json_has_money_as_text() -> None:
    told = road_json(ROAD)

    assert (told["status"], told["cost_usd"], told["trace_id"]) == ("verified", "0.0001", TRACE_ID)
    assert [attempt["verdict"] for attempt in told["attempts"]] == ["rejected", "failed", "doubted", "accepted"]


def test_a_waterfall_has_a_bar_for_each_span() -> None:
    spans = [Span("a", None, "router", "decide", 0, 1000), Span("b", "gone", "ledger", "write", 900, 1, failed=True)]
    told = drawn(waterfall_view("t1", waterfall(spans))).splitlines()

    assert told[0].startswith("trace t1: 2 spans of 2 services, 1 ms")
    assert sum("█" in line for line in told) == 2
    assert any("(its parent is missing) ✗" in line for line in told)
    assert [span["orphan"] for span in waterfall_json("t1", waterfall(spans))["spans"]] == [False, True]


def test_a_story_is_a_tree_with_times() -> None:
    told = drawn(story_view(Node("request r", children=(Node("task faq", 5, children=(Node("lane simple"),)),))))

    assert "+5 ms  task faq" in told
    assert "lane simple" in told


def test_the_summary_shows_lanes_models_and_reasons() -> None:
    latency = {"p50": 10, "p95": 20}
    part = dict.fromkeys(("requests", "completed", "verified", "failed", "open", "attempts"), 1)
    part |= {"recalled": 1, "at_risk": {"unverified": 3}, "compliance_risk": 12.5}
    part |= {"cost_usd": "0.01", "cost_per_success_usd": None, "latency_ms": latency, "escalated": {"empty": 2}}
    counts = dict.fromkeys(("attempts", "accepted", "rejected", "doubted", "failed"), 1)
    model = {"tier": 0, "model": "small", "provider": "local", **counts, "cost_usd": "0.01"}
    model |= {"cost_per_accepted_usd": "0.01", "latency_ms": latency, "cost_kind": "bounded"}
    told = drawn(
        summary_view({"since": "today", "total": part, "lanes": [{"lane": "simple", **part, "models": [model]}]})
    )

    assert "escalated: empty 2" in told
    assert "from the cache: 1 of 1 completed" in told
    assert "given at a risk: unverified 3" in told
    assert "12.5 %" in told
    assert "small" in told
    assert "$0.01" in told
    assert told.count("≤ $0.01") == 2, "the costs of its model alone"


def test_what_was_learned_is_told_by_model_and_by_check() -> None:
    small = {"task": "faq", "model": "small", "provider": "local", "success": 0.125, "successes": 3, "failures": 21}
    small |= {"fresh_successes": 3.0, "fresh_failures": 20.5, "interval": [0.04, 0.3]}
    score = {**small, "fresh_false_accepts": 1.5, "fresh_set_aside": 7.5, "mean_micro_usd": 42, "mean_latency_ms": 640}
    check = {
        "task": "faq",
        "check": "format",
        "judged": 40,
        "false_accepts": 2,
        "share": 0.05,
        "interval": [0.01, 0.17],
        "rejected": 0,
        "false_rejects": 0,
        "reject_share": None,
        "reject_interval": None,
    }

    told = drawn(scores_view({"since": "2026-03-01", "scores": [score], "checks": [check]}))

    shown = ("small", "12.5%", "7.5", "$0.000042", "640", "4.0% .. 30.0%", "23.5", "format", "5.0%", "1.0% .. 17.0%")
    for word in shown:
        assert word in told


def test_agreement_is_told_by_threshold_for_each_pair_of_models() -> None:
    at = {"threshold": 0.65, "accepted": 31, "rejected": 9, "right": 12, "wrong": 3, "lost": 2}
    pair = {"task": "sums", "model": "small", "provider": "local", "by": "middle", "answers": 40, "spoken_of": 17}
    curve = {**pair, "thresholds": [{**at, "wrong_interval": [0.07, 0.45]}]}

    told = drawn(scores_view({"since": "2026-03-01", "scores": [], "checks": [], "curves": [curve]}))

    for word in ("small with middle in sums", "40 answers, 17 of them", "0.65", "31", "7.0% .. 45.0%", "15"):
        assert word in told


def test_what_plans_expected_is_told_beside_what_came_of_them() -> None:
    counts = {"requests": 200, "right": 160, "spoken_of": 12, "called_right": 7}
    came = {"share": 0.8, "interval": [0.739, 0.85], "is_as_expected": False}
    plan = {"lane": "invoices", "expected": 0.953, **counts, **came}
    as_expected = {**plan, "lane": "mails", "expected": 0.81, "is_as_expected": True}

    told = drawn(scores_view({"since": "2026-03-01", "scores": [], "checks": [], "foreseen": [plan, as_expected]}))

    (invoices,) = [line for line in told.splitlines() if "invoices" in line]
    for word in ("95.3%", "200", "160", "80.0%", "73.9% .. 85.0%", "12", "7", "fewer than expected"):
        assert word in invoices
    assert told.count("than expected") == 1


def test_where_nobody_judged_an_answer_no_empty_table_is_shown() -> None:
    told = drawn(scores_view({"since": "2026-03-01", "scores": [], "checks": []}))
    assert "Nobody judged an answer (POST /v1/feedback)" in told
    assert "but wrong" not in told
