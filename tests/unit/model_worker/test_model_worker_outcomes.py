"""What of a response becomes an answer, what a failure, and what each costs."""

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any
from uuid import uuid4

import pytest
from dispatches import AT, HELLO, PER_TOKEN, dispatched, json_body, portfolio
from hypothesis import example, given
from hypothesis import strategies as st

from schemas.attempt import AtHand, AttemptCompleted, AttemptFailed, Usage
from schemas.content import Answer
from schemas.portfolio import OnUnknown
from schemas.recall import CheckSummary
from schemas.vocabulary import CostKind, Reason, Verdict
from services.model_worker.domain.calls import Answered, Billed, Call, CallFailed
from services.model_worker.domain.claims import Claim, cut_of, reason_not_to_call
from services.model_worker.domain.completion import outcome_of
from services.model_worker.domain.outcomes import ended, fitting, most_cost, never_called
from services.model_worker.domain.preparation import Prepared, prepare
from services.model_worker.domain.refusals import failure_of, retry_after_ms

CALL = Call(
    attempt_id=uuid4(),
    model="small",
    payload={"model": "acme-small-2026", "messages": list(HELLO)},
    fingerprint="0" * 16,
    nth=0,
    context_tokens=4096,
    prompt_characters=32,
    most_input_tokens=100,
)
SECRET = "the patient's name is Mary"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


def completion(message: Any, finish: Any = "stop", **more: Any) -> bytes:
    usage = {"prompt_tokens": 20, "completion_tokens": 5}
    return json.dumps({"choices": [{"message": message, "finish_reason": finish}], "usage": usage, **more}).encode()


def answered(raw: bytes) -> Answered:
    outcome = outcome_of(raw, CALL)
    assert isinstance(outcome, Answered)
    return outcome


def answer_in(raw: bytes) -> Answer:
    answer = answered(raw).answer
    assert isinstance(answer, Answer)
    return answer


def failure(raw: bytes) -> CallFailed:
    outcome = outcome_of(raw, CALL)
    assert isinstance(outcome, CallFailed)
    return outcome


def test_an_answer_is_read_whole() -> None:
    outcome = answered(completion({"role": "assistant", "content": "Yes."}, model="acme-small-2026-05"))
    assert outcome.answer == Answer(message={"role": "assistant", "content": "Yes."}, finish_reason="stop")
    assert outcome.usage == Usage(input_tokens=20, output_tokens=5)
    assert outcome.answered_by == "acme-small-2026-05"


def test_null_content_is_an_answer_and_its_worth_is_for_the_validator_to_say() -> None:
    calls = [{"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}]
    answer = answer_in(completion({"content": None, "tool_calls": calls}, finish=None))
    assert answer.message == {"role": "assistant", "content": None, "tool_calls": calls}
    assert answer.finish_reason == "tool_calls"
    assert answer_in(completion({"content": None, "tool_calls": []})).message == {"role": "assistant", "content": None}
    assert answer_in(completion({"content": None, "refusal": "No."})).message["refusal"] == "No."


def test_parts_of_text_become_text() -> None:
    parts = [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}, {"type": "other"}]
    assert answer_in(completion({"content": parts})).content() == "ab"


@pytest.mark.parametrize(
    ("told", "read"),
    [("end_turn", "stop"), ("max_tokens", "length"), ("banana", "banana"), (None, "unknown"), (7, "unknown")],
)
def test_finish_reasons_of_other_apis_are_translated_and_unknown_ones_kept(told: Any, read: str) -> None:
    assert answer_in(completion({"content": "x"}, finish=told)).finish_reason == read


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"<html><body>Welcome</body></html>",
        completion({"content": "cut"})[:-20],
        b"\xff\xfe",
        b"[" * 100_000,
        b"null",
        b"[]",
        b'{"error": "busy"}',
        b'{"choices": []}',
        b'{"choices": {}}',
        b'{"choices": [null]}',
        b'{"choices": [{"text": "old api"}]}',
    ],
)
def test_what_is_no_completion_is_a_bad_answer_that_may_have_been_billed(raw: bytes) -> None:
    found = failure(raw)
    assert (found.reason, found.billed) == (Reason.BAD_ANSWER, Billed.UNKNOWN)


