"""What the span of a model call says: OpenTelemetry's semantic conventions for generative AI 1.37, client spans.

Content is told only where an operator has switched it on (:func:`content_of`).
"""

import json

from opentelemetry.util.types import AttributeValue

from schemas.attempt import AttemptDispatched, AttemptFailed, Cost, OfAttempt, Usage
from schemas.content import Answer
from schemas.settlement import AttemptSettled
from services.model_worker.domain.calls import Adapter, Answered, Outcome
from services.model_worker.domain.outcomes import AttemptEnded
from services.model_worker.domain.preparation import Prepared

ASKED = {
    "max_tokens": "gen_ai.request.max_tokens",
    "max_completion_tokens": "gen_ai.request.max_tokens",
    "temperature": "gen_ai.request.temperature",
    "top_p": "gen_ai.request.top_p",
    "seed": "gen_ai.request.seed",
}


def asked_of(event: AttemptDispatched, prepared: Prepared, adapter: Adapter | None) -> dict[str, AttributeValue]:
    """What was asked of whom. Of parameters only numbers, since clients send what they like."""
    payload = prepared.call.payload
    told: dict[str, AttributeValue] = {
        "gen_ai.operation.name": "embeddings" if prepared.call.vectors else "chat",
        "gen_ai.provider.name": prepared.provider.vendor or event.attempt.provider,
        "gen_ai.request.model": payload["model"],
        **_whose(event),
    }
    if adapter and adapter.address:
        told["server.address"], told["server.port"] = adapter.address
    numbers = {ASKED[name]: value for name, value in payload.items() if name in ASKED}
    return told | {name: value for name, value in numbers.items() if isinstance(value, int | float)}


def told_of(ending: AttemptEnded, outcome: Outcome) -> dict[str, AttributeValue]:
    """What came of the call: tokens, money and models, or the typed reason."""
    told = _spent(ending.usage, ending.cost)
    if isinstance(ending, AttemptFailed):
        told["error.type"] = str(ending.reason)
    elif isinstance(outcome, Answered):
        told["gen_ai.response.model"] = ending.answered_by
        if isinstance(outcome.answer, Answer):
            told["gen_ai.response.finish_reasons"] = [outcome.answer.finish_reason]
    return told


def late_of(event: AttemptSettled) -> dict[str, AttributeValue]:
    """What came of a call after its failure was told: how late, and what it cost."""
    told = _whose(event) | _spent(event.usage, event.cost) | {"model_portfolio.late_ms": event.late_ms}
    if event.answered_by is not None:
        told["gen_ai.response.model"] = event.answered_by
    return told if event.reason is None else told | {"error.type": str(event.reason)}


def _whose(event: OfAttempt) -> dict[str, AttributeValue]:
    attempt = event.attempt
    return {
        "model_portfolio.request_id": str(event.request.request_id),
        "model_portfolio.attempt": attempt.number,
        "model_portfolio.model": attempt.model,
        "model_portfolio.provider": attempt.provider,
    }


def _spent(usage: Usage, cost: Cost) -> dict[str, AttributeValue]:
    return {
        "gen_ai.usage.input_tokens": usage.input_tokens,
        "gen_ai.usage.output_tokens": usage.output_tokens,
        "model_portfolio.cost_micro_usd": cost.micro_usd,
    }


def content_of(prepared: Prepared, outcome: Outcome) -> dict[str, AttributeValue]:
    """The prompt as it was sent, and the answer; of embeddings the texts."""
    payload = prepared.call.payload
    told: dict[str, AttributeValue] = {"gen_ai.input.messages": json.dumps(payload.get("messages") or payload["input"])}
    if isinstance(outcome, Answered) and isinstance(outcome.answer, Answer):
        told["gen_ai.output.messages"] = json.dumps([outcome.answer.message])
    return told
