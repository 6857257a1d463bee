"""Every request ends: providers that never answer, workers that are gone, and answers that come too late."""

import json
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest

from pipeline.document import COSTS, SILENT
from pipeline.requests import reasons, steps
from pipeline.scripts import Held, never, says
from pipeline.spans import Span
from pipeline.stack import Pipeline
from pipeline.waiting import until
from schemas.attempt import AttemptCompleted, AttemptDispatched, AttemptFailed, Cost, Usage
from schemas.content import Json, body_of
from schemas.envelope import Envelope
from schemas.ids import event_id_text
from schemas.outcome import RequestFailed
from schemas.vocabulary import CostKind, Reason

LATE_BY = timedelta(seconds=1)
"""How much later than its deadline a request ends at most, while everything runs."""


def dispatched_to_silent(pipeline: Pipeline, request_id: UUID) -> AttemptDispatched:
    """The attempt that went where nobody answers."""
    what = f"the dispatch of {request_id}"
    [record] = pipeline.log.until(lambda: pipeline.log.of(request_id, f"attempt.dispatched.{SILENT}"), what)
    assert isinstance(record.event, AttemptDispatched)
    return record.event


def answer_late(pipeline: Pipeline, event: AttemptDispatched) -> None:
    """What the silent provider's worker says once it runs again: the model had answered after all."""
    answer = {"message": {"role": "assistant", "content": "Seven, at last."}, "finish_reason": "stop"}
    late = AttemptCompleted(
        request=event.request,
        attempt=event.attempt,
        tried=event.tried,
        body=event.body,
        answer=body_of(json.dumps(answer).encode()),
        usage=Usage(input_tokens=10, output_tokens=5),
        cost=Cost(micro_usd=77),
        latency_ms=4_000,
        answered_by="silent-model",
    )
    envelope = Envelope(
        id=event_id_text("attempt.completed", str(event.subject), late.counter),
        type="attempt.completed",
        source="model_worker",
        subject=str(event.subject),
        time=event.attempt.deadline_at,
    )
    pipeline.client.send("attempt.completed", late.to_json(), str(event.subject).encode(), envelope.headers())


def test_a_provider_that_never_answers_is_left_at_the_deadline_of_the_attempt(pipeline: Pipeline) -> None:
    script = pipeline.scripts.expect({"acme-small": [never], "backup-small": [says("Seven.")]})
    request_id = pipeline.submit(script.request(lane="impatient"))
    end = pipeline.completed(request_id)
    assert (end.model, end.provider, end.attempts) == ("small", "backup", 2)
    assert end.completed_at < end.deadline_at
    story = pipeline.ledger.story(request_id)
    assert steps(story) == [("sideways", "timeout")]
    assert reasons(story) == [("small", "acme", "timeout"), ("small", "backup", None)]
    assert story["attempts"][0]["cost_kind"] == "bounded", "nobody knows what the provider bills"


def test_an_attempt_whose_worker_is_gone_is_made_elsewhere(silent: Pipeline) -> None:
    script = silent.scripts.expect({"backup-strong": [says("Seven.")]})
    request_id = silent.submit(script.request(lane="left"))
    end = silent.completed(request_id)
    assert (end.model, end.attempts) == ("strong", 2)
    story = silent.ledger.story(request_id)
    assert steps(story) == [("up", "deadline")]
    assert reasons(story)[0] == ("quiet", SILENT, "deadline")
    assert story["attempts"][0]["failures"][0]["said_by"] == "escalation"


@pytest.mark.alone
def test_a_request_ends_at_its_deadline_though_nobody_answers(silent: Pipeline) -> None:
    """Ten requests, of which nine in time: one pause of a busy machine does not count as the design's."""
    request_ids = [
        silent.submit(silent.scripts.expect().request(lane="lost", deadline_s=0.8 + number / 50))
        for number in range(10)
    ]
    ends = [silent.failed(request_id) for request_id in request_ids]
    assert {end.reason for end in ends} == {"deadline"}
    assert any(f"quiet@{SILENT}" in end.detail for end in ends), "it says what was waited for"
    late = sorted(end.failed_at - end.deadline_at for end in ends)
    assert timedelta() <= late[0]
    assert late[8] <= LATE_BY


