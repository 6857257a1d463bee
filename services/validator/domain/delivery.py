"""Whether an answer arrived at all, and whole."""

from schemas.asking import answer_bound
from schemas.attempt import CheckResult, Usage
from schemas.content import Answer, Json
from schemas.vocabulary import Reason
from services.validator.domain.message import refusal_of, text_of, tool_calls_of
from services.validator.domain.results import NOT_CUT_OFF, NOT_EMPTY, failed, passed

# They are printed as nothing, and are no spaces to Python.
INVISIBLE = frozenset("\u200b\u200c\u200d\u2060\ufeff")
CUT_OFF = "length"


def not_empty(answer: Answer) -> CheckResult:
    """Text, a tool call, sound or a refusal: something must have been said."""
    message = answer.message
    if tool_calls_of(message) or _is_visible(text_of(message)):
        return passed(NOT_EMPTY)
    if refusal_of(message) or message.get("audio"):
        return passed(NOT_EMPTY)
    return failed(NOT_EMPTY, "the answer is empty: give the answer itself", reason=Reason.EMPTY, at="/content")


def not_cut_off(answer: Answer, usage: Usage, params: Json) -> CheckResult:
    """The model must have stopped by itself."""
    if answer.finish_reason != CUT_OFF:
        return passed(NOT_CUT_OFF)
    limit = answer_bound(params)
    whose = f"the request's own limit of {limit} tokens" if limit else "the model's limit"
    after = f" after {usage.output_tokens} tokens" if usage.output_tokens else ""
    detail = f"the answer was cut off at {whose}{after}: answer whole, and more briefly"
    return failed(NOT_CUT_OFF, detail, reason=Reason.CUT_OFF)


def _is_visible(text: str) -> bool:
    return any(not character.isspace() and character not in INVISIBLE for character in text)
