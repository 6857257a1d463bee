"""What a request's trace must look like: which spans there are, and whose child each is."""

from collections import Counter
from collections.abc import Mapping, Sequence

from pipeline.spans import Collector, Span
from pipeline.waiting import until

Name = tuple[str, str]
"""A span in short: its service, and its name without the model that is called."""

PROCESS = "process "
CALL: Name = ("model_worker", "chat")
ATTEMPT_TIMER: Name = ("escalation", "deadline attempt")
REQUEST_TIMER: Name = ("escalation", "deadline request")
REVIEW_END: Name = ("escalation", "end review")
DEFERRAL: Name = ("escalation", "defer review")
PROFILED: Name = ("profiler", "process request.submitted")
ROUTED: frozenset[Name] = frozenset({("router", "process request.profiled"), ("router", "process request.escalated")})
VERDICTS = ("attempt.accepted", "attempt.rejected", "attempt.doubted")
SETBACKS = frozenset(
    ("escalation", f"process {topic}") for topic in ("attempt.rejected", "attempt.failed", "attempt.doubted")
)

PUBLISHED_IN: Mapping[str, frozenset[Name]] = {
    "request.submitted": frozenset({("gateway", "POST /v1/chat/completions")}),
    "request.profiled": frozenset({PROFILED}),
    "attempt.dispatched": ROUTED,
    "attempt.completed": frozenset({CALL}),
    "attempt.failed": frozenset({CALL, ATTEMPT_TIMER}) | ROUTED,
    **dict.fromkeys(VERDICTS, frozenset({("validator", "process attempt.completed")})),
    "request.escalated": SETBACKS,
    "request.completed": frozenset({("escalation", "process attempt.accepted"), REVIEW_END}),
    "request.failed": SETBACKS | {REQUEST_TIMER, REVIEW_END},
    "request.deferred": frozenset({DEFERRAL}),
    "review.requested": SETBACKS,
    "review.answered": SETBACKS,
}
"""By topic, the spans in which its events are published."""

RESUMED_IN: Mapping[Name, frozenset[Name]] = {
    CALL: frozenset({("model_worker", "process attempt.dispatched")}),
    ATTEMPT_TIMER: frozenset({("escalation", "process attempt.dispatched")}),
    REQUEST_TIMER: frozenset({("escalation", "process attempt.dispatched")}),
    REVIEW_END: SETBACKS,
    DEFERRAL: SETBACKS,
}
"""Work that resumes from stored context, and where it was stored."""


def name_of(span: Span) -> Name:
    return span.service, "chat" if span.name.startswith("chat ") else span.name


def hears(service: str, **topics: int) -> Counter[Name]:
    """So many spans of a service, by the topics that it hears (with underscores for dots)."""
    return Counter({(service, f"{PROCESS}{topic.replace('_', '.')}"): count for topic, count in topics.items()})


def whole_trace(collector: Collector, trace_id: str, wanted: Counter[Name]) -> list[Span]:
    """The spans of a trace, once they are the ones wanted: no fewer, and none more."""
    found: list[Span] = []

    def has_come() -> bool:
        found[:] = collector.spans(trace_id)
        return Counter(map(name_of, found)) == wanted

    try:
        until(has_come, f"trace {trace_id}")
    except AssertionError:
        came = Counter(map(name_of, found))
        raise AssertionError(f"trace {trace_id}: missing {wanted - came}, too many {came - wanted}") from None
    return found


def assert_connected(spans: Sequence[Span], client_span: str | None = None) -> None:
    """No orphan; one root, which is the client's child where it has a span; each receive the child of its publish."""
    by_id = {span.span_id: span for span in spans}
    assert len(by_id) == len(spans)
    [root] = [span for span in spans if span.parent_id not in by_id]
    assert root.parent_id == (client_span or "")
    for span in spans:
        if span is not root:
            assert name_of(by_id[span.parent_id]) in _parents_of(span), span


def _parents_of(span: Span) -> frozenset[Name]:
    if span.name.startswith(PROCESS):
        return PUBLISHED_IN[span.name.removeprefix(PROCESS)]
    return RESUMED_IN[name_of(span)]
