"""What this worker may spend on its provider's calls since its start: reserved before each call, settled after it."""

from schemas.attempt import Cost
from schemas.money import usd_from_micro
from schemas.vocabulary import Reason
from services.model_worker.domain.calls import CallFailed


class SpendCap:
    """The money of one worker process. A call that was cut off by a stop stays reserved: it may have been billed."""

    def __init__(self) -> None:
        self.spent_micro_usd = 0
        self._reserved_micro_usd = 0

    def reserve(self, cap_micro_usd: int, most: Cost) -> int | CallFailed:
        """Micro-dollars to be settled, or why the call is not made. ``most``: the most that it can cost."""
        if most.price_list is None:
            detail = "no price is known for this model, and providers.<name>.spend_cap_usd is set: give it a price"
            return CallFailed(Reason.SPEND_CAPPED, detail)
        left = cap_micro_usd - self.spent_micro_usd - self._reserved_micro_usd
        if most.micro_usd > left:
            return CallFailed(Reason.SPEND_CAPPED, _over(cap_micro_usd, most.micro_usd, left))
        self._reserved_micro_usd += most.micro_usd
        return most.micro_usd

    def settle(self, reserved: int, cost: Cost) -> None:
        """The call has ended, and cost this."""
        self._reserved_micro_usd -= reserved
        self.spent_micro_usd += cost.micro_usd


def _over(cap: int, most: int, left: int) -> str:
    cap_usd, most_usd, left_usd = map(usd_from_micro, (cap, most, max(0, left)))
    told = f"this call can cost ${most_usd}, and ${left_usd} of its worker's cap is left"
    return f"{told}: raise providers.<name>.spend_cap_usd (${cap_usd}), or lower max_tokens"