@pytest.mark.parametrize(
    "choices",
    [
        [],
        [{"text": "old api"}],
        [{"message": "text"}],
        [{"message": {"content": 5}}],
        [{"message": {"content": "x", "tool_calls": "f()"}}],
        [{"message": {"content": "x", "tool_calls": ["f()"]}}],
    ],
)
def test_a_completion_without_an_answer_costs_what_it_says(choices: list[Any]) -> None:
    usage = {"prompt_tokens": 20, "completion_tokens": 0}
    found = failure(json.dumps({"choices": choices, "usage": usage}).encode())
    assert (found.reason, found.billed, found.usage) == (Reason.BAD_ANSWER, Billed.USAGE, Usage(input_tokens=20))
    absurd = failure(json.dumps({"choices": choices, "usage": {"prompt_tokens": 0, "completion_tokens": 0}}).encode())
    assert absurd.billed is Billed.UNKNOWN


def test_half_an_emoji_does_not_lose_the_answer() -> None:
    raw = b'{"choices": [{"message": {"content": "Yes \\ud83d"}, "finish_reason": "length"}], "model": "m\\udc00"}'
    assert answer_in(raw).content() == "Yes \N{REPLACEMENT CHARACTER}"
    event = ended(dispatched(), CALL, None, answered(raw), 1)
    assert AttemptCompleted.read(event.to_json()) == event


def test_a_filtered_answer_is_a_failure_whose_cost_is_known() -> None:
    found = failure(completion({"content": ""}, finish="content_filter"))
    assert (found.reason, found.billed, found.usage.input_tokens) == (Reason.CONTENT_FILTERED, Billed.USAGE, 20)


@given(message=JSON, finish=JSON, usage=JSON, model=JSON)
def test_any_json_gives_an_event_that_can_be_sent_and_read(message: Any, finish: Any, usage: Any, model: Any) -> None:
    choice = {"message": {"content": "x", "extra": message}, "finish_reason": finish}
    for choices in ([choice], [{"message": message}], message):
        raw = json.dumps({"choices": choices, "usage": usage, "model": model}).encode()
        event = ended(dispatched(), CALL, None, outcome_of(raw, CALL), 1)
        again = type(event).read(event.to_json())
        assert again.request == event.request
        if isinstance(again, AttemptCompleted):
            assert Answer.read(again.answer.text()).message["role"] == "assistant"


def error(code: str | None = None, message: str = "", **more: Any) -> bytes:
    return json.dumps({"error": {"code": code, "message": message, **more}}).encode()


@pytest.mark.parametrize(
    ("status", "raw", "reason", "billed"),
    [
        (301, b"", Reason.PROVIDER_ERROR, Billed.NOTHING),
        (400, error("context_length_exceeded"), Reason.CONTEXT_TOO_LONG, Billed.NOTHING),
        (
            400,
            error(None, "This model's maximum context length is 8192 tokens."),
            Reason.CONTEXT_TOO_LONG,
            Billed.NOTHING,
        ),
        (400, error(None, "x", type="exceed_context_size_error"), Reason.CONTEXT_TOO_LONG, Billed.NOTHING),
        (400, error("content_filter"), Reason.CONTENT_FILTERED, Billed.NOTHING),
        (
            400,
            error(None, "", innererror={"code": "ResponsibleAIPolicyViolation"}),
            Reason.CONTENT_FILTERED,
            Billed.NOTHING,
        ),
        (400, error("invalid_value", "temperature"), Reason.INVALID_REQUEST, Billed.NOTHING),
        (400, b"<html>", Reason.INVALID_REQUEST, Billed.NOTHING),
        (401, error("invalid_api_key"), Reason.UNAUTHORIZED, Billed.NOTHING),
        (402, b"", Reason.UNAUTHORIZED, Billed.NOTHING),
        (403, b"", Reason.UNAUTHORIZED, Billed.NOTHING),
        (403, error("moderation"), Reason.CONTENT_FILTERED, Billed.NOTHING),
        (404, b"", Reason.UNKNOWN_MODEL, Billed.NOTHING),
        (408, b"", Reason.TIMEOUT, Billed.UNKNOWN),
        (413, b"", Reason.CONTEXT_TOO_LONG, Billed.NOTHING),
        (418, b"", Reason.INVALID_REQUEST, Billed.NOTHING),
        (429, error("context_length_exceeded"), Reason.RATE_LIMITED, Billed.NOTHING),
        (500, b"", Reason.PROVIDER_ERROR, Billed.UNKNOWN),
        (502, b"[1]", Reason.PROVIDER_ERROR, Billed.UNKNOWN),
        (503, b'{"error": "busy"}', Reason.PROVIDER_ERROR, Billed.NOTHING),
        (504, b"", Reason.PROVIDER_ERROR, Billed.UNKNOWN),
        (529, b"null", Reason.PROVIDER_ERROR, Billed.NOTHING),
    ],
)
def test_errors_by_status_and_code(status: int, raw: bytes, reason: Reason, billed: Billed) -> None:
    found = failure_of(status, None, raw, AT)
    assert (found.reason, found.billed) == (reason, billed)
    assert f"HTTP {status}" in found.detail


