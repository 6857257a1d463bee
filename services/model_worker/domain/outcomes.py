"""From what came of a call to the event that says so."""

from pydantic_core import to_json

from schemas.attempt import AttemptCompleted, AttemptDispatched, AttemptFailed, Cost
from schemas.content import Answer, Vectors, body_of
from schemas.fact import Event
from schemas.vocabulary import CostKind, Reason
from services.model_worker.domain.calls import Answered, Billed, Call, CallFailed, Outcome
from services.model_worker.domain.pricing import Rate, cost_of, most_usage

AttemptEnded = AttemptCompleted | AttemptFailed
TOO_LARGE = "MessageSizeTooLargeError"
"""Kafka's own name for a record that a topic will never take."""
MOST_INLINE_BYTES = 1_048_576
"""Of an event with vectors, as of a request: three events carry them, and whoever hears those reads them."""


def ended(
    event: AttemptDispatched, call: Call, rate: Rate | None, outcome: Outcome, latency_ms: int, lost_calls: int = 0
) -> AttemptEnded:
    """What is said of a call that was made. ``lost_calls``: how many workers may have made it before, and were lost."""
    if isinstance(outcome, Answered):
        cost = with_lost_calls(cost_of(outcome.usage, rate), lost_calls, call, rate)
        return completed(event, outcome, cost, latency_ms)
    cost = with_lost_calls(cost_of_failure(outcome, call, rate), lost_calls, call, rate)
    return failed(event, outcome, cost, latency_ms)


def with_lost_calls(cost: Cost, lost_calls: int, call: Call, rate: Rate | None) -> Cost:
    """This cost, and the most that the calls of lost workers can have cost: the provider may have billed them, too."""
    if not lost_calls:
        return cost
    most = most_cost(call, rate).micro_usd * lost_calls
    return Cost(micro_usd=cost.micro_usd + most, kind=CostKind.BOUNDED, price_list=rate.price_list if rate else None)


def cost_of_failure(failure: CallFailed, call: Call, rate: Rate | None) -> Cost:
    """Nothing, what its usage cost, or the most that it can have cost."""
    if failure.billed is Billed.NOTHING:
        return Cost()
    if failure.billed is Billed.USAGE:
        return cost_of(failure.usage, rate)
    return most_cost(call, rate)


def most_cost(call: Call, rate: Rate | None) -> Cost:
    """The most that a call can cost, whatever came of it."""
    most = most_usage(
        call.payload, most_input_tokens=call.most_input_tokens, most_output_tokens=call.most_output_tokens
    )
    return cost_of(most, rate, CostKind.BOUNDED)


def completed(event: AttemptDispatched, answered: Answered, cost: Cost, latency_ms: int) -> AttemptCompleted:
    """A model answered."""
    return AttemptCompleted(
        request=event.request,
        attempt=event.attempt,
        tried=event.tried,
        body=event.body,
        answer=body_of(content_of(answered.answer)),
        usage=answered.usage,
        cost=cost,
        latency_ms=latency_ms if answered.latency_ms is None else answered.latency_ms,
        answered_by=answered.answered_by,
        doubted=event.doubted,
        rival=event.rival,
        at_hand=event.at_hand,
        confidence=answered.confidence,
    )


def content_of(answer: Answer | Vectors) -> bytes:
    """An answer as its event carries it."""
    if isinstance(answer, Vectors):
        return answer.to_json()
    told = {"message": answer.message, "finish_reason": answer.finish_reason}
    return to_json(told)


def failed(
    event: AttemptDispatched | AttemptCompleted, failure: CallFailed, cost: Cost, latency_ms: int = 0
) -> AttemptFailed:
    """No answer, or none that can be told, and why."""
    return AttemptFailed(
        request=event.request,
        attempt=event.attempt,
        tried=event.tried,
        body=event.body,
        reason=failure.reason,
        detail=failure.detail,
        usage=failure.usage,
        cost=cost,
        latency_ms=latency_ms,
        retry_after_ms=failure.retry_after_ms,
        doubted=event.doubted,
        rival=event.rival,
        at_hand=event.at_hand,
    )


def outcome_name(event: Event) -> str:
    """One word for how an attempt ended: completed, or the reason why it failed."""
    return str(event.reason) if isinstance(event, AttemptFailed) else "completed"


def never_called(event: AttemptDispatched) -> AttemptFailed:
    """The dispatch was written to the log after the attempt's deadline.

    The same dispatch may stand there in time, too, and have been called; so this tells no cost, and yields to any that
    is told.
    """
    detail = "the attempt was dispatched after its deadline"
    return failed(event, CallFailed(Reason.UNCALLED, detail), Cost(kind=CostKind.BOUNDED))


def in_its_place(event: Event, why: str) -> AttemptFailed | None:
    """The failure that is said where Kafka will never take an answer for its size: paid for, and lost.

    ``None`` for what has no smaller form, and for what may be taken yet, once a topic or a right is there.
    """
    if not isinstance(event, AttemptCompleted) or why != TOO_LARGE:
        return None
    detail = "the answer is larger than its topic takes: raise max.message.bytes of attempt.completed"
    return _lost(event, Reason.BAD_ANSWER, detail)


def goes_by_reference(event: AttemptCompleted, most_bytes: int) -> bool:
    """Whether these are the vectors of many texts. Other answers are bounded, and stay in their events."""
    if not event.request.wants_vectors:
        return False
    return len(event.to_json()) > min(most_bytes, MOST_INLINE_BYTES)


def unkept(event: AttemptCompleted, why: str) -> AttemptFailed:
    """An answer that could not be put where large content is kept, or could not be sealed: paid for, and lost."""
    return _lost(event, Reason.PROVIDER_ERROR, f"the answer could not be kept: {why}")


def _lost(event: AttemptCompleted, reason: Reason, detail: str) -> AttemptFailed:
    """What is said in the place of an answer that was paid for, at its true cost."""
    return failed(event, CallFailed(reason, detail, Billed.USAGE, event.usage), event.cost, event.latency_ms)


def fitting(event: AttemptEnded, most_bytes: int) -> tuple[AttemptEnded, bytes]:
    """The event and its bytes; for an answer that no message can carry, a failure which says so."""
    data = event.to_json()
    if isinstance(event, AttemptFailed) or len(data) <= most_bytes:
        return event, data
    detail = f"the answer makes an event of {len(data)} bytes, and {most_bytes} is the most that is sent"
    smaller = _lost(event, Reason.BAD_ANSWER, detail)
    return smaller, smaller.to_json()
