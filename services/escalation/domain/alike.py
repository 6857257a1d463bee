"""What every attempt of a request met alike: its end names that, rather than that all was tried."""

from collections.abc import Sequence

from schemas.attempt import NOBODY_CALLED, Tried
from schemas.vocabulary import Reason
from services.escalation.domain.longer import reason_of_its_own

OF_PROVIDERS = (Reason.RATE_LIMITED, Reason.TIMEOUT, Reason.UNREACHABLE, Reason.PROVIDER_ERROR, Reason.UNAUTHORIZED)
"""Says that providers were at their limits or failing, and that no answer was judged."""
OF_THE_REQUEST = (Reason.INVALID_REQUEST, Reason.CONTEXT_TOO_LONG, Reason.CONTENT_FILTERED, Reason.LACKS_ABILITY)
"""Says that it can be taken nowhere as it is: whoever sent it can mend that."""
NAMED = (*OF_PROVIDERS, *OF_THE_REQUEST, Reason.REFUSED, Reason.CUT_OFF, Reason.NO_RECORDED_ANSWER)
"""Tells a client more than that no answer was good: whose doing it was, or what to ask for instead."""


def met_alike(tried: Sequence[Tried]) -> Reason | None:
    """The one of :data:`NAMED` that all attempts met for which somebody was called; ``None`` where causes are mixed."""
    met = {reason_of_its_own(attempt, attempt.reason) for attempt in tried} - NOBODY_CALLED
    return next((reason for reason in NAMED if met == {reason}), None)