def test_a_slow_success_after_the_deadline_is_booked_as_it_was_billed_and_answers_nobody(pipeline: Pipeline) -> None:
    held = Held(says("Seven, at last."))
    script = pipeline.scripts.expect({"acme-middle": [held]})
    request_id = pipeline.submit(script.request(lane="brief"))
    end = pipeline.failed(request_id)
    [cut] = pipeline.log.until(lambda: cut_calls(pipeline, request_id), "the call is given up")
    assert (cut.cost.kind, cut.cost.micro_usd > COSTS["acme-middle"]) == (CostKind.BOUNDED, True)
    held.release()
    story = pipeline.ledger.story(request_id, lambda story: story["attempts"][0]["settled_at"])
    totals, [attempt] = story["totals"], story["attempts"]
    assert (totals["cost_micro_usd"], totals["cost_kind"]) == (COSTS["acme-middle"], "known")
    assert totals["cost_after_close_micro_usd"] == COSTS["acme-middle"] - totals["cost_at_close_micro_usd"]
    assert (attempt["outcome"], attempt["checks"]) == ("failed", [])
    assert attempt["settled_late_ms"] > 0
    pipeline.pass_through_the_same_partitions(request_id)
    assert [record.event for record in pipeline.ends(request_id)] == [end]
    assert len(pipeline.log.of(request_id, "attempt.settled")) == 1
    assert pipeline.log.of(request_id, "attempt.completed") == []
    assert script.models() == ["acme-middle"]
    assert_late_in_its_trace(pipeline, end.trace_id)


def cut_calls(pipeline: Pipeline, request_id: UUID) -> list[AttemptFailed]:
    """The worker's word on it: the timer of the attempt may have told of it, too."""
    events = (record.event for record in pipeline.log.of(request_id, "attempt.failed"))
    return [event for event in events if isinstance(event, AttemptFailed) and event.reason == Reason.TIMEOUT]


def assert_late_in_its_trace(pipeline: Pipeline, trace_id: str | None) -> None:
    """The late answer is a span of the call that was given up."""
    assert trace_id is not None

    def late() -> list[tuple[Span, Span]]:
        spans = pipeline.collector.spans(trace_id)
        named = [span for span in spans if span.name == "late answer"]
        return [(span, parent) for span in named for parent in spans if parent.span_id == span.parent_id]

    [(span, parent)] = until(late, "the late answer and the call are in the trace")
    assert (span.service, parent.name) == (parent.service, "chat acme-middle")


def test_an_answer_after_the_end_is_recorded_and_answers_nobody(
    silent: Pipeline, expire: Callable[[UUID], None]
) -> None:
    request_id = silent.submit(silent.scripts.expect().request(lane="lost"))
    event = dispatched_to_silent(silent, request_id)
    expire(request_id)
    end = silent.failed(request_id)
    assert (end.reason, end.cost_usd) == ("deadline", "0")
    answer_late(silent, event)

    def is_recorded(story: Json) -> bool:
        return story["attempts"][0]["outcome"] == "accepted"

    story = silent.ledger.story(request_id, is_recorded)
    assert (story["request"]["state"], story["request"]["reason"]) == ("failed", "deadline")
    assert story["totals"]["cost_at_close_micro_usd"] == 0
    assert story["totals"]["cost_after_close_micro_usd"] == story["totals"]["cost_micro_usd"] == 77
    silent.pass_through_the_same_partitions(request_id)
    [only] = silent.ends(request_id)
    assert isinstance(only.event, RequestFailed)


def test_a_late_answer_of_an_earlier_attempt_still_counts_while_the_request_is_open(silent: Pipeline) -> None:
    script = silent.scripts.expect({"backup-strong": [never]})
    request_id = silent.submit(script.request(lane="left"))
    event = dispatched_to_silent(silent, request_id)
    silent.log.until(lambda: silent.log.of(request_id, "attempt.dispatched.backup"), "the attempt after the deadline")
    answer_late(silent, event)
    end = silent.completed(request_id)
    assert (end.model, end.attempts) == ("quiet", 1)
    assert end.answer is not None
    assert end.answer["message"]["content"] == "Seven, at last."
