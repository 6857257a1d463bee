"""A terminal of 60 or 80 columns, or of any other width, shows all that a wide one does."""

from collections import Counter
from io import StringIO

import pytest
from events import REQUEST_ID, STORY, heard
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console, RenderableType

from services.console.adapters.terminal.ledgers import scores_view, summary_view
from services.console.adapters.terminal.letters import letters_table
from services.console.adapters.terminal.reviews import reviews_table
from services.console.adapters.terminal.roads import closing_table, live_table
from services.console.adapters.terminal.tables import add, plain_table
from services.console.adapters.terminal.waterfalls import waterfall_view
from services.console.domain.road import fold
from services.console.domain.waterfall import Span, waterfall

ROAD = fold(str(REQUEST_ID), map(heard, STORY))
LATENCY = {"p50": 1210, "p95": 20340}
COUNTED = ("requests", "completed", "verified", "failed", "open", "attempts", "accepted", "rejected", "doubted")
PART = {**dict.fromkeys(COUNTED, 12345), "cost_usd": "1.234567", "latency_ms": LATENCY, "compliance_risk": 12.34}
MODEL = {**PART, "tier": 0, "model": "small-instruct", "provider": "on-premises", "cost_per_accepted_usd": "0.000101"}
LANE = {**PART, "lane": "underwriting-critical", "models": [MODEL], "cost_per_success_usd": "0.000102"}
SUMMARY = {"since": "today", "total": LANE, "lanes": [LANE]}
LEARNED = {"task": "classification", "model": "small-instruct", "provider": "on-premises", "success": 0.875}
RECENT = {"fresh_successes": 3.0, "fresh_failures": 20.5, "fresh_false_accepts": 1.5, "fresh_set_aside": 7.5}
SCORE = {**LEARNED, **RECENT, "successes": 700, "failures": 100, "interval": [0.04, 0.3], "mean_micro_usd": 42}
WRONG = {"judged": 40, "false_accepts": 2, "share": 0.05, "interval": [0.01, 0.17]}
LOST = {"rejected": 12, "false_rejects": 3, "reject_share": 0.25, "reject_interval": [0.09, 0.53]}
CHECK = {"task": "faq", "check": "format", **WRONG, **LOST}
SCORES = {"since": "2026-03-01", "scores": [{**SCORE, "mean_latency_ms": 640}], "checks": [CHECK]}
LETTER = {"letter": "validator:0:17", "at": "2026-03-01T10:00:00.123Z", "topic": "attempt.completed", "partition": 11}
OPEN = {**LETTER, "offset": 1234567, "reason": "undecodable", "detail": "not JSON at all", "state": "open"}
REVIEW = {"request_id": str(REQUEST_ID), "state": "waiting", "asked": "reviewers", "lane": "underwriting-critical"}
ASKED = {
    **REVIEW,
    "reason": "check_failed",
    "due_at": "2026-03-01T10:00:00.123Z",
    "left_s": 7_260,
    "deferred": True,
    "claimed_by": "bo",
    "reviewer": "ann",
}
VIEWS = {
    "summary": summary_view(SUMMARY),
    "scores": scores_view(SCORES),
    "closing": closing_table([ROAD]),
    "live": live_table([ROAD]),
    "letters": letters_table([{**OPEN, "outcome": "sent again"}], outcome=True),
    "reviews": reviews_table([ASKED]),
}
WIDE = 400
SPANS = [
    Span("a", None, "gateway", "POST /v1/chat/completions", 0, 900),
    Span("b", "a", "profiler", "request.submitted process", 0, 300),
    Span("c", "b", "model_worker", "attempt.dispatched.local process", 200, 700),
]


def drawn(what: RenderableType, width: int) -> str:
    out = StringIO()
    Console(file=out, width=width, color_system=None).print(what)
    return out.getvalue()


def marks(told: str) -> Counter[str]:
    """What is told, however it is laid out."""
    return Counter(told.replace("─", "").replace(" ", "").replace("\n", ""))


@pytest.mark.parametrize("width", [40, 60, 80, 100])
@pytest.mark.parametrize("view", VIEWS)
def test_no_width_loses_anything(view: str, width: int) -> None:
    told = drawn(VIEWS[view], width)

    assert not marks(drawn(VIEWS[view], WIDE)) - marks(told)
    assert max(map(len, told.splitlines())) <= width


@pytest.mark.parametrize("width", [60, 80])
def test_the_summary_names_every_figure(width: int) -> None:
    told = drawn(VIEWS["summary"], width)

    for word in ("lane underwriting-critical", "model small-instruct", "requests 12345", "p95 ms 20340", "cost $1.234"):
        assert word in told


@given(
    heads=st.lists(st.text("abcdefgh ", min_size=1, max_size=9), min_size=2, max_size=9, unique=True),
    text=st.text("xyz. …", max_size=40),
    width=st.integers(min_value=24, max_value=120),
    data=st.data(),
)
def test_any_table_fits_any_terminal(heads: list[str], text: str, width: int, data: st.DataObject) -> None:
    table = plain_table(*heads, numbers=data.draw(st.sets(st.sampled_from(heads))))
    add(table, *(text[number:] for number, _ in enumerate(heads)))
    told = drawn(table, width)

    assert not marks("".join(text[number:] for number, _ in enumerate(heads))) - marks(told)
    assert max(map(len, told.splitlines()), default=0) <= width


@pytest.mark.parametrize(("width", "bars", "starts"), [(60, False, True), (80, True, False), (120, True, True)])
def test_a_waterfall_lets_go_of_what_its_terminal_has_no_room_for(width: int, bars: bool, starts: bool) -> None:
    told = drawn(waterfall_view("t1", waterfall(SPANS)), width)

    assert ("█" in told, "start ms" in told) == (bars, starts)
    assert all(span.service in told for span in SPANS)
    assert "took ms" in told
    assert max(map(len, told.splitlines())) <= width
