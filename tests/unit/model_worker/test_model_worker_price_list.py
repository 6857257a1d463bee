"""LiteLLM's price list under the names that a portfolio uses."""

from importlib.util import find_spec

import pytest

from services.model_worker.adapters.price_list import PriceList


@pytest.mark.skipif(find_spec("litellm") is None, reason="needs the extra model-worker-litellm")
def test_a_model_is_found_under_litellms_name_for_it_and_under_its_own() -> None:
    prices = PriceList()
    under_its_own = prices.rate("gpt-4o-mini")

    assert under_its_own is not None
    assert prices.rate("openai/gpt-4o-mini") == under_its_own


def test_a_model_that_is_not_listed_has_no_price() -> None:
    assert PriceList().rate("acme/no-such-model") is None
