"""From a dispatched attempt to the call it asks for, by the revision of the portfolio that it names."""

from collections.abc import Callable
from dataclasses import dataclass

from pydantic import ValidationError

from schemas.attempt import AttemptDispatched, attempts_made
from schemas.check_settings import judging_of
from schemas.content import Json, Question, fingerprint
from schemas.models import Model
from schemas.portfolio import Lane, OnUnknown, Portfolio
from schemas.providers import AdapterKind, Provider
from schemas.vocabulary import Reason, Role
from services.model_worker.domain.calls import Billed, Call, CallFailed
from services.model_worker.domain.chat import characters_of, payload_of
from services.model_worker.domain.confidence import ASKED, is_wanted
from services.model_worker.domain.embeddings import embeddings_payload
from services.model_worker.domain.hints import bounded, messages_for, params_for, reasons, sets_bound
from services.model_worker.domain.judge_prompt import judging_question
from services.model_worker.domain.pricing import Rate, rate_of

Listed = Callable[[str], Rate | None]
"""The rate of a model, by the name that its provider knows, in a price list; ``None`` when it is not listed."""
DEFAULT_PRIORITY = 5
ANTHROPIC = "anthropic/"
NO_LONGER = "max_tokens or max_completion_tokens is the client's own bound: a longer answer wants more of it"


@dataclass(frozen=True, slots=True)
class Prepared:
    """A call, through which provider's entry, at which rate, and what its lane wants when its outcome is unknown."""

    call: Call
    provider: Provider
    rate: Rate | None
    on_unknown: OnUnknown


def prepare(event: AttemptDispatched, portfolio: Portfolio, listed: Listed) -> Prepared | CallFailed:
    """The call that an attempt asks for, or why it cannot be made."""
    attempt = event.attempt
    model = portfolio.models.get(attempt.model)
    provider = portfolio.providers.get(attempt.provider)
    endpoint = model.endpoint_at(attempt.provider) if model else None
    if model is None or provider is None or endpoint is None:
        where = f"revision {event.request.revision} of the portfolio"
        return CallFailed(Reason.UNKNOWN_MODEL, f"{where} has no model {attempt.model} at provider {attempt.provider}")
    lane = portfolio.lanes.get(event.request.lane)
    payload = _payload(event, Path(model, provider, endpoint.model), lane)
    if isinstance(payload, CallFailed):
        return payload
    rate = rate_of(endpoint.price, event.request.revision) if endpoint.price else listed(endpoint.model)
    return Prepared(_call(event, model, payload), provider, rate, lane.on_unknown if lane else OnUnknown.REPEAT)


@dataclass(frozen=True, slots=True)
class Path:
    """A model, where it is asked, and what it is called there."""

    model: Model
    provider: Provider
    name: str


def takes_marks(provider: Provider, model: str) -> bool:
    """Whether marks of prompt caching are taken there: as the portfolio says, else where LiteLLM asks Anthropic."""
    if provider.cache_control is not None:
        return provider.cache_control
    return provider.adapter is AdapterKind.LITELLM and model.startswith(ANTHROPIC)


def _payload(event: AttemptDispatched, path: Path, lane: Lane | None) -> Json | CallFailed:
    try:
        if event.attempt.role == Role.JUDGE:
            asked = _judging(event, path, lane)
            return asked if isinstance(asked, CallFailed) else _sent(event, asked, path)
        question = Question.read(event.body.text())
        if event.request.wants_vectors:
            return embeddings_payload(question, path.name)
        if event.attempt.most_output_tokens is not None and sets_bound(question.params):
            return CallFailed(Reason.INVALID_REQUEST, NO_LONGER, Billed.NOTHING)
        told = _sent(event, question, path)
        return told | ASKED if is_wanted(event, question, path.model, lane) else told
    except ValidationError:
        return CallFailed(Reason.INVALID_REQUEST, "the attempt's body, or the answer to repair, has the wrong shape")
    except ValueError:
        return CallFailed(Reason.INVALID_REQUEST, "the attempt's content is by reference, and there is no object store")


def _sent(event: AttemptDispatched, question: Question, path: Path) -> Json:
    """The request body of a client's question or of a judge's, in the words that the provider takes."""
    params = params_for(question.params, path.provider, path.name)
    params = bounded(params, event.attempt.most_output_tokens, path.provider, path.name)
    messages = messages_for(question.messages, path.provider, path.name)
    if params != question.params or messages is not question.messages:
        question = question.model_copy(update={"params": params, "messages": messages})
    return payload_of(question, event.repair, path.name, marks=takes_marks(path.provider, path.name))


def _judging(event: AttemptDispatched, path: Path, lane: Lane | None) -> Question | CallFailed:
    judging = judging_of(lane.checks) if lane else None
    if judging is None:
        return CallFailed(Reason.INVALID_REQUEST, f"lane {event.request.lane} has no check that asks a judge")
    takes_json = "json" in path.model.abilities
    return judging_question(event, judging, takes_json=takes_json, reasons=reasons(path.name))


def _call(event: AttemptDispatched, model: Model, payload: Json) -> Call:
    name, is_look, vectors = event.attempt.model, event.attempt.role == Role.JUDGE, len(payload.get("input", ()))
    asked = fingerprint(payload["messages"], None, payload.get("response_format")) if is_look else None
    return Call(
        attempt_id=event.attempt.attempt_id,
        model=name,
        payload=payload,
        fingerprint=asked or event.request.fingerprint,
        nth=attempts_made(tried for tried in event.tried if tried.model == name),
        context_tokens=model.context_tokens,
        prompt_characters=characters_of(payload),
        most_input_tokens=_most_input_tokens(event, model.context_tokens * max(1, vectors), payload),
        vectors=vectors,
    )


def _most_input_tokens(event: AttemptDispatched, most: int, payload: Json) -> int:
    """A token is at least a byte of text; what an image costs, its address does not tell."""
    if event.request.profile.features.has_images:
        return most
    if event.attempt.role == Role.JUDGE:
        return min(sum(len(message["content"].encode()) for message in payload["messages"]), most)
    repair = event.repair
    sent = event.body.bytes + (repair.answer.bytes + len(repair.message.encode()) if repair else 0)
    return min(sent, most)


def priority_of(portfolio: Portfolio, lane: str) -> int:
    """A lane's priority, 0 first; the default for a lane that this revision does not have."""
    found = portfolio.lanes.get(lane)
    return found.priority if found else DEFAULT_PRIORITY


def unpriced(portfolio: Portfolio, provider: str) -> list[str]:
    """The names, as the provider knows them, of its models that the portfolio gives no price."""
    endpoints = (model.endpoint_at(provider) for model in portfolio.models.values())
    return [endpoint.model for endpoint in endpoints if endpoint and endpoint.price is None]