def test_an_error_never_repeats_what_the_provider_says_in_free_words() -> None:
    found = failure_of(400, None, error(SECRET, f"cannot parse: {SECRET}", type="invalid_request_error"), AT)
    assert SECRET not in found.detail
    assert "invalid_request_error" in found.detail


@pytest.mark.parametrize(
    ("header", "wait_ms"),
    [
        (None, None),
        ("", None),
        ("soon", None),
        ("-3", None),
        ("2", 2000),
        ("0.25", 250),
        ("999999999", 86_400_000),
        (format_datetime(AT + timedelta(seconds=90), usegmt=True), 90_000),
        (format_datetime(AT - timedelta(seconds=90), usegmt=True), 0),
        ("Mon, 99 Foo 2026 99:99:99 GMT", None),
    ],
)
def test_retry_after_in_seconds_or_as_a_date(header: str | None, wait_ms: int | None) -> None:
    assert retry_after_ms(header, AT) == wait_ms
    assert failure_of(429, header, b"", AT).retry_after_ms == wait_ms


@given(st.text(max_size=40))
@example("Mon, 02 Mar 2026 09:00:00 +99999999999999999999")
def test_no_retry_after_header_breaks_anything(header: str) -> None:
    wait = retry_after_ms(header, AT)
    assert wait is None or 0 <= wait <= 86_400_000


def claim(remaining_s: float = 10.0, *, taken_over: bool = False) -> Claim:
    return Claim(uuid4(), 1, b"", None, remaining_s, taken_over, taken_at=0.0)


@pytest.mark.parametrize(
    ("remaining_s", "taken_over", "on_unknown", "reason"),
    [
        (10.0, False, OnUnknown.FAIL, None),
        (10.0, True, OnUnknown.REPEAT, None),
        (10.0, True, OnUnknown.ESCALATE, Reason.OUTCOME_UNKNOWN),
        (10.0, True, OnUnknown.FAIL, Reason.OUTCOME_UNKNOWN),
        (0.0, False, OnUnknown.REPEAT, Reason.UNCALLED),
        (-1.0, True, OnUnknown.REPEAT, Reason.OUTCOME_UNKNOWN),
    ],
)
def test_no_call_after_the_deadline_nor_again_against_the_lanes_will(
    remaining_s: float, taken_over: bool, on_unknown: OnUnknown, reason: Reason | None
) -> None:
    found = reason_not_to_call(claim(remaining_s, taken_over=taken_over), on_unknown)
    assert (found.reason if found else None) == reason
    if found and reason is Reason.OUTCOME_UNKNOWN:
        assert found.billed is Billed.UNKNOWN


def test_a_call_that_is_cut_at_its_providers_limit_says_so() -> None:
    too_late = cut_of(claim(90.0), 60.0, 60.0, None, 0.0)
    assert (too_late.reason, too_late.billed) == (Reason.TIMEOUT, Billed.UNKNOWN)
    assert "timeout_s" in too_late.detail


