from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from routing import asking

from schemas.asking import USUAL_ANSWER_TOKENS
from schemas.models import Price
from services.router.domain.cost import UNKNOWN_MICRO_USD, expected_micro_usd

PROMPT = asking().profile.features.estimated_tokens


@pytest.mark.parametrize(
    ("price", "micro"),
    [
        (Price(input=Decimal("2.5"), output=Decimal(10)), PROMPT * 2.5 + USUAL_ANSWER_TOKENS * 10),
        (Price(input=Decimal(0), output=Decimal(0)), 0),
        (Price(usd_per_hour=Decimal("3.6"), tokens_per_s=100.0), (PROMPT + USUAL_ANSWER_TOKENS) * 10),
        (Price(usd_per_hour=Decimal("3.6")), (PROMPT + USUAL_ANSWER_TOKENS) * 20),
        (None, UNKNOWN_MICRO_USD),
    ],
)
def test_what_an_attempt_is_expected_to_cost(price: Price | None, micro: float) -> None:
    assert expected_micro_usd(price, asking()) == micro


dollars = st.decimals(0, 1_000, places=6)


@given(dollars, dollars, dollars)
def test_a_dearer_price_is_never_expected_to_cost_less(first: Decimal, second: Decimal, output: Decimal) -> None:
    low, high = sorted((first, second))
    costs = [expected_micro_usd(Price(input=price, output=output), asking()) for price in (low, high)]

    assert costs == sorted(costs)
    assert all(type(cost) is int for cost in costs)
