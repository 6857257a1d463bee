"""A request that wants its answer held to a policy that the portfolio has not: it is refused, and not left unheld."""

from schemas.portfolio import CheckName, Portfolio
from schemas.request import Refusal, RequestSubmitted
from schemas.vocabulary import Reason


def policy_refusal(asked: RequestSubmitted, portfolio: Portfolio) -> Refusal | None:
    """Why an answer cannot be held to a policy that is asked for, by its place, and which there are."""
    packs = portfolio.policies or {}
    for index, check in enumerate(asked.checks):
        if check.get("name") == CheckName.POLICY and check.get("value") not in packs:
            known = ", ".join(sorted(packs)) or "none"
            detail = f"checks[{index}]: the portfolio has no policy of this name; it has {known}"
            return Refusal(reason=Reason.INVALID_REQUEST, detail=detail)
    return None
