"""Rates by LiteLLM's price list."""

import logging

from infra.price_list import ListedPrices, read_prices
from services.model_worker.domain.pricing import Rate, rate_from_list

log = logging.getLogger(__name__)


class PriceList:
    """Rates by the name that a provider knows a model by. Empty where LiteLLM is not installed."""

    def __init__(self) -> None:
        self._prices: ListedPrices | None = None

    def read(self) -> ListedPrices:
        """Read the list, once. Blocks for some 50 ms: call it off the event loop."""
        if self._prices is None:
            self._prices = read_prices()
            if not self._prices.version:
                log.warning("no price list: install the extra model-worker-litellm, or give each endpoint a price")
        return self._prices

    def rate(self, model: str) -> Rate | None:
        """The rate of a model; ``None`` when the list has no price for it. Reads the list where nobody did."""
        prices = self.read()
        entry = prices.entry(model)
        return rate_from_list(entry, prices.version) if entry else None
