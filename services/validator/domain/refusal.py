"""Whether a model declined where an answer is due.

Words alone prove little ("I can't find a mistake in your code" is an answer), so a text counts as a refusal only
when it is short, *opens* with the model declining, and what it declines is the request itself. Tried on 9,896 recorded
answers of 25 models (IFEval and GSM8K): the rates stand in the service's README.
"""

import re

from schemas.attempt import CheckResult
from schemas.content import Answer
from schemas.vocabulary import Reason
from services.validator.domain.message import refusal_of, text_of, tool_calls_of
from services.validator.domain.results import NOT_REFUSED, failed, passed

LONGEST_REFUSAL = 700
FILTERED = "content_filter"

SORRY = (
    r"(?:(?:i(?:'m| am)(?: (?:really|very|so|truly))? sorry|my apologies|i apologi[sz]e|sorry|unfortunately)"
    r"(?: for (?:any|the) [a-z]+)?(?:[,.;:!]| -)?\s*(?:but )?)"
)
AS_AI = r"(?:as an? (?:ai|artificial intelligence|(?:large )?language model)[^,.]{0,40},\s*)"
CANNOT = (
    r"i(?:(?: really| simply| just)? (?:can't|cannot|can not|won't|will not)|(?:'m| am)(?: currently)? "
    r"(?:unable to|not able to)|(?:'m| am) not (?:comfortable|going to)|(?: do not|"
    r" don't) feel comfortable)(?: with)?(?: be able to)?"
)
# What only a refusal declines: the request as such.
REQUEST_ITSELF = (
    r"\s+(?:help|assist|helping|assisting)(?: (?:you|anyone))?(?: (?:with|in|on|to)\b|[.!,]|$)"
    r"|\s+(?:fulfil+|comply with|complete|accommodate|honou?r|answer|respond to|engage (?:with|in)|process|do|discuss)"
    r"\s+(?:that|this|your|the|such|these|those)\b"
)
# What a model declines after an apology, or speaking of itself; a person writing a letter declines other things.
A_MODELS_WORK = (
    r"\s+(?:write|writing|create|creating|generate|generating|produce|producing|compose|draft)\b"
    r"|\s+(?:provide|providing|offer|offering|share|sharing)\s+(?:(?:[a-z-]+\s+){0,3}(?:information|instructions|guidance|"
    r"assistance|help|advice|content|answers?|recommendations?|opinions?)|(?:you\s+(?:with\s+)?)?(?:that|this))\b"
    r"|\s+(?:browse|access)\b"
)
ENGLISH = re.compile(
    rf"^(?:{SORRY}?{AS_AI}?{CANNOT}(?:{REQUEST_ITSELF})"
    rf"|(?:{SORRY}{AS_AI}?|{AS_AI}){CANNOT}(?:{A_MODELS_WORK}))",
    re.IGNORECASE,
)
OTHERS = re.compile(
    r"^(?:(?:es )?tut mir leid, (?:aber )?(?:ich kann|dabei kann ich)\b[^.]{0,60}\bnicht\b[^.]{0,30}"
    r"(?:helfen|beantworten|erfüllen|unterstützen)"
    r"|(?:je suis )?désolée?, (?:mais )?je ne (?:peux|suis)\b[^.]{0,40}(?:aider|répondre|assister|mesure)"
    r"|lo siento, (?:pero )?no puedo (?:ayudar|responder|cumplir|proporcionar)"
    r"|(?:mi dispiace|spiacente), (?:ma )?non posso (?:aiutar|risponder|soddisfar)"
    r"|(?:desculpe|sinto muito), (?:mas )?não posso (?:ajudar|responder|atender))",
    re.IGNORECASE,
)
# After these words the answer follows after all.
ANSWERS_AFTER_ALL = re.compile(
    r"\b(?:here (?:is|are)|here's|below (?:is|are)|instead, i (?:have|wrote))\b", re.IGNORECASE
)
# Cheap and decisive: what holds none of these is no refusal.
HINTS = ("can", "won", "will not", "able", "comfort", "kann", "ne ", "no puedo", "non posso", "não")


def not_refused(answer: Answer) -> CheckResult:
    """The provider's own marks first, then the words."""
    message = answer.message
    if answer.finish_reason == FILTERED:
        return _refused("the provider's content filter stopped the answer")
    if refusal_of(message):
        return _refused("the model marked its answer as a refusal", at="/refusal")
    if not tool_calls_of(message) and is_refusal(text_of(message)):
        return _refused("the answer declines the request instead of answering it", at="/content")
    return passed(NOT_REFUSED)


def is_refusal(text: str) -> bool:
    """Whether these words decline the request."""
    if len(text) > LONGEST_REFUSAL:
        return False
    plain = text.strip().lstrip("\"'*").replace("\u2019", "'")
    opening = plain[:200].casefold()
    if not any(hint in opening for hint in HINTS):
        return False
    opens = ENGLISH.match(plain) or OTHERS.match(plain)
    return bool(opens) and not ANSWERS_AFTER_ALL.search(plain)


def _refused(detail: str, at: str | None = None) -> CheckResult:
    return failed(NOT_REFUSED, f"{detail}: an answer is due", reason=Reason.REFUSED, at=at)
