"""Requests for embeddings: the one model whose vectors they get, the lane that has it, and what cannot go with them.

Vectors of two models cannot be compared, so that a lane gives those of one model: the first of its tiers that can.
"""

from schemas.asking import tokens_in
from schemas.models import SERVING
from schemas.portfolio import Portfolio
from schemas.request import Refusal, RequestSubmitted
from schemas.vocabulary import EMBEDDINGS, Operation, Reason
from services.profiler.domain.abilities import able_in
from services.profiler.domain.classify import GIVEN, TaskFound, pinned_model

TEXTS_ONLY = ("tools", "response_format", "checks", "sources")


def is_for_vectors(asked: RequestSubmitted) -> bool:
    """Whether it asks for embeddings."""
    return asked.operation is Operation.EMBEDDINGS


def task_of_vectors(asked: RequestSubmitted, portfolio: Portfolio) -> TaskFound:
    """The class that the request names, where there is one; a class of their own otherwise."""
    if asked.task in portfolio.tasks:
        return TaskFound(asked.task, GIVEN, "the request names it")
    return TaskFound(EMBEDDINGS, GIVEN, "it asks for vectors")


def lane_of_vectors(asked: RequestSubmitted, portfolio: Portfolio) -> str:
    """The lane of that name, or its task's; else that of embeddings, where it can give them, or the first."""
    if asked.lane in portfolio.lanes:
        return asked.lane
    if asked.task is not None:
        return portfolio.lane_of_task(asked.task)
    usual = portfolio.lane_of_task(EMBEDDINGS)
    return next((lane for lane in (usual, *portfolio.lanes) if embedder_of(asked, lane, portfolio)), usual)


def embedder_of(asked: RequestSubmitted, lane: str, portfolio: Portfolio) -> str | None:
    """The model of this lane whose vectors the request gets; ``None`` where it has none."""
    named, able = pinned_model(asked), list(able_in(portfolio, lane, (EMBEDDINGS,)))
    if named is not None:
        return named if named in able else None
    return next((name for name in able if portfolio.models[name].lifecycle in SERVING), None)


def longest_text(asked: RequestSubmitted) -> int:
    """Tokens of the longest text, by estimate: each is read by itself."""
    return int(max(tokens_in(str(message.get("content") or "")) for message in asked.messages)) + 1


def length_refusal(asked: RequestSubmitted, name: str | None, portfolio: Portfolio) -> Refusal | None:
    """Why the model whose vectors it gets has none of the length that it asks for; it would be paid in vain."""
    model, wanted = portfolio.models.get(name or ""), asked.params.get("dimensions")
    if model is None or wanted is None or model.dimensions in (None, wanted):
        return None
    given = f"the model {name} gives vectors of {model.dimensions} numbers, and no others"
    detail = f"params.dimensions: {given}: leave it out, or name another model"
    return Refusal(reason=Reason.UNSUPPORTED_PARAMETER, detail=detail)


def shape_refusal(asked: RequestSubmitted) -> Refusal | None:
    """What a request for vectors cannot have beside its texts."""
    for name in TEXTS_ONLY:
        if getattr(asked, name):
            detail = f"{name}: leave it out, for vectors are asked for"
            return Refusal(reason=Reason.UNSUPPORTED_PARAMETER, detail=detail)
    for index, message in enumerate(asked.messages):
        if not message.get("content") or not isinstance(message["content"], str):
            detail = f"messages[{index}].content: a text to embed is wanted"
            return Refusal(reason=Reason.INVALID_REQUEST, detail=detail)
    return None