def prepared(**question: Any) -> Prepared:
    found = prepare(dispatched(**question), portfolio(price=PER_TOKEN), lambda _: None)
    assert isinstance(found, Prepared)
    return found


@pytest.mark.parametrize(
    ("failed", "micro_usd", "kind"),
    [
        (CallFailed(Reason.RATE_LIMITED, "later"), 0, CostKind.KNOWN),
        (
            CallFailed(Reason.CONTENT_FILTERED, "no", Billed.USAGE, Usage(input_tokens=4, output_tokens=1)),
            20,
            CostKind.KNOWN,
        ),
        (CallFailed(Reason.TIMEOUT, "late", Billed.UNKNOWN), None, CostKind.BOUNDED),
    ],
    ids=["nothing", "usage", "unknown"],
)
def test_what_a_failure_costs(failed: CallFailed, micro_usd: int | None, kind: CostKind) -> None:
    event = dispatched(params={"max_tokens": 10})
    ready = prepared(params={"max_tokens": 10})
    if micro_usd is None:
        micro_usd = -(-event.body.bytes * 5 // 2) + 100
    said = ended(event, ready.call, ready.rate, failed, 12)
    assert isinstance(said, AttemptFailed)
    assert (said.cost.micro_usd, said.cost.kind, said.latency_ms) == (micro_usd, kind, 12)


@pytest.mark.parametrize("lost_calls", [1, 2])
def test_an_answer_to_a_repeated_call_costs_what_the_lost_calls_may_have_cost_too(lost_calls: int) -> None:
    ready = prepared(params={"max_tokens": 10})
    outcome = answered(completion({"content": "Yes."}))
    once = ended(dispatched(), ready.call, ready.rate, outcome, 1)
    more = ended(dispatched(), ready.call, ready.rate, outcome, 1, lost_calls)

    most = most_cost(ready.call, ready.rate).micro_usd
    assert once.cost.kind == CostKind.KNOWN
    assert (more.cost.micro_usd, more.cost.kind) == (once.cost.micro_usd + lost_calls * most, CostKind.BOUNDED)
    assert (more.cost.price_list, more.usage) == (once.cost.price_list, once.usage)


def test_a_completed_attempt_carries_on_all_that_the_validator_needs() -> None:
    event = dispatched(doubted=json_body({"message": {"role": "assistant"}, "finish_reason": "stop"}))
    said = ended(event, CALL, None, answered(completion({"content": "Ja, größer."})), 250)
    assert isinstance(said, AttemptCompleted)
    assert (said.request, said.attempt, said.body, said.doubted) == (
        event.request,
        event.attempt,
        event.body,
        event.doubted,
    )
    assert Answer.read(said.answer.text()).content() == "Ja, größer."
    assert said.latency_ms == 250


@pytest.mark.parametrize("outcome", [answered(completion({"content": "Yes."})), CallFailed(Reason.TIMEOUT, "late")])
def test_whatever_came_of_the_call_an_earlier_answer_stays_at_hand(outcome: Answered | CallFailed) -> None:
    check = CheckSummary(name="judge", verdict=Verdict.DOUBT)
    event = dispatched(at_hand=AtHand(number=1, answer=json_body({"message": {}}), check=check))
    assert ended(event, CALL, None, outcome, 250).at_hand == event.at_hand is not None


def test_an_answer_that_no_message_can_carry_is_a_failure_with_its_cost() -> None:
    event = dispatched()
    said = ended(event, CALL, prepared().rate, answered(completion({"content": "x" * 5_000})), 250)
    assert fitting(said, 100_000) == (said, said.to_json())
    smaller, data = fitting(said, 4_000)
    assert isinstance(smaller, AttemptFailed)
    assert (smaller.reason, smaller.cost, smaller.usage) == (Reason.BAD_ANSWER, said.cost, said.usage)
    assert data == smaller.to_json()
    assert len(data) < 4_000


def test_a_late_dispatch_is_answered_for_nothing_and_hides_no_bill_of_one_in_time() -> None:
    event = dispatched(deadline_at=datetime.now(UTC))
    said = never_called(event)
    assert (said.reason, said.cost.micro_usd, said.cost.kind) == (Reason.UNCALLED, 0, CostKind.BOUNDED)
