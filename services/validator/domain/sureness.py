"""How sure a model was of its own words, held against what the lane asks for. A weak signal: it verifies nothing."""

from schemas.attempt import CheckResult
from schemas.check_settings import Sure
from schemas.vocabulary import Reason
from services.validator.domain.results import CONFIDENCE, cannot_tell, failed, passed

UNTOLD = "the provider told no probabilities: a model whose endpoints do has the ability logprobs in the portfolio"
DIGITS = 4


def confidence(told: float | None, asked: Sure) -> CheckResult:
    """Whether the mean probability of the answer's tokens is high enough."""
    if told is None:
        return cannot_tell(CONFIDENCE, UNTOLD)
    score = round(told, DIGITS)
    found = f"the model's tokens had a mean probability of {score:g}, of which {asked.at_least:g} is asked for"
    is_sure = told >= asked.at_least
    check = passed(CONFIDENCE) if is_sure else failed(CONFIDENCE, found, reason=Reason.UNSURE)
    return check.model_copy(update={"detail": found, "score": score, "threshold": asked.at_least})
