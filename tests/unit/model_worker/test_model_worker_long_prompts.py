"""Prompts above some length are paid by prices of their own, whole, and so are their answers."""

from typing import Any

import pytest

from schemas.attempt import Usage
from schemas.models import Price
from schemas.vocabulary import CostKind
from services.model_worker.domain.pricing import cost_of, rate_from_list, rate_of

ABOVE = [{"tokens": 200_000, "input": "2.5", "cached_input": "0.25", "output": "15"}, {"tokens": 400_000, "input": "4"}]
PRICE = Price.of({"input": "1.25", "cached_input": "0.125", "output": "10", "above": ABOVE})
LISTED: dict[str, Any] = {
    "input_cost_per_token": 1.25e-06,
    "input_cost_per_token_above_200k_tokens": 2.5e-06,
    "input_cost_per_token_above_200k_tokens_priority": 9e-06,
    "input_cost_per_token_above_400k_tokens": 4e-06,
    "cache_read_input_token_cost": 1.25e-07,
    "cache_read_input_token_cost_above_200k_tokens": 2.5e-07,
    "output_cost_per_token": 1e-05,
    "output_cost_per_token_above_200k_tokens": 1.5e-05,
}
COSTS = [(200_000, 0, 250_000 + 10_000), (200_001, 0, 500_003 + 15_000), (400_001, 0, 1_600_004 + 10_000)]


@pytest.mark.parametrize(("read", "cached", "micro_usd"), [*COSTS, (300_000, 100_000, 500_000 + 25_000 + 15_000)])
def test_a_longer_prompt_has_its_own_prices_and_the_others_where_it_has_none(
    read: int, cached: int, micro_usd: int
) -> None:
    usage = Usage(input_tokens=read, cached_input_tokens=cached, output_tokens=1_000)
    listed = rate_from_list(LISTED, "list")
    assert [cost_of(usage, rate).micro_usd for rate in (rate_of(PRICE, "r1"), listed)] == [micro_usd, micro_usd]


@pytest.mark.parametrize(("read", "cached", "micro_usd"), COSTS)
def test_what_is_expected_is_what_will_be_paid(read: int, cached: int, micro_usd: int) -> None:
    assert PRICE.micro_usd(read, 1_000) == micro_usd


def test_a_bound_and_the_least_are_told_by_the_prices_of_the_prompt() -> None:
    most = Usage(input_tokens=300_000, output_tokens=1_000)
    assert cost_of(most, rate_of(PRICE, "r1"), CostKind.BOUNDED).micro_usd == 750_000 + 15_000
    assert PRICE.least_micro_usd(300_000, 1) == 75_000 + 15


def test_xai_charges_a_prompt_of_just_so_many_tokens_as_a_longer_one() -> None:
    rate = rate_from_list({**LISTED, "litellm_provider": "xai"}, "list")
    assert cost_of(Usage(input_tokens=200_000), rate).micro_usd == 500_000


@pytest.mark.parametrize(
    ("price", "says"),
    [
        ({"usd_per_hour": "1", "above": [{"tokens": 1, "input": "1"}]}, "an hour costs the same"),
        ({"input": "1", "output": "1", "above": [{"tokens": 2}, {"tokens": 1}]}, "the fewest first"),
        ({"input": "1", "output": "1", "above": [{"tokens": 1}, {"tokens": 1}]}, "each number of tokens once"),
    ],
)
def test_what_cannot_be_meant_is_refused(price: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Price.of(price)
