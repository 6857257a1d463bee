"""A provider that is at its limit: its only request waits as long as it was told, or is told that it cannot."""

from collections import Counter

from pipeline.requests import reasons, steps
from pipeline.scripts import fails, says
from pipeline.spans import Span
from pipeline.stack import Pipeline
from pipeline.traces import CALL, assert_connected, name_of
from pipeline.waiting import until
from schemas.portfolio import MOST_DISPATCHES

MANY = 20
ENDED = ("gateway", "process request.completed")


def whole(spans: list[Span]) -> list[Span]:
    """The spans, once two calls and the end are among them, and whatever they hang from."""
    found, ids = Counter(map(name_of, spans)), {span.span_id for span in spans}
    rootless = [span for span in spans if span.parent_id and span.parent_id not in ids]
    return spans if found[CALL] == 2 and found[ENDED] and not rootless else []


def test_the_only_path_is_asked_again_when_it_said_and_the_request_is_answered(pipeline: Pipeline) -> None:
    script = pipeline.scripts.expect({"acme-busy": [fails(429, **{"Retry-After": "1"}), says("Seven.")]})
    request_id = pipeline.submit(script.request(lane="busy"))
    end = pipeline.completed(request_id)
    assert (end.model, end.provider) == ("busy", "acme")
    assert end.latency_ms >= 1_000
    assert script.models() == ["acme-busy", "acme-busy"]
    story = pipeline.ledger.story(request_id)
    assert steps(story)[0] == ("again", "rate_limited")
    assert (reasons(story)[0], reasons(story)[-1]) == (("busy", "acme", "rate_limited"), ("busy", "acme", None))
    assert end.trace_id is not None
    trace_id = end.trace_id
    assert_connected(until(lambda: whole(pipeline.collector.spans(trace_id)), "one trace with both calls"))


def test_a_wait_past_the_deadline_is_not_begun(pipeline: Pipeline) -> None:
    script = pipeline.scripts.expect({"backup-full": [fails(429, **{"Retry-After": "3600"})]})
    request_id = pipeline.submit(script.request(lane="full"))
    end = pipeline.failed(request_id)
    assert (end.reason, end.attempts, end.cost_usd) == ("rate_limited", 1, "0")
    assert "asks for 3600 s" in end.detail
    assert end.failed_at < end.deadline_at
    later = pipeline.failed(pipeline.submit(script.request(lane="full")))
    assert later.reason == "breaker_open", "nobody is called while it is left alone"
    assert script.models() == ["backup-full"]


def test_many_that_are_turned_away_together_are_all_answered_and_come_back_spread(pipeline: Pipeline) -> None:
    """The breaker opens, and lets few pass when it is over: the others are told when to come again, for nothing."""
    limited = [fails(429, **{"Retry-After": "1"})] * 4
    script = pipeline.scripts.expect({"acme-crowded": [*limited, *[says("Seven.")] * MANY]})
    request_ids = [pipeline.submit(script.request(lane="crowded")) for _ in range(MANY)]
    ends = [pipeline.completed(request_id) for request_id in request_ids]
    assert len(script.models()) == MANY + len(limited), "who was turned away by a breaker called nobody"
    assert max(end.attempts for end in ends) < MOST_DISPATCHES
    seconds = Counter(int(end.completed_at.timestamp()) for end in ends)
    assert max(seconds.values()) < MANY, "they do not all come back in one second"
