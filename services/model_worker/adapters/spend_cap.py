"""What this worker may spend on its provider's calls since its start: reserved before each call, settled after it."""

from schemas.attempt import Cost
from schemas.money import usd_from_micro
from schemas.vocabulary import Reason
from services.model_worker.domain.calls import CallFailed


class SpendCap:
    """The money of one worker process, and of its own calls: those of a lost worker were reserved where it ran.

    A call that was cut off by a stop stays reserved: it may have been billed.
    """

    def __init__(self) -> None:
        self.spent_micro_usd = 0
        self._reserved_micro_usd = 0

    def reserve(self, cap_micro_usd: int, most: Cost, *, limits_tokens: bool) -> int | CallFailed:
        """Micro-dollars to be settled, or why the call is not made.

        ``most``: the most that it can cost; ``limits_tokens``: whether it says how many tokens may be written.
        """
        if most.price_list is None:
            detail = "no price is known for this model, and providers.<name>.spend_cap_usd is set: give it a price"
            return CallFailed(Reason.SPEND_CAPPED, detail)
        left = cap_micro_usd - self.spent_micro_usd - self._reserved_micro_usd
        if most.micro_usd > left:
            return CallFailed(Reason.SPEND_CAPPED, _over(cap_micro_usd, most.micro_usd, left, limits_tokens))
        self._reserved_micro_usd += most.micro_usd
        return most.micro_usd

    def settle(self, reserved: int, cost_micro_usd: int) -> None:
        """The call has ended, and cost this."""
        self._reserved_micro_usd -= reserved
        self.spent_micro_usd += cost_micro_usd


def _over(cap: int, most: int, left: int, limits_tokens: bool) -> str:
    cap_usd, most_usd, left_usd = map(usd_from_micro, (cap, most, max(0, left)))
    told = f"this call can cost ${most_usd}, and ${left_usd} of its worker's cap is left"
    remedy = "lower" if limits_tokens else "set"
    return f"{told}: raise providers.<name>.spend_cap_usd (${cap_usd}), or {remedy} max_tokens"
