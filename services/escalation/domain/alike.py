"""What every attempt of a request met alike: its end names that, rather than that all was tried."""

from collections.abc import Sequence

from schemas.attempt import Tried
from schemas.vocabulary import Reason

OF_PROVIDERS = (Reason.RATE_LIMITED, Reason.TIMEOUT, Reason.UNREACHABLE, Reason.PROVIDER_ERROR)
"""What says that providers were at their limits or failing, and that no answer was judged."""


def met_alike(tried: Sequence[Tried]) -> Reason | None:
    """The one of :data:`OF_PROVIDERS` that all attempts met which called anybody; ``None`` where causes are mixed."""
    met = {attempt.reason for attempt in tried} - {Reason.BREAKER_OPEN}
    return next((reason for reason in OF_PROVIDERS if met == {reason}), None)
