"""How sure a model was of its words: the geometric mean of its tokens' probabilities, where a provider tells them.

Source: OpenAI API reference, "Create chat completion", `logprobs`.
"""

from math import exp
from typing import Any

from schemas.attempt import AttemptDispatched
from schemas.content import Json, Question
from schemas.models import Model
from schemas.portfolio import CheckName, Lane
from schemas.vocabulary import Role
from services.model_worker.domain.shapes import list_in, object_in

ABILITY = "logprobs"
ASKED: Json = {ABILITY: True}
LEAST = -1e308
"""A whole number far below it is no ``float``; and no logarithm of a probability is near it."""
ANSWERING = (Role.PRIMARY, Role.REPAIR)


def is_wanted(event: AttemptDispatched, question: Question, model: Model, lane: Lane | None) -> bool:
    """Whether a check needs it, and this model's providers take the question: others refuse the parameter."""
    if ABILITY not in model.abilities or event.attempt.role not in ANSWERING:
        return False
    asked = any(check.get("name") == CheckName.CONFIDENCE for check in question.checks)
    return asked or (lane is not None and CheckName.CONFIDENCE in lane.check_names)


def confidence_in(choice: Json) -> float | None:
    """Of a choice's tokens, 0 to 1; ``None`` where their probabilities are not told, or are none."""
    logs = [object_in(token).get("logprob") for token in tokens_in(choice)]
    told = [float(log) for log in logs if isinstance(log, int | float) and LEAST <= log <= 0]
    return exp(sum(told) / len(told)) if told and len(told) == len(logs) else None


def tokens_in(choice: Json) -> list[Any]:
    """The tokens of a choice, or of a chunk's, with their probabilities."""
    return list_in(object_in(choice.get(ABILITY)).get("content"))
